/* The verdict on an address: proofs and words, few servers and many, liars, and time. */
#include "p2p/autonat_probes.h"

#include "base/test.h"

static instant now;
static struct autonat_probes p;

static struct net_addr ours(uint16_t port)
{
    return (struct net_addr){
        .port = port, .ip = {8, 8, 8, 8}
    };
}

/* Server i, each in an IP group of its own. */
static struct autonat_asked server(uint8_t i)
{
    return (struct autonat_asked){
        .server = 100u + i, .at = {.port = 1, .ip = {9, 9, i, 1}}
    };
}

static void start(size_t addrs, uint32_t servers)
{
    p = (struct autonat_probes){0};
    struct net_addr a[2] = {ours(1), ours(2)};
    now = (instant){.us = US_PER_S};
    EXPECT(autonat_probes_set(&p, a, addrs, now));
    (void)autonat_probes_servers(&p, servers, now);
}

static bool result(uint8_t i, enum autonat_outcome outcome)
{
    struct net_addr a = ours(1);
    struct autonat_asked s = server(i);
    now.us += US_PER_S;
    return autonat_probes_result(&p, &a, &s, outcome, now);
}

TEST(one_proof_is_enough)
{
    start(1, 5);
    EXPECT(result(0, AUTONAT_OUTCOME_ARRIVED));
    EXPECT_EQ(AUTONAT_REACHABLE, p.probes[0].verdict);
    EXPECT(!result(1, AUTONAT_OUTCOME_FAILED));
    EXPECT(!result(2, AUTONAT_OUTCOME_FAILED));
    EXPECT(!result(3, AUTONAT_OUTCOME_FAILED));
}

TEST(words_against_an_address_need_others_that_say_so)
{
    for (uint32_t servers = 1; servers <= 7; servers++) {
        uint32_t needed = servers < 3 ? servers : 3;
        start(1, servers);
        for (uint8_t i = 0; i < needed; i++) {
            test_note("server %u of %u", i, servers);
            EXPECT_EQ(AUTONAT_UNKNOWN, p.probes[0].verdict);
            EXPECT_EQ(i + 1U == needed, result(i, AUTONAT_OUTCOME_FAILED));
        }
        EXPECT_EQ(AUTONAT_UNREACHABLE, p.probes[0].verdict);
    }
}

TEST(the_same_server_counts_once)
{
    start(1, 5);
    for (unsigned i = 0; i < 10; i++) {
        EXPECT(!result(1, AUTONAT_OUTCOME_FAILED));
    }
    EXPECT_EQ(1, p.probes[0].failed_count);
}

TEST(who_says_nothing_is_not_waited_for)
{
    start(1, 3);
    EXPECT(!result(0, AUTONAT_OUTCOME_NOTHING));
    EXPECT(!result(1, AUTONAT_OUTCOME_NOTHING));
    EXPECT_EQ(AUTONAT_UNKNOWN, p.probes[0].verdict);
    EXPECT(result(2, AUTONAT_OUTCOME_FAILED));
    EXPECT_EQ(AUTONAT_UNREACHABLE, p.probes[0].verdict);
}

/* Five of seven servers lie about every dial; the other two reach us. The order is drawn; the verdict ends well, and
 * goes from unreachable to reachable at most once. */
TEST(liars_hide_an_address_from_no_one)
{
    for (unsigned seed = 0; seed < 50; seed++) {
        start(1, 7);
        unsigned flips = 0;
        unsigned turn = seed;
        for (unsigned step = 0; step < 600; step++) {
            now.us += 30 * US_PER_S;
            for (uint8_t k = 0; k < 7; k++) {
                uint8_t i = (uint8_t)((turn + k * 3) % 7);
                struct autonat_asked s = server(i);
                if (autonat_probes_next(&p, &s, now) == 0) {
                    enum autonat_verdict before = p.probes[0].verdict;
                    (void)result(i, i < 5 ? AUTONAT_OUTCOME_FAILED : AUTONAT_OUTCOME_ARRIVED);
                    flips +=
                        before == AUTONAT_REACHABLE && p.probes[0].verdict != AUTONAT_REACHABLE;
                    break;
                }
            }
            turn = turn * 5 + 1;
        }
        test_note("seed %u", seed);
        EXPECT_EQ(AUTONAT_REACHABLE, p.probes[0].verdict);
        EXPECT_EQ(0, flips);
    }
}

