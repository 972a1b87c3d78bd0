/* The iterative lookup: libp2p specs, kad-dht/README.md, "Peer routing"; disjoint paths after S/Kademlia
 * (Baumgart and Mies 2007). */
#include "p2p/kad_lookup.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"

#include <string.h>

enum { CAP_FIRST = 32 };

void kad_lookup_init(struct kad_lookup *l, struct kad_lookup_cfg cfg)
{
    check(cfg.paths >= 1);
    check(cfg.paths <= KAD_PATHS_MAX);
    check(cfg.alpha >= cfg.paths);
    *l = (struct kad_lookup){.cfg = cfg};
}

void kad_lookup_done(struct kad_lookup *l)
{
    for (size_t i = 0; i < l->count; i++) {
        kad_contact_done(&l->candidates[i].contact, l->cfg.budget);
    }
    mem_free(l->cfg.budget, l->candidates, l->cap * sizeof *l->candidates);
    *l = (struct kad_lookup){0};
}

/* place_of is the index of the first candidate that is not closer than id. */
static size_t place_of(const struct kad_lookup *l, const struct kad_id *id)
{
    size_t low = 0;
    size_t high = l->count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (kad_compare(&l->cfg.target, &l->candidates[mid].contact.id, id) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

struct kad_candidate *kad_lookup_find(const struct kad_lookup *l, const struct kad_id *id)
{
    size_t i = place_of(l, id);
    bool is_there = i < l->count && memcmp(&l->candidates[i].contact.id, id, sizeof *id) == 0;
    return is_there ? &l->candidates[i] : NULL;
}

static void remove_at(struct kad_lookup *l, size_t i)
{
    kad_contact_done(&l->candidates[i].contact, l->cfg.budget);
    l->count--;
    memmove(&l->candidates[i], &l->candidates[i + 1], (l->count - i) * sizeof *l->candidates);
}

/* make_room drops the farthest that was not asked yet and lies beyond place i; false if there is none. */
static bool make_room(struct kad_lookup *l, size_t i)
{
    if (l->count < KAD_CANDIDATES_MAX) {
        return true;
    }
    for (size_t k = l->count; k > i; k--) {
        if (l->candidates[k - 1].state == KAD_HEARD) {
            remove_at(l, k - 1);
            return true;
        }
    }
    return false;
}

MUST_CHECK static enum err grow(struct kad_lookup *l)
{
    if (l->count < l->cap) {
        return OK;
    }
    size_t cap = l->cap ? min_size(l->cap * 2, KAD_CANDIDATES_MAX) : CAP_FIRST;
    void *p = l->candidates;
    if (!p) {
        TRY(mem_alloc(l->cfg.budget, &p, cap * sizeof *l->candidates));
    } else {
        TRY(mem_resize(l->cfg.budget, &p,
                       (struct mem_resize_args){.n_old = l->cap * sizeof *l->candidates,
                                                .n_new = cap * sizeof *l->candidates}));
    }
    l->candidates = p;
    l->cap = cap;
    return OK;
}

void kad_lookup_add(struct kad_lookup *l, const struct kad_peer *peer, const struct kad_id *from)
{
    struct kad_id id;
    kad_id_of(&id, peer_id_span(&peer->id));
    size_t i = place_of(l, &id);
    if (i < l->count && memcmp(&l->candidates[i].contact.id, &id, sizeof id) == 0) {
        return;
    }
    const struct kad_candidate *parent = from ? kad_lookup_find(l, from) : NULL;
    struct kad_candidate c = {.state = KAD_HEARD, .path = l->next_path};
    if (parent) {
        c.path = parent->path;
        c.hops = (uint8_t)min_u32(255, parent->hops + 1u);
    } else {
        l->next_path = (uint8_t)((l->next_path + 1u) % l->cfg.paths);
    }
    if (!make_room(l, i) || grow(l) != OK ||
        kad_contact_init(&c.contact, peer, l->cfg.budget) != OK) {
        return; /* without this peer, then */
    }
    memmove(&l->candidates[i + 1], &l->candidates[i], (l->count - i) * sizeof *l->candidates);
    l->candidates[i] = c;
    l->count++;
}

/* ---- choosing ---- */

static bool is_slow(const struct kad_lookup *l, const struct kad_candidate *c, instant now)
{
    return c->state == KAD_ASKED && instant_reached(instant_add(c->asked_at, l->cfg.slow_us), now);
}

static uint32_t count_asked(const struct kad_lookup *l, instant now, int path)
{
    uint32_t count = 0;
    for (size_t i = 0; i < l->count; i++) {
        const struct kad_candidate *c = &l->candidates[i];
        count += c->state == KAD_ASKED && !is_slow(l, c, now) && (path < 0 || c->path == path);
    }
    return count;
}

/* closest_have_answered: have the `want` closest of a path (-1: of all) answered, not counting those that
 * failed or are too slow? */
static bool closest_have_answered(const struct kad_lookup *l, instant now, int path, uint32_t want)
{
    uint32_t answered = 0;
    for (size_t i = 0; i < l->count && answered < want; i++) {
        const struct kad_candidate *c = &l->candidates[i];
        if ((path >= 0 && c->path != path) || c->state == KAD_FAILED || is_slow(l, c, now)) {
            continue;
        }
        if (c->state != KAD_ANSWERED) {
            return false;
        }
        answered++;
    }
    return true;
}

static struct kad_candidate *first_heard(const struct kad_lookup *l, int path)
{
    for (size_t i = 0; i < l->count; i++) {
        struct kad_candidate *c = &l->candidates[i];
        if (c->state == KAD_HEARD && (path < 0 || c->path == path)) {
            return c;
        }
    }
    return NULL;
}

/* region_is_asked: nobody within the region is left to be asked or waited for. */
static bool region_is_asked(const struct kad_lookup *l, instant now)
{
    if (l->cfg.region_bits == 0) {
        return true;
    }
    for (size_t i = 0; i < l->count; i++) {
        const struct kad_candidate *c = &l->candidates[i];
        if (kad_common_prefix(&l->cfg.target, &c->contact.id) < l->cfg.region_bits) {
            return true; /* sorted: all others are farther */
        }
        if (c->state == KAD_HEARD || (c->state == KAD_ASKED && !is_slow(l, c, now))) {
            return false;
        }
    }
    return true;
}

static struct kad_candidate *choose(const struct kad_lookup *l, instant now)
{
    uint32_t share = max_u32(1, l->cfg.alpha / l->cfg.paths);
    bool converged = true;
    for (int path = 0; path < (int)l->cfg.paths; path++) {
        if (closest_have_answered(l, now, path, l->cfg.beta)) {
            continue;
        }
        converged = false;
        struct kad_candidate *c = first_heard(l, path);
        if (c && count_asked(l, now, path) < share) {
            return c;
        }
    }
    bool is_enough = closest_have_answered(l, now, -1, l->cfg.final) && region_is_asked(l, now);
    if (!converged || is_enough || count_asked(l, now, -1) >= l->cfg.alpha) {
        return NULL;
    }
    return first_heard(l, -1);
}

const struct kad_candidate *kad_lookup_next(struct kad_lookup *l, instant now)
{
    struct kad_candidate *c = choose(l, now);
    if (c) {
        c->state = KAD_ASKED;
        c->asked_at = now;
        l->asked_count++;
    }
    return c;
}

void kad_lookup_unask(struct kad_lookup *l, const struct kad_id *id)
{
    struct kad_candidate *c = kad_lookup_find(l, id);
    if (c && c->state == KAD_ASKED) {
        c->state = KAD_HEARD;
        l->asked_count--;
    }
}

void kad_lookup_answered(struct kad_lookup *l, const struct kad_id *id)
{
    struct kad_candidate *c = kad_lookup_find(l, id);
    if (c) {
        c->state = KAD_ANSWERED;
    }
}

void kad_lookup_failed(struct kad_lookup *l, const struct kad_id *id)
{
    struct kad_candidate *c = kad_lookup_find(l, id);
    if (c) {
        c->state = KAD_FAILED;
    }
}

bool kad_lookup_is_over(const struct kad_lookup *l, instant now)
{
    /* SPEC libp2p/kad-dht §"Peer routing": the search ends when the closest peers known have answered. */
    for (int path = 0; path < (int)l->cfg.paths; path++) {
        bool can_go_on = first_heard(l, path) || count_asked(l, now, path) > 0;
        if (can_go_on && !closest_have_answered(l, now, path, l->cfg.beta)) {
            return false;
        }
    }
    bool can_go_on = first_heard(l, -1) || count_asked(l, now, -1) > 0;
    return !can_go_on ||
           (closest_have_answered(l, now, -1, l->cfg.final) && region_is_asked(l, now));
}

instant kad_lookup_deadline(const struct kad_lookup *l, instant now)
{
    instant first = INSTANT_NEVER;
    for (size_t i = 0; i < l->count; i++) {
        const struct kad_candidate *c = &l->candidates[i];
        if (c->state == KAD_ASKED && !is_slow(l, c, now)) {
            first = instant_min(first, instant_add(c->asked_at, l->cfg.slow_us));
        }
    }
    return first;
}

size_t kad_lookup_closest(const struct kad_lookup *l, struct kad_candidate **ret, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < l->count && count < max; i++) {
        if (l->candidates[i].state == KAD_ANSWERED) {
            ret[count++] = &l->candidates[i];
        }
    }
    return count;
}
