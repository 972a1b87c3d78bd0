#!/usr/bin/env python3
"""deb_test.py: the Debian packages. They are built, built again elsewhere and compared; then apt installs, removes and purges them in a system of
its own: this one with a layer above it that takes every change, which needs root."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMES = ['passmesh', 'passmesh-keyd', 'passmesh-server']
NETWORK = '[network]\nid = local\nname = Local\nchain_id = 31337\nkind = local\nsymbol = ETH\nnative_name = Ether\n' \
    'block_ms = 1000\nfinal_after = 2\np256 = yes\n'
WAIT_S = 20
# What apt, dpkg and useradd write for themselves; the contents of the lists of users are compared.
OWN = re.compile(r'(tmp|run|proc|dev|sys|var/(log|cache|lib/(dpkg|apt|systemd))|etc/(ld\.so\.cache|\.pwd\.lock)'
                 r'|etc/(passwd|group|shadow|gshadow|subuid|subgid)-?|usr/share/applications/mimeinfo\.cache)(/|$)')
APT = ['-o', 'APT::Sandbox::User=root', '-o', 'Dpkg::Use-Pty=0', '-o', 'Acquire::http::Proxy=http://127.0.0.1:9']  # nothing is fetched
DIRS_ENV = ['XDG_CONFIG_HOME=/etc', 'XDG_DATA_HOME=/var/lib', 'XDG_RUNTIME_DIR=/run']


def run(*words, **more):
    return subprocess.run([str(w) for w in words], capture_output=True, text=True, **more)


def say(held, name, count=[0]):
    count[0] += 1
    print(f'{"ok" if held else "not ok"} {count[0]} - {name}', flush=True)
    return held, count[0]


def build(tree, out, env):
    r = run(tree / 'packaging/deb.py', '--build', tree / 'build-deb', '--out', out, env=env)
    if r.returncode:
        print(*(f'# {line}' for line in (r.stdout + r.stderr).splitlines()[-15:]), sep='\n')
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(out.glob('*.deb'))}


def copy_tree(to):
    """The files of this tree, and what npm has brought, so that the network is not needed."""
    for name in run('git', '-C', ROOT, 'ls-files', '-z').stdout.split('\0'):
        source = ROOT / name
        if name and source.is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, to / name)
    shutil.copytree(ROOT / 'ui/node_modules', to / 'ui/node_modules', symlinks=True, copy_function=os.link)


# ---- what stands in them

def look_into(deb, top):
    """Name of what is wrong with a package, or ''."""
    folder = top / deb.stem
    run('dpkg-deb', '-R', deb, folder)
    for line in run('dpkg-deb', '-c', deb).stdout.splitlines():
        mode, owner, _, _, _, path = line.split(None, 5)
        if owner != 'root/root' or mode not in ('drwxr-xr-x', '-rw-r--r--', '-rwxr-xr-x'):
            return f'{path}: {mode} {owner}'
    for f in folder.rglob('*'):
        if f.is_file() and str(ROOT).encode() in f.read_bytes():
            return f'{f.name} names the folder in which it was built'
    for program in (folder / 'usr/bin').iterdir():
        said = run('readelf', '-hdlW', program).stdout
        if not all(x in said for x in ('DYN (', 'BIND_NOW', 'GNU_RELRO')) or 'RWE' in said or '.debug' in said:
            return f'{program.name} is not hardened, or not stripped'
    return ''


# ---- a system to change

class Layer:
    """This system, and above it a layer that takes what is changed."""

    def __init__(self, top):
        self.top, self.upper, self.root = top, top / 'upper', top / 'root'
        subprocess.run(['mount', '-t', 'tmpfs', 'layer', top], check=True)
        for name in ('upper', 'work', 'root'):
            (top / name).mkdir()
        subprocess.run(['mount', '-t', 'overlay', 'overlay', '-o', f'lowerdir=/,upperdir={self.upper},workdir={top}/work', self.root], check=True)
        subprocess.run(['mount', '--bind', '/proc', self.root / 'proc'], check=True)
        subprocess.run(['mount', '-t', 'tmpfs', 'dev', self.root / 'dev'], check=True)
        for name in ('null', 'zero', 'random', 'urandom', 'tty'):
            (self.root / 'dev' / name).touch()
            subprocess.run(['mount', '--bind', f'/dev/{name}', self.root / 'dev' / name], check=True)

    def run(self, *words, **more):
        return run('chroot', self.root, *words, **more)

    def apt(self, *words):
        env = {**os.environ, 'DEBIAN_FRONTEND': 'noninteractive', 'LC_ALL': 'C'}
        r = self.run('apt-get', '-q', '-y', *APT, *words, env=env)
        if r.returncode:
            print(*(f'# {line}' for line in (r.stdout + r.stderr).splitlines()[-12:]), sep='\n')
        self.said = r.stdout + r.stderr
        return r.returncode == 0

    def changed(self):
        """Files that are there, or gone, and were not, or were, before."""
        found = []
        for folder, _, files in os.walk(self.upper):
            for name in files:
                path = os.path.relpath(os.path.join(folder, name), self.upper)
                if not OWN.match(path):
                    found.append(path)
        return sorted(found)

    def users_are_as_before(self):
        return all((self.root / f'etc/{n}').read_text() == pathlib.Path(f'/etc/{n}').read_text() for n in ('passwd', 'group', 'shadow', 'gshadow'))

    def id_in(self, name):
        """Of the server's user in etc/passwd, of its group in etc/group."""
        line = re.search(r'^passmesh-server:[^:]*:(\d+):', (self.root / 'etc' / name).read_text(), re.M)
        return int(line[1]) if line else None


