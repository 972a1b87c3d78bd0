#ifndef NODE_SERVER_BEACON_H
#define NODE_SERVER_BEACON_H

#include "base/err.h"
#include "base/span.h"
#include "beacon/chain_spec.h"
#include "service/light.h"

/* What a beacon node's REST interface says to the questions of the light client protocol (beacon-APIs, "light_client"): which
 * address to ask, and what of the answer goes to the peer. */
enum { SERVER_BEACON_PATH_MAX = 160 };

/* server_beacon_path appends the path and query of a request (LC_*) to a URL of at most cap bytes with its NUL. ERR_LIMIT. */
MUST_CHECK enum err
server_beacon_path(char *url, size_t cap, const char *base, const struct service_request *r);

/* server_beacon_fork gives the number of a fork by its name in the header Eth-Consensus-Version; 0: unknown. */
unsigned server_beacon_fork(const char *name);

/* server_beacon_updates cuts the answer to LC_UPDATES: each update behind its length, 8 bytes little-endian, and the 4 bytes of
 * its fork's digest. Spans point into body. ERR_MALFORMED; ERR_NOT_FOUND: there is none, or a fork that we do not know. */
MUST_CHECK enum err
server_beacon_updates(struct service_light *ret, const struct chain_spec *chain, struct span body);

#endif
