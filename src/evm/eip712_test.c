#include "evm/eip712.h"

#include "base/test.h"

#include <string.h>

/* EIP-712, "Test Cases" (Example.sol and Example.js): the mail from Cow to Bob. */
static const char mail[] =
    "{\"types\":{\"EIP712Domain\":[{\"name\":\"name\",\"type\":\"string\"},{\"name\":\"version\","
    "\"type\":\"string\"},"
    "{\"name\":\"chainId\",\"type\":\"uint256\"},{\"name\":\"verifyingContract\",\"type\":"
    "\"address\"}],"
    "\"Person\":[{\"name\":\"name\",\"type\":\"string\"},{\"name\":\"wallet\",\"type\":\"address\"}"
    "],"
    "\"Mail\":[{\"name\":\"from\",\"type\":\"Person\"},{\"name\":\"to\",\"type\":\"Person\"},"
    "{\"name\":\"contents\",\"type\":\"string\"}]},\"primaryType\":\"Mail\","
    "\"domain\":{\"name\":\"Ether Mail\",\"version\":\"1\",\"chainId\":1,"
    "\"verifyingContract\":\"0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC\"},"
    "\"message\":{\"from\":{\"name\":\"Cow\",\"wallet\":"
    "\"0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826\"},"
    "\"to\":{\"name\":\"Bob\",\"wallet\":\"0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB\"},"
    "\"contents\":\"Hello, Bob!\"}}";

static struct buf scratch;

static enum err hash_text(struct eip712_hashes *ret, const char *text, struct diag *why)
{
    struct json v;
    TRY(json_parse(&v, span_str(text), why));
    buf_init(&scratch, test_budget(), 64);
    enum err e = eip712_hash(ret, v, &scratch, why);
    buf_done(&scratch);
    return e;
}

TEST(mail_example)
{
    struct eip712_hashes h;
    TEST_REQUIRE(hash_text(&h, mail, NULL) == OK);
    EXPECT_SPAN(test_hex("f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f"),
                SPAN_OF(h.domain_separator.bytes));
    EXPECT_SPAN(test_hex("c52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e"),
                SPAN_OF(h.struct_hash.bytes));
    EXPECT_SPAN(test_hex("be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"),
                SPAN_OF(h.digest.bytes));
}

TEST(encode_type)
{
    struct json v;
    struct json types;
    struct buf out;
    TEST_REQUIRE(json_parse(&v, span_str(mail), NULL) == OK);
    TEST_REQUIRE(json_find(&types, v, "types"));
    buf_init(&out, test_budget(), 256);
    EXPECT_OK(eip712_encode_type(&out, types, SPAN_LIT("Mail"), NULL));
    EXPECT_SPAN(
        SPAN_LIT("Mail(Person from,Person to,string contents)Person(string name,address wallet)"),
        buf_span(&out));
    EXPECT_ERR(ERR_MALFORMED, eip712_encode_type(&out, types, SPAN_LIT("Letter"), NULL));
    buf_done(&out);
}

