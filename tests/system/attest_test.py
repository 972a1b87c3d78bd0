#!/usr/bin/env python3
"""What servers' machines prove, asked by daemons: a server with a TPM (swtpm), one without; under the built-in policy and one of the person's.
usage: attest_test.py PASSMESH PASSMESH_SERVER P2P_NODE"""
import http.server
import json
import pathlib
import subprocess
import threading
import time

from world import main, until, write

SWTPM = '/usr/bin/swtpm'
ZERO = '0x' + '00' * 32


class Node(http.server.BaseHTTPRequestHandler):
    """An Ethereum node of which nothing is asked but who it is and where its head stands."""

    def do_POST(self):  # noqa: N802 (the library's name)
        asked = json.loads(self.rfile.read(int(self.headers['content-length'])))
        many = asked if isinstance(asked, list) else [asked]
        said = [{'jsonrpc': '2.0', 'id': q['id'], **self.answer(q['method'])} for q in many]
        text = json.dumps(said if isinstance(asked, list) else said[0]).encode()
        self.send_response(200)
        self.send_header('content-type', 'application/json')
        self.send_header('content-length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    @staticmethod
    def answer(method):
        now = hex(int(time.time()))
        block = {'number': '0x10', 'hash': '0x' + '11' * 32, 'parentHash': ZERO, 'timestamp': now, 'stateRoot': ZERO, 'gasLimit': '0x1c9c380',
                 'gasUsed': '0x0', 'baseFeePerGas': '0x7', 'transactions': []}
        known = {'eth_chainId': '0x7a69', 'eth_blockNumber': '0x10', 'eth_getBlockByNumber': block, 'eth_getBalance': '0xde0b6b3a7640000',
                 'eth_getTransactionCount': '0x0', 'eth_getCode': '0x', 'eth_gasPrice': '0x7'}
        return {'result': known[method]} if method in known else {'error': {'code': -32601, 'message': 'no such method'}}

    def log_message(self, *args):
        pass


def start_chip(world):
    home = world.top / 'chip'
    home.mkdir()
    chip = home / 'tpm'
    process = subprocess.Popen((SWTPM, 'socket', '--tpm2', '--tpmstate', f'dir={home}', '--flags', 'not-need-init', '--server',
                                f'type=unixio,path={chip}'), stderr=subprocess.DEVNULL)
    until('the chip listens', chip.exists)
    return process, chip


def run(world):
    if not pathlib.Path(SWTPM).exists():
        yield 'attest # SKIP swtpm is missing: make deps GROUP=test', True
        return
    node = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Node)
    threading.Thread(target=node.serve_forever, daemon=True).start()
    process, chip = start_chip(world)
    url = f'http://127.0.0.1:{node.server_port}'
    with_chip = world.server('with', f'dht = no\n[keys]\ntpm = {chip}\n[server]\n', node=url)
    without = world.server('without', 'dht = no\nattest = no\n', node=url)
    policy = write(world.top / 'policy.json', json.dumps(
        {'version': 1, 'rules': [{'kind': 'tpm2', 'measurements': 'any', 'allow': ['no_ek']}]}))
    named = ''.join(f'server = {s.ready["listen"][0]}\n' for s in (with_chip, without)) + 'dht = no\nmdns = no\n'
    lenient = world.daemon('lenient', f'{named}attestation = {policy}\n')
    strict = world.daemon('strict', named)

    def servers(daemon):
        return {s['id']: s for s in json.loads(world.ask(daemon, '--json', 'servers'))['servers']}

    def told(daemon, server, code):
        one = servers(daemon).get(server.ready['peer_id'], {})
        return one if one.get('evidence', {}).get('code') == code else None

    one = until('the evidence is accepted', lambda: told(lenient, with_chip, 'evidence_accepted'))
    yield 'a server whose TPM quotes is a key bound to a TPM, under a policy that takes such a TPM', one['attested'] == 'tpm'
    yield 'by which kind of evidence', one['evidence']['params'] == {'kind': 'tpm2'}
    yield 'the command line says so in words', 'key bound to a TPM by tpm2' in world.ask(lenient, 'servers')
    one = until('the other has none', lambda: told(lenient, without, 'evidence_none'))
    yield 'a server without evidence is nothing', one['attested'] == 'none'
    one = until('the evidence is refused', lambda: told(strict, with_chip, 'evidence_refused'))
    yield 'under the built-in policy a TPM that nothing vouches for proves nothing', one['attested'] == 'none'
    yield 'and the step that failed is told', one['evidence']['params'] == {'kind': 'tpm2', 'step': 'key_origin'}
    yield 'in words too', 'no hardware proof: evidence refused at key_origin of tpm2' in world.ask(strict, 'servers')
    process.kill()
    process.wait()
    node.shutdown()


main(run)
