#ifndef BEACON_G1_H
#define BEACON_G1_H

#include "base/err.h"
#include "beacon/fp.h"

#include <stdbool.h>
#include <stdint.h>

/* The group G1 of BLS12-381: points of y^2 = x^3 + 4 over the integers modulo p with the prime order of the scheme. Public points
 * only: see fp.h. */
enum { G1_LEN = 48 }; /* bytes of a compressed point */

/* A point other than infinity. */
struct g1 {
    struct fp x;
    struct fp y;
};

/* A point x/z^2, y/z^3, or infinity, where z is zero. Results may be the same object as arguments. */
struct g1_jacobian {
    struct fp x;
    struct fp y;
    struct fp z;
};

/* g1_decode reads a compressed point of the curve, which may lie outside of the group. ERR_MALFORMED: flags that do not
 * fit, infinity, a coordinate of p or more, or no point at that coordinate. */
MUST_CHECK enum err g1_decode(struct g1 *ret_point, const uint8_t bytes[static G1_LEN]);
void g1_encode(uint8_t ret[static G1_LEN], const struct g1 *a);

bool g1_is_on_curve(const struct g1 *a);

/* g1_is_in_group: of a point on the curve, whether its order is that of the group. */
bool g1_is_in_group(const struct g1 *a);

bool g1_jacobian_is_infinity(const struct g1_jacobian *a);
void g1_jacobian_set(struct g1_jacobian *r, const struct g1 *a);

/* g1_affine: false, and r untouched, for infinity. */
bool g1_affine(struct g1 *r, const struct g1_jacobian *a);

/* These hold for all points: equal, opposite and infinite ones too. */
void g1_neg(struct g1_jacobian *r, const struct g1_jacobian *a);
void g1_double(struct g1_jacobian *r, const struct g1_jacobian *a);
void g1_add(struct g1_jacobian *r, const struct g1_jacobian *a, const struct g1_jacobian *b);
void g1_add_affine(struct g1_jacobian *r, const struct g1_jacobian *a, const struct g1 *b);

/* g1_mul_x multiplies by CURVE_X. */
void g1_mul_x(struct g1_jacobian *r, const struct g1_jacobian *a);

/* The parameter of the curves is the negative of this. */
#define CURVE_X UINT64_C(0xd201000000010000)

extern const struct g1 g1_generator;

#endif
