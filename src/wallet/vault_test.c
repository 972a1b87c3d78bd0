/* The vault's engine: enrolment with every refusal, locking, wrong tries, a store that fails, signing. */
#include "wallet/vault.h"

#include "base/rng.h"
#include "base/test.h"
#include "crypto/backend.h"
#include "evm/eip191.h"
#include "evm/tx.h"
#include "webauthn/software_passkey_test.h"

#include <string.h>

/* A vault with its surroundings; too large for a stack. */
static struct rig {
    struct vault_store store;
    bool fails;
    unsigned saves;
    uint8_t saved[CAPSULE_LEN];
    struct rng_seeded rng;
    struct vault_cfg cfg;
    struct vault v;
    struct made made;
    struct vault_enrolled enrolled;
    instant now;
} rig;

static enum err rig_save(struct vault_store *self, struct span capsule)
{
    struct rig *r = (struct rig *)(void *)self;
    if (r->fails) {
        return ERR_IO;
    }
    EXPECT_EQ(CAPSULE_LEN, span_copy(MSPAN_OF(r->saved), capsule));
    r->saves++;
    return OK;
}

static struct rig *start(void)
{
    struct rig *r = &rig;
    memset(r, 0, sizeof *r);
    EXPECT_OK(crypto_init());
    rng_seeded_init(&r->rng, test_seed());
    r->store.save = rig_save;
    r->now = (instant){.us = 1000};
    r->cfg = (struct vault_cfg){
        .budget = test_budget(),
        .work = test_budget(),
        .rng = &r->rng.rng,
        .store = &r->store,
        .idle_us = VAULT_IDLE_US,
        .phrase_cost = {.passes = 1, .memory_kib = 8}
    };
    EXPECT_OK(vault_init(&r->v, &r->cfg, SPAN_EMPTY));
    return r;
}

static void restart(struct rig *r)
{
    vault_done(&r->v);
    EXPECT_OK(vault_init(&r->v, &r->cfg, r->saves > 0 ? SPAN_OF(r->saved) : SPAN_EMPTY));
}

/* An authenticator: its key, its credential, and what its PRF gives. */
struct token {
    struct software_passkey key;
    uint8_t id[16];
    uint8_t secret[32];
};

static struct token token_make(uint8_t seed)
{
    struct token t = {.key = software_passkey_make(seed)};
    memset(t.id, seed, sizeof t.id);
    memset(t.secret, seed ^ 0x5a, sizeof t.secret);
    return t;
}

static void token_prf(struct secret32 *ret, const struct token *t, const uint8_t *input)
{
    struct span part = span_of(input, 32);
    hmac_sha256(ret, SPAN_OF(t->secret), &part, 1);
}

static const struct vault_place *place(void)
{
    static struct vault_place p;
    p = (struct vault_place){.rp_id = software_rp.id, .origin = software_rp.origin};
    return &p;
}

static void use(struct rig *r, const struct token *t, struct making how)
{
    how.challenge = SPAN_OF(r->enrolled.challenge);
    how.credential_id = SPAN_OF(t->id);
    software_passkey_use(&r->made, &t->key, how);
}

static enum err created(struct rig *r, const struct token *t, struct making how)
{
    use(r, t, how);
    return vault_enrol_created(&r->v, r->now, &r->enrolled, place(), &r->made.registration);
}

static enum err
asserted(struct rig *r, const struct token *t, struct making how, const struct secret32 *prf)
{
    struct secret32 out;
    token_prf(&out, t, r->enrolled.prf_input);
    use(r, t, how);
    return vault_enrol_asserted(&r->v, r->now, &r->enrolled, &r->made.assertion,
                                prf ? SPAN_OF(prf->bytes) : SPAN_OF(out.bytes));
}

