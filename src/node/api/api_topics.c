/* Topics of the WebSocket: a snapshot of each that is chosen, then numbered updates. */
#include "base/check.h"
#include "node/api/api_inside.h"
#include "node/api/api_vault.h"
#include "wallet/owner_chains.h"
#include "wallet/recovery.h"

enum {
    ACTIVITY_ROWS = 20,
    LOG_SNAPSHOT = 100,
    REQUESTS_SHOWN = 16,
    CEREMONIES_SHOWN = 4,
    DUE_SHOWN = 6
};

static void put_sandbox(struct json_writer *j, const struct sandbox_node_report *r)
{
    const struct {
        const char *name;
        bool is_there;
    } parts[] = {
        {"no_new_privs", r->no_new_privs    },
        {"limits",       r->limits          },
        {"seccomp",      r->seccomp         },
        {"landlock",     r->landlock_abi > 0},
    };
    json_put_object(j);
    json_put_name(j, "level");
    json_put_str(j, sandbox_level_name(sandbox_node_level(r)));
    json_put_name(j, "landlock_abi");
    json_put_i64(j, r->landlock_abi);
    json_put_name(j, "missing");
    json_put_array(j);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (!parts[i].is_there) {
            json_put_str(j, parts[i].name);
        }
    }
    json_end_array(j);
    json_end_object(j);
}

void api_write_status(const struct api_writing *w, struct api *a)
{
    struct json_writer *j = w->j;
    const struct settings *s = wallet_settings(w->wallet);
    bool is_locked = wallet_is_locked(w->wallet);
    struct api_node_health h = a->cfg.node->health(a->cfg.node);
    bool has_test_key = false;
    for (size_t i = 0; i < wallet_account_count(w->wallet); i++) {
        const struct account *account = wallet_account_at(w->wallet, i);
        has_test_key |= account->owner_count > 0 && account->owners[0].kind == OWNER_TEST_KEY;
    }
    json_put_object(j);
    json_put_name(j, "version");
    json_put_str(j, a->cfg.version);
    json_put_name(j, "start_id");
    json_put_str(j, a->start_id.text);
    json_put_name(j, "now_ms");
    json_put_u64(j, w->t.unix_ms);
    json_put_name(j, "locked");
    json_put_bool(j, is_locked);
    json_put_name(j, "network_id");
    json_put_str(j, s->network.text);
    if (!is_locked && id_is_set(s->account)) {
        json_put_name(j, "account_id");
        json_put_str(j, s->account.text);
    }
    json_put_name(j, "chain");
    api_write_chain(w);
    json_put_name(j, "keys");
    json_put_str(j, h.keys_ok ? "ok" : "down");
    struct vault_seen seen;
    if (vault_see(a, &seen) == OK) {
        json_put_name(j, "vault");
        json_put_str(j, vault_state_name(seen.state));
    }
    json_put_name(j, "sandbox");
    put_sandbox(j, &h.sandbox);
    json_put_name(j, "test_key");
    json_put_bool(j, has_test_key);
    json_put_name(j, "requests");
    json_put_u64(j, wallet_request_count(w->wallet));
    json_put_name(j, "ceremonies");
    json_put_array(j);
    for (size_t i = 0; i < wallet_ceremony_count(w->wallet) && i < CEREMONIES_SHOWN; i++) {
        api_write_ceremony(j, wallet_ceremony_at(w->wallet, i));
    }
    json_end_array(j);
    json_put_name(j, "peers");
    json_put_u64(j, h.peers);
    json_put_name(j, "servers");
    json_put_u64(j, h.servers);
    json_end_object(j);
}

void api_write_network_status(const struct api_writing *w, struct api *a)
{
    json_put_object(w->j);
    a->cfg.node->write_network(a->cfg.node, w->j);
    json_put_name(w->j, "chain");
    api_write_chain(w);
    json_end_object(w->j);
}

