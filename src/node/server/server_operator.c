/* The operator's API: status, peers, drain, reload and the metrics, over the socket of passmesh-server's own commands and, if
 * server.ini names a port, over HTTP and WebSocket on 127.0.0.1 with a token. */
#include "base/check.h"
#include "base/secret.h"
#include "codec/base64.h"
#include "node/api/api_rpc.h"
#include "node/server/server_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    DRAIN_S_DEFAULT = 60,
    DRAIN_S_MAX = 86400,
    PUSH_MS = 1000, /* between two states for who has subscribed */
    TOKEN_BYTES = 32,
    TOKEN_FILE_LEN_MAX = 256,

};

static struct server *of(struct door *self)
{
    char *operator=(char *) self - offsetof(struct server_operator, door);
    return (struct server *)(void *)(operator- offsetof(struct server, operator));
}

/* ---- answers ---- */

static void deliver(struct server *s, const struct api_event *e)
{
    if (!(s->operator.has_web && web_deliver(&s->operator.web, e)) && s->operator.has_local) {
        (void)local_deliver(&s->operator.local, e);
    }
}

static struct wr answer_begin(struct server *s)
{
    buf_clear(&s->operator.text);
    return wr_init_buf(&s->operator.text);
}

static void answer_end(struct server *s, struct api_caller caller, uint16_t http)
{
    const struct api_event e = {
        .caller = caller.id, .text = buf_span(&s->operator.text), .http = http, .is_reply = true};
    deliver(s, &e);
}

static void
refuse(struct server *s, struct api_caller caller, struct span id, const struct coded *why)
{
    struct wr w = answer_begin(s);
    api_rpc_write_error(&w, id, why);
    if (wr_ok(&w)) {
        answer_end(s, caller, api_rpc_error(why->code)->http);
    }
}

/* ---- methods ---- */

/* One request on its way. */
struct asked {
    struct server *s;
    struct api_caller caller;
    struct json params;
    struct span id;       /* of the question, as it came */
    bool is_later;        /* it is answered another time */
    struct json_writer j; /* the result */
    struct coded why;     /* or why not */
};

static bool bad_param(struct asked *a, const char *field, const char *rule)
{
    coded_set(&a->why, "invalid_params");
    coded_add_str(&a->why, "field", field);
    coded_add_str(&a->why, "rule", rule);
    return false;
}

/* No parameter but those of the list, which ends with NULL. */
static bool knows_params(struct asked *a, const char *const *names)
{
    struct json name;
    struct json value;
    struct json_iter it = json_iterate(a->params);
    if (a->params.type != JSON_OBJECT) {
        return bad_param(a, "", "type");
    }
    while (json_next(&it, &name, &value)) {
        bool is_known = false;
        for (size_t i = 0; names[i] && !is_known; i++) {
            is_known = json_string_equal(name, span_str(names[i]));
        }
        if (!is_known) {
            return bad_param(a, "", "unknown");
        }
    }
    return true;
}

static const char *const no_params[] = {NULL};

static bool on_status(struct asked *a)
{
    if (!knows_params(a, no_params)) {
        return false;
    }
    server_write_status(a->s, &a->j);
    return true;
}

static bool on_peers(struct asked *a)
{
    if (!knows_params(a, no_params)) {
        return false;
    }
    server_write_peers(a->s, &a->j);
    return true;
}

static bool on_net(struct asked *a)
{
    if (!knows_params(a, no_params)) {
        return false;
    }
    server_net_write(a->s, &a->j);
    return true;
}

