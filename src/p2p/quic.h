#ifndef P2P_QUIC_H
#define P2P_QUIC_H

#include "base/budget.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/list.h"
#include "base/map.h"
#include "base/rng.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "p2p/certificate.h"
#include "p2p/peer_id.h"
#include "p2p/refusal.h"
#include "p2p/udp_addr.h"
#include "p2p/yamux.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* QUIC v1 as libp2p uses it (libp2p specs, quic/README.md; RFC 9000): one connection over datagrams, which is secured
 * by the certificates of certificate.h and carries many streams. Over ngtcp2, and GnuTLS for the handshake; both draw
 * their own randomness in part, so the simulator does not use it.
 *
 *   datagrams in  -> quic_recv -> quic_poll -> READY; then the events of a muxer, as yamux has them
 *   commands      -> quic_open_stream, quic_write, ... -> quic_send -> datagrams out
 *
 * A stream's reset ends both of its directions, as in yamux, so that whoever uses a connection need not know which it
 * is. Received bytes are kept until they are polled, and count against the stream's window until they are consumed;
 * written bytes are kept until the peer acknowledged them.
 *
 * Memory: all of ngtcp2's and ours is charged to cfg.budget byte by byte; QUIC_TLS_MEM stands for GnuTLS.
 *
 * Connection ids are the business of a struct quic_endpoint: one for all connections that share a socket. */

enum {
    QUIC_DATAGRAM_LEN_MAX = 1452, /* bytes that we send; paths that carry less are found out */
    QUIC_DATAGRAM_LEN_MIN = 1200, /* room that quic_send needs */
    QUIC_CID_LEN = 8,             /* bytes of the connection ids that we give */
    QUIC_CLOSED_COUNT = 256,      /* ids of ended connections that are remembered */
};

/* What is charged for GnuTLS's part of one connection, in bytes. */
#define QUIC_TLS_MEM ((size_t)32 * 1024)

struct ngtcp2_conn;
struct gnutls_session_int;
struct gnutls_certificate_credentials_st;
struct gnutls_priority_st;

/* What GnuTLS makes of the certificate of this process. */
struct quic_identity {
    struct gnutls_certificate_credentials_st *credentials;
    struct gnutls_priority_st *client;
    struct gnutls_priority_st *server;
};

/* quic_identity_init: ERR_INTERNAL if GnuTLS lacks what it should have. Safe for done. */
MUST_CHECK enum err quic_identity_init(struct quic_identity *id,
                                       const struct certificate_identity *certificate);
void quic_identity_done(struct quic_identity *id);

struct quic_datagram {
    struct udp_addr remote;
    struct span bytes;
    instant now;
};

/* ---- endpoint ---- */

struct quic_endpoint {
    struct budget *budget;
    struct rng *rng;
    struct map cids;    /* connection id -> struct quic */
    uint8_t secret[32]; /* of address validation */
    uint8_t closed[QUIC_CLOSED_COUNT][QUIC_CID_LEN];
    size_t closed_at;
    bool validates; /* new peers must show first that they receive at their address */
    uint64_t replies_count;
};

enum quic_verdict {
    QUIC_DROPPED, /* of no use */
    QUIC_FOUND,   /* *ret_quic is whose it is */
    QUIC_NEW,     /* a peer connects: quic_accept, or drop it */
    QUIC_REPLIED, /* reply holds an answer to send back */
};

void quic_endpoint_init(struct quic_endpoint *ep, struct budget *budget, struct rng *rng);
void quic_endpoint_done(struct quic_endpoint *ep);

/* quic_endpoint_look finds out whose datagram it is. An answer needs reply.n >= QUIC_DATAGRAM_LEN_MIN, and is never
 * longer than what it answers. */
struct quic;
struct quic_look {
    struct quic *quic;
    size_t reply_len;
};
enum quic_verdict quic_endpoint_look(struct quic_endpoint *ep,
                                     struct quic_look *ret_look,
                                     struct mspan reply,
                                     const struct quic_datagram *d);

/* ---- connection ---- */

struct quic_cfg {
    struct quic_endpoint *endpoint;       /* outlives the connection */
    const struct quic_identity *identity; /* outlives the connection */
    const struct peer_id *expected; /* who must answer; NULL or empty: whoever it is. Copied */
    uint64_t unix_s;                /* the time at which certificates are judged */
    struct rng *rng;
    struct budget *budget;   /* the connection's; outlives it */
    uint32_t streams_in_max; /* opened by the peer, at once */
    uint32_t window_max;     /* bytes that a stream's receive window may grow to */
    uint32_t queue_max;      /* bytes written to a stream and not acknowledged */
    uint64_t handshake_timeout_us;
    uint64_t keepalive_us; /* 0: QUIC_KEEPALIVE_US */
};

