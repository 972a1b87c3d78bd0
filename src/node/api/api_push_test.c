/* The local API over a real wallet: pushed events, the lock, what is no request, sessions. */
#include "node/api/api_rig_test.h"

#include <stdio.h>
#include <string.h>

static const char receiver[] = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
static const char wei[] = "1000000000000000000";

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

/* ---- topics ---- */

static const char all_topics[] =
    "\"topics\":[\"status\",\"accounts\",\"balances\",\"activity\","
    "\"requests\",\"health\",\"network\",\"plugin\",\"settings\",\"log\"]";

static size_t snapshots_of(struct rig *r, enum api_topic_id topic)
{
    return r->topics[topic].snapshots;
}

TEST(a_subscriber_gets_one_snapshot_of_each_topic)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    r->waits = true;
    EXPECT(rig_ask(r, "subscribe", "%s", all_topics));
    for (size_t i = 0; i < API_TOPIC_COUNT; i++) {
        EXPECT_EQ(0, r->topics[i].seq);
        char path[32];
        (void)snprintf(path, sizeof path, "topics.%zu.seq", i);
        EXPECT_EQ(1, rig_number(r->result, path));
    }
    rig_turn(r, 1);
    for (size_t i = 0; i < API_TOPIC_COUNT; i++) {
        test_note("%s", api_topics[i].name);
        EXPECT_EQ(1, r->topics[i].snapshots);
        EXPECT_EQ(0, r->topics[i].updates);
    }
    EXPECT(rig_ask(r, "subscribe", "\"topics\":[\"settings\"]"));
    EXPECT_EQ(2, rig_number(r->result, "topics.0.seq"));
    rig_turn(r, 1);
    EXPECT_EQ(2, snapshots_of(r, API_TOPIC_SETTINGS));
    EXPECT_EQ(1, r->topics[API_TOPIC_STATUS].seq); /* not chosen any more */
    rig_done(r);
}

TEST(events_of_a_transfer_conform)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    api_log(r->api, 1764100000000, LOG_INFO, "test", "a line\nof two");
    EXPECT(rig_ask(r, "subscribe", "%s", all_topics));
    rig_turn(r, 1);
    api_log(r->api, 1764100000000, LOG_INFO, "test", "another");
    struct rig_text id = rig_prepare(r, wei);
    EXPECT(r->topics[API_TOPIC_LOG].updates > 0);
    EXPECT(r->topics[API_TOPIC_ACTIVITY].updates > 0);
    EXPECT_STR(id.text, rig_text(r->topics[API_TOPIC_REQUESTS].data, "operations.0.id").text);
    EXPECT(rig_approve(r, id.text));
    rig_turn(r, 10);
    struct json none;
    EXPECT(!rig_at(&none, r->topics[API_TOPIC_REQUESTS].data, "operations.0.id"));
    rig_submitted(r, id.text);
    EXPECT_STR("submitted", rig_text(r->topics[API_TOPIC_ACTIVITY].data, "row.state").text);
    rig_turn(r, 2000);
    r->w.chain.nonce = 1;
    r->w.chain.is_deployed = true;
    r->w.chain.balance = u256_from_u64(1);
    rig_tracked(r, id.text, true);
    EXPECT_STR("included", rig_text(r->topics[API_TOPIC_ACTIVITY].data, "operation.state").text);
    rig_turn(r, 10000);
    EXPECT_STR("1",
               rig_text(r->topics[API_TOPIC_BALANCES].data, "items.0.items.0.amount.value").text);
    api_node_changed(r->api, r->w.t);
    rig_turn(r, 1000);
    EXPECT(r->topics[API_TOPIC_NETWORK].updates > 0);
    rig_done(r);
}

