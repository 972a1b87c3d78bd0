#ifndef CRYPTO_RSA_H
#define CRYPTO_RSA_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

/* RSA signatures of others (RFC 8017 §8), and encryption to a TPM (§7.1). We have no RSA key. */

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192

enum rsa_scheme {
    RSA_PKCS1_SHA256, /* RSASSA-PKCS1-v1_5 */
    RSA_PKCS1_SHA384,
    RSA_PSS_SHA256, /* RSASSA-PSS, mask generation with the same hash, a salt of any length */
    RSA_PSS_SHA384  /* the same, but with a salt of 48 bytes */
};

/* rsa_verify_as checks sig over message with the key in spki, a strict DER SubjectPublicKeyInfo with
 * rsaEncryption. ERR_MALFORMED: not such DER. ERR_UNSUPPORTED: another algorithm. ERR_LIMIT: modulus
 * outside [RSA_BITS_MIN, RSA_BITS_MAX], or the exponent even, below 3 or above 2^32: refused before any
 * arithmetic (CVE-2023-39533). ERR_AUTH: the signature does not hold. */
MUST_CHECK enum err
rsa_verify_as(enum rsa_scheme scheme, struct span spki, struct span message, struct span sig);

/* rsa_verify is the same with RSA_PKCS1_SHA256. */
MUST_CHECK enum err rsa_verify(struct span spki, struct span message, struct span sig);

/* rsa_pss_verify is the same with RSA_PSS_SHA256. */
MUST_CHECK enum err rsa_pss_verify(struct span spki, struct span message, struct span sig);

/* rsa_spki_check does the part of rsa_verify_as before arithmetic. */
MUST_CHECK enum err rsa_spki_check(struct span spki);

/* rsa_spki_write writes such a SubjectPublicKeyInfo for a modulus and an exponent, big-endian, with or without leading zeros. */
void rsa_spki_write(struct wr *w, struct span modulus, struct span exponent);

/* rsa_oaep_encrypt encrypts message with the key in spki, as RSAES-OAEP with SHA-256 for label and mask (RFC 8017 §7.1.1). seed is 32 fresh random bytes, a
 * secret; *ret_len is the modulus's length. Errors of rsa_spki_check, and ERR_LIMIT too: message longer than the modulus has room for, or than out.
 * ERR_INTERNAL: backend. */
#define RSA_OAEP_SEED_LEN 32
struct rsa_oaep {
    struct span label;
    struct span seed; /* RSA_OAEP_SEED_LEN */
    struct span message;
};
MUST_CHECK enum err
rsa_oaep_encrypt(struct mspan out, size_t *ret_len, struct span spki, const struct rsa_oaep *in);

#endif
