/* The keeper: start, the turn, jobs. */
#include "node/plugin/keeper_inside.h"

#include "node/os/sandbox_keeper.h"
#include "node/plugin/folder.h"
#include "node/plugin/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    MEMORY_MAX = 160 << 20,
    OUT_LEN_MAX = 512 << 10,
    FILE_LEN_MAX = 64 << 10,
    READ_LEN = 32 << 10,
    STATE_MS = 250, /* between two states that are told */
    TICK_MS = 1000,
    TURN_MS = 100, /* at most, while a job goes on */
    IDLE_MS = 30000,
    DRAIN_MS = 10000,
    GOODBYE_MS = 1500 /* for the server to end when the daemon has gone */
};
#define CHECK_EVERY_MS (UINT64_C(6) * 3600 * 1000)

static const char settings_name[] = "settings";

uint64_t keeper_now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec > 0 ? (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 : 0;
}

static instant mono_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (instant){.us = (uint64_t)t.tv_sec * US_PER_S + (uint64_t)t.tv_nsec / 1000};
}

void keeper_fault(struct keeper *k, const char *code)
{
    keeper_coded_set(&k->fault, code);
    k->fault_ms = keeper_now_ms();
}

/* ---- talk with the daemon ---- */

static void flush(struct keeper *k)
{
    while (k->out.n > 0) {
        ssize_t n = send(k->cfg->fd, k->out.p, k->out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n <= 0) {
            return;
        }
        buf_consume(&k->out, (size_t)n);
    }
}

void keeper_send(struct keeper *k, struct span json)
{
    if (k->out.n + json.n + 4 <= OUT_LEN_MAX) {
        struct wr w = wr_init_buf(&k->out);
        frame_write(&w, FRAME_BE32, json);
    }
    flush(k);
}

static void hear(struct keeper *k)
{
    static uint8_t part[READ_LEN];
    ssize_t n = recv(k->cfg->fd, part, sizeof part, MSG_DONTWAIT);
    struct span in = span_of(part, n > 0 ? (size_t)n : 0);
    struct span frame;
    enum err e = frame_reader_next(&k->frames, &frame, &in);
    for (; e == OK; e = frame_reader_next(&k->frames, &frame, &in)) {
        keeper_command(k, frame);
    }
    if (n == 0 || e != ERR_TRUNCATED || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        k->is_closed = true;
    }
}

/* Tells the state if it is another. */
void keeper_tell_state(struct keeper *k)
{
    uint64_t now = mono_now().us / US_PER_MS;
    AUTO(buf_done) struct buf next;
    buf_init(&next, &k->budget, KEEPER_STATE_LEN_MAX);
    struct wr w = wr_init_buf(&next);
    struct json_writer j = json_writer_init(&w);
    json_put_object(&j);
    json_put_name(&j, "state");
    keeper_state_write(&j, k);
    json_end_object(&j);
    if (json_writer_end(&j) == OK && !span_equal(buf_span(&next), buf_span(&k->state))) {
        buf_clear(&k->state);
        if (buf_append(&k->state, buf_span(&next)) == OK) {
            keeper_send(k, buf_span(&k->state));
            k->state_at_ms = now;
        }
    }
}

/* The same, and not too often. */
static void tell_state(struct keeper *k)
{
    uint64_t now = mono_now().us / US_PER_MS;
    k->owes_state = k->state_at_ms > 0 && now < k->state_at_ms + STATE_MS;
    if (!k->owes_state) { /* else what changed meanwhile is told then */
        keeper_tell_state(k);
    }
}

static void tell_line(struct keeper *k, struct span line)
{
    uint8_t text[2 * SUPERVISE_LINE_LEN * 3];
    struct wr w = wr_init(MSPAN_OF(text));
    keeper_news_write_line(&w, line, keeper_now_ms());
    if (wr_ok(&w)) { /* a line that is no UTF-8 is left out */
        keeper_send(k, span_of(text, w.n));
    }
}

/* ---- settings ---- */

void keeper_store_settings(struct keeper *k)
{
    uint8_t text[2048];
    struct wr w = wr_init(MSPAN_OF(text));
    struct json_writer j = json_writer_init(&w);
    json_put_object(&j);
    json_put_name(&j, "wanted");
    json_put_bool(&j, k->settings.is_wanted);
    json_put_name(&j, "checked_ms");
    json_put_u64(&j, k->settings.checked_ms);
    keeper_settings_write(&j, &k->settings);
    json_end_object(&j);
    if (json_writer_end(&j) != OK ||
        folder_write(k->plugin.dir, settings_name, span_of(text, w.n), 0600) != OK) {
        keeper_fault(k, "store_broken");
    }
}

