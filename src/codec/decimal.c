/* Decimal text of whole numbers. */
#include "codec/decimal.h"

#include "base/arith.h"

enum err decimal_parse(uint64_t *ret, struct span text, uint64_t max)
{
    if (text.n == 0 || (text.n > 1 && text.p[0] == '0')) {
        return ERR_MALFORMED;
    }
    uint64_t v = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c < '0' || c > '9') {
            return ERR_MALFORMED;
        }
        if (!mul_ok_u64(&v, v, 10) || !add_ok_u64(&v, v, (uint64_t)(c - '0')) || v > max) {
            return ERR_MALFORMED;
        }
    }
    *ret = v;
    return OK;
}

void decimal_print(struct wr *w, uint64_t v)
{
    uint8_t digits[20];
    size_t n = sizeof digits;
    do {
        digits[--n] = (uint8_t)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    wr_bytes(w, span_of(digits + n, sizeof digits - n));
}
