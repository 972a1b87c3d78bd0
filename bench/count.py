#!/usr/bin/env python3
"""count.py --program PROGRAM --compiler ID [--optimization N] [--sanitize S] [--test | --write]

Counts by valgrind (callgrind) the instructions that our own code spends in each workload of bench/counted.c, and compares them
with bench/baseline.txt. Shared libraries are left out: they choose their code by the processor. --write makes the counts the new
baseline; --test prints TAP, and fails what grew by more than 5 %. Counts of another compiler or optimization are no comparison."""
import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BASELINE = Path(__file__).resolve().parent / 'baseline.txt'
GROWTH_MAX = 0.05
POSITION = re.compile(r'^[+\-*0-9]\S* (\d+)$')


def own_cost(text, program):
    """The sum of self costs of functions in the program's own object; the line behind calls= is the callee's and not ours."""
    names, total, is_own, skip = {}, 0, False, False
    for line in text.splitlines():
        if line.startswith('ob='):
            m = re.match(r'ob=(\(\d+\))(?: (.*))?', line)
            if m[2]:
                names[m[1]] = m[2]
            is_own = names.get(m[1], '').endswith(program)
        elif line.startswith('cob='):
            m = re.match(r'cob=(\(\d+\))(?: (.*))?', line)
            if m[2]:
                names[m[1]] = m[2]
        elif line.startswith('calls='):
            skip = True
        else:
            m = POSITION.match(line)
            if m and not skip and is_own:
                total += int(m[1])
            if m:
                skip = False
    return total


def count(program, name):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / 'callgrind.out'
        done = subprocess.run(['valgrind', '--tool=callgrind', '--toggle-collect=workload_run', f'--callgrind-out-file={out}', program, name],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f'{name}: {done.stdout}{done.stderr[-1500:]}')
        return own_cost(out.read_text('utf-8'), Path(program).name)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ('--program', '--compiler'):
        p.add_argument(option, required=True)
    p.add_argument('--optimization', default='2')
    p.add_argument('--sanitize', default='none')
    p.add_argument('--test', action='store_true')
    p.add_argument('--write', action='store_true')
    args = p.parse_args()
    key = f'{args.compiler} -O{args.optimization} sanitize={args.sanitize}'
    lines = BASELINE.read_text('utf-8').splitlines() if BASELINE.exists() else ['']
    why = None
    if not shutil.which('valgrind'):
        why = 'valgrind is not installed'
    elif lines[0] != key and not args.write:
        why = f'the baseline is of {lines[0] or "nothing"}, and this is {key}'
    if why:
        print(f'1..0 # SKIP {why}')
        return 0
    baseline = dict(line.split() for line in lines[1:] if line)
    names = subprocess.run([args.program], capture_output=True, text=True, check=True).stdout.split()
    counts = {name: count(args.program, name) for name in names}
    if args.write:
        BASELINE.write_text('\n'.join([key, *(f'{n} {c}' for n, c in counts.items())]) + '\n', 'utf-8')
        return 0
    print(f'1..{len(names)}')
    failed = False
    for i, name in enumerate(names, 1):
        before = int(baseline.get(name, 0))
        is_bad = counts[name] == 0 or before == 0 or counts[name] > before * (1 + GROWTH_MAX)
        change = f'{(counts[name] / before - 1) * 100:+.2f} %' if before else 'not in the baseline'
        print(f'{"not " if is_bad else ""}ok {i} - {name} {counts[name]} instructions, {change}')
        failed |= is_bad
    return 1 if failed and not args.test else 0


if __name__ == '__main__':
    sys.exit(main())
