/* Requests to a Nitro security module, and its answers. */
#include "tee/nsm.h"

#include "base/test.h"

#include <stdio.h>
#include <string.h>

TEST(a_request_byte_for_byte)
{
    uint8_t room[128];
    struct wr w = wr_init(MSPAN_OF(room));
    nsm_write_attestation(&w, SPAN_LIT("\x01\x02"));
    EXPECT_OK(wr_end(&w));
    /* {"Attestation": {"user_data": h'0102', "nonce": null, "public_key": null}} */
    EXPECT_SPAN(test_hex("a1 6b4174746573746174696f6e a3 69757365725f64617461 42 0102"
                         "656e6f6e6365 f6 6a7075626c69635f6b6579 f6"),
                span_of(room, w.n));
}

TEST(the_longest_request_and_one_more)
{
    static uint8_t room[NSM_REQUEST_LEN_MAX];
    static uint8_t data[NSM_USER_DATA_LEN_MAX + 1];
    struct wr w = wr_init(MSPAN_OF(room));
    nsm_write_attestation(&w, span_of(data, NSM_USER_DATA_LEN_MAX));
    EXPECT_OK(wr_end(&w));
    struct wr long_one = wr_init(MSPAN_OF(room));
    nsm_write_attestation(&long_one, SPAN_OF(data));
    EXPECT_ERR(ERR_LIMIT, wr_end(&long_one));
    EXPECT_EQ(0, long_one.n);
}

/* {"Attestation": {"document": h'…'}} with a word and a value of one's own. */
static const char answer[] = "a1 6b4174746573746174696f6e a1 68646f63756d656e74";

TEST(answers)
{
    static const struct {
        const char *name;
        const char *head;
        const char *hex;
        enum err want;
    } rows[] = {
        {"a document",             answer, "43 aabbcc",                                          OK           },
        {"an empty one",           answer, "40",                                                 ERR_MALFORMED},
        {"a text",                 answer, "63 616263",                                          ERR_MALFORMED},
        {"cut",                    answer, "43 aabb",                                            ERR_MALFORMED},
        {"a byte more",            answer, "43 aabbcc 00",                                       ERR_MALFORMED},
        {"nothing",                "",     "",                                                   ERR_MALFORMED},
        {"an array",               "",     "80",                                                 ERR_MALFORMED},
        {"another answer",         "",     "a1 66 4765745261 6e f6",                             ERR_MALFORMED},
        {"two answers",            "",     "a2 6161 f6 6162 f6",                                 ERR_MALFORMED},
        {"no map inside",          "",     "a1 6b4174746573746174696f6e f6",                     ERR_MALFORMED},
        {"InvalidArgument",        "",     "a1 654572726f72 6f496e76616c6964417267756d656e74",   ERR_DENIED   },
        {"InvalidOperation",       "",     "a1 654572726f72 70496e76616c69644f7065726174696f6e", ERR_DENIED   },
        {"BufferTooSmall",         "",     "a1 654572726f72 6e427566666572546f6f536d616c6c",     ERR_LIMIT    },
        {"InputTooLarge",          "",     "a1 654572726f72 6d496e707574546f6f4c61726765",       ERR_LIMIT    },
        {"InternalError",          "",     "a1 654572726f72 6d496e7465726e616c4572726f72",       ERR_IO       },
        {"a word of tomorrow",     "",     "a1 654572726f72 655469726564",                       ERR_IO       },
        {"a byte behind its word", "",     "a1 654572726f72 645469726564",                       ERR_MALFORMED},
        {"an error without words", "",     "a1 654572726f72 01",                                 ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char hex[256];
        struct span document = SPAN_EMPTY;
        (void)snprintf(hex, sizeof hex, "%s%s", rows[i].head, rows[i].hex);
        test_note("%s", rows[i].name);
        EXPECT_ERR(rows[i].want, nsm_read_attestation(&document, test_hex(hex)));
        EXPECT_SPAN(rows[i].want == OK ? test_hex("aabbcc") : SPAN_EMPTY, document);
    }
}

TEST(the_longest_answer_and_one_more)
{
    static uint8_t room[NSM_RESPONSE_LEN_MAX + 1];
    struct span document;
    struct span head = test_hex("a1 6b4174746573746174696f6e a1 68646f63756d656e74 59");
    memcpy(room, head.p, head.n);
    size_t n = NSM_RESPONSE_LEN_MAX - head.n - 2;
    room[head.n] = (uint8_t)(n >> 8);
    room[head.n + 1] = (uint8_t)n;
    TEST_REQUIRE(EXPECT_OK(nsm_read_attestation(&document, span_of(room, NSM_RESPONSE_LEN_MAX))));
    EXPECT_EQ(n, document.n);
    EXPECT_ERR(ERR_LIMIT, nsm_read_attestation(&document, SPAN_OF(room)));
}

TEST_MAIN
