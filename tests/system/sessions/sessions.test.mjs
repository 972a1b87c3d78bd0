// A job with a key of its own spends from an account by a session that the wallet added: the wallet and its software passkey add it, and from
// then on the job, a few lines of JavaScript over a server's send_user_operation, needs nobody. It is refused above the amount, to another
// address, after the end, and once one passkey has ended it. viem, not our C, says what the chain holds.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { encodeAbiParameters, encodeFunctionData, getAddress, pad, parseAbiParameters } from '../../../tools/local/lib/viem.mjs';
import { packUserOp, userOpHash } from '../../../contracts/lib/account.mjs';
import { accountAbi2, OrdinaryKey, sessionNonceKey, signedBy } from '../../../contracts/lib/account2.mjs';
import { SoftPasskey } from '../../../tools/local/lib/authenticator.mjs';
import { programs } from '../../../tools/local/lib/build.mjs';
import { Chain } from '../../../tools/local/lib/chain.mjs';
import { LocalApi, newKey } from '../../../tools/local/lib/local_api.mjs';
import { deployments, sendEther, startDaemon, startNetwork } from '../../../tools/local/lib/network.mjs';
import { freePort } from '../../../tools/local/lib/port.mjs';
import { until as waitFor } from '../../../tools/local/lib/until.mjs';
import { ServiceClient } from '../lib/service_client.mjs';

const CHAIN_ID = 31337;
const DAY_MS = 86_400_000;
const ETHER = 10n ** 18n;
const FEES = ETHER / 20n;
const IMPLEMENTATION_SLOT = '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc';
const RECEIVER = getAddress('0x00000000000000000000000000000000deadbeef');
const OTHER = getAddress('0x00000000000000000000000000000000cafecafe');
const entryPoint = deployments.entry_point.address;
const packed = parseAbiParameters('(address sender,uint256 nonce,bytes initCode,bytes callData,bytes32 accountGasLimits,uint256 preVerificationGas,bytes32 gasFees,bytes paymasterAndData,bytes signature)');

const dir = mkdtempSync(join(tmpdir(), 'passmesh-sessions-'));
const job = new OrdinaryKey(deployments.secp256k1_verifier.address, 'job');
const until = (what, ask, good) => waitFor(what, ask, { good, timeout: 40_000, step: 100 });
let network;
let chain;
let api;
let daemon;
let passkey;
let account;
let server;
let peerEnds;

/* ---- the job: what docs/account.md says that it must send, and nothing of the wallet ---- */

/** One operation of a session: value in wei, data for the session's target. Gives its hash, or the server's refusal. */
async function act(id, { value = 0n, data = '0x' }) {
  const nonce = await chain.entryPoint.read.getNonce([account.address, sessionNonceKey(id)]);
  const { baseFeePerGas } = await chain.client.getBlock();
  const op = {
    sender: account.address, nonce,
    callData: encodeFunctionData({ abi: accountAbi2, functionName: 'executeSession', args: [BigInt(id), value, data] }),
    verificationGasLimit: 300_000n, callGasLimit: 150_000n, preVerificationGas: 80_000n,
    maxPriorityFeePerGas: 10n ** 9n, maxFeePerGas: 2n * baseFeePerGas + 10n ** 9n,
  };
  const hash = userOpHash(packUserOp(op), entryPoint, CHAIN_ID);
  const signature = signedBy([job], hash);
  const answer = await server.send(entryPoint, encodeAbiParameters(packed, [packUserOp({ ...op, signature })]));
  return { hash, answer };
}

async function spends(id, what) {
  const { hash, answer } = await act(id, what);
  assert.equal(answer.code, 'ok', answer.text);
  const done = await until('the end of the job\'s operation', () => server.operation(hash), (o) => ['included', 'final', 'dropped'].includes(o.state));
  assert.notEqual(done.state, 'dropped', done.reason);
  const [event] = (await chain.operations(account.address)).filter((o) => o.userOpHash === hash);
  assert.ok(event.success, 'the call reverted');
}

