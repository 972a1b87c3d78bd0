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


def main():
    source, out = sys.argv[1:3]
    with open(source, encoding="utf-8") as f:
        d = json.load(f)
    chains = sorted(d["account_implementation"]["runtime_code_hash_by_chain"].items(), key=lambda item: int(item[0]))
    lines = ["/* Made by tools/deployments_gen.py. */", '#include "evm/deployments.h"', "",
             "static const struct deployment_on_chain implementations[] = {"]
    lines += [f"    {{.chain_id = UINT64_C({chain}), .code_hash = {c_bytes(code_hash, 32)}}}," for chain, code_hash in chains]
    lines += ["};", "", "const struct deployments deployments = {",
              f"    .deployer = {address(d['deployer'])},",
              f"    .entry_point = {address(d['entry_point'])},",
              f"    .verifier = {deployment(d['webauthn_verifier'])},",
              f"    .secp256k1_verifier = {deployment(d['secp256k1_verifier'])},",
              f"    .factory = {deployment(d['account_factory'])},",
              f"    .implementation = {address(d['account_implementation'])},",
              f"    .proxy_code_hash = {c_bytes(d['proxy']['runtime_code_hash'], 32)},",
              f"    .proxy_init_code_hash = {c_bytes(d['proxy']['init_code_hash'], 32)},",
              "    .implementations = implementations,",
              "    .implementations_count = sizeof implementations / sizeof implementations[0],", "};", ""]
    with open(out, "w", encoding="utf-8") as f:
        f.write("\n".join(lines))


main()
