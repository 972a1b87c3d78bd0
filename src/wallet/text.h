#ifndef WALLET_TEXT_H
#define WALLET_TEXT_H

#include "base/err.h"
#include "base/rng.h"
#include "base/span.h"
#include "codec/json.h"

/* The short texts that records hold: fixed room, NUL-terminated, valid UTF-8 without control characters. */

enum { NAME_LEN_MAX = 64, ID_LEN = 22 };

/* An identifier that this wallet made: 16 random bytes in base64url (RFC 4648 §5). */
struct id {
    char text[ID_LEN + 1];
};

struct id id_make(struct rng *rng);

/* id_parse: ERR_MALFORMED if text is not 1 to ID_LEN characters of base64url. Shorter ones are those of networks. */
MUST_CHECK enum err id_parse(struct id *ret, struct span text);
bool id_equal(struct id a, struct id b);
bool id_is_set(struct id a);
struct span id_span(const struct id *a);

/* A name that a person gave. */
struct name {
    char text[NAME_LEN_MAX + 1];
};

/* name_parse takes 1 to 64 bytes of UTF-8 that hold no control or bidi control characters and neither start
 * nor end with a blank: else ERR_MALFORMED. */
MUST_CHECK enum err name_parse(struct name *ret, struct span text);
bool name_equal(const struct name *a, const struct name *b);
struct span name_span(const struct name *a);

/* text_set copies as much of s as fits into out (of cap bytes, NUL included). */
void text_set(char *out, size_t cap, struct span s);

#endif
