// A beacon node's REST interface with a consensus chain of our own behind it: the part that light clients need.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export const SLOTS_PER_EPOCH = 8;
const EPOCHS_PER_PERIOD = 8;
export const SLOTS_PER_PERIOD = EPOCHS_PER_PERIOD * SLOTS_PER_EPOCH;
const BOOTSTRAP_WAIT_MS = 3000;
const FORKS = ['altair', 'bellatrix', 'capella', 'deneb', 'electra', 'fulu'];

export class BeaconNode {
  /** maker: the program; newest(): { hash, stateRoot, number, timestamp, baseFeePerGas } of the execution chain, as a node gives it. servesFinal: its final block can be started from.
   * epochsPerPeriod, forgedFrom: as the program has them. bootstrapAfter: questions that must have come before it answers that for the bootstrap. */
  static async start({ maker, genesis, slotSeconds, newest, servesFinal = false, bootstrapAfter = [], epochsPerPeriod = EPOCHS_PER_PERIOD, forgedFrom = 0 }) {
    const it = Object.assign(new BeaconNode(), { genesis, servesFinal, bootstrapAfter, slotSeconds, epochsPerPeriod, newest, signers: 32, hides: false, seen: [], cache: new Map(), roots: new Map(), blocks: new Map() });
    it.child = spawn(maker, [genesis, slotSeconds, epochsPerPeriod, forgedFrom].map(String), { stdio: ['pipe', 'pipe', 'inherit'] });
    it.lines = createInterface({ input: it.child.stdout })[Symbol.asyncIterator]();
    it.turn = Promise.resolve();
    it.server = createServer((request, response) => it.serve(request, response).catch((e) => response.writeHead(500).end(String(e))));
    it.server.listen(0, '127.0.0.1');
    await once(it.server, 'listening');
    it.url = `http://127.0.0.1:${it.server.address().port}`;
    return it;
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
    this.child.stdin.end();
  }

  /** The words that the maker answers, one question at a time. */
  ask(line) {
    this.turn = this.turn.then(async () => {
      this.child.stdin.write(`${line}\n`);
      return (await this.lines.next()).value.split(' ');
    });
    return this.turn;
  }

  async once(line) {
    if (!this.cache.has(line)) {
      this.cache.set(line, await this.ask(line));
    }
    return this.cache.get(line);
  }

  get slot() {
    return Math.floor((Date.now() / 1000 - this.genesis) / this.slotSeconds);
  }

  /** The section of the network's file. */
  async ini() {
    const [root, ...versions] = await this.once('chain');
    return ['[beacon]', `genesis_time = ${this.genesis}`, `genesis_validators_root = 0x${root}`, `seconds_per_slot = ${this.slotSeconds}`,
      `slots_per_epoch = ${SLOTS_PER_EPOCH}`, `epochs_per_period = ${this.epochsPerPeriod}`, 'committee_size = 32', ...FORKS.map((f, i) => `${f} = 0x${versions[i]} 0`), ''].join('\n');
  }

  /** The root of the block in a slot, which can be asked for from then on. */
  async checkpoint(slot) {
    const [root, ssz] = await this.once(`bootstrap ${slot}`);
    this.roots.set(root, ssz);
    return `0x${root}`;
  }

  /** The one execution block of a slot: a second one for it would be a committee that signs twice. */
  blockOf(slot) {
    if (!this.blocks.has(slot)) {
      this.blocks.set(slot, this.newest());
    }
    return this.blocks.get(slot);
  }

  async newestUpdate(form) {
    const slot = this.slot;
    const block = await this.blockOf(slot);
    const key = `${form} ${slot} ${this.signers}`;
    if (!this.cache.has(key)) {
      this.cache.set(key, (await this.ask(`${key} ${block.hash.slice(2)} ${block.stateRoot.slice(2)} ${Number(block.number)} ${Number(block.timestamp)} ${Number(block.baseFeePerGas)}`))[0]);
    }
    return this.cache.get(key);
  }

  async body(path, query) {
    const last = path.split('/').at(-1);
    if (path.includes('/bootstrap/')) {
      for (const end = Date.now() + BOOTSTRAP_WAIT_MS; !this.bootstrapAfter.every((name) => this.seen.includes(name)) && Date.now() < end;) {
        await sleep(10);
      }
      if (!this.bootstrapAfter.every((name) => this.seen.includes(name))) {
        return undefined;
      }
      return this.roots.get(last.slice(2));
    }
    if (last === 'updates') {
      const parts = [];
      const now = Math.floor(this.slot / (this.epochsPerPeriod * SLOTS_PER_EPOCH));
      for (let i = 0, period = Number(query.get('start_period')); i < Number(query.get('count')) && period <= now; i++, period++) {
        parts.push((await this.once(`update ${period}`))[0]);
      }
      return parts.join('');
    }
    if (last === 'finality_update' && this.servesFinal) {
      await this.checkpoint(Math.floor((this.slot - 1) / SLOTS_PER_EPOCH) * SLOTS_PER_EPOCH - 2 * SLOTS_PER_EPOCH); // as the maker has it
    }
    return this.newestUpdate(last === 'finality_update' ? 'finality' : 'optimistic');
  }

  async serve(request, response) {
    const { pathname, searchParams } = new URL(request.url, this.url);
    this.seen.push(pathname.replace('/eth/v1/beacon/light_client/', '').split('/')[0]);
    const hex = this.hides ? undefined : await this.body(pathname, searchParams);
    if (!hex) {
      response.writeHead(404).end();
      return;
    }
    const bytes = Buffer.from(hex, 'hex');
    this.spoil?.(bytes, pathname);
    response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Eth-Consensus-Version': 'fulu' }).end(bytes);
  }
}
