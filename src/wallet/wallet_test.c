#include "wallet/wallet.h"

#include "evm/smart_account.h"
#include "evm/userop.h"
#include "wallet/world_test.h"

#include <stdio.h>
#include <string.h>

enum { WEI = 1000000 };

/* An account with money, and the world turned until the wallet has read the chain. */
static bool start(struct world *w)
{
    struct coded why = {0};
    return world_init(w) && EXPECT(world_enroll(w, "Main", NULL, &why) != NULL) &&
           (world_turn(w, 10),
            EXPECT(wallet_view(w->wallet, wallet_settings(w->wallet)->account, w->networks[0].id)));
}

TEST(a_passkey_becomes_an_account)
{
    static struct world w;
    struct coded why = {0};
    TEST_REQUIRE(world_init(&w));
    const struct account *a = world_enroll(&w, "Main", NULL, &why);
    TEST_REQUIRE(a);
    struct smart_owner owner = smart_owner_passkey(w.networks[0].verifier, w.key.xy,
                                                   SPAN_LIT("http://passmesh.localhost:7878"));
    struct smart_account makeup = {.owners = &owner, .owner_count = 1, .threshold = 1};
    struct buf scratch;
    struct address want = {{0}};
    buf_init(&scratch, test_budget(), 4096);
    EXPECT_OK(smart_account_address(&want, &makeup, w.networks[0].factory, &scratch));
    buf_done(&scratch);
    EXPECT_SPAN(SPAN_OF(want.bytes), SPAN_OF(a->address.bytes));
    EXPECT_STR("Main", a->name.text);
    EXPECT_EQ(0, wallet_ceremony_count(w.wallet));
    struct id id = a->id;
    TEST_REQUIRE(world_restart(&w));
    TEST_REQUIRE(wallet_account(w.wallet, id));
    EXPECT_SPAN(SPAN_OF(want.bytes), SPAN_OF(wallet_account(w.wallet, id)->address.bytes));
    EXPECT_SPAN(SPAN_OF(w.credential),
                span_of(wallet_account(w.wallet, id)->owners[0].credential,
                        wallet_account(w.wallet, id)->owners[0].credential_len));
    world_done(&w);
}

TEST(enrolment_refuses)
{
    static const struct {
        const char *name;
        struct world_ceremony how;
        const char *why;
    } cases[] = {
        {"another port",               {.origin = "http://passmesh.localhost:7879"}, "ceremony_origin" },
        {"another host",               {.origin = "http://localhost:7878"},          "ceremony_origin" },
        {"no user verification",       {.flags = 0x01},                              "ceremony_refused"},
        {"no user presence",           {.flags = 0x04},                              "ceremony_refused"},
        {"backed up but not eligible", {.flags = 0x15},                              "ceremony_refused"},
    };
    static struct world w;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct coded why = {0};
        test_note("%s", cases[i].name);
        TEST_REQUIRE(world_init(&w));
        EXPECT(world_enroll(&w, "Main", &cases[i].how, &why) == NULL);
        EXPECT_STR(cases[i].why, why.code);
        EXPECT_EQ(0, wallet_account_count(w.wallet));
        EXPECT_EQ(1, wallet_ceremony_count(w.wallet)); /* it can be finished rightly */
        world_done(&w);
    }
}

TEST(names_are_checked)
{
    static struct world w;
    struct coded why = {0};
    TEST_REQUIRE(start(&w));
    EXPECT(world_enroll(&w, "Main", NULL, &why) == NULL);
    EXPECT_STR("name_taken", why.code);
    EXPECT(world_enroll(&w, "", NULL, &why) == NULL);
    EXPECT_STR("name_bad", why.code);
    EXPECT(world_enroll(&w,
                        "a\xe2\x80\xae"
                        "b",
                        NULL, &why) == NULL); /* right-to-left override */
    EXPECT_STR("name_bad", why.code);
    EXPECT(world_enroll(&w, "Second", NULL, &why) == NULL);
    EXPECT_STR("ceremony_already", why.code); /* the same passkey */
    world_done(&w);
}

/* Asked at 0x100, where the world keeps it; fee.c takes the dearer verifier without it. */
TEST(the_precompile_is_probed_where_it_stands)
{
    static struct world w;
    for (int lacks = 0; lacks < 2; lacks++) {
        struct coded why = {0};
        TEST_REQUIRE(world_init(&w));
        w.chain.lacks_p256 = lacks != 0;
        const struct account *a = world_enroll(&w, "Main", NULL, &why);
        TEST_REQUIRE(a);
        world_turn(&w, 10);
        const struct view *v = wallet_view(w.wallet, a->id, w.networks[0].id);
        TEST_REQUIRE(v);
        EXPECT_EQ(!lacks, v->has_p256);
        world_done(&w);
    }
}

