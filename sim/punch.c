/* Three hosts and two routers on a virtual clock: see punch.h. A host's driver is played here: links over TCP as pairs of
 * ends, links over QUIC as datagrams. */
#include "punch.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/heap.h"
#include "base/mem.h"
#include "p2p/host_circuit.h"
#include "p2p/host_dcutr.h"
#include "p2p/host_relay.h"
#include "p2p/host_state.h"
#include "p2p/key_signer.h"

#include <string.h>

enum { RELAY, TARGET, SOURCE, NODES, LINKS_MAX = 64, PORT = 4001, PACKET_MAX = 70000 };

#define TALK "/talk/1"

static const uint64_t MEET_US = 10 * US_PER_S;
static const uint64_t PUNCH_US = 40 * US_PER_S;
static const uint64_t END_US = 20 * US_PER_S;
static const uint64_t SYN_US = US_PER_S; /* again, and then again */

/* One end of a TCP connection, or an attempt at one. */
struct end {
    bool is_used;
    unsigned node;
    host_link link;
    struct nat_endpoint own;    /* inner */
    struct nat_endpoint remote; /* as this side sees it */
    struct end *peer;           /* NULL: SYN is on its way */
    bool is_up;
    unsigned syns;
};

enum happening { SYN, SYN_AGAIN, ACK, BYTES, FIN, DATAGRAM };

struct event {
    struct heap_node node;
    enum happening kind;
    struct end *end; /* SYN, SYN_AGAIN: whose; ACK, BYTES, FIN: at whom */
    host_link link;  /* of that end when it was sent: ends are used again */
    unsigned from;   /* SYN, DATAGRAM: node */
    struct nat_packet packet;
    size_t n;
    uint8_t bytes[];
};

struct node {
    struct host host;
    struct key_signer signer;
    struct rng_seeded rng;
    struct host_circuit circuit;
    struct host_dcutr dcutr;
    struct nat nat;
    bool has_nat;
    struct nat_endpoint own;
    unsigned relayed;
    unsigned direct;
    instant relayed_at;
    instant direct_at;
    uint32_t attempts;
    bool has_heard;
};

struct world {
    struct punch_cfg cfg;
    struct budget *budget;
    struct node nodes[NODES];
    struct host_relay relay;
    struct heap heap;
    struct rng_seeded rng;
    struct end ends[LINKS_MAX];
    uint64_t latency_us[NODES][NODES];
    instant now;
    const char *violation;
};

/* ---- what the routers make of it ---- */

static struct event *put(struct world *w, enum happening kind, size_t n, uint64_t after_us)
{
    void *memory;
    check(mem_alloc(w->budget, &memory, sizeof(struct event) + n) == OK);
    struct event *e = memory;
    e->kind = kind;
    e->n = n;
    check(heap_add(&w->heap, &e->node, instant_add(w->now, after_us)) == OK);
    return e;
}

static unsigned node_at(const struct world *w, uint32_t ip)
{
    unsigned i = 0;
    while (i < NODES && (w->nodes[i].has_nat ? w->nodes[i].nat.cfg.ip : w->nodes[i].own.ip) != ip) {
        i++;
    }
    return i;
}

/* leave sends a packet through the sender's router; false: it is lost, or goes nowhere. */
static bool leave(struct world *w, unsigned from, struct nat_packet *p, unsigned *ret_to)
{
    p->now = w->now;
    *ret_to = node_at(w, p->to.ip);
    return *ret_to < NODES && (!w->nodes[from].has_nat || nat_out(&w->nodes[from].nat, p));
}

static bool arrive(struct world *w, unsigned at, struct nat_packet *p)
{
    p->now = w->now;
    bool is_let_in = !w->nodes[at].has_nat || nat_in(&w->nodes[at].nat, p);
    return is_let_in && p->to.ip == w->nodes[at].own.ip && p->to.port == PORT;
}

/* ---- TCP ---- */

