#!/usr/bin/env python3
"""Hole punching and verdicts behind real routers: processes in network namespaces, made by an ordinary user, behind nftables and behind
tun_nat, a router that translates as the simulator's model does. What comes out is compared with the tables in docs/nat.md, and these
with the model. With PASSMESH_LONG=1 each pair of kinds; otherwise a sample.
usage: nat_test.py PASSMESH PASSMESH_SERVER P2P_NODE TUN_NAT PUNCH [--table]   --table: each pair once, and the tables to be written"""
import concurrent.futures
import itertools
import json
import os
import pathlib
import subprocess
import sys
import time

import internet

internet.enter('miniupnpd')

import world as processes  # noqa: E402
from internet import inside  # noqa: E402
from nat_lab import KINDS, Lab  # noqa: E402
from world import P2P_NODE, SERVER, Child, main, write  # noqa: E402

processes.WAIT_S = 90  # three attempts of five seconds, on a machine that does other things too
TUN_NAT, PUNCH = sys.argv[4:6]
IS_LONG = bool(os.environ.get('PASSMESH_LONG'))
IS_TABLE = '--table' in sys.argv
DOCS = pathlib.Path(__file__).parents[2] / 'docs/nat.md'
RELAY_LIMIT = 128 * 1024  # bytes that a relay carries for one circuit
AT_ONCE = 12
LISTEN = {'tcp': '/ip4/{}/tcp/{}', 'quic': '/ip4/{}/udp/{}/quic-v1'}

# (source, target, transport) of `make test`: each kind on each side, what punches and what does not.
SAMPLE = [
    ('open', 'APD/APD', 'tcp'), ('EI/EI', 'EI/AD', 'quic'), ('EI/APD', 'EI/APD', 'tcp'), ('EI/APD', 'EI/APD', 'quic'),
    ('AD/AD', 'EI/AD', 'tcp'), ('APD/APD', 'EI/EI', 'quic'), ('EI/APD', 'APD/APD', 'quic'), ('AD/AD', 'AD/AD', 'tcp'),
    ('masquerade', 'CGNAT', 'tcp'), ('CGNAT', 'masquerade', 'quic'), ('masquerade', 'EI/APD', 'tcp'), ('masquerade random', 'masquerade', 'quic'),
]
SAMPLE_HAIRPINS = [('EI/EI', 'tcp'), ('EI/APD', 'quic')]
SAMPLE_VERDICTS = ['EI/EI', 'EI/APD', 'APD/APD', 'CGNAT']
HAIRPIN_KINDS = ['EI/EI', 'EI/AD', 'EI/APD', 'AD/AD', 'APD/APD']


class Node(Child):
    """A test node at a place of the lab."""

    def __init__(self, where, listen, *options):
        super().__init__(*inside(where), P2P_NODE, *itertools.chain(*(('--listen', a) for a in listen)), *options)
        self.addrs = []
        self.id = self.line('ready ').split()[1]
        self.addrs = [line.split()[1] for line in self.seen if line.startswith('listening ')]

    def say(self, line):
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()

    def ask(self, line, begins):
        self.say(line)
        return self.line(begins)

    def stop(self):
        self.process.stdin.close()
        return self.process.wait(30)


def attempt(relay, where, transport):
    """One meeting of two new nodes at the places `where`; what it came to: direct or relayed, and a note."""
    options = ('--circuit', '--dcutr', '--public')
    listen = [LISTEN[transport].format('0.0.0.0', 0)]
    source, target = (Node(place, listen, *options) for place in where)
    try:
        begin = time.monotonic()
        target.ask(f'reserve {relay[transport]}', 'reserved ')
        source.ask(f'dial {relay[transport]}/p2p-circuit/p2p/{target.id}', f'connected {target.id} out relayed')
        end = target.line(('direct ', 'gaveup ')).split()
        if end[0] == 'direct':
            source.line(f'direct {target.id}')
            source.ask(f'echo {target.id} {2 * RELAY_LIMIT}', f'ok echo bytes={2 * RELAY_LIMIT} ')
            return 'direct', time.monotonic() - begin
        source.ask(f'echo {target.id} 10000', 'ok echo bytes=10000 ')
        return 'relayed', ' '.join(end[2:])
    except TimeoutError as e:
        return f'failed: {e}, {source.seen[-3:]}, {target.seen[-3:]}', ''
    finally:
        for node in (source, target):
            node.stop()


