/* Multiaddr text: what reads is valid, and its printed form reads to the same bytes. */
#include "base/check.h"
#include "codec/multiaddr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t bytes[MULTIADDR_LEN_MAX];
    uint8_t again[MULTIADDR_LEN_MAX];
    uint8_t text[MULTIADDR_TEXT_MAX];
    struct diag why = {0};
    struct wr b = wr_init(MSPAN_OF(bytes));
    if (multiaddr_parse(&b, span_of(data, size), &why) != OK) {
        check(why.rule != NULL);
        return 0;
    }
    struct wr t = wr_init(MSPAN_OF(text));
    struct wr b2 = wr_init(MSPAN_OF(again));
    check(multiaddr_print(&t, span_of(bytes, b.n)) == OK);
    check(multiaddr_parse(&b2, span_of(text, t.n), NULL) == OK);
    check(span_equal(span_of(bytes, b.n), span_of(again, b2.n)));
    return 0;
}
