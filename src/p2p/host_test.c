#include "p2p/host.h"

#include "base/check.h"
#include "base/test.h"
#include "base/wr.h"
#include "p2p/host_state.h"
#include "p2p/key_signer.h"

#include <stdio.h>
#include <string.h>

/* Hosts joined by perfect wires: what one says the other hears at once. Time stands still unless a test
 * moves it. (The simulator in sim/ has the bad wires.) */

enum { NODES_MAX = 3, WIRES_MAX = 16 };

struct node {
    struct host host;
    struct key_signer signer;
    struct rng_seeded rng;
    char log[512]; /* one letter an event */
    size_t log_n;
    struct host_event last[HOST_EVENT_EXTENSION + 1]; /* the last of each kind; spans are dead */
    uint64_t data_in;
    bool echoes;
    bool holds; /* does not consume */
    bool dead;  /* dials to it fail */
    int pings;  /* to follow the next answer */
    int pongs;
};

struct wire {
    bool used;
    unsigned node[2];
    host_link link[2];
};

static struct {
    struct node nodes[NODES_MAX];
    struct wire wires[WIRES_MAX];
    instant now;
    unsigned lookups; /* of names */
    bool leads_nowhere;
} net;

static struct span addr_of(unsigned i)
{
    static uint8_t bytes[NODES_MAX][64];
    struct wr w = wr_init(MSPAN_OF(bytes[i]));
    uint8_t ip[4] = {10, 0, 0, (uint8_t)(i + 1)};
    multiaddr_write(&w, MULTIADDR_IP4, SPAN_OF(ip));
    multiaddr_write_port(&w, MULTIADDR_TCP, 4001);
    check(wr_ok(&w));
    return span_of(bytes[i], w.n);
}

static struct host_cfg cfg_of(unsigned i)
{
    return (struct host_cfg){.signer = &net.nodes[i].signer.signer,
                             .rng = &net.nodes[i].rng.rng,
                             .parent = test_budget(),
                             .memory_max = 4 << 20,
                             .agent = "test/1",
                             .serve_perf = true};
}

static void node_start(unsigned i, const struct host_cfg *cfg)
{
    struct node *n = &net.nodes[i];
    memset(n, 0, sizeof *n);
    struct secret32 seed = {.bytes = {(uint8_t)(i + 1)}};
    key_signer_init(&n->signer, &seed);
    rng_seeded_init(&n->rng, 1000 + i);
    check(host_init(&n->host, cfg, net.now) == OK);
    struct span addr = addr_of(i);
    check(host_set_listen_addrs(&n->host, &addr, 1) == OK);
}

static void net_start(unsigned count)
{
    memset(net.wires, 0, sizeof net.wires);
    net.now = (instant){.us = US_PER_S};
    for (unsigned i = 0; i < count; i++) {
        struct host_cfg cfg = cfg_of(i);
        node_start(i, &cfg);
    }
}

static void net_stop(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        host_done(&net.nodes[i].host);
        key_signer_done(&net.nodes[i].signer);
    }
}

static struct wire *wire_of(unsigned i, host_link link, unsigned *ret_end)
{
    for (size_t w = 0; w < WIRES_MAX; w++) {
        for (unsigned end = 0; end < 2; end++) {
            struct wire *x = &net.wires[w];
            if (x->used && x->node[end] == i && x->link[end].id == link.id) {
                *ret_end = end;
                return x;
            }
        }
    }
    return NULL;
}

/* A name leads to a further name and to node 2, as /dnsaddr/ has it. */
static void act_on_name(unsigned i, const struct host_event *e)
{
    uint8_t bytes[64];
    struct wr w = wr_init(MSPAN_OF(bytes));
    uint8_t name[] = {'a', '.', (uint8_t)('a' + net.lookups)};
    multiaddr_write(&w, MULTIADDR_DNSADDR, SPAN_OF(name));
    struct span addrs[2] = {span_of(bytes, w.n), addr_of(2)};
    net.lookups++;
    host_dial_found(&net.nodes[i].host, net.now, e->link, addrs, net.leads_nowhere ? 1 : 2);
}

