#include "service/message.h"

#include "base/test.h"

#include <string.h>

static struct service_request example(enum service_type type)
{
    struct service_request r = {
        .type = type,
        .chain_id = 31337,
        .id = UINT64_C(0x0102030405060708),
        .deadline_ms = 1000,
        .method = SPAN_LIT("eth_chainId"),
        .params = SPAN_LIT("[]"),
        .userop = SPAN_LIT("an operation"),
        .topic = SERVICE_TOPIC_HEADS,
        .cosign = SPAN_LIT("what keyd reads"),
        .capsule = SPAN_LIT("what the keeper reads"),
    };
    memset(r.entry_point.bytes, 0x43, sizeof r.entry_point.bytes);
    memset(r.userop_hash.bytes, 0x77, sizeof r.userop_hash.bytes);
    memset(r.block_hash.bytes, 0x55, sizeof r.block_hash.bytes);
    memset(r.address.bytes, 0x66, sizeof r.address.bytes);
    memset(r.root.bytes, 0x88, sizeof r.root.bytes);
    r.period = 7;
    r.count = 2;
    memset(r.code_hash.bytes, 0x99, sizeof r.code_hash.bytes);
    memset(r.tx_hash.bytes, 0xaa, sizeof r.tx_hash.bytes);
    r.number = 9;
    r.blocks = 2;
    r.transaction = SPAN_LIT("\x02\xc0");
    return r;
}

TEST(requests)
{
    struct buf b;
    buf_init(&b, test_budget(), 1 << 18);
    for (unsigned type = 1; type < SERVICE_TYPES_MAX; type++) {
        test_note("type %u", type);
        struct service_request r = example((enum service_type)type);
        struct service_request back;
        bool is_bare = type == SERVICE_STATUS || type == SERVICE_LC_FINALITY ||
                       type == SERVICE_LC_OPTIMISTIC || type == SERVICE_CAPSULE_NONCE;
        r.deadline_ms = is_bare ? 0 : 1000; /* so that the last field is one that is needed */
        buf_clear(&b);
        EXPECT_OK(service_request_encode(&r, &b));
        TEST_REQUIRE(service_request_decode(&back, buf_span(&b), NULL) == OK);
        EXPECT_EQ(type, back.type);
        EXPECT_EQ(31337, back.chain_id);
        EXPECT_EQ(r.id, back.id);
        EXPECT_EQ(type == SERVICE_SUBSCRIBE ? 0 : is_bare ? 5000 : 1000, back.deadline_ms);
        const struct service_limits *l = service_limits(back.type);
        EXPECT_EQ(l->body_len_max ? l->body_len_max : l->response_len_max, back.response_max);
        if (type == SERVICE_RPC) {
            EXPECT_SPAN(r.method, back.method);
            EXPECT_SPAN(r.params, back.params);
        }
        if (type == SERVICE_ACCOUNT_PROOF) {
            EXPECT_SPAN(SPAN_OF(r.block_hash.bytes), SPAN_OF(back.block_hash.bytes));
            EXPECT(address_equal(r.address, back.address));
        }
        for (size_t n = 0; n < b.n; n++) {
            EXPECT(service_request_decode(&back, span_first(buf_span(&b), n), NULL) != OK);
        }
        /* a field of a later version is stepped over, and changes the hash */
        struct hash32 before;
        struct hash32 after;
        service_request_hash(&before, buf_span(&b));
        EXPECT_OK(buf_append(&b, test_hex("a00601")));
        EXPECT_OK(service_request_decode(&back, buf_span(&b), NULL));
        service_request_hash(&after, buf_span(&b));
        EXPECT(!span_equal(SPAN_OF(before.bytes), SPAN_OF(after.bytes)));
    }
    buf_done(&b);
}

