// The asking side of /web3-wallet/1.0 over js-libp2p, written from docs/protocol.md alone.
import { createHash, randomBytes } from 'node:crypto'
import assert from 'node:assert/strict'
import { multiaddr, startTheirs } from '../../interop/js/theirs.mjs'

export const PROTOCOL = '/web3-wallet/1.0'
export const TYPE = { status: 1, rpc: 2, send: 3, operation: 4, subscribe: 5, proof: 6, inclusion: 13, logs: 14, witness: 21, transaction: 22 }
export const CODES = ['ok', 'bad-request', 'unsupported', 'denied', 'not-found', 'too-large', 'busy', 'quota', 'timeout', 'upstream', 'stale', 'internal']
export const STATES = [undefined, 'checking', 'accepted', 'sent', 'included', 'final', 'dropped', 'replaced']

export function varint (n) {
  const bytes = []
  for (n = BigInt(n); n >= 128n; n >>= 7n) {
    bytes.push(Number(n & 127n) | 128)
  }
  bytes.push(Number(n))
  return Buffer.from(bytes)
}

export function readVarint (buffer, at) {
  let value = 0n
  for (let shift = 0n; ; shift += 7n) {
    if (at >= buffer.length) {
      return undefined
    }
    const byte = buffer[at++]
    value |= BigInt(byte & 127) << shift
    if (byte < 128) {
      return { value, at }
    }
  }
}

export const number = (field, n) => Buffer.concat([varint(field << 3), varint(n)])
export const bytes = (field, b) => Buffer.concat([varint(field << 3 | 2), varint(b.length), b])
const hex = text => Buffer.from(text.slice(2), 'hex')

/** Fields by number; a repeated one keeps the last, and all of them are in lists. */
export function decode (message, lists = {}) {
  const fields = {}
  for (let at = 0; at < message.length;) {
    const tag = readVarint(message, at)
    at = tag.at
    const field = Number(tag.value >> 3n)
    const value = readVarint(message, at)
    at = value.at
    if ((tag.value & 7n) === 0n) {
      fields[field] = value.value
    } else {
      assert.equal(tag.value & 7n, 2n)
      fields[field] = message.subarray(at, at + Number(value.value))
      at += Number(value.value)
      lists[field] = [...lists[field] ?? [], fields[field]]
    }
  }
  return fields
}

const toHex = b => b === undefined ? undefined : '0x' + Buffer.from(b).toString('hex')
const toText = b => b === undefined ? '' : Buffer.from(b).toString('utf8')

function operationOf (body) {
  const f = decode(body)
  return {
    hash: toHex(f[1]),
    state: STATES[Number(f[2] ?? 0n)],
    transaction: toHex(f[3]),
    block: f[4],
    success: (f[5] ?? 0n) === 1n,
    reason: toText(f[8])
  }
}

function headOf (body) {
  const f = decode(body)
  return { number: f[1] ?? 0n, hash: toHex(f[2]), parent: toHex(f[3]), time: f[4] }
}

/** Whole frames of a stream, one after the other. */
/** The header, and the paths of account and slots as lists of nodes from the root down. */
function proofOf (body, have) {
  const lists = {}
  decode(body, lists)
  const path = refs => Array.from({ length: refs.length / 2 }, (_, i) => refs.readUInt16BE(2 * i))
    .map(ref => ref < 0x8000 ? toHex(lists[2][ref]) : have[ref - 0x8000].node)
  return { header: toHex(lists[1]?.[0]), nodes: lists[2] ?? [], account: path(lists[3][0]), slots: (lists[4] ?? []).map(path) }
}

export async function * frames (stream) {
  let waiting = Buffer.alloc(0)
  for await (const data of stream) {
    waiting = Buffer.concat([waiting, data.subarray()])
    for (;;) {
      const len = readVarint(waiting, 0)
      if (len === undefined || waiting.length - len.at < Number(len.value)) {
        break
      }
      yield waiting.subarray(len.at, len.at + Number(len.value))
      waiting = waiting.subarray(len.at + Number(len.value))
    }
  }
  assert.equal(waiting.length, 0, 'the stream ended inside a frame')
}

export class ServiceClient {
  /** A peer of its own, connected to addr. */
  static async connect (t, addr, chainId) {
    const c = new ServiceClient()
    c.node = await startTheirs()
    t.after(() => c.node.stop())
    c.connection = await c.node.dial(multiaddr(addr))
    c.chainId = chainId
    return c
  }

  request (type, fields) {
    return Buffer.concat([number(1, type), number(2, this.chainId), varint(3 << 3 | 1), randomBytes(8), ...fields])
  }

