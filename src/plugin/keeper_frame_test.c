#include "plugin/keeper_frame.h"

#include "base/test.h"
#include "codec/base64.h"

TEST(what_is_asked_is_read_back)
{
    for (unsigned i = 0; i < KEEPER_DO_COUNT; i++) {
        uint8_t text[256];
        struct wr w = wr_init(MSPAN_OF(text));
        struct keeper_ask ask;
        test_note("%s", keeper_do_name((enum keeper_do)i));
        keeper_ask_write(&w, 7 + i, keeper_do_name((enum keeper_do)i),
                         SPAN_LIT("{\"keep_data\":true}"));
        EXPECT_OK(keeper_ask_parse(&ask, span_of(text, w.n)));
        EXPECT_EQ(7 + i, ask.id);
        EXPECT_EQ(i, ask.what);
        EXPECT_SPAN(SPAN_LIT("{\"keep_data\":true}"), ask.params.raw);
    }
}

TEST(what_is_told_is_read_back)
{
    uint8_t text[256];
    struct keeper_news n;
    struct wr w = wr_init(MSPAN_OF(text));
    keeper_news_write_answer(&w, 9, NULL);
    EXPECT_OK(keeper_news_parse(&n, span_of(text, w.n)));
    EXPECT_EQ(KEEPER_NEWS_ANSWER, n.kind);
    EXPECT_EQ(9, n.number);
    EXPECT_EQ(0, n.code.n);
    w = wr_init(MSPAN_OF(text));
    keeper_news_write_answer(&w, 9, "plugin_busy");
    EXPECT_OK(keeper_news_parse(&n, span_of(text, w.n)));
    EXPECT_SPAN(SPAN_LIT("plugin_busy"), n.code);
    w = wr_init(MSPAN_OF(text));
    keeper_news_write_line(&w, SPAN_LIT("a \"line\""), 12);
    EXPECT_OK(keeper_news_parse(&n, span_of(text, w.n)));
    EXPECT_EQ(KEEPER_NEWS_LINE, n.kind);
    EXPECT_EQ(12, n.number);
    EXPECT(json_string_equal(n.value, SPAN_LIT("a \"line\"")));
    EXPECT_OK(keeper_news_parse(&n, SPAN_LIT("{\"state\":{\"state\":\"absent\"}}")));
    EXPECT_EQ(KEEPER_NEWS_STATE, n.kind);
    EXPECT_SPAN(SPAN_LIT("{\"state\":\"absent\"}"), n.value.raw);
}

TEST(a_want_and_its_chunk_are_read_back)
{
    static uint8_t text[2 * PACKAGE_CHUNK_LEN];
    static uint8_t bytes[PACKAGE_CHUNK_LEN] = {0xff, 0xef};
    static uint8_t again[PACKAGE_CHUNK_LEN];
    struct chunk_want want = {
        .request = {.file = {{1}}, .index = CHUNK_INDEX_MAX},
        .length = PACKAGE_CHUNK_LEN,
        .hash = {{2}}
    };
    struct keeper_news n;
    struct keeper_chunk c;
    struct wr w = wr_init(MSPAN_OF(text));
    keeper_news_write_want(&w, 5, &want);
    EXPECT_OK(keeper_news_parse(&n, span_of(text, w.n)));
    EXPECT_EQ(KEEPER_NEWS_WANT, n.kind);
    EXPECT_EQ(5, n.number);
    EXPECT_EQ(want.request.index, n.want.request.index);
    EXPECT_EQ(want.length, n.want.length);
    EXPECT_SPAN(SPAN_OF(want.hash.bytes), SPAN_OF(n.want.hash.bytes));
    EXPECT_SPAN(SPAN_OF(want.request.file.bytes), SPAN_OF(n.want.request.file.bytes));
    w = wr_init(MSPAN_OF(text));
    keeper_chunk_write(&w, 5, SPAN_OF(bytes));
    EXPECT_OK(keeper_chunk_parse(&c, span_of(text, w.n)));
    EXPECT_EQ(5, c.number);
    w = wr_init(MSPAN_OF(again));
    EXPECT_OK(base64_decode(&w, BASE64_URL_BARE, c.data));
    EXPECT_SPAN(SPAN_OF(bytes), SPAN_OF(again));
    w = wr_init(MSPAN_OF(text));
    keeper_chunk_write(&w, 6, SPAN_EMPTY);
    EXPECT_OK(keeper_chunk_parse(&c, span_of(text, w.n)));
    EXPECT_EQ(0, c.data.n);
    EXPECT_ERR(ERR_MALFORMED, keeper_chunk_parse(&c, SPAN_LIT("{\"chunk\":6,\"path\":\"x\"}")));
    EXPECT_ERR(ERR_MALFORMED, keeper_chunk_parse(&c, SPAN_LIT("{\"chunk\":6,\"data\":7}")));
}

