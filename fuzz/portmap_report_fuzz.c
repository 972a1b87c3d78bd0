/* What the process that talks with the router says: what decodes is written and decoded alike. */
#include "base/check.h"
#include "p2p/portmap_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct portmap_report r;
    struct net_addr outer;
    struct net_addr listen = {.port = 4001};
    uint8_t room[PORTMAP_REPORT_LEN_MAX];
    if (portmap_report_decode(&r, span_of(data, size)) != OK) {
        return 0;
    }
    if (portmap_report_addr(&r, &outer, &listen)) {
        check(outer.port != 0);
        check(!net_addr_is_any(&outer));
    }
    struct wr w = wr_init(MSPAN_OF(room));
    portmap_report_encode(&w, &r);
    check(wr_ok(&w));
    check(span_equal(span_of(room, w.n), span_of(data, size)));
    return 0;
}
