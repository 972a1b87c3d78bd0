/* Circuit relay on hosts: node 0 relays, node 1 cannot be dialled and reserves, node 2 wants to talk to it; 3 is
 * somebody else. What a relay refuses, and with which word; what its limits cut; what stays behind: nothing. */
#include "p2p/host_circuit.h"

#include "base/arith.h"
#include "base/test.h"
#include "p2p/host_net_test.h"
#include "p2p/host_relay.h"

#include <string.h>

#define TALK  "/talk/1"  /* may go through relays */
#define LARGE "/large/1" /* may not */

enum { NODES = 4, RELAY = 0, TARGET = 1, SOURCE = 2 };

static struct host_net net;
static struct host_relay relay;
static struct host_circuit circuits[NODES];

static struct {
    unsigned connected;
    unsigned relayed;
    unsigned disconnected;
    unsigned dial_failed;
    unsigned reserved;
    unsigned lost;
    uint64_t status;
    enum err err;
    uint64_t heard;
    uint64_t hash; /* of what was heard */
    unsigned fin;
    unsigned reset;
    enum err reset_err;
    bool holds_credit; /* hears, but takes nothing */
    host_stream stream;
    uint8_t answer[64];
    size_t answer_n;
} seen[NODES];

static void on_event(void *user, unsigned i, const struct host_event *e)
{
    (void)user;
    struct host *h = &net.nodes[i].host;
    struct host_circuit_event c;
    seen[i].connected += e->kind == HOST_EVENT_PEER_CONNECTED;
    seen[i].relayed += e->kind == HOST_EVENT_PEER_CONNECTED && e->relayed;
    seen[i].disconnected += e->kind == HOST_EVENT_PEER_DISCONNECTED;
    seen[i].dial_failed += e->kind == HOST_EVENT_DIAL_FAILED;
    seen[i].fin += e->kind == HOST_EVENT_STREAM_FIN;
    if (e->kind == HOST_EVENT_STREAM_OPENED) {
        seen[i].stream = e->stream;
    } else if (e->kind == HOST_EVENT_STREAM_RESET) {
        seen[i].reset++;
        seen[i].reset_err = e->err;
    } else if (e->kind == HOST_EVENT_STREAM_DATA) {
        for (size_t k = 0; k < e->data.n; k++) {
            seen[i].hash = seen[i].hash * 31 + e->data.p[k];
        }
        seen[i].answer_n = span_copy(MSPAN_OF(seen[i].answer), e->data);
        seen[i].heard += e->data.n;
        if (!seen[i].holds_credit) {
            host_stream_consume(h, e->stream, e->data.n);
        }
    } else if (e->kind == HOST_EVENT_EXTENSION) {
        while (host_circuit_poll(&circuits[i], &c)) {
            seen[i].reserved += c.kind == HOST_CIRCUIT_RESERVED;
            seen[i].lost += c.kind == HOST_CIRCUIT_LOST;
            seen[i].err = c.err;
            seen[i].status = c.status;
        }
    }
}

static const struct peer_id *id_of(unsigned i)
{
    return host_self(&net.nodes[i].host);
}

static void start(const struct host_relay_cfg *cfg)
{
    memset(seen, 0, sizeof seen);
    host_net_init(&net, NODES);
    net.on_event = on_event;
    net.nodes[TARGET].is_dead = true;
    EXPECT_OK(host_relay_init(&relay, &net.nodes[RELAY].host, cfg));
    for (unsigned i = 0; i < NODES; i++) {
        struct host *h = &net.nodes[i].host;
        EXPECT_OK(host_circuit_init(&circuits[i], h, &(struct host_circuit_cfg){0}));
        EXPECT_OK(host_handle(h, TALK, (struct host_protocol_args){.relayed_ok = true}));
        EXPECT_OK(host_handle(h, LARGE, (struct host_protocol_args){0}));
    }
}

static void stop(void)
{
    for (unsigned i = 0; i < NODES; i++) {
        host_circuit_done(&circuits[i]);
    }
    host_relay_done(&relay);
    host_net_done(&net);
}

