/* QUIC between two connections over a wire in memory: handshake, refusals, streams, loss, limits. */
#include "p2p/quic.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/test.h"
#include "crypto/backend.h"
#include "p2p/key_signer.h"

#include <string.h>

static const struct udp_addr ADDRS[2] = {
    {.port = 1000, .ip = {10, 0, 0, 1}},
    {.port = 2000, .ip = {10, 0, 0, 2}},
};

enum { WIRE_COUNT_MAX = 256 };

/* What one side does by itself when it hears of something. */
struct side {
    struct key_signer signer;
    struct rng_seeded rng;
    struct certificate_identity certificate;
    struct quic_identity identity;
    struct quic_endpoint endpoint;
    struct quic quic;
    struct quic_cfg cfg;
    struct budget budget;
    struct peer_id own;
    bool is_made;
    bool is_ready;
    bool is_echo;
    uint32_t stream; /* the last that was opened to us, or by us */
    unsigned opened;
    unsigned fins;
    unsigned resets;
    unsigned closes;
    unsigned writables;
    uint32_t code;
    size_t received;
    uint64_t sum;
    bool is_closed;
    struct yamux_event last;
};

/* The wire: datagrams in flight. */
static struct {
    struct side sides[2];
    instant now;
    unsigned loss; /* of 256 */
    struct rng_seeded rng;
    uint64_t count;
    uint64_t bytes;
} world;

static struct side *client(void)
{
    return &world.sides[0];
}

static struct side *server(void)
{
    return &world.sides[1];
}

static void side_init(unsigned i)
{
    struct side *s = &world.sides[i];
    struct secret32 seed = {.bytes = {(uint8_t)(i + 1)}};
    key_signer_init(&s->signer, &seed);
    peer_id_of_key(&s->own, s->signer.signer.public_key);
    rng_seeded_init(&s->rng, test_seed() * 2 + i);
    budget_init(&s->budget, test_budget(), "connection", 8 << 20);
    EXPECT_OK(certificate_identity_init(&s->certificate, &s->signer.signer, &s->rng.rng));
    EXPECT_OK(quic_identity_init(&s->identity, &s->certificate));
    quic_endpoint_init(&s->endpoint, test_budget(), &s->rng.rng);
    s->cfg = (struct quic_cfg){.endpoint = &s->endpoint,
                               .identity = &s->identity,
                               .unix_s = 1800000000,
                               .rng = &s->rng.rng,
                               .budget = &s->budget,
                               .streams_in_max = 100,
                               .window_max = 1 << 20,
                               .queue_max = 256 * 1024,
                               .handshake_timeout_us = 10 * US_PER_S};
}

static void world_init(void)
{
    memset(&world, 0, sizeof world);
    EXPECT_OK(crypto_init());
    world.now = (instant){.us = 5 * US_PER_S};
    rng_seeded_init(&world.rng, test_seed());
    side_init(0);
    side_init(1);
    server()->is_echo = true;
}

static void world_done(void)
{
    for (unsigned i = 0; i < 2; i++) {
        struct side *s = &world.sides[i];
        quic_done(&s->quic);
        test_note("side %u", i);
        EXPECT_EQ(0, s->budget.used);
        EXPECT_EQ(0, s->endpoint.cids.count);
        quic_endpoint_done(&s->endpoint);
        quic_identity_done(&s->identity);
        certificate_identity_done(&s->certificate);
        key_signer_done(&s->signer);
    }
}

static void on_data(struct side *s, const struct yamux_event *e)
{
    s->received += e->data.n;
    for (size_t i = 0; i < e->data.n; i++) {
        s->sum = s->sum * 31 + e->data.p[i];
    }
    if (s->is_echo) {
        EXPECT_EQ(e->data.n, quic_write(&s->quic, e->stream_id, e->data));
    }
    quic_consume(&s->quic, e->stream_id, e->data.n);
}

