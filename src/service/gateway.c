/* The list of methods, and the shapes of their parameters:
 *
 *   a address   b block (tag, number, or {"blockHash"})   n block number or tag   h 32 bytes   q quantity
 *   o call object   t raw transaction   f log filter   y bool   s list of slots   p list of percentiles
 *   | what follows may be left out
 */
#include "service/gateway.h"

#include "base/buf.h"
#include "codec/base16.h"
#include "evm/jsonrpc.h"
#include "evm/tx.h"

#include <string.h>

enum {
    PARAMS_MAX = 4,
    ADDRESSES_MAX = 32, /* in one log filter */
    TOPICS_MAX = 4,
    ALTERNATIVES_MAX = 64, /* of one topic */
    SLOTS_MAX = 64,
    PERCENTILES_MAX = 16,
    FEE_BLOCKS_MAX = 128,
    CALL_DATA_LEN_MAX = 48 * 1024,
    TX_LEN_MAX = 64 * 1024,
    FINALITY_LAG = 128, /* blocks that safe and finalized may stand behind the head, for counting */
};

static const struct {
    const char *name;
    const char *shape;
    uint32_t units;
} methods[] = {
    {"eth_chainId",               "",     1 },
    {"eth_blockNumber",           "",     1 },
    {"eth_gasPrice",              "",     1 },
    {"eth_maxPriorityFeePerGas",  "",     1 },
    {"eth_blobBaseFee",           "",     1 },
    {"eth_feeHistory",            "qnp",  2 },
    {"eth_getBalance",            "a|b",  1 },
    {"eth_getTransactionCount",   "a|b",  1 },
    {"eth_getCode",               "a|b",  2 },
    {"eth_getStorageAt",          "aq|b", 1 },
    {"eth_call",                  "o|b",  3 },
    {"eth_estimateGas",           "o|b",  5 },
    {"eth_getProof",              "as|b", 20},
    {"eth_getBlockByNumber",      "ny",   2 },
    {"eth_getBlockByHash",        "hy",   2 },
    {"eth_getTransactionByHash",  "h",    1 },
    {"eth_getTransactionReceipt", "h",    1 },
    {"eth_getLogs",               "f",    20},
    {"eth_sendRawTransaction",    "t",    10},
};

static enum err bad(struct diag *why, const char *rule)
{
    return diag_set(why, ERR_MALFORMED, rule, 0);
}

/* block_number turns a tag or a number into the number that counts for ranges. */
MUST_CHECK static enum err
block_number(uint64_t *ret, const struct gateway_ctx *ctx, struct json v, struct diag *why)
{
    if (json_string_equal(v, SPAN_LIT("latest")) || json_string_equal(v, SPAN_LIT("pending"))) {
        *ret = ctx->head_number;
        return OK;
    }
    if (json_string_equal(v, SPAN_LIT("safe")) || json_string_equal(v, SPAN_LIT("finalized"))) {
        *ret = ctx->head_number > FINALITY_LAG ? ctx->head_number - FINALITY_LAG : 0;
        return OK;
    }
    if (json_string_equal(v, SPAN_LIT("earliest"))) {
        *ret = 0;
        return OK;
    }
    return jsonrpc_get_u64(ret, v) == OK
               ? OK
               : bad(why, "a block is a number as 0x and digits, or a known tag");
}

MUST_CHECK static enum err hash_check(struct json v, struct diag *why)
{
    uint8_t bytes[32];
    return jsonrpc_get_fixed(MSPAN_OF(bytes), v) == OK
               ? OK
               : bad(why, "a hash or word is 0x and 64 digits");
}

MUST_CHECK static enum err address_check(struct json v, struct diag *why)
{
    struct address a;
    return jsonrpc_get_address(&a, v) == OK ? OK : bad(why, "an address is 0x and 40 digits");
}

MUST_CHECK static enum err quantity_check(struct json v, struct diag *why)
{
    struct u256 q;
    return jsonrpc_get_quantity(&q, v) == OK
               ? OK
               : bad(why, "a quantity is 0x and digits without a leading zero");
}

MUST_CHECK static enum err
block_check(const struct gateway_ctx *ctx, struct json v, struct diag *why)
{
    struct json hash;
    uint64_t number;
    if (v.type != JSON_OBJECT) {
        return block_number(&number, ctx, v, why);
    }
    if (json_count(v) != 1 || !json_find(&hash, v, "blockHash")) {
        return bad(why, "a block object has a blockHash and nothing else");
    }
    return hash_check(hash, why);
}

