/* Bytes of PCP, laid out by hand after figures 2, 3, 9 and 10 of RFC 6887; and what is none. */
#include "p2p/pcp_message.h"

#include "base/test.h"

#include <string.h>

#define NONCE "000102030405060708090a0b"

/* Figure 3, then figure 10: TCP 4001 is 203.0.113.9:5000 outside for an hour; the router is up for 1000 seconds. */
#define ANSWER                                                                                     \
    "02 81 00 00 00000e10 000003e8 000000000000000000000000" NONCE                                 \
    "06 000000 0fa1 1388 00000000000000000000ffff cb007109"

TEST(a_request)
{
    struct pcp_request q = {
        .lifetime_s = 7200,
        .self = {192, 168, 1,   2},
        .is_udp = true,
        .inside = 4001,
        .outside = 5000,
        .ip = {203, 0,   113, 9},
    };
    uint8_t room[PCP_REQUEST_LEN];
    struct wr w = wr_init(MSPAN_OF(room));
    memcpy(q.nonce, test_hex(NONCE).p, sizeof q.nonce);
    pcp_request_encode(&w, &q);
    EXPECT_OK(wr_end(&w));
    /* Figure 2, then figure 9. */
    EXPECT_SPAN(test_hex("02 01 0000 00001c20 00000000000000000000ffff c0a80102" NONCE
                         "11 000000 0fa1 1388 00000000000000000000ffff cb007109"),
                span_of(room, w.n));
}

TEST(nothing_wished_for)
{
    struct pcp_request q = {
        .self = {10, 0, 0, 1},
          .inside = 1
    };
    uint8_t room[PCP_REQUEST_LEN];
    struct wr w = wr_init(MSPAN_OF(room));
    pcp_request_encode(&w, &q);
    EXPECT_SPAN(test_hex("02 01 0000 00000000 00000000000000000000ffff 0a000001"
                         "000000000000000000000000 06 000000 0001 0000"
                         "00000000000000000000ffff 00000000"),
                span_of(room, w.n));
}

TEST(an_answer)
{
    struct pcp_response r;
    TEST_REQUIRE(pcp_response_decode(&r, test_hex(ANSWER)) == OK);
    EXPECT_EQ(PCP_SUCCESS, r.result);
    EXPECT_EQ(3600, r.lifetime_s);
    EXPECT_EQ(1000, r.epoch_s);
    EXPECT_SPAN(test_hex(NONCE), SPAN_OF(r.nonce));
    EXPECT(!r.is_udp);
    EXPECT_EQ(4001, r.inside);
    EXPECT_EQ(5000, r.outside);
    EXPECT_SPAN(test_hex("cb007109"), SPAN_OF(r.ip));
}

TEST(lengths)
{
    uint8_t long_one[PCP_RESPONSE_LEN_MAX + 4] = {0};
    struct span answer = test_hex(ANSWER);
    struct pcp_response r;
    memcpy(long_one, answer.p, answer.n);
    for (size_t n = 0; n <= sizeof long_one; n++) {
        bool is_good = n >= 60 && n <= PCP_RESPONSE_LEN_MAX && n % 4 == 0;
        test_note("%zu bytes", n);
        EXPECT_ERR(is_good ? OK : ERR_MALFORMED, pcp_response_decode(&r, span_of(long_one, n)));
    }
}

TEST(each_byte_of_the_head)
{
    static const struct {
        const char *name;
        size_t at;
        uint8_t byte;
        enum err e;
    } cases[] = {
        {"version 1",          0,  1,    ERR_MALFORMED  },
        {"version 3",          0,  3,    ERR_MALFORMED  },
        {"NAT-PMP",            0,  0,    ERR_UNSUPPORTED},
        {"a request",          1,  0x01, ERR_MALFORMED  },
        {"ANNOUNCE",           1,  0x80, ERR_MALFORMED  },
        {"PEER",               1,  0x82, ERR_MALFORMED  },
        {"a reserved byte",    2,  0xff, OK             },
        {"UNSUPP_VERSION",     3,  1,    ERR_UNSUPPORTED},
        {"NOT_AUTHORIZED",     3,  2,    OK             },
        {"a reserved field",   12, 0xff, OK             },
        {"all protocols",      36, 0,    ERR_MALFORMED  },
        {"another protocol",   36, 132,  ERR_MALFORMED  },
        {"a reserved byte",    37, 0xff, OK             },
        {"an address of IPv6", 44, 0x20, OK             },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pcp_response r;
        uint8_t room[60];
        memcpy(room, test_hex(ANSWER).p, sizeof room);
        room[cases[i].at] = cases[i].byte;
        test_note("%s", cases[i].name);
        if (EXPECT_ERR(cases[i].e, pcp_response_decode(&r, SPAN_OF(room))) && cases[i].at == 44) {
            EXPECT_SPAN(test_hex("00000000"), SPAN_OF(r.ip));
        }
    }
}

TEST(another_version)
{
    static const struct {
        const char *name;
        const char *hex;
        enum err e;
    } cases[] = {
        {"NAT-PMP, version not supported", "00 81 0001 00000010",                                    ERR_UNSUPPORTED},
        {"NAT-PMP that takes no notice",   "00 81 0000 00000010 00000000",                           ERR_UNSUPPORTED},
        {"PCP 1, its head alone",          "01 81 00 01 00000000 00000010 000000000000000000000000",
         ERR_UNSUPPORTED                                                                                            },
        {"one byte less than NAT-PMP has", "00 81 0001 000000",                                      ERR_MALFORMED  },
        {"a question of NAT-PMP",          "00 01 0001 00000010",                                    ERR_MALFORMED  },
        {"nothing",                        "",                                                       ERR_MALFORMED  },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pcp_response r;
        test_note("%s", cases[i].name);
        EXPECT_ERR(cases[i].e, pcp_response_decode(&r, test_hex(cases[i].hex)));
    }
}

TEST(results)
{
    for (unsigned code = 2; code < 256; code++) {
        struct pcp_response r = {.result = PCP_SUCCESS};
        uint8_t room[60];
        memcpy(room, test_hex(ANSWER).p, sizeof room);
        room[3] = (uint8_t)code;
        EXPECT_OK(pcp_response_decode(&r, SPAN_OF(room)));
        EXPECT_EQ(code < 14 ? code : (unsigned)PCP_OTHER_RESULT, r.result);
    }
    for (unsigned i = 0; i < PCP_RESULT_COUNT; i++) {
        EXPECT(pcp_result_name((enum pcp_result)i)[0] != '\0');
        EXPECT(pcp_result_text((enum pcp_result)i)[0] != '\0');
    }
    EXPECT_STR("not_authorized", pcp_result_name(PCP_NOT_AUTHORIZED));
    EXPECT_STR("another router stands between", pcp_result_text(PCP_ADDRESS_MISMATCH));
}

TEST_MAIN
