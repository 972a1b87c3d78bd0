/* UTF-8: RFC 3629 section 4. */
#include "codec/utf8.h"

#include "base/check.h"

/* How many bytes a character has that starts with this one, and the least code point of that length. */
static size_t sequence_len(uint8_t first, uint32_t *ret_min)
{
    if (first < 0x80) {
        *ret_min = 0;
        return 1;
    }
    if (first >= 0xc2 && first < 0xe0) {
        *ret_min = 0x80;
        return 2;
    }
    if (first >= 0xe0 && first < 0xf0) {
        *ret_min = 0x800;
        return 3;
    }
    *ret_min = 0x10000;
    return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

int32_t utf8_take(struct span *text)
{
    if (text->n == 0) {
        return -1;
    }
    uint32_t min;
    size_t n = sequence_len(text->p[0], &min);
    if (n == 0 || n > text->n) {
        return -1;
    }
    uint32_t code = n == 1 ? text->p[0] : text->p[0] & (0x7fU >> n);
    for (size_t i = 1; i < n; i++) {
        if ((text->p[i] & 0xc0) != 0x80) {
            return -1;
        }
        code = code << 6 | (text->p[i] & 0x3f);
    }
    if (code < min || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        return -1;
    }
    (void)span_take(text, n);
    return (int32_t)code;
}

bool utf8_is_valid(struct span text)
{
    while (text.n > 0) {
        if (utf8_take(&text) < 0) {
            return false;
        }
    }
    return true;
}

size_t utf8_encode(uint8_t out[static 4], uint32_t code)
{
    check(code <= 0x10ffff);
    check(code < 0xd800 || code > 0xdfff);
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (uint8_t)((0xf00U >> n & 0xf0U) | code);
    return n;
}
