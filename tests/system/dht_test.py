#!/usr/bin/env python3
"""Servers that say in the DHT what they serve, and daemons that know one of them and find the others, as processes.
usage: dht_test.py PASSMESH PASSMESH_SERVER P2P_NODE"""
import hashlib
import json
import subprocess
import time

from world import P2P_NODE, PASSMESH, SERVER, main, until

NOBODY = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'
TOPIC = 'web3-wallet/servers/1'
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


def net(world, daemon, *words):
    """passmesh net WORDS: its exit code, and what it said in JSON."""
    done = subprocess.run((PASSMESH, '--home', str(daemon.home), '--json', 'net', *words), capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}


def server_net(server, *words):
    done = subprocess.run((SERVER, '--home', str(server.home), '--json', 'net', *words), capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}


def figure(server, name):
    """One figure of passmesh-server metrics."""
    text = subprocess.run((SERVER, '--home', str(server.home), 'metrics'), capture_output=True, text=True).stdout
    return next((int(line.split()[-1]) for line in text.splitlines() if line.rsplit(' ', 1)[0] == name), None)


def look_around_a_server(first, second):
    """passmesh-server net says the same of a server."""
    second_id = second.ready['peer_id']
    code, state = server_net(first)
    yield 'a server\'s net: it is a server of the DHT', code == 0 and state['dht']['mode'] == 'server' and second_id in [p['id'] for p in state['peers']]
    mesh = until('servers are in one mesh', lambda: [t for t in server_net(first)[1]['topics'] if second_id in t['mesh']])
    yield 'servers are in the topic in which they tell of themselves', [(t['topic'], t['subscribed']) for t in mesh] == [(TOPIC, True)]
    yield 'each says what the other is worth', any(p['id'] == second_id and p['gossip_score'] > 0 and 'gossip' in [t['tag'] for t in p['tags']]
                                                   for p in server_net(first)[1]['peers'])
    until('they have heard of each other', lambda: all(figure(s, 'passmesh_descriptors') == 1 for s in (first, second)))
    yield 'what they tell is taken', figure(first, 'passmesh_descriptors_total{verdict="taken"}') == 1 and figure(first, 'passmesh_descriptors_told_total') == 1
    code, ping = server_net(first, 'ping', second_id, '2')
    yield 'it pings', code == 0 and len(ping['pings']) == 2
    code, trace = server_net(first, 'trace', second_id)
    yield 'it traces', code == 0 and trace['outcome'] == 'connected' and trace['connection']['id'] == second_id
    code, found = server_net(first, 'find', NOBODY)
    yield 'and finds nobody where nobody is', code == 1 and found['outcome'] == 'not_found'
    yield 'words that mean nobody are refused there too', [server_net(first, *w)[0] for w in (('find',), ('find', 'x'), ('ping', second_id, '0'), ('seek', second_id))] == [2] * 4


def look_around(world, daemon, first, second):
    """What passmesh net says of the wallet's place, and of the ways to its peers."""
    first_id, second_id = first.ready['peer_id'], second.ready['peer_id']
    code, state = net(world, daemon)
    peer = {p['id']: p for p in state['peers']}[first_id]
    yield 'net: a peer, and what its connection is made of', code == 0 and peer['transport'] == 'tcp' and peer['muxer'] == 'yamux' \
        and '/web3-wallet/1.0' in peer['protocols'] and peer['memory_used'] > 0
    yield 'the wallet is a client of the DHT, with servers in its table', state['dht']['mode'] == 'client' and \
        sum(b['peers'] for b in state['dht']['buckets']) == state['dht']['peers'] >= 2
    yield 'no scope is over its limit', all(b['used'] <= b['used_max'] <= b['limit'] for b in state['budget'])
    text = world.ask(daemon, 'net')
    yield 'and all of that in words', all(w in text for w in ('Outside    unknown: it takes no connections', 'DHT        client', 'Gossip', 'Budget'))
    code, ping = net(world, daemon, 'ping', first_id, '2')
    yield 'net ping: over the connection that there is', code == 0 and ping['was_connected'] and [p['answered'] for p in ping['pings']] == [True, True]
    code, found = net(world, daemon, 'find', second_id)
    yield 'net find: its address, and who was asked for it', code == 0 and second.ready['listen'][0].startswith(found['addresses'][0]) \
        and any(s['state'] == 'answered' for s in found['lookup']['steps'])
    code, found = net(world, daemon, 'find', NOBODY)
    yield 'somebody who is not there is not found', code == 1 and found['outcome'] == 'not_found'
    code, trace = net(world, daemon, 'trace', f'/ip4/127.0.0.1/tcp/9/p2p/{NOBODY}')
    yield 'net trace: the address that was tried, and why it failed', code == 1 and trace['outcome'] == 'unreachable' \
        and [(d['address'][:21], d['state'], d['why']) for d in trace['dial']] == [('/ip4/127.0.0.1/tcp/9/', 'failed', 'cannot connect')]
    alone = world.daemon('tracer', f'mdns = no\nserver = {first.ready["listen"][0]}\n')
    until('it is connected', lambda: first_id in world.peers(alone))
    code, trace = net(world, alone, 'trace', second_id)
    yield 'net trace: a server, by whichever way was open', code == 0 and trace['outcome'] == 'connected' and \
        (trace['was_connected'] or trace['dial'][-1]['state'] == 'connected') and trace['connection']['id'] == second_id
    yield 'words that mean nobody are refused', net(world, daemon, 'find', 'somebody')[0] == 2 and net(world, daemon, 'find')[0] == 2


