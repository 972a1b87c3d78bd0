#ifndef BASE_RD_H
#define BASE_RD_H

#include "base/span.h"

/* A reader over a span with sticky failure: after the first read past the end every further read
 * gives zeros, and one check at the end tells. Read one field a statement: C does not order reads in
 * an argument list. */
struct rd {
    struct span rest;
    size_t len; /* of the whole input, so that rd_offset is known */
    bool failed;
};

struct rd rd_init(struct span in);

uint8_t rd_u8(struct rd *r);
uint16_t rd_be16(struct rd *r);
uint32_t rd_be32(struct rd *r);
uint64_t rd_be64(struct rd *r);
uint16_t rd_le16(struct rd *r);
uint32_t rd_le32(struct rd *r);
uint64_t rd_le64(struct rd *r);

/* rd_bytes gives the next n bytes as a span into the input, or an empty span on failure. */
struct span rd_bytes(struct rd *r, size_t n);

/* rd_be16_sized gives the bytes behind their length in 16 bits. */
struct span rd_be16_sized(struct rd *r);

/* rd_copy fills out whole, or zeroes it on failure. */
void rd_copy(struct rd *r, struct mspan out);

/* rd_rest takes all that is left. */
struct span rd_rest(struct rd *r);

/* rd_fail marks the reader as failed: for a value that is out of its range. */
void rd_fail(struct rd *r);

/* rd_offset is how many bytes have been read. */
size_t rd_offset(const struct rd *r);

/* rd_ok: no read failed. rd_end: no read failed and nothing is left over. */
static inline bool rd_ok(const struct rd *r)
{
    return !r->failed;
}

static inline bool rd_end(const struct rd *r)
{
    return !r->failed && r->rest.n == 0;
}

#endif
