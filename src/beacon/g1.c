/* Points over the integers modulo p: Jacobian coordinates, formulas that know the odd cases. */
#include "beacon/g1.h"

#include <string.h>

static const struct fp curve_b = {
    {0xaa270000000cfff3, 0x53cc0032fc34000a, 0x478fe97a6b0a807f, 0xb1d37ebee6ba24d7,
     0x8ec9733bbf78ab2f, 0x09d645513d83de7e}
};

/* A cube root of one: (beta*x, y) is -CURVE_X^2 times (x, y), in the group and nowhere else on the curve. */
static const struct fp beta = {
    {0x30f1361b798a64e8, 0xf3b8ddab7ece5a2a, 0x16a8ca3ac61577f7, 0xc26a2ff874fd029b,
     0x3636b76660701c6e, 0x051ba4ab241b6160}
};

const struct g1 g1_generator = {
    .x = {{0x5cb38790fd530c16, 0x7817fc679976fff5, 0x154f95c7143ba1c1, 0xf0ae6acdf3d0e747,
           0xedce6ecc21dbf440, 0x120177419e0bfb75}},
    .y = {{0xbaac93d50ce72271, 0x8c22631a7918fd8e, 0xdd595f13570725ce, 0x51ac582950405194,
           0x0e1c8c3fad0059c0, 0x0bbc3efc5008a26a}},
};

enum { FLAG_COMPRESSED = 0x80, FLAG_INFINITY = 0x40, FLAG_HIGH = 0x20, FLAGS = 0xe0 };

bool g1_jacobian_is_infinity(const struct g1_jacobian *a)
{
    return fp_is_zero(&a->z);
}

void g1_jacobian_set(struct g1_jacobian *r, const struct g1 *a)
{
    *r = (struct g1_jacobian){.x = a->x, .y = a->y, .z = fp_one};
}

void g1_neg(struct g1_jacobian *r, const struct g1_jacobian *a)
{
    r->x = a->x;
    r->z = a->z;
    fp_neg(&r->y, &a->y);
}

void g1_double(struct g1_jacobian *r, const struct g1_jacobian *a)
{
    struct fp xx;
    struct fp yy;
    struct fp yyyy;
    struct fp d;
    struct fp e;
    struct fp z;
    fp_sqr(&xx, &a->x);
    fp_sqr(&yy, &a->y);
    fp_sqr(&yyyy, &yy);
    fp_add(&d, &a->x, &yy);
    fp_sqr(&d, &d);
    fp_sub(&d, &d, &xx);
    fp_sub(&d, &d, &yyyy);
    fp_add(&d, &d, &d); /* 4*x*y^2 */
    fp_add(&e, &xx, &xx);
    fp_add(&e, &e, &xx);
    fp_mul(&z, &a->y, &a->z);
    fp_add(&r->z, &z, &z);
    fp_sqr(&r->x, &e);
    fp_sub(&r->x, &r->x, &d);
    fp_sub(&r->x, &r->x, &d);
    fp_sub(&d, &d, &r->x);
    fp_mul(&d, &d, &e);
    fp_add(&yyyy, &yyyy, &yyyy);
    fp_add(&yyyy, &yyyy, &yyyy);
    fp_add(&yyyy, &yyyy, &yyyy);
    fp_sub(&r->y, &d, &yyyy);
}

/* join finishes a sum: x1, y1 of the first point over a common denominator, and how far the second is from them. */
static void join(struct g1_jacobian *r,
                 const struct fp *x1,
                 const struct fp *y1,
                 const struct fp *dx,
                 const struct fp *dy)
{
    struct fp square;
    struct fp cube;
    struct fp v;
    struct fp t;
    fp_sqr(&square, dx);
    fp_mul(&cube, &square, dx);
    fp_mul(&v, x1, &square);
    fp_mul(&t, y1, &cube);
    fp_sqr(&r->x, dy);
    fp_sub(&r->x, &r->x, &cube);
    fp_sub(&r->x, &r->x, &v);
    fp_sub(&r->x, &r->x, &v);
    fp_sub(&v, &v, &r->x);
    fp_mul(&v, &v, dy);
    fp_sub(&r->y, &v, &t);
}

void g1_add_affine(struct g1_jacobian *r, const struct g1_jacobian *a, const struct g1 *b)
{
    if (g1_jacobian_is_infinity(a)) {
        g1_jacobian_set(r, b);
        return;
    }
    struct fp zz;
    struct fp dx;
    struct fp dy;
    fp_sqr(&zz, &a->z);
    fp_mul(&dx, &b->x, &zz);
    fp_sub(&dx, &dx, &a->x);
    fp_mul(&dy, &b->y, &zz);
    fp_mul(&dy, &dy, &a->z);
    fp_sub(&dy, &dy, &a->y);
    if (fp_is_zero(&dx) && fp_is_zero(&dy)) {
        g1_double(r, a);
        return;
    }
    fp_mul(&r->z, &a->z, &dx); /* zero, that is infinity, if they are opposite */
    join(r, &a->x, &a->y, &dx, &dy);
}