/* The vector of docs/protocol.md, and what its answer may be. */
TEST(a_transaction)
{
    struct buf b;
    struct hash32 hash;
    struct service_request back;
    struct service_request r = {.type = SERVICE_SEND_TRANSACTION,
                                .chain_id = 31337,
                                .id = UINT64_C(0x0102030405060708),
                                .transaction = SPAN_LIT("\x02\xc1\x80")};
    buf_init(&b, test_budget(), 1024);
    EXPECT_OK(service_request_encode(&r, &b));
    EXPECT_SPAN(test_hex("081610e9f40119080706050403020192020302c180"), buf_span(&b));
    service_request_hash(&hash, buf_span(&b));
    EXPECT_SPAN(test_hex("91e43814979252ee6947b8a1d42ad25387988278efa01de38cba97ce30bab052"),
                SPAN_OF(hash.bytes));
    EXPECT_OK(service_request_decode(&back, buf_span(&b), NULL));
    EXPECT_SPAN(r.transaction, back.transaction);
    struct service_sent sent = {.state = SERVICE_SENT_REFUSED, .reason = SPAN_LIT("nonce too low")};
    struct service_sent read;
    buf_clear(&b);
    EXPECT_OK(service_sent_encode(&sent, &b));
    EXPECT_OK(service_sent_decode(&read, buf_span(&b)));
    EXPECT_EQ(SERVICE_SENT_REFUSED, read.state);
    EXPECT_SPAN(sent.reason, read.reason);
    EXPECT_ERR(ERR_MALFORMED, service_sent_decode(&read, test_hex("1001"))); /* no hash */
    buf_clear(&b);
    sent.state = (enum service_sent_state)4;
    EXPECT_OK(service_sent_encode(&sent, &b));
    EXPECT_ERR(ERR_MALFORMED, service_sent_decode(&read, buf_span(&b)));
    buf_done(&b);
}

TEST(refused_requests)
{
    static const struct {
        const char *hex;
        enum err err;
        const char *why;
    } cases[] = {
        {"",                                                                                            ERR_UNSUPPORTED, "nothing: type 0"              },
        {"0810 19 0000000000000000",                                                                    ERR_MALFORMED,   "nothing to co-sign"           },
        {"0817 19 0000000000000000",                                                                    ERR_UNSUPPORTED, "type 23"                      },
        {"080b 19 0000000000000000",                                                                    ERR_MALFORMED,   "headers of no block"          },
        {"080b 19 0000000000000000 6220 "
         "1111111111111111111111111111111111111111111111111111111111111111 a80100",            ERR_MALFORMED,   "no headers"                   },
        {"080b 19 0000000000000000 6220 "
         "1111111111111111111111111111111111111111111111111111111111111111 a80102",            ERR_MALFORMED,   "two headers down from block 0"},
        {"080b 19 0000000000000000 6220 "
         "1111111111111111111111111111111111111111111111111111111111111111 a001ff07 a8018102", ERR_MALFORMED,   "257 headers"                  },
        {"080e 19 0000000000000000 6220 "
         "1111111111111111111111111111111111111111111111111111111111111111 a80101 ba0113 "
         "22222222222222222222222222222222222222",                                             ERR_MALFORMED,   "a filter of 19 bytes"         },
        {"080d 19 0000000000000000 6220 "
         "1111111111111111111111111111111111111111111111111111111111111111",                   ERR_MALFORMED,   "no transaction"               },
        {"080c 19 0000000000000000 6220 "
         "1111111111111111111111111111111111111111111111111111111111111111",                   ERR_MALFORMED,   "code of no account"           },
        {"0807 19 0000000000000000",                                                                    ERR_MALFORMED,   "bootstrap of no block"        },
        {"0808 19 0000000000000000",                                                                    ERR_MALFORMED,   "no count of updates"          },
        {"0808 19 0000000000000000 900100",                                                             ERR_MALFORMED,   "no updates"                   },
        {"0808 19 0000000000000000 900111",                                                             ERR_MALFORMED,   "17 updates"                   },
        {"0801",                                                                                        ERR_MALFORMED,   "no id"                        },
        {"0801 1801",                                                                                   ERR_MALFORMED,   "id of another wire type"      },
        {"0a00 19 0000000000000000",                                                                    ERR_MALFORMED,   "type as text"                 },
        {"0802 19 0000000000000000",                                                                    ERR_MALFORMED,   "rpc without method"           },
        {"0802 19 0000000000000000 3200 3a025b5d",                                                      ERR_MALFORMED,   "rpc of an empty method"       },
        {"0802 19 0000000000000000 320161 3200 3a025b5d",                                               ERR_MALFORMED,
         "rpc of a method, then of an empty one"                                                                                                        },
        {"0804 19 0000000000000000 520102",                                                             ERR_MALFORMED,   "hash of one byte"             },
        {"0805 19 0000000000000000 5802",                                                               ERR_UNSUPPORTED, "topic 2"                      },
        {"0805 19 0000000000000000",                                                                    ERR_MALFORMED,   "no topic"                     },
        {"0801 19 0000000000000000 20 ffffffff7f",                                                      ERR_MALFORMED,   "deadline over 32 bits"        },
        {"0802 19 0000000000000000 3202fffe 3a025b5d",                                                  ERR_MALFORMED,   "method not UTF-8"             },
        {"0806 19 0000000000000000",                                                                    ERR_MALFORMED,   "proof of no block"            },
        {"0806 19 0000000000000000 7201 00",                                                            ERR_MALFORMED,   "slots not of 32 bytes"        },
        {"0806 19 0000000000000000 7a01 00",                                                            ERR_MALFORMED,   "known not of 32 bytes"        },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s", cases[i].why);
        struct service_request r;
        struct diag why = {0};
        EXPECT_ERR(cases[i].err, service_request_decode(&r, test_hex(cases[i].hex), &why));
        EXPECT(why.rule != NULL);
    }
    /* one byte more than a status request may have */
    struct buf b;
    buf_init(&b, test_budget(), 1024);
    struct service_request r = example(SERVICE_STATUS);
    EXPECT_OK(service_request_encode(&r, &b));
    EXPECT_OK(buf_append(&b, test_hex("a206"))); /* field 100, bytes */
    size_t rest = 256 - b.n - 2;
    uint8_t filler[300] = {0};
    EXPECT_OK(buf_append_u8(&b, (uint8_t)(0x80 | (rest & 0x7f))));
    EXPECT_OK(buf_append_u8(&b, (uint8_t)(rest >> 7)));
    EXPECT_OK(buf_append(&b, span_of(filler, rest)));
    EXPECT_EQ(256, b.n);
    EXPECT_OK(service_request_decode(&r, buf_span(&b), NULL));
    EXPECT_OK(buf_append(&b, test_hex("a00600")));
    EXPECT_ERR(ERR_LIMIT, service_request_decode(&r, buf_span(&b), NULL));
    buf_done(&b);
}

