#!/usr/bin/env python3
"""speed.py BUILD [--go PEER] [--rust PEER]: bytes a second from one process to another over loopback, TCP, Noise and yamux: ours
to ours, each other implementation to itself, and across; then each to itself over a link of 60 ms. A table, and
BUILD/interop_bench.json in the form of bench.json."""
import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

from pair import TCP, Peer

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'bench'))
import wan  # noqa: E402
from undisturbed import undisturbed  # noqa: E402

MEGABYTES, ROUNDS = 200, 5
LINK_MEGABYTES = 250, 750  # the first goes off: in it the windows grow


def send_us(sender, receiver, megabytes):
    return int(re.search(r' us=(\d+)', sender.ask(f'send {receiver.id} {megabytes * 1000000}', 'ok send'))[1])


def rate(sender, receiver):
    """The best of the rounds: what else the machine does only ever makes them worse."""
    to, by = Peer(receiver, TCP), Peer(sender, None)
    try:
        by.ask(f'dial {to.addr}', 'identified')
        return MEGABYTES * 1e6 / min(send_us(by, to, MEGABYTES) for _ in range(ROUNDS))
    finally:
        by.stop()
        to.stop()


def rate_over_link(build, program):
    """To itself over the link of bench/wan.py, once windows have grown."""
    to, by = Peer(program, TCP), Peer(program, None)
    relay = wan.Relay(build, to.addr.split('/')[4])
    try:
        by.ask(f'dial /ip4/127.0.0.1/tcp/{relay.port}/p2p/{to.id}', 'identified')
        small, large = LINK_MEGABYTES
        return (large - small) * 1e6 / (send_us(by, to, large) - send_us(by, to, small))
    finally:
        for part in (relay, by, to):
            part.stop()


def limit(build):
    """What cipher and plain TCP leave, one after the other, on this machine and now."""
    noise = subprocess.run([build / 'bench/bench_noise'], capture_output=True, text=True, check=True).stdout
    plain = [subprocess.run([build / 'bench/bench_tcp_plain', str(MEGABYTES)], capture_output=True, text=True, check=True).stdout
             for _ in range(ROUNDS)]
    aead = float(re.search(r'aead_mb_per_s (\S+)', noise)[1])
    return 1 / (1 / aead + min(float(re.search(r'wall (\S+)', p)[1]) for p in plain) / MEGABYTES)


def figure(value, most, peer=None, peer_value=None):
    return {'value': round(value, 1), 'unit': 'MB/s', 'limit': round(most, 1), 'peer': peer, 'peer_value': peer_value and round(peer_value, 1)}


def measure(build, others):
    ours = [build / 'tests/peers/p2p_node', '--security', 'noise']
    figures, most, own = {}, limit(build), rate(ours, ours)
    link_most, own_link = wan.plain_tcp(build, 2)[0], rate_over_link(build, ours)
    for name, peer in others.items():
        title = f'{name}-libp2p'
        figures[f'tcp_noise_yamux_beside_{name}_mb_per_s'] = figure(own, most, title, rate(peer, peer))
        figures[f'tcp_noise_yamux_to_{name}_mb_per_s'] = figure(rate(ours, peer), most)
        figures[f'tcp_noise_yamux_from_{name}_mb_per_s'] = figure(rate(peer, ours), most)
        figures[f'wan60_beside_{name}_mb_per_s'] = figure(own_link, link_most, title, rate_over_link(build, peer))
    return figures


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('build', type=Path)
    p.add_argument('--go', type=Path)
    p.add_argument('--rust', type=Path)
    args = p.parse_args()
    others = {name: [peer] for name, peer in (('go', args.go), ('rust', args.rust)) if peer}
    subprocess.run(['ninja', '-C', args.build, 'bench/bench_noise', 'bench/bench_tcp_plain', 'bench/bench_relay'], check=True, stdout=subprocess.DEVNULL)
    with undisturbed():
        figures = measure(args.build, others)
    (args.build / 'interop_bench.json').write_text(json.dumps(figures, indent=1) + '\n', 'utf-8')
    for name, f in figures.items():
        beside = f', {f["peer"]} {f["peer_value"]:.0f}' if f['peer'] else ''
        print(f'# {name}: {f["value"]:.0f} {f["unit"]}, at most {f["limit"]:.0f}{beside}')


if __name__ == '__main__':
    main()
