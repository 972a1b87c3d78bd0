/* TLS as the web has it, over OpenSSL, which sees no socket: a BIO of ours lets it read from the span that tls_web_recv was given,
 * and write into the room of tls_web_seal or into a bounded buffer. */
#include "p2p/tls_web.h"

#include "base/arith.h"
#include "base/check.h"

#define ERR_STATE OPENSSL_ERR_STATE_TYPE
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#undef ERR_STATE

#include <limits.h>
#include <string.h>

static const unsigned char HTTP_1_1[] = "\x08http/1.1"; /* as ALPN lists it */
enum { HTTP_1_1_LEN = sizeof HTTP_1_1 - 1 };

static void fail(struct tls_web *t, enum err err, const char *rule)
{
    if (t->state != TLS_WEB_FAILED) {
        t->state = TLS_WEB_FAILED;
        t->err = err;
        t->rule = rule;
    }
}

/* ---- the BIO ---- */

static int bio_read(BIO *bio, char *data, size_t len, size_t *ret_n)
{
    struct tls_web *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    size_t may = t->state == TLS_WEB_SHAKING ? TLS_WEB_SHAKE_LEN_MAX - t->shaken : len;
    struct span got = span_take(&t->in, min_size(len, may));
    if (got.n == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    if (t->state == TLS_WEB_SHAKING) {
        t->shaken += got.n;
    }
    *ret_n = span_copy(mspan_of(data, len), got);
    return 1;
}

static int bio_write(BIO *bio, const char *data, size_t len, size_t *ret_n)
{
    struct tls_web *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    struct span bytes = span_of(data, len);
    struct mspan room = mspan_from(t->sink, t->sink_n);
    if (t->out.n == 0 && room.n >= len) {
        t->sink_n += span_copy(room, bytes);
    } else if (buf_append(&t->out, bytes) != OK) {
        return 0; /* a peer that makes us answer and reads nothing */
    }
    *ret_n = len;
    return 1;
}

static long bio_ctrl(BIO *bio, int cmd, long number, void *p)
{
    (void)bio;
    (void)number;
    (void)p;
    return cmd == BIO_CTRL_FLUSH;
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

MUST_CHECK static enum err bio_attach(struct tls_web *t)
{
    /* One for each session: contexts come and go while sessions last. */
    t->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "passmesh web");
    if (!t->method) {
        return ERR_INTERNAL;
    }
    (void)BIO_meth_set_read_ex(t->method, bio_read);
    (void)BIO_meth_set_write_ex(t->method, bio_write);
    (void)BIO_meth_set_ctrl(t->method, bio_ctrl);
    (void)BIO_meth_set_create(t->method, bio_create);
    BIO *bio = BIO_new(t->method);
    if (!bio) {
        return ERR_INTERNAL;
    }
    BIO_set_data(bio, t);
    SSL_set_bio(t->ssl, bio, bio);
    return OK;
}

/* ---- contexts ---- */

/* SPEC RFC7301 §"3.2. Protocol Selection": of a list without the protocol that is spoken here, none is taken, and that ends the
 * handshake. */
static int on_alpn(SSL *ssl,
                   const unsigned char **ret_out,
                   unsigned char *ret_len,
                   const unsigned char *in,
                   unsigned int len,
                   void *unused)
{
    (void)ssl;
    (void)unused;
    struct span rest = span_of(in, len);
    while (rest.n > 0) {
        size_t n = span_take(&rest, 1).p[0];
        struct span protocol = span_take(&rest, n);
        if (span_equal(protocol, span_of(HTTP_1_1 + 1, HTTP_1_1_LEN - 1))) {
            *ret_out = protocol.p;
            *ret_len = (unsigned char)protocol.n;
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* A key under a passphrase is none: nobody is here to be asked. */
static int no_passphrase(char *out, int len, int is_for_writing, void *unused)
{
    (void)out;
    (void)len;
    (void)is_for_writing;
    (void)unused;
    return -1;
}

MUST_CHECK static enum err set_rules(SSL_CTX *ctx)
{
    /* SPEC RFC9325 §"3.1.1. SSL/TLS Protocol Versions": 1.3 or 1.2, nothing below. */
    bool ok =
        SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
        SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
        /* SPEC RFC9325 §"4.2. Cipher Suites for TLS 1.2": forward secrecy and authenticated encryption alone. */
        SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
        SSL_CTX_set_num_tickets(ctx, 0) == 1;
    (void)SSL_CTX_set_options(ctx,
                              SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_max_cert_list(ctx, TLS_WEB_SHAKE_LEN_MAX);
    return ok ? OK : ERR_INTERNAL;
}

MUST_CHECK static enum err context_new(SSL_CTX **ret)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    if (!ctx || set_rules(ctx) != OK) {
        SSL_CTX_free(ctx);
        return ERR_INTERNAL;
    }
    *ret = ctx;
    return OK;
}

/* next_certificate reads one PEM certificate; NULL: there is none. */
static X509 *next_certificate(BIO *in)
{
    return PEM_read_bio_X509(in, NULL, no_passphrase, NULL);
}

static const char *use_chain(SSL_CTX *ctx, BIO *in)
{
    X509 *first = next_certificate(in);
    if (!first) {
        return "there is no certificate in PEM in it";
    }
    bool ok = SSL_CTX_use_certificate(ctx, first) == 1;
    X509_free(first);
    for (X509 *next = ok ? next_certificate(in) : NULL; next; next = next_certificate(in)) {
        if (SSL_CTX_add0_chain_cert(ctx, next) != 1) {
            X509_free(next);
            return "one of its certificates cannot be used";
        }
    }
    return ok ? NULL : "its first certificate cannot be used";
}

static const char *use_key(SSL_CTX *ctx, BIO *in)
{
    EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL);
    if (!key) {
        return "there is no key in PEM, without a passphrase, in it";
    }
    bool ok = SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;
    EVP_PKEY_free(key);
    return ok ? NULL : "the key is not that of the certificate";
}

static BIO *bio_of(struct span text)
{
    return BIO_new_mem_buf(text.p, (int)text.n);
}

enum err tls_web_context_serve(struct tls_web_context *c,
                               const char **ret_rule,
                               struct span chain,
                               struct span key)
{
    SSL_CTX *ctx;
    if (chain.n > TLS_WEB_PEM_LEN_MAX || key.n > TLS_WEB_PEM_LEN_MAX) {
        *ret_rule = "the file is too long";
        return ERR_MALFORMED;
    }
    TRY(context_new(&ctx));
    BIO *chain_in = bio_of(chain);
    BIO *key_in = bio_of(key);
    const char *rule = "there is no memory for it";
    if (chain_in && key_in) {
        rule = use_chain(ctx, chain_in);
        rule = rule ? rule : use_key(ctx, key_in);
    }
    BIO_free(chain_in);
    BIO_free(key_in);
    ERR_clear_error();
    if (rule) {
        SSL_CTX_free(ctx);
        *ret_rule = rule;
        return ERR_MALFORMED;
    }
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE,
                       NULL); /* who dials shows no certificate of this kind */
    tls_web_context_done(c);
    c->ctx = ctx;
    return OK;
}

MUST_CHECK static enum err trust(SSL_CTX *ctx, struct span cas)
{
    BIO *in = bio_of(cas);
    X509 *ca = in ? next_certificate(in) : NULL;
    bool ok = ca != NULL;
    while (ca && ok) {
        ok = X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca) == 1;
        X509_free(ca);
        ca = next_certificate(in);
    }
    X509_free(ca);
    BIO_free(in);
    ERR_clear_error();
    return ok ? OK : ERR_MALFORMED;
}

enum err tls_web_context_dial(struct tls_web_context *c, struct span cas)
{
    SSL_CTX *ctx;
    if (cas.n > INT_MAX) {
        return ERR_MALFORMED;
    }
    TRY(context_new(&ctx));
    enum err err = OK;
    if (cas.n > 0) {
        err = trust(ctx, cas);
    } else if (SSL_CTX_set_default_verify_paths(ctx) != 1) {
        err = ERR_INTERNAL;
    }
    /* SPEC RFC7301 §"3.1. The Application-Layer Protocol Negotiation Extension": a client lists what it speaks. */
    if (err == OK && SSL_CTX_set_alpn_protos(ctx, HTTP_1_1, HTTP_1_1_LEN) != 0) {
        err = ERR_INTERNAL;
    }
    if (err != OK) {
        SSL_CTX_free(ctx);
        return err;
    }
    /* SPEC libp2p/websockets §"Certificates": the certificate is one that the dialer can verify; one that is not ends the dial,
     * though Noise inside says who the peer is. */
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    tls_web_context_done(c);
    c->ctx = ctx;
    return OK;
}

void tls_web_context_done(struct tls_web_context *c)
{
    SSL_CTX_free(c->ctx);
    c->ctx = NULL;
}

/* ---- sessions ---- */

static const char *rule_of(const struct tls_web *t, unsigned long code)
{
    if (ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        return X509_verify_cert_error_string(SSL_get_verify_result(t->ssl));
    }
    switch (ERR_GET_REASON(code)) {
    case SSL_R_HTTP_REQUEST:                        return "plain HTTP where TLS is spoken";
    case SSL_R_NO_APPLICATION_PROTOCOL:             return "no application protocol in common";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_NO_SHARED_CIPHER:                    return "no version or cipher in common";
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
    case SSL_R_BAD_RECORD_TYPE:                     return "a record does not decrypt";
    default:                                        break; /* of OpenSSL's several hundred */
    }
    return ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET ? "the peer sent an alert"
                                                        : "broken handshake or record";
}

static enum err err_of(unsigned long code)
{
    switch (ERR_GET_REASON(code)) {
    case SSL_R_NO_APPLICATION_PROTOCOL:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_NO_SHARED_CIPHER:                    return ERR_UNSUPPORTED;
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
    case SSL_R_BAD_RECORD_TYPE:                     return ERR_AUTH;
    default:                                        break;
    }
    return ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET ? ERR_DENIED : ERR_MALFORMED;
}

/* fail_ssl takes the reason from OpenSSL's queue, and empties that. */
static void fail_ssl(struct tls_web *t)
{
    unsigned long code = ERR_peek_error();
    const char *rule = rule_of(t, code);
    ERR_clear_error();
    fail(t, err_of(code), rule);
}

/* shake goes on with the handshake as far as the input lets it; true once it is over. */
static bool shake(struct tls_web *t)
{
    ERR_clear_error();
    int n = SSL_do_handshake(t->ssl);
    if (n == 1) {
        t->state = TLS_WEB_READY;
        budget_release(t->cfg.budget, t->reserved - TLS_WEB_MEM);
        t->reserved = TLS_WEB_MEM;
        return true;
    }
    if (SSL_get_error(t->ssl, n) != SSL_ERROR_WANT_READ) {
        fail_ssl(t);
    } else if (t->shaken == TLS_WEB_SHAKE_LEN_MAX) {
        fail(t, ERR_LIMIT, "the handshake is too long");
    }
    return false;
}

/* Letters, digits and what else stands in names of hosts and addresses; a dot in front would mean all names below. */
static bool is_host(struct span name)
{
    bool is_good = name.n > 0 && name.n <= TLS_WEB_NAME_LEN_MAX && name.p[0] != '.';
    for (size_t i = 0; is_good && i < name.n; i++) {
        uint8_t c = name.p[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        is_good =
            is_letter || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == ':';
    }
    return is_good;
}

/* SPEC RFC9525 §"6.1. Constructing a List of Reference Identifiers": the certificate has to hold the name that was dialled, or the
 * IP address if that was; nothing that the peer says changes it. */
MUST_CHECK static enum err set_name(struct tls_web *t, struct span name)
{
    char text[TLS_WEB_NAME_LEN_MAX + 1];
    if (!is_host(name)) {
        return ERR_MALFORMED;
    }
    memcpy(text, name.p, name.n);
    text[name.n] = 0;
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), text) == 1) {
        return OK;
    }
    ERR_clear_error();
    /* SPEC RFC9525 §"6.3. Matching the DNS Domain Name Portion": a wildcard stands for one whole label. */
    SSL_set_hostflags(t->ssl,
                      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    /* SPEC RFC6066 §"3. Server Name Indication": names are sent, IP addresses are not. */
    return SSL_set1_host(t->ssl, text) == 1 && SSL_set_tlsext_host_name(t->ssl, text) == 1
               ? OK
               : ERR_MALFORMED;
}

