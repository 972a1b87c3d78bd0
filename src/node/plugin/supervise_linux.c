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

enum { WAIT_MS_MAX = 200, READ_LEN = 1024, LINES_PER_S_MAX = 200, GRACE_MS = 100 };

/* One run of the process. */
struct run {
    const struct supervise_cfg *cfg;
    struct process process;
    struct sidecar sidecar;
    int log;
    instant started;
    instant ready; /* INSTANT_NEVER: not yet */
    bool is_told;  /* stop_fd was readable */
    char line[SUPERVISE_LINE_LEN];
    size_t line_len;
    instant log_second;
    unsigned log_count;
};

static instant clock_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (instant){.us = (uint64_t)t.tv_sec * US_PER_S + (uint64_t)t.tv_nsec / 1000};
}

static void tell(const struct run *r, enum supervise_news what, struct span text)
{
    r->cfg->news(r->cfg->user, what, text);
}

/* A line of its log: bounded, and never more than so many in a second. */
static void end_line(struct run *r, instant now)
{
    if (instant_since(r->log_second, now) >= US_PER_S) {
        r->log_second = now;
        r->log_count = 0;
    }
    if (r->line_len > 0 && r->log_count++ < LINES_PER_S_MAX) {
        tell(r, SUPERVISE_LOG, span_of(r->line, r->line_len));
    }
    r->line_len = 0;
}

static void take_log(struct run *r, instant now)
{
    char part[READ_LEN];
    ssize_t n = read(r->log, part, sizeof part);
    for (ssize_t i = 0; i < n; i++) {
        char c = part[i];
        if (c == '\n') {
            end_line(r, now);
        } else if (r->line_len < sizeof r->line) {
            r->line[r->line_len++] = (unsigned char)c < 0x20 || c == 0x7f ? '.' : c;
        }
    }
}

