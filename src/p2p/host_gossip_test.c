/* Gossipsub on hosts: streams both ways, versions, back-pressure, and what a peer may do on a stream. */
#include "p2p/host_gossip.h"

#include "base/test.h"
#include "p2p/host_net_test.h"

#include <string.h>

static struct host_net net;
static struct host_gossip gossips[HOST_NET_MAX];
static unsigned received[HOST_NET_MAX];
static size_t received_len[HOST_NET_MAX];
static unsigned resets[HOST_NET_MAX];

static void on_event(void *user, unsigned i, const struct host_event *e)
{
    (void)user;
    struct gossip_event g;
    if (e->kind == HOST_EVENT_EXTENSION) {
        while (host_gossip_poll(&gossips[i], &g)) {
            received[i]++;
            received_len[i] += g.data.n;
            gossip_validated(&gossips[i].gossip, net.now, g.message, GOSSIP_ACCEPT);
        }
    }
    resets[i] += e->kind == HOST_EVENT_STREAM_RESET;
    if (e->kind == HOST_EVENT_STREAM_DATA) {
        host_stream_consume(&net.nodes[i].host, e->stream, e->data.n);
    }
}

static void subscribe(unsigned i, const char *topic, enum gossip_signing signing)
{
    struct gossip_topic_cfg cfg = {.signing = signing};
    EXPECT_OK(gossip_subscribe(&gossips[i].gossip, net.now, span_str(topic), &cfg));
}

static void start(unsigned count)
{
    memset(received, 0, sizeof received);
    memset(received_len, 0, sizeof received_len);
    memset(resets, 0, sizeof resets);
    host_net_init(&net, count);
    net.on_event = on_event;
    for (unsigned i = 0; i < count; i++) {
        struct host_gossip_cfg cfg = {.gossip = {.memory_max = (size_t)2 << 20},
                                      .memory_max = (size_t)2 << 20};
        EXPECT_OK(host_gossip_init(&gossips[i], &net.nodes[i].host, &cfg));
        subscribe(i, "signed", GOSSIP_STRICT_SIGN);
        subscribe(i, "bare", GOSSIP_STRICT_NO_SIGN);
    }
    for (unsigned i = 1; i < count; i++) { /* a line, each knows the next */
        host_net_connect(&net, i, i - 1);
    }
    host_net_pass(&net, 3 * US_PER_S);
}

static void stop(void)
{
    for (unsigned i = 0; i < net.count; i++) {
        host_gossip_done(&gossips[i]);
    }
    host_net_done(&net);
}

TEST(messages_cross_a_line_of_hosts)
{
    start(6);
    EXPECT_OK(gossip_publish(&gossips[0].gossip, net.now, SPAN_LIT("signed"), SPAN_LIT("one")));
    EXPECT_OK(gossip_publish(&gossips[5].gossip, net.now, SPAN_LIT("bare"), SPAN_LIT("two")));
    host_net_pass(&net, 2 * US_PER_S);
    for (unsigned i = 0; i < 6; i++) {
        EXPECT_EQ(i == 0 || i == 5 ? 1 : 2, received[i]);
    }
    stop();
}

TEST(large_messages_go_through_small_windows)
{
    static uint8_t data[900 * 1024];
    start(3);
    EXPECT_OK(gossip_publish(&gossips[0].gossip, net.now, SPAN_LIT("bare"), SPAN_OF(data)));
    host_net_pass(&net, 3 * US_PER_S);
    EXPECT_EQ(1, received[2]);
    EXPECT_EQ(sizeof data, received_len[2]);
    stop();
}

TEST(who_comes_back_is_in_again)
{
    start(2);
    for (unsigned i = 0; i < 3; i++) {
        host_disconnect(&net.nodes[0].host, host_self(&net.nodes[1].host));
        host_net_run(&net);
        EXPECT_EQ(0, gossips[0].streams.count);
        host_net_connect(&net, 0, 1);
        host_net_pass(&net, 2 * US_PER_S);
        uint8_t data[1] = {(uint8_t)i};
        EXPECT_OK(gossip_publish(&gossips[0].gossip, net.now, SPAN_LIT("bare"), SPAN_OF(data)));
        host_net_run(&net);
        EXPECT_EQ(i + 1, received[1]);
    }
    stop();
}

/* Everybody knows node 0 alone, whose mesh holds one: the others are told of each other, and meet. */
TEST(who_finds_a_full_mesh_is_told_of_others)
{
    host_net_init(&net, 5);
    net.on_event = on_event;
    struct host_gossip_cfg cfg = {
        .gossip = {.memory_max = (size_t)2 << 20,
                   .score = gossip_score_default(),
                   .d = 1,
                   .d_low = 1,
                   .d_high = 1,
                   .d_out = 1}
    };
    cfg.gossip.score.accept_px_threshold = 0;
    for (unsigned i = 0; i < 5; i++) {
        EXPECT_OK(host_gossip_init(&gossips[i], &net.nodes[i].host, &cfg));
        subscribe(i, "t", GOSSIP_STRICT_SIGN);
    }
    for (unsigned i = 1; i < 5; i++) {
        host_net_connect(&net, i, 0);
    }
    host_net_pass(&net, 10 * US_PER_S);
    unsigned met = 0;
    for (unsigned i = 1; i < 5; i++) {
        met += host_peers_count(&net.nodes[i].host) > 1;
    }
    EXPECT(met >= 3);
    stop();
}

TEST(what_a_peer_may_do_on_a_stream)
{
    static const struct {
        const char *name;
        const char *hex;
        bool is_reset;
    } cases[] = {
        {"an empty RPC",             "00",                      false},
        {"a subscription",           "07 0a05 0801 1201 74",    false},
        {"two in one piece",         "00 07 0a05 0801 1201 74", false},
        {"half an RPC",              "07 0a05",                 false},
        {"no protobuf",              "02 ffff",                 true },
        {"longer than anything",     "ffffff01",                true },
        {"a length that never ends", "ffffffffffffffffffff",    true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        start(2);
        host_stream s = {0};
        struct host_open_args args = {.peer = host_self(&net.nodes[0].host),
                                      .protocol = gossip_protocol(GOSSIP_V11),
                                      .known = true};
        EXPECT_OK(host_open_stream(&net.nodes[1].host, &s, NULL, args));
        struct span bytes = test_hex(cases[i].hex);
        EXPECT_EQ(bytes.n, host_stream_write(&net.nodes[1].host, s, bytes));
        host_net_run(&net);
        EXPECT_EQ(cases[i].is_reset, resets[1]);
        stop();
    }
}

TEST_MAIN
