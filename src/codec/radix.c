/* Numbers in other bases: the schoolbook method. */
#include "codec/radix.h"

#include "base/check.h"

struct base_change {
    unsigned from;
    unsigned to;
};

static size_t leading(struct span s, uint8_t b)
{
    size_t n = 0;
    while (n < s.n && s.p[n] == b) {
        n++;
    }
    return n;
}

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

void radix_encode(struct wr *w, struct radix radix, struct span bytes)
{
    check(radix.digits.n >= 36);
    check(radix.digits.n < 256);
    if (bytes.n > RADIX_BYTES_MAX) {
        wr_fail(w, ERR_LIMIT);
        return;
    }
    struct base_change base = {.from = 256, .to = (unsigned)radix.digits.n};
    uint8_t number[RADIX_TEXT_MAX];
    size_t n = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        n = multiply_add(MSPAN_OF(number), n, base, bytes.p[i]);
        check(n <= sizeof number);
    }
    for (size_t i = leading(bytes, 0); i > 0; i--) {
        wr_u8(w, radix.digits.p[0]);
    }
    while (n > 0) {
        wr_u8(w, radix.digits.p[number[--n]]);
    }
}

enum err radix_decode(struct wr *w, struct radix radix, struct span text)
{
    if (text.n > RADIX_TEXT_MAX) {
        return ERR_LIMIT;
    }
    struct base_change base = {.from = (unsigned)radix.digits.n, .to = 256};
    uint8_t number[RADIX_BYTES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        size_t digit = span_find(radix.digits, text.p[i]);
        if (digit == radix.digits.n) {
            return ERR_MALFORMED;
        }
        n = multiply_add(MSPAN_OF(number), n, base, (unsigned)digit);
        if (n > sizeof number) {
            return ERR_LIMIT;
        }
    }
    size_t zeros = leading(text, radix.digits.p[0]);
    if (zeros + n > RADIX_BYTES_MAX) {
        return ERR_LIMIT;
    }
    wr_zeros(w, zeros);
    while (n > 0) {
        wr_u8(w, number[--n]);
    }
    return wr_end(w);
}
