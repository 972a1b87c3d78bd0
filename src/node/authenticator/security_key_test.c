/* Security keys through the real libfido2, over a CTAP device in software: both PIN protocols, PRF, what a device or a person refuses, and the
 * vault opened by a key without any browser. */
#include "node/authenticator/security_key.h"

#include "base/test.h"
#include "crypto/backend.h"
#include "node/authenticator/ctap_device_test.h"
#include "node/authenticator/libfido2.h"
#include "wallet/vault.h"
#include "webauthn/auth_data.h"
#include "webauthn/prf.h"
#include "webauthn/relying_party.h"

#include <string.h>

static struct ctap_device device;
static struct security_key_answer made;
static struct security_key_answer used;

static const struct relying_party rp = {
    .id = SPAN_INIT("passmesh.localhost"),
    .origin = SPAN_INIT("http://passmesh.localhost:7878"),
    .requires_user_verification = true,
};

static struct security_key_ask asking(struct span pin)
{
    return (struct security_key_ask){.rp_id = rp.id,
                                     .origin = rp.origin,
                                     .challenge = SPAN_LIT("0123456789abcdef0123456789abcdef"),
                                     .pin = pin,
                                     .user_id = SPAN_LIT("user"),
                                     .user_name = SPAN_LIT("Ann")};
}

static const struct span pin_1234 = SPAN_INIT("1234");

struct kind {
    const char *name;
    bool has_protocol_2;
    bool has_builtin_uv;
};

static const struct kind kinds[] = {
    {"PIN protocol 1", false, false},
    {"PIN protocol 2", true,  false},
    {"its own check",  true,  true },
};

static struct span plug(struct security_key *k, const struct kind *kind)
{
    ctap_device_init(&device, test_seed());
    device.has_protocol_2 = kind->has_protocol_2;
    device.has_builtin_uv = kind->has_builtin_uv;
    ctap_device_plug(&device);
    EXPECT_OK(crypto_init());
    test_note("%s", kind->name);
    EXPECT_OK(security_key_open(k, "soft"));
    if (kind->has_builtin_uv) {
        return SPAN_EMPTY;
    }
    EXPECT_EQ(FIDO_OK, fido_dev_set_pin(k->dev, "1234", NULL));
    return pin_1234;
}

static enum err verify_made(struct registration *ret, const struct security_key_ask *ask)
{
    const struct registration_response response = security_key_registration(&made);
    return registration_verify(ret, &rp, ask->challenge, &response, NULL);
}

static enum err verify_used(const struct registration *reg, const struct security_key_ask *ask)
{
    const struct assertion_response response = security_key_assertion(&used);
    const struct assertion_credential credential = {.key = reg->key};
    struct assertion a;
    return assertion_verify(&a, &rp, ask->challenge, &credential, &response, NULL);
}

TEST(enrolled_and_used_by_each_protocol)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct security_key k = {0};
        struct registration reg;
        struct span pin = plug(&k, &kinds[i]);
        struct security_key_ask ask = asking(pin);
        if (!EXPECT_OK(security_key_create(&k, &made, &ask)) ||
            !EXPECT_OK(verify_made(&reg, &ask))) {
            security_key_done(&k);
            continue;
        }
        EXPECT(reg.is_user_verified);
        EXPECT_SPAN(span_of(made.credential_id, made.credential_id_len), reg.credential_id);
        /* Signing: without the PRF, by name and discovered. */
        EXPECT_OK(security_key_assert(&k, &used, &ask));
        EXPECT_OK(verify_used(&reg, &ask));
        EXPECT(!used.has_prf);
        EXPECT_EQ(AUTH_DATA_LEN_MIN, used.auth_data_len);
        ask.credential_id = reg.credential_id;
        EXPECT_OK(security_key_assert(&k, &used, &ask));
        EXPECT_OK(verify_used(&reg, &ask));
        security_key_done(&k);
    }
}

/* What a browser would get from the same key: HMAC under the CredRandom of verified users, of the hashed input. */
static void expected_prf(struct secret32 *ret, const struct ctap_credential *c, struct span input)
{
    static const uint8_t verified[5] = {1};
    struct secret32 random;
    struct hash32 salt;
    struct span part = SPAN_OF(verified);
    hmac_sha256(&random, SPAN_OF(c->secret), &part, 1);
    prf_salt(&salt, input);
    part = SPAN_OF(salt.bytes);
    hmac_sha256(ret, SPAN_OF(random.bytes), &part, 1);
}

