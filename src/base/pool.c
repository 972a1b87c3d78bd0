/* Pools of equal objects. */
#include "base/pool.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/secret.h"

#include <string.h>

void pool_init(struct pool *p, struct budget *budget, struct pool_cfg cfg)
{
    check(cfg.object_len >= sizeof(void *));
    *p = (struct pool){.budget = budget,
                       .object_len = cfg.object_len,
                       .count_max = cfg.count_max,
                       .spare_max = cfg.spare_max};
}

static void *pop_spare(struct pool *p)
{
    void *object = p->spares;
    memcpy(&p->spares, object, sizeof(void *));
    memset(object, 0, sizeof(void *));
    p->spare_count--;
    return object;
}

void pool_done(struct pool *p)
{
    check(p->count == 0);
    while (p->spares) {
        mem_free(p->budget, pop_spare(p), p->object_len);
    }
}

enum err pool_take(struct pool *p, void **ret_object)
{
    if (p->count >= p->count_max) {
        return ERR_LIMIT;
    }
    if (p->spares) {
        *ret_object = pop_spare(p);
    } else {
        TRY(mem_alloc(p->budget, ret_object, p->object_len));
    }
    p->count++;
    return OK;
}

void pool_give(struct pool *p, void *object)
{
    if (!object) {
        return;
    }
    check(p->count > 0);
    p->count--;
    wipe(mspan_of(object, p->object_len));
    if (p->spare_count >= p->spare_max) {
        mem_free(p->budget, object, p->object_len);
        return;
    }
    memcpy(object, &p->spares, sizeof(void *));
    p->spares = object;
    p->spare_count++;
}
