#!/usr/bin/env python3
"""A new machine and a security key: the vault comes back from the servers that keep it, on the command line alone. Real servers and daemons, the real
libfido2 over a key in software, a pinentry of the test's. Arguments: PASSMESH SERVER P2P_NODE DEVICES SOFT_KEY"""
import json
import shutil
import signal
import subprocess
import sys

from pinentry import Pinentry
from small_node import start_node
from unix_socket import listens
from world import free_port, main, until

DEVICES, SOFT_KEY = sys.argv[4:6]
PIN = '2468'


class Person:
    """Who has the keys, and machines to try them on."""

    def __init__(self, world):
        self.world, self.pinentry = world, Pinentry(world.top / 'pinentry')
        self.port = free_port()  # what a passkey signs names the page's origin, so it is the same on all machines

    def key(self, name, seed):
        socket = self.world.top / f'{name}.sock'
        self.world.start(SOFT_KEY, str(socket), PIN, str(seed))
        until('the key is plugged in', lambda: listens(socket))
        return socket

    def machine(self, name, servers, more=''):
        named = ''.join(f'server = {s.ready["listen"][0]}\n' for s in servers)
        daemon = self.world.daemon(name, f'mdns = no\ndht = no\nrendezvous = no\ndirectory = no\n{named}', more=more, port=self.port)
        until('its servers are ready', lambda: sum('is ready' in line for line in daemon.log) >= len(servers))
        return daemon

    def use(self, daemon, key, *words, pin=PIN):
        self.pinentry.answers(f'D {pin}\nOK\n')
        return subprocess.run((DEVICES, '--home', str(daemon.home), '--device', str(key), '--pinentry', str(self.pinentry.program), *words),
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, start_new_session=True)

    def chip(self):
        state, socket = self.world.top / 'tpm', self.world.top / 'tpm.sock'
        state.mkdir()
        self.world.start('swtpm', 'socket', '--tpm2', '--tpmstate', f'dir={state}', '--server', f'type=unixio,path={socket}', '--flags', 'not-need-init')
        until('the chip listens', lambda: listens(socket))
        return socket

    def use_chip(self, daemon, chip, *words):
        self.pinentry.answers(f'D {PIN}\nOK\n')
        return subprocess.run((DEVICES, '--home', str(daemon.home), '--tpm-device', str(chip), '--pinentry', str(self.pinentry.program), *words),
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, start_new_session=True)

    def leave(self, daemon):
        """The machine is gone, with all that was on it."""
        self.world.children.remove(daemon)
        code = daemon.stop()
        shutil.rmtree(daemon.home)
        return code == 0


def addresses(world, daemon):
    return sorted(a['address'] for a in json.loads(world.ask(daemon, '--json', 'account', 'list'))['accounts'])


def copies(world, daemon):
    return json.loads(world.ask(daemon, '--json', 'vault'))['copies']['servers']


def failed(r, *words):
    return r.returncode == 1 and all(word in r.stderr for word in words)


def faults(world, person, own, other, keepers, fresh):
    """Each on a machine without a vault, which still has none afterwards."""
    daemon = person.machine('faults', keepers)
    r = person.use(daemon, own, 'fetch', pin='9999')
    yield 'a wrong PIN fetches nothing', failed(r, 'The PIN is wrong')
    r = person.use(daemon, other, 'fetch')
    yield 'a key without a passkey of the wallet', failed(r, 'no passkey of the wallet')
    for one in keepers:
        one.process.send_signal(signal.SIGSTOP)
    r = person.use(daemon, own, 'fetch')
    for one in keepers:
        one.process.send_signal(signal.SIGCONT)
    yield 'servers that keep it back without a word', failed(r, 'did not answer')
    yield 'nothing was taken by any of it', world.ask(daemon, 'vault').startswith('none')
    person.leave(daemon)
    daemon = person.machine('without', [fresh])
    r = person.use(daemon, own, 'fetch')
    yield 'no server has it: how many were asked, with which passkey', failed(r, 'None of the 1 servers', 'the only passkey of the wallet')
    person.leave(daemon)
    daemon = person.machine('alone', [])
    r = person.use(daemon, own, 'fetch')
    yield 'no server can be reached', failed(r, 'Looking for servers', 'Is this computer connected?')
    person.leave(daemon)


