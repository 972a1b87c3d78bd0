// An Ethereum chain of two real programs, on this machine alone: geth executes, Lodestar with all of its validators agrees.
// Minimal preset and short slots, so that a period of its sync committee takes two minutes.
import { randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEPLOYER } from '../../../contracts/lib/artifacts.mjs';
import { Child } from '../../../tools/local/lib/child.mjs';
import { freePort } from '../../../tools/local/lib/port.mjs';
import { startInSsz } from './in_ssz.mjs';

const require = createRequire(import.meta.url);
const { ethers } = require('ethers');

const LODESTAR = fileURLToPath(new URL('node_modules/@chainsafe/lodestar/lib/index.js', import.meta.url));
const CHAIN_ID = 31337;
const VALIDATORS = 16;
const SLOT_S = 2;
const START_S = 25; // both programs are up by then
const FORKS = ['altair', 'bellatrix', 'capella'];
const RICH = 10n ** 24n;
// What stands at DEPLOYER: github.com/Arachnid/deterministic-deployment-proxy
const DEPLOYER_CODE = '0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3';

async function get(url) {
  const answer = await fetch(url);
  if (!answer.ok) {
    throw new Error(`${url}: ${answer.status} ${(await answer.text()).slice(0, 200)}`);
  }
  return (await answer.json()).data;
}

function genesisOf(rich) {
  const forks = ['homestead', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople', 'petersburg', 'istanbul', 'berlin', 'london', 'mergeNetsplit'];
  return {
    config: { chainId: CHAIN_ID, ...Object.fromEntries(forks.map((f) => [`${f}Block`, 0])), shanghaiTime: 0, terminalTotalDifficulty: 0 },
    difficulty: '0x0', gasLimit: '0x1c9c380', timestamp: '0x0', extraData: '0x', baseFeePerGas: '0x3b9aca00',
    alloc: { [rich.slice(2)]: { balance: `0x${RICH.toString(16)}` }, [DEPLOYER.slice(2)]: { balance: '0x0', code: DEPLOYER_CODE } },
  };
}

async function startGeth({ dir, program, rich }) {
  const data = join(dir, 'geth');
  mkdirSync(data, { recursive: true, mode: 0o700 });
  writeFileSync(join(data, 'genesis.json'), JSON.stringify(genesisOf(rich)));
  writeFileSync(join(data, 'jwt.hex'), randomBytes(32).toString('hex'), { mode: 0o600 });
  execFileSync(program, ['--datadir', data, 'init', join(data, 'genesis.json')], { stdio: 'pipe' });
  const [port, enginePort] = [await freePort(), await freePort()];
  const geth = new Child({
    name: 'The execution client (geth)', program, log: join(dir, 'geth.log'),
    args: ['--datadir', data, '--networkid', String(CHAIN_ID), '--syncmode', 'full', '--gcmode', 'archive', '--nodiscover', '--maxpeers', '0', '--port', '0', '--ipcdisable',
      '--http', '--http.port', String(port), '--http.api', 'eth,net,web3,debug', '--authrpc.port', String(enginePort), '--authrpc.jwtsecret', join(data, 'jwt.hex')],
  });
  const rpc = `http://127.0.0.1:${port}`;
  const provider = new ethers.providers.StaticJsonRpcProvider(rpc, { chainId: CHAIN_ID, name: 'local' });
  const genesis = await geth.until(() => provider.getBlock(0).catch(() => undefined), 60);
  return { geth, rpc, provider, engine: `http://127.0.0.1:${enginePort}`, secret: join(data, 'jwt.hex'), genesis: genesis.hash };
}

async function startLodestar({ dir, execution, genesisTime }) {
  const [port, p2pPort] = [await freePort(), await freePort()];
  const params = { SECONDS_PER_SLOT: SLOT_S, TERMINAL_TOTAL_DIFFICULTY: 0, ...Object.fromEntries(FORKS.map((f) => [`${f.toUpperCase()}_FORK_EPOCH`, 0])) };
  const home = join(dir, 'lodestar');
  mkdirSync(home, { recursive: true });
  const lodestar = new Child({
    name: 'The consensus client (Lodestar)', program: process.execPath, log: join(dir, 'lodestar.log'), env: { NODE_BACKEND: 'js' }, cwd: home,
    args: [LODESTAR, 'dev', '--dataDir', home, '--genesisValidators', String(VALIDATORS), '--startValidators', `0..${VALIDATORS - 1}`,
      '--genesisTime', String(genesisTime), '--genesisEth1Hash', execution.genesis, '--rest', '--rest.port', String(port), '--rest.namespace', '*', '--beaconNodes', `http://127.0.0.1:${port}`, '--port', String(p2pPort), '--listenAddress', '127.0.0.1',
      '--execution.urls', execution.engine, '--jwt-secret', execution.secret, '--suggestedFeeRecipient', `0x${'cc'.repeat(20)}`,
      ...Object.entries(params).flatMap(([k, v]) => [`--params.${k}`, String(v)])],
  });
  const rest = `http://127.0.0.1:${port}`;
  await lodestar.until(() => get(`${rest}/eth/v1/beacon/genesis`).catch(() => undefined), 120);
  return { lodestar, rest };
}

/** Starts both below dir. Gives rpc; beacon: the URL of what light clients ask; provider and rich of ethers; what they say of themselves. */
export async function startChain({ dir, geth }) {
  mkdirSync(dir, { recursive: true });
  const rich = ethers.Wallet.createRandom();
  const started = [];
  const stop = async () => {
    for (const one of started.reverse()) {
      await one.stop();
    }
  };
  try {
    const execution = await startGeth({ dir, program: geth, rich: rich.address });
    started.push(execution.geth);
    const { lodestar, rest } = await startLodestar({ dir, execution, genesisTime: Math.floor(Date.now() / 1000) + START_S });
    started.push(lodestar);
    const [genesis, spec] = [await get(`${rest}/eth/v1/beacon/genesis`), await get(`${rest}/eth/v1/config/spec`)];
    const door = await startInSsz({ rest, genesisValidatorsRoot: genesis.genesis_validators_root, versionOf: (fork) => spec[`${fork.toUpperCase()}_FORK_VERSION`] });
    started.push(door);
    const ini = ['[beacon]', `genesis_time = ${genesis.genesis_time}`, `genesis_validators_root = ${genesis.genesis_validators_root}`, `seconds_per_slot = ${spec.SECONDS_PER_SLOT}`,
      `slots_per_epoch = ${spec.SLOTS_PER_EPOCH}`, `epochs_per_period = ${spec.EPOCHS_PER_SYNC_COMMITTEE_PERIOD}`, `committee_size = ${spec.SYNC_COMMITTEE_SIZE}`,
      ...FORKS.map((f) => `${f} = ${spec[`${f.toUpperCase()}_FORK_VERSION`]} 0`), ''].join('\n');
    return {
      rpc: execution.rpc, provider: execution.provider, rich: rich.connect(execution.provider), beacon: door.url, ini, stop, periodSlots: spec.SLOTS_PER_EPOCH * spec.EPOCHS_PER_SYNC_COMMITTEE_PERIOD,
      version: async () => `${await execution.provider.send('web3_clientVersion', [])}, ${(await get(`${rest}/eth/v1/node/version`)).version}`,
      finalized: async () => (await get(`${rest}/eth/v1/beacon/states/head/finality_checkpoints`)).finalized,
      headSlot: async () => Number((await get(`${rest}/eth/v1/beacon/headers/head`)).header.message.slot),
    };
  } catch (e) {
    await stop();
    throw e;
  }
}
