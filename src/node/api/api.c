/* The local API: requests and their answers. */
#include "node/api/api.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "codec/utf8.h"
#include "crypto/hash.h"
#include "node/api/api_check.h"
#include "node/api/api_inside.h"
#include "wallet/backup.h"

#include <string.h>

enum {
    API_MEMORY_MAX = 8 * 1024 * 1024,
    HEARTBEAT_S = 9, /* the page expects one within 10 s */
    NETWORK_S = 5,   /* what nobody reports, such as memory in use, is told so often */
};

enum err api_new(struct api **ret, const struct api_cfg *cfg, struct wallet_time t)
{
    void *p;
    TRY(mem_alloc(cfg->budget, &p, sizeof(struct api)));
    struct api *a = p;
    a->cfg = *cfg;
    budget_init(&a->budget, cfg->budget, "api", API_MEMORY_MAX);
    void *lines;
    enum err err = mem_alloc(&a->budget, &lines, API_LOG_LINE_COUNT * sizeof(struct api_log_line));
    if (err != OK) {
        budget_done(&a->budget);
        mem_free(cfg->budget, a, sizeof *a);
        return err;
    }
    a->lines = lines;
    a->start_id = id_make(cfg->rng);
    a->next_of_node = 1;
    a->heartbeat_at = t.mono;
    a->network_at = t.mono;
    list_init(&a->out);
    buf_init(&a->polled, &a->budget, API_REPLY_LEN_MAX);
    buf_init(&a->scratch, &a->budget, API_REPLY_LEN_MAX);
    buf_init(&a->backup.file, &a->budget, BACKUP_LEN_MAX);
    *ret = a;
    return OK;
}

void api_free(struct api *a)
{
    if (!a) {
        return;
    }
    struct api_event e;
    while (api_poll(a, &e)) {}
    for (size_t i = 0; i < API_ANSWER_COUNT_MAX; i++) {
        if (a->answers[i].key[0]) {
            buf_done(&a->answers[i].result);
        }
    }
    buf_done(&a->polled);
    buf_done(&a->scratch);
    buf_done(&a->backup.file);
    mem_free(&a->budget, a->lines, API_LOG_LINE_COUNT * sizeof(struct api_log_line));
    struct budget *outer = a->cfg.budget;
    budget_done(&a->budget);
    wipe(mspan_of(a, sizeof *a));
    mem_free(outer, a, sizeof *a);
}

/* ---- out ---- */

void api_send(struct api *a, const struct api_out *head, struct span text)
{
    void *p = NULL;
    if (mem_alloc(&a->budget, &p, sizeof(struct api_out)) != OK) {
        return; /* a flood of answers that nobody reads: the caller runs into its own deadline */
    }
    struct api_out *o = p;
    o->caller = head->caller;
    o->http = head->http;
    o->is_reply = head->is_reply;
    buf_init(&o->text, &a->budget, API_REPLY_LEN_MAX);
    if (buf_append(&o->text, text) != OK) {
        buf_done(&o->text);
        mem_free(&a->budget, o, sizeof *o);
        return;
    }
    list_add_last(&a->out, &o->in_queue);
}

bool api_poll(struct api *a, struct api_event *ret_event)
{
    struct list *first = list_first(&a->out);
    if (!first) {
        return false;
    }
    struct api_out *o = list_entry(first, struct api_out, in_queue);
    list_remove(first);
    buf_done(&a->polled);
    a->polled = o->text;
    *ret_event = (struct api_event){.caller = o->caller,
                                    .http = o->http,
                                    .is_reply = o->is_reply,
                                    .text = buf_span(&a->polled)};
    mem_free(&a->budget, o, sizeof *o);
    return true;
}

void api_caller_gone(struct api *a, uint64_t caller)
{
    for (size_t i = 0; i < API_SUBSCRIBER_COUNT_MAX; i++) {
        if (a->subscribers[i].caller == caller) {
            a->subscribers[i] = (struct api_subscriber){0};
        }
    }
    /* Answers that still wait keep their entry: the idempotency key must find them. */
}

/* ---- errors ---- */

struct span api_error_text(struct api *a, const struct coded *why, uint16_t *ret_http)
{
    *ret_http = api_rpc_error(why->code)->http;
    buf_clear(&a->scratch);
    struct wr w = wr_init_buf(&a->scratch);
    struct json_writer j = json_writer_init(&w);
    json_put_object(&j);
    json_put_name(&j, "error");
    api_rpc_put_error(&j, why);
    json_end_object(&j);
    return json_writer_end(&j) == OK ? buf_span(&a->scratch) : SPAN_LIT("{}");
}

