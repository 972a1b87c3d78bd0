/* Hexadecimal text: RFC 4648 section 8, and Ethereum's form behind "0x". */
#include "codec/base16.h"

static void encode(struct wr *w, struct span bytes, const char *digits)
{
    for (size_t i = 0; i < bytes.n && wr_ok(w); i++) {
        uint8_t pair[2] = {(uint8_t)digits[bytes.p[i] >> 4], (uint8_t)digits[bytes.p[i] & 15]};
        wr_bytes(w, SPAN_OF(pair));
    }
}

void base16_encode(struct wr *w, struct span bytes)
{
    encode(w, bytes, "0123456789abcdef");
}

void base16_encode_upper(struct wr *w, struct span bytes)
{
    encode(w, bytes, "0123456789ABCDEF");
}

void base16_encode_0x(struct wr *w, struct span bytes)
{
    wr_str(w, "0x");
    base16_encode(w, bytes);
}

int base16_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

enum err base16_decode(struct wr *w, struct span text)
{
    if (text.n % 2 != 0) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < text.n && wr_ok(w); i += 2) {
        int high = base16_digit(text.p[i]);
        int low = base16_digit(text.p[i + 1]);
        if (high < 0 || low < 0) {
            return ERR_MALFORMED;
        }
        wr_u8(w, (uint8_t)(high << 4 | low));
    }
    return wr_end(w);
}

static bool has_0x(struct span text)
{
    return span_starts_with(text, SPAN_LIT("0x"));
}

enum err base16_decode_0x(struct wr *w, struct span text)
{
    return has_0x(text) ? base16_decode(w, span_from(text, 2)) : ERR_MALFORMED;
}

enum err base16_decode_fixed(struct mspan out, struct span text)
{
    if (text.n / 2 != out.n || text.n % 2 != 0) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (base16_digit(text.p[i]) < 0) {
            return ERR_MALFORMED;
        }
    }
    struct wr w = wr_init(out);
    return base16_decode(&w, text);
}

enum err base16_decode_fixed_0x(struct mspan out, struct span text)
{
    return has_0x(text) ? base16_decode_fixed(out, span_from(text, 2)) : ERR_MALFORMED;
}
