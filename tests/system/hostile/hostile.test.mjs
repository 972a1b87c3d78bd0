// Servers that lie, omit, stall, truncate, drip, follow a fork, answer stale or another's question, each a process of its own, around a
// wallet: one honest among them, or none, so that all that the wallet hears is theirs.
// With one honest server in five no wrong figure is ever shown as proven and no error reaches the person; with none the wallet
// says that the network is doubtful and refuses to prepare what would depend on it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeFunctionData, parseAbi } from '../../../tools/local/lib/viem.mjs';
import { SoftPasskey } from '../../../tools/local/lib/authenticator.mjs';
import { Chain } from '../../../tools/local/lib/chain.mjs';
import { Child } from '../../../tools/local/lib/child.mjs';
import { LocalApi, newKey } from '../../../tools/local/lib/local_api.mjs';
import { deployments, networkFile, sendEther, startDaemon, startNetwork } from '../../../tools/local/lib/network.mjs';
import { freePort } from '../../../tools/local/lib/port.mjs';

const WEI = 10n ** 15n;
const RICH = 10n ** 19n;
const WAIT_MS = 60_000;
const WATCH_MS = 6000;

const dir = mkdtempSync(join(tmpdir(), 'passmesh-hostile-'));
let network;
let fork; /* another chain with the same number and contracts, and its server */
let chain;
let turn = 0;

/** A liar as a process; resolves to { addr, id, notes, stop }. */
async function startLiar(mode) {
  let said;
  const notes = [];
  const [honest] = (mode === 'forks' ? fork : network).server.addrs;
  const child = new Child({
    name: `The server that ${mode}`, program: process.execPath, args: [join(import.meta.dirname, 'liar.mjs'), mode, honest],
    log: join(dir, `liar-${turn}-${mode}.log`), onLine: (line) => {
      if (said) {
        notes.push(JSON.parse(line));
      } else {
        said = JSON.parse(line);
      }
    },
  });
  const { addr } = await child.until(() => said);
  return { mode, addr, notes, id: addr.split('/p2p/')[1], stop: () => child.stop() };
}

/** A wallet with an account and money, whose servers are these. anchored: a source names trusted blocks. */
async function startWallet(servers, { anchored = true } = {}) {
  turn += 1;
  const file = join(dir, `network-${turn}.ini`);
  writeFileSync(file, networkFile({ bootstrap: servers, faucet: network.faucet.url, anchor: anchored ? network.rpc : undefined }));
  const home = join(dir, `wallet-${turn}`);
  mkdirSync(home, { mode: 0o700 });
  const it = { home, daemon: await startDaemon({ dir, home, file, port: await freePort(), log: `daemon-${turn}.log` }) };
  it.api = new LocalApi(it.daemon.socket);
  it.passkey = new SoftPasskey(it.daemon.origin);
  it.create = async (name) => {
    const begun = await it.api.call('account_create_begin', { key: newKey(), name, where: 'any' });
    it.account = await it.api.call('account_create_finish', {
      key: newKey(), ceremony_id: begun.ceremony.id, passkey_name: 'Soft', response: it.passkey.register(begun.options),
    });
    await sendEther(network.request, it.account.address, RICH);
  };
  await it.create('Main');
  it.stop = async () => {
    it.api.close();
    await it.daemon.stop();
  };
  it.balances = async () => (await it.api.call('balances_get', { account_id: it.account.id, network_id: 'local' })).items;
  it.chain = async () => (await it.api.call('status')).chain;
  return it;
}

async function until(what, ask, good) {
  let last;
  for (const end = Date.now() + WAIT_MS; Date.now() < end; await sleep(100)) {
    last = await ask();
    if (good(last)) {
      return last;
    }
  }
  throw new Error(`${what} did not happen within ${WAIT_MS / 1000} s: ${JSON.stringify(last)?.slice(0, 800)}`);
}