def model():
    """What the simulator's model says: {(source, target): is it possible}."""
    out = subprocess.run([PUNCH, '--pairs'], capture_output=True, text=True, check=True).stdout
    return {(s, t): word == 'possible' for s, t, word in (line.split() for line in out.splitlines())}


def tables():
    """The rows of each table of docs/nat.md, by the first word of its head."""
    result, head = {}, None
    for line in DOCS.read_text('utf-8').splitlines() if DOCS.exists() else ():
        cells = [c.strip() for c in line.strip('|').split('|')] if line.startswith('|') else []
        if not cells:
            head = None
        elif head is None:
            head = cells
            result[head[0]] = {}
        elif not set(cells[0]) <= set('-'):
            result[head[0]][cells[0]] = dict(zip(head[1:], cells[1:]))
    return result


class Campaign:
    def __init__(self, lab, world):
        self.lab, self.world, self.places = lab, world, {}
        self.ip = lab.add('relay', 'open')
        listen = [LISTEN[t].format(self.ip, 4001) for t in LISTEN]
        self.node = Node('relay', listen, '--relay')
        self.relay = {t: f'{a}/p2p/{self.node.id}' if '/p2p/' not in a else a for t, a in zip(LISTEN, self.node.addrs)}

    def place(self, side, kind):
        if (side, kind) not in self.places:
            name = f'{side}{len(self.places)}'
            self.lab.add(name, kind)
            self.places[side, kind] = name
        return self.places[side, kind]

    def neighbours(self, kind):
        """Two machines behind one router."""
        if ('n', kind) not in self.places:
            name = self.place('h', kind)
            self.lab.add_neighbour(name, f'{name}n')
            self.places['n', kind] = f'{name}n'
        return self.place('h', kind), self.places['n', kind]

    def run(self, jobs):
        """jobs: (name, places, transport), each one attempt; {name: [(what, note)]}"""
        results = {}
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            running = [(name, pool.submit(attempt, self.relay, where, transport)) for name, where, transport in jobs]
            for name, future in running:
                results.setdefault(name, []).append(future.result())
                if not IS_LONG:
                    print('#', *name, *results[name][-1], flush=True)
        return results


def judge(name, wanted, results):
    """A line for the table of results, and whether it is as wanted: what can be punched is, and the rest is relayed."""
    words = [what for what, _ in results]
    direct, relayed = words.count('direct'), words.count('relayed')
    seconds = sorted(note for what, note in results if what == 'direct')
    middle = f', median {seconds[len(seconds) // 2]:.1f} s' if seconds else ''
    why = next((f', {note}' for what, note in results if what == 'relayed'), '')
    for what in words:
        if what.startswith('failed'):
            print('#', name, what)
    held = len(words) == (direct if wanted == 'direct' else relayed)
    return f'{name}: {wanted}: direct {direct}, relayed {relayed} of {len(words)}{middle}{why}', held


def pair_jobs(campaign, pairs):
    return [((s, t, transport), (campaign.place('s', s), campaign.place('t', t)), transport) for s, t, transport in pairs]


def start_server(campaign, where, ini=''):
    home = campaign.world.top / where
    write(home / 'config/server.ini', '[server]\nmdns = no\nlisten = /ip4/0.0.0.0/tcp/4001\nlisten = /ip4/0.0.0.0/udp/4001/quic-v1\n' + ini)
    child = campaign.world.start(*inside(where), SERVER, '--home', str(home), '--network', 'sepolia', '--node', 'http://127.0.0.1:9', '--json')
    child.home = home
    child.ready = json.loads(child.line('{'))
    return child


def verdict_of(server):
    """What it has told its operator last: the verdict, and why."""
    said = [line.split('from outside: ')[1] for line in server.log if 'net: from outside: ' in line]
    return tuple(said[-1].split(': ', 1)) if said else ('unknown', '')


