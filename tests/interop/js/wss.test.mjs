// Secure WebSockets with js-libp2p: certificates that do not hold, in both directions; and passmesh-server with its operator's
// files, read again by `reload`.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { connect } from 'node:tls'
import { after, before, describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { startOurs } from './ours.mjs'
import { until } from '../../../tools/local/lib/until.mjs'
import { echo, secure, startTheirs } from './theirs.mjs'

const binary = process.env.P2P_NODE
const pki = name => join(process.env.PKI, name)
const NETWORK = '[network]\nid = local\nname = Local\nchain_id = 31337\nkind = local\nsymbol = ETH\nnative_name = Ether\nblock_ms = 1000\nfinal_after = 2\n'

describe('names and certificates', { timeout: 60_000 }, () => {
  it('they dial us by a name', async () => {
    const ours = await startOurs(binary, { listen: true, transport: 'wss' })
    const theirs = await startTheirs({ transport: 'wss' })
    const connection = await theirs.dial(multiaddr(ours.addr.replace('/ip4/127.0.0.1', '/dns4/localhost')))
    const r = await echo(connection, 1_000_000)
    assert.equal(r.received, r.sent)
    await theirs.stop()
    assert.equal(await ours.stop(), 0)
  })

  for (const form of ['/dns4/localhost/tcp/PORT/tls/ws', '/dns4/localhost/tcp/PORT/wss', '/ip4/127.0.0.1/tcp/PORT/tls/sni/localhost/ws']) {
    it(`we dial them at ${form}`, async () => {
      const ours = await startOurs(binary)
      const theirs = await startTheirs({ listen: true, transport: 'wss' })
      const port = theirs.getMultiaddrs()[0].toString().match(/\/tcp\/(\d+)/)[1]
      await ours.ask(`dial ${form.replace('PORT', port)}/p2p/${theirs.peerId}`, 'identified')
      await ours.ask(`echo ${theirs.peerId} 1000000`, 'ok echo')
      await theirs.stop()
      assert.equal(await ours.stop(), 0)
    })
  }

  it('they do not take a certificate of another name', async () => {
    const ours = await startOurs(binary, { listen: true, transport: 'wss', certificate: 'other' })
    const theirs = await startTheirs({ transport: 'wss' })
    await assert.rejects(theirs.dial(multiaddr(ours.addr)))
    assert.match(await ours.ask('stats', 'ok stats'), /conns=0/)
    await theirs.stop()
    assert.equal(await ours.stop(), 0)
  })

  it('we do not take a certificate of another name, though the peer is the one that was meant', async () => {
    const ours = await startOurs(binary)
    const theirs = await startTheirs({ listen: true, at: '/ip4/127.0.0.1/tcp/0/tls/ws', make: () => secure('other') })
    const addr = theirs.getMultiaddrs()[0].toString()
    await assert.rejects(ours.ask(`dial ${addr}`, 'connected'), /error dial/)
    await theirs.stop()
    assert.equal(await ours.stop(), 0)
  })
})

class Server {
  constructor () {
    this.home = mkdtempSync(join(tmpdir(), 'passmesh-wss-'))
    this.files = join(this.home, 'certs')
    mkdirSync(join(this.home, 'config'), { mode: 0o700 })
    mkdirSync(this.files)
    writeFileSync(join(this.home, 'local.ini'), NETWORK)
    writeFileSync(join(this.home, 'config/server.ini'), `[server]\nmdns = no\nwss_cert = ${this.files}/cert.pem\nwss_key = ${this.files}/key.pem\n`)
  }

  put (name) {
    for (const [kind, to, mode] of [['pem', 'cert.pem', 0o644], ['key', 'key.pem', 0o600]]) {
      rmSync(join(this.files, to), { force: true }) // another file of the same name, as when a link is turned
      copyFileSync(pki(`${name}.${kind}`), join(this.files, to))
      chmodSync(join(this.files, to), mode)
    }
  }

  flags () {
    return ['--home', this.home, '--network', join(this.home, 'local.ini'), '--node', 'http://127.0.0.1:9', '--listen', '/ip4/127.0.0.1/tcp/0/tls/ws', '--json']
  }

  async start () {
    this.child = spawn(process.env.SERVER, this.flags(), { stdio: ['ignore', 'pipe', 'pipe'] })
    this.exited = new Promise(resolve => this.child.on('exit', resolve))
    this.said = ''
    this.child.stderr.on('data', text => { this.said += text })
    for await (const line of createInterface({ input: this.child.stdout })) {
      if (line.startsWith('{')) {
        this.ready = JSON.parse(line)
        return this
      }
    }
    await this.exited
    throw new Error(this.said)
  }

  peers () {
    return JSON.parse(execFileSync(process.env.SERVER, ['--home', this.home, '--json', 'peers'], { encoding: 'utf8' })).peers
  }

  reload () {
    return execFileSync(process.env.SERVER, ['--home', this.home, 'reload'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  }

  // The names of the certificate that it shows now.
  async names () {
    const port = this.ready.listen[0].match(/\/tcp\/(\d+)/)[1]
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
    const names = socket.getPeerCertificate().subjectaltname
    socket.destroy()
    return names
  }

  async stop () {
    this.child?.kill('SIGTERM')
    await this.exited
    rmSync(this.home, { recursive: true })
  }
}

describe('a server with its operator\'s certificate', { timeout: 60_000 }, () => {
  let server, theirs
  before(() => { server = new Server() })
  after(async () => {
    await theirs?.stop()
    await server.stop()
  })

  it('does not start without the files, nor with a key that others may read', async () => {
    await assert.rejects(server.start(), /the file of the certificate cannot be read/)
    server.put('good')
    chmodSync(join(server.files, 'key.pem'), 0o644)
    await assert.rejects(server.start(), /others may read the file of the key: chmod o= it/)
  })

  it('is dialled by them', async () => {
    server.put('good')
    await server.start()
    assert.match(server.ready.listen[0], /\/tls\/ws\/p2p\//)
    theirs = await startTheirs({ transport: 'wss' })
    const connection = await theirs.dial(multiaddr(server.ready.listen[0]))
    assert.equal(connection.encryption, '/noise')
    const [peer] = await until('the server does not know them', () => server.peers().length === 1 && server.peers())
    assert.equal(peer.transport, 'wss')
  })

  it('shows another certificate after reload, and keeps its connections', async () => {
    assert.match(await server.names(), /localhost/)
    server.put('other')
    assert.match(await server.names(), /localhost/)
    server.reload()
    assert.equal(await server.names(), 'DNS:other.example')
    assert.equal(theirs.getConnections().length, 1)
  })

  it('keeps what it has when the files are broken', async () => {
    writeFileSync(join(server.files, 'cert.pem'), 'nothing')
    assert.throws(() => server.reload(), /there is no certificate in PEM in it/)
    assert.equal(await server.names(), 'DNS:other.example')
  })
})
