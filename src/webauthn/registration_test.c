#include "webauthn/registration.h"

#include "base/test.h"
#include "webauthn/software_passkey_test.h"

TEST(register_then_assert)
{
    static struct made m;
    struct software_passkey p = software_passkey_make(7);
    struct registration r;
    software_passkey_use(&m, &p, making_create());
    TEST_REQUIRE(EXPECT_OK(
        registration_verify(&r, &software_rp, SPAN_OF(software_challenge), &m.registration, NULL)));
    EXPECT_SPAN(SPAN_OF(p.key.xy), SPAN_OF(r.key.xy));
    EXPECT_SPAN(test_hex("01020304"), r.credential_id);
    EXPECT(r.is_user_verified);
    EXPECT(!r.is_backup_eligible);
    EXPECT_EQ(ATTESTATION_PROVES_NOTHING, r.proof);
    struct assertion a;
    software_passkey_use(&m, &p, making_get());
    TEST_REQUIRE(EXPECT_OK(software_passkey_verify(&a, &p, &m, NULL)));
    EXPECT_EQ(ASSERTION_COUNTER_ADVANCED, a.counter);
    EXPECT_EQ(1, a.sign_count);
    EXPECT_EQ(1, a.type_index);
    EXPECT_EQ(23, a.challenge_index);
    EXPECT(p256_is_low_s(&a.signature));
}

TEST(registration_is_refused)
{
    static const struct {
        const char *name;
        struct making how;
        enum err want;
    } cases[] = {
        {"no credential", {.type = "webauthn.create", .flags = FLAGS_GET},                   ERR_MALFORMED},
        {"an assertion",  {.type = "webauthn.get", .flags = FLAGS_CREATE},                   ERR_AUTH     },
        {"no UV",         {.type = "webauthn.create", .flags = AUTH_DATA_UP | AUTH_DATA_AT}, ERR_AUTH     },
        {"BS without BE",
         {.type = "webauthn.create", .flags = FLAGS_CREATE | AUTH_DATA_BS},
         ERR_AUTH                                                                                         },
        {"another RP ID",
         {.type = "webauthn.create", .flags = FLAGS_CREATE, .rp_id = "a.b"},
         ERR_AUTH                                                                                         },
    };
    static struct made m;
    struct software_passkey p = software_passkey_make(14);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct registration r;
        test_note("%s", cases[i].name);
        software_passkey_use(&m, &p, cases[i].how);
        EXPECT_ERR(cases[i].want, registration_verify(&r, &software_rp, SPAN_OF(software_challenge),
                                                      &m.registration, NULL));
    }
    struct making how = making_create();
    how.flags |= AUTH_DATA_BE | AUTH_DATA_BS | AUTH_DATA_ED;
    struct registration r;
    software_passkey_use(&m, &p, how);
    EXPECT_OK(
        registration_verify(&r, &software_rp, SPAN_OF(software_challenge), &m.registration, NULL));
    EXPECT(r.is_backup_eligible);
    EXPECT(r.is_backed_up);
}

/* Each cut and each flipped bit of a response is refused or read; nothing else happens (the sanitizers look on). */
TEST(damaged_responses)
{
    static struct made m;
    struct software_passkey p = software_passkey_make(15);
    struct registration r;
    software_passkey_use(&m, &p, making_create());
    struct registration_response whole = m.registration;
    for (size_t cut = 0; cut < whole.attestation_object.n; cut++) {
        struct registration_response cut_one = whole;
        cut_one.attestation_object.n = cut;
        EXPECT(registration_verify(&r, &software_rp, SPAN_OF(software_challenge), &cut_one, NULL) !=
               OK);
    }
    unsigned accepted = 0;
    for (size_t bit = 0; bit < 8 * whole.attestation_object.n; bit++) {
        m.object[bit / 8] ^= (uint8_t)(1 << bit % 8);
        accepted +=
            registration_verify(&r, &software_rp, SPAN_OF(software_challenge), &whole, NULL) == OK;
        m.object[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    /* Free: 8 letters of "none" flipped to another format's name, counter, AAGUID, ID, flags without meaning. */
    EXPECT(accepted <= 8 * (4 + 4 + 16 + 4) + 8);
}

TEST_MAIN