static struct end *end_of(struct world *w, unsigned node, host_link link)
{
    for (size_t i = 0; i < LINKS_MAX; i++) {
        if (w->ends[i].is_used && w->ends[i].node == node && w->ends[i].link.id == link.id) {
            return &w->ends[i];
        }
    }
    return NULL;
}

static struct end *end_new(struct world *w, unsigned node, host_link link)
{
    size_t i = 0;
    while (w->ends[i].is_used) {
        i++;
        check(i < LINKS_MAX);
    }
    w->ends[i] =
        (struct end){.is_used = true, .node = node, .link = link, .own = w->nodes[node].own};
    return &w->ends[i];
}

static bool same(struct nat_endpoint a, struct nat_endpoint b)
{
    return a.ip == b.ip && a.port == b.port;
}

static size_t write_addr(uint8_t room[static 32], struct nat_endpoint e, bool is_quic)
{
    struct wr w = wr_init(mspan_of(room, 32));
    uint8_t ip[4] = {(uint8_t)(e.ip >> 24), (uint8_t)(e.ip >> 16), (uint8_t)(e.ip >> 8),
                     (uint8_t)e.ip};
    multiaddr_write(&w, MULTIADDR_IP4, SPAN_OF(ip));
    multiaddr_write_port(&w, is_quic ? MULTIADDR_UDP : MULTIADDR_TCP, e.port);
    if (is_quic) {
        multiaddr_write(&w, MULTIADDR_QUIC_V1, SPAN_EMPTY);
    }
    return w.n;
}

static struct nat_endpoint read_addr(struct span addr)
{
    struct net_addr a;
    check(net_addr_of(&a, addr) == OK);
    return (struct nat_endpoint){.ip = (uint32_t)a.ip[0] << 24 | (uint32_t)a.ip[1] << 16 |
                                       (uint32_t)a.ip[2] << 8 | a.ip[3],
                                 .port = a.port};
}

static void send_syn(struct world *w, struct end *x)
{
    struct nat_packet p = {.protocol = NAT_TCP, .from = x->own, .to = x->remote};
    unsigned to;
    if (leave(w, x->node, &p, &to)) {
        struct event *e = put(w, SYN, 0, w->latency_us[x->node][to]);
        e->end = x;
        e->link = x->link;
        e->packet = p;
    }
    struct event *again = put(w, SYN_AGAIN, 0, SYN_US << x->syns);
    again->end = x;
    again->link = x->link;
    x->syns++;
}

static bool is_same_end(const struct event *e)
{
    return e->end->is_used && e->end->link.id == e->link.id;
}

static void join(struct world *w, struct end *first, struct end *second)
{
    first->peer = second;
    second->peer = first;
    struct event *e = put(w, ACK, 0, w->latency_us[second->node][first->node]);
    e->end = first;
    e->link = first->link;
}

/* on_syn: it meets a dial of the other side, or its listener. */
static void on_syn(struct world *w, struct event *e)
{
    struct end *x = e->end;
    unsigned at = node_at(w, e->packet.to.ip);
    if (!is_same_end(e) || x->peer || !arrive(w, at, &e->packet)) {
        return;
    }
    for (size_t i = 0; i < LINKS_MAX; i++) {
        struct end *y = &w->ends[i];
        if (y->is_used && y->node == at && !y->peer && same(y->remote, e->packet.from)) {
            join(w, x, y); /* a simultaneous connect */
            y->is_up = true;
            host_link_up(&w->nodes[at].host, y->link, (struct host_link_args){.now = w->now});
            return;
        }
    }
    uint8_t addr[32];
    host_link link;
    struct host_link_args args = {.remote = span_of(addr, write_addr(addr, e->packet.from, false)),
                                  .now = w->now};
    if (host_link_open(&w->nodes[at].host, &link, NULL, args) == OK) {
        struct end *y = end_new(w, at, link);
        y->remote = e->packet.from;
        y->is_up = true;
        join(w, x, y);
    }
}

