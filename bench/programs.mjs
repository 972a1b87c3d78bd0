// usage: bench/programs.sh BUILD OUT.json [--quick]
// Figures of the built programs on a local network of their own (chain, server, faucet, daemon with keyd, twenty peers):
// start-up, memory, the time from a passkey's answer to the server's acceptance, and the requests that a send makes. Writes {figures, samples} to OUT.json.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SoftPasskey } from '../tools/local/lib/authenticator.mjs';
import { programs } from '../tools/local/lib/build.mjs';
import { LocalApi, newKey } from '../tools/local/lib/local_api.mjs';
import { deployments, networkFile, sendEther, startDaemon, startNetwork } from '../tools/local/lib/network.mjs';
import { freePort } from '../tools/local/lib/port.mjs';

const [build, out] = process.argv.slice(2).map((path) => resolve(path));
const isQuick = process.argv.includes('--quick');
const PEERS = 20; /* the server is one of them */
const STARTS = isQuick ? 5 : 11;
const TAPS = isQuick ? 3 : 8;
const SENDS = isQuick ? 3 : 7;
const IDLE_MS = 10_000;
const SETTLE_MS = 3000;
const WAIT_MS = 40_000;
const PEER = 'anvil: estimate and send';
const WEI = '1000000000000000';

const dir = mkdtempSync(join(tmpdir(), 'passmesh-bench-'));
const home = join(dir, 'wallet');
const figures = {};
const samples = {};
const stops = [];

const round = (value) => (value === null ? null : Math.round(value * 100) / 100);
const put = (name, value, unit, limit = null, peer = null, peerValue = null) => {
  figures[name] = { value: round(value), unit, limit: round(limit), peer, peer_value: round(peerValue) };
};
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const now = () => performance.now();

async function until(what, ask, isGood) {
  const end = now() + WAIT_MS;
  let last;
  while (now() < end) {
    try {
      last = await ask();
      if (isGood(last)) {
        return last;
      }
    } catch (e) {
      last = e.message;
    }
    await sleep(50);
  }
  throw new Error(`${what} did not happen within ${WAIT_MS / 1000} s: ${JSON.stringify(last)?.slice(0, 500)}`);
}

/* ---- peers ---- */

async function startPeer() {
  const child = spawn(join(build, 'tests/peers/p2p_node'), ['--listen', '/ip4/127.0.0.1/tcp/0', '--memory', '8'], { stdio: ['pipe', 'pipe', 'ignore'] });
  stops.push(async () => child.kill('SIGKILL'));
  return new Promise((done, fail) => {
    child.once('error', fail);
    createInterface({ input: child.stdout }).on('line', (line) => {
      const m = /^listening (\S+)/.exec(line);
      if (m) {
        done(m[1]);
      }
    });
  });
}

/* ---- start-up ---- */

/* From exec to an answer of the API on the Unix socket. */
async function timeStart(args, env) {
  const start = now();
  const child = spawn(programs.passmesh, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (data) => { said = (said + data).slice(-1000); });
  const ended = new Promise((done) => { child.once('exit', done); });
  for (;;) {
    const api = new LocalApi(join(home, 'run/passmesh.sock'));
    try {
      await api.call('status');
      const took = now() - start;
      api.close();
      child.kill('SIGTERM');
      await ended;
      return took;
    } catch {
      api.close();
    }
    if (child.exitCode !== null || now() - start > WAIT_MS) {
      throw new Error(`the daemon did not start: ${said}`);
    }
    await sleep(1);
  }
}

/* The machine's own limit: what starting the program and doing nothing takes, twice, for daemon and keyd. */
function timeNothing() {
  const start = now();
  execFileSync(programs.passmesh, ['version'], { stdio: 'ignore' });
  execFileSync(programs.passmesh, ['version'], { stdio: 'ignore' });
  return now() - start;
}

async function measureStart(env) {
  const first = await timeStart(['--home', home, 'daemon'], env); /* makes the keys and the database */
  const starts = [];
  const nothing = [];
  for (let i = 0; i < STARTS; i++) {
    starts.push(await timeStart(['--home', home, 'daemon'], env));
    nothing.push(timeNothing());
  }
  samples.daemon_start_ms = { first, starts, nothing };
  put('daemon_start_ms', median(starts), 'ms', median(nothing));
  put('daemon_first_start_ms', first, 'ms', median(nothing));
}

/* ---- memory ---- */

function memoryOf(pid) {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mib = (field) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)[1]) / 1024;
  return { anon: mib('RssAnon'), whole: mib('VmRSS'), peak: mib('VmHWM') };
}

function keydOf(parent) {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      if (/^Name:\s+passmesh-keyd/m.test(status) && Number(/^PPid:\s+(\d+)/m.exec(status)[1]) === parent) {
        return Number(pid);
      }
    } catch { /* ended meanwhile */ }
  }
  throw new Error('the daemon has no keyd');
}

/* With setpriv before it the daemon keeps the pid: setpriv execs. */
function measureMemory(name, pid) {
  const daemon = memoryOf(pid);
  const keyd = memoryOf(keydOf(pid));
  samples[name] = { daemon, keyd };
  return { daemon, keyd };
}

