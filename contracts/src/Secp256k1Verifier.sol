// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC7913SignatureVerifier} from "@openzeppelin/contracts/interfaces/IERC7913.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// ERC-7913 verifier for an ordinary Ethereum key. key = the 20 bytes of its address; signature = r ‖ s ‖ v (65 bytes,
/// low s) over the hash itself, with no message prefix.
///
/// SPEC ercs/ERC-7562 §"Opcode Rules": OP-041, no address without code is asked for it during validation.
/// A bare 20-byte owner would be asked; an ordinary key therefore becomes an owner through this verifier.
contract Secp256k1Verifier is IERC7913SignatureVerifier {
    /// @inheritdoc IERC7913SignatureVerifier
    function verify(bytes calldata key, bytes32 hash, bytes calldata signature) external pure returns (bytes4) {
        if (key.length != 20) return 0xffffffff;
        (address signer, ECDSA.RecoverError err, ) = ECDSA.tryRecoverCalldata(hash, signature);
        bool valid = err == ECDSA.RecoverError.NoError && signer == address(bytes20(key));
        return valid ? IERC7913SignatureVerifier.verify.selector : bytes4(0xffffffff);
    }
}
