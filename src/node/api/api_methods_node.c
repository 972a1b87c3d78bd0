/* What the node itself answers: naming an Ethereum node of one's own, this machine's hardware. */
#include "node/api/api_inside.h"
#include "node/api/api_methods.h"

enum {
    PROBE_WAIT_MS = 1000,
    PROBE_TEXT_LEN_MAX = 512, /* format multiaddr */
};

enum api_done api_do_network_node_set(struct api_call *c)
{
    struct api *a = c->api;
    uint8_t room[URL_LEN_MAX + 1];
    const struct network *n = wallet_network(c->w.wallet, api_param_id(c, "network_id"));
    if (wallet_is_locked(c->w.wallet)) {
        return api_refuse(c, "locked");
    }
    if (!n) {
        return api_refuse(c, "unknown_network");
    }
    struct api_pending *p = api_pend_of_node(c);
    if (!p) {
        return API_REFUSED;
    }
    p->network = n->id;
    a->cfg.node->set_node(a->cfg.node, p->task, n, api_param_text(c, "url", MSPAN_OF(room)));
    return API_LATER;
}

static void set_refusal(struct coded *why, const struct network *n, const struct api_node_result *r)
{
    if (r->err == ERR_AUTH) {
        coded_set(why, "wrong_chain");
        coded_add_u64(why, "expected", n->chain_id);
        coded_add_u64(why, "got", r->chain_id);
    } else if (r->err == ERR_TIMEOUT) {
        coded_set(why, "server_timeout");
        coded_add_u64(why, "seconds", 10);
    } else {
        coded_set(why, "server_refused");
        coded_add_str(why, "reason", r->words ? r->words : err_name(r->err));
    }
}

void api_node_set_done(struct api *a,
                       struct wallet_time t,
                       uint64_t id,
                       const struct api_node_result *r)
{
    struct api_pending *p = api_pending_of_node(a, id);
    const struct network *n = p ? wallet_network(a->cfg.wallet, p->network) : NULL;
    if (!n) {
        return;
    }
    AUTO(buf_done) struct buf text;
    buf_init(&text, &a->budget, API_ANSWER_LEN_MAX);
    struct wr w = wr_init_buf(&text);
    struct json_writer j = json_writer_init(&w);
    struct coded why = {0};
    uint64_t now_s = t.unix_ms / 1000;
    json_put_object(&j);
    json_put_name(&j, "chain_id");
    json_put_u64(&j, r->chain_id);
    json_put_name(&j, "block");
    json_put_u64(&j, r->block);
    json_put_name(&j, "age_s");
    json_put_u64(&j, r->block_s && now_s > r->block_s ? now_s - r->block_s : 0);
    json_end_object(&j);
    if (r->err != OK) {
        set_refusal(&why, n, r);
    }
    api_finish(a, p, r->err == OK ? buf_span(&text) : SPAN_EMPTY, &why);
    a->is_stale[API_TOPIC_NETWORK] = true;
}

/* Nothing of the wallet is in it, so a locked wallet answers too. */
enum api_done api_do_hardware(struct api_call *c)
{
    c->api->cfg.node->write_hardware(c->api->cfg.node, c->w.j);
    return API_DONE;
}

enum api_done api_do_net_status(struct api_call *c)
{
    if (wallet_is_locked(c->w.wallet)) {
        return api_refuse(c, "locked");
    }
    c->api->cfg.node->write_net(c->api->cfg.node, c->w.j);
    return API_DONE;
}

static void refuse_probe(struct coded *why, enum err err)
{
    if (err == ERR_STATE) {
        coded_set(why, "rate_limited");
        coded_add_u64(why, "wait_ms", PROBE_WAIT_MS);
        return;
    }
    coded_set(why, "invalid_params");
    coded_add_str(why, "field", "peer");
    coded_add_str(why, "rule", err == ERR_UNSUPPORTED ? "self" : "format");
}

/* The command line is whoever owns the files: it needs no open wallet. */
enum api_done api_do_net_probe(struct api_call *c)
{
    struct api *a = c->api;
    uint8_t room[PROBE_TEXT_LEN_MAX];
    uint64_t pings = 1;
    struct json v;
    if (api_param(c, &v, "pings") && json_get_u64(&pings, v) != OK) {
        pings = 1;
    }
    struct api_pending *p = api_pend_of_node(c);
    if (!p) {
        return API_REFUSED;
    }
    struct api_net_probe args = {.peer = api_param_text(c, "peer", MSPAN_OF(room)),
                                 .goal = api_param_plain(c, "goal"),
                                 .pings = (uint32_t)pings}; /* <= 10, by the schema */
    enum err err = a->cfg.node->net_probe(a->cfg.node, p->task, &args);
    if (err != OK) {
        *p = (struct api_pending){0};
        refuse_probe(&c->why, err);
        return API_REFUSED;
    }
    return API_LATER;
}

void api_net_done(struct api *a, uint64_t id, struct span result)
{
    struct api_pending *p = api_pending_of_node(a, id);
    struct coded why = {0};
    if (!p) {
        return;
    }
    if (result.n == 0) {
        coded_set(&why, "internal");
        coded_add_str(&why, "where", "net_probe");
    }
    api_finish(a, p, result, &why);
}
