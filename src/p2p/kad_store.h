#ifndef P2P_KAD_STORE_H
#define P2P_KAD_STORE_H

#include "base/buf.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "p2p/kad_table.h"

/* What a server of the DHT keeps for others: who provides a key, and signed values. Everything expires, and
 * everything is bounded: in all, of one key, from one peer, of one IP group. */

/* How many things each peer has here. */
struct kad_quota {
    struct map counts; /* peer id -> uint32_t */
    struct budget *budget;
    uint32_t per_peer_max;
};

struct kad_store_cfg {
    struct budget *budget;
    uint64_t seed[2];
    uint32_t count_max; /* records in all */
    uint32_t per_peer_max;
    uint32_t per_key_max;       /* providers of one key */
    uint32_t per_key_group_max; /* of them in one IP group */
    uint64_t expiry_us;         /* of a record */
    uint64_t addrs_expiry_us;   /* of a provider's addresses */
};

/* ---- providers ---- */

struct kad_providers {
    struct kad_store_cfg cfg;
    struct map keys; /* hash of the key -> struct kad_provided */
    struct heap timers;
    struct kad_quota quota;
    uint32_t count;
};

void kad_providers_init(struct kad_providers *s, struct kad_store_cfg cfg);
void kad_providers_done(struct kad_providers *s);

/* kad_providers_add notes that peer has what key names, or renews that. ERR_LIMIT: a bound; tell nobody. */
MUST_CHECK enum err kad_providers_add(struct kad_providers *s,
                                      instant now,
                                      const struct kad_id *key,
                                      const struct kad_peer *peer);

/* kad_providers_find fills ret, those heard last first; it lives until the store changes. */
size_t kad_providers_find(const struct kad_providers *s,
                          struct kad_peer *ret,
                          size_t max,
                          instant now,
                          const struct kad_id *key);
void kad_providers_remove(struct kad_providers *s,
                          const struct kad_id *key,
                          const struct peer_id *peer);
instant kad_providers_deadline(const struct kad_providers *s);
void kad_providers_tick(struct kad_providers *s, instant now);

/* ---- values ---- */

struct kad_value {
    struct heap_node timer;
    struct kad_id id;
    struct peer_id from; /* who put it, for the quota */
    struct buf key;
    struct buf value;
    walltime received;
};

struct kad_values {
    struct kad_store_cfg cfg;
    struct map keys; /* hash of the key -> struct kad_value */
    struct heap timers;
    struct kad_quota quota;
};

void kad_values_init(struct kad_values *s, struct kad_store_cfg cfg);
void kad_values_done(struct kad_values *s);

struct kad_value_args {
    struct span key;
    struct span value; /* validated by the caller, and better than what is there */
    struct peer_id from;
    walltime received;
};

/* kad_values_put keeps a value, in place of any other under its key. ERR_LIMIT: a bound. */
MUST_CHECK enum err kad_values_put(struct kad_values *s, instant now, struct kad_value_args args);
const struct kad_value *kad_values_find(const struct kad_values *s, struct span key);
instant kad_values_deadline(const struct kad_values *s);
void kad_values_tick(struct kad_values *s, instant now);

#endif
