// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// Finds the members of clientDataJSON that an account relies on, by walking the top level of the object once.
///
/// A search for the text `"origin":"` could be answered from inside a string or a nested object. The walk knows where
/// it is: it steps over each value as a whole, so only members of the outermost object are ever looked at.
/// Members may come in any order and unknown ones are stepped over. Refused, because no client writes them and they
/// would let two readers disagree: white space between the outermost tokens, an escape in a member's name, a member that matters
/// given twice, anything after the closing brace.
/// SPEC webauthn-3 §"Limited Verification Algorithm": clients add members, so no comparison with a template.
library ClientData {
    struct Members {
        uint256 typeIndex; // where the quote that opens "type" stands; 0: no such member (a name never stands at 0)
        uint256 challengeIndex; // likewise
        uint256 originIndex; // where the text of origin's value starts, after its quote
        uint256 originLength;
        bool crossOrigin; // the member crossOrigin is present and is not false
    }

    uint256 private constant FAIL = 0;

    uint256 private constant SPACE = 0x20;
    uint256 private constant QUOTE = 0x22;
    uint256 private constant COMMA = 0x2c;
    uint256 private constant COLON = 0x3a;
    uint256 private constant OPEN_BRACKET = 0x5b;
    uint256 private constant CLOSE_BRACKET = 0x5d;
    uint256 private constant OPEN_BRACE = 0x7b;
    uint256 private constant CLOSE_BRACE = 0x7d;

    // Names with both quotes, left-aligned.
    bytes32 private constant TYPE = '"type"';
    bytes32 private constant CHALLENGE = '"challenge"';
    bytes32 private constant ORIGIN = '"origin"';
    bytes32 private constant CROSS_ORIGIN = '"crossOrigin"';
    bytes32 private constant FALSE = "false";

    /// Walks json. ok is false if it is not an object of the accepted form; then m means nothing.
    function find(bytes memory json) internal pure returns (bool ok, Members memory m) {
        unchecked {
            if (_at(json, 0) != OPEN_BRACE) return (false, m);
            uint256 nameIndex = 1;
            while (true) {
                uint256 valueIndex = _stringEnd(json, nameIndex, false) + 1;
                if (valueIndex == FAIL + 1 || _at(json, valueIndex - 1) != COLON) return (false, m);
                uint256 end = _valueEnd(json, valueIndex);
                if (end == FAIL || !_note(json, m, nameIndex, valueIndex, end)) return (false, m);
                uint256 c = _at(json, end);
                nameIndex = end + 1;
                if (c == CLOSE_BRACE) return (nameIndex == json.length, m);
                if (c != COMMA) return (false, m);
            }
        }
    }

    /// Records a member that matters. False if it was there already or has a form that is refused.
    function _note(
        bytes memory json,
        Members memory m,
        uint256 nameIndex,
        uint256 valueIndex,
        uint256 end
    ) private pure returns (bool) {
        unchecked {
            bytes32 name = _text(json, nameIndex, valueIndex - 1 - nameIndex);
            if (name == TYPE) {
                if (m.typeIndex != 0) return false;
                m.typeIndex = nameIndex;
            } else if (name == CHALLENGE) {
                if (m.challengeIndex != 0) return false;
                m.challengeIndex = nameIndex;
            } else if (name == ORIGIN) {
                if (m.originIndex != 0 || _stringEnd(json, valueIndex, false) != end) return false;
                m.originIndex = valueIndex + 1;
                m.originLength = end - valueIndex - 2;
            } else if (name == CROSS_ORIGIN) {
                m.crossOrigin = m.crossOrigin || _text(json, valueIndex, end - valueIndex) != FALSE;
            }
            return true;
        }
    }

    /// The index after the value that starts at i, or FAIL. Brackets are counted, not matched by kind.
    function _valueEnd(bytes memory json, uint256 i) private pure returns (uint256) {
        unchecked {
            if (_at(json, i) == QUOTE) return _stringEnd(json, i, true);
            uint256 start = i;
            uint256 depth = 0;
            while (i < json.length) {
                uint256 c = _at(json, i);
                if (c == QUOTE) {
                    i = _stringEnd(json, i, true);
                    if (i == FAIL) return FAIL;
                    continue;
                }
                if (c == OPEN_BRACE || c == OPEN_BRACKET) {
                    ++depth;
                } else if (c == CLOSE_BRACE || c == CLOSE_BRACKET) {
                    if (depth == 0) return i == start ? FAIL : i;
                    --depth;
                } else if (depth == 0) {
                    if (c == COMMA) return i == start ? FAIL : i;
                    if (c <= SPACE) return FAIL;
                }
                ++i;
            }
            return FAIL;
        }
    }

    /// The index after the string that starts at i, or FAIL; an escape is refused unless escapes is set.
    function _stringEnd(bytes memory json, uint256 i, bool escapes) private pure returns (uint256) {
        unchecked {
            if (_at(json, i) != QUOTE) return FAIL;
            for (++i; i < json.length; ) {
                uint256 marks = _quotesAndBackslashes(json, i);
                if (marks == 0) {
                    i += 32;
                    continue;
                }
                i += 31 - Math.log2(marks) / 8;
                uint256 c = _at(json, i);
                if (c == QUOTE) return i + 1;
                if (c == 0 || !escapes) return FAIL; // behind the end, or a backslash
                i += 2;
            }
            return FAIL;
        }
    }

    /// A word with the top bit of each byte set where that byte of the 32 at i is a quote or a backslash. What stands
    /// behind the end of json may set bits too; _at then tells.
    function _quotesAndBackslashes(bytes memory json, uint256 i) private pure returns (uint256 marks) {
        assembly ("memory-safe") {
            // For each byte x of a word: the top bit of ((x & 7f) + 7f) | x is clear exactly where x is zero, and no byte
            // carries into the next.
            let low := 0x7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f
            let word := mload(add(add(json, 0x20), i))
            let q := xor(word, 0x2222222222222222222222222222222222222222222222222222222222222222)
            let b := xor(word, 0x5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c)
            q := or(add(and(q, low), low), q)
            b := or(add(and(b, low), low), b)
            marks := not(or(and(q, b), low))
        }
    }

    /// The length bytes at pos, left-aligned, if there are at most 32 of them; else zero, which equals no name.
    function _text(bytes memory json, uint256 pos, uint256 length) private pure returns (bytes32 text) {
        if (length > 32) return 0;
        assembly ("memory-safe") {
            text := mload(add(add(json, 0x20), pos))
            let unused := sub(256, mul(8, length))
            text := shl(unused, shr(unused, text))
        }
    }

    /// The byte at i, or zero, which is no token, when i is outside.
    function _at(bytes memory json, uint256 i) private pure returns (uint256 c) {
        assembly ("memory-safe") {
            c := mul(lt(i, mload(json)), byte(0, mload(add(add(json, 0x20), i))))
        }
    }
}