TEST(a_transfer_goes_its_way)
{
    static struct world w;
    struct coded why = {0};
    struct id op = {0};
    TEST_REQUIRE(start(&w));
    TEST_REQUIRE(EXPECT_OK(world_prepare(&w, WEI, &op, &why)));
    EXPECT_EQ(OPERATION_PREPARED, world_state(&w, op));
    EXPECT_EQ(1, wallet_request_count(w.wallet));
    TEST_REQUIRE(EXPECT_OK(world_approve(&w, op, &why)));
    EXPECT_EQ(OPERATION_SIGNED, world_state(&w, op));
    world_turn(&w, 10);
    TEST_REQUIRE(w.wants_submit);
    EXPECT(id_equal(w.submit, op));
    struct wallet_source source = {.server = "12D3KooTest", .k = 1, .n = 1};
    wallet_submitted(w.wallet, w.t, op, OK, &why, &source);
    EXPECT_EQ(OPERATION_SUBMITTED, world_state(&w, op));
    world_turn(&w, 2000);
    EXPECT(w.wants_track);
    struct tracked what = {
        .state = TRACKED_INCLUDED, .block = 101, .fee_paid = u256_from_u64(7), .success = true};
    w.chain.block = 101;
    w.chain.nonce = 1;
    w.chain.is_deployed = true;
    w.chain.balance = u256_sub_sat(w.chain.balance, u256_from_u64(WEI + 7));
    wallet_tracked(w.wallet, w.t, op, &what);
    EXPECT_EQ(OPERATION_INCLUDED, world_state(&w, op));
    world_turn(&w, 10000);
    w.chain.block = 103;
    wallet_new_head(w.wallet, w.t, &w.networks[0], 103);
    world_turn(&w, 10);
    wallet_tracked(w.wallet, w.t, op, &what);
    EXPECT_EQ(OPERATION_FINAL, world_state(&w, op));
    EXPECT_EQ(1, w.submits);
    EXPECT_EQ(KNOWN_SENT_TO, wallet_party(w.wallet, &w.networks[0], world_receiver).known);
    world_done(&w);
}

TEST(the_signature_is_the_accounts)
{
    static struct world w;
    struct coded why = {0};
    struct id id = {0};
    TEST_REQUIRE(start(&w));
    TEST_REQUIRE(EXPECT_OK(world_prepare(&w, WEI, &id, &why)));
    TEST_REQUIRE(EXPECT_OK(world_approve(&w, id, &why)));
    struct operation *op = NULL;
    TEST_REQUIRE(operation_new(&op, test_budget()) == OK);
    EXPECT_OK(wallet_operation(w.wallet, id, op));
    struct userop u;
    TEST_REQUIRE(EXPECT_OK(userop_decode(&u, buf_span(&op->userop))));
    EXPECT(u.signature.n > 600);
    EXPECT(u.init_code.n > 0); /* the first one makes the account */
    struct smart_call call;
    size_t count = 0;
    EXPECT_OK(smart_account_calls(&call, &count, 1, u.call_data));
    EXPECT(address_equal(world_receiver, call.to));
    EXPECT(u256_equal(u256_from_u64(WEI), call.value));
    struct hash32 hash;
    struct userop_domain domain = {.entry_point = w.networks[0].entry_point,
                                   .chain_id = u256_from_u64(31337)};
    EXPECT_OK(userop_hash(&hash, &u, &domain));
    EXPECT_SPAN(SPAN_OF(op->userop_hash.bytes),
                SPAN_OF(hash.bytes)); /* signing changed nothing that is hashed */
    operation_free(op);
    world_done(&w);
}

