/* Records kept for others: libp2p specs, kad-dht/README.md, "Content provider advertisement and discovery" and "Value storage and retrieval". */
#include "p2p/kad_store.h"

#include "base/check.h"
#include "base/mem.h"

#include <string.h>

/* ---- quota ---- */

static void quota_init(struct kad_quota *q, const struct kad_store_cfg *cfg)
{
    q->budget = cfg->budget;
    q->per_peer_max = cfg->per_peer_max;
    map_init(&q->counts, cfg->budget,
             (struct map_cfg){
                 .count_max = cfg->count_max, .seed = {cfg->seed[0], cfg->seed[1]}
    });
}

static void quota_done(struct kad_quota *q)
{
    check(q->counts.count == 0);
    map_done(&q->counts);
}

MUST_CHECK static enum err quota_add(struct kad_quota *q, const struct peer_id *peer)
{
    uint32_t *count = map_find(&q->counts, peer_id_span(peer));
    if (count) {
        if (*count >= q->per_peer_max) {
            return ERR_LIMIT;
        }
        ++*count;
        return OK;
    }
    void *p;
    TRY(mem_alloc(q->budget, &p, sizeof *count));
    count = p;
    *count = 1;
    enum err e = map_add(&q->counts, peer_id_span(peer), count);
    if (e != OK) {
        mem_free(q->budget, count, sizeof *count);
    }
    return e;
}

static void quota_remove(struct kad_quota *q, const struct peer_id *peer)
{
    uint32_t *count = map_find(&q->counts, peer_id_span(peer));
    check(count);
    if (--*count == 0) {
        (void)map_remove(&q->counts, peer_id_span(peer));
        mem_free(q->budget, count, sizeof *count);
    }
}

/* ---- providers ---- */

struct kad_provided {
    struct kad_id id;
    struct list providers; /* heard last first */
    uint32_t count;
};

struct kad_provider {
    struct heap_node timer;
    struct list in_key;
    struct kad_provided *key;
    struct kad_contact contact;
    uint32_t group;
    instant heard_at;
};

static struct span id_span(const struct kad_id *id)
{
    return SPAN_OF(id->bytes);
}

void kad_providers_init(struct kad_providers *s, struct kad_store_cfg cfg)
{
    *s = (struct kad_providers){.cfg = cfg};
    struct map_cfg maps = {
        .count_max = cfg.count_max, .seed = {cfg.seed[0], cfg.seed[1]}
    };
    map_init(&s->keys, cfg.budget, maps);
    heap_init(&s->timers, cfg.budget, cfg.count_max);
    quota_init(&s->quota, &cfg);
}

static void forget_provider(struct kad_providers *s, struct kad_provider *p)
{
    struct kad_provided *key = p->key;
    heap_remove(&s->timers, &p->timer);
    list_remove(&p->in_key);
    quota_remove(&s->quota, &p->contact.peer);
    kad_contact_done(&p->contact, s->cfg.budget);
    mem_free(s->cfg.budget, p, sizeof *p);
    s->count--;
    if (--key->count == 0) {
        (void)map_remove(&s->keys, id_span(&key->id));
        mem_free(s->cfg.budget, key, sizeof *key);
    }
}

void kad_providers_done(struct kad_providers *s)
{
    if (!s->cfg.budget) {
        return;
    }
    for (struct heap_node *n = heap_first(&s->timers); n; n = heap_first(&s->timers)) {
        forget_provider(s, list_entry(n, struct kad_provider, timer));
    }
    heap_done(&s->timers);
    map_done(&s->keys);
    quota_done(&s->quota);
    *s = (struct kad_providers){0};
}

static struct kad_provider *find_provider(const struct kad_provided *key,
                                          const struct peer_id *peer)
{
    for (struct list *l = list_first(&key->providers); l; l = list_next(&key->providers, l)) {
        struct kad_provider *p = list_entry(l, struct kad_provider, in_key);
        if (peer_id_equal(&p->contact.peer, peer)) {
            return p;
        }
    }
    return NULL;
}

MUST_CHECK static enum err
renew(struct kad_providers *s, instant now, struct kad_provider *p, const struct kad_peer *peer)
{
    struct kad_contact fresh;
    TRY(kad_contact_init(&fresh, peer, s->cfg.budget));
    kad_contact_done(&p->contact, s->cfg.budget);
    p->contact = fresh;
    p->heard_at = now;
    struct kad_provided *key = p->key;
    list_remove(&p->in_key);
    list_add_first(&key->providers, &p->in_key);
    return heap_add(&s->timers, &p->timer, instant_add(now, s->cfg.expiry_us));
}

