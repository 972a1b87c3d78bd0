#!/usr/bin/env python3
"""Runs the suite and counts every case in it.

  run_tests.py [--build DIR] [--long] [--suite NAME]... [--no-suite NAME]... [--wrapper COMMAND] [TEST]...

Without --long the suite named long stays out. Prints each failure with its output, each skip with its
reason, the slowest tests, and as last line: N passed, N failed, N skipped. Exit status 1 if a
case failed or none ran.
"""
import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

POINT = re.compile(r'^(not )?ok\b(?: +\d+)?(?: *- *)?([^#]*?)(?: *# *(skip|todo)\S*:? *(.*))?$', re.I)
PLAN_SKIP = re.compile(r'^1\.\.0 *# *skip\S* *(.*)$', re.I)


class Count:
    def __init__(self):
        self.passed, self.failures, self.skips, self.slow = 0, [], [], []

    def add(self, test):
        """Counts the cases of one program; a program without TAP is one case."""
        name = test['name'].split(' / ')[-1]
        out = test.get('stdout', '')
        self.slow.append((test['duration'], name))
        points = [m for m in map(POINT.match, out.splitlines()) if m]
        failed = []
        for m in points:
            word, case = (m[3] or '').lower(), f'{name}: {m[2].strip()}'
            if word == 'skip':
                self.skips.append((case, m[4] or 'no reason given'))
            elif m[1] and word != 'todo':
                failed.append(case)
            else:
                self.passed += 1
        if test['result'] == 'SKIP' and not points:
            whole = next((m for m in map(PLAN_SKIP.match, out.splitlines()) if m), None)
            self.skips.append((name, whole[1] if whole else (out.split('\n')[0] or 'no reason given')))
        elif test['result'] not in ('OK', 'EXPECTEDFAIL', 'SKIP'):
            failed = failed or [f'{name}: {test["result"].lower()}']  # crashed, timed out, or broke its plan
        elif not points:
            self.passed += 1
        text = out + test.get('stderr', '')
        self.failures += [(case, text if i == 0 else None) for i, case in enumerate(failed)]


def run_meson(args, results):
    # One more than there are processors: many tests wait for a network, a chain or a browser most of their time.
    command = ['meson', 'test', '-C', args.build, '--no-rebuild', '--num-processes', str((os.cpu_count() or 1) + 1)]
    env = dict(os.environ)
    if args.long:
        env['PASSMESH_LONG'] = '1'
        command += ['--timeout-multiplier', '20']
    else:
        command += ['--no-suite', 'long']
    for s in args.suite:
        command += ['--suite', s]
    for s in args.no_suite:
        command += ['--no-suite', s]
    if args.wrapper:
        command += ['--wrapper', args.wrapper, '--timeout-multiplier', '20']
    results.unlink(missing_ok=True)
    return subprocess.run(command + args.tests, env=env, check=False).returncode


def show(count, shown_max=200):
    for case, text in count.failures:
        print(f'\nFAILED {case}')
        lines = [line for line in (text or '').splitlines() if not re.match(r'ok \d', line)]  # what went well is no news
        for line in lines[-shown_max:]:
            print(f'    {line}')
    for case, reason in count.skips:
        print(f'skipped {case}: {reason}')
    slowest = sorted(count.slow, reverse=True)[:8]
    print('slowest: ' + ', '.join(f'{name} {seconds:.1f} s' for seconds, name in slowest))
    print(f'{count.passed} passed, {len(count.failures)} failed, {len(count.skips)} skipped')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--build', default='build')
    p.add_argument('--long', action='store_true')
    p.add_argument('--suite', action='append', default=[])
    p.add_argument('--no-suite', action='append', default=[])
    p.add_argument('--wrapper', help='runs each test program, such as valgrind')
    p.add_argument('tests', nargs='*')
    args = p.parse_args()
    tool = '-' + Path(args.wrapper.split()[0]).name if args.wrapper else ''
    results = Path(args.build, 'meson-logs', f'testlog{tool}.json')
    status = run_meson(args, results)
    sys.stdout.flush()
    count = Count()
    if results.exists():
        for line in results.read_text('utf-8', 'replace').splitlines():
            count.add(json.loads(line))
    if status and not count.failures:
        count.failures.append(('meson test', f'ended with status {status} and no failed case'))
    show(count)
    return 1 if count.failures or not count.passed else 0


if __name__ == '__main__':
    sys.exit(main())
