#include "evm/log_range.h"

#include "base/test.h"
#include "evm/fixture_test.h"
#include "evm/header.h"
#include "evm/mpt.h"

enum { BLOCKS_MAX = 8, ITEMS_MAX = 16 };

/* The chain of chain/logs-synthetic: 8 blocks, all transactions and receipts. */
struct chain {
    struct log_block blocks[BLOCKS_MAX];
    struct span transactions[BLOCKS_MAX][ITEMS_MAX];
    struct span receipts[BLOCKS_MAX][ITEMS_MAX];
    struct hash32 tip_hash;
    uint64_t first;
    struct json cases;
};

static struct chain chain;

static size_t items_of(struct span room[ITEMS_MAX], struct json array)
{
    size_t n = 0;
    struct json_iter it = json_iterate(array);
    struct json v;
    while (json_next(&it, NULL, &v) && EXPECT(n < ITEMS_MAX)) {
        room[n++] = fixture_hex(v);
    }
    return n;
}

static bool load(void)
{
    struct span text;
    struct span cases;
    if (!test_fixture("chain/logs-synthetic/chain.json", &text) ||
        !test_fixture("chain/logs-synthetic/cases.json", &cases)) {
        return false;
    }
    struct json root;
    if (!EXPECT_OK(json_parse(&root, text, NULL)) ||
        !EXPECT_OK(json_parse(&chain.cases, cases, NULL))) {
        return false;
    }
    chain.tip_hash = fixture_hash(root, "tip_hash");
    chain.first = 100;
    struct json_iter it = json_iterate(fixture_member(root, "blocks"));
    struct json b;
    size_t n = 0;
    for (; n < BLOCKS_MAX && json_next(&it, NULL, &b); n++) {
        chain.blocks[n] = (struct log_block){
            .header = fixture_bytes(b, "header"),
            .transactions = chain.transactions[n],
            .receipts = chain.receipts[n],
            .items_count = items_of(chain.receipts[n], fixture_member(b, "receipts")),
        };
        EXPECT_EQ(chain.blocks[n].items_count,
                  items_of(chain.transactions[n], fixture_member(b, "txs")));
    }
    return EXPECT_EQ(BLOCKS_MAX, n);
}

/* A filter of one address and at most one topic in each position. */
struct wish {
    struct log_filter filter;
    struct address address;
    struct hash32 topics[LOG_TOPICS_MAX];
};

static void read_wish(struct wish *w, struct json filter)
{
    *w = (struct wish){0};
    struct json v;
    if (json_find(&v, filter, "address")) {
        fixture_fill(MSPAN_OF(w->address.bytes), filter, "address");
        w->filter.addresses = &w->address;
        w->filter.addresses_count = 1;
    }
    struct json topics;
    if (!json_find(&topics, filter, "topics")) {
        return;
    }
    struct json_iter it = json_iterate(topics);
    while (json_next(&it, NULL, &v) && EXPECT(w->filter.positions_count < LOG_TOPICS_MAX)) {
        size_t at = w->filter.positions_count++;
        if (v.type == JSON_STRING) {
            (void)span_copy(MSPAN_OF(w->topics[at].bytes), fixture_hex(v));
            w->filter.topics[at].any_of = &w->topics[at];
            w->filter.topics[at].count = 1;
        }
    }
}

/* is_claimed compares a log of ours with one that the server claims, every figure of it. */
static bool is_claimed(const struct log_found *f, struct json claim)
{
    bool same = fixture_u64(claim, "blockNumber") == f->block_number &&
                fixture_u64(claim, "transactionIndex") == f->transaction_index &&
                fixture_u64(claim, "logIndex") == f->log_index;
    struct json topics = fixture_member(claim, "topics");
    same = same && json_count(topics) == f->log.topics_count;
    for (size_t i = 0; same && i < f->log.topics_count; i++) {
        struct json topic;
        same = json_at(&topic, topics, i) &&
               span_equal(fixture_hex(topic), SPAN_OF(f->log.topics[i].bytes));
    }
    return same && span_equal(fixture_bytes(claim, "data"), f->log.data) &&
           span_equal(fixture_bytes(claim, "address"), SPAN_OF(f->log.address.bytes)) &&
           span_equal(fixture_bytes(claim, "blockHash"), SPAN_OF(f->block_hash.bytes)) &&
           span_equal(fixture_bytes(claim, "transactionHash"), SPAN_OF(f->transaction_hash.bytes));
}

