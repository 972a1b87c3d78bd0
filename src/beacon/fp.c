/* Arithmetic modulo p with six words and Montgomery reduction. Products are twelve words wide; a product of pairs is reduced
 * only twice. The loops are unrolled by hand: that is most of the speed of a verification. */
#include "beacon/fp.h"

#include "base/rd.h"
#include "base/wr.h"

__extension__ typedef unsigned __int128 uint128;

enum { WIDE_WORDS = 2 * FP_WORDS };

struct wide {
    uint64_t w[WIDE_WORDS];
};

/* SPEC RFC9380 §8.8: the prime and the curves of BLS12-381; x = -0xd201000000010000 makes all of them. */
static const uint64_t prime[FP_WORDS] = {0xb9feffffffffaaab, 0x1eabfffeb153ffff,
                                         0x6730d2a0f6b0f624, 0x64774b84f38512bf,
                                         0x4b1ba7b6434bacd7, 0x1a0111ea397fe69a};
static const struct wide prime_squared = {
    {0x26aa00001c718e39, 0x7ced6b1d76382eab, 0x162c338362113cfd, 0x66bf91ed3e71b743,
     0x292e85a87091a049, 0x1d68619c86185c7b, 0xf53149330978ef01, 0x50a62cfd16ddca6e,
     0x66e59e49349e8bd0, 0xe2dc90e50e7046b4, 0x4bd278eaa22f25e9, 0x02a437a4b8c35fc7}
};
static const uint64_t prime_inverse = 0x89f3fffcfffcfffd; /* -1/p modulo 2^64 */
/* (p-3)/4, and R*R for R = 2^384. */
static const uint64_t root_exponent[FP_WORDS] = {0xee7fbfffffffeaaa, 0x07aaffffac54ffff,
                                                 0xd9cc34a83dac3d89, 0xd91dd2e13ce144af,
                                                 0x92c6e9ed90d2eb35, 0x0680447a8e5ff9a6};
static const struct fp r_squared = {
    {0xf4df1f341c341746, 0x0a76e6a609d104f1, 0x8de5476c4c95b6d5, 0x67eb88a9939d83c0,
     0x9a793e85b519952d, 0x11988fe592cae3aa}
};
static const struct fp half = {
    {0x1804000000015554, 0x855000053ab00001, 0x633cb57c253c276f, 0x6e22d1ec31ebb502,
     0xd3916126f2d14ca2, 0x17fbb8571a006596}
};

const struct fp fp_zero = {{0}};
const struct fp fp_one = {
    {0x760900000002fffd, 0xebf4000bc40c0002, 0x5f48985753c758ba, 0x77ce585370525745,
     0x5c071a97a256ec6d, 0x15f65ec3fa80e493}
};

/* add_carry and sub_borrow: carry goes in and comes out as 0 or 1. */
static inline uint64_t add_carry(uint64_t a, uint64_t b, uint64_t *carry)
{
    uint128 t = (uint128)a + b + *carry;
    *carry = (uint64_t)(t >> 64);
    return (uint64_t)t;
}

static inline uint64_t sub_borrow(uint64_t a, uint64_t b, uint64_t *borrow)
{
    uint128 t = (uint128)a - b - *borrow;
    *borrow = (uint64_t)(t >> 64) & 1;
    return (uint64_t)t;
}

/* mul_add puts acc + a*b + carry there and returns what does not fit. */
static inline uint64_t mul_add(uint64_t *acc, uint64_t a, uint64_t b, uint64_t carry)
{
    uint128 t = (uint128)a * b + *acc + carry;
    *acc = (uint64_t)t;
    return (uint64_t)(t >> 64);
}

