#!/usr/bin/env python3
"""escape_test.py PASSMESH PASSMESH_SERVER P2P_NODE INTRUDER LANDLOCK_ABI: what somebody can do who has taken the running server over. Each attempt is made
from inside a server of its own, by a library that is loaded into it (intruder.c): with this kernel's Landlock, and with what Landlock ABI 2
(Linux 5.19 to 6.1) can deny. Before the sandbox the same attempts go through, which shows that they are real ones."""
import pathlib
import re
import signal
import socket
import subprocess
import sys

import world as w

INTRUDER, LANDLOCK_ABI = (str(pathlib.Path(p).resolve()) for p in sys.argv[4:6])
WENT_THROUGH, DENIED, KILLED = 70, 71, -signal.SIGSYS
# A call that no library makes after the start ends the process.
DEADLY = {'execute', 'execute_memory', 'debug', 'read_process', 'new_namespace', 'program_of_kernel', 'keyring', 'page_faults'}
# What is refused to many users and in many containers, so that it cannot always be shown.
NOT_BEFORE = {'raw_socket', 'packet_socket', 'uring', 'program_of_kernel', 'keyring', 'page_faults', 'debug', 'take_fd', 'write_etc',
              'read_memory', 'read_process', 'signal_all', 'new_namespace'}


def names():
    source = (pathlib.Path(__file__).parent / 'intruder.c').read_text()
    return re.findall(r'\{"(\w+)",\s+\1\s*\}', source)


class Place:
    """The server's own data directory, with what an intruder would like in it; and a process that is none of the server's."""

    def __init__(self, home):
        self.home, self.data = home, home / 'data'
        for folder in (home, self.data):
            folder.mkdir(mode=0o700, exist_ok=True)
        for name in ('secret', 'doomed'):
            (self.data / name).write_text(name)
        self.sockets = []
        for name, kind in (('bus', socket.SOCK_STREAM), ('log', socket.SOCK_DGRAM), ('notify', socket.SOCK_DGRAM)):
            s = socket.socket(socket.AF_UNIX, kind)
            s.bind(str(self.data / name))
            self.sockets.append(s)
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.bind('\0' + str(self.data / 'abstract')[1:])
        self.sockets.append(s)
        for s in self.sockets:
            if s.type == socket.SOCK_STREAM:
                s.listen(8)

    def env(self, attempt, pid, **more):
        return {'LD_PRELOAD': INTRUDER, 'INTRUDER': attempt, 'INTRUDER_AT': str(self.data), 'INTRUDER_PID': str(pid), **more}

    def was_reached(self):
        """Did a connection or a datagram come, but for those to the service manager?"""
        for s in self.sockets:
            if s.getsockname() == str(self.data / 'notify'):
                continue
            s.setblocking(False)
            try:
                if s.type == socket.SOCK_STREAM:
                    s.accept()
                else:
                    s.recv(1)
                return True
            except BlockingIOError:
                pass
        return False

    def is_untouched(self):
        there = {p.name for p in self.data.iterdir()}
        return (self.data / 'secret').read_text() == 'secret' and 'doomed' in there and not there & {'planted', 'dir', 'link'}

    def close(self):
        for s in self.sockets:
            s.close()


def attempt_before(top, attempt, pid):
    place = Place(top / f'before-{attempt}')
    (place.data / 'keys').mkdir()
    (place.data / 'keys/store.key').write_text('key')
    run = subprocess.run((w.SERVER, '--version'), env=place.env(attempt, pid, INTRUDER_WHEN='before'), capture_output=True, timeout=w.WAIT_S)
    place.close()
    # 0: another program ran in its place, one that says nothing; else the intruder was not even loaded
    return run.returncode == WENT_THROUGH or (run.returncode == 0 and not run.stdout)


def attempt_inside(world, attempt, pid, under):
    """How the server ended, what it said, and whether all is as it was."""
    place = Place(world.top / f'{len(under)}-{attempt}')
    words = (*under, w.SERVER, '--home', str(place.home), '--network', str(world.network), '--node', 'http://127.0.0.1:9',
             '--listen', '/ip4/127.0.0.1/tcp/0')
    w.write(place.home / 'config/server.ini', '[server]\nmdns = no\n')
    env = place.env(attempt, pid, NOTIFY_SOCKET=str(place.data / 'notify'))
    run = subprocess.run(words, env=env, capture_output=True, text=True, timeout=w.WAIT_S)
    is_as_before = place.is_untouched() and not place.was_reached()
    place.close()
    return run.returncode, run.stderr, is_as_before


def run(world):
    victim = subprocess.Popen(('sleep', '600'))
    try:
        attempts = names()
        yield f'there are attempts ({len(attempts)})', len(attempts) > 35
        through = {a for a in attempts if attempt_before(world.top, a, victim.pid)}
        yield f'before the sandbox they go through {sorted(set(attempts) - through - NOT_BEFORE)}', set(attempts) <= through | NOT_BEFORE
        print('# not shown before, on this machine:', *sorted(set(attempts) - through))
        for under, abi in (((), r'\d+'), ((LANDLOCK_ABI, '2'), '2')):
            for attempt in attempts:
                code, said, is_untouched = attempt_inside(world, attempt, victim.pid, under)
                good = code == (KILLED if attempt in DEADLY else DENIED) and is_untouched
                good = good and re.search(rf'sandbox: full: .*Landlock ABI {abi}$', said, re.M)
                if not good:
                    print(f'# {attempt}: ended with {code}', *said.splitlines()[-3:], sep='\n#   ')
                yield f'from inside, {"Landlock ABI 2" if under else "all that this kernel has"}: {attempt}', bool(good)
    finally:
        victim.kill()
        victim.wait()


w.main(run)
