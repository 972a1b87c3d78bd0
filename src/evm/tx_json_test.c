#include "evm/tx_json.h"

#include "base/test.h"
#include "crypto/keccak.h"
#include "evm/fixture_test.h"
#include "evm/receipt_json.h"

#include <stdio.h>

enum { LEN_MAX = 8192 };

static enum err encode(struct buf *out, const char *text)
{
    struct json v;
    buf_clear(out);
    return json_parse(&v, span_str(text), NULL) == OK ? tx_json_encode(out, v) : ERR_INTERNAL;
}

/* The example of EIP-155 as a node gives it: nonce 9, 20 gwei, 21,000 gas, 1 ether, chain 1. */
#define EIP155_BUT_V                                                                               \
    "\"nonce\":\"0x9\",\"gasPrice\":\"0x4a817c800\",\"gas\":\"0x5208\","                           \
    "\"to\":\"0x3535353535353535353535353535353535353535\",\"value\":\"0xde0b6b3a7640000\","       \
    "\"input\":\"0x\",\"r\":"                                                                      \
    "\"0x28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276\","                      \
    "\"s\":\"0x67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83\""

TEST(eip155_example)
{
    struct buf out;
    buf_init(&out, test_budget(), LEN_MAX);
    EXPECT_OK(encode(&out, "{\"type\":\"0x0\",\"v\":\"0x25\"," EIP155_BUT_V "}"));
    EXPECT_SPAN(test_hex("f86c098504a817c800825208943535353535353535353535353535353535353535880de0"
                         "b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e15906"
                         "20aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b"
                         "6d83"),
                buf_span(&out));
    EXPECT_OK(encode(&out, "{\"v\":\"0x25\"," EIP155_BUT_V "}")); /* without a type */
    EXPECT_EQ(0xf8, out.p[0]);
    buf_done(&out);
}

TEST(refused)
{
    static const struct {
        const char *text;
        enum err err;
        const char *why;
    } cases[] = {
        {"{\"type\":\"0x7e\",\"v\":\"0x25\"," EIP155_BUT_V "}",                                     ERR_UNSUPPORTED,
         "a deposit of an L2"                                                                                                                     },
        {"{\"type\":\"0x5\",\"v\":\"0x25\"," EIP155_BUT_V "}",                                      ERR_UNSUPPORTED, "a later type"               },
        {"{\"type\":0,\"v\":\"0x25\"," EIP155_BUT_V "}",                                            ERR_MALFORMED,   "a type that is no text"     },
        {"{" EIP155_BUT_V "}",                                                                      ERR_NOT_FOUND,   "no v"                       },
        {"{\"v\":\"0x025\"," EIP155_BUT_V "}",                                                      ERR_MALFORMED,   "a leading zero"             },
        {"{\"type\":\"0x1\",\"v\":\"0x0\",\"chainId\":\"0x1\"," EIP155_BUT_V "}",                   ERR_NOT_FOUND,
         "no access list"                                                                                                                         },
        {"{\"type\":\"0x1\",\"v\":\"0x0\",\"chainId\":\"0x1\",\"accessList\":{}," EIP155_BUT_V "}",
         ERR_MALFORMED,                                                                                              "an access list that is none"},
        {"{\"type\":\"0x1\",\"v\":\"0x0\",\"chainId\":\"0x1\",\"accessList\":[{\"address\":"
         "\"0x35\",\"storageKeys\":[]}]," EIP155_BUT_V "}",
         ERR_MALFORMED,                                                                                              "a short address"            },
        {"[]",                                                                                      ERR_NOT_FOUND,   "no object"                  },
    };
    struct buf out;
    buf_init(&out, test_budget(), LEN_MAX);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s", cases[i].why);
        EXPECT_ERR(cases[i].err, encode(&out, cases[i].text));
    }
    buf_done(&out);
    buf_init(&out, test_budget(), 16);
    EXPECT_ERR(ERR_LIMIT, encode(&out, "{\"v\":\"0x25\"," EIP155_BUT_V "}"));
    buf_done(&out);
}

/* cut_result gives the result of the recorded call: the line behind "<< ". */
static bool cut_result(struct json *ret, struct span text)
{
    for (size_t i = 0; i + 3 < text.n; i++) {
        struct json all;
        struct span rest = span_from(text, i);
        if (!span_starts_with(rest, SPAN_LIT("\n<< "))) {
            continue;
        }
        rest = span_from(rest, 4);
        while (rest.n > 0 && rest.p[rest.n - 1] == '\n') {
            rest.n--;
        }
        return json_parse(&all, rest, NULL) == OK && json_find(ret, all, "result");
    }
    return false;
}

/* chain/rpc-io-execution-apis: a transaction of each type, as geth gives it, has the hash that was asked for. */
TEST(recorded_transactions)
{
    static const char *const names[] = {"access-list",  "blob-tx",   "dynamic-fee", "legacy-create",
                                        "legacy-input", "legacy-tx", "setcode-tx"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        struct span text;
        struct json tx;
        struct buf out;
        struct hash32 hash;
        test_note("%s", names[i]);
        (void)snprintf(path, sizeof path,
                       "chain/rpc-io-execution-apis/eth_getTransactionByHash/get-%s.io", names[i]);
        if (!test_fixture(path, &text)) {
            return;
        }
        TEST_REQUIRE(cut_result(&tx, text));
        buf_init(&out, test_budget(), LEN_MAX);
        EXPECT_OK(tx_json_encode(&out, tx));
        keccak256(&hash, buf_span(&out));
        struct hash32 want = fixture_hash(tx, "hash");
        EXPECT_SPAN(SPAN_OF(want.bytes), SPAN_OF(hash.bytes));
        buf_done(&out);
    }
}

TEST(receipts_refused)
{
    static const struct {
        const char *text;
        enum err err;
    } cases[] = {
        {"{\"type\":\"0x5\"}",                    ERR_UNSUPPORTED},
        {"{\"type\":\"0x2\",\"status\":\"0x1\"}", ERR_NOT_FOUND  },
        {"{\"type\":\"0x2\",\"status\":\"0x1\",\"cumulativeGasUsed\":\"0x1\",\"logsBloom\":"
         "\"0x00\","
         "\"logs\":[]}",                 ERR_MALFORMED  },
    };
    struct buf out;
    buf_init(&out, test_budget(), LEN_MAX);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json v;
        test_note("%s", cases[i].text);
        TEST_REQUIRE(json_parse(&v, span_str(cases[i].text), NULL) == OK);
        EXPECT_ERR(cases[i].err, receipt_json_encode(&out, v));
    }
    buf_done(&out);
}

TEST_MAIN
