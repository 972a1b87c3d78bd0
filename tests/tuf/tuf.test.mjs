// Our TUF client and repository maker against tuf-js in both directions, and against a server in between that attacks.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { Updater } from 'tuf-js';
import models from '@tufjs/models';
import { canonicalize } from '@tufjs/canonical-json';
import { serve } from './serve.mjs';
import { Client, folder, makeKey, makeRepo, repo, repoFails, write } from './rig.mjs';

const { Metadata, Root, Signature, Snapshot, Targets, Timestamp } = models;

async function served(t, root) {
  const server = await serve(root);
  t.after(server.close);
  return server;
}

async function ours(t, options) {
  const dir = folder(t);
  const made = await makeRepo(dir, options);
  await made.add('app/one', 'one');
  await made.publish();
  const server = await served(t, made.path);
  const client = new Client(join(dir), server.url);
  mkdirSync(join(dir, 'metadata'));
  assert.equal((await client.init(join(made.path, 'metadata/1.root.json'))).code, 0);
  return { dir, made, server, client };
}

function theirClient(t, path, url) {
  const dir = folder(t);
  const options = { metadataDir: join(dir, 'm'), metadataBaseUrl: `${url}/metadata`, targetDir: join(dir, 't'), targetBaseUrl: `${url}/targets` };
  mkdirSync(options.metadataDir);
  mkdirSync(options.targetDir);
  writeFileSync(join(options.metadataDir, 'root.json'), readFileSync(join(path, 'metadata/1.root.json')));
  return () => new Updater(options);
}

for (const p256 of [false, true]) {
  test(`tuf-js takes what passmesh-repo makes, ${p256 ? 'P-256' : 'Ed25519'}`, async (t) => {
    const { made, server } = await ours(t, { p256 });
    await made.add('dir/öl "x".bin', Buffer.alloc(100000, 7), { words: 'é " \\ \n\u0001 \u{1F600}', n: -5, list: [1, { b: null, a: true }] });
    await made.publish();
    const updater = theirClient(t, made.path, server.url)();
    await updater.refresh();
    const info = await updater.getTargetInfo('app/one');
    assert.equal(readFileSync(await updater.downloadTarget(info), 'utf8'), 'one');
    assert.equal((await updater.getTargetInfo('dir/öl "x".bin')).length, 100000);
    const root = JSON.parse(readFileSync(join(made.path, 'metadata/1.root.json')));
    for (const [id, key] of Object.entries(root.signed.keys)) {
      assert.equal(createHash('sha256').update(canonicalize(key)).digest('hex'), id);
    }
  });
}

test('our client takes what passmesh-repo makes, and keeps it byte for byte', async (t) => {
  const { made, server, client } = await ours(t);
  const done = await client.download('app/one');
  assert.equal(done.code, 0, done.stderr);
  assert.equal(readFileSync(join(client.targets, 'app/one'), 'utf8'), 'one');
  for (const [kept, name] of [['root', '1.root'], ['timestamp', 'timestamp'], ['snapshot', '1.snapshot'], ['targets', '1.targets']]) {
    assert.deepEqual(readFileSync(join(client.metadata, `${kept}.json`)), readFileSync(join(made.path, 'metadata', `${name}.json`)));
  }
  server.state.log.length = 0;
  server.state.bytes = 0;
  assert.equal((await client.download('app/one')).code, 0);
  assert.deepEqual(server.state.log, ['metadata/2.root.json', 'metadata/timestamp.json']);
  assert.ok(server.state.bytes <= 1024, `${server.state.bytes} bytes`);
});

test('keys are rotated by passmesh-repo; both clients follow', async (t) => {
  const { made, server, client } = await ours(t);
  const theirs = theirClient(t, made.path, server.url);
  await theirs().refresh();
  assert.equal((await client.refresh()).code, 0);
  await repo('rotate', made.path, `timestamp=${made.pub('spare')}`, `root=${made.pub('root2', 'root3', 'spare')}:2`);
  const early = await repoFails('publish', made.path, '--snapshot', made.key('snapshot'), '--timestamp', made.key('spare'));
  assert.notEqual(early.code, 0);
  assert.match(early.stderr, /root is not signed/);
  await repo('sign', made.path, 'root', made.key('root2'), made.key('root3'));
  await made.publish('spare');
  const done = await client.refresh();
  assert.equal(done.code, 0, done.stderr);
  assert.equal(JSON.parse(readFileSync(join(client.metadata, 'root.json'))).signed.version, 2);
  await theirs().refresh();
});

