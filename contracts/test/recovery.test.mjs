// Guardians, limits and session keys: the account of version 2 against thieves, and the way there from version 1.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { pad } from 'viem';
import * as account from '../lib/account.mjs';
import { a, attacks, b, call, DELAY, owners, poke, send, sorted } from '../lib/attacks.mjs';
import { deployments, makeAccount, makeWorld, pass, read, run } from '../lib/world.mjs';

test('version 2 against thieves', async (t) => {
  const w = await makeWorld();
  t.after(() => w.stop());
  for (const [name, attack] of Object.entries(attacks)) {
    await t.test(name, () => attack(w));
  }
});

test('from version 1 to 2 and back, the address and the owners stay', async (t) => {
  const w = await makeWorld();
  t.after(() => w.stop());
  const acc = await makeAccount(w, [a, b]);
  await run(w, acc, send);
  const two = deployments.account_implementation_2.address;
  const one = deployments.account_implementation.address;
  for (const [to, isTwo] of [[two, true], [one, false], [two, true]]) {
    const attempt = BigInt(isTwo ? 0 : 1);
    assert.equal((await run(w, acc, call('scheduleUpgrade', [to, '0x', attempt]))).success, true);
    await pass(w, DELAY + 60);
    assert.equal(await poke(w, acc, 'applyUpgrade', [to, '0x', attempt]), null);
    assert.deepEqual(await owners(w, acc), sorted(a, b));
    assert.equal(await read(w, acc.address, 'ownersHead'), pad(acc.address.toLowerCase(), { size: 32 }));
    assert.equal((await run(w, acc, send, [b])).success, true);
    assert.equal(await poke(w, acc, 'renewLimit', ['0x0000000000000000000000000000000000000000']) === null, isTwo);
  }
  assert.equal(account.accountAddress(deployments, acc.owners, 1n, acc.salt), acc.address);
});
