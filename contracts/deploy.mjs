// usage: node deploy.mjs --rpc URL [--out DIR]
//        node deploy.mjs --print [--out DIR]
// Deploys what is missing of EntryPoint 0.8, the verifiers, the implementation, the factory and the test token to a local
// network whose node signs for accounts of its own (anvil). Prints the addresses as one JSON object.
// With --print: prints the transactions that put our contracts on any chain; anyone may send them, in that order.
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { concat, createClient, http } from 'viem';
import { DEPLOYER } from './lib/artifacts.mjs';
import { creationCodeFor } from './lib/build.mjs';
import { root } from './lib/compile.mjs';
import { ALL, deployMissing } from './lib/deploy.mjs';

const usage = 'usage: node deploy.mjs --rpc URL [--out DIR]\n       node deploy.mjs --print [--out DIR]';

async function main() {
  let args;
  try {
    args = parseArgs({ options: { rpc: { type: 'string' }, out: { type: 'string' }, print: { type: 'boolean' } } }).values;
  } catch (e) {
    console.error(`deploy: ${e.message}`);
  }
  if (!args?.rpc && !args?.print) {
    console.error(usage);
    return 2;
  }
  const out = resolve(args.out ?? join(dirname(root), 'build/contracts'));
  const deployments = JSON.parse(readFileSync(join(root, 'deployments.json'), 'utf8'));
  const creationCode = creationCodeFor(deployments, out, (text) => console.error(text));
  if (args.print) {
    const list = ALL.filter((name) => name !== 'test_token').map((name) => {
      const { address, salt } = deployments[name];
      return { name, address, to: DEPLOYER, data: concat([salt, creationCode[name]]) };
    });
    console.log(JSON.stringify(list, null, 2));
    return 0;
  }
  const { request } = createClient({ transport: http(args.rpc, { retryCount: 0 }) });
  const chainId = Number(await request({ method: 'eth_chainId' }));
  const [from] = await request({ method: 'eth_accounts' });
  if (!from) {
    throw new Error('this node signs for no account: deploy.mjs is for local networks');
  }
  const note = (name, address, state) => console.error(`${name.padEnd(24)} ${address} ${state}`);
  await deployMissing({ request, from, deployments, creationCode, note });
  const addresses = Object.fromEntries(ALL.map((name) => [name, deployments[name].address]));
  console.log(JSON.stringify({ chain_id: chainId, ...addresses }));
  return 0;
}

try {
  process.exitCode = await main();
} catch (e) {
  console.error(`deploy: ${e.shortMessage ?? e.message}`);
  process.exitCode = 1;
}
