// The bundler with a real node, the real EntryPoint and the real account: what it promises comes true, and it never pays for
// an operation that it took. BUNDLER_DRIVE names the program that holds the bundler.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as world from '../../contracts/lib/world.mjs'
import * as account from '../../contracts/lib/account.mjs'
import { Passkey } from '../../contracts/lib/passkey.mjs'

const require = createRequire(new URL('../../contracts/package.json', import.meta.url))
const viem = require('viem')
const { privateKeyToAccount } = require('viem/accounts')

const SECRET = '0x' + '46'.repeat(32)
const self = privateKeyToAccount(SECRET).address
const zero = '0x' + '00'.repeat(20)
const d = world.deployments
const to = viem.getAddress('0x' + '77'.repeat(20))

/** The driver, with its questions passed on to the node. */
async function startBundler(w) {
  const child = spawn(process.env.BUNDLER_DRIVE, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const b = { verdict: null, sent: 0 }
  b.tell = async (...words) => {
    child.stdin.write(words.join('\t') + '\n')
    const out = []
    for (;;) {
      const { value, done } = await lines.next()
      if (done) throw new Error(`the driver ended: ${child.exitCode ?? child.signalCode}`)
      if (value === '.') break
      out.push(value.split('\t'))
    }
    for (const [verb, ...rest] of out) {
      if (verb === 'verdict') b.verdict = rest
      if (verb !== 'ask') continue
      if (rest[1].includes('eth_sendRawTransaction')) b.sent++
      const reply = await fetch(w.node.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: rest[1] })
      await b.tell('answer', rest[0], (await reply.text()).replaceAll(/[\t\n]/g, ' '))
    }
    return out.find(([verb]) => !['ask', 'verdict'].includes(verb)) ?? []
  }
  let time = 1000
  b.pass = async (ms) => {
    const block = await w.client.getBlock()
    time += ms
    await b.tell('time', time)
    await b.tell('head', block.number, block.baseFeePerGas)
  }
  b.stop = () => child.stdin.end()
  const byChain = d.account_implementation.runtime_code_hash_by_chain[w.chainId]
  await b.tell('known', 0, zero, d.proxy.runtime_code_hash)
  await b.tell('known', 1, d.account_implementation.address, byChain)
  for (const v of [d.webauthn_verifier, d.secp256k1_verifier]) await b.tell('known', 2, v.address, v.runtime_code_hash)
  await b.tell('known', 3, d.account_factory.address, d.account_factory.runtime_code_hash)
  await b.tell('begin', w.chainId, self, SECRET)
  await b.pass(0)
  return b
}

const packed = viem.parseAbiParameters('(address sender,uint256 nonce,bytes initCode,bytes callData,bytes32 accountGasLimits,uint256 preVerificationGas,bytes32 gasFees,bytes paymasterAndData,bytes signature)')
const bytesOf = (op) => viem.encodeAbiParameters(packed, [account.packUserOp(op)])

/** An operation whose preVerificationGas is exactly what the bundler wants at least. */
async function tightOp(w, b, a, key, call, more = {}) {
  const draft = await world.makeOp(w, a, call, { verificationGasLimit: 1_200_000n, callGasLimit: 200_000n, ...more })
  let op = world.signOp(w, draft, [key])
  for (let i = 0; i < 8; i++) { // its signature changes with it, and so may a byte of the call
    const [, gas] = await b.tell('gas', bytesOf(op))
    if (op.preVerificationGas === BigInt(gas)) return op
    op = world.signOp(w, { ...draft, preVerificationGas: BigInt(gas) }, [key])
  }
  const [, gas] = await b.tell('gas', bytesOf(op))
  return world.signOp(w, { ...draft, preVerificationGas: BigInt(gas) + 200n }, [key])
}

