// passmesh-server and js-libp2p in the topic in which servers tell of themselves. The js side makes and reads descriptors from
// docs/protocol.md alone, with Node's own Ed25519.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { gossipsub, StrictNoSign } from '@libp2p/gossipsub'
import { multiaddr } from '@multiformats/multiaddr'
import { until } from '../../../tools/local/lib/until.mjs'
import { startTheirs } from './theirs.mjs'

const TOPIC = 'web3-wallet/servers/1'
const DIRECTORY = '/web3-wallet/directory/1.0'
const DOMAIN = Buffer.from('web3-wallet-server-descriptor')
const TYPE = Buffer.from('/web3-wallet/server-descriptor')
const CHAIN = 31337
const NETWORK = `[network]\nid = local\nname = Local\nchain_id = ${CHAIN}\nkind = local\nsymbol = ETH\nnative_name = Ether\nblock_ms = 1000\nfinal_after = 2\n`

// ---- protobuf, by hand ----

function uvarint (n) {
  const bytes = []
  for (; n >= 128; n = Math.floor(n / 128)) {
    bytes.push(n % 128 + 128)
  }
  return Buffer.from([...bytes, n])
}

const prefixed = bytes => Buffer.concat([uvarint(bytes.length), bytes])
const bytesField = (number, bytes) => Buffer.concat([uvarint(number * 8 + 2), prefixed(bytes)])
const numberField = (number, value) => Buffer.concat([uvarint(number * 8), uvarint(value)])

// The fields of a message: number -> values.
function fields (message) {
  const found = {}
  let at = 0
  const number = () => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++]
      value += (byte % 128) * scale
      if (byte < 128) {
        return value
      }
    }
  }
  while (at < message.length) {
    const tag = number()
    const value = number() // of a number, or a length
    const isBytes = tag % 8 === 2
    const list = found[Math.floor(tag / 8)] ??= []
    list.push(isBytes ? message.subarray(at, at + value) : value)
    at += isBytes ? value : 0
  }
  return found
}

// ---- descriptors ----

const SPKI = Buffer.from('302a300506032b6570032100', 'hex')
const signed = payload => Buffer.concat([prefixed(DOMAIN), prefixed(TYPE), prefixed(payload)])

class Somebody {
  constructor () {
    const pair = generateKeyPairSync('ed25519')
    this.secret = createPrivateKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }))
    this.key = Buffer.concat([Buffer.from('08011220', 'hex'), pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)])
    this.id = Buffer.concat([Buffer.from([0, this.key.length]), this.key])
  }

  // What this peer says of `id`: of itself, if it is honest.
  seal ({ id = this.id, seq = 1, ageS = 0, more = Buffer.alloc(0) } = {}) {
    const issued = Math.floor(Date.now() / 1000) - ageS
    const payload = Buffer.concat([bytesField(1, id), numberField(2, seq), numberField(3, issued), numberField(4, issued + 3600),
      bytesField(5, Buffer.from('047f000001060fa1', 'hex')), bytesField(6, Buffer.concat([numberField(1, CHAIN), numberField(2, 1)])), more])
    return Buffer.concat([bytesField(1, this.key), bytesField(2, TYPE), bytesField(3, payload), bytesField(5, sign(null, signed(payload), this.secret))])
  }
}

function open (sealed) {
  const { 1: [key], 2: [type], 3: [payload], 5: [signature] } = fields(sealed)
  const secret = createPublicKey({ key: Buffer.concat([SPKI, key.subarray(-32)]), format: 'der', type: 'spki' })
  assert.deepEqual(Buffer.from(type), TYPE)
  assert.ok(verify(null, signed(payload), secret, signature), 'the signature holds')
  return { key, payload: fields(payload) }
}

// ---- the server ----

class Server {
  async start () {
    this.home = mkdtempSync(join(tmpdir(), 'passmesh-servers-'))
    mkdirSync(join(this.home, 'config'), { mode: 0o700 })
    writeFileSync(join(this.home, 'config/server.ini'), '[server]\nmdns = no\noperator = Example\n')
    writeFileSync(join(this.home, 'local.ini'), NETWORK)
    this.child = spawn(process.env.SERVER, ['--home', this.home, '--network', join(this.home, 'local.ini'), '--node', 'http://127.0.0.1:9',
      '--listen', '/ip4/127.0.0.1/tcp/0', '--json'], { stdio: ['ignore', 'pipe', 'ignore'] })
    this.exited = new Promise(resolve => this.child.on('exit', resolve))
    for await (const line of createInterface({ input: this.child.stdout })) {
      if (line.startsWith('{')) {
        this.ready = JSON.parse(line)
        return this
      }
    }
    throw new Error('the server did not start')
  }

