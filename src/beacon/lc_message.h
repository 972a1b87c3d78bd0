#ifndef BEACON_LC_MESSAGE_H
#define BEACON_LC_MESSAGE_H

#include "base/err.h"
#include "base/span.h"
#include "beacon/bls.h"
#include "beacon/chain_spec.h"
#include "beacon/lc_header.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The messages of the light client protocol in SSZ, as the consensus network and its REST interface carry them. Decoding
 * proves nothing: lc_store.h does. */
enum {
    LC_COMMITTEE_LEN_MAX = BLS_KEY_LEN * (CHAIN_COMMITTEE_MAX + 1),
    LC_COMMITTEE_DEPTH_MAX = 6,
    LC_FINALITY_DEPTH_MAX = 7,
    LC_BITS_LEN_MAX = CHAIN_COMMITTEE_MAX / 8,
    /* Bytes of the longest messages: more is refused unread. */
    LC_BOOTSTRAP_LEN_MAX =
        4 + LC_HEADER_LEN_MAX + LC_COMMITTEE_LEN_MAX + 32 * LC_COMMITTEE_DEPTH_MAX,
    LC_UPDATE_LEN_MAX = 8 + 2 * LC_HEADER_LEN_MAX + LC_COMMITTEE_LEN_MAX +
                        32 * (LC_COMMITTEE_DEPTH_MAX + LC_FINALITY_DEPTH_MAX) + LC_BITS_LEN_MAX +
                        BLS_SIGNATURE_LEN + 8,
};

struct lc_bootstrap {
    struct lc_header header;
    struct span committee; /* keys one after the other, then their sum; points into the message */
    struct hash32 committee_branch[LC_COMMITTEE_DEPTH_MAX];
    size_t committee_depth;
};

/* An update, or one of its two shorter forms, where what is missing is zero or empty. */
struct lc_update {
    struct lc_header attested;
    struct span next_committee; /* as above; empty if the message has no place for it */
    struct hash32 next_branch[LC_COMMITTEE_DEPTH_MAX];
    size_t next_depth;
    struct lc_header finalized;
    struct hash32 finality_branch[LC_FINALITY_DEPTH_MAX];
    size_t finality_depth;
    uint8_t bits[LC_BITS_LEN_MAX]; /* who has signed: bit i of byte i/8 */
    uint8_t signature[BLS_SIGNATURE_LEN];
    uint64_t signature_slot;
};

/* Each decodes the message of a fork whole. ERR_LIMIT: too long; ERR_MALFORMED. */
MUST_CHECK enum err lc_bootstrap_decode(struct lc_bootstrap *ret_bootstrap,
                                        const struct chain_spec *c,
                                        enum beacon_fork fork,
                                        struct span in);
MUST_CHECK enum err lc_update_decode(struct lc_update *ret_update,
                                     const struct chain_spec *c,
                                     enum beacon_fork fork,
                                     struct span in);
MUST_CHECK enum err lc_finality_update_decode(struct lc_update *ret_update,
                                              const struct chain_spec *c,
                                              enum beacon_fork fork,
                                              struct span in);
MUST_CHECK enum err lc_optimistic_update_decode(struct lc_update *ret_update,
                                                const struct chain_spec *c,
                                                enum beacon_fork fork,
                                                struct span in);

/* lc_committee_root: committee has the length that the chain asks for. */
void lc_committee_root(struct hash32 *r, struct span committee);

size_t lc_committee_len(const struct chain_spec *c);

/* lc_update_signers counts the bits. */
size_t lc_update_signers(const struct lc_update *u);

/* lc_is_two_thirds: are so many signers two thirds of a committee, or more? */
bool lc_is_two_thirds(const struct chain_spec *c, size_t signers);

/* Whether the two optional parts are there: their branch is not all zero. */
bool lc_update_has_committee(const struct lc_update *u);
bool lc_update_has_finality(const struct lc_update *u);

#endif
