/* SHA-2 and HMAC over libsodium, whose states live wherever we put them: no allocation, no failure. */
#include "crypto/hash.h"

#include "base/check.h"
#include "crypto/openssl.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static_assert(sizeof(struct sha256) >= sizeof(crypto_hash_sha256_state),
              "room for the backend's state");

static crypto_hash_sha256_state *sha256_state(struct sha256 *h)
{
    return (crypto_hash_sha256_state *)(void *)h->state;
}

void sha256_init(struct sha256 *h)
{
    crypto_hash_sha256_init(sha256_state(h));
}

void sha256_add(struct sha256 *h, struct span data)
{
    if (data.n > 0) {
        crypto_hash_sha256_update(sha256_state(h), data.p, data.n);
    }
}

void sha256_end(struct sha256 *h, struct hash32 *ret_hash)
{
    crypto_hash_sha256_final(sha256_state(h), ret_hash->bytes);
    wipe(mspan_of(h, sizeof *h));
}

/* OpenSSL uses the machine's SHA instructions, libsodium does not; its context costs an allocation. */
static bool sha256_bulk(struct hash32 *ret_hash, const struct span *parts, size_t parts_count)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool done = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; done && i < parts_count; i++) {
        done = parts[i].n == 0 || EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) == 1;
    }
    done = done && EVP_DigestFinal_ex(ctx, ret_hash->bytes, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    return done;
}

void sha256_of(struct hash32 *ret_hash, const struct span *parts, size_t parts_count)
{
    size_t total = 0;
    for (size_t i = 0; i < parts_count; i++) {
        total += parts[i].n;
    }
    if (total > SHA256_BULK_MIN && sha256_bulk(ret_hash, parts, parts_count)) {
        return;
    }
    struct sha256 h;
    sha256_init(&h);
    for (size_t i = 0; i < parts_count; i++) {
        sha256_add(&h, parts[i]);
    }
    sha256_end(&h, ret_hash);
}

void sha256(struct hash32 *ret_hash, struct span data)
{
    sha256_of(ret_hash, &data, 1);
}

void sha384_of(uint8_t ret_hash[static 48], const struct span *parts, size_t parts_count)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool done = ctx && EVP_DigestInit_ex(ctx, EVP_sha384(), NULL) == 1;
    for (size_t i = 0; done && i < parts_count; i++) {
        done = parts[i].n == 0 || EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) == 1;
    }
    done = done && EVP_DigestFinal_ex(ctx, ret_hash, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    check(done); /* only exhausted memory can stop it */
}

struct span sha2_of(uint8_t ret_hash[static SHA2_LEN_MAX],
                    bool is_384,
                    const struct span *parts,
                    size_t parts_count)
{
    if (is_384) {
        sha384_of(ret_hash, parts, parts_count);
        return span_of(ret_hash, 48);
    }
    struct hash32 h;
    sha256_of(&h, parts, parts_count);
    memcpy(ret_hash, h.bytes, sizeof h.bytes);
    wipe(MSPAN_OF(h.bytes));
    return span_of(ret_hash, sizeof h.bytes);
}

void sha512_of(uint8_t ret_hash[static 64], const struct span *parts, size_t parts_count)
{
    crypto_hash_sha512_state h;
    crypto_hash_sha512_init(&h);
    for (size_t i = 0; i < parts_count; i++) {
        if (parts[i].n > 0) {
            crypto_hash_sha512_update(&h, parts[i].p, parts[i].n);
        }
    }
    crypto_hash_sha512_final(&h, ret_hash);
    wipe(mspan_of(&h, sizeof h));
}

void sha512(uint8_t ret_hash[static 64], struct span data)
{
    sha512_of(ret_hash, &data, 1);
}

void hmac_sha256(struct secret32 *ret_mac,
                 struct span key,
                 const struct span *parts,
                 size_t parts_count)
{
    crypto_auth_hmacsha256_state h;
    static const uint8_t none[1];
    crypto_auth_hmacsha256_init(&h, key.n > 0 ? key.p : none, key.n);
    for (size_t i = 0; i < parts_count; i++) {
        if (parts[i].n > 0) {
            crypto_auth_hmacsha256_update(&h, parts[i].p, parts[i].n);
        }
    }
    crypto_auth_hmacsha256_final(&h, ret_mac->bytes);
    wipe(mspan_of(&h, sizeof h));
}

void hmac_sha512(struct secret64 *ret_mac,
                 struct span key,
                 const struct span *parts,
                 size_t parts_count)
{
    crypto_auth_hmacsha512_state h;
    static const uint8_t none[1];
    crypto_auth_hmacsha512_init(&h, key.n > 0 ? key.p : none, key.n);
    for (size_t i = 0; i < parts_count; i++) {
        if (parts[i].n > 0) {
            crypto_auth_hmacsha512_update(&h, parts[i].p, parts[i].n);
        }
    }
    crypto_auth_hmacsha512_final(&h, ret_mac->bytes);
    wipe(mspan_of(&h, sizeof h));
}

void hmac_sha384(uint8_t ret_mac[static 48],
                 struct span key,
                 const struct span *parts,
                 size_t parts_count)
{
    uint8_t block[128] = {0}; /* as the hash has them */
    uint8_t inner[48];
    struct span all[1 + HMAC_SHA384_PARTS_MAX];
    check(parts_count <= HMAC_SHA384_PARTS_MAX);
    if (key.n > sizeof block) {
        sha384_of(block, &key, 1);
    } else {
        (void)span_copy(MSPAN_OF(block), key);
    }
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] ^= 0x36;
    }
    all[0] = SPAN_OF(block);
    for (size_t i = 0; i < parts_count; i++) {
        all[1 + i] = parts[i];
    }
    sha384_of(inner, all, 1 + parts_count);
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] ^= 0x36 ^ 0x5c;
    }
    all[1] = SPAN_OF(inner);
    sha384_of(ret_mac, all, 2);
    wipe(MSPAN_OF(block));
    wipe(MSPAN_OF(inner));
}
