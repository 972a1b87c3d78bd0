#ifndef CRYPTO_HKDF_H
#define CRYPTO_HKDF_H

#include "base/err.h"
#include "base/secret.h"
#include "base/span.h"

/* HKDF with HMAC-SHA-256, RFC 5869. No allocation. */

/* hkdf_extract: an empty salt means 32 zeros, as the RFC says. */
void hkdf_extract(struct secret32 *ret_prk, struct span salt, struct span input);

/* hkdf_expand fills out (1 to 255 * 32 bytes, else ERR_LIMIT). Separate keys by purpose in info. */
MUST_CHECK enum err hkdf_expand(struct mspan out, const struct secret32 *prk, struct span info);

/* hkdf does both. */
MUST_CHECK enum err hkdf(struct mspan out, struct span salt, struct span input, struct span info);

#endif
