/* The chains that we know, and what follows from a slot. */
#include "beacon/chain_spec.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/wr.h"
#include "beacon/ssz.h"

#include <string.h>

enum { ELECTRA_BLOBS_MAX = 9 }; /* until the schedule says otherwise */

/* SPEC consensus-specs/light-client §"New constants": where the finalized root and the committees stand in a state. Electra has more than 32 fields there, so
 * everything is one level deeper. */
static const struct fork_shape shapes[FORK_COUNT] = {
    [FORK_ALTAIR] = {false, false, 6, 5, 105, 54, 55},
    [FORK_BELLATRIX] = {false, false, 6, 5, 105, 54, 55},
    [FORK_CAPELLA] = {true,  false, 6, 5, 105, 54, 55},
    [FORK_DENEB] = {true,  true,  6, 5, 105, 54, 55},
    [FORK_ELECTRA] = {true,  true,  7, 6, 169, 86, 87},
    [FORK_FULU] = {true,  true,  7, 6, 169, 86, 87},
};

const struct chain_spec chain_mainnet = {
    .name = "mainnet",
    .genesis_time = 1606824023,
    .seconds_per_slot = 12,
    .slots_per_epoch = 32,
    .epochs_per_period = 256,
    .committee_size = 512,
    .genesis_validators_root = {{0x4b, 0x36, 0x3d, 0xb9, 0x4e, 0x28, 0x61, 0x20, 0xd7, 0x6e, 0xb9,
                                 0x05, 0x34, 0x0f, 0xdd, 0x4e, 0x54, 0xbf, 0xe9, 0xf0, 0x6b, 0xf3,
                                 0x3f, 0xf6, 0xcf, 0x5a, 0xd2, 0x7f, 0x51, 0x1b, 0xfe, 0x95}},
    .forks =
        {
                                [FORK_ALTAIR] = {74240, {0x01, 0x00, 0x00, 0x00}},
                                [FORK_BELLATRIX] = {144896, {0x02, 0x00, 0x00, 0x00}},
                                [FORK_CAPELLA] = {194048, {0x03, 0x00, 0x00, 0x00}},
                                [FORK_DENEB] = {269568, {0x04, 0x00, 0x00, 0x00}},
                                [FORK_ELECTRA] = {364032, {0x05, 0x00, 0x00, 0x00}},
                                [FORK_FULU] = {411392, {0x06, 0x00, 0x00, 0x00}},
                                },
    .blob_schedule = {{412672, 15}, {419072, 21}},
};

const struct chain_spec chain_sepolia = {
    .name = "sepolia",
    .genesis_time = 1655733600,
    .seconds_per_slot = 12,
    .slots_per_epoch = 32,
    .epochs_per_period = 256,
    .committee_size = 512,
    .genesis_validators_root = {{0xd8, 0xea, 0x17, 0x1f, 0x3c, 0x94, 0xae, 0xa2, 0x1e, 0xbc, 0x42,
                                 0xa1, 0xed, 0x61, 0x05, 0x2a, 0xcf, 0x3f, 0x92, 0x09, 0xc0, 0x0e,
                                 0x4e, 0xfb, 0xaa, 0xdd, 0xac, 0x09, 0xed, 0x9b, 0x80, 0x78}},
    .forks =
        {
                                [FORK_ALTAIR] = {50, {0x90, 0x00, 0x00, 0x70}},
                                [FORK_BELLATRIX] = {100, {0x90, 0x00, 0x00, 0x71}},
                                [FORK_CAPELLA] = {56832, {0x90, 0x00, 0x00, 0x72}},
                                [FORK_DENEB] = {132608, {0x90, 0x00, 0x00, 0x73}},
                                [FORK_ELECTRA] = {222464, {0x90, 0x00, 0x00, 0x74}},
                                [FORK_FULU] = {272640, {0x90, 0x00, 0x00, 0x75}},
                                },
    .blob_schedule = {{274176, 15}, {275712, 21}},
};

const struct fork_shape *fork_shape_of(enum beacon_fork fork)
{
    check(fork < FORK_COUNT);
    return &shapes[fork];
}

uint64_t chain_epoch_of(const struct chain_spec *c, uint64_t slot)
{
    return slot / c->slots_per_epoch;
}

uint64_t chain_period_of(const struct chain_spec *c, uint64_t slot)
{
    return chain_epoch_of(c, slot) / c->epochs_per_period;
}

static enum err
fork_at_epoch(enum beacon_fork *ret_fork, const struct chain_spec *c, uint64_t epoch)
{
    enum beacon_fork fork = FORK_COUNT;
    for (enum beacon_fork f = FORK_ALTAIR; f < FORK_COUNT; f++) {
        if (c->forks[f].epoch != CHAIN_EPOCH_NEVER && epoch >= c->forks[f].epoch) {
            fork = f;
        }
    }
    if (fork == FORK_COUNT) {
        return ERR_UNSUPPORTED;
    }
    *ret_fork = fork;
    return OK;
}

