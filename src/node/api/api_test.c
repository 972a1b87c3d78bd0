/* The local API over a real wallet: every method and topic answers as api/ says. */
#include "codec/base64.h"
#include "node/api/api_rig_test.h"
#include "tee/hardware.h"

#include <stdio.h>
#include <string.h>

static const char receiver[] = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
static const char token[] = "0x1111111111111111111111111111111111111111";
static const char wei[] = "1000000000000000000";
static const char key[] = "kkkkkkkkkkkkkkkkkkkkkk";

/* One at a time: a test's rig is too large for the stack. */
static struct rig rig;

static struct rig *start(bool with_account)
{
    struct rig *r = &rig;
    if (!rig_init(r)) {
        return NULL;
    }
    if (with_account) {
        (void)rig_create(r, "Main");
    }
    return r;
}

static bool has_word(struct json v, const char *path, const char *word)
{
    struct json list;
    struct json one;
    if (!rig_at(&list, v, path)) {
        return false;
    }
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &one)) {
        if (json_string_equal(one, span_str(word))) {
            return true;
        }
    }
    return false;
}

/* ---- reading ---- */

TEST(a_new_wallet_can_be_asked_everything)
{
    struct rig *r = start(false);
    TEST_REQUIRE(r);
    api_log(r->api, 1764100000000, LOG_WARN, "test", "a line");
    EXPECT(rig_ask(r, "status", " "));
    EXPECT(rig_ask(r, "version", " "));
    EXPECT(rig_ask(r, "accounts_list", " "));
    EXPECT(rig_ask(r, "contacts_list", " "));
    EXPECT(rig_ask(r, "networks_list", " "));
    EXPECT(rig_ask(r, "settings_get", " "));
    EXPECT(rig_ask(r, "peers_list", " "));
    EXPECT(rig_ask(r, "servers_list", "\"network_id\":\"local\""));
    EXPECT(rig_ask(r, "evidence_list", "\"limit\":64"));
    EXPECT(rig_ask(r, "network_status", " "));
    EXPECT(rig_ask(r, "hardware", " "));
    EXPECT_STR("relay", rig_text(r->result, "services.0.name").text);
    EXPECT_STR("memory_too_small", rig_text(r->result, "services.0.reason").text);
    EXPECT(rig_ask(r, "tokens_list", "\"network_id\":\"local\""));
    EXPECT(rig_ask(r, "log_tail", "\"limit\":10"));
    EXPECT_STR("a line", rig_text(r->result, "lines.0.text").text);
    RIG_REFUSED(r, "no_account", "unlock_begin", " ");
    RIG_REFUSED(r, "unknown_account", "balances_get",
                "\"account_id\":\"x\",\"network_id\":\"local\"");
    RIG_REFUSED(r, "unknown_network", "tokens_list", "\"network_id\":\"x\"");
    RIG_REFUSED(r, "unknown_operation", "operation_get", "\"operation_id\":\"x\"");
    rig_done(r);
}

/* What hardware.h says in codes is what api/ names, no more and no less. */
TEST(each_code_of_the_hardware_has_words)
{
    size_t count = 0;
    for (size_t i = 0; i < API_CODES_COUNT; i++) {
        if (strcmp(api_codes[i].kind, "hardware") == 0) {
            EXPECT(hardware_sentence(api_codes[i].name)[0]);
            count++;
        }
    }
    EXPECT_EQ(hardware_sentence_count(), count);
}

TEST(an_account_can_be_asked_everything)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    const char *a = rig_account(r);
    EXPECT(rig_ask(r, "status", " "));
    EXPECT_STR(a, rig_text(r->result, "account_id").text);
    EXPECT(rig_ask(r, "accounts_list", " "));
    EXPECT_STR("Laptop", rig_text(r->result, "accounts.0.owners.0.name").text);
    EXPECT(rig_ask(r, "balances_get", "\"account_id\":\"%s\",\"network_id\":\"local\"", a));
    EXPECT_STR("10000000000000000000", rig_text(r->result, "items.0.amount.value").text);
    EXPECT(rig_ask(r, "receive_info", "\"account_id\":\"%s\",\"network_id\":\"local\"", a));
    EXPECT(rig_ask(r, "receive_info",
                   "\"account_id\":\"%s\",\"network_id\":\"local\",\"asset\":\"native\","
                   "\"amount\":\"12\"",
                   a));
    EXPECT(rig_ask(r, "receive_info",
                   "\"account_id\":\"%s\",\"network_id\":\"local\",\"asset\":\"%s\","
                   "\"amount\":\"115792089237316195423570985008687907853269984665640564039457584007"
                   "913129639935\"",
                   a, token));
    RIG_REFUSED(r, "unknown_asset", "receive_info",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"asset\":\"%s\"", a, receiver);
    EXPECT(rig_ask(r, "history_list", "\"account_id\":\"%s\",\"network_id\":\"local\",\"limit\":50",
                   a));
    EXPECT(rig_ask(r, "fee_quote",
                   "\"account_id\":\"%s\",\"network_id\":\"local\",\"asset\":\"native\"", a));
    EXPECT(rig_ask(r, "fee_quote",
                   "\"account_id\":\"%s\",\"network_id\":\"local\",\"asset\":\"%s\",\"to\":\"%s\","
                   "\"amount\":\"1\"",
                   a, token, receiver));
    EXPECT(rig_ask(r, "networks_list", " "));
    rig_done(r);
}