static void side_poll(struct side *s)
{
    struct yamux_event e;
    bool is_ready;
    while (s->is_made && quic_poll(&s->quic, &e, &is_ready)) {
        if (is_ready) {
            s->is_ready = true;
            continue;
        }
        s->last = e;
        switch (e.kind) {
        case YAMUX_EVENT_OPENED:
            s->opened++;
            s->stream = e.stream_id;
            EXPECT_OK(quic_accept_stream(&s->quic, e.stream_id, s));
            break;
        case YAMUX_EVENT_DATA: on_data(s, &e); break;
        case YAMUX_EVENT_FIN:
            s->fins++;
            if (s->is_echo) {
                quic_finish(&s->quic, e.stream_id);
            }
            break;
        case YAMUX_EVENT_RESET:
            s->resets++;
            s->code = e.code;
            break;
        case YAMUX_EVENT_STREAM_CLOSED: s->closes++; break;
        case YAMUX_EVENT_WRITABLE:      s->writables++; break;
        case YAMUX_EVENT_CLOSED:        s->is_closed = true; break;
        case YAMUX_EVENT_REFUSED:
        case YAMUX_EVENT_GO_AWAY:       break;
        }
    }
}

static bool take(unsigned to, const struct udp_addr *from, struct span bytes);

/* deliver gives a datagram to a side, which may answer it at once. */
static void deliver(unsigned to, const struct udp_addr *from, struct span bytes)
{
    (void)take(to, from, bytes);
    side_poll(&world.sides[to]);
}

static bool take(unsigned to, const struct udp_addr *from, struct span bytes)
{
    struct side *s = &world.sides[to];
    struct quic_datagram d = {.remote = *from, .bytes = bytes, .now = world.now};
    struct quic_look look;
    uint8_t reply[1500];
    switch (quic_endpoint_look(&s->endpoint, &look, MSPAN_OF(reply), &d)) {
    case QUIC_DROPPED: return false;
    case QUIC_FOUND:   quic_recv(look.quic, &d); return true;
    case QUIC_NEW:
        if (s->is_made) {
            return false;
        }
        s->is_made = quic_accept(&s->quic, &s->cfg, &d) == OK;
        if (!s->is_made) {
            quic_done(&s->quic);
        }
        return s->is_made;
    case QUIC_REPLIED: deliver(1 - to, &ADDRS[to], span_of(reply, look.reply_len)); return true;
    }
    return false;
}

static bool carry(unsigned from)
{
    struct side *s = &world.sides[from];
    struct udp_addr to;
    uint8_t out[1500];
    size_t n = s->is_made ? quic_send(&s->quic, world.now, &to, MSPAN_OF(out)) : 0;
    if (n == 0) {
        return false;
    }
    world.count++;
    world.bytes += n;
    EXPECT_EQ(ADDRS[1 - from].port, to.port);
    if (rng_below(&world.rng.rng, 256) >= world.loss) {
        deliver(1 - from, &ADDRS[from], span_of(out, n));
    }
    return true;
}

/* pump lets time pass until both are quiet, at most so long. */
static void pump(uint64_t us)
{
    instant end = instant_add(world.now, us);
    for (;;) {
        bool moved = carry(0);
        moved = carry(1) || moved;
        if (moved) {
            continue;
        }
        instant next = INSTANT_NEVER;
        for (unsigned i = 0; i < 2; i++) {
            next = world.sides[i].is_made ? instant_min(next, quic_deadline(&world.sides[i].quic))
                                          : next;
        }
        if (!instant_before(next, end)) {
            world.now = end;
            return;
        }
        world.now = instant_before(world.now, next) ? next : instant_add(world.now, 1);
        for (unsigned i = 0; i < 2; i++) {
            if (world.sides[i].is_made) {
                quic_tick(&world.sides[i].quic, world.now);
                side_poll(&world.sides[i]);
            }
        }
    }
}

static void connect(void)
{
    EXPECT_OK(quic_connect(&client()->quic, &client()->cfg, &ADDRS[1], world.now));
    client()->is_made = true;
    pump(US_PER_S);
}

static void start(void)
{
    world_init();
    connect();
    TEST_REQUIRE(client()->is_ready);
    TEST_REQUIRE(server()->is_ready);
}

TEST(both_learn_who_the_other_is)
{
    world_init();
    client()->cfg.expected = &server()->own;
    connect();
    EXPECT(client()->is_ready);
    EXPECT(server()->is_ready);
    EXPECT(peer_id_equal(&client()->quic.peer, &server()->own));
    EXPECT(peer_id_equal(&server()->quic.peer, &client()->own));
    test_note("idle: %zu bytes and GnuTLS's", server()->budget.used - QUIC_TLS_MEM);
    EXPECT(server()->budget.used < QUIC_TLS_MEM + 72 * 1024);
    world_done();
}

