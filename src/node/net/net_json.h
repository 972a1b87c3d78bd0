#ifndef NODE_NET_JSON_H
#define NODE_NET_JSON_H

#include "codec/json.h"
#include "codec/multiaddr.h"
#include "node/net/directory_host.h"
#include "p2p/host_conn_manager.h"
#include "p2p/host_gossip.h"
#include "p2p/host_kad.h"
#include "p2p/host_probe.h"
#include "p2p/host_reach.h"

/* What a node can say of its network, in JSON: types net_state, net_peer and net_probe of api/types.json, for the local APIs of
 * the daemon and of the server. Text of strangers is shown as printable ASCII. */

enum {
    NET_JSON_PEERS_MAX = 256,
    NET_JSON_PROTOCOLS_MAX = 32, /* of a peer */
    NET_JSON_BUDGETS_MAX = 8,
    NET_JSON_ENDINGS_MAX = 16, /* the newest */
};

/* By which peer id servers are asked about an account. */
struct net_identity {
    struct span account;
    const struct peer_id *peer;
    size_t servers; /* that it is connected to */
};

struct net_json {
    const struct host *host;
    const struct host_kad *kad;             /* NULL: no DHT */
    const struct host_gossip *gossip;       /* NULL: no gossipsub */
    const struct directory_host *directory; /* NULL: nothing is held of other servers */
    const struct host_conn_manager *peers;  /* NULL: nobody manages connections */
    const struct host_reach *reach;         /* NULL: nothing is known */
    const struct budget
        *budgets[NET_JSON_BUDGETS_MAX];    /* of the program, beside the host's; NULL ends them */
    const struct net_identity *identities; /* of the wallet's accounts; NULL: it is no wallet */
    size_t identities_count;
    instant now;
};

/* Whom a person means: a peer id, or an address that ends with /p2p/ and one. */
struct net_target {
    struct peer_id peer;
    uint8_t room[MULTIADDR_LEN_MAX];
    struct span addr; /* bytes, in room; empty: there was none */
};

/* net_target_read: ERR_MALFORMED, ERR_UNSUPPORTED: it is neither. */
MUST_CHECK enum err net_target_read(struct net_target *ret, struct span text);

/* net_json_put_state writes the whole state. */
void net_json_put_state(struct json_writer *j, const struct net_json *n);

/* net_json_put_peer writes the i-th connected peer. */
void net_json_put_peer(struct json_writer *j, const struct net_json *n, size_t i);

/* net_json_put_probe writes a probe that is over. */
void net_json_put_probe(struct json_writer *j,
                        const struct net_json *n,
                        const struct host_probe *p);

#endif
