#ifndef CRYPTO_ECDSA_H
#define CRYPTO_ECDSA_H

#include "base/err.h"
#include "base/span.h"

/* Signatures of others on P-256, P-384 and P-521 (FIPS 186-5) over a digest that the caller computed. p256.h has the keys
 * and signatures that we make ourselves. */
enum ecdsa_curve { ECDSA_P256, ECDSA_P384, ECDSA_P521 };

enum { ECDSA_COORDINATE_LEN_MAX = 66 };

/* ecdsa_coordinate_len is the length of one coordinate, and of r and s: 32, 48 or 66. */
size_t ecdsa_coordinate_len(enum ecdsa_curve curve);

/* ecdsa_spki_decode reads a SubjectPublicKeyInfo with a named curve of ours and an uncompressed point; *ret_xy is x then
 * y, a span into spki. Whether the point is on the curve shows when it is used. ERR_UNSUPPORTED: another key or curve.
 * ERR_MALFORMED: not strict DER. */
MUST_CHECK enum err
ecdsa_spki_decode(enum ecdsa_curve *ret_curve, struct span *ret_xy, struct span spki);

/* ecdsa_verify checks rs (r then s, big-endian, of full length each) over digest with the public point xy. ERR_AUTH: it
 * does not hold, a length is wrong, r or s is outside [1, order), or the point is not on the curve. */
MUST_CHECK enum err
ecdsa_verify(enum ecdsa_curve curve, struct span xy, struct span digest, struct span rs);

/* The same for a signature in DER, strictly read. */
MUST_CHECK enum err
ecdsa_verify_der(enum ecdsa_curve curve, struct span xy, struct span digest, struct span der);

#endif
