/* Arenas: one chunk chain, freed together. */
#include "base/arena.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"

#include <stdalign.h>
#include <string.h>

#ifdef PASSMESH_SHRINK
enum { CHUNK_LEN = 64 };
#else
enum { CHUNK_LEN = 4096 };
#endif

struct arena_chunk {
    struct arena_chunk *next;
    size_t len; /* of data */
    size_t n;   /* used */
    alignas(max_align_t) uint8_t data[];
};

void arena_init(struct arena *a, struct budget *budget, size_t max)
{
    *a = (struct arena){.budget = budget, .max = max};
}

static void free_chunk(struct arena *a, struct arena_chunk *c)
{
    mem_free(a->budget, c, sizeof *c + c->len);
}

void arena_done(struct arena *a)
{
    while (a->chunks) {
        struct arena_chunk *c = a->chunks;
        a->chunks = c->next;
        free_chunk(a, c);
    }
    a->used = 0;
}

void arena_reset(struct arena *a)
{
    while (a->chunks && a->chunks->next) {
        struct arena_chunk *c = a->chunks;
        a->chunks = c->next;
        free_chunk(a, c);
    }
    if (a->chunks) {
        memset(a->chunks->data, 0, a->chunks->n);
        a->chunks->n = 0;
    }
    a->used = 0;
}

static enum err add_chunk(struct arena *a, size_t n)
{
    size_t len = max_size(n, CHUNK_LEN);
    void *p;
    TRY(mem_alloc(a->budget, &p, sizeof(struct arena_chunk) + len));
    struct arena_chunk *c = p;
    c->len = len;
    c->next = a->chunks;
    a->chunks = c;
    return OK;
}

enum err arena_alloc(struct arena *a, void **ret_p, size_t n)
{
    size_t align = alignof(max_align_t);
    size_t padded;
    if (!add_ok_size(&padded, n, align - 1)) {
        return ERR_LIMIT;
    }
    padded -= padded % align;
    if (padded > a->max - a->used) {
        return ERR_LIMIT;
    }
    struct arena_chunk *c = a->chunks;
    if (!c || padded > c->len - c->n) {
        TRY(add_chunk(a, padded));
        c = a->chunks;
    }
    *ret_p = c->data + c->n;
    c->n += padded;
    a->used += padded;
    check(a->used <= a->max);
    return OK;
}

enum err arena_copy(struct arena *a, struct span *ret_copy, struct span s)
{
    void *p;
    TRY(arena_alloc(a, &p, s.n));
    span_copy(mspan_of(p, s.n), s);
    *ret_copy = span_of(p, s.n);
    return OK;
}