TEST(whom_to_ask)
{
    start(1, 5);
    struct autonat_asked s = server(0);
    EXPECT_EQ(0, autonat_probes_next(&p, &s, now));
    (void)result(0, AUTONAT_OUTCOME_FAILED);
    EXPECT_EQ(AUTONAT_PROBES_MAX, autonat_probes_next(&p, &s, now));
    now.us += US_PER_S;
    EXPECT_EQ(AUTONAT_PROBES_MAX, autonat_probes_next(&p, &s, now)); /* heard already */
    s = server(1);
    EXPECT_EQ(0, autonat_probes_next(&p, &s, now));
    /* A neighbour shows nothing of strangers, nor does a private one. */
    s.at.ip[0] = s.at.ip[1] = s.at.ip[2] = 8;
    EXPECT_EQ(AUTONAT_PROBES_MAX, autonat_probes_next(&p, &s, now));
    s.at.ip[0] = 10;
    EXPECT_EQ(AUTONAT_PROBES_MAX, autonat_probes_next(&p, &s, now));
    p.private_too = true;
    EXPECT_EQ(0, autonat_probes_next(&p, &s, now));
}

TEST(what_is_known_is_asked_again)
{
    start(1, 1);
    struct autonat_asked s = server(0);
    (void)result(0, AUTONAT_OUTCOME_ARRIVED);
    EXPECT_EQ(now.us + 3600 * US_PER_S, autonat_probes_deadline(&p).us);
    now.us += 3600 * US_PER_S - 1;
    EXPECT_EQ(AUTONAT_PROBES_MAX, autonat_probes_next(&p, &s, now));
    now.us += 1;
    EXPECT_EQ(0, autonat_probes_next(&p, &s, now));
    /* The router was changed: the same server does not reach us any more. */
    EXPECT(result(0, AUTONAT_OUTCOME_FAILED));
    EXPECT_EQ(AUTONAT_UNREACHABLE, p.probes[0].verdict);
    EXPECT_EQ(now.us + 900 * US_PER_S, autonat_probes_deadline(&p).us);
}

TEST(another_server_is_news)
{
    start(1, 1);
    (void)result(0, AUTONAT_OUTCOME_FAILED);
    EXPECT_EQ(AUTONAT_UNREACHABLE, p.probes[0].verdict);
    (void)autonat_probes_servers(&p, 2, now);
    EXPECT_EQ(AUTONAT_UNREACHABLE, p.probes[0].verdict); /* as it was, until the second is heard */
    now.us += US_PER_S;
    struct autonat_asked s = server(1);
    EXPECT_EQ(0, autonat_probes_next(&p, &s, now));
    EXPECT(result(1, AUTONAT_OUTCOME_ARRIVED));
    EXPECT_EQ(AUTONAT_REACHABLE, p.probes[0].verdict);
}

TEST(old_results_hold_no_more)
{
    start(1, 1);
    (void)result(0, AUTONAT_OUTCOME_ARRIVED);
    now.us += 2 * 3600 * US_PER_S;
    EXPECT(autonat_probes_servers(&p, 0, now));
    EXPECT_EQ(AUTONAT_UNKNOWN, p.probes[0].verdict);
}

TEST(addresses_come_and_go)
{
    start(2, 1);
    struct net_addr a[AUTONAT_PROBES_MAX + 2];
    (void)result(0, AUTONAT_OUTCOME_ARRIVED);
    a[0] = ours(2);
    a[1] = ours(1);
    a[2] = ours(1);
    EXPECT(!autonat_probes_set(&p, a, 3, now));
    EXPECT_EQ(2, p.count);
    EXPECT_EQ(AUTONAT_REACHABLE, p.probes[1].verdict);
    for (size_t i = 0; i < AUTONAT_PROBES_MAX + 2; i++) {
        a[i] = ours((uint16_t)(10 + i));
    }
    EXPECT(autonat_probes_set(&p, a, AUTONAT_PROBES_MAX + 2, now));
    EXPECT_EQ(AUTONAT_PROBES_MAX, p.count);
    EXPECT(!result(0, AUTONAT_OUTCOME_ARRIVED)); /* of an address that is gone */
    EXPECT(autonat_probes_set(&p, NULL, 0, now));
    EXPECT(instant_is_never(autonat_probes_deadline(&p)));
}

TEST(many_servers_leave_the_latest_results)
{
    start(1, 50);
    for (uint8_t i = 0; i < 50; i++) {
        (void)result(i, AUTONAT_OUTCOME_FAILED);
    }
    EXPECT_EQ(AUTONAT_PROBE_RESULTS_MAX, p.probes[0].failed_count);
    EXPECT(result(60, AUTONAT_OUTCOME_ARRIVED));
}

TEST_MAIN
