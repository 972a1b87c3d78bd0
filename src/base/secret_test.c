#include "base/secret.h"

#include "base/test.h"

#include <string.h>

TEST(wiped)
{
    struct secret32 a;
    struct secret64 b;
    memset(&a, 0xa5, sizeof a);
    memset(&b, 0xa5, sizeof b);
    secret32_wipe(&a);
    secret64_wipe(&b);
    static const uint8_t zeros[64];
    EXPECT_SPAN(span_of(zeros, 32), SPAN_OF(a.bytes));
    EXPECT_SPAN(SPAN_OF(zeros), SPAN_OF(b.bytes));
}

TEST(wipe_stays_inside)
{
    uint8_t b[4] = {1, 2, 3, 4};
    wipe(mspan_of(b + 1, 2));
    EXPECT_SPAN(test_hex("01000004"), SPAN_OF(b));
    wipe((struct mspan){0});
}

TEST(ct_equal_sees_each_bit)
{
    uint8_t a[32];
    uint8_t b[32];
    memset(a, 0x5a, sizeof a);
    memcpy(b, a, sizeof b);
    EXPECT(ct_equal(SPAN_OF(a), SPAN_OF(b)));
    for (size_t bit = 0; bit < 8 * sizeof b; bit++) {
        b[bit / 8] ^= (uint8_t)(1U << bit % 8);
        EXPECT(!ct_equal(SPAN_OF(a), SPAN_OF(b)));
        b[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    EXPECT(!ct_equal(SPAN_OF(a), span_of(b, 31)));
    EXPECT(ct_equal(SPAN_EMPTY, SPAN_EMPTY));
}

TEST_MAIN
