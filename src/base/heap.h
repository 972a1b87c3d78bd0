#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include "base/budget.h"
#include "base/err.h"
#include "base/instant.h"

#include <stddef.h>
#include <stdint.h>

/* A binary heap of things that fall due, earliest first; equal times in order of insertion, so that a
 * run can be replayed. The node is embedded in the object (see list_entry for finding it back). */
struct heap_node {
    instant at;
    uint64_t order;
    size_t index; /* position + 1; 0 = not in a heap */
};

struct heap {
    struct heap_node **nodes;
    size_t count;
    size_t cap;
    size_t count_max;
    uint64_t next_order;
    struct budget *budget;
};

void heap_init(struct heap *h, struct budget *budget, size_t count_max);
void heap_done(struct heap *h);

/* heap_add puts node in at time at; a node already in is moved. ERR_LIMIT at count_max or budget. */
MUST_CHECK enum err heap_add(struct heap *h, struct heap_node *node, instant at);

/* heap_remove does nothing if node is in no heap. */
void heap_remove(struct heap *h, struct heap_node *node);

/* heap_first is the earliest, or NULL; heap_deadline its time, or INSTANT_NEVER. */
struct heap_node *heap_first(const struct heap *h);
instant heap_deadline(const struct heap *h);

#endif
