#include "codec/cbor.h"

#include "base/rng.h"
#include "base/test.h"

#include <string.h>

/* RFC 8949 Appendix A, the examples that are within our bounds. */
TEST(integers_of_appendix_a)
{
    static const struct {
        const char *hex;
        int64_t value;
    } cases[] = {
        {"00",                 0                     },
        {"01",                 1                     },
        {"0a",                 10                    },
        {"17",                 23                    },
        {"1818",               24                    },
        {"1819",               25                    },
        {"1864",               100                   },
        {"1903e8",             1000                  },
        {"1a000f4240",         1000000               },
        {"1b000000e8d4a51000", INT64_C(1000000000000)},
        {"20",                 -1                    },
        {"29",                 -10                   },
        {"3863",               -100                  },
        {"3903e7",             -1000                 },
        {"1b7fffffffffffffff", INT64_MAX             },
        {"3b7fffffffffffffff", INT64_MIN             },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cbor item;
        int64_t got = 0;
        test_note("%s", cases[i].hex);
        EXPECT_OK(cbor_decode(&item, test_hex(cases[i].hex), CBOR_CANONICAL));
        EXPECT_OK(cbor_get_i64(&got, item));
        EXPECT(got == cases[i].value);
        uint8_t store[16];
        struct wr w = wr_init(MSPAN_OF(store));
        cbor_write_i64(&w, cases[i].value);
        EXPECT_SPAN(test_hex(cases[i].hex), span_of(store, w.n));
    }
    struct cbor item;
    int64_t got = 0;
    EXPECT_OK(cbor_decode(&item, test_hex("1bffffffffffffffff"), CBOR_CANONICAL));
    EXPECT_EQ(UINT64_MAX, item.arg);
    EXPECT_ERR(ERR_MALFORMED, cbor_get_i64(&got, item));
}

TEST(other_items_of_appendix_a)
{
    static const struct {
        const char *hex;
        enum cbor_type type;
    } cases[] = {
        {"f4",                                                         CBOR_BOOL },
        {"f5",                                                         CBOR_BOOL },
        {"f6",                                                         CBOR_NULL },
        {"40",                                                         CBOR_BYTES},
        {"4401020304",                                                 CBOR_BYTES},
        {"60",                                                         CBOR_TEXT },
        {"6161",                                                       CBOR_TEXT },
        {"62225c",                                                     CBOR_TEXT },
        {"62c3bc",                                                     CBOR_TEXT },
        {"64f0908591",                                                 CBOR_TEXT },
        {"80",                                                         CBOR_ARRAY},
        {"83010203",                                                   CBOR_ARRAY},
        {"8301820203820405",                                           CBOR_ARRAY},
        {"98190102030405060708090a0b0c0d0e0f101112131415161718181819", CBOR_ARRAY},
        {"a0",                                                         CBOR_MAP  },
        {"a201020304",                                                 CBOR_MAP  },
        {"a26161016162820203",                                         CBOR_MAP  },
        {"826161a161626163",                                           CBOR_ARRAY},
        {"a56161614161626142616361436164614461656145",                 CBOR_MAP  },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cbor item;
        struct span whole = test_hex(cases[i].hex);
        test_note("%s", cases[i].hex);
        EXPECT_OK(cbor_decode(&item, whole, CBOR_CANONICAL));
        EXPECT_EQ(cases[i].type, item.type);
        EXPECT_SPAN(whole, item.raw);
        for (size_t cut = 0; cut < whole.n; cut++) {
            EXPECT_ERR(ERR_TRUNCATED, cbor_decode(&item, span_first(whole, cut), CBOR_CANONICAL));
        }
    }
}

