#!/usr/bin/env python3
"""Unit tests of base, codec and p2p once more, built with -Dshrink=true: buffers and chunks are so small that
growing, refusing and wrapping happen in every test. Prints TAP: a line for each test program."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get('MESON_BUILD_ROOT', ROOT / 'build')) / 'shrink'
SUITES = {'passmesh:base', 'passmesh:codec', 'passmesh:p2p'}


def run(*command):
    env = {k: v for k, v in os.environ.items() if not k.startswith('MESON_')}
    env['CC'] = 'ccache gcc' if shutil.which('ccache') else 'gcc'
    r = subprocess.run([str(c) for c in command], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if r.returncode:
        print('Bail out! ' + ' '.join(map(str, command)) + '\n# ' + (r.stdout + r.stderr)[-4000:].replace('\n', '\n# '))
        sys.exit(1)
    return r.stdout


def main():
    if not (BUILD / 'build.ninja').exists():
        run('meson', 'setup', BUILD, '-Dshrink=true', '-Dcore_only=true', '-Doptimization=0')
    run('ninja', '-C', BUILD, 'build.ninja')
    tests = [t for t in json.loads(run('meson', 'introspect', '--tests', BUILD))
             if 'passmesh:unit' in t['suite'] and 'passmesh:ctime' not in t['suite'] and SUITES & set(t['suite'])]
    run('ninja', '-C', BUILD, *(os.path.relpath(t['cmd'][0], BUILD) for t in tests))
    print(f'TAP version 13\n1..{len(tests)}')
    failed = 0
    for number, t in enumerate(tests, 1):
        r = subprocess.run(t['cmd'], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
        failed += r.returncode != 0
        if r.returncode:
            print('# ' + (r.stdout + r.stderr)[-4000:].replace('\n', '\n# '))
        print(f'{"not ok" if r.returncode else "ok"} {number} - {t["name"]} shrunk', flush=True)
    return 1 if failed or not tests else 0


if __name__ == '__main__':
    sys.exit(main())
