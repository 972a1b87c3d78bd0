#include "wallet/session.h"

#include "base/test.h"
#include "wallet/world_test.h"

#include <stdio.h>
#include <string.h>

#define MILLI_ETHER UINT64_C(1000000000000000)
enum { DAY_S = 86400 };

static const struct address job = {
    {0x77, 1, 2, 3}
};
static const struct address contract = {
    {0x66, 1, 2, 3}
};

static const struct account *first_account(const struct world *w)
{
    return wallet_account_at(w->wallet, 0);
}

static void read_again(struct world *w)
{
    w->chain.block++;
    world_turn(w, 16000);
}

static bool start(struct world *w)
{
    struct coded why = {0};
    if (!world_init(w) || !EXPECT(world_enroll(w, "Main", NULL, &why) != NULL)) {
        return false;
    }
    w->chain.implementation = w->networks[0].implementation_2;
    world_deploy(w);
    read_again(w);
    return true;
}

/* Ten milliether to the receiver within a day. */
static struct account_session a_session(const struct world *w)
{
    return (struct account_session){.key = job,
                                    .valid_until = w->t.unix_ms / 1000 + DAY_S,
                                    .target = world_receiver,
                                    .ether = u256_from_u64(10 * MILLI_ETHER)};
}

static enum err prepare(struct world *w,
                        const struct account_session *s,
                        bool is_end,
                        struct id *ret,
                        struct coded *why)
{
    const struct session_args args = {
        .own = {.account = first_account(w)->id, .network = w->networks[0].id},
        .is_end = is_end,
        .session = s,
    };
    uint64_t task = 0;
    TRY(wallet_session_prepare(w->wallet, w->t, &args, &task, why));
    return world_wait(w, task, ret, why);
}

static const char *line_of(struct world *w, struct id id, const char *code, size_t param)
{
    static char text[CODED_VALUE_LEN_MAX + 1];
    AUTO(operation_auto) struct operation *op = NULL;
    text[0] = '\0';
    if (EXPECT_OK(operation_new(&op, test_budget())) &&
        EXPECT_OK(wallet_operation(w->wallet, id, op))) {
        const struct risk *r = operation_find_risk(op, span_str(code));
        if (EXPECT(r != NULL) && EXPECT(param < r->what.param_count)) {
            (void)snprintf(text, sizeof text, "%s", r->what.params[param].value);
        }
    }
    return text;
}

/* What the contract does with the call that adds one. */
static void chain_takes(struct world *w, struct id op)
{
    struct account_session s;
    enum session_call call;
    struct world_session *on_chain = &w->chain.session;
    TEST_REQUIRE(EXPECT_OK(account_session_read(&call, &s, world_call(w, op).data)));
    *on_chain = (struct world_session){0};
    if (call == SESSION_CALL_ADD) {
        span_copy(MSPAN_OF(on_chain->id), SPAN_OF(s.id));
        on_chain->words[SESSION_TERMS] = account_session_terms(&s);
        on_chain->words[SESSION_AMOUNT] = s.amount;
        on_chain->words[SESSION_ETHER] = s.ether;
        EXPECT_OK(u256_from_be(&on_chain->words[SESSION_HEAD], SPAN_OF(w->chain.owners.head)));
    }
    world_include(w, op);
    read_again(w);
}

static struct session_state only(const struct world *w)
{
    static struct session_state all[ACCOUNT_SESSION_COUNT_MAX];
    all[0] = (struct session_state){0};
    EXPECT_EQ(1, wallet_sessions(w->wallet, first_account(w), w->networks[0].id, all));
    return all[0];
}

static void expect_standing(const struct world *w, enum session_standing expected)
{
    EXPECT_STR(session_standing_name(expected), session_standing_name(only(w).standing));
}

static bool add(struct world *w, const struct account_session *s)
{
    struct coded why = {0};
    struct id op = {0};
    if (!EXPECT_OK(prepare(w, s, false, &op, &why)) || !EXPECT_OK(world_approve(w, op, &why))) {
        test_note("%s %s", why.code, why.param_count ? why.params[0].value : "");
        return false;
    }
    chain_takes(w, op);
    return true;
}

