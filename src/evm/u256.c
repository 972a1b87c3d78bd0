/* 256-bit numbers. Plain school arithmetic on 32-bit digits where a product is needed, so that nothing
 * depends on a compiler's 128-bit type; speed is of no concern next to a signature. */
#include "evm/u256.h"

#include "base/check.h"
#include "codec/base16.h"

#include <string.h>

enum { DIGITS = 8 }; /* 32-bit digits */

struct u256 u256_from_u64(uint64_t v)
{
    return (struct u256){
        .w = {v, 0, 0, 0}
    };
}

enum err u256_to_u64(uint64_t *ret, struct u256 v)
{
    if ((v.w[1] | v.w[2] | v.w[3]) != 0) {
        return ERR_LIMIT;
    }
    *ret = v.w[0];
    return OK;
}

bool u256_is_zero(struct u256 v)
{
    return (v.w[0] | v.w[1] | v.w[2] | v.w[3]) == 0;
}

bool u256_equal(struct u256 a, struct u256 b)
{
    return u256_compare(a, b) == 0;
}

int u256_compare(struct u256 a, struct u256 b)
{
    for (int i = 3; i >= 0; i--) {
        if (a.w[i] != b.w[i]) {
            return a.w[i] < b.w[i] ? -1 : 1;
        }
    }
    return 0;
}

unsigned u256_bit_len(struct u256 v)
{
    for (unsigned i = 4; i > 0; i--) {
        if (v.w[i - 1] != 0) {
            return 64 * i - (unsigned)__builtin_clzll(v.w[i - 1]);
        }
    }
    return 0;
}

enum err u256_add(struct u256 *ret, struct u256 a, struct u256 b)
{
    struct u256 r = {0};
    bool carry = false;
    for (int i = 0; i < 4; i++) {
        bool c1 = __builtin_add_overflow(a.w[i], b.w[i], &r.w[i]);
        bool c2 = __builtin_add_overflow(r.w[i], (uint64_t)carry, &r.w[i]);
        carry = c1 || c2;
    }
    if (carry) {
        return ERR_LIMIT;
    }
    *ret = r;
    return OK;
}

enum err u256_sub(struct u256 *ret, struct u256 a, struct u256 b)
{
    struct u256 r = {0};
    bool borrow = false;
    for (int i = 0; i < 4; i++) {
        bool b1 = __builtin_sub_overflow(a.w[i], b.w[i], &r.w[i]);
        bool b2 = __builtin_sub_overflow(r.w[i], (uint64_t)borrow, &r.w[i]);
        borrow = b1 || b2;
    }
    if (borrow) {
        return ERR_LIMIT;
    }
    *ret = r;
    return OK;
}

static uint32_t digit_get(const struct u256 *v, unsigned i)
{
    return (uint32_t)(v->w[i / 2] >> (32 * (i % 2)));
}

static void digit_set(struct u256 *v, unsigned i, uint32_t d)
{
    unsigned shift = 32 * (i % 2);
    v->w[i / 2] = (v->w[i / 2] & ~(UINT64_C(0xffffffff) << shift)) | (uint64_t)d << shift;
}