TEST(another_account_sends_fresh_snapshots)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    struct rig_text first = {""};
    text_set(first.text, sizeof first.text, span_str(rig_account(r)));
    r->w.credential[0] ^= 1;
    struct rig_text second = rig_create(r, "Savings");
    EXPECT(rig_ask(r, "account_select", "\"account_id\":\"%s\"", first.text));
    EXPECT(rig_ask(r, "subscribe", "%s", all_topics));
    rig_turn(r, 1);
    static const enum api_topic_id dependent[] = {API_TOPIC_ACCOUNTS, API_TOPIC_ACTIVITY,
                                                  API_TOPIC_BALANCES};
    size_t before[3];
    for (size_t i = 0; i < 3; i++) {
        before[i] = snapshots_of(r, dependent[i]);
    }
    EXPECT(rig_ask(r, "account_select", "\"account_id\":\"%s\"", second.text));
    rig_turn(r, 10);
    for (size_t i = 0; i < 3; i++) {
        test_note("%s", api_topics[dependent[i]].name);
        EXPECT_EQ(before[i] + 1, snapshots_of(r, dependent[i]));
    }
    EXPECT_STR(second.text, rig_text(r->topics[API_TOPIC_STATUS].data, "account_id").text);
    rig_done(r);
}

TEST(another_network_sends_fresh_snapshots)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    rig_turn(r, 5000); /* the balance is read */
    EXPECT(rig_ask(r, "subscribe", "%s", all_topics));
    rig_turn(r, 1);
    size_t before[API_TOPIC_COUNT];
    for (size_t i = 0; i < API_TOPIC_COUNT; i++) {
        before[i] = snapshots_of(r, (enum api_topic_id)i);
    }
    struct json item;
    EXPECT(rig_at(&item, r->topics[API_TOPIC_BALANCES].data, "items.0"));
    EXPECT_STR("local", rig_text(r->topics[API_TOPIC_STATUS].data, "network_id").text);
    EXPECT_STR("ok", rig_text(r->topics[API_TOPIC_NETWORK].data, "chain.state").text);
    RIG_REFUSED(r, "unknown_network", "network_select", "\"network_id\":\"none\"");
    rig_turn(r, 10);
    EXPECT_EQ(before[API_TOPIC_BALANCES], snapshots_of(r, API_TOPIC_BALANCES));
    EXPECT(rig_ask(r, "network_select", "\"network_id\":\"other\""));
    rig_turn(r, 10);
    for (size_t i = 0; i < API_TOPIC_COUNT; i++) {
        bool depends = i == API_TOPIC_ACCOUNTS || i == API_TOPIC_ACTIVITY ||
                       i == API_TOPIC_BALANCES || i == API_TOPIC_NETWORK;
        test_note("%s", api_topics[i].name);
        EXPECT_EQ(before[i] + depends, snapshots_of(r, (enum api_topic_id)i));
    }
    EXPECT(!rig_at(&item, r->topics[API_TOPIC_BALANCES].data, "items.0")); /* nothing read there */
    EXPECT_STR("other", rig_text(r->topics[API_TOPIC_STATUS].data, "network_id").text);
    EXPECT_STR("no_server", rig_text(r->topics[API_TOPIC_NETWORK].data, "chain.state").text);
    EXPECT(rig_ask(r, "network_select", "\"network_id\":\"local\""));
    rig_turn(r, 10);
    EXPECT(rig_at(&item, r->topics[API_TOPIC_BALANCES].data, "items.0"));
    EXPECT_EQ(before[API_TOPIC_BALANCES] + 2, snapshots_of(r, API_TOPIC_BALANCES));
    rig_done(r);
}

TEST(the_network_is_told_once_a_second)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    const struct rig_topic *network = &r->topics[API_TOPIC_NETWORK];
    EXPECT(rig_ask(r, "subscribe", "\"topics\":[\"network\",\"status\"]"));
    rig_turn(r, 0);
    EXPECT_EQ(1, network->seq);
    instant told = r->w.t.mono;
    for (int i = 0; i < 99; i++) { /* 990 ms of peers that come and go */
        api_node_changed(r->api, r->w.t);
        rig_turn(r, 10);
    }
    EXPECT_EQ(1, network->seq);
    EXPECT(r->topics[API_TOPIC_STATUS].updates >= 99); /* held back for nobody else */
    EXPECT_EQ(instant_add(told, US_PER_S).us, api_deadline(r->api).us);
    rig_turn(r, 9);
    EXPECT_EQ(1, network->seq);
    rig_turn(r, 1);
    EXPECT_EQ(2, network->seq); /* what was held back, without a further change */
    rig_turn(r, 1500);
    EXPECT_EQ(2, network->seq);
    api_node_changed(r->api, r->w.t);
    rig_turn(r, 0);
    EXPECT_EQ(3, network->seq); /* at once when nothing was told for a second */
    rig_done(r);
}

