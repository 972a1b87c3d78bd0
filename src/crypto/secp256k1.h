#ifndef CRYPTO_SECP256K1_H
#define CRYPTO_SECP256K1_H

#include "base/err.h"
#include "base/secret.h"
#include "base/span.h"
#include "crypto/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ECDSA on secp256k1 (SEC 1, SEC 2), nonces by RFC 6979; every signature made is low-s. No allocation. */

/* An affine point, x then y, big-endian: keccak256 of it gives the Ethereum address. Values of this
 * type come from the functions below, so they are on the curve. */
struct secp256k1_public {
    uint8_t xy[64];
};

/* r then s, big-endian, and the recovery id 0..3 if it is known (else 0). */
struct secp256k1_signature {
    uint8_t rs[64];
    uint8_t recovery_id;
};

#define SECP256K1_DER_MAX 72

/* secp256k1_public_init computes the public key. ERR_MALFORMED: secret is 0 or not below the order:
 * draw another one. */
MUST_CHECK enum err secp256k1_public_init(struct secp256k1_public *ret_public,
                                          const struct secret32 *secret);

/* secp256k1_public_parse takes 33 (compressed) or 65 bytes (04 first; hybrid forms are refused).
 * ERR_MALFORMED: wrong form or not on the curve. */
MUST_CHECK enum err secp256k1_public_parse(struct secp256k1_public *ret_public, struct span in);
void secp256k1_public_compress(uint8_t ret_out[static 33], const struct secp256k1_public *key);

/* secp256k1_sign signs a digest, with recovery id. ERR_MALFORMED: bad secret. */
MUST_CHECK enum err secp256k1_sign(struct secp256k1_signature *ret_sig,
                                   const struct secret32 *secret,
                                   const struct hash32 *hash);

/* secp256k1_verify: ERR_AUTH if it does not hold, or if s is high (see secp256k1_normalize). */
MUST_CHECK enum err secp256k1_verify(const struct secp256k1_public *key,
                                     const struct hash32 *hash,
                                     const struct secp256k1_signature *sig);

/* secp256k1_normalize replaces a high s by order - s and flips the recovery id; returns whether it did.
 * A signature out of range is left alone. */
bool secp256k1_normalize(struct secp256k1_signature *sig);

/* secp256k1_recover finds the key that made sig. ERR_AUTH: there is none. ERR_MALFORMED: r, s or the
 * recovery id out of range. High s is accepted here: the chain's rule is the caller's to apply. */
MUST_CHECK enum err secp256k1_recover(struct secp256k1_public *ret_public,
                                      const struct hash32 *hash,
                                      const struct secp256k1_signature *sig);

/* Strict DER (BIP 66). secp256k1_der_encode returns the length, at most SECP256K1_DER_MAX. */
MUST_CHECK enum err secp256k1_der_decode(struct secp256k1_signature *ret_sig, struct span der);
size_t secp256k1_der_encode(uint8_t ret_out[static SECP256K1_DER_MAX],
                            const struct secp256k1_signature *sig);

/* BIP-32: *secret becomes secret + tweak mod order. ERR_MALFORMED: tweak not below the order, or the
 * sum is 0: take the next index. *secret is untouched then. */
MUST_CHECK enum err secp256k1_secret_add(struct secret32 *secret, const struct secret32 *tweak);

/* The same for public keys: *key becomes key + tweak * G. */
MUST_CHECK enum err secp256k1_public_add(struct secp256k1_public *key,
                                         const struct secret32 *tweak);

#endif
