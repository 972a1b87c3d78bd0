/* The only file that calls malloc and free. */
#include "base/mem.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

enum err mem_alloc(struct budget *b, void **ret_p, size_t n)
{
    check(b);
    check(n > 0);
    TRY(budget_reserve(b, n, NULL));
    void *p = calloc(1, n);
    if (!p) {
        abort(); /* the budget said yes, the system no: nothing sensible is left to do */
    }
    *ret_p = p;
    return OK;
}

enum err mem_resize(struct budget *b, void **p, struct mem_resize_args args)
{
    void *fresh;
    TRY(mem_alloc(b, &fresh, args.n_new));
    size_t keep = min_size(args.n_old, args.n_new);
    if (keep) {
        memcpy(fresh, *p, keep);
    }
    if (args.wipe && args.n_old) {
        wipe(mspan_of(*p, args.n_old));
    }
    mem_free(b, *p, args.n_old);
    *p = fresh;
    return OK;
}

void mem_free(struct budget *b, void *p, size_t n)
{
    check((p != NULL) == (n > 0));
    if (p) {
        free(p);
        budget_release(b, n);
    }
}
