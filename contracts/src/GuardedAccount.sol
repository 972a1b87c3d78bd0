// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {HeldAccount} from "./HeldAccount.sol";
import {IRecovery, ISettings} from "./IRecovery.sol";

/// Guardians, who change the owners when the owners cannot, and the brake that any owner has.
///
/// An owner's answer to a recovery is to put it off, twice; each time is signed for that time, so that nobody can spend both
/// by repeating one.
/// Guardians sign for one chain and one round: nothing they signed can be used elsewhere, or again.
abstract contract GuardedAccount is IRecovery, HeldAccount {
    using EnumerableSet for EnumerableSet.BytesSet;

    uint256 public constant GUARDIANS_MAX = 16;
    uint8 public constant VETOES_MAX = 2;
    uint32 public constant PERIOD_MIN = 1 hours; // of a limit
    uint32 public constant PERIOD_MAX = 366 days;

    bytes32 private constant SETTING_TYPEHASH = keccak256("Setting(bytes call,uint64 attempt,bytes32 ownersHead)");
    bytes32 private constant RECOVER_TYPEHASH = keccak256("Recover(bytes32 change,uint64 round)");
    bytes32 private constant CANCEL_TYPEHASH = keccak256("CancelRecovery(bytes32 change,uint64 round)");
    bytes32 private constant PUT_OFF_TYPEHASH = keccak256("PutOffRecovery(bytes32 change,uint64 round,uint8 vetoes)");
    bytes32 private constant FREEZE_TYPEHASH = keccak256("Freeze(bytes32 ownersHead)");
    bytes32 private constant HOLD_TYPEHASH = keccak256("Hold(bytes32 zero,uint64 round)");

    /// @inheritdoc IRecovery
    function guardians() external view returns (bytes[] memory list, uint64 threshold_, uint32 delay_) {
        Recovery storage $ = _recovery();
        return ($.list.values(), $.threshold, $.delay);
    }

    /// @inheritdoc IRecovery
    function recovery() external view returns (RecoveryState memory) {
        Recovery storage $ = _recovery();
        return
            RecoveryState(_isRecovering() ? $.pending : bytes32(0), $.readyAt, $.vetoes, $.round, $.frozenUntil, $.heldUntil);
    }

    /// @inheritdoc IRecovery
    function scheduleSetting(bytes calldata call, uint64 attempt) external onlyEntryPointOrSelf {
        bytes32 id = settingId(call, attempt);
        emit SettingScheduled(id, _schedule(id), call, attempt);
    }

    /// @inheritdoc IRecovery
    function applySetting(bytes calldata call, uint64 attempt) external {
        _checkOwnersFree();
        _take(settingId(call, attempt));
        _set(bytes4(call), call[4:]);
    }

    /// @inheritdoc IRecovery
    function settingId(bytes calldata call, uint64 attempt) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(SETTING_TYPEHASH, keccak256(call), attempt, ownersHead())));
    }

    /// @inheritdoc IRecovery
    function recover(OwnerChange calldata change, bytes calldata signature) external {
        Recovery storage $ = _recovery();
        require(!_isRecovering(), RecoveryPending($.pending));
        _checkOrder(change);
        uint256 count = getSignerCount() + change.added.length;
        require(change.threshold != 0, MultiSignerERC7913ZeroThreshold());
        require(
            count >= change.removed.length + change.threshold,
            MultiSignerERC7913UnreachableThreshold(uint64(count), change.threshold)
        );
        bytes32 id = ownerChangeId(change);
        require(_isSignedByGuardians(RECOVER_TYPEHASH, id, signature), ChangeUnauthorized());
        ++$.round;
        uint64 readyAt = uint64(block.timestamp) + $.delay;
        ($.pending, $.readyAt) = (id, readyAt);
        if ($.heldUntil > block.timestamp) {
            ($.heldUntil, $.frozenUntil) = (uint48(readyAt), _later($.frozenUntil, readyAt));
        }
        emit RecoveryScheduled(id, readyAt, change);
    }

    /// @inheritdoc IRecovery
    function applyRecovery(OwnerChange calldata change) external {
        bytes32 id = ownerChangeId(change);
        Recovery storage $ = _recovery();
        require(_isRecovering() && $.pending == id, RecoveryNotPending(id));
        require($.readyAt <= block.timestamp, ChangeNotReady(id, $.readyAt));
        _checkOrder(change);
        _endRecovery($, true);
        ($.vetoes, $.frozenUntil, $.heldUntil) = (0, 0, 0);
        _applyOwnerChange(change, id);
    }

    /// @inheritdoc IRecovery
    function cancelRecovery(bytes calldata signature) external {
        Recovery storage $ = _recovery();
        require(_isRecovering(), RecoveryNotPending(0));
        require(_isSignedByGuardians(CANCEL_TYPEHASH, $.pending, signature), ChangeUnauthorized());
        _endRecovery($, false);
    }

    /// @inheritdoc IRecovery
    function putOffRecovery(bytes calldata owner, bytes calldata signature) external {
        Recovery storage $ = _recovery();
        require(_isRecovering(), RecoveryNotPending(0));
        require($.vetoes < VETOES_MAX, RecoveryVetoesSpent());
        _checkOneOwner(owner, keccak256(abi.encode(PUT_OFF_TYPEHASH, $.pending, $.round, $.vetoes)), signature);
        ++$.vetoes;
        $.readyAt = _later(uint48($.readyAt), block.timestamp) + $.delay;
        emit RecoveryPutOff($.pending, $.readyAt, $.vetoes, owner);
    }

    /// @inheritdoc IRecovery
    function freeze(bytes calldata owner, bytes calldata signature) external {
        Recovery storage $ = _recovery();
        bytes32 head = ownersHead();
        uint48 until;
        if (owner.length != 0) {
            _checkOneOwner(owner, keccak256(abi.encode(FREEZE_TYPEHASH, head)), signature);
            bytes32 who = keccak256(abi.encode(head, keccak256(owner)));
            require(!$.frozeAt[who], AlreadyFrozen());
            $.frozeAt[who] = true;
            until = uint48(block.timestamp) + delay();
        } else {
            require(_isSignedByGuardians(HOLD_TYPEHASH, 0, signature), ChangeUnauthorized());
            require($.heldHead != head, AlreadyFrozen());
            $.heldHead = head;
            ++$.round;
            until = uint48(block.timestamp) + $.delay;
            $.heldUntil = until;
        }
        until = _later($.frozenUntil, until);
        $.frozenUntil = until;
        emit AccountFrozen(until, owner);
    }

    /// A setting whose time has come. Whatever it is of, it is checked here: what cannot be carried out is refused, and
    /// stays as it was.
    function _set(bytes4 selector, bytes calldata args) private {
        if (selector == ISettings.setLimit.selector) {
            (address token, uint256 amount, uint32 period) = abi.decode(args, (address, uint256, uint32));
            require(period >= PERIOD_MIN && period <= PERIOD_MAX, PeriodOutOfRange(period));
            _setLimit(token, amount, period);
        } else if (selector == ISettings.setKnown.selector) {
            _setKnown(abi.decode(args, (address)), true);
        } else {
            require(selector == ISettings.setGuardians.selector, SettingUnknown(selector));
            _setGuardians(args);
        }
    }

    function _setGuardians(bytes calldata args) private {
        (bytes[] memory list, uint64 threshold_, uint32 delay_) = abi.decode(args, (bytes[], uint64, uint32));
        Recovery storage $ = _recovery();
        require(list.length <= GUARDIANS_MAX && threshold_ <= list.length, GuardiansInvalid());
        require(list.length == 0 || threshold_ != 0, GuardiansInvalid());
        require(delay_ >= DELAY_MIN && delay_ <= DELAY_MAX, DelayOutOfRange(delay_));
        $.list.clear();
        for (uint256 i = 0; i < list.length; ++i) {
            _checkKey(list[i]);
            require($.list.add(list[i]), GuardiansInvalid());
        }
        ($.threshold, $.delay, $.vetoes) = (threshold_, delay_, 0);
        ++$.round;
        emit GuardiansChanged(list, threshold_, delay_);
    }

    /// The guardians' quorum signs for this chain and this round.
    function _isSignedByGuardians(bytes32 typeHash, bytes32 what, bytes calldata signature) private view returns (bool) {
        Recovery storage $ = _recovery();
        bytes32 hash = _hashTypedDataV4(keccak256(abi.encode(typeHash, what, $.round)));
        return _isSignedBy($.list, false, $.threshold, hash, signature);
    }

    /// One owner's signature; or, with none named, the account's own call.
    function _checkOneOwner(bytes calldata owner, bytes32 structHash, bytes calldata signature) private view {
        if (owner.length == 0) {
            _checkEntryPointOrSelf();
        } else {
            require(
                isSigner(owner) &&
                    SignatureChecker.isValidSignatureNow(owner, _hashTypedDataV4(structHash), signature),
                ChangeUnauthorized()
            );
        }
    }

    function _endRecovery(Recovery storage $, bool applied) private {
        emit RecoveryEnded($.pending, applied);
        $.pending = 0;
        ++$.round;
    }

    function _later(uint48 a, uint256 b) private pure returns (uint48) {
        return b > a ? uint48(b) : a;
    }
}
