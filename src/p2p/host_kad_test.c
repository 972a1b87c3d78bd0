/* The DHT on hosts: dials, streams, modes, and what a peer may do on a stream. */
#include "p2p/host_kad.h"

#include "base/test.h"
#include "p2p/host_net_test.h"

#include <string.h>

static struct host_net net;
static struct host_kad kads[HOST_NET_MAX];

static struct {
    unsigned found;
    unsigned over;
    enum err err;
    unsigned resets;
    unsigned data;
    bool fin;
} seen[HOST_NET_MAX];

static void on_event(void *user, unsigned i, const struct host_event *e)
{
    (void)user;
    struct kad_event k;
    if (e->kind == HOST_EVENT_EXTENSION) {
        EXPECT(e->extension == &kads[i].extension);
        while (host_kad_poll(&kads[i], &k)) {
            seen[i].found += k.kind == KAD_EVENT_PROVIDER || k.kind == KAD_EVENT_PEER;
            seen[i].over += k.kind == KAD_EVENT_OVER;
            seen[i].err = k.kind == KAD_EVENT_OVER ? k.err : seen[i].err;
        }
    }
    seen[i].resets += e->kind == HOST_EVENT_STREAM_RESET;
    seen[i].fin = seen[i].fin || e->kind == HOST_EVENT_STREAM_FIN;
    if (e->kind == HOST_EVENT_STREAM_DATA) {
        seen[i].data += (unsigned)e->data.n;
        host_stream_consume(&net.nodes[i].host, e->stream, e->data.n);
    }
}

/* start makes a network in which everybody has met node 0; `clients` is a bit mask. */
static void start(unsigned count, unsigned clients)
{
    memset(seen, 0, sizeof seen);
    host_net_init(&net, count);
    net.on_event = on_event;
    for (unsigned i = 0; i < count; i++) {
        struct host_kad_cfg cfg = {
            .kad = {.mode = clients >> i & 1 ? KAD_MODE_CLIENT : KAD_MODE_SERVER,
                    .private_too = true},
            .warm_max = 3
        };
        EXPECT_OK(host_kad_init(&kads[i], &net.nodes[i].host, &cfg));
    }
    for (unsigned i = 1; i < count; i++) {
        host_net_connect(&net, i, 0);
    }
    host_net_pass(&net, 20 * US_PER_S);
}

static void stop(void)
{
    for (unsigned i = 0; i < net.count; i++) {
        host_kad_done(&kads[i]);
    }
    host_net_done(&net);
}

TEST(records_travel_between_hosts_that_never_met)
{
    start(7, 0);
    uint64_t op;
    EXPECT_OK(kad_provide(&kads[1].kad, &op, net.now, SPAN_LIT("key"), (struct kad_op_args){0}));
    host_net_run(&net);
    EXPECT_EQ(1, seen[1].over);
    EXPECT_OK(seen[1].err);
    EXPECT_OK(
        kad_find_providers(&kads[5].kad, &op, net.now, SPAN_LIT("key"), (struct kad_op_args){0}));
    host_net_run(&net);
    EXPECT_EQ(1, seen[5].over);
    EXPECT_EQ(1, seen[5].found);
    for (unsigned i = 0; i < 7; i++) {
        EXPECT(kad_stats(&kads[i].kad).peers_count >= 5);
        EXPECT_EQ(0, kad_stats(&kads[i].kad).queries_count);
    }
    stop();
}

TEST(clients_ask_and_are_not_asked)
{
    start(6, 1u << 5);
    EXPECT(!host_peer_speaks(&net.nodes[0].host, host_self(&net.nodes[5].host),
                             SPAN_LIT(KAD_PROTOCOL)));
    EXPECT(host_peer_speaks(&net.nodes[0].host, host_self(&net.nodes[4].host),
                            SPAN_LIT(KAD_PROTOCOL)));
    for (unsigned i = 0; i < 5; i++) {
        EXPECT(!kad_table_find(&kads[i].kad.table, host_self(&net.nodes[5].host)));
    }
    uint64_t op;
    EXPECT_OK(kad_find_peer(&kads[5].kad, &op, net.now, host_self(&net.nodes[3].host),
                            (struct kad_op_args){0}));
    host_net_run(&net);
    EXPECT(seen[5].found >= 1);
    /* It becomes a server, is told of by push, and is asked. */
    kad_set_mode(&kads[5].kad, KAD_MODE_SERVER);
    host_net_pass(&net, 2 * US_PER_S);
    EXPECT(host_peer_speaks(&net.nodes[0].host, host_self(&net.nodes[5].host),
                            SPAN_LIT(KAD_PROTOCOL)));
    EXPECT(kad_table_find(&kads[0].kad.table, host_self(&net.nodes[5].host)));
    kad_set_mode(&kads[5].kad, KAD_MODE_CLIENT);
    host_net_pass(&net, 2 * US_PER_S);
    EXPECT(!kad_table_find(&kads[0].kad.table, host_self(&net.nodes[5].host)));
    stop();
}