/* An answer with an error; id is the raw JSON-RPC id. */
static void
send_error(struct api *a, struct api_caller caller, struct span id, const struct coded *why)
{
    buf_clear(&a->scratch);
    struct wr w = wr_init_buf(&a->scratch);
    api_rpc_write_error(&w, id, why);
    if (wr_ok(&w)) {
        struct api_out head = {
            .caller = caller.id, .http = api_rpc_error(why->code)->http, .is_reply = true};
        api_send(a, &head, buf_span(&a->scratch));
    }
}

static void send_result(struct api *a, struct api_caller caller, struct span id, struct span result)
{
    AUTO(buf_done) struct buf text;
    buf_init(&text, &a->budget, API_REPLY_LEN_MAX);
    struct wr w = wr_init_buf(&text);
    api_rpc_write_result(&w, id, result);
    if (wr_ok(&w)) {
        struct api_out head = {.caller = caller.id, .http = 200, .is_reply = true};
        api_send(a, &head, buf_span(&text));
    }
}

/* ---- idempotency ---- */

static struct api_answer *find_answer(struct api *a, struct span key)
{
    for (size_t i = 0; i < API_ANSWER_COUNT_MAX; i++) {
        if (a->answers[i].key[0] && span_equal(span_str(a->answers[i].key), key)) {
            return &a->answers[i];
        }
    }
    return NULL;
}

/* Remembers a result; errors are not, so that trying again tries again. */
static void keep_answer(struct api *a,
                        struct span key,
                        const uint8_t request_hash[static 32],
                        struct span result)
{
    if (key.n != API_KEY_LEN || find_answer(a, key)) {
        return;
    }
    struct api_answer *place = &a->answers[0];
    for (size_t i = 0; i < API_ANSWER_COUNT_MAX; i++) {
        struct api_answer *e = &a->answers[i];
        if (!e->key[0]) {
            place = e;
            break;
        }
        place = e->order < place->order ? e : place;
    }
    if (place->key[0]) {
        buf_done(&place->result);
    }
    *place = (struct api_answer){.order = ++a->answer_order};
    buf_init(&place->result, &a->budget, API_ANSWER_LEN_MAX);
    if (buf_append(&place->result, result) == OK) {
        text_set(place->key, sizeof place->key, key);
        memcpy(place->request_hash, request_hash, 32);
    } else {
        buf_done(&place->result);
    }
}

static void hash_request(uint8_t ret[static 32], const char *method, struct span params)
{
    const struct span parts[] = {span_str(method), SPAN_LIT("\n"), params};
    struct hash32 h;
    sha256_of(&h, parts, 3);
    memcpy(ret, h.bytes, 32);
}

/* ---- requests ---- */

enum api_done api_refuse(struct api_call *c, const char *code)
{
    coded_set(&c->why, code);
    return API_REFUSED;
}

struct api_pending *api_pend(struct api_call *c, uint64_t task)
{
    for (size_t i = 0; i < API_PENDING_COUNT_MAX; i++) {
        struct api_pending *p = &c->api->pending[i];
        if (p->task != 0) {
            continue;
        }
        *p = (struct api_pending){.task = task, .method = c->method, .caller = c->caller};
        text_set(p->id, sizeof p->id, c->id.raw);
        text_set(p->key, sizeof p->key, c->key);
        memcpy(p->request_hash, c->request_hash, 32);
        return p;
    }
    coded_set(&c->why, "rate_limited");
    coded_add_u64(&c->why, "wait_ms", 500);
    return NULL;
}

struct api_pending *api_pend_of_node(struct api_call *c)
{
    struct api_pending *p = api_pend(c, c->api->next_of_node++);
    if (p) {
        p->is_of_node = true;
    }
    return p;
}

static const struct api_pending *find_pending(const struct api *a, struct span key)
{
    for (size_t i = 0; i < API_PENDING_COUNT_MAX; i++) {
        const struct api_pending *p = &a->pending[i];
        if (p->task != 0 && !p->is_second && key.n && span_equal(span_str(p->key), key)) {
            return p;
        }
    }
    return NULL;
}

