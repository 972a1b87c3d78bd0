#ifndef P2P_HOST_DIAL_TRACE_H
#define P2P_HOST_DIAL_TRACE_H

#include "base/err.h"
#include "base/instant.h"
#include "base/span.h"
#include "codec/multiaddr.h"

#include <stddef.h>
#include <stdint.h>

/* What became of each address of a dial, for people who want to know: whoever dials lends one (host_dial_args.trace), and it
 * outlives the dial. Addresses stand in the order in which they were tried; those that never were do not. */

enum { HOST_DIAL_STEPS_MAX = 40 }; /* as many as a dial has addresses, and some that names led to */

enum host_dial_outcome {
    HOST_DIAL_UNDER_WAY,
    HOST_DIAL_WON,
    HOST_DIAL_FAILED,   /* err, rule */
    HOST_DIAL_GIVEN_UP, /* another one was first */
};

struct host_dial_step {
    uint8_t addr[MULTIADDR_LEN_MAX];
    size_t addr_len;
    enum host_dial_outcome outcome;
    instant begun_at;
    uint64_t took_us;
    enum err err;
    const char *rule; /* static, or NULL */
};

struct host_dial_trace {
    struct host_dial_step steps[HOST_DIAL_STEPS_MAX];
    size_t count;
};

/* host_dial_outcome_name is a word for programs. Static. */
const char *host_dial_outcome_name(enum host_dial_outcome o);

/* For host_dial.c; t may be NULL. host_dial_trace_begin notes that an address is tried, host_dial_trace_end what became of that.
 * What has no place is left out. */
void host_dial_trace_begin(struct host_dial_trace *t, instant now, struct span addr);

struct host_dial_end {
    enum host_dial_outcome outcome;
    enum err err;
    const char *rule;
};
void host_dial_trace_end(struct host_dial_trace *t,
                         instant now,
                         struct span addr,
                         struct host_dial_end end);

#endif
