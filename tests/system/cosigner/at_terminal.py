#!/usr/bin/env python3
"""Runs a program at a terminal of its own and types yes where it asks. Arguments: PROGRAM ARGUMENT... Prints what the program says; ends as it does."""
import os
import pty
import sys

QUESTION = b'Type yes: '

pid, tty = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
said = b''
is_asked = False
while True:
    try:
        more = os.read(tty, 4096)
    except OSError:  # Linux: the other side is closed
        break
    if not more:
        break
    said += more
    if QUESTION in said and not is_asked:
        is_asked = True
        os.write(tty, b'yes\n')
sys.stdout.write(said.decode().replace('\r\n', '\n'))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
