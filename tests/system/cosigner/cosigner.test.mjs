// A person and a co-signer, from the offer to its end: command line and API of a real daemon, a real server that keeps the key, the real contracts.
// The passkey is one in software, as the page's would be, and lies on a security key in software too, for passmesh-devices; viem, not our C, says what the chain holds.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { encodeFunctionData, getAddress, pad, toHex } from '../../../tools/local/lib/viem.mjs';
import { factoryAbi, passkeyOwner } from '../../../contracts/lib/account.mjs';
import { accountAbi2, setting } from '../../../contracts/lib/account2.mjs';
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
const PIN = '2468';
const FRIEND = getAddress('0x000000000000000000000000000000000000f00d');

const dir = mkdtempSync(join(tmpdir(), 'passmesh-cosigner-'));
const home = join(dir, 'wallet');
let network;
let securityKey;
let chain;
let daemon;
let api;
let main;
let payer;
let address;

const until = (what, ask, good) => waitFor(what, ask, { good, timeout: WAIT_MS, step: 100 });
const owner = (passkey) => passkeyOwner(deployments.webauthn_verifier.address, toHex(passkey.x), toHex(passkey.y), passkey.origin);
const read = (functionName, args = []) => chain.client.readContract({ address, abi: accountAbi2, functionName, args });
const refused = (code, state = '') => (e) => (e.code === code && e.message.includes(state)) || assert.fail(`${e.message}, wanted ${code} ${state}`);
const cli = async (...words) => (await promisify(execFile)(programs.passmesh, ['--home', home, ...words])).stdout;
const status = () => api.call('recovery_status', { address, network_id: 'local' });
const account = async () => (await api.call('accounts_list')).accounts.find((a) => a.id === main.account.id);

async function addAccount(name) {
  const passkey = new SoftPasskey(daemon.origin);
  passkey.id = randomBytes(32); /* as long as the key's */
  const begun = await api.call('account_create_begin', { key: newKey(), name, where: 'any' });
  const made = await api.call('account_create_finish', { key: newKey(), ceremony_id: begun.ceremony.id, passkey_name: name, response: passkey.register(begun.options) });
  return { passkey, account: made };
}

async function startWallet(port) {
  daemon = await startDaemon({ dir, home, file: network.file, port, log: `daemon-${newKey()}.log` });
  api = new LocalApi(daemon.socket);
}

async function asItself(functionName, args) {
  await network.request({ method: 'anvil_impersonateAccount', params: [address] });
  const data = encodeFunctionData({ abi: accountAbi2, functionName, args });
  const hash = await network.request({ method: 'eth_sendTransaction', params: [{ from: address, to: address, data }] });
  assert.equal((await chain.client.waitForTransactionReceipt({ hash })).status, 'success');
}

async function later(seconds) {
  await network.request({ method: 'evm_increaseTime', params: [seconds] });
  await network.request({ method: 'evm_mine', params: [] });
}

const approve = (operation, { passkey }) => api.call('send_approve', {
  key: newKey(), operation_id: operation.id, revision: operation.revision, ticks: operation.risks.filter((r) => r.tick).map((r) => r.id), assertion: passkey.assert(operation.request),
});

async function ended({ id }) {
  const done = await until('the end of an operation', () => api.call('operation_get', { operation_id: id }), (o) => ['included', 'final', 'failed'].includes(o.state));
  assert.notEqual(done.state, 'failed', JSON.stringify(done.reason));
}

/** Prepares as soon as the chain's later time has been read, has the passkey sign it, and waits for its end. */
async function doIt(method, params, who = main) {
  const full = { network_id: 'local', speed: 'normal', ...params };
  const operation = await until(`${method} ${params.what}`, () => api.call(method, { key: newKey(), ...full }).catch((e) => e), (o) => !(o instanceof Error) || !/waits|unread|doubtful|open|stale|threshold_state/.test(o.code));
  assert.ok(!(operation instanceof Error), operation.message);
  await ended(await approve(operation, who));
  return operation;
}

const prepare = async (what) => {
  const { owner_id } = (await account()).cosigner;
  return api.call('owner_prepare', { key: newKey(), account_id: main.account.id, network_id: 'local', speed: 'normal', owner_id, what });
};

