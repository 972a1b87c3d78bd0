// Keys in PKCS #11 tokens (SoftHSM): root and targets signed with them, a client that takes what they signed, and PINs that appear nowhere.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, folder, repo, repoFails } from './rig.mjs';
import { serve } from './serve.mjs';

const MODULE = '/usr/lib/softhsm/libsofthsm2.so';
const PIN = 'correct-horse-4711';

/** A run of passmesh-repo with a PIN on descriptor 3, and what its list of arguments says meanwhile. */
function withPin(env, pin, ...args) {
  return new Promise((done) => {
    const child = spawn(process.env.PASSMESH_REPO, ['--pin-fd', '3', ...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    const cmdline = readFileSync(`/proc/${child.pid}/cmdline`, 'utf8');
    child.stdout.on('data', (d) => { stdout += d; });
    child.stderr.on('data', (d) => { stderr += d; });
    child.stdio[3].on('error', () => {}); /* it may have ended without reading */
    child.stdio[3].end(`${pin}\n`);
    child.on('close', (code) => done({ code, stdout, stderr, cmdline }));
  });
}

function makeToken(t) {
  const dir = folder(t);
  mkdirSync(join(dir, 'tokens'));
  writeFileSync(join(dir, 'softhsm2.conf'), `directories.tokendir = ${join(dir, 'tokens')}\nlog.level = ERROR\n`);
  const env = { SOFTHSM2_CONF: join(dir, 'softhsm2.conf') };
  const util = (...args) => execFileSync('softhsm2-util', args, { env: { ...process.env, ...env }, stdio: 'pipe' });
  util('--init-token', '--free', '--label', 'Anna', '--so-pin', '12345678', '--pin', PIN);
  const put = async (name, id, kind = []) => {
    await repo('keygen', ...kind, join(dir, name));
    util('--import', join(dir, name), '--token', 'Anna', '--label', name, '--id', id, '--pin', PIN);
    return `pkcs11:token=Anna;object=${name}?module-path=${MODULE}`;
  };
  return { dir, env, put };
}

test('a repository whose owner keeps keys in a token', { skip: !existsSync(MODULE) && 'softhsm2 is missing: make deps GROUP=test' }, async (t) => {
  const { dir, env, put } = makeToken(t);
  const root = await put('root', '01', ['--p256']);
  const targets = await put('targets', '02', ['--p256']);
  for (const [name, uri] of [['root', root], ['targets', targets]]) {
    const shown = await withPin(env, PIN, 'public', uri);
    assert.equal(shown.code, 0, shown.stderr);
    assert.deepEqual(JSON.parse(shown.stdout), JSON.parse(readFileSync(join(dir, `${name}.pub`), 'utf8')));
    writeFileSync(join(dir, `${name}.public`), shown.stdout);
  }
  await repo('keygen', join(dir, 'online'));
  const at = join(dir, 'repo');
  await repo('init', at, `root=${join(dir, 'root.public')}`, `targets=${join(dir, 'targets.public')}`, ...['snapshot', 'timestamp'].map((r) => `${r}=${join(dir, 'online.pub')}`));
  writeFileSync(join(dir, 'file'), 'content');
  await repo('add', at, 'name', join(dir, 'file'));
  for (const [role, uri] of [['root', root], ['targets', targets]]) {
    const signed = await withPin(env, PIN, 'sign', at, role, uri);
    assert.equal(signed.code, 0, signed.stderr);
    assert.ok(!`${signed.cmdline}${signed.stdout}${signed.stderr}`.includes(PIN));
  }
  await repo('publish', at, '--snapshot', join(dir, 'online'), '--timestamp', join(dir, 'online'));

  const server = await serve(at);
  t.after(server.close);
  mkdirSync(join(dir, 'client'));
  const client = new Client(join(dir, 'client'), server.url);
  const trusted = await client.init(join(at, 'metadata/1.root.json'));
  assert.equal(trusted.code, 0, trusted.stderr);
  const done = await client.download('name');
  assert.equal(done.code, 0, done.stderr);
});

test('what cannot be used says why', { skip: !existsSync(MODULE) && 'softhsm2 is missing: make deps GROUP=test' }, async (t) => {
  const { env, put } = makeToken(t);
  const key = await put('root', '01', ['--p256']);
  const words = async (uri, pin = PIN) => {
    const done = await withPin(env, pin, 'public', uri);
    assert.equal(done.code, 1, uri);
    return done.stderr;
  };
  assert.match(await words(key, 'wrong'), /does not take the PIN/);
  assert.match(await words(key, ''), /does not take the PIN|no PIN/);
  assert.match(await words(`pkcs11:token=Ben;object=root?module-path=${MODULE}`), /no such token/);
  assert.match(await words(`pkcs11:token=Anna;object=other?module-path=${MODULE}`), /no such key/);
  assert.match(await words(`pkcs11:token=Anna;object=root?module-path=/nonexistent.so`), /module cannot be loaded/);
  assert.match(await words(`${key}&pin-value=${PIN}`), /PIN does not belong into a URI/);
  assert.match(await words('pkcs11:token=%zz'), /no URI of RFC 7512/);
  assert.equal((await repoFails('--pin-fd', 'x', 'public', key)).code, 2);
});
