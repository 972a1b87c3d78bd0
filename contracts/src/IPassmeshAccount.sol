// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// What a Passmesh account offers beside IAccount, ERC-1271, ERC-7821 and the token receivers. See docs/account.md.
interface IPassmeshAccount {
    /// One step of the account's owner list. The hash of a step names the step before it, so the steps form a chain
    /// that is the same on every blockchain; the account's address stands for the first owners.
    struct OwnerChange {
        uint64 sequence; // 1 for the first change, then one more each
        bytes32 previous; // ownersHead() before this change
        uint64 attempt; // sets a new proposal apart from an equal one that was vetoed
        uint64 threshold; // after this change
        bytes[] added; // owners, ERC-7913
        bytes[] removed;
    }

    // What was scheduled is told in full, so that every owner's wallet can show it while it may still be vetoed.
    event OwnerChangeScheduled(bytes32 indexed id, uint64 readyAt, OwnerChange change);
    event UpgradeScheduled(bytes32 indexed id, uint64 readyAt, address implementation, bytes call, uint64 attempt);
    event DelayScheduled(bytes32 indexed id, uint64 readyAt, uint32 delay, uint64 attempt);
    event ChangeVetoed(bytes32 indexed id, bytes owner); // owner is empty if the owners did it together

    // With the change, so that the owner list can be replayed elsewhere from the logs alone.
    event OwnersChanged(uint64 indexed sequence, bytes32 indexed head, OwnerChange change);
    event DelayChanged(uint32 delay);

    error OwnersNotSorted();
    error OwnersTooMany(uint256 count);
    error OwnerForbidden(bytes owner);
    error ChangeOutOfOrder(uint64 sequence, bytes32 previous);
    error ChangeUnauthorized();
    error ChangeKnown(bytes32 id);
    error ChangeNotReady(bytes32 id, uint64 readyAt);
    error DelayOutOfRange(uint32 delay);

    /// Sets the first owners, in ascending order of keccak256(owner), and the threshold. Called once, by the factory, in
    /// the transaction that makes the account.
    function initialize(bytes[] calldata owners, uint64 threshold) external;

    /// Proposes a change. From the account itself or the EntryPoint, signature is empty; from anyone else it is the owners'
    /// signature, in the account's encoding, over ownerChangeId(change). A change that only adds owners takes effect
    /// at once; any other is scheduled and takes effect by applyOwnerChange after the delay.
    function changeOwners(OwnerChange calldata change, bytes calldata signature) external;

    /// Carries out a scheduled change whose delay has passed. Anyone may call it.
    function applyOwnerChange(OwnerChange calldata change) external;

    /// The EIP-712 hash of change in this account's domain without a chain: what the owners sign, the name under which
    /// the change is scheduled, and, once applied, the new ownersHead().
    function ownerChangeId(OwnerChange calldata change) external view returns (bytes32);

    /// Schedules another implementation, with a call to it made at the switch (empty: none).
    function scheduleUpgrade(address implementation, bytes calldata call, uint64 attempt) external;

    /// Switches to a scheduled implementation whose delay has passed. Anyone may call it.
    function applyUpgrade(address implementation, bytes calldata call, uint64 attempt) external;

    function upgradeId(address implementation, bytes calldata call, uint64 attempt) external view returns (bytes32);

    /// Schedules another delay, in seconds.
    function scheduleDelay(uint32 delay, uint64 attempt) external;

    /// Puts a scheduled delay into force after the present one. Anyone may call it.
    function applyDelay(uint32 delay, uint64 attempt) external;

    function delayId(uint32 delay, uint64 attempt) external view returns (bytes32);

    /// Kills a scheduled change for good. Any single owner may: signature is that owner's, over vetoHash(id), and
    /// anyone may carry it to the account. From the account itself or the EntryPoint, owner and signature are empty.
    function veto(bytes32 id, bytes calldata owner, bytes calldata signature) external;

    /// The EIP-712 hash that an owner signs to veto id, in this account's domain without a chain.
    function vetoHash(bytes32 id) external view returns (bytes32);

    /// Hash of the last owner change applied; before the first, the account's address as a number.
    function ownersHead() external view returns (bytes32);

    /// Number of the last owner change applied; 0 before the first.
    function ownersSequence() external view returns (uint64);

    /// Seconds that a scheduled change waits.
    function delay() external view returns (uint32);

    /// Unix time from which a scheduled change may be applied; 0: not scheduled (or applied); 1: vetoed.
    function changeReadyAt(bytes32 id) external view returns (uint64);
}
