#ifndef SERVICE_CACHE_H
#define SERVICE_CACHE_H

#include "base/budget.h"
#include "base/list.h"
#include "base/map.h"
#include "base/pool.h"
#include "base/span.h"
#include "crypto/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Answers that stay right for ever, by what was asked: a proof against a block's hash is one. What was used longest ago goes when
 * there is no room. It never fails: without memory nothing is kept. */
struct cache_cfg {
    size_t count_max;
    size_t bytes_max; /* of the answers themselves */
    uint64_t seed[2]; /* random */
};

struct cache {
    struct cache_cfg cfg;
    struct budget *budget;
    struct map by_key;
    struct pool entries;
    struct list by_use; /* the latest first */
    size_t bytes;
    uint64_t hits;
    uint64_t misses;
};

void cache_init(struct cache *c, struct budget *budget, struct cache_cfg cfg);
void cache_done(struct cache *c);

/* cache_find gives the answer of key, a span that lives until the next call; false if there is none. */
bool cache_find(struct cache *c, struct span *ret_answer, const struct hash32 *key);

/* cache_put keeps a copy, if there is room for it. */
void cache_put(struct cache *c, const struct hash32 *key, struct span answer);

#endif
