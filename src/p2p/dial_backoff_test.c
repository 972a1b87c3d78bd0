/* Addresses that are left alone for a while. */
#include "p2p/dial_backoff.h"

#include "base/test.h"

static const uint64_t seed[2] = {1, 2};
static const instant start = {.us = US_PER_S};

static struct peer_id peer_of(uint8_t i)
{
    return (struct peer_id){
        .n = 2, .bytes = {1, i}
    };
}

TEST(longer_with_each_failure)
{
    static const uint64_t waits_s[] = {5, 6, 9, 14, 21};
    struct dial_backoff b;
    struct peer_id peer = peer_of(1);
    struct span addr = SPAN_LIT("address");
    instant now = start;
    dial_backoff_init(&b, test_budget(), seed);
    for (size_t i = 0; i < sizeof waits_s / sizeof waits_s[0]; i++) {
        EXPECT(!dial_backoff_holds(&b, &peer, addr, now));
        dial_backoff_failed(&b, &peer, addr, now);
        EXPECT(dial_backoff_holds(&b, &peer, addr, instant_add(now, waits_s[i] * US_PER_S - 1)));
        now = instant_add(now, waits_s[i] * US_PER_S);
    }
    EXPECT(!dial_backoff_holds(&b, &peer, addr, now));
    for (int i = 0; i < 30; i++) {
        dial_backoff_failed(&b, &peer, addr, now);
    }
    EXPECT(dial_backoff_holds(&b, &peer, addr, instant_add(now, DIAL_BACKOFF_US_MAX - 1)));
    EXPECT(!dial_backoff_holds(&b, &peer, addr, instant_add(now, DIAL_BACKOFF_US_MAX)));
    dial_backoff_done(&b);
}

TEST(each_peer_and_address_for_itself)
{
    struct dial_backoff b;
    struct peer_id one = peer_of(1);
    struct peer_id two = peer_of(2);
    struct peer_id nobody = {0};
    dial_backoff_init(&b, test_budget(), seed);
    dial_backoff_failed(&b, &one, SPAN_LIT("a"), start);
    EXPECT(dial_backoff_holds(&b, &one, SPAN_LIT("a"), start));
    EXPECT(!dial_backoff_holds(&b, &one, SPAN_LIT("b"), start));
    EXPECT(!dial_backoff_holds(&b, &two, SPAN_LIT("a"), start));
    EXPECT(!dial_backoff_holds(&b, &nobody, SPAN_LIT("a"), start));
    dial_backoff_worked(&b, &two, SPAN_LIT("a")); /* not there: nothing happens */
    dial_backoff_worked(&b, &one, SPAN_LIT("a"));
    EXPECT(!dial_backoff_holds(&b, &one, SPAN_LIT("a"), start));
    dial_backoff_done(&b);
}

TEST(what_is_old_is_forgotten_and_a_full_table_makes_room)
{
    struct dial_backoff b;
    struct peer_id peer = peer_of(1);
    dial_backoff_init(&b, test_budget(), seed);
    for (unsigned i = 0; i < DIAL_BACKOFF_ENTRIES_MAX + 10; i++) {
        uint8_t addr[2] = {(uint8_t)(i >> 8), (uint8_t)i};
        dial_backoff_failed(&b, &peer, SPAN_OF(addr), instant_add(start, i));
    }
    EXPECT_EQ(DIAL_BACKOFF_ENTRIES_MAX, b.entries.count);
    uint8_t oldest[2] = {0, 0};
    uint8_t newest[2] = {(DIAL_BACKOFF_ENTRIES_MAX + 9) >> 8, (DIAL_BACKOFF_ENTRIES_MAX + 9) & 255};
    EXPECT(!dial_backoff_holds(&b, &peer, SPAN_OF(oldest), instant_add(start, 600)));
    EXPECT(dial_backoff_holds(&b, &peer, SPAN_OF(newest), instant_add(start, 600)));
    dial_backoff_failed(&b, &peer, SPAN_LIT("new"), instant_add(start, 20 * US_PER_S));
    EXPECT_EQ(1, b.entries.count);
    dial_backoff_done(&b);
}

TEST_MAIN
