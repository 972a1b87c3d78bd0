/* Ether out of the bundler's account: ask the node, ask the person, have keyd sign, send, wait for the block. */
#include "node/server/server_withdraw.h"

#include "base/check.h"
#include "evm/jsonrpc.h"
#include "evm/tx.h"
#include "node/server/server_inside.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    TIMEOUT_MS = 10000,
    ANSWER_LEN_MAX = 1024 * 1024,
    QUESTION_LEN_MAX = 1024,
    LOOK_MS = 500,
    LOOKS_MAX = 240, /* two minutes */
};

struct payout {
    struct server *s;
    const struct server_withdrawal *what;
    struct server_withdrawal_plan plan;
    struct tx tx;
    uint64_t question; /* number of the last */
    struct buf answer;
    enum err answered;
    char words[160];
};

/* ---- asking the node, one question at a time ---- */

static void on_answer(void *user, uint64_t tag, const struct fetch_result *r)
{
    struct payout *w = user;
    (void)tag;
    buf_clear(&w->answer);
    w->answered = r->err != OK || r->status != 200 ? ERR_IO : buf_append(&w->answer, r->body);
    (void)snprintf(w->words, sizeof w->words, "%s",
                   r->err != OK ? r->words : "no answer of a node");
    loop_stop(&w->s->loop);
}

struct question {
    struct wr w;
    struct json_writer j;
    const char *method;
    uint8_t room[QUESTION_LEN_MAX];
};

static void question_begin(struct question *q, struct payout *w, const char *method)
{
    q->method = method;
    q->w = wr_init(MSPAN_OF(q->room));
    q->j = json_writer_init(&q->w);
    jsonrpc_request_begin(&q->j, ++w->question, method);
}

/* *ret_result points into w->answer, until the next question. */
MUST_CHECK static enum err
question_ask(struct question *q, struct payout *w, struct json *ret_result)
{
    struct server *s = w->s;
    struct jsonrpc_response r;
    jsonrpc_request_end(&q->j);
    check(json_writer_end(&q->j) == OK);
    const struct fetch_args args = {.url = s->config->nodes.list[0],
                                    .body = span_of(q->room, q->w.n),
                                    .answer_len_max = ANSWER_LEN_MAX,
                                    .timeout_ms = TIMEOUT_MS,
                                    .done = on_answer,
                                    .user = w};
    w->answered = ERR_IO;
    (void)snprintf(w->words, sizeof w->words, "its address is not right");
    if (fetch_post(s->fetch, &args) == OK) {
        loop_run(&s->loop);
    }
    if (w->answered != OK || jsonrpc_response_parse(&r, buf_span(&w->answer), NULL) != OK ||
        !r.has_id || r.id != w->question) {
        server_give_up(s, ERR_IO, "The Ethereum node %s does not answer %s: %s.",
                       s->config->nodes.list[0], q->method,
                       w->answered == OK ? "its answer is broken" : w->words);
        return ERR_IO;
    }
    if (r.is_error) {
        server_give_up(s, ERR_DENIED, "The Ethereum node refuses %s: %.*s.", q->method,
                       (int)r.message.raw.n, (const char *)r.message.raw.p);
        return ERR_DENIED;
    }
    *ret_result = r.result;
    return OK;
}

MUST_CHECK static enum err ask_quantity(struct payout *w, struct question *q, struct u256 *ret)
{
    struct json result;
    TRY(question_ask(q, w, &result));
    if (jsonrpc_get_quantity(ret, result) != OK) {
        server_give_up(w->s, ERR_MALFORMED, "The Ethereum node answers %s with no number.",
                       q->method);
        return ERR_MALFORMED;
    }
    return OK;
}

MUST_CHECK static enum err
ask_of_account(struct payout *w, struct u256 *ret, const char *method, const char *block)
{
    struct question q;
    question_begin(&q, w, method);
    jsonrpc_put_address(&q.j, w->plan.from);
    json_put_str(&q.j, block);
    return ask_quantity(w, &q, ret);
}

/* ---- what can be taken ---- */

MUST_CHECK static enum err check_chain(struct payout *w)
{
    struct server *s = w->s;
    struct question q;
    struct u256 chain;
    question_begin(&q, w, "eth_chainId");
    TRY(ask_quantity(w, &q, &chain));
    if (!u256_equal(chain, u256_from_u64(s->network->chain_id))) {
        char other[U256_TEXT_LEN];
        (void)u256_print_decimal(other, chain);
        server_give_up(s, ERR_DENIED,
                       "The Ethereum node %s is of chain %s, but network %s is chain %" PRIu64
                       ": name the right one with --node, or another --network.",
                       s->config->nodes.list[0], other, s->network->id.text, s->network->chain_id);
        return ERR_DENIED;
    }
    return OK;
}

