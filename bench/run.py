#!/usr/bin/env python3
"""run.py [--build DIR] [--quick]: measures, prints a table, writes DIR/bench.json.

Each figure stands beside the machine's own limit and a peer, both measured in the same run. All samples,
and the commands that gave them, go to DIR/bench/. Other parts add their figures by a program of their own:
DIR/bench/*.figures.json, in the form of bench.json, is merged in. Rates over a socket are the best of
several rounds, taken in turns, because a shared machine only ever makes them worse."""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import churn
import wan
from undisturbed import undisturbed

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = Path(os.environ.setdefault('PASSMESH_FIXTURES', str(ROOT.parent / 'shared/fixtures'))).resolve()
TARGETS = ['bench/bench_noise', 'bench/bench_tee', 'bench/bench_tcp_plain', 'bench/bench_round_trips', 'bench/bench_light_client', 'bench/bench_idle_clients', 'bench/bench_vault',
           'src/node/authenticator/node_tpm_key_test', 'tests/peers/p2p_node', *(f'apps/{name}' for name in ('passmesh', 'passmesh-keyd', 'passmesh-server'))]
TARGETS += ['bench/bench_relay', 'bench/bench_churn_clients', 'bench/bench_proofs', 'bench/bench_service_load']
PROGRAMS_SECONDS_MAX = 300

# What we aim at: least or most. A figure that misses its target is shown so, and fails nothing: machines differ.
TARGETS_LEAST = {'tdx_quotes_cold_per_s': 1200, 'tdx_quotes_cached_per_s': 3500, 'snp_reports_cold_per_s': 1300,
                 'noise_handshakes_per_s': 4500, 'keyd_signatures_per_s': 5000,
                 'server_proofs_per_s': 8000, 'server_status_per_s': 20000}
TARGETS_MOST = {'quote_peak_kib': 256, 'malformed_quote_us': 50, 'verifier_lines': 6000, 'tee_text_kb': 200, 'detect_ms': 20,
                'idle_connection_kib': 24, 'tcp_round_trips_to_first_byte': 3, 'daemon_rss_anon_mib': 8, 'daemon_rss_mib': 28,
                'keyd_rss_anon_mib': 3, 'ui_gzip_kb': 100, 'local_network_second_start_ms': 5000,
                'bls_aggregate_ms': 4, 'cold_proven_balance_cpu_ms': 60, 'cold_proven_balance_14_days_cpu_ms': 400, 'warm_proven_balance_cpu_ms': 0.2,
                'verifier_state_kb': 150, 'verifier_text_kb': 250, 'cold_proven_balance_kb': 70, 'cold_proven_balance_14_days_kb': 430, 'warm_proven_balance_kb': 5,
                'send_requests': 8, 'warm_added_ms': 5, 'overload10_refused_p99_ms': 5,
                'unlock_to_signature_ms': 500, 'capsule_bytes': 8192, 'keyd_vault_rss_mib': 16}
TARGETS_MOST |= {'churn_growth_kib': 64, 'churn_million_growth_kib': 64}
SHARES_LEAST = {'tcp_noise_yamux_mb_per_s': 0.7, 'wan60_plain_tcp_mb_per_s': 0.9, 'wan60_mb_per_s': 0.9}  # of the limit
NAMES = ['tdx_quotes_cold_per_s', 'tdx_quotes_cached_per_s', 'snp_reports_cold_per_s', 'quote_peak_kib', 'malformed_quote_us',
         'verifier_lines', 'tee_text_kb', 'detect_ms', 'noise_handshakes_per_s', 'tcp_noise_yamux_mb_per_s', 'wan60_mb_per_s', 'wan60_plain_tcp_mb_per_s',
         'plain_tcp_mb_per_s', 'aead_mb_per_s', 'idle_connection_kib',
         'ten_thousand_idle_mib', 'tcp_round_trips_to_first_byte', 'tap_to_accept_ms', 'daemon_rss_anon_mib', 'daemon_rss_mib',
         'keyd_rss_anon_mib', 'daemon_start_ms', 'unlock_to_signature_ms', 'keyd_signatures_per_s', 'capsule_bytes',
         'keyd_vault_rss_mib', 'binary_kib', 'ui_gzip_kb']
