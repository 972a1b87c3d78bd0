#ifndef EVM_LOG_RANGE_H
#define EVM_LOG_RANGE_H

#include "base/err.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "evm/address.h"
#include "evm/bloom.h"
#include "evm/receipt.h"

#include <stdbool.h>
#include <stdint.h>

/* All logs of a range of blocks that match a filter, and proof that none is left out: the headers of the range, each the
 * parent of the next, and of each block whose bloom may hold a match all receipts and transactions. What is found is
 * read from the proven receipts; no index, hash or count of the server's is taken. */
enum {
    LOG_RANGE_BLOCKS_MAX = 256,
    LOG_FILTER_ADDRESSES_MAX = 64,
    LOG_FILTER_TOPICS_MAX = 64, /* alternatives in one position */
};

/* As eth_getLogs: any of the addresses, and in each position any of the topics. A count of 0 is anything. */
struct log_filter {
    const struct address *addresses;
    size_t addresses_count;
    struct {
        const struct hash32 *any_of;
        size_t count;
    } topics[LOG_TOPICS_MAX];
    size_t positions_count; /* a log with fewer topics does not match, whatever they are */
};

bool log_filter_matches(const struct log_filter *f, const struct event_log *log);

/* log_filter_may_match: false means that no log below this bloom matches. */
bool log_filter_may_match(const struct log_filter *f, const struct bloom *bloom);

/* What was asked. to_hash is the hash of block to, which the caller has proven (header.h walks there from a head). */
struct log_ask {
    const struct log_filter *filter;
    uint64_t from; /* both ends are in the range */
    uint64_t to;
    struct hash32 to_hash;
};

/* What the server gave of one block. The lists of a block whose bloom excludes the filter are not looked at. */
struct log_block {
    struct span header;
    const struct span *transactions; /* encoded as their trie holds them */
    const struct span *receipts;     /* as many */
    size_t items_count;
};

/* A proven range: made by log_range_verify alone, read by log_range_next. It keeps pointers to what it was made from. */
struct log_range {
    const struct log_ask *ask;
    const struct log_block *blocks;
    size_t blocks_count;
    size_t block; /* the next log comes from here */
    bool is_open; /* of block the fields below hold */
    uint64_t number;
    struct hash32 hash;
    uint64_t timestamp;
    size_t item;
    struct span logs;
    size_t log_index;
};

struct log_found {
    struct event_log log;
    uint64_t block_number;
    struct hash32 block_hash;
    uint64_t timestamp; /* seconds since 1970 */
    size_t transaction_index;
    struct hash32 transaction_hash;
    size_t log_index; /* in the block */
};

/* log_range_verify proves blocks[0..blocks_count), oldest first. ERR_LIMIT: the range or the filter is over the limits
 * above: ask for less. Else the server is at fault: ERR_TRUNCATED: blocks are missing or too many; ERR_AUTH: a header is not the
 * one that is linked, or a list is not the one that its header names, as when one is left out; ERR_MALFORMED;
 * ERR_UNSUPPORTED: a receipt of a type that we do not know. O(bytes). */
MUST_CHECK enum err log_range_verify(struct log_range *ret_range,
                                     const struct log_ask *ask,
                                     const struct log_block *blocks,
                                     size_t blocks_count);

/* log_range_next gives the next log in the order of the chain; false when there is none. Spans point into the blocks. */
bool log_range_next(struct log_range *r, struct log_found *ret_found);

#endif
