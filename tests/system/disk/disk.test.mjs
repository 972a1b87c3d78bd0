// A full disk: one clear sentence, nothing that was acknowledged is lost, nothing that was refused is there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Daemon, freePort, makeHome, run, until } from '../../api/daemon.mjs';

const MIB = 1024 * 1024;
const root = join(import.meta.dirname, '../../..');
const mount = (path, size) => execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', path]);

/* All homes are on this disk. */
const disk = mkdtempSync('/tmp/pm-disk-');
mount(disk, 8 * MIB);
process.env.TMPDIR = disk;
after(() => {
  execFileSync('umount', ['-l', disk]);
  rmSync(disk, { recursive: true, force: true });
});

const filler = join(disk, 'filler');
const free = () => { const s = statfsSync(disk); return s.bavail * s.bsize; };

/** Leaves so many bytes free. */
function fill(leave = 0) {
  empty();
  const size = Math.max(0, free() - leave);
  writeFileSync(filler, Buffer.alloc(size, 1));
}
const empty = () => rmSync(filler, { force: true });

const key = (i) => String(i).padStart(22, 'k');
const address = (i) => `0x${String(i).padStart(40, '0')}`;
const names = async (d) => (await d.local('contacts_list')).result.contacts.map((c) => c.name);

/** Adds contacts until one is refused; the names of those that were acknowledged, and the refusal. */
async function addUntilFull(d, from = 0) {
  const kept = [];
  for (let i = from; i < from + 200; i++) {
    const name = `Contact ${i} ${'x'.repeat(30)}`;
    const answer = await d.local('contacts_add', { key: key(i), name, address: address(i + 1) });
    if (answer.error) {
      return { kept, refused: name, next: i, code: answer.error.data.code };
    }
    kept.push(name);
  }
  throw new Error('the disk did not fill up');
}

test('with a full disk the daemon does not start, says so in one sentence, and leaves nothing half made', async () => {
  const home = makeHome(await freePort());
  for (const leave of [0, 4096, 64 * 1024, MIB - 65536]) {
    fill(leave);
    const it = run(home, ['daemon']);
    assert.equal(await it.ended, 1, it.err);
    assert.match(it.err, /^The disk of \S+\/data is full: free some space, then start again\. Nothing was changed\.\n$/, `${leave} bytes free`);
    assert.deepEqual(readdirSync(join(home, 'data')), []);
  }
  fill();
  const opened = run(home, ['open', '--print']);
  assert.equal(await opened.ended, 1);
  assert.match(opened.err, /^The disk of \S+\/data is full: [^\n]+\n$/);
  empty();
  const it = run(home, ['daemon']);
  await until('the daemon', () => it.err.includes('ready at'));
  it.child.kill('SIGTERM');
  assert.equal(await it.ended, 0);
  rmSync(home, { recursive: true });
});

test('a disk that fills up: what is refused says so and changes nothing, what was acknowledged stays, also after kill -9', async () => {
  const d = await Daemon.start();
  fill(24 * 1024);
  const first = await addUntilFull(d);
  assert.equal(first.code, 'storage_full');
  assert.ok(first.kept.length > 0, 'some went in before');
  assert.deepEqual((await names(d)).sort(), [...first.kept].sort());

  assert.ok(d.isAlive());
  const page = await d.get('/');
  assert.equal(page.status, 200, 'it goes on answering');
  const settings = await d.local('settings_set', { key: key('t'), changes: { theme: 'dark' } });
  assert.ok(settings.result?.theme === 'dark' || settings.error.data.code === 'storage_full');
  const theme = (await d.local('settings_get')).result.theme;
  assert.equal(theme, settings.result ? 'dark' : 'system');

  empty(); // the same key may try again
  const again = await d.local('contacts_add', { key: key(first.next), name: first.refused, address: address(first.next + 1) });
  assert.equal(again.result?.name, first.refused, JSON.stringify(again));
  fill(8 * 1024);
  const second = await addUntilFull(d, first.next + 1);
  const expected = [...first.kept, first.refused, ...second.kept].sort();
  assert.deepEqual((await names(d)).sort(), expected);

  d.process.child.kill('SIGKILL');
  await d.process.ended;
  const refused = run(d.home, ['daemon']); // still full
  assert.equal(await refused.ended, 1, refused.err);
  assert.match(refused.err, /is full: free some space/);
  empty();
  await d.up();
  assert.deepEqual((await names(d)).sort(), expected);
  assert.equal((await d.local('settings_get')).result.theme, theme);
  await d.end();
});

const sentence = /^The disk is full: free some space \(build\/local may be deleted; test money only\), then start again\.$/m;

/** `make run` to its end, which it comes to by itself; the programs by another name, for the case that build/ is hidden. */
async function runOnce() {
  const it = run('', [], { PASSMESH_PROGRAMS: programs }, { under: [join(root, 'tools/local/start.sh'), 'run.mjs', '--no-open'] });
  const ended = await Promise.race([it.ended, setTimeout(120000, 'it goes on', { ref: false })]);
  assert.equal(ended, 1, it.out + it.err);
  assert.match(it.out + it.err, sentence);
  assert.ok(!/\n {4}at /.test(it.out + it.err), 'no trace of the program');
}

/* What of build/ must be there although it is hidden. */
const bind = (from, to) => {
  mkdirSync(to, { recursive: true });
  execFileSync('mount', ['--bind', from, to]);
};
const programs = join(disk, 'apps');
bind(join(root, 'build/apps'), programs);
bind(join(root, 'build/node22'), join(disk, 'node22'));

test('make run without room to build says so in one sentence, and stops', async () => {
  const build = join(root, 'build');
  mount(build, MIB);
  try {
    bind(join(disk, 'node22'), join(build, 'node22'));
    await runOnce();
  } finally {
    execFileSync('umount', ['-l', build]);
  }
});

test('make run whose local network has no room says so in one sentence, and stops', async () => {
  const local = join(root, 'build/local');
  mkdirSync(local, { recursive: true });
  mount(local, '256k');
  try {
    await runOnce();
  } finally {
    execFileSync('umount', ['-l', local]);
  }
});
