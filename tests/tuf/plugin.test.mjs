// `passmesh plugin`: a package from a signed repository onto this machine, with mirrors that fail and lie.
import test from 'node:test';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync, appendFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { serve } from './serve.mjs';
import { folder, makeRepo, passmesh } from './rig.mjs';
import { addPackage } from './package.mjs';

const bytes = (n, salt) => Buffer.from(Array.from({ length: n }, (_, i) => (i * 31 + (i >> 8) + salt) & 255));

async function rig(t) {
  const dir = folder(t);
  const made = await makeRepo(dir);
  const home = join(dir, 'home');
  mkdirSync(home, { mode: 0o700 });
  const server = await serve(made.path);
  t.after(server.close);
  const root = join(made.path, 'metadata/1.root.json');
  const plugin = (...words) => passmesh('--home', home, 'plugin', ...words);
  return { dir, made, home, server, root, plugin };
}

async function release(made, version, options = {}) {
  const salt = Number(version.split('.')[1]);
  await addPackage(made, { 'passmesh-server': bytes(200000, salt), 'passmesh-keyd': bytes(70000, salt + 1) }, { version, ...options });
  await made.publish();
}

function storeOf(home) {
  const found = readdirSync(home, { recursive: true }).find((p) => p.endsWith('plugin/store'));
  return join(home, found);
}

test('add, check, install, update, remove', async (t) => {
  const { made, home, server, root, plugin } = await rig(t);
  await release(made, '1.0.0', { notes: 'The first one.', needs: { cores: 1, memory_mib: 1, disk_mib: 1 } });
  assert.match((await plugin('check')).stderr, /No repository is known/);
  const added = await plugin('add', server.url, root);
  assert.equal(added.code, 0, added.stderr);
  assert.match(added.stdout, /added by hand/);
  const checked = await plugin('check');
  assert.match(checked.stdout, /server 1\.0\.0 .*The first one\.[\s\S]*\+ It needs 1 processor cores[\s\S]*suits this machine/);
  const installed = await plugin('install');
  assert.equal(installed.code, 0, installed.stderr);
  assert.match(installed.stdout, /Installed: server 1\.0\.0, on trial/);
  assert.match(installed.stderr, /100 % verified/);
  const store = storeOf(home);
  const [id] = readdirSync(join(store, 'versions'));
  assert.deepEqual(readFileSync(join(store, 'versions', id, 'passmesh-server')), bytes(200000, 0));
  assert.equal(statSync(join(store, 'versions', id, 'passmesh-server')).mode & 0o7777, 0o755);
  server.state.log.length = 0;
  assert.match((await plugin('install')).stdout, /installed already/);
  assert.ok(!server.state.log.some((p) => p.startsWith('targets/')));
  await release(made, '1.1.0');
  assert.match((await plugin('install')).stdout, /Installed: server 1\.1\.0/);
  const status = await plugin('status');
  assert.match(status.stdout, /as they were installed/);
  assert.equal((await plugin('remove')).code, 0);
  assert.deepEqual(readdirSync(join(store, 'versions')), []);
  assert.match((await plugin()).stdout, /Installed: nothing/);
});

test('why a package does not suit', async (t) => {
  const { made, server, root, plugin } = await rig(t);
  await release(made, '1.0.0', { needs: { cores: 4096, reachable: true } });
  await plugin('add', server.url, root);
  const checked = await plugin('check');
  assert.equal(checked.code, 1);
  assert.match(checked.stdout, /- It needs 4096 processor cores; \d+ are free for it\. \d+ more would do\./);
  assert.match(checked.stdout, /- It has to be reachable from outside; this machine is not\. Let the router forward/);
  assert.equal((await plugin('install')).code, 1);
});

test('expired metadata blocks installing, not what is installed', async (t) => {
  const { made, server, root, plugin, home } = await rig(t);
  await release(made, '1.0.0');
  await plugin('add', server.url, root);
  assert.equal((await plugin('install')).code, 0);
  server.state.attack = (name, body) => name.endsWith('timestamp.json') ? null : body; // nobody renews it
  const checked = await plugin('check');
  assert.equal(checked.code, 1);
  assert.match(checked.stderr, /5\.4\.1 \(withholding\)/);
  assert.match((await plugin('status')).stdout, /Installed: server 1\.0\.0[\s\S]*as they were installed/);
  assert.ok(existsSync(storeOf(home)));
});

for (const noRanges of [false, true]) {
  test(`mirrors: the next one goes on where a lying one left off, ${noRanges ? 'without' : 'with'} ranges`, async (t) => {
    const { made, server, root, plugin } = await rig(t);
    await release(made, '1.0.0');
    server.state.noRanges = noRanges;
    const liar = await serve(made.path);
    t.after(liar.close);
    liar.state.attack = (name, body) => {
      if (!name.startsWith('targets/') || !body) return body;
      const wrong = Buffer.from(body);
      wrong[wrong.length - 1] ^= 1; // only its last chunk
      return wrong;
    };
    await plugin('add', liar.url, root);
    const other = await plugin('add', server.url, root);
    assert.equal(other.code, 0, other.stderr);
    const done = await plugin('install');
    assert.equal(done.code, 0, done.stderr);
    if (!noRanges) assert.ok(server.state.bytes < 65536 * 2, `${server.state.bytes}: the good chunks of the first one are kept`);
  });
}

