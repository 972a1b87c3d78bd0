/* TLS as the web has it, a client and a server of ours against each other, and each against what must be refused. */
#include "p2p/tls_web.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/test.h"
#include "crypto/backend.h"
#include "p2p/tls_web_test.h"

#define ERR_STATE OPENSSL_ERR_STATE_TYPE
#include <openssl/pem.h>
#include <openssl/ssl.h>
#undef ERR_STATE

#include <string.h>

struct side {
    struct tls_web_context context;
    struct tls_web tls;
    struct buf received;
    enum err err;
};

static void server_init(struct side *s, const char *chain, const char *key)
{
    const char *rule = NULL;
    *s = (struct side){0};
    EXPECT_OK(crypto_init());
    buf_init(&s->received, test_budget(), 1 << 20);
    EXPECT_OK(tls_web_context_serve(&s->context, &rule, span_str(chain), span_str(key)));
    struct tls_web_cfg cfg = {.context = &s->context, .budget = test_budget()};
    EXPECT_OK(tls_web_init(&s->tls, &cfg));
}

static void client_init(struct side *s, const char *name)
{
    *s = (struct side){0};
    EXPECT_OK(crypto_init());
    buf_init(&s->received, test_budget(), 1 << 20);
    EXPECT_OK(tls_web_context_dial(&s->context, SPAN_LIT(TLS_WEB_TEST_CA)));
    struct tls_web_cfg cfg = {
        .context = &s->context, .is_client = true, .name = span_str(name), .budget = test_budget()};
    EXPECT_OK(tls_web_init(&s->tls, &cfg));
}

static void side_done(struct side *s)
{
    tls_web_done(&s->tls);
    tls_web_context_done(&s->context);
    buf_done(&s->received);
}

/* feed gives bytes in pieces of at most `piece`. */
static void feed(struct side *s, struct span bytes, size_t piece)
{
    while (bytes.n > 0 && s->err == OK) {
        struct span in = span_take(&bytes, piece);
        while (in.n > 0 && s->err == OK) {
            struct mspan data;
            s->err = tls_web_recv(&s->tls, &data, &in);
            EXPECT_OK(buf_append(&s->received, span_const(data)));
        }
        tls_web_let_go(&s->tls);
        EXPECT(s->err != OK || s->tls.state <= TLS_WEB_READY);
    }
}

static bool move(struct side *from, struct side *to, size_t piece)
{
    static uint8_t bytes[16384];
    size_t n = tls_web_send(&from->tls, MSPAN_OF(bytes));
    feed(to, span_of(bytes, n), piece);
    return n > 0;
}

static void pump(struct side *a, struct side *b, size_t piece)
{
    for (bool moved = true; moved;) {
        moved = move(a, b, piece);
        moved = move(b, a, piece) || moved;
    }
}

enum { BULK = 200000 };

/* say seals `len` bytes where the driver puts them: in the buffer that the records go to. */
static void say(struct side *from, struct side *to, size_t len, size_t piece)
{
    static uint8_t out[TLS_WEB_ROOM + BULK];
    check(len <= BULK);
    for (size_t i = 0; i < len; i++) {
        out[TLS_WEB_ROOM + i] = (uint8_t)(i * 7 + i / 251);
    }
    size_t n = tls_web_seal(&from->tls, MSPAN_OF(out), span_of(out + TLS_WEB_ROOM, len));
    EXPECT(n > len);
    EXPECT(n <= len + (len / TLS_WEB_PLAIN_LEN_MAX + 1) * 40);
    feed(to, span_of(out, n), piece);
}

TEST(bytes_pass_both_ways)
{
    static const size_t pieces[] = {1, 3, 1000, 1000000};
    static const size_t lens[] = {1, 16383, 16384, 16385, BULK};
    for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++) {
        struct side a;
        struct side b;
        test_note("pieces of %zu", pieces[p]);
        client_init(&a, "a.example");
        server_init(&b, TLS_WEB_TEST_GOOD, TLS_WEB_TEST_GOOD_KEY);
        EXPECT(!tls_web_can_seal(&a.tls));
        pump(&a, &b, pieces[p]);
        TEST_REQUIRE(a.tls.state == TLS_WEB_READY);
        TEST_REQUIRE(b.tls.state == TLS_WEB_READY);
        size_t total = 0;
        for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
            say(&a, &b, lens[i], pieces[p]);
            say(&b, &a, lens[i], pieces[p]);
            total += lens[i];
            TEST_REQUIRE(b.received.n == total);
            EXPECT_EQ((uint8_t)((lens[i] - 1) * 7 + (lens[i] - 1) / 251), b.received.p[total - 1]);
            EXPECT_SPAN(buf_span(&a.received), buf_span(&b.received));
        }
        tls_web_close(&a.tls);
        tls_web_close(&a.tls);
        EXPECT(!tls_web_can_seal(&a.tls));
        pump(&a, &b, pieces[p]);
        EXPECT_ERR(ERR_CLOSED, b.err);
        EXPECT(b.tls.rule == NULL);
        side_done(&a);
        side_done(&b);
    }
}

