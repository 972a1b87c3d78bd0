// usage: evm.mjs PATH_OF_EVM_CASES    compares src/evm with viem on random cases; prints TAP.
// The cases follow from PASSMESH_TEST_SEED (default 1); PASSMESH_CASES multiplies their number.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import * as ethers from 'ethers'
import * as viem from 'viem'
import { mnemonicToAccount, privateKeyToAccount } from 'viem/accounts'
import { entryPoint08Abi, entryPoint08Address, getUserOperationHash } from 'viem/account-abstraction'

const seed = process.env.PASSMESH_TEST_SEED ?? '1'
const factor = Number(process.env.PASSMESH_CASES ?? 1)

// Bytes that follow from the seed.
let pool = Buffer.alloc(0)
let block = 0
function bytes(n) {
  while (pool.length < n) {
    pool = Buffer.concat([pool, createHash('sha512').update(`${seed}/${block++}`).digest()])
  }
  const out = pool.subarray(0, n)
  pool = pool.subarray(n)
  return out
}
const below = (n) => bytes(4).readUInt32BE() % n
const pick = (list) => list[below(list.length)]
const hex = (n) => '0x' + bytes(n).toString('hex')
const number = (len = 32) => {
  const n = below(len + 1)
  if (below(12) === 0) return (1n << BigInt(8 * n)) - (n ? 1n : 0n) * BigInt(below(2))
  return n === 0 ? 0n : BigInt(hex(n))
}
const u256 = () => number() % (1n << 256n)
const address = () => viem.getAddress(hex(20))

const cases = []
const add = (kind, words, want) => cases.push({ kind, line: [kind, ...words].join('\t'), want })
const times = (n, make) => { for (let i = 0; i < n * factor; i++) make(i) }

const MAX = 1n << 256n
times(3000, () => {
  const a = u256(), b = u256(), op = pick('+-*/')
  let want = op === '+' ? a + b : op === '-' ? a - b : op === '*' ? a * b : null
  if (op === '/') want = b === 0n ? '!malformed ' : `${a / b} ${a % b}`
  else want = want < 0n || want >= MAX ? '!limit ' : `${want}`
  add('math', [a, op, '0x' + b.toString(16)], want)
})
times(1000, () => {
  const decimals = below(78), v = u256(), text = viem.formatUnits(v, decimals)
  add('print', [v, decimals], text)
  add('parse', [text, decimals], `${viem.parseUnits(text, decimals)}`)
})
times(1000, () => {
  const good = address()
  add('checksum', [good], /[a-f]/.test(good) && /[A-F]/.test(good.slice(2)) ? `${good} valid` : `${good} none`)
  const lower = good.toLowerCase()
  add('checksum', [lower], `${good} none`)
  const i = good.slice(2).search(/[a-fA-F]/) + 2
  const c = good[i] === good[i].toLowerCase() ? good[i].toUpperCase() : good[i].toLowerCase()
  const broken = good.slice(0, i) + c + good.slice(i + 1)
  const mixed = /[a-f]/.test(broken.slice(2)) && /[A-F]/.test(broken)
  add('checksum', [broken], `${good} ${mixed ? 'wrong' : 'none'}`)
})

const tree = (depth) => depth > 0 && below(2)
  ? Array.from({ length: below(5) }, () => tree(depth - 1))
  : hex(below(10) === 0 ? below(600) : below(60))
times(1000, () => {
  const t = tree(6), encoded = viem.toRlp(t)
  add('rlp', [JSON.stringify(t)], encoded)
  add('rlpd', [encoded], JSON.stringify(t))
})

