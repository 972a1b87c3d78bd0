/* Headers as the JSON-RPC interface of Ethereum nodes names their fields. */
#include "evm/header_json.h"

#include "evm/jsonrpc.h"

MUST_CHECK static enum err extra_read(struct header *h, struct json block)
{
    struct json extra;
    struct wr w = wr_init(MSPAN_OF(h->extra));
    if (!json_find(&extra, block, "extraData")) {
        return ERR_NOT_FOUND;
    }
    if (jsonrpc_get_data(&w, extra) != OK) {
        return ERR_MALFORMED;
    }
    h->extra_len = w.n;
    return OK;
}

/* has tells whether a field is there, and then makes form the header's. */
static bool has(struct header *h, struct json block, const char *name, enum header_form form)
{
    struct json v;
    if (!json_find(&v, block, name) || v.type == JSON_NULL) {
        return false;
    }
    h->form = form;
    return true;
}

MUST_CHECK static enum err later_read(struct header *h, struct json b)
{
    if (has(h, b, "baseFeePerGas", HEADER_LONDON)) {
        TRY(jsonrpc_find_quantity(&h->base_fee, b, "baseFeePerGas"));
    }
    if (has(h, b, "withdrawalsRoot", HEADER_SHANGHAI)) {
        TRY(jsonrpc_find_fixed(MSPAN_OF(h->withdrawals_root.bytes), b, "withdrawalsRoot"));
    }
    if (has(h, b, "parentBeaconBlockRoot", HEADER_CANCUN)) {
        TRY(jsonrpc_find_u64(&h->blob_gas_used, b, "blobGasUsed"));
        TRY(jsonrpc_find_u64(&h->excess_blob_gas, b, "excessBlobGas"));
        TRY(jsonrpc_find_fixed(MSPAN_OF(h->parent_beacon_root.bytes), b, "parentBeaconBlockRoot"));
    }
    if (has(h, b, "requestsHash", HEADER_PRAGUE)) {
        TRY(jsonrpc_find_fixed(MSPAN_OF(h->requests_hash.bytes), b, "requestsHash"));
    }
    return OK;
}

enum err header_json_parse(struct header *ret, struct json b)
{
    struct header h = {.form = HEADER_FRONTIER};
    TRY(jsonrpc_find_fixed(MSPAN_OF(h.parent_hash.bytes), b, "parentHash"));
    TRY(jsonrpc_find_fixed(MSPAN_OF(h.ommers_hash.bytes), b, "sha3Uncles"));
    TRY(jsonrpc_find_fixed(MSPAN_OF(h.beneficiary.bytes), b, "miner"));
    TRY(jsonrpc_find_fixed(MSPAN_OF(h.state_root.bytes), b, "stateRoot"));
    TRY(jsonrpc_find_fixed(MSPAN_OF(h.transactions_root.bytes), b, "transactionsRoot"));
    TRY(jsonrpc_find_fixed(MSPAN_OF(h.receipts_root.bytes), b, "receiptsRoot"));
    TRY(jsonrpc_find_fixed(MSPAN_OF(h.bloom.bytes), b, "logsBloom"));
    TRY(jsonrpc_find_quantity(&h.difficulty, b, "difficulty"));
    TRY(jsonrpc_find_u64(&h.number, b, "number"));
    TRY(jsonrpc_find_u64(&h.gas_limit, b, "gasLimit"));
    TRY(jsonrpc_find_u64(&h.gas_used, b, "gasUsed"));
    TRY(jsonrpc_find_u64(&h.timestamp, b, "timestamp"));
    TRY(extra_read(&h, b));
    TRY(jsonrpc_find_fixed(MSPAN_OF(h.mix_hash.bytes), b, "mixHash"));
    TRY(jsonrpc_find_fixed(MSPAN_OF(h.nonce), b, "nonce"));
    TRY(later_read(&h, b));
    *ret = h;
    return OK;
}
