/* Dials of a host: which address is tried next, who waits for it, and who has won. */
#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "p2p/circuit_addr.h"
#include "p2p/host_state.h"
#include "p2p/net_addr.h"

static_assert((int)HOST_ADDRS_MAX <= (int)DIAL_PLAN_STEPS_MAX, "the addresses of a dial find room");

/* ---- objects ---- */

static void waiter_free(struct host *h, struct host_dial_waiter *w)
{
    list_remove(&w->in_dial);
    h->dials_count--;
    mem_free(&h->system, w, sizeof *w);
}

MUST_CHECK static enum err
waiter_new(struct host *h, uint64_t *ret_dial, struct host_dial *d, struct host_dial_trace *trace)
{
    void *p;
    TRY(mem_alloc(&h->system, &p, sizeof(struct host_dial_waiter)));
    struct host_dial_waiter *w = p;
    w->id = ++h->next_id;
    w->trace = trace;
    for (struct list *l = list_first(&d->attempts); l; l = list_next(&d->attempts, l)) {
        const struct host_conn *hc = list_entry(l, struct host_conn, in_dial);
        host_dial_trace_begin(trace, hc->dialled_at, buf_span(&hc->addr));
    }
    list_add_last(&d->waiters, &w->in_dial);
    h->dials_count++;
    *ret_dial = w->id;
    return OK;
}

static void dial_free(struct host *h, struct host_dial *d)
{
    for (struct list *l = list_first(&d->attempts); l; l = list_first(&d->attempts)) {
        struct host_conn *hc = list_entry(l, struct host_conn, in_dial);
        list_remove(&hc->in_dial);
        hc->dial = NULL;
    }
    for (struct list *l = list_first(&d->waiters); l; l = list_first(&d->waiters)) {
        waiter_free(h, list_entry(l, struct host_dial_waiter, in_dial));
    }
    heap_remove(&h->timers, &d->timer.node);
    list_remove(&d->in_dials);
    dial_plan_done(&d->plan);
    mem_free(&h->system, d, sizeof *d);
}

/* ---- what is written down ---- */

static void trace_begin(const struct host *h, const struct host_dial *d, struct span addr)
{
    for (struct list *l = list_first(&d->waiters); l; l = list_next(&d->waiters, l)) {
        host_dial_trace_begin(list_entry(l, struct host_dial_waiter, in_dial)->trace, h->now, addr);
    }
}

static void trace_end(const struct host *h,
                      const struct host_dial *d,
                      struct span addr,
                      struct host_dial_end end)
{
    for (struct list *l = list_first(&d->waiters); l; l = list_next(&d->waiters, l)) {
        host_dial_trace_end(list_entry(l, struct host_dial_waiter, in_dial)->trace, h->now, addr,
                            end);
    }
}

/* ---- what attempts teach ---- */

static bool is_punching(const struct host_dial *d)
{
    return d->role >= HOST_DIAL_PUNCH_CLIENT;
}

/* holes_of says which kinds of addresses an address is of. Only public ones: near by, the field's networks do not matter. */
static void holes_of(bool ret_is_of[static HOST_HOLES_COUNT], struct span addr)
{
    struct net_addr a;
    bool is_public = net_addr_of(&a, addr) == OK && net_addr_is_public(&a);
    ret_is_of[HOST_HOLE_UDP] = is_public && a.transport == NET_QUIC;
    ret_is_of[HOST_HOLE_IP6] = is_public && a.is_ip6;
}

static void record_holes(struct host *h, struct span addr, bool is_success)
{
    bool is_of[HOST_HOLES_COUNT];
    holes_of(is_of, addr);
    for (size_t i = 0; i < HOST_HOLES_COUNT; i++) {
        if (is_of[i]) {
            black_hole_record(&h->holes[i], h->now, is_success);
        }
    }
}

static void record_failed(struct host *h, const struct host_conn *hc, enum err e)
{
    const struct host_dial *d = hc->dial;
    bool is_ours = e == ERR_LIMIT || e == ERR_NOT_FOUND; /* no room here; a name that led on */
    if (!is_ours && !is_punching(d)) {
        dial_backoff_failed(&h->backoff, &d->peer, buf_span(&hc->addr), h->now);
        record_holes(h, buf_span(&hc->addr), false);
    }
}

/* is_in_hole: does the address lead nowhere, as its kind does? If not, the probe is taken. */
static bool is_in_hole(struct host *h, struct span addr)
{
    bool is_of[HOST_HOLES_COUNT];
    holes_of(is_of, addr);
    for (size_t i = 0; i < HOST_HOLES_COUNT; i++) {
        if (is_of[i] && !black_hole_would_allow(&h->holes[i], h->now)) {
            return true;
        }
    }
    for (size_t i = 0; i < HOST_HOLES_COUNT; i++) {
        if (is_of[i]) {
            check(black_hole_allows(&h->holes[i], h->now));
        }
    }
    return false;
}