/* read_probe reads {"peer", "goal", "pings"}. */
static bool read_probe(struct asked *a, struct host_probe_args *ret, struct net_target *ret_target)
{
    static const char *const names[] = {"peer", "goal", "pings", NULL};
    struct span text;
    struct json value;
    uint64_t pings = 1;
    if (!knows_params(a, names)) {
        return false;
    }
    if (json_find_plain(&text, a->params, "goal") != OK ||
        host_probe_goal_parse(&ret->goal, text) != OK) {
        return bad_param(a, "goal", "choice");
    }
    if (json_find_plain(&text, a->params, "peer") != OK ||
        net_target_read(ret_target, text) != OK) {
        return bad_param(a, "peer", "format");
    }
    if (json_find(&value, a->params, "pings") &&
        (json_get_u64(&pings, value) != OK || pings < 1 || pings > HOST_PROBE_PINGS_MAX)) {
        return bad_param(a, "pings", "range");
    }
    ret->peer = ret_target->peer;
    ret->addrs = &ret_target->addr;
    ret->addrs_count = ret_target->addr.n > 0;
    ret->pings = (uint32_t)pings;
    return true;
}

static bool on_probe(struct asked *a)
{
    struct server_probe *p = &a->s->probe;
    struct net_target target;
    struct host_probe_args args;
    if (!read_probe(a, &args, &target)) {
        return false;
    }
    enum err e =
        p->host.host ? host_probe_start(&p->host, loop_now(&a->s->loop), &args) : ERR_STATE;
    if (e == ERR_UNSUPPORTED) {
        return bad_param(a, "peer", "self");
    }
    if (e != OK) {
        coded_set(&a->why, "rate_limited"); /* another is under way, or the server ends */
        coded_add_u64(&a->why, "wait_ms", PUSH_MS);
        return false;
    }
    p->caller = a->caller;
    size_t n = span_copy(mspan_of(p->id, sizeof p->id - 1), a->id);
    p->id[n] = '\0';
    a->is_later = true;
    return true;
}

void server_operator_probed(struct server *s, const struct net_json *n)
{
    struct server_probe *p = &s->probe;
    struct coded why = {0};
    buf_clear(&s->operator.value);
    struct wr value = wr_init_buf(&s->operator.value);
    struct json_writer j = json_writer_init(&value);
    net_json_put_probe(&j, n, &p->host);
    struct wr w = answer_begin(s);
    api_rpc_write_result(&w, span_str(p->id), buf_span(&s->operator.value));
    if (json_writer_end(&j) != OK || !wr_ok(&w)) {
        coded_set(&why, "internal");
        refuse(s, p->caller, span_str(p->id), &why);
        return;
    }
    answer_end(s, p->caller, 200);
}

static bool on_drain(struct asked *a)
{
    static const char *const names[] = {"deadline_s", NULL};
    struct json value;
    uint64_t deadline_s = DRAIN_S_DEFAULT;
    if (!knows_params(a, names)) {
        return false;
    }
    if (json_find(&value, a->params, "deadline_s") &&
        (json_get_u64(&deadline_s, value) != OK || deadline_s < 1 || deadline_s > DRAIN_S_MAX)) {
        return bad_param(a, "deadline_s", "range");
    }
    struct server *s = a->s;
    log_line(&s->log, LOG_INFO, "server", "told to drain: stopping in %llu s at the latest",
             (unsigned long long)deadline_s);
    server_drain(s, instant_add(loop_now(&s->loop), deadline_s * US_PER_S));
    json_put_object(&a->j);
    json_put_name(&a->j, "deadline_s");
    json_put_u64(&a->j, deadline_s);
    json_put_name(&a->j, "streams");
    json_put_u64(&a->j, service_server_streams_count(&s->service));
    json_put_name(&a->j, "operations");
    json_put_u64(&a->j, s->has_bundler ? bundler_open_count(&s->bundler) : 0);
    json_end_object(&a->j);
    return true;
}

static bool on_reload(struct asked *a)
{
    struct diag why = {0};
    if (!knows_params(a, no_params)) {
        return false;
    }
    if (server_reload(a->s, &a->j, &why) == OK) {
        return true;
    }
    char line[24];
    (void)snprintf(line, sizeof line, "line %zu", why.offset);
    coded_set(&a->why, "invalid_params");
    coded_add_str(&a->why, "field", why.offset > 0 ? line : "server.ini");
    coded_add_str(&a->why, "rule", why.rule ? why.rule : "it cannot be read");
    return false;
}

