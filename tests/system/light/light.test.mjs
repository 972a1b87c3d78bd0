// The consensus light client from end to end: a beacon node with a chain of our own, a server that passes on what it says, and a
// wallet that follows it from a checkpoint and proves its figures against the blocks that the sync committee has signed.
// BEACON_MAKER names the program that makes that chain.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Chain } from '../../../tools/local/lib/chain.mjs';
import { sendEther, startNetwork, startServer } from '../../../tools/local/lib/network.mjs';
import { until as waitFor } from '../../../tools/local/lib/until.mjs';
import { startWallet } from '../../../tools/local/lib/wallet.mjs';
import { BeaconNode, SLOTS_PER_EPOCH, SLOTS_PER_PERIOD } from './beacon_node.mjs';

const maker = process.env.BEACON_MAKER;
const SLOT_S = 3;
const DAY_S = 86_400;
const RICH = 10n ** 19n;
const WAIT_MS = 60_000;
const ALONE = '[peers]\ndht = no\nmdns = no\ndirectory = no\nrendezvous = no\n';

const dir = mkdtempSync(join(tmpdir(), 'passmesh-light-'));
let network;
let chain;
let turn = 0;

const newest = () => network.request({ method: 'eth_getBlockByNumber', params: ['latest', false] });
const until = (what, ask, good, timeout = WAIT_MS) => waitFor(what, ask, { good, timeout, step: 100 });

/** A server of its own for a beacon node, as a process: its addresses. friends: servers that it meets in the DHT, to tell each other the
 * newest blocks; without them it asks its beacon node nothing for itself. */
async function startServerOf(t, beacon, { name = `server-${turn}`, friends } = {}) {
  const meets = friends ? 'yes' : 'no';
  const ini = `[server]\nbeacon = ${beacon.url}\ndht = ${meets}\ngossip = ${meets}\n`;
  const server = await startServer({ dir, rpc: network.rpc, name, ini, network: { bootstrap: friends, beacon: await beacon.ini() } });
  t.after(() => server.stop());
  return server.addrs;
}