static void end_free(struct end *x)
{
    if (x->peer) {
        x->peer->peer = NULL;
    }
    x->is_used = false;
}

static bool send_bytes(struct world *w, struct end *x)
{
    static uint8_t room[PACKET_MAX];
    if (!x->is_up || !x->peer) {
        return false;
    }
    size_t n = host_link_send(&w->nodes[x->node].host, w->now, x->link, MSPAN_OF(room));
    if (n > 0) {
        struct event *e = put(w, BYTES, n, w->latency_us[x->node][x->peer->node]);
        e->end = x->peer;
        e->link = x->peer->link;
        memcpy(e->bytes, room, n);
    }
    return n > 0;
}

/* ---- hosts ---- */

static void on_dial(struct world *w, unsigned i, const struct host_event *e)
{
    host_link link = e->link;
    struct nat_endpoint to = read_addr(e->addr);
    if (host_addr_is_quic(e->addr)) {
        uint8_t addr[32];
        struct span remote = span_of(addr, write_addr(addr, to, true));
        host_link_up(&w->nodes[i].host, link,
                     (struct host_link_args){.remote = remote, .now = w->now});
        return;
    }
    struct end *x = end_new(w, i, link);
    x->remote = to;
    send_syn(w, x);
}

static void on_close(struct world *w, unsigned i, host_link link)
{
    struct end *x = end_of(w, i, link);
    while (x && send_bytes(w, x)) {}
    if (x && x->peer) {
        struct event *e = put(w, FIN, 0, w->latency_us[i][x->peer->node]);
        e->end = x->peer;
        e->link = x->peer->link;
    }
    if (x) {
        end_free(x);
    }
    host_link_closed(&w->nodes[i].host, w->now, link, ERR_CLOSED);
}

static void send_datagrams(struct world *w, unsigned i, host_link link)
{
    uint8_t room[HOST_DATAGRAM_LEN_MAX];
    struct udp_addr to;
    size_t n;
    while ((n = host_datagram_send(&w->nodes[i].host, w->now, link, &to, MSPAN_OF(room))) > 0) {
        uint32_t ip = (uint32_t)to.ip[0] << 24 | (uint32_t)to.ip[1] << 16 |
                      (uint32_t)to.ip[2] << 8 | to.ip[3];
        struct nat_packet p = {
            .protocol = NAT_UDP, .from = w->nodes[i].own, .to = {.ip = ip, .port = to.port}
        };
        unsigned at;
        if (leave(w, i, &p, &at)) {
            struct event *e = put(w, DATAGRAM, n, w->latency_us[i][at]);
            e->from = i;
            e->packet = p;
            memcpy(e->bytes, room, n);
        }
    }
}

static void on_app_event(struct world *w, unsigned i, const struct host_event *e)
{
    struct node *n = &w->nodes[i];
    struct host_circuit_event c;
    struct host_dcutr_event d;
    if (e->kind == HOST_EVENT_PEER_CONNECTED && e->relayed) {
        n->relayed++;
        n->relayed_at = w->now;
    } else if (e->kind == HOST_EVENT_PEER_DIRECT) {
        n->direct++;
        n->direct_at = w->now;
    } else if (e->kind == HOST_EVENT_STREAM_DATA) {
        n->has_heard = true;
        host_stream stream = e->stream;
        host_stream_consume(&n->host, stream, e->data.n);
        if (e->inbound) {
            (void)host_stream_write(&n->host, stream, SPAN_LIT("answer"));
        }
    } else if (e->kind == HOST_EVENT_EXTENSION) {
        while (host_circuit_poll(&n->circuit, &c)) {}
        while (host_dcutr_poll(&n->dcutr, &d)) {
            n->attempts = d.attempts;
        }
    }
}

