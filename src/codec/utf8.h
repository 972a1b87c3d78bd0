#ifndef CODEC_UTF8_H
#define CODEC_UTF8_H

#include "base/span.h"

/* utf8_is_valid: well-formed UTF-8 (RFC 3629): shortest forms, no surrogates, nothing past U+10FFFF. */
bool utf8_is_valid(struct span text);

/* utf8_take takes one character off the front of *text and returns its code point, or -1 (and takes
 * nothing) if *text is empty or not well-formed there. */
int32_t utf8_take(struct span *text);

/* utf8_encode writes code (0 to 0x10FFFF, no surrogate) into out and returns the length, 1 to 4. */
size_t utf8_encode(uint8_t out[static 4], uint32_t code);

#endif
