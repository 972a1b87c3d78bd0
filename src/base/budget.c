/* Scoped memory budgets. */
#include "base/budget.h"

#include "base/arith.h"
#include "base/check.h"

void budget_init(struct budget *b, struct budget *parent, const char *scope, size_t limit)
{
    *b = (struct budget){.parent = parent, .scope = scope, .limit = limit};
}

void budget_done(struct budget *b)
{
    if (b->parent && b->used > 0) {
        budget_release(b->parent, b->used);
    }
    b->used = 0;
    b->limit = 0;
    b->parent = NULL;
}

static bool fits(const struct budget *b, size_t n)
{
    check(b->used <= b->limit);
    return n <= b->limit - b->used;
}

enum err budget_reserve(struct budget *b, size_t n, struct budget_refusal *ret_refusal)
{
    for (struct budget *s = b; s; s = s->parent) {
        if (!fits(s, n)) {
            s->refused_count++;
            if (ret_refusal) {
                *ret_refusal = (struct budget_refusal){
                    .scope = s->scope, .used = s->used, .limit = s->limit, .asked = n};
            }
            return ERR_LIMIT;
        }
    }
    for (struct budget *s = b; s; s = s->parent) {
        s->used += n;
        s->used_max = max_size(s->used_max, s->used);
    }
    return OK;
}

void budget_release(struct budget *b, size_t n)
{
    for (struct budget *s = b; s; s = s->parent) {
        check(n <= s->used);
        s->used -= n;
    }
}

size_t budget_free(const struct budget *b)
{
    size_t left = SIZE_MAX;
    for (const struct budget *s = b; s; s = s->parent) {
        left = min_size(left, s->limit - s->used);
    }
    return left;
}
