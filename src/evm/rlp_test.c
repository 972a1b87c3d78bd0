#include "evm/rlp.h"

#include "base/rng.h"
#include "base/test.h"

#include <string.h>

/* Ethereum yellow paper, appendix B, and the examples of ethereum.org's RLP page: encoded forms that
 * must decode and come back the same. */
TEST(canonical_forms)
{
    static const char *const cases[] = {
        "83 646f67",            /* "dog" */
        "c8 83636174 83646f67", /* ["cat", "dog"] */
        "80",                   /* "" */
        "c0",                   /* [] */
        "00",                   /* the byte 0 */
        "0f",                   /* 15 */
        "82 0400",              /* 1024 */
        "c7 c0 c1c0 c3c0c1c0",  /* set theory of three */
        "8180",                 /* the byte 0x80 */
        "b838 "
        "4c6f72656d20697073756d20646f6c6f722073697420616d65742c20636f6e7365637465747572206164697069"
        "736963696e6720656c6974",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s", cases[i]);
        struct span in = test_hex(cases[i]);
        EXPECT_OK(rlp_check(in, RLP_DEPTH_MAX));
        struct span rest = in;
        struct rlp_item item;
        EXPECT_OK(rlp_next(&item, &rest));
        EXPECT_EQ(0, rest.n);
        EXPECT_SPAN(in, item.encoded);
        struct buf b;
        buf_init(&b, test_budget(), 1024);
        struct rlp_wr w = rlp_wr_init(&b);
        if (item.is_list) {
            rlp_wr_list_begin(&w);
            rlp_wr_raw(&w, item.payload);
            rlp_wr_list_end(&w);
        } else {
            rlp_wr_bytes(&w, item.payload);
        }
        EXPECT_OK(rlp_wr_end(&w));
        EXPECT_SPAN(in, buf_span(&b));
        buf_done(&b);
    }
}

TEST(refused_forms)
{
    static const struct {
        const char *hex;
        enum err err;
        const char *why;
    } cases[] = {
        {"",                               ERR_TRUNCATED, "nothing"                        },
        {"81",                             ERR_TRUNCATED, "no payload"                     },
        {"83 646f",                        ERR_TRUNCATED, "short payload"                  },
        {"c1",                             ERR_TRUNCATED, "list without payload"           },
        {"b8",                             ERR_TRUNCATED, "no length"                      },
        {"b9 01",                          ERR_TRUNCATED, "half a length"                  },
        {"bf ffffffffffffffff",            ERR_TRUNCATED, "length near 2^64"               },
        {"ff ffffffffffffffff",            ERR_TRUNCATED, "list length near 2^64"          },
        {"bf 7fffffffffffffff",            ERR_TRUNCATED, "length near 2^63"               },
        {"8100",                           ERR_MALFORMED, "small byte with prefix"         },
        {"817f",                           ERR_MALFORMED, "largest small byte with prefix" },
        {"b800",                           ERR_MALFORMED, "long form of the empty string"  },
        {"b837 "
         "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
         "000000000000000000000", ERR_MALFORMED, "long form of 55 bytes"          },
        {"b90038 00",                      ERR_MALFORMED, "length with a leading zero"     },
        {"f800",                           ERR_MALFORMED, "long form of the empty list"    },
        {"8080",                           ERR_MALFORMED, "two items"                      },
        {"c2 c1",                          ERR_TRUNCATED, "outer list too long"            },
        {"c1 c1",                          ERR_MALFORMED, "inner list beyond the outer one"},
        {"c2 8100",                        ERR_MALFORMED, "bad item inside"                },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s", cases[i].why);
        EXPECT_ERR(cases[i].err, rlp_check(test_hex(cases[i].hex), RLP_DEPTH_MAX));
    }
}

TEST(depth)
{
    uint8_t nested[RLP_DEPTH_MAX + 1];
    for (size_t i = 0; i < sizeof nested; i++) {
        nested[i] = (uint8_t)(0xc0 + sizeof nested - 1 - i);
    }
    EXPECT_ERR(ERR_LIMIT, rlp_check(SPAN_OF(nested), RLP_DEPTH_MAX));
    EXPECT_OK(rlp_check(span_of(nested + 1, sizeof nested - 1), RLP_DEPTH_MAX));
    EXPECT_ERR(ERR_LIMIT, rlp_check(test_hex("c1c0"), 1));
    EXPECT_OK(rlp_check(test_hex("c1c0"), 2));
}

