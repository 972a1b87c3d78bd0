// One account on two chains. A passkey is added on the first and carried to the second; it is removed on the first, and the table says that the
// second still holds it; the removal, signed once, is carried there by another account, waits its delay, is applied, and the table is clean.
// Where the two histories part, nothing is carried any more. viem, not our C, says what the chains hold.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { getAddress, toHex } from '../../../tools/local/lib/viem.mjs';
import { accountAbi, passkeyOwner } from '../../../contracts/lib/account.mjs';
import { SoftPasskey } from '../../../tools/local/lib/authenticator.mjs';
import { programs } from '../../../tools/local/lib/build.mjs';
import { Chain } from '../../../tools/local/lib/chain.mjs';
import { LocalApi, newKey } from '../../../tools/local/lib/local_api.mjs';
import { deployments, sendEther, startDaemon, startNetwork } from '../../../tools/local/lib/network.mjs';
import { freePort } from '../../../tools/local/lib/port.mjs';
import { until as waitFor } from '../../../tools/local/lib/until.mjs';

const DELAY_S = 2 * 86_400;
const ETHER = 10n ** 18n;
const RECEIVER = getAddress('0x00000000000000000000000000000000deadbeef');

const dir = mkdtempSync(join(tmpdir(), 'passmesh-chains-'));
const until = (what, ask, good) => waitFor(what, ask, { good, timeout: 60_000, step: 200 });
const networks = {};
const chains = {};
let daemon;
let api;
let main;
let payer;
let second;

const owner = (passkey) => passkeyOwner(deployments.webauthn_verifier.address, toHex(passkey.x), toHex(passkey.y), passkey.origin);
const read = (id, functionName, args = []) => chains[id].client.readContract({ address: main.account.address, abi: accountAbi, functionName, args });
const signers = async (id) => new Set(await read(id, 'getSigners', [0n, 32n]));
const refused = (code, state) => (e) => (e.code === code && (!state || e.message.includes(`"${state}"`))) || assert.fail(`${e.message}, wanted ${code} ${state}`);

async function addAccount(name) {
  const passkey = new SoftPasskey(daemon.origin);
  const begun = await api.call('account_create_begin', { key: newKey(), name, where: 'any' });
  const account = await api.call('account_create_finish', { key: newKey(), ceremony_id: begun.ceremony.id, passkey_name: `${name} key`, response: passkey.register(begun.options) });
  return { passkey, account };
}

async function use(network_id) {
  await api.call('network_select', { key: newKey(), network_id });
  await until(`the network ${network_id}`, () => api.call('status'), (s) => s.network_id === network_id && s.chain.state === 'ok');
}

async function approve(operation, passkey) {
  await api.call('send_approve', {
    key: newKey(), operation_id: operation.id, revision: operation.revision, ticks: operation.risks.filter((r) => r.tick).map((r) => r.id), assertion: passkey.assert(operation.request),
  });
  const done = await until('the end of an operation', () => api.call('operation_get', { operation_id: operation.id }), (o) => ['final', 'failed'].includes(o.state));
  assert.equal(done.state, 'final', JSON.stringify(done.reason));
}

/** The account stands on this chain once it has sent something there. */
async function send(who, network_id) {
  const operation = await api.call('send_prepare', { key: newKey(), account_id: who.account.id, network_id, asset: 'native', to: RECEIVER, amount: '1000', speed: 'normal' });
  await approve(operation, who.passkey);
}

async function addPasskey(name) {
  const passkey = new SoftPasskey(daemon.origin);
  const begun = await api.call('owner_add_begin', { key: newKey(), account_id: main.account.id, where: 'any' });
  const account = await api.call('owner_add_finish', { key: newKey(), ceremony_id: begun.ceremony.id, passkey_name: name, response: passkey.register(begun.options) });
  return { passkey, id: account.owners.find((o) => o.name === name).id };
}

const own = (network_id, more) => ({ key: newKey(), account_id: main.account.id, network_id, speed: 'normal', ...more });
const change = async (network_id, owner_id, what) => approve(await api.call('owner_prepare', own(network_id, { owner_id, what })), main.passkey);
const table = async (network_id) => {
  const { chains: rows, changes } = await api.call('owner_chains', { account_id: main.account.id, ...(network_id ? { network_id } : {}) });
  return { changes, ...Object.fromEntries(rows.map((r) => [r.network_id, r])) };
};
const inState = (network_id, state) => until(`${network_id} is ${state}`, () => table(network_id), (t) => t[network_id].state === state);
const carry = (network_id, what, by = main) => api.call('change_prepare', own(network_id, { payer_id: by.account.id, what }));

async function sign(id, what = 'change') {
  const ask = { account_id: main.account.id, change_id: id, what };
  const begun = await api.call('change_sign_begin', { key: newKey(), ...ask });
  assert.equal(begun.change.id, id);
  return api.call('change_sign_finish', { key: newKey(), ...ask, assertion: main.passkey.assert(begun.options) });
}

async function later(seconds) {
  for (const network of Object.values(networks)) {
    await network.request({ method: 'evm_increaseTime', params: [seconds] });
    await network.request({ method: 'evm_mine', params: [] });
  }
}