static void act_on_dial(unsigned i, const struct host_event *e)
{
    struct multiaddr_part ip;
    if (multiaddr_find(&ip, e->addr, MULTIADDR_DNSADDR)) {
        act_on_name(i, e);
        return;
    }
    check(multiaddr_find(&ip, e->addr, MULTIADDR_IP4));
    unsigned to = ip.value.p[3] - 1u;
    host_link there;
    struct host_link_args args = {.remote = addr_of(i), .now = net.now};
    if (net.nodes[to].dead || host_link_open(&net.nodes[to].host, &there, NULL, args) != OK) {
        host_link_closed(&net.nodes[i].host, net.now, e->link, ERR_IO);
        return;
    }
    for (size_t w = 0; w < WIRES_MAX; w++) {
        if (!net.wires[w].used) {
            net.wires[w] = (struct wire){
                .used = true, .node = {i,       to   },
                     .link = {e->link, there}
            };
            host_link_up(&net.nodes[i].host, e->link, (struct host_link_args){.now = net.now});
            return;
        }
    }
    check(false);
}

static bool poll_node(unsigned i);

/* flush moves what a link has to say to the other end. */
static bool flush(unsigned i, host_link link)
{
    static uint8_t room[NODES_MAX][70000];
    unsigned end;
    struct wire *w = wire_of(i, link, &end);
    size_t n = host_link_send(&net.nodes[i].host, net.now, link, mspan_of(room[i], sizeof room[i]));
    if (!w || n == 0) {
        return false;
    }
    unsigned to = w->node[1 - end];
    struct span in = span_of(room[i], n);
    do {
        enum err e = host_link_recv(&net.nodes[to].host, net.now, w->link[1 - end], &in);
        (void)poll_node(to);
        if (e != OK) {
            break;
        }
    } while (in.n > 0);
    return true;
}

static void act_on_close(unsigned i, host_link link)
{
    while (flush(i, link)) {}
    unsigned end;
    struct wire *w = wire_of(i, link, &end);
    host_link_closed(&net.nodes[i].host, net.now, link, ERR_CLOSED);
    if (w) {
        w->used = false;
        host_link_closed(&net.nodes[w->node[1 - end]].host, net.now, w->link[1 - end], ERR_CLOSED);
    }
}

static void act(unsigned i, const struct host_event *e)
{
    struct node *n = &net.nodes[i];
    n->last[e->kind] = *e;
    if (e->kind == HOST_EVENT_DIAL) {
        act_on_dial(i, e);
        return;
    }
    if (e->kind == HOST_EVENT_LINK_CLOSE) {
        act_on_close(i, e->link);
        return;
    }
    if (n->log_n < sizeof n->log - 1 && e->kind != HOST_EVENT_STREAM_WRITABLE) {
        n->log[n->log_n++] = "..CUIDfOdFWcRpPxE"[e->kind];
    }
    if (e->kind == HOST_EVENT_STREAM_DATA) {
        n->data_in += e->data.n;
        if (n->echoes) {
            EXPECT_EQ(e->data.n, host_stream_write(&n->host, e->stream, e->data));
        }
        if (!n->holds) {
            host_stream_consume(&n->host, e->stream, e->data.n);
        }
    }
    if (e->kind == HOST_EVENT_PING) {
        n->pongs += e->err == OK;
        if (n->pings-- > 0) {
            EXPECT_OK(host_ping(&n->host, &e->peer));
        }
    }
    if (e->kind == HOST_EVENT_STREAM_FIN) {
        host_stream_close_write(&n->host, e->stream);
    }
}

static bool poll_node(unsigned i)
{
    struct host_event e;
    bool any = false;
    while (host_poll(&net.nodes[i].host, &e)) {
        act(i, &e);
        any = true;
    }
    return any;
}

static void settle(unsigned count)
{
    bool moved = true;
    while (moved) {
        moved = false;
        for (unsigned i = 0; i < count; i++) {
            moved = poll_node(i) || moved;
            host_link link;
            while (host_next_sendable(&net.nodes[i].host, &link)) {
                while (flush(i, link)) {
                    moved = true;
                }
                moved = poll_node(i) || moved;
            }
        }
    }
}

static void advance_time(unsigned count, uint64_t us)
{
    net.now = instant_add(net.now, us);
    for (unsigned i = 0; i < count; i++) {
        host_tick(&net.nodes[i].host, net.now);
    }
    settle(count);
}

