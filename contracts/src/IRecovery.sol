// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPassmeshAccount} from "./IPassmeshAccount.sol";

/// What scheduleSetting may carry. The account has no such functions: these calls are only ever scheduled.
interface ISettings {
    /// Guardians (ERC-7913 signers, at most 16, all different), how many of them decide, and how long what they decide waits.
    /// An empty list with threshold 0 takes them away.
    function setGuardians(bytes[] calldata list, uint64 threshold, uint32 delay) external;

    /// What one owner may spend of token (zero: ether) in a period of so many seconds.
    function setLimit(address token, uint256 amount, uint32 period) external;

    /// An address to which one owner may send without limit.
    function setKnown(address to) external;
}

/// Guardians of an account, and what stops it. See docs/account.md, "Guardians".
interface IRecovery {
    event SettingScheduled(bytes32 indexed id, uint64 readyAt, bytes call, uint64 attempt);
    event GuardiansChanged(bytes[] list, uint64 threshold, uint32 delay);
    event RecoveryScheduled(bytes32 indexed id, uint64 readyAt, IPassmeshAccount.OwnerChange change);
    event RecoveryPutOff(bytes32 indexed id, uint64 readyAt, uint8 vetoes, bytes owner);
    event RecoveryEnded(bytes32 indexed id, bool applied);
    event AccountFrozen(uint48 until, bytes owner); // owner is empty if the guardians did it

    error SettingUnknown(bytes4 selector);
    error GuardiansInvalid();
    error PeriodOutOfRange(uint32 period);
    error RecoveryPending(bytes32 id);
    error RecoveryNotPending(bytes32 id);
    error RecoveryVetoesSpent();
    error AccountHeld(uint48 until);
    error AlreadyFrozen();

    struct RecoveryState {
        bytes32 pending; // the ownerChangeId under way; 0: none
        uint64 readyAt; // Unix time from which it may be applied
        uint8 vetoes; // how often owners put a change of these guardians off
        uint64 round; // what guardians sign names it; each of their acts takes it one further
        uint48 frozenUntil; // no operation before this time
        uint48 heldUntil; // by guardians: neither owners nor implementation nor guardians change before this time
    }

    function guardians() external view returns (bytes[] memory list, uint64 threshold, uint32 delay);

    function recovery() external view returns (RecoveryState memory);

    /// Proposes a setting: the call of a function of ISettings. It waits for delay(), and any single owner may veto it.
    function scheduleSetting(bytes calldata call, uint64 attempt) external;

    /// Puts a scheduled setting into force. Anyone may call it; not while a recovery is under way.
    function applySetting(bytes calldata call, uint64 attempt) external;

    function settingId(bytes calldata call, uint64 attempt) external view returns (bytes32);

    /// Begins to change the owners as the guardians' quorum signed over Recover(ownerChangeId(change), round). Anyone may carry it.
    function recover(IPassmeshAccount.OwnerChange calldata change, bytes calldata signature) external;

    /// Carries out a recovery whose time has come. Anyone may call it.
    function applyRecovery(IPassmeshAccount.OwnerChange calldata change) external;

    /// The guardians take their recovery back; signature over CancelRecovery(pending, round).
    function cancelRecovery(bytes calldata signature) external;

    /// Any single owner puts the recovery off by the guardians' delay, twice for the same guardians and then no more.
    /// signature: the owner's, over PutOffRecovery(pending, round, vetoes); from the account itself or the EntryPoint, both are empty.
    function putOffRecovery(bytes calldata owner, bytes calldata signature) external;

    /// Stops all operations of the account for a while. By any single owner, over Freeze(ownersHead()), for delay(), once for
    /// each owner list; or, with an empty owner, by the guardians' quorum over Hold(0, round), for their delay, once for each
    /// owner list; then owners, guardians and implementation stand still too. What comes in still comes in.
    function freeze(bytes calldata owner, bytes calldata signature) external;
}
