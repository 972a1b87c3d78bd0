#ifndef P2P_HOST_RELAY_H
#define P2P_HOST_RELAY_H

#include "codec/frame.h"
#include "p2p/host_extension.h"
#include "p2p/host_state.h"
#include "p2p/relay.h"

/* The service of circuit relay v2 on a host: hop streams of those who reserve and of those who want to connect, stop
 * streams to those who reserved, and the bytes between the two.
 *
 *     source --hop: CONNECT--> relay --stop: CONNECT--> target        then whatever one says the other hears
 *
 * Back-pressure: what the one side does not take is kept, and no credit is given to the other until it is taken; so at
 * most a window of each direction is held, charged to memory_max. Never over relayed connections: the protocol is not
 * spoken there. There are no events for the application: see host_relay_stats. */

struct host_relay_cfg {
    struct relay_cfg relay;      /* rng and parent are filled in */
    size_t memory_max;           /* bytes held between the two sides of all circuits; 0 = 4 MiB */
    uint64_t request_timeout_us; /* to say what is wanted, and to read the answer; 0 = 20 s */
    uint64_t stop_timeout_us;    /* for the target's answer; 0 = 30 s */
    /* allows (NULL: everybody): may peer reserve, or with a target connect to it? */
    bool (*allows)(void *user, const struct peer_id *peer, const struct peer_id *target);
    void *user;
};

struct host_relay_stats {
    uint32_t reservations_count;
    uint32_t circuits_count; /* now */
    uint64_t opened_count;   /* circuits so far */
    uint64_t refused_count;  /* requests */
    uint64_t relayed_len;    /* bytes, both directions */
    size_t held_len;         /* bytes of memory */
};

struct host_relay {
    struct host_extension extension; /* first member */
    struct host *host;
    struct host_relay_cfg cfg;
    struct budget budget;
    struct relay relay;
    struct map sides; /* stream id -> struct host_relay_side */
    struct heap timers;
    struct buf message;
    uint64_t opened_count;
    uint64_t refused_count;
    uint64_t relayed_len;
};

/* host_relay_init begins to serve; host_relay_done ends every circuit and takes the service away, before host_done.
 * ERR_STATE: the host does not know the time (cfg.unix_s), and so cannot say until when. ERR_LIMIT. */
MUST_CHECK enum err
host_relay_init(struct host_relay *hr, struct host *host, const struct host_relay_cfg *cfg);
void host_relay_done(struct host_relay *hr);

struct host_relay_stats host_relay_stats(const struct host_relay *hr);

#endif
