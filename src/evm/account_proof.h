#ifndef EVM_ACCOUNT_PROOF_H
#define EVM_ACCOUNT_PROOF_H

#include "base/err.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "evm/address.h"
#include "evm/mpt.h"
#include "evm/u256.h"

#include <stdbool.h>
#include <stdint.h>

/* What eth_getProof (EIP-1186) proves: an account under the state root of a block, its storage, its code. The
 * figures that a server writes beside the proof are not read: what the trie holds is the answer. */
enum {
    ACCOUNT_NODE_LEN_MAX = 1024
}; /* bytes: a full branch has 532, a leaf of these tries fewer */

/* The hash of no code. */
extern const struct hash32 account_empty_code_hash;

struct account_state {
    bool exists; /* if not: no balance, nonce 0, no storage, no code */
    uint64_t nonce;
    struct u256 balance; /* wei */
    struct hash32 storage_root;
    struct hash32 code_hash;
};

/* account_verify gives the account at address under state_root, or proves that there is none. Errors as of
 * mpt_verify; ERR_LIMIT also for a node over ACCOUNT_NODE_LEN_MAX, before it is hashed. */
MUST_CHECK enum err account_verify(struct account_state *ret_account,
                                   const struct hash32 *state_root,
                                   struct address address,
                                   const struct mpt_proof *proof);

/* account_verify_slot gives the value of a storage slot, 0 if it is proven to be unset or to hold the empty string.
 * storage_root comes from account_verify of the same block. Errors as there. */
MUST_CHECK enum err account_verify_slot(struct u256 *ret_value,
                                        const struct hash32 *storage_root,
                                        const uint8_t slot[static 32],
                                        const struct mpt_proof *proof);

/* account_verify_code: ERR_AUTH if code is not what code_hash names. O(code). */
MUST_CHECK enum err account_verify_code(const struct hash32 *code_hash, struct span code);

#endif
