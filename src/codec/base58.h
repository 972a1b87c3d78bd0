#ifndef CODEC_BASE58_H
#define CODEC_BASE58_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

/* Base58 with Bitcoin's alphabet (multibase "z", peer ids). The conversion takes time in the square of
 * the length, so both sides are bounded. */
enum { BASE58_BYTES_MAX = 160, BASE58_TEXT_MAX = 219 };

/* base58_encode fails w with ERR_LIMIT for more than BASE58_BYTES_MAX bytes. */
void base58_encode(struct wr *w, struct span bytes);

/* base58_decode: ERR_MALFORMED for a foreign character; ERR_LIMIT if text is longer than BASE58_TEXT_MAX,
 * gives more than BASE58_BYTES_MAX bytes, or w is full. */
MUST_CHECK enum err base58_decode(struct wr *w, struct span text);

#endif