TEST(approval_refuses)
{
    static struct world w;
    struct coded why = {0};
    struct id id = {0};
    TEST_REQUIRE(start(&w));
    TEST_REQUIRE(EXPECT_OK(world_prepare(&w, WEI, &id, &why)));
    struct operation *op = NULL;
    TEST_REQUIRE(operation_new(&op, test_budget()) == OK);
    EXPECT_OK(wallet_operation(w.wallet, id, op));
    struct approve_args args = {.operation = id, .revision = op->revision};
    static const struct {
        const char *name;
        struct world_ceremony how;
        const char *why;
    } cases[] = {
        {"no user verification",       {.flags = 0x01},                            "ceremony_unverified"},
        {"another origin",             {.origin = "http://passmesh.localhost:80"}, "ceremony_origin"    },
        {"backed up but not eligible", {.flags = 0x15},                            "ceremony_refused"   },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        args.answer = world_answer(&w, SPAN_OF(op->userop_hash.bytes), &cases[i].how);
        EXPECT_ERR(ERR_AUTH, wallet_approve(w.wallet, w.t, &args, &why));
        EXPECT_STR(cases[i].why, why.code);
    }
    test_note("another challenge");
    args.answer = world_answer(&w, SPAN_LIT("another challenge, 32 bytes long."), NULL);
    EXPECT_ERR(ERR_AUTH, wallet_approve(w.wallet, w.t, &args, &why));
    test_note("another passkey");
    args.answer = world_answer(&w, SPAN_OF(op->userop_hash.bytes), NULL);
    args.answer.credential_id = SPAN_LIT("unknown");
    EXPECT_ERR(ERR_AUTH, wallet_approve(w.wallet, w.t, &args, &why));
    EXPECT_STR("ceremony_wrong_key", why.code);
    test_note("another revision");
    args.revision++;
    EXPECT_ERR(ERR_STATE, wallet_approve(w.wallet, w.t, &args, &why));
    EXPECT_STR("operation_changed", why.code);
    EXPECT_EQ(OPERATION_PREPARED, world_state(&w, id));
    EXPECT_EQ(0, w.submits);
    operation_free(op);
    world_done(&w);
}

TEST(an_operation_expires_and_can_be_rejected)
{
    static struct world w;
    struct coded why = {0};
    struct id id = {0};
    TEST_REQUIRE(start(&w));
    TEST_REQUIRE(EXPECT_OK(world_prepare(&w, WEI, &id, &why)));
    world_turn(&w, WALLET_APPROVE_MS);
    EXPECT_EQ(OPERATION_EXPIRED, world_state(&w, id));
    EXPECT_ERR(ERR_NOT_FOUND, world_approve(&w, id, &why));
    wallet_touch(w.wallet, w.t);
    TEST_REQUIRE(EXPECT_OK(world_prepare(&w, WEI, &id, &why)));
    EXPECT_OK(wallet_reject(w.wallet, w.t, id, &why));
    EXPECT_EQ(OPERATION_CANCELLED, world_state(&w, id));
    world_done(&w);
}

/* After a restart no figure of it is known, and another account is the one that is read. */
TEST(an_operation_of_another_account_is_approved_after_a_restart)
{
    static struct world w;
    struct coded why = {0};
    struct id id = {0};
    TEST_REQUIRE(start(&w));
    TEST_REQUIRE(EXPECT_OK(world_prepare(&w, WEI, &id, &why)));
    const struct account *other = NULL;
    const struct account_args watched = {
        .name = SPAN_LIT("Second"), .kind = ACCOUNT_WATCH, .address = {{1}}};
    TEST_REQUIRE(EXPECT_OK(wallet_account_add(w.wallet, w.t, &watched, &other, &why)));
    TEST_REQUIRE(EXPECT_OK(wallet_account_select(w.wallet, w.t, other->id, &why)));
    TEST_REQUIRE(world_restart(&w));
    world_turn(&w, 20000);
    EXPECT_ERR(ERR_STATE, world_approve(&w, id, &why));
    EXPECT_STR("stale_data", why.code);
    world_turn(&w, 10);
    EXPECT_OK(world_approve(&w, id, &why));
    world_done(&w);
}

TEST(preparing_refuses)
{
    static struct world w;
    struct coded why = {0};
    struct id id = {0};
    TEST_REQUIRE(start(&w));
    EXPECT_ERR(ERR_MALFORMED, world_prepare(&w, 0, &id, &why));
    EXPECT_STR("amount_zero", why.code);
    w.chain.balance = u256_from_u64(1000);
    world_turn(&w, 20000);
    EXPECT_ERR(ERR_LIMIT, world_prepare(&w, 2000, &id, &why));
    EXPECT_STR("amount_exceeds", why.code);
    EXPECT_ERR(ERR_LIMIT, world_prepare(&w, 10, &id, &why));
    EXPECT_STR("fee_exceeds", why.code);
    w.chain.balance = u256_from_u64(UINT64_C(10000000000000000000));
    w.chain.base_fee = UINT64_C(10000000000000); /* 10,000 gwei */
    world_turn(&w, 20000);
    EXPECT_ERR(ERR_LIMIT, world_prepare(&w, 10, &id, &why));
    EXPECT_STR("fee_limit", why.code);
    w.chain.base_fee = 1;
    w.chain.lies = true;
    world_turn(&w, 20000);
    EXPECT_ERR(ERR_MALFORMED, world_prepare(&w, 10, &id, &why));
    EXPECT_STR("server_lied", why.code);
    wallet_set_reach(w.wallet, w.t, &w.networks[0], 0, true);
    EXPECT_ERR(ERR_NOT_FOUND, world_prepare(&w, 10, &id, &why));
    EXPECT_STR("no_server", why.code);
    world_done(&w);
}

