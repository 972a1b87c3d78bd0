// mDNS between our node and js-libp2p on a port of its own: each finds the other, and the address works.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { mdns } from '@libp2p/mdns'
import { startOurs } from './ours.mjs'
import { startTheirs } from './theirs.mjs'

const binary = process.env.P2P_NODE

it('each finds the other on the local network, and the address works', { timeout: 60_000 }, async t => {
  const port = 20_000 + process.pid % 40_000
  const ours = await startOurs(binary, { listen: true, args: ['--mdns', String(port)] })
  if (ours.lines.includes('nomdns')) {
    t.skip('no interface of this machine lets us into a multicast group')
    return
  }
  const found = Promise.withResolvers()
  const theirs = await startTheirs({ listen: true, peerDiscovery: [mdns({ port, interval: 1000 })] })
  theirs.addEventListener('peer:discovery', e => found.resolve(e.detail))
  const peer = await found.promise
  assert.equal(String(peer.id), ours.id)
  assert.ok(ours.addr.startsWith(String(peer.multiaddrs[0])))
  const line = await ours.line('discovered ')
  assert.ok(line.endsWith(`/p2p/${theirs.peerId}`))
  await ours.ask(`dial ${line.split(' ')[1]}`, 'connected')
  await theirs.stop()
  assert.equal(await ours.stop(), 0)
})
