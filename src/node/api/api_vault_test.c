/* The vault and ordinary accounts through the local API, with keyd's engine behind it: each way from the page's words to a transaction on
 * a chain, and each refusal. */
#include "base/check.h"
#include "base/wr.h"
#include "codec/base16.h"
#include "codec/base64.h"
#include "crypto/backend.h"
#include "crypto/hash.h"
#include "crypto/keccak.h"
#include "evm/eip191.h"
#include "evm/tx.h"
#include "node/api/api_rig_test.h"
#include "node/keyd/keyd.h"
#include "wallet/vault_channel.h"

#include <stdio.h>
#include <string.h>

#define TEST_PHRASE "test test test test test test test test test test test junk"
static const char first_address[] = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

static struct bench {
    struct rig r; /* first */
    struct keyd_store store;
    bool fails;
    bool is_down;
    bool flips; /* the authenticator gives another PRF output each time */
    uint8_t flip;
    struct keyd k;
    uint8_t reply[KEYD_REPLY_MAX];
    struct secret32 prf_secret;
    struct x25519_key page; /* what the page opens */
} bench;

static enum err keep(struct keyd_store *self, struct span content)
{
    (void)self;
    return bench.fails || content.n == 0 ? ERR_IO : OK;
}

static enum err
ask_keyd(struct api_node_port *self, struct span *ret_body, enum keyd_op op, struct span body)
{
    static uint8_t request[40000];
    struct bench *b = &bench;
    (void)self;
    if (b->is_down) {
        return ERR_IO;
    }
    struct wr w = wr_init(MSPAN_OF(request));
    wr_u8(&w, KEYD_VERSION);
    wr_u8(&w, (uint8_t)op);
    wr_be32(&w, 7);
    wr_bytes(&w, body);
    check(wr_ok(&w));
    keyd_tick(&b->k, b->r.w.t.mono);
    size_t n = keyd_answer(&b->k, MSPAN_OF(b->reply), KEYD_MAY_VAULT, span_of(request, w.n));
    *ret_body = span_from(span_of(b->reply, n), 7);
    return (enum err)b->reply[6];
}

static struct bench *start(void)
{
    struct bench *b = &bench;
    memset(b, 0, sizeof *b);
    EXPECT_OK(crypto_init());
    if (!rig_init(&b->r)) {
        return NULL;
    }
    b->store.save = keep;
    const struct keyd_cfg cfg = {
        .budget = test_budget(),
        .rng = &b->r.w.rng.rng,
        .store = &b->store,
        .work = test_budget(),
        .phrase_cost = {.passes = 1, .memory_kib = 8},
        .key_file_log2_n = 12,
        .idle_us = VAULT_IDLE_US
    };
    EXPECT_OK(keyd_init(&b->k, &cfg, SPAN_EMPTY));
    rng_fill(&b->r.w.rng.rng, MSPAN_OF(b->prf_secret.bytes));
    const struct secret32 page = {{8}};
    EXPECT_OK(x25519_key_init(&b->page, &page));
    b->r.node.port.keys = ask_keyd;
    return b;
}

static void done(struct bench *b)
{
    keyd_done(&b->k);
    rig_done(&b->r);
}

/* ---- base64url ---- */

static size_t decode(uint8_t *out, size_t cap, const char *text)
{
    struct wr w = wr_init(mspan_of(out, cap));
    EXPECT_OK(base64_decode(&w, BASE64_URL_BARE, span_str(text)));
    return w.n;
}

static void encode(char *out, size_t cap, struct span bytes)
{
    struct wr w = wr_init(mspan_of(out, cap - 1));
    base64_encode(&w, BASE64_URL_BARE, bytes);
    check(wr_ok(&w));
    out[w.n] = '\0';
}

static const char *page_key(struct bench *b)
{
    static char text[64];
    encode(text, sizeof text, SPAN_OF(b->page.public_bytes));
    return text;
}

/* ---- what the page does ---- */

/* A secret sealed to keyd, for one request. */
static const char *seal(struct bench *b, uint8_t op, struct span secret)
{
    static char text[1024];
    uint8_t sealed[700];
    uint8_t key[32];
    struct secret32 ephemeral;
    const struct vault_use use = {.budget = test_budget(), .name = span_of(&op, 1)};
    EXPECT(rig_ask(&b->r, "vault_channel", " "));
    EXPECT_EQ(32, decode(key, sizeof key, rig_text(b->r.result, "public_key").text));
    rng_fill(&b->r.w.rng.rng, MSPAN_OF(ephemeral.bytes));
    struct mspan out = mspan_of(sealed, secret.n + VAULT_CHANNEL_OVERHEAD);
    EXPECT_OK(vault_channel_seal(out, key, &ephemeral, use, secret));
    encode(text, sizeof text, span_const(out));
    return text;
}

