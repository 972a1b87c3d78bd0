/* DCUtR on a host: who is to be upgraded, how far it is, and what is dialled. */
#include "p2p/host_dcutr.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"

#include <string.h>

static const uint64_t IDENTIFY_US = 5 * US_PER_S; /* to hear who came through the relay */
static const uint64_t GRACE_US = 2 * US_PER_S;    /* both sides see the direct connection */
static const uint64_t EXPECT_US = 5 * US_PER_S;   /* from the peer's addresses to its SYN */
static const uint64_t DRAIN_EVERY_US = 1 * US_PER_S;

enum peer_state {
    PEER_NEW,      /* not identified yet */
    PEER_DIALLING, /* the addresses that it announces */
    PEER_ASKING,   /* an exchange runs */
    PEER_PUNCHING,
    PEER_PASSIVE, /* it asks, if anybody; or all is over */
    PEER_DRAINING,
};

struct dcutr_peer {
    struct heap_node timer;
    struct peer_id id;
    enum peer_state state;
    bool asks;         /* it is ours to ask: the relayed connection came to us */
    uint32_t attempts; /* of ours */
    uint32_t answered; /* of the peer's */
    uint64_t dial;     /* 0 = none */
    host_stream stream;
    bool has_stream; /* and an engine */
    struct dcutr engine;
    instant drain_until;
};

static struct host_dcutr *of(struct host_extension *x)
{
    return (struct host_dcutr *)(void *)x;
}

static struct dcutr_peer *find(const struct host_dcutr *hd, const struct peer_id *id)
{
    return map_find(&hd->peers, peer_id_span(id));
}

static struct dcutr_peer *find_stream(const struct host_dcutr *hd, const struct host_event *e)
{
    struct dcutr_peer *p = find(hd, &e->peer);
    return p && p->has_stream && p->stream.id == e->stream.id ? p : NULL;
}

static void set_timer(struct host_dcutr *hd, struct dcutr_peer *p, instant at)
{
    check(heap_add(&hd->timers, &p->timer, at) == OK); /* in the heap since it was made */
}

/* get finds a peer's object or makes it; NULL: there are enough, or no memory: it stays relayed. */
static struct dcutr_peer *get(struct host_dcutr *hd, const struct peer_id *id)
{
    struct dcutr_peer *p = find(hd, id);
    void *memory;
    if (p || mem_alloc(&hd->budget, &memory, sizeof(struct dcutr_peer)) != OK) {
        return p;
    }
    p = memory;
    p->id = *id;
    p->state = PEER_PASSIVE;
    if (heap_add(&hd->timers, &p->timer, INSTANT_NEVER) != OK) {
        mem_free(&hd->budget, p, sizeof *p);
        return NULL;
    }
    if (map_add(&hd->peers, peer_id_span(id), p) != OK) {
        heap_remove(&hd->timers, &p->timer);
        mem_free(&hd->budget, p, sizeof *p);
        return NULL;
    }
    return p;
}

static void drop_stream(struct host_dcutr *hd, struct dcutr_peer *p, bool is_gone)
{
    if (p->has_stream) {
        p->has_stream = false;
        dcutr_done(&p->engine);
        if (!is_gone) {
            host_stream_reset(hd->host, p->stream, 0);
        }
    }
}

static void drop_dial(struct host_dcutr *hd, struct dcutr_peer *p)
{
    if (p->dial != 0) {
        host_dial_cancel(hd->host, p->dial);
        p->dial = 0;
    }
}

static void peer_free(struct host_dcutr *hd, struct dcutr_peer *p)
{
    drop_stream(hd, p, false);
    drop_dial(hd, p);
    heap_remove(&hd->timers, &p->timer);
    check(map_remove(&hd->peers, peer_id_span(&p->id)) == p);
    mem_free(&hd->budget, p, sizeof *p);
}