/* row_add adds a*b to the six words at r and returns the seventh. */
static inline uint64_t row_add(uint64_t *r, const uint64_t *a, uint64_t b)
{
    uint64_t carry = mul_add(&r[0], a[0], b, 0);
    carry = mul_add(&r[1], a[1], b, carry);
    carry = mul_add(&r[2], a[2], b, carry);
    carry = mul_add(&r[3], a[3], b, carry);
    carry = mul_add(&r[4], a[4], b, carry);
    return mul_add(&r[5], a[5], b, carry);
}

/* row_set is the same with r taken as zero before. */
static inline uint64_t row_set(uint64_t *r, const uint64_t *a, uint64_t b)
{
    uint128 t = (uint128)a[0] * b;
    r[0] = (uint64_t)t;
    t = (uint128)a[1] * b + (uint64_t)(t >> 64);
    r[1] = (uint64_t)t;
    t = (uint128)a[2] * b + (uint64_t)(t >> 64);
    r[2] = (uint64_t)t;
    t = (uint128)a[3] * b + (uint64_t)(t >> 64);
    r[3] = (uint64_t)t;
    t = (uint128)a[4] * b + (uint64_t)(t >> 64);
    r[4] = (uint64_t)t;
    t = (uint128)a[5] * b + (uint64_t)(t >> 64);
    r[5] = (uint64_t)t;
    return (uint64_t)(t >> 64);
}

static inline void wide_mul(struct wide *r, const struct fp *a, const struct fp *b)
{
    r->w[6] = row_set(&r->w[0], a->w, b->w[0]);
    r->w[7] = row_add(&r->w[1], a->w, b->w[1]);
    r->w[8] = row_add(&r->w[2], a->w, b->w[2]);
    r->w[9] = row_add(&r->w[3], a->w, b->w[3]);
    r->w[10] = row_add(&r->w[4], a->w, b->w[4]);
    r->w[11] = row_add(&r->w[5], a->w, b->w[5]);
}

static inline void wide_sub(struct wide *r, const struct wide *a)
{
    uint64_t borrow = 0;
    for (int i = 0; i < WIDE_WORDS; i++) {
        r->w[i] = sub_borrow(r->w[i], a->w[i], &borrow);
    }
}

static inline void wide_add(struct wide *r, const struct wide *a)
{
    uint64_t carry = 0;
    for (int i = 0; i < WIDE_WORDS; i++) {
        r->w[i] = add_carry(r->w[i], a->w[i], &carry);
    }
}

/* reduce_once takes p off if a is not below it. */
static inline void reduce_once(struct fp *r, const uint64_t *a)
{
    uint64_t borrow = 0;
    uint64_t t0 = sub_borrow(a[0], prime[0], &borrow);
    uint64_t t1 = sub_borrow(a[1], prime[1], &borrow);
    uint64_t t2 = sub_borrow(a[2], prime[2], &borrow);
    uint64_t t3 = sub_borrow(a[3], prime[3], &borrow);
    uint64_t t4 = sub_borrow(a[4], prime[4], &borrow);
    uint64_t t5 = sub_borrow(a[5], prime[5], &borrow);
    r->w[0] = borrow ? a[0] : t0;
    r->w[1] = borrow ? a[1] : t1;
    r->w[2] = borrow ? a[2] : t2;
    r->w[3] = borrow ? a[3] : t3;
    r->w[4] = borrow ? a[4] : t4;
    r->w[5] = borrow ? a[5] : t5;
}

static inline uint64_t reduce_row(uint64_t *t, uint64_t carry)
{
    uint64_t top = row_add(t, prime, t[0] * prime_inverse);
    t[6] = add_carry(t[6], top, &carry);
    return carry;
}

/* wide_reduce gives t/R modulo p, for t below p*R; t is used up. */
static inline void wide_reduce(struct fp *r, struct wide *t)
{
    uint64_t carry = reduce_row(&t->w[0], 0);
    carry = reduce_row(&t->w[1], carry);
    carry = reduce_row(&t->w[2], carry);
    carry = reduce_row(&t->w[3], carry);
    carry = reduce_row(&t->w[4], carry);
    (void)reduce_row(&t->w[5], carry);
    reduce_once(r, &t->w[6]);
}

