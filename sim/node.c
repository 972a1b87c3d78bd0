/* One simulated node: the driver that carries out what its host asks for, and an application that sends
 * messages, checks those it gets, and watches the host's manners. */
#include "base/arith.h"
#include "base/check.h"
#include "p2p/yamux_stream.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

#define MESSAGE_PROTOCOL "/sim/message/1"

enum { LAZY_LUMP = 96 * 1024 };

static uint8_t payload_byte(uint32_t message, uint32_t at)
{
    return (uint8_t)(message * 31 + at * 7 + (at >> 8));
}

struct span node_addr(uint8_t ret_addr[static 32], uint32_t i)
{
    struct wr w = wr_init(mspan_of(ret_addr, 32));
    uint8_t ip[4] = {10, 0, (uint8_t)(i >> 8), (uint8_t)i};
    multiaddr_write(&w, MULTIADDR_IP4, SPAN_OF(ip));
    multiaddr_write_port(&w, MULTIADDR_TCP, 4001);
    check(wr_ok(&w));
    return span_of(ret_addr, w.n);
}

static uint32_t index_of(const struct sim_world *w, const struct sim_node *n)
{
    return (uint32_t)(n - w->nodes);
}

static uint32_t index_of_peer(const struct sim_world *w, const struct peer_id *peer)
{
    const struct sim_node *n = map_find(&w->by_peer, peer_id_span(peer));
    return n ? index_of(w, n) : UINT32_MAX;
}

static bool is_peer(const struct sim_node *n, uint32_t i)
{
    return n->peers[i / 8] >> (i % 8) & 1;
}

static void set_peer(struct sim_node *n, uint32_t i, bool on)
{
    uint8_t bit = (uint8_t)(1u << (i % 8));
    n->peers[i / 8] = (uint8_t)(on ? n->peers[i / 8] | bit : n->peers[i / 8] & ~bit);
}

/* ---- messages ---- */

static void message_over(struct sim_world *w, uint32_t m)
{
    if (!w->messages[m].over) {
        w->messages[m].over = true;
        w->report.failed_count += !w->messages[m].acked;
    }
}

static struct sim_stream *stream_find(const struct sim_node *n, host_stream id)
{
    return map_find(&n->streams, span_of(&id.id, sizeof id.id));
}

static struct sim_stream *stream_add(struct sim_world *w, struct sim_node *n, host_stream id)
{
    struct sim_stream *s = world_alloc(w, sizeof *s);
    s->id = id;
    s->message = UINT32_MAX;
    s->reset_at = UINT32_MAX;
    check(map_add(&n->streams, span_of(&id.id, sizeof id.id), s) == OK);
    return s;
}

static void stream_forget(struct sim_world *w, struct sim_node *n, struct sim_stream *s)
{
    if (s->is_sender) {
        message_over(w, s->message);
    }
    (void)map_remove(&n->streams, span_of(&s->id.id, sizeof s->id.id));
    world_free(w, s, sizeof *s);
}

/* stream_write sends header and payload as far as the window lets it. */
static void stream_write(struct sim_world *w, struct sim_node *n, struct sim_stream *s)
{
    const struct sim_message *m = &w->messages[s->message];
    while (s->header_n < sizeof s->header) {
        size_t done =
            host_stream_write(&n->host, s->id, span_from(SPAN_OF(s->header), s->header_n));
        if (done == 0) {
            return;
        }
        s->header_n = (uint8_t)(s->header_n + done);
    }
    while (s->at < m->len) {
        uint8_t block[2048];
        uint32_t len = min_u32(sizeof block, m->len - s->at);
        for (uint32_t i = 0; i < len; i++) {
            block[i] = payload_byte(s->message, s->at + i);
        }
        uint32_t done = (uint32_t)host_stream_write(&n->host, s->id, span_of(block, len));
        s->at += done;
        if (s->at >= s->reset_at) {
            host_stream_reset(&n->host, s->id, 99);
            w->report.reset_count++;
            stream_forget(w, n, s);
            return;
        }
        if (done < len) {
            return;
        }
    }
    host_stream_close_write(&n->host, s->id);
}

