#include "p2p/host_net_test.h"

#include "base/check.h"
#include "base/test.h"
#include "base/wr.h"

#include <string.h>

struct span host_net_addr(const struct host_net *n, unsigned i)
{
    return span_of(n->nodes[i].addr, n->nodes[i].addr_len);
}

static void start_node(struct host_net *n, unsigned i, size_t memory_max)
{
    struct host_net_node *node = &n->nodes[i];
    struct secret32 seed = {.bytes = {(uint8_t)(i + 1)}};
    key_signer_init(&node->signer, &seed);
    rng_seeded_init(&node->rng, 1000 + i);
    struct host_cfg cfg = {.signer = &node->signer.signer,
                           .rng = &node->rng.rng,
                           .parent = test_budget(),
                           .memory_max = memory_max,
                           .unix_s = HOST_NET_UNIX_S,
                           .agent = "test/1"};
    check(host_init(&node->host, &cfg, n->now) == OK);
    struct wr w = wr_init(MSPAN_OF(node->addr));
    uint8_t ip[4] = {10, 0, 0, (uint8_t)(i + 1)};
    multiaddr_write(&w, MULTIADDR_IP4, SPAN_OF(ip));
    multiaddr_write_port(&w, MULTIADDR_TCP, 4001);
    node->addr_len = w.n;
    struct span addr = host_net_addr(n, i);
    check(host_set_listen_addrs(&node->host, &addr, 1) == OK);
}

static void stop_node(struct host_net *n, unsigned i)
{
    host_done(&n->nodes[i].host);
    key_signer_done(&n->nodes[i].signer);
}

void host_net_init(struct host_net *n, unsigned count)
{
    memset(n, 0, sizeof *n);
    n->count = count;
    n->now = (instant){.us = US_PER_S};
    for (unsigned i = 0; i < count; i++) {
        start_node(n, i, 6 << 20);
    }
}

void host_net_restart(struct host_net *n, unsigned i, size_t memory_max)
{
    stop_node(n, i);
    start_node(n, i, memory_max);
}

void host_net_done(struct host_net *n)
{
    for (unsigned i = 0; i < n->count; i++) {
        stop_node(n, i);
    }
}

static struct host_net_wire *
wire_of(struct host_net *n, unsigned i, host_link link, unsigned *ret_end)
{
    for (size_t w = 0; w < HOST_NET_WIRES_MAX; w++) {
        for (unsigned end = 0; end < 2; end++) {
            struct host_net_wire *x = &n->wires[w];
            if (x->is_used && x->node[end] == i && x->link[end].id == link.id && link.id != 0) {
                *ret_end = end;
                return x;
            }
        }
    }
    return NULL;
}

static struct host_net_wire *new_wire(struct host_net *n, unsigned from, unsigned to)
{
    size_t w = 0;
    while (n->wires[w].is_used) {
        w++;
        check(w < HOST_NET_WIRES_MAX);
    }
    n->wires[w] = (struct host_net_wire){
        .is_used = true, .node = {from, to}
    };
    return &n->wires[w];
}

/* take_in is a dial that arrives at a listener. */
static void take_in(struct host_net *n, unsigned i, unsigned to, host_link link)
{
    host_link there;
    struct host_link_args args = {.remote = host_net_addr(n, i), .now = n->now};
    if (to >= n->count || n->nodes[to].is_dead ||
        host_link_open(&n->nodes[to].host, &there, NULL, args) != OK) {
        host_link_closed(&n->nodes[i].host, n->now, link, ERR_IO);
        return;
    }
    struct host_net_wire *w = new_wire(n, i, to);
    w->link[0] = link;
    w->link[1] = there;
    host_link_up(&n->nodes[i].host, link, (struct host_link_args){.now = n->now});
}

/* punch joins two dials that meet, or lets one hang; true if that is all there is to do. */
static bool punch(struct host_net *n, unsigned i, unsigned to, host_link link)
{
    for (size_t w = 0; w < HOST_NET_WIRES_MAX; w++) {
        struct host_net_wire *x = &n->wires[w];
        if (x->is_used && x->is_hanging && x->node[0] == to && x->node[1] == i) {
            host_link other = x->link[0];
            if (n->listener_wins) {
                take_in(n, i, to, link);
                x->is_used = false;
                host_link_closed(&n->nodes[to].host, n->now, other, ERR_IO);
                return true;
            }
            x->is_hanging = false;
            x->link[1] = link;
            host_link_up(&n->nodes[to].host, other, (struct host_link_args){.now = n->now});
            host_link_up(&n->nodes[i].host, link, (struct host_link_args){.now = n->now});
            return true;
        }
    }
    if (n->nodes[to].is_natted) {
        struct host_net_wire *x = new_wire(n, i, to);
        x->is_hanging = true;
        x->link[0] = link;
    }
    return n->nodes[to].is_natted;
}

