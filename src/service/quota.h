#ifndef SERVICE_QUOTA_H
#define SERVICE_QUOTA_H

#include "base/budget.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/map.h"
#include "base/pool.h"
#include "base/span.h"

#include <stdint.h>

/* Token buckets by key (a peer id, a network group): units come back steadily up to a most. Of keys that have
 * all their units back nothing needs to be remembered. */
struct quota_cfg {
    uint32_t keys_max;
    uint32_t units_max;
    uint32_t units_per_s;
    uint64_t seed[2];
};

struct quota {
    struct quota_cfg cfg;
    struct map buckets;
    struct pool pool;
};

void quota_init(struct quota *q, struct budget *budget, struct quota_cfg cfg);
void quota_done(struct quota *q);

/* quota_take takes units (1 to units_max) of key or none. ERR_LIMIT: not there yet, or too many keys; then
 * *ret_retry_ms says when to ask again. *ret_left is what remains. The key is up to MAP_KEY_LEN_MAX bytes. */
struct quota_answer {
    uint32_t left;
    uint32_t retry_ms;
};
MUST_CHECK enum err
quota_take(struct quota *q, struct quota_answer *ret, struct span key, uint32_t units, instant now);

#endif
