/* Links, connections and peers of a host: who is let in, and who is who. */
#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/wr.h"
#include "p2p/circuit_addr.h"
#include "p2p/conn_gate.h"
#include "p2p/host_state.h"

#include <string.h>

/* scope_move takes a connection with all it holds from the scope it is in to another, or leaves it. */
MUST_CHECK static enum err scope_move(struct host_conn *hc, struct budget *to)
{
    struct budget *from = hc->budget.parent;
    size_t n = hc->budget.used + sizeof *hc;
    budget_release(from, n);
    enum err e = budget_reserve(to, n, NULL);
    if (e == OK) {
        hc->budget.parent = to;
        return OK;
    }
    check(budget_reserve(from, n, NULL) == OK); /* was just released there */
    return e;
}

struct host_conn *host_conn_find(const struct host *h, host_link link)
{
    return map_find(&h->links, span_of(&link.id, sizeof link.id));
}

struct host_peer *host_peer_get(const struct host *h, const struct peer_id *id)
{
    return map_find(&h->peers, peer_id_span(id));
}

void host_peer_event(struct host *h, struct host_peer *p)
{
    if (!list_is_linked(&p->in_peer_events)) {
        list_add_last(&h->peer_events, &p->in_peer_events);
    }
}

void host_link_event(struct host *h, struct host_conn *hc)
{
    if (!list_is_linked(&hc->in_link_events)) {
        list_add_last(&h->link_events, &hc->in_link_events);
    }
}

void host_conn_touch(struct host *h, struct host_conn *hc)
{
    if (!hc->conn_is_made || hc->state == HOST_CONN_DEAD) {
        return;
    }
    if (hc->state == HOST_CONN_UP && !list_is_linked(&hc->in_eventful)) {
        list_add_last(&h->eventful, &hc->in_eventful);
    }
    if (conn_has_output(&hc->conn) && !list_is_linked(&hc->in_sendable)) {
        list_add_last(hc->is_relayed ? &h->relayed_sendable : &h->sendable, &hc->in_sendable);
    }
    instant at = conn_deadline(&hc->conn);
    if (at.us != hc->timer.node.at.us) {
        check(heap_add(&h->timers, &hc->timer.node, at) == OK); /* in the heap since it was made */
    }
}

/* ---- making and freeing ---- */

static const char DENIED_ADDR[] = "an address on the deny list";
static const char DENIED_PEER[] = "a peer on the deny list";

static struct refusal gate_refusal(const char *reason)
{
    return (struct refusal){.reason = reason, .scope = "gate"};
}

/* enter counts a connection that comes in at the place it comes from; an address that is neither a network's (one through a
 * relay) has no place. */
MUST_CHECK static enum err enter(struct host *h, struct host_conn *hc, struct refusal *ret)
{
    struct net_addr a;
    struct refusal r;
    if (!hc->inbound || net_addr_of(&a, buf_span(&hc->addr)) != OK) {
        return OK;
    }
    enum conn_verdict verdict = conn_gate_addr(h->gate, &a);
    if (verdict == CONN_DENIED) {
        return host_refuse(h, ret, gate_refusal(DENIED_ADDR), NULL);
    }
    if (verdict == CONN_ALLOWED) {
        return OK;
    }
    if (conn_groups_enter(&h->groups, &a, &r) != OK) {
        return host_refuse(h, ret, r, NULL);
    }
    hc->is_counted = true;
    hc->from = a;
    return OK;
}

MUST_CHECK static enum err check_caps(struct host *h, struct refusal *ret, bool inbound)
{
    const struct host_limits *l = &h->limits;
    if (h->links.count >= l->conns_max) {
        return host_refuse(
            h, ret, (struct refusal){"connections", "system", h->links.count, l->conns_max}, NULL);
    }
    if (inbound && h->conns_in_count >= l->conns_in_max) {
        return host_refuse(
            h, ret,
            (struct refusal){"incoming connections", "system", h->conns_in_count, l->conns_in_max},
            NULL);
    }
    if (h->conns_transient_count >= l->conns_transient_max) {
        struct refusal r = {"connections in handshake", "transient", h->conns_transient_count,
                            l->conns_transient_max};
        return host_refuse(h, ret, r, NULL);
    }
    return OK;
}

