#ifndef CODEC_BASE16_H
#define CODEC_BASE16_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

/* Hexadecimal text. Encoders write onto w and fail it with ERR_LIMIT if it is full. Not in constant
 * time: never for secrets. */
void base16_encode(struct wr *w, struct span bytes);       /* lower case */
void base16_encode_upper(struct wr *w, struct span bytes); /* upper case */
void base16_encode_0x(struct wr *w, struct span bytes);    /* lower case behind "0x" */

/* base16_decode writes the bytes of text, either case, onto w. ERR_MALFORMED: an odd length or a
 * character that is no digit; ERR_LIMIT: w is full (w then holds a part). */
MUST_CHECK enum err base16_decode(struct wr *w, struct span text);

/* The same for text that must begin with "0x" (Ethereum's data; "0x" alone is no bytes). */
MUST_CHECK enum err base16_decode_0x(struct wr *w, struct span text);

/* Exactly out.n bytes, without and with "0x": ERR_MALFORMED for any other length. Untouched on failure. */
MUST_CHECK enum err base16_decode_fixed(struct mspan out, struct span text);
MUST_CHECK enum err base16_decode_fixed_0x(struct mspan out, struct span text);

/* base16_digit is the value of one digit, or -1. */
int base16_digit(uint8_t c);

#endif
