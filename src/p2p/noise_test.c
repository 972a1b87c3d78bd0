/* The Noise channel between two engines: what is agreed, what is refused, limits, and the generic tests. */
#include "p2p/noise.h"

#include "base/arith.h"
#include "base/test.h"
#include "crypto/backend.h"
#include "p2p/engine_test.h"
#include "p2p/key_signer.h"
#include "p2p/noise_payload.h"

#include <string.h>

static const instant NOW = {.us = US_PER_S};
static const struct span YAMUX = {(const uint8_t *)"/yamux/1.0.0", 12};
static const struct span MPLEX = {(const uint8_t *)"/mplex/6.7.0", 12};

/* One side: identity, engine, and what its events said. */
struct side {
    struct key_signer signer;
    struct noise_identity identity;
    struct rng_seeded rng;
    struct noise_cfg cfg;
    struct noise noise;
    struct peer_id own;
    struct noise_event last; /* spans are stale */
    unsigned events_count;
    struct buf received;
};

static void side_init(struct side *s, bool is_initiator, uint8_t seed_byte)
{
    *s = (struct side){0};
    EXPECT_OK(crypto_init());
    struct secret32 seed;
    memset(seed.bytes, seed_byte, sizeof seed.bytes);
    key_signer_init(&s->signer, &seed);
    peer_id_of_key(&s->own, s->signer.signer.public_key);
    rng_seeded_init(&s->rng, seed_byte);
    EXPECT_OK(noise_identity_init(&s->identity, &s->signer.signer, &s->rng.rng));
    s->cfg = (struct noise_cfg){.is_initiator = is_initiator,
                                .identity = &s->identity,
                                .rng = &s->rng.rng,
                                .budget = test_budget()};
    buf_init(&s->received, test_budget(), 1 << 20);
}

static void side_start(struct side *s)
{
    EXPECT_OK(noise_init(&s->noise, &s->cfg, NOW));
}

static void side_done(struct side *s)
{
    noise_done(&s->noise);
    noise_identity_done(&s->identity);
    key_signer_done(&s->signer);
    buf_done(&s->received);
}

static void side_poll(struct side *s)
{
    struct noise_event e;
    while (noise_poll(&s->noise, &e)) {
        s->events_count++;
        s->last = e;
        if (e.kind == NOISE_EVENT_DATA) {
            EXPECT_OK(buf_append(&s->received, e.data));
        }
    }
}

/* side_recv gives all of in. */
static void side_recv(struct side *s, struct span in)
{
    size_t before = in.n + 1;
    while (in.n < before) {
        before = in.n;
        (void)noise_recv(&s->noise, NOW, &in);
        side_poll(s);
    }
}

/* pump moves handshake bytes until neither side has any. */
static void pump(struct side *a, struct side *b)
{
    uint8_t bytes[2048];
    for (size_t n = 1; n > 0;) {
        size_t from_a = noise_send(&a->noise, NOW, MSPAN_OF(bytes));
        side_recv(b, span_of(bytes, from_a));
        size_t from_b = noise_send(&b->noise, NOW, MSPAN_OF(bytes));
        side_recv(a, span_of(bytes, from_b));
        n = from_a + from_b;
    }
}

static void pair_init(struct side *a, struct side *b)
{
    side_init(a, true, 1);
    side_init(b, false, 2);
}

static void pair_run(struct side *a, struct side *b)
{
    side_start(a);
    side_start(b);
    pump(a, b);
}

static void pair_done(struct side *a, struct side *b)
{
    side_done(a);
    side_done(b);
}

/* seal_to sends one frame of len bytes from a to b. */
static void seal_to(struct side *a, struct side *b, uint8_t fill, size_t len)
{
    static uint8_t out[NOISE_PLAIN_LEN_MAX + NOISE_FRAME_OVERHEAD];
    struct mspan room = noise_plain_room(MSPAN_OF(out));
    TEST_REQUIRE(room.n >= len);
    memset(room.p, fill, len);
    size_t n = noise_seal(&a->noise, MSPAN_OF(out), len);
    EXPECT_EQ(len + NOISE_FRAME_OVERHEAD, n);
    side_recv(b, span_of(out, n));
}

