/* Looking into a JSON text that json_parse has checked. */
#include "codec/json.h"

#include "codec/decimal.h"
#include "codec/json_char.h"
#include "codec/utf8.h"

size_t json_count(struct json v)
{
    struct json_iter it = json_iterate(v);
    struct json value;
    size_t count = 0;
    while (json_next(&it, NULL, &value)) {
        count++;
    }
    return count;
}

bool json_find(struct json *ret_value, struct json v, const char *name)
{
    struct json_iter it = json_iterate(v);
    struct json n;
    struct json value;
    while (it.is_object && json_next(&it, &n, &value)) {
        if (json_string_equal(n, span_str(name))) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

bool json_at(struct json *ret_value, struct json v, size_t i)
{
    struct json_iter it = json_iterate(v);
    struct json value;
    while (v.type == JSON_ARRAY && json_next(&it, NULL, &value)) {
        if (i == 0) {
            *ret_value = value;
            return true;
        }
        i--;
    }
    return false;
}

enum err json_get_bool(bool *ret, struct json v)
{
    if (v.type != JSON_BOOL) {
        return ERR_MALFORMED;
    }
    *ret = v.raw.p[0] == 't';
    return OK;
}

enum err json_get_i64(int64_t *ret, struct json v)
{
    if (v.type != JSON_INT) {
        return ERR_MALFORMED;
    }
    bool is_negative = v.raw.p[0] == '-';
    uint64_t magnitude;
    uint64_t max = is_negative ? UINT64_C(1) << 63 : INT64_MAX;
    TRY(decimal_parse(&magnitude, span_from(v.raw, is_negative), max));
    if (!is_negative) {
        *ret = (int64_t)magnitude;
    } else {
        *ret = magnitude == 0 ? 0 : -1 - (int64_t)(magnitude - 1);
    }
    return OK;
}

enum err json_get_u64(uint64_t *ret, struct json v)
{
    int64_t number;
    TRY(json_get_i64(&number, v));
    if (number < 0) {
        return ERR_MALFORMED;
    }
    *ret = (uint64_t)number;
    return OK;
}

/* The text between the quotes of a string. */
static struct span inside(struct json v)
{
    return v.type == JSON_STRING && v.raw.n >= 2 ? span_first(span_from(v.raw, 1), v.raw.n - 2)
                                                 : SPAN_EMPTY;
}

enum err json_get_string(struct wr *w, struct json v)
{
    if (v.type != JSON_STRING) {
        return ERR_MALFORMED;
    }
    struct span rest = inside(v);
    while (rest.n > 0 && wr_ok(w)) {
        uint8_t utf8[4];
        int32_t code = json_char_take(&rest);
        if (code < 0) {
            return ERR_MALFORMED;
        }
        wr_bytes(w, span_of(utf8, utf8_encode(utf8, (uint32_t)code)));
    }
    return wr_end(w);
}

enum err json_get_plain(struct span *ret, struct json v)
{
    if (v.type != JSON_STRING) {
        return ERR_MALFORMED;
    }
    struct span s = inside(v);
    if (span_find(s, '\\') < s.n) {
        return ERR_UNSUPPORTED;
    }
    *ret = s;
    return OK;
}

size_t json_string_len(struct json v)
{
    struct span rest = inside(v);
    size_t n = 0;
    while (rest.n > 0) {
        uint8_t utf8[4];
        int32_t code = json_char_take(&rest);
        if (code < 0) {
            return 0;
        }
        n += utf8_encode(utf8, (uint32_t)code);
    }
    return n;
}

bool json_string_equal(struct json v, struct span text)
{
    if (v.type != JSON_STRING) {
        return false;
    }
    struct span rest = inside(v);
    while (rest.n > 0 && text.n > 0) {
        int32_t a = json_char_take(&rest);
        if (a < 0 || a != utf8_take(&text)) {
            return false;
        }
    }
    return rest.n == 0 && text.n == 0;
}

enum err json_find_bool(bool *ret, struct json v, const char *name)
{
    struct json member;
    return json_find(&member, v, name) ? json_get_bool(ret, member) : ERR_NOT_FOUND;
}

enum err json_find_i64(int64_t *ret, struct json v, const char *name)
{
    struct json member;
    return json_find(&member, v, name) ? json_get_i64(ret, member) : ERR_NOT_FOUND;
}

enum err json_find_u64(uint64_t *ret, struct json v, const char *name)
{
    struct json member;
    return json_find(&member, v, name) ? json_get_u64(ret, member) : ERR_NOT_FOUND;
}

enum err json_find_string(struct wr *w, struct json v, const char *name)
{
    struct json member;
    return json_find(&member, v, name) ? json_get_string(w, member) : ERR_NOT_FOUND;
}

enum err json_find_plain(struct span *ret, struct json v, const char *name)
{
    struct json member;
    return json_find(&member, v, name) ? json_get_plain(ret, member) : ERR_NOT_FOUND;
}
