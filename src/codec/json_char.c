/* The characters of a JSON string: RFC 8259 section 7. */
#include "codec/json_char.h"

#include "codec/base16.h"
#include "codec/utf8.h"

static int32_t take_hex4(struct span *rest)
{
    if (rest->n < 4) {
        return -1;
    }
    int32_t v = 0;
    for (size_t i = 0; i < 4; i++) {
        int d = base16_digit(rest->p[i]);
        if (d < 0) {
            return -1;
        }
        v = v << 4 | d;
    }
    (void)span_take(rest, 4);
    return v;
}

/* What follows "\u". */
static int32_t take_unicode_escape(struct span *rest)
{
    int32_t high = take_hex4(rest);
    if (high < 0xd800 || high > 0xdfff) {
        return high;
    }
    /* SPEC RFC8259 §"8.2. Unicode Characters": a surrogate without its partner has no meaning that parsers
     * agree on, so it is refused. */
    if (high > 0xdbff || !span_starts_with(*rest, SPAN_LIT("\\u"))) {
        return -1;
    }
    (void)span_take(rest, 2);
    int32_t low = take_hex4(rest);
    if (low < 0xdc00 || low > 0xdfff) {
        return -1;
    }
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static int32_t take_escape(struct span *rest)
{
    if (rest->n == 0) {
        return -1;
    }
    switch (span_take(rest, 1).p[0]) {
    case '"':  return '"';
    case '\\': return '\\';
    case '/':  return '/';
    case 'b':  return '\b';
    case 'f':  return '\f';
    case 'n':  return '\n';
    case 'r':  return '\r';
    case 't':  return '\t';
    case 'u':  return take_unicode_escape(rest);
    default:   return -1;
    }
}

/* ASCII that stands for itself: nearly all of what strings hold. */
static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

int32_t json_char_take(struct span *rest)
{
    if (rest->n == 0 || rest->p[0] < 0x20 || rest->p[0] == '"') {
        return -1;
    }
    if (rest->p[0] != '\\') {
        return utf8_take(rest);
    }
    struct span after = span_from(*rest, 1);
    int32_t code = take_escape(&after);
    if (code >= 0) {
        *rest = after;
    }
    return code;
}

size_t json_char_string_len(struct span text)
{
    if (text.n == 0 || text.p[0] != '"') {
        return 0;
    }
    struct span rest = span_from(text, 1);
    do {
        size_t n = 0;
        while (n < rest.n && is_plain(rest.p[n])) {
            n++;
        }
        (void)span_take(&rest, n);
    } while (json_char_take(&rest) >= 0);
    return rest.n > 0 && rest.p[0] == '"' ? text.n - rest.n + 1 : 0;
}
