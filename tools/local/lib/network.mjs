// A local network of separate processes: an Ethereum node with our contracts, a server, a faucet; and a daemon beside them.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { anvilPath } from '../../../contracts/lib/anvil.mjs';
import { creationCodeFor } from '../../../contracts/lib/build.mjs';
import { deployMissing } from '../../../contracts/lib/deploy.mjs';
import { createClient, http, parseEther, toHex } from 'viem';
import { buildDir, programs, root } from './build.mjs';
import { Child } from './child.mjs';
import { Fault, say, step } from './say.mjs';

const CHAIN_ID = 31337;
const STATE_INTERVAL_S = 10;
const PAYMENT_S = 30;
const BUNDLER_ETHER_MIN = parseEther('50');
const TEST_TOKEN = { symbol: 'PTT', name: 'Passmesh Test Token', decimals: 18, balance_slot: 0 };

export const deployments = JSON.parse(readFileSync(join(root, 'contracts/deployments.json'), 'utf8'));

/** The file networks/NAME.ini of a local network. */
export function networkFile({ bootstrap = [], faucet, anchor, beacon = '', id = 'local', name = 'Local', chainId = CHAIN_ID }) {
  const lines = [
    '# Written at each start of the local network.', '[network]', `id = ${id}`, `name = ${name}`, `chain_id = ${chainId}`, 'kind = local', 'symbol = ETH', 'native_name = Ether',
    'block_ms = 1000', 'final_after = 3', 'p256 = yes', ...(faucet ? [`faucet = ${faucet}`] : []), ...(anchor ? [`anchor = ${anchor}`] : []), ...bootstrap.map((b) => `bootstrap = ${b}`), '',
    `[token.${TEST_TOKEN.symbol.toLowerCase()}]`, `address = ${deployments.test_token.address}`, ...Object.entries(TEST_TOKEN).map(([k, v]) => `${k} = ${v}`), '', beacon,
  ];
  return lines.join('\n');
}

/* The first line of JSON that a program prints. */
function jsonLine() {
  const heard = { value: undefined };
  heard.onLine = (line) => {
    if (heard.value === undefined && line.startsWith('{')) {
      heard.value = JSON.parse(line);
    }
  };
  return heard;
}

async function startNode({ dir, stateFile, blockTime, onEnd, chainId = CHAIN_ID }) {
  const heard = { url: undefined };
  const args = ['--port', '0', '--hardfork', 'osaka', '--chain-id', String(chainId), '--threads', '1', '--block-time', String(blockTime)];
  if (stateFile) {
    args.push('--state', stateFile, '--state-interval', String(STATE_INTERVAL_S));
  }
  const node = new Child({
    name: 'The Ethereum node (anvil)', program: anvilPath(), args, log: join(dir, 'anvil.log'), onEnd,
    onLine: (line) => { heard.url ??= /Listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1]; },
  });
  const at = await node.until(() => heard.url, 60);
  node.url = `http://${at}`;
  return node;
}

async function deploy({ request, quiet }) {
  const [from] = await request({ method: 'eth_accounts' });
  const creationCode = creationCodeFor(deployments, join(buildDir, 'contracts'), quiet ? undefined : (text) => say(text));
  return deployMissing({ request, from, deployments, creationCode });
}

/**
 * Pays wei to an address from one of the node's own accounts; resolves when a block has it. anvil_setBalance changes the state
 * below a block that is there already: that block's proofs fail from then on, and a wallet rightly believes none of them.
 */
export async function sendEther(request, to, wei) {
  const [, , from] = await request({ method: 'eth_accounts' });
  const hash = await request({ method: 'eth_sendTransaction', params: [{ from, to, value: toHex(wei) }] });
  for (const end = Date.now() + PAYMENT_S * 1000; Date.now() < end; await sleep(50)) {
    const receipt = await request({ method: 'eth_getTransactionReceipt', params: [hash] });
    if (receipt) {
      return;
    }
  }
  throw new Fault(`The Ethereum node has not included a payment for ${PAYMENT_S} s.`);
}

async function fund(request, address) {
  const balance = BigInt(await request({ method: 'eth_getBalance', params: [address, 'latest'] }));
  if (balance < BUNDLER_ETHER_MIN) {
    await sendEther(request, address, BUNDLER_ETHER_MIN * 2n - balance);
  }
}

/* Multiaddrs with /p2p and the bundler's address, from the line that the server prints when it is ready. */
function readReady({ peer_id: id, listen = [], bundler }) {
  return { addrs: listen.map((a) => (a.includes('/p2p/') ? a : `${a}/p2p/${id}`)), bundler };
}

/**
 * Starts passmesh-server for the Ethereum node at rpc; it has addrs, with /p2p, and bundler. name: of its home, log and network file
 * below dir; ini: the text of its server.ini; network: what networkFile takes.
 */