TEST(addresses_are_checked)
{
    static const struct {
        const char *text;
        const char *error; /* "": it is one */
    } table[] = {
        {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",   ""                },
        {"  0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", ""                },
        {"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",   ""                },
        {"0x1111111111111111111111111111111111111111",   ""                },
        {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",   "address_checksum"},
        {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",    "address_length"  },
        {"0x0000000000000000000000000000000000000000",   "address_zero"    },
        {"vitalik.eth",                                  "address_name"    },
        {"",                                             "address_not"     },
        {"0xzz",                                         "address_not"     },
    };
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct json error;
        EXPECT(rig_ask(r, "address_check",
                       "\"text\":\"%s\",\"account_id\":\"%s\",\"network_id\":\"local\"",
                       table[i].text, rig_account(r)));
        bool is_bad = rig_at(&error, r->result, "error.code");
        EXPECT_STR(table[i].error, is_bad ? rig_text(r->result, "error.code").text : "");
    }
    rig_done(r);
}

/* ---- accounts, contacts, settings ---- */

TEST(accounts_are_made_named_and_chosen)
{
    struct rig *r = start(false);
    TEST_REQUIRE(r);
    static const char *const places[] = {"this_device", "phone", "security_key", "any"};
    for (size_t i = 0; i < 4; i++) {
        EXPECT(rig_ask(r, "account_create_begin", "\"name\":\"A\",\"where\":\"%s\"", places[i]));
        struct rig_text id = rig_text(r->result, "ceremony.id");
        EXPECT(rig_ask(r, "status", " "));
        EXPECT_STR(id.text, rig_text(r->result, "ceremonies.0.id").text);
        EXPECT(rig_ask(r, "account_create_begin",
                       "\"name\":\"A\",\"where\":\"any\",\"resume\":\"%s\"", id.text));
        EXPECT(rig_ask(r, "account_create_cancel", "\"ceremony_id\":\"%s\"", id.text));
        RIG_REFUSED(r, "unknown_ceremony", "account_create_cancel", "\"ceremony_id\":\"%s\"",
                    id.text);
    }
    RIG_REFUSED(r, "unknown_ceremony", "account_create_begin",
                "\"name\":\"A\",\"where\":\"any\",\"resume\":\"x\"");
    RIG_REFUSED(
        r, "unknown_ceremony", "account_create_finish",
        "\"ceremony_id\":\"x\",\"passkey_name\":\"L\",\"response\":{\"credential_id\":\"AA\","
        "\"client_data_json\":\"AA\",\"attestation_object\":\"AA\",\"transports\":[]}");
    struct rig_text first = rig_create(r, "Main");
    RIG_REFUSED(r, "name_taken", "account_create_begin", "\"name\":\"Main\",\"where\":\"any\"");
    r->w.credential[0] ^= 1;
    struct rig_text second = rig_create(r, "Savings");
    EXPECT(rig_ask(r, "account_select", "\"account_id\":\"%s\"", second.text));
    EXPECT(rig_ask(r, "account_select", "\"account_id\":\"%s\"", first.text));
    RIG_REFUSED(r, "unknown_account", "account_select", "\"account_id\":\"x\"");
    EXPECT(rig_ask(r, "account_rename", "\"account_id\":\"%s\",\"name\":\"Everyday\"", first.text));
    RIG_REFUSED(r, "name_taken", "account_rename", "\"account_id\":\"%s\",\"name\":\"Savings\"",
                first.text);
    RIG_REFUSED(r, "unknown_account", "account_rename", "\"account_id\":\"x\",\"name\":\"y\"");
    EXPECT(rig_ask(r, "accounts_list", " "));
    rig_done(r);
}

TEST(a_broken_ceremony_says_which_rule)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    EXPECT(rig_ask(r, "account_create_begin", "\"name\":\"B\",\"where\":\"any\""));
    struct rig_text id = rig_text(r->result, "ceremony.id");
    RIG_REFUSED(
        r, "ceremony_refused", "account_create_finish",
        "\"ceremony_id\":\"%s\",\"passkey_name\":\"L\",\"response\":{\"credential_id\":\"AA\","
        "\"client_data_json\":\"AA\",\"attestation_object\":\"AA\",\"transports\":[]}",
        id.text);
    RIG_REFUSED(
        r, "ceremony_refused", "account_create_finish",
        "\"ceremony_id\":\"%s\",\"passkey_name\":\"L\",\"response\":{\"credential_id\":\"A\","
        "\"client_data_json\":\"AA\",\"attestation_object\":\"AA\",\"transports\":[]}",
        id.text);
    rig_done(r);
}

TEST(contacts_and_settings)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    EXPECT(rig_ask(r, "contacts_add", "\"name\":\"Al\\u0069ce \\ud83d\\ude00\",\"address\":\"%s\"",
                   receiver));
    struct rig_text id = rig_text(r->result, "id");
    EXPECT_STR("Alice \xf0\x9f\x98\x80", rig_text(r->result, "name").text);
    RIG_REFUSED(r, "name_taken", "contacts_add",
                "\"name\":\"Alice \xf0\x9f\x98\x80\",\"address\":\"%s\"", token);
    RIG_REFUSED(r, "address_checksum", "contacts_add",
                "\"name\":\"Bob\",\"address\":\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD\"");
    EXPECT(rig_ask(r, "contacts_list", " "));
    EXPECT(rig_ask(r, "contacts_remove", "\"contact_id\":\"%s\"", id.text));
    RIG_REFUSED(r, "unknown_contact", "contacts_remove", "\"contact_id\":\"%s\"", id.text);
    static const char *const changes[] = {
        "",
        "\"language\":\"zh-Hans\",\"theme\":\"dark\",\"density\":\"compact\",\"history\":\"pages\"",
        "\"language\":\"auto\",\"theme\":\"light\",\"density\":\"comfortable\",\"history\":"
        "\"scroll\"",
        "\"shortcuts\":false,\"lock_after_min\":0,\"hide_unknown_tokens\":false",
        "\"shortcuts\":true,\"lock_after_min\":1440,\"hide_unknown_tokens\":true"};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        EXPECT(rig_ask(r, "settings_set", "\"changes\":{%s}", changes[i]));
        EXPECT(rig_ask(r, "settings_get", " "));
    }
    EXPECT_EQ(1440, rig_number(r->result, "lock_after_min"));
    RIG_REFUSED(r, "invalid_params", "settings_set", "\"changes\":{\"lock_after_min\":1441}");
    EXPECT(rig_ask(r, "network_select", "\"network_id\":\"local\""));
    RIG_REFUSED(r, "unknown_network", "network_select", "\"network_id\":\"x\"");
    rig_done(r);
}

