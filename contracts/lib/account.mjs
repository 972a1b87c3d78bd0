// The account's encodings, as docs/account.md fixes them, in JavaScript: owners, address, signature, calls, operation hash.
import { concat, encodeAbiParameters, encodeFunctionData, getContractAddress, hashTypedData, keccak256, pad, parseAbi, sha256, stringToHex, toHex } from 'viem';

export const accountAbi = parseAbi([
  'struct OwnerChange { uint64 sequence; bytes32 previous; uint64 attempt; uint64 threshold; bytes[] added; bytes[] removed; }',
  'function initialize(bytes[] owners, uint64 threshold)',
  'function execute(bytes32 mode, bytes executionData) payable',
  'function changeOwners(OwnerChange change, bytes signature)',
  'function applyOwnerChange(OwnerChange change)',
  'function ownerChangeId(OwnerChange change) view returns (bytes32)',
  'function scheduleUpgrade(address implementation, bytes call, uint64 attempt)',
  'function applyUpgrade(address implementation, bytes call, uint64 attempt)',
  'function upgradeId(address implementation, bytes call, uint64 attempt) view returns (bytes32)',
  'function scheduleDelay(uint32 delay, uint64 attempt)',
  'function applyDelay(uint32 delay, uint64 attempt)',
  'function delayId(uint32 delay, uint64 attempt) view returns (bytes32)',
  'function veto(bytes32 id, bytes owner, bytes signature)',
  'function vetoHash(bytes32 id) view returns (bytes32)',
  'function ownersHead() view returns (bytes32)',
  'function ownersSequence() view returns (uint64)',
  'function delay() view returns (uint32)',
  'function changeReadyAt(bytes32 id) view returns (uint64)',
  'function threshold() view returns (uint64)',
  'function getSigners(uint64 start, uint64 end) view returns (bytes[])',
  'function isSigner(bytes signer) view returns (bool)',
  'function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)',
  'function entryPoint() view returns (address)',
  'event OwnerChangeScheduled(bytes32 indexed id, uint64 readyAt, OwnerChange change)',
  'event UpgradeScheduled(bytes32 indexed id, uint64 readyAt, address implementation, bytes call, uint64 attempt)',
  'event DelayScheduled(bytes32 indexed id, uint64 readyAt, uint32 delay, uint64 attempt)',
  'event ChangeVetoed(bytes32 indexed id, bytes owner)',
  'event OwnersChanged(uint64 indexed sequence, bytes32 indexed head, OwnerChange change)',
  'event DelayChanged(uint32 delay)',
  'error AccountUnauthorized(address sender)',
  'error InvalidInitialization()',
  'error OwnersNotSorted()',
  'error OwnersTooMany(uint256 count)',
  'error OwnerForbidden(bytes owner)',
  'error ChangeOutOfOrder(uint64 sequence, bytes32 previous)',
  'error ChangeUnauthorized()',
  'error ChangeKnown(bytes32 id)',
  'error ChangeNotReady(bytes32 id, uint64 readyAt)',
  'error DelayOutOfRange(uint32 delay)',
  'error MultiSignerERC7913UnreachableThreshold(uint64 signers, uint64 threshold)',
  'error MultiSignerERC7913ZeroThreshold()',
  'error MultiSignerERC7913NonexistentSigner(bytes signer)',
  'error MultiSignerERC7913InvalidSigner(bytes signer)',
  'error ERC1967InvalidImplementation(address implementation)',
]);

export const factoryAbi = parseAbi([
  'function createAccount(bytes[] owners, uint64 threshold, bytes32 salt) returns (address)',
  'function addressOf(bytes[] owners, uint64 threshold, bytes32 salt) view returns (address)',
  'function implementation() view returns (address)',
  'function proxyInitCodeHash() view returns (bytes32)',
  'error OwnersNotSorted()',
  'error OwnerForbidden(bytes owner)',
  'error OwnersTooMany(uint256 count)',
  'error MultiSignerERC7913UnreachableThreshold(uint64 signers, uint64 threshold)',
  'error MultiSignerERC7913ZeroThreshold()',
]);

/** verifier ‖ qx ‖ qy ‖ SHA-256(origin). */
export function passkeyOwner(verifier, qx, qy, origin) {
  return concat([verifier.toLowerCase(), qx, qy, sha256(stringToHex(origin))]);
}

/** Owners in the order that initialisation demands and that makes a signature cheapest. */
export function sortOwners(owners) {
  return [...owners].sort((a, b) => (keccak256(a) < keccak256(b) ? -1 : 1));
}

