/* The rig of the local API's tests. */
#include "node/api/api_rig_test.h"

#include "base/check.h"
#include "codec/base64.h"
#include "node/api/api_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- codes and their values, as api/errors.json and api/codes.json say ---- */

static struct json file_root(const char *path, const char *name)
{
    struct span text;
    struct json root;
    struct json member;
    check(test_file(path, &text));
    check(json_parse(&root, text, NULL) == OK);
    check(json_find(&member, root, name));
    return member;
}

static bool has_same_names(struct json a, struct json b)
{
    struct json_iter it = json_iterate(a);
    struct json name;
    struct json value;
    struct json found;
    char text[64];
    while (json_next(&it, &name, &value)) {
        struct wr w = wr_init(mspan_of(text, sizeof text - 1));
        if (json_get_string(&w, name) != OK) {
            return false;
        }
        text[w.n] = '\0';
        if (!json_find(&found, b, text)) {
            return false;
        }
    }
    return json_count(a) == json_count(b);
}

static bool fits_entry(struct json table, const char *code, struct json params)
{
    struct json entry;
    struct json wanted;
    return json_find(&entry, table, code) && json_find(&wanted, entry, "params") &&
           has_same_names(wanted, params);
}

/* A code with the values that its sentence needs, of whatever kind. */
static bool is_known_code(const char *code, struct json params)
{
    struct json_iter it = json_iterate(file_root("api/codes.json", "codes"));
    struct json kind;
    bool fits = fits_entry(file_root("api/errors.json", "errors"), code, params);
    while (!fits && json_next(&it, NULL, &kind)) {
        fits = fits_entry(kind, code, params);
    }
    return fits;
}

static void set_text(char *out, size_t cap, struct json v)
{
    struct wr w = wr_init(mspan_of(out, cap - 1));
    out[v.type == JSON_STRING && json_get_string(&w, v) == OK ? w.n : 0] = '\0';
}

/* Every {code, params} and every figure's why inside v. */
static void check_codes(struct json v)
{
    struct json code;
    struct json params;
    struct json why;
    struct json entry;
    char text[64];
    if (v.type != JSON_OBJECT && v.type != JSON_ARRAY) {
        return;
    }
    if (json_find(&code, v, "code") && json_find(&params, v, "params")) {
        set_text(text, sizeof text, code);
        test_note("code %s", text);
        EXPECT(is_known_code(text, params));
    }
    if (json_find(&why, v, "why") && why.type == JSON_STRING) {
        struct json kinds = file_root("api/codes.json", "codes");
        set_text(text, sizeof text, why);
        test_note("why %s", text);
        EXPECT(json_find(&params, kinds, "why") && json_find(&entry, params, text));
    }
    struct json_iter it = json_iterate(v);
    struct json value;
    while (json_next(&it, NULL, &value)) {
        check_codes(value);
    }
}

/* ---- replies and events ---- */

static void check_schema(struct json v, uint16_t node, const char *what)
{
    struct api_fault fault;
    enum err err = api_check(v, node, &fault);
    test_note("%s: %s is %s in %.*s", what, fault.field, fault.rule, err == OK ? 0 : 2000,
              (const char *)v.raw.p);
    EXPECT_OK(err);
    check_codes(v);
    test_note("%s", what);
}

/* Those that any method may answer. */
static bool is_general(const char *code)
{
    static const char *const general[] = {"parse_error",    "invalid_request", "method_not_found",
                                          "invalid_params", "internal",        "rate_limited",
                                          "too_large",      "key_reused"};
    for (size_t i = 0; i < sizeof general / sizeof general[0]; i++) {
        if (strcmp(general[i], code) == 0) {
            return true;
        }
    }
    return false;
}

static bool may_answer(const struct api_method *m, const char *code)
{
    for (size_t i = 0; m && i < m->errors_count; i++) {
        if (strcmp(api_errors[m->errors[i]].name, code) == 0) {
            return true;
        }
    }
    return is_general(code);
}