static void enrol(struct rig *r, const struct token *t)
{
    EXPECT_OK(vault_enrol_begin(&r->v, r->now, &r->enrolled));
    EXPECT_OK(created(r, t, making_create()));
    EXPECT_OK(asserted(r, t, making_get(), NULL));
    EXPECT(!r->enrolled.is_done);
    struct making second = making_get();
    second.sign_count = 2;
    EXPECT_OK(asserted(r, t, second, NULL));
    EXPECT(r->enrolled.is_done);
    EXPECT_EQ(VAULT_OPEN, r->v.state);
}

static enum err unlock(struct rig *r, const struct token *t)
{
    for (size_t i = 0; i < r->v.head.recipients_count; i++) {
        const struct capsule_recipient *c = &r->v.head.recipients[i];
        if (span_equal(span_of(c->credential_id, c->credential_id_len), SPAN_OF(t->id))) {
            struct secret32 prf;
            token_prf(&prf, t, c->prf_input);
            return vault_unlock(&r->v, r->now, SPAN_OF(t->id), SPAN_OF(prf.bytes));
        }
    }
    return ERR_NOT_FOUND;
}

TEST(two_matching_assertions_and_only_then_trusted)
{
    struct rig *r = start();
    struct token t = token_make(1);
    EXPECT_EQ(VAULT_NONE, r->v.state);
    enrol(r, &t);
    EXPECT_EQ(1, r->saves);
    restart(r);
    EXPECT_EQ(VAULT_LOCKED, r->v.state);
    EXPECT_OK(unlock(r, &t));
    EXPECT_EQ(VAULT_OPEN, r->v.state);
    vault_done(&r->v);
}

enum stage { AT_CREATION, AT_FIRST, AT_SECOND };

TEST(each_refusal_has_its_reason)
{
    static const struct secret32 zero = {{0}};
    static const struct secret32 other = {
        {1, 2, 3}
    };
    static const struct {
        const char *name;
        enum stage stage;
        uint8_t flags; /* 0: as usual */
        const char *type;
        const char *rp_id;
        const struct secret32 *prf;
        enum vault_refusal why;
    } cases[] = {
        {"created without UV",          AT_CREATION, AUTH_DATA_UP | AUTH_DATA_AT, NULL,              NULL,        NULL,
         VAULT_NO_USER_VERIFICATION                                                                                                                 },
        {"created without UP",          AT_CREATION, AUTH_DATA_UV | AUTH_DATA_AT, NULL,              NULL,        NULL,
         VAULT_ASSERTION_REFUSED                                                                                                                    },
        {"created elsewhere",           AT_CREATION, 0,                           NULL,              "localhost", NULL,   VAULT_ASSERTION_REFUSED   },
        {"an assertion as creation",    AT_CREATION, 0,                           "webauthn.get",    NULL,        NULL,
         VAULT_ASSERTION_REFUSED                                                                                                                    },
        {"first without UV",            AT_FIRST,    AUTH_DATA_UP,                NULL,              NULL,        NULL,   VAULT_NO_USER_VERIFICATION},
        {"second without UV",           AT_SECOND,   AUTH_DATA_UP,                NULL,              NULL,        NULL,
         VAULT_NO_USER_VERIFICATION                                                                                                                 },
        {"create-time value",           AT_FIRST,    0,                           "webauthn.create", NULL,        NULL,   VAULT_CREATE_VALUE        },
        {"create-time value as second", AT_SECOND,   0,                           "webauthn.create", NULL,        NULL,
         VAULT_CREATE_VALUE                                                                                                                         },
        {"another RP ID",               AT_FIRST,    0,                           NULL,              "localhost", NULL,   VAULT_ASSERTION_REFUSED   },
        {"zero output",                 AT_FIRST,    0,                           NULL,              NULL,        &zero,  VAULT_PRF_MISSING         },
        {"changing output",             AT_SECOND,   0,                           NULL,              NULL,        &other, VAULT_PRF_CHANGED         },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rig *r = start();
        struct token t = token_make(1);
        test_note("%s", cases[i].name);
        struct making how = cases[i].stage == AT_CREATION ? making_create() : making_get();
        how.flags = cases[i].flags ? cases[i].flags : how.flags;
        how.type = cases[i].type ? cases[i].type : how.type;
        how.rp_id = cases[i].rp_id;
        EXPECT_OK(vault_enrol_begin(&r->v, r->now, &r->enrolled));
        if (cases[i].stage == AT_CREATION) {
            EXPECT_ERR(ERR_DENIED, created(r, &t, how));
        } else {
            EXPECT_OK(created(r, &t, making_create()));
            if (cases[i].stage == AT_SECOND) {
                EXPECT_OK(asserted(r, &t, making_get(), NULL));
            }
            EXPECT_ERR(ERR_DENIED, asserted(r, &t, how, cases[i].prf));
        }
        EXPECT_EQ(cases[i].why, r->enrolled.refusal);
        EXPECT_EQ(0, r->saves);
        EXPECT_EQ(VAULT_NONE, r->v.state);
        EXPECT_ERR(ERR_STATE, asserted(r, &t, making_get(), NULL)); /* it is over */
        vault_done(&r->v);
    }
}

