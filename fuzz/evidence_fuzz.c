/* Evidence as it travels: what was read, written again, is the same; and what it carries is read without a verifier. */
#include "base/check.h"
#include "tee/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[EVIDENCE_LEN_MAX];
    static const uint8_t binding[64] = {1};
    struct evidence v;
    struct wr w = wr_init(MSPAN_OF(room));
    if (evidence_decode(&v, span_of(data, size)) == OK) {
        evidence_encode(&w, &v);
        check(wr_end(&w) == OK);
        check(span_equal(span_of(room, w.n), span_of(data, size)));
        (void)evidence_carries(&v, binding);
    }
    return 0;
}
