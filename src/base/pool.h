#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/budget.h"
#include "base/err.h"

#include <stddef.h>

/* Objects of one size, at most count_max of them, each charged to a budget when it is taken. Freed
 * objects are kept for reuse up to spare_max, and stay charged while kept. */
struct pool {
    struct budget *budget;
    void *spares; /* singly linked through their first word */
    size_t object_len;
    size_t count; /* taken */
    size_t count_max;
    size_t spare_count;
    size_t spare_max;
};

struct pool_cfg {
    size_t object_len; /* bytes, >= sizeof(void *) */
    size_t count_max;
    size_t spare_max;
};

void pool_init(struct pool *p, struct budget *budget, struct pool_cfg cfg);

/* pool_done frees the spares; every object must have come back. Safe on a zeroed object. */
void pool_done(struct pool *p);

/* pool_take gives a zeroed object: ERR_LIMIT at count_max or when the budget refuses. */
MUST_CHECK enum err pool_take(struct pool *p, void **ret_object);

/* pool_give takes it back; its content is wiped. NULL is ignored. */
void pool_give(struct pool *p, void *object);

#endif
