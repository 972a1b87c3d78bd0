/* What is so, as the daemon passes it on: type plugin_state of api/types.json. */
#include "node/plugin/keeper_inside.h"

#include <stdio.h>
#include <string.h>

enum { SILENT_PINGS = 2 };
#define NUMBER_MAX UINT64_C(9007199254740991)

void keeper_coded_set(struct keeper_coded *c, const char *code)
{
    memset(c, 0, sizeof *c);
    c->code = code;
}

void keeper_coded_add(struct keeper_coded *c, const char *name, const char *value)
{
    if (c->count < KEEPER_PARAMS_MAX) {
        c->params[c->count].name = name;
        (void)snprintf(c->params[c->count].value, KEEPER_WORD_LEN, "%s", value);
        c->count++;
    }
}

static uint64_t read_number(struct json v, const char *name)
{
    uint64_t n;
    return json_find_u64(&n, v, name) == OK && n <= NUMBER_MAX ? n : 0;
}

static void read_word(char *ret, size_t room, struct json v, const char *name)
{
    struct span text;
    memset(ret, 0, room);
    if (json_find_plain(&text, v, name) == OK && text.n < room) {
        (void)span_copy(mspan_of(ret, room - 1), text);
    }
}

/* Digits alone. */
static void read_wei(char *ret, size_t room, struct json v, const char *name)
{
    read_word(ret, room, v, name);
    if (strspn(ret, "0123456789") != strlen(ret)) {
        ret[0] = '\0';
    }
}

void keeper_figures_read(struct keeper_figures *f, struct span json)
{
    struct json v;
    struct json reach;
    bool is_true;
    memset(f, 0, sizeof *f);
    if (json_parse(&v, json, NULL) != OK || v.type != JSON_OBJECT) {
        return;
    }
    f->clients = read_number(v, "clients");
    f->requests_min = read_number(v, "requests_min");
    f->served = read_number(v, "served");
    f->rx = read_number(v, "rx");
    f->tx = read_number(v, "tx");
    f->memory_kib = read_number(v, "memory_kib");
    f->is_node_reached = json_find_bool(&is_true, v, "node") == OK && is_true;
    f->reach = (struct reach_word){.reach = REACH_UNKNOWN, .reason = REACH_NOBODY_TO_ASK};
    if (json_find(&reach, v, "reach") && reach_json_get(&f->reach, reach) != OK) {
        f->reach.reach = REACH_UNKNOWN; /* words of a newer server */
    }
    read_word(f->sandbox, sizeof f->sandbox, v, "sandbox");
    if (strcmp(f->sandbox, "full") != 0 && strcmp(f->sandbox, "partial") != 0) {
        (void)snprintf(f->sandbox, sizeof f->sandbox, "none");
    }
    read_word(f->payee, sizeof f->payee, v, "payee");
    read_wei(f->balance, sizeof f->balance, v, "balance");
    read_wei(f->earned, sizeof f->earned, v, "earned");
}

const char *keeper_state_name(const struct keeper *k)
{
    const struct sidecar *s = &k->run.sidecar;
    if (k->run.state == SUPERVISE_WAITING) {
        return "waiting";
    }
    if (k->run.state == SUPERVISE_RUNNING) {
        switch (s->state) {
        case SIDECAR_STARTING:
        case SIDECAR_PREPARING: return "starting";
        case SIDECAR_READY:     return s->pings - s->pongs >= SILENT_PINGS ? "silent" : "running";
        case SIDECAR_DRAINING:
        case SIDECAR_STOPPING:
        case SIDECAR_KILLED:
        case SIDECAR_ENDED:     return "draining";
        }
    }
    if (!k->has_plugin || !journal_id_is_set(&k->plugin.store.journal.current)) {
        return "absent";
    }
    if (k->is_failed || k->plugin.store.journal.is_stopped) {
        return "failed";
    }
    return k->is_resting ? "resting" : "stopped";
}

static void put_str(struct json_writer *j, const char *name, const char *value)
{
    json_put_name(j, name);
    json_put_str(j, value);
}

static void put_number(struct json_writer *j, const char *name, uint64_t value)
{
    json_put_name(j, name);
    json_put_u64(j, value < NUMBER_MAX ? value : NUMBER_MAX);
}