static const struct api_method *find_method(const char *name)
{
    for (size_t i = 0; i < API_METHOD_COUNT; i++) {
        if (strcmp(api_methods[i].name, name) == 0) {
            return &api_methods[i];
        }
    }
    return NULL;
}

static void check_error(struct rig *r, const struct api_method *m, struct json error)
{
    struct json data;
    struct json v = {0};
    struct json params;
    int64_t number = 0;
    if (!EXPECT(json_find(&data, error, "data") && json_find(&v, data, "code") &&
                json_find(&params, data, "params")) ||
        !EXPECT_OK(json_find_i64(&number, error, "code"))) {
        return;
    }
    set_text(r->error, sizeof r->error, v);
    test_note("%s: error %s %.*s", m ? m->name : "no method", r->error, (int)params.raw.n,
              (const char *)params.raw.p);
    EXPECT(fits_entry(file_root("api/errors.json", "errors"), r->error, params));
    EXPECT(may_answer(m, r->error));
    EXPECT(json_find(&v, error, "message") && json_string_equal(v, span_str(r->error)));
    EXPECT(json_find(&v, data, "next") && v.type == JSON_ARRAY);
    EXPECT(json_find(&v, data, "blame") && v.type == JSON_STRING);
    EXPECT_EQ(4, json_count(data));
    EXPECT_EQ(3, json_count(error));
    for (size_t i = 0; i < API_ERROR_COUNT; i++) {
        if (strcmp(api_errors[i].name, r->error) == 0) {
            EXPECT(number == api_errors[i].number);
        }
    }
}

static const struct api_method *asked;
static const struct api_method *asked_by_id[64]; /* answers may come out of order */

static void take_reply(struct rig *r, struct span text)
{
    struct json root;
    struct json v;
    struct json error;
    check(text.n < RIG_TEXT_LEN_MAX);
    memcpy(r->reply, text.p, text.n);
    r->reply[text.n] = '\0';
    r->has_reply = true;
    r->replies++;
    r->error[0] = '\0';
    r->result = (struct json){0};
    if (!EXPECT_OK(json_parse(&root, span_of(r->reply, text.n), NULL))) {
        return;
    }
    EXPECT_EQ(3, json_count(root));
    EXPECT(json_find(&v, root, "jsonrpc") && json_string_equal(v, SPAN_LIT("2.0")));
    EXPECT(json_find(&v, root, "id"));
    if (asked && json_get_u64(&r->reply_id, v) == OK) {
        asked = asked_by_id[r->reply_id % 64];
    }
    if (json_find(&error, root, "error")) {
        check_error(r, asked, error);
    } else if (EXPECT(json_find(&r->result, root, "result")) && asked) {
        check_schema(r->result, asked->result, asked->name);
        r->is_seen[asked - api_methods] = true;
    }
}

static void take_event(struct rig *r, struct span text)
{
    struct json root;
    struct json params;
    struct json v = {0};
    for (size_t i = 0; i < API_TOPIC_COUNT; i++) {
        struct rig_topic *topic = &r->topics[i];
        if (!EXPECT_OK(json_parse(&root, text, NULL)) ||
            !EXPECT(json_find(&params, root, "params") && json_find(&v, params, "topic")) ||
            !json_string_equal(v, span_str(api_topics[i].name))) {
            continue;
        }
        check(text.n < RIG_TEXT_LEN_MAX);
        memcpy(topic->text, text.p, text.n);
        check(json_parse(&root, span_of(topic->text, text.n), NULL) == OK);
        uint64_t seq = 0;
        bool is_snapshot = json_find(&params, root, "params") && json_find(&v, params, "kind") &&
                           json_string_equal(v, SPAN_LIT("snapshot"));
        test_note("event of %s", api_topics[i].name);
        EXPECT_OK(json_find_u64(&seq, params, "seq"));
        EXPECT_EQ(topic->seq + 1, seq);
        EXPECT(is_snapshot || topic->snapshots > 0);
        EXPECT(json_find(&topic->data, params, "data"));
        check_schema(topic->data, is_snapshot ? api_topics[i].snapshot : api_topics[i].update,
                     api_topics[i].name);
        topic->seq = seq;
        topic->snapshots += is_snapshot;
        topic->updates += !is_snapshot;
        return;
    }
}

