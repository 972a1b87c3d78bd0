// The API of a server's operator under the same attacks as the wallet's, and what it tells: over HTTP, WebSocket, the Unix socket and
// the commands of passmesh-server.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { attack, call, refusedWith, startSlow } from './attacks.mjs';
import { freePort, makeHome, Server, SERVER, sleep, until, WebSocketClient, run, SECURITY_FIELDS, securityFields } from './daemon.mjs';

const isRoot = process.getuid() === 0;
const OTHER = 65534;
let d;
let token;
let slow;

before(async () => {
  d = await Server.start();
  token = await d.session();
  slow = startSlow({ d, token });
});
after(() => d.end());

const metrics = (fields) => d.get('/metrics', { Authorization: `Bearer ${token}`, ...fields });
const mode = (path) => (lstatSync(path).mode & 0o777).toString(8);
const result = (answer) => JSON.parse(answer.body).result;

test('the right request is answered: status, peers, metrics', async () => {
  const status = result(await d.rpc(token, 'status'));
  assert.deepEqual([status.state, status.network, status.node, status.sandbox], ['running', 'local', 'silent', 'full']);
  assert.deepEqual(status.listen, d.ready.listen);
  assert.deepEqual(status.problems.map((p) => p.code), ['node_silent']);
  assert.deepEqual(result(await d.rpc(token, 'peers')), { peers: [] });
  const page = await metrics();
  assert.equal(page.status, 200);
  assert.equal(page.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  assert.deepEqual(securityFields(page), SECURITY_FIELDS);
});

attack({
  name: '127.0.0.1',
  get d() { return d; },
  get token() { return token; },
  get slow() { return slow; },
  show: metrics,
});

test('without a token nothing is shown, and nobody learns what there is', async () => {
  for (const path of ['/metrics', '/', '/session', '/none', '/../config/server.ini', '/%2e%2e/secret.txt', '//etc/passwd']) {
    const answer = await d.get(path);
    refusedWith(answer, 401, 400, 405);
    refusedWith(await d.get(path, { Authorization: `Bearer ${'A'.repeat(43)}` }), 401, 400, 405);
  }
  for (const method of ['status', 'peers', 'drain', 'reload', 'metrics', 'subscribe']) {
    refusedWith(await d.post('/rpc', call(method)), 401);
  }
});

test('with a token there is /metrics and nothing else', async () => {
  for (const path of ['/', '/none', '/metrics/', '/METRICS', '/%6detrics', '/../secret.txt', '//metrics']) {
    refusedWith(await d.get(path, { Authorization: `Bearer ${token}` }), 400, 404);
  }
});

test('there are no codes: a session cannot be asked for', async () => {
  refusedWith(await d.post('/session', JSON.stringify({ code: token })), 405);
});

test('it is listened on 127.0.0.1 alone', async () => {
  for (const host of ['::1', '127.0.0.2']) {
    await assert.rejects(d.connect(host), host);
  }
});

test('parameters that a method does not know are refused', async () => {
  const refused = { status: { x: 1 }, peers: { x: 1 }, reload: { file: '/etc/passwd' }, metrics: { x: 1 }, drain: { deadline_s: 0 } };
  for (const [method, params] of [...Object.entries(refused), ['drain', { deadline_s: 86401 }], ['drain', { deadline_s: '5' }], ['drain', { now: true }]]) {
    const answer = JSON.parse((await d.rpc(token, method, params)).body);
    assert.equal(answer.error?.data.code, 'invalid_params', `${method} ${JSON.stringify(params)}`);
  }
  assert.equal(result(await d.rpc(token, 'status')).state, 'running');
});

// ---- the token

test('the token is 0600 in a directory of 0700; it is new at each start, and the old one is worth nothing', async () => {
  assert.equal(mode(d.tokenFile), '600');
  assert.equal(mode(join(d.home, 'run')), '700');
  assert.equal(mode(d.socket), '600');
  const other = await Server.start();
  const first = await other.session();
  assert.equal(await other.down(), 0);
  assert.ok(!existsSync(other.tokenFile) && !existsSync(other.socket), 'an orderly end takes both away');
  await other.up();
  const second = await other.session();
  assert.notEqual(first, second);
  refusedWith(await other.rpc(first, 'status'), 401);
  assert.equal((await other.rpc(second, 'status')).status, 200);
  await other.end();
});

test('the token stands in no argument, no environment and no log', () => {
  assert.ok(!d.process.err.includes(token) && !d.process.out.includes(token));
  for (const file of ['cmdline', 'environ']) {
    assert.ok(!readFileSync(`/proc/${d.pid}/${file}`, 'latin1').includes(token), file);
  }
});

test('a token of the operator\'s own is taken from its file, if nobody else may read it', async () => {
  const own = new Server();
  own.port = await freePort();
  own.home = makeHome(own.port);
  const file = join(own.home, 'own-token');
  const ini = `[operator]\nport = ${own.port}\ntoken_file = ${file}\n`;
  const good = 'q'.repeat(42) + 'o';
  const starts = async (text, bits) => {
    rmSync(file, { force: true });
    writeFileSync(file, text, { mode: bits });
    chmodSync(file, bits);
    await own.up({ ini });
  };
  await assert.rejects(starts(good, 0o644), /Others may read the token file .*chmod 600/);
  await assert.rejects(starts('short', 0o600), /holds no token: 43 characters/);
  await assert.rejects(starts(`${good}x`, 0o600), /holds no token/);
  await starts(`${good}\n`, 0o600);
  assert.equal((await own.rpc(good, 'status')).status, 200);
  assert.ok(!existsSync(own.tokenFile), 'none is made beside it');
  await own.end();
  assert.ok(!existsSync(file));
});

test('a token file that is a symbolic link is not written through', async () => {
  const other = await Server.start();
  await other.down();
  const precious = join(other.home, 'precious');
  writeFileSync(precious, 'precious');
  symlinkSync(precious, other.tokenFile);
  await other.up();
  assert.equal(readFileSync(precious, 'utf8'), 'precious');
  assert.ok(lstatSync(other.tokenFile).isFile());
  await other.end();
});

test('another user reaches neither socket nor token', { skip: !isRoot && 'only root can become another user' }, () => {
  chmodSync(d.home, 0o711);
  const script = `import socket\nfor f in (lambda: open(${JSON.stringify(d.tokenFile)}).read(), lambda: socket.socket(socket.AF_UNIX).connect(${JSON.stringify(d.socket)})):\n  try:\n    f()\n    print('reached')\n  except PermissionError:\n    print('refused')`;
  const it = spawnSync('python3', ['-c', script], { uid: OTHER, gid: OTHER, cwd: '/', encoding: 'utf8', timeout: 10000 });
  assert.equal(it.stdout, 'refused\nrefused\n', it.stderr);
});

test('a port that is held is refused, and the program is named', async () => {
  const holder = net.createServer();
  await new Promise((done) => { holder.listen(0, '127.0.0.1', done); });
  const other = new Server();
  other.port = holder.address().port;
  other.home = makeHome(other.port);
  await assert.rejects(other.up(), /operator's port \d+ is held by .*choose another/);
  assert.ok(!existsSync(other.tokenFile) && !existsSync(other.socket));
  holder.close();
  rmSync(other.home, { recursive: true, force: true });
});

// ---- WebSocket

async function authed() {
  const ws = await WebSocketClient.open(d);
  ws.send(JSON.stringify({ auth: token }));
  assert.deepEqual(await ws.json(), { auth: 'ok' });
  return ws;
}
const subscribe = (ws, topics, id = 1) => ws.send(call('subscribe', { topics }).replace('"id":1', `"id":${id}`));

const foreign = { 'from another site': { Origin: 'http://evil.test' }, 'without Origin': { Origin: null }, 'with Origin null': { Origin: 'null' }, 'with a foreign Host': { Host: 'evil.test' }, 'cross-site': { 'Sec-Fetch-Site': 'cross-site' } };
for (const [name, fields] of Object.entries(foreign)) {
  test(`a WebSocket ${name} is not opened`, async () => {
    const ws = await WebSocketClient.open(d, fields);
    assert.equal(ws.answer.status, 403);
    ws.end();
  });
}

for (const message of [{ auth: 'A'.repeat(43) }, { auth: '' }, { auth: 1 }, JSON.parse(call('subscribe', { topics: ['status'] }))]) {
  test(`a WebSocket that says ${Object.keys(message)[0]} ${String(message.auth ?? '').slice(0, 4)} is closed with 4401`, async () => {
    const ws = await WebSocketClient.open(d);
    ws.send(JSON.stringify(message));
    assert.equal(await ws.closeCode(), 4401);
    ws.end();
  });
}

test('who subscribes hears the state at least every two seconds, and a WebSocket takes nothing else', async () => {
  const ws = await authed();
  ws.send(call('status'));
  assert.equal((await ws.json()).error.data.code, 'method_not_found');
  subscribe(ws, ['log']);
  assert.equal((await ws.json()).error.data.code, 'invalid_params');
  subscribe(ws, ['status']);
  assert.deepEqual((await ws.json()).result, { topics: ['status'] });
  for (let seq = 1; seq <= 3; seq++) {
    const { method, params } = await ws.json(2000);
    assert.deepEqual([method, params.topic, params.seq, params.data.state], ['event', 'status', seq, 'running']);
  }
  ws.end();
});

test('16 may listen, the next is told to wait, and room comes back', async () => {
  const all = [];
  const codes = [];
  for (let i = 0; i < 17; i++) {
    const ws = await authed();
    all.push(ws);
    subscribe(ws, ['status'], 100 + i);
    let answer = await ws.json();
    while (answer.id !== 100 + i) {
      answer = await ws.json();
    }
    codes.push(answer.error?.data.code);
  }
  assert.deepEqual(codes.filter(Boolean), ['rate_limited']);
  all.forEach((ws) => ws.end());
  await until('room', async () => {
    const ws = await authed();
    subscribe(ws, ['status']);
    const answer = await ws.json();
    ws.end();
    return answer.result;
  });
});

test('over the Unix socket there is no code, no stop and no subscription', async () => {
  for (const method of ['open_code', 'stop', 'subscribe', 'session']) {
    assert.equal((await d.local(method)).error.data.code, 'method_not_found', method);
  }
  assert.ok(d.isAlive());
});

// ---- metrics

test('the metrics are in the text format 0.0.4: types before samples, each name once', async () => {
  const { body } = await metrics();
  const types = new Map();
  const seen = new Set();
  assert.ok(body.endsWith('\n'));
  for (const line of body.trimEnd().split('\n')) {
    const type = /^# TYPE ([a-z_]+) (counter|gauge)$/.exec(line);
    const help = /^# HELP ([a-z_]+) [^\n]+$/.exec(line);
    if (type) {
      assert.ok(!types.has(type[1]), line);
      types.set(type[1], type[2]);
    } else if (!help) {
      const sample = /^([a-z_]+)(\{[a-z_]+="[^"\\\n]*"(?:,[a-z_]+="[^"\\\n]*")*\})? (\d+(?:\.\d+)?)$/.exec(line);
      assert.ok(sample, line);
      assert.ok(types.has(sample[1]), `${line} has a type above it`);
      assert.ok(!seen.has(sample[1] + sample[2]), line);
      assert.equal(types.get(sample[1]) === 'counter', sample[1].endsWith('_total'), line);
      seen.add(sample[1] + sample[2]);
    }
  }
  assert.match(body, /^passmesh_problem\{code="node_silent"\} 1$/m);
  assert.match(body, /^passmesh_node_up 0$/m);
});

// ---- commands

test('status, peers and metrics as commands, in words and as JSON', async () => {
  const words = await d.command('status');
  assert.equal(words.code, 0, words.err);
  assert.match(words.out, /^State +running$/m);
  assert.match(words.out, /^Problem +The Ethereum node does not answer/m);
  const status = JSON.parse((await d.command('--json', 'status')).out);
  assert.equal(status.peer_id, d.ready.peer_id);
  assert.match((await d.command('peers')).out, /^Peers +0$/m);
  assert.deepEqual(JSON.parse((await d.command('peers', '--json')).out).peers, []);
  assert.match((await d.command('metrics')).out, /^# TYPE passmesh_info gauge$/m);
});

test('where no server runs a command says so', async () => {
  const home = mkdtempSync(join(tmpdir(), 'pm-none-'));
  const it = run(home, ['status'], {}, { binary: SERVER });
  assert.equal(await it.ended, 1);
  assert.match(it.err, /no server is running here/);
  rmSync(home, { recursive: true });
});

test('wrong words are usage', async () => {
  for (const words of [['drain', 'soon'], ['drain', '0'], ['drain', '-5'], ['status', 'x'], ['status', 'peers'], ['statuss'], ['drain', '1', '2']]) {
    assert.equal((await d.command(...words)).code, 2, words.join(' '));
  }
  assert.equal(result(await d.rpc(token, 'status')).state, 'running');
});

test('--check-config: good and bad, and nothing is made', async () => {
  const home = makeHome(0);
  const network = join(home, 'local.ini');
  const check = async (ini, ...words) => {
    writeFileSync(join(home, 'config', 'server.ini'), ini);
    const it = run(home, ['--check-config', ...words], {}, { binary: SERVER });
    await it.ended;
    return it;
  };
  const good = `[server]\nnetwork = ${network}\nnode = http://127.0.0.1:9\nlisten = /ip4/127.0.0.1/tcp/0\n`;
  const fine = await check(good);
  assert.equal(fine.code, 0, fine.err);
  assert.match(fine.out, /^The configuration is good: local \(chain 31337\), 1 address for peers, bundling\.$/m);
  assert.deepEqual(JSON.parse((await check(good, '--json')).out), { network: 'local', chain_id: 31337, listen: 1, bundler: true });
  const bad = {
    'an unknown key': [`${good}colour = red\n`, /unknown section or key.*line 5/],
    'no network': ['[server]\nnode = http://127.0.0.1:9\n', /name a network/],
    'a network that is not there': [good.replace(network, 'atlantis'), /no network atlantis/],
    'another scheme': [good.replace('http:', 'ftp:'), /no http:\/\/ or https:\/\/ address/],
    'no address': [good.replace('/ip4/127.0.0.1/tcp/0', 'here'), /listen = here is no address/],
    'a wrong announce': [`${good}announce = there\n`, /announce = there is no address/],
    'few units': [`${good}[limits]\nunits = 19\n`, /at least 20 units.*line 6/],
    'a token file that is not there': [`${good}[operator]\nport = 1\ntoken_file = /nowhere\n`, /token file \/nowhere cannot be read/],
  };
  for (const [name, [ini, why]] of Object.entries(bad)) {
    const it = await check(ini);
    assert.equal(it.code, 2, `${name}: ${it.err}`);
    assert.match(it.err, why, name);
    assert.equal(it.err.trimEnd().split('\n').length, 1, 'one sentence');
  }
  assert.deepEqual(readdirSync(home).sort(), ['config', 'local.ini', 'secret.txt', 'ui']);
  rmSync(home, { recursive: true });
});

test('reload takes over what may change, says what cannot, and keeps everything if the file is bad', async () => {
  const other = await Server.start();
  const ini = (more) => writeFileSync(join(other.home, 'config', 'server.ini'), `[operator]\nport = ${other.port}\n${more}`);
  ini('[limits]\nunits = 123\nstreams = 7\n[peers]\ndeny = 203.0.113.0/24\nper_network = 9\n[log]\nlevel = debug\n[bundler]\nloss_per_hour = 9\nenabled = no\n');
  const words = await other.command('reload');
  assert.equal(words.code, 0, words.err);
  assert.equal(words.out, 'server.ini was read again.\nChanged: limits.units bundler.loss_per_hour peers.deny peers.per_network log.level\nOnly after a restart: limits.streams bundler.enabled\n');
  assert.deepEqual(JSON.parse((await other.command('--json', 'reload')).out), { changed: [], needs_restart: ['limits.streams', 'bundler.enabled'] });
  ini('[limits]\nunits = many\n');
  const bad = await other.command('reload');
  assert.equal(bad.code, 1);
  assert.match(bad.err, /nothing was changed: line 4: a whole number/);
  ini('[peers]\ndeny = 203.0.113.1/24\n');
  assert.match((await other.command('reload')).err, /nothing was changed: line 4: a rule is a peer id/);
  ini('');
  assert.deepEqual(JSON.parse((await other.command('reload', '--json')).out).changed, ['limits.units', 'bundler.loss_per_hour', 'peers.deny', 'peers.per_network', 'log.level']);
  const token2 = await other.session();
  assert.deepEqual(result(await other.rpc(token2, 'reload')), { changed: [], needs_restart: [] });
  await other.end();
});

test('reload knows every key of server.ini that docs/config.md has', () => {
  const read = (file) => readFileSync(join(import.meta.dirname, '../..', file), 'utf8');
  const table = read('docs/config.md').split('## server.ini')[1];
  const documented = [...table.matchAll(/^\| (\w+) \| (\w+) \|/gm)].map((m) => `${m[1]}.${m[2]}`).filter((k) => k !== 'section.key');
  const known = [...read('src/node/server/server_reload.c').matchAll(/ITEM\("([\w.]+)"/g)].map((m) => m[1]);
  assert.ok(documented.length > 25);
  assert.deepEqual(known.sort(), documented.sort());
});

test('drain ends a server that has nothing to do at once, and the command waits for that', async () => {
  const other = await Server.start();
  const it = await other.command('drain', '60');
  assert.equal(it.code, 0, it.err);
  assert.equal(await Promise.race([other.process.ended, sleep(2000)]), 0);
  assert.match(other.process.err, /told to drain: stopping in 60 s at the latest/);
  assert.equal(statSync(join(other.home, 'run')).isDirectory() && readdirSync(join(other.home, 'run')).length, 0);
  rmSync(other.home, { recursive: true });
});

// ---- systemd

/** A service manager's socket in python: prints each datagram. Node has no datagram sockets of the Unix family. */
async function manager(home) {
  const path = join(home, 'notify');
  const script = `import socket\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.bind(${JSON.stringify(path)})\nprint('bound',flush=True)\nwhile True: print(s.recv(4096).decode().replace(chr(10),' '),flush=True)`;
  const { spawn } = await import('node:child_process');
  const child = spawn('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const it = { path, lines: [], end: () => child.kill() };
  child.stdout.on('data', (b) => it.lines.push(...b.toString().split('\n').filter(Boolean)));
  await until('the manager', () => it.lines.includes('bound'));
  return it;
}

test('a service manager hears READY, a state, signs of life, RELOADING and STOPPING', async () => {
  const other = new Server();
  other.port = await freePort();
  other.home = makeHome(other.port);
  const m = await manager(other.home);
  try {
    await other.up({ env: { NOTIFY_SOCKET: m.path, WATCHDOG_USEC: '1000000' } });
    await until('READY', () => m.lines.includes('READY=1'));
    await until('signs of life', () => m.lines.filter((l) => l === 'WATCHDOG=1').length >= 3);
    assert.ok(m.lines.some((l) => l.startsWith('STATUS=The Ethereum node does not answer')), m.lines.join('; '));
    assert.equal(other.ready.sandbox, 'full');
    await other.command('reload');
    await until('RELOADING', () => m.lines.some((l) => /^RELOADING=1 MONOTONIC_USEC=\d+$/.test(l)));
    await until('READY again', () => m.lines.filter((l) => l === 'READY=1').length === 2);
    other.process.child.kill('SIGSTOP');
    const heard = m.lines.length;
    await sleep(1500);
    assert.ok(m.lines.length - heard <= 1, 'a server that hangs gives no sign of life');
    other.process.child.kill('SIGCONT');
    assert.equal(await other.down(), 0);
    await until('STOPPING', () => m.lines.includes('STOPPING=1'));
  } finally {
    m.end();
    rmSync(other.home, { recursive: true, force: true });
  }
});

test('a manager that cannot be told is a failed start, not a service that hangs', async () => {
  const other = new Server();
  other.port = await freePort();
  other.home = makeHome(other.port);
  await assert.rejects(other.up({ env: { NOTIFY_SOCKET: '/nowhere/at/all' } }), /NOTIFY_SOCKET/);
  rmSync(other.home, { recursive: true, force: true });
});

test('after all that the server lives', async () => {
  assert.ok(d.isAlive());
  assert.equal(result(await d.rpc(token, 'status')).state, 'running');
});
