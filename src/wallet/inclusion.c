#include "wallet/inclusion.h"

#include "evm/tx.h"
#include "evm/userop.h"

/* What a gas of this transaction cost: at most what it offers, and at most its tip above the base fee (EIP-1559). */
static struct u256 price_of(const struct tx *tx, struct u256 base_fee)
{
    if (tx->type == TX_LEGACY || tx->type == TX_ACCESS_LIST) {
        return tx->max_fee_per_gas;
    }
    struct u256 with_tip = u256_add_sat(base_fee, tx->max_priority_fee_per_gas);
    return u256_compare(with_tip, tx->max_fee_per_gas) < 0 ? with_tip : tx->max_fee_per_gas;
}

MUST_CHECK static enum err read_transaction(struct inclusion *ret, const struct proven_inclusion *p)
{
    struct tx tx;
    TRY(tx_decode(&tx, proven_inclusion_tx(p)));
    struct u256 price = price_of(&tx, proven_inclusion_block(p).base_fee);
    *ret =
        (struct inclusion){.is_success = proven_inclusion_receipt(p)->is_success,
                           .fee = u256_mul_sat(u256_from_u64(proven_inclusion_gas_used(p)), price)};
    return OK;
}

static bool is_event_of(const struct event_log *log, const struct inclusion_of *what)
{
    return address_equal(log->address, what->entry_point) && log->topics_count >= 2 &&
           span_equal(SPAN_OF(log->topics[0].bytes), SPAN_OF(userop_event_topic.bytes)) &&
           span_equal(SPAN_OF(log->topics[1].bytes), SPAN_OF(what->userop_hash.bytes));
}

enum err inclusion_read(struct inclusion *ret,
                        const struct proven_inclusion *p,
                        const struct inclusion_of *what)
{
    if (what->is_transaction) {
        return read_transaction(ret, p);
    }
    struct span logs = proven_inclusion_receipt(p)->logs;
    while (logs.n > 0) {
        struct event_log log;
        struct userop_event event;
        TRY(log_next(&log, &logs));
        if (!is_event_of(&log, what)) {
            continue;
        }
        TRY(userop_event_decode(&event, log.data));
        *ret = (struct inclusion){.is_success = event.is_success, .fee = event.actual_gas_cost};
        return OK;
    }
    return ERR_NOT_FOUND;
}
