// usage: node liar.mjs MODE MULTIADDR_OF_AN_HONEST_SERVER (of another chain: MODE forks)
// A server of /web3-wallet/1.0 that is out to harm whoever asks it. It passes questions on to an honest one, so that it has
// true answers to spoil, and is honest about its status, so that it is used. Prints one JSON line {"addr"} when it listens, and
// if it notes who asks what, one {"peer","type","message"} for each request.
import { createHash } from 'node:crypto'
import { multiaddr, startTheirs } from '../../interop/js/theirs.mjs'
import { PROTOCOL, TYPE, bytes, decode, frames, number, varint } from '../lib/service_client.mjs'

const [mode, honest] = process.argv.slice(2)
const node = await startTheirs({ listen: true })
const theirs = await node.dial(multiaddr(honest))
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))
const hashOf = message => createHash('sha256').update(`${PROTOCOL} request\0`).update(message).digest()

const NOT_FOUND = 4
const answer = (message, { code = 0, body }) => Buffer.concat([bytes(1, hashOf(message)), number(2, code), ...(body ? [bytes(6, body)] : [])])
const framed = message => Buffer.concat([varint(message.length), message])

/** What the honest server says: every frame. */
async function * ask (message) {
  const stream = await theirs.newStream(PROTOCOL, { maxOutboundStreams: 4096 })
  stream.send(framed(message))
  await stream.close()
  for await (const frame of frames(stream)) {
    yield frame
  }
}

async function askOnce (message) {
  for await (const frame of ask(message)) {
    return frame
  }
  throw new Error('the honest server did not answer')
}

/** The same request with one field set anew. */
function change (message, field, value) {
  const parts = []
  let at = 0
  const skip = from => { let i = from; while (message[i] > 127) i++; return i + 1 }
  while (at < message.length) {
    const begin = at
    const tag = message[at]
    at = skip(at)
    const start = at
    if ((tag & 7) === 0) at = skip(at)
    else if ((tag & 7) === 1) at += 8
    else { let n = 0; let shift = 0; let i = at; do { n |= (message[i] & 127) << shift; shift += 7 } while (message[i++] > 127); at = i + n }
    parts.push(tag >> 3 === field ? value : message.subarray(begin, at))
    if (start > message.length) throw new Error('broken request')
  }
  return Buffer.concat(parts)
}

/* Fields of a request that matter here. A fixed64 (field 3) stands in each: the decoder of the tests does not read it. */
function read (message) {
  const without = change(message, 3, Buffer.alloc(0))
  return decode(without)
}

const old = { blocks: [] } // hashes that were asked about, oldest first

/** An answer that is false: any byte of a proof changed, all logs left out, any number made greater, any text emptied. */
function spoil (type, frame, message) {
  const f = decode(frame)
  if (Number(f[2] ?? 0n) !== 0 || !f[6]) {
    return frame
  }
  const body = Buffer.from(f[6])
  if (type === TYPE.proof || type === TYPE.inclusion) {
    body[Math.floor(body.length * 0.7)] ^= 1 // inside a node
    return answer(message, { body })
  }
  if (type === TYPE.logs) { // as if no block held a log
    const lists = {}
    decode(body, lists)
    return answer(message, { body: Buffer.concat((lists[1] ?? []).map(header => bytes(1, header))) })
  }
  if (type === TYPE.rpc) {
    const json = decode(body)[1]?.toString()
    const number_ = json && /^"0x([1-9a-f][0-9a-f]*)"$/.exec(json)
    const lie = number_ ? `"0x${(BigInt('0x' + number_[1]) * 1000n).toString(16)}"` : '"0x"'
    return answer(message, { body: bytes(1, Buffer.from(lie)) })
  }
  return frame
}

/** True answers to the same questions about the first block that was ever asked about. */
async function stale (type, message, f) {
  if (type === TYPE.proof) {
    old.blocks.push(f[12])
    const about = change(message, 12, bytes(12, old.blocks[0]))
    const body = decode(await askOnce(about))[6]
    return answer(message, { body })
  }
  const key = `${type} ${f[6]} ${f[7]}`
  old[key] ??= decode(await askOnce(message))[6]
  return answer(message, { body: old[key] })
}

async function serve (stream, peer) {
  let message
  for await (const frame of frames(stream)) {
    message = Buffer.from(frame)
    break
  }
  if (!message) return
  const f = read(message)
  const type = Number(f[1])
  if (mode === 'notes') {
    console.log(JSON.stringify({ peer, type, message: message.toString('hex') }))
  }
  if (type === TYPE.status || type === TYPE.subscribe) {
    for await (const frame of ask(message)) {
      stream.send(framed(Buffer.from(frame)))
    }
    return
  }
  switch (mode) {
    case 'lies': stream.send(framed(spoil(type, await askOnce(message), message))); return
    case 'stale': stream.send(framed(await stale(type, message, f))); return
    case 'omits': stream.send(framed(type === TYPE.rpc ? answer(message, { body: bytes(1, Buffer.from('null')) }) : answer(message, { code: NOT_FOUND }))); return
    case 'stalls': await sleep(600_000); return
    case 'truncates': { const whole = framed(await askOnce(message)); stream.send(whole.subarray(0, whole.length >> 1)); return }
    case 'drips': {
      for (const byte of framed(await askOnce(message))) {
        stream.send(Uint8Array.of(byte))
        await sleep(500)
      }
      return
    }
    case 'resets': stream.abort(new Error('no')); return
    case 'floods': stream.send(Buffer.concat([varint(1 << 28), Buffer.alloc(1 << 20, 0x5a)])); return
    case 'mixes': { // the answer to another request
      const other = change(message, 2, number(2, 99n))
      stream.send(framed(answer(other, { body: Buffer.from([8, 1]) })))
      return
    }
    case 'bundles': // honest but for operations: takes them, keeps them, and says that they are included
      if (type === TYPE.send || type === TYPE.operation) {
        const hash = f[10] ?? Buffer.alloc(32, 1)
        stream.send(framed(answer(message, { body: Buffer.concat([bytes(1, hash), number(2, type === TYPE.send ? 2n : 4n), ...(type === TYPE.send ? [] : [bytes(3, Buffer.alloc(32, 2)), number(4, 1n), number(5, 1n)])]) })))
        return
      }
      for await (const frame of ask(message)) stream.send(framed(Buffer.from(frame)))
      return
    case 'notes': // honest, and writes down who asks what
    case 'forks': // passes all on, to a server of another chain with the same number
      for await (const frame of ask(message)) stream.send(framed(Buffer.from(frame)))
      return
    default: throw new Error(`no such mode: ${mode}`)
  }
}

await node.handle(PROTOCOL, async (...args) => {
  const stream = args[0].stream ?? args[0]
  const connection = args[0].connection ?? args[1]
  try {
    await serve(stream, connection.remotePeer.toString())
    await stream.close()
  } catch {
    // who is lied to may hang up
  }
}, { maxInboundStreams: 4096, maxOutboundStreams: 4096 })
console.log(JSON.stringify({ addr: node.getMultiaddrs()[0].toString() }))
process.on('SIGTERM', () => process.exit(0))
