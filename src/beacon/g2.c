/* Points over pairs: as g1.c, and the map that raises coordinates to p. */
#include "beacon/g2.h"

#include <string.h>

static const struct fp2 curve_b = {
    .c0 = {{0xaa270000000cfff3, 0x53cc0032fc34000a, 0x478fe97a6b0a807f, 0xb1d37ebee6ba24d7,
            0x8ec9733bbf78ab2f, 0x09d645513d83de7e}},
    .c1 = {{0xaa270000000cfff3, 0x53cc0032fc34000a, 0x478fe97a6b0a807f, 0xb1d37ebee6ba24d7,
            0x8ec9733bbf78ab2f, 0x09d645513d83de7e}}};
static const struct fp2 unit = {
    .c0 = {{0x760900000002fffd, 0xebf4000bc40c0002, 0x5f48985753c758ba, 0x77ce585370525745,
            0x5c071a97a256ec6d, 0x15f65ec3fa80e493}}};

/* What the coordinates get after they are raised to p, so that the point comes back to this curve: (1 + u) to the power
 * -(p-1)/3 and -(p-1)/2. */
static const struct fp2 untwist_x = {
    .c0 = {{0}},
    .c1 = {{0x890dc9e4867545c3, 0x2af322533285a5d5, 0x50880866309b7e2c, 0xa20d1b8c7e881024,
            0x14e4f04fe2db9068, 0x14e56d3f1564853a}}};
static const struct fp2 untwist_y = {
    .c0 = {{0x3e2f585da55c9ad1, 0x4294213d86c18183, 0x382844c88b623732, 0x92ad2afd19103e18,
            0x1d794e4fac7cf0b9, 0x0bd592fc7d825ec8}},
    .c1 = {{0x7bcfa7a25aa30fda, 0xdc17dec12a927e7c, 0x2f088dd86b4ebef1, 0xd1ca2087da74d4a7,
            0x2da2596696cebc1d, 0x0e2b7eedbbfd87d2}}};

enum { FLAG_COMPRESSED = 0x80, FLAG_INFINITY = 0x40, FLAG_HIGH = 0x20, FLAGS = 0xe0 };

bool g2_jacobian_is_infinity(const struct g2_jacobian *a)
{
    return fp2_is_zero(&a->z);
}

void g2_jacobian_set(struct g2_jacobian *r, const struct g2 *a)
{
    *r = (struct g2_jacobian){.x = a->x, .y = a->y, .z = unit};
}

void g2_neg(struct g2_jacobian *r, const struct g2_jacobian *a)
{
    r->x = a->x;
    r->z = a->z;
    fp2_neg(&r->y, &a->y);
}

void g2_double(struct g2_jacobian *r, const struct g2_jacobian *a)
{
    struct fp2 xx;
    struct fp2 yy;
    struct fp2 yyyy;
    struct fp2 d;
    struct fp2 e;
    struct fp2 z;
    fp2_sqr(&xx, &a->x);
    fp2_sqr(&yy, &a->y);
    fp2_sqr(&yyyy, &yy);
    fp2_add(&d, &a->x, &yy);
    fp2_sqr(&d, &d);
    fp2_sub(&d, &d, &xx);
    fp2_sub(&d, &d, &yyyy);
    fp2_add(&d, &d, &d); /* 4*x*y^2 */
    fp2_add(&e, &xx, &xx);
    fp2_add(&e, &e, &xx);
    fp2_mul(&z, &a->y, &a->z);
    fp2_add(&r->z, &z, &z);
    fp2_sqr(&r->x, &e);
    fp2_sub(&r->x, &r->x, &d);
    fp2_sub(&r->x, &r->x, &d);
    fp2_sub(&d, &d, &r->x);
    fp2_mul(&d, &d, &e);
    fp2_add(&yyyy, &yyyy, &yyyy);
    fp2_add(&yyyy, &yyyy, &yyyy);
    fp2_add(&yyyy, &yyyy, &yyyy);
    fp2_sub(&r->y, &d, &yyyy);
}