static size_t open_sealed(struct bench *b, uint8_t *out, size_t cap, uint8_t op, const char *text)
{
    uint8_t sealed[1024];
    const struct vault_use use = {.budget = test_budget(), .name = span_of(&op, 1)};
    size_t n = decode(sealed, sizeof sealed, text);
    check(n >= VAULT_CHANNEL_OVERHEAD && n - VAULT_CHANNEL_OVERHEAD <= cap);
    EXPECT_OK(vault_channel_open(mspan_of(out, n - VAULT_CHANNEL_OVERHEAD), &b->page, use,
                                 span_of(sealed, n)));
    return n - VAULT_CHANNEL_OVERHEAD;
}

static const char *seal_prf(struct bench *b, uint8_t op, const char *input_text)
{
    uint8_t input[32];
    struct secret32 prf;
    EXPECT_EQ(32, decode(input, sizeof input, input_text));
    const struct span parts[] = {SPAN_OF(input)};
    hmac_sha256(&prf, SPAN_OF(b->prf_secret.bytes), parts, 1);
    prf.bytes[0] ^= b->flips ? b->flip++ : 0;
    return seal(b, op, SPAN_OF(prf.bytes));
}

static bool assert_prf(struct bench *b)
{
    char assertion[1500];
    struct rig_text challenge = rig_text(b->r.result, "options.challenge");
    struct rig_text input = rig_text(b->r.result, "prf_input");
    rig_assertion(&b->r, assertion, sizeof assertion, challenge.text);
    const char *sealed = seal_prf(b, KEYD_VAULT_ASSERTED, input.text);
    return rig_ask(&b->r, "vault_enrol_asserted", "%s,\"sealed\":\"%s\"", assertion, sealed);
}

static bool enrol(struct bench *b)
{
    char response[1500];
    if (!rig_ask(&b->r, "vault_enrol_begin", "\"where\":\"any\"")) {
        return false;
    }
    rig_attestation(&b->r, response, sizeof response,
                    rig_text(b->r.result, "options.challenge").text);
    return rig_ask(&b->r, "vault_enrol_created", "%s", response) && assert_prf(b) && assert_prf(b);
}

static bool unlock(struct bench *b)
{
    char id[64];
    encode(id, sizeof id, SPAN_OF(b->r.w.credential));
    EXPECT(rig_ask(&b->r, "vault_status", " "));
    struct rig_text input = rig_text(b->r.result, "passkeys.0.prf_input");
    const char *sealed = seal_prf(b, KEYD_VAULT_UNLOCK, input.text);
    return rig_ask(&b->r, "vault_unlock", "\"credential_id\":\"%s\",\"sealed\":\"%s\"", id, sealed);
}

/* Signs the challenge of the last answer and hands it to a method. */
static bool finish(struct bench *b, const char *method)
{
    char assertion[1500];
    rig_assertion(&b->r, assertion, sizeof assertion,
                  rig_text(b->r.result, "options.challenge").text);
    return rig_ask(&b->r, method, "%s", assertion);
}

static const char *vault_state(struct bench *b)
{
    static struct rig_text state;
    EXPECT(rig_ask(&b->r, "vault_status", " "));
    state = rig_text(b->r.result, "state");
    return state.text;
}

static bool import_phrase(struct bench *b, const char *name)
{
    const char *sealed = seal(b, KEYD_VAULT_IMPORT, SPAN_LIT(TEST_PHRASE));
    return rig_ask(&b->r, "ordinary_import",
                   "\"name\":\"%s\",\"kind\":\"phrase\",\"sealed\":\"%s\"", name, sealed);
}

/* ---- the vault ---- */

TEST(a_passkey_makes_the_vault_and_opens_it)
{
    struct bench *b = start();
    TEST_REQUIRE(b);
    EXPECT_STR("none", vault_state(b));
    EXPECT(enrol(b));
    EXPECT_STR("open", vault_state(b));
    EXPECT(rig_ask(&b->r, "status", " "));
    EXPECT_STR("open", rig_text(b->r.result, "vault").text);
    EXPECT(rig_ask(&b->r, "vault_lock", " "));
    EXPECT_STR("locked", vault_state(b));
    EXPECT(unlock(b));
    EXPECT_STR("open", vault_state(b));
    RIG_REFUSED(&b->r, "vault_not_agreed", "vault_enrol_begin", "\"where\":\"any\"");
    EXPECT(rig_ask(&b->r, "vault_change_begin", "\"what\":\"passkey\""));
    EXPECT(finish(b, "vault_change_finish"));
    EXPECT(rig_ask(&b->r, "vault_enrol_begin", "\"where\":\"security_key\""));
    EXPECT_STR("cross-platform", rig_text(b->r.result, "options.attachment").text);
    done(b);
}