TEST(an_assertion_of_another_passkey_or_challenge)
{
    struct rig *r = start();
    struct token t = token_make(1);
    struct token stranger = token_make(2);
    EXPECT_OK(vault_enrol_begin(&r->v, r->now, &r->enrolled));
    EXPECT_OK(created(r, &t, making_create()));
    EXPECT_ERR(ERR_DENIED, asserted(r, &stranger, making_get(), NULL));
    EXPECT_EQ(VAULT_ASSERTION_REFUSED, r->enrolled.refusal);
    EXPECT_OK(vault_enrol_begin(&r->v, r->now, &r->enrolled));
    EXPECT_OK(created(r, &t, making_create()));
    EXPECT_OK(asserted(r, &t, making_get(), NULL));
    /* The first assertion again: its challenge is used up. */
    struct secret32 prf;
    token_prf(&prf, &t, r->enrolled.prf_input);
    EXPECT_ERR(ERR_DENIED, vault_enrol_asserted(&r->v, r->now, &r->enrolled, &r->made.assertion,
                                                SPAN_OF(prf.bytes)));
    EXPECT_EQ(VAULT_ASSERTION_REFUSED, r->enrolled.refusal);
    vault_done(&r->v);
}

TEST(steps_out_of_order_and_too_late)
{
    struct rig *r = start();
    struct token t = token_make(1);
    EXPECT_ERR(ERR_STATE, created(r, &t, making_create()));
    EXPECT_OK(vault_enrol_begin(&r->v, r->now, &r->enrolled));
    EXPECT_ERR(ERR_STATE, asserted(r, &t, making_get(), NULL));
    EXPECT_ERR(ERR_STATE, created(r, &t, making_create())); /* the wrong step ended it */
    EXPECT_OK(vault_enrol_begin(&r->v, r->now, &r->enrolled));
    r->now = instant_add(r->now, VAULT_REQUEST_US - 1);
    EXPECT_OK(created(r, &t, making_create()));
    r->now = instant_add(r->now, 1);
    EXPECT_ERR(ERR_STATE, asserted(r, &t, making_get(), NULL));
    vault_done(&r->v);
}

TEST(a_store_that_fails_changes_nothing)
{
    struct rig *r = start();
    struct token t = token_make(1);
    EXPECT_OK(vault_enrol_begin(&r->v, r->now, &r->enrolled));
    EXPECT_OK(created(r, &t, making_create()));
    EXPECT_OK(asserted(r, &t, making_get(), NULL));
    r->fails = true;
    EXPECT_ERR(ERR_IO, asserted(r, &t, making_get(), NULL));
    EXPECT_EQ(VAULT_NONE, r->v.state);
    r->fails = false;
    enrol(r, &t);
    uint32_t number = 0;
    r->fails = true;
    EXPECT_ERR(ERR_IO, vault_draw_phrase(&r->v, r->now, &number, 12));
    struct buf text;
    buf_init_secret(&text, test_budget(), BIP39_PHRASE_MAX);
    EXPECT_ERR(ERR_IO, vault_add_recovery(&r->v, r->now, &text));
    EXPECT_EQ(0, text.n);
    r->fails = false;
    EXPECT_OK(vault_draw_phrase(&r->v, r->now, &number, 12));
    EXPECT_EQ(1, number);
    EXPECT_EQ(1, r->v.head.recipients_count);
    buf_done(&text);
    vault_done(&r->v);
}

