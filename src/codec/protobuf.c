/* The Protocol Buffers wire format: protobuf.dev/programming-guides/encoding. */
#include "codec/protobuf.h"

#include "base/check.h"

struct protobuf_reader protobuf_read(struct span in)
{
    return (struct protobuf_reader){.rd = rd_init(in), .fields_left = PROTOBUF_FIELDS_MAX};
}

/* A varint of up to 64 bits. */
static uint64_t read_varint(struct rd *r)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = rd_u8(r);
        if (shift == 63 && byte > 1) {
            break;
        }
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return v;
        }
    }
    /* SPEC protobuf §"Base 128 Varints": at most ten bytes; what does not fit into 64 bits is refused, not cut. */
    rd_fail(r);
    return 0;
}

static struct span read_len_bytes(struct rd *r)
{
    uint64_t len = read_varint(r);
    if (len > r->rest.n) {
        rd_fail(r);
        return SPAN_EMPTY;
    }
    return rd_bytes(r, (size_t)len);
}

static void read_value(struct rd *r, struct protobuf_field *f, unsigned wire)
{
    switch (wire) {
    case PROTOBUF_VARINT:
        f->wire = PROTOBUF_VARINT;
        f->value = read_varint(r);
        break;
    case PROTOBUF_FIXED64:
        f->wire = PROTOBUF_FIXED64;
        f->value = rd_le64(r);
        break;
    case PROTOBUF_BYTES:
        f->wire = PROTOBUF_BYTES;
        f->bytes = read_len_bytes(r);
        break;
    case PROTOBUF_FIXED32:
        f->wire = PROTOBUF_FIXED32;
        f->value = rd_le32(r);
        break;
    default:
        /* SPEC protobuf §"Groups": deprecated; start and end marks (3, 4) are refused like the free numbers 6 and 7. */
        rd_fail(r);
        break;
    }
}

bool protobuf_next(struct protobuf_reader *r, struct protobuf_field *ret_field)
{
    if (r->err != OK || r->rd.rest.n == 0) {
        return false;
    }
    if (r->fields_left == 0) {
        r->err = ERR_LIMIT;
        return false;
    }
    r->fields_left--;
    uint64_t tag = read_varint(&r->rd);
    uint64_t number = tag >> 3;
    struct protobuf_field f = {.number = (uint32_t)number};
    if (number == 0 || number > PROTOBUF_NUMBER_MAX) {
        rd_fail(&r->rd);
    }
    read_value(&r->rd, &f, (unsigned)(tag & 7));
    if (!rd_ok(&r->rd)) {
        r->err = ERR_MALFORMED;
        return false;
    }
    *ret_field = f;
    return true;
}

enum err protobuf_end(const struct protobuf_reader *r)
{
    if (r->err != OK) {
        return r->err;
    }
    return rd_end(&r->rd) ? OK : ERR_MALFORMED;
}

enum err protobuf_get_bytes(struct span *ret, const struct protobuf_field *f)
{
    if (f->wire != PROTOBUF_BYTES) {
        return ERR_MALFORMED;
    }
    *ret = f->bytes;
    return OK;
}

enum err protobuf_get_fixed(struct mspan out, const struct protobuf_field *f)
{
    struct span s;
    TRY(protobuf_get_bytes(&s, f));
    if (s.n != out.n) {
        return ERR_MALFORMED;
    }
    (void)span_copy(out, s);
    return OK;
}

enum err protobuf_get_u64(uint64_t *ret, const struct protobuf_field *f)
{
    if (f->wire != PROTOBUF_VARINT) {
        return ERR_MALFORMED;
    }
    *ret = f->value;
    return OK;
}

enum err protobuf_get_u32(uint32_t *ret, const struct protobuf_field *f)
{
    uint64_t v;
    TRY(protobuf_get_u64(&v, f));
    *ret = (uint32_t)v;
    return OK;
}

enum err protobuf_get_bool(bool *ret, const struct protobuf_field *f)
{
    uint64_t v;
    TRY(protobuf_get_u64(&v, f));
    *ret = v != 0;
    return OK;
}

static void write_varint(struct wr *w, uint64_t v)
{
    while (v >= 0x80) {
        wr_u8(w, (uint8_t)(v | 0x80));
        v >>= 7;
    }
    wr_u8(w, (uint8_t)v);
}

static size_t varint_len(uint64_t v)
{
    size_t n = 1;
    while (v >= 0x80) {
        v >>= 7;
        n++;
    }
    return n;
}

static void write_tag(struct wr *w, uint32_t number, enum protobuf_wire wire)
{
    check(number >= 1);
    check(number <= PROTOBUF_NUMBER_MAX);
    write_varint(w, (uint64_t)number << 3 | wire);
}

void protobuf_write_varint(struct wr *w, uint32_t number, uint64_t value)
{
    write_tag(w, number, PROTOBUF_VARINT);
    write_varint(w, value);
}

void protobuf_write_bool(struct wr *w, uint32_t number, bool value)
{
    protobuf_write_varint(w, number, value);
}

void protobuf_write_fixed64(struct wr *w, uint32_t number, uint64_t value)
{
    write_tag(w, number, PROTOBUF_FIXED64);
    wr_le64(w, value);
}

void protobuf_write_fixed32(struct wr *w, uint32_t number, uint32_t value)
{
    write_tag(w, number, PROTOBUF_FIXED32);
    wr_le32(w, value);
}

void protobuf_write_header(struct wr *w, uint32_t number, size_t len)
{
    write_tag(w, number, PROTOBUF_BYTES);
    write_varint(w, len);
}

void protobuf_write_bytes(struct wr *w, uint32_t number, struct span bytes)
{
    protobuf_write_header(w, number, bytes.n);
    wr_bytes(w, bytes);
}

size_t protobuf_varint_len(uint32_t number, uint64_t value)
{
    return varint_len((uint64_t)number << 3) + varint_len(value);
}

size_t protobuf_bytes_len(uint32_t number, size_t len)
{
    return varint_len((uint64_t)number << 3) + varint_len(len) + len;
}
