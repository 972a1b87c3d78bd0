#include "base/budget.h"

#include "base/rng.h"
#include "base/test.h"

TEST(limit_exactly)
{
    struct budget b;
    budget_init(&b, NULL, "root", 10);
    EXPECT_OK(budget_reserve(&b, 0, NULL));
    EXPECT_OK(budget_reserve(&b, 10, NULL));
    EXPECT_EQ(0, budget_free(&b));
    EXPECT_ERR(ERR_LIMIT, budget_reserve(&b, 1, NULL));
    EXPECT_OK(budget_reserve(&b, 0, NULL));
    budget_release(&b, 1);
    EXPECT_OK(budget_reserve(&b, 1, NULL));
    EXPECT_ERR(ERR_LIMIT, budget_reserve(&b, SIZE_MAX, NULL)); /* the sum would wrap */
    EXPECT_EQ(10, b.used);
    EXPECT_EQ(10, b.used_max);
    EXPECT_EQ(2, b.refused_count);
}

TEST(refusal_names_the_scope)
{
    struct budget system;
    struct budget peer;
    struct budget stream;
    budget_init(&system, NULL, "system", 100);
    budget_init(&peer, &system, "peer", 20);
    budget_init(&stream, &peer, "stream", 50);
    struct budget_refusal why = {0};
    EXPECT_OK(budget_reserve(&stream, 15, &why));
    EXPECT(why.scope == NULL); /* untouched on success */
    EXPECT_ERR(ERR_LIMIT, budget_reserve(&stream, 6, &why));
    EXPECT_STR("peer", why.scope);
    EXPECT_EQ(15, why.used);
    EXPECT_EQ(20, why.limit);
    EXPECT_EQ(6, why.asked);
    EXPECT_EQ(15, stream.used); /* in all scopes or in none */
    EXPECT_EQ(15, system.used);
    EXPECT_EQ(5, budget_free(&stream));
    EXPECT_EQ(1, peer.refused_count);
    EXPECT_EQ(0, stream.refused_count);
    budget_done(&stream);
    EXPECT_EQ(0, peer.used);
    EXPECT_EQ(0, system.used);
    budget_done(&stream); /* twice is fine */
    budget_done(&peer);
}

TEST(done_on_zeroed)
{
    struct budget b = {0};
    budget_done(&b);
    EXPECT_EQ(0, b.used);
}

/* Whatever is reserved and released in a small tree, each scope knows the sum of what is below it. */
TEST(random_sums)
{
    struct budget root;
    struct budget leaves[3];
    size_t held[3] = {0};
    budget_init(&root, NULL, "root", 1000);
    for (size_t i = 0; i < 3; i++) {
        budget_init(&leaves[i], &root, "leaf", 400);
    }
    struct rng_seeded r;
    rng_seeded_init(&r, test_seed());
    for (int step = 0; step < 5000; step++) {
        size_t i = (size_t)rng_below(&r.rng, 3);
        size_t n = (size_t)rng_below(&r.rng, 200);
        size_t sum = held[0] + held[1] + held[2];
        if (rng_below(&r.rng, 2) == 0) {
            bool fits = held[i] + n <= 400 && sum + n <= 1000;
            EXPECT_ERR(fits ? OK : ERR_LIMIT, budget_reserve(&leaves[i], n, NULL));
            held[i] += fits ? n : 0;
        } else if (n <= held[i]) {
            budget_release(&leaves[i], n);
            held[i] -= n;
        }
        EXPECT_EQ(held[i], leaves[i].used);
        EXPECT_EQ(held[0] + held[1] + held[2], root.used);
    }
    for (size_t i = 0; i < 3; i++) {
        budget_done(&leaves[i]);
    }
    EXPECT_EQ(0, root.used);
}

TEST_MAIN
