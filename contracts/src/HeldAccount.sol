// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC4337Utils} from "@openzeppelin/contracts/account/utils/ERC4337Utils.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ERC7739} from "@openzeppelin/contracts/utils/cryptography/signers/draft-ERC7739.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {ILimits} from "./ILimits.sol";
import {IRecovery} from "./IRecovery.sol";
import {OwnedAccount} from "./OwnedAccount.sol";
import {StrictEncoding} from "./StrictEncoding.sol";

/// What both halves of version 2 share: where guardians, limits and sessions lie, and when the account stands still.
///
/// While a recovery is under way, or the guardians hold the account, owners, guardians, settings and implementation stand still:
/// whoever has an owner's key could otherwise end the recovery by moving the owner list under it.
abstract contract HeldAccount is OwnedAccount {
    using EnumerableSet for EnumerableSet.BytesSet;

    /// @custom:storage-location erc7201:passmesh.account.recovery
    struct Recovery {
        EnumerableSet.BytesSet list;
        uint64 threshold;
        uint32 delay;
        uint64 round;
        uint48 frozenUntil;
        uint48 heldUntil;
        bytes32 pending; // ownerChangeId; 0: none
        uint64 readyAt;
        uint8 vetoes;
        bytes32 heldHead; // the owner list at which the guardians last held the account
        mapping(bytes32 => bool) frozeAt; // keccak256(owner list's head, keccak256(owner))
    }

    struct Limit {
        uint256 amount;
        uint256 spent;
        uint48 since;
        uint32 period; // seconds; 0: no limit was set, so nothing may be spent
    }

    /// @custom:storage-location erc7201:passmesh.account.limits
    struct Limits {
        mapping(address token => Limit) limit;
        mapping(address to => bool) known;
        uint256 fees; // promised in the period of ether's limit
    }

    /// A recovery that nobody applied for so long is over: it may be one that cannot be applied.
    uint64 public constant RECOVERY_LAPSE = 14 days;

    /// ERC-7201 roots of "passmesh.account.recovery" and "passmesh.account.limits".
    bytes32 private constant RECOVERY_ROOT = 0xc70b6e9542cff4fecb75c78b586bfd1b8d95fe6f00d07923c8c85a49785de000;
    bytes32 private constant LIMITS_ROOT = 0x92f162a327721af11f9a04502247edd8fb36a4802a06aae6219eee05275aba00;

    uint160 private constant RESERVED_MAX = 0xffff; // as for owners

    /// A frozen account signs nothing for applications either: a permit would be a way out for tokens.
    function isValidSignature(
        bytes32 hash,
        bytes calldata signature
    ) public view virtual override(ERC7739) returns (bytes4) {
        return _recovery().frozenUntil > block.timestamp ? bytes4(0xffffffff) : super.isValidSignature(hash, signature);
    }

    /// SPEC ercs/ERC-7562 §"Opcode Rules": validation does not ask for the time; that an account is frozen is told to the
    /// EntryPoint as the time from which the operation holds. Without this, fees alone could drain a frozen account.
    function _validateUserOp(
        PackedUserOperation calldata /* op */,
        bytes32 hash,
        bytes calldata signature
    ) internal virtual override returns (uint256) {
        return ERC4337Utils.packValidationData(_rawSignatureValidation(hash, signature), _recovery().frozenUntil, 0);
    }

    function _checkOwnersFree() internal view virtual override {
        Recovery storage $ = _recovery();
        require(!_isRecovering(), IRecovery.RecoveryPending($.pending));
        require($.heldUntil <= block.timestamp, IRecovery.AccountHeld($.heldUntil));
    }

    /// True if signature is abi.encode(keys, signatures) in its strict form, with at least one key, every key in the set, every
    /// signature valid and by another key.
    function _isSignedBy(
        EnumerableSet.BytesSet storage set,
        bool owners,
        uint256 least,
        bytes32 hash,
        bytes calldata signature
    ) internal view returns (bool) {
        if (!StrictEncoding.isTwoByteArrays(signature)) return false;
        (bytes[] memory keys, bytes[] memory signatures) = abi.decode(signature, (bytes[], bytes[]));
        if (least == 0 || keys.length < least) return false;
        for (uint256 i = 0; i < keys.length; ++i) {
            if (!(owners ? isSigner(keys[i]) : set.contains(keys[i]))) return false;
        }
        return SignatureChecker.areValidSignaturesNow(hash, keys, signatures);
    }

    /// Refuses a key that could never sign, or for which anything would pass. As for owners.
    function _checkKey(bytes memory key) internal view {
        require(key.length >= 20, OwnerForbidden(key));
        address first = address(bytes20(key));
        require(
            uint160(first) > RESERVED_MAX && first != address(this) && (key.length == 20 || first.code.length != 0),
            OwnerForbidden(key)
        );
    }

    function _setLimit(address token, uint256 amount, uint32 period) internal {
        Limit storage l = _limits().limit[token];
        (l.amount, l.period) = (amount, period);
        if (l.since == 0) l.since = uint48(block.timestamp);
        emit ILimits.LimitChanged(token, amount, period);
    }

    function _setKnown(address to, bool known) internal {
        _limits().known[to] = known;
        emit ILimits.KnownChanged(to, known);
    }

    function _isRecovering() internal view returns (bool) {
        Recovery storage $ = _recovery();
        return $.pending != 0 && block.timestamp < $.readyAt + RECOVERY_LAPSE;
    }

    function _recovery() internal pure returns (Recovery storage $) {
        assembly ("memory-safe") {
            $.slot := RECOVERY_ROOT
        }
    }

    function _limits() internal pure returns (Limits storage $) {
        assembly ("memory-safe") {
            $.slot := LIMITS_ROOT
        }
    }
}
