import { test } from 'node:test';
import assert from 'node:assert/strict';
import { encodeDeployData, encodeFunctionData, getAddress, keccak256, numberToHex, pad, parseEventLogs, toHex } from 'viem';
import * as account from '../lib/account.mjs';
import { chainHash } from '../lib/account2.mjs';
import { Passkey } from '../lib/passkey.mjs';
import { artifact, deployments, makeAccount, makeOp, makeWorld, pass, poke, read, refusal, run, signOp } from '../lib/world.mjs';

const VERIFIER = deployments.webauthn_verifier.address;
const DAY = 86_400;
const DELAY = 2 * DAY;
const [a, b, c, thief] = ['a', 'b', 'c', 'thief'].map((s) => new Passkey(VERIFIER, s));
const send = account.executeCall([{ to: '0x000000000000000000000000000000000000d00d', value: 1n }]);
const call = (functionName, args) => encodeFunctionData({ abi: account.accountAbi, functionName, args });

test('who may change an account, and when', async (t) => {
  const w = await makeWorld();
  t.after(() => w.stop());
  let salt = 0;

  /** A deployed account with a salt of its own. */
  async function fresh(keys, threshold = 1n) {
    salt += 1;
    const acc = await makeAccount(w, keys, { threshold, salt: numberToHex(salt, { size: 32 }) });
    await run(w, acc, send);
    return acc;
  }

  async function change(acc, more) {
    return {
      sequence: (await read(w, acc.address, 'ownersSequence')) + 1n,
      previous: await read(w, acc.address, 'ownersHead'),
      attempt: 0n,
      threshold: await read(w, acc.address, 'threshold'),
      added: [],
      removed: [],
      ...more,
    };
  }

  const owners = async (acc) => [...(await read(w, acc.address, 'getSigners', [0n, 100n]))].sort();
  const sorted = (...keys) => keys.map((k) => k.owner).sort();
  const vetoed = (acc, key, id) => [id, key.owner, key.sign(account.vetoHash(acc.address, id))[1]];

  await t.test('an owner is added at once, by the account itself', async () => {
    const acc = await fresh([a]);
    assert.equal(await read(w, acc.address, 'ownersHead'), pad(acc.address.toLowerCase(), { size: 32 }));
    const step = await change(acc, { added: [b.owner] });
    const done = await run(w, acc, call('changeOwners', [step, '0x']));
    assert.equal(done.success, true);
    assert.deepEqual(await owners(acc), sorted(a, b));
    const id = account.ownerChangeId(acc.address, step);
    assert.equal(await read(w, acc.address, 'ownersHead'), id);
    const [log] = parseEventLogs({ abi: account.accountAbi, eventName: 'OwnersChanged', logs: done.receipt.logs });
    assert.equal(log.args.head, id);
    assert.deepEqual(log.args.change, step);
    assert.equal((await run(w, acc, send, [b])).success, true, 'the new owner can act');
  });

  await t.test('an owner is added through a batch', async () => {
    const acc = await fresh([a]);
    const data = call('changeOwners', [await change(acc, { added: [b.owner] }), '0x']);
    assert.equal((await run(w, acc, account.executeCall([{ to: acc.address, data }]))).success, true);
    assert.deepEqual(await owners(acc), sorted(a, b));
  });

  await t.test('a signed change is carried by a stranger, and cannot be replayed', async () => {
    const acc = await fresh([a, b], 2n);
    const step = await change(acc, { added: [c.owner] });
    const id = account.ownerChangeId(acc.address, step);
    const one = account.encodeSignature([a.sign(id)]);
    assert.equal(await poke(w, acc.address, 'changeOwners', [step, one]), 'ChangeUnauthorized');
    const both = account.encodeSignature([a.sign(id), b.sign(id)]);
    assert.equal(await poke(w, acc.address, 'changeOwners', [{ ...step, added: [thief.owner] }, both]), 'ChangeUnauthorized');
    assert.equal(await poke(w, acc.address, 'changeOwners', [step, both]), null);
    assert.deepEqual(await owners(acc), sorted(a, b, c));
    assert.equal(await poke(w, acc.address, 'changeOwners', [step, both]), 'ChangeOutOfOrder');
    const other = await fresh([a, b], 2n);
    assert.equal(await poke(w, other.address, 'changeOwners', [step, both]), 'ChangeUnauthorized');
  });

  await t.test('the same signed change holds on another chain', async (t) => {
    const there = await makeWorld({ chainId: 10 });
    t.after(() => there.stop());
    const key = new Passkey(VERIFIER, 'both chains');
    const acc = await makeAccount(w, [key]);
    await run(w, acc, send);
    const step = await change(acc, { added: [b.owner] });
    const id = account.ownerChangeId(acc.address, step);
    const signature = account.encodeSignature([key.sign(id)]);
    for (const world of [w, there]) {
      await makeAccount(world, [key]);
      await poke(world, deployments.account_factory.address, 'createAccount', [acc.owners, 1n, acc.salt], { abi: account.factoryAbi });
      assert.equal(await poke(world, acc.address, 'changeOwners', [step, signature]), null);
      assert.equal(await read(world, acc.address, 'ownersHead'), id);
    }
  });

  await t.test('removing another owner waits for the delay, then anyone carries it out', async () => {
    const acc = await fresh([a, b]);
    const step = await change(acc, { removed: [b.owner] });
    const id = account.ownerChangeId(acc.address, step);
    const done = await run(w, acc, call('changeOwners', [step, '0x']), [a]);
    assert.equal(done.success, true);
    const [log] = parseEventLogs({ abi: account.accountAbi, eventName: 'OwnerChangeScheduled', logs: done.receipt.logs });
    assert.deepEqual([log.args.id, log.args.change], [id, step]);
    const readyAt = await read(w, acc.address, 'changeReadyAt', [id]);
    assert.equal(readyAt, (await w.client.getBlock({ blockHash: done.receipt.blockHash })).timestamp + BigInt(DELAY));
    assert.deepEqual(await owners(acc), sorted(a, b), 'still there');
    assert.equal(await poke(w, acc.address, 'applyOwnerChange', [step]), 'ChangeNotReady');
    await pass(w, DELAY - 60);
    assert.equal(await poke(w, acc.address, 'applyOwnerChange', [step]), 'ChangeNotReady');
    assert.equal((await run(w, acc, call('changeOwners', [step, '0x']), [a])).revert, 'ChangeKnown');
    assert.equal((await run(w, acc, send, [b])).success, true, 'meanwhile the other owner acts');
    await pass(w, 120);
    assert.equal(await poke(w, acc.address, 'applyOwnerChange', [step]), null);
    assert.deepEqual(await owners(acc), sorted(a));
    assert.equal(await read(w, acc.address, 'ownersHead'), id);
    assert.equal(await refusal(w, signOp(w, await makeOp(w, acc, send), [b])), 'AA24 signature error');
    assert.equal(await poke(w, acc.address, 'applyOwnerChange', [step]), 'ChangeOutOfOrder');
  });

  await t.test('any single owner vetoes, even of two of two, and for good', async () => {
    const acc = await fresh([a, b, c], 2n);
    const step = await change(acc, { removed: [c.owner] });
    const id = account.ownerChangeId(acc.address, step);
    await run(w, acc, call('changeOwners', [step, '0x']));
    assert.equal(await poke(w, acc.address, 'veto', vetoed(acc, thief, id)), 'ChangeUnauthorized');
    assert.equal(await poke(w, acc.address, 'veto', [id, c.owner, thief.sign(account.vetoHash(acc.address, id))[1]]), 'ChangeUnauthorized');
    assert.equal(await poke(w, acc.address, 'veto', [id, c.owner, c.sign(id)[1]]), 'ChangeUnauthorized', 'a signature over the change itself');
    assert.equal(await poke(w, acc.address, 'veto', [id, '0x', '0x']), 'AccountUnauthorized');
    assert.equal(await poke(w, acc.address, 'veto', vetoed(acc, c, id)), null);
    assert.equal(await poke(w, acc.address, 'veto', vetoed(acc, c, id)), 'ChangeNotReady');
    await pass(w, DELAY + 60);
    assert.equal(await poke(w, acc.address, 'applyOwnerChange', [step]), 'ChangeNotReady');
    assert.equal((await run(w, acc, call('changeOwners', [step, '0x']))).revert, 'ChangeKnown');
    assert.equal((await run(w, acc, call('changeOwners', [{ ...step, attempt: 1n }, '0x']))).success, true, 'another attempt is another change');
    assert.deepEqual(await owners(acc), sorted(a, b, c));
  });

  await t.test('the owners together take a change back', async () => {
    const acc = await fresh([a, b]);
    const step = await change(acc, { removed: [b.owner] });
    const id = account.ownerChangeId(acc.address, step);
    await run(w, acc, call('changeOwners', [step, '0x']), [a]);
    assert.equal((await run(w, acc, call('veto', [id, '0x', '0x']), [b])).success, true);
    assert.equal(await read(w, acc.address, 'changeReadyAt', [id]), 1n);
  });

  await t.test('a threshold is neither lowered nor raised at once', async () => {
    const acc = await fresh([a, b, c], 2n);
    for (const threshold of [1n, 3n]) {
      const step = await change(acc, { threshold });
      assert.equal((await run(w, acc, call('changeOwners', [step, '0x']))).success, true);
      assert.equal(await read(w, acc.address, 'threshold'), 2n);
      assert.equal(await poke(w, acc.address, 'applyOwnerChange', [step]), 'ChangeNotReady');
    }
    const up = await change(acc, { threshold: 3n });
    const down = await change(acc, { threshold: 1n });
    await pass(w, DELAY + 60);
    assert.equal(await poke(w, acc.address, 'applyOwnerChange', [up]), null);
    assert.equal(await read(w, acc.address, 'threshold'), 3n);
    assert.equal(await poke(w, acc.address, 'applyOwnerChange', [down]), 'ChangeOutOfOrder', 'scheduled for the owners as they were');
  });

  await t.test('adding while raising the threshold waits too', async () => {
    const acc = await fresh([a, b]);
    const step = await change(acc, { threshold: 2n, added: [thief.owner] });
    await run(w, acc, call('changeOwners', [step, '0x']), [a]);
    assert.deepEqual(await owners(acc), sorted(a, b));
    assert.equal((await run(w, acc, send, [b])).success, true);
  });

  await t.test('the last owner is replaced in one step', async () => {
    const acc = await fresh([a]);
    const step = await change(acc, { added: [b.owner], removed: [a.owner] });
    await run(w, acc, call('changeOwners', [step, '0x']));
    await pass(w, DELAY + 60);
    assert.equal(await poke(w, acc.address, 'applyOwnerChange', [step]), null);
    assert.deepEqual(await owners(acc), sorted(b));
    assert.equal((await run(w, acc, send, [b])).success, true);
  });

  await t.test('owners and threshold change together, down and up', async () => {
    const acc = await fresh([a, b, c], 3n);
    const down = await change(acc, { threshold: 1n, removed: [b.owner, c.owner] });
    await run(w, acc, call('changeOwners', [down, '0x']));
    await pass(w, DELAY + 60);
    assert.equal(await poke(w, acc.address, 'applyOwnerChange', [down]), null);
    assert.deepEqual(await owners(acc), sorted(a));
    const up = await change(acc, { threshold: 2n, added: [b.owner, c.owner], removed: [a.owner] });
    await run(w, acc, call('changeOwners', [up, '0x']), [a]);
    await pass(w, DELAY + 60);
    assert.equal(await poke(w, acc.address, 'applyOwnerChange', [up]), null);
    assert.deepEqual(await owners(acc), sorted(b, c));
    assert.equal(await read(w, acc.address, 'ownersSequence'), 2n);
    assert.equal((await run(w, acc, send, [b, c])).success, true);
  });

  await t.test('a change that would lock the account is refused', async () => {
    const acc = await fresh([a]);
    const all = await change(acc, { removed: [a.owner] });
    await run(w, acc, call('changeOwners', [all, '0x']));
    const high = await change(acc, { threshold: 2n });
    await run(w, acc, call('changeOwners', [high, '0x']));
    const zero = await change(acc, { threshold: 0n });
    await run(w, acc, call('changeOwners', [zero, '0x']));
    await pass(w, DELAY + 60);
    assert.equal(await poke(w, acc.address, 'applyOwnerChange', [all]), 'MultiSignerERC7913UnreachableThreshold');
    assert.equal(await poke(w, acc.address, 'applyOwnerChange', [high]), 'MultiSignerERC7913UnreachableThreshold');
    assert.equal(await poke(w, acc.address, 'applyOwnerChange', [zero]), 'MultiSignerERC7913ZeroThreshold');
  });

  await t.test('owners that could not sign, or that anything satisfies, are refused', async () => {
    const acc = await fresh([a]);
    const add = async (owner) => (await run(w, acc, call('changeOwners', [await change(acc, { added: [owner] }), '0x']))).revert;
    assert.equal(await add('0x0000000000000000000000000000000000000004'), 'OwnerForbidden');
    assert.equal(await add(acc.address), 'OwnerForbidden');
    assert.equal(await add(`${acc.address}00`), 'OwnerForbidden');
    assert.equal(await add(`0x${'11'.repeat(20)}${'22'.repeat(96)}`), 'OwnerForbidden');
    assert.equal(await add('0x1234'), 'MultiSignerERC7913InvalidSigner');
  });

  await t.test('the first sequence and head must be named', async () => {
    const acc = await fresh([a]);
    const step = await change(acc, { added: [b.owner] });
    assert.equal((await run(w, acc, call('changeOwners', [{ ...step, sequence: 2n }, '0x']))).revert, 'ChangeOutOfOrder');
    assert.equal((await run(w, acc, call('changeOwners', [{ ...step, sequence: 0n }, '0x']))).revert, 'ChangeOutOfOrder');
    assert.equal((await run(w, acc, call('changeOwners', [{ ...step, previous: pad('0x', { size: 32 }) }, '0x']))).revert, 'ChangeOutOfOrder');
  });

  const upgrade = artifact('TestUpgrade');
  const later = async () => {
    const hash = await w.client.sendTransaction({ account: w.accounts[0], data: encodeDeployData({ abi: upgrade.abi, bytecode: upgrade.bytecode }) });
    return getAddress((await w.client.waitForTransactionReceipt({ hash })).contractAddress);
  };

  await t.test('the implementation changes after the delay, with its call', async () => {
    const acc = await fresh([a, b]);
    const target = await later();
    const mark = encodeFunctionData({ abi: upgrade.abi, functionName: 'setMark', args: [42n] });
    assert.equal((await run(w, acc, call('scheduleUpgrade', [target, mark, 0n]), [a])).success, true);
    assert.equal(await poke(w, acc.address, 'applyUpgrade', [target, mark, 0n]), 'ChangeNotReady');
    await pass(w, DELAY + 60);
    assert.equal(await poke(w, acc.address, 'applyUpgrade', [target, '0x', 0n]), 'ChangeNotReady', 'another call');
    assert.equal(await poke(w, acc.address, 'applyUpgrade', [target, mark, 1n]), 'ChangeNotReady', 'another attempt');
    assert.equal(await poke(w, acc.address, 'applyUpgrade', [target, mark, 0n]), null);
    assert.equal(await read(w, acc.address, 'version', [], upgrade.abi), 2n);
    assert.equal(await read(w, acc.address, 'mark', [], upgrade.abi), 42n);
  });

  await t.test('a veto and an owner change each kill a scheduled upgrade', async () => {
    const acc = await fresh([a, b]);
    const target = await later();
    await run(w, acc, call('scheduleUpgrade', [target, '0x', 0n]), [a]);
    await run(w, acc, call('scheduleUpgrade', [target, '0x', 1n]), [a]);
    const id = await read(w, acc.address, 'upgradeId', [target, '0x', 0n]);
    const codeHash = keccak256(await w.client.getCode({ address: target }));
    assert.equal(id, chainHash(acc.address, w.chainId, 'Upgrade', { implementation: target, codeHash, call: '0x', attempt: 0n, ownersHead: await read(w, acc.address, 'ownersHead') }));
    assert.equal(await poke(w, acc.address, 'veto', vetoed(acc, b, id)), null);
    await pass(w, DELAY + 60);
    assert.equal(await poke(w, acc.address, 'applyUpgrade', [target, '0x', 0n]), 'ChangeNotReady');
    await run(w, acc, call('changeOwners', [await change(acc, { added: [c.owner] }), '0x']), [b]);
    assert.equal(await poke(w, acc.address, 'applyUpgrade', [target, '0x', 1n]), 'ChangeNotReady');
  });

  await t.test('an implementation without code is refused, and one whose code changed', async () => {
    const acc = await fresh([a]);
    assert.equal((await run(w, acc, call('scheduleUpgrade', ['0x00000000000000000000000000000000000c0de0', '0x', 0n]))).revert, 'ERC1967InvalidImplementation');
    const target = await later();
    await run(w, acc, call('scheduleUpgrade', [target, '0x', 0n]));
    await w.client.setCode({ address: target, bytecode: '0x5f5ff3' });
    await pass(w, DELAY + 60);
    assert.equal(await poke(w, acc.address, 'applyUpgrade', [target, '0x', 0n]), 'ChangeNotReady');
  });

  await t.test('the delay changes after the present delay, within bounds', async () => {
    const acc = await fresh([a, b]);
    assert.equal(await read(w, acc.address, 'delay'), DELAY);
    assert.equal((await run(w, acc, call('scheduleDelay', [DAY - 1, 0n]), [a])).revert, 'DelayOutOfRange');
    assert.equal((await run(w, acc, call('scheduleDelay', [30 * DAY + 1, 0n]), [a])).revert, 'DelayOutOfRange');
    assert.equal((await run(w, acc, call('scheduleDelay', [DAY, 0n]), [a])).success, true);
    assert.equal(await poke(w, acc.address, 'applyDelay', [DAY, 0n]), 'ChangeNotReady');
    await pass(w, DELAY + 60);
    assert.equal(await poke(w, acc.address, 'applyDelay', [DAY, 0n]), null);
    assert.equal(await poke(w, acc.address, 'applyDelay', [DAY, 0n]), 'ChangeNotReady', 'once only');
    assert.equal(await read(w, acc.address, 'delay'), DAY);
    const step = await change(acc, { removed: [b.owner] });
    await run(w, acc, call('changeOwners', [step, '0x']), [a]);
    await pass(w, DAY + 60);
    assert.equal(await poke(w, acc.address, 'applyOwnerChange', [step]), null);
  });

  await t.test('an ordinary key is an owner through its verifier', async () => {
    const { privateKeyToAccount, sign } = await import('viem/accounts');
    const secret = toHex(0x77, { size: 32 });
    const eoa = privateKeyToAccount(secret);
    const owner = `${deployments.secp256k1_verifier.address}${eoa.address.slice(2)}`.toLowerCase();
    const acc = await fresh([a]);
    assert.equal((await run(w, acc, call('changeOwners', [await change(acc, { added: [owner] }), '0x']))).success, true);
    const op = await makeOp(w, acc, send);
    const hash = account.userOpHash(account.packUserOp(op), deployments.entry_point.address, w.chainId);
    const signature = account.encodeSignature([[owner, await sign({ hash, privateKey: secret, to: 'hex' })]]);
    assert.equal(await refusal(w, { ...op, signature }), null);
  });
});
