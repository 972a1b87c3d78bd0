#ifndef CODEC_BASE36_H
#define CODEC_BASE36_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

/* Base36 in lower case (multibase "k", some CIDs of keys). The conversion takes time in the square of
 * the length, so both sides are bounded. */
enum { BASE36_BYTES_MAX = 160, BASE36_TEXT_MAX = 248 };

/* base36_encode fails w with ERR_LIMIT for more than BASE36_BYTES_MAX bytes. */
void base36_encode(struct wr *w, struct span bytes);

/* base36_decode: ERR_MALFORMED for a foreign character; ERR_LIMIT if text is longer than BASE36_TEXT_MAX,
 * gives more than BASE36_BYTES_MAX bytes, or w is full. */
MUST_CHECK enum err base36_decode(struct wr *w, struct span text);

#endif
