/* Transactions of ordinary accounts on their way: Ethereum's JSON-RPC, whoever answers it. */
#include "codec/base16.h"
#include "crypto/keccak.h"
#include "evm/jsonrpc.h"
#include "evm/tx.h"
#include "wallet/engine.h"

#include <string.h>

enum { REASON_SHOWN_MAX = 120 };

/* [text of a hash or of a raw transaction] */
static enum err
ask_hex(struct wallet *w, struct wallet_time t, struct ask_args args, struct span bytes)
{
    AUTO(buf_done) struct buf params;
    buf_init(&params, &w->budget, 2 * OPERATION_USEROP_LEN_MAX + 16);
    struct wr wr = wr_init_buf(&params);
    struct json_writer j = json_writer_init(&wr);
    json_put_array(&j);
    json_put_hex(&j, bytes);
    json_end_array(&j);
    TRY(json_writer_end(&j));
    args.params = buf_span(&params);
    return ask_send(w, t, args);
}

enum err tx_ask_submit(struct wallet *w, struct wallet_time t, const struct operation *op)
{
    struct ask_args args = {
        .what = ASK_SEND_TX,
        .mode = WALLET_ASK_AGREE, /* several: one that keeps it back keeps nothing */
        .account = op->account,
        .operation = op->id,
        .network = wallet_network(w, op->network),
        .method = "eth_sendRawTransaction"};
    return ask_hex(w, t, args, buf_span(&op->userop));
}

static enum err ask_by_hash(struct wallet *w,
                            struct wallet_time t,
                            const struct operation *op,
                            unsigned what,
                            const char *method)
{
    struct hash32 hash;
    struct ask_args args = {.what = what,
                            .account = op->account,
                            .operation = op->id,
                            .network = wallet_network(w, op->network),
                            .method = method};
    tx_hash(&hash, buf_span(&op->userop)); /* never a server's word */
    return ask_hex(w, t, args, SPAN_OF(hash.bytes));
}

enum err tx_ask_track(struct wallet *w, struct wallet_time t, const struct operation *op)
{
    return ask_by_hash(w, t, op, ASK_RECEIPT, "eth_getTransactionReceipt");
}

bool tx_is_outrun(const struct wallet *w, const struct operation *op)
{
    struct u256 nonce;
    const struct view *v = wallet_view(w, op->account, op->network);
    return v && approve_nonce(&nonce, op) == OK && u256_compare(figure_value(&v->nonce), nonce) > 0;
}

static void answer_sent(struct wallet *w,
                        struct wallet_time t,
                        const struct operation *op,
                        enum err err,
                        struct json result,
                        const struct wallet_source *source)
{
    static const struct wallet_source nobody;
    char room[REASON_SHOWN_MAX];
    struct wr words = wr_init(MSPAN_OF(room));
    struct coded why = {0};
    if (err == ERR_DENIED) {
        enum err read = json_find_string(&words, result, "message");
        struct span text = span_of(room, read == OK ? words.n : 0);
        err = jsonrpc_is_known_already(text) ? OK : ERR_DENIED;
        coded_set(&why, "server_refused");
        coded_add(&why, "reason", text);
    }
    wallet_submitted(w, t, op->id, err, &why, source ? source : &nobody);
}

static enum err find_quantity(struct u256 *ret, struct json object, const char *name)
{
    struct json v;
    return json_find(&v, object, name) ? view_quantity(ret, v) : ERR_MALFORMED;
}

/* A receipt is of our transaction, whole, or it is no answer. */
static enum err read_receipt(struct tracked *ret, struct json receipt, const struct hash32 *hash)
{
    struct span text;
    uint8_t named[32];
    struct u256 gas;
    struct u256 price;
    struct u256 status;
    struct u256 block;
    TRY(json_find_plain(&text, receipt, "transactionHash"));
    TRY(base16_decode_fixed_0x(MSPAN_OF(named), text));
    TRY(find_quantity(&gas, receipt, "gasUsed"));
    TRY(find_quantity(&price, receipt, "effectiveGasPrice"));
    TRY(find_quantity(&status, receipt, "status"));
    TRY(find_quantity(&block, receipt, "blockNumber"));
    TRY(u256_to_u64(&ret->block, block));
    if (!span_equal(SPAN_OF(named), SPAN_OF(hash->bytes))) {
        return ERR_MALFORMED;
    }
    ret->state = TRACKED_INCLUDED;
    ret->tx_hash = *hash;
    ret->fee_paid = u256_mul_sat(gas, price);
    ret->success = !u256_is_zero(status);
    ret->reason = SPAN_LIT("execution reverted");
    return OK;
}

static void answer_receipt(struct wallet *w,
                           struct wallet_time t,
                           const struct operation *op,
                           enum err err,
                           struct json result)
{
    struct tracked what = {.state = TRACKED_PENDING};
    struct hash32 hash;
    tx_hash(&hash, buf_span(&op->userop));
    if (err == OK && result.type == JSON_NULL &&
        ask_by_hash(w, t, op, ASK_PENDING_TX, "eth_getTransactionByHash") == OK) {
        return;
    }
    if (err == OK && result.type != JSON_NULL && read_receipt(&what, result, &hash) != OK) {
        what = (struct tracked){.state = TRACKED_PENDING};
    }
    wallet_tracked(w, t, op->id, &what);
}

void tx_answer(struct wallet *w,
               struct wallet_time t,
               const struct ask *ask,
               enum err err,
               struct json result,
               const struct wallet_source *source)
{
    const struct open_operation *o = track_find(w, ask->operation);
    if (!o) {
        return;
    }
    if (ask->what == ASK_SEND_TX) {
        answer_sent(w, t, o->op, err, result, source);
    } else if (ask->what == ASK_RECEIPT) {
        answer_receipt(w, t, o->op, err, result);
    } else {
        bool is_gone = err == OK && result.type == JSON_NULL;
        struct tracked what = {.state = is_gone ? TRACKED_UNKNOWN : TRACKED_PENDING};
        wallet_tracked(w, t, ask->operation, &what);
    }
}