MUST_CHECK static enum err data_check(struct json v, size_t len_max, struct diag *why)
{
    size_t n;
    if (jsonrpc_data_len(&n, v) != OK) {
        return bad(why, "data is 0x and pairs of digits");
    }
    return n <= len_max ? OK : diag_set(why, ERR_DENIED, "the data is too long", 0);
}

/* slots_check takes a list of 32-byte words, at most max of them. Nodes take quantities for slots too; we do not. */
MUST_CHECK static enum err words_check(struct json v, size_t max, struct diag *why)
{
    if (v.type != JSON_ARRAY) {
        return bad(why, "a list of words is an array");
    }
    if (json_count(v) > max) {
        return diag_set(why, ERR_DENIED, "the list is too long", 0);
    }
    struct json_iter it = json_iterate(v);
    struct json e;
    while (json_next(&it, NULL, &e)) {
        TRY(hash_check(e, why));
    }
    return OK;
}

/* call_check takes the members that a read-only call needs, and no others. */
MUST_CHECK static enum err call_check(struct json v, struct diag *why)
{
    static const struct {
        const char *name;
        char shape;
    } members[] = {
        {"from",                 'a'},
        {"to",                   'a'},
        {"gas",                  'q'},
        {"gasPrice",             'q'},
        {"maxFeePerGas",         'q'},
        {"maxPriorityFeePerGas", 'q'},
        {"value",                'q'},
        {"nonce",                'q'},
        {"chainId",              'q'},
        {"type",                 'q'},
        {"data",                 'd'},
        {"input",                'd'},
    };
    if (v.type != JSON_OBJECT) {
        return bad(why, "a call is an object");
    }
    struct json_iter it = json_iterate(v);
    struct json name;
    struct json value;
    while (json_next(&it, &name, &value)) {
        char shape = 0;
        for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
            if (json_string_equal(name, span_str(members[i].name))) {
                shape = members[i].shape;
            }
        }
        switch (shape) {
        case 'a': TRY(address_check(value, why)); break;
        case 'q': TRY(quantity_check(value, why)); break;
        case 'd': TRY(data_check(value, CALL_DATA_LEN_MAX, why)); break;
        default:  return bad(why, "a call has a member that is not taken here");
        }
    }
    return OK;
}

MUST_CHECK static enum err filter_addresses_check(struct json v, struct diag *why)
{
    if (v.type != JSON_ARRAY) {
        return address_check(v, why);
    }
    if (json_count(v) > ADDRESSES_MAX) {
        return diag_set(why, ERR_DENIED, "the filter names too many addresses", 0);
    }
    struct json_iter it = json_iterate(v);
    struct json e;
    while (json_next(&it, NULL, &e)) {
        TRY(address_check(e, why));
    }
    return OK;
}

MUST_CHECK static enum err filter_topics_check(struct json v, struct diag *why)
{
    if (v.type != JSON_ARRAY || json_count(v) > TOPICS_MAX) {
        return bad(why, "topics are an array of at most four");
    }
    struct json_iter it = json_iterate(v);
    struct json e;
    while (json_next(&it, NULL, &e)) {
        if (e.type == JSON_ARRAY) {
            TRY(words_check(e, ALTERNATIVES_MAX, why));
        } else if (e.type != JSON_NULL) {
            TRY(hash_check(e, why));
        }
    }
    return OK;
}

MUST_CHECK static enum err
filter_check(const struct gateway_ctx *ctx, struct json v, struct diag *why)
{
    if (v.type != JSON_OBJECT) {
        return bad(why, "a filter is an object");
    }
    uint64_t from = ctx->head_number;
    uint64_t to = ctx->head_number;
    bool has_range = false;
    bool has_hash = false;
    struct json_iter it = json_iterate(v);
    struct json name;
    struct json value;
    while (json_next(&it, &name, &value)) {
        if (json_string_equal(name, SPAN_LIT("fromBlock"))) {
            has_range = true;
            TRY(block_number(&from, ctx, value, why));
        } else if (json_string_equal(name, SPAN_LIT("toBlock"))) {
            has_range = true;
            TRY(block_number(&to, ctx, value, why));
        } else if (json_string_equal(name, SPAN_LIT("blockHash"))) {
            has_hash = true;
            TRY(hash_check(value, why));
        } else if (json_string_equal(name, SPAN_LIT("address"))) {
            TRY(filter_addresses_check(value, why));
        } else if (json_string_equal(name, SPAN_LIT("topics"))) {
            TRY(filter_topics_check(value, why));
        } else {
            return bad(why, "a filter has a member that is not taken here");
        }
    }
    if (has_range && has_hash) {
        return bad(why, "a filter has a block hash or a range");
    }
    if (from > to) {
        return bad(why, "a filter's range ends before it begins");
    }
    if (to - from >= ctx->logs_blocks_max) {
        return diag_set(why, ERR_DENIED, "the range of logs has too many blocks", 0);
    }
    return OK;
}

