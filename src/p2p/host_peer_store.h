#ifndef P2P_HOST_PEER_STORE_H
#define P2P_HOST_PEER_STORE_H

#include "base/buf.h"
#include "p2p/host_extension.h"
#include "p2p/peer_store.h"

/* The peer store on a host: it learns where dials met a peer, and what peers say of themselves; and whoever is dialled is
 * tried first where it was met before. On a host that does not know the time (host_cfg.unix_s) it learns nothing.
 *
 * What it learns is written to the disk a little at a time, and the rest at the end. */

/* The port to the disk: a durable map from peer ids to bytes, at most PEER_STORE_BYTES_MAX of them. Errors are the port's own to
 * log: it is only where to dial first. */
struct peer_disk {
    enum err (*put)(struct peer_disk *self, struct span key, struct span bytes);
    enum err (*remove)(struct peer_disk *self, struct span key);

    /* next appends the smallest key above after and its bytes; ERR_NOT_FOUND. */
    enum err (*next)(struct peer_disk *self,
                     struct span after,
                     struct buf *ret_key,
                     struct buf *ret_bytes);
};

enum { HOST_PEER_STORE_KEY_MAX = 64 };

struct host_peer_store_cfg {
    size_t peers_max;
    size_t memory_max;      /* bytes */
    struct peer_disk *disk; /* NULL: nothing is kept; outlives the store */
};

struct host_peer_store {
    struct host_extension extension; /* first member */
    struct host *host;
    struct budget budget;
    struct peer_store store;
    struct peer_disk *disk;
    struct peer_store_change change; /* while it is written down */
    instant save_at;                 /* not before */
};

/* host_peer_store_init reads what the disk has, and takes off what is of no use any more. */
void host_peer_store_init(struct host_peer_store *hp,
                          struct host *host,
                          const struct host_peer_store_cfg *cfg);
void host_peer_store_done(struct host_peer_store *hp); /* before host_done */

#endif
