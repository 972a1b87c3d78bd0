#ifndef CODEC_DECIMAL_H
#define CODEC_DECIMAL_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

/* Decimal text of whole numbers, as ports, lengths and JSON have it. */

/* decimal_parse takes digits only, no sign, no leading zero, up to max: ERR_MALFORMED otherwise. */
MUST_CHECK enum err decimal_parse(uint64_t *ret, struct span text, uint64_t max);

void decimal_print(struct wr *w, uint64_t v);

#endif
