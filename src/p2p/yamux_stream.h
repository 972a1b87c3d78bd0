#ifndef P2P_YAMUX_STREAM_H
#define P2P_YAMUX_STREAM_H

#include "p2p/yamux.h"

/* One stream of a yamux connection and its queue: shared by yamux.c (receiving, commands) and
 * yamux_send.c (what goes out, in which order). Nothing else includes this. */

/* Queued bytes; one chunk becomes one data frame. */
struct yamux_chunk {
    struct yamux_chunk *next;
    struct budget
        *budget; /* whose charge it is: the stream's, or the connection's once it is being sent */
    size_t cap;
    size_t n;
    size_t at; /* bytes already sent */
    uint8_t bytes[];
};

struct yamux_stream {
    uint32_t id;
    void *user;
    struct list in_control;
    struct list in_sendable;
    struct list in_writable; /* in yamux.writable or yamux.closed */
    struct budget budget;
    struct yamux_chunk *queue_first;
    struct yamux_chunk *queue_last;
    size_t queued;
    uint32_t send_window; /* what may still be queued */
    uint32_t window;      /* receive side, see yamux_stream_info */
    uint32_t recv_window;
    uint32_t unconsumed;
    uint32_t credit;
    uint32_t delta;      /* announced in the next window update */
    instant credited_at; /* when credit was last announced, or the stream opened */
    uint32_t reset_code;
    bool is_ours;
    bool syn_due;
    bool ack_due;
    bool rst_due;   /* a dead stream, kept only until its RST is sent */
    bool acked;     /* by the peer if ours, by the owner if the peer's */
    bool local_fin; /* asked for */
    bool fin_sent;
    bool remote_fin;
    bool wants_writable;
};

/* yamux_stream_find gives a live stream or NULL: one that waits for its RST is not live. */
struct yamux_stream *yamux_stream_find(const struct yamux *y, uint32_t id);

/* yamux_stream_free takes the stream out of every list and the table. */
void yamux_stream_free(struct yamux *y, struct yamux_stream *s);

/* yamux_stream_check_closed lists a stream whose two sides are finished for its last event. */
void yamux_stream_check_closed(struct yamux *y, struct yamux_stream *s);

/* yamux_stream_check_writable lists a stream whose owner waits and that has room again. */
void yamux_stream_check_writable(struct yamux *y, struct yamux_stream *s);

void yamux_stream_drop_queue(struct yamux_stream *s);

/* yamux_stream_owe puts the stream among those with a control frame to send. */
void yamux_stream_owe(struct yamux *y, struct yamux_stream *s);

void yamux_chunk_free(struct yamux_chunk *c);

/* yamux_stream_room is how many bytes the window and the queue allow. */
size_t yamux_stream_room(const struct yamux *y, const struct yamux_stream *s);

#endif
