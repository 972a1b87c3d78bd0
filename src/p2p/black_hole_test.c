/* Kinds of addresses that lead nowhere. */
#include "p2p/black_hole.h"

#include "base/test.h"

static const instant start = {.us = US_PER_S};

static void record(struct black_hole *b, unsigned count, bool is_success)
{
    for (unsigned i = 0; i < count; i++) {
        black_hole_record(b, start, is_success);
    }
}

TEST(a_few_failures_say_nothing)
{
    struct black_hole b = {0};
    record(&b, BLACK_HOLE_WINDOW - 1, false);
    EXPECT(black_hole_allows(&b, start));
    record(&b, 1, false);
    EXPECT(!black_hole_allows(&b, start));
}

TEST(a_share_of_successes_is_enough)
{
    struct black_hole b = {0};
    record(&b, BLACK_HOLE_SUCCESSES_MIN, true);
    record(&b, BLACK_HOLE_WINDOW - BLACK_HOLE_SUCCESSES_MIN, false);
    EXPECT(black_hole_allows(&b, start));
    record(&b, 1, false); /* the oldest success leaves the window */
    EXPECT(!black_hole_allows(&b, start));
}

TEST(one_probe_now_and_then)
{
    struct black_hole b = {0};
    record(&b, BLACK_HOLE_WINDOW, false);
    instant almost = instant_add(start, BLACK_HOLE_PROBE_US - 1);
    instant then = instant_add(start, BLACK_HOLE_PROBE_US);
    EXPECT(!black_hole_allows(&b, almost));
    EXPECT(black_hole_would_allow(&b, then));
    EXPECT(black_hole_allows(&b, then));
    EXPECT(!black_hole_allows(&b, then)); /* one */
    black_hole_record(&b, then, false);
    EXPECT(b.is_blocked);
    EXPECT(black_hole_allows(&b, instant_add(then, BLACK_HOLE_PROBE_US)));
    black_hole_record(&b, then, true);
    EXPECT(!b.is_blocked);
    record(&b, BLACK_HOLE_WINDOW - 1, false); /* what was before does not count */
    EXPECT(!b.is_blocked);
}

TEST_MAIN
