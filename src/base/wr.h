#ifndef BASE_WR_H
#define BASE_WR_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* A writer with sticky failure, over a fixed span or onto the end of a buf. After the first failure
 * nothing more is written, and wr_done tells. */
struct wr {
    struct mspan out; /* fixed output; unused if buf is set */
    struct buf *buf;
    size_t n; /* bytes written */
    enum err err;
};

struct wr wr_init(struct mspan out);
struct wr wr_init_buf(struct buf *b);

void wr_u8(struct wr *w, uint8_t v);
void wr_be16(struct wr *w, uint16_t v);
void wr_be32(struct wr *w, uint32_t v);
void wr_be64(struct wr *w, uint64_t v);
void wr_le16(struct wr *w, uint16_t v);
void wr_le32(struct wr *w, uint32_t v);
void wr_le64(struct wr *w, uint64_t v);
void wr_bytes(struct wr *w, struct span s);
void wr_str(struct wr *w, const char *text);
void wr_zeros(struct wr *w, size_t n);

/* wr_be16_sized writes s behind its length in 16 bits; fails with ERR_LIMIT if that does not fit. */
void wr_be16_sized(struct wr *w, struct span s);

/* wr_fail marks the writer as failed with e, if nothing failed before. */
void wr_fail(struct wr *w, enum err e);

static inline bool wr_ok(const struct wr *w)
{
    return w->err == OK;
}

/* wr_end returns OK, or ERR_LIMIT if the output was too small (or whatever wr_fail was given). */
MUST_CHECK enum err wr_end(const struct wr *w);

#endif
