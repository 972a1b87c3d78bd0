#ifndef P2P_KAD_TRACE_H
#define P2P_KAD_TRACE_H

#include "p2p/kad.h"

/* What an operation of the DHT did, step by step, for people who want to know. */

struct kad_step {
    struct peer_id peer;
    enum kad_candidate_state state; /* KAD_ASKED: its answer was not waited for */
    uint8_t path;
    uint8_t hops;         /* 0: it was in our own table */
    uint32_t named_count; /* peers that its answer named */
    instant asked_at;
    uint64_t took_us; /* until it answered or failed; 0 for KAD_ASKED */
};

/* kad_trace gives whom an operation asked, in that order; returns how many, at most max. An operation can be looked at until
 * the call on k that follows its KAD_EVENT_OVER. 0: there is none with this number, or it asked nobody. */
size_t kad_trace(const struct kad *k, uint64_t op, struct kad_step *ret, size_t max);

#endif