static void message_start(struct sim_world *w, struct sim_node *n, uint32_t m)
{
    struct sim_message *message = &w->messages[m];
    host_stream id;
    struct host_open_args args = {.peer = &w->nodes[message->to].host.self,
                                  .protocol = MESSAGE_PROTOCOL};
    if (host_open_stream(&n->host, &id, NULL, args) != OK) {
        message_over(w, m);
        return;
    }
    struct sim_stream *s = stream_add(w, n, id);
    s->is_sender = true;
    s->message = m;
    struct wr h = wr_init(MSPAN_OF(s->header));
    wr_be32(&h, m);
    wr_be32(&h, message->len);
    if (rng_below(&w->rng.rng, 16) == 0) {
        s->reset_at = (uint32_t)rng_below(&w->rng.rng, message->len + 1u);
    }
    stream_write(w, n, s);
}

static void start_waiting(struct sim_world *w, struct sim_node *n, uint32_t to, bool connected)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n->waiting_count; i++) {
        uint32_t m = n->waiting[i];
        if (w->messages[m].to != to) {
            n->waiting[kept++] = m;
        } else if (connected) {
            message_start(w, n, m);
        } else {
            message_over(w, m);
        }
    }
    n->waiting_count = kept;
}

static void connect_for(struct sim_world *w, struct sim_node *n, uint32_t m)
{
    if (n->waiting_count == sizeof n->waiting / sizeof n->waiting[0]) {
        message_over(w, m);
        return;
    }
    uint32_t to = w->messages[m].to;
    bool is_dialling = false;
    for (uint32_t i = 0; i < n->waiting_count; i++) {
        is_dialling = is_dialling || w->messages[n->waiting[i]].to == to;
    }
    if (!is_dialling) {
        uint8_t bytes[32];
        struct span addr = node_addr(bytes, to);
        struct peer_id peer;
        peer_id_of_key(&peer, w->nodes[to].signer.signer.public_key);
        uint64_t dial;
        struct host_dial_args args = {.peer = &peer, .addrs = &addr, .addrs_count = 1};
        enum err e = host_dial(&n->host, &dial, NULL, args);
        if (e != OK && e != ERR_STATE) {
            message_over(w, m);
            return;
        }
    }
    n->waiting[n->waiting_count++] = m;
}

void node_begin_message(struct sim_world *w, uint32_t i)
{
    struct sim_node *n = &w->nodes[i];
    if (w->is_ending) {
        heap_remove(&w->heap, &n->message_timer.node);
        return;
    }
    world_at(w, &n->message_timer, instant_add(w->now, world_around(w, w->cfg.message_every_us)));
    if (!n->is_up || w->messages_count == w->messages_cap) {
        return;
    }
    uint32_t m = w->messages_count++;
    uint32_t to = n->neighbours[rng_below(&w->rng.rng, n->neighbours_count)];
    /* Most are short, a few as long as can be. */
    uint64_t max = rng_below(&w->rng.rng, 8) == 0 ? w->cfg.message_len_max
                                                  : min_u32(w->cfg.message_len_max, 4000);
    w->messages[m] =
        (struct sim_message){.from = i, .to = to, .len = (uint32_t)rng_below(&w->rng.rng, max + 1)};
    if (is_peer(n, to)) {
        message_start(w, n, m);
    } else {
        connect_for(w, n, m);
    }
    node_work(w, i);
}

/* ---- what arrives ---- */

static void take_header(struct sim_world *w, uint32_t me, struct sim_stream *s, uint32_t from)
{
    struct rd r = rd_init(SPAN_OF(s->header));
    uint32_t m = rd_be32(&r);
    uint32_t len = rd_be32(&r);
    if (m >= w->messages_count || w->messages[m].to != me || w->messages[m].from != from ||
        w->messages[m].len != len) {
        world_violation(w, me, "a message arrived that nobody sent here");
        return;
    }
    s->message = m;
}

