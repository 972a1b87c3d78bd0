/* How others see us: votes, groups, thresholds in networks of any size, ports, time, and who wants to cheat. */
#include "p2p/observed.h"

#include "base/test.h"

#include <string.h>

static struct observed o;
static instant now;
static struct observed_addr list[OBSERVED_ADDRS_MAX];

static void start(void)
{
    memset(&o, 0, sizeof o);
    now = (instant){.us = US_PER_S};
}

static struct net_addr seen_as(uint8_t last, uint16_t port, enum net_transport t)
{
    return (struct net_addr){
        .transport = t, .port = port, .ip = {8, 8, 8, last}
    };
}

/* Observer i of group g says that it sees us at an address. */
static void say(uint8_t g, uint8_t i, struct net_addr addr, bool is_exact)
{
    observed_add(&o, now,
                 &(struct observed_args){
                     .observer = 1u + g * 256u + i,
                     .at = {.port = 1, .ip = {9, 9, g, i}},
                     .addr = addr,
                     .is_exact = is_exact,
                     .listen_port = 4001
    });
    now.us++;
}

TEST(how_many_must_agree)
{
    static const uint8_t needed[] = {0, 1, 2, 2, 3, 3, 4, 4, 4, 4, 4};
    for (uint8_t groups = 1; groups <= 10; groups++) {
        for (uint8_t agree = 1; agree <= groups; agree++) {
            start();
            for (uint8_t g = 0; g < groups; g++) {
                /* who does not agree, says something of its own */
                say(g, 1, seen_as(g < agree ? 1 : (uint8_t)(100 + g), 7, NET_QUIC), true);
            }
            size_t count = observed_list(&o, now, list);
            test_note("%u of %u groups", agree, groups);
            TEST_REQUIRE(count > 0);
            EXPECT_EQ(agree, list[0].groups_count);
            EXPECT_EQ(groups, list[0].groups_asked);
            EXPECT_EQ(agree >= needed[groups], list[0].is_believed);
        }
    }
}

TEST(one_operator_has_one_vote)
{
    start();
    for (uint8_t i = 0; i < 50; i++) {
        say(1, i, seen_as(66, 7, NET_QUIC), true);
    }
    say(2, 1, seen_as(1, 7, NET_QUIC), true);
    say(3, 1, seen_as(1, 7, NET_QUIC), true);
    EXPECT_EQ(2, observed_list(&o, now, list));
    EXPECT_EQ(1, list[0].addr.ip[3]);
    EXPECT(list[0].is_believed);
    EXPECT_EQ(1, list[1].groups_count);
    EXPECT(!list[1].is_believed);
    /* In a local network each neighbour counts, and private addresses do. */
    start();
    o.each_counts = true;
    struct net_addr a = {
        .port = 7, .transport = NET_QUIC, .ip = {10, 0, 0, 1}
    };
    say(1, 1, a, true);
    say(1, 2, a, true);
    EXPECT_EQ(1, observed_list(&o, now, list));
    EXPECT_EQ(2, list[0].groups_count);
}

TEST(the_port_of_a_connection_that_we_opened)
{
    start();
    say(1, 1, seen_as(1, 50001, NET_TCP), false);
    say(2, 1, seen_as(1, 50002, NET_TCP), false);
    TEST_REQUIRE(observed_list(&o, now, list) == 1);
    EXPECT_EQ(4001, list[0].addr.port);
    EXPECT(list[0].is_believed && !list[0].is_exact);
    /* With the port that we listen at it is the router's. */
    start();
    say(1, 1, seen_as(1, 50001, NET_TCP), true);
    TEST_REQUIRE(observed_list(&o, now, list) == 1);
    EXPECT_EQ(50001, list[0].addr.port);
    /* Where we do not listen nothing follows. */
    start();
    struct observed_args args = {
        .observer = 1, .at = seen_as(9, 1, NET_TCP), .addr = seen_as(1, 5, NET_TCP)};
    observed_add(&o, now, &args);
    EXPECT_EQ(0, observed_list(&o, now, list));
}