TEST(reader)
{
    struct rlp_rd r = rlp_rd_list(test_hex("cb 80 01 820400 83646f67 c101"));
    EXPECT_EQ(0, rlp_rd_u64(&r));
    EXPECT_EQ(1, rlp_rd_u64(&r));
    EXPECT_EQ(1024, rlp_rd_u64(&r));
    uint8_t dog[3];
    rlp_rd_fixed(&r, MSPAN_OF(dog));
    EXPECT_SPAN(SPAN_LIT("dog"), SPAN_OF(dog));
    EXPECT(rlp_rd_more(&r));
    EXPECT_SPAN(test_hex("01"), rlp_rd_sublist(&r));
    EXPECT(rlp_rd_end(&r));
    (void)rlp_rd_bytes(&r);
    EXPECT(!rlp_rd_end(&r));

    static const char *const bad_numbers[] = {
        "c1 00",                   /* zero is the empty string */
        "c3 820001",               /* leading zero */
        "c1 c0",                   /* a list */
        "ca 89010000000000000000", /* over 64 bits */
        "e2 a1010000000000000000000000000000000000000000000000000000000000000000", /* over 256 bits */
    };
    for (size_t i = 0; i < sizeof bad_numbers / sizeof *bad_numbers; i++) {
        test_note("%s", bad_numbers[i]);
        r = rlp_rd_list(test_hex(bad_numbers[i]));
        EXPECT_EQ(0, rlp_rd_u64(&r));
        EXPECT(!rlp_rd_end(&r));
    }
    r = rlp_rd_list(test_hex("80"));
    EXPECT(!rlp_rd_end(&r));
    r = rlp_rd_list(test_hex("c080"));
    EXPECT(!rlp_rd_end(&r));
}

/* Random trees: what the writer writes, the reader takes. */
static void write_random(struct rlp_wr *w, struct rng *rng, unsigned depth)
{
    for (uint64_t i = 0, n = rng_below(rng, 5); i < n; i++) {
        if (depth > 0 && rng_below(rng, 2) == 0) {
            rlp_wr_list_begin(w);
            write_random(w, rng, depth - 1);
            rlp_wr_list_end(w);
        } else {
            uint8_t bytes[300];
            rng_fill(rng, MSPAN_OF(bytes));
            rlp_wr_bytes(w, span_of(bytes, (size_t)rng_below(rng, 8) == 0
                                               ? sizeof bytes
                                               : (size_t)rng_below(rng, 60)));
        }
    }
}

TEST(random_trees)
{
    struct rng_seeded seeded;
    rng_seeded_init(&seeded, test_seed());
    for (int i = 0; i < 2000; i++) {
        struct buf b;
        buf_init(&b, test_budget(), 1 << 20);
        struct rlp_wr w = rlp_wr_init(&b);
        rlp_wr_list_begin(&w);
        write_random(&w, &seeded.rng, RLP_WR_DEPTH_MAX - 1);
        rlp_wr_list_end(&w);
        EXPECT_OK(rlp_wr_end(&w));
        EXPECT_OK(rlp_check(buf_span(&b), RLP_DEPTH_MAX));
        buf_done(&b);
    }
}

TEST(full_buf)
{
    for (size_t max = 0; max < 70; max++) {
        struct buf b;
        buf_init(&b, test_budget(), max);
        struct rlp_wr w = rlp_wr_init(&b);
        rlp_wr_list_begin(&w);
        uint8_t bytes[64] = {0};
        rlp_wr_bytes(&w, SPAN_OF(bytes));
        rlp_wr_u64(&w, 0);
        rlp_wr_list_end(&w);
        EXPECT_ERR(max < 69 ? ERR_LIMIT : OK, rlp_wr_end(&w));
        buf_done(&b);
    }
}

TEST_MAIN