TEST(bytes_there_and_back)
{
    static const size_t lens[] = {1, 1200, 100000, 3000000};
    static uint8_t block[10000];
    memset(block, 7, sizeof block);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        test_note("%zu bytes", lens[i]);
        start();
        uint32_t id;
        EXPECT_OK(quic_open_stream(&client()->quic, &id, NULL, client()));
        size_t done = 0;
        for (int turns = 0; done < lens[i] && turns < 10000; turns++) {
            done += quic_write(&client()->quic, id,
                               span_of(block, min_size(sizeof block, lens[i] - done)));
            pump(1000);
        }
        quic_finish(&client()->quic, id);
        pump(US_PER_S);
        EXPECT_EQ(lens[i], done);
        EXPECT_EQ(lens[i], server()->received);
        EXPECT_EQ(lens[i], client()->received);
        EXPECT(client()->sum == server()->sum);
        EXPECT_EQ(1, client()->fins);
        EXPECT_EQ(1, client()->closes);
        EXPECT_EQ(1, server()->closes);
        EXPECT_EQ(0, client()->quic.streams.count);
        EXPECT_EQ(0, server()->quic.streams.count);
        world_done();
    }
}

TEST(loss_changes_nothing)
{
    static uint8_t block[100000];
    for (unsigned loss = 10; loss <= 60; loss += 50) {
        test_note("%u of 256 lost", loss);
        world_init();
        world.loss = loss;
        connect();
        pump(9 * US_PER_S);
        uint32_t id;
        TEST_REQUIRE(client()->is_ready);
        EXPECT_OK(quic_open_stream(&client()->quic, &id, NULL, client()));
        EXPECT_EQ(sizeof block, quic_write(&client()->quic, id, SPAN_OF(block)));
        quic_finish(&client()->quic, id);
        pump(20 * US_PER_S);
        EXPECT_EQ(sizeof block, client()->received);
        EXPECT_EQ(1, client()->closes);
        world_done();
    }
}

TEST(another_peer_than_expected_is_left)
{
    world_init();
    client()->cfg.expected = &client()->own;
    connect();
    EXPECT(!client()->is_ready);
    EXPECT(client()->is_closed);
    EXPECT_ERR(ERR_AUTH, client()->last.err);
    EXPECT_STR("peer is another than the one dialed", client()->last.rule);
    EXPECT(server()->is_closed);
    EXPECT_ERR(ERR_DENIED, server()->last.err);
    world_done();
}

TEST(a_listener_that_expects_somebody_refuses_others)
{
    world_init();
    server()->cfg.expected = &server()->own;
    connect();
    EXPECT(server()->is_closed);
    EXPECT_ERR(ERR_AUTH, server()->last.err);
    EXPECT(client()->is_closed); /* it was ready before it heard of it */
    EXPECT_ERR(ERR_DENIED, client()->last.err);
    world_done();
}

TEST(a_clock_outside_the_validity_refuses)
{
    world_init();
    client()->cfg.unix_s = 1;
    connect();
    EXPECT_ERR(ERR_TIMEOUT, client()->last.err);
    EXPECT_STR("the certificate is not valid yet", client()->last.rule);
    world_done();
}

TEST(a_reset_ends_both_directions)
{
    start();
    uint32_t id;
    EXPECT_OK(quic_open_stream(&client()->quic, &id, NULL, client()));
    EXPECT_EQ(5, quic_write(&client()->quic, id, SPAN_LIT("hello")));
    pump(US_PER_S);
    EXPECT_EQ(5, client()->received);
    quic_reset_stream(&client()->quic, id, 77);
    EXPECT_EQ(0, quic_write(&client()->quic, id, SPAN_LIT("more")));
    pump(US_PER_S);
    EXPECT_EQ(1, server()->resets);
    EXPECT_EQ(77, server()->code);
    EXPECT_EQ(0, client()->resets);
    EXPECT_EQ(0, client()->quic.streams.count);
    EXPECT_EQ(0, server()->quic.streams.count);
    world_done();
}