static void load_settings(struct keeper *k)
{
    AUTO(buf_done) struct buf text;
    struct json v = {0};
    keeper_settings_default(&k->settings);
    buf_init(&text, &k->budget, FILE_LEN_MAX);
    enum err e = folder_read(k->plugin.dir, &text, settings_name, FILE_LEN_MAX);
    if (e == OK) {
        e = json_parse(&v, buf_span(&text), NULL);
    }
    if (e == OK) {
        e = keeper_settings_read(&k->settings, v);
    }
    if (e != OK && e != ERR_NOT_FOUND) {
        keeper_fault(k, "store_broken");
    }
}

/* The file of the local network lies where the sandbox will not let us: a copy of it. */
static void copy_network(struct keeper *k)
{
    AUTO(buf_done) struct buf text;
    buf_init(&text, &k->budget, FILE_LEN_MAX);
    (void)snprintf(k->network_file, sizeof k->network_file, "%s/network.ini", k->cfg->dir);
    if (k->cfg->local_file[0] &&
        (folder_read(AT_FDCWD, &text, k->cfg->local_file, FILE_LEN_MAX) != OK ||
         folder_write(k->plugin.dir, "network.ini", buf_span(&text), 0600) != OK)) {
        keeper_fault(k, "store_broken");
    }
}

/* ---- the server ---- */

static void fault_of_end(struct keeper *k, const char *code)
{
    char number[16];
    keeper_fault(k, code);
    (void)snprintf(number, sizeof number, "%d", k->run.sidecar.number);
    keeper_coded_add(&k->fault, "number", number);
}

static void add_current_version(struct keeper *k)
{
    struct package_version v;
    char version[64] = "";
    if (keeper_version(k, &v)) {
        (void)snprintf(version, sizeof version, "%u.%u.%u", (unsigned)v.major, (unsigned)v.minor,
                       (unsigned)v.patch);
    }
    keeper_coded_add(&k->fault, "version", version);
}

static void on_over(struct keeper *k)
{
    k->listen[0] = '\0';
    memset(&k->figures, 0, sizeof k->figures);
    if (k->run.result == ERR_AUTH || k->run.result == ERR_IO) {
        keeper_fault(k, k->run.result == ERR_AUTH ? "files_changed" : "plugin_no_start");
    }
    k->is_failed = k->run.result != OK;
}

static void on_news(void *user, enum supervise_news what, struct span text)
{
    struct keeper *k = user;
    k->since_ms = what == SUPERVISE_LOG || what == SUPERVISE_STATUS || what == SUPERVISE_PROGRESS ||
                          what == SUPERVISE_TRIAL_PASSED
                      ? k->since_ms
                      : keeper_now_ms();
    switch (what) {
    case SUPERVISE_STARTED:
    case SUPERVISE_PROGRESS:
    case SUPERVISE_TRIAL_PASSED: break;
    case SUPERVISE_READY:
        k->listen[span_copy(mspan_of(k->listen, sizeof k->listen - 1), text)] = '\0';
        break;
    case SUPERVISE_STATUS:
        keeper_figures_read(&k->figures, text);
        k->figures_ms = keeper_now_ms();
        break;
    case SUPERVISE_LOG:  tell_line(k, text); break;
    case SUPERVISE_DIED: fault_of_end(k, sidecar_reason_code(k->run.sidecar.reason)); break;
    case SUPERVISE_BACK:
        fault_of_end(k, "plugin_went_back");
        add_current_version(k);
        break;
    case SUPERVISE_OVER: on_over(k); break;
    }
}

static unsigned hour_now(void)
{
    time_t now = time(NULL);
    struct tm tm;
    return localtime_r(&now, &tm) ? (unsigned)tm.tm_hour : 0;
}

/* Its configuration, as it is to be at this start. */
static bool write_server_ini(struct keeper *k)
{
    uint8_t text[2048];
    const char *base;
    int folder;
    bool is_local = k->cfg->local_id[0] && strcmp(k->settings.network, k->cfg->local_id) == 0;
    struct wr w = wr_init(MSPAN_OF(text));
    if (keeper_settings_ini(&w, &k->settings, is_local ? k->network_file : k->settings.network) !=
            OK ||
        folder_open_at(&folder, &base, k->plugin.dir, "server/config/server.ini") != OK) {
        return false;
    }
    bool is_written = folder_write(folder, base, span_of(text, w.n), 0600) == OK;
    (void)close(folder);
    return is_written;
}

