#ifndef P2P_DIAL_BACKOFF_H
#define P2P_DIAL_BACKOFF_H

#include "base/heap.h"
#include "base/instant.h"
#include "base/map.h"
#include "base/span.h"
#include "p2p/peer_id.h"

#include <stdbool.h>
#include <stdint.h>

/* dial_backoff: addresses at which a peer was not met a moment ago. Each failure keeps it from being tried for longer:
 * 5 s + n² s after the n-th in a row (n from 0), five minutes at most, the figures of go-libp2p. What was not tried again for as long once more
 * is forgotten. Bounded: a full table forgets what would have been tried again soonest. */

enum { DIAL_BACKOFF_ENTRIES_MAX = 512 };

#define DIAL_BACKOFF_US_MIN (5 * US_PER_S)
#define DIAL_BACKOFF_US_MAX (300 * US_PER_S)

struct dial_backoff {
    struct map entries;    /* by hash of peer and address */
    struct heap by_expiry; /* when each is forgotten */
    struct budget *budget;
};

void dial_backoff_init(struct dial_backoff *b,
                       struct budget *budget,
                       const uint64_t seed[static 2]);
void dial_backoff_done(struct dial_backoff *b);

/* dial_backoff_holds: is this address of peer (n = 0: whoever it is) to be left alone now? */
bool dial_backoff_holds(const struct dial_backoff *b,
                        const struct peer_id *peer,
                        struct span addr,
                        instant now);

/* dial_backoff_failed counts a failure; without memory it is not remembered. dial_backoff_worked forgets them. */
void dial_backoff_failed(struct dial_backoff *b,
                         const struct peer_id *peer,
                         struct span addr,
                         instant now);
void dial_backoff_worked(struct dial_backoff *b, const struct peer_id *peer, struct span addr);

#endif
