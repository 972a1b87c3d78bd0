#include "p2p/conn.h"

#include "base/check.h"
#include "base/test.h"
#include "p2p/engine_test.h"
#include "p2p/key_signer.h"

#include <stdio.h>
#include <string.h>

static const instant T0 = {.us = 1000000};
static const struct span SERVED[] = {
    {(const uint8_t *)"/echo/1", 7},
    {(const uint8_t *)"/sink/1", 7}
};

/* One side: a dialer that opens a stream of each kind when it is ready, or a listener that echoes. */
struct side {
    struct conn conn;
    struct budget budget;
    struct rng_seeded rng;
    struct key_signer signer;
    struct noise_identity identity;
    struct tls_identity tls;
    struct quic_identity quic;
    struct quic_endpoint endpoint;
    enum security security[SECURITY_COUNT];
    size_t security_count;
    struct conn_protocols protocols;
    bool is_dialer;
    bool is_quiet; /* a dialer that opens nothing by itself */
    bool is_ready;
    bool lazy;
    struct conn_stream *stream; /* the dialer's */
    size_t to_write;
    size_t received;
    bool finished;
    char kinds[64];
    size_t kinds_n;
    struct conn_event last;
};

static struct side sides[2];

static struct conn_cfg cfg_of(struct side *s)
{
    return (struct conn_cfg){
        .is_dialer = s->is_dialer,
        .identity = &s->identity,
        .tls = &s->tls,
        .unix_s = 1800000000,
        .security = {s->security[0], s->security[1]},
        .security_count = s->security_count,
        .protocols = &s->protocols,
        .rng = &s->rng.rng,
        .budget = &s->budget,
        .credit = NULL,
        .queue_max = 2000,
        .handshake_timeout_us = 5 * US_PER_S,
        .stream_timeout_us = 3 * US_PER_S
    };
}

static struct side *side_prepare(unsigned twin)
{
    struct side *s = &sides[twin];
    memset(s, 0, sizeof *s);
    s->is_dialer = twin == 0;
    budget_init(&s->budget, test_budget(), "connection", 1 << 20);
    rng_seeded_init(&s->rng, 100 + twin);
    struct secret32 seed = {.bytes = {(uint8_t)(twin + 1)}};
    key_signer_init(&s->signer, &seed);
    check(noise_identity_init(&s->identity, &s->signer.signer, &s->rng.rng) == OK);
    s->protocols = (struct conn_protocols){.ids = SERVED, .count = 2};
    s->lazy = true;
    s->to_write = 3000;
    return s;
}

static void *side_begin(struct side *s, instant now)
{
    struct conn_cfg cfg = cfg_of(s);
    check(conn_init(&s->conn, &cfg, now) == OK);
    return s;
}

static void *side_make(instant now, unsigned twin)
{
    return side_begin(side_prepare(twin), now);
}

/* A side with a list of secure channels. */
static struct side *side_prepare_secure(unsigned twin, const char *letters)
{
    struct side *s = side_prepare(twin);
    for (s->security_count = 0; letters[s->security_count]; s->security_count++) {
        s->security[s->security_count] =
            letters[s->security_count] == 't' ? SECURITY_TLS : SECURITY_NOISE;
    }
    check(tls_identity_init(&s->tls, &s->signer.signer, &s->rng.rng) == OK);
    return s;
}

static void *side_make_tls(instant now, unsigned twin)
{
    return side_begin(side_prepare_secure(twin, "t"), now);
}

static void side_drop(void *engine)
{
    struct side *s = engine;
    conn_done(&s->conn);
    EXPECT_EQ(0, s->budget.used);
    noise_identity_done(&s->identity);
    tls_identity_done(&s->tls);
    quic_identity_done(&s->quic);
    quic_endpoint_done(&s->endpoint);
    key_signer_done(&s->signer);
}

static void dialer_write(struct side *s)
{
    static const uint8_t block[500] = {1, 2, 3};
    while (s->to_write > 0) {
        size_t n = s->to_write < sizeof block ? s->to_write : sizeof block;
        size_t done = conn_stream_write(&s->conn, s->stream, span_of(block, n));
        s->to_write -= done;
        if (done < n) {
            return;
        }
    }
    conn_stream_close_write(&s->conn, s->stream);
}

