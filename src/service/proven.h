#ifndef SERVICE_PROVEN_H
#define SERVICE_PROVEN_H

#include "base/err.h"
#include "base/span.h"
#include "evm/account_proof.h"
#include "evm/mpt.h"
#include "service/message.h"
#include "service/proof.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A block, in so far as a proof depends on it. */
struct proven_block {
    struct hash32 hash;
    uint64_t number;
    uint64_t time_s;
    struct u256 base_fee; /* wei a gas; 0 where the chain has none */
};

/* The same and its state root, known by the means by which the block's hash is trusted: a consensus light client proves both. */
struct proven_head {
    struct proven_block block;
    struct hash32 state_root;
};

/* What an account held in a block, proven from the block's hash. The type is the grade: only proven_account_verify makes
 * one, and a function that takes one need not ask where it comes from. Its member is for proven.c alone (the banned
 * check looks for its name elsewhere); read with the functions below, which stop at an object that was not proven. */
struct proven_account {
    struct {
        bool is_proven;
        struct proven_block block;
        struct address address;
        struct account_state state;
        uint8_t keys[SERVICE_SLOTS_MAX][32];
        struct u256 values[SERVICE_SLOTS_MAX];
        size_t slots_count;
    } only_proven_c;
};

/* What the client has of what the request named as known. */
struct proven_known {
    struct span header;             /* RLP; used if the answer has none */
    const struct proven_head *head; /* of the trusted block; used if there is neither; or NULL */
    struct mpt_proof
        nodes; /* in the order of the request's list; an empty span where it names the block */
};

/* proven_account_verify takes the answer to asked. trusted is the hash of a block that the caller has from elsewhere:
 * from a consensus light client, or a configured source. ERR_STATE: the request was for another block; else the server
 * is at fault: ERR_AUTH: a header, a head or a node is not the one that is named; ERR_TRUNCATED: a path ends before its answer;
 * ERR_MALFORMED, ERR_LIMIT: no header, node or path. On failure *ret holds nothing proven. O(answer). */
MUST_CHECK enum err proven_account_verify(struct proven_account *ret,
                                          const struct hash32 *trusted,
                                          const struct service_request *asked,
                                          const struct proven_known *known,
                                          const struct service_proof *answer);

/* The account, which may be proven not to exist; it lives in p. */
const struct account_state *proven_account_state(const struct proven_account *p);
struct address proven_account_address(const struct proven_account *p);

/* The block in which that was so. */
struct proven_block proven_account_block(const struct proven_account *p);

/* proven_account_slot: ERR_NOT_FOUND: the slot was not asked for. An unset slot is 0. */
MUST_CHECK enum err proven_account_slot(struct u256 *ret_value,
                                        const struct proven_account *p,
                                        const uint8_t slot[static 32]);

#endif