/* ---- from the tap to the server's acceptance ---- */

async function makeAccount(api, origin, request) {
  const passkey = new SoftPasskey(origin);
  const begun = await api.call('account_create_begin', { key: newKey(), name: 'Main', where: 'any' });
  const account = await api.call('account_create_finish', { key: newKey(), ceremony_id: begun.ceremony.id, passkey_name: 'Soft', response: passkey.register(begun.options) });
  await sendEther(request, account.address, 10n ** 19n);
  return { account, passkey };
}

async function timeTap(api, { account, passkey }, asset = 'native') {
  const operation = await until('preparing', () => api.call('send_prepare', {
    key: newKey(), account_id: account.id, network_id: 'local', asset, to: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed', amount: WEI, speed: 'normal',
  }), (o) => o.state === 'prepared');
  const ticks = operation.risks.filter((r) => r.tick).map((r) => r.id);
  const assertion = passkey.assert(operation.request);
  const get = () => api.call('operation_get', { operation_id: operation.id });
  const start = now();
  let seen = await api.call('send_approve', { key: newKey(), operation_id: operation.id, revision: operation.revision, ticks, assertion });
  const signed = now() - start;
  while (['prepared', 'signed'].includes(seen.state)) {
    if (now() - start > WAIT_MS) {
      throw new Error(`not submitted: ${JSON.stringify(seen.reason ?? seen.state)}`);
    }
    await sleep(1);
    seen = await get();
  }
  const accepted = now() - start;
  if (!['submitted', 'included', 'final'].includes(seen.state)) {
    throw new Error(`${seen.state} instead of submitted: ${JSON.stringify(seen.reason)}`);
  }
  await until('inclusion', get, (o) => ['included', 'final'].includes(o.state));
  return { signed, accepted };
}

/* The peer: what the Ethereum node alone takes to estimate and accept a plain transfer. */
async function timeNode(request) {
  const [from] = await request({ method: 'eth_accounts' });
  const transaction = { from, to: from, value: '0x1' };
  const start = now();
  await request({ method: 'eth_estimateGas', params: [transaction] });
  await request({ method: 'eth_sendTransaction', params: [transaction] });
  return now() - start;
}

async function measureTaps(api, who, request) {
  const taps = [];
  const node = [];
  for (let i = 0; i < TAPS; i++) {
    taps.push(await timeTap(api, who));
    node.push(await timeNode(request));
  }
  const accepted = taps.slice(1).map((t) => t.accepted); /* the first deploys the account */
  samples.tap_to_accept_ms = { taps, node };
  put('tap_to_accept_ms', median(accepted), 'ms', null, PEER, median(node));
  put('tap_to_signed_ms', median(taps.slice(1).map((t) => t.signed)), 'ms');
  put('tap_to_accept_of_a_new_account_ms', taps[0].accepted, 'ms', null, PEER, median(node));
}

/* ---- what a send asks of servers ---- */

/* Requests by type that the server has answered so far. */
function requests() {
  const text = execFileSync(programs['passmesh-server'], ['--home', join(dir, 'server'), 'metrics'], { encoding: 'utf8' });
  const counts = {};
  for (const [, type, n] of text.matchAll(/^passmesh_requests_total\{type="([^"]+)",code="[^"]+"\} (\d+)/gm)) {
    counts[type] = (counts[type] ?? 0) + parseInt(n, 10);
  }
  return counts;
}

async function requestsDuring(work) {
  const before = requests();
  const start = now();
  await work();
  const ms = now() - start;
  const by = Object.fromEntries(Object.entries(requests()).map(([type, n]) => [type, n - (before[type] ?? 0)]).filter(([, n]) => n > 0));
  return { ms, by, all: Object.values(by).reduce((a, b) => a + b, 0) };
}

/* A token is sent, from preparing it to its inclusion; what the wallet asks anyway, block by block, is measured before and not counted. */
async function measureRequests(api, who) {
  const asset = deployments.test_token.address;
  await api.call('faucet_request', { key: newKey(), account_id: who.account.id, network_id: 'local' });
  await until('tokens', () => api.call('balances_get', { account_id: who.account.id, network_id: 'local' }), (b) => b.items.some((i) => i.asset.id === asset && i.amount.value !== '0'));
  const idle = await requestsDuring(() => sleep(IDLE_MS));
  const sends = [];
  for (let i = 0; i < SENDS; i++) {
    sends.push(await requestsDuring(() => timeTap(api, who, asset)));
    await sleep(SETTLE_MS);
  }
  samples.send_requests = { idle, sends };
  put('send_requests', median(sends.map((s) => s.all - idle.all * s.ms / idle.ms)), 'requests', 8);
}

/* ---- the server under load, and what a proof adds (service_load.c) ---- */