  /** Sends message and gives each answer; each must be bound to it. */
  async * answers (message, { end = true } = {}) {
    const stream = await this.connection.newStream(PROTOCOL, { maxOutboundStreams: 4096 })
    stream.send(Buffer.concat([varint(message.length), message]))
    if (end) {
      await stream.close()
    }
    const want = createHash('sha256').update(`${PROTOCOL} request\0`).update(message).digest()
    try {
      for await (const frame of frames(stream)) {
        const f = decode(frame)
        assert.deepEqual(Buffer.from(f[1]), want, 'the answer is bound to another request')
        yield {
          code: CODES[Number(f[2] ?? 0n)],
          retryMs: Number(f[3] ?? 0n),
          unitsLeft: Number(f[4] ?? 0n),
          text: toText(f[5]),
          body: f[6] ?? Buffer.alloc(0)
        }
      }
    } finally {
      if (!end) {
        await stream.close()
      }
    }
  }

  async ask (type, fields = []) {
    for await (const answer of this.answers(this.request(type, fields))) {
      return answer
    }
    throw new Error('the stream ended without an answer')
  }

  async status () {
    const answer = await this.ask(TYPE.status)
    assert.equal(answer.code, 'ok', answer.text)
    const f = decode(answer.body)
    return {
      chainId: Number(f[1]), head: f[2] && headOf(f[2]), level: Number(f[3] ?? 0n), entryPoint: toHex(f[4]), bundler: toHex(f[5]), agent: toText(f[9]),
      cosigning: Number(f[10] ?? 0n)
    }
  }

  /** The answer; with code ok also result, or error. */
  async rpc (method, params = []) {
    const answer = await this.ask(TYPE.rpc, [bytes(6, Buffer.from(method)), bytes(7, Buffer.from(JSON.stringify(params)))])
    if (answer.code === 'ok') {
      const f = decode(answer.body)
      return { ...answer, result: f[1] && JSON.parse(toText(f[1])), error: f[2] && JSON.parse(toText(f[2])) }
    }
    return answer
  }

  async send (entryPoint, operation) {
    const answer = await this.ask(TYPE.send, [bytes(8, hex(entryPoint)), bytes(9, hex(operation))])
    return answer.code === 'ok' ? { ...answer, ...operationOf(answer.body) } : answer
  }

  /** The answer; with code ok also header, account and slots: each a list of nodes from the root down. have holds what is known. */
  async accountProof (block, address, slots = [], have = []) {
    const list = (field, items) => items.length > 0 ? [bytes(field, Buffer.concat(items))] : []
    const answer = await this.ask(TYPE.proof, [bytes(12, hex(block)), bytes(13, hex(address)),
      ...list(14, slots.map(hex)), ...list(15, have.map(h => hex(h.hash)))])
    if (answer.code !== 'ok') {
      return answer
    }
    return { ...answer, ...proofOf(answer.body, have) }
  }

  /** The answer; with code ok also header and accounts: what a call reads, each account with its address, keys, proof and code. */
  async callWitness (block, { from, to, data, have = [] }) {
    const fields = [bytes(12, hex(block)), bytes(13, hex(to)), ...(have.length > 0 ? [bytes(15, Buffer.concat(have.map(h => hex(h.hash))))] : []),
      ...(data ? [bytes(30, hex(data))] : []), ...(from ? [bytes(31, hex(from))] : [])]
    const answer = await this.ask(TYPE.witness, fields)
    if (answer.code !== 'ok') {
      return answer
    }
    const lists = {}
    decode(answer.body, lists)
    const accounts = lists[2].map(message => {
      const f = decode(message)
      const keys = Array.from({ length: (f[2]?.length ?? 0) / 32 }, (_, i) => toHex(f[2].subarray(32 * i, 32 * i + 32)))
      return { address: toHex(f[1]), keys, ...proofOf(f[3], have), code: toHex(f[4]) }
    })
    return { ...answer, header: toHex(lists[1]?.[0]), accounts }
  }

  /** A raw transaction. The answer; with code ok also hash, state and reason. */
  async transaction (raw) {
    const answer = await this.ask(TYPE.transaction, [bytes(34, hex(raw))])
    if (answer.code !== 'ok') {
      return answer
    }
    const f = decode(answer.body)
    return { ...answer, hash: toHex(f[1]), state: [undefined, 'taken', 'known', 'refused'][Number(f[2])], reason: toText(f[3]) }
  }

  async operation (hash) {
    const answer = await this.ask(TYPE.operation, [bytes(10, hex(hash))])
    return answer.code === 'ok' ? { ...answer, ...operationOf(answer.body) } : answer
  }

  /** Heads until the caller has enough. */
  async * heads () {
    for await (const answer of this.answers(this.request(TYPE.subscribe, [number(11, 1)]), { end: false })) {
      assert.equal(answer.code, 'ok', answer.text)
      yield headOf(answer.body)
    }
  }
}
