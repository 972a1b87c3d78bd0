#!/usr/bin/env python3
"""guest.py: inside the machine of vm.py, as root. The Debian packages are installed by apt and used as docs/server.md says, under the real systemd, on
Debian 12's own kernel, with keys in a real /dev/tpmrm0 (behind which is swtpm). TAP on standard output."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
CONF, DATA = pathlib.Path('/etc/passmesh-server'), pathlib.Path('/var/lib/passmesh-server')
DROP_IN = pathlib.Path('/etc/systemd/system/passmesh-server.service.d')
UNIT, USER, PERSON = 'passmesh-server', 'passmesh-server', 'anna'
KEYS_IN_TPM = "sealed by this machine's TPM"
SCORE_MAX, WAIT_S, WATCHDOG_S = 1.5, 60, 30
SERVER_INI = '[server]\nnetwork = /etc/passmesh-server/local.ini\nnode = http://127.0.0.1:9\nlisten = /ip4/127.0.0.1/tcp/0\nmdns = no\n'
NETWORK = '[network]\nid = local\nname = Local\nchain_id = 31337\nkind = local\nsymbol = ETH\nnative_name = Ether\n' \
    'block_ms = 1000\nfinal_after = 2\np256 = yes\n'
DIRS = ('env', 'XDG_CONFIG_HOME=/etc', 'XDG_DATA_HOME=/var/lib', 'XDG_RUNTIME_DIR=/var/lib/passmesh-server')
AS_SERVER = ('setpriv', f'--reuid={USER}', f'--regid={USER}', '--groups=tss', *DIRS)


def run(*words, **more):
    return subprocess.run([str(w) for w in words], capture_output=True, text=True, **more)


def good(*words, **more):
    """Did it end well? If not, its last words are told."""
    r = run(*words, **more)
    if r.returncode:
        print(*(f'# {line}' for line in (r.stdout + r.stderr).splitlines()[-8:]), sep='\n')
    return r.returncode == 0


def until(ask):
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.2)
    return None


def show(what, unit=UNIT):
    return run('systemctl', 'show', '-P', what, unit).stdout.strip()


def journal():
    return run('journalctl', '-u', UNIT, '-o', 'cat').stdout


def status():
    r = run('passmesh-server', '--json', 'status')
    return json.loads(r.stdout) if r.returncode == 0 else {}


def processes_of(user):
    return run('ps', '-u', user, '-o', 'pid=,comm=').stdout.split('\n')[:-1]


def apt(*words):
    env = {**os.environ, 'DEBIAN_FRONTEND': 'noninteractive', 'LC_ALL': 'C'}
    return good('apt-get', '-q', '-y', '-o', 'APT::Sandbox::User=root', '-o', 'Dpkg::Use-Pty=0', *words, env=env)


# ---- the machine and the packages

def machine():
    release = os.uname().release
    yield re.match(r'6\.1\.', release) and 'Debian' in os.uname().version, f"Debian's own kernel ({release})"
    yield pathlib.Path('/run/systemd/system').is_dir(), 'systemd runs'
    yield pathlib.Path('/dev/tpmrm0').exists(), 'the kernel has a TPM'
    yield apt('install', *sorted(HERE.glob('*.deb'))), 'apt installs the packages'
    yield show('ActiveState') == 'inactive', 'the server is not started before it is told what to serve'
    said = run('passmesh', 'hardware')
    print(*(f'# {line}' for line in (said.stdout + said.stderr).splitlines()), sep='\n')
    yield said.returncode == 0 and 'TPM' in said.stdout, 'passmesh hardware tells of the TPM'


# ---- the server under systemd

def starts():
    (CONF / 'local.ini').write_text(NETWORK)
    (CONF / 'server.ini').write_text(SERVER_INI.replace('/etc/passmesh-server/local.ini', 'atlantis'))
    yield run('systemctl', 'start', UNIT).returncode == 1 and show('ActiveState') == 'failed', 'a wrong configuration is not tried again and again'
    yield until(lambda: 'There is no network atlantis' in journal()), 'and the journal says what is wrong in it'
    (CONF / 'server.ini').write_text(SERVER_INI)
    yield good('systemctl', 'enable', '--now', UNIT) and show('ActiveState') == 'active', 'systemctl enable --now returns when it is ready'
    yield until(lambda: show('StatusText')), f'systemctl status has a line of what it does ({show("StatusText")})'
    now = status()
    yield now.get('sandbox') == 'full', "its sandbox is full on this kernel, under the unit's own"
    yield re.search(r'sandbox: full: .*Landlock ABI 2$', journal(), re.M), 'with Landlock ABI 2'
    owners = {p.stat().st_uid for p in DATA.rglob('*')}
    yield len(owners) == 1 and 0 not in owners, 'what it keeps belongs to its user'
    score = re.search(r'Overall exposure level for \S+: ([\d.]+)', run('systemd-analyze', 'security', '--no-pager', UNIT).stdout)
    yield score and float(score[1]) <= SCORE_MAX, f'systemd-analyze security of the running unit: {score and score[1]} (at most {SCORE_MAX})'


def goes_on():
    first, peer = show('MainPID'), status().get('peer_id')
    (CONF / 'server.ini').write_text(SERVER_INI + '[log]\nlevel = debug\n')
    yield good('systemctl', 'reload', UNIT) and show('MainPID') == first, 'it reads its configuration again without a restart'
    os.kill(int(first), signal.SIGKILL)
    again = until(lambda: show('ActiveState') == 'active' and show('MainPID') not in ('0', first) and status())
    yield again and again['peer_id'] == peer, 'killed, it is back, as the same peer'
    names = [line.split()[1] for line in processes_of(USER)]
    yield names.count('passmesh-keyd') == 1, f'no process of the one before is left {names}'
    second = show('MainPID')
    os.kill(int(second), signal.SIGSTOP)
    end = time.monotonic() + 3 * WATCHDOG_S
    while show('MainPID') in ('0', second) and time.monotonic() < end:
        time.sleep(1)
    yield until(lambda: show('ActiveState') == 'active' and status()), 'stopped in its tracks, the watchdog has it replaced'
    yield good('systemctl', 'stop', UNIT) and show('Result') == 'success' and not processes_of(USER), 'it stops when it is told, and leaves no process'
    yield good('systemctl', 'start', UNIT) and good('passmesh-server', 'drain', '5') and until(lambda: show('ActiveState') == 'inactive'), \
        'drained, it ends and is not started again'


# ---- keys in the TPM

def seal(*words, typed=''):
    return run(*AS_SERVER, 'passmesh-server', 'seal', *words, input=typed)


def sealed():
    good('systemctl', 'start', UNIT)
    peer = until(lambda: status().get('peer_id'))
    good('systemctl', 'stop', UNIT)
    DROP_IN.mkdir()
    shutil.copy('/usr/share/doc/passmesh-server/examples/tpm.conf', DROP_IN)
    good('systemctl', 'daemon-reload')
    done = seal('tpm', typed='yes\n')
    phrase = done.stdout.split('\n')[0]
    if done.returncode:
        print('#', done.stderr[-600:])
    yield done.returncode == 0 and len(phrase.split()) == 24, 'the keys are sealed by /dev/tpmrm0'
    yield not (DATA / 'keys/store.key').exists(), 'the key file is gone'
    yield good('systemctl', 'start', UNIT) and status().get('peer_id') == peer, 'the unit starts with them, as the same peer'
    yield until(lambda: KEYS_IN_TPM in journal()), 'and says that they are sealed'
    good('systemctl', 'stop', UNIT)
    yield good('tpm2_clear', '-c', 'l', '-T', 'device:/dev/tpmrm0'), '(the TPM is cleared, as a firmware update may)'
    yield not good('systemctl', 'start', UNIT), 'then it does not start'
    said = seal('status').stdout
    yield 'seal recover' in said, 'seal status says what to do'
    good('systemctl', 'reset-failed', UNIT)
    yield seal('recover', typed=phrase + '\n').returncode == 0 and good('systemctl', 'start', UNIT) and status().get('peer_id') == peer, \
        'the recovery phrase brings the same peer back'
    good('systemctl', 'stop', UNIT)
    yield 'opens       yes' in seal('status').stdout and not (DATA / 'keys/store.key').exists(), 'sealed again'


# ---- who has taken the server over

def escapes():
    words = ('/usr/bin/passmesh', '/usr/bin/passmesh-server', '/bin/true', HERE / 'intruder.so', HERE / 'landlock_abi')
    test = subprocess.Popen(('python3', HERE / 'escape_test.py', *words), stdout=subprocess.PIPE, text=True, env={**os.environ, 'PASSMESH_WAIT_S': '180'})
    for line in test.stdout:
        if m := re.match(r'(not )?ok \d+ - (.*)', line):
            yield not m[1], m[2]
        elif line.startswith('#'):
            print(line, end='')
    yield test.wait() == 0, 'every escape was tried'


# ---- a person's wallet

def wallet():
    run('useradd', '-m', PERSON)
    user = run('id', '-u', PERSON).stdout.strip()
    run('loginctl', 'enable-linger', PERSON)
    until(lambda: pathlib.Path(f'/run/user/{user}/bus').exists())
    manager = ('systemctl', '--user', '-M', f'{PERSON}@.host')
    ask = ('runuser', '-u', PERSON, '--', 'env', f'XDG_RUNTIME_DIR=/run/user/{user}', 'passmesh')
    yield good(*manager, 'start', 'passmesh'), "the wallet starts as a user's unit"
    yield until(lambda: run(*ask, 'status').returncode == 0), 'and answers its owner'
    yield good(*manager, 'stop', 'passmesh') and not [p for p in processes_of(PERSON) if 'passmesh' in p], 'it stops and leaves no process'


def purged():
    good('systemctl', 'start', UNIT)
    yield apt('remove', 'passmesh', 'passmesh-keyd', 'passmesh-server') and not processes_of(USER), 'apt stops and removes a server that runs'
    yield (CONF / 'server.ini').exists() and any((DATA / 'keys').iterdir()), 'configuration and keys stay'
    yield apt('purge', 'passmesh-server') and not CONF.exists() and not DATA.exists(), 'apt purges them'
    yield run('getent', 'passwd', USER).returncode != 0, 'and the user'
    yield any(pathlib.Path('/var/backups/passmesh-server-keys.1').iterdir()), 'the keys are kept for root'


def main():
    print('TAP version 13', flush=True)
    os.environ['HOME'] = '/root'  # a unit of the system has none
    count = 0
    for part in (machine, starts, goes_on, sealed, escapes, wallet, purged):
        for held, name in part():
            count += 1
            print(f'{"ok" if held else "not ok"} {count} - {name}', flush=True)
    print(f'1..{count}', flush=True)


main()