static void leave_transient(struct host *h, struct host_conn *hc)
{
    h->conns_transient_count -= hc->was_transient;
    hc->was_transient = false;
}

static void conn_free(struct host *h, struct host_conn *hc)
{
    leave_transient(h, hc);
    h->conns_in_count -= hc->inbound;
    heap_remove(&h->timers, &hc->timer.node);
    list_remove(&hc->in_dial);
    list_remove(&hc->in_peer);
    list_remove(&hc->in_eventful);
    list_remove(&hc->in_sendable);
    list_remove(&hc->in_link_events);
    if (hc->conn_is_made) {
        conn_done(&hc->conn);
    }
    buf_done(&hc->addr);
    if (hc->is_counted) {
        conn_groups_leave(&h->groups, &hc->from);
    }
    check(hc->budget.used == 0);
    check(map_remove(&h->links, span_of(&hc->link.id, sizeof hc->link.id)) == hc);
    mem_free(hc->budget.parent, hc, sizeof *hc);
}

enum err host_conn_new(struct host *h,
                       struct host_conn **ret_conn,
                       struct refusal *ret_refusal,
                       struct span addr,
                       bool inbound)
{
    TRY(check_caps(h, ret_refusal, inbound));
    void *p;
    if (mem_alloc(&h->transient, &p, sizeof(struct host_conn)) != OK) {
        return host_refuse(h, ret_refusal,
                           host_memory_refusal(&h->transient, sizeof(struct host_conn)), NULL);
    }
    struct host_conn *hc = p;
    budget_init(&hc->budget, &h->transient, "connection", h->limits.memory_per_conn_max);
    buf_init(&hc->addr, &hc->budget, MULTIADDR_LEN_MAX);
    hc->link.id = ++h->next_id;
    hc->inbound = inbound;
    hc->is_client = !inbound;
    hc->is_relayed = circuit_addr_is(addr);
    hc->relay_until = INSTANT_NEVER;
    hc->timer.kind = HOST_TIMER_CONN;
    list_init(&hc->streams);
    if (buf_append(&hc->addr, addr) != OK ||
        heap_add(&h->timers, &hc->timer.node, INSTANT_NEVER) != OK ||
        map_add(&h->links, span_of(&hc->link.id, sizeof hc->link.id), hc) != OK) {
        heap_remove(&h->timers, &hc->timer.node);
        buf_done(&hc->addr);
        mem_free(&h->transient, hc, sizeof *hc);
        return host_refuse(h, ret_refusal, host_memory_refusal(&h->system, 1), NULL);
    }
    h->conns_in_count += inbound;
    h->conns_transient_count++;
    hc->was_transient = true;
    if (enter(h, hc, ret_refusal) != OK) {
        conn_free(h, hc);
        return ERR_LIMIT;
    }
    *ret_conn = hc;
    return OK;
}

void host_conn_maybe_free(struct host *h, struct host_conn *hc)
{
    if (hc->state == HOST_CONN_DEAD && list_is_empty(&hc->streams)) {
        conn_free(h, hc);
    }
}

/* set_security fills in which secure channels a connection may have. */
static void set_security(const struct host *h, struct conn_cfg *cfg)
{
    if (h->cfg.unix_s == 0) {
        return; /* noise alone */
    }
    cfg->tls = &h->tls;
    cfg->unix_s = host_unix_s(h);
    if (!cfg->is_dialer) {
        cfg->security[0] = SECURITY_NOISE;
        cfg->security[1] = SECURITY_TLS;
        cfg->security_count = SECURITY_COUNT;
        return;
    }
    cfg->security_count = h->cfg.security_dial_count;
    for (size_t i = 0; i < cfg->security_count; i++) {
        cfg->security[i] = h->cfg.security_dial[i];
    }
}

