#ifndef EVM_USEROP_H
#define EVM_USEROP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "evm/address.h"
#include "evm/u256.h"

#include <stdbool.h>
#include <stdint.h>

/* ERC-4337 user operations for EntryPoint 0.8, as the contract packs them. */

/* The canonical address of EntryPoint 0.8: 0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108. */
extern const struct address userop_entry_point_08;

struct userop {
    struct address sender;
    struct u256 nonce;
    struct span init_code; /* empty, or the factory (20 bytes) and its call data */
    struct span call_data;
    struct u256 verification_gas_limit;   /* gas, below 2^128 as the next three */
    struct u256 call_gas_limit;           /* gas */
    struct u256 max_priority_fee_per_gas; /* wei */
    struct u256 max_fee_per_gas;          /* wei */
    struct u256 pre_verification_gas;     /* gas */
    struct span paymaster_and_data; /* empty, or paymaster (20), two gas limits (16 each), data */
    struct span signature;
};

/* userop_hash is what the account's owners sign: the EIP-712 hash under the EntryPoint's domain.
 * ERR_LIMIT: a gas limit or fee does not fit 128 bits. ERR_UNSUPPORTED: the init code is EIP-7702's marker,
 * whose hash needs the delegation. */
struct userop_domain {
    struct address entry_point;
    struct u256 chain_id;
};
MUST_CHECK enum err
userop_hash(struct hash32 *ret_hash, const struct userop *op, const struct userop_domain *domain);

/* userop_domain_separator is EntryPoint's getDomainSeparatorV4(). */
void userop_domain_separator(struct hash32 *ret_hash, const struct userop_domain *domain);

/* userop_gas_max: all gas that the operation can be charged for; userop_fee_max: times max_fee_per_gas, what
 * it can cost the account (or its paymaster). Both stop at U256_MAX, and are U256_MAX if
 * paymaster_and_data is broken. */
struct u256 userop_gas_max(const struct userop *op);
struct u256 userop_fee_max(const struct userop *op);

/* userop_encode appends the ABI encoding of one PackedUserOperation (as a single argument), and
 * userop_decode takes exactly that; its spans point into in. Errors: ERR_LIMIT, ERR_MALFORMED. */
MUST_CHECK enum err userop_encode(const struct userop *op, struct buf *out);
MUST_CHECK enum err userop_decode(struct userop *ret_op, struct span in);

/* userop_encode_handle_ops appends the call handleOps([op], beneficiary). */
MUST_CHECK enum err
userop_encode_handle_ops(const struct userop *op, struct address beneficiary, struct buf *out);

/* userop_decode_handle_ops takes a call of handleOps with one operation: for what stands on chain. */
MUST_CHECK enum err
userop_decode_handle_ops(struct userop *ret_op, struct address *ret_beneficiary, struct span call);

/* userop_calldata_gas is the least preVerificationGas that pays for a handleOps call of call_data: 21,000
 * of the transaction, its bytes at the dearer of the two rates of EIP-7623, and the EntryPoint's own
 * work around the operation. */
uint64_t userop_calldata_gas(struct span handle_ops_call);

/* What the EntryPoint logs of an operation that it ran (ERC-4337 §"EntryPoint", UserOperationEvent): the first topic is
 * userop_event_topic, the second the operation's hash. */
struct userop_event {
    bool is_success;             /* the account's call did not revert */
    struct u256 actual_gas_cost; /* wei that the account paid */
    struct u256 actual_gas_used;
};
extern const struct hash32 userop_event_topic;

/* userop_event_decode reads the data of the log. ERR_MALFORMED. */
MUST_CHECK enum err userop_event_decode(struct userop_event *ret, struct span data);

#endif