enum err u256_mul(struct u256 *ret, struct u256 a, struct u256 b)
{
    uint32_t product[2 * DIGITS] = {0};
    for (unsigned i = 0; i < DIGITS; i++) {
        uint64_t carry = 0;
        for (unsigned j = 0; j < DIGITS; j++) {
            /* at most (2^32-1)^2 + 2 * (2^32-1) = 2^64 - 1 */
            carry += (uint64_t)digit_get(&a, i) * digit_get(&b, j) + product[i + j];
            product[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        product[i + DIGITS] = (uint32_t)carry;
    }
    for (unsigned i = DIGITS; i < 2 * DIGITS; i++) {
        if (product[i] != 0) {
            return ERR_LIMIT;
        }
    }
    struct u256 r = U256_ZERO;
    for (unsigned i = 0; i < DIGITS; i++) {
        digit_set(&r, i, product[i]);
    }
    *ret = r;
    return OK;
}

/* divide_small divides *v in place and returns the remainder. */
static uint32_t divide_small(struct u256 *v, uint32_t divisor)
{
    uint64_t rest = 0;
    for (unsigned i = DIGITS; i > 0; i--) {
        uint64_t part = rest << 32 | digit_get(v, i - 1);
        digit_set(v, i - 1, (uint32_t)(part / divisor));
        rest = part % divisor;
    }
    return (uint32_t)rest;
}

static void shift_left_one(struct u256 *v, unsigned low_bit)
{
    for (int i = 3; i > 0; i--) {
        v->w[i] = v->w[i] << 1 | v->w[i - 1] >> 63;
    }
    v->w[0] = v->w[0] << 1 | low_bit;
}

static void subtract_wrapping(struct u256 *a, struct u256 b)
{
    bool borrow = false;
    for (int i = 0; i < 4; i++) {
        bool b1 = __builtin_sub_overflow(a->w[i], b.w[i], &a->w[i]);
        bool b2 = __builtin_sub_overflow(a->w[i], (uint64_t)borrow, &a->w[i]);
        borrow = b1 || b2;
    }
}

enum err u256_divmod(struct u256_quotient *ret, struct u256 dividend, struct u256 divisor)
{
    if (u256_is_zero(divisor)) {
        return ERR_MALFORMED;
    }
    if (u256_bit_len(divisor) <= 32) {
        uint32_t rest = divide_small(&dividend, (uint32_t)divisor.w[0]);
        *ret = (struct u256_quotient){.quotient = dividend, .remainder = u256_from_u64(rest)};
        return OK;
    }
    struct u256_quotient q = {.quotient = U256_ZERO, .remainder = U256_ZERO};
    for (unsigned i = u256_bit_len(dividend); i > 0; i--) {
        unsigned bit = (unsigned)(dividend.w[(i - 1) / 64] >> ((i - 1) % 64)) & 1U;
        bool carry = q.remainder.w[3] >> 63 != 0; /* the 257th bit of the shifted remainder */
        shift_left_one(&q.remainder, bit);
        unsigned one = carry || u256_compare(q.remainder, divisor) >= 0;
        if (one != 0) {
            subtract_wrapping(&q.remainder, divisor);
        }
        shift_left_one(&q.quotient, one);
    }
    *ret = q;
    return OK;
}

struct u256 u256_add_sat(struct u256 a, struct u256 b)
{
    struct u256 r;
    return u256_add(&r, a, b) == OK ? r : U256_MAX;
}

struct u256 u256_sub_sat(struct u256 a, struct u256 b)
{
    struct u256 r;
    return u256_sub(&r, a, b) == OK ? r : U256_ZERO;
}

struct u256 u256_mul_sat(struct u256 a, struct u256 b)
{
    struct u256 r;
    return u256_mul(&r, a, b) == OK ? r : U256_MAX;
}

enum err u256_from_be(struct u256 *ret, struct span bytes)
{
    if (bytes.n > 32) {
        return ERR_LIMIT;
    }
    struct u256 r = U256_ZERO;
    for (size_t i = 0; i < bytes.n; i++) {
        size_t place = bytes.n - 1 - i;
        r.w[place / 8] |= (uint64_t)bytes.p[i] << (8 * (place % 8));
    }
    *ret = r;
    return OK;
}

void u256_to_be(uint8_t ret[static 32], struct u256 v)
{
    for (size_t i = 0; i < 32; i++) {
        size_t place = 31 - i;
        ret[i] = (uint8_t)(v.w[place / 8] >> (8 * (place % 8)));
    }
}

/* append_digit makes *v = *v * base + digit. */
MUST_CHECK static enum err append_digit(struct u256 *v, uint32_t base, uint32_t digit)
{
    struct u256 r;
    TRY(u256_mul(&r, *v, u256_from_u64(base)));
    return u256_add(v, r, u256_from_u64(digit));
}

MUST_CHECK static enum err append_decimals(struct u256 *v, struct span digits)
{
    for (size_t i = 0; i < digits.n; i++) {
        uint8_t c = digits.p[i];
        if (c < '0' || c > '9') {
            return ERR_MALFORMED;
        }
        TRY(append_digit(v, 10, (uint32_t)(c - '0')));
    }
    return OK;
}

static bool is_digits(struct span text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
    }
    return text.n > 0;
}

enum err u256_parse_decimal(struct u256 *ret, struct span text)
{
    if (!is_digits(text)) {
        return ERR_MALFORMED;
    }
    if (text.n > 1 && text.p[0] == '0') {
        return ERR_MALFORMED;
    }
    struct u256 r = U256_ZERO;
    TRY(append_decimals(&r, text));
    *ret = r;
    return OK;
}

enum err u256_parse_hex(struct u256 *ret, struct span text)
{
    if (!span_starts_with(text, SPAN_LIT("0x")) || text.n == 2) {
        return ERR_MALFORMED;
    }
    if (text.n > 2 + 64) {
        return ERR_LIMIT;
    }
    struct u256 r = U256_ZERO;
    for (size_t i = 2; i < text.n; i++) {
        int v = base16_digit(text.p[i]);
        if (v < 0) {
            return ERR_MALFORMED;
        }
        size_t place = text.n - 1 - i;
        r.w[place / 16] |= (uint64_t)v << (4 * (place % 16));
    }
    *ret = r;
    return OK;
}

enum err u256_parse_units(struct u256 *ret, struct span text, unsigned decimals)
{
    check(decimals <= U256_DECIMALS_MAX);
    size_t point = span_find(text, '.');
    struct span whole = span_first(text, point);
    struct span fraction = span_from(text, point + 1);
    if (point < text.n && !is_digits(fraction)) {
        return ERR_MALFORMED;
    }
    struct u256 r;
    TRY(u256_parse_decimal(&r, whole));
    while (fraction.n > 0 && fraction.p[fraction.n - 1] == '0') {
        fraction.n--;
    }
    if (fraction.n > decimals) {
        return ERR_MALFORMED; /* finer than the unit */
    }
    TRY(append_decimals(&r, fraction));
    for (size_t i = fraction.n; i < decimals; i++) {
        TRY(append_digit(&r, 10, 0));
    }
    *ret = r;
    return OK;
}

size_t u256_print_decimal(char ret[static U256_TEXT_LEN], struct u256 v)
{
    char reversed[U256_TEXT_LEN];
    size_t n = 0;
    do {
        uint32_t rest = divide_small(&v, 10);
        reversed[n++] = (char)('0' + rest);
    } while (!u256_is_zero(v));
    check(n < U256_TEXT_LEN);
    for (size_t i = 0; i < n; i++) {
        ret[i] = reversed[n - 1 - i];
    }
    ret[n] = 0;
    return n;
}

size_t u256_print_hex(char ret[static U256_TEXT_LEN], struct u256 v)
{
    static const char digits[] = "0123456789abcdef";
    unsigned nibbles = (u256_bit_len(v) + 3) / 4;
    nibbles = nibbles == 0 ? 1 : nibbles;
    ret[0] = '0';
    ret[1] = 'x';
    for (unsigned i = 0; i < nibbles; i++) {
        unsigned place = nibbles - 1 - i;
        ret[2 + i] = digits[v.w[place / 16] >> (4 * (place % 16)) & 15];
    }
    ret[2 + nibbles] = 0;
    return 2 + nibbles;
}

size_t u256_print_units(char ret[static U256_TEXT_LEN], struct u256 v, unsigned decimals)
{
    check(decimals <= U256_DECIMALS_MAX);
    char digits[U256_TEXT_LEN];
    size_t n = u256_print_decimal(digits, v);
    size_t out = 0;
    /* at least one digit before the point: pad with zeros on the left */
    size_t whole = n > decimals ? n - decimals : 0;
    if (whole == 0) {
        ret[out++] = '0';
    }
    memcpy(ret + out, digits, whole);
    out += whole;
    size_t kept = n; /* digits up to the last that is not zero */
    while (kept > whole && digits[kept - 1] == '0') {
        kept--;
    }
    if (kept > whole) {
        ret[out++] = '.';
        for (size_t i = n; i < decimals; i++) {
            ret[out++] = '0';
        }
        memcpy(ret + out, digits + whole, kept - whole);
        out += kept - whole;
    }
    check(out < U256_TEXT_LEN);
    ret[out] = 0;
    return out;
}
