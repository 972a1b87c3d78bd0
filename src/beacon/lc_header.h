#ifndef BEACON_LC_HEADER_H
#define BEACON_LC_HEADER_H

#include "base/err.h"
#include "base/rd.h"
#include "base/span.h"
#include "beacon/chain_spec.h"
#include "crypto/hash.h"
#include "evm/address.h"
#include "evm/bloom.h"
#include "evm/u256.h"

#include <stdbool.h>
#include <stdint.h>

/* Headers as light clients get them: that of a beacon block and, since Capella, that of the execution block inside it with
 * the branch that proves it. Until lc_header_verify says so they are the sender's word. */
enum {
    LC_EXTRA_LEN_MAX = 32,
    LC_EXECUTION_DEPTH = 4,
    LC_BEACON_LEN = 112, /* bytes of a beacon header */
    LC_HEADER_LEN_MAX = LC_BEACON_LEN + 4 + 32 * LC_EXECUTION_DEPTH + 584 + LC_EXTRA_LEN_MAX,
};

struct lc_beacon {
    uint64_t slot;
    uint64_t proposer;
    struct hash32 parent_root;
    struct hash32 state_root;
    struct hash32 body_root;
};

/* Zero before Capella; the two fields of blobs are zero before Deneb. */
struct lc_execution {
    struct hash32 parent_hash;
    struct address fee_recipient;
    struct hash32 state_root;
    struct hash32 receipts_root;
    struct bloom bloom;
    struct hash32 prev_randao;
    uint64_t number;
    uint64_t gas_limit;
    uint64_t gas_used;
    uint64_t timestamp; /* seconds since 1970 */
    uint8_t extra[LC_EXTRA_LEN_MAX];
    size_t extra_len;
    struct u256 base_fee; /* wei a gas */
    struct hash32 block_hash;
    struct hash32 transactions_root;
    struct hash32 withdrawals_root;
    uint64_t blob_gas_used;
    uint64_t excess_blob_gas;
};

struct lc_header {
    struct lc_beacon beacon;
    struct lc_execution execution;
    struct hash32 execution_branch[LC_EXECUTION_DEPTH];
};

/* lc_header_decode reads the header of a message of a fork: in is the whole of it. ERR_MALFORMED. */
MUST_CHECK enum err
lc_header_decode(struct lc_header *ret_header, enum beacon_fork fork, struct span in);

void lc_beacon_root(struct hash32 *r, const struct lc_beacon *b);

/* lc_execution_root in the form that the fork of its block has. */
void lc_execution_root(struct hash32 *r, const struct lc_execution *e, enum beacon_fork fork);

bool lc_header_is_zero(const struct lc_header *h);

/* lc_header_verify: the execution header stands in the body that the beacon header names, or must be absent in that slot's
 * fork and is. ERR_AUTH if not; ERR_UNSUPPORTED: a slot before Altair. */
MUST_CHECK enum err lc_header_verify(const struct lc_header *h, const struct chain_spec *c);

#endif
