#!/usr/bin/env python3
"""quotes.py BUILD PEER: dcap-qvl from crates (tests/interop/rust/dcap) and our verifier on the same quotes, as TAP: the published ones
($PASSMESH_FIXTURES/tee, each at its own time), and those that our tests make, with one thing wrong each. A case holds if ours says what is right, and the peer too, or differs as DIFFERENCES
has it. Then how many quotes a second each appraises on one core, into BUILD/interop_bench.json."""
import base64
import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXTS = ('tcb_info', 'qe_identity', 'tcb_info_issuer_chain', 'pck_crl_issuer_chain')
BYTES = ('tcb_info_signature', 'qe_identity_signature', 'pck_crl', 'root_ca_crl')
RATED, COUNT, ROUNDS = 'tdx4-uptodate', 100, 3

# Where the peer says something else, and why ours is right. Every other difference fails, and so does one that is no more.
# Each is a check that it does not make; where RFC 5280 leaves a choice, that is said.
DIFFERENCES = {
    'reserved SGX flag': "attributes with a bit that has no meaning are no enclave's that this verifier knows (Intel SDM 3D, ATTRIBUTES)",
    'QE report data beyond the hash': 'the hash of key and authentication data, and then 32 zero bytes (Intel, quote format, QE report): it compares only the hash',
    'certificate of another purpose': 'a platform key is named "Intel SGX PCK Certificate" (Intel, PCK certificate profile): it asks for no name',
    'signing certificate of another purpose': 'collateral is signed by "Intel SGX TCB Signing" (Intel, PCK certificate profile): it asks for no name',
    'issuer without keyCertSign': 'RFC 5280 6.1.4 (n): a key usage without keyCertSign signs no certificate',
    'path length of the root': 'RFC 5280 6.1.1 lets a verifier take only name and key from a root; ours holds it to what else it says',
    'notBefore of the root': 'RFC 5280 6.1.1 lets a verifier take only name and key from a root; ours holds it to its time',
    'TCB info version 4': 'a version that does not exist yet may mean something else by the same members',
    'another PCE id': 'levels are those of one provisioning certification enclave, which TCB info names beside the FMSPC: it compares only the FMSPC',
    'CRL of tomorrow': 'thisUpdate is when a list was made (RFC 5280 5.1.2.4), so the list or the clock is wrong: it looks at nextUpdate alone',
}


def elements(der):
    """The DER elements that follow one another."""
    while der:
        head, n = 2, der[1]
        if n & 0x80:
            head, n = 2 + (n & 0x7f), int.from_bytes(der[2:2 + (n & 0x7f)], 'big')
        yield der[:head + n]
        der = der[head + n:]


def pem(der):
    return ''.join(f'-----BEGIN CERTIFICATE-----\n{base64.encodebytes(c).decode()}-----END CERTIFICATE-----\n' for c in elements(der))


def published(folder):
    """Each published case as (name, directory, time, what is right)."""
    source = Path(os.environ.get('PASSMESH_FIXTURES', ROOT.parent / 'shared/fixtures')) / 'tee'
    for case in json.loads((source / 'cases.json').read_text('utf-8')) if source.exists() else []:
        if case['kind'] not in ('sgx', 'tdx'):
            continue
        out = folder / case['id']
        out.mkdir()
        (out / 'quote').write_bytes((source / case['quote']).read_bytes())
        bundle = json.loads((source / case['collateral']).read_text('utf-8')) if 'collateral' in case else {}
        for name in TEXTS + BYTES:
            text = bundle.get(name) or ''
            (out / name).write_bytes(bytes.fromhex(text) if name in BYTES else text.encode())
        (out / 'bundle.json').write_text(json.dumps(bundle), 'utf-8')
        right = f'status {case["tcb_status"]}' if case['expect'].startswith('ACCEPT') else 'refused'
        yield case['id'], out, int(datetime.fromisoformat(case['time'].replace('Z', '+00:00')).timestamp()), right