/* judge: the claim is exactly what the proven blocks hold, in order. */
static bool judge(const struct log_ask *ask, struct json claims)
{
    struct log_range range;
    if (!EXPECT_OK(log_range_verify(&range, ask, chain.blocks + (ask->from - chain.first),
                                    ask->to - ask->from + 1))) {
        return false;
    }
    struct json_iter it = json_iterate(claims);
    struct json claim;
    struct log_found found;
    bool is_right = true;
    while (log_range_next(&range, &found)) {
        is_right = is_right && json_next(&it, NULL, &claim) && is_claimed(&found, claim);
    }
    return is_right && !json_next(&it, NULL, &claim);
}

/* chain/logs-synthetic: complete answers and lies, by construction. */
TEST(samples_are_judged_as_their_index_says)
{
    if (!load()) {
        return;
    }
    EXPECT_EQ(4, json_count(chain.cases));
    struct json_iter it = json_iterate(chain.cases);
    struct json c;
    while (json_next(&it, NULL, &c)) {
        struct span name = fixture_text(fixture_member(c, "name"));
        test_note("case %.*s", (int)name.n, (const char *)name.p);
        struct json filter = fixture_member(c, "filter");
        static struct wish wish;
        read_wish(&wish, filter);
        struct log_ask ask = {.filter = &wish.filter,
                              .from = fixture_u64(filter, "fromBlock"),
                              .to = fixture_u64(filter, "toBlock"),
                              .to_hash = chain.tip_hash};
        bool is_good = json_string_equal(fixture_member(c, "expect"), SPAN_LIT("accept"));
        EXPECT_EQ(is_good, judge(&ask, fixture_member(c, "logs")));
    }
}

/* A server cannot leave out a block, a receipt or a transaction, or give others: of every block, one by one. */
TEST(nothing_can_be_left_out)
{
    if (!load()) {
        return;
    }
    struct log_filter all = {0};
    struct log_ask ask = {
        .filter = &all, .from = chain.first, .to = chain.first + 7, .to_hash = chain.tip_hash};
    struct log_range range;
    EXPECT_OK(log_range_verify(&range, &ask, chain.blocks, BLOCKS_MAX));
    EXPECT_ERR(ERR_TRUNCATED, log_range_verify(&range, &ask, chain.blocks, BLOCKS_MAX - 1));
    EXPECT_ERR(ERR_TRUNCATED, log_range_verify(&range, &ask, chain.blocks + 1, BLOCKS_MAX - 1));
    size_t tried = 0;
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
        test_note("block %zu", i);
        struct log_block good = chain.blocks[i];
        if (good.items_count < 2) {
            continue;
        }
        tried++;
        chain.blocks[i].items_count--; /* the last receipt and transaction */
        EXPECT_ERR(ERR_AUTH, log_range_verify(&range, &ask, chain.blocks, BLOCKS_MAX));
        chain.blocks[i].items_count = 0; /* none */
        EXPECT_ERR(ERR_AUTH, log_range_verify(&range, &ask, chain.blocks, BLOCKS_MAX));
        chain.blocks[i] = good;
        chain.blocks[i].receipts++; /* the first receipt */
        chain.blocks[i].transactions++;
        chain.blocks[i].items_count--;
        EXPECT_ERR(ERR_AUTH, log_range_verify(&range, &ask, chain.blocks, BLOCKS_MAX));
        chain.blocks[i] = good;
        struct span kept = chain.transactions[i][0]; /* a hash of our choice */
        chain.transactions[i][0] = chain.transactions[i][1];
        EXPECT_ERR(ERR_AUTH, log_range_verify(&range, &ask, chain.blocks, BLOCKS_MAX));
        chain.transactions[i][0] = kept;
        chain.blocks[i].header = chain.blocks[(i + 1) % BLOCKS_MAX].header; /* another header */
        EXPECT_ERR(ERR_AUTH, log_range_verify(&range, &ask, chain.blocks, BLOCKS_MAX));
        chain.blocks[i] = good;
    }
    EXPECT(tried >= 6);
    EXPECT_OK(log_range_verify(&range, &ask, chain.blocks, BLOCKS_MAX));
}

