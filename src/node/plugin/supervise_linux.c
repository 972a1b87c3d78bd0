/* Running a plugin: see supervise.h. */
#include "node/plugin/supervise.h"

#include "codec/base16.h"
#include "node/os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 500, WAIT_END_MS = 20, READ_LEN = 1024, GRACE_MS = 100 };

static instant clock_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (instant){.us = (uint64_t)t.tv_sec * US_PER_S + (uint64_t)t.tv_nsec / 1000};
}

static void tell(const struct supervise *s, enum supervise_news what, struct span text)
{
    s->cfg.news(s->cfg.user, what, text);
}

/* A line of its log: bounded, and never more than so many in a second. */
static void end_line(struct supervise *s, instant now)
{
    if (instant_since(s->log_second, now) >= US_PER_S) {
        s->log_second = now;
        s->log_count = 0;
    }
    if (s->line_len > 0 && s->log_count++ < SUPERVISE_LINES_MAX) {
        tell(s, SUPERVISE_LOG, span_of(s->line, s->line_len));
    }
    s->line_len = 0;
}

/* What is there, READ_LEN at most; false: nothing was. */
static bool take_log(struct supervise *s, instant now)
{
    char part[READ_LEN];
    ssize_t n = read(s->log, part, sizeof part);
    for (ssize_t i = 0; i < n; i++) {
        char c = part[i];
        if (c == '\n') {
            end_line(s, now);
        } else if (s->line_len < sizeof s->line) {
            s->line[s->line_len++] = (unsigned char)c < 0x20 || c == 0x7f ? '.' : c;
        }
    }
    return n > 0;
}

static void send_signals(struct supervise *s)
{
    struct sidecar_event e;
    while (sidecar_poll(&s->sidecar, &e)) {
        if (e.type == SIDECAR_EVENT_TERM || e.type == SIDECAR_EVENT_KILL) {
            (void)kill(-s->process.pid, e.type == SIDECAR_EVENT_TERM ? SIGTERM : SIGKILL);
        }
    }
}

static void take_events(struct supervise *s, instant now)
{
    struct sidecar_event e;
    while (sidecar_poll(&s->sidecar, &e)) {
        switch (e.type) {
        case SIDECAR_EVENT_READY:
            s->ready = now;
            tell(s, SUPERVISE_READY, e.text);
            break;
        case SIDECAR_EVENT_PROGRESS: tell(s, SUPERVISE_PROGRESS, e.text); break;
        case SIDECAR_EVENT_STATUS:   tell(s, SUPERVISE_STATUS, e.text); break;
        case SIDECAR_EVENT_TERM:     (void)kill(-s->process.pid, SIGTERM); break;
        case SIDECAR_EVENT_KILL:     (void)kill(-s->process.pid, SIGKILL); break;
        }
    }
}

static void take_words(struct supervise *s, instant now)
{
    uint8_t part[READ_LEN];
    ssize_t n = recv(s->process.fd, part, sizeof part, MSG_DONTWAIT);
    struct span in = span_of(part, n > 0 ? (size_t)n : 0);
    while (in.n > 0 && s->is_open) {
        s->is_open = sidecar_recv(&s->sidecar, now, &in) == OK;
        take_events(s, now);
    }
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        s->is_open = false;
    }
}

static void send_words(struct supervise *s, instant now)
{
    uint8_t part[READ_LEN];
    size_t n = sidecar_send(&s->sidecar, now, MSPAN_OF(part));
    struct span rest = span_of(part, n);
    while (rest.n > 0) {
        ssize_t sent = send(s->process.fd, rest.p, rest.n, MSG_NOSIGNAL);
        if (sent <= 0) {
            return; /* it is gone: its status tells why */
        }
        rest = span_from(rest, (size_t)sent);
    }
}

/* What is said of the current version is said of the one that runs. */
static bool is_current(const struct supervise *s)
{
    return journal_id_equal(&s->version, &s->cfg.store->journal.current);
}

static void turn_timers(struct supervise *s, instant now)
{
    sidecar_tick(&s->sidecar, now);
    send_signals(s);
    bool is_tried = !instant_is_never(s->ready) && instant_since(s->ready, now) >= s->cfg.trial_us;
    if (is_tried && is_current(s) && s->cfg.store->journal.is_trial &&
        plugin_store_pass(s->cfg.store) == OK) {
        tell(s, SUPERVISE_TRIAL_PASSED, SPAN_EMPTY);
    }
}

