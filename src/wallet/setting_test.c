#include "evm/account_setting.h"
#include "evm/owner_change.h"
#include "wallet/wallet.h"
#include "wallet/world_test.h"

#include <string.h>

enum { DAYS_2 = 2 * 86400 };

static const struct account *first_account(const struct world *w)
{
    return wallet_account_at(w->wallet, 0);
}

/* 0.5 ether in a day. */
static const struct account_setting *half_a_day(void)
{
    static struct account_setting s;
    s = (struct account_setting){.kind = ACCOUNT_SETTING_LIMIT,
                                 .amount = u256_from_u64(UINT64_C(500000000000000000)),
                                 .period_s = 86400};
    return &s;
}

/* An account of version 2 that stands on the chain and was read. */
static bool start(struct world *w)
{
    struct coded why = {0};
    if (!world_init(w) || !EXPECT(world_enroll(w, "Main", NULL, &why) != NULL)) {
        return false;
    }
    w->chain.implementation = w->networks[0].implementation_2;
    world_deploy(w);
    world_turn(w, 2000);
    return EXPECT_EQ(ACCOUNT_VERSION_2,
                     wallet_version_state(w->wallet, first_account(w), w->networks[0].id).version);
}

static size_t waiting(const struct world *w, struct setting_waiting *ret)
{
    struct setting_waiting all[ACCOUNT_SETTING_COUNT_MAX] = {0};
    size_t n = wallet_settings_waiting(w->wallet, first_account(w), w->networks[0].id, all);
    *ret = all[0];
    return n;
}

static enum err prepare(struct world *w,
                        enum setting_wish what,
                        const struct account_setting *s,
                        struct id *ret,
                        struct coded *why)
{
    struct setting_waiting k = {0};
    struct setting_args args = {
        .own = {.account = first_account(w)->id, .network = w->networks[0].id},
        .what = what,
        .setting = s,
    };
    if (what != SETTING_WISH_BEGIN && waiting(w, &k) > 0) {
        args.id = k.what->id;
    }
    uint64_t task = 0;
    TRY(wallet_setting_prepare(w->wallet, w->t, &args, &task, why));
    return world_wait(w, task, ret, why);
}

static void
expect_refused(struct world *w, enum setting_wish what, const char *code, const char *value)
{
    struct coded why = {0};
    struct id op = {0};
    EXPECT(prepare(w, what, half_a_day(), &op, &why) != OK);
    EXPECT_STR(code, why.code);
    EXPECT_STR(value, why.param_count > 0 ? why.params[0].value : "");
}

/* What the contract does with the call. */
static void chain_takes(struct world *w, struct id op)
{
    struct world_owners *o = &w->chain.owners;
    struct smart_call call = world_call(w, op);
    struct account_proposal p;
    enum proposal_call what;
    struct hash32 id;
    EXPECT_SPAN(SPAN_OF(first_account(w)->address.bytes), SPAN_OF(call.to.bytes));
    if (account_proposal_read(&what, &p, call.data) != OK) {
        static struct owner_change unused;
        enum owner_call veto;
        TEST_REQUIRE(EXPECT_OK(owner_change_read(&veto, &unused, &id, call.data)));
        EXPECT_SPAN(SPAN_OF(o->waits.bytes), SPAN_OF(id.bytes));
        o->ready_at = OWNER_CHANGE_VETOED;
    } else {
        span_copy(MSPAN_OF(p.head), SPAN_OF(o->head));
        account_proposal_id(&id, first_account(w)->address, w->networks[0].chain_id, &p);
        if (what == PROPOSAL_CALL_SCHEDULE) {
            o->waits = id;
            o->ready_at = w->t.unix_ms / 1000 + DAYS_2;
        } else {
            EXPECT_SPAN(SPAN_OF(o->waits.bytes), SPAN_OF(id.bytes));
            o->ready_at = 0;
        }
    }
    world_include(w, op);
}

static bool do_wish(struct world *w, enum setting_wish what, const struct account_setting *s)
{
    struct coded why = {0};
    struct id op = {0};
    if (!EXPECT_OK(prepare(w, what, s, &op, &why)) || !EXPECT_OK(world_approve(w, op, &why))) {
        test_note("%s", why.code);
        return false;
    }
    world_turn(w, 10);
    chain_takes(w, op);
    return true;
}

