/* Dials of a host: which address is tried next, and who has won. */
#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "p2p/host_state.h"

static const uint64_t DIAL_STAGGER_US = 250 * US_PER_MS;

static void dial_free(struct host *h, struct host_dial *d)
{
    for (struct list *l = list_first(&d->attempts); l; l = list_first(&d->attempts)) {
        struct host_conn *hc = list_entry(l, struct host_conn, in_dial);
        list_remove(&hc->in_dial);
        hc->dial = NULL;
    }
    heap_remove(&h->timers, &d->timer.node);
    list_remove(&d->in_dials);
    buf_done(&d->addrs);
    h->dials_count--;
    mem_free(&h->system, d, sizeof *d);
}

static bool dial_next_addr(struct host_dial *d, struct span *ret_addr)
{
    struct span rest = span_from(buf_span(&d->addrs), d->addrs_at);
    if (rest.n < 2) {
        return false;
    }
    size_t n = (size_t)rest.p[0] << 8 | rest.p[1];
    *ret_addr = span_first(span_from(rest, 2), n);
    d->addrs_at += 2 + n;
    return true;
}

/* dial_check starts the next attempt if none is under way or the last has had its head start; with
 * nothing left to try, the dial has failed. */
void host_dial_check(struct host *h, struct host_dial *d, bool head_start_is_over)
{
    struct span addr;
    bool at_once = d->role >= HOST_DIAL_PUNCH_CLIENT;
    while ((list_is_empty(&d->attempts) || head_start_is_over || at_once) &&
           dial_next_addr(d, &addr)) {
        head_start_is_over = false;
        struct host_conn *hc;
        struct refusal r;
        if (host_conn_new(h, &hc, &r, addr, false) != OK) {
            d->err = ERR_LIMIT;
            d->rule = r.reason;
            continue;
        }
        hc->dial = d;
        hc->is_client = d->role != HOST_DIAL_PUNCH_SERVER;
        hc->state = HOST_CONN_DIALING;
        hc->dial_due = true;
        list_add_last(&d->attempts, &hc->in_dial);
        host_link_event(h, hc);
        instant end = instant_add(h->now, d->timeout_us);
        check(heap_add(&h->timers, &hc->timer.node, end) == OK);
        check(heap_add(&h->timers, &d->timer.node, instant_add(h->now, DIAL_STAGGER_US)) == OK);
    }
    if (list_is_empty(&d->attempts) && !d->failed) {
        d->failed = true;
        heap_remove(&h->timers, &d->timer.node);
        list_remove(&d->in_dials);
        list_add_last(&h->failed_dials, &d->in_dials);
    }
}

/* attempt_failed takes a connection that came to nothing out of its dial, and goes on with the rest. */
void host_dial_attempt_failed(struct host *h, struct host_conn *hc, enum err e, const char *rule)
{
    struct host_dial *d = hc->dial;
    if (!d) {
        return;
    }
    list_remove(&hc->in_dial);
    hc->dial = NULL;
    d->err = e == OK ? ERR_CLOSED : e;
    d->rule = rule;
    host_dial_check(h, d, true);
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
    h->dials_count++;
    d->id = ++h->next_id;
    d->role = args.role;
    d->timeout_us = args.timeout_us ? args.timeout_us : h->limits.dial_timeout_us;
    d->timer.kind = HOST_TIMER_DIAL;
    list_init(&d->attempts);
    list_add_last(&h->dials, &d->in_dials);
    buf_init(&d->addrs, &h->system, (size_t)HOST_ADDRS_MAX * (MULTIADDR_LEN_MAX + 2));
    enum err e = host_addrs_take(h, d, &args);
    struct host_peer *known = d->peer.n ? host_peer_get(h, &d->peer) : NULL;
    bool is_enough = args.role == HOST_DIAL_PLAIN || (known && !host_peer_is_relayed(known));
    if (e == OK && known && known->conns_count > 0 && is_enough) {
        e = ERR_STATE;
    }
    if (e == OK && peer_id_equal(&d->peer, &h->self)) {
        e = ERR_UNSUPPORTED;
    }
    if (e == OK) {
        e = heap_add(&h->timers, &d->timer.node, INSTANT_NEVER);
    }
    if (e != OK) {
        dial_free(h, d);
        return e == ERR_LIMIT
                   ? host_refuse(h, ret_refusal, host_memory_refusal(&h->system, 1), args.peer)
                   : e;
    }
    *ret_dial = d->id;
    host_dial_check(h, d, false);
    return OK;
}

/* end_dial closes what a dial still tries, and forgets it. */
static void end_dial(struct host *h, struct host_dial *d)
{
    for (struct list *l = list_first(&d->attempts); l; l = list_first(&d->attempts)) {
        struct host_conn *other = list_entry(l, struct host_conn, in_dial);
        list_remove(&other->in_dial);
        other->dial = NULL;
        if (other->conn_is_made) {
            conn_close(&other->conn);
        }
        host_conn_close(h, other, OK, "given up for another");
    }
    dial_free(h, d);
}

void host_dial_cancel(struct host *h, uint64_t dial)
{
    struct list *next;
    for (struct list *l = list_first(&h->dials); l; l = next) {
        next = list_next(&h->dials, l);
        if (list_entry(l, struct host_dial, in_dials)->id == dial) {
            end_dial(h, list_entry(l, struct host_dial, in_dials));
        }
    }
    for (struct list *l = list_first(&h->failed_dials); l; l = next) {
        next = list_next(&h->failed_dials, l);
        if (list_entry(l, struct host_dial, in_dials)->id == dial) {
            dial_free(h, list_entry(l, struct host_dial, in_dials));
        }
    }
}

void host_dial_won(struct host *h, struct host_conn *hc)
{
    struct host_dial *own = hc->dial;
    if (own) {
        list_remove(&hc->in_dial);
        hc->dial = NULL;
        end_dial(h, own);
    }
    struct list *next;
    for (struct list *l = list_first(&h->dials); l && !hc->is_relayed; l = next) {
        next = list_next(&h->dials, l);
        struct host_dial *d = list_entry(l, struct host_dial, in_dials);
        if (d->role != HOST_DIAL_PLAIN && peer_id_equal(&d->peer, &hc->peer_id)) {
            end_dial(h, d);
        }
    }
}

struct host_dial *host_dial_punching(const struct host *h, struct span remote)
{
    for (struct list *l = list_first(&h->dials); l; l = list_next(&h->dials, l)) {
        struct host_dial *d = list_entry(l, struct host_dial, in_dials);
        struct list *a = d->role == HOST_DIAL_PUNCH_CLIENT ? list_first(&d->attempts) : NULL;
        for (; a; a = list_next(&d->attempts, a)) {
            const struct host_conn *hc = list_entry(a, struct host_conn, in_dial);
            /* What stands behind it, the peer's id, is none of the address's business. */
            if (remote.n > 0 && span_equal(span_first(buf_span(&hc->addr), remote.n), remote)) {
                return d;
            }
        }
    }
    return NULL;
}

bool host_dial_poll(struct host *h, struct host_event *ret_event)
{
    struct list *first = list_first(&h->failed_dials);
    if (!first) {
        return false;
    }
    struct host_dial *d = list_entry(first, struct host_dial, in_dials);
    *ret_event = (struct host_event){.kind = HOST_EVENT_DIAL_FAILED,
                                     .dial = d->id,
                                     .peer = d->peer,
                                     .err = d->err,
                                     .rule = d->rule};
    dial_free(h, d);
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
