// usage: bls.mjs PATH_OF_BLS_CASES    compares src/beacon's BLS12-381 with two other implementations; prints TAP.
// 100,000 cases against blst and 2,000 against noble with PASSMESH_LONG=1, else a sample.
import blst from '@chainsafe/blst'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { below, bytes, Comparison, hex, isLong, pick } from './cases.mjs'

const comparison = new Comparison(process.argv[2])
const P = 0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn
const big = (n) => Buffer.from(n.toString(16).padStart(96, '0'), 'hex')

const signers = Array.from({ length: 40 }, () => {
  const secret = blst.SecretKey.fromKeygen(bytes(32))
  const key = secret.toPublicKey()
  return { secret, key, bytes: Buffer.from(key.toBytes()) }
})
const attempt = (f) => { try { return f() } catch { return null } }
const keyOf = (b) => attempt(() => blst.PublicKey.fromBytes(b, true))
const signatureOf = (b) => attempt(() => blst.Signature.fromBytes(b, true, true))

// A number for a coordinate: anything, or one at an edge of the range.
const coordinate = () => pick([
  () => big(BigInt(hex(bytes(48))) % P), () => big(BigInt(below(300))), () => big(P - 1n - BigInt(below(300))),
  () => big(P + BigInt(below(300))), () => Buffer.alloc(48), () => bytes(48)])()

// An encoding that may be good, or has something done to it.
function encoding(good) {
  const b = Buffer.from(good)
  const kind = below(8)
  if (kind < 2) return b
  if (kind === 2) b[below(b.length)] ^= 1 << below(8)
  if (kind === 3) b[0] ^= below(8) << 5
  if (kind === 4) { b.fill(0); b[0] = below(8) << 5; if (below(3) === 0) b[below(b.length)] |= 1 << below(8) }
  if (kind >= 5) {
    for (let i = 0; i < b.length; i += 48) coordinate().copy(b, i)
    b[0] = kind === 7 ? b[0] : (b[0] & 0x1f) | pick([0x80, 0xa0])
  }
  return b
}

function keyCase() {
  const b = encoding(pick(signers).bytes)
  comparison.add('key', [hex(b)], keyOf(b) ? 'yes' : 'no')
}

function signatureCase() {
  const b = encoding(pick(signers).secret.sign(bytes(32)).toBytes())
  comparison.add('signature', [hex(b)], signatureOf(b) ? 'yes' : 'no')
}

const one = blst.SecretKey.fromBytes(Buffer.concat([Buffer.alloc(31), Buffer.from([1])]))
function hashCase() {
  const message = bytes(below(10) ? 32 : below(300))
  comparison.add('hash', [hex(message)], hex(one.sign(message).toBytes())) // the hash times one
}

// Keys, a message and a signature that belong together, or nearly.
function aggregate() {
  const group = Array.from({ length: 1 + below(8) }, () => pick(signers)) // one may be there twice
  const message = Buffer.from(bytes(32))
  let signature = Buffer.from(blst.aggregateSignatures(group.map((s) => s.secret.sign(message))).toBytes())
  let keys = group.map((s) => s.bytes)
  const fault = below(10)
  if (fault === 0) message[below(32)] ^= 1 << below(8)
  if (fault === 1) keys = keys.slice(1)
  if (fault === 2) keys.push(pick(signers).bytes)
  if (fault === 3) signature[0] ^= 0x20
  if (fault === 4) keys[below(keys.length)] = pick(signers).bytes
  if (fault === 5) signature = encoding(signature)
  if (fault === 6) { const i = below(keys.length); keys[i] = encoding(keys[i]) }
  if (fault === 7 && below(2)) { const k = Buffer.from(keys[0]); k[0] ^= 0x20; keys.push(k) }
  return { keys, message, signature }
}

const words = ({ keys, message, signature }) => [hex(Buffer.concat(keys)), hex(message), hex(signature)]
function verifyCase() {
  const c = aggregate()
  const keys = c.keys.map(keyOf)
  const signature = signatureOf(c.signature)
  const ok = keys.length > 0 && keys.every(Boolean) && signature && attempt(() => blst.fastAggregateVerify(c.message, keys, signature))
  comparison.add('verify', words(c), ok ? 'yes' : 'no')
}

const { longSignatures: noble, G1, G2 } = bls12_381
const suite = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'
function nobleCase() {
  const c = aggregate()
  const ok = attempt(() => {
    const point = (Group, b) => { const p = Group.fromBytes(b); p.assertValidity(); if (p.is0()) throw new Error('infinity'); return p }
    const sum = c.keys.map((k) => point(G1.Point, k)).reduce((a, b) => a.add(b))
    return noble.verify(point(G2.Point, c.signature), noble.hash(c.message, suite), sum)
  })
  comparison.add('verify-noble', words(c), ok ? 'yes' : 'no')
}

const times = (n, make) => { for (let i = 0; i < n; i++) make() }
const [encodings, hashes, verifications, slow] = isLong ? [35_000, 10_000, 20_000, 2_000] : [400, 100, 200, 12]
times(encodings, keyCase)
times(encodings, signatureCase)
times(hashes, hashCase)
times(verifications, verifyCase)
times(slow, nobleCase)
comparison.end({ key: ['yes', 'no'], signature: ['yes', 'no'], verify: ['yes', 'no'], 'verify-noble': ['yes', 'no'] })