TEST(words_of_an_account_proof)
{
    static const struct {
        unsigned slots;
        unsigned known;
        enum err err;
    } cases[] = {
        {0,                     0,                     OK           },
        {1,                     1,                     OK           },
        {SERVICE_SLOTS_MAX,     SERVICE_KNOWN_MAX,     OK           },
        {SERVICE_SLOTS_MAX + 1, 0,                     ERR_MALFORMED},
        {0,                     SERVICE_KNOWN_MAX + 1, ERR_MALFORMED},
    };
    static const uint8_t words[(SERVICE_KNOWN_MAX + 1) * 32];
    struct buf b;
    buf_init(&b, test_budget(), 1 << 13);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%u slots, %u known", cases[i].slots, cases[i].known);
        struct service_request r = example(SERVICE_ACCOUNT_PROOF);
        struct service_request back;
        r.slots = span_of(words, (size_t)cases[i].slots * 32);
        r.known = span_of(words, (size_t)cases[i].known * 32);
        buf_clear(&b);
        EXPECT_OK(service_request_encode(&r, &b));
        EXPECT_ERR(cases[i].err, service_request_decode(&back, buf_span(&b), NULL));
        if (cases[i].err == OK) {
            EXPECT_SPAN(r.slots, back.slots);
            EXPECT_SPAN(r.known, back.known);
        }
    }
    buf_done(&b);
}

TEST(responses)
{
    struct service_response r = {.code = SERVICE_BUSY,
                                 .retry_after_ms = 1500,
                                 .units_left = 7,
                                 .text = SPAN_LIT("later"),
                                 .body = SPAN_LIT("x")};
    struct service_response back;
    struct buf b;
    memset(r.request_hash.bytes, 9, 32);
    buf_init(&b, test_budget(), 4096);
    EXPECT_OK(service_response_encode(&r, &b));
    EXPECT_OK(service_response_decode(&back, buf_span(&b), NULL));
    EXPECT_EQ(SERVICE_BUSY, back.code);
    EXPECT_EQ(1500, back.retry_after_ms);
    EXPECT_EQ(7, back.units_left);
    EXPECT_SPAN(r.text, back.text);
    EXPECT_SPAN(r.body, back.body);
    EXPECT_SPAN(SPAN_OF(r.request_hash.bytes), SPAN_OF(back.request_hash.bytes));
    EXPECT_ERR(ERR_MALFORMED, service_response_decode(&back, SPAN_EMPTY, NULL));
    EXPECT_ERR(ERR_MALFORMED, service_response_decode(&back, test_hex("0a0100"), NULL));

    /* text that is too long is cut between characters; what is no text is not sent */
    char text[SERVICE_TEXT_LEN_MAX + 3];
    memset(text, 'a', sizeof text);
    memcpy(text + SERVICE_TEXT_LEN_MAX - 1, "\xc3\xa9", 2);
    r.text = SPAN_OF(text);
    buf_clear(&b);
    EXPECT_OK(service_response_encode(&r, &b));
    EXPECT_OK(service_response_decode(&back, buf_span(&b), NULL));
    EXPECT_EQ(SERVICE_TEXT_LEN_MAX - 1, back.text.n);
    r.text = SPAN_LIT("\xff");
    buf_clear(&b);
    EXPECT_OK(service_response_encode(&r, &b));
    EXPECT_OK(service_response_decode(&back, buf_span(&b), NULL));
    EXPECT_SPAN(SPAN_LIT("(not text)"), back.text);
    buf_done(&b);
}

