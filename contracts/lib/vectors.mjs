// Vectors for the other languages of the project. The tests hold each of them against the contracts on a real node.
import { p256 } from '@noble/curves/p256';
import { concat, encodeAbiParameters, encodeEventTopics, encodeFunctionData, encodeFunctionResult, erc20Abi, keccak256, pad, toHex } from 'viem';
import { digest, Passkey } from './passkey.mjs';
import * as account from './account.mjs';
import { accountAbi2, chainHash, setting } from './account2.mjs';

const secp = (d, hex) => d.secp256k1_verifier.address.toLowerCase() + hex;

function addressVector(d, owners, threshold, salt) {
  const sorted = account.sortOwners(owners);
  return {
    owners: sorted,
    threshold: Number(threshold),
    salt,
    create2_salt: account.create2Salt(sorted, threshold, salt),
    address: account.accountAddress(d, sorted, threshold, salt),
  };
}

const json = (v) => JSON.parse(JSON.stringify(v, (_, x) => (typeof x === 'bigint' ? toHex(x) : x)));

function userOpVector(d, chainId, first) {
  const op = {
    sender: first.address,
    nonce: 0x1234567890abcdef1234567890abcdef1234567890abcdef0000000000000007n,
    factory: d.account_factory.address,
    factoryData: account.createAccountCall(first.owners, BigInt(first.threshold), first.salt),
    callData: account.executeCall([{ to: '0x00000000000000000000000000000000deadbeef', value: 10n ** 15n, data: '0xabcdef' }]),
    verificationGasLimit: 700_000n,
    callGasLimit: 100_000n,
    preVerificationGas: 60_000n,
    maxPriorityFeePerGas: 1_000_000_000n,
    maxFeePerGas: 3_000_000_000n,
  };
  const packed = account.packUserOp(op);
  return { chain_id: chainId, packed: json(packed), hash: account.userOpHash(packed, d.entry_point.address, chainId) };
}

/** A call to P256VERIFY (EIP-7951, RIP-7212) that answers 1 where the precompile is, and nothing where it is not. */
function precompileVector(key) {
  const message = digest('P256VERIFY probe');
  const { r, s } = p256.sign(message, key.secret, { prehash: false, lowS: true });
  const input = concat([toHex(message), toHex(r, { size: 32 }), toHex(s, { size: 32 }), key.qx, key.qy]);
  return { to: pad('0x0100', { size: 20 }), input, output: pad('0x01', { size: 32 }) };
}

/** The calls around an owner change, as the wallet sends them. */
function changeCalls(change, id, key, signature) {
  const call = (functionName, args) => encodeFunctionData({ abi: account.accountAbi, functionName, args });
  return {
    change: call('changeOwners', [change, '0x']),
    change_signed: call('changeOwners', [change, account.encodeSignature([[key.owner, signature]])]),
    apply: call('applyOwnerChange', [change]),
    veto: call('veto', [id, '0x', '0x']),
    veto_signed: call('veto', [id, key.owner, signature]),
  };
}

/** The data of the two logs that carry a change. */
function changeLogs(change, id) {
  const abi = account.accountAbi;
  const topics = (eventName, args) => encodeEventTopics({ abi, eventName, args });
  const tuple = abi.find((f) => f.name === 'OwnersChanged').inputs[2];
  return {
    changed: {
      topics: topics('OwnersChanged', { sequence: change.sequence, head: id }),
      data: encodeAbiParameters([tuple], [change]),
    },
    scheduled: {
      topics: topics('OwnerChangeScheduled', { id }),
      ready_at: 1_800_000_000,
      data: encodeAbiParameters([{ type: 'uint64' }, tuple], [1_800_000_000n, change]),
    },
  };
}

/** A setting of each kind, scheduled as the third attempt by an account whose owners never changed. */
function settingVectors(account, chainId, keys) {
  const known = '0x00000000000000000000000000000000deadbeef';
  const ownersHead = pad(account.toLowerCase(), { size: 32 });
  const of = (kind, what, call) => ({
    kind,
    ...what,
    call,
    id: chainHash(account, chainId, 'Setting', { call, attempt: 2n, ownersHead }),
    schedule: encodeFunctionData({ abi: accountAbi2, functionName: 'scheduleSetting', args: [call, 2n] }),
    apply: encodeFunctionData({ abi: accountAbi2, functionName: 'applySetting', args: [call, 2n] }),
  });
  return {
    account,
    chain_id: chainId,
    attempt: 2,
    owners_head: ownersHead,
    each: [
      of('guardians', { list: keys, threshold: toHex(2n), delay: toHex(259_200n) }, setting('setGuardians', [keys, 2n, 259_200])),
      of('guardians', { list: [], threshold: toHex(0n), delay: toHex(86_400n) }, setting('setGuardians', [[], 0n, 86_400])),
      of('limit', { token: known, amount: toHex(12345n), period: toHex(86_400n) }, setting('setLimit', [known, 12345n, 86_400])),
      of('known', { to: known }, setting('setKnown', [known])),
    ],
  };
}

