#include "base/heap.h"

#include "base/list.h"
#include "base/rng.h"
#include "base/test.h"

static instant at(uint64_t us)
{
    return (instant){.us = us};
}

TEST(empty)
{
    struct heap h;
    heap_init(&h, test_budget(), 4);
    EXPECT(heap_first(&h) == NULL);
    EXPECT(instant_is_never(heap_deadline(&h)));
    struct heap_node n = {0};
    heap_remove(&h, &n);
    heap_done(&h);
    struct heap zeroed = {0};
    heap_done(&zeroed);
}

TEST(count_max_exactly)
{
    struct heap h;
    heap_init(&h, test_budget(), 2);
    struct heap_node n[3] = {0};
    EXPECT_OK(heap_add(&h, &n[0], at(5)));
    EXPECT_OK(heap_add(&h, &n[1], at(3)));
    EXPECT_ERR(ERR_LIMIT, heap_add(&h, &n[2], at(1)));
    EXPECT_EQ(0, n[2].index);
    EXPECT_OK(heap_add(&h, &n[0], at(1))); /* moving needs no room */
    EXPECT(heap_first(&h) == &n[0]);
    EXPECT_EQ(1, heap_deadline(&h).us);
    heap_done(&h);
    EXPECT_EQ(0, n[0].index); /* done lets its nodes go */
}

TEST(equal_times_in_order_of_insertion)
{
    struct heap h;
    heap_init(&h, test_budget(), 50);
    struct heap_node n[50] = {0};
    for (size_t i = 0; i < 50; i++) {
        EXPECT_OK(heap_add(&h, &n[i], at(7)));
    }
    for (size_t i = 0; i < 50; i++) {
        EXPECT(heap_first(&h) == &n[i]);
        heap_remove(&h, &n[i]);
    }
    heap_done(&h);
}

TEST(budget_refusal)
{
    struct budget small;
    budget_init(&small, test_budget(), "small", 8 * sizeof(void *) + 8 * sizeof(void *));
    struct heap h;
    heap_init(&h, &small, 100);
    struct heap_node n[9] = {0};
    for (size_t i = 0; i < 8; i++) {
        EXPECT_OK(heap_add(&h, &n[i], at(i)));
    }
    EXPECT_ERR(ERR_LIMIT, heap_add(&h, &n[8], at(0)));
    EXPECT_EQ(8, h.count);
    EXPECT(heap_first(&h) == &n[0]);
    heap_done(&h);
    EXPECT_EQ(0, small.used);
}

/* Random adds, moves and removals against a plain search for the least. */
TEST(random_against_search)
{
    enum { NODES = 60 };
    struct heap_node n[NODES] = {0};
    struct heap h;
    heap_init(&h, test_budget(), NODES);
    struct rng_seeded r;
    rng_seeded_init(&r, test_seed());
    for (int step = 0; step < 20000; step++) {
        size_t i = (size_t)rng_below(&r.rng, NODES);
        if (rng_below(&r.rng, 3) == 0) {
            heap_remove(&h, &n[i]);
        } else {
            EXPECT_OK(heap_add(&h, &n[i], at(rng_below(&r.rng, 40))));
        }
        const struct heap_node *least = NULL;
        for (size_t k = 0; k < NODES; k++) {
            if (n[k].index && (!least || n[k].at.us < least->at.us ||
                               (n[k].at.us == least->at.us && n[k].order < least->order))) {
                least = &n[k];
            }
        }
        EXPECT(heap_first(&h) == least);
    }
    heap_done(&h);
}

TEST_MAIN
