/* A co-signer with a security key and without a browser: the real libfido2 over a CTAP device in software, the API, and the rules of the server's keyd. */
#include "node/authenticator/device_cosigner.h"

#include "base/check.h"
#include "codec/base16.h"
#include "crypto/backend.h"
#include "crypto/keccak.h"
#include "evm/abi.h"
#include "node/api/api_rig_test.h"
#include "node/authenticator/libfido2.h"
#include "node/authenticator/soft_key_test.h"
#include "wallet/recovery.h"

#include <stdio.h>
#include <string.h>

enum { DAYS_2 = 2 * 86400 };

static const char server[] = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";
static const char friend_text[] = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

static struct bench {
    struct device_api api; /* first */
    struct rig r;
    char members[16 * 1024];
    struct soft_key soft;
    struct device_vault d;
    struct account_guardians guardians;
    const char *shown; /* the daemon shows instead of this ... */
    const char *lie;   /* ... that, of the same length */
    struct secret32 server_key;
    struct cosigner kept; /* as the server's keyd has it */
    uint8_t request[COSIGNER_REQUEST_MAX];
    size_t request_len;
    uint64_t task;
    struct device_cosigner c;
} bench;

static enum err
call(struct device_api *self, struct json *ret_result, const char *method, struct span members)
{
    struct bench *b = (struct bench *)(void *)self;
    check(members.n < sizeof b->members);
    memcpy(b->members, members.p ? members.p : (const uint8_t *)"", members.n);
    b->members[members.n] = '\0';
    b->r.waits = strcmp(method, "cosigner_finish") == 0; /* the server answers it later */
    bool is_done = rig_ask(&b->r, method, members.n ? "%s" : " %s", b->members);
    if (!is_done && !(b->r.waits && b->r.error[0] == '\0')) {
        b->r.waits = false;
        text_set(self->code, sizeof self->code, span_str(b->r.error));
        return ERR_DENIED;
    }
    b->r.waits = false;
    char *at = is_done && b->lie ? strstr(b->r.reply, b->shown) : NULL;
    if (at) {
        memcpy(at, b->lie, strlen(b->lie));
    }
    *ret_result = b->r.result;
    return OK;
}

/* ---- the chain, and the server ---- */

static size_t answer(const struct world *world, char *out, size_t cap, struct span params)
{
    (void)world;
    AUTO(buf_done) struct buf data;
    const struct account_guardians *g = &bench.guardians;
    buf_init(&data, test_budget(), 8192);
    bool is_recovery = world_asks(params, "recovery()");
    if (!is_recovery && !world_asks(params, "guardians()")) {
        return 0;
    }
    struct abi_wr w = abi_wr_init(&data, is_recovery ? 6 : 3);
    for (size_t i = 0; is_recovery && i < 6; i++) {
        abi_wr_u64(&w, 0);
    }
    if (!is_recovery) {
        owner_list_put(&w, g->list, g->count);
        abi_wr_u64(&w, g->threshold);
        abi_wr_u64(&w, g->delay_s);
    }
    EXPECT_OK(abi_wr_end(&w));
    struct wr text = wr_init(mspan_of(out, cap));
    wr_u8(&text, '"');
    base16_encode_0x(&text, buf_span(&data));
    wr_u8(&text, '"');
    return text.n;
}

static enum err
ask_server(struct api_node_port *self, uint64_t id, const struct api_cosign_ask *ask)
{
    (void)self;
    EXPECT_SPAN(span_str(server), ask->server);
    bench.request_len = span_copy(MSPAN_OF(bench.request), ask->request);
    bench.task = id;
    return OK;
}

static struct span asked(const struct bench *b)
{
    return span_of(b->request, b->request_len);
}

static walltime clock_of(const struct bench *b)
{
    return (walltime){b->r.w.t.unix_ms / 1000};
}

static struct address server_address(struct bench *b)
{
    struct secp256k1_public key;
    struct hash32 hash;
    struct address a;
    memset(b->server_key.bytes, 7, sizeof b->server_key.bytes);
    EXPECT_OK(secp256k1_public_init(&key, &b->server_key));
    keccak256(&hash, SPAN_OF(key.xy));
    span_copy(MSPAN_OF(a.bytes), span_of(hash.bytes + 12, 20));
    return a;
}

