#!/usr/bin/env python3
"""What servers' machines prove, asked by daemons: a server with a TPM (swtpm), one without, and one whose TPM has certificates of its keys (swtpm_setup); under the built-in policy and one of
the person's. The last one's root is no vendor's, so beside the daemons a program of the test's asks it, which takes that root. Then a server on a TDX guest that is simulated (tdx_guest in place of
passmesh-tpm), with a service that stands in for Intel's: a build of the server that takes the root of that maker fetches and staples endorsements.
usage: attest_test.py PASSMESH PASSMESH_SERVER P2P_NODE ATTEST_ASK TDX_GUEST SERVER_OF_MAKER"""
import getpass
import http.server
import json
import os
import pathlib
import ssl
import subprocess
import sys
import threading
import time

from small_node import start_node
from unix_socket import listens
from world import main, until, write

SWTPM = '/usr/bin/swtpm'
SWTPM_SETUP = '/usr/bin/swtpm_setup'
ATTEST_ASK, TDX_GUEST, SERVER_OF_MAKER = sys.argv[4:7]


class Maker(http.server.BaseHTTPRequestHandler):
    """The service of a platform's maker: what tdx_guest wrote down."""
    top, asked = None, []
    pages = {'/tdx/certification/v4/tcb?fmspc=00606a000000': ('tcb', 'TCB-Info-Issuer-Chain'),
             '/tdx/certification/v4/qe/identity': ('identity', None),
             '/sgx/certification/v4/pckcrl?ca=platform&encoding=der': ('pckcrl', 'SGX-PCK-CRL-Issuer-Chain'),
             '/sgx/certification/v4/rootcacrl': ('rootcacrl', None)}

    def do_GET(self):  # noqa: N802 (the library's name)
        self.asked.append(self.path)
        name, header = self.pages.get(self.path, (None, None))
        body = (self.top / name).read_bytes() if name else b''
        self.send_response(200 if name else 404)
        self.send_header('content-length', str(len(body)))
        if header:
            self.send_header(header, (self.top / f'{name}.header').read_text())
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def make_chip(home):
    """As a maker makes one, with a CA of its own: the certificates above those of the chip's keys, the root last."""
    write(home / 'localca.conf', ''.join(f'{key} = {home}/{name}\n' for key, name in (
        ('statedir', ''), ('signingkey', 'signkey.pem'), ('issuercert', 'issuercert.pem'), ('certserial', 'certserial'))))
    write(home / 'localca.options', '')
    write(home / 'setup.conf', f'create_certs_tool = /usr/bin/swtpm_localca\ncreate_certs_tool_config = {home}/localca.conf\n'
          f'create_certs_tool_options = {home}/localca.options\nactive_pcr_banks = sha256\n')
    subprocess.run((SWTPM_SETUP, '--tpm2', '--tpmstate', f'dir://{home}', '--config', home / 'setup.conf', '--runas', getpass.getuser(), '--create-ek-cert'),
                   check=True, capture_output=True)
    return [home / 'issuercert.pem', home / 'swtpm-localca-rootca-cert.pem']


def start_chip(home):
    home.mkdir(exist_ok=True)
    chip = home / 'tpm'
    process = subprocess.Popen((SWTPM, 'socket', '--tpm2', '--tpmstate', f'dir={home}', '--flags', 'not-need-init', '--server',
                                f'type=unixio,path={chip}'), stderr=subprocess.DEVNULL)
    until('the chip listens', lambda: listens(chip))
    return process, chip


def run(world):
    if not pathlib.Path(SWTPM).exists():
        yield 'attest # SKIP swtpm is missing: make deps GROUP=test', True
        return
    node, url = start_node()
    process, chip = start_chip(world.top / 'chip')
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
    yield from vouched_for(world, url, servers)
    yield from endorsed(world, url)
    node.shutdown()


