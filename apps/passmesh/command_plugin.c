/* passmesh plugin ...: the server program as a package. */
#include "command_plugin.h"

#include "codec/decimal.h"
#include "node/os/entropy.h"
#include "node/os/process.h"
#include "node/plugin/keeper.h"
#include "node/plugin/machine.h"
#include "node/plugin/plugin.h"
#include "node/plugin/supervise.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#define TRIAL_US (600 * US_PER_S)
enum { DRAIN_MS = 10000 };

int command_plugin_usage(void)
{
    command_say("usage: passmesh plugin [status | check | install | remove [--all] | "
                "add URL ROOT_FILE | forget [ID] | agree N]\n"
                "while the wallet runs also: [update | cancel | start | stop | log | "
                "set NAME=VALUE...]\n"
                "while it does not: run SERVER_ARGUMENTS");
    return EXIT_USAGE;
}

static void print_version(struct plugin *p)
{
    static struct manifest m;
    struct buf text;
    buf_init(&text, &p->budget, MANIFEST_LEN_MAX);
    if (plugin_store_manifest(&p->store, &p->store.journal.current, &text, &m) == OK) {
        (void)printf("Installed: server %u.%u.%u%s\n", (unsigned)m.version.major,
                     (unsigned)m.version.minor, (unsigned)m.version.patch,
                     p->store.journal.is_trial ? ", on trial" : "");
    } else {
        (void)puts("Installed: nothing");
    }
    buf_done(&text);
}

static void print_repositories(const struct plugin *p)
{
    for (size_t i = 0; i < p->repositories_count; i++) {
        const struct repository *r = &p->repositories[i];
        for (size_t m = 0; m < r->mirrors_count; m++) {
            (void)printf("%s %s: %s (its root was added by hand)\n",
                         r->is_development ? "Development repository" : "Repository", r->id,
                         r->mirrors[m]);
        }
    }
    if (p->repositories_count == 0) {
        (void)puts("Repository: none");
    } else if (p->repositories_count > 1 || p->agree > 1) {
        (void)printf("%u of %zu repositories have to agree.\n", (unsigned)p->agree,
                     p->repositories_count);
    }
}

static int status(struct plugin *p)
{
    print_version(p);
    if (journal_id_is_set(&p->store.journal.current)) {
        bool is_whole = plugin_store_verify(&p->store, &p->store.journal.current, NULL) == OK;
        (void)printf("Files: %s\n", is_whole ? "as they were installed" : p->store.words);
    }
    if (journal_id_is_set(&p->store.journal.previous)) {
        (void)puts("The version before is kept.");
    }
    print_repositories(p);
    return EXIT_DONE;
}

static void print_package(const struct plugin *p)
{
    const struct package *k = &p->package;
    (void)printf("Package: server %u.%u.%u for %.*s%s%.*s\n", (unsigned)k->version.major,
                 (unsigned)k->version.minor, (unsigned)k->version.patch, (int)k->platform.n,
                 (const char *)k->platform.p, k->notes.n > 0 ? ": " : "", (int)k->notes.n,
                 k->notes.n > 0 ? (const char *)k->notes.p : "");
    for (size_t i = 0; i < p->match.count; i++) {
        const struct package_reason *r = &p->match.reasons[i];
        (void)printf("  %s %s%s%s\n", r->is_met ? "+" : "-", r->text, r->help[0] ? " " : "",
                     r->help);
    }
}

static void print_newer_client(const struct package *k)
{
    (void)printf("A newer Passmesh is available: %u.%u.%u. %.*s\n", (unsigned)k->version.major,
                 (unsigned)k->version.minor, (unsigned)k->version.patch, (int)k->notes.n,
                 k->notes.n > 0 ? (const char *)k->notes.p : "");
}

static int say_why(const struct plugin *p)
{
    command_say("%s", p->text);
    return EXIT_FAILED;
}

static int check(struct plugin *p)
{
    enum err e = plugin_check(p);
    if (p->has_newer_client) {
        print_newer_client(&p->newer_client);
    }
    if (e == OK || e == ERR_DENIED) {
        print_package(p);
    }
    if (e != OK) {
        return say_why(p);
    }
    (void)puts(plugin_is_installed(p)
                   ? "It is installed already."
                   : "It suits this machine: `passmesh plugin install` installs it.");
    return EXIT_DONE;
}

static void print_progress(void *user, uint64_t verified, uint64_t length)
{
    unsigned *last = user;
    unsigned percent = length > 0 ? (unsigned)(verified * 100 / length) : 100;
    if (percent != *last) {
        (void)fprintf(stderr, "\r%3u %% verified", percent);
        *last = percent;
    }
}

static int install(struct plugin *p)
{
    unsigned last = 101;
    enum err e = plugin_check(p);
    if (e != OK) {
        return say_why(p);
    }
    if (plugin_is_installed(p) &&
        plugin_store_verify(&p->store, &p->store.journal.current, NULL) == OK) {
        (void)puts("It is installed already.");
        return EXIT_DONE;
    }
    e = plugin_install(p, print_progress, &last);
    if (last <= 100) {
        (void)fputs("\n", stderr);
    }
    if (e != OK) {
        return say_why(p);
    }
    print_version(p);
    return EXIT_DONE;
}

