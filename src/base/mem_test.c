#include "base/mem.h"

#include "base/test.h"

#include <string.h>

TEST(alloc_is_charged_and_zeroed)
{
    struct budget b;
    budget_init(&b, test_budget(), "b", 100);
    void *p = NULL;
    EXPECT_ERR(ERR_LIMIT, mem_alloc(&b, &p, 101));
    EXPECT(p == NULL);
    EXPECT_OK(mem_alloc(&b, &p, 100));
    EXPECT_EQ(100, b.used);
    static const uint8_t zeros[100];
    EXPECT_SPAN(SPAN_OF(zeros), span_of(p, 100));
    mem_free(&b, p, 100);
    EXPECT_EQ(0, b.used);
    mem_free(&b, NULL, 0);
}

/* Growing holds old and new at once: both must fit. On refusal the old allocation stands. */
TEST(resize_under_refusal)
{
    struct budget b;
    budget_init(&b, test_budget(), "b", 100);
    void *p;
    if (!EXPECT_OK(mem_alloc(&b, &p, 40))) {
        return;
    }
    memset(p, 7, 40);
    void *before = p;
    EXPECT_ERR(ERR_LIMIT, mem_resize(&b, &p, (struct mem_resize_args){.n_old = 40, .n_new = 61}));
    EXPECT(p == before);
    EXPECT_EQ(40, b.used);
    EXPECT_OK(mem_resize(&b, &p, (struct mem_resize_args){.n_old = 40, .n_new = 60, .wipe = true}));
    EXPECT_EQ(60, b.used);
    const uint8_t *bytes = p;
    EXPECT_EQ(7, bytes[39]);
    EXPECT_EQ(0, bytes[40]);
    EXPECT_EQ(0, bytes[59]);
    EXPECT_OK(mem_resize(&b, &p, (struct mem_resize_args){.n_old = 60, .n_new = 1}));
    EXPECT_EQ(1, b.used);
    mem_free(&b, p, 1);
}

TEST_MAIN
