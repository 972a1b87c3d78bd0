/* The supervisor's end of the talk with a plugin: see sidecar.h. */
#include "plugin/sidecar.h"

#include "base/check.h"
#include "base/secret.h"
#include "codec/json.h"

#include <stdio.h>
#include <string.h>

#define HELLO_US  (5 * US_PER_S)
#define READY_US  (60 * US_PER_S)
#define PING_US   (5 * US_PER_S)
#define STATUS_US US_PER_S
#define GRACE_US  (5 * US_PER_S)
enum { MESSAGE_LEN_MAX = 1024 };

void sidecar_init(struct sidecar *s, const struct sidecar_cfg *cfg, instant now)
{
    struct frame_cfg frames = {
        .prefix = FRAME_BE32, .frame_len_max = SIDECAR_FRAME_LEN_MAX, .budget = cfg->budget};
    memset(s, 0, sizeof *s);
    s->cfg = *cfg;
    s->state = SIDECAR_STARTING;
    s->deadline = instant_add(now, HELLO_US);
    s->next_ping = INSTANT_NEVER;
    frame_reader_init(&s->frames, frames);
    buf_init(&s->out, cfg->budget, SIDECAR_OUT_LEN_MAX);
}

void sidecar_done(struct sidecar *s)
{
    frame_reader_done(&s->frames);
    buf_done(&s->out);
    memset(s, 0, sizeof *s);
}

static bool is_running(const struct sidecar *s)
{
    return s->state == SIDECAR_STARTING || s->state == SIDECAR_PREPARING ||
           s->state == SIDECAR_READY || s->state == SIDECAR_DRAINING;
}

const char *sidecar_reason_code(enum sidecar_reason reason)
{
    switch (reason) {
    case SIDECAR_FINE:         return "plugin_told";
    case SIDECAR_BROKE_RULES:  return "plugin_broke_rules";
    case SIDECAR_OTHER_ABI:    return "plugin_other_abi";
    case SIDECAR_FOREIGN:      return "plugin_foreign";
    case SIDECAR_NOT_READY:    return "plugin_not_ready";
    case SIDECAR_HUNG:         return "plugin_hung";
    case SIDECAR_NO_END:       return "plugin_no_end";
    case SIDECAR_WRONG_CONFIG: return "plugin_wrong_config";
    case SIDECAR_EXITED:       return "plugin_exited";
    case SIDECAR_SIGNALLED:    return "plugin_signalled";
    }
    return "plugin_told";
}

static void say(struct sidecar *s, enum sidecar_reason reason, const char *why)
{
    if (s->why[0] == '\0') { /* the first reason is the reason */
        s->reason = reason;
        (void)snprintf(s->why, sizeof s->why, "%s", why);
    }
}

/* Ends a process that broke the rules, or did not keep its time. */
static void stop(struct sidecar *s, instant now, enum sidecar_reason reason, const char *why)
{
    say(s, reason, why);
    if (is_running(s)) {
        s->state = SIDECAR_STOPPING;
        s->deadline = instant_add(now, GRACE_US);
        s->next_ping = INSTANT_NEVER;
        s->has_kill = true;
    }
}

static void refuse(struct sidecar *s, instant now, enum sidecar_reason reason, const char *why)
{
    s->is_incompatible = true;
    stop(s, now, reason, why);
}

/* A notification: the parameters are written by put, between braces. */
static void notify(struct sidecar *s, instant now, struct span text)
{
    struct wr w = wr_init_buf(&s->out);
    frame_write(&w, FRAME_BE32, text);
    if (!wr_ok(&w)) {
        stop(s, now, SIDECAR_BROKE_RULES, "It does not read what it is told.");
    }
}

