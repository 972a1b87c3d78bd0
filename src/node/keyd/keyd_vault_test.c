/* The vault's requests of keyd: the whole way of each, the capability, sealed messages that come twice, a store that fails. */
#include "node/keyd/keyd.h"

#include "base/check.h"
#include "base/rd.h"
#include "base/test.h"
#include "base/wr.h"
#include "crypto/backend.h"
#include "node/keyd/vault_rig_test.h"
#include "wallet/vault_channel.h"

#include <string.h>

static struct bench {
    struct keyd_store store;
    unsigned saves;
    unsigned fail_at; /* the save with this number fails, 0: none */
    size_t n;
    uint8_t content[16384];
    uint8_t reply[KEYD_REPLY_MAX];
    struct rng_seeded rng;
    struct keyd_cfg cfg;
    struct keyd k;
    uint32_t capabilities;
    struct vault_rig rig;
} bench;

static enum err bench_save(struct keyd_store *self, struct span content)
{
    struct bench *b = (struct bench *)(void *)self;
    b->saves++;
    if (b->saves == b->fail_at) {
        return ERR_IO;
    }
    b->n = span_copy(MSPAN_OF(b->content), content);
    check(b->n == content.n);
    return OK;
}

static enum err bench_ask(void *user, struct span *ret_body, uint8_t op, struct span body)
{
    struct bench *b = user;
    static uint8_t request[20000];
    struct wr w = wr_init(MSPAN_OF(request));
    wr_u8(&w, KEYD_VERSION);
    wr_u8(&w, op);
    wr_be32(&w, 7);
    wr_bytes(&w, body);
    check(wr_ok(&w));
    size_t n = keyd_answer(&b->k, MSPAN_OF(b->reply), b->capabilities, span_of(request, w.n));
    *ret_body = span_from(span_of(b->reply, n), 7);
    return (enum err)b->reply[6];
}

static struct bench *start(void)
{
    struct bench *b = &bench;
    memset(b, 0, sizeof *b);
    EXPECT_OK(crypto_init());
    rng_seeded_init(&b->rng, test_seed());
    b->store.save = bench_save;
    b->capabilities = KEYD_MAY_VAULT;
    b->cfg = (struct keyd_cfg){
        .budget = test_budget(),
        .rng = &b->rng.rng,
        .store = &b->store,
        .work = test_budget(),
        .phrase_cost = {.passes = 1, .memory_kib = 8},
        .key_file_log2_n = 12,
        .idle_us = VAULT_IDLE_US
    };
    EXPECT_OK(keyd_init(&b->k, &b->cfg, SPAN_EMPTY));
    keyd_tick(&b->k, (instant){.us = 1});
    vault_rig_init(&b->rig, bench_ask, b, 1);
    return b;
}

static void restart(struct bench *b)
{
    keyd_done(&b->k);
    EXPECT_OK(keyd_init(&b->k, &b->cfg, span_of(b->content, b->n)));
    keyd_tick(&b->k, (instant){.us = 1});
}

#define TEST_PHRASE "test test test test test test test test test test test junk"

static const uint8_t planted[32] = {0x46, 0xd5, 0x11, 0x7a, 0x93, 0x42, 0x18, 0xee, 0x77};

