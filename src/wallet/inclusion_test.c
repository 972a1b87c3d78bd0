#include "wallet/inclusion.h"

#include "base/test.h"
#include "service/chain_world_test.h"
#include "wallet/wallet.h"
#include "wallet/world_test.h"

/* A chain whose block 103 holds the operation (and 101 too), and a wallet that is told so. */
static struct world w;
static struct chain_world chain;
static struct buf body; /* of the last proof */
static size_t asked;
static uint64_t asked_from; /* the block that the last proof was asked from */
static size_t index_proven; /* of block 103: 0 is ours, 1 another's */

static enum err prove(struct proven_inclusion *ret, const struct wallet_event *e)
{
    struct service_chain answer;
    struct service_request r = chain_world_request(&chain, SERVICE_INCLUSION);
    asked++;
    asked_from = e->block;
    r.tx_hash = chain_world_tx(&chain, 3, index_proven);
    buf_clear(&body);
    EXPECT_EQ(SERVICE_OK, chain_world_exchange(&chain, &body, &r, CHAIN_FAULT_NONE));
    enum err err = service_chain_decode(&answer, r.type, buf_span(&body));
    err = err == OK ? proven_inclusion_verify(ret, &r.block_hash, &r, &answer) : err;
    return err;
}

static enum err fails(struct proven_inclusion *ret, const struct wallet_event *e)
{
    (void)ret;
    asked++;
    asked_from = e->block;
    return ERR_NOT_FOUND;
}

/* start has an operation submitted, on a network with an anchor. */
static bool start(struct id *op, bool is_success)
{
    struct coded why = {0};
    struct wallet_source source = {.server = "12D3KooTest", .k = 1, .n = 1};
    asked = 0;
    index_proven = 0;
    buf_init(&body, test_budget(), SERVICE_BODY_LEN_MAX);
    if (!world_init(&w) || !EXPECT(world_enroll(&w, "Main", NULL, &why) != NULL)) {
        return false;
    }
    w.chain.is_anchored = true;
    world_turn(&w, 10);
    if (!EXPECT_OK(world_prepare(&w, 1000000, op, &why)) ||
        !EXPECT_OK(world_approve(&w, *op, &why))) {
        return false;
    }
    world_turn(&w, 10);
    wallet_submitted(w.wallet, w.t, *op, OK, &why, &source);
    struct operation *read = NULL;
    EXPECT_OK(operation_new(&read, test_budget()));
    EXPECT_OK(wallet_operation(w.wallet, *op, read));
    struct chain_world_userop userop = {.hash = read->userop_hash,
                                        .entry_point = w.networks[0].entry_point,
                                        .is_success = is_success};
    operation_free(read);
    chain_world_init_userop(&chain, &userop);
    return EXPECT_EQ(OPERATION_SUBMITTED, world_state(&w, *op));
}

static void end(void)
{
    buf_done(&body);
    chain_world_done(&chain);
    world_done(&w);
}

/* The chain reaches a block, and the anchor names it. */
static void reach(uint64_t block)
{
    w.chain.block = block;
    w.chain.nonce = 1;
    w.chain.is_deployed = true;
    world_turn(&w, 2000);
    world_turn(&w, 2000);
}

/* A server says that the operation is in a block, for a fee of 7. */
static void say(struct id op, uint64_t block)
{
    struct tracked what = {.state = TRACKED_INCLUDED,
                           .tx_hash = chain_world_tx(&chain, 3, 0),
                           .block = block,
                           .fee_paid = u256_from_u64(7),
                           .success = true};
    wallet_tracked(w.wallet, w.t, op, &what);
    world_turn(&w, 10);
}

static struct figure fee_of(struct id op)
{
    struct operation *read = NULL;
    EXPECT_OK(operation_new(&read, test_budget()));
    EXPECT_OK(wallet_operation(w.wallet, op, read));
    struct figure fee = read->fee_paid;
    operation_free(read);
    return fee;
}

