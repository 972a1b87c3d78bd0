/* DER: an element that is read, written again, gives the same bytes. */
#include "base/check.h"
#include "codec/der.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void rewrite_element(struct rd *r)
{
    static uint8_t store[1 << 20];
    uint8_t tag;
    struct span raw;
    struct span content = der_read_any(r, &tag, &raw);
    if (!rd_ok(r)) {
        return;
    }
    struct wr w = wr_init(MSPAN_OF(store));
    der_write(&w, tag, content);
    check(wr_end(&w) == OK);
    check(span_equal(raw, span_of(store, w.n)));
    check(der_len(content.n) == raw.n);
}

static void rewrite_uint(struct span in)
{
    uint8_t store[64];
    struct rd r = rd_init(in);
    struct span number = der_read_uint(&r);
    if (!rd_ok(&r) || number.n > 40) {
        return;
    }
    struct wr w = wr_init(MSPAN_OF(store));
    der_write_uint(&w, number);
    check(span_equal(span_first(in, rd_offset(&r)), span_of(store, w.n)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    struct rd r = rd_init(in);
    for (size_t i = 0; i < 64 && rd_ok(&r) && r.rest.n > 0; i++) {
        rewrite_element(&r);
    }
    rewrite_uint(in);
    uint8_t out_r[32];
    uint8_t out_s[32];
    if (der_decode_ecdsa(MSPAN_OF(out_r), MSPAN_OF(out_s), in) == OK) {
        uint8_t store[80];
        struct wr w = wr_init(MSPAN_OF(store));
        der_write_ecdsa(&w, SPAN_OF(out_r), SPAN_OF(out_s));
        check(wr_end(&w) == OK);
        check(span_equal(in, span_of(store, w.n)));
    }
    return 0;
}
