#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "base/budget.h"
#include "base/err.h"
#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A network of real hosts (p2p/host.h, with real keys and real Noise) on a virtual clock. Everything
 * follows from the configuration and its seed: one heap of events ordered by time and then by order of
 * insertion, one generator for the world, one for each life of each node. The same configuration gives
 * the same hash in every build; that is tested.
 *
 * Each node has a few neighbours, to whom it sends messages over streams that the receiver checks byte
 * by byte and acknowledges. The network below delays, limits, loses (a loss delays what is behind it, as
 * on TCP), cuts itself in two, and loses nodes, silently or with a reset; they come back with the same
 * key and nothing else.
 *
 * With kad_every_us every node is also a server of the DHT (p2p/host_kad.h): it publishes a key of its own and
 * looks for those of others.
 *
 * Checked all the time: no node over its memory or its caps; what a peer may send, has sent and what was
 * consumed make the window, on every stream; no event of a stream after its last, nor of a peer out
 * of order; a message arrives whole, unchanged and at most once, and if its sender heard so, exactly
 * once. At the end, when all have hung up: no connection, no stream, not a byte left. */

struct sim_cfg {
    uint64_t seed;
    uint32_t nodes_count;      /* 2 to SIM_NODES_MAX */
    uint32_t neighbours_count; /* whom a node sends to; capped at nodes_count - 1 */
    uint64_t duration_us;      /* how long messages are begun; the network then runs out */
    uint64_t latency_us_min;   /* one way; drawn for each connection */
    uint64_t latency_us_max;
    uint64_t jitter_us;          /* for each segment */
    uint64_t rate;               /* bytes a second and direction; 0 = no limit */
    uint32_t loss_ppm;           /* of 1,460-byte packets */
    uint64_t message_every_us;   /* of each node, on average */
    uint32_t message_len_max;    /* bytes */
    uint64_t crash_every_us;     /* of the network, on average; 0 = never */
    uint64_t partition_every_us; /* likewise */
    uint64_t partition_for_us;
    size_t memory_max;     /* of each node */
    uint64_t kad_every_us; /* lookups of each node in the DHT, on average; 0 = no DHT */
    bool trace;            /* print every event */
};

enum { SIM_NODES_MAX = 1000 };

/* sim_cfg_default: a calm network of two. */
struct sim_cfg sim_cfg_default(void);

struct sim_report {
    uint64_t hash;         /* of everything that happened */
    uint64_t events_count; /* of the heap */
    uint64_t time_us;      /* virtual, at the end */
    uint64_t messages_count;
    uint64_t delivered_count;
    uint64_t acked_count;
    uint64_t reset_count;  /* given up by their sender, as planned */
    uint64_t failed_count; /* connection lost, dial failed, refused, reset by plan */
    uint64_t bytes_count;  /* payload delivered */
    uint64_t handshakes_count;
    uint64_t dials_failed_count;
    uint64_t crashes_count;
    uint64_t partitions_count;
    uint64_t refused_count;
    uint64_t lost_count;        /* segments delayed by loss */
    uint64_t kad_lookups_count; /* for the key of a node that was up and had published it */
    uint64_t kad_found_count;   /* of them with success */
    size_t memory_max;          /* the most that one node ever held */
    uint32_t window_max;        /* the largest receive window seen, bytes */
    const char *violation;      /* the first broken invariant, static text; NULL = none */
    uint64_t violation_at_us;
    uint32_t violation_node;
};

/* sim_run runs one world to its end. ERR_LIMIT: budget, or a configuration without sense. A broken
 * invariant is not an error but stands in the report. */
MUST_CHECK enum err
sim_run(struct sim_report *ret_report, const struct sim_cfg *cfg, struct budget *budget);

#endif
