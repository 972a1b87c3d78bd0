#ifndef CODEC_UVARINT_H
#define CODEC_UVARINT_H

#include "base/err.h"
#include "base/rd.h"
#include "base/span.h"
#include "base/wr.h"

/* Unsigned varints of the multiformats (multiformats/unsigned-varint): seven bits a byte, least
 * significant group first, at most 9 bytes and so 63 bits, and always in the shortest form. */
enum { UVARINT_LEN_MAX = 9 };
#define UVARINT_MAX (UINT64_MAX >> 1)

/* uvarint_decode reads one number from the front of in. ERR_TRUNCATED: in ends inside the number, so
 * read more; ERR_MALFORMED: longer than 9 bytes or not the shortest form. */
MUST_CHECK enum err uvarint_decode(uint64_t *ret_value, size_t *ret_len, struct span in);

/* uvarint_read reads one number from r; on failure r has failed and the result is 0. */
uint64_t uvarint_read(struct rd *r);

/* uvarint_write writes v; a v above UVARINT_MAX fails w with ERR_MALFORMED. */
void uvarint_write(struct wr *w, uint64_t v);

/* uvarint_encode writes v into out and returns the length, 1 to 9; v <= UVARINT_MAX. */
size_t uvarint_encode(uint8_t out[static UVARINT_LEN_MAX], uint64_t v);

/* uvarint_len is the length of v in bytes; v <= UVARINT_MAX. */
size_t uvarint_len(uint64_t v);

/* A number that arrives in pieces. Zeroed is the start; zero it again for the next number. */
struct uvarint_state {
    uint64_t value;
    uint8_t count; /* bytes seen */
};

/* uvarint_step takes the next byte. OK: the number is whole, in *ret_value; ERR_TRUNCATED: more bytes
 * are needed; ERR_MALFORMED as above. */
MUST_CHECK enum err uvarint_step(struct uvarint_state *s, uint64_t *ret_value, uint8_t byte);

#endif
