#ifndef TEE_TPM2_H
#define TEE_TPM2_H

#include "tee/policy.h"

/* Quotes of TPM 2.0 ("Trusted Platform Module Library" part 2: Structures, and part 3 §18.4). A TPM binds a key to its chip; it
 * says nothing about who uses that key, so the level is never above TEE_LEVEL_TPM_BOUND_KEY. Order of steps:
 *
 *   formats; the quote's signature under the attestation key (AK); the registers that were shown against the signed digest;
 *   the AK's attributes: it signs only what the TPM made, and cannot leave it; the AK's origin: an endorsement key
 *   (EK) with a vendor's certificate for which credential activation named this AK; then the policy
 *
 * A software TPM passes every step but the origin. What the attester put in is extraData: the SHA-256 of a binding, because a
 * TPM takes no more than its largest digest. */
enum {
    TPM2_PCRS_COUNT = 24,
    TPM2_NAME_LEN = 34, /* algorithm and SHA-256 */
    TPM2_TEXT_LEN_MAX = 4096,
};

struct tpm2_texts {
    struct span attest;    /* TPMS_ATTEST */
    struct span signature; /* TPMT_SIGNATURE */
    struct span ak;        /* TPM2B_PUBLIC; for tpm2_verify_bound a SubjectPublicKeyInfo */
    struct span pcrs;      /* values of the selected registers, one after the other */
    struct span ek_chain;  /* EK certificate and its issuers; empty: missing */
    /* The name of the key for which the holder of that EK certificate's key has opened a credential that this verifier
     * made; empty: none did. */
    struct span activated_name;
};

struct tpm2_attest {
    struct span signer; /* TPM2B content: the AK's qualified name */
    struct span extra_data;
    uint64_t clock_ms;
    uint32_t reset_count;
    uint32_t restart_count;
    uint64_t firmware_version;
    uint16_t pcr_algorithm;
    uint32_t pcr_mask; /* bit i: register i is selected */
    struct span pcr_digest;
};

/* tpm2_attest_decode reads a quote and nothing else that a TPM signs. ERR_MALFORMED; ERR_UNSUPPORTED: not exactly one bank of
 * registers, SHA-256 or SHA-384. */
MUST_CHECK enum err tpm2_attest_decode(struct tpm2_attest *ret, struct span in);

/* A public area. ERR_UNSUPPORTED: neither RSA nor P-256 nor P-384. */
struct tpm2_public {
    struct span area; /* TPMT_PUBLIC, which the name hashes */
    uint32_t attributes;
    bool is_rsa;
    uint32_t exponent;
    struct span modulus; /* RSA */
    struct span x;       /* curves */
    struct span y;
};
MUST_CHECK enum err tpm2_public_decode(struct tpm2_public *ret, struct span in);

/* tpm2_name is nameAlg and the hash of the area; only SHA-256 names (ERR_UNSUPPORTED). */
MUST_CHECK enum err tpm2_name(uint8_t ret_name[static TPM2_NAME_LEN],
                              const struct tpm2_public *key);

MUST_CHECK enum err tpm2_verify(struct appraisal *a,
                                struct chain *work,
                                const struct tpm2_texts *texts,
                                const struct expectation *e);

/* tpm2_verify_bound is for evidence of other hardware that names the quote's key: format, signature and registers, which join a's measurements. texts->ak is that key. *ret_extra_data is what the
 * quote carries. No policy is asked. */
MUST_CHECK enum err
tpm2_verify_bound(struct appraisal *a, struct span *ret_extra_data, const struct tpm2_texts *texts);

#endif
