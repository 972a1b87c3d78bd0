// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Stands in for a later implementation.
contract TestUpgrade {
    uint256 private constant MARK_SLOT = uint256(keccak256("passmesh.test.mark"));

    function version() external pure returns (uint256) {
        return 2;
    }

    function setMark(uint256 value) external {
        uint256 slot = MARK_SLOT;
        assembly {
            sstore(slot, value)
        }
    }

    function mark() external view returns (uint256 value) {
        uint256 slot = MARK_SLOT;
        assembly {
            value := sload(slot)
        }
    }
}