/** By the command line, as soon as the chain's later time has been read; signed, and to its end. */
async function joinBy(...word) {
  const prepared = await until(`join ${word}`, () => cli('--json', 'cosigner', 'join', ...word).then(JSON.parse, (e) => e), (o) => !(o instanceof Error) || !/owner waits|unread|doubtful|open|stale/.test(o.stderr));
  assert.ok(!(prepared instanceof Error), prepared.stderr);
  await ended(await approve(prepared, main));
  return prepared;
}

/** Asks the chain of every block after which an owner changed: where the key owns the account, two must sign. */
async function neverAlone(key) {
  const logs = await chain.client.getLogs({ address, fromBlock: 0n, toBlock: 'latest' });
  let owned = 0;
  for (const blockNumber of new Set(logs.flatMap((l) => [l.blockNumber - 1n, l.blockNumber]))) {
    const at = (functionName, args = []) => chain.client.readContract({ address, abi: accountAbi2, functionName, args, blockNumber });
    if (await chain.client.getCode({ address, blockNumber })) {
      const isOwner = (await at('getSigners', [0n, 32n])).some((o) => o.endsWith(key.slice(2).toLowerCase()));
      owned += isOwner;
      assert.ok(!isOwner || await at('threshold') >= 2n, `block ${blockNumber}: alone`);
    }
  }
  assert.ok(owned > 0, 'no block was seen in which it is an owner');
}

/** The passkey is on a security key too, which answers at a socket. */
async function plugIn({ passkey }) {
  const socket = join(dir, 'key.sock');
  const secret = Buffer.from(passkey.key.export({ format: 'jwk' }).d, 'base64url');
  securityKey = spawn(process.env.PASSMESH_KEY, [socket, PIN, '1', passkey.id.toString('hex'), secret.toString('hex')], { stdio: 'inherit' });
  await until('the key', () => existsSync(socket), Boolean);
  writeFileSync(join(dir, 'pinentry'), `#!/bin/sh\necho OK\nwhile read -r word rest; do\n    [ "$word" = GETPIN ] && echo 'D ${PIN}'\n    echo OK\n    [ "$word" = BYE ] && exit 0\ndone\n`);
  chmodSync(join(dir, 'pinentry'), 0o700);
}

/** What waits, signed by passmesh-devices with the key alone; what it has shown. */
async function byKey() {
  const words = ['--home', home, '--device', join(dir, 'key.sock'), '--pinentry', join(dir, 'pinentry'), 'cosigner'];
  const run = promisify(execFile)(join(dirname(fileURLToPath(import.meta.url)), 'at_terminal.py'), [process.env.PASSMESH_DEVICES, ...words]);
  return (await run.catch((e) => assert.fail(`${e.stdout}${e.stderr}`))).stdout;
}

const begin = (what, more = {}) => api.call('cosigner_begin', { key: newKey(), account_id: main.account.id, what, ...more });
const finish = ({ options }, { passkey } = main) => api.call('cosigner_finish', { key: newKey(), account_id: main.account.id, assertion: passkey.assert(options) });
const pay = (wei) => until('a payment', () => api.call('send_prepare', { key: newKey(), account_id: main.account.id, network_id: 'local', asset: 'native', to: FRIEND, amount: String(wei), speed: 'normal' }).catch((e) => e), (o) => !(o instanceof Error) || !/unread|doubtful|open|stale/.test(o.code));

