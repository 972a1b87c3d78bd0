#ifndef CRYPTO_PBKDF2_H
#define CRYPTO_PBKDF2_H

#include "base/err.h"
#include "base/span.h"

#include <stdint.h>

/* PBKDF2 (RFC 8018 §5.2) with HMAC. For formats of others that ask for it; our own use Argon2id. */
#define PBKDF2_ROUNDS_MAX (10u * 1000 * 1000) /* about ten seconds */
#define PBKDF2_OUT_MAX    128

/* pbkdf2_sha256 and pbkdf2_sha512 fill out, 1 to PBKDF2_OUT_MAX bytes. ERR_LIMIT: rounds are 0 or above the
 * limit, or a length is out of range. Takes from milliseconds to seconds: never on an event loop. */
MUST_CHECK enum err
pbkdf2_sha256(struct mspan out, struct span password, struct span salt, uint32_t rounds);
MUST_CHECK enum err
pbkdf2_sha512(struct mspan out, struct span password, struct span salt, uint32_t rounds);

#endif
