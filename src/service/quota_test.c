#include "service/quota.h"

#include "base/test.h"

static instant at_ms(uint64_t ms)
{
    return (instant){.us = ms * US_PER_MS};
}

TEST(bucket)
{
    struct quota q;
    struct quota_answer a;
    quota_init(&q, test_budget(),
               (struct quota_cfg){.keys_max = 4, .units_max = 10, .units_per_s = 2});
    EXPECT_OK(quota_take(&q, &a, SPAN_LIT("a"), 10, at_ms(0)));
    EXPECT_EQ(0, a.left);
    EXPECT_ERR(ERR_LIMIT, quota_take(&q, &a, SPAN_LIT("a"), 1, at_ms(0)));
    EXPECT_EQ(501, a.retry_ms);
    EXPECT_ERR(ERR_LIMIT, quota_take(&q, &a, SPAN_LIT("a"), 1, at_ms(499)));
    EXPECT_OK(quota_take(&q, &a, SPAN_LIT("a"), 1, at_ms(501)));
    EXPECT_OK(quota_take(&q, &a, SPAN_LIT("b"), 1, at_ms(501)));
    EXPECT_EQ(9, a.left);
    EXPECT_OK(quota_take(&q, &a, SPAN_LIT("a"), 10, at_ms(100000)));
    quota_done(&q);
}

TEST(too_many_keys)
{
    struct quota q;
    struct quota_answer a;
    quota_init(&q, test_budget(),
               (struct quota_cfg){.keys_max = 2, .units_max = 10, .units_per_s = 1});
    EXPECT_OK(quota_take(&q, &a, SPAN_LIT("a"), 1, at_ms(0)));
    EXPECT_OK(quota_take(&q, &a, SPAN_LIT("b"), 5, at_ms(0)));
    EXPECT_ERR(ERR_LIMIT, quota_take(&q, &a, SPAN_LIT("c"), 1, at_ms(500)));
    EXPECT(a.retry_ms > 0);
    /* a second later the first has its units back and makes room */
    EXPECT_OK(quota_take(&q, &a, SPAN_LIT("c"), 1, at_ms(1000)));
    EXPECT_ERR(ERR_LIMIT, quota_take(&q, &a, SPAN_LIT("b"), 10, at_ms(1000)));
    quota_done(&q);
}

TEST_MAIN
