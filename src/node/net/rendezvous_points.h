#ifndef NODE_RENDEZVOUS_POINTS_H
#define NODE_RENDEZVOUS_POINTS_H

#include "p2p/host_rendezvous.h"

/* Rendezvous points among the peers that a node is connected to: servers are points, register at each other under the
 * names of service/directory.h, and wallets ask them (docs/protocol.md, "Finding servers").
 *
 *     while ((point = rendezvous_points_next(&p, now)))  register or ask there
 *
 * A point has its turn when it says in identify that it is one, and again every cfg.every_us while it is connected.
 *
 * Memory: RENDEZVOUS_POINTS_MEMORY_MAX for what others register here, all of it within the host's. */

enum {
    RENDEZVOUS_POINTS_MAX = 8,
    RENDEZVOUS_POINTS_MEMORY_MAX = 2 * 1024 * 1024,
    RENDEZVOUS_POINTS_OF_PEER_MAX = 4, /* names under which one peer stands here */
};

struct rendezvous_points_cfg {
    bool serves; /* be a point */
    uint64_t every_us;
};

struct rendezvous_turn {
    struct peer_id peer;
    instant again_at;
};

struct rendezvous_points {
    struct host_rendezvous host;
    struct rendezvous_points_cfg cfg;
    struct rendezvous_turn turns[RENDEZVOUS_POINTS_MAX];
    size_t turns_count;
};

/* rendezvous_points_init: ERR_LIMIT, if the host has no memory. p must not move. */
MUST_CHECK enum err rendezvous_points_init(struct rendezvous_points *p,
                                           struct host *host,
                                           const struct rendezvous_points_cfg *cfg);
void rendezvous_points_done(struct rendezvous_points *p);

/* rendezvous_points_next gives a point whose turn it is, which this begins, until the next call; NULL: it is nobody's. */
const struct peer_id *rendezvous_points_next(struct rendezvous_points *p, instant now);

/* rendezvous_points_anew: everybody's turn has come: what is registered has changed. */
void rendezvous_points_anew(struct rendezvous_points *p);

/* rendezvous_points_deadline is the next turn of those that are known; a new point is one when its identify has come. */
instant rendezvous_points_deadline(const struct rendezvous_points *p);

#endif
