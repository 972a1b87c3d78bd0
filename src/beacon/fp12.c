/* Karatsuba at each storey: six products of pairs for a triple, three of triples for the whole. */
#include "beacon/fp12.h"

const struct fp12 fp12_one = {
    .c0 = {.c0 = {.c0 = {{0x760900000002fffd, 0xebf4000bc40c0002, 0x5f48985753c758ba,
                          0x77ce585370525745, 0x5c071a97a256ec6d, 0x15f65ec3fa80e493}}}}};

/* SPEC RFC9380 §8.8: u + 1 to the power k(p-1)/6: what the k-th power of w gets when a value is raised to p. */
static const struct fp2 frobenius[6] = {
    {.c0 = {{0x760900000002fffd, 0xebf4000bc40c0002, 0x5f48985753c758ba, 0x77ce585370525745,
             0x5c071a97a256ec6d, 0x15f65ec3fa80e493}}},
    {.c0 = {{0x07089552b319d465, 0xc6695f92b50a8313, 0x97e83cccd117228f, 0xa35baecab2dc29ee,
             0x1ce393ea5daace4d, 0x08f2220fb0fb66eb}},
     .c1 = {{0xb2f66aad4ce5d646, 0x5842a06bfc497cec, 0xcf4895d42599d394, 0xc11b9cba40a8e8d0,
             0x2e3813cbe5a0de89, 0x110eefda88847faf}}},
    {.c0 = {{0}},
     .c1 = {{0xcd03c9e48671f071, 0x5dab22461fcda5d2, 0x587042afd3851b95, 0x8eb60ebe01bacb9e,
             0x03f97d6e83d050d2, 0x18f0206554638741}}},
    {.c0 = {{0x7bcfa7a25aa30fda, 0xdc17dec12a927e7c, 0x2f088dd86b4ebef1, 0xd1ca2087da74d4a7,
             0x2da2596696cebc1d, 0x0e2b7eedbbfd87d2}},
     .c1 = {{0x7bcfa7a25aa30fda, 0xdc17dec12a927e7c, 0x2f088dd86b4ebef1, 0xd1ca2087da74d4a7,
             0x2da2596696cebc1d, 0x0e2b7eedbbfd87d2}}},
    {.c0 = {{0x890dc9e4867545c3, 0x2af322533285a5d5, 0x50880866309b7e2c, 0xa20d1b8c7e881024,
             0x14e4f04fe2db9068, 0x14e56d3f1564853a}},
     .c1 = {{0}}},
    {.c0 = {{0x82d83cf50dbce43f, 0xa2813e53df9d018f, 0xc6f0caa53c65e181, 0x7525cf528d50fe95,
             0x4a85ed50f4798a6b, 0x171da0fd6cf8eebd}},
     .c1 = {{0x3726c30af242c66c, 0x7c2ac1aad1b6fe70, 0xa04007fbba4b14a2, 0xef517c3266341429,
             0x0095ba654ed2226b, 0x02e370eccc86f7dd}}},
};

static void fp6_add(struct fp6 *r, const struct fp6 *a, const struct fp6 *b)
{
    fp2_add(&r->c0, &a->c0, &b->c0);
    fp2_add(&r->c1, &a->c1, &b->c1);
    fp2_add(&r->c2, &a->c2, &b->c2);
}

static void fp6_sub(struct fp6 *r, const struct fp6 *a, const struct fp6 *b)
{
    fp2_sub(&r->c0, &a->c0, &b->c0);
    fp2_sub(&r->c1, &a->c1, &b->c1);
    fp2_sub(&r->c2, &a->c2, &b->c2);
}

static void fp6_neg(struct fp6 *r, const struct fp6 *a)
{
    fp2_neg(&r->c0, &a->c0);
    fp2_neg(&r->c1, &a->c1);
    fp2_neg(&r->c2, &a->c2);
}

static void fp6_mul_v(struct fp6 *r, const struct fp6 *a)
{
    struct fp2 t;
    fp2_mul_xi(&t, &a->c2);
    r->c2 = a->c1;
    r->c1 = a->c0;
    r->c0 = t;
}

/* cross gives (a + b)(c + d). */
static void cross(struct fp2 *r,
                  const struct fp2 *a,
                  const struct fp2 *b,
                  const struct fp2 *c,
                  const struct fp2 *d)
{
    struct fp2 s;
    struct fp2 t;
    fp2_add(&s, a, b);
    fp2_add(&t, c, d);
    fp2_mul(r, &s, &t);
}

