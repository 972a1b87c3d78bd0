#include "webauthn/attestation.h"

#include "base/test.h"
#include "codec/cbor.h"
#include "crypto/hash.h"
#include "webauthn/software_passkey_test.h"

#include <string.h>

static const struct hash32 client_hash = {{9}};

static struct span make_auth_data(uint8_t store[static 256], const struct software_passkey *p)
{
    struct wr w = wr_init(mspan_of(store, 256));
    wr_zeros(&w, 32);
    wr_u8(&w, FLAGS_CREATE);
    wr_zeros(&w, 4 + 16);
    wr_be16(&w, 1);
    wr_u8(&w, 'x');
    cose_key_write_es256(&w, &p->key);
    EXPECT_OK(wr_end(&w));
    return span_of(store, w.n);
}

/* A packed statement without certificates, signed by signer. */
static struct span make_self(uint8_t store[static 512],
                             struct span auth_data,
                             const struct software_passkey *signer,
                             int64_t alg)
{
    struct hash32 hash;
    struct p256_signature sig;
    uint8_t der[P256_DER_MAX];
    struct span parts[] = {auth_data, SPAN_OF(client_hash.bytes)};
    sha256_of(&hash, parts, 2);
    EXPECT_OK(p256_sign(&sig, &signer->secret, &hash));
    struct wr w = wr_init(mspan_of(store, 512));
    cbor_write_map(&w, 3);
    cbor_write_text(&w, "fmt");
    cbor_write_text(&w, "packed");
    cbor_write_text(&w, "attStmt");
    cbor_write_map(&w, 2);
    cbor_write_text(&w, "alg");
    cbor_write_i64(&w, alg);
    cbor_write_text(&w, "sig");
    cbor_write_bytes(&w, span_of(der, p256_der_encode(der, &sig)));
    cbor_write_text(&w, "authData");
    cbor_write_bytes(&w, auth_data);
    EXPECT_OK(wr_end(&w));
    return span_of(store, w.n);
}

TEST(self_attestation)
{
    struct software_passkey own = software_passkey_make(3);
    struct software_passkey other = software_passkey_make(4);
    static const struct {
        const char *name;
        bool by_other;
        int64_t alg;
        enum err want;
    } cases[] = {
        {"good",        false, COSE_ALG_ES256, OK      },
        {"another key", true,  COSE_ALG_ES256, ERR_AUTH},
        {"another alg", false, COSE_ALG_EDDSA, ERR_AUTH},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t auth_store[256];
        uint8_t store[512];
        struct span auth_data = make_auth_data(auth_store, &own);
        struct attestation a;
        struct auth_data data;
        enum attestation_proof proof = ATTESTATION_NOT_CHECKED;
        test_note("%s", cases[i].name);
        struct span object =
            make_self(store, auth_data, cases[i].by_other ? &other : &own, cases[i].alg);
        TEST_REQUIRE(EXPECT_OK(attestation_decode(&a, object, NULL)));
        TEST_REQUIRE(EXPECT_OK(auth_data_decode(&data, a.auth_data, NULL)));
        EXPECT_ERR(cases[i].want, attestation_verify(&proof, &a, &data, &client_hash, NULL));
        EXPECT_EQ(cases[i].want == OK ? ATTESTATION_SELF : ATTESTATION_NOT_CHECKED, proof);
    }
}