def vouched_for(world, url, servers):
    if not pathlib.Path(SWTPM_SETUP).exists():
        yield 'a TPM with certificates # SKIP swtpm_setup is missing: make deps GROUP=test', True
        return
    home = world.top / 'made'
    home.mkdir()
    above = make_chip(home)
    process, chip = start_chip(home)
    issuers = write(world.top / 'issuers.pem', ''.join(path.read_text() for path in above))
    made = world.server('vouched', f'dht = no\nattest_issuers = {issuers}\n[keys]\ntpm = {chip}\n[server]\n', node=url)
    daemon = world.daemon('wallet', f'server = {made.ready["listen"][0]}\ndht = no\nmdns = no\n')

    def told():
        one = servers(daemon).get(made.ready['peer_id'], {}).get('evidence', {})
        return one if one.get('code') == 'evidence_refused' else None

    yield 'a root that is no vendor\'s is not taken, whatever a server says of it', until('the evidence is refused', told)['params'] == {'kind': 'tpm2', 'step': 'root'}
    said = [json.loads(line) for line in subprocess.run((ATTEST_ASK, made.ready['listen'][0], above[-1]), capture_output=True, text=True,
                                                        check=True).stdout.splitlines()]
    accepted = {'end': 'accepted', 'kind': 'tpm2', 'level': 'tpm-bound-key', 'step': 'none'}
    yield 'where the root counts, the built-in policy takes the chip: it has opened a credential', said[:1] == [accepted]
    yield 'and the next time without asking it', said[1:] == [accepted]
    process.kill()
    process.wait()


def endorsed(world, url):
    """The paths of keyd and of what stands in for passmesh-tpm lie in one folder, as where they are installed."""
    programs = world.top / 'programs'
    programs.mkdir()
    real = pathlib.Path(os.environ.get('PASSMESH_KEYD', pathlib.Path(sys.argv[2]).parent / 'passmesh-keyd'))
    (programs / 'passmesh-keyd').symlink_to(real.resolve())
    (programs / 'passmesh-tpm').symlink_to(pathlib.Path(TDX_GUEST).resolve())
    maker = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Maker)
    threading.Thread(target=maker.serve_forever, daemon=True).start()

    def guest(name, pcs):
        config = world.top / name / 'config'
        device = write(config / 'device', '')
        Maker.top = config
        server = world.server(name, f'dht = no\nattest_pcs = {pcs}\n[keys]\ntpm = {device}\n[server]\n', node=url, program=SERVER_OF_MAKER,
                              env={'PASSMESH_KEYD': str(programs / 'passmesh-keyd'), 'PASSMESH_TEST_ROOT': str(config / 'root.pem')})

        def status():
            said = subprocess.run((SERVER_OF_MAKER, '--home', server.home, 'status', '--json'), capture_output=True, text=True, check=True).stdout
            return json.loads(said)

        def asked():
            said = subprocess.run((ATTEST_ASK, server.ready['listen'][0], config / 'root.pem'), capture_output=True, text=True, check=True).stdout
            return json.loads(said.splitlines()[0])

        return until('evidence is handed out', lambda: (s := status())['attest']['evidence'] and s), asked()

    base = f'http://127.0.0.1:{maker.server_port}'
    status, said = guest('guest', base)
    yield 'a server on a TDX guest asks its maker\'s service, once for each', sorted(Maker.asked) == sorted(Maker.pages)
    yield 'and staples what it says', status['attest']['endorsements'] == 'stapled' and 'why' not in status['attest']
    yield 'the verdict stands in the status', 'UpToDate' in status['attest']['verdict'] and status['attest']['until'] > time.time()
    yield 'which is no problem', 'endorsements_lacking' not in [p['code'] for p in status['problems']]
    yield 'a wallet that asks it accepts the guest, without a service', said == {'end': 'accepted', 'kind': 'tdx', 'level': 'hardware-attested', 'step': 'none'}
    key, certificate = world.top / 'tls.key', world.top / 'tls.pem'
    subprocess.run(('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, '-days', '2', '-subj', '/CN=127.0.0.1',
                    '-addext', 'subjectAltName=IP:127.0.0.1'), check=True, capture_output=True)
    tls = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Maker)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    tls.socket = context.wrap_socket(tls.socket, server_side=True)
    threading.Thread(target=tls.serve_forever, daemon=True).start()
    Maker.asked.clear()
    status, _ = guest('tapped', f'https://127.0.0.1:{tls.server_port}')
    yield 'over HTTPS nobody is asked whose certificate the system does not know', not Maker.asked and 'certificate' in status['attest']['why']
    tls.shutdown()
    status, said = guest('deserted', f'{base}/nothing')
    yield 'without the service the evidence is handed out as it is', status['attest']['endorsements'] == 'lacking'
    yield 'the status says what failed', status['attest']['why'].endswith(': the service answers 404')
    yield 'and what follows', 'endorsements_lacking' in [p['code'] for p in status['problems']]
    yield 'a wallet refuses it at the step that misses them', (said['end'], said['step']) == ('refused', 'cert_missing')
    maker.shutdown()


main(run)