/* False: its end of the socket is closed. */
static bool take_words(struct run *r, instant now)
{
    uint8_t part[READ_LEN];
    ssize_t n = recv(r->process.fd, part, sizeof part, MSG_DONTWAIT);
    struct span in = span_of(part, n > 0 ? (size_t)n : 0);
    while (in.n > 0) {
        struct sidecar_event e;
        if (sidecar_recv(&r->sidecar, now, &in) != OK) {
            return false;
        }
        while (sidecar_poll(&r->sidecar, &e)) {
            switch (e.type) {
            case SIDECAR_EVENT_READY:
                r->ready = now;
                tell(r, SUPERVISE_READY, e.text);
                break;
            case SIDECAR_EVENT_PROGRESS: tell(r, SUPERVISE_PROGRESS, e.text); break;
            case SIDECAR_EVENT_STATUS:   tell(r, SUPERVISE_STATUS, e.text); break;
            case SIDECAR_EVENT_TERM:     (void)kill(-r->process.pid, SIGTERM); break;
            case SIDECAR_EVENT_KILL:     (void)kill(-r->process.pid, SIGKILL); break;
            }
        }
    }
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void send_words(struct run *r, instant now)
{
    uint8_t part[READ_LEN];
    size_t n = sidecar_send(&r->sidecar, now, MSPAN_OF(part));
    struct span rest = span_of(part, n);
    while (rest.n > 0) {
        ssize_t sent = send(r->process.fd, rest.p, rest.n, MSG_NOSIGNAL);
        if (sent <= 0) {
            return; /* it is gone: its status tells why */
        }
        rest = span_from(rest, (size_t)sent);
    }
}

static void turn_timers(struct run *r, instant now)
{
    struct sidecar_event e;
    sidecar_tick(&r->sidecar, now);
    while (sidecar_poll(&r->sidecar, &e)) {
        if (e.type == SIDECAR_EVENT_TERM || e.type == SIDECAR_EVENT_KILL) {
            (void)kill(-r->process.pid, e.type == SIDECAR_EVENT_TERM ? SIGTERM : SIGKILL);
        }
    }
    bool is_tried = !instant_is_never(r->ready) && instant_since(r->ready, now) >= r->cfg->trial_us;
    if (is_tried && r->cfg->store->journal.is_trial && plugin_store_pass(r->cfg->store) == OK) {
        tell(r, SUPERVISE_TRIAL_PASSED, SPAN_EMPTY);
    }
}

/* Talks until the process has ended; its status. */
static int talk(struct run *r)
{
    int status = 0;
    bool is_open = true;
    for (;;) {
        instant now = clock_now();
        bool is_over = process_poll(&r->process, &status);
        struct pollfd fds[] = {
            {.fd = is_open ? r->process.fd : -1,      .events = POLLIN},
            {.fd = r->log,                            .events = POLLIN},
            {.fd = r->is_told ? -1 : r->cfg->stop_fd, .events = POLLIN}
        };
        send_words(r, now);
        (void)poll(fds, 3, is_over ? 0 : WAIT_MS_MAX / 10);
        now = clock_now();
        if (fds[1].revents & POLLIN) {
            take_log(r, now);
        }
        if (fds[0].revents != 0) {
            is_open = take_words(r, now);
        }
        if (fds[2].revents & POLLIN) {
            r->is_told = true;
            sidecar_shutdown(&r->sidecar, now, r->cfg->drain_ms);
        }
        turn_timers(r, now);
        if (is_over) {
            end_line(r, now);
            return status;
        }
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

static enum err spawn(struct run *r, int entry, int log_out)
{
    static const char *const env[] = {"PATH=/usr/bin:/bin", "W3_IPC_FD=3", NULL};
    const char *argv[SUPERVISE_ARGS_MAX + 2] = {"passmesh-server"};
    for (size_t i = 0; i < SUPERVISE_ARGS_MAX && r->cfg->args[i]; i++) {
        argv[i + 1] = r->cfg->args[i];
    }
    struct process_args args = {
        .path = "", .argv = argv, .env = env, .exec_fd = entry, .log_fd = log_out};
    return process_spawn(&r->process, &args);
}

/* Starts what was verified, and sees it through to its end. */
static enum err run_once(struct run *r, int entry, enum sidecar_verdict *ret_verdict)
{
    struct sidecar_cfg cfg = {.budget = r->cfg->budget, .abi = r->cfg->abi};
    int pipe_fds[2];
    if (pipe(pipe_fds) != 0) {
        return ERR_IO;
    }
    (void)fcntl(pipe_fds[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(pipe_fds[1], F_SETFD, FD_CLOEXEC);
    (void)fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
    make_nonce(r->cfg, cfg.nonce);
    (void)snprintf(cfg.state_dir, sizeof cfg.state_dir, "%s", r->cfg->state_dir);
    r->log = pipe_fds[0];
    enum err e = spawn(r, entry, pipe_fds[1]);
    (void)close(pipe_fds[1]);
    if (e == OK) {
        r->started = clock_now();
        r->ready = INSTANT_NEVER;
        sidecar_init(&r->sidecar, &cfg, r->started);
        tell(r, SUPERVISE_STARTED, SPAN_EMPTY);
        pid_t group = r->process.pid;
        *ret_verdict = sidecar_ended(&r->sidecar, talk(r));
        (void)kill(-group, SIGKILL); /* whatever it started and left behind */
        process_stop(&r->process, GRACE_MS);
    }
    (void)close(r->log);
    return e;
}

static bool wait_backoff(struct run *r, uint64_t us)
{
    struct pollfd stop = {.fd = r->cfg->stop_fd, .events = POLLIN};
    int ms = us / US_PER_MS < INT32_MAX ? (int)(us / US_PER_MS) : INT32_MAX;
    return poll(&stop, 1, ms) <= 0;
}

static bool go_back(struct run *r, const char *why)
{
    bool is_back = false;
    if (plugin_store_fail(r->cfg->store, &is_back) == OK && is_back) {
        tell(r, SUPERVISE_BACK, span_str(why));
    }
    return is_back;
}

/* After an end: OK to start again. */
static enum err
after_end(struct run *r, struct journal_deaths *deaths, enum sidecar_verdict verdict)
{
    instant now = clock_now();
    tell(r, SUPERVISE_DIED, span_str(r->sidecar.why));
    if (verdict == SIDECAR_STAY_DOWN) {
        return ERR_DENIED;
    }
    bool is_loop = journal_died(deaths, now, instant_since(r->started, now));
    if (verdict == SIDECAR_INCOMPATIBLE || is_loop) {
        memset(deaths, 0, sizeof *deaths);
        return go_back(r, r->sidecar.why) ? OK : ERR_DENIED;
    }
    return wait_backoff(r, deaths->backoff_s * r->cfg->backoff_us) ? OK : ERR_CLOSED;
}

enum err supervise_run(const struct supervise_cfg *cfg, char words[static SIDECAR_TEXT_LEN])
{
    struct journal_deaths deaths = {0};
    struct run r = {.cfg = cfg};
    for (;;) {
        int entry = -1;
        enum sidecar_verdict verdict = SIDECAR_STAY_DOWN;
        enum err e = plugin_store_verify(cfg->store, &cfg->store->journal.current, &entry);
        if (e != OK) {
            (void)snprintf(words, SIDECAR_TEXT_LEN, "%s", cfg->store->words);
            return e;
        }
        e = run_once(&r, entry, &verdict);
        (void)close(entry);
        if (e != OK) {
            (void)snprintf(words, SIDECAR_TEXT_LEN, "The program cannot be started.");
            return e;
        }
        (void)snprintf(words, SIDECAR_TEXT_LEN, "%s", r.sidecar.why);
        bool is_told = r.is_told;
        e = is_told ? ERR_CLOSED : after_end(&r, &deaths, verdict);
        sidecar_done(&r.sidecar);
        if (e != OK) {
            return e == ERR_CLOSED ? OK : e;
        }
    }
}
