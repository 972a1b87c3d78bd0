/* Points of G1: every rule of the encoding, sums in the odd cases, and membership against multiplication by the order. */
#include "beacon/g1.h"

#include "base/test.h"
#include "beacon/signer_test.h"

#include <string.h>

static bool has_group_order(const struct g1 *a)
{
    struct g1_jacobian t;
    signer_mul_g1(&t, a, SPAN_OF(signer_group_order));
    return g1_jacobian_is_infinity(&t);
}

static struct g1 some_point(uint8_t number)
{
    struct g1_jacobian t;
    struct g1 r = {0};
    const struct g1 base = g1_generator;
    signer_mul_g1(&t, &base, span_of(&number, 1));
    (void)EXPECT(g1_affine(&r, &t));
    return r;
}

static bool equal(const struct g1_jacobian *a, const struct g1_jacobian *b)
{
    struct g1 s;
    struct g1 t;
    if (g1_jacobian_is_infinity(a) || g1_jacobian_is_infinity(b)) {
        return g1_jacobian_is_infinity(a) && g1_jacobian_is_infinity(b);
    }
    return g1_affine(&s, a) && g1_affine(&t, b) && fp_equal(&s.x, &t.x) && fp_equal(&s.y, &t.y);
}

TEST(encoding_has_one_form)
{
    for (uint8_t n = 1; n <= 20; n++) {
        struct g1 p = some_point(n);
        struct g1 q;
        uint8_t bytes[G1_LEN];
        uint8_t again[G1_LEN];
        test_note("point %u", n);
        g1_encode(bytes, &p);
        TEST_REQUIRE(EXPECT_OK(g1_decode(&q, bytes)));
        EXPECT(fp_equal(&p.x, &q.x) && fp_equal(&p.y, &q.y));
        EXPECT(g1_is_on_curve(&q));
        bytes[0] ^= 0x20; /* the other point at this coordinate */
        TEST_REQUIRE(EXPECT_OK(g1_decode(&q, bytes)));
        EXPECT(!fp_equal(&p.y, &q.y));
        g1_encode(again, &q);
        EXPECT_SPAN(SPAN_OF(bytes), SPAN_OF(again));
    }
}

static const char prime_hex[] = "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f624"
                                "1eabfffeb153ffffb9feffffffffaaab";

TEST(encodings_refused)
{
    struct g1 p = some_point(1);
    struct g1 q;
    uint8_t good[G1_LEN];
    uint8_t bytes[G1_LEN];
    g1_encode(good, &p);
    static const struct {
        const char *name;
        uint8_t clear;
        uint8_t set;
    } flags[] = {
        {"not compressed",               0x80, 0   },
        {"infinity of a point",          0,    0x40},
        {"infinity, not compressed",     0x80, 0x40},
        {"no flag but that of the sign", 0xe0, 0x20},
        {"no flag",                      0xe0, 0   },
    };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        test_note("%s", flags[i].name);
        memcpy(bytes, good, sizeof bytes);
        bytes[0] = (uint8_t)((bytes[0] & ~flags[i].clear) | flags[i].set);
        EXPECT_ERR(ERR_MALFORMED, g1_decode(&q, bytes));
    }
    static const uint8_t infinity[] = {0xc0, 0xe0, 0x40}; /* 80 is a point of order three */
    for (size_t i = 0; i < sizeof infinity; i++) {
        test_note("infinity as %02x", infinity[i]);
        memset(bytes, 0, sizeof bytes);
        bytes[0] = infinity[i];
        EXPECT_ERR(ERR_MALFORMED, g1_decode(&q, bytes));
    }
    for (size_t part = 0; part < G1_LEN; part += FP_LEN) {
        test_note("p as number %zu", part / FP_LEN);
        memcpy(bytes, good, sizeof bytes);
        memcpy(bytes + part, test_hex(prime_hex).p, FP_LEN);
        bytes[0] |= 0x80;
        EXPECT_ERR(ERR_MALFORMED, g1_decode(&q, bytes));
        memset(bytes + part, 0xff, FP_LEN);
        bytes[0] &= 0x9f;
        EXPECT_ERR(ERR_MALFORMED, g1_decode(&q, bytes));
    }
}

/* Of small coordinates about half have no point. Those that have one lie outside of the group: the chance to hit it by
 * accident is nil. */
TEST(points_outside_of_the_group)
{
    size_t none = 0;
    size_t outside = 0;
    for (uint8_t x = 0; x < 40; x++) {
        uint8_t bytes[G1_LEN] = {0};
        struct g1 p;
        bytes[0] = 0x80;
        bytes[G1_LEN - 1] = x;
        enum err e = g1_decode(&p, bytes);
        test_note("x = %u", x);
        if (e != OK) {
            EXPECT_ERR(ERR_MALFORMED, e);
            none++;
            continue;
        }
        outside++;
        EXPECT(g1_is_on_curve(&p));
        EXPECT(!has_group_order(&p));
        EXPECT(!g1_is_in_group(&p));
    }
    EXPECT(none >= 10);
    EXPECT(outside >= 10);
}

TEST(members_of_the_group)
{
    for (uint8_t n = 1; n <= 10; n++) {
        struct g1 p = some_point(n);
        test_note("point %u", n);
        EXPECT(has_group_order(&p));
        EXPECT(g1_is_in_group(&p));
        p.x = (struct fp){0};
        EXPECT(!g1_is_on_curve(&p));
    }
}

TEST(sums_in_the_odd_cases)
{
    struct g1 p = some_point(7);
    struct g1_jacobian infinity = {0};
    struct g1_jacobian a;
    struct g1_jacobian opposite;
    struct g1_jacobian twice;
    struct g1_jacobian t;
    g1_jacobian_set(&a, &p);
    g1_neg(&opposite, &a);
    g1_double(&twice, &a);
    g1_add(&t, &a, &a);
    EXPECT(equal(&t, &twice));
    g1_add_affine(&t, &a, &p);
    EXPECT(equal(&t, &twice));
    g1_add(&t, &a, &opposite);
    EXPECT(g1_jacobian_is_infinity(&t));
    g1_add_affine(&t, &opposite, &p);
    EXPECT(g1_jacobian_is_infinity(&t));
    g1_add_affine(&t, &infinity, &p);
    EXPECT(equal(&t, &a));
    g1_add(&t, &infinity, &a);
    EXPECT(equal(&t, &a));
    g1_add(&t, &a, &infinity);
    EXPECT(equal(&t, &a));
    g1_double(&t, &infinity);
    EXPECT(g1_jacobian_is_infinity(&t));
    EXPECT(!g1_affine(&p, &infinity));
    /* 2a + a = 3a = 4a - a, with denominators on both sides. */
    struct g1_jacobian thrice;
    g1_add(&thrice, &twice, &a);
    g1_double(&t, &twice);
    g1_add(&t, &t, &opposite);
    EXPECT(equal(&t, &thrice));
    uint8_t x[8] = {0xd2, 0x01, 0, 0, 0, 0x01, 0, 0};
    signer_mul_g1(&twice, &p, SPAN_OF(x));
    g1_mul_x(&t, &a);
    EXPECT(equal(&t, &twice));
}

TEST_MAIN
