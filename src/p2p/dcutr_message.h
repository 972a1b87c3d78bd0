#ifndef P2P_DCUTR_MESSAGE_H
#define P2P_DCUTR_MESSAGE_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

#include <stddef.h>

/* Messages of DCUtR, the direct connection upgrade through a relay (libp2p specs, relay/DCUtR.md), without length
 * prefix: { 1 type: CONNECT 100, SYNC 300; 2 ObsAddrs, repeated }. */

#define DCUTR_PROTOCOL "/libp2p/dcutr"

enum {
    DCUTR_MESSAGE_LEN_MAX = 4096, /* bytes, read or written */
    DCUTR_ADDRS_MAX = 16,         /* kept of a message; the rest is left out */
};

enum dcutr_type { DCUTR_CONNECT = 100, DCUTR_SYNC = 300 };

struct dcutr_message {
    enum dcutr_type type;
    struct span addrs[DCUTR_ADDRS_MAX]; /* multiaddr bytes, valid; into the input */
    size_t addrs_count;
};

/* dcutr_message_decode leaves out addresses that are no addresses to us, and those through relays. ERR_MALFORMED;
 * ERR_UNSUPPORTED: another type; ERR_LIMIT: longer than DCUTR_MESSAGE_LEN_MAX. */
MUST_CHECK enum err dcutr_message_decode(struct dcutr_message *ret_message, struct span in);
void dcutr_message_encode(struct wr *w, const struct dcutr_message *m);

#endif