static bool poll(struct world *w, unsigned i)
{
    struct host_event e;
    bool any = false;
    while (host_poll(&w->nodes[i].host, &e)) {
        any = true;
        if (e.kind == HOST_EVENT_DIAL) {
            on_dial(w, i, &e);
        } else if (e.kind == HOST_EVENT_LINK_CLOSE) {
            on_close(w, i, e.link);
        } else {
            on_app_event(w, i, &e);
        }
    }
    return any;
}

static void settle(struct world *w)
{
    bool moved = true;
    while (moved) {
        moved = false;
        for (unsigned i = 0; i < NODES; i++) {
            host_link link;
            moved = poll(w, i) || moved;
            while (host_next_sendable(&w->nodes[i].host, &link)) {
                struct end *x = end_of(w, i, link);
                if (x) {
                    while (send_bytes(w, x)) {}
                } else if (host_link_is_datagram(&w->nodes[i].host, link)) {
                    send_datagrams(w, i, link);
                }
                moved = poll(w, i) || moved;
            }
        }
    }
}

/* ---- time ---- */

static void recv_bytes(struct world *w, struct event *e)
{
    unsigned i = e->end->node;
    struct span in = span_of(e->bytes, e->n);
    enum err err = OK;
    while (in.n > 0 && err == OK && is_same_end(e)) {
        err = host_link_recv(&w->nodes[i].host, w->now, e->link, &in);
        (void)poll(w, i);
    }
}

static void recv_datagram(struct world *w, struct event *e)
{
    unsigned at = node_at(w, e->packet.to.ip);
    if (!arrive(w, at, &e->packet)) {
        return;
    }
    uint8_t reply[HOST_DATAGRAM_LEN_MAX];
    uint32_t ip = e->packet.from.ip;
    struct udp_addr from = {
        .port = e->packet.from.port,
        .ip = {(uint8_t)(ip >> 24), (uint8_t)(ip >> 16), (uint8_t)(ip >> 8), (uint8_t)ip}
    };
    struct host_datagram d = {.remote = &from, .bytes = span_of(e->bytes, e->n), .now = w->now};
    (void)host_datagram_recv(&w->nodes[at].host, &d, MSPAN_OF(reply));
}

static void happen(struct world *w, struct event *e)
{
    switch (e->kind) {
    case SYN: on_syn(w, e); break;
    case SYN_AGAIN:
        if (is_same_end(e) && !e->end->peer && e->end->syns < 5) {
            send_syn(w, e->end);
        }
        break;
    case ACK:
        if (is_same_end(e) && !e->end->is_up) {
            e->end->is_up = true;
            host_link_up(&w->nodes[e->end->node].host, e->link,
                         (struct host_link_args){.now = w->now});
        }
        break;
    case BYTES:
        if (is_same_end(e)) {
            recv_bytes(w, e);
        }
        break;
    case FIN:
        if (is_same_end(e)) {
            unsigned i = e->end->node;
            host_link link = e->link;
            end_free(e->end);
            host_link_closed(&w->nodes[i].host, w->now, link, ERR_CLOSED);
        }
        break;
    case DATAGRAM: recv_datagram(w, e); break;
    }
}

static void pass(struct world *w, uint64_t us)
{
    instant end = instant_add(w->now, us);
    settle(w);
    for (;;) {
        instant next = heap_deadline(&w->heap);
        for (unsigned i = 0; i < NODES; i++) {
            next = instant_min(next, host_deadline(&w->nodes[i].host));
        }
        if (instant_before(end, next)) {
            break;
        }
        w->now = instant_before(w->now, next) ? next : w->now;
        for (unsigned i = 0; i < NODES; i++) {
            host_tick(&w->nodes[i].host, w->now);
        }
        while (instant_reached(heap_deadline(&w->heap), w->now)) {
            struct event *e = list_entry(heap_first(&w->heap), struct event, node);
            heap_remove(&w->heap, &e->node);
            happen(w, e);
            mem_free(w->budget, e, sizeof *e + e->n);
        }
        settle(w);
    }
    w->now = end;
}