/* start_conn begins the upgrade once the transport is up. What stands in quic makes it one over QUIC. */
static void start_conn(struct host *h, struct host_conn *hc, const struct conn_cfg *quic)
{
    struct conn_cfg cfg = {.is_dialer = hc->is_client,
                           .identity = &h->identity,
                           .expected = hc->dial ? &hc->dial->peer : NULL,
                           .protocols = hc->is_relayed ? &h->relayed_protocols : &h->protocols,
                           .rng = h->cfg.rng,
                           .budget = &hc->budget,
                           .credit = &h->credit,
                           .streams_max = h->limits.streams_per_conn_max,
                           .streams_in_max = h->limits.streams_in_per_conn_max,
                           .window_max = h->limits.window_max,
                           .queue_max = h->limits.queue_per_stream_max,
                           .keepalive_us = h->limits.keepalive_us,
                           .handshake_timeout_us = h->limits.handshake_timeout_us,
                           .stream_timeout_us = h->limits.stream_timeout_us};
    set_security(h, &cfg);
    if (quic) {
        cfg.endpoint = &h->endpoint;
        cfg.quic = &h->quic;
        cfg.remote = quic->remote;
        cfg.first = quic->first;
    }
    hc->state = HOST_CONN_UP;
    hc->conn_is_made = true;
    if (conn_init(&hc->conn, &cfg, h->now) != OK) {
        conn_close(&hc->conn); /* no memory: a CLOSED event follows */
    }
    host_conn_touch(h, hc);
}

/* ---- peers ---- */

static void peer_free(struct host *h, struct host_peer *p)
{
    list_remove(&p->in_peer_events);
    buf_done(&p->identify);
    check(p->budget.used == 0);
    check(map_remove(&h->peers, peer_id_span(&p->id)) == p);
    mem_free(&h->system, p, sizeof *p);
}

MUST_CHECK static enum err
peer_new(struct host *h, struct host_peer **ret_peer, const struct peer_id *id)
{
    void *memory;
    TRY(mem_alloc(&h->system, &memory, sizeof(struct host_peer)));
    struct host_peer *p = memory;
    enum err e = map_add(&h->peers, peer_id_span(id), p);
    if (e != OK) {
        mem_free(&h->system, p, sizeof *p);
        return e;
    }
    p->id = *id;
    budget_init(&p->budget, &h->system, "peer", h->limits.memory_per_peer_max);
    buf_init(&p->identify, &p->budget, IDENTIFY_MESSAGE_LEN_MAX);
    list_init(&p->conns);
    p->connected_at = h->now;
    *ret_peer = p;
    return OK;
}

bool host_peer_is_relayed(const struct host_peer *p)
{
    struct list *first = list_first(&p->conns); /* direct ones stand in front: see join_peer */
    return first && list_entry(first, struct host_conn, in_peer)->is_relayed;
}

/* join_peer lists a connection with its peer, direct ones before relayed ones: the first is the one that is used. */
static void join_peer(struct host_peer *p, struct host_conn *hc)
{
    struct list *before = &p->conns;
    for (struct list *l = list_first(&p->conns); l && !hc->is_relayed;
         l = list_next(&p->conns, l)) {
        if (list_entry(l, struct host_conn, in_peer)->is_relayed) {
            before = l;
            break;
        }
    }
    list_add_last(before, &hc->in_peer); /* which is: in front of that place */
    hc->peer = p;
    p->conns_count++;
}

/* leave_peer takes a connection from its peer; the last one makes the peer's end due. */
static void leave_peer(struct host *h, struct host_conn *hc, enum err e, const char *rule)
{
    struct host_peer *p = hc->peer;
    if (!p) {
        return;
    }
    check(scope_move(hc, &h->system) == OK); /* system is above the peer's scope already */
    list_remove(&hc->in_peer);
    hc->peer = NULL;
    p->conns_count--;
    if (p->conns_count == 0) {
        p->disconnected_due = true;
        p->err = e;
        p->rule = rule;
        host_peer_event(h, p);
    }
}

/* ---- the end of a connection ---- */

