/* HKDF, RFC 5869. */
#include "crypto/hkdf.h"

#include "crypto/hash.h"

enum { HASH_LEN = 32, BLOCKS_MAX = 255 };

void hkdf_extract(struct secret32 *ret_prk, struct span salt, struct span input)
{
    /* SPEC RFC5869 §"2.2": without a salt the key is HashLen zeros, and HMAC pads an empty key to just that. */
    hmac_sha256(ret_prk, salt, &input, 1);
}

enum err hkdf_expand(struct mspan out, const struct secret32 *prk, struct span info)
{
    if (out.n == 0 || out.n > (size_t)BLOCKS_MAX * HASH_LEN) {
        return ERR_LIMIT;
    }
    AUTO(secret32_wipe) struct secret32 block = {0};
    size_t block_len = 0; /* T(0) is empty */
    uint8_t counter = 1;
    while (out.n > 0) {
        /* SPEC RFC5869 §"2.3": T(i) = HMAC(PRK, T(i-1) | info | i). */
        const struct span parts[] = {span_of(block.bytes, block_len), info, span_of(&counter, 1)};
        hmac_sha256(&block, SPAN_OF(prk->bytes), parts, 3);
        block_len = HASH_LEN;
        out = mspan_from(out, span_copy(out, SPAN_OF(block.bytes)));
        counter++;
    }
    return OK;
}

enum err hkdf(struct mspan out, struct span salt, struct span input, struct span info)
{
    AUTO(secret32_wipe) struct secret32 prk;
    hkdf_extract(&prk, salt, input);
    return hkdf_expand(out, &prk, info);
}
