// Requests that every local API has to refuse, whoever answers behind it: the wallet's in a daemon, the operator's in a server.
// A1 to A14 are the numbers of docs/threat-model.md's list of attacks on the local API, where it has one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep, until } from './daemon.mjs';

export const call = (method, params = {}) => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
export const refusedWith = (answer, ...statuses) => {
  assert.ok(statuses.includes(answer.status), `status ${answer.status}, expected ${statuses.join(' or ')}: ${answer.body}`);
  assert.ok(!answer.body.includes('<title>page') && !answer.body.includes('"result"') && !answer.body.includes('passmesh_info') && !answer.body.includes('SECRET'), answer.body);
};
export const valueOf = (value, port) => (typeof value === 'function' ? value(port) : value);

// ---- A1: DNS rebinding. The Host says by which name the browser came here.

const hosts = (name) => ({
  'another name': 'evil.test',
  'another name with our port': (p) => `evil.test:${p}`,
  localhost: (p) => `localhost:${p}`,
  'localhost without port': 'localhost',
  'localhost with a dot': (p) => `localhost.:${p}`,
  'our name with a dot': (p) => `${name}.:${p}`,
  'our name without port': name,
  'our name on another port': `${name}:1`,
  'our port with a leading zero': (p) => `${name}:0${p}`,
  'our name in upper case': (p) => `${name.toUpperCase()}:${p}`,
  'our name as a label of another': (p) => `${name}.evil.test:${p}`,
  'our name behind another': (p) => `evil.test.${name}:${p}`,
  'our name behind a user': (p) => `evil@${name}:${p}`,
  'our name before a path': (p) => `${name}:${p}/`,
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
  'twice the same': (p) => [`${name}:${p}`, `${name}:${p}`],
  'ours and another': (p) => [`${name}:${p}`, 'evil.test'],
  'another and ours': (p) => ['evil.test', `${name}:${p}`],
  'two in one line': (p) => `${name}:${p}, evil.test`,
});

const lines = (api) => ({
  'absolute form of another host': () => `GET http://evil.test/ HTTP/1.1\r\nHost: ${api.d.host}\r\n\r\n`,
  'absolute form of ours, Host of another': () => `GET ${api.d.origin}/ HTTP/1.1\r\nHost: evil.test\r\n\r\n`,
  'authority form': () => `CONNECT ${api.d.host} HTTP/1.1\r\nHost: ${api.d.host}\r\n\r\n`,
  'asterisk form': () => `OPTIONS * HTTP/1.1\r\nHost: ${api.d.host}\r\n\r\n`,
  'HTTP/1.0': () => `GET / HTTP/1.0\r\nHost: ${api.d.host}\r\n\r\n`,
  'HTTP/0.9': () => 'GET /\r\n\r\n',
  'HTTP/2': () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'TLS': () => Buffer.from('16030100a5010000a10303', 'hex').toString('latin1') + '\r\n\r\n',
});

// ---- A2, A3: Origin

export const origins = (name) => ({
  'of another site': 'http://evil.test',
  null: 'null',
  empty: '',
  absent: null,
  'of localhost': (p) => `http://localhost:${p}`,
  'of localhost on another port': 'http://localhost:5000',
  'of 127.0.0.1': (p) => `http://127.0.0.1:${p}`,
  'of 127.0.0.1 as a label': 'http://127.0.0.1.evil',
  'with our name as a label': (p) => `http://${name}.evil.test:${p}`,
  'with our name behind a user': (p) => `http://evil.test@${name}:${p}`,
  'https of ours': (p) => `https://${name}:${p}`,
  'ours without port': `http://${name}`,
  'ours with a slash': (p) => `http://${name}:${p}/`,
  'ours in upper case': (p) => `HTTP://${name.toUpperCase()}:${p}`,
  'of a file': 'file://',
  'of an extension': 'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
  'of a Firefox extension': 'moz-extension://00000000-0000-0000-0000-000000000000',
  'ours and another': (p) => `http://${name}:${p} http://evil.test`,
  'twice': (p) => [`http://${name}:${p}`, `http://${name}:${p}`],
});

// ---- A4, A5, A7: what a page may send without asking

