/* Limits on a host: floods, deny lists, who is let go of, and why. */
#include "p2p/host_conn_manager.h"

#include "base/check.h"
#include "base/test.h"
#include "p2p/conn_gate.h"
#include "p2p/host_net_test.h"

#include <string.h>

static struct host_net net;
static struct host_conn_manager manager;
static unsigned connected;
static unsigned disconnected;
static const char *last_rule;

static void on_event(void *user, unsigned i, const struct host_event *e)
{
    (void)user;
    if (i == 0) {
        connected += e->kind == HOST_EVENT_PEER_CONNECTED;
        disconnected += e->kind == HOST_EVENT_PEER_DISCONNECTED;
        last_rule = e->kind == HOST_EVENT_PEER_DISCONNECTED ? e->rule : last_rule;
    }
}

static void start(unsigned count)
{
    connected = disconnected = 0;
    last_rule = NULL;
    host_net_init(&net, count);
    net.on_event = on_event;
}

/* come opens a link from so many further addresses of 8.8.x.x, each to stay silent; how many were let in. */
static unsigned come(const uint8_t ip[static 4], unsigned count, struct refusal *ret_last)
{
    unsigned in = 0;
    for (unsigned i = 0; i < count; i++) {
        uint8_t room[NET_ADDR_LEN_MAX];
        struct net_addr a = {.port = (uint16_t)(1000 + i)};
        memcpy(a.ip, ip, 4);
        struct wr w = wr_init(MSPAN_OF(room));
        net_addr_write(&w, &a);
        host_link link;
        struct host_link_args args = {.remote = span_of(room, w.n), .now = net.now};
        in += host_link_open(&net.nodes[0].host, &link, ret_last, args) == OK;
    }
    return in;
}

TEST(a_flood_from_one_network)
{
    struct refusal r = {0};
    start(1);
    struct host *h = &net.nodes[0].host;
    host_conn_manager_init(&manager, h, &(struct host_conn_manager_cfg){0});
    h->limits.conns_transient_max = h->limits.conns_in_max = h->limits.conns_max = 2000;
    EXPECT_EQ(h->limits.conns_per_host_max, come((uint8_t[]){8, 8, 8, 8}, 100, &r));
    EXPECT_STR("connections of this address", r.reason);
    EXPECT_STR("host", r.scope);
    EXPECT_EQ(16, r.value);
    EXPECT_EQ(16, r.limit);
    unsigned in = 0;
    for (uint8_t i = 9; i < 100; i++) {
        in += come((uint8_t[]){8, 8, 8, i}, 5, &r);
    }
    EXPECT_EQ(h->limits.conns_per_network_max - 16, in);
    EXPECT_STR("network", r.scope);
    EXPECT_EQ(5, come((uint8_t[]){8, 8, 9, 1}, 5, &r)); /* others are not hurt */
    EXPECT_EQ(40, come((uint8_t[]){10, 1, 1, 1}, 40, &r));
    host_net_run(&net);
    EXPECT(manager.refusals_count > 0);

    /* None of them ever says a word. */
    host_net_pass(&net, h->limits.handshake_timeout_us + US_PER_S);
    EXPECT_EQ(0, h->links.count);
    EXPECT_EQ(0, h->groups.counts.count);
    EXPECT_EQ(0, h->conns_transient_count);
    EXPECT_EQ(16, come((uint8_t[]){8, 8, 8, 8}, 100, &r));
    host_conn_manager_done(&manager);
    host_net_done(&net);
}

TEST(networks_and_peers_that_are_denied)
{
    static struct conn_gate gate;
    struct refusal r = {0};
    start(2);
    struct host *h = &net.nodes[0].host;
    EXPECT_OK(conn_rules_add(&gate.deny, SPAN_LIT("8.8.8.0/24")));
    EXPECT_OK(conn_rules_add(&gate.allow, SPAN_LIT("9.9.9.9")));
    host_set_gate(h, &gate);
    EXPECT_EQ(0, come((uint8_t[]){8, 8, 8, 8}, 3, &r));
    EXPECT_STR("gate", r.scope);
    EXPECT_STR("an address on the deny list", r.reason);
    EXPECT_EQ(30, come((uint8_t[]){9, 9, 9, 9}, 30, &r)); /* more than strangers may have */
    host_net_pass(&net, 20 * US_PER_S);

    /* A peer that is denied while it is connected is let go of, with the reason, and neither comes back nor is dialled. */
    char id[PEER_ID_TEXT_MAX];
    host_net_connect(&net, 1, 0);
    EXPECT_EQ(1, connected);
    peer_id_print(id, host_self(&net.nodes[1].host));
    EXPECT_OK(conn_rules_add(&gate.deny, span_str(id)));
    host_set_gate(h, &gate);
    host_net_run(&net);
    EXPECT_EQ(1, disconnected);
    EXPECT_STR("on the deny list", last_rule);
    host_net_connect(&net, 1, 0);
    host_net_connect(&net, 0, 1);
    EXPECT_EQ(1, connected);
    EXPECT(!host_peer_find(h, &(struct host_peer_info){0}, host_self(&net.nodes[1].host)));

    gate.deny.count = 1;
    host_set_gate(h, &gate);
    host_net_pass(&net, 60 * US_PER_S); /* the other side backs off */
    host_net_connect(&net, 1, 0);
    EXPECT_EQ(2, connected);
    host_net_done(&net);
}

static void refresh(void *user, struct conn_manager *m, const struct peer_id *peer)
{
    const struct peer_id *kept = user;
    conn_manager_protect(m, peer, CONN_TAG_SERVER, peer_id_equal(peer, kept));
}

TEST(the_least_valued_is_let_go_of_and_told_why)
{
    start(6);
    struct host_conn_manager_cfg cfg = {.low = 2,
                                        .high = 4,
                                        .refresh = refresh,
                                        .user = (void *)(uintptr_t)host_self(&net.nodes[5].host)};
    host_conn_manager_init(&manager, &net.nodes[0].host, &cfg);
    for (unsigned i = 1; i < 6; i++) {
        host_net_connect(&net, i, 0);
        host_net_pass(&net, US_PER_S);
    }
    EXPECT_EQ(5, connected);
    host_net_pass(&net, 60 * US_PER_S);
    EXPECT_EQ(3, disconnected);
    EXPECT_EQ(3, manager.manager.pruned_count);
    struct host_peer_info info;
    EXPECT(host_peer_find(&net.nodes[0].host, &info, host_self(&net.nodes[5].host)));
    EXPECT(host_peer_find(&net.nodes[0].host, &info, host_self(&net.nodes[1].host)));
    const struct host_ending *last = host_conn_manager_ending(&manager, 0);
    TEST_REQUIRE(EXPECT(last != NULL));
    EXPECT(last->was_pruned);
    EXPECT(last->inbound);
    EXPECT(host_conn_manager_ending(&manager, 3) == NULL);
    EXPECT_STR("more peers than are wanted, and this one was of least use", last_rule);
    host_conn_manager_done(&manager);
    host_conn_manager_done(&manager);
    host_net_done(&net);
}

TEST_MAIN
