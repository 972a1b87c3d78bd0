// A person has lost every passkey of an account. From an empty home, with a new passkey, he asks the account's guardians; two of three sign in
// their own wallet; the delay passes; and the new passkey moves the money. Between the wallets nothing travels but texts. viem, not
// our C, sets the account up and says what the chain holds in the end. Then the account's guardians practise, one of them an ordinary key that viem signs for,
// take a recovery back, and hold the account.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { encodeFunctionData, getAddress, hashTypedData, pad, toHex } from '../../../tools/local/lib/viem.mjs';
import { encodeSignature, factoryAbi, passkeyOwner, sortOwners } from '../../../contracts/lib/account.mjs';
import { accountAbi2, OrdinaryKey, setting } from '../../../contracts/lib/account2.mjs';
import { SoftPasskey } from '../../../tools/local/lib/authenticator.mjs';
import { programs } from '../../../tools/local/lib/build.mjs';
import { Chain } from '../../../tools/local/lib/chain.mjs';
import { LocalApi, newKey } from '../../../tools/local/lib/local_api.mjs';
import { deployments, sendEther, startDaemon, startNetwork } from '../../../tools/local/lib/network.mjs';
import { freePort } from '../../../tools/local/lib/port.mjs';
import { until as waitFor } from '../../../tools/local/lib/until.mjs';

const DELAY_S = 2 * 86_400;
const WAIT_MS = 40_000;
const ETHER = 10n ** 18n;
const SINK = getAddress('0x00000000000000000000000000000000deadbeef');
const IMPLEMENTATION_SLOT = '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc';

const dir = mkdtempSync(join(tmpdir(), 'passmesh-recovery-'));
const lost = new SoftPasskey('http://passmesh.localhost:7878');
let network;
let chain;
let person;
let guardians;
let stranger;
let third;
let address;

const until = (what, ask, good) => waitFor(what, ask, { good, timeout: WAIT_MS, step: 100 });
const owner = (passkey) => passkeyOwner(deployments.webauthn_verifier.address, toHex(passkey.x), toHex(passkey.y), passkey.origin);
const read = (functionName, args = []) => chain.client.readContract({ address, abi: accountAbi2, functionName, args });

/** A wallet in an empty home. */
async function wallet(name) {
  const port = await freePort();
  const home = join(dir, name);
  const daemon = await startDaemon({ dir, home, file: network.file, port, log: `${name}.log` });
  return { home, daemon, origin: daemon.origin, api: new LocalApi(daemon.socket) };
}

async function addAccount(w, name) {
  const passkey = new SoftPasskey(w.origin);
  const begun = await w.api.call('account_create_begin', { key: newKey(), name, where: 'any' });
  const account = await w.api.call('account_create_finish', { key: newKey(), ceremony_id: begun.ceremony.id, passkey_name: name, response: passkey.register(begun.options) });
  return { passkey, account };
}

const fund = (to, wei) => sendEther(network.request, to, wei);

/** What the account does to itself, as its owner would have had it do. */
async function asItself(to, data) {
  await network.request({ method: 'anvil_impersonateAccount', params: [address] });
  const hash = await network.request({ method: 'eth_sendTransaction', params: [{ from: address, to, data }] });
  assert.equal((await chain.client.waitForTransactionReceipt({ hash })).status, 'success');
}

async function later(seconds) {
  await network.request({ method: 'evm_increaseTime', params: [seconds] });
  await network.request({ method: 'evm_mine', params: [] });
}

/** An account of version 2 with three guardians, two of whom decide. */
async function makeLost(list) {
  const salt = pad('0x', { size: 32 });
  address = getAddress(await chain.addressOf([owner(lost)], 1n, salt));
  const [from] = await network.request({ method: 'eth_accounts' });
  const data = encodeFunctionData({ abi: factoryAbi, functionName: 'createAccount', args: [[owner(lost)], 1n, salt] });
  const hash = await network.request({ method: 'eth_sendTransaction', params: [{ from, to: deployments.account_factory.address, data }] });
  await chain.client.waitForTransactionReceipt({ hash });
  await network.request({ method: 'anvil_setStorageAt', params: [address, IMPLEMENTATION_SLOT, pad(deployments.account_implementation_2.address, { size: 32 })] });
  await fund(address, 2n * ETHER);
  const call = setting('setGuardians', [sortOwners(list), 2n, DELAY_S]);
  await asItself(address, encodeFunctionData({ abi: accountAbi2, functionName: 'scheduleSetting', args: [call, 0n] }));
  await later(DELAY_S + 60);
  await asItself(address, encodeFunctionData({ abi: accountAbi2, functionName: 'applySetting', args: [call, 0n] }));
  await fund(address, 2n * ETHER);
}

