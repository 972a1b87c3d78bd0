#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include "base/secret.h"
#include "base/span.h"

#include <stddef.h>
#include <stdint.h>

/* SHA-256, SHA-384, SHA-512 (FIPS 180-4) and HMAC (FIPS 198-1). Nothing here can fail. The small and
 * the incremental forms do not allocate; a one-shot of more than SHA256_BULK_MIN bytes borrows a
 * context of OpenSSL for the call, which is five times as fast. */

#define SHA256_BULK_MIN 128

/* A 32-byte digest: SHA-256 here, Keccak-256 in keccak.h. Public, so plain copies are right. */
struct hash32 {
    uint8_t bytes[32];
};

/* Not in constant time: digests are public. */
static inline bool hash32_equal(const struct hash32 *a, const struct hash32 *b)
{
    return span_equal(SPAN_OF(a->bytes), SPAN_OF(b->bytes));
}

/* sha256 hashes one span; sha256_of hashes the concatenation of parts[0..parts_count). */
void sha256(struct hash32 *ret_hash, struct span data);
void sha256_of(struct hash32 *ret_hash, const struct span *parts, size_t parts_count);

/* The same, piece by piece: init, add any number of times, end once. A copy by assignment forks the
 * state. sha256_end wipes it. */
struct sha256 {
    uint64_t state[13]; /* the backend's own */
};
void sha256_init(struct sha256 *h);
void sha256_add(struct sha256 *h, struct span data);
void sha256_end(struct sha256 *h, struct hash32 *ret_hash);

/* SHA-384 borrows a context of OpenSSL for the call. */
void sha384_of(uint8_t ret_hash[static 48], const struct span *parts, size_t parts_count);

/* sha2_of is SHA-384 or SHA-256, for formats in which a field names the one that is meant; gives the digest, which lies in ret_hash. */
#define SHA2_LEN_MAX 48
struct span sha2_of(uint8_t ret_hash[static SHA2_LEN_MAX],
                    bool is_384,
                    const struct span *parts,
                    size_t parts_count);

void sha512(uint8_t ret_hash[static 64], struct span data);
void sha512_of(uint8_t ret_hash[static 64], const struct span *parts, size_t parts_count);

/* hmac_sha256 authenticates the concatenation of parts. The result may be a key, so it is a secret;
 * compare tags with ct_equal. Any key length is allowed. */
void hmac_sha256(struct secret32 *ret_mac,
                 struct span key,
                 const struct span *parts,
                 size_t parts_count);

/* The same with SHA-512, 64 bytes: BIP-32 derives with it. */
void hmac_sha512(struct secret64 *ret_mac,
                 struct span key,
                 const struct span *parts,
                 size_t parts_count);

/* And with SHA-384, 48 bytes, for keys of TPMs; at most HMAC_SHA384_PARTS_MAX parts. The caller wipes the result if it is a key. */
#define HMAC_SHA384_PARTS_MAX 8
void hmac_sha384(uint8_t ret_mac[static 48],
                 struct span key,
                 const struct span *parts,
                 size_t parts_count);

#endif