/* report keeps the last few events: what nobody polls is forgotten. */
static void report(struct host_dcutr *hd, const struct dcutr_peer *p, struct host_dcutr_event event)
{
    event.peer = p->id;
    event.attempts = p->attempts;
    hd->events[hd->events_next++ % HOST_DCUTR_EVENTS_MAX] = event;
    hd->events_count = min_size(hd->events_count + 1, HOST_DCUTR_EVENTS_MAX);
    hd->is_told = false;
}

static void give_up(struct host_dcutr *hd, struct dcutr_peer *p, enum err err, const char *rule)
{
    drop_stream(hd, p, false);
    p->state = PEER_PASSIVE;
    set_timer(hd, p, INSTANT_NEVER);
    hd->stats.gave_up_count++;
    report(hd, p, (struct host_dcutr_event){.kind = HOST_DCUTR_GAVE_UP, .err = err, .rule = rule});
}

/* ---- addresses ---- */

struct addrs {
    struct net_addr all[DCUTR_ADDRS_MAX];
    size_t count;
};

/* add takes an address that can be punched to, once. */
static void add(const struct host_dcutr *hd, struct addrs *to, struct span multiaddr)
{
    struct net_addr a;
    if (to->count == DCUTR_ADDRS_MAX || circuit_addr_is(multiaddr) ||
        net_addr_of(&a, multiaddr) != OK || net_addr_is_any(&a) || a.port == 0 ||
        a.transport == NET_WSS || /* there the sides of TLS are not to be exchanged */
        !(hd->cfg.private_too || net_addr_is_public(&a))) {
        return;
    }
    for (size_t i = 0; i < to->count; i++) {
        if (net_addr_equal(&to->all[i], &a)) {
            return;
        }
    }
    to->all[to->count++] = a;
}

/* SPEC libp2p/dcutr §"The Protocol": the addresses that others observed us at, and those we announce. */
static void collect_own(const struct host_dcutr *hd, struct addrs *to)
{
    struct span direct[HOST_ADDRS_MAX];
    size_t count = host_direct_addrs(hd->host, direct);
    to->count = min_size(hd->addrs_count, DCUTR_ADDRS_MAX);
    memcpy(to->all, hd->addrs, to->count * sizeof to->all[0]);
    for (size_t i = 0; i < host_peers_count(hd->host); i++) {
        struct host_peer_info info;
        host_peer_at(hd->host, &info, i);
        if (info.identified && !info.relayed && info.observed.n > 0) {
            add(hd, to, info.observed);
        }
    }
    for (size_t i = 0; i < count; i++) {
        add(hd, to, direct[i]);
    }
}

/* dial starts one at addresses as multiaddrs. */
static enum err
dial(struct host_dcutr *hd, struct dcutr_peer *p, const struct addrs *to, enum host_dial_role role)
{
    uint8_t room[DCUTR_ADDRS_MAX][NET_ADDR_LEN_MAX];
    struct span addrs[DCUTR_ADDRS_MAX];
    for (size_t i = 0; i < to->count; i++) {
        struct wr w = wr_init(MSPAN_OF(room[i]));
        net_addr_write(&w, &to->all[i]);
        addrs[i] = span_of(room[i], w.n);
    }
    struct host_dial_args args = {.peer = &p->id,
                                  .addrs = addrs,
                                  .addrs_count = to->count,
                                  .role = role,
                                  .timeout_us = hd->cfg.dial_timeout_us};
    drop_dial(hd, p);
    return to->count > 0 ? host_dial(hd->host, &p->dial, NULL, args) : ERR_NOT_FOUND;
}

/* ---- exchanges ---- */

static void pump(struct host_dcutr *hd, struct dcutr_peer *p);

