/* Typed data: any JSON ends in hashes or in a reason; the same text gives the same hashes. */
#include "base/buf.h"
#include "base/check.h"
#include "evm/eip712.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json v;
    if (json_parse(&v, span_of(data, size), NULL) != OK) {
        return 0;
    }
    struct budget budget;
    struct buf scratch;
    budget_init(&budget, NULL, "fuzz", 1 << 20);
    buf_init(&scratch, &budget, 4096);
    struct eip712_hashes a;
    struct eip712_hashes b;
    struct diag why = {0};
    if (eip712_hash(&a, v, &scratch, &why) == OK) {
        check(eip712_hash(&b, v, &scratch, NULL) == OK);
        check(span_equal(SPAN_OF(a.digest.bytes), SPAN_OF(b.digest.bytes)));
    } else {
        check(why.rule != NULL);
    }
    check(scratch.n == 0 || why.rule != NULL);
    buf_done(&scratch);
    budget_done(&budget);
    return 0;
}
