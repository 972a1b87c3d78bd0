/* W3C WebAuthn Level 3, chapter "Test Vectors". */
#include "base/test.h"
#include "crypto/backend.h"
#include "crypto/hash.h"
#include "webauthn/assertion.h"
#include "webauthn/auth_data.h"
#include "webauthn/prf.h"
#include "webauthn/registration.h"
#include "webauthn/relying_party.h"

#include <stdio.h>
#include <string.h>

/* The value h'...' of the next "name = " in *text; false if a new section ("## ") comes first. */
static bool next_value(struct span *text, const char *name, struct span *ret_bytes)
{
    static char hex[65536];
    char start[64];
    size_t n = (size_t)snprintf(start, sizeof start, "\n%s = h'", name);
    for (size_t i = 0; i + n < text->n; i++) {
        if (memcmp(text->p + i, "\n## ", 4) == 0) {
            return false;
        }
        if (memcmp(text->p + i, start, n) == 0) {
            struct span rest = span_from(*text, i + n);
            struct span digits = span_first(rest, span_find(rest, '\''));
            if (digits.n >= sizeof hex) {
                return false;
            }
            memcpy(hex, digits.p, digits.n);
            hex[digits.n] = '\0';
            *ret_bytes = test_hex(hex);
            *text = span_from(rest, digits.n);
            return true;
        }
    }
    return false;
}

static bool find_section(struct span *text, const char *anchor)
{
    char mark[96];
    size_t n = (size_t)snprintf(mark, sizeof mark, "{#%s}", anchor);
    for (size_t i = 0; i + n < text->n; i++) {
        if (memcmp(text->p + i, mark, n) == 0) {
            *text = span_from(*text, i + n);
            return true;
        }
    }
    return false;
}

static void run_vector(struct span text,
                       enum attestation_format format,
                       enum attestation_proof proof,
                       bool allows_cross)
{
    struct relying_party example = {.id = SPAN_LIT("example.org"),
                                    .origin = SPAN_LIT("https://example.org"),
                                    .allows_cross_origin = allows_cross};
    struct span challenge;
    struct registration_response response;
    struct registration r;
    struct diag why = {0};
    TEST_REQUIRE(next_value(&text, "challenge", &challenge));
    TEST_REQUIRE(next_value(&text, "clientDataJSON", &response.client_data_json));
    TEST_REQUIRE(next_value(&text, "attestationObject", &response.attestation_object));
    if (!EXPECT_OK(registration_verify(&r, &example, challenge, &response, &why))) {
        test_note("%s", why.rule ? why.rule : "");
        return;
    }
    EXPECT_EQ(format, r.format);
    EXPECT_EQ(proof, r.proof);
    struct assertion_response used;
    struct assertion a;
    struct assertion_credential credential = {
        .key = r.key, .sign_count = r.sign_count, .is_backup_eligible = r.is_backup_eligible};
    TEST_REQUIRE(next_value(&text, "challenge", &challenge));
    TEST_REQUIRE(next_value(&text, "authenticatorData", &used.authenticator_data));
    TEST_REQUIRE(next_value(&text, "clientDataJSON", &used.client_data_json));
    TEST_REQUIRE(next_value(&text, "signature", &used.signature));
    EXPECT_OK(assertion_verify(&a, &example, challenge, &credential, &used, &why));
    example.id = SPAN_LIT("example.com");
    EXPECT_ERR(ERR_AUTH, assertion_verify(&a, &example, challenge, &credential, &used, &why));
}

