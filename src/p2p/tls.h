#ifndef P2P_TLS_H
#define P2P_TLS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/rng.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "p2p/certificate.h"
#include "p2p/peer_id.h"
#include "p2p/signer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* libp2p's TLS 1.3 as a secure channel over a byte stream (libp2p specs, tls/tls.md): both sides show one
 * certificate that names them (certificate.h), and the muxer is chosen by ALPN where both sides can. The same shape
 * as noise.h, so that conn takes either.
 *
 * States:  SHAKING --Finished on both sides--> READY --close_notify of the peer--> ENDED
 *             \____ violation, wrong peer, no common protocol, deadline, end of input ___/--> FAILED
 *
 * A dialer is READY before the listener has judged its certificate: a refusal then comes as FAILED with an alert.
 *
 * OpenSSL works on memory: its input is the caller's span, its output goes straight into the caller's room. It draws
 * its own randomness, so a run with TLS does not repeat, and the simulator does not use it.
 *
 * Memory: sizeof(struct tls) and TLS_MEM, which is what OpenSSL was measured to hold for an idle session (18 to 20 KB)
 * with some room; its buffers of a record in each direction come and go. A record's plaintext while it is in the caller's hands. All charged to
 * cfg.budget. */

enum {
    TLS_PLAIN_LEN_MAX = 16384, /* bytes of plaintext in one record (RFC 8446 section 5.1) */
    TLS_RECORD_OVERHEAD =
        96, /* bytes: header, type and tag, and room for the answer to a key update */
    TLS_TIMEOUT_MS = 15000,  /* for the whole handshake */
    TLS_MUXERS_MAX = 4,      /* of our own list */
    TLS_OUT_LEN_MAX = 32768, /* bytes of handshake, answers and alerts not sent yet */
};

/* What is charged for OpenSSL's part of one session, in bytes. */
#define TLS_MEM ((size_t)24 * 1024)

/* No muxer was chosen in the handshake: negotiate it with multistream-select. */
#define TLS_MUXER_NONE SIZE_MAX

struct ssl_ctx_st;
struct ssl_st;

/* The certificate of this process, and the settings that all its sessions share. */
struct tls_identity {
    struct certificate_identity certificate;
    struct ssl_ctx_st *ctx;
};

/* tls_identity_init: the signer's errors; ERR_INTERNAL if OpenSSL lacks what it should have. Safe for done. */
MUST_CHECK enum err
tls_identity_init(struct tls_identity *id, struct signer *signer, struct rng *rng);
void tls_identity_done(struct tls_identity *id);

struct tls_cfg {
    bool is_client;
    const struct tls_identity *identity; /* outlives the engine */
    const struct span *muxers;           /* in order of preference; borrowed until done */
    size_t muxers_count;                 /* at most TLS_MUXERS_MAX */
    const struct peer_id *expected;      /* who must answer; NULL or empty: whoever it is. Copied */
    uint64_t unix_s;                     /* the time at which certificates are judged */
    struct budget *budget;               /* of the connection; outlives the engine */
    uint32_t timeout_ms;                 /* 0: TLS_TIMEOUT_MS */
};

enum tls_state { TLS_SHAKING, TLS_READY, TLS_ENDED, TLS_FAILED };

enum tls_event_kind {
    TLS_EVENT_READY, /* the peer is who it says: peer and muxer are set */
    TLS_EVENT_DATA,  /* plaintext */
    TLS_EVENT_ENDED, /* the peer said that it sends no more; we may go on sending */
    TLS_EVENT_FAILED, /* err and diag; send what tls_send still has, which is the alert, then close */
};

struct tls_event {
    enum tls_event_kind kind;
    struct peer_id peer; /* READY */
    size_t muxer;        /* READY: index in cfg.muxers, or TLS_MUXER_NONE */
    struct span data;    /* DATA, never empty. Lives until the next call of recv or poll */
    enum err
        err; /* FAILED: as certificate_verify; ERR_AUTH also another peer than expected, or a tag that does not
                   * hold; ERR_MALFORMED; ERR_UNSUPPORTED no version, cipher or application protocol in common;
                   * ERR_DENIED the peer refused us, by an alert; ERR_LIMIT; ERR_TIMEOUT; ERR_CLOSED */
    struct diag diag; /* FAILED */
};

struct tls {
    struct ssl_st *ssl;
    struct tls_cfg cfg;
    struct peer_id expected;
    struct peer_id peer;
    uint8_t protocols[128]; /* the client's ALPN list, each with its length in front */
    size_t protocols_len;
    struct span in;    /* what OpenSSL may read now */
    struct mspan sink; /* where it may write now; else to out */
    size_t sink_n;
    struct buf out;   /* not yet sent: handshake, answers, alerts */
    struct buf plain; /* the record in the caller's hands */
    instant deadline;
    enum tls_state state;
    bool has_reserved;
    bool ready_waits;
    bool end_waits; /* ENDED or FAILED */
    bool data_waits;
    bool more_input;
    bool said_goodbye;
    enum err verify_err;
    const char *verify_rule;
    enum err err;
    struct diag diag;
};

/* tls_init starts a handshake; the client's first message waits in tls_send at once. ERR_LIMIT if the budget cannot
 * hold it. After an error t is safe to give to tls_done. t must not move. */
MUST_CHECK enum err tls_init(struct tls *t, const struct tls_cfg *cfg, instant now);

/* tls_recv consumes records off *in until an event waits: poll all events, use their bytes, and call it again while
 * *in is not empty. Returns OK, also when it waits for more; after FAILED the reason, ERR_CLOSED after ENDED. */
enum err tls_recv(struct tls *t, instant now, struct span *in);

/* tls_recv_end tells that the peer will send nothing more. Without its close_notify that is a failure. */
void tls_recv_end(struct tls *t);

/* tls_send copies what the handshake, answers and alerts have to say into out; 0 = nothing. */
size_t tls_send(struct tls *t, instant now, struct mspan out);

/* tls_channel names this session alike on both sides, for channel binding. ERR_STATE before READY. */
MUST_CHECK enum err tls_channel(const struct tls *t, struct hash32 *ret);

/* tls_can_seal: the handshake is over and its bytes are out. */
bool tls_can_seal(const struct tls *t);

/* tls_plain_room is where in out the plaintext of one record goes; empty if out is too small for any. */
struct mspan tls_plain_room(struct mspan out);

/* tls_seal makes a record of the first plain_len bytes of that room at the front of out, and returns its length; 0 if
 * the channel failed, or has to send something else first. */
size_t tls_seal(struct tls *t, struct mspan out, size_t plain_len);

/* tls_close says close_notify, behind what was sealed; then tls_send gives it. Idempotent. */
void tls_close(struct tls *t);

bool tls_poll(struct tls *t, struct tls_event *ret_event);
instant tls_deadline(const struct tls *t);
void tls_tick(struct tls *t, instant now);
void tls_done(struct tls *t);

#endif
