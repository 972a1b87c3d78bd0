"""Built programs as processes of a test: servers, daemons and test nodes on a network of kind local, without a chain.
The test's arguments: PASSMESH PASSMESH_SERVER P2P_NODE"""
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

WAIT_S = int(os.environ.get('PASSMESH_WAIT_S', '30'))  # an emulated machine is slower
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

    def server(self, name, ini, host='127.0.0.1', inside=(), node='http://127.0.0.1:9', program=SERVER, env=None):
        """inside: a command that runs another, such as one that enters a namespace. program: another build of the server."""
        home = self.top / name
        write(home / 'config/server.ini', f'[server]\n{ini}mdns_port = {self.port}\n')
        child = self.start(*inside, program, '--home', str(home), '--network', str(self.network), '--node', node,
                           '--listen', f'/ip4/{host}/tcp/0', '--json', env=env)
        child.ready = json.loads(child.line('{'))
        child.home = home
        return child

    def daemon(self, name, ini, inside=(), more='', port=None):
        """ini: of the section peers; more: other sections; port: of the page."""
        home = self.top / name
        write(home / 'config/passmesh.ini', f'[page]\nport = {port or free_port()}\n[log]\nlevel = debug\n[peers]\n{ini}mdns_port = {self.port}\n{more}')
        child = self.start(*inside, PASSMESH, '--home', str(home), 'daemon',
                           env={'PASSMESH_NETWORK': str(self.network), 'PASSMESH_UI': str(self.top / 'ui')})
        child.home = home
        until('the daemon is ready', lambda: any('ready at' in text for text in child.log))
        return child

    def ask(self, daemon, *words):
        return subprocess.run((PASSMESH, '--home', str(daemon.home), *words), capture_output=True, text=True, check=True).stdout

    def peers(self, daemon):
        return {p['id']: p for p in json.loads(self.ask(daemon, '--json', 'peers'))['peers']}

    def reach(self, daemon):
        """Its verdict: can strangers reach it."""
        return json.loads(self.ask(daemon, '--json', 'network'))['reach']

    def stop(self):
        return [child.stop() for child in reversed(self.children)]


def main(run):
    """Prints what run(world) yields, pairs of name and whether it held, as TAP; then that every process ended well."""
    print('TAP version 13')
    count, good = 0, True
    with tempfile.TemporaryDirectory(prefix='passmesh-test-') as top:
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
