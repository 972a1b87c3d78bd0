/* Datagrams of a host: which connection they belong to, and what a connection over QUIC sends. */
#include "base/check.h"
#include "p2p/host_state.h"

/* From this share of its handshakes on, the host has new peers show that they receive at their address. */
enum { VALIDATE_ABOVE = 2 /* a half */ };

enum { PUNCH_LEN = 64 /* bytes of a datagram that only opens the way */ };

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
        host_share(h, hc);
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
    return hc && (hc->is_punching || (hc->conn_is_made && hc->conn.quic));
}

/* ---- hole punching: datagrams that nobody is to understand ---- */

void host_punch_start(struct host *h, struct host_conn *hc, const struct udp_addr *to)
{
    hc->is_punching = true;
    hc->punch_to = *to;
    hc->punch_until = instant_add(h->now, hc->dial->timeout_us);
    host_punch_tick(h, hc);
}

void host_punch_tick(struct host *h, struct host_conn *hc)
{
    if (hc->state != HOST_CONN_DIALING) {
        return;
    }
    if (instant_reached(hc->punch_until, h->now)) {
        host_conn_close(h, hc, ERR_TIMEOUT, "the peer did not come through");
        return;
    }
    hc->punch_due = true;
    if (!list_is_linked(&hc->in_sendable)) {
        list_add_last(&h->sendable, &hc->in_sendable);
    }
    /* SPEC libp2p/dcutr §"The Protocol": a packet every 10 to 200 ms, at random. */
    uint64_t us = 10 * US_PER_MS + rng_below(h->cfg.rng, 190 * US_PER_MS + 1);
    check(heap_add(&h->timers, &hc->timer.node, instant_add(h->now, us)) == OK);
}

static size_t punch(struct host *h, struct host_conn *hc, struct udp_addr *ret_to, struct mspan out)
{
    if (!hc->punch_due || hc->state != HOST_CONN_DIALING) {
        return 0;
    }
    hc->punch_due = false;
    struct mspan room = mspan_first(out, PUNCH_LEN);
    rng_fill(h->cfg.rng, room);
    *ret_to = hc->punch_to;
    h->bytes_out += room.n;
    return room.n;
}

size_t host_datagram_send(
    struct host *h, instant now, host_link link, struct udp_addr *ret_to, struct mspan out)
{
    h->now = now;
    struct host_conn *hc = host_conn_find(h, link);
    if (hc && hc->is_punching) {
        return punch(h, hc, ret_to, out);
    }
    if (!hc || !hc->conn_is_made || hc->state == HOST_CONN_DEAD) {
        return 0;
    }
    size_t n = conn_send_datagram(&hc->conn, now, ret_to, out);
    h->bytes_out += n;
    host_conn_touch(h, hc);
    return n;
}
