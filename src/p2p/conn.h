#ifndef P2P_CONN_H
#define P2P_CONN_H

#include "base/budget.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/list.h"
#include "base/rng.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "p2p/multistream.h"
#include "p2p/noise.h"
#include "p2p/peer_id.h"
#include "p2p/quic.h"
#include "p2p/refusal.h"
#include "p2p/security.h"
#include "p2p/tls.h"
#include "p2p/yamux.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* conn: one transport connection, from its first byte to streams whose protocol is agreed. It nests
 * the engines and has their shape (libp2p specs, connections/README.md, "Connection Upgrade"):
 *
 *   bytes --> multistream (/noise, /tls/1.0.0) --> noise or tls --> muxer: chosen in the handshake, or multistream
 *         --> yamux --> a multistream for each stream --> streams with a protocol
 *
 * States:  SELECT_SECURITY --> SECURING --> [SELECT_MUXER] --> READY --> CLOSED
 *          \___________ violation, deadline, end of input ____________/
 *
 * This is the secure, multiplexed connection that the host sees, whatever is below: the host calls conn_*
 * and nothing of noise, TLS or yamux. Other stacks join here, not in the host: noise or TLS is a switch in
 * conn_secure.c, WebSocket comes as bytes that are unwrapped already, and QUIC, which brings security and
 * streams of its own, takes yamux's place in conn_mux.c and works on datagrams: conn_recv_datagram and
 * conn_send_datagram instead of conn_recv and conn_send. Switches, no table of functions: there are
 * two of each, known when we compile, and a reader can follow the call.
 *
 * Round trips until the dialer's first application byte is answered: multistream and noise message 1
 * leave together; noise message 3, yamux's SYN, the stream's proposal and, for a protocol that the
 * peer is known to speak, the application's bytes leave together. With TCP's own that makes 3, and so it is with TLS
 * in noise's place. A dialer with two security protocols must wait for the answer to the first: one more.
 *
 * Memory: sizeof(struct conn), noise's two ciphers or TLS_MEM, yamux's tables; one frame's buffer while a frame is
 * partial or its content undelivered. All charged to cfg.budget. */

/* The protocols that streams of the peer may select; the owner may change the table between calls. An
 * entry that is no longer served stays, with an id that nobody proposes. */
struct conn_protocols {
    const struct span *ids;
    size_t count; /* >= 1 */
};

struct conn_cfg {
    bool is_dialer;
    const struct noise_identity *identity; /* outlives the connection */
    const struct tls_identity *tls;        /* likewise; needed if SECURITY_TLS is listed */
    uint64_t unix_s;                       /* the time at which certificates are judged */
    enum security
        security[SECURITY_COUNT];   /* in order of preference; a listener takes any of them */
    size_t security_count;          /* 0: noise */
    const struct peer_id *expected; /* who must answer, NULL = whoever it is; copied by init */
    const struct conn_protocols *protocols; /* outlives the connection */
    struct rng *rng;                        /* outlives the connection */
    struct budget *budget;                  /* scope "connection"; outlives the connection */
    struct budget *credit;                  /* see yamux_cfg */
    uint32_t streams_max;                   /* the following as in yamux_cfg; 0 = its default */
    uint32_t streams_in_max;
    uint32_t window_max;
    uint32_t queue_max;
    uint64_t keepalive_us;
    struct quic_endpoint *endpoint;    /* QUIC: outlives the connection; NULL: over a byte stream */
    const struct quic_identity *quic;  /* QUIC: likewise */
    const struct udp_addr *remote;     /* QUIC, dialer: whom; used by init only */
    const struct quic_datagram *first; /* QUIC, listener: what came first; used by init only */
    uint64_t handshake_timeout_us;     /* from init to READY */
    uint64_t stream_timeout_us;        /* to agree on a stream's protocol */
};

enum conn_state { CONN_SELECT_SECURITY, CONN_SECURING, CONN_SELECT_MUXER, CONN_READY, CONN_CLOSED };

enum conn_event_kind {
    CONN_EVENT_READY,           /* peer has proven who it is; streams may be opened */
    CONN_EVENT_STREAM_OPENED,   /* stream: its protocol is agreed; inbound tells who opened it */
    CONN_EVENT_STREAM_DATA,     /* stream, data */
    CONN_EVENT_STREAM_FIN,      /* stream: the peer sends no more */
    CONN_EVENT_STREAM_WRITABLE, /* stream: a write that was cut short can go on */
    CONN_EVENT_STREAM_CLOSED, /* stream: finished on both sides; the object is gone after this event */
    CONN_EVENT_STREAM_RESET, /* stream, err, rule, code: the object is gone after this event */
    CONN_EVENT_REFUSED,      /* refusal: a stream of the peer was refused */
    CONN_EVENT_CLOSED, /* err, rule. The last event; streams still open end without one of their own */
};

/* A stream whose protocol is being agreed or is agreed. Owned by the connection; the pointer is good
 * from open or OPENED until CLOSED, RESET, conn_stream_reset or the connection's CLOSED. */
