#include "evm/account_upgrade.h"
#include "evm/owner_change.h"
#include "wallet/wallet.h"
#include "wallet/world_test.h"

enum { DAYS_2 = 2 * 86400 };

static const struct account *first_account(const struct world *w)
{
    return wallet_account_at(w->wallet, 0);
}

static struct version_state state(const struct world *w)
{
    return wallet_version_state(w->wallet, first_account(w), w->networks[0].id);
}

static enum grade grade(const struct world *w)
{
    struct version_state s = state(w);
    return figure_grade(&s.implementation);
}

static bool start(struct world *w)
{
    struct coded why = {0};
    return world_init(w) && EXPECT(world_enroll(w, "Main", NULL, &why) != NULL);
}

/* An account that stands on the chain, and what waits there was asked for. */
static bool start_deployed(struct world *w)
{
    if (!start(w)) {
        return false;
    }
    world_deploy(w);
    world_turn(w, 2000);
    return EXPECT_EQ(ACCOUNT_VERSION_1, state(w).version);
}

static enum err prepare(struct world *w, enum upgrade_wish what, struct id *ret, struct coded *why)
{
    struct upgrade_args args = {
        .own = {.account = first_account(w)->id, .network = w->networks[0].id},
          .what = what
    };
    uint64_t task = 0;
    TRY(wallet_upgrade_prepare(w->wallet, w->t, &args, &task, why));
    return world_wait(w, task, ret, why);
}

static void
expect_refused(struct world *w, enum upgrade_wish what, const char *code, const char *value)
{
    struct coded why = {0};
    struct id op = {0};
    EXPECT(prepare(w, what, &op, &why) != OK);
    EXPECT_STR(code, why.code);
    EXPECT_STR(value, why.param_count > 0 ? why.params[0].value : "");
}

/* What the contract does with the call. */
static void chain_takes(struct world *w, struct id op)
{
    struct world_owners *o = &w->chain.owners;
    struct smart_call call = world_call(w, op);
    const struct network *n = &w->networks[0];
    struct account_upgrade u;
    enum upgrade_call what;
    struct hash32 id;
    struct owner_change unused;
    enum owner_call veto;
    EXPECT_SPAN(SPAN_OF(first_account(w)->address.bytes), SPAN_OF(call.to.bytes));
    if (account_upgrade_read(&what, &u, call.data) != OK) {
        TEST_REQUIRE(EXPECT_OK(owner_change_read(&veto, &unused, &id, call.data)));
        EXPECT_SPAN(SPAN_OF(o->waits.bytes), SPAN_OF(id.bytes));
        o->ready_at = OWNER_CHANGE_VETOED;
    } else {
        span_copy(MSPAN_OF(u.code_hash), SPAN_OF(n->implementation_2_code_hash));
        span_copy(MSPAN_OF(u.head), SPAN_OF(o->head));
        account_upgrade_id(&id, first_account(w)->address, n->chain_id, &u);
        if (what == UPGRADE_CALL_SCHEDULE) {
            o->waits = id;
            o->ready_at = w->t.unix_ms / 1000 + DAYS_2;
        } else {
            EXPECT_SPAN(SPAN_OF(o->waits.bytes), SPAN_OF(id.bytes));
            o->ready_at = 0;
            w->chain.implementation = u.implementation;
        }
    }
    world_include(w, op);
}

static bool do_wish(struct world *w, enum upgrade_wish what)
{
    struct coded why = {0};
    struct id op = {0};
    if (!EXPECT_OK(prepare(w, what, &op, &why)) || !EXPECT_OK(world_approve(w, op, &why))) {
        test_note("%s", why.code);
        return false;
    }
    world_turn(w, 10);
    chain_takes(w, op);
    return true;
}