TEST(an_authenticator_that_gives_two_secrets_is_refused_with_the_reason)
{
    struct bench *b = start();
    TEST_REQUIRE(b);
    b->flips = true;
    EXPECT(!enrol(b));
    EXPECT_STR("vault_prf_changed", b->r.error);
    EXPECT_STR("none", vault_state(b));
    b->flips = false;
    EXPECT(rig_ask(&b->r, "vault_enrol_begin", "\"where\":\"any\""));
    char text[1500];
    rig_attestation(&b->r, text, sizeof text, rig_text(b->r.result, "options.challenge").text);
    EXPECT(rig_ask(&b->r, "vault_enrol_created", "%s", text));
    rig_assertion(&b->r, text, sizeof text, rig_text(b->r.result, "options.challenge").text);
    RIG_REFUSED(&b->r, "vault_prf_missing", "vault_enrol_asserted", "%s", text);
    RIG_REFUSED(&b->r, "vault_over", "vault_enrol_asserted", "%s", text);
    done(b);
}

TEST(wrong_tries_are_slowed_down)
{
    struct bench *b = start();
    TEST_REQUIRE(b);
    TEST_REQUIRE(enrol(b));
    EXPECT(rig_ask(&b->r, "vault_lock", " "));
    b->prf_secret.bytes[0] ^= 1;
    for (int i = 0; i < VAULT_FREE_TRIES; i++) {
        EXPECT(!unlock(b));
        EXPECT_STR("vault_wrong", b->r.error);
    }
    EXPECT(!unlock(b));
    EXPECT_STR("vault_wait", b->r.error);
    b->prf_secret.bytes[0] ^= 1;
    rig_turn(&b->r, 2000);
    EXPECT(unlock(b));
    done(b);
}

TEST(the_recovery_phrase_goes_to_the_page_alone)
{
    struct bench *b = start();
    uint8_t words[BIP39_PHRASE_MAX];
    TEST_REQUIRE(b);
    TEST_REQUIRE(enrol(b));
    RIG_REFUSED(&b->r, "vault_not_agreed", "vault_recovery", "\"receiver\":\"%s\"", page_key(b));
    EXPECT(rig_ask(&b->r, "vault_change_begin", "\"what\":\"recovery\",\"receiver\":\"%s\"",
                   page_key(b)));
    EXPECT(finish(b, "vault_change_finish"));
    EXPECT(rig_ask(&b->r, "vault_recovery", "\"receiver\":\"%s\"", page_key(b)));
    struct rig_text sealed = rig_text(b->r.result, "sealed");
    size_t n = open_sealed(b, words, sizeof words, KEYD_VAULT_RECOVERY, sealed.text);
    EXPECT(rig_ask(&b->r, "vault_lock", " "));
    const char *again = seal(b, KEYD_VAULT_UNLOCK_PHRASE, SPAN_LIT("not twelve words"));
    RIG_REFUSED(&b->r, "secret_phrase", "vault_unlock_phrase", "\"sealed\":\"%s\"", again);
    again = seal(b, KEYD_VAULT_UNLOCK_PHRASE, span_of(words, n));
    EXPECT(rig_ask(&b->r, "vault_unlock_phrase", "\"sealed\":\"%s\"", again));
    RIG_REFUSED(&b->r, "vault_has_phrase", "vault_recovery", "\"receiver\":\"%s\"", page_key(b));
    done(b);
}

static uint64_t proven_ms(struct bench *b, const char *path)
{
    EXPECT(rig_ask(&b->r, "vault_status", " "));
    return rig_number(b->r.result, path);
}

/* An open vault is opened again by each way in turn: that is the drill. */
TEST(each_way_into_the_vault_has_the_date_of_its_last_use)
{
    struct bench *b = start();
    uint8_t words[BIP39_PHRASE_MAX];
    TEST_REQUIRE(b);
    TEST_REQUIRE(enrol(b));
    const uint64_t made = proven_ms(b, "passkeys.0.proven_ms");
    EXPECT(made > 0 && made <= b->r.w.t.unix_ms);
    EXPECT(rig_ask(&b->r, "vault_change_begin", "\"what\":\"recovery\",\"receiver\":\"%s\"",
                   page_key(b)));
    EXPECT(finish(b, "vault_change_finish"));
    EXPECT(rig_ask(&b->r, "vault_recovery", "\"receiver\":\"%s\"", page_key(b)));
    struct rig_text sealed = rig_text(b->r.result, "sealed");
    size_t n = open_sealed(b, words, sizeof words, KEYD_VAULT_RECOVERY, sealed.text);
    EXPECT_EQ(0, proven_ms(b, "phrase.proven_ms"));
    rig_turn(&b->r, 60 * 1000);
    b->prf_secret.bytes[0] ^= 1;
    EXPECT(!unlock(b)); /* the wrong secret proves nothing, and what is open stays so */
    b->prf_secret.bytes[0] ^= 1;
    EXPECT_STR("open", vault_state(b));
    EXPECT_EQ(made, proven_ms(b, "passkeys.0.proven_ms"));
    EXPECT(unlock(b));
    EXPECT(proven_ms(b, "passkeys.0.proven_ms") >= made + 60 * 1000);
    const char *again = seal(b, KEYD_VAULT_UNLOCK_PHRASE, span_of(words, n));
    EXPECT(rig_ask(&b->r, "vault_unlock_phrase", "\"sealed\":\"%s\"", again));
    EXPECT(proven_ms(b, "phrase.proven_ms") >= made + 60 * 1000);
    done(b);
}

