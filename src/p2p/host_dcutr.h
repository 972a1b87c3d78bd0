#ifndef P2P_HOST_DCUTR_H
#define P2P_HOST_DCUTR_H

#include "p2p/dcutr.h"
#include "p2p/host_circuit.h"
#include "p2p/host_extension.h"
#include "p2p/net_addr.h"

/* DCUtR on a host: makes direct connections of relayed ones. For a peer that came through a relay: dials it, if it says
 * that it has addresses; then up to three times the exchange of dcutr.h and hole punching, the parts exchanged in the last
 * round. To the others it answers. When a direct connection is there, new streams run on it; the relayed one is closed
 * when its streams have ended, or after HOST_DCUTR_DRAIN_S.
 *
 *     HOST_EVENT_PEER_DIRECT                     the connection is there
 *     HOST_EVENT_EXTENSION -> host_dcutr_poll    UPGRADED or GAVE_UP, for log and figures
 *
 * Our addresses are those that the host announces, those that directly connected peers say they see us at (their word:
 * at worst a dial to nobody), and those of host_dcutr_set_addrs. Needs host_circuit.h on the same host.
 *
 * Memory: a small object for each peer that is being upgraded, HOST_DCUTR_PEERS_MAX at most, charged to the host. */

enum {
    HOST_DCUTR_PEERS_MAX = 64,
    HOST_DCUTR_ATTEMPTS_MAX = 3,
    HOST_DCUTR_DRAIN_S = 30,
    HOST_DCUTR_EVENTS_MAX = 16, /* kept until polled, the newest */
};

struct host_dcutr_cfg {
    bool private_too;             /* private addresses, of a local network, are as good as others */
    uint64_t exchange_timeout_us; /* for each message; 0 = 10 s */
    uint64_t dial_timeout_us;     /* of each address; 0 = 5 s */
};

enum host_dcutr_event_kind {
    HOST_DCUTR_UPGRADED, /* peer, attempts: 0 = a plain dial did it, or the peer's */
    HOST_DCUTR_GAVE_UP,  /* peer, attempts, err, rule: it stays relayed */
};

struct host_dcutr_event {
    enum host_dcutr_event_kind kind;
    struct peer_id peer;
    uint32_t attempts;
    enum err err;
    const char *rule; /* static text */
};

struct host_dcutr_stats {
    uint64_t upgraded_count;
    uint64_t gave_up_count;
    uint64_t attempts_count; /* exchanges that we asked for */
};

struct host_dcutr {
    struct host_extension extension; /* first member */
    struct host *host;
    struct host_dcutr_cfg cfg;
    struct budget budget;
    struct map peers; /* peer id -> struct dcutr_peer */
    struct heap timers;
    struct net_addr addrs[DCUTR_ADDRS_MAX]; /* of host_dcutr_set_addrs */
    size_t addrs_count;
    struct host_dcutr_stats stats;
    struct host_dcutr_event events[HOST_DCUTR_EVENTS_MAX]; /* a ring */
    size_t events_next;
    size_t events_count;
    bool is_told;
};

MUST_CHECK enum err
host_dcutr_init(struct host_dcutr *hd, struct host *host, const struct host_dcutr_cfg *cfg);
void host_dcutr_done(struct host_dcutr *hd);

/* host_dcutr_poll gives the oldest event that is kept. host_dcutr_set_addrs adds what is known of how others see us; the first DCUTR_ADDRS_MAX are taken. */
void host_dcutr_set_addrs(struct host_dcutr *hd, const struct net_addr *addrs, size_t count);
bool host_dcutr_poll(struct host_dcutr *hd, struct host_dcutr_event *ret_event);

#endif
