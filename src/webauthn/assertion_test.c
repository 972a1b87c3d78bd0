#include "webauthn/assertion.h"

#include "base/rd.h"
#include "base/test.h"
#include "webauthn/software_passkey_test.h"

TEST(high_s_is_made_low)
{
    static struct made m;
    struct software_passkey p = software_passkey_make(8);
    struct making how = making_get();
    how.high_s = true;
    software_passkey_use(&m, &p, how);
    struct p256_signature given;
    struct assertion a;
    TEST_REQUIRE(EXPECT_OK(p256_der_decode(&given, m.assertion.signature)));
    EXPECT(!p256_is_low_s(&given));
    TEST_REQUIRE(EXPECT_OK(software_passkey_verify(&a, &p, &m, NULL)));
    EXPECT(p256_is_low_s(&a.signature));
    EXPECT_SPAN(span_of(given.rs, 32), span_of(a.signature.rs, 32));
}

TEST(other_flags_and_types_are_refused)
{
    static const struct {
        const char *name;
        struct making how;
        enum err want;
    } cases[] = {
        {"good",             {.type = "webauthn.get", .flags = FLAGS_GET},                OK      },
        {"extensions",       {.type = "webauthn.get", .flags = FLAGS_GET | AUTH_DATA_ED}, OK      },
        {"wrong type",       {.type = "webauthn.create", .flags = FLAGS_GET},             ERR_AUTH},
        {"type in capitals", {.type = "WebAuthn.get", .flags = FLAGS_GET},                ERR_AUTH},
        {"payment type",     {.type = "payment.get", .flags = FLAGS_GET},                 ERR_AUTH},
        {"no UP",            {.type = "webauthn.get", .flags = AUTH_DATA_UV},             ERR_AUTH},
        {"no UV",            {.type = "webauthn.get", .flags = AUTH_DATA_UP},             ERR_AUTH},
        {"BS without BE",    {.type = "webauthn.get", .flags = FLAGS_GET | AUTH_DATA_BS}, ERR_AUTH},
        {"BE has appeared",  {.type = "webauthn.get", .flags = FLAGS_GET | AUTH_DATA_BE}, ERR_AUTH},
        {"another RP ID",
         {.type = "webauthn.get", .flags = FLAGS_GET, .rp_id = "localhost"},
         ERR_AUTH                                                                                 },
        {"RP ID with a dot",
         {.type = "webauthn.get", .flags = FLAGS_GET, .rp_id = "passmesh.localhost."},
         ERR_AUTH                                                                                 },
    };
    static struct made m;
    struct software_passkey p = software_passkey_make(9);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct assertion a;
        struct diag why = {0};
        test_note("%s", cases[i].name);
        software_passkey_use(&m, &p, cases[i].how);
        EXPECT_ERR(cases[i].want, software_passkey_verify(&a, &p, &m, &why));
        EXPECT((why.rule != NULL) == (cases[i].want != OK));
    }
}

TEST(signature_and_key_must_fit)
{
    static struct made m;
    struct software_passkey p = software_passkey_make(11);
    struct software_passkey q = software_passkey_make(12);
    struct assertion a;
    software_passkey_use(&m, &p, making_get());
    EXPECT_ERR(ERR_AUTH, software_passkey_verify(&a, &q, &m, NULL));
    m.auth_data[36] ^= 1; /* the counter is signed */
    EXPECT_ERR(ERR_AUTH, software_passkey_verify(&a, &p, &m, NULL));
    software_passkey_use(&m, &p, making_get());
    m.assertion.signature.n--;
    EXPECT_ERR(ERR_MALFORMED, software_passkey_verify(&a, &p, &m, NULL));
    software_passkey_use(&m, &p, making_get());
    m.assertion.authenticator_data.n--;
    EXPECT_ERR(ERR_TRUNCATED, software_passkey_verify(&a, &p, &m, NULL));
    uint8_t other[32] = {1};
    software_passkey_use(&m, &p, making_get());
    struct assertion_credential credential = {.key = p.key};
    EXPECT_ERR(ERR_AUTH,
               assertion_verify(&a, &software_rp, SPAN_OF(other), &credential, &m.assertion, NULL));
}