const status = (w) => w.api.call('recovery_status', { address, network_id: 'local' });
const refused = (code) => (e) => e.code === code || assert.fail(`${e.message}, wanted ${code}`);

async function approve(w, operation, passkey) {
  const { id } = await w.api.call('send_approve', {
    key: newKey(), operation_id: operation.id, revision: operation.revision, ticks: operation.risks.filter((r) => r.tick).map((r) => r.id), assertion: passkey.assert(operation.request),
  });
  const done = await until('the end of an operation', () => w.api.call('operation_get', { operation_id: id }), (o) => ['included', 'final', 'failed'].includes(o.state));
  assert.notEqual(done.state, 'failed', JSON.stringify(done.reason));
}

/** A guardian opens the text in his own wallet, and signs it. */
async function sign(w, { account, passkey }, text) {
  assert.equal((await w.api.call('help_open', { text })).state, 'unread');
  const seen = await w.api.call('recovery_status', { address: (await w.api.call('help_open', { text })).address, network_id: 'local' });
  assert.equal(seen.state, 'quiet');
  const request = await w.api.call('help_open', { text });
  assert.equal(request.state, 'open');
  assert.ok(request.signers.includes(account.id));
  const ask = { account_id: account.id, text };
  await assert.rejects(w.api.call('help_sign_begin', { key: newKey(), ...ask, confirmed: false }), refused('help_unconfirmed'));
  const { options, code } = await w.api.call('help_sign_begin', { key: newKey(), ...ask, confirmed: true });
  assert.equal(code, request.code);
  const answer = await w.api.call('help_sign_finish', { key: newKey(), ...ask, assertion: passkey.assert(options) });
  return { text: answer.text, code };
}

const bring = (text) => person.api.call('recovery_gather', { key: newKey(), account_id: person.found, text });

async function recoverBy(what) {
  const operation = await person.api.call('recovery_prepare', { key: newKey(), account_id: person.found, network_id: 'local', payer_id: person.account.id, what, speed: 'normal' });
  assert.equal(operation.kind, `recovery_${what}`);
  await approve(person, operation, person.passkey);
}

async function payOut(wei) {
  const sent = await person.api.call('send_prepare', { key: newKey(), account_id: person.found, network_id: 'local', asset: 'native', to: SINK, amount: String(wei), speed: 'normal' });
  await approve(person, sent, person.passkey);
}

/* ---- requests of other kinds ---- */

const askGuardians = (what) => status(person).then(() => person.api.call('guardians_ask', { key: newKey(), account_id: person.found, network_id: 'local', what }));
const run = (w, ...words) => promisify(execFile)(programs.passmesh, ['--home', w.home, ...words]).then(({ stdout }) => stdout);
const bringFresh = (text) => status(person).then(() => bring(text));

async function signWish({ account, passkey }, text, what, state) {
  assert.equal((await guardians.api.call('recovery_status', { address, network_id: 'local' })).state, state);
  const request = await guardians.api.call('help_open', { text });
  assert.equal(request.what, what);
  assert.equal(request.state, 'open');
  const ask = { account_id: account.id, text };
  const { options } = await guardians.api.call('help_sign_begin', { key: newKey(), ...ask, confirmed: true });
  return (await guardians.api.call('help_sign_finish', { key: newKey(), ...ask, assertion: passkey.assert(options) })).text;
}

/* The texts of docs/recovery.md, read and written without our C. */
const bytesOf = (text) => Buffer.from(text.slice('passmesh-help:'.length), 'base64url');
const numberOf = (text) => toHex(bytesOf(text).subarray(2 + 8 + 20 + 8, 2 + 8 + 20 + 8 + 32));

function answerOf(text) {
  const b = bytesOf(text);
  const guardian = b.subarray(35, 35 + b[34]);
  const rest = b.subarray(35 + b[34]);
  return { hash: toHex(b.subarray(2, 34)), guardian: toHex(guardian), signature: toHex(rest.subarray(2, 2 + rest.readUInt16BE(0))) };
}

function answerText(ordinary, hash) {
  const [guardian, signature] = ordinary.sign(hash).map((hex) => Buffer.from(hex.slice(2), 'hex'));
  const length = Buffer.alloc(2);
  length.writeUInt16BE(signature.length);
  const bytes = Buffer.concat([Buffer.from([1, 2]), Buffer.from(hash.slice(2), 'hex'), Buffer.from([guardian.length]), guardian, length, signature]);
  const check = createHash('sha256').update(bytes).digest().subarray(0, 4);
  return `passmesh-help:${Buffer.concat([bytes, check]).toString('base64url')}`;
}

