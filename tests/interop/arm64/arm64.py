#!/usr/bin/env python3
"""arm64.py BUILD: the portable floors, built for 64-bit Arm and run by qemu's processor: every sample and vector must come out as it does here. TAP,
one case a test program. What it needs beyond `make deps GROUP=interop` comes from Debian's mirror, once."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
PLACE = pathlib.Path(sys.argv[1]).resolve() / 'interop/arm64'
SYSROOT, BUILD = PLACE / 'root', ROOT / 'build-arm64'  # not below BUILD, whose libraries the checkers look through
PROGRAMS = ('aarch64-linux-gnu-gcc', 'qemu-aarch64', 'mmdebstrap')
PACKAGES = ('libc6-dev', 'libssl-dev', 'libgnutls28-dev', 'libngtcp2-dev', 'libngtcp2-crypto-gnutls-dev', 'libsodium-dev', 'libsecp256k1-dev', 'libutf8proc-dev')
SLOWER = 30  # than a processor: so much longer a test may take
CROSS = """[binaries]
c = ['ccache', 'aarch64-linux-gnu-gcc', '--sysroot={root}']
ar = 'aarch64-linux-gnu-ar'
strip = 'aarch64-linux-gnu-strip'
pkgconfig = 'pkg-config'
exe_wrapper = ['qemu-aarch64', '-L', '{root}']

[properties]
sys_root = '{root}'
pkg_config_libdir = ['{root}/usr/lib/aarch64-linux-gnu/pkgconfig', '{root}/usr/share/pkgconfig']

[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'armv8-a'
endian = 'little'
"""


def make_sysroot():
    """Debian's libraries for the other machine, unpacked only: nothing of them runs but through us."""
    mark = PLACE / 'root.packages'
    if mark.exists() and mark.read_text() == ' '.join(PACKAGES):
        return
    shutil.rmtree(SYSROOT, ignore_errors=True)
    tar = PLACE / 'root.tar'
    subprocess.run(('mmdebstrap', '-q', '--variant=extract', '--architectures=arm64', f'--include={",".join(PACKAGES)}', 'bookworm', tar), check=True)
    with tarfile.open(tar) as t:
        t.extractall(SYSROOT, members=[m for m in t if not m.isdev()])
    tar.unlink()
    mark.write_text(' '.join(PACKAGES))


def run(*words):
    r = subprocess.run([str(w) for w in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if r.returncode:
        print(*(f'# {line}' for line in r.stdout.splitlines()[-40:]), sep='\n')
    return r.returncode == 0


def build():
    cross = PLACE / 'cross.ini'
    cross.write_text(CROSS.format(root=SYSROOT))
    if not (BUILD / 'build.ninja').exists() and not run('meson', 'setup', BUILD, ROOT, '--cross-file', cross, '-Doptimization=2', '-Dcore_only=true'):
        return False
    return run('ninja', '-C', BUILD)


def main():
    missing = [p for p in PROGRAMS if not shutil.which(p)]
    if missing:
        print(f'1..1\nok 1 - another processor # SKIP missing: {" ".join(missing)}; make deps GROUP=interop')
        return 0
    PLACE.mkdir(parents=True, exist_ok=True)
    make_sysroot()
    if not build():
        print('1..1\nnot ok 1 - it builds for 64-bit Arm')
        return 1
    print('ok 1 - it builds for 64-bit Arm', flush=True)
    env = {**os.environ, 'PASSMESH_FIXTURES': os.environ.get('PASSMESH_FIXTURES', str(ROOT / '../shared/fixtures'))}
    subprocess.run(('meson', 'test', '-C', BUILD, '--no-rebuild', '--no-suite', 'ctime', '-t', str(SLOWER)), env=env, stdout=subprocess.DEVNULL)
    count, good = 1, True
    for line in (BUILD / 'meson-logs/testlog.json').read_text().splitlines():
        it = json.loads(line)
        count, held = count + 1, it['result'] == 'OK'
        good = good and held
        if not held:
            print(*(f'# {x}' for x in (it.get('stdout', '') + it.get('stderr', '')).splitlines()[-12:]), sep='\n')
        print(f'{"ok" if held else "not ok"} {count} - on 64-bit Arm: {it["name"].split(" / ")[-1]}')
    print(f'1..{count}')
    return 0 if good else 1


sys.exit(main())
