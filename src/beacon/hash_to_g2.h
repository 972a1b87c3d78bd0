#ifndef BEACON_HASH_TO_G2_H
#define BEACON_HASH_TO_G2_H

#include "base/err.h"
#include "base/span.h"
#include "beacon/g2.h"

/* hash_to_g2 is the suite BLS12381G2_XMD:SHA-256_SSWU_RO_ of RFC 9380: a point of G2 that nobody can choose. domain tells
 * uses apart and has 1 to HASH_TO_G2_DOMAIN_MAX bytes: ERR_LIMIT otherwise. ERR_UNSUPPORTED: the result is infinity,
 * which nobody can bring about. */
enum { HASH_TO_G2_DOMAIN_MAX = 255 };
MUST_CHECK enum err hash_to_g2(struct g2 *ret_point, struct span message, struct span domain);

#endif