TEST(an_update_that_is_held_back_is_dropped_with_its_reader)
{
    static const struct {
        const char *name;
        bool locks;
    } table[] = {
        {"the wallet is locked",   true },
        {"the topic is not asked", false}
    };
    for (size_t i = 0; i < 2; i++) {
        struct rig *r = start(true);
        TEST_REQUIRE(r);
        test_note("%s", table[i].name);
        EXPECT(rig_ask(r, "subscribe", "\"topics\":[\"network\"]"));
        rig_turn(r, 0);
        api_node_changed(r->api, r->w.t);
        rig_turn(r, 0);
        EXPECT(table[i].locks ? rig_ask(r, "lock", " ") : rig_ask(r, "subscribe", "\"topics\":[]"));
        rig_turn(r, 2000);
        EXPECT_EQ(1, r->topics[API_TOPIC_NETWORK].seq);
        EXPECT(instant_before(r->w.t.mono, api_deadline(r->api))); /* or the daemon would spin */
        rig_done(r);
    }
}

TEST(status_comes_at_least_every_ten_seconds)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    EXPECT(rig_ask(r, "subscribe", "\"topics\":[\"status\"]"));
    rig_turn(r, 1);
    uint64_t seq = r->topics[API_TOPIC_STATUS].seq;
    for (int i = 0; i < 6; i++) {
        rig_turn(r, 10000);
        EXPECT(r->topics[API_TOPIC_STATUS].seq > seq);
        seq = r->topics[API_TOPIC_STATUS].seq;
        struct instant_limit {
            instant at;
        } limit = {instant_add(r->w.t.mono, 10 * US_PER_S)};
        EXPECT(instant_reached(api_deadline(r->api), limit.at));
    }
    rig_done(r);
}

TEST(who_has_gone_hears_nothing)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    EXPECT(rig_ask(r, "subscribe", "%s", all_topics));
    rig_turn(r, 1);
    uint64_t seq = r->topics[API_TOPIC_STATUS].seq;
    api_caller_gone(r->api, r->caller.id);
    rig_turn(r, 60000);
    EXPECT_EQ(seq, r->topics[API_TOPIC_STATUS].seq);
    rig_done(r);
}

/* ---- the lock ---- */

static bool unlock(struct rig *r)
{
    char assertion[1500];
    if (!rig_ask(r, "unlock_begin", " ")) {
        return false;
    }
    struct rig_text ceremony = rig_text(r->result, "ceremony.id");
    struct rig_text challenge = rig_text(r->result, "options.challenge");
    rig_assertion(r, assertion, sizeof assertion, challenge.text);
    return rig_ask(r, "unlock_finish", "\"ceremony_id\":\"%s\",%s", ceremony.text, assertion);
}

