#!/usr/bin/env python3
"""Plays a home router that means harm, in a namespace of a test: answers searches for gateways, and
  elsewhere  describes itself with a control address on another machine of the network, where it counts who comes
  flood      describes itself without end
  nonsense   describes itself in bytes of no meaning, and opens the asker's port 0 at an address of nobody
usage: lying_router.py MODE OWN_IP OTHER_IP; prints a line for each request"""
import http.server
import socket
import struct
import sys
import threading

MODE, OWN, OTHER = sys.argv[1:4]
SERVICE = 'urn:schemas-upnp-org:service:WANIPConnection:1'


def description(control):
    return f'''<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device>
<deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType><deviceList><device>
<deviceType>urn:schemas-upnp-org:device:WANDevice:1</deviceType><serviceList><service>
<serviceType>urn:schemas-upnp-org:service:WANCommonInterfaceConfig:1</serviceType><controlURL>{control}</controlURL></service></serviceList>
<deviceList><device><deviceType>urn:schemas-upnp-org:device:WANConnectionDevice:1</deviceType><serviceList><service>
<serviceType>{SERVICE}</serviceType><controlURL>{control}</controlURL></service></serviceList></device></deviceList></device></deviceList></device></root>'''


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print('description', flush=True)
        self.send_response(200)
        self.end_headers()
        if MODE == 'elsewhere':
            self.wfile.write(description(f'http://{OTHER}:5001/control').encode())
        elif MODE == 'nonsense':
            self.wfile.write(bytes(range(256)) * 64 + description('\\x00<<&').encode())
        else:
            try:
                while True:
                    self.wfile.write(b'<a>' * 65536)
            except OSError:
                print('flood over', flush=True)

    def do_POST(self):
        print('elsewhere' if self.server.server_address[0] == OTHER else 'control', flush=True)
        self.send_response(500)
        self.end_headers()

    def log_message(self, *args):
        pass


def serve(ip, port):
    threading.Thread(target=http.server.ThreadingHTTPServer((ip, port), Handler).serve_forever, daemon=True).start()


def main():
    serve(OWN, 5000)
    serve(OTHER, 5001)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(('', 1900))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack('4s4s', socket.inet_aton('239.255.255.250'), socket.inet_aton(OWN)))
    print('ready', flush=True)
    while True:
        data, who = s.recvfrom(2048)
        if data.startswith(b'M-SEARCH'):
            s.sendto((f'HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: {SERVICE}\r\nUSN: uuid:1::{SERVICE}\r\n'
                      f'LOCATION: http://{OWN}:5000/description.xml\r\n\r\n').encode(), who)


main()
