// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Recognises the one encoding that the Solidity ABI gives to a value. The ABI decoders accept more: offsets in any
/// order, gaps, overlaps, dirty padding, trailing bytes. A signature is not covered by the hash that it signs, so
/// whoever carries it could swell it with such freedom; here each value has exactly one form.
/// SPEC ercs/ERC-4337 §"Smart Contract Account Interface": an invalid signature is reported by the return value, not thrown.
library StrictEncoding {
    /// More elements than this in one array is no signature of ours.
    uint256 internal constant ELEMENTS_MAX = 32;

    uint256 private constant WORD = 0x20;
    uint256 private constant BAD = type(uint256).max;

    /// True if data is abi.encode(bytes[] a, bytes[] b) for some a and b of at most ELEMENTS_MAX elements.
    function isTwoByteArrays(bytes calldata data) internal pure returns (bool) {
        unchecked {
            if (data.length < 4 * WORD || _word(data, 0) != 2 * WORD) return false;
            uint256 end = _arrayEnd(data, 2 * WORD);
            return end != BAD && _word(data, WORD) == end && _arrayEnd(data, end) == data.length;
        }
    }

    /// True if data is abi.encode(bytes32 r, bytes32 s, uint256 challengeIndex, uint256 typeIndex, bytes
    /// authenticatorData, string clientDataJSON).
    function isWebAuthnAuth(bytes calldata data) internal pure returns (bool) {
        unchecked {
            if (data.length < 8 * WORD || _word(data, 4 * WORD) != 6 * WORD) return false;
            uint256 end = _bytesEnd(data, 6 * WORD);
            return end != BAD && _word(data, 5 * WORD) == end && _bytesEnd(data, end) == data.length;
        }
    }

    /// The offset after the array of bytes whose length word stands at `pos`, or BAD.
    function _arrayEnd(bytes calldata data, uint256 pos) private pure returns (uint256) {
        unchecked {
            if (data.length < pos + WORD) return BAD;
            uint256 count = _word(data, pos);
            uint256 head = pos + WORD;
            if (count > ELEMENTS_MAX || data.length < head + count * WORD) return BAD;
            uint256 end = head + count * WORD;
            for (uint256 i = 0; i < count; ++i) {
                if (_word(data, head + i * WORD) != end - head) return BAD;
                end = _bytesEnd(data, end);
                if (end == BAD) return BAD;
            }
            return end;
        }
    }

    /// The offset after the bytes, zero padding included, whose length word stands at `pos`, or BAD.
    function _bytesEnd(bytes calldata data, uint256 pos) private pure returns (uint256) {
        unchecked {
            if (data.length < pos + WORD) return BAD;
            uint256 len = _word(data, pos);
            if (len > data.length) return BAD;
            uint256 end = pos + WORD + ((len + WORD - 1) / WORD) * WORD;
            if (data.length < end) return BAD;
            uint256 tail = len % WORD;
            if (tail != 0 && _word(data, end - WORD) << (8 * tail) != 0) return BAD;
            return end;
        }
    }

    /// The word at an offset that the caller has checked to lie inside data.
    function _word(bytes calldata data, uint256 pos) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, pos))
        }
    }
}
