/* Descriptors that a node holds. */
#include "service/descriptor_store.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"

#include <string.h>

enum { SWEEP_EVERY_S = 60 };

static const char *const names[] = {
    [DESCRIPTOR_TAKEN] = "taken",       [DESCRIPTOR_OVERSIZE] = "oversize",
    [DESCRIPTOR_BROKEN] = "broken",     [DESCRIPTOR_FORGED] = "forged",
    [DESCRIPTOR_OWN] = "own",           [DESCRIPTOR_EARLY] = "early",
    [DESCRIPTOR_EXPIRED] = "expired",   [DESCRIPTOR_KNOWN] = "known",
    [DESCRIPTOR_TOO_SOON] = "too_soon", [DESCRIPTOR_NOWHERE] = "nowhere",
    [DESCRIPTOR_CROWDED] = "crowded",   [DESCRIPTOR_FULL] = "full",
};
static_assert(sizeof names / sizeof names[0] == DESCRIPTOR_VERDICT_COUNT, "a name for each");

const char *descriptor_verdict_name(enum descriptor_verdict v)
{
    return names[v];
}

bool descriptor_verdict_is_fault(enum descriptor_verdict v)
{
    return v == DESCRIPTOR_OVERSIZE || v == DESCRIPTOR_BROKEN || v == DESCRIPTOR_FORGED;
}

/* ---- entries ---- */

static struct descriptor_entry *entry_find(const struct descriptor_store *s, struct span peer)
{
    return map_find(&s->entries, peer);
}

static struct descriptor_entry *entry_at(const struct descriptor_store *s, size_t i)
{
    return map_at(&s->entries, i)->value;
}

static bool is_live(const struct descriptor_entry *e, uint64_t now_s)
{
    return now_s < e->expires_s;
}

static bool is_at(const struct descriptor_entry *e, uint64_t place)
{
    for (size_t i = 0; i < e->places.count; i++) {
        if (e->places.list[i] == place) {
            return true;
        }
    }
    return false;
}

static void entry_remove(struct descriptor_store *s, struct descriptor_entry *e)
{
    (void)map_remove(&s->entries, span_of(e->peer, e->peer_len));
    mem_free(&s->budget, e->sealed, e->sealed_len);
    mem_free(&s->budget, e, sizeof *e);
}

/* ---- who makes room ---- */

/* Those out of date make room first, then whose dial has been unanswered the longest; the rest stays. */
static bool must_go(const struct descriptor_entry *e, uint64_t now_s)
{
    return !is_live(e, now_s) || e->unanswered_s > 0;
}

static uint64_t rank(const struct descriptor_entry *e, uint64_t now_s)
{
    return is_live(e, now_s) ? e->unanswered_s : 0;
}

/* leaver gives who makes room for peer: anywhere, or at one place; NULL: nobody. */
static struct descriptor_entry *
leaver(const struct descriptor_store *s, struct span peer, const uint64_t *place, uint64_t now_s)
{
    struct descriptor_entry *worst = NULL;
    for (size_t i = 0; i < s->entries.count; i++) {
        struct descriptor_entry *e = entry_at(s, i);
        if ((place && !is_at(e, *place)) || !must_go(e, now_s) ||
            span_equal(span_of(e->peer, e->peer_len), peer)) {
            continue;
        }
        if (!worst || rank(e, now_s) < rank(worst, now_s)) {
            worst = e;
        }
    }
    return worst;
}

/* Others than peer at a place. */
static size_t
others_count(const struct descriptor_store *s, struct span peer, uint64_t place, uint64_t now_s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->entries.count; i++) {
        const struct descriptor_entry *e = entry_at(s, i);
        count += is_at(e, place) && is_live(e, now_s) &&
                 !span_equal(span_of(e->peer, e->peer_len), peer);
    }
    return count;
}

static bool is_crowded(const struct descriptor_store *s,
                       const struct descriptor *d,
                       uint64_t place,
                       uint64_t now_s)
{
    return others_count(s, d->peer, place, now_s) >= DESCRIPTOR_PER_GROUP_MAX;
}

/* ---- judging ---- */

static enum descriptor_verdict judge_time(const struct descriptor *d, uint64_t now_s)
{
    if (d->issued_s > add_sat_u64(now_s, DESCRIPTOR_CLOCK_S_MAX)) {
        return DESCRIPTOR_EARLY;
    }
    return d->expires_s > now_s ? DESCRIPTOR_TAKEN : DESCRIPTOR_EXPIRED;
}

