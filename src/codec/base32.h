#ifndef CODEC_BASE32_H
#define CODEC_BASE32_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

/* Base32 of RFC 4648 section 6 without padding, in lower or upper case: the multibases "b" and "B". */
enum base32_kind { BASE32_LOWER, BASE32_UPPER };

void base32_encode(struct wr *w, enum base32_kind kind, struct span bytes);

/* base32_decode writes onto w. ERR_MALFORMED: a foreign character (the other case too), a length that
 * no encoder gives, or left-over bits that are not zero; ERR_LIMIT: w is full. */
MUST_CHECK enum err base32_decode(struct wr *w, enum base32_kind kind, struct span text);

#endif
