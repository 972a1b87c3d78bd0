"""Bytes a second over a long link: bench/relay.c carries 1 Gbit/s, 30 ms late each way, with a queue of 16 MB. Steady state: the
first seconds, in which windows grow, do not count."""
import re
import socket
import subprocess
import threading
import time

DELAY_MS, MBIT_PER_S, QUEUE_MB = 30, 1000, 16
GROWING_S = 5
SEND_LEN = 10 ** 12  # more than the link carries while we look
BLOCK_LEN = 256 * 1024


class Relay:
    """The link to a port of this machine; `port` is its near end."""

    def __init__(self, build, port):
        self.process = subprocess.Popen([build / 'bench/bench_relay', str(port), str(DELAY_MS), str(MBIT_PER_S), str(QUEUE_MB)],
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])

    def stop(self):
        self.process.kill()
        self.process.wait()


def steady(count_now, seconds):
    """Megabytes a second of a counter, each second; those that count, and all."""
    samples = [(count_now(), time.monotonic())]
    for _ in range(GROWING_S + seconds):
        time.sleep(1)
        samples.append((count_now(), time.monotonic()))
    every = [round((b - a) / (t - s) / 1e6, 1) for (a, s), (b, t) in zip(samples, samples[1:])]
    (first, start), (last, end) = samples[GROWING_S], samples[-1]
    return (last - first) / (end - start) / 1e6, every


def plain_tcp(build, seconds):
    counts = [0]

    def send(to):
        block = bytes(BLOCK_LEN)
        try:
            while True:
                to.sendall(block)
        except OSError:
            pass  # it is over: the relay is gone

    def receive(by):
        room = bytearray(BLOCK_LEN)
        try:
            while n := by.recv_into(room):
                counts[0] += n
        except OSError:
            pass

    with socket.create_server(('127.0.0.1', 0)) as listener:
        relay = Relay(build, listener.getsockname()[1])
        sender = socket.create_connection(('127.0.0.1', relay.port))
        receiver = listener.accept()[0]
        threads = [threading.Thread(target=send, args=[sender]), threading.Thread(target=receive, args=[receiver])]
        for t in threads:
            t.start()
        found = steady(lambda: counts[0], seconds)
        relay.stop()
        for t in threads:
            t.join()
        sender.close()
        receiver.close()
    return found


def node_to_node(build, new_node, seconds):
    listener, dialer = new_node('--listen', '/ip4/127.0.0.1/tcp/0'), new_node()
    relay = Relay(build, listener.addr.split('/')[4])
    dialer.ask(f'dial /ip4/127.0.0.1/tcp/{relay.port}', 'identified')
    dialer.tell(f'send {listener.peer} {SEND_LEN}')
    found = steady(lambda: int(re.search(r' sunk=(\d+)', listener.ask('stats', 'ok stats'))[1]), seconds)
    for part in (relay, dialer, listener):
        part.stop()
    return found