/* A block that the bloom excludes needs no lists; lists that are given for it are not read. */
TEST(excluded_blocks_need_no_receipts)
{
    if (!load()) {
        return;
    }
    struct address nobody = {
        .bytes = {0xb4, 1, 2, 3}
    };
    struct log_filter filter = {.addresses = &nobody, .addresses_count = 1};
    struct log_ask ask = {
        .filter = &filter, .from = chain.first, .to = chain.first + 7, .to_hash = chain.tip_hash};
    size_t excluded = 0;
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
        struct header h;
        EXPECT_OK(header_decode(&h, chain.blocks[i].header));
        if (!log_filter_may_match(&filter, &h.bloom)) {
            chain.blocks[i].receipts = NULL;
            chain.blocks[i].transactions = NULL;
            chain.blocks[i].items_count = 0;
            excluded++;
        }
    }
    EXPECT(excluded > 0);
    struct log_range range;
    struct log_found found;
    EXPECT_OK(log_range_verify(&range, &ask, chain.blocks, BLOCKS_MAX));
    EXPECT(!log_range_next(&range, &found));
    EXPECT(!log_range_next(&range, &found));
}

TEST(limits)
{
    if (!load()) {
        return;
    }
    struct log_filter filter = {0};
    struct log_ask ask = {.filter = &filter, .from = 0, .to = 256, .to_hash = chain.tip_hash};
    struct log_range range;
    EXPECT_ERR(ERR_LIMIT, log_range_verify(&range, &ask, chain.blocks, BLOCKS_MAX));
    ask.to = 255;
    EXPECT_ERR(ERR_TRUNCATED, log_range_verify(&range, &ask, chain.blocks, BLOCKS_MAX));
    ask.from = 256;
    EXPECT_ERR(ERR_LIMIT, log_range_verify(&range, &ask, chain.blocks, BLOCKS_MAX));
    ask.from = 0;
    ask.to = UINT64_MAX;
    EXPECT_ERR(ERR_LIMIT, log_range_verify(&range, &ask, chain.blocks, BLOCKS_MAX));
    ask.from = chain.first + 1; /* eight linked blocks with the right tip, one number off */
    ask.to = chain.first + 8;
    EXPECT_ERR(ERR_MALFORMED, log_range_verify(&range, &ask, chain.blocks, BLOCKS_MAX));
    filter.addresses_count = LOG_FILTER_ADDRESSES_MAX + 1;
    EXPECT_ERR(ERR_LIMIT, log_range_verify(&range, &ask, chain.blocks, BLOCKS_MAX));
    filter.addresses_count = 0;
    filter.positions_count = LOG_TOPICS_MAX + 1;
    EXPECT_ERR(ERR_LIMIT, log_range_verify(&range, &ask, chain.blocks, BLOCKS_MAX));
    filter.positions_count = 1;
    filter.topics[0].count = LOG_FILTER_TOPICS_MAX + 1;
    EXPECT_ERR(ERR_LIMIT, log_range_verify(&range, &ask, chain.blocks, BLOCKS_MAX));
}

/* eth_getLogs' rules of matching. */
TEST(filters)
{
    struct address a = {.bytes = {1}};
    struct address b = {.bytes = {2}};
    struct hash32 x = {.bytes = {3}};
    struct hash32 y = {.bytes = {4}};
    struct event_log log = {
        .address = a, .topics = {x, y},
             .topics_count = 2
    };
    struct log_filter f = {0};
    EXPECT(log_filter_matches(&f, &log));
    f.addresses = &b;
    f.addresses_count = 1;
    EXPECT(!log_filter_matches(&f, &log));
    struct address both[] = {b, a};
    f.addresses = both;
    f.addresses_count = 2;
    EXPECT(log_filter_matches(&f, &log));
    f.positions_count = 2; /* anything, then y */
    f.topics[1].any_of = &y;
    f.topics[1].count = 1;
    EXPECT(log_filter_matches(&f, &log));
    f.topics[0].any_of = &y;
    f.topics[0].count = 1;
    EXPECT(!log_filter_matches(&f, &log));
    struct hash32 either[] = {y, x};
    f.topics[0].any_of = either;
    f.topics[0].count = 2;
    EXPECT(log_filter_matches(&f, &log));
    f.positions_count = 3; /* the log has two topics: anything in a third place does not match */
    EXPECT(!log_filter_matches(&f, &log));

    struct bloom bloom = {0};
    f.positions_count = 2;
    EXPECT(!log_filter_may_match(&f, &bloom));
    bloom_add(&bloom, SPAN_OF(a.bytes));
    EXPECT(!log_filter_may_match(&f, &bloom));
    bloom_add(&bloom, SPAN_OF(x.bytes));
    bloom_add(&bloom, SPAN_OF(y.bytes));
    EXPECT(log_filter_may_match(&f, &bloom));
}

TEST_MAIN
