/* Answers of a Nitro security module: a document lies inside the answer. */
#include "base/check.h"
#include "tee/nsm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span document;
    if (nsm_read_attestation(&document, span_of(data, size)) == OK) {
        check(document.n > 0);
        check(document.p >= data && document.p + document.n <= data + size);
        check(size <= NSM_RESPONSE_LEN_MAX);
    }
    return 0;
}
