#ifndef SERVICE_PROVEN_WITNESS_H
#define SERVICE_PROVEN_WITNESS_H

#include "base/err.h"
#include "base/span.h"
#include "service/proven.h"
#include "service/witness.h"

#include <stdbool.h>

/* What a call reads, proven from the block's hash. As with proven_account the type is the grade: only proven_witness_verify makes
 * one, and its member is for proven_witness.c alone. It says nothing of what the call comes to: whoever runs it on these
 * accounts finds out, and notices whatever is missing, for what is not here is not 0 but unknown. */
struct proven_witness {
    struct {
        bool is_proven;
        struct proven_block block;
        struct service_request asked; /* whose spans, and those below, the caller keeps */
        struct proven_known known;
        struct service_witness answer;
    } only_proven_witness_c;
};

/* proven_witness_verify takes the answer to asked; trusted and known as in proven_account_verify. Sender and callee are among the
 * accounts, and each has its code, unless the request named its hash as known. Errors as there, and ERR_TRUNCATED: an
 * account or its code is missing. On failure nothing is proven. O(answer). */
MUST_CHECK enum err proven_witness_verify(struct proven_witness *ret,
                                          const struct hash32 *trusted,
                                          const struct service_request *asked,
                                          const struct proven_known *known,
                                          const struct service_witness *answer);

struct proven_block proven_witness_block(const struct proven_witness *p);

/* proven_witness_account gives an account, and its code as it came: empty if it has none or the request named it as known. ERR_NOT_FOUND: it
 * is not in the witness. O(its proof). */
MUST_CHECK enum err proven_witness_account(struct proven_account *ret,
                                           struct span *ret_code,
                                           const struct proven_witness *p,
                                           struct address address);

#endif
