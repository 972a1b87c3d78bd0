/* What we publish again before it expires at others: libp2p specs, kad-dht/README.md, "Content provider advertisement and discovery". */
#include "base/mem.h"
#include "p2p/kad_state.h"

enum { PUBLISHED_MAX = 256 };

static struct kad_published *find(const struct kad *k, struct span key)
{
    for (struct list *l = list_first(&k->published); l; l = list_next(&k->published, l)) {
        struct kad_published *p = list_entry(l, struct kad_published, in_published);
        if (span_equal(buf_span(&p->key), key)) {
            return p;
        }
    }
    return NULL;
}

static void published_free(struct kad *k, struct kad_published *p)
{
    list_remove(&p->in_published);
    buf_done(&p->key);
    buf_done(&p->value);
    mem_free(&k->budget, p, sizeof *p);
}

static size_t count_published(const struct kad *k)
{
    size_t count = 0;
    for (struct list *l = list_first(&k->published); l; l = list_next(&k->published, l)) {
        count++;
    }
    return count;
}

/* keep_own makes us answer for what we publish, too. */
static void keep_own(struct kad *k, const struct kad_published *p)
{
    struct kad_peer self = {.id = k->cfg.self, .addrs = buf_span(&k->own_addrs)};
    struct kad_id key;
    kad_id_of(&key, buf_span(&p->key));
    enum err e = p->kind == KAD_OP_PROVIDE
                     ? kad_providers_add(&k->providers, k->now, &key, &self)
                     : kad_values_put(&k->values, k->now,
                                      (struct kad_value_args){.key = buf_span(&p->key),
                                                              .value = buf_span(&p->value),
                                                              .from = k->cfg.self,
                                                              .received = kad_walltime(k)});
    (void)e; /* full: others have it */
}

enum err kad_publish(struct kad *k, enum kad_op_kind kind, struct span key, struct span value)
{
    struct kad_published *old = find(k, key);
    if (!old && count_published(k) >= PUBLISHED_MAX) {
        return ERR_LIMIT;
    }
    void *memory;
    TRY(mem_alloc(&k->budget, &memory, sizeof(struct kad_published)));
    struct kad_published *p = memory;
    p->kind = kind;
    p->next_at = instant_add(k->now, k->cfg.republish_us);
    buf_init(&p->key, &k->budget, KAD_KEY_LEN_MAX);
    buf_init(&p->value, &k->budget, KAD_VALUE_LEN_MAX);
    enum err e = buf_append(&p->key, key);
    e = e == OK ? buf_append(&p->value, value) : e;
    if (e != OK) {
        published_free(k, p);
        return e;
    }
    if (old) {
        published_free(k, old);
    }
    list_add_last(&k->published, &p->in_published);
    keep_own(k, p);
    return OK;
}

void kad_unpublish(struct kad *k, struct span key)
{
    struct kad_published *p = find(k, key);
    if (p) {
        struct kad_id id;
        kad_id_of(&id, key);
        kad_providers_remove(&k->providers, &id, &k->cfg.self);
        published_free(k, p);
    }
}

void kad_publish_tick(struct kad *k)
{
    for (struct list *l = list_first(&k->published); l; l = list_next(&k->published, l)) {
        struct kad_published *p = list_entry(l, struct kad_published, in_published);
        if (!instant_reached(p->next_at, k->now)) {
            continue;
        }
        /* SPEC libp2p/kad-dht §"Content provider advertisement and discovery": records are published again
         * before they expire. */
        struct kad_op *op;
        struct kad_op_start start = {.kind = p->kind,
                                     .key = buf_span(&p->key),
                                     .value = buf_span(&p->value),
                                     .args = {.thorough = true},
                                     .is_silent = true};
        uint64_t again_us =
            kad_op_start(k, &op, &start) == OK ? k->cfg.republish_us : 60 * US_PER_S;
        keep_own(k, p);
        p->next_at = instant_add(k->now, again_us);
    }
}

instant kad_publish_deadline(const struct kad *k)
{
    instant at = INSTANT_NEVER;
    for (struct list *l = list_first(&k->published); l; l = list_next(&k->published, l)) {
        at = instant_min(at, list_entry(l, struct kad_published, in_published)->next_at);
    }
    return at;
}

void kad_publish_done(struct kad *k)
{
    for (struct list *l = list_first(&k->published); l; l = list_first(&k->published)) {
        published_free(k, list_entry(l, struct kad_published, in_published));
    }
}
