/* Laws of the fields on random numbers and on those at the edges, and the encoding's limits. */
#include "beacon/fp.h"

#include "base/rng.h"
#include "base/test.h"

#include <string.h>

enum { ROUNDS = 200 };

static const char prime_hex[] = "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f624"
                                "1eabfffeb153ffffb9feffffffffaaab";

static struct rng_seeded rng;

static struct fp random_fp(void)
{
    struct fp a;
    uint8_t bytes[FP_LEN];
    do {
        rng_fill(&rng.rng, MSPAN_OF(bytes));
        bytes[0] &= 0x1f;
    } while (fp_decode(&a, bytes) != OK);
    return a;
}

static struct fp2 random_fp2(void)
{
    struct fp2 a = {.c0 = random_fp(), .c1 = random_fp()};
    return a;
}

static struct fp from_hex(const char *hex)
{
    struct fp a = {{0}};
    uint8_t bytes[FP_LEN] = {0};
    struct span s = test_hex(hex);
    memcpy(bytes + FP_LEN - s.n, s.p, s.n);
    (void)EXPECT_OK(fp_decode(&a, bytes));
    return a;
}

TEST(numbers_are_below_the_prime)
{
    static const struct {
        const char *name;
        const char *last; /* replaces the last byte of the prime */
        enum err want;
    } cases[] = {
        {"p - 1", "aa", OK           },
        {"p",     "ab", ERR_MALFORMED},
        {"p + 1", "ac", ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[FP_LEN];
        uint8_t out[FP_LEN];
        struct fp a;
        test_note("%s", cases[i].name);
        memcpy(bytes, test_hex(prime_hex).p, FP_LEN);
        bytes[FP_LEN - 1] = test_hex(cases[i].last).p[0];
        EXPECT_ERR(cases[i].want, fp_decode(&a, bytes));
        if (cases[i].want == OK) {
            fp_encode(out, &a);
            EXPECT_SPAN(SPAN_OF(bytes), SPAN_OF(out));
        }
    }
    uint8_t full[FP_LEN];
    struct fp a;
    memset(full, 0xff, sizeof full);
    EXPECT_ERR(ERR_MALFORMED, fp_decode(&a, full));
}

TEST(edges)
{
    struct fp one = from_hex("01");
    struct fp last;
    struct fp t;
    EXPECT(fp_equal(&one, &fp_one));
    fp_neg(&last, &one);
    fp_add(&t, &last, &one);
    EXPECT(fp_is_zero(&t));
    fp_mul(&t, &last, &last);
    EXPECT(fp_equal(&t, &one));
    fp_neg(&t, &fp_zero);
    EXPECT(fp_is_zero(&t));
    fp_inv(&t, &fp_zero);
    EXPECT(fp_is_zero(&t));
    EXPECT(fp_is_odd(&one));
    EXPECT(!fp_is_odd(&last));
    EXPECT(!fp_is_odd(&fp_zero));
    /* (p-1)/2 is the last low number. */
    struct fp two = from_hex("02");
    struct fp middle;
    fp_inv(&middle, &two);
    EXPECT(fp_is_high(&middle)); /* (p+1)/2 */
    fp_sub(&middle, &middle, &one);
    EXPECT(!fp_is_high(&middle));
    EXPECT(!fp_is_high(&fp_zero));
    EXPECT(fp_is_high(&last));
}

TEST(laws)
{
    rng_seeded_init(&rng, test_seed());
    for (int i = 0; i < ROUNDS; i++) {
        struct fp a = random_fp();
        struct fp b = random_fp();
        struct fp c = random_fp();
        struct fp s;
        struct fp t;
        struct fp u;
        fp_add(&s, &a, &b);
        fp_mul(&s, &s, &c);
        fp_mul(&t, &a, &c);
        fp_mul(&u, &b, &c);
        fp_add(&t, &t, &u);
        EXPECT(fp_equal(&s, &t));
        fp_inv(&s, &a);
        fp_mul(&s, &s, &a);
        EXPECT(fp_equal(&s, &fp_one));
        fp_sub(&s, &a, &b);
        fp_sub(&t, &b, &a);
        fp_neg(&t, &t);
        EXPECT(fp_equal(&s, &t));
        EXPECT(fp_is_high(&s) != fp_is_high(&t) || fp_equal(&s, &t));
        fp_sqr(&s, &a);
        TEST_REQUIRE(fp_sqrt(&t, &s));
        fp_neg(&u, &t);
        EXPECT(fp_equal(&t, &a) || fp_equal(&u, &a));
        fp_neg(&s, &s);
        EXPECT(!fp_sqrt(&t, &s)); /* -1 has no root */
    }
}

TEST(laws_of_pairs)
{
    rng_seeded_init(&rng, test_seed());
    for (int i = 0; i < ROUNDS; i++) {
        struct fp2 a = random_fp2();
        struct fp2 b = random_fp2();
        struct fp2 c = random_fp2();
        struct fp2 s;
        struct fp2 t;
        struct fp2 u;
        fp2_add(&s, &a, &b);
        fp2_mul(&s, &s, &c);
        fp2_mul(&t, &a, &c);
        fp2_mul(&u, &b, &c);
        fp2_add(&t, &t, &u);
        EXPECT(fp2_equal(&s, &t));
        fp2_inv(&s, &a);
        fp2_mul(&s, &s, &a);
        EXPECT(fp_equal(&s.c0, &fp_one) && fp_is_zero(&s.c1));
        fp2_sqr(&s, &a);
        fp2_mul(&t, &a, &a);
        EXPECT(fp2_equal(&s, &t));
        TEST_REQUIRE(fp2_sqrt(&t, &s));
        fp2_neg(&u, &t);
        EXPECT(fp2_equal(&t, &a) || fp2_equal(&u, &a));
        EXPECT(fp2_is_high(&t) != fp2_is_high(&u));
        fp2_mul_xi(&t, &s);
        EXPECT(!fp2_sqrt(&u, &t)); /* 1 + u has no root */
        struct fp2 xi = {.c0 = fp_one, .c1 = fp_one};
        fp2_mul(&u, &s, &xi);
        EXPECT(fp2_equal(&t, &u));
        fp2_conj(&t, &a);
        fp2_mul(&t, &t, &a);
        EXPECT(fp_is_zero(&t.c1));
    }
}

/* Roots of numbers in one part only, where half of the formula is zero. */
TEST(roots_in_one_part)
{
    rng_seeded_init(&rng, test_seed());
    for (int i = 0; i < ROUNDS; i++) {
        struct fp2 a = {.c0 = i % 2 ? random_fp() : fp_zero, .c1 = i % 2 ? fp_zero : random_fp()};
        struct fp2 root;
        struct fp2 square;
        fp2_sqr(&square, &a);
        TEST_REQUIRE(fp2_sqrt(&root, &square));
        fp2_sqr(&root, &root);
        EXPECT(fp2_equal(&root, &square));
        if (i % 2) { /* every number of the lower field has a root above */
            TEST_REQUIRE(fp2_sqrt(&root, &a));
            fp2_sqr(&root, &root);
            EXPECT(fp2_equal(&root, &a));
        }
    }
    struct fp2 zero = {.c0 = fp_zero};
    struct fp2 root;
    EXPECT(fp2_sqrt(&root, &zero));
    EXPECT(fp2_is_zero(&root));
}

TEST(sign_looks_at_the_first_part_that_is_not_zero)
{
    struct fp two = from_hex("02");
    struct fp2 a = {.c0 = two, .c1 = fp_one};
    EXPECT(!fp2_is_odd(&a));
    a.c0 = fp_zero;
    EXPECT(fp2_is_odd(&a));
    a = (struct fp2){.c0 = two};
    EXPECT(!fp2_is_high(&a));
    fp_neg(&a.c0, &two);
    EXPECT(fp2_is_high(&a));
    a.c1 = two;
    EXPECT(!fp2_is_high(&a));
}

TEST_MAIN
