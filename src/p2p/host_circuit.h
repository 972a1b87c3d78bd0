#ifndef P2P_HOST_CIRCUIT_H
#define P2P_HOST_CIRCUIT_H

#include "codec/frame.h"
#include "p2p/circuit_addr.h"
#include "p2p/circuit_message.h"
#include "p2p/host_extension.h"
#include "p2p/host_state.h"

/* The client of circuit relay v2 on a host: it dials /.../p2p/RELAY/p2p-circuit/p2p/PEER, holds reservations at relays,
 * and takes in those who come through them. A relayed stream becomes a link of the host, with Noise and yamux inside
 * like any other; so this is a driver too, of links that no socket carries: it takes their DIAL and LINK_CLOSE before
 * the other driver sees them.
 *
 *     host_circuit_reserve(&hc, &relay, addrs, n)  ->  RESERVED (host_circuit_addrs is what to announce) ... LOST
 *     host_dial with such an address               ->  PEER_CONNECTED with relayed set
 *
 * Reservations are renewed by themselves. A relayed connection is marked so: streams run on it only if they and their
 * protocol say relayed_ok, and host_peer_info tells what the relay allows it. Nobody comes through a relay at which we
 * hold no reservation.
 *
 * Memory: input of relayed links that the host has not taken, at most a window each; charged to memory_max. */

enum { HOST_CIRCUIT_RELAYS_MAX = 8, HOST_CIRCUIT_ADDRS_PER_RELAY_MAX = 4 };

struct host_circuit_cfg {
    size_t memory_max;     /* bytes; 0 = 4 MiB */
    uint64_t timeout_us;   /* of a question to a relay; 0 = 20 s */
    uint32_t links_in_max; /* relayed connections of peers at once; 0 = 64 */
};

enum host_circuit_event_kind {
    HOST_CIRCUIT_RESERVED, /* relay, expires_s, limit: the first time */
    HOST_CIRCUIT_LOST,     /* relay, err, status (0 = it said none): reserve anew, or elsewhere */
};

struct host_circuit_event {
    enum host_circuit_event_kind kind;
    struct peer_id relay;
    uint64_t expires_s; /* since 1970, by the relay's clock */
    struct circuit_limit limit;
    enum err err;
    uint64_t status;
};

struct host_circuit {
    struct host_extension extension; /* first member */
    struct host *host;
    struct host_circuit_cfg cfg;
    struct budget budget;
    struct map streams; /* stream id -> the head of a relay's question or of a link */
    struct map links;   /* link id -> struct circuit_link */
    struct list all_links;
    struct list hungry; /* links with input for the host */
    struct list relays;
    uint32_t relays_count;
    uint32_t links_in_count;
    struct heap timers;
    struct buf message;
    struct buf room; /* for what a link sends */
    bool is_told;
};

MUST_CHECK enum err
host_circuit_init(struct host_circuit *hc, struct host *host, const struct host_circuit_cfg *cfg);
void host_circuit_done(struct host_circuit *hc);

/* host_circuit_reserve asks relay for a reservation and keeps it; it is dialled at addrs (copied) if it is not connected.
 * ERR_STATE: held or asked for already. ERR_LIMIT: HOST_CIRCUIT_RELAYS_MAX, or memory. What fails later is LOST. */
MUST_CHECK enum err host_circuit_reserve(struct host_circuit *hc,
                                         const struct peer_id *relay,
                                         const struct span *addrs,
                                         size_t count);

/* host_circuit_release gives a reservation up; no event follows. The relay forgets it when we disconnect, or in time. */
void host_circuit_release(struct host_circuit *hc, const struct peer_id *relay);

/* host_circuit_holds: is there a reservation at relay now? */
bool host_circuit_holds(const struct host_circuit *hc, const struct peer_id *relay);

/* host_circuit_addrs writes the addresses at which we can be reached through relays, each with two bytes of length in
 * front as in host_state.h, and gives their number. They change with RESERVED and LOST. */
size_t host_circuit_addrs(const struct host_circuit *hc, struct buf *ret_addrs);

bool host_circuit_poll(struct host_circuit *hc, struct host_circuit_event *ret_event);

#endif