/* join finishes a sum: x1, y1 of the first point over a common denominator, and how far the second is from them. */
static void join(struct g2_jacobian *r,
                 const struct fp2 *x1,
                 const struct fp2 *y1,
                 const struct fp2 *dx,
                 const struct fp2 *dy)
{
    struct fp2 square;
    struct fp2 cube;
    struct fp2 v;
    struct fp2 t;
    fp2_sqr(&square, dx);
    fp2_mul(&cube, &square, dx);
    fp2_mul(&v, x1, &square);
    fp2_mul(&t, y1, &cube);
    fp2_sqr(&r->x, dy);
    fp2_sub(&r->x, &r->x, &cube);
    fp2_sub(&r->x, &r->x, &v);
    fp2_sub(&r->x, &r->x, &v);
    fp2_sub(&v, &v, &r->x);
    fp2_mul(&v, &v, dy);
    fp2_sub(&r->y, &v, &t);
}

void g2_add_affine(struct g2_jacobian *r, const struct g2_jacobian *a, const struct g2 *b)
{
    if (g2_jacobian_is_infinity(a)) {
        g2_jacobian_set(r, b);
        return;
    }
    struct fp2 zz;
    struct fp2 dx;
    struct fp2 dy;
    fp2_sqr(&zz, &a->z);
    fp2_mul(&dx, &b->x, &zz);
    fp2_sub(&dx, &dx, &a->x);
    fp2_mul(&dy, &b->y, &zz);
    fp2_mul(&dy, &dy, &a->z);
    fp2_sub(&dy, &dy, &a->y);
    if (fp2_is_zero(&dx) && fp2_is_zero(&dy)) {
        g2_double(r, a);
        return;
    }
    fp2_mul(&r->z, &a->z, &dx); /* zero, that is infinity, if they are opposite */
    join(r, &a->x, &a->y, &dx, &dy);
}

void g2_add(struct g2_jacobian *r, const struct g2_jacobian *a, const struct g2_jacobian *b)
{
    if (g2_jacobian_is_infinity(a) || g2_jacobian_is_infinity(b)) {
        *r = g2_jacobian_is_infinity(a) ? *b : *a;
        return;
    }
    struct fp2 zz;
    struct fp2 x1;
    struct fp2 y1;
    struct fp2 dx;
    struct fp2 dy;
    fp2_sqr(&zz, &b->z);
    fp2_mul(&x1, &a->x, &zz);
    fp2_mul(&y1, &a->y, &zz);
    fp2_mul(&y1, &y1, &b->z);
    fp2_sqr(&zz, &a->z);
    fp2_mul(&dx, &b->x, &zz);
    fp2_sub(&dx, &dx, &x1);
    fp2_mul(&dy, &b->y, &zz);
    fp2_mul(&dy, &dy, &a->z);
    fp2_sub(&dy, &dy, &y1);
    if (fp2_is_zero(&dx) && fp2_is_zero(&dy)) {
        g2_double(r, a);
        return;
    }
    fp2_mul(&zz, &a->z, &b->z);
    fp2_mul(&r->z, &zz, &dx);
    join(r, &x1, &y1, &dx, &dy);
}

void g2_mul_x(struct g2_jacobian *r, const struct g2_jacobian *a)
{
    const struct g2_jacobian base = *a;
    struct g2_jacobian t = base;
    for (int bit = 62; bit >= 0; bit--) {
        g2_double(&t, &t);
        if (CURVE_X >> bit & 1) {
            g2_add(&t, &t, &base);
        }
    }
    *r = t;
}

bool g2_affine(struct g2 *r, const struct g2_jacobian *a)
{
    if (g2_jacobian_is_infinity(a)) {
        return false;
    }
    struct fp2 inverse;
    struct fp2 square;
    fp2_inv(&inverse, &a->z);
    fp2_sqr(&square, &inverse);
    fp2_mul(&r->x, &a->x, &square);
    fp2_mul(&square, &square, &inverse);
    fp2_mul(&r->y, &a->y, &square);
    return true;
}

static void equation(struct fp2 *r, const struct fp2 *x)
{
    struct fp2 t;
    fp2_sqr(&t, x);
    fp2_mul(&t, &t, x);
    fp2_add(r, &t, &curve_b);
}