TEST(further_passkeys_open_the_same_vault)
{
    struct rig *r = start();
    struct token tokens[CAPSULE_RECIPIENTS_MAX];
    uint32_t number = 0;
    struct address first;
    struct address again;
    struct bip32_path path;
    EXPECT_OK(bip44_path(&path, BIP44_ADDRESS, 0));
    for (uint8_t i = 0; i < CAPSULE_RECIPIENTS_MAX; i++) {
        tokens[i] = token_make((uint8_t)(i + 1));
        enrol(r, &tokens[i]);
    }
    EXPECT_ERR(ERR_LIMIT, vault_enrol_begin(&r->v, r->now, &r->enrolled));
    EXPECT_OK(vault_draw_phrase(&r->v, r->now, &number, 12));
    EXPECT_OK(vault_address(&r->v, r->now, &first, number, &path));
    for (uint8_t i = 0; i < CAPSULE_RECIPIENTS_MAX; i++) {
        restart(r);
        EXPECT_OK(unlock(r, &tokens[i]));
        EXPECT_OK(vault_address(&r->v, r->now, &again, number, &path));
        EXPECT(address_equal(first, again));
    }
    for (uint8_t i = 0; i + 1 < CAPSULE_RECIPIENTS_MAX; i++) {
        EXPECT_OK(vault_remove(&r->v, r->now, SPAN_OF(tokens[i].id)));
    }
    EXPECT_ERR(ERR_NOT_FOUND, vault_remove(&r->v, r->now, SPAN_OF(tokens[0].id)));
    EXPECT_ERR(ERR_DENIED, vault_remove(&r->v, r->now, SPAN_OF(tokens[7].id)));
    restart(r);
    EXPECT_ERR(ERR_NOT_FOUND, unlock(r, &tokens[0]));
    EXPECT_OK(unlock(r, &tokens[7]));
    vault_done(&r->v);
}

TEST(a_known_passkey_is_not_enrolled_again)
{
    struct rig *r = start();
    struct token t = token_make(1);
    enrol(r, &t);
    EXPECT_OK(vault_enrol_begin(&r->v, r->now, &r->enrolled));
    EXPECT_ERR(ERR_DENIED, created(r, &t, making_create()));
    EXPECT_EQ(VAULT_KNOWN_CREDENTIAL, r->enrolled.refusal);
    EXPECT_EQ(1, r->saves);
    vault_done(&r->v);
}

TEST(the_recovery_phrase_opens_it)
{
    struct rig *r = start();
    struct token t = token_make(1);
    struct buf text;
    buf_init_secret(&text, test_budget(), BIP39_PHRASE_MAX);
    EXPECT_ERR(ERR_STATE, vault_add_recovery(&r->v, r->now, &text));
    enrol(r, &t);
    EXPECT_OK(vault_add_recovery(&r->v, r->now, &text));
    EXPECT_ERR(ERR_STATE, vault_add_recovery(&r->v, r->now, &text));
    restart(r);
    EXPECT_ERR(ERR_MALFORMED, vault_unlock_phrase(&r->v, r->now, SPAN_LIT("abandon")));
    EXPECT_ERR(ERR_AUTH,
               vault_unlock_phrase(&r->v, r->now,
                                   SPAN_LIT("zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong")));
    EXPECT_OK(vault_unlock_phrase(&r->v, r->now, buf_span(&text)));
    EXPECT_EQ(VAULT_OPEN, r->v.state);
    buf_done(&text);
    vault_done(&r->v);
}