static uint64_t dial(unsigned from, unsigned to)
{
    uint64_t id = 0;
    struct span addr = addr_of(to);
    const struct peer_id *peer = host_self(&net.nodes[to].host);
    EXPECT_OK(host_dial(&net.nodes[from].host, &id, NULL,
                        (struct host_dial_args){.peer = peer, .addrs = &addr, .addrs_count = 1}));
    return id;
}

TEST(connect_and_identify)
{
    net_start(2);
    dial(0, 1);
    settle(2);
    EXPECT_STR("CI", net.nodes[0].log);
    EXPECT_STR("CI", net.nodes[1].log);
    struct host_peer_info info;
    const struct peer_id *b = host_self(&net.nodes[1].host);
    TEST_REQUIRE(host_peer_find(&net.nodes[0].host, &info, b));
    EXPECT_SPAN(SPAN_LIT("test/1"), info.agent);
    EXPECT_SPAN(addr_of(1), info.addr);
    EXPECT_SPAN(addr_of(1), host_peer_addr(&net.nodes[0].host, b, 0));
    EXPECT(host_peer_speaks(&net.nodes[0].host, b, SPAN_LIT("/ipfs/ping/1.0.0")));
    EXPECT(!host_peer_speaks(&net.nodes[0].host, b, SPAN_LIT("/ipfs/pong/1.0.0")));
    EXPECT_EQ(0, info.streams_count);
    host_disconnect(&net.nodes[0].host, b);
    settle(2);
    EXPECT_STR("CID", net.nodes[0].log);
    EXPECT_STR("CID", net.nodes[1].log);
    EXPECT_EQ(0, net.nodes[0].host.links.count + net.nodes[1].host.links.count);
    net_stop(2);
}

TEST(streams_ping_and_perf)
{
    net_start(2);
    EXPECT_OK(host_handle(&net.nodes[1].host, "/echo/1", (struct host_protocol_args){0}));
    net.nodes[1].echoes = true;
    dial(0, 1);
    settle(2);
    const struct peer_id *b = host_self(&net.nodes[1].host);
    host_stream s;
    int mark = 0;
    struct host_open_args open = {.peer = b, .protocol = "/echo/1", .user = &mark};
    EXPECT_OK(host_open_stream(&net.nodes[0].host, &s, NULL, open));
    EXPECT_EQ(5,
              host_stream_write(&net.nodes[0].host, s, SPAN_LIT("hello"))); /* known to be spoken */
    host_stream_close_write(&net.nodes[0].host, s);
    settle(2);
    EXPECT_STR("CIOdFc", net.nodes[0].log);
    EXPECT_STR("CIOdFc", net.nodes[1].log);
    EXPECT(net.nodes[0].last[HOST_EVENT_STREAM_CLOSED].user == &mark);
    EXPECT_EQ(5, net.nodes[0].data_in);
    EXPECT_OK(host_ping(&net.nodes[0].host, b));
    EXPECT_ERR(ERR_STATE, host_ping(&net.nodes[0].host, b));
    settle(2);
    EXPECT_EQ(OK, net.nodes[0].last[HOST_EVENT_PING].err);
    EXPECT_OK(host_perf(
        &net.nodes[0].host,
        (struct host_perf_args){.peer = b, .upload_len = 1000000, .download_len = 2000000}));
    settle(2);
    EXPECT_EQ(2000000, net.nodes[0].last[HOST_EVENT_PERF].perf.download_len);
    EXPECT_STR("CIOdFcpP", net.nodes[0].log);
    EXPECT_EQ(0, net.nodes[0].host.streams.count + net.nodes[1].host.streams.count);
    net_stop(2);
}

/* The next ping starts while the stream of the last is still closing. */
TEST(pings_in_a_row)
{
    net_start(2);
    dial(0, 1);
    settle(2);
    net.nodes[0].pings = 4;
    EXPECT_OK(host_ping(&net.nodes[0].host, host_self(&net.nodes[1].host)));
    settle(2);
    EXPECT_EQ(5, net.nodes[0].pongs);
    net_stop(2);
}

TEST(unknown_protocol_and_unknown_peer)
{
    net_start(2);
    dial(0, 1);
    settle(2);
    host_stream s;
    struct host_open_args open = {.peer = host_self(&net.nodes[1].host), .protocol = "/none/1"};
    EXPECT_OK(host_open_stream(&net.nodes[0].host, &s, NULL, open));
    settle(2);
    EXPECT_STR("CIR", net.nodes[0].log);
    EXPECT_EQ(ERR_UNSUPPORTED, net.nodes[0].last[HOST_EVENT_STREAM_RESET].err);
    open.peer = host_self(&net.nodes[0].host);
    EXPECT_ERR(ERR_NOT_FOUND, host_open_stream(&net.nodes[0].host, &s, NULL, open));
    net_stop(2);
}

