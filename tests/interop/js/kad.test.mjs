// The DHT of our node and that of js-libp2p in one network of four: records, providers and peers both ways, under our
// own protocol id and under the public one.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { randomBytes } from 'node:crypto'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import * as raw from 'multiformats/codecs/raw'
import { until } from '../../../tools/local/lib/until.mjs'
import { startOurs } from './ours.mjs'
import { startTheirs } from './theirs.mjs'

const binary = process.env.P2P_NODE
const text = new TextEncoder()
const value = new TextDecoder()

async function startKad (protocol) {
  return startTheirs({
    listen: true,
    services: {
      dht: kadDHT({
        protocol,
        clientMode: false,
        peerInfoMapper: passthroughMapper,
        allowQueryWithZeroPeers: true,
        validators: { test: async () => {} },
        selectors: { test: (key, values) => values.reduce((best, v, i) => Buffer.compare(v, values[best]) > 0 ? i : best, 0) }
      })
    }
  })
}

async function randomCid () {
  return CID.createV1(raw.code, await sha256.digest(randomBytes(32)))
}

const hex = cid => Buffer.from(cid.multihash.bytes).toString('hex')

// The answer of one of our operations: every line up to its end.
async function ask (ours, command) {
  const found = []
  ours.say(command)
  for (;;) {
    const line = await ours.line('')
    if (line.startsWith('found ') || line.startsWith('value ')) {
      found.push(line.split(' ')[1])
    } else if (line.startsWith('ok kad ')) {
      return { found, result: line.split(' ').slice(5).join(' '), stored: Number(/stored=(\d+)/.exec(line)[1]) }
    } else if (line.startsWith('error ' + command.split(' ')[0])) {
      throw new Error(line)
    }
  }
}

async function providersOf (theirs, cid) {
  const found = []
  for await (const p of theirs.contentRouting.findProviders(cid, { signal: AbortSignal.timeout(20_000) })) {
    found.push(String(p.id))
  }
  return found
}

for (const protocol of ['/web3-wallet/kad/1.0.0', '/ipfs/kad/1.0.0']) {
  describe(`a network of two and two under ${protocol}`, { timeout: 120_000 }, () => {
    const w = {}
    before(async () => {
      const options = { listen: true, args: ['--kad', 'server', '--kad-protocol', protocol] }
      w.a = await startOurs(binary, options)
      w.b = await startOurs(binary, options)
      w.js1 = await startKad(protocol)
      w.js2 = await startKad(protocol)
      await w.js1.dial(multiaddr(w.a.addr))
      await w.js2.dial(multiaddr(w.a.addr))
      w.b.say(`dial ${w.js1.getMultiaddrs()[0]}`)
      for (const ours of [w.a, w.b]) {
        await until('our tables never filled', async () => {
          const line = await ours.ask('kadstats', 'ok kadstats')
          return Number(/peers=(\d+)/.exec(line)[1]) >= 2
        })
      }
      await until('their tables never filled', () =>
        w.js1.services.dht.routingTable.size >= 2 && w.js2.services.dht.routingTable.size >= 1)
    })
    after(async () => {
      w.a.child.kill('SIGKILL')
      w.b.child.kill('SIGKILL')
      await Promise.all([w.js1.stop(), w.js2.stop()])
    })

    it('what they provide we find', async () => {
      const cid = await randomCid()
      await w.js1.contentRouting.provide(cid)
      for (const ours of [w.a, w.b]) {
        const { found } = await ask(ours, `providers ${hex(cid)}`)
        assert.ok(found.includes(String(w.js1.peerId)), `found ${found}`)
      }
    })

    it('what we provide they find', async () => {
      const cid = await randomCid()
      const { result, stored } = await ask(w.b, `provide ${hex(cid)}`)
      assert.equal(result, 'ok')
      assert.ok(stored >= 2)
      assert.ok((await providersOf(w.js2, cid)).includes(w.b.id))
    })

    it('what nobody provides neither finds', async () => {
      const cid = await randomCid()
      assert.equal((await ask(w.a, `providers ${hex(cid)}`)).result, 'not found')
      assert.deepEqual(await providersOf(w.js1, cid), [])
    })

    it('a value that we put they get', async () => {
      assert.equal((await ask(w.b, 'put /test/ours from-us')).result, 'ok')
      assert.equal(value.decode(await w.js2.contentRouting.get(text.encode('/test/ours'))), 'from-us')
    })

    it('a value that they put we get', async () => {
      await w.js2.contentRouting.put(text.encode('/test/theirs'), text.encode('from-them'))
      const { found, result } = await ask(w.b, 'get /test/theirs')
      assert.equal(result, 'ok')
      assert.equal(found.at(-1), 'from-them')
    })

    it('of two values the better one stays, with us and with them', async () => {
      await w.js1.contentRouting.put(text.encode('/test/both'), text.encode('1'))
      assert.equal((await ask(w.a, 'put /test/both 2')).result, 'ok')
      assert.equal((await ask(w.b, 'get /test/both')).found.at(-1), '2')
      assert.equal(value.decode(await w.js2.contentRouting.get(text.encode('/test/both'))), '2')
    })

    it('a namespace that nobody validates is refused by us', async () => {
      await assert.rejects(ask(w.a, 'put /other/key value'), /denied/)
    })

    it('they find us, and we find them, without having met', async () => {
      const peer = await w.js2.peerRouting.findPeer(peerIdFromString(w.b.id), { signal: AbortSignal.timeout(20_000) })
      assert.ok(peer.multiaddrs.map(String).some(m => w.b.addr.startsWith(m)))
      assert.ok((await ask(w.b, `find ${w.js2.peerId}`)).found.includes(String(w.js2.peerId)))
    })
  })
}

describe('a client of ours', { timeout: 60_000 }, () => {
  it('asks, and is in nobody\'s table', async () => {
    const theirs = await startKad('/web3-wallet/kad/1.0.0')
    const client = await startOurs(binary, { listen: true, args: ['--kad', 'client'] })
    const cid = await randomCid()
    await theirs.contentRouting.provide(cid)
    await client.ask(`dial ${theirs.getMultiaddrs()[0]}`, 'identified')
    await until('the client never learned of them', async () => {
      const { found } = await ask(client, `providers ${hex(cid)}`)
      return found.includes(String(theirs.peerId))
    })
    assert.equal(theirs.services.dht.routingTable.size, 0)
    await theirs.stop()
    assert.equal(await client.stop(), 0)
  })
})