PARTS = ['noise', 'tee', 'throughput', 'wan', 'round_trips', 'idle', 'churn', 'light_client', 'vault', 'binary', 'page', 'programs']
NEEDS = {'throughput': ['noise']}  # the limit of one part is measured by another

# bench/transports_bench.c, and two nodes over QUIC.
TARGETS += ['bench/bench_transports']
TARGETS_LEAST |= {'tls_handshakes_per_s': 3000}
TARGETS_MOST |= {'quic_idle_connection_kib': 72, 'quic_round_trips_to_first_byte': 2}
NAMES += ['tls_handshakes_per_s', 'quic_mb_per_s', 'quic_idle_connection_kib', 'quic_round_trips_to_first_byte']
PARTS += ['transports']

# What a client needs of these libraries to verify; of beacon it is all.
VERIFIER = {'evm': ('account_proof', 'address', 'bloom', 'header', 'log_range', 'mpt', 'mpt_root', 'receipt', 'rlp', 'u256'), 'crypto': ('hash', 'keccak')}

# The large simulations: see docs/bench.md.
TARGETS += ['sim/scale', 'sim/punch']
TARGETS_LEAST.update(dht_found_share_churn20=1, gossip_delivery_hostile20=0.999, punch_success_share=0.99)
TARGETS_MOST.update(dht_cold_p50_ms=800, dht_cold_p95_ms=2000, dht_warm_p50_ms=400, gossip_p99_hops=6)
NAMES += ['dht_cold_p50_ms', 'dht_cold_p95_ms', 'dht_warm_p50_ms', 'dht_found_share_churn20', 'gossip_p99_hops', 'gossip_delivery_hostile20', 'punch_success_share']
PARTS += ['dht', 'gossip', 'punch']


# Of updates and packages: plugin.py.
TARGETS_LEAST.update(kill_points_survived=1000)
TARGETS_MOST.update(update_check_bytes=1024, metadata_bytes=16384, metadata_verify_ms=5, plugin_download_kb=1500, resume_loss_kib=64, plugin_ready_ms=300, client_and_idle_plugin_mib=40)


