#include "base/pool.h"

#include "base/test.h"

#include <string.h>

struct thing {
    uint8_t bytes[40];
};

TEST(count_max_exactly)
{
    struct pool p;
    pool_init(
        &p, test_budget(),
        (struct pool_cfg){.object_len = sizeof(struct thing), .count_max = 2, .spare_max = 1});
    void *a = NULL;
    void *b = NULL;
    void *c = NULL;
    EXPECT_OK(pool_take(&p, &a));
    EXPECT_OK(pool_take(&p, &b));
    EXPECT(a != b);
    EXPECT_ERR(ERR_LIMIT, pool_take(&p, &c));
    EXPECT(c == NULL);
    pool_give(&p, a);
    EXPECT_OK(pool_take(&p, &c));
    EXPECT_EQ(2, p.count);
    pool_give(&p, b);
    pool_give(&p, c);
    pool_give(&p, NULL);
    EXPECT_EQ(0, p.count);
    EXPECT_EQ(1, p.spare_count);
    EXPECT_EQ(sizeof(struct thing), test_budget()->used); /* spares stay charged, up to spare_max */
    pool_done(&p);
}

TEST(objects_come_zeroed)
{
    static const struct thing zero;
    struct pool p;
    pool_init(
        &p, test_budget(),
        (struct pool_cfg){.object_len = sizeof(struct thing), .count_max = 3, .spare_max = 3});
    for (int round = 0; round < 3; round++) {
        void *things[3];
        for (size_t i = 0; i < 3; i++) {
            if (!EXPECT_OK(pool_take(&p, &things[i]))) {
                return;
            }
            EXPECT_SPAN(SPAN_OF(zero.bytes), span_of(things[i], sizeof(struct thing)));
            memset(things[i], 0xa5, sizeof(struct thing));
        }
        for (size_t i = 0; i < 3; i++) {
            pool_give(&p, things[i]);
        }
    }
    pool_done(&p);
}

TEST(budget_refusal)
{
    struct budget small;
    budget_init(&small, test_budget(), "small", sizeof(struct thing) * 2 - 1);
    struct pool p;
    pool_init(&p, &small, (struct pool_cfg){.object_len = sizeof(struct thing), .count_max = 9});
    void *a = NULL;
    void *b = NULL;
    EXPECT_OK(pool_take(&p, &a));
    EXPECT_ERR(ERR_LIMIT, pool_take(&p, &b));
    EXPECT(b == NULL);
    EXPECT_EQ(1, p.count);
    pool_give(&p, a);
    EXPECT_EQ(0, small.used); /* no spares wanted */
    EXPECT_OK(pool_take(&p, &b));
    pool_give(&p, b);
    pool_done(&p);
}

TEST(done_on_zeroed)
{
    struct pool p = {0};
    pool_done(&p);
    EXPECT_EQ(0, p.count);
}

TEST_MAIN
