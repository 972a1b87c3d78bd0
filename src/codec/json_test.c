#include "codec/json.h"

#include "base/rng.h"
#include "base/test.h"

#include <stdio.h>
#include <string.h>

/* In the manner of nst/JSONTestSuite (y_ cases) and RFC 8259 section 13. */
TEST(accepted)
{
    static const char *const cases[] = {
        "null",
        " true ",
        "\t\r\n false\n",
        "0",
        "-0",
        "-1",
        "9223372036854775807",
        "-9223372036854775808",
        "0.5",
        "-0.0",
        "1e5",
        "1E+5",
        "1.25e-07",
        "\"\"",
        "\"a\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0000\"",
        "\"\\uD83D\\uDE00\"",
        "\"\xf0\x9f\x98\x80\"",
        "\"\x7f\"",
        "\"\xe2\x80\xa8\"",
        "[]",
        "[ ]",
        "[1,2 , 3]",
        "{}",
        "{ }",
        "{\"a\":1}",
        "{ \"a\" : 1 , \"b\" : [ { } ] }",
        "{\"\":0}",
        "{\"a\":{\"a\":1},\"b\":{\"a\":1}}",
        "[{\"a\":1},{\"a\":1}]",
        "[[[[[[[[[[]]]]]]]]]]",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json v;
        struct diag why = {0};
        test_note("%s", cases[i]);
        EXPECT_OK(json_parse(&v, span_str(cases[i]), &why));
    }
}

struct refused {
    const char *name;
    const char *text;
};

static void expect_refused(const struct refused *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct json v;
        struct diag why = {0};
        test_note("%s", cases[i].name);
        EXPECT_ERR(ERR_MALFORMED, json_parse(&v, span_str(cases[i].text), &why));
        EXPECT(why.rule != NULL);
    }
}

TEST(refused_numbers_and_words)
{
    static const struct refused cases[] = {
        {"empty",                   ""                              },
        {"blanks",                  "  \n"                          },
        {"two values",              "1 2"                           },
        {"text after",              "{}x"                           },
        {"leading zero",            "01"                            },
        {"minus alone",             "-"                             },
        {"plus",                    "+1"                            },
        {"dot first",               ".5"                            },
        {"dot last",                "1."                            },
        {"exponent empty",          "1e"                            },
        {"exponent sign only",      "1e+"                           },
        {"exponent of four digits", "1e1000"                        },
        {"past int64",              "9223372036854775808"           },
        {"past int64, negative",    "-9223372036854775809"          },
        {"past int64, decimal",     "9223372036854775808.0"         },
        {"far past int64",          "123456789012345678901234567890"},
        {"hex",                     "0x10"                          },
        {"not a number",            "NaN"                           },
        {"word in capitals",        "True"                          },
        {"word cut",                "nul"                           },
        {"word with more",          "nullx"                         },
    };
    expect_refused(cases, sizeof cases / sizeof cases[0]);
    struct json v;
    EXPECT_ERR(ERR_MALFORMED, json_parse(&v, span_of("1\0", 2), NULL));
}

TEST(refused_strings)
{
    static const struct refused cases[] = {
        {"single quotes",          "'a'"                 },
        {"string not closed",      "\"abc"               },
        {"string ends in escape",  "\"abc\\"             },
        {"escape of a quote only", "\"\\\""              },
        {"unknown escape",         "\"\\x41\""           },
        {"short unicode escape",   "\"\\u12\""           },
        {"bad unicode escape",     "\"\\u12g4\""         },
        {"lone high surrogate",    "\"\\ud800\""         },
        {"lone low surrogate",     "\"\\udc00\""         },
        {"high, then no low",      "\"\\ud800\\u0041\""  },
        {"high, then high",        "\"\\ud800\\ud800\""  },
        {"surrogate as UTF-8",     "\"\xed\xa0\x80\""    },
        {"overlong UTF-8",         "\"\xc0\x80\""        },
        {"cut UTF-8",              "\"\xe2\x82\""        },
        {"not UTF-8",              "\"\xff\""            },
        {"past U+10FFFF",          "\"\xf4\x90\x80\x80\""},
        {"line end in string",     "\"a\nb\""            },
        {"tab in string",          "\"a\tb\""            },
        {"byte order mark",        "\xef\xbb\xbf{}"      },
    };
    expect_refused(cases, sizeof cases / sizeof cases[0]);
}

