#include "wallet/vault_channel.h"

#include "base/test.h"
#include "crypto/backend.h"

#include <string.h>

static struct vault_use use_of(const char *name)
{
    return (struct vault_use){.budget = test_budget(), .name = span_str(name)};
}

static struct x25519_key key_of(uint8_t seed)
{
    struct x25519_key key;
    struct secret32 secret = {
        {0, seed}
    }; /* the lowest bits do not count */
    EXPECT_OK(x25519_key_init(&key, &secret));
    return key;
}

TEST(what_is_sealed_opens_for_that_key_and_use_alone)
{
    struct secret32 ephemeral = {{5}};
    uint8_t sealed[5 + VAULT_CHANNEL_OVERHEAD];
    uint8_t out[5];
    EXPECT_OK(crypto_init());
    struct x25519_key key = key_of(1);
    struct x25519_key other = key_of(2);
    EXPECT_OK(vault_channel_seal(MSPAN_OF(sealed), key.public_bytes, &ephemeral, use_of("a"),
                                 SPAN_LIT("hello")));
    EXPECT_OK(vault_channel_open(MSPAN_OF(out), &key, use_of("a"), SPAN_OF(sealed)));
    EXPECT_SPAN(SPAN_LIT("hello"), SPAN_OF(out));
    EXPECT_ERR(ERR_AUTH, vault_channel_open(MSPAN_OF(out), &key, use_of("b"), SPAN_OF(sealed)));
    EXPECT_ERR(ERR_AUTH, vault_channel_open(MSPAN_OF(out), &other, use_of("a"), SPAN_OF(sealed)));
    for (size_t i = 0; i < sizeof sealed; i++) {
        if (i == 31) {
            continue; /* the top bit of an X25519 key says nothing; its other bits are seen below */
        }
        sealed[i] ^= 0x81;
        test_note("byte %zu", i);
        EXPECT_ERR(ERR_AUTH, vault_channel_open(MSPAN_OF(out), &key, use_of("a"), SPAN_OF(sealed)));
        sealed[i] ^= 0x81;
    }
    sealed[31] ^= 0x01;
    EXPECT_ERR(ERR_AUTH, vault_channel_open(MSPAN_OF(out), &key, use_of("a"), SPAN_OF(sealed)));
}

TEST(limits)
{
    static const uint8_t zero[32];
    static uint8_t short_one[VAULT_CHANNEL_OVERHEAD];
    struct secret32 ephemeral = {{5}};
    uint8_t sealed[VAULT_CHANNEL_OVERHEAD];
    uint8_t out[1];
    EXPECT_OK(crypto_init());
    struct x25519_key key = key_of(1);
    EXPECT_ERR(ERR_AUTH, vault_channel_seal(MSPAN_OF(sealed), zero, &ephemeral, use_of(""),
                                            SPAN_EMPTY)); /* of small order */
    EXPECT_OK(
        vault_channel_seal(MSPAN_OF(sealed), key.public_bytes, &ephemeral, use_of(""), SPAN_EMPTY));
    EXPECT_OK(vault_channel_open(mspan_of(out, 0), &key, use_of(""), SPAN_OF(sealed)));
    EXPECT_ERR(ERR_TRUNCATED, vault_channel_open(mspan_of(out, 0), &key, use_of(""),
                                                 span_of(short_one, sizeof short_one - 1)));
    EXPECT_ERR(ERR_AUTH,
               vault_channel_open(mspan_of(out, 0), &key, use_of(""), SPAN_OF(short_one)));
}

TEST_MAIN
