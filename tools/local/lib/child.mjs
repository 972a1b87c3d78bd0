// Programs that we start, watch and stop. Each has a session of its own, so that Ctrl-C at the terminal reaches only us and we
// choose the order; each writes to a log file; the kernel kills it should we vanish.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Fault } from './say.mjs';

const SETPRIV = '/usr/bin/setpriv';

function tail(path) {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').at(-1).slice(0, 400);
  } catch {
    return '';
  }
}

export class Child {
  /**
   * name: what a person calls it; program, args, env, cwd; log: the file of its output. onLine(text) is told each line of standard
   * output, which then is not in the log. onEnd(child) is called when it ends by itself.
   */
  constructor({ name, program, args = [], env = {}, cwd, log, onLine, onEnd }) {
    Object.assign(this, { name, log, isStopping: false });
    if (!existsSync(program)) {
      throw new Fault(`${name}: the program ${program} is missing: run make.`);
    }
    const out = openSync(log, 'w');
    const [file, before] = existsSync(SETPRIV) ? [SETPRIV, ['--pdeathsig', 'KILL', program]] : [program, []];
    this.process = spawn(file, [...before, ...args], {
      stdio: ['ignore', onLine ? 'pipe' : out, out], detached: true, cwd, env: { ...process.env, ...env },
    });
    closeSync(out);
    if (onLine) {
      createInterface({ input: this.process.stdout }).on('line', onLine);
    }
    this.ended = new Promise((done) => {
      this.process.once('error', done);
      this.process.once('exit', done);
    }).then(() => {
      this.isEnded = true;
      if (!this.isStopping) {
        onEnd?.(this);
      }
    });
  }

  get pid() {
    return this.process.pid;
  }

  /** The sentence for one that ended by itself. */
  fault() {
    const { exitCode, signalCode } = this.process;
    const how = signalCode ? `was ended by ${signalCode}` : `ended with status ${exitCode}`;
    const last = tail(this.log);
    if (/disk\b.* is full|No space left on device|ENOSPC/.test(last)) {
      return Object.assign(new Error(last), { code: 'ENOSPC' });
    }
    return new Fault(`${this.name} ${how}${last ? `: ${last}` : ''}\nIts log: ${this.log}`);
  }

  /** Resolves when ready() gives something true, which it returns; refuses when the child ends or takes too long. */
  async until(ready, seconds = 30) {
    const end = Date.now() + seconds * 1000;
    while (Date.now() < end) {
      const value = await ready();
      if (value) {
        return value;
      }
      if (this.isEnded) {
        throw this.fault();
      }
      await new Promise((r) => setTimeout(r, 30));
    }
    throw new Fault(`${this.name} was not ready within ${seconds} s. Its log: ${this.log}`);
  }

  /** Asks it to end, then makes it. */
  async stop(signal = 'SIGTERM', graceMs = 4000) {
    this.isStopping = true;
    if (this.isEnded) {
      return;
    }
    this.process.kill(signal);
    const timer = setTimeout(() => this.process.kill('SIGKILL'), graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  kill() {
    return this.stop('SIGKILL');
  }
}
