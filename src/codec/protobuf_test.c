#include "codec/protobuf.h"

#include "base/rng.h"
#include "base/test.h"

/* The examples of protobuf.dev "Encoding": 150 in field 1, "testing" in field 2, a message in field 3. */
TEST(examples_of_the_guide)
{
    struct protobuf_reader r = protobuf_read(test_hex("089601 120774657374696e67 1a03089601"));
    struct protobuf_field f;
    TEST_REQUIRE(protobuf_next(&r, &f));
    uint64_t v = 0;
    EXPECT_EQ(1, f.number);
    EXPECT_OK(protobuf_get_u64(&v, &f));
    EXPECT_EQ(150, v);
    TEST_REQUIRE(protobuf_next(&r, &f));
    struct span bytes = SPAN_EMPTY;
    EXPECT_OK(protobuf_get_bytes(&bytes, &f));
    EXPECT_SPAN(SPAN_LIT("testing"), bytes);
    EXPECT_ERR(ERR_MALFORMED, protobuf_get_u64(&v, &f));
    TEST_REQUIRE(protobuf_next(&r, &f));
    EXPECT_EQ(3, f.number);
    EXPECT_SPAN(test_hex("089601"), f.bytes);
    EXPECT(!protobuf_next(&r, &f));
    EXPECT_OK(protobuf_end(&r));
}

TEST(refused)
{
    static const struct {
        const char *name;
        const char *hex;
    } cases[] = {
        {"group start",         "0b0c"                     },
        {"group end",           "0c"                       },
        {"wire type 6",         "0e00"                     },
        {"wire type 7",         "0f00"                     },
        {"field number 0",      "0001"                     },
        {"field number 2^29",   "8080808010 00"            },
        {"tag cut",             "80"                       },
        {"varint cut",          "0880"                     },
        {"varint of 11 bytes",  "08 8080808080808080808001"},
        {"varint past 64 bits", "08 ffffffffffffffffff02"  },
        {"bytes past the end",  "120361"                   },
        {"bytes, huge length",  "12ffffffffffffffffff01"   },
        {"fixed32 cut",         "0d010203"                 },
        {"fixed64 cut",         "0901020304050607"         },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct protobuf_reader r = protobuf_read(test_hex(cases[i].hex));
        struct protobuf_field f;
        test_note("%s", cases[i].name);
        while (protobuf_next(&r, &f)) {}
        EXPECT_ERR(ERR_MALFORMED, protobuf_end(&r));
        EXPECT(!protobuf_next(&r, &f));
    }
}

TEST(accepted_edges)
{
    struct protobuf_reader r = protobuf_read(
        test_hex("08ffffffffffffffffff01 088000 f8ffffff0f01 0d01000000 090100000000000000 1200"));
    struct protobuf_field f;
    uint32_t u32 = 0;
    bool b = false;
    TEST_REQUIRE(protobuf_next(&r, &f));
    EXPECT_EQ(UINT64_MAX, f.value);
    EXPECT_OK(protobuf_get_u32(&u32, &f));
    EXPECT_EQ(UINT32_MAX, u32);
    EXPECT_OK(protobuf_get_bool(&b, &f));
    EXPECT(b);
    TEST_REQUIRE(protobuf_next(&r, &f)); /* zero in two bytes: protobuf lets it pass */
    EXPECT_EQ(0, f.value);
    TEST_REQUIRE(protobuf_next(&r, &f));
    EXPECT_EQ(PROTOBUF_NUMBER_MAX, f.number);
    TEST_REQUIRE(protobuf_next(&r, &f));
    EXPECT_EQ(PROTOBUF_FIXED32, f.wire);
    EXPECT_EQ(1, f.value);
    TEST_REQUIRE(protobuf_next(&r, &f));
    EXPECT_EQ(PROTOBUF_FIXED64, f.wire);
    EXPECT_EQ(1, f.value);
    TEST_REQUIRE(protobuf_next(&r, &f));
    EXPECT_EQ(0, f.bytes.n);
    EXPECT(!protobuf_next(&r, &f));
    EXPECT_OK(protobuf_end(&r));
}

TEST(field_limit)
{
    struct protobuf_reader r = protobuf_read(test_hex("0801 0801 0801"));
    struct protobuf_field f;
    r.fields_left = 2;
    EXPECT(protobuf_next(&r, &f));
    EXPECT(protobuf_next(&r, &f));
    EXPECT(!protobuf_next(&r, &f));
    EXPECT_ERR(ERR_LIMIT, protobuf_end(&r));
}

TEST(random_round_trip)
{
    struct rng_seeded g;
    rng_seeded_init(&g, test_seed());
    for (int i = 0; i < 5000; i++) {
        uint8_t payload[40];
        uint8_t store[256];
        rng_fill(&g.rng, MSPAN_OF(payload));
        uint32_t number = (uint32_t)(1 + rng_below(&g.rng, PROTOBUF_NUMBER_MAX));
        uint64_t value = rng_u64(&g.rng) >> rng_below(&g.rng, 64);
        struct span bytes = span_of(payload, (size_t)rng_below(&g.rng, sizeof payload + 1));
        struct wr w = wr_init(MSPAN_OF(store));
        protobuf_write_varint(&w, number, value);
        EXPECT_EQ(protobuf_varint_len(number, value), w.n);
        size_t before = w.n;
        protobuf_write_bytes(&w, number, bytes);
        EXPECT_EQ(protobuf_bytes_len(number, bytes.n), w.n - before);
        protobuf_write_fixed64(&w, number, value);
        protobuf_write_fixed32(&w, number, (uint32_t)value);
        EXPECT_OK(wr_end(&w));
        struct protobuf_reader r = protobuf_read(span_of(store, w.n));
        struct protobuf_field f;
        TEST_REQUIRE(protobuf_next(&r, &f));
        EXPECT_EQ(number, f.number);
        EXPECT_EQ(value, f.value);
        TEST_REQUIRE(protobuf_next(&r, &f));
        EXPECT_SPAN(bytes, f.bytes);
        TEST_REQUIRE(protobuf_next(&r, &f));
        EXPECT_EQ(value, f.value);
        TEST_REQUIRE(protobuf_next(&r, &f));
        EXPECT_EQ((uint32_t)value, f.value);
        EXPECT(!protobuf_next(&r, &f));
        EXPECT_OK(protobuf_end(&r));
    }
}

TEST(wrong_wire_types)
{
    struct protobuf_field bytes = {.wire = PROTOBUF_BYTES};
    struct protobuf_field number = {.wire = PROTOBUF_VARINT, .value = UINT64_C(1) << 32};
    struct span s;
    uint32_t u32 = 7;
    bool b = true;
    EXPECT_ERR(ERR_MALFORMED, protobuf_get_bytes(&s, &number));
    EXPECT_ERR(ERR_MALFORMED, protobuf_get_u32(&u32, &bytes));
    EXPECT_ERR(ERR_MALFORMED, protobuf_get_bool(&b, &bytes));
    EXPECT_OK(protobuf_get_u32(&u32, &number));
    EXPECT_EQ(0, u32);
    uint8_t store[4];
    struct wr w = wr_init(MSPAN_OF(store));
    protobuf_write_bool(&w, 1, true);
    EXPECT_SPAN(test_hex("0801"), span_of(store, w.n));
}

TEST_MAIN
