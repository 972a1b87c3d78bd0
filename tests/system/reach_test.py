#!/usr/bin/env python3
"""Servers on the internet and behind home routers, each in a network namespace, made by an ordinary user: who finds out that it can
be reached, and what it tells the DHT. The routers are the kernel's own NAT (nftables).
usage: reach_test.py PASSMESH PASSMESH_SERVER P2P_NODE"""
import json
import pathlib
import subprocess
import sys
import time

import internet

internet.enter('miniupnpd')

import world as processes  # noqa: E402
from internet import Internet, inside, sh  # noqa: E402
from world import PASSMESH, SERVER, Child, free_port, main, until, write  # noqa: E402

processes.WAIT_S = 120  # a dial to a closed port takes ten seconds, and several are tried

NODE = 'http://127.0.0.1:9'  # nobody: what is looked at here needs no chain


def start(world, where, ini=''):
    home = world.top / where
    write(home / 'config/server.ini', f'[server]\nmdns = no\nlisten = /ip4/0.0.0.0/tcp/4001\nlisten = /ip4/0.0.0.0/udp/4001/quic-v1\n{ini}')
    child = world.start(*inside(where), SERVER, '--home', str(home), '--network', 'sepolia', '--node', NODE, '--json')
    child.home = home
    child.ready = json.loads(child.line('{'))
    return child


def start_wallet(world, where, peers):
    """A daemon, which dials these servers, and listens."""
    home = world.top / where
    write(home / 'config/passmesh.ini', f'[page]\nport = {free_port()}\n[peers]\nmdns = no\nlisten = /ip4/0.0.0.0/udp/4001/quic-v1\n'
          + ''.join(f'server = {p}\n' for p in peers))
    child = world.start(*inside(where), PASSMESH, '--home', str(home), 'daemon', env={'PASSMESH_UI': str(world.top / 'ui')})
    child.home = home
    until('the daemon is ready', lambda: any('ready at' in text for text in child.log))
    return child


def status(server):
    out = subprocess.run([SERVER, '--home', str(server.home), 'status', '--json'], capture_output=True, text=True, check=True).stdout
    return json.loads(out)


def reach(server):
    return status(server)['reach']


def verdict(name, server, wanted):
    try:
        until(name, lambda: reach(server)['state'] == wanted)
    except TimeoutError:
        print('#', json.dumps(status(server)))
        raise
    return reach(server)


def run(world, net):
    net.place('one', '8.8.8')
    net.place('two', '9.9.9')
    net.home('cone', '7.7.7', 'masquerade')
    net.home('sym', '6.6.6', 'masquerade fully-random')
    one = start(world, 'one')
    yield 'alone nobody knows', reach(one)['state'] == 'unknown'
    ids = {'one': one.ready['peer_id']}
    two = start(world, 'two', f'bootstrap = /ip4/8.8.8.2/tcp/4001/p2p/{ids["one"]}\n')
    ids['two'] = two.ready['peer_id']
    r = verdict('the second server is reachable', two, 'reachable')
    yield 'of two on the internet the one that dials knows that it is reachable', r['why'] == 'dialled'
    yield 'at its own address', any(a['address'] == '/ip4/9.9.9.2/tcp/4001' and a['state'] == 'reachable' for a in r['addresses'])
    verdict('the first server is reachable', one, 'reachable')
    yield 'and so does the one that is dialled', True
    until('they stand in the DHT', lambda: status(two)['dht'] == 'stored')
    yield 'what is confirmed is told to the DHT', True

    quic = ''.join(f'bootstrap = /ip4/{ip}/udp/4001/quic-v1/p2p/{ids[i]}\n' for i, ip in (('one', '8.8.8.2'), ('two', '9.9.9.2')))
    servers = [line.split(' = ')[1] for line in quic.splitlines()]
    net.place('wallet', '2.2.2')
    net.home('shy', '1.1.1', 'masquerade')
    wallet, shy = start_wallet(world, 'wallet', servers), start_wallet(world, 'shy', servers)
    cone = start(world, 'cone', quic)
    r = verdict('the one behind a router', cone, 'punchable')
    yield 'behind a router that keeps its ports: punchable', r['why'] == 'same_port'
    yield 'it announces no address, and so is not in the DHT', status(cone)['dht'] == 'not_stored'
    yield 'its operator is told', any(p['code'] == 'not_reachable' for p in status(cone)['problems'])
    sym = start(world, 'sym', quic)
    r = verdict('the one behind the other router', sym, 'relayed')
    yield 'behind a router that draws a port for each peer: relayed only', r['why'] in ('ports_differ', 'no_dial')

    until('the wallet is reachable', lambda: world.reach(wallet)['state'] == 'reachable')
    yield 'a wallet on the internet is reachable, and says why', 'reachable: a peer dialled us and arrived' in world.ask(wallet, 'network')
    until('the wallet behind a router', lambda: world.reach(shy)['state'] == 'punchable')
    yield 'one behind a router is punchable, and says why', 'behind NAT but punchable: no dial arrived, but the router keeps one port' in world.ask(shy, 'network')
    for daemon in (wallet, shy):
        daemon.stop()
        world.children.remove(daemon)

    sh('ip netns exec rcone nft add chain ip nat in "{ type nat hook prerouting priority -100; }"\n'
       'ip netns exec rcone nft add rule ip nat in iifname eth0 tcp dport 4001 dnat to 192.168.1.2:4001')
    cone.stop()
    world.children.remove(cone)
    cone = start(world, 'cone', quic)
    r = verdict('the one whose port was forwarded', cone, 'reachable')
    yield 'with a port forwarded by hand: reachable', any(a['address'] == '/ip4/7.7.7.2/tcp/4001' for a in r['addresses'])
    until('it stands in the DHT', lambda: status(cone)['dht'] == 'stored')
    yield 'and in the DHT', True
    return quic


