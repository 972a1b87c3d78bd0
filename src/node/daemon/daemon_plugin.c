/* The daemon's end of the talk with the keeper of the server plugin: see plugin/keeper.h. */
#include "api_tables.h"
#include "base/check.h"
#include "base/mem.h"
#include "node/api/api_check.h"
#include "node/daemon/daemon_inside.h"
#include "node/plugin/keeper.h"
#include "plugin/keeper_frame.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const size_t lines_len = DAEMON_PLUGIN_LINES * sizeof(struct plugin_line);

enum {
    STATE_LEN_MAX = 64 << 10,
    OUT_LEN_MAX = 512 << 10,
    READ_LEN = 2048,
    END_MS = 2500 /* the server is to end within two seconds of our going */
};

static const char unavailable[] =
    "{\"state\":\"unavailable\",\"since_ms\":0,\"wanted\":false,\"repositories\":[],\"agree\":1,"
    "\"development\":"
    "false,"
    "\"checked_ms\":0,\"settings\":{\"network_id\":\"\",\"node\":\"\",\"listen\":\"\",\"clients\":"
    "0,"
    "\"kbit_s\":0,\"from_hour\":0,\"to_hour\":0},\"sandbox\":\"none\"}";

/* ---- what it tells ---- */

/* It handles bytes from outside, so what it says is held against the schema before anybody sees it. */
static void take_state(struct daemon *d, struct json state)
{
    struct api_fault fault;
    struct daemon_plugin *p = &d->plugin;
    if (api_check(state, api_topics[API_TOPIC_PLUGIN].snapshot, &fault) != OK) {
        log_line(&d->log, LOG_WARN, "plugin", "the keeper's state is left out: %s is wrong (%s)",
                 fault.field, fault.rule);
        return;
    }
    buf_clear(&p->state);
    if (buf_append(&p->state, state.raw) == OK) {
        api_plugin_changed(d->api);
    }
}

static void take_line(struct daemon_plugin *p, struct json line, uint64_t at_ms)
{
    struct plugin_line *l = &p->lines[p->line_seq % DAEMON_PLUGIN_LINES];
    struct wr w = wr_init(mspan_of(l->text, sizeof l->text - 1));
    if (json_get_string(&w, line) != OK) {
        w.n = 0;
    }
    l->text[w.n] = '\0';
    l->at_ms = at_ms;
    l->seq = ++p->line_seq;
}

static void take_answer(struct daemon *d, uint64_t id, struct span code)
{
    for (size_t i = 0; i < DAEMON_PLUGIN_WAITING; i++) {
        if (d->plugin.waiting[i] == id) {
            d->plugin.waiting[i] = 0;
            api_plugin_done(d->api, id, code);
            return;
        }
    }
}

static void take_frame(struct daemon *d, struct span text)
{
    struct keeper_news n;
    if (keeper_news_parse(&n, text) != OK) {
        return;
    }
    switch (n.kind) {
    case KEEPER_NEWS_ANSWER: take_answer(d, n.number, n.code); break;
    case KEEPER_NEWS_STATE:  take_state(d, n.value); break;
    case KEEPER_NEWS_LINE:   take_line(&d->plugin, n.value, n.number); break;
    case KEEPER_NEWS_WANT:   daemon_package_want(d, n.number, &n.want); break;
    }
}