TEST(a_store_that_fails_is_told)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    r->w.store.fails_from = r->w.store.writes + 1;
    RIG_REFUSED(r, "storage_failed", "account_create_begin", "\"name\":\"B\",\"where\":\"any\"");
    RIG_REFUSED(r, "storage_failed", "settings_set", "\"changes\":{\"theme\":\"dark\"}");
    RIG_REFUSED(r, "storage_failed", "contacts_add", "\"name\":\"Bob\",\"address\":\"%s\"",
                receiver);
    RIG_REFUSED(r, "storage_failed", "account_rename", "\"account_id\":\"%s\",\"name\":\"B\"",
                rig_account(r));
    r->w.store.fails_from = 0;
    rig_done(r);
}

/* ---- what the node is asked ---- */

TEST(the_faucet_answers_later)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    struct api_faucet_result done = {.err = OK, .amount = u256_from_u64(1)};
    struct api_faucet_result wait = {.err = ERR_LIMIT, .wait_s = 30};
    struct api_faucet_result failed = {.err = ERR_IO, .reason = "no money"};
    const struct {
        const struct api_faucet_result *result;
        const char *error;
    } table[] = {
        {&done,   ""             },
        {&wait,   "faucet_wait"  },
        {&failed, "faucet_failed"}
    };
    for (size_t i = 0; i < 3; i++) {
        r->waits = true;
        EXPECT(!rig_ask(r, "faucet_request", "\"account_id\":\"%s\",\"network_id\":\"local\"",
                        rig_account(r)));
        api_faucet_done(r->api, r->w.t, r->node.faucet, table[i].result);
        rig_turn(r, 1);
        EXPECT(r->has_reply);
        EXPECT_STR(table[i].error, r->error);
    }
    r->waits = false;
    RIG_REFUSED(r, "unknown_account", "faucet_request",
                "\"account_id\":\"x\",\"network_id\":\"local\"");
    rig_done(r);
}

