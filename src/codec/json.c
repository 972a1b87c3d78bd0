/* Checking a JSON text: RFC 8259, with the choices that json.h names. */
#include "codec/json.h"

#include "base/map.h"
#include "codec/decimal.h"
#include "codec/json_char.h"
#include "codec/utf8.h"

/* What may come next. */
enum expects {
    EXPECTS_VALUE,
    EXPECTS_VALUE_OR_END, /* just after [ */
    EXPECTS_NAME,
    EXPECTS_NAME_OR_END, /* just after { */
    EXPECTS_COMMA_OR_END,
    EXPECTS_NOTHING
};

struct parser {
    struct span text;
    struct span rest;
    enum expects expects;
    unsigned depth;
    uint32_t objects; /* bit i: the container at depth i is an object */
    const char *rule; /* why it failed */
    uint16_t names_count;
    uint16_t names_first[JSON_DEPTH_MAX]; /* of the names of the container at depth i */
    struct json_names names;
};

static enum err fail(struct parser *p, enum err e, const char *rule)
{
    p->rule = rule;
    return e;
}

static void skip_blanks(struct span *rest)
{
    while (rest->n > 0 && json_char_is_blank(rest->p[0])) {
        (void)span_take(rest, 1);
    }
}

static bool in_object(const struct parser *p)
{
    return p->depth > 0 && (p->objects >> (p->depth - 1) & 1);
}

static void value_is_done(struct parser *p)
{
    p->expects = p->depth > 0 ? EXPECTS_COMMA_OR_END : EXPECTS_NOTHING;
}

static enum err open_container(struct parser *p, bool is_object)
{
    if (p->depth == JSON_DEPTH_MAX) {
        return fail(p, ERR_LIMIT, "json: nested too deeply");
    }
    uint32_t bit = UINT32_C(1) << p->depth;
    p->objects = is_object ? p->objects | bit : p->objects & ~bit;
    p->names_first[p->depth] = p->names_count;
    p->depth++;
    p->expects = is_object ? EXPECTS_NAME_OR_END : EXPECTS_VALUE_OR_END;
    (void)span_take(&p->rest, 1);
    return OK;
}

static enum err close_container(struct parser *p)
{
    uint8_t want = in_object(p) ? '}' : ']';
    if (p->rest.p[0] != want) {
        return fail(p, ERR_MALFORMED, "json: comma or end expected");
    }
    (void)span_take(&p->rest, 1);
    p->depth--;
    p->names_count = p->names_first[p->depth];
    value_is_done(p);
    return OK;
}

static size_t digits_len(struct span s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9') {
        n++;
    }
    return n;
}

/* Takes the fraction and exponent of a number; false if one begins but is malformed. */
static bool take_decimals(struct span *s)
{
    if (s->n > 0 && s->p[0] == '.') {
        (void)span_take(s, 1);
        size_t n = digits_len(*s);
        (void)span_take(s, n);
        if (n == 0) {
            return false;
        }
    }
    if (s->n > 0 && (s->p[0] == 'e' || s->p[0] == 'E')) {
        (void)span_take(s, 1);
        if (s->n > 0 && (s->p[0] == '+' || s->p[0] == '-')) {
            (void)span_take(s, 1);
        }
        size_t n = digits_len(*s);
        (void)span_take(s, n);
        return n > 0 && n <= 3;
    }
    return true;
}

static enum err take_number(struct parser *p)
{
    struct span s = p->rest;
    bool is_negative = s.p[0] == '-';
    (void)span_take(&s, is_negative);
    struct span digits = span_take(&s, digits_len(s));
    uint64_t v;
    if (digits.n == 0 || (digits.n > 1 && digits.p[0] == '0')) {
        return fail(p, ERR_MALFORMED, "json: malformed number");
    }
    uint64_t max = is_negative ? UINT64_C(1) << 63 : INT64_MAX;
    if (decimal_parse(&v, digits, max) != OK) {
        return fail(p, ERR_MALFORMED, "json: number outside int64");
    }
    if (!take_decimals(&s)) {
        return fail(p, ERR_MALFORMED, "json: malformed number");
    }
    if (p->rest.n - s.n > JSON_NUMBER_LEN_MAX) {
        return fail(p, ERR_LIMIT, "json: number too long");
    }
    p->rest = s;
    value_is_done(p);
    return OK;
}

