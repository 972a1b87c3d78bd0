/* Kinds of addresses that lead nowhere: see black_hole.h. */
#include "p2p/black_hole.h"

#include "base/check.h"

static_assert(BLACK_HOLE_WINDOW == 64, "one bit each");

bool black_hole_would_allow(const struct black_hole *b, instant now)
{
    return !b->is_blocked || instant_reached(b->probe_at, now);
}

bool black_hole_allows(struct black_hole *b, instant now)
{
    if (!black_hole_would_allow(b, now)) {
        return false;
    }
    if (b->is_blocked) {
        b->probe_at = instant_add(now, BLACK_HOLE_PROBE_US);
    }
    return true;
}

void black_hole_record(struct black_hole *b, instant now, bool is_success)
{
    if (b->is_blocked) {
        if (is_success) {
            *b = (struct black_hole){0}; /* the network is another one: it starts afresh */
        }
        return;
    }
    b->results = b->results << 1 | is_success;
    b->count += b->count < BLACK_HOLE_WINDOW;
    if (b->count == BLACK_HOLE_WINDOW &&
        __builtin_popcountll(b->results) < BLACK_HOLE_SUCCESSES_MIN) {
        b->is_blocked = true;
        b->probe_at = instant_add(now, BLACK_HOLE_PROBE_US);
    }
}