/* Against what is known of the peer itself. A clock that was set back does not shut a peer out. */
static enum descriptor_verdict
judge_known(const struct descriptor_entry *e, const struct descriptor *d, uint64_t now_s)
{
    if (!e) {
        return DESCRIPTOR_TAKEN;
    }
    if (d->seq <= e->seq) {
        return DESCRIPTOR_KNOWN;
    }
    bool is_soon = now_s < add_sat_u64(e->taken_s, DESCRIPTOR_EVERY_S) &&
                   e->taken_s <= add_sat_u64(now_s, DESCRIPTOR_CLOCK_S_MAX);
    return is_soon ? DESCRIPTOR_TOO_SOON : DESCRIPTOR_TAKEN;
}

static enum descriptor_verdict judge_room(const struct descriptor_store *s,
                                          const struct descriptor *d,
                                          const struct descriptor_places *places,
                                          uint64_t now_s)
{
    if (!s->cfg.is_local && places->count == 0) {
        return DESCRIPTOR_NOWHERE;
    }
    for (size_t i = 0; !s->cfg.is_local && i < places->count; i++) {
        if (is_crowded(s, d, places->list[i], now_s) &&
            !leaver(s, d->peer, &places->list[i], now_s)) {
            return DESCRIPTOR_CROWDED;
        }
    }
    bool is_full = s->entries.count >= s->cfg.count_max && !entry_find(s, d->peer);
    return is_full && !leaver(s, d->peer, NULL, now_s) ? DESCRIPTOR_FULL : DESCRIPTOR_TAKEN;
}

enum descriptor_verdict descriptor_store_judge(const struct descriptor_store *s,
                                               const struct descriptor *d,
                                               const struct descriptor_places *places,
                                               uint64_t now_s)
{
    enum descriptor_verdict v = judge_time(d, now_s);
    if (v == DESCRIPTOR_TAKEN) {
        v = judge_known(entry_find(s, d->peer), d, now_s);
    }
    return v == DESCRIPTOR_TAKEN ? judge_room(s, d, places, now_s) : v;
}

/* ---- taking ---- */

static void sweep(struct descriptor_store *s, uint64_t now_s)
{
    if (now_s < s->sweep_s && s->sweep_s - now_s <= SWEEP_EVERY_S) {
        return;
    }
    s->sweep_s = add_sat_u64(now_s, SWEEP_EVERY_S);
    for (size_t i = s->entries.count; i > 0; i--) {
        struct descriptor_entry *e = entry_at(s, i - 1);
        if (e->forget_s <= now_s) {
            entry_remove(s, e);
        }
    }
}

/* make_room has those go that judge_room counted upon. */
static void make_room(struct descriptor_store *s,
                      const struct descriptor *d,
                      const struct descriptor_places *places,
                      uint64_t now_s)
{
    for (size_t i = 0; !s->cfg.is_local && i < places->count; i++) {
        struct descriptor_entry *e = leaver(s, d->peer, &places->list[i], now_s);
        if (e && is_crowded(s, d, places->list[i], now_s)) {
            entry_remove(s, e);
        }
    }
    if (s->entries.count >= s->cfg.count_max && !entry_find(s, d->peer)) {
        struct descriptor_entry *e = leaver(s, d->peer, NULL, now_s);
        if (e) {
            entry_remove(s, e);
        }
    }
}

MUST_CHECK static enum err
entry_new(struct descriptor_store *s, struct descriptor_entry **ret, struct span peer)
{
    void *p;
    TRY(mem_alloc(&s->budget, &p, sizeof **ret));
    struct descriptor_entry *e = p;
    e->peer_len = (uint8_t)span_copy(MSPAN_OF(e->peer), peer);
    enum err err = map_add(&s->entries, peer, e);
    if (err != OK) {
        mem_free(&s->budget, e, sizeof *e);
        return err;
    }
    *ret = e;
    return OK;
}

static void fill(struct descriptor_entry *e, const struct descriptor_put *put, uint64_t now_s)
{
    const struct descriptor *d = put->descriptor;
    e->seq = d->seq;
    e->expires_s = d->expires_s;
    e->forget_s = max_u64(e->forget_s, d->expires_s);
    e->taken_s = now_s;
    e->places = *put->places;
    e->chains_count = d->chains_count;
    for (size_t i = 0; i < d->chains_count; i++) {
        e->chains[i] = d->chains[i].id;
    }
    e->payload_at = (uint16_t)(put->payload.p - put->sealed.p);
    e->payload_len = (uint16_t)put->payload.n;
}

