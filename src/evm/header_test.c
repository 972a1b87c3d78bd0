#include "evm/header.h"

#include "base/test.h"
#include "crypto/keccak.h"
#include "evm/fixture_test.h"
#include "evm/header_json.h"
#include "evm/mpt.h"
#include "evm/receipt.h"
#include "evm/rlp.h"

enum { ITEMS_MAX = 512 };

/* from_json reads a block of JSON-RPC. */
static struct header from_json(struct json b)
{
    struct header h = {0};
    EXPECT_OK(header_json_parse(&h, b));
    return h;
}

/* chain/el-mainnet-helios: a block of mainnet has the hash that its JSON says, and its withdrawals the root. */
TEST(mainnet_block)
{
    struct span text;
    if (!test_fixture("chain/el-mainnet-helios/block.json", &text)) {
        return;
    }
    struct json block;
    TEST_REQUIRE(json_parse(&block, text, NULL) == OK);
    struct header h = from_json(block);
    struct buf b;
    buf_init(&b, test_budget(), HEADER_LEN_MAX);
    EXPECT_OK(header_encode(&h, &b));
    struct hash32 hash = fixture_hash(block, "hash");
    struct header back;
    EXPECT_OK(header_verify(&back, &hash, buf_span(&b)));
    EXPECT_EQ(HEADER_CANCUN, back.form);
    EXPECT_EQ(0x14e8d38, back.number);
    hash.bytes[0] ^= 1;
    EXPECT_ERR(ERR_AUTH, header_verify(&back, &hash, buf_span(&b)));

    static uint8_t encoded[16][WITHDRAWAL_LEN_MAX];
    struct span items[16];
    struct json_iter it = json_iterate(fixture_member(block, "withdrawals"));
    struct json v;
    size_t n = 0;
    for (; n < 16 && json_next(&it, NULL, &v); n++) {
        struct withdrawal w = {.index = fixture_u64(v, "index"),
                               .validator = fixture_u64(v, "validatorIndex"),
                               .amount_gwei = fixture_u64(v, "amount")};
        fixture_fill(MSPAN_OF(w.address.bytes), v, "address");
        items[n] = span_of(encoded[n], withdrawal_print(encoded[n], &w));
        struct withdrawal again;
        EXPECT_OK(withdrawal_decode(&again, items[n]));
        EXPECT_EQ(w.validator, again.validator);
        EXPECT_ERR(ERR_MALFORMED, withdrawal_decode(&again, span_first(items[n], items[n].n - 1)));
    }
    EXPECT_EQ(16, n);
    struct hash32 root;
    EXPECT_OK(mpt_root_of_list(&root, items, n));
    EXPECT_SPAN(SPAN_OF(h.withdrawals_root.bytes), SPAN_OF(root.bytes));
    buf_done(&b);
}

static size_t cut_items(struct span items[ITEMS_MAX], struct span list)
{
    size_t n = 0;
    while (list.n > 0 && EXPECT(n < ITEMS_MAX)) {
        struct rlp_item item;
        if (!EXPECT_OK(rlp_next(&item, &list))) {
            break;
        }
        items[n++] = item.is_list ? item.encoded : item.payload; /* typed ones lie in a string */
    }
    return n;
}

static void expect_root(struct hash32 want, struct span list)
{
    static struct span items[ITEMS_MAX];
    struct hash32 got;
    size_t n = cut_items(items, list);
    EXPECT_OK(mpt_root_of_list(&got, items, n));
    EXPECT_SPAN(SPAN_OF(want.bytes), SPAN_OF(got.bytes));
}

/* chain/rpc-io-execution-apis: 54 blocks of every fork from Frontier to Osaka, as geth made them. Each header names the
 * one before, and each list of transactions and withdrawals has the root in its header. */
