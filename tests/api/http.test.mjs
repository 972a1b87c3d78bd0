// Requests that a hostile page, a broken proxy or a flood may send to the local API. Each is refused in its own way, and the
// daemon goes on. A1 to A14 are the numbers of docs/threat-model.md's list of attacks on the local API, where it has one.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Daemon, SECURITY_FIELDS, securityFields, sleep, until } from './daemon.mjs';

let d;
let token;
let slow; // cases that wait for a deadline run beside all others

before(async () => {
  d = await Daemon.start();
  token = await d.session();
  slow = startSlow();
});
after(() => d.end());

const call = (method, params = {}) => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
const refusedWith = (answer, ...statuses) => {
  assert.ok(statuses.includes(answer.status), `status ${answer.status}, expected ${statuses.join(' or ')}: ${answer.body}`);
  assert.ok(!answer.body.includes('<title>page') && !answer.body.includes('"result"') && !answer.body.includes('SECRET'), answer.body);
};
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

// ---- A1: DNS rebinding. The Host says by which name the browser came here.

const hosts = {
  'another name': 'evil.test',
  'another name with our port': (p) => `evil.test:${p}`,
  localhost: (p) => `localhost:${p}`,
  'localhost without port': 'localhost',
  'localhost with a dot': (p) => `localhost.:${p}`,
  'our name with a dot': (p) => `passmesh.localhost.:${p}`,
  'our name without port': 'passmesh.localhost',
  'our name on another port': 'passmesh.localhost:1',
  'our port with a leading zero': (p) => `passmesh.localhost:0${p}`,
  'our name in upper case': (p) => `PASSMESH.LOCALHOST:${p}`,
  'our name as a label of another': (p) => `passmesh.localhost.evil.test:${p}`,
  'our name behind another': (p) => `evil.test.passmesh.localhost:${p}`,
  'our name behind a user': (p) => `evil@passmesh.localhost:${p}`,
  'our name before a path': (p) => `passmesh.localhost:${p}/`,
  '127.0.0.1': (p) => `127.0.0.1:${p}`,
  '127.0.0.1 as a label': (p) => `127.0.0.1.evil.test:${p}`,
  '127.1': (p) => `127.1:${p}`,
  '127.0.0.1 as a number': (p) => `2130706433:${p}`,
  '127.0.0.1 in hex': (p) => `0x7f000001:${p}`,
  '0.0.0.0': (p) => `0.0.0.0:${p}`,
  '[::1]': (p) => `[::1]:${p}`,
  '[::]': (p) => `[::]:${p}`,
  '[::ffff:127.0.0.1]': (p) => `[::ffff:127.0.0.1]:${p}`,
  empty: '',
  missing: null,
  'twice the same': (p) => [`passmesh.localhost:${p}`, `passmesh.localhost:${p}`],
  'ours and another': (p) => [`passmesh.localhost:${p}`, 'evil.test'],
  'another and ours': (p) => ['evil.test', `passmesh.localhost:${p}`],
  'two in one line': (p) => `passmesh.localhost:${p}, evil.test`,
};
for (const [name, value] of Object.entries(hosts)) {
  test(`Host ${name} is refused`, async () => {
    const Host = typeof value === 'function' ? value(d.port) : value;
    refusedWith(await d.get('/', { Host }), 400, 403);
    refusedWith(await d.rpc(token, 'status', {}, { Host }), 400, 403);
    refusedWith(await d.rpc(token, 'status', {}, { Host, Origin: `http://${Host}` }), 400, 403);
  });
}

