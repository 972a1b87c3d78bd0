#ifndef CRYPTO_ECDH_H
#define CRYPTO_ECDH_H

#include "crypto/ecdsa.h"

/* Diffie-Hellman on P-256 and P-384 (NIST SP 800-56A §5.7.1.2), for one that makes a key for a single use: with a TPM's public key. */
struct ecdh {
    uint8_t xy[2 * ECDSA_COORDINATE_LEN_MAX]; /* our point: goes to the other side */
    uint8_t shared[ECDSA_COORDINATE_LEN_MAX]; /* x of the product: a secret */
};

/* ecdh_agree multiplies secret, a number of as many bytes as a coordinate, with the curve's base point and with the peer's. ERR_MALFORMED: the secret is not
 * in [1, order): draw again. ERR_AUTH: the peer's coordinates are too long, or no point of the curve. ERR_INTERNAL: backend. */
MUST_CHECK enum err
ecdh_agree(struct ecdh *ret, enum ecdsa_curve curve, struct span secret, struct span peer_xy);

void ecdh_wipe(struct ecdh *e);

#endif
