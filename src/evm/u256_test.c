#include "evm/u256.h"

#include "base/rng.h"
#include "base/test.h"

#include <string.h>

static struct u256 hex(const char *text)
{
    struct u256 v = U256_ZERO;
    EXPECT_OK(u256_parse_hex(&v, span_str(text)));
    return v;
}

static struct u256 decimal(const char *text)
{
    struct u256 v = U256_ZERO;
    EXPECT_OK(u256_parse_decimal(&v, span_str(text)));
    return v;
}

static void expect_u256(struct u256 want, struct u256 got)
{
    uint8_t a[32];
    uint8_t b[32];
    u256_to_be(a, want);
    u256_to_be(b, got);
    EXPECT_SPAN(SPAN_OF(a), SPAN_OF(b));
}

#define MAX_TEXT "115792089237316195423570985008687907853269984665640564039457584007913129639935"

TEST(decimal_text)
{
    static const struct {
        const char *text;
        enum err err;
    } cases[] = {
        {"0",                                                                              OK           },
        {"1",                                                                              OK           },
        {"10",                                                                             OK           },
        {MAX_TEXT,                                                                         OK           },
        {"115792089237316195423570985008687907853269984665640564039457584007913129639936",
         ERR_LIMIT                                                                                      },
        {MAX_TEXT "0",                                                                     ERR_LIMIT    },
        {"",                                                                               ERR_MALFORMED},
        {"00",                                                                             ERR_MALFORMED},
        {"01",                                                                             ERR_MALFORMED},
        {"-1",                                                                             ERR_MALFORMED},
        {"+1",                                                                             ERR_MALFORMED},
        {" 1",                                                                             ERR_MALFORMED},
        {"1e3",                                                                            ERR_MALFORMED},
        {"1.0",                                                                            ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s", cases[i].text);
        struct u256 v;
        enum err e = u256_parse_decimal(&v, span_str(cases[i].text));
        EXPECT_ERR(cases[i].err, e);
        if (e == OK) {
            char text[U256_TEXT_LEN];
            EXPECT_EQ(strlen(cases[i].text), u256_print_decimal(text, v));
            EXPECT_STR(cases[i].text, text);
        }
    }
    expect_u256(U256_MAX, decimal(MAX_TEXT));
}

TEST(hex_text)
{
    static const struct {
        const char *text;
        enum err err;
        const char *printed;
    } cases[] = {
        {"0x0",                                                                 OK,            "0x0"  },
        {"0x00",                                                                OK,            "0x0"  },
        {"0xFf",                                                                OK,            "0xff" },
        {"0x100",                                                               OK,            "0x100"},
        {"0x",                                                                  ERR_MALFORMED, NULL   },
        {"",                                                                    ERR_MALFORMED, NULL   },
        {"ff",                                                                  ERR_MALFORMED, NULL   },
        {"0Xff",                                                                ERR_MALFORMED, NULL   },
        {"0xfg",                                                                ERR_MALFORMED, NULL   },
        {"0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",  OK,
         "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"                         },
        {"0x0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", ERR_LIMIT,     NULL   },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s", cases[i].text);
        struct u256 v;
        enum err e = u256_parse_hex(&v, span_str(cases[i].text));
        EXPECT_ERR(cases[i].err, e);
        if (e == OK) {
            char text[U256_TEXT_LEN];
            (void)u256_print_hex(text, v);
            EXPECT_STR(cases[i].printed, text);
        }
    }
}

TEST(units)
{
    static const struct {
        const char *text;
        unsigned decimals;
        enum err err;
        const char *smallest; /* decimal */
        const char *printed;
    } cases[] = {
        {"1",                                                                               18, OK,            "1000000000000000000", "1"                                                                              },
        {"1.5",                                                                             18, OK,            "1500000000000000000", "1.5"                                                                            },
        {"0.000000000000000001",                                                            18, OK,            "1",                   "0.000000000000000001"                                                           },
        {"0",                                                                               18, OK,            "0",                   "0"                                                                              },
        {"0.0",                                                                             18, OK,            "0",                   "0"                                                                              },
        {"1.50",                                                                            1,  OK,            "15",                  "1.5"                                                                            },
        {"10",                                                                              0,  OK,            "10",                  "10"                                                                             },
        {"123.456",                                                                         6,  OK,            "123456000",           "123.456"                                                                        },
        {"1.05",                                                                            9,  OK,            "1050000000",          "1.05"                                                                           },
        {"1.0000000000000000001",                                                           18, ERR_MALFORMED, NULL,                  NULL                                                                             },
        {"1.5",                                                                             0,  ERR_MALFORMED, NULL,                  NULL                                                                             },
        {".5",                                                                              18, ERR_MALFORMED, NULL,                  NULL                                                                             },
        {"5.",                                                                              18, ERR_MALFORMED, NULL,                  NULL                                                                             },
        {"1.2.3",                                                                           18, ERR_MALFORMED, NULL,                  NULL                                                                             },
        {"1,5",                                                                             18, ERR_MALFORMED, NULL,                  NULL                                                                             },
        {"-1",                                                                              18, ERR_MALFORMED, NULL,                  NULL                                                                             },
        {"1e18",                                                                            18, ERR_MALFORMED, NULL,                  NULL                                                                             },
        {"",                                                                                18, ERR_MALFORMED, NULL,                  NULL                                                                             },
        {"115792089237316195423570985008687907853269984665640564039457.584007913129639935", 18, OK,
         MAX_TEXT,                                                                                                                    "115792089237316195423570985008687907853269984665640564039457.584007913129639935"},
        {"115792089237316195423570985008687907853269984665640564039457.584007913129639936", 18,
         ERR_LIMIT,                                                                                            NULL,                  NULL                                                                             },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s with %u", cases[i].text, cases[i].decimals);
        struct u256 v;
        enum err e = u256_parse_units(&v, span_str(cases[i].text), cases[i].decimals);
        EXPECT_ERR(cases[i].err, e);
        if (e == OK && cases[i].err == OK) {
            char text[U256_TEXT_LEN];
            expect_u256(decimal(cases[i].smallest), v);
            EXPECT_EQ(strlen(cases[i].printed), u256_print_units(text, v, cases[i].decimals));
            EXPECT_STR(cases[i].printed, text);
        }
    }
    char text[U256_TEXT_LEN];
    EXPECT_EQ(79, u256_print_units(text, U256_MAX, U256_DECIMALS_MAX));
    EXPECT_EQ(79, u256_print_units(text, u256_from_u64(1), U256_DECIMALS_MAX));
}

TEST(edges)
{
    struct u256 r = u256_from_u64(7);
    EXPECT_ERR(ERR_LIMIT, u256_add(&r, U256_MAX, u256_from_u64(1)));
    EXPECT_ERR(ERR_LIMIT, u256_sub(&r, U256_ZERO, u256_from_u64(1)));
    EXPECT_ERR(ERR_LIMIT, u256_mul(&r, hex("0x100000000000000000000000000000000"),
                                   hex("0x100000000000000000000000000000000")));
    expect_u256(u256_from_u64(7), r); /* untouched */
    EXPECT_OK(u256_add(&r, hex("0xffffffffffffffffffffffffffffffff"), u256_from_u64(1)));
    expect_u256(hex("0x100000000000000000000000000000000"), r);
    EXPECT_OK(u256_mul(&r, hex("0xffffffffffffffffffffffffffffffff"),
                       hex("0x100000000000000000000000000000001")));
    expect_u256(U256_MAX, r);
    struct u256_quotient q;
    EXPECT_ERR(ERR_MALFORMED, u256_divmod(&q, U256_MAX, U256_ZERO));
    EXPECT_OK(u256_divmod(&q, U256_MAX, U256_MAX));
    expect_u256(u256_from_u64(1), q.quotient);
    EXPECT_OK(u256_divmod(
        &q, U256_MAX, hex("0x8000000000000000000000000000000000000000000000000000000000000001")));
    expect_u256(u256_from_u64(1), q.quotient);
    expect_u256(hex("0x7ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe"),
                q.remainder);
    expect_u256(U256_MAX, u256_add_sat(U256_MAX, U256_MAX));
    expect_u256(U256_MAX, u256_mul_sat(U256_MAX, u256_from_u64(2)));
    expect_u256(U256_ZERO, u256_sub_sat(U256_ZERO, U256_MAX));
    uint64_t small = 9;
    EXPECT_ERR(ERR_LIMIT, u256_to_u64(&small, hex("0x10000000000000000")));
    EXPECT_OK(u256_to_u64(&small, hex("0xffffffffffffffff")));
    EXPECT_EQ(UINT64_MAX, small);
    uint8_t long_number[33] = {0};
    EXPECT_ERR(ERR_LIMIT, u256_from_be(&r, SPAN_OF(long_number)));
    EXPECT_EQ(0, u256_bit_len(U256_ZERO));
    EXPECT_EQ(256, u256_bit_len(U256_MAX));
    EXPECT_EQ(65, u256_bit_len(hex("0x10000000000000000")));
}

static struct u256 random_u256(struct rng *rng)
{
    struct u256 v = U256_ZERO;
    for (size_t i = 0, words = (size_t)rng_below(rng, 5); i < words; i++) {
        v.w[i] = rng_below(rng, 4) == 0 ? UINT64_MAX : rng_u64(rng) >> rng_below(rng, 64);
    }
    return v;
}

/* quotient * divisor + remainder is the dividend, the remainder is below the divisor, (a + b) - b is a, and
 * text comes back as it went. */
TEST(random_identities)
{
    struct rng_seeded seeded;
    rng_seeded_init(&seeded, test_seed());
    for (int i = 0; i < 20000; i++) {
        struct u256 a = random_u256(&seeded.rng);
        struct u256 b = random_u256(&seeded.rng);
        struct u256_quotient q;
        if (u256_divmod(&q, a, b) == OK) {
            struct u256 back;
            EXPECT(u256_compare(q.remainder, b) < 0);
            EXPECT_OK(u256_mul(&back, q.quotient, b));
            EXPECT_OK(u256_add(&back, back, q.remainder));
            expect_u256(a, back);
        }
        struct u256 sum;
        if (u256_add(&sum, a, b) == OK) {
            EXPECT_OK(u256_sub(&sum, sum, b));
            expect_u256(a, sum);
        }
        char text[U256_TEXT_LEN];
        struct u256 back;
        EXPECT_OK(u256_parse_decimal(&back, span_of(text, u256_print_decimal(text, a))));
        expect_u256(a, back);
        EXPECT_OK(u256_parse_hex(&back, span_of(text, u256_print_hex(text, a))));
        expect_u256(a, back);
        unsigned decimals = (unsigned)rng_below(&seeded.rng, U256_DECIMALS_MAX + 1);
        EXPECT_OK(
            u256_parse_units(&back, span_of(text, u256_print_units(text, a, decimals)), decimals));
        expect_u256(a, back);
    }
}

TEST_MAIN
