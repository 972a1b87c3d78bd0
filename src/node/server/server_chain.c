/* The operator's Ethereum nodes: is one there, is it of the right chain, what does it answer.
 *
 * One node is asked at a time. It gives way to the next one of the list when it cannot be reached, lets questions pass without
 * an answer, or stands still; as soon as the first answers again it is that one's turn. */
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
    LATE_COUNT_MAX = 3,      /* questions in a row without an answer: it hangs */
    STANDS_STILL_MS = 60000, /* so long it may catch up, when it has just become the one */
    FIRST_AGAIN_MS = 600000, /* until the first is looked at again that stood still */
    TURN_SHIFT = 62, /* tags: tokens are below 2^62 (service/bundler.h), the turn stands above */
};

/* Below this the bundler is poor: about ten operations at 10 gwei. */
#define POOR_WEI UINT64_C(20000000000000000)

static const char *node_of(const struct server *s)
{
    return s->config->nodes.list[s->node_at];
}

static void node_turn_to(struct server *s, size_t at, instant now)
{
    s->node_at = at;
    s->node_turn++;
    s->late_count = 0;
    s->node_since = now;
}

static void node_is_silent(struct server *s, const char *words, instant now)
{
    const struct server_nodes *nodes = &s->config->nodes;
    const char *silent = node_of(s);
    s->silent_count++;
    s->chain = SERVER_CHAIN_UNKNOWN;
    node_turn_to(s, (s->node_at + 1) % nodes->count, now);
    bool are_all_silent = s->silent_count >= nodes->count;
    s->chain_at = are_all_silent ? instant_add(now, CHAIN_RETRY_MS * US_PER_MS) : now;
    if (!are_all_silent) {
        log_line(&s->log, LOG_WARN, "node", "the Ethereum node %s does not answer (%s): %s is next",
                 silent, words, node_of(s));
    } else if (!s->is_node_silent) {
        s->is_node_silent = true;
        log_line(&s->log, LOG_WARN, "node",
                 "the Ethereum node %s does not answer (%s): peers are told so until %s does",
                 silent, words, nodes->count > 1 ? "one of them" : "it");
    }
}

