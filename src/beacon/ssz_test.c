#include "beacon/ssz.h"

#include "base/test.h"

#include <string.h>

/* The roots of all-zero trees, which the specification of the deposit contract lists: each is the hash of two of the one before. */
TEST(zero_trees)
{
    struct hash32 want = {{0}};
    for (size_t depth = 0; depth <= 9; depth++) {
        struct ssz_tree t = {.count = 0};
        struct hash32 leaf = {{0}};
        struct hash32 got;
        for (size_t i = 0; i < (size_t)1 << depth; i++) {
            ssz_add(&t, &leaf);
        }
        ssz_root(&got, &t);
        test_note("depth %zu", depth);
        EXPECT_SPAN(SPAN_OF(want.bytes), SPAN_OF(got.bytes));
        ssz_pair(&want, &want, &want);
    }
    struct hash32 first;
    struct hash32 zero = {{0}};
    ssz_pair(&first, &zero, &zero);
    EXPECT_SPAN(test_hex("f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"),
                SPAN_OF(first.bytes));
}

static struct hash32 leaf_of(uint8_t n)
{
    struct hash32 leaf = {.bytes = {n}};
    return leaf;
}

TEST(missing_leaves_are_zero)
{
    for (size_t count = 1; count <= 17; count++) {
        struct ssz_tree t = {.count = 0};
        struct ssz_tree padded = {.count = 0};
        struct hash32 got;
        struct hash32 want;
        size_t whole = 1;
        while (whole < count) {
            whole *= 2;
        }
        for (size_t i = 0; i < whole; i++) {
            struct hash32 leaf = leaf_of(i < count ? (uint8_t)(i + 1) : 0);
            ssz_add(&padded, &leaf);
            if (i < count) {
                ssz_add(&t, &leaf);
            }
        }
        ssz_root(&got, &t);
        ssz_root(&want, &padded);
        test_note("%zu leaves", count);
        EXPECT_SPAN(SPAN_OF(want.bytes), SPAN_OF(got.bytes));
    }
}

TEST(numbers_and_bytes)
{
    struct ssz_tree t = {.count = 0};
    struct hash32 got;
    struct hash32 want = {
        .bytes = {0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01}
    };
    ssz_add_u64(&t, 0x0102030405060708);
    ssz_root(&got, &t);
    EXPECT_SPAN(SPAN_OF(want.bytes), SPAN_OF(got.bytes));
    uint8_t bytes[48];
    memset(bytes, 0x11, sizeof bytes);
    struct hash32 left;
    struct hash32 right = {{0}};
    memset(left.bytes, 0x11, 32);
    memset(right.bytes, 0x11, 16);
    ssz_pair(&want, &left, &right);
    ssz_bytes_root(&got, SPAN_OF(bytes));
    EXPECT_SPAN(SPAN_OF(want.bytes), SPAN_OF(got.bytes));
}

/* A tree of eight; each leaf's branch holds at its own index and at no other. */
TEST(branches_hold_at_one_index)
{
    struct hash32 nodes[16];
    for (uint8_t i = 0; i < 8; i++) {
        nodes[8 + i] = leaf_of((uint8_t)(i + 1));
    }
    for (size_t i = 7; i > 0; i--) {
        ssz_pair(&nodes[i], &nodes[2 * i], &nodes[2 * i + 1]);
    }
    for (uint64_t index = 8; index < 16; index++) {
        struct hash32 branch[4] = {
            {{0}}, nodes[index ^ 1], nodes[index / 2 ^ 1], nodes[index / 4 ^ 1]};
        struct ssz_branch exact = {.nodes = branch + 1, .count = 3};
        struct ssz_branch longer = {.nodes = branch, .count = 4};
        struct ssz_branch shorter = {.nodes = branch + 1, .count = 2};
        for (uint64_t at = 1; at < 32; at++) {
            test_note("leaf %u at %u", (unsigned)index, (unsigned)at);
            EXPECT_EQ(at == index, ssz_branch_is_valid(&nodes[index], exact, at, &nodes[1]));
        }
        EXPECT(ssz_branch_is_valid(&nodes[index], longer, index, &nodes[1]));
        EXPECT(!ssz_branch_is_valid(&nodes[index], shorter, index, &nodes[1]));
        branch[0].bytes[31] = 1;
        EXPECT(!ssz_branch_is_valid(&nodes[index], longer, index, &nodes[1]));
        branch[3].bytes[0] ^= 1;
        EXPECT(!ssz_branch_is_valid(&nodes[index], exact, index, &nodes[1]));
    }
}

TEST_MAIN