static void make_nonce(const struct supervise_cfg *cfg, char nonce[static SIDECAR_NONCE_LEN + 1])
{
    uint8_t random[SIDECAR_NONCE_LEN / 2];
    struct wr w = wr_init(mspan_of(nonce, SIDECAR_NONCE_LEN));
    rng_fill(cfg->rng, MSPAN_OF(random));
    base16_encode(&w, SPAN_OF(random));
    nonce[SIDECAR_NONCE_LEN] = '\0';
}

static enum err spawn(struct supervise *s, int entry, int log_out)
{
    static const char *const env[] = {"PATH=/usr/bin:/bin", "W3_IPC_FD=3", NULL};
    const char *argv[SUPERVISE_ARGS_MAX + 2] = {"passmesh-server"};
    for (size_t i = 0; i < SUPERVISE_ARGS_MAX && s->cfg.args[i]; i++) {
        argv[i + 1] = s->cfg.args[i];
    }
    struct process_args args = {
        .path = "", .argv = argv, .env = env, .exec_fd = entry, .log_fd = log_out};
    return process_spawn(&s->process, &args);
}

/* Starts what was verified. */
static enum err begin_run(struct supervise *s, int entry)
{
    struct sidecar_cfg cfg = {.budget = s->cfg.budget, .abi = s->cfg.abi, .limits = s->cfg.limits};
    int pipe_fds[2];
    if (pipe(pipe_fds) != 0) {
        return ERR_IO;
    }
    (void)fcntl(pipe_fds[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(pipe_fds[1], F_SETFD, FD_CLOEXEC);
    (void)fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
    make_nonce(&s->cfg, cfg.nonce);
    (void)snprintf(cfg.state_dir, sizeof cfg.state_dir, "%s", s->cfg.state_dir);
    enum err e = spawn(s, entry, pipe_fds[1]);
    (void)close(pipe_fds[1]);
    if (e != OK) {
        (void)close(pipe_fds[0]);
        return e;
    }
    s->log = pipe_fds[0];
    s->started = clock_now();
    s->ready = INSTANT_NEVER;
    s->is_open = true;
    s->line_len = 0;
    sidecar_init(&s->sidecar, &cfg, s->started);
    s->state = SUPERVISE_RUNNING;
    tell(s, SUPERVISE_STARTED, SPAN_EMPTY);
    return OK;
}

static void be_over(struct supervise *s, enum err e)
{
    s->state = SUPERVISE_IDLE;
    s->result = e;
    tell(s, SUPERVISE_OVER, SPAN_EMPTY);
}

static void verify_and_run(struct supervise *s)
{
    int entry = -1;
    s->version = s->cfg.store->journal.current;
    enum err e = plugin_store_verify(s->cfg.store, &s->version, &entry);
    if (e != OK) {
        (void)snprintf(s->words, sizeof s->words, "%s", s->cfg.store->words);
        be_over(s, e);
        return;
    }
    e = begin_run(s, entry);
    (void)close(entry);
    if (e != OK) {
        (void)snprintf(s->words, sizeof s->words, "The program cannot be started.");
        be_over(s, e);
    }
}

void supervise_start(struct supervise *s, const struct supervise_cfg *cfg)
{
    memset(s, 0, sizeof *s);
    s->cfg = *cfg;
    verify_and_run(s);
}

static bool go_back(struct supervise *s)
{
    bool is_back = false;
    if (!is_current(s)) {
        return true; /* the next start is of another version anyway */
    }
    if (plugin_store_fail(s->cfg.store, &is_back) == OK && is_back) {
        tell(s, SUPERVISE_BACK, span_str(s->words));
    }
    return is_back;
}

/* What is to be done after an end that nobody asked for. */
static void after_end(struct supervise *s, enum sidecar_verdict verdict)
{
    instant now = clock_now();
    tell(s, SUPERVISE_DIED, span_str(s->words));
    if (verdict == SIDECAR_STAY_DOWN) {
        be_over(s, ERR_DENIED);
        return;
    }
    bool is_loop = journal_died(&s->deaths, now, instant_since(s->started, now));
    if (verdict == SIDECAR_INCOMPATIBLE || is_loop) {
        memset(&s->deaths, 0, sizeof s->deaths);
        if (!go_back(s)) {
            be_over(s, ERR_DENIED);
            return;
        }
        s->again = now;
    } else {
        s->again = instant_add(now, s->deaths.backoff_s * s->cfg.backoff_us);
    }
    s->state = SUPERVISE_WAITING;
}

static void end_run(struct supervise *s, int status, pid_t group)
{
    instant now = clock_now();
    while (take_log(s, now)) {}
    end_line(s, now);
    enum sidecar_verdict verdict = sidecar_ended(&s->sidecar, status);
    (void)kill(-group, SIGKILL); /* whatever it started and left behind */
    process_stop(&s->process, GRACE_MS);
    (void)close(s->log);
    (void)snprintf(s->words, sizeof s->words, "%s", s->sidecar.why);
    if (s->is_told) {
        be_over(s, OK);
    } else {
        after_end(s, verdict);
    }
    sidecar_done(&s->sidecar);
}

static void turn_running(struct supervise *s)
{
    int status = 0;
    pid_t group = s->process.pid;
    bool is_gone = process_poll(&s->process, &status);
    instant now = clock_now();
    if (is_gone) {
        take_words(s, now);
        end_run(s, status, group);
        return;
    }
    send_words(s, now);
    (void)take_log(s, now);
    if (s->is_open) {
        take_words(s, now);
    }
    turn_timers(s, now);
    send_words(s, now);
}

void supervise_turn(struct supervise *s)
{
    switch (s->state) {
    case SUPERVISE_IDLE:    break;
    case SUPERVISE_RUNNING: turn_running(s); break;
    case SUPERVISE_WAITING:
        if (instant_reached(s->again, clock_now())) {
            verify_and_run(s);
        }
        break;
    }
}

void supervise_stop(struct supervise *s)
{
    if (s->state == SUPERVISE_WAITING) {
        be_over(s, OK);
    } else if (s->state == SUPERVISE_RUNNING && !s->is_told) {
        s->is_told = true;
        sidecar_shutdown(&s->sidecar, clock_now(), s->cfg.drain_ms);
        send_words(s, clock_now());
        send_signals(s);
    }
}

void supervise_allow(struct supervise *s, const struct sidecar_limits *limits)
{
    s->cfg.limits = *limits;
    if (s->state == SUPERVISE_RUNNING) {
        sidecar_limits(&s->sidecar, clock_now(), limits);
        send_words(s, clock_now());
    }
}

void supervise_kill(struct supervise *s)
{
    if (s->state == SUPERVISE_RUNNING) {
        (void)kill(-s->process.pid, SIGKILL);
        process_stop(&s->process, GRACE_MS);
        (void)close(s->log);
        sidecar_done(&s->sidecar);
    }
    s->state = SUPERVISE_IDLE;
}

void supervise_fds(const struct supervise *s, struct pollfd ret_fds[static SUPERVISE_FDS])
{
    bool runs = s->state == SUPERVISE_RUNNING;
    ret_fds[0] = (struct pollfd){.fd = runs && s->is_open ? s->process.fd : -1, .events = POLLIN};
    ret_fds[1] = (struct pollfd){.fd = runs && s->is_open ? s->log : -1, .events = POLLIN};
}

int supervise_wait_ms(const struct supervise *s)
{
    instant at = s->state == SUPERVISE_WAITING ? s->again : sidecar_deadline(&s->sidecar);
    instant now = clock_now();
    if (s->state == SUPERVISE_IDLE) {
        return -1;
    }
    if (s->state == SUPERVISE_RUNNING && !s->is_open) {
        return WAIT_END_MS; /* it is about to be gone */
    }
    uint64_t us = instant_reached(at, now) ? 0 : instant_since(now, at);
    return us < WAIT_MS * US_PER_MS ? (int)(us / US_PER_MS) + 1 : WAIT_MS;
}

enum err supervise_run(const struct supervise_cfg *cfg, char words[static SIDECAR_TEXT_LEN])
{
    struct supervise s;
    supervise_start(&s, cfg);
    while (s.state != SUPERVISE_IDLE) {
        struct pollfd fds[SUPERVISE_FDS + 1];
        supervise_fds(&s, fds);
        fds[SUPERVISE_FDS] = (struct pollfd){.fd = s.is_told ? -1 : cfg->stop_fd, .events = POLLIN};
        int n = poll(fds, SUPERVISE_FDS + 1, supervise_wait_ms(&s));
        if (n > 0 && fds[SUPERVISE_FDS].revents != 0) {
            supervise_stop(&s);
        }
        supervise_turn(&s);
    }
    (void)snprintf(words, SIDECAR_TEXT_LEN, "%s", s.words);
    return s.result;
}