MUST_CHECK static enum err session_new(struct tls_web *t, const struct tls_web_cfg *cfg)
{
    t->ssl = SSL_new(cfg->context->ctx);
    if (!t->ssl) {
        return ERR_INTERNAL;
    }
    TRY(bio_attach(t));
    if (!cfg->is_client) {
        SSL_set_accept_state(t->ssl);
        return OK;
    }
    SSL_set_connect_state(t->ssl);
    TRY(set_name(t, cfg->name));
    (void)shake(t);
    return t->err;
}

enum err tls_web_init(struct tls_web *t, const struct tls_web_cfg *cfg)
{
    check(cfg->budget);
    check(cfg->context->ctx);
    *t = (struct tls_web){.cfg = *cfg};
    t->cfg.context = NULL;
    t->cfg.name = SPAN_EMPTY;
    buf_init(&t->out, cfg->budget, TLS_WEB_OUT_LEN_MAX);
    buf_init(&t->plain, cfg->budget, TLS_WEB_PLAIN_LEN_MAX);
    TRY(budget_reserve(cfg->budget, TLS_WEB_SHAKING_MEM, NULL));
    t->reserved = TLS_WEB_SHAKING_MEM;
    return session_new(t, cfg);
}

void tls_web_done(struct tls_web *t)
{
    if (!t->cfg.budget) {
        return;
    }
    SSL_free(t->ssl);
    BIO_meth_free(t->method);
    buf_done(&t->out);
    buf_done(&t->plain);
    if (t->reserved > 0) {
        budget_release(t->cfg.budget, t->reserved);
    }
    *t = (struct tls_web){.state = TLS_WEB_FAILED};
}