static void dialer_open(struct side *s)
{
    struct conn_open_args args = {.protocol = SERVED[0], .lazy = s->lazy};
    EXPECT_OK(conn_open_stream(&s->conn, &s->stream, NULL, args));
    dialer_write(s);
}

static void side_act(struct side *s, const struct conn_event *e)
{
    switch (e->kind) {
    case CONN_EVENT_READY:
        s->is_ready = true;
        if (s->is_dialer && !s->is_quiet) {
            dialer_open(s);
        }
        break;
    case CONN_EVENT_STREAM_DATA:
        s->received += e->data.n;
        if (!s->is_dialer && !s->is_quiet) {
            EXPECT_EQ(e->data.n, conn_stream_write(&s->conn, e->stream, e->data));
        }
        conn_stream_consume(&s->conn, e->stream, e->data.n);
        break;
    case CONN_EVENT_STREAM_FIN:
        if (!s->is_dialer) {
            conn_stream_close_write(&s->conn, e->stream);
        }
        break;
    case CONN_EVENT_STREAM_OPENED:
    case CONN_EVENT_STREAM_WRITABLE:
        if (s->is_dialer && !s->is_quiet) {
            dialer_write(s);
        }
        break;
    case CONN_EVENT_STREAM_CLOSED: s->finished = true; break;
    case CONN_EVENT_STREAM_RESET:
    case CONN_EVENT_REFUSED:
    case CONN_EVENT_CLOSED:        break;
    }
}

static bool side_poll(void *engine, instant now, struct engine_trace *trace)
{
    struct side *s = engine;
    (void)now;
    struct conn_event e;
    if (!conn_poll(&s->conn, &e)) {
        return false;
    }
    /* The listener's queue is smaller than what may arrive at once: it must not be in this test. */
    side_act(s, &e);
    if (s->kinds_n < sizeof s->kinds - 1 && e.kind != CONN_EVENT_STREAM_WRITABLE) {
        s->kinds[s->kinds_n++] = "rODFWSRXC"[e.kind];
    }
    s->last = e;
    if (trace && e.kind == CONN_EVENT_STREAM_DATA) {
        engine_trace_data(trace, e.stream->id, e.data);
    } else if (trace && e.kind != CONN_EVENT_STREAM_WRITABLE) {
        char peer[PEER_ID_TEXT_MAX];
        peer_id_print(peer, &e.peer);
        engine_trace_event(trace, "%c err=%d %s", "rODFWSRXC"[e.kind], e.err, peer);
    }
    return true;
}

static enum err side_recv(void *engine, instant now, struct span *in)
{
    return conn_recv(&((struct side *)engine)->conn, now, in);
}

static void side_end(void *engine)
{
    conn_recv_end(&((struct side *)engine)->conn);
}

static size_t side_send(void *engine, instant now, struct mspan out)
{
    return conn_send(&((struct side *)engine)->conn, now, out);
}

static instant side_deadline(const void *engine)
{
    return conn_deadline(&((const struct side *)engine)->conn);
}

static void side_tick(void *engine, instant now)
{
    conn_tick(&((struct side *)engine)->conn, now);
}

static const struct engine_kind KIND = {.name = "conn",
                                        .make = side_make,
                                        .drop = side_drop,
                                        .recv = side_recv,
                                        .end = side_end,
                                        .send = side_send,
                                        .poll = side_poll,
                                        .deadline = side_deadline,
                                        .tick = side_tick,
                                        .output_may_differ = true};

/* carry moves all that i has to say to the other; returns how many bytes. */
static size_t carry(unsigned i, instant now, struct buf *record)
{
    static uint8_t out[1 << 17];
    size_t n = conn_send(&sides[i].conn, now, MSPAN_OF(out));
    if (record) {
        check(buf_append(record, span_of(out, n)) == OK);
    }
    struct span in = span_of(out, n);
    do {
        (void)conn_recv(&sides[1 - i].conn, now, &in);
        while (side_poll(&sides[1 - i], now, NULL)) {}
    } while (in.n > 0 && sides[1 - i].conn.state != CONN_CLOSED);
    return n;
}

