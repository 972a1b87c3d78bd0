#ifndef BASE_BUDGET_H
#define BASE_BUDGET_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* A scoped memory budget. A reservation in a scope is a reservation in every scope above it, so one
 * figure at the root bounds them all. Reserve before allocating; mem_alloc does both. */
struct budget {
    struct budget *parent; /* NULL for the root; must outlive this scope */
    const char *scope;     /* static word: "system", "peer", "connection", "stream" ... */
    size_t used;           /* bytes */
    size_t used_max;       /* the highest that used has been, bytes */
    size_t limit;          /* bytes */
    uint64_t refused_count;
};

/* Which scope refused, and with what figures: the reason that a refusal shows to the person. */
struct budget_refusal {
    const char *scope;
    size_t used;
    size_t limit;
    size_t asked;
};

void budget_init(struct budget *b, struct budget *parent, const char *scope, size_t limit);

/* budget_done gives whatever is still reserved back to the scopes above; safe on a zeroed object. */
void budget_done(struct budget *b);

/* budget_reserve takes n bytes in b and in each scope above, or in none: then ERR_LIMIT, and
 * *ret_refusal (may be NULL) names the scope. */
MUST_CHECK enum err budget_reserve(struct budget *b, size_t n, struct budget_refusal *ret_refusal);

/* budget_release gives back what was reserved; more than that is a bug and aborts. */
void budget_release(struct budget *b, size_t n);

/* budget_free is what could still be reserved, bytes. */
size_t budget_free(const struct budget *b);

#endif