/* may_try: else d says why not. */
static bool may_try(struct host *h, struct host_dial *d, struct span addr)
{
    if (host_gate_denies(h, &d->peer, addr)) {
        d->err = ERR_DENIED;
        d->rule = "on the deny list";
        return false;
    }
    if (is_punching(d)) {
        return true; /* it fails more often than not, and says nothing of the network */
    }
    if (!d->insist && dial_backoff_holds(&h->backoff, &d->peer, addr, h->now)) {
        h->dials_backed_off_count++;
        d->err = ERR_DENIED;
        d->rule = "failed a moment ago";
        return false;
    }
    if (is_in_hole(h, addr)) {
        h->dials_black_holed_count++;
        d->err = ERR_DENIED;
        d->rule = "addresses of this kind lead nowhere from here";
        return false;
    }
    return true;
}

/* ---- attempts ---- */

/* start_attempt: false if it cannot even begin. */
static bool start_attempt(struct host *h, struct host_dial *d, struct span addr)
{
    struct host_conn *hc;
    struct refusal r;
    trace_begin(h, d, addr);
    if (!may_try(h, d, addr)) {
        trace_end(h, d, addr, (struct host_dial_end){HOST_DIAL_FAILED, d->err, d->rule});
        return false;
    }
    if (host_conn_new(h, &hc, &r, addr, false) != OK) {
        d->err = ERR_LIMIT;
        d->rule = r.reason;
        trace_end(h, d, addr, (struct host_dial_end){HOST_DIAL_FAILED, d->err, d->rule});
        return false;
    }
    hc->dial = d;
    hc->dialled_at = h->now;
    hc->is_client = d->role != HOST_DIAL_PUNCH_SERVER;
    hc->state = HOST_CONN_DIALING;
    hc->dial_due = true;
    list_add_last(&d->attempts, &hc->in_dial);
    host_link_event(h, hc);
    check(heap_add(&h->timers, &hc->timer.node, instant_add(h->now, d->timeout_us)) == OK);
    return true;
}

void host_dial_check(struct host *h, struct host_dial *d, bool hurry)
{
    struct span addr;
    while (dial_plan_next(&d->plan, h->now, hurry || is_punching(d) || list_is_empty(&d->attempts),
                          &addr)) {
        hurry = !start_attempt(h, d, addr) && hurry;
    }
    check(heap_add(&h->timers, &d->timer.node, dial_plan_due(&d->plan)) == OK); /* it is in */
    if (!list_is_empty(&d->attempts) || d->failed) {
        return;
    }
    if (d->is_settled) {
        dial_free(h, d);
        return;
    }
    d->failed = true;
    heap_remove(&h->timers, &d->timer.node);
    list_remove(&d->in_dials);
    list_add_last(&h->failed_dials, &d->in_dials);
}

void host_dial_attempt_failed(struct host *h, struct host_conn *hc, enum err e, const char *rule)
{
    struct host_dial *d = hc->dial;
    if (!d) {
        return;
    }
    record_failed(h, hc, e);
    trace_end(h, d, buf_span(&hc->addr),
              (struct host_dial_end){HOST_DIAL_FAILED, e == OK ? ERR_CLOSED : e, rule});
    list_remove(&hc->in_dial);
    hc->dial = NULL;
    d->err = e == OK ? ERR_CLOSED : e;
    d->rule = rule;
    host_dial_check(h, d, true);
}

/* drop_attempt gives one up for another that came first. If it had its head start, it is one that does not get through. */
static void drop_attempt(struct host *h, struct host_conn *hc)
{
    if (!is_punching(hc->dial) && instant_since(hc->dialled_at, h->now) >= DIAL_STAGGER_US) {
        record_holes(h, buf_span(&hc->addr), false);
    }
    trace_end(h, hc->dial, buf_span(&hc->addr),
              (struct host_dial_end){.outcome = HOST_DIAL_GIVEN_UP});
    list_remove(&hc->in_dial);
    hc->dial = NULL;
    if (hc->conn_is_made) {
        conn_close(&hc->conn);
    }
    host_conn_close(h, hc, OK, "given up for another");
}

/* end_dial closes what a dial still tries, and forgets it. */
static void end_dial(struct host *h, struct host_dial *d)
{
    for (struct list *l = list_first(&d->attempts); l; l = list_first(&d->attempts)) {
        drop_attempt(h, list_entry(l, struct host_conn, in_dial));
    }
    dial_free(h, d);
}

/* ---- beginning ---- */

