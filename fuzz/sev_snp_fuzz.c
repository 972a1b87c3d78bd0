/* SEV-SNP reports, and the report of a paravisor that holds one: parts lie inside the input, keys are whole. */
#include "base/check.h"
#include "tee/hcl.h"
#include "tee/sev_snp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sev_snp_report s;
    struct hcl h;
    uint8_t spki[HCL_SPKI_LEN_MAX];
    uint8_t binding[64];
    size_t len;
    if (sev_snp_decode(&s, span_of(data, size)) == OK) {
        check(size == SEV_SNP_REPORT_LEN);
        check(s.s.p + s.s.n <= data + size);
        (void)sev_snp_firmware(s.reported_tcb, size & 1);
    }
    if (hcl_decode(&h, span_of(data, size)) == OK) {
        check(h.report.n == SEV_SNP_REPORT_LEN);
        hcl_binding(binding, &h);
        (void)hcl_has_user_data(&h, SPAN_OF(binding));
        check(hcl_key(spki, &len, &h) != OK || len <= sizeof spki);
    }
    return 0;
}