/* ---- making ---- */

static void make_node(struct world *w, unsigned i, const struct punch_site *site)
{
    struct node *n = &w->nodes[i];
    struct secret32 seed;
    rng_seeded_init(&n->rng, w->cfg.seed * NODES + i + 1);
    rng_fill(&n->rng.rng, MSPAN_OF(seed.bytes));
    key_signer_init(&n->signer, &seed);
    n->has_nat = !site->is_open;
    n->own = (struct nat_endpoint){.ip = n->has_nat ? 0x0a000002 + (i << 8)  /* 10.0.I.2 */
                                                    : 0x0b000001 + (i << 8), /* 11.0.I.1 */
                                   .port = PORT};
    struct nat_cfg nat = {.mapping = site->mapping,
                          .filtering = site->filtering,
                          .ip = 0x0b000001 + (i << 8),
                          .timeout_us = 120 * US_PER_S,
                          .keeps_port = w->cfg.keeps_port};
    nat_init(&n->nat, &nat, &w->rng.rng);
    struct host_cfg cfg = {.signer = &n->signer.signer,
                           .rng = &n->rng.rng,
                           .parent = w->budget,
                           .memory_max = 6 << 20,
                           .unix_s = 1800000000,
                           .agent = "sim/1"};
    check(host_init(&n->host, &cfg, w->now) == OK);
    uint8_t addr[32];
    struct span own = span_of(addr, write_addr(addr, n->own, w->cfg.is_quic));
    check(n->has_nat || host_set_listen_addrs(&n->host, &own, 1) == OK);
    check(host_circuit_init(&n->circuit, &n->host, &(struct host_circuit_cfg){0}) == OK);
    check(host_dcutr_init(&n->dcutr, &n->host, &(struct host_dcutr_cfg){0}) == OK);
    check(host_handle(&n->host, TALK, (struct host_protocol_args){.relayed_ok = true}) == OK);
    for (unsigned k = 0; k < i; k++) {
        w->latency_us[i][k] = w->latency_us[k][i] =
            w->cfg.latency_us_min +
            rng_below(&w->rng.rng, w->cfg.latency_us_max - w->cfg.latency_us_min + 1);
    }
}

static void drop(struct world *w)
{
    while (w->heap.count > 0) {
        struct event *e = list_entry(heap_first(&w->heap), struct event, node);
        heap_remove(&w->heap, &e->node);
        mem_free(w->budget, e, sizeof *e + e->n);
    }
    heap_done(&w->heap);
    for (unsigned i = 0; i < NODES; i++) {
        struct node *n = &w->nodes[i];
        host_dcutr_done(&n->dcutr);
        host_circuit_done(&n->circuit);
        if (i == RELAY) {
            host_relay_done(&w->relay);
        }
        host_done(&n->host);
        key_signer_done(&n->signer);
    }
}

static void meet(struct world *w)
{
    uint8_t addr[32];
    uint8_t room[MULTIADDR_LEN_MAX];
    uint64_t dial;
    struct span at = span_of(addr, write_addr(addr, w->nodes[RELAY].own, w->cfg.is_quic));
    const struct peer_id *relay = host_self(&w->nodes[RELAY].host);
    check(host_circuit_reserve(&w->nodes[TARGET].circuit, relay, &at, 1) == OK);
    pass(w, MEET_US);
    struct wr wr = wr_init(MSPAN_OF(room));
    circuit_addr_write(&wr, &(struct circuit_addr){.transport = at,
                                                   .relay = *relay,
                                                   .target = *host_self(&w->nodes[TARGET].host)});
    struct span through = span_of(room, wr.n);
    check(host_dial(&w->nodes[SOURCE].host, &dial, NULL,
                    (struct host_dial_args){.addrs = &through, .addrs_count = 1}) == OK);
    pass(w, PUNCH_US);
}