TEST(both_learn_who_the_other_is)
{
    struct side a;
    struct side b;
    pair_init(&a, &b);
    a.cfg.expected = &b.own;
    pair_run(&a, &b);
    EXPECT_EQ(NOISE_READY, a.noise.state);
    EXPECT_EQ(NOISE_READY, b.noise.state);
    EXPECT(peer_id_equal(&a.last.peer, &b.own));
    EXPECT(peer_id_equal(&b.last.peer, &a.own));
    EXPECT_EQ(NOISE_MUXER_NONE, a.last.muxer);
    EXPECT_SPAN(noise_handshake_hash(&a.noise), noise_handshake_hash(&b.noise));
    EXPECT(instant_is_never(noise_deadline(&a.noise)));
    seal_to(&a, &b, 'x', 1);
    seal_to(&b, &a, 'y', NOISE_PLAIN_LEN_MAX);
    seal_to(&a, &b, 'z', 2);
    EXPECT_SPAN(SPAN_LIT("xzz"), buf_span(&b.received));
    EXPECT_EQ(NOISE_PLAIN_LEN_MAX, a.received.n);
    pair_done(&a, &b);
}

TEST(idle_channel_holds_no_buffer)
{
    struct side a;
    struct side b;
    struct budget scope;
    budget_init(&scope, test_budget(), "connection", 1 << 20);
    pair_init(&a, &b);
    b.cfg.budget = &scope;
    pair_run(&a, &b);
    EXPECT_EQ(2 * AEAD_MEM, scope.used);
    seal_to(&a, &b, 'x', NOISE_PLAIN_LEN_MAX);
    EXPECT_EQ(2 * AEAD_MEM, scope.used);
    pair_done(&a, &b);
    EXPECT_EQ(0, scope.used);
    budget_done(&scope);
}

/* Who wins, by who has a list. */
TEST(early_muxer)
{
    struct span yamux_first[] = {YAMUX, MPLEX};
    struct span mplex_first[] = {MPLEX, YAMUX};
    static const struct {
        const char *name;
        bool a_has, b_has, differ;
        size_t a_muxer, b_muxer;
    } CASES[] = {
        {"the initiator's order wins",    true,  true,  false, 0,                1               },
        {"only the initiator has a list", true,  false, false, NOISE_MUXER_NONE, NOISE_MUXER_NONE},
        {"only the responder has a list", false, true,  false, NOISE_MUXER_NONE, NOISE_MUXER_NONE},
        {"nothing in common",             true,  true,  true,  0,                0               },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        test_note("%s", CASES[i].name);
        struct side a;
        struct side b;
        pair_init(&a, &b);
        a.cfg.muxers = yamux_first;
        a.cfg.muxers_count = CASES[i].a_has ? (CASES[i].differ ? 1 : 2) : 0;
        b.cfg.muxers = mplex_first;
        b.cfg.muxers_count = CASES[i].b_has ? (CASES[i].differ ? 1 : 2) : 0;
        pair_run(&a, &b);
        EXPECT_EQ(CASES[i].differ ? NOISE_FAILED : NOISE_READY, a.noise.state);
        if (CASES[i].differ) {
            EXPECT_ERR(ERR_UNSUPPORTED, a.last.err);
        } else {
            EXPECT_EQ(CASES[i].a_muxer, a.last.muxer);
            EXPECT_EQ(CASES[i].b_muxer, b.last.muxer);
        }
        pair_done(&a, &b);
    }
}

TEST(dialer_refuses_another_peer_and_does_not_reveal_itself)
{
    struct side a;
    struct side b;
    pair_init(&a, &b);
    a.cfg.expected = &a.own;
    pair_run(&a, &b);
    EXPECT_ERR(ERR_AUTH, a.last.err);
    EXPECT_STR("peer is another than the one dialed", a.last.diag.rule);
    EXPECT_EQ(NOISE_SHAKING, b.noise.state);
    EXPECT_EQ(0, b.events_count);
    pair_done(&a, &b);
}