TEST(an_account_moves_to_version_2)
{
    static struct world w;
    TEST_REQUIRE(start_deployed(&w));
    EXPECT_EQ(UPGRADE_OFFERED, state(&w).upgrade);
    EXPECT_EQ(GRADE_REPORTED, grade(&w));
    expect_refused(&w, UPGRADE_WISH_APPLY, "upgrade_state", "not_waiting");
    TEST_REQUIRE(do_wish(&w, UPGRADE_WISH_BEGIN));
    EXPECT_EQ(UPGRADE_WAITS, state(&w).upgrade);
    EXPECT_EQ(w.chain.owners.ready_at * 1000, state(&w).ready_ms);
    expect_refused(&w, UPGRADE_WISH_BEGIN, "upgrade_state", "waits");
    expect_refused(&w, UPGRADE_WISH_APPLY, "upgrade_waits", "48");

    /* Nothing of it is kept here: another wallet, or this one after a restart, finds it. */
    TEST_REQUIRE(world_restart(&w));
    world_turn(&w, 10);
    world_turn(&w, 2000);
    world_turn(&w, 16000);
    EXPECT_EQ(UPGRADE_WAITS, state(&w).upgrade);

    struct coded why = {0};
    world_turn(&w, UINT64_C(1000) * DAYS_2);
    TEST_REQUIRE(EXPECT_OK(world_unlock(&w, &why))); /* nobody was there for so long */
    world_turn(&w, 2000);
    TEST_REQUIRE(do_wish(&w, UPGRADE_WISH_APPLY));
    EXPECT_EQ(ACCOUNT_VERSION_2, state(&w).version);
    EXPECT_EQ(UPGRADE_NONE, state(&w).upgrade);
    expect_refused(&w, UPGRADE_WISH_BEGIN, "upgrade_state", "newest");
    world_done(&w);
}

TEST(a_stopped_move_begins_anew_as_the_next_attempt)
{
    static struct world w;
    struct coded why = {0};
    struct id op = {0};
    struct account_upgrade u = {0};
    enum upgrade_call call;
    TEST_REQUIRE(start_deployed(&w));
    TEST_REQUIRE(do_wish(&w, UPGRADE_WISH_BEGIN) && do_wish(&w, UPGRADE_WISH_VETO));
    EXPECT_EQ(OWNER_CHANGE_VETOED, w.chain.owners.ready_at);
    EXPECT_EQ(UPGRADE_OFFERED, state(&w).upgrade);
    TEST_REQUIRE(EXPECT_OK(prepare(&w, UPGRADE_WISH_BEGIN, &op, &why)));
    EXPECT_OK(account_upgrade_read(&call, &u, world_call(&w, op).data));
    EXPECT_EQ(1, u.attempt);
    world_done(&w);
}

TEST(where_a_block_is_trusted_the_version_is_proven)
{
    static struct world w;
    TEST_REQUIRE(start(&w));
    w.chain.is_anchored = true;
    world_turn(&w, 10);
    EXPECT_EQ(ACCOUNT_VERSION_1,
              state(&w).version); /* what is not there yet will be of version 1 */
    EXPECT_EQ(UPGRADE_NONE, state(&w).upgrade);
    expect_refused(&w, UPGRADE_WISH_BEGIN, "upgrade_state", "not_on_chain");
    w.chain.block++;
    world_deploy(&w);
    w.chain.block++;
    world_turn(&w, 16000);
    EXPECT_EQ(GRADE_PROVEN, grade(&w));
    EXPECT_EQ(UPGRADE_OFFERED, state(&w).upgrade);
    w.chain.implementation = w.networks[0].implementation_2;
    w.chain.block++;
    world_turn(&w, 2000);
    EXPECT_EQ(ACCOUNT_VERSION_2, state(&w).version);
    EXPECT_EQ(GRADE_PROVEN, grade(&w));
    world_done(&w);
}

TEST(no_move_where_version_2_is_not_or_from_code_that_nobody_knows)
{
    static struct world w;
    TEST_REQUIRE(start(&w));
    w.chain.lacks_version_2 = true;
    world_deploy(&w);
    world_turn(&w, 16000);
    EXPECT_EQ(UPGRADE_NONE, state(&w).upgrade);
    expect_refused(&w, UPGRADE_WISH_BEGIN, "upgrade_state", "not_there");
    w.chain.implementation = world_token;
    world_turn(&w, 16000);
    EXPECT_EQ(ACCOUNT_VERSION_OTHER, state(&w).version);
    expect_refused(&w, UPGRADE_WISH_BEGIN, "upgrade_state", "unknown");
    world_done(&w);
}

TEST(no_move_is_begun_while_the_wallet_is_locked)
{
    static struct world w;
    struct coded why = {0};
    struct id op = {0};
    TEST_REQUIRE(start_deployed(&w));
    wallet_lock(w.wallet);
    EXPECT_ERR(ERR_DENIED, prepare(&w, UPGRADE_WISH_BEGIN, &op, &why));
    EXPECT_STR("locked", why.code);
    world_done(&w);
}

TEST_MAIN
