#!/usr/bin/env python3
"""passmesh-devices with a TPM (swtpm) and a pinentry program of the test's: it makes the vault, opens it and lets an account be made, with no browser and
no terminal; wrong PINs, a PIN that nobody gives and a chip that is gone are said in words. Arguments: PASSMESH - - DEVICES"""
import shutil
import subprocess
import sys

from pinentry import Pinentry
from unix_socket import listens
from world import main, until

DEVICES = sys.argv[4]
PIN = 'a pin of 100 %'


def run(world):
    if not shutil.which('swtpm'):
        yield 'the vault in a TPM # SKIP swtpm is missing: make deps GROUP=test', True
        return
    state, socket, pinentry = world.top / 'tpm', world.top / 'tpm.sock', Pinentry(world.top / 'pinentry')
    state.mkdir()
    daemon = world.daemon('wallet', 'mdns = no\n')

    def chip():
        child = world.start('swtpm', 'socket', '--tpm2', '--tpmstate', f'dir={state}', '--server', f'type=unixio,path={socket}', '--flags', 'not-need-init')
        until('the chip listens', lambda: listens(socket))
        return child

    def devices(*words, answer=f'D {PIN.replace("%", "%25")}\nOK\n'):
        pinentry.answers(answer)
        return subprocess.run((DEVICES, '--home', str(daemon.home), '--tpm-device', str(socket), '--pinentry', str(pinentry.program), *words),
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, start_new_session=True)

    one = chip()
    r = devices('unlock')
    yield 'without a vault there is nothing to unlock, and it says so', r.returncode == 1 and 'vault status' in r.stderr
    r = devices('enrol', answer='ERR 83886179 Operation cancelled <Pinentry>\n')
    yield 'a PIN that nobody gives ends it', r.returncode == 1 and 'No PIN was given' in r.stderr
    r = devices('enrol', answer='D 123\nOK\n')
    yield 'a PIN of three is too short', r.returncode == 1 and 'at least' in r.stderr
    r = devices('enrol')
    yield 'the vault is made in the chip', r.returncode == 0 and 'made and open' in r.stdout
    made = world.ask(daemon, 'accounts', 'add', 'In the chip', '--new')
    yield 'an account is made in it', '0x' in made
    world.ask(daemon, 'vault', 'lock')
    r = devices('unlock', answer='D wrong pin\nOK\n')
    yield 'a wrong PIN opens nothing', r.returncode == 1 and 'PIN is wrong' in r.stderr and world.ask(daemon, 'vault').startswith('locked')
    r = devices('unlock')
    yield 'the chip opens it', r.returncode == 0 and world.ask(daemon, 'vault').startswith('open, 1 passkeys')
    yield 'which proves that way in', 'proven 20' in world.ask(daemon, 'recovery')
    kept = (daemon.home / 'data/devices/tpm-passkey').read_bytes()
    yield 'its file is the owner\'s alone', (daemon.home / 'data/devices/tpm-passkey').stat().st_mode & 0o77 == 0 and len(kept) < 1100
    secrets = [PIN.encode()]
    held = [p for p in daemon.home.rglob('*') if p.is_file() and any(s in p.read_bytes() for s in secrets)]
    yield 'the PIN is in no file and no log', held == [] and not any(PIN in line for line in daemon.log)
    world.ask(daemon, 'vault', 'lock')
    world.children.remove(one)
    one.stop()
    socket.unlink(missing_ok=True)
    shutil.rmtree(state)
    state.mkdir()
    chip()
    r = devices('unlock')
    yield 'another chip opens nothing', r.returncode == 1 and 'not in this computer' in r.stderr


main(run)
