// A server that keeps wallets' sealed vaults: the real server, asked by js-libp2p. The wallet's side, capsule included, is written from docs/vault.md and
// docs/protocol.md alone, over Node's own Ed25519 and P-256. PASSMESH_SERVER names the program.
import assert from 'node:assert/strict'
import { createHash, createHmac, createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import { SoftPasskey } from '../../../tools/local/lib/authenticator.mjs'
import { makeHome, startServer, writeNetwork } from '../lib/network.mjs'
import { bytes, decode, ServiceClient } from '../lib/service_client.mjs'

const binary = process.env.PASSMESH_SERVER
const NONCE = 18
const PUT = 19
const GET = 20
const FIELD = 29
const CHAIN = 31337
const ORIGIN = 'http://passmesh.localhost:7878'
const RP_ID = 'passmesh.localhost'
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts.map(p => Buffer.from(p)))).digest()
const hmac = (key, data) => createHmac('sha256', key).update(data).digest()
const sized = b => Buffer.concat([Buffer.from([b.length >> 8, b.length & 255]), b])
const short = b => Buffer.concat([Buffer.from([b.length]), b])
const raw = text => Buffer.from(text, 'base64url')
const locatorOf = handle => hmac(hmac(Buffer.alloc(32), handle), Buffer.from('passmesh vault 1 locator\x01'))

/** A wallet with a passkey of its own. What its capsules seal is noise: a server cannot tell. */
class Wallet {
  constructor () {
    this.handle = randomBytes(32)
    this.passkey = new SoftPasskey(ORIGIN)
    this.vault = createPrivateKey({ key: Buffer.concat([PKCS8, randomBytes(32)]), format: 'der', type: 'pkcs8' })
    this.id = randomBytes(16)
  }

  capsule (generation) {
    const key = createPublicKey(this.vault).export({ type: 'spki', format: 'der' }).subarray(-32)
    const age = Buffer.alloc(8)
    age.writeBigUInt64BE(BigInt(generation))
    const recipient = Buffer.concat([Buffer.from([1]), short(this.passkey.id), short(Buffer.from(RP_ID)), randomBytes(32), randomBytes(32 + 32 + 48 + 32)])
    const head = Buffer.concat([Buffer.from('PMVAULT\x01'), this.id, age, key, Buffer.from([1]), recipient])
    const body = Buffer.concat([head, randomBytes(8192 - 64 - head.length)])
    return Buffer.concat([body, sign(null, sha256('passmesh vault 1 capsule', body), this.vault)])
  }

  put (peer, capsule) {
    return peer.ask(PUT, [bytes(FIELD, Buffer.concat([Buffer.from([1]), locatorOf(this.handle), this.passkey.x, this.passkey.y, Buffer.from([0]),
      sized(this.passkey.id), sized(Buffer.from(ORIGIN)), capsule]))])
  }

  /** From one server or several, with one use of the passkey: their answers. */
  async get (peers, { passkey = this.passkey, nonces } = {}) {
    nonces ??= await Promise.all(peers.map(async peer => (await peer.ask(NONCE)).body))
    const challenge = sha256('passmesh vault 1 copy\0', ...nonces).toString('base64url')
    const a = passkey.assert({ challenge })
    const message = Buffer.concat([Buffer.from([1]), locatorOf(this.handle), sized(Buffer.concat(nonces)), sized(raw(a.client_data_json)),
      sized(raw(a.authenticator_data)), sized(raw(a.signature))])
    return Promise.all(peers.map(peer => peer.ask(GET, [bytes(FIELD, message)])))
  }
}

