/* A rendezvous point: libp2p specs, rendezvous/README.md, "The Protocol". */
#include "p2p/rendezvous.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/rd.h"
#include "crypto/hash.h"
#include "p2p/envelope.h"

#include <string.h>

enum { COOKIE_LEN = 16 };

struct registration {
    struct list in_all;
    struct heap_node timer;
    uint64_t number;
    struct peer_id peer;
    struct hash32 ns_hash;
    uint64_t seq; /* of the record */
    instant until;
    struct buf ns;
    struct buf record;
};

static struct registration *of(struct list *l)
{
    return list_entry(l, struct registration, in_all);
}

static uint32_t or_u32(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

enum err rendezvous_init(struct rendezvous *r, const struct rendezvous_cfg *cfg)
{
    memset(r, 0, sizeof *r);
    r->cfg = *cfg;
    r->cfg.memory_max = cfg->memory_max ? cfg->memory_max : (size_t)8 * 1024 * 1024;
    r->cfg.registrations_max = or_u32(cfg->registrations_max, 10000);
    r->cfg.of_peer_max = or_u32(cfg->of_peer_max, 100);
    r->cfg.of_namespace_max = or_u32(cfg->of_namespace_max, 1000);
    r->cfg.answer_max = or_u32(cfg->answer_max, 100);
    r->cfg.ttl_s_max = cfg->ttl_s_max ? cfg->ttl_s_max : RENDEZVOUS_TTL_S_MAX;
    budget_init(&r->budget, cfg->parent, "rendezvous", r->cfg.memory_max);
    r->seed[0] = rng_u64(cfg->rng);
    r->seed[1] = rng_u64(cfg->rng);
    struct map_cfg maps = {
        .count_max = r->cfg.registrations_max, .seed = {r->seed[0], r->seed[1]}
    };
    map_init(&r->namespaces, &r->budget, maps);
    map_init(&r->peers, &r->budget, maps);
    heap_init(&r->timers, &r->budget, r->cfg.registrations_max);
    list_init(&r->all);
    return OK;
}

/* ---- counting ---- */

MUST_CHECK static enum err
count_up(struct rendezvous *r, struct map *counts, struct span key, uint32_t max)
{
    uint32_t *count = map_find(counts, key);
    if (count && *count >= max) {
        return ERR_LIMIT;
    }
    if (!count) {
        void *p;
        TRY(mem_alloc(&r->budget, &p, sizeof *count));
        count = p;
        enum err e = map_add(counts, key, count);
        if (e != OK) {
            mem_free(&r->budget, count, sizeof *count);
            return e;
        }
    }
    ++*count;
    return OK;
}

static void count_down(struct rendezvous *r, struct map *counts, struct span key)
{
    uint32_t *count = map_find(counts, key);
    check(count);
    if (--*count == 0) {
        (void)map_remove(counts, key);
        mem_free(&r->budget, count, sizeof *count);
    }
}

/* ---- registrations ---- */

static void free_registration(struct rendezvous *r, struct registration *g)
{
    heap_remove(&r->timers, &g->timer);
    list_remove(&g->in_all);
    buf_done(&g->ns);
    buf_done(&g->record);
    mem_free(&r->budget, g, sizeof *g);
}

static void forget(struct rendezvous *r, struct registration *g)
{
    count_down(r, &r->peers, peer_id_span(&g->peer));
    count_down(r, &r->namespaces, SPAN_OF(g->ns_hash.bytes));
    r->count--;
    free_registration(r, g);
}

void rendezvous_done(struct rendezvous *r)
{
    if (!r->budget.scope) {
        return;
    }
    for (struct list *l = list_first(&r->all); l; l = list_first(&r->all)) {
        forget(r, of(l));
    }
    map_done(&r->namespaces);
    map_done(&r->peers);
    heap_done(&r->timers);
    check(r->budget.used == 0);
    memset(r, 0, sizeof *r);
}

static struct registration *
find(const struct rendezvous *r, const struct peer_id *peer, struct span ns)
{
    for (struct list *l = list_first(&r->all); l; l = list_next(&r->all, l)) {
        struct registration *g = of(l);
        if (peer_id_equal(&g->peer, peer) && span_equal(buf_span(&g->ns), ns)) {
            return g;
        }
    }
    return NULL;
}

MUST_CHECK static enum err
fill(struct rendezvous *r, struct registration *g, const struct rendezvous_message *m)
{
    buf_init(&g->ns, &r->budget, RENDEZVOUS_NS_LEN_MAX);
    buf_init(&g->record, &r->budget, ENVELOPE_LEN_MAX);
    TRY(buf_append(&g->ns, m->ns));
    TRY(buf_append(&g->record, m->record));
    TRY(count_up(r, &r->peers, peer_id_span(&g->peer), r->cfg.of_peer_max));
    enum err e =
        r->count < r->cfg.registrations_max
            ? count_up(r, &r->namespaces, SPAN_OF(g->ns_hash.bytes), r->cfg.of_namespace_max)
            : ERR_LIMIT;
    if (e == OK) {
        e = heap_add(&r->timers, &g->timer, g->until);
        if (e != OK) {
            count_down(r, &r->namespaces, SPAN_OF(g->ns_hash.bytes));
        }
    }
    if (e != OK) {
        count_down(r, &r->peers, peer_id_span(&g->peer));
    }
    return e;
}

struct place {
    const struct peer_id *peer;
    uint64_t seq;
    instant until;
};

MUST_CHECK static enum err
add(struct rendezvous *r, const struct rendezvous_message *m, const struct place *place)
{
    void *p;
    TRY(mem_alloc(&r->budget, &p, sizeof(struct registration)));
    struct registration *g = p;
    g->peer = *place->peer;
    g->seq = place->seq;
    g->until = place->until;
    sha256(&g->ns_hash, m->ns);
    enum err e = fill(r, g, m);
    if (e != OK) {
        free_registration(r, g);
        return e;
    }
    g->number = ++r->next_number;
    list_add_last(&r->all, &g->in_all);
    r->count++;
    return OK;
}

static enum rendezvous_status do_register(struct rendezvous *r,
                                          instant now,
                                          const struct peer_id *peer,
                                          struct rendezvous_message *m)
{
    struct peer_record record;
    if (m->ns.n == 0) {
        return RENDEZVOUS_INVALID_NAMESPACE;
    }
    /* SPEC libp2p/rendezvous §"Registration Lifetime": two hours unless said otherwise, and three days at most. */
    m->ttl_s = m->ttl_s ? m->ttl_s : min_u64(RENDEZVOUS_TTL_S, r->cfg.ttl_s_max);
    if (m->ttl_s > r->cfg.ttl_s_max) {
        return RENDEZVOUS_INVALID_TTL;
    }
    /* SPEC libp2p/rendezvous §"Registration": the record is signed by the very peer that registers. */
    if (peer_record_open(&record, m->record, &r->budget) != OK) {
        return RENDEZVOUS_INVALID_RECORD;
    }
    if (!peer_id_equal(&record.peer, peer)) {
        return RENDEZVOUS_NOT_AUTHORIZED;
    }
    struct registration *old = find(r, peer, m->ns);
    if (old && record.seq < old->seq) {
        return RENDEZVOUS_INVALID_RECORD;
    }
    struct place place = {
        .peer = peer, .seq = record.seq, .until = instant_add(now, m->ttl_s * US_PER_S)};
    if (old) {
        forget(r, old);
    }
    return add(r, m, &place) == OK ? RENDEZVOUS_OK : RENDEZVOUS_UNAVAILABLE;
}

/* ---- discovery ---- */

/* A cookie is the number after which to go on, sealed for its namespace: nobody makes one up, and none is kept. */
static void write_cookie(const struct rendezvous *r,
                         uint8_t ret_cookie[static COOKIE_LEN],
                         struct span ns,
                         uint64_t number)
{
    struct wr w = wr_init(mspan_of(ret_cookie, COOKIE_LEN));
    uint64_t keyed[2] = {r->seed[0] ^ number, r->seed[1]};
    wr_be64(&w, number);
    wr_be64(&w, siphash24(keyed, ns));
    check(wr_ok(&w));
}

static bool
read_cookie(const struct rendezvous *r, uint64_t *ret_number, const struct rendezvous_message *m)
{
    *ret_number = 0;
    if (m->cookie.n == 0) {
        return true;
    }
    uint8_t expected[COOKIE_LEN];
    struct rd rd = rd_init(m->cookie);
    uint64_t number = rd_be64(&rd);
    write_cookie(r, expected, m->ns, number);
    *ret_number = number;
    return span_equal(SPAN_OF(expected), m->cookie);
}

/* collect writes registrations after a number and gives the last one's. */
static uint64_t collect(const struct rendezvous *r,
                        struct buf *found,
                        instant now,
                        const struct rendezvous_message *m,
                        uint64_t after)
{
    uint64_t limit = m->limit ? min_u64(m->limit, r->cfg.answer_max) : r->cfg.answer_max;
    uint64_t count = 0;
    uint64_t last = after;
    for (struct list *l = list_first(&r->all); l && count < limit; l = list_next(&r->all, l)) {
        const struct registration *g = of(l);
        if (g->number <= after || (m->ns.n > 0 && !span_equal(m->ns, buf_span(&g->ns)))) {
            continue;
        }
        struct rendezvous_message item = {.ns = buf_span(&g->ns),
                                          .record = buf_span(&g->record),
                                          .ttl_s = instant_since(now, g->until) / US_PER_S};
        struct wr w = wr_init_buf(found);
        size_t before = found->n;
        rendezvous_write_registration(&w, &item);
        if (!wr_ok(&w)) {
            buf_shrink(found, before); /* the rest follows with the cookie */
            break;
        }
        last = g->number;
        count++;
    }
    return last;
}

static void
answer_discover(struct rendezvous *r, struct wr *w, instant now, const struct rendezvous_message *m)
{
    struct rendezvous_message answer = {.type = RENDEZVOUS_DISCOVER_RESPONSE};
    AUTO(buf_done) struct buf found = {0};
    uint8_t cookie[COOKIE_LEN];
    uint64_t after;
    buf_init(&found, &r->budget, RENDEZVOUS_SENT_LEN_MAX - 1024);
    if (read_cookie(r, &after, m)) {
        /* SPEC libp2p/rendezvous §"Discovery": the cookie leads on from where an answer ended. */
        write_cookie(r, cookie, m->ns, collect(r, &found, now, m, after));
        answer.cookie = SPAN_OF(cookie);
        answer.body = buf_span(&found);
    } else {
        answer.status = RENDEZVOUS_INVALID_COOKIE;
        r->refused_count++;
    }
    rendezvous_encode(w, &answer);
}

enum err rendezvous_serve(struct rendezvous *r,
                          struct wr *w,
                          instant now,
                          const struct peer_id *peer,
                          struct span request)
{
    struct rendezvous_message m;
    struct registration *g;
    struct rendezvous_message answer = {.type = RENDEZVOUS_REGISTER_RESPONSE};
    TRY(rendezvous_decode(&m, request));
    rendezvous_tick(r, now);
    switch (m.type) {
    case RENDEZVOUS_REGISTER:
        answer.status = (uint64_t)do_register(r, now, peer, &m);
        answer.ttl_s = answer.status == RENDEZVOUS_OK ? m.ttl_s : 0;
        r->refused_count += answer.status != RENDEZVOUS_OK;
        rendezvous_encode(w, &answer);
        return wr_end(w);
    case RENDEZVOUS_UNREGISTER:
        g = find(r, peer, m.ns);
        if (g) {
            forget(r, g);
        }
        return OK;
    case RENDEZVOUS_DISCOVER:          answer_discover(r, w, now, &m); return wr_end(w);
    case RENDEZVOUS_REGISTER_RESPONSE:
    case RENDEZVOUS_DISCOVER_RESPONSE: return ERR_MALFORMED; /* answers to nothing */
    }
    return ERR_UNSUPPORTED;
}

instant rendezvous_deadline(const struct rendezvous *r)
{
    return heap_deadline(&r->timers);
}

void rendezvous_tick(struct rendezvous *r, instant now)
{
    while (instant_reached(heap_deadline(&r->timers), now)) {
        forget(r, list_entry(heap_first(&r->timers), struct registration, timer));
    }
}
