#!/usr/bin/env python3
"""Keys sealed by a TPM, which is swtpm: the commands as an operator types them, and a server that starts on it; then a person's wallet.
usage: seal_test.py PASSMESH PASSMESH_SERVER P2P_NODE"""
import json
import pathlib
import shutil
import subprocess

from unix_socket import listens
from world import PASSMESH, SERVER, main, until, write

SWTPM = '/usr/bin/swtpm'


class Chip:
    def __init__(self, world):
        self.world, self.dir = world, world.top / 'chip'
        self.socket = self.dir / 'tpm'

    def start(self):
        self.dir.mkdir(exist_ok=True)
        self.socket.unlink(missing_ok=True)
        self.process = subprocess.Popen((SWTPM, 'socket', '--tpm2', '--tpmstate', f'dir={self.dir}', '--flags', 'not-need-init',
                                         '--server', f'type=unixio,path={self.socket}'), stderr=subprocess.DEVNULL)
        until('the chip listens', lambda: listens(self.socket))

    def stop(self):
        self.process.kill()
        self.process.wait()

    def replace(self):
        self.stop()
        shutil.rmtree(self.dir)
        self.start()


def seal(home, *words, typed='', program=SERVER):
    return subprocess.run((program, '--home', str(home), 'seal', *words), input=typed, capture_output=True, text=True, check=False)


def seal_wallet(world, chip):
    """The same commands on the store of a daemon."""
    home, ini = world.top / 'wallet', f'[keys]\ntpm = {chip.socket}\n[peers]\n'

    def up():
        daemon = world.daemon('wallet', ini)
        held = json.loads(world.ask(daemon, '--json', 'status'))['keys'] == 'ok'
        ended = seal(home, 'status', program=PASSMESH)
        daemon.stop()
        world.children.remove(daemon)
        return held, ended

    held, busy = up()
    yield 'while a wallet runs nothing is changed', held and busy.returncode == 1 and 'another keyd' in busy.stderr
    done = seal(home, 'tpm', typed='yes\n', program=PASSMESH)
    phrase = done.stdout.splitlines()[0]
    gone = not (home / 'data/keys/store.key').exists()
    yield "a wallet's keys are sealed", done.returncode == 0 and len(phrase.split()) == 24 and gone
    yield 'it starts from the TPM', up()[0]
    yield 'passmesh seal says by what', "by this machine's TPM" in seal(home, program=PASSMESH).stdout
    yield 'a command that makes no sense is refused', seal(home, 'melt', program=PASSMESH).returncode == 2
    chip.replace()
    yield 'on another board the phrase opens them', seal(home, 'recover', typed=phrase + '\n', program=PASSMESH).returncode == 0 and up()[0]


def run(world):
    if not pathlib.Path(SWTPM).exists():
        yield 'seal # SKIP swtpm is missing: make deps GROUP=test', True
        return
    chip = Chip(world)
    chip.start()
    home = world.top / 'server'
    ini = f'dht = no\n[keys]\ntpm = {chip.socket}\n[server]\n'

    def up():
        server = world.server('server', ini)
        answer = server.ready['peer_id'], server.ready['keys']
        server.stop()
        world.children.remove(server)
        return answer

    first, keys = up()
    yield 'a server that was not sealed says so', keys == 'file'
    yield 'and so does seal status', 'sealed      no' in seal(home, 'status').stdout
    refused = seal(home, 'tpm', typed='no\n')
    yield 'nothing changes unless the phrase was written down', refused.returncode == 1 and (home / 'data/keys/store.key').exists()
    done = seal(home, 'tpm', typed='yes\n')
    phrase = done.stdout.splitlines()[0]
    yield 'seal tpm prints a phrase of 24 words, on stdout alone', len(phrase.split()) == 24 and phrase not in done.stderr
    yield 'and takes the key file away', done.returncode == 0 and not (home / 'data/keys/store.key').exists()
    yield 'the server starts with the same identity, from the TPM', up() == (first, 'tpm2')
    yield 'seal status tells the registers', 'registers 7 ' in seal(home, 'status').stdout
    yield 'a command that makes no sense is refused', seal(home, 'melt').returncode == 2 and seal(home, 'tpm', 'none').returncode == 2
    value = '7=' + '11' * 32
    yield 'another phrase approves nothing', seal(home, 'approve', value, typed='abandon ' * 23 + 'art\n').returncode == 1
    yield 'the phrase approves what an update will measure', seal(home, 'approve', value, typed=phrase + '\n').returncode == 0
    chip.replace()
    lost = seal(home, 'status')
    yield 'on another board seal status says what to do', 'opens       no' in lost.stdout and 'seal recover' in lost.stdout
    yield 'the phrase seals on the new board', seal(home, 'recover', typed=phrase + '\n').returncode == 0
    yield 'with the same identity', up() == (first, 'tpm2')
    yield from seal_wallet(world, chip)
    chip.stop()
    yield 'without any TPM nothing opens', 'opens       no' in seal(home, 'status').stdout
    yield 'but the phrase does', seal(home, 'recover', 'none', typed=phrase + '\n').returncode == 0
    yield 'the server starts, with a key file, and says so', up() == (first, 'file')
    text = (home / 'config/server.ini').read_text()
    write(home / 'config/server.ini', text + '[keys]\nseal = required\n')
    wanted = subprocess.run((SERVER, '--home', str(home), '--network', str(world.network), '--node', 'http://127.0.0.1:9', '--listen',
                             '/ip4/127.0.0.1/tcp/0'), capture_output=True, text=True, check=False)
    yield 'where a seal is required it does not start', wanted.returncode == 1 and 'seal = required' in wanted.stderr


main(run)