void api_write_log_line(struct json_writer *j, const struct api_log_line *l)
{
    json_put_object(j);
    json_put_name(j, "seq");
    json_put_u64(j, l->seq);
    json_put_name(j, "at_ms");
    json_put_u64(j, l->at_ms);
    json_put_name(j, "level");
    json_put_str(j, log_level_name(l->level));
    json_put_name(j, "part");
    json_put_str(j, l->part);
    json_put_name(j, "text");
    json_put_str(j, l->text);
    json_end_object(j);
}

static void put_accounts(const struct api_writing *w)
{
    json_put_object(w->j);
    json_put_name(w->j, "accounts");
    json_put_array(w->j);
    for (size_t i = 0; i < wallet_account_count(w->wallet); i++) {
        api_write_account(w, wallet_account_at(w->wallet, i));
    }
    json_end_array(w->j);
    json_end_object(w->j);
}

static void put_activity(const struct api_writing *w, struct api *a)
{
    const struct settings *s = wallet_settings(w->wallet);
    struct history_args args = {.account = s->account, .network = s->network};
    AUTO(operation_auto) struct operation *op = NULL;
    size_t total = 0;
    json_put_object(w->j);
    json_put_name(w->j, "rows");
    json_put_array(w->j);
    bool has_memory = operation_new(&op, &a->budget) == OK;
    while (has_memory && wallet_history(w->wallet, &args, op) == OK) {
        if (total < ACTIVITY_ROWS) {
            api_write_row(w, op);
        }
        total++;
        args.before = op->id;
    }
    json_end_array(w->j);
    json_put_name(w->j, "total");
    json_put_u64(w->j, total);
    json_put_name(w->j, "spam_hidden");
    json_put_u64(w->j, 0);
    json_end_object(w->j);
}

static void put_balances(const struct api_writing *w)
{
    const struct settings *s = wallet_settings(w->wallet);
    json_put_object(w->j);
    json_put_name(w->j, "items");
    json_put_array(w->j);
    if (wallet_view(w->wallet, s->account, s->network)) {
        api_write_balances(w, s->account, s->network);
    }
    json_end_array(w->j);
    json_end_object(w->j);
}

/* A way in that was never proven, or too long ago. */
static void put_due(struct json_writer *j, const struct owner *o)
{
    struct coded why;
    coded_set(&why, o->tested_ms == 0 ? "never_tested" : "test_due");
    coded_add(&why, "name", name_span(&o->name));
    api_write_coded(j, &why);
}

static void put_reasons(const struct api_writing *w,
                        const struct account *a,
                        const struct safety *s,
                        uint32_t copies)
{
    struct json_writer *j = w->j;
    size_t shown = 0;
    if (s->ways_in < 2) {
        api_write_code(j, account_is_ordinary(a) ? "vault_one_way" : "one_way_in");
    } else if (!s->has_spare) {
        api_write_code(j, "none_to_spare");
    }
    for (size_t i = 0; i < a->owner_count && shown < DUE_SHOWN; i++) {
        const struct owner *o = &a->owners[i];
        if (o->standing == OWNER_ACTIVE && way_is_due(o->tested_ms, w->t.unix_ms)) {
            put_due(j, o);
            shown++;
        }
    }
    const struct guardian_way *guardians =
        wallet_guardian_way(a, wallet_settings(w->wallet)->network);
    if (s->by_guardians && way_is_due(guardians->proven_ms, w->t.unix_ms)) {
        struct coded why;
        coded_set(&why, "guardians_unproven");
        coded_add_u64(&why, "threshold", guardians->threshold);
        api_write_coded(j, &why);
    }
    if (account_is_ordinary(a) && s->tested < s->ways_in) {
        struct coded why;
        coded_set(&why, "vault_unproven");
        coded_add_u64(&why, "count", s->ways_in - s->tested);
        api_write_coded(j, &why);
    }
    if (!s->is_kept) {
        struct coded why;
        coded_set(&why, "backup_due");
        coded_add_u64(&why, "servers", copies);
        api_write_coded(j, &why);
    }
    if (a->owner_count > 0 && a->owners[0].kind == OWNER_TEST_KEY) {
        api_write_code(j, "test_key");
    }
    size_t revoked = wallet_revoked_count(w->wallet, a);
    if (revoked > 0) {
        struct coded why;
        coded_set(&why, "revoked_elsewhere");
        coded_add_u64(&why, "count", revoked);
        api_write_coded(j, &why);
    }
}

