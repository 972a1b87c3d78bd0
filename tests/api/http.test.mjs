// Requests that a hostile page, a broken proxy or a flood may send to the wallet's local API. Each is refused in its own way, and the
// daemon goes on. What holds for every local API stands in attacks.mjs.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { attack, call, origins, refusedWith, simple, startSlow, valueOf } from './attacks.mjs';
import { Daemon, SECURITY_FIELDS, securityFields, sleep, until } from './daemon.mjs';

let d;
let token;
let slow; // cases that wait for a deadline run beside all others

before(async () => {
  d = await Daemon.start();
  token = await d.session();
  slow = startSlow({ d, token });
});
after(() => d.end());

attack({
  name: 'passmesh.localhost',
  get d() { return d; },
  get token() { return token; },
  get slow() { return slow; },
  show: (fields) => d.get('/a.js', fields),
});

const settings = async () => JSON.parse((await d.rpc(token, 'settings_get')).body).result;

test('the right request is answered: page, status and session', async () => {
  const page = await d.get('/');
  assert.equal(page.status, 200);
  assert.match(page.body, /<title>page/);
  const status = await d.rpc(token, 'status');
  assert.equal(status.status, 200);
  assert.equal(JSON.parse(status.body).result.locked, false);
});

test('IPv6 loopback answers too', async () => {
  const c = await d.connect('::1');
  c.write(d.head('GET', '/'));
  assert.equal((await c.answer()).status, 200);
  c.end();
});

test('a GET calls no method', async () => {
  refusedWith(await d.get(`/rpc?${encodeURIComponent(call('lock'))}`, { Authorization: `Bearer ${token}`, Origin: d.origin }), 405);
  refusedWith(await d.get('/session?code=x', { Origin: d.origin }), 405);
  assert.equal(JSON.parse((await d.rpc(token, 'status')).body).result.locked, false);
});

test('a link from elsewhere may open the page, but nothing may frame it', async () => {
  const page = await d.get('/', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' });
  assert.equal(page.status, 200);
  assert.match(page.headers['content-security-policy'], /frame-ancestors 'none'/);
});

// ---- sessions

for (const [name, value] of Object.entries(origins('passmesh.localhost'))) {
  test(`Origin ${name} gets no session, and the code is not used up`, async () => {
    const code = await d.code();
    refusedWith(await d.post('/session', JSON.stringify({ code }), { Origin: valueOf(value, d.port) }), 400, 403);
    const answer = await d.post('/session', JSON.stringify({ code }));
    assert.equal(answer.status, 200);
    token = JSON.parse(answer.body).token;
  });
}

for (const [name, fields] of Object.entries(simple)) {
  test(`a simple request with ${name} gets no session`, async () => {
    refusedWith(await d.post('/session', JSON.stringify({ code: await d.code() }), fields), 400, 415);
  });
}

const methods = readdirSync(join(import.meta.dirname, '../../api/methods')).map((f) => f.replace(/\.json$/, '')).filter((m) => m !== 'session');
test(`without a token none of ${methods.length} methods answers`, async () => {
  for (const method of methods) {
    const answer = await d.post('/rpc', call(method));
    refusedWith(answer, 401);
    assert.equal(JSON.parse(answer.body).error.data.code, 'session_missing', method);
  }
});

test('a code works once', async () => {
  token = await d.session();
  const code = JSON.stringify({ code: await d.code() });
  assert.equal((await d.post('/session', code)).status, 200);
  const again = await d.post('/session', code);
  refusedWith(again, 401);
  assert.equal(JSON.parse(again.body).error.data.code, 'session_code_bad');
  assert.equal((await d.post('/session', JSON.stringify({ code: await d.code() }))).status, 200); // a good one sets the count of bad ones back
});

test('a code and a token are not the same', async () => {
  const code = await d.code();
  refusedWith(await d.rpc(code, 'status'), 401);
  refusedWith(await d.post('/session', JSON.stringify({ code: token })), 401);
  assert.equal((await d.post('/session', JSON.stringify({ code }))).status, 200);
});

test('only eight codes wait: the oldest is forgotten', async () => {
  const codes = [];
  for (let i = 0; i < 9; i++) {
    codes.push(await d.code());
  }
  refusedWith(await d.post('/session', JSON.stringify({ code: codes[0] })), 401);
  assert.equal((await d.post('/session', JSON.stringify({ code: codes[8] }))).status, 200);
});

test('guessing codes is slowed down, and a good one works afterwards', async () => {
  const guess = JSON.stringify({ code: 'A'.repeat(43) });
  const statuses = [];
  for (let i = 0; i < 7; i++) {
    statuses.push((await d.post('/session', guess)).status);
  }
  assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429]);
  const code = JSON.stringify({ code: await d.code() });
  assert.equal((await d.post('/session', code)).status, 429);
  await sleep(1100);
  assert.equal((await d.post('/session', code)).status, 200);
});

test('the newest eight sessions live, an older one ends', async () => {
  const first = await d.session();
  const later = [];
  for (let i = 0; i < 8; i++) {
    later.push(await d.session());
  }
  refusedWith(await d.rpc(first, 'status'), 401);
  assert.equal((await d.rpc(later[0], 'status')).status, 200);
  token = later[7];
});

test('session_end ends the session', async () => {
  const ended = await d.session();
  assert.equal((await d.rpc(ended, 'session_end', { key: 'AAAAAAAAAAAAAAAAAAAAAA' })).status, 200);
  refusedWith(await d.rpc(ended, 'status'), 401);
  token = await d.session();
});

