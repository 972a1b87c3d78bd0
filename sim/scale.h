#ifndef SIM_SCALE_H
#define SIM_SCALE_H

#include "base/budget.h"
#include "base/err.h"
#include "base/heap.h"
#include "base/rng.h"
#include "p2p/peer_id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Networks of ten thousand nodes and more, at the level of messages: the real DHT (p2p/kad.h) and the real gossipsub
 * (p2p/gossip.h) over links that only have a delay. A question to a peer without a connection costs the round trips
 * of a dial first; a node that has gone answers nothing. As in sim.h everything follows from the
 * configuration and its seed. */

enum { SCALE_NODES_MAX = 100000, SCALE_SAMPLES_MAX = 100000 };

/* ---- the DHT ---- */

struct scale_dht_cfg {
    uint64_t seed;
    uint32_t nodes_count;
    uint32_t
        joins_count; /* of them: join through others; the rest start with tables as they are after a while */
    uint32_t keys_count;    /* published, each by a node of its own */
    uint32_t lookups_count; /* cold, and as many warm */
    uint64_t rtt_us_min;
    uint64_t rtt_us_max;       /* drawn for each pair */
    uint32_t dial_round_trips; /* before a question can leave */
    uint32_t
        churn_percent; /* of the nodes leave without a word, and as many join, between publishing and looking */
    uint32_t warm_connections; /* of a warm asker */
    uint32_t sybils_count;     /* liars right around one key, who know only each other */
    bool thorough;             /* publish and look over the key's region */
};

struct scale_dht_report {
    uint64_t hash;
    uint64_t events_count;
    uint32_t published_count;
    uint32_t cold_count;
    uint32_t cold_found_count;
    uint32_t warm_count;
    uint32_t warm_found_count;
    uint64_t cold_p50_us; /* to the first provider */
    uint64_t cold_p95_us;
    uint64_t warm_p50_us;
    uint64_t warm_p95_us;
    uint32_t eclipse_count; /* lookups of the key among sybils */
    uint32_t eclipse_found_count;
    uint64_t queries_of_lookup; /* on average */
    uint64_t size_estimate;     /* of the network, median of what publishers found */
    size_t memory_per_node;     /* bytes */
    const char *violation;      /* static text; NULL = none */
};

struct scale_dht_cfg scale_dht_default(void);

/* scale_dht runs one network. ERR_LIMIT: the budget, or a configuration without sense. */
MUST_CHECK enum err scale_dht(struct scale_dht_report *ret_report,
                              const struct scale_dht_cfg *cfg,
                              struct budget *budget);

/* ---- gossip ---- */

struct scale_gossip_cfg {
    uint64_t seed;
    uint32_t nodes_count;
    uint32_t dials_count;     /* connections that each node opens */
    uint32_t messages_count;  /* by honest nodes, half a second apart */
    uint32_t message_len;     /* bytes */
    uint64_t latency_us;      /* one way */
    uint32_t hostile_percent; /* join every mesh, pass nothing on, and flood */
    uint64_t settle_us;       /* before the first message */
};

struct scale_gossip_report {
    uint64_t hash;
    uint64_t events_count;
    uint64_t deliveries_wanted; /* to honest nodes */
    uint64_t deliveries_count;
    uint32_t hops_p50;
    uint32_t hops_p99;
    uint64_t latency_p50_us;
    uint64_t latency_p99_us;
    uint64_t copies_count; /* of messages received, first ones included */
    uint32_t mesh_min;     /* of honest nodes, at the end */
    uint32_t mesh_max;
    uint32_t hostile_in_mesh_percent; /* of the places in honest meshes, at the end */
    size_t memory_per_node;
    const char *violation;
};

struct scale_gossip_cfg scale_gossip_default(void);
MUST_CHECK enum err scale_gossip(struct scale_gossip_report *ret_report,
                                 const struct scale_gossip_cfg *cfg,
                                 struct budget *budget);

/* ---- shared ---- */

/* scale_peer makes the peer id of node i; scale_index gives i back, UINT32_MAX for one that never was. */
void scale_peer(struct peer_id *ret_id, uint64_t salt, uint32_t i);
uint32_t scale_index(const struct peer_id *id);

/* scale_rank sorts samples and gives the one at so many thousandths. */
uint64_t scale_rank(uint64_t *samples, size_t count, uint32_t thousandths);
uint64_t scale_hash(uint64_t hash, uint64_t value);

#endif