/**
 * It does nothing but perhaps cost its fee. Before it is sent: by the server (no such session, its end, no ether left for the fee); after that
 * by the contract (another address, too much). by says which.
 */
async function isRefused(id, what, by) {
  const had = await Promise.all([chain.ether(RECEIVER), chain.ether(OTHER), chain.tokens(RECEIVER), chain.tokens(OTHER)]);
  const { hash, answer } = await act(id, what);
  if (by === 'server') {
    assert.equal(answer.code, 'denied', `${answer.code} ${answer.state}`);
  } else {
    assert.equal(answer.code, 'ok', answer.text);
    const done = await until('the end of the job\'s operation', () => server.operation(hash), (o) => ['included', 'final', 'dropped'].includes(o.state));
    const event = (await chain.operations(account.address)).find((o) => o.userOpHash === hash);
    assert.equal(event?.success ?? false, false, `${done.state} ${done.reason}`);
  }
  assert.deepEqual(await Promise.all([chain.ether(RECEIVER), chain.ether(OTHER), chain.tokens(RECEIVER), chain.tokens(OTHER)]), had);
}

const transfer = (to, amount) => encodeFunctionData({ abi: [{ type: 'function', name: 'transfer', inputs: [{ type: 'address' }, { type: 'uint256' }], outputs: [{ type: 'bool' }] }], functionName: 'transfer', args: [to, amount] });

/* ---- the person: the wallet's API, and a passkey ---- */

const own = (more) => ({ key: newKey(), account_id: account.id, network_id: 'local', speed: 'normal', ...more });
const shown = async () => (await api.call('accounts_list')).accounts[0];
const inState = (id, state) => until(`the session is ${state}`, async () => (await shown()).sessions?.find((s) => s.id === id), (s) => s?.state === state);

async function approve(operation) {
  await api.call('send_approve', {
    key: newKey(), operation_id: operation.id, revision: operation.revision, ticks: operation.risks.filter((r) => r.tick).map((r) => r.id), assertion: passkey.assert(operation.request),
  });
  const done = await until('the end of an operation', () => api.call('operation_get', { operation_id: operation.id }), (o) => ['included', 'final', 'failed'].includes(o.state));
  assert.notEqual(done.state, 'failed', JSON.stringify(done.reason));
}

/** What prepare gives is approved, and the chain has it. */
async function add(prepare) {
  const before = ((await shown()).sessions ?? []).map((s) => s.id);
  const operation = await prepare();
  assert.equal(operation.kind, 'session_add');
  await approve(operation);
  const { id } = (await shown()).sessions.find((s) => !before.includes(s.id));
  await inState(id, 'live');
  return { id, operation };
}

const addSession = (terms) => add(() => api.call('session_prepare', own({ what: 'add', job_key: getAddress(job.address), to: RECEIVER, fees: String(FEES), until_ms: String(Date.now() + DAY_MS), ...terms })));

async function passmesh(...args) {
  return (await promisify(execFile)(programs.passmesh, ['--home', daemon.home, ...args])).stdout;
}

async function makeAccount() {
  passkey = new SoftPasskey(daemon.origin);
  const begun = await api.call('account_create_begin', { key: newKey(), name: 'Main', where: 'any' });
  account = await api.call('account_create_finish', { key: newKey(), ceremony_id: begun.ceremony.id, passkey_name: 'Soft', response: passkey.register(begun.options) });
  await sendEther(network.request, account.address, 5n * ETHER);
  await until('servers', () => api.call('status'), (s) => s.chain.state === 'ok');
  const first = await until('the money', () => api.call('send_prepare', own({ asset: 'native', to: OTHER, amount: '1' })).catch((e) => e.code), (o) => o.id);
  await approve(first); /* it makes the account on the chain */
  await network.request({ method: 'anvil_setStorageAt', params: [account.address, IMPLEMENTATION_SLOT, pad(deployments.account_implementation_2.address, { size: 32 })] });
  await sendEther(network.request, account.address, ETHER);
  await until('version 2', shown, (a) => a.version?.number === 2 && a.limits);
}