TEST(the_prf_is_that_of_a_browser_and_does_not_change)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct security_key k = {0};
        struct secret32 want;
        struct span pin = plug(&k, &kinds[i]);
        struct security_key_ask ask = asking(pin);
        EXPECT_OK(security_key_create(&k, &made, &ask));
        ask.credential_id = span_of(made.credential_id, made.credential_id_len);
        ask.prf_input = SPAN_LIT("an input of the vault");
        expected_prf(&want, &device.credentials[0], ask.prf_input);
        for (int round = 0; round < 2; round++) {
            EXPECT_OK(security_key_assert(&k, &used, &ask));
            EXPECT(used.has_prf);
            EXPECT_SPAN(SPAN_OF(want.bytes), SPAN_OF(used.prf.bytes));
            security_key_done(&k);
            ctap_device_power_cycle(&device);
            EXPECT_OK(security_key_open(&k, "soft"));
        }
        ask.prf_input = SPAN_LIT("another");
        EXPECT_OK(security_key_assert(&k, &used, &ask));
        EXPECT(!ct_equal(SPAN_OF(want.bytes), SPAN_OF(used.prf.bytes)));
        security_key_done(&k);
    }
}

TEST(wrong_pins_until_it_blocks)
{
    struct security_key k = {0};
    (void)plug(&k, &kinds[1]);
    struct security_key_ask good = asking(pin_1234);
    struct security_key_ask bad = asking(SPAN_LIT("4321"));
    EXPECT_OK(security_key_create(&k, &made, &good));
    EXPECT_ERR(ERR_AUTH, security_key_assert(&k, &used, &bad));
    EXPECT_OK(security_key_assert(&k, &used, &good)); /* a good one sets the count back */
    for (int i = 0; i < CTAP_PIN_TRIES - 1; i++) {
        EXPECT_ERR(ERR_AUTH, security_key_assert(&k, &used, &bad));
    }
    EXPECT_ERR(ERR_DENIED, security_key_assert(&k, &used, &bad));
    EXPECT_ERR(ERR_DENIED, security_key_assert(&k, &used, &good));
    security_key_done(&k);
}

TEST(what_is_refused)
{
    struct security_key k = {0};
    struct span pin = plug(&k, &kinds[1]);
    struct security_key_ask ask = asking(pin);
    EXPECT_ERR(ERR_NOT_FOUND, security_key_assert(&k, &used, &ask));
    EXPECT_OK(security_key_create(&k, &made, &ask));
    ask.credential_id = span_of(made.credential_id, made.credential_id_len);
    EXPECT_ERR(ERR_STATE, security_key_create(&k, &used, &ask)); /* it has that one */
    ask.rp_id = SPAN_LIT("example.org");
    EXPECT_ERR(ERR_NOT_FOUND, security_key_assert(&k, &used, &ask));
    ask = asking(SPAN_EMPTY); /* neither PIN nor a check of its own */
    EXPECT_ERR(ERR_STATE, security_key_assert(&k, &used, &ask));
    ask = asking(pin);
    device.denies = true;
    EXPECT_ERR(ERR_DENIED, security_key_assert(&k, &used, &ask));
    device.denies = false;
    device.credentials[0].protection = 3; /* only with user verification: which there is */
    EXPECT_OK(security_key_assert(&k, &used, &ask));
    for (size_t i = 1; i < CTAP_CREDENTIALS_MAX; i++) {
        EXPECT_OK(security_key_create(&k, &made, &ask));
    }
    EXPECT_ERR(ERR_LIMIT, security_key_create(&k, &made, &ask)); /* full */
    security_key_done(&k);
}

TEST(lengths_and_texts)
{
    static const uint8_t long_text[SECURITY_KEY_TEXT_MAX + 1] = {'a'};
    struct security_key k = {0};
    struct span pin = plug(&k, &kinds[0]);
    struct security_key_ask bad[7];
    for (size_t i = 0; i < 7; i++) {
        bad[i] = asking(pin);
    }
    bad[0].challenge = SPAN_EMPTY;
    bad[1].origin = SPAN_LIT("http://a\"b");
    bad[2].origin = SPAN_OF(long_text);
    bad[3].rp_id = SPAN_EMPTY;
    bad[4].user_id = SPAN_EMPTY;
    bad[5].pin = SPAN_OF(long_text);
    bad[6].user_name = SPAN_LIT("a\0b");
    uint64_t commands = device.commands_count;
    for (size_t i = 0; i < 7; i++) {
        test_note("case %zu", i);
        EXPECT_ERR(ERR_LIMIT, security_key_create(&k, &made, &bad[i]));
    }
    EXPECT_EQ(commands, device.commands_count); /* the device was not asked */
    security_key_done(&k);
}