TEST(a_capsule_moves_to_an_empty_home)
{
    struct rig *r = start();
    struct token t = token_make(1);
    static uint8_t backup[CAPSULE_LEN];
    enrol(r, &t);
    memcpy(backup, r->saved, sizeof backup);
    EXPECT_ERR(ERR_STATE, vault_restore(&r->v, SPAN_OF(backup)));
    vault_done(&r->v);
    r = start();
    backup[100] ^= 1;
    EXPECT_ERR(ERR_AUTH, vault_restore(&r->v, SPAN_OF(backup)));
    backup[100] ^= 1;
    r->fails = true;
    EXPECT_ERR(ERR_IO, vault_restore(&r->v, SPAN_OF(backup)));
    EXPECT_EQ(VAULT_NONE, r->v.state);
    r->fails = false;
    EXPECT_OK(vault_restore(&r->v, SPAN_OF(backup)));
    EXPECT_OK(unlock(r, &t));
    vault_done(&r->v);
}

TEST(it_locks_when_idle)
{
    struct rig *r = start();
    struct token t = token_make(1);
    uint32_t number;
    EXPECT(instant_is_never(vault_deadline(&r->v)));
    enrol(r, &t);
    r->now = instant_add(r->now, VAULT_IDLE_US - 1);
    vault_tick(&r->v, r->now);
    EXPECT_OK(vault_draw_phrase(&r->v, r->now, &number, 12)); /* a use puts it off */
    EXPECT_EQ(r->now.us + VAULT_IDLE_US, vault_deadline(&r->v).us);
    r->now = instant_add(r->now, VAULT_IDLE_US);
    EXPECT_ERR(ERR_STATE, vault_draw_phrase(&r->v, r->now, &number, 12)); /* also without a tick */
    EXPECT_EQ(VAULT_LOCKED, r->v.state);
    EXPECT(instant_is_never(vault_deadline(&r->v)));
    vault_done(&r->v);
}

/* Locked: nothing of the content is in memory. */
TEST(locking_wipes)
{
    struct rig *r = start();
    struct token t = token_make(1);
    uint32_t number;
    static const struct secret32 planted = {
        {0xd5, 0x11, 0x7a, 0x93, 0x42, 0x42, 0x42, 0x42, 9}
    };
    enrol(r, &t);
    EXPECT_OK(vault_add_key(&r->v, r->now, &number, &planted));
    vault_lock(&r->v);
    const uint8_t *room = guarded_read(&r->v.content);
    uint8_t seen = 0;
    for (size_t i = 0; i < r->v.content.n; i++) {
        seen |= room[i];
    }
    guarded_close(&r->v.content);
    EXPECT_EQ(0, seen);
    const uint8_t *whole = (const uint8_t *)&r->v;
    bool is_there = false;
    for (size_t i = 0; i + 8 <= sizeof r->v; i++) {
        is_there = is_there || memcmp(whole + i, planted.bytes, 8) == 0;
    }
    EXPECT(!is_there);
    vault_done(&r->v);
}

