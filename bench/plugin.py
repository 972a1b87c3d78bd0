#!/usr/bin/env python3
"""plugin.py [--build DIR] [--quick]: the figures of updates and packages, into DIR/bench/plugin.figures.json, which run.py merges.

A repository as docs/release.md has it (root 3 of 5, targets 2 of 3) with the real programs, stripped, as a package; our own client
installs from a local server that counts bytes, and cuts connections. --quick tries fewer kills and cuts."""
import argparse
import hashlib
import json
import os
import platform
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHUNK = 65536
FILES = ['passmesh-server', 'passmesh-keyd']


class Server(ThreadingHTTPServer):
    """Files below a folder; counts bytes with heads, and cuts a body after cut_after bytes of targets."""

    def __init__(self, folder):
        super().__init__(('127.0.0.1', 0), Handler)
        self.folder, self.bytes, self.targets, self.cut_after = folder, 0, 0, None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self):
        return f'http://127.0.0.1:{self.server_address[1]}'


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        path = self.server.folder / self.path.lstrip('/')
        if not path.is_file():
            head = b'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'
            self.server.bytes += len(head)
            self.wfile.write(head)
            return
        body = path.read_bytes()
        at = re.fullmatch(r'bytes=(\d+)-', self.headers.get('Range') or '')
        part = f'Content-Range: bytes {at[1]}-{len(body) - 1}/{len(body)}\r\n' if at else ''
        body = body[int(at[1]):] if at else body
        head = f'HTTP/1.1 {206 if at else 200} OK\r\n{part}Content-Length: {len(body)}\r\n\r\n'.encode()
        is_target = self.path.startswith('/targets')
        if is_target and self.server.cut_after is not None:
            body = body[:max(0, self.server.cut_after - self.server.targets)]
            self.close_connection = True
        self.server.bytes += len(head) + len(body)
        self.server.targets += len(body) if is_target else 0
        self.wfile.write(head + body)


def run(*words, may_fail=False):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False)
    if done.returncode and not may_fail:
        sys.exit(f'bench: {words}: {done.stdout}{done.stderr}')
    return done.stdout


def make_repository(apps, folder):
    repo = apps / 'passmesh-repo'
    keys = {role: [folder / f'{role}{i}.key' for i in range(n)] for role, n in
            {'root': 5, 'targets': 3, 'snapshot': 2, 'timestamp': 1}.items()}
    for key in sum(keys.values(), []):
        run(repo, 'keygen', key)
    threshold = {'root': 3, 'targets': 2, 'snapshot': 1, 'timestamp': 1}
    made = folder / 'repo'
    run(repo, 'init', made, *(f'{r}={",".join(f"{k}.pub" for k in keys[r])}:{threshold[r]}' for r in keys))
    run(repo, 'sign', made, 'root', *keys['root'][:3])
    where = f'plugin/1.0.0/{platform.machine()}-linux'
    for name in FILES:
        program = folder / name
        run('strip', '-o', program, apps / name)
        content = program.read_bytes()
        custom = {'mode': '0755', 'chunks': [hashlib.sha256(content[i:i + CHUNK]).hexdigest() for i in range(0, len(content), CHUNK)]}
        if name == FILES[0]:
            custom['package'] = {'name': 'server', 'version': '1.0.0', 'platform': f'{platform.machine()}-linux', 'abi': 1, 'client_min': '0.1.0',
                                 'entry': name, 'files': FILES, 'needs': {'cores': 1}}
        (folder / 'custom.json').write_text(json.dumps(custom), 'utf-8')
        run(repo, 'add', made, f'{where}/{name}', program, '--custom', folder / 'custom.json')
    run(repo, 'sign', made, 'targets', *keys['targets'][:2])
    run(repo, 'publish', made, '--snapshot', keys['snapshot'][0], '--timestamp', keys['timestamp'][0])
    return made


def ready_ms(plugin, rounds):
    """From the start of the server's process to its ready, on a state of its own each time: the median."""
    times = []
    for i in range(rounds):
        shutil.rmtree(plugin[2] / 'data/plugin/server', ignore_errors=True)
        words = [str(w) for w in plugin] + ['run', '--network', 'sepolia', '--node', 'http://127.0.0.1:9', '--listen', '/ip4/127.0.0.1/tcp/0']
        child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        started = None
        for line in child.stdout:
            if line.startswith('started'):
                started = time.monotonic()
            if line.startswith('ready'):
                times.append((time.monotonic() - started) * 1000)
                break
        child.terminate()
        child.communicate()
    if len(times) < rounds:
        sys.exit('bench: the server was not ready')
    return statistics.median(times)


def family(pid):
    """A process and all below it."""
    found = [pid]
    for task in Path(f'/proc/{pid}/task').iterdir():
        for child in (task / 'children').read_text().split():
            found += family(int(child))
    return found