TEST(enrolled_locked_unlocked_and_signed)
{
    struct bench *b = start();
    struct secp256k1_signature sig;
    uint32_t number = 0;
    EXPECT_EQ(VAULT_NONE, vault_rig_state(&b->rig));
    TEST_REQUIRE(vault_rig_enrol(&b->rig));
    EXPECT_OK(vault_rig_import(&b->rig, &number, VAULT_KEY, SPAN_OF(planted)));
    restart(b);
    EXPECT_EQ(VAULT_LOCKED, vault_rig_state(&b->rig));
    EXPECT_ERR(ERR_STATE,
               vault_rig_prepare(&b->rig, number, VAULT_SIGN_MESSAGE, "", SPAN_LIT("x")));
    EXPECT_OK(vault_rig_unlock(&b->rig));
    EXPECT_OK(vault_rig_prepare(&b->rig, number, VAULT_SIGN_MESSAGE, "", SPAN_LIT("x")));
    EXPECT_OK(vault_rig_sign(&b->rig, &sig, making_get()));
    EXPECT_ERR(ERR_STATE, vault_rig_sign(&b->rig, &sig, making_get()));
    struct making unverified = making_get();
    unverified.flags = AUTH_DATA_UP;
    EXPECT_OK(vault_rig_prepare(&b->rig, number, VAULT_SIGN_MESSAGE, "", SPAN_LIT("x")));
    EXPECT_ERR(ERR_AUTH, vault_rig_sign(&b->rig, &sig, unverified));
    struct span body;
    EXPECT_OK(bench_ask(b, &body, KEYD_VAULT_LOCK, SPAN_EMPTY));
    EXPECT_EQ(VAULT_LOCKED, vault_rig_state(&b->rig));
    EXPECT_OK(vault_rig_unlock(&b->rig));
    keyd_slept(&b->k);
    EXPECT_EQ(VAULT_LOCKED, vault_rig_state(&b->rig));
    EXPECT_OK(vault_rig_unlock(&b->rig));
    keyd_tick(&b->k, keyd_deadline(&b->k));
    EXPECT_EQ(VAULT_LOCKED, vault_rig_state(&b->rig));
    keyd_done(&b->k);
}

TEST(refusals_come_as_verdicts)
{
    struct bench *b = start();
    struct making hows[] = {making_create(), making_get(), making_get()};
    hows[1].flags = AUTH_DATA_UP;
    EXPECT_EQ(VAULT_NO_USER_VERIFICATION, vault_rig_enrol_as(&b->rig, hows, 2));
    hows[1] = making_get();
    hows[1].type = "webauthn.create";
    EXPECT_EQ(VAULT_CREATE_VALUE, vault_rig_enrol_as(&b->rig, hows, 2));
    EXPECT_EQ(0, b->saves);
    EXPECT_EQ(VAULT_NONE, vault_rig_state(&b->rig));
    keyd_done(&b->k);
}

TEST(every_request_needs_the_capability)
{
    struct bench *b = start();
    struct span body;
    b->capabilities = KEYD_MAY_IDENTITY | KEYD_MAY_BUNDLER | KEYD_MAY_MANAGE;
    for (uint8_t op = KEYD_VAULT_STATUS; op <= KEYD_VAULT_PASSKEY; op++) {
        test_note("op %u", op);
        EXPECT_ERR(ERR_DENIED, bench_ask(b, &body, op, SPAN_EMPTY));
        EXPECT_EQ(0, body.n);
    }
    b->capabilities = KEYD_MAY_VAULT;
    EXPECT_ERR(ERR_UNSUPPORTED, bench_ask(b, &body, KEYD_VAULT_STATUS - 1, SPAN_EMPTY));
    EXPECT_ERR(ERR_UNSUPPORTED, bench_ask(b, &body, KEYD_VAULT_PASSKEY + 1, SPAN_EMPTY));
    EXPECT_ERR(ERR_DENIED, bench_ask(b, &body, KEYD_CREATE, SPAN_LIT("\x02")));
    keyd_done(&b->k);
}

