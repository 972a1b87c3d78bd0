#ifndef CODEC_BASE64_H
#define CODEC_BASE64_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

/* Base64 of RFC 4648: section 4 (standard) and section 5 (url-safe), with or without padding. */
enum base64_kind {
    BASE64_STD,      /* "+/", padded */
    BASE64_STD_BARE, /* "+/", not padded: multibase "m" */
    BASE64_URL,      /* "-_", padded: multibase "U" */
    BASE64_URL_BARE  /* "-_", not padded: multibase "u", WebAuthn, JOSE */
};

void base64_encode(struct wr *w, enum base64_kind kind, struct span bytes);

/* base64_decode writes onto w. ERR_MALFORMED: a foreign character (white space too), wrong padding, a
 * length that no encoder gives, or left-over bits that are not zero; ERR_LIMIT: w is full. */
MUST_CHECK enum err base64_decode(struct wr *w, enum base64_kind kind, struct span text);

/* base64_len is the length in characters of bytes_len bytes. */
size_t base64_len(enum base64_kind kind, size_t bytes_len);

#endif
