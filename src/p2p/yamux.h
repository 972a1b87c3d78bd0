#ifndef P2P_YAMUX_H
#define P2P_YAMUX_H

#include "base/budget.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/list.h"
#include "base/map.h"
#include "base/span.h"
#include "p2p/refusal.h"
#include "p2p/yamux_frame.h"

#include <stdbool.h>
#include <stdint.h>

/* yamux: many streams over one reliable byte pipe (libp2p/yamux). Sans-IO engine.
 *
 *   bytes in  -> yamux_recv -> yamux_poll -> OPENED, DATA, FIN, RESET, WRITABLE, STREAM_CLOSED
 *   commands  -> yamux_open_stream, yamux_write, ... -> yamux_send -> bytes out
 *
 * Received bytes are never copied: a DATA event shows them where they lie in the input. The owner gives
 * the credit back with yamux_consume once it has dealt with them; what a peer may have outstanding is
 * bounded by the stream's window. A window starts at 256 KiB and doubles, up to window_max, while the
 * owner consumes half of it within two round trips (measured by pings); each growth is reserved in the
 * credit budget first.
 *
 * Written bytes are copied into chunks that exist only until they are sent. So an idle connection
 * holds struct yamux, the stream table and nothing else: about 1 KiB and 400 bytes a stream.
 *
 * Sending never gates receiving: window updates, pings, acknowledgements and resets go ahead of data,
 * and are bounded by the number of streams, PONGS_MAX and RESETS_MAX; a peer that makes us owe more
 * than that loses the connection. */

enum {
    YAMUX_WINDOW_INITIAL = 256 * 1024, /* bytes, for each direction of every stream, by the spec */
    YAMUX_PONGS_MAX = 32,              /* pings of the peer not yet answered */
    YAMUX_RESETS_MAX = 1024,           /* refused streams whose reset is not sent yet */
};

enum yamux_go_away { YAMUX_GO_AWAY_NORMAL, YAMUX_GO_AWAY_PROTOCOL, YAMUX_GO_AWAY_INTERNAL };

struct yamux_cfg {
    bool client; /* opened the connection: odd stream ids */
    struct budget
        *budget; /* the connection's scope: streams and queued bytes; outlives the engine */
    struct budget
        *credit; /* receive windows beyond the initial ones, in promised bytes; NULL = never grow */
    uint32_t streams_max;    /* both directions together */
    uint32_t streams_in_max; /* opened by the peer */
    uint32_t
        backlog_max; /* streams not yet acknowledged, each direction; the spec's practice is 256 */
    uint32_t window_max;      /* bytes, >= YAMUX_WINDOW_INITIAL, < 2^31 */
    uint32_t queue_max;       /* bytes queued for sending on one stream */
    uint32_t frame_len_max;   /* payload bytes of one data frame that we send; practice is 16 KiB */
    uint64_t keepalive_us;    /* a ping after this long; 0 = only the first, for the round trip */
    uint64_t ping_timeout_us; /* silence after a ping that ends the connection; 0 = never */
    uint64_t map_seed[2];     /* random, so that a peer cannot choose colliding stream ids */
};

/* yamux_cfg_default has the limits of the field: 1000 streams in, 2000 together, backlog 256, windows to
 * 16 MiB, queues of 256 KiB, frames of 16 KiB, pings every 30 s with 20 s to answer. */
struct yamux_cfg yamux_cfg_default(bool client, struct budget *budget);

enum yamux_event_kind {
    YAMUX_EVENT_OPENED, /* by the peer: answer with yamux_accept_stream or yamux_reset_stream */
    YAMUX_EVENT_DATA,   /* data holds the next bytes of the stream, until the next call */
    YAMUX_EVENT_FIN,    /* the peer will send no more on this stream */
    YAMUX_EVENT_RESET, /* by the peer: the stream is gone; code is its reason, 0 if none; last event */
    YAMUX_EVENT_WRITABLE, /* a yamux_write that was cut short can go on */
    YAMUX_EVENT_STREAM_CLOSED, /* both sides have finished and all is sent: the stream is gone; last event */
    YAMUX_EVENT_REFUSED, /* a stream of the peer was refused and reset: refusal says why */
    YAMUX_EVENT_GO_AWAY, /* the peer takes no new streams; code is its reason */
    YAMUX_EVENT_CLOSED,  /* the connection is over: err and rule say why. The last event of all */
};

struct yamux_event {
    enum yamux_event_kind kind;
    uint32_t stream_id;
    void *user; /* of the stream, as set by yamux_open_stream or yamux_accept_stream */
    struct span data;
    uint32_t code;
    struct refusal refusal;
    enum err err;
    const char *rule; /* static text */
};

struct yamux_stream;
struct yamux_chunk;

/* The fields are the engine's own; tests and metrics read them. */
struct yamux {
    struct yamux_cfg cfg;
    struct map streams; /* id -> struct yamux_stream */
    uint32_t next_id;
    uint32_t streams_in_count;
    uint32_t unacked_in_count;  /* opened by the peer, not accepted by the owner yet */
    uint32_t unacked_out_count; /* opened by us, not acknowledged by the peer yet */
    struct list control;        /* streams that owe a window update, SYN, ACK, or RST */
    struct list sendable;       /* streams with queued bytes or a FIN to send, round robin */
    struct list writable;       /* streams whose owner waits to hear that it can write */
    struct list closed;         /* streams whose last event is due */

    /* input */
    uint8_t rx_header[YAMUX_HEADER_LEN];
    uint8_t rx_header_n;
    bool rx_fin;                    /* the frame in progress carries FIN */
    uint32_t rx_left;               /* payload bytes of it still to come */
    struct yamux_stream *rx_stream; /* whose payload it is; NULL = drained */
    struct yamux_event event;
    bool has_event;

