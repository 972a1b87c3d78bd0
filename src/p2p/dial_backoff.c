/* Addresses that are left alone for a while: see dial_backoff.h. */
#include "p2p/dial_backoff.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/list.h"
#include "base/mem.h"
#include "crypto/hash.h"

struct entry {
    struct heap_node expiry;
    struct hash32 key;
    unsigned failures; /* in a row */
    instant until;
};

static struct hash32 key_of(const struct peer_id *peer, struct span addr)
{
    struct hash32 key;
    struct span parts[] = {span_of(&peer->n, 1), peer_id_span(peer), addr};
    sha256_of(&key, parts, sizeof parts / sizeof parts[0]);
    return key;
}

static struct entry *find(const struct dial_backoff *b, const struct hash32 *key)
{
    return map_find(&b->entries, SPAN_OF(key->bytes));
}

static void forget(struct dial_backoff *b, struct entry *e)
{
    heap_remove(&b->by_expiry, &e->expiry);
    check(map_remove(&b->entries, SPAN_OF(e->key.bytes)) == e);
    mem_free(b->budget, e, sizeof *e);
}

static struct entry *first(const struct dial_backoff *b)
{
    return list_entry(heap_first(&b->by_expiry), struct entry, expiry);
}

void dial_backoff_init(struct dial_backoff *b, struct budget *budget, const uint64_t seed[static 2])
{
    struct map_cfg cfg = {
        .count_max = DIAL_BACKOFF_ENTRIES_MAX, .seed = {seed[0], seed[1]}
    };
    b->budget = budget;
    map_init(&b->entries, budget, cfg);
    heap_init(&b->by_expiry, budget, DIAL_BACKOFF_ENTRIES_MAX);
}

void dial_backoff_done(struct dial_backoff *b)
{
    while (b->entries.count > 0) {
        forget(b, first(b));
    }
    map_done(&b->entries);
    heap_done(&b->by_expiry);
}

bool dial_backoff_holds(const struct dial_backoff *b,
                        const struct peer_id *peer,
                        struct span addr,
                        instant now)
{
    struct hash32 key = key_of(peer, addr);
    const struct entry *e = find(b, &key);
    return e && instant_before(now, e->until);
}

MUST_CHECK static enum err
entry_new(struct dial_backoff *b, struct entry **ret_entry, const struct hash32 *key)
{
    void *memory;
    if (b->entries.count >= DIAL_BACKOFF_ENTRIES_MAX) {
        forget(b, first(b));
    }
    TRY(mem_alloc(b->budget, &memory, sizeof(struct entry)));
    struct entry *e = memory;
    e->key = *key;
    enum err err = map_add(&b->entries, SPAN_OF(e->key.bytes), e);
    if (err != OK) {
        mem_free(b->budget, e, sizeof *e);
        return err;
    }
    err = heap_add(&b->by_expiry, &e->expiry, INSTANT_NEVER);
    if (err != OK) {
        forget(b, e);
        return err;
    }
    *ret_entry = e;
    return OK;
}

void dial_backoff_failed(struct dial_backoff *b,
                         const struct peer_id *peer,
                         struct span addr,
                         instant now)
{
    while (instant_reached(heap_deadline(&b->by_expiry), now)) {
        forget(b, first(b));
    }
    struct hash32 key = key_of(peer, addr);
    struct entry *e = find(b, &key);
    if (!e && entry_new(b, &e, &key) != OK) {
        return;
    }
    uint64_t n = e->failures++;
    uint64_t wait_us = n > 17
                           ? DIAL_BACKOFF_US_MAX /* 17² s is all but the most */
                           : min_u64(DIAL_BACKOFF_US_MIN + n * n * US_PER_S, DIAL_BACKOFF_US_MAX);
    e->until = instant_add(now, wait_us);
    check(heap_add(&b->by_expiry, &e->expiry, instant_add(e->until, wait_us)) == OK); /* it is in */
}

void dial_backoff_worked(struct dial_backoff *b, const struct peer_id *peer, struct span addr)
{
    struct hash32 key = key_of(peer, addr);
    struct entry *e = find(b, &key);
    if (e) {
        forget(b, e);
    }
}
