#include "base/arena.h"

#include "base/rng.h"
#include "base/test.h"

#include <stdalign.h>
#include <string.h>

enum { ALIGN = alignof(max_align_t) };

TEST(max_exactly)
{
    struct arena a;
    arena_init(&a, test_budget(), 4 * ALIGN);
    void *p = NULL;
    EXPECT_OK(arena_alloc(&a, &p, 3 * ALIGN));
    EXPECT_ERR(ERR_LIMIT, arena_alloc(&a, &p, ALIGN + 1));
    EXPECT_OK(arena_alloc(&a, &p, 1)); /* takes a whole alignment */
    EXPECT_ERR(ERR_LIMIT, arena_alloc(&a, &p, 1));
    EXPECT_OK(arena_alloc(&a, &p, 0));
    EXPECT_ERR(ERR_LIMIT, arena_alloc(&a, &p, SIZE_MAX)); /* rounding up would wrap */
    EXPECT_EQ(4 * ALIGN, a.used);
    arena_reset(&a);
    EXPECT_OK(arena_alloc(&a, &p, 4 * ALIGN));
    arena_done(&a);
    arena_done(&a);
}

TEST(pieces_are_zeroed_aligned_and_apart)
{
    struct arena a;
    arena_init(&a, test_budget(), 1 << 20);
    for (int round = 0; round < 3; round++) { /* reused memory is zero again */
        uint8_t *pieces[200];
        for (size_t i = 0; i < 200; i++) {
            void *p;
            if (!EXPECT_OK(arena_alloc(&a, &p, i))) {
                break;
            }
            EXPECT_EQ(0, (uintptr_t)p % ALIGN);
            pieces[i] = p;
            for (size_t k = 0; k < i; k++) {
                EXPECT_EQ(0, pieces[i][k]);
            }
            memset(p, (int)i, i);
        }
        for (size_t i = 0; i < 200; i++) {
            for (size_t k = 0; k < i; k++) {
                EXPECT_EQ(i, pieces[i][k]);
            }
        }
        arena_reset(&a);
        EXPECT_EQ(0, a.used);
    }
    arena_done(&a);
}

TEST(budget_refusal)
{
    struct budget small;
    budget_init(&small, test_budget(), "small", 8192);
    struct arena a;
    arena_init(&a, &small, 1 << 20);
    void *p = NULL;
    EXPECT_ERR(ERR_LIMIT, arena_alloc(&a, &p, 8192)); /* the chunk's head has no room */
    EXPECT(p == NULL);
    EXPECT_EQ(0, a.used);
    EXPECT_OK(arena_alloc(&a, &p, 100));
    EXPECT_EQ(1, small.refused_count);
    arena_done(&a);
    EXPECT_EQ(0, small.used);
}

TEST(reset_keeps_one_chunk)
{
    struct arena a;
    arena_init(&a, test_budget(), 1 << 20);
    void *p;
    EXPECT_OK(arena_alloc(&a, &p, 5000));
    size_t one = test_budget()->used;
    EXPECT_OK(arena_alloc(&a, &p, 6000));
    EXPECT_OK(arena_alloc(&a, &p, 5000));
    arena_reset(&a);
    EXPECT_EQ(one, test_budget()->used);
    arena_reset(&a);
    EXPECT_EQ(one, test_budget()->used);
    arena_done(&a);
}

TEST(copy)
{
    struct arena a;
    arena_init(&a, test_budget(), ALIGN);
    struct span copy = SPAN_EMPTY;
    struct span from = SPAN_LIT("abc");
    EXPECT_OK(arena_copy(&a, &copy, SPAN_EMPTY));
    EXPECT_EQ(0, copy.n);
    EXPECT_OK(arena_copy(&a, &copy, from));
    EXPECT_SPAN(from, copy);
    EXPECT(copy.p != from.p);
    EXPECT_ERR(ERR_LIMIT, arena_copy(&a, &copy, from));
    EXPECT_SPAN(from, copy);
    arena_done(&a);
}

TEST(done_on_zeroed)
{
    struct arena a = {0};
    arena_reset(&a);
    arena_done(&a);
    EXPECT(a.chunks == NULL);
}

TEST_MAIN