static void talk(struct world *w)
{
    host_stream s;
    struct host *h = &w->nodes[SOURCE].host;
    struct host_open_args args = {.peer = host_self(&w->nodes[TARGET].host),
                                  .protocol = TALK,
                                  .known = true,
                                  .relayed_ok = true};
    if (host_open_stream(h, &s, NULL, args) == OK) {
        (void)host_stream_write(h, s, SPAN_LIT("question"));
    }
    pass(w, END_US);
}

bool punch_is_possible(const struct punch_cfg *c)
{
    const struct punch_site *sites[2] = {&c->source, &c->target};
    bool keeps[2];
    for (int i = 0; i < 2; i++) {
        keeps[i] = sites[i]->is_open || sites[i]->mapping == NAT_ENDPOINT_INDEPENDENT;
    }
    for (int i = 0; i < 2; i++) {
        const struct punch_site *x = sites[i];
        bool lets_in = x->is_open || x->filtering != NAT_ADDRESS_AND_PORT_DEPENDENT || keeps[1 - i];
        if (keeps[i] && lets_in) {
            return true;
        }
    }
    return false;
}

void punch_run(struct punch_report *ret_report, const struct punch_cfg *cfg, struct budget *budget)
{
    static struct world world;
    struct world *w = &world;
    const struct punch_site open = {.is_open = true};
    size_t before = budget->used;
    *w = (struct world){.cfg = *cfg, .budget = budget, .now = {.us = US_PER_S}};
    rng_seeded_init(&w->rng, cfg->seed);
    heap_init(&w->heap, budget, 100000);
    make_node(w, RELAY, &open);
    make_node(w, TARGET, &cfg->target);
    make_node(w, SOURCE, &cfg->source);
    struct host_relay_cfg relay = {0};
    check(host_relay_init(&w->relay, &w->nodes[RELAY].host, &relay) == OK);
    meet(w);
    talk(w);
    const struct node *s = &w->nodes[SOURCE];
    const struct node *t = &w->nodes[TARGET];
    *ret_report = (struct punch_report){
        .is_relayed = s->relayed > 0 && t->relayed > 0,
        .is_direct = s->direct > 0 && t->direct > 0,
        .is_carried = s->has_heard && t->has_heard,
        .attempts = t->attempts,
        .direct_us = instant_since(s->relayed_at, s->direct_at),
        .circuits_count = host_relay_stats(&w->relay).circuits_count,
    };
    drop(w);
    ret_report->violation = budget->used == before ? NULL : "bytes are still charged at the end";
}

/* ---- every pair ---- */

static const struct punch_site sites[] = {
    {.is_open = true},
    {.mapping = NAT_ENDPOINT_INDEPENDENT, .filtering = NAT_ENDPOINT_INDEPENDENT},
    {.mapping = NAT_ENDPOINT_INDEPENDENT, .filtering = NAT_ADDRESS_DEPENDENT},
    {.mapping = NAT_ENDPOINT_INDEPENDENT, .filtering = NAT_ADDRESS_AND_PORT_DEPENDENT},
    {.mapping = NAT_ADDRESS_DEPENDENT, .filtering = NAT_ADDRESS_DEPENDENT},
    {.mapping = NAT_ADDRESS_AND_PORT_DEPENDENT, .filtering = NAT_ADDRESS_AND_PORT_DEPENDENT},
};

void punch_each_pair(punch_pair_fn fn, void *user)
{
    enum { SITES = sizeof sites / sizeof sites[0], TRANSPORTS = 2 };
    for (size_t i = 0; i < (size_t)TRANSPORTS * SITES * SITES; i++) {
        struct punch_cfg pair = {.source = sites[i / SITES % SITES],
                                 .target = sites[i % SITES],
                                 .is_quic = i / SITES / SITES == 1,
                                 .latency_us_min = 5 * US_PER_MS,
                                 .latency_us_max = 120 * US_PER_MS};
        if (!pair.target.is_open) {
            fn(user, &pair);
        }
    }
}
