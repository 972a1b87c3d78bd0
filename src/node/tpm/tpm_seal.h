#ifndef NODE_TPM_SEAL_H
#define NODE_TPM_SEAL_H

#include "base/rng.h"
#include "node/os/sealer.h"
#include "node/tpm/tpm_chip.h"

/* Keys sealed in a TPM 2.0: what stands behind struct sealer. The object's policy is
 *
 *     PolicyAuthorize(authority, "passmesh seal 1") and PolicyAuthValue
 *
 * so it opens under any PolicyPCR that authority has signed, and with the authorization value of the blob: 32 bytes that were drawn, outside the chip's
 * lockout, so that neither another program's wrong tries nor losses of power close it. The counter is an NV index of type counter, with an authorization value made from the sealed key: whoever cannot unseal can neither
 * move nor fake it. All secrets travel in salted sessions, encrypted.
 *
 *     blob = version 1 | parent's name 34 | counter's index 4 | authorization value 32 | length 2, TPM2B_PUBLIC and TPM2B_PRIVATE
 */

/* tpm_seal_make draws the authorization value from rng. Errors: sealer.h. */
MUST_CHECK enum err tpm_seal_make(struct tpm_chip *c,
                                  struct sealer_blob *ret,
                                  struct rng *rng,
                                  const struct secret32 *key,
                                  const struct p256_public *authority);
MUST_CHECK enum err tpm_seal_open(struct tpm_chip *c,
                                  struct secret32 *ret,
                                  const struct sealer_blob *blob,
                                  const struct p256_public *authority,
                                  const struct sealer_approvals *approvals);
MUST_CHECK enum err
tpm_seal_state(struct tpm_chip *c, struct hash32 *ret, uint32_t registers, struct span values);
MUST_CHECK enum err tpm_seal_counter(struct tpm_chip *c,
                                     uint64_t *ret,
                                     enum sealer_counter what,
                                     const struct sealer_blob *blob,
                                     const struct secret32 *key);

#endif