/* A signer that signs something else than it is asked to. */
static enum err sign_wrongly(struct signer *self,
                             struct signature *ret_sig,
                             enum signer_purpose purpose,
                             struct span message)
{
    struct key_signer *k = (struct key_signer *)(void *)self;
    struct ed25519_signature sig;
    (void)purpose;
    ed25519_sign(&sig, &k->key, span_from(message, 1));
    ret_sig->len = sizeof sig.bytes;
    memcpy(ret_sig->bytes, sig.bytes, sizeof sig.bytes);
    return OK;
}

TEST(identity_that_did_not_sign_is_refused)
{
    for (unsigned liar = 0; liar < 2; liar++) {
        struct side a;
        struct side b;
        pair_init(&a, &b);
        struct side *bad = liar ? &b : &a;
        bad->signer.signer.sign = sign_wrongly;
        EXPECT_OK(noise_identity_init(&bad->identity, &bad->signer.signer, &bad->rng.rng));
        pair_run(&a, &b);
        struct side *good = liar ? &a : &b;
        EXPECT_ERR(ERR_AUTH, good->last.err);
        EXPECT_EQ(NOISE_FAILED, good->noise.state);
        pair_done(&a, &b);
    }
}

TEST(signer_that_refuses)
{
    struct side a;
    side_init(&a, true, 1);
    struct signature sig;
    EXPECT_ERR(ERR_DENIED, a.signer.signer.sign(&a.signer.signer, &sig, SIGNER_NOISE_STATIC_KEY,
                                                SPAN_LIT("transfer all")));
    EXPECT_ERR(ERR_DENIED, a.signer.signer.sign(&a.signer.signer, &sig, SIGNER_ENVELOPE,
                                                SPAN_LIT("transfer all")));
    side_done(&a);
}

TEST(changed_frame_ends_the_channel)
{
    struct side a;
    struct side b;
    pair_init(&a, &b);
    pair_run(&a, &b);
    uint8_t out[64];
    struct mspan room = noise_plain_room(MSPAN_OF(out));
    memset(room.p, 'x', 8);
    size_t n = noise_seal(&a.noise, MSPAN_OF(out), 8);
    out[5] ^= 1;
    side_recv(&b, span_of(out, n));
    EXPECT_ERR(ERR_AUTH, b.last.err);
    EXPECT_EQ(0, b.received.n);
    struct span more = SPAN_OF(out);
    EXPECT_ERR(ERR_AUTH, noise_recv(&b.noise, NOW, &more));
    EXPECT_EQ(sizeof out, more.n);
    EXPECT_EQ(0, noise_seal(&b.noise, MSPAN_OF(out), 1));
    pair_done(&a, &b);
}

TEST(replayed_and_reordered_frames_end_the_channel)
{
    struct side a;
    struct side b;
    pair_init(&a, &b);
    pair_run(&a, &b);
    uint8_t out[64];
    memset(out, 0, sizeof out);
    size_t n = noise_seal(&a.noise, MSPAN_OF(out), 4);
    side_recv(&b, span_of(out, n));
    EXPECT_EQ(4, b.received.n);
    side_recv(&b, span_of(out, n));
    EXPECT_ERR(ERR_AUTH, b.last.err);
    pair_done(&a, &b);
}

TEST(nonces_are_used_up)
{
    struct side a;
    struct side b;
    pair_init(&a, &b);
    pair_run(&a, &b);
    a.noise.tx_nonce = UINT64_MAX - 1;
    b.noise.rx_nonce = UINT64_MAX - 1;
    seal_to(&a, &b, 'x', 1);
    EXPECT_EQ(1, b.received.n);
    uint8_t out[64] = {0};
    EXPECT_EQ(0, noise_seal(&a.noise, MSPAN_OF(out), 1));
    side_poll(&a);
    EXPECT_ERR(ERR_LIMIT, a.last.err);
    uint8_t frame[18] = {0, 16};
    side_recv(&b, SPAN_OF(frame));
    EXPECT_ERR(ERR_LIMIT, b.last.err);
    pair_done(&a, &b);
}

