// An account of which two owners must sign, with a passkey in each of two wallets that share nothing but the chain. A payment that one of them
// prepares and signs travels to the other as text, and his answer back; then it is sent. A changed text is refused on either side. viem, not our
// C, says what the chain holds.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { encodeFunctionData, getAddress, pad, toHex } from '../../../tools/local/lib/viem.mjs';
import { passkeyOwner, sortOwners } from '../../../contracts/lib/account.mjs';
import { accountAbi2 } from '../../../contracts/lib/account2.mjs';
import { SoftPasskey } from '../../../tools/local/lib/authenticator.mjs';
import { programs } from '../../../tools/local/lib/build.mjs';
import { Chain } from '../../../tools/local/lib/chain.mjs';
import { LocalApi, newKey } from '../../../tools/local/lib/local_api.mjs';
import { deployments, sendEther, startDaemon, startNetwork } from '../../../tools/local/lib/network.mjs';
import { freePort } from '../../../tools/local/lib/port.mjs';
import { until as waitFor } from '../../../tools/local/lib/until.mjs';

const WAIT_MS = 60_000;
const DELAY_S = 2 * 86_400;
const ETHER = 10n ** 18n;
const TO = getAddress('0x00000000000000000000000000000000deadbeef');

const dir = mkdtempSync(join(tmpdir(), 'passmesh-partial-'));
let network;
let chain;
let first;
let other;
let operation;

const until = (what, ask, good) => waitFor(what, ask, { good, timeout: WAIT_MS, step: 200 });
const owner = (passkey) => passkeyOwner(deployments.webauthn_verifier.address, toHex(passkey.x), toHex(passkey.y), passkey.origin);
const refused = (code) => (e) => e.code === code || assert.fail(`${e.message}, wanted ${code}`);
const passmesh = async (w, ...words) => (await promisify(execFile)(programs.passmesh, ['--home', w.home, ...words])).stdout;

/** A wallet in an empty home, with an account. */
async function wallet(name) {
  const port = await freePort();
  const home = join(dir, name);
  const daemon = await startDaemon({ dir, home, file: network.file, port, log: `${name}.log` });
  const api = new LocalApi(daemon.socket);
  const passkey = new SoftPasskey(daemon.origin);
  const begun = await api.call('account_create_begin', { key: newKey(), name, where: 'any' });
  const account = await api.call('account_create_finish', { key: newKey(), ceremony_id: begun.ceremony.id, passkey_name: name, response: passkey.register(begun.options) });
  return { name, home, daemon, api, passkey, account };
}

async function send(request) {
  const hash = await network.request({ method: 'eth_sendTransaction', params: [request] });
  assert.equal((await chain.client.waitForTransactionReceipt({ hash })).status, 'success');
}

/** Once the wallet has seen the money. */
const pay = (amount) => until('the money', () => first.api.call('send_prepare', { key: newKey(), account_id: first.account.id, network_id: 'local', asset: 'native', to: TO, amount: String(amount), speed: 'normal' }).catch((e) => ({ code: e.code })), (o) => o.id);
const approve = (o) => first.api.call('send_approve', { key: newKey(), operation_id: o.id, revision: o.revision, ticks: o.risks.filter((r) => r.tick).map((r) => r.id), assertion: first.passkey.assert(o.request) });
const seenAs = (operation_id) => first.api.call('operation_get', { operation_id });

async function isPaid(id) {
  const done = await until('the end of an operation', () => seenAs(id), (o) => ['included', 'final', 'failed'].includes(o.state));
  assert.notEqual(done.state, 'failed', JSON.stringify(done.reason));
}

/** The first wallet's account comes to the chain with its first payment; then the other's passkey joins it, and two must sign. */
async function makeJoint() {
  const { address } = first.account;
  await sendEther(network.request, address, 3n * ETHER);
  const { id } = await approve(await pay(1));
  await isPaid(id);
  await network.request({ method: 'anvil_impersonateAccount', params: [address] });
  const change = { sequence: 1n, previous: pad(address, { size: 32 }), attempt: 0n, threshold: 2n, added: sortOwners([owner(other.passkey)]), removed: [] };
  await send({ from: address, to: address, data: encodeFunctionData({ abi: accountAbi2, functionName: 'changeOwners', args: [change, '0x'] }) });
  await network.request({ method: 'evm_increaseTime', params: [DELAY_S + 60] });
  await network.request({ method: 'evm_mine', params: [] });
  await send({ from: address, to: address, data: encodeFunctionData({ abi: accountAbi2, functionName: 'applyOwnerChange', args: [change] }) });
  await network.request({ method: 'anvil_stopImpersonatingAccount', params: [address] });
}