/* start_exchange gives a stream its engine. */
static enum err start_exchange(struct host_dcutr *hd, struct dcutr_peer *p, bool asks)
{
    uint8_t room[DCUTR_ADDRS_MAX][NET_ADDR_LEN_MAX];
    struct span addrs[DCUTR_ADDRS_MAX];
    struct addrs own = {0};
    collect_own(hd, &own);
    for (size_t i = 0; i < own.count; i++) {
        struct wr w = wr_init(MSPAN_OF(room[i]));
        net_addr_write(&w, &own.all[i]);
        addrs[i] = span_of(room[i], w.n);
    }
    if (own.count == 0) {
        return ERR_NOT_FOUND;
    }
    struct dcutr_cfg cfg = {.asks = asks,
                            .addrs = addrs,
                            .addrs_count = own.count,
                            .timeout_us = hd->cfg.exchange_timeout_us,
                            .budget = &hd->budget};
    enum err e = dcutr_init(&p->engine, &cfg, hd->host->now);
    if (e != OK) {
        dcutr_done(&p->engine);
        return e;
    }
    p->has_stream = true;
    return OK;
}

/* ask begins the next attempt. */
static void ask(struct host_dcutr *hd, struct dcutr_peer *p)
{
    if (!host_peer_speaks(hd->host, &p->id, SPAN_LIT(DCUTR_PROTOCOL))) {
        give_up(hd, p, ERR_UNSUPPORTED, "the peer does not speak DCUtR");
        return;
    }
    if (p->attempts == HOST_DCUTR_ATTEMPTS_MAX) {
        give_up(hd, p, ERR_TIMEOUT, "no attempt came through");
        return;
    }
    p->attempts++;
    hd->stats.attempts_count++;
    p->state = PEER_ASKING;
    struct host_open_args args = {
        .peer = &p->id, .protocol = DCUTR_PROTOCOL, .known = true, .relayed_ok = true};
    enum err e = host_open_stream(hd->host, &p->stream, NULL, args);
    if (e == OK) {
        e = start_exchange(hd, p, true);
        if (e != OK) {
            host_stream_reset(hd->host, p->stream, 0);
        }
    }
    if (e == ERR_NOT_FOUND) {
        give_up(hd, p, e, "nobody has told us an address of ours");
    } else if (e != OK) {
        give_up(hd, p, e, "no stream for the exchange");
    } else {
        pump(hd, p);
    }
}

/* SPEC libp2p/dcutr §"The Protocol": who made the relayed connection is the client, whoever dials. In the last attempt it is
 * the other way round, for peers that have it reversed. */
static enum host_dial_role role_of(const struct dcutr_peer *p, bool asks)
{
    bool is_last = (asks ? p->attempts : p->answered + 1) % HOST_DCUTR_ATTEMPTS_MAX == 0;
    return asks == is_last ? HOST_DIAL_PUNCH_CLIENT : HOST_DIAL_PUNCH_SERVER;
}

static void punch(struct host_dcutr *hd, struct dcutr_peer *p, const struct dcutr_event *e)
{
    struct addrs to = {0};
    bool asks = p->engine.cfg.asks;
    for (size_t i = 0; i < e->addrs_count; i++) {
        add(hd, &to, e->addrs[i]);
    }
    host_stream_close_write(hd->host, p->stream);
    p->has_stream = false;
    dcutr_done(&p->engine);
    p->state = PEER_PUNCHING;
    set_timer(hd, p, INSTANT_NEVER);
    enum err err = dial(hd, p, &to, role_of(p, asks));
    p->answered += !asks;
    if (err == ERR_STATE) {
        p->state = PEER_PASSIVE; /* it is there already */
    } else if (err != OK && asks) {
        give_up(hd, p, err, "the peer has no address that we dial");
    } else if (err != OK) {
        p->state = PEER_PASSIVE;
    }
}

/* expect tells the host whether we are the client of what is about to begin: a SYN of the peer's overtakes the SYNC before it if the
 * relay, or this process, is slow, and then the part is to be known already. */
static void expect(struct host_dcutr *hd, const struct dcutr_peer *p)
{
    struct span addrs[DCUTR_ADDRS_MAX];
    struct addrs from = {0};
    bool is_client = role_of(p, p->engine.cfg.asks) == HOST_DIAL_PUNCH_CLIENT;
    size_t count = dcutr_peer_addrs(&p->engine, addrs);
    for (size_t i = 0; i < count; i++) {
        add(hd, &from, addrs[i]);
    }
    for (size_t i = 0; i < from.count; i++) {
        if (from.all[i].transport == NET_TCP) {
            host_punch_expect(hd->host, &from.all[i], is_client ? EXPECT_US : 0);
        }
    }
}