TEST(whom_a_certificate_names)
{
    static const struct {
        const char *name;
        const char *chain;
        const char *key;
        enum err err;
    } cases[] = {
        {"a.example",     TLS_WEB_TEST_GOOD,    TLS_WEB_TEST_GOOD_KEY,    OK      },
        {"A.Example",     TLS_WEB_TEST_GOOD,    TLS_WEB_TEST_GOOD_KEY,    OK      },
        {"127.0.0.1",     TLS_WEB_TEST_GOOD,    TLS_WEB_TEST_GOOD_KEY,    OK      },
        {"::1",           TLS_WEB_TEST_GOOD,    TLS_WEB_TEST_GOOD_KEY,    OK      },
        {"x.w.example",   TLS_WEB_TEST_GOOD,    TLS_WEB_TEST_GOOD_KEY,    OK      },
        {"y.x.w.example", TLS_WEB_TEST_GOOD,    TLS_WEB_TEST_GOOD_KEY,    ERR_AUTH},
        {"w.example",     TLS_WEB_TEST_GOOD,    TLS_WEB_TEST_GOOD_KEY,    ERR_AUTH},
        {"good",          TLS_WEB_TEST_GOOD,    TLS_WEB_TEST_GOOD_KEY,    ERR_AUTH}, /* its common name */
        {"127.0.0.2",     TLS_WEB_TEST_GOOD,    TLS_WEB_TEST_GOOD_KEY,    ERR_AUTH},
        {"a.example",     TLS_WEB_TEST_OTHER,   TLS_WEB_TEST_OTHER_KEY,   ERR_AUTH},
        {"a.example",     TLS_WEB_TEST_EXPIRED, TLS_WEB_TEST_EXPIRED_KEY, ERR_AUTH},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct side a;
        struct side b;
        test_note("%s, %zu", cases[i].name, i);
        client_init(&a, cases[i].name);
        server_init(&b, cases[i].chain, cases[i].key);
        pump(&a, &b, 1000);
        EXPECT_ERR(cases[i].err, a.err);
        EXPECT_EQ(cases[i].err == OK ? TLS_WEB_READY : TLS_WEB_FAILED, a.tls.state);
        EXPECT((cases[i].err == OK) == (a.tls.rule == NULL));
        EXPECT_ERR(cases[i].err == OK ? OK : ERR_DENIED, b.err); /* it hears the alert */
        side_done(&a);
        side_done(&b);
    }
}

TEST(a_ca_that_nobody_trusts)
{
    struct side a;
    struct side b;
    client_init(&a, "a.example");
    tls_web_done(&a.tls);
    EXPECT_OK(tls_web_context_dial(&a.context, SPAN_EMPTY)); /* those of the system */
    struct tls_web_cfg cfg = {.context = &a.context,
                              .is_client = true,
                              .name = SPAN_LIT("a.example"),
                              .budget = test_budget()};
    EXPECT_OK(tls_web_init(&a.tls, &cfg));
    server_init(&b, TLS_WEB_TEST_GOOD, TLS_WEB_TEST_GOOD_KEY);
    pump(&a, &b, 1000);
    EXPECT_ERR(ERR_AUTH, a.err);
    EXPECT_STR("unable to get local issuer certificate", a.tls.rule);
    side_done(&a);
    side_done(&b);
}

TEST(names_that_are_none)
{
    static const char *const names[] = {"", ".a.example", "a example", "a\r\nb", "ä"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct tls_web_context context = {0};
        struct tls_web tls;
        EXPECT_OK(tls_web_context_dial(&context, SPAN_LIT(TLS_WEB_TEST_CA)));
        struct tls_web_cfg cfg = {.context = &context,
                                  .is_client = true,
                                  .name = span_str(names[i]),
                                  .budget = test_budget()};
        EXPECT_ERR(ERR_MALFORMED, tls_web_init(&tls, &cfg));
        tls_web_done(&tls);
        tls_web_context_done(&context);
    }
}

