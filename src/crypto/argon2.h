#ifndef CRYPTO_ARGON2_H
#define CRYPTO_ARGON2_H

#include "base/budget.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/span.h"

#include <stdint.h>

/* Argon2id version 1.3, RFC 9106, one lane, 32 bytes out. */

#define ARGON2_SALT_LEN       16
#define ARGON2_PASSES_MAX     64
#define ARGON2_MEMORY_KIB_MAX (1024u * 1024u)

struct argon2_cost {
    uint32_t passes;     /* 1 to ARGON2_PASSES_MAX */
    uint32_t memory_kib; /* 8 to ARGON2_MEMORY_KIB_MAX; charged to the budget while it runs */
};

/* argon2id derives a key from a password. ERR_LIMIT: cost out of range, or no budget or memory. Takes
 * from milliseconds to seconds: never on an event loop. */
MUST_CHECK enum err argon2id(struct secret32 *ret_key,
                             struct budget *budget,
                             struct span password,
                             const uint8_t salt[static ARGON2_SALT_LEN],
                             const struct argon2_cost *cost);

#endif
