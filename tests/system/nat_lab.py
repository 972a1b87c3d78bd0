"""Homes behind routers of every kind that tests/system/nat_test.py looks at, in network namespaces.

    hub --- net.2 a machine in the open
     |----- net.2 router [nftables] lan0 --- machine
     |----- net.2 router [tun_nat on the TUN device nat0] lan0 --- machine, machine
     '----- net.2 carrier [tun_nat] lan0 100.64.0.1 --- 100.64.0.2 router [nftables] lan0 --- machine
"""
import subprocess

from internet import Internet, inside, sh
from world import Child

# Each kind: what stands for it in the simulator's model (mapping/filtering). The kernel's masquerade keeps the inner port for every peer, so it is
# as good as endpoint-independent here; with fully-random it draws one for each; it lets in only who has been written to.
KINDS = {
    'open': 'open',
    'EI/EI': 'EI/EI',
    'EI/AD': 'EI/AD',
    'EI/APD': 'EI/APD',
    'AD/AD': 'AD/AD',
    'APD/APD': 'APD/APD',
    'masquerade': 'EI/APD',
    'masquerade random': 'APD/APD',
    'CGNAT': 'EI/APD',
}


class Lab(Internet):
    def __init__(self, tun_nat):
        super().__init__()
        self.tun_nat, self.nets, self.routers = tun_nat, 0, []

    def new_net(self):
        self.nets += 1
        return f'{30 + self.nets}.7.7'

    def add(self, name, kind):
        """A machine called name at a place of this kind; gives the outer address."""
        net = self.new_net()
        if kind == 'open':
            self.place(name, net)
        elif kind.startswith('masquerade'):
            self.home(name, net, 'masquerade fully-random' if kind.endswith('random') else 'masquerade')
            self.shut(name)
        elif kind == 'CGNAT':
            self.carrier(name, net)
        else:
            self.tun_home(name, net, kind)
        return f'{net}.2'

    @staticmethod
    def shut(name):
        """The router answers no stranger: an answer would end a dial that is to meet ours halfway."""
        sh(f"ip netns exec r{name} nft 'add chain ip filter in {{ type filter hook input priority 0; iifname eth0 ct state new drop; }}'")

    @staticmethod
    def router(name, net, inner):
        """A namespace whose lan0 is a bridge at inner.1; all that comes from there goes to the TUN device, and what is for net.2 too."""
        sh(f'ip netns add {name}; ip link add h{name} netns hub type veth peer name eth0 netns {name}\n'
           f'ip -n hub addr add {net}.1/24 dev h{name}; ip -n hub link set h{name} up; ip -n hub route add {net}.2/32 via {net}.3\n'
           f'ip -n {name} link set lo up; ip -n {name} addr add {net}.3/24 dev eth0; ip -n {name} link set eth0 up\n'
           f'ip -n {name} route add default via {net}.1\n'
           f'ip -n {name} link add lan0 type bridge; ip -n {name} addr add {inner}.1/24 dev lan0; ip -n {name} link set lan0 up\n'
           f'ip netns exec {name} sh -c "echo 1 >/proc/sys/net/ipv4/ip_forward; '
           'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >\\$f; done"')

    def translate(self, name, net, inner, rules):
        child = Child(*inside(name), self.tun_nat, 'nat0', f'{net}.2', f'{inner}.0/24', *rules.lower().split('/'))
        self.routers.append(child)
        child.line('ready')
        sh(f'ip -n {name} link set nat0 up; ip netns exec {name} sh -c "echo 0 >/proc/sys/net/ipv4/conf/nat0/rp_filter"\n'
           f'ip -n {name} route add {net}.2/32 dev nat0; ip -n {name} route add default dev nat0 table 100\n'
           f'ip -n {name} rule add iif lan0 lookup 100')

    @staticmethod
    def join(router, name, inner, i):
        """A machine called name at inner.I behind the router."""
        sh(f'ip netns add {name}; ip link add p{name} netns {router} type veth peer name eth0 netns {name}\n'
           f'ip -n {router} link set p{name} master lan0 up\n'
           f'ip -n {name} link set lo up; ip -n {name} addr add {inner}.{i}/24 dev eth0; ip -n {name} link set eth0 up\n'
           f'ip -n {name} route add default via {inner}.1')

    def tun_home(self, name, net, rules):
        self.router(f'r{name}', net, '192.168.1')
        self.translate(f'r{name}', net, '192.168.1', rules)
        self.join(f'r{name}', name, '192.168.1', 2)

    def add_neighbour(self, name, other):
        """A second machine behind the router of `name`."""
        self.join(f'r{name}', other, '192.168.1', 3)

    def carrier(self, name, net):
        """A home behind a router of nftables, whose outer address is one of RFC 6598, behind a carrier's translation (RFC 6888)."""
        self.router(f'c{name}', net, '100.64.0')
        self.translate(f'c{name}', net, '100.64.0', 'EI/AD')
        self.join(f'c{name}', f'r{name}', '100.64.0', 2)
        sh(f'ip -n r{name} link add lan0 type bridge; ip -n r{name} addr add 192.168.1.1/24 dev lan0; ip -n r{name} link set lan0 up\n'
           f'ip netns exec r{name} sh -c "echo 1 >/proc/sys/net/ipv4/ip_forward"')
        self.join(f'r{name}', name, '192.168.1', 2)
        rules = ('table ip nat { chain out { type nat hook postrouting priority 100; oifname "eth0" masquerade; }; }\n'
                 'table ip filter { chain through { type filter hook forward priority 0; iifname "eth0" ct state new drop; }; }\n')
        subprocess.run([*inside(f'r{name}'), 'nft', '-f', '-'], input=rules, text=True, check=True)
        self.shut(name)

    def stop(self):
        """Ends the routers; what each of them passed and dropped."""
        codes = []
        for child in self.routers:
            child.process.stdin.close()
            codes.append(child.process.wait(10))
        return codes