/* ---- the backup file ---- */

static struct {
    uint8_t bytes[64 * 1024];
    size_t n;
} kept; /* by the person */

static bool make_backup(struct bench *b)
{
    if (!rig_ask(&b->r, "backup_make", " ")) {
        return false;
    }
    const size_t size = (size_t)rig_number(b->r.result, "size");
    kept.n = 0;
    check(size <= sizeof kept.bytes);
    while (kept.n < size) {
        struct json data;
        struct span text;
        EXPECT(rig_ask(&b->r, "backup_read", "\"offset\":%zu", kept.n));
        struct wr w = wr_init(mspan_of(kept.bytes + kept.n, sizeof kept.bytes - kept.n));
        EXPECT(json_find(&data, b->r.result, "data"));
        EXPECT_OK(json_get_plain(&text, data));
        EXPECT_OK(base64_decode(&w, BASE64_URL_BARE, text));
        check(w.n > 0);
        kept.n += w.n;
    }
    return EXPECT_EQ(size, kept.n);
}

static bool bring_backup(struct bench *b)
{
    enum { PART = 1000 };
    bool is_taken = true;
    for (size_t at = 0; at < kept.n && is_taken; at += PART) {
        char data[2 * PART];
        encode(data, sizeof data,
               span_of(kept.bytes + at, kept.n - at < PART ? kept.n - at : PART));
        is_taken = rig_ask(&b->r, "backup_part", "\"offset\":%zu,\"size\":%zu,\"data\":\"%s\"", at,
                           kept.n, data);
    }
    return is_taken;
}

TEST(a_wallet_comes_back_from_its_backup_file)
{
    struct bench *b = start();
    TEST_REQUIRE(b);
    RIG_REFUSED(&b->r, "vault_none", "backup_make", " ");
    TEST_REQUIRE(enrol(b));
    TEST_REQUIRE(import_phrase(b, "Old"));
    RIG_REFUSED(&b->r, "backup_none", "backup_read", "\"offset\":0");
    TEST_REQUIRE(make_backup(b));
    RIG_REFUSED(&b->r, "backup_none", "backup_read", "\"offset\":%zu", kept.n);
    RIG_REFUSED(&b->r, "backup_none", "backup_check", " "); /* one that was made proves nothing */
    struct secret32 prf_secret = b->prf_secret;
    done(b);

    b = start(); /* another machine, with nothing on it but the passkey */
    TEST_REQUIRE(b);
    b->prf_secret = prf_secret;
    EXPECT_STR("none", vault_state(b));
    RIG_REFUSED(&b->r, "backup_none", "restore_begin", " ");
    TEST_REQUIRE(bring_backup(b));
    EXPECT(rig_ask(&b->r, "restore_begin", " "));
    EXPECT_STR("locked", vault_state(b));
    RIG_REFUSED(&b->r, "vault_locked", "restore_finish", " ");
    EXPECT(unlock(b));
    EXPECT(rig_ask(&b->r, "restore_finish", " "));
    EXPECT_EQ(1, rig_number(b->r.result, "accounts"));
    EXPECT(rig_ask(&b->r, "accounts_list", " "));
    EXPECT_STR(first_address, rig_text(b->r.result, "accounts.0.address").text);
    EXPECT(rig_ask(&b->r, "vault_status", " "));
    EXPECT(rig_number(b->r.result, "backup.proven_ms") > 0);
    done(b);
}

TEST(a_backup_that_is_not_whole_not_ours_or_changed_is_refused)
{
    struct bench *b = start();
    TEST_REQUIRE(b);
    TEST_REQUIRE(enrol(b));
    TEST_REQUIRE(make_backup(b));
    RIG_REFUSED(&b->r, "backup_broken", "backup_part",
                "\"offset\":5,\"size\":100,\"data\":\"AAAA\"");
    RIG_REFUSED(&b->r, "backup_broken", "backup_part", "\"offset\":0,\"size\":2,\"data\":\"AAAA\"");
    RIG_REFUSED(&b->r, "backup_broken", "backup_part",
                "\"offset\":0,\"size\":8388608,\"data\":\"AAAA\"");
    EXPECT(rig_ask(&b->r, "backup_part", "\"offset\":0,\"size\":100,\"data\":\"AAAA\""));
    RIG_REFUSED(&b->r, "backup_broken", "backup_part", "\"offset\":0,\"size\":99,\"data\":\"\"");
    RIG_REFUSED(&b->r, "backup_none", "backup_check", " ");
    TEST_REQUIRE(bring_backup(b));
    EXPECT(rig_ask(&b->r, "backup_check", " "));
    kept.bytes[kept.n - 1] ^= 1;
    TEST_REQUIRE(bring_backup(b));
    RIG_REFUSED(&b->r, "backup_broken", "backup_check", " ");
    kept.bytes[kept.n - 1] ^= 1;
    done(b);

    b = start();
    TEST_REQUIRE(b);
    (void)rng_u64(&b->r.w.rng.rng); /* so that another vault is drawn */
    TEST_REQUIRE(enrol(b));
    TEST_REQUIRE(bring_backup(b));
    RIG_REFUSED(&b->r, "backup_other_vault", "restore_begin", " ");
    RIG_REFUSED(&b->r, "backup_other_vault", "backup_check", " ");
    done(b);
}

