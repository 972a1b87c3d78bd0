/* A line of the Assuan protocol, and its data: what is unescaped and escaped again comes out the same. */
#include "base/check.h"
#include "codec/assuan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t plain[ASSUAN_LINE_MAX];
static uint8_t escaped[3 * ASSUAN_LINE_MAX];
static uint8_t again[ASSUAN_LINE_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assuan_line line;
    if (assuan_decode(&line, span_of(data, size)) != OK) {
        return 0;
    }
    check(line.text.n <= size);
    struct wr w = wr_init(MSPAN_OF(plain));
    if (assuan_unescape(&w, line.text) != OK) {
        return 0;
    }
    struct wr e = wr_init(MSPAN_OF(escaped));
    struct wr a = wr_init(MSPAN_OF(again));
    assuan_escape(&e, span_of(plain, w.n));
    check(wr_ok(&e));
    check(assuan_unescape(&a, span_of(escaped, e.n)) == OK);
    check(span_equal(span_of(plain, w.n), span_of(again, a.n)));
    return 0;
}
