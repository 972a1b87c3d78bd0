/* Datagrams of a host: which connection they belong to, and what a connection over QUIC sends. */
#include "base/check.h"
#include "p2p/host_state.h"

/* From this share of its handshakes on, the host has new peers show that they receive at their address. */
enum { VALIDATE_ABOVE = 2 /* a half */ };

static struct host_conn *conn_of(const struct quic *q)
{
    /* The engine lies in memory of its own; its connection is found over the budget that both have. */
    return list_entry(q->cfg.budget, struct host_conn, budget);
}

size_t host_datagram_recv(struct host *h, const struct host_datagram *d, struct mspan reply)
{
    if (h->cfg.unix_s == 0) {
        return 0;
    }
    h->now = d->now;
    h->bytes_in += d->bytes.n;
    h->endpoint.validates =
        h->conns_transient_count >= h->limits.conns_transient_max / VALIDATE_ABOVE;
    struct quic_datagram datagram = {.remote = *d->remote, .bytes = d->bytes, .now = d->now};
    struct quic_look look;
    struct host_conn *hc;
    switch (quic_endpoint_look(&h->endpoint, &look, reply, &datagram)) {
    case QUIC_DROPPED: return 0;
    case QUIC_FOUND:
        hc = conn_of(look.quic);
        conn_recv_datagram(&hc->conn, &datagram);
        host_conn_touch(h, hc);
        return 0;
    case QUIC_NEW:     host_conn_accept(h, &datagram); return 0;
    case QUIC_REPLIED: h->bytes_out += look.reply_len; return look.reply_len;
    }
    return 0;
}

bool host_link_is_datagram(const struct host *h, host_link link)
{
    const struct host_conn *hc = host_conn_find(h, link);
    return hc && hc->conn_is_made && hc->conn.quic;
}

size_t host_datagram_send(
    struct host *h, instant now, host_link link, struct udp_addr *ret_to, struct mspan out)
{
    h->now = now;
    struct host_conn *hc = host_conn_find(h, link);
    if (!hc || !hc->conn_is_made || hc->state == HOST_CONN_DEAD) {
        return 0;
    }
    size_t n = conn_send_datagram(&hc->conn, now, ret_to, out);
    h->bytes_out += n;
    host_conn_touch(h, hc);
    return n;
}
