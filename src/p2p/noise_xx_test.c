/* The XX handshake against the published transcript, and against tampering. */
#include "p2p/noise_xx.h"

#include "base/test.h"
#include "crypto/backend.h"

#include <string.h>

/* Noise_XX_25519_ChaChaPoly_SHA256 of cacophony's test vectors (vectors/cacophony.txt). Messages 3 to 5
 * travel after the split, alternately from responder and initiator. */
static const char *const PROLOGUE = "4a6f686e2047616c74";
static const char *const INITIATOR_STATIC =
    "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1";
static const char *const INITIATOR_EPHEMERAL =
    "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a";
static const char *const RESPONDER_STATIC =
    "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893";
static const char *const RESPONDER_EPHEMERAL =
    "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b";
static const char *const HANDSHAKE_HASH =
    "c8e5f64e846193be2a834104c2a009868d6c9f3bd3c186299888b488b2f1f58e";

static const struct {
    const char *payload;
    const char *message;
} MESSAGES[] = {
    {"4c756477696720766f6e204d69736573",           "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3af"
                                         "a4c79444c756477696720766f6e204d69736573"    },
    {"4d757272617920526f746862617264",             "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448"
                                       "0884381cbad1f276e038c48378ffce2b65285e08d6b68aaa3629a5a86"
                                       "39392490e5b9bd5269c2f1e4f488ed8831161f19b7815528f8982ffe09b"
                                       "e9b5c412f8a0db50f8814c7194e83f23dbd8d162c9326ad"},
    {"462e20412e20486179656b",                     "c7195ffacac1307ff99046f219750fc47693e23c3cb08b89c2af808b444850a80ae"
                               "475b9df0f169ae80a89be0865b57f58c9fea0d4ec82a28642"
                               "7402f113e4b6ae769a1d95941d49b25030"                             },
    {"4361726c204d656e676572",                     "96763ed773f8e47bb3712f0e29b3060ffc956ffc146cee53d5e1df"                   },
    {"4a65616e2d426170746973746520536179",
     "3e40f15f6f3a46ae446b253bf8b1d9ffb6ed9b174d272328ff91a7e2e5c79c07f5"                                                     },
    {"457567656e2042f6686d20766f6e2042617765726b",
     "eb3f3515110702e047a6c9da4478b6ead94873c11c0f2d710ddb3f09fce024b3a58502ae3f"                                             },
};

struct side {
    struct x25519_key key;
    struct aead aead;
    struct noise_xx xx;
};

static struct secret32 secret_of(const char *hex)
{
    struct secret32 s;
    span_copy(MSPAN_OF(s.bytes), test_hex(hex));
    return s;
}

static bool side_init(struct side *s, bool is_initiator)
{
    *s = (struct side){0};
    AUTO(secret32_wipe)
    struct secret32 secret = secret_of(is_initiator ? INITIATOR_STATIC : RESPONDER_STATIC);
    AUTO(secret32_wipe)
    struct secret32 ephemeral = secret_of(is_initiator ? INITIATOR_EPHEMERAL : RESPONDER_EPHEMERAL);
    return EXPECT_OK(crypto_init()) && EXPECT_OK(x25519_key_init(&s->key, &secret)) &&
           EXPECT_OK(noise_xx_init(&s->xx, &(struct noise_xx_cfg){.is_initiator = is_initiator,
                                                                  .aead = &s->aead,
                                                                  .budget = test_budget(),
                                                                  .static_key = &s->key,
                                                                  .ephemeral_secret = &ephemeral,
                                                                  .prologue = test_hex(PROLOGUE)}));
}

static void side_done(struct side *s)
{
    noise_xx_done(&s->xx);
    aead_done(&s->aead);
}

static void check_transport(const struct secret32 *initiator_key,
                            const struct secret32 *responder_key)
{
    uint64_t nonces[2] = {0};
    for (size_t i = 3; i < sizeof MESSAGES / sizeof MESSAGES[0]; i++) {
        bool by_initiator = i % 2 == 0;
        struct aead a = {0};
        EXPECT_OK(aead_init(&a, test_budget(), AEAD_CHACHA20_POLY1305,
                            by_initiator ? initiator_key : responder_key));
        uint8_t nonce[AEAD_NONCE_LEN];
        noise_nonce(nonce, nonces[by_initiator]++);
        struct span payload = test_hex(MESSAGES[i].payload);
        uint8_t sealed[64];
        EXPECT_OK(
            aead_seal(&a, mspan_of(sealed, payload.n + AEAD_TAG_LEN), nonce, SPAN_EMPTY, payload));
        EXPECT_SPAN(test_hex(MESSAGES[i].message), span_of(sealed, payload.n + AEAD_TAG_LEN));
        aead_done(&a);
    }
}