/* is_pointless: nobody is to be dialled. */
MUST_CHECK static enum err is_pointless(const struct host *h, const struct host_dial *d)
{
    const struct host_peer *known = d->peer.n ? host_peer_get(h, &d->peer) : NULL;
    bool is_enough = d->role == HOST_DIAL_PLAIN || (known && !host_peer_is_relayed(known));
    if (known && known->conns_count > 0 && is_enough) {
        return ERR_STATE;
    }
    return peer_id_equal(&d->peer, &h->self) ? ERR_UNSUPPORTED : OK;
}

/* find_alike finds a dial under way that does the same. Each hole punching is its own. */
static struct host_dial *find_alike(const struct host *h, const struct host_dial *d)
{
    for (struct list *l = list_first(&h->dials); l && d->peer.n > 0 && !is_punching(d);
         l = list_next(&h->dials, l)) {
        struct host_dial *other = list_entry(l, struct host_dial, in_dials);
        if (other != d && other->role == d->role && !other->is_settled &&
            peer_id_equal(&other->peer, &d->peer)) {
            return other;
        }
    }
    return NULL;
}

struct host_dial_join {
    struct host_dial *other;
    struct host_dial_trace *trace;
};

/* join makes who asked for d wait for other, which tries d's addresses too. Frees d. */
MUST_CHECK static enum err
join(struct host *h, uint64_t *ret_dial, struct host_dial *d, struct host_dial_join to)
{
    struct host_dial *other = to.other;
    TRY(waiter_new(h, ret_dial, other, to.trace));
    other->insist = other->insist || d->insist;
    other->timeout_us = max_u64(other->timeout_us, d->timeout_us);
    dial_plan_merge(&other->plan, &d->plan);
    dial_plan_rank(&other->plan, h->now);
    h->dials_joined_count++;
    dial_free(h, d);
    host_dial_check(h, other, false);
    return OK;
}

MUST_CHECK static enum err
start(struct host *h, uint64_t *ret_dial, struct host_dial *d, const struct host_dial_args *args)
{
    TRY(host_addrs_take(h, d, args));
    TRY(is_pointless(h, d));
    struct host_dial *other = find_alike(h, d);
    if (other) {
        return join(h, ret_dial, d, (struct host_dial_join){other, args->trace});
    }
    TRY(heap_add(&h->timers, &d->timer.node, INSTANT_NEVER));
    TRY(waiter_new(h, ret_dial, d, args->trace));
    host_dial_check(h, d, false);
    return OK;
}

enum err host_dial(struct host *h,
                   uint64_t *ret_dial,
                   struct refusal *ret_refusal,
                   struct host_dial_args args)
{
    if (args.addrs_count > HOST_ADDRS_MAX) {
        return ERR_LIMIT;
    }
    if (h->dials_count >= h->limits.dials_max) {
        struct refusal r = {"dials", "system", h->dials_count, h->limits.dials_max};
        return host_refuse(h, ret_refusal, r, args.peer);
    }
    void *p;
    if (mem_alloc(&h->system, &p, sizeof(struct host_dial)) != OK) {
        return host_refuse(h, ret_refusal,
                           host_memory_refusal(&h->system, sizeof(struct host_dial)), args.peer);
    }
    struct host_dial *d = p;
    d->role = args.role;
    d->insist = args.insist;
    d->timeout_us = args.timeout_us ? args.timeout_us : h->limits.dial_timeout_us;
    d->timer.kind = HOST_TIMER_DIAL;
    list_init(&d->attempts);
    list_init(&d->waiters);
    list_add_last(&h->dials, &d->in_dials);
    dial_plan_init(&d->plan, &h->system);
    enum err e = start(h, ret_dial, d, &args);
    if (e == OK) {
        return OK;
    }
    dial_free(h, d);
    return e == ERR_LIMIT
               ? host_refuse(h, ret_refusal, host_memory_refusal(&h->system, 1), args.peer)
               : e;
}

/* ---- ending ---- */

static struct host_dial_waiter *find_waiter(const struct host_dial *d, uint64_t id)
{
    for (struct list *l = list_first(&d->waiters); l; l = list_next(&d->waiters, l)) {
        struct host_dial_waiter *w = list_entry(l, struct host_dial_waiter, in_dial);
        if (w->id == id) {
            return w;
        }
    }
    return NULL;
}

/* cancel_in: was it one of these dials? The others that wait for it go on. */
static bool cancel_in(struct host *h, struct list *dials, uint64_t id)
{
    for (struct list *l = list_first(dials); l; l = list_next(dials, l)) {
        struct host_dial *d = list_entry(l, struct host_dial, in_dials);
        struct host_dial_waiter *w = find_waiter(d, id);
        if (w) {
            if (list_first(&d->waiters) == list_last(&d->waiters)) {
                end_dial(h, d);
            } else {
                waiter_free(h, w);
            }
            return true;
        }
    }
    return false;
}

void host_dial_cancel(struct host *h, uint64_t dial)
{
    (void)(cancel_in(h, &h->dials, dial) || cancel_in(h, &h->failed_dials, dial));
}