TEST(files_that_do_not_do)
{
    static const struct {
        const char *chain;
        const char *key;
        const char *rule;
    } cases[] = {
        {"",                                TLS_WEB_TEST_GOOD_KEY,  "there is no certificate in PEM in it"  },
        {TLS_WEB_TEST_GOOD_KEY,             TLS_WEB_TEST_GOOD_KEY,  "there is no certificate in PEM in it"  },
        {TLS_WEB_TEST_GOOD,                 TLS_WEB_TEST_GOOD,
         "there is no key in PEM, without a passphrase, in it"                                              },
        {TLS_WEB_TEST_GOOD,                 TLS_WEB_TEST_OTHER_KEY, "the key is not that of the certificate"},
        {TLS_WEB_TEST_GOOD TLS_WEB_TEST_CA, TLS_WEB_TEST_GOOD_KEY,  NULL                                    },
    };
    EXPECT_OK(crypto_init());
    struct tls_web_context c = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *rule = NULL;
        struct ssl_ctx_st *before = c.ctx;
        enum err err =
            tls_web_context_serve(&c, &rule, span_str(cases[i].chain), span_str(cases[i].key));
        test_note("%zu", i);
        EXPECT_ERR(cases[i].rule ? ERR_MALFORMED : OK, err);
        if (cases[i].rule && EXPECT(rule != NULL)) {
            EXPECT_STR(cases[i].rule, rule);
            EXPECT(c.ctx == before);
        }
    }
    EXPECT_ERR(ERR_MALFORMED, tls_web_context_dial(&c, SPAN_LIT("nothing")));
    tls_web_context_done(&c);
}

/* A session goes on when the certificate is another, and new ones have the new one. */
TEST(a_certificate_is_replaced)
{
    struct side a;
    struct side b;
    const char *rule;
    client_init(&a, "a.example");
    server_init(&b, TLS_WEB_TEST_GOOD, TLS_WEB_TEST_GOOD_KEY);
    pump(&a, &b, 1000);
    EXPECT_OK(tls_web_context_serve(&b.context, &rule, SPAN_LIT(TLS_WEB_TEST_OTHER),
                                    SPAN_LIT(TLS_WEB_TEST_OTHER_KEY)));
    say(&a, &b, 1000, 100);
    EXPECT_EQ(1000, b.received.n);
    tls_web_done(&b.tls);
    tls_web_done(&a.tls);
    struct tls_web_cfg cfg = {.context = &b.context, .budget = test_budget()};
    EXPECT_OK(tls_web_init(&b.tls, &cfg));
    cfg = (struct tls_web_cfg){.context = &a.context,
                               .is_client = true,
                               .name = SPAN_LIT("b.example"),
                               .budget = test_budget()};
    EXPECT_OK(tls_web_init(&a.tls, &cfg));
    pump(&a, &b, 1000);
    EXPECT_EQ(TLS_WEB_READY, a.tls.state);
    EXPECT_EQ(TLS_WEB_READY, b.tls.state);
    side_done(&a);
    side_done(&b);
}

TEST(what_a_server_refuses)
{
    static const struct {
        const char *name;
        const char *bytes; /* hex */
        enum err err;
        const char *rule;
    } cases[] = {
        {"plain HTTP",               "474554202f20485454502f312e310d0a0d0a", ERR_MALFORMED,
         "plain HTTP where TLS is spoken"                                                       },
        {"garbage",                  "ffffffffffffffffffffffff",             ERR_MALFORMED, NULL},
        {"a record too long",        "160301ffff01000000",                   ERR_MALFORMED, NULL},
        {"a hello too long",         "160301000401ffffff",                   ERR_MALFORMED, NULL},
        {"data before hands shaken", "170303000161",                         ERR_MALFORMED, NULL},
        {"an alert",                 "15030100020228",                       ERR_MALFORMED, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t piece = 1; piece < 100; piece += 98) {
            struct side b;
            test_note("%s", cases[i].name);
            server_init(&b, TLS_WEB_TEST_GOOD, TLS_WEB_TEST_GOOD_KEY);
            feed(&b, test_hex(cases[i].bytes), piece);
            EXPECT_ERR(cases[i].err, b.err);
            EXPECT_EQ(TLS_WEB_FAILED, b.tls.state);
            EXPECT_EQ(0, b.received.n);
            if (cases[i].rule) {
                EXPECT_STR(cases[i].rule, b.tls.rule);
            }
            side_done(&b);
        }
    }
}

/* ---- the other side made of OpenSSL alone ---- */

struct foreign {
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in;
    BIO *out;
};