#define QUIC_KEEPALIVE_US                                                                          \
    (5 * US_PER_S)                   /* js-libp2p and rust-libp2p hang up after 10 s of silence */
#define QUIC_IDLE_US (30 * US_PER_S) /* silence after which we do */

/* The fields are the engine's own; streams are in quic_inside.h. */
struct quic {
    struct quic_cfg cfg;
    struct ngtcp2_conn *conn;
    struct gnutls_session_int *tls;
    struct {
        struct ngtcp2_conn *(*get_conn)(void *ref);
        void *user_data;
    } ref;                 /* laid out as ngtcp2_crypto_conn_ref, checked where it is used */
    void *mem[5];          /* laid out as ngtcp2_mem, likewise */
    uint8_t first_cid[20]; /* a listener's: what the peer called it first */
    uint8_t first_cid_len;
    bool is_client;
    bool has_reserved;
    struct peer_id expected;
    struct peer_id peer;
    struct map streams;
    struct list eventful; /* streams with events to poll */
    struct list sendable; /* streams with bytes or a FIN to send */
    struct quic_chunk *lent;
    uint32_t streams_in_count;
    bool is_ready;
    bool ready_waits;
    bool may_send; /* something happened since quic_send said nothing */
    bool is_closed;
    bool closed_waits;
    bool owes_close; /* a CONNECTION_CLOSE is to be sent */
    bool refused_waits;
    struct refusal refusal;
    uint64_t close_code; /* application error, or */
    int close_liberr;    /* not 0: of ngtcp2 */
    enum err verify_err;
    const char *verify_rule;
    enum err close_err;
    const char *close_rule;
    size_t burst_len;
    bool has_ticked;
    instant ticked_at; /* the last time that ngtcp2 was told */
    instant now;
};

/* quic_connect starts a connection to remote; quic_accept takes one that quic_endpoint_look found new. ERR_LIMIT:
 * memory; ERR_MALFORMED. q is safe for done afterwards, and must not move. */
MUST_CHECK enum err quic_connect(struct quic *q,
                                 const struct quic_cfg *cfg,
                                 const struct udp_addr *remote,
                                 instant now);
MUST_CHECK enum err
quic_accept(struct quic *q, const struct quic_cfg *cfg, const struct quic_datagram *first);
void quic_done(struct quic *q);

void quic_recv(struct quic *q, const struct quic_datagram *d);

/* quic_send writes one datagram into out (QUIC_DATAGRAM_LEN_MIN bytes or more) and says where it goes; 0: nothing
 * now. */
size_t quic_send(struct quic *q, instant now, struct udp_addr *ret_to, struct mspan out);
bool quic_has_output(const struct quic *q);

/* quic_poll: before anything else *ret_is_ready once, when peer has proven who it is; the rest are the events of a
 * muxer. Spans live until the next call. */
bool quic_poll(struct quic *q, struct yamux_event *ret_event, bool *ret_is_ready);
instant quic_deadline(const struct quic *q);
void quic_tick(struct quic *q, instant now);

/* quic_close ends the connection with an application error code, 0 in the ordinary way. */
void quic_close(struct quic *q, uint64_t code);

/* As in yamux.h. */
MUST_CHECK enum err
quic_open_stream(struct quic *q, uint32_t *ret_id, struct refusal *ret_refusal, void *user);
MUST_CHECK enum err quic_accept_stream(struct quic *q, uint32_t id, void *user);
size_t quic_write(struct quic *q, uint32_t id, struct span data);
size_t quic_writable_len(const struct quic *q, uint32_t id);
void quic_finish(struct quic *q, uint32_t id);
void quic_reset_stream(struct quic *q, uint32_t id, uint32_t code);
void quic_consume(struct quic *q, uint32_t id, size_t n);

/* quic_channel names this connection alike on both sides, for channel binding. ERR_STATE before it is ready. */
MUST_CHECK enum err quic_channel(const struct quic *q, struct hash32 *ret);

/* quic_rtt_us is the smoothed round trip, 0 = not known. */
uint64_t quic_rtt_us(const struct quic *q);

#endif
