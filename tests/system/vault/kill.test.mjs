// The key process is killed (SIGKILL) at and within every step of the vault's ceremonies and of a signature, and the daemon with it at the
// end. After each restart the vault is what was last confirmed, nothing is there twice, and nothing is sent twice.
//   SEED: of the moments (default 1)
import assert from 'node:assert/strict';
import { createHmac, randomBytes, webcrypto } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SoftPasskey } from '../../../tools/local/lib/authenticator.mjs';
import { LocalApi, newKey } from '../../../tools/local/lib/local_api.mjs';
import { sendEther, startDaemon, startNetwork } from '../../../tools/local/lib/network.mjs';
import { mnemonicToAccount, parseEther, toHex } from '../../../tools/local/lib/viem.mjs';
import { freePort } from '../../../tools/local/lib/port.mjs';
import { until as waitFor } from '../../../tools/local/lib/until.mjs';
import { childrenOf } from './scan.mjs';

const { subtle } = webcrypto;
const PHRASE = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const USE = { asserted: 20, unlock: 21, import: 27 };
const WAIT_MS = 40_000;
const WITHIN_MS = 4;
const dir = mkdtempSync(join(tmpdir(), 'passmesh-vault-kill-'));
const prfSecret = randomBytes(32);
let seed = Number(process.env.SEED ?? 1);
let network;
let port;
let daemon;
let api;
let passkey;
let account;

const moment = () => {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return (seed / 2 ** 32) * WITHIN_MS;
};
const bytesOf = (text) => Buffer.from(text, 'base64url');
const textOf = (bytes) => Buffer.from(bytes).toString('base64url');
const command = (method, params = {}) => api.call(method, { key: newKey(), ...params });
const status = () => api.call('vault_status');
/* A pseudo-random function of the passkey: keyd asks only that it gives the same again. */
const prf = (input) => createHmac('sha256', prfSecret).update(bytesOf(input)).digest();

async function start() {
  daemon = await startDaemon({ dir, home: join(dir, 'wallet'), file: network.file, port });
  api = new LocalApi(daemon.socket);
}

async function restart() {
  api.close();
  await daemon.kill();
  await start();
}

const killKeys = () => process.kill(childrenOf(daemon.pid)[0], 'SIGKILL');

/** Kills the key process somewhere within what is asked; resolves to the answer, or undefined. */
async function killWithin(asking) {
  const answered = asking.then((r) => r, () => undefined); // it may be refused before the kill
  const end = performance.now() + moment();
  while (performance.now() < end) {
    await new Promise((done) => { setImmediate(done); });
  }
  killKeys();
  const answer = await answered;
  await restart();
  return answer;
}

async function seal(use, secret) {
  const receiver = bytesOf((await command('vault_channel')).public_key);
  const pair = await subtle.generateKey({ name: 'X25519' }, false, ['deriveBits']);
  const sender = Buffer.from(await subtle.exportKey('raw', pair.publicKey));
  const peer = await subtle.importKey('raw', receiver, { name: 'X25519' }, false, []);
  const shared = await subtle.deriveBits({ name: 'X25519', public: peer }, pair.privateKey, 256);
  const base = await subtle.importKey('raw', shared, 'HKDF', false, ['deriveBits']);
  const made = Buffer.from(await subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: Buffer.concat([sender, receiver]), info: Buffer.from('passmesh vault 1 prf channel') }, base, 352));
  const key = await subtle.importKey('raw', made.subarray(0, 32), 'AES-GCM', false, ['encrypt']);
  const sealed = await subtle.encrypt({ name: 'AES-GCM', iv: made.subarray(32), additionalData: Buffer.from([use]) }, key, secret);
  return textOf(Buffer.concat([sender, Buffer.from(sealed)]));
}

async function enrolTo(step) {
  const begun = await command('vault_enrol_begin', { where: 'any' });
  if (step === 'begun') {
    return undefined;
  }
  let next = await command('vault_enrol_created', { response: passkey.register(begun.options) });
  for (let i = 0; i < (step === 'asserted' ? 1 : 2) && step !== 'created'; i++) {
    const sealed = await seal(USE.asserted, prf(next.prf_input));
    const last = command('vault_enrol_asserted', { assertion: passkey.assert(next.options), sealed });
    if (step === 'within' && i === 1) {
      return { last };
    }
    next = await last;
  }
  return next;
}

async function unlock() {
  const vault = await status();
  const sealed = await seal(USE.unlock, prf(vault.passkeys[0].prf_input));
  return command('vault_unlock', { credential_id: vault.passkeys[0].id, sealed });
}

const importPhrase = async (name) => command('ordinary_import', { name, kind: 'phrase', sealed: await seal(USE.import, Buffer.from(PHRASE)) });
const accounts = async () => (await api.call('accounts_list')).accounts;

/* A refusal counts as an answer: its sentence. */
const until = (what, ask, good) => waitFor(what, () => ask().catch((e) => e.message), { good, timeout: WAIT_MS, step: 150 });
const prepare = (to) => until('preparing', () => command('send_prepare', {
  account_id: account.id, network_id: 'local', asset: 'native', to, amount: parseEther('1').toString(), speed: 'normal',
}), (o) => o.state === 'prepared');

