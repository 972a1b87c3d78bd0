#include "evm/jsonrpc.h"

#include "base/test.h"

#include <string.h>

TEST(request)
{
    char text[512];
    struct wr w = wr_init(MSPAN_OF(text));
    struct json_writer j = json_writer_init(&w);
    struct address a = {
        {0x5a, 0xae, 0xb6, 0x05, 0x3f, 0x3e, 0x94, 0xc9, 0xb9, 0xa0,
         0x9f, 0x33, 0x66, 0x94, 0x35, 0xe7, 0xef, 0x1b, 0xea, 0xed}
    };
    jsonrpc_request_begin(&j, 7, "eth_example");
    jsonrpc_put_address(&j, a);
    jsonrpc_put_u64(&j, 0);
    jsonrpc_put_quantity(&j, u256_from_u64(0x400));
    jsonrpc_put_data(&j, SPAN_LIT("\x01\x02"));
    jsonrpc_put_data(&j, SPAN_EMPTY);
    json_put_str(&j, "latest");
    jsonrpc_request_end(&j);
    EXPECT_OK(json_writer_end(&j));
    EXPECT_SPAN(SPAN_LIT("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"eth_example\",\"params\":["
                         "\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\",\"0x0\",\"0x400\","
                         "\"0x0102\",\"0x\",\"latest\"]}"),
                span_of(text, w.n));
}

TEST(responses)
{
    static const struct {
        const char *text;
        enum err err;
    } cases[] = {
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x1\"}",                                       OK           },
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null,\"extra\":[]}",                             OK           },
        {"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"parse\"}}",     OK           },
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":3,\"message\":\"x\",\"data\":\"0x\"}}",
         OK                                                                                                      },
        {"{\"jsonrpc\":\"1.0\",\"id\":1,\"result\":1}",                                             ERR_MALFORMED},
        {"{\"id\":1,\"result\":1}",                                                                 ERR_MALFORMED},
        {"{\"jsonrpc\":\"2.0\",\"result\":1}",                                                      ERR_MALFORMED},
        {"{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":1}",                                          ERR_MALFORMED},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":1}",                                         ERR_MALFORMED},
        {"{\"jsonrpc\":\"2.0\",\"id\":-1,\"result\":1}",                                            ERR_MALFORMED},
        {"{\"jsonrpc\":\"2.0\",\"id\":1}",                                                          ERR_MALFORMED},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1,\"error\":{\"code\":1,\"message\":\"\"}}",
         ERR_MALFORMED                                                                                           },
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1}}",                                   ERR_MALFORMED},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":\"1\",\"message\":\"\"}}",
         ERR_MALFORMED                                                                                           },
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":\"no\"}",                                         ERR_MALFORMED},
        {"[]",                                                                                      ERR_MALFORMED},
        {"{",                                                                                       ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s", cases[i].text);
        struct jsonrpc_response r;
        struct diag why = {0};
        EXPECT_ERR(cases[i].err, jsonrpc_response_parse(&r, span_str(cases[i].text), &why));
        EXPECT((cases[i].err == OK) == (why.rule == NULL));
    }
}

TEST(batch)
{
    struct json batch;
    bool is_single;
    EXPECT_OK(jsonrpc_batch_parse(&batch, &is_single, SPAN_LIT("[{},{}]"), NULL));
    EXPECT(!is_single);
    EXPECT_EQ(2, json_count(batch));
    EXPECT_OK(jsonrpc_batch_parse(
        &batch, &is_single,
        SPAN_LIT("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":1,\"message\":\"\"}}"),
        NULL));
    EXPECT(is_single);
    EXPECT_ERR(ERR_MALFORMED,
               jsonrpc_batch_parse(&batch, &is_single,
                                   SPAN_LIT("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}"), NULL));
}

TEST(values)
{
    static const struct {
        const char *text;
        enum err quantity;
        enum err data;
        uint64_t number;
        size_t len;
    } cases[] = {
        {"\"0x0\"",                 OK,            ERR_MALFORMED, 0,   0},
        {"\"0xff\"",                OK,            OK,            255, 1},
        {"\"0xFF\"",                OK,            OK,            255, 1},
        {"\"0x00ff\"",              ERR_MALFORMED, OK,            0,   2},
        {"\"0x00\"",                ERR_MALFORMED, OK,            0,   1},
        {"\"0x\"",                  ERR_MALFORMED, OK,            0,   0},
        {"\"ff\"",                  ERR_MALFORMED, ERR_MALFORMED, 0,   0},
        {"\"0xfg\"",                ERR_MALFORMED, ERR_MALFORMED, 0,   0},
        {"255",                     ERR_MALFORMED, ERR_MALFORMED, 0,   0},
        {"null",                    ERR_MALFORMED, ERR_MALFORMED, 0,   0},
        {"\"0x10000000000000000\"", ERR_MALFORMED, ERR_MALFORMED, 0,   0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s", cases[i].text);
        struct json v;
        TEST_REQUIRE(json_parse(&v, span_str(cases[i].text), NULL) == OK);
        uint64_t number = 0;
        size_t len = 0;
        EXPECT_ERR(cases[i].quantity, jsonrpc_get_u64(&number, v));
        EXPECT_EQ(cases[i].number, number);
        EXPECT_ERR(cases[i].data, jsonrpc_data_len(&len, v));
        EXPECT_EQ(cases[i].len, len);
    }
}

/* Where nodes put the bytes of a revert: geth and anvil as data, some others one deeper. */
TEST(revert_data)
{
    static const struct {
        const char *data;
        enum err err;
    } cases[] = {
        {",\"data\":\"0x08c379a0\"",            OK           },
        {",\"data\":{\"data\":\"0x08c379a0\"}", OK           },
        {"",                                    ERR_NOT_FOUND},
        {",\"data\":\"Reverted 0x08c379a0\"",   ERR_NOT_FOUND},
        {",\"data\":{\"txHash\":\"0x01\"}",     ERR_NOT_FOUND},
        {",\"data\":null",                      ERR_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s", cases[i].data);
        char text[256];
        struct wr w = wr_init(MSPAN_OF(text));
        wr_str(&w, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":3,\"message\":\"execution "
                   "reverted\"");
        wr_str(&w, cases[i].data);
        wr_str(&w, "}}");
        struct jsonrpc_response r;
        TEST_REQUIRE(jsonrpc_response_parse(&r, span_of(text, w.n), NULL) == OK);
        uint8_t bytes[8];
        struct wr out = wr_init(MSPAN_OF(bytes));
        EXPECT_ERR(cases[i].err, jsonrpc_response_revert(&out, &r));
        if (cases[i].err == OK) {
            EXPECT_SPAN(test_hex("08c379a0"), span_of(bytes, out.n));
        }
    }
}

TEST_MAIN
