// A daemon of its own for each test file: in a private directory, on a free port, with a page of three small files and a
// local network that nobody serves. And clients that say exactly what they are told to say.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HEADERS } from '../../ui/headers.mjs';
import { freePort } from '../../tools/local/lib/port.mjs';
import { until as waitFor } from '../../tools/local/lib/until.mjs';

export { freePort };

export const PASSMESH = process.env.PASSMESH ?? join(import.meta.dirname, '../../build/apps/passmesh');
export const SERVER = process.env.PASSMESH_SERVER ?? join(import.meta.dirname, '../../build/apps/passmesh-server');
/** The security fields of an answer: all that do not belong to the one message. */
export function securityFields({ headers }) {
  const own = ['content-type', 'content-length', 'connection', 'upgrade', 'sec-websocket-accept'];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !own.includes(name)));
}

/** The same as ui/headers.mjs has them for the page's manifest. */
export const SECURITY_FIELDS = Object.fromEntries(Object.entries(HEADERS).map(([name, value]) => [name.toLowerCase(), value]));

const PAGE = { 'index.html': ['text/html; charset=utf-8', '<!doctype html><title>page</title>'], 'a.js': ['text/javascript; charset=utf-8', '1;'], 'a.css': ['text/css; charset=utf-8', 'a{}'] };

export const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });
export const until = (what, condition, ms = 15000) => waitFor(what, condition, { timeout: ms, step: 20 });

export function makeHome(port) {
  const home = mkdtempSync(join(tmpdir(), 'pm-api-'));
  mkdirSync(join(home, 'config'));
  mkdirSync(join(home, 'ui'));
  writeConfig(home, port);
  writeFileSync(join(home, 'local.ini'), '[network]\nid = local\nname = Local\nchain_id = 31337\nkind = local\nsymbol = ETH\nnative_name = Ether\nblock_ms = 1000\nfinal_after = 2\n');
  writeFileSync(join(home, 'secret.txt'), 'SECRET beside the page');
  writeFileSync(join(home, 'ui', 'unlisted.txt'), 'SECRET in the directory of the page');
  const files = Object.entries(PAGE).map(([file, [type, text]]) => {
    writeFileSync(join(home, 'ui', file), text);
    return { path: file === 'index.html' ? '/' : `/${file}`, file, type, sha256: createHash('sha256').update(text).digest('hex'), size: text.length };
  });
  writeFileSync(join(home, 'ui', 'manifest.json'), JSON.stringify({ headers: HEADERS, files }));
  return home;
}

export function writeConfig(home, port) {
  writeFileSync(join(home, 'config', 'passmesh.ini'), `[page]\nport = ${port}\n[peers]\nlisten = /ip4/127.0.0.1/tcp/0\n[log]\nlevel = debug\n`);
}

const running = new Set();
process.on('exit', () => {
  running.forEach((child) => child.kill('SIGKILL'));
});

/** Starts passmesh (or another program) with words behind --home, as an argument of `under` if there is one; collects what it prints. */
export function run(home, words, env = {}, { under = [], stdio = ['ignore', 'pipe', 'pipe'], binary = PASSMESH } = {}) {
  const [program, ...args] = [...under, binary, '--home', home, ...words];
  const child = spawn(program, args, {
    env: { PATH: process.env.PATH, HOME: home, PASSMESH_UI: join(home, 'ui'), PASSMESH_NETWORK: join(home, 'local.ini'), ...env },
    stdio,
  });
  running.add(child);
  const it = { child, out: '', err: '', code: undefined };
  child.stdout.on('data', (d) => { it.out += d; });
  child.stderr.on('data', (d) => { it.err += d; });
  it.ended = new Promise((done) => {
    child.on('close', (code, signal) => {
      running.delete(child);
      it.code = code ?? signal;
      done(it.code);
    });
  });
  return it;
}

export class Daemon {
  static async start() {
    const d = new this();
    d.port = await freePort();
    d.home = makeHome(d.port);
    await d.up();
    return d;
  }

  get host() { return `passmesh.localhost:${this.port}`; }

  get origin() { return `http://${this.host}`; }

