// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Pays as old contracts do: with the stipend of 2,300 gas and no more.
contract TestPayer {
    function pay(address to) external payable {
        (bool paid, ) = to.call{value: msg.value, gas: 0}("");
        require(paid);
    }
}
