/* Ed25519 over libsodium, whose verification is the strict one that we want. */
#include "crypto/ed25519.h"

#include <sodium.h>
#include <string.h>

void ed25519_key_init(struct ed25519_key *ret_key, const struct secret32 *seed)
{
    uint8_t public_bytes[32];
    (void)crypto_sign_seed_keypair(public_bytes, ret_key->secret.bytes, seed->bytes);
}

void ed25519_key_wipe(struct ed25519_key *key)
{
    secret64_wipe(&key->secret);
}

void ed25519_key_public(struct ed25519_public *ret_public, const struct ed25519_key *key)
{
    memcpy(ret_public->bytes, key->secret.bytes + 32, sizeof ret_public->bytes);
}

enum err ed25519_key_load(struct ed25519_key *ret_key, struct span stored)
{
    if (stored.n != sizeof ret_key->secret.bytes) {
        return ERR_MALFORMED;
    }
    AUTO(secret32_wipe) struct secret32 seed;
    memcpy(seed.bytes, stored.p, sizeof seed.bytes);
    AUTO(ed25519_key_wipe) struct ed25519_key key;
    ed25519_key_init(&key, &seed);
    if (!ct_equal(SPAN_OF(key.secret.bytes), stored)) {
        return ERR_MALFORMED;
    }
    memcpy(ret_key->secret.bytes, key.secret.bytes, sizeof key.secret.bytes);
    return OK;
}

void ed25519_sign(struct ed25519_signature *ret_sig,
                  const struct ed25519_key *key,
                  struct span message)
{
    (void)crypto_sign_detached(ret_sig->bytes, NULL, message.p, message.n, key->secret.bytes);
}

enum err ed25519_verify(const struct ed25519_public *key, struct span message, struct span sig)
{
    if (sig.n != crypto_sign_BYTES) {
        return ERR_MALFORMED;
    }
    /* SPEC RFC8032 §"5.1.7": s is below the group order; RFC 8032 leaves the check of small orders open, we
     * refuse them so that one signature never holds for two messages or keys. */
    return crypto_sign_verify_detached(sig.p, message.p, message.n, key->bytes) == 0 ? OK
                                                                                     : ERR_AUTH;
}