def made(folder, judge):
    """Each case of ours, in the same form."""
    for line in subprocess.run([judge, 'write', folder], capture_output=True, text=True, check=True).stdout.splitlines():
        path, time, step, name = line.split('\t')
        out = Path(path)
        bundle = {name: (out / name).read_text('utf-8') for name in TEXTS[:2]}
        bundle |= {name: pem((out / name).read_bytes()) for name in TEXTS[2:]}
        bundle |= {name: (out / name).read_bytes().hex() for name in BYTES}
        bundle['qe_identity_issuer_chain'] = bundle['tcb_info_issuer_chain']
        (out / 'bundle.json').write_text(json.dumps(bundle), 'utf-8')
        right = {'none': 'status UpToDate', 'policy_status': 'refused'}.get(step, f'refused {step}')
        yield name, out, int(time), 'status OutOfDate' if name.startswith('OutOfDate') else right


def ask(command, lines):
    return subprocess.run(command, input=''.join(f'{line}\n' for line in lines), capture_output=True, text=True, check=True).stdout.splitlines()


def verdict(said):
    """A status, or refused: every verifier has words of its own for where. Revoked is no status that anybody may accept."""
    return 'refused' if said.startswith('refused') or said == 'status Revoked' else said


def peer_line(out, time):
    root = out / 'root'
    return f'{out / "quote"}\t{out / "bundle.json"}\t{time}\t{root if root.exists() else "-"}'


def judge_all(cases, ours, theirs):
    failed = 0
    we = ask(ours, [f'{out}\t{time}' for _, out, time, _ in cases])
    they = ask(theirs, [peer_line(out, time) for _, out, time, _ in cases])
    for i, ((name, _, _, right), our, their) in enumerate(zip(cases, we, they, strict=True), 1):
        why = DIFFERENCES.get(name)
        differs = verdict(their) != verdict(our)
        good = (our == right or verdict(our) == right) and differs == bool(why) and not their.startswith('error')
        failed += not good
        print(f'{"ok" if good else "not ok"} {i} - {name}: {right}{", not so dcap-qvl: " + why if differs and why else ""}')
        if not good:
            print(f'# ours: {our}; dcap-qvl: {their}')
    print(f'1..{len(cases)}', flush=True)
    return failed


def speed(build, case, ours, theirs):
    """By turns, the best of each: what else the machine does only ever makes them worse."""
    _, out, time, _ = case
    best = [0.0, 0.0]
    for _ in range(ROUNDS):
        said = ask(ours, [f'rate {COUNT}\t{out}\t{time}']) + ask(theirs, [f'rate {COUNT}\t{peer_line(out, time)}'])
        best = [max(b, float(s.removeprefix('rate '))) for b, s in zip(best, said, strict=True)]
    path = build / 'interop_bench.json'
    figures = json.loads(path.read_text('utf-8')) if path.exists() else {}
    figures['tdx_quotes_cold_beside_dcap_qvl_per_s'] = {'value': round(best[0], 1), 'unit': '1/s and core', 'limit': None, 'peer': 'dcap-qvl 0.7.1 (crates)', 'peer_value': round(best[1], 1)}
    path.write_text(json.dumps(figures, indent=1) + '\n', 'utf-8')
    print(f'# TDX quotes a second and core, with all collateral: {best[0]:.0f}, dcap-qvl {best[1]:.0f}')


def main():
    build, peer = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    judge = build / 'tests/peers/quote_judge'
    with tempfile.TemporaryDirectory() as folder:
        cases = [*published(Path(folder)), *made(Path(folder), judge)]
        if unknown := DIFFERENCES.keys() - {case[0] for case in cases}:
            sys.exit(f'quotes.py: no such case: {", ".join(sorted(unknown))}')
        failed = judge_all(cases, [judge, 'judge'], [peer])
        rated = [case for case in cases if case[0] in (RATED, 'genuine TDX')]
        speed(build, rated[0], [judge, 'judge'], [peer])
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
