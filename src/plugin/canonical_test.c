#include "plugin/canonical.h"

#include "base/test.h"

static void expect_canonical(const char *want, const char *text)
{
    uint8_t out[512];
    struct wr w = wr_init(MSPAN_OF(out));
    struct arena scratch;
    struct json v;
    test_note("%s", text);
    arena_init(&scratch, test_budget(), 1 << 16);
    EXPECT_OK(json_parse(&v, span_str(text), NULL));
    EXPECT_OK(canonical_write(&w, v, &scratch));
    EXPECT_SPAN(span_str(want), span_of(out, w.n));
    arena_done(&scratch);
}

TEST(forms)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {" null ",                                                     "null"                             },
        {"true",                                                       "true"                             },
        {"-0",                                                         "0"                                },
        {"-9223372036854775808",                                       "-9223372036854775808"             },
        {"9223372036854775807",                                        "9223372036854775807"              },
        {"[ ]",                                                        "[]"                               },
        {"{ }",                                                        "{}"                               },
        {"[1 , 2,\n3]",                                                "[1,2,3]"                          },
        {"{\"b\": 1, \"a\": 2, \"aa\": 3, \"\": 4}",                   "{\"\":4,\"a\":2,\"aa\":3,\"b\":1}"},
        {"{\"c\":{\"z\":[],\"y\":{}},\"B\":0,\"a\":0}",
         "{\"B\":0,\"a\":0,\"c\":{\"y\":{},\"z\":[]}}"                                                    },
        {"\"\\u0041\\/\\t\"",                                          "\"A/\t\""                         },
        {"\"line\\nline\\r\"",                                         "\"line\nline\r\""                 },
        {"\"a\\\"b\\\\c\"",                                            "\"a\\\"b\\\\c\""                  },
        {"\"\\u00e9\\ud83d\\ude00\"",                                  "\"\xc3\xa9\xf0\x9f\x98\x80\""     },
        {"{\"\\ue000\":1,\"\\ud83d\\ude00\":2,\"\\u00e9\":3,\"z\":4}",
         "{\"z\":4,\"\xc3\xa9\":3,\"\xee\x80\x80\":1,\"\xf0\x9f\x98\x80\":2}"                             },
        {"{\"\\u0062\":1,\"a\":2}",                                    "{\"a\":2,\"b\":1}"                },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_canonical(cases[i].want, cases[i].text);
    }
}

TEST(a_zero_byte_stays)
{
    uint8_t out[8];
    struct wr w = wr_init(MSPAN_OF(out));
    struct arena scratch;
    struct json v;
    arena_init(&scratch, test_budget(), 1 << 10);
    EXPECT_OK(json_parse(&v, SPAN_LIT("\"a\\u0000b\""), NULL));
    EXPECT_OK(canonical_write(&w, v, &scratch));
    EXPECT_SPAN(SPAN_LIT("\"a\0b\""), span_of(out, w.n));
    arena_done(&scratch);
}

TEST(refused)
{
    static const char *const decimals[] = {"1.0", "[0.5]", "{\"a\":1e3}", "-0.0"};
    uint8_t out[64];
    struct arena scratch;
    struct json v;
    arena_init(&scratch, test_budget(), 1 << 16);
    for (size_t i = 0; i < sizeof decimals / sizeof decimals[0]; i++) {
        struct wr w = wr_init(MSPAN_OF(out));
        test_note("%s", decimals[i]);
        EXPECT_OK(json_parse(&v, span_str(decimals[i]), NULL));
        EXPECT_ERR(ERR_UNSUPPORTED, canonical_write(&w, v, &scratch));
    }
    EXPECT_OK(json_parse(&v, SPAN_LIT("[1,2,3]"), NULL));
    struct wr exact = wr_init(mspan_of(out, 7));
    EXPECT_OK(canonical_write(&exact, v, &scratch));
    struct wr small = wr_init(mspan_of(out, 6));
    EXPECT_ERR(ERR_LIMIT, canonical_write(&small, v, &scratch));
    arena_done(&scratch);
}

TEST(many_members_in_any_order)
{
    /* 200 names, backwards and then by a stride: the same form. */
    static char text[2][8192];
    static uint8_t out[2][8192];
    size_t len[2];
    for (size_t t = 0; t < 2; t++) {
        struct wr w = wr_init(MSPAN_OF(text[t]));
        struct json_writer j = json_writer_init(&w);
        json_put_object(&j);
        for (size_t i = 0; i < 200; i++) {
            size_t k = t == 0 ? 199 - i : i * 77 % 200;
            char name[4] = {(char)('a' + k / 20), (char)('a' + k % 20), 0, 0};
            json_put_name(&j, name);
            json_put_u64(&j, k);
        }
        json_end_object(&j);
        EXPECT_OK(json_writer_end(&j));
        struct json v;
        struct arena scratch;
        struct wr to = wr_init(MSPAN_OF(out[t]));
        arena_init(&scratch, test_budget(), 1 << 16);
        EXPECT_OK(json_parse(&v, span_of(text[t], w.n), NULL));
        EXPECT_OK(canonical_write(&to, v, &scratch));
        arena_done(&scratch);
        len[t] = to.n;
    }
    EXPECT_SPAN(span_of(out[0], len[0]), span_of(out[1], len[1]));
    EXPECT(span_starts_with(span_of(out[0], len[0]), SPAN_LIT("{\"aa\":0,\"ab\":1,")));
}

TEST_MAIN
