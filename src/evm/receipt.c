#include "evm/receipt.h"

#include "base/check.h"
#include "evm/mpt.h"
#include "evm/rlp.h"

#include <string.h>

enum { TYPE_END = 0x80 };

MUST_CHECK static enum err log_decode(struct event_log *ret_log, struct span encoded)
{
    struct event_log log = {0};
    struct rlp_rd r = rlp_rd_list(encoded);
    rlp_rd_fixed(&r, MSPAN_OF(log.address.bytes));
    struct rlp_rd topics = {.rest = rlp_rd_sublist(&r)};
    log.data = rlp_rd_bytes(&r);
    /* SPEC ethereum/yellowpaper §"4.3.1. Transaction Receipt": a log is an address, at most four topics of 32 bytes, and
     * data. */
    while (rlp_rd_more(&topics)) {
        if (log.topics_count == LOG_TOPICS_MAX) {
            return ERR_MALFORMED;
        }
        rlp_rd_fixed(&topics, MSPAN_OF(log.topics[log.topics_count].bytes));
        log.topics_count++;
    }
    if (!rlp_rd_end(&r) || !rlp_rd_end(&topics)) {
        return ERR_MALFORMED;
    }
    *ret_log = log;
    return OK;
}

enum err log_next(struct event_log *ret_log, struct span *logs)
{
    struct span rest = *logs;
    struct rlp_item item;
    if (rlp_next(&item, &rest) != OK) {
        return ERR_MALFORMED;
    }
    TRY(log_decode(ret_log, item.encoded));
    *logs = rest;
    return OK;
}

/* set_outcome reads the first field: the status, or the state's root before Byzantium. */
static bool set_outcome(struct receipt *r, struct span outcome)
{
    /* SPEC eips/EIP-658 §"Specification": the status is 1 for success and 0 for failure; before, a state root stood there. */
    if (outcome.n == sizeof r->post_state.bytes && r->type == 0) {
        (void)span_copy(MSPAN_OF(r->post_state.bytes), outcome);
        return true;
    }
    r->has_status = true;
    r->is_success = outcome.n == 1;
    return outcome.n == 0 || (outcome.n == 1 && outcome.p[0] == 1);
}

enum err receipt_decode(struct receipt *ret_receipt, struct span item)
{
    struct receipt receipt = {0};
    /* SPEC eips/EIP-2718 §"Receipts": a receipt of a typed transaction is its type's byte and then its payload. */
    if (item.n > 0 && item.p[0] < TYPE_END) {
        receipt.type = span_take(&item, 1).p[0];
        if (receipt.type == 0) {
            return ERR_MALFORMED; /* a legacy receipt has no type byte */
        }
        if (receipt.type > RECEIPT_TYPE_MAX) {
            return ERR_UNSUPPORTED;
        }
    }
    struct rlp_rd r = rlp_rd_list(item);
    struct span outcome = rlp_rd_bytes(&r);
    receipt.cumulative_gas = rlp_rd_u64(&r);
    rlp_rd_fixed(&r, MSPAN_OF(receipt.bloom.bytes));
    receipt.logs = rlp_rd_sublist(&r);
    if (!rlp_rd_end(&r) || !set_outcome(&receipt, outcome)) {
        return ERR_MALFORMED;
    }
    for (struct span rest = receipt.logs; rest.n > 0; receipt.logs_count++) {
        struct event_log log;
        TRY(log_next(&log, &rest));
    }
    *ret_receipt = receipt;
    return OK;
}

bool receipt_bloom_is_right(const struct receipt *r)
{
    struct bloom want = {0};
    for (struct span rest = r->logs; rest.n > 0;) {
        struct event_log log;
        if (log_next(&log, &rest) != OK) {
            return false;
        }
        bloom_add(&want, SPAN_OF(log.address.bytes));
        for (size_t i = 0; i < log.topics_count; i++) {
            bloom_add(&want, SPAN_OF(log.topics[i].bytes));
        }
    }
    return span_equal(SPAN_OF(want.bytes), SPAN_OF(r->bloom.bytes));
}

size_t withdrawal_print(uint8_t out[static WITHDRAWAL_LEN_MAX], const struct withdrawal *w)
{
    /* SPEC eips/EIP-4895 §"Specification": index, validator, address and amount in gwei, as one list. Numbers are written
     * as the keys of list tries are. */
    uint8_t payload[WITHDRAWAL_LEN_MAX];
    size_t n = mpt_print_index(payload, w->index);
    n += mpt_print_index(payload + n, w->validator);
    n += rlp_print_prefix(payload + n, sizeof w->address.bytes, false);
    memcpy(payload + n, w->address.bytes, sizeof w->address.bytes);
    n += sizeof w->address.bytes;
    n += mpt_print_index(payload + n, w->amount_gwei);
    uint8_t prefix[RLP_PREFIX_LEN_MAX];
    size_t prefix_len = rlp_print_prefix(prefix, n, true);
    check(prefix_len == 1); /* 48 bytes at most */
    out[0] = prefix[0];
    memcpy(out + 1, payload, n);
    return 1 + n;
}

enum err withdrawal_decode(struct withdrawal *ret_withdrawal, struct span item)
{
    struct withdrawal w = {0};
    struct rlp_rd r = rlp_rd_list(item);
    w.index = rlp_rd_u64(&r);
    w.validator = rlp_rd_u64(&r);
    rlp_rd_fixed(&r, MSPAN_OF(w.address.bytes));
    w.amount_gwei = rlp_rd_u64(&r);
    if (!rlp_rd_end(&r)) {
        return ERR_MALFORMED;
    }
    *ret_withdrawal = w;
    return OK;
}
