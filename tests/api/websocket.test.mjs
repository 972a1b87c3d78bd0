// The WebSocket of the local API: who gets in, when it is thrown out, and what comes in order. A6.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Daemon, SECURITY_FIELDS, WebSocketClient, securityFields, sleep, until } from './daemon.mjs';

let d;
let token;
before(async () => {
  d = await Daemon.start();
  token = await d.session();
});
after(() => d.end());

async function authed(by = token) {
  const ws = await WebSocketClient.open(d);
  ws.send(JSON.stringify({ auth: by }));
  assert.deepEqual(await ws.json(), { auth: 'ok' });
  return ws;
}
const subscribe = (ws, topics, id = 1) => ws.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'subscribe', params: { topics } }));
const KEY = (c) => c.repeat(22);

const refused = {
  'from another site': { Origin: 'http://evil.test' },
  'without Origin': { Origin: null },
  'with Origin null': { Origin: 'null' },
  'from localhost': () => ({ Origin: `http://localhost:${d.port}` }),
  'from an extension': { Origin: 'chrome-extension://abcdefghijklmnopabcdefghijklmnop' },
  'with a foreign Host': { Host: 'evil.test' },
  'with localhost as Host': () => ({ Host: `localhost:${d.port}` }),
  'cross-site': { 'Sec-Fetch-Site': 'cross-site' },
};
for (const [name, value] of Object.entries(refused)) {
  test(`a WebSocket ${name} is not opened`, async () => {
    const ws = await WebSocketClient.open(d, typeof value === 'function' ? value() : value);
    assert.equal(ws.answer.status, 403);
    ws.end();
  });
}

const broken = {
  'with version 12': { 'Sec-WebSocket-Version': 12 },
  'without a key': { 'Sec-WebSocket-Key': null },
  'with a short key': { 'Sec-WebSocket-Key': 'AAAA' },
  'without Connection: Upgrade': { Connection: 'keep-alive' },
  'to h2c': { Upgrade: 'h2c' },
};
for (const [name, fields] of Object.entries(broken)) {
  test(`an upgrade ${name} gives no WebSocket`, async () => {
    const ws = await WebSocketClient.open(d, fields);
    assert.ok(ws.answer.status >= 400, `status ${ws.answer.status}`);
    ws.end();
  });
}

test('an upgrade elsewhere than /ws is refused', async () => {
  for (const path of ['/', '/rpc', '/ws/', '/ws/x']) {
    const answer = await d.ask(d.head('GET', path, { Origin: d.origin, Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': 13, 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==' }));
    assert.ok(answer.status >= 400, `${path}: ${answer.status}`);
  }
});

test('the answer that opens a WebSocket carries the security fields too, and so does one that refuses', async () => {
  const ws = await WebSocketClient.open(d);
  assert.equal(ws.answer.status, 101);
  assert.deepEqual(securityFields(ws.answer), SECURITY_FIELDS);
  ws.end();
  const foreign = await WebSocketClient.open(d, { Origin: 'http://evil.test' });
  assert.equal(foreign.answer.status, 403);
  assert.deepEqual(securityFields(foreign.answer), SECURITY_FIELDS);
  foreign.end();
});

const wrong = {
  'a wrong token': () => ({ auth: 'A'.repeat(43) }),
  'an empty token': () => ({ auth: '' }),
  'a token that is no text': () => ({ auth: 1 }),
  'a right token with something beside it': () => ({ auth: token, x: 1 }),
  'a request instead': () => ({ jsonrpc: '2.0', id: 1, method: 'subscribe', params: { topics: ['status'] } }),
  'an array': () => [token],
};
for (const [name, message] of Object.entries(wrong)) {
  test(`a WebSocket that says ${name} is closed with 4401`, async () => {
    const ws = await WebSocketClient.open(d);
    assert.equal(ws.answer.status, 101);
    ws.send(JSON.stringify(message()));
    assert.equal(await ws.closeCode(), 4401);
    ws.end();
  });
}