static enum err take_word(struct parser *p)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct span word = span_str(words[i]);
        if (span_starts_with(p->rest, word)) {
            (void)span_take(&p->rest, word.n);
            value_is_done(p);
            return OK;
        }
    }
    return fail(p, ERR_MALFORMED, "json: value expected");
}

static enum err take_string(struct parser *p, struct span *ret_raw)
{
    size_t n = json_char_string_len(p->rest);
    if (n == 0) {
        return fail(p, ERR_MALFORMED, "json: malformed string");
    }
    *ret_raw = span_take(&p->rest, n);
    return OK;
}

static enum err take_value(struct parser *p)
{
    struct span raw;
    switch (p->rest.p[0]) {
    case '{': return open_container(p, true);
    case '[': return open_container(p, false);
    case '"':
        TRY(take_string(p, &raw));
        value_is_done(p);
        return OK;
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': return take_number(p);
    default:  return take_word(p);
    }
}

/* Two names are the same if they are so with escapes undone. */
static bool is_same_name(struct span a, struct span b)
{
    a = span_from(a, 1);
    b = span_from(b, 1);
    int32_t c;
    do {
        c = json_char_take(&a);
        if (c != json_char_take(&b)) {
            return false;
        }
    } while (c >= 0);
    return true;
}

/* The hash only spares comparisons; keys that are made to collide cost at most JSON_NAMES_MAX of them. */
static uint32_t hash_name(struct span raw)
{
    static const uint64_t seed[2] = {UINT64_C(0x6a736f6e206e616d), UINT64_C(0x6573206861736865)};
    uint8_t plain[JSON_NAME_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(plain));
    struct span rest = span_from(raw, 1);
    for (int32_t c = json_char_take(&rest); c >= 0; c = json_char_take(&rest)) {
        uint8_t utf8[4];
        wr_bytes(&w, span_of(utf8, utf8_encode(utf8, (uint32_t)c)));
    }
    return (uint32_t)siphash24(seed, span_of(plain, w.n));
}

static enum err add_name(struct parser *p, struct span raw)
{
    if (raw.n - 2 > JSON_NAME_LEN_MAX) {
        return fail(p, ERR_LIMIT, "json: name too long");
    }
    struct json_name_mark name = {.offset = (uint32_t)(raw.p - p->text.p), .hash = hash_name(raw)};
    for (size_t i = p->names_first[p->depth - 1]; i < p->names_count; i++) {
        if (p->names.marks[i].hash == name.hash &&
            is_same_name(span_from(p->text, p->names.marks[i].offset), raw)) {
            return fail(p, ERR_MALFORMED, "json: the same name twice");
        }
    }
    if (p->names_count == p->names.count_max) {
        return fail(p, ERR_LIMIT, "json: too many names");
    }
    p->names.marks[p->names_count++] = name;
    return OK;
}

static enum err take_name(struct parser *p)
{
    struct span raw;
    TRY(take_string(p, &raw));
    TRY(add_name(p, raw));
    skip_blanks(&p->rest);
    if (p->rest.n == 0 || p->rest.p[0] != ':') {
        return fail(p, ERR_MALFORMED, "json: colon expected");
    }
    (void)span_take(&p->rest, 1);
    p->expects = EXPECTS_VALUE;
    return OK;
}

static enum err take_comma_or_end(struct parser *p)
{
    if (p->rest.p[0] != ',') {
        return close_container(p);
    }
    (void)span_take(&p->rest, 1);
    p->expects = in_object(p) ? EXPECTS_NAME : EXPECTS_VALUE;
    return OK;
}

/* One step: takes what may come next; p->rest is not empty. */
static enum err step(struct parser *p)
{
    switch (p->expects) {
    case EXPECTS_VALUE:        return take_value(p);
    case EXPECTS_VALUE_OR_END: return p->rest.p[0] == ']' ? close_container(p) : take_value(p);
    case EXPECTS_NAME:         return take_name(p);
    case EXPECTS_NAME_OR_END:  return p->rest.p[0] == '}' ? close_container(p) : take_name(p);
    case EXPECTS_COMMA_OR_END: return take_comma_or_end(p);
    case EXPECTS_NOTHING:      return fail(p, ERR_MALFORMED, "json: text after the value");
    }
    return ERR_INTERNAL;
}

