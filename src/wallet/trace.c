/* Who paid in: a payment was found by its effect on the balance; here its transaction is looked for. Tokens leave a log;
 * ether leaves a transaction only if it was sent directly, so a payment from a contract stays without a name. What a
 * server says here changes no amount. */
#include "base/check.h"
#include "codec/base16.h"
#include "evm/abi.h"
#include "wallet/engine.h"

#include <string.h>

enum { LOG_BLOCKS_MAX = 1000, TX_BLOCKS_MAX = 8 };

/* keccak-256 of Transfer(address,address,uint256) (ERC-20 §"Events"). */
static const char transfer_topic[] =
    "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";

void trace_add(struct wallet *w, const struct tracing *what)
{
    if (w->tracing_count < TRACING_COUNT_MAX) {
        w->tracings[w->tracing_count++] = *what;
    }
}

static void drop_first(struct wallet *w)
{
    check(w->tracing_count > 0);
    w->tracing_count--;
    memmove(&w->tracings[0], &w->tracings[1], w->tracing_count * sizeof w->tracings[0]);
}

static void put_quantity(struct json_writer *j, uint64_t v)
{
    char text[U256_TEXT_LEN];
    (void)u256_print_hex(text, u256_from_u64(v));
    json_put_str(j, text);
}

static void put_log_filter(struct json_writer *j, const struct tracing *x)
{
    uint8_t topic[ABI_WORD_LEN] = {0};
    span_copy(mspan_of(topic + 12, 20), SPAN_OF(x->account.bytes));
    uint64_t from = x->to - x->from > LOG_BLOCKS_MAX ? x->to - LOG_BLOCKS_MAX : x->from;
    json_put_object(j);
    json_put_name(j, "address");
    json_put_hex(j, SPAN_OF(x->token.bytes));
    json_put_name(j, "fromBlock");
    put_quantity(j, from);
    json_put_name(j, "toBlock");
    put_quantity(j, x->to);
    json_put_name(j, "topics");
    json_put_array(j);
    json_put_str(j, transfer_topic);
    json_put_null(j);
    json_put_hex(j, SPAN_OF(topic));
    json_end_array(j);
    json_end_object(j);
}

static enum err ask(struct wallet *w, struct wallet_time t, const struct tracing *x)
{
    bool is_token = !address_is_zero(x->token);
    const struct network *n = wallet_network(w, x->network);
    buf_clear(&w->scratch);
    struct wr wr = wr_init_buf(&w->scratch);
    struct json_writer j = json_writer_init(&wr);
    json_put_array(&j);
    if (is_token) {
        put_log_filter(&j, x);
    } else {
        put_quantity(&j, x->to);
        json_put_bool(&j, true);
    }
    json_end_array(&j);
    TRY(json_writer_end(&j));
    struct ask_args args = {.what = is_token ? ASK_TOKEN_LOGS : ASK_BLOCK_TXS,
                            .account = x->whose,
                            .network = n,
                            .method = is_token ? "eth_getLogs" : "eth_getBlockByNumber",
                            .params = buf_span(&w->scratch)};
    return n ? ask_send(w, t, args) : ERR_NOT_FOUND;
}

void trace_tick(struct wallet *w, struct wallet_time t)
{
    if (w->is_tracing || w->tracing_count == 0 || w->servers == 0) {
        return;
    }
    w->is_tracing = ask(w, t, &w->tracings[0]) == OK;
    if (!w->is_tracing) {
        drop_first(w);
    }
}

/* ---- answers ---- */

struct payer {
    struct address from;
    struct hash32 tx_hash;
};

static bool read_fixed(struct mspan out, struct json object, const char *name)
{
    struct span text;
    return json_find_plain(&text, object, name) == OK && base16_decode_fixed_0x(out, text) == OK;
}

/* A log's second topic is who paid, as a word. */
static bool read_log(struct payer *ret, struct json log)
{
    struct json topics;
    struct json topic;
    struct span text;
    uint8_t word[ABI_WORD_LEN];
    if (!json_find(&topics, log, "topics") || !json_at(&topic, topics, 1) ||
        json_get_plain(&text, topic) != OK || base16_decode_fixed_0x(MSPAN_OF(word), text) != OK) {
        return false;
    }
    span_copy(MSPAN_OF(ret->from.bytes), span_of(word + 12, 20));
    return read_fixed(MSPAN_OF(ret->tx_hash.bytes), log, "transactionHash");
}

static bool read_tx(struct payer *ret, struct json tx, struct address account)
{
    struct address to;
    struct u256 value = U256_ZERO;
    struct json v;
    return read_fixed(MSPAN_OF(to.bytes), tx, "to") && address_equal(to, account) &&
           json_find(&v, tx, "value") && view_quantity(&value, v) == OK && !u256_is_zero(value) &&
           read_fixed(MSPAN_OF(ret->from.bytes), tx, "from") &&
           read_fixed(MSPAN_OF(ret->tx_hash.bytes), tx, "hash");
}

/* The newest payment in the list. */
static bool find_payer(struct payer *ret, const struct tracing *x, struct json list, bool is_token)
{
    struct json_iter it = json_iterate(list);
    struct json one;
    bool found = false;
    while (json_next(&it, NULL, &one)) {
        struct payer p;
        if (is_token ? read_log(&p, one) : read_tx(&p, one, x->account)) {
            *ret = p;
            found = true;
        }
    }
    return found;
}

static void note_payer(struct wallet *w, const struct tracing *x, const struct payer *p)
{
    AUTO(operation_auto) struct operation *op = NULL;
    if (operation_new(&op, &w->budget) != OK || wallet_operation(w, x->operation, op) != OK) {
        return;
    }
    op->from = p->from;
    op->tx_hash = p->tx_hash;
    op->has_tx = true;
    op->revision++;
    if (book_save_operation(w, op) == OK) {
        queue_operation(w, op->id);
    }
}

void trace_answer(
    struct wallet *w, struct wallet_time t, const struct ask *ask, enum err err, struct json result)
{
    w->is_tracing = false;
    if (w->tracing_count == 0) {
        return;
    }
    struct tracing *x = &w->tracings[0];
    bool is_token = ask->what == ASK_TOKEN_LOGS;
    struct json list = result;
    struct payer payer;
    bool has_list = err == OK && (is_token || json_find(&list, result, "transactions"));
    if (has_list && find_payer(&payer, x, list, is_token)) {
        note_payer(w, x, &payer);
        drop_first(w);
    } else if (has_list && !is_token && x->to > x->from && x->looked < TX_BLOCKS_MAX) {
        x->to--; /* perhaps in the block before */
        x->looked++;
    } else {
        drop_first(w);
    }
    trace_tick(w, t);
}
