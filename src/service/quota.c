/* Token buckets. A bucket counts millionths of a unit, so that slow refills lose nothing. */
#include "service/quota.h"

#include "base/arith.h"
#include "base/check.h"

#include <stddef.h>

#define MICRO UINT64_C(1000000)

struct bucket {
    uint64_t micro_units;
    instant at; /* when micro_units was right */
};

void quota_init(struct quota *q, struct budget *budget, struct quota_cfg cfg)
{
    check(cfg.units_max > 0);
    check(cfg.units_per_s > 0);
    q->cfg = cfg;
    map_init(&q->buckets, budget,
             (struct map_cfg){
                 .count_max = cfg.keys_max, .seed = {cfg.seed[0], cfg.seed[1]}
    });
    pool_init(&q->pool, budget,
              (struct pool_cfg){
                  .object_len = sizeof(struct bucket), .count_max = cfg.keys_max, .spare_max = 16});
}

void quota_done(struct quota *q)
{
    while (q->buckets.count > 0) {
        struct map_entry e = *map_at(&q->buckets, 0);
        (void)map_remove(&q->buckets, span_of(e.key, e.key_len));
        pool_give(&q->pool, e.value);
    }
    map_done(&q->buckets);
    pool_done(&q->pool);
}

static void refill(const struct quota *q, struct bucket *b, instant now)
{
    uint64_t passed_us = instant_since(b->at, now);
    uint64_t most = q->cfg.units_max * MICRO;
    b->micro_units =
        min_u64(most, add_sat_u64(b->micro_units, mul_sat_u64(passed_us, q->cfg.units_per_s)));
    b->at = now;
}

/* forget_full drops one bucket that is full again; false if there is none. O(keys_max), and only at the limit. */
static bool forget_full(struct quota *q, instant now)
{
    for (size_t i = 0; i < q->buckets.count; i++) {
        struct map_entry e = *map_at(&q->buckets, i);
        struct bucket *b = e.value;
        refill(q, b, now);
        if (b->micro_units == q->cfg.units_max * MICRO) {
            (void)map_remove(&q->buckets, span_of(e.key, e.key_len));
            pool_give(&q->pool, b);
            return true;
        }
    }
    return false;
}

MUST_CHECK static enum err
find_or_add(struct quota *q, struct bucket **ret, struct span key, instant now)
{
    *ret = map_find(&q->buckets, key);
    if (*ret) {
        return OK;
    }
    if (q->buckets.count == q->cfg.keys_max && !forget_full(q, now)) {
        return ERR_LIMIT;
    }
    void *object;
    TRY(pool_take(&q->pool, &object));
    struct bucket *b = object;
    *b = (struct bucket){.micro_units = q->cfg.units_max * MICRO, .at = now};
    enum err e = map_add(&q->buckets, key, b);
    if (e != OK) {
        pool_give(&q->pool, b);
        return e;
    }
    *ret = b;
    return OK;
}

enum err
quota_take(struct quota *q, struct quota_answer *ret, struct span key, uint32_t units, instant now)
{
    check(units <= q->cfg.units_max);
    struct bucket *b;
    *ret = (struct quota_answer){.retry_ms = 1000};
    TRY(find_or_add(q, &b, key, now));
    refill(q, b, now);
    uint64_t want = units * MICRO;
    ret->left = (uint32_t)(b->micro_units / MICRO);
    if (b->micro_units < want) {
        uint64_t us = (want - b->micro_units + q->cfg.units_per_s - 1) / q->cfg.units_per_s;
        ret->retry_ms = (uint32_t)min_u64(us / US_PER_MS + 1, UINT32_MAX);
        return ERR_LIMIT;
    }
    b->micro_units -= want;
    *ret = (struct quota_answer){.left = (uint32_t)(b->micro_units / MICRO)};
    return OK;
}
