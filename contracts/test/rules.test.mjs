import { test } from 'node:test';
import assert from 'node:assert/strict';
import { encodeFunctionData, numberToHex, pad } from 'viem';
import * as account from '../lib/account.mjs';
import { sessionNonceKey, setting } from '../lib/account2.mjs';
import { call, fresh, job, settle } from '../lib/attacks.mjs';
import { violations } from '../lib/erc7562.mjs';
import { Passkey } from '../lib/passkey.mjs';
import { deployments, entryPointAbi, makeAccount, makeOp, makeWorld, opHash, poke, read, refusal, run, sendOp, signOp, tokenAbi } from '../lib/world.mjs';

const VERIFIER = deployments.webauthn_verifier.address;
const ENTRY_POINT = deployments.entry_point.address;
const key = new Passkey(VERIFIER, 'a');
const second = new Passkey(VERIFIER, 'b');
const send = account.executeCall([{ to: '0x000000000000000000000000000000000000d00d', value: 1n }]);
const MAX_VERIFICATION_GAS = 500_000n; // ERC-7562, what a shared mempool takes
const LONGEST = { extra: ',"other_keys_can_be_added_here":"do not compare clientDataJSON against a template. See https://goo.gl/yabPex"' };

async function trace(w, from, to, data) {
  // Not through viem, which limits the size of an answer: P-256 in Solidity takes 80 MB of trace.
  const params = [{ from, to, data, gas: numberToHex(3_000_000) }, 'latest', { disableStorage: true }];
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'debug_traceCall', params });
  const response = await fetch(w.node.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { result } = await response.json();
  const output = result.returnValue.startsWith('0x') ? result.returnValue : `0x${result.returnValue}`;
  return { logs: result.structLogs, failed: result.failed, output };
}

const hasCode = (w) => async (address) => (await w.client.getCode({ address })) !== undefined;

function validateCall(w, op) {
  return encodeFunctionData({
    abi: [{
      type: 'function', name: 'validateUserOp', outputs: [{ type: 'uint256' }],
      inputs: [entryPointAbi.find((f) => f.name === 'getUserOpHash').inputs[0], { type: 'bytes32' }, { type: 'uint256' }],
    }],
    functionName: 'validateUserOp',
    args: [account.packUserOp(op), opHash(w, op), 1000n],
  });
}

/** The smallest verificationGasLimit with which op is taken. */
async function leastVerificationGas(w, op, keys) {
  let low = 10_000n;
  let high = 2_000_000n;
  while (high - low > 200n) {
    const mid = (low + high) / 2n;
    if ((await refusal(w, signOp(w, { ...op, verificationGasLimit: mid }, keys, LONGEST))) === null) {
      high = mid;
    } else {
      low = mid;
    }
  }
  return high;
}

