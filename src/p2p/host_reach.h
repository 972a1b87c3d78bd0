#ifndef P2P_HOST_REACH_H
#define P2P_HOST_REACH_H

#include "p2p/host_autonat.h"
#include "p2p/reachability.h"

/* Reachability on a host: hears how peers see us, has AutoNAT ask about the addresses that follow, and keeps the verdict.
 *
 *     host_reach_init(&hr, &host, &cfg)
 *     host_reach_set_listen, host_reach_set_mapped        when sockets or the router change
 *     HOST_EVENT_EXTENSION with &hr.extension or &hr.autonat.extension -> while (host_reach_poll(&hr)) use hr.verdict
 *     host_reach_announce(&hr)                            has the host announce what is confirmed
 *
 * Memory: the struct, and what AutoNAT charges to the host. */

enum { HOST_REACH_LISTEN_MAX = 16, HOST_REACH_MAPPED_MAX = 8 };

struct host_reach_cfg {
    struct host_autonat_cfg autonat;
    bool tcp_reuses_port; /* dials over TCP leave from the port that we listen at */
};

struct host_reach {
    struct host_extension extension; /* first member */
    struct host *host;
    struct host_reach_cfg cfg;
    struct host_autonat autonat;
    struct observed observed;
    struct net_addr listen[HOST_REACH_LISTEN_MAX];
    size_t listen_count;
    bool is_listening;
    struct net_addr mapped[HOST_REACH_MAPPED_MAX];
    size_t mapped_count;
    struct reachability verdict;
    instant judge_at; /* when a verdict that waits does not wait any more */
    bool is_stale;    /* something came in since the verdict was drawn */
    bool has_changed;
    bool is_told;
};

MUST_CHECK enum err
host_reach_init(struct host_reach *hr, struct host *host, const struct host_reach_cfg *cfg);
void host_reach_done(struct host_reach *hr);

/* host_reach_set_listen: addresses at which sockets listen, those of the interfaces in place of 0.0.0.0 and ::, whose
 * originals may stand among them. More than HOST_REACH_LISTEN_MAX are left out. */
void host_reach_set_listen(struct host_reach *hr, const struct net_addr *addrs, size_t count);

/* host_reach_set_mapped: outer addresses that a router granted. */
void host_reach_set_mapped(struct host_reach *hr, const struct net_addr *addrs, size_t count);

/* host_reach_poll: true once after the verdict changed. */
bool host_reach_poll(struct host_reach *hr);

/* host_reach_announce has the host announce the addresses that are reachable, and `also` (may be none) before them. ERR_LIMIT. */
MUST_CHECK enum err
host_reach_announce(struct host_reach *hr, const struct span *also, size_t also_count);

#endif
