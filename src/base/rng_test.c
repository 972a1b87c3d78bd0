#include "base/rng.h"

#include "base/test.h"

static uint64_t next_le(struct rng *r)
{
    uint8_t b[8];
    rng_fill(r, MSPAN_OF(b));
    uint64_t v = 0;
    for (size_t i = 8; i > 0; i--) {
        v = v << 8 | b[i - 1];
    }
    return v;
}

/* splitmix64 of seed 0: its first four outputs are the state. Source: the authors' splitmix64.c, run. */
TEST(seeding_vector)
{
    struct rng_seeded r;
    rng_seeded_init(&r, 0);
    EXPECT_EQ(UINT64_C(0xe220a8397b1dcdaf), r.s[0]);
    EXPECT_EQ(UINT64_C(0x6e789e6aa1b965f4), r.s[1]);
    EXPECT_EQ(UINT64_C(0x06c45d188009454f), r.s[2]);
    EXPECT_EQ(UINT64_C(0xf88bb8a8724c81ec), r.s[3]);
}

/* xoshiro256** from the state 1, 2, 3, 4. Source: the authors' xoshiro256starstar.c, run. */
TEST(generator_vector)
{
    static const uint64_t want[] = {11520,
                                    0,
                                    1509978240,
                                    UINT64_C(1215971899390074240),
                                    UINT64_C(1216172134540287360),
                                    UINT64_C(607988272756665600)};
    struct rng_seeded r;
    rng_seeded_init(&r, 0);
    for (size_t i = 0; i < 4; i++) {
        r.s[i] = i + 1;
    }
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        test_note("output %zu", i);
        EXPECT_EQ(want[i], next_le(&r.rng));
    }
}

TEST(same_seed_same_bytes)
{
    struct rng_seeded a;
    struct rng_seeded b;
    struct rng_seeded c;
    rng_seeded_init(&a, 42);
    rng_seeded_init(&b, 42);
    rng_seeded_init(&c, 43);
    uint8_t x[33] = {0};
    uint8_t y[33] = {0};
    uint8_t z[33] = {0};
    rng_fill(&a.rng, MSPAN_OF(x));
    rng_fill(&b.rng, MSPAN_OF(y));
    rng_fill(&c.rng, MSPAN_OF(z));
    EXPECT_SPAN(SPAN_OF(x), SPAN_OF(y));
    EXPECT(!span_equal(SPAN_OF(x), SPAN_OF(z)));
    rng_fill(&a.rng, (struct mspan){0}); /* nothing asked, nothing drawn */
    EXPECT_EQ(rng_u64(&b.rng), rng_u64(&a.rng));
}

/* A source whose bytes are given, for the edge of rejection. */
struct scripted {
    struct rng rng;
    const uint64_t *values;
    size_t i;
};

static void scripted_fill(struct rng *self, struct mspan out)
{
    struct scripted *s = (struct scripted *)(void *)self;
    uint64_t v = s->values[s->i++];
    for (size_t i = 0; i < out.n; i++) {
        out.p[i] = (uint8_t)(v >> (8 * (out.n - 1 - i)));
    }
}

TEST(below_draws_again_in_the_last_interval)
{
    /* 2^64 - 1 is divisible by 3, so of all values only the last is drawn again. */
    static const uint64_t values[] = {UINT64_MAX, UINT64_MAX - 1, 5};
    struct scripted s = {.rng = {.fill = scripted_fill}, .values = values};
    EXPECT_EQ(2, rng_below(&s.rng, 3));
    EXPECT_EQ(2, s.i);
    EXPECT_EQ(0, rng_below(&s.rng, 1));
}

TEST(below_reaches_all)
{
    struct rng_seeded r;
    rng_seeded_init(&r, test_seed());
    unsigned counts[7] = {0};
    for (int i = 0; i < 7000; i++) {
        uint64_t v = rng_below(&r.rng, 7);
        if (!EXPECT(v < 7)) {
            return;
        }
        counts[v]++;
    }
    for (size_t i = 0; i < 7; i++) {
        EXPECT(counts[i] > 800);
        EXPECT(counts[i] < 1200);
    }
    EXPECT(rng_below(&r.rng, UINT64_MAX) < UINT64_MAX);
}

TEST_MAIN