TEST(without_a_key_process_it_says_so)
{
    struct bench *b = start();
    TEST_REQUIRE(b);
    b->is_down = true;
    b->r.node.keys_down = true;
    RIG_REFUSED(&b->r, "keys_down", "vault_status", " ");
    RIG_REFUSED(&b->r, "keys_down", "vault_channel", " ");
    RIG_REFUSED(&b->r, "keys_down", "vault_enrol_begin", "\"where\":\"any\"");
    RIG_REFUSED(&b->r, "keys_down", "ordinary_create", "\"name\":\"A\",\"words\":12");
    EXPECT(rig_ask(&b->r, "status", " "));
    done(b);
}

/* ---- accounts ---- */

TEST(a_phrase_brings_its_accounts_as_other_wallets_know_them)
{
    struct bench *b = start();
    TEST_REQUIRE(b);
    const char *sealed = NULL;
    RIG_REFUSED(&b->r, "vault_none", "ordinary_create", "\"name\":\"A\",\"words\":12");
    TEST_REQUIRE(enrol(b));
    EXPECT(import_phrase(b, "Old"));
    EXPECT_STR("phrase", rig_text(b->r.result, "kind").text);
    EXPECT_STR(first_address, rig_text(b->r.result, "address").text);
    EXPECT_STR("m/44'/60'/0'/0/0", rig_text(b->r.result, "path").text);
    struct rig_text id = rig_text(b->r.result, "id");
    EXPECT(rig_ask(&b->r, "ordinary_derive", "\"account_id\":\"%s\",\"name\":\"Two\"", id.text));
    EXPECT_STR("0x70997970C51812dc3A010C7d01b50e0d17dc79C8", rig_text(b->r.result, "address").text);
    EXPECT(rig_ask(&b->r, "ordinary_derive", "\"account_id\":\"%s\",\"name\":\"Three\"", id.text));
    EXPECT_STR("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC", rig_text(b->r.result, "address").text);
    EXPECT(!import_phrase(b, "Again"));
    EXPECT_STR("account_known", b->r.error);
    EXPECT(!import_phrase(b, "Old"));
    EXPECT_STR("name_taken", b->r.error);
    sealed = seal(b, KEYD_VAULT_IMPORT, SPAN_LIT("test test junk"));
    RIG_REFUSED(&b->r, "secret_phrase", "ordinary_import",
                "\"name\":\"X\",\"kind\":\"phrase\",\"sealed\":\"%s\"", sealed);
    sealed = seal(b, KEYD_VAULT_IMPORT, SPAN_LIT("short"));
    RIG_REFUSED(&b->r, "secret_key", "ordinary_import",
                "\"name\":\"X\",\"kind\":\"key\",\"sealed\":\"%s\"", sealed);
    sealed = seal(b, KEYD_VAULT_IMPORT, SPAN_LIT("\0\1p\0\2{}"));
    RIG_REFUSED(&b->r, "secret_file", "ordinary_import",
                "\"name\":\"X\",\"kind\":\"file\",\"sealed\":\"%s\"", sealed);
    EXPECT(rig_ask(&b->r, "ordinary_create", "\"name\":\"New\",\"words\":24"));
    RIG_REFUSED(&b->r, "invalid_params", "ordinary_create", "\"name\":\"Newer\",\"words\":15");
    EXPECT(rig_ask(&b->r, "watch_add",
                   "\"name\":\"Cold\",\"address\":\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\""));
    EXPECT_STR("watch", rig_text(b->r.result, "kind").text);
    RIG_REFUSED(&b->r, "account_watched", "send_prepare",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"asset\":\"native\",\"to\":\"%s\","
                "\"amount\":\"1\",\"speed\":\"normal\"",
                rig_account(&b->r), first_address);
    EXPECT(rig_ask(&b->r, "accounts_list", " "));
    done(b);
}

