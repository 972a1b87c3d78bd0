#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/budget.h"
#include "base/err.h"
#include "base/span.h"

/* Memory for one message: taken piece by piece, given back all at once. Grows in chunks up to max
 * bytes, charged to a budget. Pieces live until arena_reset or arena_done. */
struct arena_chunk;

struct arena {
    struct budget *budget;
    struct arena_chunk *chunks; /* newest first */
    size_t used;                /* bytes handed out, rounded up to the alignment */
    size_t max;
};

void arena_init(struct arena *a, struct budget *budget, size_t max);
void arena_done(struct arena *a);

/* arena_reset frees all pieces and keeps at most one chunk. */
void arena_reset(struct arena *a);

/* arena_alloc gives n zeroed bytes (n may be 0: then a valid pointer to nothing), aligned for any type. */
MUST_CHECK enum err arena_alloc(struct arena *a, void **ret_p, size_t n);

/* arena_copy copies s into the arena. */
MUST_CHECK enum err arena_copy(struct arena *a, struct span *ret_copy, struct span s);

#endif
