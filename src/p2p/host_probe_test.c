/* Probes of a peer that is connected, known, found, given, dead, and not there. */
#include "p2p/host_probe.h"

#include "base/test.h"
#include "p2p/host_net_test.h"

#include <string.h>

enum { PROBER = 1, CLIENT_ONE = 5, COUNT = 6 };

static struct host_net net;
static struct host_kad kads[HOST_NET_MAX];
static struct host_probe probe;
static unsigned overs;

static void on_event(void *user, unsigned i, const struct host_event *e)
{
    (void)user;
    struct kad_event k;
    if (e->kind != HOST_EVENT_EXTENSION) {
        return;
    }
    while (host_kad_poll(&kads[i], &k)) {
        if (i == PROBER) {
            host_probe_kad(&probe, &k);
        }
    }
    overs += i == PROBER && e->extension == &probe.extension;
}

/* start makes a DHT in which everybody has met node 0 and the last is a client, and a probe on one of its hosts. */
static void start(void)
{
    overs = 0;
    host_net_init(&net, COUNT);
    net.on_event = on_event;
    for (unsigned i = 0; i < COUNT; i++) {
        struct host_kad_cfg cfg = {
            .kad = {.mode = i == CLIENT_ONE ? KAD_MODE_CLIENT : KAD_MODE_SERVER,
                    .private_too = true,
                    .refresh_us = UINT64_MAX}
        };
        EXPECT_OK(host_kad_init(&kads[i], &net.nodes[i].host, &cfg));
    }
    for (unsigned i = 1; i < COUNT; i++) {
        host_net_connect(&net, i, 0);
    }
    host_net_pass(&net, 5 * US_PER_S);
    host_probe_init(&probe, &net.nodes[PROBER].host, &kads[PROBER]);
}

static void stop(void)
{
    host_probe_done(&probe);
    for (unsigned i = 0; i < net.count; i++) {
        host_kad_done(&kads[i]);
    }
    host_net_done(&net);
}

static const struct peer_id *id_of(unsigned i)
{
    return host_self(&net.nodes[i].host);
}

static bool is_connected(unsigned i)
{
    struct host_peer_info info;
    return host_peer_find(&net.nodes[PROBER].host, &info, id_of(i));
}

/* run probes node i, by an address if one is given, until it is over. */
static enum host_probe_outcome run(enum host_probe_goal goal, unsigned i, struct span addr)
{
    struct host_probe_args args = {.goal = goal,
                                   .peer = *id_of(i),
                                   .addrs = &addr,
                                   .addrs_count = addr.n > 0,
                                   .pings = goal == HOST_PROBE_PING ? 3 : 0};
    unsigned before = overs;
    host_probe_clear(&probe);
    host_net_run(&net);
    EXPECT_OK(host_probe_start(&probe, net.now, &args));
    EXPECT_ERR(host_probe_start(&probe, net.now, &args), ERR_STATE);
    host_net_run(&net);
    host_net_pass(&net, 2 * HOST_PROBE_TIMEOUT_US);
    EXPECT_EQ(before + 1, overs);
    EXPECT(host_probe_poll(&probe));
    return probe.outcome;
}

TEST(a_peer_that_is_not_connected_is_looked_up_and_dialled)
{
    start();
    EXPECT(!is_connected(3));
    EXPECT_EQ(HOST_PROBE_CONNECTED, run(HOST_PROBE_TRACE, 3, SPAN_EMPTY));
    EXPECT(probe.has_lookup);
    EXPECT_OK(probe.lookup_err);
    EXPECT(probe.steps_count >= 1);
    EXPECT(peer_id_equal(&probe.steps[0].peer, id_of(0)));
    EXPECT(probe.steps[0].state == KAD_ANSWERED);
    EXPECT(probe.steps[0].named_count >= 3);
    EXPECT_EQ(0, probe.steps[0].hops);
    EXPECT_EQ(1, probe.trace.count);
    EXPECT(probe.trace.steps[0].outcome == HOST_DIAL_WON);
    EXPECT(span_equal(span_of(probe.trace.steps[0].addr, probe.trace.steps[0].addr_len),
                      host_net_addr(&net, 3)));
    EXPECT(!probe.was_connected);
    EXPECT(is_connected(3));
    host_probe_clear(&probe);
    host_net_run(&net);
    EXPECT(!is_connected(3)); /* it was for this alone */
    stop();
}

TEST(pings_take_the_shortest_way)
{
    start();
    EXPECT_EQ(HOST_PROBE_ANSWERED, run(HOST_PROBE_PING, 0, SPAN_EMPTY));
    EXPECT(probe.was_connected);
    EXPECT(!probe.has_lookup);
    EXPECT_EQ(0, probe.trace.count);
    EXPECT_EQ(3, probe.pings_count);
    host_probe_clear(&probe);
    EXPECT(is_connected(0)); /* it was there before */
    EXPECT_EQ(HOST_PROBE_ANSWERED, run(HOST_PROBE_PING, 3, host_net_addr(&net, 3)));
    EXPECT(!probe.has_lookup);
    EXPECT_EQ(1, probe.trace.count);
    EXPECT_EQ(HOST_PROBE_ANSWERED, run(HOST_PROBE_PING, 4, SPAN_EMPTY));
    EXPECT(probe.has_lookup);
    stop();
}