/* The line that the person sees first. */
static void expect_line(struct world *w, struct id id, const char *code, const char *value)
{
    struct operation *op = NULL;
    TEST_REQUIRE(EXPECT_OK(operation_new(&op, test_budget())));
    if (EXPECT_OK(wallet_operation(w->wallet, id, op)) && EXPECT(op->risk_count > 0)) {
        const struct risk *r = operation_find_risk(op, span_str(code));
        EXPECT(r != NULL);
        EXPECT_STR(value, r && r->what.param_count ? r->what.params[0].value : "");
    }
    operation_free(op);
}

TEST(a_limit_is_scheduled_waits_and_is_carried_out)
{
    static struct world w;
    struct coded why = {0};
    struct id op = {0};
    struct setting_waiting k = {0};
    TEST_REQUIRE(start(&w));
    expect_refused(&w, SETTING_WISH_APPLY, "unknown_setting", "");
    TEST_REQUIRE(EXPECT_OK(prepare(&w, SETTING_WISH_BEGIN, half_a_day(), &op, &why)));
    expect_line(&w, op, "limit_begun", "0.5 ETH");
    TEST_REQUIRE(do_wish(&w, SETTING_WISH_BEGIN, half_a_day()));
    TEST_REQUIRE(EXPECT_EQ(1, waiting(&w, &k)));
    EXPECT_EQ(w.chain.owners.ready_at * 1000, k.ready_ms);
    EXPECT_EQ(86400, k.what->setting.period_s);
    expect_refused(&w, SETTING_WISH_BEGIN, "setting_state", "waits");
    expect_refused(&w, SETTING_WISH_APPLY, "setting_waits", "48");

    /* Its words are in the account's record. */
    TEST_REQUIRE(world_restart(&w));
    world_turn(&w, 10);
    world_turn(&w, 2000);
    world_turn(&w, 16000);
    TEST_REQUIRE(EXPECT_EQ(1, waiting(&w, &k)));
    EXPECT(u256_equal(half_a_day()->amount, k.what->setting.amount));

    world_turn(&w, UINT64_C(1000) * DAYS_2);
    TEST_REQUIRE(EXPECT_OK(world_unlock(&w, &why))); /* nobody was there for so long */
    world_turn(&w, 2000);
    TEST_REQUIRE(EXPECT_OK(prepare(&w, SETTING_WISH_APPLY, NULL, &op, &why)));
    expect_line(&w, op, "limit_applied", "0.5 ETH");
    TEST_REQUIRE(do_wish(&w, SETTING_WISH_APPLY, NULL));
    EXPECT_EQ(0, waiting(&w, &k));
    world_done(&w);
}

TEST(a_stopped_setting_begins_anew_as_the_next_attempt)
{
    static struct world w;
    struct coded why = {0};
    struct id op = {0};
    struct setting_waiting k = {0};
    struct account_proposal p = {0};
    enum proposal_call call;
    TEST_REQUIRE(start(&w));
    TEST_REQUIRE(do_wish(&w, SETTING_WISH_BEGIN, half_a_day()));
    TEST_REQUIRE(EXPECT_OK(prepare(&w, SETTING_WISH_VETO, NULL, &op, &why)));
    expect_line(&w, op, "limit_stays", "");
    TEST_REQUIRE(do_wish(&w, SETTING_WISH_VETO, NULL));
    EXPECT_EQ(0, waiting(&w, &k));
    TEST_REQUIRE(EXPECT_OK(prepare(&w, SETTING_WISH_BEGIN, half_a_day(), &op, &why)));
    EXPECT_OK(account_proposal_read(&call, &p, world_call(&w, op).data));
    EXPECT_EQ(1, p.attempt);
    world_done(&w);
}

