/* The person's own Ethereum node. */
#include "node/daemon/own_node.h"

#include "base/check.h"
#include "codec/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ANSWER_LEN_MAX = 1024 * 1024,
    ASK_LEN_MAX = 64 * 1024,
    TIMEOUT_MS = 10000,
    KEY_LEN_MAX = 40
};

static size_t store_key(char out[static KEY_LEN_MAX], struct id network)
{
    int n = snprintf(out, KEY_LEN_MAX, "node/%s", network.text);
    check(n > 0);
    return (size_t)n;
}

static void load_one(struct own_nodes *o, struct budget *budget, struct id network)
{
    char key[KEY_LEN_MAX];
    size_t n = store_key(key, network);
    AUTO(buf_done) struct buf url;
    buf_init(&url, budget, URL_LEN_MAX);
    if (o->count < OWN_NODE_COUNT_MAX &&
        o->store->get(o->store, STORE_NODE, span_of(key, n), &url) == OK && url.n > 0) {
        struct own_node_entry *e = &o->entries[o->count++];
        e->network = network;
        text_set(e->url, sizeof e->url, buf_span(&url));
    }
}

void own_nodes_load(struct own_nodes *o, struct budget *budget)
{
    o->count = 0;
    for (size_t i = 0; i < wallet_network_count(o->wallet); i++) {
        load_one(o, budget, wallet_network_at(o->wallet, i)->id);
    }
}

static struct own_node_entry *find(struct own_nodes *o, struct id network)
{
    for (size_t i = 0; i < o->count; i++) {
        if (id_equal(o->entries[i].network, network)) {
            return &o->entries[i];
        }
    }
    return NULL;
}

const char *own_nodes_url(const struct own_nodes *o, struct id network)
{
    for (size_t i = 0; i < o->count; i++) {
        if (id_equal(o->entries[i].network, network)) {
            return o->entries[i].url;
        }
    }
    return NULL;
}

/* ---- asking ---- */

/* read_reply: the result, or the error that the node itself names, with ERR_DENIED. */
static enum err read_reply(struct span *ret, const struct fetch_result *r)
{
    struct json root = {0};
    struct json value = {0};
    if (r->status != 200 || json_parse(&root, r->body, NULL) != OK) {
        return ERR_MALFORMED;
    }
    bool has_result = json_find(&value, root, "result");
    if (!has_result && !json_find(&value, root, "error")) {
        return ERR_MALFORMED;
    }
    *ret = value.raw;
    return has_result ? OK : ERR_DENIED;
}

static void on_asked(void *user, uint64_t tag, const struct fetch_result *r)
{
    struct own_nodes *o = user;
    static const struct wallet_source source = {.server = "", .k = 1, .n = 1, .own_node = true};
    struct span result = SPAN_EMPTY;
    enum err err = r->err == OK ? read_reply(&result, r) : r->err;
    wallet_answer(o->wallet, o->time(o->user), tag, err, result, &source);
    o->pump(o->user);
}

bool own_nodes_ask(struct own_nodes *o, const struct wallet_event *e)
{
    const char *url = own_nodes_url(o, e->network->id);
    if (!url || e->kind != WALLET_ASK) {
        return false;
    }
    char *text = malloc(ASK_LEN_MAX);
    if (!text) {
        abort();
    }
    struct wr w = wr_init(mspan_of(text, ASK_LEN_MAX));
    struct json_writer j = json_writer_init(&w);
    json_put_object(&j);
    json_put_name(&j, "jsonrpc");
    json_put_str(&j, "2.0");
    json_put_name(&j, "id");
    json_put_u64(&j, e->id);
    json_put_name(&j, "method");
    json_put_str(&j, e->method);
    json_put_name(&j, "params");
    json_put_raw(&j, e->params);
    json_end_object(&j);
    bool sent = json_writer_end(&j) == OK;
    if (sent) {
        struct fetch_args args = {.url = url,
                                  .body = span_of(text, w.n),
                                  .answer_len_max = ANSWER_LEN_MAX,
                                  .timeout_ms = TIMEOUT_MS,
                                  .done = on_asked,
                                  .user = o,
                                  .tag = e->id};
        sent = fetch_post(o->fetch, &args) == OK;
    }
    free(text);
    o->asked_count += sent;
    return sent;
}

