#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/budget.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* The only door to the heap below the node floor. Every byte is charged to a budget first. Running
 * out of budget is ERR_LIMIT, an ordinary path; the system running out of memory aborts. */

/* mem_alloc gives n zeroed bytes, n > 0, charged to b. The owner returns them with mem_free and the
 * same n and b. */
MUST_CHECK enum err mem_alloc(struct budget *b, void **ret_p, size_t n);

/* mem_resize changes an allocation from n_old to n_new bytes (> 0); new bytes are zero. On ERR_LIMIT
 * the old allocation stands. If wipe, the old bytes are wiped before they are given up. */
struct mem_resize_args {
    size_t n_old;
    size_t n_new;
    bool wipe;
};
MUST_CHECK enum err mem_resize(struct budget *b, void **p, struct mem_resize_args args);

/* mem_free accepts NULL with n = 0. */
void mem_free(struct budget *b, void *p, size_t n);

#endif
