/* What is brought to a server that keeps sealed vaults, and what it is asked for: whatever is read is written again as it was. */
#include "base/budget.h"
#include "base/check.h"
#include "wallet/capsule_copy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    struct budget budget;
    struct buf out;
    struct capsule_put p;
    struct capsule_get g;
    budget_init(&budget, NULL, "fuzz", 1 << 20);
    buf_init(&out, &budget, 1 << 20);
    if (capsule_put_decode(&p, in) == OK) {
        check(capsule_put_encode(&p, &out) == OK);
        check(span_equal(buf_span(&out), in));
    }
    buf_clear(&out);
    if (capsule_get_decode(&g, in) == OK) {
        check(capsule_get_encode(&g, &out) == OK);
        check(span_equal(buf_span(&out), in));
    }
    buf_done(&out);
    budget_done(&budget);
    return 0;
}