def idle_mib(apps, folder, server, root):
    """What a wallet, its keyd, the keeper, the server and the server's keyd hold together (PSS), with nobody there."""
    home, page = folder / 'client', folder / 'ui'
    run(ROOT / 'ui/build.sh', page)
    (home / 'config').mkdir(parents=True, mode=0o700)
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    (home / 'config/passmesh.ini').write_text(f'[page]\nport = {port}\n[peers]\nmdns = no\ndht = no\n', 'utf-8')
    daemon = subprocess.Popen([apps / 'passmesh', '--home', home, 'daemon'], env={**os.environ, 'PASSMESH_UI': str(page)}, stderr=subprocess.DEVNULL)
    try:
        plugin = [apps / 'passmesh', '--home', home, 'plugin']
        until(lambda: (home / 'run/passmesh.sock').exists())
        run(*plugin, 'add', server.url(), root)
        run(*plugin, 'set', 'network_id=sepolia', 'node=http://127.0.0.1:9', 'listen=/ip4/127.0.0.1/tcp/0')
        run(*plugin, 'install')
        until(lambda: 'Server: running' in run(*plugin, 'status'))
        time.sleep(3)
        sums = [re.search(r'^Pss:\s+(\d+)', Path(f'/proc/{p}/smaps_rollup').read_text(), re.M) for p in family(daemon.pid)]
        return sum(int(m[1]) for m in sums) / 1024
    finally:
        daemon.terminate()
        daemon.wait()


def until(holds, seconds=20):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            sys.exit('bench: the daemon or its server did not come up')
        time.sleep(0.05)


def measure(build, folder, quick):
    apps = build / 'apps'
    made = make_repository(apps, folder)
    server = Server(made)
    metadata = list((made / 'metadata').glob('*.json'))
    figures = {'metadata_bytes': (sum(p.stat().st_size for p in metadata), 'bytes'),
               'metadata_verify_ms': (float(run(build / 'bench/tuf_verify', made / 'metadata', 100 if quick else 1000)), 'ms')}
    plugin = [apps / 'passmesh', '--home', folder / 'home', 'plugin']
    run(*plugin, 'add', server.url(), made / 'metadata/1.root.json')
    run(*plugin, 'install')
    figures['plugin_download_kb'] = (round(server.targets / 1000), 'KB')
    total = server.targets
    server.bytes = 0
    run(*plugin, 'check')
    figures['update_check_bytes'] = (server.bytes, 'bytes')
    random.seed(1)
    worst = 0
    for _ in range(10 if quick else 100):
        run(*plugin, 'remove')
        server.targets, server.cut_after = 0, random.randrange(total)
        run(*plugin, 'install', may_fail=True)
        server.cut_after = None
        run(*plugin, 'install')
        worst = max(worst, server.targets - total)
    figures['resume_loss_kib'] = (round(worst / 1024, 1), 'KiB')
    figures['plugin_ready_ms'] = (round(ready_ms(plugin, 3 if quick else 11)), 'ms')
    if os.geteuid() == 0: # what keyd holds is shown to nobody else
        figures['client_and_idle_plugin_mib'] = (round(idle_mib(apps, folder, server, made / 'metadata/1.root.json'), 1), 'MiB')
    return figures


def kill_points(build, quick):
    done = subprocess.run([build / 'src/node/plugin/node_plugin_kill_test'], env={'PASSMESH_LONG': '0' if quick else '1'}, capture_output=True, text=True,
                          check=False, cwd=ROOT)
    if done.returncode:
        sys.exit(f'bench: kill test: {done.stdout[-2000:]}')
    return int(re.search(r'kill_points_survived (\d+)', done.stdout)[1])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--build', type=Path, default=ROOT / 'build')
    p.add_argument('--quick', action='store_true')
    args = p.parse_args()
    build = args.build.resolve()
    subprocess.run(['ninja', '-C', build, 'bench/tuf_verify', 'src/node/plugin/node_plugin_kill_test'], check=True, stdout=subprocess.DEVNULL)
    folder = Path(tempfile.mkdtemp(prefix='passmesh-bench-'))
    try:
        figures = measure(build, folder, args.quick)
    finally:
        shutil.rmtree(folder)
    figures['kill_points_survived'] = (kill_points(build, args.quick), 'points')
    out = build / 'bench'
    out.mkdir(exist_ok=True)
    named = {name: {'value': value, 'unit': unit, 'limit': None, 'peer': None, 'peer_value': None} for name, (value, unit) in figures.items()}
    (out / 'plugin.figures.json').write_text(json.dumps(named, indent=1) + '\n', 'utf-8')
    for name, (value, unit) in figures.items():
        print(f'{name} {value} {unit}')


if __name__ == '__main__':
    main()
