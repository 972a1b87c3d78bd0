/* Who paid in: a payment was found by its effect on the balance; here its transaction is looked for. Tokens leave a log, which is proven
 * where a block is trusted (trace_proof.c) and else the word of the servers that agree on it; ether leaves a transaction only if
 * it was sent directly, so a payment from a contract stays without a name. What servers say here changes no amount. */
#include "base/check.h"
#include "codec/base16.h"
#include "evm/abi.h"
#include "evm/erc20.h"
#include "wallet/engine.h"

#include <string.h>

enum { LOG_BLOCKS_MAX = 1000, TX_BLOCKS_MAX = 8 };

void trace_add(struct wallet *w, const struct tracing *what)
{
    if (w->tracing_count < TRACING_COUNT_MAX) {
        w->tracings[w->tracing_count++] = *what;
        trace_keep(w, what);
    }
}

void trace_end(struct wallet *w)
{
    check(w->tracing_count > 0);
    trace_forget(w, &w->tracings[0]);
    w->found_count = 0;
    w->found_sum = U256_ZERO;
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
    json_put_hex(j, SPAN_OF(erc20_event_topic.bytes));
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
                            .mode = is_token ? WALLET_ASK_AGREE : WALLET_ASK_FIRST,
                            .method = is_token ? "eth_getLogs" : "eth_getBlockByNumber",
                            .params = buf_span(&w->scratch)};
    return n ? ask_send(w, t, args) : ERR_NOT_FOUND;
}

void trace_tick(struct wallet *w, struct wallet_time t)
{
    if (w->is_tracing || w->tracing_count == 0 || w->servers == 0) {
        return;
    }
    const struct tracing *x = &w->tracings[0];
    bool is_proven = x->anchor != ANCHOR_NONE && !address_is_zero(x->token);
    w->is_tracing = (is_proven ? trace_prove(w, t, x) : ask(w, t, x)) == OK;
    if (!w->is_tracing) {
        trace_end(w);
    }
}

/* ---- answers ---- */

struct payer {
    struct address from;
    struct hash32 tx_hash;
    struct u256 amount;
};

static bool read_fixed(struct mspan out, struct json object, const char *name)
{
    struct span text;
    return json_find_plain(&text, object, name) == OK && base16_decode_fixed_0x(out, text) == OK;
}

/* read_log reads a transfer of more than nothing: one of nothing can be made in anybody's name. */
static bool read_log(struct payer *ret, struct json log)
{
    struct event_log event = {0};
    struct erc20_event transfer;
    struct json topics;
    struct json topic;
    struct span text;
    uint8_t data[ABI_WORD_LEN];
    if (!json_find(&topics, log, "topics") || !read_fixed(MSPAN_OF(data), log, "data")) {
        return false;
    }
    for (struct json_iter it = json_iterate(topics); json_next(&it, NULL, &topic);) {
        if (event.topics_count == LOG_TOPICS_MAX || json_get_plain(&text, topic) != OK ||
            base16_decode_fixed_0x(MSPAN_OF(event.topics[event.topics_count].bytes), text) != OK) {
            return false;
        }
        event.topics_count++;
    }
    event.data = SPAN_OF(data);
    if (!erc20_event_decode(&transfer, &event) || u256_is_zero(transfer.amount)) {
        return false;
    }
    ret->from = transfer.from;
    ret->amount = transfer.amount;
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

/* The newest payment in the list; its amount becomes that of all of them. */
static bool find_payer(struct payer *ret, const struct tracing *x, struct json list, bool is_token)
{
    struct json_iter it = json_iterate(list);
    struct json one;
    struct u256 sum = U256_ZERO;
    bool found = false;
    while (json_next(&it, NULL, &one)) {
        struct payer p = {.amount = U256_ZERO};
        if (is_token ? read_log(&p, one) : read_tx(&p, one, x->account)) {
            *ret = p;
            sum = u256_add_sat(sum, p.amount);
            found = true;
        }
    }
    ret->amount = sum;
    return found;
}

/* note_said: servers agree on logs that tell the whole amount. */
static void note_said(struct operation *op,
                      struct wallet_time t,
                      const struct payer *p,
                      const struct wallet_source *source)
{
    bool is_agreed = source && source->k >= 2 && source->k * 2 > source->n && !source->own_node;
    if (!is_agreed || !u256_equal(p->amount, op->amount)) {
        return;
    }
    const struct figure_said said = {.k = source->k,
                                     .n = source->n,
                                     .is_majority = source->is_disputed,
                                     .block = op->block,
                                     .as_of_ms = t.unix_ms};
    op->has_received = true;
    op->received = figure_say(op->amount, &said);
}

static void note_payer(struct wallet *w,
                       struct wallet_time t,
                       const struct tracing *x,
                       const struct payer *p,
                       const struct wallet_source *source)
{
    AUTO(operation_auto) struct operation *op = NULL;
    if (operation_new(&op, &w->budget) != OK || wallet_operation(w, x->operation, op) != OK) {
        return;
    }
    op->from = p->from;
    op->tx_hash = p->tx_hash;
    op->has_tx = true;
    op->revision++;
    if (!address_is_zero(x->token)) {
        note_said(op, t, p, source);
    }
    if (book_save_operation(w, op) == OK) {
        queue_operation(w, op->id);
    }
}

void trace_answer(struct wallet *w,
                  struct wallet_time t,
                  const struct ask *ask,
                  enum err err,
                  struct json result,
                  const struct wallet_source *source)
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
        note_payer(w, t, x, &payer, source);
        trace_end(w);
    } else if (has_list && !is_token && x->to > x->from && x->looked < TX_BLOCKS_MAX) {
        x->to--; /* perhaps in the block before */
        x->looked++;
    } else {
        trace_end(w);
    }
    trace_tick(w, t);
}
