/* Headers: whatever is decoded, encoded again, is the same bytes. */
#include "base/check.h"
#include "evm/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    struct header h;
    if (header_decode(&h, in) != OK) {
        return 0;
    }
    struct budget budget;
    budget_init(&budget, NULL, "fuzz", 1 << 20);
    struct buf out;
    buf_init(&out, &budget, 4096);
    check(header_encode(&h, &out) == OK);
    check(span_equal(in, buf_span(&out)));
    struct header again;
    check(header_verify(&again, &h.hash, in) == OK);
    buf_done(&out);
    budget_done(&budget);
    return 0;
}