TEST(faults_of_a_device)
{
    static const struct {
        const char *name;
        enum ctap_fault fault;
        uint8_t status;
        enum err want;
    } cases[] = {
        {"silent",             CTAP_FAULT_SILENT,  0,    ERR_IO     },
        {"cut short",          CTAP_FAULT_CUT,     0,    ERR_IO     },
        {"garbage",            CTAP_FAULT_GARBAGE, 0,    ERR_IO     },
        {"without UV",         CTAP_FAULT_NO_UV,   0,    ERR_DENIED },
        {"nobody touched",     CTAP_FAULT_STATUS,  0x2f, ERR_TIMEOUT},
        {"too slow",           CTAP_FAULT_STATUS,  0x3a, ERR_TIMEOUT},
        {"the person says no", CTAP_FAULT_STATUS,  0x27, ERR_DENIED },
        {"unknown status",     CTAP_FAULT_STATUS,  0xf3, ERR_IO     },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct security_key k = {0};
        struct span pin = plug(&k, &kinds[1]);
        struct security_key_ask ask = asking(pin);
        EXPECT_OK(security_key_create(&k, &made, &ask));
        device.fault = cases[i].fault;
        device.fault_command = 0x02; /* getAssertion */
        device.fault_status = cases[i].status;
        test_note("%s", cases[i].name);
        EXPECT_ERR(cases[i].want, security_key_assert(&k, &used, &ask));
        security_key_done(&k);
    }
}

/* ---- the vault, opened by a security key alone ---- */

static struct rig {
    struct vault_store store;
    uint8_t saved[CAPSULE_LEN];
    unsigned saves;
    struct rng_seeded rng;
    struct vault_cfg cfg;
    struct vault v;
    struct vault_enrolled e;
} rig;

static enum err rig_save(struct vault_store *self, struct span capsule)
{
    struct rig *r = (struct rig *)(void *)self;
    r->saves++;
    return span_copy(MSPAN_OF(r->saved), capsule) == CAPSULE_LEN ? OK : ERR_IO;
}

static struct rig *rig_start(void)
{
    struct rig *r = &rig;
    memset(r, 0, sizeof *r);
    rng_seeded_init(&r->rng, test_seed());
    r->store.save = rig_save;
    r->cfg = (struct vault_cfg){
        .budget = test_budget(), .work = test_budget(), .rng = &r->rng.rng, .store = &r->store};
    EXPECT_OK(vault_init(&r->v, &r->cfg, SPAN_EMPTY));
    return r;
}

static enum err enrol_step(struct rig *r, struct security_key *k, struct security_key_ask *ask)
{
    ask->challenge = SPAN_OF(r->e.challenge);
    ask->prf_input = SPAN_OF(r->e.prf_input);
    TRY(security_key_assert(k, &used, ask));
    const struct assertion_response response = security_key_assertion(&used);
    struct span prf = used.has_prf ? SPAN_OF(used.prf.bytes) : SPAN_EMPTY;
    return vault_enrol_asserted(&r->v, (instant){.us = 1}, &r->e, &response, prf);
}

static enum err enrol(struct rig *r, struct security_key *k, struct span pin)
{
    const struct vault_place place = {.rp_id = rp.id, .origin = rp.origin};
    struct security_key_ask ask = asking(pin);
    TRY(vault_enrol_begin(&r->v, (instant){.us = 1}, &r->e));
    ask.challenge = SPAN_OF(r->e.challenge);
    TRY(security_key_create(k, &made, &ask));
    const struct registration_response response = security_key_registration(&made);
    TRY(vault_enrol_created(&r->v, (instant){.us = 1}, &r->e, &place, &response));
    ask.credential_id = span_of(made.credential_id, made.credential_id_len);
    TRY(enrol_step(r, k, &ask));
    return enrol_step(r, k, &ask);
}

TEST(a_vault_without_a_browser)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct security_key k = {0};
        struct span pin = plug(&k, &kinds[i]);
        struct rig *r = rig_start();
        EXPECT_OK(enrol(r, &k, pin));
        EXPECT(r->e.is_done);
        vault_lock(&r->v);
        struct security_key_ask ask = asking(pin);
        const struct capsule_recipient *c = &r->v.head.recipients[0];
        ask.credential_id = span_of(c->credential_id, c->credential_id_len);
        ask.prf_input = SPAN_OF(c->prf_input);
        EXPECT_OK(security_key_assert(&k, &used, &ask));
        EXPECT_OK(
            vault_unlock(&r->v, (instant){.us = 2}, ask.credential_id, SPAN_OF(used.prf.bytes)));
        vault_done(&r->v);
        security_key_done(&k);
    }
}

TEST(a_key_whose_prf_changes_is_not_enrolled)
{
    struct security_key k = {0};
    struct span pin = plug(&k, &kinds[1]);
    struct rig *r = rig_start();
    device.fault = CTAP_FAULT_CHANGING;
    EXPECT_ERR(ERR_DENIED, enrol(r, &k, pin));
    EXPECT_EQ(VAULT_PRF_CHANGED, r->e.refusal);
    device.fault = CTAP_FAULT_SIGNATURE;
    EXPECT_ERR(ERR_DENIED, enrol(r, &k, pin));
    EXPECT_EQ(VAULT_ASSERTION_REFUSED, r->e.refusal);
    EXPECT_EQ(0, r->saves);
    vault_done(&r->v);
    security_key_done(&k);
}

TEST_MAIN