TEST(a_locked_wallet_tells_its_status_alone)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    char a[64];
    (void)snprintf(a, sizeof a, "%s", rig_account(r));
    struct rig_text id = rig_prepare(r, wei);
    EXPECT(rig_ask(r, "subscribe", "%s", all_topics));
    rig_turn(r, 1);
    EXPECT(rig_ask(r, "lock", " "));
    rig_turn(r, 10);
    uint64_t activity = r->topics[API_TOPIC_ACTIVITY].seq;
    EXPECT(rig_ask(r, "status", " "));
    struct json none;
    EXPECT(!rig_at(&none, r->result, "account_id"));
    EXPECT(rig_ask(r, "settings_get", " "));
    EXPECT(rig_ask(r, "version", " "));
    EXPECT(rig_ask(r, "hardware", " "));
    RIG_REFUSED(r, "locked", "accounts_list", " ");
    RIG_REFUSED(r, "locked", "contacts_list", " ");
    RIG_REFUSED(r, "locked", "networks_list", " ");
    RIG_REFUSED(r, "locked", "peers_list", " ");
    RIG_REFUSED(r, "locked", "network_status", " ");
    RIG_REFUSED(r, "locked", "servers_list", "\"network_id\":\"local\"");
    RIG_REFUSED(r, "locked", "tokens_list", "\"network_id\":\"local\"");
    RIG_REFUSED(r, "locked", "log_tail", "\"limit\":1");
    RIG_REFUSED(r, "locked", "balances_get", "\"account_id\":\"%s\",\"network_id\":\"local\"", a);
    RIG_REFUSED(r, "locked", "receive_info", "\"account_id\":\"%s\",\"network_id\":\"local\"", a);
    RIG_REFUSED(r, "locked", "address_check",
                "\"text\":\"x\",\"account_id\":\"%s\",\"network_id\":\"local\"", a);
    RIG_REFUSED(r, "locked", "history_list",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"limit\":1", a);
    RIG_REFUSED(r, "locked", "operation_get", "\"operation_id\":\"%s\"", id.text);
    RIG_REFUSED(r, "locked", "fee_quote",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"asset\":\"native\"", a);
    RIG_REFUSED(r, "locked", "account_create_begin", "\"name\":\"B\",\"where\":\"any\"");
    RIG_REFUSED(r, "locked", "account_rename", "\"account_id\":\"%s\",\"name\":\"B\"", a);
    RIG_REFUSED(r, "locked", "account_select", "\"account_id\":\"%s\"", a);
    RIG_REFUSED(r, "locked", "contacts_add", "\"name\":\"B\",\"address\":\"%s\"", receiver);
    RIG_REFUSED(r, "locked", "contacts_remove", "\"contact_id\":\"x\"");
    RIG_REFUSED(r, "locked", "network_select", "\"network_id\":\"local\"");
    RIG_REFUSED(r, "locked", "network_node_set", "\"network_id\":\"local\",\"url\":\"\"");
    RIG_REFUSED(r, "locked", "settings_set", "\"changes\":{\"lock_after_min\":0}");
    RIG_REFUSED(r, "locked", "send_cancel", "\"operation_id\":\"%s\"", id.text);
    RIG_REFUSED(r, "locked", "speed_up_prepare", "\"operation_id\":\"%s\"", id.text);
    RIG_REFUSED(r, "locked", "cancel_prepare", "\"operation_id\":\"%s\"", id.text);
    RIG_REFUSED(r, "locked", "faucet_request", "\"account_id\":\"%s\",\"network_id\":\"local\"", a);
    RIG_REFUSED(r, "locked", "send_prepare",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"asset\":\"native\",\"to\":\"%s\","
                "\"amount\":\"1\",\"speed\":\"normal\"",
                a, receiver);
    RIG_REFUSED(r, "locked", "subscribe", "%s", all_topics);
    RIG_REFUSED(r, "locked", "subscribe", "\"topics\":[\"status\",\"log\"]");
    EXPECT_EQ(activity, r->topics[API_TOPIC_ACTIVITY].seq);
    EXPECT(rig_ask(r, "subscribe", "\"topics\":[\"status\",\"settings\"]"));
    EXPECT(unlock(r));
    EXPECT(!wallet_is_locked(r->w.wallet));
    EXPECT(rig_ask(r, "accounts_list", " "));
    rig_done(r);
}

TEST(after_unlocking_a_subscriber_gets_fresh_snapshots)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    EXPECT(rig_ask(r, "subscribe", "%s", all_topics));
    rig_turn(r, 1);
    EXPECT(rig_ask(r, "lock", " "));
    rig_turn(r, 10);
    size_t before = snapshots_of(r, API_TOPIC_BALANCES);
    r->w.chain.balance = u256_from_u64(3); /* while nothing is told */
    rig_turn(r, 20000);
    EXPECT(unlock(r));
    rig_turn(r, 10);
    EXPECT_EQ(before + 1, snapshots_of(r, API_TOPIC_BALANCES));
    EXPECT_STR("3",
               rig_text(r->topics[API_TOPIC_BALANCES].data, "items.0.items.0.amount.value").text);
    rig_done(r);
}