export const simple = {
  'text/plain': { 'Content-Type': 'text/plain' },
  'text/plain with our type behind it': { 'Content-Type': 'text/plain; application/json' },
  'a form': { 'Content-Type': 'application/x-www-form-urlencoded' },
  'a multipart form': { 'Content-Type': 'multipart/form-data; boundary=x' },
  'no content type': { 'Content-Type': null },
  'an empty content type': { 'Content-Type': '' },
  'a type that begins like ours': { 'Content-Type': 'application/json-patch+json' },
  'two types': { 'Content-Type': ['application/json', 'text/plain'] },
};

const foreign = (api) => ({
  'a no-cors POST that carries only a Referer': () => api.d.rpc(api.token, 'status', {}, { Origin: null, Referer: 'http://evil.test/' }),
  'a beacon': () => api.d.post('/rpc', call('status'), { Origin: 'http://evil.test', 'Content-Type': 'text/plain;charset=UTF-8', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Site': 'cross-site' }),
  'a cross-site POST that claims our Origin': () => api.d.rpc(api.token, 'status', {}, { 'Sec-Fetch-Site': 'cross-site' }),
  'a same-site POST from another port': () => api.d.rpc(api.token, 'status', {}, { 'Sec-Fetch-Site': 'same-site' }),
  'an image': () => api.show({ 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image' }),
  'a script of another site': () => api.show({ 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'script' }),
  'an EventSource': () => api.d.get('/rpc', { Accept: 'text/event-stream', 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'cors' }),
  'a foreign form that navigates': () => api.d.post('/rpc', call('status'), { Origin: 'http://evil.test', 'Content-Type': 'application/x-www-form-urlencoded', 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' }),
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

const heads = {
  '100,000 fields': () => 'X: y\r\n'.repeat(100000),
  '65 small fields': () => 'X: y\r\n'.repeat(65),
  'one field of 1 MB': () => `X: ${'y'.repeat(1 << 20)}\r\n`,
  'a name of 20 kB': () => `${'x'.repeat(20000)}: y\r\n`,
};

// ---- A13: JSON

const nested = (open, close, n) => open.repeat(n) + close.repeat(n);
export const bombs = {
  'an empty body': ['', 'parse_error'],
  'no JSON': ['hello', 'parse_error'],
  'a byte order mark': [`\ufeff${call('status')}`, 'parse_error'],
  'depth 33': [`{"jsonrpc":"2.0","id":1,"method":"status","params":${nested('[', ']', 33)}}`, 'parse_error'],
  'depth 100,000': [nested('[', ']', 100000), 'parse_error'],
  'depth 100,000, never closed': ['['.repeat(200000), 'parse_error'],
  'a member twice': ['{"jsonrpc":"2.0","id":1,"method":"status","method":"lock","params":{}}', 'parse_error'],
  'a member twice, once with escapes': ['{"jsonrpc":"2.0","id":1,"method":"status","m\\u0065thod":"lock","params":{}}', 'parse_error'],
  'a lone surrogate': ['{"jsonrpc":"2.0","id":1,"method":"\\ud800","params":{}}', 'parse_error'],
  'bytes that are no UTF-8': ['{"jsonrpc":"2.0","id":1,"method":"\xff","params":{}}', 'parse_error'],
  '1e308': ['{"jsonrpc":"2.0","id":1e308,"method":"status","params":{}}', 'invalid_request'],
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
  'a method of the Unix socket': [call('open_code'), 'method_not_found'],
  'stop': [call('stop'), 'method_not_found'],
  '__proto__ in params': ['{"jsonrpc":"2.0","id":1,"method":"status","params":{"__proto__":{}}}', 'invalid_params'],
};

/** Cases that wait for a deadline: begun before all others, so that they run beside them. */
export function startSlow(api) {
  const drip = async (first, piece, everyMs, forMs) => {
    const c = await api.d.connect();
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
  const post = api.d.head('POST', '/rpc', { Origin: api.d.origin, 'Content-Type': 'application/json', Authorization: `Bearer ${api.token}`, 'Content-Length': 1000 });
  return {
    'a head that stops': [10000, caught(drip('GET / HTTP/1.1\r\n', '', 60000, 14000))],
    'a head that drips': [10000, caught(drip(`GET / HTTP/1.1\r\nHost: ${api.d.host}\r\n`, 'X: y\r\n', 700, 14000))],
    'a body that stops': [20000, caught(drip(post, '', 60000, 25000))],
    'a body that drips': [20000, caught(drip(post, ' ', 300, 25000))],
  };
}

/**
 * Declares the tests. api: { name, the host's name; d, what is attacked (daemon.mjs); token, a good one; show(fields), a GET that is
 * answered with 200 if fields are right; slow, of startSlow }. Its members are asked for when a test runs.
 */
export function attack(api) {
  for (const [name, value] of Object.entries(hosts(api.name))) {
    const Host = (p) => valueOf(value, p);
    if (Host(1) === `${api.name}:1`) {
      continue; // that is the right one
    }
    test(`Host ${name} is refused`, async () => {
      const fields = { Host: Host(api.d.port) };
      refusedWith(await api.show(fields), 400, 403);
      refusedWith(await api.d.rpc(api.token, 'status', {}, fields), 400, 403);
      refusedWith(await api.d.rpc(api.token, 'status', {}, { ...fields, Origin: `http://${fields.Host}` }), 400, 403);
    });
  }

  for (const [name, bytes] of Object.entries(lines(api))) {
    test(`request line: ${name} is refused`, async () => {
      refusedWith(await api.d.ask(bytes()), 400, 403, 404, 405, 505);
    });
  }

  for (const [name, value] of Object.entries(origins(api.name))) {
    const Origin = (p) => valueOf(value, p);
    if (Origin(1) === `http://${api.name}:1`) {
      continue;
    }
    test(`Origin ${name} is refused, token and all`, async () => {
      refusedWith(await api.d.rpc(api.token, 'status', {}, { Origin: Origin(api.d.port) }), 400, 403);
    });
  }

  test('a GET of a rebound page, which has no Origin, is refused by its Host', async () => {
    refusedWith(await api.show({ Host: `evil.test:${api.d.port}` }), 403);
  });

  for (const [name, fields] of Object.entries(simple)) {
    test(`a simple request with ${name} is refused`, async () => {
      refusedWith(await api.d.rpc(api.token, 'status', {}, fields), 400, 415);
    });
  }

  for (const [name, ask] of Object.entries(foreign(api))) {
    test(`${name} is refused`, async () => refusedWith(await ask(), 403, 415));
  }

  test('a preflight is never granted, not for private networks either', async () => {
    for (const Origin of ['http://evil.test', api.d.origin]) {
      const answer = await api.d.ask(api.d.head('OPTIONS', '/rpc', { Origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization,content-type', 'Access-Control-Request-Private-Network': 'true' }));
      assert.ok(answer.status >= 400, `status ${answer.status}`);
      assert.deepEqual(Object.keys(answer.headers).filter((h) => h.startsWith('access-control')), []);
    }
  });

  for (const name of Object.keys(bad('x'.repeat(43)))) {
    test(`a token ${name} is refused`, async () => refusedWith(await api.d.rpc(bad(api.token)[name], 'status'), 401));
  }

  test('a token is taken from Authorization alone', async () => {
    const body = call('status');
    refusedWith(await api.d.post(`/rpc?token=${api.token}`, body), 401);
    refusedWith(await api.d.post('/rpc', body, { Cookie: `token=${api.token}` }), 401);
    refusedWith(await api.d.post('/rpc', body, { Authorization: api.token }), 401);
    refusedWith(await api.d.post('/rpc', body, { Authorization: `Basic ${api.token}` }), 401);
    refusedWith(await api.d.post('/rpc', body, { Authorization: [`Bearer ${api.token}`, `Bearer ${api.token}`] }), 400);
  });

  for (const [name, fields] of Object.entries(smuggling)) {
    test(`smuggling: ${name} is refused, and what hides behind it is not read`, async () => {
      const c = await api.d.connect();
      c.write(Buffer.from(`POST /rpc HTTP/1.1\r\nHost: ${api.d.host}\r\nOrigin: ${api.d.origin}\r\nContent-Type: application/json\r\n${fields.map((f) => `${f}\r\n`).join('')}\r\n0\r\n\r\n${api.d.head('GET', '/')}`, 'latin1'));
      refusedWith(await c.answer(), 400, 411, 413);
      await c.closed();
      assert.equal(c.take(), undefined, 'no second answer');
      c.end();
    });
  }

  test('a request in the body of another stays a body', async () => {
    const c = await api.d.connect();
    c.write(api.d.postText('/rpc', api.d.head('GET', '/')) + api.d.head('GET', '/'));
    refusedWith(await c.answer(), 401);
    await c.closed();
    assert.equal(c.take(), undefined);
  });

  test('a body of 100 MB is refused by its head, and memory stays flat', async () => {
    const before = api.d.memoryKib();
    const c = await api.d.connect();
    c.write(api.d.head('POST', '/rpc', { Origin: api.d.origin, 'Content-Type': 'application/json', Authorization: `Bearer ${api.token}`, 'Content-Length': 104857600 }));
    refusedWith(await c.answer(2000), 413);
    const piece = Buffer.alloc(1 << 20, 0x20);
    let sent = 0;
    for (; sent < 100 && !c.error && !c.isClosed; sent++) {
      c.write(piece);
      await sleep(1);
    }
    await c.closed();
    assert.ok(api.d.memoryKib() - before < 4096, `${api.d.memoryKib() - before} KiB more after ${sent} MB`);
    c.end();
  });

  test('a client that sends its 100 MB without waiting still reads why not', async () => {
    const c = await api.d.connect();
    c.write(api.d.head('POST', '/rpc', { Origin: api.d.origin, 'Content-Type': 'application/json', Authorization: `Bearer ${api.token}`, 'Content-Length': 104857600 }));
    c.write(Buffer.alloc(512 * 1024, 0x20));
    refusedWith(await c.answer(3000), 413);
    c.end();
  });

  test('a body one byte above the limit is refused, one at the limit is read', async () => {
    const at = call('status').padEnd(256 * 1024, ' ');
    assert.equal((await api.d.post('/rpc', at, { Authorization: `Bearer ${api.token}` })).status, 200);
    refusedWith(await api.d.post('/rpc', `${at} `, { Authorization: `Bearer ${api.token}` }), 413);
  });

  for (const [name, fields] of Object.entries(heads)) {
    test(`a head with ${name} is refused`, async () => {
      const before = api.d.memoryKib();
      refusedWith(await api.d.ask(`GET / HTTP/1.1\r\nHost: ${api.d.host}\r\n${fields()}\r\n`), 400, 431);
      assert.ok(api.d.memoryKib() - before < 4096);
    });
  }

  test('a target of 5,000 characters is refused', async () => refusedWith(await api.d.get(`/${'a'.repeat(5000)}`), 400, 431));

  test('the 65th connection is turned away, and room comes back', async () => {
    await until('other connections to end', async () => { // those of earlier cases
      const c = await api.d.connect();
      c.end();
      return true;
    });
    const idle = [];
    for (let i = 0; i < 70; i++) {
      idle.push(await api.d.connect());
    }
    await until('some to be closed', () => idle.filter((c) => c.isClosed).length >= 6);
    idle.forEach((c) => c.end());
    await until('room', async () => (await api.show().catch(() => ({}))).status === 200);
  });

  for (const [name, [text, code]] of Object.entries(bombs)) {
    test(`JSON: ${name} is ${code}`, async () => {
      const body = name === 'bytes that are no UTF-8' ? Buffer.from(text, 'latin1') : Buffer.from(text);
      const c = await api.d.connect();
      c.write(api.d.head('POST', '/rpc', { Origin: api.d.origin, 'Content-Type': 'application/json', Authorization: `Bearer ${api.token}`, 'Content-Length': body.length }));
      c.write(body);
      const answer = await c.answer();
      c.end();
      assert.equal(JSON.parse(answer.body).error?.data.code, code, answer.body);
      assert.ok(api.d.isAlive());
    });
  }

  for (const name of ['a head that stops', 'a head that drips', 'a body that stops', 'a body that drips']) {
    test(`${name} is ended by its deadline`, async () => {
      const [deadline, promise] = api.slow[name];
      const { answer, ms, error } = await promise;
      assert.ifError(error);
      assert.equal(answer.status, 408);
      assert.ok(ms >= deadline - 200 && ms < deadline + 3000, `after ${ms} ms`);
    });
  }
}
