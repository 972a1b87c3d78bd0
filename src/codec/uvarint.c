/* Unsigned varints: multiformats/unsigned-varint. */
#include "codec/uvarint.h"

#include "base/check.h"

enum err uvarint_step(struct uvarint_state *s, uint64_t *ret_value, uint8_t byte)
{
    if (s->count >= UVARINT_LEN_MAX) {
        return ERR_MALFORMED;
    }
    s->value |= (uint64_t)(byte & 0x7f) << (7 * s->count);
    s->count++;
    if (byte & 0x80) {
        /* SPEC multiformats/unsigned-varint §"Practical maximum of 9 bytes (for security)": a tenth byte is refused. */
        return s->count == UVARINT_LEN_MAX ? ERR_MALFORMED : ERR_TRUNCATED;
    }
    if (byte == 0 && s->count > 1) {
        /* SPEC multiformats/unsigned-varint §"Encoding": a last group of zeros means the form is not the shortest. */
        return ERR_MALFORMED;
    }
    *ret_value = s->value;
    return OK;
}

enum err uvarint_decode(uint64_t *ret_value, size_t *ret_len, struct span in)
{
    struct uvarint_state s = {0};
    for (size_t i = 0; i < in.n; i++) {
        enum err e = uvarint_step(&s, ret_value, in.p[i]);
        if (e == OK) {
            *ret_len = i + 1;
        }
        if (e != ERR_TRUNCATED) {
            return e;
        }
    }
    return ERR_TRUNCATED;
}

uint64_t uvarint_read(struct rd *r)
{
    uint64_t v;
    size_t len;
    if (r->failed || uvarint_decode(&v, &len, r->rest) != OK) {
        rd_fail(r);
        return 0;
    }
    (void)rd_bytes(r, len);
    return v;
}

size_t uvarint_encode(uint8_t out[static UVARINT_LEN_MAX], uint64_t v)
{
    check(v <= UVARINT_MAX);
    size_t n = 0;
    while (v >= 0x80) {
        out[n++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    out[n++] = (uint8_t)v;
    return n;
}

void uvarint_write(struct wr *w, uint64_t v)
{
    if (v > UVARINT_MAX) {
        wr_fail(w, ERR_MALFORMED);
        return;
    }
    uint8_t bytes[UVARINT_LEN_MAX];
    wr_bytes(w, span_of(bytes, uvarint_encode(bytes, v)));
}

size_t uvarint_len(uint64_t v)
{
    uint8_t bytes[UVARINT_LEN_MAX];
    return uvarint_encode(bytes, v);
}
