#ifndef PLUGIN_CANONICAL_H
#define PLUGIN_CANONICAL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/wr.h"
#include "codec/json.h"

/* The OLPC canonical form of JSON, over which TUF signs: members in the order of their names' bytes, no white space, whole
 * numbers only, strings raw but for the quote and the backslash. What comes out is not always JSON itself.
 *
 * It is never longer than the text that it comes from. */

/* canonical_write writes v, a value of a text that was parsed, onto w. ERR_UNSUPPORTED: a number with a fraction or an
 * exponent. ERR_LIMIT: w or scratch is full; scratch takes some bytes a member and may be reset afterwards. */
MUST_CHECK enum err canonical_write(struct wr *w, struct json v, struct arena *scratch);

#endif