const lines = {
  'absolute form of another host': () => `GET http://evil.test/ HTTP/1.1\r\nHost: ${d.host}\r\n\r\n`,
  'absolute form of ours, Host of another': () => `GET ${d.origin}/ HTTP/1.1\r\nHost: evil.test\r\n\r\n`,
  'authority form': () => `CONNECT ${d.host} HTTP/1.1\r\nHost: ${d.host}\r\n\r\n`,
  'asterisk form': () => `OPTIONS * HTTP/1.1\r\nHost: ${d.host}\r\n\r\n`,
  'HTTP/1.0': () => `GET / HTTP/1.0\r\nHost: ${d.host}\r\n\r\n`,
  'HTTP/0.9': () => 'GET /\r\n\r\n',
  'HTTP/2': () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'TLS': () => Buffer.from('16030100a5010000a10303', 'hex').toString('latin1') + '\r\n\r\n',
};
for (const [name, bytes] of Object.entries(lines)) {
  test(`request line: ${name} is refused`, async () => {
    refusedWith(await d.ask(bytes()), 400, 403, 404, 405, 505);
  });
}

// ---- A2, A3: Origin

const origins = {
  'of another site': 'http://evil.test',
  null: 'null',
  empty: '',
  absent: null,
  'of localhost': (p) => `http://localhost:${p}`,
  'of localhost on another port': 'http://localhost:5000',
  'of 127.0.0.1': (p) => `http://127.0.0.1:${p}`,
  'of 127.0.0.1 as a label': 'http://127.0.0.1.evil',
  'with our name as a label': (p) => `http://passmesh.localhost.evil.test:${p}`,
  'with our name behind a user': (p) => `http://evil.test@passmesh.localhost:${p}`,
  'https of ours': (p) => `https://passmesh.localhost:${p}`,
  'ours without port': 'http://passmesh.localhost',
  'ours with a slash': (p) => `http://passmesh.localhost:${p}/`,
  'ours in upper case': (p) => `HTTP://PASSMESH.LOCALHOST:${p}`,
  'of a file': 'file://',
  'of an extension': 'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
  'of a Firefox extension': 'moz-extension://00000000-0000-0000-0000-000000000000',
  'ours and another': (p) => `http://passmesh.localhost:${p} http://evil.test`,
  'twice': (p) => [`http://passmesh.localhost:${p}`, `http://passmesh.localhost:${p}`],
};
for (const [name, value] of Object.entries(origins)) {
  test(`Origin ${name} is refused, token and all`, async () => {
    const Origin = typeof value === 'function' ? value(d.port) : value;
    refusedWith(await d.rpc(token, 'status', {}, { Origin }), 400, 403);
    const code = await d.code();
    refusedWith(await d.post('/session', JSON.stringify({ code }), { Origin }), 400, 403);
    const answer = await d.post('/session', JSON.stringify({ code }));
    assert.equal(answer.status, 200, 'the refused request has not used the code up');
    token = JSON.parse(answer.body).token;
  });
}

test('a GET of a rebound page, which has no Origin, is refused by its Host', async () => {
  refusedWith(await d.get('/', { Host: `evil.test:${d.port}` }), 403);
});

// ---- A4, A5, A7: what a page may send without asking

const simple = {
  'text/plain': { 'Content-Type': 'text/plain' },
  'text/plain with our type behind it': { 'Content-Type': 'text/plain; application/json' },
  'a form': { 'Content-Type': 'application/x-www-form-urlencoded' },
  'a multipart form': { 'Content-Type': 'multipart/form-data; boundary=x' },
  'no content type': { 'Content-Type': null },
  'an empty content type': { 'Content-Type': '' },
  'a type that begins like ours': { 'Content-Type': 'application/json-patch+json' },
  'two types': { 'Content-Type': ['application/json', 'text/plain'] },
};
for (const [name, fields] of Object.entries(simple)) {
  test(`a simple request with ${name} is refused`, async () => {
    refusedWith(await d.rpc(token, 'status', {}, fields), 400, 415);
    const code = await d.code();
    refusedWith(await d.post('/session', JSON.stringify({ code }), fields), 400, 415);
  });
}

