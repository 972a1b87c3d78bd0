#ifndef P2P_PING_H
#define P2P_PING_H

#include "base/err.h"
#include "base/instant.h"
#include "base/rng.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ping (libp2p specs, ping/ping.md): the dialer sends 32 random bytes, the listener sends them back,
 * and the dialer may go on with further ones on the same stream. No lengths, no headers.
 *
 * Memory: sizeof(struct ping). */

enum {
    PING_LEN = 32,
    PING_TIMEOUT_MS = 10000, /* for one answer */
    PING_STREAMS_IN_MAX = 2, /* of one peer: what a listener should accept */
};

#define PING_PROTOCOL "/ipfs/ping/1.0.0"

enum ping_event_kind {
    PING_EVENT_PONG,     /* dialer: rtt_us; ping_start may be called again */
    PING_EVENT_FINISHED, /* the peer has closed, with nothing under way: close the writing side */
    PING_EVENT_FAILED,   /* err and diag: reset the stream */
};

struct ping_event {
    enum ping_event_kind kind;
    uint64_t rtt_us;
    enum err err; /* ERR_MALFORMED wrong bytes came back, ERR_TIMEOUT, ERR_CLOSED in the middle */
    struct diag diag;
};

enum ping_state {
    PING_IDLE,    /* dialer: nothing under way; listener: always here while all is well */
    PING_WAITING, /* dialer: for the answer */
    PING_FINISHED,
    PING_FAILED,
};

struct ping {
    uint8_t bytes[PING_LEN]; /* dialer: what it sent; listener: a ring of what it owes */
    uint8_t received_count;  /* dialer: bytes of the answer; listener: bytes in the ring */
    uint8_t sent_count;      /* dialer: bytes out; listener: start of the ring */
    bool is_dialer;
    bool peer_ended;
    bool pong_event_waits;
    bool end_event_waits; /* FINISHED or FAILED */
    enum ping_state state;
    instant started_at; /* dialer: when the last byte went out */
    instant deadline;
    uint64_t rtt_us;
    enum err err;
    struct diag diag;
};

void ping_init(struct ping *p, bool is_dialer);

/* ping_start begins one round with fresh bytes from rng: ERR_STATE if one is under way, or not a dialer. */
MUST_CHECK enum err ping_start(struct ping *p, struct rng *rng, instant now);

/* The engine's verbs. A listener takes no more input than it has room to answer: drain ping_send, then
 * give it the rest. */
enum err ping_recv(struct ping *p, instant now, struct span *in);
void ping_recv_end(struct ping *p);
size_t ping_send(struct ping *p, instant now, struct mspan out);
bool ping_poll(struct ping *p, struct ping_event *ret_event);
instant ping_deadline(const struct ping *p);
void ping_tick(struct ping *p, instant now);
void ping_done(struct ping *p);

#endif