static void take_payload(struct sim_world *w, uint32_t me, struct sim_stream *s, struct span data)
{
    for (size_t i = 0; i < data.n; i++) {
        if (data.p[i] != payload_byte(s->message, s->at + (uint32_t)i)) {
            world_violation(w, me, "a message arrived changed");
            return;
        }
    }
    s->at += (uint32_t)data.n;
    w->report.bytes_count += data.n;
}

static void consume(struct sim_node *n, struct sim_stream *s, size_t len)
{
    s->held += (uint32_t)len;
    if (!s->is_lazy || s->held >= LAZY_LUMP) {
        host_stream_consume(&n->host, s->id, s->held);
        s->held = 0;
    }
}

static void
on_data(struct sim_world *w, struct sim_node *n, struct sim_stream *s, const struct host_event *e)
{
    uint32_t me = index_of(w, n);
    struct span data = e->data;
    if (s->is_sender) {
        s->ack_n = (uint8_t)(s->ack_n + data.n);
        if (s->ack_n > 4 || data.n > 4) {
            world_violation(w, me, "an acknowledgement is longer than it was");
        }
        consume(n, s, data.n);
        return;
    }
    struct span head = span_take(&data, sizeof s->header - s->header_n);
    s->header_n =
        (uint8_t)(s->header_n + span_copy(mspan_from(MSPAN_OF(s->header), s->header_n), head));
    if (s->header_n == sizeof s->header && s->message == UINT32_MAX) {
        take_header(w, me, s, index_of_peer(w, &e->peer));
    }
    if (s->message != UINT32_MAX) {
        take_payload(w, me, s, data);
    }
    consume(n, s, e->data.n);
}

static void on_fin(struct sim_world *w, struct sim_node *n, struct sim_stream *s)
{
    uint32_t me = index_of(w, n);
    if (s->is_sender) {
        struct sim_message *m = &w->messages[s->message];
        if (s->ack_n == 4) {
            m->acked = true;
            w->report.acked_count++;
            if (m->delivered_count != 1) {
                world_violation(w, me, "acknowledged, but not delivered exactly once");
            }
        }
        return;
    }
    if (s->message != UINT32_MAX && s->at == w->messages[s->message].len) {
        struct sim_message *m = &w->messages[s->message];
        m->delivered_count++;
        w->report.delivered_count++;
        if (m->delivered_count > 1) {
            world_violation(w, me, "delivered twice");
        }
        (void)host_stream_write(&n->host, s->id,
                                SPAN_LIT("done")); /* the sender counts what comes */
    } else {
        world_violation(w, me, "a message ended early without a reset");
    }
    host_stream_close_write(&n->host, s->id);
}

/* ---- the host's events ---- */

static void on_stream(struct sim_world *w, struct sim_node *n, const struct host_event *e)
{
    uint32_t me = index_of(w, n);
    struct sim_stream *s = stream_find(n, e->stream);
    if (e->kind == HOST_EVENT_STREAM_OPENED && e->inbound) {
        if (s) {
            world_violation(w, me, "a stream opened twice");
            return;
        }
        s = stream_add(w, n, e->stream);
        s->is_lazy = rng_below(&w->rng.rng, 8) == 0;
    }
    if (!s) {
        world_violation(w, me, "an event of a stream after its last");
        return;
    }
    if (!is_peer(n, index_of_peer(w, &e->peer))) {
        world_violation(w, me, "an event of a stream whose peer is not connected");
    }
    switch (e->kind) {
    case HOST_EVENT_STREAM_OPENED:
        if (s->is_opened) {
            world_violation(w, me, "a stream opened twice");
        }
        s->is_opened = true;
        if (s->is_sender) {
            stream_write(w, n, s);
        }
        break;
    case HOST_EVENT_STREAM_WRITABLE:
        if (s->is_sender) {
            stream_write(w, n, s);
        }
        break;
    case HOST_EVENT_STREAM_DATA:       on_data(w, n, s, e); break;
    case HOST_EVENT_STREAM_FIN:        on_fin(w, n, s); break;
    case HOST_EVENT_STREAM_CLOSED:
    case HOST_EVENT_STREAM_RESET:      stream_forget(w, n, s); break;
    case HOST_EVENT_DIAL:
    case HOST_EVENT_LINK_CLOSE:
    case HOST_EVENT_PEER_CONNECTED:
    case HOST_EVENT_PEER_DIRECT:
    case HOST_EVENT_PEER_IDENTIFIED:
    case HOST_EVENT_PEER_DISCONNECTED:
    case HOST_EVENT_DIAL_FAILED:
    case HOST_EVENT_PING:
    case HOST_EVENT_PERF:
    case HOST_EVENT_REFUSED:
    case HOST_EVENT_EXTENSION:         break;
    }
}