test('pipelined requests are answered in order', async () => {
  const c = await d.connect();
  const paths = ['/', '/a.js', '/a.css', '/none', '/'];
  c.write(paths.slice(0, 3).map((p) => d.head('GET', p)).join('') + d.postText('/rpc', call('status'), { Authorization: `Bearer ${token}` }) + d.head('GET', '/a.css'));
  assert.match((await c.answer()).body, /<title>page/);
  assert.equal((await c.answer()).body, '1;');
  assert.equal((await c.answer()).body, 'a{}');
  assert.match((await c.answer()).body, /start_id/);
  assert.equal((await c.answer()).body, 'a{}');
  c.end();
});

test('a thousand pipelined requests of a client that does not read cost little memory', async () => {
  const before = d.memoryKib();
  const c = await d.connect();
  c.socket.pause();
  c.write(d.head('GET', '/').repeat(20000));
  await sleep(500);
  assert.ok(d.memoryKib() - before < 4096, `${d.memoryKib() - before} KiB more`);
  c.end();
});

// ---- A13: JSON of methods that only the wallet has

const bombs = {
  'a member of params twice': ['{"jsonrpc":"2.0","id":1,"method":"balances_get","params":{"account_id":"a","account_id":"b","network_id":"c"}}', 'parse_error'],
  '1e999': ['{"jsonrpc":"2.0","id":1,"method":"log_tail","params":{"limit":1e999}}', 'invalid_params'],
  'session as a method': [call('session', { code: 'A'.repeat(43) }), 'method_not_found'],
  'control characters in a name': [call('contacts_add', { key: 'AAAAAAAAAAAAAAAAAAAAAA', name: 'a\nb', address: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed' }), 'invalid_params'],
};
for (const [name, [text, code]] of Object.entries(bombs)) {
  test(`JSON: ${name} is ${code}`, async () => {
    const answer = await d.post('/rpc', text, { Authorization: `Bearer ${token}` });
    assert.equal(JSON.parse(answer.body).error?.data.code, code, answer.body);
  });
}

// ---- A14: paths

const paths = ['/../secret.txt', '/..%2fsecret.txt', '/%2e%2e/secret.txt', '/%2e%2e%2fsecret.txt', '/..\\secret.txt', '/%5c..%5csecret.txt', '/./../secret.txt', '//secret.txt', '//etc/passwd', '/etc/passwd', '/index.html/../unlisted.txt',
  '/unlisted.txt', '/manifest.json', '/a.js%00.txt', '/a.js/', '/a.js;x', '/A.JS', '/%61.js', '/a%2ejs', '/.', '/..', '/%c0%ae%c0%ae/secret.txt', '/config/passmesh.ini', '/data/wallet.db'];
for (const path of paths) {
  test(`path ${path} gives nothing`, async () => refusedWith(await d.get(path), 400, 404));
}

test('a path that does not begin with a slash is refused', async () => {
  refusedWith(await d.ask(`GET secret.txt HTTP/1.1\r\nHost: ${d.host}\r\n\r\n`), 400);
});

// ---- the fields of every answer

const answers = {
  'the page': [200, () => d.get('/')],
  'a script': [200, () => d.get('/a.js')],
  'a HEAD': [200, () => headOnly()],
  'no such page': [404, () => d.get('/none')],
  'a wrong method': [405, () => d.ask(d.head('DELETE', '/', { Origin: d.origin }))],
  'a broken head': [400, () => d.ask('x\r\n\r\n')],
  'a foreign host': [403, () => d.get('/', { Host: 'evil.test' })],
  'no session': [401, () => d.post('/rpc', call('status'))],
  'a wrong type': [415, () => d.rpc(token, 'status', {}, { 'Content-Type': 'text/plain' })],
  'a large body': [413, () => d.ask(d.head('POST', '/rpc', { Origin: d.origin, 'Content-Type': 'application/json', 'Content-Length': 104857600 }))],
  'a large head': [431, () => d.ask(`GET / HTTP/1.1\r\nHost: ${d.host}\r\n${'X: y\r\n'.repeat(20000)}\r\n`)],
  'no length': [411, () => d.ask(d.head('POST', '/rpc', { Origin: d.origin, 'Content-Type': 'application/json' }))],
  'another version of HTTP': [505, () => d.ask(`GET / HTTP/1.0\r\nHost: ${d.host}\r\n\r\n`)],
  'a session': [200, async () => d.post('/session', JSON.stringify({ code: await d.code() }))],
  'a result': [200, () => d.rpc(token, 'status')],
  'an error': [400, () => d.post('/rpc', '{', { Authorization: `Bearer ${token}` })],
};
async function headOnly() {
  const c = await d.connect();
  c.write(d.head('HEAD', '/'));
  await until('the head', () => c.bytes.includes('\r\n\r\n'));
  await sleep(50);
  assert.ok(c.bytes.subarray(c.bytes.indexOf('\r\n\r\n') + 4).length === 0, 'a HEAD has no body');
  c.bytes = Buffer.concat([Buffer.from(c.bytes.toString('latin1').replace(/content-length: \d+/i, 'Content-Length: 0'), 'latin1')]);
  const answer = await c.answer();
  c.end();
  return answer;
}
for (const [name, [status, ask]] of Object.entries(answers)) {
  test(`the answer to ${name} carries the security fields and nothing else`, async () => {
    const answer = await ask();
    assert.equal(answer.status, status, answer.body);
    assert.deepEqual(securityFields(answer), SECURITY_FIELDS); // and so no cookie, no server, no foreign origin let in
  });
}

test('after all that the daemon lives, unlocked, with its settings', async () => {
  assert.ok(d.isAlive());
  assert.equal((await settings()).lock_after_min, 15);
});
