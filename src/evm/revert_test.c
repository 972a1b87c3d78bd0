#include "evm/revert.h"

#include "base/test.h"
#include "evm/abi.h"

/* Solidity documentation, "Control Structures", revert: the data of require(false, "Not enough Ether provided."). */
TEST(error_of_solidity)
{
    struct span data = test_hex("08c379a0"
                                "0000000000000000000000000000000000000000000000000000000000000020"
                                "000000000000000000000000000000000000000000000000000000000000001a"
                                "4e6f7420656e6f7567682045746865722070726f76696465642e000000000000");
    struct revert rv = revert_decode(data);
    EXPECT_EQ(REVERT_ERROR, rv.kind);
    EXPECT_SPAN(SPAN_LIT("Not enough Ether provided."), rv.reason);
    rv = revert_decode(span_first(data, data.n - 32));
    EXPECT_EQ(REVERT_OTHER, rv.kind);
    EXPECT_EQ(0, rv.reason.n);
}

TEST(other_kinds)
{
    EXPECT_EQ(REVERT_EMPTY, revert_decode(SPAN_EMPTY).kind);
    EXPECT_EQ(REVERT_OTHER, revert_decode(test_hex("08c379")).kind);
    EXPECT_EQ(REVERT_OTHER, revert_decode(test_hex("deadbeef")).kind);
    struct revert rv = revert_decode(
        test_hex("4e487b71 0000000000000000000000000000000000000000000000000000000000000011"));
    EXPECT_EQ(REVERT_PANIC, rv.kind);
    EXPECT_STR("a number over- or underflowed", revert_panic_text(rv.code));
    EXPECT_STR("an unknown panic", revert_panic_text(U256_MAX));

    struct buf b;
    buf_init(&b, test_budget(), 1024);
    EXPECT_OK(buf_append(&b, test_hex("65c8fd4d")));
    struct abi_wr w = abi_wr_init(&b, 3);
    abi_wr_u64(&w, 0);
    abi_wr_bytes(&w, SPAN_LIT("AA23 reverted"));
    abi_wr_bytes(&w, SPAN_LIT("xyz"));
    EXPECT_OK(abi_wr_end(&w));
    rv = revert_decode(buf_span(&b));
    EXPECT_EQ(REVERT_FAILED_OP_WITH_REVERT, rv.kind);
    EXPECT_SPAN(SPAN_LIT("AA23 reverted"), rv.reason);
    EXPECT_SPAN(SPAN_LIT("xyz"), rv.inner);
    buf_done(&b);
}

TEST_MAIN