TEST(an_own_node_is_named)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    struct api_node_result done = {.err = OK, .chain_id = 31337, .block = 5, .block_s = 1};
    struct api_node_result wrong = {.err = ERR_AUTH, .chain_id = 1};
    struct api_node_result late = {.err = ERR_TIMEOUT};
    struct api_node_result refused = {.err = ERR_IO, .words = "connection refused"};
    const struct {
        const struct api_node_result *result;
        const char *error;
    } table[] = {
        {&done,    ""              },
        {&wrong,   "wrong_chain"   },
        {&late,    "server_timeout"},
        {&refused, "server_refused"}
    };
    for (size_t i = 0; i < 4; i++) {
        r->waits = true;
        EXPECT(!rig_ask(r, "network_node_set",
                        "\"network_id\":\"local\",\"url\":\"http://127.0.0.1:8545\""));
        api_node_set_done(r->api, r->w.t, r->node.node, table[i].result);
        rig_turn(r, 1);
        EXPECT(r->has_reply);
        EXPECT_STR(table[i].error, r->error);
    }
    rig_done(r);
}

TEST(a_probe_is_answered_when_it_is_over)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    static const char result[] =
        "{\"peer\":\"12D3KooWTest\",\"outcome\":\"found\",\"took_ms\":1,\"was_connected\":false,"
        "\"in_table\":false,\"addresses\":[],\"dial\":[],\"pings\":[]}";
    EXPECT(rig_ask(r, "net_status", " "));
    EXPECT_STR("off", rig_text(r->result, "dht.mode").text);
    r->waits = true;
    EXPECT(!rig_ask(r, "net_probe", "\"peer\":\"12D3KooWTest\",\"goal\":\"ping\",\"pings\":3"));
    EXPECT(!r->has_reply);
    EXPECT_EQ(3, r->node.probe_pings);
    api_net_done(r->api, r->node.probe, span_str(result));
    rig_turn(r, 1);
    EXPECT(r->has_reply);
    EXPECT_STR("found", rig_text(r->result, "outcome").text);
    EXPECT(!rig_ask(r, "net_probe", "\"peer\":\"12D3KooWTest\",\"goal\":\"find\""));
    EXPECT_EQ(1, r->node.probe_pings);
    api_net_done(r->api, r->node.probe, SPAN_EMPTY);
    rig_turn(r, 1);
    EXPECT_STR("internal", r->error);
    r->waits = false;
    static const struct {
        enum err err;
        const char *code;
    } table[] = {
        {ERR_STATE,       "rate_limited"  },
        {ERR_UNSUPPORTED, "invalid_params"},
        {ERR_MALFORMED,   "invalid_params"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        r->node.probe_err = table[i].err;
        RIG_REFUSED(r, table[i].code, "net_probe", "\"peer\":\"x\",\"goal\":\"find\"");
    }
    RIG_REFUSED(r, "invalid_params", "net_probe", "\"peer\":\"x\",\"goal\":\"other\"");
    RIG_REFUSED(r, "invalid_params", "net_probe", "\"peer\":\"x\",\"goal\":\"ping\",\"pings\":11");
    r->caller.way = API_WAY_HTTP;
    RIG_REFUSED(r, "method_not_found", "net_probe", "\"peer\":\"x\",\"goal\":\"find\"");
    rig_done(r);
}

/* ---- the life of an operation ---- */

static void expect_state(struct rig *r, const char *operation, const char *state)
{
    if (EXPECT(rig_ask(r, "operation_get", "\"operation_id\":\"%s\"", operation))) {
        test_note("state");
        EXPECT_STR(state, rig_text(r->result, "state").text);
    }
    EXPECT(rig_ask(r, "history_list",
                   "\"account_id\":\"%s\",\"network_id\":\"local\",\"limit\":200", rig_account(r)));
    rig_ask(r, "operation_get", "\"operation_id\":\"%s\"", operation);
}

