#ifndef P2P_AUTONAT_PROBES_H
#define P2P_AUTONAT_PROBES_H

#include "base/instant.h"
#include "p2p/net_addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What AutoNAT 2 has shown of each address that may be ours: which servers were asked of it, what came of that, the
 * verdict, and which question is next. Without streams and hosts; no memory beyond the struct.
 *
 * A dial that arrived here with our nonce is a proof, and one is enough; that a dial failed is a server's word only, so it
 * takes several, or all that there are, and a proof outweighs them: liars can hide an address from no one (libp2p specs,
 * autonat/autonat-v2.md, "Implementation Suggestions", wants more than 3 of either, which a network of 2 to 5 nodes never
 * has). A server that refuses, or does not answer, has said nothing. */

enum { AUTONAT_PROBES_MAX = 16, AUTONAT_PROBE_RESULTS_MAX = 8, AUTONAT_SERVERS_WANTED = 3 };

enum autonat_outcome { AUTONAT_OUTCOME_NOTHING, AUTONAT_OUTCOME_ARRIVED, AUTONAT_OUTCOME_FAILED };

enum autonat_verdict { AUTONAT_UNKNOWN, AUTONAT_REACHABLE, AUTONAT_UNREACHABLE };

struct autonat_result {
    uint64_t server; /* its key, 0 = free */
    enum autonat_outcome outcome;
    instant at;
};

struct autonat_probe {
    struct net_addr addr;
    enum autonat_verdict verdict;
    instant changed_at;     /* of the verdict */
    instant next_at;        /* when somebody is asked again */
    uint32_t arrived_count; /* servers, among the results that hold */
    uint32_t failed_count;
    struct autonat_result results[AUTONAT_PROBE_RESULTS_MAX];
};

struct autonat_probes {
    struct autonat_probe probes[AUTONAT_PROBES_MAX];
    struct autonat_probe old[AUTONAT_PROBES_MAX]; /* while they are replaced */
    size_t count;
    uint32_t servers_count; /* that can be asked now, as the owner last said */
    bool private_too;       /* of a local network: also servers beside us prove something */
};

/* autonat_probes_set replaces the addresses; what is known of those that stay is kept. Those beyond AUTONAT_PROBES_MAX are
 * left out: best first. True if anything changed. */
bool autonat_probes_set(struct autonat_probes *p,
                        const struct net_addr *addrs,
                        size_t count,
                        instant now);

/* A server that may be asked: a number for it that nobody else has, and where it is. */
struct autonat_asked {
    uint64_t server;
    struct net_addr at;
};

/* autonat_probes_next finds the address to ask this server of now: AUTONAT_PROBES_MAX if there is none. Offer the servers in
 * turn. */
size_t
autonat_probes_next(const struct autonat_probes *p, const struct autonat_asked *s, instant now);

/* autonat_probes_asked says that somebody is being asked of address i: nobody else is, until the result, or for a minute. */
void autonat_probes_asked(struct autonat_probes *p, size_t i, instant now);

/* autonat_probes_result takes in what came of it: true if the verdict of that address changed. An address that is no longer
 * among them is ignored. */
bool autonat_probes_result(struct autonat_probes *p,
                           const struct net_addr *addr,
                           const struct autonat_asked *s,
                           enum autonat_outcome outcome,
                           instant now);

/* autonat_probes_servers says how many there are to ask: true if a verdict changed by that. */
bool autonat_probes_servers(struct autonat_probes *p, uint32_t count, instant now);

/* The earliest time at which somebody is to be asked; it may have gone by while no server suits. */
instant autonat_probes_deadline(const struct autonat_probes *p);

const struct autonat_probe *autonat_probes_find(const struct autonat_probes *p,
                                                const struct net_addr *addr);

#endif