/* The daemon keeps the bytes of an unlocking and sends them again. */
TEST(a_sealed_message_opens_once)
{
    struct bench *b = start();
    struct span body;
    static uint8_t again[512];
    TEST_REQUIRE(vault_rig_enrol(&b->rig));
    EXPECT_OK(vault_rig_unlock(&b->rig));
    size_t n = 2 + sizeof b->rig.id + 80;
    memcpy(again, b->rig.request, n);
    EXPECT_OK(bench_ask(b, &body, KEYD_VAULT_LOCK, SPAN_EMPTY));
    EXPECT_ERR(ERR_STATE, bench_ask(b, &body, KEYD_VAULT_UNLOCK, span_of(again, n)));
    EXPECT_OK(bench_ask(b, &body, KEYD_VAULT_CHANNEL, SPAN_EMPTY)); /* another key */
    EXPECT_ERR(ERR_MALFORMED, bench_ask(b, &body, KEYD_VAULT_UNLOCK, span_of(again, n)));
    EXPECT_ERR(ERR_STATE, bench_ask(b, &body, KEYD_VAULT_UNLOCK, span_of(again, n)));
    EXPECT_EQ(VAULT_LOCKED, vault_rig_state(&b->rig));
    EXPECT_EQ(0, b->k.vault.wrong_tries);
    /* Sealed for one request, sent as another. */
    struct wr w = wr_init(MSPAN_OF(again));
    wr_be16(&w, sizeof b->rig.id);
    wr_bytes(&w, SPAN_OF(b->rig.id));
    vault_rig_seal(&b->rig, &w, KEYD_VAULT_IMPORT, SPAN_OF(planted));
    EXPECT_ERR(ERR_MALFORMED, bench_ask(b, &body, KEYD_VAULT_UNLOCK, span_of(again, w.n)));
    keyd_done(&b->k);
}

TEST(bodies_of_another_form)
{
    static const struct {
        uint8_t op;
        const char *hex;
    } cases[] = {
        {KEYD_VAULT_STATUS,   "00"                    },
        {KEYD_VAULT_LOCK,     "00"                    },
        {KEYD_VAULT_CREATED,  ""                      },
        {KEYD_VAULT_CREATED,  "0001610001620000000000"},
        {KEYD_VAULT_ASSERTED, "00"                    },
        {KEYD_VAULT_UNLOCK,   "0010"                  },
        {KEYD_VAULT_RECOVERY, "00"                    },
        {KEYD_VAULT_REMOVE,   "000161ff"              },
        {KEYD_VAULT_IMPORT,   ""                      },
        {KEYD_VAULT_ADDRESS,  "000000"                },
        {KEYD_VAULT_ADDRESS,  "0000000100017a"        },
        {KEYD_VAULT_PREPARE,  "06000000010000"        },
        {KEYD_VAULT_DRAW,     ""                      },
        {KEYD_VAULT_EXPORT,   "00"                    },
        {KEYD_VAULT_APPROVE,  "00"                    },
        {KEYD_VAULT_PREPARE,  "00000000010000"        },
        {KEYD_VAULT_SIGN,     "00"                    },
        {KEYD_VAULT_CAPSULE,  "08"                    },
        {KEYD_VAULT_CAPSULE,  ""                      },
        {KEYD_VAULT_RESTORE,  "00"                    },
        {KEYD_VAULT_PASSKEY,  ""                      },
        {KEYD_VAULT_PASSKEY,  "000161ff"              },
    };
    struct bench *b = start();
    struct span body;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("op %u: %s", cases[i].op, cases[i].hex);
        EXPECT_ERR(ERR_MALFORMED, bench_ask(b, &body, cases[i].op, test_hex(cases[i].hex)));
    }
    keyd_done(&b->k);
}

static enum err agree_to_recovery(struct vault_rig *r, const struct x25519_key *shower)
{
    uint8_t change[33] = {KEYD_VAULT_RECOVERY};
    memcpy(change + 1, shower->public_bytes, 32);
    return vault_rig_approve(r, SPAN_OF(change), making_get());
}

