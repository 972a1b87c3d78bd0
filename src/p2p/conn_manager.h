#ifndef P2P_CONN_MANAGER_H
#define P2P_CONN_MANAGER_H

#include "base/heap.h"
#include "base/instant.h"
#include "base/list.h"
#include "base/map.h"
#include "p2p/peer_id.h"

#include <stdbool.h>
#include <stdint.h>

/* conn_manager: which peers to keep when there are more than one wants. Above the high water mark it lets go of the least
 * valued until the low one is reached; never of a protected one. Who has come within the grace period had no time to show
 * what it is good for: it neither counts nor goes. (What bounds those is the host's limits.) An engine that decides; host_conn_manager.h carries it out.
 *
 *     connected, busy, tag, protect  →  conn_manager  →  conn_manager_poll: whom to let go of
 *
 * Least valued: the smallest sum of tags; of these who has no streams, then who came to us, then who came last. So a flood
 * of newcomers drives out itself, and not those who were there before. */

/* What a peer is to us. */
enum conn_tag {
    CONN_TAG_SERVER, /* one of the servers that the wallet uses, or was told to use */
    CONN_TAG_RELAY,  /* we hold a reservation at it, or it holds one at us */
    CONN_TAG_DHT,    /* in our routing table */
    CONN_TAG_GOSSIP, /* in a mesh */
    CONN_TAG_COUNT
};

enum { CONN_TAG_VALUE_MAX = 1 << 20 };

struct conn_tags {
    uint32_t values[CONN_TAG_COUNT]; /* 0 = not tagged */
    uint32_t protectors;             /* bit of each tag that protects; 0 = may go */
};

struct conn_manager_cfg {
    uint32_t low;       /* peers */
    uint32_t high;      /* peers; 0 = nobody is ever let go of */
    uint64_t grace_us;  /* after it connected */
    uint64_t pause_us;  /* at least, between two rounds; 0 = 10 s */
    uint32_t peers_max; /* remembered, those included that are protected and not connected */
    struct budget *budget;
    uint64_t seed[2];
};

struct conn_manager {
    struct conn_manager_cfg cfg;
    struct map peers;     /* id -> struct conn_manager_peer, of conn_manager.c */
    struct heap by_value; /* while a round is going on */
    struct list leaving;
    uint32_t connected_count;
    uint64_t pruned_count;
    instant trim_at; /* NEVER: few enough */
    instant trimmed_at;
};

void conn_manager_init(struct conn_manager *m, const struct conn_manager_cfg *cfg);
void conn_manager_done(struct conn_manager *m);

/* conn_manager_set_marks changes low, high and grace from now on. */
void conn_manager_set_marks(struct conn_manager *m,
                            instant now,
                            const struct conn_manager_cfg *cfg);

/* ---- what happens ---- */

/* conn_manager_connected: of a peer for which there is no memory nothing is known, and it is never let go of. */
void conn_manager_connected(struct conn_manager *m,
                            instant now,
                            const struct peer_id *peer,
                            bool inbound);
void conn_manager_disconnected(struct conn_manager *m, const struct peer_id *peer);

/* conn_manager_busy tells how many streams a connected peer has; asked for before a round, see conn_manager_trim. */
void conn_manager_busy(struct conn_manager *m, const struct peer_id *peer, uint32_t streams_count);

/* ---- what peers are to us: connected or not ---- */

/* conn_manager_tag gives a peer a value under this tag, at most CONN_TAG_VALUE_MAX; 0 takes it away. */
void conn_manager_tag(struct conn_manager *m,
                      const struct peer_id *peer,
                      enum conn_tag tag,
                      uint32_t value);

/* conn_manager_protect keeps a peer as long as one tag protects it. */
void conn_manager_protect(struct conn_manager *m,
                          const struct peer_id *peer,
                          enum conn_tag tag,
                          bool is_protected);

/* conn_manager_tags: false, and nothing, if nothing is known of it. */
bool conn_manager_tags(const struct conn_manager *m,
                       struct conn_tags *ret_tags,
                       const struct peer_id *peer);
const char *conn_tag_name(enum conn_tag tag);

/* ---- rounds ---- */

/* conn_manager_deadline is when conn_manager_trim is due: bring tags and conn_manager_busy up to date, then call it. */
instant conn_manager_deadline(const struct conn_manager *m);
void conn_manager_trim(struct conn_manager *m, instant now);

/* conn_manager_poll gives one peer to let go of. */
bool conn_manager_poll(struct conn_manager *m, struct peer_id *ret_peer);

#endif
