// throughput.mjs MEGABYTES: so many bytes from one js-libp2p to another, each in a process of its own, over TCP,
// Noise and yamux on loopback. Prints the seconds from the first byte sent until the receiver has counted all.
import { fork } from 'node:child_process'
import { createLibp2p } from 'libp2p'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'

const SINK = '/bench/sink/1.0.0'
const BLOCK_LEN = 1 << 20

async function node (listen) {
  return createLibp2p({
    addresses: { listen },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false }
  })
}

async function receive () {
  const receiver = await node(['/ip4/127.0.0.1/tcp/0'])
  await receiver.handle(SINK, async stream => {
    let count = 0
    for await (const data of stream) {
      count += data.byteLength
    }
    process.send({ count })
    await stream.close()
  })
  process.send({ addr: String(receiver.getMultiaddrs()[0]) })
}

async function send (bytes) {
  const child = fork(new URL(import.meta.url).pathname, ['--receive'])
  const next = async () => new Promise(resolve => child.once('message', resolve))
  const { addr } = await next()
  const sender = await node([])
  const stream = await sender.dialProtocol(multiaddr(addr), SINK)
  const counted = next()
  const block = new Uint8Array(BLOCK_LEN)
  const start = performance.now()
  for (let left = bytes; left > 0; left -= BLOCK_LEN) {
    if (!stream.send(block.subarray(0, Math.min(left, BLOCK_LEN)))) {
      await stream.onDrain()
    }
  }
  await stream.close()
  const { count } = await counted
  const seconds = (performance.now() - start) / 1000
  if (count !== bytes) {
    throw new Error(`${count} of ${bytes} bytes arrived`)
  }
  console.log(seconds.toFixed(6))
  child.kill()
  await sender.stop()
}

await (process.argv[2] === '--receive' ? receive() : send(Number(process.argv[2]) * 1e6))