def opens(world, net, quic, name, how):
    """The server behind the router called name, which opens the ports by this protocol."""
    server = start(world, name, quic)
    r = verdict(f'the one whose router speaks {how}', server, 'reachable')
    yield f'a router that speaks {how} opens the ports: reachable through them', r['why'] == 'dialled_mapped'
    yield 'by that protocol', r['router'] == {'state': 'open', 'how': how}
    yield 'both ports', net.opened(name) == 2
    until('its addresses are announced', lambda: status(server)['dht'] == 'stored')
    yield 'and it is in the DHT', True
    return server


def ends(world, net, name, server):
    server.stop()
    world.children.remove(server)
    yield 'at its end it takes them back', net.opened(name) == 0


def run_routers(world, net, quic):
    """miniupnpd speaks PCP and NAT-PMP on one port, both or neither."""
    for name, outer, options, how in (('pcp', '5.5.5', 'enable_natpmp=yes\nenable_upnp=yes\n', 'pcp'),
                                      ('upnp', '4.4.4', 'enable_natpmp=no\nenable_upnp=yes\n', 'upnp')):
        router = net.helpful(world, name, outer, options)
        time.sleep(1)
        server = yield from opens(world, net, quic, name, how)
        log = (world.top / f'{name}.log').read_text()
        yield f'miniupnpd says so ({how})', log.count('PCP MAP: ') == (2 if how == 'pcp' else 0) and 'NAT-PMP request' not in log
        yield from ends(world, net, name, server)
        log = (world.top / f'{name}.log').read_text()
        yield 'and that they are closed', log.count('mapping removed') == (2 if how == 'pcp' else 0)
        router.terminate()
        router.wait()


def small_router(name, mode, outer):
    router = Child(*inside(f'r{name}'), sys.executable, str(pathlib.Path(__file__).with_name('small_router.py')), mode, outer)
    router.line('ready')
    return router


def run_natpmp(world, net, quic):
    net.willing('pmp', '13.13.13')
    router = small_router('pmp', 'natpmp', '13.13.13.2')
    server = yield from opens(world, net, quic, 'pmp', 'nat-pmp')
    router.line('version 0 udp')
    versions = [line.split()[1] for line in router.seen if line.startswith('version')]
    yield 'a router of NAT-PMP alone is asked by PCP first, then as it wants', versions[0] == '2' and '2' not in versions[versions.index('0'):]
    yield from ends(world, net, 'pmp', server)
    router.process.kill()
    router.process.wait()


def run_refusal(world, net, quic):
    net.willing('mean', '14.14.14')
    router = small_router('mean', 'refuse', '14.14.14.2')
    server = start(world, 'mean', quic)
    until('the mapper has been told', lambda: reach(server)['router']['state'] != 'asking')
    yield 'a router that refuses says why', reach(server)['router'] == {
        'state': 'refused', 'how': 'pcp', 'why': 'not_authorized', 'why_words': 'it does not let this machine open ports'}
    server.stop()
    world.children.remove(server)
    router.process.kill()
    router.process.wait()


def run_liars(world, net, quic):
    net.home('prey', '3.3.3', 'masquerade')
    sh('ip -n rprey addr add 192.168.1.3/24 dev lan0')
    liar_path = pathlib.Path(__file__).with_name('lying_router.py')
    for mode in ('elsewhere', 'flood', 'nonsense'):
        liar = Child(*inside('rprey'), sys.executable, str(liar_path), mode, '192.168.1.1', '192.168.1.3')
        liar.line('ready')
        server = start(world, 'prey', quic)
        liar.line('description')
        until('the mapper has given up', lambda: reach(server)['router']['state'] != 'asking')
        yield f'a router that lies ({mode}) opens nothing', reach(server)['router']['state'] in ('none', 'refused')
        verdict('the one with the lying router', server, 'punchable')
        yield 'the server goes on', status(server)['state'] in ('starting', 'running')
        server.stop()
        world.children.remove(server)
        liar.process.kill()
        liar.process.wait()
        while not liar.lines.empty():
            liar.seen.append(liar.lines.get())
        yield 'and nobody was led elsewhere', 'elsewhere' not in liar.seen


def run_all(world):
    net = Internet()
    quic = yield from run(world, net)
    yield from run_routers(world, net, quic)
    yield from run_natpmp(world, net, quic)
    yield from run_refusal(world, net, quic)
    yield from run_liars(world, net, quic)


main(run_all)