TEST(w3c_vectors_es256)
{
    static const struct {
        const char *anchor;
        enum attestation_format format;
        enum attestation_proof proof;
        bool allows_cross;
    } cases[] = {
        {"sctn-test-vectors-none-es256",                    ATTESTATION_NONE,        ATTESTATION_PROVES_NOTHING, false},
        {"sctn-test-vectors-packed-self-es256",             ATTESTATION_PACKED,      ATTESTATION_SELF,           false},
        {"sctn-test-vectors-none-es256-crossOrigin",        ATTESTATION_NONE,        ATTESTATION_PROVES_NOTHING,
         true                                                                                                         },
        {"sctn-test-vectors-none-es256-topOrigin",          ATTESTATION_NONE,        ATTESTATION_PROVES_NOTHING,
         true                                                                                                         },
        {"sctn-test-vectors-none-es256-long-credential-id", ATTESTATION_NONE,
         ATTESTATION_PROVES_NOTHING,                                                                             false},
        {"sctn-test-vectors-packed-es256",                  ATTESTATION_PACKED,      ATTESTATION_NOT_CHECKED,    false},
        {"sctn-test-vectors-tpm-es256",                     ATTESTATION_TPM,         ATTESTATION_NOT_CHECKED,    false},
        {"sctn-test-vectors-android-key-es256",             ATTESTATION_ANDROID_KEY, ATTESTATION_NOT_CHECKED,
         false                                                                                                        },
        {"sctn-test-vectors-apple-es256",                   ATTESTATION_APPLE,       ATTESTATION_NOT_CHECKED,    false},
        {"sctn-test-vectors-fido-u2f-es256",                ATTESTATION_FIDO_U2F,    ATTESTATION_NOT_CHECKED,    false},
    };
    struct span file;
    if (!test_fixture("vectors/webauthn/level3-test-vectors.txt", &file)) {
        return;
    }
    EXPECT_OK(crypto_init());
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct span text = file;
        test_note("%s", cases[i].anchor);
        if (EXPECT(find_section(&text, cases[i].anchor))) {
            run_vector(text, cases[i].format, cases[i].proof, cases[i].allows_cross);
        }
    }
}

/* Keys of other algorithms: recognised, and refused as a key of ours. */
TEST(w3c_vectors_other_keys)
{
    static const struct {
        const char *anchor;
        enum cose_key_kind kind;
        int64_t alg;
    } cases[] = {
        {"sctn-test-vectors-packed-es384", COSE_KEY_OTHER, -35 },
        {"sctn-test-vectors-packed-es512", COSE_KEY_OTHER, -36 },
        {"sctn-test-vectors-packed-rs256", COSE_KEY_RS256, -257},
        {"sctn-test-vectors-packed-eddsa", COSE_KEY_EDDSA, -8  },
        {"sctn-test-vectors-packed-ed448", COSE_KEY_OTHER, -53 },
    };
    struct span file;
    if (!test_fixture("vectors/webauthn/level3-test-vectors.txt", &file)) {
        return;
    }
    struct relying_party example = {.id = SPAN_LIT("example.org"),
                                    .origin = SPAN_LIT("https://example.org")};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct span text = file;
        struct span challenge;
        struct registration_response response;
        struct attestation attestation;
        struct auth_data data;
        struct registration r;
        test_note("%s", cases[i].anchor);
        TEST_REQUIRE(find_section(&text, cases[i].anchor));
        TEST_REQUIRE(next_value(&text, "challenge", &challenge));
        TEST_REQUIRE(next_value(&text, "clientDataJSON", &response.client_data_json));
        TEST_REQUIRE(next_value(&text, "attestationObject", &response.attestation_object));
        EXPECT_OK(attestation_decode(&attestation, response.attestation_object, NULL));
        TEST_REQUIRE(EXPECT_OK(auth_data_decode(&data, attestation.auth_data, NULL)));
        EXPECT_EQ(cases[i].kind, data.key.kind);
        EXPECT(data.key.alg == cases[i].alg);
        EXPECT_ERR(ERR_UNSUPPORTED, registration_verify(&r, &example, challenge, &response, NULL));
    }
}

/* The same chapter, "CTAP2 hmac-secret extension": prf_eval_first and salt1. */
TEST(prf_salts)
{
    static const char *const cases[][2] = {
        {"576562417574686e20505246207465737420766563746f727302",
         "527413ebb48293772df30f031c5ac4650c7de14bf9498671ae163447b6a772b3"},
        {"576562417574686e20505246207465737420766563746f727303",
         "d68ac03329a10ee5e0ec834492bb9a96a0e547baf563bf78ccbe8789b22e776b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hash32 salt;
        prf_salt(&salt, test_hex(cases[i][0]));
        EXPECT_SPAN(test_hex(cases[i][1]), SPAN_OF(salt.bytes));
    }
}

TEST_MAIN
