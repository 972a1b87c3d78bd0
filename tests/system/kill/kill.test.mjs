// The daemon is killed (SIGKILL) at seeded times while it creates an account, signs, sends, and follows an operation to
// inclusion. After each restart the account or operation is in its right state, and nothing is ever sent twice: the
// UserOperationEvents on the chain are counted for each nonce.
//   KILLS: how many (default 5); SEED: of the times (default 1)
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SoftPasskey } from '../../../tools/local/lib/authenticator.mjs';
import { Chain } from '../../../tools/local/lib/chain.mjs';
import { LocalApi, newKey } from '../../../tools/local/lib/local_api.mjs';
import { sendEther, startDaemon, startNetwork } from '../../../tools/local/lib/network.mjs';
import { freePort } from '../../../tools/local/lib/port.mjs';

const KILLS = Number(process.env.KILLS ?? 5);
const SEED = Number(process.env.SEED ?? 1);
const PHASES = ['create', 'sign', 'send', 'included'];
const KILL_MS = { create: 3, sign: 4, send: 500, included: 4000 }; /* the kill falls somewhere within */
const WEI = 10n ** 15n;
const ENDED = ['included', 'final'];
const WAIT_MS = 40_000;

/* mulberry32: the times are the same for the same seed. */
function seeded(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/* Finer than a timer. */
async function pause(ms) {
  const end = performance.now() + ms;
  if (ms > 5) {
    await sleep(Math.floor(ms) - 2);
  }
  while (performance.now() < end) {
    await new Promise((done) => { setImmediate(done); });
  }
}

const dir = mkdtempSync(join(tmpdir(), 'passmesh-kill-'));
const random = seeded(SEED);
let network;
let chain;
let port;
let daemon;
let api;
let main; /* the account that sends, and its passkey */
let sent = 0;

async function start() {
  daemon = await startDaemon({ dir, home: join(dir, 'wallet'), file: network.file, port });
  api = new LocalApi(daemon.socket);
}

async function killAndRestart() {
  await daemon.kill();
  api.close();
  await start();
}

/* The first answer that satisfies good, asked again and again. */
async function until(what, ask, good) {
  const end = Date.now() + WAIT_MS;
  let last;
  while (Date.now() < end) {
    try {
      last = await ask();
      if (good(last)) {
        return last;
      }
    } catch (e) {
      last = e.message;
      if (e.code === 'server_busy') {
        await sleep(1000);
      }
    }
    await sleep(100);
  }
  throw new Error(`${what} did not happen within ${WAIT_MS / 1000} s: ${JSON.stringify(last)?.slice(0, 1500)}`);
}

const beginCreate = (name, resume) => api.call('account_create_begin', { key: newKey(), name, where: 'any', ...(resume ? { resume } : {}) });
const finishCreate = (passkey, begun) => api.call('account_create_finish', {
  key: newKey(), ceremony_id: begun.ceremony.id, passkey_name: 'Soft', response: passkey.register(begun.options),
});

const prepare = (to) => until('preparing', () => api.call('send_prepare', {
  key: newKey(), account_id: main.account.id, network_id: 'local', asset: 'native', to, amount: WEI.toString(), speed: 'normal',
}), (o) => o.state === 'prepared');

const approve = (operation, assertion) => api.call('send_approve', {
  key: newKey(), operation_id: operation.id, revision: operation.revision, ticks: operation.risks.filter((r) => r.tick).map((r) => r.id), assertion,
});

async function killWhileCreating(t, n, delay) {
  const passkey = new SoftPasskey(daemon.origin);
  const name = `Made ${n}`;
  const begun = await beginCreate(name);
  const finishing = finishCreate(passkey, begun).then((account) => account.id, () => undefined);
  await pause(delay);
  await killAndRestart();
  const told = await finishing;
  const { accounts } = await api.call('accounts_list');
  const found = accounts.filter((a) => a.name === name);
  if (told) {
    assert.deepEqual(found.map((a) => a.id), [told], 'an account that was confirmed is there, once');
  }
  assert.ok(found.length <= 1, 'never twice');
  t.diagnostic(`found after the restart: ${found.length === 1 ? 'the account' : 'a ceremony to finish'}, ${told ? 'confirmed' : 'unconfirmed'}`);
  if (found.length === 1) {
    return;
  }
  const { ceremonies } = await api.call('status');
  const pending = ceremonies.find((c) => c.id === begun.ceremony.id);
  assert.ok(pending, 'what was begun can be finished');
  const again = await beginCreate(name, pending.id);
  assert.equal(again.options.user_id, begun.options.user_id, 'with the same user id');
  const account = await finishCreate(new SoftPasskey(daemon.origin), again);
  assert.equal(account.name, name);
}

async function killWhileSending(t, phase, delay) {
  const to = `0x${randomBytes(20).toString('hex')}`;
  const nonce = BigInt(sent);
  let operation = await prepare(to);
  assert.equal(BigInt(operation.exact.nonce), nonce);
  const assertion = main.passkey.assert(operation.request);
  const approving = approve(operation, assertion).then((o) => o.state, () => undefined);
  if (phase !== 'sign') {
    assert.ok(await approving, 'approved');
  }
  await pause(delay);
  const before = await chain.nonce(main.account.address);
  await killAndRestart();
  const told = await approving;
  operation = await api.call('operation_get', { operation_id: operation.id });
  t.diagnostic(`found after the restart: ${operation.state}, ${told ? 'confirmed' : 'unconfirmed'}`);
  if (told) {
    assert.notEqual(operation.state, 'prepared', 'what was confirmed is not forgotten');
  }
  if (operation.state === 'prepared') {
    assert.equal(before, nonce, 'nothing left that was not written down');
    /* Refused until the restarted daemon has read the chain anew. */
    await until('approving again', () => approve(operation, assertion), (o) => o.state !== 'prepared');
  }
  operation = await until('inclusion', () => api.call('operation_get', { operation_id: operation.id }), (o) => ENDED.includes(o.state) || o.state === 'failed');
  assert.ok(ENDED.includes(operation.state), `${operation.state} ${JSON.stringify(operation.reason)}`);
  sent += 1;
  assert.equal(await chain.ether(to), WEI, 'the receiver has it once');
  const events = (await chain.operations(main.account.address)).filter((o) => o.nonce === nonce);
  assert.equal(events.length, 1, 'one event for this nonce');
  assert.equal(events[0].userOpHash, operation.user_op_hash ?? operation.exact.user_op_hash);
}

describe('killed at any time', { timeout: 3_600_000 }, () => {
  before(async () => {
    port = await freePort();
    network = await startNetwork({ dir, quiet: true });
    chain = new Chain(network.rpc);
    await start();
    const passkey = new SoftPasskey(daemon.origin);
    const account = await finishCreate(passkey, await beginCreate('Main'));
    main = { account, passkey };
    await sendEther(network.request, account.address, 10n ** 19n);
  });
  after(async () => {
    api?.close();
    await daemon?.stop();
    await network?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  for (let i = 0; i < KILLS; i++) {
    const phase = PHASES[(i + 1) % PHASES.length];
    const delay = Math.round(random() * KILL_MS[phase] * 100) / 100;
    test(`${i + 1}: ${phase}, after ${delay} ms`, (t) => (phase === 'create' ? killWhileCreating(t, i, delay) : killWhileSending(t, phase, delay)));
  }

  test('nothing was sent twice', async () => {
    const events = await chain.operations(main.account.address);
    assert.equal(events.length, sent);
    assert.equal(new Set(events.map((e) => e.nonce)).size, sent);
    assert.equal(await chain.nonce(main.account.address), BigInt(sent));
  });
});
