#ifndef CODEC_MULTIBASE_H
#define CODEC_MULTIBASE_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

/* Multibase (multiformats/multibase): one character that names the encoding, then the text. */
enum multibase {
    MULTIBASE_BASE16 = 'f',
    MULTIBASE_BASE16_UPPER = 'F',
    MULTIBASE_BASE32 = 'b',
    MULTIBASE_BASE32_UPPER = 'B',
    MULTIBASE_BASE36 = 'k',
    MULTIBASE_BASE58BTC = 'z',
    MULTIBASE_BASE64 = 'm',
    MULTIBASE_BASE64_PAD = 'M',
    MULTIBASE_BASE64URL = 'u',
    MULTIBASE_BASE64URL_PAD = 'U'
};

void multibase_encode(struct wr *w, enum multibase base, struct span bytes);

/* multibase_decode writes the bytes onto w. ERR_UNSUPPORTED: an encoding not listed above;
 * ERR_MALFORMED: empty, or the text does not fit its encoding; ERR_LIMIT: w is full, or too long for base36 or base58. */
MUST_CHECK enum err multibase_decode(struct wr *w, struct span text);

#endif