const elementary = ['uint256', 'uint8', 'uint64', 'uint128', 'int256', 'int8', 'address', 'bool', 'bytes', 'string', 'bytes1', 'bytes4', 'bytes32']
function type(depth) {
  const r = below(10)
  if (depth === 0 || r < 5) return pick(elementary)
  if (r < 7) return type(depth - 1) + '[]'
  if (r < 8) return type(depth - 1) + `[${1 + below(3)}]`
  return '(' + Array.from({ length: 1 + below(4) }, () => type(depth - 1)).join(',') + ')'
}
// A value for viem, and what the case tool wants for it.
function value(p) {
  const array = /^(.*)\[(\d*)\]$/.exec(p.type)
  if (array) {
    const n = array[2] ? Number(array[2]) : below(4)
    const list = Array.from({ length: n }, () => value({ ...p, type: array[1] }))
    return [list.map((v) => v[0]), list.map((v) => v[1])]
  }
  if (p.type === 'tuple') {
    const list = p.components.map((c) => value(c))
    return [list.map((v) => v[0]), list.map((v) => v[1])]
  }
  const bits = Number(/\d+$/.exec(p.type)?.[0] ?? 0)
  if (p.type.startsWith('uint')) {
    const v = u256() % (1n << BigInt(bits))
    return [bits <= 48 ? Number(v) : v, viem.pad(viem.toHex(v))]
  }
  if (p.type.startsWith('int')) {
    const v = BigInt.asIntN(bits, u256())
    return [bits <= 48 ? Number(v) : v, viem.toHex(v, { signed: true, size: 32 })]
  }
  if (p.type === 'address') { const a = address(); return [a, viem.pad(a)] }
  if (p.type === 'bool') { const b = below(2) === 1; return [b, viem.pad(viem.toHex(b))] }
  if (p.type === 'string') { const s = pick(['', 'a', 'héllo wörld', '口令', 'x'.repeat(below(100))]); return [s, viem.toHex(s)] }
  const b = hex(bits || below(100))
  return [b, b]
}
times(1500, () => {
  const types = Array.from({ length: 1 + below(4) }, () => type(3))
  const params = viem.parseAbiParameters(types.join(','))
  const values = params.map((p) => value(p))
  add('abi', [`(${types.join(',')})`, JSON.stringify(values.map((v) => v[1]))],
    viem.encodeAbiParameters(params, values.map((v) => v[0])))
})
times(300, () => {
  const signature = `f${below(1e6)}(${Array.from({ length: below(4) }, () => type(2)).join(',')})`
  add('selector', [signature], viem.toFunctionSelector(`function ${signature}`))
})
const errors = viem.parseAbi(['error Error(string)', 'error Panic(uint256)', 'error FailedOp(uint256,string)', 'error FailedOpWithRevert(uint256,string,bytes)'])
times(300, () => {
  const code = u256(), text = pick(['', 'AA23 reverted', 'not enough', 'ü'.repeat(below(50))]), inner = hex(below(80))
  const kind = below(4)
  const args = [[text], [code], [code, text], [code, text, inner]][kind]
  const data = viem.encodeErrorResult({ abi: errors, errorName: errors[kind].name, args })
  add('revert', [data], [kind + 1, kind === 0 ? 0 : code, kind === 1 ? '0x' : viem.toHex(text), kind === 3 ? inner : '0x'].join(' '))
})

const keys = Array.from({ length: 4 }, () => privateKeyToAccount(hex(32)))
const small = (n) => number(n)
const signing = []
times(150, (i) => signing.push((async () => {
  const account = pick(keys)
  const kind = ['legacy', 'eip2930', 'eip1559', 'eip7702'][i % 4]
  const tx = {
    type: kind, chainId: 1 + below(1e6), nonce: below(1e6), gas: small(6), value: small(16), data: hex(below(200)),
    to: kind === 'eip7702' || below(5) ? address() : undefined,
  }
  if (kind === 'legacy' && below(3) === 0) delete tx.chainId
  let slots = 0
  if (kind === 'legacy' || kind === 'eip2930') tx.gasPrice = small(8)
  else {
    tx.maxFeePerGas = (1n << 80n) + small(8)
    tx.maxPriorityFeePerGas = small(8)
  }
  if (kind !== 'legacy') {
    tx.accessList = Array.from({ length: below(3) }, () => ({ address: address(), storageKeys: Array.from({ length: below(3) }, () => hex(32)) }))
    slots = tx.accessList.reduce((n, a) => n + 1 + a.storageKeys.length, 0)
  }
  const authorities = []
  if (kind === 'eip7702') {
    tx.authorizationList = await Promise.all(Array.from({ length: 1 + below(2) }, () => {
      const k = pick(keys)
      authorities.push(k.address)
      return k.signAuthorization({ chainId: below(1e6), nonce: below(1e6), address: address() })
    }))
  }
  const raw = await account.signTransaction(tx)
  const types = { legacy: 0, eip2930: 1, eip1559: 2, eip7702: 4 }
  return [raw, [viem.keccak256(viem.serializeTransaction(tx)), viem.keccak256(raw), account.address, types[kind], tx.chainId ?? 0,
    tx.nonce, tx.maxFeePerGas ?? tx.gasPrice, tx.maxPriorityFeePerGas ?? 0, tx.gas, tx.value, tx.data,
    (tx.to ?? '0x').toLowerCase(), slots, ...authorities].join(' ')]
})()))
for (const [raw, want] of await Promise.all(signing)) add('tx', [raw], want)