test('passmesh-repo refuses what clients would', async (t) => {
  const { dir, made } = await ours(t);
  const file = join(dir, 'file');
  for (const name of ['../x', '/x', 'a//b', '', 'a/', 'a\nb', 'a\\b', 'x/../y', '.']) {
    assert.notEqual((await repoFails('add', made.path, name, file)).code, 0, JSON.stringify(name));
  }
  assert.notEqual((await repoFails('sign', made.path, 'root', made.key('root1'))).code, 0); // published already
  assert.notEqual((await repoFails('init', made.path, 'root=x', 'targets=x', 'snapshot=x', 'timestamp=x')).code, 0);
  assert.notEqual((await repoFails('publish', made.path, '--timestamp', made.key('snapshot'))).code, 0); // the wrong key
  assert.equal(statSync(made.key('root1')).mode & 0o777, 0o600);
});

// A repository of tuf-js with keys of each kind, and a delegated role whose name needs escaping.
function theirRepo(path) {
  const keys = Object.fromEntries(['ed25519', 'ecdsa', 'rsa'].map((k) => [k, makeKey(k)]));
  const all = Object.values(keys);
  const put = (name, signed, signers) => {
    const metadata = new Metadata(signed);
    for (const k of signers) {
      metadata.sign((bytes) => new Signature({ keyID: k.id, sig: k.sign(bytes).toString('hex') }), true);
    }
    write(path, `metadata/${name}`, JSON.stringify(metadata.toJSON()));
  };
  const hash = (kind, text) => createHash(kind).update(text).digest('hex');
  const target = (text) => ({ length: text.length, hashes: { sha256: hash('sha256', text), sha512: hash('sha512', text) } });
  const expires = new Date(Date.now() + 86400000 * 30).toISOString().replace(/\.\d+Z/, 'Z');
  const common = (type) => ({ _type: type, spec_version: '1.0.31', version: 1, expires, 'x-unknown': [{ ü: null }] });
  const role = (k, threshold) => ({ keyids: k.map((x) => x.id), threshold });
  const objects = (k) => Object.fromEntries(k.map((x) => [x.id, x.object]));
  const delegations = { keys: objects([keys.ed25519]),
    roles: [{ name: 'role/ä', ...role([keys.ed25519], 1), terminating: true, paths: ['lib/*'] }] };
  put('1.root.json', Root.fromJSON({ ...common('root'), consistent_snapshot: true, keys: objects(all),
    roles: { root: role(all, 3), timestamp: role([keys.ecdsa], 1), snapshot: role([keys.rsa], 1), targets: role(all, 2) } }), all);
  put('1.targets.json', Targets.fromJSON({ ...common('targets'), targets: { 'app/one': target('one') }, delegations }), [keys.ed25519, keys.rsa]);
  put('1.role/ä.json', Targets.fromJSON({ ...common('targets'), targets: { 'lib/two': target('two') } }), [keys.ed25519]);
  put('1.snapshot.json', Snapshot.fromJSON({ ...common('snapshot'), meta: { 'targets.json': { version: 1 }, 'role/ä.json': { version: 1 } } }), [keys.rsa]);
  put('timestamp.json', Timestamp.fromJSON({ ...common('timestamp'), meta: { 'snapshot.json': { version: 1 } } }), [keys.ecdsa]);
  write(path, `targets/app/${hash('sha256', 'one')}.one`, 'one');
  write(path, `targets/lib/${hash('sha256', 'two')}.two`, 'two');
}

test('our client takes what tuf-js makes: all kinds of keys, delegations, two hashes', async (t) => {
  const dir = folder(t);
  theirRepo(join(dir, 'repo'));
  const server = await served(t, join(dir, 'repo'));
  const client = new Client(dir, server.url);
  assert.equal((await client.init(join(dir, 'repo/metadata/1.root.json'))).code, 0);
  const done = await client.download('app/one', 'lib/two');
  assert.equal(done.code, 0, done.stderr);
  assert.equal(readFileSync(join(client.targets, 'lib/two'), 'utf8'), 'two');
  assert.ok(existsSync(join(client.metadata, 'role%2F%C3%A4.json')));
  const absent = await client.download('lib/three');
  assert.equal(absent.code, 1);
  assert.match(absent.stderr, /5\.7\.2/);
});

