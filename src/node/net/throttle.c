/* A bound on bytes a second. */
#include "node/net/throttle.h"

enum { BURST_MIN = 64 * 1024, BURST_PARTS = 10 };
#define PER_S_MAX (UINT64_C(1) << 40)

static int64_t burst_of(const struct throttle *t)
{
    uint64_t burst = t->per_s / BURST_PARTS;
    return (int64_t)(burst > BURST_MIN ? burst : BURST_MIN);
}

void throttle_set(struct throttle *t, uint64_t bytes_per_s, instant now)
{
    *t = (struct throttle){.per_s = bytes_per_s < PER_S_MAX ? bytes_per_s : PER_S_MAX, .at = now};
    t->left = burst_of(t);
}

bool throttle_allows(struct throttle *t, instant now)
{
    if (t->per_s == 0) {
        return true;
    }
    uint64_t us = instant_since(t->at, now);
    /* A second fills any bucket that is not overdrawn by more than that; the rest comes with the next. */
    us = us < US_PER_S ? us : US_PER_S;
    uint64_t bytes = t->per_s * us / US_PER_S;
    if (bytes > 0) {
        t->left += (int64_t)bytes;
        t->at = now;
    }
    if (t->left > burst_of(t)) {
        t->left = burst_of(t);
    }
    return t->left > 0;
}

void throttle_charge(struct throttle *t, size_t bytes)
{
    if (t->per_s > 0) {
        t->left -= (int64_t)bytes;
    }
}

instant throttle_opens(const struct throttle *t)
{
    if (t->per_s == 0 || t->left > 0) {
        return t->at;
    }
    uint64_t lacking = (uint64_t)(1 - t->left);
    return instant_add(t->at, lacking * US_PER_S / t->per_s + 1);
}
