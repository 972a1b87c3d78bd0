#!/usr/bin/env python3
"""What servers' machines prove, asked by daemons: a server with a TPM (swtpm), one without, and one whose TPM has certificates of its keys (swtpm_setup); under the built-in policy and one of
the person's. The last one's root is no vendor's, so beside the daemons a program of the test's asks it, which takes that root.
usage: attest_test.py PASSMESH PASSMESH_SERVER P2P_NODE ATTEST_ASK"""
import getpass
import json
import pathlib
import subprocess
import sys

from small_node import start_node
from unix_socket import listens
from world import main, until, write

SWTPM = '/usr/bin/swtpm'
SWTPM_SETUP = '/usr/bin/swtpm_setup'
ATTEST_ASK = sys.argv[4]


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


main(run)
