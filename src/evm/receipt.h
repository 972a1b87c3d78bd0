#ifndef EVM_RECEIPT_H
#define EVM_RECEIPT_H

#include "base/err.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "evm/address.h"
#include "evm/bloom.h"

#include <stdbool.h>
#include <stdint.h>

/* Receipts and logs as the receipts trie holds them (Ethereum yellow paper, 4.3.1; EIP-658, EIP-2718). Spans point
 * into what was decoded. */
enum {
    RECEIPT_TYPE_MAX = 4, /* legacy 0, access list 1, fee market 2, blob 3, set code 4 */
    LOG_TOPICS_MAX = 4,
};

struct receipt {
    uint8_t type;
    bool has_status; /* if not, post_state holds: before Byzantium */
    bool is_success;
    struct hash32 post_state;
    uint64_t cumulative_gas; /* of this and all transactions before it in the block */
    struct bloom bloom;
    struct span logs; /* well-formed logs one after the other: read them with log_next */
    size_t logs_count;
};

struct event_log {
    struct address address;
    struct hash32 topics[LOG_TOPICS_MAX];
    size_t topics_count;
    struct span data;
};

/* receipt_decode reads one item of the trie whole, logs too. ERR_UNSUPPORTED: a type over RECEIPT_TYPE_MAX;
 * ERR_MALFORMED. O(n), no limit of its own: the caller bounds the message. */
MUST_CHECK enum err receipt_decode(struct receipt *ret_receipt, struct span item);

/* receipt_bloom_is_right: the filter is that of the logs, no bit more or less. */
bool receipt_bloom_is_right(const struct receipt *r);

/* log_next cuts the first log off *logs: ERR_MALFORMED if it is none; *logs is then untouched. */
MUST_CHECK enum err log_next(struct event_log *ret_log, struct span *logs);

/* A withdrawal from the beacon chain (EIP-4895) as the withdrawals trie holds it. */
enum { WITHDRAWAL_LEN_MAX = 1 + 3 * 9 + 21 };
struct withdrawal {
    uint64_t index;
    uint64_t validator;
    struct address address;
    uint64_t amount_gwei;
};

/* withdrawal_print writes the item of the trie and returns its length. */
size_t withdrawal_print(uint8_t out[static WITHDRAWAL_LEN_MAX], const struct withdrawal *w);

/* withdrawal_decode: ERR_MALFORMED. */
MUST_CHECK enum err withdrawal_decode(struct withdrawal *ret_withdrawal, struct span item);

#endif
