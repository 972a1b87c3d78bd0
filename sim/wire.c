/* The simulated network: byte pipes as TCP gives them. A segment leaves when the line is free, takes the
 * connection's latency and some jitter, and, if one of its packets is lost, as much as a
 * retransmission; what is behind it waits, so bytes never change their order. A cut network holds
 * segments back until it is whole again. The sender's buffer is freed when a segment arrives. */
#include "base/arith.h"
#include "base/check.h"
#include "world.h"

#include <string.h>

enum {
    PIPE_LEN_MAX = 256 * 1024,
    SEGMENT_LEN_MAX = 16 * 1024,
    PACKET_LEN = 1460,
    PPM = 1000000,
};

static const uint64_t RETRANSMIT_US = 200 * US_PER_MS;
static const uint64_t CUT_RETRY_US = 500 * US_PER_MS;

static struct sim_wire *
find_wire(const struct sim_world *w, uint32_t node, host_link link, unsigned *ret_end)
{
    struct sim_wire *x = map_find(&w->nodes[node].wires, span_of(&link.id, sizeof link.id));
    if (x) {
        *ret_end = x->node[0] == node && x->link[0].id == link.id && x->is_open[0] ? 0 : 1;
    }
    return x;
}

static void forget(struct sim_world *w, struct sim_wire *x, unsigned end)
{
    x->is_open[end] = false;
    (void)map_remove(&w->nodes[x->node[end]].wires,
                     span_of(&x->link[end].id, sizeof x->link[end].id));
}

static void remember(struct sim_world *w, struct sim_wire *x, unsigned end, host_link link)
{
    x->link[end] = link;
    x->is_open[end] = true;
    check(map_add(&w->nodes[x->node[end]].wires, span_of(&link.id, sizeof link.id), x) == OK);
}

static void drop_segments(struct sim_world *w, struct sim_pipe *p)
{
    for (struct list *l = list_first(&p->segments); l; l = list_first(&p->segments)) {
        struct sim_segment *s = list_entry(l, struct sim_segment, in_pipe);
        list_remove(l);
        world_free(w, s, sizeof *s + s->n);
    }
    p->held = 0;
    heap_remove(&w->heap, &p->timer.node);
}

void wire_free(struct sim_world *w, struct sim_wire *x)
{
    for (unsigned i = 0; i < 2; i++) {
        drop_segments(w, &x->pipe[i]);
        if (x->is_open[i]) {
            forget(w, x, i);
        }
    }
    heap_remove(&w->heap, &x->connect.node);
    list_remove(&x->in_world);
    world_free(w, x, sizeof *x);
}

/* maybe_free drops a wire that neither host knows and on which nothing moves. */
static void maybe_free(struct sim_world *w, struct sim_wire *x)
{
    bool moves = x->is_connecting || !list_is_empty(&x->pipe[0].segments) ||
                 !list_is_empty(&x->pipe[1].segments);
    if (!x->is_open[0] && !x->is_open[1] && !moves) {
        wire_free(w, x);
    }
}

/* ---- connecting ---- */

void wire_dial(struct sim_world *w, uint32_t from, uint32_t to, host_link link)
{
    struct sim_wire *x = world_alloc(w, sizeof *x);
    list_add_last(&w->wires, &x->in_world);
    x->node[0] = from;
    x->node[1] = to;
    x->connect.kind = SIM_TIMER_CONNECT;
    x->latency_us = w->cfg.latency_us_min +
                    rng_below(&w->rng.rng, w->cfg.latency_us_max - w->cfg.latency_us_min + 1);
    for (unsigned i = 0; i < 2; i++) {
        x->pipe[i].wire = x;
        x->pipe[i].from = i;
        x->pipe[i].timer.kind = SIM_TIMER_PIPE;
        list_init(&x->pipe[i].segments);
    }
    remember(w, x, 0, link);
    x->is_connecting = true;
    world_at(w, &x->connect, instant_add(w->now, x->latency_us));
}

