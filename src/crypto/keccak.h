#ifndef CRYPTO_KECCAK_H
#define CRYPTO_KECCAK_H

#include "base/span.h"
#include "crypto/hash.h"

#include <stddef.h>
#include <stdint.h>

/* Keccak-256 with the original padding byte 01, as Ethereum uses it; this is not SHA3-256 (06). */

void keccak256(struct hash32 *ret_hash, struct span data);
void keccak256_of(struct hash32 *ret_hash, const struct span *parts, size_t parts_count);

struct keccak256 {
    uint64_t lanes[25];
    size_t fill; /* bytes absorbed into the current block, below the rate of 136 */
};
void keccak256_init(struct keccak256 *k);
void keccak256_add(struct keccak256 *k, struct span data);
void keccak256_end(struct keccak256 *k, struct hash32 *ret_hash);

#endif