TEST(what_goes_out_can_be_brought_in)
{
    struct bench *b = start();
    uint8_t secret[BIP39_PHRASE_MAX];
    TEST_REQUIRE(b);
    TEST_REQUIRE(enrol(b));
    TEST_REQUIRE(import_phrase(b, "Old"));
    struct rig_text id = rig_text(b->r.result, "id");
    EXPECT(rig_ask(&b->r, "export_begin",
                   "\"account_id\":\"%s\",\"what\":\"phrase\",\"receiver\":\"%s\"", id.text,
                   page_key(b)));
    EXPECT(finish(b, "export_finish"));
    EXPECT_STR("phrase", rig_text(b->r.result, "kind").text);
    struct rig_text sealed = rig_text(b->r.result, "sealed");
    size_t n = open_sealed(b, secret, sizeof secret, KEYD_VAULT_EXPORT, sealed.text);
    EXPECT_SPAN(SPAN_LIT(TEST_PHRASE), span_of(secret, n));
    EXPECT(rig_ask(&b->r, "export_begin",
                   "\"account_id\":\"%s\",\"what\":\"key\",\"receiver\":\"%s\"", id.text,
                   page_key(b)));
    EXPECT(finish(b, "export_finish"));
    EXPECT_STR("key", rig_text(b->r.result, "kind").text);
    sealed = rig_text(b->r.result, "sealed");
    n = open_sealed(b, secret, sizeof secret, KEYD_VAULT_EXPORT, sealed.text);
    EXPECT_SPAN(test_hex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
                span_of(secret, n));
    RIG_REFUSED(&b->r, "vault_over", "export_finish",
                "\"assertion\":{\"credential_id\":\"AA\",\"client_data_json\":\"AA\","
                "\"authenticator_data\":\"AA\",\"signature\":\"AA\"}");
    done(b);
}

/* ---- sending ---- */

static bool approve(struct bench *b, const char *operation)
{
    char assertion[1500];
    char ticks[256] = "";
    struct json risks;
    struct json risk;
    if (!rig_ask(&b->r, "operation_get", "\"operation_id\":\"%s\"", operation)) {
        return false;
    }
    uint64_t revision = rig_number(b->r.result, "revision");
    check(json_find(&risks, b->r.result, "risks"));
    struct json_iter it = json_iterate(risks);
    while (json_next(&it, NULL, &risk)) {
        size_t n = strlen(ticks);
        int added = snprintf(ticks + n, sizeof ticks - n, "%s\"%s\"", n ? "," : "",
                             rig_text(risk, "id").text);
        check(added > 0 && (size_t)added < sizeof ticks - n);
    }
    if (!rig_ask(&b->r, "sign_begin", "\"operation_id\":\"%s\",\"revision\":%llu", operation,
                 (unsigned long long)revision)) {
        return false;
    }
    EXPECT_STR("transaction", rig_text(b->r.result, "reading.kind").text);
    rig_assertion(&b->r, assertion, sizeof assertion,
                  rig_text(b->r.result, "options.challenge").text);
    return rig_ask(&b->r, "send_approve",
                   "\"operation_id\":\"%s\",\"revision\":%llu,\"ticks\":[%s],%s", operation,
                   (unsigned long long)revision, ticks, assertion);
}

static struct bench *start_ordinary(void)
{
    struct bench *b = start();
    if (!b || !enrol(b) || !import_phrase(b, "Old")) {
        return NULL;
    }
    rig_turn(&b->r, 10);
    return b;
}

/* The transaction that came to the chain. */
static struct tx sent(struct bench *b)
{
    struct tx tx = {0};
    struct buf scratch;
    struct address sender;
    char text[ADDRESS_TEXT_LEN];
    buf_init(&scratch, test_budget(), 4096);
    EXPECT_OK(tx_decode(&tx, span_of(b->r.w.chain.sent, b->r.w.chain.sent_len)));
    EXPECT_OK(tx_sender(&sender, &tx, &scratch));
    address_print(text, sender);
    EXPECT_STR(first_address, text);
    buf_done(&scratch);
    return tx;
}

static const char *state_of(struct bench *b, const char *operation)
{
    static struct rig_text state;
    EXPECT(rig_ask(&b->r, "operation_get", "\"operation_id\":\"%s\"", operation));
    state = rig_text(b->r.result, "state");
    return state.text;
}

