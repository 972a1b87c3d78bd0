/* Payments in of tokens, from complete logs: of each step of blocks a server gives all receipts that may hold a transfer, under hashes that
 * lead down from a trusted block, so that no log is left out, added or taken from elsewhere. Each transfer becomes an entry of its
 * own in the history, proven. What balances differ by and no log says stays an entry too, and is shown as what it is. */
#include "base/arith.h"
#include "evm/erc20.h"
#include "service/message.h"
#include "wallet/engine.h"

/* What one payment may cost: a token that many use has receipts of megabytes in each step. Behind that, what is older is asked with
 * eth_getLogs, and what is found is called inclusion_only: it happened, and there may be more. */
enum {
    BLOCKS_FIRST = 64,
    BLOCKS_LEAST = 4,
    BLOCKS_TOTAL_MAX = 2048,
    BYTES_TOTAL_MAX = 24 * 1024 * 1024,
    BYTES_ANSWER_MAX = 8 * 1024 * 1024,
    BYTES_SMALL = 1024 * 1024, /* after an answer below this twice as many blocks are asked for */
    FAILURES_MAX = 3,          /* in a row */
};

/* How many blocks the next question is about. */
static uint64_t blocks_next(const struct tracing *x)
{
    uint64_t wanted = x->blocks ? x->blocks : BLOCKS_FIRST;
    uint64_t more = x->to - x->from; /* beside the block to itself */
    return more < wanted ? more + 1 : wanted;
}

MUST_CHECK static enum err put_topics(struct buf *out, const struct tracing *x)
{
    struct wr w = wr_init_buf(out);
    static const uint8_t pad[12];
    wr_bytes(&w, SPAN_OF(erc20_event_topic.bytes));
    wr_bytes(&w, SPAN_OF(pad));
    wr_bytes(&w, SPAN_OF(x->account.bytes));
    return wr_end(&w);
}

enum err trace_prove(struct wallet *w, struct wallet_time t, const struct tracing *x)
{
    const struct network *n = wallet_network(w, x->network);
    if (!n || w->ask_count >= ASK_COUNT_MAX) {
        return n ? ERR_LIMIT : ERR_NOT_FOUND;
    }
    struct queued *q = queue_add(w, WALLET_PROVE);
    q->id = w->next_ask++;
    q->network = n;
    q->account = x->whose;
    q->proof = WALLET_PROOF_LOGS;
    q->hash = x->to_hash;
    q->block = x->to;
    q->blocks = blocks_next(x);
    q->len_max = BYTES_ANSWER_MAX;
    q->address = x->token;
    enum err err = put_topics(&q->text, x);
    w->asks[w->ask_count++] = (struct ask){
        .id = q->id,
        .what = ASK_LOGS,
        .give_up = err == OK ? instant_add(t.mono, ASK_LOGS_TIMEOUT_MS * US_PER_MS) : t.mono,
    };
    return OK;
}

/* ---- what was found becomes history ---- */

static void set_found(struct operation *op, const struct trace_found *f)
{
    op->from = f->from;
    op->tx_hash = f->tx_hash;
    op->has_tx = true;
    op->amount = figure_value(&f->amount);
    op->has_received = true;
    op->received = f->amount;
    op->block = f->block;
    op->steps[0].block = f->block;
    op->revision++;
}

/* The id follows from the log, so that an entry that is written again is the same one. */
static struct id id_of(const struct tracing *x, const struct trace_found *f, uint64_t at_ms)
{
    uint8_t index[8];
    struct wr w = wr_init(MSPAN_OF(index));
    wr_be64(&w, f->log_index);
    const struct span facts[] = {id_span(&x->whose), id_span(&x->network),
                                 SPAN_OF(f->tx_hash.bytes), SPAN_OF(index)};
    return operation_id_of(at_ms, facts, sizeof facts / sizeof facts[0]);
}

/* write_beside makes an entry beside the one of the tracing. */
MUST_CHECK static enum err
write_beside(struct wallet *w, const struct tracing *x, const struct trace_found *f)
{
    AUTO(operation_auto) struct operation *op = NULL;
    TRY(operation_new(&op, &w->budget));
    TRY(wallet_operation(w, x->operation, op));
    uint64_t at_ms = mul_sat_u64(f->time_s, 1000);
    op->id = id_of(x, f, at_ms);
    op->revision = 0;
    op->created_ms = at_ms;
    op->updated_ms = at_ms;
    op->steps[0].at_ms = at_ms;
    set_found(op, f);
    TRY(book_save_operation(w, op));
    queue_operation(w, op->id);
    return OK;
}