TEST(an_old_address_gives_way_to_what_the_dht_knows)
{
    uint8_t room[16];
    uint8_t ip[4] = {10, 0, 0, 200}; /* nobody */
    struct wr w = wr_init(MSPAN_OF(room));
    multiaddr_write(&w, MULTIADDR_IP4, SPAN_OF(ip));
    multiaddr_write_port(&w, MULTIADDR_TCP, 4001);
    start();
    EXPECT_EQ(HOST_PROBE_CONNECTED, run(HOST_PROBE_TRACE, 3, span_of(room, w.n)));
    EXPECT(probe.has_lookup);
    EXPECT_EQ(2, probe.addrs_count);
    EXPECT_EQ(1, probe.addrs_given);
    EXPECT_EQ(2, probe.trace.count);
    EXPECT(probe.trace.steps[0].outcome == HOST_DIAL_FAILED);
    EXPECT(probe.trace.steps[1].outcome == HOST_DIAL_WON);
    stop();
}

TEST(what_cannot_be_reached_is_told_with_the_reason)
{
    start();
    net.nodes[3].is_dead = true;
    EXPECT_EQ(HOST_PROBE_UNREACHABLE, run(HOST_PROBE_TRACE, 3, SPAN_EMPTY));
    EXPECT_EQ(1, probe.trace.count);
    EXPECT(probe.trace.steps[0].outcome == HOST_DIAL_FAILED);
    EXPECT(probe.trace.steps[0].err != OK);
    EXPECT(probe.trace.steps[0].rule != NULL);
    EXPECT_EQ(HOST_PROBE_FOUND, run(HOST_PROBE_FIND, 3, SPAN_EMPTY)); /* named all the same */
    bool any_failed = false;
    for (size_t i = 0; i < probe.steps_count; i++) {
        any_failed = any_failed || probe.steps[i].state == KAD_FAILED;
    }
    EXPECT(any_failed);
    stop();
}

TEST(whom_nobody_names_is_not_found)
{
    start();
    host_disconnect(&net.nodes[0].host, id_of(CLIENT_ONE));
    host_net_run(&net);
    EXPECT_EQ(HOST_PROBE_NOT_FOUND, run(HOST_PROBE_FIND, CLIENT_ONE, SPAN_EMPTY));
    EXPECT(probe.steps_count >= 1);
    EXPECT_EQ(HOST_PROBE_NOT_FOUND, run(HOST_PROBE_PING, CLIENT_ONE, SPAN_EMPTY));
    EXPECT_EQ(0, probe.pings_count);
    stop();
}

TEST(without_a_dht_there_is_nobody_to_ask)
{
    start();
    host_probe_done(&probe);
    host_probe_init(&probe, &net.nodes[PROBER].host, NULL);
    EXPECT_EQ(HOST_PROBE_NOT_FOUND, run(HOST_PROBE_FIND, 3, SPAN_EMPTY));
    EXPECT_EQ(HOST_PROBE_NOT_FOUND, run(HOST_PROBE_TRACE, 3, SPAN_EMPTY));
    EXPECT_EQ(HOST_PROBE_CONNECTED, run(HOST_PROBE_TRACE, 3, host_net_addr(&net, 3)));
    stop();
}

TEST(what_makes_no_sense_is_refused)
{
    start();
    struct host_probe_args args = {.goal = HOST_PROBE_PING, .peer = *id_of(PROBER), .pings = 1};
    EXPECT_ERR(host_probe_start(&probe, net.now, &args), ERR_UNSUPPORTED);
    args.peer = *id_of(3);
    args.pings = HOST_PROBE_PINGS_MAX + 1;
    EXPECT_ERR(host_probe_start(&probe, net.now, &args), ERR_LIMIT);
    args.pings = 0;
    EXPECT_ERR(host_probe_start(&probe, net.now, &args), ERR_LIMIT);
    EXPECT(!host_probe_poll(&probe));
    EXPECT_OK(host_probe_goal_parse(&args.goal, SPAN_LIT("find")));
    EXPECT(args.goal == HOST_PROBE_FIND);
    EXPECT_ERR(host_probe_goal_parse(&args.goal, SPAN_LIT("")), ERR_MALFORMED);
    EXPECT_ERR(host_probe_goal_parse(&args.goal, SPAN_LIT("finds")), ERR_MALFORMED);
    stop();
}

TEST(a_dial_that_hangs_is_left_in_time)
{
    start();
    net.nodes[3].is_natted = true; /* nothing comes back */
    EXPECT_EQ(HOST_PROBE_UNREACHABLE, run(HOST_PROBE_TRACE, 3, host_net_addr(&net, 3)));
    EXPECT(probe.trace.steps[0].outcome == HOST_DIAL_FAILED);
    EXPECT(probe.trace.steps[0].took_us > 0);
    /* Ended in the middle, nothing of it is left: the dial would write into the trace. */
    struct span addr = host_net_addr(&net, 3);
    struct host_probe_args args = {
        .goal = HOST_PROBE_TRACE, .peer = *id_of(3), .addrs = &addr, .addrs_count = 1};
    host_probe_clear(&probe);
    EXPECT_OK(host_probe_start(&probe, net.now, &args));
    EXPECT(host_stats(&net.nodes[PROBER].host).dials_count == 1);
    host_probe_clear(&probe);
    EXPECT(host_stats(&net.nodes[PROBER].host).dials_count == 0);
    stop();
}

TEST_MAIN