/* An operation that was promised needs the money and the nonce. */
MUST_CHECK static enum err check_quiet(struct payout *w)
{
    struct server *s = w->s;
    struct u256 latest;
    struct u256 pending;
    size_t open = 0;
    for (size_t i = 0; s->has_bundler && i < s->config->bundler.ops_max; i++) {
        enum service_userop_state state = s->bundler.ops[i].state;
        open += state == SERVICE_USEROP_ACCEPTED || state == SERVICE_USEROP_SENT;
    }
    if (open > 0) {
        server_give_up(s, ERR_STATE,
                       "%zu operation%s under way: start the server again, and stop it when all "
                       "are included.",
                       open, open == 1 ? " is" : "s are");
        return ERR_STATE;
    }
    TRY(ask_of_account(w, &latest, "eth_getTransactionCount", "latest"));
    TRY(ask_of_account(w, &pending, "eth_getTransactionCount", "pending"));
    if (!u256_equal(latest, pending) || u256_to_u64(&w->tx.nonce, latest) != OK) {
        server_give_up(s, ERR_STATE,
                       "A transaction of the bundler still waits at the node: try again when it "
                       "is in a block.");
        return ERR_STATE;
    }
    return OK;
}

MUST_CHECK static enum err ask_fee(struct payout *w)
{
    struct question q;
    struct json block;
    struct u256 base;
    question_begin(&q, w, "eth_getBlockByNumber");
    json_put_str(&q.j, "latest");
    json_put_bool(&q.j, false);
    TRY(question_ask(&q, w, &block));
    if (jsonrpc_find_quantity(&base, block, "baseFeePerGas") != OK) {
        server_give_up(w->s, ERR_UNSUPPORTED, "This chain has no base fee (EIP-1559).");
        return ERR_UNSUPPORTED;
    }
    question_begin(&q, w, "eth_maxPriorityFeePerGas");
    TRY(ask_quantity(w, &q, &w->tx.max_priority_fee_per_gas));
    /* The base fee may rise by an eighth a block: twice as much lasts for five full ones. */
    w->tx.max_fee_per_gas =
        u256_add_sat(u256_mul_sat(base, u256_from_u64(2)), w->tx.max_priority_fee_per_gas);
    return OK;
}

/* A receiver with code may need more than the 21000 of a plain transfer. */
MUST_CHECK static enum err ask_gas(struct payout *w)
{
    struct question q;
    struct u256 gas;
    question_begin(&q, w, "eth_estimateGas");
    json_put_object(&q.j);
    json_put_name(&q.j, "from");
    jsonrpc_put_address(&q.j, w->plan.from);
    json_put_name(&q.j, "to");
    jsonrpc_put_address(&q.j, w->plan.to);
    json_put_name(&q.j, "value");
    jsonrpc_put_u64(&q.j, 1);
    json_end_object(&q.j);
    TRY(ask_quantity(w, &q, &gas));
    if (u256_to_u64(&w->tx.gas_limit, gas) != OK || w->tx.gas_limit > 1000000) {
        server_give_up(w->s, ERR_LIMIT, "The receiver would use up more than a million gas.");
        return ERR_LIMIT;
    }
    return OK;
}

MUST_CHECK static enum err plan(struct payout *w)
{
    struct server *s = w->s;
    struct server_withdrawal_plan *p = &w->plan;
    *p = (struct server_withdrawal_plan){.from = s->bundler_address,
                                         .to = w->what->to,
                                         .network = s->network->id.text,
                                         .chain_id = s->network->chain_id};
    w->tx = (struct tx){.type = TX_FEE_MARKET,
                        .has_chain_id = true,
                        .chain_id = p->chain_id,
                        .has_to = true,
                        .to = p->to};
    if (address_equal(p->to, p->from)) {
        server_give_up(s, ERR_MALFORMED, "That address is the bundler's own.");
        return ERR_MALFORMED;
    }
    TRY(check_chain(w));
    TRY(check_quiet(w));
    TRY(ask_of_account(w, &p->has, "eth_getBalance", "latest"));
    TRY(ask_fee(w));
    TRY(ask_gas(w));
    p->fee_max = u256_mul_sat(w->tx.max_fee_per_gas, u256_from_u64(w->tx.gas_limit));
    p->value = w->what->takes_all ? u256_sub_sat(p->has, p->fee_max) : w->what->wei;
    if (u256_is_zero(p->value) || u256_compare(u256_add_sat(p->value, p->fee_max), p->has) > 0) {
        char has[U256_TEXT_LEN];
        char fee[U256_TEXT_LEN];
        (void)u256_print_units(has, p->has, U256_DECIMALS_ETHER);
        (void)u256_print_units(fee, p->fee_max, U256_DECIMALS_ETHER);
        server_give_up(s, ERR_LIMIT,
                       "The bundler has %s ether, of which up to %s go for gas: name a smaller "
                       "amount above 0.",
                       has, fee);
        return ERR_LIMIT;
    }
    w->tx.value = p->value;
    return OK;
}

