/* Miller loop over all pairs at once, so that the squarings are shared; then the final exponentiation, whose hard part
 * follows Hayashida, Hayasaka and Teruya, "Efficient Final Exponentiation via Cyclotomic Structure for Pairings over
 * Families of Elliptic Curves", 2020. */
#include "beacon/pairing.h"

#include "base/check.h"

/* step_double doubles t and gives the tangent at it; step_add adds q and gives the line through both. Lines are scaled by
 * numbers of fp2, which the final exponentiation takes to one. Costello, Lange and Naehrig, "Faster Pairing Computations
 * on Curves with High-Degree Twists", 2010; in Jacobian coordinates. */
static void step_double(struct g2_jacobian *t, struct fp12_line *ret_line)
{
    struct fp2 xx;
    struct fp2 slope;
    struct fp2 zz;
    struct fp2 yy;
    fp2_sqr(&xx, &t->x);
    fp2_sqr(&zz, &t->z);
    fp2_sqr(&yy, &t->y);
    fp2_add(&slope, &xx, &xx);
    fp2_add(&slope, &slope, &xx);
    /* With the new z = 2yz: b4 = z*zz, b1 = -slope*zz, b0 = slope*x - 2yy. */
    fp2_mul(&ret_line->b0, &slope, &t->x);
    fp2_sub(&ret_line->b0, &ret_line->b0, &yy);
    fp2_sub(&ret_line->b0, &ret_line->b0, &yy);
    fp2_mul(&ret_line->b1, &slope, &zz);
    fp2_neg(&ret_line->b1, &ret_line->b1);
    g2_double(t, t);
    fp2_mul(&ret_line->b4, &t->z, &zz);
}

static void step_add(struct g2_jacobian *t, struct fp12_line *ret_line, const struct g2 *q)
{
    struct fp2 zz;
    struct fp2 dy;
    fp2_sqr(&zz, &t->z);
    fp2_mul(&dy, &q->y, &zz);
    fp2_mul(&dy, &dy, &t->z);
    fp2_sub(&dy, &dy, &t->y);
    /* With the new z = z*(qx*zz - x): b4 = z, b1 = -dy, b0 = dy*qx - qy*z. */
    g2_add_affine(t, t, q);
    fp2_mul(&ret_line->b0, &dy, &q->x);
    fp2_mul(&zz, &q->y, &t->z);
    fp2_sub(&ret_line->b0, &ret_line->b0, &zz);
    fp2_neg(&ret_line->b1, &dy);
    ret_line->b4 = t->z;
}

static void take_line(struct fp12 *f, struct fp12_line *line, const struct g1 *p)
{
    fp2_scale(&line->b1, &line->b1, &p->x);
    fp2_scale(&line->b4, &line->b4, &p->y);
    fp12_mul_line(f, f, line);
}

/* miller gives the product for CURVE_X; the parameter is its negative, so the conjugate is taken at the end. */
static void miller(struct fp12 *ret, const struct pairing_pair *pairs, size_t pairs_count)
{
    struct g2_jacobian t[PAIRING_PAIRS_MAX];
    struct fp12_line line;
    struct fp12 f = fp12_one;
    check(pairs_count <= PAIRING_PAIRS_MAX);
    for (size_t i = 0; i < pairs_count; i++) {
        g2_jacobian_set(&t[i], &pairs[i].q);
    }
    for (int bit = 62; bit >= 0; bit--) {
        if (bit != 62) {
            fp12_sqr(&f, &f);
        }
        for (size_t i = 0; i < pairs_count; i++) {
            step_double(&t[i], &line);
            take_line(&f, &line, &pairs[i].p);
            if (CURVE_X >> bit & 1) {
                step_add(&t[i], &line, &pairs[i].q);
                take_line(&f, &line, &pairs[i].p);
            }
        }
    }
    fp12_conj(ret, &f);
}

/* power_x raises a unitary value to the parameter, -CURVE_X. */
static void power_x(struct fp12 *r, const struct fp12 *a)
{
    const struct fp12 base = *a;
    struct fp12 t = base;
    for (int bit = 62; bit >= 0; bit--) {
        fp12_sqr_unitary(&t, &t);
        if (CURVE_X >> bit & 1) {
            fp12_mul(&t, &t, &base);
        }
    }
    fp12_conj(r, &t);
}

/* power_x_less_one raises to the parameter minus one. */
static void power_x_less_one(struct fp12 *r, const struct fp12 *a)
{
    struct fp12 t;
    fp12_conj(&t, a);
    power_x(r, a);
    fp12_mul(r, r, &t);
}

/* finish raises to 3(p^12 - 1)/r: first to (p^6 - 1)(p^2 + 1), then, with the parameter x, to
 * (x - 1)^2 (x + p)(x^2 + p^2 - 1) + 3. */
static void finish(struct fp12 *r, const struct fp12 *f)
{
    struct fp12 base;
    struct fp12 s;
    struct fp12 t;
    fp12_inv(&t, f);
    fp12_conj(&base, f);
    fp12_mul(&base, &base, &t);
    fp12_frobenius(&t, &base);
    fp12_frobenius(&t, &t);
    fp12_mul(&base, &base, &t);

    power_x_less_one(&t, &base);
    power_x_less_one(&t, &t);
    fp12_frobenius(&s, &t);
    power_x(&t, &t);
    fp12_mul(&t, &t, &s);
    fp12_frobenius(&s, &t);
    fp12_frobenius(&s, &s);
    fp12_conj(r, &t);
    fp12_mul(&s, &s, r);
    power_x(&t, &t);
    power_x(&t, &t);
    fp12_mul(&t, &t, &s);
    fp12_sqr_unitary(&s, &base);
    fp12_mul(&s, &s, &base);
    fp12_mul(r, &t, &s);
}

void pairing_value(struct fp12 *ret, const struct pairing_pair *pairs, size_t pairs_count)
{
    struct fp12 f;
    miller(&f, pairs, pairs_count);
    finish(ret, &f);
}

bool pairing_is_one(const struct pairing_pair *pairs, size_t pairs_count)
{
    struct fp12 f;
    pairing_value(&f, pairs, pairs_count);
    return fp12_equal(&f, &fp12_one);
}