/* ---- trying ---- */

struct trial {
    struct own_nodes *nodes;
    struct own_node_args args;
    char url[URL_LEN_MAX + 1];
};

static enum err keep(struct own_nodes *o, struct id network, struct span url)
{
    char key[KEY_LEN_MAX];
    size_t n = store_key(key, network);
    struct own_node_entry *e = find(o, network);
    if (url.n == 0) {
        TRY(o->store->remove(o->store, STORE_NODE, span_of(key, n)));
        if (e) {
            *e = o->entries[--o->count];
        }
        return OK;
    }
    if (!e && o->count >= OWN_NODE_COUNT_MAX) {
        return ERR_LIMIT;
    }
    TRY(o->store->put(o->store, STORE_NODE, span_of(key, n), url));
    if (!e) {
        e = &o->entries[o->count++];
        e->network = network;
    }
    text_set(e->url, sizeof e->url, url);
    return OK;
}

/* The answers to eth_chainId (id 1) and eth_getBlockByNumber (id 2), in whatever order they come. */
static bool read_found(struct own_node_found *f, struct span body)
{
    struct json root;
    struct json one;
    struct json result;
    struct json member;
    bool has_chain = false;
    bool has_block = false;
    if (json_parse(&root, body, NULL) != OK) {
        return false;
    }
    struct json_iter it = json_iterate(root);
    while (json_next(&it, NULL, &one)) {
        uint64_t id = 0;
        if (json_find_u64(&id, one, "id") != OK || !json_find(&result, one, "result")) {
            continue;
        }
        if (id == 1) {
            has_chain = view_quantity_u64(&f->chain_id, result) == OK;
        } else if (id == 2) {
            has_block = json_find(&member, result, "number") &&
                        view_quantity_u64(&f->block, member) == OK &&
                        json_find(&member, result, "timestamp") &&
                        view_quantity_u64(&f->block_s, member) == OK;
        }
    }
    return has_chain && has_block;
}

static void on_tried(void *user, uint64_t tag, const struct fetch_result *r)
{
    struct trial *t = user;
    struct own_node_found f = {.err = r->err == ERR_TIMEOUT ? ERR_TIMEOUT : ERR_DENIED,
                               .words = r->words};
    if (r->err == OK && !read_found(&f, r->body)) {
        f.words = "it does not answer as an Ethereum node does";
    } else if (r->err == OK && f.chain_id != t->args.network->chain_id) {
        f.err = ERR_AUTH;
    } else if (r->err == OK) {
        f.err = keep(t->nodes, t->args.network->id, span_str(t->url));
    }
    t->args.done(t->args.user, tag, &f);
    free(t);
}

void own_nodes_try(struct own_nodes *o, const struct own_node_args *args)
{
    struct own_node_found f = {.err = OK};
    if (args->url.n == 0) {
        f.err = keep(o, args->network->id, SPAN_EMPTY);
        args->done(args->user, args->tag, &f);
        return;
    }
    struct trial *t = calloc(1, sizeof *t);
    if (!t) {
        abort();
    }
    t->nodes = o;
    t->args = *args;
    text_set(t->url, sizeof t->url, args->url);
    struct fetch_args post = {
        .url = t->url,
        .body = SPAN_LIT("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\",\"params\":[]},"
                         "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"eth_getBlockByNumber\","
                         "\"params\":[\"latest\",false]}]"),
        .answer_len_max = ANSWER_LEN_MAX,
        .timeout_ms = TIMEOUT_MS,
        .done = on_tried,
        .user = t,
        .tag = args->tag,
    };
    if (args->url.n > URL_LEN_MAX || fetch_post(o->fetch, &post) != OK) {
        free(t);
        f.err = ERR_DENIED;
        f.words = "its address is not http:// or https://";
        args->done(args->user, args->tag, &f);
    }
}