TEST(a_transfer_is_read_by_keyd_signed_sent_and_followed)
{
    struct bench *b = start_ordinary();
    TEST_REQUIRE(b);
    b->r.w.chain.nonce = 4;
    rig_turn(&b->r, 2000);
    struct rig_text op = rig_prepare(&b->r, "1500000000000000000");
    EXPECT(approve(b, op.text));
    EXPECT_STR("signed", rig_text(b->r.result, "state").text);
    rig_turn(&b->r, 10);
    EXPECT_EQ(1, b->r.w.chain.sent_count);
    struct tx tx = sent(b);
    EXPECT_EQ(4, tx.nonce);
    EXPECT_EQ(31337, tx.chain_id);
    EXPECT_EQ(21000, tx.gas_limit);
    EXPECT(u256_equal(u256_from_u64(UINT64_C(1500000000000000000)), tx.value));
    EXPECT_STR("submitted", state_of(b, op.text));
    RIG_REFUSED(&b->r, "operation_open", "send_prepare",
                "\"account_id\":\"%s\",\"network_id\":\"local\",\"asset\":\"native\",\"to\":\"%s\","
                "\"amount\":\"1\",\"speed\":\"normal\"",
                rig_account(&b->r), first_address);
    b->r.w.chain.includes = true;
    b->r.w.chain.block++;
    rig_turn(&b->r, 3000);
    EXPECT_STR("included", state_of(b, op.text));
    b->r.w.chain.included_at = b->r.w.chain.block;
    b->r.w.chain.block += 3;
    rig_turn(&b->r, 3000);
    rig_turn(&b->r, 3000);
    EXPECT_STR("final", state_of(b, op.text));
    EXPECT(rig_ask(&b->r, "history_list",
                   "\"account_id\":\"%s\",\"network_id\":\"local\",\"limit\":5",
                   rig_account(&b->r)));
    done(b);
}

TEST(the_same_assertion_does_not_sign_twice_and_another_request_not_at_all)
{
    struct bench *b = start_ordinary();
    char assertion[1500];
    TEST_REQUIRE(b);
    struct rig_text op = rig_prepare(&b->r, "1000");
    EXPECT(rig_ask(&b->r, "sign_begin", "\"operation_id\":\"%s\",\"revision\":1", op.text));
    rig_assertion(&b->r, assertion, sizeof assertion,
                  rig_text(b->r.result, "options.challenge").text);
    /* Before it is used, keyd is asked for another hash: the assertion is over the old one. */
    EXPECT(rig_ask(&b->r, "message_sign_begin",
                   "\"account_id\":\"%s\",\"kind\":\"message\",\"payload\":\"SGVsbG8\"",
                   rig_account(&b->r)));
    RIG_REFUSED(
        &b->r, "ceremony_refused", "send_approve",
        "\"operation_id\":\"%s\",\"revision\":1,\"ticks\":[\"first_time\",\"fee_share\"],%s",
        op.text, assertion);
    EXPECT_EQ(0, b->r.w.chain.sent_count);
    /* A transaction's signature where a message's is expected changes nothing on the chain. */
    EXPECT(rig_ask(&b->r, "vault_lock", " "));
    RIG_REFUSED(&b->r, "vault_locked", "sign_begin", "\"operation_id\":\"%s\",\"revision\":1",
                op.text);
    RIG_REFUSED(&b->r, "operation_changed", "sign_begin", "\"operation_id\":\"%s\",\"revision\":9",
                op.text);
    done(b);
}

TEST(a_transaction_can_be_sped_up_and_cancelled)
{
    struct bench *b = start_ordinary();
    TEST_REQUIRE(b);
    struct rig_text first = rig_prepare(&b->r, "1000000000000000000");
    EXPECT(approve(b, first.text));
    rig_turn(&b->r, 10);
    const struct tx before = sent(b);
    const struct u256 fee = before.max_fee_per_gas;
    const uint64_t nonce = before.nonce;
    EXPECT(rig_ask(&b->r, "cancel_prepare", "\"operation_id\":\"%s\"", first.text));
    struct rig_text second = rig_text(b->r.result, "id");
    EXPECT(approve(b, second.text));
    rig_turn(&b->r, 10);
    EXPECT_EQ(2, b->r.w.chain.sent_count);
    const struct tx after = sent(b);
    EXPECT_EQ(nonce, after.nonce);
    EXPECT(u256_is_zero(after.value));
    EXPECT(u256_compare(after.max_fee_per_gas, fee) > 0);
    b->r.w.chain.includes = true;
    b->r.w.chain.block++;
    rig_turn(&b->r, 4000);
    EXPECT_STR("included", state_of(b, second.text));
    EXPECT_STR("replaced", state_of(b, first.text));
    done(b);
}