/* settle ends what has not reached a handshake yet; the rest may go on, and whatever comes of it, the peer is there. */
static void settle(struct host *h, struct host_dial *d)
{
    struct list *next;
    d->is_settled = true;
    dial_plan_drop_rest(&d->plan);
    for (struct list *l = list_first(&d->attempts); l; l = next) {
        struct host_conn *hc = list_entry(l, struct host_conn, in_dial);
        next = list_next(&d->attempts, l);
        if (hc->state == HOST_CONN_DIALING) {
            drop_attempt(h, hc);
        }
    }
    host_dial_check(h, d, false);
}

void host_dial_won(struct host *h, struct host_conn *hc)
{
    struct host_dial *own = hc->dial;
    if (own) {
        dial_backoff_worked(&h->backoff, &own->peer, buf_span(&hc->addr));
        record_holes(h, buf_span(&hc->addr), true);
        trace_end(h, own, buf_span(&hc->addr), (struct host_dial_end){.outcome = HOST_DIAL_WON});
        list_remove(&hc->in_dial);
        hc->dial = NULL;
        end_dial(h, own);
    }
    struct list *next;
    for (struct list *l = list_first(&h->dials); l && !hc->is_relayed; l = next) {
        struct host_dial *d = list_entry(l, struct host_dial, in_dials);
        next = list_next(&h->dials, l);
        if (!peer_id_equal(&d->peer, &hc->peer_id)) {
            continue;
        }
        if (d->role == HOST_DIAL_PLAIN) {
            settle(h, d);
        } else {
            end_dial(h, d);
        }
    }
}

/* is_at: is the one an address of TCP on the machine, or behind the router, of the other? */
static bool is_at(struct span addr, const struct net_addr *other)
{
    struct net_addr a;
    return net_addr_of(&a, addr) == OK && a.transport == NET_TCP && net_addr_same_ip(&a, other);
}

bool host_punch_is_client(const struct host *h, struct span remote)
{
    struct net_addr from;
    if (net_addr_of(&from, remote) != OK || from.transport != NET_TCP) {
        return false;
    }
    for (size_t i = 0; i < HOST_PUNCHES_EXPECTED_MAX; i++) {
        const struct host_punch_expected *e = &h->punches_expected[i];
        if (!instant_reached(e->until, h->now) && net_addr_same_ip(&e->from, &from)) {
            return true;
        }
    }
    for (struct list *l = list_first(&h->dials); l; l = list_next(&h->dials, l)) {
        struct host_dial *d = list_entry(l, struct host_dial, in_dials);
        struct list *a = d->role == HOST_DIAL_PUNCH_CLIENT ? list_first(&d->attempts) : NULL;
        for (; a; a = list_next(&d->attempts, a)) {
            const struct host_conn *hc = list_entry(a, struct host_conn, in_dial);
            if (is_at(buf_span(&hc->addr), &from)) {
                return true;
            }
        }
    }
    return false;
}

void host_punch_expect(struct host *h, const struct net_addr *from, uint64_t for_us)
{
    struct host_punch_expected *e = NULL;
    for (size_t i = 0; i < HOST_PUNCHES_EXPECTED_MAX && !e; i++) {
        struct host_punch_expected *x = &h->punches_expected[i];
        e = net_addr_same_ip(&x->from, from) ? x : NULL;
    }
    if (!e && for_us == 0) {
        return;
    }
    e = e ? e : &h->punches_expected[h->punches_expected_next++ % HOST_PUNCHES_EXPECTED_MAX];
    *e = (struct host_punch_expected){.from = *from, .until = instant_add(h->now, for_us)};
}

bool host_dial_poll(struct host *h, struct host_event *ret_event)
{
    struct list *first = list_first(&h->failed_dials);
    if (!first) {
        return false;
    }
    struct host_dial *d = list_entry(first, struct host_dial, in_dials);
    struct host_dial_waiter *w =
        list_entry(list_first(&d->waiters), struct host_dial_waiter, in_dial);
    *ret_event = (struct host_event){.kind = HOST_EVENT_DIAL_FAILED,
                                     .dial = w->id,
                                     .peer = d->peer,
                                     .err = d->err,
                                     .rule = d->rule};
    waiter_free(h, w);
    if (list_is_empty(&d->waiters)) {
        dial_free(h, d);
    }
    return true;
}

void host_dials_done(struct host *h)
{
    for (struct list *l = list_first(&h->dials); l; l = list_first(&h->dials)) {
        dial_free(h, list_entry(l, struct host_dial, in_dials));
    }
    for (struct list *l = list_first(&h->failed_dials); l; l = list_first(&h->failed_dials)) {
        dial_free(h, list_entry(l, struct host_dial, in_dials));
    }
}