const LIMITS_ROOT = 0x92f162a327721af11f9a04502247edd8fb36a4802a06aae6219eee05275aba00n;

/** What one owner does within limits, and where the limits lie in the account's storage. */
function limitsVector(token) {
  const to = '0x00000000000000000000000000000000deadbeef';
  const call = (functionName, args) => encodeFunctionData({ abi: accountAbi2, functionName, args });
  const calls = [
    { to, value: 10n ** 15n, data: '0x' },
    { to: token, value: 0n, data: encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args: [to, 12345n] }) },
  ];
  const slot = (key, offset) => keccak256(encodeAbiParameters([{ type: 'address' }, { type: 'uint256' }], [key, LIMITS_ROOT + offset]));
  return {
    token,
    to,
    within: call('executeWithin', [calls]),
    within_nothing: call('executeWithin', [[]]),
    calls: json(calls),
    lower: call('lowerLimit', [token, 12345n, 86_400]),
    forget: call('forgetKnown', [to]),
    limit_of: call('limitOf', [token]),
    is_known: call('isKnown', [to]),
    limit_fees: call('limitFees', []),
    slots: { limit: slot(token, 0n), known: slot(to, 1n), fees: toHex(LIMITS_ROOT + 2n) },
  };
}

const SESSIONS_ROOT = 0xdacecd796a3e6ef44474f7de5b246ea04f6938d6f1b58138afac6fa24fc41f00n;

/** A session key for 12345 of a token and a hundredth of an ether to one address, its end, what its key signs with, and where it lies. */
function sessionsVector(d) {
  const token = d.test_token.address;
  const to = '0x00000000000000000000000000000000deadbeef';
  const key = '0x1111111111111111111111111111111111111111';
  const id = BigInt('0x00112233445566778899aabbccddeeff01020304');
  const until = 1_800_000_000;
  const policy = { target: token, selector: '0xa9059cbb', recipient: to, amount: 12345n, ether_: 10n ** 16n };
  const call = (functionName, args) => encodeFunctionData({ abi: accountAbi2, functionName, args });
  const place = BigInt(keccak256(encodeAbiParameters([{ type: 'uint160' }, { type: 'uint256' }], [id, SESSIONS_ROOT])));
  return {
    id: toHex(id, { size: 20 }),
    key,
    valid_until: toHex(until),
    target: token,
    recipient: to,
    amount: toHex(policy.amount),
    ether: toHex(policy.ether_),
    add: call('addSession', [id, d.secp256k1_verifier.address + key.slice(2), until, policy]),
    end: call('endSession', [id]),
    terms: concat([toHex(until, { size: 8 }), policy.selector, token]),
    slots: [1n, 3n, 4n, 5n].map((i) => toHex(place + i, { size: 32 })),
  };
}

/** The upgrade to version 2, second attempt, of an account whose owners never changed. */
function upgradeVector(d, account, chainId) {
  const { address: implementation, runtime_code_hash_by_chain: hashes } = d.account_implementation_2;
  const ownersHead = pad(account.toLowerCase(), { size: 32 });
  const args = [implementation, '0x', 1n];
  return {
    account,
    chain_id: chainId,
    implementation,
    code_hash: hashes[chainId],
    attempt: 1,
    owners_head: ownersHead,
    id: chainHash(account, chainId, 'Upgrade', { implementation, codeHash: hashes[chainId], call: '0x', attempt: 1n, ownersHead }),
    schedule: encodeFunctionData({ abi: accountAbi2, functionName: 'scheduleUpgrade', args }),
    apply: encodeFunctionData({ abi: accountAbi2, functionName: 'applyUpgrade', args }),
  };
}