static void put_health(const struct api_writing *w, const struct api *api)
{
    uint32_t copies = vault_copies_count(api);
    struct json_writer *j = w->j;
    json_put_object(j);
    json_put_name(j, "accounts");
    json_put_array(j);
    for (size_t i = 0; i < wallet_account_count(w->wallet); i++) {
        const struct account *a = wallet_account_at(w->wallet, i);
        if (a->kind == ACCOUNT_WATCH) {
            continue; /* nothing to get into */
        }
        struct safety s = wallet_account_safety(w->wallet, a, w->t.unix_ms);
        json_put_object(j);
        json_put_name(j, "account_id");
        json_put_str(j, a->id.text);
        json_put_name(j, "safe");
        json_put_bool(j, s.safe);
        json_put_name(j, "ways_in");
        json_put_u64(j, s.ways_in);
        json_put_name(j, "tested");
        json_put_u64(j, s.tested);
        json_put_name(j, "reasons");
        json_put_array(j);
        put_reasons(w, a, &s, copies);
        json_end_array(j);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
}

static void put_lines(const struct api_writing *w, const struct api *a, uint64_t after)
{
    json_put_object(w->j);
    json_put_name(w->j, "lines");
    json_put_array(w->j);
    uint64_t first = a->line_seq > LOG_SNAPSHOT ? a->line_seq - LOG_SNAPSHOT + 1 : 1;
    for (uint64_t seq = first > after ? first : after + 1; seq <= a->line_seq; seq++) {
        api_write_log_line(w->j, &a->lines[(seq - 1) % API_LOG_LINE_COUNT]);
    }
    json_end_array(w->j);
    json_end_object(w->j);
}

static void put_requests(const struct api_writing *w)
{
    json_put_object(w->j);
    json_put_name(w->j, "operations");
    json_put_array(w->j);
    for (size_t i = 0; i < wallet_request_count(w->wallet) && i < REQUESTS_SHOWN; i++) {
        api_write_operation(w, wallet_request_at(w->wallet, i));
    }
    json_end_array(w->j);
    json_end_object(w->j);
}

static void put_snapshot(const struct api_writing *w, struct api *a, enum api_topic_id topic)
{
    switch (topic) {
    case API_TOPIC_ACCOUNTS: put_accounts(w); break;
    case API_TOPIC_ACTIVITY: put_activity(w, a); break;
    case API_TOPIC_BALANCES: put_balances(w); break;
    case API_TOPIC_HEALTH:   put_health(w, a); break;
    case API_TOPIC_LOG:      put_lines(w, a, 0); break;
    case API_TOPIC_NETWORK:  api_write_network_status(w, a); break;
    case API_TOPIC_PLUGIN:   a->cfg.node->write_plugin(a->cfg.node, w->j); break;
    case API_TOPIC_REQUESTS: put_requests(w); break;
    case API_TOPIC_SETTINGS: api_write_settings(w->j, wallet_settings(w->wallet)); break;
    case API_TOPIC_STATUS:   api_write_status(w, a); break;
    case API_TOPIC_COUNT:    check(false); break;
    }
}

/* What a locked wallet tells: its status, the settings of the page, the server on this machine. */
static bool is_told_locked(enum api_topic_id topic)
{
    return topic == API_TOPIC_STATUS || topic == API_TOPIC_SETTINGS || topic == API_TOPIC_PLUGIN;
}

struct push {
    enum api_topic_id topic;
    bool is_snapshot;
    const struct operation *operation; /* update of activity */
    uint64_t lines_after;              /* update of log */
};

static void
push_one(struct api *a, struct wallet_time t, struct api_subscriber *s, const struct push *p)
{
    AUTO(buf_done) struct buf text;
    buf_init(&text, &a->budget, API_REPLY_LEN_MAX);
    struct wr wr = wr_init_buf(&text);
    struct json_writer j = json_writer_init(&wr);
    struct api_writing w = {.j = &j, .wallet = a->cfg.wallet, .t = t};
    json_begin_notification(&j, "event");
    json_put_name(&j, "topic");
    json_put_str(&j, api_topics[p->topic].name);
    json_put_name(&j, "kind");
    json_put_str(&j, p->is_snapshot ? "snapshot" : "update");
    json_put_name(&j, "seq");
    json_put_u64(&j, ++s->seq[p->topic]);
    json_put_name(&j, "data");
    if (p->operation) {
        json_put_object(&j);
        json_put_name(&j, "row");
        api_write_row(&w, p->operation);
        json_put_name(&j, "operation");
        api_write_operation(&w, p->operation);
        json_end_object(&j);
    } else if (p->topic == API_TOPIC_LOG && !p->is_snapshot) {
        put_lines(&w, a, p->lines_after);
    } else {
        put_snapshot(&w, a, p->topic);
    }
    json_end_notification(&j);
    if (json_writer_end(&j) == OK) {
        struct api_out head = {.caller = s->caller, .http = 200};
        api_send(a, &head, buf_span(&text));
    }
}

static struct api_subscriber *subscriber_place(struct api *a, uint64_t caller)
{
    struct api_subscriber *free_place = NULL;
    for (size_t i = 0; i < API_SUBSCRIBER_COUNT_MAX; i++) {
        if (a->subscribers[i].caller == caller) {
            return &a->subscribers[i];
        }
        if (a->subscribers[i].caller == 0) {
            free_place = &a->subscribers[i];
        }
    }
    return free_place;
}

static bool topic_of(enum api_topic_id *ret, struct json name)
{
    for (size_t i = 0; i < API_TOPIC_COUNT; i++) {
        if (json_string_equal(name, span_str(api_topics[i].name))) {
            *ret = (enum api_topic_id)i;
            return true;
        }
    }
    return false;
}

enum api_done api_subscribe(struct api_call *c)
{
    struct api *a = c->api;
    struct json list;
    struct json name;
    struct api_subscriber *s = subscriber_place(a, c->caller.id);
    if (!s || !api_param(c, &list, "topics")) {
        coded_set(&c->why, "rate_limited");
        coded_add_u64(&c->why, "wait_ms", 5000);
        return API_REFUSED;
    }
    bool chosen[API_TOPIC_COUNT] = {false};
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &name)) {
        enum api_topic_id topic;
        if (topic_of(&topic, name)) {
            chosen[topic] = true;
        }
    }
    for (size_t i = 0; i < API_TOPIC_COUNT; i++) {
        if (chosen[i] && wallet_is_locked(a->cfg.wallet) && !is_told_locked((enum api_topic_id)i)) {
            coded_set(&c->why, "locked");
            return API_REFUSED;
        }
    }
    s->caller = c->caller.id;
    json_put_object(c->w.j);
    json_put_name(c->w.j, "topics");
    json_put_array(c->w.j);
    for (size_t i = 0; i < API_TOPIC_COUNT; i++) {
        s->topics[i] = chosen[i];
        if (chosen[i]) {
            json_put_object(c->w.j);
            json_put_name(c->w.j, "topic");
            json_put_str(c->w.j, api_topics[i].name);
            json_put_name(c->w.j, "seq");
            json_put_u64(c->w.j, s->seq[i] + 1); /* of the snapshot that follows */
            json_end_object(c->w.j);
            s->wants_snapshot[i] = true;
        }
    }
    json_end_array(c->w.j);
    json_end_object(c->w.j);
    a->is_stale[API_TOPIC_STATUS] = true; /* so that the tick comes at once */
    return API_DONE;
}