def ask_around(world, asker, first_id, second_id, quiet_id):
    """A daemon outside the DHT and the topic, whose server has heard of the other one."""
    peer = until('the other server is found', lambda: world.peers(asker).get(second_id))
    yield 'a daemon asks its server and finds the one that the topic told of', peer['found'] == 'gossip' and peer['direction'] == 'out'
    yield 'in words too', 'told of by a server' in world.ask(asker, 'peers')
    until('each has told of the other', lambda: net(world, asker)[1]['directory']['held'] == 2)
    code, state = net(world, asker)
    tags = {p['id']: [t['tag'] for t in p['tags'] if t['protects']] for p in state['peers']}
    yield 'it holds what the server told it, and says what came of it', code == 0 and {'verdict': 'taken', 'count': 2} in state['directory']['verdicts'] and state['topics'] == []
    yield 'and keeps the server that the person named', tags[first_id] == ['server']
    yield 'a server that tells nothing is not told of', quiet_id not in tags


def meet(world, addr, met_id, quiet_id):
    """A daemon that asks nobody but the first server's rendezvous point."""
    seeker = world.daemon('seeker', f'mdns = no\ndht = no\ndirectory = no\nserver = {addr}\n')
    peer = until('it is found', lambda: world.peers(seeker).get(met_id))
    yield 'a daemon asks a rendezvous point and finds who is registered there', peer['found'] == 'rendezvous' and peer['direction'] == 'out'
    yield 'in words, and in figures', 'registered at a rendezvous point' in world.ask(seeker, 'peers') \
        and json.loads(world.ask(seeker, '--json', 'network'))['by_source']['rendezvous'] >= 1
    yield 'who has not registered is not there', quiet_id not in world.peers(seeker)


def run(world):
    first = world.server('first', '')
    addr, first_id = first.ready['listen'][0], first.ready['peer_id']
    second = world.server('second', f'bootstrap = {addr}\n')
    quiet = world.server('quiet', f'bootstrap = {addr}\ndht = no\ngossip = no\nrendezvous = no\n')
    second_id, quiet_id = second.ready['peer_id'], quiet.ready['peer_id']
    node = world.start(P2P_NODE, '--listen', '/ip4/127.0.0.1/tcp/0', '--kad', 'server')
    node.line('ready ')
    node.process.stdin.write(f'dial {addr}\n')
    node.process.stdin.flush()
    node.line('connected ')
    named = until('both servers stand in the DHT', lambda: (all_named := providers(node, key_now())) >= {first_id, second_id} and all_named)
    yield 'servers stand under the key of the day', named == {first_id, second_id}
    daemon = world.daemon('wallet', f'mdns = no\ndirectory = no\nrendezvous = no\nserver = {addr}\n')
    alone = world.daemon('alone', f'mdns = no\ndht = no\ndirectory = no\nrendezvous = no\nserver = {addr}\n')
    asker = world.daemon('asker', f'mdns = no\ndht = no\nrendezvous = no\nserver = {addr}\n')

    peer = until('the second server is found', lambda: world.peers(daemon).get(second_id))
    yield 'a daemon that knows one server finds another', peer['found'] == 'dht' and peer['direction'] == 'out'
    until('its record is found', lambda: any('a server is named' in text for text in daemon.log))
    yield 'by its record', True
    until('it says what it serves', lambda: world.peers(daemon)[second_id]['server'])
    yield 'the command line says so in words', 'found in the DHT' in world.ask(daemon, 'peers')
    yield 'a wallet that takes no connections says so', 'unknown: it takes no connections' in world.ask(daemon, 'network')
    yield 'who was named stays named', world.peers(daemon)[first_id]['found'] == 'manual'

    guest = world.daemon('guest', f'mdns = no\nrendezvous = no\nlisten = /ip4/127.0.0.1/tcp/0\nserver = {addr}\n')
    until('servers dial the wallet that listens', lambda: world.reach(guest)['state'] == 'reachable')
    yield 'a wallet that listens is dialled, and says so', world.reach(guest)['why']['code'] == 'dialled' and 'reachable: a peer dialled us' in world.ask(guest, 'network')

    until('the other daemon is connected', lambda: world.peers(alone).get(first_id))
    time.sleep(QUIET_S)
    yield 'a daemon with dht = no, directory = no and rendezvous = no finds nobody', list(world.peers(alone)) == [first_id]
    yield 'a server with dht = no, gossip = no and rendezvous = no is found by nobody', quiet_id not in world.peers(daemon)

    yield from look_around(world, daemon, first, second)
    yield from look_around_a_server(first, second)
    yield from ask_around(world, asker, first_id, second_id, quiet_id)
    yield from meet(world, addr, second_id, quiet_id)
    second.stop()
    until('the second server has gone', lambda: second_id not in world.peers(daemon))
    world.children.remove(second)
    again = world.server('second', f'bootstrap = {addr}\n')
    until('it is found at its new port', lambda: world.peers(daemon).get(again.ready['peer_id']))
    yield 'a server that comes back at another port is found there', True


main(run)
