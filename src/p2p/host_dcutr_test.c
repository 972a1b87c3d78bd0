/* DCUtR on hosts: node 0 relays, node 1 stands behind a NAT, node 2 comes to it through the relay. Whether it can be
 * dialled, punched to, or not, and in which attempt; what the streams of the relayed connection become. */
#include "p2p/host_dcutr.h"

#include "base/test.h"
#include "p2p/host_net_test.h"
#include "p2p/host_relay.h"

#include <string.h>

#define TALK "/talk/1"

enum { NODES = 3, RELAY = 0, TARGET = 1, SOURCE = 2 };

static struct host_net net;
static struct host_relay relay;
static struct host_circuit circuits[NODES];
static struct host_dcutr dcutrs[NODES];

static struct {
    unsigned direct;
    bool direct_is_inbound;
    unsigned disconnected;
    unsigned upgraded;
    unsigned gave_up;
    unsigned attempts;
    enum err err;
    unsigned closed;
    unsigned dial_failed;
} seen[NODES];

static void on_event(void *user, unsigned i, const struct host_event *e)
{
    (void)user;
    struct host_dcutr_event d;
    seen[i].direct += e->kind == HOST_EVENT_PEER_DIRECT;
    seen[i].disconnected += e->kind == HOST_EVENT_PEER_DISCONNECTED;
    seen[i].closed += e->kind == HOST_EVENT_STREAM_CLOSED || e->kind == HOST_EVENT_STREAM_RESET;
    seen[i].dial_failed += e->kind == HOST_EVENT_DIAL_FAILED;
    if (e->kind == HOST_EVENT_STREAM_DATA) {
        host_stream_consume(&net.nodes[i].host, e->stream, e->data.n);
    }
    if (e->kind != HOST_EVENT_EXTENSION) {
        return;
    }
    while (host_dcutr_poll(&dcutrs[i], &d)) {
        seen[i].upgraded += d.kind == HOST_DCUTR_UPGRADED;
        seen[i].gave_up += d.kind == HOST_DCUTR_GAVE_UP;
        seen[i].attempts = d.attempts;
        seen[i].err = d.err;
    }
    struct host_circuit_event c;
    while (host_circuit_poll(&circuits[i], &c)) {}
}

static const struct peer_id *id_of(unsigned i)
{
    return host_self(&net.nodes[i].host);
}

/* start: the target has reserved, and waits for whoever comes. */
static void start(bool source_speaks)
{
    memset(seen, 0, sizeof seen);
    memset(dcutrs, 0, sizeof dcutrs);
    host_net_init(&net, NODES);
    net.on_event = on_event;
    struct host_relay_cfg cfg = {.relay = {.is_unlimited = true}};
    EXPECT_OK(host_relay_init(&relay, &net.nodes[RELAY].host, &cfg));
    for (unsigned i = 0; i < NODES; i++) {
        struct host *h = &net.nodes[i].host;
        EXPECT_OK(host_circuit_init(&circuits[i], h, &(struct host_circuit_cfg){0}));
        EXPECT_OK(host_handle(h, TALK, (struct host_protocol_args){.relayed_ok = true}));
        if (i != SOURCE || source_speaks) {
            EXPECT_OK(
                host_dcutr_init(&dcutrs[i], h, &(struct host_dcutr_cfg){.private_too = true}));
        }
    }
    net.nodes[TARGET].is_natted = true;
    struct span addr = host_net_addr(&net, RELAY);
    EXPECT_OK(host_circuit_reserve(&circuits[TARGET], id_of(RELAY), &addr, 1));
    host_net_run(&net);
}

static void stop(void)
{
    for (unsigned i = 0; i < NODES; i++) {
        host_dcutr_done(&dcutrs[i]);
        host_circuit_done(&circuits[i]);
    }
    host_relay_done(&relay);
    host_net_done(&net);
}

