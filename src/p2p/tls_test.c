/* The TLS channel between two engines: what is agreed, what is refused, limits, and the generic tests. */
#include "p2p/tls.h"

#include "base/check.h"
#include "base/test.h"
#include "base/wr.h"
#include "crypto/backend.h"
#include "p2p/engine_test.h"
#include "p2p/key_signer.h"

#define ERR_STATE OPENSSL_ERR_STATE_TYPE
#include <openssl/ssl.h>
#undef ERR_STATE

#include <string.h>

static const instant NOW = {.us = US_PER_S};
static const uint64_t UNIX_S = 1800000000; /* 2027 */
static const struct span YAMUX = {(const uint8_t *)"/yamux/1.0.0", 12};
static const struct span MPLEX = {(const uint8_t *)"/mplex/6.7.0", 12};
static const struct span BOTH[] = {
    {(const uint8_t *)"/mplex/6.7.0", 12},
    {(const uint8_t *)"/yamux/1.0.0", 12}
};

struct side {
    struct key_signer signer;
    struct rng_seeded rng;
    struct tls_identity identity;
    struct tls_cfg cfg;
    struct tls tls;
    struct peer_id own;
    struct tls_event last; /* spans are stale */
    unsigned events_count;
    struct buf received;
};

static void side_init(struct side *s, bool is_client, uint8_t seed_byte)
{
    *s = (struct side){0};
    EXPECT_OK(crypto_init());
    struct secret32 seed;
    memset(seed.bytes, seed_byte, sizeof seed.bytes);
    key_signer_init(&s->signer, &seed);
    peer_id_of_key(&s->own, s->signer.signer.public_key);
    rng_seeded_init(&s->rng, seed_byte);
    EXPECT_OK(tls_identity_init(&s->identity, &s->signer.signer, &s->rng.rng));
    s->cfg = (struct tls_cfg){.is_client = is_client,
                              .identity = &s->identity,
                              .muxers = &YAMUX,
                              .muxers_count = 1,
                              .unix_s = UNIX_S,
                              .budget = test_budget()};
    buf_init(&s->received, test_budget(), 1 << 20);
}

static void side_done(struct side *s)
{
    tls_done(&s->tls);
    tls_identity_done(&s->identity);
    key_signer_done(&s->signer);
    buf_done(&s->received);
}