for (const hardfork of ['osaka', 'prague']) {
  test(`on ${hardfork}`, async (t) => {
    const w = await world.makeWorld({ hardfork })
    t.after(() => w.stop())
    const b = await startBundler(w)
    t.after(() => b.stop())
    const key = new Passkey(d.webauthn_verifier.address, `bundler ${hardfork}`)
    const a = await world.makeAccount(w, [key])
    await w.client.setBalance({ address: self, value: viem.parseEther('1') })

    async function goesThrough(call, success = true, more) {
      const op = await tightOp(w, b, a, key, call, more)
      const before = await w.client.getBalance({ address: self })
      const [verb, hash, why] = await b.tell('submit', bytesOf(op))
      assert.equal(verb, 'hash', why)
      assert.equal(hash, world.opHash(w, op))
      assert.equal(b.verdict?.[0], 'ok', b.verdict?.[1])
      for (let i = 0; i < 4; i++) {
        await w.client.mine({ blocks: 1 })
        await b.pass(2000)
      }
      const [, state, done, reason] = await b.tell('status', hash)
      assert.equal(state, '5', reason)
      assert.equal(done, success ? '1' : '0')
      const gain = (await w.client.getBalance({ address: self })) - before
      t.diagnostic(`preVerificationGas ${op.preVerificationGas}, the bundler gained ${gain} wei`)
      assert.ok(gain >= 0n, `the bundler paid ${-gain} wei`)
    }

    await t.test('the first operation makes the account; the bundler does not pay', async () => {
      await goesThrough(account.executeCall([{ to, value: 5n }]))
      assert.equal(await w.client.getBalance({ address: to }), 5n)
    })
    await t.test('a later one', () => goesThrough(account.executeCall([{ to, value: 6n }])))
    await t.test('one with no gas to spare, so without a charge for unused gas', () =>
      goesThrough(account.executeCall([{ to, value: 7n }]), true, { callGasLimit: 45_000n }))
    await t.test('one with much call data', () =>
      goesThrough(account.executeCall([{ to, value: 0n, data: '0x' + 'a5'.repeat(3000) }])))
    await t.test('one whose call reverts: the account pays, the bundler does not', () =>
      goesThrough(account.executeCall([{ to: d.account_factory.address, value: 0n, data: '0x12345678' }]), false))

    async function isRefused(op, code, why) {
      const sent = b.sent
      b.verdict = null
      const [verb, ...rest] = await b.tell('submit', bytesOf(op))
      const [gotCode, gotWhy] = verb === 'refused' ? rest : b.verdict
      assert.equal(gotCode, code)
      assert.match(gotWhy, why)
      assert.equal(b.sent, sent)
      await b.pass(100)
    }
    await t.test('the wrong key', async () => {
      const tight = await tightOp(w, b, a, key, account.executeCall([{ to, value: 1n }]))
      // the other signature may have fewer zero bytes
      const op = { ...tight, preVerificationGas: tight.preVerificationGas + 3000n }
      const wrong = new Passkey(d.webauthn_verifier.address, 'another')
      const [, signature] = wrong.sign(world.opHash(w, op))
      await isRefused({ ...op, signature: account.encodeSignature([[key.owner, signature]]) }, 'denied', /AA24 signature error/)
    })
    await t.test('a spent nonce', async () => {
      const op = await tightOp(w, b, a, key, account.executeCall([{ to, value: 1n }]), { nonce: 0n })
      await isRefused(op, 'denied', /AA25 invalid account nonce/)
    })
    await t.test('an account that is another contract', async () => {
      const op = await tightOp(w, b, a, key, account.executeCall([{ to, value: 1n }]))
      await isRefused({ ...op, sender: d.account_factory.address, preVerificationGas: op.preVerificationGas + 1000n }, 'denied', /account's code is not known/)
    })
    await t.test('an account without money', async () => {
      const poor = await world.makeAccount(w, [key], { salt: viem.pad('0x05'), ether: '0' })
      await isRefused(await tightOp(w, b, poor, key, account.executeCall([{ to, value: 0n }])), 'denied', /AA21/)
    })
    await t.test('a little too little preVerificationGas', async () => {
      const op = await tightOp(w, b, a, key, account.executeCall([{ to, value: 1n }]))
      await isRefused({ ...op, preVerificationGas: op.preVerificationGas - 1000n }, 'denied', /preVerificationGas/)
    })
  })
}
