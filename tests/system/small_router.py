#!/usr/bin/env python3
"""Plays a home router, in a namespace of a test, on UDP port 5351, that
  natpmp  speaks NAT-PMP (RFC 6886) and nothing else; what it opens it writes as rules of the kernel's NAT into a chain of the test
  refuse  speaks PCP (RFC 6887), and authorizes nobody
usage: small_router.py MODE OUTER_IP; prints a line for each question: in which version, and what for"""
import socket
import struct
import subprocess
import sys
import time

MODE, OUTER = sys.argv[1], socket.inet_aton(sys.argv[2])
CHAIN = 'inet filter prerouting_miniupnpd'
START = time.monotonic()
NAMES = {0: 'address', 1: 'udp', 2: 'tcp'}  # of NAT-PMP
opened = {}  # (transport, port inside): (who, port outside)


def write_rules():
    rules = [f'flush chain {CHAIN}']
    rules += [f'add rule {CHAIN} iifname "eth0" {transport} dport {outside} dnat ip to {who}:{inside}'
              for (transport, inside), (who, outside) in opened.items()]
    subprocess.run(['nft', '-f', '-'], input='\n'.join(rules) + '\n', text=True, check=True)


def refusal(data):
    """The question as it came, under a head that says NOT_AUTHORIZED, for half an hour."""
    return bytes([2, 128 | data[1], 0, 2]) + struct.pack('>II', 1800, int(time.monotonic() - START)) + bytes(12) + data[24:]


def answer(data, who):
    version, opcode = data[0], data[1]
    print('version', version, NAMES.get(opcode, 'other') if version == 0 else '-', flush=True)
    head = struct.pack('>BBHI', 0, 128 | opcode, 0, int(time.monotonic() - START))
    if version != 0:
        return head[:2] + b'\0\1' + head[4:]
    if opcode == 0:
        return head + OUTER
    inside, wish, lifetime = struct.unpack('>HHI', data[4:12])
    if lifetime:
        opened[NAMES[opcode], inside] = (who, wish)
    else:
        opened.pop((NAMES[opcode], inside), None)
        wish = 0
    write_rules()
    return head + struct.pack('>HHI', inside, wish, lifetime)


def main():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('', 5351))
    print('ready', flush=True)
    while True:
        data, who = s.recvfrom(2048)
        if MODE == 'natpmp':
            s.sendto(answer(data, who[0]), who)
        elif data[0] == 2:
            s.sendto(refusal(data), who)


main()