static enum json_type type_of(struct span raw)
{
    switch (raw.p[0]) {
    case '{': return JSON_OBJECT;
    case '[': return JSON_ARRAY;
    case '"': return JSON_STRING;
    case 't':
    case 'f': return JSON_BOOL;
    case 'n': return JSON_NULL;
    default:  break;
    }
    bool is_int = span_find(raw, '.') == raw.n && span_find(raw, 'e') == raw.n &&
                  span_find(raw, 'E') == raw.n;
    return is_int ? JSON_INT : JSON_DECIMAL;
}

enum err json_parse(struct json *ret_root, struct span text, struct diag *why)
{
    struct json_name_mark marks[JSON_NAMES_MAX];
    struct json_names room = {.marks = marks, .count_max = JSON_NAMES_MAX};
    return json_parse_wide(ret_root, text, room, why);
}

enum err
json_parse_wide(struct json *ret_root, struct span text, struct json_names room, struct diag *why)
{
    if (text.n > JSON_TEXT_MAX) {
        return diag_set(why, ERR_LIMIT, "json: text too long", 0);
    }
    struct parser p;
    p.text = text;
    p.rest = text;
    p.expects = EXPECTS_VALUE;
    p.depth = 0;
    p.objects = 0;
    p.rule = NULL;
    p.names_count = 0;
    p.names = room;
    skip_blanks(&p.rest);
    struct span raw = p.rest;
    while (p.rest.n > 0) {
        enum err e = step(&p);
        if (e != OK) {
            return diag_set(why, e, p.rule, text.n - p.rest.n);
        }
        if (p.expects == EXPECTS_NOTHING) {
            raw = span_first(raw, (size_t)(p.rest.p - raw.p));
        }
        skip_blanks(&p.rest);
    }
    if (p.expects != EXPECTS_NOTHING) {
        return diag_set(why, ERR_MALFORMED, "json: the text ends too early", text.n);
    }
    *ret_root = (struct json){.type = type_of(raw), .raw = raw};
    return OK;
}

/* The length of the value at the front of checked text. */
static size_t value_len(struct span s)
{
    if (s.p[0] == '"') {
        return json_char_string_len(s);
    }
    size_t depth = 0;
    size_t i = 0;
    while (i < s.n) {
        uint8_t c = s.p[i];
        if (c == '"') {
            i += json_char_string_len(span_from(s, i));
            continue;
        }
        bool opens = c == '{' || c == '[';
        bool closes = c == '}' || c == ']';
        if (depth == 0 && (closes || c == ',' || json_char_is_blank(c))) {
            return i;
        }
        depth += opens;
        depth -= closes;
        i++;
        if (depth == 0 && closes) {
            return i;
        }
    }
    return s.n;
}

static struct json take_checked(struct span *rest)
{
    skip_blanks(rest);
    struct span raw = span_take(rest, value_len(*rest));
    return (struct json){.type = type_of(raw), .raw = raw};
}

struct json_iter json_iterate(struct json v)
{
    bool is_container = v.type == JSON_OBJECT || v.type == JSON_ARRAY;
    struct span inside = is_container ? span_first(span_from(v.raw, 1), v.raw.n - 2) : SPAN_EMPTY;
    return (struct json_iter){.rest = inside, .is_object = v.type == JSON_OBJECT};
}

bool json_next(struct json_iter *it, struct json *ret_name, struct json *ret_value)
{
    skip_blanks(&it->rest);
    if (it->rest.n > 0 && it->rest.p[0] == ',') {
        (void)span_take(&it->rest, 1);
        skip_blanks(&it->rest);
    }
    if (it->rest.n == 0) {
        return false;
    }
    struct json name = {.type = JSON_NULL, .raw = SPAN_EMPTY};
    if (it->is_object) {
        name = take_checked(&it->rest);
        skip_blanks(&it->rest);
        (void)span_take(&it->rest, 1); /* the colon */
    }
    if (ret_name) {
        *ret_name = name;
    }
    *ret_value = take_checked(&it->rest);
    return true;
}
