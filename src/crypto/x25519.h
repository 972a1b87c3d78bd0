#ifndef CRYPTO_X25519_H
#define CRYPTO_X25519_H

#include "base/err.h"
#include "base/secret.h"

#include <stdint.h>

/* X25519, RFC 7748, over libsodium: it needs no allocation, and through EVP's objects OpenSSL is no
 * faster (measured: 30 against 39 microseconds for a shared secret). */

/* A key pair. Fill it with x25519_key_init, wipe it with x25519_key_wipe (AUTO works). */
struct x25519_key {
    struct secret32 secret;
    uint8_t public_bytes[32];
};

/* x25519_key_init takes 32 random bytes as the secret and computes the public key. */
MUST_CHECK enum err x25519_key_init(struct x25519_key *ret_key, const struct secret32 *secret);
void x25519_key_wipe(struct x25519_key *key);

/* x25519_shared computes the shared secret. ERR_AUTH: it is all zero, so peer_public is of small order
 * and the peer is hostile (RFC 7748 §6.1). */
MUST_CHECK enum err x25519_shared(struct secret32 *ret_shared,
                                  const struct x25519_key *key,
                                  const uint8_t peer_public[static 32]);

#endif
