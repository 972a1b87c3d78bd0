#ifndef NODE_TPM_QUOTE_H
#define NODE_TPM_QUOTE_H

#include "node/tpm/tpm_chip.h"
#include "tee/evidence.h"

/* Evidence of a TPM (tee/tpm2.h): a quote over registers by an attestation key that the chip makes from its seed, the same each time: restricted, so that it signs
 * only what the chip made, and unable to leave. The EK's certificate goes along where the chip has one (tpm_endorsement.h), without its
 * issuers', which the chip does not have; else a verifier can take such evidence only under a policy with "no_ek". */

/* tpm_quote_key makes that key: the caller flushes it, and frees the public area (ret_area may be NULL). */
MUST_CHECK enum err tpm_quote_key(struct tpm_chip *c, ESYS_TR *ret, TPM2B_PUBLIC **ret_area);

/* tpm_quote_make fills ret for binding (32 bytes: what the verifier expects in extraData) and registers of the SHA-256 bank; its spans live until the next call. Errors of tpm_chip.h. */
MUST_CHECK enum err
tpm_quote_make(struct tpm_chip *c, struct evidence *ret, struct span binding, uint32_t registers);

/* tpm_quote_by is the same by a key that the chip keeps at a persistent handle; ret names no key. ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err tpm_quote_by(struct tpm_chip *c,
                                 struct evidence *ret,
                                 uint32_t handle,
                                 struct span binding,
                                 uint32_t registers);

#endif