static void side_poll(struct side *s)
{
    struct tls_event e;
    while (tls_poll(&s->tls, &e)) {
        s->events_count++;
        s->last = e;
        if (e.kind == TLS_EVENT_DATA) {
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
        (void)tls_recv(&s->tls, NOW, &in);
        side_poll(s);
    }
}

static size_t move(struct side *from, struct side *to)
{
    static uint8_t bytes[4096];
    size_t n = tls_send(&from->tls, NOW, MSPAN_OF(bytes));
    side_recv(to, span_of(bytes, n));
    return n;
}

/* pump moves handshake bytes until neither side has any. */
static void pump(struct side *a, struct side *b)
{
    for (size_t n = 1; n > 0;) {
        n = move(a, b) + move(b, a);
    }
}

static void pair_init(struct side *a, struct side *b)
{
    side_init(a, true, 1);
    side_init(b, false, 2);
}

static void pair_run(struct side *a, struct side *b)
{
    EXPECT_OK(tls_init(&a->tls, &a->cfg, NOW));
    EXPECT_OK(tls_init(&b->tls, &b->cfg, NOW));
    pump(a, b);
}

static void pair_done(struct side *a, struct side *b)
{
    side_done(a);
    side_done(b);
}

/* seal_at sends one record of len bytes from a to b; its length on the wire. */
static size_t seal_at(struct side *a, struct side *b, uint8_t fill, size_t len)
{
    static uint8_t out[TLS_PLAIN_LEN_MAX + TLS_RECORD_OVERHEAD];
    struct mspan room = tls_plain_room(MSPAN_OF(out));
    check(room.n >= len);
    memset(room.p, fill, len);
    size_t n = tls_seal(&a->tls, MSPAN_OF(out), len);
    side_recv(b, span_of(out, n));
    return n;
}

static void seal_to(struct side *a, struct side *b, uint8_t fill, size_t len)
{
    EXPECT_EQ(len + 22, seal_at(a, b, fill, len)); /* header 5, type 1, tag 16 */
}

TEST(both_learn_who_the_other_is_and_choose_the_muxer)
{
    struct side a;
    struct side b;
    pair_init(&a, &b);
    a.cfg.expected = &b.own;
    pair_run(&a, &b);
    EXPECT_EQ(TLS_READY, a.tls.state);
    EXPECT_EQ(TLS_READY, b.tls.state);
    EXPECT(peer_id_equal(&a.last.peer, &b.own));
    EXPECT(peer_id_equal(&b.last.peer, &a.own));
    EXPECT_EQ(0, a.last.muxer);
    EXPECT_EQ(0, b.last.muxer);
    EXPECT(instant_is_never(tls_deadline(&a.tls)));
    EXPECT_EQ(1, a.events_count);
    EXPECT_EQ(1, b.events_count);
    pair_done(&a, &b);
}

TEST(muxers)
{
    static const struct {
        const char *name;
        const struct span *client;
        size_t client_count;
        const struct span *server;
        size_t server_count;
        size_t client_muxer;
        size_t server_muxer;
    } cases[] = {
        {"the client's first",  BOTH,   2, BOTH,   2, 0,              0             },
        {"the only common one", BOTH,   2, &YAMUX, 1, 1,              0             },
        {"the server has none", &YAMUX, 1, NULL,   0, TLS_MUXER_NONE, TLS_MUXER_NONE},
        {"the client has none", NULL,   0, &YAMUX, 1, TLS_MUXER_NONE, TLS_MUXER_NONE},
        {"none in common",      &YAMUX, 1, &MPLEX, 1, TLS_MUXER_NONE, TLS_MUXER_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct side a;
        struct side b;
        test_note("%s", cases[i].name);
        pair_init(&a, &b);
        a.cfg.muxers = cases[i].client;
        a.cfg.muxers_count = cases[i].client_count;
        b.cfg.muxers = cases[i].server;
        b.cfg.muxers_count = cases[i].server_count;
        pair_run(&a, &b);
        EXPECT_EQ(TLS_EVENT_READY, a.last.kind);
        EXPECT_EQ(TLS_EVENT_READY, b.last.kind);
        EXPECT_EQ(cases[i].client_muxer, a.last.muxer);
        EXPECT_EQ(cases[i].server_muxer, b.last.muxer);
        pair_done(&a, &b);
    }
}

TEST(bytes_of_every_length_arrive)
{
    static const size_t lens[] = {1, 2, 255, 256, 4096, TLS_PLAIN_LEN_MAX - 1, TLS_PLAIN_LEN_MAX};
    struct side a;
    struct side b;
    pair_init(&a, &b);
    pair_run(&a, &b);
    size_t total = 0;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        test_note("%zu bytes", lens[i]);
        seal_to(&a, &b, (uint8_t)i, lens[i]);
        total += lens[i];
        EXPECT_EQ(total, b.received.n);
        EXPECT_EQ(i, b.received.p[total - 1]);
        seal_to(&b, &a, (uint8_t)i, lens[i]);
        EXPECT_EQ(total, a.received.n);
    }
    EXPECT_EQ(0, b.tls.plain.cap); /* nothing is kept while idle */
    pair_done(&a, &b);
}

TEST(a_room_that_is_too_small_is_none)
{
    uint8_t bytes[TLS_RECORD_OVERHEAD + 1];
    EXPECT_EQ(0, tls_plain_room(mspan_of(bytes, TLS_RECORD_OVERHEAD)).n);
    EXPECT_EQ(1, tls_plain_room(MSPAN_OF(bytes)).n);
}

TEST(another_peer_than_expected_is_left)
{
    struct side a;
    struct side b;
    pair_init(&a, &b);
    a.cfg.expected = &a.own;
    pair_run(&a, &b);
    EXPECT_EQ(TLS_EVENT_FAILED, a.last.kind);
    EXPECT_ERR(ERR_AUTH, a.last.err);
    EXPECT_STR("peer is another than the one dialed", a.last.diag.rule);
    EXPECT_EQ(TLS_EVENT_FAILED, b.last.kind); /* by the alert */
    EXPECT_ERR(ERR_DENIED, b.last.err);
    pair_done(&a, &b);
}

TEST(a_listener_that_expects_somebody_refuses_others)
{
    struct side a;
    struct side b;
    pair_init(&a, &b);
    b.cfg.expected = &b.own;
    pair_run(&a, &b);
    EXPECT_EQ(TLS_EVENT_FAILED, b.last.kind);
    EXPECT_ERR(ERR_AUTH, b.last.err);
    EXPECT_EQ(TLS_EVENT_FAILED, a.last.kind); /* it was ready before it heard of it */
    EXPECT_ERR(ERR_DENIED, a.last.err);
    EXPECT_EQ(2, a.events_count);
    pair_done(&a, &b);
}

TEST(a_clock_outside_the_validity_refuses)
{
    struct side a;
    struct side b;
    pair_init(&a, &b);
    a.cfg.unix_s = 1;
    pair_run(&a, &b);
    EXPECT_ERR(ERR_TIMEOUT, a.last.err);
    EXPECT_STR("the certificate is not valid yet", a.last.diag.rule);
    pair_done(&a, &b);
}

/* ---- peers who do it otherwise: the same engine with its context changed ---- */

enum oddity {
    TLS_1_2,
    TWO_CERTIFICATES,
    NO_ALPN,
    OTHER_ALPN,
    UNKNOWN_CIPHER,
    TAMPERED,
};

static void make_odd(struct side *s, enum oddity oddity)
{
    static const uint8_t other[] = {2, 'h', '2'};
    SSL_CTX *ctx = s->identity.ctx;
    struct certificate_identity *c = &s->identity.certificate;
    X509 *copy = NULL;
    const uint8_t *p = c->bytes;
    switch (oddity) {
    case TLS_1_2:
        EXPECT_EQ(1, SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION));
        EXPECT_EQ(1, SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION));
        break;
    case TWO_CERTIFICATES:
        copy = d2i_X509(NULL, &p, (long)c->len);
        EXPECT_EQ(1, SSL_CTX_add_extra_chain_cert(ctx, copy));
        break;
    case NO_ALPN:
    case OTHER_ALPN:
        (void)SSL_set_alpn_protos(s->tls.ssl, other, oddity == NO_ALPN ? 0 : sizeof other);
        break;
    case UNKNOWN_CIPHER:
        EXPECT_EQ(1, SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_CCM_SHA256"));
        break;
    case TAMPERED:
        c->bytes[c->len - 1] ^= 1;
        EXPECT_EQ(1, SSL_CTX_use_certificate_ASN1(ctx, (int)c->len, c->bytes));
        break;
    }
}

