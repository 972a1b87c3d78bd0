#!/usr/bin/env python3
"""The same seed must give the same world in every build.

  hash_variants.py --source DIR --build DIR

Compiles the simulator and what it is made of with gcc and clang, at -O0 and -O2, runs a few worlds with
each, and compares the hashes that they print. Objects are kept in the build directory and made anew
only if a source or header is newer. Prints TAP.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

WORLDS = [
    ['--seed=1', '--nodes=2'],
    ['--seed=2', '--nodes=12', '--seconds=20', '--loss-ppm=20000', '--crash-s=3', '--partition-s=8'],
    ['--seed=3', '--nodes=10', '--neighbours=9', '--memory-kb=320', '--message-ms=100'],
]
COMPILERS = [['gcc'], ['clang-19', 'clang']]
TARGETS = ['pm_base', 'pm_codec', 'pm_crypto', 'pm_p2p', 'pm_sim', 'sim']
PACKAGES = ['libcrypto', 'libssl', 'gnutls', 'libngtcp2', 'libngtcp2_crypto_gnutls', 'libsodium', 'libsecp256k1']


def sources(build):
    text = subprocess.run(['meson', 'introspect', '--targets', str(build)], check=True, capture_output=True, text=True).stdout
    found = {t['name']: [Path(f) for s in t['target_sources'] for f in s.get('sources', [])] for t in json.loads(text)}
    return [f for name in TARGETS for f in found[name]]


def pkg_config(flag):
    return subprocess.run(['pkg-config', flag, *PACKAGES], check=True, capture_output=True, text=True).stdout.split()


def newest(paths):
    return max(p.stat().st_mtime for p in paths)


def compile_one(cc, level, source, root, out, cflags, headers_at):
    obj = out / (str(source.relative_to(root)).replace('/', '_') + '.o')
    if not obj.exists() or obj.stat().st_mtime < max(source.stat().st_mtime, headers_at):
        cache = ['ccache'] if shutil.which('ccache') else []
        subprocess.run([*cache, cc, level, '-std=c17', '-D_DEFAULT_SOURCE', '-I', str(root / 'src'), *cflags,
                        '-c', str(source), '-o', str(obj)], check=True)
    return obj


def build(cc, level, args, headers_at):
    out = args.build / f'hash-{cc}{level}'
    out.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(lambda s: compile_one(cc, level, s, args.source, out, args.cflags, headers_at), args.files))
    exe = out / 'sim'
    subprocess.run([cc, *map(str, objects), *args.libs, '-o', str(exe)], check=True)
    return exe


def hashes(exe):
    found = []
    for world in WORLDS:
        text = subprocess.run([str(exe), *world], check=False, capture_output=True, text=True).stdout
        match = re.search(r'^hash +([0-9a-f]{16})$', text, re.M)
        found.append(match[1] if match and 'BROKEN' not in text else text.strip())
    return found


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--source', type=Path, required=True)
    p.add_argument('--build', type=Path, required=True)
    args = p.parse_args()
    args.source = args.source.resolve()
    args.files = sources(args.build)
    args.cflags, args.libs = pkg_config('--cflags'), pkg_config('--libs')
    headers_at = newest([*args.source.glob('src/*/*.h'), *args.source.glob('sim/*.h')])
    variants = [(next((c for c in names if shutil.which(c)), None), names[0], level)
                for names in COMPILERS for level in ('-O0', '-O2')]
    first, bad = None, 0
    print('TAP version 13')
    for number, (cc, name, level) in enumerate(variants, 1):
        if not cc:
            print(f'ok {number} - {name} {level} # SKIP {name} is not installed')
            continue
        got = hashes(build(cc, level, args, headers_at))
        first = first or got
        same = got == first and all(re.fullmatch('[0-9a-f]{16}', h) for h in got)
        bad += not same
        print(f'{"ok" if same else "not ok"} {number} - {cc} {level}: {" ".join(got)}', flush=True)
    print(f'1..{len(variants)}')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
