#!/usr/bin/env python3
"""unit_test.py PASSMESH PASSMESH_SERVER P2P_NODE ONLY_CALLS: the systemd units. What systemd-analyze makes of them, without a systemd that runs; and
that server and daemon come up with the system calls that their unit leaves them."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import world as w

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCORE_MAX = 1.5
ONLY_CALLS = sys.argv[4]
SERVER_UNIT, USER_UNIT = (ROOT / 'packaging' / f'{name}.service' for name in ('passmesh-server', 'passmesh'))


def analyze(*words):
    env = {**os.environ, 'XDG_RUNTIME_DIR': str(ROOT)}  # a user's manager has one; nothing is written there
    run = subprocess.run(('systemd-analyze', *words), capture_output=True, text=True, env=env)
    return run.returncode, run.stdout + run.stderr


def score(unit):
    code, said = analyze('security', '--offline=yes', '--no-pager', str(unit))
    found = re.search(r'Overall exposure level for \S+: ([\d.]+)', said)
    print(f'# {unit.name}: {found[1] if found else said}')
    return code == 0 and found and float(found[1]) <= SCORE_MAX


def verifies(unit, top, *words):
    """The unit with our programs in the place of the installed ones, as systemd reads it: without a word."""
    text = unit.read_text()
    for path in (w.SERVER, w.PASSMESH):
        name = os.path.basename(path)
        text = re.sub(rf'(Exec\w+=)/usr/bin/{name} ?(?=$|\s|\w)', rf'\1{os.path.abspath(path)} ', text, flags=re.M)
    copy = w.write(top / unit.name, re.sub(r'^Documentation=.*$', '', text, flags=re.M))
    code, said = analyze(*words, 'verify', '--man=no', str(copy))
    said = [line for line in said.splitlines() if unit.name in line]  # not of units of this machine
    for line in said:
        print('#', line)
    return code == 0 and not said


def calls(unit):
    """What SystemCallFilter comes to: the first line is an allow list, later ones add to it or, with ~, take from it."""
    allowed = set()
    for line in re.findall(r'^SystemCallFilter=(.*)$', unit.read_text(), re.M):
        names = set()
        for word in line.lstrip('~').split():
            names |= group(word) if word.startswith('@') else {word}
        allowed = allowed - names if line.startswith('~') else allowed | names
    return allowed | group('@default')


def group(name):
    code, said = analyze('syscall-filter', name)
    if code != 0:
        raise ValueError(f'{name}: {said}')
    words = [line.strip() for line in said.splitlines() if line.startswith('    ') and not line.strip().startswith('#')]
    return {x for word in words for x in (group(word) if word.startswith('@') else {word})}


def manager(top):
    """A service manager's socket."""
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(str(top / 'notify'))
    s.settimeout(w.WAIT_S)
    return s


def hear(s, line):
    end = time.monotonic() + w.WAIT_S
    while time.monotonic() < end:
        if s.recv(4096).decode() == line:
            return True
    return False


def under_filter(world):
    """The server as the unit starts it: environment of directories, notify socket, watchdog, only its system calls."""
    names = w.write(world.top / 'server.calls', '\n'.join(sorted(calls(SERVER_UNIT))))
    for name in ('etc', 'lib', 'run'):
        (world.top / name).mkdir(mode=0o700)
    w.write(world.top / 'etc/passmesh-server/server.ini',
            f'[server]\nnetwork = {world.network}\nnode = http://127.0.0.1:9\nlisten = /ip4/127.0.0.1/tcp/0\nmdns = no\n')
    heard = manager(world.top)
    env = {'XDG_CONFIG_HOME': str(world.top / 'etc'), 'XDG_DATA_HOME': str(world.top / 'lib'), 'XDG_RUNTIME_DIR': str(world.top / 'run')}
    check = subprocess.run((ONLY_CALLS, str(names), w.SERVER, '--check-config'), env={**os.environ, **env}, capture_output=True, text=True)
    yield 'the configuration is checked before the start', check.returncode == 0
    child = world.start(ONLY_CALLS, str(names), w.SERVER, env={**env, 'NOTIFY_SOCKET': str(world.top / 'notify'), 'WATCHDOG_USEC': '2000000'})
    yield 'the server is ready', hear(heard, 'READY=1')
    yield 'the whole sandbox is put on within the unit', any('sandbox: full' in line for line in child.log)
    yield 'it gives signs of life', hear(heard, 'WATCHDOG=1')
    status = subprocess.run((ONLY_CALLS, str(names), w.SERVER, 'reload'), env={**os.environ, **env}, capture_output=True, text=True)
    yield 'it is reloaded by the command of the unit', status.returncode == 0 and hear(heard, 'READY=1')
    child.process.send_signal(signal.SIGTERM)
    yield 'it ends as it is told', child.process.wait(w.WAIT_S) == 0 and hear(heard, 'STOPPING=1')
    left = sorted(p.name for p in (world.top / 'run').rglob('*') if p.is_file() or p.is_socket())
    yield f'nothing is left in the runtime directory {left}', not left


def daemon_under_filter(world):
    names = w.write(world.top / 'daemon.calls', '\n'.join(sorted(calls(USER_UNIT))))
    home = world.top / 'wallet'
    w.write(home / 'config/passmesh.ini', f'[page]\nport = {w.free_port()}\n[peers]\nmdns = no\n')
    child = world.start(ONLY_CALLS, str(names), w.PASSMESH, '--home', str(home), 'daemon',
                        env={'PASSMESH_NETWORK': str(world.network), 'PASSMESH_UI': str(world.top / 'ui')})
    w.until('the daemon is ready', lambda: any('ready at' in text for text in child.log))
    yield 'the daemon puts its whole sandbox on', any('sandbox: full' in line for line in child.log)
    stop = subprocess.run((ONLY_CALLS, str(names), w.PASSMESH, '--home', str(home), 'stop'), capture_output=True)
    yield 'it is stopped by the command of the unit', stop.returncode == 0 and child.process.wait(w.WAIT_S) == 0


def run(world):
    yield f'the server\'s unit is exposed no more than {SCORE_MAX}', score(SERVER_UNIT)
    yield 'systemd reads the server\'s unit', verifies(SERVER_UNIT, world.top)
    yield 'systemd reads the user\'s unit', verifies(USER_UNIT, world.top, '--user')
    yield from under_filter(world)
    yield from daemon_under_filter(world)


if not shutil.which('systemd-analyze'):
    print('1..0 # SKIP systemd-analyze is not here')
    sys.exit(0)
w.main(run)
