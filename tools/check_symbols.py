#!/usr/bin/env python3
"""The third lock: what the object files below node ask of the world (nm -u), against tools/symbols.allow.

A symbol is fine if a library defines it that the floors table lets this one use, or if the list names
it for this file, its library or everybody. So "no clock, no socket, no heap" is a property of the build.
"""
import re
import subprocess
from fnmatch import fnmatch

import floors


def read_allowed(path):
    """who -> set of names; a name that ends in * is a prefix."""
    allowed = {}
    for number, line in enumerate(path.read_text('utf-8').splitlines(), 1):
        line = line.split('#')[0].strip()
        if line:
            m = re.fullmatch(r'(\S+)\s+(\S+(?: \S+)*?)\s{2,}(\S.*)', line)
            if not m:
                raise SystemExit(f'{path}:{number}: want "who  symbols  why", two blanks between')
            allowed.setdefault(m[1], set()).update(m[2].split(' '))
    return allowed


def matches(symbol, names):
    return symbol in names or any(n.endswith('*') and symbol.startswith(n[:-1]) for n in names)


def nm(archive, *options):
    """(member, symbol) of an archive; a member src_base_mem.c.o becomes base/mem.c."""
    out = subprocess.run(['nm', '-A', *options, archive.name], cwd=archive.parent, capture_output=True, text=True,
                         check=True).stdout
    for line in out.splitlines():
        m = re.match(r'.*?([^/:]+)\.o: *[0-9a-f]* +\w (\S+)$', line)
        if m:
            yield m[1], m[2].split('@')[0]


def file_of(member, lib):
    prefix = f'src_{lib}_'
    return f'{lib}/{member[len(prefix):]}' if member.startswith(prefix) else f'{lib}/{member}'


def defined_twice(build):
    """Functions that two libraries define, node's too: a program would take whichever the linker meets first."""
    homes = {}
    for archive in sorted(build.rglob('libpm_*.a')):
        if any((build / part / 'build.ninja').exists() for part in archive.relative_to(build).parts[:1]):
            continue  # a build of its own, which a test made in there
        for symbol in {symbol for _, symbol in nm(archive, '-g', '--defined-only')}:
            if symbol in homes:
                yield f'{symbol}: {homes[symbol].name} and {archive.name} both define it'
            homes[symbol] = archive


def main():
    args = floors.arguments(__doc__)
    table = {k: v for k, v in floors.read_floors(args.root).items() if k not in ('node', *floors.OUTSIDE)}
    allowed = read_allowed(args.root / 'tools' / 'symbols.allow')
    archives = {lib: args.build / f'libpm_{lib}.a' for lib in table}
    archives = {lib: a for lib, a in archives.items() if a.is_file()}
    if not archives:
        floors.verdict('', [f'{args.build}: no libpm_*.a: build first'])
    defined = {}
    for lib, archive in archives.items():
        for _, symbol in nm(archive, '-g', '--defined-only'):
            defined[symbol] = lib
    problems, count = list(defined_twice(args.build)), 0
    for lib, archive in archives.items():
        for member, symbol in nm(archive, '-u'):
            count += 1
            path = file_of(member, lib)
            owner = defined.get(symbol)
            if owner:
                if owner != lib and owner not in table[lib]:
                    problems.append(f'{path}: calls {symbol} of {owner}, which {lib} may not use')
                continue
            if not any(matches(symbol, names) for who, names in allowed.items() if lib == who or fnmatch(path, who)):
                problems.append(f'{path}: needs {symbol}, which tools/symbols.allow does not grant it')
    floors.verdict(f'{count} needed symbols of {len(archives)} libraries are granted', sorted(set(problems)))


if __name__ == '__main__':
    main()
