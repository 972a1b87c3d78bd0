// Meshes of our nodes and js-libp2p's together, signed and unsigned: everybody hears everybody, large messages and
// IDONTWANT, fanout from outside, verdicts, and leaving.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { gossipsub, StrictNoSign, StrictSign } from '@libp2p/gossipsub'
import { multiaddr } from '@multiformats/multiaddr'
import { until } from '../../../tools/local/lib/until.mjs'
import { Ours, startOurs } from './ours.mjs'
import { startTheirs } from './theirs.mjs'

const binary = process.env.P2P_NODE
const text = new TextEncoder()

// Our default id of a signed message is author and sequence number.
function idOf (msg) {
  const seqno = Buffer.alloc(8)
  seqno.writeBigUInt64BE(msg.sequenceNumber)
  return Buffer.concat([msg.from.toMultihash().bytes, seqno])
}

async function startJs (policy, protocols) {
  const node = await startTheirs({
    listen: true,
    services: {
      pubsub: gossipsub({
        globalSignaturePolicy: policy,
        allowPublishToZeroTopicPeers: true,
        ...(policy === StrictSign ? { msgIdFn: idOf } : {}),
        ...(protocols ? { protocols } : {})
      })
    }
  })
  node.heard = []
  node.services.pubsub.addEventListener('message', e => {
    node.heard.push(`${e.detail.topic} ${e.detail.from ?? '-'} ${Buffer.from(e.detail.data).toString().slice(0, 100)}`)
  })
  return node
}

// Our nodes say each message once on stdout.
class Listener {
  constructor (ours) {
    this.ours = ours
    this.heard = []
  }

  // Reads what has come so far.
  collect () {
    const rest = []
    for (const line of this.ours.lines) {
      const m = /^message (\S+) (\S+) len=(\d+) (.*)$/.exec(line)
      if (m) {
        this.heard.push(`${m[1]} ${m[2]} ${m[4]}`)
      } else {
        rest.push(line)
      }
    }
    this.ours.lines.splice(0, this.ours.lines.length, ...rest)
    return this.heard
  }

  async ask (command, prefix) {
    this.collect()
    this.ours.say(command)
    for (let i = 0; i < 400; i++) {
      this.collect()
      const at = this.ours.lines.findIndex(l => l.startsWith(prefix) || l.startsWith('error'))
      if (at >= 0) {
        const [line] = this.ours.lines.splice(at, 1)
        assert.ok(!line.startsWith('error'), line)
        return line
      }
      await new Promise(resolve => setTimeout(resolve, 25))
    }
    assert.fail(`no answer to ${command}`)
  }
}