TEST(an_operation_is_told_in_each_state)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    struct rig_text id = rig_prepare(r, wei);
    expect_state(r, id.text, "prepared");
    EXPECT(has_word(r->result, "can", "approve"));
    EXPECT(rig_text(r->result, "check_code").text[4] == '-');
    TEST_REQUIRE(EXPECT(rig_approve(r, id.text)));
    expect_state(r, id.text, "signed");
    EXPECT_STR("Laptop", rig_text(r->result, "steps.1.by").text);
    rig_submitted(r, id.text);
    expect_state(r, id.text, "submitted");
    struct json by;
    EXPECT(!rig_at(&by, r->result, "steps.2.by")); /* a server is no owner */
    EXPECT_EQ(1, rig_number(r->result, "steps.2.servers"));
    EXPECT_STR("12D3KooWTest", rig_text(r->result, "server").text);
    rig_turn(r, 2000);
    r->w.chain.block = 101;
    r->w.chain.nonce = 1;
    r->w.chain.is_deployed = true;
    rig_tracked(r, id.text, true);
    expect_state(r, id.text, "included");
    EXPECT_STR("7", rig_text(r->result, "fee.paid.value").text);
    r->w.chain.block = 103;
    wallet_new_head(r->w.wallet, r->w.t, &r->w.networks[0], 103);
    rig_turn(r, 10000);
    rig_tracked(r, id.text, true);
    expect_state(r, id.text, "final");
    RIG_REFUSED(r, "operation_state", "send_cancel", "\"operation_id\":\"%s\"", id.text);
    RIG_REFUSED(r, "not_replaceable", "speed_up_prepare", "\"operation_id\":\"%s\"", id.text);
    EXPECT(rig_ask(r, "address_check",
                   "\"text\":\"%s\",\"account_id\":\"%s\",\"network_id\":\"local\"", receiver,
                   rig_account(r)));
    EXPECT_STR("sent_to", rig_text(r->result, "party.known").text);
    rig_done(r);
}

TEST(an_operation_that_fails_expires_or_is_rejected)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    struct rig_text id = rig_prepare(r, wei);
    EXPECT(rig_ask(r, "send_cancel", "\"operation_id\":\"%s\"", id.text));
    expect_state(r, id.text, "cancelled");
    id = rig_prepare(r, wei);
    rig_turn(r, WALLET_APPROVE_MS + 1000);
    expect_state(r, id.text, "expired");
    RIG_REFUSED(r, "operation_state", "send_cancel", "\"operation_id\":\"%s\"", id.text);
    id = rig_prepare(r, wei);
    EXPECT(rig_approve(r, id.text));
    rig_submitted(r, id.text);
    rig_turn(r, 2000);
    rig_tracked(r, id.text, false);
    expect_state(r, id.text, "failed");
    EXPECT_STR("reverted", rig_text(r->result, "reason.code").text);
    EXPECT(has_word(r->result, "can", "send_again"));
    rig_done(r);
}

TEST(an_operation_is_replaced)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    struct rig_text first = rig_prepare(r, wei);
    EXPECT(rig_approve(r, first.text));
    rig_submitted(r, first.text);
    EXPECT(rig_ask(r, "speed_up_prepare", "\"operation_id\":\"%s\"", first.text));
    struct rig_text second = rig_text(r->result, "id");
    EXPECT_STR("speed_up", rig_text(r->result, "kind").text);
    EXPECT_STR(first.text, rig_text(r->result, "replaces").text);
    EXPECT(rig_ask(r, "send_cancel", "\"operation_id\":\"%s\"", second.text));
    EXPECT(rig_ask(r, "cancel_prepare", "\"operation_id\":\"%s\"", first.text));
    struct rig_text third = rig_text(r->result, "id");
    EXPECT(rig_approve(r, third.text));
    rig_submitted(r, third.text);
    rig_turn(r, 2000);
    r->w.chain.is_deployed = true;
    r->w.chain.nonce = 1;
    rig_tracked(r, third.text, true);
    expect_state(r, third.text, "included");
    expect_state(r, first.text, "replaced");
    EXPECT_STR(third.text, rig_text(r->result, "replaced_by").text);
    rig_done(r);
}

TEST(a_payment_comes_in)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    rig_turn(r, 10000);
    EXPECT(
        rig_ask(r, "history_list",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"limit\":1,\"direction\":\"in\"",
                rig_account(r)));
    uint64_t before = rig_number(r->result, "total");
    r->w.chain.balance = u256_add_sat(r->w.chain.balance, u256_from_u64(5));
    r->w.chain.token = u256_from_u64(9);
    r->w.chain.block = 105;
    wallet_new_head(r->w.wallet, r->w.t, &r->w.networks[0], 105);
    rig_turn(r, 10000);
    EXPECT(
        rig_ask(r, "history_list",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"limit\":1,\"direction\":\"in\"",
                rig_account(r)));
    EXPECT_EQ(before + 2, rig_number(r->result, "total"));
    EXPECT_STR("receive", rig_text(r->result, "rows.0.kind").text);
    struct rig_text id = rig_text(r->result, "rows.0.id");
    expect_state(r, id.text, "included");
    rig_done(r);
}

