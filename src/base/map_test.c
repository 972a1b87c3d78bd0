#include "base/map.h"

#include "base/rng.h"
#include "base/test.h"

#include <string.h>

/* The 64-byte vector set of the SipHash reference: key 00..0f, input 00 01 02 ...; first, second and last. */
TEST(siphash_vectors)
{
    const uint64_t seed[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    uint8_t in[64];
    for (size_t i = 0; i < sizeof in; i++) {
        in[i] = (uint8_t)i;
    }
    EXPECT_EQ(UINT64_C(0x726fdb47dd0e0e31), siphash24(seed, span_of(in, 0)));
    EXPECT_EQ(UINT64_C(0x74f839c593dc67fd), siphash24(seed, span_of(in, 1)));
    EXPECT_EQ(UINT64_C(0xa129ca6149be45e5), siphash24(seed, span_of(in, 15)));
}

/* Random adds and removes against a plain table. */
TEST(random_against_table)
{
    enum { KEYS = 200 };
    static int values[KEYS];
    bool present[KEYS] = {0};
    struct rng_seeded r;
    rng_seeded_init(&r, test_seed());
    struct map m;
    map_init(&m, test_budget(),
             (struct map_cfg){
                 .count_max = KEYS, .seed = {1, 2}
    });
    size_t count = 0;
    for (int step = 0; step < 20000; step++) {
        uint8_t i = (uint8_t)rng_below(&r.rng, KEYS);
        struct span key = span_of(&i, 1);
        EXPECT((map_find(&m, key) == &values[i]) == present[i]);
        if (rng_below(&r.rng, 2) == 0) {
            EXPECT_ERR(present[i] ? ERR_STATE : OK, map_add(&m, key, &values[i]));
            count += !present[i];
            present[i] = true;
        } else {
            EXPECT((map_remove(&m, key) != NULL) == present[i]);
            count -= present[i];
            present[i] = false;
        }
        EXPECT_EQ(count, m.count);
    }
    map_done(&m);
}

TEST(limits)
{
    struct map m;
    int v = 0;
    map_init(&m, test_budget(), (struct map_cfg){.count_max = 2});
    uint8_t long_key[MAP_KEY_LEN_MAX + 1] = {0};
    EXPECT_ERR(ERR_LIMIT, map_add(&m, SPAN_OF(long_key), &v));
    EXPECT_OK(map_add(&m, span_of(long_key, MAP_KEY_LEN_MAX), &v));
    EXPECT_OK(map_add(&m, SPAN_EMPTY, &v));
    EXPECT_ERR(ERR_LIMIT, map_add(&m, SPAN_LIT("x"), &v));
    map_done(&m);
}

TEST_MAIN