/* ---- bytes ---- */

void tls_web_let_go(struct tls_web *t)
{
    buf_clear(&t->plain);
    buf_trim(&t->plain);
}

/* open_record reads one record; false if more input is needed, or the channel is over. */
static bool open_record(struct tls_web *t)
{
    struct mspan room;
    size_t n = 0;
    buf_clear(&t->plain);
    if (buf_extend(&t->plain, &room, TLS_WEB_PLAIN_LEN_MAX) != OK) {
        fail(t, ERR_LIMIT, "over the memory budget");
        return false;
    }
    ERR_clear_error();
    int rc = SSL_read_ex(t->ssl, room.p, room.n, &n);
    buf_shrink(&t->plain, n);
    if (rc == 1) {
        return true;
    }
    switch (SSL_get_error(t->ssl, rc)) {
    case SSL_ERROR_WANT_READ:   break;
    case SSL_ERROR_ZERO_RETURN: t->state = TLS_WEB_ENDED; break;
    default:                    fail_ssl(t); break;
    }
    return false;
}

enum err tls_web_recv(struct tls_web *t, struct mspan *ret_data, struct span *in)
{
    t->in = *in;
    bool moves = true;
    buf_clear(&t->plain);
    while (moves && t->plain.n == 0 && t->state <= TLS_WEB_READY) {
        moves = t->state == TLS_WEB_SHAKING ? shake(t) : open_record(t);
    }
    *in = t->state <= TLS_WEB_READY ? t->in : SPAN_EMPTY;
    t->in = SPAN_EMPTY;
    *ret_data = mspan_of(t->plain.p, t->plain.n);
    if (t->plain.n == 0) {
        tls_web_let_go(t);
    }
    return t->state == TLS_WEB_ENDED ? ERR_CLOSED : t->err;
}

