// usage: vault.mjs PATH_OF_VAULT_CASES    docs/vault.md "The capsule" a second time, over other libraries: makes and opens capsules, and so does
// src/wallet/capsule.c. The table of test vectors in that page is held too. Prints TAP.
import { spawnSync } from 'node:child_process'
import { createHash, createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { argon2id } from '@noble/hashes/argon2.js'
import { expand, extract, hkdf } from '@noble/hashes/hkdf.js'
import { sha256 as hash } from '@noble/hashes/sha2.js'

const seed = process.env.PASSMESH_TEST_SEED ?? '1'
let block = 0
const bytes = (n) => {
  let out = Buffer.alloc(0)
  while (out.length < n) out = Buffer.concat([out, createHash('sha512').update(`vault/${seed}/${block++}`).digest()])
  return out.subarray(0, n)
}
const cat = (...parts) => Buffer.concat(parts.map((p) => (typeof p === 'string' ? Buffer.from(p) : Buffer.from(p))))
const u8 = (v) => Buffer.from([v])
const u32 = (v) => { const b = Buffer.alloc(4); b.writeUInt32BE(v); return b }
const u64 = (v) => { const b = Buffer.alloc(8); b.writeBigUInt64BE(v); return b }
const label = (word) => Buffer.from(`passmesh vault 1 ${word}`)
const sha256 = (b) => createHash('sha256').update(b).digest()
const hmac = (key, b) => createHmac('sha256', key).update(b).digest()
const hex = (b) => '0x' + Buffer.from(b).toString('hex')
const LENGTH = 8192, PASSES = 2, MEMORY = 64

const keysOfRoot = (root) => {
  const secret = expand(hash, root, label('recipient'), 32)
  return { secret, public: x25519.getPublicKey(secret), binding: expand(hash, root, label('binding'), 32) }
}
const keysOfPrf = (credentialId, prf) => keysOfRoot(extract(hash, prf, sha256(credentialId)))
const keysOfPhrase = (salt, entropy, t = PASSES, m = MEMORY) =>
  keysOfRoot(extract(hash, argon2id(entropy, salt, { t, m, p: 1, dkLen: 32 }), salt))
const nameOfPasskey = (c) => cat(u8(1), u8(c.credentialId.length), c.credentialId, u8(c.rpId.length), c.rpId, c.prfInput)
const nameOfPhrase = (c) => cat(u8(2), c.salt, u32(PASSES), u32(MEMORY))

function seal(c, vaultKey, name, keys, ephemeral) {
  const publicEphemeral = x25519.getPublicKey(ephemeral)
  const shared = x25519.getSharedSecret(ephemeral, keys.public)
  const wrap = hkdf(hash, shared, cat(publicEphemeral, keys.public), label('wrap'), 56)
  const wrapped = xchacha20poly1305(wrap.subarray(0, 32), wrap.subarray(32), cat('PMVAULT', u8(1), c.id, name)).encrypt(c.dataKey)
  return cat(keys.public, publicEphemeral, wrapped, hmac(keys.binding, cat(c.id, vaultKey, name)))
}

function make(c) {
  const vaultKey = ed25519.getPublicKey(c.seed)
  const recipients = [
    [nameOfPasskey(c), keysOfPrf(c.credentialId, c.prf), c.ephemeral],
    [nameOfPhrase(c), keysOfPhrase(c.salt, c.entropy), c.ephemeral2],
  ].map(([name, keys, ephemeral]) => cat(name, seal(c, vaultKey, name, keys, ephemeral)))
  const clear = cat('PMVAULT', u8(1), c.id, u64(1n), vaultKey, u8(2), ...recipients)
  const plain = Buffer.alloc(LENGTH - 64 - 16 - 24 - clear.length)
  c.content.copy(plain)
  const key = expand(hash, c.dataKey, label('content'), 32)
  const body = cat(clear, c.nonce, xchacha20poly1305(key, c.nonce, clear).encrypt(plain))
  return { capsule: cat(body, ed25519.sign(sha256(cat(label('capsule'), body)), c.seed)), plain, recipients }
}

const draw = () => ({
  id: bytes(16), seed: bytes(32), dataKey: bytes(32), nonce: bytes(24), content: bytes(1 + bytes(1)[0] * 4),
  credentialId: bytes(1 + (bytes(1)[0] % 255)), rpId: Buffer.from(['passmesh.localhost', 'example.org', 'a'][bytes(1)[0] % 3]),
  prfInput: bytes(32), prf: bytes(32), ephemeral: bytes(32), salt: bytes(16), entropy: bytes(16), ephemeral2: bytes(32),
})
const line = (c) => ['make', ...[c.id, c.seed, c.dataKey, c.nonce, c.content, c.credentialId, c.rpId, c.prfInput, c.prf, c.ephemeral, c.salt,
  c.entropy, c.ephemeral2].map(hex)].join('\t')

const cases = []
const add = (kind, text, want) => cases.push({ kind, text, want })
for (let i = 0; i < 60; i++) {
  const c = draw(), { capsule, plain } = make(c)
  add('capsules are made alike', line(c), hex(capsule))
  add('ours opens theirs by PRF', ['open', hex(capsule), hex(c.credentialId), hex(c.prf)].join('\t'), hex(plain))
  add('ours opens theirs by phrase', ['phrase', hex(capsule), hex(c.entropy)].join('\t'), hex(plain))
  add('another output opens nothing', ['open', hex(capsule), hex(c.credentialId), hex(bytes(32))].join('\t'), '!auth')
  const broken = Buffer.from(capsule)
  broken[bytes(2).readUInt16BE() % (LENGTH - 64)] ^= 1 << (i % 8)
  add('a changed bit is seen', ['open', hex(broken), hex(c.credentialId), hex(c.prf)].join('\t'), (a) => a.startsWith('!'))
}

// The page's own vector.
const run8 = (from, n) => Buffer.from(Array.from({ length: n }, (_, i) => (from + i) & 255))
const vector = {
  id: run8(0, 16), seed: run8(16, 32), dataKey: run8(48, 32), nonce: run8(80, 24), content: Buffer.from('content'),
  credentialId: Buffer.from('credential'), rpId: Buffer.from('passmesh.localhost'), prfInput: run8(104, 32), prf: run8(136, 32),
  ephemeral: run8(168, 32), salt: run8(200, 16), entropy: run8(216, 16), ephemeral2: run8(232, 32),
}
const made = make(vector)
const keys = keysOfPrf(vector.credentialId, vector.prf)
const backup = () => {
  const [dataKey, salt, nonce] = [run8(0, 32), run8(32, 32), run8(64, 24)]
  const head = cat('PMBAKUP', u8(1), salt, Buffer.alloc(LENGTH))
  const plain = Buffer.alloc(4096)
  cat(u32(7), 'content').copy(plain)
  return cat(head, nonce, xchacha20poly1305(hkdf(hash, dataKey, salt, label('backup'), 32), nonce, head).encrypt(plain))
}
const figures = {
  'recipient public key': keys.public, 'binding key': keys.binding, 'vault key': ed25519.getPublicKey(vector.seed),
  'sealed data key': made.recipients[0].subarray(-80, -32), 'binding': made.recipients[0].subarray(-32),
  'phrase public key': keysOfPhrase(vector.salt, vector.entropy).public, 'SHA-256 of the capsule': sha256(made.capsule),
  'SHA-256 of the backup file': sha256(backup()),
}
add('the vector of docs/vault.md, made by us', line(vector), hex(made.capsule))

const run = spawnSync(process.argv[2], { input: cases.map((c) => c.text).join('\n') + '\n', encoding: 'utf8', maxBuffer: 1 << 28 })
const answers = (run.stdout ?? '').split('\n')
const kinds = new Map()
cases.forEach((c, i) => {
  const k = kinds.get(c.kind) ?? { count: 0, wrong: [] }
  kinds.set(c.kind, k)
  k.count++
  const right = typeof c.want === 'function' ? c.want(answers[i] ?? '') : answers[i] === c.want
  if (!right) k.wrong.push(`case ${c.text.slice(0, 200)}\n#   got ${String(answers[i]).slice(0, 200)}`)
})
const page = readFileSync(new URL('../../docs/vault.md', import.meta.url), 'utf8')
for (const [name, value] of Object.entries(figures)) {
  const row = `| ${name} | \`${Buffer.from(value).toString('hex')}\` |`
  kinds.set(`docs/vault.md: ${name}`, { count: 1, wrong: page.includes(row) ? [] : [`the page must say ${row}`] })
}
console.log('TAP version 13')
let n = 0
for (const [kind, k] of kinds) {
  console.log(`${k.wrong.length ? 'not ok' : 'ok'} ${++n} - ${kind}: ${k.count}`)
  for (const w of k.wrong.slice(0, 3)) console.log(`# ${w}\n#   seed ${seed}`)
}
const clean = run.status === 0 && answers.length === cases.length + 1
console.log(`${clean ? 'ok' : 'not ok'} ${++n} - every case was answered, exit status ${run.status ?? run.signal}`)
if (!clean) console.log(`# ${run.error ?? run.stderr}`)
console.log(`1..${n}`)
process.exitCode = clean && [...kinds.values()].every((k) => k.wrong.length === 0) ? 0 : 1