TEST(a_chain_through_all_forks)
{
    struct span chain;
    struct span head;
    if (!test_fixture("chain/rpc-io-execution-apis/chain.rlp", &chain) ||
        !test_fixture("chain/rpc-io-execution-apis/headfcu.json", &head)) {
        return;
    }
    static struct header headers[64];
    static struct span encoded[64];
    unsigned seen[HEADER_PRAGUE + 1] = {0};
    size_t n = 0;
    while (chain.n > 0 && EXPECT(n < 64)) {
        struct rlp_item block;
        struct rlp_item header;
        TEST_REQUIRE(rlp_next(&block, &chain) == OK);
        struct span rest = block.payload;
        TEST_REQUIRE(rlp_next(&header, &rest) == OK);
        test_note("block %zu", n + 1);
        TEST_REQUIRE(EXPECT_OK(header_decode(&headers[n], header.encoded)));
        encoded[n] = header.encoded;
        seen[headers[n].form]++;
        struct rlp_rd r = {.rest = rest};
        expect_root(headers[n].transactions_root, rlp_rd_sublist(&r));
        (void)rlp_rd_sublist(&r); /* ommers */
        if (headers[n].form >= HEADER_SHANGHAI) {
            expect_root(headers[n].withdrawals_root, rlp_rd_sublist(&r));
        }
        EXPECT(rlp_rd_end(&r));
        struct buf b;
        buf_init(&b, test_budget(), HEADER_LEN_MAX);
        EXPECT_OK(header_encode(&headers[n], &b));
        EXPECT_SPAN(header.encoded, buf_span(&b));
        buf_done(&b);
        n++;
    }
    TEST_REQUIRE(n == 54);
    for (size_t i = 0; i <= HEADER_PRAGUE; i++) {
        test_note("form %zu", i);
        EXPECT(seen[i] > 0);
    }
    static struct span down[64];
    for (size_t i = 0; i + 1 < n; i++) {
        down[i] = encoded[n - 2 - i];
    }
    struct header oldest;
    EXPECT_OK(header_verify_chain(&oldest, &headers[n - 1], down, n - 1));
    EXPECT_EQ(1, oldest.number);
    down[7] = down[8];
    EXPECT_ERR(ERR_AUTH, header_verify_chain(&oldest, &headers[n - 1], down, n - 1));
    EXPECT_ERR(ERR_LIMIT, header_verify_chain(&oldest, &headers[0], down, HEADER_CHAIN_MAX + 1));
    struct json call;
    struct json state;
    TEST_REQUIRE(json_parse(&call, head, NULL) == OK);
    TEST_REQUIRE(json_at(&state, fixture_member(call, "params"), 0));
    struct hash32 want = fixture_hash(state, "headBlockHash");
    EXPECT_SPAN(SPAN_OF(want.bytes), SPAN_OF(headers[n - 1].hash.bytes));
}

static struct header example(enum header_form form)
{
    struct header h = {.form = form, .number = 7, .timestamp = 1000, .gas_limit = 30000000};
    return h;
}

static struct span encode(struct buf *b, const struct header *h)
{
    buf_clear(b);
    (void)EXPECT_OK(header_encode(h, b));
    return buf_span(b);
}

/* Every form comes back as it went; every cut and every other count of fields is refused. */
TEST(forms)
{
    struct buf b;
    buf_init(&b, test_budget(), 4096);
    for (unsigned form = 0; form <= HEADER_PRAGUE; form++) {
        struct header h = example((enum header_form)form);
        struct span rlp = encode(&b, &h);
        struct header back;
        test_note("form %u", form);
        EXPECT_OK(header_decode(&back, rlp));
        EXPECT_EQ(form, back.form);
        for (size_t n = 0; n < rlp.n; n++) {
            EXPECT_ERR(ERR_MALFORMED, header_decode(&back, span_first(rlp, n)));
        }
    }
    static const struct {
        size_t fields;
        enum err want;
    } counts[] = {
        {14, ERR_MALFORMED  },
        {18, ERR_MALFORMED  },
        {19, ERR_MALFORMED  },
        {22, ERR_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct buf c;
        buf_init(&c, test_budget(), 4096);
        struct rlp_wr w = rlp_wr_init(&c);
        rlp_wr_list_begin(&w);
        for (size_t f = 0; f < counts[i].fields; f++) {
            rlp_wr_u64(&w, 1);
        }
        rlp_wr_list_end(&w);
        EXPECT_OK(rlp_wr_end(&w));
        struct header back;
        test_note("%zu fields", counts[i].fields);
        EXPECT_ERR(counts[i].want, header_decode(&back, buf_span(&c)));
        buf_done(&c);
    }
    static const uint8_t big[HEADER_LEN_MAX + 1];
    struct header back;
    EXPECT_ERR(ERR_LIMIT, header_decode(&back, SPAN_OF(big)));
    struct hash32 hash = {.bytes = {1}};
    EXPECT_ERR(ERR_LIMIT, header_verify(&back, &hash, SPAN_OF(big)));
    buf_done(&b);
}

/* A parent has the number below and is not later, even if its hash is right. */
TEST(parents)
{
    static const struct {
        uint64_t number;
        uint64_t timestamp;
        enum err want;
    } cases[] = {
        {6, 999,  OK           },
        {6, 1000, OK           },
        {6, 1001, ERR_MALFORMED},
        {5, 999,  ERR_MALFORMED},
        {7, 999,  ERR_MALFORMED},
    };
    struct buf b;
    buf_init(&b, test_budget(), 4096);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct header child = example(HEADER_PRAGUE);
        struct header parent = example(HEADER_PRAGUE);
        parent.number = cases[i].number;
        parent.timestamp = cases[i].timestamp;
        struct span rlp = encode(&b, &parent);
        keccak256(&child.parent_hash, rlp);
        struct header got;
        test_note("case %zu", i);
        EXPECT_ERR(cases[i].want, header_verify_parent(&got, &child, rlp));
        child.parent_hash.bytes[31] ^= 1;
        EXPECT_ERR(ERR_AUTH, header_verify_parent(&got, &child, rlp));
    }
    buf_done(&b);
}

TEST_MAIN
