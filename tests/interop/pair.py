#!/usr/bin/env python3
"""pair.py [--row ROW] NAME OURS THEIRS...: runs our test node and another implementation's against each other, as TAP.

A row of the matrix is noise (over TCP, the default), tls (over TCP), quic, ws or wss (WebSocket, over TLS with a CA that the run
makes); theirs gets it as --row ROW, unless it is noise. Both take the commands of tests/peers/p2p_node.c. Each side dials once; each exercise is run by
either side: handshake and identify, identify/push of a protocol that is new, ping, 100 MB echoed with checksums, 1,000 streams at
once, resets at random points.
At the end nothing may be left over at ours."""
import argparse
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

LINE_TIMEOUT_S = 120
BYTES, STREAMS, RESETS = 100_000_000, 1000, 200
TCP, QUIC = '/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/udp/0/quic-v1'
WS, WSS = '/ip4/127.0.0.1/tcp/0/ws', '/ip4/127.0.0.1/tcp/0/tls/ws'
PUSHED = '/test/pushed/1.0.0'
# How we listen, how we dial, and how many streams a peer lets us open at once.
ROWS = {'noise': (TCP, ['--security', 'noise'], STREAMS), 'tls': (TCP, ['--security', 'tls'], STREAMS), 'quic': (QUIC, [], 200),
        'ws': (WS, [], STREAMS), 'wss': (WSS, [], STREAMS)}
UNTOLD = {'rust-libp2p'}  # whose peer program has no command "serve" yet: identify/push is not exercised
STREAMS_KEPT = {'rust-libp2p': 1}  # it pings on one stream as long as the connection lasts


class Peer:
    def __init__(self, command, listen):
        args = ['--listen', listen] if listen else []
        self.process = subprocess.Popen([*command, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()
        self.addr = self.line('listening ').split()[1] if listen else None
        self.id = self.line('ready ').split()[1]

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip())
        self.lines.put(None)

    def line(self, prefix):
        until = time.monotonic() + LINE_TIMEOUT_S
        while True:
            line = self.lines.get(timeout=max(0.1, until - time.monotonic()))
            if line is None:
                raise RuntimeError(f'ended while "{prefix}" was awaited')
            if line.startswith(prefix):
                return line
            if line.startswith('error'):
                raise RuntimeError(f'"{line}" instead of "{prefix}"')

    def ask(self, command, prefix):
        self.process.stdin.write(command + '\n')
        self.process.stdin.flush()
        return self.line(prefix)

    def quiet(self, kept=0):
        """Waits until all streams are over but those that the other side keeps open."""
        for _ in range(200):
            answer = self.ask('stats', 'ok stats')
            streams, serving = map(int, re.search(r'streams=(\d+) serving=(\d+)', answer).groups())
            if streams <= kept and serving == 0:
                return
            time.sleep(0.05)
        raise RuntimeError(f'streams are left over: {answer}')

    def stop(self):
        self.process.kill()
        self.process.wait()


class Tap:
    def __init__(self):
        self.count, self.failed = 0, 0

    def case(self, name, work):
        self.count += 1
        try:
            work()
            print(f'ok {self.count} - {name}', flush=True)
            return True
        except (RuntimeError, queue.Empty, OSError) as e:
            self.failed += 1
            print(f'not ok {self.count} - {name}\n# {str(e) or "no answer in time"}', flush=True)
            return False


def want(held, text):
    if not held:
        raise RuntimeError(text)


def check_push(teller, told):
    """A protocol that is new after the first identification is told by identify/push."""
    want(PUSHED not in told.ask(f'identify {teller.id}', 'ok identify'), 'it is known before')
    teller.ask(f'serve {PUSHED}', 'ok serve')
    for _ in range(100):
        if PUSHED in told.ask(f'identify {teller.id}', 'ok identify'):
            return
        time.sleep(0.05)
    raise RuntimeError('nobody told of it')


def exercises(tap, title, theirs, us, them, streams):
    kept = STREAMS_KEPT.get(theirs, 0)

    def quiet():
        us.quiet(kept)

    def both(name, command, prefix, then=lambda: None):
        def ask(who, other):
            who.ask(command.format(other.id), prefix)
            then()
        tap.case(f'{title}: we {name}', lambda: ask(us, them))
        tap.case(f'{title}: they {name}', lambda: ask(them, us))

    def check_identify():
        want('/test/echo/1.0.0' in them.ask(f'identify {us.id}', 'ok identify'), 'they do not know our protocols')
        want('passmesh-test' in them.ask(f'identify {us.id}', 'ok identify'), 'they do not know our name')
        want('/test/echo/1.0.0' in us.ask(f'identify {them.id}', 'ok identify'), 'we do not know their protocols')
    tap.case(f'{title}: both are identified', check_identify)
    if theirs not in UNTOLD:
        tap.case(f'{title}: we learn of a new protocol of theirs', lambda: check_push(them, us))
        tap.case(f'{title}: they learn of a new protocol of ours', lambda: check_push(us, them))
    both('ping', 'ping {}', 'ok ping')
    both('send 100 MB and have them back', f'echo {{}} {BYTES}', 'ok echo')
    both(f'open {streams} streams', f'streams {{}} {streams}', 'ok streams', quiet)
    both('reset streams at random points', f'resets {{}} {RESETS}', 'ok resets')
    both('go on after the resets', 'echo {} 1000000', 'ok echo', quiet)


def run(tap, name, ours, theirs, row, we_dial, files):
    title = f'{row}: ' + (f'we dial {name}' if we_dial else f'{name} dials us')
    addr, ours_args, streams = ROWS[row]
    commands = ([*ours, *ours_args, *files], [*theirs, *([] if row == 'noise' else ['--row', row]), *files])
    peers = []

    def start():
        for command, listens in zip(commands, (not we_dial, we_dial)):
            peers.append(Peer(command, addr if listens else None))

    def connect():
        us, them = peers
        dialer, listener = (us, them) if we_dial else (them, us)
        dialer.ask(f'dial {listener.addr}', 'identified')
        listener.line('identified')

    def part():
        us, them = peers
        them.ask(f'disconnect {us.id}', 'disconnected')
        us.line('disconnected')
        us.quiet()
    try:
        if tap.case(f'{title}: both start', start) and tap.case(f'{title}: handshake', connect):
            exercises(tap, title, name.split()[0], *peers, streams)
            tap.case(f'{title}: they go, and nothing is left', part)
    finally:
        for p in peers:
            p.stop()


def certificate(pki):
    """Makes a CA that both sides trust, and a certificate by it for this machine: the arguments of who listens."""
    subprocess.run([Path(__file__).parent / 'js/pki.sh', pki], check=True)
    os.environ['SSL_CERT_FILE'] = f'{pki}/ca.pem'
    return ['--cert', f'{pki}/good.pem', '--key', f'{pki}/good.key']


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--row', choices=sorted(ROWS), default='noise')
    parser.add_argument('name')
    parser.add_argument('ours')
    parser.add_argument('theirs', nargs='+')
    a = parser.parse_args()
    tap = Tap()
    with tempfile.TemporaryDirectory() as pki:
        files = certificate(pki) if a.row == 'wss' else []
        for we_dial in (False, True):
            run(tap, a.name, [a.ours], a.theirs, a.row, we_dial, files)
    print(f'1..{tap.count}')
    return 1 if tap.failed else 0


if __name__ == '__main__':
    sys.exit(main())