bool g2_is_on_curve(const struct g2 *a)
{
    struct fp2 left;
    struct fp2 right;
    fp2_sqr(&left, &a->y);
    equation(&right, &a->x);
    return fp2_equal(&left, &right);
}

/* is_at: the point of affine coordinates x and y is a. */
static bool is_at(const struct g2_jacobian *a, const struct fp2 *x, const struct fp2 *y)
{
    struct fp2 zz;
    struct fp2 t;
    fp2_sqr(&zz, &a->z);
    fp2_mul(&t, x, &zz);
    if (g2_jacobian_is_infinity(a) || !fp2_equal(&t, &a->x)) {
        return false;
    }
    fp2_mul(&t, y, &zz);
    fp2_mul(&t, &t, &a->z);
    return fp2_equal(&t, &a->y);
}

/* SPEC draft-irtf-cfrg-pairing-friendly-curves §C.2: of a pair the second part comes first and carries the flags; each part is below p. */
enum err g2_decode(struct g2 *ret_point, const uint8_t bytes[static G2_LEN])
{
    uint8_t number[FP_LEN];
    struct g2 a;
    memcpy(number, bytes, FP_LEN);
    number[0] &= (uint8_t)~FLAGS;
    if (!(bytes[0] & FLAG_COMPRESSED) || bytes[0] & FLAG_INFINITY) {
        return ERR_MALFORMED;
    }
    TRY(fp_decode(&a.x.c1, number));
    TRY(fp_decode(&a.x.c0, bytes + FP_LEN));
    equation(&a.y, &a.x);
    if (!fp2_sqrt(&a.y, &a.y)) {
        return ERR_MALFORMED;
    }
    if (fp2_is_high(&a.y) != ((bytes[0] & FLAG_HIGH) != 0)) {
        fp2_neg(&a.y, &a.y);
    }
    *ret_point = a;
    return OK;
}

void g2_encode(uint8_t ret[static G2_LEN], const struct g2 *a)
{
    fp_encode(ret, &a->x.c1);
    fp_encode(ret + FP_LEN, &a->x.c0);
    ret[0] |= FLAG_COMPRESSED | (fp2_is_high(&a->y) ? FLAG_HIGH : 0);
}

/* raise_to_p is multiplication by p in the group, and costs two products. */
static void raise_to_p(struct g2_jacobian *r, const struct g2_jacobian *a)
{
    fp2_conj(&r->x, &a->x);
    fp2_conj(&r->y, &a->y);
    fp2_conj(&r->z, &a->z);
    fp2_mul(&r->x, &r->x, &untwist_x);
    fp2_mul(&r->y, &r->y, &untwist_y);
}

/* Scott, "A note on group membership tests for G1, G2 and GT on BLS pairing-friendly curves", 2021: raising to p is
 * multiplication by the parameter -CURVE_X. */
bool g2_is_in_group(const struct g2 *a)
{
    struct g2_jacobian t;
    struct g2_jacobian raised;
    g2_jacobian_set(&t, a);
    raise_to_p(&raised, &t);
    g2_mul_x(&t, &t);
    g2_neg(&t, &t);
    return is_at(&t, &raised.x, &raised.y);
}

/* SPEC RFC9380 §G.3: with x the parameter and psi raising to p, (x^2 - x - 1)P + (x - 1)psi(P) + psi(psi(2P)). */
void g2_clear_cofactor(struct g2_jacobian *r, const struct g2_jacobian *a)
{
    const struct g2_jacobian p = *a;
    struct g2_jacobian less_x; /* -x*P */
    struct g2_jacobian raised;
    struct g2_jacobian sum;
    struct g2_jacobian t;
    g2_mul_x(&less_x, &p);
    raise_to_p(&raised, &p);
    g2_double(&sum, &p);
    raise_to_p(&sum, &sum);
    raise_to_p(&sum, &sum);
    g2_neg(&t, &raised);
    g2_add(&sum, &sum, &t);
    g2_add(&sum, &sum, &less_x);
    g2_add(&t, &t, &less_x); /* -(x*P + psi(P)) */
    g2_mul_x(&t, &t);
    g2_add(&sum, &sum, &t);
    g2_neg(&t, &p);
    g2_add(r, &sum, &t);
}