size_t tls_web_send(struct tls_web *t, struct mspan out)
{
    size_t len = span_copy(out, buf_span(&t->out));
    if (len > 0) {
        buf_consume(&t->out, len);
        buf_trim(&t->out);
    }
    return len;
}

bool tls_web_can_seal(const struct tls_web *t)
{
    bool is_up = t->state == TLS_WEB_READY || t->state == TLS_WEB_ENDED;
    return is_up && t->out.n == 0 && !t->said_goodbye;
}

size_t tls_web_seal(struct tls_web *t, struct mspan out, struct span plain)
{
    size_t n = 0;
    check(tls_web_can_seal(t));
    check(plain.n > 0);
    check(plain.n <= TLS_WEB_SEAL_LEN_MAX);
    check(plain.n + TLS_WEB_ROOM <= out.n);
    /* OpenSSL copies a record's plaintext before it writes the record, and each record is longer by less than 40 bytes: with
     * TLS_WEB_ROOM in front, what is written never reaches what is still to be read. */
    t->sink = out;
    t->sink_n = 0;
    ERR_clear_error();
    bool ok = SSL_write_ex(t->ssl, plain.p, plain.n, &n) == 1 && n == plain.n;
    size_t len = t->sink_n;
    t->sink = (struct mspan){0};
    t->sink_n = 0;
    if (!ok) {
        fail_ssl(t);
        return 0;
    }
    return len;
}

void tls_web_close(struct tls_web *t)
{
    if ((t->state == TLS_WEB_READY || t->state == TLS_WEB_ENDED) && !t->said_goodbye) {
        ERR_clear_error();
        (void)SSL_shutdown(t->ssl);
        ERR_clear_error();
        t->said_goodbye = true;
    }
}
