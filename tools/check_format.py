#!/usr/bin/env python3
"""The layout of the C code is what clang-format-19 makes of it with .clang-format: `make format` does it."""
import re
import shutil
import subprocess

import floors


def main():
    args = floors.arguments(__doc__)
    if not shutil.which('clang-format-19'):
        floors.skip('clang-format-19 is missing: make deps GROUP=test')
    paths = floors.c_files(args.root)
    run = subprocess.run(['clang-format-19', '--dry-run', '--ferror-limit=1', *map(str, paths)], cwd=args.root,
                         capture_output=True, text=True, check=True)
    wrong = sorted(set(re.findall(r'^([^:\s]+:\d+):\d+: warning', run.stderr, re.M)))
    floors.verdict(f'{len(paths)} files are laid out', [f'{w}: laid out otherwise: make format' for w in wrong])


if __name__ == '__main__':
    main()