MUST_CHECK static enum err percentiles_check(struct json v, struct diag *why)
{
    if (v.type != JSON_ARRAY || json_count(v) > PERCENTILES_MAX) {
        return bad(why, "percentiles are a short array of numbers");
    }
    struct json_iter it = json_iterate(v);
    struct json e;
    while (json_next(&it, NULL, &e)) {
        if (e.type != JSON_INT && e.type != JSON_DECIMAL) {
            return bad(why, "percentiles are a short array of numbers");
        }
    }
    return OK;
}

/* tx_check looks at a signed transaction before it goes on, so that what cannot be included costs nothing. */
MUST_CHECK static enum err tx_check(const struct gateway_ctx *ctx, struct json v, struct diag *why)
{
    TRY(data_check(v, TX_LEN_MAX, why));
    struct buf raw;
    buf_init(&raw, ctx->scratch->budget, TX_LEN_MAX);
    struct wr w = wr_init_buf(&raw);
    struct tx tx;
    struct address sender;
    enum err e = jsonrpc_get_data(&w, v);
    if (e == OK) {
        e = tx_decode(&tx, buf_span(&raw));
    }
    if (e == OK) {
        e = tx_sender(&sender, &tx, ctx->scratch);
    }
    bool is_ours = e == OK && tx.has_chain_id && tx.chain_id == ctx->chain_id;
    buf_done(&raw);
    buf_clear(ctx->scratch);
    if (e != OK) {
        return bad(why, "the transaction is not a signed one of a known type");
    }
    return is_ours
               ? OK
               : diag_set(why, ERR_DENIED, "the transaction is for another chain, or for any", 0);
}

MUST_CHECK static enum err
param_check(const struct gateway_ctx *ctx, char shape, struct json v, struct diag *why)
{
    uint64_t number;
    bool yes;
    switch (shape) {
    case 'a': return address_check(v, why);
    case 'b': return block_check(ctx, v, why);
    case 'n': return block_number(&number, ctx, v, why);
    case 'h': return hash_check(v, why);
    case 'q': return quantity_check(v, why);
    case 'o': return call_check(v, why);
    case 't': return tx_check(ctx, v, why);
    case 'f': return filter_check(ctx, v, why);
    case 's': return words_check(v, SLOTS_MAX, why);
    case 'p': return percentiles_check(v, why);
    case 'y': return json_get_bool(&yes, v) == OK ? OK : bad(why, "a flag is true or false");
    default:  return ERR_INTERNAL;
    }
}

MUST_CHECK static enum err
params_check(const struct gateway_ctx *ctx, const char *shape, struct json params, struct diag *why)
{
    struct json_iter it = json_iterate(params);
    struct json v;
    bool may_end = false;
    for (; *shape != 0; shape++) {
        if (*shape == '|') {
            may_end = true;
            continue;
        }
        if (!json_next(&it, NULL, &v)) {
            return may_end ? OK : bad(why, "a parameter is missing");
        }
        TRY(param_check(ctx, *shape, v, why));
    }
    return json_next(&it, NULL, &v) ? bad(why, "there are too many parameters") : OK;
}

enum err gateway_check(struct gateway_verdict *ret,
                       const struct gateway_ctx *ctx,
                       struct span method,
                       struct span params,
                       struct diag *why)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (!span_equal(method, span_str(methods[i].name))) {
            continue;
        }
        struct gateway_verdict v = {.method = methods[i].name, .units = methods[i].units};
        if (json_parse(&v.params, params, why) != OK || v.params.type != JSON_ARRAY) {
            return bad(why, "the parameters are not a JSON array");
        }
        TRY(params_check(ctx, methods[i].shape, v.params, why));
        struct json count;
        uint64_t blocks = 0;
        if (span_equal(method, SPAN_LIT("eth_feeHistory")) && json_at(&count, v.params, 0) &&
            (jsonrpc_get_u64(&blocks, count) != OK || blocks > FEE_BLOCKS_MAX)) {
            return diag_set(why, ERR_DENIED, "the fee history has too many blocks", 0);
        }
        *ret = v;
        return OK;
    }
    return diag_set(why, ERR_UNSUPPORTED, "this method is not offered", 0);
}