// Typed data: a few structs that refer to each other, with members of random types.
function typedData() {
  const names = ['Person', 'Mail', '_Item', 'Zed'].slice(0, 1 + below(4))
  const types = {}
  names.forEach((name, i) => {
    types[name] = Array.from({ length: 1 + below(5) }, (_, m) => {
      let base = below(3) === 0 && i + 1 < names.length ? names[i + 1 + below(names.length - i - 1)] : pick(elementary)
      if (below(3) === 0) base += pick(['[]', '[2]', '[][2]', '[1][]'])
      return { name: `m${m}`, type: base }
    })
  })
  const make = (t) => {
    const array = /^(.*)\[(\d*)\]$/.exec(t)
    if (array) return Array.from({ length: array[2] ? Number(array[2]) : below(3) }, () => make(array[1]))
    if (types[t]) return Object.fromEntries(types[t].map((f) => [f.name, make(f.type)]))
    const v = value({ type: t })[0]
    return typeof v === 'bigint' ? v.toString() : v
  }
  const domain = {}
  if (below(4)) domain.name = pick(['Ether Mail', '', 'ünïcode'])
  if (below(4)) domain.version = '1'
  if (below(4)) domain.chainId = 1 + below(1e6)
  if (below(4)) domain.verifyingContract = address()
  if (below(2)) domain.salt = hex(32)
  const primaryType = names[0]
  return { types, primaryType, domain, message: make(primaryType) }
}
times(1000, () => {
  const data = typedData()
  const full = below(2) ? data : { ...data, types: { EIP712Domain: viem.getTypesForEIP712Domain({ domain: data.domain }), ...data.types } }
  add('eip712', [JSON.stringify(full)], `${viem.hashTypedData(data)} ${viem.domainSeparator({ domain: data.domain })}`)
})

const packed = viem.parseAbiParameters('(address sender,uint256 nonce,bytes initCode,bytes callData,bytes32 accountGasLimits,uint256 preVerificationGas,bytes32 gasFees,bytes paymasterAndData,bytes signature)')
times(500, () => {
  const op = {
    sender: address(), nonce: u256(), callData: hex(below(300)), signature: hex(below(900)),
    verificationGasLimit: small(5), callGasLimit: small(5), preVerificationGas: small(5), maxFeePerGas: small(8), maxPriorityFeePerGas: small(8),
  }
  if (below(2)) Object.assign(op, { factory: address(), factoryData: hex(below(200)) })
  if (below(2)) Object.assign(op, { paymaster: address(), paymasterVerificationGasLimit: small(5), paymasterPostOpGasLimit: small(5), paymasterData: hex(below(60)) })
  const two = (a, b) => viem.concat([viem.pad(viem.toHex(a), { size: 16 }), viem.pad(viem.toHex(b), { size: 16 })])
  const p = {
    sender: op.sender, nonce: op.nonce, initCode: op.factory ? viem.concat([op.factory, op.factoryData]) : '0x', callData: op.callData,
    accountGasLimits: two(op.verificationGasLimit, op.callGasLimit), preVerificationGas: op.preVerificationGas,
    gasFees: two(op.maxPriorityFeePerGas, op.maxFeePerGas),
    paymasterAndData: op.paymaster ? viem.concat([op.paymaster, two(op.paymasterVerificationGasLimit, op.paymasterPostOpGasLimit), op.paymasterData]) : '0x',
    signature: op.signature,
  }
  const chainId = 1 + below(1e6), beneficiary = address()
  const gas = op.verificationGasLimit + op.callGasLimit + op.preVerificationGas + (op.paymasterVerificationGasLimit ?? 0n) + (op.paymasterPostOpGasLimit ?? 0n)
  add('userop', [chainId, beneficiary, viem.encodeAbiParameters(packed, [p])], [
    getUserOperationHash({ chainId, entryPointAddress: entryPoint08Address, entryPointVersion: '0.8', userOperation: op }),
    gas * op.maxFeePerGas,
    viem.keccak256(viem.encodeFunctionData({ abi: entryPoint08Abi, functionName: 'handleOps', args: [[p], beneficiary] })),
  ].join(' '))
})
times(300, () => {
  const from = address(), salt = hex(32), bytecode = hex(below(200)), nonce = below(3) ? below(300) : below(1e9)
  add('create', [from, salt, bytecode, nonce],
    [viem.getContractAddress({ opcode: 'CREATE2', from, salt, bytecode }), viem.getContractAddress({ from, nonce: BigInt(nonce) })].join(' '))
})

