/* The store of the wallet's tests: in memory, and it can be told to fail. */
#include "base/check.h"
#include "wallet/world_test.h"

#include <stdlib.h>

static struct world_store *store_of(struct store *self)
{
    return (struct world_store *)(void *)self;
}

static bool write_fails(struct world_store *s)
{
    s->writes++;
    return s->fails_from != 0 && s->writes >= s->fails_from;
}

static struct world_record *find(struct world_store *s, enum store_table table, struct span key)
{
    for (size_t i = 0; i < WORLD_RECORD_COUNT_MAX; i++) {
        struct world_record *r = &s->records[i];
        if (r->is_used && r->table == table && span_equal(span_of(r->key, r->key_len), key)) {
            return r;
        }
    }
    return NULL;
}

static enum err mem_remove(struct store *self, enum store_table table, struct span key)
{
    struct world_store *s = store_of(self);
    if (write_fails(s)) {
        return ERR_IO;
    }
    struct world_record *r = find(s, table, key);
    if (r) {
        free(r->value);
        *r = (struct world_record){0};
    }
    return OK;
}

static enum err
mem_put(struct store *self, enum store_table table, struct span key, struct span value)
{
    struct world_store *s = store_of(self);
    if (write_fails(s)) {
        return ERR_IO;
    }
    struct world_record *r = find(s, table, key);
    for (size_t i = 0; i < WORLD_RECORD_COUNT_MAX && !r; i++) {
        r = s->records[i].is_used ? NULL : &s->records[i];
    }
    check(r);
    free(r->value);
    *r = (struct world_record){
        .is_used = true, .table = table, .key_len = key.n, .value_len = value.n};
    span_copy(MSPAN_OF(r->key), key);
    r->value = malloc(value.n ? value.n : 1);
    check(r->value);
    span_copy(mspan_of(r->value, value.n), value);
    return OK;
}

static enum err
mem_get(struct store *self, enum store_table table, struct span key, struct buf *ret_value)
{
    const struct world_record *r = find(store_of(self), table, key);
    return r ? buf_append(ret_value, span_of(r->value, r->value_len)) : ERR_NOT_FOUND;
}

/* The nearest record behind (or before) a key. */
static enum err near(struct store *self,
                     enum store_table table,
                     struct span key,
                     struct buf *ret_key,
                     struct buf *ret_value,
                     bool forward)
{
    struct world_store *s = store_of(self);
    const struct world_record *best = NULL;
    for (size_t i = 0; i < WORLD_RECORD_COUNT_MAX; i++) {
        const struct world_record *r = &s->records[i];
        struct span k = span_of(r->key, r->key_len);
        int order = span_compare(k, key);
        bool is_past = key.n == 0 || (forward ? order > 0 : order < 0);
        if (!r->is_used || r->table != table || !is_past) {
            continue;
        }
        int better = best ? span_compare(k, span_of(best->key, best->key_len)) : 0;
        if (!best || (forward ? better < 0 : better > 0)) {
            best = r;
        }
    }
    if (!best) {
        return ERR_NOT_FOUND;
    }
    TRY(buf_append(ret_key, span_of(best->key, best->key_len)));
    return buf_append(ret_value, span_of(best->value, best->value_len));
}

static enum err mem_next(struct store *self,
                         enum store_table table,
                         struct span after,
                         struct buf *ret_key,
                         struct buf *ret_value)
{
    return near(self, table, after, ret_key, ret_value, true);
}

static enum err mem_prev(struct store *self,
                         enum store_table table,
                         struct span before,
                         struct buf *ret_key,
                         struct buf *ret_value)
{
    return near(self, table, before, ret_key, ret_value, false);
}

void world_store_init(struct world_store *s)
{
    s->store = (struct store){
        .put = mem_put, .remove = mem_remove, .get = mem_get, .next = mem_next, .prev = mem_prev};
}
