#ifndef P2P_AUTONAT_QUOTA_H
#define P2P_AUTONAT_QUOTA_H

#include "base/err.h"
#include "base/instant.h"
#include "p2p/net_addr.h"
#include "p2p/peer_id.h"

/* How much an AutoNAT server dials for others: at most so many requests at a time, so many a minute in all, of one peer,
 * and from one group of IPs, since peer ids cost nothing. What it remembers is a table of fixed size; when the table is
 * full of the last minute's, strangers are refused. No memory beyond the struct. */

enum { AUTONAT_QUOTA_ENTRIES = 256, AUTONAT_QUOTA_MINUTE_S = 60 };

struct autonat_quota_cfg {
    uint32_t open_max;       /* requests under way; 0 = 8 */
    uint32_t per_minute_max; /* 0 = 60 */
    uint32_t per_peer_max;   /* a minute; 0 = 12 */
    uint32_t per_group_max;  /* a minute; 0 = 24 */
};

struct autonat_quota_entry {
    uint64_t key; /* hash of a peer or group, 0 = free */
    instant until;
    uint32_t count;
};

struct autonat_quota {
    struct autonat_quota_cfg cfg;
    uint64_t seed[2];
    uint32_t open_count;
    struct autonat_quota_entry all;
    struct autonat_quota_entry entries[AUTONAT_QUOTA_ENTRIES];
    uint64_t refused_count;
};

void autonat_quota_init(struct autonat_quota *q,
                        const struct autonat_quota_cfg *cfg,
                        const uint64_t seed[static 2]);

/* autonat_quota_take counts one request and opens it: false if it is one too many. autonat_quota_give closes it. */
bool autonat_quota_take(struct autonat_quota *q,
                        instant now,
                        const struct peer_id *peer,
                        const struct net_addr *from);
void autonat_quota_give(struct autonat_quota *q);

#endif
