#!/usr/bin/env python3
"""Lengths: a function has at most 70 lines, a file 800, a main.c of apps/ 150, a checker 150.

What is longer stands in tools/lengths.ratchet with its length, and may only shrink.
"""
import json
import shutil
import subprocess

import floors

FUNCTION_MAX, FILE_MAX, SMALL_MAX = 70, 800, 150


def functions(root, paths):
    """(path:function, lines) of each function in C files, by ctags."""
    out = subprocess.run(['ctags', '--output-format=json', '--fields=+ne', '--kinds-C=f', '--languages=C',
                          '--langmap=C:.c.h', '-o', '-', '-L', '-'],
                         cwd=root, input='\n'.join(map(str, paths)), capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        tag = json.loads(line)
        if tag.get('kind') == 'function' and 'end' in tag:
            yield f'{tag["path"]}:{tag["name"]}', tag['end'] - tag['line'] + 1


def file_limit(path):
    if path.parts[0] == 'apps' and path.name == 'main.c' or path.parts[0] == 'tools' and path.name.startswith('check_'):
        return SMALL_MAX
    return FILE_MAX


def read_ratchet(path):
    rows = [line.split() for line in path.read_text('utf-8').splitlines() if line and line[0] != '#']
    return {name: int(lines) for name, lines in rows}


def main():
    args = floors.arguments(__doc__)
    if not shutil.which('ctags'):
        floors.skip('ctags is missing: make deps GROUP=test')
    c = floors.c_files(args.root)
    others = [p for p in floors.files(args.root, '.py', '.ts', '.mjs', '.sol', '.sh') if p.name != 'generated.ts']
    lengths = dict(functions(args.root, c))
    long = {name: (n, FUNCTION_MAX) for name, n in lengths.items() if n > FUNCTION_MAX}
    for path in c + others:
        n = len((args.root / path).read_text('utf-8').splitlines())
        if n > file_limit(path):
            long[str(path)] = (n, file_limit(path))
    ratchet = read_ratchet(args.root / 'tools' / 'lengths.ratchet')
    problems = [f'{name}: {n} lines, at most {ratchet.get(name, limit)}' for name, (n, limit) in sorted(long.items())
                if n > ratchet.get(name, limit)]
    problems += [f'tools/lengths.ratchet: {name} {lines} is now {long.get(name, ("short enough",))[0]}: lower it'
                 for name, lines in ratchet.items() if long.get(name, (0,))[0] < lines]
    floors.verdict(f'{len(lengths)} functions and {len(c) + len(others)} files are short enough', problems)


if __name__ == '__main__':
    main()