enum err chain_fork_at(enum beacon_fork *ret_fork, const struct chain_spec *c, uint64_t slot)
{
    return fork_at_epoch(ret_fork, c, chain_epoch_of(c, slot));
}

uint64_t chain_slot_at(const struct chain_spec *c, walltime now)
{
    return sub_sat_u64(now.s, c->genesis_time) / c->seconds_per_slot;
}

walltime chain_slot_time(const struct chain_spec *c, uint64_t slot)
{
    return (walltime){add_sat_u64(c->genesis_time, mul_sat_u64(slot, c->seconds_per_slot))};
}

/* SPEC consensus-specs/beacon-chain §"compute_fork_data_root": the version and the chain that it belongs to. */
static void fork_data_root(struct hash32 *r, const struct chain_spec *c, enum beacon_fork fork)
{
    struct hash32 version = {{0}};
    memcpy(version.bytes, c->forks[fork].version, sizeof c->forks[fork].version);
    ssz_pair(r, &version, &c->genesis_validators_root);
}

/* SPEC consensus-specs/fulu §"Modified compute_fork_digest": since Fulu the blob limit in force is mixed in. */
enum err chain_digest_at(uint8_t ret_digest[static 4], const struct chain_spec *c, uint64_t epoch)
{
    enum beacon_fork fork;
    struct hash32 root;
    TRY(fork_at_epoch(&fork, c, epoch));
    fork_data_root(&root, c, fork);
    if (fork >= FORK_FULU) {
        uint8_t limit[16];
        struct hash32 mask;
        uint64_t since = c->forks[FORK_ELECTRA].epoch;
        uint64_t blobs_max = ELECTRA_BLOBS_MAX;
        for (size_t i = 0; i < CHAIN_BLOB_SCHEDULE_MAX; i++) {
            if (c->blob_schedule[i].blobs_max > 0 && epoch >= c->blob_schedule[i].epoch) {
                since = c->blob_schedule[i].epoch;
                blobs_max = c->blob_schedule[i].blobs_max;
            }
        }
        struct wr w = wr_init(MSPAN_OF(limit));
        wr_le64(&w, since);
        wr_le64(&w, blobs_max);
        sha256(&mask, SPAN_OF(limit));
        for (size_t i = 0; i < 4; i++) {
            root.bytes[i] ^= mask.bytes[i];
        }
    }
    memcpy(ret_digest, root.bytes, 4);
    return OK;
}

static bool digest_is_of(const struct chain_spec *c, const uint8_t digest[static 4], uint64_t epoch)
{
    uint8_t of[4];
    return epoch != CHAIN_EPOCH_NEVER && chain_digest_at(of, c, epoch) == OK &&
           memcmp(of, digest, sizeof of) == 0;
}

unsigned chain_fork_number(enum beacon_fork fork)
{
    return (unsigned)fork + 1;
}

enum err chain_fork_of_number(enum beacon_fork *ret_fork, unsigned number)
{
    if (number == 0 || number > FORK_COUNT) {
        return ERR_UNSUPPORTED;
    }
    *ret_fork = (enum beacon_fork)(number - 1);
    return OK;
}

enum err chain_fork_of_digest(enum beacon_fork *ret_fork,
                              const struct chain_spec *c,
                              const uint8_t digest[static 4])
{
    for (enum beacon_fork f = FORK_ALTAIR; f < FORK_COUNT; f++) {
        if (digest_is_of(c, digest, c->forks[f].epoch)) {
            return fork_at_epoch(ret_fork, c, c->forks[f].epoch);
        }
    }
    for (size_t i = 0; i < CHAIN_BLOB_SCHEDULE_MAX; i++) {
        if (c->blob_schedule[i].blobs_max > 0 &&
            digest_is_of(c, digest, c->blob_schedule[i].epoch)) {
            return fork_at_epoch(ret_fork, c, c->blob_schedule[i].epoch);
        }
    }
    return ERR_NOT_FOUND;
}

/* SPEC consensus-specs/light-client §"validate_light_client_update": the fork is that of the slot before the signature's, whichever slot is attested. */
enum err chain_signing_root(struct hash32 *ret_root,
                            const struct chain_spec *c,
                            const struct hash32 *header_root,
                            uint64_t signature_slot)
{
    static const uint8_t domain_type[4] = {7, 0, 0, 0}; /* of sync committees */
    enum beacon_fork fork;
    struct hash32 data;
    struct hash32 domain;
    TRY(chain_fork_at(&fork, c, sub_sat_u64(signature_slot, 1)));
    fork_data_root(&data, c, fork);
    memcpy(domain.bytes, domain_type, sizeof domain_type);
    memcpy(domain.bytes + sizeof domain_type, data.bytes, sizeof domain.bytes - sizeof domain_type);
    ssz_pair(ret_root, header_root, &domain);
    return OK;
}
