/* DER: ITU-T X.690 (2021), sections 8, 10 and 11. */
#include "codec/der.h"

enum { LONG_FORM = 0x80, LEN_BYTES_MAX = 4 };

int der_peek(const struct rd *r)
{
    return !r->failed && r->rest.n > 0 ? r->rest.p[0] : -1;
}

static size_t read_len(struct rd *r)
{
    uint8_t first = rd_u8(r);
    if (first < LONG_FORM) {
        return first;
    }
    size_t count = first & 0x7fU;
    if (count == 0 || count > LEN_BYTES_MAX) {
        rd_fail(r);
        return 0;
    }
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t byte = rd_u8(r);
        if (i == 0 && byte == 0) {
            rd_fail(r);
        }
        len = len << 8 | byte;
    }
    /* SPEC X.690 §"10.1 Length forms": definite, and in the fewest bytes that can hold it. */
    if (len < LONG_FORM) {
        rd_fail(r);
    }
    return len;
}

struct span der_read_any(struct rd *r, uint8_t *ret_tag, struct span *ret_raw)
{
    struct span whole = r->rest;
    uint8_t tag = rd_u8(r);
    if ((tag & 0x1f) == 0x1f) {
        rd_fail(r); /* a tag of several bytes */
    }
    struct span content = rd_bytes(r, read_len(r));
    *ret_tag = tag;
    if (ret_raw) {
        *ret_raw = rd_ok(r) ? span_first(whole, whole.n - r->rest.n) : SPAN_EMPTY;
    }
    return content;
}

struct span der_read(struct rd *r, uint8_t tag)
{
    uint8_t got;
    struct span content = der_read_any(r, &got, NULL);
    if (got != tag) {
        rd_fail(r);
        return SPAN_EMPTY;
    }
    return content;
}

struct rd der_enter(struct rd *r, uint8_t tag)
{
    struct rd inner = rd_init(der_read(r, tag));
    if (!rd_ok(r)) {
        rd_fail(&inner);
    }
    return inner;
}

struct span der_read_uint(struct rd *r)
{
    struct span s = der_read(r, DER_INTEGER);
    if (s.n == 0 || (s.p[0] & 0x80)) {
        rd_fail(r); /* empty or negative */
        return SPAN_EMPTY;
    }
    if (s.n == 1 || s.p[0] != 0) {
        return s;
    }
    /* SPEC X.690 §"8.3.2": a leading zero byte stands only where the next bit would read as a sign. */
    if (!(s.p[1] & 0x80)) {
        rd_fail(r);
        return SPAN_EMPTY;
    }
    return span_from(s, 1);
}

void der_read_uint_fixed(struct rd *r, struct mspan out)
{
    struct span s = der_read_uint(r);
    if (s.n > out.n) {
        rd_fail(r);
        s = SPAN_EMPTY;
    }
    struct wr w = wr_init(out);
    wr_zeros(&w, out.n - s.n);
    wr_bytes(&w, s);
}

struct span der_read_bits(struct rd *r)
{
    struct span s = der_read(r, DER_BIT_STRING);
    if (s.n == 0 || s.p[0] != 0) {
        rd_fail(r);
        return SPAN_EMPTY;
    }
    return span_from(s, 1);
}

void der_read_oid(struct rd *r, struct span oid)
{
    if (!span_equal(der_read(r, DER_OID), oid)) {
        rd_fail(r);
    }
}

static size_t len_bytes_count(size_t len)
{
    size_t n = 0;
    while (len > 0) {
        len >>= 8;
        n++;
    }
    return n;
}

void der_write_header(struct wr *w, uint8_t tag, size_t len)
{
    wr_u8(w, tag);
    if (len < LONG_FORM) {
        wr_u8(w, (uint8_t)len);
        return;
    }
    size_t count = len_bytes_count(len);
    if (count > LEN_BYTES_MAX) {
        wr_fail(w, ERR_LIMIT);
        return;
    }
    wr_u8(w, (uint8_t)(LONG_FORM | count));
    for (size_t i = count; i > 0; i--) {
        wr_u8(w, (uint8_t)(len >> (8 * (i - 1))));
    }
}

void der_write(struct wr *w, uint8_t tag, struct span content)
{
    der_write_header(w, tag, content.n);
    wr_bytes(w, content);
}

static struct span without_zeros(struct span s)
{
    while (s.n > 0 && s.p[0] == 0) {
        s = span_from(s, 1);
    }
    return s;
}

/* Does the content of an INTEGER need a zero byte in front: for the sign, or because it is zero? */
static bool needs_zero(struct span s)
{
    return s.n == 0 || (s.p[0] & 0x80);
}

void der_write_uint(struct wr *w, struct span big_endian)
{
    struct span s = without_zeros(big_endian);
    der_write_header(w, DER_INTEGER, s.n + needs_zero(s));
    wr_zeros(w, needs_zero(s));
    wr_bytes(w, s);
}

void der_write_bits(struct wr *w, struct span bytes)
{
    der_write_header(w, DER_BIT_STRING, bytes.n + 1);
    wr_u8(w, 0);
    wr_bytes(w, bytes);
}

size_t der_len(size_t len)
{
    return 2 + len + (len < LONG_FORM ? 0 : len_bytes_count(len));
}

size_t der_uint_len(struct span big_endian)
{
    struct span s = without_zeros(big_endian);
    return der_len(s.n + needs_zero(s));
}

enum err der_decode_ecdsa(struct mspan out_r, struct mspan out_s, struct span signature)
{
    struct rd outer = rd_init(signature);
    struct rd inner = der_enter(&outer, DER_SEQUENCE);
    struct span r = der_read_uint(&inner);
    struct span s = der_read_uint(&inner);
    if (!rd_end(&inner) || !rd_end(&outer) || r.n > out_r.n || s.n > out_s.n) {
        return ERR_MALFORMED;
    }
    struct wr w = wr_init(out_r);
    wr_zeros(&w, out_r.n - r.n);
    wr_bytes(&w, r);
    w = wr_init(out_s);
    wr_zeros(&w, out_s.n - s.n);
    wr_bytes(&w, s);
    return wr_end(&w);
}

void der_write_ecdsa(struct wr *w, struct span r, struct span s)
{
    der_write_header(w, DER_SEQUENCE, der_uint_len(r) + der_uint_len(s));
    der_write_uint(w, r);
    der_write_uint(w, s);
}
