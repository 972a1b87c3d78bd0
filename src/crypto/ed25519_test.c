/* RFC 8032 and Wycheproof. */
#include "crypto/ed25519.h"

#include "base/test.h"
#include "crypto/wycheproof_test.h"

#include <string.h>

static void key_of(struct ed25519_key *ret_key, const char *hex)
{
    struct secret32 seed;
    (void)span_copy(MSPAN_OF(seed.bytes), test_hex(hex));
    ed25519_key_init(ret_key, &seed);
}

struct vector {
    const char *seed;
    const char *public_key;
    const char *message;
    const char *sig;
};

/* Source: RFC 8032 §7.1, TEST 1 to 3. */
static const struct vector vectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "46b"
     "d25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d8c"
     "387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "659"
     "4a7c15e9716ed28dc027beceea1ec40a"},
};

TEST(vectors_of_rfc_8032)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const struct vector *v = &vectors[i];
        test_note("TEST %zu", i + 1);
        struct ed25519_key key;
        struct ed25519_public public_key;
        struct ed25519_signature sig;
        key_of(&key, v->seed);
        ed25519_key_public(&public_key, &key);
        EXPECT_SPAN(test_hex(v->public_key), SPAN_OF(public_key.bytes));
        ed25519_sign(&sig, &key, test_hex(v->message));
        EXPECT_SPAN(test_hex(v->sig), SPAN_OF(sig.bytes));
        EXPECT_OK(ed25519_verify(&public_key, test_hex(v->message), SPAN_OF(sig.bytes)));
        EXPECT_ERR(ERR_AUTH, ed25519_verify(&public_key, SPAN_LIT("other"), SPAN_OF(sig.bytes)));
        for (size_t bit = 0; bit < 512; bit += 37) {
            struct ed25519_signature broken = sig;
            broken.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            EXPECT_ERR(ERR_AUTH,
                       ed25519_verify(&public_key, test_hex(v->message), SPAN_OF(broken.bytes)));
        }
    }
}

TEST(a_signature_of_another_length_is_malformed)
{
    struct ed25519_public key = {{0}};
    uint8_t sig[65] = {0};
    EXPECT_ERR(ERR_MALFORMED, ed25519_verify(&key, SPAN_EMPTY, span_of(sig, 63)));
    EXPECT_ERR(ERR_MALFORMED, ed25519_verify(&key, SPAN_EMPTY, span_of(sig, 65)));
    EXPECT_ERR(ERR_MALFORMED, ed25519_verify(&key, SPAN_EMPTY, SPAN_EMPTY));
}

/* With the neutral element as key and as R, and s = 0, the equation holds for every message: who verifies
 * without the check of small orders takes this for a signature. */
TEST(the_signature_that_fits_every_message_is_refused)
{
    struct ed25519_public neutral = {{1}};
    struct ed25519_signature sig = {{1}};
    EXPECT_ERR(ERR_AUTH, ed25519_verify(&neutral, SPAN_LIT("anything"), SPAN_OF(sig.bytes)));
}

TEST(a_stored_pair_whose_halves_differ_is_refused)
{
    struct ed25519_key key;
    struct ed25519_key loaded;
    key_of(&key, vectors[0].seed);
    EXPECT_OK(ed25519_key_load(&loaded, SPAN_OF(key.secret.bytes)));
    EXPECT_SPAN(SPAN_OF(key.secret.bytes), SPAN_OF(loaded.secret.bytes));
    key.secret.bytes[63] ^= 1;
    EXPECT_ERR(ERR_MALFORMED, ed25519_key_load(&loaded, SPAN_OF(key.secret.bytes)));
    EXPECT_ERR(ERR_MALFORMED, ed25519_key_load(&loaded, span_of(key.secret.bytes, 32)));
}

static bool ed25519_case(const struct wycheproof_case *c)
{
    struct ed25519_public key;
    if (span_copy(MSPAN_OF(key.bytes), wycheproof_hex(c, "pk")) != sizeof key.bytes) {
        return false;
    }
    return ed25519_verify(&key, wycheproof_hex(c, "msg"), wycheproof_hex(c, "sig")) == OK;
}

TEST(wycheproof_ed25519)
{
    wycheproof_run("vectors/wycheproof/ed25519_test.json", ed25519_case, NULL);
}

TEST_MAIN