TEST(a_session_is_said_signed_read_and_ended)
{
    static struct world w;
    struct coded why = {0};
    struct id op = {0};
    TEST_REQUIRE(start(&w));
    struct account_session s = a_session(&w);
    TEST_REQUIRE(EXPECT_OK(prepare(&w, &s, false, &op, &why)));
    EXPECT_STR("0x7701020300000000000000000000000000000000", line_of(&w, op, "session_key", 0));
    EXPECT_STR("0.01 ETH", line_of(&w, op, "session_sends", 0));
    EXPECT_STR("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", line_of(&w, op, "session_sends", 1));
    EXPECT_OK(world_approve(&w, op, &why));
    expect_standing(&w, SESSION_UNREAD);
    chain_takes(&w, op);
    struct session_state state = only(&w);
    EXPECT_EQ(SESSION_LIVE, state.standing);
    TEST_REQUIRE(EXPECT(state.ether != NULL));
    EXPECT(state.amount == NULL);
    EXPECT(u256_equal(s.ether, figure_value(state.ether)));
    EXPECT_EQ(GRADE_REPORTED, figure_grade(state.ether));

    s = *state.what; /* world_restart frees what it points into */
    TEST_REQUIRE(world_restart(&w));
    world_turn(&w, 10);
    world_turn(&w, 2000);
    read_again(&w);
    expect_standing(&w, SESSION_LIVE);
    TEST_REQUIRE(EXPECT_OK(prepare(&w, &s, true, &op, &why)));
    EXPECT_STR("0x7701020300000000000000000000000000000000", line_of(&w, op, "session_ended", 1));
    EXPECT_OK(world_approve(&w, op, &why));
    chain_takes(&w, op);
    expect_standing(&w, SESSION_ENDED);
    world_done(&w);
}

static struct account_session of_token(const struct world *w)
{
    struct account_session s = a_session(w);
    account_session_transfer(s.selector);
    s.target = world_token;
    s.recipient = world_receiver;
    s.amount = u256_from_u64(12345);
    return s;
}

TEST(where_a_block_is_trusted_what_is_left_is_proven)
{
    static struct world w;
    TEST_REQUIRE(start(&w));
    w.chain.is_anchored = true;
    read_again(&w);
    struct account_session s = of_token(&w);
    TEST_REQUIRE(add(&w, &s));
    w.chain.session.words[SESSION_AMOUNT] = u256_from_u64(345); /* the job has spent the rest */
    read_again(&w);
    struct session_state state = only(&w);
    EXPECT_EQ(SESSION_LIVE, state.standing);
    TEST_REQUIRE(EXPECT(state.amount != NULL && state.ether != NULL));
    EXPECT(u256_equal(u256_from_u64(345), figure_value(state.amount)));
    EXPECT_EQ(GRADE_PROVEN, figure_grade(state.amount));
    EXPECT_EQ(GRADE_PROVEN, figure_grade(state.ether));
    world_done(&w);
}

TEST(a_token_and_a_function_are_said_as_they_are)
{
    static struct world w;
    struct coded why = {0};
    struct id op = {0};
    TEST_REQUIRE(start(&w));
    struct account_session s = of_token(&w);
    TEST_REQUIRE(EXPECT_OK(prepare(&w, &s, false, &op, &why)));
    EXPECT_STR("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", line_of(&w, op, "session_pays", 1));
    EXPECT_STR("0.01 ETH", line_of(&w, op, "session_fees", 0));
    s = a_session(&w);
    s.target = contract;
    s.selector[3] = 0x2a;
    TEST_REQUIRE(EXPECT_OK(prepare(&w, &s, false, &op, &why)));
    EXPECT_STR("0x0000002a", line_of(&w, op, "session_calls", 0));
    EXPECT_STR("?", line_of(&w, op, "session_calls", 2));
    world_done(&w);
}

TEST(it_is_over_by_time_and_void_by_other_owners)
{
    static struct world w;
    TEST_REQUIRE(start(&w));
    struct account_session s = a_session(&w);
    TEST_REQUIRE(add(&w, &s));
    expect_standing(&w, SESSION_LIVE);
    w.chain.owners.head[5] ^= 1;
    read_again(&w);
    expect_standing(&w, SESSION_VOID);
    w.chain.owners.head[5] ^= 1;
    w.chain.session.words[SESSION_TERMS] = u256_from_u64(1); /* another one under its id */
    read_again(&w);
    expect_standing(&w, SESSION_ENDED);
    w.chain.session.words[SESSION_TERMS] = account_session_terms(&s);
    w.t.unix_ms += (uint64_t)DAY_S * 1000;
    read_again(&w);
    expect_standing(&w, SESSION_EXPIRED);
    world_done(&w);
}

