#ifndef EVM_HEADER_H
#define EVM_HEADER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "evm/address.h"
#include "evm/bloom.h"
#include "evm/u256.h"

#include <stdbool.h>
#include <stdint.h>

/* Headers of blocks of the execution chain, from Frontier to Osaka. A header is what its hash says; nothing here looks at
 * proof of work or at what stands in the block. */
enum {
    HEADER_LEN_MAX = 1024, /* bytes: 21 fields come to about 660 */
    HEADER_EXTRA_LEN_MAX = 32,
    HEADER_CHAIN_MAX =
        8192, /* headers in one walk: as far as the chain's own history contract goes */
};

/* Which fields there are; each form has those of the one before. */
enum header_form {
    HEADER_FRONTIER, /* 15 fields */
    HEADER_LONDON,   /* + base_fee */
    HEADER_SHANGHAI, /* + withdrawals_root */
    HEADER_CANCUN,   /* + blob_gas_used, excess_blob_gas, parent_beacon_root */
    HEADER_PRAGUE,   /* + requests_hash; Osaka has the same */
};

struct header {
    struct hash32 hash; /* set by decoding, not encoded */
    enum header_form form;
    struct hash32 parent_hash;
    struct hash32 ommers_hash;
    struct address beneficiary;
    struct hash32 state_root;
    struct hash32 transactions_root;
    struct hash32 receipts_root;
    struct bloom bloom;
    struct u256 difficulty;
    uint64_t number;
    uint64_t gas_limit;
    uint64_t gas_used;
    uint64_t timestamp; /* seconds since 1970 */
    uint8_t extra[HEADER_EXTRA_LEN_MAX];
    size_t extra_len;
    struct hash32 mix_hash; /* since the Merge: the beacon chain's random value */
    uint8_t nonce[8];
    struct u256 base_fee; /* wei a gas; this and the rest are zero in forms that lack them */
    struct hash32 withdrawals_root;
    uint64_t blob_gas_used;
    uint64_t excess_blob_gas;
    struct hash32 parent_beacon_root;
    struct hash32 requests_hash;
};

/* header_decode reads the RLP of a header and computes its hash. ERR_LIMIT: over HEADER_LEN_MAX; ERR_UNSUPPORTED: more
 * fields than Prague has; ERR_MALFORMED otherwise. Nothing is proven by it: compare the hash. */
MUST_CHECK enum err header_decode(struct header *ret_header, struct span rlp);

/* header_verify decodes the header that hash names: ERR_AUTH if it is another, else as above. */
MUST_CHECK enum err
header_verify(struct header *ret_header, const struct hash32 *hash, struct span rlp);

/* header_verify_parent decodes the parent of child: by hash (ERR_AUTH), and one number below and not later
 * (ERR_MALFORMED). */
MUST_CHECK enum err
header_verify_parent(struct header *ret_parent, const struct header *child, struct span rlp);

/* header_verify_chain walks from tip, which the caller trusts, down: headers[0] is the parent of tip, headers[1] the
 * parent of that, and so on. *ret_oldest is the last; tip itself if there are none. Errors as above, ERR_LIMIT for more
 * than HEADER_CHAIN_MAX. */
MUST_CHECK enum err header_verify_chain(struct header *ret_oldest,
                                        const struct header *tip,
                                        const struct span *headers,
                                        size_t headers_count);

/* header_encode appends the RLP to out. ERR_LIMIT: out is full. */
MUST_CHECK enum err header_encode(const struct header *h, struct buf *out);

#endif