def serve(layer):
    """Runs the installed server as its unit does: as its user, with its directories."""
    conf = layer.root / 'etc/passmesh-server'
    (conf / 'local.ini').write_text(NETWORK)
    (conf / 'server.ini').write_text('[server]\nnetwork = /etc/passmesh-server/local.ini\nnode = http://127.0.0.1:9\nlisten = /ip4/127.0.0.1/tcp/0\nmdns = no\n')
    user, group = layer.id_in('passwd'), layer.id_in('group')
    for where in ('var/lib/passmesh-server', 'run/passmesh-server'):
        (layer.root / where).mkdir(mode=0o700)
        os.chown(layer.root / where, user, group)
    as_user = ['runuser', '-u', 'passmesh-server', '--', 'env', *DIRS_ENV, 'passmesh-server']
    checked = layer.run(*as_user, '--check-config')
    child = subprocess.Popen(['chroot', str(layer.root), *as_user, '--json'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = child.stdout.readline()
    status = layer.run('passmesh-server', '--json', 'status')
    drained = layer.run('passmesh-server', 'drain', '5')
    code = child.wait(WAIT_S)
    if code or not line:
        print('#', child.stderr.read()[-600:])
    good = checked.returncode == 0 and line and status.returncode == 0 and json.loads(status.stdout)['sandbox'] == json.loads(line)['sandbox'] == 'full'
    return good and drained.returncode == 0 and code == 0


def inside(debs, top):
    layer = Layer(top)
    files = []
    for deb in debs:
        shutil.copy(deb, layer.root / 'tmp' / deb.name)
        files.append(f'/tmp/{deb.name}')
    conf = layer.root / 'etc/passmesh-server'
    yield layer.apt('install', *files), 'apt installs them'
    yield layer.run('passmesh', '--version').stdout.startswith('passmesh '), 'the wallet runs'
    group = layer.id_in('group')
    st = conf.stat()
    yield group and (st.st_uid, st.st_gid, stat.S_IMODE(st.st_mode)) == (0, group, 0o750), 'server.ini is for root and the server alone'
    verify = layer.run('systemd-analyze', 'verify', '--man=no', '/lib/systemd/system/passmesh-server.service')
    yield 'passmesh' not in verify.stdout + verify.stderr, 'systemd reads the installed unit'
    yield serve(layer), 'the server serves as its own user, and root asks it by its socket'
    yield layer.apt('install', '--reinstall', *files) and 'atlantis' not in (conf / 'server.ini').read_text() and 'local.ini' in (conf / 'server.ini').read_text(), \
        'what the operator wrote into server.ini stays when it is installed again'
    yield layer.apt('remove', *NAMES) and not (layer.root / 'usr/bin/passmesh-server').exists() and (conf / 'server.ini').exists() and \
        any((layer.root / 'var/lib/passmesh-server/keys').iterdir()), 'removed, configuration and keys stay'
    yield layer.apt('purge', 'passmesh-server'), 'apt purges what has left something'
    left = [p for p in layer.changed() if not p.startswith('var/backups/passmesh-server-keys.1/')]
    yield not left and layer.users_are_as_before(), f'purged, nothing is left but the keys {left[:5]}'
    kept = layer.root / 'var/backups/passmesh-server-keys.1'
    yield kept.stat().st_uid == 0 and stat.S_IMODE(kept.stat().st_mode) == 0o700 and any(kept.iterdir()) and str(kept.name) in layer.said, \
        'the keys are kept for root, and it is said where'
    shutil.rmtree(kept)
    yield layer.apt('install', *files) and layer.apt('purge', *NAMES), 'installed and purged without a start'
    left = layer.changed()
    yield not left and layer.users_are_as_before(), f'nothing at all is left {left[:5]}'


def install(debs):
    """The steps of inside(), in a mount namespace of our own."""
    if os.getuid() != 0:
        return None
    place = tempfile.mkdtemp(prefix='passmesh-layer-')
    r = run('unshare', '-m', sys.executable, __file__, '--inside', place, *debs)
    os.rmdir(place)
    return [json.loads(line) for line in r.stdout.splitlines() if line.startswith('[')], r.returncode, \
        [line for line in (r.stdout + r.stderr).splitlines() if not line.startswith('[')]


def main():
    print('TAP version 13')
    results = []
    out = ROOT / 'build/deb'
    stamp = os.environ.get('SOURCE_DATE_EPOCH') or run('git', '-C', ROOT, 'log', '-1', '--format=%ct').stdout.strip()
    env = {**os.environ, 'SOURCE_DATE_EPOCH': stamp}
    shutil.rmtree(out, ignore_errors=True)
    first = build(ROOT, out, env)
    results.append(say(len(first) == len(NAMES), f'make deb builds {len(NAMES)} packages'))
    with tempfile.TemporaryDirectory(prefix='passmesh-deb-test-', dir=ROOT / 'build') as top:
        top = pathlib.Path(top)
        for deb in sorted(out.glob('*.deb')):
            wrong = look_into(deb, top)
            results.append(say(not wrong, f'{deb.name}: owners, modes, no path of the build, hardened {wrong}'))
        tree = top / 'another-place'
        copy_tree(tree)
        other = {**env, 'TZ': 'Pacific/Chatham', 'LANG': 'C', 'LC_ALL': 'C', 'CCACHE_DISABLE': '1', 'PASSMESH_NODE22_HOME': str(ROOT / 'build/node22')}
        old = os.umask(0o077)
        second = build(tree, top / 'out', other)
        os.umask(old)
        results.append(say(first == second and first, 'built in another folder, time zone and mask, without a cache: the same bytes'))
        done = install(sorted(out.glob('*.deb'))) if len(first) == len(NAMES) else ([], 1, ['not built'])
    if done is None:
        count = say(True, 'apt installs and purges them # SKIP only root can lay a layer above this system')[1]
    else:
        steps, code, words = done
        print(*(f'# {line}' for line in words), sep='\n')
        results += [say(held, name) for held, name in steps] + [say(code == 0 and steps, 'every step was taken')]
        count = results[-1][1]
    print(f'1..{count}')
    return 0 if all(held for held, _ in results) else 1


if len(sys.argv) > 2 and sys.argv[1] == '--inside':
    # The directory that it is laid over goes by rmdir, in the namespace outside: never anything by its path in here.
    for held, name in inside([pathlib.Path(p) for p in sys.argv[3:]], pathlib.Path(sys.argv[2])):
        print(json.dumps([bool(held), name]), flush=True)
    sys.exit(0)
sys.exit(main())
