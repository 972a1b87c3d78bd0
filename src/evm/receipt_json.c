/* Receipts as the JSON-RPC interface of Ethereum nodes names their fields. */
#include "evm/receipt_json.h"

#include "evm/jsonrpc.h"
#include "evm/receipt.h"
#include "evm/rlp_json.h"

static void log_put(struct rlp_json *w, struct json log)
{
    rlp_wr_list_begin(&w->rlp);
    rlp_json_fixed(w, log, "address", sizeof(struct address));
    rlp_json_words(w, log, "topics");
    rlp_json_data(w, log, "data");
    rlp_wr_list_end(&w->rlp);
}

enum err receipt_json_encode(struct buf *out, struct json receipt)
{
    uint64_t type = 0; /* nodes from before EIP-2718 name none */
    enum err e = jsonrpc_find_u64(&type, receipt, "type");
    if (e != OK && e != ERR_NOT_FOUND) {
        return e;
    }
    if (type > RECEIPT_TYPE_MAX) {
        return ERR_UNSUPPORTED;
    }
    if (type > 0) {
        TRY(buf_append_u8(out, (uint8_t)type));
    }
    struct rlp_json w = rlp_json_init(out);
    struct json root;
    rlp_wr_list_begin(&w.rlp);
    if (json_find(&root, receipt, "root") && root.type != JSON_NULL) {
        rlp_json_fixed(&w, receipt, "root", sizeof(struct hash32)); /* before Byzantium */
    } else {
        rlp_json_number(&w, receipt, "status");
    }
    rlp_json_number(&w, receipt, "cumulativeGasUsed");
    rlp_json_fixed(&w, receipt, "logsBloom", BLOOM_LEN);
    rlp_json_list(&w, receipt, "logs", log_put);
    rlp_wr_list_end(&w.rlp);
    return rlp_json_end(&w);
}
