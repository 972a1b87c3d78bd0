// Server and wallet on a chain of geth and Lodestar: the wallet follows Lodestar's sync committee from a finalized block over a
// period, and proves what geth holds; each figure is compared with geth's own answer for that block.
// GETH names the program.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { creationCodeFor } from '../../../contracts/lib/build.mjs';
import { deployMissing } from '../../../contracts/lib/deploy.mjs';
import { buildDir } from '../../../tools/local/lib/build.mjs';
import { deployments, startServer } from '../../../tools/local/lib/network.mjs';
import { until as waitFor } from '../../../tools/local/lib/until.mjs';
import { startWallet } from '../../../tools/local/lib/wallet.mjs';
import { startChain } from './chain.mjs';

const FINAL_S = 150; // four epochs, and what both programs take to start
const PERIOD_S = 200;
const PROOF_S = 30;
const ETHER = 3n * 10n ** 18n;
const TOKENS = 5n * 10n ** 18n;
const MINT = '0x40c10f19'; // mint(address,uint256)

const dir = mkdtempSync(join(tmpdir(), 'passmesh-chain-'));
const word = (hex) => hex.slice(2).toLowerCase().padStart(64, '0');
let chain;
let server;
let wallet;

/** EIP-1193 for whoever wants a node that signs: the rich account does. */
async function request({ method, params }) {
  if (method === 'eth_sendTransaction') {
    const [{ to, data, value }] = params;
    return (await chain.rich.sendTransaction({ to, data, value, gasLimit: 10_000_000 })).hash;
  }
  return chain.provider.send(method, params ?? []);
}

const until = (what, seconds, ask, good) => waitFor(what, ask, { good, timeout: seconds * 1000, step: 250, forgives: true });
const headBlock = async () => (await wallet.chain()).block;

/** The figure of an asset, proven, once it has come to this. */
async function proven(symbol, value, seconds = PROOF_S) {
  const isIt = (items) => items.some((i) => i.asset.symbol === symbol && i.amount.grade === 'proven' && BigInt(i.amount.value) === value);
  const items = await until(`${value} ${symbol}, proven`, seconds, wallet.balances, isIt);
  const { amount } = items.find((i) => i.asset.symbol === symbol);
  assert.equal(amount.why, 'merkle_proof');
  assert.equal(amount.anchor, 'light_client');
  return amount;
}

describe('a chain of geth and Lodestar', { timeout: 900_000 }, () => {
  before(async () => {
    chain = await startChain({ dir: join(dir, 'chain'), geth: process.env.GETH });
  });
  after(async () => {
    await wallet?.down();
    await server?.stop();
    await chain?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  test('the wallet follows it from a block that Lodestar calls final', async (t) => {
    t.diagnostic(await chain.version());
    const { root, epoch } = await until('a finalized block', FINAL_S, chain.finalized, (f) => Number(f.epoch) > 0);
    t.diagnostic(`checkpoint: epoch ${epoch}`);
    const ini = `[server]\nbeacon = ${chain.beacon}\ndht = no\ngossip = no\n`;
    server = await startServer({ dir, rpc: chain.rpc, ini, network: { beacon: chain.ini } });
    const config = `[peers]\ndht = no\nmdns = no\ndirectory = no\n[light_client]\ncheckpoint = local ${root}:${epoch}\n`;
    wallet = await startWallet({ dir, network: { bootstrap: server.addrs, beacon: chain.ini }, config });
    await wallet.createAccount();
    await until('its consensus is followed', PROOF_S, wallet.chain, (c) => c.anchor === 'light_client' && c.grade === 'proven' && c.state === 'ok');
    const { networks } = await wallet.api.call('networks_list');
    assert.equal(networks.find((n) => n.id === 'local').consensus, 'light_client');
  });

  test('ether and tokens of geth\'s state are proven', async () => {
    await (await chain.rich.sendTransaction({ to: wallet.account.address, value: ETHER })).wait();
    await deployMissing({ request, from: chain.rich.address, deployments, creationCode: creationCodeFor(deployments, join(buildDir, 'contracts')), names: ['test_token'] });
    const data = `${MINT}${word(wallet.account.address)}${word(`0x${TOKENS.toString(16)}`)}`;
    await (await chain.rich.sendTransaction({ to: deployments.test_token.address, data })).wait();
    const ether = await proven('ETH', ETHER);
    assert.equal(BigInt(ether.value), (await chain.provider.getBalance(wallet.account.address, ether.block)).toBigInt());
    await proven('PTT', TOKENS);
  });

  test('both payments stand in the history, the token\'s proven by geth\'s receipts', async () => {
    const ask = () => wallet.api.call('history_list', { account_id: wallet.account.id, network_id: 'local', limit: 10, direction: 'in' });
    const { rows } = await until('two incoming payments', PROOF_S, ask, ({ rows: all }) => all.length > 1);
    const of = (symbol) => rows.filter((r) => r.kind === 'receive' && r.asset.symbol === symbol).map((r) => [BigInt(r.amount.value), r.state, r.amount.grade]);
    assert.deepEqual(of('PTT'), [[TOKENS, 'included', 'proven']]);
    assert.deepEqual(of('ETH').map(([value]) => value), [ETHER]);
  });

  test('the next sync committee is followed, and goes on proving', async () => {
    const from = await chain.headSlot();
    const next = Math.floor(from / chain.periodSlots + 1) * chain.periodSlots + 4;
    await until(`slot ${next}`, PERIOD_S * 1.5, chain.headSlot, (slot) => slot >= next);
    const had = await headBlock();
    await until('a block of the new period', PROOF_S, headBlock, (block) => block > had);
    await (await chain.rich.sendTransaction({ to: wallet.account.address, value: ETHER })).wait();
    const ether = await proven('ETH', 2n * ETHER);
    assert.ok(ether.block > had);
    assert.equal((await wallet.chain()).state, 'ok');
    assert.doesNotMatch(readFileSync(join(dir, 'server.log'), 'utf8'), /does not verify|does not answer/);
  });
});
