// The daemon's Unix socket, as the command line uses it: JSON-RPC texts behind their length, 32 bits big-endian.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

/** An answer that is an error: code is of api/errors.json. */
export class Refused extends Error {
  constructor(error) {
    super(`${error.data?.code ?? error.code}: ${JSON.stringify(error.data?.params ?? error.message)}`);
    this.code = error.data?.code;
  }
}

export const newKey = () => randomBytes(16).toString('base64url');

export class LocalApi {
  constructor(path) {
    this.waiting = new Map();
    this.count = 0;
    this.buffer = Buffer.alloc(0);
    this.socket = connect(path);
    this.socket.on('data', (data) => this.take(data));
    this.socket.on('error', (e) => this.lose(e));
    this.socket.on('close', () => this.lose(new Error('the daemon is gone')));
  }

  lose(error) {
    this.isLost = true;
    for (const { reject } of this.waiting.values()) {
      reject(error);
    }
    this.waiting.clear();
  }

  take(data) {
    this.buffer = Buffer.concat([this.buffer, data]);
    while (this.buffer.length >= 4 && this.buffer.length >= 4 + this.buffer.readUInt32BE(0)) {
      const end = 4 + this.buffer.readUInt32BE(0);
      const answer = JSON.parse(this.buffer.subarray(4, end));
      this.buffer = this.buffer.subarray(end);
      const one = this.waiting.get(answer.id);
      this.waiting.delete(answer.id);
      if (answer.error) {
        one?.reject(new Refused(answer.error));
      } else {
        one?.resolve(answer.result);
      }
    }
  }

  call(method, params = {}) {
    return new Promise((resolve, reject) => {
      if (this.isLost) {
        reject(new Error('the daemon is gone'));
        return;
      }
      this.count += 1;
      this.waiting.set(this.count, { resolve, reject });
      const text = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: this.count, method, params }));
      const head = Buffer.alloc(4);
      head.writeUInt32BE(text.length);
      this.socket.write(Buffer.concat([head, text]));
    });
  }

  close() {
    this.socket.destroy();
  }
}
