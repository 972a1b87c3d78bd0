/* Short texts of records. */
#include "wallet/text.h"

#include "base/check.h"
#include "codec/base64.h"
#include "codec/utf8.h"

#include <string.h>

struct id id_make(struct rng *rng)
{
    uint8_t raw[16];
    rng_fill(rng, MSPAN_OF(raw));
    struct id id = {0};
    struct wr w = wr_init(mspan_of(id.text, ID_LEN));
    base64_encode(&w, BASE64_URL_BARE, SPAN_OF(raw));
    check(wr_ok(&w));
    return id;
}

static bool is_id_char(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           c == '-';
}

enum err id_parse(struct id *ret, struct span text)
{
    if (text.n == 0 || text.n > ID_LEN) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (!is_id_char(text.p[i])) {
            return ERR_MALFORMED;
        }
    }
    *ret = (struct id){0};
    text_set(ret->text, sizeof ret->text, text);
    return OK;
}

bool id_equal(struct id a, struct id b)
{
    return strcmp(a.text, b.text) == 0;
}

bool id_is_set(struct id a)
{
    return a.text[0] != '\0';
}

struct span id_span(const struct id *a)
{
    return span_str(a->text);
}

/* Control characters, and those that turn the direction of what follows (Unicode Bidi_Control). */
static bool is_unseen(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
           c == 0x2028 || c == 0x2029 || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

enum err name_parse(struct name *ret, struct span text)
{
    if (text.n == 0 || text.n > NAME_LEN_MAX || text.p[0] == ' ' || text.p[text.n - 1] == ' ') {
        return ERR_MALFORMED;
    }
    struct span rest = text;
    while (rest.n > 0) {
        int32_t c = utf8_take(&rest);
        if (c < 0 || is_unseen((uint32_t)c)) {
            return ERR_MALFORMED;
        }
    }
    *ret = (struct name){0};
    text_set(ret->text, sizeof ret->text, text);
    return OK;
}

bool name_equal(const struct name *a, const struct name *b)
{
    return strcmp(a->text, b->text) == 0;
}

struct span name_span(const struct name *a)
{
    return span_str(a->text);
}

void text_set(char *out, size_t cap, struct span s)
{
    check(cap > 0);
    size_t n = span_copy(mspan_of(out, cap - 1), s);
    out[n] = '\0';
}
