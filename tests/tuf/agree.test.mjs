// Two repositories, each with keys of its own, that have to vouch for the same package before it is installed; one of them is hostile, or silent.
import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addPackage } from './package.mjs';
import { folder, makeRepo, passmesh, repo } from './rig.mjs';
import { serve } from './serve.mjs';

const bytes = (n, salt) => Buffer.from(Array.from({ length: n }, (_, i) => (i * 31 + (i >> 8) + salt) & 255));
const files = (salt) => ({ 'passmesh-server': bytes(150000, salt), 'passmesh-keyd': bytes(70000, salt + 1) });

async function rig(t) {
  const dir = folder(t);
  const home = join(dir, 'home');
  mkdirSync(home, { mode: 0o700 });
  const s = { dir, home, plugin: (...words) => passmesh('--home', home, 'plugin', ...words) };
  const make = async (name) => {
    const at = join(dir, name);
    mkdirSync(at);
    const made = await makeRepo(at);
    const mirror = await serve(made.path);
    t.after(mirror.close);
    const root = join(made.path, 'metadata/1.root.json');
    const add = async () => {
      const done = await s.plugin('add', mirror.url, root);
      assert.equal(done.code, 0, done.stderr);
    };
    const release = async (version, salt, more = {}) => {
      await addPackage(made, files(salt), { version, ...more });
      await made.publish();
    };
    return { made, mirror, root, add, release };
  };
  return Object.assign(s, { a: await make('a'), b: await make('b'), make });
}

test('a newer client is told of when enough repositories vouch for it, and never installed', async (t) => {
  const s = await both(t);
  const client = async ({ made }, version, notes) => {
    await addPackage(made, { 'passmesh.deb': bytes(1000, 5) }, { version, notes, name: 'client' });
    await made.publish();
  };
  await client(s.a, '9.0.0', 'Not yet for everybody.');
  await client(s.a, '8.0.0', 'Faster.');
  await client(s.b, '8.0.0', 'Faster.');
  await client(s.b, '0.0.1', 'Older.');
  const checked = await s.plugin('check');
  assert.equal(checked.code, 0, checked.stderr);
  assert.match(checked.stdout, /A newer Passmesh is available: 8\.0\.0\. Faster\./);
  assert.match((await s.plugin('install')).stdout, /Installed: server 1\.0\.0/);
  await s.plugin('agree', '1');
  assert.match((await s.plugin('check')).stdout, /A newer Passmesh is available: 9\.0\.0/);
});

/** Both trusted, both asked. */
async function both(t) {
  const s = await rig(t);
  await s.a.release('1.0.0', 1);
  await s.b.release('1.0.0', 1, { notes: 'The same, in other words.' });
  await s.a.add();
  await s.b.add();
  const done = await s.plugin('agree', '2');
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /2 of 2 repositories have to agree/);
  return s;
}

const hides = (prefix) => (name, body) => name.startsWith(prefix) ? null : body;
const versions = (s) => readdirSync(join(s.home, readdirSync(s.home, { recursive: true }).find((p) => p.endsWith('store/versions'))));

test('both vouch for it, and the files come from the mirrors of either', async (t) => {
  const s = await both(t);
  s.a.mirror.state.attack = hides('targets/');
  const done = await s.plugin('install');
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /Installed: server 1\.0\.0/);
  assert.ok(s.b.mirror.state.log.some((name) => name.startsWith('targets/')));
});

test('one says other bytes, another version, or nothing: the newest that both vouch for', async (t) => {
  const s = await both(t);
  assert.equal((await s.plugin('install')).code, 0);
  await s.b.release('1.1.0', 7);
  assert.match((await s.plugin('install')).stdout, /installed already/, 'one alone brings no version');
  await s.a.release('1.1.0', 8);
  assert.match((await s.plugin('install')).stdout, /installed already/, 'the same number with other bytes is no agreement');
  await s.a.release('1.2.0', 9);
  await s.b.release('1.2.0', 9);
  assert.match((await s.plugin('install')).stdout, /Installed: server 1\.2\.0/);
});