/* The same key while the first is under way: it is answered with the first. */
static bool wait_for_first(struct api_call *c, const struct api_pending *first)
{
    uint64_t task = first->task;
    bool is_of_node = first->is_of_node;
    struct api_pending *p = api_pend(c, task);
    if (!p) {
        return false;
    }
    p->is_of_node = is_of_node;
    p->is_second = true;
    return true;
}

static void run_handler(struct api_call *c)
{
    struct api *a = c->api;
    AUTO(buf_done) struct buf result;
    buf_init(&result, &a->budget, API_REPLY_LEN_MAX);
    struct wr w = wr_init_buf(&result);
    struct json_writer j = json_writer_init(&w);
    c->w = (struct api_writing){.j = &j, .wallet = a->cfg.wallet, .t = c->t};
    enum api_done done = api_handlers[c->method](c);
    if (done == API_DONE && json_writer_end(&j) != OK) {
        coded_set(&c->why, "internal");
        coded_add_str(&c->why, "where", "answer");
        done = API_REFUSED;
    }
    if (done == API_DONE) {
        keep_answer(a, c->key, c->request_hash, buf_span(&result));
        send_result(a, c->caller, c->id.raw, buf_span(&result));
    } else if (done == API_REFUSED) {
        send_error(a, c->caller, c->id.raw, &c->why);
    }
}

static bool is_offered(const struct api_method *m, enum api_way way)
{
    switch (m->transport) {
    case API_TRANSPORT_RPC:     return way != API_WAY_WEBSOCKET;
    case API_TRANSPORT_WS:      return way != API_WAY_HTTP;
    case API_TRANSPORT_LOCAL:   return way == API_WAY_LOCAL;
    case API_TRANSPORT_SESSION: /* has a path of its own */
    case API_TRANSPORT_COUNT:   break;
    }
    return false;
}

static bool find_method(enum api_method_id *ret, struct json name, struct api_caller caller)
{
    for (size_t i = 0; i < API_METHOD_COUNT; i++) {
        const struct api_method *m = &api_methods[i];
        if (is_offered(m, caller.way) && json_string_equal(name, span_str(m->name)) &&
            api_handlers[i]) {
            *ret = (enum api_method_id)i;
            return true;
        }
    }
    return false;
}

static bool read_envelope(struct api_call *c, struct span text)
{
    struct api_rpc e;
    bool is_good = api_rpc_read(&e, text, &c->why);
    c->id = e.id;
    c->params = e.params;
    if (is_good && !find_method(&c->method, e.method, c->caller)) {
        api_rpc_refuse_method(&c->why, e.method);
        return false;
    }
    return is_good;
}

static bool check_params(struct api_call *c)
{
    struct api_fault fault;
    if (api_check(c->params, api_methods[c->method].params, &fault) == OK) {
        return true;
    }
    coded_set(&c->why, "invalid_params");
    coded_add_str(&c->why, "field", fault.field);
    coded_add_str(&c->why, "rule", fault.rule);
    return false;
}

/* The same key again: the same answer, nothing done twice. True if that settled it. */
static bool answer_again(struct api_call *c)
{
    struct api *a = c->api;
    const struct api_answer *old = find_answer(a, c->key);
    if (old && memcmp(old->request_hash, c->request_hash, 32) == 0) {
        send_result(a, c->caller, c->id.raw, buf_span(&old->result));
        return true;
    }
    const struct api_pending *waits = find_pending(a, c->key);
    if (old || (waits && memcmp(waits->request_hash, c->request_hash, 32) != 0)) {
        coded_set(&c->why, "key_reused");
        send_error(a, c->caller, c->id.raw, &c->why);
        return true;
    }
    if (waits && !wait_for_first(c, waits)) {
        send_error(a, c->caller, c->id.raw, &c->why);
    }
    return waits != NULL;
}

void api_request(struct api *a, struct wallet_time t, struct api_caller caller, struct span text)
{
    struct api_call c = {.api = a, .t = t, .caller = caller};
    if (text.n > API_REQUEST_LEN_MAX) {
        coded_set(&c.why, "too_large");
        coded_add_u64(&c.why, "max", API_REQUEST_LEN_MAX);
        send_error(a, caller, SPAN_EMPTY, &c.why);
        return;
    }
    if (!read_envelope(&c, text) || !check_params(&c)) {
        send_error(a, caller, c.id.raw, &c.why);
        return;
    }
    if (api_methods[c.method].capability != API_CAPABILITY_READ) {
        c.key = api_param_plain(&c, "key");
        hash_request(c.request_hash, api_methods[c.method].name, c.params.raw);
        wallet_touch(a->cfg.wallet, t);
        if (answer_again(&c)) {
            return;
        }
    }
    run_handler(&c);
}

