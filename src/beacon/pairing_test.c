/* The pairing is bilinear and says something, and the tower under it keeps its laws. */
#include "beacon/pairing.h"

#include "base/test.h"
#include "beacon/hash_to_g2.h"
#include "beacon/signer_test.h"

static struct g1 point1(uint64_t number)
{
    struct bls_signer s;
    signer_init(&s, number);
    return s.key;
}

static struct g2 point2(uint8_t number)
{
    struct g2 base = {0};
    struct g2_jacobian t;
    (void)EXPECT_OK(hash_to_g2(&base, SPAN_LIT("base"), SPAN_LIT("test")));
    signer_mul_g2(&t, &base, span_of(&number, 1));
    (void)EXPECT(g2_affine(&base, &t));
    return base;
}

static struct fp12 value(uint64_t a, uint8_t b)
{
    struct pairing_pair pair = {.p = point1(a), .q = point2(b)};
    struct fp12 r;
    pairing_value(&r, &pair, 1);
    return r;
}

static struct fp12 power(const struct fp12 *a, struct span exponent)
{
    struct fp12 r = fp12_one;
    for (size_t i = 0; i < 8 * exponent.n; i++) {
        fp12_sqr(&r, &r);
        if (exponent.p[i / 8] >> (7 - i % 8) & 1) {
            fp12_mul(&r, &r, a);
        }
    }
    return r;
}

TEST(bilinear)
{
    struct fp12 e = value(1, 1);
    EXPECT(!fp12_equal(&e, &fp12_one));
    static const uint8_t factors[][2] = {
        {1,   2 },
        {2,   1 },
        {3,   5 },
        {200, 1 },
        {7,   31},
    };
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
        uint16_t product = (uint16_t)(factors[i][0] * factors[i][1]);
        uint8_t exponent[2] = {(uint8_t)(product >> 8), (uint8_t)product};
        struct fp12 got = value(factors[i][0], factors[i][1]);
        struct fp12 want = power(&e, SPAN_OF(exponent));
        test_note("%u times %u", factors[i][0], factors[i][1]);
        EXPECT(fp12_equal(&want, &got));
    }
    struct fp12 order = power(&e, SPAN_OF(signer_group_order));
    EXPECT(fp12_equal(&fp12_one, &order));
}

TEST(products)
{
    struct pairing_pair pairs[2] = {
        {.p = point1(6), .q = point2(5) },
        {.p = point1(3), .q = point2(10)}
    };
    EXPECT(!pairing_is_one(pairs, 2));
    EXPECT(!pairing_is_one(pairs, 1));
    EXPECT(pairing_is_one(pairs, 0));
    fp_neg(&pairs[1].p.y, &pairs[1].p.y);
    EXPECT(pairing_is_one(pairs, 2));
    struct pairing_pair swapped[2] = {pairs[1], pairs[0]};
    EXPECT(pairing_is_one(swapped, 2));
    fp2_neg(&pairs[0].q.y, &pairs[0].q.y);
    EXPECT(!pairing_is_one(pairs, 2));
    fp2_neg(&pairs[1].q.y, &pairs[1].q.y);
    EXPECT(pairing_is_one(pairs, 2));
    pairs[1].p = point1(4);
    EXPECT(!pairing_is_one(pairs, 2));
}

/* Any value will do for the laws: the sum of two pairings' is in no smaller group. */
static struct fp12 some_value(void)
{
    struct fp12 a = value(3, 4);
    struct fp12 b = value(9, 2);
    fp2_add(&a.c0.c0, &a.c0.c0, &b.c0.c1);
    fp2_mul(&a.c1.c2, &a.c1.c2, &b.c1.c0);
    return a;
}

TEST(tower)
{
    struct fp12 a = some_value();
    struct fp12 s;
    struct fp12 t;
    fp12_sqr(&s, &a);
    fp12_mul(&t, &a, &a);
    EXPECT(fp12_equal(&s, &t));
    fp12_inv(&s, &a);
    fp12_mul(&s, &s, &a);
    EXPECT(fp12_equal(&s, &fp12_one));
    struct fp12 unitary = value(5, 6);
    fp12_sqr(&s, &unitary);
    fp12_sqr_unitary(&t, &unitary);
    EXPECT(fp12_equal(&s, &t));
    fp12_conj(&s, &unitary);
    fp12_mul(&s, &s, &unitary);
    EXPECT(fp12_equal(&s, &fp12_one));
    fp12_sqr_unitary(&t, &a);
    fp12_sqr(&s, &a);
    EXPECT(!fp12_equal(&s, &t));
    struct fp12_line line = {.b0 = a.c0.c1, .b1 = a.c1.c0, .b4 = a.c1.c1};
    struct fp12 whole = {
        .c0 = {.c0 = line.b0, .c1 = line.b1},
          .c1 = {.c1 = line.b4}
    };
    fp12_mul(&s, &a, &whole);
    fp12_mul_line(&t, &a, &line);
    EXPECT(fp12_equal(&s, &t));
}

/* The constants of raising to p, against raising to p. */
TEST(frobenius)
{
    static const char prime_hex[] =
        "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f624"
        "1eabfffeb153ffffb9feffffffffaaab";
    struct fp12 a = some_value();
    struct fp12 want = power(&a, test_hex(prime_hex));
    struct fp12 got;
    fp12_frobenius(&got, &a);
    EXPECT(fp12_equal(&want, &got));
    got = a;
    for (int i = 0; i < 6; i++) {
        fp12_frobenius(&got, &got);
    }
    fp12_conj(&want, &a);
    EXPECT(fp12_equal(&want, &got));
}

TEST_MAIN
