#!/usr/bin/env python3
"""Three nodes of kubo as the public DHT of IPFS, a server that publishes there, and a wallet that knows nobody: all in one network namespace, whose
loopback has addresses of the public internet, since kubo's DHT takes no others. Nothing leaves it. Server and wallet are on Sepolia, so that the
rules for strangers hold and not those of a local network; there is no chain behind them.
usage: kubo.py PASSMESH PASSMESH_SERVER P2P_NODE KUBO"""
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / 'system'))
from world import P2P_NODE, PASSMESH, SERVER, free_port, main, until, write  # noqa: E402

KUBO = os.path.realpath(sys.argv[4])
KUBO_HOSTS = ('8.8.8.1', '9.9.9.1', '64.6.64.1')
SERVER_HOST, NODE_HOST = '208.67.222.1', '185.228.168.1'
SEPOLIA = 11155111
NAME = '/web3-wallet/1.0/servers/{}/{}'  # docs/protocol.md, "Finding servers"


def enter():
    """Runs this program once more, in a namespace of its own."""
    if os.environ.get('PASSMESH_IN_NAMESPACE'):
        for host in (*KUBO_HOSTS, SERVER_HOST, NODE_HOST):
            subprocess.run(('ip', 'addr', 'add', f'{host}/32', 'dev', 'lo'), check=True)
        subprocess.run(('ip', 'link', 'set', 'lo', 'up'), check=True)
        return
    if subprocess.run(('unshare', '-Urn', 'true'), capture_output=True).returncode:
        print('1..0 # SKIP this system lets an ordinary user make no network namespace')
        sys.exit(0)
    os.execvpe('unshare', ('unshare', '-Urn', sys.executable, *sys.argv), {**os.environ, 'PASSMESH_IN_NAMESPACE': '1'})


def key_text():
    return NAME.format(SEPOLIA, int(time.time()) // 86400).encode()


def key_hex():
    return '1220' + hashlib.sha256(key_text()).hexdigest()


class Kubo:
    """One node: a server of the DHT under its public protocol, with nothing that leaves the machine."""

    def __init__(self, world, number, bootstrap):
        self.home = world.top / f'kubo{number}'
        self.env = {'IPFS_PATH': str(self.home), 'IPFS_TELEMETRY': 'off'}
        self.ask('init', '--empty-repo')
        path = self.home / 'config'
        config = json.loads(path.read_text())
        config['Addresses'].update(Swarm=[f'/ip4/{KUBO_HOSTS[number]}/tcp/4001'], API=f'/ip4/127.0.0.1/tcp/{free_port()}', Gateway=[])
        config.update(Bootstrap=bootstrap, AutoConf={'Enabled': False}, AutoTLS={'Enabled': False}, DNS={'Resolvers': {}}, Ipns={'DelegatedPublishers': []})
        config['Routing'] = {'Type': 'dhtserver', 'DelegatedRouters': []}
        config['Discovery'] = {'MDNS': {'Enabled': False}}
        config['Swarm'].update(DisableNatPortMap=True, RelayClient={'Enabled': False}, RelayService={'Enabled': False})
        path.write_text(json.dumps(config))
        self.id = config['Identity']['PeerID']
        self.addr = f'/ip4/{KUBO_HOSTS[number]}/tcp/4001/p2p/{self.id}'
        self.child = world.start(KUBO, 'daemon', env=self.env)
        self.child.line('Daemon is ready')

    def ask(self, *words, text=None):
        done = subprocess.run((KUBO, *words), input=text, capture_output=True, env={**os.environ, **self.env}, timeout=60)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, words, done.stdout, done.stderr)
        return done.stdout.decode().strip()

    def providers(self, cid):
        return self.ask('routing', 'findprovs', '--num-providers=5', cid).split()


def start_server(world, peers):
    home = world.top / 'server'
    write(home / 'config/server.ini', '[server]\ndht = no\ngossip = no\nrendezvous = no\nmdns = no\nport_mapping = no\n'
          f'announce = /ip4/{SERVER_HOST}/tcp/4002\n' + ''.join(f'public_dht_peer = {p}\n' for p in peers))
    child = world.start(SERVER, '--home', str(home), '--network', 'sepolia', '--node', 'http://127.0.0.1:9',
                        '--listen', f'/ip4/{SERVER_HOST}/tcp/4002', '--json')
    child.id = json.loads(child.line('{'))['peer_id']
    return child


def start_wallet(world, name, ini):
    home = world.top / name
    write(home / 'config/passmesh.ini', f'[page]\nport = {free_port()}\n[log]\nlevel = debug\n[peers]\ndht = no\nmdns = no\nrendezvous = no\ndirectory = no\n{ini}')
    child = world.start(PASSMESH, '--home', str(home), 'daemon', env={'PASSMESH_UI': str(world.top / 'ui')})
    child.home = home
    until('the daemon is ready', lambda: any('ready at' in text for text in child.log))
    world.ask(child, 'network', 'use', 'sepolia')
    return child


def named(node, key):
    """Whom the DHT names to a client of ours."""
    at = len(node.seen)
    node.process.stdin.write(f'providers {key}\n')
    node.process.stdin.flush()
    node.line('ok kad ')
    return {line.split()[1] for line in node.seen[at:] if line.startswith('found ')}


def run(world):
    kubos = []
    for number in range(len(KUBO_HOSTS)):
        kubos.append(Kubo(world, number, [k.addr for k in kubos]))
    until('they are connected', lambda: all(len(k.ask('swarm', 'peers').split()) >= 2 for k in kubos))
    cid = kubos[0].ask('block', 'put', '--cid-codec', 'raw', text=key_text())
    yield 'the key of the day is a CID of kubo\'s', cid.startswith('bafkrei')

    server = start_server(world, [kubos[0].addr])
    until('it is published', lambda: any('the public DHT keeps' in text for text in server.log))
    yield 'a server publishes what it serves', True
    yield 'kubo finds it, whichever node is asked', all(server.id in k.providers(cid) for k in kubos)
    yield 'with addresses: kubo dials it by its id alone', 'success' in kubos[2].ask('swarm', 'connect', f'/p2p/{server.id}')

    asks = start_wallet(world, 'asks', f'public_dht_peer = {kubos[1].addr}\n')
    wallet = start_wallet(world, 'wallet', f'public_dht = yes\npublic_dht_peer = {kubos[1].addr}\n')
    peer = until('the wallet finds it', lambda: world.peers(wallet).get(server.id))
    yield 'a wallet that knows nobody finds it through kubo, and dials it', peer['found'] == 'public_dht' and peer['direction'] == 'out'
    until('it says what it serves', lambda: world.peers(wallet)[server.id]['server'])
    yield 'it is a server', True
    until('the visit ends', lambda: list(world.peers(wallet)) == [server.id])
    yield 'and of kubo\'s nodes none stays connected', True

    kubos[2].ask('routing', 'provide', kubos[2].ask('block', 'put', '--cid-codec', 'raw', text=key_text()))
    node = world.start(P2P_NODE, '--listen', f'/ip4/{NODE_HOST}/tcp/0', '--kad', 'client', '--kad-protocol', '/ipfs/kad/1.0.0')
    node.line('ready ')
    node.process.stdin.write(f'dial {kubos[0].addr}\n')
    node.process.stdin.flush()
    node.line('connected ')
    until('what kubo provides we find', lambda: {kubos[2].id, server.id} <= named(node, key_hex()))
    yield 'what kubo provides we find, beside the server', True
    yield 'a wallet that was not allowed yet is connected to nobody', not world.peers(asks)


enter()
main(run)