/* pump writes what the engine says and does what it reports. */
static void pump(struct host_dcutr *hd, struct dcutr_peer *p)
{
    uint8_t room[512];
    struct dcutr_event e;
    for (;;) {
        size_t len = min_size(sizeof room, host_stream_writable_len(hd->host, p->stream));
        size_t n = len ? dcutr_send(&p->engine, hd->host->now, mspan_of(room, len)) : 0;
        if (n == 0) {
            break;
        }
        (void)host_stream_write(hd->host, p->stream, span_of(room, n)); /* has room for it */
    }
    set_timer(hd, p, dcutr_deadline(&p->engine));
    expect(hd, p);
    if (!dcutr_poll(&p->engine, &e)) {
        return;
    }
    if (e.kind == DCUTR_EVENT_PUNCH) {
        punch(hd, p, &e);
    } else if (p->engine.cfg.asks) {
        give_up(hd, p, e.err, e.rule);
    } else {
        drop_stream(hd, p, false);
        set_timer(hd, p, INSTANT_NEVER);
    }
}

/* ---- events ---- */

/* begin tries the addresses that the peer announces, then hole punching. */
static void begin(struct host_dcutr *hd, struct dcutr_peer *p)
{
    struct addrs to = {0};
    struct host_peer_info info;
    if (host_peer_find(hd->host, &info, &p->id)) {
        for (size_t i = 0; i < info.addrs_count; i++) {
            add(hd, &to, host_peer_addr(hd->host, &p->id, i));
        }
    }
    set_timer(hd, p, INSTANT_NEVER);
    p->state = PEER_DIALLING;
    /* SPEC libp2p/dcutr §"The Protocol": a peer with public addresses may simply be dialled. */
    if (dial(hd, p, &to, HOST_DIAL_DIRECT) != OK) {
        ask(hd, p);
    }
}

static void on_connected(struct host_dcutr *hd, const struct host_event *e)
{
    struct dcutr_peer *p = e->relayed ? get(hd, &e->peer) : NULL;
    if (p && e->inbound) {
        p->asks = true;
        p->state = PEER_NEW;
        set_timer(hd, p, instant_add(hd->host->now, IDENTIFY_US));
    }
}

static void on_direct(struct host_dcutr *hd, const struct host_event *e)
{
    struct dcutr_peer *p = get(hd, &e->peer);
    if (!p) {
        return;
    }
    drop_stream(hd, p, false);
    drop_dial(hd, p);
    p->state = PEER_DRAINING;
    p->drain_until = instant_add(hd->host->now, HOST_DCUTR_DRAIN_S * US_PER_S);
    set_timer(hd, p, instant_add(hd->host->now, GRACE_US));
    hd->stats.upgraded_count++;
    report(hd, p, (struct host_dcutr_event){.kind = HOST_DCUTR_UPGRADED});
}

static void on_disconnected(struct host_dcutr *hd, const struct peer_id *id)
{
    struct dcutr_peer *p = find(hd, id);
    if (p) {
        drop_stream(hd, p, true);
        peer_free(hd, p);
    }
}

static bool on_dial_failed(struct host_dcutr *hd, const struct host_event *e)
{
    struct dcutr_peer *p = find(hd, &e->peer);
    if (!p || p->dial == 0 || p->dial != e->dial) {
        return false;
    }
    p->dial = 0;
    if (p->asks && (p->state == PEER_DIALLING || p->state == PEER_PUNCHING)) {
        ask(hd, p);
    } else if (p->state == PEER_PUNCHING) {
        p->state = PEER_PASSIVE;
    }
    return true;
}