/* ---- sending ---- */

MUST_CHECK static enum err sign(struct payout *w, struct buf *raw)
{
    struct server *s = w->s;
    struct secp256k1_signature sig;
    enum err err = tx_encode(&w->tx, raw);
    if (err == OK) {
        err = keyd_client_sign_withdrawal(&s->keyd, &sig, s->bundler_key.id, buf_span(raw));
    }
    if (err == OK) {
        err = tx_sign_with(&w->tx, &sig);
    }
    buf_clear(raw);
    if (err == OK) {
        err = tx_encode(&w->tx, raw);
    }
    if (err != OK) {
        server_give_up(s, err, "The key process does not sign: %s.", err_name(err));
    }
    return err;
}

MUST_CHECK static enum err give_to_node(struct payout *w, struct span raw)
{
    struct question q;
    struct json result;
    question_begin(&q, w, "eth_sendRawTransaction");
    jsonrpc_put_data(&q.j, raw);
    return question_ask(&q, w, &result);
}

static void on_look(void *user)
{
    struct server *s = user;
    loop_stop(&s->loop);
}

MUST_CHECK static enum err wait_for_block(struct payout *w, struct server_withdrawal_done *done)
{
    struct server *s = w->s;
    struct alarm alarm;
    enum err err = OK;
    alarm_init(&alarm, &s->loop, on_look, s);
    for (int i = 0; i < LOOKS_MAX && err == OK && !done->is_included; i++) {
        struct question q;
        struct json receipt;
        question_begin(&q, w, "eth_getTransactionReceipt");
        json_put_hex(&q.j, SPAN_OF(done->tx_hash.bytes));
        err = question_ask(&q, w, &receipt);
        done->is_included =
            err == OK && jsonrpc_find_u64(&done->block, receipt, "blockNumber") == OK;
        if (err == OK && !done->is_included) {
            alarm_set(&alarm, instant_add(loop_now(&s->loop), LOOK_MS * US_PER_MS));
            loop_run(&s->loop);
        }
    }
    alarm_done(&alarm);
    (void)loop_turn(&s->loop); /* its handle closes */
    if (err == OK && !done->is_included) {
        server_give_up(s, ERR_TIMEOUT,
                       "It is sent, but in no block after two minutes: look for its hash.");
        err = ERR_TIMEOUT;
    }
    return err;
}

MUST_CHECK static enum err withdraw(struct payout *w,
                                    const struct server_withdrawal_port *port,
                                    struct server_withdrawal_done *ret_done)
{
    struct server *s = w->s;
    AUTO(buf_done) struct buf raw;
    buf_init(&raw, &s->budget, QUESTION_LEN_MAX / 4);
    TRY(server_start_base(s));
    TRY(server_start_keyd(s, KEYD_MAY_WITHDRAW));
    TRY(server_start_bundler(s));
    TRY(server_close_sandbox(s));
    TRY(plan(w));
    if (!port->confirm(port->user, &w->plan)) {
        server_give_up(s, ERR_DENIED, "Nothing was sent.");
        return ERR_DENIED;
    }
    TRY(sign(w, &raw));
    tx_hash(&ret_done->tx_hash, buf_span(&raw));
    TRY(give_to_node(w, buf_span(&raw)));
    port->sent(port->user, &ret_done->tx_hash);
    return wait_for_block(w, ret_done);
}

enum err server_withdraw(const struct server_config *config,
                         const struct server_withdrawal *what,
                         const struct server_withdrawal_port *port,
                         struct server_withdrawal_done *ret_done,
                         char ret_text[static SERVER_TEXT_LEN])
{
    struct payout w = {.what = what};
    *ret_done = (struct server_withdrawal_done){.is_included = false};
    TRY(server_new(&w.s, config, ret_text));
    buf_init(&w.answer, &w.s->budget, ANSWER_LEN_MAX);
    enum err err = withdraw(&w, port, ret_done);
    buf_done(&w.answer);
    (void)server_end(w.s);
    return err;
}
