// passmesh-server as a process: what it says, whom it answers, and that no operation is sent twice, whenever it dies.
// PASSMESH_SERVER names the program.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import * as account from '../../../contracts/lib/account.mjs'
import { Passkey } from '../../../contracts/lib/passkey.mjs'
import * as world from '../../../contracts/lib/world.mjs'
import { until } from '../../../tools/local/lib/until.mjs'
import { makeHome, runServer, sleep, startChain, startGate, startServer, writeNetwork } from '../lib/network.mjs'
import { ServiceClient } from '../lib/service_client.mjs'

const require = createRequire(new URL('../../../contracts/package.json', import.meta.url))
const viem = require('viem')
const { privateKeyToAccount } = require('viem/accounts')

const binary = process.env.PASSMESH_SERVER
const d = world.deployments
const entryPoint = d.entry_point.address
const packed = viem.parseAbiParameters('(address sender,uint256 nonce,bytes initCode,bytes callData,bytes32 accountGasLimits,uint256 preVerificationGas,bytes32 gasFees,bytes paymasterAndData,bytes signature)')
const encode = (op, change = {}) => viem.encodeAbiParameters(packed, [{ ...account.packUserOp(op), ...change }])
const limits = { verificationGasLimit: 1_200_000n, callGasLimit: 200_000n, preVerificationGas: 120_000n }
let seed = 0

/** Chain, gate, server, a connected peer, and a passkey's account with ether on it. */
async function start (t, { ini, chain = {} } = {}) {
  const w = await startChain(t, chain)
  const gate = await startGate(t, w.node.url)
  const home = makeHome(t)
  const s = { w, gate, home, network: writeNetwork(home) }
  s.launch = async () => {
    s.server = await startServer(t, binary, { home, network: s.network, node: gate.url, ini })
    s.peer = await ServiceClient.connect(t, s.server.ready.listen[0], w.chainId)
    await until('the server knows the head', async () => (await s.peer.status()).head)
  }
  await s.launch()
  await w.client.setBalance({ address: s.server.ready.bundler, value: viem.parseEther('1') })
  s.key = new Passkey(d.webauthn_verifier.address, `server ${seed++}`)
  s.account = await world.makeAccount(w, [s.key])
  s.balance = address => w.client.getBalance({ address })
  s.transactions = () => w.client.getTransactionCount({ address: s.server.ready.bundler })
  s.sign = async (call, more = {}) => world.signOp(w, await world.makeOp(w, s.account, call, { ...limits, ...more }), [s.key])
  s.becomes = (hash, states) => until(`operation ${hash} is ${states}`, async () => {
    const o = await s.peer.operation(hash)
    assert.ok(o.state !== 'dropped' && o.state !== 'replaced', o.reason)
    return states.includes(o.state) && o
  })
  return s
}

let targets = 0x7700n
const fresh = () => viem.getAddress(viem.numberToHex(targets++ << 64n, { size: 20 }))

