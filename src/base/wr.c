/* Writing fields into a span or a buf. */
#include "base/wr.h"

#include "base/check.h"

#include <string.h>

struct wr wr_init(struct mspan out)
{
    return (struct wr){.out = out};
}

struct wr wr_init_buf(struct buf *b)
{
    check(b);
    return (struct wr){.buf = b};
}

void wr_fail(struct wr *w, enum err e)
{
    if (w->err == OK) {
        w->err = e;
    }
}

void wr_bytes(struct wr *w, struct span s)
{
    if (w->err != OK) {
        return;
    }
    if (w->buf) {
        w->err = buf_append(w->buf, s);
    } else if (s.n > w->out.n - w->n) {
        w->err = ERR_LIMIT;
    } else if (s.n) {
        memcpy(w->out.p + w->n, s.p, s.n);
    }
    if (w->err == OK) {
        w->n += s.n;
    }
}

void wr_be16_sized(struct wr *w, struct span s)
{
    if (s.n > UINT16_MAX) {
        wr_fail(w, ERR_LIMIT);
        return;
    }
    wr_be16(w, (uint16_t)s.n);
    wr_bytes(w, s);
}

void wr_str(struct wr *w, const char *text)
{
    wr_bytes(w, span_str(text));
}

void wr_zeros(struct wr *w, size_t n)
{
    static const uint8_t zeros[64];
    while (n > 0 && w->err == OK) {
        size_t step = n < sizeof zeros ? n : sizeof zeros;
        wr_bytes(w, span_of(zeros, step));
        n -= step;
    }
}

static void write_be(struct wr *w, uint64_t v, size_t n)
{
    uint8_t b[8];
    for (size_t i = 0; i < n; i++) {
        b[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    }
    wr_bytes(w, span_of(b, n));
}

static void write_le(struct wr *w, uint64_t v, size_t n)
{
    uint8_t b[8];
    for (size_t i = 0; i < n; i++) {
        b[i] = (uint8_t)(v >> (8 * i));
    }
    wr_bytes(w, span_of(b, n));
}

void wr_u8(struct wr *w, uint8_t v)
{
    wr_bytes(w, span_of(&v, 1));
}

void wr_be16(struct wr *w, uint16_t v)
{
    write_be(w, v, 2);
}

void wr_be32(struct wr *w, uint32_t v)
{
    write_be(w, v, 4);
}

void wr_be64(struct wr *w, uint64_t v)
{
    write_be(w, v, 8);
}

void wr_le16(struct wr *w, uint16_t v)
{
    write_le(w, v, 2);
}

void wr_le32(struct wr *w, uint32_t v)
{
    write_le(w, v, 4);
}

void wr_le64(struct wr *w, uint64_t v)
{
    write_le(w, v, 8);
}

enum err wr_end(const struct wr *w)
{
    return w->err;
}
