/* Transactions as the JSON-RPC interface of Ethereum nodes names their fields. tx.c has the order of them in bytes. */
#include "evm/tx_json.h"

#include "evm/jsonrpc.h"
#include "evm/rlp.h"
#include "evm/rlp_json.h"

enum {
    TYPE_LEGACY = 0,
    TYPE_ACCESS_LIST = 1,
    TYPE_FEE_MARKET = 2,
    TYPE_BLOB = 3,
    TYPE_SET_CODE = 4,
};

/* The types from EIP-1559 on have two fees. */
static const char *const fees_old[] = {"gasPrice"};
static const char *const fees_new[] = {"maxPriorityFeePerGas", "maxFeePerGas"};
static const char *const authorization_numbers[] = {"yParity", "r", "s"};

static void access_put(struct rlp_json *w, struct json entry)
{
    rlp_wr_list_begin(&w->rlp);
    rlp_json_fixed(w, entry, "address", sizeof(struct address));
    rlp_json_words(w, entry, "storageKeys");
    rlp_wr_list_end(&w->rlp);
}

static void authorization_put(struct rlp_json *w, struct json a)
{
    rlp_wr_list_begin(&w->rlp);
    rlp_json_number(w, a, "chainId");
    rlp_json_fixed(w, a, "address", sizeof(struct address));
    rlp_json_number(w, a, "nonce");
    for (size_t i = 0; i < sizeof authorization_numbers / sizeof *authorization_numbers; i++) {
        rlp_json_number(w, a, authorization_numbers[i]);
    }
    rlp_wr_list_end(&w->rlp);
}

/* A transaction that makes a contract has no receiver: null. */
static void to_put(struct rlp_json *w, struct json tx)
{
    struct json to;
    if (!json_find(&to, tx, "to") || to.type == JSON_NULL) {
        rlp_wr_bytes(&w->rlp, SPAN_EMPTY);
    } else {
        rlp_json_fixed(w, tx, "to", sizeof(struct address));
    }
}

/* Of typed ones, nodes give the parity as yParity, older ones as v alone. */
static void signature_put(struct rlp_json *w, struct json tx, uint64_t type)
{
    struct json parity;
    bool has_parity = type != TYPE_LEGACY && json_find(&parity, tx, "yParity");
    rlp_json_number(w, tx, has_parity ? "yParity" : "v");
    rlp_json_number(w, tx, "r");
    rlp_json_number(w, tx, "s");
}

MUST_CHECK static enum err type_find(uint64_t *ret, struct json tx)
{
    enum err e = jsonrpc_find_u64(ret, tx, "type");
    if (e == ERR_NOT_FOUND) {
        *ret = TYPE_LEGACY; /* nodes from before EIP-2718 */
        return OK;
    }
    TRY(e);
    return *ret <= TYPE_SET_CODE ? OK : ERR_UNSUPPORTED;
}

enum err tx_json_encode(struct buf *out, struct json tx)
{
    uint64_t type;
    TRY(type_find(&type, tx));
    struct rlp_json w = rlp_json_init(out);
    bool is_new = type >= TYPE_FEE_MARKET;
    if (type != TYPE_LEGACY) {
        TRY(buf_append_u8(out, (uint8_t)type));
    }
    rlp_wr_list_begin(&w.rlp);
    if (type != TYPE_LEGACY) {
        rlp_json_number(&w, tx, "chainId");
    }
    rlp_json_number(&w, tx, "nonce");
    for (size_t i = 0; i < (is_new ? 2 : 1); i++) {
        rlp_json_number(&w, tx, is_new ? fees_new[i] : fees_old[i]);
    }
    rlp_json_number(&w, tx, "gas");
    to_put(&w, tx);
    rlp_json_number(&w, tx, "value");
    rlp_json_data(&w, tx, "input");
    if (type != TYPE_LEGACY) {
        rlp_json_list(&w, tx, "accessList", access_put);
    }
    /* SPEC eips/EIP-4844 §"Blob transaction": the fee for blobs and their hashes follow the access list. */
    if (type == TYPE_BLOB) {
        rlp_json_number(&w, tx, "maxFeePerBlobGas");
        rlp_json_words(&w, tx, "blobVersionedHashes");
    }
    if (type == TYPE_SET_CODE) {
        rlp_json_list(&w, tx, "authorizationList", authorization_put);
    }
    signature_put(&w, tx, type);
    rlp_wr_list_end(&w.rlp);
    return rlp_json_end(&w);
}
