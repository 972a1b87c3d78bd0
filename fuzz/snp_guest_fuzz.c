/* What a host and its firmware answer a guest of SEV-SNP: all that is given out lies inside. */
#include "base/check.h"
#include "tee/sev_snp.h"
#include "tee/snp_guest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct span s, const uint8_t *data, size_t size)
{
    check(s.n == 0 || (s.p >= data && s.n <= size && (size_t)(s.p - data) <= size - s.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct snp_guest_certs c;
    struct span report;
    if (snp_guest_read_report(&report, span_of(data, size)) == OK) {
        check(report.n == SEV_SNP_REPORT_LEN);
        inside(report, data, size);
    }
    if (snp_guest_read_certs(&c, span_of(data, size)) == OK) {
        inside(c.key, data, size);
        inside(c.issuer, data, size);
        inside(c.root, data, size);
        inside(c.crl, data, size);
    }
    return 0;
}
