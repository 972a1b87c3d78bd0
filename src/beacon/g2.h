#ifndef BEACON_G2_H
#define BEACON_G2_H

#include "base/err.h"
#include "beacon/fp.h"
#include "beacon/g1.h"

#include <stdbool.h>
#include <stdint.h>

/* The group G2 of BLS12-381: points of y^2 = x^3 + 4(1 + u) over pairs with the prime order of the scheme. Public points
 * only: see fp.h. */
enum { G2_LEN = 96 }; /* bytes of a compressed point */

/* A point other than infinity. */
struct g2 {
    struct fp2 x;
    struct fp2 y;
};

/* A point x/z^2, y/z^3, or infinity, where z is zero. Results may be the same object as arguments. */
struct g2_jacobian {
    struct fp2 x;
    struct fp2 y;
    struct fp2 z;
};

/* g2_decode reads a compressed point of the curve, which may lie outside of the group. ERR_MALFORMED: flags that do not
 * fit, infinity, a coordinate of p or more, or no point at that coordinate. */
MUST_CHECK enum err g2_decode(struct g2 *ret_point, const uint8_t bytes[static G2_LEN]);
void g2_encode(uint8_t ret[static G2_LEN], const struct g2 *a);

bool g2_is_on_curve(const struct g2 *a);

/* g2_is_in_group: of a point on the curve, whether its order is that of the group. */
bool g2_is_in_group(const struct g2 *a);

bool g2_jacobian_is_infinity(const struct g2_jacobian *a);
void g2_jacobian_set(struct g2_jacobian *r, const struct g2 *a);

/* g2_affine: false, and r untouched, for infinity. */
bool g2_affine(struct g2 *r, const struct g2_jacobian *a);

/* These hold for all points: equal, opposite and infinite ones too. */
void g2_neg(struct g2_jacobian *r, const struct g2_jacobian *a);
void g2_double(struct g2_jacobian *r, const struct g2_jacobian *a);
void g2_add(struct g2_jacobian *r, const struct g2_jacobian *a, const struct g2_jacobian *b);
void g2_add_affine(struct g2_jacobian *r, const struct g2_jacobian *a, const struct g2 *b);

/* g2_mul_x multiplies by CURVE_X. */
void g2_mul_x(struct g2_jacobian *r, const struct g2_jacobian *a);

/* g2_clear_cofactor multiplies by the cofactor of RFC 9380, which brings any point of the curve into the group. */
void g2_clear_cofactor(struct g2_jacobian *r, const struct g2_jacobian *a);

#endif
