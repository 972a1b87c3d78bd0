import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeFunctionResult, getAddress, hexToBigInt, isAddressEqual, keccak256, numberToHex, pad, parseEther, parseEventLogs, toEventSelector, toFunctionSelector } from 'viem';
import * as account from '../lib/account.mjs';
import { accountAbi2 } from '../lib/account2.mjs';
import { CHAINS, DEPLOYER, ENTRY_POINT, entryPointArtifact } from '../lib/artifacts.mjs';
import { ALL } from '../lib/deploy.mjs';
import { artifact, deployments, entryPointAbi, makeWorld, out, pass, poke, read, reasonOf, verifierAbi } from '../lib/world.mjs';

const v = deployments.vectors;
const IMPLEMENTATION_SLOT = '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc'; /* ERC-1967 */

const passUntil = async (w, unixS) => pass(w, Number(unixS - (await w.client.getBlock()).timestamp) + 1);

/** What the account does to itself, as an operation that its owners signed would have it; these bytes, as they stand in a vector. */
async function actAs(w, account, data) {
  await w.client.impersonateAccount({ address: account });
  const hash = await w.client.sendTransaction({ account, to: account, data, gas: 5_000_000n });
  const receipt = await w.client.waitForTransactionReceipt({ hash });
  assert.equal(receipt.status, 'success');
  return parseEventLogs({ abi: accountAbi2, logs: receipt.logs });
}

test('a rebuild gives the committed deployments.json', () => {
  const rebuilt = JSON.parse(readFileSync(join(out, 'deployments.json'), 'utf8'));
  assert.deepEqual(rebuilt, deployments, 'run contracts/build.mjs and commit the new file: addresses change');
});

test('the package of EntryPoint 0.8 gives its canonical address', () => {
  assert.equal(deployments.entry_point.address, ENTRY_POINT);
  assert.ok(!entryPointArtifact().bytecode.includes('__'));
});

test('owners and threshold stand at the ERC-7201 root', () => {
  const root = BigInt(deployments.storage_roots['passmesh.account.owners']);
  for (const name of ['PassmeshAccount', 'PassmeshAccount2', 'PassmeshAccount2Guardians']) {
    const slots = artifact(name).storage.storage.map((s) => [s.label, BigInt(s.slot) - root, s.offset]);
    assert.deepEqual(slots, [['_signers', 0n, 0], ['_threshold', 2n, 0], ['_nameFallback', 3n, 0], ['_versionFallback', 4n, 0]], name);
  }
  for (const [file, kept] of [['OwnedAccount', 'changes'], ['HeldAccount', 'recovery'], ['HeldAccount', 'limits'], ['LimitedAccount', 'sessions']]) {
    const text = readFileSync(new URL(`../src/${file}.sol`, import.meta.url), 'utf8');
    assert.ok(text.includes(deployments.storage_roots[`passmesh.account.${kept}`]), kept);
  }
});

test('no contract of ours is too large for a chain', () => {
  for (const name of ['PassmeshAccount', 'PassmeshAccount2', 'PassmeshAccount2Guardians', 'PassmeshAccountFactory', 'PassmeshProxy', 'WebAuthnOriginVerifier', 'Secp256k1Verifier']) {
    assert.ok((artifact(name).runtime.length - 2) / 2 <= 24_576, name);
  }
});

test('the ABI that JavaScript uses is the compiled one', () => {
  const of = (...names) => names.flatMap((n) => artifact(n).abi).filter((f) => f.type !== 'constructor');
  const functions = (abi) => abi.filter((f) => f.type === 'function').map(toFunctionSelector);
  for (const [ours, compiled] of [[account.accountAbi, of('PassmeshAccount')], [accountAbi2, of('PassmeshAccount2', 'PassmeshAccount2Guardians')]]) {
    for (const f of ours.filter((f) => f.type === 'function')) {
      assert.ok(functions(compiled).includes(toFunctionSelector(f)), f.name);
    }
    for (const e of ours.filter((f) => f.type === 'event')) {
      assert.ok(compiled.some((x) => x.type === 'event' && toEventSelector(x) === toEventSelector(e)), e.name);
    }
  }
  const clash = functions(artifact('PassmeshAccount2').abi).filter((s) => functions(accountAbi2.slice(account.accountAbi.length)).includes(s));
  assert.ok(clash.length > 10, 'limits and sessions stand in the first contract');
});

