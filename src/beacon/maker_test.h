#ifndef BEACON_MAKER_TEST_H
#define BEACON_MAKER_TEST_H

#include "base/wr.h"
#include "beacon/lc_message.h"
#include "beacon/signer_test.h"

/* Synthetic consensus chains with keys of our own, for tests: any fork, any fault. There is no state: a header's state root is
 * that of a tree which holds what the light client looks at, and filler elsewhere. */
struct maker_committee {
    struct bls_signer signers[CHAIN_COMMITTEE_MAX];
    uint8_t bytes[LC_COMMITTEE_LEN_MAX];
    size_t len;
};

/* maker_chain: the minimal preset, 32 keys, slots of 6 seconds, all forks up to last at epoch 0. */
struct chain_spec maker_chain(enum beacon_fork last);

/* Every fourth key is the one before it again. */
void maker_committee_init(struct maker_committee *m, const struct chain_spec *c, uint64_t seed);

/* A block of an execution chain that an attested header is to carry. */
struct maker_block {
    struct hash32 hash;
    struct hash32 state_root;
    uint64_t number;
    uint64_t time;     /* seconds since 1970 */
    uint64_t base_fee; /* wei a gas */
};

/* What an update is to say. */
struct maker_plan {
    const struct maker_block *block; /* NULL: filler */
    const struct chain_spec *chain;
    uint64_t attested_slot;
    uint64_t finalized_slot; /* 0: no finality */
    uint64_t signature_slot;
    size_t signers;                          /* the first so many */
    const struct maker_committee *committee; /* that signs */
    const struct maker_committee *current;   /* of the attested state */
    const struct maker_committee *next;
    bool brings_committee;
    uint8_t seed; /* of the block: another one makes another block */
};

/* maker_update makes a valid update; next_committee points into plan->next, or is empty. */
void maker_update(struct lc_update *ret_update, const struct maker_plan *plan);

/* maker_sign signs what stands in u anew. */
void maker_sign(struct lc_update *u, const struct maker_plan *plan);

void maker_bootstrap(struct lc_bootstrap *ret_bootstrap,
                     const struct chain_spec *c,
                     uint64_t slot,
                     const struct maker_committee *current,
                     const struct maker_committee *next);

/* The messages in SSZ. Of an update without a committee, zeros are written. */
enum maker_form { MAKER_UPDATE, MAKER_FINALITY, MAKER_OPTIMISTIC };
void maker_encode_update(struct wr *w,
                         const struct chain_spec *c,
                         enum beacon_fork fork,
                         const struct lc_update *u,
                         enum maker_form form);
void maker_encode_bootstrap(struct wr *w, enum beacon_fork fork, const struct lc_bootstrap *b);

walltime maker_time(const struct chain_spec *c, uint64_t slot);

#endif
