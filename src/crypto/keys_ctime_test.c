/* Runs under valgrind with the secrets marked undefined: a branch or an index on one is reported. Tests what is our own
 * code (Keccak, HKDF, the seams' handling of keys) together with the backends below it. */
#include "base/test.h"
#include "crypto/aead.h"
#include "crypto/backend.h"
#include "crypto/ed25519.h"
#include "crypto/hkdf.h"
#include "crypto/keccak.h"

#include <valgrind/memcheck.h>

static void hide(void *p, size_t n)
{
    VALGRIND_MAKE_MEM_UNDEFINED(p, n);
}

/* What leaves as a result is public from then on. */
static void publish(void *p, size_t n)
{
    VALGRIND_MAKE_MEM_DEFINED(p, n);
}

TEST(keccak_of_a_secret)
{
    uint8_t secret[300] = {7};
    struct hash32 h;
    hide(secret, sizeof secret);
    keccak256(&h, SPAN_OF(secret));
    publish(&h, sizeof h);
    EXPECT(h.bytes[0] != h.bytes[1] || h.bytes[1] != h.bytes[2]);
    EXPECT(RUNNING_ON_VALGRIND); /* else this test says nothing */
}

TEST(hkdf_of_a_secret)
{
    struct secret32 input = {{7}};
    uint8_t out[80];
    hide(&input, sizeof input);
    EXPECT_OK(hkdf(MSPAN_OF(out), SPAN_LIT("salt"), SPAN_OF(input.bytes), SPAN_LIT("info")));
    publish(out, sizeof out);
    EXPECT(!span_equal(span_of(out, 32), span_of(out + 32, 32)));
}

TEST(ed25519_signing_with_a_secret_seed)
{
    struct secret32 seed = {{7}};
    struct ed25519_key key;
    struct ed25519_public public_key;
    struct ed25519_signature sig;
    EXPECT_OK(crypto_init());
    hide(&seed, sizeof seed);
    ed25519_key_init(&key, &seed);
    ed25519_sign(&sig, &key, SPAN_LIT("message"));
    ed25519_key_public(&public_key, &key);
    publish(&sig, sizeof sig);
    publish(&public_key, sizeof public_key);
    EXPECT_OK(ed25519_verify(&public_key, SPAN_LIT("message"), SPAN_OF(sig.bytes)));
}

TEST(sealing_with_a_secret_key)
{
    struct secret32 key = {{7}};
    uint8_t nonce[AEAD_NONCE_LEN] = {0};
    uint8_t text[100] = {0};
    uint8_t sealed[100 + AEAD_TAG_LEN];
    hide(&key, sizeof key);
    hide(text, sizeof text);
    AUTO(aead_done) struct aead a = {0};
    TEST_REQUIRE(aead_init(&a, test_budget(), AEAD_CHACHA20_POLY1305, &key) == OK);
    EXPECT_OK(aead_seal(&a, MSPAN_OF(sealed), nonce, SPAN_EMPTY, SPAN_OF(text)));
    publish(sealed, sizeof sealed);
    EXPECT(sealed[0] != sealed[1] || sealed[1] != sealed[2]);
}

TEST_MAIN