static void foreign_init(struct foreign *f, bool is_client)
{
    f->ctx = SSL_CTX_new(TLS_method());
    f->ssl = SSL_new(f->ctx);
    f->in = BIO_new(BIO_s_mem());
    f->out = BIO_new(BIO_s_mem());
    SSL_set_bio(f->ssl, f->in, f->out);
    if (is_client) {
        SSL_set_connect_state(f->ssl);
    } else {
        SSL_set_accept_state(f->ssl);
    }
}

static void foreign_done(struct foreign *f)
{
    SSL_free(f->ssl);
    SSL_CTX_free(f->ctx);
}

/* meet moves bytes between them as long as there are any. */
static void meet(struct foreign *f, struct side *s)
{
    static uint8_t bytes[4096];
    for (int n = 1; n > 0;) {
        (void)SSL_do_handshake(f->ssl);
        n = BIO_read(f->out, bytes, sizeof bytes);
        feed(s, span_of(bytes, n > 0 ? (size_t)n : 0), 1000);
        size_t back = tls_web_send(&s->tls, MSPAN_OF(bytes));
        if (back > 0) {
            EXPECT_EQ((int)back, BIO_write(f->in, bytes, (int)back));
            n = 1;
        }
    }
}

TEST(what_clients_offer)
{
    static const struct {
        const char *name;
        const char *protocols; /* ALPN, each with its length in front */
        const char *ciphers;
        int version_max;
        enum err err;
        const char *rule; /* or the protocol that is chosen */
    } cases[] = {
        {"no ALPN",            "",                   "DEFAULT",                TLS1_3_VERSION, OK,              ""        },
        {"http/1.1",           "\x02h2\x08http/1.1", "DEFAULT",                TLS1_3_VERSION, OK,              "http/1.1"},
        {"another protocol",   "\x02h2",             "DEFAULT",                TLS1_3_VERSION, ERR_UNSUPPORTED,
         "no application protocol in common"                                                                              },
        {"TLS 1.2",            "",                   "DEFAULT",                TLS1_2_VERSION, OK,              ""        },
        {"no forward secrecy", "",                   "AES128-GCM-SHA256",      TLS1_2_VERSION, ERR_UNSUPPORTED,
         "no version or cipher in common"                                                                                 },
        {"no AEAD",            "",                   "ECDHE-ECDSA-AES128-SHA", TLS1_2_VERSION, ERR_UNSUPPORTED,
         "no version or cipher in common"                                                                                 },
        {"TLS 1.1",            "",                   "ALL:@SECLEVEL=0",        TLS1_1_VERSION, ERR_UNSUPPORTED,
         "no version or cipher in common"                                                                                 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct foreign f;
        struct side s;
        struct span protocols = span_str(cases[i].protocols);
        test_note("%s", cases[i].name);
        server_init(&s, TLS_WEB_TEST_GOOD, TLS_WEB_TEST_GOOD_KEY);
        foreign_init(&f, true);
        EXPECT_EQ(1, SSL_set_min_proto_version(f.ssl, TLS1_VERSION));
        EXPECT_EQ(1, SSL_set_max_proto_version(f.ssl, cases[i].version_max));
        EXPECT_EQ(1, SSL_set_cipher_list(f.ssl, cases[i].ciphers));
        EXPECT_EQ(0, SSL_set_alpn_protos(f.ssl, protocols.p, (unsigned)protocols.n));
        meet(&f, &s);
        EXPECT_ERR(cases[i].err, s.err);
        EXPECT_EQ(cases[i].err == OK ? TLS_WEB_READY : TLS_WEB_FAILED, s.tls.state);
        const unsigned char *chosen = NULL;
        unsigned len = 0;
        SSL_get0_alpn_selected(f.ssl, &chosen, &len);
        if (cases[i].err == OK) {
            EXPECT_SPAN(span_str(cases[i].rule), span_of(chosen, len));
            EXPECT_EQ(5, SSL_write(f.ssl, "hello", 5));
            meet(&f, &s);
            EXPECT_SPAN(SPAN_LIT("hello"), buf_span(&s.received));
        } else {
            EXPECT_STR(cases[i].rule, s.tls.rule);
        }
        foreign_done(&f);
        side_done(&s);
    }
}

static int note_protocols(SSL *ssl,
                          const unsigned char **ret_out,
                          unsigned char *ret_len,
                          const unsigned char *in,
                          unsigned int len,
                          void *user)
{
    (void)ssl;
    struct buf *noted = user;
    *ret_out = in + 1;
    *ret_len = in[0];
    return buf_append(noted, span_of(in, len)) == OK ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

/* A name is sent, an IP address is not; and what we speak. */
TEST(what_our_client_sends)
{
    static const char *const names[] = {"a.example", "127.0.0.1", "::1"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct foreign f;
        struct side s;
        struct buf noted;
        test_note("%s", names[i]);
        buf_init(&noted, test_budget(), 100);
        client_init(&s, names[i]);
        foreign_init(&f, false);
        SSL_CTX_set_alpn_select_cb(f.ctx, note_protocols, &noted);
        BIO *chain = BIO_new_mem_buf(TLS_WEB_TEST_GOOD, -1);
        BIO *key = BIO_new_mem_buf(TLS_WEB_TEST_GOOD_KEY, -1);
        X509 *leaf = PEM_read_bio_X509(chain, NULL, NULL, NULL);
        EVP_PKEY *secret = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
        EXPECT_EQ(1, SSL_use_certificate(f.ssl, leaf));
        EXPECT_EQ(1, SSL_use_PrivateKey(f.ssl, secret));
        meet(&f, &s);
        EXPECT_EQ(TLS_WEB_READY, s.tls.state);
        EXPECT_SPAN(SPAN_LIT("\x08http/1.1"), buf_span(&noted));
        const char *sent = SSL_get_servername(f.ssl, TLSEXT_NAMETYPE_host_name);
        EXPECT_STR(i == 0 ? names[i] : "", sent ? sent : "");
        X509_free(leaf);
        EVP_PKEY_free(secret);
        BIO_free(chain);
        BIO_free(key);
        foreign_done(&f);
        side_done(&s);
        buf_done(&noted);
    }
}

/* A handshake message that never ends: as many bytes are read as a handshake may have. */
TEST(a_handshake_without_end)
{
    static uint8_t record[5 + 16384] = {0x16, 3, 1, 0x40, 0};
    struct side b;
    size_t fed = 0;
    server_init(&b, TLS_WEB_TEST_GOOD, TLS_WEB_TEST_GOOD_KEY);
    record[5] = 1;
    record[6] = 1; /* 65536 bytes are announced */
    for (unsigned i = 0; i < 4 && b.err == OK; i++) {
        feed(&b, SPAN_OF(record), 1000);
        fed += sizeof record;
        record[5] = 0;
        record[6] = 0;
    }
    EXPECT_ERR(ERR_LIMIT, b.err);
    EXPECT_STR("the handshake is too long", b.tls.rule);
    EXPECT_EQ(2 * sizeof record, fed);
    side_done(&b);
}

TEST(one_changed_byte_and_a_cut)
{
    static uint8_t out[TLS_WEB_ROOM + 100];
    struct side a;
    struct side b;
    client_init(&a, "localhost");
    server_init(&b, TLS_WEB_TEST_GOOD, TLS_WEB_TEST_GOOD_KEY);
    pump(&a, &b, 1000);
    size_t n = tls_web_seal(&a.tls, MSPAN_OF(out), SPAN_LIT("hello"));
    out[n - 1] ^= 1;
    feed(&b, span_of(out, n), 1000);
    EXPECT_ERR(ERR_AUTH, b.err);
    EXPECT_EQ(0, b.received.n);
    struct mspan data;
    struct span in = SPAN_LIT("more");
    EXPECT_ERR(ERR_AUTH, tls_web_recv(&b.tls, &data, &in));
    EXPECT_EQ(0, in.n);
    EXPECT(move(&b, &a, 1000)); /* the alert */
    EXPECT_ERR(ERR_DENIED, a.err);
    side_done(&a);
    side_done(&b);
}

/* At every budget it works or says ERR_LIMIT, and gives all back. */
TEST(memory)
{
    for (size_t limit = 0; limit < 400000; limit += 8192) {
        struct budget budget;
        struct side a;
        struct side b;
        budget_init(&budget, test_budget(), "tls", limit);
        client_init(&a, "a.example");
        server_init(&b, TLS_WEB_TEST_GOOD, TLS_WEB_TEST_GOOD_KEY);
        tls_web_done(&b.tls);
        struct tls_web_cfg cfg = {.context = &b.context, .budget = &budget};
        enum err err = tls_web_init(&b.tls, &cfg);
        EXPECT((err == OK) == (limit >= TLS_WEB_SHAKING_MEM));
        if (err == OK) {
            pump(&a, &b, 1000);
        }
        if (b.tls.state == TLS_WEB_READY && a.tls.state == TLS_WEB_READY) {
            EXPECT_EQ(TLS_WEB_MEM, budget.used);
            say(&a, &b, 10000, 1000);
            EXPECT(b.err == OK || b.err == ERR_LIMIT);
        }
        side_done(&a);
        side_done(&b);
        EXPECT_EQ(0, budget.used);
        budget_done(&budget);
    }
}

TEST_MAIN
