#ifndef P2P_KAD_LOOKUP_H
#define P2P_KAD_LOOKUP_H

#include "p2p/kad_table.h"

/* One iterative lookup: whom to ask next, and when it is over. Pure bookkeeping: the caller sends the
 * queries and tells what came back.
 *
 * The lookup runs on disjoint paths: a peer belongs to the path that first heard of it, and is asked for that
 * path only, so that a liar can lead astray one path and not the others. A path has converged when its beta
 * closest peers have answered; then, over all paths, the `final` closest are asked, and everybody within
 * the region of the target if that is wanted, which an attacker who sits next to the target cannot hide. */

enum {
    KAD_PATHS_MAX = 4,
    KAD_CANDIDATES_MAX = 256, /* the farthest that were not asked yet give way */
};

struct kad_lookup_cfg {
    struct kad_id target;
    struct budget *budget;
    uint32_t paths; /* 1 to KAD_PATHS_MAX */
    uint32_t alpha; /* queries under way, of all paths together */
    uint32_t beta;  /* of each path: the closest that must answer */
    uint32_t final; /* of all: the closest that must answer; 0 = none beyond the paths */
    unsigned
        region_bits;  /* whoever shares so many bits with the target is asked; 0 = nobody further */
    uint64_t slow_us; /* who takes longer is no longer waited for, but heard if it answers still */
};

enum kad_candidate_state { KAD_HEARD, KAD_ASKED, KAD_ANSWERED, KAD_FAILED };

struct kad_candidate {
    struct kad_contact contact;
    enum kad_candidate_state state;
    uint8_t path;
    uint8_t hops;        /* 0 for those from our own table */
    uint8_t marked;      /* the caller's own note */
    uint8_t named_count; /* peers that its answer named; as the next one the caller's note */
    instant asked_at;
    instant ended_at; /* answered or failed */
};

struct kad_lookup {
    struct kad_lookup_cfg cfg;
    struct kad_candidate *candidates; /* closest first */
    size_t count;
    size_t cap;
    uint32_t asked_count; /* queries so far */
    uint8_t next_path;
};

void kad_lookup_init(struct kad_lookup *l, struct kad_lookup_cfg cfg);
void kad_lookup_done(struct kad_lookup *l);

/* kad_lookup_add hears of a peer: from NULL for a start of our own, or from the candidate that named it.
 * Known peers, and farther ones when all places are taken, are ignored. */
void kad_lookup_add(struct kad_lookup *l, const struct kad_peer *peer, const struct kad_id *from);

/* kad_lookup_next chooses whom to ask now and marks it as asked; NULL: nobody, wait or see whether it is over.
 * The candidate lives until the next call. */
const struct kad_candidate *kad_lookup_next(struct kad_lookup *l, instant now);

/* kad_lookup_unask takes a choice back: the query could not be made now. */
void kad_lookup_unask(struct kad_lookup *l, const struct kad_id *id);

/* The outcome of a query. Unknown ids (dropped meanwhile) are ignored. */
void kad_lookup_answered(struct kad_lookup *l, const struct kad_id *id);
void kad_lookup_failed(struct kad_lookup *l, const struct kad_id *id);

/* kad_lookup_is_over: nothing further is worth asking or waiting for. */
bool kad_lookup_is_over(const struct kad_lookup *l, instant now);

/* kad_lookup_deadline is when somebody becomes too slow to be waited for. */
instant kad_lookup_deadline(const struct kad_lookup *l, instant now);

struct kad_candidate *kad_lookup_find(const struct kad_lookup *l, const struct kad_id *id);

/* kad_lookup_closest fills ret with the closest that have answered, closest first. */
size_t kad_lookup_closest(const struct kad_lookup *l, struct kad_candidate **ret, size_t max);

#endif
