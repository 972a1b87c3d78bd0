// What a thief tries against version 2 of the account. Each attack takes a world and the addresses of the implementation
// under test, and throws if it gets through (or if what is rightful is refused). recovery.test.mjs runs them against the
// real contracts; mutants.test.mjs against contracts with a fault in them, and wants each fault to be found.
import assert from 'node:assert/strict';
import { encodeFunctionData, keccak256, numberToHex, pad, parseAbi, parseEther, parseEventLogs } from 'viem';
import * as account from './account.mjs';
import { accountAbi2, chainHash, OrdinaryKey, sessionNonceKey, setting, signedBy } from './account2.mjs';
import { Passkey } from './passkey.mjs';
import { deployments, makeAccount, makeOp, pass, poke as pokeWith, read as readWith, refusal, run, sendOp, signOp, tokenAbi } from './world.mjs';

export const DAY = 86_400;
export const DELAY = 2 * DAY;
const SLOT_1967 = '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc';
const SINK = '0x000000000000000000000000000000000000d00d';
const FRIEND = '0x000000000000000000000000000000000000f00d';
const ETHER = '0x0000000000000000000000000000000000000000';
const TOKEN = deployments.test_token.address;

export const [a, b, c, thief] = ['a', 'b', 'c', 'thief'].map((s) => new Passkey(deployments.webauthn_verifier.address, s));
export const [g1, g2, g3, job] = ['g1', 'g2', 'g3', 'job'].map((s) => new OrdinaryKey(deployments.secp256k1_verifier.address, s));

export const call = (functionName, args) => encodeFunctionData({ abi: accountAbi2, functionName, args });
export const send = account.executeCall([{ to: SINK, value: 1n }]);
export const poke = (w, acc, name, args) => pokeWith(w, acc.address, name, args, { abi: accountAbi2 });
export const read = (w, acc, name, args = []) => readWith(w, acc.address, name, args, accountAbi2);
const pay = (to, value) => ({ to, value, data: '0x' });
const pass2 = async (w, acc, n = 0) => pass(w, DELAY + 60 + n);

let salts = 1000;

/** An account of these owners that runs version 2; guardians, if any, in office. */
export async function fresh(w, keys, { threshold = 1n, guardians = [], quorum = 2n, guardianDelay = DELAY, implementation = w.version2, ether = '10' } = {}) {
  salts += 1;
  const acc = await makeAccount(w, keys, { threshold, salt: numberToHex(salts, { size: 32 }), ether });
  await pokeWith(w, deployments.account_factory.address, 'createAccount', [acc.owners, threshold, acc.salt], { abi: account.factoryAbi });
  await w.client.setStorageAt({ address: acc.address, index: SLOT_1967, value: pad(implementation ?? deployments.account_implementation_2.address, { size: 32 }) });
  if (guardians.length > 0) {
    await settle(w, acc, setting('setGuardians', [account.sortOwners(guardians.map((g) => g.owner)), quorum, guardianDelay]));
  }
  return acc;
}

/** A setting scheduled by the owners, waited for and applied. */
export async function settle(w, acc, data, keys) {
  const done = await run(w, acc, call('scheduleSetting', [data, 0n]), keys);
  assert.equal(done.success, true, done.revert);
  await pass2(w, acc);
  assert.equal(await poke(w, acc, 'applySetting', [data, 0n]), null);
}

export async function change(w, acc, more) {
  return {
    sequence: (await read(w, acc, 'ownersSequence')) + 1n,
    previous: await read(w, acc, 'ownersHead'),
    attempt: 0n,
    threshold: await read(w, acc, 'threshold'),
    added: [],
    removed: [],
    ...more,
  };
}

const state = (w, acc) => read(w, acc, 'recovery');
export const owners = async (w, acc) => [...(await read(w, acc, 'getSigners', [0n, 100n]))].sort();
export const sorted = (...keys) => keys.map((k) => k.owner).sort();

async function recoverSignature(w, acc, step, keys, { chainId = w.chainId, round } = {}) {
  const id = account.ownerChangeId(acc.address, step);
  return signedBy(keys, chainHash(acc.address, chainId, 'Recover', { change: id, round: round ?? (await state(w, acc)).round }));
}

const hold = async (w, acc, keys) =>
  ['0x', signedBy(keys, chainHash(acc.address, w.chainId, 'Hold', { zero: pad('0x', { size: 32 }), round: (await state(w, acc)).round }))];
const freeze = async (w, acc, key) =>
  [key.owner, key.sign(chainHash(acc.address, w.chainId, 'Freeze', { ownersHead: await read(w, acc, 'ownersHead') }))[1]];
const putOff = async (w, acc, key) => {
  const { pending, round, vetoes } = await state(w, acc);
  return [key.owner, key.sign(chainHash(acc.address, w.chainId, 'PutOffRecovery', { change: pending, round, vetoes }))[1]];
};