test('they agree on nothing', async (t) => {
  const s = await rig(t);
  await s.a.release('1.0.0', 1);
  await s.b.release('1.0.0', 2);
  await s.a.add();
  await s.b.add();
  await s.plugin('agree', '2');
  const done = await s.plugin('install');
  assert.equal(done.code, 1);
  assert.match(done.stderr, /Fewer than 2 repositories vouch/);
  assert.deepEqual(versions(s), []);
  assert.ok(![...s.a.mirror.state.log, ...s.b.mirror.state.log].some((name) => name.startsWith('targets/')), 'nothing was fetched');
});

test('one is frozen, forged, or withheld', async (t) => {
  const s = await both(t);
  s.b.mirror.state.attack = hides('metadata/timestamp.json');
  const withheld = await s.plugin('install');
  assert.equal(withheld.code, 1);
  assert.match(withheld.stderr, /5\.4\.1 \(withholding\)/);
  s.b.mirror.state.attack = (name, body) => name === 'metadata/timestamp.json' ? readFileSync(join(s.a.made.path, name)) : body;
  assert.match((await s.plugin('install')).stderr, /5\.4\.2 \(arbitrary software\)/, 'the word of the other repository');
  s.b.mirror.state.attack = null;
  assert.equal((await s.plugin('check')).code, 0);
  const old = readFileSync(join(s.b.made.path, 'metadata/timestamp.json'));
  await s.a.release('1.1.0', 3);
  await s.b.release('1.1.0', 3);
  assert.equal((await s.plugin('check')).code, 0);
  s.b.mirror.state.attack = (name, body) => name === 'metadata/timestamp.json' ? old : body;
  assert.match((await s.plugin('install')).stderr, /5\.4\.3\.1 \(rollback\)/);
  assert.deepEqual(versions(s), []);
});

test('where one of two is enough, the other may be silent', async (t) => {
  const s = await rig(t);
  await s.a.release('1.0.0', 1);
  await s.b.release('1.0.0', 1);
  await s.a.add();
  await s.b.add();
  s.a.mirror.state.attack = () => null;
  const done = await s.plugin('install');
  assert.equal(done.code, 0, done.stderr);
});

test('forgetting one lowers nothing, and what shares a key is no second one', async (t) => {
  const s = await both(t);
  const status = await s.plugin('status');
  const [, id] = /Repository ([0-9a-f]{16}): /.exec(status.stdout);
  assert.equal((await s.plugin('forget', id)).code, 0);
  assert.match((await s.plugin('install')).stderr, /2 repositories have to agree, and fewer are known/);
  assert.match((await s.plugin('forget', id)).stderr, /No such repository/);
  const kept = /Repository ([0-9a-f]{16}): (\S+)/.exec((await s.plugin('status')).stdout)[2];
  const other = kept === s.a.mirror.url ? s.a : s.b;

  // A root of keys that are new but for one: whoever holds that one would speak twice.
  const mixed = join(s.dir, 'mixed');
  await repo('init', mixed, `root=${other.made.key('root1')}.pub,${other.made.key('spare')}.pub:1`, ...['targets', 'snapshot', 'timestamp'].map((r) => `${r}=${other.made.key('spare')}.pub`));
  await repo('sign', mixed, 'root', other.made.key('spare'));
  const root = join(s.dir, 'mixed.json');
  writeFileSync(root, readFileSync(join(mixed, 'draft/root.json')));
  assert.match((await s.plugin('add', 'https://mirror.example', root)).stderr, /One of its keys/);

  assert.equal((await s.plugin('agree', '1')).code, 0);
  assert.equal((await s.plugin('install')).code, 0);
  for (const wrong of ['0', '5', 'x', '-1']) {
    assert.notEqual((await s.plugin('agree', wrong)).code, 0, wrong);
  }
});
