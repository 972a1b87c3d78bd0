// AutoNAT between our node and js-libp2p: version 2 both ways, and our answers to version 1. Runs where the loopback has the
// public addresses below (autonat.sh). A connection within one machine comes from the very address that it goes to.
import assert from 'node:assert/strict'
import { afterEach, it } from 'node:test'
import { autoNAT } from '@libp2p/autonat'
import { autoNATv2 } from '@libp2p/autonat-v2'
import { multiaddr } from '@multiformats/multiaddr'
import { until } from '../../../tools/local/lib/until.mjs'
import { Ours } from './ours.mjs'
import { startTheirs } from './theirs.mjs'

const binary = process.env.P2P_NODE
const LIMIT = { timeout: 20_000 }
const HERE = '/ip4/8.8.8.1'
const THERE = '/ip4/9.9.9.1'

const running = []

afterEach(() => running.splice(0).forEach(o => o.child.kill('SIGKILL')))

async function startOurs (listen, mode) {
  const ours = new Ours(binary, '--listen', listen, '--autonat', mode)
  running.push(ours)
  ours.addr = (await ours.line('listening ')).split(' ')[1]
  ours.id = (await ours.line('ready ')).split(' ')[1]
  ours.bare = ours.addr.replace(/\/p2p\/.*/, '')
  return ours
}

async function stats (ours) {
  return Ours.figures(await ours.ask('autonatstats', 'ok autonatstats'))
}

// Where js-libp2p listens; it names no address that it has not verified itself.
function whereIs (theirs) {
  return `${theirs.components.transportManager.getAddrs()[0]}/p2p/${theirs.peerId}`
}

// What js-libp2p holds of one of its addresses.
function verified (theirs, address) {
  return theirs.components.addressManager.getAddressesWithMetadata()
    .find(a => address.startsWith(String(a.multiaddr)))?.verified
}

const WAYS = [
  { name: 'TCP', transport: 'tcp', ours: `${HERE}/tcp/0` },
  { name: 'WebSocket', transport: 'ws', ours: `${HERE}/tcp/0/ws` },
  { name: 'QUIC', transport: 'quic', ours: `${HERE}/udp/0/quic-v1` },
  { name: 'TCP over IPv6', transport: 'tcp', ours: '/ip6/2606:4700::1/tcp/0', theirs: '/ip6/2606:4700::1/tcp/0' }
]

for (const way of WAYS) {
  it(`they dial us: version 2, ${way.name}`, LIMIT, async () => {
    const theirs = await startTheirs({ listen: true, transport: way.transport, at: way.theirs ?? `${THERE}/${way.ours.split('/').slice(3).join('/')}`, services: { autonat: autoNATv2() } })
    const ours = await startOurs(way.ours, 'client')
    ours.say(`dial ${whereIs(theirs)}`)
    await ours.line('identified ')
    ours.say(`reach ${ours.bare}`)
    const line = way.theirs
      ? await ours.line('verdict ') // the same group of addresses: a neighbour proves nothing
      : await ours.line(`verdict ${ours.bare} reachable`)
    assert.ok(line)
    assert.equal((await stats(ours)).arrived, way.theirs ? 0 : 1)
    await theirs.stop()
    assert.equal(await ours.stop(), 0)
  })
}

it('they find a closed port closed: version 2', LIMIT, async () => {
  const theirs = await startTheirs({ listen: true, at: `${THERE}/tcp/0`, services: { autonat: autoNATv2() } })
  const ours = await startOurs(`${HERE}/tcp/0`, 'client')
  ours.say(`dial ${whereIs(theirs)}`)
  await ours.line('identified ')
  ours.say(`reach ${HERE}/tcp/1`)
  await ours.line(`verdict ${HERE}/tcp/1 unreachable`)
  assert.equal((await stats(ours)).arrived, 0)
  await theirs.stop()
  assert.equal(await ours.stop(), 0)
})

for (const way of WAYS) {
  it(`we dial them, for data where it is another address: version 2, ${way.name}`, LIMIT, async () => {
    const ours = await startOurs(way.ours, 'server')
    const theirs = await startTheirs({ listen: true, transport: way.transport, at: way.theirs ?? `${THERE}/${way.ours.split('/').slice(3).join('/')}`, services: { autonat: autoNATv2() } })
    const address = whereIs(theirs)
    await theirs.dial(multiaddr(ours.addr))
    await until('they never learned that their address works', () => verified(theirs, address), { timeout: 10_000 })
    const s = await stats(ours)
    assert.ok(s.served >= 1)
    assert.equal(s.refused, 0)
    await theirs.stop()
    assert.equal(await ours.stop(), 0)
  })
}

it('we dial the asker where it is seen: version 1', LIMIT, async () => {
  const ours = await startOurs(`${HERE}/tcp/0`, 'server')
  const theirs = await startTheirs({ listen: true, at: `${HERE}/tcp/0`, services: { autonat: autoNAT() } })
  const address = whereIs(theirs)
  await theirs.dial(multiaddr(ours.addr))
  await until('they never learned that their address works', () => verified(theirs, address), { timeout: 10_000 })
  assert.equal((await stats(ours)).served, 1)
  await theirs.stop()
  assert.equal(await ours.stop(), 0)
})

it('we dial nobody elsewhere than where it is seen: version 1', LIMIT, async () => {
  const ours = await startOurs(`${HERE}/tcp/0`, 'server')
  const theirs = await startTheirs({ listen: true, at: `${THERE}/tcp/0`, services: { autonat: autoNAT() } })
  const address = whereIs(theirs)
  await theirs.dial(multiaddr(ours.addr))
  await ours.line('identified ')
  await new Promise(resolve => setTimeout(resolve, 1000))
  assert.ok(!verified(theirs, address))
  assert.equal((await stats(ours)).served, 0)
  await theirs.stop()
  assert.equal(await ours.stop(), 0)
})