/* fmt, attStmt and authData as CBOR, so that each can be wrong. */
TEST(objects)
{
    static const struct {
        const char *name;
        const char *hex;
        enum err want;
    } cases[] = {
        {"good",                "a363666d74646e6f6e656761747453746d74a068617574684461746140",           OK           },
        {"another order",       "a368617574684461746140 63666d74646e6f6e65 6761747453746d74a0",         OK           },
        {"another format",      "a363666d7463616263 6761747453746d74a0 68617574684461746140",           OK           },
        {"no fmt",              "a26761747453746d74a068617574684461746140",                             ERR_MALFORMED},
        {"no attStmt",          "a263666d74646e6f6e6568617574684461746140",                             ERR_MALFORMED},
        {"no authData",         "a263666d74646e6f6e656761747453746d74a0",                               ERR_MALFORMED},
        {"fmt is bytes",        "a363666d74446e6f6e656761747453746d74a068617574684461746140",
         ERR_MALFORMED                                                                                               },
        {"attStmt is an array", "a363666d74646e6f6e656761747453746d748068617574684461746140",
         ERR_MALFORMED                                                                                               },
        {"authData is text",    "a363666d74646e6f6e656761747453746d74a068617574684461746160",
         ERR_MALFORMED                                                                                               },
        {"fmt twice",           "a463666d74646e6f6e656761747453746d74a06861757468446174614063666d7460",
         ERR_MALFORMED                                                                                               },
        {"trailing",            "a363666d74646e6f6e656761747453746d74a06861757468446174614000",         ERR_MALFORMED},
        {"cut",                 "a363666d74646e6f6e656761747453746d74a0686175746844617461",             ERR_TRUNCATED},
        {"a float in it",       "a363666d74646e6f6e656761747453746d74a16161f93c0068617574684461746140",
         ERR_UNSUPPORTED                                                                                             },
        {"no map",              "83010203",                                                             ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct attestation a;
        struct diag why = {0};
        test_note("%s", cases[i].name);
        EXPECT_ERR(cases[i].want, attestation_decode(&a, test_hex(cases[i].hex), &why));
        EXPECT((why.rule != NULL) == (cases[i].want != OK));
    }
}

TEST(none_with_a_statement)
{
    struct attestation a;
    struct auth_data data = {0};
    enum attestation_proof proof;
    struct span object =
        test_hex("a363666d74646e6f6e656761747453746d74a1616100 68617574684461746140");
    TEST_REQUIRE(EXPECT_OK(attestation_decode(&a, object, NULL)));
    EXPECT_ERR(ERR_MALFORMED, attestation_verify(&proof, &a, &data, &client_hash, NULL));
}

TEST(format_names)
{
    EXPECT_STR("none", attestation_format_text(ATTESTATION_NONE));
    EXPECT_STR("fido-u2f", attestation_format_text(ATTESTATION_FIDO_U2F));
    EXPECT_STR("other", attestation_format_text(ATTESTATION_OTHER));
}

TEST(self_attestations_that_are_malformed)
{
    static const struct {
        const char *name;
        const char *statement; /* hex of attStmt */
        enum err want;
    } cases[] = {
        {"no alg",        "a1637369674100",              ERR_MALFORMED},
        {"no sig",        "a163616c6726",                ERR_MALFORMED},
        {"alg is text",   "a263616c6761616373696741 00", ERR_MALFORMED},
        {"sig is text",   "a263616c67266373696760",      ERR_MALFORMED},
        {"sig is no DER", "a263616c6726637369674100",    ERR_MALFORMED},
        {"certificates",  "a163783563 80",               OK           },
    };
    struct software_passkey own = software_passkey_make(5);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t store[256];
        struct attestation a = {.format = ATTESTATION_PACKED,
                                .auth_data = make_auth_data(store, &own)};
        struct auth_data data;
        enum attestation_proof proof = ATTESTATION_SELF;
        test_note("%s", cases[i].name);
        TEST_REQUIRE(EXPECT_OK(auth_data_decode(&data, a.auth_data, NULL)));
        TEST_REQUIRE(
            EXPECT_OK(cbor_decode(&a.statement, test_hex(cases[i].statement), CBOR_ANY_ORDER)));
        EXPECT_ERR(cases[i].want, attestation_verify(&proof, &a, &data, &client_hash, NULL));
        EXPECT_EQ(cases[i].want == OK ? ATTESTATION_NOT_CHECKED : ATTESTATION_SELF, proof);
    }
}

/* A key of another kind signs itself: nothing is checked, nothing is trusted. */
TEST(self_attestation_of_another_kind)
{
    struct attestation a = {.format = ATTESTATION_PACKED};
    struct auth_data data = {
        .key = {.kind = COSE_KEY_EDDSA, .alg = COSE_ALG_EDDSA}
    };
    enum attestation_proof proof = ATTESTATION_SELF;
    TEST_REQUIRE(
        EXPECT_OK(cbor_decode(&a.statement, test_hex("a263616c6727637369674100"), CBOR_ANY_ORDER)));
    EXPECT_OK(attestation_verify(&proof, &a, &data, &client_hash, NULL));
    EXPECT_EQ(ATTESTATION_NOT_CHECKED, proof);
}

TEST(length_limit)
{
    static uint8_t large[ATTESTATION_OBJECT_LEN_MAX + 1];
    struct attestation a;
    EXPECT_ERR(ERR_LIMIT, attestation_decode(&a, SPAN_OF(large), NULL));
}

TEST_MAIN
