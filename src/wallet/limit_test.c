#include "evm/account_limits.h"
#include "evm/userop.h"
#include "wallet/wallet.h"
#include "wallet/world_test.h"

#include <stdio.h>

#define MILLI_ETHER UINT64_C(1000000000000000)

static const struct account *first_account(const struct world *w)
{
    return wallet_account_at(w->wallet, 0);
}

static struct u256 milli(uint64_t n)
{
    return u256_from_u64(n * MILLI_ETHER);
}

/* A period of a day that began so many seconds ago, as the contract packs it: since | period << 48. */
static struct u256 window_since(const struct world *w, uint64_t ago_s)
{
    uint8_t word[32] = {0};
    struct u256 n = U256_ZERO;
    uint64_t since = w->t.unix_ms / 1000 - ago_s;
    for (size_t i = 0; i < 6; i++) {
        word[31 - i] = (uint8_t)(since >> 8 * i);
    }
    word[23] = 0x01; /* 0x015180 = 86,400 */
    word[24] = 0x51;
    word[25] = 0x80;
    EXPECT_OK(u256_from_be(&n, SPAN_OF(word)));
    EXPECT_EQ(86400, account_limit_period_s(n));
    EXPECT_EQ(since, account_limit_since(n));
    return n;
}

static void read_again(struct world *w)
{
    w->chain.block++;
    world_turn(w, 16000);
}

/* An account of version 2 with a second owner; both must sign but for limits: 500 and, spent of it, 100 thousandths of an ether. */
static bool start(struct world *w)
{
    struct coded why = {0};
    if (!world_init(w) || !EXPECT(world_enroll(w, "Main", NULL, &why) != NULL)) {
        return false;
    }
    w->chain.implementation = w->networks[0].implementation_2;
    world_deploy(w);
    struct world_owners *o = &w->chain.owners;
    o->list[o->count] = o->list[0];
    o->list[o->count++].bytes[30] ^= 1;
    o->threshold = 2;
    w->chain.limits.of[0] = (struct account_limit_words){
        .amount = milli(500), .spent = milli(100), .window = window_since(w, 3600)};
    read_again(w);
    read_again(w);
    return EXPECT(wallet_limits(w->wallet, first_account(w), w->networks[0].id) != NULL);
}

static enum err
prepare(struct world *w, struct address token, uint64_t amount, struct id *ret, struct coded *why)
{
    struct transfer x = {.account = first_account(w)->id,
                         .network = w->networks[0].id,
                         .token = token,
                         .to = world_receiver,
                         .amount = u256_from_u64(amount)};
    uint64_t task = 0;
    TRY(wallet_prepare(w->wallet, w->t, &x, &task, why));
    return world_wait(w, task, ret, why);
}

/* Of an operation: by whom it must be signed, and the line that says why; its calldata are the transfer that was asked for. */
static void expect_operation(
    struct world *w, struct id id, uint64_t signers, const char *code, const char *value)
{
    AUTO(operation_auto) struct operation *op = NULL;
    struct userop u;
    TEST_REQUIRE(EXPECT_OK(operation_new(&op, test_budget())));
    TEST_REQUIRE(EXPECT_OK(wallet_operation(w->wallet, id, op)));
    TEST_REQUIRE(EXPECT_OK(userop_decode(&u, buf_span(&op->userop))));
    EXPECT_EQ(signers, wallet_signers_needed(w->wallet, op));
    EXPECT_EQ(signers == 1, smart_account_is_within(u.call_data));
    const struct risk *r = operation_find_risk(op, span_str(code));
    if (!EXPECT(r != NULL)) {
        test_note("no line %s; the last is %s", code, op->risks[op->risk_count - 1].what.code);
        return;
    }
    EXPECT_STR(value, r->what.param_count ? r->what.params[0].value : "");
}

static void expect_ether_call(struct world *w, struct id id, uint64_t amount)
{
    struct smart_call call = world_call(w, id);
    EXPECT(address_equal(world_receiver, call.to));
    EXPECT(u256_equal(u256_from_u64(amount), call.value));
    EXPECT_EQ(0, call.data.n);
}

static const struct address ether = {{0}};

TEST(within_the_limit_one_passkey_suffices)
{
    static struct world w;
    struct coded why = {0};
    struct id id = {0};
    TEST_REQUIRE(start(&w));
    TEST_REQUIRE(EXPECT_OK(prepare(&w, ether, 200 * MILLI_ETHER, &id, &why)));
    AUTO(operation_auto) struct operation *op = NULL;
    TEST_REQUIRE(EXPECT_OK(operation_new(&op, test_budget())));
    TEST_REQUIRE(EXPECT_OK(wallet_operation(w.wallet, id, op)));
    /* 500 - 100 - 200, and the greatest fee. */
    char units[U256_TEXT_LEN];
    char left[U256_TEXT_LEN + 8];
    (void)u256_print_units(units, u256_sub_sat(milli(200), op->fee_max), 18);
    (void)snprintf(left, sizeof left, "%s ETH", units);
    expect_operation(&w, id, 1, "limit_within", left);
    expect_ether_call(&w, id, 200 * MILLI_ETHER);
    EXPECT_OK(world_approve(&w, id, &why));
    EXPECT_EQ(OPERATION_SIGNED, world_state(&w, id));
    world_turn(&w, 10);
    EXPECT(w.wants_submit && id_equal(w.submit, id));
    world_done(&w);
}

