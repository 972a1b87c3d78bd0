/* Protobuf: the fields that are read, written again, read the same. */
#include "base/check.h"
#include "codec/protobuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_field(struct wr *w, const struct protobuf_field *f)
{
    switch (f->wire) {
    case PROTOBUF_VARINT:  protobuf_write_varint(w, f->number, f->value); break;
    case PROTOBUF_FIXED64: protobuf_write_fixed64(w, f->number, f->value); break;
    case PROTOBUF_FIXED32: protobuf_write_fixed32(w, f->number, (uint32_t)f->value); break;
    case PROTOBUF_BYTES:   protobuf_write_bytes(w, f->number, f->bytes); break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t store[1 << 16];
    struct wr w = wr_init(MSPAN_OF(store));
    struct protobuf_reader r = protobuf_read(span_of(data, size));
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        check(f.wire != PROTOBUF_BYTES || f.bytes.n <= size);
        write_field(&w, &f);
    }
    if (protobuf_end(&r) != OK || !wr_ok(&w)) {
        return 0;
    }
    check(w.n <= size); /* ours is the shortest form */
    struct protobuf_reader first = protobuf_read(span_of(data, size));
    struct protobuf_reader second = protobuf_read(span_of(store, w.n));
    struct protobuf_field g;
    while (protobuf_next(&first, &f)) {
        check(protobuf_next(&second, &g));
        check(f.number == g.number);
        check(f.wire == g.wire);
        check(f.value == g.value);
        check(span_equal(f.bytes, g.bytes));
    }
    check(protobuf_end(&second) == OK);
    return 0;
}