instant api_topics_deadline(const struct api *a)
{
    instant at = INSTANT_NEVER;
    for (size_t i = 0; i < API_TOPIC_COUNT; i++) {
        if (a->is_stale[i]) {
            return (instant){0};
        }
    }
    for (size_t i = 0; i < API_SUBSCRIBER_COUNT_MAX; i++) {
        if (a->subscribers[i].is_owed_network) {
            at = instant_min(at, a->subscribers[i].network_from);
        }
    }
    return at;
}

static void push_activity(struct api *a, struct wallet_time t, struct api_subscriber *s)
{
    AUTO(operation_auto) struct operation *op = NULL;
    if (operation_new(&op, &a->budget) != OK) {
        return;
    }
    for (size_t i = 0; i < a->changed_count; i++) {
        if (wallet_operation(a->cfg.wallet, a->changed[i], op) == OK) {
            struct push p = {.topic = API_TOPIC_ACTIVITY, .operation = op};
            push_one(a, t, s, &p);
        }
    }
}

/* The network changes with every peer: one event a second tells it all. */
static void
push_network(struct api *a, struct wallet_time t, struct api_subscriber *s, const struct push *p)
{
    s->is_owed_network |= a->is_stale[API_TOPIC_NETWORK];
    if (p->is_snapshot || (s->is_owed_network && instant_reached(s->network_from, t.mono))) {
        s->is_owed_network = false;
        s->network_from = instant_add(t.mono, US_PER_S);
        push_one(a, t, s, p);
    }
}