TEST(a_trial_that_fails_is_said)
{
    static struct world w;
    struct coded why = {0};
    struct id id = {0};
    TEST_REQUIRE(start(&w));
    w.chain.trial_fails = true;
    TEST_REQUIRE(EXPECT_OK(world_prepare(&w, WEI, &id, &why)));
    struct operation *op = NULL;
    TEST_REQUIRE(operation_new(&op, test_budget()) == OK);
    EXPECT_OK(wallet_operation(w.wallet, id, op));
    EXPECT_EQ(TRIAL_WOULD_FAIL, op->trial);
    const struct risk *r = operation_find_risk(op, SPAN_LIT("would_fail"));
    TEST_REQUIRE(r);
    EXPECT_EQ(RISK_DANGER, r->level);
    EXPECT(r->tick);
    struct approve_args args = {.operation = id,
                                .revision = op->revision,
                                .answer = world_answer(&w, SPAN_OF(op->userop_hash.bytes), NULL)};
    EXPECT_ERR(ERR_DENIED, wallet_approve(w.wallet, w.t, &args, &why));
    EXPECT_STR("risk_unticked", why.code);
    operation_free(op);
    world_done(&w);
}

/* A disk that fails at the n-th write, and a restart: what was handed to a server is in the store with its signature,
 * and what is not in the store was never handed out. */
TEST(a_failing_disk_never_lets_an_unwritten_operation_go)
{
    static struct world w;
    for (size_t fails = 1; fails < 12; fails++) {
        struct coded why = {0};
        struct id id = {0};
        test_note("write %zu fails", fails);
        TEST_REQUIRE(start(&w));
        w.store.fails_from = w.store.writes + fails;
        bool is_prepared = world_prepare(&w, WEI, &id, &why) == OK;
        bool is_approved = is_prepared && world_approve(&w, id, &why) == OK;
        world_turn(&w, 10);
        bool was_handed_out = w.submits > 0;
        EXPECT(is_approved || !was_handed_out);
        TEST_REQUIRE(world_restart(&w));
        enum operation_state state = is_prepared ? world_state(&w, id) : OPERATION_STATE_COUNT;
        EXPECT(!was_handed_out || state == OPERATION_SIGNED);
        world_turn(&w, 10);
        EXPECT(!w.wants_submit || id_equal(w.submit, id)); /* again, and no other */
        world_done(&w);
    }
}

TEST(a_second_operation_waits_for_the_first)
{
    static struct world w;
    struct coded why = {0};
    struct id first = {0};
    struct id second = {0};
    TEST_REQUIRE(start(&w));
    TEST_REQUIRE(EXPECT_OK(world_prepare(&w, WEI, &first, &why)));
    TEST_REQUIRE(EXPECT_OK(world_prepare(&w, 2 * WEI, &second, &why)));
    EXPECT_EQ(OPERATION_CANCELLED, world_state(&w, first)); /* the newest wish counts */
    TEST_REQUIRE(EXPECT_OK(world_approve(&w, second, &why)));
    EXPECT_ERR(ERR_STATE, world_prepare(&w, WEI, &first, &why));
    EXPECT_STR("operation_open", why.code);
    world_done(&w);
}

TEST(a_replacement_pays_more_and_one_of_both_wins)
{
    static struct world w;
    struct coded why = {0};
    struct id first = {0};
    struct id second = {0};
    uint64_t task = 0;
    TEST_REQUIRE(start(&w));
    TEST_REQUIRE(EXPECT_OK(world_prepare(&w, WEI, &first, &why)));
    TEST_REQUIRE(EXPECT_OK(world_approve(&w, first, &why)));
    struct replace_args args = {.operation = first, .kind = OPERATION_SPEED_UP};
    TEST_REQUIRE(EXPECT_OK(wallet_replace(w.wallet, w.t, &args, &task, &why)));
    world_turn(&w, 10);
    struct task_result r = {0};
    TEST_REQUIRE(wallet_task_take(w.wallet, task, &r));
    TEST_REQUIRE(EXPECT_OK(r.err));
    second = r.operation;
    struct operation *a = NULL;
    struct operation *b = NULL;
    struct userop ua;
    struct userop ub;
    TEST_REQUIRE(operation_new(&a, test_budget()) == OK && operation_new(&b, test_budget()) == OK);
    EXPECT_OK(wallet_operation(w.wallet, first, a));
    EXPECT_OK(wallet_operation(w.wallet, second, b));
    TEST_REQUIRE(userop_decode(&ua, buf_span(&a->userop)) == OK &&
                 userop_decode(&ub, buf_span(&b->userop)) == OK);
    EXPECT(u256_equal(ua.nonce, ub.nonce));
    struct u256 least = u256_mul_sat(ua.max_fee_per_gas, u256_from_u64(110));
    EXPECT(u256_compare(u256_mul_sat(ub.max_fee_per_gas, u256_from_u64(100)), least) > 0);
    operation_free(a);
    operation_free(b);
    TEST_REQUIRE(EXPECT_OK(world_approve(&w, second, &why)));
    struct tracked what = {
        .state = TRACKED_INCLUDED, .block = 101, .fee_paid = u256_from_u64(7), .success = true};
    wallet_tracked(w.wallet, w.t, second, &what);
    EXPECT_EQ(OPERATION_INCLUDED, world_state(&w, second));
    EXPECT_EQ(OPERATION_REPLACED, world_state(&w, first));
    world_done(&w);
}