static void expect_refused(struct world *w,
                           const struct account_session *s,
                           const char *code,
                           const char *value)
{
    struct coded why = {0};
    struct id op = {0};
    EXPECT(prepare(w, s, false, &op, &why) != OK);
    EXPECT_STR(code, why.code);
    EXPECT_STR(value, why.param_count ? why.params[0].value : "");
}

TEST(terms_that_the_contract_refuses_or_nobody_means)
{
    static const uint8_t approve[4] = {0x09, 0x5e, 0xa7, 0xb3};
    static struct world w;
    TEST_REQUIRE(start(&w));
    uint64_t now = w.t.unix_ms / 1000;
    struct account_session s = a_session(&w);
    s.key = (struct address){{0}};
    expect_refused(&w, &s, "session_bad", "job_key");
    s = a_session(&w);
    s.target = first_account(&w)->address;
    expect_refused(&w, &s, "session_bad", "to");
    s.target = w.networks[0].entry_point;
    expect_refused(&w, &s, "session_bad", "to");
    s = of_token(&w);
    s.recipient = (struct address){{0}};
    expect_refused(&w, &s, "session_bad", "to");
    s = of_token(&w);
    span_copy(MSPAN_OF(s.selector), SPAN_OF(approve));
    expect_refused(&w, &s, "session_bad", "function");
    s = a_session(&w);
    s.ether = U256_ZERO;
    expect_refused(&w, &s, "session_bad", "amount");
    s = a_session(&w);
    s.valid_until = now;
    expect_refused(&w, &s, "session_bad", "until");
    s.valid_until = now + 366 * (uint64_t)DAY_S + 1;
    expect_refused(&w, &s, "session_bad", "until");
    s = a_session(&w);
    w.chain.implementation = (struct address){{0}};
    read_again(&w);
    expect_refused(&w, &s, "setting_state", "other_version");
    world_done(&w);
}

TEST(six_are_kept_and_what_has_ended_makes_room)
{
    static struct world w;
    TEST_REQUIRE(start(&w));
    w.networks[0].kind =
        NETWORK_TEST; /* where one server's word that they have ended is not enough */
    struct account_session s = a_session(&w);
    for (int i = 0; i < ACCOUNT_SESSION_COUNT_MAX; i++) {
        TEST_REQUIRE(
            add(&w, &s)); /* the chain of the test has the last one alone: the others have ended */
    }
    EXPECT_EQ(ACCOUNT_SESSION_COUNT_MAX, first_account(&w)->session_count);
    expect_refused(&w, &s, "limit_reached", "sessions");
    w.networks[0].kind = NETWORK_LOCAL;
    TEST_REQUIRE(add(&w, &s));
    EXPECT_EQ(ACCOUNT_SESSION_COUNT_MAX, first_account(&w)->session_count);
    world_done(&w);
}

/* Both must sign to add one; one suffices to end it. */
TEST(one_passkey_ends_it_where_two_must_sign)
{
    static struct world w;
    struct coded why = {0};
    struct id op = {0};
    TEST_REQUIRE(start(&w));
    struct world_owners *o = &w.chain.owners;
    o->list[o->count] = o->list[0];
    o->list[o->count++].bytes[30] ^= 1;
    o->threshold = 2;
    w.chain.limits.of[0].amount = u256_from_u64(500 * MILLI_ETHER);
    read_again(&w);
    read_again(&w);
    struct account_session s = a_session(&w);
    AUTO(operation_auto) struct operation *operation = NULL;
    TEST_REQUIRE(EXPECT_OK(operation_new(&operation, test_budget())));
    TEST_REQUIRE(EXPECT_OK(prepare(&w, &s, false, &op, &why)));
    EXPECT_OK(wallet_operation(w.wallet, op, operation));
    EXPECT_EQ(2, wallet_signers_needed(w.wallet, operation));
    TEST_REQUIRE(EXPECT_OK(prepare(&w, &s, true, &op, &why)));
    EXPECT_OK(wallet_operation(w.wallet, op, operation));
    EXPECT_EQ(1, wallet_signers_needed(w.wallet, operation));
    EXPECT_STR("?", line_of(&w, op, "session_ended", 1)); /* it is not known here */
    world_done(&w);
}

TEST_MAIN
