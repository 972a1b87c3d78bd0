#include "base/buf.h"

#include "base/rng.h"
#include "base/test.h"

#include <string.h>

TEST(max_exactly)
{
    struct buf b;
    buf_init(&b, test_budget(), 3);
    EXPECT_OK(buf_append(&b, SPAN_LIT("ab")));
    EXPECT_ERR(ERR_LIMIT, buf_append(&b, SPAN_LIT("cd"))); /* whole or not at all */
    EXPECT_SPAN(SPAN_LIT("ab"), buf_span(&b));
    EXPECT_OK(buf_append_u8(&b, 'c'));
    EXPECT_ERR(ERR_LIMIT, buf_append_u8(&b, 'd'));
    EXPECT_OK(buf_append(&b, SPAN_EMPTY));
    EXPECT_ERR(ERR_LIMIT, buf_reserve(&b, SIZE_MAX)); /* the sum would wrap */
    EXPECT_SPAN(SPAN_LIT("abc"), buf_span(&b));
    EXPECT(b.cap <= 3);
    buf_done(&b);
    buf_done(&b);
}

TEST(max_zero)
{
    struct buf b;
    buf_init(&b, test_budget(), 0);
    EXPECT_OK(buf_append(&b, SPAN_EMPTY));
    EXPECT_ERR(ERR_LIMIT, buf_append_u8(&b, 1));
    EXPECT_EQ(0, test_budget()->used);
    buf_done(&b);
}

/* A budget that refuses growth leaves the content as it was. */
TEST(growth_under_budget_refusal)
{
    struct budget small;
    budget_init(&small, test_budget(), "small", 600);
    struct buf b;
    buf_init(&b, &small, 100000);
    size_t n = 0;
    while (buf_append_u8(&b, (uint8_t)n) == OK) {
        n++;
        if (!EXPECT(n <= 600)) {
            break;
        }
    }
    EXPECT(n >= 200); /* old and new together fit in 600 bytes */
    EXPECT_EQ(n, b.n);
    EXPECT_EQ(b.cap, small.used);
    EXPECT(small.refused_count > 0);
    for (size_t i = 0; i < b.n; i++) {
        EXPECT_EQ((uint8_t)i, b.p[i]);
    }
    buf_clear(&b);
    EXPECT_OK(buf_append(&b, SPAN_LIT("x"))); /* goes on in what it has */
    buf_done(&b);
    EXPECT_EQ(0, small.used);
}

TEST(clear_keeps_and_trim_gives_back)
{
    struct buf b;
    buf_init(&b, test_budget(), 1000);
    EXPECT_OK(buf_append(&b, SPAN_LIT("abc")));
    buf_trim(&b); /* in use: nothing happens */
    EXPECT_SPAN(SPAN_LIT("abc"), buf_span(&b));
    size_t cap = b.cap;
    buf_clear(&b);
    EXPECT_EQ(0, b.n);
    EXPECT_EQ(cap, b.cap);
    buf_trim(&b);
    EXPECT_EQ(0, b.cap);
    EXPECT_EQ(0, test_budget()->used);
    EXPECT_OK(buf_append(&b, SPAN_LIT("d")));
    buf_done(&b);
}

TEST(extend_shrink_consume)
{
    struct buf b;
    buf_init(&b, test_budget(), 8);
    struct mspan room;
    EXPECT_OK(buf_extend(&b, &room, 0));
    EXPECT_EQ(0, room.n);
    EXPECT_OK(buf_extend(&b, &room, 6));
    memcpy(room.p, "abcdef", 6);
    EXPECT_ERR(ERR_LIMIT, buf_extend(&b, &room, 3));
    EXPECT_EQ(6, room.n); /* untouched on failure */
    buf_shrink(&b, 5);
    buf_shrink(&b, 5);
    EXPECT_SPAN(SPAN_LIT("abcde"), buf_span(&b));
    buf_consume(&b, 0);
    buf_consume(&b, 2);
    EXPECT_SPAN(SPAN_LIT("cde"), buf_span(&b));
    buf_consume(&b, 3);
    EXPECT_EQ(0, b.n);
    buf_done(&b);
}

/* What a secret buffer gives up is wiped: seen in the memory that it still holds. */
TEST(secret_is_wiped)
{
    struct buf b;
    buf_init_secret(&b, test_budget(), 64);
    EXPECT_OK(buf_reserve(&b, 64));
    EXPECT_OK(buf_append(&b, SPAN_LIT("secrets!")));
    static const uint8_t zeros[8];
    const uint8_t *p = b.p;
    buf_consume(&b, 6);
    EXPECT_SPAN(SPAN_LIT("s!"), buf_span(&b));
    EXPECT_SPAN(span_of(zeros, 6), span_of(p + 2, 6));
    buf_shrink(&b, 1);
    EXPECT_EQ(0, p[1]);
    buf_clear(&b);
    EXPECT_SPAN(SPAN_OF(zeros), span_of(p, 8));
    buf_done(&b);
}

TEST(done_on_zeroed)
{
    struct buf b = {0};
    buf_done(&b);
    buf_clear(&b);
    EXPECT_EQ(0, b.n);
}

/* Random appends, cuts and trims against a plain array. */
TEST(random_against_array)
{
    enum { MAX = 300 };
    uint8_t model[MAX];
    size_t n = 0;
    struct buf b;
    buf_init(&b, test_budget(), MAX);
    struct rng_seeded r;
    rng_seeded_init(&r, test_seed());
    for (int step = 0; step < 20000; step++) {
        uint8_t piece[40];
        rng_fill(&r.rng, MSPAN_OF(piece));
        size_t k = (size_t)rng_below(&r.rng, sizeof piece + 1);
        switch (rng_below(&r.rng, 4)) {
        case 0:
            EXPECT_ERR(n + k <= MAX ? OK : ERR_LIMIT, buf_append(&b, span_of(piece, k)));
            if (n + k <= MAX) {
                memcpy(model + n, piece, k);
                n += k;
            }
            break;
        case 1:
            k = k < n ? k : n;
            buf_consume(&b, k);
            memmove(model, model + k, n - k);
            n -= k;
            break;
        case 2:
            k = k < n ? k : n;
            buf_shrink(&b, n - k);
            n -= k;
            break;
        default: buf_trim(&b);
        }
        EXPECT_SPAN(span_of(model, n), buf_span(&b));
        EXPECT_EQ(b.cap, test_budget()->used);
    }
    buf_done(&b);
}

TEST_MAIN
