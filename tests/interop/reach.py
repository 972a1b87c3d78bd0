#!/usr/bin/env python3
"""reach.py OURS NAME PEER: how our test node and another implementation's find and reach each other, as TAP.

AutoNAT v2 with either side asking; circuit relay v2 with each as relay, source and target, in every combination but theirs alone;
DCUtR with either side upgrading; mDNS. Runs where this machine has the public addresses below (reach.sh). Peers take the commands of
tests/peers/p2p_node.c."""
import sys

from pair import Peer, Tap, want

HERE, THERE = '/ip4/8.8.8.1/tcp/0', '/ip4/9.9.9.1/tcp/0'
CLOSED = '/ip4/8.8.8.1/tcp/1'
NOBODY = '12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq'
BYTES = 50_000  # below the 128 KiB that a relay carries
MDNS_PORT = '5353'


class Nodes:
    """Starts nodes of either side, and ends them all."""

    def __init__(self, ours, theirs):
        self.programs, self.running = {'ours': ours, 'theirs': theirs}, []

    def start(self, side, listen, *args):
        node = Peer([self.programs[side], *args], listen)
        node.side = side
        self.running.append(node)
        return node

    def stop(self):
        for node in self.running:
            node.stop()
        self.running.clear()


def bare(node):
    return node.addr.split('/p2p/')[0]


def connect(by, to):
    by.ask(f'dial {to.addr}', f'connected {to.id}')
    by.line(f'identified {to.id}')


# ---- AutoNAT ----

def autonat(nodes, asker, server, is_open):
    """The asker's listening address is reachable, a closed port is not."""
    args = {'ours': ['--autonat', 'server'], 'theirs': ['--autonat']}
    there = nodes.start(server, THERE, *args[server])
    here = nodes.start(asker, HERE, *(['--autonat', 'client'] if asker == 'ours' else args[asker]))
    connect(here, there)
    addr = bare(here) if is_open else CLOSED
    here.ask(f'reach {addr}', f'verdict {addr} {"reachable" if is_open else "unreachable"}')


# ---- relays ----

def relay_of(nodes, side):
    return nodes.start(side, HERE, '--relay')


def target_of(nodes, side, relay, listen=None, *args):
    node = nodes.start(side, listen, '--circuit', *args)
    node.at = node.ask(f'reserve {relay.addr}', 'circuit ').split()[1]
    if side == 'ours':
        node.line('reserved ')
    return node


def relayed(nodes, relay_side, source_side, target_side):
    relay = relay_of(nodes, relay_side)
    target = target_of(nodes, target_side, relay)
    source = nodes.start(source_side, None, '--circuit')
    line = source.ask(f'dial {target.at}', f'connected {target.id}')
    want(line.endswith(' relayed'), f'not relayed: {line}')
    source.line(f'identified {target.id}')
    source.ask(f'ping {target.id}', 'ok ping')
    source.ask(f'echo {target.id} {BYTES}', 'ok echo')
    if relay_side == 'ours':
        stats = relay.ask('relaystats', 'ok relaystats')
        want('reservations=1 circuits=1 ' in stats, stats)


def refused(nodes, relay_side, source_side):
    relay = relay_of(nodes, relay_side)
    source = nodes.start(source_side, None, '--circuit')
    try:
        source.ask(f'dial {relay.addr}/p2p-circuit/p2p/{NOBODY}', f'connected {NOBODY}')
    except RuntimeError as e:
        want('error dial' in str(e), str(e))
        return
    raise RuntimeError('connected to whom nobody reserved for')


def upgraded(nodes, source_side, target_side):
    """The target begins the upgrade of what the source made; bytes then go without the relay."""
    relay = relay_of(nodes, 'ours')
    target = target_of(nodes, target_side, relay, HERE, '--dcutr')
    source = nodes.start(source_side, THERE, '--circuit', '--dcutr')
    source.ask(f'dial {target.at}', f'connected {target.id}')
    source.line(f'direct {target.id}')
    source.ask(f'echo {target.id} 1000000', 'ok echo')  # more than a relay carries


# ---- mDNS ----

def mdns(nodes):
    ours = nodes.start('ours', HERE, '--mdns', MDNS_PORT)
    theirs = nodes.start('theirs', HERE, '--mdns')
    line = ours.line('discovered ')
    want(line.split()[1] == theirs.addr, f'{line} is not {theirs.addr}')
    line = theirs.line('discovered ')
    want(line.split()[1] == ours.addr, f'{line} is not {ours.addr}')
    theirs.ask(f'dial {ours.addr}', f'connected {ours.id}')


def cases(name):
    both = (('ours', 'theirs'), ('theirs', 'ours'))
    named = {'ours': 'we', 'theirs': name}
    for asker, server in both:
        yield f'AutoNAT v2: {named[asker]} ask, of what is open', autonat, (asker, server, True)
        yield f'AutoNAT v2: {named[asker]} ask, of what is closed', autonat, (asker, server, False)
    for relay in ('ours', 'theirs'):
        for source in ('ours', 'theirs'):
            for target in ('ours', 'theirs'):
                if 'ours' in (relay, source, target):
                    yield f'relay: {relay}, source: {source}, target: {target}', relayed, (relay, source, target)
    for relay, source in both:
        yield f'relay: {relay}: {named[source]} may not come to whom nobody reserved for', refused, (relay, source)
    for source, target in both:
        yield f'DCUtR: {named[target]} upgrade what {named[source]} made', upgraded, (source, target)
    yield 'mDNS: each finds the other, and the address works', mdns, ()


def main():
    ours, name, theirs = sys.argv[1:]
    tap, nodes = Tap(), Nodes(ours, theirs)
    for title, work, args in cases(name):
        try:
            tap.case(f'{name}: {title}', lambda: work(nodes, *args))
        finally:
            nodes.stop()
    print(f'1..{tap.count}')
    return 1 if tap.failed else 0


if __name__ == '__main__':
    sys.exit(main())
