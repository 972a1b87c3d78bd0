// Our test node (tests/peers/p2p_node.c) as a child process: a line in, lines out.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const LINE_TIMEOUT_MS = 60_000

export class Ours {
  constructor (binary, ...args) {
    this.child = spawn(binary, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.lines = []
    this.waiting = undefined
    this.exited = new Promise(resolve => this.child.on('exit', (code, signal) => resolve(code ?? signal)))
    createInterface({ input: this.child.stdout }).on('line', line => {
      this.lines.push(line)
      this.waiting?.()
    })
  }

  say (line) {
    this.child.stdin.write(line + '\n')
  }

  // The next line that starts with `prefix`; earlier lines are dropped, an error line throws.
  async line (prefix) {
    const until = Date.now() + LINE_TIMEOUT_MS
    for (;;) {
      while (this.lines.length > 0) {
        const line = this.lines.shift()
        if (line.startsWith(prefix)) {
          return line
        }
        if (line.startsWith('error')) {
          throw new Error(`wanted "${prefix}", got "${line}"`)
        }
      }
      await new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no line "${prefix}" in time`)), until - Date.now())
        this.waiting = () => { clearTimeout(timer); resolve() }
        void this.exited.then(code => { clearTimeout(timer); reject(new Error(`p2p_node ended: ${code}`)) })
      })
    }
  }

  async ask (command, prefix) {
    this.say(command)
    return this.line(prefix)
  }

  // Figures of an answer such as "ok stats memory=1 conns=2".
  static figures (line) {
    return Object.fromEntries([...line.matchAll(/(\w+)=(\d+)/g)].map(m => [m[1], Number(m[2])]))
  }

  async stop () {
    this.say('quit')
    return this.exited
  }
}

const LISTEN = {
  tcp: '/ip4/127.0.0.1/tcp/0',
  ws: '/ip4/127.0.0.1/tcp/0/ws',
  wss: '/ip4/127.0.0.1/tcp/0/tls/ws',
  quic: '/ip4/127.0.0.1/udp/0/quic-v1'
}

export async function startOurs (binary, { listen = false, transport = 'tcp', certificate = 'good', args = [] } = {}) {
  const files = transport === 'wss' ? ['--cert', `${process.env.PKI}/${certificate}.pem`, '--key', `${process.env.PKI}/${certificate}.key`] : []
  const ours = new Ours(binary, ...(listen ? ['--listen', LISTEN[transport], ...files] : []), ...args)
  if (listen) {
    ours.addr = (await ours.line('listening ')).split(' ')[1]
  }
  ours.id = (await ours.line('ready ')).split(' ')[1]
  return ours
}
