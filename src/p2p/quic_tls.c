/* The handshake of a QUIC connection: GnuTLS through ngtcp2's helper. What it is told: TLS 1.3 alone, one certificate
 * of ours, the peer's is ours to judge. */
#include "p2p/quic_inside.h"

#include "base/check.h"
#include "base/secret.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>

/* AES-128-GCM first: GnuTLS is eleven times as fast with it as with ChaCha20. A compatibility mode that sends a session
 * id is forbidden in QUIC (RFC 9001 section 8.4). */
#define PRIORITY                                                                                   \
    "NONE:+VERS-TLS1.3:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:+AEAD:+GROUP-X25519:"          \
    "+GROUP-SECP256R1:+GROUP-SECP384R1:+SIGN-ALL:+CTYPE-X509:%DISABLE_TLS13_COMPAT_MODE"

static_assert(sizeof(((struct quic *)0)->ref) == sizeof(ngtcp2_crypto_conn_ref), "same layout");
static_assert(offsetof(ngtcp2_crypto_conn_ref, user_data) == sizeof(void (*)(void)), "same layout");

enum err quic_identity_init(struct quic_identity *id,
                            const struct certificate_identity *certificate)
{
    *id = (struct quic_identity){0};
    uint8_t der[CERTIFICATE_LEN_MAX];
    uint8_t key[CERTIFICATE_KEY_LEN];
    (void)span_copy(MSPAN_OF(der), span_of(certificate->bytes, certificate->len));
    certificate_key_encode(key, certificate);
    const gnutls_datum_t der_datum = {.data = der, .size = (unsigned)certificate->len};
    const gnutls_datum_t key_datum = {.data = key, .size = sizeof key};
    bool ok = gnutls_certificate_allocate_credentials(&id->credentials) == 0 &&
              gnutls_certificate_set_x509_key_mem(id->credentials, &der_datum, &key_datum,
                                                  GNUTLS_X509_FMT_DER) == 0 &&
              gnutls_priority_init(&id->client, PRIORITY, NULL) == 0 &&
              gnutls_priority_init(&id->server, PRIORITY ":%SERVER_PRECEDENCE", NULL) == 0;
    wipe(MSPAN_OF(key));
    return ok ? OK : ERR_INTERNAL;
}

void quic_identity_done(struct quic_identity *id)
{
    if (id->credentials) {
        gnutls_certificate_free_credentials(id->credentials);
    }
    if (id->client) {
        gnutls_priority_deinit(id->client);
    }
    if (id->server) {
        gnutls_priority_deinit(id->server);
    }
    *id = (struct quic_identity){0};
}

static ngtcp2_conn *conn_of(ngtcp2_crypto_conn_ref *ref)
{
    return ((struct quic *)ref->user_data)->conn;
}

MUST_CHECK static enum err judge(struct quic *q)
{
    unsigned count = 0;
    const gnutls_datum_t *list = gnutls_certificate_get_peers(q->tls, &count);
    /* SPEC libp2p/quic §"Peer Authentication": certificates are those of libp2p's TLS, one on each side. */
    if (!list || count != 1) {
        q->verify_rule = "not exactly one certificate";
        return ERR_MALFORMED;
    }
    TRY(certificate_verify(&q->peer, &q->verify_rule, span_of(list[0].data, list[0].size),
                           q->cfg.unix_s));
    if (q->expected.n > 0 && !peer_id_equal(&q->expected, &q->peer)) {
        q->verify_rule = "peer is another than the one dialed";
        return ERR_AUTH;
    }
    return OK;
}

static int on_certificate(gnutls_session_t session)
{
    const ngtcp2_crypto_conn_ref *ref = gnutls_session_get_ptr(session);
    struct quic *q = ref->user_data;
    q->verify_err = judge(q);
    return q->verify_err == OK ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

enum err quic_tls_new(struct quic *q)
{
    /* SPEC libp2p/quic §"ALPN": the one protocol is libp2p; each stream negotiates its own. */
    static const uint8_t name[] = {'l', 'i', 'b', 'p', '2', 'p'};
    uint8_t copy[sizeof name];
    (void)span_copy(MSPAN_OF(copy), SPAN_OF(name));
    const gnutls_datum_t alpn = {.data = copy, .size = sizeof copy};
    unsigned role = q->is_client ? GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT : GNUTLS_SERVER;
    ngtcp2_crypto_conn_ref *ref = (ngtcp2_crypto_conn_ref *)(void *)&q->ref;
    ref->get_conn = conn_of;
    ref->user_data = q;
    if (gnutls_init(&q->tls, role | GNUTLS_NO_TICKETS) != 0) {
        return ERR_INTERNAL;
    }
    const struct quic_identity *id = q->cfg.identity;
    bool ok = gnutls_priority_set(q->tls, q->is_client ? id->client : id->server) == 0 &&
              (q->is_client ? ngtcp2_crypto_gnutls_configure_client_session(q->tls)
                            : ngtcp2_crypto_gnutls_configure_server_session(q->tls)) == 0 &&
              gnutls_credentials_set(q->tls, GNUTLS_CRD_CERTIFICATE, id->credentials) == 0 &&
              gnutls_alpn_set_protocols(q->tls, &alpn, 1, GNUTLS_ALPN_MANDATORY) == 0;
    gnutls_session_set_ptr(q->tls, ref);
    gnutls_session_set_verify_function(q->tls, on_certificate);
    if (!q->is_client) {
        gnutls_certificate_server_set_request(q->tls, GNUTLS_CERT_REQUIRE);
    }
    return ok ? OK : ERR_INTERNAL;
}

enum err quic_channel(const struct quic *q, struct hash32 *ret)
{
    /* As tls.c has it: RFC 9266 holds for the TLS 1.3 inside QUIC too. */
    static const char label[] = "EXPORTER-Channel-Binding";
    if (!q->is_ready || !q->tls) {
        return ERR_STATE;
    }
    return gnutls_prf_rfc5705(q->tls, sizeof label - 1, label, 0, "", sizeof ret->bytes,
                              (char *)ret->bytes) == 0
               ? OK
               : ERR_INTERNAL;
}

void quic_tls_done(struct quic *q)
{
    if (q->tls) {
        gnutls_deinit(q->tls);
        q->tls = NULL;
    }
}

bool quic_tls_is_libp2p(const struct quic *q)
{
    gnutls_datum_t chosen = {0};
    return gnutls_alpn_get_selected_protocol(q->tls, &chosen) == 0 &&
           span_equal(span_of(chosen.data, chosen.size), SPAN_LIT("libp2p"));
}
