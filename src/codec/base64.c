/* Base64: RFC 4648 sections 4 and 5. */
#include "codec/base64.h"

static bool is_url(enum base64_kind kind)
{
    return kind == BASE64_URL || kind == BASE64_URL_BARE;
}

static bool is_padded(enum base64_kind kind)
{
    return kind == BASE64_STD || kind == BASE64_URL;
}

size_t base64_len(enum base64_kind kind, size_t bytes_len)
{
    size_t whole = bytes_len / 3 * 4;
    size_t rest = bytes_len % 3;
    if (rest == 0) {
        return whole;
    }
    return whole + (is_padded(kind) ? 4 : rest + 1);
}

void base64_encode(struct wr *w, enum base64_kind kind, struct span bytes)
{
    const char *digits = is_url(kind)
                             ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
                             : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    while (bytes.n > 0 && wr_ok(w)) {
        struct span in = span_take(&bytes, 3);
        uint32_t v = (uint32_t)in.p[0] << 16;
        v |= in.n > 1 ? (uint32_t)in.p[1] << 8 : 0;
        v |= in.n > 2 ? in.p[2] : 0;
        uint8_t out[4];
        for (unsigned i = 0; i < 4; i++) {
            out[i] = i <= in.n ? (uint8_t)digits[v >> (18 - 6 * i) & 63] : '=';
        }
        wr_bytes(w, span_of(out, is_padded(kind) ? 4 : in.n + 1));
    }
}

static int digit_value(enum base64_kind kind, uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == (is_url(kind) ? '-' : '+')) {
        return 62;
    }
    return c == (is_url(kind) ? '_' : '/') ? 63 : -1;
}

/* Cuts the padding off: the text must fill whole groups of four with at most two '='. */
static enum err cut_padding(struct span *text)
{
    if (text->n % 4 != 0) {
        return ERR_MALFORMED;
    }
    for (int i = 0; i < 2 && text->n > 0 && text->p[text->n - 1] == '='; i++) {
        text->n--;
    }
    return OK;
}

enum err base64_decode(struct wr *w, enum base64_kind kind, struct span text)
{
    if (is_padded(kind)) {
        TRY(cut_padding(&text));
    }
    while (text.n > 0 && wr_ok(w)) {
        struct span in = span_take(&text, 4);
        uint32_t v = 0;
        for (size_t i = 0; i < in.n; i++) {
            int d = digit_value(kind, in.p[i]);
            if (d < 0) {
                return ERR_MALFORMED;
            }
            v |= (uint32_t)d << (18 - 6 * i);
        }
        uint8_t out[3] = {(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
        /* SPEC RFC4648 §"3.5. Canonical Encoding": left-over bits are zero, so that each value has one text. */
        bool has_rest = (in.n == 2 && (v & 0xffff) != 0) || (in.n == 3 && (v & 0xff) != 0);
        if (in.n == 1 || has_rest) {
            return ERR_MALFORMED;
        }
        wr_bytes(w, span_of(out, in.n - 1));
    }
    return wr_end(w);
}
