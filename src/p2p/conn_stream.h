#ifndef P2P_CONN_STREAM_H
#define P2P_CONN_STREAM_H

#include "p2p/conn.h"

/* The streams of a connection and their negotiation: shared by conn.c and conn_stream.c only. */

/* conn_report puts the one event that waits to be polled. */
void conn_report(struct conn *c, struct conn_event e);

/* conn_on_yamux answers one event of the muxer, which may or may not become one of the connection's. */
void conn_on_yamux(struct conn *c, const struct yamux_event *e);

/* conn_check_selecting ends the oldest negotiation if its time is over; false if none was. */
bool conn_check_selecting(struct conn *c);

/* conn_stream_free drops the object; the muxer's stream is the caller's to end. */
void conn_stream_free(struct conn *c, struct conn_stream *s);

/* conn_select_new makes a negotiation: a dialer's for one protocol, or one over protocols. */
struct conn_select_args {
    struct span one; /* the dialer's; empty: protocols */
    bool is_dialer;  /* over protocols */
    bool lazy;
    const struct span *protocols; /* borrowed */
    size_t protocols_count;
    uint64_t timeout_us;
};
MUST_CHECK enum err
conn_select_new(struct conn *c, struct conn_select **ret_select, struct conn_select_args args);
void conn_select_free(struct conn *c, struct conn_select *s);

#endif