const QUOTA = 20; /* units a second of each peer; eight times that of all of them together, as they come from one network */
const RATE = 6 * QUOTA; /* requests a second, of one unit each */
const LOAD_S = isQuick ? 3 : 8;
const SKIP_S = 1; /* until ten times the load has used up what a quota allows at once */
const REFILL_MS = 3000; /* until what ten times the load has used up is there again */
const BALANCES = isQuick ? 30 : 150;

/* Not waited for in a way that stops this process: it reads what the Ethereum node prints. */
async function serviceLoad(mode, server, ...words) {
  const [, port, peer] = /\/tcp\/(\d+)\/p2p\/(\w+)/.exec(server.addrs[0]);
  const args = [mode, port, peer, '31337', ...words.map(String)];
  const { stdout } = await promisify(execFile)(join(build, 'bench/bench_service_load'), args);
  return Object.fromEntries(stdout.trim().split('\n').map((line) => line.split(' ')).map(([name, count, p50, p99]) => [name, { count: parseInt(count, 10), p50: p50 / 1000, p99: p99 / 1000 }]));
}

/* The server's configuration, while it runs. */
async function configure(text) {
  mkdirSync(join(dir, 'server/config'), { recursive: true, mode: 0o700 });
  writeFileSync(join(dir, 'server/config/server.ini'), text);
  await promisify(execFile)(programs['passmesh-server'], ['--home', join(dir, 'server'), 'reload']);
}

async function measureLoad({ server, node }) {
  await configure(`[limits]\nunits = ${QUOTA}\nunits_per_second = ${QUOTA}\n`);
  const once = await serviceLoad('load', server, RATE, LOAD_S, SKIP_S);
  const ten = await serviceLoad('load', server, RATE * 10, LOAD_S, SKIP_S);
  samples.overload10 = { once, ten };
  put('overload10_accepted_p99_ms', ten.accepted.p99, 'ms', once.accepted.p99);
  put('overload10_refused_p99_ms', ten.refused.p99, 'ms');
  await configure('');
  await sleep(REFILL_MS);
  const balance = await serviceLoad('balance', server, new URL(node.url).port, BALANCES);
  samples.warm_added_ms = balance;
  put('warm_added_ms', balance.proven.p50 - balance.direct.p50, 'ms', null, 'anvil: eth_getBalance', balance.direct.p50);
}

/* ---- all of it ---- */

async function measure() {
  const network = await startNetwork({ dir, quiet: true, keeps: true });
  stops.push(() => network.stop());
  await measureLoad(network);
  const peers = await Promise.all(Array.from({ length: PEERS - 1 }, startPeer));
  const port = await freePort();
  writeFileSync(network.file, networkFile({ bootstrap: [...network.server.addrs, ...peers.slice(0, 9)], faucet: network.faucet.url, anchor: network.node.url }));
  mkdirSync(join(home, 'config'), { recursive: true, mode: 0o700 });
  writeFileSync(join(home, 'config/passmesh.ini'), [`[page]`, `port = ${port}`, '[peers]', ...peers.slice(9).map((p) => `server = ${p}`), ''].join('\n'));
  await measureStart({ PASSMESH_NETWORK: network.file, PASSMESH_UI: join(build, 'ui') });

  const start = async (peersCount = PEERS) => {
    const daemon = await startDaemon({ dir, home, file: network.file });
    daemon.origin = `http://passmesh.localhost:${port}`;
    const api = new LocalApi(daemon.socket);
    await until(`a connection to ${peersCount} peers`, () => api.call('status'), (s) => s.peers >= peersCount && s.servers > 0);
    return { daemon, api };
  };
  let { daemon, api } = await start();
  const stop = async () => {
    api.close();
    await daemon.stop();
  };
  stops.push(() => stop());
  const who = await makeAccount(api, daemon.origin, network.request);
  await measureTaps(api, who, network.request);
  await measureRequests(api, who);
  const worked = measureMemory('memory_after_work', daemon.pid);
  put('daemon_rss_anon_after_work_mib', worked.daemon.anon, 'MiB');

  await stop();
  ({ daemon, api } = await start());
  await sleep(SETTLE_MS);
  const m = measureMemory('memory', daemon.pid);
  put('daemon_rss_anon_mib', m.daemon.anon, 'MiB', 8);
  put('daemon_rss_mib', m.daemon.whole, 'MiB', 28);
  put('keyd_rss_anon_mib', m.keyd.anon, 'MiB', 3);
  put('keyd_rss_mib', m.keyd.whole, 'MiB');
  await stop();
  await network.stop();

  const second = now();
  const again = await startNetwork({ dir, quiet: true, keeps: true });
  stops.push(() => again.stop());
  ({ daemon, api } = await start(1)); /* its file names the server alone */
  put('local_network_second_start_ms', now() - second, 'ms', 5000);
}

let fault;
try {
  await measure();
} catch (e) {
  fault = e;
}
for (const stop of stops.reverse()) {
  await stop();
}
rmSync(dir, { recursive: true, force: true });
writeFileSync(out, JSON.stringify({ figures, samples }, null, 1));
if (fault) {
  console.error(fault.stack);
}
process.exit(fault ? 1 : 0);