/* Whoever asks without the person can let nobody else into a vault that stands open. */
TEST(an_open_vault_takes_no_change_that_its_passkey_did_not_agree_to)
{
    struct bench *b = start();
    struct span body;
    struct x25519_key shower;
    struct x25519_key other;
    struct secret32 secret = {{9}};
    static const uint8_t enrol[1] = {KEYD_VAULT_ENROL};
    TEST_REQUIRE(vault_rig_enrol(&b->rig));
    EXPECT_OK(x25519_key_init(&shower, &secret));
    secret.bytes[1] = 1; /* the lowest bits do not count */
    EXPECT_OK(x25519_key_init(&other, &secret));
    uint8_t remove[3 + sizeof b->rig.id] = {KEYD_VAULT_REMOVE, 0, sizeof b->rig.id};
    memcpy(remove + 3, b->rig.id, sizeof b->rig.id);
    EXPECT_ERR(ERR_DENIED, bench_ask(b, &body, KEYD_VAULT_ENROL, SPAN_EMPTY));
    EXPECT_ERR(ERR_DENIED, bench_ask(b, &body, KEYD_VAULT_RECOVERY, SPAN_OF(shower.public_bytes)));
    EXPECT_ERR(ERR_DENIED, bench_ask(b, &body, KEYD_VAULT_REMOVE, span_from(SPAN_OF(remove), 1)));
    struct making unverified = making_get();
    unverified.flags = AUTH_DATA_UP;
    EXPECT_ERR(ERR_AUTH, vault_rig_approve(&b->rig, SPAN_OF(enrol), unverified));
    EXPECT_ERR(ERR_DENIED, bench_ask(b, &body, KEYD_VAULT_ENROL, SPAN_EMPTY));
    EXPECT_OK(agree_to_recovery(&b->rig, &shower)); /* to this receiver */
    EXPECT_ERR(ERR_DENIED, bench_ask(b, &body, KEYD_VAULT_RECOVERY, SPAN_OF(other.public_bytes)));
    EXPECT_ERR(ERR_DENIED, bench_ask(b, &body, KEYD_VAULT_RECOVERY, SPAN_OF(shower.public_bytes)));
    EXPECT_OK(vault_rig_approve(&b->rig, SPAN_OF(enrol), making_get()));
    EXPECT_OK(bench_ask(b, &body, KEYD_VAULT_ENROL, SPAN_EMPTY));
    EXPECT_ERR(ERR_DENIED, bench_ask(b, &body, KEYD_VAULT_ENROL, SPAN_EMPTY)); /* once */
    EXPECT_OK(vault_rig_approve(&b->rig, SPAN_OF(enrol), making_get()));
    EXPECT_OK(bench_ask(b, &body, KEYD_VAULT_LOCK, SPAN_EMPTY)); /* locking forgets it */
    EXPECT_OK(vault_rig_unlock(&b->rig));
    EXPECT_ERR(ERR_DENIED, bench_ask(b, &body, KEYD_VAULT_ENROL, SPAN_EMPTY));
    EXPECT_OK(vault_rig_approve(&b->rig, SPAN_OF(remove), making_get()));
    EXPECT_ERR(ERR_DENIED, bench_ask(b, &body, KEYD_VAULT_REMOVE,
                                     span_from(SPAN_OF(remove), 1))); /* the last passkey stays */
    keyd_done(&b->k);
}