enum descriptor_verdict
descriptor_store_put(struct descriptor_store *s, const struct descriptor_put *put, uint64_t now_s)
{
    const struct descriptor *d = put->descriptor;
    void *sealed;
    check(put->sealed.n <= DESCRIPTOR_SEALED_LEN_MAX);
    check(put->payload.p >= put->sealed.p);
    check(put->payload.n <= put->sealed.n - (size_t)(put->payload.p - put->sealed.p));
    sweep(s, now_s);
    make_room(s, d, put->places, now_s);
    if (mem_alloc(&s->budget, &sealed, put->sealed.n) != OK) {
        return DESCRIPTOR_FULL;
    }
    struct descriptor_entry *e = entry_find(s, d->peer);
    if (!e && entry_new(s, &e, d->peer) != OK) {
        mem_free(&s->budget, sealed, put->sealed.n);
        return DESCRIPTOR_FULL;
    }
    mem_free(&s->budget, e->sealed, e->sealed_len);
    e->sealed = sealed;
    e->sealed_len = (uint16_t)span_copy(mspan_of(sealed, put->sealed.n), put->sealed);
    fill(e, put, now_s);
    return DESCRIPTOR_TAKEN;
}

void descriptor_store_dialled(struct descriptor_store *s,
                              struct span peer,
                              bool is_answered,
                              uint64_t now_s)
{
    struct descriptor_entry *e = entry_find(s, peer);
    if (!e) {
        return;
    }
    e->is_answered |= is_answered;
    if (is_answered) {
        e->unanswered_s = 0;
    } else if (e->unanswered_s == 0) {
        e->unanswered_s = max_u64(now_s, 1);
    }
}

/* ---- giving ---- */

const struct descriptor_entry *descriptor_store_find(const struct descriptor_store *s,
                                                     struct span peer)
{
    return entry_find(s, peer);
}

void descriptor_entry_open(struct descriptor *ret, const struct descriptor_entry *e)
{
    enum err err = descriptor_decode(ret, span_of(e->sealed + e->payload_at, e->payload_len));
    check(err == OK); /* it was decoded before it was put */
}

static bool serves(const struct descriptor_entry *e, uint64_t chain)
{
    for (size_t i = 0; i < e->chains_count; i++) {
        if (e->chains[i] == chain) {
            return true;
        }
    }
    return false;
}

static size_t divisor(size_t a, size_t b)
{
    while (b > 0) {
        size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

size_t descriptor_store_sample(const struct descriptor_store *s,
                               const struct descriptor_entry *ret[static DIRECTORY_ANSWER_MAX],
                               struct rng *rng,
                               uint64_t chain,
                               uint64_t now_s)
{
    size_t all = s->entries.count;
    size_t found = 0;
    if (all == 0) {
        return 0;
    }
    /* Two draws for a walk that comes by each once: those who came one after the other, as of one flood, do not stay together. */
    size_t at = (size_t)rng_below(rng, all);
    size_t stride = (size_t)rng_below(rng, all) + 1;
    while (divisor(stride, all) != 1) {
        stride = stride % all + 1;
    }
    for (size_t i = 0; i < all && found < DIRECTORY_ANSWER_MAX; i++) {
        const struct descriptor_entry *e = entry_at(s, at);
        at = (at + stride) % all;
        if (serves(e, chain) && is_live(e, now_s)) {
            ret[found++] = e;
        }
    }
    return found;
}

/* ---- life ---- */

void descriptor_store_init(struct descriptor_store *s, const struct descriptor_store_cfg *cfg)
{
    check(cfg->count_max <= DESCRIPTOR_STORE_MAX);
    *s = (struct descriptor_store){.cfg = *cfg};
    budget_init(&s->budget, cfg->parent, "descriptors", cfg->count_max * DESCRIPTOR_ENTRY_MEMORY);
    map_init(&s->entries, &s->budget,
             (struct map_cfg){
                 .count_max = cfg->count_max, .seed = {cfg->seed[0], cfg->seed[1]}
    });
}

void descriptor_store_done(struct descriptor_store *s)
{
    while (s->entries.count > 0) {
        entry_remove(s, entry_at(s, s->entries.count - 1));
    }
    map_done(&s->entries);
    budget_done(&s->budget);
    *s = (struct descriptor_store){0};
}
