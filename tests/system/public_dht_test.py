#!/usr/bin/env python3
"""Servers that say in the public DHT what they serve, and daemons that know nobody and look there, if they may. Three nodes of ours that speak
/ipfs/kad/1.0.0 stand for the public DHT.
usage: public_dht_test.py PASSMESH PASSMESH_SERVER P2P_NODE"""
import hashlib
import json
import subprocess
import time

from world import P2P_NODE, SERVER, main, until

QUIET_S = 14  # a search begins ten seconds after the start
NOBODY_ELSE = 'mdns = no\ndht = no\ndirectory = no\nrendezvous = no\n'


def key_now():
    """Of docs/protocol.md, "Finding servers"."""
    text = f'/web3-wallet/1.0/servers/31337/{int(time.time()) // 86400}'
    return '1220' + hashlib.sha256(text.encode()).hexdigest()


def say(node, text):
    node.process.stdin.write(f'{text}\n')
    node.process.stdin.flush()


def ask(node, text, answer):
    say(node, text)
    return node.line(answer)


def stranger(world):
    """A node of the public DHT, which knows nobody yet."""
    node = world.start(P2P_NODE, '--listen', '/ip4/127.0.0.1/tcp/0', '--kad', 'server', '--kad-protocol', '/ipfs/kad/1.0.0')
    addr = node.line('listening ').split()[1]
    node.addr = f'{addr}/p2p/{node.line("ready ").split()[1]}' if '/p2p/' not in addr else addr
    return node


def providers(node, key):
    at = len(node.seen)
    ask(node, f'providers {key}', 'ok kad ')
    return {line.split()[1] for line in node.seen[at:] if line.startswith('found ')}


def network(world, daemon):
    return json.loads(world.ask(daemon, '--json', 'network'))


def status(server):
    return json.loads(subprocess.run((SERVER, '--home', str(server.home), '--json', 'status'), capture_output=True, text=True, check=True).stdout)


def handshakes(node):
    """How many connections the node has ever had."""
    return ask(node, 'stats', 'ok stats').split('handshakes=')[1].split()[0]


def found(world, daemon, server):
    peer = world.peers(daemon).get(server.ready['peer_id'])
    return peer and peer['found'] == 'public_dht' and peer


def run(world):
    public = [stranger(world) for _ in range(3)]
    for node in public[1:]:
        ask(node, f'dial {public[0].addr}', 'connected ')
    apart = 'dht = no\ngossip = no\nrendezvous = no\n'
    server = world.server('server', f'{apart}public_dht_peer = {public[0].addr}\n')
    quiet = world.server('quiet', f'{apart}public_dht = no\npublic_dht_peer = {public[0].addr}\n')
    local = world.server('local', apart)
    lone = stranger(world)  # whom nobody knows but one daemon
    asks = world.daemon('asks', f'{NOBODY_ELSE}public_dht_peer = {lone.addr}\n')
    never = world.daemon('never', f'{NOBODY_ELSE}public_dht = no\npublic_dht_peer = {lone.addr}\n')
    nowhere = world.daemon('nowhere', f'{NOBODY_ELSE}public_dht = yes\n')
    began = time.monotonic()

    until('the server stands in the public DHT', lambda: server.ready['peer_id'] in providers(public[2], key_now()))
    yield 'a server says in the public DHT which chain it serves', True
    daemon = world.daemon('wallet', f'{NOBODY_ELSE}public_dht = yes\npublic_dht_peer = {public[1].addr}\n')
    peer = until('the daemon finds the server', lambda: found(world, daemon, server))
    yield 'a daemon that knows nobody finds it there, and dials it', peer['direction'] == 'out'
    until('it says what it serves', lambda: world.peers(daemon)[server.ready['peer_id']]['server'])
    yield 'and asks it', True
    yield 'in words, and in figures', 'found in the public DHT of IPFS' in world.ask(daemon, 'peers') and network(world, daemon)['by_source']['public_dht'] == 1
    until('the visit ends', lambda: list(world.peers(daemon)) == [server.ready['peer_id']])
    yield 'and of the public DHT nobody stays connected', True

    time.sleep(max(0, began + QUIET_S - time.monotonic()))
    yield 'with public_dht = no, and on a local network without peers of it, nobody is there', providers(public[2], key_now()) == {server.ready['peer_id']}
    yield 'and each server says what came of it', [status(s)['public_dht'] for s in (server, quiet, local)] == ['stored', 'off', 'off']
    yield 'a daemon that must not, or was not allowed yet, has dialled nobody', handshakes(lone) == '0' and not world.peers(asks) and not world.peers(never)
    yield 'nor has one that has no way into a DHT of this machine', not world.peers(nowhere)
    yield 'each says so', [network(world, d)['public_dht'] for d in (asks, never, nowhere, daemon)] == ['ask', 'off', 'off', 'yes']
    words = world.ask(asks, 'network')
    yield 'the question says what is revealed, and to whom', all(w in words for w in ('IPFS', 'Strangers', 'IP address', 'passmesh network public-dht yes'))

    ask(lone, f'dial {public[0].addr}', 'connected ')
    world.ask(asks, 'network', 'public-dht', 'yes')
    until('it looks there', lambda: found(world, asks, server))
    yield 'once the person has said yes it finds the server', network(world, asks)['public_dht'] == 'yes'
    world.ask(asks, 'network', 'public-dht', 'no')
    yield 'and no is no', network(world, asks)['public_dht'] == 'no' and 'as you said' in world.ask(asks, 'network')


main(run)
