/* A peer's certificate: eight bytes of time in seconds since 1970, then DER. What is accepted has a peer id; what is
 * refused has a reason and leaves the id alone. */
#include "base/check.h"
#include "base/rd.h"
#include "p2p/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd r = rd_init(span_of(data, size));
    uint64_t unix_s = rd_be64(&r);
    struct span der = rd_rest(&r);
    struct peer_id peer = {0};
    const char *rule = NULL;
    enum err e = certificate_verify(&peer, &rule, der, unix_s);
    check((e == OK) == (peer.n > 0));
    check((e == OK) == (rule == NULL));
    check(e == OK || e == ERR_AUTH || e == ERR_MALFORMED || e == ERR_UNSUPPORTED ||
          e == ERR_LIMIT || e == ERR_TIMEOUT);
    return 0;
}
