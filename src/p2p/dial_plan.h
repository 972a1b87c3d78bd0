#ifndef P2P_DIAL_PLAN_H
#define P2P_DIAL_PLAN_H

#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* dial_plan: in which order the addresses of one peer are tried, and when each begins. Ranked, so that the cheapest way
 * gets a head start and few attempts are made for nothing (RFC 8305, which calls it happy eyeballs, and what
 * go-libp2p's default dial ranker does):
 *
 *     worked before      at once, each other 250 ms later; everything else after them
 *     private            at once, each other 30 ms later: they are near or nowhere
 *     public             at once, or 30 ms after the first private one; each other 250 ms later:
 *                        QUIC, then TCP, then WebSocket; within each IPv6 and IPv4 take turns
 *     names of names     at once, or 250 ms after the first of these (/dnsaddr; what they lead to is ranked again)
 *     through relays     500 ms after the last direct one, at most 2 s in; each other 250 ms later
 *
 * An attempt that failed makes way at once for the next, and all that follow move up by as much. */

enum { DIAL_PLAN_STEPS_MAX = 32 };

#define DIAL_STAGGER_US         (250 * US_PER_MS)
#define DIAL_STAGGER_PRIVATE_US (30 * US_PER_MS)
#define DIAL_RELAY_DELAY_US     (500 * US_PER_MS)
#define DIAL_RELAY_DELAY_US_MAX (2 * US_PER_S)

struct dial_step {
    uint64_t delay_us; /* from begun_at */
    uint16_t at;       /* in addrs */
    uint16_t len;
    uint8_t rank; /* enum dial_rank, of dial_plan.c */
    bool worked;  /* before */
};

struct dial_plan {
    struct buf addrs; /* one behind another */
    struct dial_step steps[DIAL_PLAN_STEPS_MAX];
    size_t count;
    size_t taken_count; /* steps before this one were given out */
    instant begun_at;   /* when the rest was ranked */
    uint64_t ahead_us;  /* by so much the rest has moved up */
};

void dial_plan_init(struct dial_plan *p, struct budget *budget);
void dial_plan_done(struct dial_plan *p);

/* dial_plan_add puts in a valid multiaddr of at most MULTIADDR_LEN_MAX bytes, copied; one that is there already is not
 * tried a second time. worked: it did, before. Call dial_plan_rank afterwards. ERR_LIMIT: full, or the budget. */
MUST_CHECK enum err dial_plan_add(struct dial_plan *p, struct span addr, bool worked);

/* dial_plan_merge adds what another plan still holds; what finds no room is left out. */
void dial_plan_merge(struct dial_plan *p, const struct dial_plan *other);

/* dial_plan_rank orders what was not given out yet; its time counts from now. */
void dial_plan_rank(struct dial_plan *p, instant now);

/* dial_plan_next gives out the next address whose time has come, or with hurry the next one whatever its time. The span
 * lives until the next add. */
bool dial_plan_next(struct dial_plan *p, instant now, bool hurry, struct span *ret_addr);

/* dial_plan_due is when dial_plan_next has one; INSTANT_NEVER if none is left. */
instant dial_plan_due(const struct dial_plan *p);

/* dial_plan_drop_rest forgets what was not given out. */
void dial_plan_drop_rest(struct dial_plan *p);

#endif
