#include "crypto/scrypt.h"

#include "base/test.h"
#include "crypto/backend.h"

/* RFC 7914 §12. */
TEST(rfc_7914)
{
    static const struct {
        const char *password;
        const char *salt;
        struct scrypt_cost cost;
        const char *want;
    } cases[] = {
        {"",
         "",     {16, 1, 1},
         "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
         "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"},
        {"password",
         "NaCl", {1024, 8, 16},
         "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
         "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"},
    };
    EXPECT_OK(crypto_init());
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t out[64];
        test_note("case %zu", i);
        EXPECT_OK(scrypt(MSPAN_OF(out), test_budget(), span_str(cases[i].password),
                         span_str(cases[i].salt), &cases[i].cost));
        EXPECT_SPAN(test_hex(cases[i].want), SPAN_OF(out));
    }
}

TEST(costs_out_of_range)
{
    static const struct {
        const char *name;
        struct scrypt_cost cost;
    } cases[] = {
        {"n is 0",               {0, 1, 1}                        },
        {"n is 1",               {1, 1, 1}                        },
        {"n is no power of two", {1000, 1, 1}                     },
        {"r is 0",               {16, 0, 1}                       },
        {"p is 0",               {16, 1, 0}                       },
        {"too much memory",      {1 << 23, 1, 1}                  },
        {"too much work",        {1 << 18, 8, 3}                  },
        {"n overflows",          {1ULL << 63, 8, 1}               },
        {"r overflows",          {1 << 29, UINT32_MAX, 1}         },
        {"p overflows",          {1 << 10, UINT32_MAX, UINT32_MAX}},
    };
    EXPECT_OK(crypto_init());
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t out[32];
        test_note("%s", cases[i].name);
        EXPECT_ERR(ERR_LIMIT, scrypt(MSPAN_OF(out), test_budget(), SPAN_LIT("p"), SPAN_LIT("s"),
                                     &cases[i].cost));
    }
}

TEST(the_budget_decides)
{
    struct budget small;
    struct scrypt_cost cost = {1024, 8, 1};
    uint8_t out[SCRYPT_OUT_MAX + 1];
    EXPECT_OK(crypto_init());
    budget_init(&small, test_budget(), "small", 1024 * 1024);
    EXPECT_ERR(ERR_LIMIT, scrypt(mspan_of(out, 32), &small, SPAN_EMPTY, SPAN_EMPTY, &cost));
    EXPECT_OK(scrypt(mspan_of(out, 32), test_budget(), SPAN_EMPTY, SPAN_EMPTY, &cost));
    EXPECT_ERR(ERR_LIMIT, scrypt(MSPAN_OF(out), test_budget(), SPAN_EMPTY, SPAN_EMPTY, &cost));
    EXPECT_ERR(ERR_LIMIT, scrypt(mspan_of(out, 0), test_budget(), SPAN_EMPTY, SPAN_EMPTY, &cost));
    budget_done(&small);
}

TEST_MAIN
