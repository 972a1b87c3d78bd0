/* The owners of an account, over the local API. What the chain makes of it is in wallet/owners_test.c. */
#include "evm/owner_change.h"
#include "node/api/api_rig_test.h"
#include "wallet/recovery.h"

#include <stdio.h>
#include <string.h>

static struct rig rig;

/* An account, and then another passkey in the world's hand. */
static struct rig *start(void)
{
    struct rig *r = &rig;
    if (!rig_init(r)) {
        return NULL;
    }
    (void)rig_create(r, "Main");
    rng_fill(&r->w.rng.rng, MSPAN_OF(r->w.secret.bytes));
    r->w.secret.bytes[0] = 3; /* below the order */
    rng_fill(&r->w.rng.rng, MSPAN_OF(r->w.credential));
    EXPECT_OK(p256_public_of(&r->w.key, &r->w.secret));
    return r;
}

static struct rig_text add(struct rig *r)
{
    static char response[1600];
    struct rig_text none = {""};
    if (!EXPECT(rig_ask(r, "owner_add_begin", "\"account_id\":\"%s\",\"where\":\"phone\"",
                        rig_account(r)))) {
        return none;
    }
    struct rig_text ceremony = rig_text(r->result, "ceremony.id");
    EXPECT_STR("owner", rig_text(r->result, "ceremony.kind").text);
    EXPECT_STR(rig_account(r), rig_text(r->result, "ceremony.account_id").text);
    struct json exclude;
    EXPECT(rig_at(&exclude, r->result, "options.exclude"));
    EXPECT_EQ(1, json_count(exclude)); /* the passkey that is there is not made again */
    struct rig_text challenge = rig_text(r->result, "options.challenge");
    rig_response(r, response, sizeof response, challenge.text);
    if (!EXPECT(rig_ask(r, "owner_add_finish",
                        "\"ceremony_id\":\"%s\",\"passkey_name\":\"Ring\",%s", ceremony.text,
                        response))) {
        return none;
    }
    return ceremony; /* its id is the owner's */
}

TEST(an_owner_is_made_named_prepared_and_forgotten)
{
    struct rig *r = start();
    TEST_REQUIRE(r);
    struct rig_text owner = add(r);
    struct json owners;
    struct json one;
    TEST_REQUIRE(rig_at(&owners, r->result, "owners"));
    EXPECT_EQ(2, json_count(owners));
    struct json_iter it = json_iterate(owners);
    EXPECT(json_next(&it, NULL, &one));
    EXPECT_STR("active", rig_text(one, "state").text);
    EXPECT(json_next(&it, NULL, &one));
    EXPECT_STR("waiting", rig_text(one, "state").text);
    EXPECT_STR("Ring", rig_text(one, "name").text);
    EXPECT(rig_ask(r, "owner_rename", "\"account_id\":\"%s\",\"owner_id\":\"%s\",\"name\":\"Key\"",
                   rig_account(r), owner.text));

    EXPECT(rig_ask(r, "owner_prepare",
                   "\"account_id\":\"%s\",\"network_id\":\"local\",\"owner_id\":\"%s\","
                   "\"what\":\"add\",\"speed\":\"normal\"",
                   rig_account(r), owner.text));
    EXPECT_STR("owner_add", rig_text(r->result, "kind").text);
    EXPECT_STR("Key", rig_text(r->result, "subject").text);
    struct json allow;
    EXPECT(rig_at(&allow, r->result, "request.allow"));
    EXPECT_EQ(1, json_count(allow)); /* only who owns the account on this chain may sign */
    struct rig_text operation = rig_text(r->result, "id");
    RIG_REFUSED(r, "ceremony_wrong_key", "send_approve",
                "\"operation_id\":\"%s\",\"revision\":1,\"ticks\":[\"owner_added\"],%s",
                operation.text,
                "\"assertion\":{\"credential_id\":\"AAAA\",\"client_data_json\":\"e30\","
                "\"authenticator_data\":\"AAAA\",\"signature\":\"AAAA\"}");
    EXPECT(rig_ask(r, "send_cancel", "\"operation_id\":\"%s\"", operation.text));
    EXPECT(rig_ask(r, "owner_forget", "\"account_id\":\"%s\",\"owner_id\":\"%s\"", rig_account(r),
                   owner.text));
    TEST_REQUIRE(rig_at(&owners, r->result, "owners"));
    EXPECT_EQ(1, json_count(owners));
    rig_done(r);
}

