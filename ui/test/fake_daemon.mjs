/* A FAKE daemon, for the tests of the page only: it keeps a little world in memory and follows api/, no chain is behind it.
 * Every request and reply is checked against the schemas. It verifies passkeys for real (ES256, challenge, origin, UV). */
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { createServer } from 'node:http';
import { check, checkError, errors, methods, topics as topicSchemas } from './schema.mjs';
import { readPage, serveFile } from './server.mjs';
import { ALICE, eth, make, usdc } from './states.mjs';

const WEI = 10n ** 18n;
const FEE = 21n * WEI / 10000n;
const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

class Refusal extends Error {
  constructor(code, params = {}) {
    super(code);
    Object.assign(this, { code, params });
  }
}

export async function startFakeDaemon(folder, { stepMs = 400 } = {}) {
  const page = readPage(folder);
  const sockets = new Set();
  const world = fresh();
  const calls = [];
  const server = createServer((request, response) => void onRequest(request, response));
  server.on('upgrade', (request, socket) => onUpgrade(request, socket));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const origin = `http://passmesh.localhost:${server.address().port}`;

  function fresh() {
    const { topics, replies } = make(Date.now());
    return {
      start: randomBytes(4).toString('hex'), codes: new Set(), tokens: new Set(), accounts: [], contacts: [], balance: 0n, usdc: 250_000000n, ops: new Map(), rows: [],
      settings: topics.settings, ceremonies: new Map(), answered: new Map(), network: topics.network, plugin: topics.plugin, networks: replies.networks_list.networks, locked: false, log: topics.log.lines, down: false,
    };
  }

  const figure = (value, asset = eth, o = {}) => ({ value: value.toString(), decimals: asset.decimals, unit: asset.symbol, grade: 'reported', k: 1, n: 1, block: 21004, as_of_ms: Date.now(), why: 'local_network', ...o });
  const status = () => ({
    version: '0.1.0', start_id: world.start, now_ms: Date.now(), locked: world.locked, network_id: 'local', ...(world.accounts[0] && !world.locked ? { account_id: 'a1' } : {}),
    chain: { state: 'ok', block: 21004, block_ms: Date.now() - 2000, as_of_ms: Date.now(), grade: 'reported', k: 1, n: 1, tried: 1 }, keys: 'ok', sandbox: { level: 'full', landlock_abi: 6, missing: [] }, test_key: false,
    requests: waiting().length, ceremonies: [...world.ceremonies.values()].filter((c) => c.kind === 'create').map(({ id, kind, name, created_ms, expires_ms }) => ({ id, kind, name, created_ms, expires_ms })),
    peers: 2, servers: 1,
  });
  const waiting = () => [...world.ops.values()].filter((o) => o.state === 'prepared');
  const balances = () => ({ account_id: 'a1', network_id: 'local', items: [{ asset: eth, amount: figure(world.balance), hidden: false }, { asset: usdc, amount: figure(world.usdc, usdc), hidden: false }], hidden: 0 });
  const rowOf = (o) => ({ id: o.id, kind: o.kind, state: o.state, direction: o.kind === 'receive' || o.kind === 'faucet' ? 'in' : 'out', party: o.to, asset: o.asset, amount: o.amount, at_ms: o.created_ms, spam: false });
  const rows = () => [...world.ops.values()].reverse().map(rowOf);
  const snapshots = {
    status, settings: () => world.settings, accounts: () => ({ accounts: world.accounts }), balances: () => ({ items: world.accounts.length ? [balances()] : [] }),
    activity: () => ({ rows: rows().slice(0, 20), total: world.ops.size, spam_hidden: 0 }), requests: () => ({ operations: waiting() }),
    health: () => ({ accounts: world.accounts.map((a) => ({ account_id: a.id, safe: false, ways_in: 1, tested: 1, reasons: [{ code: 'one_way_in', params: {} }] })) }),
    network: () => world.network, plugin: () => world.plugin, log: () => ({ lines: world.log }),
  };

  /* events */
  function emit(topic, data = snapshots[topic](), kind = 'update') {
    check(topicSchemas[topic][kind], data, `event ${topic}`);
    for (const s of sockets) {
      if (s.seqs.has(topic)) {
        s.seqs.set(topic, s.seqs.get(topic) + 1);
        s.send({ jsonrpc: '2.0', method: 'event', params: { topic, kind, seq: s.seqs.get(topic), data } });
      }
    }
  }
  function changed(operation) {
    operation.updated_ms = Date.now();
    emit('activity', { row: rowOf(operation), operation });
    emit('requests');
    emit('status');
  }

  /* passkeys, verified */
  function clientData(text, type, challenge) {
    const bytes = Buffer.from(text, 'base64url');
    const data = JSON.parse(bytes);
    if (data.type !== type || data.challenge !== challenge) {
      throw new Refusal('ceremony_refused', { rule: 'challenge' });
    }
    if (data.origin !== origin) {
      throw new Refusal('ceremony_origin', { expected: origin, got: data.origin });
    }
    return bytes;
  }
  function authData(bytes) {
    if (!bytes.subarray(0, 32).equals(sha256('passmesh.localhost')) || !(bytes[32] & 1)) {
      throw new Refusal('ceremony_refused', { rule: 'rp_id' });
    }
    if (!(bytes[32] & 4)) {
      throw new Refusal('ceremony_unverified');
    }
    return bytes;
  }
  function publicKeyOf(attestation) {
    const object = Buffer.from(attestation, 'base64url');
    const at = object.indexOf('authData') + 8;
    const skip = object[at] === 0x58 ? 2 : 3;
    const auth = authData(object.subarray(at + skip));
    const idLen = auth.readUInt16BE(53);
    const cose = auth.subarray(55 + idLen);
    return createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x: cose.subarray(10, 42).toString('base64url'), y: cose.subarray(45, 77).toString('base64url') } });
  }
  function verifyAssertion(a, challenge) {
    const owner = world.accounts.flatMap((x) => x.owners).find((o) => o.credential_id === a.credential_id);
    if (!owner) {
      throw new Refusal('ceremony_wrong_key', { account: 'Main', names: 'My passkey' });
    }
    const client = clientData(a.client_data_json, 'webauthn.get', challenge);
    const auth = authData(Buffer.from(a.authenticator_data, 'base64url'));
    if (!verify('sha256', Buffer.concat([auth, sha256(client)]), world.keys.get(owner.credential_id), Buffer.from(a.signature, 'base64url'))) {
      throw new Refusal('ceremony_refused', { rule: 'signature' });
    }
    owner.last_used_ms = owner.tested_ms = Date.now();
  }
  world.keys = new Map();

  function prepare({ asset: assetId, to, amount, kind = 'send', replaces }) {
    const asset = assetId === 'native' ? eth : usdc;
    const have = assetId === 'native' ? world.balance - FEE : world.usdc;
    if (BigInt(amount) > have) {
      throw new Refusal('amount_exceeds', { available: '1', symbol: asset.symbol });
    }
    const now = Date.now();
    const account = world.accounts[0];
    const me = { address: account.address, name: account.name, known: 'own' };
    const contact = world.contacts.find((c) => c.address === to);
    const party = { address: to, ...(contact ? { name: contact.name, known: 'contact' } : { known: 'none' }) };
    const hash = `0x${randomBytes(32).toString('hex')}`;
    const id = `op${world.ops.size + 1}`;
    const operation = {
      id, kind, state: 'prepared', revision: 1, account_id: 'a1', network_id: 'local', created_ms: now, updated_ms: now, expires_ms: now + 300000,
      asked_by: { kind: 'self', origin: 'self', first_seen_ms: now }, from: me, to: party, asset, amount: figure(BigInt(amount), asset, { grade: 'proven', why: 'this_wallet' }),
      effects: [{ kind: 'leaves', asset, amount: figure(BigInt(amount), asset), from: me, to: party, grade: 'reported' }],
      fee: { max: figure(FEE), speed: 'normal', wait_s: 2 }, risks: contact ? [] : [{ id: 'r1', level: 'caution', code: 'first_time', params: {}, tick: false }],
      trial: { state: 'done', block: 21004 }, check_code: `${hash.slice(2, 6)}-${hash.slice(6, 10)}`.toUpperCase(),
      next: { code: 'passkey_then_servers', params: { servers: '1', wait_s: '2' } }, undo: { code: 'not_once_included', params: {} },
      request: { rp_id: 'passmesh.localhost', challenge: Buffer.from(hash.slice(2), 'hex').toString('base64url'), allow: account.owners.map((o) => ({ id: o.credential_id, transports: o.transports })), user_verification: 'required', timeout_ms: 120000 },
      owners: account.owners.map((o) => o.name),
      exact: { chain_id: 31337, entry_point: '0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108', sender: account.address, nonce: String(world.ops.size), calls: [{ to, value: assetId === 'native' ? amount : '0', data: '0x' }],
        user_op_hash: hash, call_gas_limit: '60000', verification_gas_limit: '400000', pre_verification_gas: '60000', max_fee_per_gas: '4000000000', max_priority_fee_per_gas: '1000000000' },
      steps: ['prepared', 'signed', 'submitted', 'included', 'final'].map((state, i) => ({ state, at_ms: i === 0 ? now : 0 })), can: ['approve', 'reject'], ...(replaces ? { replaces } : {}),
    };
    world.ops.set(id, operation);
    changed(operation);
    return operation;
  }
  function advance(o, path) {
    const [state, ...rest] = path;
    o.state = state;
    o.steps.find((s) => s.state === state).at_ms = Date.now();
    if (state === 'included') {
      o.block = 21005;
      o.tx_hash = `0x${randomBytes(32).toString('hex')}`;
      o.fee.paid = figure(FEE / 2n);
      world.balance -= FEE / 2n + (o.asset.id === 'native' ? BigInt(o.amount.value) : 0n);
      world.usdc -= o.asset.id === 'native' ? 0n : BigInt(o.amount.value);
      world.accounts[0].on_chain = true;
      emit('balances');
      emit('accounts');
    }
    changed(o);
    if (rest.length) {
      setTimeout(() => advance(o, rest), stepMs);
    }
  }
  const opOf = (id) => world.ops.get(id) ?? (() => {
    throw new Refusal('unknown_operation');
  })();

  const hardware = methods.hardware.example.result;
  const handlers = {
    status, settings_get: () => world.settings, accounts_list: () => ({ accounts: world.accounts }), networks_list: () => ({ networks: world.networks }),
    version: () => ({ version: '0.1.0', build: 'fake', libraries: [], methods: Object.keys(handlers) }),
    network_status: () => world.network, peers_list: () => ({ peers: [] }), servers_list: () => ({ servers: [] }), tokens_list: () => ({ tokens: [eth, usdc] }),
    hardware: () => ({ ...hardware, technologies: [...hardware.technologies, { name: 'sgx', chip: false, firmware: false, usable: false, reason: 'sgx_none' }] }),
    contacts_list: () => ({ contacts: world.contacts }), balances_get: balances, operation_get: ({ operation_id }) => opOf(operation_id), log_tail: () => ({ lines: world.log }),
    session_end: () => ({}),
    settings_set: ({ changes }) => {
      Object.assign(world.settings, changes);
      emit('settings');
      return world.settings;
    },
    account_create_begin: ({ name, resume }) => {
      const old = resume && world.ceremonies.get(resume);
      const c = { id: `c${randomBytes(4).toString('hex')}`, kind: 'create', name, created_ms: Date.now(), expires_ms: Date.now() + 180000, challenge: randomBytes(32).toString('base64url'), user: old?.user ?? randomBytes(32).toString('base64url') };
      world.ceremonies.delete(resume);
      world.ceremonies.set(c.id, c);
      const { id, kind, created_ms, expires_ms } = c;
      return { ceremony: { id, kind, name, created_ms, expires_ms }, options: { rp_id: 'passmesh.localhost', rp_name: 'Passmesh', user_id: c.user, user_name: name, user_display_name: name, challenge: c.challenge, algorithms: [-7], exclude: [], hints: [], resident_key: 'required', user_verification: 'required', attestation: 'none', timeout_ms: 120000 } };
    },
    account_create_finish: ({ ceremony_id, passkey_name, response }) => {
      const c = world.ceremonies.get(ceremony_id);
      if (!c) {
        throw new Refusal('unknown_ceremony');
      }
      clientData(response.client_data_json, 'webauthn.create', c.challenge);
      world.keys.set(response.credential_id, publicKeyOf(response.attestation_object));
      world.ceremonies.delete(ceremony_id);
      const now = Date.now();
      const account = { id: 'a1', name: c.name, address: '0x71C7656EC7ab88b098defB751B7401B5f6d8976F', kind: 'passkey', threshold: 1, on_chain: false, safe: false, selected: true, created_ms: now,
        owners: [{ id: 'o1', name: passkey_name, kind: 'passkey', rp_id: 'passmesh.localhost', credential_id: response.credential_id, transports: response.transports, synced: false, created_ms: now, last_used_ms: now, tested_ms: now, state: 'active', added: false, ready_ms: 0, chains: [] }] };
      world.accounts.push(account);
      ['accounts', 'status', 'balances', 'activity', 'health'].forEach((t) => emit(t, snapshots[t](), 'snapshot'));
      return account;
    },
    account_create_cancel: ({ ceremony_id }) => (world.ceremonies.delete(ceremony_id), emit('status'), {}),
    account_rename: ({ name }) => (Object.assign(world.accounts[0], { name }), emit('accounts'), world.accounts[0]),
    contacts_add: ({ name, address }) => {
      const contact = { id: `k${world.contacts.length}`, name, address, sent_count: 0, created_ms: Date.now() };
      world.contacts.push(contact);
      return contact;
    },
    contacts_remove: ({ contact_id }) => (world.contacts = world.contacts.filter((c) => c.id !== contact_id), {}),
    address_check: ({ text }) => {
      if (!/^0x[0-9a-fA-F]*$/.test(text)) {
        return { ok: false, error: { code: 'address_not', params: {} }, risks: [] };
      }
      if (text.length !== 42) {
        return { ok: false, error: { code: 'address_length', params: { digits: String(text.length - 2) } }, risks: [] };
      }
      if (text.toLowerCase() === ALICE.toLowerCase() && text !== ALICE) {
        return { ok: false, error: { code: 'address_checksum', params: {} }, risks: [] };
      }
      const contact = world.contacts.find((c) => c.address === text);
      return { ok: true, address: text, party: { address: text, ...(contact ? { name: contact.name, known: 'contact' } : { known: 'none' }) }, risks: contact ? [] : [{ id: 'r1', level: 'caution', code: 'first_time', params: {}, tick: false }] };
    },
    receive_info: () => ({ address: world.accounts[0].address, uri: world.accounts[0].address, on_chain: world.accounts[0].on_chain, ways_in: 1, network: 'Local network' }),
    fee_quote: ({ asset }) => {
      const have = asset === 'native' ? world.balance : world.usdc;
      const max = asset === 'native' ? (have > FEE ? have - FEE : 0n) : have;
      return { have: figure(have, asset === 'native' ? eth : usdc), have_native: figure(world.balance), speeds: [{ fee: { max: figure(FEE), speed: 'normal', wait_s: 2 }, max_amount: figure(max, asset === 'native' ? eth : usdc) }] };
    },
    send_prepare: prepare,
    send_approve: ({ operation_id, revision, assertion }) => {
      const o = opOf(operation_id);
      if (o.state !== 'prepared' || o.revision !== revision) {
        throw new Refusal('operation_changed');
      }
      verifyAssertion(assertion, o.request.challenge);
      delete o.request;
      o.can = [];
      o.user_op_hash = o.exact.user_op_hash;
      advance(o, ['signed']);
      setTimeout(() => advance(o, ['submitted', 'included', 'final']), stepMs);
      return structuredClone(o);
    },
    send_cancel: ({ operation_id }) => {
      const o = opOf(operation_id);
      delete o.request;
      Object.assign(o, { state: 'cancelled', can: [], reason: { code: 'person', params: {} } });
      changed(o);
      return o;
    },
    history_list: ({ direction = 'all', search = '' }) => {
      const found = rows().filter((r) => (direction === 'all' || r.direction === direction) && JSON.stringify(r.party).includes(search));
      return { rows: found, total: found.length, spam_hidden: 0 };
    },
    faucet_request: () => {
      setTimeout(() => {
        world.balance += 20n * WEI;
        emit('balances');
      }, stepMs);
      return { amount: figure(20n * WEI), tx_hash: `0x${randomBytes(32).toString('hex')}` };
    },
    lock: () => (world.locked = true, emit('status'), {}),
    unlock_begin: () => {
      const c = { id: `u${randomBytes(4).toString('hex')}`, kind: 'unlock', name: 'Main', created_ms: Date.now(), expires_ms: Date.now() + 120000, challenge: randomBytes(32).toString('base64url') };
      world.ceremonies.set(c.id, c);
      const { challenge, ...ceremony } = c;
      return { ceremony, options: { rp_id: 'passmesh.localhost', challenge, allow: world.accounts[0].owners.map((o) => ({ id: o.credential_id, transports: o.transports })), user_verification: 'required', timeout_ms: 120000 } };
    },
    unlock_finish: ({ ceremony_id, assertion }) => {
      verifyAssertion(assertion, world.ceremonies.get(ceremony_id).challenge);
      world.ceremonies.delete(ceremony_id);
      world.locked = false;
      emit('status');
      return {};
    },
    cosigner_finish: ({ account_id, assertion }) => {
      const account = world.accounts.find((a) => a.id === account_id);
      const { options, what, server, chain_ids, limits } = account.cosigner_wish;
      verifyAssertion(assertion, options.challenge);
      delete account.cosigner_wish;
      account.cosigner = { owner_id: 'o9', server, address: account.address, chain_ids, limits };
      emit('accounts');
      return { what, account_id };
    },
  };

  function run(method, params) {
    if (!handlers[method] || methods[method].transport !== 'rpc') {
      throw new Refusal('method_not_found', { method });
    }
    check(methods[method].params, params, `${method} params`);
    if (params.key && world.answered.has(params.key)) {
      return world.answered.get(params.key);
    }
    calls.push(method);
    const result = handlers[method](params);
    check(methods[method].result, result, `${method} result`);
    if (params.key) {
      world.answered.set(params.key, result);
    }
    return result;
  }
  function errorOf(cause) {
    const refusal = cause instanceof Refusal ? cause : new Refusal('internal', { where: 'fake' });
    if (refusal !== cause) {
      console.error('fake daemon:', cause);
    }
    checkError(refusal.code, refusal.params, 'reply');
    const { number, next, blame } = errors[refusal.code];
    return { code: number, message: refusal.code, data: { code: refusal.code, params: refusal.params, next, blame } };
  }

  async function onRequest(request, response) {
    if (world.down) {
      return request.socket.destroy();
    }
    if (request.method === 'GET') {
      return serveFile(page, request, response);
    }
    let text = '';
    for await (const part of request) {
      text += part;
    }
    const reply = (code, body) => response.writeHead(code, { ...page.headers, 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    if (request.headers.origin !== origin || request.headers.host !== new URL(origin).host || request.headers.cookie) {
      return reply(403, { error: errorOf(new Refusal('forbidden_host', { expected: new URL(origin).host })) });
    }
    const body = JSON.parse(text);
    if (request.url === '/session') {
      check(methods.session.params, body, 'session');
      if (!world.codes.delete(body.code)) {
        return reply(401, { error: errorOf(new Refusal('session_code_bad')) });
      }
      const token = randomBytes(32).toString('base64url');
      world.tokens.add(token);
      return reply(200, { token, start_id: world.start });
    }
    if (!world.tokens.has(request.headers.authorization?.replace('Bearer ', ''))) {
      return reply(401, { jsonrpc: '2.0', id: body.id, error: errorOf(new Refusal('session_missing')) });
    }
    try {
      return reply(200, { jsonrpc: '2.0', id: body.id, result: run(body.method, body.params) });
    } catch (cause) {
      return reply(200, { jsonrpc: '2.0', id: body.id, error: errorOf(cause) });
    }
  }

  /* WebSocket: text frames below 64 KiB are all that the page sends */
  function onUpgrade(request, socket) {
    if (world.down || request.headers.origin !== origin || request.url !== '/ws') {
      return socket.destroy();
    }
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    const s = { seqs: new Map(), isIn: false, send: (frame) => socket.writable && socket.write(encodeFrame(JSON.stringify(frame))), drop: () => socket.destroy() };
    sockets.add(s);
    let rest = Buffer.alloc(0);
    socket.on('data', (data) => {
      rest = Buffer.concat([rest, data]);
      for (let frame = decodeFrame(rest); frame; frame = decodeFrame(rest)) {
        rest = rest.subarray(frame.size);
        if (frame.opcode === 8) {
          socket.end();
        } else if (frame.opcode === 1) {
          onFrame(s, JSON.parse(frame.text), socket);
        }
      }
    });
    socket.on('close', () => sockets.delete(s));
    socket.on('error', () => sockets.delete(s));
  }
  function onFrame(s, frame, socket) {
    if (!s.isIn) {
      s.isIn = world.tokens.has(frame.auth);
      if (s.isIn) {
        s.send({ auth: 'ok' });
      } else {
        socket.end(encodeClose(4401));
      }
      return;
    }
    check(methods.subscribe.params, frame.params, 'subscribe');
    if (world.locked && frame.params.topics.some((t) => !['status', 'settings', 'plugin'].includes(t))) {
      s.send({ jsonrpc: '2.0', id: frame.id, error: errorOf(new Refusal('locked')) });
      return;
    }
    s.seqs = new Map(frame.params.topics.map((t) => [t, 1]));
    s.send({ jsonrpc: '2.0', id: frame.id, result: { topics: frame.params.topics.map((topic) => ({ topic, seq: 1 })) } });
    for (const topic of frame.params.topics) {
      const data = snapshots[topic]();
      check(topicSchemas[topic].snapshot, data, `snapshot ${topic}`);
      s.send({ jsonrpc: '2.0', method: 'event', params: { topic, kind: 'snapshot', seq: 1, data } });
    }
  }

  return {
    origin, world, calls, prepare, changed, emit,
    /** What passmesh open would print. */
    open() {
      const code = randomBytes(16).toString('base64url');
      world.codes.add(code);
      return `${origin}/#c=${code}`;
    },
    /** The daemon was killed: connections break, nothing answers; up() starts it again, with new tokens unless kept. */
    down() {
      world.down = true;
      sockets.forEach((s) => s.drop());
    },
    up(keepTokens = false) {
      world.down = false;
      if (!keepTokens) {
        world.tokens.clear();
      }
    },
    close() {
      sockets.forEach((s) => s.drop());
      server.closeAllConnections();
      server.close();
    },
  };
}

function encodeFrame(text) {
  const body = Buffer.from(text);
  const head = body.length < 126 ? Buffer.from([0x81, body.length]) : body.length < 65536 ? Buffer.from([0x81, 126, body.length >> 8, body.length & 255]) : Buffer.from([0x81, 127, 0, 0, 0, 0, body.length >>> 24, (body.length >> 16) & 255, (body.length >> 8) & 255, body.length & 255]);
  return Buffer.concat([head, body]);
}

function encodeClose(code) {
  return Buffer.from([0x88, 2, code >> 8, code & 255]);
}

function decodeFrame(bytes) {
  if (bytes.length < 6) {
    return null;
  }
  const short = bytes[1] & 127;
  const at = short === 126 ? 4 : 2;
  const length = short === 126 ? bytes.readUInt16BE(2) : short;
  if (bytes.length < at + 4 + length) {
    return null;
  }
  const mask = bytes.subarray(at, at + 4);
  const body = Buffer.from(bytes.subarray(at + 4, at + 4 + length).map((b, i) => b ^ mask[i % 4]));
  return { opcode: bytes[0] & 15, text: body.toString(), size: at + 4 + length };
}

if (process.argv[1]?.endsWith('fake_daemon.mjs')) {
  const daemon = await startFakeDaemon(process.argv[2]);
  console.log(daemon.open());
}