void keeper_start_server(struct keeper *k)
{
    k->is_resting = !keeper_settings_is_open(&k->settings, hour_now());
    if (k->run.state != SUPERVISE_IDLE || k->is_resting) {
        return;
    }
    if (!write_server_ini(k)) {
        keeper_fault(k, "store_broken");
        k->is_failed = true;
        return;
    }
    struct supervise_cfg cfg = {
        .store = &k->plugin.store,
        .budget = &k->budget,
        .rng = &k->entropy.rng,
        .state_dir = k->state_dir,
        .abi = MACHINE_ABI,
        .trial_us = k->cfg->trial_s * US_PER_S,
        .backoff_us = US_PER_S,
        .drain_ms = DRAIN_MS,
        .limits = {.clients = k->settings.clients, .kbit_s = k->settings.kbit_s},
        .stop_fd = -1,
        .news = on_news,
        .user = k,
        .args = {"--home",                       k->state_dir                }
    };
    supervise_start(&k->run, &cfg);
}

void keeper_remove(struct keeper *k)
{
    k->wants_removal = false;
    k->is_failed = false;
    bool is_gone = plugin_store_remove(&k->plugin.store) == OK &&
                   (k->keeps_data || folder_remove_tree(k->plugin.dir, "server") == OK);
    k->fault.code = NULL;
    if (!is_gone) {
        keeper_fault(k, "store_broken");
    }
    k->since_ms = keeper_now_ms();
}

/* What follows from the hours, and from what was wished for. */
static void follow_wishes(struct keeper *k)
{
    bool is_open = keeper_settings_is_open(&k->settings, hour_now());
    bool is_idle = k->run.state == SUPERVISE_IDLE;
    k->is_resting = !is_open && k->settings.is_wanted;
    if (!is_idle) {
        if (!is_open) {
            supervise_stop(&k->run);
        }
        return;
    }
    if (k->wants_removal) {
        keeper_remove(k);
    }
    bool is_there = journal_id_is_set(&k->plugin.store.journal.current);
    if (k->settings.is_wanted && is_open && is_there && (!k->is_failed || k->wants_restart)) {
        k->wants_restart = false;
        k->is_failed = false;
        keeper_start_server(k);
    }
}

/* ---- the turn ---- */

/* Everything but the jobs; false: leave the job. */
static bool turn(void *user)
{
    struct keeper *k = user;
    hear(k);
    supervise_turn(&k->run);
    if (k->has_plugin) {
        follow_wishes(k);
    }
    tell_state(k);
    flush(k);
    return !k->is_closed && !k->is_cancelled;
}

static void on_progress(void *user, uint64_t verified, uint64_t length)
{
    struct keeper *k = user;
    k->verified = verified;
    k->length = length;
    tell_state(k);
}

static void install(struct keeper *k)
{
    k->length = plugin_package_len(&k->plugin);
    if (plugin_is_installed(&k->plugin) &&
        plugin_store_verify(&k->plugin.store, &k->plugin.store.journal.current, NULL) == OK &&
        !k->plugin.store.journal.is_stopped) {
        return;
    }
    if (plugin_install(&k->plugin, on_progress, k) != OK) {
        keeper_fault(k, k->plugin.code);
        tell_line(k, span_str(k->plugin.text));
        return;
    }
    k->settings.is_wanted = true;
    k->is_failed = false;
    k->wants_restart = k->run.state != SUPERVISE_IDLE;
    keeper_store_settings(k);
    supervise_stop(&k->run);
}

static void run_job(struct keeper *k)
{
    machine_look(&k->plugin.machine, k->cfg->dir);
    enum err e = plugin_check(&k->plugin);
    if (e == OK || e == ERR_DENIED) {
        k->settings.checked_ms = keeper_now_ms();
        keeper_store_settings(k);
    }
    if (e != OK) {
        keeper_fault(k, k->is_cancelled ? "install_cancelled" : k->plugin.code);
        tell_line(k, span_str(k->plugin.text));
        if (k->plugin.step[0] && !k->is_cancelled) {
            keeper_coded_add(&k->fault, "step", k->plugin.step);
        }
    } else if (k->job == KEEPER_INSTALL) {
        install(k);
    }
    k->job = KEEPER_REST;
    k->is_cancelled = false;
    k->verified = k->length = 0;
    k->plugin.is_from_peers = false;
}

