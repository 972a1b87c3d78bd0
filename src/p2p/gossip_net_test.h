#ifndef P2P_GOSSIP_NET_TEST_H
#define P2P_GOSSIP_NET_TEST_H

#include "p2p/gossip.h"
#include "p2p/key_signer.h"

/* A network of gossipsub nodes for unit tests: RPCs arrive at once. */

enum { GNET_MAX = 40, GNET_LOG_MAX = 64 };

struct gnet_node {
    struct gossip gossip;
    struct key_signer signer;
    struct peer_id id;
    bool is_mute; /* what it sends is lost */
    unsigned received;
    unsigned connects;
    enum gossip_verdict verdict; /* of every message */
    bool holds;                  /* does not judge at once */
    uint64_t held;
    char last[64];
    struct peer_id last_author;
};

struct gnet {
    struct gnet_node nodes[GNET_MAX];
    size_t count;
    instant now;
    struct rng_seeded rng;
    unsigned rpcs_count;
    unsigned bytes_count;
};

/* gnet_init makes nodes without connections; cfg NULL = defaults. */
void gnet_init(struct gnet *n, size_t count, const struct gossip_cfg *cfg);
void gnet_done(struct gnet *n);

/* gnet_connect joins two, as versions that both speak; a dialled. */
void gnet_connect(struct gnet *n, size_t a, size_t b, enum gossip_version version);

/* gnet_connect_randomly gives everybody about `degree` connections. */
void gnet_connect_randomly(struct gnet *n, size_t degree);
void gnet_run(struct gnet *n);
void gnet_pass(struct gnet *n, uint64_t us);
void gnet_subscribe_all(struct gnet *n, const char *topic, enum gossip_signing signing);

#endif
