/* Deadline heap. */
#include "base/heap.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"

void heap_init(struct heap *h, struct budget *budget, size_t count_max)
{
    *h = (struct heap){.budget = budget, .count_max = count_max};
}

void heap_done(struct heap *h)
{
    for (size_t i = 0; i < h->count; i++) {
        h->nodes[i]->index = 0;
    }
    mem_free(h->budget, h->nodes, h->cap * sizeof(struct heap_node *));
    h->nodes = NULL;
    h->count = 0;
    h->cap = 0;
}

static bool is_earlier(const struct heap_node *a, const struct heap_node *b)
{
    return a->at.us != b->at.us ? a->at.us < b->at.us : a->order < b->order;
}

static void put(struct heap *h, size_t i, struct heap_node *node)
{
    h->nodes[i] = node;
    node->index = i + 1;
}

static void sift_up(struct heap *h, size_t i)
{
    struct heap_node *node = h->nodes[i];
    while (i > 0) {
        size_t parent = (i - 1) / 2;
        if (!is_earlier(node, h->nodes[parent])) {
            break;
        }
        put(h, i, h->nodes[parent]);
        i = parent;
    }
    put(h, i, node);
}

static void sift_down(struct heap *h, size_t i)
{
    struct heap_node *node = h->nodes[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= h->count) {
            break;
        }
        if (child + 1 < h->count && is_earlier(h->nodes[child + 1], h->nodes[child])) {
            child++;
        }
        if (!is_earlier(h->nodes[child], node)) {
            break;
        }
        put(h, i, h->nodes[child]);
        i = child;
    }
    put(h, i, node);
}

static enum err grow(struct heap *h)
{
    size_t cap = min_size(h->count_max, max_size(8, mul_sat_size(h->cap, 2)));
    void *p = h->nodes;
    struct mem_resize_args args = {.n_old = h->cap * sizeof(struct heap_node *),
                                   .n_new = cap * sizeof(struct heap_node *)};
    TRY(mem_resize(h->budget, &p, args));
    h->nodes = p;
    h->cap = cap;
    return OK;
}

enum err heap_add(struct heap *h, struct heap_node *node, instant at)
{
    heap_remove(h, node);
    if (h->count >= h->count_max) {
        return ERR_LIMIT;
    }
    if (h->count == h->cap) {
        TRY(grow(h));
    }
    node->at = at;
    node->order = h->next_order++;
    h->nodes[h->count] = node;
    h->count++;
    sift_up(h, h->count - 1);
    return OK;
}

void heap_remove(struct heap *h, struct heap_node *node)
{
    if (node->index == 0) {
        return;
    }
    size_t i = node->index - 1;
    check(i < h->count);
    check(h->nodes[i] == node);
    node->index = 0;
    h->count--;
    if (i == h->count) {
        return;
    }
    put(h, i, h->nodes[h->count]);
    sift_down(h, i);
    sift_up(h, i);
}

struct heap_node *heap_first(const struct heap *h)
{
    return h->count ? h->nodes[0] : NULL;
}

instant heap_deadline(const struct heap *h)
{
    return h->count ? h->nodes[0]->at : INSTANT_NEVER;
}