/* It has ended, or does not speak: whoever waits is told. */
static void lose(struct daemon *d)
{
    struct daemon_plugin *p = &d->plugin;
    (void)uv_poll_stop(&p->poll);
    p->is_up = false;
    buf_clear(&p->state);
    log_line(&d->log, LOG_ERROR, "plugin",
             "the process that keeps the server has ended: start the wallet again to have one");
    for (size_t i = 0; i < DAEMON_PLUGIN_WAITING; i++) {
        if (p->waiting[i] != 0) {
            api_plugin_done(d->api, p->waiting[i], SPAN_LIT("plugin_unavailable"));
            p->waiting[i] = 0;
        }
    }
    api_plugin_changed(d->api);
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void flush(struct daemon *d)
{
    struct daemon_plugin *p = &d->plugin;
    while (p->out.n > 0) {
        ssize_t n = send(p->process.fd, p->out.p, p->out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n <= 0) {
            break;
        }
        buf_consume(&p->out, (size_t)n);
    }
    int wanted = UV_READABLE | UV_DISCONNECT | (p->out.n > 0 ? UV_WRITABLE : 0);
    (void)uv_poll_start(&p->poll, wanted, on_poll);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct daemon *d = poll->data;
    struct daemon_plugin *p = &d->plugin;
    uint8_t part[READ_LEN];
    (void)events;
    ssize_t n = status < 0 ? 0 : recv(p->process.fd, part, sizeof part, MSG_DONTWAIT);
    bool is_waiting = n < 0 && (errno == EAGAIN || errno == EINTR);
    struct span in = span_of(part, n > 0 ? (size_t)n : 0);
    struct span frame;
    enum err e = frame_reader_next(&p->frames, &frame, &in);
    for (; e == OK; e = frame_reader_next(&p->frames, &frame, &in)) {
        take_frame(d, frame);
    }
    if ((n <= 0 && !is_waiting) || e != ERR_TRUNCATED) {
        lose(d);
    } else {
        flush(d);
    }
    daemon_pump(d);
}

/* ---- what it is asked ---- */

bool daemon_plugin_do(struct daemon *d, uint64_t id, const char *what, struct span params)
{
    struct daemon_plugin *p = &d->plugin;
    size_t place = 0;
    while (place < DAEMON_PLUGIN_WAITING && p->waiting[place] != 0) {
        place++;
    }
    AUTO(buf_done) struct buf text;
    buf_init(&text, &d->budget, KEEPER_FRAME_LEN_MAX);
    struct wr w = wr_init_buf(&text);
    keeper_ask_write(&w, id, what, params);
    if (!p->is_up || place == DAEMON_PLUGIN_WAITING || !wr_ok(&w)) {
        return false;
    }
    struct wr out = wr_init_buf(&p->out);
    frame_write(&out, FRAME_BE32, buf_span(&text));
    if (!wr_ok(&out)) {
        return false;
    }
    p->waiting[place] = id;
    flush(d);
    return true;
}

void daemon_plugin_give(struct daemon *d, uint64_t number, struct span chunk)
{
    struct daemon_plugin *p = &d->plugin;
    AUTO(buf_done) struct buf text;
    buf_init(&text, &d->budget, KEEPER_FRAME_LEN_MAX);
    struct wr w = wr_init_buf(&text);
    keeper_chunk_write(&w, number, chunk);
    struct wr out = wr_init_buf(&p->out);
    if (p->is_up && wr_ok(&w)) { /* else it waits, and asks again */
        frame_write(&out, FRAME_BE32, buf_span(&text));
        flush(d);
    }
}

void daemon_plugin_write(struct daemon *d, struct json_writer *j)
{
    const struct buf *state = &d->plugin.state;
    json_put_raw(j, d->plugin.is_up && state->n > 0 ? buf_span(state) : span_str(unavailable));
}

void daemon_plugin_write_log(struct daemon *d, struct json_writer *j, uint64_t after)
{
    struct daemon_plugin *p = &d->plugin;
    uint64_t first = p->line_seq > DAEMON_PLUGIN_LINES ? p->line_seq - DAEMON_PLUGIN_LINES + 1 : 1;
    for (uint64_t seq = first > after ? first : after + 1; seq <= p->line_seq; seq++) {
        const struct plugin_line *l = &p->lines[(seq - 1) % DAEMON_PLUGIN_LINES];
        json_put_object(j);
        json_put_name(j, "seq");
        json_put_u64(j, l->seq);
        json_put_name(j, "at_ms");
        json_put_u64(j, l->at_ms);
        json_put_name(j, "level");
        json_put_str(j, log_level_name(LOG_INFO));
        json_put_name(j, "part");
        json_put_str(j, "server");
        json_put_name(j, "text");
        json_put_str(j, l->text);
        json_end_object(j);
    }
}

/* ---- start, stop ---- */

/* This very program, by its descriptor: nobody puts another in its place. */
static enum err spawn(struct daemon *d)
{
    char dir[CONFIG_PATH_LEN_MAX + 16];
    char trial[24];
    const struct network *first = d->networks.count > 0 ? &d->networks.list[0] : NULL;
    bool is_local = first && first->kind == NETWORK_LOCAL;
    int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    (void)snprintf(dir, sizeof dir, "%s/plugin", d->config->data_dir);
    (void)snprintf(trial, sizeof trial, "%llu", (unsigned long long)d->config->plugin_trial_s);
    const char *const argv[] = {"passmesh",
                                "plugin",
                                "keep",
                                dir,
                                trial,
                                d->config->is_sandbox_optional ? "optional" : "required",
                                is_local ? first->id.text : "",
                                is_local ? d->config->network_file : "",
                                NULL};
    const char *const env[] = {"PATH=/usr/bin:/bin", "PASSMESH_HOME=/nonexistent", NULL};
    struct process_args args = {.path = "", .argv = argv, .env = env, .exec_fd = exe};
    enum err e = exe >= 0 ? process_spawn(&d->plugin.process, &args) : ERR_IO;
    if (exe >= 0) {
        (void)close(exe);
    }
    return e;
}

void daemon_plugin_start(struct daemon *d)
{
    struct daemon_plugin *p = &d->plugin;
    struct frame_cfg frames = {
        .prefix = FRAME_BE32, .frame_len_max = KEEPER_FRAME_LEN_MAX, .budget = &d->budget};
    void *lines;
    frame_reader_init(&p->frames, frames);
    buf_init(&p->out, &d->budget, OUT_LEN_MAX);
    buf_init(&p->state, &d->budget, STATE_LEN_MAX);
    if (spawn(d) != OK || mem_alloc(&d->budget, &lines, lines_len) != OK) {
        log_line(&d->log, LOG_ERROR, "plugin",
                 "the process that keeps the server cannot be started: there is none here");
        process_stop(&p->process, 0);
        return;
    }
    p->lines = lines;
    check(uv_poll_init(&d->loop.uv, &p->poll, p->process.fd) == 0);
    p->poll.data = d;
    p->is_up = true;
    (void)uv_poll_start(&p->poll, UV_READABLE | UV_DISCONNECT, on_poll);
}

void daemon_plugin_stop(struct daemon *d)
{
    struct daemon_plugin *p = &d->plugin;
    if (p->lines) {
        (void)uv_poll_stop(&p->poll);
        uv_close((uv_handle_t *)&p->poll, NULL);
        process_stop(&p->process, END_MS);
        mem_free(&d->budget, p->lines, lines_len);
        p->lines = NULL;
    }
    frame_reader_done(&p->frames);
    buf_done(&p->out);
    buf_done(&p->state);
}
