#include "base/span.h"

#include "base/test.h"

#include <string.h>

TEST(literals_and_arrays)
{
    uint8_t bytes[3] = {1, 2, 3};
    EXPECT_EQ(3, SPAN_OF(bytes).n);
    EXPECT_EQ(3, MSPAN_OF(bytes).n);
    EXPECT_EQ(3, SPAN_LIT("abc").n);
    EXPECT_EQ(0, SPAN_LIT("").n);
    EXPECT_SPAN(SPAN_LIT("abc"), span_str("abc"));
    EXPECT(span_const(MSPAN_OF(bytes)).p == bytes);
}

TEST(equal_and_compare)
{
    static const struct {
        struct span a;
        struct span b;
        int order;
    } cases[] = {
        {SPAN_INIT(""),     SPAN_INIT(""),         0 },
        {SPAN_INIT(""),     SPAN_INIT("a"),        -1},
        {SPAN_INIT("a"),    SPAN_INIT("a"),        0 },
        {SPAN_INIT("a"),    SPAN_INIT("b"),        -1},
        {SPAN_INIT("ab"),   SPAN_INIT("b"),        -1},
        {SPAN_INIT("ab"),   SPAN_INIT("a"),        1 },
        {SPAN_INIT("\xff"), SPAN_INIT("\x01\x01"), 1 }, /* bytes are unsigned */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("case %zu", i);
        int there = span_compare(cases[i].a, cases[i].b);
        int back = span_compare(cases[i].b, cases[i].a);
        EXPECT((there > 0) - (there < 0) == cases[i].order);
        EXPECT((back > 0) - (back < 0) == -cases[i].order);
        EXPECT(span_equal(cases[i].a, cases[i].b) == (cases[i].order == 0));
    }
    EXPECT(span_equal(SPAN_EMPTY, SPAN_LIT("")));
}

TEST(cut_is_capped)
{
    struct span s = SPAN_LIT("abc");
    EXPECT_SPAN(SPAN_LIT("abc"), span_from(s, 0));
    EXPECT_SPAN(SPAN_LIT("c"), span_from(s, 2));
    EXPECT_SPAN(SPAN_LIT(""), span_from(s, 3));
    EXPECT_SPAN(SPAN_LIT(""), span_from(s, 4));
    EXPECT_SPAN(SPAN_LIT(""), span_first(s, 0));
    EXPECT_SPAN(SPAN_LIT("ab"), span_first(s, 2));
    EXPECT_SPAN(SPAN_LIT("abc"), span_first(s, 4));
    EXPECT_EQ(0, span_from(SPAN_EMPTY, SIZE_MAX).n);
    EXPECT_SPAN(SPAN_LIT("ab"), span_take(&s, 2));
    EXPECT_SPAN(SPAN_LIT("c"), span_take(&s, SIZE_MAX));
    EXPECT_SPAN(SPAN_EMPTY, span_take(&s, 1));
}

TEST(prefix_and_find)
{
    EXPECT(span_starts_with(SPAN_LIT("abc"), SPAN_LIT("")));
    EXPECT(span_starts_with(SPAN_LIT("abc"), SPAN_LIT("abc")));
    EXPECT(!span_starts_with(SPAN_LIT("abc"), SPAN_LIT("abcd")));
    EXPECT(!span_starts_with(SPAN_LIT("abc"), SPAN_LIT("b")));
    EXPECT(span_starts_with(SPAN_EMPTY, SPAN_EMPTY));
    EXPECT_EQ(0, span_find(SPAN_LIT("abc"), 'a'));
    EXPECT_EQ(2, span_find(SPAN_LIT("abc"), 'c'));
    EXPECT_EQ(3, span_find(SPAN_LIT("abc"), 'd'));
    EXPECT_EQ(0, span_find(SPAN_EMPTY, 'a'));
}

TEST(copy_fits_the_smaller)
{
    uint8_t out[2] = {9, 9};
    EXPECT_EQ(0, span_copy((struct mspan){0}, SPAN_LIT("abc")));
    EXPECT_EQ(0, span_copy(MSPAN_OF(out), SPAN_EMPTY));
    EXPECT_EQ(9, out[0]);
    EXPECT_EQ(1, span_copy(MSPAN_OF(out), SPAN_LIT("a")));
    EXPECT_EQ(9, out[1]);
    EXPECT_EQ(2, span_copy(MSPAN_OF(out), SPAN_LIT("xyz")));
    EXPECT_SPAN(SPAN_LIT("xy"), SPAN_OF(out));
}

TEST(copy_may_overlap)
{
    uint8_t b[4] = {1, 2, 3, 4};
    EXPECT_EQ(3, span_copy(mspan_from(MSPAN_OF(b), 1), span_of(b, 3)));
    EXPECT_SPAN(test_hex("01010203"), SPAN_OF(b));
}

TEST(mspan_cut_is_capped)
{
    uint8_t b[3] = {1, 2, 3};
    EXPECT_EQ(1, mspan_from(MSPAN_OF(b), 2).n);
    EXPECT_EQ(0, mspan_from(MSPAN_OF(b), 4).n);
    EXPECT_EQ(2, mspan_first(MSPAN_OF(b), 2).n);
    EXPECT_EQ(3, mspan_first(MSPAN_OF(b), 4).n);
}

TEST_MAIN
