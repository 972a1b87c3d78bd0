#ifndef P2P_RELAY_H
#define P2P_RELAY_H

#include "base/budget.h"
#include "base/err.h"
#include "base/heap.h"
#include "base/instant.h"
#include "base/list.h"
#include "base/map.h"
#include "base/rng.h"
#include "base/span.h"
#include "p2p/circuit_message.h"
#include "p2p/peer_id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* relay: who may be relayed by us, and how much of it: the accounts of circuit relay v2 (libp2p specs,
 * relay/circuit-v2.md), without streams. host_relay.h carries it.
 *
 *     relay_reserve  -> a peer may be reached through us until its reservation ends      relay_drop: it is gone
 *     relay_open     -> one more circuit between two peers, or the status that says why not     relay_close
 *
 * Each peer has one reservation, which it renews. Of an IP group (IPv4 /24, IPv6 /48) few get in, so that who owns a
 * network does not own the relay. Memory is charged before it is taken; without memory there is no room. */

/* 0 = the value that stands here. */
struct relay_cfg {
    uint32_t reservations_max;           /* 128 */
    uint32_t reservations_per_group_max; /* 8 */
    uint32_t grants_per_minute_max;      /* 600: each one is a signature */
    uint32_t circuits_max;               /* 64 */
    uint32_t circuits_per_peer_max;      /* 16: of a peer, whichever end it is */
    uint32_t ttl_s;                      /* 3600: of a reservation */
    struct circuit_limit limit;          /* of a circuit: 120 s and 128 KiB in each direction */
    bool is_unlimited;                   /* circuits have no limit at all */
    struct rng *rng;
    struct budget *parent;
};

struct relay_peer {
    struct heap_node ends; /* of the reservation; in no heap: it has none */
    struct peer_id id;
    uint64_t group; /* 0 = none */
    uint32_t circuits_count;
};

struct relay {
    struct relay_cfg cfg;
    struct budget budget;
    struct map peers; /* peer id -> struct relay_peer: those with a reservation or a circuit */
    struct heap reservations;
    uint32_t circuits_count;
    instant minute_ends; /* of the count of grants */
    uint32_t grants_count;
};

MUST_CHECK enum err relay_init(struct relay *r, const struct relay_cfg *cfg);
void relay_done(struct relay *r);

/* relay_reserve grants or renews: CIRCUIT_OK, or CIRCUIT_RESERVATION_REFUSED. remote: the multiaddr that the peer comes
 * from. */
struct relay_ask {
    const struct peer_id *peer;
    struct span remote;
    instant now;
};
enum circuit_status relay_reserve(struct relay *r, struct relay_ask ask);

/* relay_has: has the peer a reservation? */
bool relay_has(const struct relay *r, const struct peer_id *peer);

/* relay_drop ends the reservation of a peer that has gone. */
void relay_drop(struct relay *r, const struct peer_id *peer);

/* relay_open counts a circuit: CIRCUIT_OK, CIRCUIT_NO_RESERVATION, CIRCUIT_RESOURCE_LIMIT, CIRCUIT_PERMISSION_DENIED (a
 * peer to itself). relay_close takes one off again that was opened. */
enum circuit_status
relay_open(struct relay *r, const struct peer_id *source, const struct peer_id *target);
void relay_close(struct relay *r, const struct peer_id *source, const struct peer_id *target);

/* relay_deadline is when the next reservation ends by itself; relay_tick ends it. */
instant relay_deadline(const struct relay *r);
void relay_tick(struct relay *r, instant now);

#endif