TEST(wrong_tries_are_slowed_down)
{
    struct rig *r = start();
    struct token t = token_make(1);
    static const struct secret32 wrong = {{1}};
    enrol(r, &t);
    restart(r);
    for (unsigned i = 0; i < VAULT_FREE_TRIES; i++) {
        EXPECT_ERR(ERR_AUTH, vault_unlock(&r->v, r->now, SPAN_OF(t.id), SPAN_OF(wrong.bytes)));
    }
    uint64_t wait = 1000000;
    for (unsigned i = 0; i < 16; i++) {
        test_note("wait %u", i);
        EXPECT_EQ(r->now.us + (wait < VAULT_WAIT_US_MAX ? wait : VAULT_WAIT_US_MAX),
                  r->v.try_at.us);
        EXPECT_ERR(ERR_TIMEOUT, unlock(r, &t)); /* also the right one */
        r->now = (instant){.us = r->v.try_at.us - 1};
        EXPECT_ERR(ERR_TIMEOUT, unlock(r, &t));
        r->now = r->v.try_at;
        EXPECT_ERR(ERR_AUTH, vault_unlock(&r->v, r->now, SPAN_OF(t.id), SPAN_OF(wrong.bytes)));
        wait *= 2;
    }
    r->now = r->v.try_at;
    EXPECT_OK(unlock(r, &t));
    EXPECT_EQ(0, r->v.wrong_tries);
    /* A wrong try on an open vault leaves it open. */
    EXPECT_ERR(ERR_AUTH, vault_unlock(&r->v, r->now, SPAN_OF(t.id), SPAN_OF(wrong.bytes)));
    uint32_t number;
    EXPECT_OK(vault_draw_phrase(&r->v, r->now, &number, 12));
    EXPECT_ERR(ERR_MALFORMED, vault_unlock(&r->v, r->now, SPAN_OF(t.id), SPAN_LIT("short")));
    vault_done(&r->v);
}

/* EIP-155's example, unsigned: to 0x3535..., 1 ether, chain 1. */
static const char *const unsigned_tx =
    "ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080";
static const char *const key_hex =
    "4646464646464646464646464646464646464646464646464646464646464646";

static struct rig *start_with_key(struct token *t, uint32_t *ret_number)
{
    struct rig *r = start();
    struct secret32 key;
    *t = token_make(1);
    memcpy(key.bytes, test_hex(key_hex).p, 32);
    enrol(r, t);
    EXPECT_OK(vault_add_key(&r->v, r->now, ret_number, &key));
    return r;
}

static enum err
prepare(struct rig *r, uint32_t number, enum vault_signable kind, struct span payload)
{
    struct vault_prepared p = {.challenge = {0}};
    const struct vault_request q = {.number = number, .kind = kind, .payload = payload};
    TRY(vault_prepare(&r->v, r->now, &p, &q));
    memcpy(r->enrolled.challenge, p.challenge, 32);
    return OK;
}

static enum err
sign(struct rig *r, const struct token *t, struct making how, struct secp256k1_signature *sig)
{
    use(r, t, how);
    return vault_sign(&r->v, r->now, sig, SPAN_OF(t->id), &r->made.assertion);
}

TEST(a_transaction_is_signed_as_the_standard_says)
{
    struct token t;
    uint32_t number = 0;
    struct secp256k1_signature sig;
    struct rig *r = start_with_key(&t, &number);
    EXPECT_OK(prepare(r, number, VAULT_SIGN_TRANSACTION, test_hex(unsigned_tx)));
    EXPECT_OK(sign(r, &t, making_get(), &sig));
    EXPECT_SPAN(test_hex("28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276"
                         "67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"),
                SPAN_OF(sig.rs));
    EXPECT_ERR(ERR_STATE, sign(r, &t, making_get(), &sig)); /* once */
    vault_done(&r->v);
}