static bool on_metrics(struct asked *a)
{
    if (!knows_params(a, no_params)) {
        return false;
    }
    AUTO(buf_done) struct buf text;
    buf_init(&text, &a->s->budget, API_REPLY_LEN_MAX);
    struct wr w = wr_init_buf(&text);
    server_write_metrics(a->s, &w);
    json_put_object(&a->j);
    json_put_name(&a->j, "text");
    json_put_string(&a->j, wr_ok(&w) ? buf_span(&text) : SPAN_EMPTY);
    json_end_object(&a->j);
    return true;
}

static struct server_subscriber *subscriber_of(struct server *s, uint64_t caller)
{
    for (size_t i = 0; i < SERVER_SUBSCRIBERS_MAX; i++) {
        if (s->operator.subscribers[i].caller == caller) {
            return &s->operator.subscribers[i];
        }
    }
    return NULL;
}

static bool on_subscribe(struct asked *a)
{
    static const char *const names[] = {"topics", NULL};
    struct json topics;
    struct json topic;
    struct server *s = a->s;
    if (!knows_params(a, names)) {
        return false;
    }
    if (!json_find(&topics, a->params, "topics") || topics.type != JSON_ARRAY) {
        return bad_param(a, "topics", "type");
    }
    struct json_iter it = json_iterate(topics);
    if (json_count(topics) != 1 || !json_next(&it, NULL, &topic) ||
        !json_string_equal(topic, SPAN_LIT("status"))) {
        return bad_param(a, "topics", "choice");
    }
    struct server_subscriber *place = subscriber_of(s, a->caller.id);
    place = place ? place : subscriber_of(s, 0);
    if (!place) {
        coded_set(&a->why, "rate_limited");
        coded_add_u64(&a->why, "wait_ms", PUSH_MS);
        return false;
    }
    place->caller = a->caller.id;
    s->operator.push_at = loop_now(&s->loop);
    server_wake(s);
    json_put_object(&a->j);
    json_put_name(&a->j, "topics");
    json_put_raw(&a->j, topics.raw);
    json_end_object(&a->j);
    return true;
}

static const struct method {
    const char *name;
    bool (*run)(struct asked *a); /* false: why is set */
    bool is_websocket;
} methods[] = {
    {"status",    on_status,    false},
    {"peers",     on_peers,     false},
    {"net",       on_net,       false},
    {"probe",     on_probe,     false},
    {"drain",     on_drain,     false},
    {"reload",    on_reload,    false},
    {"metrics",   on_metrics,   false},
    {"subscribe", on_subscribe, true },
};

static const struct method *method_of(struct json name, struct api_caller caller)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (methods[i].is_websocket == (caller.way == API_WAY_WEBSOCKET) &&
            json_string_equal(name, span_str(methods[i].name))) {
            return &methods[i];
        }
    }
    return NULL;
}

static void
on_request(struct door *self, struct wallet_time t, struct api_caller caller, struct span text)
{
    struct asked a = {.s = of(self), .caller = caller};
    struct api_rpc e = {.id = {.raw = SPAN_EMPTY}};
    (void)t;
    if (!api_rpc_read(&e, text, &a.why)) {
        refuse(a.s, caller, e.id.raw, &a.why);
        return;
    }
    const struct method *m = method_of(e.method, caller);
    if (!m) {
        api_rpc_refuse_method(&a.why, e.method);
        refuse(a.s, caller, e.id.raw, &a.why);
        return;
    }
    buf_clear(&a.s->operator.value);
    struct wr value = wr_init_buf(&a.s->operator.value);
    a.j = json_writer_init(&value);
    a.params = e.params;
    a.id = e.id.raw;
    if (!m->run(&a)) {
        refuse(a.s, caller, e.id.raw, &a.why);
        return;
    }
    if (a.is_later) {
        return;
    }
    struct wr w = answer_begin(a.s);
    api_rpc_write_result(&w, e.id.raw, buf_span(&a.s->operator.value));
    if (json_writer_end(&a.j) != OK || !wr_ok(&w)) {
        coded_set(&a.why, "internal");
        refuse(a.s, caller, e.id.raw, &a.why);
        return;
    }
    answer_end(a.s, caller, 200);
}

