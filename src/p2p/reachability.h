#ifndef P2P_REACHABILITY_H
#define P2P_REACHABILITY_H

#include "p2p/autonat_probes.h"
#include "p2p/observed.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Can strangers reach this node, at which addresses, and why: one verdict out of what AutoNAT 2 showed (autonat_probes.h), how
 * peers see us (observed.h), and what the router was asked for. Pure: the same input gives the same verdict. */

enum reach {
    REACH_UNKNOWN,
    REACH_REACHABLE, /* strangers' connections arrive */
    REACH_PUNCHABLE, /* behind a router that lets nobody in, but two can meet halfway */
    REACH_RELAYED,   /* only over a relay */
};

enum reach_reason {
    REACH_NOT_LISTENING,  /* the node takes no connections */
    REACH_NO_ADDRESS,     /* nobody has said yet how it is seen from outside */
    REACH_NOBODY_TO_ASK,  /* no peer is there that could try */
    REACH_ASKING,         /* not enough answers yet */
    REACH_DIALLED,        /* a dial from outside arrived */
    REACH_DIALLED_MAPPED, /* it did, by the port that the router opened for us */
    REACH_SAME_PORT,    /* no dial arrived; the router keeps one outer port, whoever is talked to */
    REACH_PORTS_DIFFER, /* no dial arrived; the router takes another port for each peer */
    REACH_NO_DIAL,      /* no dial arrived; how the router chooses ports is not known */
};
enum { REACH_COUNT = REACH_RELAYED + 1, REACH_REASON_COUNT = REACH_NO_DIAL + 1 };

/* reach_name is a word for programs, reach_text for people; reach_reason_name and reach_reason_text likewise. Static. */
const char *reach_name(enum reach r);
const char *reach_text(enum reach r);
const char *reach_reason_name(enum reach_reason r);
const char *reach_reason_text(enum reach_reason r);

/* reach_parse and reach_reason_parse read the words for programs. False: there is no such word. */
bool reach_parse(enum reach *ret, struct span word);
bool reach_reason_parse(enum reach_reason *ret, struct span word);

/* So long the verdict waits for an address that is being asked for. */
#define REACH_PENDING_US (60 * US_PER_S)

/* Where an address comes from; several may say the same. */
enum reach_source { REACH_LISTEN = 1, REACH_OBSERVED = 2, REACH_MAPPED = 4 };

struct reach_addr {
    struct net_addr addr;
    unsigned sources; /* enum reach_source, added up */
    enum reach reach;
    enum reach_reason reason;
    bool is_pending;        /* named a moment ago, and asked for */
    uint32_t arrived_count; /* servers whose dial arrived, and that say none did */
    uint32_t failed_count;
};

struct reachability {
    enum reach reach;
    enum reach_reason reason;
    struct reach_addr addrs[AUTONAT_PROBES_MAX];
    size_t addrs_count;
    enum reach by_transport[NET_TRANSPORT_COUNT][2]; /* [.][is_ip6]: the best of its addresses */
    bool has_pending;
    uint32_t servers_count;        /* peers that could try */
    enum observed_mapping mapping; /* of the router, for UDP */
};

struct reach_input {
    const struct net_addr
        *listen; /* with the addresses of this machine's interfaces in place of 0.0.0.0 */
    size_t listen_count;
    bool is_listening;             /* anywhere: also where only private addresses are */
    const struct net_addr *mapped; /* outer addresses that a router granted */
    size_t mapped_count;
    const struct observed *observed;
    const struct autonat_probes *probes;
    bool private_too;
    instant now;
};

/* reachability_addrs collects the addresses that may be ours, the most promising first; at most AUTONAT_PROBES_MAX. */
size_t reachability_addrs(const struct reach_input *in,
                          struct reach_addr ret_addrs[static AUTONAT_PROBES_MAX]);
void reachability_judge(struct reachability *ret, const struct reach_input *in);

/* reachability_equal compares what is shown to people: not the counts. */
bool reachability_equal(const struct reachability *a, const struct reachability *b);

#endif
