#ifndef P2P_KAD_NET_TEST_H
#define P2P_KAD_NET_TEST_H

#include "p2p/kad.h"

/* A network of DHT nodes for unit tests: messages arrive at once, or never. */

enum { NET_MAX = 64 };

struct net_node {
    struct kad kad;
    struct peer_id id;
    uint8_t addr[32];
    size_t addr_len;
    bool is_up;
    bool is_mute; /* takes requests and never answers */

    /* What its polls gave. */
    unsigned peers_count;
    unsigned providers_count;
    unsigned overs_count;
    enum err err;
    struct peer_id last_peer;
    struct kad_op_stats stats;
    char value[64];
    unsigned asked_count;
};

struct net {
    struct net_node nodes[NET_MAX];
    size_t count;
    instant now;
    struct rng_seeded rng;
};

/* net_init makes count nodes of one kind (NULL: servers with defaults); each knows one other, and then all
 * have filled their tables. Groups of IP addresses: one node each. */
void net_init(struct net *n, size_t count, const struct kad_cfg *cfg);
void net_done(struct net *n);
struct kad_peer net_peer(const struct net_node *node);

/* net_run delivers until nobody has anything to say; net_pass lets time go by, deadline by deadline. */
void net_run(struct net *n);
void net_pass(struct net *n, uint64_t us);

/* A namespace "n" whose values are a digit and then anything; a higher digit is better. */
extern const struct kad_validator net_validator;

#endif
