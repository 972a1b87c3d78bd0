#ifndef CRYPTO_P256_H
#define CRYPTO_P256_H

#include "base/err.h"
#include "base/secret.h"
#include "base/span.h"
#include "crypto/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ECDSA on P-256 (FIPS 186-5) over a digest that the caller computed. */

/* qx then qy, big-endian. p256_public_init is the way to get one that is known to be on the curve. */
struct p256_public {
    uint8_t xy[64];
};

/* r then s, big-endian. */
struct p256_signature {
    uint8_t rs[64];
};

#define P256_DER_MAX  72
#define P256_SPKI_LEN 91

/* p256_public_init checks coordinates (64 bytes): below p, on the curve, not the point at infinity.
 * ERR_MALFORMED otherwise. */
MUST_CHECK enum err p256_public_init(struct p256_public *ret_public, struct span xy);

/* p256_public_parse takes a SEC 1 point: 65 bytes with 04, or 33 compressed. */
MUST_CHECK enum err p256_public_parse(struct p256_public *ret_public, struct span point);

/* A SubjectPublicKeyInfo with the named curve P-256 and an uncompressed point, the only DER that we
 * write or read for this key. ERR_UNSUPPORTED: a key of another kind. ERR_MALFORMED: not strict DER. */
MUST_CHECK enum err p256_spki_decode(struct p256_public *ret_public, struct span der);
void p256_spki_encode(uint8_t ret_out[static P256_SPKI_LEN], const struct p256_public *key);

/* p256_verify checks sig over hash. High s holds here (p256_is_low_s is the chain's rule). ERR_AUTH: it
 * does not hold, or key is not on the curve. */
MUST_CHECK enum err p256_verify(const struct p256_public *key,
                                const struct hash32 *hash,
                                const struct p256_signature *sig);

/* Strict DER of SEQUENCE { INTEGER r, INTEGER s }. ERR_MALFORMED: not DER, negative, or above 32 bytes.
 * p256_der_encode returns the length. */
MUST_CHECK enum err p256_der_decode(struct p256_signature *ret_sig, struct span der);
size_t p256_der_encode(uint8_t ret_out[static P256_DER_MAX], const struct p256_signature *sig);

/* p256_is_low_s: s is at most half the order. p256_normalize makes it so; returns whether it changed. */
bool p256_is_low_s(const struct p256_signature *sig);
bool p256_normalize(struct p256_signature *sig);

/* Keys of our own: for the software authenticator and for tests. The secret is a number in [1, order):
 * else ERR_MALFORMED, draw again. Signatures are low-s; the nonce comes from the backend's generator,
 * so they differ from run to run. */
MUST_CHECK enum err p256_public_of(struct p256_public *ret_public, const struct secret32 *secret);
MUST_CHECK enum err
p256_sign(struct p256_signature *ret_sig, const struct secret32 *secret, const struct hash32 *hash);

#endif