static void
push_topic(struct api *a, struct wallet_time t, struct api_subscriber *s, enum api_topic_id topic)
{
    if (!s->topics[topic] || (wallet_is_locked(a->cfg.wallet) && !is_told_locked(topic))) {
        s->is_owed_network = s->is_owed_network && topic != API_TOPIC_NETWORK;
        return;
    }
    struct push p = {
        .topic = topic, .is_snapshot = s->wants_snapshot[topic], .lines_after = a->line_seq_told};
    s->wants_snapshot[topic] = false;
    if (topic == API_TOPIC_NETWORK) {
        push_network(a, t, s, &p);
    } else if (p.is_snapshot) {
        push_one(a, t, s, &p);
    } else if (a->is_stale[topic] && topic == API_TOPIC_ACTIVITY) {
        push_activity(a, t, s);
    } else if (a->is_stale[topic]) {
        push_one(a, t, s, &p);
    }
}

static void want_snapshots(struct api *a, enum api_topic_id topic)
{
    for (size_t i = 0; i < API_SUBSCRIBER_COUNT_MAX; i++) {
        a->subscribers[i].wants_snapshot[topic] |= a->subscribers[i].topics[topic];
    }
    a->is_stale[topic] = true;
}

/* Another account or network: fresh snapshots of what depends on it. The same for all that was held back while locked. */
static void note_selection(struct api *a)
{
    const struct settings *s = wallet_settings(a->cfg.wallet);
    bool is_locked = wallet_is_locked(a->cfg.wallet);
    bool is_unlocked = a->was_locked && !is_locked;
    bool is_other_network = !id_equal(s->network, a->shown_network);
    bool is_other = is_other_network || !id_equal(s->account, a->shown_account);
    for (size_t i = 0; i < API_TOPIC_COUNT; i++) {
        bool depends =
            i == API_TOPIC_ACCOUNTS || i == API_TOPIC_ACTIVITY || i == API_TOPIC_BALANCES;
        if ((is_other && depends) || (is_other_network && i == API_TOPIC_NETWORK) ||
            (is_unlocked && !is_told_locked((enum api_topic_id)i))) {
            want_snapshots(a, (enum api_topic_id)i);
        }
    }
    a->is_stale[API_TOPIC_STATUS] |= is_other || is_unlocked;
    a->shown_account = s->account;
    a->shown_network = s->network;
    a->was_locked = is_locked;
}

void api_topics_tick(struct api *a, struct wallet_time t)
{
    note_selection(a);
    if (!instant_reached(api_topics_deadline(a), t.mono)) {
        return;
    }
    a->is_logging = true;
    uint64_t told = a->line_seq;
    for (size_t i = 0; i < API_SUBSCRIBER_COUNT_MAX; i++) {
        for (size_t k = 0; a->subscribers[i].caller != 0 && k < API_TOPIC_COUNT; k++) {
            push_topic(a, t, &a->subscribers[i], (enum api_topic_id)k);
        }
    }
    for (size_t i = 0; i < API_TOPIC_COUNT; i++) {
        a->is_stale[i] = false;
    }
    a->changed_count = 0;
    a->line_seq_told = told;
    a->is_logging = false;
}
