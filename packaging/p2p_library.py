#!/usr/bin/env python3
"""The library for other programs: one archive of our floors' objects, and the headers that it is used by.

Our functions have plain names, as `buf_init` and `list_add_last`; in one program with other code of plain names, the linker would take the
one for the other without a word. So in the archive each name has PREFIX before it, and a header of macros, which every installed header
includes first, says the same to the compiler: sources stay as they are, and only files that include us must keep off our names.

Our objects are embedded in those of others, so their layout must be the same on both sides: the headers refer to a symbol named by their own
content, which only the archive beside them has."""
import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / 'tools'))
import floors  # noqa: E402

PREFIX = 'passmesh_'
NAMES = 'passmesh_names.h'
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)
GUARD = re.compile(r'^#ifndef (\w+)\n#define \1\n', re.M)


def run(*words):
    return subprocess.run([str(w) for w in words], check=True, capture_output=True, text=True).stdout


def closure(entries):
    """The headers named, and those that they include."""
    found, waiting = {}, list(entries)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = (ROOT / 'src' / name).read_text('utf-8')
            waiting += INCLUDE.findall(found[name])
    return dict(sorted(found.items()))


def members(archive):
    """Paths of the objects of one of the build's archives, which are thin: they hold paths, not contents."""
    return [Path(line) for line in run('ar', 't', archive).splitlines()]


def defined(objects):
    """Names that the objects offer each other, whose prefix is to be."""
    lines = run('nm', '--defined-only', '--extern-only', '--format=posix', *objects).splitlines()
    return sorted({line.split()[0] for line in lines if ' ' in line})


def write_archive(path, archives, mark):
    objects = {f'{archive.stem}_{o.name}': o for archive in archives for o in members(archive)}
    names = defined(objects.values())
    with tempfile.TemporaryDirectory() as top:
        table = Path(top, 'names')
        table.write_text(''.join(f'{n} {PREFIX}{n}\n' for n in names))
        for name, o in objects.items():
            run('objcopy', '--strip-debug', f'--redefine-syms={table}', o, Path(top, name))
        run('objcopy', '--add-symbol', f'{mark}=.text:0,global', Path(top, min(objects)))
        path.unlink(missing_ok=True)
        run('ar', 'rcsD', path, *(Path(top, name) for name in sorted(objects)))
    return names


def write_headers(top, headers, names, mark):
    shutil.rmtree(top, ignore_errors=True)
    words = set(re.findall(r'\w+', '\n'.join(floors.code_of(text) for text in headers.values())))
    lines = [f'#define {n} {PREFIX}{n}\n' for n in names if n in words]
    top.mkdir(parents=True)
    (top / NAMES).write_text('#ifndef PASSMESH_NAMES_H\n#define PASSMESH_NAMES_H\n\n'
                             '/* What the names of the other headers are to the linker. Made by packaging/p2p_library.py. */\n'
                             + ''.join(lines) + '\n/* The archive that belongs to these headers has it. */\n'
                             f'extern const char {mark}[];\nstatic const char *const passmesh_headers __attribute__((used)) = {mark};\n\n#endif\n')
    for name, text in headers.items():
        to = top / name
        to.parent.mkdir(parents=True, exist_ok=True)
        marked, count = GUARD.subn(lambda m: f'{m[0]}#include "{NAMES}"\n', text, count=1)
        if count != 1:
            sys.exit(f'{name}: has no guard')
        to.write_text(marked, encoding='utf-8')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--archive', type=Path, required=True)
    p.add_argument('--include', type=Path, required=True, help='the folder of headers to make')
    p.add_argument('--depfile', type=Path, required=True)
    p.add_argument('--headers', nargs='+', required=True, help='those that programs name, as "p2p/host.h"')
    p.add_argument('archives', nargs='+', type=Path)
    args = p.parse_intermixed_args()
    headers = closure(args.headers)
    mark = f'passmesh_headers_{hashlib.sha256(repr(headers).encode()).hexdigest()[:16]}'
    names = write_archive(args.archive, args.archives, mark)
    write_headers(args.include, headers, names, mark)
    args.depfile.write_text(f'{args.archive}: ' + ' '.join(str(ROOT / 'src' / h) for h in headers) + '\n')


if __name__ == '__main__':
    main()
