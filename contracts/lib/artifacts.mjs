// From compiled contracts to everything the rest of the project needs to know about them: addresses, code hashes, vectors.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { concat, encodeAbiParameters, getContractAddress, keccak256, pad, stringToHex, toHex } from 'viem';
import { root } from './compile.mjs';

export const DEPLOYER = '0x4e59b44847b379578588920cA78FbF26c0B4956C';
export const ENTRY_POINT = '0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108';
export const ENTRY_POINT_SALT = '0x0a59dbff790c23c976a548690c27297883cc66b4c67024f9117b0238995e35e9';
export const SALT = pad('0x', { size: 32 });

/** The chains whose code hashes stand in deployments.json; the implementation keeps the chain id in its code. */
export const CHAINS = [1, 10, 8453, 42161, 31337, 11155111];

const create2 = (initCode, salt, from = DEPLOYER) =>
  getContractAddress({ opcode: 'CREATE2', from, salt, bytecode: initCode });

/** EntryPoint 0.8's creation code and ABI, from its authors' package. */
export function entryPointArtifact() {
  return JSON.parse(readFileSync(join(root, 'node_modules/@account-abstraction/contracts/artifacts/EntryPoint.json'), 'utf8'));
}

/** ERC-7201: the storage root of a namespace. */
export function storageRoot(name) {
  const inner = BigInt(keccak256(stringToHex(name))) - 1n;
  return toHex(BigInt(keccak256(toHex(inner, { size: 32 }))) & ~0xffn, { size: 32 });
}

function one(initCode, salt, runtime) {
  return {
    address: create2(initCode, salt),
    salt,
    init_code_hash: keccak256(initCode),
    ...(runtime && { runtime_code_hash: keccak256(runtime) }),
  };
}

/** Puts the values of immutable variables, given by name, into runtime code. */
function withImmutables(contract, names, values) {
  const bytes = Buffer.from(contract.runtime.slice(2), 'hex');
  for (const [id, places] of Object.entries(contract.immutables)) {
    const value = values[names[id]];
    if (value === undefined) {
      throw new Error(`immutable ${names[id] ?? id} has no known value`);
    }
    for (const { start, length } of places) {
      bytes.set(Buffer.from(pad(value, { size: length }).slice(2), 'hex'), start);
    }
  }
  return toHex(bytes);
}

/** The implementation's runtime code on a chain: OpenZeppelin's EIP712 caches a domain separator in it. */
function implementationRuntime(contract, names, address, chainId, more = {}) {
  const name = 'Passmesh Account';
  const version = '1';
  const short = (text) => toHex(Buffer.concat([Buffer.from(text), Buffer.alloc(31 - text.length), Buffer.from([text.length])]));
  const domain = keccak256(
    encodeAbiParameters(
      [{ type: 'bytes32' }, { type: 'bytes32' }, { type: 'bytes32' }, { type: 'uint256' }, { type: 'address' }],
      [
        keccak256(stringToHex('EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)')),
        keccak256(stringToHex(name)),
        keccak256(stringToHex(version)),
        BigInt(chainId),
        address,
      ],
    ),
  );
  return withImmutables(contract, names, {
    _cachedDomainSeparator: domain,
    _cachedChainId: toHex(chainId, { size: 32 }),
    _cachedThis: address,
    _hashedName: keccak256(stringToHex(name)),
    _hashedVersion: keccak256(stringToHex(version)),
    _name: short(name),
    _version: short(version),
    ...more,
  });
}

/** Everything fixed by the build. creationCode holds what deploying needs and is not part of deployments.json. */
export function describe({ compiler, contracts, immutableNames }) {
  const c = contracts;
  const implementation = one(c.PassmeshAccount.bytecode, SALT);
  const byChain = (contract, address, more) =>
    Object.fromEntries(CHAINS.map((id) => [id, keccak256(implementationRuntime(contract, immutableNames, address, id, more))]));
  const guardians2 = one(c.PassmeshAccount2Guardians.bytecode, SALT);
  guardians2.runtime_code_hash_by_chain = byChain(c.PassmeshAccount2Guardians, guardians2.address);
  const init2 = concat([c.PassmeshAccount2.bytecode, encodeAbiParameters([{ type: 'address' }], [guardians2.address])]);
  const implementation2 = one(init2, SALT);
  implementation2.runtime_code_hash_by_chain = byChain(c.PassmeshAccount2, implementation2.address, { _second: guardians2.address });
  implementation.runtime_code_hash_by_chain = byChain(c.PassmeshAccount, implementation.address);
  const word = encodeAbiParameters([{ type: 'address' }], [implementation.address]);
  const factoryInit = concat([c.PassmeshAccountFactory.bytecode, word]);
  const factoryRuntime = withImmutables(c.PassmeshAccountFactory, immutableNames, { implementation: implementation.address });
  const proxyInit = concat([c.PassmeshProxy.bytecode, word]);
  const entryPointInit = entryPointArtifact().bytecode;
  return {
    deployments: {
      format: 1,
      compiler,
      deployer: DEPLOYER,
      entry_point: one(entryPointInit, ENTRY_POINT_SALT),
      webauthn_verifier: one(c.WebAuthnOriginVerifier.bytecode, SALT, c.WebAuthnOriginVerifier.runtime),
      secp256k1_verifier: one(c.Secp256k1Verifier.bytecode, SALT, c.Secp256k1Verifier.runtime),
      account_implementation: implementation,
      account_factory: one(factoryInit, SALT, factoryRuntime),
      account_implementation_2: implementation2,
      account_guardians_2: guardians2,
      proxy: {
        init_code: proxyInit,
        init_code_hash: keccak256(proxyInit),
        runtime_code_hash: keccak256(c.PassmeshProxy.runtime),
      },
      test_token: one(c.TestToken.bytecode, SALT, c.TestToken.runtime),
      storage_roots: Object.fromEntries(
        ['owners', 'changes', 'recovery', 'limits', 'sessions', 'cosigner'].map((n) => [
          `passmesh.account.${n}`,
          storageRoot(`passmesh.account.${n}`),
        ]),
      ),
    },
    creationCode: {
      entry_point: entryPointInit,
      webauthn_verifier: c.WebAuthnOriginVerifier.bytecode,
      secp256k1_verifier: c.Secp256k1Verifier.bytecode,
      account_implementation: c.PassmeshAccount.bytecode,
      account_factory: factoryInit,
      account_guardians_2: c.PassmeshAccount2Guardians.bytecode,
      account_implementation_2: init2,
      test_token: c.TestToken.bytecode,
    },
  };
}