static bool on_new_stream(struct host_dcutr *hd, const struct host_event *e)
{
    if (e->kind != HOST_EVENT_STREAM_OPENED || !e->inbound ||
        !span_equal(e->protocol, SPAN_LIT(DCUTR_PROTOCOL))) {
        return false;
    }
    host_stream stream = e->stream;
    struct dcutr_peer *p = get(hd, &e->peer);
    /* Only who made the relayed connection is asked, and for one thing at a time. */
    if (!p || p->asks || p->has_stream || p->state == PEER_DRAINING) {
        host_stream_reset(hd->host, stream, 0);
        return true;
    }
    p->stream = stream;
    if (start_exchange(hd, p, false) != OK) {
        host_stream_reset(hd->host, stream, 0);
    } else {
        pump(hd, p);
    }
    return true;
}

static bool on_stream(struct host_dcutr *hd, const struct host_event *e)
{
    struct dcutr_peer *p = find_stream(hd, e);
    if (!p) {
        bool is_dcutr = span_equal(e->protocol, SPAN_LIT(DCUTR_PROTOCOL));
        if (is_dcutr && e->kind == HOST_EVENT_STREAM_DATA) {
            host_stream_consume(hd->host, e->stream, e->data.n);
        } else if (is_dcutr && e->kind == HOST_EVENT_STREAM_FIN) {
            host_stream_close_write(hd->host, e->stream);
        }
        return on_new_stream(hd, e) || is_dcutr;
    }
    if (e->kind == HOST_EVENT_STREAM_DATA) {
        struct span in = e->data;
        host_stream stream = e->stream;
        (void)dcutr_recv(&p->engine, hd->host->now, &in);
        host_stream_consume(hd->host, stream, e->data.n);
        pump(hd, p);
    } else if (e->kind == HOST_EVENT_STREAM_FIN) {
        dcutr_recv_end(&p->engine);
        pump(hd, p);
    } else if (e->kind == HOST_EVENT_STREAM_CLOSED || e->kind == HOST_EVENT_STREAM_RESET) {
        bool asks = p->engine.cfg.asks;
        drop_stream(hd, p, true);
        set_timer(hd, p, INSTANT_NEVER);
        if (asks) {
            give_up(hd, p, ERR_CLOSED, "the peer refused the exchange");
        }
    } else {
        pump(hd, p);
    }
    return true;
}

static bool on_event(struct host_extension *self, const struct host_event *e)
{
    struct host_dcutr *hd = of(self);
    struct dcutr_peer *p;
    switch (e->kind) {
    case HOST_EVENT_PEER_CONNECTED:    on_connected(hd, e); return false;
    case HOST_EVENT_PEER_DIRECT:       on_direct(hd, e); return false;
    case HOST_EVENT_PEER_DISCONNECTED: on_disconnected(hd, &e->peer); return false;
    case HOST_EVENT_DIAL_FAILED:       return on_dial_failed(hd, e);
    case HOST_EVENT_PEER_IDENTIFIED:
        p = find(hd, &e->peer);
        if (p && p->state == PEER_NEW) {
            begin(hd, p);
        }
        return false;
    case HOST_EVENT_STREAM_OPENED:
    case HOST_EVENT_STREAM_DATA:
    case HOST_EVENT_STREAM_FIN:
    case HOST_EVENT_STREAM_WRITABLE:
    case HOST_EVENT_STREAM_CLOSED:
    case HOST_EVENT_STREAM_RESET:    return on_stream(hd, e);
    case HOST_EVENT_DIAL:
    case HOST_EVENT_LINK_CLOSE:
    case HOST_EVENT_PING:
    case HOST_EVENT_PERF:
    case HOST_EVENT_REFUSED:
    case HOST_EVENT_EXTENSION:       return false;
    }
    return false;
}

static bool work(struct host_extension *self)
{
    (void)self;
    return false;
}

static bool has_news(struct host_extension *self)
{
    struct host_dcutr *hd = of(self);
    bool news = !hd->is_told && hd->events_count > 0;
    hd->is_told = hd->is_told || news;
    return news;
}

