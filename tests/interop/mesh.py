#!/usr/bin/env python3
"""mesh.py OURS THEIRS...: networks of our test node and other implementations' together, as TAP.

THEIRS is NAME=PEER, once for each implementation. Gossipsub, signed and unsigned: two of ours and two of each other's in one mesh,
where everybody hears everybody once. Then a DHT of two of ours and two of each other's, under our protocol id: records, providers
and peers, both ways. Peers take the commands of tests/peers/p2p_node.c."""
import hashlib
import os
import re
import sys
import time

from pair import TCP, Peer, Tap, want

LARGE = 500_000  # above the size from which a mesh is told with IDONTWANT who has a message already
KAD = '/web3-wallet/kad/1.0.0'
PATIENCE_S = 30
SETTLED_S = 0.5  # nothing comes twice for so long


class Member(Peer):
    """A peer that is not awaited line by line: what it hears is counted."""

    def __init__(self, name, command):
        super().__init__(command, TCP)
        self.name, self.heard = name, []

    def line(self, prefix):
        until = time.monotonic() + PATIENCE_S
        while True:
            line = self.lines.get(timeout=max(0.1, until - time.monotonic()))
            want(line is not None, f'{getattr(self, "name", "a peer")} ended while "{prefix}" was awaited')
            if line.startswith('message '):
                self.heard.append(line)
            elif line.startswith(prefix):
                return line
            elif line.startswith('error'):
                raise RuntimeError(f'{self.name}: "{line}" instead of "{prefix}"')

    def collect(self):
        """What it has heard until now."""
        while not self.lines.empty():
            line = self.lines.get()
            if line and line.startswith('message '):
                self.heard.append(line)
        return self.heard


def until(text, holds):
    end = time.monotonic() + PATIENCE_S
    while not holds():
        want(time.monotonic() < end, text)
        time.sleep(0.1)


def figure(line, name):
    return int(re.search(rf'{name}=(\d+)', line)[1])


def connect(members):
    """Everybody with everybody; who comes first in the list is dialled by every second, and dials the others."""
    for i, a in enumerate(members):
        for k in range(i):
            by, to = (a, members[k]) if (i + k) % 2 else (members[k], a)
            by.ask(f'dial {to.addr}', f'connected {to.id}')
            by.line(f'identified {to.id}')


def start(programs, ours_args, theirs_args):
    members = []
    try:
        for name, program in programs:
            for _ in range(2):
                args = ours_args if name == 'ours' else theirs_args
                members.append(Member(name, [program, *args]))
        return members
    except Exception:
        stop(members)
        raise


def stop(members):
    for m in members:
        m.stop()


# ---- gossipsub ----

def hear(members, author, topic, length, text, signed):
    """All but the author get it, once, with the author's name if it is signed."""
    line = f'message {topic} {author.id if signed else "-"} len={length} {text}'

    def counts():
        return {m: m.collect().count(line) for m in members if m is not author}

    def missing():
        return ', '.join(m.name for m, n in counts().items() if n == 0)
    end = time.monotonic() + PATIENCE_S
    while missing():
        want(time.monotonic() < end, f'not heard by {missing()}: {line[:120]}')
        time.sleep(0.05)
    time.sleep(SETTLED_S)
    twice = [m.name for m, n in counts().items() if n != 1]
    want(not twice, f'heard more than once by {twice}')