TEST(a_refusal_is_held_against_the_chain_first)
{
    static struct world w;
    struct coded why = {0};
    struct coded refused = {0};
    struct id id = {0};
    struct wallet_source source = {.server = "12D3KooTest", .k = 1, .n = 1};
    TEST_REQUIRE(start(&w));
    TEST_REQUIRE(EXPECT_OK(world_prepare(&w, WEI, &id, &why)));
    TEST_REQUIRE(EXPECT_OK(world_approve(&w, id, &why)));
    TEST_REQUIRE(world_restart(&w)); /* killed after a server took it, before it said so */
    world_turn(&w, 10);
    EXPECT(w.wants_submit);
    coded_set(&refused, "server_refused");
    coded_add_str(&refused, "reason", "nonce used");
    wallet_submitted(w.wallet, w.t, id, ERR_DENIED, &refused, &source);
    EXPECT_EQ(OPERATION_SIGNED, world_state(&w, id));
    world_turn(&w, 10);
    EXPECT(w.wants_track);
    struct tracked what = {
        .state = TRACKED_INCLUDED, .block = 101, .fee_paid = u256_from_u64(7), .success = true};
    wallet_tracked(w.wallet, w.t, id, &what);
    EXPECT_EQ(OPERATION_INCLUDED, world_state(&w, id));
    world_done(&w);
}

TEST(a_refusal_that_the_chain_does_not_contradict_is_a_failure)
{
    static struct world w;
    struct coded why = {0};
    struct coded refused = {0};
    struct id id = {0};
    struct wallet_source source = {.server = "12D3KooTest", .k = 1, .n = 1};
    struct tracked unknown = {.state = TRACKED_UNKNOWN};
    TEST_REQUIRE(start(&w));
    TEST_REQUIRE(EXPECT_OK(world_prepare(&w, WEI, &id, &why)));
    TEST_REQUIRE(EXPECT_OK(world_approve(&w, id, &why)));
    world_turn(&w, 10);
    coded_set(&refused, "server_refused");
    coded_add_str(&refused, "reason", "fee too low");
    wallet_submitted(w.wallet, w.t, id, ERR_DENIED, &refused, &source);
    world_turn(&w, 10);
    wallet_tracked(w.wallet, w.t, id, &unknown);
    EXPECT_EQ(OPERATION_FAILED, world_state(&w, id));
    world_done(&w);
}

static size_t count_received(struct world *w, struct u256 *ret_sum)
{
    struct history_args args = {.account = wallet_settings(w->wallet)->account,
                                .network = w->networks[0].id};
    struct operation *op = NULL;
    size_t count = 0;
    *ret_sum = U256_ZERO;
    EXPECT_OK(operation_new(&op, test_budget()));
    while (wallet_history(w->wallet, &args, op) == OK) {
        args.before = op->id;
        if (op->kind == OPERATION_RECEIVE) {
            count++;
            *ret_sum = u256_add_sat(*ret_sum, op->amount);
        }
    }
    operation_free(op);
    return count;
}

TEST(payments_in_are_noticed_once)
{
    static struct world w;
    struct u256 sum;
    TEST_REQUIRE(start(&w));
    EXPECT_EQ(1, count_received(&w, &sum)); /* what was there when the account was made */
    w.chain.block++;
    w.chain.balance = u256_add_sat(w.chain.balance, u256_from_u64(500));
    w.chain.token = u256_from_u64(250);
    world_turn(&w, 20000);
    EXPECT_EQ(3, count_received(&w, &sum));
    TEST_REQUIRE(world_restart(&w));
    world_turn(&w, 20000);
    world_turn(&w, 20000);
    EXPECT_EQ(3, count_received(&w, &sum));
    EXPECT(u256_equal(u256_add_sat(w.chain.balance, u256_from_u64(250)), sum));
    world_done(&w);
}