bool host_dcutr_poll(struct host_dcutr *hd, struct host_dcutr_event *ret_event)
{
    hd->is_told = false;
    if (hd->events_count == 0) {
        return false;
    }
    *ret_event = hd->events[(hd->events_next - hd->events_count) % HOST_DCUTR_EVENTS_MAX];
    hd->events_count--;
    return true;
}

static instant deadline(const struct host_extension *self)
{
    const struct host_dcutr *hd = (const struct host_dcutr *)(const void *)self;
    return heap_deadline(&hd->timers);
}

/* drain closes the relayed connections that have nothing left to carry. */
static void drain(struct host_dcutr *hd, struct dcutr_peer *p)
{
    bool is_over = instant_reached(p->drain_until, hd->host->now);
    /* SPEC libp2p/dcutr §"The Protocol": the relayed connection is closed after a while; what runs on it is made anew. */
    if (host_close_relayed(hd->host, &p->id, is_over) > 0) {
        set_timer(hd, p, instant_add(hd->host->now, DRAIN_EVERY_US));
    } else {
        peer_free(hd, p);
    }
}

static void on_timer(struct host_dcutr *hd, struct dcutr_peer *p, instant now)
{
    set_timer(hd, p, INSTANT_NEVER);
    if (p->has_stream) {
        dcutr_tick(&p->engine, now);
        pump(hd, p);
    } else if (p->state == PEER_DRAINING) {
        drain(hd, p);
    } else if (p->state == PEER_NEW) {
        give_up(hd, p, ERR_TIMEOUT, "the peer does not say who it is");
    }
}

static void tick(struct host_extension *self, instant now)
{
    struct host_dcutr *hd = of(self);
    while (instant_reached(heap_deadline(&hd->timers), now)) {
        on_timer(hd, list_entry(heap_first(&hd->timers), struct dcutr_peer, timer), now);
    }
}

/* ---- life ---- */

enum err host_dcutr_init(struct host_dcutr *hd, struct host *host, const struct host_dcutr_cfg *cfg)
{
    memset(hd, 0, sizeof *hd);
    hd->host = host;
    hd->cfg = *cfg;
    hd->cfg.exchange_timeout_us =
        cfg->exchange_timeout_us ? cfg->exchange_timeout_us : 10 * US_PER_S;
    hd->cfg.dial_timeout_us = cfg->dial_timeout_us ? cfg->dial_timeout_us : 5 * US_PER_S;
    budget_init(&hd->budget, &host->system, "dcutr", (size_t)1024 * 1024);
    struct map_cfg maps = {
        .count_max = HOST_DCUTR_PEERS_MAX,
        .seed = {rng_u64(host->cfg.rng), rng_u64(host->cfg.rng)}
    };
    map_init(&hd->peers, &hd->budget, maps);
    heap_init(&hd->timers, &hd->budget, HOST_DCUTR_PEERS_MAX);
    hd->extension = (struct host_extension){.on_event = on_event,
                                            .work = work,
                                            .has_news = has_news,
                                            .deadline = deadline,
                                            .tick = tick};
    host_extend(host, &hd->extension);
    struct host_protocol_args args = {
        .streams_in_max = HOST_DCUTR_PEERS_MAX, .streams_in_per_peer_max = 2, .relayed_ok = true};
    return host_handle(host, DCUTR_PROTOCOL, args);
}

void host_dcutr_done(struct host_dcutr *hd)
{
    if (!hd->host) {
        return;
    }
    host_unextend(&hd->extension);
    host_unhandle(hd->host, DCUTR_PROTOCOL);
    while (hd->peers.count > 0) {
        peer_free(hd, map_at(&hd->peers, hd->peers.count - 1)->value);
    }
    map_done(&hd->peers);
    heap_done(&hd->timers);
    check(hd->budget.used == 0);
    memset(hd, 0, sizeof *hd);
}

void host_dcutr_set_addrs(struct host_dcutr *hd, const struct net_addr *addrs, size_t count)
{
    hd->addrs_count = min_size(count, DCUTR_ADDRS_MAX);
    for (size_t i = 0; i < hd->addrs_count; i++) {
        hd->addrs[i] = addrs[i];
    }
}
