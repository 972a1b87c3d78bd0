#ifndef P2P_BLACK_HOLE_H
#define P2P_BLACK_HOLE_H

#include "base/instant.h"

#include <stdbool.h>
#include <stdint.h>

/* black_hole: does a kind of address lead anywhere from here? Some networks swallow UDP, some have IPv6 addresses and
 * no way out; each dial then waits for nothing. Of the last BLACK_HOLE_WINDOW attempts a few must have succeeded;
 * if not, the kind is left alone but for one probe now and then, and the first success opens it again. */

enum {
    BLACK_HOLE_WINDOW = 64,
    BLACK_HOLE_SUCCESSES_MIN =
        4, /* one in sixteen: most addresses that peers tell of are dead, too */
};

#define BLACK_HOLE_PROBE_US (60 * US_PER_S)

struct black_hole {
    uint64_t results; /* the newest lowest, 1 = success */
    unsigned count;   /* of them, at most BLACK_HOLE_WINDOW */
    bool is_blocked;
    instant probe_at;
};

/* black_hole_allows: may an attempt begin now? In a black hole that is the probe, so ask only if it follows. */
bool black_hole_allows(struct black_hole *b, instant now);

/* black_hole_would_allow asks without taking the probe. */
bool black_hole_would_allow(const struct black_hole *b, instant now);

/* black_hole_record tells how an attempt ended. One that lost against another that began later is a failure. */
void black_hole_record(struct black_hole *b, instant now, bool is_success);

#endif