static void on_dial(struct host_net *n, unsigned i, const struct host_event *e)
{
    struct multiaddr_part ip;
    check(multiaddr_find(&ip, e->addr, MULTIADDR_IP4));
    unsigned to = ip.value.p[3] - 1u;
    host_link link = e->link;
    if (to < n->count && punch(n, i, to, link)) {
        return;
    }
    take_in(n, i, to, link);
}

static bool poll_node(struct host_net *n, unsigned i);

/* flush moves what a link has to say to the other end. */
static bool flush(struct host_net *n, unsigned i, host_link link)
{
    static uint8_t room[HOST_NET_MAX][70000];
    unsigned end;
    struct host_net_wire *w = wire_of(n, i, link, &end);
    if (!w) {
        return n->loose.flush && n->loose.flush(n->user, i, link);
    }
    size_t len = host_link_send(&n->nodes[i].host, n->now, link, MSPAN_OF(room[i]));
    if (len == 0) {
        return false;
    }
    unsigned to = w->node[1 - end];
    struct span in = span_of(room[i], len);
    do {
        enum err e = host_link_recv(&n->nodes[to].host, n->now, w->link[1 - end], &in);
        (void)poll_node(n, to);
        if (e != OK) {
            break;
        }
    } while (in.n > 0);
    return true;
}

static void on_close(struct host_net *n, unsigned i, host_link link)
{
    while (flush(n, i, link)) {}
    unsigned end;
    struct host_net_wire *w = wire_of(n, i, link, &end);
    host_link_closed(&n->nodes[i].host, n->now, link, ERR_CLOSED);
    if (!w && n->loose.closed) {
        n->loose.closed(n->user, i, link);
    }
    if (w) {
        w->is_used = false;
    }
    if (w && !w->is_hanging) {
        host_link_closed(&n->nodes[w->node[1 - end]].host, n->now, w->link[1 - end], ERR_CLOSED);
    }
}

static bool poll_node(struct host_net *n, unsigned i)
{
    struct host_event e;
    bool any = false;
    while (host_poll(&n->nodes[i].host, &e)) {
        any = true;
        if (e.kind == HOST_EVENT_DIAL) {
            on_dial(n, i, &e);
        } else if (e.kind == HOST_EVENT_LINK_CLOSE) {
            on_close(n, i, e.link);
        } else if (n->on_event) {
            n->on_event(n->user, i, &e);
        }
    }
    return any;
}

void host_net_run(struct host_net *n)
{
    bool moved = true;
    while (moved) {
        moved = false;
        for (unsigned i = 0; i < n->count; i++) {
            host_link link;
            moved = poll_node(n, i) || moved;
            while (host_next_sendable(&n->nodes[i].host, &link)) {
                while (flush(n, i, link)) {
                    moved = true;
                }
            }
        }
    }
}

void host_net_pass(struct host_net *n, uint64_t us)
{
    instant end = instant_add(n->now, us);
    for (;;) {
        host_net_run(n);
        instant next = INSTANT_NEVER;
        for (unsigned i = 0; i < n->count; i++) {
            next = instant_min(next, host_deadline(&n->nodes[i].host));
        }
        if (instant_before(end, next)) {
            break;
        }
        n->now = next.us > n->now.us ? next : n->now;
        for (unsigned i = 0; i < n->count; i++) {
            host_tick(&n->nodes[i].host, n->now);
        }
    }
    n->now = end;
}

void host_net_connect(struct host_net *n, unsigned from, unsigned to)
{
    struct span addr = host_net_addr(n, to);
    uint64_t dial;
    struct host_dial_args args = {
        .peer = host_self(&n->nodes[to].host), .addrs = &addr, .addrs_count = 1};
    enum err e = host_dial(&n->nodes[from].host, &dial, NULL, args);
    check(e == OK || e == ERR_STATE);
    host_net_run(n);
}
