/* The operator's Ethereum node: is it there, is it of the right chain, what does it answer. */
#include "base/check.h"
#include "evm/jsonrpc.h"
#include "node/server/server_inside.h"

#include <inttypes.h>

enum {
    CHAIN_RETRY_MS = 1000,
    CHAIN_TIMEOUT_MS = 5000,
    OWN_ANSWER_LEN_MAX = 4096,
    QUESTION_LEN_MAX = 256,
    CHAIN_QUESTION_ID = 1,
    BALANCE_QUESTION_ID = 2,
};

/* Below this the bundler is poor: about ten operations at 10 gwei. */
#define POOR_WEI UINT64_C(20000000000000000)

static void node_is_silent(struct server *s, const char *words, instant now)
{
    s->chain = SERVER_CHAIN_UNKNOWN;
    s->chain_at = instant_add(now, CHAIN_RETRY_MS * US_PER_MS);
    if (!s->is_node_silent) {
        s->is_node_silent = true;
        log_line(&s->log, LOG_WARN, "node",
                 "the Ethereum node %s does not answer (%s): peers are told so until it does",
                 s->config->node, words);
    }
}

/* An HTTP answer whose body may be JSON-RPC. */
static bool is_answer(const struct fetch_result *r)
{
    return r->err == OK && r->status >= 200 && r->status < 300;
}

MUST_CHECK static enum err read_quantity(struct u256 *ret, struct span body, uint64_t id)
{
    struct jsonrpc_response r;
    TRY(jsonrpc_response_parse(&r, body, NULL));
    if (r.is_error || !r.has_id || r.id != id) {
        return ERR_MALFORMED;
    }
    return jsonrpc_get_quantity(ret, r.result);
}

static void on_chain_id(void *user, uint64_t tag, const struct fetch_result *r)
{
    struct server *s = user;
    struct u256 answer;
    instant now = loop_now(&s->loop);
    (void)tag;
    if (!is_answer(r) || read_quantity(&answer, r->body, CHAIN_QUESTION_ID) != OK) {
        node_is_silent(s, r->err == OK ? "it gives no chain id" : r->words, now);
    } else if (!u256_equal(answer, u256_from_u64(s->network->chain_id))) {
        char other[U256_TEXT_LEN];
        (void)u256_print_decimal(other, answer);
        server_give_up(s, ERR_DENIED,
                       "The Ethereum node %s is of chain %s, but network %s is chain %" PRIu64
                       ": name the right one with --node, or another --network.",
                       s->config->node, other, s->network->id.text, s->network->chain_id);
    } else {
        s->chain = SERVER_CHAIN_RIGHT;
        if (s->is_node_silent) {
            s->is_node_silent = false;
            log_line(&s->log, LOG_INFO, "node", "the Ethereum node answers");
        }
    }
    if (s->phase == SERVER_STARTING) {
        s->phase = SERVER_RUNNING; /* server_pump tells who waits for it */
    }
    server_wake(s);
}

static void on_balance(void *user, uint64_t tag, const struct fetch_result *r)
{
    struct server *s = user;
    struct u256 wei;
    (void)tag;
    s->is_balance_asked = false;
    if (!is_answer(r) || read_quantity(&wei, r->body, BALANCE_QUESTION_ID) != OK) {
        return;
    }
    s->has_balance = true;
    s->balance = wei;
    bool is_poor = u256_compare(wei, u256_from_u64(POOR_WEI)) < 0;
    if (is_poor && !s->is_poor) {
        char has[U256_TEXT_LEN];
        char self[ADDRESS_TEXT_LEN];
        (void)u256_print_units(has, wei, U256_DECIMALS_ETHER);
        address_print(self, s->bundler_address);
        log_line(&s->log, LOG_WARN, "bundler",
                 "%s has %s ether for gas: send it some, or operations are refused", self, has);
    }
    s->is_poor = is_poor;
}

/* Asks something of our own. */
MUST_CHECK static enum err ask_own(struct server *s, struct span question, fetch_fn done)
{
    struct fetch_args args = {.url = s->config->node,
                              .body = question,
                              .answer_len_max = OWN_ANSWER_LEN_MAX,
                              .timeout_ms = CHAIN_TIMEOUT_MS,
                              .done = done,
                              .user = s};
    return fetch_post(s->fetch, &args);
}

static void ask_chain_id(struct server *s, instant now)
{
    uint8_t room[QUESTION_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    struct json_writer j = json_writer_init(&w);
    jsonrpc_request_begin(&j, CHAIN_QUESTION_ID, "eth_chainId");
    jsonrpc_request_end(&j);
    check(json_writer_end(&j) == OK);
    if (ask_own(s, span_of(room, w.n), on_chain_id) == OK) {
        s->chain = SERVER_CHAIN_ASKED;
    } else {
        node_is_silent(s, "too many requests", now);
    }
}

static void ask_balance(struct server *s)
{
    uint8_t room[QUESTION_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    struct json_writer j = json_writer_init(&w);
    jsonrpc_request_begin(&j, BALANCE_QUESTION_ID, "eth_getBalance");
    jsonrpc_put_address(&j, s->bundler_address);
    json_put_str(&j, "latest");
    jsonrpc_request_end(&j);
    check(json_writer_end(&j) == OK);
    s->is_balance_asked = ask_own(s, span_of(room, w.n), on_balance) == OK;
}

void server_chain_tick(struct server *s, instant now)
{
    if (s->chain == SERVER_CHAIN_UNKNOWN && instant_reached(s->chain_at, now)) {
        ask_chain_id(s, now);
    }
}

instant server_chain_deadline(const struct server *s)
{
    return s->chain == SERVER_CHAIN_UNKNOWN ? s->chain_at : INSTANT_NEVER;
}

void server_chain_watch(struct server *s)
{
    if (s->chain == SERVER_CHAIN_RIGHT && s->has_bundler && !s->is_balance_asked) {
        ask_balance(s);
    }
}

static void on_answer(void *user, uint64_t tag, const struct fetch_result *r)
{
    struct server *s = user;
    instant now = loop_now(&s->loop);
    if (is_answer(r)) {
        service_server_answer(&s->service, tag, r->body, now);
    } else {
        service_server_answer_failed(&s->service, tag, r->err == OK ? ERR_IO : r->err, now);
        if (r->err == ERR_IO && s->chain == SERVER_CHAIN_RIGHT) {
            node_is_silent(s, r->words, now); /* what comes back may be another chain */
        }
    }
    server_wake(s);
}

void server_chain_ask(struct server *s, const struct service_server_event *e, instant now)
{
    struct fetch_args args = {.url = s->config->node,
                              .body = e->text,
                              .answer_len_max = SERVICE_RESPONSE_LEN_MAX,
                              .timeout_ms = e->timeout_ms,
                              .done = on_answer,
                              .user = s,
                              .tag = e->token};
    if (s->chain != SERVER_CHAIN_RIGHT || fetch_post(s->fetch, &args) != OK) {
        service_server_answer_failed(&s->service, e->token, ERR_IO, now);
    }
}
