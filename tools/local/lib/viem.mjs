// viem, for tests that stand outside of this folder and so do not see its packages.
export { encodeFunctionData, getAddress, pad, parseAbi, parseEther, toHex, verifyMessage, verifyTypedData } from 'viem';
export { generatePrivateKey, mnemonicToAccount, privateKeyToAccount } from 'viem/accounts';
