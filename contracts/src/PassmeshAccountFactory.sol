// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";
import {IPassmeshAccount} from "./IPassmeshAccount.sol";
import {PassmeshProxy} from "./PassmeshProxy.sol";

/// Makes accounts. An account's address depends on this factory, the first owners, the threshold and a salt, and
/// on nothing else: whoever makes it, the owners get it.
contract PassmeshAccountFactory {
    /// What new accounts run.
    address public immutable implementation;

    event AccountCreated(address indexed account);

    constructor(address implementation_) {
        implementation = implementation_;
    }

    /// Makes the account, or returns it if it exists. Anyone may call it.
    function createAccount(bytes[] calldata owners, uint64 threshold, bytes32 salt) external returns (address account) {
        account = addressOf(owners, threshold, salt);
        if (account.code.length != 0) return account;
        new PassmeshProxy{salt: _salt(owners, threshold, salt)}(implementation);
        IPassmeshAccount(account).initialize(owners, threshold);
        emit AccountCreated(account);
    }

    /// The address of the account, made or not. owners stand in ascending order of keccak256(owner).
    function addressOf(bytes[] calldata owners, uint64 threshold, bytes32 salt) public view returns (address) {
        return Create2.computeAddress(_salt(owners, threshold, salt), proxyInitCodeHash());
    }

    /// keccak256 of the creation code that every account is made from.
    function proxyInitCodeHash() public view returns (bytes32) {
        return keccak256(abi.encodePacked(type(PassmeshProxy).creationCode, abi.encode(implementation)));
    }

    function _salt(bytes[] calldata owners, uint64 threshold, bytes32 salt) private pure returns (bytes32) {
        return keccak256(abi.encode(owners, threshold, salt));
    }
}
