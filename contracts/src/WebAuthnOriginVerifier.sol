// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC7913SignatureVerifier} from "@openzeppelin/contracts/interfaces/IERC7913.sol";
import {WebAuthn} from "@openzeppelin/contracts/utils/cryptography/WebAuthn.sol";
import {ClientData} from "./ClientData.sol";
import {StrictEncoding} from "./StrictEncoding.sol";

/// ERC-7913 verifier for a passkey that may be used from one origin only.
///
/// key = qx (32 bytes) ‖ qy (32 bytes) ‖ SHA-256 of the origin's text (32 bytes).
/// signature = abi.encode(r, s, challengeIndex, typeIndex, authenticatorData, clientDataJSON), in that form alone.
///
/// OpenZeppelin's WebAuthn checks type, challenge, UP, UV, BE and BS, the length of the authenticator data, and the
/// P-256 signature with a low s, through P256VERIFY where the chain has it. This adds: the origin hashes to the key's
/// third word, type and challenge stand where they are said to and are members of the outermost object, and
/// the page was not embedded in another origin's. Ports do not separate relying parties, so without the
/// origin check any program that serves the same host name on another port could use the passkey.
/// SPEC webauthn-3 §"Verifying an Authentication Assertion": type, challenge, origin, crossOrigin, UP, UV and BS without BE.
/// It has no state, no owner and no constructor argument; anyone may deploy it, at the same address on every chain.
contract WebAuthnOriginVerifier is IERC7913SignatureVerifier {
    uint256 private constant KEY_LENGTH = 0x60;
    bytes4 private constant INVALID = 0xffffffff;

    /// @inheritdoc IERC7913SignatureVerifier
    function verify(bytes calldata key, bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        if (key.length != KEY_LENGTH || !StrictEncoding.isWebAuthnAuth(signature)) return INVALID;
        (bool decoded, WebAuthn.WebAuthnAuth calldata encoded) = WebAuthn.tryDecodeAuth(signature);
        if (!decoded) return INVALID;
        WebAuthn.WebAuthnAuth memory auth = encoded;
        bool valid = _isClientDataValid(auth, bytes32(key[0x40:0x60])) &&
            WebAuthn.verify(abi.encodePacked(hash), auth, bytes32(key[0x00:0x20]), bytes32(key[0x20:0x40]), true);
        return valid ? IERC7913SignatureVerifier.verify.selector : INVALID;
    }

    function _isClientDataValid(WebAuthn.WebAuthnAuth memory auth, bytes32 originHash) private view returns (bool) {
        bytes memory json = bytes(auth.clientDataJSON);
        (bool ok, ClientData.Members memory m) = ClientData.find(json);
        return
            ok &&
            m.typeIndex != 0 &&
            m.challengeIndex != 0 &&
            m.originIndex != 0 &&
            !m.crossOrigin &&
            m.typeIndex == auth.typeIndex &&
            m.challengeIndex == auth.challengeIndex &&
            _sha256(json, m.originIndex, m.originLength) == originHash;
    }

    /// SHA-256 of length bytes of data that start at index, without copying them.
    function _sha256(bytes memory data, uint256 index, uint256 length) private view returns (bytes32 digest) {
        assembly ("memory-safe") {
            // The precompile cannot fail for lack of anything but gas; then nothing here may go on.
            if iszero(staticcall(gas(), 0x02, add(add(data, 0x20), index), length, 0x00, 0x20)) {
                invalid()
            }
            digest := mload(0x00)
        }
    }
}
