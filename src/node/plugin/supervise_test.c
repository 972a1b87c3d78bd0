/* Supervision of a real process: src/node/plugin/supervise_child_test.c, installed as a package. */
#include "node/plugin/supervise.h"

#include "base/test.h"
#include "node/os/entropy.h"
#include "node/plugin/plugin_store_rig_test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct watch {
    char news[512]; /* a letter each */
    unsigned lines;
    char last_line[SUPERVISE_LINE_LEN];
    char listen[64];
    const char *stop_at; /* told to end when this one is ready; NULL: when any is */
    int stop[2];
    pid_t *ready_pid;
};

static void on_news(void *user, enum supervise_news what, struct span text)
{
    static const char letters[] = "sprSlDBT";
    struct watch *w = user;
    size_t n = strlen(w->news);
    if (what == SUPERVISE_LOG) {
        w->lines++;
        (void)snprintf(w->last_line, sizeof w->last_line, "%.*s", (int)text.n,
                       (const char *)text.p);
        return;
    }
    (void)snprintf(w->news + n, sizeof w->news - n, "%c", letters[what]);
    if (what == SUPERVISE_READY) {
        (void)snprintf(w->listen, sizeof w->listen, "%.*s", (int)text.n, (const char *)text.p);
        if (!w->stop_at || strcmp(w->stop_at, w->listen) == 0) {
            EXPECT_EQ(1, write(w->stop[1], "x", 1));
        }
    }
}

static void install(struct store_rig *r, struct plugin_store *s, unsigned version, const char *mode)
{
    store_rig_version(r, version);
    store_rig_program(r, getenv("PASSMESH_SUPERVISE_CHILD"),
                      mode); /* NOLINT(concurrency-mt-unsafe): one thread */
    EXPECT_OK(plugin_store_install(s, &r->install));
}

static enum err run(struct plugin_store *s, struct watch *w, char words[static SIDECAR_TEXT_LEN])
{
    static struct entropy entropy;
    EXPECT_OK(entropy_init(&entropy));
    struct supervise_cfg cfg = {.store = s,
                                .budget = test_budget(),
                                .rng = &entropy.rng,
                                .state_dir = "/tmp",
                                .abi = 1,
                                .backoff_us = 1000,
                                .trial_us = 0,
                                .drain_ms = 2000,
                                .news = on_news,
                                .user = w};
    EXPECT_EQ(0, pipe(w->stop));
    cfg.stop_fd = w->stop[0];
    enum err e = supervise_run(&cfg, words);
    (void)close(w->stop[0]);
    (void)close(w->stop[1]);
    return e;
}

static struct store_rig rig;
static struct plugin_store store;
static struct watch watch;
static char why[SIDECAR_TEXT_LEN];

static void begin(void)
{
    memset(&watch, 0, sizeof watch);
    why[0] = '\0';
    store_rig_init(&rig);
    EXPECT_OK(plugin_store_open(&store, rig.path, test_budget()));
}

static void end(void)
{
    plugin_store_close(&store);
    store_rig_done(&rig);
}

TEST(it_runs_passes_its_trial_and_ends_when_told)
{
    begin();
    install(&rig, &store, 1, "good");
    EXPECT_OK(run(&store, &watch, why));
    EXPECT_STR("srT", watch.news);
    EXPECT_STR("good", watch.listen);
    EXPECT(!store.journal.is_trial);
    end();
}

TEST(a_crash_loop_on_trial_goes_back_to_the_last_good)
{
    begin();
    install(&rig, &store, 1, "good");
    EXPECT_OK(plugin_store_pass(&store));
    struct journal_id good = store.journal.current;
    install(&rig, &store, 2, "crash");
    watch.stop_at = "good";
    uint64_t before = (uint64_t)time(NULL);
    /* The trial would pass at once: let it last. */
    static struct entropy entropy;
    EXPECT_OK(entropy_init(&entropy));
    EXPECT_EQ(0, pipe(watch.stop));
    struct supervise_cfg cfg = {.store = &store,
                                .budget = test_budget(),
                                .rng = &entropy.rng,
                                .state_dir = "/tmp",
                                .abi = 1,
                                .backoff_us = 1000,
                                .trial_us = 600 * US_PER_S,
                                .drain_ms = 2000,
                                .stop_fd = watch.stop[0],
                                .news = on_news,
                                .user = &watch};
    EXPECT_OK(supervise_run(&cfg, why));
    EXPECT_STR("srDsrDsrDsrDsrDBsr", watch.news);
    EXPECT(journal_id_equal(&good, &store.journal.current));
    EXPECT((uint64_t)time(NULL) - before <= 30);
    EXPECT_ERR(ERR_DENIED, plugin_store_install(&store, &rig.install)); /* and not again */
    end();
}