void g1_add(struct g1_jacobian *r, const struct g1_jacobian *a, const struct g1_jacobian *b)
{
    if (g1_jacobian_is_infinity(a) || g1_jacobian_is_infinity(b)) {
        *r = g1_jacobian_is_infinity(a) ? *b : *a;
        return;
    }
    struct fp zz;
    struct fp x1;
    struct fp y1;
    struct fp dx;
    struct fp dy;
    fp_sqr(&zz, &b->z);
    fp_mul(&x1, &a->x, &zz);
    fp_mul(&y1, &a->y, &zz);
    fp_mul(&y1, &y1, &b->z);
    fp_sqr(&zz, &a->z);
    fp_mul(&dx, &b->x, &zz);
    fp_sub(&dx, &dx, &x1);
    fp_mul(&dy, &b->y, &zz);
    fp_mul(&dy, &dy, &a->z);
    fp_sub(&dy, &dy, &y1);
    if (fp_is_zero(&dx) && fp_is_zero(&dy)) {
        g1_double(r, a);
        return;
    }
    fp_mul(&zz, &a->z, &b->z);
    fp_mul(&r->z, &zz, &dx);
    join(r, &x1, &y1, &dx, &dy);
}

void g1_mul_x(struct g1_jacobian *r, const struct g1_jacobian *a)
{
    const struct g1_jacobian base = *a;
    struct g1_jacobian t = base;
    for (int bit = 62; bit >= 0; bit--) {
        g1_double(&t, &t);
        if (CURVE_X >> bit & 1) {
            g1_add(&t, &t, &base);
        }
    }
    *r = t;
}

bool g1_affine(struct g1 *r, const struct g1_jacobian *a)
{
    if (g1_jacobian_is_infinity(a)) {
        return false;
    }
    struct fp inverse;
    struct fp square;
    fp_inv(&inverse, &a->z);
    fp_sqr(&square, &inverse);
    fp_mul(&r->x, &a->x, &square);
    fp_mul(&square, &square, &inverse);
    fp_mul(&r->y, &a->y, &square);
    return true;
}

static void equation(struct fp *r, const struct fp *x)
{
    struct fp t;
    fp_sqr(&t, x);
    fp_mul(&t, &t, x);
    fp_add(r, &t, &curve_b);
}

bool g1_is_on_curve(const struct g1 *a)
{
    struct fp left;
    struct fp right;
    fp_sqr(&left, &a->y);
    equation(&right, &a->x);
    return fp_equal(&left, &right);
}

/* is_at: the point of affine coordinates x and y is a. */
static bool is_at(const struct g1_jacobian *a, const struct fp *x, const struct fp *y)
{
    struct fp zz;
    struct fp t;
    fp_sqr(&zz, &a->z);
    fp_mul(&t, x, &zz);
    if (g1_jacobian_is_infinity(a) || !fp_equal(&t, &a->x)) {
        return false;
    }
    fp_mul(&t, y, &zz);
    fp_mul(&t, &t, &a->z);
    return fp_equal(&t, &a->y);
}

/* SPEC draft-irtf-cfrg-pairing-friendly-curves §C.2: the first byte holds three flags; the rest is the first coordinate, below p.
 * Infinity is no key, so its encoding is refused too. */
enum err g1_decode(struct g1 *ret_point, const uint8_t bytes[static G1_LEN])
{
    uint8_t number[FP_LEN];
    struct g1 a;
    memcpy(number, bytes, FP_LEN);
    number[0] &= (uint8_t)~FLAGS;
    if (!(bytes[0] & FLAG_COMPRESSED) || bytes[0] & FLAG_INFINITY) {
        return ERR_MALFORMED;
    }
    TRY(fp_decode(&a.x, number));
    equation(&a.y, &a.x);
    if (!fp_sqrt(&a.y, &a.y)) {
        return ERR_MALFORMED;
    }
    if (fp_is_high(&a.y) != ((bytes[0] & FLAG_HIGH) != 0)) {
        fp_neg(&a.y, &a.y);
    }
    *ret_point = a;
    return OK;
}

void g1_encode(uint8_t ret[static G1_LEN], const struct g1 *a)
{
    fp_encode(ret, &a->x);
    ret[0] |= FLAG_COMPRESSED | (fp_is_high(&a->y) ? FLAG_HIGH : 0);
}

/* Scott, "A note on group membership tests for G1, G2 and GT on BLS pairing-friendly curves", 2021. */
bool g1_is_in_group(const struct g1 *a)
{
    struct g1_jacobian t;
    struct fp x;
    g1_jacobian_set(&t, a);
    g1_mul_x(&t, &t);
    g1_mul_x(&t, &t);
    g1_neg(&t, &t);
    fp_mul(&x, &a->x, &beta);
    return is_at(&t, &x, &a->y);
}
