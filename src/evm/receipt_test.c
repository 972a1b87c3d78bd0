#include "evm/receipt.h"

#include "base/buf.h"
#include "base/test.h"
#include "evm/fixture_test.h"
#include "evm/mpt.h"
#include "evm/receipt_json.h"
#include "evm/rlp.h"

enum { ITEMS_MAX = 256, ALL_LEN_MAX = 1 << 20 };

/* chain/el-mainnet-helios: the receipts of all 202 transactions of a block of mainnet make the root in its header, their
 * filters are right and together the header's, and a changed or missing one makes another root. */
TEST(mainnet_receipts)
{
    struct span text;
    struct span block_text;
    if (!test_fixture("chain/el-mainnet-helios/receipts.json", &text) ||
        !test_fixture("chain/el-mainnet-helios/block.json", &block_text)) {
        return;
    }
    struct json all;
    struct json block;
    TEST_REQUIRE(json_parse(&all, text, NULL) == OK);
    TEST_REQUIRE(json_parse(&block, block_text, NULL) == OK);
    struct buf b;
    buf_init(&b, test_budget(), ALL_LEN_MAX);
    static size_t ends[ITEMS_MAX];
    static struct span items[ITEMS_MAX];
    size_t n = 0;
    struct json_iter it = json_iterate(all);
    struct json r;
    while (json_next(&it, NULL, &r) && EXPECT(n < ITEMS_MAX)) {
        struct buf one;
        buf_init(&one, test_budget(), ALL_LEN_MAX);
        EXPECT_OK(receipt_json_encode(&one, r));
        EXPECT_OK(buf_append(&b, buf_span(&one)));
        ends[n++] = b.n;
        buf_done(&one);
    }
    EXPECT_EQ(202, n);
    struct bloom sum = {0};
    for (size_t i = 0; i < n; i++) {
        size_t start = i ? ends[i - 1] : 0;
        items[i] = span_of(b.p + start, ends[i] - start);
        struct receipt receipt;
        test_note("receipt %zu", i);
        if (EXPECT_OK(receipt_decode(&receipt, items[i]))) {
            EXPECT(receipt_bloom_is_right(&receipt));
            for (size_t k = 0; k < BLOOM_LEN; k++) {
                sum.bytes[k] |= receipt.bloom.bytes[k];
            }
        }
    }
    EXPECT_SPAN(fixture_bytes(block, "logsBloom"), SPAN_OF(sum.bytes));
    struct hash32 want = fixture_hash(block, "receiptsRoot");
    struct hash32 got;
    EXPECT_OK(mpt_root_of_list(&got, items, n));
    EXPECT_SPAN(SPAN_OF(want.bytes), SPAN_OF(got.bytes));
    EXPECT_OK(mpt_root_of_list(&got, items, n - 1));
    EXPECT(!span_equal(SPAN_OF(want.bytes), SPAN_OF(got.bytes)));
    b.p[ends[100] - 1] ^= 1;
    EXPECT_OK(mpt_root_of_list(&got, items, n));
    EXPECT(!span_equal(SPAN_OF(want.bytes), SPAN_OF(got.bytes)));
    buf_done(&b);
}

/* receipt of the given outcome, type and logs (the payload of their list), all in hex; an empty filter. */
static enum err decode(struct receipt *ret, const char *type, const char *outcome, const char *logs)
{
    static const uint8_t filter[BLOOM_LEN];
    static uint8_t kept[4096];
    struct buf b;
    buf_init(&b, test_budget(), sizeof kept);
    struct rlp_wr w = rlp_wr_init(&b);
    rlp_wr_list_begin(&w);
    rlp_wr_raw(&w, test_hex(outcome));
    rlp_wr_u64(&w, 21000);
    rlp_wr_bytes(&w, SPAN_OF(filter));
    rlp_wr_list_begin(&w);
    rlp_wr_raw(&w, test_hex(logs));
    rlp_wr_list_end(&w);
    rlp_wr_list_end(&w);
    EXPECT_OK(rlp_wr_end(&w));
    size_t n = span_copy(MSPAN_OF(kept), test_hex(type));
    n += span_copy(mspan_from(MSPAN_OF(kept), n), buf_span(&b));
    buf_done(&b);
    return receipt_decode(ret, span_of(kept, n));
}

#define ADDRESS                                                                                    \
    "94"                                                                                           \
    "3535353535353535353535353535353535353535"
#define TOPIC                                                                                      \
    "a0"                                                                                           \
    "1111111111111111111111111111111111111111111111111111111111111111"
#define ROOT TOPIC