TEST(the_recovery_phrase_is_read_by_its_receiver_alone)
{
    struct bench *b = start();
    struct span body;
    struct x25519_key shower;
    struct secret32 secret = {{9}};
    static uint8_t phrase[BIP39_PHRASE_MAX];
    const uint8_t use[1] = {KEYD_VAULT_RECOVERY};
    const struct vault_use of = {.budget = test_budget(), .name = SPAN_OF(use)};
    static const uint8_t small_order[32];
    TEST_REQUIRE(vault_rig_enrol(&b->rig));
    EXPECT_OK(x25519_key_init(&shower, &secret));
    EXPECT_ERR(ERR_AUTH, bench_ask(b, &body, KEYD_VAULT_RECOVERY, SPAN_OF(small_order)));
    EXPECT_OK(agree_to_recovery(&b->rig, &shower));
    EXPECT_OK(bench_ask(b, &body, KEYD_VAULT_RECOVERY, SPAN_OF(shower.public_bytes)));
    struct mspan out = mspan_of(phrase, body.n - VAULT_CHANNEL_OVERHEAD);
    EXPECT_OK(vault_channel_open(out, &shower, of, body));
    EXPECT_OK(agree_to_recovery(&b->rig, &shower));
    EXPECT_ERR(ERR_STATE, bench_ask(b, &body, KEYD_VAULT_RECOVERY, SPAN_OF(shower.public_bytes)));
    restart(b);
    static uint8_t request[1024];
    struct wr w = wr_init(MSPAN_OF(request));
    vault_rig_seal(&b->rig, &w, KEYD_VAULT_UNLOCK_PHRASE, span_const(out));
    EXPECT_OK(bench_ask(b, &body, KEYD_VAULT_UNLOCK_PHRASE, span_of(request, w.n)));
    EXPECT_EQ(VAULT_OPEN, vault_rig_state(&b->rig));
    keyd_done(&b->k);
}

/* Opens what was exported for this receiver: kind and secret. */
static uint8_t open_exported(struct buf *out, const struct x25519_key *receiver, struct span body)
{
    static uint8_t room[BIP39_PHRASE_MAX];
    const uint8_t use[1] = {KEYD_VAULT_EXPORT};
    const struct vault_use of = {.budget = test_budget(), .name = SPAN_OF(use)};
    struct mspan plain = mspan_of(room, body.n - 1 - VAULT_CHANNEL_OVERHEAD);
    EXPECT_OK(vault_channel_open(plain, receiver, of, span_from(body, 1)));
    buf_clear(out);
    EXPECT_OK(buf_append(out, span_const(plain)));
    return body.p[0];
}

TEST(a_phrase_and_a_key_go_out_to_their_receiver_alone)
{
    struct bench *b = start();
    struct span body;
    struct buf out;
    struct x25519_key receiver;
    struct secp256k1_signature sig;
    struct secret32 secret = {{9}};
    uint32_t number = 0;
    buf_init(&out, test_budget(), BIP39_PHRASE_MAX);
    TEST_REQUIRE(vault_rig_enrol(&b->rig));
    EXPECT_OK(x25519_key_init(&receiver, &secret));
    EXPECT_OK(vault_rig_import(&b->rig, &number, VAULT_PHRASE, SPAN_LIT(TEST_PHRASE)));
    const struct span to = SPAN_OF(receiver.public_bytes);
    EXPECT_ERR(ERR_STATE, vault_rig_export(&b->rig, &body, SPAN_EMPTY)); /* not prepared */
    EXPECT_OK(vault_rig_prepare(&b->rig, number, VAULT_EXPORT, "", to));
    EXPECT_ERR(ERR_STATE, vault_rig_sign(&b->rig, &sig, making_get())); /* no signature of it */
    EXPECT_OK(vault_rig_prepare(&b->rig, number, VAULT_SIGN_MESSAGE, "", SPAN_LIT("x")));
    EXPECT_ERR(ERR_STATE, vault_rig_export(&b->rig, &body, SPAN_EMPTY)); /* nor this as an export */
    EXPECT_OK(vault_rig_prepare(&b->rig, number, VAULT_EXPORT, "", to));
    EXPECT_OK(vault_rig_export(&b->rig, &body, SPAN_EMPTY));
    EXPECT_EQ(VAULT_PHRASE, open_exported(&out, &receiver, body));
    EXPECT_SPAN(SPAN_LIT(TEST_PHRASE), buf_span(&out));
    EXPECT_ERR(ERR_STATE, vault_rig_export(&b->rig, &body, SPAN_EMPTY)); /* once */
    EXPECT_OK(vault_rig_prepare(&b->rig, number, VAULT_EXPORT, "m/44'/60'/0'/0/0", to));
    EXPECT_OK(vault_rig_export(&b->rig, &body, SPAN_EMPTY));
    EXPECT_EQ(VAULT_KEY, open_exported(&out, &receiver, body));
    /* Hardhat's and anvil's first account, known everywhere. */
    EXPECT_SPAN(test_hex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
                buf_span(&out));
    EXPECT_OK(vault_rig_prepare(&b->rig, number, VAULT_EXPORT, "m/44'/60'/0'/0/0", to));
    EXPECT_OK(vault_rig_export(&b->rig, &body, SPAN_LIT("open sesame")));
    EXPECT_EQ(3, open_exported(&out, &receiver, body));
    static uint8_t file[KEYSTORE_LEN_MAX + 32];
    struct wr w = wr_init(MSPAN_OF(file));
    wr_be16(&w, 11);
    wr_str(&w, "open sesame");
    wr_be16_sized(&w, buf_span(&out));
    EXPECT_OK(vault_rig_import(&b->rig, &number, 3, span_of(file, w.n)));
    file[2] ^= 1; /* another password */
    EXPECT_ERR(ERR_AUTH, vault_rig_import(&b->rig, &number, 3, span_of(file, w.n)));
    EXPECT_EQ(0, b->k.vault.wrong_tries);
    buf_done(&out);
    keyd_done(&b->k);
}

