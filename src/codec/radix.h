#ifndef CODEC_RADIX_H
#define CODEC_RADIX_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

/* Bytes as one large number in another base, as base36 and base58 write them: leading zero bytes become
 * as many leading zero digits. Takes time in the square of the length. */
enum { RADIX_BYTES_MAX = 160, RADIX_TEXT_MAX = 248 };

struct radix {
    struct span digits; /* the alphabet; its count of characters is the base, 36 to 255 */
};

/* radix_encode fails w with ERR_LIMIT above RADIX_BYTES_MAX bytes. */
void radix_encode(struct wr *w, struct radix radix, struct span bytes);

/* radix_decode: ERR_MALFORMED for a foreign character; ERR_LIMIT if text is longer than RADIX_TEXT_MAX,
 * gives more than RADIX_BYTES_MAX bytes, or w is full. */
MUST_CHECK enum err radix_decode(struct wr *w, struct radix radix, struct span text);

#endif