/* ---- what comes later ---- */

static void
send_answer(struct api *a, const struct api_pending *p, struct span result, const struct coded *why)
{
    if (result.n > 0) {
        send_result(a, p->caller, span_str(p->id), result);
    } else {
        send_error(a, p->caller, span_str(p->id), why);
    }
}

void api_finish(struct api *a, struct api_pending *p, struct span result, const struct coded *why)
{
    if (result.n > 0) {
        keep_answer(a, span_str(p->key), p->request_hash, result);
    }
    send_answer(a, p, result, why);
    for (size_t i = 0; i < API_PENDING_COUNT_MAX; i++) {
        struct api_pending *second = &a->pending[i];
        if (second->is_second && second->task == p->task && second->is_of_node == p->is_of_node) {
            send_answer(a, second, result, why);
            *second = (struct api_pending){0};
        }
    }
    *p = (struct api_pending){0};
}

/* A finished pending entry becomes a call again, whose handler is the finisher. */
static void finish_pending(struct api *a,
                           struct wallet_time t,
                           struct api_pending *p,
                           const struct task_result *r)
{
    struct api_call c = {
        .api = a, .t = t, .caller = p->caller, .method = p->method, .key = span_str(p->key)};
    memcpy(c.request_hash, p->request_hash, 32);
    AUTO(buf_done) struct buf result;
    buf_init(&result, &a->budget, API_REPLY_LEN_MAX);
    struct wr w = wr_init_buf(&result);
    struct json_writer j = json_writer_init(&w);
    c.w = (struct api_writing){.j = &j, .wallet = a->cfg.wallet, .t = t};
    enum api_done done = API_REFUSED;
    if (r->err != OK) {
        c.why = r->why;
    } else if (p->method == API_METHOD_FEE_QUOTE) {
        done = api_finish_quote(&c, p, r);
    } else if (p->method == API_METHOD_RECOVERY_STATUS) {
        done = api_finish_recovery(&c, p);
    } else if (p->method == API_METHOD_OWNER_CHAINS) {
        done = api_finish_owner_chains(&c, p);
    } else {
        done = api_finish_operation(&c, r);
    }
    bool is_good = done == API_DONE && json_writer_end(&j) == OK;
    api_finish(a, p, is_good ? buf_span(&result) : SPAN_EMPTY, &c.why);
}

static void note_changed(struct api *a, struct id operation)
{
    a->is_stale[API_TOPIC_ACTIVITY] = true;
    a->is_stale[API_TOPIC_REQUESTS] = true;
    for (size_t i = 0; i < a->changed_count; i++) {
        if (id_equal(a->changed[i], operation)) {
            return;
        }
    }
    if (a->changed_count < WALLET_OPEN_OPERATION_COUNT_MAX) {
        a->changed[a->changed_count++] = operation;
    }
}

static void task_done(struct api *a, struct wallet_time t, uint64_t task)
{
    struct task_result r;
    if (!wallet_task_take(a->cfg.wallet, task, &r)) {
        return;
    }
    for (size_t i = 0; i < API_PENDING_COUNT_MAX; i++) {
        struct api_pending *p = &a->pending[i];
        if (p->task == task && !p->is_of_node && !p->is_second) {
            finish_pending(a, t, p, &r);
        }
    }
}

/* A wallet that is locked, by hand or because nobody is there, has no open vault. */
static void lock_vault_too(struct api *a)
{
    struct span body;
    enum err e = OK;
    if (wallet_is_locked(a->cfg.wallet) && a->cfg.node->keys) {
        e = a->cfg.node->keys(a->cfg.node, &body, KEYD_VAULT_LOCK, SPAN_EMPTY);
    }
    (void)e; /* it can fail only if the key process is gone, and its memory with it */
}

