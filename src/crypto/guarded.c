/* Guarded memory over libsodium's allocator: guard pages on both sides, a canary, mlock and MADV_DONTDUMP. */
#include "crypto/guarded.h"

#include "base/check.h"

#include <sodium.h>
#include <string.h>

enum { ALIGNMENT = 16 };

enum err guarded_init(struct guarded *g, struct budget *budget, size_t n)
{
    check(n > 0);
    if (n > SIZE_MAX / 2) {
        return ERR_LIMIT;
    }
    /* The allocator puts the object's end against the guard page: a whole number of units keeps it aligned. */
    size_t rounded = (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    TRY(budget_reserve(budget, rounded + GUARDED_OVERHEAD, NULL));
    void *p = sodium_malloc(rounded);
    if (!p) {
        budget_release(budget, rounded + GUARDED_OVERHEAD);
        return ERR_LIMIT;
    }
    memset(p, 0, rounded);
    /* The allocator does not say whether its lock took; locking again does. */
    *g = (struct guarded){
        .p = p, .n = rounded, .budget = budget, .locked = sodium_mlock(p, rounded) == 0};
    return OK;
}

void guarded_done(struct guarded *g)
{
    if (g->p) {
        sodium_free(g->p); /* opens, checks the canary, wipes */
        budget_release(g->budget, g->n + GUARDED_OVERHEAD);
    }
    *g = (struct guarded){0};
}

void *guarded_write(struct guarded *g)
{
    check(g->p);
    check(sodium_mprotect_readwrite(g->p) == 0);
    return g->p;
}

const void *guarded_read(const struct guarded *g)
{
    check(g->p);
    check(sodium_mprotect_readonly(g->p) == 0);
    return g->p;
}

void guarded_close(const struct guarded *g)
{
    check(g->p);
    check(sodium_mprotect_noaccess(g->p) == 0);
}
