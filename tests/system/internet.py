"""An internet in network namespaces, made by an ordinary user: machines in the open, and homes behind routers of nftables."""
import os
import shutil
import subprocess
import sys


def enter(*tools):
    """Goes on in namespaces of its own, or ends with a plan that skips all and says why."""
    if os.environ.get('PASSMESH_IN_NAMESPACE') == 'yes':
        return
    os.environ['PATH'] += ':/usr/sbin:/sbin'
    missing = [t for t in ('unshare', 'ip', 'nft', *tools) if not shutil.which(t)]
    if missing or subprocess.run(['unshare', '-Urnm', 'true'], capture_output=True).returncode:
        print('1..0 # SKIP', f'{missing[0]} is missing' if missing else 'this system lets an ordinary user make no namespaces')
        sys.exit(0)
    os.environ['PASSMESH_IN_NAMESPACE'] = 'yes'
    os.execvp('unshare', ['unshare', '-Urnm', sys.executable, *sys.argv])


def sh(text):
    subprocess.run(['sh', '-ec', text], check=True)


def inside(name):
    return ('ip', 'netns', 'exec', name)


class Internet:
    """A hub that joins networks, as many /24 as there are; a router between one of them and a home."""

    def __init__(self):
        sh('mount -t tmpfs none /run && ip netns add hub && ip netns exec hub sh -c "ip link set lo up; echo 1 >/proc/sys/net/ipv4/ip_forward"')

    def place(self, name, net):
        """A machine at net.2, whose gateway is the hub."""
        sh(f'ip netns add {name}; ip link add h{name} netns hub type veth peer name eth0 netns {name}\n'
           f'ip -n hub addr add {net}.1/24 dev h{name}; ip -n hub link set h{name} up\n'
           f'ip -n {name} link set lo up; ip -n {name} addr add {net}.2/24 dev eth0; ip -n {name} link set eth0 up\n'
           f'ip -n {name} route add default via {net}.1')

    def home(self, name, net, masquerade):
        """A machine at 192.168.1.2 behind a router whose outer address is net.2."""
        self.place(f'r{name}', net)
        sh(f'ip netns add {name}; ip link add lan0 netns r{name} type veth peer name eth0 netns {name}\n'
           f'ip -n r{name} addr add 192.168.1.1/24 dev lan0; ip -n r{name} link set lan0 up\n'
           f'ip -n {name} link set lo up; ip -n {name} addr add 192.168.1.2/24 dev eth0; ip -n {name} link set eth0 up\n'
           f'ip -n {name} route add default via 192.168.1.1\n'
           f'ip netns exec r{name} sh -c "echo 1 >/proc/sys/net/ipv4/ip_forward"')
        rules = (f'table ip nat {{ chain out {{ type nat hook postrouting priority 100; oifname "eth0" {masquerade}; }}; }}\n'
                 'table ip filter { chain through { type filter hook forward priority 0; iifname "eth0" ct state new ct status ! dnat drop; }; }\n')
        subprocess.run([*inside(f'r{name}'), 'nft', '-f', '-'], input=rules, text=True, check=True)

    def willing(self, name, net):
        """A home whose router forwards what stands in a chain of its own."""
        self.home(name, net, 'masquerade')
        rules = ('flush ruleset\ntable inet filter {\n'
                 ' chain miniupnpd { }\n chain prerouting_miniupnpd { }\n chain postrouting_miniupnpd { }\n'
                 ' chain through { type filter hook forward priority 0; jump miniupnpd; iifname "eth0" ct state new ct status ! dnat drop; }\n'
                 ' chain in { type nat hook prerouting priority -100; jump prerouting_miniupnpd; }\n'
                 ' chain out { type nat hook postrouting priority 100; jump postrouting_miniupnpd; oifname "eth0" masquerade; }\n}\n')
        subprocess.run([*inside(f'r{name}'), 'nft', '-f', '-'], input=rules, text=True, check=True)

    def helpful(self, world, name, net, options):
        """A home whose router opens ports: Debian's miniupnpd."""
        self.willing(name, net)
        conf = world.top / f'{name}.conf'
        conf.write_text('ext_ifname=eth0\nlistening_ip=lan0\nsecure_mode=yes\nsystem_uptime=yes\n'
                     'uuid=00000000-0000-0000-0000-000000000001\nupnp_table_name=filter\nupnp_nat_table_name=filter\n'
                     'upnp_forward_chain=miniupnpd\nupnp_nat_chain=prerouting_miniupnpd\nupnp_nat_postrouting_chain=postrouting_miniupnpd\n'
                     f'allow 1024-65535 0.0.0.0/0 1024-65535\n{options}')
        return subprocess.Popen([*inside(f'r{name}'), 'miniupnpd', '-d', '-f', str(conf), '-P', str(world.top / f'{name}.pid')],
                                stdin=subprocess.DEVNULL, stdout=(world.top / f'{name}.log').open('w'), stderr=subprocess.STDOUT)

    @staticmethod
    def opened(name):
        """Ports that the router leads inside."""
        out = subprocess.run([*inside(f'r{name}'), 'nft', 'list', 'chain', 'inet', 'filter', 'prerouting_miniupnpd'],
                             capture_output=True, text=True, check=True).stdout
        return out.count('dnat')
