"""What a node keeps of peers that came and went: its memory after the first tenth of them, and at the end."""
import queue
import re
import subprocess
import threading
import time

SETTLE_S = 0.5
ANSWER_S = 10


def growth(build, node, count):
    """KiB of anonymous memory, bytes in its own accounts, and the samples."""
    stats = queue.Queue()
    threading.Thread(target=lambda: [stats.put(line) for line in node.process.stdout if line.startswith('ok stats')], daemon=True).start()
    clients = subprocess.Popen([build / 'bench/bench_churn_clients', node.addr.split('/')[4], node.peer, str(count), str(count // 10), '1'],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    samples = []
    for line in clients.stdout:
        time.sleep(SETTLE_S)
        node.tell('stats')
        told = re.search(r'memory=(\d+) conns=(\d+) .* handshakes=(\d+)', stats.get(timeout=ANSWER_S))
        samples.append({'gone': int(line.split()[1]), 'anon_kib': node.anon_kib(), 'accounted': int(told[1]), 'conns': int(told[2]),
                        'handshakes': int(told[3])})
        clients.stdin.write('\n')
        clients.stdin.flush()
    if clients.wait() or samples[-1]['conns']:
        raise RuntimeError(f'the clients ended with {clients.returncode}, {samples[-1:]}')
    first, last = samples[0], samples[-1]
    return last['anon_kib'] - first['anon_kib'], last['accounted'] - first['accounted'], samples