TEST(an_unlock_that_is_not_right_is_refused)
{
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    char assertion[1500];
    char other[44];
    EXPECT(rig_ask(r, "lock", " "));
    EXPECT(rig_ask(r, "unlock_begin", " "));
    struct rig_text ceremony = rig_text(r->result, "ceremony.id");
    memset(other, 'A', 43);
    other[43] = '\0';
    rig_assertion(r, assertion, sizeof assertion, other);
    RIG_REFUSED(r, "ceremony_refused", "unlock_finish", "\"ceremony_id\":\"%s\",%s", ceremony.text,
                assertion);
    RIG_REFUSED(r, "unknown_ceremony", "unlock_finish", "\"ceremony_id\":\"x\",%s", assertion);
    EXPECT(wallet_is_locked(r->w.wallet));
    EXPECT(unlock(r));
    rig_done(r);
}

/* ---- the envelope ---- */

TEST(what_is_no_request_is_refused)
{
    static const struct {
        const char *text;
        const char *error;
    } table[] = {
        {"",                                                                                  "parse_error"     },
        {"{",                                                                                 "parse_error"     },
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"status\",\"params\":{}}",
         "parse_error"                                                                                          },
        {"[]",                                                                                "invalid_request" },
        {"{}",                                                                                "invalid_request" },
        {"1",                                                                                 "invalid_request" },
        {"{\"jsonrpc\":\"2.0\",\"method\":\"status\",\"params\":{}}",                         "invalid_request" },
        {"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"status\",\"params\":{}}",
         "invalid_request"                                                                                      },
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}",                              "invalid_request" },
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"nothing\",\"params\":{}}",               "method_not_found"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7,\"params\":{}}",                         "method_not_found"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session\",\"params\":{}}",               "method_not_found"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\",\"params\":{\"x\":1}}",
         "invalid_params"                                                                                       },
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"lock\",\"params\":{}}",                  "invalid_params"  },
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"lock\",\"params\":{\"key\":\"short\"}}",
         "invalid_params"                                                                                       },
    };
    struct rig *r = start(false);
    TEST_REQUIRE(r);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        test_note("%s", table[i].text);
        rig_send(r, span_str(table[i].text));
        EXPECT(r->has_reply);
        EXPECT_STR(table[i].error, r->error);
    }
    rig_done(r);
}

TEST(the_public_dht_is_a_question_until_somebody_answers)
{
    static const char *const answers[] = {"yes", "no"};
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    EXPECT(rig_ask(r, "settings_get", " "));
    EXPECT_STR("ask", rig_text(r->result, "public_dht").text);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        EXPECT(rig_ask(r, "settings_set", "\"changes\":{\"public_dht\":\"%s\"}", answers[i]));
        EXPECT(rig_ask(r, "settings_get", " "));
        EXPECT_STR(answers[i], rig_text(r->result, "public_dht").text);
    }
    RIG_REFUSED(r, "invalid_params", "settings_set", "\"changes\":{\"public_dht\":\"ask\"}");
    rig_done(r);
}

TEST(each_way_offers_its_methods)
{
    static const char *const subscribe[] = {"subscribe", "\"topics\":[\"status\"]"};
    static const char *const status[] = {"status", " "};
    static const char *const set[] = {"settings_set", "\"changes\":{\"theme\":\"dark\"}"};
    static const struct {
        const char *name;
        enum api_way way;
        const char *const *request;
        bool is_offered;
    } table[] = {
        {"HTTP reads",                     API_WAY_HTTP,      status,    true },
        {"HTTP commands",                  API_WAY_HTTP,      set,       true },
        {"HTTP cannot be pushed to",       API_WAY_HTTP,      subscribe, false},
        {"a WebSocket subscribes",         API_WAY_WEBSOCKET, subscribe, true },
        {"a WebSocket does not read",      API_WAY_WEBSOCKET, status,    false},
        {"a WebSocket does not command",   API_WAY_WEBSOCKET, set,       false},
        {"the command line reads",         API_WAY_LOCAL,     status,    true },
        {"the command line gives orders",  API_WAY_LOCAL,     set,       true },
        {"the command line may subscribe", API_WAY_LOCAL,     subscribe, true },
    };
    struct rig *r = start(true);
    TEST_REQUIRE(r);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        test_note("%s", table[i].name);
        r->caller.way = table[i].way;
        EXPECT_EQ(table[i].is_offered, rig_ask(r, table[i].request[0], "%s", table[i].request[1]));
        EXPECT_STR(table[i].is_offered ? "" : "method_not_found", r->error);
    }
    rig_done(r);
}

