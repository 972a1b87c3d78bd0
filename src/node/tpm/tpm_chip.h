#ifndef NODE_TPM_CHIP_H
#define NODE_TPM_CHIP_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>
#include <tss2/tss2_esys.h>

/* A TPM 2.0 over ESYS ("Trusted Platform Module Library" part 3): its storage key, and sessions that are salted with that key and
 * encrypt what is secret, so that who listens on the bus learns neither a secret nor an authorization value. Calls take from
 * milliseconds to seconds: never on an event loop.
 *
 * Errors of all calls on a chip: ERR_IO: it is gone, or says what we have no word for. ERR_DENIED: locked after wrong values, for now, or its owner has
 * put a password on it. ERR_AUTH: a wrong authorization value; the chip counts. ERR_STATE: a policy does not hold. ERR_NOT_FOUND: what was sealed
 * belongs to another chip, or this one was cleared; or a handle that is not there. ERR_LIMIT: no room in the chip. ERR_UNSUPPORTED: it cannot. */

enum { TPM_CHIP_NAME_LEN = 34 /* algorithm and SHA-256 */ };

struct tpm_chip {
    ESYS_CONTEXT *ctx;
    ESYS_TR parent;  /* the storage key, made anew from the chip's seed */
    ESYS_TR session; /* HMAC, salted, encrypts both ways */
    bool has_parent;
    bool has_session;
    uint8_t parent_name[TPM_CHIP_NAME_LEN];
};

enum err tpm_chip_err(TSS2_RC rc);

/* tpm_chip_open talks over tcti, which must outlive c. tpm_chip_done: safe on a zeroed object. */
MUST_CHECK enum err tpm_chip_open(struct tpm_chip *c, struct TSS2_TCTI_OPAQUE_CONTEXT_BLOB *tcti);
void tpm_chip_done(struct tpm_chip *c);

/* tpm_chip_begin makes parent and session for the calls that follow, tpm_chip_end takes them out of the chip: so nothing of ours is in
 * it while the machine sleeps, and no other program waits for room. End also after a failed begin. */
MUST_CHECK enum err tpm_chip_begin(struct tpm_chip *c);
void tpm_chip_end(struct tpm_chip *c);

/* tpm_chip_session starts another session, salted with the parent: TPM2_SE_POLICY or TPM2_SE_TRIAL. The caller flushes it. */
MUST_CHECK enum err tpm_chip_session(struct tpm_chip *c, ESYS_TR *ret, TPM2_SE kind);
void tpm_chip_flush(struct tpm_chip *c, ESYS_TR handle);

/* Registers of the SHA-256 bank: bit i is register i. */
TPML_PCR_SELECTION tpm_chip_pcrs(uint32_t mask);

#endif
