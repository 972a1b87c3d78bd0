/* Frames between a daemon and its keeper. */
#include "plugin/keeper_frame.h"

#include "base/check.h"
#include "codec/base16.h"
#include "codec/base64.h"

#include <stddef.h>

static const char *const names[KEEPER_DO_COUNT] = {
    [KEEPER_DO_ADD] = "add",           [KEEPER_DO_FORGET] = "forget",
    [KEEPER_DO_AGREE] = "agree",       [KEEPER_DO_CHECK] = "check",
    [KEEPER_DO_INSTALL] = "install",   [KEEPER_DO_CANCEL] = "cancel",
    [KEEPER_DO_START] = "start",       [KEEPER_DO_STOP] = "stop",
    [KEEPER_DO_SETTINGS] = "settings", [KEEPER_DO_REMOVE] = "remove",
};

const char *keeper_do_name(enum keeper_do what)
{
    check(what < KEEPER_DO_COUNT);
    return names[what];
}

static enum err find_do(enum keeper_do *ret, struct json v)
{
    struct span word;
    TRY(json_find_plain(&word, v, "do"));
    for (size_t i = 0; i < KEEPER_DO_COUNT; i++) {
        if (span_equal(word, span_str(names[i]))) {
            *ret = (enum keeper_do)i;
            return OK;
        }
    }
    return ERR_UNSUPPORTED;
}

/* An object with so many members and no more. */
static enum err
parse_object(struct json *ret, struct span frame, size_t count_min, size_t count_max)
{
    struct json v;
    TRY(json_parse(&v, frame, NULL));
    size_t count = json_count(v);
    if (v.type != JSON_OBJECT || count < count_min || count > count_max) {
        return ERR_MALFORMED;
    }
    *ret = v;
    return OK;
}

enum err keeper_ask_parse(struct keeper_ask *ret, struct span frame)
{
    struct json v;
    struct keeper_ask ask;
    TRY(parse_object(&v, frame, 3, 3));
    TRY(json_find_u64(&ask.id, v, "id"));
    TRY(find_do(&ask.what, v));
    if (!json_find(&ask.params, v, "params") || ask.params.type != JSON_OBJECT || ask.id == 0) {
        return ERR_MALFORMED;
    }
    *ret = ask;
    return OK;
}

void keeper_ask_write(struct wr *w, uint64_t id, const char *what, struct span params)
{
    struct json_writer j = json_writer_init(w);
    json_put_object(&j);
    json_put_name(&j, "id");
    json_put_u64(&j, id);
    json_put_name(&j, "do");
    json_put_str(&j, what);
    json_put_name(&j, "params");
    json_put_raw(&j, params);
    json_end_object(&j);
}

enum err keeper_chunk_parse(struct keeper_chunk *ret, struct span frame)
{
    struct json v;
    struct json data;
    struct keeper_chunk c = {.data = SPAN_EMPTY};
    TRY(parse_object(&v, frame, 1, 2));
    TRY(json_find_u64(&c.number, v, "chunk"));
    bool has_data = json_find(&data, v, "data");
    if (json_count(v) != 1 + (size_t)has_data) {
        return ERR_MALFORMED;
    }
    if (has_data) {
        TRY(json_get_plain(&c.data, data));
    }
    *ret = c;
    return OK;
}

/* By hand, as the text of a chunk is long and has nothing to escape. */
void keeper_chunk_write(struct wr *w, uint64_t number, struct span bytes)
{
    struct json_writer j = json_writer_init(w);
    wr_str(w, "{\"chunk\":");
    json_put_u64(&j, number);
    if (bytes.n > 0) {
        wr_str(w, ",\"data\":\"");
        base64_encode(w, BASE64_URL_BARE, bytes);
        wr_str(w, "\"");
    }
    wr_str(w, "}");
}