TEST(codes)
{
    for (unsigned i = 0; i < SERVICE_CODES_MAX; i++) {
        EXPECT(service_code_name((enum service_code)i) != NULL);
    }
    EXPECT_EQ(SERVICE_BLAME_CLIENT, service_code_blame(SERVICE_BAD_REQUEST));
    EXPECT_EQ(SERVICE_BLAME_LOAD, service_code_blame(SERVICE_BUSY));
    EXPECT_EQ(SERVICE_BLAME_UPSTREAM, service_code_blame(SERVICE_UPSTREAM));
    EXPECT_EQ(SERVICE_BLAME_SERVER, service_code_blame((enum service_code)99));
    EXPECT_STR("known-code", service_level_name(SERVICE_LEVEL_KNOWN_CODE));
}

TEST(bodies)
{
    struct buf b;
    buf_init(&b, test_budget(), 4096);
    struct service_status s = {
        .chain_id = 1,
        .has_head = true,
        .head = {.number = 100, .time_s = 1700000000, .base_fee_per_gas = U256_MAX},
        .level = SERVICE_LEVEL_KNOWN_CODE,
        .entry_points_count = SERVICE_ENTRY_POINTS_MAX,
        .units_max = 100,
        .units_per_s = 10,
        .load_percent = 100,
        .agent = SPAN_LIT("passmesh-server/0.1.0"),
    };
    struct service_status s2;
    memset(s.head.hash.bytes, 1, 32);
    memset(s.bundler.bytes, 2, 20);
    EXPECT_OK(service_status_encode(&s, &b));
    TEST_REQUIRE(service_status_decode(&s2, buf_span(&b)) == OK);
    EXPECT_EQ(100, s2.head.number);
    EXPECT(u256_equal(U256_MAX, s2.head.base_fee_per_gas));
    EXPECT_EQ(SERVICE_LEVEL_KNOWN_CODE, s2.level);
    EXPECT_EQ(SERVICE_ENTRY_POINTS_MAX, s2.entry_points_count);
    EXPECT(address_equal(s.bundler, s2.bundler));
    EXPECT_SPAN(s.agent, s2.agent);
    /* a fifth entry point is too many */
    EXPECT_OK(buf_append(&b, test_hex("2214 4343434343434343434343434343434343434343")));
    EXPECT_ERR(ERR_MALFORMED, service_status_decode(&s2, buf_span(&b)));

    struct service_rpc_result r = {.is_error = true, .json = SPAN_LIT("{}")};
    struct service_rpc_result r2;
    buf_clear(&b);
    EXPECT_OK(service_rpc_result_encode(&r, &b));
    EXPECT_OK(service_rpc_result_decode(&r2, buf_span(&b)));
    EXPECT(r2.is_error);
    EXPECT_SPAN(r.json, r2.json);
    r.is_error = false;
    EXPECT_OK(service_rpc_result_encode(&r, &b)); /* behind the other: both */
    EXPECT_ERR(ERR_MALFORMED, service_rpc_result_decode(&r2, buf_span(&b)));
    EXPECT_ERR(ERR_MALFORMED, service_rpc_result_decode(&r2, SPAN_EMPTY));

    struct service_userop_status u = {
        .state = SERVICE_USEROP_INCLUDED,
        .has_tx = true,
        .block_number = 5,
        .success = true,
        .actual_gas_cost = u256_from_u64(123456),
        .reason = SPAN_LIT("why"),
    };
    struct service_userop_status u2;
    memset(u.hash.bytes, 3, 32);
    buf_clear(&b);
    EXPECT_OK(service_userop_status_encode(&u, &b));
    TEST_REQUIRE(service_userop_status_decode(&u2, buf_span(&b)) == OK);
    EXPECT_EQ(SERVICE_USEROP_INCLUDED, u2.state);
    EXPECT(u2.success);
    EXPECT(u256_equal(u.actual_gas_cost, u2.actual_gas_cost));
    EXPECT_SPAN(u.reason, u2.reason);
    EXPECT_ERR(ERR_MALFORMED, service_userop_status_decode(&u2, SPAN_EMPTY));
    EXPECT_ERR(ERR_MALFORMED, service_userop_status_decode(&u2, test_hex("1008")));
    buf_done(&b);
}

TEST_MAIN