TEST(an_open_vault_obeys_nobody)
{
    static const struct {
        const char *name;
        uint8_t flags;
        const char *type;
        const char *rp_id;
        enum err err;
    } cases[] = {
        {"no user verification", AUTH_DATA_UP, NULL,              NULL,        ERR_AUTH},
        {"no presence",          AUTH_DATA_UV, NULL,              NULL,        ERR_AUTH},
        {"a creation",           0,            "webauthn.create", NULL,        ERR_AUTH},
        {"another RP ID",        0,            NULL,              "localhost", ERR_AUTH},
    };
    struct token t;
    uint32_t number = 0;
    struct secp256k1_signature sig;
    struct rig *r = start_with_key(&t, &number);
    EXPECT_ERR(ERR_STATE, sign(r, &t, making_get(), &sig)); /* nothing prepared */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct making how = making_get();
        test_note("%s", cases[i].name);
        how.flags = cases[i].flags ? cases[i].flags : how.flags;
        how.type = cases[i].type ? cases[i].type : how.type;
        how.rp_id = cases[i].rp_id;
        EXPECT_OK(prepare(r, number, VAULT_SIGN_MESSAGE, SPAN_LIT("hello")));
        EXPECT_ERR(cases[i].err, sign(r, &t, how, &sig));
        EXPECT_ERR(ERR_STATE, sign(r, &t, making_get(), &sig)); /* used up by the failure */
    }
    struct token stranger = token_make(9);
    EXPECT_OK(prepare(r, number, VAULT_SIGN_MESSAGE, SPAN_LIT("hello")));
    EXPECT_ERR(ERR_NOT_FOUND, sign(r, &stranger, making_get(), &sig));
    memcpy(stranger.id, t.id, sizeof t.id); /* its name, another key */
    EXPECT_OK(prepare(r, number, VAULT_SIGN_MESSAGE, SPAN_LIT("hello")));
    EXPECT_ERR(ERR_AUTH, sign(r, &stranger, making_get(), &sig));
    /* The assertion for one message does not sign the next, even the same one again. */
    EXPECT_OK(prepare(r, number, VAULT_SIGN_MESSAGE, SPAN_LIT("hello")));
    use(r, &t, making_get());
    EXPECT_OK(prepare(r, number, VAULT_SIGN_MESSAGE, SPAN_LIT("hello")));
    EXPECT_ERR(ERR_AUTH, vault_sign(&r->v, r->now, &sig, SPAN_OF(t.id), &r->made.assertion));
    EXPECT_OK(prepare(r, number, VAULT_SIGN_MESSAGE, SPAN_LIT("hello")));
    r->now = instant_add(r->now, VAULT_REQUEST_US);
    EXPECT_ERR(ERR_STATE, sign(r, &t, making_get(), &sig)); /* too late */
    EXPECT_OK(prepare(r, number, VAULT_SIGN_MESSAGE, SPAN_LIT("hello")));
    vault_lock(&r->v);
    EXPECT_ERR(ERR_STATE, sign(r, &t, making_get(), &sig));
    vault_done(&r->v);
}

TEST(what_cannot_be_prepared)
{
    static const struct {
        const char *name;
        enum vault_signable kind;
        const char *payload; /* hex for a transaction */
        enum err err;
    } cases[] = {
        {"another type",   VAULT_SIGN_TRANSACTION, "00",                                         ERR_UNSUPPORTED},
        {"no transaction", VAULT_SIGN_TRANSACTION, "02c0",                                       ERR_MALFORMED  },
        {"of any chain",   VAULT_SIGN_TRANSACTION,
         "e9098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080", ERR_DENIED     },
        {"signed already", VAULT_SIGN_TRANSACTION,
         "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a"
         "0"
         "28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb7033"
         "0"
         "4b3800ccf555c9f3dc64214b297fb1966a3b6d83",                                             ERR_DENIED     },
        {"no typed data",  VAULT_SIGN_TYPED_DATA,  "[]",                                         ERR_MALFORMED  },
        {"no JSON",        VAULT_SIGN_TYPED_DATA,  "{",                                          ERR_MALFORMED  },
    };
    struct token t;
    uint32_t number = 0;
    struct secp256k1_signature sig;
    struct rig *r = start_with_key(&t, &number);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        struct span payload = cases[i].kind == VAULT_SIGN_TRANSACTION ? test_hex(cases[i].payload)
                                                                      : span_str(cases[i].payload);
        EXPECT_OK(prepare(r, number, VAULT_SIGN_MESSAGE, SPAN_LIT("before")));
        EXPECT_ERR(cases[i].err, prepare(r, number, cases[i].kind, payload));
        EXPECT_ERR(ERR_STATE, sign(r, &t, making_get(), &sig)); /* the one before is dropped */
    }
    EXPECT_ERR(ERR_NOT_FOUND, prepare(r, 99, VAULT_SIGN_MESSAGE, SPAN_LIT("x")));
    vault_done(&r->v);
}