static void server_says(struct bench *b, struct cosigner_said said)
{
    api_cosigner_done(b->r.api, b->r.w.t, b->task, &said);
    rig_turn(&b->r, 10);
}

/* ---- the account ---- */

static struct device_bytes bytes_at(struct json v, const char *outer, const char *name)
{
    struct device_bytes found = {.n = 0};
    EXPECT_OK(device_find_bytes(&found, v, outer, name));
    return found;
}

/* With a passkey that is on the key. */
static bool make_account(struct bench *b)
{
    AUTO(device_message_done) struct device_message m = {.has_member = false};
    struct json result;
    struct security_key_ask q = device_asking(&b->d);
    if (!EXPECT(rig_ask(&b->r, "account_create_begin", "\"name\":\"Main\",\"where\":\"any\""))) {
        return false;
    }
    struct rig_text ceremony = rig_text(b->r.result, "ceremony.id");
    struct device_bytes challenge = bytes_at(b->r.result, "options", "challenge");
    struct device_bytes user = bytes_at(b->r.result, "options", "user_id");
    q.challenge = span_of(challenge.p, challenge.n);
    q.user_id = span_of(user.p, user.n);
    q.user_name = SPAN_LIT("Main");
    struct security_key_answer *a = &b->d.answer;
    EXPECT_OK(b->d.authenticator->create(b->d.authenticator, a, &q));
    device_message_init(&m, &b->d);
    device_put_text(&m, "ceremony_id", span_str(ceremony.text));
    device_put_text(&m, "passkey_name", SPAN_LIT("Key"));
    device_put_name(&m, "response");
    wr_str(&m.w, "{");
    m.has_member = false;
    device_put_bytes(&m, "credential_id", span_of(a->credential_id, a->credential_id_len));
    device_put_bytes(&m, "client_data_json", span_of(a->client_data, a->client_data_len));
    device_put_bytes(&m, "attestation_object", span_of(a->object, a->object_len));
    wr_str(&m.w, ",\"transports\":[\"usb\"]}");
    return EXPECT_OK(device_call(&b->d, &m, &result, "account_create_finish"));
}

static const struct account *mine(struct bench *b)
{
    return wallet_account_at(b->r.w.wallet, 0);
}

static bool look(struct bench *b)
{
    char text[ADDRESS_TEXT_LEN];
    address_print(text, mine(b)->address);
    return EXPECT(
        rig_ask(&b->r, "recovery_status", "\"address\":\"%s\",\"network_id\":\"local\"", text));
}

/* It stands on the chain, and its passkey is its guardian. */
static struct bench *start(void)
{
    struct bench *b = &bench;
    struct coded why = {0};
    memset(b, 0, sizeof *b);
    EXPECT_OK(crypto_init());
    if (!rig_init(&b->r)) {
        return NULL;
    }
    b->api.call = call;
    b->r.node.port.cosign = ask_server;
    soft_key_plug(&b->soft, test_seed());
    soft_key_vault(&b->d, &b->soft, &b->api, &b->r.w.rng.rng);
    if (!make_account(b)) {
        return NULL;
    }
    world_deploy(&b->r.w);
    b->guardians = (struct account_guardians){.count = 1, .threshold = 1, .delay_s = DAYS_2};
    EXPECT_OK(wallet_guardian_of(b->r.w.wallet, mine(b)->id, (struct id){0}, &b->guardians.list[0],
                                 &why));
    b->r.w.chain.call = answer;
    return look(b) ? b : NULL;
}

static void done(struct bench *b)
{
    device_vault_done(&b->d);
    soft_key_unplug(&b->soft);
    rig_done(&b->r);
}

static bool begin_make(struct bench *b)
{
    return EXPECT(
        rig_ask(&b->r, "cosigner_begin",
                "\"account_id\":\"%s\",\"what\":\"make\",\"server\":\"%s\","
                "\"network_ids\":[\"local\"],\"limits\":[{\"amount\":"
                "\"900000000000000000000\"},{\"amount\":\"2000000000000000000\",\"to\":\"%s\"}]",
                mine(b)->id.text, server, friend_text));
}

