/* Rules of a deny list as text: what is taken says the same in both families, and bits beyond a prefix are never there. */
#include "base/check.h"
#include "p2p/conn_gate.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct conn_gate gate;
    memset(&gate, 0, sizeof gate);
    if (conn_rules_add(&gate.deny, span_of(data, size)) != OK) {
        check(gate.deny.count == 0);
        return 0;
    }
    const struct conn_rule *r = &gate.deny.list[0];
    if (r->is_peer) {
        check(conn_gate_peer(&gate, &r->peer) == CONN_DENIED);
        return 0;
    }
    struct net_addr a = {.is_ip6 = r->is_ip6};
    memcpy(a.ip, r->ip, sizeof a.ip);
    check(r->bits <= (r->is_ip6 ? 128 : 32));
    check(conn_gate_addr(&gate, &a) == CONN_DENIED);
    return 0;
}
