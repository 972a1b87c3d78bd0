#ifndef NODE_THROTTLE_H
#define NODE_THROTTLE_H

#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>

/* So many bytes a second and no more, over all links together: a bucket that fills with time, holds a tenth of a second, and may be
 * overdrawn by one write. A zeroed one has no bound. */
struct throttle {
    uint64_t per_s; /* 0: no bound */
    int64_t left;   /* bytes that may be moved now; below 0: overdrawn */
    instant at;     /* when left was right */
};

void throttle_set(struct throttle *t, uint64_t bytes_per_s, instant now);

/* throttle_allows: may something be moved now? throttle_charge counts what was moved; throttle_opens is when it allows again. */
bool throttle_allows(struct throttle *t, instant now);
void throttle_charge(struct throttle *t, size_t bytes);
instant throttle_opens(const struct throttle *t);

#endif