/* Signed with the key, taken by the server as its keyd would, and by the wallet. */
static bool make(struct bench *b)
{
    static struct cosigner_create create;
    if (!begin_make(b) || !EXPECT_OK(device_cosigner_read(&b->d, &b->c)) ||
        !EXPECT_OK(device_cosigner_sign(&b->d, &b->c))) {
        test_note("%s", b->api.code);
        return false;
    }
    EXPECT_OK(cosigner_create_decode(&create, asked(b)));
    if (!EXPECT_OK(cosigner_init(&b->kept, &create, clock_of(b)))) {
        return false;
    }
    struct cosigner_said said = {.cosigner = server_address(b)};
    cosigner_terms_hash(&said.terms, &create.terms);
    server_says(b, said);
    return EXPECT(id_is_set(mine(b)->cosigner.owner));
}

static bool make_owner(struct bench *b)
{
    struct world_owners *o = &b->r.w.chain.owners;
    if (!make(b)) {
        return false;
    }
    o->list[o->count++] = guardian_of_address(server_address(b));
    o->threshold = 2;
    o->sequence++;
    o->head[0]++;
    rig_turn(&b->r, 70 * 1000);
    return EXPECT_EQ(2, wallet_threshold(b->r.w.wallet, mine(b), b->r.w.networks[0].id));
}

/* The passkey's signature as an owner, which comes first. */
static bool approve(struct bench *b, const char *operation)
{
    AUTO(device_message_done) struct device_message m = {.has_member = false};
    struct json result;
    struct security_key_ask q = device_asking(&b->d);
    if (!EXPECT(rig_ask(&b->r, "operation_get", "\"operation_id\":\"%s\"", operation))) {
        return false;
    }
    struct device_bytes challenge = bytes_at(b->r.result, "request", "challenge");
    q.challenge = span_of(challenge.p, challenge.n);
    EXPECT_OK(b->d.authenticator->use(b->d.authenticator, &b->d.answer, &q));
    device_message_init(&m, &b->d);
    device_put_text(&m, "operation_id", span_str(operation));
    device_put_name(&m, "revision");
    wr_str(&m.w, "1");
    device_put_name(&m, "ticks");
    wr_str(&m.w, "[\"first_time\"]");
    device_put_assertion(&m, &b->d.answer);
    return EXPECT_OK(device_call(&b->d, &m, &result, "send_approve"));
}

TEST(is_made_and_what_is_signed_is_what_is_shown)
{
    struct bench *b = start();
    TEST_REQUIRE(b);
    EXPECT_ERR(ERR_NOT_FOUND, device_cosigner_read(&b->d, &b->c));
    if (begin_make(b)) {
        EXPECT_OK(device_cosigner_read(&b->d, &b->c));
        EXPECT_EQ(COSIGNER_ACT_MAKE, b->c.act);
        EXPECT_STR(server, b->c.server);
        EXPECT_EQ(2, b->c.terms.limits_count);
        EXPECT(u256_equal(u256_from_u64(2000000000000000000), b->c.terms.limits[1].amount));
        static const char *const lies[][2] = {
            {"900000000000000000000",                      "100000000000000000000"       }, /* a limit */
            {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
             "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee"                                }, /* whom it is for */
            {"\"chain_ids\":[31337]",                      "\"chain_ids\":[31338]"       },
            {"\"what\":\"make\",\"server\"",               "\"what\":\"sign\",\"server\""},
        };
        for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
            b->shown = lies[i][0];
            b->lie = lies[i][1];
            test_note("%s", b->lie);
            EXPECT(device_cosigner_read(&b->d, &b->c) != OK);
        }
        b->lie = NULL;
        EXPECT(make(b));
        EXPECT_ERR(ERR_NOT_FOUND, device_cosigner_read(&b->d, &b->c));
    }
    done(b);
}

