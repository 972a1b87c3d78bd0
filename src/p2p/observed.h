#ifndef P2P_OBSERVED_H
#define P2P_OBSERVED_H

#include "base/instant.h"
#include "p2p/net_addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How others see us: each peer says in identify at which address it sees us (libp2p specs, identify/README.md,
 * "observedAddr"), and may lie. A vote counts for the group of IPs that it comes from, so that one operator has one vote; an
 * address is believed when more than half of the groups that said anything say so, and four at most are needed: with one
 * observer its word holds, of two both must agree, of three two. That works in a network of two nodes and is not bought
 * cheaply in a large one. What follows from it is a question to AutoNAT, not an announcement.
 *
 * The port of a connection that we opened over TCP says nothing, unless it left from the port that we listen at: then only
 * the IP is taken, with our own port. No memory beyond the struct. */

enum {
    OBSERVED_VOTES_MAX = 64,
    OBSERVED_PER_GROUP_MAX =
        4, /* votes of one group: as many as there are transports and families */
    OBSERVED_ADDRS_MAX = 8,
    OBSERVED_GROUPS_NEEDED_MAX = 4,
};

struct observed_vote {
    uint64_t observer; /* a number that nobody else has; 0 = free */
    uint64_t group;
    struct net_addr addr;
    bool is_exact; /* its port is one at which we can be reached, if at all */
    instant at;
    instant until;
};

struct observed {
    struct observed_vote votes[OBSERVED_VOTES_MAX];
    bool each_counts; /* a local network: every observer is a group of its own */
};

struct observed_args {
    uint64_t observer;
    struct net_addr at;   /* where the observer is */
    struct net_addr addr; /* how it sees us */
    bool is_exact; /* the peer dialled us, or the connection left from the port that we listen at */
    uint16_t listen_port; /* ours for that transport and family, 0 = none; used if not exact */
};

/* observed_add takes in a vote: one for each observer, transport and family. Addresses that can be nobody's are ignored.
 * observed_gone says that the observer is: its votes hold for a while longer. */
void observed_add(struct observed *o, instant now, const struct observed_args *args);
void observed_gone(struct observed *o, instant now, uint64_t observer);

struct observed_addr {
    struct net_addr addr;
    uint32_t groups_count; /* that say so */
    uint32_t groups_asked; /* that said anything of this transport and family */
    bool is_believed;
    bool is_exact;
};

/* observed_list gives the addresses, those with most votes first; returns how many. */
size_t observed_list(const struct observed *o,
                     instant now,
                     struct observed_addr ret_addrs[static OBSERVED_ADDRS_MAX]);

/* observed_ips gives the IPs that are believed whatever the port: transport and port of each are 0. Returns how many. */
size_t observed_ips(const struct observed *o,
                    instant now,
                    struct net_addr ret_ips[static OBSERVED_ADDRS_MAX]);

/* Does the router between give one outer port to one inner one, whoever is talked to (RFC 4787, 4.1)? Only then can two who are
 * both behind one meet without a relay. Told from connections that left from one socket. */
enum observed_mapping { OBSERVED_MAPPING_UNKNOWN, OBSERVED_MAPPING_SAME, OBSERVED_MAPPING_DIFFERS };

enum observed_mapping
observed_mapping(const struct observed *o, instant now, enum net_transport transport, bool is_ip6);

/* observed_expire drops the votes that have ended; observed_deadline is when the next one does, NEVER if there is none. */
void observed_expire(struct observed *o, instant now);
instant observed_deadline(const struct observed *o);

#endif