TEST(what_cannot_be_sent_is_refused_with_its_values)
{
    static const struct {
        const char *asset;
        const char *to;
        const char *amount;
        const char *error;
    } table[] = {
        {"native",                                     "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0",                    "amount_zero"     },
        {"native",                                     "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", "1",                    "address_checksum"},
        {"native",                                     "0x0000000000000000000000000000000000000000", "1",                    "address_zero"    },
        {"native",                                     "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "90000000000000000000",
         "amount_exceeds"                                                                                                                      },
        {"0x1111111111111111111111111111111111111111", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
         "1",                                                                                                                "amount_exceeds"  },
        {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
         "1",                                                                                                                "unknown_asset"   },
    };
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        RIG_REFUSED(r, table[i].error, "send_prepare",
                    "\"account_id\":\"%s\",\"network_id\":\"local\",\"asset\":\"%s\",\"to\":\"%s\","
                    "\"amount\":\"%s\",\"speed\":\"fast\"",
                    rig_account(r), table[i].asset, table[i].to, table[i].amount);
    }
    r->w.chain.trial_fails = true;
    rig_ask(r, "send_prepare",
            "\"account_id\":\"%s\",\"network_id\":\"local\",\"asset\":\"native\",\"to\":\"%s\","
            "\"amount\":\"1\",\"speed\":\"normal\"",
            rig_account(r), receiver);
    r->w.chain.trial_fails = false;
    wallet_set_reach(r->w.wallet, r->w.t, &r->w.networks[0], 0, true);
    RIG_REFUSED(r, "no_server", "send_prepare",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"asset\":\"native\",\"to\":\"%s\","
                "\"amount\":\"1\",\"speed\":\"normal\"",
                rig_account(r), receiver);
    wallet_set_reach(r->w.wallet, r->w.t, &r->w.networks[0], 0, false);
    RIG_REFUSED(r, "no_network", "fee_quote",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"asset\":\"native\"",
                rig_account(r));
    rig_done(r);
}

TEST(an_approval_that_is_not_right_is_refused)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    char assertion[1500];
    char other[44];
    struct rig_text id = rig_prepare(r, wei);
    EXPECT(rig_ask(r, "operation_get", "\"operation_id\":\"%s\"", id.text));
    struct rig_text challenge = rig_text(r->result, "request.challenge");
    unsigned long long revision = rig_number(r->result, "revision");
    rig_assertion(r, assertion, sizeof assertion, challenge.text);
    RIG_REFUSED(r, "operation_changed", "send_approve",
                "\"operation_id\":\"%s\",\"revision\":%llu,\"ticks\":[],%s", id.text, revision + 1,
                assertion);
    RIG_REFUSED(r, "unknown_operation", "send_approve",
                "\"operation_id\":\"x\",\"revision\":1,\"ticks\":[],%s", assertion);
    memset(other, 'A', 43);
    other[43] = '\0';
    rig_assertion(r, assertion, sizeof assertion, other);
    RIG_REFUSED(r, "ceremony_refused", "send_approve",
                "\"operation_id\":\"%s\",\"revision\":%llu,\"ticks\":[\"first_time\","
                "\"figures_reported\",\"fee_reported\",\"account_created\",\"one_way_in\"],%s",
                id.text, revision, assertion);
    expect_state(r, id.text, "prepared");
    rig_done(r);
}

TEST(the_fee_is_as_old_as_its_reading)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    struct rig_text id = rig_prepare(r, wei);
    rig_turn(r, 60000);
    expect_state(r, id.text, "prepared");
    EXPECT_EQ(rig_number(r->result, "created_ms"), rig_number(r->result, "fee.max.as_of_ms"));
    /* It lives no longer than the page takes its fee for fresh. */
    EXPECT(rig_number(r->result, "expires_ms") <=
           rig_number(r->result, "fee.max.as_of_ms") + WALLET_APPROVE_MS);
    rig_done(r);
}

/* ---- idempotency ---- */

TEST(the_same_key_does_nothing_twice)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    memcpy(r->key, key, sizeof key);
    struct rig_text first = rig_prepare(r, wei);
    struct rig_text again = rig_prepare(r, wei);
    EXPECT_STR(first.text, again.text);
    EXPECT_EQ(1, wallet_request_count(r->w.wallet));
    RIG_REFUSED(r, "key_reused", "send_cancel", "\"operation_id\":\"%s\"", first.text);
    RIG_REFUSED(r, "key_reused", "send_prepare",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"asset\":\"native\",\"to\":\"%s\","
                "\"amount\":\"2\",\"speed\":\"normal\"",
                rig_account(r), receiver);
    rig_done(r);
}

