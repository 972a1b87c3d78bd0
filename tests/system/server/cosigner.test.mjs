// A server as co-signer of an account of version 2, from its making to its removal by the passkey alone: the real server with its keyd, asked by
// js-libp2p, and the real contracts. The wallet's side is written from docs/cosigner.md and docs/protocol.md alone. PASSMESH_SERVER names the program.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import * as account from '../../../contracts/lib/account.mjs'
import { chainHash, signedBy } from '../../../contracts/lib/account2.mjs'
import { call, change, DELAY, fresh, owners, poke, read, sorted } from '../../../contracts/lib/attacks.mjs'
import { Passkey } from '../../../contracts/lib/passkey.mjs'
import * as world from '../../../contracts/lib/world.mjs'
import { makeHome, startChain, startServer, writeNetwork } from '../lib/network.mjs'
import { bytes, decode, ServiceClient } from '../lib/service_client.mjs'

const require = createRequire(new URL('../../../contracts/package.json', import.meta.url))
const viem = require('viem')
const { p256 } = require('@noble/curves/p256')

const binary = process.env.PASSMESH_SERVER
const d = world.deployments
const CREATE = 15
const SIGN = 16
const REMOVE = 17
const FIELD = 28
const FRIEND = '0x000000000000000000000000000000000000f00d'
const NOBODY = '0x0000000000000000000000000000000000000000'
const RP_ID = 'passmesh.localhost'

const raw = hex => Buffer.from(hex.slice(2), 'hex')
const uint = (n, size) => raw(viem.numberToHex(n, { size }))
const part = b => Buffer.concat([uint(b.length, 2), b])
const text = s => Buffer.concat([Buffer.from([s.length]), Buffer.from(s)])
const labelled = (label, ...parts) => createHash('sha256').update(label + '\0').update(Buffer.concat(parts)).digest()
const soon = () => Math.floor(Date.now() / 1000) + 60

const packed = viem.parseAbiParameters('(address sender,uint256 nonce,bytes initCode,bytes callData,bytes32 accountGasLimits,uint256 preVerificationGas,bytes32 gasFees,bytes paymasterAndData,bytes signature)')

function termsOf ({ address, chains, key, limits }) {
  return Buffer.concat([Buffer.from([1]), raw(address), Buffer.from([chains.length]), ...chains.map(c => uint(c, 8)), text(RP_ID), text(key.origin),
    raw(key.qx), raw(key.qy), Buffer.from([limits.length]), ...limits.flatMap(l => [raw(l.token ?? NOBODY), raw(l.to ?? NOBODY), uint(l.amount, 32)])])
}

/** The assertion of key over a challenge, as it travels. */
function assertion (key, challenge, how) {
  const a = key.assert(viem.toHex(challenge), how)
  const der = Buffer.from(new p256.Signature(BigInt(a.r), BigInt(a.s)).toDERRawBytes())
  return Buffer.concat([part(Buffer.from(a.clientDataJSON)), part(raw(a.authenticatorData)), part(der)])
}

class Wallet {
  constructor (peer, terms, key) {
    this.peer = peer
    this.terms = terms
    this.key = key
    this.hash = labelled('passmesh cosigner 1 terms', terms)
  }

  async create ({ key = this.key, terms = this.terms, expiry = soon() } = {}) {
    const challenge = labelled('passmesh cosigner 1 create', this.hash, uint(expiry, 8))
    const answer = await this.peer.ask(CREATE, [bytes(FIELD, Buffer.concat([terms, uint(expiry, 8), assertion(key, challenge)]))])
    if (answer.code === 'ok') {
      const f = decode(answer.body)
      assert.deepEqual(Buffer.from(f[2]), this.hash)
      this.address = viem.getAddress(viem.toHex(f[1]))
      this.owner = d.secp256k1_verifier.address.toLowerCase() + this.address.slice(2).toLowerCase()
    }
    return answer
  }

  async remove ({ key = this.key, expiry = soon() } = {}) {
    const challenge = labelled('passmesh cosigner 1 remove', this.hash, uint(expiry, 8))
    return this.peer.ask(REMOVE, [bytes(FIELD, Buffer.concat([this.terms, uint(expiry, 8), assertion(key, challenge)]))])
  }

