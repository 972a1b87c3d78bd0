#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

/* JSON (RFC 8259) over a span, without allocation. json_parse checks the whole text once; after that
 * values are views into it, which live as long as the text.
 *
 * Refused, because parsers differ on them: a name twice in one object (escapes undone), a surrogate
 * escape without its partner, bytes that are not UTF-8, a byte order mark, integers outside int64. */
enum {
    JSON_DEPTH_MAX = 32,      /* arrays and objects within one another */
    JSON_NAMES_MAX = 256,     /* members of the objects that are open at one time */
    JSON_NAME_LEN_MAX = 256,  /* bytes of one name, as it is written */
    JSON_NUMBER_LEN_MAX = 64, /* characters of one number */
};
#define JSON_TEXT_MAX ((size_t)UINT32_MAX)

enum json_type {
    JSON_NULL,
    JSON_BOOL,
    JSON_INT,     /* within int64 */
    JSON_DECIMAL, /* has a fraction or exponent: kept as text, never made a number (there is no floating point here) */
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json {
    enum json_type type;
    struct span raw; /* the value's text, quotes and brackets included */
};

/* json_parse: ERR_MALFORMED; ERR_LIMIT for one of the bounds above. why may be NULL. */
MUST_CHECK enum err json_parse(struct json *ret_root, struct span text, struct diag *why);

/* json_parse_wide is json_parse with room of the caller's for the names, instead of JSON_NAMES_MAX of them: for documents with
 * large objects. Comparing them takes O(count_max) each. count_max at most 65535. */
struct json_name_mark {
    uint32_t offset; /* of its opening quote */
    uint32_t hash;
};
struct json_names {
    struct json_name_mark *marks;
    uint16_t count_max;
};
MUST_CHECK enum err
json_parse_wide(struct json *ret_root, struct span text, struct json_names room, struct diag *why);

/* Walking. A json_iter goes over an array's elements or an object's members:
 *     struct json_iter it = json_iterate(v);
 *     while (json_next(&it, &name, &value)) ...
 * name is a string for members and has an empty raw for elements; it may be NULL. Over a value that is
 * neither there is nothing. */
struct json_iter {
    struct span rest;
    bool is_object;
};

struct json_iter json_iterate(struct json v);
bool json_next(struct json_iter *it, struct json *ret_name, struct json *ret_value);

/* json_count is the number of elements or members. O(text). */
size_t json_count(struct json v);

/* json_find gives the member of that name; false if v is no object or has none. O(text of v). */
bool json_find(struct json *ret_value, struct json v, const char *name);

/* json_at gives element i of an array. O(text of v). */
bool json_at(struct json *ret_value, struct json v, size_t i);

/* Values: ERR_MALFORMED if v has another type or is out of range. */
MUST_CHECK enum err json_get_bool(bool *ret, struct json v);
MUST_CHECK enum err json_get_i64(int64_t *ret, struct json v);
MUST_CHECK enum err json_get_u64(uint64_t *ret, struct json v);

/* json_get_string writes the text, escapes undone, as UTF-8 onto w; it may hold zero bytes. ERR_LIMIT: w is full. */
MUST_CHECK enum err json_get_string(struct wr *w, struct json v);

/* json_get_plain gives the text between the quotes without a copy; ERR_UNSUPPORTED if it has an escape. */
MUST_CHECK enum err json_get_plain(struct span *ret, struct json v);

/* json_string_len is the length that json_get_string would write; 0 if v is no string. */
size_t json_string_len(struct json v);

/* json_string_equal compares a string, escapes undone, with text; false if v is no string. */
bool json_string_equal(struct json v, struct span text);

/* Finding and getting in one step, for the members of a request: ERR_NOT_FOUND if there is no such member. */
MUST_CHECK enum err json_find_bool(bool *ret, struct json v, const char *name);
MUST_CHECK enum err json_find_i64(int64_t *ret, struct json v, const char *name);
MUST_CHECK enum err json_find_u64(uint64_t *ret, struct json v, const char *name);
MUST_CHECK enum err json_find_string(struct wr *w, struct json v, const char *name);
MUST_CHECK enum err json_find_plain(struct span *ret, struct json v, const char *name);

/* Writing: commas, colons and escapes are put by the writer. Its misuse (a value without a name in an
 * object, an unbalanced end) is our own bug and aborts; text that is not UTF-8 fails w with ERR_MALFORMED.
 * Ask json_writer_end at the end. */
struct json_writer {
    struct wr *w;
    uint64_t objects; /* bit i: the container at depth i is an object */
    uint8_t depth;
    bool is_first;
    bool has_name;
};

struct json_writer json_writer_init(struct wr *w);
void json_put_object(struct json_writer *j); /* opens */
void json_end_object(struct json_writer *j);
void json_put_array(struct json_writer *j); /* opens */
void json_end_array(struct json_writer *j);
void json_put_name(struct json_writer *j, const char *name);
void json_put_name_span(struct json_writer *j, struct span name);
void json_put_string(struct json_writer *j, struct span text);
void json_put_str(struct json_writer *j, const char *text);
void json_put_i64(struct json_writer *j, int64_t v);
void json_put_u64(struct json_writer *j,
                  uint64_t v); /* above INT64_MAX fails w with ERR_LIMIT: readers differ there */
void json_put_bool(struct json_writer *j, bool v);
void json_put_null(struct json_writer *j);
void json_put_hex(struct json_writer *j,
                  struct span bytes); /* a string: 0x and lower-case digits */
void json_put_raw(struct json_writer *j,
                  struct span value); /* text of one value, from a json that was parsed */

/* A notification of JSON-RPC 2.0 (§4.1): the members of its params, an object, are written between the two. */
void json_begin_notification(struct json_writer *j, const char *method);
void json_end_notification(struct json_writer *j);

/* json_writer_end: everything is closed, and the error of w. */
MUST_CHECK enum err json_writer_end(const struct json_writer *j);

#endif
