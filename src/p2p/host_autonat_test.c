/* AutoNAT on hosts: 0 serves with 3 as its dialler, 1 and 2 ask. A node that is dead to the net is one behind a router that
 * lets nobody in: its own connections work. */
#include "p2p/host_autonat.h"

#include "base/test.h"
#include "p2p/host_net_test.h"

#include <string.h>

enum { SERVER = 0, ASKER = 1, OTHER = 2, DIALLER = 3, NODES = 4 };

static struct host_net net;
static struct host_autonat all[3];
static struct host_dialback dialback;
static unsigned changes[3];
static unsigned dials;
static bool dialler_is_silent;
static bool server_lies; /* tells that dials failed */

static enum err
start_dial(struct autonat_dialler *self, uint64_t id, const struct host_dialback_args *args)
{
    (void)self;
    dials++;
    return dialler_is_silent ? OK : host_dialback_start(&dialback, id, args);
}

static struct autonat_dialler dialler = {.start = start_dial};

static void on_event(void *user, unsigned i, const struct host_event *e)
{
    (void)user;
    struct host_dialback_event d;
    if (e->kind != HOST_EVENT_EXTENSION) {
        return;
    }
    if (i == DIALLER) {
        while (host_dialback_poll(&dialback, &d)) {
            host_autonat_dialled(&all[SERVER], d.id, server_lies ? AUTONAT_DIALLED_NOT : d.how,
                                 d.index);
        }
        return;
    }
    while (host_autonat_poll(&all[i])) {
        changes[i]++;
    }
}

static void start(const struct host_autonat_cfg *given)
{
    memset(changes, 0, sizeof changes);
    dials = 0;
    dialler_is_silent = server_lies = false;
    host_net_init(&net, NODES);
    net.on_event = on_event;
    host_dialback_init(&dialback, &net.nodes[DIALLER].host);
    for (unsigned i = 0; i < 3; i++) {
        struct host_autonat_cfg cfg = i == SERVER ? *given : (struct host_autonat_cfg){0};
        cfg.dialler = i == SERVER ? &dialler : NULL;
        cfg.policy.private_too = true;
        EXPECT_OK(host_autonat_init(&all[i], &net.nodes[i].host, &cfg));
    }
    host_net_connect(&net, ASKER, SERVER);
}

static void stop(void)
{
    for (unsigned i = 0; i < 3; i++) {
        host_autonat_done(&all[i]);
    }
    host_dialback_done(&dialback);
    host_net_done(&net);
}

static struct net_addr addr_of(unsigned i)
{
    struct net_addr a = {0};
    EXPECT_OK(net_addr_of(&a, host_net_addr(&net, i)));
    return a;
}

static enum autonat_verdict ask_of(unsigned asker, unsigned about)
{
    struct net_addr a = addr_of(about);
    host_autonat_set_addrs(&all[asker], &a, 1);
    host_net_pass(&net, 40 * US_PER_S);
    EXPECT_EQ(1, all[asker].probes.count);
    return all[asker].probes.probes[0].verdict;
}

static void expect_quiet(void)
{
    EXPECT_EQ(0, all[SERVER].quota.open_count);
    EXPECT_EQ(0, all[SERVER].streams_count);
    EXPECT_EQ(0, all[ASKER].streams_count);
    EXPECT_EQ(0, host_peers_count(&net.nodes[DIALLER].host));
}

TEST(two_nodes_are_enough_to_know)
{
    start(&(struct host_autonat_cfg){0});
    EXPECT_EQ(AUTONAT_REACHABLE, ask_of(ASKER, ASKER));
    EXPECT_EQ(1, all[ASKER].stats.arrived_count);
    EXPECT_EQ(1, dials);
    EXPECT(changes[ASKER] >= 1);
    expect_quiet();
    stop();
}

TEST(behind_a_router_that_lets_nobody_in)
{
    start(&(struct host_autonat_cfg){0});
    net.nodes[ASKER].is_dead = true;
    EXPECT_EQ(AUTONAT_UNREACHABLE, ask_of(ASKER, ASKER));
    EXPECT_EQ(0, all[ASKER].stats.arrived_count);
    expect_quiet();
    /* The port is opened: a quarter of an hour later it is known. */
    net.nodes[ASKER].is_dead = false;
    host_net_pass(&net, 1000 * US_PER_S);
    EXPECT_EQ(AUTONAT_REACHABLE, all[ASKER].probes.probes[0].verdict);
    stop();
}

TEST(the_address_of_another_is_paid_for_and_not_ours)
{
    start(&(struct host_autonat_cfg){0});
    uint64_t before = host_stats(&net.nodes[ASKER].host).bytes_out;
    EXPECT_EQ(AUTONAT_UNREACHABLE, ask_of(ASKER, OTHER));
    EXPECT(host_stats(&net.nodes[ASKER].host).bytes_out - before > AUTONAT_PAYLOAD_MIN);
    expect_quiet();
    stop();
}

TEST(a_liar_against_a_proof)
{
    start(&(struct host_autonat_cfg){0});
    server_lies = true;
    EXPECT_EQ(AUTONAT_REACHABLE, ask_of(ASKER, ASKER));
    stop();
}

TEST(a_silent_dialler_says_nothing_of_the_address)
{
    start(&(struct host_autonat_cfg){0});
    dialler_is_silent = true;
    EXPECT_EQ(AUTONAT_UNKNOWN, ask_of(ASKER, ASKER));
    expect_quiet();
    stop();
}