static void on_peer(struct sim_world *w, struct sim_node *n, const struct host_event *e)
{
    uint32_t me = index_of(w, n);
    uint32_t peer = index_of_peer(w, &e->peer);
    bool connected = e->kind == HOST_EVENT_PEER_CONNECTED;
    if (peer == UINT32_MAX || peer == me) {
        world_violation(w, me, "connected to nobody");
        return;
    }
    if (e->kind != HOST_EVENT_PEER_IDENTIFIED && is_peer(n, peer) == connected) {
        world_violation(w, me, "connected or disconnected twice");
    }
    struct host_peer_info info;
    if (e->kind == HOST_EVENT_PEER_IDENTIFIED && !(host_peer_find(&n->host, &info, &e->peer) &&
                                                   info.identified && info.protocols_count > 0)) {
        world_violation(w, me, "identified, but nothing is known");
    }
    if (e->kind != HOST_EVENT_PEER_IDENTIFIED) {
        set_peer(n, peer, connected);
        start_waiting(w, n, peer, connected);
    }
}

static void on_dial(struct sim_world *w, struct sim_node *n, const struct host_event *e)
{
    struct multiaddr_part ip;
    check(multiaddr_find(&ip, e->addr, MULTIADDR_IP4));
    wire_dial(w, index_of(w, n), (uint32_t)ip.value.p[2] << 8 | ip.value.p[3], e->link);
}

static void act(struct sim_world *w, struct sim_node *n, const struct host_event *e)
{
    uint32_t me = index_of(w, n);
    world_hash(w, (uint64_t)e->kind << 56 ^ (uint64_t)me << 40 ^ w->now.us);
    world_hash(w, e->stream.id ^ e->data.n << 32 ^ (uint64_t)e->err << 60);
    if (w->cfg.trace) {
        (void)printf("%12llu node %u event %u link %llu stream %llu data %zu err %s %s\n",
                     (unsigned long long)w->now.us, me, (unsigned)e->kind,
                     (unsigned long long)e->link.id, (unsigned long long)e->stream.id, e->data.n,
                     err_name(e->err), e->rule ? e->rule : "");
    }
    switch (e->kind) {
    case HOST_EVENT_DIAL:              on_dial(w, n, e); break;
    case HOST_EVENT_LINK_CLOSE:        wire_close(w, me, e->link); break;
    case HOST_EVENT_PEER_CONNECTED:
    case HOST_EVENT_PEER_IDENTIFIED:
    case HOST_EVENT_PEER_DISCONNECTED: on_peer(w, n, e); break;
    case HOST_EVENT_PEER_DIRECT:       world_violation(w, me, "an upgrade where nobody relays"); break;
    case HOST_EVENT_DIAL_FAILED:
        w->report.dials_failed_count++;
        start_waiting(w, n, index_of_peer(w, &e->peer), false);
        break;
    case HOST_EVENT_STREAM_OPENED:
    case HOST_EVENT_STREAM_DATA:
    case HOST_EVENT_STREAM_FIN:
    case HOST_EVENT_STREAM_WRITABLE:
    case HOST_EVENT_STREAM_CLOSED:
    case HOST_EVENT_STREAM_RESET:    on_stream(w, n, e); break;
    case HOST_EVENT_PING:
    case HOST_EVENT_PERF:            break;
    case HOST_EVENT_REFUSED:         w->report.refused_count++; break;
    case HOST_EVENT_EXTENSION:       dht_on_event(w, n); break;
    }
}

