/* Base58 with Bitcoin's alphabet: draft-msporny-base58. */
#include "codec/base58.h"

#include "codec/radix.h"

#include <assert.h>

static_assert((int)BASE58_BYTES_MAX == (int)RADIX_BYTES_MAX, "one bound for both");

static struct radix base58(void)
{
    return (struct radix){
        .digits = SPAN_LIT("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")};
}

void base58_encode(struct wr *w, struct span bytes)
{
    radix_encode(w, base58(), bytes);
}

enum err base58_decode(struct wr *w, struct span text)
{
    return text.n > BASE58_TEXT_MAX ? ERR_LIMIT : radix_decode(w, base58(), text);
}
