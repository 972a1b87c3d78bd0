#!/usr/bin/env python3
"""passmesh-keyd links without an event loop, a downloader or a QUIC stack, and is built to be hard to exploit."""
import re
import subprocess
import sys

FORBIDDEN = ('libuv', 'libcurl', 'libgnutls', 'libngtcp2', 'libssl', 'libsqlite3', 'libfido2', 'libtss2')
EXPECTED = ('libc', 'libcrypto', 'libsecp256k1', 'libseccomp', 'libsodium')
PREFIXES = ('uv_', 'curl_', 'gnutls_', 'ngtcp2_', 'SSL_', 'getaddrinfo', 'bind', 'connect', 'listen', 'accept')


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def forbidden_in(libraries):
    """Libraries that keyd must not load, out of names such as libuv.so.1."""
    return [name for name in libraries if name.startswith(FORBIDDEN)]


def loaded(program):
    """All that the loader would bring in, also through other libraries."""
    return re.findall(r'^\s*(lib\S+)', run('ldd', program), re.M)


def main():
    program = sys.argv[1]
    libraries = loaded(program)
    symbols = [s.split('@')[0] for s in re.findall(r' U (\S+)', run('nm', '-D', '-u', program))]
    bad_symbols = [s for s in symbols if s.startswith(PREFIXES) and not s.startswith('bindtextdomain')]
    headers = run('readelf', '-W', '-l', '-d', program)
    sanitized = any(name.startswith(('libasan', 'libubsan')) for name in libraries)
    checks = [
        ('the check sees a library that must not be there', forbidden_in(['libc.so.6', 'libuv.so.1']) == ['libuv.so.1']),
        ('no forbidden library is loaded, directly or by another', not forbidden_in(libraries)),
        ('what is expected is there', all(any(n.startswith(e + '.so') for n in libraries) for e in EXPECTED)),
        ('it asks for no network call', sanitized or not bad_symbols),
        ('position-independent, no writable relocations, no executable stack',
         sanitized or ('BIND_NOW' in headers or 'FLAGS_1' in headers and 'NOW' in headers) and 'GNU_RELRO' in headers
         and not re.search(r'GNU_STACK.*\bRWE\b', headers)),
    ]
    print('TAP version 13')
    print('# loads:', ' '.join(sorted(libraries)))
    for i, (name, held) in enumerate(checks, 1):
        print(f'{"ok" if held else "not ok"} {i} - {name}')
    if bad_symbols:
        print('#', bad_symbols)
    print(f'1..{len(checks)}')
    sys.exit(0 if all(held for _, held in checks) else 1)


main()
