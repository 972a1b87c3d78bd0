// Cases that follow from PASSMESH_TEST_SEED (default 1), and the comparison of a case program's answers with them.
// A case is a line of words parted by tabs; the program writes one line of answer for each.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'

const seed = process.env.PASSMESH_TEST_SEED ?? '1'
export const isLong = Boolean(process.env.PASSMESH_LONG)

let pool = Buffer.alloc(0)
let block = 0
export function bytes(n) {
  while (pool.length < n) {
    pool = Buffer.concat([pool, createHash('sha512').update(`${seed}/${block++}`).digest()])
  }
  const out = pool.subarray(0, n)
  pool = pool.subarray(n)
  return out
}
export const below = (n) => bytes(4).readUInt32BE() % n
export const pick = (list) => list[below(list.length)]
export const hex = (b) => '0x' + Buffer.from(b).toString('hex')

// A comparison runs in rounds, so that a long one keeps neither all cases nor all answers.
export class Comparison {
  #program
  #round = []
  #kinds = new Map()
  #faults = []

  constructor(program) { this.#program = program }

  add(kind, words, want) {
    this.#round.push({ kind, line: [kind, ...words].join('\t'), want: String(want) })
    if (this.#round.length === 5000) this.#run()
  }

  #run() {
    const run = spawnSync(this.#program, { input: this.#round.map((c) => c.line).join('\n') + '\n', encoding: 'utf8', maxBuffer: 1 << 30 })
    const answers = (run.stdout ?? '').split('\n')
    if (run.status !== 0 || answers.length !== this.#round.length + 1) this.#faults.push(run.error ?? (run.stderr || `exit ${run.status ?? run.signal}`))
    this.#round.forEach((c, i) => {
      const k = this.#kinds.get(c.kind) ?? { count: 0, wrong: [], answers: new Map() }
      this.#kinds.set(c.kind, k)
      k.count++
      if (answers[i] !== c.want) k.wrong.push({ ...c, got: answers[i] })
      const word = c.want.split(' ')[0].slice(0, 12)
      if (k.answers.size < 8 || k.answers.has(word)) k.answers.set(word, (k.answers.get(word) ?? 0) + 1)
    })
    this.#round = []
  }

  // Prints TAP. A kind whose answers shall not all be alike names those that must occur.
  end(mustOccur = {}) {
    if (this.#round.length) this.#run()
    console.log('TAP version 13')
    let n = 0
    let good = true
    const say = (ok, text) => { console.log(`${ok ? 'ok' : 'not ok'} ${++n} - ${text}`); good &&= ok }
    for (const [kind, k] of this.#kinds) {
      const rare = (mustOccur[kind] ?? []).filter((w) => (k.answers.get(w) ?? 0) < k.count / 20)
      say(k.wrong.length === 0 && rare.length === 0, `${kind}: ${k.count} cases`)
      if (rare.length) console.log(`# answers that are too rare: ${rare}`)
      for (const w of k.wrong.slice(0, 3)) console.log(`# case ${w.line.slice(0, 4000)}\n#   expected ${w.want}\n#   got      ${w.got}\n#   seed ${seed}`)
    }
    say(this.#faults.length === 0, 'every case was answered')
    if (this.#faults.length) console.log(`# ${this.#faults[0]}`)
    console.log(`1..${n}`)
    process.exitCode = good ? 0 : 1
  }
}
