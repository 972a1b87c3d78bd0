#!/usr/bin/env python3
"""SPEC marks in the code against docs/specs.md, in both directions.

A mark is /* SPEC document §"Section": the rule in our words. */. docs/specs.md has a heading "## document"
for each and a table: section, rule, held by. "held by" names tests as `path` or `path: case`, or says
"not followed yet". Every mark needs a row, every row that names a test needs a mark, every test must be there.
With --rows prints the rows that are missing, to be edited into the table.
"""
import re

import floors

MARK = re.compile(r'\bSPEC\s+(\S+)\s+§\s*"([^"]+)"\s*:\s*(.*)', re.S)
SUFFIXES = ('.c', '.h', '.ts', '.sol')
OPEN = 'not followed yet'


def marks(root):
    """(place, document, section, rule) of each mark; document is None if it cannot be read."""
    for path in floors.files(root, *SUFFIXES):
        if path.parts[0] not in ('src', 'apps', 'ui', 'contracts'):
            continue
        text = (root / path).read_text('utf-8')
        for m in re.finditer(r'/\*(.*?)\*/|//([^\n]*)', text, re.S):
            comment = re.sub(r'\s*\n[ \t]*\*?[ \t]*', ' ', m[1] or m[2] or '').strip()
            for part in re.split(r'(?=\bSPEC\s+\S+\s+§)', comment):
                if re.search(r'\bSPEC\b', part):
                    found = MARK.search(part)
                    place = f'{path}:{text.count(chr(10), 0, m.start()) + 1}'
                    yield (place, *(found.groups() if found else (None, part, '')))


def read_table(path):
    """(line, document, section, rule, held by) of each row."""
    document = None
    for number, line in enumerate(path.read_text('utf-8').splitlines(), 1):
        if line.startswith('## '):
            document = line[3:].split()[0]
        elif line.startswith('|') and not re.match(r'\|[\s:|-]+\|$|\| *section *\|', line):
            cells = [c.strip().replace('\\|', '|') for c in re.split(r'(?<!\\)\|', line)[1:-1]]
            yield (number, document, *(cells + ['', '', ''])[:3])


def check_holder(root, where, held):
    tests = re.findall(r'`([^`]+)`', held)
    if not tests and OPEN not in held:
        yield f'{where}: name a `test`, or say "{OPEN}"'
    for test in tests:
        path, _, case = test.partition(': ')
        if not (root / path).is_file():
            yield f'{where}: there is no {path}'
        elif case and case not in (root / path).read_text('utf-8'):
            yield f'{where}: {path} has no case {case}'


def guess_test(root, place):
    path = place.rsplit(':', 1)[0]
    test = re.sub(r'\.[ch]$', '_test.c', path)
    return f'`{test}`' if (root / test).is_file() else OPEN


def main():
    args = floors.arguments(__doc__, rows='print missing rows')
    found = list(marks(args.root))
    table = list(read_table(args.root / 'docs' / 'specs.md'))
    rows = {(d, s) for _, d, s, _, _ in table}
    marked = {(d, s) for _, d, s, _ in found}
    missing = [m for m in found if m[1] and (m[1], m[2]) not in rows]
    if args.rows:
        for document in sorted({m[1] for m in missing}):
            print(f'\n## {document}\n\n| section | rule | held by |\n|---|---|---|')
            for place, d, section, rule in missing:
                if d == document:
                    print(f'| {section} | {rule.replace("|", chr(92) + "|")} | {guess_test(args.root, place)} |')
        return
    problems = [f'{place}: cannot read this mark; write SPEC document §"Section": rule' for place, d, _, _ in found if not d]
    problems += [f'{place}: {d} §"{s}" stands in no row of docs/specs.md' for place, d, s, _ in missing]
    for number, d, s, _, held in table:
        where = f'docs/specs.md:{number}'
        problems += check_holder(args.root, where, held)
        if OPEN not in held and (d, s) not in marked:
            problems.append(f'{where}: no mark in the code says {d} §"{s}"')
    still_open = sum(OPEN in held for *_, held in table)
    floors.verdict(f'{len(found)} marks, {len(table)} rules, {still_open} of them not followed yet', problems)


if __name__ == '__main__':
    main()
