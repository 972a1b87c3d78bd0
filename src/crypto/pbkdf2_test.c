#include "crypto/pbkdf2.h"

#include "base/test.h"

#include <limits.h>

/* RFC 7914 §11. */
TEST(rfc_7914_sha256)
{
    uint8_t out[64];
    EXPECT_OK(pbkdf2_sha256(MSPAN_OF(out), SPAN_LIT("passwd"), SPAN_LIT("salt"), 1));
    EXPECT_SPAN(test_hex("55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
                         "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"),
                SPAN_OF(out));
    EXPECT_OK(pbkdf2_sha256(MSPAN_OF(out), SPAN_LIT("Password"), SPAN_LIT("NaCl"), 80000));
    EXPECT_SPAN(test_hex("4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
                         "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d"),
                SPAN_OF(out));
}

/* Nothing in, by Python's hashlib; BIP-39's own vectors are in evm/bip39_test.c. */
TEST(empty_password_and_salt_sha512)
{
    uint8_t out[64];
    EXPECT_OK(pbkdf2_sha512(MSPAN_OF(out), SPAN_EMPTY, SPAN_EMPTY, 1));
    EXPECT_SPAN(test_hex("6d2ecbbbfb2e6dcd7056faf9af6aa06eae594391db983279a6bf27e0eb228614"
                         "3ab0c996f33ca4b667e945829ea693340f2831797324e5f31df18ed171d18c97"),
                SPAN_OF(out));
}

TEST(limits)
{
    uint8_t out[PBKDF2_OUT_MAX + 1];
    EXPECT_ERR(ERR_LIMIT, pbkdf2_sha256(MSPAN_OF(out), SPAN_EMPTY, SPAN_EMPTY, 1));
    EXPECT_OK(pbkdf2_sha256(mspan_of(out, PBKDF2_OUT_MAX), SPAN_EMPTY, SPAN_EMPTY, 1));
    EXPECT_ERR(ERR_LIMIT, pbkdf2_sha256(mspan_of(out, 0), SPAN_EMPTY, SPAN_EMPTY, 1));
    EXPECT_ERR(ERR_LIMIT, pbkdf2_sha256(mspan_of(out, 1), SPAN_EMPTY, SPAN_EMPTY, 0));
    EXPECT_ERR(ERR_LIMIT,
               pbkdf2_sha512(mspan_of(out, 1), SPAN_EMPTY, SPAN_EMPTY, PBKDF2_ROUNDS_MAX + 1));
}

/* The spans name more than there is: nothing of them may be read before the limit is checked. */
TEST(inputs_beyond_the_backends_count_are_refused)
{
    uint8_t out[32] = {0};
    struct span huge = span_of(out, (size_t)INT_MAX + 1);
    EXPECT_ERR(ERR_LIMIT, pbkdf2_sha256(MSPAN_OF(out), huge, SPAN_EMPTY, 1));
    EXPECT_ERR(ERR_LIMIT, pbkdf2_sha512(MSPAN_OF(out), SPAN_EMPTY, huge, 1));
}

TEST_MAIN