/* add_whole adds without reducing: the sum of two is below 2^382. */
static inline void add_whole(struct fp *r, const struct fp *a, const struct fp *b)
{
    uint64_t carry = 0;
    r->w[0] = add_carry(a->w[0], b->w[0], &carry);
    r->w[1] = add_carry(a->w[1], b->w[1], &carry);
    r->w[2] = add_carry(a->w[2], b->w[2], &carry);
    r->w[3] = add_carry(a->w[3], b->w[3], &carry);
    r->w[4] = add_carry(a->w[4], b->w[4], &carry);
    r->w[5] = add_carry(a->w[5], b->w[5], &carry);
}

static inline void add_inline(struct fp *r, const struct fp *a, const struct fp *b)
{
    struct fp t;
    add_whole(&t, a, b);
    reduce_once(r, t.w);
}

static inline void sub_inline(struct fp *r, const struct fp *a, const struct fp *b)
{
    uint64_t borrow = 0;
    uint64_t t0 = sub_borrow(a->w[0], b->w[0], &borrow);
    uint64_t t1 = sub_borrow(a->w[1], b->w[1], &borrow);
    uint64_t t2 = sub_borrow(a->w[2], b->w[2], &borrow);
    uint64_t t3 = sub_borrow(a->w[3], b->w[3], &borrow);
    uint64_t t4 = sub_borrow(a->w[4], b->w[4], &borrow);
    uint64_t t5 = sub_borrow(a->w[5], b->w[5], &borrow);
    uint64_t mask = 0 - borrow;
    uint64_t carry = 0;
    r->w[0] = add_carry(t0, prime[0] & mask, &carry);
    r->w[1] = add_carry(t1, prime[1] & mask, &carry);
    r->w[2] = add_carry(t2, prime[2] & mask, &carry);
    r->w[3] = add_carry(t3, prime[3] & mask, &carry);
    r->w[4] = add_carry(t4, prime[4] & mask, &carry);
    r->w[5] = add_carry(t5, prime[5] & mask, &carry);
}

bool fp_is_zero(const struct fp *a)
{
    return (a->w[0] | a->w[1] | a->w[2] | a->w[3] | a->w[4] | a->w[5]) == 0;
}

bool fp_equal(const struct fp *a, const struct fp *b)
{
    uint64_t differ = 0;
    for (int i = 0; i < FP_WORDS; i++) {
        differ |= a->w[i] ^ b->w[i];
    }
    return differ == 0;
}

void fp_add(struct fp *r, const struct fp *a, const struct fp *b)
{
    add_inline(r, a, b);
}

void fp_sub(struct fp *r, const struct fp *a, const struct fp *b)
{
    sub_inline(r, a, b);
}

void fp_neg(struct fp *r, const struct fp *a)
{
    sub_inline(r, &fp_zero, a);
}

void fp_mul(struct fp *r, const struct fp *a, const struct fp *b)
{
    struct wide t;
    wide_mul(&t, a, b);
    wide_reduce(r, &t);
}

void fp_sqr(struct fp *r, const struct fp *a)
{
    fp_mul(r, a, a);
}

/* leave gives the number itself, out of Montgomery form. */
static void leave(struct fp *r, const struct fp *a)
{
    struct wide t = {{0}};
    for (int i = 0; i < FP_WORDS; i++) {
        t.w[i] = a->w[i];
    }
    wide_reduce(r, &t);
}

enum err fp_decode(struct fp *r, const uint8_t bytes[static FP_LEN])
{
    struct rd rd = rd_init(span_of(bytes, FP_LEN));
    struct fp a;
    for (int i = FP_WORDS - 1; i >= 0; i--) {
        a.w[i] = rd_be64(&rd);
    }
    uint64_t borrow = 0;
    for (int i = 0; i < FP_WORDS; i++) {
        (void)sub_borrow(a.w[i], prime[i], &borrow);
    }
    if (borrow == 0) {
        return ERR_MALFORMED;
    }
    fp_mul(r, &a, &r_squared);
    return OK;
}

