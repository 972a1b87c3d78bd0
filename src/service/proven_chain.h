#ifndef SERVICE_PROVEN_CHAIN_H
#define SERVICE_PROVEN_CHAIN_H

#include "base/budget.h"
#include "base/err.h"
#include "base/span.h"
#include "evm/header.h"
#include "evm/log_range.h"
#include "evm/receipt.h"
#include "service/chain.h"
#include "service/message.h"
#include "service/proven.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a block proves of its chain: blocks before it, code, transactions with their receipts, and all logs of a range. As with
 * proven_account the type is the grade: only the verify function of each makes one, and its member is for proven_chain.c
 * alone. trusted is the hash of a block that the caller has from elsewhere. Errors of all: ERR_STATE: the request was for
 * another block, or says another number of it; ERR_LIMIT: no memory; else the server is at fault: ERR_AUTH: a header, node,
 * list or code is not the one that is named; ERR_TRUNCATED: something is missing; ERR_MALFORMED, ERR_UNSUPPORTED: it
 * cannot be read. On failure nothing is proven. Spans point into the answer. */

/* A header of the chain. */
struct proven_header {
    struct {
        bool is_proven;
        struct header header;
    } only_proven_chain_c;
};

/* proven_header_verify takes the answer to HEADERS; *ret is the oldest of them. */
MUST_CHECK enum err proven_header_verify(struct proven_header *ret,
                                         const struct hash32 *trusted,
                                         const struct service_request *asked,
                                         const struct service_chain *answer);
const struct header *proven_header(const struct proven_header *p);

/* proven_code_verify takes the answer to CODE: what has the hash that was asked for is the code, whoever gave it. */
MUST_CHECK enum err proven_code_verify(struct span *ret_code,
                                       const struct service_request *asked,
                                       const struct service_chain *answer);

/* A transaction in a block, with its receipt. */
struct proven_inclusion {
    struct {
        bool is_proven;
        struct proven_block block;
        uint64_t index; /* in the block */
        struct span tx; /* raw */
        struct receipt receipt;
        uint64_t gas_used; /* by this transaction alone */
    } only_proven_chain_c;
};

/* proven_inclusion_verify takes the answer to INCLUSION. */
MUST_CHECK enum err proven_inclusion_verify(struct proven_inclusion *ret,
                                            const struct hash32 *trusted,
                                            const struct service_request *asked,
                                            const struct service_chain *answer);
struct proven_block proven_inclusion_block(const struct proven_inclusion *p);
uint64_t proven_inclusion_index(const struct proven_inclusion *p);
struct span proven_inclusion_tx(const struct proven_inclusion *p);
const struct receipt *proven_inclusion_receipt(const struct proven_inclusion *p);
uint64_t proven_inclusion_gas_used(const struct proven_inclusion *p);

/* All logs of a range that a filter matches: none is left out. It holds pointers into itself, so it stays where it is. */
struct proven_logs {
    struct {
        bool is_proven;
        struct budget *budget;
        void *room; /* the blocks, and behind them the items of their lists */
        size_t room_len;
        struct log_filter filter;
        struct log_ask ask;
        struct log_range range;
        bool has_last;
        struct log_found last;
    } only_proven_chain_c;
};

/* proven_logs_verify takes the answer to LOGS; the request's spans and the answer outlive *ret, which proven_logs_done empties
 * (safe on a zeroed one). Memory: 40 bytes a block and 32 bytes a transaction, from budget. */
MUST_CHECK enum err proven_logs_verify(struct proven_logs *ret,
                                       struct budget *budget,
                                       const struct hash32 *trusted,
                                       const struct service_request *asked,
                                       const struct service_chain *answer);
void proven_logs_done(struct proven_logs *p);

/* proven_logs_next gives the next log in the order of the chain; false when there is none. */
bool proven_logs_next(struct proven_logs *p, struct log_found *ret_found);

/* proven_logs_last is the log that proven_logs_next gave last; NULL before the first. */
const struct log_found *proven_logs_last(const struct proven_logs *p);

/* proven_logs_before is the hash of the block before the range: what is older can be asked from there. */
struct hash32 proven_logs_before(const struct proven_logs *p);

#endif
