/* The server on this machine: what the page and the command line ask of the process that keeps it. */
#include "node/api/api_inside.h"
#include "node/api/api_methods.h"

/* Nothing of the wallet is in it, so a locked wallet answers too. */
enum api_done api_do_plugin_status(struct api_call *c)
{
    c->api->cfg.node->write_plugin(c->api->cfg.node, c->w.j);
    return API_DONE;
}

enum api_done api_do_plugin_log(struct api_call *c)
{
    uint64_t after = 0;
    if (json_find_u64(&after, c->params, "after") != OK) {
        after = 0;
    }
    json_put_object(c->w.j);
    json_put_name(c->w.j, "lines");
    json_put_array(c->w.j);
    c->api->cfg.node->write_plugin_log(c->api->cfg.node, c->w.j, after);
    json_end_array(c->w.j);
    json_end_object(c->w.j);
    return API_DONE;
}

/* The word of keeper.h for each method. */
static const char *word_of(enum api_method_id method)
{
    static const struct {
        enum api_method_id method;
        const char *word;
    } words[] = {
        {API_METHOD_PLUGIN_CANCEL,            "cancel"  },
        {API_METHOD_PLUGIN_CHECK,             "check"   },
        {API_METHOD_PLUGIN_INSTALL,           "install" },
        {API_METHOD_PLUGIN_REMOVE,            "remove"  },
        {API_METHOD_PLUGIN_REPOSITORY_AGREE,  "agree"   },
        {API_METHOD_PLUGIN_REPOSITORY_ADD,    "add"     },
        {API_METHOD_PLUGIN_REPOSITORY_FORGET, "forget"  },
        {API_METHOD_PLUGIN_SETTINGS_SET,      "settings"},
        {API_METHOD_PLUGIN_START,             "start"   },
        {API_METHOD_PLUGIN_STOP,              "stop"    },
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i].method == method) {
            return words[i].word;
        }
    }
    return "";
}

/* The command line is whoever owns the files: it needs no open wallet. */
enum api_done api_do_plugin(struct api_call *c)
{
    struct api *a = c->api;
    if (wallet_is_locked(c->w.wallet) && c->caller.way != API_WAY_LOCAL) {
        return api_refuse(c, "locked");
    }
    struct api_pending *p = api_pend_of_node(c);
    if (!p) {
        return API_REFUSED;
    }
    if (!a->cfg.node->plugin_do(a->cfg.node, p->task, word_of(c->method), c->params.raw)) {
        *p = (struct api_pending){0};
        return api_refuse(c, "plugin_unavailable");
    }
    return API_LATER;
}

void api_plugin_done(struct api *a, uint64_t id, struct span code)
{
    struct api_pending *p = api_pending_of_node(a, id);
    struct coded why = {0};
    if (!p) {
        return;
    }
    if (code.n == 0) {
        api_finish(a, p, SPAN_LIT("{}"), &why);
        return;
    }
    if (span_equal(code, SPAN_LIT("plugin_busy"))) {
        coded_set(&why, "plugin_busy");
    } else if (span_equal(code, SPAN_LIT("plugin_unavailable"))) {
        coded_set(&why, "plugin_unavailable");
    } else {
        coded_set(&why, "plugin_refused");
        coded_add(&why, "reason", code);
    }
    api_finish(a, p, SPAN_EMPTY, &why);
}

void api_plugin_changed(struct api *a)
{
    a->is_stale[API_TOPIC_PLUGIN] = true;
}