TEST(streams_of_the_peer_are_bounded_and_come_back)
{
    world_init();
    server()->cfg.streams_in_max = 3;
    connect();
    uint32_t ids[4];
    struct refusal r = {0};
    for (int i = 0; i < 3; i++) {
        EXPECT_OK(quic_open_stream(&client()->quic, &ids[i], &r, NULL));
        EXPECT_EQ(1, quic_write(&client()->quic, ids[i], SPAN_LIT("x")));
    }
    EXPECT_ERR(ERR_LIMIT, quic_open_stream(&client()->quic, &ids[3], &r, NULL));
    EXPECT_STR("streams of this connection", r.reason);
    pump(US_PER_S);
    EXPECT_EQ(3, server()->opened);
    quic_finish(&client()->quic, ids[0]);
    pump(US_PER_S);
    EXPECT_OK(quic_open_stream(&client()->quic, &ids[3], &r, NULL));
    world_done();
}

TEST(a_window_that_nobody_consumes_stops_the_sender)
{
    static uint8_t block[64 * 1024];
    start();
    server()->is_echo = false;
    uint32_t id;
    EXPECT_OK(quic_open_stream(&client()->quic, &id, NULL, NULL));
    /* The server's application takes events but gives no credit back: done by reading them here. */
    size_t written = 0;
    for (int i = 0; i < 20; i++) {
        written += quic_write(&client()->quic, id, SPAN_OF(block));
        for (bool moved = true; moved;) {
            struct udp_addr to;
            uint8_t out[1500];
            size_t n = quic_send(&client()->quic, world.now, &to, MSPAN_OF(out));
            moved = n > 0;
            if (moved) {
                (void)take(1, &ADDRS[0], span_of(out, n));
            }
            n = quic_send(&server()->quic, world.now, &to, MSPAN_OF(out));
            if (n > 0) {
                moved = true;
                (void)take(0, &ADDRS[1], span_of(out, n));
            }
        }
        world.now = instant_add(world.now, 100 * US_PER_MS);
        quic_tick(&client()->quic, world.now);
        quic_tick(&server()->quic, world.now);
    }
    struct yamux_event e;
    bool is_ready;
    size_t arrived = 0;
    while (quic_poll(&server()->quic, &e, &is_ready)) {
        arrived += e.kind == YAMUX_EVENT_DATA ? e.data.n : 0;
        if (e.kind == YAMUX_EVENT_OPENED) {
            EXPECT_OK(quic_accept_stream(&server()->quic, e.stream_id, NULL));
        }
    }
    EXPECT_EQ(YAMUX_WINDOW_INITIAL, arrived);
    EXPECT(written > arrived);
    EXPECT(written <= arrived + client()->cfg.queue_max);
    quic_consume(&server()->quic, id, arrived);
    pump(US_PER_S);
    EXPECT_EQ(written - arrived, server()->received);
    EXPECT_EQ(1, client()->writables);
    world_done();
}

TEST(closing_is_told)
{
    start();
    quic_close(&client()->quic, 0);
    side_poll(client());
    EXPECT(client()->is_closed);
    EXPECT_ERR(OK, client()->last.err);
    pump(US_PER_S);
    EXPECT(server()->is_closed);
    EXPECT_ERR(ERR_CLOSED, server()->last.err);
    EXPECT_STR("the peer closed the connection", server()->last.rule);
    EXPECT(!quic_has_output(&client()->quic));
    EXPECT(instant_is_never(quic_deadline(&client()->quic)));
    world_done();
}

TEST(a_handshake_that_nobody_answers_has_its_time)
{
    world_init();
    EXPECT_OK(quic_connect(&client()->quic, &client()->cfg, &ADDRS[1], world.now));
    client()->is_made = true;
    world.loss = 256;
    pump(9 * US_PER_S);
    EXPECT(!client()->is_closed);
    pump(2 * US_PER_S);
    EXPECT(client()->is_closed);
    EXPECT_ERR(ERR_TIMEOUT, client()->last.err);
    world_done();
}

TEST(an_idle_connection_lives_until_the_peer_is_silent)
{
    start();
    pump(120 * US_PER_S);
    EXPECT(!client()->is_closed);
    EXPECT(!server()->is_closed);
    world.loss = 256;
    pump(35 * US_PER_S);
    EXPECT(client()->is_closed);
    EXPECT_ERR(ERR_TIMEOUT, client()->last.err);
    EXPECT(server()->is_closed);
    world_done();
}