TEST(refused_arrays_and_objects)
{
    static const struct refused cases[] = {
        {"array not closed",       "[1"        },
        {"array, comma last",      "[1,]"      },
        {"array, comma first",     "[,1]"      },
        {"array, no comma",        "[1 2]"     },
        {"array closed as object", "[1}"       },
        {"object closed as array", "{\"a\":1]" },
        {"object, comma last",     "{\"a\":1,}"},
        {"object, no colon",       "{\"a\" 1}" },
        {"object, no value",       "{\"a\":}"  },
        {"object, name no string", "{1:1}"     },
        {"object, name only",      "{\"a\"}"   },
        {"closed too often",       "[]]"       },
        {"closing only",           "]"         },
        {"comment",                "/* a */ 1" },
    };
    expect_refused(cases, sizeof cases / sizeof cases[0]);
}

TEST(refused_names)
{
    static const struct refused cases[] = {
        {"name twice",                "{\"a\":1,\"a\":1}"                            },
        {"name twice, escaped",       "{\"a\":1,\"\\u0061\":2}"                      },
        {"empty name twice",          "{\"\":1,\"\":2}"                              },
        {"name twice, further apart", "{\"a\":{\"b\":1},\"c\":[{\"a\":1}],\"a\":2}"  },
        {"emoji name twice",          "{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}"},
    };
    expect_refused(cases, sizeof cases / sizeof cases[0]);
}

TEST(depth_limit)
{
    char text[2 * JSON_DEPTH_MAX + 4];
    for (size_t depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        struct json v;
        EXPECT_ERR(depth > JSON_DEPTH_MAX ? ERR_LIMIT : OK,
                   json_parse(&v, span_of(text, 2 * depth), NULL));
    }
}

static size_t write_members(char *text, size_t cap, size_t count)
{
    size_t n = (size_t)snprintf(text, cap, "{");
    for (size_t i = 0; i < count; i++) {
        n += (size_t)snprintf(text + n, cap - n, "%s\"k%zu\":0", i ? "," : "", i);
    }
    return n + (size_t)snprintf(text + n, cap - n, "}");
}

TEST(name_limits)
{
    static char text[8192];
    struct json v;
    EXPECT_OK(
        json_parse(&v, span_of(text, write_members(text, sizeof text, JSON_NAMES_MAX)), NULL));
    EXPECT_EQ(JSON_NAMES_MAX, json_count(v));
    EXPECT_ERR(
        ERR_LIMIT,
        json_parse(&v, span_of(text, write_members(text, sizeof text, JSON_NAMES_MAX + 1)), NULL));
    for (size_t len = JSON_NAME_LEN_MAX; len <= JSON_NAME_LEN_MAX + 1; len++) {
        memset(text, 'x', sizeof text);
        text[0] = '{';
        text[1] = '"';
        memcpy(text + 2 + len, "\":1}", 4);
        EXPECT_ERR(len > JSON_NAME_LEN_MAX ? ERR_LIMIT : OK,
                   json_parse(&v, span_of(text, len + 6), NULL));
    }
}

TEST(names_of_closed_objects_do_not_count)
{
    static char text[JSON_NAMES_MAX * 16];
    size_t n = (size_t)snprintf(text, sizeof text, "[");
    for (int i = 0; i < JSON_NAMES_MAX + 50; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%s{\"a\":1}", i ? "," : "");
    }
    n += (size_t)snprintf(text + n, sizeof text - n, "]");
    struct json v;
    EXPECT_OK(json_parse(&v, span_of(text, n), NULL));
    EXPECT_EQ(JSON_NAMES_MAX + 50, json_count(v));
}