/* What a hostile initiator may send first, and how a responder takes it. */
TEST(bad_first_messages)
{
    static const struct {
        const char *name;
        size_t frame_len;
        enum err err;
    } CASES[] = {
        {"empty",                0,                           ERR_MALFORMED},
        {"shorter than a key",   31,                          ERR_MALFORMED},
        {"payload in the clear", 33,                          ERR_MALFORMED},
        {"over the limit",       NOISE_HANDSHAKE_LEN_MAX + 1, ERR_LIMIT    },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        test_note("%s", CASES[i].name);
        static uint8_t bytes[NOISE_HANDSHAKE_LEN_MAX + 3];
        memset(bytes, 9, sizeof bytes);
        bytes[0] = (uint8_t)(CASES[i].frame_len >> 8);
        bytes[1] = (uint8_t)CASES[i].frame_len;
        struct side b;
        side_init(&b, false, 2);
        side_start(&b);
        side_recv(&b, span_of(bytes, min_size(sizeof bytes, CASES[i].frame_len + 2)));
        EXPECT_ERR(CASES[i].err, b.last.err);
        uint8_t out[8];
        EXPECT_EQ(0, noise_send(&b.noise, NOW, MSPAN_OF(out)));
        side_done(&b);
    }
}

TEST(deadline)
{
    struct side b;
    side_init(&b, false, 2);
    side_start(&b);
    instant end = instant_add(NOW, NOISE_TIMEOUT_MS * US_PER_MS);
    EXPECT_EQ(end.us, noise_deadline(&b.noise).us);
    noise_tick(&b.noise, (instant){.us = end.us - 1});
    EXPECT_EQ(NOISE_SHAKING, b.noise.state);
    noise_tick(&b.noise, end);
    side_poll(&b);
    EXPECT_ERR(ERR_TIMEOUT, b.last.err);
    side_done(&b);
}

TEST(no_memory)
{
    /* Every figure from nothing to enough: it fails cleanly or it works. */
    unsigned ready = 0;
    for (size_t limit = 0; limit < 8192; limit += 64) {
        struct side a;
        struct side b;
        struct budget scope;
        pair_init(&a, &b);
        budget_init(&scope, test_budget(), "connection", limit);
        b.cfg.budget = &scope;
        side_start(&a);
        if (noise_init(&b.noise, &b.cfg, NOW) == OK) {
            pump(&a, &b);
            ready += b.noise.state == NOISE_READY;
        }
        pair_done(&a, &b);
        EXPECT_EQ(0, scope.used);
        budget_done(&scope);
    }
    EXPECT(ready > 0 && ready < 8192 / 64);
}

TEST(payload)
{
    struct noise_payload p;
    /* Unknown field 3, extension 1 of WebTransport, and an unknown extension are skipped. */
    EXPECT_OK(noise_payload_decode(
        &p, test_hex("0a0101 120102 1a0103 220f 0a03aaaaaa 1206 2f79616d7578 180c 2800")));
    EXPECT_EQ(1, p.muxers_count);
    EXPECT_SPAN(SPAN_LIT("/yamux"), p.muxers[0]);
    EXPECT_ERR(ERR_MALFORMED, noise_payload_decode(&p, test_hex("0a0101")));
    EXPECT_ERR(ERR_MALFORMED, noise_payload_decode(&p, test_hex("120102")));
    EXPECT_ERR(ERR_MALFORMED, noise_payload_decode(&p, SPAN_EMPTY));
    EXPECT_ERR(ERR_MALFORMED, noise_payload_decode(&p, test_hex("0a0101 1205")));
    uint8_t bytes[256];
    struct span muxers[NOISE_MUXERS_MAX + 1];
    for (size_t i = 0; i < NOISE_MUXERS_MAX + 1; i++) {
        muxers[i] = SPAN_LIT("/m");
    }
    for (size_t over = 0; over < 2; over++) {
        struct wr w = wr_init(MSPAN_OF(bytes));
        noise_payload_write(&w, test_hex("0a0101 120102"), muxers, NOISE_MUXERS_MAX + over);
        EXPECT_OK(wr_end(&w));
        EXPECT_ERR(over ? ERR_LIMIT : OK, noise_payload_decode(&p, span_of(bytes, w.n)));
    }
}