// The server in between.
function flip(bytes, at) {
  bytes[at < 0 ? bytes.length + at : at] ^= 1;
  return bytes;
}

const attacks = {
  'alters a byte of the timestamp': { on: 'timestamp.json', change: (b) => flip(b, -9), says: /5\.4\.2 \(arbitrary software\)/ },
  'alters a byte of the snapshot': { on: 'snapshot.json', change: (b) => flip(b, -40), says: /5\.5\.2 \(mix and match\)/ },
  'truncates the targets': { on: 'targets.json', change: (b) => b.subarray(0, -1), says: /5\.6\.2 \(mix and match\)/ },
  'truncates the timestamp': { on: 'timestamp.json', change: (b) => b.subarray(0, 100), says: /5\.4\.2 \(arbitrary software\)/ },
  'swaps the snapshot for the targets': { on: 'snapshot.json', file: '2.targets.json', says: /5\.5\.(1|2) \(/ },
  'replays the old timestamp': { on: 'timestamp.json', old: true, says: /5\.4\.3\.1 \(rollback\)/ },
  'floods in place of the timestamp': { on: 'timestamp.json', flood: 1 << 20, says: /5\.4\.1 \(endless data\)/ },
  'floods in place of a root': { on: '2.root.json', flood: 8 << 20, says: /5\.3\.3 \(endless data\)/ },
  'floods in place of the snapshot': { on: 'snapshot.json', flood: 8 << 20, says: /5\.5\.1 \(endless data\)/ },
  'withholds the timestamp': { on: 'timestamp.json', gone: true, says: /5\.4\.1 \(withholding\)/ },
  'breaks the connection': { on: 'timestamp.json', broken: true, says: /5\.4\.1 \(withholding\)/ },
  'answers 500 for the next root': { on: '2.root.json', status: 500, says: /5\.3\.3 \(withholding\)/ },
  'alters the target': { on: '.two', change: (b) => flip(b, 0), says: /5\.7\.3 \(arbitrary software\)/ },
  'truncates the target': { on: '.two', change: (b) => b.subarray(0, -1), says: /5\.7\.3 \(arbitrary software\)/ },
  'floods in place of the target': { on: '.two', flood: 8 << 20, says: /5\.7\.3 \(endless data\)/ },
  'withholds the target': { on: '.two', gone: true, says: /5\.7\.3 \(withholding\)/ },
};

function makeAttack(attack, { old, path }) {
  return async (name, body, response) => {
    if (!name.endsWith(attack.on)) return body;
    if (attack.gone) return null;
    if (attack.old) return old;
    if (attack.file) return readFileSync(join(path, 'metadata', attack.file));
    if (attack.change) return attack.change(Buffer.from(body));
    if (attack.status) {
      response.statusCode = attack.status;
      response.end();
      return undefined;
    }
    if (attack.broken) {
      response.socket.destroy();
      return undefined;
    }
    response.statusCode = 200; // a flood without an announced length
    const part = Buffer.alloc(16384, 0x78);
    const closed = once(response, 'close');
    for (let n = 0; n < attack.flood && !response.destroyed; n += part.length) {
      if (!response.write(part)) await Promise.race([once(response, 'drain'), closed]);
    }
    response.end();
    return undefined;
  };
}

for (const [name, attack] of Object.entries(attacks)) {
  test(`the server in between ${name}`, async (t) => {
    const { made, server, client } = await ours(t);
    assert.equal((await client.download('app/one')).code, 0);
    const old = readFileSync(join(made.path, 'metadata/timestamp.json'));
    await made.add('app/two', 'number two');
    await made.publish();
    if (attack.old) assert.equal((await client.refresh()).code, 0);
    server.state.attack = makeAttack(attack, { old, path: made.path });
    const done = await client.download('app/two');
    assert.equal(done.code, 1);
    assert.match(done.stderr, attack.says);
    assert.equal(existsSync(join(client.targets, 'app/two')), false, 'nothing wrong is installed');
    assert.deepEqual(readdirSync(join(client.targets, 'app')), ['one'], 'nothing is left over');
    assert.equal(readFileSync(join(client.targets, 'app/one'), 'utf8'), 'one');
    server.state.attack = null; // and then it goes on as if nothing had been
    const healed = await client.download('app/two');
    assert.equal(healed.code, 0, healed.stderr);
  });
}
