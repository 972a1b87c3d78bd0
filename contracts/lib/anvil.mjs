// A throw-away Ethereum node on a free loopback port.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './compile.mjs';

const SETPRIV = '/usr/bin/setpriv';

/** The program itself; the npm wrapper around it is not used, so stopping it leaves no child behind. */
export function anvilPath() {
  const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const path = join(root, `node_modules/@foundry-rs/anvil-linux-${arch}/bin/anvil`);
  if (!existsSync(path)) {
    throw new Error(`${path} is missing: run npm ci in contracts/`);
  }
  return path;
}

/** Starts anvil and resolves to { url, chainId, stop } once it listens. */
export function startAnvil({ hardfork = 'osaka', chainId = 31337, port = 0, extra = [] } = {}) {
  const args = ['--port', String(port), '--hardfork', hardfork, '--chain-id', String(chainId), '--threads', '1', ...extra];
  // setpriv lets the node end with the program that started it, however that one ends.
  const [program, before] = existsSync(SETPRIV) ? [SETPRIV, ['--pdeathsig', 'KILL', anvilPath()]] : [anvilPath(), []];
  const child = spawn(program, [...before, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = () =>
    new Promise((done) => {
      if (child.exitCode !== null || child.signalCode !== null) {
        done();
        return;
      }
      child.once('exit', done);
      child.kill('SIGKILL');
    });
  process.once('exit', () => child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    let text = '';
    const onText = (data) => {
      text += data;
      const m = /Listening on 127\.0\.0\.1:(\d+)/.exec(text);
      if (m) {
        child.stdout.removeAllListeners('data');
        child.stderr.removeAllListeners('data');
        child.stdout.resume();
        child.stderr.resume();
        resolve({ url: `http://127.0.0.1:${m[1]}`, chainId, pid: child.pid, stop });
      }
    };
    child.stdout.setEncoding('utf8').on('data', onText);
    child.stderr.setEncoding('utf8').on('data', onText);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`anvil ended with status ${code}: ${text.slice(-400)}`)));
  });
}
