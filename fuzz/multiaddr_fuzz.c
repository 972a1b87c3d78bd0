/* Multiaddr bytes: what is valid prints to text that reads back to the same bytes, and its parts put together
 * are the whole. */
#include "base/check.h"
#include "codec/multiaddr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span addr = span_of(data, size);
    if (multiaddr_validate(addr, NULL) != OK) {
        return 0;
    }
    uint8_t text[MULTIADDR_TEXT_MAX];
    uint8_t again[MULTIADDR_LEN_MAX];
    struct wr t = wr_init(MSPAN_OF(text));
    struct wr b = wr_init(MSPAN_OF(again));
    check(multiaddr_print(&t, addr) == OK);
    check(multiaddr_parse(&b, span_of(text, t.n), NULL) == OK);
    check(span_equal(addr, span_of(again, b.n)));
    struct span rest = addr;
    struct multiaddr_part part;
    struct wr parts = wr_init(MSPAN_OF(again));
    while (multiaddr_next(&part, &rest)) {
        multiaddr_write(&parts, part.code, part.value);
    }
    check(wr_end(&parts) == OK);
    check(span_equal(addr, span_of(again, parts.n)));
    return 0;
}