void node_work(struct sim_world *w, uint32_t i)
{
    struct sim_node *n = &w->nodes[i];
    bool moved = n->is_up;
    while (moved) {
        moved = false;
        struct host_event e;
        while (host_poll(&n->host, &e)) {
            act(w, n, &e);
            moved = true;
        }
        host_link link;
        while (host_next_sendable(&n->host, &link)) {
            wire_flush(w, i, link);
            moved = true;
        }
    }
    if (n->is_up) {
        world_at(w, &n->timer, host_deadline(&n->host));
    }
}

/* ---- life ---- */

enum err node_start(struct sim_world *w, uint32_t i)
{
    struct sim_node *n = &w->nodes[i];
    n->life++;
    rng_seeded_init(&n->rng, w->cfg.seed * 1000003 + (uint64_t)i * 1009 + n->life);
    memset(n->peers, 0, sizeof n->peers);
    struct host_cfg cfg = {.signer = &n->signer.signer,
                           .rng = &n->rng.rng,
                           .parent = w->budget,
                           .memory_max = w->cfg.memory_max,
                           .agent = "sim",
                           .record_seq = w->now.us};
    TRY(host_init(&n->host, &cfg, w->now));
    struct map_cfg maps = {.count_max = 100000};
    map_init(&n->wires, w->budget, maps);
    map_init(&n->streams, w->budget, maps);
    TRY(host_handle(&n->host, MESSAGE_PROTOCOL, (struct host_protocol_args){0}));
    uint8_t bytes[32];
    struct span addr = node_addr(bytes, i);
    TRY(host_set_listen_addrs(&n->host, &addr, 1));
    if (w->cfg.kad_every_us) {
        TRY(dht_start(w, i));
    }
    n->is_up = true;
    world_at(w, &n->timer, host_deadline(&n->host));
    return OK;
}

void node_stop(struct sim_world *w, uint32_t i)
{
    struct sim_node *n = &w->nodes[i];
    if (!n->is_up) {
        return;
    }
    n->is_up = false;
    dht_stop(w, i);
    for (uint32_t k = 0; k < n->waiting_count; k++) {
        message_over(w, n->waiting[k]);
    }
    n->waiting_count = 0;
    while (n->streams.count > 0) {
        stream_forget(w, n, map_at(&n->streams, n->streams.count - 1)->value);
    }
    map_done(&n->streams);
    map_done(&n->wires);
    w->report.memory_max = max_size(w->report.memory_max, n->host.system.used_max);
    w->report.handshakes_count += n->host.handshakes_count;
    host_done(&n->host);
    heap_remove(&w->heap, &n->timer.node);
}

/* ---- invariants ---- */

static void check_windows(struct sim_world *w, uint32_t i, const struct yamux *y)
{
    for (size_t k = 0; k < y->streams.count; k++) {
        const struct yamux_stream *s = map_at(&y->streams, k)->value;
        if ((uint64_t)s->recv_window + s->unconsumed + s->credit != s->window) {
            world_violation(w, i, "credit is not conserved");
        }
        w->report.window_max = max_u32(w->report.window_max, s->window);
    }
}

void node_check(struct sim_world *w, uint32_t i)
{
    struct sim_node *n = &w->nodes[i];
    if (!n->is_up) {
        return;
    }
    struct host *h = &n->host;
    if (h->system.used_max > w->cfg.memory_max) {
        world_violation(w, i, "more memory than allowed");
    }
    if (h->links.count > h->limits.conns_max || h->conns_in_count > h->limits.conns_in_max ||
        h->conns_transient_count > h->limits.conns_transient_max) {
        world_violation(w, i, "more connections than allowed");
    }
    if (h->transient.used > h->limits.memory_transient_max ||
        h->credit.used > h->limits.credit_max) {
        world_violation(w, i, "more memory than allowed in a scope");
    }
    for (size_t k = 0; k < h->links.count; k++) {
        const struct host_conn *hc = map_at(&h->links, k)->value;
        if (hc->conn_is_made && hc->conn.yamux_is_up) {
            check_windows(w, i, &hc->conn.yamux);
        }
    }
}
