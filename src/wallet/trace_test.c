/* Payments in of a token: what of them is proven, and what a server can make of it. */
#include "base/test.h"
#include "service/chain_world_test.h"
#include "wallet/wallet.h"
#include "wallet/world_test.h"

#include <string.h>

/* A chain whose blocks 101 and 103 hold transfers to the account of the wallet, which read block 100 and reads 105 next. */
static struct world w;
static struct chain_world chain;
static struct buf body;
static struct {
    size_t asked;
    uint64_t blocks;          /* of the last question */
    struct hash32 block_hash; /* the same */
    size_t refusals;          /* questions that get ERR_UNSUPPORTED first */
    uint64_t blocks_most;     /* as many blocks a server gives; 0: any */
    enum chain_fault fault;
    struct address other_token;
    bool is_other_token; /* the answer is about another token's logs */
} server;

static enum err logs(struct proven_logs *ret, size_t *len, const struct wallet_event *e)
{
    static struct service_request r;
    struct service_chain answer;
    server.asked++;
    server.blocks = e->blocks;
    server.block_hash = e->block_hash;
    if (server.refusals > 0) {
        server.refusals--;
        return ERR_UNSUPPORTED;
    }
    if (server.blocks_most && e->blocks > server.blocks_most) {
        return ERR_UNSUPPORTED;
    }
    r = chain_world_request(&chain, SERVICE_LOGS);
    r.number = e->block;
    r.block_hash = chain.headers[e->block - CHAIN_WORLD_FIRST].hash;
    r.blocks = e->blocks;
    EXPECT_SPAN(r.topics[0], span_first(e->slots, 32));
    EXPECT_SPAN(r.topics[2], span_from(e->slots, 32));
    EXPECT_SPAN(r.addresses, SPAN_OF(e->address.bytes));
    struct service_request sent = r;
    if (server.is_other_token) {
        sent.addresses = SPAN_OF(server.other_token.bytes);
    }
    buf_clear(&body);
    if (chain_world_exchange(&chain, &body, &sent, server.fault) != SERVICE_OK) {
        return ERR_IO;
    }
    *len = body.n;
    TRY(service_chain_decode(&answer, r.type, buf_span(&body)));
    return proven_logs_verify(ret, test_budget(), &r.block_hash, &r, &answer);
}

static bool start(const uint8_t amounts[static CHAIN_WORLD_PAID_COUNT])
{
    struct coded why = {0};
    struct chain_world_payments p = {
        .token = world_token, .payers = {{{0xaa}},   {{0xbb}}  },
             .amounts = {amounts[0], amounts[1]}
    };
    buf_init(&body, test_budget(), SERVICE_BODY_LEN_MAX);
    memset(&server, 0, sizeof server);
    if (!world_init(&w) || !EXPECT(world_enroll(&w, "Main", NULL, &why) != NULL)) {
        return false;
    }
    p.payee = wallet_account_at(w.wallet, 0)->address;
    chain_world_init_payments(&chain, &p);
    w.chain.is_anchored = true;
    w.chain.logs = logs;
    world_turn(&w, 10);
    return true;
}

static void end(void)
{
    buf_done(&body);
    chain_world_done(&chain);
    world_done(&w);
}

/* The chain goes to its last block, and the account has so much of the token there. */
static void receive(uint64_t tokens)
{
    w.chain.block = CHAIN_WORLD_FIRST + CHAIN_WORLD_BLOCKS - 1;
    w.chain.token = u256_from_u64(tokens);
    for (int i = 0; i < 12; i++) {
        world_turn(&w, 2000);
    }
}

/* The tokens of the history, oldest first: up to 4. */
struct row {
    uint64_t amount;
    uint8_t payer; /* first byte */
    enum grade grade;
    enum figure_ground ground;
    uint64_t block;
};

static size_t rows(struct row ret[static 4])
{
    struct history_args args = {.account = wallet_settings(w.wallet)->account,
                                .network = w.networks[0].id};
    struct operation *op = NULL;
    size_t count = 0;
    EXPECT_OK(operation_new(&op, test_budget()));
    while (count < 4 && wallet_history(w.wallet, &args, op) == OK) {
        args.before = op->id;
        if (op->kind != OPERATION_RECEIVE || address_is_zero(op->token)) {
            continue;
        }
        struct row *r = &ret[count++];
        *r = (struct row){.payer = op->from.bytes[0],
                          .grade = figure_grade(&op->received),
                          .ground = figure_ground(&op->received),
                          .block = op->block};
        EXPECT_OK(u256_to_u64(&r->amount, op->amount));
        EXPECT(!op->has_received || u256_equal(op->amount, figure_value(&op->received)));
    }
    operation_free(op);
    for (size_t i = 1; i < count; i++) { /* by block */
        for (size_t k = i; k > 0 && ret[k].block < ret[k - 1].block; k--) {
            struct row other = ret[k];
            ret[k] = ret[k - 1];
            ret[k - 1] = other;
        }
    }
    return count;
}

static void expect_both_proven(enum figure_ground ground)
{
    struct row r[4];
    TEST_REQUIRE(rows(r) == 2);
    EXPECT_EQ(100, r[0].amount);
    EXPECT_EQ(0xaa, r[0].payer);
    EXPECT_EQ(101, r[0].block);
    EXPECT_EQ(150, r[1].amount);
    EXPECT_EQ(0xbb, r[1].payer);
    EXPECT_EQ(103, r[1].block);
    for (size_t i = 0; i < 2; i++) {
        EXPECT_EQ(GRADE_PROVEN, r[i].grade);
        EXPECT_EQ(ground, r[i].ground);
    }
}