static const struct {
    const char *name;
    const char *type;
    const char *outcome;
    const char *logs;
    enum err want;
} receipt_cases[] = {
    {"legacy, success",         "",   "01", "",                                                       OK             },
    {"legacy, failure",         "",   "80", "",                                                       OK             },
    {"legacy, a state root",    "",   ROOT, "",                                                       OK             },
    {"typed, a state root",     "02", ROOT, "",                                                       ERR_MALFORMED  },
    {"status 2",                "",   "02", "",                                                       ERR_MALFORMED  },
    {"status 0 as a byte",      "",   "00", "",                                                       ERR_MALFORMED  },
    {"status is a list",        "",   "c0", "",                                                       ERR_MALFORMED  },
    {"type 0 written",          "00", "01", "",                                                       ERR_MALFORMED  },
    {"type 4",                  "04", "01", "",                                                       OK             },
    {"type 5",                  "05", "01", "",                                                       ERR_UNSUPPORTED},
    {"type 7e",                 "7e", "01", "",                                                       ERR_UNSUPPORTED},
    {"type 80",                 "80", "01", "",                                                       ERR_MALFORMED  },
    {"a log without topics",    "02", "01",
     "d7" ADDRESS "c0"
     "05",                                                                                            OK             },
    {"a log with a topic",      "02", "01", "f838" ADDRESS "e1" TOPIC "05",                           OK             },
    {"a log with four topics",  "02", "01", "f89c" ADDRESS "f884" TOPIC TOPIC TOPIC TOPIC "05",       OK             },
    {"a log with five topics",  "02", "01", "f8bd" ADDRESS "f8a5" TOPIC TOPIC TOPIC TOPIC TOPIC "05",
     ERR_MALFORMED                                                                                                   },
    {"a topic of 1 byte",       "02", "01",
     "d8" ADDRESS "c101"
     "05",                                                                                            ERR_MALFORMED  },
    {"an address of 19 bytes",  "02", "01",
     "d6"
     "93"
     "35353535353535353535353535353535353535"
     "c0"
     "05",                                                                                            ERR_MALFORMED  },
    {"a fourth field",          "02", "01",
     "d8" ADDRESS "c0"
     "05"
     "05",                                                                                            ERR_MALFORMED  },
    {"topics are a string",     "02", "01",
     "d7" ADDRESS "80"
     "05",                                                                                            ERR_MALFORMED  },
    {"data are a list",         "02", "01",
     "d7" ADDRESS "c0"
     "c0",                                                                                            ERR_MALFORMED  },
    {"a string among the logs", "02", "01", "05",                                                     ERR_MALFORMED  },
};

TEST(forms_of_receipts)
{
    for (size_t i = 0; i < sizeof receipt_cases / sizeof *receipt_cases; i++) {
        struct receipt r;
        test_note("%s", receipt_cases[i].name);
        EXPECT_ERR(receipt_cases[i].want, decode(&r, receipt_cases[i].type,
                                                 receipt_cases[i].outcome, receipt_cases[i].logs));
    }
    struct receipt r;
    EXPECT_OK(decode(&r, "02", "80",
                     "f838" ADDRESS "e1" TOPIC "05"
                     "d7" ADDRESS "c0"
                     "06"));
    EXPECT(r.has_status);
    EXPECT(!r.is_success);
    EXPECT_EQ(2, r.logs_count);
    EXPECT_EQ(21000, r.cumulative_gas);
    EXPECT(!receipt_bloom_is_right(&r)); /* its filter is empty */
    struct event_log log;
    struct span logs = r.logs;
    EXPECT_OK(log_next(&log, &logs));
    EXPECT_EQ(1, log.topics_count);
    EXPECT_OK(log_next(&log, &logs));
    EXPECT_SPAN(test_hex("06"), log.data);
    EXPECT_ERR(ERR_MALFORMED, log_next(&log, &logs));
}

/* Which bits are set, the block of mainnet above holds; here: one entry sets one to three. */
TEST(bloom_entries)
{
    struct bloom b = {0};
    struct span entry = test_hex("3535353535353535353535353535353535353535");
    EXPECT(!bloom_may_have(&b, entry));
    bloom_add(&b, entry);
    EXPECT(bloom_may_have(&b, entry));
    unsigned bits = 0;
    for (size_t i = 0; i < BLOOM_LEN; i++) {
        bits += (unsigned)__builtin_popcount(b.bytes[i]);
    }
    EXPECT(bits >= 1);
    EXPECT(bits <= 3);
    EXPECT(!bloom_may_have(&b, SPAN_LIT("another")));
}

TEST_MAIN