static void dial(void)
{
    uint8_t room[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    circuit_addr_write(&w, &(struct circuit_addr){.transport = host_net_addr(&net, RELAY),
                                                  .relay = *id_of(RELAY),
                                                  .target = *id_of(TARGET)});
    struct span addr = span_of(room, w.n);
    uint64_t id;
    struct host_dial_args args = {.addrs = &addr, .addrs_count = 1};
    EXPECT_OK(host_dial(&net.nodes[SOURCE].host, &id, NULL, args));
    host_net_run(&net);
}

static struct host_peer_info info_of(unsigned at, unsigned peer)
{
    struct host_peer_info info = {0};
    (void)host_peer_find(&net.nodes[at].host, &info, id_of(peer));
    return info;
}

static void expect_upgraded(unsigned attempts)
{
    for (unsigned i = TARGET; i <= SOURCE; i++) {
        test_note("node %u", i);
        EXPECT_EQ(1, seen[i].direct);
        EXPECT_EQ(1, seen[i].upgraded);
        EXPECT_EQ(0, seen[i].disconnected);
        EXPECT_EQ(0, seen[i].dial_failed);
        EXPECT(!info_of(i, TARGET + SOURCE - i).relayed);
        EXPECT_EQ(0, dcutrs[i].peers.count);
        EXPECT_EQ(1, info_of(i, TARGET + SOURCE - i).conns_count);
    }
    EXPECT_EQ(attempts, seen[TARGET].attempts);
    EXPECT_EQ(0, host_relay_stats(&relay).circuits_count);
}

TEST(a_peer_with_an_address_is_dialled)
{
    start(true);
    dial();
    EXPECT_EQ(1, seen[TARGET].direct);
    host_net_pass(&net, 10 * US_PER_S);
    expect_upgraded(0);
    EXPECT(!info_of(TARGET, SOURCE).relayed);
    stop();
}

TEST(two_nats_are_punched)
{
    start(true);
    net.nodes[SOURCE].is_natted = true;
    dial();
    host_net_pass(&net, 20 * US_PER_S);
    expect_upgraded(1);
    stop();
}

/* One SYN is faster and comes to the other's listener: the parts stay what they are. */
TEST(a_listener_may_be_faster)
{
    start(true);
    net.nodes[SOURCE].is_natted = true;
    net.listener_wins = true;
    dial();
    host_net_pass(&net, 20 * US_PER_S);
    expect_upgraded(1);
    stop();
}

/* The server's part over QUIC: nothing but datagrams that open the way, for as long as the dial lasts. */
TEST(datagrams_that_only_open_the_way)
{
    start(true);
    struct host *h = &net.nodes[SOURCE].host; /* connected to nobody */
    host_net_pass(&net, US_PER_S);
    uint8_t room[64];
    uint8_t datagram[HOST_DATAGRAM_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    TEST_REQUIRE(EXPECT_OK(multiaddr_parse(&w, SPAN_LIT("/ip4/9.9.9.9/udp/7/quic-v1"), NULL)));
    struct span addr = span_of(room, w.n);
    uint64_t id;
    struct host_event e;
    struct host_dial_args args = {.peer = id_of(TARGET),
                                  .addrs = &addr,
                                  .addrs_count = 1,
                                  .role = HOST_DIAL_PUNCH_SERVER,
                                  .timeout_us = 2 * US_PER_S};
    EXPECT_OK(host_dial(h, &id, NULL, args));
    TEST_REQUIRE(EXPECT(host_poll(h, &e) && e.kind == HOST_EVENT_DIAL));
    host_link link = e.link;
    host_link_up(h, link, (struct host_link_args){.now = net.now});
    EXPECT(host_link_is_datagram(h, link));
    unsigned count = 0;
    instant last = {0};
    host_link sendable;
    while (!host_poll(h, &e)) {
        struct udp_addr to;
        while (host_next_sendable(h, &sendable)) {
            EXPECT_EQ(64, host_datagram_send(h, net.now, sendable, &to, MSPAN_OF(datagram)));
            EXPECT_EQ(0, host_datagram_send(h, net.now, sendable, &to, MSPAN_OF(datagram)));
            EXPECT_EQ(7, to.port);
            uint64_t passed_us = instant_since(last, net.now);
            EXPECT(count == 0 || (passed_us >= 10 * US_PER_MS && passed_us <= 200 * US_PER_MS));
            last = net.now;
            count++;
        }
        net.now = host_deadline(h);
        host_tick(h, net.now);
    }
    EXPECT(count >= 10 && count <= 200);
    EXPECT_EQ(HOST_EVENT_LINK_CLOSE, e.kind);
    host_link_closed(h, net.now, link, ERR_CLOSED);
    EXPECT(host_poll(h, &e) && e.kind == HOST_EVENT_DIAL_FAILED && e.dial == id);
    stop();
}

/* Neither announces an address: they know theirs from the relay alone. */
TEST(observed_addresses_will_do)
{
    start(true);
    net.nodes[SOURCE].is_natted = true;
    for (unsigned i = TARGET; i <= SOURCE; i++) {
        EXPECT_OK(host_set_listen_addrs(&net.nodes[i].host, NULL, 0));
    }
    dial();
    host_net_pass(&net, 20 * US_PER_S);
    expect_upgraded(1);
    stop();
}

/* A source that nobody reaches, ever: three attempts, and the relay goes on carrying. */
TEST(what_cannot_be_punched_stays_relayed)
{
    start(true);
    net.nodes[SOURCE].is_dead = true;
    net.nodes[TARGET].is_natted = false;
    net.nodes[TARGET].is_dead = true;
    dial();
    host_net_pass(&net, 30 * US_PER_S);
    EXPECT_EQ(1, seen[TARGET].gave_up);
    EXPECT_EQ(3, seen[TARGET].attempts);
    EXPECT_ERR(ERR_TIMEOUT, seen[TARGET].err);
    EXPECT_EQ(0, seen[SOURCE].direct);
    EXPECT_EQ(0, seen[SOURCE].dial_failed + seen[TARGET].dial_failed);
    EXPECT(info_of(SOURCE, TARGET).relayed);
    host_stream s;
    struct host_open_args args = {.peer = id_of(TARGET), .protocol = TALK, .relayed_ok = true};
    EXPECT_OK(host_open_stream(&net.nodes[SOURCE].host, &s, NULL, args));
    host_net_run(&net);
    EXPECT_EQ(4, host_stream_write(&net.nodes[SOURCE].host, s, SPAN_LIT("word")));
    stop();
}

TEST(a_peer_without_dcutr_stays_relayed)
{
    start(false);
    net.nodes[SOURCE].is_dead = true;
    dial();
    host_net_pass(&net, 20 * US_PER_S);
    EXPECT_EQ(1, seen[TARGET].gave_up);
    EXPECT_ERR(ERR_UNSUPPORTED, seen[TARGET].err);
    EXPECT(info_of(SOURCE, TARGET).relayed);
    stop();
}

/* A stream that was opened over the relay ends there; the relayed connection waits for it, but not for ever. */
TEST(streams_move)
{
    start(true);
    net.nodes[TARGET].is_dead = true; /* until the stream is there */
    net.nodes[SOURCE].is_dead = true;
    dial();
    host_stream s;
    struct host_open_args args = {.peer = id_of(TARGET), .protocol = TALK, .relayed_ok = true};
    EXPECT_OK(host_open_stream(&net.nodes[SOURCE].host, &s, NULL, args));
    host_net_run(&net);
    net.nodes[TARGET].is_dead = net.nodes[SOURCE].is_dead = false;
    net.nodes[TARGET].is_natted = false;
    struct span addr = host_net_addr(&net, TARGET);
    uint64_t id;
    struct host_dial_args direct = {
        .peer = id_of(TARGET), .addrs = &addr, .addrs_count = 1, .role = HOST_DIAL_DIRECT};
    EXPECT_OK(host_dial(&net.nodes[SOURCE].host, &id, NULL, direct));
    host_net_run(&net);
    EXPECT_EQ(1, seen[SOURCE].direct);
    host_net_pass(&net, 20 * US_PER_S);
    EXPECT_EQ(2, info_of(SOURCE, TARGET).conns_count);
    EXPECT_EQ(0, seen[SOURCE].closed);
    host_stream t;
    EXPECT_OK(host_open_stream(&net.nodes[SOURCE].host, &t, NULL, args));
    host_net_pass(&net, 20 * US_PER_S);
    EXPECT_EQ(1, info_of(SOURCE, TARGET).conns_count);
    EXPECT_EQ(1, seen[SOURCE].closed); /* the old one */
    EXPECT_EQ(4, host_stream_write(&net.nodes[SOURCE].host, t, SPAN_LIT("word")));
    EXPECT_EQ(0, seen[SOURCE].disconnected);
    stop();
}

/* A stranger that says nonsense on the stream harms nobody. */
TEST(words_out_of_turn)
{
    static const char *const words[] = {"02 0805", "03 08ac02", "02 0864", "00"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        start(false);
        dial();
        host_stream s;
        struct host *h = &net.nodes[SOURCE].host;
        struct host_open_args args = {
            .peer = id_of(RELAY), .protocol = DCUTR_PROTOCOL, .known = true, .relayed_ok = true};
        test_note("case %zu", i);
        EXPECT_OK(host_open_stream(h, &s, NULL, args));
        struct span in = test_hex(words[i]);
        EXPECT_EQ(in.n, host_stream_write(h, s, in));
        host_net_pass(&net, US_PER_S);
        EXPECT_EQ(1, seen[SOURCE].closed);
        stop();
    }
}

TEST_MAIN