TEST(odd_clients_are_refused)
{
    static const struct {
        const char *name;
        enum oddity oddity;
        enum err err; /* of the server */
        const char *rule;
    } cases[] = {
        {"TLS 1.2",                    TLS_1_2,          ERR_UNSUPPORTED, "no version or cipher in common"       },
        {"two certificates",           TWO_CERTIFICATES, ERR_MALFORMED,   "more than one certificate"            },
        {"a cipher that we do not do", UNKNOWN_CIPHER,   ERR_UNSUPPORTED,
         "no version or cipher in common"                                                                        },
        {"a tampered certificate",     TAMPERED,         ERR_AUTH,        "the certificate has not signed itself"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct side a;
        struct side b;
        test_note("%s", cases[i].name);
        pair_init(&a, &b);
        make_odd(&a, cases[i].oddity);
        pair_run(&a, &b);
        EXPECT_EQ(TLS_EVENT_FAILED, b.last.kind);
        EXPECT_ERR(cases[i].err, b.last.err);
        EXPECT_STR(cases[i].rule, b.last.diag.rule);
        EXPECT_EQ(TLS_FAILED, a.tls.state);
        pair_done(&a, &b);
    }
}

TEST(other_application_protocols_are_refused)
{
    static const struct {
        const char *name;
        enum oddity oddity;
    } cases[] = {
        {"another protocol", OTHER_ALPN},
        {"no protocol",      NO_ALPN   },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct side a;
        struct side b;
        static uint8_t bytes[4096];
        test_note("%s", cases[i].name);
        pair_init(&a, &b);
        EXPECT_OK(tls_init(&b.tls, &b.cfg, NOW));
        EXPECT_OK(tls_init(&a.tls, &a.cfg, NOW));
        (void)tls_send(&a.tls, NOW, MSPAN_OF(bytes)); /* never arrives */
        SSL_clear(a.tls.ssl);
        make_odd(&a, cases[i].oddity);
        SSL_set_connect_state(a.tls.ssl);
        EXPECT(SSL_do_handshake(a.tls.ssl) < 1);
        pump(&a, &b);
        EXPECT_EQ(TLS_FAILED, b.tls.state);
        EXPECT_ERR(ERR_UNSUPPORTED, b.tls.err);
        EXPECT_STR("no application protocol in common", b.tls.diag.rule);
        pair_done(&a, &b);
    }
}

TEST(a_client_without_a_certificate_is_refused)
{
    struct side a;
    struct side b;
    pair_init(&a, &b);
    SSL_CTX *bare = SSL_CTX_new(TLS_client_method());
    SSL_CTX *ours = a.identity.ctx;
    EXPECT_EQ(1, SSL_CTX_set_ex_data(bare, 0, SSL_CTX_get_ex_data(ours, 0)));
    a.identity.ctx = bare;
    pair_run(&a, &b);
    EXPECT_ERR(ERR_AUTH, b.tls.err);
    EXPECT_STR("the peer shows no certificate", b.tls.diag.rule);
    tls_done(&a.tls);
    a.identity.ctx = ours;
    SSL_CTX_free(bare);
    pair_done(&a, &b);
}

/* ---- ends ---- */

TEST(a_goodbye_is_told_from_a_cut)
{
    struct side a;
    struct side b;
    pair_init(&a, &b);
    pair_run(&a, &b);
    tls_close(&a.tls);
    EXPECT(!tls_can_seal(&a.tls));
    pump(&a, &b);
    EXPECT_EQ(TLS_EVENT_ENDED, b.last.kind);
    struct span rest = SPAN_LIT("more");
    EXPECT_ERR(ERR_CLOSED, tls_recv(&b.tls, NOW, &rest));
    tls_recv_end(&b.tls);
    EXPECT_EQ(TLS_ENDED, b.tls.state);
    seal_to(&b, &a, 7, 100); /* the other half is open still */
    EXPECT_EQ(100, a.received.n);
    tls_recv_end(&a.tls);
    side_poll(&a);
    EXPECT_EQ(TLS_EVENT_FAILED, a.last.kind);
    EXPECT_ERR(ERR_CLOSED, a.last.err);
    EXPECT_STR("peer closed without saying so", a.last.diag.rule);
    pair_done(&a, &b);
}

TEST(the_end_within_the_handshake_is_a_failure)
{
    struct side a;
    struct side b;
    pair_init(&a, &b);
    EXPECT_OK(tls_init(&a.tls, &a.cfg, NOW));
    EXPECT_OK(tls_init(&b.tls, &b.cfg, NOW));
    (void)move(&a, &b);
    tls_recv_end(&b.tls);
    side_poll(&b);
    EXPECT_ERR(ERR_CLOSED, b.last.err);
    pair_done(&a, &b);
}

TEST(a_changed_record_ends_the_channel)
{
    struct side a;
    struct side b;
    uint8_t out[200];
    pair_init(&a, &b);
    pair_run(&a, &b);
    memset(tls_plain_room(MSPAN_OF(out)).p, 1, 10);
    size_t n = tls_seal(&a.tls, MSPAN_OF(out), 10);
    out[n - 1] ^= 1;
    side_recv(&b, span_of(out, n));
    EXPECT_EQ(TLS_EVENT_FAILED, b.last.kind);
    EXPECT_ERR(ERR_AUTH, b.last.err);
    EXPECT_EQ(0, b.received.n);
    EXPECT_EQ(0, tls_seal(&b.tls, MSPAN_OF(out), 10));
    pump(&a, &b);
    EXPECT_ERR(ERR_DENIED, a.last.err); /* by the alert */
    pair_done(&a, &b);
}

TEST(a_handshake_has_its_time)
{
    struct side a;
    struct side b;
    pair_init(&a, &b);
    EXPECT_OK(tls_init(&b.tls, &b.cfg, NOW));
    instant end = instant_add(NOW, TLS_TIMEOUT_MS * US_PER_MS);
    EXPECT_EQ(end.us, tls_deadline(&b.tls).us);
    tls_tick(&b.tls, (instant){.us = end.us - 1});
    EXPECT_EQ(TLS_SHAKING, b.tls.state);
    tls_tick(&b.tls, end);
    side_poll(&b);
    EXPECT_ERR(ERR_TIMEOUT, b.last.err);
    pair_done(&a, &b);
}

TEST(memory_is_reserved_or_refused)
{
    struct side a;
    struct side b;
    struct budget small;
    pair_init(&a, &b);
    budget_init(&small, test_budget(), "connection", TLS_MEM - 1);
    b.cfg.budget = &small;
    EXPECT_ERR(ERR_LIMIT, tls_init(&b.tls, &b.cfg, NOW));
    tls_done(&b.tls);
    EXPECT_EQ(0, small.used);
    small.limit = TLS_MEM + 200; /* not enough for the first answer */
    EXPECT_OK(tls_init(&b.tls, &b.cfg, NOW));
    EXPECT_OK(tls_init(&a.tls, &a.cfg, NOW));
    (void)move(&a, &b);
    EXPECT_EQ(TLS_FAILED, b.tls.state);
    pair_done(&a, &b);
    EXPECT_EQ(0, small.used);
}

TEST(key_updates_are_followed)
{
    struct side a;
    struct side b;
    pair_init(&a, &b);
    pair_run(&a, &b);
    EXPECT_EQ(1, SSL_key_update(a.tls.ssl, SSL_KEY_UPDATE_REQUESTED));
    EXPECT_EQ(1, SSL_do_handshake(a.tls.ssl));
    pump(&a, &b);
    EXPECT_EQ(27 + 72, seal_at(&b, &a, 3, 50)); /* its own update leaves in front */
    seal_to(&a, &b, 3, 50);
    seal_to(&b, &a, 3, 50);
    EXPECT_EQ(100, a.received.n);
    EXPECT_EQ(50, b.received.n);
    pair_done(&a, &b);
}

/* ---- the generic tests ---- */

static struct side kinds[2];

static void *kind_make(instant now, unsigned twin)
{
    struct side *s = &kinds[twin];
    side_init(s, twin == 0, (uint8_t)(twin + 1));
    check(tls_init(&s->tls, &s->cfg, now) == OK);
    return s;
}

static void kind_drop(void *engine)
{
    side_done(engine);
}

static enum err kind_recv(void *engine, instant now, struct span *in)
{
    return tls_recv(&((struct side *)engine)->tls, now, in);
}

static void kind_end(void *engine)
{
    tls_recv_end(&((struct side *)engine)->tls);
}

static size_t kind_send(void *engine, instant now, struct mspan out)
{
    return tls_send(&((struct side *)engine)->tls, now, out);
}

static bool kind_poll(void *engine, instant now, struct engine_trace *trace)
{
    (void)now;
    struct side *s = engine;
    struct tls_event e;
    if (!tls_poll(&s->tls, &e)) {
        return false;
    }
    if (trace && e.kind == TLS_EVENT_DATA) {
        engine_trace_data(trace, 0, e.data);
    } else if (trace) {
        engine_trace_event(trace, "%s err=%d", e.kind == TLS_EVENT_READY ? "ready" : "end", e.err);
    }
    if (e.kind == TLS_EVENT_READY && !s->cfg.is_client) {
        tls_close(&s->tls);
    }
    return true;
}

static instant kind_deadline(const void *engine)
{
    return tls_deadline(&((const struct side *)engine)->tls);
}

static void kind_tick(void *engine, instant now)
{
    tls_tick(&((struct side *)engine)->tls, now);
}

static const struct engine_kind KIND = {.name = "tls",
                                        .make = kind_make,
                                        .drop = kind_drop,
                                        .recv = kind_recv,
                                        .end = kind_end,
                                        .send = kind_send,
                                        .poll = kind_poll,
                                        .deadline = kind_deadline,
                                        .tick = kind_tick,
                                        .output_may_differ = true};

static void *server_make(instant now, unsigned twin)
{
    (void)twin;
    return kind_make(now, 1);
}

TEST(cuts_of_the_input_change_nothing)
{
    struct engine_kind server = KIND;
    struct side client;
    static uint8_t input[4096];
    server.make = server_make;
    side_init(&client, true, 3);
    EXPECT_OK(tls_init(&client.tls, &client.cfg, NOW));
    size_t n = tls_send(&client.tls, NOW, MSPAN_OF(input));
    /* An alert in the clear: it must come to the same end wherever the bytes were cut. */
    static const uint8_t alert[] = {21, 3, 3, 0, 2, 2, 40};
    memcpy(input + n, alert, sizeof alert);
    EXPECT(engine_test_segments(&server, span_of(input, n + sizeof alert), "end err="));
    side_done(&client);
}

TEST(twins)
{
    struct engine_twin twin = {.client = &KIND,
                               .server = &KIND,
                               .client_event = "ready err=0",
                               .server_event = "ready err=0"};
    EXPECT(engine_test_twin(&twin, 8));
}

TEST_MAIN
