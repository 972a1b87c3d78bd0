#!/usr/bin/env python3
"""Spelling of code and documents, by codespell. Words that only look wrong stand in tools/spelling.ok."""
import shutil
import subprocess

import floors

SUFFIXES = ('.c', '.h', '.py', '.sh', '.md', '.ts', '.mjs', '.sol', '.json', '.ini', '.txt', '.build')


def main():
    args = floors.arguments(__doc__)
    if not shutil.which('codespell'):
        floors.skip('codespell is missing: make deps GROUP=test')
    paths = [p for p in floors.files(args.root, *SUFFIXES) if not p.name.endswith('lock.json')
             and not str(p).startswith(('fuzz/corpus/', 'tests/vectors/', 'src/evm/wordlists/'))]
    run = subprocess.run(['codespell', '-I', 'tools/spelling.ok', *map(str, paths)], cwd=args.root, capture_output=True,
                         text=True, check=False)
    floors.verdict(f'{len(paths)} files', run.stdout.splitlines())


if __name__ == '__main__':
    main()