TEST(a_new_phrase_has_as_many_words_as_was_asked)
{
    struct bench *b = start();
    struct span body;
    TEST_REQUIRE(vault_rig_enrol(&b->rig));
    EXPECT_OK(bench_ask(b, &body, KEYD_VAULT_DRAW, SPAN_LIT("\x0c")));
    EXPECT_OK(bench_ask(b, &body, KEYD_VAULT_DRAW, SPAN_LIT("\x18")));
    EXPECT_ERR(ERR_MALFORMED, bench_ask(b, &body, KEYD_VAULT_DRAW, SPAN_LIT("\x0f")));
    const struct vault_content *content = guarded_read(&b->k.vault.content);
    EXPECT_EQ(16, content->entries[0].entropy.n);
    EXPECT_EQ(32, content->entries[1].entropy.n);
    guarded_close(&b->k.vault.content);
    keyd_done(&b->k);
}

TEST(the_capsule_goes_to_an_empty_home)
{
    struct bench *b = start();
    struct span body;
    static uint8_t capsule[CAPSULE_LEN];
    static struct vault_rig kept;
    uint8_t part = 0;
    EXPECT_ERR(ERR_NOT_FOUND, bench_ask(b, &body, KEYD_VAULT_CAPSULE, span_of(&part, 1)));
    TEST_REQUIRE(vault_rig_enrol(&b->rig));
    for (part = 0; part < CAPSULE_LEN / KEYD_CAPSULE_PART; part++) {
        EXPECT_OK(bench_ask(b, &body, KEYD_VAULT_CAPSULE, span_of(&part, 1)));
        memcpy(capsule + part * KEYD_CAPSULE_PART, body.p, KEYD_CAPSULE_PART);
    }
    memcpy(&kept, &b->rig, sizeof kept);
    keyd_done(&b->k);
    b = start();
    memcpy(&b->rig, &kept, sizeof kept);
    EXPECT_OK(bench_ask(b, &body, KEYD_VAULT_RESTORE, SPAN_OF(capsule)));
    EXPECT_ERR(ERR_STATE, bench_ask(b, &body, KEYD_VAULT_RESTORE, SPAN_OF(capsule)));
    restart(b);
    EXPECT_OK(vault_rig_unlock(&b->rig));
    keyd_done(&b->k);
}

