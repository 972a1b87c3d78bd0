// usage: tools/local/start.sh run.mjs [--no-open]      (make run)
// Builds what is missing, starts a local network and the wallet on it, opens the wallet, and stops all of it on Ctrl-C.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { buildAll, buildDir, programs } from './lib/build.mjs';
import { LocalApi, newKey } from './lib/local_api.mjs';
import { startDaemon, startNetwork } from './lib/network.mjs';
import { releaseBuild, startRepository } from './lib/repository.mjs';
import { Fault, say, sentence, step } from './lib/say.mjs';

const PORT = 7878;
const dir = join(buildDir, 'local');
const home = join(dir, 'wallet');
const lock = join(dir, 'pid');

const output = (program, args) => new Promise((done) => {
  execFile(program, args, (error, stdout, stderr) => done({ failed: Boolean(error), stdout: stdout.trim(), stderr: stderr.trim() }));
});

async function holderOf(port) {
  const { stdout } = await output('ss', ['-Hltnp', `sport = :${port}`]);
  const m = /users:\(\("([^"]+)",pid=(\d+)/.exec(stdout);
  return m ? `${m[1]} (process ${m[2]})` : 'another program';
}

async function checkPort() {
  const probe = createServer();
  const busy = await new Promise((done) => {
    probe.once('error', (e) => done(e.code === 'EADDRINUSE'));
    probe.listen(PORT, '127.0.0.1', () => probe.close(() => done(false)));
  });
  if (busy) {
    throw new Fault(`Port ${PORT} is held by ${await holderOf(PORT)}. The port is part of every passkey's address, so it cannot be another: end that program and start again.`);
  }
}

/* Two at once would write one chain state. */
function takeLock() {
  mkdirSync(dir, { recursive: true });
  try {
    const other = Number(readFileSync(lock, 'utf8'));
    process.kill(other, 0);
    if (readFileSync(`/proc/${other}/cmdline`, 'utf8').includes('run.mjs')) {
      throw new Fault(`The local network runs already (process ${other}): stop it with Ctrl-C there.`);
    }
  } catch (e) {
    if (e instanceof Fault) {
      throw e;
    }
  }
  writeFileSync(lock, String(process.pid));
}

async function showWallet() {
  const hasDisplay = Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
  const { failed, stdout, stderr } = await output(programs.passmesh, ['--home', home, 'open', ...(hasDisplay && !process.argv.includes('--no-open') ? [] : ['--print'])]);
  say(failed ? stderr : stdout);
  say(`\nAnother address, when that one is used:  ${programs.passmesh} --home ${home} open --print`);
  say('Server in its menu runs a server here, from a development repository whose keys lie in build/local/repository-keys/.');
  say('The wallet holds test money only. Ctrl-C stops everything; logs are in build/local/.');
}

/* The daemon is told of the development repository, and of the node that a server here would stand on. */
async function offerServer(daemon, repository, rpc) {
  const api = new LocalApi(daemon.socket);
  const ask = (method, params = {}) => api.call(method, { key: newKey(), ...params });
  try {
    const { settings, repositories } = await api.call('plugin_status');
    if (repositories.length > 0) {
      await ask('plugin_repository_forget'); /* its address is another at each start */
    }
    await ask('plugin_repository_add', { url: repository.url, root: readFileSync(repository.root).toString('base64url') });
    await ask('plugin_settings_set', { network_id: 'local', node: rpc, ...(settings.network_id ? {} : { listen: '/ip4/127.0.0.1/tcp/4001' }) });
  } finally {
    api.close();
  }
}

async function main() {
  const stops = [];
  let wake;
  const asked = new Promise((done) => { wake = done; });
  let isOver = false;
  const over = (fault) => {
    isOver = true;
    wake(fault);
  };
  ['SIGINT', 'SIGTERM', 'SIGHUP'].forEach((s) => process.on(s, () => over()));
  const onEnd = (child) => over(child.fault());
  let fault;
  let isLocked = false;
  try {
    takeLock();
    isLocked = true;
    await checkPort();
    await buildAll();
    if (!isOver) {
      const network = await startNetwork({ dir, keeps: true, onEnd });
      stops.push(network.stop);
      const daemon = await step('Starting the wallet', () => startDaemon({ dir, home, file: network.file, onEnd }));
      stops.push(() => daemon.stop());
      const repository = await step('Making the development repository', async () => {
        const made = await startRepository(dir);
        stops.push(made.close);
        await releaseBuild(made, dir, '0.1');
        return made;
      });
      await offerServer(daemon, repository, network.rpc);
      say(`The wallet is at ${daemon.origin}/`);
      await showWallet();
      fault = await asked;
    }
  } catch (e) {
    fault = e;
  }
  say(fault ? '' : '\nStopping ...');
  while (stops.length) {
    await stops.pop()();
  }
  if (isLocked) {
    rmSync(lock, { force: true });
  }
  if (fault) {
    console.error(sentence(fault));
    return 1;
  }
  say('Everything is stopped. The next start goes on where this one ended.');
  return 0;
}

process.exit(await main());
