#ifndef BASE_INSTANT_H
#define BASE_INSTANT_H

#include <stdbool.h>
#include <stdint.h>

/* A point in time in microseconds on a clock that only goes forward: the node's monotonic clock, or
 * the simulator's virtual one. Not comparable between processes. */
typedef struct {
    uint64_t us;
} instant;

#define INSTANT_NEVER ((instant){.us = UINT64_MAX})

#define US_PER_MS UINT64_C(1000)
#define US_PER_S  UINT64_C(1000000)

/* instant_add saturates at INSTANT_NEVER. */
static inline instant instant_add(instant t, uint64_t us)
{
    uint64_t sum;
    return __builtin_add_overflow(t.us, us, &sum) ? INSTANT_NEVER : (instant){.us = sum};
}

static inline bool instant_before(instant a, instant b)
{
    return a.us < b.us;
}

/* instant_reached: has deadline come? INSTANT_NEVER never does. */
static inline bool instant_reached(instant deadline, instant now)
{
    return deadline.us != UINT64_MAX && deadline.us <= now.us;
}

static inline instant instant_min(instant a, instant b)
{
    return a.us < b.us ? a : b;
}

/* instant_since is the time from then to now in microseconds, 0 if then lies ahead. */
static inline uint64_t instant_since(instant then, instant now)
{
    return now.us > then.us ? now.us - then.us : 0;
}

static inline bool instant_is_never(instant t)
{
    return t.us == UINT64_MAX;
}

/* Time of the calendar, in seconds since 1970-01-01 UTC; may jump. Only for what is shown or signed. */
typedef struct {
    uint64_t s;
} walltime;

#endif
