// What version 2 of the account adds, as docs/account.md fixes it: settings, guardians, limits, session keys.
import { secp256k1 } from '@noble/curves/secp256k1';
import { encodeAbiParameters, encodeFunctionData, hashTypedData, hexToBytes, keccak256, parseAbi, stringToHex, toHex } from 'viem';
import { accountAbi, encodeSignature } from './account.mjs';

export const settingsAbi = parseAbi([
  'function setGuardians(bytes[] list, uint64 threshold, uint32 delay)',
  'function setLimit(address token, uint256 amount, uint32 period)',
  'function setKnown(address to)',
]);

export const accountAbi2 = [...accountAbi, ...parseAbi([
  'struct OwnerChange { uint64 sequence; bytes32 previous; uint64 attempt; uint64 threshold; bytes[] added; bytes[] removed; }',
  'struct RecoveryState { bytes32 pending; uint64 readyAt; uint8 vetoes; uint64 round; uint48 frozenUntil; uint48 heldUntil; }',
  'struct Call { address to; uint256 value; bytes data; }',
  'struct Policy { address target; bytes4 selector; address recipient; uint256 amount; uint256 ether_; }',
  'function guardians() view returns (bytes[] list, uint64 threshold, uint32 delay)',
  'function recovery() view returns (RecoveryState)',
  'function scheduleSetting(bytes call, uint64 attempt)',
  'function applySetting(bytes call, uint64 attempt)',
  'function settingId(bytes call, uint64 attempt) view returns (bytes32)',
  'function recover(OwnerChange change, bytes signature)',
  'function applyRecovery(OwnerChange change)',
  'function cancelRecovery(bytes signature)',
  'function putOffRecovery(bytes owner, bytes signature)',
  'function freeze(bytes owner, bytes signature)',
  'function limitOf(address token) view returns (uint256 amount, uint32 period, uint256 spent, uint48 since)',
  'function limitFees() view returns (uint256)',
  'function lowerLimit(address token, uint256 amount, uint32 period)',
  'function isKnown(address to) view returns (bool)',
  'function forgetKnown(address to)',
  'function renewLimit(address token)',
  'function executeWithin(Call[] calls)',
  'function session(uint160 id) view returns (bytes signer, uint48 validUntil, bytes32 policyHash)',
  'function sessionLeft(uint160 id) view returns (uint256 amount, uint256 ether_)',
  'function addSession(uint160 id, bytes signer, uint48 validUntil, Policy policy)',
  'function endSession(uint160 id)',
  'function executeSession(uint160 id, uint256 value, bytes data)',
  'event SettingScheduled(bytes32 indexed id, uint64 readyAt, bytes call, uint64 attempt)',
  'event GuardiansChanged(bytes[] list, uint64 threshold, uint32 delay)',
  'event RecoveryScheduled(bytes32 indexed id, uint64 readyAt, OwnerChange change)',
  'event RecoveryPutOff(bytes32 indexed id, uint64 readyAt, uint8 vetoes, bytes owner)',
  'event RecoveryEnded(bytes32 indexed id, bool applied)',
  'event AccountFrozen(uint48 until, bytes owner)',
  'event LimitChanged(address indexed token, uint256 amount, uint32 period)',
  'event KnownChanged(address indexed to, bool known)',
  'event SessionAdded(uint160 indexed id, bytes signer, uint48 validUntil, Policy policy)',
  'event SessionEnded(uint160 indexed id)',
  'error SettingUnknown(bytes4 selector)',
  'error GuardiansInvalid()',
  'error PeriodOutOfRange(uint32 period)',
  'error RecoveryPending(bytes32 id)',
  'error RecoveryNotPending(bytes32 id)',
  'error RecoveryVetoesSpent()',
  'error AccountHeld(uint48 until)',
  'error AlreadyFrozen()',
  'error LimitExceeded(address token, uint256 amount, uint256 left)',
  'error LimitNotLower()',
  'error CallNotAllowed(address to)',
  'error SessionInvalid()',
])];

export const setting = (functionName, args) => encodeFunctionData({ abi: settingsAbi, functionName, args });

/** The nonce key of a session's operations: 1 in the top 32 bits, the session's number below. */
export const sessionNonceKey = (id) => (1n << 160n) | BigInt(id);

const STRUCTS = {
  Recover: [['change', 'bytes32'], ['round', 'uint64']],
  CancelRecovery: [['change', 'bytes32'], ['round', 'uint64']],
  PutOffRecovery: [['change', 'bytes32'], ['round', 'uint64'], ['vetoes', 'uint8']],
  Freeze: [['ownersHead', 'bytes32']],
  Hold: [['zero', 'bytes32'], ['round', 'uint64']],
  Upgrade: [['implementation', 'address'], ['codeHash', 'bytes32'], ['call', 'bytes'], ['attempt', 'uint64'], ['ownersHead', 'bytes32']],
  Setting: [['call', 'bytes'], ['attempt', 'uint64'], ['ownersHead', 'bytes32']],
};

/** The hash that is signed for one chain: primaryType names one of STRUCTS. */
export function chainHash(account, chainId, primaryType, message) {
  return hashTypedData({
    domain: { name: 'Passmesh Account', version: '1', chainId, verifyingContract: account },
    types: { [primaryType]: STRUCTS[primaryType].map(([name, type]) => ({ name, type })) },
    primaryType,
    message,
  });
}

/** An ordinary key, as owner, guardian or session key. */
export class OrdinaryKey {
  constructor(verifier, seed) {
    this.secret = hexToBytes(keccak256(stringToHex(seed)));
    const point = secp256k1.getPublicKey(this.secret, false);
    this.address = `0x${keccak256(point.slice(1)).slice(26)}`;
    this.owner = verifier.toLowerCase() + this.address.slice(2);
  }

  sign(hash) {
    const s = secp256k1.sign(hexToBytes(hash), this.secret, { lowS: true });
    const v = encodeAbiParameters([{ type: 'uint8' }], [27 + s.recovery]).slice(-2);
    return [this.owner, `${toHex(s.r, { size: 32 })}${toHex(s.s, { size: 32 }).slice(2)}${v}`];
  }
}

/** What several keys sign together, in the account's encoding. */
export const signedBy = (keys, hash) => encodeSignature(keys.map((k) => k.sign(hash)));