TEST(refused)
{
    static const struct {
        const char *name;
        const char *hex;
        enum err canonical;
        enum err any_order;
    } cases[] = {
        {"0 in two bytes",           "1800",                    ERR_MALFORMED,   ERR_MALFORMED  },
        {"23 in two bytes",          "1817",                    ERR_MALFORMED,   ERR_MALFORMED  },
        {"255 in three bytes",       "1900ff",                  ERR_MALFORMED,   ERR_MALFORMED  },
        {"65535 in five bytes",      "1a0000ffff",              ERR_MALFORMED,   ERR_MALFORMED  },
        {"2^32-1 in nine bytes",     "1b00000000ffffffff",      ERR_MALFORMED,   ERR_MALFORMED  },
        {"length not shortest",      "580161",                  ERR_MALFORMED,   ERR_MALFORMED  },
        {"info 28",                  "1c",                      ERR_MALFORMED,   ERR_MALFORMED  },
        {"indefinite bytes",         "5f4100ff",                ERR_MALFORMED,   ERR_MALFORMED  },
        {"indefinite array",         "9f01ff",                  ERR_MALFORMED,   ERR_MALFORMED  },
        {"indefinite map",           "bf0102ff",                ERR_MALFORMED,   ERR_MALFORMED  },
        {"break alone",              "ff",                      ERR_MALFORMED,   ERR_MALFORMED  },
        {"text not UTF-8",           "61ff",                    ERR_MALFORMED,   ERR_MALFORMED  },
        {"tag",                      "c11a514b67b0",            ERR_UNSUPPORTED, ERR_UNSUPPORTED},
        {"half float",               "f93c00",                  ERR_UNSUPPORTED, ERR_UNSUPPORTED},
        {"double",                   "fb3ff199999999999a",      ERR_UNSUPPORTED, ERR_UNSUPPORTED},
        {"undefined",                "f7",                      ERR_UNSUPPORTED, ERR_UNSUPPORTED},
        {"simple 16",                "f0",                      ERR_UNSUPPORTED, ERR_UNSUPPORTED},
        {"simple 255",               "f8ff",                    ERR_UNSUPPORTED, ERR_UNSUPPORTED},
        {"trailing byte",            "0000",                    ERR_MALFORMED,   ERR_MALFORMED  },
        {"keys out of order",        "a203040102",              ERR_MALFORMED,   OK             },
        {"longer text key first",    "a2626161016162 02",       ERR_MALFORMED,   OK             },
        {"text key before int key",  "a2616101 0102",           ERR_MALFORMED,   OK             },
        {"negative before positive", "a220010102",              ERR_MALFORMED,   OK             },
        {"key twice",                "a201020103",              ERR_MALFORMED,   ERR_MALFORMED  },
        {"key twice, apart",         "a3010202030104",          ERR_MALFORMED,   ERR_MALFORMED  },
        {"key twice behind nesting", "a2616182a10102806161 00", ERR_MALFORMED,   ERR_MALFORMED  },
        {"key twice, deeper",        "8181a201020103",          ERR_MALFORMED,   ERR_MALFORMED  },
        {"array as key",             "a18000",                  ERR_UNSUPPORTED, ERR_UNSUPPORTED},
        {"null as key",              "a1f600",                  ERR_UNSUPPORTED, ERR_UNSUPPORTED},
        {"huge array",               "9bffffffffffffffff",      ERR_TRUNCATED,   ERR_TRUNCATED  },
        {"huge map",                 "bbffffffffffffffff",      ERR_LIMIT,       ERR_LIMIT      },
        {"huge bytes",               "5bffffffffffffffff00",    ERR_TRUNCATED,   ERR_TRUNCATED  },
        {"depth 7",                  "8181818181818100",        OK,              OK             },
        {"depth 8",                  "818181818181818100",      OK,              OK             },
        {"depth 9",                  "81818181818181818100",    ERR_LIMIT,       ERR_LIMIT      },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cbor item;
        test_note("%s", cases[i].name);
        EXPECT_ERR(cases[i].canonical, cbor_decode(&item, test_hex(cases[i].hex), CBOR_CANONICAL));
        EXPECT_ERR(cases[i].any_order, cbor_decode(&item, test_hex(cases[i].hex), CBOR_ANY_ORDER));
    }
}

TEST(pairs_limit)
{
    uint8_t store[512];
    for (uint64_t count = CBOR_PAIRS_MAX; count <= CBOR_PAIRS_MAX + 1; count++) {
        struct wr w = wr_init(MSPAN_OF(store));
        cbor_write_map(&w, count);
        for (uint64_t i = 0; i < count; i++) {
            cbor_write_u64(&w, i);
            cbor_write_null(&w);
        }
        struct cbor item;
        enum err want = count > CBOR_PAIRS_MAX ? ERR_LIMIT : OK;
        EXPECT_ERR(want, cbor_decode(&item, span_of(store, w.n), CBOR_CANONICAL));
        EXPECT_ERR(want, cbor_decode(&item, span_of(store, w.n), CBOR_ANY_ORDER));
    }
}

