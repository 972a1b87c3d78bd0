/* OLPC canonical JSON. */
#include "plugin/canonical.h"

#include "codec/decimal.h"
#include "codec/json_char.h"
#include "codec/utf8.h"

struct member {
    struct json name;
    struct json value;
};

/* The order of code points is the order of the bytes of UTF-8. */
static int compare_names(struct json a, struct json b)
{
    struct span x = span_from(a.raw, 1);
    struct span y = span_from(b.raw, 1);
    int32_t c;
    int32_t d;
    do {
        c = json_char_take(&x);
        d = json_char_take(&y);
    } while (c == d && c >= 0);
    return c < d ? -1 : c > d;
}

static void swap(struct member *a, struct member *b)
{
    struct member kept = *a;
    *a = *b;
    *b = kept;
}

/* Lets the member at i sink in a heap with the greatest name on top. */
static void sink(struct member *m, size_t i, size_t count)
{
    while (2 * i + 1 < count) {
        size_t child = 2 * i + 1;
        if (child + 1 < count && compare_names(m[child].name, m[child + 1].name) < 0) {
            child++;
        }
        if (compare_names(m[i].name, m[child].name) >= 0) {
            return;
        }
        swap(&m[i], &m[child]);
        i = child;
    }
}

static void sort(struct member *m, size_t count)
{
    for (size_t i = count / 2; i-- > 0;) {
        sink(m, i, count);
    }
    for (size_t last = count; last-- > 1;) {
        swap(&m[0], &m[last]);
        sink(m, 0, last);
    }
}

static enum err write_string(struct wr *w, struct json v)
{
    struct span rest = span_from(v.raw, 1);
    wr_u8(w, '"');
    for (int32_t c = json_char_take(&rest); c >= 0; c = json_char_take(&rest)) {
        uint8_t utf8[4];
        if (c == '"' || c == '\\') {
            wr_u8(w, '\\');
        }
        wr_bytes(w, span_of(utf8, utf8_encode(utf8, (uint32_t)c)));
    }
    wr_u8(w, '"');
    return wr_end(w);
}

static enum err write_int(struct wr *w, struct json v)
{
    int64_t number;
    TRY(json_get_i64(&number, v));
    wr_str(w, number < 0 ? "-" : "");
    decimal_print(w, number < 0 ? (uint64_t)(-(number + 1)) + 1 : (uint64_t)number);
    return wr_end(w);
}

static enum err write_array(struct wr *w, struct json v, struct arena *scratch)
{
    struct json_iter it = json_iterate(v);
    struct json element;
    bool is_first = true;
    wr_u8(w, '[');
    while (json_next(&it, NULL, &element)) {
        wr_str(w, is_first ? "" : ",");
        is_first = false;
        TRY(canonical_write(w, element, scratch));
    }
    wr_u8(w, ']');
    return wr_end(w);
}

static enum err write_object(struct wr *w, struct json v, struct arena *scratch)
{
    size_t count = json_count(v);
    size_t size;
    void *room;
    if (__builtin_mul_overflow(count, sizeof(struct member), &size)) {
        return ERR_LIMIT;
    }
    TRY(arena_alloc(scratch, &room, size));
    struct member *members = room;
    struct json_iter it = json_iterate(v);
    for (size_t i = 0; i < count && json_next(&it, &members[i].name, &members[i].value); i++) {}
    sort(members, count);
    wr_u8(w, '{');
    for (size_t i = 0; i < count; i++) {
        wr_str(w, i == 0 ? "" : ",");
        TRY(write_string(w, members[i].name));
        wr_u8(w, ':');
        TRY(canonical_write(w, members[i].value, scratch));
    }
    wr_u8(w, '}');
    return wr_end(w);
}

/* SPEC tuf §"4.2": signatures are over the canonical form: sorted names, no white space, no fractions, escapes only of the quote and the
 * backslash. */
enum err canonical_write(struct wr *w, struct json v, struct arena *scratch)
{
    switch (v.type) {
    case JSON_NULL:
    case JSON_BOOL:    wr_bytes(w, v.raw); return wr_end(w);
    case JSON_INT:     return write_int(w, v);
    case JSON_DECIMAL: return ERR_UNSUPPORTED;
    case JSON_STRING:  return write_string(w, v);
    case JSON_ARRAY:   return write_array(w, v, scratch);
    case JSON_OBJECT:  return write_object(w, v, scratch);
    }
    return ERR_INTERNAL;
}
