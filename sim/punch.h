#ifndef SIM_PUNCH_H
#define SIM_PUNCH_H

#include "base/budget.h"
#include "nat.h"

/* Hole punching between two real hosts, each behind a router of some kind or in the open, with a real relay between them,
 * on a virtual clock: packets of UDP and the SYNs of TCP go through the routers' tables (nat.h), everything else of TCP
 * flows once a connection stands. The same configuration gives the same result. */

struct punch_site {
    bool is_open; /* no router */
    enum nat_rule mapping;
    enum nat_rule filtering;
};

struct punch_cfg {
    uint64_t seed;
    struct punch_site source; /* it connects through the relay */
    struct punch_site target; /* it has the reservation */
    bool is_quic;
    bool keeps_port;         /* the routers */
    uint64_t latency_us_min; /* one way, of each pair */
    uint64_t latency_us_max;
};

struct punch_report {
    bool is_relayed; /* the two met at the relay */
    bool is_direct;  /* and then without it, on both sides */
    bool is_carried; /* a message went there and back at the end, whichever way */
    uint32_t attempts;
    uint64_t direct_us;      /* after the relayed connection */
    uint32_t circuits_count; /* left at the relay at the end */
    const char *violation;   /* static text; NULL = none */
};

/* punch_is_possible: can the two meet directly, by what the routers do? One side must keep the port that the relay saw, and
 * let in whoever it has sent something to. */
bool punch_is_possible(const struct punch_cfg *cfg);

/* punch_each_pair gives fn each pair of places that two hosts can be in, over TCP and over QUIC, with links of 5 to 120 ms one
 * way and seed 0: a source in the open or behind a router of each kind, a target behind one (nobody reserves a relay's
 * place who can be dialled). */
typedef void (*punch_pair_fn)(void *user, const struct punch_cfg *pair);
void punch_each_pair(punch_pair_fn fn, void *user);

void punch_run(struct punch_report *ret_report, const struct punch_cfg *cfg, struct budget *budget);

#endif