  /** The answer; with code ok also signer, of which [owner, signature] is to be had. signed: the operation that the passkey answers for, if another. */
  async sign (w, op, { key = this.key, signed = op, chainId = w.chainId, expiry = soon(), how } = {}) {
    const hash = world.opHash(w, signed)
    const operation = raw(viem.encodeAbiParameters(packed, [account.packUserOp({ ...op, signature: '0x' })]))
    const challenge = labelled('passmesh cosigner 1 sign', raw(this.address), raw(op.sender), uint(chainId, 8), raw(hash), this.hash, uint(expiry, 8))
    const answer = await this.peer.ask(SIGN, [bytes(FIELD, Buffer.concat([raw(this.address), uint(chainId, 8), uint(expiry, 8), part(operation),
      assertion(key, challenge, how)]))])
    if (answer.code !== 'ok') {
      return answer
    }
    const signature = viem.toHex(decode(answer.body)[3])
    assert.equal(await viem.recoverAddress({ hash, signature }), this.address)
    return { ...answer, signer: { owner: this.owner, sign: () => [this.owner, signature] } }
  }
}

const fees = { verificationGasLimit: 400_000n, callGasLimit: 200_000n, preVerificationGas: 60_000n, maxFeePerGas: 2_000_000_000n }
const feeMax = 660_000n * fees.maxFeePerGas
const ether = viem.parseEther

