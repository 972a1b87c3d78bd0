#!/usr/bin/env python3
"""What is shipped reaches security keys through libfido2's own way alone: the door for a device in software is in no shipped
library, and is in the test. Arguments: the test program, then the shipped libraries."""
import subprocess
import sys

DOOR = 'fido_dev_set_io_functions'


def asks_for_door(path):
    out = subprocess.run(['nm', path], capture_output=True, text=True, check=True).stdout
    return any(line.split()[-1].split('@')[0] in (DOOR, 'fido_dev_set_transport_functions') for line in out.splitlines() if line.split())


def main():
    test, *shipped = sys.argv[1:]
    checks = [('the check sees the door in the test', asks_for_door(test))]
    checks += [(f'{path.rsplit("/", 1)[-1]} has no door', not asks_for_door(path)) for path in shipped]
    print('TAP version 13')
    for i, (name, ok) in enumerate(checks, 1):
        print(f'{"ok" if ok else "not ok"} {i} - {name}')
    print(f'1..{len(checks)}')
    return 0 if all(ok for _, ok in checks) else 1


if __name__ == '__main__':
    sys.exit(main())
