#!/usr/bin/env python3
"""The other compiler reads every C file without a warning: clang-19, syntax and flow only, so it takes seconds.

Flags are those of the build directory, less what only gcc knows, and the warnings of meson.build for clang."""
import json
import re
import shlex
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import floors

GCC_ONLY = ('-Wlogical-op', '-Wduplicated-cond', '-Wduplicated-branches', '-Wjump-misses-init', '-Wtrampolines', '-Wstack-usage=4096')


def clang_warnings(root):
    """The list that meson.build keeps for compilers other than gcc."""
    text = (root / 'meson.build').read_text('utf-8')
    return re.findall(r"'(-W[^']+)'", re.search(r"^else\n(.*?)^endif", text, re.S | re.M)[1])


def command_of(entry, extra):
    words = [w for w in shlex.split(entry['command']) if w not in GCC_ONLY and w != 'ccache']
    keep, skip = [], False
    for w in words[1:]:
        if not skip and w not in ('-MD', '-c') and not w.startswith('-fcf-'):
            if w in ('-MQ', '-MF', '-o'):
                skip = True
                continue
            keep.append(w)
        skip = False
    return ['clang-19', *keep, *extra, '-fsyntax-only', '-fno-color-diagnostics']


def main():
    args = floors.arguments(__doc__)
    if not shutil.which('clang-19'):
        floors.skip('clang-19 is missing: make deps GROUP=test')
    entries = json.loads((args.build / 'compile_commands.json').read_text('utf-8'))
    entries = list({e['file']: e for e in entries if e['file'].endswith('.c')}.values())
    extra = clang_warnings(args.root)

    def check(entry):
        run = subprocess.run(command_of(entry, extra), cwd=args.build, capture_output=True, text=True, check=False)
        return [line for line in run.stderr.splitlines() if ' error: ' in line or ' warning: ' in line]

    with ThreadPoolExecutor(2) as pool:
        problems = sorted({line for lines in pool.map(check, entries) for line in lines})
    floors.verdict(f'{len(entries)} files', problems)


if __name__ == '__main__':
    main()