/* For the generic tests: each side sends a little data once it is ready. */
static struct side sides[2];
static unsigned to_send[2];

static void *make(instant now, unsigned twin)
{
    (void)now;
    side_init(&sides[twin], twin == 0, (uint8_t)(1 + twin));
    side_start(&sides[twin]);
    to_send[twin] = 3;
    return &sides[twin];
}

static void *make_responder(instant now, unsigned twin)
{
    (void)twin;
    return make(now, 1);
}

static void drop(void *engine)
{
    side_done(engine);
}

static enum err engine_recv(void *engine, instant now, struct span *in)
{
    return noise_recv(&((struct side *)engine)->noise, now, in);
}

static void engine_end(void *engine)
{
    noise_recv_end(&((struct side *)engine)->noise);
}

static size_t engine_send(void *engine, instant now, struct mspan out)
{
    struct side *s = engine;
    unsigned *left = &to_send[s == &sides[1]];
    size_t n = noise_send(&s->noise, now, out);
    struct mspan room = noise_plain_room(out);
    if (n > 0 || *left == 0 || room.n == 0 || !noise_can_seal(&s->noise)) {
        return n;
    }
    (*left)--;
    room.p[0] = (uint8_t)('a' + *left);
    return noise_seal(&s->noise, out, 1);
}

static bool engine_poll(void *engine, instant now, struct engine_trace *trace)
{
    (void)now;
    struct side *s = engine;
    struct noise_event e;
    if (!noise_poll(&s->noise, &e)) {
        return false;
    }
    if (e.kind == NOISE_EVENT_DATA) {
        engine_trace_data(trace, 0, e.data);
        return true;
    }
    char peer[PEER_ID_TEXT_MAX];
    peer_id_print(peer, &e.peer);
    engine_trace_event(trace, "kind=%d peer=%s err=%s", (int)e.kind, peer, err_name(e.err));
    return true;
}

static instant engine_deadline(const void *engine)
{
    return noise_deadline(&((const struct side *)engine)->noise);
}

static void engine_tick(void *engine, instant now)
{
    noise_tick(&((struct side *)engine)->noise, now);
}

static const struct engine_kind INITIATOR = {
    "noise initiator", make,        drop, engine_recv, engine_end, engine_send, engine_poll,
    engine_deadline,   engine_tick, false};
static const struct engine_kind RESPONDER = {
    "noise responder", make_responder,  drop,        engine_recv, engine_end, engine_send,
    engine_poll,       engine_deadline, engine_tick, false};

/* record notes all that an initiator with the fixed keys says to the responder of the generic tests. */
static void record(struct buf *ret_said)
{
    uint8_t bytes[2048];
    make((instant){.us = 1}, 0);
    make((instant){.us = 1}, 1);
    for (unsigned i = 0; i < 8; i++) {
        size_t n = engine_send(&sides[0], NOW, MSPAN_OF(bytes));
        EXPECT_OK(buf_append(ret_said, span_of(bytes, n)));
        side_recv(&sides[1], span_of(bytes, n));
        n = noise_send(&sides[1].noise, NOW, MSPAN_OF(bytes));
        side_recv(&sides[0], span_of(bytes, n));
    }
    drop(&sides[0]);
    drop(&sides[1]);
}

TEST(segments)
{
    AUTO(buf_done) struct buf said = {0};
    buf_init(&said, test_budget(), 4096);
    record(&said);
    EXPECT(engine_test_segments(&RESPONDER, buf_span(&said), "data channel=0 len=3"));
    said.p[said.n - 1] ^= 1;
    EXPECT(engine_test_segments(&RESPONDER, buf_span(&said), "err=auth"));
    EXPECT(engine_test_segments(&RESPONDER, test_hex("0003 010203 ffff"), "err=malformed"));
}

TEST(twin)
{
    struct engine_twin twin = {.client = &INITIATOR,
                               .server = &RESPONDER,
                               .pipe_len = 48,
                               .chunk_len_max = 40,
                               .client_event = "len=3",
                               .server_event = "len=3"};
    EXPECT(engine_test_twin(&twin, 30));
}

TEST_MAIN