class Node:
    """p2p_node as a child: a command in, a line out."""

    def __init__(self, build, *args):
        self.process = subprocess.Popen([build / 'tests/peers/p2p_node', *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addr = self.line('listening ').split()[1] if '--listen' in args else None
        self.peer = self.line('ready ').split()[1]

    def line(self, prefix):
        for line in self.process.stdout:
            if line.startswith(prefix):
                return line.rstrip()
            if line.startswith('error'):
                sys.exit(f'bench: p2p_node: {line}')
        sys.exit('bench: p2p_node ended')

    def tell(self, command):
        self.process.stdin.write(command + '\n')
        self.process.stdin.flush()

    def ask(self, command, prefix):
        self.tell(command)
        return self.line(prefix)

    def cpu_s(self):
        ticks = Path(f'/proc/{self.process.pid}/stat').read_text('ascii').rsplit(')', 1)[1].split()
        return (int(ticks[11]) + int(ticks[12])) / os.sysconf('SC_CLK_TCK')

    def anon_kib(self):
        return int(re.search(r'RssAnon:\s+(\d+)', Path(f'/proc/{self.process.pid}/status').read_text('ascii'))[1])

    def ignore_lines(self):
        threading.Thread(target=lambda: [None for _ in self.process.stdout], daemon=True).start()

    def stop(self):
        self.process.kill()
        self.process.wait()


class Run:
    def __init__(self, build, quick, cycles):
        self.build, self.quick, self.cycles = build, quick, cycles
        self.figures, self.samples, self.missing = {}, {}, {}

    def output(self, *command):
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f'bench: {" ".join(map(str, command))}:\n{done.stdout}{done.stderr}')
        self.samples.setdefault('commands', []).append({'command': ' '.join(map(str, command)), 'output': done.stdout})
        return done.stdout

    def set(self, name, value, unit, limit=None, peer=None, peer_value=None):
        self.figures[name] = {'value': value, 'unit': unit, 'limit': limit, 'peer': peer, 'peer_value': peer_value}

    # ---- what is measured ----

    def noise(self):
        out = dict(line.split() for line in self.output(self.build / 'bench/bench_noise').splitlines())
        self.set('noise_handshakes_per_s', float(out['noise_handshakes_per_s']), '1/s and core, responder', float(out['noise_primitives_per_s']))
        self.set('aead_mb_per_s', float(out['aead_mb_per_s']), 'MB/s and core')

    def tee(self):
        out = dict(line.split() for line in self.output(self.build / 'bench/bench_tee').splitlines())
        for name in ('tdx_quotes_cold', 'tdx_quotes_cached', 'snp_reports_cold'):
            self.set(f'{name}_per_s', float(out[f'{name}_per_s']), '1/s and core', float(out[f'{name}_limit']))
        if out['tdx_quote_is_real'] == '1':
            self.dcap_qvl(out)
        else:
            self.missing['peer @phala/dcap-qvl'] = 'the sample tdx4-uptodate is not there: set PASSMESH_FIXTURES'
        self.set('quote_peak_kib', float(out['quote_peak_kib']), 'KiB, heap, stack and state')
        self.set('malformed_quote_us', float(out['malformed_quote_us']), 'us')
        self.set('detect_ms', float(out['detect_ms']), 'ms')
        sources = [p for p in (ROOT / 'src/tee').glob('*.[ch]') if not p.stem.endswith('_test') and not p.stem.startswith(('hardware', 'attest', 'nsm', 'snp_guest', 'endorsement', 'evidence_made', 'hcl_user_data'))]
        self.set('verifier_lines', sum(len(p.read_text('utf-8').splitlines()) for p in sources), 'lines')
        sizes = self.output('size', self.build / 'libpm_tee.a').splitlines()[1:]
        self.set('tee_text_kb', round(sum(int(line.split()[0]) for line in sizes) / 1000, 1), 'kB')

    def dcap_qvl(self, ours):
        """The same quote and collateral at the same time, by the npm package; both verify all of it each time."""
        ready = subprocess.run([ROOT / 'tools/npm_ci.sh', 'bench/tee'], capture_output=True, text=True, check=False)
        if ready.returncode:
            self.missing['peer @phala/dcap-qvl'] = (ready.stdout + ready.stderr).strip() or 'tools/npm_ci.sh bench/tee failed'
            return
        cases = json.loads((FIXTURES / 'tee/cases.json').read_text('utf-8'))
        case = next(c for c in cases if c['id'] == 'tdx4-uptodate')
        out = self.output(ROOT / 'tools/node22.sh', ROOT / 'bench/tee/dcap_qvl.mjs', FIXTURES / 'tee' / case['quote'],
                          FIXTURES / 'tee' / case['collateral'], case['time'], 30 if self.quick else 100)
        theirs = dict(line.split() for line in out.splitlines())
        if theirs['status'] != 'UpToDate':
            sys.exit(f'bench: @phala/dcap-qvl calls {case["id"]} {theirs["status"]}')
        self.set('tdx_quotes_cold_per_s', float(ours['tdx_quotes_cold_per_s']), '1/s and core', float(ours['tdx_quotes_cold_limit']),
                 '@phala/dcap-qvl', float(theirs['quotes_per_s']))

    def throughput(self):
        with undisturbed() as granted:
            self.samples['throughput_undisturbed'] = granted
            self.throughput_rounds()

    def throughput_rounds(self):
        megabytes, rounds = (500, 3) if self.quick else (1000, 5)
        listener = Node(self.build, '--listen', '/ip4/127.0.0.1/tcp/0')
        dialer = Node(self.build)
        dialer.ask(f'dial {listener.addr}', 'identified')
        plain, plain_cpu, ours, ours_cpu = [], [], [], []
        for _ in range(rounds):
            wall, send, receive = map(float, self.output(self.build / 'bench/bench_tcp_plain', megabytes).split()[1::2])
            plain.append(megabytes / wall)
            plain_cpu.append(megabytes / max(send, receive, 0.001))
            before = dialer.cpu_s(), listener.cpu_s()
            us = int(re.search(r' us=(\d+)', dialer.ask(f'send {listener.peer} {megabytes * 1000000}', 'ok send'))[1])
            ours.append(megabytes * 1e6 / us)
            ours_cpu.append(megabytes / max(dialer.cpu_s() - before[0], listener.cpu_s() - before[1]))
        dialer.stop()
        listener.stop()
        js = self.js(100 if self.quick else 300, rounds)
        aead = self.figures['aead_mb_per_s']['value']
        self.samples['throughput'] = {'plain_tcp': plain, 'plain_tcp_cpu': plain_cpu, 'ours': ours, 'ours_cpu': ours_cpu, 'js': js}
        self.set('plain_tcp_mb_per_s', max(plain), 'MB/s')
        self.set('tcp_noise_yamux_mb_per_s', max(ours), 'MB/s', 1 / (1 / aead + 1 / max(plain)), 'js-libp2p', max(js) if js else None)
        # The same in CPU seconds of the busier side: what a core of its own would carry, however busy the machine is.
        self.set('tcp_noise_yamux_mb_per_cpu_s', max(ours_cpu), 'MB/s of CPU', 1 / (1 / aead + 1 / max(plain_cpu)))

    def wan(self):
        seconds = 3 if self.quick else 10
        with undisturbed():
            plain, plain_every = wan.plain_tcp(self.build, seconds)
            ours, every = wan.node_to_node(self.build, lambda *args: Node(self.build, *args), seconds)
        self.samples['wan60'] = {'plain_tcp_each_second': plain_every, 'ours_each_second': every}
        self.set('wan60_plain_tcp_mb_per_s', round(plain, 1), 'MB/s', wan.MBIT_PER_S / 8)
        self.set('wan60_mb_per_s', round(ours, 1), 'MB/s', round(plain, 1))

    def js(self, megabytes, rounds):
        folder = ROOT / 'tests/interop/js'
        ready = subprocess.run([ROOT / 'tools/npm_ci.sh', 'tests/interop/js'], capture_output=True, text=True, check=False)
        if ready.returncode:
            self.missing['peer js-libp2p'] = (ready.stdout + ready.stderr).strip() or 'tools/npm_ci.sh tests/interop/js failed'
            return []
        return [megabytes / float(self.output(ROOT / 'tools/node22.sh', folder / 'throughput.mjs', megabytes)) for _ in range(min(rounds, 3))]

    def transports(self):
        out = {k: float(v) for k, v in (line.split() for line in self.output(self.build / 'bench/bench_transports').splitlines())}
        self.samples['transports'] = out
        self.set('tls_handshakes_per_s', out['tls_handshakes_per_s'], '1/s and core, responder', out['tls_primitives_per_s'])
        self.set('quic_idle_connection_kib', out['quic_idle_connection_kib'], 'KiB', 72)
        self.set('quic_round_trips_to_first_byte', out['quic_round_trips_to_first_byte'], 'round trips', 2)
        with undisturbed():
            self.quic_rounds()

    def quic_rounds(self):
        megabytes, rounds = (200, 3) if self.quick else (500, 5)
        listener = Node(self.build, '--listen', '/ip4/127.0.0.1/udp/0/quic-v1')
        dialer = Node(self.build)
        dialer.ask(f'dial {listener.addr}', 'identified')
        rates = []
        for _ in range(rounds):
            us = int(re.search(r' us=(\d+)', dialer.ask(f'send {listener.peer} {megabytes * 1000000}', 'ok send'))[1])
            rates.append(megabytes * 1e6 / us)
        dialer.stop()
        listener.stop()
        self.samples['quic'] = rates
        self.set('quic_mb_per_s', max(rates), 'MB/s')

    def round_trips(self):
        out = dict(line.split() for line in self.output(self.build / 'bench/bench_round_trips').splitlines())
        self.set('tcp_round_trips_to_first_byte', float(out['tcp_round_trips_to_first_byte']), 'round trips', 3)
        self.set('tcp_round_trips_to_first_byte_of_a_stranger', float(out['tcp_round_trips_to_first_byte_of_a_stranger']), 'round trips', 4)

    def scale(self, *args):
        if self.quick:
            args = (*args, '--nodes=1000')
        return {k: int(v) for k, v in (line.split() for line in self.output(self.build / 'sim/scale', *args).splitlines()) if k != 'hash'}

    def dht(self):
        # Virtual time over links of 50 to 150 ms round trip, where a dial over TCP costs two before the question: no
        # part of it depends on this machine.
        calm = self.scale('dht')
        churn = self.scale('dht', '--churn=20', '--lookups=100')
        for name in ('cold_p50', 'cold_p95', 'warm_p50'):
            self.set(f'dht_{name}_ms', calm[f'{name}_us'] / 1000, 'virtual ms')
        found, asked = churn['cold_found'] + churn['warm_found'], churn['cold_lookups'] + churn['warm_lookups']
        self.set('dht_found_share_churn20', found / asked, 'of lookups')

    def gossip(self):
        self.set('gossip_p99_hops', self.scale('gossip')['hops_p99'], 'hops')
        hostile = self.scale('gossip', '--hostile=20')
        self.set('gossip_delivery_hostile20', hostile['deliveries'] / hostile['deliveries_wanted'], 'of deliveries')

    def punch(self):  # virtual time too
        out = self.output(self.build / 'sim/punch', f'--seeds={2 if self.quick else 20}')
        counts = {k: int(v) for k, v in (line.split() for line in out.splitlines())}
        self.samples['punch'] = counts
        self.set('punch_success_share', counts['punched'] / counts['possible'], 'of pairs that can be punched')

    def idle(self):
        step, count = 1000, 2000 if self.quick else 10000
        node = Node(self.build, '--listen', '/ip4/127.0.0.1/tcp/0', '--memory', '1024', '--conns', str(count + 100))
        node.ignore_lines()
        base = node.anon_kib()
        port = node.addr.split('/')[4]
        clients = subprocess.Popen([self.build / 'bench/bench_idle_clients', port, node.peer, str(count), str(step)],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        weights = {}
        for line in clients.stdout:
            time.sleep(0.2)
            opened = int(line.split()[1])
            weights[opened] = node.anon_kib() - base
            if opened == count:
                clients.kill()
                break
            clients.stdin.write('\n')
            clients.stdin.flush()
        node.stop()
        self.samples['idle_anon_kib'] = weights
        if step not in weights or count not in weights:
            sys.exit('bench: the idle clients did not all connect')
        self.set('idle_connection_kib', round(weights[step] / step, 2), 'KiB', 24)
        if not self.quick:
            self.set('ten_thousand_idle_mib', round(weights[count] / 1024, 1), 'MiB', 400)

    def vault(self):
        with undisturbed() as granted:
            self.samples['vault_undisturbed'] = granted
            out = dict(line.split() for line in self.output(self.build / 'bench/bench_vault', self.build / 'apps/passmesh-keyd').splitlines())
        told = re.search(r'tpm_signature_us (\d+)', self.output(self.build / 'src/node/authenticator/node_tpm_key_test', 'the_chip_does_not_fill_up'))
        if told:
            self.set('tpm_signature_ms', round(int(told[1]) / 1000, 1), 'ms, swtpm')
        else:
            self.missing['tpm_signature_ms'] = 'swtpm is not installed'
        self.set('unlock_to_signature_ms', round(int(out['unlock_to_signature_us']) / 1000, 2), 'ms, the person\'s part left out')
        self.set('vault_enrol_ms', round(int(out['enrol_us']) / 1000, 2), 'ms, the person\'s part left out')
        self.set('keyd_signatures_per_s', int(out['signatures_per_s']), '1/s, one request after the other')
        self.set('capsule_bytes', int(out['capsule_bytes']), 'bytes')
        self.set('keyd_vault_rss_mib', round(int(out['rss_kib']) / 1024, 2), 'MiB, vault open')

    def light_client(self):
        with undisturbed() as granted:
            self.samples['light_client_undisturbed'] = granted
            out = dict(line.split() for line in self.output(self.build / 'bench/bench_light_client').splitlines())
            served = dict(line.split() for line in self.output(self.build / 'bench/bench_proofs').splitlines())
        for name, value in served.items():
            self.set(name, int(value), '1/s of CPU, the engine alone')
        for name, value in out.items():
            self.set(name, float(value), 'kB' if name.endswith('_kb') else 'ms of CPU')
        size = shutil.which('size')
        if not size:
            self.missing['verifier_text_kb'] = 'size is not installed (binutils)'
            return
        text = 0
        for row in self.output(size, *(self.build / f'libpm_{lib}.a' for lib in ('beacon', 'evm', 'crypto'))).splitlines()[1:]:
            words = row.split()
            lib, noun = re.search(r'src_([a-z]+)_(\w+)\.c\.o', row).groups() if 'src_' in row else ('', '')
            if lib == 'beacon' or noun in VERIFIER.get(lib, ()):
                text += int(words[0])
        self.set('verifier_text_kb', round(text / 1000, 1), 'kB')

    def churn(self):
        node = Node(self.build, '--listen', '/ip4/127.0.0.1/tcp/0')
        kib, accounted, samples = churn.growth(self.build, node, self.cycles)
        node.stop()
        self.samples['churn'] = samples
        name = 'churn_million_growth_kib' if self.cycles == 1000000 else 'churn_growth_kib'
        self.set(name, kib, f'KiB after {self.cycles} connections, {accounted} bytes in its own accounts', 64)

    def binary(self):
        strip = shutil.which('strip')
        if not strip:
            self.missing['binary_kib'] = 'strip is not installed (binutils)'
            return
        total = 0
        for name in ('passmesh', 'passmesh-keyd', 'passmesh-server'):
            stripped = self.build / 'bench' / name
            self.output(strip, '-o', stripped, self.build / 'apps' / name)
            size = stripped.stat().st_size / 1024
            stripped.unlink()
            self.set(f'binary_{name.replace("-", "_")}_kib', round(size, 1), 'KiB')
            total += size
        self.set('binary_kib', round(total, 1), 'KiB')

    def page(self):
        done = subprocess.run([ROOT / 'ui/bench.sh'], capture_output=True, text=True, check=False)
        if done.returncode:
            self.missing['ui_gzip_kb'] = 'ui/bench.sh failed: ' + (done.stderr.strip().splitlines() or ['no word'])[-1]
            return
        self.figures.update(json.loads(done.stdout[done.stdout.index('{'):]))
        self.samples.setdefault('commands', []).append({'command': 'ui/bench.sh', 'output': done.stdout})

    def programs(self):
        out = self.build / 'bench/programs.json'
        out.unlink(missing_ok=True)
        command = [ROOT / 'bench/programs.sh', self.build, out] + (['--quick'] if self.quick else [])
        why = ''
        try:
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, timeout=PROGRAMS_SECONDS_MAX)
            if done.returncode:
                why = next((line for line in done.stderr.splitlines() if 'Error' in line or 'Fault' in line), 'bench/programs.sh failed')
        except subprocess.TimeoutExpired:
            why = f'bench/programs.sh took over {PROGRAMS_SECONDS_MAX} s'
        if out.exists():
            told = json.loads(out.read_text('utf-8'))
            self.figures.update(told['figures'])
            self.samples['programs'] = told['samples']
        for name in ('tap_to_accept_ms', 'send_requests', 'warm_added_ms', 'overload10_accepted_p99_ms', 'daemon_rss_anon_mib', 'daemon_rss_mib', 'keyd_rss_anon_mib', 'daemon_start_ms'):
            if name not in self.figures:
                self.missing[name] = why or 'not told'

    def verdict(self, name):
        value, limit = self.figures[name]['value'], self.figures[name]['limit']
        if name in TARGETS_LEAST:
            return f'>= {TARGETS_LEAST[name]}', value >= TARGETS_LEAST[name]
        if name in TARGETS_MOST:
            return f'<= {TARGETS_MOST[name]}', value <= TARGETS_MOST[name]
        if name in SHARES_LEAST and limit:
            return f'>= {SHARES_LEAST[name] * limit:.0f}', value >= SHARES_LEAST[name] * limit
        return '', None

    def write(self):
        for extra in sorted((self.build / 'bench').glob('*.figures.json')):
            self.figures.update(json.loads(extra.read_text('utf-8')))
        (self.build / 'bench/samples.json').write_text(json.dumps(self.samples, indent=1) + '\n', 'utf-8')
        (self.build / 'bench.json').write_text(json.dumps(self.figures, indent=1) + '\n', 'utf-8')

    def table(self, names):
        print(f'{"":46}{"value":>12} {"limit":>10} {"peer":>10} {"target":>10}        unit')
        for name, f in self.figures.items():
            cells = [f'{v:.4g}' if isinstance(v, (int, float)) and v < 10 else f'{v:.0f}' if v is not None else '-'
                     for v in (f['value'], f['limit'], f['peer_value'])]
            target, met = self.verdict(name)
            word = '' if met is None else 'met' if met else 'MISSED'
            print(f'{name:46}{cells[0]:>12} {cells[1]:>10} {cells[2]:>10} {target:>10} {word:6} {f["unit"]}{" (peer: " + f["peer"] + ")" if f["peer"] else ""}')
        for name in [*names, *(m for m in self.missing if m not in names)]:
            if name not in self.figures:
                print(f'{name:46}{"missing":>12}  {self.missing.get(name, "not measured in this run")}')
        print(f'load of the machine: {os.getloadavg()[0]:.1f} over the last minute, {os.cpu_count()} cores')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--build', type=Path, default=ROOT / 'build')
    p.add_argument('--quick', action='store_true', help='smaller counts')
    p.add_argument('--churn', metavar='COUNT', type=int, default=20000, help='connections that come and go; 1000000 for churn_million_growth_kib')
    p.add_argument('--only', metavar='PART', help='measure this part alone, and write no file: ' + ', '.join(PARTS))
    args = p.parse_args()
    ninja = subprocess.run(['ninja', '-C', args.build, *TARGETS], capture_output=True, text=True, check=False)
    if ninja.returncode:
        sys.exit(ninja.stdout[-3000:])
    run = Run(args.build.resolve(), args.quick, args.churn)
    if args.only and args.only not in PARTS:
        sys.exit(f'bench: there is no part {args.only}')
    for part in [p for p in PARTS if args.only in (None, p) or p in NEEDS.get(args.only, ())]:
        print(f'bench: {part} ...', file=sys.stderr, flush=True)
        getattr(run, part)()
    if not args.only:
        run.write()
    run.table(NAMES if not args.only else [])


if __name__ == '__main__':
    main()
