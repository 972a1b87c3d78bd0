// js-libp2p as a peer, with the echo protocol of the tests, and the client's side of each exercise.
import { createHash, randomFillSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { quic } from '@chainsafe/libp2p-quic'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { identify, identifyPush } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { webSockets } from '@libp2p/websockets'
import { createLibp2p } from 'libp2p'

export { multiaddr } from '@multiformats/multiaddr' // for tests that lie elsewhere

export const ECHO = '/test/echo/1.0.0'
const STREAMS_MAX = 4096
const BLOCK_LEN = 65536

async function echoBack (stream) {
  try {
    for await (const data of stream) {
      if (!stream.send(data)) {
        await stream.onDrain()
      }
    }
    await stream.close()
  } catch {
    // The other side reset the stream: that is what some tests are about.
  }
}

// A certificate of tests/interop/js/pki.sh.
export function secure (name = 'good') {
  const [cert, key] = ['pem', 'key'].map(kind => readFileSync(`${process.env.PKI}/${name}.${kind}`))
  return webSockets({ https: { cert, key } })
}

const ENCRYPTERS = { noise, tls }
const TRANSPORTS = {
  tcp: { make: tcp, listen: '/ip4/127.0.0.1/tcp/0' },
  ws: { make: webSockets, listen: '/ip4/127.0.0.1/tcp/0/ws' },
  wss: { make: secure, listen: '/ip4/127.0.0.1/tcp/0/tls/ws' },
  quic: { make: quic, listen: '/ip4/127.0.0.1/udp/0/quic-v1' }
}

// `security`: names of secure channels in order of preference. `also`: further addresses to listen at. `at`: where it listens, instead of on the loopback.
export async function startTheirs ({ listen = false, security = ['noise'], transport = 'tcp', at, make, services = {}, peerDiscovery = [], transports = [], also = [] } = {}) {
  const node = await createLibp2p({
    addresses: { listen: [...(listen ? [at ?? TRANSPORTS[transport].listen] : []), ...also] },
    transports: [(make ?? TRANSPORTS[transport].make)(), ...transports],
    connectionEncrypters: security.map(name => ENCRYPTERS[name]()),
    streamMuxers: [yamux({ maxInboundStreams: STREAMS_MAX, maxOutboundStreams: STREAMS_MAX, maxEarlyStreams: STREAMS_MAX })],
    connectionManager: { inboundConnectionThreshold: 1000 },
    connectionMonitor: { enabled: false },
    peerDiscovery,
    services: { identify: identify({ maxInboundStreams: 8, maxOutboundStreams: 8 }), identifyPush: identifyPush(), ping: ping(), ...services }
  })
  await node.handle(ECHO, echoBack, { maxInboundStreams: STREAMS_MAX, maxOutboundStreams: STREAMS_MAX, runOnLimitedConnection: true })
  return node
}

export async function open (connection) {
  return connection.newStream(ECHO, { maxOutboundStreams: STREAMS_MAX, runOnLimitedConnection: true })
}

// Sends `length` random bytes and closes; gives their SHA-256.
async function send (stream, length) {
  const hash = createHash('sha256')
  for (let left = length; left > 0;) {
    const block = randomFillSync(new Uint8Array(Math.min(left, BLOCK_LEN)))
    hash.update(block)
    left -= block.length
    if (!stream.send(block)) {
      await stream.onDrain()
    }
  }
  await stream.close()
  return hash.digest('hex')
}

async function receive (stream) {
  const hash = createHash('sha256')
  let length = 0
  for await (const data of stream) {
    const bytes = data.subarray()
    hash.update(bytes)
    length += bytes.length
  }
  return { length, sha256: hash.digest('hex') }
}

export async function echo (connection, length) {
  const stream = await open(connection)
  const [sent, received] = await Promise.all([send(stream, length), receive(stream)])
  return { sent, received: received.sha256, length: received.length }
}

// Waits for the first bytes of a stream.
async function first (stream) {
  for await (const data of stream) {
    return Buffer.from(data.subarray())
  }
  return Buffer.alloc(0)
}

// Opens `count` streams that all stay open, and has a few bytes echoed on each; then closes them.
export async function manyStreams (connection, count) {
  const streams = await Promise.all(Array.from({ length: count }, async () => open(connection)))
  const open_ = connection.streams.filter(s => s.protocol === ECHO && s.status === 'open').length
  let same = 0
  await Promise.all(streams.map(async (stream, i) => {
    const message = Buffer.from(`stream ${i}`)
    stream.send(message)
    const answer = await first(stream)
    same += Number(answer.equals(message))
    await stream.close()
  }))
  return { open: open_, same }
}

// Opens `count` streams one behind the other and resets each after a random number of bytes.
export async function resets (connection, count, random) {
  for (let i = 0; i < count; i++) {
    const stream = await open(connection)
    for (let left = Math.floor(random() * 300_000); left > 0; left -= BLOCK_LEN) {
      stream.send(new Uint8Array(Math.min(left, BLOCK_LEN)))
    }
    if (random() < 0.5) {
      await new Promise(resolve => setImmediate(resolve)) // some bytes leave before the reset, some do not
    }
    stream.abort(new Error('reset by the test'))
  }
}