/** Whatever is shown as proven is what the chain had at that block. */
async function checkProven(wallet) {
  let proven = 0;
  for (const { asset, amount } of await wallet.balances()) {
    if (amount.grade !== 'proven') {
      continue;
    }
    const blockNumber = BigInt(amount.block);
    const address = wallet.account.address;
    const truth = asset.id === 'native'
      ? await chain.client.getBalance({ address, blockNumber })
      : await chain.token.read.balanceOf([address], { blockNumber });
    assert.equal(BigInt(amount.value), truth, `${asset.symbol} at block ${amount.block}`);
    assert.equal(amount.anchor, 'header_source');
    proven += 1;
  }
  return proven;
}

async function watch(wallet) {
  let count = 0;
  for (const end = Date.now() + WATCH_MS; Date.now() < end; await sleep(300)) {
    count += await checkProven(wallet);
  }
  return count;
}

const prepare = (wallet, to) => wallet.api.call('send_prepare', {
  key: newKey(), account_id: wallet.account.id, network_id: 'local', asset: 'native', to, amount: WEI.toString(), speed: 'normal',
});

const approve = (wallet, operation) => wallet.api.call('send_approve', {
  key: newKey(), operation_id: operation.id, revision: operation.revision, ticks: operation.risks.filter((r) => r.tick).map((r) => r.id),
  assertion: wallet.passkey.assert(operation.request),
});

async function send(wallet) {
  const to = `0x${randomBytes(20).toString('hex')}`;
  const prepared = await prepare(wallet, to);
  const { id } = await approve(wallet, prepared);
  const done = await until('inclusion', () => wallet.api.call('operation_get', { operation_id: id }), (o) => ['included', 'final', 'failed'].includes(o.state));
  assert.notEqual(done.state, 'failed', JSON.stringify(done.reason));
  assert.equal(await chain.ether(to), WEI, 'what the wallet calls included has arrived');
  assert.equal(done.fee.paid.grade, 'proven', 'by its receipt, whatever who sent it says');
}

/** Tokens come in; what the history calls proven of them is what the chain logged. */
async function receiveTokens(wallet) {
  const [, from] = await network.request({ method: 'eth_accounts' });
  const data = encodeFunctionData({ abi: parseAbi(['function mint(address to, uint256 amount)']), args: [wallet.account.address, WEI] });
  const hash = await network.request({ method: 'eth_sendTransaction', params: [{ from, to: deployments.test_token.address, data }] });
  const history = async () => (await wallet.api.call('history_list', { account_id: wallet.account.id, network_id: 'local', limit: 20 })).rows;
  const rows = await until('a proven payment', history, (all) => all.some((r) => r.asset.id !== 'native' && r.amount.grade === 'proven'));
  const [row] = rows.filter((r) => r.asset.id !== 'native');
  const operation = await wallet.api.call('operation_get', { operation_id: row.id });
  const receipt = await chain.client.waitForTransactionReceipt({ hash });
  assert.equal(BigInt(row.amount.value), WEI);
  assert.equal(row.amount.why, 'complete_logs');
  assert.equal(BigInt(row.amount.block), receipt.blockNumber);
  assert.equal(operation.tx_hash, hash);
  assert.deepEqual(operation.effects.map((e) => e.grade), ['proven']);
}

/** One honest server of five. */
async function outvoted(t, modes) {
  const liars = await Promise.all(modes.map(startLiar));
  t.after(() => Promise.all(liars.map((l) => l.stop())));
  const wallet = await startWallet([...liars.map((l) => l.addr), ...network.server.addrs]);
  t.after(() => wallet.stop());
  await until('five servers are ready', () => wallet.api.call('status'), (s) => s.servers === 5 || s.chain.state === 'ok');
  const first = await until('a proven balance', () => wallet.balances(), (items) => items[0]?.amount.grade === 'proven' && BigInt(items[0].amount.value) === RICH);
  assert.ok(first);
  assert.ok(await watch(wallet) > 10);
  assert.equal((await wallet.chain()).state, 'ok');
  await send(wallet);
  await receiveTokens(wallet);
  assert.ok(await watch(wallet) > 10);
  const { servers } = await wallet.api.call('servers_list', { network_id: 'local' });
  const blocked = servers.filter((s) => s.state === 'blocked').map((s) => s.id);
  const proven = liars.filter((l) => ['lies', 'stale'].includes(l.mode)).map((l) => l.id);
  assert.ok(blocked.every((id) => proven.includes(id)), 'only who lied is banned');
  t.diagnostic(`banned: ${liars.filter((l) => blocked.includes(l.id)).map((l) => l.mode).join(', ') || 'nobody was asked who lies'}`);
  return { wallet, blocked };
}