const foreign = {
  'a no-cors POST that carries only a Referer': () => d.rpc(token, 'status', {}, { Origin: null, Referer: 'http://evil.test/' }),
  'a beacon': () => d.post('/rpc', call('status'), { Origin: 'http://evil.test', 'Content-Type': 'text/plain;charset=UTF-8', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Site': 'cross-site' }),
  'a cross-site POST that claims our Origin': () => d.rpc(token, 'status', {}, { 'Sec-Fetch-Site': 'cross-site' }),
  'a same-site POST from another port': () => d.rpc(token, 'status', {}, { 'Sec-Fetch-Site': 'same-site' }),
  'an image': () => d.get('/a.js', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image' }),
  'a script of another site': () => d.get('/a.js', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'script' }),
  'an EventSource': () => d.get('/rpc', { Accept: 'text/event-stream', 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'cors' }),
  'a foreign form that navigates': () => d.post('/rpc', call('status'), { Origin: 'http://evil.test', 'Content-Type': 'application/x-www-form-urlencoded', 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' }),
};
for (const [name, ask] of Object.entries(foreign)) {
  test(`${name} is refused`, async () => refusedWith(await ask(), 403, 415));
}

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

test('a preflight is never granted, not for private networks either', async () => {
  for (const Origin of ['http://evil.test', d.origin]) {
    const answer = await d.ask(d.head('OPTIONS', '/rpc', { Origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization,content-type', 'Access-Control-Request-Private-Network': 'true' }));
    assert.ok(answer.status >= 400, `status ${answer.status}`);
    assert.deepEqual(Object.keys(answer.headers).filter((h) => h.startsWith('access-control')), []);
  }
});

// ---- sessions

const methods = readdirSync(join(import.meta.dirname, '../../api/methods')).map((f) => f.replace(/\.json$/, '')).filter((m) => m !== 'session');
test(`without a token none of ${methods.length} methods answers`, async () => {
  for (const method of methods) {
    const answer = await d.post('/rpc', call(method));
    refusedWith(answer, 401);
    assert.equal(JSON.parse(answer.body).error.data.code, 'session_missing', method);
  }
});

const bad = (good) => ({
  'of 32 zero bytes': 'A'.repeat(43),
  'with one character changed': (good[0] === 'A' ? 'B' : 'A') + good.slice(1),
  'cut by one character': good.slice(1),
  'one character too long': `${good}A`,
  'with padding': `${good}=`,
  empty: '',
  'of a megabyte, nearly': 'A'.repeat(8000),
  'of bytes that are no base64url': '%'.repeat(43),
});
for (const name of Object.keys(bad('x'.repeat(43)))) {
  test(`a token ${name} is refused`, async () => refusedWith(await d.rpc(bad(token)[name], 'status'), 401));
}

test('a token is taken from Authorization alone', async () => {
  const body = call('status');
  refusedWith(await d.post(`/rpc?token=${token}`, body), 401);
  refusedWith(await d.post('/rpc', body, { Cookie: `token=${token}` }), 401);
  refusedWith(await d.post('/rpc', body, { Authorization: token }), 401);
  refusedWith(await d.post('/rpc', body, { Authorization: `Basic ${token}` }), 401);
  refusedWith(await d.post('/rpc', body, { Authorization: [`Bearer ${token}`, `Bearer ${token}`] }), 400);
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

// ---- A12: request smuggling. A second request is hidden behind each; it must not be answered.

const smuggling = {
  'Content-Length and Transfer-Encoding': ['Content-Length: 4', 'Transfer-Encoding: chunked'],
  'Transfer-Encoding alone': ['Transfer-Encoding: chunked'],
  'Transfer-Encoding identity': ['Transfer-Encoding: identity'],
  'Transfer-Encoding with a strange name': ['Transfer-Encoding: xchunked'],
  'Transfer-Encoding with a space before the colon': ['Transfer-Encoding : chunked'],
  'Transfer-Encoding behind a tab': ['\tTransfer-Encoding: chunked'],
  'Transfer-Encoding in two lines': ['Transfer-Encoding:', ' chunked'],
  'two different Content-Lengths': ['Content-Length: 0', 'Content-Length: 60'],
  'twice the same Content-Length': ['Content-Length: 0', 'Content-Length: 0'],
  'a list of Content-Lengths': ['Content-Length: 0, 0'],
  'Content-Length +0': ['Content-Length: +0'],
  'Content-Length -1': ['Content-Length: -1'],
  'Content-Length 0x0': ['Content-Length: 0x0'],
  'Content-Length with a unit': ['Content-Length: 0 bytes'],
  'Content-Length of 2^64': ['Content-Length: 18446744073709551616'],
  'Content-Length without digits': ['Content-Length: '],
  'Content-Length with a space before the colon': ['Content-Length : 0'],
  'no Content-Length': [],
  'a folded line': ['Content-Length: 0', 'X: 1', ' folded'],
  'a bare LF': ['Content-Length: 0\nX: 1'],
  'a bare CR': ['Content-Length: 0\rX: 1'],
  'a NUL': ['Content-Length: 0', 'X: a\0b'],
  'a line without a colon': ['Content-Length: 0', 'nonsense'],
  'a field without a name': ['Content-Length: 0', ': x'],
  'a name with a space in it': ['Content-Length: 0', 'X Y: z'],
  'a chunked upgrade': ['Connection: Upgrade, Transfer-Encoding', 'Upgrade: h2c', 'Transfer-Encoding: chunked'],
};
for (const [name, fields] of Object.entries(smuggling)) {
  test(`smuggling: ${name} is refused, and what hides behind it is not read`, async () => {
    const c = await d.connect();
    c.write(Buffer.from(`POST /rpc HTTP/1.1\r\nHost: ${d.host}\r\nOrigin: ${d.origin}\r\nContent-Type: application/json\r\n${fields.map((f) => `${f}\r\n`).join('')}\r\n0\r\n\r\n${d.head('GET', '/')}`, 'latin1'));
    refusedWith(await c.answer(), 400, 411, 413);
    await c.closed();
    assert.equal(c.take(), undefined, 'no second answer');
    c.end();
  });
}

test('a request in the body of another stays a body', async () => {
  const c = await d.connect();
  c.write(d.postText('/rpc', d.head('GET', '/')) + d.head('GET', '/a.css'));
  refusedWith(await c.answer(), 401);
  await c.closed();
  assert.equal(c.take(), undefined);
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

// ---- size

test('a body of 100 MB is refused by its head, and memory stays flat', async () => {
  const before = d.memoryKib();
  const c = await d.connect();
  c.write(d.head('POST', '/rpc', { Origin: d.origin, 'Content-Type': 'application/json', Authorization: `Bearer ${token}`, 'Content-Length': 104857600 }));
  refusedWith(await c.answer(2000), 413);
  const piece = Buffer.alloc(1 << 20, 0x20);
  let sent = 0;
  for (; sent < 100 && !c.error && !c.isClosed; sent++) {
    c.write(piece);
    await sleep(1);
  }
  await c.closed();
  assert.ok(d.memoryKib() - before < 4096, `${d.memoryKib() - before} KiB more after ${sent} MB`);
  c.end();
});

test('a client that sends its 100 MB without waiting still reads why not', async () => {
  const c = await d.connect();
  c.write(d.head('POST', '/rpc', { Origin: d.origin, 'Content-Type': 'application/json', Authorization: `Bearer ${token}`, 'Content-Length': 104857600 }));
  c.write(Buffer.alloc(512 * 1024, 0x20));
  refusedWith(await c.answer(3000), 413);
  c.end();
});

test('a body one byte above the limit is refused, one at the limit is read', async () => {
  const at = call('status').padEnd(256 * 1024, ' ');
  assert.equal((await d.post('/rpc', at, { Authorization: `Bearer ${token}` })).status, 200);
  refusedWith(await d.post('/rpc', `${at} `, { Authorization: `Bearer ${token}` }), 413);
});

const heads = {
  '100,000 fields': () => 'X: y\r\n'.repeat(100000),
  '65 small fields': () => 'X: y\r\n'.repeat(65),
  'one field of 1 MB': () => `X: ${'y'.repeat(1 << 20)}\r\n`,
  'a name of 20 kB': () => `${'x'.repeat(20000)}: y\r\n`,
};
for (const [name, fields] of Object.entries(heads)) {
  test(`a head with ${name} is refused`, async () => {
    const before = d.memoryKib();
    refusedWith(await d.ask(`GET / HTTP/1.1\r\nHost: ${d.host}\r\n${fields()}\r\n`), 400, 431);
    assert.ok(d.memoryKib() - before < 4096);
  });
}

test('a target of 5,000 characters is refused', async () => refusedWith(await d.get(`/${'a'.repeat(5000)}`), 400, 431));

test('the 65th connection is turned away, and room comes back', async () => {
  await until('other connections to end', async () => { // those of earlier cases
    const c = await d.connect();
    c.end();
    return true;
  });
  const idle = [];
  for (let i = 0; i < 70; i++) {
    idle.push(await d.connect());
  }
  await until('some to be closed', () => idle.filter((c) => c.isClosed).length >= 6);
  idle.forEach((c) => c.end());
  await until('room', async () => (await d.get('/').catch(() => ({}))).status === 200);
});

// ---- A13: JSON

const nested = (open, close, n) => open.repeat(n) + close.repeat(n);
const bombs = {
  'an empty body': ['', 'parse_error'],
  'no JSON': ['hello', 'parse_error'],
  'a byte order mark': [`\ufeff${call('status')}`, 'parse_error'],
  'depth 33': [`{"jsonrpc":"2.0","id":1,"method":"status","params":${nested('[', ']', 33)}}`, 'parse_error'],
  'depth 100,000': [nested('[', ']', 100000), 'parse_error'],
  'depth 100,000, never closed': ['['.repeat(200000), 'parse_error'],
  'a member twice': ['{"jsonrpc":"2.0","id":1,"method":"status","method":"lock","params":{}}', 'parse_error'],
  'a member twice, once with escapes': ['{"jsonrpc":"2.0","id":1,"method":"status","m\\u0065thod":"lock","params":{}}', 'parse_error'],
  'a member of params twice': ['{"jsonrpc":"2.0","id":1,"method":"balances_get","params":{"account_id":"a","account_id":"b","network_id":"c"}}', 'parse_error'],
  'a lone surrogate': ['{"jsonrpc":"2.0","id":1,"method":"\\ud800","params":{}}', 'parse_error'],
  'bytes that are no UTF-8': ['{"jsonrpc":"2.0","id":1,"method":"\xff","params":{}}', 'parse_error'],
  '1e308': ['{"jsonrpc":"2.0","id":1e308,"method":"status","params":{}}', 'invalid_request'],
  '1e999': ['{"jsonrpc":"2.0","id":1,"method":"log_tail","params":{"limit":1e999}}', 'invalid_params'],
  'a number of 400 digits': [`{"jsonrpc":"2.0","id":${'9'.repeat(400)},"method":"status","params":{}}`, 'parse_error'],
  'a NUL byte': ['{"jsonrpc":"2.0","id":1,"method":"status\0","params":{}}', 'parse_error'],
  'an escaped NUL in a method': ['{"jsonrpc":"2.0","id":1,"method":"status\\u0000","params":{}}', 'method_not_found'],
  'something behind it': [`${call('status')}x`, 'parse_error'],
  'two requests': [call('status') + call('status'), 'parse_error'],
  'a batch of one': [`[${call('status')}]`, 'invalid_request'],
  'a batch of 5,000': [`[${Array(5000).fill('{}').join(',')}]`, 'invalid_request'],
  'an empty batch': ['[]', 'invalid_request'],
  'a text': ['"status"', 'invalid_request'],
  'no version': ['{"id":1,"method":"status","params":{}}', 'invalid_request'],
  'another version': ['{"jsonrpc":"1.0","id":1,"method":"status","params":{}}', 'invalid_request'],
  'a notification': ['{"jsonrpc":"2.0","method":"lock","params":{}}', 'invalid_request'],
  'params as an array': ['{"jsonrpc":"2.0","id":1,"method":"status","params":[]}', 'invalid_params'],
  'an object as id': ['{"jsonrpc":"2.0","id":{},"method":"status","params":{}}', 'invalid_request'],
  'an id of 1,000 characters': [`{"jsonrpc":"2.0","id":"${'a'.repeat(1000)}","method":"status","params":{}}`, 'invalid_request'],
  'a member too many': ['{"jsonrpc":"2.0","id":1,"method":"status","params":{},"x":1}', 'invalid_request'],
  'a method of 100 kB': [call('a'.repeat(100000)), 'method_not_found'],
  'a method of another transport': [call('subscribe', { topics: [] }), 'method_not_found'],
  'session as a method': [call('session', { code: 'A'.repeat(43) }), 'method_not_found'],
  'a method of the Unix socket': [call('open_code'), 'method_not_found'],
  'stop': [call('stop'), 'method_not_found'],
  '__proto__ in params': ['{"jsonrpc":"2.0","id":1,"method":"status","params":{"__proto__":{}}}', 'invalid_params'],
  'control characters in a name': [call('contacts_add', { key: 'AAAAAAAAAAAAAAAAAAAAAA', name: 'a\nb', address: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed' }), 'invalid_params'],
};
for (const [name, [text, code]] of Object.entries(bombs)) {
  test(`JSON: ${name} is ${code}`, async () => {
    const body = name === 'bytes that are no UTF-8' ? Buffer.from(text, 'latin1') : Buffer.from(text);
    const c = await d.connect();
    c.write(d.head('POST', '/rpc', { Origin: d.origin, 'Content-Type': 'application/json', Authorization: `Bearer ${token}`, 'Content-Length': body.length }));
    c.write(body);
    const answer = await c.answer();
    c.end();
    assert.equal(JSON.parse(answer.body).error?.data.code, code, answer.body);
    assert.ok(d.isAlive());
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

// ---- deadlines

function startSlow() {
  const drip = async (first, piece, everyMs, forMs) => {
    const c = await d.connect();
    c.write(first);
    const dripping = setInterval(() => c.write(piece), everyMs);
    try {
      const answer = await c.answer(forMs);
      return { answer, ms: Date.now() - c.opened };
    } finally {
      clearInterval(dripping);
      c.end();
    }
  };
  const caught = (p) => p.catch((error) => ({ error }));
  const post = d.head('POST', '/rpc', { Origin: d.origin, 'Content-Type': 'application/json', Authorization: `Bearer ${token}`, 'Content-Length': 1000 });
  return {
    'a head that stops': [10000, caught(drip('GET / HTTP/1.1\r\n', '', 60000, 14000))],
    'a head that drips': [10000, caught(drip(`GET / HTTP/1.1\r\nHost: ${d.host}\r\n`, 'X: y\r\n', 700, 14000))],
    'a body that stops': [20000, caught(drip(post, '', 60000, 25000))],
    'a body that drips': [20000, caught(drip(post, ' ', 300, 25000))],
  };
}

for (const name of ['a head that stops', 'a head that drips', 'a body that stops', 'a body that drips']) {
  test(`${name} is ended by its deadline`, async () => {
    const [deadline, promise] = slow[name];
    const { answer, ms, error } = await promise;
    assert.ifError(error);
    assert.equal(answer.status, 408);
    assert.ok(ms >= deadline - 200 && ms < deadline + 3000, `after ${ms} ms`);
  });
}

test('after all that the daemon lives, unlocked, with its settings', async () => {
  assert.ok(d.isAlive());
  assert.equal((await settings()).lock_after_min, 15);
});