struct conn_stream {
    uint32_t id;
    bool inbound;
    bool is_open;         /* the protocol is agreed */
    bool is_proposed;     /* in the lazy form */
    bool can_write;       /* agreed or lazily proposed, and the negotiation's own bytes are out */
    bool wants_writable;  /* a write before can_write */
    bool close_write_due; /* asked for before can_write */
    struct span protocol; /* the agreed or proposed id */
    void *user;           /* the owner's */
    struct conn_select *select; /* while it is being agreed, and its bytes are not all sent */
    struct list in_selecting;
    struct list in_streams;
};

struct conn_event {
    enum conn_event_kind kind;
    struct conn_stream *stream;
    void *user; /* of the stream: still valid with RESET and CLOSED */
    struct peer_id peer;
    struct span data; /* lives until the next call */
    struct refusal refusal;
    enum err err;
    const char *rule; /* static text */
    uint32_t code;
};

/* A negotiation in progress, allocated only as long as it lasts. */
struct conn_select {
    struct multistream_cfg cfg;
    struct multistream engine;
    struct span one; /* the dialer's single protocol */
};

struct conn {
    struct conn_cfg cfg;
    enum conn_state state;
    struct peer_id expected;
    struct peer_id peer;
    struct conn_select *select; /* of the security protocol or of the muxer */
    enum security security;     /* agreed, or proposed */
    struct span security_ids[SECURITY_COUNT];
    size_t security_ids_count;
    union {
        struct noise noise;
        struct tls tls;
    } secure;
    struct yamux yamux;
    struct quic *quic; /* in place of all of these, if it is set */
    struct span plain; /* decrypted, not yet given to the muxer; lies in the channel's buffer */
    struct span rest;  /* application bytes behind a stream's negotiation; likewise */
    struct conn_stream *rest_stream;
    struct conn_stream *gone; /* freed when its last event has been seen */
    struct list selecting;    /* streams in negotiation, oldest first */
    struct list streams;      /* all of them */
    struct conn_event event;
    bool has_event;
    struct buf staged; /* a sealed frame for outputs too small to seal in */
    size_t staged_at;
    instant deadline; /* of the handshake */
    instant now;
    bool secure_is_up;
    bool yamux_is_up;
    enum err close_err;
    const char *close_rule;
    bool closed_reported;
    uint32_t streams_count;
};

/* conn_init starts the upgrade; the first bytes wait in conn_send. ERR_LIMIT: budget; c is safe for done. */
MUST_CHECK enum err conn_init(struct conn *c, const struct conn_cfg *cfg, instant now);
void conn_done(struct conn *c);

/* conn_recv takes bytes off *in until an event waits. ERR_CLOSED: the rest is of no use. */
enum err conn_recv(struct conn *c, instant now, struct span *in);

/* conn_recv_end tells that the peer sends nothing more: CLOSED follows. */
void conn_recv_end(struct conn *c);

/* conn_send fills out; frames are sealed in place if out is large (64 KiB and more is best). */
size_t conn_send(struct conn *c, instant now, struct mspan out);

/* conn_recv_datagram and conn_send_datagram are for connections over QUIC; the latter as quic_send. */
void conn_recv_datagram(struct conn *c, const struct quic_datagram *d);
size_t conn_send_datagram(struct conn *c, instant now, struct udp_addr *ret_to, struct mspan out);
bool conn_has_output(const struct conn *c);

bool conn_poll(struct conn *c, struct conn_event *ret_event);
instant conn_deadline(const struct conn *c);
void conn_tick(struct conn *c, instant now);

/* conn_rtt_us is the round trip as the muxer measured it; 0 = not known. */
uint64_t conn_rtt_us(const struct conn *c);

/* conn_security_name and conn_muxer_name are words for what was agreed, or is proposed: "noise", "tls"; "yamux", "quic". Static. */
const char *conn_security_name(const struct conn *c);
const char *conn_muxer_name(const struct conn *c);

/* conn_channel names this connection alike on both sides and unlike any other, for channel binding: Noise's handshake hash,
 * or what TLS exports. ERR_STATE before READY. */
MUST_CHECK enum err conn_channel(const struct conn *c, struct hash32 *ret);

/* conn_close ends the connection in an orderly way; what is queued is dropped, a go-away is sent. */
void conn_close(struct conn *c);

struct conn_open_args {
    struct span protocol; /* borrowed until the stream is gone */
    bool lazy;            /* the peer is known to speak it */
    void *user;
};

/* conn_open_stream: ERR_STATE before READY, ERR_CLOSED, ERR_LIMIT with *ret_refusal (may be NULL). */
MUST_CHECK enum err conn_open_stream(struct conn *c,
                                     struct conn_stream **ret_stream,
                                     struct refusal *ret_refusal,
                                     struct conn_open_args args);

/* As in yamux.h. Before the protocol is agreed (and not lazy) a write takes 0; WRITABLE follows OPENED. */
size_t conn_stream_write(struct conn *c, struct conn_stream *s, struct span data);
size_t conn_stream_writable_len(const struct conn *c, const struct conn_stream *s);
void conn_stream_close_write(struct conn *c, struct conn_stream *s);
void conn_stream_reset(struct conn *c, struct conn_stream *s, uint32_t code);
void conn_stream_consume(struct conn *c, struct conn_stream *s, size_t n);

#endif
