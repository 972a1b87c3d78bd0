/* The local API as a whole: requests from each way in, over a wallet with an account, a chain that answers, and a node. The
 * input is lines. A line is a request, but for those of one letter: h, w, l (from now on over HTTP, WebSocket, Unix socket),
 * t (time passes and the wallet gets its answers), f and F, n and N (faucet and own node come to a good or bad end), g (the
 * caller has gone). In a request @a stands for the account's id, @o for the newest operation's, @c for the newest ceremony's.
 * Every request gets at most one answer, under its own id; all that comes out is JSON and fits the schemas. */
#include "api_tables.h"
#include "base/check.h"
#include "node/api/api_check.h"
#include "node/api/api_port_test.h"
#include "wallet/world_test.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The store in memory holds a few hundred records. */
enum { REQUEST_COUNT_MAX = 40, REQUEST_LEN_MAX = 8192 };

struct talk {
    struct world w;
    struct api_port node;
    struct api *api;
    struct api_caller caller;
    size_t requests;
    size_t replies;
};

static struct talk talk;

static void tell(void *user, const struct wallet_event *e)
{
    struct talk *k = user;
    if (k->api) {
        api_wallet_event(k->api, k->w.t, e);
    }
}

/* ---- what comes out ---- */

static bool fits(struct json v, uint16_t node)
{
    struct api_fault fault;
    return api_check(v, node, &fault) == OK;
}

static bool fits_some_method(struct json result)
{
    for (size_t i = 0; i < API_METHOD_COUNT; i++) {
        if (fits(result, api_methods[i].result)) {
            return true;
        }
    }
    return false;
}

static void check_reply(struct json root)
{
    struct json v;
    struct json code;
    check(json_count(root) == 3);
    check(json_find(&v, root, "id"));
    if (json_find(&v, root, "result")) {
        check(fits_some_method(v));
        return;
    }
    check(json_find(&v, root, "error"));
    check(json_find(&code, v, "code"));
    check(json_find(&code, v, "message"));
}

static void check_event(struct json root)
{
    struct json params = {0};
    struct json topic = {0};
    struct json kind = {0};
    struct json data = {0};
    check(json_find(&params, root, "params"));
    check(json_find(&topic, params, "topic"));
    check(json_find(&kind, params, "kind"));
    check(json_find(&data, params, "data"));
    bool is_snapshot = json_string_equal(kind, SPAN_LIT("snapshot"));
    for (size_t i = 0; i < API_TOPIC_COUNT; i++) {
        if (json_string_equal(topic, span_str(api_topics[i].name))) {
            check(fits(data, is_snapshot ? api_topics[i].snapshot : api_topics[i].update));
            return;
        }
    }
    check(false); /* no such topic */
}

static void drain(struct talk *k)
{
    struct api_event e;
    struct json root;
    while (api_poll(k->api, &e)) {
        check(e.caller == k->caller.id);
        check(json_parse(&root, e.text, NULL) == OK);
        if (e.is_reply) {
            check_reply(root);
            k->replies++;
        } else {
            check_event(root);
        }
    }
    check(k->replies <= k->requests);
}

/* ---- what goes in ---- */

static const char *id_of(const struct talk *k, uint8_t letter)
{
    struct wallet *w = k->w.wallet;
    size_t requests = wallet_request_count(w);
    size_t ceremonies = wallet_ceremony_count(w);
    switch (letter) {
    case 'a': return wallet_settings(w)->account.text;
    case 'o': return requests ? wallet_request_at(w, requests - 1)->id.text : "none";
    case 'c': return ceremonies ? wallet_ceremony_at(w, ceremonies - 1)->id.text : "none";
    default:  return "@";
    }
}

static void ask(struct talk *k, struct span line)
{
    static uint8_t text[REQUEST_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(text));
    for (size_t i = 0; i < line.n; i++) {
        if (line.p[i] == '@' && i + 1 < line.n) {
            i++;
            wr_str(&w, id_of(k, line.p[i]));
        } else {
            wr_u8(&w, line.p[i]);
        }
    }
    if (wr_ok(&w) && k->requests < REQUEST_COUNT_MAX) {
        k->requests++;
        api_request(k->api, k->w.t, k->caller, span_of(text, w.n));
    }
}

static void turn(struct talk *k, uint64_t ms)
{
    world_turn(&k->w, ms);
    api_tick(k->api, k->w.t);
    check(instant_before(k->w.t.mono, api_deadline(k->api))); /* nothing is left that is due */
}

static void end_faucet(struct talk *k, enum err err)
{
    struct api_faucet_result r = {
        .err = err, .amount = u256_from_u64(1), .wait_s = 30, .reason = "no \"money\""};
    api_faucet_done(k->api, k->w.t, k->node.faucet, &r);
}

static void end_node(struct talk *k, enum err err)
{
    struct api_node_result r = {.err = err, .chain_id = 1, .block = 5, .words = "no"};
    api_node_set_done(k->api, k->w.t, k->node.node, &r);
}

static void command(struct talk *k, uint8_t letter)
{
    switch (letter) {
    case 'h': k->caller.way = API_WAY_HTTP; break;
    case 'w': k->caller.way = API_WAY_WEBSOCKET; break;
    case 'l': k->caller.way = API_WAY_LOCAL; break;
    case 't': turn(k, 500); break;
    case 'f': end_faucet(k, OK); break;
    case 'F': end_faucet(k, ERR_LIMIT); break;
    case 'n': end_node(k, OK); break;
    case 'N': end_node(k, ERR_AUTH); break;
    case 'g': api_caller_gone(k->api, k->caller.id); break;
    default:  break;
    }
}

static void start(struct talk *k)
{
    struct coded why = {0};
    *k = (struct talk){
        .caller = {.id = 8, .way = API_WAY_LOCAL}
    };
    budget_init(test_budget(), NULL, "fuzz", (size_t)64 << 20);
    api_port_init(&k->node);
    check(world_init(&k->w));
    text_set(k->w.networks[0].faucet, sizeof k->w.networks[0].faucet,
             SPAN_LIT("http://127.0.0.1:1/"));
    k->w.tell = tell;
    k->w.user = k;
    struct api_cfg cfg = {.budget = test_budget(),
                          .rng = &k->w.rng.rng,
                          .wallet = k->w.wallet,
                          .node = &k->node.port,
                          .version = "0.1.0",
                          .build = "fuzz",
                          .origin = "http://passmesh.localhost:7878"};
    check(api_new(&k->api, &cfg, k->w.t) == OK);
    check(world_enroll(&k->w, "Main", NULL, &why));
    turn(k, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct talk *k = &talk;
    struct span rest = span_of(data, size);
    start(k);
    while (rest.n > 0) {
        const uint8_t *end = memchr(rest.p, '\n', rest.n);
        size_t n = end ? (size_t)(end - rest.p) : rest.n;
        struct span line = span_of(rest.p, n);
        rest = span_from(rest, end ? n + 1 : n);
        if (line.n == 1) {
            command(k, line.p[0]);
        } else {
            ask(k, line);
        }
        drain(k);
    }
    api_free(k->api);
    world_done(&k->w);
    check(test_budget()->used == 0);
    budget_done(test_budget());
    return 0;
}
