#ifndef P2P_REFUSAL_H
#define P2P_REFUSAL_H

#include <stdint.h>

/* Why something was refused: which rule, in whose scope, how much was there already and how much is
 * allowed. Both texts are static words, fit for a log line or a screen; never freed. */
struct refusal {
    const char *reason; /* "streams of this connection", "memory" ...; NULL = nothing was refused */
    const char *
        scope; /* "system", "transient", "peer", "protocol", "connection", "stream"; "gate", "handshake" without figures */
    uint64_t value; /* before the refused request, in the unit of limit */
    uint64_t limit;
};

#endif