TEST(a_payment_is_signed_by_what_it_pays)
{
    struct bench *b = start();
    TEST_REQUIRE(b);
    if (make_owner(b)) {
        struct hash32 hash;
        struct cosigner_ask ask;
        struct cosigner_said said = {.err = OK};
        struct secp256k1_signature sig;
        struct rig_text op = rig_prepare(&b->r, "1000000000000000000");
        TEST_REQUIRE(approve(b, op.text));
        EXPECT(rig_ask(&b->r, "cosigner_begin",
                       "\"account_id\":\"%s\",\"what\":\"sign\",\"operation_id\":\"%s\"",
                       mine(b)->id.text, op.text));
        b->shown = "\"value\":\"1000000000000000000\",\"data\""; /* of the exact call */
        b->lie = "\"value\":\"2000000000000000000\",\"data\"";
        EXPECT_ERR(ERR_AUTH, device_cosigner_read(&b->d, &b->c));
        b->lie = NULL;
        EXPECT_OK(device_cosigner_read(&b->d, &b->c));
        EXPECT_EQ(COSIGNER_ACT_SIGN, b->c.act);
        EXPECT_EQ(1, b->c.payments_count);
        EXPECT(address_is_zero(b->c.payments[0].token));
        EXPECT(u256_equal(u256_from_u64(1000000000000000000), b->c.payments[0].amount));
        EXPECT(!u256_is_zero(b->c.fee_max));
        TEST_REQUIRE(EXPECT_OK(device_cosigner_sign(&b->d, &b->c)));
        EXPECT_OK(cosigner_ask_decode(&ask, asked(b)));
        EXPECT_OK(cosigner_allow(&b->kept, &hash, &ask, clock_of(b)));
        EXPECT_OK(secp256k1_sign(&sig, &b->server_key, &hash));
        span_copy(mspan_of(said.signature, 64), SPAN_OF(sig.rs));
        said.signature[64] = (uint8_t)(27 + sig.recovery_id);
        server_says(b, said);
        EXPECT(rig_ask(&b->r, "operation_get", "\"operation_id\":\"%s\"", op.text));
        EXPECT(strcmp("prepared", rig_text(b->r.result, "state").text) != 0);
    }
    done(b);
}

TEST(it_is_taken_off_and_its_place_given_back)
{
    struct bench *b = start();
    TEST_REQUIRE(b);
    if (make_owner(b) && look(b)) {
        static struct cosigner_create end;
        struct world_owners *o = &b->r.w.chain.owners;
        EXPECT(rig_ask(&b->r, "cosigner_begin",
                       "\"account_id\":\"%s\",\"what\":\"leave\",\"network_ids\":[\"local\"]",
                       mine(b)->id.text));
        TEST_REQUIRE(EXPECT_OK(device_cosigner_read(&b->d, &b->c)));
        EXPECT_EQ(COSIGNER_ACT_LEAVE, b->c.act);
        EXPECT_EQ(1, b->c.threshold);
        EXPECT_EQ(31337, b->c.chain_id);
        EXPECT_OK(device_cosigner_sign(&b->d, &b->c));
        const struct recovery_help *h = wallet_recovery_help(b->r.w.wallet, mine(b)->id);
        EXPECT_EQ(1, h ? h->answer_count : 0); /* the guardian has signed */

        o->count--;
        o->threshold = 1;
        o->sequence++;
        o->head[0]++;
        rig_turn(&b->r, 70 * 1000);
        EXPECT(rig_ask(&b->r, "cosigner_begin", "\"account_id\":\"%s\",\"what\":\"release\"",
                       mine(b)->id.text));
        EXPECT_OK(device_cosigner_read(&b->d, &b->c));
        EXPECT_OK(device_cosigner_sign(&b->d, &b->c));
        EXPECT_OK(cosigner_create_decode(&end, asked(b)));
        EXPECT_OK(cosigner_remove(&b->kept, &end, clock_of(b)));
        server_says(b, (struct cosigner_said){.err = OK});
        EXPECT(!id_is_set(mine(b)->cosigner.owner));
    }
    done(b);
}

TEST(another_key_signs_nothing)
{
    struct bench *b = start();
    TEST_REQUIRE(b);
    if (begin_make(b)) {
        soft_key_swap(&b->soft, test_seed() + 1); /* in the same port */
        EXPECT_OK(device_cosigner_read(&b->d, &b->c));
        EXPECT_ERR(ERR_NOT_FOUND, device_cosigner_sign(&b->d, &b->c));
        EXPECT_EQ(0, b->request_len);
    }
    done(b);
}

TEST_MAIN