void fp_encode(uint8_t ret[static FP_LEN], const struct fp *a)
{
    struct fp t;
    leave(&t, a);
    struct wr w = wr_init(mspan_of(ret, FP_LEN));
    for (int i = FP_WORDS - 1; i >= 0; i--) {
        wr_be64(&w, t.w[i]);
    }
}

bool fp_is_odd(const struct fp *a)
{
    struct fp t;
    leave(&t, a);
    return t.w[0] & 1;
}

bool fp_is_high(const struct fp *a)
{
    struct fp t;
    leave(&t, a);
    uint64_t carry = 0;
    add_whole(&t, &t, &t);
    for (int i = 0; i < FP_WORDS; i++) {
        (void)sub_borrow(prime[i], t.w[i], &carry); /* 2a over p, which is odd */
    }
    return carry != 0;
}

/* raise gives a^((p-3)/4): a root and an inverse follow from it. Four bits of the exponent a step. */
static void raise(struct fp *r, const struct fp *a)
{
    enum { BITS = 4, POWERS = 1 << BITS };
    struct fp powers[POWERS];
    powers[0] = fp_one;
    for (int i = 1; i < POWERS; i++) {
        fp_mul(&powers[i], &powers[i - 1], a);
    }
    struct fp t = fp_one;
    for (int bit = 64 * FP_WORDS - BITS; bit >= 0; bit -= BITS) {
        for (int i = 0; i < BITS; i++) {
            fp_sqr(&t, &t);
        }
        uint64_t digit = root_exponent[bit / 64] >> (bit % 64) & (POWERS - 1);
        if (digit != 0) {
            fp_mul(&t, &t, &powers[digit]);
        }
    }
    *r = t;
}

void fp_inv(struct fp *r, const struct fp *a)
{
    struct fp t;
    raise(&t, a);
    fp_sqr(&t, &t);
    fp_sqr(&t, &t); /* a^(p-3) */
    fp_mul(r, &t, a);
}

bool fp_sqrt(struct fp *r, const struct fp *a)
{
    struct fp root;
    struct fp square;
    raise(&root, a);
    fp_mul(&root, &root, a); /* a^((p+1)/4) is a root, or the root of -a */
    fp_sqr(&square, &root);
    if (!fp_equal(&square, a)) {
        return false;
    }
    *r = root;
    return true;
}

bool fp2_is_zero(const struct fp2 *a)
{
    return fp_is_zero(&a->c0) && fp_is_zero(&a->c1);
}

bool fp2_equal(const struct fp2 *a, const struct fp2 *b)
{
    return fp_equal(&a->c0, &b->c0) && fp_equal(&a->c1, &b->c1);
}

bool fp2_is_odd(const struct fp2 *a)
{
    return fp_is_zero(&a->c0) ? fp_is_odd(&a->c1) : fp_is_odd(&a->c0);
}

bool fp2_is_high(const struct fp2 *a)
{
    return fp_is_zero(&a->c1) ? fp_is_high(&a->c0) : fp_is_high(&a->c1);
}

void fp2_add(struct fp2 *r, const struct fp2 *a, const struct fp2 *b)
{
    add_inline(&r->c0, &a->c0, &b->c0);
    add_inline(&r->c1, &a->c1, &b->c1);
}

void fp2_sub(struct fp2 *r, const struct fp2 *a, const struct fp2 *b)
{
    sub_inline(&r->c0, &a->c0, &b->c0);
    sub_inline(&r->c1, &a->c1, &b->c1);
}

void fp2_neg(struct fp2 *r, const struct fp2 *a)
{
    sub_inline(&r->c0, &fp_zero, &a->c0);
    sub_inline(&r->c1, &fp_zero, &a->c1);
}