TEST(the_same_key_while_the_first_is_under_way)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    memcpy(r->key, key, sizeof key);
    r->waits = true;
    EXPECT(!rig_ask(r, "faucet_request", "\"account_id\":\"%s\",\"network_id\":\"local\"",
                    rig_account(r)));
    uint64_t asked = r->node.faucet;
    uint64_t first = r->last_id;
    EXPECT(!rig_ask(r, "faucet_request", "\"account_id\":\"%s\",\"network_id\":\"local\"",
                    rig_account(r)));
    EXPECT(!r->has_reply);
    RIG_REFUSED(r, "key_reused", "lock", " ");
    EXPECT_EQ(asked, r->node.faucet);
    EXPECT(!wallet_is_locked(r->w.wallet));
    struct api_faucet_result done = {.err = OK, .amount = u256_from_u64(1)};
    size_t before = r->replies;
    api_faucet_done(r->api, r->w.t, asked, &done);
    rig_turn(r, 1);
    EXPECT_EQ(before + 2, r->replies); /* the first and the second, each under its own id */
    EXPECT_EQ(first + 1, r->reply_id);
    EXPECT_STR("1", rig_text(r->result, "amount.value").text);
    EXPECT(rig_ask(r, "faucet_request", "\"account_id\":\"%s\",\"network_id\":\"local\"",
                   rig_account(r)));
    EXPECT_EQ(asked, r->node.faucet);
    rig_done(r);
}

TEST(who_waits_with_the_first_gets_its_refusal)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    memcpy(r->key, key, sizeof key);
    r->waits = true;
    for (int i = 0; i < 3; i++) {
        EXPECT(!rig_ask(r, "faucet_request", "\"account_id\":\"%s\",\"network_id\":\"local\"",
                        rig_account(r)));
    }
    uint64_t asked = r->node.faucet;
    struct api_faucet_result wait = {.err = ERR_LIMIT, .wait_s = 30};
    size_t before = r->replies;
    api_faucet_done(r->api, r->w.t, asked, &wait);
    rig_turn(r, 1);
    EXPECT_EQ(before + 3, r->replies);
    EXPECT_STR("faucet_wait", r->error);
    EXPECT(!rig_ask(r, "faucet_request", "\"account_id\":\"%s\",\"network_id\":\"local\"",
                    rig_account(r)));
    EXPECT_EQ(asked + 1, r->node.faucet); /* a refusal is not remembered: this one asks anew */
    rig_done(r);
}

/* A task of the wallet, too: the transfer is prepared once, and both are told of it. */
TEST(a_transfer_asked_for_twice_is_prepared_once)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    memcpy(r->key, key, sizeof key);
    r->waits = true;
    static const char params[] =
        "\"account_id\":\"%s\",\"network_id\":\"local\",\"asset\":\"native\",\"to\":\"%s\","
        "\"amount\":\"1\",\"speed\":\"normal\"";
    EXPECT(!rig_ask(r, "send_prepare", params, rig_account(r), receiver));
    EXPECT(!rig_ask(r, "send_prepare", params, rig_account(r), receiver));
    size_t before = r->replies;
    for (int i = 0; i < 50; i++) {
        rig_turn(r, 10);
    }
    EXPECT_EQ(before + 2, r->replies);
    EXPECT_EQ(r->last_id, r->reply_id);
    EXPECT_EQ(1, wallet_request_count(r->w.wallet));
    EXPECT_STR(wallet_request_at(r->w.wallet, 0)->id.text, rig_text(r->result, "id").text);
    rig_done(r);
}

TEST(more_that_wait_than_there_is_room_for_are_told_to_wait)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    memcpy(r->key, key, sizeof key);
    r->waits = true;
    for (int i = 0; i < 16; i++) { /* API_PENDING_COUNT_MAX */
        EXPECT(!rig_ask(r, "faucet_request", "\"account_id\":\"%s\",\"network_id\":\"local\"",
                        rig_account(r)));
        EXPECT(!r->has_reply);
    }
    RIG_REFUSED(r, "rate_limited", "faucet_request",
                "\"account_id\":\"%s\",\"network_id\":\"local\"", rig_account(r));
    struct api_faucet_result done = {.err = OK, .amount = u256_from_u64(1)};
    size_t before = r->replies;
    api_faucet_done(r->api, r->w.t, r->node.faucet, &done);
    rig_turn(r, 1);
    EXPECT_EQ(before + 16, r->replies);
    rig_done(r);
}