TEST(what_another_wallet_scheduled_is_found_by_asking_for_the_same)
{
    static struct world w;
    static struct account_setting known;
    struct setting_waiting k = {0};
    struct account_proposal p = {.attempt = 2};
    struct buf call;
    struct coded why = {0};
    struct id op = {0};
    known = (struct account_setting){.kind = ACCOUNT_SETTING_KNOWN, .to = world_receiver};
    TEST_REQUIRE(start(&w));
    buf_init(&call, test_budget(), ACCOUNT_SETTING_LEN_MAX);
    EXPECT_OK(account_setting_encode(&call, &known));
    p.call = buf_span(&call);
    span_copy(MSPAN_OF(p.head), SPAN_OF(w.chain.owners.head));
    account_proposal_id(&w.chain.owners.waits, first_account(&w)->address, 31337, &p);
    w.chain.owners.ready_at = w.t.unix_ms / 1000 + 60;
    EXPECT_ERR(ERR_STATE, prepare(&w, SETTING_WISH_BEGIN, &known, &op, &why));
    EXPECT_STR("setting_state", why.code);
    world_turn(&w, 16000);
    TEST_REQUIRE(EXPECT_EQ(1, waiting(&w, &k)));
    EXPECT_EQ(ACCOUNT_SETTING_KNOWN, k.what->setting.kind);
    EXPECT_EQ(2, k.what->attempt);
    world_turn(&w, 60000);
    TEST_REQUIRE(EXPECT_OK(prepare(&w, SETTING_WISH_APPLY, NULL, &op, &why)));
    expect_line(&w, op, "known_applied", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
    buf_done(&call);
    world_done(&w);
}

TEST(guardians_are_scheduled_with_all_their_words)
{
    static struct world w;
    static struct account_setting s;
    static struct account_setting got;
    struct account_proposal p = {0};
    enum proposal_call call;
    struct coded why = {0};
    struct id op = {0};
    TEST_REQUIRE(start(&w));
    s = (struct account_setting){.kind = ACCOUNT_SETTING_GUARDIANS,
                                 .guardians.count = GUARDIAN_COUNT_MAX,
                                 .guardians.threshold = 3,
                                 .guardians.delay_s = 86400};
    for (size_t i = 0; i < s.guardians.count; i++) {
        s.guardians.list[i].len = SMART_ACCOUNT_OWNER_LEN_MAX;
        memset(s.guardians.list[i].bytes, (int)i + 1, s.guardians.list[i].len);
    }
    TEST_REQUIRE(EXPECT_OK(prepare(&w, SETTING_WISH_BEGIN, &s, &op, &why)));
    expect_line(&w, op, "guardians_begun", "16");
    EXPECT_OK(account_proposal_read(&call, &p, world_call(&w, op).data));
    EXPECT_OK(account_setting_decode(&got, p.call));
    EXPECT_EQ(3, got.guardians.threshold);
    TEST_REQUIRE(do_wish(&w, SETTING_WISH_BEGIN, &s));
    TEST_REQUIRE(world_restart(&w));
    const struct account *a = first_account(&w);
    TEST_REQUIRE(EXPECT_EQ(1, a->setting_count));
    EXPECT_EQ(16, a->settings[0].setting.guardians.count);
    EXPECT_SPAN(span_of(s.guardians.list[15].bytes, 116),
                span_of(a->settings[0].setting.guardians.list[15].bytes, 116));
    world_done(&w);
}

TEST(settings_die_with_the_owner_list_under_which_they_were_scheduled)
{
    static struct world w;
    struct setting_waiting k = {0};
    TEST_REQUIRE(start(&w));
    TEST_REQUIRE(do_wish(&w, SETTING_WISH_BEGIN, half_a_day()));
    TEST_REQUIRE(EXPECT_EQ(1, waiting(&w, &k)));
    w.chain.owners.head[5] ^= 1;
    w.chain.owners.sequence++;
    world_turn(&w, 16000);
    EXPECT_EQ(0, waiting(&w, &k));
    EXPECT_EQ(0, first_account(&w)->setting_count);
    world_done(&w);
}

TEST(no_setting_where_the_account_is_not_of_version_2)
{
    static struct world w;
    struct coded why = {0};
    TEST_REQUIRE(world_init(&w) && EXPECT(world_enroll(&w, "Main", NULL, &why) != NULL));
    world_turn(&w, 10);
    expect_refused(&w, SETTING_WISH_BEGIN, "setting_state", "not_on_chain");
    world_deploy(&w);
    world_turn(&w, 2000);
    expect_refused(&w, SETTING_WISH_BEGIN, "setting_state", "other_version");
    wallet_lock(w.wallet);
    expect_refused(&w, SETTING_WISH_BEGIN, "locked", "");
    world_done(&w);
}

TEST_MAIN
