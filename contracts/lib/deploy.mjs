// Puts what is missing on a chain, through the canonical deterministic deployer.
import { concat } from 'viem';
import { DEPLOYER } from './artifacts.mjs';

/** In this order: what is named before what names it. */
export const ALL = ['entry_point', 'webauthn_verifier', 'secp256k1_verifier', 'account_implementation', 'account_factory', 'account_guardians_2', 'account_implementation_2', 'test_token'];

async function wait(request, hash) {
  for (let i = 0; i < 300; i += 1) {
    const receipt = await request({ method: 'eth_getTransactionReceipt', params: [hash] });
    if (receipt) {
      return receipt;
    }
    await new Promise((r) => setTimeout(r, 100));
  }
  throw new Error(`transaction ${hash} was not included within 30 s`);
}

/**
 * request: an EIP-1193 request function; from: an account that the node signs for. Returns the names of what was deployed.
 * note(name, address, state) is told of each contract; state is 'there' or 'deployed'.
 */
export async function deployMissing({ request, from, deployments, creationCode, names = ALL, note = () => {} }) {
  const code = (address) => request({ method: 'eth_getCode', params: [address, 'latest'] });
  if ((await code(DEPLOYER)) === '0x') {
    throw new Error(`the deterministic deployer ${DEPLOYER} is not on this chain; it must be put there first`);
  }
  const done = [];
  for (const name of names) {
    const { address, salt } = deployments[name];
    if ((await code(address)) !== '0x') {
      note(name, address, 'there');
      continue;
    }
    const data = concat([salt, creationCode[name]]);
    const hash = await request({ method: 'eth_sendTransaction', params: [{ from, to: DEPLOYER, data }] });
    const receipt = await wait(request, hash);
    if (receipt.status !== '0x1' || (await code(address)) === '0x') {
      throw new Error(`deploying ${name} failed: transaction ${hash} left no code at ${address}`);
    }
    note(name, address, 'deployed');
    done.push({ name, gas: Number(receipt.gasUsed) });
  }
  return done;
}
