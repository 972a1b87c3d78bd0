#include "base/rd.h"

#include "base/test.h"

TEST(integers_of_each_width_and_order)
{
    struct rd r =
        rd_init(test_hex("01 0203 04050607 08090a0b0c0d0e0f 0302 07060504 0f0e0d0c0b0a0908"));
    EXPECT_EQ(0x01, rd_u8(&r));
    EXPECT_EQ(0x0203, rd_be16(&r));
    EXPECT_EQ(0x04050607, rd_be32(&r));
    EXPECT_EQ(UINT64_C(0x08090a0b0c0d0e0f), rd_be64(&r));
    EXPECT_EQ(15, rd_offset(&r));
    EXPECT(!rd_end(&r));
    EXPECT_EQ(0x0203, rd_le16(&r));
    EXPECT_EQ(0x04050607, rd_le32(&r));
    EXPECT_EQ(UINT64_C(0x08090a0b0c0d0e0f), rd_le64(&r));
    EXPECT(rd_end(&r));
}

TEST(largest_values)
{
    struct rd r = rd_init(test_hex("ff ffff ffffffff ffffffffffffffff"));
    EXPECT_EQ(UINT8_MAX, rd_u8(&r));
    EXPECT_EQ(UINT16_MAX, rd_be16(&r));
    EXPECT_EQ(UINT32_MAX, rd_le32(&r));
    EXPECT_EQ(UINT64_MAX, rd_be64(&r));
    EXPECT(rd_end(&r));
}

TEST(bytes_behind_their_length)
{
    struct rd r = rd_init(test_hex("0002 abcd 0000 0003 0102"));
    EXPECT_SPAN(test_hex("abcd"), rd_be16_sized(&r));
    EXPECT_EQ(0, rd_be16_sized(&r).n);
    EXPECT(rd_ok(&r));
    EXPECT_EQ(0, rd_be16_sized(&r).n); /* one byte is missing */
    EXPECT(!rd_ok(&r));
}

/* One byte short of each width: fails, gives zero, stays failed. */
TEST(one_byte_short)
{
    struct span in = test_hex("ffffffffffffff");
    for (size_t width = 1; width <= 8; width *= 2) {
        test_note("width %zu", width);
        struct rd r = rd_init(span_first(in, width - 1));
        uint64_t v = width == 1   ? rd_u8(&r)
                     : width == 2 ? rd_be16(&r)
                     : width == 4 ? rd_le32(&r)
                                  : rd_be64(&r);
        EXPECT_EQ(0, v);
        EXPECT(!rd_ok(&r));
        EXPECT_EQ(0, rd_u8(&r));
        EXPECT(!rd_end(&r));
    }
}

TEST(failure_is_sticky)
{
    struct rd r = rd_init(test_hex("01020304"));
    EXPECT_EQ(0, rd_bytes(&r, 5).n);
    EXPECT_EQ(0, rd_u8(&r)); /* though a byte is there */
    EXPECT_EQ(0, rd_rest(&r).n);
    EXPECT_EQ(0, rd_bytes(&r, 0).n);
    EXPECT(!rd_ok(&r));
}

TEST(bytes_point_into_the_input)
{
    struct span in = test_hex("0102030405");
    struct rd r = rd_init(in);
    struct span s = rd_bytes(&r, 2);
    EXPECT(s.p == in.p);
    EXPECT_EQ(2, s.n);
    EXPECT_EQ(0, rd_bytes(&r, 0).n);
    EXPECT(rd_ok(&r));
    EXPECT_SPAN(test_hex("030405"), rd_rest(&r));
    EXPECT(rd_end(&r));
    EXPECT_EQ(0, rd_rest(&r).n);
    EXPECT(rd_end(&r));
    EXPECT_EQ(0, rd_bytes(&r, SIZE_MAX).n);
    EXPECT(!rd_ok(&r));
}

TEST(copy_is_whole_or_zero)
{
    uint8_t out[3] = {9, 9, 9};
    struct rd r = rd_init(test_hex("01020304"));
    rd_copy(&r, MSPAN_OF(out));
    EXPECT_SPAN(test_hex("010203"), SPAN_OF(out));
    rd_copy(&r, (struct mspan){0});
    EXPECT(rd_ok(&r));
    rd_copy(&r, MSPAN_OF(out));
    EXPECT_SPAN(test_hex("000000"), SPAN_OF(out));
    EXPECT(!rd_ok(&r));
}

TEST(fail_by_hand)
{
    struct rd r = rd_init(test_hex("01"));
    rd_fail(&r);
    EXPECT(!rd_ok(&r));
    EXPECT_EQ(0, rd_u8(&r));
}

TEST(empty_input)
{
    struct rd r = rd_init(SPAN_EMPTY);
    EXPECT(rd_end(&r));
    EXPECT_EQ(0, rd_u8(&r));
    EXPECT(!rd_end(&r));
}

TEST_MAIN
