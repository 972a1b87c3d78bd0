/* The steps of a dial, written down. */
#include "p2p/host_dial_trace.h"

const char *host_dial_outcome_name(enum host_dial_outcome o)
{
    switch (o) {
    case HOST_DIAL_UNDER_WAY: return "under_way";
    case HOST_DIAL_WON:       return "connected";
    case HOST_DIAL_FAILED:    return "failed";
    case HOST_DIAL_GIVEN_UP:  return "given_up";
    }
    return "";
}

void host_dial_trace_begin(struct host_dial_trace *t, instant now, struct span addr)
{
    if (!t || t->count >= HOST_DIAL_STEPS_MAX) {
        return;
    }
    struct host_dial_step *s = &t->steps[t->count++];
    *s = (struct host_dial_step){.outcome = HOST_DIAL_UNDER_WAY, .begun_at = now};
    s->addr_len = span_copy(MSPAN_OF(s->addr), addr);
}

void host_dial_trace_end(struct host_dial_trace *t,
                         instant now,
                         struct span addr,
                         struct host_dial_end end)
{
    for (size_t i = 0; t && i < t->count; i++) {
        struct host_dial_step *s = &t->steps[i];
        if (s->outcome == HOST_DIAL_UNDER_WAY && span_equal(span_of(s->addr, s->addr_len), addr)) {
            s->outcome = end.outcome;
            s->took_us = instant_since(s->begun_at, now);
            s->err = end.err;
            s->rule = end.rule;
            return;
        }
    }
}