static struct u256 rest_of(const struct wallet *w, const struct tracing *x)
{
    return u256_compare(x->amount, w->found_sum) > 0 ? u256_sub_sat(x->amount, w->found_sum)
                                                     : U256_ZERO;
}

/* The entry of the tracing becomes one of the payments, or keeps the rest that they leave. It is written last: cut short, a payment is
 * there twice rather than not at all. */
MUST_CHECK static enum err write_found(struct wallet *w, const struct tracing *x)
{
    bool has_rest = !u256_is_zero(rest_of(w, x));
    for (size_t i = has_rest ? 0 : 1; i < w->found_count; i++) {
        TRY(write_beside(w, x, &w->found[i]));
    }
    AUTO(operation_auto) struct operation *op = NULL;
    TRY(operation_new(&op, &w->budget));
    TRY(wallet_operation(w, x->operation, op));
    if (has_rest) {
        op->amount = rest_of(w, x);
        op->revision++;
    } else {
        set_found(op, &w->found[0]);
    }
    TRY(book_save_operation(w, op));
    queue_operation(w, op->id);
    return OK;
}

/* finish: is_whole: all blocks were looked through. */
static void finish(struct wallet *w, struct tracing *x, bool is_whole)
{
    for (size_t i = 0; is_whole && i < w->found_count; i++) {
        figure_complete(&w->found[i].amount);
    }
    enum err err = w->found_count > 0 ? write_found(w, x) : OK;
    if (err != OK) {
        log_line(w->cfg.log, LOG_WARN, "wallet",
                 "payments in are proven, and could not be written down: %s", err_name(err));
    }
    struct u256 rest = rest_of(w, x);
    if (err != OK || is_whole || u256_is_zero(rest)) {
        trace_end(w);
        return;
    }
    x->amount = rest;
    x->anchor = ANCHOR_NONE; /* servers are asked who paid it */
}

/* ---- answers ---- */

/* collect notes the transfers of a step; false: there is no room for more. */
static bool
collect(struct wallet *w, struct wallet_time t, const struct tracing *x, struct proven_logs *p)
{
    const struct figure_claim claim = {.anchor = x->anchor, .as_of_ms = t.unix_ms};
    struct log_found log;
    while (proven_logs_next(p, &log)) {
        struct erc20_event event;
        struct figure amount;
        /* Nothing can be moved in anybody's name: such a log would put a payer's address here that its maker chose. */
        if (!erc20_event_decode(&event, &log.log) || u256_is_zero(event.amount) ||
            address_equal(event.from, x->account) ||
            figure_prove_transfer(&amount, p, &claim) != OK) {
            continue;
        }
        if (w->found_count == TRACE_FOUND_COUNT_MAX) {
            return false;
        }
        w->found[w->found_count++] = (struct trace_found){.from = event.from,
                                                          .tx_hash = log.transaction_hash,
                                                          .log_index = log.log_index,
                                                          .block = log.block_number,
                                                          .time_s = log.timestamp,
                                                          .amount = amount};
        w->found_sum = u256_add_sat(w->found_sum, event.amount);
    }
    return true;
}

static void take_logs(
    struct wallet *w, struct wallet_time t, struct tracing *x, struct proven_logs *p, size_t len)
{
    uint64_t blocks = blocks_next(x);
    bool has_room = collect(w, t, x, p);
    bool is_whole = has_room && x->to - x->from < blocks;
    x->failures = 0;
    x->bytes += len;
    x->blocks_total += blocks;
    if (is_whole || !has_room || u256_is_zero(rest_of(w, x)) || x->bytes >= BYTES_TOTAL_MAX ||
        x->blocks_total >= BLOCKS_TOTAL_MAX) {
        finish(w, x, is_whole);
        return;
    }
    x->to -= blocks;
    x->to_hash = proven_logs_before(p);
    if (len < BYTES_SMALL) {
        x->blocks = 2 * blocks < SERVICE_BLOCKS_MAX ? 2 * blocks : SERVICE_BLOCKS_MAX;
    }
}

void trace_proven(
    struct wallet *w, struct wallet_time t, enum err err, struct proven_logs *p, size_t len)
{
    w->is_tracing = false;
    if (w->tracing_count == 0) {
        return;
    }
    struct tracing *x = &w->tracings[0];
    uint64_t blocks = blocks_next(x);
    if (err == OK) {
        take_logs(w, t, x, p, len);
    } else if (err != ERR_NOT_FOUND && ++x->failures < FAILURES_MAX && blocks > BLOCKS_LEAST) {
        x->blocks = blocks / 4 > BLOCKS_LEAST ? blocks / 4 : BLOCKS_LEAST;
    } else {
        finish(w, x, false);
    }
    trace_tick(w, t);
}
