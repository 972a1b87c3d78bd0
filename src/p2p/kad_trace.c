/* The steps of an operation: the candidates of its lookup that were asked. */
#include "p2p/kad_trace.h"

static const struct kad_op *find(const struct kad *k, uint64_t id)
{
    for (struct list *l = list_first(&k->ops); l; l = list_next(&k->ops, l)) {
        const struct kad_op *op = list_entry(l, struct kad_op, in_ops);
        if (op->id == id) {
            return op;
        }
    }
    return NULL;
}

static struct kad_step step_of(const struct kad_candidate *c)
{
    bool has_ended = c->state == KAD_ANSWERED || c->state == KAD_FAILED;
    return (struct kad_step){.peer = c->contact.peer,
                             .state = c->state,
                             .path = c->path,
                             .hops = c->hops,
                             .named_count = c->named_count,
                             .asked_at = c->asked_at,
                             .took_us = has_ended ? instant_since(c->asked_at, c->ended_at) : 0};
}

/* insert keeps the list in the order of the questions; when it is full the last one gives way. */
static size_t insert(struct kad_step *list, size_t count, size_t max, const struct kad_step *s)
{
    size_t i = count < max ? count : max - 1;
    if (count == max && list[i].asked_at.us <= s->asked_at.us) {
        return count;
    }
    for (; i > 0 && list[i - 1].asked_at.us > s->asked_at.us; i--) {
        list[i] = list[i - 1];
    }
    list[i] = *s;
    return count < max ? count + 1 : count;
}

size_t kad_trace(const struct kad *k, uint64_t op, struct kad_step *ret, size_t max)
{
    const struct kad_op *o = find(k, op);
    size_t count = 0;
    for (size_t i = 0; o && max > 0 && i < o->lookup.count; i++) {
        const struct kad_candidate *c = &o->lookup.candidates[i];
        if (c->state != KAD_HEARD) {
            struct kad_step s = step_of(c);
            count = insert(ret, count, max, &s);
        }
    }
    return count;
}