static void fp6_mul(struct fp6 *r, const struct fp6 *a, const struct fp6 *b)
{
    struct fp2 v0;
    struct fp2 v1;
    struct fp2 v2;
    struct fp2 t0;
    struct fp2 t1;
    struct fp2 t2;
    fp2_mul(&v0, &a->c0, &b->c0);
    fp2_mul(&v1, &a->c1, &b->c1);
    fp2_mul(&v2, &a->c2, &b->c2);
    cross(&t0, &a->c1, &a->c2, &b->c1, &b->c2);
    cross(&t1, &a->c0, &a->c1, &b->c0, &b->c1);
    cross(&t2, &a->c0, &a->c2, &b->c0, &b->c2);
    fp2_sub(&t0, &t0, &v1);
    fp2_sub(&t0, &t0, &v2);
    fp2_mul_xi(&t0, &t0);
    fp2_add(&r->c0, &t0, &v0);
    fp2_sub(&t1, &t1, &v0);
    fp2_sub(&t1, &t1, &v1);
    fp2_mul_xi(&t0, &v2);
    fp2_add(&r->c1, &t1, &t0);
    fp2_sub(&t2, &t2, &v0);
    fp2_sub(&t2, &t2, &v2);
    fp2_add(&r->c2, &t2, &v1);
}

/* fp6_mul_01 multiplies by b0 + b1*v. */
static void
fp6_mul_01(struct fp6 *r, const struct fp6 *a, const struct fp2 *b0, const struct fp2 *b1)
{
    struct fp2 v0;
    struct fp2 v1;
    struct fp2 t0;
    struct fp2 t1;
    struct fp2 t2;
    fp2_mul(&v0, &a->c0, b0);
    fp2_mul(&v1, &a->c1, b1);
    fp2_add(&t0, &a->c1, &a->c2);
    fp2_mul(&t0, &t0, b1);
    cross(&t1, &a->c0, &a->c1, b0, b1);
    fp2_add(&t2, &a->c0, &a->c2);
    fp2_mul(&t2, &t2, b0);
    fp2_sub(&t0, &t0, &v1);
    fp2_mul_xi(&t0, &t0);
    fp2_add(&r->c0, &t0, &v0);
    fp2_sub(&t1, &t1, &v0);
    fp2_sub(&r->c1, &t1, &v1);
    fp2_sub(&t2, &t2, &v0);
    fp2_add(&r->c2, &t2, &v1);
}

/* fp6_mul_1 multiplies by b1*v. */
static void fp6_mul_1(struct fp6 *r, const struct fp6 *a, const struct fp2 *b1)
{
    struct fp2 t;
    fp2_mul(&t, &a->c2, b1);
    fp2_mul(&r->c2, &a->c1, b1);
    fp2_mul(&r->c1, &a->c0, b1);
    fp2_mul_xi(&r->c0, &t);
}

static void fp6_inv(struct fp6 *r, const struct fp6 *a)
{
    struct fp6 t;
    struct fp2 s;
    struct fp2 d;
    fp2_sqr(&t.c0, &a->c0);
    fp2_mul(&s, &a->c1, &a->c2);
    fp2_mul_xi(&s, &s);
    fp2_sub(&t.c0, &t.c0, &s);
    fp2_sqr(&t.c1, &a->c2);
    fp2_mul_xi(&t.c1, &t.c1);
    fp2_mul(&s, &a->c0, &a->c1);
    fp2_sub(&t.c1, &t.c1, &s);
    fp2_sqr(&t.c2, &a->c1);
    fp2_mul(&s, &a->c0, &a->c2);
    fp2_sub(&t.c2, &t.c2, &s);
    fp2_mul(&d, &a->c2, &t.c1);
    fp2_mul(&s, &a->c1, &t.c2);
    fp2_add(&d, &d, &s);
    fp2_mul_xi(&d, &d);
    fp2_mul(&s, &a->c0, &t.c0);
    fp2_add(&d, &d, &s);
    fp2_inv(&d, &d);
    fp2_mul(&r->c0, &t.c0, &d);
    fp2_mul(&r->c1, &t.c1, &d);
    fp2_mul(&r->c2, &t.c2, &d);
}

static bool fp6_equal(const struct fp6 *a, const struct fp6 *b)
{
    return fp2_equal(&a->c0, &b->c0) && fp2_equal(&a->c1, &b->c1) && fp2_equal(&a->c2, &b->c2);
}

bool fp12_equal(const struct fp12 *a, const struct fp12 *b)
{
    return fp6_equal(&a->c0, &b->c0) && fp6_equal(&a->c1, &b->c1);
}

void fp12_mul(struct fp12 *r, const struct fp12 *a, const struct fp12 *b)
{
    struct fp6 v0;
    struct fp6 v1;
    struct fp6 s;
    struct fp6 t;
    fp6_mul(&v0, &a->c0, &b->c0);
    fp6_mul(&v1, &a->c1, &b->c1);
    fp6_add(&s, &a->c0, &a->c1);
    fp6_add(&t, &b->c0, &b->c1);
    fp6_mul(&s, &s, &t);
    fp6_sub(&s, &s, &v0);
    fp6_sub(&r->c1, &s, &v1);
    fp6_mul_v(&v1, &v1);
    fp6_add(&r->c0, &v0, &v1);
}

