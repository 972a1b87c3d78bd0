#!/usr/bin/env python3
"""Every test is really run: each *_test.c and fuzz target is built, each corpus is there, and each test
script below tests/, ui/ and contracts/ is named by a meson test."""
import json
import re
import subprocess

import floors

SCRIPT = re.compile(r'.*(_test\.(py|sh|mjs|ts)|\.test\.(mjs|ts|js))$')


def built_sources(args):
    commands = json.loads((args.build / 'compile_commands.json').read_text('utf-8'))
    paths = {(args.build / c['file']).resolve() for c in commands}
    return {p.relative_to(args.root) for p in paths if p.is_relative_to(args.root)}


def test_words(args):
    """All words of all test commands, and the names of files that the commands' directories run."""
    out = subprocess.run(['meson', 'introspect', '--tests', str(args.build)], capture_output=True, text=True, check=True)
    tests = json.loads(out.stdout)
    return {word for t in tests for word in t['cmd']}, len(tests)


def main():
    args = floors.arguments(__doc__)
    if not (args.build / 'compile_commands.json').is_file():
        floors.verdict('', [f'{args.build}: not configured: build first'])
    sources = built_sources(args)
    words, count = test_words(args)
    problems = []
    for path in floors.files(args.root):
        name = path.name
        if name.endswith('_test.c') and path not in sources:
            problems.append(f'{path}: is not built: add its noun to lib_tests of its folder')
        if path.parts[0] == 'fuzz' and name.endswith('_fuzz.c'):
            noun = name[:-len('_fuzz.c')]
            if path not in sources:
                problems.append(f'{path}: is not built: add {noun} to lib_fuzz of its folder')
            if not any((args.root / 'fuzz' / 'corpus' / noun).glob('*')):
                problems.append(f'{path}: fuzz/corpus/{noun}/ has no seed')
        if SCRIPT.match(name) and not any(w.endswith('/' + name) or w == name for w in words):
            manifest = ''.join(m.read_text('utf-8') for m in (args.root / path).parent.glob('meson.build'))
            runner = ''.join(p.read_text('utf-8') for p in (args.root / path).parent.glob('run*'))
            if name not in manifest and name not in runner and not re.search(r'glob|readdir|--test\b', manifest + runner):
                problems.append(f'{path}: no meson test runs it')
    floors.verdict(f'{count} tests are registered', problems)


if __name__ == '__main__':
    main()
