#ifndef CRYPTO_ED25519_H
#define CRYPTO_ED25519_H

#include "base/err.h"
#include "base/secret.h"
#include "base/span.h"

#include <stdint.h>

/* Ed25519, RFC 8032. Nothing allocates. */

struct ed25519_public {
    uint8_t bytes[32];
};

struct ed25519_signature {
    uint8_t bytes[64];
};

/* seed then public key, as libp2p stores it. Wipe with ed25519_key_wipe (AUTO works). */
struct ed25519_key {
    struct secret64 secret;
};

/* ed25519_key_init makes the pair from 32 random bytes. */
void ed25519_key_init(struct ed25519_key *ret_key, const struct secret32 *seed);
void ed25519_key_wipe(struct ed25519_key *key);

/* ed25519_key_public copies the public half. */
void ed25519_key_public(struct ed25519_public *ret_public, const struct ed25519_key *key);

/* ed25519_key_load takes 64 stored bytes and computes the pair anew: ERR_MALFORMED if the public half
 * does not belong to the seed (signing with such a pair would give the secret away). */
MUST_CHECK enum err ed25519_key_load(struct ed25519_key *ret_key, struct span stored);

void ed25519_sign(struct ed25519_signature *ret_sig,
                  const struct ed25519_key *key,
                  struct span message);

/* ed25519_verify is strict: s below the group order, no small-order or non-canonical public key, no
 * small-order R. ERR_AUTH: do not believe it. ERR_MALFORMED: sig is not 64 bytes. */
MUST_CHECK enum err
ed25519_verify(const struct ed25519_public *key, struct span message, struct span sig);

#endif