TEST(above_it_as_many_sign_as_ever)
{
    static struct world w;
    struct coded why = {0};
    struct id id = {0};
    TEST_REQUIRE(start(&w));
    /* Without its fee it would fit, with it it does not. */
    TEST_REQUIRE(EXPECT_OK(prepare(&w, ether, 400 * MILLI_ETHER, &id, &why)));
    expect_ether_call(&w, id, 400 * MILLI_ETHER);
    AUTO(operation_auto) struct operation *op = NULL;
    TEST_REQUIRE(EXPECT_OK(operation_new(&op, test_budget())));
    TEST_REQUIRE(EXPECT_OK(wallet_operation(w.wallet, id, op)));
    EXPECT(operation_find_risk(op, SPAN_LIT("limit_over")) != NULL);
    EXPECT_EQ(2, wallet_signers_needed(w.wallet, op));
    EXPECT_OK(world_approve(&w, id, &why));
    EXPECT_EQ(OPERATION_PREPARED, world_state(&w, id));
    world_done(&w);
}

TEST(fees_count_and_without_a_limit_for_ether_nobody_is_alone)
{
    static struct world w;
    struct coded why = {0};
    struct id id = {0};
    TEST_REQUIRE(start(&w));
    w.chain.limits.fees = u256_sub_sat(milli(500), u256_from_u64(1000)); /* all but nothing */
    w.chain.limits.known = world_receiver;
    TEST_REQUIRE(EXPECT_OK(prepare(&w, ether, 5, &id, &why)));
    expect_operation(&w, id, 2, "limit_fees", "0.000000000000001 ETH");
    w.chain.limits.of[0] = (struct account_limit_words){.amount = U256_ZERO};
    w.chain.limits.fees = U256_ZERO;
    TEST_REQUIRE(EXPECT_OK(prepare(&w, ether, 5, &id, &why)));
    expect_operation(&w, id, 2, "limit_no_ether", "2");
    world_done(&w);
}

TEST(a_known_address_takes_any_amount)
{
    static struct world w;
    struct coded why = {0};
    struct id id = {0};
    TEST_REQUIRE(start(&w));
    w.chain.limits.known = world_receiver;
    TEST_REQUIRE(EXPECT_OK(prepare(&w, ether, 9000 * MILLI_ETHER, &id, &why)));
    expect_operation(&w, id, 1, "limit_known", "");
    expect_ether_call(&w, id, 9000 * MILLI_ETHER);
    world_done(&w);
}

TEST(a_token_has_a_limit_of_its_own)
{
    static struct world w;
    struct coded why = {0};
    struct id id = {0};
    TEST_REQUIRE(start(&w));
    w.chain.token = u256_from_u64(1000000000);
    w.chain.limits.of[1] = (struct account_limit_words){.amount = u256_from_u64(5000000),
                                                        .window = window_since(&w, 60)};
    read_again(&w);
    TEST_REQUIRE(EXPECT_OK(prepare(&w, world_token, 2000000, &id, &why)));
    expect_operation(&w, id, 1, "limit_within", "3 TOK");
    EXPECT(address_equal(world_token, world_call(&w, id).to));
    TEST_REQUIRE(EXPECT_OK(prepare(&w, world_token, 5000001, &id, &why)));
    expect_operation(&w, id, 2, "limit_over", "5 TOK");
    world_done(&w);
}

TEST(a_period_that_is_over_begins_anew)
{
    static struct world w;
    struct coded why = {0};
    struct id id = {0};
    TEST_REQUIRE(start(&w));
    w.chain.limits.of[0].spent = milli(500);
    TEST_REQUIRE(EXPECT_OK(prepare(&w, ether, 100 * MILLI_ETHER, &id, &why)));
    expect_operation(&w, id, 2, "limit_over", "0 ETH");
    w.chain.limits.of[0].window = window_since(&w, 86400);
    TEST_REQUIRE(EXPECT_OK(prepare(&w, ether, 500 * MILLI_ETHER, &id, &why)));
    expect_operation(&w, id, 1, "limit_within", "0 ETH");
    world_done(&w);
}