describe('an account whose passkeys are lost', { timeout: 240_000 }, () => {
  before(async () => {
    network = await startNetwork({ dir, quiet: true });
    chain = new Chain(network.rpc);
    const [own, others] = await Promise.all([wallet('person'), wallet('guardians')]);
    person = Object.assign(own, await addAccount(own, 'New'));
    guardians = others;
    guardians.first = await addAccount(others, 'First');
    guardians.second = await addAccount(others, 'Second');
    stranger = await addAccount(others, 'Stranger');
    third = new OrdinaryKey(deployments.secp256k1_verifier.address, 'third');
    const names = await Promise.all([guardians.first, guardians.second].map(({ account }) => others.api.call('guardian_text', { account_id: account.id })));
    assert.deepEqual(names.map((n) => n.guardian.key), [guardians.first, guardians.second].map(({ passkey }) => owner(passkey)));
    await fund(person.account.address, ETHER);
    await makeLost([...names.map((n) => n.guardian.key), third.owner]);
  });
  after(async () => {
    for (const w of [person, guardians].filter(Boolean)) {
      w.api.close();
      await w.daemon.stop();
    }
    await network?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  let help;
  let answers;

  test('a wallet in an empty home asks, and the guardians answer', async () => {
    await until('servers', () => person.api.call('status'), (s) => s.chain.state === 'ok');
    await until('servers', () => guardians.api.call('status'), (s) => s.chain.state === 'ok');
    const seen = await status(person);
    assert.equal(seen.state, 'quiet');
    assert.equal(seen.threshold, 2);
    assert.equal(seen.delay_s, DELAY_S);
    assert.equal(seen.guardians.length, 3);
    const asked = await person.api.call('recovery_ask', { key: newKey(), address, network_id: 'local', account_id: person.account.id, name: 'Found again' });
    person.found = asked.account_id;
    help = asked.help;
    assert.equal(help.state, 'open');

    const file = join(dir, 'request.txt');
    writeFileSync(file, `${help.text.replace(/(.{70})/g, '$1\n')}\n`);
    const said = await run(guardians, 'recovery', 'help', file);
    assert.ok(said.includes(help.code), said);

    guardians.api.close();
    await guardians.daemon.stop(); /* what was read is forgotten: the guardian begins anew */
    const port = Number(new URL(guardians.origin).port);
    guardians.daemon = await startDaemon({ dir, home: guardians.home, file: network.file, port, log: 'guardians-again.log' });
    guardians.api = new LocalApi(guardians.daemon.socket);
    await until('servers', () => guardians.api.call('status'), (s) => s.chain.state === 'ok');
    const first = await sign(guardians, guardians.first, help.text);
    const { options } = await guardians.api.call('help_sign_begin', { key: newKey(), account_id: guardians.second.account.id, text: help.text, confirmed: true });
    const second = await guardians.api.call('help_sign_finish', { key: newKey(), account_id: guardians.second.account.id, text: help.text, assertion: guardians.second.passkey.assert(options) });
    await assert.rejects(guardians.api.call('help_sign_begin', { key: newKey(), account_id: stranger.account.id, text: help.text, confirmed: true }), refused('help_stranger'));
    assert.equal(first.code, help.code);
    answers = [first.text, second.text];
  });

  test('two answers make a recovery, which waits', async () => {
    await status(person);
    await assert.rejects(recoverBy('begin'), refused('recovery_state'));
    await assert.rejects(bring(help.text), refused('help_bad'));
    assert.equal((await bring(answers[0])).help.answers, 1);
    await assert.rejects(bring(answers[0]), refused('help_again'));
    await assert.rejects(recoverBy('begin'), refused('recovery_state'));
    assert.equal((await bring(answers[1])).help.state, 'enough');
    await recoverBy('begin');
    const seen = await status(person);
    assert.equal(seen.state, 'under_way');
    assert.equal(seen.asked, true);
    assert.deepEqual(await read('getSigners', [0n, 32n]), [owner(lost)], 'nobody has changed yet');
    await assert.rejects(recoverBy('apply'), refused('recovery_waits'));
  });

  test('after the delay the new passkey owns the account, and moves its money', async () => {
    await later(DELAY_S + 60);
    await until('the later time', async () => {
      await status(person);
      return recoverBy('apply').catch((e) => e.code);
    }, (code) => code === undefined);
    assert.deepEqual(await read('getSigners', [0n, 32n]), [owner(person.passkey)]);
    assert.equal((await status(person)).state, 'quiet');
    await person.api.call('account_select', { key: newKey(), account_id: person.found });
    await until('the owner', () => person.api.call('accounts_list'), ({ accounts }) => accounts.find((a) => a.id === person.found).owners[0].state === 'active');
    await payOut(ETHER);
    assert.equal(await chain.ether(SINK), ETHER);
  });

  /* From here on the owner has his account, and asks its guardians for something else than help. */

  test('guardians practise, and are proven as a way in; what they sign is no recovery', async () => {
    assert.match(await run(person, 'recovery', 'practice', address), /of which nothing comes/);
    const asked = await status(person);
    assert.equal(asked.asks.what, 'practice');
    assert.equal(asked.help, undefined);
    const file = join(dir, 'practice.txt');
    writeFileSync(file, asked.asks.text);
    assert.match(await run(guardians, 'recovery', 'help', file), /^Practice only/);
    assert.match(await run(person, 'recovery'), /guardians, any 2 of 3 +never proven/);
    await run(person, 'guardians', 'rename', String(asked.guardians.findIndex((g) => g.key === third.owner) + 1), 'My notary');
    assert.match(await run(person, 'guardians'), /My notary/);
    const byPasskey = await signWish(guardians.first, asked.asks.text, 'practice', 'quiet');
    const { round } = await read('recovery');
    const number = numberOf(asked.asks.text);
    const hash = hashTypedData({
      domain: { name: 'Passmesh Practice', version: '1', chainId: await chain.client.getChainId(), verifyingContract: address },
      types: { Practice: [{ name: 'number', type: 'bytes32' }, { name: 'round', type: 'uint64' }] }, primaryType: 'Practice', message: { number, round },
    });
    assert.equal(hash, answerOf(byPasskey).hash, 'the wallet signs what viem hashes');
    const byKey = answerText(third, hash);
    assert.equal((await bring(byPasskey)).asks.state, 'open');
    const done = await bring(byKey);
    assert.equal(done.asks.state, 'enough');
    assert.deepEqual(done.guardians.filter((g) => g.agreed).map((g) => g.name ?? '').sort(), ['', 'My notary']);
    const { accounts } = await person.api.call('accounts_list');
    const way = accounts.find((a) => a.id === person.found).guardians;
    assert.match(await run(person, 'recovery'), /guardians, any 2 of 3 +proven 20/);
    assert.equal(way.counts, true);
    assert.equal(way.proven_by, 2);
    assert.ok(way.proven_ms > 0);

    const change = { sequence: (await read('ownersSequence')) + 1n, previous: await read('ownersHead'), attempt: 0n, threshold: 1n, added: [third.owner], removed: [owner(person.passkey)] };
    const practised = encodeSignature([byPasskey, byKey].map(answerOf).map((a) => [a.guardian, a.signature]));
    const recover = (signature) => chain.client.simulateContract({ address, abi: accountAbi2, functionName: 'recover', args: [change, signature], account: (person.account.address) });
    await assert.rejects(recover(practised), /ChangeUnauthorized/);
    await assert.rejects(recoverBy('begin'), refused('recovery_state'));
    await assert.rejects(recoverBy('hold'), refused('recovery_state'));
  });

  test('guardians take their recovery back', async () => {
    const other = await addAccount(person, 'Other');
    await status(person);
    const asked = await person.api.call('recovery_ask', { key: newKey(), address, network_id: 'local', account_id: other.account.id, name: '' });
    for (const g of [guardians.first, guardians.second]) {
      await bringFresh(await signWish(g, asked.help.text, 'recover', 'quiet'));
    }
    await status(person);
    await recoverBy('begin');
    assert.equal((await status(person)).state, 'under_way');
    const back = await askGuardians('cancel');
    await bringFresh(await signWish(guardians.second, back.asks.text, 'cancel', 'under_way'));
    await status(person);
    await assert.rejects(recoverBy('cancel'), refused('recovery_state'));
    await bringFresh(await signWish(guardians.first, back.asks.text, 'cancel', 'under_way'));
    await status(person);
    await recoverBy('cancel');
    assert.equal((await read('recovery')).pending, pad('0x', { size: 32 }));
    assert.deepEqual(await read('getSigners', [0n, 32n]), [owner(person.passkey)]);
    const seen = await status(person);
    assert.equal(seen.state, 'quiet');
    assert.equal(seen.asks, undefined, 'it has happened');
  });

  test('guardians hold the account, and the hold ends', async () => {
    const asked = await askGuardians('hold');
    for (const g of [guardians.first, guardians.second]) {
      await bringFresh(await signWish(g, asked.asks.text, 'hold', 'quiet'));
    }
    await status(person);
    await recoverBy('hold');
    const now = (await chain.client.getBlock()).timestamp;
    const held = await read('recovery');
    assert.ok(held.heldUntil > now && held.frozenUntil >= held.heldUntil);
    assert.equal((await status(person)).held_ms, Number(held.heldUntil) * 1000);
    await assert.rejects(askGuardians('hold'), refused('recovery_state'));
    await assert.rejects(payOut(1n), 'nothing leaves it');
    await later(DELAY_S + 60);
    await until('the end of the hold', () => payOut(2n).catch((e) => e.code), (code) => code === undefined);
    assert.equal(await chain.ether(SINK), ETHER + 2n);
  });
});
