#ifndef P2P_CONN_MUX_H
#define P2P_CONN_MUX_H

#include "p2p/conn.h"

/* The muxer of a connection, yamux or QUIC: a switch. Shared by conn*.c only; each is as in yamux.h. */

MUST_CHECK enum err
conn_mux_open(struct conn *c, uint32_t *ret_id, struct refusal *ret_refusal, void *user);
MUST_CHECK enum err conn_mux_accept(struct conn *c, uint32_t id, void *user);
size_t conn_mux_write(struct conn *c, uint32_t id, struct span data);
size_t conn_mux_writable_len(const struct conn *c, uint32_t id);
void conn_mux_finish(struct conn *c, uint32_t id);
void conn_mux_reset(struct conn *c, uint32_t id, uint32_t code);
void conn_mux_consume(struct conn *c, uint32_t id, size_t n);

#endif