  get socket() { return join(this.home, 'run', 'passmesh.sock'); }

  get pid() { return this.process.child.pid; }

  async up() {
    this.process = run(this.home, ['daemon']);
    await until('the daemon', () => {
      if (this.process.code !== undefined) {
        throw new Error(`the daemon ended (${this.process.code}): ${this.process.err}`);
      }
      return this.process.err.includes('ready at') || this.process.out.includes('ready at');
    });
  }

  async down() {
    this.process.child.kill('SIGTERM');
    return this.process.ended;
  }

  async end() {
    await this.down();
    chmodSync(this.home, 0o700);
    rmSync(this.home, { recursive: true, force: true });
  }

  isAlive() { return this.process.code === undefined && existsSync(`/proc/${this.pid}`); }

  /** One message over the Unix socket and its answer. */
  local(method, params = {}) {
    return localCall(this.socket, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
  }

  async code() {
    const { result } = await this.local('open_code');
    return /#c=([\w-]{43})$/.exec(result.url)[1];
  }

  async session() {
    const answer = await this.post('/session', JSON.stringify({ code: await this.code() }));
    return JSON.parse(answer.body).token;
  }

  /** The head of a request; null leaves a field out, an array repeats it. */
  head(method, path, fields = {}) {
    const all = { Host: this.host, ...fields };
    const lines = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [value].flat().map((v) => `${name}: ${v}`)));
    return `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
  }

  postText(path, body, fields = {}) {
    return this.head('POST', path, { Origin: this.origin, 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), ...fields }) + body;
  }

  post(path, body, fields = {}) { return this.ask(this.postText(path, body, fields)); }

  get(path, fields = {}) { return this.ask(this.head('GET', path, fields)); }

  rpc(token, method, params = {}, fields = {}) {
    return this.post('/rpc', JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), { Authorization: `Bearer ${token}`, ...fields });
  }

  /** Sends bytes and gives the first answer. */
  async ask(bytes) {
    const c = await this.connect();
    c.write(bytes);
    const answer = await c.answer();
    c.end();
    return answer;
  }

  connect(address = '127.0.0.1') { return Client.open(this.port, address); }

  memoryKib() { return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))[1]); }
}

/** passmesh-server in the place of the daemon: the operator's API, whose token stands in a file. Its node is nowhere. */
export class Server extends Daemon {
  get host() { return `127.0.0.1:${this.port}`; }

  get socket() { return join(this.home, 'run', 'server.sock'); }

  get tokenFile() { return join(this.home, 'run', 'token'); }

  async up({ ini = `[operator]\nport = ${this.port}\n`, env, flags = [], under } = {}) {
    writeFileSync(join(this.home, 'config', 'server.ini'), ini);
    const words = ['--network', join(this.home, 'local.ini'), '--node', 'http://127.0.0.1:9', '--listen', '/ip4/127.0.0.1/tcp/0', '--json', ...flags];
    this.process = run(this.home, words, env, { binary: SERVER, under });
    await until('the server', () => {
      if (this.process.code !== undefined) {
        throw new Error(`the server ended (${this.process.code}): ${this.process.err}`);
      }
      return this.process.out.includes('\n');
    });
    this.ready = JSON.parse(this.process.out);
  }

  async session() { return readFileSync(this.tokenFile, 'utf8'); }

  /** A command of the operator to its end: { code, out, err }. */
  async command(...words) {
    const it = run(this.home, words, {}, { binary: SERVER });
    await it.ended;
    return it;
  }
}

export async function localCall(path, text) {
  const socket = net.connect(path);
  const bytes = Buffer.from(text);
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32BE(bytes.length);
  socket.write(Buffer.concat([prefix, bytes]));
  let got = Buffer.alloc(0);
  for await (const d of socket) {
    got = Buffer.concat([got, d]);
    if (got.length >= 4 && got.length >= 4 + got.readUInt32BE(0)) {
      return JSON.parse(got.subarray(4, 4 + got.readUInt32BE(0)).toString());
    }
  }
  throw new Error('the socket was closed without an answer');
}

/** A TCP connection that keeps what it got. */
export class Client {
  static async open(port, address) {
    const c = new Client();
    c.socket = net.connect({ port, host: address, allowHalfOpen: true });
    c.bytes = Buffer.alloc(0);
    c.isClosed = false;
    c.opened = Date.now();
    c.socket.on('data', (d) => { c.bytes = Buffer.concat([c.bytes, d]); });
    const closed = () => {
      if (!c.isClosed) {
        c.isClosed = true;
        c.closedAfterMs = Date.now() - c.opened;
      }
    };
    c.socket.on('end', closed);
    c.socket.on('close', closed);
    await new Promise((done, failed) => {
      c.socket.once('connect', done);
      c.socket.once('error', failed);
    });
    c.socket.on('error', (e) => { c.error = e; });
    return c;
  }

  write(bytes) { return this.socket.write(bytes); }

  end() { this.socket.destroy(); }

  /** Takes one HTTP answer off what came; undefined while it is not whole. */
  take() {
    const end = this.bytes.indexOf('\r\n\r\n');
    if (end < 0) {
      return undefined;
    }
    const [first, ...lines] = this.bytes.subarray(0, end).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(lines.map((l) => [l.slice(0, l.indexOf(':')).toLowerCase(), l.slice(l.indexOf(':') + 1).trim()]));
    const length = Number(headers['content-length'] ?? 0);
    if (this.bytes.length < end + 4 + length) {
      return undefined;
    }
    const body = this.bytes.subarray(end + 4, end + 4 + length).toString();
    this.bytes = this.bytes.subarray(end + 4 + length);
    return { status: Number(first.split(' ')[1]), headers, body };
  }

  async answer(ms = 10000) {
    const answer = await until('an answer', () => {
      const a = this.take();
      return a ?? (this.isClosed && this.bytes.indexOf('\r\n\r\n') < 0 ? 'closed' : undefined);
    }, ms);
    if (answer === 'closed') {
      throw new Error(`the connection was closed without an answer (${this.error?.code ?? 'end'})`);
    }
    return answer;
  }

  async closed(ms = 5000) {
    await until('the end of the connection', () => this.isClosed, ms);
    return this.closedAfterMs;
  }
}

/** A WebSocket client by hand (RFC 6455): its frames are what a test wants them to be. */
export class WebSocketClient {
  static async open(daemon, fields = {}) {
    const ws = new WebSocketClient();
    ws.client = await daemon.connect();
    ws.client.write(daemon.head('GET', '/ws', { Origin: daemon.origin, Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': 13, 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==', ...fields }));
    ws.answer = await ws.client.answer();
    return ws;
  }

  send(text, { opcode = 1, masked = true } = {}) {
    const payload = Buffer.from(text);
    const head = payload.length < 126 ? Buffer.from([0x80 | opcode, payload.length]) : Buffer.from([0x80 | opcode, 126, payload.length >> 8, payload.length & 255]);
    if (masked) {
      head[1] |= 0x80;
    }
    this.client.write(Buffer.concat([head, masked ? Buffer.alloc(4) : Buffer.alloc(0), payload])); // a mask of zeros
  }

  take() {
    const b = this.client.bytes;
    if (b.length < 2) {
      return undefined;
    }
    const short = b[1] & 127;
    const at = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (b.length < at) {
      return undefined;
    }
    const length = short < 126 ? short : short === 126 ? b.readUInt16BE(2) : Number(b.readBigUInt64BE(2));
    if (b.length < at + length) {
      return undefined;
    }
    this.client.bytes = b.subarray(at + length);
    return { opcode: b[0] & 15, payload: b.subarray(at, at + length) };
  }

  async frame(ms = 5000) { return until('a frame', () => this.take(), ms); }

  async json(ms) {
    const { opcode, payload } = await this.frame(ms);
    if (opcode !== 1) {
      throw new Error(`opcode ${opcode}: ${payload.toString('hex')}`);
    }
    return JSON.parse(payload.toString());
  }

  /** The code of the close frame, after any text frames. */
  async closeCode(ms = 5000) {
    for (;;) {
      const { opcode, payload } = await this.frame(ms);
      if (opcode === 8) {
        return payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      }
    }
  }

  end() { this.client.end(); }
}
