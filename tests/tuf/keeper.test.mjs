// The daemon's keeper: a server installed, run, brought up to date, lost and brought back, over the local API.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, readlinkSync, appendFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { until } from '../api/daemon.mjs';
import { broken, keepers, real, running, startKeeper } from './keeper_rig.mjs';

test('install, run, update, crash loop, back, drain, remove', async (t) => {
  const s = await startKeeper(t);
  assert.equal((await s.state()).state, 'absent');
  assert.equal((await s.state()).sandbox, 'full');
  await assert.rejects(s.do('plugin_check'), { code: 'plugin_refused' });
  await s.release('1.0.0', real(), { notes: 'The first.', needs: { cores: 1, memory_mib: 1, disk_mib: 1 } });
  await s.add();
  const trusted = await s.state();
  assert.deepEqual([trusted.repositories.map((r) => [r.mirrors, r.development, r.current]), trusted.agree, trusted.development], [[[[s.mirror.url], true, false]], 1, true]);
  await s.do('plugin_repository_agree', { count: 2 });
  await s.do('plugin_check');
  assert.equal((await s.is('too few repositories', (v) => v.fault && !v.job)).fault.code, 'repository_few');
  assert.deepEqual([(await s.state()).agree, (await s.state()).repositories[0].current], [2, true]);
  await s.do('plugin_repository_agree', { count: 1 });
  await s.do('plugin_check');
  const checked = await s.is('an offer', (v) => v.offer && !v.job);
  assert.deepEqual([checked.offer.version, checked.offer.notes, checked.offer.installed], ['1.0.0', 'The first.', false]);
  assert.ok(checked.variants[0].suits && checked.variants[0].reasons.some((r) => r.code === 'need_cores' && r.met && r.params.need === '1'));
  await assert.rejects(s.do('plugin_install'), /settings_missing/);
  await s.set();
  const one = await s.installed('1.0.0');
  assert.match(one.run.listen, /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//);
  assert.ok(one.installed.trial && one.wanted);
  const told = await s.is('figures', (v) => v.run?.as_of_ms > 0 && v.run.node && v.run.balance, 15000);
  assert.deepEqual([told.run.clients, told.run.requests_min, told.run.sandbox, told.run.earned, told.run.balance], [0, 0, 'full', '0', '1000000000000000000']);
  assert.match(told.run.payee, /^0x[0-9a-fA-F]{40}$/);
  assert.ok(told.run.memory_kib > 1000);
  assert.equal(running(s.home).length, 2, 'server and its keyd');
  await s.is('its trial is passed', (v) => !v.installed.trial);

  await s.release('1.1.0', real(), { notes: 'Faster.' });
  await s.do('plugin_check');
  assert.equal((await s.is('the update', (v) => v.offer?.version === '1.1.0' && !v.job)).offer.installed, false);
  await s.installed('1.1.0');
  await s.is('its trial is passed', (v) => !v.installed.trial && v.installed.has_previous);

  await sleep(2500); /* the good one has run for longer than a trial takes: that is not the next one's */
  await s.release('1.2.0', broken());
  await s.do('plugin_install');
  const back = await s.is('the last good one', (v) => v.fault?.code === 'plugin_went_back' && v.state === 'running', 30000);
  assert.deepEqual([back.installed.version, back.fault.params.version], ['1.1.0', '1.1.0']);
  await s.do('plugin_install');
  assert.equal((await s.is('it is not tried again', (v) => v.fault && !v.job)).fault.code, 'install_failed_before');
  assert.equal((await s.state()).state, 'running');

  await s.do('plugin_stop');
  await s.is('stopped', (v) => v.state === 'stopped' && !v.wanted);
  assert.equal(running(s.home).length, 0);
  const { lines } = await s.api.call('plugin_log', {});
  assert.ok(lines.some((l) => /stopping when what is under way is answered/.test(l.text)), 'it drained');
  await s.do('plugin_start');
  await s.is('running again', (v) => v.state === 'running');
  await s.do('plugin_remove', { keep_data: true });
  await s.is('absent', (v) => v.state === 'absent' && !v.installed);
  assert.deepEqual(readdirSync(join(s.home, 'data/plugin/store/versions')), []);
  assert.ok(existsSync(join(s.home, 'data/plugin/server')), 'its identity is kept');
  await s.do('plugin_remove', { keep_data: false });
  assert.ok(!existsSync(join(s.home, 'data/plugin/server')));
  assert.equal(running(s.home).length, 0);
});

test('it runs again when the wallet starts again, and is no orphan when the wallet is killed', async (t) => {
  const s = await startKeeper(t);
  await s.release('1.0.0', real());
  await s.add();
  await s.set();
  await s.installed('1.0.0');
  const [keeper] = keepers(s.daemon.child.pid);
  assert.ok(keeper, 'one keeper');
  s.daemon.child.kill('SIGTERM');
  await s.daemon.ended;
  assert.equal(running(s.home).length, 0, 'an orderly end leaves nothing');
  for (const victim of ['daemon', 'keeper']) {
    await s.up();
    await s.is('it runs', (v) => v.state === 'running');
    const daemon = s.daemon.child.pid;
    process.kill(victim === 'daemon' ? daemon : keepers(daemon)[0], 'SIGKILL');
    await until(`nothing is left of a killed ${victim}`, () => running(s.home).length === 0 && keepers(daemon).length === 0, 2000);
    if (victim === 'keeper') {
      await s.is('the wallet says so', (v) => v.state === 'unavailable', 2000);
      await assert.rejects(s.do('plugin_start'), { code: 'plugin_unavailable' });
      s.daemon.child.kill('SIGTERM');
      await s.daemon.ended;
    }
  }
});

test('a server that is killed is started again; one that hangs is noticed; a changed one does not start', async (t) => {
  const s = await startKeeper(t);
  await s.release('1.0.0', real());
  await s.add();
  await s.set();
  await s.installed('1.0.0');
  const server = () => running(s.home).find((p) => readlinkSync(`/proc/${p}/exe`).endsWith('passmesh-server'));
  const first = server();
  process.kill(first, 'SIGKILL');
  await s.is('its death is told within 2 s', (v) => v.state === 'waiting' && v.fault.code === 'plugin_signalled' && v.fault.params.number === '9', 2000);
  await s.is('it runs again', (v) => v.state === 'running' && server() !== first);
  process.kill(server(), 'SIGSTOP');
  await s.is('it is silent', (v) => v.state === 'silent', 20000);
  await s.is('it was ended and runs again', (v) => v.state === 'running' && v.fault.code === 'plugin_hung', 30000);
  await s.do('plugin_stop');
  await s.is('stopped', (v) => v.state === 'stopped');
  const versions = join(s.home, 'data/plugin/store/versions');
  appendFileSync(join(versions, readdirSync(versions)[0], 'passmesh-server'), 'x');
  await s.do('plugin_start');
  await s.is('it is not started', (v) => v.state === 'failed' && v.fault.code === 'files_changed');
});

test('hours, settings, a cancelled download, a lying mirror', async (t) => {
  const s = await startKeeper(t, { development: false });
  await s.release('1.0.0', real());
  await s.add();
  assert.equal((await s.state()).development, false);
  const hour = new Date().getHours();
  await s.set({ from_hour: (hour + 2) % 24, to_hour: (hour + 3) % 24, clients: 7 });
  let release;
  s.mirror.state.attack = async (name, body) => {
    if (name.startsWith('targets/') && name.endsWith('passmesh-server')) await new Promise((done) => { release = done; });
    return body;
  };
  await s.do('plugin_install');
  await s.is('downloading', (v) => v.job?.step === 'downloading' && v.job.length > 0);
  await assert.rejects(s.do('plugin_check'), { code: 'plugin_busy' });
  await s.do('plugin_cancel');
  const left = await s.is('left', (v) => !v.job);
  assert.equal(left.fault.code, 'install_cancelled');
  release?.();
  s.mirror.state.attack = (name, body) => {
    if (name.startsWith('targets/') && body) body[0] ^= 1;
    return body;
  };
  await s.do('plugin_install');
  assert.equal((await s.is('refused', (v) => v.fault && !v.job)).fault.code, 'install_wrong_bytes');
  assert.equal((await s.state()).installed, undefined);
  s.mirror.state.attack = null;
  await s.do('plugin_install');
  await s.is('installed, outside its hours', (v) => v.state === 'resting' && v.installed);
  await s.set({ from_hour: 0, to_hour: 0 });
  await s.is('running', (v) => v.state === 'running');
  assert.equal((await s.state()).settings.clients, 7);
  assert.equal(statSync(join(s.home, 'data/plugin/server/config/server.ini')).mode & 0o777, 0o600);
  assert.ok(!readFileSync(`/proc/${running(s.home)[0]}/cmdline`, 'utf8').includes(s.node), 'the node is not in argv');
  await assert.rejects(s.do('plugin_settings_set', { node: 'http://x\ny' }), { code: 'invalid_params' });
});

test('the command line says the same', async (t) => {
  const s = await startKeeper(t);
  await s.release('1.0.0', real());
  const plugin = async (...words) => (await promisify(execFile)(process.env.PASSMESH, ['--home', s.home, 'plugin', ...words])).stdout;
  assert.match(await plugin('add', s.mirror.url, join(s.made.path, 'metadata/1.root.json')), /Development repository [0-9a-f]{16}: /);
  assert.match(await plugin('check'), /Package: server 1\.0\.0 for .*: suits this machine/);
  await plugin('set', 'network_id=local', `node=${s.node}`, 'listen=/ip4/127.0.0.1/tcp/0', 'clients=9');
  assert.match(await plugin('install'), /Installed: server 1\.0\.0, on trial/);
  await s.is('running', (v) => v.state === 'running');
  assert.match(await plugin(), /Server: running[\s\S]*Providing wallet services: 0 clients, 0 requests a minute, reachability not known yet/);
  assert.match(await plugin('log'), /Serving local/);
  await assert.rejects(plugin('run', '--network', 'sepolia'), /passmesh plugin start/);
  await plugin('stop');
  await s.is('stopped', (v) => v.state === 'stopped');
  assert.match(await plugin('remove', '--all'), /Server: absent/);
  assert.doesNotMatch(await plugin('forget'), /epository: /);
});