def another_vault(world, person, own, other):
    """A second vault, of which no server has a copy, gives both keys another passkey."""
    daemon = person.machine('second', [], more='[vault]\ncopies = no\n')
    made = person.use(daemon, other, 'enrol')
    person.leave(daemon)
    daemon = person.machine('third', [], more='[vault]\ncopies = no\n')
    more = person.use(daemon, own, 'enrol')
    person.leave(daemon)
    return made.returncode == 0 and more.returncode == 0


def in_the_chip(world, person, keepers):
    """The same with this computer's TPM, of which the file in DATA/devices is left."""
    if not shutil.which('swtpm'):
        yield 'with a TPM # SKIP swtpm is missing: make deps GROUP=test', True
        return
    chip = person.chip()
    daemon = person.machine('chip', keepers)
    made = person.use_chip(daemon, chip, 'enrol')
    world.ask(daemon, 'accounts', 'add', 'In the chip', '--new')
    before = addresses(world, daemon)
    until('both servers keep it', lambda: copies(world, daemon) == 2)
    yield 'servers keep a vault that a TPM alone has made', made.returncode == 0 and len(before) == 1
    blob = (daemon.home / 'data/devices/tpm-passkey').read_bytes()
    person.leave(daemon)
    daemon = person.machine('chip', keepers)
    r = person.use_chip(daemon, chip, 'fetch')
    yield 'without its file the chip has no passkey', failed(r, 'no passkey of the wallet')
    (daemon.home / 'data/devices/tpm-passkey').write_bytes(blob)
    r = person.use_chip(daemon, chip, 'fetch')
    yield 'with its file the vault comes back', r.returncode == 0 and addresses(world, daemon) == before
    person.leave(daemon)


def run(world):
    person = Person(world)
    own, other = person.key('own', 1), person.key('other', 2)
    node, url = start_node()
    keepers = [world.server(name, 'dht = no\n', node=url) for name in ('one', 'two')]
    fresh = world.server('fresh', 'dht = no\n', node=url)
    daemon = person.machine('wallet', keepers)
    r = person.use(daemon, own, 'enrol')
    yield 'the vault is made with the key', r.returncode == 0
    world.ask(daemon, 'accounts', 'add', 'By key', '--new')
    world.ask(daemon, 'accounts', 'add', 'Another', '--new', '--words', '24')
    before = addresses(world, daemon)
    until('both servers keep the vault as it is now', lambda: copies(world, daemon) == 2)
    yield 'servers keep a vault that a key alone has made', len(before) == 2
    ways = world.ask(daemon, 'recovery')
    yield 'the ways in tell of it, and that a backup file is missing', 'copies with servers: 2' in ways and 'kept until 20' in ways and 'never proven' in ways
    world.ask(daemon, 'vault', 'lock')
    r = person.use(daemon, own, 'fetch')
    yield 'where there is a vault it is not replaced', failed(r, 'There is a vault here already')
    yield 'the machine is gone', person.leave(daemon)

    yield from faults(world, person, own, other, keepers, fresh)

    daemon = person.machine('again', [keepers[1], fresh])
    r = person.use(daemon, own, 'fetch')
    yield 'one server that has it is enough, though another says that it has none', r.returncode == 0 and 'The vault is open' in r.stdout
    yield 'it is open, with the same accounts', world.ask(daemon, 'vault').startswith('open, 1 passkeys') and addresses(world, daemon) == before
    until('it is kept there too', lambda: copies(world, daemon) == 2)
    yield 'and is kept by whoever is connected now', True
    person.leave(daemon)

    yield from in_the_chip(world, person, keepers)

    yield 'two keys get another vault', another_vault(world, person, own, other)
    daemon = person.machine('last', keepers)
    r = person.use(daemon, other, 'fetch')
    yield 'another person\'s key fetches nothing, and it says with which passkey', failed(r, 'None of the 2 servers', 'the only passkey')
    r = person.use(daemon, own, 'fetch')
    yield 'of two vaults\' passkeys the person says which', failed(r, 'Say which', '1  Passmesh vault', '2  Passmesh vault')
    r = person.use(daemon, own, 'fetch', '1')
    yield 'the other one finds nothing, by its number', failed(r, 'None of the 2 servers', 'passkey 1 of 2, "Passmesh vault"')
    r = person.use(daemon, own, 'fetch', '3')
    yield 'a number that is none', failed(r, 'There is no passkey 3')
    r = person.use(daemon, own, 'fetch', '2')
    yield 'the right one brings it', r.returncode == 0 and addresses(world, daemon) == before
    node.shutdown()


main(run)