TEST(counters)
{
    static const struct {
        uint32_t before;
        uint32_t now;
        enum assertion_counter want;
    } cases[] = {
        {0,          0, ASSERTION_COUNTER_NONE    },
        {0,          1, ASSERTION_COUNTER_ADVANCED},
        {5,          6, ASSERTION_COUNTER_ADVANCED},
        {5,          5, ASSERTION_COUNTER_STUCK   },
        {5,          4, ASSERTION_COUNTER_STUCK   },
        {5,          0, ASSERTION_COUNTER_STUCK   },
        {UINT32_MAX, 0, ASSERTION_COUNTER_STUCK   },
    };
    static struct made m;
    struct software_passkey p = software_passkey_make(13);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct making how = making_get();
        struct assertion a;
        how.sign_count = cases[i].now;
        software_passkey_use(&m, &p, how);
        struct assertion_credential credential = {.key = p.key, .sign_count = cases[i].before};
        test_note("%u then %u", cases[i].before, cases[i].now);
        EXPECT_OK(assertion_verify(&a, &software_rp, SPAN_OF(software_challenge), &credential,
                                   &m.assertion, NULL));
        EXPECT_EQ(cases[i].want, a.counter);
    }
}

TEST(account_encoding)
{
    static struct made m;
    static uint8_t store[2048];
    struct software_passkey p = software_passkey_make(16);
    struct assertion a;
    software_passkey_use(&m, &p, making_get());
    TEST_REQUIRE(EXPECT_OK(software_passkey_verify(&a, &p, &m, NULL)));
    struct wr w = wr_init(MSPAN_OF(store));
    TEST_REQUIRE(EXPECT_OK(assertion_encode(&w, &a, &m.assertion, NULL)));
    EXPECT_EQ(w.n, assertion_encoded_len(&m.assertion));
    EXPECT_EQ(0, w.n % 32);
    struct rd r = rd_init(span_of(store, w.n));
    EXPECT_SPAN(SPAN_OF(a.signature.rs), rd_bytes(&r, 64));
    EXPECT_SPAN(test_hex("0000000000000000000000000000000000000000000000000000000000000017"),
                rd_bytes(&r, 32));
    EXPECT_SPAN(test_hex("0000000000000000000000000000000000000000000000000000000000000001"),
                rd_bytes(&r, 32));
    EXPECT_SPAN(test_hex("00000000000000000000000000000000000000000000000000000000000000c0"),
                rd_bytes(&r, 32));
    EXPECT_SPAN(test_hex("0000000000000000000000000000000000000000000000000000000000000120"),
                rd_bytes(&r, 32));
    EXPECT_SPAN(test_hex("0000000000000000000000000000000000000000000000000000000000000025"),
                rd_bytes(&r, 32));
    EXPECT_SPAN(m.assertion.authenticator_data, rd_bytes(&r, 37));
    (void)rd_bytes(&r, 27);
    EXPECT_EQ(m.assertion.client_data_json.n, (rd_bytes(&r, 24), rd_be64(&r)));
    EXPECT_SPAN(m.assertion.client_data_json, rd_bytes(&r, m.assertion.client_data_json.n));
    EXPECT(rd_ok(&r));
    struct wr small = wr_init(mspan_of(store, w.n - 1));
    EXPECT_ERR(ERR_LIMIT, assertion_encode(&small, &a, &m.assertion, NULL));
}

TEST(account_encoding_comes_back)
{
    static struct made m;
    static uint8_t store[2048];
    struct software_passkey p = software_passkey_make(16);
    struct assertion a;
    struct assertion_response got;
    uint8_t der[P256_DER_MAX];
    software_passkey_use(&m, &p, making_get());
    TEST_REQUIRE(EXPECT_OK(software_passkey_verify(&a, &p, &m, NULL)));
    struct wr w = wr_init(MSPAN_OF(store));
    TEST_REQUIRE(EXPECT_OK(assertion_encode(&w, &a, &m.assertion, NULL)));
    TEST_REQUIRE(EXPECT_OK(assertion_decode(&got, der, span_of(store, w.n))));
    EXPECT_SPAN(m.assertion.client_data_json, got.client_data_json);
    EXPECT_SPAN(m.assertion.authenticator_data, got.authenticator_data);
    struct p256_signature sig;
    EXPECT_OK(p256_der_decode(&sig, got.signature));
    EXPECT_SPAN(SPAN_OF(a.signature.rs), SPAN_OF(sig.rs));
    EXPECT_ERR(ERR_MALFORMED, assertion_decode(&got, der, span_of(store, w.n + 32)));
    for (size_t n = 0; n < w.n; n++) {
        EXPECT_ERR(ERR_MALFORMED, assertion_decode(&got, der, span_of(store, n)));
    }
    store[5 * 32 - 1]++; /* authenticatorData elsewhere */
    EXPECT_ERR(ERR_MALFORMED, assertion_decode(&got, der, span_of(store, w.n)));
    store[5 * 32 - 1]--;
    store[w.n - 1]++; /* padding that is not zero */
    EXPECT_ERR(ERR_MALFORMED, assertion_decode(&got, der, span_of(store, w.n)));
}

TEST_MAIN
