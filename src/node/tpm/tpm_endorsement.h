#ifndef NODE_TPM_ENDORSEMENT_H
#define NODE_TPM_ENDORSEMENT_H

#include "base/secret.h"
#include "node/tpm/tpm_chip.h"

/* The endorsement key (EK) of a TPM and its maker's certificate (TCG "EK Credential Profile for TPM Family 2.0"): the key is made anew from the chip's seed by a
 * default template, so that it is the one of the certificate, which lies in the chip's memory at an index that goes with the template. */
enum tpm_ek {
    TPM_EK_P256, /* template L-2, index 0x01c0000a */
    TPM_EK_P384, /* H-3, 0x01c00016 */
    TPM_EK_RSA,  /* L-1 of 2048 bits, 0x01c00002 */
    TPM_EK_COUNT
};

enum { TPM_CERTIFICATE_LEN_MAX = 4096 };

struct tpm_certificate {
    enum tpm_ek ek;
    size_t n;
    uint8_t der[TPM_CERTIFICATE_LEN_MAX]; /* without what may fill the index behind it */
};

/* tpm_endorsement_read reads the certificate of one kind of EK. Errors of tpm_chip.h; ERR_NOT_FOUND: there is none; ERR_MALFORMED: what lies there is no DER, or longer than
 * TPM_CERTIFICATE_LEN_MAX. tpm_endorsement_certificate takes of several the one whose key a chip makes soonest. */
MUST_CHECK enum err
tpm_endorsement_read(struct tpm_chip *c, struct tpm_certificate *ret, enum tpm_ek ek);
MUST_CHECK enum err tpm_endorsement_certificate(struct tpm_chip *c, struct tpm_certificate *ret);

/* tpm_endorsement_key makes an EK: the caller flushes it, and frees the public area (ret_area may be NULL). ERR_DENIED too: somebody has set a password on
 * the hierarchy. */
MUST_CHECK enum err
tpm_endorsement_key(struct tpm_chip *c, ESYS_TR *ret, enum tpm_ek ek, TPM2B_PUBLIC **ret_area);

/* tpm_endorsement_open makes the EK of that template, and opens a credential (tee/tpm2_credential.h) for the attestation key of tpm_quote.h. The secret comes
 * off the chip encrypted. Between tpm_chip_begin and tpm_chip_end; takes seconds on a chip that makes an RSA key. ERR_MALFORMED: no credential. ERR_AUTH: it is for another
 * chip or another key. Else the errors of tpm_chip.h. */
MUST_CHECK enum err tpm_endorsement_open(struct tpm_chip *c,
                                         struct secret32 *ret,
                                         enum tpm_ek ek,
                                         struct span credential);

/* tpm_endorsement_answer does both: which EK, the certificate tells. */
MUST_CHECK enum err
tpm_endorsement_answer(struct tpm_chip *c, struct secret32 *ret, struct span credential);

#endif
