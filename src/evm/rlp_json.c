#include "evm/rlp_json.h"

#include "evm/jsonrpc.h"

struct rlp_json rlp_json_init(struct buf *out)
{
    return (struct rlp_json){.rlp = rlp_wr_init(out)};
}

static void fail(struct rlp_json *w, enum err e)
{
    if (w->err == OK) {
        w->err = e;
    }
}

static bool find(struct rlp_json *w, struct json *ret, struct json object, const char *name)
{
    if (!json_find(ret, object, name) || ret->type == JSON_NULL) {
        fail(w, ERR_NOT_FOUND);
        return false;
    }
    return true;
}

void rlp_json_number(struct rlp_json *w, struct json object, const char *name)
{
    struct u256 v;
    enum err e = jsonrpc_find_quantity(&v, object, name);
    if (e != OK) {
        fail(w, e);
        return;
    }
    rlp_wr_u256(&w->rlp, v);
}

/* put_data writes the data that v holds; its length is known before, so that nothing is copied twice. */
static void put_data(struct rlp_json *w, struct json v, size_t len)
{
    uint8_t room[RLP_PREFIX_LEN_MAX]; /* the prefix, or the one byte that has none */
    struct wr one = wr_init(mspan_of(room, 1));
    if (len == 1) {
        fail(w, jsonrpc_get_data(&one, v));
        rlp_wr_bytes(&w->rlp, span_of(room, one.n));
        return;
    }
    rlp_wr_raw(&w->rlp, span_of(room, rlp_print_prefix(room, len, false)));
    struct wr raw = wr_init_buf(w->rlp.out);
    enum err e = jsonrpc_get_data(&raw, v);
    if (e == ERR_LIMIT) {
        w->rlp.err = ERR_LIMIT;
    } else {
        fail(w, e);
    }
}

static void put_fixed(struct rlp_json *w, struct json v, size_t len)
{
    size_t n = 0;
    enum err e = jsonrpc_data_len(&n, v);
    if (e != OK || n != len) {
        fail(w, ERR_MALFORMED);
        return;
    }
    put_data(w, v, n);
}

void rlp_json_data(struct rlp_json *w, struct json object, const char *name)
{
    struct json v;
    size_t len;
    if (!find(w, &v, object, name)) {
        return;
    }
    enum err e = jsonrpc_data_len(&len, v);
    if (e != OK) {
        fail(w, e);
        return;
    }
    put_data(w, v, len);
}

void rlp_json_fixed(struct rlp_json *w, struct json object, const char *name, size_t len)
{
    struct json v;
    if (find(w, &v, object, name)) {
        put_fixed(w, v, len);
    }
}

void rlp_json_list(struct rlp_json *w, struct json object, const char *name, rlp_json_put *put)
{
    struct json array;
    if (!find(w, &array, object, name)) {
        return;
    }
    if (array.type != JSON_ARRAY) {
        fail(w, ERR_MALFORMED);
        return;
    }
    struct json_iter it = json_iterate(array);
    struct json one;
    rlp_wr_list_begin(&w->rlp);
    while (w->err == OK && json_next(&it, NULL, &one)) {
        put(w, one);
    }
    rlp_wr_list_end(&w->rlp);
}

static void word_put(struct rlp_json *w, struct json word)
{
    put_fixed(w, word, 32);
}

void rlp_json_words(struct rlp_json *w, struct json object, const char *name)
{
    rlp_json_list(w, object, name, word_put);
}

enum err rlp_json_end(const struct rlp_json *w)
{
    enum err e = rlp_wr_end(&w->rlp);
    return w->err != OK ? w->err : e;
}