void server_chain_begin(struct server *s)
{
    instant now = loop_now(&s->loop);
    s->chain = SERVER_CHAIN_UNKNOWN;
    s->chain_at = now;
    s->silent_count = 0;
    s->first_from = now;
    node_turn_to(s, 0, now);
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

static void give_up_on_chain(struct server *s, struct u256 answer)
{
    char other[U256_TEXT_LEN];
    (void)u256_print_decimal(other, answer);
    server_give_up(s, ERR_DENIED,
                   "The Ethereum node %s is of chain %s, but network %s is chain %" PRIu64
                   ": name the right one with --node, or another --network.",
                   node_of(s), other, s->network->id.text, s->network->chain_id);
}

static bool is_our_chain(const struct server *s, struct u256 id)
{
    return u256_equal(id, u256_from_u64(s->network->chain_id));
}

static void on_chain_id(void *user, uint64_t tag, const struct fetch_result *r)
{
    struct server *s = user;
    struct u256 answer;
    instant now = loop_now(&s->loop);
    if (tag != s->node_turn) {
        return; /* of a node that is not the one any more */
    }
    if (!is_answer(r) || read_quantity(&answer, r->body, CHAIN_QUESTION_ID) != OK) {
        node_is_silent(s, r->err == OK ? "it gives no chain id" : r->words, now);
    } else if (!is_our_chain(s, answer)) {
        give_up_on_chain(s, answer);
    } else {
        s->chain = SERVER_CHAIN_RIGHT;
        if (s->is_node_silent || s->silent_count > 0) {
            log_line(&s->log, LOG_INFO, "node", "the Ethereum node %s answers", node_of(s));
        }
        s->is_node_silent = false;
        s->silent_count = 0;
    }
    bool is_known = s->chain == SERVER_CHAIN_RIGHT || s->silent_count >= s->config->nodes.count;
    if (s->phase == SERVER_STARTING && is_known) {
        s->phase = SERVER_RUNNING; /* server_pump tells who waits for it */
    }
    server_wake(s);
}

/* The first of the list, while another has its turn. */
static void on_first(void *user, uint64_t tag, const struct fetch_result *r)
{
    struct server *s = user;
    struct u256 answer;
    s->is_first_asked = false;
    if (tag != s->node_turn || !is_answer(r) ||
        read_quantity(&answer, r->body, CHAIN_QUESTION_ID) != OK || !is_our_chain(s, answer)) {
        return;
    }
    node_turn_to(s, 0, loop_now(&s->loop));
    log_line(&s->log, LOG_INFO, "node", "the Ethereum node %s answers again", node_of(s));
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

/* Asks the node at `at` something of our own. */
MUST_CHECK static enum err ask_own(struct server *s, size_t at, struct span question, fetch_fn done)
{
    struct fetch_args args = {.url = s->config->nodes.list[at],
                              .body = question,
                              .answer_len_max = OWN_ANSWER_LEN_MAX,
                              .timeout_ms = CHAIN_TIMEOUT_MS,
                              .done = done,
                              .user = s,
                              .tag = s->node_turn};
    return fetch_post(s->fetch, &args);
}

MUST_CHECK static enum err ask_chain_id(struct server *s, size_t at, fetch_fn done)
{
    uint8_t room[QUESTION_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    struct json_writer j = json_writer_init(&w);
    jsonrpc_request_begin(&j, CHAIN_QUESTION_ID, "eth_chainId");
    jsonrpc_request_end(&j);
    check(json_writer_end(&j) == OK);
    return ask_own(s, at, span_of(room, w.n), done);
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
    s->is_balance_asked = ask_own(s, s->node_at, span_of(room, w.n), on_balance) == OK;
}

void server_chain_tick(struct server *s, instant now)
{
    if (s->chain != SERVER_CHAIN_UNKNOWN || !instant_reached(s->chain_at, now)) {
        return;
    }
    if (ask_chain_id(s, s->node_at, on_chain_id) == OK) {
        s->chain = SERVER_CHAIN_ASKED;
    } else {
        node_is_silent(s, "too many requests", now);
    }
}

instant server_chain_deadline(const struct server *s)
{
    return s->chain == SERVER_CHAIN_UNKNOWN ? s->chain_at : INSTANT_NEVER;
}

/* Several nodes: is this one still good, and is the first there again? */
static void watch_nodes(struct server *s)
{
    instant now = loop_now(&s->loop);
    bool had_time = instant_since(s->node_since, now) > STANDS_STILL_MS * US_PER_MS;
    if (had_time && server_is_head_late(s)) {
        s->first_from = instant_add(now, FIRST_AGAIN_MS * US_PER_MS);
        node_is_silent(s, "it stands still", now);
    } else if (s->node_at > 0 && !s->is_first_asked && instant_reached(s->first_from, now)) {
        s->is_first_asked = ask_chain_id(s, 0, on_first) == OK;
    }
}

void server_chain_watch(struct server *s)
{
    if (s->chain == SERVER_CHAIN_RIGHT && s->has_bundler && !s->is_balance_asked) {
        ask_balance(s);
    }
    if (s->chain == SERVER_CHAIN_RIGHT && s->config->nodes.count > 1) {
        watch_nodes(s);
    }
}

/* A question of a peer that failed: is it the node's fault, so that another has its turn? */
static void note_failure(struct server *s, uint64_t tag, const struct fetch_result *r, instant now)
{
    bool is_of_this = tag >> TURN_SHIFT == (s->node_turn & 3) && s->chain == SERVER_CHAIN_RIGHT;
    if (!is_of_this) {
        return;
    }
    if (r->err == ERR_IO) {
        node_is_silent(s, r->words, now); /* what comes back may be another chain */
    } else if (r->err == ERR_TIMEOUT && s->config->nodes.count > 1 &&
               ++s->late_count >= LATE_COUNT_MAX) {
        node_is_silent(s, "it hangs", now);
    }
}

static void on_answer(void *user, uint64_t tag, const struct fetch_result *r)
{
    struct server *s = user;
    instant now = loop_now(&s->loop);
    uint64_t token = tag & ((UINT64_C(1) << TURN_SHIFT) - 1);
    if (is_answer(r)) {
        s->late_count = 0;
        service_server_answer(&s->service, token, r->body, now);
    } else {
        service_server_answer_failed(&s->service, token, r->err == OK ? ERR_IO : r->err, now);
        note_failure(s, tag, r, now);
    }
    server_wake(s);
}

void server_chain_ask(struct server *s, const struct service_server_event *e, instant now)
{
    struct fetch_args args = {.url = node_of(s),
                              .body = e->text,
                              .answer_len_max = SERVICE_RESPONSE_LEN_MAX,
                              .timeout_ms = e->timeout_ms,
                              .done = on_answer,
                              .user = s,
                              .tag = s->node_turn << TURN_SHIFT | e->token};
    if (s->chain != SERVER_CHAIN_RIGHT || fetch_post(s->fetch, &args) != OK) {
        service_server_answer_failed(&s->service, e->token, ERR_IO, now);
    }
}