test('a WebSocket that says no JSON is closed with 4401', async () => {
  const ws = await WebSocketClient.open(d);
  ws.send(token);
  assert.equal(await ws.closeCode(), 4401);
  ws.end();
});

test('a WebSocket that says nothing is closed with 4401 after 2 s, and hears nothing until then', async () => {
  const ws = await WebSocketClient.open(d);
  const start = Date.now();
  const { opcode, payload } = await ws.frame();
  assert.equal(opcode, 8, 'the first frame is the close frame');
  assert.equal(payload.readUInt16BE(0), 4401);
  assert.ok(Date.now() - start >= 1800 && Date.now() - start < 4000, `after ${Date.now() - start} ms`);
  ws.end();
});

test('pings do not put the 2 s off', async () => {
  const ws = await WebSocketClient.open(d);
  const pings = setInterval(() => ws.send('', { opcode: 9 }), 200);
  try {
    for (;;) {
      const { opcode, payload } = await ws.frame(4000);
      if (opcode === 8) {
        assert.equal(payload.readUInt16BE(0), 4401);
        break;
      }
      assert.equal(opcode, 10);
    }
  } finally {
    clearInterval(pings);
    ws.end();
  }
});

const frames = {
  'an unmasked frame': [(ws) => ws.send(JSON.stringify({ auth: token }), { masked: false }), 1002],
  'a reserved opcode': [(ws) => ws.send('x', { opcode: 3 }), 1002],
  'a continuation of nothing': [(ws) => ws.send('x', { opcode: 0 }), 1002],
  'text that is no UTF-8': [(ws) => ws.send(Buffer.from([0xff])), 1007],
  'a frame that says it has 2^62 bytes': [(ws) => ws.client.write(Buffer.from('81ff4000000000000000' + '00000000', 'hex')), 1009],
};
for (const [name, [send, code]] of Object.entries(frames)) {
  test(`${name} ends the WebSocket with ${code}`, async () => {
    const ws = await WebSocketClient.open(d);
    send(ws);
    assert.equal(await ws.closeCode(), code);
    ws.end();
  });
}

test('a message above 256 KiB ends the WebSocket with 1009, in pieces too', async () => {
  const ws = await authed();
  for (let i = 0; i < 9; i++) {
    const payload = Buffer.alloc(32768, 0x20);
    ws.client.write(Buffer.concat([Buffer.from([i === 0 ? 0x01 : 0x00, 0xfe, payload.length >> 8, payload.length & 255, 0, 0, 0, 0]), payload]));
  }
  assert.equal(await ws.closeCode(), 1009);
  ws.end();
});

test('subscribe answers with numbers, and one snapshot of each topic follows with that number', async () => {
  const ws = await authed();
  const topics = ['status', 'accounts', 'balances', 'activity', 'requests', 'health', 'network', 'settings', 'log'];
  subscribe(ws, topics);
  const answer = await ws.json();
  const numbers = Object.fromEntries(answer.result.topics.map((t) => [t.topic, t.seq]));
  assert.deepEqual(Object.keys(numbers).sort(), [...topics].sort());
  const seen = {};
  while (Object.keys(seen).length < topics.length) {
    const { method, params } = await ws.json();
    assert.equal(method, 'event');
    if (seen[params.topic] === undefined) {
      assert.equal(params.kind, 'snapshot', params.topic);
      assert.equal(params.seq, numbers[params.topic], params.topic);
    } else {
      assert.equal(params.seq, seen[params.topic] + 1, params.topic);
    }
    seen[params.topic] = params.seq;
  }
  ws.end();
});

test('a change is told to every page, each with its own count', async () => {
  const [a, b] = [await authed(), await authed()];
  subscribe(a, ['settings']);
  subscribe(b, ['settings']);
  for (const ws of [a, b]) {
    await ws.json();
    assert.equal((await ws.json()).params.kind, 'snapshot');
  }
  await d.rpc(token, 'settings_set', { key: KEY('a'), changes: { theme: 'dark' } });
  for (const ws of [a, b]) {
    const { params } = await ws.json();
    assert.deepEqual([params.topic, params.kind, params.data.theme], ['settings', 'update', 'dark']);
    ws.end();
  }
});

