#!/usr/bin/env python3
"""The core stays portable: every file of base, codec, p2p, evm, beacon, webauthn and plugin that no backend is granted to
(tools/symbols.allow) compiles for Windows with mingw-w64. No backend's header is there, so none is needed.
Prints TAP: a line for each library."""
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CC = 'x86_64-w64-mingw32-gcc'
LIBRARIES = ('base', 'codec', 'p2p', 'evm', 'beacon', 'webauthn', 'plugin')
FLAGS = ['-std=c17', '-D_DEFAULT_SOURCE', '-D__USE_MINGW_ANSI_STDIO=1', '-Wall', '-Wextra', '-Werror', '-O1', '-c']


def backend_patterns():
    """Patterns of files to which a backend is granted."""
    lines = (ROOT / 'tools' / 'symbols.allow').read_text('utf-8').splitlines()
    names = {line.split()[0] for line in lines if line and line[0] != '#'}
    return [n for n in names if '/' in n and n != 'base/mem.c']


def sources(library):
    skipped = backend_patterns()
    for path in sorted((ROOT / 'src' / library).glob('*.c')):
        if not path.stem.endswith('_test') and '_test_' not in path.stem and not any(fnmatch(f'{library}/{path.name}', s)
                                                                                    for s in skipped):
            yield path


def compile_file(path, folder):
    out = Path(folder) / (path.stem + '.o')
    command = [CC, *FLAGS, '-I', str(ROOT / 'src'), str(path), '-o', str(out)]
    if shutil.which('ccache'):
        command.insert(0, 'ccache')
    r = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    return r.stderr if r.returncode or not out.stat().st_size else ''


def main():
    if not shutil.which(CC):
        print(f'1..0 # SKIP {CC} is missing: make deps GROUP=test')
        return 0
    libraries = [lib for lib in LIBRARIES if (ROOT / 'src' / lib).is_dir()]
    print(f'TAP version 13\n1..{len(libraries)}')
    failed = 0
    for number, library in enumerate(libraries, 1):
        paths = list(sources(library))
        with tempfile.TemporaryDirectory(prefix='passmesh-portable-') as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
            errors = [e for e in pool.map(lambda p: compile_file(p, folder), paths) if e]
        failed += bool(errors)
        for e in errors:
            print('# ' + e.strip().replace('\n', '\n# '))
        print(f'{"not ok" if errors or not paths else "ok"} {number} - {library}: {len(paths)} files', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
