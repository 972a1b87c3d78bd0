// A server in one click, in a real Chromium: the page of the hardware, install with progress, running, another client on another port that uses it, update, a
// version that falls over and the way back, drain, stop, remove. Screenshots of each state go to build/plugin/, in both themes and as wide as a phone, and axe
// finds nothing on any. What the page says is held against what is so.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createRequire } from 'node:module';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findChromium, openBrowser, watch } from '../../../ui/test/browser.mjs';
import { buildDir, programs } from '../../../tools/local/lib/build.mjs';
import { SoftPasskey } from '../../../tools/local/lib/authenticator.mjs';
import { LocalApi, newKey } from '../../../tools/local/lib/local_api.mjs';
import { networkFile, startDaemon, startNetwork } from '../../../tools/local/lib/network.mjs';
import { builtFiles, startRepository } from '../../../tools/local/lib/repository.mjs';
import { freePort } from '../../../tools/local/lib/port.mjs';

const WAIT_MS = 30_000;
const TRUTH_MS = 2000; /* so late the page may be, at the most */
const AXE = readFileSync(createRequire(new URL('../../../ui/package.json', import.meta.url)).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const shots = join(buildDir, 'plugin');
const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

const dir = mkdtempSync(join(tmpdir(), 'passmesh-plugin-'));
const home = join(dir, 'wallet');
let network;
let repository;
let daemon;
let other;
let api;
let browser;
let page;
let seen;

/** Programs that run from the store, by name. */
function running() {
  return readdirSync('/proc').filter((p) => /^\d+$/.test(p)).map((p) => {
    try { return readlinkSync(`/proc/${p}/exe`); } catch { return ''; }
  }).filter((path) => path.startsWith(join(home, 'data/plugin')));
}

async function until(what, holds, ms = WAIT_MS) {
  let last;
  for (const end = Date.now() + ms; Date.now() < end; await sleep(50)) {
    last = await holds();
    if (last) {
      return last;
    }
  }
  throw new Error(`waited ${ms} ms in vain for ${what}: ${JSON.stringify(await api.call('plugin_status'))}`);
}

const ask = (method, params = {}) => api.call(method, { key: newKey(), ...params });
const one = (name) => page.locator(`[data-test=${name}]`).first();
const press = (name) => one(name).click();
const shownState = () => one('server-state').getAttribute('data-state');

/** The page shows this state, and no later than it may be. */
async function becomes(state, ms = WAIT_MS) {
  await until(`the server is ${state}`, async () => (await api.call('plugin_status')).state === state, ms);
  await until(`the page says ${state}`, async () => (await shownState()) === state, TRUTH_MS);
}

async function inspect(where, width) {
  /* as high as the page: what a bar covers for a moment while scrolling is no small target */
  const height = await page.evaluate(() => Math.max(innerHeight, document.documentElement.scrollHeight + 8));
  await page.setViewportSize({ width, height: Math.min(height, 12_000) });
  const violations = await page.evaluate(async ({ source, rules }) => {
    if (!window.axe) {
      (0, eval)(source); // eslint-disable-line no-eval
    }
    const result = await window.axe.run(document, { runOnly: rules, resultTypes: ['violations'] });
    return result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join('; ')}`);
  }, { source: AXE, rules: RULES });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.deepEqual([violations, wide, await seen.take()], [[], 0, []], where);
}

let shot = 0;
async function look(name) {
  shot += 1;
  for (const [theme, width] of [['light', 1280], ['dark', 1280], ['light', 360], ['dark', 360]]) {
    await page.setViewportSize({ width, height: width < 600 ? 740 : 900 });
    await page.evaluate((value) => { document.documentElement.dataset.theme = value; }, theme);
    await page.waitForTimeout(60);
    await inspect(`${name} ${theme} ${width}`, width);
    await page.screenshot({ path: join(shots, `${String(shot).padStart(2, '0')}-${name}-${theme}-${width}.png`), fullPage: true });
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

async function makeAccount(theirs, origin) {
  const passkey = new SoftPasskey(origin);
  const { ceremony, options } = await theirs.call('account_create_begin', { key: newKey(), name: 'Other', where: 'any' });
  await theirs.call('account_create_finish', { key: newKey(), ceremony_id: ceremony.id, passkey_name: 'Soft', response: passkey.register(options) });
}

async function link(of) {
  const { stdout } = await promisify(execFile)(programs.passmesh, ['--home', of, 'open', '--print']);
  return stdout.trim().split('\n').at(-1);
}

describe('a server in one click', { skip: findChromium() ? false : 'Chromium is not installed' }, () => {
  before(async () => {
    mkdirSync(shots, { recursive: true });
    network = await startNetwork({ dir, quiet: true });
    repository = await startRepository(dir);
    await repository.release('1.0.0', builtFiles(), { notes: 'The first one.', needs: { cores: 1, memory_mib: 16, disk_mib: 16 } });
    mkdirSync(join(home, 'config'), { recursive: true, mode: 0o700 });
    daemon = await startDaemon({ dir, home, file: network.file, port: await freePort(), config: '[plugin]\ntrial_s = 2\n' });
    api = new LocalApi(daemon.socket);
    browser = await openBrowser();
    page = await browser.context.newPage();
    page.setDefaultTimeout(WAIT_MS);
    seen = await watch(page, daemon.origin);
  });
  after(async () => {
    await browser?.close();
    api?.close();
    for (const end of [() => other?.stop(), () => daemon?.stop(), () => repository?.close(), () => network?.stop()]) {
      await end();
    }
    rmSync(dir, { recursive: true, force: true });
  });

  test('what this computer is, and that no repository is trusted yet', async () => {
    await page.goto(await link(home));
    await page.locator('[data-screen^=start]').waitFor();
    await page.goto(`${daemon.origin}/#/computer`);
    await page.locator('[data-test=service-relay]').waitFor();
    await look('computer');
    await page.goto(`${daemon.origin}/#/server`);
    await one('server-state').waitFor();
    assert.equal(await shownState(), 'absent');
    assert.match(await page.textContent('main'), /passmesh plugin add URL ROOT_FILE/);
    await look('no-repository');
  });

  test('check: yes, and why; what it costs and may', async () => {
    await ask('plugin_repository_add', { url: repository.url, root: readFileSync(repository.root).toString('base64url') });
    await page.getByText('Development repository').first().waitFor();
    await press('check');
    await one('verdict').waitFor();
    assert.match(await one('verdict').textContent(), /Yes, this computer can run it/);
    assert.match(await page.textContent('main'), /Processor cores: 1 needed, \d+ here[\s\S]*read your files or keys/);
    await look('check');
  });

  test('install with progress in verified bytes, and running', async () => {
    await one('server-node').fill(network.rpc);
    await one('server-listen').fill('/ip4/127.0.0.1/tcp/0');
    repository.state.delayMs = 150;
    await press('server-save');
    await one('progress').waitFor();
    const shown = [];
    await until('half of it is verified', async () => {
      const value = await one('progress').getAttribute('value').catch(() => null);
      shown.push(Number(value ?? 0));
      return shown.at(-1) > 1e6;
    });
    await look('downloading');
    repository.state.delayMs = 0;
    assert.ok(shown.every((v, i) => i === 0 || v >= shown[i - 1]), 'it never goes back');
    await becomes('running');
    assert.equal(await one('version').textContent(), '1.0.0');
    assert.deepEqual(running().map((p) => p.split('/').at(-1)).sort(), ['passmesh-keyd', 'passmesh-server']);
    await until('its figures', async () => /\d+ clients?, \d+ requests? a minute/.test(await one('sentence').textContent()));
    await look('running');
  });

  test('another client on another port uses it, and the page counts it', async () => {
    const { run } = await api.call('plugin_status');
    const file = join(dir, 'other.ini');
    writeFileSync(file, networkFile({ bootstrap: [run.listen], faucet: network.faucet.url }));
    other = await startDaemon({ dir, home: join(dir, 'other'), file, port: await freePort(), log: 'other.log' });
    const theirs = new LocalApi(other.socket);
    const id = run.listen.split('/p2p/')[1];
    try {
      await until('the other client has found our server', async () => (await theirs.call('servers_list', { network_id: 'local' })).servers.some((s) => s.id === id && s.state === 'ok'));
      await makeAccount(theirs, other.origin);
      await until('it knows the chain', async () => (await theirs.call('network_status')).chain.block > 0);
    } finally {
      theirs.close();
    }
    await until('a client and its requests', async () => /[1-9]\d* clients?, [1-9]\d* requests? a minute/.test(await one('sentence').textContent()));
    const told = await api.call('plugin_status');
    assert.ok(told.run.clients >= 1 && told.run.served > 0 && told.run.rx > 0 && told.run.tx > 0);
    await look('with-a-client');
  });

  test('limits hold without a restart; its log', async () => {
    await page.locator('[data-test=limits] summary').click();
    await one('server-clients').fill('50');
    await one('server-mbit').fill('20');
    await press('server-save');
    await until('they are stored', async () => (await api.call('plugin_status')).settings.kbit_s === 20000);
    assert.equal((await api.call('plugin_status')).state, 'running');
    await page.locator('[data-test=limits] summary').click();
    await page.locator('[data-test=server-log] summary').click();
    await page.locator('.log-line').first().waitFor();
    assert.match(await page.textContent('.log'), /Serving local/);
    await page.locator('[data-test=server-log] summary').click();
  });

  test('update, with its notes', async () => {
    await until('the trial is passed', async () => !(await api.call('plugin_status')).installed.trial);
    await repository.release('1.1.0', builtFiles(), { notes: 'Answers proofs faster.' });
    await press('check');
    await one('update').waitFor();
    assert.match(await page.textContent('main'), /Update ready: 1\.1\.0[\s\S]*Answers proofs faster/);
    await look('update');
    await press('update');
    await until('the new version runs', async () => (await one('version').textContent()) === '1.1.0' && (await shownState()) === 'running');
    await until('the other client has come back', async () => (await api.call('plugin_status')).run?.clients >= 1);
  });

  test('a version that falls over: back on the last good one, and not tried again', async () => {
    await until('the trial is passed', async () => !(await api.call('plugin_status')).installed.trial);
    await repository.release('1.2.0', { ...builtFiles(), 'passmesh-server': readFileSync('/bin/false') }, { notes: 'Broken.' });
    await press('check');
    await one('update').waitFor();
    await press('update');
    await until('it falls over', async () => (await shownState()) === 'waiting');
    await look('falling-over');
    await until('back', async () => /Went back to 1\.1\.0/.test(await one('fault').textContent().catch(() => '')), 40_000);
    await becomes('running');
    assert.equal(await one('version').textContent(), '1.1.0');
    await look('back');
  });

  test('drain and stop; start; remove', async () => {
    await press('stop');
    await becomes('stopped');
    assert.deepEqual(running(), []);
    await look('stopped');
    await press('start');
    await becomes('running');
    await press('remove');
    await page.locator('dialog[open]').waitFor();
    await look('remove');
    await press('remove-now');
    await becomes('absent');
    assert.deepEqual(running(), []);
    assert.deepEqual(readdirSync(join(home, 'data/plugin/store/versions')), []);
    assert.ok(existsSync(join(home, 'data/plugin/server/data/keys')), 'its identity and earnings are kept');
    await look('removed');
  });
});
