#ifndef BEACON_FP_H
#define BEACON_FP_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

/* The fields under BLS12-381: integers modulo p (381 bits), and their pairs c0 + c1*u with u*u = -1. Values are kept in
 * Montgomery form, below p, so that equal values are equal words.
 *
 * Everything of BLS12-381 here only verifies: keys, messages and signatures are public, so nothing runs in constant
 * time, and none of it may ever touch a secret. Results may be the same object as arguments. */
enum {
    FP_WORDS = 6,
    FP_LEN = 48, /* bytes of an encoded number, most significant first */
};

struct fp {
    uint64_t w[FP_WORDS]; /* least significant first */
};

struct fp2 {
    struct fp c0;
    struct fp c1;
};

extern const struct fp fp_zero;
extern const struct fp fp_one;

/* fp_decode: ERR_MALFORMED if the number is p or more. */
MUST_CHECK enum err fp_decode(struct fp *r, const uint8_t bytes[static FP_LEN]);
void fp_encode(uint8_t ret[static FP_LEN], const struct fp *a);

bool fp_is_zero(const struct fp *a);
bool fp_equal(const struct fp *a, const struct fp *b);
bool fp_is_odd(const struct fp *a);

/* fp_is_high: the number is over (p-1)/2, so its negative is the smaller one. */
bool fp_is_high(const struct fp *a);

void fp_add(struct fp *r, const struct fp *a, const struct fp *b);
void fp_sub(struct fp *r, const struct fp *a, const struct fp *b);
void fp_neg(struct fp *r, const struct fp *a);
void fp_mul(struct fp *r, const struct fp *a, const struct fp *b);
void fp_sqr(struct fp *r, const struct fp *a);

/* fp_inv: the inverse; of zero, zero. */
void fp_inv(struct fp *r, const struct fp *a);

/* fp_sqrt: false, and r untouched, if there is no root. */
bool fp_sqrt(struct fp *r, const struct fp *a);

bool fp2_is_zero(const struct fp2 *a);
bool fp2_equal(const struct fp2 *a, const struct fp2 *b);

/* fp2_is_odd is sgn0 of RFC 9380: the parity of c0, or of c1 if c0 is zero. */
bool fp2_is_odd(const struct fp2 *a);

/* fp2_is_high: the value comes after its negative when c1 is compared first. */
bool fp2_is_high(const struct fp2 *a);

void fp2_add(struct fp2 *r, const struct fp2 *a, const struct fp2 *b);
void fp2_sub(struct fp2 *r, const struct fp2 *a, const struct fp2 *b);
void fp2_neg(struct fp2 *r, const struct fp2 *a);
void fp2_conj(struct fp2 *r, const struct fp2 *a);
void fp2_mul(struct fp2 *r, const struct fp2 *a, const struct fp2 *b);
void fp2_sqr(struct fp2 *r, const struct fp2 *a);
void fp2_scale(struct fp2 *r, const struct fp2 *a, const struct fp *by);

/* fp2_mul_xi multiplies by 1 + u, which is neither a square nor a cube: the towers above stand on it. */
void fp2_mul_xi(struct fp2 *r, const struct fp2 *a);

void fp2_inv(struct fp2 *r, const struct fp2 *a);
bool fp2_sqrt(struct fp2 *r, const struct fp2 *a);

#endif
