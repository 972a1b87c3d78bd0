// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Whatever it is paid, it answers by calling back what it was told to, once.
contract TestThief {
    address private _to;
    bytes private _data;
    bool public succeeded;
    bool public tried;

    function arm(address to, bytes calldata data) external {
        (_to, _data, tried, succeeded) = (to, data, false, false);
    }

    receive() external payable {
        if (!tried && _to != address(0)) {
            tried = true;
            (succeeded, ) = _to.call(_data);
        }
    }
}