TEST(what_is_nobodys_address)
{
    start();
    struct net_addr a = {
        .port = 7, .transport = NET_QUIC, .ip = {192, 168, 1, 1}
    };
    say(1, 1, a, true);
    memset(a.ip, 0, sizeof a.ip);
    say(2, 1, a, true);
    say(3, 1, seen_as(1, 0, NET_QUIC), true);
    EXPECT_EQ(0, observed_list(&o, now, list));
    EXPECT(instant_is_never(observed_deadline(&o)));
}

TEST(an_observer_changes_its_mind)
{
    start();
    say(1, 1, seen_as(1, 7, NET_QUIC), true);
    say(1, 1, seen_as(2, 7, NET_QUIC), true);
    say(1, 1, seen_as(2, 7, NET_TCP), true); /* another transport: a vote of its own */
    EXPECT_EQ(2, observed_list(&o, now, list));
    EXPECT_EQ(2, list[0].addr.ip[3]);
    EXPECT_EQ(2, list[1].addr.ip[3]);
}

TEST(votes_end)
{
    start();
    say(1, 1, seen_as(1, 7, NET_QUIC), true);
    instant end = observed_deadline(&o);
    EXPECT_EQ(US_PER_S + 4 * 3600 * US_PER_S, end.us);
    observed_gone(&o, now, 1u + 256u + 1u);
    end = observed_deadline(&o);
    EXPECT_EQ(now.us + 1800 * US_PER_S, end.us);
    now.us = end.us - 1;
    EXPECT_EQ(1, observed_list(&o, now, list));
    now = end;
    EXPECT_EQ(0, observed_list(&o, now, list));
    observed_expire(&o, now);
    EXPECT(instant_is_never(observed_deadline(&o)));
}

TEST(the_table_is_full)
{
    start();
    for (uint8_t g = 0; g < 200; g++) {
        say(g, 1, seen_as(g, 7, NET_QUIC), true);
    }
    EXPECT_EQ(OBSERVED_ADDRS_MAX, observed_list(&o, now, list));
    EXPECT_EQ(OBSERVED_VOTES_MAX, list[0].groups_asked);
    for (uint8_t g = 0; g < 3; g++) {
        say(g, 2, seen_as(250, 7, NET_QUIC), true);
    }
    EXPECT_EQ(OBSERVED_ADDRS_MAX, observed_list(&o, now, list));
    EXPECT_EQ(250, list[0].addr.ip[3]);
    EXPECT_EQ(3, list[0].groups_count);
}

TEST(how_a_router_chooses_ports)
{
    static const struct {
        const char *name;
        uint16_t ports[4]; /* as four groups see us; 0 = silent */
        enum observed_mapping mapping;
    } cases[] = {
        {"nobody",          {0, 0, 0, 0}, OBSERVED_MAPPING_UNKNOWN},
        {"one",             {7, 0, 0, 0}, OBSERVED_MAPPING_UNKNOWN},
        {"two the same",    {7, 7, 0, 0}, OBSERVED_MAPPING_SAME   },
        {"two that differ", {7, 8, 0, 0}, OBSERVED_MAPPING_DIFFERS},
        {"most the same",   {7, 7, 7, 8}, OBSERVED_MAPPING_SAME   },
        {"all differ",      {7, 8, 9, 6}, OBSERVED_MAPPING_DIFFERS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        start();
        for (uint8_t g = 0; g < 4; g++) {
            say(g, 1, seen_as(1, cases[i].ports[g], NET_QUIC), true);
        }
        test_note("%s", cases[i].name);
        EXPECT_EQ(cases[i].mapping, observed_mapping(&o, now, NET_QUIC, false));
        EXPECT_EQ(OBSERVED_MAPPING_UNKNOWN, observed_mapping(&o, now, NET_QUIC, true));
    }
}

TEST_MAIN
