#ifndef BEACON_CHAIN_SPEC_H
#define BEACON_CHAIN_SPEC_H

#include "base/err.h"
#include "base/instant.h"
#include "crypto/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one consensus chain is, known before anything is asked: its clock, its forks, its preset. */
enum beacon_fork {
    FORK_ALTAIR,
    FORK_BELLATRIX,
    FORK_CAPELLA,
    FORK_DENEB,
    FORK_ELECTRA,
    FORK_FULU,
    FORK_COUNT
};

#define CHAIN_EPOCH_NEVER UINT64_MAX

enum {
    CHAIN_COMMITTEE_MAX = 512,
    CHAIN_BLOB_SCHEDULE_MAX = 4,
};

struct chain_spec {
    const char *name;
    uint64_t genesis_time; /* seconds since 1970 */
    uint64_t seconds_per_slot;
    uint64_t slots_per_epoch;
    uint64_t epochs_per_period;
    size_t committee_size; /* a multiple of 8, at most CHAIN_COMMITTEE_MAX */
    struct hash32 genesis_validators_root;
    struct {
        uint64_t epoch; /* CHAIN_EPOCH_NEVER if not planned; never falls */
        uint8_t version[4];
    } forks[FORK_COUNT];
    struct {
        uint64_t epoch;
        uint64_t blobs_max;
    } blob_schedule[CHAIN_BLOB_SCHEDULE_MAX]; /* rising; unused ones zero */
};

extern const struct chain_spec chain_mainnet;
extern const struct chain_spec chain_sepolia;

/* How the light client's messages and proofs look in a fork: one row each, and no other code asks which fork it is. */
struct fork_shape {
    bool has_execution; /* headers carry that of the execution chain */
    bool has_blobs;     /* which counts blob gas */
    uint8_t finality_depth;
    uint8_t committee_depth;
    uint64_t finalized_index; /* generalized indices under the state root */
    uint64_t current_committee_index;
    uint64_t next_committee_index;
};
const struct fork_shape *fork_shape_of(enum beacon_fork fork);

/* chain_fork_at: ERR_UNSUPPORTED for an epoch before Altair, where there is no sync committee. */
MUST_CHECK enum err
chain_fork_at(enum beacon_fork *ret_fork, const struct chain_spec *c, uint64_t slot);

/* Forks as our own messages name them: by a number from 1, Altair's, so that 0 is none. chain_fork_of_number: ERR_UNSUPPORTED
 * for a number that names no fork of ours. */
unsigned chain_fork_number(enum beacon_fork fork);
MUST_CHECK enum err chain_fork_of_number(enum beacon_fork *ret_fork, unsigned number);

/* chain_fork_of_digest finds the fork of the four bytes that stand before a message on the consensus network; the forks' and
 * the blob schedule's digests are all tried. ERR_NOT_FOUND: of another chain, or a fork that we do not know. */
MUST_CHECK enum err chain_fork_of_digest(enum beacon_fork *ret_fork,
                                         const struct chain_spec *c,
                                         const uint8_t digest[static 4]);

/* chain_digest_at gives those bytes for an epoch; errors as of chain_fork_at. */
MUST_CHECK enum err
chain_digest_at(uint8_t ret_digest[static 4], const struct chain_spec *c, uint64_t epoch);

uint64_t chain_epoch_of(const struct chain_spec *c, uint64_t slot);
uint64_t chain_period_of(const struct chain_spec *c, uint64_t slot);

/* chain_slot_at is 0 before genesis. chain_slot_time saturates. */
uint64_t chain_slot_at(const struct chain_spec *c, walltime now);
walltime chain_slot_time(const struct chain_spec *c, uint64_t slot);

/* chain_signing_root is what a sync committee signs for a block in signature_slot. Errors as of chain_fork_at. */
MUST_CHECK enum err chain_signing_root(struct hash32 *ret_root,
                                       const struct chain_spec *c,
                                       const struct hash32 *header_root,
                                       uint64_t signature_slot);

#endif
