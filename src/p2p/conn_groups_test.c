/* Connections of one place. */
#include "p2p/conn_groups.h"

#include "base/test.h"
#include "codec/multiaddr.h"

static const uint64_t seed[2] = {1, 2};
static struct conn_groups g;

static struct net_addr addr_of(const char *text)
{
    uint8_t room[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    struct net_addr a = {0};
    EXPECT_OK(multiaddr_parse(&w, span_str(text), NULL));
    EXPECT_OK(net_addr_of(&a, span_of(room, w.n)));
    return a;
}

static const char *enter(const char *text)
{
    struct refusal r = {0};
    struct net_addr a = addr_of(text);
    enum err e = conn_groups_enter(&g, &a, &r);
    EXPECT((e == OK) == (r.scope == NULL));
    return e == OK ? "in" : r.scope;
}

static void leave(const char *text)
{
    struct net_addr a = addr_of(text);
    conn_groups_leave(&g, &a);
}

static void start(uint32_t host, uint32_t network)
{
    struct conn_groups_cfg cfg = {
        .per_host_max = host, .per_network_max = network, .groups_max = 100};
    conn_groups_init(&g, test_budget(), &cfg, seed);
}

TEST(one_address_and_one_network)
{
    start(2, 3);
    EXPECT_STR("in", enter("/ip4/8.8.8.8/tcp/1"));
    EXPECT_STR("in", enter("/ip4/8.8.8.8/udp/2/quic-v1"));
    EXPECT_STR("host", enter("/ip4/8.8.8.8/tcp/3"));
    EXPECT_STR("host", enter("/ip6/::ffff:8.8.8.8/tcp/3"));
    EXPECT_STR("in", enter("/ip4/8.8.8.9/tcp/1"));
    EXPECT_STR("network", enter("/ip4/8.8.8.10/tcp/1"));
    EXPECT_STR("in", enter("/ip4/8.8.9.8/tcp/1"));
    leave("/ip4/8.8.8.8/tcp/1");
    EXPECT_STR("in", enter("/ip4/8.8.8.10/tcp/1"));
    conn_groups_done(&g);
}

TEST(an_ipv6_household_is_one)
{
    start(2, 3);
    EXPECT_STR("in", enter("/ip6/2606:4700:1:100::1/tcp/1"));
    EXPECT_STR("in", enter("/ip6/2606:4700:1:1ff::1/tcp/1"));
    EXPECT_STR("host", enter("/ip6/2606:4700:1:177::7/tcp/1"));
    EXPECT_STR("in", enter("/ip6/2606:4700:1:200::1/tcp/1"));
    EXPECT_STR("network", enter("/ip6/2606:4700:1:300::1/tcp/1"));
    EXPECT_STR("in", enter("/ip6/2606:4700:2::1/tcp/1"));
    conn_groups_done(&g);
}

TEST(private_ones_do_not_count_and_zero_is_no_bound)
{
    start(1, 1);
    for (int i = 0; i < 5; i++) {
        EXPECT_STR("in", enter("/ip4/127.0.0.1/tcp/1"));
        EXPECT_STR("in", enter("/ip4/172.17.0.1/tcp/1"));
        EXPECT_STR("in", enter("/ip6/fd00::1/tcp/1"));
    }
    EXPECT_EQ(0, g.counts.count);
    leave("/ip4/127.0.0.1/tcp/1");
    conn_groups_done(&g);
    start(0, 0);
    for (int i = 0; i < 50; i++) {
        EXPECT_STR("in", enter("/ip4/8.8.8.8/tcp/1"));
    }
    conn_groups_done(&g);
}

TEST(no_room_leaves_nothing_behind)
{
    struct budget small;
    struct conn_groups_cfg cfg = {.per_host_max = 9, .per_network_max = 9, .groups_max = 3};
    budget_init(&small, test_budget(), "small", 1 << 20);
    conn_groups_init(&g, &small, &cfg, seed);
    EXPECT_STR("in", enter("/ip4/8.8.8.8/tcp/1"));
    EXPECT_STR("system", enter("/ip4/9.9.9.9/tcp/1")); /* the fourth group */
    EXPECT_EQ(2, g.counts.count);
    leave("/ip4/8.8.8.8/tcp/1");
    EXPECT_EQ(0, g.counts.count);
    conn_groups_done(&g);
    EXPECT_EQ(0, small.used);
}

TEST_MAIN
