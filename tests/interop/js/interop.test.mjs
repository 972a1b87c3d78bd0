// Our node and js-libp2p, each as the dialer of the other, over each secure channel and transport: handshake with early
// muxer choice, identify, ping, megabytes echoed both ways, 1,000 streams at once, resets at random points; and at the end
// nothing is left.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { peerIdFromString } from '@libp2p/peer-id'
import { Ours, startOurs } from './ours.mjs'
import { ECHO, echo, manyStreams, resets, startTheirs } from './theirs.mjs'

const binary = process.env.P2P_NODE
const seed = Number(process.env.PASSMESH_TEST_SEED ?? 1)
const RESETS = 200
const STRANGER = '12D3KooWB1b3qZxWJanuhtseF3DmPggHCtG36KZ9ixkqHtdKH9fh'

// A small generator (mulberry32) so that a run can be repeated.
function generator (state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

async function quiet (ours, conns) {
  for (let i = 0; i < 100; i++) {
    const f = Ours.figures(await ours.ask('stats', 'ok stats'))
    if (f.streams === 0 && f.serving === 0 && f.conns === conns) {
      return f
    }
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error('streams are left over: ' + await ours.ask('stats', 'ok stats'))
}

// What both directions of dialling have in common, with the peer `theirs` connected to `ours`.
function exercises (w, { encryption, megabytes, multiplexer = '/yamux/1.0.0', streams = 1000, observed = '/ip4/127.0.0.1/tcp/' }) {
  const bytes = megabytes * 1_000_000
  it('both proved who they are, and have a muxer', () => {
    assert.equal(w.connection.remotePeer.toString(), w.ours.id)
    assert.equal(w.connection.multiplexer, multiplexer)
    assert.equal(w.connection.encryption, encryption)
  })

  it('they have our identify message, with a signed record', async () => {
    const result = await w.theirs.services.identify.identify(w.connection)
    assert.equal(result.agentVersion, 'passmesh-test/0.1.0')
    assert.ok(result.protocols.includes(ECHO))
    assert.ok(result.observedAddr.toString().startsWith(observed))
    if (w.ours.addr) { // a record without addresses is none to js-libp2p
      assert.deepEqual(result.signedPeerRecord.addresses.map(String), [w.ours.addr.split('/p2p/')[0]])
    }
  })

  it('we have their identify message', async () => {
    const line = await w.ours.ask(`identify ${w.theirs.peerId}`, 'ok identify')
    assert.match(line, /agent=js-libp2p\/3/)
    assert.match(line, /protocols=.*\/test\/echo\/1\.0\.0/)
  })

  it('a change is pushed to us', async () => {
    await w.theirs.handle('/test/new/1.0.0', stream => stream.abort(new Error('no')))
    for (let i = 0; i < 100; i++) {
      if (/\/test\/new/.test(await w.ours.ask(`identify ${w.theirs.peerId}`, 'ok identify'))) {
        return
      }
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    assert.fail('the new protocol never arrived')
  })

  it('they ping us', async () => {
    for (let i = 0; i < 3; i++) {
      assert.ok(await w.theirs.services.ping.ping(peerIdFromString(w.ours.id)) >= 0)
    }
  })

  it('we ping them', async () => {
    await w.ours.ask(`ping ${w.theirs.peerId}`, 'ok ping')
    await w.ours.ask(`ping ${w.theirs.peerId}`, 'ok ping')
  })

  it(`they send ${megabytes} MB and have them back`, async () => {
    const r = await echo(w.connection, bytes)
    assert.equal(r.length, bytes)
    assert.equal(r.received, r.sent)
  })

  it(`we send ${megabytes} MB and have them back`, async () => {
    const line = await w.ours.ask(`echo ${w.theirs.peerId} ${bytes}`, 'ok echo')
    assert.equal(Ours.figures(line).bytes, bytes)
  })

  it(`they open ${streams} streams`, async () => {
    assert.deepEqual(await manyStreams(w.connection, streams), { open: streams, same: streams })
    await quiet(w.ours, 1)
  })

  it(`we open ${streams} streams`, async () => {
    const line = await w.ours.ask(`streams ${w.theirs.peerId} ${streams}`, 'ok streams')
    assert.equal(Ours.figures(line).count, streams)
    await quiet(w.ours, 1)
  })

  it('they reset streams at random points, and the connection goes on', async () => {
    await resets(w.connection, RESETS, generator(seed))
    const r = await echo(w.connection, 1_000_000)
    assert.equal(r.received, r.sent)
    await quiet(w.ours, 1)
  })

  it('we reset streams at random points, and the connection goes on', async () => {
    await w.ours.ask(`resets ${w.theirs.peerId} ${RESETS}`, 'ok resets')
    await w.ours.ask(`echo ${w.theirs.peerId} 1000000`, 'ok echo')
    await quiet(w.ours, 1)
  })

  it('they go, and nothing is left', async () => {
    await w.theirs.stop()
    await w.ours.line('disconnected')
    await quiet(w.ours, 0)
    assert.equal(await w.ours.stop(), 0)
  })
}

// Each row: what they speak, how we dial, and what comes out of it.
const ROWS = [
  { name: 'noise over TCP', theirs: ['noise'], ours: 'noise', encryption: '/noise', megabytes: 100 },
  { name: 'TLS over TCP', theirs: ['tls'], ours: 'tls', encryption: '/tls/1.0.0', megabytes: 20 },
  { name: 'WebSocket', transport: 'ws', theirs: ['noise'], ours: 'noise', encryption: '/noise', megabytes: 20 },
  { name: 'WebSocket over TLS', transport: 'wss', theirs: ['noise'], ours: 'noise', encryption: '/noise', megabytes: 20 },
  // 200 streams: their QUIC lets a peer open 256 at once
  {
    name: 'QUIC',
    transport: 'quic',
    ours: 'noise',
    encryption: 'native',
    megabytes: 20,
    multiplexer: 'quic',
    streams: 200,
    observed: '/ip4/127.0.0.1/udp/'
  }
]

for (const row of ROWS) {
  describe(`${row.name}: js-libp2p dials us`, { timeout: 80_000 }, () => {
    const w = {}
    before(async () => {
      w.ours = await startOurs(binary, { listen: true, transport: row.transport, args: ['--seed', String(seed)] })
      w.theirs = await startTheirs({ security: row.theirs, transport: row.transport })
      w.connection = await w.theirs.dial(multiaddr(w.ours.addr))
      await w.ours.line('identified')
    })
    after(() => w.ours.child.kill('SIGKILL'))
    exercises(w, row)
  })

  describe(`${row.name}: we dial js-libp2p`, { timeout: 80_000 }, () => {
    const w = {}
    before(async () => {
      w.ours = await startOurs(binary, { args: ['--seed', String(seed), '--security', row.ours] })
      w.theirs = await startTheirs({ listen: true, security: row.theirs, transport: row.transport })
      await w.ours.ask(`dial ${w.theirs.getMultiaddrs()[0]}`, 'connected')
      await w.ours.line('identified')
      w.connection = w.theirs.getConnections()[0]
    })
    after(() => w.ours.child.kill('SIGKILL'))
    exercises(w, row)
  })
}

describe('choice of the secure channel', { timeout: 20_000 }, () => {
  const cases = [
    { name: 'they know both, we prefer TLS', theirs: ['noise', 'tls'], ours: 'tls,noise', encryption: '/tls/1.0.0' },
    { name: 'they know TLS alone, we fall back', theirs: ['tls'], ours: 'noise,tls', encryption: '/tls/1.0.0' },
    { name: 'they know noise alone, we fall back', theirs: ['noise'], ours: 'tls,noise', encryption: '/noise' }
  ]
  for (const c of cases) {
    it(c.name, async () => {
      const ours = await startOurs(binary, { args: ['--security', c.ours] })
      const theirs = await startTheirs({ listen: true, security: c.theirs })
      await ours.ask(`dial ${theirs.getMultiaddrs()[0]}`, 'identified')
      assert.equal(theirs.getConnections()[0].encryption, c.encryption)
      await theirs.stop()
      assert.equal(await ours.stop(), 0)
    })
  }
})

describe('what must fail', { timeout: 20_000 }, () => {
  it('they dial another peer than they meet, over TLS', async () => {
    const ours = await startOurs(binary, { listen: true })
    const theirs = await startTheirs({ security: ['tls'] })
    await assert.rejects(theirs.dial(multiaddr(ours.addr.replace(ours.id, STRANGER))))
    await theirs.stop()
    assert.equal(await ours.stop(), 0)
  })

  it('we dial another peer than we meet, over TLS', async () => {
    const ours = await startOurs(binary, { args: ['--security', 'tls'] })
    const theirs = await startTheirs({ listen: true, security: ['tls'] })
    const addr = String(theirs.getMultiaddrs()[0]).replace(String(theirs.peerId), STRANGER)
    await assert.rejects(ours.ask(`dial ${addr}`, 'connected'), /error dial/)
    await theirs.stop()
    assert.equal(await ours.stop(), 0)
  })

  it('they dial another peer than they meet, over QUIC', async () => {
    const ours = await startOurs(binary, { listen: true, transport: 'quic' })
    const theirs = await startTheirs({ transport: 'quic' })
    await assert.rejects(theirs.dial(multiaddr(ours.addr.replace(ours.id, STRANGER))))
    await theirs.stop()
    assert.equal(await ours.stop(), 0)
  })

  it('we dial another peer than we meet, over QUIC', async () => {
    const ours = await startOurs(binary)
    const theirs = await startTheirs({ listen: true, transport: 'quic' })
    const addr = String(theirs.getMultiaddrs()[0]).replace(String(theirs.peerId), STRANGER)
    await assert.rejects(ours.ask(`dial ${addr}`, 'connected'), /error dial/)
    await theirs.stop()
    assert.equal(await ours.stop(), 0)
  })

  it('they dial another peer than they meet', async () => {
    const ours = await startOurs(binary, { listen: true })
    const theirs = await startTheirs()
    await assert.rejects(theirs.dial(multiaddr(ours.addr.replace(ours.id, STRANGER))))
    await theirs.stop()
    assert.equal(await ours.stop(), 0)
  })

  it('we dial another peer than we meet', async () => {
    const ours = await startOurs(binary)
    const theirs = await startTheirs({ listen: true })
    const addr = String(theirs.getMultiaddrs()[0]).replace(String(theirs.peerId), STRANGER)
    await assert.rejects(ours.ask(`dial ${addr}`, 'connected'), /error dial/)
    await theirs.stop()
    assert.equal(await ours.stop(), 0)
  })

  it('we open a stream of a protocol that they do not speak', async () => {
    const ours = await startOurs(binary)
    const theirs = await startTheirs({ listen: true })
    await theirs.unhandle(ECHO)
    await ours.ask(`dial ${theirs.getMultiaddrs()[0]}`, 'identified')
    await assert.rejects(ours.ask(`echo ${theirs.peerId} 10`, 'ok echo'), /unsupported/)
    await theirs.stop()
    assert.equal(await ours.stop(), 0)
  })
})
