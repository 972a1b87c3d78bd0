/* Writing JSON: RFC 8259. */
#include "codec/json.h"

#include "base/check.h"
#include "codec/base16.h"
#include "codec/decimal.h"
#include "codec/utf8.h"

struct json_writer json_writer_init(struct wr *w)
{
    return (struct json_writer){.w = w, .is_first = true};
}

static bool in_object(const struct json_writer *j)
{
    return j->depth > 0 && (j->objects >> (j->depth - 1) & 1);
}

/* Before each value: the comma of an array; in an object the name has been put. */
static void begin_value(struct json_writer *j)
{
    check(in_object(j) == j->has_name);
    check(j->depth > 0 || j->is_first); /* one value at the top */
    if (!j->has_name && !j->is_first) {
        wr_u8(j->w, ',');
    }
    j->has_name = false;
    j->is_first = false;
}

static void open_container(struct json_writer *j, bool is_object)
{
    begin_value(j);
    check(j->depth < JSON_DEPTH_MAX);
    uint64_t bit = UINT64_C(1) << j->depth;
    j->objects = is_object ? j->objects | bit : j->objects & ~bit;
    j->depth++;
    j->is_first = true;
    wr_u8(j->w, is_object ? '{' : '[');
}

static void close_container(struct json_writer *j, bool is_object)
{
    check(j->depth > 0);
    check(in_object(j) == is_object);
    check(!j->has_name);
    j->depth--;
    j->is_first = false;
    wr_u8(j->w, is_object ? '}' : ']');
}

void json_put_object(struct json_writer *j)
{
    open_container(j, true);
}

void json_end_object(struct json_writer *j)
{
    close_container(j, true);
}

void json_put_array(struct json_writer *j)
{
    open_container(j, false);
}

void json_end_array(struct json_writer *j)
{
    close_container(j, false);
}

/* The letter of a short escape, or 0. */
static uint8_t short_escape(uint8_t c)
{
    switch (c) {
    case '"':  return '"';
    case '\\': return '\\';
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default:   return 0;
    }
}

static void write_escape(struct wr *w, uint8_t c)
{
    uint8_t letter = short_escape(c);
    if (letter) {
        wr_u8(w, '\\');
        wr_u8(w, letter);
        return;
    }
    wr_str(w, "\\u00");
    base16_encode(w, span_of(&c, 1));
}

static void write_string(struct wr *w, struct span text)
{
    if (!utf8_is_valid(text)) {
        wr_fail(w, ERR_MALFORMED);
        return;
    }
    wr_u8(w, '"');
    while (text.n > 0) {
        size_t plain = 0;
        while (plain < text.n && text.p[plain] >= 0x20 && text.p[plain] != '"' &&
               text.p[plain] != '\\') {
            plain++;
        }
        wr_bytes(w, span_take(&text, plain));
        if (text.n > 0) {
            write_escape(w, span_take(&text, 1).p[0]);
        }
    }
    wr_u8(w, '"');
}

void json_put_name_span(struct json_writer *j, struct span name)
{
    check(in_object(j));
    check(!j->has_name);
    if (!j->is_first) {
        wr_u8(j->w, ',');
    }
    write_string(j->w, name);
    wr_u8(j->w, ':');
    j->has_name = true;
    j->is_first = false;
}

void json_put_name(struct json_writer *j, const char *name)
{
    json_put_name_span(j, span_str(name));
}

void json_put_string(struct json_writer *j, struct span text)
{
    begin_value(j);
    write_string(j->w, text);
}

void json_put_str(struct json_writer *j, const char *text)
{
    json_put_string(j, span_str(text));
}

void json_put_i64(struct json_writer *j, int64_t v)
{
    begin_value(j);
    wr_str(j->w, v < 0 ? "-" : "");
    decimal_print(j->w, v < 0 ? (uint64_t)(-(v + 1)) + 1 : (uint64_t)v);
}

void json_put_u64(struct json_writer *j, uint64_t v)
{
    begin_value(j);
    if (v > INT64_MAX) {
        wr_fail(j->w, ERR_LIMIT);
    }
    decimal_print(j->w, v);
}

void json_put_bool(struct json_writer *j, bool v)
{
    begin_value(j);
    wr_str(j->w, v ? "true" : "false");
}

void json_put_null(struct json_writer *j)
{
    begin_value(j);
    wr_str(j->w, "null");
}

void json_put_hex(struct json_writer *j, struct span bytes)
{
    begin_value(j);
    wr_u8(j->w, '"');
    base16_encode_0x(j->w, bytes);
    wr_u8(j->w, '"');
}

void json_put_raw(struct json_writer *j, struct span value)
{
    begin_value(j);
    wr_bytes(j->w, value);
}

void json_begin_notification(struct json_writer *j, const char *method)
{
    json_put_object(j);
    json_put_name(j, "jsonrpc");
    json_put_str(j, "2.0");
    json_put_name(j, "method");
    json_put_str(j, method);
    json_put_name(j, "params");
    json_put_object(j);
}

void json_end_notification(struct json_writer *j)
{
    json_end_object(j);
    json_end_object(j);
}

enum err json_writer_end(const struct json_writer *j)
{
    if (!wr_ok(j->w)) {
        return wr_end(j->w);
    }
    check(j->depth == 0);
    check(!j->is_first);
    return OK;
}
