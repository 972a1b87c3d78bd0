#ifndef SERVICE_LIGHT_H
#define SERVICE_LIGHT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "service/message.h"

#include <stddef.h>
#include <stdint.h>

/* The body of an answer to LC_BOOTSTRAP, LC_UPDATES, LC_FINALITY and LC_OPTIMISTIC: messages of the consensus light client
 * protocol as a beacon node gives them, in SSZ, each behind the fork whose form it has. docs/protocol.md has the fields. Nothing
 * of a message is read here. */
enum {
    SERVICE_LIGHT_FORK_MAX = 31, /* 1 Altair, 2 Bellatrix, 3 Capella, 4 Deneb, 5 Electra, 6 Fulu */
    SERVICE_LIGHT_LEN_MAX = 30 * 1024, /* of one message: an update has 26.9 kB */
};

struct service_light_part {
    unsigned fork;
    struct span ssz;
};

struct service_light {
    struct service_light_part parts[SERVICE_LIGHT_MAX];
    size_t count;
};

/* service_light_encode appends the body. ERR_LIMIT: out is full; ERR_MALFORMED: a part is empty or over the limits. */
MUST_CHECK enum err service_light_encode(const struct service_light *light, struct buf *out);

/* service_light_decode: spans point into body. ERR_MALFORMED: no part, more than SERVICE_LIGHT_MAX, or one that is over the
 * limits. */
MUST_CHECK enum err service_light_decode(struct service_light *ret, struct span body);

#endif