static void
send_number(struct sidecar *s, instant now, const char *method, const char *name, uint64_t number)
{
    char text[MESSAGE_LEN_MAX];
    int n = snprintf(text, sizeof text,
                     "{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":{\"%s\":%llu}}", method,
                     name, (unsigned long long)number);
    check(n > 0);
    notify(s, now, span_of(text, (size_t)n));
}

static void send_init(struct sidecar *s, instant now)
{
    uint8_t text[MESSAGE_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(text));
    struct json_writer j = json_writer_init(&w);
    json_begin_notification(&j, "init");
    json_put_name(&j, "nonce");
    json_put_str(&j, s->cfg.nonce);
    json_put_name(&j, "state_dir");
    json_put_str(&j, s->cfg.state_dir);
    json_end_notification(&j);
    if (json_writer_end(&j) != OK) {
        stop(s, now, SIDECAR_BROKE_RULES, "The path of its folder is too long, or no text.");
        return;
    }
    notify(s, now, span_of(text, w.n));
}

static void send_limits(struct sidecar *s, instant now)
{
    char text[MESSAGE_LEN_MAX];
    int n = snprintf(text, sizeof text,
                     "{\"jsonrpc\":\"2.0\",\"method\":\"limits\",\"params\":{\"clients\":%llu,"
                     "\"kbit_s\":%llu}}",
                     (unsigned long long)s->cfg.limits.clients,
                     (unsigned long long)s->cfg.limits.kbit_s);
    check(n > 0);
    notify(s, now, span_of(text, (size_t)n));
}

void sidecar_limits(struct sidecar *s, instant now, const struct sidecar_limits *limits)
{
    s->cfg.limits = *limits;
    if (s->state == SIDECAR_READY) {
        send_limits(s, now);
    }
}

static void give(struct sidecar *s, enum sidecar_event_type type, struct span text)
{
    s->event = (struct sidecar_event){.type = type, .text = text};
    s->has_event = true;
}

static void on_hello(struct sidecar *s, instant now, struct json params)
{
    uint64_t proto;
    uint64_t abi;
    if (s->state != SIDECAR_STARTING) {
        refuse(s, now, SIDECAR_BROKE_RULES, "It said hello twice.");
    } else if (json_find_u64(&proto, params, "proto") != OK || proto != SIDECAR_PROTO ||
               json_find_u64(&abi, params, "abi") != OK || abi != s->cfg.abi) {
        refuse(s, now, SIDECAR_OTHER_ABI,
               "It speaks another version of the interface than this client.");
    } else {
        s->state = SIDECAR_PREPARING;
        s->deadline = instant_add(now, READY_US);
        send_init(s, now);
    }
}

static bool is_nonce(const struct sidecar *s, struct json params)
{
    struct span nonce;
    return json_find_plain(&nonce, params, "nonce") == OK &&
           ct_equal(nonce, span_str(s->cfg.nonce));
}

static void on_ready(struct sidecar *s, instant now, struct json params)
{
    struct span listen = SPAN_EMPTY;
    if (s->state != SIDECAR_PREPARING) {
        stop(s, now, SIDECAR_BROKE_RULES, "It was ready before it was told to be.");
    } else if (!is_nonce(s, params)) {
        refuse(s, now, SIDECAR_FOREIGN, "It is not the process that was started.");
    } else if (json_find_plain(&listen, params, "listen") != OK) {
        stop(s, now, SIDECAR_BROKE_RULES, "It does not say where it listens.");
    } else {
        s->state = SIDECAR_READY;
        s->deadline = INSTANT_NEVER;
        s->next_ping = instant_add(now, PING_US);
        if (s->cfg.limits.clients > 0 || s->cfg.limits.kbit_s > 0) {
            send_limits(s, now);
        }
        give(s, SIDECAR_EVENT_READY, listen);
    }
}

static void on_progress(struct sidecar *s, instant now, struct json params)
{
    struct span text;
    if (s->state == SIDECAR_PREPARING && json_find_plain(&text, params, "text") == OK) {
        s->deadline = instant_add(now, READY_US);
        give(s, SIDECAR_EVENT_PROGRESS, text);
    }
}

static void on_pong(struct sidecar *s, instant now, struct json params)
{
    uint64_t n;
    if (json_find_u64(&n, params, "n") != OK || n > s->pings) {
        stop(s, now, SIDECAR_BROKE_RULES, "It answers what nobody asked.");
    } else if (n > s->pongs) {
        s->pongs = n;
    }
}

static void on_status(struct sidecar *s, instant now, struct json params)
{
    if ((s->state == SIDECAR_READY || s->state == SIDECAR_DRAINING) &&
        !instant_before(now, s->next_status)) {
        s->next_status = instant_add(now, STATUS_US);
        give(s, SIDECAR_EVENT_STATUS, params.raw);
    }
}

static void on_message(struct sidecar *s, instant now, struct span text)
{
    static const struct {
        const char *method;
        void (*handle)(struct sidecar *s, instant now, struct json params);
    } methods[] = {
        {"hello",    on_hello   },
        {"ready",    on_ready   },
        {"progress", on_progress},
        {"pong",     on_pong    },
        {"status",   on_status  }
    };
    struct json message;
    struct json method;
    struct json params;
    if (json_parse(&message, text, NULL) != OK || !json_find(&method, message, "method") ||
        !json_find(&params, message, "params") || params.type != JSON_OBJECT) {
        stop(s, now, SIDECAR_BROKE_RULES, "It sends what is no message.");
        return;
    }
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (json_string_equal(method, span_str(methods[i].method))) {
            if (s->state == SIDECAR_STARTING && i > 0) {
                refuse(s, now, SIDECAR_BROKE_RULES, "It did not say hello first.");
                return;
            }
            methods[i].handle(s, now, params);
            return;
        }
    }
    stop(s, now, SIDECAR_BROKE_RULES, "It asks for something that there is not.");
}