describe('sealed vaults with a server', { timeout: 120_000 }, () => {
  test('brought by one machine, fetched by another with the passkey alone, from two servers at once, after a restart too', async t => {
    const homes = [makeHome(t), makeHome(t)]
    const start = async home => startServer(t, binary, { home, network: writeNetwork(home), node: 'http://127.0.0.1:9' })
    const servers = await Promise.all(homes.map(start))
    const reach = () => Promise.all(servers.map(s => ServiceClient.connect(t, s.ready.listen[0], CHAIN)))
    const wallet = new Wallet()
    const capsule = wallet.capsule(3)
    for (const peer of await reach()) {
      const before = Math.floor(Date.now() / 1000)
      const kept = await wallet.put(peer, capsule)
      assert.equal(kept.code, 'ok', kept.text)
      const until = Number(Buffer.from(kept.body).readBigUInt64BE())
      assert.ok(until >= before + 90 * 86_400 && until <= before + 90 * 86_400 + 60)
    }
    const elsewhere = await reach()
    for (const answer of await wallet.get(elsewhere)) {
      assert.equal(answer.code, 'ok', answer.text)
      assert.deepEqual(Buffer.from(answer.body), capsule)
    }
    const newer = wallet.capsule(4)
    assert.equal((await wallet.put(elsewhere[0], newer)).code, 'ok')
    assert.equal((await wallet.put(elsewhere[0], capsule)).code, 'denied', 'an older one takes no place')
    await servers[0].stop()
    servers[0] = await start(homes[0])
    const [answer] = await wallet.get((await reach()).slice(0, 1))
    assert.equal(answer.code, 'ok', answer.text)
    assert.deepEqual(Buffer.from(answer.body), newer)
  })

  test('who has not the passkey, or not its word for this server and connection, gets nothing', async t => {
    const home = makeHome(t)
    const server = await startServer(t, binary, { home, network: writeNetwork(home), node: 'http://127.0.0.1:9' })
    const connect = () => ServiceClient.connect(t, server.ready.listen[0], CHAIN)
    const [peer, thief] = await Promise.all([connect(), connect()])
    const wallet = new Wallet()
    assert.equal((await wallet.put(peer, wallet.capsule(1))).code, 'ok')
    const { body: nonce } = await peer.ask(NONCE)
    const codes = async (asked, how) => (await wallet.get([asked], how)).map(a => a.code)
    assert.deepEqual(await codes(thief, { passkey: new SoftPasskey(ORIGIN) }), ['denied'])
    assert.deepEqual(await codes(thief, { passkey: Object.assign(new SoftPasskey('http://evil.example'), { key: wallet.passkey.key }) }), ['denied'])
    assert.deepEqual(await codes(thief, { nonces: [nonce] }), ['denied'], 'a nonce is for the peer that it was given to')
    assert.deepEqual(await codes(thief, { nonces: [randomBytes(32)] }), ['denied'])
    assert.deepEqual(await codes(peer, { nonces: [randomBytes(32), nonce] }), ['ok'])
    assert.equal((await peer.ask(GET, [bytes(FIELD, randomBytes(300))])).code, 'bad-request')
    const spoilt = wallet.capsule(2)
    spoilt[4000] ^= 1
    assert.equal((await wallet.put(peer, spoilt)).code, 'bad-request')
    const stranger = new Wallet()
    stranger.handle = wallet.handle
    assert.equal((await stranger.put(peer, stranger.capsule(9))).code, 'denied', 'another vault takes no place')
    const other = new Wallet()
    assert.deepEqual((await other.get([peer])).map(a => a.code), ['not-found'])
  })

  test('a server without room, and one that keeps none', async t => {
    const run = async ini => {
      const home = makeHome(t)
      const server = await startServer(t, binary, { home, network: writeNetwork(home), node: 'http://127.0.0.1:9', ini })
      const peer = await ServiceClient.connect(t, server.ready.listen[0], CHAIN)
      const status = decode((await peer.ask(1)).body)
      return { peer, keeps: Number(status[11] ?? 0n) }
    }
    const small = await run('[server]\ncapsules = 1\n')
    assert.equal(small.keeps, 1)
    const [one, two] = [new Wallet(), new Wallet()]
    assert.equal((await one.put(small.peer, one.capsule(1))).code, 'ok')
    const full = await two.put(small.peer, two.capsule(1))
    assert.equal(full.code, 'busy')
    assert.ok(full.retryMs > 0)
    assert.equal((await one.put(small.peer, one.capsule(2))).code, 'ok', 'who is there stays')
    const none = await run('[server]\ncapsules = no\n')
    assert.equal(none.keeps, 0)
    assert.equal((await one.put(none.peer, one.capsule(1))).code, 'unsupported')
  })
})
