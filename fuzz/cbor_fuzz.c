/* CBOR: an item that is read, written again, gives the same bytes, because only one form is allowed. */
#include "base/check.h"
#include "codec/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(struct wr *w, struct cbor item)
{
    struct span rest = item.content;
    struct cbor inner;
    uint64_t count = 0;
    switch (item.type) {
    case CBOR_UINT:     cbor_write_u64(w, item.arg); return;
    case CBOR_NEGATIVE: wr_bytes(w, item.raw); return;
    case CBOR_BYTES:    cbor_write_bytes(w, item.content); return;
    case CBOR_TEXT:     wr_bytes(w, item.raw); return;
    case CBOR_BOOL:     cbor_write_bool(w, item.arg != 0); return;
    case CBOR_NULL:     cbor_write_null(w); return;
    case CBOR_ARRAY:    cbor_write_array(w, item.arg); break;
    case CBOR_MAP:      cbor_write_map(w, item.arg); break;
    }
    while (cbor_next(&inner, &rest)) {
        write_again(w, inner);
        count++;
    }
    check(rest.n == 0);
    check(count == (item.type == CBOR_MAP ? 2 * item.arg : item.arg));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t store[1 << 20];
    struct cbor item;
    struct span in = span_of(data, size);
    enum err any = cbor_take(&item, &in, CBOR_ANY_ORDER);
    if (any == OK) {
        struct wr w = wr_init(MSPAN_OF(store));
        write_again(&w, item);
        check(wr_end(&w) == OK);
        check(span_equal(span_of(store, w.n), item.raw));
        check(item.raw.n + in.n == size);
        check(cbor_decode(&item, span_first(span_of(data, size), item.raw.n), CBOR_ANY_ORDER) ==
              OK);
    }
    in = span_of(data, size);
    if (cbor_take(&item, &in, CBOR_CANONICAL) == OK) {
        check(any == OK); /* the canonical order is one of any */
    }
    return 0;
}
