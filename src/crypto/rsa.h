#ifndef CRYPTO_RSA_H
#define CRYPTO_RSA_H

#include "base/err.h"
#include "base/span.h"

/* RSA signatures of others, with SHA-256: RSASSA-PKCS1-v1_5 (RFC 8017 §8.2) and RSASSA-PSS (§8.1). We make none. */

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192

/* rsa_verify checks sig over message with the key in spki, a strict DER SubjectPublicKeyInfo with
 * rsaEncryption. ERR_MALFORMED: not such DER. ERR_UNSUPPORTED: another algorithm. ERR_LIMIT: modulus
 * outside [RSA_BITS_MIN, RSA_BITS_MAX], or the exponent even, below 3 or above 2^32: refused before any
 * arithmetic (CVE-2023-39533). ERR_AUTH: the signature does not hold. */
MUST_CHECK enum err rsa_verify(struct span spki, struct span message, struct span sig);

/* rsa_pss_verify is the same for RSASSA-PSS with MGF1 over SHA-256 and a salt of any length. */
MUST_CHECK enum err rsa_pss_verify(struct span spki, struct span message, struct span sig);

/* rsa_spki_check does the part of rsa_verify before arithmetic. */
MUST_CHECK enum err rsa_spki_check(struct span spki);

#endif
