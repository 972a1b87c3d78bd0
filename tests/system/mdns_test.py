#!/usr/bin/env python3
"""A server, a peer that serves no wallets, and daemons as processes: who is heard on the local network, and who is used.
usage: mdns_test.py PASSMESH PASSMESH_SERVER P2P_NODE"""
import subprocess
import time

from world import P2P_NODE, free_port, main, until

QUIET_S = 4  # long enough for two questions and their answers


def run(world):
    stranger = world.start(P2P_NODE, '--listen', '/ip4/127.0.0.1/tcp/0', '--mdns', str(world.port))
    stranger_id = stranger.line('ready ').split()[1]
    if 'nomdns' in stranger.seen:
        yield 'mDNS # SKIP no interface of this machine lets us into a multicast group', True
        return
    server = world.server('server', 'mdns = yes\n')
    silent = world.server('silent', '')
    server_id, silent_id = server.ready['peer_id'], silent.ready['peer_id']
    daemon = world.daemon('wallet', '')
    deaf = world.daemon('deaf', 'mdns = no\n')
    named = world.daemon('named', f'server = {server.ready["listen"][0]}\n')

    peer = until('the server is found', lambda: world.peers(daemon).get(server_id))
    yield 'a server that announces itself is found', True
    yield 'its place in the API is mdns', peer['found'] == 'mdns' and peer['direction'] == 'out'
    until('it says what it serves', lambda: world.peers(daemon)[server_id]['server'])
    yield 'the command line says so in words', 'found on this network' in world.ask(daemon, 'peers')
    text = stranger.line('connected ')
    yield 'a peer that serves no wallets is looked at', text.split()[2] == 'in'
    stranger.line('disconnected ')
    yield 'and left', stranger_id not in world.peers(daemon)

    until('the named server is connected', lambda: world.peers(named).get(server_id))
    time.sleep(QUIET_S)
    yield 'a server that was named stays named', world.peers(named)[server_id]['found'] == 'manual'
    yield 'a server on loopback says nothing of itself unless asked', silent_id not in world.peers(daemon)
    yield 'a daemon with mdns = no finds nobody', world.peers(deaf) == {}

    named.stop()
    world.children.remove(named)
    gone = f'/ip4/127.0.0.1/tcp/{free_port()}/p2p/{server_id}'
    named = world.daemon('named', f'mdns = no\ndht = no\nserver = {gone}\n')
    until('it is met where it was met before', lambda: world.peers(named).get(server_id))
    yield 'a daemon that starts again first dials what worked, not what it is told now', True
    yield 'who was left is not dialled again soon', stranger_id not in world.peers(daemon)

    if subprocess.run(('hostname', '-I'), capture_output=True, text=True, check=True).stdout.strip():
        wide = world.server('wide', '', host='0.0.0.0')
        until('the server on every interface is heard', lambda: stranger.heard(wide.ready['peer_id']))
        yield 'a server on every interface announces itself unasked, and not at loopback', not any(
            '/127.' in line for line in stranger.heard(wide.ready['peer_id']))
        yield 'a wallet of the local test network stays on this machine', wide.ready['peer_id'] not in world.peers(daemon)
    else:
        yield 'a server on every interface # SKIP this machine has loopback alone', True

    server.stop()
    until('the server has gone', lambda: server_id not in world.peers(daemon))
    world.children.remove(server)
    again = world.server('server', 'mdns = yes\n')
    until('it is found at its new port', lambda: world.peers(daemon).get(again.ready['peer_id']))
    yield 'a server that comes back at another port is found there', True


main(run)
