#ifndef NODE_PUBLIC_DHT_H
#define NODE_PUBLIC_DHT_H

#include "node/config/config.h"
#include "p2p/host_kad.h"

/* Visits to the public DHT of IPFS (KAD_PROTOCOL_IPFS), where servers and wallets meet that know nobody yet: as a client that answers
 * nothing, for one search or one publication at a time.
 *
 *     public_dht_enter(&p, &cfg, now)
 *     public_dht_is_ready(&p, now)  ->  kad_find_providers(&p.kad.kad, ...) or kad_provide
 *     HOST_EVENT_EXTENSION          ->  while (p.is_on && host_kad_poll(&p.kad, &e)) ...
 *     public_dht_ebb(&p, now)       ->  when that is over, or public_dht_is_late: again and again, until true
 *     public_dht_leave(&p)
 *
 * Between two visits nothing of it is left: no table, no question, and of the connections that a visit has made only those that carry
 * something else. So a node that may not go there opens no stream of that protocol.
 *
 * Memory: PUBLIC_DHT_MEMORY_MAX for what is known and PUBLIC_DHT_STREAMS_MEMORY_MAX for messages, both within the host's. */

enum { PUBLIC_DHT_MEMORY_MAX = 4 * 1024 * 1024, PUBLIC_DHT_STREAMS_MEMORY_MAX = 2 * 1024 * 1024 };

/* How often whoever visits looks whether it is ready. */
static const uint64_t PUBLIC_DHT_STEP_US = 500 * US_PER_MS;

struct public_dht_cfg {
    struct host *host;
    const struct config_public_dht *config; /* whom to begin with; none: those of IPFS */
    bool private_too; /* a DHT of this machine alone: peers without public addresses are welcome */
};

struct public_dht {
    bool is_on;
    struct host_kad kad;
    instant since;
    bool is_ebbing;
    instant gone_at;
};

/* public_dht_has_way: is there a way in? A local network has none unless the configuration names peers: it never goes to IPFS. */
bool public_dht_has_way(const struct config_public_dht *config, bool is_local);

/* public_dht_enter begins a visit: it dials the peers to begin with. p must not move. ERR_LIMIT: the host has no memory;
 * ERR_MALFORMED: none of the configured peers is one; then there is no visit. */
MUST_CHECK enum err
public_dht_enter(struct public_dht *p, const struct public_dht_cfg *cfg, instant now);

/* public_dht_ebb closes what the visit has dialled as soon as it carries no stream. True: all of it is closed, or has had its time. */
bool public_dht_ebb(struct public_dht *p, instant now);

/* public_dht_leave ends the visit, and the connections that it dialled and that carry nothing else. Also without a visit. Not from within the host's
 * callbacks. */
void public_dht_leave(struct public_dht *p);

/* public_dht_is_ready: do enough peers answer to ask around? One does, if no more have come in some seconds. */
bool public_dht_is_ready(const struct public_dht *p, instant now);

/* public_dht_is_late: has the visit lasted longer than any should? */
bool public_dht_is_late(const struct public_dht *p, instant now);

#endif