TEST(over_the_limit_nothing_is_dialled)
{
    start(&(struct host_autonat_cfg){.quota = {.per_peer_max = 1}});
    EXPECT_EQ(AUTONAT_REACHABLE, ask_of(ASKER, ASKER));
    EXPECT_EQ(AUTONAT_UNKNOWN, ask_of(ASKER, OTHER));
    EXPECT_EQ(1, dials);
    EXPECT(all[SERVER].stats.refused_count >= 1);
    expect_quiet();
    stop();
}

TEST(a_nonce_that_nobody_asked_for)
{
    start(&(struct host_autonat_cfg){0});
    host_net_connect(&net, OTHER, ASKER);
    struct host_open_args args = {.peer = host_self(&net.nodes[ASKER].host),
                                  .protocol = AUTONAT_BACK_PROTOCOL,
                                  .known = true};
    host_stream s;
    EXPECT_OK(host_open_stream(&net.nodes[OTHER].host, &s, NULL, args));
    EXPECT_EQ(10, host_stream_write(&net.nodes[OTHER].host, s,
                                    SPAN_LIT("\x09\x09"
                                             "12345678")));
    host_net_run(&net);
    EXPECT_EQ(0, all[ASKER].stats.arrived_count);
    EXPECT_EQ(0, all[ASKER].streams_count);
    stop();
}

TEST(a_nonce_over_another_transport)
{
    start(&(struct host_autonat_cfg){0});
    struct net_addr a = addr_of(ASKER);
    a.transport = NET_WS; /* the wires of this net bring it as TCP */
    host_autonat_set_addrs(&all[ASKER], &a, 1);
    host_net_pass(&net, 40 * US_PER_S);
    EXPECT_EQ(1, dials);
    EXPECT_EQ(0, all[ASKER].stats.arrived_count);
    EXPECT_EQ(AUTONAT_UNKNOWN, all[ASKER].probes.probes[0].verdict);
    stop();
}

TEST(over_a_relay_nothing_is_dialled)
{
    start(&(struct host_autonat_cfg){0});
    struct host_peer *p = host_peer_get(&net.nodes[SERVER].host, host_self(&net.nodes[ASKER].host));
    struct host_conn *hc = list_entry(list_first(&p->conns), struct host_conn, in_peer);
    EXPECT_OK(buf_append(&hc->addr, test_hex("a202"))); /* /p2p-circuit */
    struct net_addr a = addr_of(ASKER);
    host_autonat_set_addrs(&all[ASKER], &a, 1);
    host_net_pass(&net, 40 * US_PER_S);
    EXPECT_EQ(1, all[ASKER].stats.asked_count);
    EXPECT_EQ(0, dials);
    EXPECT_EQ(AUTONAT_UNKNOWN, all[ASKER].probes.probes[0].verdict);
    expect_quiet();
    stop();
}

TEST(private_addresses_are_not_asked_for)
{
    start(&(struct host_autonat_cfg){0});
    struct net_addr a = addr_of(ASKER);
    all[ASKER].cfg.policy.private_too = false;
    host_autonat_set_addrs(&all[ASKER], &a, 1);
    EXPECT_EQ(0, all[ASKER].probes.count);
    stop();
}

/* An old peer: a request of version 1 by hand. */
TEST(version_1_is_answered)
{
    for (unsigned dead = 0; dead < 2; dead++) {
        start(&(struct host_autonat_cfg){0});
        net.nodes[ASKER].is_dead = dead;
        struct net_addr mine = addr_of(ASKER);
        uint8_t bytes[NET_ADDR_LEN_MAX];
        uint8_t message[256];
        uint8_t room[300];
        struct wr b = wr_init(MSPAN_OF(bytes));
        struct wr m = wr_init(MSPAN_OF(message));
        struct wr w = wr_init(MSPAN_OF(room));
        net_addr_write(&b, &mine);
        struct span addr = span_of(bytes, b.n);
        autonat1_encode(
            &m,
            &(struct autonat1_message){.peer = peer_id_span(host_self(&net.nodes[ASKER].host)),
                                       .addrs_count = 1},
            &addr);
        frame_write(&w, FRAME_UVARINT, span_of(message, m.n));
        struct host_open_args args = {.peer = host_self(&net.nodes[SERVER].host),
                                      .protocol = AUTONAT1_PROTOCOL,
                                      .known = true};
        host_stream s;
        EXPECT_OK(host_open_stream(&net.nodes[ASKER].host, &s, NULL, args));
        EXPECT_EQ(w.n, host_stream_write(&net.nodes[ASKER].host, s, span_of(room, w.n)));
        host_net_pass(&net, 20 * US_PER_S);
        EXPECT_EQ(1, dials);
        EXPECT_EQ(1, all[SERVER].stats.served_count);
        stop();
    }
}

TEST(half_a_request_is_not_waited_for)
{
    start(&(struct host_autonat_cfg){0});
    struct host_open_args args = {
        .peer = host_self(&net.nodes[SERVER].host), .protocol = AUTONAT_PROTOCOL, .known = true};
    host_stream s;
    EXPECT_OK(host_open_stream(&net.nodes[ASKER].host, &s, NULL, args));
    EXPECT_EQ(1, host_stream_write(&net.nodes[ASKER].host, s, SPAN_LIT("\x10")));
    host_net_run(&net);
    EXPECT_EQ(1, all[SERVER].streams_count);
    EXPECT_EQ(1, all[SERVER].quota.open_count);
    host_net_pass(&net, 16 * US_PER_S);
    expect_quiet();
    stop();
}

TEST_MAIN
