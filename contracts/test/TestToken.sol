// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// A worthless ERC-20 token for the local network: anyone may mint.
contract TestToken is ERC20 {
    constructor() ERC20("Passmesh Test Token", "PTT") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