test('subscribing anew replaces the choice', async () => {
  const ws = await authed();
  subscribe(ws, ['settings']);
  await ws.json();
  await ws.json();
  subscribe(ws, [], 2);
  assert.deepEqual((await ws.json()).result.topics, []);
  await d.rpc(token, 'settings_set', { key: KEY('b'), changes: { theme: 'light' } });
  await assert.rejects(ws.json(600));
  ws.end();
});

test('status comes at least every 10 s', async () => {
  const ws = await authed();
  subscribe(ws, ['status']);
  await ws.json();
  await ws.json();
  const { params } = await ws.json(10500);
  assert.deepEqual([params.topic, params.kind], ['status', 'update']);
  ws.end();
});

test('an unknown topic, a topic twice and a foreign method are refused, and the socket lives', async () => {
  const ws = await authed();
  subscribe(ws, ['keys']);
  assert.equal((await ws.json()).error.data.code, 'invalid_params');
  ws.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'open_code', params: {} }));
  assert.equal((await ws.json()).error.data.code, 'method_not_found');
  ws.send('{');
  assert.equal((await ws.json()).error.data.code, 'parse_error');
  subscribe(ws, ['settings'], 9);
  assert.equal((await ws.json()).id, 9);
  ws.end();
});

test('a WebSocket takes subscribe alone: what the page may call over HTTP is no method here', async () => {
  const ws = await authed();
  const before = JSON.parse((await d.rpc(token, 'settings_get')).body).result;
  const requests = { status: {}, version: {}, settings_get: {}, settings_set: { key: KEY('w'), changes: { theme: 'dark', language: 'zh' } }, lock: { key: KEY('x') }, session_end: { key: KEY('y') }, open_code: {}, session: { code: KEY('z') } };
  for (const [method, params] of Object.entries(requests)) {
    ws.send(JSON.stringify({ jsonrpc: '2.0', id: method, method, params }));
    const answer = await ws.json();
    assert.deepEqual([answer.id, answer.error?.data.code, answer.error?.data.params], [method, 'method_not_found', { method }]);
  }
  assert.deepEqual(JSON.parse((await d.rpc(token, 'settings_get')).body).result, before);
  assert.equal(JSON.parse((await d.rpc(token, 'status')).body).result.locked, false);
  ws.end();
});

test('the end of its session ends the WebSocket with 4401', async () => {
  const own = await d.session();
  const ws = await authed(own);
  subscribe(ws, ['status']);
  await ws.json();
  await ws.json();
  await d.rpc(own, 'session_end', { key: KEY('c') });
  assert.equal(await ws.closeCode(3000), 4401);
  ws.end();
  token = await d.session();
});

test('a page that does not read is dropped, and memory stays bounded', async () => {
  const ws = await authed();
  const start = d.memoryKib();
  ws.client.socket.pause();
  for (let i = 0; i < 200; i++) {
    subscribe(ws, ['log', 'status', 'network'], i);
    await sleep(1);
  }
  assert.ok(d.memoryKib() - start < 12 * 1024, `${d.memoryKib() - start} KiB more`);
  ws.end();
  await until('the daemon', async () => (await d.get('/')).status === 200);
});

test('16 pages may listen at once, the next is told to wait', async () => {
  const sockets = [];
  const codes = [];
  for (let i = 0; i < 17; i++) {
    const ws = await authed();
    sockets.push(ws);
    subscribe(ws, ['settings']);
    codes.push((await ws.json()).error?.data.code);
  }
  assert.equal(codes.filter((c) => c === undefined).length, 16, codes.join());
  assert.equal(codes[16], 'rate_limited');
  sockets.forEach((ws) => ws.end());
});