static unsigned pump(instant now, struct buf *record)
{
    unsigned flights = 0;
    size_t moved = 1;
    while (moved > 0) {
        size_t a = carry(0, now, record);
        size_t b = carry(1, now, NULL);
        moved = a + b;
        flights += moved > 0;
    }
    return flights;
}

static void make_both(void)
{
    (void)side_make(T0, 0);
    (void)side_make(T0, 1);
}

static void drop_both(void)
{
    side_drop(&sides[0]);
    side_drop(&sides[1]);
}

TEST(upgrade_and_echo)
{
    for (int lazy = 0; lazy < 2; lazy++) {
        make_both();
        sides[0].lazy = lazy;
        (void)pump(T0, NULL);
        EXPECT(sides[0].is_ready);
        EXPECT(sides[1].is_ready);
        EXPECT_EQ(3000, sides[0].received);
        EXPECT_EQ(3000, sides[1].received);
        EXPECT(sides[0].finished);
        EXPECT(sides[1].finished);
        EXPECT_EQ(0, sides[0].conn.streams_count + sides[1].conn.streams_count);
        struct peer_id self;
        peer_id_of_key(&self, sides[0].signer.signer.public_key);
        EXPECT(peer_id_equal(&self, &sides[1].conn.peer));
        drop_both();
    }
}

/* Round trips from the dialer's first byte: noise 1 and 2; noise 3 with the stream and its first bytes. */
TEST(first_byte_in_two_round_trips)
{
    make_both();
    sides[0].to_write = 10;
    (void)carry(0, T0, NULL);
    (void)carry(1, T0, NULL);
    EXPECT(sides[0].is_ready);
    EXPECT_EQ(0, sides[1].received);
    (void)carry(0, T0, NULL);
    EXPECT_EQ(10, sides[1].received);
    (void)carry(1, T0, NULL);
    EXPECT_EQ(10, sides[0].received);
    drop_both();
}

