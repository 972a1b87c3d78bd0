/* Params of requests, after the check against their schema. */
#include "codec/base64.h"
#include "node/api/api_inside.h"

bool api_param(const struct api_call *c, struct json *ret, const char *name)
{
    return json_find(ret, c->params, name);
}

struct span api_param_plain(const struct api_call *c, const char *name)
{
    struct span s = SPAN_EMPTY;
    if (json_find_plain(&s, c->params, name) != OK) {
        return SPAN_EMPTY;
    }
    return s;
}

struct id api_param_id(const struct api_call *c, const char *name)
{
    struct id id = {0};
    if (id_parse(&id, api_param_plain(c, name)) != OK) {
        return (struct id){0}; /* unknown to everyone */
    }
    return id;
}

bool api_param_is(const struct api_call *c, const char *name, const char *word)
{
    struct json v;
    return json_find(&v, c->params, name) && json_string_equal(v, span_str(word));
}

struct span api_param_text(const struct api_call *c, const char *name, struct mspan room)
{
    struct wr w = wr_init(room);
    if (json_find_string(&w, c->params, name) != OK) {
        return SPAN_EMPTY;
    }
    return span_of(room.p, w.n);
}

enum err api_member_bytes(struct json object, const char *name, struct buf *out, struct span *ret)
{
    struct span text;
    TRY(json_find_plain(&text, object, name));
    size_t start = out->n;
    struct wr w = wr_init_buf(out);
    TRY(base64_decode(&w, BASE64_URL_BARE, text));
    *ret = span_from(buf_span(out), start);
    return OK;
}

enum err api_param_asset(const struct api_call *c,
                         const char *name,
                         const struct network *n,
                         struct address *ret_token)
{
    struct span text = api_param_plain(c, name);
    if (span_equal(text, SPAN_LIT("native"))) {
        *ret_token = (struct address){{0}};
        return OK;
    }
    enum address_checksum sum;
    struct address token;
    TRY(address_parse(&token, &sum, text));
    if (sum == ADDRESS_CHECKSUM_WRONG || !network_token(n, token)) {
        return ERR_NOT_FOUND;
    }
    *ret_token = token;
    return OK;
}