TEST(look_up)
{
    uint8_t store[128];
    struct wr w = wr_init(MSPAN_OF(store));
    cbor_write_map(&w, 4);
    cbor_write_u64(&w, 1);
    cbor_write_u64(&w, 2);
    cbor_write_i64(&w, -2);
    cbor_write_bytes(&w, SPAN_LIT("xy"));
    cbor_write_text(&w, "fmt");
    cbor_write_text(&w, "none");
    cbor_write_text(&w, "list");
    cbor_write_array(&w, 2);
    cbor_write_bool(&w, true);
    cbor_write_map(&w, 0);
    wr_u8(&w, 0xf6);
    struct span in = span_of(store, w.n);
    struct cbor map;
    struct cbor v;
    TEST_REQUIRE(cbor_take(&map, &in, CBOR_CANONICAL) == OK);
    EXPECT_EQ(1, in.n);
    EXPECT_EQ(4, map.arg);
    struct span s;
    TEST_REQUIRE(cbor_find_int(&v, map, -2));
    EXPECT_OK(cbor_get_bytes(&s, v));
    EXPECT_SPAN(SPAN_LIT("xy"), s);
    EXPECT_ERR(ERR_MALFORMED, cbor_get_text(&s, v));
    TEST_REQUIRE(cbor_find_text(&v, map, "fmt"));
    EXPECT_OK(cbor_get_text(&s, v));
    EXPECT_SPAN(SPAN_LIT("none"), s);
    EXPECT(!cbor_find_text(&v, map, "fm"));
    EXPECT(!cbor_find_int(&v, map, 3));
    TEST_REQUIRE(cbor_find_text(&v, map, "list"));
    struct span rest = v.content;
    TEST_REQUIRE(cbor_next(&v, &rest));
    EXPECT_EQ(CBOR_BOOL, v.type);
    EXPECT_EQ(1, v.arg);
    TEST_REQUIRE(cbor_next(&v, &rest));
    EXPECT_EQ(CBOR_MAP, v.type);
    EXPECT(!cbor_next(&v, &rest));
    EXPECT(!cbor_find_int(&v, v, 1));
}

static void write_again(struct wr *w, struct cbor item)
{
    struct span rest = item.content;
    struct cbor inner;
    switch (item.type) {
    case CBOR_UINT:     cbor_write_u64(w, item.arg); return;
    case CBOR_NEGATIVE: cbor_write_i64(w, -1 - (int64_t)item.arg); return;
    case CBOR_BYTES:    cbor_write_bytes(w, item.content); return;
    case CBOR_TEXT:     wr_bytes(w, item.raw); return;
    case CBOR_BOOL:     cbor_write_bool(w, item.arg); return;
    case CBOR_NULL:     cbor_write_null(w); return;
    case CBOR_ARRAY:    cbor_write_array(w, item.arg); break;
    case CBOR_MAP:      cbor_write_map(w, item.arg); break;
    }
    while (cbor_next(&inner, &rest)) {
        write_again(w, inner);
    }
}

static void write_random(struct wr *w, struct rng *rng, int depth)
{
    uint64_t count = rng_below(rng, 4);
    switch (rng_below(rng, depth > 0 ? 7 : 5)) {
    case 0: cbor_write_u64(w, rng_u64(rng) >> rng_below(rng, 64)); break;
    case 1: cbor_write_i64(w, (int64_t)rng_u64(rng) >> rng_below(rng, 64)); break;
    case 2: cbor_write_bytes(w, span_of("abcdefgh", (size_t)count)); break;
    case 3: cbor_write_bool(w, count & 1); break;
    case 4: cbor_write_null(w); break;
    case 5:
        cbor_write_array(w, count);
        for (uint64_t i = 0; i < count; i++) {
            write_random(w, rng, depth - 1);
        }
        break;
    default:
        cbor_write_map(w, count);
        for (uint64_t i = 0; i < count; i++) {
            cbor_write_u64(w, i * 20);
            write_random(w, rng, depth - 1);
        }
        break;
    }
}

TEST(random_round_trip)
{
    static uint8_t first[16384];
    static uint8_t second[16384];
    struct rng_seeded r;
    rng_seeded_init(&r, test_seed());
    for (int i = 0; i < 5000; i++) {
        struct wr w = wr_init(MSPAN_OF(first));
        write_random(&w, &r.rng, 6);
        struct cbor item;
        TEST_REQUIRE(EXPECT_OK(cbor_decode(&item, span_of(first, w.n), CBOR_CANONICAL)));
        struct wr w2 = wr_init(MSPAN_OF(second));
        write_again(&w2, item);
        EXPECT_SPAN(span_of(first, w.n), span_of(second, w2.n));
    }
}

TEST_MAIN