TEST(one_of_another_interface_or_nonce_goes_back_at_once)
{
    static const char *const modes[] = {"abi", "nonce"};
    for (size_t i = 0; i < 2; i++) {
        begin();
        install(&rig, &store, 1, "good");
        EXPECT_OK(plugin_store_pass(&store));
        install(&rig, &store, 2, modes[i]);
        test_note("%s", modes[i]);
        EXPECT_OK(run(&store, &watch, why));
        EXPECT_STR("sDBsr", watch.news);
        end();
    }
}

TEST(a_wrong_configuration_stays_down)
{
    begin();
    install(&rig, &store, 1, "config");
    EXPECT_ERR(ERR_DENIED, run(&store, &watch, why));
    EXPECT_STR("sD", watch.news);
    EXPECT(strstr(why, "configuration") != NULL);
    end();
}

TEST(the_only_version_falls_over)
{
    begin();
    install(&rig, &store, 1, "crash");
    watch.stop_at = "never";
    EXPECT_ERR(ERR_DENIED, run(&store, &watch, why));
    EXPECT(strstr(why, "status 1") != NULL);
    EXPECT(store.journal.is_stopped);
    end();
}

TEST(a_file_that_was_changed_is_not_started)
{
    begin();
    install(&rig, &store, 1, "good");
    EXPECT_EQ(0, store_rig_run(&rig, "printf x >>versions/$ID/server", store.journal.current.text));
    EXPECT_ERR(ERR_AUTH, run(&store, &watch, why));
    EXPECT_STR("", watch.news);
    end();
}

TEST(its_log_is_bounded_and_plain)
{
    begin();
    install(&rig, &store, 1, "loud");
    EXPECT_OK(run(&store, &watch, why));
    EXPECT(watch.lines > 0);
    EXPECT(watch.lines <= 401);
    EXPECT(strchr(watch.last_line, '\033') == NULL);
    end();
}

/* The supervisor is killed: the plugin ends too, by the end of its socket and by the kernel. */
TEST(no_orphan_after_the_supervisor_is_killed)
{
    int told[2];
    char c;
    begin();
    install(&rig, &store, 1, "good");
    EXPECT_EQ(0, pipe(told));
    pid_t pid = fork();
    if (pid == 0) {
        watch.stop_at = "never";
        (void)close(told[0]);
        (void)run(&store, &watch, why);
        _exit(0);
    }
    (void)close(told[1]);
    /* The pipe stays open as long as the supervisor lives; the plugin does not inherit it. */
    struct timespec step = {.tv_nsec = 300000000L};
    (void)nanosleep(&step, NULL);
    EXPECT_EQ(0, store_rig_run(&rig, "ls -l /proc/[0-9]*/exe 2>/dev/null | grep -q versions/$ID",
                               store.journal.current.text));
    (void)kill(pid, SIGKILL);
    EXPECT_EQ(pid, waitpid(pid, NULL, 0));
    EXPECT_EQ(0, read(told[0], &c, 1));
    int left = 0;
    for (int i = 0; i < 20 && left == 0; i++) {
        const struct timespec tenth = {.tv_nsec = 100000000L};
        left = store_rig_run(&rig, "ls -l /proc/[0-9]*/exe 2>/dev/null | grep -q versions/$ID",
                             store.journal.current.text);
        (void)nanosleep(&tenth, NULL);
    }
    EXPECT(left != 0);
    (void)close(told[0]);
    end();
}

TEST_MAIN