static void drain(struct rig *r)
{
    struct api_event e;
    while (api_poll(r->api, &e)) {
        EXPECT_EQ(r->caller.id, e.caller);
        if (e.is_reply) {
            take_reply(r, e.text);
        } else {
            take_event(r, e.text);
        }
    }
}

void rig_turn(struct rig *r, uint64_t ms)
{
    world_turn(&r->w, ms);
    api_tick(r->api, r->w.t);
    drain(r);
}

void rig_send(struct rig *r, struct span text)
{
    r->has_reply = false;
    asked = NULL;
    api_request(r->api, r->w.t, r->caller, text);
    drain(r);
}

static void make_key(struct rig *r, char out[static RIG_KEY_LEN + 1])
{
    if (r->key[0]) {
        memcpy(out, r->key, RIG_KEY_LEN + 1);
        return;
    }
    (void)snprintf(out, RIG_KEY_LEN + 1, "AAAAAAAAAAAA%010llu", (unsigned long long)r->last_id);
}

bool rig_ask(struct rig *r, const char *method, const char *members, ...)
{
    static char text[64 * 1024];
    char key[RIG_KEY_LEN + 1];
    va_list args;
    va_start(args, members);
    r->last_id++;
    make_key(r, key);
    asked = find_method(method);
    check(asked);
    asked_by_id[r->last_id % 64] = asked;
    int n = snprintf(text, sizeof text,
                     "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"%s\",\"params\":{",
                     (unsigned long long)r->last_id, method);
    if (asked->capability != API_CAPABILITY_READ) {
        n += snprintf(text + n, sizeof text - (size_t)n, "\"key\":\"%s\"%s", key,
                      members[0] == ' ' ? "" : ",");
    }
    n += vsnprintf(text + n, sizeof text - (size_t)n, members, args);
    n += snprintf(text + n, sizeof text - (size_t)n, "}}");
    va_end(args);
    check((size_t)n < sizeof text);
    r->has_reply = false;
    api_request(r->api, r->w.t, r->caller, span_of(text, (size_t)n));
    drain(r);
    for (int i = 0; i < 50 && !r->waits; i++) {
        rig_turn(r, 10);
        if (r->has_reply) {
            break;
        }
    }
    test_note("%s %.*s", method, n > 400 ? 400 : n, text);
    EXPECT(r->has_reply || r->waits);
    return r->has_reply && !r->error[0];
}

static void tell(void *user, const struct wallet_event *e)
{
    struct rig *r = user;
    if (r->api) {
        api_wallet_event(r->api, r->w.t, e);
    }
}

static bool start_api(struct rig *r)
{
    struct api_cfg cfg = {.budget = test_budget(),
                          .rng = &r->w.rng.rng,
                          .wallet = r->w.wallet,
                          .node = &r->node.port,
                          .version = "0.1.0",
                          .build = "test",
                          .origin = "http://passmesh.localhost:7878"};
    return EXPECT_OK(api_new(&r->api, &cfg, r->w.t));
}

bool rig_init(struct rig *r)
{
    *r = (struct rig){
        .caller = {.id = 8, .way = API_WAY_LOCAL}
    };
    api_port_init(&r->node);
    r->reply = malloc(RIG_TEXT_LEN_MAX);
    check(r->reply);
    for (size_t i = 0; i < API_TOPIC_COUNT; i++) {
        r->topics[i].text = malloc(RIG_TEXT_LEN_MAX);
        check(r->topics[i].text);
    }
    if (!world_init(&r->w)) {
        return false;
    }
    text_set(r->w.networks[0].faucet, sizeof r->w.networks[0].faucet,
             SPAN_LIT("http://127.0.0.1:1/"));
    r->w.tell = tell;
    r->w.user = r;
    return start_api(r);
}