/* close_conn ends what stands on the connection; the driver is asked to close the transport. */
void host_conn_close(struct host *h, struct host_conn *hc, enum err e, const char *rule)
{
    if (hc->state >= HOST_CONN_CLOSING) {
        return;
    }
    bool was_ready = hc->peer != NULL;
    bool has_failed = !was_ready && hc->conn_is_made;
    h->handshakes_failed_count += has_failed;
    if (has_failed && hc->inbound && e != ERR_CLOSED && e != ERR_IO) {
        host_say_failed(h, hc, e, rule); /* who dialled, or was let in, has an event of its own */
    }
    hc->state = HOST_CONN_CLOSING;
    list_remove(&hc->in_eventful);
    host_streams_end(h, hc, e, rule);
    leave_peer(h, hc, e, rule);
    leave_transient(h, hc);
    check(heap_add(&h->timers, &hc->timer.node, INSTANT_NEVER) == OK);
    hc->dial_due = false;
    hc->close_due = true;
    host_link_event(h, hc);
    host_dial_attempt_failed(h, hc, e, rule);
}

static void on_ready_refused(struct host *h, struct host_conn *hc, struct refusal r)
{
    conn_close(&hc->conn);
    host_conn_close(h, hc, ERR_LIMIT, r.reason);
    (void)host_refuse(h, NULL, r, &hc->peer_id); /* in place of what that said */
}

static void on_ready(struct host *h, struct host_conn *hc, const struct peer_id *id)
{
    hc->peer_id = *id;
    leave_transient(h, hc);
    if (peer_id_equal(id, &h->self)) {
        conn_close(&hc->conn);
        host_conn_close(h, hc, ERR_DENIED, "that is ourselves");
        return;
    }
    if (conn_gate_peer(h->gate, id) == CONN_DENIED) {
        on_ready_refused(h, hc, gate_refusal(DENIED_PEER));
        return;
    }
    struct host_peer *p = host_peer_get(h, id);
    bool is_new = !p;
    if (!p && peer_new(h, &p, id) != OK) {
        on_ready_refused(h, hc, host_memory_refusal(&h->system, sizeof(struct host_peer)));
        return;
    }
    if (p->conns_count >= h->limits.conns_per_peer_max) {
        on_ready_refused(h, hc,
                         (struct refusal){"connections of this peer", "peer", p->conns_count,
                                          h->limits.conns_per_peer_max});
        return;
    }
    if (scope_move(hc, &p->budget) != OK) {
        struct refusal r = host_memory_refusal(&p->budget, hc->budget.used + sizeof *hc);
        if (is_new) {
            peer_free(h, p);
        }
        on_ready_refused(h, hc, r);
        return;
    }
    h->handshakes_count++;
    bool is_upgrade = host_peer_is_relayed(p) && !hc->is_relayed;
    join_peer(p, hc);
    if (is_new) {
        p->inbound = hc->inbound;
        p->connected_due = true;
        host_peer_event(h, p);
    } else if (is_upgrade) {
        p->direct_due = true;
        host_peer_event(h, p);
    }
    host_dial_won(h, hc);
    if (is_new || is_upgrade) {
        host_identify_start(h, hc);
    }
}

bool host_conn_on_event(struct host *h,
                        struct host_event *ret_event,
                        struct host_conn *hc,
                        const struct conn_event *e)
{
    switch (e->kind) {
    case CONN_EVENT_READY:           on_ready(h, hc, &e->peer); return false;
    case CONN_EVENT_CLOSED:          host_conn_close(h, hc, e->err, e->rule); return false;
    case CONN_EVENT_REFUSED:         (void)host_refuse(h, NULL, e->refusal, &hc->peer_id); return false;
    case CONN_EVENT_STREAM_OPENED:
    case CONN_EVENT_STREAM_DATA:
    case CONN_EVENT_STREAM_FIN:
    case CONN_EVENT_STREAM_WRITABLE:
    case CONN_EVENT_STREAM_CLOSED:
    case CONN_EVENT_STREAM_RESET:    return host_stream_on_event(h, ret_event, hc, e);
    }
    return false;
}

/* ---- what the driver calls ---- */

