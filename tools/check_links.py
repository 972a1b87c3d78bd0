#!/usr/bin/env python3
"""Documents name what is there: every relative link, and every `path/with.extension` between backticks, must exist.

A name with a star or a word in capitals stands for many and is not looked up."""
import re

import floors

LINK = re.compile(r'\]\((?!https?:|#|mailto:)([^)#\s]+)')
PATH = re.compile(r'`((?:src|apps|api|ui|contracts|tests|tools|fuzz|sim|bench|docs|networks|packaging|examples)/[\w./-]+\.\w+)(?::[^`]*)?`')
NOT_OURS = ('node_modules/', 'fuzz/corpus/')


def main():
    args = floors.arguments(__doc__)
    problems, count = [], 0
    paths = [p for p in floors.files(args.root, '.md') if not str(p).startswith(NOT_OURS)]
    for path in paths:
        for number, line in enumerate((args.root / path).read_text('utf-8').splitlines(), 1):
            for name in LINK.findall(line):
                count += 1
                if not (args.root / path.parent / name).exists():
                    problems.append(f'{path}:{number}: there is no {name}')
            for name in PATH.findall(line):
                count += 1
                if not re.search(r'[A-Z]{3,}', name) and not any((base / name).exists() for base in (args.root, args.root / path.parent)):
                    problems.append(f'{path}:{number}: there is no {name}')
    floors.verdict(f'{count} names in {len(paths)} documents', problems)


if __name__ == '__main__':
    main()
