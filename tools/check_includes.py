#!/usr/bin/env python3
"""The second lock: who includes whom.

A quoted include goes only along the floors table of meson.build, names "library/file.h", and reaches
test.h only from tests. No header includes itself round a corner. Every header compiles alone.
"""
import json
import re
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor

import floors

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
GENERATED = ('api_tables.h',)  # made into the build directory


def floor_of(path):
    return path.parts[1] if path.parts[0] == 'src' else path.parts[0]


def is_test(path):
    return path.parts[0] in ('tests', 'bench', 'sim', 'fuzz') or path.stem.endswith('_test') or '_test_' in path.stem


def includes_of(root, path):
    text = (root / path).read_text('utf-8')
    for m in INCLUDE.finditer(text):
        yield text.count('\n', 0, m.start()) + 1, m[1]


def check_one(root, table, path, line, name):
    where = f'{path}:{line}: includes "{name}"'
    mine = floor_of(path)
    outside = path.parts[0] != 'src'
    if name in GENERATED or outside and ((root / path.parent / name).is_file()
                                         or name.startswith(mine + '/') and (root / name).is_file()):
        return None
    if '/' not in name or not (root / 'src' / name).is_file():
        return f'{where}: no such header; write "library/file.h"'
    theirs = name.split('/')[0]
    if theirs != mine and theirs not in table[mine]:
        return f'{where}: {mine} may not use {theirs} (floors table: {", ".join(table[mine]) or "nothing"})'
    if name == 'base/test.h' and not is_test(path) and str(path) != 'src/base/test.c':
        return f'{where}: only tests may'
    return None


def find_cycle(graph):
    done = set()

    def walk(node, trail):
        if node in trail:
            return trail[trail.index(node):] + [node]
        if node in done:
            return None
        for n in graph.get(node, ()):
            found = walk(n, trail + [node])
            if found:
                return found
        done.add(node)
        return None

    for start in sorted(graph):
        found = walk(start, [])
        if found:
            return found
    return None


def compile_flags(args):
    """Include paths that a folder is really built with."""
    flags = {}
    commands = args.build / 'compile_commands.json'
    for entry in json.loads(commands.read_text('utf-8')) if commands.is_file() else []:
        path = (args.build / entry['file']).resolve()
        if path.is_relative_to(args.root):
            words = shlex.split(entry['command'])
            paths = ['-I' + str((args.build / w[2:]).resolve()) for w in words if w.startswith('-I')]
            flags.setdefault(path.relative_to(args.root).parent, paths)
    return flags


def compiles_alone(args, flags, header):
    command = ['gcc', '-std=c17', '-D_DEFAULT_SOURCE', '-Wall', '-Wno-unused-function', '-Werror', '-fsyntax-only',
               '-I', str(args.root / 'src')] + flags.get(header.parent, [])
    run = subprocess.run(command + ['-x', 'c', str(args.root / header)], capture_output=True, text=True, check=False)
    return None if run.returncode == 0 else f'{header}: does not compile alone:\n{run.stderr.strip()}'


def main():
    args = floors.arguments(__doc__)
    table = floors.read_floors(args.root)
    paths = floors.c_files(args.root)
    problems, graph = [], {}
    for path in paths:
        if floor_of(path) not in table:
            problems.append(f'{path}: folder {floor_of(path)} is not in the floors table')
            continue
        found = list(includes_of(args.root, path))
        problems += filter(None, (check_one(args.root, table, path, line, name) for line, name in found))
        if path.suffix == '.h' and path.parts[0] == 'src':
            graph['/'.join(path.parts[1:])] = [name for _, name in found]
    cycle = find_cycle(graph)
    if cycle:
        problems.append('headers include each other: ' + ' -> '.join(cycle))
    headers = [p for p in paths if p.suffix == '.h']
    flags = compile_flags(args)
    if not cycle:
        with ThreadPoolExecutor(2) as pool:
            problems += filter(None, pool.map(lambda h: compiles_alone(args, flags, h), headers))
    floors.verdict(f'{len(paths)} files include only downwards; {len(headers)} headers compile alone', problems)


if __name__ == '__main__':
    main()