describe('a co-signer', () => {
  test('cosign = yes does not start without a seal', async t => {
    const home = makeHome(t)
    const network = writeNetwork(home)
    await assert.rejects(startServer(t, binary, { home, network, node: 'http://127.0.0.1:9', ini: '[server]\ncosign = yes\n' }), /no TPM seals/)
  })

  test('is not offered unless it was asked for', async t => {
    const w = await startChain(t)
    const home = makeHome(t)
    const server = await startServer(t, binary, { home, network: writeNetwork(home), node: w.node.url })
    const peer = await ServiceClient.connect(t, server.ready.listen[0], w.chainId)
    assert.equal((await peer.status()).cosigning, 0)
    assert.equal((await peer.ask(CREATE, [bytes(FIELD, Buffer.from('x'))])).code, 'unsupported')
  })

  test('from its making to its removal by the passkey alone', async t => {
    const w = await startChain(t)
    const home = makeHome(t)
    const network = writeNetwork(home)
    const launch = () => startServer(t, binary, { home, network, node: w.node.url, ini: '[server]\ncosign = unsealed\n[limits]\nunits = 100000\n' })
    let server = await launch()
    let peer = await ServiceClient.connect(t, server.ready.listen[0], w.chainId)
    const key = new Passkey(d.webauthn_verifier.address, 'cosigned')
    const thief = new Passkey(d.webauthn_verifier.address, 'not cosigned')
    const acc = await fresh(w, [key], { guardians: [key], quorum: 1n })
    const limits = [{ amount: ether('1') }, { token: d.test_token.address, amount: 500n }]
    const wallet = new Wallet(peer, termsOf({ address: acc.address, chains: [w.chainId], key, limits }), key)
    assert.equal((await peer.status()).cosigning, 1)

    await t.test('made for whoever has the passkey, once', async () => {
      assert.equal((await wallet.create({ key: thief })).code, 'denied')
      const wider = termsOf({ address: acc.address, chains: [w.chainId], key, limits: [{ amount: ether('100') }] })
      assert.match((await wallet.create({ terms: wider })).text, /not signed for this/)
      assert.match((await wallet.create({ expiry: soon() + 3600 })).text, /expiry/)
      assert.equal((await wallet.create()).code, 'ok')
      const first = wallet.address
      assert.equal((await wallet.create()).code, 'ok')
      assert.equal(wallet.address, first)
      const other = new Wallet(peer, wider, key)
      assert.match((await other.create()).text, /other terms/)
    })

    await t.test('added to the account, which asks for both from then on', async () => {
      const both = await change(w, acc, { added: [wallet.owner], threshold: 2n })
      assert.equal((await world.run(w, acc, call('changeOwners', [both, '0x']))).success, true)
      assert.equal((await read(w, acc, 'getSigners', [0n, 32n])).length, 1, 'it waits, and is no owner')
      assert.ok(await poke(w, acc, 'applyOwnerChange', [both]), 'not before the delay is over')
      await world.pass(w, DELAY + 60)
      assert.equal(await poke(w, acc, 'applyOwnerChange', [both]), null)
      assert.equal((await read(w, acc, 'getSigners', [0n, 32n])).length, 2)
      assert.equal(await read(w, acc, 'threshold'), 2n)
    })

    const make = (calls, more = {}) => world.makeOp(w, acc, Array.isArray(calls) ? account.executeCall(calls) : calls, { ...fees, ...more })
    const pay = value => make([{ to: FRIEND, value }])

    await t.test('pays within the limits with it, and not without', async () => {
      const op = await pay(ether('0.5'))
      assert.match(await world.refusal(w, world.signOp(w, op, [key])), /AA24/)
      const { signer, text: why } = await wallet.sign(w, op)
      assert.ok(signer, why)
      assert.match(await world.refusal(w, world.signOp(w, op, [signer])), /AA24/)
      assert.equal((await world.sendOp(w, world.signOp(w, op, [key, signer]))).success, true)
      assert.equal(await w.client.getBalance({ address: FRIEND }), ether('0.5'))
    })

    await t.test('refuses what it must not sign', async () => {
      const refused = async (op, code, why, more) => {
        const answer = await wallet.sign(w, await op, more)
        assert.equal(answer.code, code, answer.text)
        assert.match(answer.text, why)
      }
      const small = await pay(1n)
      await refused(small, 'denied', /not signed for this/, { key: thief })
      await refused(make([{ to: thief.owner.slice(0, 42), value: 1n }]), 'denied', /not signed for this/, { signed: small })
      await refused(small, 'denied', /not signed for this/, { how: { flags: 1 } })
      await refused(small, 'denied', /payments alone/, { chainId: 1 })
      await refused(small, 'denied', /expiry/, { expiry: soon() - 120 })
      await refused(make([{ to: acc.address, value: 0n, data: call('changeOwners', [await change(w, acc, { threshold: 1n, removed: [wallet.owner] }), '0x']) }]),
        'denied', /payments alone/)
      await refused(make(call('scheduleUpgrade', [d.account_implementation.address, '0x', 0n])), 'denied', /payments alone/)
      await refused(make(call('executeWithin', [[{ to: FRIEND, value: 1n, data: '0x' }]])), 'denied', /payments alone/)
      await refused(pay(ether('0.5')), 'denied', /limit/)
      await refused(make([{ to: FRIEND, value: 1n }], { maxFeePerGas: 10n ** 12n }), 'denied', /limit/)
    })

    await t.test('remembers what was spent', async () => {
      assert.equal(await server.stop('SIGTERM'), 0)
      server = await launch()
      peer = await ServiceClient.connect(t, server.ready.listen[0], w.chainId)
      wallet.peer = peer
      assert.match((await wallet.sign(w, await pay(ether('0.5') - feeMax))).text, /limit/)
      assert.equal((await wallet.sign(w, await pay(ether('0.5') - 2n * feeMax))).code, 'ok')
      assert.match((await wallet.sign(w, await pay(0n))).text, /limit/) // not even its fee
    })

    await t.test('gives its place back when the passkey says so', async () => {
      assert.match((await wallet.remove({ key: thief })).text, /not signed for this/)
      assert.equal((await wallet.remove()).code, 'ok')
    })

    await t.test('is removed by the passkey alone, and no server takes part', async () => {
      assert.equal(await server.stop('SIGTERM'), 0)
      const step = await change(w, acc, { threshold: 1n, removed: [wallet.owner] })
      const id = account.ownerChangeId(acc.address, step)
      const { round } = await read(w, acc, 'recovery')
      const signature = signedBy([key], chainHash(acc.address, w.chainId, 'Recover', { change: id, round }))
      assert.equal(await poke(w, acc, 'recover', [step, signature]), null)
      assert.match(await poke(w, acc, 'applyRecovery', [step]), /NotReady/)
      await world.pass(w, DELAY + 60)
      assert.equal(await poke(w, acc, 'applyRecovery', [step]), null)
      assert.deepEqual(await owners(w, acc), sorted(key))
      assert.equal((await world.sendOp(w, world.signOp(w, await pay(1n), [key]))).success, true)
    })
  })
})