describe('one account on two chains', { timeout: 280_000 }, () => {
  before(async () => {
    const other = { id: 'other', name: 'Other', chainId: 11155111 }; // one for which contracts/deployments.json has the code's hashes
    [networks.local, networks.other] = await Promise.all([
      startNetwork({ dir: join(dir, 'local'), quiet: true }), startNetwork({ dir: join(dir, 'other'), quiet: true, chain: other }),
    ]);
    for (const [id, network] of Object.entries(networks)) {
      chains[id] = new Chain(network.rpc);
    }
    daemon = await startDaemon({ dir, home: join(dir, 'home'), file: `${networks.local.file}:${networks.other.file}`, port: await freePort() });
    api = new LocalApi(daemon.socket);
    payer = await addAccount('Payer');
    main = await addAccount('Main');
    await api.call('account_select', { key: newKey(), account_id: main.account.id });
    for (const network of Object.values(networks)) {
      await sendEther(network.request, main.account.address, ETHER);
      await sendEther(network.request, payer.account.address, ETHER);
    }
  });
  after(async () => {
    api?.close();
    await daemon?.stop();
    for (const network of Object.values(networks)) {
      await network.stop();
    }
    if (process.env.KEEP) { return; }
    rmSync(dir, { recursive: true, force: true });
  });

  test('an owner who was added on one chain is carried to the other', async () => {
    await use('local');
    await send(main, 'local');
    second = await addPasskey('Second');
    await change('local', second.id, 'add');
    await inState('local', 'in_step');
    await use('other');
    await send(main, 'other');
    const { other, changes } = await inState('other', 'lacks');
    assert.equal(changes.length, 1);
    assert.equal(other.next.id, changes[0].id);
    assert.equal(other.next.added, 'Second');
    assert.deepEqual(other.revoked, []);
    assert.equal(await read('local', 'ownersHead'), changes[0].id);
    await assert.rejects(carry('other', 'carry', payer), refused('carry_state', 'unsigned'));
    const signed = await sign(changes[0].id);
    assert.deepEqual(signed.changes[0].signatures, ['Main key']);
    await api.call('account_select', { key: newKey(), account_id: payer.account.id });
    const operation = await carry('other', 'carry', payer);
    assert.equal(operation.from.address, payer.account.address);
    assert.equal(operation.to.address, main.account.address);
    assert.equal(operation.kind, 'owners_carry');
    assert.deepEqual(operation.risks.find((r) => r.id === 'carry_adds').params, { name: 'Main', owner: 'Second' });
    await approve(operation, payer.passkey);
    await api.call('account_select', { key: newKey(), account_id: main.account.id });
    await inState('other', 'in_step');
    assert.deepEqual(await signers('other'), new Set([owner(main.passkey), owner(second.passkey)]));
    assert.equal(await read('other', 'ownersHead'), await read('local', 'ownersHead'));
  });

  test('a removed passkey is found on the other chain, and leaves it with the one signature', async () => {
    await use('local');
    await change('local', second.id, 'remove');
    await later(DELAY_S + 60);
    await until('the removal', () => change('local', second.id, 'apply').catch((e) => e.code), (code) => code === undefined);
    assert.deepEqual(await signers('local'), new Set([owner(main.passkey)]));
    await inState('local', 'in_step');
    let seen = await until('the table', () => table(), (t) => t.other.revoked.length > 0);
    assert.deepEqual(seen.other.revoked, [second.id]);
    assert.equal(seen.other.sequence, 1);
    assert.ok(['agreed', 'reported'].includes(seen.other.checked.grade));
    const { accounts } = await api.call('accounts_list');
    assert.equal(accounts.find((a) => a.id === main.account.id).revoked, 1);
    const { stdout } = await promisify(execFile)(programs.passmesh, ['--home', daemon.home, 'owners', 'chains']);
    assert.match(stdout, /other +lacks/);
    assert.match(stdout, /1 that were removed elsewhere may still sign here: passmesh owners carry other/);

    const id = seen.other.next.id;
    await sign(id);
    await promisify(execFile)(programs.passmesh, ['--home', daemon.home, 'owners', 'carry', 'other']);
    const { rows } = await api.call('history_list', { account_id: main.account.id, network_id: 'other', limit: 5 });
    assert.deepEqual([rows[0].kind, rows[0].state], ['owners_carry', 'prepared']);
    await approve(await api.call('operation_get', { operation_id: rows[0].id }), main.passkey);
    seen = await inState('other', 'waits');
    assert.equal(seen.other.next.id, id);
    assert.equal(BigInt(seen.other.ready_ms), 1000n * await read('other', 'changeReadyAt', [id]));
    await assert.rejects(carry('other', 'carry'), refused('carry_state', 'waits'));
    await assert.rejects(carry('other', 'apply'), refused('owner_waits'));
    await later(DELAY_S + 60);
    await until('the later time', async () => {
      await table('other');
      return carry('other', 'apply').then((o) => approve(o, main.passkey)).catch((e) => e.code);
    }, (code) => code === undefined);
    assert.deepEqual(await signers('other'), new Set([owner(main.passkey)]));
    assert.equal(await read('other', 'ownersHead'), await read('local', 'ownersHead'));
    seen = await inState('other', 'in_step');
    assert.deepEqual(seen.other.revoked, []);
    assert.equal((await api.call('accounts_list')).accounts.find((a) => a.id === main.account.id).revoked, undefined);
  });

  test('where the histories part nothing is carried', async () => {
    const here = await addPasskey('Here');
    await change('other', here.id, 'add');
    await use('local');
    const there = await addPasskey('There');
    await change('local', there.id, 'add');
    const seen = await inState('local', 'differs');
    assert.equal(seen.other.state, 'differs');
    await assert.rejects(carry('local', 'carry'), refused('carry_state', 'differs'));
  });
});
