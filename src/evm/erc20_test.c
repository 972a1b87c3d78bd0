#include "evm/erc20.h"

#include "base/test.h"

#define SELECTOR "a9059cbb"
#define TO       "0000000000000000000000001111111111111111111111111111111111111111"
#define SEVEN    "0000000000000000000000000000000000000000000000000000000000000007"

TEST(a_transfer_is_read)
{
    struct erc20_transfer t;
    TEST_REQUIRE(erc20_transfer_decode(&t, test_hex(SELECTOR TO SEVEN)));
    EXPECT_SPAN(test_hex("1111111111111111111111111111111111111111"), SPAN_OF(t.to.bytes));
    EXPECT(u256_equal(u256_from_u64(7), t.amount));
}

/* What a token might take all the same, and what means something else. */
TEST(another_form_is_none)
{
    static const char *const bad[] = {
        "",
        SELECTOR,
        SELECTOR TO,
        SELECTOR TO SEVEN "00",
        "095ea7b3" TO SEVEN, /* approve */
        "23b872dd" TO SEVEN, /* transferFrom */
        SELECTOR "0100000000000000000000001111111111111111111111111111111111111111" SEVEN,
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct erc20_transfer t;
        test_note("case %zu", i);
        EXPECT(!erc20_transfer_decode(&t, test_hex(bad[i])));
    }
}

TEST_MAIN