TEST(refusals)
{
    struct rig *r = start();
    TEST_REQUIRE(r);
    struct rig_text owner = add(r);
    const char *a = rig_account(r);
    const char *o = owner.text;
    RIG_REFUSED(r, "unknown_account", "owner_add_begin", "\"account_id\":\"x\",\"where\":\"any\"");
    RIG_REFUSED(r, "unknown_ceremony", "owner_add_begin",
                "\"account_id\":\"%s\",\"where\":\"any\",\"resume\":\"x\"", a);
    RIG_REFUSED(r, "unknown_owner", "owner_rename",
                "\"account_id\":\"%s\",\"owner_id\":\"x\",\"name\":\"y\"", a);
    RIG_REFUSED(r, "unknown_owner", "owner_forget", "\"account_id\":\"%s\",\"owner_id\":\"x\"", a);
    static const struct {
        const char *what;
        const char *why;
    } cases[] = {
        {"remove", "owner_state"      },
        {"apply",  "owner_not_leaving"},
        {"veto",   "owner_not_leaving"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        RIG_REFUSED(r, cases[i].why, "owner_prepare",
                    "\"account_id\":\"%s\",\"network_id\":\"local\",\"owner_id\":\"%s\","
                    "\"what\":\"%s\",\"speed\":\"normal\"",
                    a, o, cases[i].what);
    }
    RIG_REFUSED(r, "unknown_owner", "owner_prepare",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"owner_id\":\"x\","
                "\"what\":\"add\",\"speed\":\"fast\"",
                a);
    wallet_lock(r->w.wallet);
    RIG_REFUSED(r, "locked", "owner_add_begin", "\"account_id\":\"%s\",\"where\":\"any\"", a);
    RIG_REFUSED(r, "locked", "owner_forget", "\"account_id\":\"%s\",\"owner_id\":\"%s\"", a, o);
    rig_done(r);
}

/* Read from the chain: a removal that waits, with its date, and who is gone. */
TEST(what_waits_is_told_with_its_date)
{
    struct rig *r = start();
    TEST_REQUIRE(r);
    struct rig_text owner = add(r);
    struct world_owners *o = &r->w.chain.owners;
    const struct account *a = wallet_account_at(r->w.wallet, 0);
    r->w.chain.is_deployed = true;
    for (size_t i = 0; i < 2; i++) {
        o->list[i] = smart_owner_passkey(r->w.networks[0].verifier, a->owners[i].public_key,
                                         span_str(a->owners[i].origin));
    }
    o->count = 2;
    o->threshold = 1;
    o->sequence = 1;
    for (int i = 0; i < 3; i++) {
        rig_turn(r, 2000);
    }
    EXPECT(rig_ask(r, "owner_prepare",
                   "\"account_id\":\"%s\",\"network_id\":\"local\",\"owner_id\":\"%s\","
                   "\"what\":\"remove\",\"speed\":\"normal\"",
                   rig_account(r), owner.text));
    EXPECT_STR("owner_remove", rig_text(r->result, "kind").text);
    struct rig_text operation = rig_text(r->result, "id");
    TEST_REQUIRE(
        EXPECT(rig_approve(r, operation.text))); /* by the second passkey, which is an owner now */
    o->waits = wallet_account_at(r->w.wallet, 0)->changes[0].id;
    o->ready_at = r->w.t.unix_ms / 1000 + 172800;
    rig_submitted(r, operation.text);
    rig_tracked(r, operation.text, true);
    rig_turn(r, 2000);
    rig_turn(r, 2000);
    EXPECT(rig_ask(r, "accounts_list", " "));
    struct json list;
    struct json account = {0};
    struct json owners = {0};
    struct json one;
    TEST_REQUIRE(rig_at(&list, r->result, "accounts"));
    struct json_iter it = json_iterate(list);
    TEST_REQUIRE(json_next(&it, NULL, &account) && rig_at(&owners, account, "owners"));
    it = json_iterate(owners);
    EXPECT(json_next(&it, NULL, &one));
    EXPECT(json_next(&it, NULL, &one));
    EXPECT_STR("leaving", rig_text(one, "state").text);
    EXPECT_EQ(o->ready_at * 1000, rig_number(one, "ready_ms"));
    rig_done(r);
}

/* What the move to version 2 is, and that the account says of it. */
TEST(the_version_is_told_and_moved)
{
    struct rig *r = start();
    struct json list = {0};
    struct json account = {0};
    struct json exact;
    struct json calls = {0};
    struct json call = {0};
    TEST_REQUIRE(r);
    RIG_REFUSED(r, "unknown_account", "upgrade_prepare",
                "\"account_id\":\"x\",\"network_id\":\"local\",\"what\":\"begin\","
                "\"speed\":\"normal\"");
    world_deploy(&r->w);
    rig_turn(r, 2000);
    rig_turn(r, 2000);
    TEST_REQUIRE(EXPECT(rig_ask(r, "accounts_list", " ")) && rig_at(&list, r->result, "accounts"));
    struct json_iter it = json_iterate(list);
    TEST_REQUIRE(json_next(&it, NULL, &account));
    EXPECT_EQ(1, rig_number(account, "version.number"));
    EXPECT_STR("offered", rig_text(account, "version.upgrade").text);
    EXPECT_STR("reported", rig_text(account, "version.checked.grade").text);
    RIG_REFUSED(r, "upgrade_state", "upgrade_prepare",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"what\":\"veto\","
                "\"speed\":\"normal\"",
                rig_account(r));
    EXPECT(rig_ask(r, "upgrade_prepare",
                   "\"account_id\":\"%s\",\"network_id\":\"local\",\"what\":\"begin\","
                   "\"speed\":\"fast\"",
                   rig_account(r)));
    EXPECT_STR("upgrade_begin", rig_text(r->result, "kind").text);
    TEST_REQUIRE(rig_at(&exact, r->result, "exact") && rig_at(&calls, exact, "calls"));
    it = json_iterate(calls);
    EXPECT(json_next(&it, NULL, &call));
    EXPECT_STR("scheduleUpgrade(address,bytes,uint64)", rig_text(call, "function").text);
    rig_done(r);
}

TEST(how_many_must_sign_is_told_and_checked)
{
    struct rig *r = start();
    struct json list = {0};
    struct json account = {0};
    TEST_REQUIRE(r);
    world_deploy(&r->w);
    rig_turn(r, 2000);
    TEST_REQUIRE(EXPECT(rig_ask(r, "accounts_list", " ")) && rig_at(&list, r->result, "accounts"));
    struct json_iter it = json_iterate(list);
    TEST_REQUIRE(json_next(&it, NULL, &account));
    EXPECT_EQ(1, rig_number(account, "threshold"));
    static const char *const bad[] = {"0", "1", "2", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        RIG_REFUSED(r, "threshold_state", "threshold_prepare",
                    "\"account_id\":\"%s\",\"network_id\":\"local\",\"what\":\"begin\","
                    "\"threshold\":\"%s\",\"speed\":\"normal\"",
                    rig_account(r), bad[i]);
    }
    rig_done(r);
}

/* The account's limits are told, and what one passkey may do needs no second one. */
TEST(limits_are_told_set_and_kept)
{
    struct rig *r = start();
    struct json list = {0};
    struct json account = {0};
    struct json limits = {0};
    struct json limit = {0};
    TEST_REQUIRE(r);
    (void)add(r);
    r->w.chain.implementation = r->w.networks[0].implementation_2;
    world_deploy(&r->w);
    r->w.chain.owners.threshold = 2;
    r->w.chain.limits.of[0] =
        (struct account_limit_words){.amount = u256_from_u64(UINT64_C(500000000000000000)),
                                     .window = u256_from_u64(UINT64_C(36000) << 48)};
    r->w.chain.limits.known = world_receiver;
    rig_turn(r, 16000);
    rig_turn(r, 16000);
    TEST_REQUIRE(EXPECT(rig_ask(r, "accounts_list", " ")) && rig_at(&list, r->result, "accounts"));
    struct json_iter it = json_iterate(list);
    TEST_REQUIRE(json_next(&it, NULL, &account) && rig_at(&limits, account, "limits.list"));
    it = json_iterate(limits);
    TEST_REQUIRE(json_next(&it, NULL, &limit));
    EXPECT_EQ(10, rig_number(limit, "hours"));
    EXPECT_STR("500000000000000000", rig_text(limit, "left").text);
    EXPECT_STR("reported", rig_text(limit, "amount.grade").text);

    struct rig_text id = rig_prepare(r, "5");
    EXPECT_STR("passkey_then_servers", rig_text(r->result, "next.code").text);
    TEST_REQUIRE(EXPECT(rig_approve(r, id.text)));
    EXPECT_STR("signed", rig_text(r->result, "state").text);
    rig_done(r);
}

TEST(settings_are_prepared_and_what_is_none_is_refused)
{
    struct rig *r = start();
    struct json calls = {0};
    struct json call = {0};
    TEST_REQUIRE(r);
    r->w.chain.implementation = r->w.networks[0].implementation_2;
    world_deploy(&r->w);
    rig_turn(r, 16000);
    static const char *const bad[] = {"0", "8785", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        RIG_REFUSED(r, "period_bad", "limit_prepare",
                    "\"account_id\":\"%s\",\"network_id\":\"local\",\"what\":\"set\","
                    "\"asset\":\"native\",\"amount\":\"1\",\"hours\":\"%s\",\"speed\":\"normal\"",
                    rig_account(r), bad[i]);
    }
    RIG_REFUSED(r, "unknown_setting", "setting_prepare",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"what\":\"veto\","
                "\"setting_id\":\"0x%064d\",\"speed\":\"normal\"",
                rig_account(r), 0);
    RIG_REFUSED(r, "setting_state", "known_prepare",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"what\":\"forget\","
                "\"address\":\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\",\"speed\":\"normal\"",
                rig_account(r));
    EXPECT(rig_ask(r, "limit_prepare",
                   "\"account_id\":\"%s\",\"network_id\":\"local\",\"what\":\"set\","
                   "\"asset\":\"native\",\"amount\":\"500000000000000000\",\"hours\":\"24\","
                   "\"speed\":\"normal\"",
                   rig_account(r)));
    EXPECT_STR("limit_begin", rig_text(r->result, "kind").text);
    EXPECT_STR("until_applied", rig_text(r->result, "undo.code").text);
    TEST_REQUIRE(rig_at(&calls, r->result, "exact.calls"));
    struct json_iter it = json_iterate(calls);
    EXPECT(json_next(&it, NULL, &call));
    EXPECT_STR("scheduleSetting(bytes,uint64)", rig_text(call, "function").text);
    rig_done(r);
}

#define JOB      "\"job_key\":\"0x7700000000000000000000000000000000000001\","
#define RECEIVER "\"to\":\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\","

/* Ten finney and five for fees, within a day. */
static bool add_session(struct rig *r, const char *terms)
{
    return rig_ask(r, "session_prepare",
                   "\"account_id\":\"%s\",\"network_id\":\"local\",\"what\":\"add\"," JOB RECEIVER
                   "%s\"fees\":\"5000000000000000\",\"until_ms\":\"%llu\",\"speed\":\"normal\"",
                   rig_account(r), terms, (unsigned long long)r->w.t.unix_ms + 86400000);
}

TEST(a_session_key_is_added_told_and_ended)
{
    struct rig *r = start();
    struct json list = {0};
    struct json account = {0};
    struct json sessions = {0};
    struct json session = {0};
    TEST_REQUIRE(r);
    (void)add(r);
    r->w.chain.implementation = r->w.networks[0].implementation_2;
    world_deploy(&r->w);
    rig_turn(r, 16000);
    TEST_REQUIRE(EXPECT(add_session(r, "\"asset\":\"native\",\"amount\":\"10000000000000000\",")));
    EXPECT_STR("session_add", rig_text(r->result, "kind").text);
    EXPECT_STR("until_ended", rig_text(r->result, "undo.code").text);
    struct rig_text id = rig_text(r->result, "id");
    TEST_REQUIRE(EXPECT(rig_approve(r, id.text)));
    TEST_REQUIRE(EXPECT(rig_ask(r, "accounts_list", " ")) && rig_at(&list, r->result, "accounts"));
    struct json_iter it = json_iterate(list);
    TEST_REQUIRE(json_next(&it, NULL, &account) && rig_at(&sessions, account, "sessions"));
    it = json_iterate(sessions);
    TEST_REQUIRE(json_next(&it, NULL, &session));
    EXPECT_STR("unread", rig_text(session, "state").text);
    EXPECT_STR("ether", rig_text(session, "kind").text);
    EXPECT_STR("15000000000000000", rig_text(session, "amount.value").text);
    rig_done(r);
}

TEST(terms_of_a_session_that_are_none_are_refused)
{
    struct rig *r = start();
    TEST_REQUIRE(r);
    r->w.chain.implementation = r->w.networks[0].implementation_2;
    world_deploy(&r->w);
    rig_turn(r, 16000);
    static const char *const bad[] = {
        "\"amount\":\"0\",",
        "",
        "\"function\":\"approve(address,uint256)\",",
        "\"function\":\"0xa9059cbb\",",
        "\"function\":\"mint\",",
        "\"function\":\"(uint256)\",",
        "\"function\":\"mint (uint256)\",",
        "\"function\":\"0x00000000\",",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        test_note("%s", bad[i]);
        EXPECT(!add_session(r, bad[i]));
        EXPECT_STR("session_bad", r->error);
    }
    RIG_REFUSED(r, "session_bad", "session_prepare",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"what\":\"end\","
                "\"session_id\":\"0x01\",\"speed\":\"normal\"",
                rig_account(r));
    EXPECT(add_session(r, "\"function\":\"mint(uint256)\","));
    EXPECT(rig_ask(r, "session_prepare",
                   "\"account_id\":\"%s\",\"network_id\":\"local\",\"what\":\"end\","
                   "\"session_id\":\"0x%040d\",\"speed\":\"normal\"",
                   rig_account(r), 7));
    EXPECT_STR("session_end", rig_text(r->result, "kind").text);
    rig_done(r);
}

TEST(guardians_have_names_and_are_asked_only_where_there_are_any)
{
    struct rig *r = start();
    TEST_REQUIRE(r);
    world_deploy(&r->w);
    rig_turn(r, 2000);
    char address[ADDRESS_TEXT_LEN];
    address_print(address, wallet_account_at(r->w.wallet, 0)->address);
    RIG_REFUSED(r, "recovery_unread", "guardians_ask",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"what\":\"hold\"", rig_account(r));
    TEST_REQUIRE(EXPECT(
        rig_ask(r, "recovery_status", "\"address\":\"%s\",\"network_id\":\"local\"", address)));
    RIG_REFUSED(r, "recovery_state", "guardians_ask",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"what\":\"practice\"",
                rig_account(r));
    EXPECT(
        rig_ask(r, "recovery_forget", "\"account_id\":\"%s\",\"what\":\"asks\"", rig_account(r)));

    static const char key[] = "0x1111111111111111111111111111111111111111";
    const struct smart_owner guardian = {
        .bytes = {0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                  0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11},
        .len = 20
    };
    RIG_REFUSED(r, "name_bad", "guardian_name",
                "\"account_id\":\"%s\",\"guardian\":\"%s\",\"name\":\" x\"", rig_account(r), key);
    RIG_REFUSED(r, "help_bad", "guardian_name",
                "\"account_id\":\"%s\",\"guardian\":\"0x1111\",\"name\":\"x\"", rig_account(r));
    EXPECT(rig_ask(r, "guardian_name",
                   "\"account_id\":\"%s\",\"guardian\":\"%s\",\"name\":\"Anna\"", rig_account(r),
                   key));
    EXPECT_SPAN(SPAN_LIT("Anna"),
                wallet_guardian_name(wallet_account_at(r->w.wallet, 0), &guardian));
    RIG_REFUSED(r, "name_bad", "guardian_text", "\"account_id\":\"%s\",\"name\":\" x\"",
                rig_account(r));
    RIG_REFUSED(r, "name_bad", "guardians_prepare",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"guardians\":[\"%s\"],"
                "\"names\":[\" x\"],\"threshold\":1,\"days\":2,\"speed\":\"normal\"",
                rig_account(r), address);
    TEST_REQUIRE(EXPECT(
        rig_ask(r, "guardian_text", "\"account_id\":\"%s\",\"name\":\"Bob\"", rig_account(r))));
    char text[512];
    struct span written = SPAN_EMPTY;
    EXPECT_OK(json_find_plain(&written, r->result, "text"));
    int n = snprintf(text, sizeof text, "%.*s", (int)written.n, (const char *)written.p);
    TEST_REQUIRE(EXPECT(n > 0 && (size_t)n < sizeof text));
    TEST_REQUIRE(EXPECT(rig_ask(r, "guardian_read", "\"text\":\"%s\"", text)));
    EXPECT_STR("Bob", rig_text(r->result, "name").text);
    rig_done(r);
}

/* What is no account of version 2 has no guardians, and what is no request is not signed. */
TEST(guardians_are_read_and_texts_refused)
{
    struct rig *r = start();
    TEST_REQUIRE(r);
    world_deploy(&r->w);
    rig_turn(r, 2000);
    char address[ADDRESS_TEXT_LEN];
    address_print(address, wallet_account_at(r->w.wallet, 0)->address);
    RIG_REFUSED(r, "recovery_unread", "brake_begin",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"what\":\"freeze\"",
                rig_account(r));
    TEST_REQUIRE(EXPECT(
        rig_ask(r, "recovery_status", "\"address\":\"%s\",\"network_id\":\"local\"", address)));
    EXPECT_STR("version_1", rig_text(r->result, "state").text);
    EXPECT_STR("reported", rig_text(r->result, "checked.grade").text);
    EXPECT_STR(rig_account(r), rig_text(r->result, "account_id").text);
    RIG_REFUSED(r, "recovery_state", "brake_begin",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"what\":\"freeze\"",
                rig_account(r));
    RIG_REFUSED(r, "recovery_state", "recovery_ask",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"address\":\"%s\",\"name\":\"x\"",
                rig_account(r), address);
    RIG_REFUSED(r, "recovery_state", "recovery_gather", "\"account_id\":\"%s\",\"text\":\"x\"",
                rig_account(r));
    RIG_REFUSED(r, "help_bad", "help_open", "\"text\":\"passmesh-help:AAAA\"");
    RIG_REFUSED(r, "help_bad", "help_sign_begin",
                "\"account_id\":\"%s\",\"text\":\"passmesh-help:AAAA\",\"confirmed\":true",
                rig_account(r));
    static const char *const lists[][3] = {
        {"help_bad",       "\"x\"",                                          "1"},
        {"help_bad",       "\"0x71C7656EC7ab88b098defB751B7401B5f6d8976f\"", "1"}, /* its case is wrong */
        {"invalid_params", "\"0x71C7656EC7ab88b098defB751B7401B5f6d8976F\"", "2"},
        {"invalid_params", "\"0x71C7656EC7ab88b098defB751B7401B5f6d8976F\"", "0"},
        {"invalid_params",
         "\"0x71C7656EC7ab88b098defB751B7401B5f6d8976F\","
         "\"0x71C7656EC7ab88b098defB751B7401B5f6d8976F\"",                   "1"},
        {"invalid_params", "",                                               "1"},
        {"setting_state",  "\"0x71C7656EC7ab88b098defB751B7401B5f6d8976F\"", "1"},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        test_note("list %zu", i);
        RIG_REFUSED(r, lists[i][0], "guardians_prepare",
                    "\"account_id\":\"%s\",\"network_id\":\"local\",\"guardians\":[%s],"
                    "\"threshold\":%s,\"days\":2,\"speed\":\"normal\"",
                    rig_account(r), lists[i][1], lists[i][2]);
    }
    RIG_REFUSED(r, "help_bad", "guardian_read", "\"text\":\"0x00\"");
    RIG_REFUSED(
        r, "recovery_state", "recovery_prepare",
        "\"account_id\":\"%s\",\"payer_id\":\"%s\",\"network_id\":\"local\",\"what\":\"begin\","
        "\"speed\":\"normal\"",
        rig_account(r), rig_account(r));
    static const char assertion[] =
        "\"assertion\":{\"credential_id\":\"AA\",\"client_data_json\":\"AA\","
        "\"authenticator_data\":\"AA\",\"signature\":\"AA\"}";
    RIG_REFUSED(r, "recovery_state", "brake_finish",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"what\":\"put_off\",%s",
                rig_account(r), assertion);
    RIG_REFUSED(r, "help_bad", "help_sign_finish",
                "\"account_id\":\"%s\",\"text\":\"passmesh-help:AAAA\",%s", rig_account(r),
                assertion);
    EXPECT(rig_ask(r, "recovery_forget", "\"account_id\":\"%s\"", rig_account(r)));
    TEST_REQUIRE(EXPECT(rig_ask(r, "guardian_text", "\"account_id\":\"%s\"", rig_account(r))));
    char text[512];
    struct span written = SPAN_EMPTY;
    EXPECT_OK(json_find_plain(&written, r->result, "text"));
    int n = snprintf(text, sizeof text, "%.*s", (int)written.n, (const char *)written.p);
    TEST_REQUIRE(EXPECT(n > 0 && (size_t)n < sizeof text));
    TEST_REQUIRE(EXPECT(rig_ask(r, "guardian_read", "\"text\":\"%s\"", text)));
    EXPECT_STR("passkey", rig_text(r->result, "guardian.kind").text);
    EXPECT_STR(rig_account(r), rig_text(r->result, "guardian.account_id").text);
    TEST_REQUIRE(EXPECT(rig_ask(r, "guardian_read", "\"text\":\"%s\"", address)));
    EXPECT_STR("key", rig_text(r->result, "guardian.kind").text);
    rig_done(r);
}

/* The table of chains; and a change that is not kept is neither signed nor carried. */
TEST(the_owners_of_chains_are_read_and_what_is_not_kept_is_refused)
{
    struct rig *r = start();
    TEST_REQUIRE(r);
    world_deploy(&r->w);
    rig_turn(r, 2000);
    TEST_REQUIRE(EXPECT(rig_ask(r, "owner_chains", "\"account_id\":\"%s\"", rig_account(r))));
    EXPECT_STR("local", rig_text(r->result, "chains.0.network_id").text);
    EXPECT_STR("in_step", rig_text(r->result, "chains.0.state").text);
    EXPECT_STR("unread", rig_text(r->result, "chains.1.state").text);
    RIG_REFUSED(
        r, "owners_unread", "change_prepare",
        "\"account_id\":\"%s\",\"payer_id\":\"%s\",\"network_id\":\"local\",\"what\":\"carry\","
        "\"speed\":\"normal\"",
        rig_account(r), rig_account(r));
    TEST_REQUIRE(EXPECT(rig_ask(r, "owner_chains", "\"account_id\":\"%s\",\"network_id\":\"local\"",
                                rig_account(r))));
    EXPECT_STR("reported", rig_text(r->result, "chains.0.checked.grade").text);
    RIG_REFUSED(
        r, "carry_state", "change_prepare",
        "\"account_id\":\"%s\",\"payer_id\":\"%s\",\"network_id\":\"local\",\"what\":\"carry\","
        "\"speed\":\"normal\"",
        rig_account(r), rig_account(r));
    RIG_REFUSED(r, "unknown_account", "owner_chains", "\"account_id\":\"none\"");
    RIG_REFUSED(r, "unknown_change", "change_sign_begin",
                "\"account_id\":\"%s\",\"change_id\":\"0x00\",\"what\":\"change\"", rig_account(r));
    static const char assertion[] =
        "\"assertion\":{\"credential_id\":\"AA\",\"client_data_json\":\"AA\","
        "\"authenticator_data\":\"AA\",\"signature\":\"AA\"}";
    static const char id[] = "0x0101010101010101010101010101010101010101010101010101010101010101";
    RIG_REFUSED(r, "unknown_change", "change_sign_finish",
                "\"account_id\":\"%s\",\"change_id\":\"%s\",\"what\":\"veto\",%s", rig_account(r),
                id, assertion);
    rig_done(r);
}

/* The passkey that made the account signs, and the other one is still to come. */
TEST(what_one_of_two_has_signed_waits_for_the_other)
{
    struct rig *r = start();
    struct json signers = {0};
    struct json allow = {0};
    TEST_REQUIRE(r);
    (void)add(r); /* in the world's hand is the second passkey now */
    world_deploy(&r->w);
    r->w.chain.owners.threshold = 2;
    rig_turn(r, 16000);
    rig_turn(r, 2000);
    struct rig_text id = rig_prepare(r, "5");
    EXPECT_EQ(2, rig_number(r->result, "signers_needed"));
    EXPECT_STR("passkey_then_others", rig_text(r->result, "next.code").text);
    EXPECT(rig_at(&signers, r->result, "signers"));
    EXPECT_EQ(0, json_count(signers));
    TEST_REQUIRE(EXPECT(rig_approve(r, id.text)));
    EXPECT_STR("prepared", rig_text(r->result, "state").text);
    EXPECT(rig_at(&signers, r->result, "signers") && rig_at(&allow, r->result, "request.allow"));
    EXPECT_EQ(1, json_count(signers));
    EXPECT_EQ(1, json_count(allow)); /* who has signed is not asked again */
    RIG_REFUSED(r, "help_bad", "partial_gather",
                "\"operation_id\":\"%s\",\"revision\":2,\"text\":\"passmesh-help:AAAA\"", id.text);
    TEST_REQUIRE(
        EXPECT(rig_ask(r, "partial_text", "\"operation_id\":\"%s\",\"revision\":2", id.text)));
    EXPECT_EQ(3, rig_number(r->result, "operation.revision"));
    EXPECT_EQ(0, rig_number(r->result, "operation.signed_elsewhere"));
    rig_done(r);
}

/* The whole way is wallet/partial_test.c and tests/system/partial. */
TEST(texts_that_are_no_operations_are_refused)
{
    static const char assertion[] =
        "\"assertion\":{\"credential_id\":\"AA\",\"client_data_json\":\"AA\","
        "\"authenticator_data\":\"AA\",\"signature\":\"AA\"}";
    static const char text[] = "\"text\":\"passmesh-sign:AAAA\"";
    struct rig *r = start();
    TEST_REQUIRE(r);
    RIG_REFUSED(r, "partial_bad", "partial_open", "%s", text);
    RIG_REFUSED(r, "partial_bad", "partial_sign_begin",
                "\"account_id\":\"%s\",%s,\"confirmed\":true", rig_account(r), text);
    RIG_REFUSED(r, "partial_bad", "partial_sign_finish",
                "\"account_id\":\"%s\",%s,\"confirmed\":true,%s", rig_account(r), text, assertion);
    RIG_REFUSED(r, "unknown_operation", "partial_text", "\"operation_id\":\"none\",\"revision\":1");
    rig_done(r);
}

/* What is missing or cannot be is said; the whole way is wallet/cosigner_ask_test.c and tests/system/cosigner. */
TEST(a_cosigner_is_begun_with_all_that_it_needs)
{
    static const char assertion[] =
        "\"assertion\":{\"credential_id\":\"AA\",\"client_data_json\":\"AA\","
        "\"authenticator_data\":\"AA\",\"signature\":\"AA\"}";
    static const char server[] = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";
    struct rig *r = start();
    TEST_REQUIRE(r);
    const char *account = rig_account(r);
    RIG_REFUSED(r, "invalid_params", "cosigner_begin", "\"account_id\":\"%s\",\"what\":\"make\"",
                account);
    RIG_REFUSED(r, "invalid_params", "cosigner_begin", "\"account_id\":\"%s\",\"what\":\"sign\"",
                account);
    RIG_REFUSED(r, "cosigner_state", "cosigner_begin", "\"account_id\":\"%s\",\"what\":\"release\"",
                account);
    RIG_REFUSED(r, "cosigner_state", "cosigner_begin",
                "\"account_id\":\"%s\",\"what\":\"leave\",\"network_ids\":[\"local\"]", account);
    RIG_REFUSED(r, "cosigner_limits", "cosigner_begin",
                "\"account_id\":\"%s\",\"what\":\"make\",\"server\":\"%s\",\"network_ids\":["
                "\"local\"],\"limits\":[{\"amount\":\"1\",\"to\":"
                "\"0x71C7656EC7ab88b098defB751B7401B5f6d8976f\"}]", /* its case is wrong */
                account, server);
    RIG_REFUSED(r, "unknown_network", "cosigner_begin",
                "\"account_id\":\"%s\",\"what\":\"make\",\"server\":\"%s\",\"network_ids\":["
                "\"nowhere\"],\"limits\":[{\"amount\":\"1\"}]",
                account, server);
    RIG_REFUSED(r, "recovery_unread", "cosigner_begin",
                "\"account_id\":\"%s\",\"what\":\"make\",\"server\":\"%s\",\"network_ids\":["
                "\"local\"],\"limits\":[{\"amount\":\"1\"}]",
                account, server);
    RIG_REFUSED(r, "cosigner_state", "cosigner_finish", "\"account_id\":\"%s\",%s", account,
                assertion);
    rig_done(r);
}

TEST_MAIN
