/* PEM: a block that is read, written and read again, gives the same bytes. */
#include "base/check.h"
#include "codec/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[4096];
    static uint8_t text[8192];
    static uint8_t again[4096];
    struct span in = span_of(data, size);
    struct wr b = wr_init(MSPAN_OF(bytes));
    if (pem_take(&b, &in, "CERTIFICATE") != OK) {
        check(in.n == size);
        return 0;
    }
    struct wr t = wr_init(MSPAN_OF(text));
    pem_write(&t, "CERTIFICATE", span_of(bytes, b.n));
    struct span rest = span_of(text, t.n);
    struct wr b2 = wr_init(MSPAN_OF(again));
    check(pem_take(&b2, &rest, "CERTIFICATE") == OK);
    check(rest.n == 0);
    check(span_equal(span_of(bytes, b.n), span_of(again, b2.n)));
    return 0;
}