static enum err parse_answer(struct keeper_news *ret, struct json v)
{
    struct json code;
    struct keeper_news n = {.kind = KEEPER_NEWS_ANSWER};
    TRY(json_find_u64(&n.number, v, "id"));
    bool has_code = json_find(&code, v, "code");
    if (n.number == 0 || json_count(v) != 1 + (size_t)has_code) {
        return ERR_MALFORMED;
    }
    if (has_code) {
        TRY(json_get_plain(&n.code, code));
        if (n.code.n == 0) {
            return ERR_MALFORMED; /* an empty one would mean that it is done */
        }
    }
    *ret = n;
    return OK;
}

static enum err parse_line(struct keeper_news *ret, struct json v)
{
    struct keeper_news n = {.kind = KEEPER_NEWS_LINE};
    TRY(json_find_u64(&n.number, v, "at_ms"));
    if (!json_find(&n.value, v, "line") || n.value.type != JSON_STRING || json_count(v) != 2) {
        return ERR_MALFORMED;
    }
    *ret = n;
    return OK;
}

static enum err find_hash(struct hash32 *ret, struct json v, const char *name)
{
    struct span text;
    TRY(json_find_plain(&text, v, name));
    return base16_decode_fixed(MSPAN_OF(ret->bytes), text);
}

static enum err parse_want(struct keeper_news *ret, struct json v)
{
    struct keeper_news n = {.kind = KEEPER_NEWS_WANT};
    uint64_t index;
    uint64_t length;
    TRY(json_find_u64(&n.number, v, "want"));
    TRY(find_hash(&n.want.request.file, v, "file"));
    TRY(find_hash(&n.want.hash, v, "sha256"));
    TRY(json_find_u64(&index, v, "index"));
    TRY(json_find_u64(&length, v, "length"));
    if (json_count(v) != 5 || index > CHUNK_INDEX_MAX || length == 0 ||
        length > PACKAGE_CHUNK_LEN) {
        return ERR_MALFORMED;
    }
    n.want.request.index = (uint32_t)index;
    n.want.length = (size_t)length;
    *ret = n;
    return OK;
}

enum err keeper_news_parse(struct keeper_news *ret, struct span frame)
{
    struct json v;
    struct json state;
    TRY(parse_object(&v, frame, 1, 5));
    if (json_find(&state, v, "want")) {
        return parse_want(ret, v);
    }
    if (json_find(&state, v, "state")) {
        if (state.type != JSON_OBJECT || json_count(v) != 1) {
            return ERR_MALFORMED;
        }
        *ret = (struct keeper_news){.kind = KEEPER_NEWS_STATE, .value = state};
        return OK;
    }
    return json_find(&state, v, "line") ? parse_line(ret, v) : parse_answer(ret, v);
}

void keeper_news_write_answer(struct wr *w, uint64_t id, const char *code)
{
    struct json_writer j = json_writer_init(w);
    json_put_object(&j);
    json_put_name(&j, "id");
    json_put_u64(&j, id);
    if (code) {
        json_put_name(&j, "code");
        json_put_str(&j, code);
    }
    json_end_object(&j);
}

void keeper_news_write_line(struct wr *w, struct span line, uint64_t at_ms)
{
    struct json_writer j = json_writer_init(w);
    json_put_object(&j);
    json_put_name(&j, "line");
    json_put_string(&j, line);
    json_put_name(&j, "at_ms");
    json_put_u64(&j, at_ms);
    json_end_object(&j);
}

static void put_hash(struct json_writer *j, const char *name, const struct hash32 *hash)
{
    char text[2 * sizeof hash->bytes];
    struct wr w = wr_init(MSPAN_OF(text));
    base16_encode(&w, SPAN_OF(hash->bytes));
    json_put_name(j, name);
    json_put_string(j, SPAN_OF(text));
}

void keeper_news_write_want(struct wr *w, uint64_t number, const struct chunk_want *want)
{
    struct json_writer j = json_writer_init(w);
    json_put_object(&j);
    json_put_name(&j, "want");
    json_put_u64(&j, number);
    put_hash(&j, "file", &want->request.file);
    json_put_name(&j, "index");
    json_put_u64(&j, want->request.index);
    json_put_name(&j, "length");
    json_put_u64(&j, want->length);
    put_hash(&j, "sha256", &want->hash);
    json_end_object(&j);
}