export async function startServer({ dir, rpc, name = 'server', ini, network = {}, onEnd }) {
  const home = join(dir, name);
  const file = join(dir, `${name}-network.ini`);
  if (ini) {
    mkdirSync(join(home, 'config'), { recursive: true, mode: 0o700 });
    writeFileSync(join(home, 'config/server.ini'), ini);
  }
  writeFileSync(file, networkFile(network));
  const heard = jsonLine();
  const server = new Child({
    name: 'The server (passmesh-server)', program: programs['passmesh-server'], log: join(dir, `${name}.log`), onEnd, onLine: heard.onLine,
    args: ['--home', home, '--network', file, '--node', rpc, '--listen', '/ip4/127.0.0.1/tcp/0', '--json'],
  });
  const line = await server.until(() => heard.value);
  Object.assign(server, readReady(line));
  if (server.addrs.length === 0 || !server.bundler) {
    throw new Fault(`The server does not say where it listens and who pays: ${JSON.stringify(line)}`);
  }
  return server;
}

async function startFaucet({ dir, rpc, onEnd }) {
  const heard = jsonLine();
  const faucet = new Child({
    name: 'The faucet', program: process.execPath, log: join(dir, 'faucet.log'), onEnd, onLine: heard.onLine,
    args: [join(root, 'tools/local/faucet.mjs'), '--rpc', rpc, '--token', deployments.test_token.address],
  });
  faucet.url = (await faucet.until(() => heard.value)).url;
  return faucet;
}

/* Both results; what fails is thrown only when neither is at work any more. */
async function both(...works) {
  const ended = await Promise.allSettled(works);
  const failed = ended.find((e) => e.status === 'rejected');
  if (failed) {
    throw failed.reason;
  }
  return ended.map((e) => e.value);
}

/**
 * Starts node, contracts, server and faucet below dir and writes dir/network.ini. keeps: the chain's state survives in
 * dir/anvil-state.json. onEnd(child) hears of any that ends by itself. chain: another one's { id, name, chainId }. Resolves to { rpc, request, file, server, stop }.
 */
export async function startNetwork({ dir, keeps = false, blockTime = 1, quiet = false, chain = {}, onEnd = () => {} }) {
  mkdirSync(dir, { recursive: true });
  const started = [];
  const stop = async () => {
    for (const child of started.reverse()) {
      await child.stop(child.stopSignal);
    }
  };
  const doing = quiet ? (_, work) => work() : step;
  try {
    const node = await doing('Starting the Ethereum node', () => startNode({ dir, blockTime, onEnd, chainId: chain.chainId, stateFile: keeps && join(dir, 'anvil-state.json') }));
    node.stopSignal = 'SIGINT'; /* it writes its state then */
    started.push(node);
    const { request } = createClient({ transport: http(node.url, { retryCount: 0 }) });
    await doing('Deploying the contracts', () => deploy({ request, quiet }));
    const note = (child) => {
      started.push(child);
      return child;
    };
    const [server, faucet] = await doing('Starting server and faucet', () => both(startServer({ dir, rpc: node.url, network: chain, onEnd }).then(note), startFaucet({ dir, rpc: node.url, onEnd }).then(note)));
    await fund(request, server.bundler);
    const file = join(dir, 'network.ini');
    writeFileSync(`${file}.new`, networkFile({ bootstrap: server.addrs, faucet: faucet.url, anchor: node.url, ...chain }));
    renameSync(`${file}.new`, file);
    return { rpc: node.url, request, file, server, node, faucet, started, stop };
  } catch (e) {
    await stop();
    throw e;
  }
}

/** Starts `passmesh daemon` on a network file. port: of the page, when it shall not be 7878; config: further lines of passmesh.ini. */
export async function startDaemon({ dir, home, file, port, config = '', env = {}, onEnd, log = 'daemon.log' }) {
  if (port) {
    mkdirSync(join(home, 'config'), { recursive: true, mode: 0o700 });
    writeFileSync(join(home, 'config/passmesh.ini'), `[page]\nport = ${port}\n${config}`);
  }
  const socket = join(home, 'run/passmesh.sock');
  const daemon = new Child({
    name: 'The wallet (passmesh daemon)', program: programs.passmesh, args: ['--home', home, 'daemon'], log: join(dir, log), onEnd,
    env: { PASSMESH_NETWORK: file, PASSMESH_UI: join(buildDir, 'ui'), ...env },
  });
  await daemon.until(() => existsSync(socket) && readFileSync(daemon.log, 'utf8').includes('ready at'));
  daemon.home = home;
  daemon.socket = socket;
  daemon.origin = `http://passmesh.localhost:${port ?? 7878}`;
  return daemon;
}