/* One member of one type, good and bad values. */
TEST(values)
{
    static const struct {
        const char *type;
        const char *value;
        enum err err;
    } cases[] = {
        {"uint8",      "255",                                                                   OK           },
        {"uint8",      "256",                                                                   ERR_MALFORMED},
        {"uint8",      "-1",                                                                    ERR_MALFORMED},
        {"uint8",      "-0",                                                                    OK           },
        {"uint8",      "\"0xff\"",                                                              OK           },
        {"uint8",      "\"ff\"",                                                                ERR_MALFORMED},
        {"uint8",      "1.5",                                                                   ERR_MALFORMED},
        {"uint8",      "true",                                                                  ERR_MALFORMED},
        {"int8",       "127",                                                                   OK           },
        {"int8",       "128",                                                                   ERR_MALFORMED},
        {"int8",       "-128",                                                                  OK           },
        {"int8",       "-129",                                                                  ERR_MALFORMED},
        {"int256",
         "\"-57896044618658097711785492504343953926634992332820282019728792003956564819968\"",  OK           },
        {"int256",
         "\"57896044618658097711785492504343953926634992332820282019728792003956564819968\"",   ERR_MALFORMED},
        {"bool",       "true",                                                                  OK           },
        {"bool",       "1",                                                                     ERR_MALFORMED},
        {"bytes",      "\"0x\"",                                                                OK           },
        {"bytes",      "\"0x1\"",                                                               ERR_MALFORMED},
        {"bytes",      "5",                                                                     ERR_MALFORMED},
        {"bytes2",     "\"0x0102\"",                                                            OK           },
        {"bytes2",     "\"0x01\"",                                                              ERR_MALFORMED},
        {"string",     "\"\\u00e9\"",                                                           OK           },
        {"string",     "5",                                                                     ERR_MALFORMED},
        {"string",     "\"0123456789012345678901234567890123456789012345678901234567890123\"",  OK           },
        {"string",     "\"01234567890123456789012345678901234567890123456789012345678901234\"",
         ERR_LIMIT                                                                                           },
        {"address",    "\"0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826\"",                        OK           },
        {"address",    "\"0xCd2a3d9F938E13CD947Ec05AbC7FE734Df8DD826\"",                        ERR_MALFORMED},
        {"uint8[]",    "[]",                                                                    OK           },
        {"uint8[2]",   "[1,2]",                                                                 OK           },
        {"uint8[2]",   "[1]",                                                                   ERR_MALFORMED},
        {"uint8[]",    "1",                                                                     ERR_MALFORMED},
        {"uint8[0]",   "[]",                                                                    ERR_MALFORMED},
        {"uint8[][2]", "[[],[1]]",                                                              OK           },
        {"Unknown",    "{}",                                                                    ERR_MALFORMED},
        {"uint7",      "1",                                                                     ERR_MALFORMED},
        {"uint",       "1",                                                                     ERR_MALFORMED},
        {"A",          "null",                                                                  ERR_MALFORMED},
        {"A[]",        "[]",                                                                    OK           },
        {"A[]",        "[{\"x\":[]}]",                                                          OK           },
        {"A[]",        "[{}]",                                                                  ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s %s", cases[i].type, cases[i].value);
        char text[512];
        struct wr w = wr_init(MSPAN_OF(text));
        wr_str(&w, "{\"types\":{\"A\":[{\"name\":\"x\",\"type\":\"");
        wr_str(&w, cases[i].type);
        wr_str(&w, "\"}]},\"primaryType\":\"A\",\"domain\":{},\"message\":{\"x\":");
        wr_str(&w, cases[i].value);
        wr_str(&w, "}}");
        wr_u8(&w, 0);
        struct eip712_hashes h;
        struct diag why = {0};
        EXPECT_ERR(cases[i].err, hash_text(&h, text, &why));
        EXPECT((cases[i].err == OK) == (why.rule == NULL));
    }
}

TEST(broken_documents)
{
    static const struct {
        const char *text;
        enum err err;
    } cases[] = {
        {"{}",                                                                                                ERR_MALFORMED},
        {"{\"types\":{},\"primaryType\":\"A\",\"domain\":{},\"message\":{}}",                                 ERR_MALFORMED},
        {"{\"types\":{\"A\":5},\"primaryType\":\"A\",\"domain\":{},\"message\":{}}",                          ERR_MALFORMED},
        {"{\"types\":{\"A\":[]},\"primaryType\":\"A\",\"domain\":{},\"message\":{}}",                         OK           },
        {"{\"types\":{\"A\":[]},\"primaryType\":\"A\",\"domain\":5,\"message\":{}}",                          ERR_MALFORMED},
        {"{\"types\":{\"A\":[]},\"primaryType\":\"A\",\"domain\":{},\"message\":[]}",
         ERR_MALFORMED                                                                                                     },
        {"{\"types\":{\"A\":[{\"name\":\"a "
         "b\",\"type\":\"bool\"}]},\"primaryType\":\"A\",\"domain\":{},\"message\":{\"a b\":true}}", ERR_MALFORMED},
        {"{\"types\":{\"A)\":[]},\"primaryType\":\"A)\",\"domain\":{},\"message\":{}}",
         ERR_MALFORMED                                                                                                     },
        {"{\"types\":{\"A\":[]},\"primaryType\":\"EIP712Domain\",\"domain\":{},\"message\":{}}",
         OK                                                                                                                },
        /* deeper than any good type: a matrix of 17 levels */
        {"{\"types\":{\"A\":[{\"name\":\"x\",\"type\":\"bool[][][][][][][][][][][][][][][][][]\"}]}"
         ",\"primaryType\":\"A\","
         "\"domain\":{},\"message\":{\"x\":[[[[[[[[[[[[[[[[[true]]]]]]]]]]]]]]]]]}}",                ERR_LIMIT    },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s", cases[i].text);
        struct eip712_hashes h;
        EXPECT_ERR(cases[i].err, hash_text(&h, cases[i].text, NULL));
    }
}

/* A domain whose type is not given is the members that it has, in the order of the EIP: the mail's domain gives the
 * same separator either way. */
TEST(implied_domain)
{
    struct eip712_hashes full;
    struct eip712_hashes implied;
    TEST_REQUIRE(hash_text(&full, mail, NULL) == OK);
    EXPECT_OK(hash_text(
        &implied,
        "{\"types\":{\"A\":[]},\"primaryType\":\"A\",\"domain\":{\"chainId\":1,\"version\":\"1\","
        "\"verifyingContract\":\"0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC\",\"name\":\"Ether "
        "Mail\"},"
        "\"message\":{}}",
        NULL));
    EXPECT_SPAN(SPAN_OF(full.domain_separator.bytes), SPAN_OF(implied.domain_separator.bytes));
    EXPECT_ERR(ERR_MALFORMED, hash_text(&implied,
                                        "{\"types\":{\"A\":[]},\"primaryType\":\"A\",\"domain\":{"
                                        "\"chainId\":\"x\"},\"message\":{}}",
                                        NULL));
}

TEST(struct_hash_alone)
{
    struct json v;
    struct json types = {0};
    struct json message = {0};
    struct hash32 h;
    TEST_REQUIRE(json_parse(&v, span_str(mail), NULL) == OK);
    TEST_REQUIRE(json_find(&types, v, "types") && json_find(&message, v, "message"));
    buf_init(&scratch, test_budget(), 64);
    EXPECT_OK(eip712_struct_hash(&h, types, SPAN_LIT("Mail"), message, &scratch, NULL));
    EXPECT_SPAN(test_hex("c52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e"),
                SPAN_OF(h.bytes));
    EXPECT_ERR(ERR_MALFORMED,
               eip712_struct_hash(&h, types, SPAN_LIT("Letter"), message, &scratch, NULL));
    buf_done(&scratch);
}

/* A type that depends on more others than may be. */
TEST(too_many_types)
{
    static char text[8192];
    struct wr w = wr_init(MSPAN_OF(text));
    wr_str(&w, "{\"types\":{");
    for (char a = 'a'; a <= 'h'; a++) {
        for (char b = 'a'; b <= 'e'; b++) {
            char next_b = b == 'e' ? 'a' : (char)(b + 1);
            char next_a = b == 'e' ? (char)(a + 1) : a;
            const char names[] = {'"', a, b, '"', ':', '[', 0};
            const char type[] = {next_a, next_b, '[', ']', '"', '}', ']', ',', 0};
            wr_str(&w, names);
            wr_str(&w, "{\"name\":\"x\",\"type\":\"");
            wr_str(&w, type);
        }
    }
    wr_str(&w, "\"ia\":[]},\"primaryType\":\"aa\",\"domain\":{},\"message\":{\"x\":[]}}");
    wr_u8(&w, 0);
    TEST_REQUIRE(wr_ok(&w));
    struct eip712_hashes h;
    struct diag why = {0};
    EXPECT_ERR(ERR_LIMIT, hash_text(&h, text, &why));
    EXPECT_STR("a type depends on too many others", why.rule);
}

TEST_MAIN