TEST(address_validation)
{
    world_init();
    server()->endpoint.validates = true;
    connect();
    EXPECT(client()->is_ready);
    EXPECT(server()->is_ready);
    EXPECT_EQ(1, server()->endpoint.replies_count);
    world_done();
}

TEST(other_versions_are_answered_with_ours)
{
    world_init();
    uint8_t first[1200] = {0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, 1, 2, 3, 4, 5, 6, 7, 8, 2, 9, 9};
    uint8_t reply[1500];
    struct quic_look look;
    struct quic_datagram d = {.remote = ADDRS[0], .bytes = SPAN_OF(first), .now = world.now};
    EXPECT_EQ(QUIC_REPLIED, quic_endpoint_look(&server()->endpoint, &look, MSPAN_OF(reply), &d));
    EXPECT(look.reply_len < d.bytes.n);
    EXPECT_SPAN(test_hex("00000000" /* version */ "02"
                         "0909"
                         "08"
                         "0102030405060708"
                         "00000001"),
                span_of(reply + 1, look.reply_len - 1));
    d.bytes.n = 1199;
    EXPECT_EQ(QUIC_DROPPED, quic_endpoint_look(&server()->endpoint, &look, MSPAN_OF(reply), &d));
    first[1] = first[2] = first[3] = 0;
    first[4] = 1; /* version 1, but no good Initial */
    EXPECT_EQ(QUIC_DROPPED, quic_endpoint_look(&server()->endpoint, &look, MSPAN_OF(reply), &d));
    world_done();
}

TEST(no_memory_refuses_and_leaks_nothing)
{
    for (size_t limit = 1000; limit < 160000; limit += 7919) {
        test_note("limit %zu", limit);
        world_init();
        server()->budget.limit = limit;
        connect();
        EXPECT(server()->budget.used_max <= limit);
        world_done();
    }
}

TEST(changed_datagrams_change_nothing)
{
    start();
    struct udp_addr to;
    uint8_t out[1500];
    uint32_t id;
    EXPECT_OK(quic_open_stream(&client()->quic, &id, NULL, NULL));
    EXPECT_EQ(5, quic_write(&client()->quic, id, SPAN_LIT("hello")));
    size_t n = quic_send(&client()->quic, world.now, &to, MSPAN_OF(out));
    for (size_t i = 0; i < n; i++) {
        out[i] ^= 1;
        deliver(1, &ADDRS[0], span_of(out, n));
        out[i] ^= 1;
        deliver(1, &ADDRS[0], span_of(out, i));
    }
    EXPECT_EQ(0, server()->received);
    EXPECT(!server()->is_closed);
    deliver(1, &ADDRS[0], span_of(out, n));
    EXPECT_EQ(5, server()->received);
    deliver(1, &ADDRS[0], span_of(out, n));
    EXPECT_EQ(5, server()->received); /* once is enough */
    world_done();
}

TEST(addresses)
{
    uint8_t bytes[64];
    struct udp_addr a;
    struct wr w = wr_init(MSPAN_OF(bytes));
    const struct udp_addr six = {
        .is_ip6 = true, .port = 65535, .ip = {0x20, 1, [15] = 1}
    };
    udp_addr_write(&w, &six);
    EXPECT_OK(udp_addr_of(&a, span_of(bytes, w.n)));
    EXPECT(udp_addr_equal(&six, &a));
    w = wr_init(MSPAN_OF(bytes));
    udp_addr_write(&w, &ADDRS[0]);
    EXPECT_SPAN(test_hex("04 0a000001 9102 03e8 cd03"), span_of(bytes, w.n));
    EXPECT_OK(udp_addr_of(&a, span_of(bytes, w.n)));
    EXPECT(udp_addr_equal(&ADDRS[0], &a));
    EXPECT_ERR(ERR_UNSUPPORTED, udp_addr_of(&a, test_hex("04 0a000001 06 03e8")));
    EXPECT_ERR(ERR_UNSUPPORTED, udp_addr_of(&a, SPAN_EMPTY));
}

TEST_MAIN
