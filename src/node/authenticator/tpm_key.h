#ifndef NODE_TPM_KEY_H
#define NODE_TPM_KEY_H

#include "base/err.h"
#include "base/span.h"
#include "node/authenticator/security_key.h"
#include "node/tpm/tpm_chip.h"

/* Passkeys in this machine's TPM 2.0: a P-256 key that cannot leave the chip and a second key for the PRF, both under a PIN that is their
 * authValue, so that the chip itself slows wrong tries and locks. Sessions are salted with a key of the chip, and what is secret
 * in them is encrypted. Calls take tens of milliseconds: never on an event loop.
 *
 * The chip keeps nothing: a passkey is a blob, wrapped by the chip, that the caller stores. A TPM that was cleared opens none of them. */

enum {
    TPM_KEY_BLOB_MAX = 1024,
    TPM_KEY_PIN_MIN = 4, /* bytes; the chip allows few tries */
};

struct tpm_key {
    struct tpm_chip chip; /* with its storage key and a session, from open to done */
};

struct tpm_key_blob {
    uint8_t bytes[TPM_KEY_BLOB_MAX];
    size_t n;
};

/* tpm_key_open talks over tcti, which the caller keeps and which must outlive k. Errors of tpm_chip.h; ERR_UNSUPPORTED: it is none of
 * version 2, or lacks P-256. */
MUST_CHECK enum err tpm_key_open(struct tpm_key *k, struct TSS2_TCTI_OPAQUE_CONTEXT_BLOB *tcti);

/* tpm_key_done flushes what is in the chip; safe on a zeroed object. */
void tpm_key_done(struct tpm_key *k);

/* tpm_key_create makes a passkey: its credential id is the SHA-256 of its public part. tpm_key_assert uses the one of blob, for the RP ID that it
 * was made for. ERR_AUTH: the PIN is wrong; the chip counts. ERR_DENIED: the chip is locked for now. ERR_NOT_FOUND: another chip, or it was
 * cleared. ERR_MALFORMED: no blob of ours, or of another RP ID. ERR_LIMIT: a length, or no room in the chip. ERR_IO: it is gone. */
MUST_CHECK enum err tpm_key_create(struct tpm_key *k,
                                   struct security_key_answer *ret,
                                   struct tpm_key_blob *ret_blob,
                                   const struct security_key_ask *ask);
MUST_CHECK enum err tpm_key_assert(struct tpm_key *k,
                                   struct security_key_answer *ret,
                                   const struct tpm_key_blob *blob,
                                   const struct security_key_ask *ask);

#endif
