#ifndef P2P_HOST_PEER_STORE_H
#define P2P_HOST_PEER_STORE_H

#include "p2p/host_extension.h"
#include "p2p/peer_store.h"

/* The peer store on a host: it learns where dials met a peer, and what peers say of themselves; and whoever is dialled is
 * tried first where it was met before. On a host that does not know the time (host_cfg.unix_s) it learns nothing.
 *
 * The application loads what was kept (peer_store_load on store) and writes down what peer_store_next_change gives, now and
 * then and at the end. */
struct host_peer_store_cfg {
    size_t peers_max;
    size_t memory_max; /* bytes */
};

struct host_peer_store {
    struct host_extension extension; /* first member */
    struct host *host;
    struct budget budget;
    struct peer_store store;
};

void host_peer_store_init(struct host_peer_store *hp,
                          struct host *host,
                          const struct host_peer_store_cfg *cfg);
void host_peer_store_done(struct host_peer_store *hp); /* before host_done */

#endif
