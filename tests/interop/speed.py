#!/usr/bin/env python3
"""speed.py BUILD [--go PEER] [--rust PEER]: bytes a second from one process to another over loopback, TCP, Noise and yamux: ours
to ours, each other implementation to itself, and across. A table, and BUILD/interop_bench.json in the form of bench.json."""
import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

from pair import Peer

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'bench'))
from undisturbed import undisturbed  # noqa: E402

MEGABYTES, ROUNDS = 200, 3


def rates(sender, receiver):
    """The best of the rounds: what else the machine does only ever makes them worse."""
    to, by = Peer([receiver], True), Peer([sender], False)
    try:
        by.ask(f'dial {to.addr}', 'identified')
        micros = [int(re.search(r' us=(\d+)', by.ask(f'send {to.id} {MEGABYTES * 1000000}', 'ok send'))[1]) for _ in range(ROUNDS)]
    finally:
        by.stop()
        to.stop()
    return max(MEGABYTES * 1e6 / us for us in micros)


def limit(build):
    """What cipher and plain TCP leave, one after the other, on this machine and now."""
    noise = subprocess.run([build / 'bench/bench_noise'], capture_output=True, text=True, check=True).stdout
    plain = subprocess.run([build / 'bench/bench_tcp_plain', str(MEGABYTES)], capture_output=True, text=True, check=True).stdout
    aead = float(re.search(r'aead_mb_per_s (\S+)', noise)[1])
    return 1 / (1 / aead + float(re.search(r'wall (\S+)', plain)[1]) / MEGABYTES)


def measure(build, others):
    ours = build / 'tests/peers/p2p_node'
    figures, unit = {}, 'MB/s'
    most, own = limit(build), rates(ours, ours)
    for name, peer in others.items():
        title = f'{name}-libp2p'
        figures[f'tcp_noise_yamux_beside_{name}_mb_per_s'] = {
            'value': own, 'unit': unit, 'limit': most, 'peer': title, 'peer_value': rates(peer, peer)}
        figures[f'tcp_noise_yamux_to_{name}_mb_per_s'] = {
            'value': rates(ours, peer), 'unit': unit, 'limit': most, 'peer': None, 'peer_value': None}
        figures[f'tcp_noise_yamux_from_{name}_mb_per_s'] = {
            'value': rates(peer, ours), 'unit': unit, 'limit': most, 'peer': None, 'peer_value': None}
    return figures


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('build', type=Path)
    p.add_argument('--go', type=Path)
    p.add_argument('--rust', type=Path)
    args = p.parse_args()
    others = {name: peer for name, peer in (('go', args.go), ('rust', args.rust)) if peer}
    subprocess.run(['ninja', '-C', args.build, 'bench/bench_noise', 'bench/bench_tcp_plain'], check=True, stdout=subprocess.DEVNULL)
    with undisturbed():
        figures = measure(args.build, others)
    (args.build / 'interop_bench.json').write_text(json.dumps(figures, indent=1) + '\n', 'utf-8')
    for name, f in figures.items():
        beside = f', {f["peer"]} {f["peer_value"]:.0f}' if f['peer'] else ''
        print(f'# {name}: {f["value"]:.0f} {f["unit"]}, at most {f["limit"]:.0f}{beside}')


if __name__ == '__main__':
    main()
