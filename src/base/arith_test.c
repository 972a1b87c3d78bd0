#include "base/arith.h"

#include "base/instant.h"
#include "base/test.h"

#define EXPECT_SUM(suffix, type, max)                                                              \
    do {                                                                                           \
        type r = 7;                                                                                \
        EXPECT(add_ok_##suffix(&r, (type)(max) - 1, 1));                                           \
        EXPECT_EQ(max, r);                                                                         \
        EXPECT(!add_ok_##suffix(&r, (type)(max), 1));                                              \
        EXPECT_EQ(max, r); /* untouched on overflow */                                             \
        EXPECT_EQ(max, add_sat_##suffix((type)(max), 1));                                          \
        EXPECT_EQ(max, add_sat_##suffix((type)(max) - 1, 1));                                      \
        EXPECT_EQ(3, add_sat_##suffix(1, 2));                                                      \
        EXPECT_EQ(0, sub_sat_##suffix(1, 2));                                                      \
        EXPECT_EQ(0, sub_sat_##suffix(2, 2));                                                      \
        EXPECT_EQ(1, sub_sat_##suffix(3, 2));                                                      \
    } while (0)

#define EXPECT_PRODUCT(suffix, type, max)                                                          \
    do {                                                                                           \
        type r = 7;                                                                                \
        type half = (type)((max) / 2);                                                             \
        EXPECT(mul_ok_##suffix(&r, half, 2));                                                      \
        EXPECT_EQ((max) - 1, r);                                                                   \
        EXPECT(!mul_ok_##suffix(&r, half + 1, 2));                                                 \
        EXPECT_EQ((max) - 1, r);                                                                   \
        EXPECT(mul_ok_##suffix(&r, (type)(max), 0));                                               \
        EXPECT_EQ(0, r);                                                                           \
        EXPECT_EQ(max, mul_sat_##suffix(half + 1, 2));                                             \
        EXPECT_EQ(6, mul_sat_##suffix(2, 3));                                                      \
        EXPECT_EQ(2, min_##suffix(2, (type)(max)));                                                \
        EXPECT_EQ(max, max_##suffix(2, (type)(max)));                                              \
    } while (0)

TEST(sums_at_the_edge)
{
    EXPECT_SUM(size, size_t, SIZE_MAX);
    EXPECT_SUM(u64, uint64_t, UINT64_MAX);
    EXPECT_SUM(u32, uint32_t, UINT32_MAX);
}

TEST(products_at_the_edge)
{
    EXPECT_PRODUCT(size, size_t, SIZE_MAX);
    EXPECT_PRODUCT(u64, uint64_t, UINT64_MAX);
    EXPECT_PRODUCT(u32, uint32_t, UINT32_MAX);
}

TEST(instants)
{
    instant t = {.us = 10};
    EXPECT_EQ(12, instant_add(t, 2).us);
    EXPECT(instant_is_never(instant_add(t, UINT64_MAX - 10)));
    EXPECT(instant_is_never(instant_add(t, UINT64_MAX - 9)));
    EXPECT(!instant_is_never(instant_add(t, UINT64_MAX - 11)));
    EXPECT(instant_is_never(instant_add(INSTANT_NEVER, 0)));
    EXPECT(instant_before(t, instant_add(t, 1)));
    EXPECT(!instant_before(t, t));
    EXPECT(instant_reached(t, t));
    EXPECT(!instant_reached(instant_add(t, 1), t));
    EXPECT(!instant_reached(INSTANT_NEVER, INSTANT_NEVER));
    EXPECT_EQ(10, instant_min(t, INSTANT_NEVER).us);
    EXPECT_EQ(5, instant_since(t, instant_add(t, 5)));
    EXPECT_EQ(0, instant_since(instant_add(t, 5), t));
}

TEST_MAIN
