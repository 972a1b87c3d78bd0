// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// What fewer owners than the threshold may do, and what session keys may. See docs/account.md, "Limits" and "Session keys".
interface ILimits {
    struct Call {
        address to;
        uint256 value; // wei
        bytes data;
    }

    /// What a session key may do, and how much in all.
    struct Policy {
        address target; // the one address it may call
        bytes4 selector; // the one function; 0: plain ether
        address recipient; // first argument of a token's transfer or approve; 0: anyone
        uint256 amount; // tokens in all, for a token's transfer or approve; else 0
        uint256 ether_; // wei in all, the operations' greatest fees included
    }

    event LimitChanged(address indexed token, uint256 amount, uint32 period);
    event KnownChanged(address indexed to, bool known);
    event SessionAdded(uint160 indexed id, bytes signer, uint48 validUntil, Policy policy);
    event SessionEnded(uint160 indexed id);

    error LimitExceeded(address token, uint256 amount, uint256 left);
    error LimitNotLower();
    error CallNotAllowed(address to);
    error SessionInvalid();

    /// What one owner may spend of token (zero: ether) in a period; spent and since belong to the period under way.
    function limitOf(address token) external view returns (uint256 amount, uint32 period, uint256 spent, uint48 since);

    /// At once: no more than the present amount in no shorter a period.
    function lowerLimit(address token, uint256 amount, uint32 period) external;

    /// Whether one owner may send to this address without limit.
    function isKnown(address to) external view returns (bool);

    /// Takes an address off the list, at once.
    function forgetKnown(address to) external;

    /// The greatest fees that operations of fewer owners than the threshold have promised in the period of ether's limit.
    function limitFees() external view returns (uint256);

    /// Begins a new period of token's limit if the last one is over. Anyone may call it.
    function renewLimit(address token) external;

    /// Calls that one owner's signature suffices for: ether and ERC-20 transfers within the limits or to known addresses, and what
    /// takes power away: veto, putOffRecovery, endSession, lowerLimit, forgetKnown of the account itself. By the EntryPoint.
    function executeWithin(Call[] calldata calls) external;

    function session(uint160 id) external view returns (bytes memory signer, uint48 validUntil, bytes32 policyHash);

    /// What is left of a session's amount and ether.
    function sessionLeft(uint160 id) external view returns (uint256 amount, uint256 ether_);

    /// A key that may make the calls of policy until a time. It ends when the owners change.
    function addSession(uint160 id, bytes calldata signer, uint48 validUntil, Policy calldata policy) external;

    /// At once; one owner's executeWithin may do it.
    function endSession(uint160 id) external;

    /// A session key's call. By the EntryPoint, in an operation whose nonce key is 1 ‖ id (32 and 160 bits).
    function executeSession(uint160 id, uint256 value, bytes calldata data) external;
}
