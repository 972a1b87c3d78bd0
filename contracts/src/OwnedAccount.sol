// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Account} from "@openzeppelin/contracts/account/Account.sol";
import {ERC4337Utils} from "@openzeppelin/contracts/account/utils/ERC4337Utils.sol";
import {ERC7821} from "@openzeppelin/contracts/account/extensions/draft-ERC7821.sol";
import {IEntryPoint} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {ERC1967Utils} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Utils.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {ERC1155Holder} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Holder.sol";
import {ERC721Holder} from "@openzeppelin/contracts/token/ERC721/utils/ERC721Holder.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {AbstractSigner} from "@openzeppelin/contracts/utils/cryptography/signers/AbstractSigner.sol";
import {ERC7739} from "@openzeppelin/contracts/utils/cryptography/signers/draft-ERC7739.sol";
import {MultiSignerERC7913} from "@openzeppelin/contracts/utils/cryptography/signers/MultiSignerERC7913.sol";
import {IPassmeshAccount} from "./IPassmeshAccount.sol";
import {StrictEncoding} from "./StrictEncoding.sol";

/// The implementation behind every Passmesh account: an ERC-4337 account (EntryPoint 0.8) with up to 32 ERC-7913 owners and
/// a threshold, made of OpenZeppelin's parts. What is added is the policy for changing it: adding an owner is done at
/// once; removing one, another threshold, another implementation and another delay wait, and any single owner
/// can veto while they wait. docs/account.md fixes all encodings and the storage.
///
/// The parts that keep ordinary state variables (owners, threshold) are laid out from the ERC-7201 root of
/// "passmesh.account.owners", so that no later implementation can collide with them by inheriting something else.
/// SPEC ercs/ERC-7201 §"Specification": a root is keccak256(keccak256(name) - 1) with its last byte cleared.
/// SPEC ercs/ERC-7913 §"Specification": an owner is a verifier's address and behind it the key in the verifier's form.
abstract contract OwnedAccount is
    IPassmeshAccount,
    Initializable,
    Account,
    MultiSignerERC7913,
    ERC7739,
    ERC7821,
    ERC721Holder,
    ERC1155Holder
{
    /// @custom:storage-location erc7201:passmesh.account.changes
    struct Changes {
        bytes32 head; // 0 until the first owner change
        uint64 sequence;
        uint32 delay; // seconds; 0 stands for DELAY_DEFAULT
        mapping(bytes32 id => uint64) readyAt; // 0: unknown, VETOED, else Unix time
    }

    uint256 public constant OWNERS_MAX = 32;
    uint32 public constant DELAY_DEFAULT = 2 days;
    uint32 public constant DELAY_MIN = 1 days;
    uint32 public constant DELAY_MAX = 30 days;

    uint64 private constant VETOED = 1;

    /// ERC-7201 root of "passmesh.account.changes".
    bytes32 private constant CHANGES_ROOT = 0xeb64d65fec30f51e15cbefdb0060e1c6d32a8aae11daf37d1a069710dd0a1700;

    /// Addresses up to here are precompiles, now or later: the one for identity would answer yes to any signature.
    uint160 private constant RESERVED_ADDRESS_MAX = 0xffff;

    bytes32 private constant PORTABLE_DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,address verifyingContract)");
    bytes32 private constant OWNER_CHANGE_TYPEHASH =
        keccak256(
            "OwnerChange(uint64 sequence,bytes32 previous,uint64 attempt,uint64 threshold,bytes[] added,bytes[] removed)"
        );
    bytes32 private constant VETO_TYPEHASH = keccak256("Veto(bytes32 id)");
    bytes32 private constant UPGRADE_TYPEHASH =
        keccak256("Upgrade(address implementation,bytes32 codeHash,bytes call,uint64 attempt,bytes32 ownersHead)");
    bytes32 private constant DELAY_TYPEHASH = keccak256("Delay(uint32 delay,uint64 attempt,bytes32 ownersHead)");

    string private constant NAME = "Passmesh Account";
    string private constant VERSION = "1";

    /// The implementation itself belongs to nobody: its one owner is the zero address, which no signature recovers to,
    /// and it can never be initialised.
    constructor() MultiSignerERC7913(_nobody(), 1) EIP712(NAME, VERSION) {
        _disableInitializers();
    }

    /// @inheritdoc IPassmeshAccount
    function initialize(bytes[] calldata owners, uint64 threshold_) external initializer {
        bytes32 last = 0;
        for (uint256 i = 0; i < owners.length; ++i) {
            bytes32 id = keccak256(owners[i]);
            require(last < id, OwnersNotSorted());
            last = id;
        }
        _addSigners(owners);
        _setThreshold(threshold_);
    }

    /// @inheritdoc IPassmeshAccount
    function changeOwners(OwnerChange calldata change, bytes calldata signature) external {
        bytes32 id = ownerChangeId(change);
        if (signature.length != 0) {
            require(_rawSignatureValidation(id, signature), ChangeUnauthorized());
        } else {
            _checkEntryPointOrSelf();
        }
        _checkOwnersFree();
        _checkOrder(change);
        if (change.removed.length == 0 && change.threshold == threshold() && _changes().readyAt[id] == 0) {
            _applyOwnerChange(change, id);
        } else {
            emit OwnerChangeScheduled(id, _schedule(id), change);
        }
    }

    /// @inheritdoc IPassmeshAccount
    function applyOwnerChange(OwnerChange calldata change) external {
        _checkOwnersFree();
        bytes32 id = ownerChangeId(change);
        _checkOrder(change);
        _take(id);
        _applyOwnerChange(change, id);
    }

    /// @inheritdoc IPassmeshAccount
    function scheduleUpgrade(
        address implementation,
        bytes calldata call,
        uint64 attempt
    ) external onlyEntryPointOrSelf {
        require(implementation.code.length != 0, ERC1967Utils.ERC1967InvalidImplementation(implementation));
        bytes32 id = upgradeId(implementation, call, attempt);
        emit UpgradeScheduled(id, _schedule(id), implementation, call, attempt);
    }

    /// @inheritdoc IPassmeshAccount
    function applyUpgrade(address implementation, bytes calldata call, uint64 attempt) external {
        _checkOwnersFree();
        _take(upgradeId(implementation, call, attempt));
        ERC1967Utils.upgradeToAndCall(implementation, call);
    }

    /// @inheritdoc IPassmeshAccount
    function scheduleDelay(uint32 delay_, uint64 attempt) external onlyEntryPointOrSelf {
        require(delay_ >= DELAY_MIN && delay_ <= DELAY_MAX, DelayOutOfRange(delay_));
        bytes32 id = delayId(delay_, attempt);
        emit DelayScheduled(id, _schedule(id), delay_, attempt);
    }

    /// @inheritdoc IPassmeshAccount
    function applyDelay(uint32 delay_, uint64 attempt) external {
        _take(delayId(delay_, attempt));
        _changes().delay = delay_;
        emit DelayChanged(delay_);
    }

    /// @inheritdoc IPassmeshAccount
    function veto(bytes32 id, bytes calldata owner, bytes calldata signature) external {
        Changes storage $ = _changes();
        require($.readyAt[id] > VETOED, ChangeNotReady(id, $.readyAt[id]));
        if (owner.length != 0) {
            require(
                isSigner(owner) && SignatureChecker.isValidSignatureNow(owner, vetoHash(id), signature),
                ChangeUnauthorized()
            );
        } else {
            _checkEntryPointOrSelf();
        }
        $.readyAt[id] = VETOED;
        emit ChangeVetoed(id, owner);
    }

    /// @inheritdoc IPassmeshAccount
    function ownerChangeId(OwnerChange calldata change) public view returns (bytes32) {
        return
            _portableHash(
                keccak256(
                    abi.encode(
                        OWNER_CHANGE_TYPEHASH,
                        change.sequence,
                        change.previous,
                        change.attempt,
                        change.threshold,
                        _hashAll(change.added),
                        _hashAll(change.removed)
                    )
                )
            );
    }

    /// @inheritdoc IPassmeshAccount
    function vetoHash(bytes32 id) public view returns (bytes32) {
        return _portableHash(keccak256(abi.encode(VETO_TYPEHASH, id)));
    }

    /// The owners' head is part of the name, so that what former owners scheduled dies with each owner change.
    /// @inheritdoc IPassmeshAccount
    function upgradeId(address implementation, bytes calldata call, uint64 attempt) public view returns (bytes32) {
        bytes32 codeHash = implementation.codehash;
        return
            _hashTypedDataV4(
                keccak256(
                    abi.encode(UPGRADE_TYPEHASH, implementation, codeHash, keccak256(call), attempt, ownersHead())
                )
            );
    }

    /// @inheritdoc IPassmeshAccount
    function delayId(uint32 delay_, uint64 attempt) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(DELAY_TYPEHASH, delay_, attempt, ownersHead())));
    }

    /// @inheritdoc IPassmeshAccount
    function ownersHead() public view returns (bytes32) {
        bytes32 head = _changes().head;
        return head != 0 ? head : bytes32(uint256(uint160(address(this))));
    }

    /// @inheritdoc IPassmeshAccount
    function ownersSequence() external view returns (uint64) {
        return _changes().sequence;
    }

    /// @inheritdoc IPassmeshAccount
    function delay() public view returns (uint32) {
        uint32 set = _changes().delay;
        return set != 0 ? set : DELAY_DEFAULT;
    }

    /// @inheritdoc IPassmeshAccount
    function changeReadyAt(bytes32 id) external view returns (uint64) {
        return _changes().readyAt[id];
    }

    /// EntryPoint 0.8, whatever OpenZeppelin's default becomes.
    function entryPoint() public pure override returns (IEntryPoint) {
        return ERC4337Utils.ENTRYPOINT_V08;
    }

    /// A signature is abi.encode(bytes[] owners, bytes[] signatures) in its one strict form. Malformed is invalid, not a
    /// revert.
    function _rawSignatureValidation(
        bytes32 hash,
        bytes calldata signature
    ) internal view override(AbstractSigner, MultiSignerERC7913) returns (bool) {
        return StrictEncoding.isTwoByteArrays(signature) && super._rawSignatureValidation(hash, signature);
    }

    function _erc7821AuthorizedExecutor(
        address caller,
        bytes32 mode,
        bytes calldata executionData
    ) internal view override returns (bool) {
        return caller == address(entryPoint()) || super._erc7821AuthorizedExecutor(caller, mode, executionData);
    }

    /// Refuses owners that could never sign, or could make anything pass.
    function _addSigners(bytes[] memory owners) internal override {
        for (uint256 i = 0; i < owners.length; ++i) {
            bytes memory owner = owners[i];
            require(owner.length >= 20, MultiSignerERC7913InvalidSigner(owner));
            address first = address(bytes20(owner));
            bool isNobody = owner.length == 20 && first == address(0) && _isConstructing();
            require(
                isNobody ||
                    (uint160(first) > RESERVED_ADDRESS_MAX &&
                        first != address(this) &&
                        (owner.length == 20 || first.code.length != 0)),
                OwnerForbidden(owner)
            );
        }
        super._addSigners(owners);
        require(getSignerCount() <= OWNERS_MAX, OwnersTooMany(getSignerCount()));
    }

    /// A later implementation reverts here while owners, implementation and guardians may not change.
    function _checkOwnersFree() internal view virtual {}

    function _checkOrder(OwnerChange calldata change) internal view {
        require(
            change.sequence == _changes().sequence + 1 && change.previous == ownersHead(),
            ChangeOutOfOrder(change.sequence, change.previous)
        );
    }

    /// Adds before it removes, so that the last owner can be replaced; the threshold is checked against the result.
    function _applyOwnerChange(OwnerChange calldata change, bytes32 id) internal {
        Changes storage $ = _changes();
        $.sequence = change.sequence;
        $.head = id;
        if (change.added.length != 0) _addSigners(change.added);
        if (change.threshold < threshold()) _setThreshold(change.threshold);
        if (change.removed.length != 0) _removeSigners(change.removed);
        if (change.threshold != threshold()) _setThreshold(change.threshold);
        emit OwnersChanged(change.sequence, id, change);
    }

    function _schedule(bytes32 id) internal returns (uint64 readyAt) {
        Changes storage $ = _changes();
        require($.readyAt[id] == 0, ChangeKnown(id));
        readyAt = uint64(block.timestamp) + delay();
        $.readyAt[id] = readyAt;
    }

    function _take(bytes32 id) internal {
        Changes storage $ = _changes();
        uint64 readyAt = $.readyAt[id];
        require(readyAt > VETOED && readyAt <= block.timestamp, ChangeNotReady(id, readyAt));
        delete $.readyAt[id];
    }

    /// EIP-712 without a chain id in the domain: a change or a veto signed once holds wherever the account exists.
    function _portableHash(bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(PORTABLE_DOMAIN_TYPEHASH, keccak256(bytes(NAME)), keccak256(bytes(VERSION)), address(this))
        );
        return MessageHashUtils.toTypedDataHash(domain, structHash);
    }

    /// EIP-712's encoding of bytes[].
    function _hashAll(bytes[] calldata list) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](list.length);
        for (uint256 i = 0; i < list.length; ++i) {
            hashes[i] = keccak256(list[i]);
        }
        return keccak256(abi.encodePacked(hashes));
    }

    function _nobody() internal pure returns (bytes[] memory owners) {
        owners = new bytes[](1);
        owners[0] = abi.encodePacked(address(0));
    }

    function _isConstructing() internal view returns (bool) {
        return address(this).code.length == 0;
    }

    function _changes() internal pure returns (Changes storage $) {
        assembly ("memory-safe") {
            $.slot := CHANGES_ROOT
        }
    }
}