/* key_has_room: one key cannot be filled by one peer with many names in one network. */
static bool
key_has_room(const struct kad_providers *s, const struct kad_provided *key, uint32_t group)
{
    uint32_t of_group = 0;
    for (struct list *l = list_first(&key->providers); l; l = list_next(&key->providers, l)) {
        of_group += group && list_entry(l, struct kad_provider, in_key)->group == group;
    }
    return key->count < s->cfg.per_key_max && of_group < s->cfg.per_key_group_max;
}

MUST_CHECK static enum err
find_or_make_key(struct kad_providers *s, struct kad_provided **ret_key, const struct kad_id *id)
{
    struct kad_provided *key = map_find(&s->keys, id_span(id));
    if (!key) {
        void *p;
        TRY(mem_alloc(s->cfg.budget, &p, sizeof *key));
        key = p;
        key->id = *id;
        list_init(&key->providers);
        enum err e = map_add(&s->keys, id_span(id), key);
        if (e != OK) {
            mem_free(s->cfg.budget, key, sizeof *key);
            return e;
        }
    }
    *ret_key = key;
    return OK;
}

MUST_CHECK static enum err add_provider(struct kad_providers *s,
                                        instant now,
                                        struct kad_provided *key,
                                        const struct kad_peer *peer)
{
    void *memory;
    TRY(mem_alloc(s->cfg.budget, &memory, sizeof(struct kad_provider)));
    struct kad_provider *p = memory;
    bool has_addr;
    p->key = key;
    p->heard_at = now;
    p->group = kad_addrs_group(peer->addrs, &has_addr);
    enum err e = kad_contact_init(&p->contact, peer, s->cfg.budget);
    if (e == OK) {
        e = quota_add(&s->quota, &peer->id);
        if (e == OK) {
            e = heap_add(&s->timers, &p->timer, instant_add(now, s->cfg.expiry_us));
            if (e != OK) {
                quota_remove(&s->quota, &peer->id);
            }
        }
        if (e != OK) {
            kad_contact_done(&p->contact, s->cfg.budget);
        }
    }
    if (e != OK) {
        mem_free(s->cfg.budget, p, sizeof *p);
        return e;
    }
    list_add_first(&key->providers, &p->in_key);
    key->count++;
    s->count++;
    return OK;
}

enum err kad_providers_add(struct kad_providers *s,
                           instant now,
                           const struct kad_id *key,
                           const struct kad_peer *peer)
{
    struct kad_provided *k;
    TRY(find_or_make_key(s, &k, key));
    struct kad_provider *known = find_provider(k, &peer->id);
    if (known) {
        return renew(s, now, known, peer);
    }
    bool has_addr;
    uint32_t group = kad_addrs_group(peer->addrs, &has_addr);
    enum err e = s->count < s->cfg.count_max && key_has_room(s, k, group)
                     ? add_provider(s, now, k, peer)
                     : ERR_LIMIT;
    if (k->count == 0) {
        (void)map_remove(&s->keys, id_span(&k->id));
        mem_free(s->cfg.budget, k, sizeof *k);
    }
    return e;
}

size_t kad_providers_find(const struct kad_providers *s,
                          struct kad_peer *ret,
                          size_t max,
                          instant now,
                          const struct kad_id *key)
{
    const struct kad_provided *k = map_find(&s->keys, id_span(key));
    size_t count = 0;
    for (struct list *l = k ? list_first(&k->providers) : NULL; l && count < max;
         l = list_next(&k->providers, l)) {
        const struct kad_provider *p = list_entry(l, struct kad_provider, in_key);
        ret[count] = kad_contact_peer(&p->contact);
        /* SPEC libp2p/kad-dht §"Content provider advertisement and discovery": addresses age sooner than the record. */
        if (instant_since(p->heard_at, now) >= s->cfg.addrs_expiry_us) {
            ret[count].addrs = SPAN_EMPTY;
        }
        count++;
    }
    return count;
}