for (const chainId of [31337, 1]) {
  test(`on a node (chain ${chainId})`, async (t) => {
    const w = await makeWorld({ chainId });
    t.after(() => w.stop());
    const factory = deployments.account_factory.address;

    await t.test('code hashes are as committed', async (t) => {
      for (const name of ALL.filter((n) => n !== 'entry_point')) {
        const d = deployments[name];
        const want = d.runtime_code_hash ?? d.runtime_code_hash_by_chain[chainId];
        assert.equal(keccak256(await w.client.getCode({ address: d.address })), want, name);
      }
      assert.ok(CHAINS.includes(chainId));
      w.deployed.forEach((d) => t.diagnostic(`deploying ${d.name}: ${d.gas} gas`));
    });

    await t.test('deploying again does nothing', async () => {
      const { deployMissing } = await import('../lib/deploy.mjs');
      assert.deepEqual(await deployMissing({ request: w.client.request, from: w.accounts[0], deployments, creationCode: {} }), []);
      assert.equal(keccak256(await w.client.getCode({ address: DEPLOYER })), '0x2fa86add0aed31f33a762c9d88e807c475bd51d0f52bd0955754b2608f7e4989');
    });

    await t.test('address vectors: the factory agrees', async () => {
      assert.equal(await read(w, factory, 'proxyInitCodeHash', [], account.factoryAbi), deployments.proxy.init_code_hash);
      assert.equal(await read(w, factory, 'implementation', [], account.factoryAbi), deployments.account_implementation.address);
      for (const a of v.addresses) {
        assert.equal(await read(w, factory, 'addressOf', [a.owners, BigInt(a.threshold), a.salt], account.factoryAbi), a.address);
      }
    });

    await t.test('operation hash vector: the real EntryPoint agrees', async () => {
      const packed = Object.fromEntries(Object.entries(v.user_op.packed));
      packed.nonce = hexToBigInt(packed.nonce);
      packed.preVerificationGas = hexToBigInt(packed.preVerificationGas);
      const hash = await read(w, ENTRY_POINT, 'getUserOpHash', [packed], entryPointAbi);
      assert.equal(hash, account.userOpHash(packed, ENTRY_POINT, chainId));
      assert.equal(hash === v.user_op.hash, chainId === v.user_op.chain_id);
    });

    await t.test('P256VERIFY vector: the node agrees', async () => {
      const { to, input, output } = v.p256verify;
      assert.equal((await w.client.call({ to, data: input })).data, output);
      const bad = `${input.slice(0, -2)}${input.endsWith('00') ? '01' : '00'}`;
      assert.equal((await w.client.call({ to, data: bad })).data, undefined);
    });

    await t.test('signature vectors: the verifier agrees', async () => {
      for (const s of v.signatures) {
        for (const o of s.owners) {
          const key = `0x${o.owner.slice(42)}`;
          assert.equal(await read(w, deployments.webauthn_verifier.address, 'verify', [key, s.hash, o.signature], verifierAbi), '0x024ad318');
        }
      }
    });

    await t.test('owner change vector: the account agrees', async () => {
      const a = v.addresses[2];
      assert.equal(await poke(w, factory, 'createAccount', [a.owners, BigInt(a.threshold), a.salt], { abi: account.factoryAbi }), null);
      const c = v.owner_change;
      assert.ok(isAddressEqual(c.account, a.address));
      const change = { ...c.change, sequence: BigInt(c.change.sequence), attempt: BigInt(c.change.attempt), threshold: BigInt(c.change.threshold) };
      assert.equal(await read(w, a.address, 'ownersHead'), pad(getAddress(a.address).toLowerCase(), { size: 32 }));
      assert.equal(await read(w, a.address, 'ownerChangeId', [change]), c.id);
      assert.equal(await read(w, a.address, 'vetoHash', [c.id]), c.veto_hash);
      assert.equal(await read(w, a.address, 'threshold'), BigInt(a.threshold));
      await w.client.setBalance({ address: a.address, value: parseEther('10') });
    });

    await t.test('upgrade vector: the account schedules it under that id, and is of version 2 then', async () => {
      const u = v.upgrade;
      assert.equal(await read(w, u.account, 'ownersHead'), u.owners_head);
      const [log] = await actAs(w, u.account, u.schedule);
      assert.equal(log.eventName, 'UpgradeScheduled');
      assert.equal(log.args.attempt, BigInt(u.attempt));
      assert.equal(log.args.id === u.id, chainId === u.chain_id, 'an id is of one chain');
      await passUntil(w, log.args.readyAt);
      await actAs(w, u.account, u.apply);
      assert.ok(isAddressEqual(`0x${(await w.client.getStorageAt({ address: u.account, slot: IMPLEMENTATION_SLOT })).slice(26)}`, u.implementation));
    });

    await t.test('setting vectors: the account schedules each under that id, and does what it says', async () => {
      const s = v.settings;
      for (const one of s.each) {
        assert.equal((await read(w, s.account, 'settingId', [one.call, BigInt(s.attempt)], accountAbi2)) === one.id, chainId === s.chain_id);
        const [log] = await actAs(w, s.account, one.schedule);
        assert.equal(log.eventName, 'SettingScheduled');
        assert.deepEqual([log.args.call, log.args.attempt], [one.call, BigInt(s.attempt)]);
        await passUntil(w, log.args.readyAt);
        await actAs(w, s.account, one.apply);
        if (one.kind === 'guardians') {
          const [list, threshold, delay] = await read(w, s.account, 'guardians', [], accountAbi2);
          assert.deepEqual([[...list].sort(), threshold, delay], [[...one.list].sort(), hexToBigInt(one.threshold), parseInt(one.delay, 16)]);
        } else if (one.kind === 'limit') {
          assert.deepEqual((await read(w, s.account, 'limitOf', [one.token], accountAbi2)).slice(0, 2), [hexToBigInt(one.amount), parseInt(one.period, 16)]);
        } else {
          assert.equal(await read(w, s.account, 'isKnown', [one.to], accountAbi2), true);
        }
      }
    });

    await t.test('limits vector: questions, storage slots and calls are those of the account', async () => {
      const { account: at } = v.settings;
      const l = v.limits;
      const ask = async (functionName, data) => decodeFunctionResult({ abi: accountAbi2, functionName, data: (await w.client.call({ to: at, data })).data });
      const put = (index, value) => w.client.setStorageAt({ address: at, index, value: numberToHex(value, { size: 32 }) });
      await put(l.slots.limit, 99_999n);
      await put(l.slots.fees, 77n);
      assert.equal((await ask('limitOf', l.limit_of))[0], 99_999n);
      assert.equal(await ask('limitFees', l.limit_fees), 77n);
      assert.equal(await ask('isKnown', l.is_known), true, 'as the setting made it');
      assert.equal(hexToBigInt(await w.client.getStorageAt({ address: at, slot: l.slots.known })), 1n);
      await actAs(w, at, l.lower);
      assert.equal((await ask('limitOf', l.limit_of))[0], 12_345n);
      assert.deepEqual((await actAs(w, at, l.forget)).map((e) => [e.eventName, e.args.known]), [['KnownChanged', false]]);
      assert.equal(await ask('isKnown', l.is_known), false);
      await assert.rejects(w.client.call({ account: ENTRY_POINT, to: at, data: l.within }), (e) => reasonOf(e, accountAbi2) === 'LimitExceeded'); /* none for ether */
      await w.client.call({ account: ENTRY_POINT, to: at, data: l.within_nothing });
    });

    await t.test('sessions vector: words and slots are those of the account, and its call empties them', async () => {
      const { account: at } = v.settings;
      const s = v.sessions;
      const words = [s.terms, s.amount, s.ether, '0x07'];
      const ask = (functionName) => w.client.readContract({ address: at, abi: accountAbi2, functionName, args: [hexToBigInt(s.id)] });
      for (const [i, index] of s.slots.entries()) {
        await w.client.setStorageAt({ address: at, index, value: numberToHex(hexToBigInt(words[i]), { size: 32 }) });
      }
      assert.equal(BigInt((await ask('session'))[1]), hexToBigInt(s.valid_until));
      assert.deepEqual(await ask('sessionLeft'), [hexToBigInt(s.amount), hexToBigInt(s.ether)]);
      assert.deepEqual((await actAs(w, at, s.end)).map((e) => e.eventName), ['SessionEnded']);
      for (const slot of s.slots) {
        assert.equal(hexToBigInt(await w.client.getStorageAt({ address: at, slot })), 0n);
      }
    });
  });
}

test('docs/account.md names the selectors and storage roots that are true', () => {
  const text = readFileSync(new URL('../../docs/account.md', import.meta.url), 'utf8');
  const selectors = [...text.matchAll(/^\| `(\w+\(.*\))` \| `(0x[0-9a-f]{8})` \|$/gm)];
  assert.ok(selectors.length > 20);
  const known = [...accountAbi2, ...account.factoryAbi].filter((f) => f.type === 'function').map(toFunctionSelector);
  for (const [, signature, selector] of selectors) {
    assert.equal(toFunctionSelector(signature), selector, signature);
    assert.ok(known.includes(selector), signature);
  }
  for (const [name, root] of Object.entries(deployments.storage_roots)) {
    assert.ok(text.includes(`| \`${name}\` | \`${root}\` |`), name);
  }
});