TEST(a_refusal_is_not_remembered)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    memcpy(r->key, key, sizeof key);
    r->w.store.fails_from = r->w.store.writes + 1;
    RIG_REFUSED(r, "storage_failed", "contacts_add", "\"name\":\"Bob\",\"address\":\"%s\"",
                receiver);
    r->w.store.fails_from = 0;
    EXPECT(rig_ask(r, "contacts_add", "\"name\":\"Bob\",\"address\":\"%s\"", receiver));
    rig_done(r);
}

/* Copies of the sealed vault. */
static uint64_t finding;

static enum err
ask_no_vault(struct api_node_port *self, struct span *ret_body, enum keyd_op op, struct span body)
{
    static const uint8_t none[15];
    (void)self;
    EXPECT(op == KEYD_VAULT_STATUS || span_equal(body, SPAN_LIT("a capsule")));
    *ret_body = op == KEYD_VAULT_STATUS ? SPAN_OF(none) : SPAN_EMPTY;
    return OK;
}

static enum err find(struct api_node_port *self, uint64_t id)
{
    (void)self;
    finding = id;
    return OK;
}

static enum err fetch(struct api_node_port *self, uint64_t id, const struct api_vault_fetch *f)
{
    EXPECT_SPAN(SPAN_LIT("\x04"), f->user_handle);
    return find(self, id);
}

TEST(a_vault_is_looked_for_with_a_passkey_alone)
{
    static const char assertion[] =
        "\"assertion\":{\"credential_id\":\"AQ\",\"client_data_json\":\"Ag\","
        "\"authenticator_data\":\"Aw\",\"signature\":\"CA\"%s}";
    uint8_t challenge[32] = {1};
    struct api_vault_search s = {.err = ERR_CLOSED, .asked = 3, .challenge = SPAN_OF(challenge)};
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    r->node.port.keys = ask_no_vault;
    r->node.port.vault_find = find;
    r->node.port.vault_fetch = fetch;
    RIG_REFUSED(r, "ceremony_refused", "vault_find_finish", assertion, ""); /* it says not whose */
    r->waits = true;
    EXPECT(!rig_ask(r, "vault_find_begin", " "));
    api_vault_find_begun(r->api, finding, &s);
    rig_turn(r, 1);
    EXPECT_STR("copies_none", r->error);
    s.err = OK;
    EXPECT(!rig_ask(r, "vault_find_begin", " "));
    api_vault_find_begun(r->api, finding, &s);
    rig_turn(r, 1);
    EXPECT_STR("passmesh.localhost", rig_text(r->result, "options.rp_id").text);
    s.err = ERR_NOT_FOUND;
    EXPECT(!rig_ask(r, "vault_find_finish", assertion, ",\"user_handle\":\"BA\""));
    api_vault_find_done(r->api, finding, &s);
    rig_turn(r, 1);
    EXPECT_STR("copies_not_found", r->error);
    s = (struct api_vault_search){.asked = 3, .capsule = SPAN_LIT("a capsule")};
    EXPECT(!rig_ask(r, "vault_find_finish", assertion, ",\"user_handle\":\"BA\""));
    api_vault_find_done(r->api, finding, &s);
    rig_turn(r, 1);
    EXPECT(r->has_reply && r->error[0] == '\0');
    rig_done(r);
}

/* ---- nothing left out ---- */

TEST(every_method_that_is_offered_was_asked_here)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    struct json list;
    struct json one;
    size_t count = 0;
    EXPECT(rig_ask(r, "version", " "));
    EXPECT(rig_at(&list, r->result, "methods"));
    static const char *const files[] = {
        "src/node/api/api_test.c",        "src/node/api/api_push_test.c",
        "src/node/api/api_rig_test.c",    "src/node/api/api_owners_test.c",
        "src/node/api/api_plugin_test.c", "src/node/api/api_vault_test.c"};
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &one)) {
        char quoted[64] = "\"";
        struct wr w = wr_init(mspan_of(quoted + 1, sizeof quoted - 3));
        EXPECT_OK(json_get_string(&w, one));
        quoted[1 + w.n] = '"';
        test_note("%s", quoted);
        bool is_asked = false;
        for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
            struct span source;
            EXPECT(test_file(files[f], &source));
            for (size_t i = 0; i + w.n + 2 <= source.n && !is_asked; i++) {
                is_asked = memcmp(source.p + i, quoted, w.n + 2) == 0;
            }
        }
        EXPECT(is_asked);
        count++;
    }
    EXPECT(count >= 36);
    rig_done(r);
}

TEST_MAIN
