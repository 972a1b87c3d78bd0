#!/usr/bin/env python3
"""fuzz.py [--build DIR] [--seconds N] [--enough] TARGET|all: fuzzes with libFuzzer and adds the counts to fuzz/LEDGER.

--enough goes round the targets, N seconds each, until each has had 10^7 executions or 30 minutes of processor time.
Seconds in the ledger are processor time, so a busy machine counts for no more than it did. New inputs go to DIR/corpus/TARGET, so the seeds of fuzz/corpus stay small; a finding stays in DIR/findings,
its input is to be added to fuzz/corpus/TARGET with the fix. Exit status 1 on a finding."""
import argparse
import re
import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEDGER = ROOT / 'fuzz' / 'LEDGER'
HEAD = '# Fuzzing so far, added up by `make fuzz`: target, executions, edges reached, processor seconds, findings still open.\n'
NOTHING = [0, 0, 0, 0]
ENOUGH_EXECUTIONS, ENOUGH_SECONDS = 10**7, 30 * 60


def read_ledger():
    text = LEDGER.read_text('utf-8') if LEDGER.exists() else ''
    rows = [line.split() for line in text.splitlines() if line and line[0] != '#']
    return {name: [int(v) for v in values] for name, *values in rows}


def write_ledger(rows):
    body = ''.join(f'{name:24} {e:>12} {c:>8} {s:>8} {f:>4}\n' for name, (e, c, s, f) in sorted(rows.items()))
    LEDGER.write_text(HEAD + body, 'utf-8')


def fuzz(build, target, seconds, runs):
    """At most `seconds` and `runs` (-1: no bound): [executions, edges, processor seconds, whether it found something]."""
    ninja = subprocess.run(['ninja', '-C', build, f'fuzz/fuzz_{target}'], capture_output=True, text=True, check=False)
    if ninja.returncode:
        sys.exit(f'fuzz: {target} does not build (is it in lib_fuzz of its folder?):\n{ninja.stdout[-3000:]}')
    grown, findings = build / 'corpus' / target, build / 'findings' / target
    grown.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run([build / 'fuzz' / f'fuzz_{target}', grown, ROOT / 'fuzz' / 'corpus' / target,
                          f'-max_total_time={seconds}', f'-runs={runs}', '-print_final_stats=1', '-timeout=10', '-rss_limit_mb=2048', f'-artifact_prefix={findings}/'],
                         capture_output=True, text=True, errors='replace', check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = int(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    executions = re.findall(r'^stat::number_of_executed_units: *(\d+)', run.stderr, re.M)
    edges = re.findall(r' cov: (\d+)', run.stderr)
    found = run.returncode != 0
    if found:
        print(run.stderr[-6000:])
        print(f'{target}: FINDING, input in {findings}')
    return [int(executions[-1]) if executions else 0, max(map(int, edges), default=0), busy, int(found)]


def enough(row):
    return row[0] >= ENOUGH_EXECUTIONS or row[2] >= ENOUGH_SECONDS


def fuzz_and_record(build, target, seconds, stops_when_enough):
    """Returns whether it found something."""
    missing = ENOUGH_EXECUTIONS - read_ledger().get(target, NOTHING)[0]
    e, c, s, f = fuzz(build, target, seconds, missing if stops_when_enough else -1)
    rows = read_ledger()
    old = rows.get(target, NOTHING)
    rows[target] = [old[0] + e, max(old[1], c), old[2] + s, f]
    write_ledger(rows)
    print(f'{target}: {e} executions, {c} edges, {s} s', flush=True)
    return f


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--build', type=Path, default=ROOT / 'build-fuzz')
    p.add_argument('--seconds', type=int, default=60)
    p.add_argument('--enough', action='store_true')
    p.add_argument('target')
    args = p.parse_args()
    known = sorted(f.name[:-len('_fuzz.c')] for f in (ROOT / 'fuzz').glob('*_fuzz.c'))
    targets = known if args.target == 'all' else [args.target]
    if not targets or any(t not in known for t in targets):
        sys.exit(f'fuzz: no target {args.target}; there are: {", ".join(known)}')
    build, worst = args.build.resolve(), 0
    todo = [t for t in targets if not (args.enough and enough(read_ledger().get(t, NOTHING)))]
    while todo:
        worst |= max(fuzz_and_record(build, t, args.seconds, args.enough) for t in todo)
        rows = read_ledger()
        todo = [t for t in todo if args.enough and not rows[t][3] and not enough(rows[t])]
    return worst


if __name__ == '__main__':
    sys.exit(main())