enum err host_link_open(struct host *h,
                        host_link *ret_link,
                        struct refusal *ret_refusal,
                        struct host_link_args args)
{
    h->now = args.now;
    struct host_conn *hc;
    TRY(host_conn_new(h, &hc, ret_refusal, args.remote, true));
    /* SPEC libp2p/dcutr §"The Protocol": the peers of a simultaneous connect keep their parts, whoever's SYN was first. */
    hc->is_client = host_punch_is_client(h, args.remote);
    start_conn(h, hc, NULL);
    *ret_link = hc->link;
    return OK;
}

void host_conn_accept(struct host *h, const struct quic_datagram *first)
{
    uint8_t bytes[64];
    struct host_conn *hc;
    struct wr w = wr_init(MSPAN_OF(bytes));
    udp_addr_write(&w, &first->remote);
    if (host_conn_new(h, &hc, NULL, span_of(bytes, w.n), true) == OK) {
        start_conn(h, hc, &(struct conn_cfg){.first = first});
    }
}

static void quic_up(struct host *h, struct host_conn *hc, struct span remote)
{
    struct udp_addr to;
    if (h->cfg.unix_s == 0 || udp_addr_of(&to, remote.n > 0 ? remote : buf_span(&hc->addr)) != OK) {
        host_conn_close(h, hc, ERR_UNSUPPORTED, "no address to send datagrams to");
        return;
    }
    if (!hc->is_client) {
        host_punch_start(h, hc, &to);
        return;
    }
    start_conn(h, hc, &(struct conn_cfg){.remote = &to});
}

void host_link_up(struct host *h, host_link link, struct host_link_args args)
{
    h->now = args.now;
    struct host_conn *hc = host_conn_find(h, link);
    if (!hc || hc->state != HOST_CONN_DIALING) {
        return;
    }
    if (hc->dial && host_gate_denies(h, &hc->dial->peer, args.remote)) { /* where a name led to */
        host_conn_close(h, hc, ERR_DENIED, DENIED_ADDR);
        return;
    }
    if (host_addr_is_quic(buf_span(&hc->addr))) {
        quic_up(h, hc, args.remote);
    } else {
        start_conn(h, hc, NULL);
    }
}

enum err host_link_recv(struct host *h, instant now, host_link link, struct span *in)
{
    h->now = now;
    struct host_conn *hc = host_conn_find(h, link);
    if (!hc || hc->state != HOST_CONN_UP) {
        return ERR_CLOSED;
    }
    size_t before = in->n;
    host_share(h, hc);
    enum err e = conn_recv(&hc->conn, now, in);
    h->bytes_in += before - in->n;
    host_conn_touch(h, hc);
    return e;
}

size_t host_link_send(struct host *h, instant now, host_link link, struct mspan out)
{
    h->now = now;
    struct host_conn *hc = host_conn_find(h, link);
    if (!hc || !hc->conn_is_made || hc->state == HOST_CONN_DEAD) {
        return 0;
    }
    size_t n = conn_send(&hc->conn, now, out);
    h->bytes_out += n;
    if (n > 0) {
        host_conn_touch(h, hc);
    }
    return n;
}

bool host_next_sendable(struct host *h, host_link *ret_link)
{
    struct list *first = list_first(&h->sendable);
    if (!first) {
        return false;
    }
    list_remove(first);
    *ret_link = list_entry(first, struct host_conn, in_sendable)->link;
    return true;
}

bool host_next_relayed(struct host *h, host_link *ret_link)
{
    struct list *first = list_first(&h->relayed_sendable);
    if (!first) {
        return false;
    }
    list_remove(first);
    *ret_link = list_entry(first, struct host_conn, in_sendable)->link;
    return true;
}

