/* Base58 with Bitcoin's alphabet: draft-msporny-base58. */
#include "codec/base58.h"

static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

static int digit_value(uint8_t c)
{
    for (int i = 0; i < 58; i++) {
        if ((uint8_t)digits[i] == c) {
            return i;
        }
    }
    return -1;
}

static size_t leading(struct span s, uint8_t b)
{
    size_t n = 0;
    while (n < s.n && s.p[n] == b) {
        n++;
    }
    return n;
}

struct base_change {
    unsigned from;
    unsigned to;
};

/* number := number * from + digit, where number is n places of base `to`, least significant first.
 * Returns the new count of places, or number.n + 1 if they do not fit. */
static size_t multiply_add(struct mspan number, size_t n, struct base_change base, unsigned digit)
{
    unsigned carry = digit;
    for (size_t i = 0; i < n; i++) {
        carry += number.p[i] * base.from;
        number.p[i] = (uint8_t)(carry % base.to);
        carry /= base.to;
    }
    while (carry > 0) {
        if (n == number.n) {
            return number.n + 1;
        }
        number.p[n++] = (uint8_t)(carry % base.to);
        carry /= base.to;
    }
    return n;
}

void base58_encode(struct wr *w, struct span bytes)
{
    if (bytes.n > BASE58_BYTES_MAX) {
        wr_fail(w, ERR_LIMIT);
        return;
    }
    uint8_t number[BASE58_TEXT_MAX];
    size_t n = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        n = multiply_add(MSPAN_OF(number), n, (struct base_change){.from = 256, .to = 58}, bytes.p[i]);
    }
    for (size_t i = leading(bytes, 0); i > 0; i--) {
        wr_u8(w, '1');
    }
    while (n > 0) {
        wr_u8(w, (uint8_t)digits[number[--n]]);
    }
}

enum err base58_decode(struct wr *w, struct span text)
{
    if (text.n > BASE58_TEXT_MAX) {
        return ERR_LIMIT;
    }
    uint8_t number[BASE58_BYTES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        int v = digit_value(text.p[i]);
        if (v < 0) {
            return ERR_MALFORMED;
        }
        n = multiply_add(MSPAN_OF(number), n, (struct base_change){.from = 58, .to = 256}, (unsigned)v);
        if (n > sizeof number) {
            return ERR_LIMIT;
        }
    }
    size_t zeros = leading(text, '1');
    if (zeros + n > BASE58_BYTES_MAX) {
        return ERR_LIMIT;
    }
    wr_zeros(w, zeros);
    while (n > 0) {
        wr_u8(w, number[--n]);
    }
    return wr_end(w);
}