void kad_providers_remove(struct kad_providers *s,
                          const struct kad_id *key,
                          const struct peer_id *peer)
{
    const struct kad_provided *k = map_find(&s->keys, id_span(key));
    struct kad_provider *p = k ? find_provider(k, peer) : NULL;
    if (p) {
        forget_provider(s, p);
    }
}

instant kad_providers_deadline(const struct kad_providers *s)
{
    return heap_deadline(&s->timers);
}

void kad_providers_tick(struct kad_providers *s, instant now)
{
    while (instant_reached(heap_deadline(&s->timers), now)) {
        forget_provider(s, list_entry(heap_first(&s->timers), struct kad_provider, timer));
    }
}

/* ---- values ---- */

void kad_values_init(struct kad_values *s, struct kad_store_cfg cfg)
{
    *s = (struct kad_values){.cfg = cfg};
    struct map_cfg maps = {
        .count_max = cfg.count_max, .seed = {cfg.seed[0], cfg.seed[1]}
    };
    map_init(&s->keys, cfg.budget, maps);
    heap_init(&s->timers, cfg.budget, cfg.count_max);
    quota_init(&s->quota, &cfg);
}

static void free_value(struct kad_values *s, struct kad_value *v)
{
    heap_remove(&s->timers, &v->timer);
    buf_done(&v->key);
    buf_done(&v->value);
    mem_free(s->cfg.budget, v, sizeof *v);
}

static void forget_value(struct kad_values *s, struct kad_value *v)
{
    (void)map_remove(&s->keys, id_span(&v->id));
    quota_remove(&s->quota, &v->from);
    free_value(s, v);
}

void kad_values_done(struct kad_values *s)
{
    if (!s->cfg.budget) {
        return;
    }
    while (s->keys.count > 0) {
        forget_value(s, map_at(&s->keys, s->keys.count - 1)->value);
    }
    heap_done(&s->timers);
    map_done(&s->keys);
    quota_done(&s->quota);
    *s = (struct kad_values){0};
}

MUST_CHECK static enum err
make_value(struct kad_values *s, struct kad_value **ret_value, const struct kad_value_args *args)
{
    void *p;
    TRY(mem_alloc(s->cfg.budget, &p, sizeof(struct kad_value)));
    struct kad_value *v = p;
    kad_id_of(&v->id, args->key);
    v->from = args->from;
    v->received = args->received;
    buf_init(&v->key, s->cfg.budget, KAD_KEY_LEN_MAX);
    buf_init(&v->value, s->cfg.budget, KAD_VALUE_LEN_MAX);
    enum err e = buf_append(&v->key, args->key);
    e = e == OK ? buf_append(&v->value, args->value) : e;
    if (e != OK) {
        free_value(s, v);
        return e;
    }
    *ret_value = v;
    return OK;
}

/* take_place makes the quota ready for v; the value that it replaces is given up only when that is sure. */
MUST_CHECK static enum err take_place(struct kad_values *s, const struct kad_value *v)
{
    struct kad_value *old = map_find(&s->keys, id_span(&v->id));
    if (old && peer_id_equal(&old->from, &v->from)) {
        forget_value(s, old);
        return quota_add(&s->quota, &v->from);
    }
    if (!old && s->keys.count >= s->cfg.count_max) {
        return ERR_LIMIT;
    }
    TRY(quota_add(&s->quota, &v->from));
    if (old) {
        forget_value(s, old);
    }
    return OK;
}

enum err kad_values_put(struct kad_values *s, instant now, struct kad_value_args args)
{
    struct kad_value *v;
    TRY(make_value(s, &v, &args));
    enum err e = take_place(s, v);
    if (e != OK) {
        free_value(s, v);
        return e;
    }
    e = map_add(&s->keys, id_span(&v->id), v);
    e = e == OK ? heap_add(&s->timers, &v->timer, instant_add(now, s->cfg.expiry_us)) : e;
    if (e != OK) {
        forget_value(s, v);
    }
    return e;
}

const struct kad_value *kad_values_find(const struct kad_values *s, struct span key)
{
    struct kad_id id;
    kad_id_of(&id, key);
    return map_find(&s->keys, id_span(&id));
}

instant kad_values_deadline(const struct kad_values *s)
{
    return heap_deadline(&s->timers);
}

void kad_values_tick(struct kad_values *s, instant now)
{
    while (instant_reached(heap_deadline(&s->timers), now)) {
        forget_value(s, list_entry(heap_first(&s->timers), struct kad_value, timer));
    }
}
