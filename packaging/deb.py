#!/usr/bin/env python3
"""deb.py [--build DIR] [--out DIR]: Debian packages of the programs, into build/deb.

The same source gives the same bytes, wherever and by whomever it is built with the same compiler and libraries: no time but
SOURCE_DATE_EPOCH (else that of the last commit), no path, no owner, one thread. tests/system/deb_test.py builds twice and compares."""
import argparse
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from email.utils import formatdate
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / 'packaging'
MAINTAINER = 'The Passmesh project <packages@passmesh.invalid>'
DOCS = {'passmesh': ['README.md', 'docs/cli.md', 'docs/config.md', 'docs/account.md'], 'passmesh-keyd': ['docs/keyd.md'],
        'passmesh-server': ['docs/server.md', 'docs/config.md', 'docs/protocol.md']}
PROGRAMS = {'passmesh': ['passmesh', 'passmesh-devices'], 'passmesh-server': ['passmesh-server'], 'passmesh-keyd': ['passmesh-keyd', 'passmesh-tpm']}
TEXTS = {
    'passmesh': ('web', 'Web3 wallet whose key is a passkey', [],
                 'A wallet without a company in the middle. Its key is a passkey; the servers that it asks are\n'
                 'found over libp2p and used without trusting them. This package has the daemon, the\n'
                 'command line, the page that the daemon serves on this machine, and passmesh-devices for\n'
                 'security keys and the TPM without a browser.'),
    'passmesh-server': ('net', 'server that answers wallets from an Ethereum node', ['passwd'],
                        'Serves wallets over libp2p from an Ethereum node of its operator, and bundles their user\n'
                        'operations for the fee that each of them pays. It runs as a user of its own under systemd,\n'
                        'shut in twice. It starts when /etc/passmesh-server/server.ini says what to serve.'),
    'passmesh-keyd': ('utils', 'key process of the Passmesh wallet and server', [],
                      'The only process that holds long-lived private keys: the wallet and the server each start one of\n'
                      'their own, joined by a pair of sockets. With it comes the process that talks to the TPM, if the\n'
                      'keys are to be sealed by that. They are of no use alone.'),
}


def run(*words, **more):
    return subprocess.run([str(w) for w in words], check=True, **more)


def text_of(*words, **more):
    return run(*words, capture_output=True, text=True, **more).stdout.strip()


def epoch():
    return int(os.environ.get('SOURCE_DATE_EPOCH') or text_of('git', '-C', ROOT, 'log', '-1', '--format=%ct'))


def version():
    return re.search(r"version: '([^']+)'", (ROOT / 'meson.build').read_text())[1]


def build_programs(build):
    """Without debugging information: it would name the folder, and the build id is made of it."""
    env = {**os.environ, 'CC': os.environ.get('CC') or ('ccache gcc' if shutil.which('ccache') else 'gcc')}
    if not (build / 'build.ninja').exists():
        run('meson', 'setup', build, ROOT, '-Ddebug=false', '-Doptimization=2', env=env, stdout=subprocess.DEVNULL)
    programs = [f'apps/{name}' for names in PROGRAMS.values() for name in names]
    run('ninja', '-C', build, *programs, stdout=subprocess.DEVNULL)


def build_page(build):
    out = build / 'page'
    run(ROOT / 'ui/build.sh', out, stdout=subprocess.DEVNULL)
    return out


class Package:
    def __init__(self, name, top):
        self.name, self.dir, self.confs = name, top / name, []
        self.dir.mkdir()

    def add(self, source, where, mode=0o644):
        to = self.dir / where.lstrip('/')
        self.make_dirs(to.parent)
        shutil.copyfile(source, to)
        to.chmod(mode)
        if where.startswith('/etc/'):
            self.confs.append(where)
        return to

    def write(self, where, content, mode=0o644):
        to = self.dir / where.lstrip('/')
        self.make_dirs(to.parent)
        to.write_bytes(content)
        to.chmod(mode)

    def make_dirs(self, folder):
        """With the modes of a system, whatever our umask is."""
        folder.mkdir(parents=True, exist_ok=True)
        while folder != self.dir.parent:
            folder.chmod(0o755)
            folder = folder.parent

    def files(self):
        return sorted(p for p in self.dir.rglob('*') if p.is_file() and 'DEBIAN' not in p.parts)


def add_documents(p, when):
    for doc in DOCS[p.name]:
        p.add(ROOT / doc, f'/usr/share/doc/{p.name}/{Path(doc).name}')
    p.add(HERE / 'deb/copyright', f'/usr/share/doc/{p.name}/copyright')
    log = f'{p.name} ({version()}) unstable; urgency=medium\n\n  * Version {version()}.\n\n -- {MAINTAINER}  {formatdate(when)}\n'
    p.write(f'/usr/share/doc/{p.name}/changelog.gz', gzip.compress(log.encode(), 9, mtime=0))


