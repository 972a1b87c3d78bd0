// What a test needs of a chain: a node with everything deployed, operations sent through the real EntryPoint, and the
// reason when it refuses.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  createTestClient, decodeErrorResult, encodeFunctionData, http, numberToHex, parseAbi, parseEther, parseEventLogs, publicActions, walletActions,
} from 'viem';
import { foundry } from 'viem/chains';
import { startAnvil } from './anvil.mjs';
import { entryPointArtifact } from './artifacts.mjs';
import { deployMissing } from './deploy.mjs';
import { root } from './compile.mjs';
import * as account from './account.mjs';
import { accountAbi2 } from './account2.mjs';

export const out = process.env.PASSMESH_CONTRACTS_OUT ?? join(dirname(root), 'build/contracts');
export const deployments = JSON.parse(readFileSync(join(root, 'deployments.json'), 'utf8'));
export const entryPointAbi = entryPointArtifact().abi;
export const artifact = (name) => JSON.parse(readFileSync(join(out, `${name}.json`), 'utf8'));
export const verifierAbi = parseAbi(['function verify(bytes key, bytes32 hash, bytes signature) view returns (bytes4)']);
export const tokenAbi = parseAbi([
  'function mint(address to, uint256 amount)',
  'function transfer(address to, uint256 amount) returns (bool)',
  'function balanceOf(address owner) view returns (uint256)',
]);

/** The bytes that a reverted call returned, or null. */
export function revertData(error) {
  for (let e = error; e; e = e.cause) {
    const data = typeof e.data === 'string' ? e.data : e.data?.data;
    if (typeof data === 'string' && data.startsWith('0x')) {
      return data;
    }
  }
  return null;
}

/** A short text for why a call was refused: "AA24 signature error", "ChangeNotReady(...)". */
export function reasonOf(error, abi) {
  const data = revertData(error);
  if (!data || data === '0x') {
    return error.shortMessage ?? error.message;
  }
  try {
    const { errorName, args } = decodeErrorResult({ abi, data });
    return errorName === 'FailedOp' ? args[1] : errorName === 'FailedOpWithRevert' ? `${args[1]} ${args[2]}` : errorName;
  } catch {
    return data;
  }
}

export async function makeWorld(options = {}) {
  const node = await startAnvil(options);
  const client = createTestClient({
    mode: 'anvil',
    chain: { ...foundry, id: node.chainId },
    transport: http(node.url, { retryCount: 0 }),
    pollingInterval: 20,
    cacheTime: 0,
  }).extend(publicActions).extend(walletActions);
  const accounts = await client.getAddresses();
  const creationCode = JSON.parse(readFileSync(join(out, 'creation-code.json'), 'utf8'));
  let deployed;
  try {
    deployed = await deployMissing({ request: client.request, from: accounts[0], deployments, creationCode });
  } catch (e) {
    await node.stop(); // or the test that failed here would never end
    throw e;
  }
  return { node, client, accounts, deployed, stop: node.stop, chainId: node.chainId, thief: artifact('TestThief'), bytecode2: artifact('PassmeshAccount2').bytecode, entryPointAbi };
}

/** A counterfactual account with money on it. keys: objects with an owner. */
export async function makeAccount(w, keys, { threshold = 1n, salt = numberToHex(0, { size: 32 }), ether = '10' } = {}) {
  const owners = account.sortOwners(keys.map((k) => k.owner));
  const address = account.accountAddress(deployments, owners, threshold, salt);
  await w.client.setBalance({ address, value: parseEther(ether) });
  return { address, owners, threshold, salt, keys };
}

/** An unsigned operation with generous limits; the factory fields are there while the account has no code. */
export async function makeOp(w, a, callData, { key = 0n, ...more } = {}) {
  const exists = (await w.client.getCode({ address: a.address })) !== undefined;
  const nonce = await w.client.readContract({
    address: deployments.entry_point.address, abi: entryPointAbi, functionName: 'getNonce', args: [a.address, key],
  });
  return {
    sender: a.address,
    nonce,
    ...(!exists && {
      factory: deployments.account_factory.address,
      factoryData: account.createAccountCall(a.owners, a.threshold, a.salt),
    }),
    callData,
    verificationGasLimit: 2_000_000n,
    callGasLimit: 1_000_000n,
    preVerificationGas: 60_000n,
    maxPriorityFeePerGas: 1_000_000_000n,
    maxFeePerGas: 10_000_000_000n,
    ...more,
  };
}

export const opHash = (w, op) => account.userOpHash(account.packUserOp(op), deployments.entry_point.address, w.chainId);

/** Signs op with keys, each in the way that how describes for it (see Passkey.assert). */
export function signOp(w, op, keys, how) {
  const hash = opHash(w, op);
  return { ...op, signature: account.encodeSignature(keys.map((k) => k.sign(hash, how))) };
}

function handleOps(w, op) {
  return encodeFunctionData({
    abi: entryPointAbi, functionName: 'handleOps', args: [[account.packUserOp(op)], w.accounts[2]],
  });
}

/** Why the EntryPoint refuses op, or null if it takes it. Nothing is changed. */
export async function refusal(w, op) {
  try {
    await w.client.call({ account: w.accounts[1], to: deployments.entry_point.address, data: handleOps(w, op), gas: 15_000_000n });
    return null;
  } catch (e) {
    return reasonOf(e, entryPointAbi);
  }
}

/** Sends op; resolves to { success, revert, gas (of the transaction), opGas, hash }. Throws if the EntryPoint refuses it. */
export async function sendOp(w, op) {
  const why = await refusal(w, op);
  if (why) {
    throw new Error(why);
  }
  const hash = await w.client.sendTransaction({
    account: w.accounts[1], to: deployments.entry_point.address, data: handleOps(w, op), gas: 15_000_000n,
  });
  const receipt = await w.client.waitForTransactionReceipt({ hash });
  const logs = parseEventLogs({ abi: entryPointAbi, logs: receipt.logs });
  const done = logs.find((l) => l.eventName === 'UserOperationEvent');
  const revert = logs.find((l) => l.eventName === 'UserOperationRevertReason')?.args.revertReason;
  let reason = null;
  if (revert) {
    try {
      reason = decodeErrorResult({ abi: accountAbi2, data: revert }).errorName;
    } catch {
      reason = revert;
    }
  }
  return { success: done.args.success, revert: reason, gas: receipt.gasUsed, opGas: done.args.actualGasUsed, hash, receipt };
}

/** Makes, signs and sends an operation in one go. */
export async function run(w, a, callData, keys = a.keys.slice(0, Number(a.threshold)), how = {}) {
  return sendOp(w, signOp(w, await makeOp(w, a, callData), keys, how));
}

/** Sends an ordinary transaction to the account from a stranger; resolves to null or the name of the refusal. */
export async function poke(w, to, functionName, args, { abi = account.accountAbi, from = w.accounts[5] } = {}) {
  const data = encodeFunctionData({ abi, functionName, args });
  try {
    await w.client.call({ account: from, to, data });
  } catch (e) {
    return reasonOf(e, abi);
  }
  const hash = await w.client.sendTransaction({ account: from, to, data, gas: 5_000_000n });
  const { status } = await w.client.waitForTransactionReceipt({ hash });
  return status === 'success' ? null : 'reverted';
}

export const read = (w, address, functionName, args = [], abi = account.accountAbi) =>
  w.client.readContract({ address, abi, functionName, args });

export async function pass(w, seconds) {
  await w.client.increaseTime({ seconds });
  await w.client.mine({ blocks: 1 });
}
