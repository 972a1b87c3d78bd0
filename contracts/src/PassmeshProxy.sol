// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";

/// An account as it stands on chain: an ERC-1967 proxy whose creation code is the same for every account, so that its
/// CREATE2 address needs one constant hash. The factory initialises it in the same transaction.
contract PassmeshProxy is ERC1967Proxy {
    constructor(address implementation) ERC1967Proxy(implementation, "") {}

    /// Plain ether is taken here. Some contracts pay with 2,300 gas, too little to reach the implementation, and what they
    /// owe would be stuck.
    receive() external payable {}

    function _unsafeAllowUninitialized() internal pure override returns (bool) {
        return true;
    }
}
