#ifndef P2P_CIRCUIT_ADDR_H
#define P2P_CIRCUIT_ADDR_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"
#include "p2p/peer_id.h"

#include <stdbool.h>

/* Addresses through a relay (libp2p specs, relay/circuit-v2.md and addressing/README.md):
 *
 *     TRANSPORT/p2p/RELAY/p2p-circuit/p2p/TARGET
 *
 * TRANSPORT may be empty: then whoever dials must be connected to the relay. TARGET may be absent where it is known
 * who is meant, as in identify. One hop only. */
struct circuit_addr {
    struct span transport; /* into the address; may be empty */
    struct peer_id relay;
    struct peer_id target; /* n = 0: not said */
};

/* circuit_addr_is: does the address lead through a relay? */
bool circuit_addr_is(struct span addr);

/* circuit_addr_read: ERR_UNSUPPORTED: no such address, or one through several relays. */
MUST_CHECK enum err circuit_addr_read(struct circuit_addr *ret_addr, struct span addr);

/* circuit_addr_write writes one. A transport that ends in a /p2p of its own fails w with ERR_MALFORMED. */
void circuit_addr_write(struct wr *w, const struct circuit_addr *addr);

#endif