static int take_away(struct plugin *p)
{
    if (plugin_store_remove(&p->store) != OK) {
        command_say("%s", p->store.words);
        return EXIT_FAILED;
    }
    (void)puts("Removed. What the server stored is still there: docs/plugin.md says where.");
    return EXIT_DONE;
}

static void on_news(void *user, enum supervise_news what, struct span text)
{
    static const char *const words[] = {"started",
                                        "prepares",
                                        "ready",
                                        "status",
                                        "log",
                                        "ended",
                                        "back on the version before",
                                        "the trial is passed",
                                        "over"};
    (void)user;
    if (what == SUPERVISE_OVER) {
        return; /* the return of supervise_run tells it */
    }
    (void)printf("%s%s%.*s\n", words[what], text.n > 0 ? ": " : "", (int)text.n,
                 text.n > 0 ? (const char *)text.p : "");
    (void)fflush(stdout);
}

/* In the foreground, until Ctrl-C: what stands behind "run" goes to the server. */
static int supervise(struct plugin *p, const struct command_args *args)
{
    static struct entropy entropy;
    char words[SIDECAR_TEXT_LEN] = "";
    char home[CONFIG_PATH_LEN_MAX + 24];
    sigset_t set;
    (void)snprintf(home, sizeof home, "%s/plugin/server", args->config->data_dir);
    struct supervise_cfg cfg = {
        .store = &p->store,
        .budget = &p->budget,
        .state_dir = home,
        .abi = MACHINE_ABI,
        .trial_us = TRIAL_US,
        .backoff_us = US_PER_S,
        .drain_ms = DRAIN_MS,
        .news = on_news,
        .args = {"--home", home}
    };
    if (args->argc - 1 > SUPERVISE_ARGS_MAX - 2) {
        return command_plugin_usage();
    }
    for (int i = 1; i < args->argc; i++) {
        cfg.args[i + 1] = args->argv[i];
    }
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    cfg.stop_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    cfg.rng = &entropy.rng;
    if (cfg.stop_fd < 0 || entropy_init(&entropy) != OK) {
        command_say("The system gives too little to start.");
        return EXIT_FAILED;
    }
    if (supervise_run(&cfg, words) == OK) {
        return EXIT_DONE;
    }
    command_say("%s", words);
    return EXIT_FAILED;
}

static int run(struct plugin *p, const struct command_args *args)
{
    const char *what = args->argc > 0 ? args->argv[0] : "status";
    if (strcmp(what, "add") == 0 && args->argc == 3) {
        return plugin_add_repository(p, args->argv[1], args->argv[2]) == OK ? status(p)
                                                                            : say_why(p);
    }
    if (strcmp(what, "run") == 0) {
        return supervise(p, args);
    }
    if (strcmp(what, "forget") == 0 && args->argc <= 2) {
        struct span id = args->argc == 2 ? span_str(args->argv[1]) : SPAN_EMPTY;
        return plugin_forget_repository(p, id) == OK ? status(p) : say_why(p);
    }
    if (strcmp(what, "agree") == 0 && args->argc == 2) {
        uint64_t count = 0;
        if (decimal_parse(&count, span_str(args->argv[1]), PLUGIN_REPOSITORIES_MAX) != OK) {
            return command_plugin_usage();
        }
        return plugin_set_agree(p, count) == OK ? status(p) : say_why(p);
    }
    if (args->argc > 1) {
        return command_plugin_usage();
    }
    static const struct {
        const char *name;
        int (*run)(struct plugin *p);
    } words[] = {
        {"status",  status   },
        {"check",   check    },
        {"install", install  },
        {"remove",  take_away}
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(what, words[i].name) == 0) {
            return words[i].run(p);
        }
    }
    return command_plugin_usage();
}

/* passmesh plugin keep DIR TRIAL_S optional|required LOCAL_ID LOCAL_FILE: how a daemon starts its keeper, and nobody else. */
static int keep(const struct command_args *args)
{
    struct stat st;
    if (args->argc != 6 || fstat(PROCESS_CHILD_FD, &st) != 0 || !S_ISSOCK(st.st_mode)) {
        return command_plugin_usage();
    }
    struct keeper_cfg cfg = {.fd = PROCESS_CHILD_FD,
                             .dir = args->argv[1],
                             .trial_s = strtoull(args->argv[2], NULL, 10),
                             .is_sandbox_optional = strcmp(args->argv[3], "optional") == 0,
                             .local_id = args->argv[4],
                             .local_file = args->argv[5]};
    (void)fcntl(cfg.fd, F_SETFD, FD_CLOEXEC);
    return keeper_run(&cfg);
}

int command_plugin(const struct command_args *args)
{
    struct local_client c;
    static struct plugin plugin;
    char path[CONFIG_PATH_LEN_MAX + 16];
    const char *dir = "";
    if (args->argc > 0 && strcmp(args->argv[0], "keep") == 0) {
        return keep(args);
    }
    if (local_client_open(&c, args->config->socket) == OK) {
        int code = command_plugin_daemon(args, &c);
        local_client_close(&c);
        return code;
    }
    if (config_make_dirs(args->config, &dir) != OK) {
        command_say("The folder %s cannot be made, or is not ours alone.", dir);
        return EXIT_FAILED;
    }
    (void)snprintf(path, sizeof path, "%s/plugin", args->config->data_dir);
    enum err e = plugin_open(&plugin, path);
    int code = e == OK ? run(&plugin, args) : say_why(&plugin);
    plugin_close(&plugin);
    return code;
}
