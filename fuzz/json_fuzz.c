/* JSON: what parses, copied value by value through the writer, parses to the same copy. */
#include "base/check.h"
#include "codec/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t text_store[1 << 16];

static struct span undo_escapes(struct json v)
{
    struct wr w = wr_init(MSPAN_OF(text_store));
    check(json_get_string(&w, v) == OK);
    check(w.n == json_string_len(v));
    check(json_string_equal(v, span_of(text_store, w.n)));
    return span_of(text_store, w.n);
}

static void copy_value(struct json_writer *j, struct json v);

static void copy_container(struct json_writer *j, struct json v)
{
    struct json_iter it = json_iterate(v);
    struct json name;
    struct json value;
    size_t count = 0;
    while (json_next(&it, &name, &value)) {
        if (v.type == JSON_OBJECT) {
            json_put_name_span(j, undo_escapes(name));
        }
        copy_value(j, value);
        count++;
    }
    check(count == json_count(v));
}

static void copy_value(struct json_writer *j, struct json v)
{
    int64_t number;
    bool b;
    switch (v.type) {
    case JSON_NULL: json_put_null(j); break;
    case JSON_BOOL:
        check(json_get_bool(&b, v) == OK);
        json_put_bool(j, b);
        break;
    case JSON_INT:
        check(json_get_i64(&number, v) == OK);
        json_put_i64(j, number);
        break;
    case JSON_DECIMAL: json_put_raw(j, v.raw); break;
    case JSON_STRING:  json_put_string(j, undo_escapes(v)); break;
    case JSON_ARRAY:
        json_put_array(j);
        copy_container(j, v);
        json_end_array(j);
        break;
    case JSON_OBJECT:
        json_put_object(j);
        copy_container(j, v);
        json_end_object(j);
        break;
    }
}

static struct span copy_text(struct mspan out, struct json v)
{
    struct wr w = wr_init(out);
    struct json_writer j = json_writer_init(&w);
    copy_value(&j, v);
    check(json_writer_end(&j) == OK);
    return span_of(out.p, w.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t first[6 << 14];
    static uint8_t second[6 << 14];
    struct json v;
    struct diag why = {0};
    if (size > 1 << 14) {
        return 0;
    }
    if (json_parse(&v, span_of(data, size), &why) != OK) {
        check(why.rule != NULL);
        return 0;
    }
    struct span a = copy_text(MSPAN_OF(first), v);
    struct json again;
    check(json_parse(&again, a, NULL) == OK);
    struct span b = copy_text(MSPAN_OF(second), again);
    check(span_equal(a, b));
    return 0;
}
