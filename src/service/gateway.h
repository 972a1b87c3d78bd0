#ifndef SERVICE_GATEWAY_H
#define SERVICE_GATEWAY_H

#include "base/err.h"
#include "base/span.h"
#include "codec/json.h"

#include <stdbool.h>
#include <stdint.h>

/* Which JSON-RPC methods a server passes on to its node, and in which form: an explicit list. What is not on
 * it does not exist here; no method that opens the node's keys, its clock or its traces is on it. */
struct gateway_ctx {
    uint64_t chain_id;
    uint64_t head_number;
    uint32_t logs_blocks_max;
    struct buf *scratch; /* holds a raw transaction while it is looked at; left empty */
};

struct gateway_verdict {
    const char *method; /* static text: the name on the list */
    uint32_t units;     /* of the peer's quota */
    struct json params; /* the array that was checked */
};

/* gateway_check: ERR_UNSUPPORTED: not on the list; ERR_MALFORMED: parameters of another number or shape;
 * ERR_DENIED: against a limit (a range of logs, a transaction for another chain ...). why says which. */
MUST_CHECK enum err gateway_check(struct gateway_verdict *ret,
                                  const struct gateway_ctx *ctx,
                                  struct span method,
                                  struct span params,
                                  struct diag *why);

#endif
