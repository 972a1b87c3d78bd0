#!/usr/bin/env python3
"""What must not be in tracked files: paths of one machine, addresses of package registries, lock files with
addresses, blanks at line ends, files that are too large, and text that is not UTF-8."""
import re

import floors

SIZE_MAX = 512 * 1024
TEXT = ('.c', '.h', '.py', '.sh', '.md', '.json', '.ts', '.mjs', '.js', '.sol', '.txt', '.build', '.ini', '.css', '.html', '.toml',
        '.yml', '.service', '')
LINES = [
    (re.compile(r'(?<![\w.$}/])/(work|root|home/\w+|Users/\w+)/'), 'a path of one machine'),
    (re.compile(r'https?://[\w.-]*\b(registry|npmjs|pypi|goproxy|index\.crates|deb\.debian)\b', re.I), 'the address of a registry'),
    (re.compile(r'[ \t]+$'), 'blanks at the end of the line'),
    (re.compile(r'^(<{7}|>{7}) '), 'a conflict mark'),
]
SKIP_LINES = ('fuzz/corpus/', 'tests/vectors/', 'LICENSE')


def check_text(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, what in LINES:
            if pattern.search(line):
                yield f'{path}:{number}: {what}'
    if path.name.endswith('lock.json') and re.search(r'"resolved"\s*:\s*"(https?|git)', text):
        yield f'{path}: names addresses: set omit-lockfile-registry-resolved=true in .npmrc beside it and make it anew'


def main():
    args = floors.arguments(__doc__)
    problems, paths = [], floors.files(args.root)
    for path in paths:
        data = (args.root / path).read_bytes()
        if len(data) > SIZE_MAX and path.suffix != '.svg':
            problems.append(f'{path}: {len(data) // 1024} KiB, at most {SIZE_MAX // 1024}')
        if path.suffix not in TEXT or str(path).startswith(SKIP_LINES):
            continue
        try:
            problems += check_text(path, data.decode('utf-8'))
        except UnicodeDecodeError:
            problems.append(f'{path}: is not UTF-8')
    floors.verdict(f'{len(paths)} files', problems)


if __name__ == '__main__':
    main()