TEST(a_refused_a_reverted_and_an_outrun_transaction_say_so)
{
    struct bench *b = start_ordinary();
    TEST_REQUIRE(b);
    b->r.w.chain.send_error = "insufficient funds";
    b->r.w.chain.forgets = true;
    struct rig_text op = rig_prepare(&b->r, "1000000000000000000");
    EXPECT(approve(b, op.text));
    rig_turn(&b->r, 10);
    rig_turn(&b->r, 3000);
    EXPECT_STR("failed", state_of(b, op.text));
    EXPECT_STR("server_refused", rig_text(b->r.result, "reason.code").text);
    b->r.w.chain.send_error = NULL;
    b->r.w.chain.includes = true;
    b->r.w.chain.reverts = true;
    op = rig_prepare(&b->r, "1000000000000000000");
    EXPECT(approve(b, op.text));
    rig_turn(&b->r, 10);
    rig_turn(&b->r, 3000);
    EXPECT_STR("failed", state_of(b, op.text));
    EXPECT_STR("reverted", rig_text(b->r.result, "reason.code").text);
    b->r.w.chain.includes = false;
    b->r.w.chain.reverts = false;
    op = rig_prepare(&b->r, "1000000000000000000");
    EXPECT(approve(b, op.text));
    rig_turn(&b->r, 10);
    b->r.w.chain.nonce++; /* another device of the person sent something */
    b->r.w.chain.send_error = "nonce too low";
    b->r.w.chain.block++;
    for (int i = 0; i < 4; i++) {
        rig_turn(&b->r, 4000);
    }
    EXPECT_STR("failed", state_of(b, op.text));
    EXPECT_STR("dropped", rig_text(b->r.result, "reason.code").text);
    done(b);
}

TEST(a_wallet_that_died_between_goes_on)
{
    struct bench *b = start_ordinary();
    TEST_REQUIRE(b);
    b->r.w.chain.is_down = false;
    struct rig_text op = rig_prepare(&b->r, "1000000000000000000");
    b->r.w.chain.send_error = NULL;
    EXPECT(approve(b, op.text));
    const struct id id = rig_id(op.text);
    /* Signed and written: killed before or after a server had it. */
    api_free(b->r.api);
    b->r.api = NULL;
    TEST_REQUIRE(world_restart(&b->r.w));
    world_turn(&b->r.w, 10);
    world_turn(&b->r.w, 10);
    EXPECT(b->r.w.chain.sent_count >= 1);
    (void)sent(b);
    b->r.w.chain.includes = true;
    world_turn(&b->r.w, 3000);
    EXPECT_EQ(OPERATION_INCLUDED, world_state(&b->r.w, id));
    done(b);
}

TEST(messages_and_typed_data_are_signed_with_words)
{
    struct bench *b = start_ordinary();
    uint8_t bytes[65];
    struct hash32 hash;
    struct secp256k1_signature sig;
    struct secp256k1_public key;
    char text[ADDRESS_TEXT_LEN];
    TEST_REQUIRE(b);
    EXPECT(rig_ask(&b->r, "message_sign_begin",
                   "\"account_id\":\"%s\",\"kind\":\"message\",\"payload\":\"SGVsbG8\"",
                   rig_account(&b->r)));
    EXPECT_EQ(5, rig_number(b->r.result, "reading.bytes"));
    EXPECT(finish(b, "message_sign_finish"));
    struct rig_text hex = rig_text(b->r.result, "signature");
    EXPECT_OK(base16_decode_fixed_0x(MSPAN_OF(bytes), span_str(hex.text)));
    memcpy(sig.rs, bytes, 64);
    sig.recovery_id = (uint8_t)(bytes[64] - 27);
    eip191_hash(&hash, SPAN_LIT("Hello"));
    EXPECT_OK(secp256k1_recover(&key, &hash, &sig));
    address_print(text, address_of_public_key(key.xy));
    EXPECT_STR(first_address, text);
    char payload[512];
    encode(
        payload, sizeof payload,
        SPAN_LIT("{\"types\":{\"M\":[{\"name\":\"a\",\"type\":\"string\"}]},\"primaryType\":\"M\","
                 "\"domain\":{\"name\":\"D\",\"chainId\":1},\"message\":{\"a\":\"b\"}}"));
    EXPECT(rig_ask(&b->r, "message_sign_begin",
                   "\"account_id\":\"%s\",\"kind\":\"typed_data\",\"payload\":\"%s\"",
                   rig_account(&b->r), payload));
    EXPECT_STR("D", rig_text(b->r.result, "reading.domain_name").text);
    EXPECT(finish(b, "message_sign_finish"));
    RIG_REFUSED(&b->r, "message_bad", "message_sign_begin",
                "\"account_id\":\"%s\",\"kind\":\"typed_data\",\"payload\":\"SGVsbG8\"",
                rig_account(&b->r));
    done(b);
}

TEST(locking_the_wallet_locks_the_vault_and_the_vault_unlocks_both)
{
    struct bench *b = start_ordinary();
    TEST_REQUIRE(b);
    EXPECT(rig_ask(&b->r, "lock", " "));
    rig_turn(&b->r, 10);
    EXPECT_STR("locked", vault_state(b));
    RIG_REFUSED(&b->r, "locked", "ordinary_create", "\"name\":\"A\",\"words\":12");
    RIG_REFUSED(&b->r, "locked", "vault_change_begin", "\"what\":\"passkey\"");
    EXPECT(unlock(b));
    EXPECT(rig_ask(&b->r, "accounts_list", " "));
    done(b);
}

TEST_MAIN