TEST(transcript)
{
    struct side sides[2];
    TEST_REQUIRE(side_init(&sides[0], true) && side_init(&sides[1], false));
    for (size_t i = 0; i < NOISE_XX_MESSAGES; i++) {
        struct side *from = &sides[i % 2];
        struct side *to = &sides[1 - i % 2];
        uint8_t message[256];
        uint8_t payload[256];
        size_t n = 0;
        EXPECT(noise_xx_is_ours(&from->xx) && !noise_xx_is_ours(&to->xx));
        EXPECT_OK(noise_xx_write(&from->xx, &n, MSPAN_OF(message), test_hex(MESSAGES[i].payload)));
        EXPECT_SPAN(test_hex(MESSAGES[i].message), span_of(message, n));
        EXPECT_OK(noise_xx_read(&to->xx, &n, MSPAN_OF(payload), span_of(message, n)));
        EXPECT_SPAN(test_hex(MESSAGES[i].payload), span_of(payload, n));
    }
    for (size_t i = 0; i < 2; i++) {
        AUTO(secret32_wipe) struct secret32 initiator_key = {0};
        AUTO(secret32_wipe) struct secret32 responder_key = {0};
        struct hash32 hash;
        EXPECT_OK(noise_xx_split(&sides[i].xx, &initiator_key, &responder_key, &hash));
        EXPECT_SPAN(test_hex(HANDSHAKE_HASH), SPAN_OF(hash.bytes));
        EXPECT_SPAN(SPAN_OF(sides[1 - i].key.public_bytes), SPAN_OF(sides[i].xx.rs));
        check_transport(&initiator_key, &responder_key);
        side_done(&sides[i]);
    }
}

/* Every byte of messages 1 and 2 that is changed, and every length that is cut, is noticed. */
TEST(tampering)
{
    struct span second = test_hex(MESSAGES[1].message);
    for (size_t i = 0; i < 2 * second.n; i++) {
        struct side initiator;
        uint8_t scratch[256];
        size_t n = 0;
        TEST_REQUIRE(side_init(&initiator, true));
        EXPECT_OK(
            noise_xx_write(&initiator.xx, &n, MSPAN_OF(scratch), test_hex(MESSAGES[0].payload)));
        uint8_t message[256];
        span_copy(MSPAN_OF(message), second);
        size_t len = i < second.n ? second.n : i - second.n;
        if (i < second.n) {
            message[i] ^= 1;
        }
        enum err err = noise_xx_read(&initiator.xx, &n, MSPAN_OF(scratch), span_of(message, len));
        test_note("byte %zu of %zu", i, second.n);
        EXPECT(err == ERR_AUTH || err == ERR_TRUNCATED);
        side_done(&initiator);
    }
}

TEST(small_order_key)
{
    struct side responder;
    uint8_t zeros[32] = {0};
    uint8_t out[256];
    size_t n = 0;
    TEST_REQUIRE(side_init(&responder, false));
    EXPECT_OK(noise_xx_read(&responder.xx, &n, MSPAN_OF(out), SPAN_OF(zeros)));
    EXPECT_ERR(ERR_AUTH, noise_xx_write(&responder.xx, &n, MSPAN_OF(out), SPAN_EMPTY));
    side_done(&responder);
}

TEST(room)
{
    struct side initiator;
    uint8_t out[NOISE_XX_OVERHEAD_MAX];
    size_t n = 0;
    TEST_REQUIRE(side_init(&initiator, true));
    EXPECT_ERR(ERR_LIMIT, noise_xx_write(&initiator.xx, &n, MSPAN_OF(out), SPAN_LIT("x")));
    EXPECT_OK(noise_xx_write(&initiator.xx, &n, MSPAN_OF(out), SPAN_EMPTY));
    EXPECT_EQ(32, n);
    side_done(&initiator);
}

TEST_MAIN