TEST(each_payment_is_proven_by_its_log)
{
    TEST_REQUIRE(start((const uint8_t[]){100, 150}));
    receive(250);
    EXPECT_EQ(1, server.asked);
    EXPECT_EQ(5, server.blocks); /* what was not read yet, no more */
    expect_both_proven(FIGURE_BY_ALL_LOGS);
    TEST_REQUIRE(world_restart(&w)); /* as it was written */
    expect_both_proven(FIGURE_BY_ALL_LOGS);
    end();
}

/* A server that gives few blocks at once: the next step starts where the last one's headers lead. */
TEST(steps_hang_on_each_other)
{
    TEST_REQUIRE(start((const uint8_t[]){100, 150}));
    server.blocks_most = 4;
    receive(250);
    EXPECT_EQ(3, server.asked); /* 5, then 4 and 1 */
    EXPECT_EQ(1, server.blocks);
    EXPECT_SPAN(SPAN_OF(chain.headers[1].hash.bytes), SPAN_OF(server.block_hash.bytes));
    expect_both_proven(FIGURE_BY_ALL_LOGS);
    end();
}

/* What explains the balance ends the search: what is proven then is not called complete. */
TEST(an_early_end_is_inclusion_only)
{
    struct row r[4];
    TEST_REQUIRE(start((const uint8_t[]){0, 150}));
    server.blocks_most = 4;
    receive(150);
    EXPECT_EQ(2, server.asked);
    TEST_REQUIRE(rows(r) == 1);
    EXPECT_EQ(GRADE_PROVEN, r[0].grade);
    EXPECT_EQ(FIGURE_BY_LOG, r[0].ground);
    end();
}

/* A token that grows by itself, and a transfer of nothing that somebody made in another's name. */
TEST(what_no_log_says_stays_what_it_is)
{
    struct row r[4];
    TEST_REQUIRE(start((const uint8_t[]){100, 0}));
    size_t questions = w.chain.questions;
    receive(130);
    EXPECT(w.chain.questions > questions);
    TEST_REQUIRE(rows(r) == 2);
    EXPECT_EQ(100, r[0].amount);
    EXPECT_EQ(GRADE_PROVEN, r[0].grade);
    EXPECT_EQ(30, r[1].amount); /* in the block that was read */
    EXPECT_EQ(0, r[1].payer);
    EXPECT_EQ(GRADE_REPORTED, r[1].grade);
    end();
}

/* Whatever a server does to logs, nothing becomes proven by it, and the amount stays what balances differ by. */
TEST(a_lie_proves_nothing)
{
    static const enum chain_fault faults[] = {
        CHAIN_FAULT_RECEIPT,      /* a log is changed or added: another receipt */
        CHAIN_FAULT_RECEIPT_LAST, /* one is left out */
        CHAIN_FAULT_TX_MISSING,   CHAIN_FAULT_OTHER_CHAIN, /* a forked block */
        CHAIN_FAULT_HEADER,
    };
    for (size_t i = 0; i <= sizeof faults / sizeof faults[0]; i++) {
        struct row r[4];
        test_note("case %zu", i);
        TEST_REQUIRE(start((const uint8_t[]){100, 150}));
        server.is_other_token = i == sizeof faults / sizeof faults[0];
        server.other_token = world_token;
        server.other_token.bytes[0] ^= 1;
        server.fault = server.is_other_token ? CHAIN_FAULT_NONE : faults[i];
        receive(250);
        EXPECT(server.asked > 0);
        TEST_REQUIRE(rows(r) == 1);
        EXPECT_EQ(250, r[0].amount);
        EXPECT_EQ(GRADE_REPORTED, r[0].grade);
        end();
    }
}

TEST(without_an_anchor_it_is_what_servers_say)
{
    struct row r[4];
    static const char log[] =
        "{\"topics\":["
        "\"0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef\","
        "\"0x000000000000000000000000cc00000000000000000000000000000000000000\","
        "\"0x0000000000000000000000001111111111111111111111111111111111111111\"],"
        "\"data\":\"0x00000000000000000000000000000000000000000000000000000000000000fa\","
        "\"transactionHash\":"
        "\"0x3333333333333333333333333333333333333333333333333333333333333333\"}";
    for (uint8_t k = 1; k <= 2; k++) {
        TEST_REQUIRE(start((const uint8_t[]){100, 150}));
        w.chain.is_anchored = false;
        wallet_set_anchor(w.wallet, w.t, &w.networks[0], ANCHOR_NONE);
        w.chain.log = log;
        w.chain.agreeing = k;
        receive(250);
        EXPECT_EQ(0, server.asked);
        TEST_REQUIRE(rows(r) == 1);
        EXPECT_EQ(0xcc, r[0].payer);
        EXPECT_EQ(k == 2 ? GRADE_AGREED : GRADE_REPORTED, r[0].grade);
        TEST_REQUIRE(world_restart(&w));
        TEST_REQUIRE(rows(r) == 1);
        EXPECT_EQ(k == 2 ? GRADE_AGREED : GRADE_REPORTED, r[0].grade);
        end();
    }
}

TEST_MAIN
