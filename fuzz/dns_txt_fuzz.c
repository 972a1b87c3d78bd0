/* A DNS answer: what comes out lies within the limits, and the end is reached. */
#include "base/check.h"
#include "codec/dns_txt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dns_txt t;
    uint8_t text[DNS_TXT_LEN_MAX];
    size_t n = 0;
    unsigned count = 0;
    if (dns_txt_begin(&t, span_of(data, size)) != OK) {
        return 0;
    }
    while (dns_txt_next(&t, text, &n)) {
        check(n <= DNS_TXT_LEN_MAX);
        count++;
    }
    check(count <= DNS_TXT_RECORDS_MAX);
    return 0;
}