void api_wallet_event(struct api *a, struct wallet_time t, const struct wallet_event *e)
{
    switch (e->kind) {
    case WALLET_TASK_DONE:         task_done(a, t, e->id); break;
    case WALLET_OPERATION_CHANGED: note_changed(a, e->operation); break;
    case WALLET_ACCOUNTS_CHANGED:
        a->is_stale[API_TOPIC_ACCOUNTS] = true;
        a->is_stale[API_TOPIC_HEALTH] = true;
        break;
    case WALLET_BALANCES_CHANGED:
        a->is_stale[API_TOPIC_BALANCES] = true;
        a->is_stale[API_TOPIC_ACCOUNTS] = true; /* on_chain */
        break;
    case WALLET_STATUS_CHANGED:
        a->is_stale[API_TOPIC_STATUS] = true;
        lock_vault_too(a);
        break;
    case WALLET_SETTINGS_CHANGED: a->is_stale[API_TOPIC_SETTINGS] = true; break;
    case WALLET_ASK:
    case WALLET_PROVE:
    case WALLET_SUBMIT:
    case WALLET_TRACK:            break; /* for the node */
    }
}

void api_node_changed(struct api *a, struct wallet_time t)
{
    (void)t;
    a->is_stale[API_TOPIC_STATUS] = true;
    a->is_stale[API_TOPIC_NETWORK] = true;
}

struct api_pending *api_pending_of_node(struct api *a, uint64_t id)
{
    for (size_t i = 0; i < API_PENDING_COUNT_MAX; i++) {
        const struct api_pending *p = &a->pending[i];
        if (p->task == id && p->is_of_node && !p->is_second) {
            return &a->pending[i];
        }
    }
    return NULL;
}

static void set_faucet_refusal(struct coded *why, const struct api_faucet_result *result)
{
    coded_set(why, result->err == ERR_LIMIT ? "faucet_wait" : "faucet_failed");
    if (result->err == ERR_LIMIT) {
        coded_add_u64(why, "seconds", result->wait_s);
    } else {
        coded_add_str(why, "reason", result->reason ? result->reason : "");
    }
}

void api_faucet_done(struct api *a,
                     struct wallet_time t,
                     uint64_t id,
                     const struct api_faucet_result *result)
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
    struct api_writing writing = {.j = &j, .wallet = a->cfg.wallet, .t = t};
    struct coded why = {0};
    struct figure f = api_reported(&writing, n, result->amount);
    json_put_object(&j);
    json_put_name(&j, "amount");
    api_write_figure(&j, &f,
                     (struct api_unit){.symbol = n->symbol, .decimals = U256_DECIMALS_ETHER});
    json_put_name(&j, "tx_hash");
    json_put_hex(&j, SPAN_OF(result->tx_hash.bytes));
    json_end_object(&j);
    if (result->err != OK) {
        set_faucet_refusal(&why, result);
    }
    api_finish(a, p, result->err == OK ? buf_span(&text) : SPAN_EMPTY, &why);
}

/* Words of strangers may stand in a log line: what is no text becomes "?". */
static void make_plain(char *text)
{
    bool is_utf8 = utf8_is_valid(span_str(text));
    for (char *c = text; *c; c++) {
        bool is_plain = (unsigned char)*c >= 0x20 && *c != 0x7f;
        if (!is_plain || (!is_utf8 && (unsigned char)*c >= 0x80)) {
            *c = '?';
        }
    }
}

void api_log(
    struct api *a, uint64_t unix_ms, enum log_level level, const char *part, const char *text)
{
    if (a->is_logging) {
        return;
    }
    struct api_log_line *l = &a->lines[a->line_seq % API_LOG_LINE_COUNT];
    *l = (struct api_log_line){.seq = ++a->line_seq, .at_ms = unix_ms, .level = level};
    text_set(l->part, sizeof l->part, span_str(part));
    text_set(l->text, sizeof l->text, span_str(text));
    make_plain(l->text);
    a->is_stale[API_TOPIC_LOG] = true;
}

instant api_deadline(const struct api *a)
{
    return instant_min(api_topics_deadline(a), instant_min(a->heartbeat_at, a->network_at));
}

void api_tick(struct api *a, struct wallet_time t)
{
    if (instant_reached(a->heartbeat_at, t.mono)) {
        a->is_stale[API_TOPIC_STATUS] = true;
        a->heartbeat_at = instant_add(t.mono, HEARTBEAT_S * US_PER_S);
    }
    if (instant_reached(a->network_at, t.mono)) {
        a->is_stale[API_TOPIC_NETWORK] = true;
        a->network_at = instant_add(t.mono, NETWORK_S * US_PER_S);
    }
    api_topics_tick(a, t);
}
