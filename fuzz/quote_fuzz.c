/* SGX and TDX quotes: what is cut lies inside the input, and a refused quote names its step. */
#include "base/check.h"
#include "tee/quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct appraisal a;
    struct quote q;
    appraisal_init(&a, TEE_SGX);
    if (quote_decode(&q, span_of(data, size), &a) != OK) {
        check(a.failed != STEP_NONE);
        check(a.part == PART_EVIDENCE);
        return 0;
    }
    check(q.signed_part.p == data && q.signed_part.n < size);
    check(q.signature.n == 64 && q.key.n == 64);
    check(q.qe.whole.n == SGX_REPORT_LEN);
    check(q.certs.n == 0 || q.certs.p + q.certs.n <= data + size);
    return 0;
}
