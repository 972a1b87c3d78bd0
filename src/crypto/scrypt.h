#ifndef CRYPTO_SCRYPT_H
#define CRYPTO_SCRYPT_H

#include "base/budget.h"
#include "base/err.h"
#include "base/span.h"

#include <stdint.h>

/* scrypt (RFC 7914), for key files of others that ask for it; our own use Argon2id. */
#define SCRYPT_MEMORY_MAX ((size_t)512 * 1024 * 1024) /* bytes, of scrypt_memory */
#define SCRYPT_OUT_MAX    128

struct scrypt_cost {
    uint64_t n; /* a power of two, at least 2 */
    uint32_t r; /* at least 1 */
    uint32_t p; /* at least 1; the work is n * r * p, bounded as if it were memory */
};

/* scrypt fills out, 1 to SCRYPT_OUT_MAX bytes. ERR_LIMIT: a cost or length out of range, or no budget or memory
 * for 128 * n * r bytes and a little, which it reserves while it runs. Takes up to seconds: never on an event loop. */
MUST_CHECK enum err scrypt(struct mspan out,
                           struct budget *budget,
                           struct span password,
                           struct span salt,
                           const struct scrypt_cost *cost);

#endif