for (const [name, policy, topic] of [['signed', StrictSign, 'signed-topic'], ['unsigned', StrictNoSign, 'bare-topic']]) {
  describe(`a mesh of three and three, ${name}`, { timeout: 120_000 }, () => {
    const w = { ours: [], theirs: [] }
    const count = (nodes, line) => nodes.map(n => (n.collect ? n.collect() : n.heard).filter(l => l === line).length)
    const everybody = () => [...w.ours, ...w.theirs]

    async function allHear (line, but) {
      const rest = everybody().filter(n => n !== but)
      await until(`not all heard "${line}"`, () => count(rest, line).every(c => c > 0))
      await new Promise(resolve => setTimeout(resolve, 300))
      assert.deepEqual(count(rest, line), rest.map(() => 1), 'once each')
    }

    before(async () => {
      for (let i = 0; i < 3; i++) {
        w.ours.push(new Listener(await startOurs(binary, { listen: true, args: ['--gossip'] })))
        w.theirs.push(await startJs(policy, i === 2 ? ['/meshsub/1.1.0'] : undefined)) // one of them is older
      }
      for (let i = 0; i < 3; i++) {
        for (let k = 0; k < 3; k++) {
          if (i < k) { // they dial some of ours, ours the rest
            await w.theirs[k].dial(multiaddr(w.ours[i].ours.addr))
          } else {
            await w.ours[i].ask(`dial ${w.theirs[k].getMultiaddrs()[0]}`, 'connected')
          }
        }
        w.theirs[i].services.pubsub.subscribe(topic)
        await w.ours[i].ask(`subscribe ${topic}`, 'ok subscribe')
      }
      await until('our meshes stayed empty', async () => {
        for (const o of w.ours) {
          if (Ours.figures(await o.ask(`mesh ${topic}`, 'ok mesh')).count < 3) {
            return false
          }
        }
        return true
      })
      await until('their meshes stayed empty', () => w.theirs.every(t => t.services.pubsub.getMeshPeers(topic).length >= 3))
    })
    after(async () => {
      w.ours.forEach(o => o.ours.child.kill('SIGKILL'))
      await Promise.all(w.theirs.map(async t => t.stop()))
    })

    const author = id => policy === StrictSign ? id : '-'

    it('what one of ours says all hear, once', async () => {
      await w.ours[0].ask(`publish ${topic} from-ours`, 'ok publish')
      await allHear(`${topic} ${author(w.ours[0].ours.id)} from-ours`, w.ours[0])
    })

    it('what one of theirs says all hear, once', async () => {
      await w.theirs[1].services.pubsub.publish(topic, text.encode('from-theirs'))
      await allHear(`${topic} ${author(String(w.theirs[1].peerId))} from-theirs`, w.theirs[1])
    })

    it('large messages too', async () => {
      await w.ours[1].ask(`publishbytes ${topic} 500000`, 'ok publishbytes')
      await allHear(`${topic} ${author(w.ours[1].ours.id)} ${'x'.repeat(100)}`, w.ours[1])
      await w.theirs[0].services.pubsub.publish(topic, text.encode('y'.repeat(500_000)))
      await allHear(`${topic} ${author(String(w.theirs[0].peerId))} ${'y'.repeat(100)}`, w.theirs[0])
    })

    it('who is outside the topic can publish into it', async () => {
      await w.ours[2].ask(`unsubscribe ${topic}`, 'ok unsubscribe')
      await w.ours[2].ask(`publish ${topic} from-outside`, 'ok publish')
      await allHear(`${topic} ${author(w.ours[2].ours.id)} from-outside`, w.ours[2])
      await w.ours[2].ask(`subscribe ${topic}`, 'ok subscribe')
    })

    it('twenty messages from everywhere arrive once each', async () => {
      for (let i = 0; i < 20; i++) {
        if (i % 2) {
          await w.ours[i % 3].ask(`publish ${topic} many-${i}`, 'ok publish')
        } else {
          await w.theirs[i % 3].services.pubsub.publish(topic, text.encode(`many-${i}`))
        }
      }
      for (let i = 0; i < 20; i++) {
        const from = i % 2 ? w.ours[i % 3] : w.theirs[i % 3]
        await allHear(`${topic} ${author(i % 2 ? from.ours.id : String(from.peerId))} many-${i}`, from)
      }
    })
  })
}

describe('verdicts', { timeout: 60_000 }, () => {
  it('what we reject or ignore goes no further, what we accept does', async () => {
    const ours = new Listener(await startOurs(binary, { listen: true, args: ['--gossip'] }))
    const one = await startJs(StrictSign)
    const two = await startJs(StrictSign)
    for (const theirs of [one, two]) {
      await theirs.dial(multiaddr(ours.ours.addr))
      theirs.services.pubsub.subscribe('t')
    }
    await ours.ask('subscribe t', 'ok subscribe')
    await until('no mesh', async () => Ours.figures(await ours.ask('mesh t', 'ok mesh')).count === 2)
    await until('no mesh', () => one.services.pubsub.getMeshPeers('t').length === 1)
    for (const word of ['ignore', 'accept', 'reject']) {
      await one.services.pubsub.publish('t', text.encode(word))
    }
    await until('we heard nothing', () => ours.collect().length === 3)
    await until('they heard nothing', () => two.heard.length >= 1)
    await new Promise(resolve => setTimeout(resolve, 1500))
    assert.deepEqual(two.heard, [`t ${one.peerId} accept`])
    ours.ours.child.kill('SIGKILL')
    await Promise.all([one.stop(), two.stop()])
  })
})
