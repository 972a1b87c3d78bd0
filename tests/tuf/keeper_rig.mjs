// A daemon with its keeper, a repository of its own, and an Ethereum node that knows no more than its chain.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { appendFileSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LocalApi, newKey } from '../../tools/local/lib/local_api.mjs';
import { freePort, makeHome, run, until } from '../api/daemon.mjs';
import { addPackage } from './package.mjs';
import { folder, makeRepo } from './rig.mjs';
import { serve } from './serve.mjs';

const programs = dirname(process.env.PASSMESH);
const bytesOf = (name) => readFileSync(join(programs, name));
export const real = () => ({ 'passmesh-server': bytesOf('passmesh-server'), 'passmesh-keyd': bytesOf('passmesh-keyd') });
/** It ends at once, with status 1. */
export const broken = () => ({ 'passmesh-server': readFileSync('/bin/false'), 'passmesh-keyd': bytesOf('passmesh-keyd') });

/** An Ethereum node that knows its chain and no more. */
async function startNode(t) {
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (d) => { text += d; });
    request.on('end', () => {
      const answer = ({ id, method }) => ({ jsonrpc: '2.0', id, result: { eth_chainId: '0x7a69', eth_getBalance: '0xde0b6b3a7640000', eth_blockNumber: '0x5' }[method] ?? null });
      const asked = JSON.parse(text);
      response.end(JSON.stringify(Array.isArray(asked) ? asked.map(answer) : answer(asked)));
    });
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  t.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

/** Processes that run a file below home. */
export function running(home) {
  return readdirSync('/proc').filter((p) => /^\d+$/.test(p)).filter((p) => {
    try { return readlinkSync(`/proc/${p}/exe`).startsWith(join(home, 'data/plugin')); } catch { return false; }
  }).map(Number);
}

export const keepers = (pid) => readdirSync('/proc').filter((p) => /^\d+$/.test(p)).filter((p) => {
  try { return readFileSync(`/proc/${p}/cmdline`, 'utf8').includes('plugin\0keep\0') && readFileSync(`/proc/${p}/stat`, 'utf8').split(') ')[1].split(' ')[1] === String(pid); } catch { return false; }
}).map(Number);

/** A repository of its own, or `made` of another; `config`: more of passmesh.ini. */
export async function startKeeper(t, { development = true, made: given, config = '' } = {}) {
  const dir = folder(t);
  const made = given ?? await makeRepo(dir, { development });
  const mirror = await serve(made.path);
  t.after(mirror.close);
  const home = makeHome(await freePort());
  appendFileSync(join(home, 'config/passmesh.ini'), `[plugin]\ntrial_s = 2\n${config}`);
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const s = { dir, made, mirror, home, node: await startNode(t) };
  /** Starts the daemon; waits: until it is ready and its keeper has told a state. */
  s.up = async ({ waits = true } = {}) => {
    s.daemon = run(home, ['daemon']);
    if (!waits) {
      return;
    }
    await until('the daemon', () => {
      assert.equal(s.daemon.code, undefined, s.daemon.err);
      return s.daemon.err.includes('ready at');
    });
    s.api?.close();
    s.api = new LocalApi(join(home, 'run/passmesh.sock'));
    t.after(() => s.api.close());
    await s.is('a state', (v) => v.state !== 'unavailable');
  };
  s.down = async () => {
    s.daemon.child.kill('SIGTERM');
    await s.daemon.ended;
  };
  s.state = () => s.api.call('plugin_status');
  s.is = async (what, holds, ms = 20000) => {
    let last;
    try {
      return await until(what, async () => { last = await s.state(); return holds(last) && last; }, ms);
    } catch (e) {
      throw new Error(`${e.message}; it is ${JSON.stringify(last)}; ${s.daemon.err.slice(-600)}`);
    }
  };
  s.do = (method, params = {}) => s.api.call(method, { key: newKey(), ...params });
  s.add = () => s.do('plugin_repository_add', { url: mirror.url, root: readFileSync(join(made.path, 'metadata/1.root.json')).toString('base64url') });
  s.set = (more = {}) => s.do('plugin_settings_set', { network_id: 'local', node: s.node, listen: '/ip4/127.0.0.1/tcp/0', ...more });
  s.release = async (version, files, more = {}) => {
    await addPackage(made, files, { version, ...more });
    await made.publish();
  };
  s.installed = async (version, ms) => {
    await s.do('plugin_install');
    return s.is(`server ${version} runs`, (v) => v.state === 'running' && v.installed.version === version && !v.job, ms);
  };
  t.after(() => s.daemon.child.kill('SIGKILL'));
  await s.up();
  return s;
}

const parentOf = (pid) => Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[1]);

/** Servers that run from the store below home; not what one has forked that is about to be its keyd. */
export function servers(home) {
  const found = running(home).filter((p) => {
    try { return readlinkSync(`/proc/${p}/exe`).endsWith('passmesh-server'); } catch { return false; }
  });
  return found.filter((p) => {
    try { return !found.includes(parentOf(p)); } catch { return false; }
  });
}
