#!/usr/bin/env python3
"""vm.py BUILD: Debian 12 with its own kernel 6.1, its systemd and a TPM behind /dev/tpmrm0, as a virtual machine; in it the Debian packages as
an operator has them (guest.py). TAP. What it needs beyond `make deps GROUP=interop` comes from Debian's mirror, once."""
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / 'tests/system'))
from unix_socket import listens  # noqa: E402

BUILD = pathlib.Path(sys.argv[1]).resolve()
PLACE = BUILD / 'interop/vm'
PROGRAMS = ('qemu-system-x86_64', 'mmdebstrap', 'genext2fs', 'resize2fs', 'swtpm')
PACKAGES = ('systemd-sysv', 'dbus', 'dbus-user-session', 'libpam-systemd', 'linux-image-amd64', 'initramfs-tools', 'python3', 'passwd',
            'util-linux', 'procps', 'tpm2-tools')
# With the drivers of every machine it takes minutes to make.
SMALL_INITRD = ('mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"',
                'echo MODULES=list >"$1/etc/initramfs-tools/conf.d/modules"',
                'printf "%s\\n" virtio_pci virtio_blk ext4 >"$1/usr/share/initramfs-tools/modules.d/vm"')
IMAGE_MIB, MEMORY_MIB, BOOT_AND_TEST_S = 2600, 2048, 1200
KERNEL_WORDS = 'root=/dev/vda rw console=ttyS0 systemd.show_status=no'


def run(*words, **more):
    return subprocess.run([str(w) for w in words], check=True, **more)


def make_packages():
    run(ROOT / 'packaging/deb.py', '--out', PLACE / 'deb', stdout=subprocess.DEVNULL)
    return sorted((PLACE / 'deb').glob('*.deb'))


def needs_of(debs):
    """The packages of Debian that ours stand on, without versions and alternatives."""
    said = ', '.join(run('dpkg-deb', '-f', d, 'Depends', capture_output=True, text=True).stdout.strip() for d in debs)
    names = {re.match(r'[^\s(|:]+', word.strip())[0] for word in said.split(',') if word.strip()}
    return sorted(n for n in names if not n.startswith('passmesh'))


def make_image(needs):
    """The disk with Debian; kernel and initrd beside it. Made again when what is to stand on it changes."""
    words = ','.join((*PACKAGES, *needs))
    stamp = hashlib.sha256((words + (HERE / 'guest.service').read_text() + str(IMAGE_MIB)).encode()).hexdigest()
    mark = PLACE / 'image.stamp'
    if mark.exists() and mark.read_text() == stamp:
        return
    print('# bringing Debian 12 into a disk image: the first time this takes minutes', flush=True)
    mark.unlink(missing_ok=True)
    shutil.rmtree(PLACE / 'boot', ignore_errors=True)
    image = PLACE / 'root.ext2'
    run('mmdebstrap', '--variant=minbase', f'--include={words}', *(f'--essential-hook={hook}' for hook in SMALL_INITRD),
        f'--customize-hook=copy-in {HERE}/guest.service /etc/systemd/system', '--customize-hook=chroot "$1" systemctl enable guest.service',
        f'--customize-hook=copy-out /boot {PLACE}', 'bookworm', image, stdout=subprocess.DEVNULL)
    run('resize2fs', '-f', image, f'{IMAGE_MIB}M', stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    mark.write_text(stamp)


def boot(name):
    return next((PLACE / 'boot').glob(f'{name}-*'))


def make_share(debs):
    """What the guest needs of us: a tar archive that is a disk to it."""
    with tarfile.open(PLACE / 'share.tar', 'w') as tar:
        for f in (HERE / 'guest.py', ROOT / 'tests/system/world.py', ROOT / 'tests/system/escape_test.py', ROOT / 'tests/system/intruder.c',
                  BUILD / 'tests/system/intruder.so', BUILD / 'tests/landlock_abi', *debs):
            tar.add(f, f.name)


def start_tpm(top):
    chip = subprocess.Popen(('swtpm', 'socket', '--tpm2', '--tpmstate', f'dir={top}', '--ctrl', f'type=unixio,path={top}/ctrl'))
    end = time.monotonic() + 10
    while not listens(pathlib.Path(top) / 'ctrl'):
        if time.monotonic() > end:
            raise TimeoutError('swtpm does not listen')
        time.sleep(0.05)
    return chip


def run_machine(top):
    """Its lines on the second serial line, up to the plan: to switch off may take it minutes, and nothing waits for that."""
    words = ('qemu-system-x86_64', '-machine', 'q35,accel=tcg', '-cpu', 'max,arch-capabilities=off', '-m', str(MEMORY_MIB), '-smp', '2', '-nodefaults', '-no-reboot',
             '-display', 'none', '-kernel', str(boot('vmlinuz')), '-initrd', str(boot('initrd.img')), '-append', KERNEL_WORDS,
             '-drive', f'file={PLACE}/root.ext2,format=raw,if=virtio,snapshot=on', '-drive', f'file={PLACE}/share.tar,format=raw,if=virtio,readonly=on',
             '-serial', f'file:{PLACE}/console.log', '-serial', 'stdio', '-device', 'virtio-rng-pci',
             '-chardev', f'socket,id=tpm,path={top}/ctrl', '-tpmdev', 'emulator,id=tpm0,chardev=tpm', '-device', 'tpm-tis,tpmdev=tpm0')
    machine = subprocess.Popen(('timeout', str(BOOT_AND_TEST_S), *words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors='replace')
    for line in machine.stdout:
        yield line.rstrip('\r\n')
        if line.startswith('1..'):
            break
    machine.terminate()
    machine.wait()


def main():
    PLACE.mkdir(parents=True, exist_ok=True)
    missing = [p for p in PROGRAMS if not shutil.which(p, path='/usr/sbin:/sbin:/usr/bin:/bin')]
    if missing:
        print(f'1..1\nok 1 - Debian in a virtual machine # SKIP missing: {" ".join(missing)}; make deps GROUP=interop')
        return 0
    debs = make_packages()
    make_image(needs_of(debs))
    make_share(debs)
    good, ended = True, False
    with tempfile.TemporaryDirectory(prefix='passmesh-vm-') as top:
        chip = start_tpm(top)
        for line in run_machine(top):
            good, ended = good and not line.startswith('not ok'), ended or line.startswith('1..')
            print(line, flush=True)
        chip.kill()
    if not ended:
        print(f'Bail out! the machine ended early: {PLACE}/console.log')
    return 0 if good and ended else 1


sys.exit(main())