static void answer_syn(struct sim_world *w, struct sim_wire *x)
{
    struct sim_node *to = &w->nodes[x->node[1]];
    x->is_answered = true;
    x->answer = ERR_IO;
    host_link link;
    uint8_t addr[32];
    struct wr a = wr_init(MSPAN_OF(addr));
    uint8_t ip[4] = {10, 1, (uint8_t)(x->node[0] >> 8), (uint8_t)x->node[0]};
    multiaddr_write(&a, MULTIADDR_IP4, SPAN_OF(ip));
    multiaddr_write_port(&a, MULTIADDR_TCP, 4001);
    struct host_link_args args = {.remote = span_of(addr, a.n), .now = w->now};
    if (to->is_up && host_link_open(&to->host, &link, NULL, args) == OK) {
        x->answer = OK;
        remember(w, x, 1, link);
    }
    world_at(w, &x->connect, instant_add(w->now, x->latency_us));
    if (to->is_up) {
        node_work(w, x->node[1]);
    }
}

void wire_connect_tick(struct sim_world *w, struct sim_wire *x)
{
    if (!world_reaches(w, x->node[0], x->node[1])) {
        world_at(w, &x->connect, instant_add(w->now, RETRANSMIT_US * 5)); /* a SYN is sent again */
        return;
    }
    if (!x->is_answered) {
        answer_syn(w, x);
        return;
    }
    x->is_connecting = false;
    heap_remove(&w->heap, &x->connect.node);
    if (!x->is_open[0]) { /* the dialler has given up meanwhile */
        if (x->is_open[1]) {
            host_link there = x->link[1];
            uint32_t node = x->node[1];
            forget(w, x, 1);
            host_link_closed(&w->nodes[node].host, w->now, there, ERR_CLOSED);
            node_work(w, node);
        }
        maybe_free(w, x);
        return;
    }
    uint32_t from = x->node[0];
    host_link link = x->link[0];
    if (x->answer == OK) {
        host_link_up(&w->nodes[from].host, link, (struct host_link_args){.now = w->now});
    } else {
        forget(w, x, 0);
        host_link_closed(&w->nodes[from].host, w->now, link, x->answer);
        maybe_free(w, x);
    }
    node_work(w, from);
}

/* ---- sending ---- */

static instant arrival(struct sim_world *w, struct sim_pipe *p, size_t n)
{
    instant starts = instant_before(p->free_at, w->now) ? w->now : p->free_at;
    uint64_t line_us = w->cfg.rate ? n * US_PER_S / w->cfg.rate : 0;
    p->free_at = instant_add(starts, line_us);
    uint64_t us =
        p->wire->latency_us + (w->cfg.jitter_us ? rng_below(&w->rng.rng, w->cfg.jitter_us + 1) : 0);
    uint64_t loss = (uint64_t)w->cfg.loss_ppm * (1 + n / PACKET_LEN);
    while (loss > 0 && rng_below(&w->rng.rng, PPM) < min_u64(loss, PPM / 2)) {
        us += RETRANSMIT_US + 2 * p->wire->latency_us;
        w->report.lost_count++;
    }
    instant at = instant_add(p->free_at, us);
    p->last_arrival = instant_before(at, p->last_arrival) ? p->last_arrival : at;
    return p->last_arrival;
}

static void put_segment(struct sim_world *w, struct sim_pipe *p, struct span bytes, bool is_fin)
{
    struct sim_segment *s = world_alloc(w, sizeof *s + bytes.n);
    s->n = bytes.n;
    s->is_fin = is_fin;
    s->arrives_at = arrival(w, p, bytes.n);
    span_copy(mspan_of(s->bytes, bytes.n), bytes);
    bool is_first = list_is_empty(&p->segments);
    list_add_last(&p->segments, &s->in_pipe);
    p->held += bytes.n;
    p->fin_is_sent = p->fin_is_sent || is_fin;
    if (is_first) {
        world_at(w, &p->timer, s->arrives_at);
    }
}

static void flush_pipe(struct sim_world *w, struct sim_wire *x, unsigned end)
{
    static uint8_t room[PIPE_LEN_MAX];
    struct sim_pipe *p = &x->pipe[end];
    p->is_blocked = false;
    while (x->is_open[end] && !p->fin_is_sent) {
        size_t len = min_size(sizeof room, PIPE_LEN_MAX - p->held);
        if (len < 1024) {
            p->is_blocked = true;
            return;
        }
        size_t n =
            host_link_send(&w->nodes[x->node[end]].host, w->now, x->link[end], mspan_of(room, len));
        if (n == 0) {
            return;
        }
        for (struct span rest = span_of(room, n); rest.n > 0;) {
            put_segment(w, p, span_take(&rest, SEGMENT_LEN_MAX), false);
        }
    }
}

