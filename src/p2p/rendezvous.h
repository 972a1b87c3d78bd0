#ifndef P2P_RENDEZVOUS_H
#define P2P_RENDEZVOUS_H

#include "base/buf.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "base/rng.h"
#include "p2p/peer_id.h"
#include "p2p/rendezvous_message.h"

/* A rendezvous point (libp2p specs, rendezvous/README.md) at the level of messages: peers register under names,
 * others ask who is there. Everything has a bound: registrations in all, of a peer, under a name; an answer;
 * and a cookie is a number under a seal, so that none is ever kept (GHSA-v5hw-cv9c-rpg7).
 *
 * A registration is a peer's own signed record, and only the connected peer itself can make it.
 *
 * Memory: cfg.memory_max for everything. */

struct rendezvous_cfg {
    struct budget *parent;
    struct rng *rng;
    size_t memory_max;          /* bytes; 0 = 8 MiB */
    uint32_t registrations_max; /* 0 = 10,000 */
    uint32_t of_peer_max;       /* 0 = 100 */
    uint32_t of_namespace_max;  /* 0 = 1,000 */
    uint32_t answer_max;        /* registrations in one answer; 0 = 100 */
    uint64_t ttl_s_max;         /* 0 = RENDEZVOUS_TTL_S_MAX */
};

struct rendezvous {
    struct rendezvous_cfg cfg;
    struct budget budget;
    struct list all;       /* in order of their numbers */
    struct map namespaces; /* hash of the name -> uint32_t: how many */
    struct map peers;      /* peer id -> uint32_t */
    struct heap timers;
    uint32_t count;
    uint64_t next_number;
    uint64_t seed[2];
    uint64_t refused_count;
};

MUST_CHECK enum err rendezvous_init(struct rendezvous *r, const struct rendezvous_cfg *cfg);
void rendezvous_done(struct rendezvous *r);

/* rendezvous_serve answers one request of a connected peer into w; an UNREGISTER has no answer and writes nothing.
 * What is refused is answered with a status; an error means: reset the stream. */
MUST_CHECK enum err rendezvous_serve(struct rendezvous *r,
                                     struct wr *w,
                                     instant now,
                                     const struct peer_id *peer,
                                     struct span request);
instant rendezvous_deadline(const struct rendezvous *r);
void rendezvous_tick(struct rendezvous *r, instant now);

#endif
