/*~ libp2p's TLS over OpenSSL: libp2p specs, tls/tls.md. OpenSSL sees no socket: a BIO of ours lets it read from the
 * span that tls_recv was given, and write into the room of tls_seal or into a bounded buffer. Who the peer is was
 * decided in certificate.c before OpenSSL goes on with the handshake. */
#include "p2p/tls.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/wr.h"

#define ERR_STATE OPENSSL_ERR_STATE_TYPE
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#undef ERR_STATE

#include <string.h>

static const struct span PLAIN_PROTOCOL = {(const uint8_t *)"libp2p", 6};

static struct tls *tls_of(const SSL *ssl)
{
    return SSL_get_ex_data(ssl, 0);
}

static void fail(struct tls *t, enum err err, const char *rule)
{
    if (t->state == TLS_FAILED) {
        return;
    }
    t->state = TLS_FAILED;
    t->err = diag_set(&t->diag, err, rule, 0);
    t->ready_waits = false;
    t->data_waits = false;
    t->end_waits = true;
    t->deadline = INSTANT_NEVER;
    buf_done(&t->plain);
}

/* ---- the BIO ---- */

static int bio_read(BIO *bio, char *data, size_t len, size_t *ret_n)
{
    struct tls *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    struct span got = span_take(&t->in, len);
    if (got.n == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    *ret_n = span_copy(mspan_of(data, len), got);
    return 1;
}

static int bio_write(BIO *bio, const char *data, size_t len, size_t *ret_n)
{
    struct tls *t = BIO_get_data(bio);
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

MUST_CHECK static enum err bio_attach(struct tls *t)
{
    /* A method for each session would cost an allocation each; it is made with the identity and stays there. */
    const BIO_METHOD *method = SSL_CTX_get_ex_data(t->cfg.identity->ctx, 0);
    BIO *bio = BIO_new(method);
    if (!bio) {
        return ERR_INTERNAL;
    }
    BIO_set_data(bio, t);
    SSL_set_bio(t->ssl, bio, bio);
    return OK;
}

static BIO_METHOD *bio_method_new(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "passmesh");
    if (m) {
        (void)BIO_meth_set_read_ex(m, bio_read);
        (void)BIO_meth_set_write_ex(m, bio_write);
        (void)BIO_meth_set_ctrl(m, bio_ctrl);
        (void)BIO_meth_set_create(m, bio_create);
    }
    return m;
}

/* ---- who the peer is ---- */

/* The alert that OpenSSL sends for an error of verification. */
static int x509_error_of(enum err e)
{
    if (e == ERR_TIMEOUT) {
        return X509_V_ERR_CERT_HAS_EXPIRED;
    }
    return e == ERR_UNSUPPORTED ? X509_V_ERR_INVALID_PURPOSE : X509_V_ERR_CERT_REJECTED;
}

MUST_CHECK static enum err judge(struct tls *t, X509_STORE_CTX *store)
{
    /* SPEC libp2p/tls §"Peer Authentication": exactly one certificate. */
    if (sk_X509_num(X509_STORE_CTX_get0_untrusted(store)) != 1) {
        t->verify_rule = "more than one certificate";
        return ERR_MALFORMED;
    }
    unsigned char *der = NULL;
    int len = i2d_X509(X509_STORE_CTX_get0_cert(store), &der);
    if (len < 0) {
        t->verify_rule = "the certificate is malformed";
        return ERR_MALFORMED;
    }
    enum err e =
        certificate_verify(&t->peer, &t->verify_rule, span_of(der, (size_t)len), t->cfg.unix_s);
    OPENSSL_free(der);
    TRY(e);
    /* SPEC libp2p/tls §"libp2p Public Key Extension": a client that meant somebody else leaves. */
    if (t->expected.n > 0 && !peer_id_equal(&t->expected, &t->peer)) {
        t->verify_rule = "peer is another than the one dialed";
        return ERR_AUTH;
    }
    return OK;
}

static int on_certificate(X509_STORE_CTX *store, void *unused)
{
    (void)unused;
    struct tls *t = tls_of(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    t->verify_err = judge(t, store);
    X509_STORE_CTX_set_error(store, t->verify_err == OK ? X509_V_OK : x509_error_of(t->verify_err));
    return t->verify_err == OK;
}

/* ---- ALPN ---- */

/* muxer_index is where an application protocol stands in our list: muxers_count for "libp2p", more if it does not. */
static size_t muxer_index(const struct tls *t, struct span protocol)
{
    for (size_t i = 0; i < t->cfg.muxers_count; i++) {
        if (span_equal(t->cfg.muxers[i], protocol)) {
            return i;
        }
    }
    return t->cfg.muxers_count + !span_equal(protocol, PLAIN_PROTOCOL);
}

/* SPEC libp2p/connections §"Multiplexer Negotiation over TLS": the server takes the first of the client's list that it
 * speaks. SPEC libp2p/tls §"ALPN": with none in common it ends the handshake. */
static int on_alpn(SSL *ssl,
                   const unsigned char **ret_out,
                   unsigned char *ret_len,
                   const unsigned char *in,
                   unsigned int len,
                   void *unused)
{
    (void)unused;
    const struct tls *t = tls_of(ssl);
    struct span rest = span_of(in, len);
    while (rest.n > 0) {
        size_t n = span_take(&rest, 1).p[0];
        struct span protocol = span_take(&rest, n);
        if (protocol.n > 0 && muxer_index(t, protocol) <= t->cfg.muxers_count) {
            *ret_out = protocol.p;
            *ret_len = (unsigned char)protocol.n;
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* SPEC libp2p/connections §"Multiplexer Negotiation over TLS": the client's list is its muxers and then "libp2p". */
MUST_CHECK static enum err offer_protocols(struct tls *t)
{
    struct wr w = wr_init(MSPAN_OF(t->protocols));
    for (size_t i = 0; i <= t->cfg.muxers_count; i++) {
        struct span p = i < t->cfg.muxers_count ? t->cfg.muxers[i] : PLAIN_PROTOCOL;
        check(p.n <= UINT8_MAX);
        wr_u8(&w, (uint8_t)p.n);
        wr_bytes(&w, p);
    }
    TRY(wr_end(&w));
    return SSL_set_alpn_protos(t->ssl, t->protocols, (unsigned)w.n) == 0 ? OK : ERR_INTERNAL;
}

/* ---- identity and session ---- */

MUST_CHECK static enum err set_certificate(SSL_CTX *ctx, const struct certificate_identity *id)
{
    uint8_t key[CERTIFICATE_KEY_LEN];
    certificate_key_encode(key, id);
    bool ok = SSL_CTX_use_certificate_ASN1(ctx, (int)id->len, id->bytes) == 1 &&
              SSL_CTX_use_PrivateKey_ASN1(EVP_PKEY_EC, ctx, key, sizeof key) == 1;
    wipe(MSPAN_OF(key));
    return ok ? OK : ERR_INTERNAL;
}

MUST_CHECK static enum err set_rules(SSL_CTX *ctx)
{
    char groups[] = "X25519:P-256";
    char signatures[] = "ECDSA+SHA256:ed25519:RSA-PSS+SHA256"; /* what certificate_verify knows */
    /* SPEC libp2p/tls §"Handshake Protocol": 1.3 and nothing below, so neither renegotiation nor compression exist. */
    bool ok = SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
              SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
              SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:"
                                            "TLS_AES_256_GCM_SHA384") == 1 &&
              SSL_CTX_set1_groups_list(ctx, groups) == 1 &&
              SSL_CTX_set1_sigalgs_list(ctx, signatures) == 1 &&
              SSL_CTX_set_num_tickets(ctx, 0) ==
                  1; /* a session that came back would skip the certificate */
    (void)SSL_CTX_set_options(ctx,
                              SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    (void)SSL_CTX_clear_options(ctx, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, on_certificate, NULL);
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
    return ok ? OK : ERR_INTERNAL;
}

enum err tls_identity_init(struct tls_identity *id, struct signer *signer, struct rng *rng)
{
    *id = (struct tls_identity){0};
    TRY(certificate_identity_init(&id->certificate, signer, rng));
    BIO_METHOD *method = bio_method_new();
    id->ctx = SSL_CTX_new(TLS_method());
    if (!method || !id->ctx || SSL_CTX_set_ex_data(id->ctx, 0, method) != 1) {
        BIO_meth_free(method);
        return ERR_INTERNAL;
    }
    TRY(set_certificate(id->ctx, &id->certificate));
    return set_rules(id->ctx);
}

void tls_identity_done(struct tls_identity *id)
{
    if (id->ctx) {
        BIO_METHOD *method = SSL_CTX_get_ex_data(id->ctx, 0);
        SSL_CTX_free(id->ctx);
        BIO_meth_free(method);
    }
    certificate_identity_done(&id->certificate);
    *id = (struct tls_identity){0};
}

static const char *rule_of(const struct tls *t, unsigned long code)
{
    if (t->verify_err != OK) {
        return t->verify_rule ? t->verify_rule : "the certificate is refused";
    }
    switch (ERR_GET_REASON(code)) {
    case SSL_R_NO_APPLICATION_PROTOCOL:             return "no application protocol in common";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_NO_SHARED_CIPHER:                    return "no version or cipher in common";
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:   return "the peer shows no certificate";
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
    case SSL_R_BAD_RECORD_TYPE:                     return "a record does not decrypt";
    default:                                        break; /* of OpenSSL's several hundred */
    }
    return ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET ? "the peer sent an alert"
                                                        : "broken handshake or record";
}

static enum err err_of(const struct tls *t, unsigned long code)
{
    if (t->verify_err != OK) {
        return t->verify_err;
    }
    switch (ERR_GET_REASON(code)) {
    case SSL_R_NO_APPLICATION_PROTOCOL:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_NO_SHARED_CIPHER:                    return ERR_UNSUPPORTED;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
    case SSL_R_BAD_RECORD_TYPE:                     return ERR_AUTH;
    default:                                        break;
    }
    return ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET ? ERR_DENIED : ERR_MALFORMED;
}

/* fail_ssl takes the reason from OpenSSL's queue, and empties that. */
static void fail_ssl(struct tls *t)
{
    unsigned long code = ERR_peek_error();
    enum err e = err_of(t, code);
    const char *rule = rule_of(t, code);
    ERR_clear_error();
    fail(t, e, rule);
}

static void become_ready(struct tls *t)
{
    const unsigned char *p;
    unsigned len;
    SSL_get0_alpn_selected(t->ssl, &p, &len);
    if (muxer_index(t, span_of(p, len)) > t->cfg.muxers_count) {
        /* SPEC libp2p/tls §"ALPN": a peer that does not name libp2p is not one. */
        fail(t, ERR_UNSUPPORTED, "no application protocol in common");
        return;
    }
    t->state = TLS_READY;
    t->deadline = INSTANT_NEVER;
    t->ready_waits = true;
}

/* shake goes on with the handshake as far as the input lets it. */
static void shake(struct tls *t)
{
    ERR_clear_error();
    int n = SSL_do_handshake(t->ssl);
    if (n == 1) {
        become_ready(t);
    } else if (SSL_get_error(t->ssl, n) != SSL_ERROR_WANT_READ) {
        fail_ssl(t);
    }
}

MUST_CHECK static enum err session_new(struct tls *t)
{
    t->ssl = SSL_new(t->cfg.identity->ctx);
    if (!t->ssl || SSL_set_ex_data(t->ssl, 0, t) != 1) {
        return ERR_INTERNAL;
    }
    TRY(bio_attach(t));
    if (!t->cfg.is_client) {
        SSL_set_accept_state(t->ssl);
        return OK;
    }
    SSL_set_connect_state(t->ssl);
    /* SPEC libp2p/tls §"Future Extensibility": no server name is sent, and the one of a client is not looked at. */
    return offer_protocols(t);
}

enum err tls_init(struct tls *t, const struct tls_cfg *cfg, instant now)
{
    check(cfg->budget);
    check(cfg->muxers_count <= TLS_MUXERS_MAX);
    uint32_t timeout_ms = cfg->timeout_ms ? cfg->timeout_ms : TLS_TIMEOUT_MS;
    *t = (struct tls){.cfg = *cfg, .deadline = instant_add(now, timeout_ms * US_PER_MS)};
    if (cfg->expected) {
        t->expected = *cfg->expected;
    }
    t->cfg.expected = NULL;
    buf_init(&t->out, cfg->budget, TLS_OUT_LEN_MAX);
    buf_init(&t->plain, cfg->budget, TLS_PLAIN_LEN_MAX);
    TRY(budget_reserve(cfg->budget, TLS_MEM, NULL));
    t->has_reserved = true;
    TRY(session_new(t));
    if (cfg->is_client) {
        shake(t);
    }
    return OK;
}

void tls_done(struct tls *t)
{
    if (!t->cfg.budget) {
        return;
    }
    SSL_free(t->ssl);
    buf_done(&t->out);
    buf_done(&t->plain);
    if (t->has_reserved) {
        budget_release(t->cfg.budget, TLS_MEM);
    }
    *t = (struct tls){.state = TLS_FAILED};
}

/* ---- bytes ---- */

/* let_go gives the record's buffer back unless more records are on their way. */
static void let_go(struct tls *t)
{
    buf_clear(&t->plain);
    if (!t->more_input) {
        buf_trim(&t->plain);
    }
}

/* open_record reads one record; false if more input is needed, or the channel is over. */
static bool open_record(struct tls *t)
{
    struct mspan room;
    size_t n = 0;
    if (buf_extend(&t->plain, &room, TLS_PLAIN_LEN_MAX) != OK) {
        fail(t, ERR_LIMIT, "over the memory budget");
        return false;
    }
    ERR_clear_error();
    int rc = SSL_read_ex(t->ssl, room.p, room.n, &n);
    buf_shrink(&t->plain, n);
    if (rc == 1) {
        t->data_waits = n > 0;
        return true;
    }
    switch (SSL_get_error(t->ssl, rc)) {
    case SSL_ERROR_WANT_READ: break;
    case SSL_ERROR_ZERO_RETURN:
        t->state = TLS_ENDED;
        t->end_waits = true;
        break;
    default: fail_ssl(t); break;
    }
    return false;
}

static bool event_waits(const struct tls *t)
{
    return t->ready_waits || t->data_waits || t->end_waits;
}

enum err tls_recv(struct tls *t, instant now, struct span *in)
{
    tls_tick(t, now);
    t->in = *in;
    t->more_input = in->n > 0;
    bool moves = true;
    while (moves && !event_waits(t) && (t->state == TLS_SHAKING || t->state == TLS_READY)) {
        let_go(t);
        if (t->state == TLS_SHAKING) {
            shake(t);
            moves = t->state != TLS_SHAKING;
        } else {
            moves = open_record(t);
        }
    }
    if (t->state == TLS_ENDED || t->state == TLS_FAILED) {
        t->in = SPAN_EMPTY;
    }
    *in = t->in;
    t->in = SPAN_EMPTY;
    t->more_input = in->n > 0;
    if (!event_waits(t)) {
        let_go(t);
    }
    return t->state == TLS_ENDED ? ERR_CLOSED : t->err;
}

void tls_recv_end(struct tls *t)
{
    if (t->state == TLS_SHAKING) {
        fail(t, ERR_CLOSED, "peer closed within the handshake");
    } else if (t->state == TLS_READY) {
        /* SPEC RFC8446 §"6.1. Closure Alerts": an end without close_notify may be an attacker's cut. */
        fail(t, ERR_CLOSED, "peer closed without saying so");
    }
}

size_t tls_send(struct tls *t, instant now, struct mspan out)
{
    tls_tick(t, now);
    size_t len = span_copy(out, buf_span(&t->out));
    if (len > 0) {
        buf_consume(&t->out, len);
        buf_trim(&t->out);
    }
    return len;
}

bool tls_can_seal(const struct tls *t)
{
    bool is_up = t->state == TLS_READY || t->state == TLS_ENDED;
    return is_up && t->out.n == 0 && !t->said_goodbye;
}

struct mspan tls_plain_room(struct mspan out)
{
    if (out.n <= TLS_RECORD_OVERHEAD) {
        return (struct mspan){0};
    }
    return mspan_first(mspan_from(out, TLS_RECORD_OVERHEAD), TLS_PLAIN_LEN_MAX);
}

size_t tls_seal(struct tls *t, struct mspan out, size_t plain_len)
{
    struct mspan room = tls_plain_room(out);
    size_t n = 0;
    check(plain_len > 0);
    check(plain_len <= room.n);
    if (!tls_can_seal(t)) {
        return 0;
    }
    /* OpenSSL copies a record's plaintext before it writes the record, so both may lie in out. */
    t->sink = out;
    t->sink_n = 0;
    ERR_clear_error();
    bool ok = SSL_write_ex(t->ssl, room.p, plain_len, &n) == 1 && n == plain_len;
    size_t len = t->sink_n;
    t->sink = (struct mspan){0};
    t->sink_n = 0;
    if (!ok) {
        fail_ssl(t);
    }
    return len;
}

void tls_close(struct tls *t)
{
    if ((t->state == TLS_READY || t->state == TLS_ENDED) && !t->said_goodbye) {
        ERR_clear_error();
        (void)SSL_shutdown(t->ssl);
        ERR_clear_error();
        t->said_goodbye = true;
    }
}

bool tls_poll(struct tls *t, struct tls_event *ret_event)
{
    if (t->ready_waits) {
        t->ready_waits = false;
        const unsigned char *p;
        unsigned len;
        SSL_get0_alpn_selected(t->ssl, &p, &len);
        size_t muxer = muxer_index(t, span_of(p, len));
        *ret_event =
            (struct tls_event){.kind = TLS_EVENT_READY,
                               .peer = t->peer,
                               .muxer = muxer < t->cfg.muxers_count ? muxer : TLS_MUXER_NONE};
        return true;
    }
    if (t->data_waits) {
        t->data_waits = false;
        *ret_event = (struct tls_event){.kind = TLS_EVENT_DATA, .data = buf_span(&t->plain)};
        return true;
    }
    if (t->end_waits) {
        t->end_waits = false;
        bool failed = t->state == TLS_FAILED;
        *ret_event = (struct tls_event){
            .kind = failed ? TLS_EVENT_FAILED : TLS_EVENT_ENDED, .err = t->err, .diag = t->diag};
        return true;
    }
    let_go(t);
    return false;
}

enum err tls_channel(const struct tls *t, struct hash32 *ret)
{
    /* SPEC RFC9266 §"2. The tls-exporter Channel Binding Type": the label of "tls-exporter", an empty context, 32 bytes. */
    static const char label[] = "EXPORTER-Channel-Binding";
    if (t->state != TLS_READY) {
        return ERR_STATE;
    }
    return SSL_export_keying_material(t->ssl, ret->bytes, sizeof ret->bytes, label,
                                      sizeof label - 1, (const unsigned char *)"", 0, 1) == 1
               ? OK
               : ERR_INTERNAL;
}

instant tls_deadline(const struct tls *t)
{
    return t->deadline;
}

void tls_tick(struct tls *t, instant now)
{
    if (instant_reached(t->deadline, now)) {
        fail(t, ERR_TIMEOUT, "handshake took too long");
    }
}