// Phrases in the languages that ethers knows, by the number that bip39.h gives them; the account by viem too.
const languages = { en: 0, zh_cn: 1, zh_tw: 2, cz: 3, fr: 4, it: 5, ja: 6, ko: 7, pt: 8, es: 10 }
const step = () => `${below(2) ? below(1 << 30) : below(9)}${below(2) ? "'" : ''}`
times(120, () => {
  const name = pick(Object.keys(languages)), entropy = hex(16 + 4 * below(5))
  const passphrase = below(2) ? '' : pick(['TREZOR', 'p\u00e4ss w\u00f6rd', '\uff30\uff21\u337f', 'x'.repeat(below(80))])
  const path = ['m', ...Array.from({ length: below(6) }, step)].join('/')
  const mnemonic = ethers.Mnemonic.fromEntropy(entropy, passphrase, ethers.wordlists[name])
  const node = ethers.HDNodeWallet.fromMnemonic(mnemonic, path)
  if (name === 'en') {
    const same = mnemonicToAccount(mnemonic.phrase, { path, passphrase })
    if (same.address !== node.address) throw new Error('ethers and viem differ')
  }
  add('phrase', [languages[name], entropy, passphrase, path],
    [mnemonic.phrase, mnemonic.computeSeed(), node.extendedKey, node.neuter().extendedKey, node.address].join(' '))
})
times(300, () => {
  const message = hex(below(200))
  add('message', [message], viem.hashMessage({ raw: message }))
})
times(4, (i) => {
  const key = hex(32), password = pick(['', 'secret', 'p\u00e4ss'])
  const account = { address: ethers.computeAddress(key), privateKey: key }
  add('keyfile', [ethers.encryptKeystoreJsonSync(account, password, { scrypt: { N: 4096 << (i % 2) } }), password], key)
  add('makefile', [key, password], (answer) => ethers.decryptKeystoreJsonSync(answer, password).privateKey === key)
})

// One process answers them all.
const run = spawnSync(process.argv[2], { input: cases.map((c) => c.line).join('\n') + '\n', encoding: 'utf8', maxBuffer: 1 << 30 })
const answers = (run.stdout ?? '').split('\n')
const kinds = new Map()
cases.forEach((c, i) => {
  const k = kinds.get(c.kind) ?? { count: 0, wrong: [] }
  kinds.set(c.kind, k)
  k.count++
  const right = typeof c.want === 'function' ? c.want(answers[i]) : answers[i] === c.want
  if (!right) k.wrong.push({ line: c.line, want: c.want, got: answers[i] })
})
console.log('TAP version 13')
let n = 0
for (const [kind, k] of kinds) {
  console.log(`${k.wrong.length ? 'not ok' : 'ok'} ${++n} - ${kind}: ${k.count} cases`)
  for (const w of k.wrong.slice(0, 3)) console.log(`# case ${w.line}\n#   expected ${w.want}\n#   got      ${w.got}\n#   seed ${seed}`)
}
const clean = run.status === 0 && answers.length === cases.length + 1
console.log(`${clean ? 'ok' : 'not ok'} ${++n} - every case was answered, exit status ${run.status ?? run.signal}`)
if (!clean) console.log(`# ${run.error ?? run.stderr}`)
console.log(`1..${n}`)
process.exitCode = clean && [...kinds.values()].every((k) => k.wrong.length === 0) ? 0 : 1
