#!/usr/bin/env python3
"""Servers that say in the DHT what they serve, and daemons that know one of them and find the others, as processes.
usage: dht_test.py PASSMESH PASSMESH_SERVER P2P_NODE"""
import hashlib
import time

from world import P2P_NODE, main, until

QUIET_S = 4  # long enough for two searches


def key_now():
    """Of docs/protocol.md, "Finding servers"."""
    text = f'/web3-wallet/1.0/servers/31337/{int(time.time()) // 86400}'
    return '1220' + hashlib.sha256(text.encode()).hexdigest()


def providers(node, key):
    """Whom the DHT names to a node that is neither server nor wallet."""
    node.process.stdin.write(f'providers {key}\n')
    node.process.stdin.flush()
    at = len(node.seen)
    node.line('ok kad ')
    return {line.split()[1] for line in node.seen[at:] if line.startswith('found ')}


def run(world):
    first = world.server('first', '')
    addr, first_id = first.ready['listen'][0], first.ready['peer_id']
    second = world.server('second', f'bootstrap = {addr}\n')
    quiet = world.server('quiet', f'bootstrap = {addr}\ndht = no\n')
    second_id, quiet_id = second.ready['peer_id'], quiet.ready['peer_id']
    node = world.start(P2P_NODE, '--listen', '/ip4/127.0.0.1/tcp/0', '--kad', 'server')
    node.line('ready ')
    node.process.stdin.write(f'dial {addr}\n')
    node.process.stdin.flush()
    node.line('connected ')
    named = until('both servers stand in the DHT', lambda: (all_named := providers(node, key_now())) >= {first_id, second_id} and all_named)
    yield 'servers stand under the key of the day', named == {first_id, second_id}
    daemon = world.daemon('wallet', f'mdns = no\nserver = {addr}\n')
    alone = world.daemon('alone', f'mdns = no\ndht = no\nserver = {addr}\n')

    peer = until('the second server is found', lambda: world.peers(daemon).get(second_id))
    yield 'a daemon that knows one server finds another', peer['found'] == 'dht' and peer['direction'] == 'out'
    until('its record is found', lambda: any('a server is named' in text for text in daemon.log))
    yield 'by its record', True
    until('it says what it serves', lambda: world.peers(daemon)[second_id]['server'])
    yield 'the command line says so in words', 'found in the DHT' in world.ask(daemon, 'peers')
    yield 'a wallet that takes no connections says so', 'unknown: it takes no connections' in world.ask(daemon, 'network')
    yield 'who was named stays named', world.peers(daemon)[first_id]['found'] == 'manual'

    guest = world.daemon('guest', f'mdns = no\nlisten = /ip4/127.0.0.1/tcp/0\nserver = {addr}\n')
    until('servers dial the wallet that listens', lambda: world.reach(guest)['state'] == 'reachable')
    yield 'a wallet that listens is dialled, and says so', world.reach(guest)['why']['code'] == 'dialled' and 'reachable: a peer dialled us' in world.ask(guest, 'network')

    until('the other daemon is connected', lambda: world.peers(alone).get(first_id))
    time.sleep(QUIET_S)
    yield 'a daemon with dht = no finds nobody', list(world.peers(alone)) == [first_id]
    yield 'a server with dht = no is found by nobody', quiet_id not in world.peers(daemon)

    second.stop()
    until('the second server has gone', lambda: second_id not in world.peers(daemon))
    world.children.remove(second)
    again = world.server('second', f'bootstrap = {addr}\n')
    until('it is found at its new port', lambda: world.peers(daemon).get(again.ready['peer_id']))
    yield 'a server that comes back at another port is found there', True


main(run)