void host_link_closed(struct host *h, instant now, host_link link, enum err why)
{
    h->now = now;
    struct host_conn *hc = host_conn_find(h, link);
    if (!hc || hc->state == HOST_CONN_DEAD) {
        return;
    }
    if (hc->conn_is_made) {
        conn_recv_end(&hc->conn);
    }
    const char *rule = why == ERR_TIMEOUT ? "the transport timed out" : "the transport is gone";
    host_conn_close(h, hc, why == OK ? ERR_CLOSED : why,
                    hc->conn_is_made ? rule : "cannot connect");
    hc->close_due = false;
    list_remove(&hc->in_link_events);
    list_remove(&hc->in_sendable);
    heap_remove(&h->timers, &hc->timer.node);
    hc->state = HOST_CONN_DEAD;
    host_conn_maybe_free(h, hc);
}

void host_disconnect_for(struct host *h, const struct peer_id *peer, const char *rule)
{
    struct host_peer *p = host_peer_get(h, peer);
    while (p && !list_is_empty(&p->conns)) {
        struct host_conn *hc = list_entry(list_first(&p->conns), struct host_conn, in_peer);
        conn_close(&hc->conn);
        host_conn_touch(h, hc);
        host_conn_close(h, hc, OK, rule);
    }
}

void host_disconnect(struct host *h, const struct peer_id *peer)
{
    host_disconnect_for(h, peer, "closed by us");
}

/* ---- whom the person wants ---- */

bool host_gate_denies(const struct host *h, const struct peer_id *peer, struct span addr)
{
    struct net_addr a;
    enum conn_verdict verdict = conn_gate_peer(h->gate, peer);
    if (verdict != CONN_UNSAID) {
        return verdict == CONN_DENIED;
    }
    return net_addr_of(&a, addr) == OK && conn_gate_addr(h->gate, &a) == CONN_DENIED;
}

void host_set_gate(struct host *h, const struct conn_gate *gate)
{
    h->gate = gate;
    for (size_t i = 0; i < h->links.count; i++) {
        struct host_conn *hc = map_at(&h->links, i)->value;
        if (hc->state == HOST_CONN_UP && host_gate_denies(h, &hc->peer_id, buf_span(&hc->addr))) {
            conn_close(&hc->conn);
            host_conn_touch(h, hc);
            host_conn_close(h, hc, ERR_DENIED, "on the deny list");
        }
    }
}

void host_set_group_limits(struct host *h, uint32_t per_host_max, uint32_t per_network_max)
{
    h->groups.cfg.per_host_max = per_host_max;
    h->groups.cfg.per_network_max = per_network_max;
}

void host_link_set_limit(struct host *h, host_link link, uint64_t data_max, instant until)
{
    struct host_conn *hc = host_conn_find(h, link);
    if (hc) {
        hc->relay_data_max = data_max;
        hc->relay_until = until;
    }
}

size_t host_close_relayed(struct host *h, const struct peer_id *peer, bool all)
{
    struct host_peer *p = host_peer_get(h, peer);
    size_t left = 0;
    struct list *next;
    for (struct list *l = p ? list_first(&p->conns) : NULL; l; l = next) {
        next = list_next(&p->conns, l);
        struct host_conn *hc = list_entry(l, struct host_conn, in_peer);
        if (hc->is_relayed && (all || list_is_empty(&hc->streams))) {
            conn_close(&hc->conn);
            host_conn_touch(h, hc);
            host_conn_close(h, hc, OK, "closed by us");
        } else {
            left += hc->is_relayed;
        }
    }
    return left;
}

/* ---- events and time ---- */

static bool poll_link(struct host *h, struct host_event *ret_event)
{
    struct list *first = list_first(&h->link_events);
    if (!first) {
        return false;
    }
    list_remove(first);
    struct host_conn *hc = list_entry(first, struct host_conn, in_link_events);
    *ret_event = (struct host_event){.kind = hc->dial_due ? HOST_EVENT_DIAL : HOST_EVENT_LINK_CLOSE,
                                     .link = hc->link,
                                     .addr = buf_span(&hc->addr)};
    hc->dial_due = false;
    hc->close_due = false;
    return true;
}

static struct host_event peer_event_of(const struct host_peer *p, enum host_event_kind kind)
{
    return (struct host_event){.kind = kind, .peer = p->id};
}