static void reserve(unsigned i)
{
    struct span addr = host_net_addr(&net, RELAY);
    EXPECT_OK(host_circuit_reserve(&circuits[i], id_of(RELAY), &addr, 1));
    host_net_run(&net);
}

/* circuit_to writes the address of a node through the relay. */
static struct span circuit_to(uint8_t *room, unsigned i)
{
    struct wr w = wr_init(mspan_of(room, MULTIADDR_LEN_MAX));
    circuit_addr_write(&w, &(struct circuit_addr){.transport = host_net_addr(&net, RELAY),
                                                  .relay = *id_of(RELAY),
                                                  .target = *id_of(i)});
    EXPECT(wr_ok(&w));
    return span_of(room, w.n);
}

static void dial(unsigned from, unsigned to)
{
    uint8_t room[MULTIADDR_LEN_MAX];
    struct span addr = circuit_to(room, to);
    uint64_t id;
    struct host_dial_args args = {.addrs = &addr, .addrs_count = 1, .insist = true};
    EXPECT_OK(host_dial(&net.nodes[from].host, &id, NULL, args));
    host_net_run(&net);
}

static enum err open_to(unsigned from, unsigned to, const char *protocol, host_stream *ret)
{
    struct host_open_args args = {
        .peer = id_of(to), .protocol = protocol, .relayed_ok = strcmp(protocol, TALK) == 0};
    return host_open_stream(&net.nodes[from].host, ret, NULL, args);
}

/* talk sends n bytes on a stream, as it takes them, and closes; the hash of what was sent. */
static uint64_t talk(unsigned from, host_stream s, size_t n)
{
    uint8_t piece[1000];
    uint64_t hash = 0;
    for (size_t at = 0; at < n;) {
        size_t len = min_size(sizeof piece, n - at);
        for (size_t k = 0; k < len; k++) {
            piece[k] = (uint8_t)((at + k) * 7 >> 3);
        }
        size_t took = host_stream_write(&net.nodes[from].host, s, span_of(piece, len));
        for (size_t k = 0; k < took; k++) {
            hash = hash * 31 + piece[k];
        }
        at += took;
        host_net_run(&net);
        if (took == 0 && host_stream_writable_len(&net.nodes[from].host, s) == 0) {
            return hash; /* nobody takes it */
        }
    }
    host_stream_close_write(&net.nodes[from].host, s);
    host_net_run(&net);
    return hash;
}

TEST(a_peer_that_cannot_be_dialled_is_reached)
{
    start(&(struct host_relay_cfg){0});
    reserve(TARGET);
    EXPECT_EQ(1, seen[TARGET].reserved);
    EXPECT(host_circuit_holds(&circuits[TARGET], id_of(RELAY)));
    EXPECT_EQ(1, host_relay_stats(&relay).reservations_count);
    AUTO(buf_done) struct buf addrs = {0};
    buf_init(&addrs, test_budget(), 4096);
    EXPECT_EQ(1, host_circuit_addrs(&circuits[TARGET], &addrs));
    dial(SOURCE, TARGET);
    EXPECT_EQ(1, seen[SOURCE].relayed);
    EXPECT_EQ(1, seen[TARGET].relayed);
    struct host_peer_info info;
    TEST_REQUIRE(EXPECT(host_peer_find(&net.nodes[SOURCE].host, &info, id_of(TARGET))));
    EXPECT(info.relayed && info.identified);
    EXPECT_EQ(131072, info.relay_data_max);
    EXPECT_EQ(net.now.us + 120 * US_PER_S, info.relay_until.us);
    TEST_REQUIRE(EXPECT(host_peer_find(&net.nodes[TARGET].host, &info, id_of(SOURCE))));
    EXPECT(info.relayed && info.inbound && circuit_addr_is(info.addr));
    host_stream s;
    EXPECT_OK(open_to(SOURCE, TARGET, TALK, &s));
    uint64_t hash = talk(SOURCE, s, 50000);
    EXPECT_EQ(50000, seen[TARGET].heard);
    EXPECT_EQ(hash, seen[TARGET].hash);
    EXPECT_EQ(1, seen[TARGET].fin);
    EXPECT_EQ(1, host_relay_stats(&relay).circuits_count);
    host_disconnect(&net.nodes[SOURCE].host, id_of(TARGET));
    host_net_run(&net);
    EXPECT_EQ(1, seen[TARGET].disconnected);
    EXPECT_EQ(0, host_relay_stats(&relay).circuits_count);
    EXPECT_EQ(0, circuits[SOURCE].links.count + circuits[TARGET].links.count);
    stop();
}

