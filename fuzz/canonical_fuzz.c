/* The canonical form: never longer than the text, the same for each try, and its own canonical form wherever it is JSON. */
#include "plugin/canonical.h"

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 1 << 14 };

static enum err make(struct wr *w, struct span text)
{
    struct budget budget;
    struct arena scratch;
    struct json v;
    if (json_parse(&v, text, NULL) != OK) {
        return ERR_MALFORMED;
    }
    budget_init(&budget, NULL, "fuzz", SIZE_MAX);
    arena_init(&scratch, &budget, 1 << 20);
    enum err e = canonical_write(w, v, &scratch);
    arena_done(&scratch);
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t first[TEXT_MAX];
    static uint8_t second[TEXT_MAX];
    if (size > TEXT_MAX) {
        return 0;
    }
    struct wr w = wr_init(mspan_of(first, size));
    enum err e = make(&w, span_of(data, size));
    check(e != ERR_LIMIT);
    if (e != OK) {
        return 0;
    }
    struct wr again = wr_init(MSPAN_OF(second));
    if (make(&again, span_of(first, w.n)) == OK) {
        check(span_equal(span_of(first, w.n), span_of(second, again.n)));
    }
    return 0;
}
