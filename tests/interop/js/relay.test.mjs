// Circuit relay v2 and DCUtR between our node and js-libp2p: each as relay, source and target, and each as the side that
// upgrades. Runs where the loopback has public addresses (autonat.sh): js-libp2p punches towards no others.
import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { dcutr } from '@libp2p/dcutr'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { until } from '../../../tools/local/lib/until.mjs'
import { Ours } from './ours.mjs'
import { echo, startTheirs } from './theirs.mjs'

const binary = process.env.P2P_NODE
const LIMIT = { timeout: 40_000 }
const ADDR = { relay: '/ip4/8.8.8.1/tcp/0', target: '/ip4/9.9.9.1/tcp/0' }
const BYTES = 50_000 // there and back below the 128 KiB, which they count together

const running = []

afterEach(async () => {
  await Promise.all(running.splice(0).map(stop => stop()))
})

async function ours (listen, ...args) {
  const node = new Ours(binary, ...(listen ? ['--listen', listen] : []), ...args)
  running.push(() => node.child.kill('SIGKILL'))
  if (listen) {
    node.addr = (await node.line('listening ')).split(' ')[1]
  }
  node.id = (await node.line('ready ')).split(' ')[1]
  return node
}

async function theirs (options) {
  const node = await startTheirs({ transports: [circuitRelayTransport()], ...options })
  running.push(() => node.stop())
  return node
}

const RELAYS = {
  async ours () {
    const node = await ours(ADDR.relay, '--relay')
    return { addr: node.addr, stats: async () => Ours.figures(await node.ask('relaystats', 'ok relaystats')) }
  },
  async theirs () {
    const node = await theirs({ listen: true, at: ADDR.relay, services: { relay: circuitRelayServer() } })
    const addr = node.components.transportManager.getAddrs()[0]
    return {
      addr: `${addr}/p2p/${node.peerId}`,
      stats: async () => ({ reservations: node.services.relay.reservations.size })
    }
  }
}

// Targets hold a reservation; `at` is where they are reached.
const TARGETS = {
  async ours (relay, listen, ...args) {
    const node = await ours(listen, '--circuit', ...args)
    node.at = (await node.ask(`reserve ${relay.addr}`, 'circuit ')).split(' ')[1]
    await node.line('reserved ')
    return node
  },
  async theirs (relay, options = {}) {
    const node = await theirs({ also: [`${relay.addr}/p2p-circuit`], ...options })
    node.at = String(await until('no reservation', () =>
      node.components.transportManager.getAddrs().find(a => String(a).includes('/p2p-circuit'))))
    node.at = node.at.includes(`/p2p/${node.peerId}`) ? node.at : `${node.at}/p2p/${node.peerId}`
    return node
  }
}

const SOURCES = {
  async ours (target) {
    const node = await ours(undefined, '--circuit')
    const peer = target.at.split('/').at(-1)
    const line = await node.ask(`dial ${target.at}`, `connected ${peer}`)
    assert.match(line, / out relayed$/)
    await node.line(`identified ${peer}`)
    await node.ask(`ping ${peer}`, 'ok ping')
    // Not echo: they forget a stream whose bytes and end came before their handler looks, which a relay makes likely.
    assert.equal(Ours.figures(await node.ask(`streams ${peer} 20`, 'ok streams')).count, 20)
  },
  async theirs (target) {
    const node = await theirs({})
    const connection = await node.dial(multiaddr(target.at))
    assert.ok(String(connection.remoteAddr).includes('/p2p-circuit'))
    const { sent, received, length } = await echo(connection, BYTES)
    assert.equal(length, BYTES)
    assert.equal(sent, received)
  }
}

for (const relay of Object.keys(RELAYS)) {
  for (const source of Object.keys(SOURCES)) {
    for (const target of Object.keys(TARGETS)) {
      if (relay === 'theirs' && source === 'theirs' && target === 'theirs') {
        continue // without us
      }
      it(`relay: ${relay}, source: ${source}, target: ${target}`, LIMIT, async () => {
        const r = await RELAYS[relay]()
        const t = await TARGETS[target](r)
        assert.equal((await r.stats()).reservations, 1)
        await SOURCES[source](t)
      })
    }
  }
}

describe('what is refused', LIMIT, () => {
  it('they may not come to whom nobody reserved for', async () => {
    const r = await RELAYS.ours()
    const node = await theirs({})
    const nobody = '12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq'
    await assert.rejects(node.dial(multiaddr(`${r.addr}/p2p-circuit/p2p/${nobody}`)), /NO_RESERVATION/)
    assert.equal((await r.stats()).refused, 1)
  })

  it('nor may we', async () => {
    const r = await RELAYS.theirs()
    const node = await ours(undefined, '--circuit')
    const nobody = '12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq'
    await assert.rejects(node.ask(`dial ${r.addr}/p2p-circuit/p2p/${nobody}`, 'connected 12D3KooWBtg'), /error dial/)
  })
})

// js-libp2p names no address that it has not verified: in `where`, all of it or one service, this one is.
function confirm (node, where) {
  const [addr] = node.components.transportManager.getAddrs().filter(a => !String(a).includes('/p2p-circuit'))
  Object.assign(where, { getAddresses: () => [addr] })
}

async function relayIsUnused (relay) {
  await until('the relayed connection stays', async () => (await relay.stats()).circuits === 0)
}

describe('direct connections', () => {
  for (const named of [true, false]) {
    it(`we upgrade a connection that they made, who ${named ? 'name an' : 'name no'} address`, LIMIT, async () => {
      const r = await RELAYS.ours()
      const t = await TARGETS.ours(r, ADDR.relay, '--dcutr')
      const node = await theirs({ listen: true, at: ADDR.target, services: { dcutr: dcutr() } })
      if (named) {
        confirm(node, node.components.addressManager)
      } else {
        node.services.dcutr.addressManager = {}
        confirm(node, node.services.dcutr.addressManager)
      }
      await node.dial(multiaddr(t.at))
      await t.line(`direct ${node.peerId}`)
      assert.equal(Ours.figures(await t.line('upgraded ')).attempts, named ? 0 : 1)
      await relayIsUnused(r)
      const [connection] = node.getConnections(peerIdFromString(t.id))
      assert.ok(!String(connection.remoteAddr).includes('/p2p-circuit'))
      assert.equal((await echo(connection, 1_000_000)).length, 1_000_000)
    })
  }

  it('they upgrade a connection that we made', LIMIT, async () => {
    const r = await RELAYS.ours()
    const t = await TARGETS.theirs(r, { listen: true, at: ADDR.target, services: { dcutr: dcutr() } })
    confirm(t, t.components.addressManager)
    const node = await ours(undefined, '--circuit', '--dcutr')
    const peer = String(t.peerId)
    await node.ask(`dial ${t.at}`, `connected ${peer} out relayed`)
    await node.line(`direct ${peer}`)
    await relayIsUnused(r)
    assert.equal(Ours.figures(await node.ask(`echo ${peer} 1000000`, 'ok echo')).bytes, 1_000_000)
  })
})
