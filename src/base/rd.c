/* Reading fields out of a span. */
#include "base/rd.h"

#include <string.h>

struct rd rd_init(struct span in)
{
    return (struct rd){.rest = in, .len = in.n};
}

void rd_fail(struct rd *r)
{
    r->failed = true;
    r->rest.n = 0;
}

struct span rd_bytes(struct rd *r, size_t n)
{
    if (r->failed || n > r->rest.n) {
        rd_fail(r);
        return SPAN_EMPTY;
    }
    return span_take(&r->rest, n);
}

void rd_copy(struct rd *r, struct mspan out)
{
    struct span s = rd_bytes(r, out.n);
    if (out.n == 0) {
        return;
    }
    if (s.n == out.n) {
        memcpy(out.p, s.p, s.n);
    } else {
        memset(out.p, 0, out.n);
    }
}

struct span rd_rest(struct rd *r)
{
    return rd_bytes(r, r->rest.n);
}

size_t rd_offset(const struct rd *r)
{
    return r->len - r->rest.n;
}

static uint64_t read_be(struct rd *r, size_t n)
{
    struct span s = rd_bytes(r, n);
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        v = v << 8 | s.p[i];
    }
    return v;
}

static uint64_t read_le(struct rd *r, size_t n)
{
    struct span s = rd_bytes(r, n);
    uint64_t v = 0;
    for (size_t i = s.n; i > 0; i--) {
        v = v << 8 | s.p[i - 1];
    }
    return v;
}

uint8_t rd_u8(struct rd *r)
{
    return (uint8_t)read_be(r, 1);
}

uint16_t rd_be16(struct rd *r)
{
    return (uint16_t)read_be(r, 2);
}

struct span rd_be16_sized(struct rd *r)
{
    return rd_bytes(r, rd_be16(r));
}

uint32_t rd_be32(struct rd *r)
{
    return (uint32_t)read_be(r, 4);
}

uint64_t rd_be64(struct rd *r)
{
    return read_be(r, 8);
}

uint16_t rd_le16(struct rd *r)
{
    return (uint16_t)read_le(r, 2);
}

uint32_t rd_le32(struct rd *r)
{
    return (uint32_t)read_le(r, 4);
}

uint64_t rd_le64(struct rd *r)
{
    return read_le(r, 8);
}
