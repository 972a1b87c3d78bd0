/* Questions of the bundler to its node, and the receipts that come back. */
#include "evm/account_upgrade.h"
#include "evm/userop.h"
#include "service/bundler_parts.h"

#include <string.h>

static void simulation_put(struct bundler *b, struct json_writer *j, const struct bundler_op *op)
{
    json_put_object(j);
    json_put_name(j, "from");
    jsonrpc_put_address(j, b->cfg.self);
    json_put_name(j, "to");
    jsonrpc_put_address(j, b->cfg.entry_point);
    json_put_name(j, "gas");
    jsonrpc_put_u64(j, op->gas_limit);
    json_put_name(j, "maxFeePerGas");
    jsonrpc_put_quantity(j, op->op.max_fee_per_gas);
    json_put_name(j, "maxPriorityFeePerGas");
    jsonrpc_put_quantity(j, op->op.max_priority_fee_per_gas);
    json_put_name(j, "data");
    jsonrpc_put_data(j, buf_span(&b->call));
    json_end_object(j);
    json_put_str(j, "latest");
}

static const char *method_of(enum bundler_step step)
{
    switch (step) {
    case BUNDLER_SENDER_CODE:
    case BUNDLER_CODE:           return "eth_getCode";
    case BUNDLER_SLOT:           return "eth_getStorageAt";
    case BUNDLER_SIMULATE:
    case BUNDLER_SIMULATE_AGAIN: return "eth_call";
    case BUNDLER_NONCE:
    case BUNDLER_USED_NONCE:     return "eth_getTransactionCount";
    case BUNDLER_SEND:           return "eth_sendRawTransaction";
    case BUNDLER_TRACK:          return "eth_getTransactionReceipt";
    case BUNDLER_FREE:
    case BUNDLER_SIGN:
    case BUNDLER_FINISHED:       break;
    }
    return NULL;
}

enum err bundler_ask_write(struct bundler *b, const struct bundler_op *op, uint64_t token)
{
    const char *method = method_of(op->step);
    if (!method) {
        return ERR_STATE;
    }
    buf_clear(&b->text);
    struct wr w = wr_init_buf(&b->text);
    struct json_writer j = json_writer_init(&w);
    jsonrpc_request_begin(&j, token, method);
    switch (op->step) {
    case BUNDLER_SENDER_CODE:
        jsonrpc_put_address(&j, op->op.sender);
        json_put_str(&j, "latest");
        break;
    case BUNDLER_SLOT:
        jsonrpc_put_address(&j, op->op.sender);
        jsonrpc_put_data(&j, SPAN_OF(account_implementation_slot));
        json_put_str(&j, "latest");
        break;
    case BUNDLER_CODE:
        jsonrpc_put_address(&j, b->known[op->known_at].address);
        json_put_str(&j, "latest");
        break;
    case BUNDLER_SIMULATE:
    case BUNDLER_SIMULATE_AGAIN:
        buf_clear(&b->call);
        TRY(userop_encode_handle_ops(&op->op, b->cfg.self, &b->call));
        simulation_put(b, &j, op);
        break;
    case BUNDLER_NONCE:
    case BUNDLER_USED_NONCE:
        jsonrpc_put_address(&j, b->cfg.self);
        json_put_str(&j, "latest");
        break;
    case BUNDLER_SEND: jsonrpc_put_data(&j, buf_span(&op->raw)); break;
    case BUNDLER_TRACK:
        jsonrpc_put_data(&j, SPAN_OF(op->attempts[op->attempt_at].tx_hash.bytes));
        break;
    case BUNDLER_FREE:
    case BUNDLER_SIGN:
    case BUNDLER_FINISHED: break;
    }
    jsonrpc_request_end(&j);
    return json_writer_end(&j);
}

/* event_read looks whether one log is UserOperationEvent of this operation, and reads it. */
static bool event_read(const struct bundler *b,
                       struct bundler_receipt *r,
                       struct json log,
                       const struct hash32 *hash)
{
    struct address from;
    struct json topics;
    struct json topic;
    struct json data;
    uint8_t word[32];
    if (jsonrpc_find_address(&from, log, "address") != OK ||
        !address_equal(from, b->cfg.entry_point) || !json_find(&topics, log, "topics")) {
        return false;
    }
    if (!json_at(&topic, topics, 0) || jsonrpc_get_fixed(MSPAN_OF(word), topic) != OK ||
        !span_equal(SPAN_OF(word), SPAN_OF(userop_event_topic.bytes))) {
        return false;
    }
    if (!json_at(&topic, topics, 1) || jsonrpc_get_fixed(MSPAN_OF(word), topic) != OK ||
        !span_equal(SPAN_OF(word), SPAN_OF(hash->bytes))) {
        return false;
    }
    uint8_t bytes[4 * 32]; /* nonce, success, actualGasCost, actualGasUsed */
    if (!json_find(&data, log, "data") || jsonrpc_get_fixed(MSPAN_OF(bytes), data) != OK) {
        return false;
    }
    struct userop_event event;
    if (userop_event_decode(&event, SPAN_OF(bytes)) != OK) {
        return false;
    }
    r->actual_gas_cost = event.actual_gas_cost;
    r->actual_gas_used = event.actual_gas_used;
    r->success = event.is_success;
    r->has_event = true;
    return true;
}

enum err bundler_receipt_read(const struct bundler *b,
                              struct bundler_receipt *ret,
                              struct json result,
                              const struct hash32 *tx_hash,
                              const struct hash32 *userop_hash)
{
    struct bundler_receipt r = {0};
    if (result.type == JSON_NULL) {
        *ret = r;
        return OK;
    }
    struct hash32 hash;
    uint64_t status;
    struct json logs;
    TRY(jsonrpc_find_fixed(MSPAN_OF(hash.bytes), result, "transactionHash"));
    TRY(jsonrpc_find_u64(&status, result, "status"));
    TRY(jsonrpc_find_u64(&r.block_number, result, "blockNumber"));
    TRY(jsonrpc_find_quantity(&r.gas_used, result, "gasUsed"));
    if (jsonrpc_find_quantity(&r.gas_price, result, "effectiveGasPrice") != OK) {
        r.gas_price = U256_ZERO;
    }
    if (!span_equal(SPAN_OF(hash.bytes), SPAN_OF(tx_hash->bytes)) ||
        !json_find(&logs, result, "logs")) {
        return ERR_MALFORMED;
    }
    r.is_there = true;
    r.is_reverted = status == 0;
    struct json_iter it = json_iterate(logs);
    struct json log;
    while (json_next(&it, NULL, &log) && !event_read(b, &r, log, userop_hash)) {}
    *ret = r;
    return OK;
}