/* What a server that keeps the capsule has to know to check its passkey. */
TEST(a_passkey_is_told_while_the_vault_is_open)
{
    struct bench *b = start();
    struct span body;
    uint8_t request[64];
    struct wr w = wr_init(MSPAN_OF(request));
    TEST_REQUIRE(vault_rig_enrol(&b->rig));
    wr_be16_sized(&w, SPAN_OF(b->rig.id));
    EXPECT_OK(bench_ask(b, &body, KEYD_VAULT_PASSKEY, span_of(request, w.n)));
    struct rd r = rd_init(body);
    EXPECT_SPAN(SPAN_OF(b->rig.key.key.xy), rd_bytes(&r, 64));
    EXPECT_EQ(0, rd_u8(&r));
    EXPECT_SPAN(software_rp.origin, rd_be16_sized(&r));
    EXPECT(rd_end(&r));
    EXPECT_ERR(ERR_NOT_FOUND, bench_ask(b, &body, KEYD_VAULT_PASSKEY, test_hex("000161")));
    EXPECT_OK(bench_ask(b, &body, KEYD_VAULT_LOCK, SPAN_EMPTY));
    EXPECT_ERR(ERR_STATE, bench_ask(b, &body, KEYD_VAULT_PASSKEY, span_of(request, w.n)));
    keyd_done(&b->k);
}

/* A save that fails anywhere: what was there is there, and the same can be done again. */
TEST(a_store_that_fails_anywhere_loses_nothing)
{
    static const uint8_t bundler = KEYD_BUNDLER;
    for (unsigned fail_at = 1; fail_at <= 3; fail_at++) {
        struct bench *b = start();
        struct span body;
        uint32_t number = 0;
        test_note("save %u fails", fail_at);
        b->capabilities |= KEYD_MAY_MANAGE;
        b->fail_at = fail_at;
        enum err made = bench_ask(b, &body, KEYD_CREATE, span_of(&bundler, 1));
        EXPECT_EQ(fail_at == 1 ? ERR_IO : OK, made);
        if (fail_at == 2) {
            struct making hows[] = {making_create(), making_get(), making_get()};
            struct vault_rig *r = &b->rig;
            EXPECT_EQ(VAULT_ACCEPTED, vault_rig_enrol_as(r, hows, 1));
            EXPECT_EQ(VAULT_NONE, vault_rig_state(r));
            b->fail_at = 0;
        }
        TEST_REQUIRE(vault_rig_enrol(&b->rig));
        enum err imported = vault_rig_import(&b->rig, &number, VAULT_KEY, SPAN_OF(planted));
        EXPECT_EQ(fail_at == 3 ? ERR_IO : OK, imported);
        restart(b);
        EXPECT_EQ(fail_at == 1 ? 0 : 1, b->k.keys_count);
        EXPECT_OK(vault_rig_unlock(&b->rig));
        const struct vault_content *content = guarded_read(&b->k.vault.content);
        EXPECT_EQ(fail_at == 3 ? 0 : 1, content->entries_count);
        guarded_close(&b->k.vault.content);
        EXPECT_OK(vault_rig_import(&b->rig, &number, VAULT_KEY, SPAN_OF(planted)));
        keyd_done(&b->k);
    }
}

/* A store written before there was a vault. */
TEST(a_store_of_version_1_is_read)
{
    struct bench *b = start();
    struct span body;
    static const uint8_t bundler = KEYD_BUNDLER;
    b->capabilities |= KEYD_MAY_MANAGE;
    EXPECT_OK(bench_ask(b, &body, KEYD_CREATE, span_of(&bundler, 1)));
    EXPECT_EQ(2, b->content[0]);
    b->content[0] = 1;
    restart(b);
    EXPECT_EQ(1, b->k.keys_count);
    TEST_REQUIRE(vault_rig_enrol(&b->rig));
    EXPECT_EQ(2, b->content[0]);
    restart(b);
    EXPECT_EQ(1, b->k.keys_count);
    EXPECT_OK(vault_rig_unlock(&b->rig));
    keyd_done(&b->k);
}

TEST_MAIN