/** As one who changes the payment on its way would, and makes the check right. */
async function changed(text) {
  const { createHash } = await import('node:crypto');
  const bytes = Buffer.from(text.slice('passmesh-sign:'.length), 'base64url').subarray(0, -4);
  const at = bytes.indexOf(Buffer.from(TO.slice(2), 'hex'));
  assert.ok(at > 0, 'the receiver stands in the text');
  bytes[at] ^= 1;
  return `passmesh-sign:${Buffer.concat([bytes, createHash('sha256').update(bytes).digest().subarray(0, 4)]).toString('base64url')}`;
}

const bring = async (text) => first.api.call('partial_gather', { key: newKey(), operation_id: operation.id, revision: (await seenAs(operation.id)).revision, text });

async function sign(text) {
  const ask = { account_id: other.account.id, text, confirmed: false };
  const { options, code } = await other.api.call('partial_sign_begin', { key: newKey(), ...ask });
  const answer = await other.api.call('partial_sign_finish', { key: newKey(), ...ask, assertion: other.passkey.assert(options) });
  return { text: answer.text, code };
}

describe('an account whose two owners have different wallets', { timeout: 240_000 }, () => {
  before(async () => {
    network = await startNetwork({ dir, quiet: true });
    chain = new Chain(network.rpc);
    [first, other] = await Promise.all([wallet('first'), wallet('other')]);
    await Promise.all([first, other].map((w) => until('servers', () => w.api.call('status'), (s) => s.chain.state === 'ok')));
  });
  after(async () => {
    for (const w of [first, other].filter(Boolean)) {
      w.api.close();
      await w.daemon.stop();
    }
    await network?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  let given;

  test('one signs, and gives it out', async () => {
    await makeJoint();
    await until('two signers', () => first.api.call('accounts_list'), ({ accounts }) => accounts[0].threshold === 2);
    const prepared = await pay(ETHER);
    assert.equal(prepared.signers_needed, 2);
    await assert.rejects(first.api.call('partial_text', { key: newKey(), operation_id: prepared.id, revision: prepared.revision }), refused('partial_state'));
    operation = await approve(prepared);
    assert.equal(operation.state, 'prepared');
    given = await first.api.call('partial_text', { key: newKey(), operation_id: operation.id, revision: operation.revision });
    assert.equal(given.operation.given_out, true);
    assert.ok(given.operation.expires_ms > Date.now() + 23 * 3_600_000);
    const said = await passmesh(first, 'sign', 'text', operation.id);
    assert.ok(said.includes(given.text) && said.includes(given.code), said);
  });

  test('the other wallet reads it by itself', async () => {
    const file = join(dir, 'operation.txt');
    writeFileSync(file, `${given.text.replace(/(.{70})/g, '$1\n')}\n`);
    const said = await passmesh(other, 'sign', 'open', file);
    assert.ok(said.includes(given.code) && said.includes(TO) && said.includes(String(ETHER)) && said.includes('owns that account'), said);
    const opened = await other.api.call('partial_open', { text: given.text });
    assert.deepEqual([opened.state, opened.address, opened.calls.length, opened.signers], ['open', first.account.address, 1, [other.account.id]]);
    const [call] = opened.calls;
    assert.deepEqual([call.what, call.danger, call.to, call.amount], ['payment', false, TO, String(ETHER)]);
  });

  test('a changed text is refused', async () => {
    const cut = given.text.slice(0, -1);
    await assert.rejects(other.api.call('partial_open', { text: cut }), refused('partial_bad'));
    const forged = await changed(given.text);
    const opened = await other.api.call('partial_open', { text: forged });
    assert.notEqual(opened.code, given.code, 'who compares the codes sees it');
    assert.notEqual(opened.calls[0].to, TO);
    await assert.rejects(bring((await sign(forged)).text), refused('help_other'));
  });

  test('both signatures pay', async () => {
    const answer = await sign(given.text);
    assert.equal(answer.code, given.code);
    const file = join(dir, 'answer.txt');
    writeFileSync(file, `${answer.text}\n`);
    assert.equal(await chain.ether(TO), 1n);
    const said = await passmesh(first, 'sign', 'answer', operation.id, file);
    assert.match(said, /All have signed/);
    await isPaid(operation.id);
    assert.equal(await chain.ether(TO), ETHER + 1n);
    await assert.rejects(bring(answer.text), refused('operation_state'));
  });
});