static void put_bool(struct json_writer *j, const char *name, bool value)
{
    json_put_name(j, name);
    json_put_bool(j, value);
}

static void put_version(struct json_writer *j, struct package_version v)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%u.%u.%u", (unsigned)v.major, (unsigned)v.minor,
                   (unsigned)v.patch);
    put_str(j, "version", text);
}

static void put_coded(struct json_writer *j, const struct keeper_coded *c)
{
    put_str(j, "code", c->code);
    json_put_name(j, "params");
    json_put_object(j);
    for (size_t i = 0; i < c->count; i++) {
        put_str(j, c->params[i].name, c->params[i].value);
    }
    json_end_object(j);
}

static void put_repository(struct json_writer *j, const struct repository *r)
{
    json_put_object(j);
    put_str(j, "id", r->id);
    json_put_name(j, "mirrors");
    json_put_array(j);
    for (size_t i = 0; i < r->mirrors_count; i++) {
        json_put_str(j, r->mirrors[i]);
    }
    json_end_array(j);
    put_bool(j, "development", r->is_development);
    put_bool(j, "current", r->is_current);
    if (r->code) {
        json_put_name(j, "fault");
        json_put_object(j);
        put_str(j, "code", r->code);
        json_put_name(j, "params");
        json_put_object(j);
        if (r->step[0]) {
            put_str(j, "step", r->step);
        }
        json_end_object(j);
        json_end_object(j);
    }
    json_end_object(j);
}

static void put_repositories(struct json_writer *j, const struct plugin *p)
{
    bool is_development = false;
    json_put_name(j, "repositories");
    json_put_array(j);
    for (size_t i = 0; i < p->repositories_count; i++) {
        put_repository(j, &p->repositories[i]);
        is_development = is_development || p->repositories[i].is_development;
    }
    json_end_array(j);
    put_number(j, "agree", p->agree > 0 ? p->agree : 1);
    put_bool(j, "development", is_development);
}

bool keeper_version(struct keeper *k, struct package_version *ret)
{
    static struct manifest m;
    struct plugin_store *s = &k->plugin.store;
    struct buf text;
    if (!journal_id_is_set(&s->journal.current)) {
        return false;
    }
    if (!journal_id_equal(&s->journal.current, &k->shown)) {
        buf_init(&text, &k->budget, MANIFEST_LEN_MAX);
        if (plugin_store_manifest(s, &s->journal.current, &text, &m) == OK) {
            k->shown = s->journal.current;
            k->shown_version = m.version;
        }
        buf_done(&text);
    }
    *ret = k->shown_version;
    return journal_id_equal(&s->journal.current, &k->shown);
}

static void put_installed(struct json_writer *j, struct keeper *k)
{
    struct package_version version;
    const struct journal *journal = &k->plugin.store.journal;
    if (keeper_version(k, &version)) {
        json_put_name(j, "installed");
        json_put_object(j);
        put_version(j, version);
        put_bool(j, "trial", journal->is_trial);
        put_bool(j, "has_previous", journal_id_is_set(&journal->previous));
        json_end_object(j);
    }
}

static void put_reasons(struct json_writer *j, const struct package_match *m)
{
    json_put_name(j, "reasons");
    json_put_array(j);
    for (size_t i = 0; i < m->count; i++) {
        const struct package_reason *r = &m->reasons[i];
        json_put_object(j);
        put_bool(j, "met", r->is_met);
        put_str(j, "code", r->code);
        json_put_name(j, "params");
        json_put_object(j);
        put_str(j, "need", r->need);
        put_str(j, "has", r->has);
        json_end_object(j);
        json_end_object(j);
    }
    json_end_array(j);
}