TEST(look_up)
{
    struct json root;
    struct json v;
    const char *text =
        " { \"id\" : 7, \"method\":\"eth_\\u0063all\", \"params\": [ {\"to\":\"0xab\",\"x\":null}, "
        "\"latest\" , -5, true, 0.5 ] ,\"n\\u0061me\":{} } ";
    TEST_REQUIRE(json_parse(&root, span_str(text), NULL) == OK);
    EXPECT_EQ(JSON_OBJECT, root.type);
    EXPECT_EQ('{', root.raw.p[0]);
    EXPECT_EQ('}', root.raw.p[root.raw.n - 1]);
    uint64_t id = 0;
    EXPECT_OK(json_find_u64(&id, root, "id"));
    EXPECT_EQ(7, id);
    uint8_t store[32];
    struct wr w = wr_init(MSPAN_OF(store));
    EXPECT_OK(json_find_string(&w, root, "method"));
    EXPECT_SPAN(SPAN_LIT("eth_call"), span_of(store, w.n));
    struct span plain;
    EXPECT_ERR(ERR_UNSUPPORTED, json_find_plain(&plain, root, "method"));
    EXPECT_ERR(ERR_NOT_FOUND, json_find_plain(&plain, root, "metho"));
    EXPECT_ERR(ERR_MALFORMED, json_find_plain(&plain, root, "id"));
    TEST_REQUIRE(json_find(&v, root, "method"));
    EXPECT(json_string_equal(v, SPAN_LIT("eth_call")));
    EXPECT(!json_string_equal(v, SPAN_LIT("eth_cal")));
    EXPECT(!json_string_equal(v, SPAN_LIT("eth_callx")));
    EXPECT_EQ(8, json_string_len(v));
    TEST_REQUIRE(json_find(&v, root, "name"));
    EXPECT_EQ(0, json_count(v));
    struct json params;
    TEST_REQUIRE(json_find(&params, root, "params"));
    EXPECT_EQ(5, json_count(params));
    TEST_REQUIRE(json_at(&v, params, 0));
    EXPECT_OK(json_find_plain(&plain, v, "to"));
    EXPECT_SPAN(SPAN_LIT("0xab"), plain);
    TEST_REQUIRE(json_find(&v, v, "x"));
    EXPECT_EQ(JSON_NULL, v.type);
    int64_t number = 0;
    TEST_REQUIRE(json_at(&v, params, 2));
    EXPECT_OK(json_get_i64(&number, v));
    EXPECT(number == -5);
    EXPECT_ERR(ERR_MALFORMED, json_get_u64(&id, v));
    bool b = false;
    TEST_REQUIRE(json_at(&v, params, 3));
    EXPECT_OK(json_get_bool(&b, v));
    EXPECT(b);
    TEST_REQUIRE(json_at(&v, params, 4));
    EXPECT_EQ(JSON_DECIMAL, v.type);
    EXPECT_ERR(ERR_MALFORMED, json_get_i64(&number, v));
    EXPECT(!json_at(&v, params, 5));
    EXPECT(!json_at(&v, root, 0));
    EXPECT(!json_find(&v, params, "to"));
}

TEST(int_edges)
{
    static const struct {
        const char *text;
        int64_t want;
    } cases[] = {
        {"-9223372036854775808", INT64_MIN},
        {"9223372036854775807",  INT64_MAX},
        {"-0",                   0        },
        {"0",                    0        },
        {"-1",                   -1       },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json v;
        int64_t got = 99;
        test_note("%s", cases[i].text);
        TEST_REQUIRE(json_parse(&v, span_str(cases[i].text), NULL) == OK);
        EXPECT_OK(json_get_i64(&got, v));
        EXPECT(got == cases[i].want);
        uint8_t store[24];
        struct wr w = wr_init(MSPAN_OF(store));
        struct json_writer j = json_writer_init(&w);
        json_put_i64(&j, got);
        EXPECT_OK(json_writer_end(&j));
        EXPECT(i == 2 || span_equal(span_of(store, w.n), span_str(cases[i].text)));
    }
}

TEST(writer)
{
    uint8_t store[256];
    struct wr w = wr_init(MSPAN_OF(store));
    struct json_writer j = json_writer_init(&w);
    json_put_object(&j);
    json_put_name(&j, "a\"b");
    json_put_array(&j);
    json_put_i64(&j, -1);
    json_put_u64(&j, 2);
    json_put_null(&j);
    json_put_array(&j);
    json_end_array(&j);
    json_put_object(&j);
    json_end_object(&j);
    json_end_array(&j);
    json_put_name(&j, "t");
    json_put_string(&j, SPAN_LIT("\x01\x1f\n\r\t\b\f\\/\"\x7f\xc3\xa9"));
    json_put_name(&j, "h");
    json_put_hex(&j, SPAN_LIT("\x00\xff"));
    json_put_name(&j, "r");
    json_put_raw(&j, SPAN_LIT("[1]"));
    json_put_name(&j, "b");
    json_put_bool(&j, false);
    json_end_object(&j);
    EXPECT_OK(json_writer_end(&j));
    EXPECT_SPAN(SPAN_LIT("{\"a\\\"b\":[-1,2,null,[],{}],\"t\":\"\\u0001\\u001f\\n\\r\\t\\b\\f\\\\/"
                         "\\\"\x7f\xc3\xa9\",\"h\":\"0x00ff\",\"r\":[1],\"b\":false}"),
                span_of(store, w.n));
    struct json v;
    EXPECT_OK(json_parse(&v, span_of(store, w.n), NULL));
}

