#include "codec/uvarint.h"

#include "base/rng.h"
#include "base/test.h"

/* The examples of multiformats/unsigned-varint, and the edges of each length. */
TEST(known_values)
{
    static const struct {
        uint64_t value;
        const char *hex;
    } cases[] = {
        {0,                 "00"                },
        {1,                 "01"                },
        {127,               "7f"                },
        {128,               "8001"              },
        {255,               "ff01"              },
        {300,               "ac02"              },
        {16384,             "808001"            },
        {UINT64_C(1) << 56, "808080808080808001"},
        {UVARINT_MAX,       "ffffffffffffffff7f"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct span want = test_hex(cases[i].hex);
        uint8_t out[UVARINT_LEN_MAX];
        test_note("%s", cases[i].hex);
        EXPECT_SPAN(want, span_of(out, uvarint_encode(out, cases[i].value)));
        EXPECT_EQ(want.n, uvarint_len(cases[i].value));
        uint64_t v = 0;
        size_t len = 0;
        EXPECT_OK(uvarint_decode(&v, &len, want));
        EXPECT_EQ(cases[i].value, v);
        EXPECT_EQ(want.n, len);
        for (size_t cut = 0; cut < want.n; cut++) {
            EXPECT_ERR(ERR_TRUNCATED, uvarint_decode(&v, &len, span_first(want, cut)));
        }
    }
}

TEST(refused)
{
    static const struct {
        const char *name;
        const char *hex;
    } cases[] = {
        {"zero in two bytes",   "8000"                },
        {"one in two bytes",    "8100"                },
        {"ten bytes",           "80808080808080808001"},
        {"nine marks of more",  "ffffffffffffffffff"  },
        {"ten bytes, all ones", "ffffffffffffffffff01"},
        {"long form of 2^56",   "80808080808080808000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t v = 7;
        size_t len = 7;
        test_note("%s", cases[i].name);
        EXPECT_ERR(ERR_MALFORMED, uvarint_decode(&v, &len, test_hex(cases[i].hex)));
        EXPECT_EQ(7, v);
        EXPECT_EQ(7, len);
    }
}

TEST(random_round_trip_and_steps)
{
    struct rng_seeded r;
    rng_seeded_init(&r, test_seed());
    for (int i = 0; i < 20000; i++) {
        uint64_t v = rng_u64(&r.rng) >> (1 + rng_below(&r.rng, 63));
        uint8_t out[UVARINT_LEN_MAX];
        size_t n = uvarint_encode(out, v);
        struct uvarint_state s = {0};
        uint64_t got = ~v;
        for (size_t k = 0; k < n; k++) {
            EXPECT_ERR(k + 1 < n ? ERR_TRUNCATED : OK, uvarint_step(&s, &got, out[k]));
        }
        EXPECT_EQ(v, got);
    }
}

TEST(reader_and_writer)
{
    uint8_t store[16];
    struct wr w = wr_init(MSPAN_OF(store));
    uvarint_write(&w, 300);
    uvarint_write(&w, 5);
    EXPECT_OK(wr_end(&w));
    struct rd r = rd_init(span_of(store, w.n));
    EXPECT_EQ(300, uvarint_read(&r));
    EXPECT_EQ(5, uvarint_read(&r));
    EXPECT(rd_end(&r));
    EXPECT_EQ(0, uvarint_read(&r));
    EXPECT(!rd_ok(&r));
    uvarint_write(&w, UVARINT_MAX + 1);
    EXPECT_ERR(ERR_MALFORMED, wr_end(&w));
}

TEST_MAIN