void wire_flush(struct sim_world *w, uint32_t node, host_link link)
{
    unsigned end;
    struct sim_wire *x = find_wire(w, node, link, &end);
    if (x) {
        flush_pipe(w, x, end);
    }
}

void wire_close(struct sim_world *w, uint32_t node, host_link link)
{
    unsigned end;
    struct sim_wire *x = find_wire(w, node, link, &end);
    if (!x) {
        return;
    }
    if (!x->is_connecting) {
        flush_pipe(w, x, end);
        if (!x->pipe[end].fin_is_sent) {
            put_segment(w, &x->pipe[end], SPAN_EMPTY, true);
        }
    }
    forget(w, x, end);
    host_link_closed(&w->nodes[node].host, w->now, link, ERR_CLOSED);
    maybe_free(w, x);
}

/* ---- arriving ---- */

/* deliver gives one segment to the host at the other end. */
static void
deliver(struct sim_world *w, struct sim_wire *x, unsigned to, const struct sim_segment *s)
{
    uint32_t node = x->node[to];
    if (!x->is_open[to]) {
        /* A machine that runs but does not know the connection answers with a reset. */
        if (w->nodes[node].is_up && !s->is_fin && !x->pipe[to].fin_is_sent && x->is_open[1 - to]) {
            put_segment(w, &x->pipe[to], SPAN_EMPTY, true);
        }
        return;
    }
    struct host *h = &w->nodes[node].host;
    host_link link = x->link[to];
    world_hash(w, w->now.us ^ (uint64_t)node << 48 ^ s->n);
    if (s->is_fin) {
        forget(w, x, to);
        host_link_closed(h, w->now, link, ERR_CLOSED);
        node_work(w, node);
        return;
    }
    struct span in = span_of(s->bytes, s->n);
    enum err e = OK;
    while (in.n > 0 && e == OK) {
        e = host_link_recv(h, w->now, link, &in);
        node_work(w, node); /* may close the wire, which stays until its segments are gone */
    }
}

void wire_pipe_tick(struct sim_world *w, struct sim_pipe *p)
{
    struct sim_wire *x = p->wire;
    unsigned to = 1 - p->from;
    if (!world_reaches(w, x->node[0], x->node[1])) {
        p->last_arrival = instant_add(w->now, CUT_RETRY_US);
        world_at(w, &p->timer, p->last_arrival);
        return;
    }
    struct sim_segment *s = list_entry(list_first(&p->segments), struct sim_segment, in_pipe);
    heap_remove(&w->heap, &p->timer.node);
    deliver(w, x, to, s);
    list_remove(&s->in_pipe);
    p->held -= s->n;
    world_free(w, s, sizeof *s + s->n);
    if (!list_is_empty(&p->segments)) {
        const struct sim_segment *next =
            list_entry(list_first(&p->segments), struct sim_segment, in_pipe);
        instant at = instant_before(next->arrives_at, w->now) ? w->now : next->arrives_at;
        world_at(w, &p->timer, at);
    }
    uint32_t sender = x->node[p->from];
    if (p->is_blocked && x->is_open[p->from]) {
        flush_pipe(w, x, p->from);
        node_work(w, sender); /* what was sent may have made a stream writable */
    }
    maybe_free(w, x);
}

void wire_crash(struct sim_world *w, uint32_t node, bool silent)
{
    struct list *next;
    for (struct list *l = list_first(&w->wires); l; l = next) {
        next = list_next(&w->wires, l);
        struct sim_wire *x = list_entry(l, struct sim_wire, in_world);
        for (unsigned end = 0; end < 2; end++) {
            if (x->node[end] != node || !x->is_open[end]) {
                continue;
            }
            forget(w, x, end);
            if (!silent && !x->is_connecting && !x->pipe[end].fin_is_sent) {
                put_segment(w, &x->pipe[end], SPAN_EMPTY, true);
            }
        }
        maybe_free(w, x);
    }
}