TEST(writer_refuses)
{
    uint8_t store[8];
    struct wr w = wr_init(MSPAN_OF(store));
    struct json_writer j = json_writer_init(&w);
    json_put_string(&j, SPAN_LIT("\xff"));
    EXPECT_ERR(ERR_MALFORMED, json_writer_end(&j));
    w = wr_init(MSPAN_OF(store));
    j = json_writer_init(&w);
    json_put_string(&j, SPAN_LIT("1234567"));
    EXPECT_ERR(ERR_LIMIT, json_writer_end(&j));
    w = wr_init(MSPAN_OF(store));
    j = json_writer_init(&w);
    json_put_u64(&j, (uint64_t)INT64_MAX + 1);
    EXPECT_ERR(ERR_LIMIT, json_writer_end(&j));
}

static void put_random(struct json_writer *j, struct rng *rng, int depth)
{
    uint8_t bytes[6];
    switch (rng_below(rng, depth > 0 ? 7 : 5)) {
    case 0: json_put_null(j); break;
    case 1: json_put_bool(j, rng_below(rng, 2)); break;
    case 2: json_put_i64(j, (int64_t)rng_u64(rng)); break;
    case 3: json_put_hex(j, span_of(bytes, 0)); break;
    case 4:
        for (size_t i = 0; i < sizeof bytes; i++) {
            bytes[i] = (uint8_t)rng_below(rng, 128);
        }
        json_put_string(j, SPAN_OF(bytes));
        break;
    case 5:
        json_put_array(j);
        for (uint64_t i = rng_below(rng, 4); i > 0; i--) {
            put_random(j, rng, depth - 1);
        }
        json_end_array(j);
        break;
    default:
        json_put_object(j);
        for (uint64_t i = rng_below(rng, 4); i > 0; i--) {
            const char name[3] = {'"', (char)('a' + (char)i), '\0'};
            json_put_name(j, name);
            put_random(j, rng, depth - 1);
        }
        json_end_object(j);
        break;
    }
}

/* Writes v again through the reader and the writer. */
static void copy_value(struct json_writer *j, struct json v)
{
    uint8_t store[64];
    struct wr w = wr_init(MSPAN_OF(store));
    struct json_iter it = json_iterate(v);
    struct json name;
    struct json value;
    int64_t number = 0;
    bool b = false;
    switch (v.type) {
    case JSON_NULL: json_put_null(j); break;
    case JSON_BOOL:
        EXPECT_OK(json_get_bool(&b, v));
        json_put_bool(j, b);
        break;
    case JSON_INT:
        EXPECT_OK(json_get_i64(&number, v));
        json_put_i64(j, number);
        break;
    case JSON_DECIMAL: json_put_raw(j, v.raw); break;
    case JSON_STRING:
        EXPECT_OK(json_get_string(&w, v));
        EXPECT_EQ(w.n, json_string_len(v));
        json_put_string(j, span_of(store, w.n));
        break;
    case JSON_ARRAY:
        json_put_array(j);
        while (json_next(&it, NULL, &value)) {
            copy_value(j, value);
        }
        json_end_array(j);
        break;
    case JSON_OBJECT:
        json_put_object(j);
        while (json_next(&it, &name, &value)) {
            struct wr n = wr_init(MSPAN_OF(store));
            EXPECT_OK(json_get_string(&n, name));
            json_put_name_span(j, span_of(store, n.n));
            copy_value(j, value);
        }
        json_end_object(j);
        break;
    }
}

TEST(random_round_trip)
{
    static uint8_t first[65536];
    static uint8_t second[65536];
    struct rng_seeded r;
    rng_seeded_init(&r, test_seed());
    for (int i = 0; i < 2000; i++) {
        struct wr w = wr_init(MSPAN_OF(first));
        struct json_writer j = json_writer_init(&w);
        put_random(&j, &r.rng, 6);
        TEST_REQUIRE(json_writer_end(&j) == OK);
        struct json v;
        struct diag why = {0};
        if (!EXPECT_OK(json_parse(&v, span_of(first, w.n), &why))) {
            test_note("%s at %zu: %.*s", why.rule, why.offset, (int)(w.n < 200 ? w.n : 200),
                      (const char *)first);
            return;
        }
        struct wr w2 = wr_init(MSPAN_OF(second));
        struct json_writer j2 = json_writer_init(&w2);
        copy_value(&j2, v);
        EXPECT_OK(json_writer_end(&j2));
        EXPECT_SPAN(span_of(first, w.n), span_of(second, w2.n));
    }
}