test('every mirror lies', async (t) => {
  const { made, server, root, plugin, home } = await rig(t);
  await release(made, '1.0.0');
  server.state.attack = (name, body) => {
    if (name.startsWith('targets/') && body) body[0] ^= 1;
    return body;
  };
  await plugin('add', server.url, root);
  const done = await plugin('install');
  assert.equal(done.code, 1);
  assert.match(done.stderr, /what came is not what was signed/);
  assert.deepEqual(readdirSync(join(storeOf(home), 'versions')), []);
});

test('a file that is changed afterwards is seen, and installing heals it', async (t) => {
  const { made, server, root, plugin, home } = await rig(t);
  await release(made, '1.0.0');
  await plugin('add', server.url, root);
  await plugin('install');
  const versions = join(storeOf(home), 'versions');
  appendFileSync(join(versions, readdirSync(versions)[0], 'passmesh-server'), 'x');
  assert.match((await plugin('status')).stdout, /passmesh-server is not as it was installed/);
  assert.equal((await plugin('install')).code, 0);
  assert.match((await plugin('status')).stdout, /as they were installed/);
});

test('another repository, a bad root, a bad address, planted folders', async (t) => {
  const { dir, made, server, root, plugin, home } = await rig(t);
  const second = join(dir, 'second');
  mkdirSync(second);
  const other = await makeRepo(second);
  await other.add('x', 'x');
  await other.publish();
  await release(made, '1.0.0');
  assert.equal((await plugin('add', server.url, root)).code, 0);
  assert.equal((await plugin('add', server.url, join(other.path, 'metadata/1.root.json'))).code, 0);
  assert.equal((await plugin('forget')).code, 0);
  writeFileSync(join(dir, 'bad.json'), readFileSync(root, 'utf8').replace('"threshold":2', '"threshold":3'));
  assert.match((await plugin('add', server.url, join(dir, 'bad.json'))).stderr, /5\.2 \(arbitrary software\)/);
  for (const url of ['ftp://x', 'file:///etc', 'x', 'https://a b', 'http://a\nb']) {
    assert.match((await plugin('add', url, root)).stderr, /has to begin with/, url);
  }
  const store = storeOf(home);
  assert.equal((await plugin('add', server.url, root)).code, 0);
  for (const name of ['versions', 'partial']) {
    rmSync(join(store, name), { recursive: true });
    symlinkSync('/tmp', join(store, name));
    assert.match((await plugin('install')).stderr, /no folder of ours/);
    rmSync(join(store, name));
  }
  assert.equal((await plugin('install')).code, 0);
});

// The real programs as a package: `passmesh plugin run` supervises passmesh-server, which starts its own passmesh-keyd.
async function running(t, home) {
  const child = spawn(process.env.PASSMESH, ['--home', home, 'plugin', 'run', '--network', 'sepolia', '--node', 'http://127.0.0.1:9',
    '--listen', '/ip4/127.0.0.1/tcp/0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  child.stderr.on('data', (d) => { text += d; });
  await new Promise((done, fail) => {
    child.stdout.on('data', (d) => {
      text += d;
      if (/^ready: \/ip4\//m.test(text)) done();
    });
    child.on('exit', (code) => fail(new Error(`ended with ${code}: ${text}`)));
  });
  return child;
}

const programs = (id) => readdirSync('/proc').filter((p) => /^\d+$/.test(p)).filter((p) => {
  try { return readlinkSync(`/proc/${p}/exe`).includes(id); } catch { return false; }
});

async function gone(id, ms) {
  for (const until = Date.now() + ms; Date.now() < until; await sleep(20)) if (programs(id).length === 0) return true;
  return false;
}

test('the real server runs, drains when told, and is no orphan when its supervisor is killed', async (t) => {
  const { made, server, root, plugin, home } = await rig(t);
  const folderOf = dirname(process.env.PASSMESH);
  const files = Object.fromEntries(['passmesh-server', 'passmesh-keyd'].map((n) => [n, readFileSync(join(folderOf, n))]));
  await addPackage(made, files);
  await made.publish();
  await plugin('add', server.url, root);
  assert.equal((await plugin('install')).code, 0);
  const [id] = readdirSync(join(storeOf(home), 'versions'));
  const first = await running(t, home);
  assert.equal(programs(id).length, 2, 'server and keyd');
  assert.match((await plugin('run')).stderr, /another process works on it/);
  first.kill('SIGTERM');
  const [code] = await once(first, 'exit');
  assert.equal(code, 0);
  assert.ok(await gone(id, 2000), 'nothing is left after an orderly end');
  const second = await running(t, home);
  second.kill('SIGKILL');
  assert.ok(await gone(id, 2000), 'nothing is left after a kill');
});
