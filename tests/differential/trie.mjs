// usage: trie.mjs PATH_OF_TRIE_CASES    compares tries, proofs, headers and receipts of src/evm with ethereumjs, and lets the
// case program change proofs, headers and receipts at random: a million with PASSMESH_LONG=1. Prints TAP.
import { createBlockHeader } from '@ethereumjs/block'
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createMerkleProof, MerklePatriciaTrie, verifyMerkleProof } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { keccak256 } from 'viem'
import { below, bytes, Comparison, hex, isLong, pick } from './cases.mjs'

const comparison = new Comparison(process.argv[2])
const scale = isLong ? 10 : 1
const CHANGES = isLong ? 1000 : 30
const framed = (list) => hex(Buffer.concat(list.flatMap((b) => {
  const len = Buffer.alloc(4)
  len.writeUInt32BE(b.length)
  return [len, b]
})))
const number = (max) => BigInt(hex(bytes(1 + below(max))))

// A trie with keys of one length that share beginnings, and values short enough to lie inside nodes or long.
async function someTrie() {
  const length = pick([1, 2, 4, 20, 32])
  const stem = bytes(length)
  const contents = new Map()
  for (let i = 1 + below(40); i > 0; i--) {
    const key = Buffer.from(stem)
    bytes(length).copy(key, below(length))
    contents.set(key.toString('hex'), { key, value: bytes(1 + below(pick([3, 33, 120]))) })
  }
  const trie = new MerklePatriciaTrie()
  for (const { key, value } of contents.values()) await trie.put(key, value)
  return { trie, length, contents: [...contents.values()].sort((a, b) => Buffer.compare(a.key, b.key)) }
}

for (let i = 0; i < 60 * scale; i++) {
  const { trie, length, contents } = await someTrie()
  const root = trie.root()
  comparison.add('root', [framed(contents.flatMap((c) => [c.key, c.value]))], hex(root))
  for (let k = 0; k < 6; k++) {
    const key = below(3) ? pick(contents).key : Buffer.from(bytes(length))
    const proof = await createMerkleProof(trie, key)
    const value = await verifyMerkleProof(key, proof, { root })
    const words = [hex(root), hex(key), framed(proof)]
    comparison.add('proof', words, value ? `present ${hex(value)}` : 'absent')
    if (k === 0) comparison.add('changed-proof', [...words, i, CHANGES], 0)
  }
}

async function listRoot(items) {
  const trie = new MerklePatriciaTrie()
  for (const [i, item] of items.entries()) await trie.put(RLP.encode(i), item)
  return hex(trie.root())
}

function bloomOf(logs) {
  const bloom = Buffer.alloc(256)
  for (const part of logs.flatMap((l) => [l[0], ...l[1]])) {
    const h = Buffer.from(keccak256(part).slice(2), 'hex')
    for (const i of [0, 2, 4]) {
      const bit = h.readUInt16BE(i) & 2047
      bloom[255 - (bit >> 3)] |= 1 << (bit & 7)
    }
  }
  return bloom
}

function someReceipt() {
  const logs = Array.from({ length: below(5) }, () =>
    [Buffer.from(bytes(20)), Array.from({ length: below(5) }, () => Buffer.from(bytes(32))), Buffer.from(bytes(below(80)))])
  const type = below(5), success = below(2), gas = number(4), right = below(8) > 0
  const bloom = bloomOf(logs)
  if (!right) bloom[below(256)] ^= 1 << below(8)
  const body = RLP.encode([success ? Buffer.from([1]) : Buffer.alloc(0), gas, bloom, logs])
  const item = type ? Buffer.concat([Buffer.from([type]), body]) : Buffer.from(body)
  return { item, want: [type, success, gas, logs.length, right ? 'right' : 'wrong'].join(' ') }
}

for (let i = 0; i < 20 * scale; i++) {
  const receipts = Array.from({ length: pick([1, 2, 17, 130, 300].slice(0, isLong ? 5 : 4)) }, someReceipt)
  for (const r of receipts.slice(0, 10)) comparison.add('receipt', [hex(r.item)], r.want)
  const items = receipts.map((r) => r.item)
  comparison.add('list', [framed(items)], await listRoot(items))
  comparison.add('changed-list', [framed(items.slice(0, 20)), i, CHANGES], 0)
}

const forks = [[Hardfork.London, 16], [Hardfork.Shanghai, 17], [Hardfork.Cancun, 20], [Hardfork.Prague, 21]]
for (let i = 0; i < 40 * scale; i++) {
  const [hardfork, fields] = pick(forks)
  const common = new Common({ chain: Mainnet, hardfork })
  const data = {
    parentHash: bytes(32), coinbase: hex(bytes(20)), stateRoot: bytes(32), transactionsTrie: bytes(32), receiptTrie: bytes(32),
    logsBloom: bytes(256), number: number(4), gasLimit: number(4) + 70000n, gasUsed: number(2), timestamp: number(5),
    extraData: bytes(below(33)), mixHash: bytes(32), baseFeePerGas: number(6),
    ...(fields > 16 ? { withdrawalsRoot: bytes(32) } : {}),
    ...(fields > 17 ? { blobGasUsed: 131072n * BigInt(below(6)), excessBlobGas: number(3), parentBeaconBlockRoot: bytes(32) } : {}),
    ...(fields > 20 ? { requestsHash: bytes(32) } : {}),
  }
  const header = createBlockHeader(data, { common, skipConsensusFormatValidation: true })
  const words = [hex(header.serialize())]
  comparison.add('header', words, [hex(header.hash()), header.number, hex(header.stateRoot), header.timestamp, header.baseFeePerGas, header.blobGasUsed ?? 0n].join(' '))
  comparison.add('changed-header', [...words, i, CHANGES], 0)
}

comparison.end({ proof: ['present', 'absent'] })