describe('a session key of a job', { timeout: 150_000 }, () => {
  before(async () => {
    network = await startNetwork({ dir, quiet: true });
    chain = new Chain(network.rpc);
    daemon = await startDaemon({ dir, home: join(dir, 'home'), file: network.file, port: await freePort() });
    api = new LocalApi(daemon.socket);
    server = await ServiceClient.connect({ after: (end) => { peerEnds = end; } }, network.server.addrs[0], CHAIN_ID);
    await makeAccount();
  });
  after(async () => {
    await peerEnds?.();
    api?.close();
    await daemon?.stop();
    await network?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  let ether;

  test('the review says who may do what until when', async () => {
    const { id, operation } = await addSession({ asset: 'native', amount: String(ETHER / 10n) });
    ether = id;
    const line = (code) => operation.risks.find((r) => r.code === code)?.params;
    assert.equal(line('session_key').address, getAddress(job.address));
    assert.deepEqual({ ...line('session_sends'), name: '' }, { limit: '0.15 ETH', address: RECEIVER, name: '' });
    const [signer, validUntil] = await chain.client.readContract({ address: account.address, abi: accountAbi2, functionName: 'session', args: [BigInt(id)] });
    assert.equal(signer, job.owner);
    assert.equal(Number(validUntil) * 1000, (await shown()).sessions[0].until_ms);
  });

  test('the job spends alone, and the wallet shows what is left, proven', async () => {
    const before = await chain.ether(RECEIVER);
    await spends(ether, { value: ETHER / 20n });
    assert.equal(await chain.ether(RECEIVER) - before, ETHER / 20n);
    const [, left] = await chain.client.readContract({ address: account.address, abi: accountAbi2, functionName: 'sessionLeft', args: [BigInt(ether)] });
    assert.ok(left < ETHER / 10n);
    const session = await until('what is left', async () => (await shown()).sessions[0], (s) => s.left?.value === String(left));
    assert.equal(session.left.grade, 'proven');
    assert.match(await passmesh('sessions'), /live .*\n.*0\.15.ETH.*to 0x0+DeaDBeef/i);
  });

  test('above the amount it is refused', async () => {
    await isRefused(ether, { value: ETHER / 10n }, 'contract');
  });

  test('a token goes to the one address, up to the amount', async () => {
    const { address } = deployments.test_token;
    await api.call('faucet_request', { key: newKey(), account_id: account.id, network_id: 'local' }).catch(() => {});
    await until('tokens', () => chain.tokens(account.address), (n) => n > 0n);
    const { id } = await addSession({ asset: address, amount: '1000' });
    await isRefused(id, { data: transfer(OTHER, 1n) }, 'contract');
    await isRefused(id, { data: transfer(RECEIVER, 1001n) }, 'contract');
    await spends(id, { data: transfer(RECEIVER, 600n) });
    assert.equal(await chain.tokens(RECEIVER), 600n);
    await isRefused(id, { data: transfer(RECEIVER, 600n) }, 'contract');
    await isRefused(id, { value: 1n }, 'contract');
  });

  test('one passkey ends it at once', async () => {
    const operation = JSON.parse(await passmesh('--json', 'sessions', 'end', ether));
    assert.equal(operation.kind, 'session_end');
    assert.equal(operation.risks.find((r) => r.code === 'session_ended').params.key, getAddress(job.address));
    await approve(operation);
    await inState(ether, 'ended');
    await isRefused(ether, { value: 1n }, 'server');
  });

  test('after its end it is refused', async () => {
    const { id, operation } = await add(async () => JSON.parse(await passmesh('--json', 'sessions', 'add', getAddress(job.address), RECEIVER, '0.1', 'ETH', '0.05', '1d')));
    assert.equal(operation.risks.find((r) => r.code === 'session_sends').params.limit, '0.15 ETH');
    await spends(id, { value: 1n });
    await network.request({ method: 'evm_increaseTime', params: [2 * 86_400] });
    await network.request({ method: 'evm_mine', params: [] });
    await isRefused(id, { value: 1n }, 'server');
    await inState(id, 'expired');
  });
});
