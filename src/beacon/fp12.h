#ifndef BEACON_FP12_H
#define BEACON_FP12_H

#include "beacon/fp.h"

/* The tower in which a pairing has its values: triples over fp2 with v*v*v = 1 + u, and pairs of those with w*w = v.
 * Results may be the same object as arguments. */
struct fp6 {
    struct fp2 c0;
    struct fp2 c1;
    struct fp2 c2;
};

struct fp12 {
    struct fp6 c0;
    struct fp6 c1;
};

extern const struct fp12 fp12_one;

bool fp12_equal(const struct fp12 *a, const struct fp12 *b);
void fp12_mul(struct fp12 *r, const struct fp12 *a, const struct fp12 *b);
void fp12_sqr(struct fp12 *r, const struct fp12 *a);
void fp12_inv(struct fp12 *r, const struct fp12 *a);

/* fp12_conj is a^(p^6): the inverse of what the easy part of the final exponentiation gives. */
void fp12_conj(struct fp12 *r, const struct fp12 *a);

/* fp12_frobenius is a^p. */
void fp12_frobenius(struct fp12 *r, const struct fp12 *a);

/* fp12_sqr_unitary squares a value whose inverse is its conjugate and whose a^(p^4 - p^2 + 1) is one; of others the
 * result means nothing. */
void fp12_sqr_unitary(struct fp12 *r, const struct fp12 *a);

/* fp12_mul_line multiplies by b0 + b1*v + b4*v*w: the shape of a line of the Miller loop. */
struct fp12_line {
    struct fp2 b0;
    struct fp2 b1;
    struct fp2 b4;
};
void fp12_mul_line(struct fp12 *r, const struct fp12 *a, const struct fp12_line *line);

#endif