static struct address payer_of(struct world *w, bool is_token)
{
    struct history_args args = {.account = wallet_settings(w->wallet)->account,
                                .network = w->networks[0].id};
    struct operation *op = NULL;
    struct address from = {{0}};
    EXPECT_OK(operation_new(&op, test_budget()));
    while (address_is_zero(from) && wallet_history(w->wallet, &args, op) == OK) {
        args.before = op->id;
        if (op->kind == OPERATION_RECEIVE && address_is_zero(op->token) != is_token) {
            from = op->from;
        }
    }
    operation_free(op);
    return from;
}

TEST(payers_are_found)
{
    static struct world w;
    static char tx[512];
    static const char log[] =
        "{\"topics\":["
        "\"0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef\","
        "\"0x0000000000000000000000002222222222222222222222222222222222222222\","
        "\"0x0000000000000000000000001111111111111111111111111111111111111111\"],"
        "\"data\":\"0x00000000000000000000000000000000000000000000000000000000000000fa\","
        "\"transactionHash\":"
        "\"0x3333333333333333333333333333333333333333333333333333333333333333\"},"
        "{\"topics\":["
        "\"0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef\","
        "\"0x0000000000000000000000006666666666666666666666666666666666666666\","
        "\"0x0000000000000000000000001111111111111111111111111111111111111111\"],"
        "\"data\":\"0x0000000000000000000000000000000000000000000000000000000000000000\","
        "\"transactionHash\":"
        "\"0x7777777777777777777777777777777777777777777777777777777777777777\"}";
    TEST_REQUIRE(start(&w));
    char account[ADDRESS_TEXT_LEN];
    address_print(account, wallet_account_at(w.wallet, 0)->address);
    (void)snprintf(
        tx, sizeof tx,
        "{\"hash\":\"0x4444444444444444444444444444444444444444444444444444444444444444\","
        "\"from\":\"0x5555555555555555555555555555555555555555\",\"to\":\"%s\",\"value\":\"0x1f4\"}"
        ","
        "{\"hash\":\"0x77\",\"from\":\"0x66\",\"to\":null,\"value\":\"0x1\"}",
        account);
    w.chain.tx = tx;
    w.chain.log = log;
    w.chain.block++;
    w.chain.balance = u256_add_sat(w.chain.balance, u256_from_u64(500));
    w.chain.token = u256_from_u64(250);
    world_turn(&w, 20000);
    world_turn(&w, 10);
    world_turn(&w, 10);
    struct address native = payer_of(&w, false);
    struct address token = payer_of(&w, true);
    EXPECT_SPAN(test_hex("5555555555555555555555555555555555555555"), SPAN_OF(native.bytes));
    EXPECT_SPAN(test_hex("2222222222222222222222222222222222222222"), SPAN_OF(token.bytes));
    world_done(&w);
}

/* Nothing is answered from the moment that the payment stands in the history. */
static void fall_silent(void *user, const struct wallet_event *e)
{
    struct world *w = user;
    w->chain.is_down |= e->kind == WALLET_OPERATION_CHANGED;
}

static size_t count_searches(const struct world *w)
{
    size_t count = 0;
    for (size_t i = 0; i < WORLD_RECORD_COUNT_MAX; i++) {
        count += w->store.records[i].is_used && w->store.records[i].table == STORE_SEARCH;
    }
    return count;
}

TEST(a_search_for_a_payer_goes_on_after_a_restart)
{
    static struct world w;
    static char tx[512];
    TEST_REQUIRE(start(&w));
    char account[ADDRESS_TEXT_LEN];
    address_print(account, wallet_account_at(w.wallet, 0)->address);
    (void)snprintf(
        tx, sizeof tx,
        "{\"hash\":\"0x4444444444444444444444444444444444444444444444444444444444444444\","
        "\"from\":\"0x5555555555555555555555555555555555555555\",\"to\":\"%s\",\"value\":"
        "\"0x1f4\"}",
        account);
    w.chain.tx = tx;
    w.chain.block++;
    w.chain.balance = u256_add_sat(w.chain.balance, u256_from_u64(500));
    w.tell = fall_silent;
    w.user = &w;
    world_turn(&w, 20000);
    EXPECT(address_is_zero(payer_of(&w, false)));
    EXPECT_EQ(1, count_searches(&w));
    w.tell = NULL;
    w.chain.is_down = false;
    TEST_REQUIRE(world_restart(&w));
    world_turn(&w, 10);
    world_turn(&w, 10);
    struct address payer = payer_of(&w, false);
    EXPECT_SPAN(test_hex("5555555555555555555555555555555555555555"), SPAN_OF(payer.bytes));
    EXPECT_EQ(0, count_searches(&w));
    world_done(&w);
}

