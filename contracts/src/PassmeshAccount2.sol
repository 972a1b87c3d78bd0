// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LimitedAccount} from "./LimitedAccount.sol";

/// Version 2, taken by scheduleUpgrade: guardians, limits and session keys. An account's address stays what it was.
///
/// A contract may have 24,576 bytes of code, which is too little for all of it: the functions of guardians and settings stand in a
/// second contract, PassmeshAccount2Guardians, which runs on the account's own storage. Validation never goes there.
contract PassmeshAccount2 layout at 0x13e8aaa1d17fdcceead286459ddf142bcf4118a95749d8dfa336fc9c629ce700 is LimitedAccount {
    address private immutable _second;

    constructor(address second) {
        _second = second;
    }

    /// What is not here is there, or refused there.
    fallback() external payable {
        address second = _second;
        assembly ("memory-safe") {
            let data := mload(0x40)
            calldatacopy(data, 0, calldatasize())
            let done := delegatecall(gas(), second, data, calldatasize(), 0, 0)
            returndatacopy(data, 0, returndatasize())
            if iszero(done) {
                revert(data, returndatasize())
            }
            return(data, returndatasize())
        }
    }
}