describe('the program', () => {
  test('--version, --help', async () => {
    assert.match((await runServer(binary, ['--version'])).stdout, /^passmesh-server \d+\.\d+\.\d+\n$/)
    const help = await runServer(binary, ['--help'])
    assert.equal(help.code, 0)
    assert.match(help.stdout, /--network/)
  })

  test('wrong usage is status 2', async t => {
    const home = makeHome(t)
    assert.equal((await runServer(binary, ['--nonsense'])).code, 2)
    const nothing = await runServer(binary, ['--home', home])
    assert.equal(nothing.code, 2)
    assert.match(nothing.stderr, /name a network/)
  })

  test('what cannot start says so in one sentence', async t => {
    const home = makeHome(t)
    const network = writeNetwork(home)
    const args = (more = {}) => Object.entries({ home, network, node: 'http://127.0.0.1:9', listen: '/ip4/127.0.0.1/tcp/0', ...more })
      .flatMap(([k, v]) => [`--${k}`, v])
    const refused = async (more, why, code = 1) => {
      const r = await runServer(binary, args(more))
      assert.equal(r.code, code, r.stderr)
      assert.match(r.stderr, why)
      assert.equal(r.stdout, '')
    }
    await refused({ network: 'atlantis' }, /There is no network atlantis/, 2)
    await refused({ network: './nothing.ini' }, /cannot be read/, 2)
    await refused({ node: 'ftp://127.0.0.1' }, /no http:\/\/ or https:\/\/ address/, 2)
    await refused({ listen: '/ip4/127.0.0.1/udp/1' }, /cannot be listened on/)
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    t.after(() => holder.close())
    await refused({ listen: `/ip4/127.0.0.1/tcp/${holder.address().port}` }, /cannot be listened on: is it taken/)
  })

  test('a broken server.ini is named with its line', async t => {
    const home = makeHome(t)
    const network = writeNetwork(home)
    const broken = startServer(t, binary, { home, network, node: 'http://127.0.0.1:9', ini: '[limits]\nunits = many\n' })
    await assert.rejects(broken, /ended with 2.*whole number.*line 2/s)
  })

  test('it is in its sandbox, and says so in the line and in the log', async t => {
    const home = makeHome(t)
    const server = await startServer(t, binary, { home, network: writeNetwork(home), node: 'http://127.0.0.1:9' })
    assert.equal(server.ready.sandbox, 'full')
    assert.match(server.log, /sandbox: full: no new privileges, limits, seccomp, Landlock ABI \d/)
    const status = readFileSync(`/proc/${server.child.pid}/status`, 'utf8')
    assert.match(status, /^NoNewPrivs:\s+1$/m)
    assert.match(status, /^Seccomp:\s+2$/m)
    assert.equal(await server.stop(), 0)
    const log = join(home, 'data', 'server.db-wal')
    assert.ok(!existsSync(log) || statSync(log).size === 0)
  })

  for (const [lacks, level] of [['landlock', 'partial'], ['landlock,seccomp', 'none']]) {
    test(`a kernel without ${lacks}: refused with the reason, unless the operator takes it as it is`, async t => {
      const home = makeHome(t)
      const network = writeNetwork(home)
      const under = [process.env.PASSMESH_OLD_KERNEL, lacks]
      const start = (more = {}) => startServer(t, binary, { home, network, node: 'http://127.0.0.1:9', under, ...more })
      await assert.rejects(start(), /ended with 1.*does not give the whole sandbox .*LANDLOCK MISSING.*--sandbox-optional/s)
      const server = await start({ flags: ['--sandbox-optional'] })
      assert.equal(server.ready.sandbox, level)
      assert.match(server.log, new RegExp(`warn sandbox: ${level}: `))
      assert.equal(await server.stop(), 0)
      const told = await start({ ini: '[process]\nsandbox = optional\n' })
      assert.equal(told.ready.sandbox, level)
      assert.equal(await told.stop(), 0)
    })
  }

  test('a node of another chain is refused', async t => {
    const home = makeHome(t)
    const gate = await startGate(t, 'http://127.0.0.1:9')
    gate.pass = async q => gate.result(q, '0x1')
    const wrong = startServer(t, binary, { home, network: writeNetwork(home), node: gate.url })
    await assert.rejects(wrong, /ended with 1.*is of chain 1, but network local is chain 31337/s)
  })

  test('a node that is not there yet: it waits and says so; a second server on the same home is refused', async t => {
    const home = makeHome(t)
    const network = writeNetwork(home)
    const gate = await startGate(t, 'http://127.0.0.1:9')
    await gate.close()
    const server = await startServer(t, binary, { home, network, node: gate.url })
    assert.equal(server.ready.node, 'silent')
    assert.equal(server.ready.chain_id, 31337)
    await assert.rejects(startServer(t, binary, { home, network, node: gate.url }), /ended with 1.*Another passmesh-server/s)

    const peer = await ServiceClient.connect(t, server.ready.listen[0], 31337)
    const status = await peer.status()
    assert.equal(status.head, undefined)
    assert.equal(status.bundler, server.ready.bundler.toLowerCase())
    assert.equal((await peer.rpc('eth_blockNumber')).code, 'stale')

    const results = {
      eth_chainId: '0x7a69',
      eth_blockNumber: '0x7',
      eth_getBalance: '0x0',
      eth_getBlockByNumber: { number: '0x7', hash: '0x' + '07'.repeat(32), parentHash: '0x' + '06'.repeat(32), timestamp: '0x1', baseFeePerGas: '0x1' }
    }
    gate.pass = async q => gate.result(q, results[q.method])
    await gate.open(gate.port)
    await until('the node is found', async () => (await peer.status()).head?.number === 7n)
    assert.equal((await peer.rpc('eth_blockNumber')).result, '0x7')
    assert.match(server.log, /does not answer/)
    assert.equal(await server.stop(), 0)
  })
})

/** The value under the hash of key, or undefined if it is proven to be absent: the yellow paper's appendix D. */
function follow (root, key, nodes) {
  const path = viem.keccak256(key).slice(2)
  let want = root
  for (let at = 0, i = 0; ; i++) {
    assert.equal(viem.keccak256(nodes[i]), want, 'a node is another than the one above it names')
    const node = viem.fromRlp(nodes[i])
    if (node.length === 17) {
      want = node[parseInt(path[at++], 16)]
    } else {
      const nibbles = node[0].slice(2 + (parseInt(node[0][2], 16) & 1 ? 1 : 2))
      const isThere = path.startsWith(nibbles, at)
      if (parseInt(node[0][2], 16) & 2 || !isThere) {
        assert.equal(i, nodes.length - 1)
        return isThere ? node[1] : undefined
      }
      at += nibbles.length
      want = node[1]
    }
    if (want === '0x') {
      assert.equal(i, nodes.length - 1)
      return undefined
    }
  }
}

