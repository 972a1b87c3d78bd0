// A local network for tests: an Ethereum node with everything deployed, servers as processes, and a gate between the two
// that can hold, refuse or change what passes.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import * as world from '../../../contracts/lib/world.mjs'

const READY_TIMEOUT_MS = 20_000

export const sleep = ms => wait(ms)

/** A directory that goes with the test. */
export function makeHome (t) {
  const home = mkdtempSync(join(tmpdir(), 'passmesh-test-'))
  t.after(() => rmSync(home, { recursive: true, force: true }))
  return home
}

/** A network file of kind local. */
export function writeNetwork (dir, { chainId = 31337, more = '' } = {}) {
  const path = join(dir, 'local.ini')
  writeFileSync(path, `[network]
id = local
name = Local
chain_id = ${chainId}
kind = local
symbol = ETH
native_name = Ether
block_ms = 1000
final_after = 2
p256 = yes
${more}`)
  return path
}

/** anvil with the contracts: see contracts/lib/world.mjs. */
export async function startChain (t, options = {}) {
  const w = await world.makeWorld(options)
  t.after(() => w.stop())
  return w
}

/**
 * Stands between a server and its node. gate.pass(request) may answer instead of the node: a string is the body; null hangs
 * up; undefined lets it through. gate.result(request, value) makes such a body. gate.seen holds every request.
 */
export async function startGate (t, nodeUrl) {
  const gate = { seen: [], pass: async () => undefined }
  const server = createServer(async (request, response) => {
    try {
      let text = ''
      for await (const part of request.setEncoding('utf8')) {
        text += part
      }
      const question = { ...JSON.parse(text), text, id: /"id":(\d+)/.exec(text)[1] } // ids go beyond what a number holds
      gate.seen.push(question)
      let answer = await gate.pass(question)
      if (answer === undefined) {
        answer = await gate.forward(text)
      }
      if (answer === null) {
        request.socket.destroy()
        return
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end(answer)
    } catch {
      request.socket.destroy()
    }
  })
  gate.result = (question, result) => `{"jsonrpc":"2.0","id":${question.id},"result":${JSON.stringify(result)}}`
  gate.forward = async text => (await fetch(nodeUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body: text })).text()
  gate.open = async (port = 0) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    gate.port = server.address().port
    gate.url = `http://127.0.0.1:${gate.port}`
    return gate
  }
  gate.close = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  gate.count = method => gate.seen.filter(q => q.method === method).length
  t.after(() => server.closeAllConnections())
  t.after(() => server.close())
  return gate.open()
}

/** Runs the program to its end, with text as its input: { code, stdout, stderr }. */
export async function runServer (binary, args, text) {
  const child = spawn(binary, args, { stdio: [text === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] })
  child.stdin?.end(text)
  const out = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', text => { out.stdout += text })
  child.stderr.setEncoding('utf8').on('data', text => { out.stderr += text })
  const timer = setTimeout(() => child.kill('SIGKILL'), READY_TIMEOUT_MS)
  const [code, signal] = await once(child, 'close')
  clearTimeout(timer)
  return { code: code ?? signal, ...out }
}

/** A server that is up: { ready, child, log, stop(signal) -> status, crash() }. ini: text of server.ini; under: a program and its
 * first arguments that run it; bare: all else stands in server.ini. */
export async function startServer (t, binary, { home, network, node, listen = '/ip4/127.0.0.1/tcp/0', ini, flags = [], under = [], bare = false }) {
  if (ini !== undefined) {
    mkdirSync(join(home, 'config'), { recursive: true })
    writeFileSync(join(home, 'config', 'server.ini'), ini)
  }
  const words = ['--home', home, ...bare ? [] : ['--network', network, '--node', node, '--listen', listen], '--json', ...flags]
  const [program, ...args] = [...under, binary, ...words]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const server = { child, log: '', exited: once(child, 'exit').then(([code, signal]) => code ?? signal) }
  child.stderr.setEncoding('utf8').on('data', text => { server.log += text })
  server.stop = async (signal = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal)
    }
    return server.exited
  }
  server.crash = () => server.stop('SIGKILL')
  t.after(() => server.crash())
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line').then(([text]) => text),
    server.exited.then(code => { throw new Error(`the server ended with ${code}: ${server.log}`) }),
    wait(READY_TIMEOUT_MS, undefined, { ref: false }).then(() => { throw new Error(`the server is not up in time: ${server.log}`) })
  ])
  server.ready = JSON.parse(line)
  return server
}
