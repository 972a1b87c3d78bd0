#include "base/wr.h"

#include "base/rd.h"
#include "base/test.h"

TEST(integers_of_each_width_and_order)
{
    uint8_t out[29];
    struct wr w = wr_init(MSPAN_OF(out));
    wr_u8(&w, 0x01);
    wr_be16(&w, 0x0203);
    wr_be32(&w, 0x04050607);
    wr_be64(&w, UINT64_C(0x08090a0b0c0d0e0f));
    wr_le16(&w, 0x0203);
    wr_le32(&w, 0x04050607);
    wr_le64(&w, UINT64_C(0x08090a0b0c0d0e0f));
    EXPECT_OK(wr_end(&w));
    EXPECT_EQ(sizeof out, w.n);
    EXPECT_SPAN(test_hex("01 0203 04050607 08090a0b0c0d0e0f 0302 07060504 0f0e0d0c0b0a0908"),
                SPAN_OF(out));
}

/* Room for exactly n bytes takes n and refuses n + 1, and nothing is written past the refusal. */
TEST(fixed_room_limits)
{
    uint8_t out[5] = {0};
    struct wr w = wr_init(mspan_of(out, 4));
    wr_be32(&w, 0x01020304);
    EXPECT(wr_ok(&w));
    wr_u8(&w, 9);
    EXPECT_ERR(ERR_LIMIT, wr_end(&w));
    EXPECT_EQ(4, w.n);
    EXPECT_EQ(0, out[4]);

    w = wr_init(mspan_of(out, 3));
    wr_be32(&w, 0xffffffff); /* whole or not at all */
    EXPECT_ERR(ERR_LIMIT, wr_end(&w));
    wr_u8(&w, 9); /* sticky, though there is room */
    EXPECT_EQ(0, w.n);
    EXPECT_SPAN(test_hex("0102030400"), SPAN_OF(out));
}

TEST(bytes_behind_their_length)
{
    static uint8_t room[2 * UINT16_MAX];
    static const uint8_t much[UINT16_MAX + 1];
    struct wr w = wr_init(MSPAN_OF(room));
    wr_be16_sized(&w, test_hex("abcd"));
    wr_be16_sized(&w, SPAN_EMPTY);
    wr_be16_sized(&w, span_of(much, UINT16_MAX));
    EXPECT_OK(wr_end(&w));
    EXPECT_EQ(4 + 2 + 2 + UINT16_MAX, w.n);
    EXPECT_SPAN(test_hex("0002 abcd 0000 ffff"), span_of(room, 8));
    wr_be16_sized(&w, SPAN_OF(much));
    EXPECT_ERR(ERR_LIMIT, wr_end(&w));
    EXPECT_EQ(4 + 2 + 2 + UINT16_MAX, w.n);
}

TEST(text_zeros_and_nothing)
{
    uint8_t out[136];
    struct wr w = wr_init(MSPAN_OF(out));
    wr_str(&w, "ab");
    wr_bytes(&w, SPAN_EMPTY);
    wr_zeros(&w, 0);
    wr_zeros(&w, 130); /* more than the zeros are kept at a time */
    wr_str(&w, "");
    EXPECT_OK(wr_end(&w));
    EXPECT_EQ(132, w.n);
    EXPECT_EQ('b', out[1]);
    EXPECT_EQ(0, out[2] | out[131]);
    wr_zeros(&w, 5);
    EXPECT_ERR(ERR_LIMIT, wr_end(&w));
}

TEST(onto_a_buf_up_to_its_max)
{
    struct buf b;
    buf_init(&b, test_budget(), 10);
    EXPECT_OK(buf_append(&b, SPAN_LIT("ab")));
    struct wr w = wr_init_buf(&b);
    wr_be64(&w, 1);
    EXPECT_OK(wr_end(&w));
    EXPECT_EQ(8, w.n);
    EXPECT_EQ(10, b.n);
    wr_u8(&w, 1);
    EXPECT_ERR(ERR_LIMIT, wr_end(&w));
    EXPECT_EQ(10, b.n);
    buf_done(&b);
}

TEST(first_failure_stays)
{
    uint8_t out[1];
    struct wr w = wr_init(MSPAN_OF(out));
    wr_fail(&w, ERR_UNSUPPORTED);
    wr_fail(&w, ERR_INTERNAL);
    wr_be64(&w, 1);
    EXPECT_ERR(ERR_UNSUPPORTED, wr_end(&w));
    EXPECT(!wr_ok(&w));
    EXPECT_EQ(0, w.n);
}

TEST_MAIN