describe('a peer', () => {
  test('gets proofs of accounts', async t => {
    const { w, peer } = await start(t)
    const address = fresh()
    const set = '0x' + '11'.repeat(32)
    await w.client.setBalance({ address, value: 12345n })
    await w.client.setCode({ address, bytecode: '0x6001600155' })
    await w.client.setStorageAt({ address, index: set, value: viem.pad('0x2a') })
    await w.client.mine({ blocks: 1 }) // what is set by hand is in no block before
    const block = await w.client.getBlock()
    const unset = '0x' + '77'.repeat(32)
    const p = await peer.accountProof(block.hash, address, [set, unset])
    assert.equal(p.code, 'ok', p.text)
    assert.equal(viem.keccak256(p.header), block.hash)
    const stateRoot = viem.fromRlp(p.header)[3]
    const [nonce, balance, storageRoot, codeHash] = viem.fromRlp(follow(stateRoot, address, p.account))
    assert.equal(viem.hexToBigInt(balance), await w.client.getBalance({ address }))
    assert.equal(Number(nonce === '0x' ? 0 : nonce), await w.client.getTransactionCount({ address }))
    assert.equal(codeHash, viem.keccak256(await w.client.getCode({ address })))
    const slot = viem.fromRlp(follow(storageRoot, set, p.slots[0]))
    assert.equal(viem.pad(slot), await w.client.getStorageAt({ address, slot: set }))
    assert.equal(follow(storageRoot, unset, p.slots[1]), undefined)

    await t.test('that leave out what it has', async () => {
      const have = [{ hash: block.hash }, ...p.account.map(node => ({ hash: viem.keccak256(node), node }))]
      const less = await peer.accountProof(block.hash, address, [set], have)
      assert.equal(less.code, 'ok', less.text)
      assert.equal(less.header, undefined)
      assert.deepEqual(less.account, p.account)
      assert.deepEqual(less.nodes.map(n => viem.toHex(n)), p.slots[0])
    })
    await t.test('of nobody', async () => {
      const none = fresh()
      const nobody = await peer.accountProof(block.hash, none)
      assert.equal(nobody.code, 'ok', nobody.text)
      assert.equal(follow(stateRoot, none, nobody.account), undefined)
    })
    await t.test('of no block that the node does not have', async () => {
      assert.equal((await peer.accountProof('0x' + '12'.repeat(32), address)).code, 'not-found')
    })
  })

  test('gets what a call reads', async t => {
    const { w, peer } = await start(t)
    const [caller, callee, inner] = [fresh(), fresh(), fresh()]
    const key = n => viem.pad(viem.toHex(n))
    await w.client.setCode({ address: inner, bytecode: '0x6000545000' }) // reads slot 0
    await w.client.setCode({ address: callee, bytecode: `0x600554505f5f5f5f73${inner.slice(2)}5afa5000` }) // slot 5, and calls inner
    await w.client.setStorageAt({ address: callee, index: key(5), value: viem.pad('0x2a') })
    await w.client.mine({ blocks: 1 })
    const block = await w.client.getBlock()
    const p = await peer.callWitness(block.hash, { from: caller, to: callee, data: '0x12345678' })
    assert.equal(p.code, 'ok', p.text)
    assert.equal(viem.keccak256(p.header), block.hash)
    const stateRoot = viem.fromRlp(p.header)[3]
    const of = address => p.accounts.find(a => a.address === address.toLowerCase())
    assert.deepEqual(p.accounts.map(a => a.address), [caller, callee, inner].map(a => a.toLowerCase()).sort())
    assert.deepEqual([caller, callee, inner].map(a => of(a).keys), [[], [key(5)], [key(0)]])
    assert.equal(follow(stateRoot, caller, of(caller).account), undefined)
    for (const [address, value] of [[callee, '0x2a'], [inner, undefined]]) {
      const { account, slots, code, keys } = of(address)
      const [, , storageRoot, codeHash] = viem.fromRlp(follow(stateRoot, address, account))
      assert.equal(viem.keccak256(code), codeHash)
      assert.equal(code, await w.client.getCode({ address }))
      const rlp = storageRoot === viem.keccak256('0x80') ? undefined : follow(storageRoot, keys[0], slots[0])
      assert.equal(rlp && viem.fromRlp(rlp), value)
    }
    await t.test('without the code and the header that it has', async () => {
      const have = [block.hash, viem.keccak256(of(callee).code)].map(hash => ({ hash }))
      const less = await peer.callWitness(block.hash, { from: caller, to: callee, data: '0x12345678', have })
      assert.equal(less.code, 'ok', less.text)
      assert.equal(less.header, undefined)
      assert.deepEqual(less.accounts.map(a => a.code), p.accounts.map(a => a.address === callee.toLowerCase() ? undefined : a.code))
    })
    await t.test('of no block that the node does not have', async () => {
      assert.equal((await peer.callWitness('0x' + '12'.repeat(32), { from: caller, to: callee })).code, 'not-found')
    })
  })

  test('is served', async t => {
    const s = await start(t)
    const { w, gate, peer } = s
    const { ready } = s.server
    const to = fresh()

    await t.test('status', async () => {
      const status = await peer.status()
      assert.equal(status.chainId, w.chainId)
      assert.equal(status.head.hash, (await w.client.getBlock()).hash)
      assert.equal(status.level, 2)
      assert.equal(status.entryPoint, entryPoint.toLowerCase())
      assert.equal(status.bundler, ready.bundler.toLowerCase())
      assert.match(status.agent, /^passmesh-server\//)
      assert.deepEqual([ready.chain_id, ready.network, ready.level, ready.node], [w.chainId, 'local', 'known-code', 'reached'])
      assert.ok(ready.listen[0].endsWith(`/p2p/${ready.peer_id}`))
    })

    await t.test('rpc: what is on the list', async () => {
      assert.equal((await peer.rpc('eth_chainId')).result, viem.numberToHex(w.chainId))
      const balance = await peer.rpc('eth_getBalance', [s.account.address, 'latest'])
      assert.equal(BigInt(balance.result), await s.balance(s.account.address))
      const error = await peer.rpc('eth_call', [{ to: entryPoint, data: '0x12345678' }, 'latest'])
      assert.equal(error.code, 'ok')
      assert.ok(error.error.message) // the node's own error is an answer
    })

    await t.test('rpc: what is not on the list does not reach the node', async () => {
      const [rich] = w.accounts
      for (const [method, params] of [
        ['anvil_setBalance', [to, '0xffff']], ['hardhat_setBalance', [to, '0xffff']], ['evm_mine', []], ['debug_traceTransaction', ['0x' + '00'.repeat(32)]],
        ['personal_listAccounts', []], ['eth_sendTransaction', [{ from: rich, to, value: '0x1' }]], ['eth_accounts', []], ['eth_sign', [rich, '0x00']],
        ['admin_nodeInfo', []], ['eth_chainid', []], ['', []]
      ]) {
        const answer = await peer.rpc(method, params)
        assert.notEqual(answer.code, 'ok', method)
        assert.equal(gate.count(method), 0, method)
      }
      assert.equal((await peer.rpc('anvil_setBalance', [to, '0xffff'])).code, 'unsupported')
      assert.equal(await s.balance(to), 0n)
    })

    await t.test('heads', async () => {
      const heads = peer.heads()
      const first = (await heads.next()).value
      await w.client.mine({ blocks: 1 })
      assert.equal((await heads.next()).value.number, first.number + 1n)
      await heads.return()
    })

    let sent
    await t.test('an operation that makes the account, up to included', async () => {
      const before = await s.balance(ready.bundler)
      const op = await s.sign(account.executeCall([{ to, value: 5n }]))
      sent = { op, answer: await peer.send(entryPoint, encode(op)) }
      assert.equal(sent.answer.code, 'ok', sent.answer.text)
      assert.equal(sent.answer.hash, world.opHash(w, op))
      const done = await s.becomes(sent.answer.hash, ['included', 'final'])
      assert.ok(done.success)
      const receipt = await w.client.getTransactionReceipt({ hash: done.transaction })
      assert.equal(receipt.from, ready.bundler.toLowerCase())
      assert.equal(receipt.to, entryPoint.toLowerCase())
      assert.equal(receipt.blockNumber, done.block)
      assert.equal(await s.balance(to), 5n)
      assert.ok((await w.client.getCode({ address: s.account.address })).length > 2)
      assert.ok(await s.balance(ready.bundler) >= before, 'the bundler paid for it')
      await w.client.mine({ blocks: 3 })
      await s.becomes(sent.answer.hash, ['final'])
    })

    await t.test('the same operation again is the same one', async () => {
      const count = await s.transactions()
      const again = await peer.send(entryPoint, encode(sent.op))
      assert.equal(again.code, 'ok', again.text)
      assert.equal(again.hash, sent.answer.hash)
      await sleep(600)
      assert.equal(await s.transactions(), count)
      assert.equal(await s.balance(to), 5n)
    })

    await t.test('what it does not know is refused before it costs anything', async () => {
      const count = gate.count('eth_sendRawTransaction')
      const refused = async (bytes, why) => {
        const answer = await peer.send(entryPoint, bytes)
        assert.equal(answer.code, 'denied', `${answer.code} ${answer.text}`)
        assert.match(answer.text, why)
      }
      const other = await world.makeAccount(w, [s.key], { salt: viem.pad('0x07') })
      const op = world.signOp(w, await world.makeOp(w, other, account.executeCall([{ to, value: 1n }]), limits), [s.key])
      await refused(encode({ ...op, factory: w.accounts[3] }), /init code|factory/)
      await refused(encode(op, { paymasterAndData: viem.concat([w.accounts[3], viem.pad('0x', { size: 32 })]) }), /paymaster/)
      const wrong = new Passkey(d.webauthn_verifier.address, 'another')
      const [, signature] = wrong.sign(world.opHash(w, op))
      await refused(encode({ ...op, signature: account.encodeSignature([[s.key.owner, signature]]) }), /AA24/)
      await refused(encode({ ...op, preVerificationGas: 30_000n }), /preVerificationGas/)
      const elsewhere = await peer.send(w.accounts[3], encode(op))
      assert.notEqual(elsewhere.code, 'ok')
      assert.equal(gate.count('eth_sendRawTransaction'), count)
    })

    await t.test('a raw transaction', async () => {
      const key = viem.keccak256(viem.toHex('a person'))
      const person = privateKeyToAccount(key)
      await w.client.setBalance({ address: person.address, value: viem.parseEther('1') })
      await w.client.mine({ blocks: 1 })
      const receiver = fresh()
      const tx = { type: 'eip1559', chainId: w.chainId, nonce: 0, to: receiver, value: 7n, gas: 21_000n, maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 10n ** 9n }
      const raw = await person.signTransaction(tx)
      const hash = viem.keccak256(raw)
      await w.client.setAutomine(false) // else it would be in a block before it comes again
      try {
        const first = await peer.transaction(raw)
        assert.deepEqual([first.code, first.hash, first.state], ['ok', hash, 'taken'], first.text)
        const again = await peer.transaction(raw)
        assert.deepEqual([again.code, again.hash, again.state], ['ok', hash, 'known'], again.reason)
      } finally {
        await w.client.setAutomine(true)
      }
      await w.client.mine({ blocks: 1 })
      assert.equal(await s.balance(receiver), 7n)
      const poor = await peer.transaction(await person.signTransaction({ ...tx, nonce: 1, value: viem.parseEther('2') }))
      assert.deepEqual([poor.code, poor.state], ['ok', 'refused'])
      assert.match(poor.reason, /[Ii]nsufficient funds/)
      const elsewhere = await peer.transaction(await person.signTransaction({ ...tx, nonce: 1, chainId: 1 }))
      assert.equal(elsewhere.code, 'denied', elsewhere.text)
      assert.equal((await peer.transaction('0x02c0')).code, 'bad-request')
    })

    await t.test('an answer of megabytes arrives whole', async () => {
      const big = '0x' + 'ab'.repeat(1_500_000)
      gate.pass = async q => q.method === 'eth_getCode' ? gate.result(q, big) : undefined
      assert.equal((await peer.rpc('eth_getCode', [entryPoint, 'latest'])).result, big)
      gate.pass = async () => undefined
    })

    await t.test('a node that hangs up is told as the server\'s own trouble, and it recovers', async () => {
      gate.pass = async q => q.method === 'eth_gasPrice' ? null : undefined
      assert.equal((await peer.rpc('eth_gasPrice')).code, 'upstream')
      gate.pass = async () => undefined
      await until('it asks again', async () => (await peer.rpc('eth_gasPrice')).code === 'ok')
    })

    await t.test('SIGTERM: what is under way is answered, then it ends with 0', async () => {
      let held
      const reached = new Promise(resolve => { held = resolve })
      gate.pass = async q => {
        if (q.method === 'eth_gasPrice') {
          held()
          await sleep(500)
        }
      }
      const answer = peer.rpc('eth_gasPrice')
      await reached
      const status = s.server.stop('SIGTERM')
      assert.equal((await answer).code, 'ok')
      assert.equal(await status, 0)
    })
  })

  test('finds no place in a flood, and is told when to come back', async t => {
    const s = await start(t, { ini: '[limits]\nnode_requests = 1\nunits = 30\nunits_per_second = 1\n' })
    s.gate.pass = async q => { if (q.method === 'eth_getBalance') await sleep(300) }
    const answers = await Promise.all(Array.from({ length: 8 }, () => s.peer.rpc('eth_getBalance', [s.account.address, 'latest'])))
    const of = code => answers.filter(a => a.code === code)
    assert.equal(of('ok').length, 1)
    assert.equal(of('busy').length, 7)
    assert.ok(of('busy').every(a => a.retryMs > 0))
    const quota = await until('the quota is used up', async () => {
      const answer = await s.peer.rpc('eth_chainId')
      return answer.code === 'quota' && answer
    }, { step: 0 })
    assert.ok(quota.retryMs > 0)
    const other = await ServiceClient.connect(t, s.server.ready.listen[0], s.w.chainId) // has a quota of its own
    assert.equal((await other.rpc('eth_chainId')).code, 'ok')
  })
})

describe('the operator', () => {
  test('sees requests in the metrics, moves the server to another node, and drains it when an operation is under way', async t => {
    const s = await start(t)
    const { w, gate, peer } = s
    const command = (...words) => runServer(binary, ['--home', s.home, ...words])
    const ini = join(s.home, 'config', 'server.ini')
    assert.equal((await peer.rpc('eth_chainId')).code, 'ok')
    assert.equal((await peer.rpc('eth_accounts')).code, 'unsupported')
    const metrics = (await command('metrics')).stdout
    assert.match(metrics, /^passmesh_requests_total\{type="rpc",code="ok"\} \d+$/m)
    assert.match(metrics, /^passmesh_requests_total\{type="rpc",code="unsupported"\} 1$/m)
    assert.match(metrics, /^passmesh_node_up 1$/m)
    assert.match(metrics, /^passmesh_peers 1$/m)
    const { peers } = JSON.parse((await command('--json', 'peers')).stdout)
    assert.equal(peers.length, 1)
    assert.equal(peers[0].direction, 'in')
    assert.equal(peers[0].muxer, 'yamux')
    assert.match((await command('peers')).stdout, /^Peers +1\n {2}12D3KooW\w+\n {4}\/ip4\/127\.0\.0\.1\/tcp\/\d+, in, tcp, /)
    assert.match(metrics, /^passmesh_peers_by\{transport="tcp",direction="in"\} 1$/m)
    assert.match(metrics, /^passmesh_reach\{state="unknown",why="\w+"\} 1$/m)
    assert.match(metrics, /^passmesh_scope_used_bytes\{scope="system"\} \d+$/m)
    const status = JSON.parse((await command('--json', 'status')).stdout)
    assert.equal(status.node, 'reached')
    assert.equal(status.bundler.address, s.server.ready.bundler)
    assert.equal(status.head.number, Number(await w.client.getBlockNumber()))

    await t.test('reload: the bundler gets no less than it asks for from now on', async () => {
      mkdirSync(join(s.home, 'config'), { recursive: true })
      writeFileSync(ini, '[bundler]\nmin_tip_wei = 900000000000000000\n')
      assert.deepEqual(JSON.parse((await command('--json', 'reload')).stdout), { changed: ['bundler.min_tip_wei'], needs_restart: [] })
      const op = await s.sign(account.executeCall([{ to: fresh(), value: 1n }]))
      assert.notEqual((await peer.send(entryPoint, encode(op))).code, 'ok')
      writeFileSync(ini, '')
      assert.equal((await command('reload')).code, 0)
    })

    await t.test('drain waits for the operation, takes no more, and ends with 0', async () => {
      let isHeld = true
      gate.pass = async q => { while (isHeld && q.method === 'eth_getTransactionReceipt') await sleep(20) }
      const op = await s.sign(account.executeCall([{ to: fresh(), value: 1n }]))
      const sent = await peer.send(entryPoint, encode(op))
      assert.equal(sent.code, 'ok', sent.text)
      await until('the operation is sent', () => gate.count('eth_sendRawTransaction') > 0)
      const drained = command('drain', '60')
      await until('it drains', async () => JSON.parse((await command('--json', 'status')).stdout || '{}').state === 'draining')
      assert.equal((await peer.rpc('eth_chainId')).code, 'busy')
      await sleep(1000)
      assert.equal(s.server.child.exitCode, null, 'it waits')
      isHeld = false
      const miner = setInterval(() => w.client.mine({ blocks: 1 }).catch(() => {}), 200)
      assert.equal((await drained).code, 0)
      clearInterval(miner)
      assert.equal(await s.server.exited, 0)
    })
  })
})

describe('several nodes', () => {
  /** Two gates before one chain, and a server that has both; a peer. */
  async function two (t) {
    const w = await startChain(t)
    const gates = [await startGate(t, w.node.url), await startGate(t, w.node.url)]
    const home = makeHome(t)
    const ini = `[server]\nnetwork = ${writeNetwork(home)}\nnode = ${gates[0].url}\nnode = ${gates[1].url}\nlisten = /ip4/127.0.0.1/tcp/0\n`
    const run = () => startServer(t, binary, { home, ini, bare: true })
    const command = async (...words) => (await runServer(binary, ['--home', home, ...words])).stdout
    return { w, gates, run, command, at: async () => JSON.parse(await command('--json', 'status')).node_at }
  }
  const ask = (peer) => peer.rpc('eth_gasPrice')

  test('when the first goes the second is asked, and the first again when it is back', async t => {
    const s = await two(t)
    const server = await s.run()
    assert.equal(server.ready.node, 'reached')
    const peer = await ServiceClient.connect(t, server.ready.listen[0], s.w.chainId)
    assert.equal((await ask(peer)).code, 'ok')
    assert.equal(s.gates[1].seen.length, 0, 'the second is left alone')
    await s.gates[0].close()
    await until('the second is asked', async () => (await ask(peer)).code === 'ok' && s.gates[1].count('eth_gasPrice') > 0)
    assert.equal(await s.at(), 2)
    assert.match(server.log, /the Ethereum node \S+ does not answer .*: \S+ is next/)
    assert.match(await s.command('metrics'), /^passmesh_node_at 2$/m)
    await s.gates[0].open(s.gates[0].port)
    await until('the first is asked again', async () => await s.at() === 1, { timeout: 25_000, step: 250 })
    assert.equal((await ask(peer)).code, 'ok')
    assert.match(server.log, /answers again/)
    assert.equal(await server.stop(), 0)
  })

  test('a start with the first one gone, and with both gone', async t => {
    const s = await two(t)
    await s.gates[0].close()
    const server = await s.run()
    assert.equal(server.ready.node, 'reached')
    assert.equal(await s.at(), 2)
    assert.equal(await server.stop(), 0)
    await s.gates[1].close()
    const silent = await s.run()
    assert.equal(silent.ready.node, 'silent')
    assert.match(silent.log, /peers are told so until one of them does/)
    await s.gates[1].open(s.gates[1].port)
    await until('one is back', async () => JSON.parse(await s.command('--json', 'status')).node === 'reached')
    assert.equal(await silent.stop(), 0)
  })

  test('a second one of another chain ends the server when it has its turn', async t => {
    const s = await two(t)
    s.gates[1].pass = async q => q.method === 'eth_chainId' ? s.gates[1].result(q, '0x1') : undefined
    const server = await s.run()
    await s.gates[0].close()
    assert.equal(await server.exited, 1)
    assert.match(server.log, /is of chain 1, but network local is chain 31337/)
  })
})

describe('withdraw', () => {
  const to = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'

  test('takes the bundler\'s ether out, as much as was said and only when it is safe', async t => {
    const s = await start(t)
    const { w } = s
    const { ready } = s.server
    const run = (words, input) => runServer(binary, ['--home', s.home, '--network', s.network, '--node', s.gate.url, ...words], input)
    const untouched = async () => assert.deepEqual([await s.balance(to), await s.balance(ready.bundler)], [0n, viem.parseEther('1')])
    const refused = async (words, code, why) => {
      const r = await run(words)
      assert.equal(r.code, code, r.stderr)
      assert.match(r.stderr, why)
      assert.equal(r.stdout, '')
      await untouched()
    }

    await refused(['withdraw', to, '0.1', '--yes'], 1, /Another passmesh-server has .* open/)
    assert.equal(await s.server.stop(), 0)
    await refused(['withdraw'], 2, /usage/)
    await refused(['withdraw', to.toLowerCase(), '0.1', '--yes'], 2, /no address with a right checksum/)
    await refused(['withdraw', to.replace('aA', 'Aa'), '0.1', '--yes'], 2, /no address with a right checksum/)
    await refused(['withdraw', to, '0.1x', '--yes'], 2, /no amount/)
    await refused(['withdraw', to, '0.1'], 2, /nobody is there to confirm/)
    await refused(['withdraw', to, '1', '--yes'], 1, /has 1 ether, of which up to 0\.\d+ go for gas/)
    await refused(['withdraw', to, '0', '--yes'], 1, /above 0/)
    await refused(['withdraw', ready.bundler, '0.1', '--yes'], 1, /the bundler's own/)
    s.gate.pass = async q => q.method === 'eth_chainId' ? s.gate.result(q, '0x1') : undefined
    await refused(['withdraw', to, '0.1', '--yes'], 1, /is of chain 1, but network local is chain 31337/)
    s.gate.pass = async q => q.method === 'eth_getTransactionCount' && /pending/.test(q.text) ? s.gate.result(q, '0x1') : undefined
    await refused(['withdraw', to, '0.1', '--yes'], 1, /still waits at the node/)
    s.gate.pass = async q => q.method === 'eth_getBalance' ? null : undefined
    await refused(['withdraw', to, '0.1', '--yes'], 1, /does not answer eth_getBalance/)
    s.gate.pass = async () => undefined

    // At a terminal it asks: script(1) is one.
    const command = [binary, '--home', s.home, '--network', s.network, '--node', s.gate.url, 'withdraw', to, '0.1'].join(' ')
    const no = await runServer('script', ['-qefc', command, '/dev/null'], 'no\n')
    assert.equal(no.code, 1, no.stdout)
    assert.match(no.stdout, /Amount +0\.1 ether[^]*Type yes:[^]*Nothing was sent/)
    await untouched()
    const yes = await runServer('script', ['-qefc', command, '/dev/null'], 'yes\n')
    assert.equal(yes.code, 0, yes.stdout)
    assert.match(yes.stdout, /Hash +0x[0-9a-f]{64}[^]*It is in block \d+/)
    assert.equal(await s.balance(to), viem.parseEther('0.1'))

    const left = await s.balance(ready.bundler)
    const some = await run(['--json', 'withdraw', to, '0.25', '--yes'])
    assert.equal(some.code, 0, some.stderr)
    const receipt = await w.client.getTransactionReceipt({ hash: JSON.parse(some.stdout).transaction })
    assert.equal(Number(receipt.blockNumber), JSON.parse(some.stdout).block)
    assert.equal(await s.balance(to), viem.parseEther('0.35'))
    assert.equal(await s.balance(ready.bundler), left - viem.parseEther('0.25') - receipt.gasUsed * receipt.effectiveGasPrice)

    const all = await run(['withdraw', to, '--yes'])
    assert.equal(all.code, 0, all.stderr)
    assert.ok(await s.balance(ready.bundler) < viem.parseEther('0.001'))
    assert.ok(await s.balance(to) > viem.parseEther('0.99'))

    await w.client.setBalance({ address: ready.bundler, value: viem.parseEther('1') })
    await s.launch() // the server goes on with the nonce that comes next
    const answer = await s.peer.send(entryPoint, encode(await s.sign(account.executeCall([{ to: fresh(), value: 1n }]))))
    assert.equal(answer.code, 'ok', answer.text)
    await s.becomes(answer.hash, ['included', 'final'])
  })

  test('is refused while an operation that was promised is under way', async t => {
    const s = await start(t)
    s.gate.pass = async q => q.method === 'eth_sendRawTransaction' ? null : undefined // never reaches the node
    const answer = await s.peer.send(entryPoint, encode(await s.sign(account.executeCall([{ to: fresh(), value: 1n }]))))
    assert.equal(answer.code, 'ok', answer.text)
    await until('it is signed', () => s.gate.count('eth_sendRawTransaction') > 0)
    await s.server.crash()
    const r = await runServer(binary, ['--home', s.home, '--network', s.network, '--node', s.gate.url, 'withdraw', to, '0.1', '--yes'])
    assert.equal(r.code, 1, r.stderr)
    assert.match(r.stderr, /1 operation is under way/)
    assert.equal(await s.balance(to), 0n)
    s.gate.pass = async () => undefined
    await s.launch()
    await s.becomes(answer.hash, ['included', 'final'])
  })
})

describe('kill -9', () => {
  const moments = {
    'before the node has the transaction': async () => null,
    'when the node has it, and nothing was answered': async (gate, q) => {
      await gate.forward(q.text)
      return null
    }
  }
  test('between accepted and included sends nothing twice', async t => {
    const s = await start(t)
    const { w, gate } = s
    let nonce = 0
    for (const [when, then] of Object.entries(moments)) {
      await t.test(when, async () => {
        const to = fresh()
        await w.client.setAutomine(false)
        gate.seen.length = 0
        gate.pass = async q => {
          if (q.method !== 'eth_sendRawTransaction') {
            return undefined
          }
          await then(gate, q)
          await s.server.crash()
          return null
        }
        const op = await s.sign(account.executeCall([{ to, value: 9n }]))
        const { hash, code, text } = await s.peer.send(entryPoint, encode(op))
        assert.equal(code, 'ok', text)
        assert.equal(await s.server.exited, 'SIGKILL')
        gate.pass = async () => undefined
        await s.launch()
        assert.match(s.server.log, /operations taken up again/)
        const known = await s.peer.operation(hash)
        assert.ok(['accepted', 'sent'].includes(known.state), known.state)
        assert.equal((await s.peer.send(entryPoint, encode(op))).hash, hash) // asking again changes nothing
        await until('it is sent again', () => gate.count('eth_sendRawTransaction') > 1)
        await w.client.setAutomine(true)
        await w.client.mine({ blocks: 1 })
        const done = await s.becomes(hash, ['included', 'final'])
        assert.ok(done.success)
        assert.equal(await s.balance(to), 9n)
        assert.equal(await s.transactions(), ++nonce)
        const raw = gate.seen.filter(q => q.method === 'eth_sendRawTransaction').map(q => q.params[0])
        assert.equal(new Set(raw).size, 1, 'another transaction was signed')
        await w.client.mine({ blocks: 3 })
        await s.becomes(hash, ['final'])
      })
    }
    await t.test('at any time', async () => {
      const times = process.env.PASSMESH_LONG ? 100 : 4
      for (let i = 0; i < times; i++) {
        const to = fresh()
        const op = await s.sign(account.executeCall([{ to, value: 3n }]))
        const before = await s.transactions()
        void sleep(i * 29 % 200).then(() => s.server.crash())
        await s.peer.send(entryPoint, encode(op)).catch(() => undefined) // it may die first
        await s.server.exited
        await s.launch()
        const again = await s.peer.send(entryPoint, encode(op)) // what a wallet does that heard nothing
        if (again.code !== 'ok') {
          assert.match(again.text, /AA25/) // it was included, and then forgotten by nobody
        } else {
          await s.becomes(again.hash, ['included', 'final'])
        }
        assert.equal(await s.balance(to), 3n)
        assert.equal(await s.transactions(), before + 1)
        await w.client.mine({ blocks: 3 })
        await s.becomes(world.opHash(w, op), ['final'])
      }
    })
  })
})