/* Text of the repository's makers: what the schema does not take is shown as a space. */
static void put_notes(struct json_writer *j, struct span notes)
{
    char text[257];
    size_t n = span_copy(mspan_of(text, sizeof text - 1), notes);
    while (n > 0 && n < notes.n && ((uint8_t)text[n - 1] & 0x80)) {
        n--; /* cut between letters */
    }
    for (size_t i = 0; i < n; i++) {
        text[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? ' ' : text[i];
    }
    text[n] = '\0';
    put_str(j, "notes", text);
}

static void put_offer(struct json_writer *j, struct keeper *k)
{
    struct plugin *p = &k->plugin;
    if (!p->is_current) {
        return;
    }
    json_put_name(j, "offer");
    json_put_object(j);
    put_version(j, p->package.version);
    put_notes(j, p->package.notes);
    put_number(j, "bytes", plugin_package_len(p));
    put_number(j, "disk_mib", p->package.needs.disk_mib);
    put_number(j, "memory_mib", p->package.needs.memory_mib);
    put_bool(j, "installed", plugin_is_installed(p));
    json_end_object(j);
    json_put_name(j, "variants");
    json_put_array(j);
    for (size_t i = 0; i < p->variants_count; i++) {
        const struct package_variant *v = &p->variants[i];
        char platform[65];
        platform[span_copy(mspan_of(platform, sizeof platform - 1), v->package.platform)] = '\0';
        json_put_object(j);
        put_version(j, v->package.version);
        put_str(j, "platform", platform);
        put_bool(j, "suits", v->match.is_met);
        put_reasons(j, &v->match);
        json_end_object(j);
    }
    json_end_array(j);
}

static void put_client(struct json_writer *j, const struct plugin *p)
{
    if (p->has_newer_client) {
        json_put_name(j, "client");
        json_put_object(j);
        put_version(j, p->newer_client.version);
        put_notes(j, p->newer_client.notes);
        json_end_object(j);
    }
}

static void put_job(struct json_writer *j, const struct keeper *k)
{
    if (k->job == KEEPER_REST) {
        return;
    }
    bool is_all = k->length > 0 && k->verified >= k->length;
    json_put_name(j, "job");
    json_put_object(j);
    put_str(j, "step", k->length == 0 ? "checking" : is_all ? "installing" : "downloading");
    put_number(j, "verified", k->verified);
    put_number(j, "length", k->length);
    put_bool(j, "peers", k->plugin.is_from_peers);
    json_end_object(j);
}

static void put_run(struct json_writer *j, const struct keeper *k)
{
    const struct keeper_figures *f = &k->figures;
    bool is_up = k->run.state == SUPERVISE_RUNNING && k->run.sidecar.state >= SIDECAR_READY;
    if (!is_up) {
        return;
    }
    json_put_name(j, "run");
    json_put_object(j);
    put_str(j, "listen", k->listen);
    put_number(j, "as_of_ms", k->figures_ms);
    put_number(j, "clients", f->clients);
    put_number(j, "requests_min", f->requests_min);
    put_number(j, "served", f->served);
    put_number(j, "rx", f->rx);
    put_number(j, "tx", f->tx);
    put_number(j, "memory_kib", f->memory_kib);
    put_bool(j, "node", f->is_node_reached);
    json_put_name(j, "reach");
    reach_json_put(j, f->reach);
    put_str(j, "sandbox", f->sandbox[0] ? f->sandbox : "none");
    put_str(j, "payee", f->payee);
    if (f->balance[0]) {
        put_str(j, "balance", f->balance);
    }
    if (f->earned[0]) {
        put_str(j, "earned", f->earned);
    }
    json_end_object(j);
}

void keeper_state_write(struct json_writer *j, struct keeper *k)
{
    json_put_object(j);
    put_str(j, "state", keeper_state_name(k));
    put_number(j, "since_ms", k->since_ms);
    put_bool(j, "wanted", k->settings.is_wanted);
    put_repositories(j, &k->plugin);
    put_number(j, "checked_ms", k->settings.checked_ms);
    put_installed(j, k);
    put_offer(j, k);
    put_client(j, &k->plugin);
    put_job(j, k);
    put_run(j, k);
    json_put_name(j, "settings");
    json_put_object(j);
    keeper_settings_write(j, &k->settings);
    json_end_object(j);
    put_str(j, "sandbox", sandbox_level_name(sandbox_node_level(&k->sandbox)));
    if (k->fault.code) {
        json_put_name(j, "fault");
        json_put_object(j);
        put_coded(j, &k->fault);
        put_number(j, "at_ms", k->fault_ms);
        json_end_object(j);
    }
    json_end_object(j);
}