/* A relay that is reached over QUIC: the link through it is one of bytes all the same. */
TEST(a_way_to_a_relay_is_no_way_to_talk)
{
    uint8_t room[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    TEST_REQUIRE(EXPECT_OK(multiaddr_parse(&w, SPAN_LIT("/ip4/9.9.9.9/udp/7/quic-v1"), NULL)));
    size_t direct_len = w.n;
    EXPECT(host_addr_is_quic(span_of(room, direct_len)));
    uint8_t id[34] = {0x12, 0x20, 1};
    multiaddr_write(&w, MULTIADDR_P2P, SPAN_OF(id));
    multiaddr_write(&w, MULTIADDR_P2P_CIRCUIT, SPAN_EMPTY);
    TEST_REQUIRE(EXPECT_OK(wr_end(&w)));
    EXPECT(!host_addr_is_quic(span_of(room, w.n)));
}

TEST(what_is_large_waits_for_a_direct_connection)
{
    start(&(struct host_relay_cfg){0});
    reserve(TARGET);
    dial(SOURCE, TARGET);
    host_stream s;
    EXPECT_ERR(ERR_STATE, open_to(SOURCE, TARGET, LARGE, &s));
    /* A peer that does not ask itself is told by the other side that the protocol is not spoken here. */
    struct host_open_args args = {.peer = id_of(TARGET), .protocol = LARGE, .relayed_ok = true};
    EXPECT_OK(host_open_stream(&net.nodes[SOURCE].host, &s, NULL, args));
    host_net_run(&net);
    EXPECT_EQ(1, seen[SOURCE].reset);
    EXPECT_ERR(ERR_UNSUPPORTED, seen[SOURCE].reset_err);
    EXPECT_EQ(0, seen[TARGET].heard);
    /* Nor does a relay relay what comes through a relay. */
    args = (struct host_open_args){
        .peer = id_of(TARGET), .protocol = CIRCUIT_HOP_PROTOCOL, .relayed_ok = true};
    EXPECT_OK(host_open_stream(&net.nodes[SOURCE].host, &s, NULL, args));
    host_net_run(&net);
    EXPECT_EQ(2, seen[SOURCE].reset);
    EXPECT_ERR(ERR_UNSUPPORTED, seen[SOURCE].reset_err);
    /* Once there is a direct connection, it is taken. */
    net.nodes[TARGET].is_dead = false;
    struct span addr = host_net_addr(&net, TARGET);
    uint64_t id;
    struct host_dial_args direct = {
        .peer = id_of(TARGET), .addrs = &addr, .addrs_count = 1, .role = HOST_DIAL_DIRECT};
    EXPECT_OK(host_dial(&net.nodes[SOURCE].host, &id, NULL, direct));
    host_net_run(&net);
    struct host_peer_info info;
    TEST_REQUIRE(EXPECT(host_peer_find(&net.nodes[SOURCE].host, &info, id_of(TARGET))));
    EXPECT(!info.relayed);
    EXPECT_EQ(2, info.conns_count);
    EXPECT_OK(open_to(SOURCE, TARGET, LARGE, &s));
    (void)talk(SOURCE, s, 300000);
    EXPECT_EQ(300000, seen[TARGET].heard);
    EXPECT(host_relay_stats(&relay).relayed_len < 10000);
    EXPECT_EQ(0, host_close_relayed(&net.nodes[SOURCE].host, id_of(TARGET), false));
    host_net_run(&net);
    EXPECT_EQ(0, host_relay_stats(&relay).circuits_count);
    EXPECT_EQ(0, seen[TARGET].disconnected);
    stop();
}

TEST(what_a_relay_does_not_do)
{
    start(&(struct host_relay_cfg){
        .relay = {.reservations_max = 1, .circuits_per_peer_max = 1}
    });
    dial(SOURCE, TARGET); /* nobody reserved */
    EXPECT_EQ(1, seen[SOURCE].dial_failed);
    reserve(TARGET);
    reserve(3);
    EXPECT_EQ(1, seen[3].lost);
    EXPECT_EQ(CIRCUIT_RESERVATION_REFUSED, seen[3].status);
    EXPECT_ERR(ERR_DENIED, seen[3].err);
    dial(SOURCE, TARGET);
    EXPECT_EQ(1, seen[SOURCE].relayed);
    dial(3, TARGET); /* the target has one already */
    EXPECT_EQ(1, seen[3].dial_failed);
    EXPECT_EQ(3, host_relay_stats(&relay).refused_count);
    stop();
}

static bool allows_nobody(void *user, const struct peer_id *peer, const struct peer_id *target)
{
    (void)user;
    (void)peer;
    return target != NULL;
}

TEST(a_relay_for_some)
{
    start(&(struct host_relay_cfg){.allows = allows_nobody});
    reserve(TARGET);
    EXPECT_EQ(1, seen[TARGET].lost);
    EXPECT_EQ(CIRCUIT_PERMISSION_DENIED, seen[TARGET].status);
    /* And one that is no relay at all. */
    struct span addr = host_net_addr(&net, 3);
    EXPECT_OK(host_circuit_reserve(&circuits[TARGET], id_of(3), &addr, 1));
    EXPECT_ERR(ERR_STATE, host_circuit_reserve(&circuits[TARGET], id_of(3), &addr, 1));
    host_net_run(&net);
    EXPECT_EQ(2, seen[TARGET].lost);
    EXPECT(seen[TARGET].err != OK);
    EXPECT_EQ(0, seen[TARGET].status);
    addr = host_net_addr(&net, TARGET);
    EXPECT_OK(host_circuit_reserve(&circuits[3], id_of(TARGET), &addr, 1));
    host_net_run(&net);
    EXPECT_EQ(1, seen[3].lost);
    stop();
}

/* say writes raw words on a hop stream, whole or byte by byte. */
static void say(struct host *h, host_stream s, struct span words, bool is_cut)
{
    while (words.n > 0) {
        struct span piece = span_take(&words, is_cut ? 1 : words.n);
        EXPECT_EQ(piece.n, host_stream_write(h, s, piece));
        host_net_run(&net);
    }
}

/* Raw messages on a hop stream: the status that comes back, however they are cut. */
TEST(words_that_a_relay_does_not_understand)
{
    static const struct {
        const char *name;
        const char *hex;
        enum circuit_status status;
    } table[] = {
        {"no protobuf",             "03 ffffff",              CIRCUIT_MALFORMED },
        {"a type that it has not",  "02 0809",                CIRCUIT_MALFORMED },
        {"a status",                "02 0802",                CIRCUIT_UNEXPECTED},
        {"a connect to nobody",     "02 0801",                CIRCUIT_MALFORMED },
        {"a connect to no peer id", "08 0801 1204 0a02 1234", CIRCUIT_MALFORMED },
        {"too long",                "8180 8001",              CIRCUIT_MALFORMED },
    };
    start(&(struct host_relay_cfg){0});
    host_net_connect(&net, SOURCE, RELAY);
    for (size_t k = 0; k < 2 * (sizeof table / sizeof table[0]); k++) {
        size_t i = k / 2;
        host_stream s;
        struct host *h = &net.nodes[SOURCE].host;
        struct host_open_args args = {
            .peer = id_of(RELAY), .protocol = CIRCUIT_HOP_PROTOCOL, .known = true};
        test_note("%s", table[i].name);
        EXPECT_OK(host_open_stream(h, &s, NULL, args));
        say(h, s, test_hex(table[i].hex), k % 2);
        struct circuit_message m = {0};
        struct span answer = span_of(seen[SOURCE].answer, seen[SOURCE].answer_n);
        EXPECT_OK(circuit_message_decode(&m, CIRCUIT_HOP, span_from(answer, 1)));
        EXPECT_EQ(table[i].status, m.status);
        host_stream_close_write(h, s);
        host_net_run(&net);
    }
    EXPECT_EQ(0, relay.timers.count);
    stop();
}

TEST(limits_cut_a_circuit)
{
    start(&(struct host_relay_cfg){.relay = {.limit = {.duration_s = 30, .data_len = 20000}}});
    reserve(TARGET);
    dial(SOURCE, TARGET);
    host_stream s;
    EXPECT_OK(open_to(SOURCE, TARGET, TALK, &s));
    (void)talk(SOURCE, s, 30000);
    EXPECT(seen[TARGET].heard < 20000);
    EXPECT_EQ(1, seen[SOURCE].disconnected);
    EXPECT_EQ(1, seen[TARGET].disconnected);
    EXPECT_EQ(0, relay.timers.count);
    dial(SOURCE, TARGET);
    EXPECT_EQ(2, seen[SOURCE].relayed);
    host_net_pass(&net, 29 * US_PER_S);
    EXPECT_EQ(1, seen[SOURCE].disconnected);
    host_net_pass(&net, 2 * US_PER_S);
    EXPECT_EQ(2, seen[SOURCE].disconnected);
    EXPECT_EQ(2, seen[TARGET].disconnected);
    stop();
}

TEST(reservations_are_renewed_and_end)
{
    start(&(struct host_relay_cfg){.relay = {.ttl_s = 1000}});
    reserve(TARGET);
    for (int i = 0; i < 5; i++) {
        host_net_pass(&net, 700 * US_PER_S);
        EXPECT_EQ(1, host_relay_stats(&relay).reservations_count);
    }
    EXPECT_EQ(1, seen[TARGET].reserved);
    EXPECT_EQ(0, seen[TARGET].lost);
    host_circuit_release(&circuits[TARGET], id_of(RELAY));
    EXPECT(!host_circuit_holds(&circuits[TARGET], id_of(RELAY)));
    dial(SOURCE, TARGET); /* the relay believes it still; we take nobody in */
    EXPECT_EQ(1, seen[SOURCE].dial_failed);
    host_net_pass(&net, 1001 * US_PER_S);
    EXPECT_EQ(0, host_relay_stats(&relay).reservations_count);
    reserve(TARGET);
    EXPECT_EQ(2, seen[TARGET].reserved);
    host_disconnect(&net.nodes[TARGET].host, id_of(RELAY));
    host_net_run(&net);
    EXPECT_EQ(1, seen[TARGET].lost);
    EXPECT_EQ(0, host_relay_stats(&relay).reservations_count);
    stop();
}

/* A target that takes nothing: the source is held back, and the relay keeps less than two windows. */
TEST(back_pressure_goes_through)
{
    start(&(struct host_relay_cfg){.relay = {.is_unlimited = true}});
    reserve(TARGET);
    dial(SOURCE, TARGET);
    seen[TARGET].holds_credit = true;
    host_stream s;
    EXPECT_OK(open_to(SOURCE, TARGET, TALK, &s));
    (void)talk(SOURCE, s, 4 << 20);
    EXPECT(seen[TARGET].heard > 0);
    EXPECT(seen[TARGET].heard <= (1 << 20));
    EXPECT(host_relay_stats(&relay).held_len < 600000);
    uint64_t heard = seen[TARGET].heard;
    seen[TARGET].holds_credit = false;
    host_stream_consume(&net.nodes[TARGET].host, seen[TARGET].stream, heard);
    host_net_run(&net);
    EXPECT(seen[TARGET].heard >= heard);
    stop();
}

/* Whatever memory the relay has, what does not fit is refused or reset, and nothing stays behind. */
TEST(any_memory)
{
    for (size_t memory = 1024; memory < 200000; memory = memory * 5 / 4) {
        start(&(struct host_relay_cfg){.memory_max = memory});
        struct span addr = host_net_addr(&net, RELAY);
        EXPECT_OK(host_circuit_reserve(&circuits[TARGET], id_of(RELAY), &addr, 1));
        host_net_run(&net);
        dial(SOURCE, TARGET);
        host_stream s;
        if (open_to(SOURCE, TARGET, TALK, &s) == OK) {
            (void)talk(SOURCE, s, 20000);
        }
        host_net_pass(&net, 60 * US_PER_S);
        EXPECT(relay.budget.used <= memory);
        stop();
    }
}

TEST_MAIN
