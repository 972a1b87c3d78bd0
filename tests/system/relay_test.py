#!/usr/bin/env python3
"""A server that nobody can dial, reached by a wallet through a relay and then directly: real processes, each site in a network
namespace behind a router that nftables makes, all by an ordinary user.
usage: relay_test.py PASSMESH PASSMESH_SERVER P2P_NODE

        relay 198.51.100.1 (the namespace that all routers are connected in)
          |                          |
    router .2 (masquerade)     router .3 (masquerade)
          |                          |
    server 10.2.0.2            wallet 10.3.0.2                a second wallet, at .1, behind no router
"""
import os
import subprocess
import sys

if 'PASSMESH_IN_NAMESPACE' not in os.environ:
    if subprocess.run(('unshare', '-Urnm', 'true'), capture_output=True).returncode:
        print('1..0 # SKIP this system lets an ordinary user make no network namespace')
        sys.exit(0)
    os.environ['PASSMESH_IN_NAMESPACE'] = '1'
    os.execvp('unshare', ('unshare', '-Urnm', sys.executable, *sys.argv))

from world import main, until  # noqa: E402

ROUTER = '''
table ip nat {
  chain out { type nat hook postrouting priority 100; oifname "wan" masquerade;
  }
}
table ip filter {
  chain input { type filter hook input priority 0; iifname "wan" ct state established,related accept; iifname "wan" drop;
  }
  chain forward { type filter hook forward priority 0; iifname "wan" ct state established,related accept; iifname "wan" drop;
  }
}
'''


def sh(command, text=None):
    subprocess.run(command, shell=True, check=True, input=text, text=True)


def make_net():
    sh('mount -t tmpfs t /run && mkdir /run/netns && ip link set lo up && ip link add net type bridge && '
       'ip addr add 198.51.100.1/24 dev net && ip link set net up')


def make_site(n):
    """A router at 198.51.100.N and a machine behind it; what runs a command there."""
    router, machine = f'router{n}', f'machine{n}'
    for name in (router, machine):
        sh(f'ip netns add {name} && ip netns exec {name} ip link set lo up')
    sh(f'ip link add wan{n} type veth peer name wan netns {router} && ip link set wan{n} master net up')
    sh(f'ip link add lan netns {router} type veth peer name eth netns {machine}')
    sh(f'ip netns exec {router} sh -c "ip addr add 198.51.100.{n}/24 dev wan && ip addr add 10.{n}.0.1/24 dev lan && '
       'ip link set wan up && ip link set lan up && echo 1 >/proc/sys/net/ipv4/ip_forward"')
    sh(f'ip netns exec {machine} sh -c "ip addr add 10.{n}.0.2/24 dev eth && ip link set eth up && ip route add default via 10.{n}.0.1"')
    sh(f'ip netns exec {router} nft -f -', ROUTER)
    return ('ip', 'netns', 'exec', machine)


def run(world):
    make_net()
    home, cafe = make_site(2), make_site(3)
    relay = world.server('relay', 'relay = yes\n', host='198.51.100.1')
    relay_addr = relay.ready['listen'][0]
    hidden = world.server('hidden', f'relay_at = {relay_addr}\n', host='10.2.0.2', inside=home)
    hidden_id = hidden.ready['peer_id']
    until('a reservation', lambda: any('relay: reached through' in text for text in hidden.log))
    yield 'a server behind a router reserves at a relay', True
    through = f'{relay_addr}/p2p-circuit/p2p/{hidden_id}'

    direct = world.daemon('direct', f'mdns = no\ndht = no\nserver = /ip4/198.51.100.2/tcp/4001/p2p/{hidden_id}\n', inside=cafe)
    wallet = world.daemon('wallet', f'mdns = no\ndht = no\nserver = {through}\n', inside=cafe)
    until('the wallet has the server', lambda: world.peers(wallet).get(hidden_id, {}).get('server'))
    yield 'a wallet behind another router uses it', True
    until('the connection is direct', lambda: any('became direct' in text for text in wallet.log))
    peer = world.peers(wallet)[hidden_id]
    yield f'the two meet halfway: {peer.get("address")}', 'p2p-circuit' not in str(peer)
    until('the circuit is closed', lambda: not any('p2p-circuit' in str(p) for p in world.peers(wallet).values()))
    yield 'nothing stays at the relay', True
    yield 'without the relay the server is not reached', hidden_id not in world.peers(direct)

    open_wallet = world.daemon('open', f'mdns = no\ndht = no\nserver = {through}\n')
    until('the wallet without a router has it too', lambda: world.peers(open_wallet).get(hidden_id, {}).get('server'))
    until('directly', lambda: any('became direct' in text for text in open_wallet.log))
    yield 'and so does a wallet that stands in the open', True


main(run)
