#ifndef NODE_TPM_QUOTE_H
#define NODE_TPM_QUOTE_H

#include "base/wr.h"
#include "node/tpm/tpm_chip.h"

/* Evidence of a TPM (tee/tpm2.h): a quote over registers by an attestation key that the chip makes from its seed, the same each time: restricted, so that it signs
 * only what the chip made, and unable to leave. The EK's certificate is not sent along: nothing activates a credential yet, so a verifier can take
 * such evidence only under a policy with "no_ek". */

/* tpm_quote_write appends evidence_encode's text for binding (32 bytes: what the verifier expects in extraData) and registers of the SHA-256 bank. Errors of tpm_chip.h. */
MUST_CHECK enum err
tpm_quote_write(struct tpm_chip *c, struct wr *w, struct span binding, uint32_t registers);

#endif
