#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/budget.h"
#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>

/* Owned bytes that grow up to a maximum, charged to a budget. Spans into it live until the next
 * call that can grow or shrink it. */
struct buf {
    uint8_t *p;
    size_t n;   /* bytes in use */
    size_t cap; /* bytes allocated and reserved */
    size_t max; /* never more than this */
    struct budget *budget;
    bool secret; /* wiped on growing, clearing and done */
};

void buf_init(struct buf *b, struct budget *budget, size_t max);

/* buf_init_secret makes one whose bytes are wiped whenever they are given up. */
void buf_init_secret(struct buf *b, struct budget *budget, size_t max);

/* buf_done frees; safe on a zeroed object and twice. */
void buf_done(struct buf *b);

/* buf_clear empties and keeps the memory; buf_trim gives the memory back if it is empty. */
void buf_clear(struct buf *b);
void buf_trim(struct buf *b);

/* buf_reserve makes room for n further bytes: ERR_LIMIT if that passes max or the budget. */
MUST_CHECK enum err buf_reserve(struct buf *b, size_t n);

/* buf_append copies s (which may not lie inside b) to the end, whole or not at all. */
MUST_CHECK enum err buf_append(struct buf *b, struct span s);
MUST_CHECK enum err buf_append_u8(struct buf *b, uint8_t v);

/* buf_extend adds n bytes of unset content and returns where they are; they live until the next call. */
MUST_CHECK enum err buf_extend(struct buf *b, struct mspan *ret_room, size_t n);

/* buf_shrink cuts to the first n bytes; n <= b->n. */
void buf_shrink(struct buf *b, size_t n);

/* buf_consume drops the first n bytes; n <= b->n. O(rest). */
void buf_consume(struct buf *b, size_t n);

static inline struct span buf_span(const struct buf *b)
{
    return span_of(b->p, b->n);
}

#endif