def start_servers(campaign, kinds):
    """A server at each of these places, which knows two in the open: {kind: server}."""
    lab, quic, servers = campaign.lab, '', {}
    for name in ('one', 'two'):
        ip = lab.add(name, 'open')
        child = start_server(campaign, name, quic)
        quic += f'bootstrap = /ip4/{ip}/udp/4001/quic-v1/p2p/{child.ready["peer_id"]}\n'
    for kind in kinds:
        if kind == 'UPnP':
            lab.upnp = lab.helpful(campaign.world, 'upnp', lab.new_net(), 'enable_natpmp=no\nenable_upnp=yes\n')
            time.sleep(1)
        servers[kind] = start_server(campaign, 'upnp' if kind == 'UPnP' else campaign.place('t', kind), quic)
    return servers


def is_as(row, said):
    """Is that what stands in the row? One that varies takes any verdict."""
    return row is not None and (row['verdict'] == 'varies' and said[0] != 'unknown' or (row['verdict'], row['reason']) == said)


def verdicts(servers, rows):
    """What they say when it is what stands in these rows, or after long enough: {kind: (verdict, reason)}."""
    end = time.monotonic() + processes.WAIT_S
    while True:
        said = {kind: verdict_of(server) for kind, server in servers.items()}
        if all(is_as(rows.get(kind), it) for kind, it in said.items()) or time.monotonic() > end:
            return said
        time.sleep(0.5)


def write_tables(pairs, hairpins, said):
    targets = [k for k in KINDS if k != 'open']
    print('# | source \\ target |', ' | '.join(targets), '|')
    for s in KINDS:
        cells = []
        for t in targets:
            both = [pairs[s, t, transport][0][0].split(':')[0] for transport in LISTEN]
            cells.append(both[0] if both[0] == both[1] else ' / '.join(both))
        print(f'# | {s} |', ' | '.join(cells), '|')
    for (kind, transport), results in hairpins.items():
        print(f'# | {kind} | {transport} | {results[0][0]} |')
    for kind, (verdict, why) in said.items():
        print(f'# | {kind} | {verdict} | {why} |')


def run(world):
    lab = Lab(TUN_NAT)
    campaign = Campaign(lab, world)
    known, possible = tables(), model()
    everything = [(s, t, transport) for s, t in itertools.product(KINDS, KINDS) if t != 'open' for transport in LISTEN]
    pairs = everything if IS_LONG or IS_TABLE else SAMPLE
    hairpins = [(k, t) for k in HAIRPIN_KINDS for t in LISTEN] if IS_LONG or IS_TABLE else SAMPLE_HAIRPINS
    kinds = [*(k for k in KINDS if k != 'open'), 'UPnP'] if IS_LONG or IS_TABLE else SAMPLE_VERDICTS
    jobs = pair_jobs(campaign, pairs)
    hairpin_jobs = [(('hairpin', k, t), campaign.neighbours(k), t) for k, t in hairpins]
    servers = start_servers(campaign, kinds)
    results = campaign.run(jobs + hairpin_jobs)
    said = verdicts(servers, known.get('router', {}))
    if IS_TABLE:
        write_tables(results, {n[1:]: r for n, r in results.items() if n[0] == 'hairpin'}, said)
    for (s, t, transport) in pairs:
        wanted = known['source \\ target'][s][t]
        text, held = judge(f'{s} -> {t}, {transport}', wanted, results[s, t, transport])
        yield text, held
    can = [what for (s, t, transport) in pairs if known['source \\ target'][s][t] == 'direct' for what, _ in results[s, t, transport]]
    yield f'where punching is possible {can.count("direct")} of {len(can)} are direct', can.count('direct') * 100 >= 99 * len(can)
    for kind, transport in hairpins:
        yield judge(f'hairpin behind {kind}, {transport}', known['one router'][kind]['result'], results['hairpin', kind, transport])
    for kind in kinds:
        yield f'verdict behind {kind}: {said[kind][0]}: {said[kind][1]}', is_as(known['router'][kind], said[kind])
    wrong = [(s, t) for s, t, _ in everything if (known['source \\ target'][s][t] == 'direct') != possible[KINDS[s], KINDS[t]]]
    yield f'the table in docs/nat.md is what the model says {wrong or ""}', not wrong
    stats = campaign.node.ask('relaystats', 'ok relaystats')
    yield f'each two met at the relay: {stats}', f' opened={len(jobs + hairpin_jobs)} refused=0 ' in stats
    yield 'the relay and the routers end as they are told', campaign.node.stop() == 0 and not any(lab.stop())
    if hasattr(lab, 'upnp'):
        lab.upnp.terminate()
        lab.upnp.wait()


main(run)