/* ---- sessions ---- */

struct page {
    struct span host;
    struct span origin;
};

static const char host[] = "passmesh.localhost:7878";
static const char origin[] = "http://passmesh.localhost:7878";

/* Trades a code; the HTTP status, and the token if there is one. */
static uint16_t trade(struct rig *r, const char *code, char ret_token[static API_TOKEN_LEN + 1])
{
    char body[96];
    struct span text;
    uint16_t status = 0;
    struct json root;
    struct span got;
    (void)snprintf(body, sizeof body, "{\"code\":\"%s\"}", code);
    struct api_session_args args = {
        .body = span_str(body), .host = span_str(host), .origin = span_str(origin)};
    api_session_open(r->api, r->w.t, &args, &text, &status);
    EXPECT_OK(json_parse(&root, text, NULL));
    if (json_find_plain(&got, root, "token") == OK && EXPECT_EQ(API_TOKEN_LEN, got.n)) {
        memcpy(ret_token, got.p, got.n);
        ret_token[API_TOKEN_LEN] = '\0';
    }
    return status;
}

static bool opens(struct rig *r, const char *text, const char *at_host, const char *from)
{
    struct api_bearer b = {
        .token = span_str(text), .host = span_str(at_host), .origin = span_str(from)};
    return api_session_check(r->api, r->w.t, &b);
}

TEST(a_code_works_once_and_for_sixty_seconds)
{
    struct rig *r = start(false);
    TEST_REQUIRE(r);
    char code[API_CODE_LEN + 1];
    char good[API_TOKEN_LEN + 1] = "";
    char again[API_TOKEN_LEN + 1] = "";
    api_code_make(r->api, r->w.t, code);
    r->w.t.mono = instant_add(r->w.t.mono, 60 * US_PER_S - 1);
    EXPECT_EQ(200, trade(r, code, good));
    EXPECT_EQ(401, trade(r, code, again));
    EXPECT(opens(r, good, host, origin));
    api_code_make(r->api, r->w.t, code);
    r->w.t.mono = instant_add(r->w.t.mono, 60 * US_PER_S);
    EXPECT_EQ(401, trade(r, code, again));
    EXPECT_STR("", again);
    rig_done(r);
}

TEST(a_token_is_bound_to_host_and_origin)
{
    struct rig *r = start(false);
    TEST_REQUIRE(r);
    char code[API_CODE_LEN + 1];
    char good[API_TOKEN_LEN + 1] = "";
    api_code_make(r->api, r->w.t, code);
    EXPECT_EQ(200, trade(r, code, good));
    EXPECT(opens(r, good, host, origin));
    EXPECT(!opens(r, good, "passmesh.localhost:7879", origin));
    EXPECT(!opens(r, good, host, "http://evil.test"));
    EXPECT(!opens(r, good, "", ""));
    EXPECT(!opens(r, "", host, origin));
    EXPECT(!opens(r, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", host, origin));
    EXPECT(rig_ask(r, "session_end", " "));
    EXPECT(!opens(r, good, host, origin));
    EXPECT(!opens(r, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", host, origin));
    rig_done(r);
}

TEST(wrong_codes_are_slowed_down_and_no_code_is_none)
{
    struct rig *r = start(false);
    TEST_REQUIRE(r);
    char code[API_CODE_LEN + 1];
    char got[API_TOKEN_LEN + 1] = "";
    const char zeros[] =
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"; /* a free place holds zeros */
    for (int i = 0; i < 5; i++) {
        EXPECT_EQ(401, trade(r, zeros, got));
    }
    api_code_make(r->api, r->w.t, code);
    EXPECT_EQ(429, trade(r, code, got));
    r->w.t.mono = instant_add(r->w.t.mono, US_PER_S);
    EXPECT_EQ(200, trade(r, code, got));
    rig_done(r);
}

TEST_MAIN
