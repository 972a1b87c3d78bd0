#ifndef CODEC_JSON_CHAR_H
#define CODEC_JSON_CHAR_H

#include "base/span.h"

/* What json.c, json_get.c and json_write.c share. Everyone else uses json.h. */

/* json_char_take takes one character of a string off the front of *rest, its escape undone, and returns
 * the code point; -1, and nothing taken, at the closing quote, at the end or where the text is not allowed. */
int32_t json_char_take(struct span *rest);

/* json_char_string_len is the length of the string at the front of text, both quotes included; 0 if it is not a
 * well-formed string. */
size_t json_char_string_len(struct span text);

static inline bool json_char_is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

#endif
