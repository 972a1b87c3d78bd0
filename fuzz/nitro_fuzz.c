/* COSE messages with Nitro documents or CCA tokens in them: parts lie inside the input. No signature is verified. */
#include "base/check.h"
#include "tee/cca.h"
#include "tee/nitro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct span part, const uint8_t *data, size_t size)
{
    if (part.n > 0) {
        check(part.p >= data);
        check((size_t)(part.p - data) + part.n <= size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cose m;
    struct nitro n;
    struct cca c;
    struct span in = span_of(data, size);
    if (cose_decode(&m, in) == OK) {
        check_inside(m.payload, data, size);
        check_inside(m.signature, data, size);
        in = m.payload;
    }
    if (nitro_decode(&n, in) == OK) {
        check(n.ca_count > 0 && n.ca_count <= NITRO_CA_MAX);
        check(n.pcrs[NITRO_PCRS_COUNT - 1].n == 48);
        check_inside(n.certificate, data, size);
    }
    if (cca_decode(&c, span_of(data, size)) == OK) {
        check_inside(c.realm_key, data, size);
        check_inside(c.rim, data, size);
    }
    return 0;
}