test('ERC-7562', async (t) => {
  const w = await makeWorld();
  t.after(() => w.stop());
  const creator = await read(w, ENTRY_POINT, 'senderCreator', [], entryPointAbi);

  for (const [name, keys, threshold] of [['one passkey', [key], 1n], ['two of two passkeys', [key, second], 2n]]) {
    await t.test(`the factory keeps the rules, ${name}`, async (t) => {
      const a = await makeAccount(w, keys, { threshold });
      const { logs, failed } = await trace(w, creator, deployments.account_factory.address, account.createAccountCall(a.owners, a.threshold, a.salt));
      assert.equal(failed, false);
      assert.ok(logs.length > 1000);
      const found = await violations({ logs, root: deployments.account_factory.address, sender: a.address, entryPoint: ENTRY_POINT, creating: true, hasCode: hasCode(w) });
      assert.deepEqual(found, []);
      t.diagnostic(`creation, ${name}: ${logs.length} steps`);
    });

    await t.test(`the account keeps the rules, ${name}`, async (t) => {
      const a = await makeAccount(w, keys, { threshold });
      await run(w, a, send);
      const op = signOp(w, await makeOp(w, a, send), keys, LONGEST);
      const { logs, failed, output } = await trace(w, ENTRY_POINT, a.address, validateCall(w, op));
      assert.equal(failed, false);
      assert.equal(BigInt(output), 0n, 'valid');
      const found = await violations({ logs, root: a.address, sender: a.address, entryPoint: ENTRY_POINT, creating: false, hasCode: hasCode(w) });
      assert.deepEqual(found, []);
      const precompile = logs.filter((l) => l.op === 'STATICCALL' && BigInt(l.stack.at(-2)) === 0x100n);
      assert.equal(precompile.length, keys.length, 'P256VERIFY once for each signature');
      const loads = logs.filter((l) => l.op === 'SLOAD').length;
      t.diagnostic(`validation, ${name}: ${logs.length} steps, ${loads} SLOAD, ${logs.filter((l) => l.op === 'SSTORE').length} SSTORE`);
    });
  }

  await t.test('version 2 keeps the rules: the threshold, one owner within limits, a session key', async (t) => {
    const a = await fresh(w, [key]);
    await settle(w, a, setting('setLimit', [pad('0x', { size: 20 }), 10n ** 18n, 86_400]));
    const until = Number((await w.client.getBlock()).timestamp) + 3600;
    const policy = { target: deployments.test_token.address, selector: '0xa9059cbb', recipient: pad('0x', { size: 20 }), amount: 5n, ether_: 10n ** 17n };
    await run(w, a, call('addSession', [7n, job.owner, until, policy]));
    const small = { verificationGasLimit: 300_000n, callGasLimit: 300_000n, maxFeePerGas: 2_000_000_000n };
    const transfer = `0xa9059cbb${'d00d'.padStart(64, '0')}${'1'.padStart(64, '0')}`;
    await poke(w, deployments.test_token.address, 'mint', [a.address, 10n], { abi: tokenAbi });
    const cases = {
      execute: [send, 0n, [key]],
      executeWithin: [call('executeWithin', [[{ to: '0x000000000000000000000000000000000000d00d', value: 1n, data: '0x' }]]), 0n, [key]],
      executeSession: [call('executeSession', [7n, 0n, transfer]), sessionNonceKey(7n), [job]],
    };
    for (const [name, [data, nonceKey, keys]] of Object.entries(cases)) {
      const op = signOp(w, await makeOp(w, a, data, { ...small, key: nonceKey }), keys, LONGEST);
      const { logs, output } = await trace(w, ENTRY_POINT, a.address, validateCall(w, op));
      assert.equal(BigInt(output) & ((1n << 160n) - 1n), 0n, `${name}: valid`);
      assert.deepEqual(await violations({ logs, root: a.address, sender: a.address, entryPoint: ENTRY_POINT, hasCode: hasCode(w) }), [], name);
      const done = await sendOp(w, op);
      assert.equal(done.success, true, name);
      t.diagnostic(`version 2, ${name}: transaction ${done.gas} gas, least verificationGasLimit ${await leastVerificationGas(w, await makeOp(w, a, data, { ...small, key: nonceKey }), keys)}`);
    }
  });

  await t.test('an invalid signature keeps the rules as well', async () => {
    const a = await makeAccount(w, [key]);
    const op = signOp(w, await makeOp(w, a, send), [key], { highS: true });
    const { logs, output } = await trace(w, ENTRY_POINT, a.address, validateCall(w, op));
    assert.equal(BigInt(output), 1n, 'invalid');
    assert.deepEqual(await violations({ logs, root: a.address, sender: a.address, entryPoint: ENTRY_POINT, hasCode: hasCode(w) }), []);
  });

  await t.test('verification gas', async (t) => {
    const one = await makeAccount(w, [key], { salt: pad('0x11', { size: 32 }) });
    const first = await leastVerificationGas(w, await makeOp(w, one, send), [key]);
    t.diagnostic(`least verificationGasLimit, deploy and one passkey: ${first}`);
    assert.ok(first < MAX_VERIFICATION_GAS);
    await run(w, one, send);
    t.diagnostic(`least verificationGasLimit, later, one passkey: ${await leastVerificationGas(w, await makeOp(w, one, send), [key])}`);
    const two = await makeAccount(w, [key, second], { threshold: 2n, salt: pad('0x12', { size: 32 }) });
    t.diagnostic(`least verificationGasLimit, deploy and two of two: ${await leastVerificationGas(w, await makeOp(w, two, send), [key, second])}`);
  });

  // The checker must see what it is for: one small program for each rule, run as if it were the account.
  const hostile = {
    'OP-011/OP-080: TIMESTAMP': '42',
    'OP-011/OP-080: NUMBER': '43',
    'OP-011/OP-080: SELFBALANCE': '47',
    'OP-011/OP-080: BALANCE': '3031',
    'OP-011/OP-080: ORIGIN': '32',
    'OP-012: GAS before POP': '5a50',
    'OP-031: CREATE2': '5f5f5f5ff5',
    'OP-041: EXTCODESIZE': '61beef3b',
    'OP-041: CALL': '5f5f5f5f5f61beef5af1',
    'OP-061: sends value': `5f5f5f5f600173${VERIFIER.slice(2)}5af1`,
    'OP-054: calls the EntryPoint': `5f5f6004${'5f'}5f73${ENTRY_POINT.slice(2)}5af1`,
    'STO: SLOAD': null,
  };
  for (const [rule, code] of Object.entries(hostile)) {
    await t.test(`the checker sees ${rule}`, async () => {
      const address = '0x00000000000000000000000000000000bad00001';
      await w.client.setCode({ address, bytecode: `0x${code ?? '5f54'}00` });
      await w.client.setBalance({ address, value: 10n });
      const { logs } = await trace(w, ENTRY_POINT, address, '0x');
      const found = await violations({ logs, root: address, sender: code === null ? VERIFIER : address, entryPoint: ENTRY_POINT, hasCode: hasCode(w) });
      assert.equal(found.length, 1, found.join('\n'));
      assert.ok(found[0].includes(rule), found[0]);
    });
  }
});

test('ERC-7562 without P256VERIFY', async (t) => {
  const w = await makeWorld({ hardfork: 'prague' });
  t.after(() => w.stop());

  await t.test('only the probe for the precompile breaks a rule', async (t) => {
    const a = await makeAccount(w, [key]);
    await run(w, a, send);
    const op = signOp(w, await makeOp(w, a, send), [key]);
    const { logs } = await trace(w, ENTRY_POINT, a.address, validateCall(w, op));
    const found = await violations({ logs, root: a.address, sender: a.address, entryPoint: ENTRY_POINT, hasCode: hasCode(w), p256: false });
    assert.equal(found.length, 2);
    found.forEach((f) => assert.match(f, /OP-062: calls P256VERIFY/));
    t.diagnostic(`least verificationGasLimit without P256VERIFY, later, one passkey: ${await leastVerificationGas(w, await makeOp(w, a, send), [key])}`);
  });
});