TEST(a_line_that_is_no_text_is_not_written)
{
    uint8_t text[64];
    struct wr w = wr_init(MSPAN_OF(text));
    keeper_news_write_line(&w, SPAN_LIT("\xff"), 1);
    EXPECT_ERR(ERR_MALFORMED, wr_end(&w));
}

struct refused {
    const char *name;
    const char *text;
};

TEST(asks_that_are_refused)
{
    static const struct refused cases[] = {
        {"nothing",            ""                                                         },
        {"an array",           "[]"                                                       },
        {"no id",              "{\"do\":\"check\",\"params\":{},\"x\":1}"                 },
        {"the id 0",           "{\"id\":0,\"do\":\"check\",\"params\":{}}"                },
        {"a negative id",      "{\"id\":-1,\"do\":\"check\",\"params\":{}}"               },
        {"an id of text",      "{\"id\":\"1\",\"do\":\"check\",\"params\":{}}"            },
        {"an escaped word",    "{\"id\":1,\"do\":\"\\u0063heck\",\"params\":{}}"          },
        {"an unknown word",    "{\"id\":1,\"do\":\"exec\",\"params\":{}}"                 },
        {"params of an array", "{\"id\":1,\"do\":\"check\",\"params\":[]}"                },
        {"no params",          "{\"id\":1,\"do\":\"check\",\"path\":\"x\"}"               },
        {"one member more",    "{\"id\":1,\"do\":\"check\",\"params\":{},\"also\":\"x\"}" },
        {"a word twice",       "{\"id\":1,\"do\":\"check\",\"do\":\"stop\",\"params\":{}}"},
        {"something behind",   "{\"id\":1,\"do\":\"check\",\"params\":{}}{}"              },
    };
    struct keeper_ask ask;
    EXPECT_OK(keeper_ask_parse(&ask, SPAN_LIT("{\"id\":1,\"do\":\"check\",\"params\":{}}")));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        EXPECT(keeper_ask_parse(&ask, span_str(cases[i].text)) != OK);
    }
}

#define HASH "\"0101010101010101010101010101010101010101010101010101010101010101\""

TEST(wants_that_are_refused)
{
    static const struct refused cases[] = {
        {"nothing else",   "{\"want\":1}"                                                               },
        {"no length",      "{\"want\":1,\"file\":" HASH ",\"index\":0,\"sha256\":" HASH "}"             },
        {"no bytes",       "{\"want\":1,\"file\":" HASH ",\"index\":0,\"length\":0,\"sha256\":" HASH "}"},
        {"too many bytes",
         "{\"want\":1,\"file\":" HASH ",\"index\":0,\"length\":65537,\"sha256\":" HASH "}"              },
        {"too far",
         "{\"want\":1,\"file\":" HASH ",\"index\":1025,\"length\":1,\"sha256\":" HASH "}"               },
        {"a short hash",
         "{\"want\":1,\"file\":\"00\",\"index\":0,\"length\":1,\"sha256\":" HASH "}"                    },
        {"a path beside",  "{\"want\":1,\"file\":" HASH ",\"index\":0,\"length\":1,\"sha256\":" HASH
                          ",\"path\":\"x\"}"                                   },
    };
    struct keeper_news n;
    EXPECT_OK(
        keeper_news_parse(&n, SPAN_LIT("{\"want\":1,\"file\":" HASH
                                       ",\"index\":1024,\"length\":65536,\"sha256\":" HASH "}")));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        EXPECT(keeper_news_parse(&n, span_str(cases[i].text)) != OK);
    }
}

TEST(news_that_are_refused)
{
    static const struct refused cases[] = {
        {"nothing",               ""                               },
        {"an empty object",       "{}"                             },
        {"a state of text",       "{\"state\":\"absent\"}"         },
        {"a state and an id",     "{\"state\":{},\"id\":1}"        },
        {"a line of numbers",     "{\"line\":1,\"at_ms\":1}"       },
        {"a line without a time", "{\"line\":\"x\"}"               },
        {"a line with a code",    "{\"line\":\"x\",\"code\":\"y\"}"},
        {"a time before 1970",    "{\"line\":\"x\",\"at_ms\":-1}"  },
        {"an answer to nobody",   "{\"id\":0}"                     },
        {"an empty code",         "{\"id\":1,\"code\":\"\"}"       },
        {"a code that is none",   "{\"id\":1,\"code\":7}"          },
        {"an unknown member",     "{\"id\":1,\"reason\":\"x\"}"    },
    };
    struct keeper_news n;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        EXPECT(keeper_news_parse(&n, span_str(cases[i].text)) != OK);
    }
}

TEST_MAIN