describe('hostile servers', { timeout: 900_000 }, () => {
  before(async () => {
    network = await startNetwork({ dir, quiet: true });
    fork = await startNetwork({ dir: join(dir, 'fork'), quiet: true });
    chain = new Chain(network.rpc);
  });
  after(async () => {
    await fork?.stop();
    await network?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  for (const modes of [['lies', 'stale', 'stalls', 'truncates'], ['drips', 'omits', 'resets', 'lies'], ['floods', 'mixes', 'bundles', 'stale'], ['forks', 'forks', 'forks', 'forks']]) {
    test(`one honest server beside those that: ${modes.join(', ')}`, (t) => outvoted(t, modes));
  }

  test('to a server two accounts are two peers, and neither is the wallet', async (t) => {
    const server = await startLiar('notes');
    t.after(() => server.stop());
    const wallet = await startWallet([server.addr]);
    t.after(() => wallet.stop());
    const isProven = (items) => items[0]?.amount.grade === 'proven' && BigInt(items[0].amount.value) > 0n;
    const accounts = [];
    for (const name of ['Main', 'Other']) {
      if (accounts.length > 0) {
        wallet.passkey = new SoftPasskey(wallet.daemon.origin);
        await wallet.create(name);
        await wallet.api.call('account_select', { key: newKey(), account_id: wallet.account.id });
      }
      await until(`a proven balance of ${name}`, () => wallet.balances(), isProven);
      await send(wallet);
      accounts.push(wallet.account);
    }
    const { id, identities } = await wallet.api.call('net_status');
    assert.deepEqual(identities.map((i) => i.account_id).toSorted(), accounts.map((a) => a.id).toSorted());
    const peerOf = (account) => identities.find((i) => i.account_id === account.id).peer_id;
    const names = (note, account) => { /* as bytes, or in JSON */
      const hex = account.address.slice(2).toLowerCase();
      return note.message.includes(hex) || Buffer.from(note.message, 'hex').toString('latin1').toLowerCase().includes(hex);
    };
    for (const account of accounts) {
      const about = server.notes.filter((n) => names(n, account));
      assert.deepEqual([...new Set(about.map((n) => n.peer))], [peerOf(account)]);
      for (const type of [3, 6]) { /* sending, account proofs */
        assert.ok(about.some((n) => n.type === type), `${account.name} has asked by type ${type}`);
      }
      assert.ok(server.notes.filter((n) => n.peer === peerOf(account)).every((n) => ![1, 5].includes(n.type)), 'status and heads are asked once, by the wallet');
    }
    assert.equal(new Set([id, ...accounts.map(peerOf)]).size, 3);
    const own = server.notes.filter((n) => n.peer === id).map((n) => n.type);
    assert.ok(own.includes(1) && own.every((type) => [1, 5].includes(type)), `the wallet itself has asked ${own}`);
  });

  test('a ban outlives a restart', async (t) => {
    const liar = await startLiar('lies');
    t.after(() => liar.stop());
    const wallet = await startWallet([liar.addr]);
    await until('the ban', () => wallet.api.call('servers_list', { network_id: 'local' }), ({ servers }) => servers.some((s) => s.id === liar.id && s.state === 'blocked' && s.reason.code === 'server_lied'));
    await wallet.stop();
    const daemon = await startDaemon({ dir, home: wallet.home, file: join(dir, `network-${turn}.ini`), log: 'daemon-again.log' });
    t.after(() => daemon.stop());
    const api = new LocalApi(daemon.socket);
    t.after(() => api.close());
    await sleep(2000);
    const { servers } = await api.call('servers_list', { network_id: 'local' });
    assert.deepEqual(servers.map((s) => [s.id, s.state]), [[liar.id, 'blocked']]);
    assert.equal((await api.call('status')).servers, 0);
    const { evidence } = await api.call('evidence_list', { limit: 64 });
    assert.ok(evidence.length > 0);
    for (const e of evidence) {
      assert.deepEqual([e.kind, e.question, e.said.length, e.said[0].server], ['lie', 'account_proof', 1, liar.id]);
    }
  });

  test('where nothing can be proven: the majority of three is shown as agreed', async (t) => {
    const others = await Promise.all(['bundles', 'lies'].map(startLiar)); /* the first is honest about the chain */
    t.after(() => Promise.all(others.map((l) => l.stop())));
    const wallet = await startWallet([...others.map((l) => l.addr), ...network.server.addrs], { anchored: false });
    t.after(() => wallet.stop());
    await until('three servers are ready', () => wallet.api.call('status'), (s) => s.servers === 3);
    /* Before the payment's block the two agree that there is nothing. */
    const isAgreed = ({ grade, n, value }) => grade === 'agreed' && n === 3 && BigInt(value) === RICH;
    const [{ amount }] = await until('an agreed balance', () => wallet.balances(), (items) => items[0] && isAgreed(items[0].amount));
    assert.equal(amount.k, 2);
    assert.equal(amount.why, 'majority');
    assert.equal((await wallet.chain()).doubt, 'none');
  });

  test('and when two disagree, neither is believed', async (t) => {
    const liar = await startLiar('lies');
    t.after(() => liar.stop());
    const wallet = await startWallet([liar.addr, ...network.server.addrs], { anchored: false });
    t.after(() => wallet.stop());
    const doubted = await until('doubt', () => wallet.chain(), (c) => c.state === 'doubtful');
    assert.equal(doubted.doubt, 'disputed');
    /* What was doubted first may be another figure: of what nobody has both say nothing. */
    const [{ amount }] = await until('a disagreement', () => wallet.balances(), (items) => items[0]?.amount.why === 'servers_disagree');
    assert.equal(amount.grade, 'reported');
    await assert.rejects(prepare(wallet, `0x${randomBytes(20).toString('hex')}`), (e) => e.code === 'chain_doubtful');
  });

  for (const modes of [['lies', 'stale', 'lies'], ['omits', 'resets', 'truncates', 'omits'], ['stalls', 'drips', 'stalls'], ['forks', 'forks', 'forks']]) {
    test(`nobody honest, but: ${modes.join(', ')}`, async (t) => {
      const liars = await Promise.all(modes.map(startLiar));
      t.after(() => Promise.all(liars.map((l) => l.stop())));
      const wallet = await startWallet(liars.map((l) => l.addr));
      t.after(() => wallet.stop());
      const doubted = await until('doubt', () => wallet.chain(), (c) => c.state === 'doubtful');
      /* A reading of the first block that 'stale' is asked about is proven, and what cannot be proven is disputed then. */
      assert.ok(doubted.doubt === 'unproven' || (modes.includes('stale') && doubted.doubt === 'disputed'), doubted.doubt);
      /* What 'stale' says of the first block that it is asked about is true. */
      const isTrue = (b) => modes.includes('stale') && [0n, RICH].includes(BigInt(b.amount.value));
      assert.deepEqual((await wallet.balances()).filter((b) => b.amount.grade === 'proven' && !isTrue(b)), []);
      await assert.rejects(prepare(wallet, `0x${randomBytes(20).toString('hex')}`), (e) => ['chain_doubtful', 'no_server'].includes(e.code));
      const proven = await watch(wallet); /* each is held against the chain there */
      assert.ok(proven === 0 || modes.includes('stale'), `${proven} figures are called proven`);
      assert.equal((await wallet.chain()).state, 'doubtful');
    });
  }
});
