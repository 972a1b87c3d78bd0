/* A bound on bytes a second, on a clock of our own. */
#include "node/net/throttle.h"

#include "base/test.h"

static const instant start = {.us = 5 * US_PER_S};

/* Moves as much as it may in pieces, for so long; how much that was. */
static uint64_t moved(struct throttle *t, size_t piece, uint64_t ms)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < ms; i++) {
        instant now = instant_add(start, i * US_PER_MS);
        while (sum < UINT64_C(1) << 32 && throttle_allows(t, now)) {
            throttle_charge(t, piece);
            sum += piece;
        }
    }
    return sum;
}

TEST(no_bound)
{
    struct throttle t = {0};
    EXPECT(throttle_allows(&t, start));
    throttle_charge(&t, SIZE_MAX);
    EXPECT(throttle_allows(&t, start));
}

TEST(ten_seconds_move_what_was_set)
{
    static const uint64_t rates[] = {8 * 1024, 125000, 2500000, 125000000};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct throttle t;
        uint64_t piece = rates[i] / 100 + 100;
        throttle_set(&t, rates[i], start);
        uint64_t sum = moved(&t, (size_t)piece, 10000);
        uint64_t burst = rates[i] / 10 > 64 * 1024 ? rates[i] / 10 : 64 * 1024;
        test_note("%llu bytes a second", (unsigned long long)rates[i]);
        EXPECT(sum <= 10 * rates[i] + burst + piece);
        EXPECT(sum >= 98 * rates[i] / 10);
    }
}

TEST(it_tells_when_it_opens_again)
{
    struct throttle t;
    throttle_set(&t, 1000000, start);
    throttle_charge(&t, 1100000); /* a second and a bit more than it had */
    EXPECT(!throttle_allows(&t, start));
    instant opens = throttle_opens(&t);
    EXPECT(instant_since(start, opens) > 900000 && instant_since(start, opens) < 1100000);
    EXPECT(!throttle_allows(&t, instant_add(start, 800000)));
    EXPECT(throttle_allows(&t, opens));
}

TEST_MAIN