enum err sidecar_recv(struct sidecar *s, instant now, struct span *in)
{
    while (in->n > 0 && !s->has_event && is_running(s)) {
        struct span frame;
        enum err e = frame_reader_next(&s->frames, &frame, in);
        if (e == ERR_TRUNCATED) {
            return OK;
        }
        if (e != OK) {
            stop(s, now, SIDECAR_BROKE_RULES, "It sends a message that is too long.");
            return OK;
        }
        on_message(s, now, frame);
    }
    if (!is_running(s)) {
        *in = SPAN_EMPTY; /* nobody listens any more */
    }
    return OK;
}

size_t sidecar_send(struct sidecar *s, instant now, struct mspan out)
{
    (void)now;
    size_t n = span_copy(out, buf_span(&s->out));
    buf_consume(&s->out, n);
    return n;
}

bool sidecar_poll(struct sidecar *s, struct sidecar_event *ret_event)
{
    if (s->has_event) {
        *ret_event = s->event;
        s->has_event = false;
        return true;
    }
    if (s->has_kill) {
        s->has_kill = false;
        *ret_event = (struct sidecar_event){
            .type = s->state == SIDECAR_KILLED ? SIDECAR_EVENT_KILL : SIDECAR_EVENT_TERM};
        return true;
    }
    return false;
}

instant sidecar_deadline(const struct sidecar *s)
{
    return instant_min(s->deadline, s->next_ping);
}

static void on_deadline(struct sidecar *s, instant now)
{
    s->deadline = INSTANT_NEVER;
    switch (s->state) {
    case SIDECAR_STARTING:
        stop(s, now, SIDECAR_NOT_READY, "It did not say hello within 5 seconds.");
        break;
    case SIDECAR_PREPARING:
        stop(s, now, SIDECAR_NOT_READY, "It was not ready within a minute.");
        break;
    case SIDECAR_DRAINING: stop(s, now, SIDECAR_NO_END, "It did not end in its time."); break;
    case SIDECAR_STOPPING:
        s->state = SIDECAR_KILLED;
        s->has_kill = true;
        break;
    case SIDECAR_READY:
    case SIDECAR_KILLED:
    case SIDECAR_ENDED:  break;
    }
}

void sidecar_tick(struct sidecar *s, instant now)
{
    if (instant_reached(s->deadline, now)) {
        on_deadline(s, now);
    }
    if (!instant_reached(s->next_ping, now)) {
        return;
    }
    if (s->pings - s->pongs >= SIDECAR_MISSES_MAX) {
        stop(s, now, SIDECAR_HUNG, "It hangs: it has not answered for 15 seconds.");
        return;
    }
    s->next_ping = instant_add(now, PING_US);
    send_number(s, now, "ping", "n", ++s->pings);
}

void sidecar_shutdown(struct sidecar *s, instant now, uint32_t drain_ms)
{
    if (!is_running(s) || s->was_told) {
        return;
    }
    s->was_told = true;
    if (s->state != SIDECAR_READY) { /* there is nothing to drain */
        stop(s, now, SIDECAR_FINE, "It was told to end before it was ready.");
        return;
    }
    s->state = SIDECAR_DRAINING;
    s->next_ping = INSTANT_NEVER;
    s->deadline = instant_add(now, drain_ms * US_PER_MS);
    send_number(s, now, "shutdown", "deadline_ms", drain_ms);
}

enum sidecar_verdict sidecar_ended(struct sidecar *s, int status)
{
    char text[SIDECAR_TEXT_LEN];
    s->state = SIDECAR_ENDED;
    s->deadline = INSTANT_NEVER;
    s->next_ping = INSTANT_NEVER;
    s->has_kill = false;
    if (status > 128) {
        (void)snprintf(text, sizeof text, "It was ended by signal %d.", status - 128);
    } else {
        (void)snprintf(text, sizeof text, "It ended with status %d.", status);
    }
    if (s->is_incompatible || status == SIDECAR_EXIT_INCOMPATIBLE) {
        say(s, SIDECAR_OTHER_ABI, "It does not go with this client.");
        return SIDECAR_INCOMPATIBLE;
    }
    if (s->was_told) {
        return SIDECAR_STAY_DOWN;
    }
    if (status == SIDECAR_EXIT_WORDS || status == SIDECAR_EXIT_USAGE ||
        status == SIDECAR_EXIT_CONFIG) {
        say(s, SIDECAR_WRONG_CONFIG, "Its configuration is wrong; its log says what.");
        return SIDECAR_STAY_DOWN;
    }
    if (s->why[0] == '\0') {
        s->number = status > 128 ? status - 128 : status;
    }
    say(s, status > 128 ? SIDECAR_SIGNALLED : SIDECAR_EXITED, text);
    return SIDECAR_START_AGAIN;
}