TEST(secure_channels)
{
    static const struct {
        const char *name;
        const char *dialer; /* n: noise, t: TLS */
        const char *listener;
        bool works;
        enum security security;
    } cases[] = {
        {"TLS alone",                  "t",  "t",  true,  SECURITY_TLS  },
        {"TLS with a listener of two", "t",  "nt", true,  SECURITY_TLS  },
        {"noise with one of two",      "n",  "tn", true,  SECURITY_NOISE},
        {"the dialer's first",         "tn", "nt", true,  SECURITY_TLS  },
        {"falls back to noise",        "tn", "n",  true,  SECURITY_NOISE},
        {"falls back to TLS",          "nt", "t",  true,  SECURITY_TLS  },
        {"none in common",             "n",  "t",  false, SECURITY_NOISE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        (void)side_begin(side_prepare_secure(0, cases[i].dialer), T0);
        (void)side_begin(side_prepare_secure(1, cases[i].listener), T0);
        (void)pump(T0, NULL);
        EXPECT_EQ(cases[i].works, sides[0].is_ready && sides[1].is_ready);
        EXPECT_EQ(cases[i].works ? 3000 : 0, sides[1].received);
        EXPECT_EQ(cases[i].works, sides[0].finished);
        if (cases[i].works) {
            EXPECT_EQ(cases[i].security, sides[1].conn.security);
        }
        drop_both();
    }
}

/* As with noise: the ClientHello leaves with the proposal, Finished with the stream and its first bytes. */
TEST(first_byte_in_two_round_trips_with_tls)
{
    (void)side_make_tls(T0, 0);
    (void)side_make_tls(T0, 1);
    sides[0].to_write = 10;
    (void)carry(0, T0, NULL);
    (void)carry(1, T0, NULL);
    EXPECT(sides[0].is_ready);
    (void)carry(0, T0, NULL);
    EXPECT_EQ(10, sides[1].received);
    (void)carry(1, T0, NULL);
    EXPECT_EQ(10, sides[0].received);
    drop_both();
}

TEST(another_peer_than_expected_with_tls)
{
    struct side *a = side_prepare_secure(0, "t");
    struct conn_cfg cfg = cfg_of(a);
    struct peer_id self;
    peer_id_of_key(&self, a->signer.signer.public_key);
    cfg.expected = &self;
    EXPECT_OK(conn_init(&a->conn, &cfg, T0));
    (void)side_make_tls(T0, 1);
    (void)pump(T0, NULL);
    EXPECT_STR("C", a->kinds);
    EXPECT_EQ(ERR_AUTH, a->last.err);
    EXPECT(!sides[1].is_ready);
    drop_both();
}

TEST(tls_says_goodbye)
{
    static uint8_t out[4096];
    (void)side_make_tls(T0, 0);
    (void)side_make_tls(T0, 1);
    (void)pump(T0, NULL);
    conn_close(&sides[0].conn);
    EXPECT(conn_has_output(&sides[0].conn));
    size_t n = conn_send(&sides[0].conn, T0, MSPAN_OF(out));
    EXPECT_EQ((12 + 22) + (2 + 22), n); /* a go-away, then close_notify */
    EXPECT(!conn_has_output(&sides[0].conn));
    struct span in = span_of(out, n);
    while (conn_recv(&sides[1].conn, T0, &in) == OK && in.n > 0) {
        while (side_poll(&sides[1], T0, NULL)) {}
    }
    while (side_poll(&sides[1], T0, NULL)) {}
    EXPECT_EQ(CONN_EVENT_CLOSED, sides[1].last.kind);
    EXPECT_STR("the peer closed the connection", sides[1].last.rule);
    drop_both();
}

/* ---- over QUIC: the same sides, with datagrams between them ---- */

static const struct udp_addr QUIC_ADDRS[2] = {
    {.port = 1, .ip = {10, 0, 0, 1}},
    {.port = 2, .ip = {10, 0, 0, 2}},
};

static struct side *side_prepare_quic(unsigned twin)
{
    struct side *s = side_prepare_secure(twin, "t");
    check(quic_identity_init(&s->quic, &s->tls.certificate) == OK);
    quic_endpoint_init(&s->endpoint, test_budget(), &s->rng.rng);
    return s;
}

static struct conn_cfg quic_cfg_of(struct side *s)
{
    struct conn_cfg cfg = cfg_of(s);
    cfg.endpoint = &s->endpoint;
    cfg.quic = &s->quic;
    return cfg;
}

/* carry_quic moves one datagram of i to the other. */
static bool carry_quic(unsigned i, instant now)
{
    struct side *to = &sides[1 - i];
    uint8_t out[1500];
    uint8_t reply[1500];
    struct udp_addr addr;
    struct quic_look look;
    size_t n = conn_send_datagram(&sides[i].conn, now, &addr, MSPAN_OF(out));
    struct quic_datagram d = {.remote = QUIC_ADDRS[i], .bytes = span_of(out, n), .now = now};
    if (n == 0) {
        return false;
    }
    enum quic_verdict v = quic_endpoint_look(&to->endpoint, &look, MSPAN_OF(reply), &d);
    if (v == QUIC_NEW) {
        struct conn_cfg cfg = quic_cfg_of(to);
        cfg.first = &d;
        EXPECT_OK(conn_init(&to->conn, &cfg, now));
    } else if (v == QUIC_FOUND) {
        conn_recv_datagram(&to->conn, &d);
    }
    while (side_poll(to, now, NULL)) {}
    return true;
}

static void quic_pump(instant *now, uint64_t us)
{
    instant end = instant_add(*now, us);
    while (instant_before(*now, end)) {
        bool moved = carry_quic(0, *now);
        moved = carry_quic(1, *now) || moved;
        if (moved) {
            continue;
        }
        *now = instant_add(*now, 1000);
        for (unsigned i = 0; i < 2; i++) {
            if (sides[i].conn.quic) {
                conn_tick(&sides[i].conn, *now);
                while (side_poll(&sides[i], *now, NULL)) {}
            }
        }
    }
}

static void quic_start(instant now)
{
    (void)side_prepare_quic(1);
    struct side *dialer = side_prepare_quic(0);
    struct conn_cfg cfg = quic_cfg_of(dialer);
    cfg.remote = &QUIC_ADDRS[1];
    EXPECT_OK(conn_init(&dialer->conn, &cfg, now));
}

TEST(echo_over_quic)
{
    for (int lazy = 0; lazy < 2; lazy++) {
        instant now = T0;
        test_note("lazy %d", lazy);
        quic_start(now);
        sides[0].lazy = lazy;
        quic_pump(&now, US_PER_S);
        EXPECT(sides[0].is_ready);
        EXPECT(sides[1].is_ready);
        EXPECT_EQ(3000, sides[0].received);
        EXPECT_EQ(3000, sides[1].received);
        EXPECT(sides[0].finished);
        EXPECT(sides[1].finished);
        EXPECT_EQ(0, sides[0].conn.streams_count + sides[1].conn.streams_count);
        struct peer_id self;
        peer_id_of_key(&self, sides[0].signer.signer.public_key);
        EXPECT(peer_id_equal(&self, &sides[1].conn.peer));
        conn_close(&sides[0].conn);
        quic_pump(&now, US_PER_S);
        EXPECT_EQ(CONN_EVENT_CLOSED, sides[1].last.kind);
        EXPECT_ERR(ERR_CLOSED, sides[1].last.err);
        drop_both();
    }
}

/* Initial and its answer; then Finished, the stream and its first bytes: two round trips, and none before them. */
TEST(first_byte_in_two_round_trips_over_quic)
{
    quic_start(T0);
    sides[0].to_write = 10;
    for (unsigned trip = 0; trip < 2; trip++) {
        EXPECT_EQ(0, sides[0].received);
        while (carry_quic(0, T0)) {}
        while (carry_quic(1, T0)) {}
    }
    EXPECT_EQ(10, sides[0].received);
    drop_both();
}

TEST(unknown_protocol_over_quic_resets_the_stream_alone)
{
    instant now = T0;
    struct conn_stream *s;
    quic_start(now);
    sides[0].is_quiet = true;
    quic_pump(&now, US_PER_S);
    EXPECT_OK(conn_open_stream(&sides[0].conn, &s, NULL,
                               (struct conn_open_args){.protocol = SPAN_LIT("/what/1")}));
    quic_pump(&now, US_PER_S);
    EXPECT_EQ(CONN_EVENT_STREAM_RESET, sides[0].last.kind);
    EXPECT_EQ(ERR_UNSUPPORTED, sides[0].last.err);
    EXPECT_EQ(CONN_READY, sides[0].conn.state);
    EXPECT_EQ(0, sides[1].conn.streams_count);
    drop_both();
}

/* A peer of the old school: noise without a word of muxers, so that the muxer is negotiated inside. */
static struct {
    struct multistream_cfg select_cfg[2];
    struct multistream select[2]; /* of security, of the muxer */
    struct noise noise;
    bool is_ready;
    bool is_muxed;
} old;

static const struct span NOISE_ID[] = {
    {(const uint8_t *)"/noise", 6}
};
static const struct span YAMUX_ID[] = {
    {(const uint8_t *)"/yamux/1.0.0", 12}
};

static void old_start(bool is_dialer)
{
    memset(&old, 0, sizeof old);
    struct side *s = side_prepare(is_dialer ? 0 : 1);
    for (unsigned i = 0; i < 2; i++) {
        old.select_cfg[i] = (struct multistream_cfg){.is_dialer = is_dialer,
                                                     .protocols = i ? YAMUX_ID : NOISE_ID,
                                                     .protocols_count = 1,
                                                     .budget = test_budget()};
        EXPECT_OK(multistream_init(&old.select[i], &old.select_cfg[i], T0));
    }
    struct noise_cfg cfg = {.is_initiator = is_dialer,
                            .identity = &s->identity,
                            .rng = &s->rng.rng,
                            .budget = test_budget()};
    EXPECT_OK(noise_init(&old.noise, &cfg, T0));
}

static size_t old_send(struct mspan out)
{
    size_t n = multistream_send(&old.select[0], T0, out);
    if (n > 0 || old.select[0].state != MULTISTREAM_SELECTED) {
        return n;
    }
    n = noise_send(&old.noise, T0, out);
    if (n > 0 || !old.is_ready) {
        return n;
    }
    size_t plain = multistream_send(&old.select[1], T0, noise_plain_room(out));
    return plain ? noise_seal(&old.noise, out, plain) : 0;
}

static void old_recv(struct span in)
{
    (void)multistream_recv(&old.select[0], T0, &in);
    while (in.n > 0 && noise_recv(&old.noise, T0, &in) == OK) {
        struct noise_event e;
        while (noise_poll(&old.noise, &e)) {
            old.is_ready = old.is_ready || e.kind == NOISE_EVENT_READY;
            EXPECT(e.kind != NOISE_EVENT_READY || e.muxer == NOISE_MUXER_NONE);
            (void)multistream_recv(&old.select[1], T0, &e.data);
            old.is_muxed =
                old.is_muxed || (e.data.n > 0 && old.select[1].state == MULTISTREAM_SELECTED);
        }
    }
}

TEST(muxer_negotiated_inside_the_channel)
{
    for (unsigned ours = 0; ours < 2; ours++) {
        test_note(ours == 0 ? "we dial" : "we listen");
        (void)side_make(T0, ours);
        sides[ours].is_quiet = true;
        old_start(ours == 1);
        for (int i = 0; i < 8; i++) {
            static uint8_t room[4096];
            struct span in = span_of(room, old_send(MSPAN_OF(room)));
            while (in.n > 0 && conn_recv(&sides[ours].conn, T0, &in) == OK) {
                while (side_poll(&sides[ours], T0, NULL)) {}
            }
            old_recv(span_of(room, conn_send(&sides[ours].conn, T0, MSPAN_OF(room))));
        }
        EXPECT(sides[ours].is_ready);
        EXPECT(old.is_muxed); /* yamux's first ping came behind the agreement */
        multistream_done(&old.select[0]);
        multistream_done(&old.select[1]);
        noise_done(&old.noise);
        side_drop(&sides[ours]);
        noise_identity_done(&sides[1 - ours].identity);
        key_signer_done(&sides[1 - ours].signer);
    }
}

TEST(unknown_protocol_resets_the_stream_alone)
{
    make_both();
    sides[0].is_quiet = true;
    (void)pump(T0, NULL);
    struct conn_stream *s;
    EXPECT_OK(conn_open_stream(&sides[0].conn, &s, NULL,
                               (struct conn_open_args){.protocol = SPAN_LIT("/what/1")}));
    EXPECT_EQ(0, conn_stream_write(&sides[0].conn, s, SPAN_LIT("x")));
    (void)pump(T0, NULL);
    EXPECT_EQ(CONN_EVENT_STREAM_RESET, sides[0].last.kind);
    EXPECT_EQ(ERR_UNSUPPORTED, sides[0].last.err);
    EXPECT_EQ(CONN_READY, sides[0].conn.state);
    EXPECT_EQ(0, sides[1].conn.streams_count);
    drop_both();
}

TEST(another_peer_than_expected)
{
    struct side *a = side_prepare(0);
    struct conn_cfg cfg = cfg_of(a);
    struct peer_id self;
    peer_id_of_key(&self, a->signer.signer.public_key);
    cfg.expected = &self;
    EXPECT_OK(conn_init(&a->conn, &cfg, T0));
    (void)side_make(T0, 1);
    (void)pump(T0, NULL);
    EXPECT_STR("C", a->kinds);
    EXPECT_EQ(ERR_AUTH, a->last.err);
    EXPECT(!sides[1].is_ready);
    drop_both();
}

TEST(handshake_deadline)
{
    make_both();
    (void)carry(0, T0, NULL);
    instant end = conn_deadline(&sides[1].conn);
    EXPECT_EQ(T0.us + 5 * US_PER_S, end.us);
    conn_tick(&sides[1].conn, (instant){.us = end.us - 1});
    EXPECT(!side_poll(&sides[1], end, NULL));
    conn_tick(&sides[1].conn, end);
    EXPECT(side_poll(&sides[1], end, NULL));
    EXPECT_EQ(ERR_TIMEOUT, sides[1].last.err);
    EXPECT(!side_poll(&sides[1], end, NULL));
    EXPECT(instant_is_never(conn_deadline(&sides[1].conn)));
    drop_both();
}

/* A stream whose proposal is never answered ends alone. */
TEST(stream_deadline)
{
    make_both();
    sides[0].is_quiet = true;
    (void)pump(T0, NULL);
    struct conn_stream *s;
    EXPECT_OK(
        conn_open_stream(&sides[0].conn, &s, NULL, (struct conn_open_args){.protocol = SERVED[0]}));
    instant end = instant_add(T0, 3 * US_PER_S);
    EXPECT(conn_deadline(&sides[0].conn).us <= end.us);
    conn_tick(&sides[0].conn, end);
    EXPECT(side_poll(&sides[0], end, NULL));
    EXPECT_EQ(CONN_EVENT_STREAM_RESET, sides[0].last.kind);
    EXPECT_EQ(ERR_TIMEOUT, sides[0].last.err);
    EXPECT_EQ(CONN_READY, sides[0].conn.state);
    drop_both();
}

TEST(close_tells_the_other_side)
{
    make_both();
    sides[0].is_quiet = true;
    (void)pump(T0, NULL);
    conn_close(&sides[0].conn);
    EXPECT(side_poll(&sides[0], T0, NULL));
    EXPECT_EQ(CONN_EVENT_CLOSED, sides[0].last.kind);
    EXPECT_EQ(OK, sides[0].last.err);
    EXPECT(carry(0, T0, NULL) > 0); /* the go-away */
    struct conn_stream *s;
    EXPECT_ERR(ERR_CLOSED, conn_open_stream(&sides[1].conn, &s, NULL,
                                            (struct conn_open_args){.protocol = SERVED[0]}));
    drop_both();
}

TEST(no_memory_at_all)
{
    for (size_t limit = 0; limit < 12000; limit += 97) {
        make_both();
        conn_done(&sides[1].conn);
        sides[1].is_quiet = true;
        sides[1].budget.limit = limit;
        sides[1].budget.used_max = 0;
        struct conn_cfg cfg = cfg_of(&sides[1]);
        if (conn_init(&sides[1].conn, &cfg, T0) == OK) {
            (void)pump(T0, NULL);
            EXPECT(sides[1].conn.state == CONN_CLOSED || sides[1].is_ready);
        }
        EXPECT(sides[1].budget.used_max <= limit);
        drop_both();
    }
}

TEST(idle_memory)
{
    make_both();
    (void)pump(T0, NULL);
    size_t held = sizeof(struct conn) + sides[1].budget.used;
    test_note("%zu bytes: conn %zu, charged %zu", held, sizeof(struct conn), sides[1].budget.used);
    EXPECT(held < 16 * 1024);
    drop_both();
}

static void *listener_make(instant now, unsigned twin)
{
    (void)twin;
    return side_make(now, 1);
}

/* What a dialer says to a listener, recorded; then given to a listener alone in many cuts. */
TEST(segments)
{
    AUTO(buf_done) struct buf record;
    buf_init(&record, test_budget(), 1 << 20);
    make_both();
    (void)pump(T0, &record);
    drop_both();
    struct engine_kind listener = KIND;
    listener.make = listener_make;
    EXPECT(engine_test_segments(&listener, buf_span(&record), "F err=0"));
}

TEST(twin)
{
    struct engine_twin twin = {.client = &KIND,
                               .server = &KIND,
                               .pipe_len = 300,
                               .chunk_len_max = 200,
                               .client_event = "S err=0",
                               .server_event = "S err=0"};
    EXPECT(engine_test_twin(&twin, 10));
}

TEST(twin_with_tls)
{
    struct engine_kind kind = KIND;
    kind.make = side_make_tls;
    struct engine_twin twin = {.client = &kind,
                               .server = &kind,
                               .pipe_len = 300,
                               .chunk_len_max = 200,
                               .client_event = "S err=0",
                               .server_event = "S err=0"};
    EXPECT(engine_test_twin(&twin, 5));
}

TEST_MAIN