/* ---- the door ---- */

static void on_gone(struct door *self, uint64_t caller)
{
    struct server_subscriber *gone = caller ? subscriber_of(of(self), caller) : NULL;
    if (gone) {
        *gone = (struct server_subscriber){0};
    }
}

/* The gate has held Host and Origin against ours already. */
static bool check_token(struct door *self, struct wallet_time t, const struct api_bearer *bearer)
{
    struct server *s = of(self);
    (void)t;
    return bearer->token.n == API_TOKEN_LEN &&
           ct_equal(span_of(s->operator.token, API_TOKEN_LEN), bearer->token);
}

static struct span error_text(struct door *self, const struct coded *why, uint16_t *ret_http)
{
    struct server *s = of(self);
    struct wr w = answer_begin(s);
    *ret_http = api_rpc_error(why->code)->http;
    wr_str(&w, "{\"error\":");
    struct json_writer j = json_writer_init(&w);
    api_rpc_put_error(&j, why);
    wr_str(&w, "}");
    return wr_ok(&w) ? buf_span(&s->operator.text) : SPAN_LIT("{}");
}

static bool document(struct door *self,
                     struct wallet_time t,
                     struct span path,
                     struct door_document *ret_document)
{
    struct server *s = of(self);
    (void)t;
    if (!span_equal(path, SPAN_LIT("/metrics"))) {
        return false;
    }
    struct wr w = answer_begin(s);
    server_write_metrics(s, &w);
    ret_document->type = "text/plain; version=0.0.4; charset=utf-8";
    ret_document->text = wr_ok(&w) ? buf_span(&s->operator.text) : SPAN_EMPTY;
    return true;
}

/* ---- pushing ---- */

static void push_one(struct server *s, struct server_subscriber *to)
{
    struct wr w = answer_begin(s);
    struct json_writer j = json_writer_init(&w);
    json_begin_notification(&j, "event");
    json_put_name(&j, "topic");
    json_put_str(&j, "status");
    json_put_name(&j, "seq");
    json_put_u64(&j, ++to->seq);
    json_put_name(&j, "data");
    server_write_status(s, &j);
    json_end_notification(&j);
    if (json_writer_end(&j) == OK) {
        const struct api_event e = {.caller = to->caller, .text = buf_span(&s->operator.text)};
        deliver(s, &e);
    }
}

void server_operator_tick(struct server *s, instant now)
{
    bool any = false;
    if (!instant_reached(s->operator.push_at, now)) {
        return;
    }
    for (size_t i = 0; i < SERVER_SUBSCRIBERS_MAX; i++) {
        struct server_subscriber *to = &s->operator.subscribers[i];
        if (to->caller) {
            push_one(s, to);
        }
        any = any || to->caller;
    }
    s->operator.push_at = any ? instant_add(now, PUSH_MS * US_PER_MS) : INSTANT_NEVER;
}

/* ---- start and stop ---- */

/* The operator's own token: 32 bytes in base64url, and nobody else may read the file. */
MUST_CHECK static enum err token_read(struct server *s)
{
    const char *path = s->config->token_file;
    uint8_t room[TOKEN_FILE_LEN_MAX];
    uint8_t bytes[TOKEN_BYTES];
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd >= 0 && fstat(fd, &st) == 0 ? read(fd, room, sizeof room) : -1;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (n < 0) {
        server_give_up(s, ERR_IO, "The token file %s cannot be read.", path);
        return ERR_IO;
    }
    if ((st.st_mode & 077) != 0) {
        server_give_up(s, ERR_DENIED, "Others may read the token file %s: chmod 600 it.", path);
        return ERR_DENIED;
    }
    n -= n > 0 && room[n - 1] == '\n';
    struct wr w = wr_init(MSPAN_OF(bytes));
    bool is_token =
        n == API_TOKEN_LEN && base64_decode(&w, BASE64_URL_BARE, span_of(room, (size_t)n)) == OK;
    if (is_token) {
        memcpy(s->operator.token, room, API_TOKEN_LEN);
    } else {
        server_give_up(s, ERR_MALFORMED,
                       "The token file %s holds no token: 43 characters, 32 random bytes in "
                       "base64url.",
                       path);
    }
    wipe(MSPAN_OF(room));
    wipe(MSPAN_OF(bytes));
    return is_token ? OK : ERR_MALFORMED;
}