export function create2Salt(owners, threshold, salt) {
  return keccak256(encodeAbiParameters([{ type: 'bytes[]' }, { type: 'uint64' }, { type: 'bytes32' }], [owners, threshold, salt]));
}

/** The address of an account before it exists. */
export function accountAddress(deployments, owners, threshold, salt) {
  return getContractAddress({
    opcode: 'CREATE2',
    from: deployments.account_factory.address,
    salt: create2Salt(owners, threshold, salt),
    bytecodeHash: deployments.proxy.init_code_hash,
  });
}

export function createAccountCall(owners, threshold, salt) {
  return encodeFunctionData({ abi: factoryAbi, functionName: 'createAccount', args: [owners, threshold, salt] });
}

/** auth = { r, s, challengeIndex, typeIndex, authenticatorData, clientDataJSON (text) }. */
export function encodeWebAuthn(auth) {
  return encodeAbiParameters(
    [{ type: 'bytes32' }, { type: 'bytes32' }, { type: 'uint256' }, { type: 'uint256' }, { type: 'bytes' }, { type: 'string' }],
    [auth.r, auth.s, BigInt(auth.challengeIndex), BigInt(auth.typeIndex), auth.authenticatorData, auth.clientDataJSON],
  );
}

/** pairs = [[owner, signature], ...]; sorted here. */
export function encodeSignature(pairs) {
  const sorted = [...pairs].sort((a, b) => (keccak256(a[0]) < keccak256(b[0]) ? -1 : 1));
  return encodeAbiParameters([{ type: 'bytes[]' }, { type: 'bytes[]' }], [sorted.map((p) => p[0]), sorted.map((p) => p[1])]);
}

/** ERC-7821 batch: mode 01 00…00. calls = [{ to, value, data }]. */
export function executeCall(calls) {
  const batch = encodeAbiParameters(
    [{ type: 'tuple[]', components: [{ name: 'to', type: 'address' }, { name: 'value', type: 'uint256' }, { name: 'data', type: 'bytes' }] }],
    [calls.map((c) => ({ to: c.to, value: c.value ?? 0n, data: c.data ?? '0x' }))],
  );
  return encodeFunctionData({ abi: accountAbi, functionName: 'execute', args: [pad('0x01', { dir: 'right', size: 32 }), batch] });
}

/** The packed form that EntryPoint 0.8 takes; op has viem-like named fields. */
export function packUserOp(op) {
  return {
    sender: op.sender,
    nonce: op.nonce,
    initCode: op.factory ? concat([op.factory, op.factoryData]) : '0x',
    callData: op.callData,
    accountGasLimits: concat([toHex(op.verificationGasLimit, { size: 16 }), toHex(op.callGasLimit, { size: 16 })]),
    preVerificationGas: op.preVerificationGas,
    gasFees: concat([toHex(op.maxPriorityFeePerGas, { size: 16 }), toHex(op.maxFeePerGas, { size: 16 })]),
    paymasterAndData: '0x',
    signature: op.signature ?? '0x',
  };
}

/** EIP-712 hash of a packed operation, domain "ERC4337" "1". */
export function userOpHash(packed, entryPoint, chainId) {
  return hashTypedData({
    domain: { name: 'ERC4337', version: '1', chainId, verifyingContract: entryPoint },
    types: {
      PackedUserOperation: [
        { name: 'sender', type: 'address' },
        { name: 'nonce', type: 'uint256' },
        { name: 'initCode', type: 'bytes' },
        { name: 'callData', type: 'bytes' },
        { name: 'accountGasLimits', type: 'bytes32' },
        { name: 'preVerificationGas', type: 'uint256' },
        { name: 'gasFees', type: 'bytes32' },
        { name: 'paymasterAndData', type: 'bytes' },
      ],
    },
    primaryType: 'PackedUserOperation',
    message: packed,
  });
}

const portableDomain = (account) => ({ name: 'Passmesh Account', version: '1', verifyingContract: account });

export function ownerChangeId(account, change) {
  return hashTypedData({
    domain: portableDomain(account),
    types: {
      OwnerChange: [
        { name: 'sequence', type: 'uint64' },
        { name: 'previous', type: 'bytes32' },
        { name: 'attempt', type: 'uint64' },
        { name: 'threshold', type: 'uint64' },
        { name: 'added', type: 'bytes[]' },
        { name: 'removed', type: 'bytes[]' },
      ],
    },
    primaryType: 'OwnerChange',
    message: change,
  });
}

export function vetoHash(account, id) {
  return hashTypedData({
    domain: portableDomain(account),
    types: { Veto: [{ name: 'id', type: 'bytes32' }] },
    primaryType: 'Veto',
    message: { id },
  });
}