/** The thief has the only key; two of three guardians put a new one in its place. */
async function begun(w, options = {}) {
  const acc = await fresh(w, [a], { guardians: [g1, g2, g3], ...options });
  const step = await change(w, acc, { added: [b.owner], removed: [a.owner] });
  assert.equal(await poke(w, acc, 'recover', [step, await recoverSignature(w, acc, step, [g1, g3])]), null);
  return { acc, step };
}

const within = (calls) => call('executeWithin', [calls]);
const token = (functionName, args) => encodeFunctionData({ abi: tokenAbi, functionName, args });
const approveAbi = parseAbi(['function approve(address spender, uint256 amount)']);

/** Two of two, a limit of 1 ether and 100 tokens a day, FRIEND known. */
async function limited(w) {
  const acc = await fresh(w, [a, b], { threshold: 2n });
  const settings = [setting('setLimit', [ETHER, parseEther('1'), DAY]), setting('setLimit', [TOKEN, 100n, DAY]), setting('setKnown', [FRIEND])];
  for (const s of settings) {
    assert.equal((await run(w, acc, call('scheduleSetting', [s, 0n]), [a, b])).success, true);
  }
  await pass2(w, acc);
  for (const s of settings) {
    assert.equal(await poke(w, acc, 'applySetting', [s, 0n]), null);
  }
  await pokeWith(w, TOKEN, 'mint', [acc.address, 1_000_000n], { abi: tokenAbi });
  return acc;
}

const small = { verificationGasLimit: 300_000n, callGasLimit: 300_000n, maxFeePerGas: 2_000_000_000n };

/** One owner's operation. */
async function alone(w, acc, data, key = a, more = {}) {
  const op = signOp(w, await makeOp(w, acc, data, { ...small, ...more }), [key]);
  const why = await refusal(w, op);
  return why ?? (await sendOp(w, op)).revert ?? 'done';
}

async function withSession(w, policy, { keys = [a, b], threshold = 2n, seconds = DAY } = {}) {
  const acc = await fresh(w, keys, { threshold });
  await pokeWith(w, TOKEN, 'mint', [acc.address, 1_000n], { abi: tokenAbi });
  const until = Number((await w.client.getBlock()).timestamp) + seconds;
  const full = { target: TOKEN, selector: '0xa9059cbb', recipient: FRIEND, amount: 50n, ether_: parseEther('0.1'), ...policy };
  const done = await run(w, acc, call('addSession', [7n, job.owner, until, full]));
  assert.equal(done.success, true, done.revert);
  return { acc, until };
}

async function sessionOp(w, acc, value, data, { id = 7n, key = sessionNonceKey(id), by = job, ...more } = {}) {
  const op = signOp(w, await makeOp(w, acc, call('executeSession', [id, value, data]), { ...small, key, ...more }), [by]);
  const why = await refusal(w, op);
  return why ?? (await sendOp(w, op)).revert ?? 'done';
}

const AA24 = 'AA24 signature error';
const AA22 = 'AA22 expired or not due';