TEST(push_tells_of_new_protocols)
{
    net_start(2);
    dial(0, 1);
    settle(2);
    advance_time(2, 200 * US_PER_MS);
    const struct peer_id *b = host_self(&net.nodes[1].host);
    EXPECT_OK(host_handle(&net.nodes[1].host, "/late/1", (struct host_protocol_args){0}));
    EXPECT_ERR(ERR_STATE,
               host_handle(&net.nodes[1].host, "/late/1", (struct host_protocol_args){0}));
    advance_time(2, 200 * US_PER_MS);
    EXPECT(host_peer_speaks(&net.nodes[0].host, b, SPAN_LIT("/late/1")));
    host_unhandle(&net.nodes[1].host, "/late/1");
    advance_time(2, 200 * US_PER_MS);
    EXPECT(!host_peer_speaks(&net.nodes[0].host, b, SPAN_LIT("/late/1")));
    net_stop(2);
}

TEST(dial_failures)
{
    net_start(3);
    net.nodes[1].dead = true;
    uint64_t id = dial(0, 1);
    settle(3);
    EXPECT_STR("f", net.nodes[0].log);
    EXPECT_EQ(id, net.nodes[0].last[HOST_EVENT_DIAL_FAILED].dial);
    EXPECT_EQ(ERR_IO, net.nodes[0].last[HOST_EVENT_DIAL_FAILED].err);

    /* somebody else answers */
    struct span addr = addr_of(2);
    struct host_dial_args args = {
        .peer = host_self(&net.nodes[1].host), .addrs = &addr, .addrs_count = 1};
    EXPECT_OK(host_dial(&net.nodes[0].host, &id, NULL, args));
    settle(3);
    EXPECT_STR("ff", net.nodes[0].log);
    EXPECT_EQ(ERR_AUTH, net.nodes[0].last[HOST_EVENT_DIAL_FAILED].err);
    EXPECT_STR("", net.nodes[2].log);

    /* ourselves, and an address that we cannot dial */
    args.peer = host_self(&net.nodes[0].host);
    EXPECT_ERR(ERR_UNSUPPORTED, host_dial(&net.nodes[0].host, &id, NULL, args));
    struct span junk = SPAN_LIT("\x01\x02");
    args = (struct host_dial_args){.addrs = &junk, .addrs_count = 1};
    EXPECT_ERR(ERR_UNSUPPORTED, host_dial(&net.nodes[0].host, &id, NULL, args));
    EXPECT_EQ(0, net.nodes[0].host.dials_count);
    net_stop(3);
}

TEST(names_lead_on_but_not_for_ever)
{
    for (int nowhere = 0; nowhere < 2; nowhere++) {
        uint8_t bytes[64];
        struct wr w = wr_init(MSPAN_OF(bytes));
        multiaddr_write(&w, MULTIADDR_DNSADDR, SPAN_LIT("a.example"));
        struct span addr = span_of(bytes, w.n);
        uint64_t id;
        net_start(3);
        net.lookups = 0;
        net.leads_nowhere = nowhere;
        struct host_dial_args args = {
            .peer = host_self(&net.nodes[2].host), .addrs = &addr, .addrs_count = 1};
        EXPECT_OK(host_dial(&net.nodes[0].host, &id, NULL, args));
        settle(3);
        EXPECT_STR(nowhere ? "f" : "CI", net.nodes[0].log);
        EXPECT_EQ(nowhere ? HOST_LOOKUPS_MAX + 1 : 1, net.lookups);
        net_stop(3);
    }
}

TEST(second_address_wins)
{
    net_start(3);
    net.nodes[1].dead = true;
    struct span addrs[2] = {addr_of(1), addr_of(2)};
    uint64_t id;
    struct host_dial_args args = {.addrs = addrs, .addrs_count = 2};
    EXPECT_OK(host_dial(&net.nodes[0].host, &id, NULL, args));
    settle(3);
    EXPECT_STR("CI", net.nodes[0].log);
    EXPECT_ERR(ERR_STATE, host_dial(&net.nodes[0].host, &id, NULL,
                                    (struct host_dial_args){.peer = host_self(&net.nodes[2].host),
                                                            .addrs = addrs + 1,
                                                            .addrs_count = 1}));
    net_stop(3);
}