TEST(members_of_a_request)
{
    struct json root;
    TEST_REQUIRE(json_parse(&root,
                            SPAN_LIT("{\"b\":true,\"i\":-5,\"u\":5,\"s\":\"x\\ny\",\"a\":[1]}"),
                            NULL) == OK);
    bool b = false;
    int64_t i = 0;
    uint64_t u = 0;
    uint8_t store[8];
    struct span plain;
    struct wr w = wr_init(MSPAN_OF(store));
    EXPECT_OK(json_find_bool(&b, root, "b"));
    EXPECT(b);
    EXPECT_OK(json_find_i64(&i, root, "i"));
    EXPECT(i == -5);
    EXPECT_OK(json_find_u64(&u, root, "u"));
    EXPECT_EQ(5, u);
    EXPECT_OK(json_find_string(&w, root, "s"));
    EXPECT_SPAN(SPAN_LIT("x\ny"), span_of(store, w.n));
    EXPECT_ERR(ERR_NOT_FOUND, json_find_bool(&b, root, "x"));
    EXPECT_ERR(ERR_NOT_FOUND, json_find_i64(&i, root, "x"));
    EXPECT_ERR(ERR_NOT_FOUND, json_find_u64(&u, root, "x"));
    EXPECT_ERR(ERR_NOT_FOUND, json_find_string(&w, root, "x"));
    EXPECT_ERR(ERR_MALFORMED, json_find_bool(&b, root, "i"));
    EXPECT_ERR(ERR_MALFORMED, json_find_i64(&i, root, "b"));
    EXPECT_ERR(ERR_MALFORMED, json_find_u64(&u, root, "i"));
    EXPECT_ERR(ERR_MALFORMED, json_find_string(&w, root, "a"));
    EXPECT_ERR(ERR_MALFORMED, json_find_plain(&plain, root, "a"));
    struct wr small = wr_init(mspan_of(store, 2));
    EXPECT_ERR(ERR_LIMIT, json_find_string(&small, root, "s"));
    struct json v;
    TEST_REQUIRE(json_find(&v, root, "a"));
    EXPECT(!json_string_equal(v, SPAN_LIT("a")));
    EXPECT_EQ(0, json_string_len(v));
    EXPECT_EQ(0, json_count((struct json){.type = JSON_NULL}));
}

/* Values that nobody parsed: they are refused, not trusted. */
TEST(strings_made_by_hand)
{
    struct json v = {.type = JSON_STRING, .raw = SPAN_LIT("\"\\x\"")};
    uint8_t store[8];
    struct wr w = wr_init(MSPAN_OF(store));
    EXPECT_ERR(ERR_MALFORMED, json_get_string(&w, v));
    EXPECT_EQ(0, json_string_len(v));
    EXPECT(!json_string_equal(v, SPAN_LIT("x")));
    EXPECT(!json_string_equal((struct json){.type = JSON_STRING, .raw = SPAN_LIT("\"a\"")},
                              SPAN_LIT("\xff")));
}

TEST(notification)
{
    uint8_t room[96];
    struct wr w = wr_init(MSPAN_OF(room));
    struct json_writer j = json_writer_init(&w);
    json_begin_notification(&j, "ready");
    json_put_name(&j, "n");
    json_put_u64(&j, 1);
    json_end_notification(&j);
    EXPECT_OK(json_writer_end(&j));
    EXPECT_SPAN(SPAN_LIT("{\"jsonrpc\":\"2.0\",\"method\":\"ready\",\"params\":{\"n\":1}}"),
                span_of(room, w.n));
}

TEST(long_numbers)
{
    char text[JSON_NUMBER_LEN_MAX + 2];
    for (size_t n = JSON_NUMBER_LEN_MAX; n <= JSON_NUMBER_LEN_MAX + 1; n++) {
        struct json v;
        memset(text, '1', sizeof text);
        text[1] = '.';
        EXPECT_ERR(n > JSON_NUMBER_LEN_MAX ? ERR_LIMIT : OK,
                   json_parse(&v, span_of(text, n), NULL));
    }
}

TEST(names_in_room_of_the_callers)
{
    static const char text[] = "{\"a\":{\"b\":0,\"c\":0},\"d\":0}";
    struct json_name_mark marks[3];
    struct json_names room = {.marks = marks, .count_max = 3};
    struct json v;
    EXPECT_OK(json_parse_wide(&v, span_str(text), room, NULL));
    room.count_max = 2;
    struct diag why = {0};
    EXPECT_ERR(ERR_LIMIT, json_parse_wide(&v, span_str(text), room, &why));
    EXPECT_STR("json: too many names", why.rule);
}

TEST_MAIN
