/* Answers that stay right, the latest used first. */
#include "service/cache.h"

#include "base/buf.h"
#include "base/check.h"

struct entry {
    struct list in_use;
    struct hash32 key;
    struct buf answer;
};

void cache_init(struct cache *c, struct budget *budget, struct cache_cfg cfg)
{
    *c = (struct cache){.cfg = cfg, .budget = budget};
    list_init(&c->by_use);
    map_init(&c->by_key, budget,
             (struct map_cfg){
                 .count_max = cfg.count_max, .seed = {cfg.seed[0], cfg.seed[1]}
    });
    pool_init(&c->entries, budget,
              (struct pool_cfg){
                  .object_len = sizeof(struct entry), .count_max = cfg.count_max, .spare_max = 8});
}

static struct entry *entry_of(struct list *n)
{
    return list_entry(n, struct entry, in_use);
}

static void drop(struct cache *c, struct entry *e)
{
    c->bytes -= e->answer.n;
    (void)map_remove(&c->by_key, SPAN_OF(e->key.bytes));
    list_remove(&e->in_use);
    buf_done(&e->answer);
    pool_give(&c->entries, e);
}

void cache_done(struct cache *c)
{
    if (!c->by_use.next) {
        return; /* zeroed: never begun */
    }
    for (struct list *n = list_first(&c->by_use); n; n = list_first(&c->by_use)) {
        drop(c, entry_of(n));
    }
    map_done(&c->by_key);
    pool_done(&c->entries);
}

bool cache_find(struct cache *c, struct span *ret_answer, const struct hash32 *key)
{
    struct entry *e = map_find(&c->by_key, SPAN_OF(key->bytes));
    if (!e) {
        c->misses++;
        return false;
    }
    c->hits++;
    list_remove(&e->in_use);
    list_add_first(&c->by_use, &e->in_use);
    *ret_answer = buf_span(&e->answer);
    return true;
}

/* room_make drops what was used longest ago until n more bytes and one more answer have a place. */
static void room_make(struct cache *c, size_t n)
{
    while (c->by_key.count > 0 &&
           (c->by_key.count >= c->cfg.count_max || c->bytes + n > c->cfg.bytes_max)) {
        drop(c, entry_of(list_last(&c->by_use)));
    }
}

void cache_put(struct cache *c, const struct hash32 *key, struct span answer)
{
    void *object;
    if (answer.n > c->cfg.bytes_max || map_find(&c->by_key, SPAN_OF(key->bytes))) {
        return;
    }
    room_make(c, answer.n);
    if (pool_take(&c->entries, &object) != OK) {
        return;
    }
    struct entry *e = object;
    *e = (struct entry){.key = *key};
    buf_init(&e->answer, c->budget, answer.n);
    if (buf_append(&e->answer, answer) != OK ||
        map_add(&c->by_key, SPAN_OF(e->key.bytes), e) != OK) {
        buf_done(&e->answer);
        pool_give(&c->entries, e);
        return;
    }
    list_add_first(&c->by_use, &e->in_use);
    c->bytes += answer.n;
}