TEST(an_inclusion_is_proven_by_its_receipt)
{
    struct id op;
    TEST_REQUIRE(start(&op, true));
    w.chain.inclusion = prove;
    reach(103);
    say(op, 103);
    EXPECT_EQ(1, asked);
    EXPECT_EQ(103, asked_from);
    EXPECT_EQ(OPERATION_INCLUDED, world_state(&w, op));
    struct figure fee = fee_of(op);
    EXPECT_EQ(GRADE_PROVEN, figure_grade(&fee));
    EXPECT_EQ(103, figure_block(&fee));
    EXPECT(u256_equal(u256_from_u64(CHAIN_WORLD_COST), figure_value(&fee))); /* not what was said */
    say(op, 103); /* nothing new can be learnt from the same block */
    EXPECT_EQ(1, asked);
    reach(105);
    EXPECT_EQ(OPERATION_INCLUDED, world_state(&w, op));
    say(op, 103);
    EXPECT_EQ(2, asked); /* final is what is proven from far enough above */
    EXPECT_EQ(105, asked_from);
    EXPECT_EQ(OPERATION_FINAL, world_state(&w, op));
    fee = fee_of(op); /* as it was written */
    EXPECT_EQ(GRADE_PROVEN, figure_grade(&fee));
    EXPECT_EQ(ANCHOR_HEADER_SOURCE, figure_anchor(&fee));
    end();
}

/* Blocks are read for the account in use alone: what is known of another's nonce is of the block in which it was last read. */
TEST(an_account_that_is_not_in_use)
{
    struct id op;
    struct coded why = {0};
    TEST_REQUIRE(start(&op, true));
    struct id main = wallet_settings(w.wallet)->account;
    struct account_args other = {
        .name = SPAN_LIT("Other"), .kind = ACCOUNT_WATCH, .address = {{9}}};
    const struct account *used = NULL;
    TEST_REQUIRE(EXPECT_OK(wallet_account_add(w.wallet, w.t, &other, &used, &why)));
    EXPECT(!id_equal(main, wallet_settings(w.wallet)->account));
    w.chain.inclusion = prove;
    reach(103);
    EXPECT_EQ(100, wallet_view(w.wallet, main, w.networks[0].id)->block);
    say(op, 103);
    EXPECT_EQ(OPERATION_INCLUDED, world_state(&w, op));
    world_turn(&w, 2000); /* what it has changed is read */
    EXPECT_EQ(103, wallet_view(w.wallet, main, w.networks[0].id)->block);
    reach(105);
    say(op, 103);
    EXPECT_EQ(OPERATION_FINAL, world_state(&w, op));
    EXPECT_EQ(103, wallet_view(w.wallet, main, w.networks[0].id)->block);
    end();
}

TEST(a_server_that_calls_a_failure_a_success_is_not_believed)
{
    struct id op;
    TEST_REQUIRE(start(&op, false));
    w.chain.inclusion = prove;
    reach(103);
    say(op, 103);
    EXPECT_EQ(OPERATION_FAILED, world_state(&w, op));
    end();
}

TEST(a_transaction_that_does_not_hold_the_operation_proves_nothing)
{
    struct id op;
    TEST_REQUIRE(start(&op, true));
    w.chain.inclusion = prove;
    index_proven = 1;
    reach(103);
    say(op, 103);
    EXPECT_EQ(1, asked);
    EXPECT_EQ(OPERATION_SUBMITTED, world_state(&w, op));
    end();
}

TEST(a_block_that_the_anchor_has_not_named_proves_nothing_yet)
{
    struct id op;
    TEST_REQUIRE(start(&op, true));
    w.chain.inclusion = prove;
    reach(102);
    say(op, 103);
    EXPECT_EQ(0, asked);
    EXPECT_EQ(OPERATION_SUBMITTED, world_state(&w, op));
    reach(103);
    say(op, 103);
    EXPECT_EQ(OPERATION_INCLUDED, world_state(&w, op));
    end();
}

/* Where nobody proves it, it is a server's word, and shown as such. */
TEST(without_a_proof_it_is_reported)
{
    struct id op;
    TEST_REQUIRE(start(&op, true));
    w.chain.inclusion = fails;
    reach(103);
    for (size_t i = 0; i < 4; i++) {
        say(op, 103);
        EXPECT_EQ(i + 1, asked);
        EXPECT_EQ(OPERATION_SUBMITTED, world_state(&w, op));
    }
    say(op, 103);
    EXPECT_EQ(4, asked);
    EXPECT_EQ(OPERATION_INCLUDED, world_state(&w, op));
    struct figure fee = fee_of(op);
    EXPECT_EQ(GRADE_REPORTED, figure_grade(&fee));
    EXPECT(u256_equal(u256_from_u64(7), figure_value(&fee)));
    end();
}