TEST(the_dead_are_passed_over)
{
    start(7, 0);
    for (unsigned i = 2; i < 5; i++) {
        net.nodes[i].is_dead = true;
        for (unsigned k = 0; k < 7; k++) {
            if (k != i) {
                host_disconnect(&net.nodes[k].host, host_self(&net.nodes[i].host));
            }
        }
    }
    host_net_run(&net);
    uint64_t op;
    EXPECT_OK(kad_provide(&kads[1].kad, &op, net.now, SPAN_LIT("key"), (struct kad_op_args){0}));
    host_net_pass(&net, 70 * US_PER_S);
    EXPECT_EQ(1, seen[1].over);
    EXPECT_OK(seen[1].err);
    EXPECT_OK(
        kad_find_providers(&kads[6].kad, &op, net.now, SPAN_LIT("key"), (struct kad_op_args){0}));
    host_net_pass(&net, 70 * US_PER_S);
    EXPECT_EQ(1, seen[6].found);
    stop();
}

static host_stream open_to(unsigned from, unsigned to)
{
    host_stream s = {0};
    struct host_open_args args = {
        .peer = host_self(&net.nodes[to].host), .protocol = KAD_PROTOCOL, .known = true};
    EXPECT_OK(host_open_stream(&net.nodes[from].host, &s, NULL, args));
    return s;
}

TEST(what_a_peer_may_do_on_a_stream)
{
    static const struct {
        const char *name;
        const char *hex;
        unsigned answers; /* bytes */
        bool is_reset;
    } cases[] = {
        {"a ping",                        "02 0805",                        3, false},
        {"two pings on one stream",       "02 0805 02 0805",                6, false},
        {"half a message",                "05 0805",                        0, false},
        {"no protobuf",                   "02 ffff",                        0, true },
        {"longer than anything",          "808080 08",                      0, true },
        {"a length that never ends",      "ffffffffffffffffffff",           0, true },
        {"a value that nobody validates", "0b 0800 1201 61 1a04 0a0161 12", 0, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        start(2, 0);
        seen[1].resets = 0;
        host_stream s = open_to(1, 0);
        struct span bytes = test_hex(cases[i].hex);
        EXPECT_EQ(bytes.n, host_stream_write(&net.nodes[1].host, s, bytes));
        host_net_run(&net);
        EXPECT_EQ(cases[i].answers, seen[1].data);
        EXPECT_EQ(cases[i].is_reset, seen[1].resets);
        if (!cases[i].is_reset) {
            host_net_pass(&net, 61 * US_PER_S); /* idle: it goes */
            EXPECT_EQ(1, seen[1].resets);
        }
        EXPECT_EQ(0, kads[0].streams.count);
        stop();
    }
}

TEST(an_answer_to_the_end_closes_the_stream)
{
    start(2, 0);
    host_stream s = open_to(1, 0);
    EXPECT_EQ(3, host_stream_write(&net.nodes[1].host, s, test_hex("02 0805")));
    host_stream_close_write(&net.nodes[1].host, s);
    host_net_run(&net);
    EXPECT_EQ(3, seen[1].data);
    EXPECT(seen[1].fin);
    EXPECT_EQ(0, seen[1].resets);
    EXPECT_EQ(0, kads[0].streams.count);
    stop();
}

TEST(dialled_connections_are_few)
{
    start(8, 0);
    uint64_t op;
    for (unsigned i = 0; i < 20; i++) {
        char key[3] = {'k', (char)('a' + i)};
        EXPECT_OK(kad_provide(&kads[7].kad, &op, net.now, span_str(key), (struct kad_op_args){0}));
        host_net_pass(&net, 2 * US_PER_S);
    }
    EXPECT(kads[7].warm_count <= 3);
    stop();
}

TEST_MAIN