const signBegin = (o) => command('sign_begin', { operation_id: o.id, revision: o.revision });
const approve = (o, begun) => command('send_approve', {
  operation_id: o.id, revision: o.revision, ticks: o.risks.filter((r) => r.tick).map((r) => r.id), assertion: passkey.assert(begun.options),
});
const balance = async (of) => BigInt(await network.request({ method: 'eth_getBalance', params: [of, 'latest'] }));
const nonce = async () => Number(await network.request({ method: 'eth_getTransactionCount', params: [account.address, 'latest'] }));

describe('the key process is killed', { concurrency: 1, timeout: 600_000 }, () => {
  before(async () => {
    network = await startNetwork({ dir, quiet: true });
    port = await freePort();
    await start();
    passkey = new SoftPasskey(daemon.origin);
  });
  after(async () => {
    api?.close();
    await daemon?.stop();
    await network?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  for (const step of ['begun', 'created', 'asserted']) {
    test(`while a passkey is enrolled: ${step}`, async () => {
      await enrolTo(step);
      killKeys();
      await assert.rejects(status(), /keys_down/);
      await restart();
      assert.equal((await status()).state, 'none', 'nothing is half made');
    });
  }

  test('within the last step of an enrolment', async (t) => {
    for (let round = 0; round < 4; round++) {
      const done = await killWithin((await enrolTo('within')).last);
      const { state, passkeys } = await status();
      t.diagnostic(`round ${round}: ${done?.done ? 'confirmed' : 'unconfirmed'}, ${state}`);
      if (done?.done || state !== 'none') {
        assert.equal(state, 'locked', 'what was confirmed is there');
        assert.equal(passkeys.length, 1);
        break;
      }
    }
    if ((await status()).state === 'none') {
      assert.equal((await enrolTo('all')).done, true);
    }
  });

  test('after and within unlocking: it is locked, and opens', async () => {
    if ((await status()).state === 'locked') {
      await unlock();
    }
    killKeys();
    await restart();
    assert.equal((await status()).state, 'locked');
    await killWithin(unlock());
    assert.equal((await status()).state, 'locked');
    await unlock();
    assert.equal((await status()).state, 'open');
  });

  test('within bringing a phrase in: it is there once, or not at all', async (t) => {
    for (let round = 0; round < 4; round++) {
      const made = await killWithin(importPhrase('Old'));
      await unlock(); // what the vault has without an account gets one
      const all = await accounts();
      t.diagnostic(`round ${round}: ${made ? 'confirmed' : 'unconfirmed'}, ${all.length} accounts`);
      if (made) {
        assert.deepEqual(all.map((a) => a.id), [made.id]);
      }
      if (all.length === 0) {
        account = await importPhrase('Old');
      } else {
        await assert.rejects(importPhrase('Again'), /account_known/);
        [account] = all;
      }
      assert.equal((await status()).entries.length, 1, 'one entry, however often it was brought in');
      assert.equal(account.address, mnemonicToAccount(PHRASE).address);
      if (all.length > 0) {
        break;
      }
    }
    await sendEther(network.request, account.address, parseEther('10'));
  });

  test('between the challenge and the signature: the old assertion signs nothing, a new one does, once', async () => {
    const to = toHex(randomBytes(20));
    let operation = await prepare(to);
    const begun = await signBegin(operation);
    killKeys();
    await assert.rejects(approve(operation, begun), /keys_down/);
    await restart();
    operation = await api.call('operation_get', { operation_id: operation.id });
    assert.equal(operation.state, 'prepared', 'the request is still there');
    await until('the chain is read again', () => approve(operation, begun), (e) => /vault_locked/.test(e));
    await unlock();
    await assert.rejects(approve(operation, begun), /vault_over/);
    await approve(operation, await signBegin(operation));
    await until('inclusion', () => api.call('operation_get', { operation_id: operation.id }), (o) => ['included', 'final'].includes(o.state));
    assert.equal(await balance(to), parseEther('1'));
    assert.equal(await nonce(), 1);
  });

  test('within a signature, key process and daemon together: it is sent once', async (t) => {
    for (let round = 0; round < 3; round++) {
      const to = toHex(randomBytes(20));
      let operation = await prepare(to);
      const begun = await signBegin(operation);
      const told = await killWithin(approve(operation, begun));
      operation = await api.call('operation_get', { operation_id: operation.id });
      t.diagnostic(`round ${round}: ${told ? 'confirmed' : 'unconfirmed'}, ${operation.state}`);
      if (told) {
        assert.notEqual(operation.state, 'prepared', 'what was confirmed is not forgotten');
      }
      await unlock();
      if (operation.state === 'prepared') {
        await until('approving again', async () => approve(operation, await signBegin(operation)), (o) => o.state && o.state !== 'prepared');
      }
      await until('inclusion', () => api.call('operation_get', { operation_id: operation.id }), (o) => ['included', 'final'].includes(o.state));
      assert.equal(await balance(to), parseEther('1'), 'the receiver has it once');
      assert.equal(await nonce(), 2 + round);
    }
  });
});