TEST(what_is_included_is_looked_after_ever_more_seldom)
{
    static const uint64_t looks[] = {1, 3, 7, 15, 23, 31, 39}; /* blocks after the first answer */
    struct id op;
    size_t n = 0;
    TEST_REQUIRE(start(&op, true));
    w.networks[0].final_after = 64;
    w.chain.inclusion = prove;
    reach(103);
    say(op, 103);
    EXPECT_EQ(OPERATION_INCLUDED, world_state(&w, op));
    for (uint64_t block = 1; block <= 40; block++) {
        w.wants_track = false;
        wallet_new_head(w.wallet, w.t, &w.networks[0], 103 + block);
        world_turn(&w, 1000);
        if (w.wants_track) {
            TEST_REQUIRE(n < sizeof looks / sizeof *looks);
            EXPECT_EQ(looks[n], block);
            n++;
            say(op, 103);
        }
    }
    EXPECT_EQ(sizeof looks / sizeof *looks, n);
    w.wants_track = false;
    wallet_new_head(w.wallet, w.t, &w.networks[1],
                    103 + 64); /* another chain's block says nothing */
    world_turn(&w, 10);
    EXPECT(!w.wants_track);
    wallet_new_head(w.wallet, w.t, &w.networks[0], 103 + 64);
    world_turn(&w, 10);
    EXPECT(w.wants_track);
    end();
}

/* Who took it has nothing to say of it, so all are asked in turn, and who does not know it gets it. */
TEST(a_late_operation_goes_round_all_servers)
{
    enum { LATE_MS = 8000, TURNS = 6 };
    struct id op;
    struct coded why = {0};
    struct tracked what = {.state = TRACKED_PENDING};
    struct wallet_source source = {.server = "12D3KooTest", .k = 1, .n = 1};
    TEST_REQUIRE(start(&op, true));
    w.wants_track = false;
    world_turn(&w, 2000);
    EXPECT(w.wants_track);
    EXPECT_EQ(0, w.turn); /* in time: whom the account asks */
    wallet_tracked(w.wallet, w.t, op, &what);
    world_turn(&w, LATE_MS);
    for (unsigned turn = 1; turn <= TURNS; turn++) {
        what.state = turn % 2 ? TRACKED_PENDING : TRACKED_UNKNOWN;
        w.wants_submit = w.wants_track = false;
        if (turn > 1) {
            world_turn(&w, 12 * 1000);
            EXPECT(w.wants_track);
        }
        EXPECT_EQ(turn, w.turn);
        wallet_tracked(w.wallet, w.t, op, &what);
        world_turn(&w, 10);
        EXPECT_EQ(turn % 2 == 0, w.wants_submit);
        EXPECT_EQ(turn, w.turn);
        if (w.wants_submit) {
            wallet_submitted(w.wallet, w.t, op, OK, &why, &source);
        }
    }
    end();
}

/* A transaction of an ordinary account: gas used, at its price. */
TEST(a_transaction_costs_its_gas)
{
    struct proven_inclusion p;
    struct inclusion read;
    struct wallet_event e = {.block = 103};
    const struct inclusion_of what = {.is_transaction = true};
    chain_world_init(&chain, 32);
    buf_init(&body, test_budget(), SERVICE_BODY_LEN_MAX);
    for (index_proven = 0; index_proven < 2; index_proven++) {
        TEST_REQUIRE(prove(&p, &e) == OK);
        EXPECT_OK(inclusion_read(&read, &p, &what));
        EXPECT(read.is_success);
        EXPECT(u256_equal(u256_from_u64(21000 * UINT64_C(1000000000)), read.fee));
    }
    const struct inclusion_of other = {.userop_hash = {{1}}};
    EXPECT_ERR(ERR_NOT_FOUND, inclusion_read(&read, &p, &other));
    buf_done(&body);
    chain_world_done(&chain);
}

TEST_MAIN