TEST(streams_end_before_their_peer)
{
    net_start(2);
    EXPECT_OK(host_handle(&net.nodes[1].host, "/echo/1", (struct host_protocol_args){0}));
    dial(0, 1);
    settle(2);
    host_stream s;
    struct host_open_args open = {.peer = host_self(&net.nodes[1].host), .protocol = "/echo/1"};
    EXPECT_OK(host_open_stream(&net.nodes[0].host, &s, NULL, open));
    EXPECT_OK(host_open_stream(&net.nodes[0].host, &s, NULL, open));
    settle(2);
    host_disconnect(&net.nodes[1].host, host_self(&net.nodes[0].host));
    settle(2);
    EXPECT_STR("CIOORRD", net.nodes[0].log);
    EXPECT_STR("CIOORRD", net.nodes[1].log);
    EXPECT_EQ(0, net.nodes[0].host.streams.count + net.nodes[1].host.streams.count);
    EXPECT_EQ(0, host_stream_write(&net.nodes[0].host, s, SPAN_LIT("x")));
    net_stop(2);
}

TEST(no_event_after_own_reset)
{
    net_start(2);
    EXPECT_OK(host_handle(&net.nodes[1].host, "/echo/1", (struct host_protocol_args){0}));
    dial(0, 1);
    settle(2);
    host_stream s;
    struct host_open_args open = {.peer = host_self(&net.nodes[1].host), .protocol = "/echo/1"};
    EXPECT_OK(host_open_stream(&net.nodes[0].host, &s, NULL, open));
    settle(2);
    host_stream_reset(&net.nodes[0].host, s, 7);
    host_stream_reset(&net.nodes[0].host, s, 7);
    settle(2);
    EXPECT_STR("CIO", net.nodes[0].log);
    EXPECT_STR("CIOR", net.nodes[1].log);
    EXPECT_EQ(7, net.nodes[1].last[HOST_EVENT_STREAM_RESET].code);
    net_stop(2);
}

TEST(protocol_limits_name_their_scope)
{
    net_start(2);
    EXPECT_OK(host_handle(&net.nodes[1].host, "/one/1",
                          (struct host_protocol_args){.streams_in_max = 1}));
    EXPECT_OK(host_handle(&net.nodes[1].host, "/two/1",
                          (struct host_protocol_args){.streams_in_per_peer_max = 2}));
    dial(0, 1);
    settle(2);
    host_stream s;
    struct host_open_args open = {.peer = host_self(&net.nodes[1].host), .protocol = "/one/1"};
    EXPECT_OK(host_open_stream(&net.nodes[0].host, &s, NULL, open));
    EXPECT_OK(host_open_stream(&net.nodes[0].host, &s, NULL, open));
    settle(2);
    EXPECT_STR("CIOx", net.nodes[1].log);
    EXPECT_STR("protocol", net.nodes[1].last[HOST_EVENT_REFUSED].refusal.scope);
    EXPECT_EQ(1, net.nodes[1].last[HOST_EVENT_REFUSED].refusal.limit);
    open.protocol = "/two/1";
    for (int i = 0; i < 3; i++) {
        EXPECT_OK(host_open_stream(&net.nodes[0].host, &s, NULL, open));
    }
    settle(2);
    EXPECT_STR("CIOxOOx", net.nodes[1].log);
    EXPECT_STR("peer", net.nodes[1].last[HOST_EVENT_REFUSED].refusal.scope);
    EXPECT_EQ(2, net.nodes[1].last[HOST_EVENT_REFUSED].refusal.value);
    net_stop(2);
}

TEST(connection_caps)
{
    net_start(3);
    struct host_cfg cfg = cfg_of(1);
    cfg.limits = host_limits_for(cfg.memory_max);
    cfg.limits.conns_in_max = 1;
    host_done(&net.nodes[1].host);
    key_signer_done(&net.nodes[1].signer);
    node_start(1, &cfg);
    dial(0, 1);
    settle(3);
    dial(2, 1);
    settle(3);
    EXPECT_STR("f", net.nodes[2].log);
    EXPECT_STR("incoming connections", net.nodes[1].last[HOST_EVENT_REFUSED].refusal.reason);
    EXPECT_EQ(1, net.nodes[1].last[HOST_EVENT_REFUSED].refusal.limit);
    net_stop(3);
}

