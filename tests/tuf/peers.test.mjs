// A package from other people's servers when no mirror gives it, among peers (js-libp2p, from docs/protocol.md alone) that lie, stall and go.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { multiaddr, startTheirs } from '../interop/js/theirs.mjs';
import { bytes, frames, number, varint, decode } from '../system/lib/service_client.mjs';
import { real, startKeeper } from './keeper_rig.mjs';

const PROTOCOL = '/web3-wallet/package/1.0';
const CHUNK = 65536;
const MANY = { maxInboundStreams: 64, maxOutboundStreams: 64 };

const framed = (message) => Buffer.concat([varint(message.length), message]);
const found = (chunk) => framed(Buffer.concat([number(1, 0), bytes(3, chunk)]));

/** Each answers a question in its way. */
const WAYS = {
  wrong: (stream) => stream.send(found(Buffer.alloc(CHUNK, 7))),
  long: (stream) => stream.send(found(Buffer.alloc(CHUNK + 1))),
  announces: (stream) => stream.send(Buffer.from('ffffffff0f', 'hex')),
  gone: (stream) => stream.abort(new Error('no')),
  stalls: (stream) => stream.send(Buffer.from('868004', 'hex')),
};

/** A peer that says that it serves wallets, and never does. */
async function startHostile(t, way, asked) {
  const node = await startTheirs({ listen: true });
  t.after(() => node.stop());
  await node.handle('/web3-wallet/1.0', () => {}, MANY);
  await node.handle(PROTOCOL, async (stream) => {
    asked[way] = (asked[way] ?? 0) + 1;
    for await (const data of stream) {
      if (data.length > 0) WAYS[way](stream);
    }
  }, MANY);
  return node.getMultiaddrs()[0].toString();
}

/** Asks a server for one chunk. */
async function ask(t, addr, file, index) {
  const node = await startTheirs();
  t.after(() => node.stop());
  const stream = await (await node.dial(multiaddr(addr))).newStream(PROTOCOL, MANY);
  stream.send(framed(Buffer.concat([bytes(1, file), number(2, index)])));
  for await (const frame of frames(stream)) {
    const f = decode(frame);
    return { status: Number(f[1] ?? 0n), chunk: f[3] };
  }
  return undefined;
}

const sha256 = (b) => createHash('sha256').update(b).digest();

test('no mirror gives the files, five peers of six are hostile', async (t) => {
  const giver = await startKeeper(t);
  const files = real();
  await giver.release('1.0.0', files);
  await giver.add();
  await giver.set();
  const { run: { listen } } = await giver.installed('1.0.0');

  const server = files['passmesh-server'];
  const last = Math.floor(server.length / CHUNK);
  const end = await ask(t, listen, sha256(server), last);
  assert.deepEqual([end.status, Buffer.from(end.chunk)], [0, server.subarray(last * CHUNK)]);
  assert.equal((await ask(t, listen, sha256(server), last + 1)).status, 1, 'behind its end there is nothing');
  assert.equal((await ask(t, listen, sha256('another file'), 0)).status, 1);

  const asked = {};
  const hostile = await Promise.all(Object.keys(WAYS).map((way) => startHostile(t, way, asked)));
  const config = `[peers]\n${[...hostile, listen].map((a) => `server = ${a}\n`).join('')}`;
  const s = await startKeeper(t, { made: giver.made, config });
  s.mirror.state.attack = (name, body) => name.startsWith('targets/') ? null : body;
  await s.add();
  await s.set();
  await s.installed('1.0.0', 120_000); // unstripped it is more than a peer gives at once, and the rest comes two chunks a second
  const [id] = readdirSync(join(s.home, 'data/plugin/store/versions'));
  for (const [name, content] of Object.entries(files)) {
    assert.ok(readFileSync(join(s.home, 'data/plugin/store/versions', id, name)).equals(content), name);
  }
  for (const way of ['wrong', 'long', 'announces']) {
    assert.ok((asked[way] ?? 0) <= 1, `${way} was asked ${asked[way]} times`);
  }
  assert.ok(Object.keys(asked).length >= 1, 'none of the hostile ones was asked');
});
