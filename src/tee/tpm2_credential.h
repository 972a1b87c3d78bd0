#ifndef TEE_TPM2_CREDENTIAL_H
#define TEE_TPM2_CREDENTIAL_H

#include "base/rng.h"
#include "tee/tpm2.h"

/* Credentials of TPM 2.0 ("Trusted Platform Module Library" part 1: Architecture, "Credential Protection"; TPM2_MakeCredential without a TPM): a secret that
 * only the TPM with a certain endorsement key (EK) can open, and only if it also holds the key of a certain name. Who opens it has shown that both are in one chip:
 *
 *     seed      drawn, and encrypted to an RSA EK; or agreed upon with an elliptic EK and a key for this one use
 *     key       KDFa(seed, "STORAGE", name)           encrypts the secret
 *     tag key   KDFa(seed, "INTEGRITY")               authenticates that and the name
 *
 *     credential = TPM2B_ID_OBJECT { tag, encrypted secret } | TPM2B_ENCRYPTED_SECRET
 *
 * The EK's certificate names its public point or modulus only. What else counts is that of the default templates (TCG "EK Credential Profile for TPM Family 2.0",
 * annex B): SHA-256 and AES-128 for RSA of 2048 bits and P-256 (templates L-1 and L-2), SHA-384 and AES-256 for P-384 (H-3). An EK made otherwise
 * opens nothing. */
enum {
    TPM2_ID_OBJECT_LEN_MAX = 2 + 2 + 48 + 2 + 32,
    TPM2_ENCRYPTED_SECRET_LEN_MAX = 2 + 256,
    TPM2_CREDENTIAL_LEN_MAX = TPM2_ID_OBJECT_LEN_MAX + TPM2_ENCRYPTED_SECRET_LEN_MAX,
};

struct tpm2_credential {
    uint8_t bytes[TPM2_CREDENTIAL_LEN_MAX];
    size_t n;
};

/* tpm2_credential_make wraps secret (32 bytes, the longest that a TPM with SHA-256 takes) for the TPM whose EK has this SubjectPublicKeyInfo, of a certificate that was verified, and
 * for the key of this name (TPM2_NAME_LEN). Draws from rng, nothing else is random. ERR_UNSUPPORTED: another kind or size of EK.
 * ERR_MALFORMED, ERR_LIMIT, ERR_AUTH: no key, or a point that is not on its curve. ERR_INTERNAL: backend. */
MUST_CHECK enum err tpm2_credential_make(struct tpm2_credential *ret,
                                         struct span ek_spki,
                                         struct span name,
                                         const struct secret32 *secret,
                                         struct rng *rng);

/* tpm2_credential_split cuts one into the contents of its two structures, without their lengths, as a TPM's library takes them. ERR_MALFORMED: not two, or longer
 * than one that is made here. */
struct tpm2_credential_parts {
    struct span id_object;
    struct span encrypted_secret;
};
MUST_CHECK enum err tpm2_credential_split(struct tpm2_credential_parts *ret, struct span in);

#endif