TEST(a_server_that_lies_about_limits_changes_who_signs_and_never_what)
{
    static struct world w;
    struct coded why = {0};
    struct id id = {0};
    TEST_REQUIRE(start(&w));
    const struct limit_view *l = wallet_limits(w.wallet, first_account(&w), w.networks[0].id);
    EXPECT_EQ(GRADE_REPORTED, figure_grade(&l->of[0].amount));
    EXPECT_STR("local_network", figure_why(&l->of[0].spent));
    w.chain.limits.of[0].amount = milli(1000000);
    TEST_REQUIRE(EXPECT_OK(prepare(&w, ether, 9000 * MILLI_ETHER, &id, &why)));
    expect_ether_call(&w, id, 9000 * MILLI_ETHER); /* the contract refuses it: one signature */
    w.chain.limits.of[0].amount = U256_ZERO;
    TEST_REQUIRE(EXPECT_OK(prepare(&w, ether, 9000 * MILLI_ETHER, &id, &why)));
    expect_ether_call(&w, id, 9000 * MILLI_ETHER);
    /* A word that is none, and an answer that is too short: nothing is known of limits, so all sign. */
    w.chain.lies = true;
    (void)prepare(&w, ether, 5, &id, &why);
    w.chain.lies = false;
    world_done(&w);
}

TEST(where_a_block_is_trusted_limits_are_proven)
{
    static struct world w;
    struct coded why = {0};
    struct id id = {0};
    TEST_REQUIRE(start(&w));
    w.chain.is_anchored = true;
    w.chain.limits.known = world_receiver;
    read_again(&w);
    TEST_REQUIRE(EXPECT_OK(prepare(&w, ether, 5, &id, &why)));
    const struct limit_view *l = wallet_limits(w.wallet, first_account(&w), w.networks[0].id);
    TEST_REQUIRE(EXPECT(l != NULL));
    EXPECT_EQ(GRADE_PROVEN, figure_grade(&l->of[0].amount));
    EXPECT_EQ(GRADE_PROVEN, figure_grade(&l->of[0].window));
    EXPECT_EQ(GRADE_PROVEN, figure_grade(&l->fees));
    EXPECT(u256_equal(milli(500), figure_value(&l->of[0].amount)));
    EXPECT(u256_equal(milli(100), figure_value(&l->of[0].spent)));
    EXPECT_EQ(86400, account_limit_period_s(figure_value(&l->of[0].window)));
    size_t i = limit_view_find(l, world_receiver);
    TEST_REQUIRE(EXPECT(i < l->known_count));
    EXPECT_EQ(GRADE_PROVEN, figure_grade(&l->is_known[i]));
    expect_operation(&w, id, 1, "limit_known", "");
    world_done(&w);
}

static enum err
lessen(struct world *w, const struct account_setting *s, struct id *ret, struct coded *why)
{
    struct setting_args args = {
        .own = {.account = first_account(w)->id, .network = w->networks[0].id},
        .what = SETTING_WISH_LESS,
        .setting = s,
    };
    uint64_t task = 0;
    TRY(wallet_setting_prepare(w->wallet, w->t, &args, &task, why));
    return world_wait(w, task, ret, why);
}

TEST(power_is_taken_away_at_once_by_one_passkey)
{
    static struct world w;
    static struct account_setting s;
    struct coded why = {0};
    struct id id = {0};
    enum limits_call call;
    struct account_limit limit = {.period_s = 0};
    struct address to = {{0}};
    TEST_REQUIRE(start(&w));
    s = (struct account_setting){.kind = ACCOUNT_SETTING_LIMIT, .amount = milli(501)};
    EXPECT_ERR(ERR_STATE, lessen(&w, &s, &id, &why));
    EXPECT_STR("not_lower", why.params[0].value);
    s.amount = milli(50);
    TEST_REQUIRE(EXPECT_OK(lessen(&w, &s, &id, &why)));
    expect_operation(&w, id, 1, "limit_lowered", "0.05 ETH");
    EXPECT_OK(account_limits_read(&call, &limit, &to, world_call(&w, id).data));
    EXPECT(u256_equal(milli(50), limit.amount));
    EXPECT_EQ(86400, limit.period_s); /* as it was */

    s = (struct account_setting){.kind = ACCOUNT_SETTING_KNOWN, .to = world_receiver};
    EXPECT_ERR(ERR_STATE, lessen(&w, &s, &id, &why));
    EXPECT_STR("not_known", why.params[0].value);
    w.chain.limits.known = world_receiver;
    TEST_REQUIRE(EXPECT_OK(lessen(&w, &s, &id, &why)));
    expect_operation(&w, id, 1, "known_forgotten", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
    EXPECT_OK(account_limits_read(&call, &limit, &to, world_call(&w, id).data));
    EXPECT(address_equal(world_receiver, to));
    world_done(&w);
}

TEST_MAIN
