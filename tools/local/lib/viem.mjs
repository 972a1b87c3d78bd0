// viem, for tests that stand outside of this folder and so do not see its packages.
export { encodeAbiParameters, encodeFunctionData, getAddress, hashTypedData, pad, parseAbi, parseAbiParameters, parseEther, toHex, verifyMessage, verifyTypedData } from 'viem';
export { generatePrivateKey, mnemonicToAccount, privateKeyToAccount } from 'viem/accounts';
