/* TPM quotes and public areas: parts lie inside the input, a selection is never empty, a name has its length. */
#include "base/check.h"
#include "tee/tpm2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tpm2_attest a;
    struct tpm2_public p;
    uint8_t name[TPM2_NAME_LEN];
    if (tpm2_attest_decode(&a, span_of(data, size)) == OK) {
        check(a.pcr_mask != 0 && a.pcr_mask >> TPM2_PCRS_COUNT == 0);
        check(a.pcr_digest.n <= size && a.extra_data.n <= size);
    }
    if (tpm2_public_decode(&p, span_of(data, size)) == OK) {
        check(p.area.n + 2 == size);
        check(p.is_rsa || p.x.n == p.y.n);
        check(tpm2_name(name, &p) != OK || name[1] == 0x0b);
    }
    return 0;
}