static void fill_connected(struct host_event *e, const struct host_peer *p)
{
    struct list *first = list_first(&p->conns);
    e->inbound = p->inbound;
    if (first) {
        const struct host_conn *hc = list_entry(first, struct host_conn, in_peer);
        e->link = hc->link;
        e->addr = buf_span(&hc->addr);
        e->relayed = hc->is_relayed;
    }
}

static bool poll_peer(struct host *h, struct host_event *ret_event)
{
    struct list *first = list_first(&h->peer_events);
    if (!first) {
        return false;
    }
    struct host_peer *p = list_entry(first, struct host_peer, in_peer_events);
    p->direct_due = p->direct_due && !p->connected_due; /* it never was known to be relayed */
    if (p->connected_due) {
        p->connected_due = false;
        *ret_event = peer_event_of(p, HOST_EVENT_PEER_CONNECTED);
        fill_connected(ret_event, p);
    } else if (p->direct_due && !host_peer_is_relayed(p) && p->conns_count > 0) {
        p->direct_due = false;
        *ret_event = peer_event_of(p, HOST_EVENT_PEER_DIRECT);
        fill_connected(ret_event, p);
    } else if (p->identified_due) {
        p->identified_due = false;
        *ret_event = peer_event_of(p, HOST_EVENT_PEER_IDENTIFIED);
    } else if (p->ping_due) {
        p->ping_due = false;
        *ret_event = peer_event_of(p, HOST_EVENT_PING);
        ret_event->rtt_us = p->ping_rtt_us;
        ret_event->err = p->ping_err;
    } else if (p->disconnected_due && host_stream_poll(h, ret_event)) {
        return true; /* streams end before their peer does */
    } else {
        bool gone = p->disconnected_due && p->conns_count == 0;
        p->disconnected_due = false;
        list_remove(first);
        if (!gone) {
            return poll_peer(h, ret_event);
        }
        *ret_event = peer_event_of(p, HOST_EVENT_PEER_DISCONNECTED);
        ret_event->err = p->err;
        ret_event->rule = p->rule;
        ret_event->inbound = p->inbound;
        peer_free(h, p);
    }
    return true;
}

bool host_swarm_poll(struct host *h, struct host_event *ret_event)
{
    if (poll_link(h, ret_event) || poll_peer(h, ret_event) || host_dial_poll(h, ret_event)) {
        return true;
    }
    if (h->refused_due) {
        h->refused_due = false;
        *ret_event = (struct host_event){
            .kind = HOST_EVENT_REFUSED, .refusal = h->refusal, .peer = h->refused_peer};
        return true;
    }
    return false;
}

void host_swarm_tick(struct host *h, struct host_timer *t)
{
    if (t->kind == HOST_TIMER_DIAL) {
        struct host_dial *d = list_entry(t, struct host_dial, timer);
        check(heap_add(&h->timers, &t->node, INSTANT_NEVER) == OK);
        host_dial_check(h, d, false);
        return;
    }
    struct host_conn *hc = list_entry(t, struct host_conn, timer);
    check(heap_add(&h->timers, &t->node, INSTANT_NEVER) == OK);
    if (hc->is_punching) {
        host_punch_tick(h, hc);
    } else if (hc->state == HOST_CONN_DIALING) {
        host_conn_close(h, hc, ERR_TIMEOUT, "connecting took too long");
    } else if (hc->state == HOST_CONN_UP) {
        conn_tick(&hc->conn, h->now);
        host_conn_touch(h, hc);
    }
}

void host_swarm_done(struct host *h)
{
    while (h->links.count > 0) {
        struct host_conn *hc = map_at(&h->links, h->links.count - 1)->value;
        if (hc->peer) {
            hc->peer->conns_count--;
            check(scope_move(hc, &h->system) == OK);
            hc->peer = NULL;
        }
        for (struct list *l = list_first(&hc->streams); l; l = list_first(&hc->streams)) {
            host_stream_free(h, list_entry(l, struct host_stream_state, in_conn));
        }
        conn_free(h, hc);
    }
    while (h->peers.count > 0) {
        peer_free(h, map_at(&h->peers, h->peers.count - 1)->value);
    }
    host_dials_done(h);
}
