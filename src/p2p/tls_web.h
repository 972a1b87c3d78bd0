#ifndef P2P_TLS_WEB_H
#define P2P_TLS_WEB_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* TLS as the web has it, for WebSockets (/tls/ws): a server shows a certificate for its name, and a client judges it by the
 * CAs that it trusts. Who the peer is in libp2p's sense is not said here: Noise or libp2p's TLS (tls.h) runs inside.
 *
 *     SHAKING --Finished on both sides--> READY --close_notify of the peer--> ENDED
 *         \____ violation, a certificate that does not hold, too long a handshake ____/--> FAILED
 *
 * OpenSSL works on memory, as in tls.h, and draws its own randomness. Time is the caller's to keep: nothing here waits for ever
 * but the peer's silence. Certificates are judged by the clock of the system.
 *
 * Memory: sizeof(struct tls_web); TLS_WEB_SHAKING_MEM until the handshake is over, TLS_WEB_MEM from then on, for what OpenSSL
 * holds: a hello that claims to be long takes the first; an idle server was measured to hold 15 KB, and a client, which keeps the
 * chain, 24 KB. One record's plaintext while it is in the caller's hands; what is not sent yet. All charged to cfg.budget. A
 * context is outside of it: one or two in a process. */

enum {
    TLS_WEB_PLAIN_LEN_MAX = 16384, /* bytes of plaintext in one record (RFC 8446 section 5.1) */
    TLS_WEB_ROOM = 4096,           /* bytes in front of what is sealed */
    TLS_WEB_SEAL_LEN_MAX =
        100 *
        16384, /* plaintext of one tls_web_seal: each record costs less than 40 bytes of that room */
    TLS_WEB_SHAKE_LEN_MAX = 32768, /* bytes of the peer's handshake */
    TLS_WEB_OUT_LEN_MAX = 65536,   /* bytes of handshake, answers and alerts not sent yet */
    TLS_WEB_PEM_LEN_MAX = 65536,   /* bytes of a file */
    TLS_WEB_NAME_LEN_MAX = 253,    /* of a host, without a zero */
};

#define TLS_WEB_SHAKING_MEM ((size_t)128 * 1024)
#define TLS_WEB_MEM         ((size_t)32 * 1024)

struct bio_method_st;
struct ssl_ctx_st;
struct ssl_st;

/* What sessions share. They keep what they need of it: it may be replaced while they go on. */
struct tls_web_context {
    struct ssl_ctx_st *ctx; /* NULL: there is none */
};

/* tls_web_context_serve makes c one of a server, in place of what it was: its chain in PEM, its own certificate first, and the key
 * for that, without a passphrase. Both are read within the call. ERR_MALFORMED with the rule, which is static: no certificate, no
 * key, or a key for another certificate. After an error c is what it was. */
MUST_CHECK enum err tls_web_context_serve(struct tls_web_context *c,
                                          const char **ret_rule,
                                          struct span chain,
                                          struct span key);

/* tls_web_context_dial makes c one of clients that trust the CAs in PEM; empty: those of the system, as OpenSSL finds them
 * (SSL_CERT_FILE and SSL_CERT_DIR count). ERR_MALFORMED: there is no certificate in it. */
MUST_CHECK enum err tls_web_context_dial(struct tls_web_context *c, struct span cas);

void tls_web_context_done(struct tls_web_context *c);

struct tls_web_cfg {
    const struct tls_web_context *context; /* used by init only */
    bool is_client;
    /* Client: whom the certificate has to name, a host's name or an IP address in text. Copied. */
    struct span name;
    struct budget *budget; /* outlives the engine */
};

enum tls_web_state { TLS_WEB_SHAKING, TLS_WEB_READY, TLS_WEB_ENDED, TLS_WEB_FAILED };

struct tls_web {
    struct ssl_st *ssl;
    struct bio_method_st *method;
    struct tls_web_cfg cfg;
    struct span in;    /* what OpenSSL may read now */
    struct mspan sink; /* where it may write now; else to out */
    size_t sink_n;
    struct buf out;   /* not yet sent: handshake, answers, alerts */
    struct buf plain; /* the record in the caller's hands */
    size_t shaken;    /* bytes of the peer's handshake */
    size_t reserved;
    enum tls_web_state state;
    bool said_goodbye;
    enum err err;
    const char *rule; /* static text: why it failed */
};

/* tls_web_init starts a handshake; a client's first message waits in tls_web_send at once. ERR_LIMIT; ERR_MALFORMED: the name can
 * be nobody's. After an error t is safe for done. t must not move. */
MUST_CHECK enum err tls_web_init(struct tls_web *t, const struct tls_web_cfg *cfg);
void tls_web_done(struct tls_web *t);

/* tls_web_recv takes bytes off the front of *in, up to the end of a record with plaintext, which is *ret_data: the caller may
 * change it, and it lives until the next call of recv or let_go. Empty: there was none. Call it until *in is empty. ERR_CLOSED: the
 * peer sends no more. After any other error, which stays, with t->rule: send what tls_web_send still has, which is the alert, and
 * close. ERR_AUTH: a certificate or tag does not hold; ERR_UNSUPPORTED: no version or cipher in common; ERR_DENIED: the peer
 * refused us, by an alert; ERR_MALFORMED; ERR_LIMIT. */
MUST_CHECK enum err tls_web_recv(struct tls_web *t, struct mspan *ret_data, struct span *in);

/* tls_web_let_go gives back the memory of the record that was handed out last. */
void tls_web_let_go(struct tls_web *t);

/* tls_web_send copies what handshake, answers and alerts have to say into out; 0 = nothing. */
size_t tls_web_send(struct tls_web *t, struct mspan out);

/* tls_web_can_seal: the handshake is over and its bytes are out. */
bool tls_web_can_seal(const struct tls_web *t);

/* tls_web_seal makes records of plain, which lies in out behind at least TLS_WEB_ROOM bytes, or elsewhere, at the front of out;
 * 0 < plain.n <= TLS_WEB_SEAL_LEN_MAX, and out has TLS_WEB_ROOM bytes more than that. Returns their length; 0 if the channel
 * failed. Only when tls_web_can_seal. */
size_t tls_web_seal(struct tls_web *t, struct mspan out, struct span plain);

/* tls_web_close says close_notify, behind what was sealed; then tls_web_send gives it. Idempotent. */
void tls_web_close(struct tls_web *t);

#endif