def add_programs(p, build):
    for name in PROGRAMS[p.name]:
        to = p.add(build / 'apps' / name, f'/usr/bin/{name}', 0o755)
        run('strip', '--strip-unneeded', '--remove-section=.comment', '--remove-section=.note', to)
        to.chmod(0o755)


def add_files(p, page):
    if p.name == 'passmesh':
        for f in sorted(f for f in page.iterdir() if f.is_file()):
            p.add(f, f'/usr/share/passmesh/ui/{f.name}')
        p.add(HERE / 'passmesh.desktop', '/usr/share/applications/passmesh.desktop')
        p.add(HERE / 'passmesh.service', '/usr/lib/systemd/user/passmesh.service')
    elif p.name == 'passmesh-server':
        p.add(HERE / 'server.ini', '/etc/passmesh-server/server.ini')
        p.add(HERE / 'passmesh-server.service', '/lib/systemd/system/passmesh-server.service')
        p.add(HERE / 'tpm.conf', '/usr/share/doc/passmesh-server/examples/tpm.conf')


def depends(p, scratch):
    """What its libraries need, as the packages of this system say it."""
    (scratch / 'debian').mkdir(exist_ok=True)
    (scratch / 'debian/control').write_text(f'Source: passmesh\n\nPackage: {p.name}\nArchitecture: any\n')
    programs = [f'-e{p.dir}/usr/bin/{name}' for name in PROGRAMS[p.name]]
    said = text_of('dpkg-shlibdeps', '-O', *programs, cwd=scratch, stdin=subprocess.DEVNULL)
    libraries = re.search(r'shlibs:Depends=(.*)', said)[1].split(', ')
    own = [] if p.name == 'passmesh-keyd' else [f'passmesh-keyd (= {version()})']
    return ', '.join(sorted(own + libraries + TEXTS[p.name][2]))


def control(p, needs):
    section, title, _, description = TEXTS[p.name]
    size = sum((f.stat().st_size + 1023) // 1024 for f in p.files())
    recommends = 'Recommends: ca-certificates\n' if p.name != 'passmesh-keyd' else ''
    return (f'Package: {p.name}\nVersion: {version()}\nArchitecture: {text_of("dpkg", "--print-architecture")}\n'
            f'Maintainer: {MAINTAINER}\nInstalled-Size: {size}\nDepends: {needs}\n{recommends}'
            f'Section: {section}\nPriority: optional\nDescription: {title}\n '
            + description.replace('\n', '\n ') + '\n')


def finish(p, out, scratch):
    folder = p.dir / 'DEBIAN'
    needs = depends(p, scratch)
    p.write('DEBIAN/control', control(p, needs).encode())
    sums = ''.join(f'{hashlib.md5(f.read_bytes()).hexdigest()}  {f.relative_to(p.dir)}\n' for f in p.files() if f'/{f.relative_to(p.dir)}' not in p.confs)
    p.write('DEBIAN/md5sums', sums.encode())
    if p.confs:
        p.write('DEBIAN/conffiles', ''.join(f'{c}\n' for c in p.confs).encode())
    for script in ('preinst', 'postinst', 'prerm', 'postrm'):
        source = HERE / 'deb' / f'{p.name}.{script}'
        if source.exists():
            p.write(f'DEBIAN/{script}', source.read_bytes(), 0o755)
    folder.chmod(0o755)
    deb = out / f'{p.name}_{version()}_{text_of("dpkg", "--print-architecture")}.deb'
    env = {**os.environ, 'SOURCE_DATE_EPOCH': str(epoch()), 'LC_ALL': 'C', 'TZ': 'UTC'}
    run('dpkg-deb', '--root-owner-group', '--threads-max=1', '-Zxz', '--build', p.dir, deb, env=env, stdout=subprocess.DEVNULL)
    return deb


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument('--build', type=Path, default=ROOT / 'build-deb')
    args.add_argument('--out', type=Path, default=ROOT / 'build/deb')
    args = args.parse_args()
    build, out = args.build.resolve(), args.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    build_programs(build)
    page = build_page(build)
    with tempfile.TemporaryDirectory(prefix='passmesh-deb-') as top:
        scratch = Path(top)
        for name in sorted(TEXTS):
            p = Package(name, scratch)
            add_programs(p, build)
            add_files(p, page)
            add_documents(p, epoch())
            deb = finish(p, out, scratch)
            print(f'{hashlib.sha256(deb.read_bytes()).hexdigest()}  {deb.stat().st_size:>8}  {deb.name}')


if __name__ == '__main__':
    try:
        main()
    except subprocess.CalledProcessError as e:
        sys.exit(f'deb.py: {" ".join(map(str, e.cmd))} failed ({e.returncode}): {e.stderr or "see above"}')