/** Passes questions on to a beacon node, until it is stopped. */
async function startProxy(beacon) {
  const server = createServer(async (request, response) => {
    const answer = await fetch(beacon.url + request.url);
    const version = answer.headers.get('Eth-Consensus-Version');
    response.writeHead(answer.status, version ? { 'Eth-Consensus-Version': version } : {}).end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, ini: () => beacon.ini(), stop };
}

/** Beacon node, server and wallet; the checkpoint is the block of slot checkpointSlot, and its epoch is named if so said. serve: gives the servers' addresses. */
async function start(t, { checkpointSlot, namesEpoch = false, account = true, serve = (beacon) => startServerOf(t, beacon), ...kind }) {
  turn += 1;
  const beacon = await BeaconNode.start({ maker, newest, slotSeconds: SLOT_S, ...kind });
  t.after(() => beacon.stop());
  const config = `${ALONE}[light_client]\ncheckpoint = local ${await beacon.checkpoint(checkpointSlot)}${namesEpoch ? `:${Math.floor(checkpointSlot / SLOTS_PER_EPOCH)}` : ''}\n`;
  const it = await startWallet({ dir, name: `wallet-${turn}`, network: { bootstrap: await serve(beacon), beacon: await beacon.ini() }, config });
  t.after(() => it.down());
  it.beacon = beacon;
  it.log = () => readFileSync(it.daemon.log, 'utf8');
  if (account) {
    await addAccount(it);
  }
  return it;
}

async function addAccount(w) {
  await w.createAccount();
  await sendEther(network.request, w.account.address, RICH);
}

const isProven = (items) => items[0]?.amount.grade === 'proven' && BigInt(items[0].amount.value) === RICH;

async function checkProven(w) {
  const [{ amount }] = await until('a proven balance', w.balances, isProven);
  assert.equal(amount.anchor, 'light_client');
  assert.equal(amount.why, 'merkle_proof');
  assert.equal(BigInt(amount.value), await chain.client.getBalance({ address: w.account.address, blockNumber: BigInt(amount.block) }));
  return amount;
}

const nowS = () => Math.floor(Date.now() / 1000);

describe('the light client', { timeout: 600_000 }, () => {
  before(async () => {
    network = await startNetwork({ dir, quiet: true });
    chain = new Chain(network.rpc);
  });
  after(async () => {
    await network?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  test('from a checkpoint two periods back to proven figures, and on with the head', async (t) => {
    const genesis = nowS() - (4 * SLOTS_PER_PERIOD + 30) * SLOT_S;
    const w = await start(t, { genesis, checkpointSlot: 2 * SLOTS_PER_PERIOD + 8 });
    const first = await checkProven(w);
    const { networks } = await w.api.call('networks_list');
    assert.equal(networks.find((n) => n.id === 'local').consensus, 'light_client');
    const health = await w.chain();
    assert.equal(health.anchor, 'light_client');
    assert.equal(health.grade, 'proven');
    assert.equal(health.state, 'ok');
    assert.equal(w.beacon.seen.filter((s) => s === 'updates').length, 2, 'the last period was asked for with the bootstrap, all others in one answer');
    await until('a newer block', w.balances, (items) => items[0].amount.block > first.block && items[0].amount.grade === 'proven');
    assert.deepEqual([...new Set(w.beacon.seen)].sort(), ['bootstrap', 'finality_update', 'optimistic_update', 'updates']);

    await t.test('after a restart it goes on without a bootstrap', async () => {
      await w.down();
      w.beacon.roots.clear();
      w.beacon.seen.length = 0;
      await w.up(ALONE); // nor does it need the checkpoint again
      await until('a proven chain', w.chain, (c) => c.anchor === 'light_client' && c.state === 'ok' && c.grade === 'proven');
      await checkProven(w);
      assert.ok(!w.beacon.seen.includes('bootstrap'));
      assert.ok(!w.beacon.seen.includes('updates'), 'what was verified is not fetched again');
    });

    await t.test('a head with too few signatures is none, and the chain becomes doubtful', async () => {
      const { block } = (await w.balances())[0].amount;
      w.beacon.signers = 21; // of 32: less than two thirds
      await sleep(3 * SLOT_S * 1000);
      const later = (await w.balances())[0].amount;
      assert.ok(later.block <= block + 2, `${later.block} after ${block}`);
      w.beacon.signers = 32;
      await until('a newer block', w.balances, (items) => items[0].amount.block > later.block);
    });

    await t.test('a block that was not signed is the server\'s lie', async () => {
      w.beacon.cache.clear();
      w.beacon.spoil = (bytes, path) => {
        if (path.endsWith('_update')) bytes[bytes.length - 200] ^= 1; // inside the execution header
      };
      await until('the ban', () => w.api.call('servers_list', { network_id: 'local' }), ({ servers }) => servers.some((s) => s.state === 'blocked'));
      const [{ amount }] = await w.balances();
      assert.equal(BigInt(amount.value), RICH);
    });
  });

  for (const [what, period, namesEpoch] of [['this period', 4], ['the last period', 3], ['two periods back, whose epoch is named,', 2, true]]) {
    test(`from a checkpoint of ${what} all of the consensus chain comes at once, and the figures next`, async (t) => {
      const genesis = nowS() - (4 * SLOTS_PER_PERIOD + 30) * SLOT_S;
      const w = await start(t, { genesis, namesEpoch, checkpointSlot: period * SLOTS_PER_PERIOD + 8, bootstrapAfter: ['updates', 'finality_update'] });
      await checkProven(w);
      assert.deepEqual(w.beacon.seen.filter((s) => s !== 'optimistic_update').toSorted(), ['bootstrap', 'finality_update', 'updates']);
    });
  }

  test('a server whose beacon node falls silent gives the newest blocks that other servers tell', async (t) => {
    const genesis = nowS() - (2 * SLOTS_PER_PERIOD + 36) * SLOT_S;
    let proxy;
    const serve = async (beacon) => {
      const friends = await startServerOf(t, beacon, { name: 'first', friends: [] });
      proxy = await startProxy(beacon);
      return startServerOf(t, proxy, { name: 'second', friends });
    };
    const w = await start(t, { genesis, servesFinal: true, checkpointSlot: 2 * SLOTS_PER_PERIOD + 8, serve });
    t.after(() => proxy.stop());
    for (const name of ['first', 'second']) {
      await until(`${name} follows the chain`, () => readFileSync(join(dir, `${name}.log`), 'utf8'), (text) => text.includes('followed and passed on'));
    }
    const { block } = await checkProven(w);
    proxy.stop();
    await until('ten blocks more', w.balances, (items) => items[0].amount.block > block + 10 && items[0].amount.grade === 'proven');
    assert.match(readFileSync(join(dir, 'second.log'), 'utf8'), /does not answer/);
    assert.equal((await w.chain()).state, 'ok');
  });

  test('a checkpoint older than 14 days without two servers to confirm it: nothing is called proven', async (t) => {
    const slotSeconds = 600;
    const genesis = nowS() - 30 * DAY_S;
    const w = await start(t, { genesis, slotSeconds, checkpointSlot: Math.floor((10 * DAY_S) / slotSeconds) });
    await until('the words in the log', w.log, (text) => text.includes('no two servers outside of yours, of different operators, confirm it'));
    const [{ amount }] = await until('a balance', w.balances, (items) => items.length > 0);
    assert.equal(amount.grade, 'reported');
    const { networks } = await w.api.call('networks_list');
    assert.equal(networks.find((n) => n.id === 'local').consensus, 'none');
  });

  // 15 days are 52 periods of 2048 slots, and the slots short enough for a fresh head.
  const old = () => ({ slotSeconds: 12, epochsPerPeriod: 256, genesis: nowS() - (60 * 2048 + 300) * 12, checkpointSlot: 8 * 2048 + 8, account: false });
  const several = (t, beacons) => Promise.all(beacons.map((beacon, i) => startServerOf(t, beacon, { name: `server-${turn}-${i}` }))).then((all) => all.flat());

  test('an old checkpoint counts once two servers outside of the person\'s see where it leads', async (t) => {
    const w = await start(t, { ...old(), servesFinal: true, serve: (beacon) => several(t, [beacon, beacon, beacon]) });
    const followed = async () => (await w.api.call('networks_list')).networks.find((n) => n.id === 'local').consensus === 'light_client';
    await until('the words in the log', w.log, (text) => text.includes('two servers outside of yours confirm the old checkpoint'), 3 * WAIT_MS); // who could not be asked is asked again after a minute
    assert.ok(await followed());
    assert.ok(w.beacon.seen.filter((s) => s === 'updates').length > 1);
    await w.down();
    w.beacon.seen.length = 0;
    await w.up(ALONE);
    await addAccount(w);
    await checkProven(w);
    assert.doesNotMatch(w.log(), /older than 14 days/, 'a restart goes on from what was final');
    assert.ok(w.beacon.seen.includes('bootstrap'));
  });

  test('an old checkpoint whose keys have signed another chain since is worth nothing, whoever is asked first', async (t) => {
    const serve = async (honest) => {
      const forged = await BeaconNode.start({ ...old(), maker, newest, forgedFrom: 20, genesis: honest.genesis });
      t.after(() => forged.stop());
      for (const [root, ssz] of honest.roots) {
        forged.roots.set(root, ssz);
      }
      return several(t, [forged, honest, forged]);
    };
    const w = await start(t, { ...old(), serve });
    await until('the words in the log', w.log, (text) => text.includes('leads to another chain than a server outside of yours sees'));
    const health = await w.chain();
    assert.notEqual(health.anchor, 'light_client');
    assert.notEqual(health.grade, 'proven');
  });

  test('a server that has another checkpoint\'s bootstrap', async (t) => {
    const genesis = nowS() - (3 * SLOTS_PER_PERIOD + 30) * SLOT_S;
    const w = await start(t, { genesis, checkpointSlot: 2 * SLOTS_PER_PERIOD, account: false });
    await sleep(1000);
    assert.ok(w.beacon.roots.size > 0);
    const other = await BeaconNode.start({ maker, genesis, slotSeconds: SLOT_S, newest });
    t.after(() => other.stop());
    const wrong = await start(t, { genesis, checkpointSlot: 2 * SLOTS_PER_PERIOD + 8, account: false });
    for (const [root] of wrong.beacon.roots) {
      wrong.beacon.roots.set(root, w.beacon.roots.values().next().value);
    }
    await wrong.down();
    rmSync(join(dir, `wallet-${turn}/data`), { recursive: true, force: true });
    await wrong.up();
    await until('the ban', () => wrong.api.call('servers_list', { network_id: 'local' }), ({ servers }) => servers.some((s) => s.state === 'blocked'));
  });
});