/* A connection that says nothing is given up; one that says rubbish at once. */
TEST(silent_and_hostile_links)
{
    net_start(1);
    struct host *h = &net.nodes[0].host;
    host_link link;
    struct host_link_args args = {.remote = addr_of(1), .now = net.now};
    EXPECT_OK(host_link_open(h, &link, NULL, args));
    EXPECT_EQ(1, h->conns_transient_count);
    advance_time(1, 15 * US_PER_S);
    EXPECT_EQ(0, h->links.count);
    EXPECT_EQ(0, h->conns_transient_count);
    args.now = net.now;
    EXPECT_OK(host_link_open(h, &link, NULL, args));
    struct span in = SPAN_LIT(
        "GET / HTTP/1.1\r\nHost: somebody.example\r\nAccept: everything and much more\r\n\r\n");
    (void)host_link_recv(h, net.now, link, &in);
    settle(1);
    EXPECT_EQ(0, h->links.count);
    EXPECT_EQ(2, h->handshakes_failed_count);
    EXPECT_EQ(0, h->refused_count);
    EXPECT_STR("xx", net.nodes[0].log); /* and both are told, without figures */
    EXPECT_STR("handshake", net.nodes[0].last[HOST_EVENT_REFUSED].refusal.scope);
    EXPECT_EQ(0, net.nodes[0].last[HOST_EVENT_REFUSED].refusal.limit);
    net_stop(1);
}

/* Every size of memory, from too little for anything: refusals, never a leak or a crash. */
TEST(any_budget)
{
    for (size_t memory = 256 * 1024; memory < 300 * 1024; memory += 3001) {
        net_start(2);
        host_done(&net.nodes[1].host);
        key_signer_done(&net.nodes[1].signer);
        struct host_cfg cfg = cfg_of(1);
        cfg.memory_max = memory;
        cfg.limits = host_limits_for(memory);
        cfg.limits.memory_per_conn_max = (memory - 256 * 1024) / 3;
        node_start(1, &cfg);
        EXPECT_OK(host_handle(&net.nodes[1].host, "/echo/1", (struct host_protocol_args){0}));
        dial(0, 1);
        settle(2);
        host_stream s;
        struct host_open_args open = {.peer = host_self(&net.nodes[1].host), .protocol = "/echo/1"};
        if (host_open_stream(&net.nodes[0].host, &s, NULL, open) == OK) {
            settle(2);
        }
        EXPECT(net.nodes[1].host.system.used_max <= memory);
        net_stop(2);
    }
}

/* The smallest host still has its floor of limits, in every build. */
TEST(limits_from_one_figure)
{
    struct host_limits l = host_limits_for(256 * 1024);
    EXPECT_EQ(8, l.conns_max);
    EXPECT_EQ(6, l.conns_in_max);
    EXPECT_EQ(4, l.conns_transient_max);
    l = host_limits_for((size_t)1 << 40);
    EXPECT_EQ(20000, l.conns_max);
    EXPECT_EQ(1024, l.conns_transient_max);
    EXPECT_EQ(16 << 20, l.window_max);
}

TEST(churn_leaves_nothing)
{
    net_start(2);
    size_t used = 0;
    for (int i = 0; i < 50; i++) {
        dial(0, 1);
        settle(2);
        host_disconnect(&net.nodes[i % 2].host, host_self(&net.nodes[1 - i % 2].host));
        settle(2);
        net.nodes[0].log_n = net.nodes[1].log_n = 0;
        if (i == 1) {
            used = test_budget()->used;
        }
    }
    EXPECT_EQ(used, test_budget()->used);
    EXPECT_EQ(50, net.nodes[0].host.handshakes_count);
    net_stop(2);
}

TEST(idle_connection_memory)
{
    net_start(2);
    size_t before = net.nodes[1].host.system.used;
    dial(0, 1);
    settle(2);
    size_t held = net.nodes[1].host.system.used - before;
    test_note("%zu bytes for an idle, identified connection", held);
    EXPECT(held <= 24 * 1024);
    net_stop(2);
}

TEST_MAIN