  directory () {
    return JSON.parse(execFileSync(process.env.SERVER, ['--home', this.home, '--json', 'net'], { encoding: 'utf8' })).directory
  }

  came (verdict) {
    return this.directory().verdicts.find(v => v.verdict === verdict)?.count ?? 0
  }

  async stop () {
    this.child.kill('SIGTERM')
    await this.exited
    rmSync(this.home, { recursive: true })
  }
}

describe('a server and js-libp2p in the topic of servers', { timeout: 120_000 }, () => {
  const good = new Somebody()
  const valid = good.seal()
  let server, node, connection
  const heard = []
  const publish = bytes => node.services.pubsub.publish(TOPIC, bytes)

  before(async () => {
    server = await new Server().start()
    node = await startTheirs({ listen: true, services: { pubsub: gossipsub({ globalSignaturePolicy: StrictNoSign }) } })
    node.services.pubsub.addEventListener('message', e => heard.push(Buffer.from(e.detail.data)))
    node.services.pubsub.subscribe(TOPIC)
    connection = await node.dial(multiaddr(server.ready.listen[0]))
    await until('the server is in the topic', () => node.services.pubsub.getSubscribers(TOPIC).length === 1)
  })

  after(async () => {
    await node?.stop()
    await server?.stop()
  })

  it('hears what the server is, under its signature', async () => {
    const [sealed] = await until('nothing was heard', () => heard.length > 0 && heard)
    const { key, payload } = open(sealed)
    assert.ok(sealed.length <= 1024)
    assert.deepEqual(Buffer.from(payload[1][0]), Buffer.from(connection.remotePeer.toMultihash().bytes))
    assert.deepEqual(Buffer.from(payload[1][0].subarray(2)), Buffer.from(key))
    assert.equal(payload[4][0] - payload[3][0], 4 * 3600)
    assert.equal(multiaddr(payload[5][0]).toString(), server.ready.listen[0].split('/p2p/')[0])
    assert.equal(fields(payload[6][0])[1][0], CHAIN)
    assert.equal(payload[7][0].toString(), 'Example')
  })

  it('has a valid descriptor taken', async () => {
    await publish(valid)
    await until('it was not taken', () => server.came('taken') === 1)
    assert.equal(server.directory().held, 1)
  })

  it('has the same, an older and a hasty one passed over', async () => {
    await publish(good.seal({ seq: 1, ageS: 60 })) // other bytes, the same number
    await until('it was not judged', () => server.came('known') === 1)
    await publish(good.seal({ seq: 2 }))
    await until('it was not judged', () => server.came('too_soon') === 1)
    await publish(new Somebody().seal({ ageS: 3601 }))
    await until('it was not judged', () => server.came('expired') === 1)
    assert.equal(server.directory().held, 1)
  })

  it('is given it when it asks', async () => {
    const stream = await node.dialProtocol(connection.remotePeer, DIRECTORY)
    const chunks = []
    stream.send(Buffer.concat([prefixed(numberField(1, CHAIN))]))
    await stream.close()
    for await (const chunk of stream) {
      chunks.push(Buffer.from(chunk.subarray()))
    }
    const answer = Buffer.concat(chunks)
    const length = uvarint(answer.length).length
    const { 1: given } = fields(answer.subarray(length))
    assert.deepEqual(given.map(g => Buffer.from(g)), [valid])
  })

  it('has a forged one rejected, and loses its standing', async () => {
    const forger = new Somebody()
    await publish(forger.seal({ id: new Somebody().id }))
    await until('it was not judged', () => server.came('forged') === 1)
    assert.equal(server.directory().held, 1)
    for (let i = 0; i < 5; i++) {
      await publish(Buffer.from(`no descriptor ${i}`))
    }
    await until('they were not judged', () => server.came('broken') > 0)
    const net = JSON.parse(execFileSync(process.env.SERVER, ['--home', server.home, '--json', 'net'], { encoding: 'utf8' }))
    const [peer] = net.peers.filter(p => p.id === node.peerId.toString())
    assert.ok(peer.gossip_score < 0, `its score is ${peer.gossip_score}`)
  })
})
