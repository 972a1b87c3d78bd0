#ifndef P2P_CONN_GATE_H
#define P2P_CONN_GATE_H

#include "base/err.h"
#include "base/span.h"
#include "p2p/net_addr.h"
#include "p2p/peer_id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* conn_gate: whom the person wants and whom not, by peer and by network. It is asked before a connection costs
 * anything (its network), before a dial (network and peer), and when the other side has proven who it is (peer).
 *
 *     allowed  →  passes, and no limit on connections of one network counts
 *     denied   →  refused
 *     neither  →  the limits decide
 *
 * A network is asked by its address, a peer by its id; of each, allowed wins over denied. "deny 0.0.0.0/0" and
 * "deny ::/0" with some that are allowed make a closed circle. An IPv4 address within IPv6 (::ffff:0:0/96) is what it
 * holds. */

enum { CONN_RULES_MAX = 128 };

struct conn_rule { /* bytes alone: no padding, so memcmp compares */
    bool is_peer;
    bool is_ip6;
    uint8_t bits; /* of ip that count */
    uint8_t ip[16];
    struct peer_id peer;
};

struct conn_rules {
    size_t count;
    struct conn_rule list[CONN_RULES_MAX];
};

struct conn_gate {
    struct conn_rules allow;
    struct conn_rules deny;
};

enum conn_verdict { CONN_UNSAID, CONN_ALLOWED, CONN_DENIED };

/* conn_rules_add reads a peer id, an IP address, or a network such as 203.0.113.0/24 and 2001:db8::/32. ERR_MALFORMED:
 * none of them, or an address with bits beyond its prefix, which is most likely a slip. ERR_LIMIT: CONN_RULES_MAX. */
MUST_CHECK enum err conn_rules_add(struct conn_rules *rules, struct span text);

/* gate may be NULL: nothing is said. */
enum conn_verdict conn_gate_addr(const struct conn_gate *gate, const struct net_addr *addr);
enum conn_verdict conn_gate_peer(const struct conn_gate *gate, const struct peer_id *peer);

#endif
