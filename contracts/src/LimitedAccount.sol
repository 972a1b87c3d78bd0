// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC4337Utils} from "@openzeppelin/contracts/account/utils/ERC4337Utils.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {HeldAccount} from "./HeldAccount.sol";
import {ILimits} from "./ILimits.sol";
import {IRecovery} from "./IRecovery.sol";
import {StrictEncoding} from "./StrictEncoding.sol";

/// Limits, under which one owner suffices where the threshold asks for more, and session keys.
///
/// Which rule an operation follows is told by the function that it calls: executeWithin needs one owner, executeSession its
/// session's key, everything else the threshold. Money is counted before any call is made, so that whoever is called finds
/// it spent. Fees are counted too, at validation, as the most they can be: with fees alone, paid to himself, a thief of one key
/// could otherwise empty the account.
abstract contract LimitedAccount is ILimits, HeldAccount {
    using ERC4337Utils for PackedUserOperation;

    struct Session {
        bytes signer; // empty: no session
        address target;
        bytes4 selector;
        uint48 validUntil;
        address recipient;
        uint256 amount; // left
        uint256 ether_; // left
        bytes32 head; // the owner list under which it was made
        bytes32 policyHash;
    }

    /// @custom:storage-location erc7201:passmesh.account.sessions
    struct Sessions {
        mapping(uint160 id => Session) session;
    }

    uint48 public constant SESSION_MAX = 366 days;

    uint256 private constant SESSION_NONCE = 1; // the top 32 bits of a nonce key

    /// ERC-7201 root of "passmesh.account.sessions".
    bytes32 private constant SESSIONS_ROOT = 0xdacecd796a3e6ef44474f7de5b246ea04f6938d6f1b58138afac6fa24fc41f00;

    /// @inheritdoc ILimits
    function limitOf(address token) external view returns (uint256 amount, uint32 period, uint256 spent, uint48 since) {
        Limit storage l = _limits().limit[token];
        return (l.amount, l.period, l.spent, l.since);
    }

    /// @inheritdoc ILimits
    function limitFees() external view returns (uint256) {
        return _limits().fees;
    }

    /// @inheritdoc ILimits
    function lowerLimit(address token, uint256 amount, uint32 period) external onlyEntryPointOrSelf {
        Limit storage l = _limits().limit[token];
        require(amount <= l.amount && period >= l.period, LimitNotLower());
        _setLimit(token, amount, period);
    }

    /// @inheritdoc ILimits
    function isKnown(address to) external view returns (bool) {
        return _limits().known[to];
    }

    /// @inheritdoc ILimits
    function forgetKnown(address to) external onlyEntryPointOrSelf {
        _setKnown(to, false);
    }

    /// @inheritdoc ILimits
    function renewLimit(address token) public {
        Limits storage $ = _limits();
        Limit storage l = $.limit[token];
        if (block.timestamp >= uint256(l.since) + l.period) {
            (l.since, l.spent) = (uint48(block.timestamp), 0);
            if (token == address(0)) $.fees = 0;
        }
    }

    /// @inheritdoc ILimits
    function executeWithin(Call[] calldata calls) external onlyEntryPoint {
        renewLimit(address(0));
        for (uint256 i = 0; i < calls.length; ++i) {
            _count(calls[i]);
        }
        for (uint256 i = 0; i < calls.length; ++i) {
            _call(calls[i].to, calls[i].value, calls[i].data);
        }
    }

    /// @inheritdoc ILimits
    function session(uint160 id) external view returns (bytes memory signer, uint48 validUntil, bytes32 policyHash) {
        Session storage s = _sessions().session[id];
        return (s.signer, s.validUntil, s.policyHash);
    }

    /// @inheritdoc ILimits
    function sessionLeft(uint160 id) external view returns (uint256 amount, uint256 ether_) {
        Session storage s = _sessions().session[id];
        return (s.amount, s.ether_);
    }

    /// @inheritdoc ILimits
    function addSession(
        uint160 id,
        bytes calldata signer,
        uint48 validUntil,
        Policy calldata policy
    ) external onlyEntryPointOrSelf {
        Session storage s = _sessions().session[id];
        _checkKey(signer);
        require(
            s.signer.length == 0 &&
                validUntil > block.timestamp &&
                validUntil <= block.timestamp + SESSION_MAX &&
                policy.target != address(this) &&
                policy.target != address(0) &&
                policy.target != address(entryPoint()) &&
                (policy.amount == 0 || _movesTokens(policy.selector)),
            SessionInvalid()
        );
        (s.signer, s.validUntil, s.head) = (signer, validUntil, ownersHead());
        (s.target, s.selector, s.recipient) = (policy.target, policy.selector, policy.recipient);
        (s.amount, s.ether_) = (policy.amount, policy.ether_);
        s.policyHash = keccak256(abi.encode(policy));
        emit SessionAdded(id, signer, validUntil, policy);
    }

    /// @inheritdoc ILimits
    function endSession(uint160 id) external onlyEntryPointOrSelf {
        delete _sessions().session[id];
        emit SessionEnded(id);
    }

    /// The session is looked at once more: it may have ended since validation, in the same bundle.
    /// @inheritdoc ILimits
    function executeSession(uint160 id, uint256 value, bytes calldata data) external onlyEntryPoint {
        Session storage s = _sessions().session[id];
        require(_isLive(s) && block.timestamp <= s.validUntil, SessionInvalid());
        require(value <= s.ether_, LimitExceeded(address(0), value, s.ether_));
        s.ether_ -= value;
        if (s.selector == bytes4(0)) {
            require(data.length == 0, CallNotAllowed(s.target));
        } else {
            require(data.length >= 4 && bytes4(data[:4]) == s.selector, CallNotAllowed(s.target));
        }
        if (_movesTokens(s.selector)) {
            (address to, uint256 amount) = _tokenCall(s.target, data);
            require(s.recipient == address(0) || s.recipient == to, CallNotAllowed(to));
            require(amount <= s.amount, LimitExceeded(s.target, amount, s.amount));
            s.amount -= amount;
        }
        _call(s.target, value, data);
    }

    /// SPEC ercs/ERC-7562 §"Storage Rules": what is read and written here is the account's own storage.
    function _validateUserOp(
        PackedUserOperation calldata op,
        bytes32 hash,
        bytes calldata signature
    ) internal override returns (uint256) {
        bytes4 selector = op.callData.length < 4 ? bytes4(0) : bytes4(op.callData[:4]);
        uint48 validUntil = 0;
        bool valid;
        if (selector == this.executeWithin.selector) {
            valid = _isSignedBy(_recovery().list, true, 1, hash, signature) && _promiseFee(op);
        } else if (selector == this.executeSession.selector) {
            (valid, validUntil) = _validateSession(op, hash, signature);
        } else {
            return super._validateUserOp(op, hash, signature);
        }
        return ERC4337Utils.packValidationData(valid, _recovery().frozenUntil, validUntil);
    }

    function _validateSession(
        PackedUserOperation calldata op,
        bytes32 hash,
        bytes calldata signature
    ) private returns (bool valid, uint48 validUntil) {
        uint192 key = uint192(op.nonce >> 64);
        Session storage s = _sessions().session[uint160(key)];
        if (
            key >> 160 != SESSION_NONCE ||
            op.callData.length < 36 ||
            uint256(bytes32(op.callData[4:36])) != uint160(key) ||
            !_isLive(s) ||
            !StrictEncoding.isTwoByteArrays(signature)
        ) return (false, 0);
        (bytes[] memory keys, bytes[] memory signatures) = abi.decode(signature, (bytes[], bytes[]));
        uint256 fee = _greatestFee(op);
        if (
            keys.length != 1 ||
            signatures.length != 1 ||
            keccak256(keys[0]) != keccak256(s.signer) ||
            !SignatureChecker.isValidSignatureNow(keys[0], hash, signatures[0]) ||
            fee > s.ether_
        ) return (false, 0);
        s.ether_ -= fee;
        return (true, s.validUntil);
    }

    /// Counts the operation's greatest fee against ether's limit; false if there is no room. The period is not looked at
    /// here, where the time may not be asked for: executeWithin and renewLimit begin a new one.
    function _promiseFee(PackedUserOperation calldata op) private returns (bool) {
        Limits storage $ = _limits();
        uint256 fees = $.fees + _greatestFee(op);
        if (fees > $.limit[address(0)].amount) return false;
        $.fees = fees;
        return true;
    }

    /// What the EntryPoint takes at most; nothing if a paymaster pays. The EntryPoint has checked that it does not overflow.
    function _greatestFee(PackedUserOperation calldata op) private pure returns (uint256) {
        if (op.paymasterAndData.length != 0) return 0;
        return (op.verificationGasLimit() + op.callGasLimit() + op.preVerificationGas) * op.maxFeePerGas();
    }

    function _count(Call calldata c) private {
        if (c.to == address(this)) {
            bytes4 selector = c.data.length < 4 ? bytes4(0) : bytes4(c.data[:4]);
            require(
                c.value == 0 &&
                    (selector == this.veto.selector ||
                        selector == IRecovery.putOffRecovery.selector ||
                        selector == this.endSession.selector ||
                        selector == this.lowerLimit.selector ||
                        selector == this.forgetKnown.selector),
                CallNotAllowed(c.to)
            );
        } else if (c.data.length == 0) {
            _spend(address(0), c.to, c.value);
        } else {
            require(c.value == 0 && bytes4(c.data) == IERC20.transfer.selector, CallNotAllowed(c.to));
            (address to, uint256 amount) = _tokenCall(c.to, c.data);
            _spend(c.to, to, amount);
        }
    }

    function _spend(address token, address to, uint256 amount) private {
        Limits storage $ = _limits();
        if ($.known[to]) return;
        renewLimit(token);
        Limit storage l = $.limit[token];
        uint256 spent = l.spent + amount;
        uint256 all = token == address(0) ? spent + $.fees : spent;
        require(all <= l.amount, LimitExceeded(token, amount, l.amount));
        l.spent = spent;
    }

    function _isLive(Session storage s) private view returns (bool) {
        return s.signer.length != 0 && s.head == ownersHead();
    }

    /// Data goes to contracts only: a token without code would take it and do nothing.
    function _call(address to, uint256 value, bytes calldata data) private {
        if (data.length == 0) {
            Address.sendValue(payable(to), value);
        } else {
            Address.functionCallWithValue(to, data, value);
        }
    }

    function _movesTokens(bytes4 selector) private pure returns (bool) {
        return selector == IERC20.transfer.selector || selector == IERC20.approve.selector;
    }

    /// The two arguments of transfer or approve, in the one form that the ABI gives them.
    function _tokenCall(address token, bytes calldata data) private pure returns (address to, uint256 amount) {
        require(data.length == 68 && bytes12(data[4:16]) == 0, CallNotAllowed(token));
        return (address(bytes20(data[16:36])), uint256(bytes32(data[36:68])));
    }

    function _sessions() private pure returns (Sessions storage $) {
        assembly ("memory-safe") {
            $.slot := SESSIONS_ROOT
        }
    }
}