def gossip(tap, programs, policy):
    signed = policy == 'signed'
    topic = 'signed-topic' if signed else 'bare-topic'
    members = []

    def form():
        members.extend(start(programs, ['--gossip'], ['--gossip', policy]))
        connect(members)
        for m in members:
            m.ask(f'subscribe {topic}', 'ok subscribe')
        for m in members:
            until(f'the mesh of {m.name} stayed small', lambda m=m: figure(m.ask(f'mesh {topic}', 'ok mesh'), 'count') >= 3)

    def publish(author, text):
        author.ask(f'publish {topic} {text}', 'ok publish')
        hear(members, author, topic, len(text), text, signed)

    def publish_large(author):
        author.ask(f'publishbytes {topic} {LARGE}', 'ok publishbytes')
        hear(members, author, topic, LARGE, 'x' * 100, signed)

    def publish_outside(author):
        author.ask(f'unsubscribe {topic}', 'ok unsubscribe')
        author.ask(f'publish {topic} outside-{author.name}', 'ok publish')
        text = f'outside-{author.name}'
        hear(members, author, topic, len(text), text, signed)
        author.ask(f'subscribe {topic}', 'ok subscribe')

    def publish_many():
        sent = [(members[i % len(members)], f'many-{i}') for i in range(20)]
        for author, text in sent:
            author.ask(f'publish {topic} {text}', 'ok publish')
        for author, text in sent:
            hear(members, author, topic, len(text), text, signed)
    title = f'gossipsub, {policy}'
    try:
        if tap.case(f'{title}: {len(programs) * 2} nodes form one mesh', form):
            firsts = members[::2]
            for author in firsts:
                tap.case(f'{title}: what {author.name} says all hear, once', lambda a=author: publish(a, f'from-{a.name}'))
            if not signed:
                large = firsts[:1]  # nobody tells two of the same bytes apart
            else:
                large = firsts
            for author in large:
                tap.case(f'{title}: 500 kB of {author.name} too', lambda a=author: publish_large(a))
            tap.case(f'{title}: twenty messages from everywhere arrive once each', publish_many)
            for author in firsts:
                tap.case(f'{title}: {author.name} says something from outside', lambda a=author: publish_outside(a))
    finally:
        stop(members)


# ---- kad ----

def operate(member, command):
    """An operation to its end: what it found, the values it had, and how it ended."""
    member.process.stdin.write(command + '\n')
    member.process.stdin.flush()
    found = []
    while True:
        line = member.line('')
        if line.startswith(('found ', 'value ')):
            found.append(line.split(' ')[1])
        elif line.startswith('ok kad '):
            return found, line.rsplit('not found', 1)[0] == line
        elif line.startswith('error ' + command.split(' ')[0]):
            raise RuntimeError(f'{member.name}: {line}')


def new_key():
    return '1220' + hashlib.sha256(os.urandom(32)).hexdigest()


def records(members, putter, getters):
    key, value = f'/test/{os.urandom(8).hex()}', f'from-{putter.name}'
    want(operate(putter, f'put {key} {value}')[1], 'nobody keeps it')
    for g in getters:
        want(value in operate(g, f'get {key}')[0], f'{g.name} does not get it')


def providers(provider, finders):
    key = new_key()
    want(operate(provider, f'provide {key}')[1], 'nobody keeps it')
    for f in finders:
        want(provider.id in operate(f, f'providers {key}')[0], f'{f.name} does not find it')


def nobody(finder):
    found, ok = operate(finder, f'providers {new_key()}')
    want(not ok and not found, f'{finder.name} finds what nobody provides: {found}')


def kad(tap, programs):
    members = []

    def form():
        members.extend(start(programs, ['--kad', 'server', '--kad-protocol', KAD], ['--kad', KAD]))
        # A chain: each knows who is before it and behind it, so others are found through it.
        for a, b in zip(members, members[1:]):
            b.ask(f'dial {a.addr}', f'connected {a.id}')
            b.line(f'identified {a.id}')
        for m in members:
            until(f'the table of {m.name} stayed empty', lambda m=m: figure(m.ask('kadstats', 'ok kadstats'), 'peers') >= 1)
    try:
        if not tap.case(f'kad: {len(programs) * 2} nodes form one network', form):
            return
        firsts, seconds = members[::2], members[1::2]
        for a in firsts:
            others = [m for m in seconds if m.name != a.name]
            tap.case(f'kad: what {a.name} puts the others get', lambda a=a, o=others: records(members, a, o))
            tap.case(f'kad: what {a.name} provides the others find', lambda a=a, o=others: providers(a, o))
            tap.case(f'kad: {a.name} finds nobody who provides what nobody does', lambda a=a: nobody(a))
            tap.case(f'kad: {a.name} finds the others without having met',
                     lambda a=a, o=others: [want(m.id in operate(a, f'find {m.id}')[0], f'{m.name} is not found') for m in o])
    finally:
        stop(members)


def main():
    programs = [('ours', sys.argv[1]), *(a.split('=', 1) for a in sys.argv[2:])]
    tap = Tap()
    for policy in ('signed', 'unsigned'):
        gossip(tap, programs, policy)
    kad(tap, programs)
    print(f'1..{tap.count}')
    return 1 if tap.failed else 0


if __name__ == '__main__':
    sys.exit(main())
