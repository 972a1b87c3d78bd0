/* The checker of the local API: values against the tables that are made from api/. It checks what comes in, and in
 * tests what goes out. */
#include "node/api/api_check.h"

#include "api_tables.h"
#include "base/check.h"
#include "codec/utf8.h"
#include "wallet/text.h"

struct checking {
    struct api_fault *fault;
};

static enum err fault(const struct checking *c, const char *rule)
{
    c->fault->rule = rule;
    return ERR_MALFORMED;
}

/* Puts name in front of the path of the fault that was just found. */
static enum err fault_in(const struct checking *c, struct span name)
{
    char rest[sizeof c->fault->field];
    text_set(rest, sizeof rest, span_str(c->fault->field));
    char path[2 * sizeof rest];
    struct wr w = wr_init(MSPAN_OF(path));
    wr_bytes(&w, span_first(name, sizeof rest - 2));
    wr_str(&w, rest[0] ? "." : "");
    wr_str(&w, rest);
    text_set(c->fault->field, sizeof c->fault->field, span_of(path, w.n));
    return ERR_MALFORMED;
}

static bool is_allowed(const struct api_format *f, uint8_t c)
{
    return c < 128 && (f->chars[c / 32] >> (c % 32) & 1);
}

static bool fits_text(struct span text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < 0x20 || text.p[i] == 0x7f) {
            return false;
        }
    }
    return utf8_is_valid(text);
}

static bool fits_chars(const struct api_format *f, struct span text)
{
    struct span prefix = f->prefix ? span_str(f->prefix) : SPAN_EMPTY;
    if (!span_starts_with(text, prefix)) {
        return false;
    }
    struct span rest = span_from(text, prefix.n);
    for (size_t i = 0; i < rest.n; i++) {
        if (!is_allowed(f, rest.p[i])) {
            return false;
        }
    }
    switch (f->rule) {
    case API_RULE_EVEN:            return rest.n % 2 == 0;
    case API_RULE_NO_LEADING_ZERO: return rest.n <= 1 || rest.p[0] != '0';
    case API_RULE_NONE:
    case API_RULE_COUNT:           break;
    }
    return true;
}

/* A text with escapes is undone piece by piece only where the format is text; all other formats have none. */
enum { TEXT_ROOM = 1100 };

static enum err check_string(const struct checking *c, struct json v, const struct api_node *n)
{
    const struct api_format *f = &api_formats[n->format];
    if (v.type != JSON_STRING) {
        return fault(c, "type");
    }
    size_t len = json_string_len(v);
    if (len < f->len_min || len > f->len_max || len > n->len_max) {
        return fault(c, "length");
    }
    struct span plain;
    uint8_t room[TEXT_ROOM];
    if (json_get_plain(&plain, v) != OK) {
        struct wr w = wr_init(MSPAN_OF(room));
        if (!f->is_text || json_get_string(&w, v) != OK) {
            return fault(c, "format");
        }
        plain = span_of(room, w.n);
    }
    return (f->is_text ? fits_text(plain) : fits_chars(f, plain)) ? OK : fault(c, "format");
}

static enum err check_enum(const struct checking *c, struct json v, const struct api_node *n)
{
    for (size_t i = 0; i < n->count; i++) {
        if (json_string_equal(v, span_str(api_words[n->first + i]))) {
            return OK;
        }
    }
    return fault(c, "choice");
}

static enum err check_integer(const struct checking *c, struct json v, const struct api_node *n)
{
    int64_t value;
    if (json_get_i64(&value, v) != OK) {
        return fault(c, "type");
    }
    return value < n->min || value > n->max ? fault(c, "range") : OK;
}

static enum err check_value(const struct checking *c, struct json v, uint16_t node);

static const struct api_field *find_field(const struct api_node *n, struct json name)
{
    for (size_t i = 0; i < n->count; i++) {
        if (json_string_equal(name, span_str(api_fields[n->first + i].name))) {
            return &api_fields[n->first + i];
        }
    }
    return NULL;
}

static enum err check_object(const struct checking *c, struct json v, const struct api_node *n)
{
    if (v.type != JSON_OBJECT) {
        return fault(c, "type");
    }
    for (size_t i = 0; i < n->count; i++) {
        const struct api_field *f = &api_fields[n->first + i];
        struct json member;
        if (f->is_required && !json_find(&member, v, f->name)) {
            (void)fault(c, "missing");
            return fault_in(c, span_str(f->name));
        }
    }
    struct json_iter it = json_iterate(v);
    struct json name;
    struct json value;
    while (json_next(&it, &name, &value)) {
        const struct api_field *f = find_field(n, name);
        if (!f) {
            return fault(c, "unknown");
        }
        if (check_value(c, value, f->node) != OK) {
            return fault_in(c, span_str(f->name));
        }
    }
    return OK;
}

/* Arrays, and objects with free keys. Recursion is bounded: schemas never hold themselves. */
static enum err check_list(const struct checking *c, struct json v, const struct api_node *n)
{
    if (v.type != (n->kind == API_ARRAY ? JSON_ARRAY : JSON_OBJECT)) {
        return fault(c, "type");
    }
    size_t count = 0;
    struct json_iter it = json_iterate(v);
    struct json value;
    while (json_next(&it, NULL, &value)) {
        if (++count > n->count) {
            return fault(c, "count");
        }
        TRY(check_value(c, value, n->first));
    }
    return OK;
}

static enum err check_value(const struct checking *c, struct json v, uint16_t node)
{
    check(node < API_NODES_COUNT);
    const struct api_node *n = &api_nodes[node];
    switch (n->kind) {
    case API_OBJECT:  return check_object(c, v, n);
    case API_ARRAY:
    case API_MAP:     return check_list(c, v, n);
    case API_STRING:  return check_string(c, v, n);
    case API_ENUM:    return check_enum(c, v, n);
    case API_INTEGER: return check_integer(c, v, n);
    case API_BOOLEAN: return v.type == JSON_BOOL ? OK : fault(c, "type");
    }
    return fault(c, "type");
}

enum err api_check(struct json v, uint16_t node, struct api_fault *ret_fault)
{
    *ret_fault = (struct api_fault){.field = "", .rule = ""};
    struct checking c = {.fault = ret_fault};
    return check_value(&c, v, node);
}