bool keeper_is_sandboxed(const struct keeper *k)
{
    return k->cfg->is_sandbox_optional || sandbox_node_level(&k->sandbox) == SANDBOX_FULL;
}

static bool is_check_due(const struct keeper *k)
{
    uint64_t now = keeper_now_ms();
    return keeper_is_sandboxed(k) && k->plugin.repositories_count > 0 &&
           k->settings.checked_ms > 0 && now > k->settings.checked_ms + CHECK_EVERY_MS &&
           (!k->fault.code || now > k->fault_ms + CHECK_EVERY_MS);
}

/* Until something comes, or so long. */
static void wait_for(struct keeper *k, int most)
{
    struct pollfd fds[SUPERVISE_FDS + 1];
    int ms = supervise_wait_ms(&k->run);
    supervise_fds(&k->run, fds);
    fds[SUPERVISE_FDS] =
        (struct pollfd){.fd = k->cfg->fd, .events = (short)(POLLIN | (k->out.n > 0 ? POLLOUT : 0))};
    (void)poll(fds, SUPERVISE_FDS + 1, ms >= 0 && ms < most ? ms : most);
}

static void wait_for_more(struct keeper *k)
{
    int most = k->owes_state ? STATE_MS : k->settings.is_wanted || k->out.n > 0 ? TICK_MS : IDLE_MS;
    wait_for(k, most);
}

bool keeper_turn(struct keeper *k)
{
    bool goes_on = turn(k);
    if (goes_on && k->peers.is_waiting) {
        wait_for(k, TURN_MS);
    }
    return goes_on;
}

/* The daemon is gone: nothing of ours outlives it by two seconds. */
static void say_goodbye(struct keeper *k)
{
    instant until = instant_add(mono_now(), GOODBYE_MS * US_PER_MS);
    k->run.cfg.drain_ms = GOODBYE_MS;
    supervise_stop(&k->run);
    while (k->run.state != SUPERVISE_IDLE && instant_before(mono_now(), until)) {
        struct pollfd fds[SUPERVISE_FDS];
        supervise_fds(&k->run, fds);
        (void)poll(fds, SUPERVISE_FDS, 20);
        supervise_turn(&k->run);
    }
    supervise_kill(&k->run);
}

static void loop(struct keeper *k)
{
    while (!k->is_closed) {
        if (k->job == KEEPER_REST && k->has_plugin && is_check_due(k)) {
            k->job = KEEPER_CHECK;
        }
        if (k->job != KEEPER_REST) {
            run_job(k);
        }
        (void)turn(k);
        if (k->job == KEEPER_REST && !k->is_closed) {
            wait_for_more(k);
        }
    }
    say_goodbye(k);
}

static bool begin(struct keeper *k)
{
    struct frame_cfg frames = {
        .prefix = FRAME_BE32, .frame_len_max = KEEPER_FRAME_LEN_MAX, .budget = &k->budget};
    (void)signal(SIGPIPE, SIG_IGN);
    (void)umask(077);
    budget_init(&k->budget, NULL, "keeper", MEMORY_MAX);
    frame_reader_init(&k->frames, frames);
    buf_init(&k->out, &k->budget, OUT_LEN_MAX);
    buf_init(&k->state, &k->budget, KEEPER_STATE_LEN_MAX);
    (void)snprintf(k->state_dir, sizeof k->state_dir, "%s/server", k->cfg->dir);
    k->since_ms = keeper_now_ms();
    if (entropy_init(&k->entropy) != OK) {
        return false;
    }
    k->has_plugin = plugin_open(&k->plugin, k->cfg->dir) == OK;
    if (k->has_plugin) {
        k->is_failed = k->plugin.store.journal.is_stopped;
        k->plugin.download.turn = turn;
        k->plugin.download.turn_user = k;
        k->plugin.peers = keeper_peers_fetch;
        k->plugin.peers_user = k;
        load_settings(k);
        copy_network(k);
    } else {
        keeper_fault(k, "store_broken");
    }
    sandbox_keeper_enter(&k->sandbox, k->cfg->dir);
    if (!keeper_is_sandboxed(k)) {
        keeper_fault(k, "sandbox_missing");
        k->is_failed = true;
    }
    return true;
}

int keeper_run(const struct keeper_cfg *cfg)
{
    static struct keeper keeper;
    struct keeper *k = &keeper;
    k->cfg = cfg;
    if (!begin(k)) {
        return 1;
    }
    loop(k);
    if (k->has_plugin) {
        plugin_close(&k->plugin);
    }
    return 0;
}