void fp2_conj(struct fp2 *r, const struct fp2 *a)
{
    r->c0 = a->c0;
    sub_inline(&r->c1, &fp_zero, &a->c1);
}

/* Three products: (a0 + a1)(b0 + b1) - a0*b0 - a1*b1 is the second part. The first gets p*p added, which stays below p*R
 * and keeps it positive. */
void fp2_mul(struct fp2 *r, const struct fp2 *a, const struct fp2 *b)
{
    struct wide low;
    struct wide high;
    struct wide cross;
    struct fp sum_a;
    struct fp sum_b;
    add_whole(&sum_a, &a->c0, &a->c1);
    add_whole(&sum_b, &b->c0, &b->c1);
    wide_mul(&cross, &sum_a, &sum_b);
    wide_mul(&low, &a->c0, &b->c0);
    wide_mul(&high, &a->c1, &b->c1);
    wide_sub(&cross, &low);
    wide_sub(&cross, &high);
    wide_reduce(&r->c1, &cross);
    wide_add(&low, &prime_squared);
    wide_sub(&low, &high);
    wide_reduce(&r->c0, &low);
}

void fp2_sqr(struct fp2 *r, const struct fp2 *a)
{
    struct fp sum;
    struct fp difference;
    struct fp twice;
    add_whole(&sum, &a->c0, &a->c1);
    sub_inline(&difference, &a->c0, &a->c1);
    add_whole(&twice, &a->c0, &a->c0);
    fp_mul(&r->c1, &twice, &a->c1);
    fp_mul(&r->c0, &sum, &difference);
}

void fp2_scale(struct fp2 *r, const struct fp2 *a, const struct fp *by)
{
    fp_mul(&r->c0, &a->c0, by);
    fp_mul(&r->c1, &a->c1, by);
}

void fp2_mul_xi(struct fp2 *r, const struct fp2 *a)
{
    struct fp t;
    sub_inline(&t, &a->c0, &a->c1);
    add_inline(&r->c1, &a->c0, &a->c1);
    r->c0 = t;
}

static void norm(struct fp *r, const struct fp2 *a)
{
    struct wide t;
    struct wide s;
    wide_mul(&t, &a->c0, &a->c0);
    wide_mul(&s, &a->c1, &a->c1);
    wide_add(&t, &s);
    wide_reduce(r, &t);
}

void fp2_inv(struct fp2 *r, const struct fp2 *a)
{
    struct fp n;
    norm(&n, a);
    fp_inv(&n, &n);
    fp_mul(&r->c0, &a->c0, &n);
    fp_neg(&n, &n);
    fp_mul(&r->c1, &a->c1, &n);
}

/* With s the root of the norm, t = (a0 + s)/2 or its negative is a square; w = t^((p-3)/4) gives the root t*w of one of
 * them and, as w*w*t is 1 or -1, the inverse of that root too. The other part of the result is a1/2 over the root. */
bool fp2_sqrt(struct fp2 *r, const struct fp2 *a)
{
    struct fp s;
    struct fp t;
    struct fp w;
    struct fp root;
    struct fp square;
    struct fp2 result;
    norm(&s, a);
    if (!fp_sqrt(&s, &s)) {
        return false;
    }
    add_inline(&t, &a->c0, &s);
    if (fp_is_zero(&t)) { /* then a1 is zero, and the other root of the norm does */
        sub_inline(&t, &a->c0, &s);
    }
    fp_mul(&t, &t, &half);
    raise(&w, &t);
    fp_mul(&root, &t, &w);
    fp_sqr(&square, &root);
    fp_mul(&w, &w, &a->c1);
    fp_mul(&w, &w, &half);
    if (fp_equal(&square, &t)) {
        result = (struct fp2){.c0 = root, .c1 = w};
    } else {
        fp_neg(&w, &w);
        result = (struct fp2){.c0 = w, .c1 = root};
    }
    *r = result;
    return true;
}
