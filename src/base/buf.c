/* Growing byte buffers with a maximum. */
#include "base/buf.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/secret.h"

#include <string.h>

#ifdef PASSMESH_SHRINK
enum { BUF_CAP_MIN = 1 };
#else
enum { BUF_CAP_MIN = 64 };
#endif

void buf_init(struct buf *b, struct budget *budget, size_t max)
{
    check(budget);
    *b = (struct buf){.budget = budget, .max = max};
}

void buf_init_secret(struct buf *b, struct budget *budget, size_t max)
{
    buf_init(b, budget, max);
    b->secret = true;
}

static void release_memory(struct buf *b)
{
    if (b->secret && b->cap) {
        wipe(mspan_of(b->p, b->cap));
    }
    mem_free(b->budget, b->p, b->cap);
    b->p = NULL;
    b->n = 0;
    b->cap = 0;
}

void buf_done(struct buf *b)
{
    if (b->cap) {
        release_memory(b);
    }
    b->max = 0;
}

void buf_clear(struct buf *b)
{
    if (b->secret && b->n) {
        wipe(mspan_of(b->p, b->n));
    }
    b->n = 0;
}

void buf_trim(struct buf *b)
{
    if (b->n == 0 && b->cap) {
        release_memory(b);
    }
}

enum err buf_reserve(struct buf *b, size_t n)
{
    size_t want;
    if (!add_ok_size(&want, b->n, n) || want > b->max) {
        return ERR_LIMIT;
    }
    if (want <= b->cap) {
        return OK;
    }
    size_t cap = max_size(want, max_size(BUF_CAP_MIN, mul_sat_size(b->cap, 2)));
    cap = min_size(cap, b->max);
    void *p = b->p;
    struct mem_resize_args args = {.n_old = b->cap, .n_new = cap, .wipe = b->secret};
    TRY(mem_resize(b->budget, &p, args));
    b->p = p;
    b->cap = cap;
    return OK;
}

enum err buf_append(struct buf *b, struct span s)
{
    TRY(buf_reserve(b, s.n));
    if (s.n) {
        memcpy(b->p + b->n, s.p, s.n);
        b->n += s.n;
    }
    return OK;
}

enum err buf_append_u8(struct buf *b, uint8_t v)
{
    return buf_append(b, span_of(&v, 1));
}

enum err buf_extend(struct buf *b, struct mspan *ret_room, size_t n)
{
    TRY(buf_reserve(b, n));
    *ret_room = n ? mspan_of(b->p + b->n, n) : (struct mspan){0};
    b->n += n;
    return OK;
}

void buf_shrink(struct buf *b, size_t n)
{
    check(n <= b->n);
    if (b->secret && n < b->n) {
        wipe(mspan_of(b->p + n, b->n - n));
    }
    b->n = n;
}

void buf_consume(struct buf *b, size_t n)
{
    check(n <= b->n);
    size_t rest = b->n - n;
    if (n && rest) {
        memmove(b->p, b->p + n, rest);
    }
    buf_shrink(b, rest);
}
