/* Complete logs of a range: headers, blooms, receipts (Ethereum yellow paper, 4.3.1 and 4.4). */
#include "evm/log_range.h"

#include "base/check.h"
#include "crypto/keccak.h"
#include "evm/header.h"
#include "evm/mpt.h"

static bool has_address(const struct log_filter *f, struct address a)
{
    for (size_t i = 0; i < f->addresses_count; i++) {
        if (address_equal(f->addresses[i], a)) {
            return true;
        }
    }
    return f->addresses_count == 0;
}

static bool has_topic(const struct log_filter *f, size_t position, const struct hash32 *topic)
{
    for (size_t i = 0; i < f->topics[position].count; i++) {
        if (span_equal(SPAN_OF(f->topics[position].any_of[i].bytes), SPAN_OF(topic->bytes))) {
            return true;
        }
    }
    return f->topics[position].count == 0;
}

bool log_filter_matches(const struct log_filter *f, const struct event_log *log)
{
    if (f->positions_count > log->topics_count || !has_address(f, log->address)) {
        return false;
    }
    for (size_t i = 0; i < f->positions_count; i++) {
        if (!has_topic(f, i, &log->topics[i])) {
            return false;
        }
    }
    return true;
}

bool log_filter_may_match(const struct log_filter *f, const struct bloom *bloom)
{
    bool may = f->addresses_count == 0;
    for (size_t i = 0; i < f->addresses_count && !may; i++) {
        may = bloom_may_have(bloom, SPAN_OF(f->addresses[i].bytes));
    }
    for (size_t at = 0; at < f->positions_count && may; at++) {
        may = f->topics[at].count == 0;
        for (size_t i = 0; i < f->topics[at].count && !may; i++) {
            may = bloom_may_have(bloom, SPAN_OF(f->topics[at].any_of[i].bytes));
        }
    }
    return may;
}

static bool filter_is_within_limits(const struct log_filter *f)
{
    if (f->addresses_count > LOG_FILTER_ADDRESSES_MAX || f->positions_count > LOG_TOPICS_MAX) {
        return false;
    }
    for (size_t i = 0; i < f->positions_count; i++) {
        if (f->topics[i].count > LOG_FILTER_TOPICS_MAX) {
            return false;
        }
    }
    return true;
}

MUST_CHECK static enum err
verify_list(const struct hash32 *want, const struct span *items, size_t items_count)
{
    struct hash32 got;
    TRY(mpt_root_of_list(&got, items, items_count));
    return span_equal(SPAN_OF(got.bytes), SPAN_OF(want->bytes)) ? OK : ERR_AUTH;
}

/* verify_lists: all transactions and receipts of the block, and each receipt can be read. */
MUST_CHECK static enum err verify_lists(const struct header *h, const struct log_block *b)
{
    TRY(verify_list(&h->receipts_root, b->receipts, b->items_count));
    TRY(verify_list(&h->transactions_root, b->transactions, b->items_count));
    for (size_t i = 0; i < b->items_count; i++) {
        struct receipt receipt;
        TRY(receipt_decode(&receipt, b->receipts[i]));
    }
    return OK;
}

enum err log_range_verify(struct log_range *ret_range,
                          const struct log_ask *ask,
                          const struct log_block *blocks,
                          size_t blocks_count)
{
    if (ask->from > ask->to || ask->to - ask->from >= LOG_RANGE_BLOCKS_MAX ||
        !filter_is_within_limits(ask->filter)) {
        return ERR_LIMIT;
    }
    if (blocks_count != ask->to - ask->from + 1) {
        return ERR_TRUNCATED;
    }
    struct header h;
    TRY(header_verify(&h, &ask->to_hash, blocks[blocks_count - 1].header));
    if (h.number != ask->to) {
        return ERR_MALFORMED;
    }
    for (size_t i = blocks_count; i-- > 0;) {
        if (i + 1 < blocks_count) {
            TRY(header_verify_parent(&h, &h, blocks[i].header));
        }
        /* SPEC ethereum/yellowpaper §"4.4. The Block": the header's filter holds the address and topics of each log in
         * the block, so a block that it excludes needs no receipts. */
        if (log_filter_may_match(ask->filter, &h.bloom)) {
            TRY(verify_lists(&h, &blocks[i]));
        }
    }
    *ret_range = (struct log_range){.ask = ask, .blocks = blocks, .blocks_count = blocks_count};
    return OK;
}

/* open_block makes ready for the logs of the block; false if it has none that match. */
static bool open_block(struct log_range *r)
{
    struct header h;
    enum err e = header_decode(&h, r->blocks[r->block].header);
    check(e == OK); /* it was verified */
    if (!log_filter_may_match(r->ask->filter, &h.bloom)) {
        return false;
    }
    r->is_open = true;
    r->number = h.number;
    r->hash = h.hash;
    r->timestamp = h.timestamp;
    r->item = 0;
    r->logs = SPAN_EMPTY;
    r->log_index = 0;
    return true;
}

/* next_in_block gives the next log of the open block, matching or not. r->item is one behind its transaction. */
static bool next_in_block(struct log_range *r, struct event_log *ret_log)
{
    const struct log_block *b = &r->blocks[r->block];
    while (r->logs.n == 0 && r->item < b->items_count) {
        struct receipt receipt;
        enum err e = receipt_decode(&receipt, b->receipts[r->item]);
        check(e == OK);
        r->logs = receipt.logs;
        r->item++;
    }
    if (r->logs.n == 0) {
        return false;
    }
    enum err e = log_next(ret_log, &r->logs);
    check(e == OK);
    r->log_index++;
    return true;
}

bool log_range_next(struct log_range *r, struct log_found *ret_found)
{
    while (r->block < r->blocks_count) {
        struct event_log log;
        if ((!r->is_open && !open_block(r)) || !next_in_block(r, &log)) {
            r->is_open = false;
            r->block++;
            continue;
        }
        if (!log_filter_matches(r->ask->filter, &log)) {
            continue;
        }
        *ret_found = (struct log_found){
            .log = log,
            .block_number = r->number,
            .block_hash = r->hash,
            .timestamp = r->timestamp,
            .transaction_index = r->item - 1,
            .log_index = r->log_index - 1,
        };
        keccak256(&ret_found->transaction_hash,
                  r->blocks[r->block].transactions[ret_found->transaction_index]);
        return true;
    }
    return false;
}