void fp12_sqr(struct fp12 *r, const struct fp12 *a)
{
    struct fp6 product;
    struct fp6 s;
    struct fp6 t;
    fp6_mul(&product, &a->c0, &a->c1);
    fp6_add(&s, &a->c0, &a->c1);
    fp6_mul_v(&t, &a->c1);
    fp6_add(&t, &t, &a->c0);
    fp6_mul(&s, &s, &t);
    fp6_sub(&s, &s, &product);
    fp6_mul_v(&t, &product);
    fp6_sub(&r->c0, &s, &t);
    fp6_add(&r->c1, &product, &product);
}

void fp12_inv(struct fp12 *r, const struct fp12 *a)
{
    struct fp6 s;
    struct fp6 t;
    fp6_mul(&s, &a->c0, &a->c0);
    fp6_mul(&t, &a->c1, &a->c1);
    fp6_mul_v(&t, &t);
    fp6_sub(&s, &s, &t);
    fp6_inv(&s, &s);
    fp6_mul(&r->c0, &a->c0, &s);
    fp6_mul(&r->c1, &a->c1, &s);
    fp6_neg(&r->c1, &r->c1);
}

void fp12_conj(struct fp12 *r, const struct fp12 *a)
{
    r->c0 = a->c0;
    fp6_neg(&r->c1, &a->c1);
}

static void frobenius_part(struct fp2 *r, const struct fp2 *a, int power)
{
    struct fp2 t;
    fp2_conj(&t, a);
    fp2_mul(r, &t, &frobenius[power]);
}

void fp12_frobenius(struct fp12 *r, const struct fp12 *a)
{
    fp2_conj(&r->c0.c0, &a->c0.c0);
    frobenius_part(&r->c1.c0, &a->c1.c0, 1);
    frobenius_part(&r->c0.c1, &a->c0.c1, 2);
    frobenius_part(&r->c1.c1, &a->c1.c1, 3);
    frobenius_part(&r->c0.c2, &a->c0.c2, 4);
    frobenius_part(&r->c1.c2, &a->c1.c2, 5);
}

/* pair_sqr squares a + b*y where y*y is 1 + u. */
static void pair_sqr(struct fp2 *ret_a, struct fp2 *ret_b, const struct fp2 *a, const struct fp2 *b)
{
    struct fp2 s;
    struct fp2 t;
    fp2_sqr(&s, a);
    fp2_sqr(&t, b);
    fp2_add(ret_b, a, b);
    fp2_sqr(ret_b, ret_b);
    fp2_sub(ret_b, ret_b, &s);
    fp2_sub(ret_b, ret_b, &t);
    fp2_mul_xi(&t, &t);
    fp2_add(ret_a, &s, &t);
}

/* thrice_less gives 3s - 2a, thrice_more 3s + 2a. */
static void thrice_less(struct fp2 *r, const struct fp2 *s, const struct fp2 *a)
{
    struct fp2 t;
    fp2_sub(&t, s, a);
    fp2_add(&t, &t, &t);
    fp2_add(r, &t, s);
}

static void thrice_more(struct fp2 *r, const struct fp2 *s, const struct fp2 *a)
{
    struct fp2 t;
    fp2_add(&t, s, a);
    fp2_add(&t, &t, &t);
    fp2_add(r, &t, s);
}

/* Granger and Scott, "Faster Squaring in the Cyclotomic Subgroup of Sixth Degree Extensions", 2010: three squarings of pairs over fp2 do it. */
void fp12_sqr_unitary(struct fp12 *r, const struct fp12 *a)
{
    struct fp2 s0;
    struct fp2 s1;
    struct fp2 t0;
    struct fp2 t1;
    struct fp2 q0;
    struct fp2 q1;
    pair_sqr(&s0, &s1, &a->c0.c0, &a->c1.c1);
    pair_sqr(&t0, &t1, &a->c1.c0, &a->c0.c2);
    pair_sqr(&q0, &q1, &a->c0.c1, &a->c1.c2);
    thrice_less(&r->c0.c0, &s0, &a->c0.c0);
    thrice_more(&r->c1.c1, &s1, &a->c1.c1);
    thrice_less(&r->c0.c1, &t0, &a->c0.c1);
    thrice_more(&r->c1.c2, &t1, &a->c1.c2);
    thrice_less(&r->c0.c2, &q0, &a->c0.c2);
    fp2_mul_xi(&q1, &q1);
    thrice_more(&r->c1.c0, &q1, &a->c1.c0);
}

void fp12_mul_line(struct fp12 *r, const struct fp12 *a, const struct fp12_line *line)
{
    struct fp6 v0;
    struct fp6 v1;
    struct fp6 s;
    struct fp2 sum;
    fp6_mul_01(&v0, &a->c0, &line->b0, &line->b1);
    fp6_mul_1(&v1, &a->c1, &line->b4);
    fp2_add(&sum, &line->b1, &line->b4);
    fp6_add(&s, &a->c0, &a->c1);
    fp6_mul_01(&s, &s, &line->b0, &sum);
    fp6_sub(&s, &s, &v0);
    fp6_sub(&r->c1, &s, &v1);
    fp6_mul_v(&v1, &v1);
    fp6_add(&r->c0, &v0, &v1);
}
