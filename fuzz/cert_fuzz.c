/* Certificates, revocation lists and chains of them: what is read lies inside the input, and a chain of one certificate is that
 * certificate. No signature is verified. */
#include "base/check.h"
#include "tee/chain.h"
#include "tee/pck.h"

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
    static struct chain chain;
    struct chain_fault fault;
    struct cert cert;
    struct crl list;
    struct pck pck;
    struct span in = span_of(data, size);
    size_t offset;
    if (cert_decode(&cert, in, &offset) == OK) {
        check_inside(cert.signed_part, data, size);
        check_inside(cert.signature, data, size);
        check_inside(cert.extensions, data, size);
        check_inside(cert_common_name(cert.subject), data, size);
        check(cert.der.n == size);
        check(chain_read(&chain, &in, 1, &fault) == OK);
        check(chain.count == 1);
        if (pck_decode(&pck, &cert) == OK) {
            check_inside(pck.fmspc, data, size);
        }
    } else {
        check(offset <= size);
    }
    if (crl_decode(&list, in) == OK) {
        check_inside(list.entries, data, size);
        (void)crl_lists(&list, SPAN_LIT("\x01"));
    }
    if (chain_read(&chain, &in, 1, &fault) == OK) {
        check(chain.count > 0 && chain.count <= CHAIN_CERTS_MAX);
    } else {
        check(fault.step != STEP_NONE);
    }
    return 0;
}