bool rig_restart(struct rig *r)
{
    api_free(r->api);
    r->api = NULL;
    return world_restart(&r->w) && start_api(r);
}

void rig_done(struct rig *r)
{
    api_free(r->api);
    world_done(&r->w);
    free(r->reply);
    for (size_t i = 0; i < API_TOPIC_COUNT; i++) {
        free(r->topics[i].text);
    }
}

/* ---- reading answers ---- */

bool rig_at(struct json *ret, struct json v, const char *path)
{
    while (path[0]) {
        char name[64];
        size_t n = strcspn(path, ".");
        check(n < sizeof name);
        memcpy(name, path, n);
        name[n] = '\0';
        bool is_index = name[0] >= '0' && name[0] <= '9';
        if (is_index ? !json_at(&v, v, (size_t)(name[0] - '0')) : !json_find(&v, v, name)) {
            return false;
        }
        path += n + (path[n] == '.');
    }
    *ret = v;
    return true;
}

struct rig_text rig_text(struct json v, const char *path)
{
    struct rig_text t = {""};
    struct json at;
    test_note("member %s", path);
    if (EXPECT(rig_at(&at, v, path) && at.type == JSON_STRING)) {
        set_text(t.text, sizeof t.text, at);
    }
    return t;
}

uint64_t rig_number(struct json v, const char *path)
{
    struct json at;
    uint64_t n = 0;
    test_note("member %s", path);
    EXPECT(rig_at(&at, v, path) && json_get_u64(&n, at) == OK);
    return n;
}

/* ---- ceremonies ---- */

static void put_member(char *out, size_t cap, const char *name, struct span bytes)
{
    size_t at = strlen(out);
    int n =
        snprintf(out + at, cap - at, "%s\"%s\":\"", at > 0 && out[at - 1] == '"' ? "," : "", name);
    struct wr w = wr_init(mspan_of(out + at + n, cap - at - (size_t)n - 2));
    base64_encode(&w, BASE64_URL_BARE, bytes);
    check(wr_ok(&w));
    memcpy(out + at + (size_t)n + w.n, "\"", 2);
}

static struct span decode(uint8_t room[static 64], const char *challenge)
{
    struct wr w = wr_init(mspan_of(room, 64));
    EXPECT_OK(base64_decode(&w, BASE64_URL_BARE, span_str(challenge)));
    return span_of(room, w.n);
}

void rig_response(struct rig *r, char *out, size_t cap, const char *challenge)
{
    char body[1500] = "";
    uint8_t room[64];
    struct enroll_answer a = world_attest(&r->w, decode(room, challenge), NULL);
    put_member(body, sizeof body, "credential_id", a.credential_id);
    put_member(body, sizeof body, "client_data_json", a.client_data);
    put_member(body, sizeof body, "attestation_object", a.attestation);
    int n = snprintf(out, cap, "\"response\":{%s,\"transports\":[\"internal\",\"hybrid\"]}", body);
    check((size_t)n < cap);
}

struct rig_text rig_create(struct rig *r, const char *name)
{
    char response[1600];
    struct rig_text none = {""};
    if (!EXPECT(rig_ask(r, "account_create_begin", "\"name\":\"%s\",\"where\":\"any\"", name))) {
        return none;
    }
    struct rig_text ceremony = rig_text(r->result, "ceremony.id");
    struct rig_text challenge = rig_text(r->result, "options.challenge");
    rig_response(r, response, sizeof response, challenge.text);
    if (!EXPECT(rig_ask(r, "account_create_finish",
                        "\"ceremony_id\":\"%s\",\"passkey_name\":\"Laptop\",%s", ceremony.text,
                        response))) {
        return none;
    }
    struct rig_text id = rig_text(r->result, "id");
    rig_turn(r, 10);
    return id;
}

