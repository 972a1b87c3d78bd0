#ifndef P2P_CONN_GROUPS_H
#define P2P_CONN_GROUPS_H

#include "base/budget.h"
#include "base/err.h"
#include "base/map.h"
#include "p2p/net_addr.h"
#include "p2p/refusal.h"

#include <stdint.h>

/* conn_groups: how many connections come from one place. Identities cost nothing, addresses do: so those that one operator
 * most likely holds share a bound, as in go-libp2p.
 *
 *     host      IPv4 /32, IPv6 /56 (what one household or machine is given)
 *     network   IPv4 /24, IPv6 /48
 *
 * Only public addresses count: behind a proxy or a container's bridge everybody has the same private one. */
struct conn_groups_cfg {
    uint32_t per_host_max;    /* connections; 0 = no bound */
    uint32_t per_network_max; /* likewise */
    uint32_t groups_max;      /* twice as many as connections */
};

struct conn_groups {
    struct map counts; /* group -> struct conn_group, of conn_groups.c */
    struct budget *budget;
    struct conn_groups_cfg cfg;
};

void conn_groups_init(struct conn_groups *g,
                      struct budget *budget,
                      const struct conn_groups_cfg *cfg,
                      const uint64_t seed[static 2]);
void conn_groups_done(struct conn_groups *g);

/* conn_groups_enter counts a connection. ERR_LIMIT with *ret_refusal: its place has enough, or no memory; nothing is
 * counted then. */
MUST_CHECK enum err
conn_groups_enter(struct conn_groups *g, const struct net_addr *addr, struct refusal *ret_refusal);

/* conn_groups_leave takes one off that entered. */
void conn_groups_leave(struct conn_groups *g, const struct net_addr *addr);

#endif