/* The account of the phrase that every development node uses signs a message. */
TEST(a_phrase_signs_at_its_paths)
{
    struct rig *r = start();
    struct token t = token_make(1);
    struct bip39_entropy entropy;
    struct secp256k1_signature sig;
    struct secp256k1_public key;
    struct vault_prepared p;
    uint32_t number = 0;
    enrol(r, &t);
    EXPECT_OK(bip39_parse(&entropy, test_budget(),
                          SPAN_LIT("test test test test test test test test test test test junk"),
                          NULL));
    for (unsigned i = 0; i < 2; i++) { /* a second time it is there already */
        memset(entropy.bytes + entropy.n, i ? 0x5a : 0xa5, sizeof entropy.bytes - entropy.n);
        EXPECT_OK(vault_add_phrase(&r->v, r->now, &number, &entropy, SPAN_EMPTY));
        EXPECT_EQ(1, number);
    }
    struct vault_request q = {
        .number = number, .kind = VAULT_SIGN_MESSAGE, .payload = SPAN_LIT("hello world")};
    EXPECT_OK(bip44_path(&q.path, BIP44_ADDRESS, 0));
    EXPECT_OK(vault_prepare(&r->v, r->now, &p, &q));
    char text[ADDRESS_TEXT_LEN];
    address_print(text, p.address);
    EXPECT_STR("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", text);
    EXPECT_SPAN(test_hex("d9eba16ed0ecae432b71fe008c98cc872bb4cc214d3220a36f365326cf807d68"),
                SPAN_OF(p.reading.hash.bytes));
    memcpy(r->enrolled.challenge, p.challenge, 32);
    EXPECT_OK(sign(r, &t, making_get(), &sig));
    EXPECT_OK(secp256k1_recover(&key, &p.reading.hash, &sig));
    EXPECT(address_equal(p.address, address_of_public_key(key.xy)));
    vault_done(&r->v);
}

TEST(entries_are_bounded)
{
    struct rig *r = start();
    struct token t = token_make(1);
    uint32_t number = 0;
    struct secret32 key = {{0}};
    enrol(r, &t);
    EXPECT_ERR(ERR_MALFORMED, vault_add_key(&r->v, r->now, &number, &key));
    key.bytes[0] = 1;
    struct bip39_entropy entropy = {.n = 32};
    static const uint8_t long_text[VAULT_PASSPHRASE_MAX + 1] = {'x'};
    EXPECT_ERR(ERR_LIMIT, vault_add_phrase(&r->v, r->now, &number, &entropy, SPAN_OF(long_text)));
    for (unsigned i = 0; i < VAULT_ENTRIES_MAX; i++) {
        key.bytes[1] = (uint8_t)i;
        entropy.bytes[1] = (uint8_t)i;
        EXPECT_OK(i % 2 ? vault_add_key(&r->v, r->now, &number, &key)
                        : vault_add_phrase(&r->v, r->now, &number, &entropy,
                                           span_of(long_text, VAULT_PASSPHRASE_MAX)));
        EXPECT_EQ(i + 1, number);
    }
    key.bytes[1] = 1;
    EXPECT_OK(vault_add_key(&r->v, r->now, &number, &key)); /* is there already */
    EXPECT_EQ(2, number);
    key.bytes[1] = 77;
    EXPECT_ERR(ERR_LIMIT, vault_add_key(&r->v, r->now, &number, &key));
    restart(r);
    EXPECT_ERR(ERR_STATE, vault_add_key(&r->v, r->now, &number, &key));
    EXPECT_OK(unlock(r, &t));
    EXPECT_ERR(ERR_LIMIT, vault_add_key(&r->v, r->now, &number, &key));
    vault_done(&r->v);
}

TEST_MAIN