describe('an account with a co-signer', { timeout: 240_000 }, () => {
  let server;
  let begun;

  before(async () => {
    mkdirSync(join(dir, 'server/config'), { recursive: true, mode: 0o700 });
    writeFileSync(join(dir, 'server/config/server.ini'), '[server]\ncosign = unsealed\n[limits]\nunits = 100000\n');
    network = await startNetwork({ dir, quiet: true });
    chain = new Chain(network.rpc);
    await startWallet(await freePort());
    main = await addAccount('Main');
    payer = await addAccount('Payer');
    address = getAddress(main.account.address);
    const [from] = await network.request({ method: 'eth_accounts' });
    const data = encodeFunctionData({ abi: factoryAbi, functionName: 'createAccount', args: [[owner(main.passkey)], 1n, pad('0x', { size: 32 })] });
    const hash = await network.request({ method: 'eth_sendTransaction', params: [{ from, to: deployments.account_factory.address, data }] });
    await chain.client.waitForTransactionReceipt({ hash });
    await sendEther(network.request, address, 5n * ETHER);
    await sendEther(network.request, payer.account.address, ETHER);
    await api.call('account_select', { key: newKey(), account_id: main.account.id });
    await until('servers', () => api.call('status'), (s) => s.chain.state === 'ok');
  });
  after(async () => {
    securityKey?.kill();
    api?.close();
    await daemon?.stop();
    await network?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  test('a server offers it; an account that could not get rid of it has none', async () => {
    server = (await api.call('servers_list', { network_id: 'local' })).servers.find((s) => s.cosigning === 'file').id;
    assert.match(await cli('cosigner', 'offers'), new RegExp(`${server} .*no hardware proof.*in a file`));
    assert.match(await cli('cosigner'), /no co-signer/);
    await assert.rejects(cli('cosigner', 'add', server, '1'), /version/);
    await asItself('scheduleUpgrade', [deployments.account_implementation_2.address, '0x', 0n]);
    await later(DELAY_S + 60);
    await asItself('applyUpgrade', [deployments.account_implementation_2.address, '0x', 0n]);
    await status();
    const make = { server, network_ids: ['local'], limits: [{ amount: String(ETHER) }] };
    await assert.rejects(begin('make', make), refused('cosigner_state', 'no_guardian'));
    const call = setting('setGuardians', [[owner(main.passkey)], 1n, DELAY_S]);
    await asItself('scheduleSetting', [call, 0n]);
    await later(DELAY_S + 60);
    await asItself('applySetting', [call, 0n]);
    await until('guardians', status, (s) => s.guardians?.length === 1);
    await assert.rejects(begin('make', { ...make, limits: [{ amount: '1', to: FRIEND }] }), refused('cosigner_limits'));
    await assert.rejects(begin('sign', { operation_id: 'op1' }), refused('unknown_operation'));
    await assert.rejects(begin('release'), refused('cosigner_state', 'none'));
  });

  test('it is made with the passkey, within limits', async () => {
    assert.match(await cli('cosigner', 'add', server, '1', '500:PTT', `0.75::${FRIEND}`), /waits for the passkey/);
    const wish = (await account()).cosigner_wish;
    assert.equal(wish.what, 'make');
    await assert.rejects(finish(wish, payer), refused('ceremony_wrong_key'));
    await plugIn(main);
    const shown = await byKey();
    assert.match(shown, /is to be made by the server/);
    assert.ok(shown.includes(server) && shown.includes(address) && shown.includes(`${ETHER} wei to all together`) && shown.includes(`${ETHER * 3n / 4n} wei to ${FRIEND}`) && /chain +31337/.test(shown), shown);
    const { cosigner, cosigner_wish: none, owners } = await account();
    assert.equal(none, undefined);
    assert.equal(cosigner.server, server);
    assert.equal(cosigner.limits.length, 3);
    assert.deepEqual(cosigner.limits[2], { amount: String(ETHER * 3n / 4n), to: FRIEND });
    const made = owners.find((o) => o.id === cosigner.owner_id);
    assert.equal(made.kind, 'cosigner');
    assert.equal(made.state, 'waiting');
    await assert.rejects(begin('make', { server, network_ids: ['local'], limits: [{ amount: '1' }] }), refused('cosigner_state', 'exists'));
    assert.match(await cli('cosigner'), /no owner yet: passmesh cosigner join/);
  });

  test('before it is an owner it signs nothing', async () => {
    const early = await pay(1n);
    await assert.rejects(begin('sign', { operation_id: early.id }), refused('cosigner_state', 'no_owner'));
    await api.call('send_cancel', { key: newKey(), operation_id: early.id });
  });

  test('it becomes an owner together with the second signature, after the delay; that can be stopped', async () => {
    const { address: key } = (await account()).cosigner;
    const it = () => account().then((a) => a.owners.find((o) => o.kind === 'cosigner'));
    const words = (state) => until(state, it, (o) => o.state === state);
    const begun = await joinBy();
    assert.equal(begun.kind, 'cosigner_begin');
    assert.equal(begun.undo.code, 'until_applied');
    const line = begun.risks.find((r) => r.code === 'cosigner_begun');
    assert.ok(line.tick);
    assert.deepEqual([line.params.number, line.params.days], ['2', '2']);
    await words('joining');
    assert.match(await cli('cosigner'), /becomes an owner, with one signature more, from .*join veto/);
    assert.match(await cli('owners'), /joining .*becomes an owner/);
    await status();
    await assert.rejects(prepare('add'), refused('owner_state', 'joining'));
    await assert.rejects(prepare('apply'), refused('owner_waits'));
    await assert.rejects(begin('release'), refused('cosigner_state', 'joining'));
    assert.equal((await joinBy('veto')).kind, 'cosigner_veto');
    await words('waiting');

    await joinBy();
    await words('joining');
    await later(DELAY_S + 60);
    assert.equal((await joinBy('apply')).kind, 'cosigner_apply');
    assert.equal(await read('threshold'), 2n);
    assert.deepEqual(await read('getSigners', [0n, 32n]), [owner(main.passkey), `${deployments.secp256k1_verifier.address}${key.slice(2)}`.toLowerCase()]);
    await words('active');
    assert.match(await cli('cosigner'), /signs payments within these limits/);
    assert.equal((await account()).unknown_owners, undefined);
    await until('the threshold', account, (a) => a.threshold === 2);
    await assert.rejects(api.call('threshold_prepare', { key: newKey(), account_id: main.account.id, network_id: 'local', what: 'begin', threshold: '1', speed: 'normal' }), refused('threshold_state', 'cosigner'));
    await neverAlone(key);
  });

  test('a payment needs both; beyond a limit it does not sign', async () => {
    await until('the threshold', account, (a) => a.threshold === 2);
    const first = await pay(ETHER / 2n);
    await assert.rejects(begin('sign', { operation_id: first.id }), refused('cosigner_state', 'unsigned'));
    const half = await approve(first, main);
    assert.equal(half.state, 'prepared');
    assert.deepEqual(half.signers, ['Main']);
    api.close();
    await daemon.stop(); /* what was signed and what is known of the co-signer outlive the program */
    await startWallet(Number(new URL(daemon.origin).port));
    await until('servers', () => api.call('status'), (s) => s.chain.state === 'ok');
    await until('the view', account, (a) => a.threshold === 2 && a.on_chain);
    assert.match(await cli('cosigner', 'sign', first.id), /"sign" waits/);
    begun = (await account()).cosigner_wish;
    await assert.rejects(finish(begun, payer), refused('ceremony_wrong_key'));
    const shown = await byKey();
    assert.ok(shown.includes(`pays           ${ETHER / 2n} wei to ${FRIEND}`) && /fee, at most +[1-9]/.test(shown), shown);
    await assert.rejects(finish(begun), refused('cosigner_state', 'over'));
    await ended(first);
    assert.equal(await chain.ether(FRIEND), ETHER / 2n);

    const second = await pay(ETHER / 2n);
    await approve(second, main);
    begun = await begin('sign', { operation_id: second.id });
    await assert.rejects(finish(begun), (e) => e.code === 'cosigner_refused' && /limit/.test(e.message));
    await api.call('send_cancel', { key: newKey(), operation_id: second.id });
    await assert.rejects(begin('release'), refused('cosigner_state', 'owner'));
  });

  test('the passkey alone takes it off, and no server takes part', async () => {
    await status();
    const { cosigner } = await account();
    assert.match(await cli('cosigner', 'remove'), /"leave" waits/);
    begun = (await account()).cosigner_wish;
    await assert.rejects(finish(begun, payer), (e) => /ceremony_wrong_key/.test(e.code));
    assert.match(await byKey(), new RegExp(`is to be taken off[^]*${cosigner.address}[^]*must sign then +1`));
    await api.call('account_select', { key: newKey(), account_id: payer.account.id });
    await doIt('recovery_prepare', { account_id: main.account.id, payer_id: payer.account.id, what: 'begin' }, payer);
    await later(DELAY_S + 60);
    await until('the later time', async () => {
      await status();
      return doIt('recovery_prepare', { account_id: main.account.id, payer_id: payer.account.id, what: 'apply' }, payer).catch((e) => e);
    }, (e) => !(e instanceof Error));
    assert.equal(await read('threshold'), 1n);
    await api.call('account_select', { key: newKey(), account_id: main.account.id });
    assert.deepEqual(await read('getSigners', [0n, 32n]), [owner(main.passkey)]);
    await neverAlone(cosigner.address);
    await until('the owner is gone', account, (a) => a.threshold === 1 && a.owners.every((o) => o.kind !== 'cosigner' || o.state === 'gone'));
    await ended(await approve(await pay(1n), main));
    assert.equal(await chain.ether(FRIEND), ETHER / 2n + 1n);
  });

  test('its server is told, and the wallet forgets it', async () => {
    assert.match(await cli('cosigner', 'release'), /"release" waits/);
    await finish((await account()).cosigner_wish);
    const left = await account();
    assert.equal(left.cosigner, undefined);
    assert.ok(left.owners.every((o) => o.kind !== 'cosigner'));
  });
});
