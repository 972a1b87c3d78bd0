#!/usr/bin/env python3
"""A server, a peer that serves no wallets, and daemons as processes: who is heard on the local network, and who is used.
usage: mdns_test.py PASSMESH PASSMESH_SERVER P2P_NODE"""
import hashlib
import json
import os
import pathlib
import queue
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

WAIT_S = 30
QUIET_S = 4  # long enough for two questions and their answers
NETWORK = '[network]\nid = local\nname = Local\nchain_id = 31337\nkind = local\nsymbol = ETH\nnative_name = Ether\n' \
    'block_ms = 1000\nfinal_after = 2\np256 = yes\n'
PASSMESH, SERVER, P2P_NODE = sys.argv[1:4]


class Child:
    """A process whose lines on stdout and stderr are kept."""

    def __init__(self, *command, env=None):
        self.lines, self.seen, self.log = queue.Queue(), [], []
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **(env or {})})
        threading.Thread(target=self.read, args=(self.process.stdout, self.lines.put), daemon=True).start()
        threading.Thread(target=self.read, args=(self.process.stderr, self.log.append), daemon=True).start()

    @staticmethod
    def read(stream, give):
        for line in stream:
            give(line.rstrip('\n'))

    def line(self, begins):
        end = time.monotonic() + WAIT_S
        while (left := end - time.monotonic()) > 0:
            try:
                line = self.lines.get(timeout=left)
            except queue.Empty:
                break
            self.seen.append(line)
            if line.startswith(begins):
                return line
        raise TimeoutError(f'no line {begins}: {self.log[-5:]}')

    def heard(self, peer):
        """Lines of the test node that say that it has discovered this peer."""
        while not self.lines.empty():
            self.seen.append(self.lines.get())
        return [line for line in self.seen if line.startswith('discovered ') and line.endswith(peer)]

    def stop(self):
        self.process.stdin.close()  # the test node ends by that
        if self.process.poll() is None and self.process.args[0] != P2P_NODE:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def until(what, ask):
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.1)
    raise TimeoutError(what)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(text)
    return path


def make_page(where):
    """The smallest page that the daemon takes."""
    index = '<!doctype html><title>page</title>'
    write(where / 'index.html', index)
    digest = hashlib.sha256(index.encode()).hexdigest()
    write(where / 'manifest.json', json.dumps({'files': [{'file': 'index.html', 'type': 'text/html', 'sha256': digest}]}))


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class World:
    def __init__(self, top):
        self.top, self.children = top, []
        self.port = random.randrange(20000, 60000)
        self.network = write(top / 'local.ini', NETWORK)
        make_page(top / 'ui')

    def start(self, *command, env=None):
        self.children.append(Child(*command, env=env))
        return self.children[-1]

    def server(self, name, mdns, host='127.0.0.1'):
        home = self.top / name
        write(home / 'config/server.ini', f'[server]\n{mdns}mdns_port = {self.port}\n')
        child = self.start(SERVER, '--home', str(home), '--network', str(self.network), '--node', 'http://127.0.0.1:9',
                           '--listen', f'/ip4/{host}/tcp/0', '--json')
        child.ready = json.loads(child.line('{'))
        return child

    def daemon(self, name, peers):
        home = self.top / name
        write(home / 'config/passmesh.ini', f'[page]\nport = {free_port()}\n[log]\nlevel = debug\n[peers]\n{peers}mdns_port = {self.port}\n')
        child = self.start(PASSMESH, '--home', str(home), 'daemon',
                           env={'PASSMESH_NETWORK': str(self.network), 'PASSMESH_UI': str(self.top / 'ui')})
        child.home = home
        until('the daemon is ready', lambda: any('ready at' in text for text in child.log))
        return child

    def ask(self, daemon, *words):
        return subprocess.run((PASSMESH, '--home', str(daemon.home), *words), capture_output=True, text=True, check=True).stdout

    def peers(self, daemon):
        return {p['id']: p for p in json.loads(self.ask(daemon, '--json', 'peers'))['peers']}

    def stop(self):
        return [child.stop() for child in reversed(self.children)]


def run(world):
    stranger = world.start(P2P_NODE, '--listen', '/ip4/127.0.0.1/tcp/0', '--mdns', str(world.port))
    stranger_id = stranger.line('ready ').split()[1]
    if 'nomdns' in stranger.seen:
        yield 'mDNS # SKIP no interface of this machine lets us into a multicast group', True
        return
    server = world.server('server', 'mdns = yes\n')
    silent = world.server('silent', '')
    server_id, silent_id = server.ready['peer_id'], silent.ready['peer_id']
    daemon = world.daemon('wallet', '')
    deaf = world.daemon('deaf', 'mdns = no\n')
    named = world.daemon('named', f'server = {server.ready["listen"][0]}\n')

    peer = until('the server is found', lambda: world.peers(daemon).get(server_id))
    yield 'a server that announces itself is found', True
    yield 'its place in the API is mdns', peer['found'] == 'mdns' and peer['direction'] == 'out'
    until('it says what it serves', lambda: world.peers(daemon)[server_id]['server'])
    yield 'the command line says so in words', 'found on this network' in world.ask(daemon, 'peers')
    text = stranger.line('connected ')
    yield 'a peer that serves no wallets is looked at', text.split()[2] == 'in'
    stranger.line('disconnected ')
    yield 'and left', stranger_id not in world.peers(daemon)

    until('the named server is connected', lambda: world.peers(named).get(server_id))
    time.sleep(QUIET_S)
    yield 'a server that was named stays named', world.peers(named)[server_id]['found'] == 'manual'
    yield 'a server on loopback says nothing of itself unless asked', silent_id not in world.peers(daemon)
    yield 'a daemon with mdns = no finds nobody', world.peers(deaf) == {}
    yield 'who was left is not dialled again soon', stranger_id not in world.peers(daemon)

    if subprocess.run(('hostname', '-I'), capture_output=True, text=True, check=True).stdout.strip():
        wide = world.server('wide', '', host='0.0.0.0')
        until('the server on every interface is heard', lambda: stranger.heard(wide.ready['peer_id']))
        yield 'a server on every interface announces itself unasked, and not at loopback', not any(
            '/127.' in line for line in stranger.heard(wide.ready['peer_id']))
        yield 'a wallet of the local test network stays on this machine', wide.ready['peer_id'] not in world.peers(daemon)
    else:
        yield 'a server on every interface # SKIP this machine has loopback alone', True

    server.stop()
    until('the server has gone', lambda: server_id not in world.peers(daemon))
    world.children.remove(server)
    again = world.server('server', 'mdns = yes\n')
    until('it is found at its new port', lambda: world.peers(daemon).get(again.ready['peer_id']))
    yield 'a server that comes back at another port is found there', True


def main():
    print('TAP version 13')
    count, good = 0, True
    with tempfile.TemporaryDirectory(prefix='passmesh-mdns-') as top:
        world = World(pathlib.Path(top))
        try:
            for name, held in run(world):
                count, good = count + 1, good and held
                print(f'{"ok" if held else "not ok"} {count} - {name}', flush=True)
        except (TimeoutError, KeyError, subprocess.CalledProcessError) as e:
            count, good = count + 1, False
            print(f'not ok {count} - {e!r}')
            for child in world.children:
                print('#', child.process.args[0], *child.log[-8:], sep='\n#   ')
        codes = world.stop()
        print(f'{"ok" if not any(codes) else "not ok"} {count + 1} - all end as they were told {codes}')
        print(f'1..{count + 1}')
    sys.exit(0 if good and not any(codes) else 1)


main()