static bool token_write(const struct server_operator *o)
{
    (void)unlink(o->token_path);
    int fd = open(o->token_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool is_written = fd >= 0 && write(fd, o->token, API_TOKEN_LEN) == API_TOKEN_LEN;
    return fd >= 0 && close(fd) == 0 && is_written;
}

/* A new one at each start, in a directory that nobody else may enter. */
MUST_CHECK static enum err token_make(struct server *s)
{
    struct server_operator *o = &s->operator;
    uint8_t bytes[TOKEN_BYTES];
    int n =
        snprintf(o->token_path, sizeof o->token_path, "%s/token", s->config->places.runtime_dir);
    check(n > 0 && (size_t)n < sizeof o->token_path);
    rng_fill(&s->entropy.rng, MSPAN_OF(bytes));
    struct wr w = wr_init(mspan_of(o->token, API_TOKEN_LEN));
    base64_encode(&w, BASE64_URL_BARE, SPAN_OF(bytes));
    wipe(MSPAN_OF(bytes));
    if (!token_write(o)) {
        server_give_up(s, ERR_IO, "The token cannot be written to %s.", o->token_path);
        return ERR_IO;
    }
    return OK;
}

static void pump_later(void *user)
{
    server_wake(user);
}

MUST_CHECK static enum err start_web(struct server *s)
{
    char holder[WEB_HOLDER_LEN];
    const struct web_cfg cfg = {.loop = &s->loop,
                                .budget = &s->budget,
                                .log = &s->log,
                                .door = &s->operator.door,
                                .name = "127.0.0.1",
                                .is_ip4_only = true,
                                .port = s->config->operator_port,
                                .pump = pump_later,
                                .user = s};
    TRY(s->config->token_file[0] ? token_read(s) : token_make(s));
    enum err err = web_start(&s->operator.web, &cfg, holder);
    if (err != OK) {
        server_give_up(s, err,
                       "The operator's port %u is held by %s: choose another in server.ini.",
                       cfg.port, holder[0] ? holder : "another program");
        return err;
    }
    s->operator.has_web = true;
    log_line(&s->log, LOG_INFO, "operator", "http://127.0.0.1:%u, with the token in %s", cfg.port,
             s->operator.token_path[0] ? s->operator.token_path : s->config->token_file);
    return OK;
}

enum err server_operator_start(struct server *s)
{
    struct server_operator *o = &s->operator;
    const char *path = s->config->places.socket;
    o->door = (struct door){.request = on_request,
                            .caller_gone = on_gone,
                            .session_check = check_token,
                            .error_text = error_text,
                            .document = document};
    buf_init(&o->text, &s->budget, API_REPLY_LEN_MAX);
    buf_init(&o->value, &s->budget, API_REPLY_LEN_MAX);
    const struct local_cfg local = {.loop = &s->loop,
                                    .budget = &s->budget,
                                    .log = &s->log,
                                    .door = &o->door,
                                    .path = path,
                                    .pump = pump_later,
                                    .user = s};
    enum err err = local_start(&o->local, &local);
    if (err != OK) {
        server_give_up(s, err,
                       "The socket %s cannot be made: is its path too long, or does something else "
                       "lie there?",
                       path);
        return err;
    }
    o->has_local = true;
    return s->config->operator_port ? start_web(s) : OK;
}

void server_operator_stop(struct server *s)
{
    struct server_operator *o = &s->operator;
    if (o->has_web) {
        web_stop(&o->web);
    }
    if (o->has_local) {
        local_stop(&o->local);
    }
    if (o->token_path[0]) {
        (void)unlink(o->token_path);
    }
    o->has_web = false;
    o->has_local = false;
    wipe(MSPAN_OF(o->token));
}