    /* output */
    uint8_t tx_header[YAMUX_HEADER_LEN];
    uint8_t tx_header_at; /* bytes of it already written; YAMUX_HEADER_LEN = none waits */
    struct yamux_chunk *tx_chunk;
    uint32_t pongs[YAMUX_PONGS_MAX];
    uint32_t pongs_count;
    uint32_t *resets; /* ids, YAMUX_RESETS_MAX at most; allocated while some wait */
    uint32_t resets_count;
    uint32_t resets_cap;

    /* round trip and keep-alive */
    bool ping_due; /* to be sent */
    bool ping_out; /* sent, not answered */
    uint32_t ping_value;
    instant ping_sent_at;
    instant ping_next_at;
    instant ping_fails_at;
    instant received_at;
    uint64_t rtt_us; /* of the last ping, at least 1; 0 = not known yet */

    instant retry_at; /* a write found no memory: its owner may try again then */
    instant now;      /* the latest time seen */

    bool go_away_received;
    bool go_away_due;
    uint32_t go_away_code;
    bool is_closed;
    bool closed_reported;
    enum err close_err;
    const char *close_rule;

    uint64_t refused_count;
    uint64_t growth_refused_count;
    uint64_t bytes_in;  /* payload delivered */
    uint64_t bytes_out; /* payload accepted for sending */
};

/* yamux_init builds the engine in place; it asks at once for a first ping. ERR_LIMIT if a limit in cfg
 * makes no sense (zero streams, a window under the initial one). */
MUST_CHECK enum err yamux_init(struct yamux *y, const struct yamux_cfg *cfg, instant now);

/* yamux_done frees everything; safe on a zeroed object and twice. Streams' owners hear nothing more. */
void yamux_done(struct yamux *y);

/* yamux_recv takes bytes off the front of *in and stops early when an event waits: poll, then call
 * again with the rest. ERR_CLOSED once the connection is over: the rest is of no use. */
enum err yamux_recv(struct yamux *y, instant now, struct span *in);

/* yamux_send writes what is to be said into out, at most out.n bytes, and returns how many; frames may
 * be cut anywhere. 0 = nothing to say. After CLOSED at most a go-away comes. */
size_t yamux_send(struct yamux *y, instant now, struct mspan out);

/* yamux_has_output: would yamux_send write anything? */
bool yamux_has_output(const struct yamux *y);

/* yamux_poll gives the next event. data points into the input of the last yamux_recv. */
bool yamux_poll(struct yamux *y, struct yamux_event *ret_event);

instant yamux_deadline(const struct yamux *y);
void yamux_tick(struct yamux *y, instant now);

/* yamux_open_stream opens a stream at once; bytes may be written before the peer acknowledges it. user
 * comes back in its events. ERR_LIMIT with *ret_refusal (may be NULL) at a limit, ERR_CLOSED after a
 * go-away or close. */
struct yamux_open_args {
    void *user;
    instant now;
};
MUST_CHECK enum err yamux_open_stream(struct yamux *y,
                                      uint32_t *ret_id,
                                      struct refusal *ret_refusal,
                                      struct yamux_open_args args);

/* yamux_accept_stream acknowledges a stream that the peer opened. ERR_NOT_FOUND if it is gone. */
MUST_CHECK enum err yamux_accept_stream(struct yamux *y, uint32_t stream_id, void *user);

/* yamux_write copies as much of data as the stream's window, its queue and the budget allow and returns
 * that count, which may be 0; the caller goes on after YAMUX_EVENT_WRITABLE. 0 also for a stream that is
 * unknown, finished or reset: see yamux_is_writable. */
size_t yamux_write(struct yamux *y, uint32_t stream_id, struct span data);

/* yamux_writable_len is how many bytes yamux_write would take now, budget aside. */
size_t yamux_writable_len(const struct yamux *y, uint32_t stream_id);

/* yamux_finish says that no more will be written: FIN follows the queued bytes. Idempotent. */
void yamux_finish(struct yamux *y, uint32_t stream_id);

/* yamux_reset_stream ends the stream in both directions at once and drops what is queued; no event
 * follows. code is a u32 for the peer, 0 = none. Unknown ids are ignored. */
void yamux_reset_stream(struct yamux *y, uint32_t stream_id, uint32_t code);

/* yamux_consume returns credit for n bytes of DATA events that the owner has dealt with. n must not
 * exceed what was delivered and not consumed. Ignored for streams that are gone. */
struct yamux_consume_args {
    size_t n;
    instant now;
};
void yamux_consume(struct yamux *y, uint32_t stream_id, struct yamux_consume_args args);

/* yamux_ping asks for a round-trip measurement; at most one is under way. */
void yamux_ping(struct yamux *y, instant now);

/* yamux_close ends the connection with a go-away; a CLOSED event with OK follows. */
void yamux_close(struct yamux *y, enum yamux_go_away code);

/* What a stream holds, for tests, metrics and invariants:
 * window == recv_window + unconsumed + credit at every moment. */
struct yamux_stream_info {
    uint32_t window;      /* size now agreed for receiving */
    uint32_t recv_window; /* what the peer may still send, as announced or about to be */
    uint32_t unconsumed;  /* received, not consumed */
    uint32_t credit;      /* consumed, not announced */
    uint32_t send_window; /* what we may still queue */
    size_t queued;        /* bytes waiting to be sent */
    bool local_fin;
    bool remote_fin;
    bool acked;
};
bool yamux_stream_info(const struct yamux *y,
                       struct yamux_stream_info *ret_info,
                       uint32_t stream_id);

#endif
