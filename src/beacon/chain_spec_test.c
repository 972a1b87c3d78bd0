#include "beacon/chain_spec.h"

#include "base/test.h"

#include <string.h>

TEST(forks_begin_with_their_epoch)
{
    static const struct {
        uint64_t slot;
        enum err want;
        enum beacon_fork fork;
    } cases[] = {
        {0,               ERR_UNSUPPORTED, FORK_ALTAIR   },
        {74240 * 32 - 1,  ERR_UNSUPPORTED, FORK_ALTAIR   },
        {74240 * 32,      OK,              FORK_ALTAIR   },
        {144896 * 32,     OK,              FORK_BELLATRIX},
        {194048 * 32 - 1, OK,              FORK_BELLATRIX},
        {194048 * 32,     OK,              FORK_CAPELLA  },
        {269568 * 32 - 1, OK,              FORK_CAPELLA  },
        {269568 * 32,     OK,              FORK_DENEB    },
        {364032 * 32 - 1, OK,              FORK_DENEB    },
        {364032 * 32,     OK,              FORK_ELECTRA  },
        {411392 * 32 - 1, OK,              FORK_ELECTRA  },
        {411392 * 32,     OK,              FORK_FULU     },
        {UINT64_MAX,      OK,              FORK_FULU     },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum beacon_fork fork = cases[i].fork;
        test_note("case %zu", i);
        EXPECT_ERR(cases[i].want, chain_fork_at(&fork, &chain_mainnet, cases[i].slot));
        EXPECT_EQ(cases[i].fork, fork);
    }
}

/* A fork that is not planned never comes, whatever the slot. */
TEST(forks_that_are_not_planned)
{
    struct chain_spec c = chain_mainnet;
    enum beacon_fork fork;
    c.forks[FORK_FULU].epoch = CHAIN_EPOCH_NEVER;
    c.slots_per_epoch = 1;
    EXPECT_OK(chain_fork_at(&fork, &c, UINT64_MAX));
    EXPECT_EQ(FORK_ELECTRA, fork);
}

/* Digests that the networks use: of mainnet from recorded messages, of Sepolia from eth-clients/sepolia. */
TEST(digests)
{
    static const struct {
        const struct chain_spec *chain;
        uint64_t epoch;
        const char *digest;
        enum beacon_fork fork;
    } cases[] = {
        {&chain_mainnet, 194048, "bba4da96", FORK_CAPELLA},
        {&chain_mainnet, 269568, "6a95a1a9", FORK_DENEB  },
        {&chain_sepolia, 222464, "14045b5a", FORK_ELECTRA},
        {&chain_sepolia, 272639, "14045b5a", FORK_ELECTRA},
        {&chain_sepolia, 272640, "7e0d3447", FORK_FULU   },
        {&chain_sepolia, 274176, "fd32b622", FORK_FULU   },
        {&chain_sepolia, 275712, "74d01459", FORK_FULU   },
        {&chain_sepolia, 353023, "74d01459", FORK_FULU   },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t digest[4];
        enum beacon_fork fork;
        struct span want = test_hex(cases[i].digest);
        test_note("%s, epoch %u", cases[i].chain->name, (unsigned)cases[i].epoch);
        EXPECT_OK(chain_digest_at(digest, cases[i].chain, cases[i].epoch));
        EXPECT_SPAN(want, SPAN_OF(digest));
        EXPECT_OK(chain_fork_of_digest(&fork, cases[i].chain, want.p));
        EXPECT_EQ(cases[i].fork, fork);
        const struct chain_spec *other =
            cases[i].chain == &chain_mainnet ? &chain_sepolia : &chain_mainnet;
        EXPECT_ERR(ERR_NOT_FOUND, chain_fork_of_digest(&fork, other, want.p));
    }
    uint8_t digest[4] = {0};
    enum beacon_fork fork;
    EXPECT_ERR(ERR_UNSUPPORTED, chain_digest_at(digest, &chain_mainnet, 74239));
    EXPECT_ERR(ERR_NOT_FOUND, chain_fork_of_digest(&fork, &chain_mainnet, digest));
}

TEST(clock)
{
    const struct chain_spec *c = &chain_mainnet;
    EXPECT_EQ(0, chain_slot_at(c, (walltime){0}));
    EXPECT_EQ(0, chain_slot_at(c, (walltime){c->genesis_time + 11}));
    EXPECT_EQ(1, chain_slot_at(c, (walltime){c->genesis_time + 12}));
    EXPECT_EQ(c->genesis_time + 24, chain_slot_time(c, 2).s);
    EXPECT_EQ(UINT64_MAX, chain_slot_time(c, UINT64_MAX).s);
    EXPECT_EQ(0, chain_period_of(c, 8191));
    EXPECT_EQ(1, chain_period_of(c, 8192));
}

/* Each depth goes with its index: an index of depth n lies between 2^n and 2^(n+1). */
TEST(shapes)
{
    for (enum beacon_fork f = FORK_ALTAIR; f < FORK_COUNT; f++) {
        const struct fork_shape *s = fork_shape_of(f);
        EXPECT_EQ(1, s->finalized_index >> s->finality_depth);
        EXPECT_EQ(1, s->current_committee_index >> s->committee_depth);
        EXPECT_EQ(s->current_committee_index + 1, s->next_committee_index);
        EXPECT_EQ(f >= FORK_CAPELLA, s->has_execution);
        EXPECT_EQ(f >= FORK_DENEB, s->has_blobs);
    }
}

TEST_MAIN
