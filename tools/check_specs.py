#!/usr/bin/env python3
"""SPEC marks in the code against docs/specs.md, in both directions.

A mark is /* SPEC document §"Section": the rule in our words. */; a section may be a bare number. Without a rule
it only says where to read on, and needs no row. docs/specs.md has a heading "## document"
for each and a table: section, rule, held by. "held by" names tests as `path` or `path: case`, or says
"not followed yet" or "not tested yet". Every mark needs a row, every row that names a test needs a mark, every test must be there.
docs/holes.md and docs/advisories.md have tables that end in "held by" too, without marks; an advisory may be "not reachable here".
With --write adds the rows that are missing, to be looked over.
"""
import re

import floors

MARK = re.compile(r'\bSPEC\s+(?:\S+ / )?(\S+)\s+§\s*(?:"([^"]+)"|([\w.]*\w(?: step \d+)?))(?:\s*:\s*(.*))?', re.S)
SUFFIXES = ('.c', '.h', '.ts', '.sol')
OPEN, UNTESTED, ELSEWHERE = 'not followed yet', 'not tested yet', 'not reachable here'


def marks(root):
    """(place, document, section, rule) of each mark; document is None if it cannot be read, rule '' if there is none."""
    for path in floors.files(root, *SUFFIXES):
        if path.parts[0] not in ('src', 'apps', 'ui', 'contracts'):
            continue
        text = (root / path).read_text('utf-8')
        for m in re.finditer(r'/\*(.*?)\*/|//([^\n]*)', text, re.S):
            comment = re.sub(r'\s*\n[ \t]*\*?[ \t]*', ' ', m[1] or m[2] or '').strip()
            for part in re.split(r'(?=\bSPEC\s+\S+)', comment):
                if re.search(r'\bSPEC\b', part):
                    found = MARK.search(part)
                    place = f'{path}:{text.count(chr(10), 0, m.start()) + 1}'
                    if not found:
                        yield place, None, part, ''
                        continue
                    rule = re.split(r'(?<=\.) (?=\w+_\w+ )', (found[4] or '').strip())[0]
                    yield place, found[1], found[2] or found[3], rule


def read_table(path):
    """(line, document, section, rule, held by) of each row."""
    document = None
    for number, line in enumerate(path.read_text('utf-8').splitlines(), 1):
        if line.startswith('## '):
            document = line[3:].split()[0]
        elif line.startswith('|') and not re.match(r'\|[\s:|-]+\|$|\| *(?:section|hole|advisory) *\|', line):
            cells = [c.strip().replace('\\|', '|') for c in re.split(r'(?<!\\)\|', line)[1:-1]]
            cells += [''] * (3 - len(cells))
            yield number, document, cells[0], cells[1], cells[-1]


def check_holder(root, where, held):
    tests = re.findall(r'`([^`]+)`', held)
    if not tests and not any(word in held for word in (OPEN, UNTESTED, ELSEWHERE)):
        yield f'{where}: name a `test`, or say "{OPEN}" or "{UNTESTED}"'
    for test in tests:
        path, _, case = test.partition(': ')
        if not (root / path).is_file():
            yield f'{where}: there is no {path}'
        elif case and case not in (root / path).read_text('utf-8'):
            yield f'{where}: {path} has no case {case}'


def guess_test(root, place):
    stem = re.sub(r'\.[ch]$', '', place.rsplit(':', 1)[0])
    while not (root / f'{stem}_test.c').is_file() and '_' in stem:
        stem = stem.rsplit('_', 1)[0]
    return f'`{stem}_test.c`' if (root / f'{stem}_test.c').is_file() else UNTESTED


def add_rows(root, path, missing, table):
    """Puts a row for each mark without one into its document's table, and names tests that have come since."""
    held = {(d, s): guess_test(root, place) for place, d, s, _ in marks(root) if d}
    parts = re.split(r'(?m)^(?=## )', path.read_text('utf-8'))
    head, sections = parts[0], {part[3:].split()[0]: part for part in parts[1:]}
    for number, d, s, rule, holder in table:
        if holder == UNTESTED and held.get((d, s), UNTESTED) != UNTESTED:
            sections[d] = sections[d].replace(f'| {s} | {rule} | {UNTESTED} |', f'| {s} | {rule} | {held[(d, s)]} |')
    for place, d, s, rule in missing:
        empty = f'## {d}\n\n| section | rule | held by |\n|---|---|---|\n'
        row = f'| {s} | {rule.replace("|", chr(92) + "|")} | {guess_test(root, place)} |\n'
        section = sections.get(d, empty)
        sections[d] = section if row in section else section.rstrip('\n') + '\n' + row
    body = '\n'.join(sections[d].rstrip('\n') + '\n' for d in sorted(sections, key=str.lower))
    path.write_text(head.rstrip('\n') + '\n\n' + body, 'utf-8')


def main():
    args = floors.arguments(__doc__, write='add the rows that are missing')
    path = args.root / 'docs' / 'specs.md'
    found = list(marks(args.root))
    table = list(read_table(path))
    rows = {(d, s) for _, d, s, _, _ in table}
    marked = {(d, s) for _, d, s, _ in found}
    missing = [m for m in found if m[1] and m[3] and (m[1], m[2]) not in rows]
    if args.write:
        add_rows(args.root, path, missing, table)
        return
    problems = [f'{place}: cannot read this mark; write SPEC document §"Section": rule' for place, d, _, _ in found if not d]
    problems += [f'{place}: {d} §"{s}" stands in no row of docs/specs.md' for place, d, s, _ in missing]
    for number, d, s, _, held in table:
        where = f'docs/specs.md:{number}'
        problems += check_holder(args.root, where, held)
        if OPEN not in held and (d, s) not in marked:
            problems.append(f'{where}: no mark in the code says {d} §"{s}"')
    for name in ('holes', 'advisories'):
        for number, *_, held in read_table(args.root / 'docs' / f'{name}.md'):
            problems += check_holder(args.root, f'docs/{name}.md:{number}', held)
    counts = [sum(word in held for *_, held in table) for word in (OPEN, UNTESTED)]
    floors.verdict(f'{len(found)} marks, {len(table)} rules: {counts[0]} {OPEN}, {counts[1]} {UNTESTED}', problems)


if __name__ == '__main__':
    main()
