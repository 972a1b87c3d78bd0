// What the chain itself says, read with viem: none of our C or TypeScript is asked.
import { createPublicClient, getAbiItem, getContract, http, parseAbi } from 'viem';
import { deployments } from './network.mjs';

export const entryPointAbi = parseAbi([
  'function getNonce(address sender, uint192 key) view returns (uint256)',
  'function balanceOf(address account) view returns (uint256)',
  'event UserOperationEvent(bytes32 indexed userOpHash, address indexed sender, address indexed paymaster, uint256 nonce, bool success, uint256 actualGasCost, uint256 actualGasUsed)',
]);
const factoryAbi = parseAbi(['function addressOf(bytes[] owners, uint64 threshold, bytes32 salt) view returns (address)']);
const tokenAbi = parseAbi(['function balanceOf(address owner) view returns (uint256)']);

export class Chain {
  constructor(rpc) {
    this.client = createPublicClient({ transport: http(rpc, { retryCount: 2 }), cacheTime: 0 });
    const at = (address, abi) => getContract({ address, abi, client: this.client });
    this.entryPoint = at(deployments.entry_point.address, entryPointAbi);
    this.factory = at(deployments.account_factory.address, factoryAbi);
    this.token = at(deployments.test_token.address, tokenAbi);
  }

  ether(address) {
    return this.client.getBalance({ address });
  }

  tokens(address) {
    return this.token.read.balanceOf([address]);
  }

  /** What the account has left for fees at the EntryPoint. */
  deposit(address) {
    return this.entryPoint.read.balanceOf([address]);
  }

  /** The nonce of key 0: how many of its operations were included. */
  nonce(address) {
    return this.entryPoint.read.getNonce([address, 0n]);
  }

  async hasCode(address) {
    return Boolean(await this.client.getCode({ address }));
  }

  addressOf(owners, threshold, salt) {
    return this.factory.read.addressOf([owners, threshold, salt]);
  }

  /** All operations of an account that were ever included: [{ userOpHash, nonce, success, actualGasCost, transactionHash, blockNumber }]. */
  async operations(sender) {
    const event = getAbiItem({ abi: entryPointAbi, name: 'UserOperationEvent' });
    const logs = await this.client.getLogs({ address: deployments.entry_point.address, event, args: { sender }, fromBlock: 0n });
    return logs.map(({ args, transactionHash, blockNumber }) => ({ ...args, transactionHash, blockNumber }));
  }
}
