#!/usr/bin/env python3
"""library_test.py BUILD EXAMPLE...: the library as others get it. It is installed into a folder of its own, the examples are built from that
with nothing but what pkg-config says, and then talk with each other over loopback."""
import os
import queue
import re
import secrets
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BUILD, EXAMPLES = Path(sys.argv[1]), sys.argv[2:]
HERE = Path(__file__).resolve().parent
STRICT = ('-std=gnu17', '-Wall', '-Wextra', '-Wpedantic', '-Werror')
LINES_MAX = 99
WAIT_S = 30
failed = count = 0


def expect(name, held, why=''):
    global failed, count
    count += 1
    failed += not held
    print(f'{"ok" if held else "not ok"} {count} - {name}', flush=True)
    if not held:
        print('# ' + str(why)[-3000:].replace('\n', '\n# '), flush=True)
    return held


def run(*words, **more):
    return subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=WAIT_S, check=False, **more)


class Program:
    """An example that runs on; its lines are read as they come."""

    def __init__(self, *words):
        self.process = subprocess.Popen([str(w) for w in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines, self.seen = queue.Queue(), []
        threading.Thread(target=lambda: [self.lines.put(line.rstrip('\n')) for line in self.process.stdout], daemon=True).start()

    def line(self, pattern, wait_s=WAIT_S):
        """The next line that has the pattern, or None."""
        until = time.monotonic() + wait_s
        while True:
            try:
                self.seen.append(self.lines.get(timeout=max(0, until - time.monotonic())))
            except queue.Empty:
                return None
            if re.search(pattern, self.seen[-1]):
                return self.seen[-1]

    def say(self, line):
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()

    def end(self):
        self.process.kill()
        self.process.wait()


class Tree:
    """What was installed, and how pkg-config leads to it."""

    def __init__(self, top):
        self.top = top
        said = run('meson', 'install', '-C', BUILD, '--no-rebuild', '--quiet', '--destdir', top / 'tree', '--tags', 'devel')
        self.files = [p for p in (top / 'tree').rglob('*') if p.is_file()]
        pc = [p for p in self.files if p.name == 'passmesh-p2p.pc']
        expect('a pkg-config file, an archive and headers are installed, and nothing else',
               said.returncode == 0 and len(pc) == 1 and {p.suffix for p in self.files} == {'.pc', '.a', '.h'}, said.stderr + str(self.files))
        self.env = {**os.environ, 'PKG_CONFIG_PATH': str(pc[0].parent)}
        self.include = next(p.parent for p in self.files if p.name == 'passmesh_names.h')

    def config(self, *words):
        said = run('pkg-config', *words, 'passmesh-p2p', env=self.env)
        return shlex.split(said.stdout)

    def link(self, name, out, *beside):
        """The example in a folder where nothing else is, with further sources beside it."""
        source = self.top / f'{name}.c'
        source.write_text((HERE / f'{name}.c').read_text())
        return run('gcc', *STRICT, '-O1', '-Wl,--as-needed', '-o', out, source, *beside, *self.config('--cflags', '--libs'), cwd=self.top)

    def compile(self, name, *beside):
        out = self.top / '_'.join([name, *(b.stem for b in beside)])
        said = self.link(name, out, *beside)
        expect(f'{out.name} builds', said.returncode == 0, said.stderr)
        return out


def check_headers(tree):
    flags = tree.config('--cflags')
    headers = sorted(p for p in tree.files if p.suffix == '.h')

    def alone(path):
        said = run('gcc', *STRICT, '-Wno-unused-function', '-fsyntax-only', *flags, '-x', 'c', path, cwd=tree.top)
        return said.stderr if said.returncode else ''
    with ThreadPoolExecutor(2) as pool:
        said = [s for s in pool.map(alone, headers) if s]
    expect(f'each of {len(headers)} headers compiles alone', len(headers) > 50 and not said, '\n'.join(said))


def check_needed(tree, program):
    """Everything that the pkg-config file requires is used, and so is named by the program although the linker leaves out what is not."""
    requires = re.search(r'^Requires: (.*)$', next(p for p in tree.files if p.suffix == '.pc').read_text(), re.M)[1]
    wanted = {re.match(r'(?:lib)?(\S+)', r.strip())[1] for r in requires.split(',')}
    needed = set(re.findall(r'\(NEEDED\).*\[lib(\S+?)\.so', run('readelf', '-d', program).stdout))
    expect('what pkg-config requires is what a program needs', wanted == needed - {'c', 'resolv', 'm'}, f'{wanted} and {needed}')


def check_mark(tree):
    """What was compiled with other headers than the archive's does not link."""
    names = tree.include / 'passmesh_names.h'
    text = names.read_text()
    names.write_text(re.sub(r'passmesh_headers_(\w)', lambda m: f'passmesh_headers_{"0" if m[1] != "0" else "1"}', text))
    said = tree.link('echo', tree.top / 'odd')
    names.write_text(text)
    expect('headers of another archive do not link', said.returncode != 0 and 'undefined reference to `passmesh_headers_' in said.stderr, said.stderr)


def check_echo(name, program):
    text = secrets.token_hex(60_000)
    server = Program(program)
    tcp = server.line('^/ip4/127.0.0.1/tcp/')
    quic = server.line('^/ip4/127.0.0.1/udp/.*/quic-v1/p2p/')
    for transport, addr in ('tcp', tcp), ('quic', quic):
        said = run(program, addr, text)
        expect(f'{name}: over {transport} comes back what was sent', said.returncode == 0 and said.stdout == text, (addr, said.stderr, len(said.stdout)))
    stranger = Program(program)
    other = stranger.line('^/ip4/127.0.0.1/tcp/').rpartition('/')[2]
    said = run(program, f'{tcp.rpartition("/")[0]}/{other}', text)
    expect(f'{name}: who is not the peer in the address gets nothing', said.returncode == 1 and not said.stdout, said.stderr)
    server.end()
    stranger.end()


def check_dht(program):
    server = Program(program)
    where = server.line('^/ip4/127.0.0.1/tcp/')
    provider = Program(program, 'provide', 'bread', where)
    expect('dht_find: another keeps what is provided', provider.line('keep it') == '1 answered, 1 keep it', provider.seen)
    found = run(program, 'find', 'bread', where)
    addrs = [a for a in found.stdout.split() if a.startswith('/ip4/127.0.0.1/tcp/')]
    expect('dht_find: a third process finds the provider', found.returncode == 0 and len(addrs) == 1 and where not in addrs, found)
    again = run(program, 'find', 'bread', addrs[0]) if addrs else None
    expect('dht_find: where it is said to be, it is, and proves its peer id', again and addrs[0] in again.stdout.split(), again)
    missing = run(program, 'find', 'stone', where)
    expect('dht_find: what nobody has is not found', missing.returncode == 1 and not missing.stdout and 'not found' in missing.stderr, missing)
    server.end()
    provider.end()


def hears(speaker, listener, author, word):
    """Says the word until it is heard: what is said before the listener's subscription has come is for nobody."""
    for i in range(10 * WAIT_S):
        speaker.say(f'{word} {i}')
        line = listener.line(f': {word} ', 0.1)
        if line:
            return re.fullmatch(rf'{author}: {word} \d+', line) is not None
    return False


def check_chat(program):
    """Two chats that know each other only through a third."""
    middle = Program(program, 'news')
    where = middle.line('^/ip4/127.0.0.1/tcp/')
    left, right = Program(program, 'news', where), Program(program, 'news', where)
    elsewhere = Program(program, 'weather', where)
    names = [p.line('^/ip4/127.0.0.1/tcp/').rpartition('/')[2] for p in (left, right, elsewhere)]
    expect('gossip_chat: left is heard on the right, by its name', hears(left, right, names[0], 'hello'), right.seen)
    expect('gossip_chat: right is heard on the left', hears(right, left, names[1], 'goodbye'), left.seen)
    left.say('\x1b[2Jgone')
    left.say('still there')
    expect('gossip_chat: a line that would command the terminal is not shown', right.line('still there') and not any('gone' in s for s in right.seen), right.seen)
    elsewhere.say('rain')
    expect('gossip_chat: another topic is not heard', elsewhere.line('hello|goodbye|still', 0.5) is None, elsewhere.seen)
    for p in middle, left, right, elsewhere:
        p.process.stdin.close()
        expect('gossip_chat: ends with its input', p.process.wait(WAIT_S) == 0, p.seen)


def main():
    print('TAP version 13')
    with tempfile.TemporaryDirectory() as top:
        tree = Tree(Path(top))
        check_headers(tree)
        for name in EXAMPLES:
            lines = (HERE / f'{name}.c').read_text().count('\n')
            expect(f'{name}.c has less than a hundred lines', lines <= LINES_MAX, lines)
        names = re.findall(r'^#define (\w+) passmesh_\1$', (tree.include / 'passmesh_names.h').read_text(), re.M)
        clash = Path(top, 'clash.c')
        clash.write_text(''.join(f'extern char {n}[1];\nchar {n}[1] = {{1}};\n' for n in names))
        programs = {name: tree.compile(name) for name in EXAMPLES}
        beside = tree.compile('echo', clash)
        check_needed(tree, programs['dht_find'])
        check_mark(tree)
        check_echo('echo', programs['echo'])
        check_echo(f'echo beside {len(names)} names like ours', beside)
        check_dht(programs['dht_find'])
        check_chat(programs['gossip_chat'])
    print(f'1..{count}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
