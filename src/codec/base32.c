/* Base32: RFC 4648 section 6, without padding. */
#include "codec/base32.h"

static const char *alphabet(enum base32_kind kind)
{
    return kind == BASE32_LOWER ? "abcdefghijklmnopqrstuvwxyz234567"
                                : "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
}

void base32_encode(struct wr *w, enum base32_kind kind, struct span bytes)
{
    const char *digits = alphabet(kind);
    uint32_t bits = 0;
    unsigned bits_count = 0;
    for (size_t i = 0; i < bytes.n && wr_ok(w); i++) {
        bits = bits << 8 | bytes.p[i];
        bits_count += 8;
        while (bits_count >= 5) {
            bits_count -= 5;
            wr_u8(w, (uint8_t)digits[bits >> bits_count & 31]);
        }
        bits &= (1U << bits_count) - 1;
    }
    if (bits_count > 0) {
        wr_u8(w, (uint8_t)digits[bits << (5 - bits_count) & 31]);
    }
}

static int digit_value(enum base32_kind kind, uint8_t c)
{
    if (c >= '2' && c <= '7') {
        return c - '2' + 26;
    }
    uint8_t first = kind == BASE32_LOWER ? 'a' : 'A';
    return c >= first && c < first + 26 ? c - first : -1;
}

enum err base32_decode(struct wr *w, enum base32_kind kind, struct span text)
{
    uint32_t bits = 0;
    unsigned bits_count = 0;
    for (size_t i = 0; i < text.n && wr_ok(w); i++) {
        int v = digit_value(kind, text.p[i]);
        if (v < 0) {
            return ERR_MALFORMED;
        }
        bits = bits << 5 | (uint32_t)v;
        bits_count += 5;
        if (bits_count >= 8) {
            bits_count -= 8;
            wr_u8(w, (uint8_t)(bits >> bits_count));
            bits &= (1U << bits_count) - 1;
        }
    }
    TRY(wr_end(w));
    /* SPEC RFC4648 §"3.5. Canonical Encoding": left-over bits are zero, so that each value has one text. */
    return bits_count < 5 && bits == 0 ? OK : ERR_MALFORMED;
}