export const attacks = {
  'guardians bring the account back after the delay': async (w) => {
    const { acc, step } = await begun(w);
    assert.equal(await poke(w, acc, 'applyRecovery', [step]), 'ChangeNotReady');
    await pass(w, DELAY - 60);
    assert.equal(await poke(w, acc, 'applyRecovery', [step]), 'ChangeNotReady');
    await pass(w, 120);
    assert.equal(await poke(w, acc, 'applyRecovery', [{ ...step, added: [thief.owner] }]), 'RecoveryNotPending');
    assert.equal(await poke(w, acc, 'applyRecovery', [step]), null);
    assert.deepEqual(await owners(w, acc), sorted(b));
    assert.equal((await run(w, acc, send, [b])).success, true);
    assert.equal(await poke(w, acc, 'applyRecovery', [step]), 'RecoveryNotPending', 'once');
    assert.equal(await read(w, acc, 'ownersHead'), account.ownerChangeId(acc.address, step));
  },

  'too few guardians, the same twice, strangers, owners': async (w) => {
    const acc = await fresh(w, [a, b], { guardians: [g1, g2, g3] });
    const step = await change(w, acc, { added: [thief.owner], removed: [b.owner] });
    const tries = { one: [g1], 'the same twice': [g1, g1], 'a stranger': [g1, job], 'an owner': [g1, a], thief: [thief, job], none: [] };
    for (const [name, keys] of Object.entries(tries)) {
      assert.equal(await poke(w, acc, 'recover', [step, await recoverSignature(w, acc, step, keys)]), 'ChangeUnauthorized', name);
    }
    const id = account.ownerChangeId(acc.address, step);
    assert.equal(await poke(w, acc, 'recover', [step, signedBy([g1, g2], id)]), 'ChangeUnauthorized', 'as owners sign');
    assert.equal(await poke(w, acc, 'recover', [step, '0x']), 'ChangeUnauthorized');
    const none = await fresh(w, [a]);
    const other = await change(w, none, { added: [thief.owner] });
    assert.equal(await poke(w, none, 'recover', [other, await recoverSignature(w, none, other, [])]), 'ChangeUnauthorized', 'no guardians, no signature');
  },

  'what guardians signed holds once, here, for this account': async (w) => {
    const acc = await fresh(w, [a], { guardians: [g1, g2, g3] });
    const step = await change(w, acc, { added: [b.owner], removed: [a.owner] });
    assert.equal(await poke(w, acc, 'recover', [step, await recoverSignature(w, acc, step, [g1, g2], { chainId: 10 })]), 'ChangeUnauthorized', 'another chain');
    const other = await fresh(w, [a], { guardians: [g1, g2, g3] });
    assert.equal(await poke(w, acc, 'recover', [step, await recoverSignature(w, other, step, [g1, g2])]), 'ChangeUnauthorized', 'another account');
    const signature = await recoverSignature(w, acc, step, [g1, g2]);
    assert.equal(await poke(w, acc, 'recover', [step, signature]), null);
    const { pending, round } = await state(w, acc);
    const cancel = signedBy([g2, g3], chainHash(acc.address, w.chainId, 'CancelRecovery', { change: pending, round }));
    assert.equal(await poke(w, acc, 'cancelRecovery', [signedBy([g2], chainHash(acc.address, w.chainId, 'CancelRecovery', { change: pending, round }))]), 'ChangeUnauthorized');
    assert.equal(await poke(w, acc, 'cancelRecovery', [cancel]), null);
    assert.equal(await poke(w, acc, 'recover', [step, signature]), 'ChangeUnauthorized', 'again after it was taken back');
    assert.equal(await poke(w, acc, 'cancelRecovery', [cancel]), 'RecoveryNotPending');
  },

  'the owner list cannot be moved from under a recovery': async (w) => {
    const { acc, step } = await begun(w);
    assert.equal((await run(w, acc, call('changeOwners', [await change(w, acc, { added: [thief.owner] }), '0x']))).revert, 'RecoveryPending');
    const id = account.ownerChangeId(acc.address, await change(w, acc, { added: [thief.owner] }));
    assert.equal(await poke(w, acc, 'changeOwners', [await change(w, acc, { added: [thief.owner] }), signedBy([a], id)]), 'RecoveryPending');
    await pass2(w, acc);
    assert.equal(await poke(w, acc, 'applyRecovery', [step]), null);
  },

  'what the thief scheduled before does not come into force during a recovery': async (w) => {
    const acc = await fresh(w, [a], { guardians: [g1, g2, g3] });
    const mine = setting('setGuardians', [[job.owner], 1n, DELAY]);
    const out = await change(w, acc, { threshold: 2n, added: [thief.owner] });
    assert.equal((await run(w, acc, call('scheduleSetting', [mine, 0n]))).success, true);
    assert.equal((await run(w, acc, call('changeOwners', [out, '0x']))).success, true);
    assert.equal((await run(w, acc, call('scheduleUpgrade', [deployments.account_implementation.address, '0x', 0n]))).success, true);
    const step = await change(w, acc, { added: [b.owner], removed: [a.owner] });
    assert.equal(await poke(w, acc, 'recover', [step, await recoverSignature(w, acc, step, [g1, g2])]), null);
    await pass2(w, acc);
    assert.equal(await poke(w, acc, 'applySetting', [mine, 0n]), 'RecoveryPending');
    assert.equal(await poke(w, acc, 'applyOwnerChange', [out]), 'RecoveryPending');
    assert.equal(await poke(w, acc, 'applyUpgrade', [deployments.account_implementation.address, '0x', 0n]), 'RecoveryPending');
    assert.equal(await poke(w, acc, 'applyRecovery', [step]), null);
    assert.equal(await poke(w, acc, 'applySetting', [mine, 0n]), 'ChangeNotReady', 'the owner list moved on');
    assert.equal(await poke(w, acc, 'applyUpgrade', [deployments.account_implementation.address, '0x', 0n]), 'ChangeNotReady');
    assert.deepEqual(await owners(w, acc), sorted(b));
  },

  'an owner puts a recovery off twice, and no more; not twice with one signature': async (w) => {
    const { acc, step } = await begun(w);
    const { readyAt } = await state(w, acc);
    const first = await putOff(w, acc, a);
    assert.equal(await poke(w, acc, 'putOffRecovery', [thief.owner, thief.sign(keccak256('0x00'))[1]]), 'ChangeUnauthorized');
    assert.equal(await poke(w, acc, 'putOffRecovery', ['0x', '0x']), 'AccountUnauthorized');
    assert.equal(await poke(w, acc, 'putOffRecovery', first), null);
    assert.equal((await state(w, acc)).readyAt, readyAt + BigInt(DELAY));
    assert.equal(await poke(w, acc, 'putOffRecovery', first), 'ChangeUnauthorized', 'the same signature');
    assert.equal((await run(w, acc, call('putOffRecovery', ['0x', '0x']))).success, true);
    assert.equal((await state(w, acc)).readyAt, readyAt + BigInt(2 * DELAY), 'both at once put it off by both');
    assert.equal(await poke(w, acc, 'putOffRecovery', await putOff(w, acc, a)), 'RecoveryVetoesSpent');
    const other = await change(w, acc, { added: [thief.owner], removed: [a.owner] });
    assert.equal(await poke(w, acc, 'recover', [other, await recoverSignature(w, acc, other, [g1, g2])]), 'RecoveryPending', 'one at a time');
    const { pending, round } = await state(w, acc);
    assert.equal(await poke(w, acc, 'cancelRecovery', [signedBy([g1, g2], chainHash(acc.address, w.chainId, 'CancelRecovery', { change: pending, round }))]), null);
    const again = await change(w, acc, { added: [c.owner], removed: [a.owner] });
    assert.equal(await poke(w, acc, 'recover', [again, await recoverSignature(w, acc, again, [g1, g2])]), null);
    assert.equal(await poke(w, acc, 'putOffRecovery', await putOff(w, acc, a)), 'RecoveryVetoesSpent', 'the same quorum anew');
    assert.equal(await poke(w, acc, 'veto', [account.ownerChangeId(acc.address, again), a.owner, a.sign(account.vetoHash(acc.address, account.ownerChangeId(acc.address, again)))[1]]), 'ChangeNotReady', 'an ordinary veto does nothing to it');
    await pass2(w, acc);
    assert.equal(await poke(w, acc, 'applyRecovery', [again]), null);
    assert.deepEqual(await owners(w, acc), sorted(c));
  },

  'front-running: guardians hold the account first, then the thief cannot move': async (w) => {
    const acc = await fresh(w, [a], { guardians: [g1, g2, g3] });
    const stale = await change(w, acc, { added: [b.owner], removed: [a.owner] });
    const signature = await recoverSignature(w, acc, stale, [g1, g2]);
    const holding = await hold(w, acc, [g1, g2]);
    assert.equal((await run(w, acc, call('changeOwners', [await change(w, acc, { added: [thief.owner] }), '0x']))).success, true);
    assert.equal(await poke(w, acc, 'recover', [stale, signature]), 'ChangeOutOfOrder');
    assert.equal(await poke(w, acc, 'freeze', await hold(w, acc, [g1])), 'ChangeUnauthorized');
    assert.equal(await poke(w, acc, 'freeze', holding), null, 'names no owner list, so it still holds');
    assert.equal(await refusal(w, signOp(w, await makeOp(w, acc, send), [a])), AA22);
    const add = await change(w, acc, { added: [c.owner] });
    assert.equal(await poke(w, acc, 'changeOwners', [add, signedBy([a], account.ownerChangeId(acc.address, add))]), 'AccountHeld');
    assert.equal(await poke(w, acc, 'freeze', holding), 'ChangeUnauthorized', 'once');
    assert.equal(await poke(w, acc, 'freeze', await hold(w, acc, [g1, g2])), 'AlreadyFrozen', 'once for each owner list');
    const step = await change(w, acc, { added: [b.owner], removed: [a.owner, thief.owner] });
    assert.equal(await poke(w, acc, 'recover', [step, await recoverSignature(w, acc, step, [g2, g3])]), null);
    assert.equal((await state(w, acc)).frozenUntil, Number((await state(w, acc)).readyAt), 'frozen until the recovery may be applied');
    await pass2(w, acc);
    assert.equal(await poke(w, acc, 'applyRecovery', [step]), null);
    assert.deepEqual(await owners(w, acc), sorted(b));
    assert.equal((await run(w, acc, send, [b])).success, true);
  },

  'a recovery that would lock the account is refused, and one that cannot be applied lapses': async (w) => {
    const acc = await fresh(w, [a], { guardians: [g1, g2, g3] });
    const begin = async (more) => {
      const step = await change(w, acc, more);
      return poke(w, acc, 'recover', [step, await recoverSignature(w, acc, step, [g1, g2])]);
    };
    assert.equal(await begin({ threshold: 0n }), 'MultiSignerERC7913ZeroThreshold');
    assert.equal(await begin({ removed: [a.owner] }), 'MultiSignerERC7913UnreachableThreshold');
    assert.equal(await begin({ threshold: 3n, added: [b.owner] }), 'MultiSignerERC7913UnreachableThreshold');
    assert.equal(await begin({ threshold: 1n, added: [b.owner], removed: [a.owner], sequence: 9n }), 'ChangeOutOfOrder');
    const step = await change(w, acc, { added: [b.owner], removed: [c.owner] });
    const signature = await recoverSignature(w, acc, step, [g1, g2]);
    assert.equal(await poke(w, acc, 'recover', [step, signature]), null);
    await pass2(w, acc);
    assert.equal(await poke(w, acc, 'applyRecovery', [step]), 'MultiSignerERC7913NonexistentSigner');
    await pass(w, 14 * DAY);
    assert.equal(await poke(w, acc, 'applyRecovery', [step]), 'RecoveryNotPending');
    assert.equal(await poke(w, acc, 'recover', [step, signature]), 'ChangeUnauthorized', 'not by the same signature');
    assert.equal((await run(w, acc, call('changeOwners', [await change(w, acc, { added: [c.owner] }), '0x']))).success, true, 'the owners are free again');
  },

  'guardians that could not decide, or that anything satisfies, are refused': async (w) => {
    const acc = await fresh(w, [a]);
    const list = account.sortOwners([g1.owner, g2.owner]);
    const many = account.sortOwners(Array.from({ length: 17 }, (_, i) => numberToHex(0x1000000 + i, { size: 20 })));
    const bad = {
      'quorum 0': [[list, 0n, DELAY], 'GuardiansInvalid'],
      'quorum over the list': [[list, 3n, DELAY], 'GuardiansInvalid'],
      'one twice': [[[g1.owner, g1.owner], 2n, DELAY], 'GuardiansInvalid'],
      'too many': [[many, 2n, DELAY], 'GuardiansInvalid'],
      'no delay': [[list, 2n, 0], 'DelayOutOfRange'],
      precompile: [[['0x0000000000000000000000000000000000000004'], 1n, DELAY], 'OwnerForbidden'],
      'the account': [[[acc.address], 1n, DELAY], 'OwnerForbidden'],
    };
    for (const [args] of Object.values(bad)) {
      assert.equal((await run(w, acc, call('scheduleSetting', [setting('setGuardians', args), 0n]))).success, true);
    }
    await pass2(w, acc);
    for (const [name, [args, why]] of Object.entries(bad)) {
      assert.equal(await poke(w, acc, 'applySetting', [setting('setGuardians', args), 0n]), why, name);
    }
    assert.deepEqual(await read(w, acc, 'guardians'), [[], 0n, 0]);
  },

  'no single owner changes guardians at once; another vetoes': async (w) => {
    const acc = await fresh(w, [a, b], { guardians: [g1, g2] });
    const mine = setting('setGuardians', [[job.owner], 1n, DELAY]);
    assert.equal(await poke(w, acc, 'scheduleSetting', [mine, 0n]), 'AccountUnauthorized');
    assert.equal((await run(w, acc, call('scheduleSetting', [mine, 0n]), [a])).success, true);
    assert.equal(await poke(w, acc, 'applySetting', [mine, 0n]), 'ChangeNotReady');
    const id = await read(w, acc, 'settingId', [mine, 0n]);
    assert.equal(id, chainHash(acc.address, w.chainId, 'Setting', { call: mine, attempt: 0n, ownersHead: await read(w, acc, 'ownersHead') }));
    assert.equal(await poke(w, acc, 'veto', [id, b.owner, b.sign(account.vetoHash(acc.address, id))[1]]), null);
    await pass2(w, acc);
    assert.equal(await poke(w, acc, 'applySetting', [mine, 0n]), 'ChangeNotReady');
    assert.equal((await run(w, acc, mine, [a])).success, false, 'setGuardians is no function of the account');
    const nothing = call('renewLimit', [ETHER]);
    assert.equal((await run(w, acc, call('scheduleSetting', [nothing, 0n]), [a])).success, true);
    await pass2(w, acc);
    assert.equal(await poke(w, acc, 'applySetting', [nothing, 0n]), 'SettingUnknown');
  },

  'a frozen account sends nothing, signs nothing, and receives': async (w) => {
    const acc = await fresh(w, [a, b]);
    assert.equal(await poke(w, acc, 'freeze', [thief.owner, thief.sign(keccak256('0x00'))[1]]), 'ChangeUnauthorized');
    const signed = await freeze(w, acc, b);
    assert.equal(await poke(w, acc, 'freeze', signed), null);
    assert.equal(await poke(w, acc, 'freeze', signed), 'AlreadyFrozen', 'once for each owner list');
    assert.equal(await refusal(w, signOp(w, await makeOp(w, acc, send), [a])), AA22);
    assert.equal(await refusal(w, signOp(w, await makeOp(w, acc, within([pay(SINK, 1n)])), [a])), AA24, 'no limit was set');
    const hash = keccak256('0x1234');
    assert.equal(await read(w, acc, 'isValidSignature', [hash, signedBy([a], hash)]), '0xffffffff');
    const before = await w.client.getBalance({ address: acc.address });
    const paid = await w.client.sendTransaction({ account: w.accounts[5], to: acc.address, value: 7n });
    await w.client.waitForTransactionReceipt({ hash: paid });
    assert.equal(await w.client.getBalance({ address: acc.address }), before + 7n);
    await pokeWith(w, TOKEN, 'mint', [acc.address, 5n], { abi: tokenAbi });
    const out = await change(w, acc, { removed: [a.owner] });
    const id = account.ownerChangeId(acc.address, out);
    assert.equal(await poke(w, acc, 'changeOwners', [out, signedBy([b], id)]), null, 'owners can still be changed, by signature');
    await pass2(w, acc);
    assert.equal((await run(w, acc, send, [a])).success, true, 'and it ends by itself');
  },

  'limits: one owner within, two above': async (w) => {
    const acc = await limited(w);
    const one = parseEther('1');
    assert.equal(await refusal(w, signOp(w, await makeOp(w, acc, send), [a])), AA24, 'execute still needs both');
    assert.equal(await alone(w, acc, within([pay(SINK, one / 2n)])), 'done');
    assert.equal(await alone(w, acc, within([pay(SINK, one / 2n)])), 'LimitExceeded', 'fees count too');
    assert.equal(await alone(w, acc, within([pay(SINK, one / 4n), pay(SINK, one / 4n)]), b), 'LimitExceeded', 'in parts, by the other owner');
    assert.equal(await alone(w, acc, within([pay(FRIEND, 2n * one)])), 'done', 'a known address');
    assert.equal(await alone(w, acc, within([{ to: TOKEN, value: 0n, data: token('transfer', [SINK, 60n]) }])), 'done');
    assert.equal(await alone(w, acc, within([{ to: TOKEN, value: 0n, data: token('transfer', [SINK, 41n]) }])), 'LimitExceeded');
    assert.equal(await alone(w, acc, within([{ to: TOKEN, value: 0n, data: token('transfer', [SINK, 40n]) }])), 'done');
    assert.equal(await alone(w, acc, within([{ to: TOKEN, value: 0n, data: token('transfer', [FRIEND, 5000n]) }])), 'done');
    await pass(w, DAY + 1);
    assert.equal(await alone(w, acc, within([pay(SINK, one / 2n), { to: TOKEN, value: 0n, data: token('transfer', [SINK, 100n]) }])), 'done', 'the next day');
    const op = await makeOp(w, acc, account.executeCall([pay(SINK, 3n * one)]), small);
    assert.equal((await sendOp(w, signOp(w, op, [a, b]))).success, true, 'two owners: no limit');
    assert.equal(await alone(w, acc, within([pay(SINK, 1n)]), thief), AA24);
  },

  'limits: one owner can call nothing else': async (w) => {
    const acc = await limited(w);
    const data = (functionName, args) => ({ to: acc.address, value: 0n, data: call(functionName, args) });
    const step = await change(w, acc, { added: [thief.owner] });
    const raise = setting('setLimit', [ETHER, parseEther('100'), DAY]);
    const approve = encodeFunctionData({ abi: approveAbi, functionName: 'approve', args: [SINK, 1n] });
    const tries = {
      'owner change': data('changeOwners', [step, '0x']),
      setting: data('scheduleSetting', [raise, 0n]),
      session: data('addSession', [1n, job.owner, 2 ** 40, { target: SINK, selector: '0x00000000', recipient: ETHER, amount: 0n, ether_: 1n }]),
      upgrade: data('scheduleUpgrade', [TOKEN, '0x', 0n]),
      execute: { to: acc.address, value: 0n, data: send },
      'executeWithin again': data('executeWithin', [[pay(SINK, 1n)]]),
      approve: { to: TOKEN, value: 0n, data: approve },
      'a transfer with ether': { to: TOKEN, value: 1n, data: token('transfer', [FRIEND, 1n]) },
      'dirty recipient': { to: TOKEN, value: 0n, data: `0xa9059cbb${'01'.padStart(2, '0')}${FRIEND.slice(2).padStart(62, '0')}${'1'.padStart(64, '0')}` },
      'trailing bytes': { to: TOKEN, value: 0n, data: `${token('transfer', [FRIEND, 1n])}00` },
      'ether to itself with data': { to: acc.address, value: 1n, data: call('endSession', [1n]) },
      'ether to itself': pay(acc.address, 1n),
      'a foreign call': { to: SINK, value: 0n, data: '0x12345678' },
    };
    for (const [name, c] of Object.entries(tries)) {
      assert.equal(await alone(w, acc, within([c])), 'CallNotAllowed', name);
    }
    const other = encodeFunctionData({ abi: tokenAbi, functionName: 'transfer', args: [SINK, 1n] });
    assert.equal(await alone(w, acc, within([{ to: deployments.account_factory.address, value: 0n, data: other }])), 'LimitExceeded', 'a token without a limit');
    assert.equal(await poke(w, acc, 'executeWithin', [[pay(SINK, 1n)]]), 'AccountUnauthorized', 'by a stranger');
    assert.equal(await alone(w, acc, within([data('lowerLimit', [ETHER, parseEther('2'), DAY])])), 'LimitNotLower');
    assert.equal(await alone(w, acc, within([data('lowerLimit', [ETHER, parseEther('1'), DAY - 1])])), 'LimitNotLower');
    assert.equal(await alone(w, acc, within([data('lowerLimit', [TOKEN, 5n, DAY]), data('forgetKnown', [FRIEND])])), 'done', 'what takes power away');
    assert.equal(await read(w, acc, 'isKnown', [FRIEND]), false);
    const out = await change(w, acc, { removed: [b.owner], threshold: 1n });
    const id = account.ownerChangeId(acc.address, out);
    assert.equal((await run(w, acc, call('changeOwners', [out, '0x']), [a, b])).success, true);
    assert.equal(await alone(w, acc, within([data('veto', [id, '0x', '0x'])]), b), 'done', 'a veto');
    assert.equal(await read(w, acc, 'changeReadyAt', [id]), 1n);
  },

  'limits: fees cannot empty the account': async (w) => {
    const acc = await limited(w);
    const dear = { maxFeePerGas: 1_400_000_000_000n, maxPriorityFeePerGas: 1_400_000_000_000n };
    assert.equal(await alone(w, acc, within([]), a, { ...dear, callGasLimit: 1_000_000n }), AA24, 'more than the limit at once');
    assert.equal(await alone(w, acc, within([]), a, dear), 'done', '0.924 ether of fees at most');
    assert.equal(await alone(w, acc, within([]), a, dear), AA24, 'and no second one');
    await pass(w, DAY + 1);
    assert.equal(await poke(w, acc, 'renewLimit', [ETHER]), null);
    assert.equal(await alone(w, acc, within([]), a, dear), 'done', 'the next day');
    assert.equal(await poke(w, acc, 'renewLimit', [ETHER]), null);
    assert.equal(await alone(w, acc, within([]), a, dear), AA24, 'a new period cannot be had early');
  },

  'limits: who is paid finds the money counted': async (w) => {
    const acc = await limited(w);
    const hash = await w.client.deployContract({ account: w.accounts[0], abi: w.thief.abi, bytecode: w.thief.bytecode });
    const { contractAddress: address } = await w.client.waitForTransactionReceipt({ hash });
    const half = parseEther('0.4');
    await pokeWith(w, address, 'arm', [acc.address, within([pay(address, half)])], { abi: w.thief.abi });
    assert.equal(await alone(w, acc, within([pay(address, half)])), 'done');
    assert.equal(await readWith(w, address, 'tried', [], w.thief.abi), true);
    assert.equal(await readWith(w, address, 'succeeded', [], w.thief.abi), false);
    const op = signOp(w, await makeOp(w, acc, within([pay(address, half)]), { ...small, key: 5n }), [a]);
    const again = encodeFunctionData({ abi: w.entryPointAbi, functionName: 'handleOps', args: [[account.packUserOp(op)], SINK] });
    await pokeWith(w, address, 'arm', [deployments.entry_point.address, again], { abi: w.thief.abi });
    assert.equal(await alone(w, acc, within([pay(address, half)])), 'done');
    assert.equal(await readWith(w, address, 'succeeded', [], w.thief.abi), false, 'the EntryPoint does not let it in again');
  },

  'sessions: within the policy, and nothing else': async (w) => {
    const { acc } = await withSession(w);
    const move = (to, n) => token('transfer', [to, n]);
    assert.equal(await sessionOp(w, acc, 0n, move(FRIEND, 30n)), 'done');
    assert.equal(await sessionOp(w, acc, 0n, move(FRIEND, 21n)), 'LimitExceeded', 'in all');
    assert.equal(await sessionOp(w, acc, 0n, move(SINK, 1n)), 'CallNotAllowed', 'another recipient');
    assert.equal(await sessionOp(w, acc, 0n, encodeFunctionData({ abi: approveAbi, functionName: 'approve', args: [FRIEND, 1n] })), 'CallNotAllowed', 'another function');
    assert.equal(await sessionOp(w, acc, parseEther('0.1'), move(FRIEND, 1n)), 'LimitExceeded', 'ether, with the fees');
    assert.equal(await sessionOp(w, acc, 0n, move(FRIEND, 1n), { by: a }), AA24, 'an owner is no session key');
    assert.equal(await sessionOp(w, acc, 0n, move(FRIEND, 1n), { by: g1 }), AA24);
    assert.equal(await sessionOp(w, acc, 0n, move(FRIEND, 1n), { key: 0n }), AA24, 'another nonce key');
    assert.equal(await sessionOp(w, acc, 0n, move(FRIEND, 1n), { key: 7n }), AA24, 'its number in another range of nonce keys');
    assert.equal(await sessionOp(w, acc, 0n, move(FRIEND, 1n), { id: 8n }), AA24, 'another session');
    assert.equal(await sessionOp(w, acc, 0n, move(FRIEND, 1n), { maxFeePerGas: 200_000_000_000n }), AA24, 'fees beyond what it has');
    assert.equal(await refusal(w, signOp(w, await makeOp(w, acc, send), [job])), AA24, 'it signs nothing else');
    assert.equal(await refusal(w, signOp(w, await makeOp(w, acc, within([pay(SINK, 1n)]), small), [job])), AA24);
    assert.equal(await sessionOp(w, acc, 0n, move(FRIEND, 20n)), 'done', 'what is left of the amount');
    const used = parseEther('0.1') - (await read(w, acc, 'sessionLeft', [7n]))[1];
    assert.ok(used > 0n && (await read(w, acc, 'sessionLeft', [7n]))[0] === 0n);
  },

  'sessions: end by time, by one owner, with the owner list, with a freeze': async (w) => {
    const move = token('transfer', [FRIEND, 1n]);
    const timed = await withSession(w);
    await pass(w, DAY + 60);
    assert.equal(await sessionOp(w, timed.acc, 0n, move), AA22);
    const { acc } = await withSession(w, {}, { seconds: 30 * DAY });
    assert.equal(await alone(w, acc, within([{ to: acc.address, value: 0n, data: call('endSession', [7n]) }]), b), AA24, 'without an ether limit one owner cannot pay');
    const other = await limited(w);
    const until = Number((await w.client.getBlock()).timestamp) + DAY;
    const policy = { target: SINK, selector: '0x00000000', recipient: ETHER, amount: 0n, ether_: parseEther('0.1') };
    assert.equal((await run(w, other, call('addSession', [7n, job.owner, until, policy]))).success, true);
    assert.equal((await run(w, other, call('addSession', [7n, g1.owner, until, policy]))).revert, 'SessionInvalid', 'the number is taken');
    assert.equal(await sessionOp(w, other, 5n, '0x'), 'done', 'plain ether');
    assert.equal(await sessionOp(w, other, 5n, '0x12'), 'CallNotAllowed');
    assert.equal(await alone(w, other, within([{ to: other.address, value: 0n, data: call('endSession', [7n]) }]), b), 'done');
    assert.equal(await sessionOp(w, other, 5n, '0x'), AA24);
    assert.equal(await sessionOp(w, acc, 0n, move), 'done');
    assert.equal(await poke(w, acc, 'freeze', await freeze(w, acc, b)), null);
    assert.equal(await sessionOp(w, acc, 0n, move), AA22, 'frozen');
    const third = (await withSession(w)).acc;
    assert.equal((await run(w, third, call('changeOwners', [await change(w, third, { added: [c.owner] }), '0x']), [a, b])).success, true);
    assert.equal(await sessionOp(w, third, 0n, move), AA24, 'another owner list');
  },

  'sessions: policies that could reach the account are refused': async (w) => {
    const acc = await fresh(w, [a]);
    const until = Number((await w.client.getBlock()).timestamp) + DAY;
    const good = { target: SINK, selector: '0x12345678', recipient: ETHER, amount: 0n, ether_: 0n };
    const add = async (signer, time, policy) => (await run(w, acc, call('addSession', [9n, signer, time, { ...good, ...policy }]))).revert;
    assert.equal(await add(job.owner, until, { target: acc.address }), 'SessionInvalid');
    assert.equal(await add(job.owner, until, { target: ETHER }), 'SessionInvalid');
    assert.equal(await add(job.owner, until, { target: deployments.entry_point.address }), 'SessionInvalid');
    assert.equal(await add(job.owner, until, { amount: 1n }), 'SessionInvalid', 'an amount of nothing countable');
    assert.equal(await add(job.owner, until - 2 * DAY, {}), 'SessionInvalid', 'over already');
    assert.equal(await add(job.owner, until + 366 * DAY, {}), 'SessionInvalid', 'too long');
    assert.equal(await add('0x0000000000000000000000000000000000000004', until, {}), 'OwnerForbidden');
    assert.equal(await poke(w, acc, 'addSession', [9n, job.owner, until, good]), 'AccountUnauthorized');
    assert.equal(await add(job.owner, until, {}), null);
  },

  'events tell the whole of what is scheduled': async (w) => {
    const acc = await fresh(w, [a]);
    const data = setting('setKnown', [FRIEND]);
    const done = await run(w, acc, call('scheduleSetting', [data, 3n]));
    const [log] = parseEventLogs({ abi: accountAbi2, eventName: 'SettingScheduled', logs: done.receipt.logs });
    assert.equal(log.args.call, data);
    assert.equal(log.args.attempt, 3n);
    assert.equal(log.args.id, await read(w, acc, 'settingId', [data, 3n]));
  },
};
