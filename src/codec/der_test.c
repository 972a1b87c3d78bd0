#include "codec/der.h"

#include "base/rng.h"
#include "base/test.h"

TEST(lengths)
{
    static const struct {
        const char *name;
        const char *hex;
        bool is_good;
    } cases[] = {
        {"empty content",         "0400",             true },
        {"one byte",              "040101",           true },
        {"cut",                   "0402ff",           false},
        {"no length",             "04",               false},
        {"indefinite",            "0480ff0000",       false},
        {"long form of 1",        "04810101",         false},
        {"long form with a zero", "0482000101",       false},
        {"five length bytes",     "04850000000001ff", false},
        {"reserved 0xff",         "04ff01",           false},
        {"huge",                  "0484ffffffff00",   false},
        {"multi-byte tag",        "1f8101 00",        false},
        {"another tag",           "020101",           false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rd r = rd_init(test_hex(cases[i].hex));
        (void)der_read(&r, DER_OCTET_STRING);
        test_note("%s", cases[i].name);
        EXPECT(rd_end(&r) == cases[i].is_good);
    }
}

/* X.690 section 8.3; every shortest form is read, every other refused. */
TEST(integers)
{
    static const struct {
        const char *hex;
        const char *value; /* NULL: refused */
    } cases[] = {
        {"020100",     "00"  },
        {"02017f",     "7f"  },
        {"02020080",   "80"  },
        {"02020100",   "0100"},
        {"020200ff",   "ff"  },
        {"0200",       NULL  },
        {"020180",     NULL  },
        {"0201ff",     NULL  },
        {"0202007f",   NULL  },
        {"02020000",   NULL  },
        {"02030000ff", NULL  },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rd r = rd_init(test_hex(cases[i].hex));
        struct span got = der_read_uint(&r);
        test_note("%s", cases[i].hex);
        EXPECT(rd_end(&r) == (cases[i].value != NULL));
        if (!cases[i].value) {
            continue;
        }
        EXPECT_SPAN(test_hex(cases[i].value), got);
        uint8_t store[16];
        struct wr w = wr_init(MSPAN_OF(store));
        der_write_uint(&w, got);
        EXPECT_SPAN(test_hex(cases[i].hex), span_of(store, w.n));
        EXPECT_EQ(w.n, der_uint_len(got));
    }
}

TEST(bits_and_oid)
{
    struct rd r = rd_init(test_hex("0303000102 0603551d0f"));
    EXPECT_SPAN(test_hex("0102"), der_read_bits(&r));
    der_read_oid(&r, test_hex("551d0f"));
    EXPECT(rd_end(&r));
    r = rd_init(test_hex("0303010102")); /* an unused bit */
    (void)der_read_bits(&r);
    EXPECT(!rd_ok(&r));
    r = rd_init(test_hex("0300"));
    (void)der_read_bits(&r);
    EXPECT(!rd_ok(&r));
    r = rd_init(test_hex("0603551d10"));
    der_read_oid(&r, test_hex("551d0f"));
    EXPECT(!rd_ok(&r));
}

TEST(ecdsa)
{
    static const struct {
        const char *name;
        const char *hex;
        enum err want;
    } cases[] = {
        {"good",                "3006020101020102",         OK           },
        {"with sign bytes",     "3008020200ff020200fe",     OK           },
        {"trailing inside",     "3009020101020102020103",   ERR_MALFORMED},
        {"trailing outside",    "300602010102010200",       ERR_MALFORMED},
        {"s missing",           "3003020101",               ERR_MALFORMED},
        {"negative r",          "3006020181020102",         ERR_MALFORMED},
        {"padded r",            "300702020001020102",       ERR_MALFORMED},
        {"r too large",         "300a02050100000000020102", ERR_MALFORMED},
        {"no sequence",         "3106020101020102",         ERR_MALFORMED},
        {"empty",               "",                         ERR_MALFORMED},
        {"length in long form", "308106020101020102",       ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t r[4];
        uint8_t s[4];
        struct span in = test_hex(cases[i].hex);
        test_note("%s", cases[i].name);
        EXPECT_ERR(cases[i].want, der_decode_ecdsa(MSPAN_OF(r), MSPAN_OF(s), in));
        if (cases[i].want == OK) {
            uint8_t store[32];
            struct wr w = wr_init(MSPAN_OF(store));
            der_write_ecdsa(&w, SPAN_OF(r), SPAN_OF(s));
            EXPECT_SPAN(in, span_of(store, w.n));
        }
    }
}

TEST(random_round_trip)
{
    struct rng_seeded g;
    rng_seeded_init(&g, test_seed());
    for (int i = 0; i < 3000; i++) {
        static uint8_t content[70000];
        static uint8_t store[70010];
        size_t n = (size_t)rng_below(&g.rng, UINT64_C(1) << rng_below(&g.rng, 17));
        struct wr w = wr_init(MSPAN_OF(store));
        der_write(&w, DER_SEQUENCE, span_of(content, n));
        EXPECT_EQ(w.n, der_len(n));
        struct rd r = rd_init(span_of(store, w.n));
        uint8_t tag = 0;
        struct span raw;
        struct span got = der_read_any(&r, &tag, &raw);
        EXPECT(rd_end(&r));
        EXPECT_EQ(DER_SEQUENCE, tag);
        EXPECT_EQ(n, got.n);
        EXPECT_EQ(w.n, raw.n);
    }
}

TEST(nesting)
{
    struct rd r = rd_init(test_hex("3009 0202 00ff 0603 551d0f 0500"));
    EXPECT_EQ(DER_SEQUENCE, der_peek(&r));
    struct rd inner = der_enter(&r, DER_SEQUENCE);
    uint8_t number[4];
    der_read_uint_fixed(&inner, MSPAN_OF(number));
    EXPECT_SPAN(test_hex("000000ff"), SPAN_OF(number));
    der_read_oid(&inner, test_hex("551d0f"));
    EXPECT(rd_end(&inner));
    EXPECT_EQ(-1, der_peek(&inner));
    EXPECT_EQ(DER_NULL, der_peek(&r));
    struct rd none = der_enter(&r, DER_SEQUENCE);
    EXPECT(!rd_ok(&none));
    EXPECT(!rd_ok(&r));
    EXPECT_EQ(-1, der_peek(&r));
    uint8_t tag = 0;
    struct span raw;
    (void)der_read_any(&r, &tag, &raw);
    EXPECT_EQ(0, raw.n);
    EXPECT_EQ(0xa3, der_context(3));
}

TEST(fixed_integers)
{
    static const struct {
        const char *hex;
        const char *want; /* NULL: does not fit */
    } cases[] = {
        {"020100",      "0000"},
        {"02017f",      "007f"},
        {"02027fff",    "7fff"},
        {"0203 00ffff", "ffff"},
        {"0203010000",  NULL  },
        {"0201ff",      NULL  },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rd r = rd_init(test_hex(cases[i].hex));
        uint8_t out[2];
        test_note("%s", cases[i].hex);
        der_read_uint_fixed(&r, MSPAN_OF(out));
        EXPECT(rd_end(&r) == (cases[i].want != NULL));
        EXPECT(!cases[i].want || span_equal(test_hex(cases[i].want), SPAN_OF(out)));
    }
}

TEST(written_bits)
{
    uint8_t store[8];
    struct wr w = wr_init(MSPAN_OF(store));
    der_write_bits(&w, SPAN_LIT("ab"));
    EXPECT_SPAN(test_hex("0303006162"), span_of(store, w.n));
    w = wr_init(MSPAN_OF(store));
    der_write_uint(&w, SPAN_LIT("\0\0"));
    EXPECT_SPAN(test_hex("020100"), span_of(store, w.n));
    struct wr huge = wr_init(MSPAN_OF(store));
    der_write_header(&huge, DER_SEQUENCE, (size_t)1 << 32);
    EXPECT_ERR(sizeof(size_t) > 4 ? ERR_LIMIT : OK, wr_end(&huge));
}

TEST_MAIN
