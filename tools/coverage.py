#!/usr/bin/env python3
"""coverage.py BUILD: sums up by library what the tests in a coverage build have reached, against tools/coverage.floor.

Exit status 1 if a library lies below its floor; the files with most unreached lines are named."""
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def read_floors():
    rows = [line.split() for line in (ROOT / 'tools/coverage.floor').read_text('utf-8').splitlines() if line and line[0] != '#']
    return {lib: (float(lines), float(branches)) for lib, lines, branches in rows}


def main(build):
    out = subprocess.run(['gcovr', '-r', '.', '--json-summary', '-e', r'.*_test(_\w+)?\.[ch]', '-e', 'src/base/test.c',
                          '-f', 'src/', '--exclude-unreachable-branches', '--exclude-throw-branches',
                          '--exclude-branches-by-pattern', r'\s*check\(.*',  # the other side of our own invariants is not to be reached
                          str(build)],
                         cwd=ROOT, capture_output=True, text=True, check=True).stdout
    libraries = {}
    for f in json.loads(out)['files']:
        libraries.setdefault(Path(f['filename']).parts[1], []).append(f)
    floors, low = read_floors(), False
    print(f'{"library":10} {"lines":>7} {"branches":>9}   floor')
    for lib, found in libraries.items():
        part = []
        for kind in ('line', 'branch'):
            total = sum(f[f'{kind}_total'] for f in found)
            part.append(100 * sum(f[f'{kind}_covered'] for f in found) / total if total else 100.0)
        floor = floors.get(lib, floors['*'])
        bad = part[0] < floor[0] or part[1] < floor[1]
        low |= bad
        print(f'{lib:10} {part[0]:6.1f}% {part[1]:8.1f}%   {floor[0]:.0f} / {floor[1]:.0f}{"  BELOW" if bad else ""}')
        if bad:
            for f in sorted(found, key=lambda f: f['line_covered'] - f['line_total'])[:5]:
                print(f'    {f["filename"]}: {f["line_percent"]}% of lines, {f["branch_percent"]}% of branches')
    return 1 if low or not libraries else 0


if __name__ == '__main__':
    sys.exit(main(Path(sys.argv[1]).resolve()))