/* The disk fails while a payment is written: after the restart it is there exactly once. */
TEST(payments_in_survive_a_failing_disk)
{
    static struct world w;
    for (size_t fails = 1; fails < 6; fails++) {
        struct u256 sum;
        test_note("write %zu fails", fails);
        TEST_REQUIRE(start(&w));
        w.store.fails_from = w.store.writes + fails;
        w.chain.block++;
        w.chain.balance = u256_add_sat(w.chain.balance, u256_from_u64(500));
        world_turn(&w, 20000);
        TEST_REQUIRE(world_restart(&w));
        w.chain.block++;
        world_turn(&w, 20000);
        EXPECT_EQ(2, count_received(&w, &sum));
        EXPECT(u256_equal(w.chain.balance, sum));
        world_done(&w);
    }
}

TEST(a_lock_needs_the_passkey)
{
    static struct world w;
    struct coded why = {0};
    struct ceremony c;
    struct id id = {0};
    TEST_REQUIRE(start(&w));
    wallet_lock(w.wallet);
    EXPECT(wallet_is_locked(w.wallet));
    EXPECT_ERR(ERR_DENIED, world_prepare(&w, WEI, &id, &why));
    EXPECT_STR("locked", why.code);
    TEST_REQUIRE(EXPECT_OK(wallet_unlock_begin(w.wallet, w.t, &c, &why)));
    struct passkey_answer bad =
        world_answer(&w, SPAN_LIT("another challenge, 32 bytes long."), NULL);
    EXPECT_ERR(ERR_AUTH, wallet_unlock_finish(w.wallet, w.t, c.id, &bad, &why));
    EXPECT_ERR(ERR_NOT_FOUND,
               wallet_unlock_finish(w.wallet, w.t, c.id, &bad, &why)); /* one try a challenge */
    EXPECT(wallet_is_locked(w.wallet));
    TEST_REQUIRE(EXPECT_OK(wallet_unlock_begin(w.wallet, w.t, &c, &why)));
    struct passkey_answer good = world_answer(&w, SPAN_OF(c.challenge), NULL);
    EXPECT_OK(wallet_unlock_finish(w.wallet, w.t, c.id, &good, &why));
    EXPECT(!wallet_is_locked(w.wallet));
    world_turn(&w, 15 * 60 * 1000);
    EXPECT(wallet_is_locked(w.wallet)); /* idle */
    world_done(&w);
}

TEST(look_alikes)
{
    static struct world w;
    struct coded why = {0};
    const struct contact *contact = NULL;
    struct look_alike look;
    struct risk *risks = NULL;
    TEST_REQUIRE(start(&w));
    EXPECT_OK(wallet_contact_add(w.wallet, w.t, SPAN_LIT("Alice"), world_receiver, &contact, &why));
    static struct risk room[4];
    risks = room;
    const struct account *self = wallet_account_at(w.wallet, 0);
    struct address both = world_receiver;
    both.bytes[10] ^= 0xff;
    EXPECT_EQ(2, wallet_address_risks(w.wallet, &w.networks[0], self, both, risks, 4, &look));
    EXPECT_STR("look_alike", risks[0].what.code);
    EXPECT_EQ(RISK_DANGER, risks[0].level);
    EXPECT_EQ(1, look.groups);
    struct address one_end = both;
    one_end.bytes[0] ^= 0xff;
    (void)wallet_address_risks(w.wallet, &w.networks[0], self, one_end, risks, 4, &look);
    EXPECT_STR("look_alike_end", risks[0].what.code);
    EXPECT_EQ(
        0, wallet_address_risks(w.wallet, &w.networks[0], self, world_receiver, risks, 4, &look));
    EXPECT_EQ(1,
              wallet_address_risks(w.wallet, &w.networks[0], self, world_token, risks, 4, &look));
    EXPECT_EQ(RISK_BLOCKED, risks[0].level);
    EXPECT_EQ(1,
              wallet_address_risks(w.wallet, &w.networks[0], self, self->address, risks, 4, &look));
    EXPECT_STR("same_account", risks[0].what.code);
    world_done(&w);
}

/* ---- what is trusted ---- */

static bool start_anchored(struct world *w)
{
    struct coded why = {0};
    if (!world_init(w) || !EXPECT(world_enroll(w, "Main", NULL, &why) != NULL)) {
        return false;
    }
    w->chain.is_anchored = true;
    w->chain.token = u256_from_u64(5);
    w->chain.nonce = 2;
    w->chain.deposit = u256_from_u64(3);
    world_turn(w, 10);
    return EXPECT(wallet_view(w->wallet, wallet_settings(w->wallet)->account, w->networks[0].id));
}