void rig_attestation(struct rig *r, char *out, size_t cap, const char *challenge)
{
    char body[1500] = "";
    uint8_t room[64];
    struct enroll_answer a = world_attest(&r->w, decode(room, challenge), NULL);
    put_member(body, sizeof body, "credential_id", a.credential_id);
    put_member(body, sizeof body, "client_data_json", a.client_data);
    put_member(body, sizeof body, "attestation_object", a.attestation);
    int n = snprintf(out, cap, "\"response\":{%s,\"transports\":[]}", body);
    check((size_t)n < cap);
}

void rig_assertion(struct rig *r, char *out, size_t cap, const char *challenge)
{
    uint8_t room[64];
    char body[1500] = "";
    struct passkey_answer a = world_answer(&r->w, decode(room, challenge), NULL);
    put_member(body, sizeof body, "credential_id", a.credential_id);
    put_member(body, sizeof body, "client_data_json", a.client_data);
    put_member(body, sizeof body, "authenticator_data", a.authenticator_data);
    put_member(body, sizeof body, "signature", a.signature);
    int n = snprintf(out, cap, "\"assertion\":{%s}", body);
    check((size_t)n < cap);
}

struct rig_text rig_prepare(struct rig *r, const char *wei)
{
    struct rig_text none = {""};
    if (!EXPECT(rig_ask(r, "send_prepare",
                        "\"account_id\":\"%s\",\"network_id\":\"local\",\"asset\":\"native\","
                        "\"to\":\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\","
                        "\"amount\":\"%s\",\"speed\":\"normal\"",
                        wallet_settings(r->w.wallet)->account.text, wei))) {
        return none;
    }
    return rig_text(r->result, "id");
}

bool rig_approve(struct rig *r, const char *operation)
{
    char assertion[1500];
    char ticks[512] = "";
    if (!rig_ask(r, "operation_get", "\"operation_id\":\"%s\"", operation)) {
        return false;
    }
    struct rig_text challenge = rig_text(r->result, "request.challenge");
    uint64_t revision = rig_number(r->result, "revision");
    struct json risks;
    struct json risk;
    check(json_find(&risks, r->result, "risks"));
    struct json_iter it = json_iterate(risks);
    while (json_next(&it, NULL, &risk)) {
        size_t n = strlen(ticks);
        struct rig_text id = rig_text(risk, "id");
        int added = snprintf(ticks + n, sizeof ticks - n, "%s\"%s\"", n ? "," : "", id.text);
        check(added > 0 && (size_t)added < sizeof ticks - n);
    }
    rig_assertion(r, assertion, sizeof assertion, challenge.text);
    return rig_ask(r, "send_approve", "\"operation_id\":\"%s\",\"revision\":%llu,\"ticks\":[%s],%s",
                   operation, (unsigned long long)revision, ticks, assertion);
}

struct id rig_id(const char *text)
{
    struct id id = {0};
    EXPECT_OK(id_parse(&id, span_str(text)));
    return id;
}

void rig_submitted(struct rig *r, const char *operation)
{
    struct coded why = {0};
    struct wallet_source source = {.server = "12D3KooWTest", .k = 1, .n = 1};
    wallet_submitted(r->w.wallet, r->w.t, rig_id(operation), OK, &why, &source);
    rig_turn(r, 10);
}

void rig_tracked(struct rig *r, const char *operation, bool success)
{
    struct tracked what = {.state = TRACKED_INCLUDED,
                           .block = 101,
                           .fee_paid = u256_from_u64(7),
                           .success = success,
                           .reason = SPAN_LIT("no\nmore")};
    wallet_tracked(r->w.wallet, r->w.t, rig_id(operation), &what);
    rig_turn(r, 10);
}

const char *rig_account(struct rig *r)
{
    return wallet_settings(r->w.wallet)->account.text;
}
