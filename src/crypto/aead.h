#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include "base/budget.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/span.h"

#include <stdint.h>

/* Authenticated encryption. A sealed text is ciphertext then a tag of 16 bytes. The caller owns the
 * nonce rule: one nonce at most once under one key. */

#define AEAD_TAG_LEN   16
#define AEAD_NONCE_LEN 12

enum aead_kind {
    AEAD_CHACHA20_POLY1305, /* RFC 8439 */
    AEAD_AES_256_GCM        /* NIST SP 800-38D, 96-bit nonce */
};

/* What one keyed context costs in the backend's own memory, bytes; charged to the budget by
 * aead_init and given back by aead_done. Measured, see aead_test.c. */
#define AEAD_MEM 1200

/* A keyed context, reused for every message of one direction; it remembers its key until it is
 * rekeyed or done, and is not shared between threads. Zeroed is a valid, empty object. */
struct aead {
    void *ctx; /* EVP_CIPHER_CTX */
    struct budget *budget;
    enum aead_kind kind;
};

/* aead_init makes a keyed context. ERR_LIMIT: no budget for AEAD_MEM. ERR_INTERNAL: backend. The key
 * is copied into the backend. */
MUST_CHECK enum err
aead_init(struct aead *a, struct budget *budget, enum aead_kind kind, const struct secret32 *key);

/* aead_rekey keeps the context and changes its key. */
MUST_CHECK enum err aead_rekey(struct aead *a, const struct secret32 *key);

/* aead_done wipes and frees; safe on a zeroed object and twice. */
void aead_done(struct aead *a);

/* aead_seal encrypts plain into out, and out.n must be plain.n + AEAD_TAG_LEN. In place if out.p equals
 * plain.p; other overlaps are not allowed. ERR_LIMIT: plain is 2^31 bytes or more. */
MUST_CHECK enum err aead_seal(struct aead *a,
                              struct mspan out,
                              const uint8_t nonce[static AEAD_NONCE_LEN],
                              struct span ad,
                              struct span plain);

/* aead_open checks the tag and decrypts sealed into out, and out.n must be sealed.n - AEAD_TAG_LEN. In
 * place if out.p equals sealed.p. ERR_TRUNCATED: shorter than a tag. ERR_AUTH: not what was sealed;
 * out is wiped then, so that nothing unauthenticated can be used. */
MUST_CHECK enum err aead_open(struct aead *a,
                              struct mspan out,
                              const uint8_t nonce[static AEAD_NONCE_LEN],
                              struct span ad,
                              struct span sealed);

/* XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha): the nonce is long enough to be drawn at random, so
 * it suits files. One-shot, no allocation, the same rules for spans. */
#define XAEAD_NONCE_LEN 24
MUST_CHECK enum err xaead_seal(const struct secret32 *key,
                               struct mspan out,
                               const uint8_t nonce[static XAEAD_NONCE_LEN],
                               struct span ad,
                               struct span plain);
MUST_CHECK enum err xaead_open(const struct secret32 *key,
                               struct mspan out,
                               const uint8_t nonce[static XAEAD_NONCE_LEN],
                               struct span ad,
                               struct span sealed);

#endif