static const struct view *the_view(const struct world *w)
{
    return wallet_view(w->wallet, wallet_settings(w->wallet)->account, w->networks[0].id);
}

TEST(with_an_anchor_figures_are_proven)
{
    static struct world w;
    TEST_REQUIRE(start_anchored(&w));
    const struct view *v = the_view(&w);
    const struct figure *proven[] = {&v->balance, &v->deposit, &v->nonce, &v->tokens[0],
                                     &v->base_fee};
    for (size_t i = 0; i < sizeof proven / sizeof proven[0]; i++) {
        test_note("figure %zu", i);
        EXPECT_EQ(GRADE_PROVEN, figure_grade(proven[i]));
        EXPECT_EQ(ANCHOR_HEADER_SOURCE, figure_anchor(proven[i]));
        EXPECT_STR("merkle_proof_trusted_block", figure_why(proven[i]));
        EXPECT_EQ(w.chain.block, figure_block(proven[i]));
    }
    EXPECT(u256_equal(w.chain.balance, figure_value(&v->balance)));
    EXPECT(u256_equal(u256_from_u64(5), figure_value(&v->tokens[0])));
    EXPECT(u256_equal(u256_from_u64(2), figure_value(&v->nonce)));
    EXPECT(u256_equal(u256_from_u64(3), figure_value(&v->deposit)));
    EXPECT_EQ(CONTRACTS_READY, v->contracts);
    EXPECT_EQ(5, w.chain.proofs); /* account, EntryPoint, factory, verifier, token */
    w.chain.claimed = u256_from_u64(7);
    w.chain.is_deployed = true;
    w.chain.block++;
    world_turn(&w, 2000);
    v = the_view(&w);
    EXPECT(u256_equal(w.chain.balance, figure_value(&v->balance)));
    EXPECT(v->is_deployed);
    EXPECT_EQ(8, w.chain.proofs); /* the contracts were proven once */
    EXPECT_EQ(CHAIN_OK, wallet_chain_health(w.wallet, w.t).state);
    world_done(&w);
}

TEST(without_one_they_are_reported)
{
    static struct world w;
    TEST_REQUIRE(start(&w));
    EXPECT_EQ(GRADE_REPORTED, figure_grade(&the_view(&w)->balance));
    EXPECT_EQ(0, w.chain.proofs);
    world_done(&w);
}

/* Where proofs are to be had, no answer without one takes their place: the old figures stay, and nothing is sent. */
TEST(who_cannot_prove_is_doubted)
{
    static struct world w;
    struct id op;
    struct id other;
    struct coded why = {0};
    TEST_REQUIRE(start_anchored(&w));
    TEST_REQUIRE(world_prepare(&w, WEI, &op, &why) == OK);
    uint64_t block = the_view(&w)->block;
    w.chain.proves_wrongly = true;
    w.chain.claimed = u256_from_u64(7);
    for (int i = 0; i < 5; i++) {
        w.chain.block++;
        world_turn(&w, 2000);
    }
    struct chain_health h = wallet_chain_health(w.wallet, w.t);
    EXPECT_EQ(CHAIN_DOUBTFUL, h.state);
    EXPECT_EQ(DOUBT_UNPROVEN, h.doubt);
    EXPECT_EQ(block, the_view(&w)->block);
    EXPECT(u256_equal(w.chain.balance, figure_value(&the_view(&w)->balance)));
    EXPECT_ERR(ERR_STATE, world_approve(&w, op, &why));
    EXPECT_STR("chain_doubtful", why.code);
    EXPECT(world_prepare(&w, WEI, &other, &why) != OK);
    EXPECT_STR("chain_doubtful", why.code);
    w.chain.proves_wrongly = false;
    w.chain.block++;
    world_turn(&w, 3000);
    EXPECT_EQ(CHAIN_OK, wallet_chain_health(w.wallet, w.t).state);
    EXPECT_OK(world_approve(&w, op, &why));
    world_done(&w);
}

TEST(a_silent_anchor_is_doubted)
{
    static struct world w;
    struct id op;
    struct coded why = {0};
    TEST_REQUIRE(start_anchored(&w));
    world_turn(&w, 61000);
    EXPECT_EQ(DOUBT_ANCHOR, wallet_chain_health(w.wallet, w.t).doubt);
    EXPECT(world_prepare(&w, WEI, &op, &why) != OK);
    EXPECT_STR("chain_doubtful", why.code);
    w.chain.block++;
    world_turn(&w, 1000);
    EXPECT_EQ(CHAIN_OK, wallet_chain_health(w.wallet, w.t).state);
    EXPECT_EQ(GRADE_PROVEN, figure_grade(&the_view(&w)->balance));
    world_done(&w);
}

TEST_MAIN
