/* What the daemon asks for. */
#include "node/plugin/keeper_inside.h"

#include "codec/base64.h"

#include <stdio.h>
#include <string.h>

enum { ANSWER_LEN_MAX = 1024, ROOT_LEN_MAX = 64 << 10 };

/* NULL: done, or begun; else the code of why not. */
typedef const char *(*command_fn)(struct keeper *k, struct json params);

static const char *do_add(struct keeper *k, struct json params)
{
    static uint8_t root[ROOT_LEN_MAX];
    char url[REPOSITORY_URL_LEN_MAX];
    struct span text;
    struct span encoded;
    struct wr w = wr_init(MSPAN_OF(root));
    if (json_find_plain(&text, params, "url") != OK || text.n >= sizeof url ||
        json_find_plain(&encoded, params, "root") != OK) {
        return "repository_address";
    }
    if (base64_decode(&w, BASE64_URL_BARE, encoded) != OK) {
        return "repository_file";
    }
    url[span_copy(mspan_of(url, sizeof url - 1), text)] = '\0';
    if (k->job != KEEPER_REST) {
        return "plugin_busy";
    }
    return plugin_add_root(&k->plugin, url, span_of(root, w.n)) == OK ? NULL : k->plugin.code;
}

static const char *do_forget(struct keeper *k, struct json params)
{
    struct span id = SPAN_EMPTY;
    struct json member;
    if (json_find(&member, params, "id") && json_get_plain(&id, member) != OK) {
        return "repository_none";
    }
    if (k->job != KEEPER_REST) {
        return "plugin_busy";
    }
    k->settings.checked_ms = 0;
    keeper_store_settings(k);
    return plugin_forget_repository(&k->plugin, id) == OK ? NULL : k->plugin.code;
}

static const char *do_agree(struct keeper *k, struct json params)
{
    uint64_t count;
    if (json_find_u64(&count, params, "count") != OK) {
        return "repository_few";
    }
    if (k->job != KEEPER_REST) {
        return "plugin_busy";
    }
    return plugin_set_agree(&k->plugin, count) == OK ? NULL : k->plugin.code;
}

static const char *begin_job(struct keeper *k, enum keeper_job job)
{
    if (k->job != KEEPER_REST || k->wants_removal) {
        return "plugin_busy";
    }
    if (k->plugin.repositories_count == 0) {
        return "repository_none";
    }
    if (!keeper_is_sandboxed(k)) {
        return "sandbox_missing";
    }
    k->job = job;
    k->is_cancelled = false;
    k->verified = 0;
    k->length = 0;
    k->fault.code = NULL;
    return NULL;
}

static const char *do_check(struct keeper *k, struct json params)
{
    (void)params;
    return begin_job(k, KEEPER_CHECK);
}

static bool has_settings(const struct keeper *k)
{
    return k->settings.network[0] && k->settings.node[0] && k->settings.listen[0];
}

static const char *do_install(struct keeper *k, struct json params)
{
    (void)params;
    return has_settings(k) ? begin_job(k, KEEPER_INSTALL) : "settings_missing";
}

static const char *do_cancel(struct keeper *k, struct json params)
{
    (void)params;
    if (k->job == KEEPER_REST) {
        return "plugin_idle";
    }
    k->is_cancelled = true;
    return NULL;
}

static const char *do_start(struct keeper *k, struct json params)
{
    (void)params;
    if (!journal_id_is_set(&k->plugin.store.journal.current)) {
        return "nothing_installed";
    }
    if (!has_settings(k)) {
        return "settings_missing";
    }
    if (!keeper_is_sandboxed(k)) {
        return "sandbox_missing";
    }
    k->settings.is_wanted = true;
    k->is_failed = false;
    k->fault.code = NULL;
    keeper_store_settings(k);
    keeper_start_server(k);
    return NULL;
}

static const char *do_stop(struct keeper *k, struct json params)
{
    (void)params;
    k->settings.is_wanted = false;
    k->wants_restart = false;
    keeper_store_settings(k);
    supervise_stop(&k->run);
    return NULL;
}

static const char *do_settings(struct keeper *k, struct json params)
{
    struct keeper_settings before = k->settings;
    if (keeper_settings_read(&k->settings, params) != OK) {
        return "settings_wrong";
    }
    keeper_store_settings(k);
    const struct sidecar_limits limits = {.clients = k->settings.clients,
                                          .kbit_s = k->settings.kbit_s};
    supervise_allow(&k->run, &limits);
    bool is_other = strcmp(before.network, k->settings.network) != 0 ||
                    strcmp(before.node, k->settings.node) != 0 ||
                    strcmp(before.listen, k->settings.listen) != 0;
    if (is_other && k->run.state != SUPERVISE_IDLE) {
        k->wants_restart = true; /* it reads them at its start */
        supervise_stop(&k->run);
    }
    return NULL;
}

static const char *do_remove(struct keeper *k, struct json params)
{
    bool keeps;
    if (json_find_bool(&keeps, params, "keep_data") != OK) {
        return "settings_wrong";
    }
    if (k->job != KEEPER_REST) {
        return "plugin_busy";
    }
    k->settings.is_wanted = false;
    k->wants_restart = false;
    k->wants_removal = true;
    k->keeps_data = keeps;
    keeper_store_settings(k);
    if (k->run.state == SUPERVISE_IDLE) {
        keeper_remove(k);
    } else {
        supervise_stop(&k->run); /* removal follows its end */
    }
    return NULL;
}

static void answer(struct keeper *k, uint64_t id, const char *code)
{
    uint8_t text[ANSWER_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(text));
    keeper_news_write_answer(&w, id, code);
    if (wr_ok(&w)) {
        keeper_send(k, span_of(text, w.n));
    }
}

void keeper_command(struct keeper *k, struct span frame)
{
    static const command_fn commands[KEEPER_DO_COUNT] = {
        [KEEPER_DO_ADD] = do_add,           [KEEPER_DO_FORGET] = do_forget,
        [KEEPER_DO_AGREE] = do_agree,       [KEEPER_DO_CHECK] = do_check,
        [KEEPER_DO_INSTALL] = do_install,   [KEEPER_DO_CANCEL] = do_cancel,
        [KEEPER_DO_START] = do_start,       [KEEPER_DO_STOP] = do_stop,
        [KEEPER_DO_SETTINGS] = do_settings, [KEEPER_DO_REMOVE] = do_remove,
    };
    struct keeper_ask ask;
    struct keeper_chunk chunk;
    if (keeper_chunk_parse(&chunk, frame) == OK) {
        keeper_peers_take(k, &chunk);
        return;
    }
    if (keeper_ask_parse(&ask, frame) != OK) {
        return; /* the daemon is of our own build: it says nothing else */
    }
    if (!k->has_plugin) {
        answer(k, ask.id, "store_broken");
        return;
    }
    const char *code = commands[ask.what](k, ask.params);
    keeper_tell_state(k); /* first, so that whoever has the answer sees what came of it */
    answer(k, ask.id, code);
}
