#!/usr/bin/env python3
"""Writes the C table of src/evm/deployments.h from contracts/deployments.json: deployments_gen.py IN OUT"""
import json
import sys


def c_bytes(hex_text, length):
    raw = bytes.fromhex(hex_text[2:])
    if len(raw) != length:
        raise SystemExit(f"{hex_text}: {length} bytes expected")
    return "{" + ", ".join(f"0x{b:02x}" for b in raw) + "}"


def address(entry):
    return "{" + c_bytes(entry if isinstance(entry, str) else entry["address"], 20) + "}"


def deployment(entry):
    return "{.address = " + address(entry) + ",\n     .code_hash = " + c_bytes(entry["runtime_code_hash"], 32) + "}"


def table(name, entry):
    chains = sorted(entry["runtime_code_hash_by_chain"].items(), key=lambda item: int(item[0]))
    rows = [f"    {{.chain_id = UINT64_C({chain}), .code_hash = {c_bytes(code_hash, 32)}}}," for chain, code_hash in chains]
    return [f"static const struct deployment_on_chain {name}_chains[] = {{", *rows, "};", ""]


def by_chain(name, entry):
    return f"{{.address = {address(entry)}, .chains = {name}_chains, .chains_count = sizeof {name}_chains / sizeof {name}_chains[0]}}"


BY_CHAIN = {"implementation": "account_implementation", "implementation_2": "account_implementation_2", "guardians_2": "account_guardians_2"}


def main():
    source, out = sys.argv[1:3]
    with open(source, encoding="utf-8") as f:
        d = json.load(f)
    lines = ["/* Made by tools/deployments_gen.py. */", '#include "evm/deployments.h"', ""]
    for name, key in BY_CHAIN.items():
        lines += table(name, d[key])
    lines += ["const struct deployments deployments = {",
              f"    .deployer = {address(d['deployer'])},",
              f"    .entry_point = {address(d['entry_point'])},",
              f"    .verifier = {deployment(d['webauthn_verifier'])},",
              f"    .secp256k1_verifier = {deployment(d['secp256k1_verifier'])},",
              f"    .factory = {deployment(d['account_factory'])},",
              *(f"    .{name} = {by_chain(name, d[key])}," for name, key in BY_CHAIN.items()),
              f"    .proxy_code_hash = {c_bytes(d['proxy']['runtime_code_hash'], 32)},",
              f"    .proxy_init_code_hash = {c_bytes(d['proxy']['init_code_hash'], 32)},",
              "};", ""]
    with open(out, "w", encoding="utf-8") as f:
        f.write("\n".join(lines))


main()
