/* The muxer of a connection: yamux over a secured channel, or QUIC, which is both. */
#include "p2p/conn_mux.h"

enum err conn_mux_open(struct conn *c, uint32_t *ret_id, struct refusal *ret_refusal, void *user)
{
    if (c->quic) {
        return quic_open_stream(c->quic, ret_id, ret_refusal, user);
    }
    return yamux_open_stream(&c->yamux, ret_id, ret_refusal,
                             (struct yamux_open_args){.user = user, .now = c->now});
}

enum err conn_mux_accept(struct conn *c, uint32_t id, void *user)
{
    return c->quic ? quic_accept_stream(c->quic, id, user)
                   : yamux_accept_stream(&c->yamux, id, user);
}

size_t conn_mux_write(struct conn *c, uint32_t id, struct span data)
{
    return c->quic ? quic_write(c->quic, id, data) : yamux_write(&c->yamux, id, data);
}

size_t conn_mux_writable_len(const struct conn *c, uint32_t id)
{
    return c->quic ? quic_writable_len(c->quic, id) : yamux_writable_len(&c->yamux, id);
}

void conn_mux_finish(struct conn *c, uint32_t id)
{
    if (c->quic) {
        quic_finish(c->quic, id);
    } else {
        yamux_finish(&c->yamux, id);
    }
}

void conn_mux_reset(struct conn *c, uint32_t id, uint32_t code)
{
    if (c->quic) {
        quic_reset_stream(c->quic, id, code);
    } else {
        yamux_reset_stream(&c->yamux, id, code);
    }
}

void conn_mux_consume(struct conn *c, uint32_t id, size_t n)
{
    if (c->quic) {
        quic_consume(c->quic, id, n);
    } else {
        yamux_consume(&c->yamux, id, (struct yamux_consume_args){.n = n, .now = c->now});
    }
}