/** What guardians and owners sign around a recovery, the calls that carry it, and the account's two answers. */
function recoveryVector(account, chainId, change, id, guardians, signature) {
  const call = (functionName, args) => encodeFunctionData({ abi: accountAbi2, functionName, args });
  const answer = (functionName, result) => encodeFunctionResult({ abi: accountAbi2, functionName, result });
  const ownersHead = pad(account.toLowerCase(), { size: 32 });
  const hash = (primaryType, message) => chainHash(account, chainId, primaryType, message);
  const state = { pending: id, readyAt: 1_800_000_000n, vetoes: 1, round: 7n, frozenUntil: 1_800_000_001, heldUntil: 1_700_000_000 };
  return {
    account,
    chain_id: chainId,
    round: 7,
    vetoes: 1,
    owners_head: ownersHead,
    hashes: {
      recover: hash('Recover', { change: id, round: 7n }),
      cancel: hash('CancelRecovery', { change: id, round: 7n }),
      put_off: hash('PutOffRecovery', { change: id, round: 7n, vetoes: 1 }),
      freeze: hash('Freeze', { ownersHead }),
      hold: hash('Hold', { zero: pad('0x', { size: 32 }), round: 7n }),
    },
    signature,
    calls: {
      recover: call('recover', [change, signature]),
      apply: call('applyRecovery', [change]),
      cancel: call('cancelRecovery', [signature]),
      put_off: call('putOffRecovery', ['0x', '0x']),
      freeze: call('freeze', ['0x', '0x']),
      hold: call('freeze', ['0x', signature]),
    },
    guardians,
    answers: {
      guardians: answer('guardians', [guardians, 2n, 172_800]),
      none: answer('guardians', [[], 0n, 0]),
      recovery: answer('recovery', state),
      quiet: answer('recovery', { ...state, pending: pad('0x', { size: 32 }) }),
    },
  };
}

export function makeVectors(d) {
  const a = new Passkey(d.webauthn_verifier.address, 'a');
  const b = new Passkey(d.webauthn_verifier.address, 'b', 'https://wallet.example');
  const eoa = secp(d, '70997970c51812dc3a010c7d01b50e0d17dc79c8');
  const addresses = [
    addressVector(d, [a.owner], 1n, pad('0x', { size: 32 })),
    addressVector(d, [a.owner], 1n, pad('0x01', { size: 32 })),
    addressVector(d, [a.owner, b.owner, eoa], 2n, toHex('passmesh', { size: 32 })),
  ];
  const op = userOpVector(d, 31337, addresses[0]);
  const pairs = [a, b].map((k) => {
    const auth = k.assert(op.hash);
    return { origin: k.origin, qx: k.qx, qy: k.qy, owner: k.owner, auth, signature: account.encodeWebAuthn(auth) };
  });
  const change = {
    sequence: 1n,
    previous: pad(addresses[2].address.toLowerCase(), { size: 32 }),
    attempt: 0n,
    threshold: 1n,
    added: [secp(d, '3c44cdddb6a900fa2b585dd299e03d12fa4293bc')],
    removed: [b.owner, eoa],
  };
  const id = account.ownerChangeId(addresses[2].address, change);
  return {
    addresses,
    p256verify: precompileVector(a),
    user_op: op,
    signatures: [
      { hash: op.hash, owners: pairs.slice(0, 1), encoded: account.encodeSignature([[pairs[0].owner, pairs[0].signature]]) },
      { hash: op.hash, owners: pairs, encoded: account.encodeSignature(pairs.map((p) => [p.owner, p.signature])) },
    ],
    execute: {
      calls: [
        { to: '0x00000000000000000000000000000000deadbeef', value: toHex(10n ** 15n), data: '0x' },
        { to: d.test_token.address, value: '0x0', data: '0xa9059cbb' },
      ],
      encoded: account.executeCall([
        { to: '0x00000000000000000000000000000000deadbeef', value: 10n ** 15n, data: '0x' },
        { to: d.test_token.address, value: 0n, data: '0xa9059cbb' },
      ]),
    },
    owner_change: {
      account: addresses[2].address,
      change: json(change),
      id,
      veto_hash: account.vetoHash(addresses[2].address, id),
      calls: changeCalls(change, id, a, pairs[0].signature),
      logs: changeLogs(change, id),
    },
    recovery: recoveryVector(addresses[2].address, 31337, change, id, [a.owner, b.owner, eoa], account.encodeSignature([[pairs[0].owner, pairs[0].signature]])),
    settings: settingVectors(addresses[2].address, 31337, [a.owner, eoa, b.owner]),
    limits: limitsVector(d.test_token.address),
    sessions: sessionsVector(d),
    upgrade: upgradeVector(d, addresses[2].address, 31337),
  };
}
