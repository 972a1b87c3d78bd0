/* kill -9 at each system call of installing, updating, starting, rolling back and removing. A child does the step under ptrace and is killed on its
 * way into system call N; then the store is opened anew, as the next start would, within a second, and holds a whole version: the old one or
 * the new one. With PASSMESH_LONG=1 every point is tried, otherwise some; each is printed. */
#include "node/plugin/plugin_store.h"

#include "base/test.h"
#include "node/plugin/plugin_store_rig_test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLE_STEP = 23, POINTS_MAX = 5000, RECOVERY_MS_MAX = 1000 };

struct step {
    const char *name;
    void (*prepare)(struct store_rig *r); /* in the parent, before */
    bool (*run)(struct store_rig *r);     /* in the child; true: it did what it should */
};

static struct plugin_store store; /* too large for the stack, and one at a time */

static bool with_store(struct store_rig *r, bool (*work)(struct store_rig *r))
{
    bool is_done = plugin_store_open(&store, r->path, test_budget()) == OK && work(r);
    plugin_store_close(&store);
    return is_done;
}

static bool install(struct store_rig *r)
{
    return plugin_store_install(&store, &r->install) == OK;
}

static bool pass(struct store_rig *r)
{
    int entry = -1;
    (void)r;
    if (plugin_store_verify(&store, &store.journal.current, &entry) != OK) {
        return false;
    }
    (void)close(entry);
    return plugin_store_pass(&store) == OK;
}

static bool fail(struct store_rig *r)
{
    bool is_back = false;
    (void)r;
    return plugin_store_fail(&store, &is_back) == OK && is_back;
}

static bool take_away(struct store_rig *r)
{
    (void)r;
    return plugin_store_remove(&store) == OK;
}

static bool run_install(struct store_rig *r)
{
    return with_store(r, install);
}

static bool run_start(struct store_rig *r)
{
    return with_store(r, pass);
}

static bool run_rollback(struct store_rig *r)
{
    return with_store(r, fail);
}

static bool run_remove(struct store_rig *r)
{
    return with_store(r, take_away);
}

static void nothing(struct store_rig *r)
{
    (void)r;
}

/* Version 1 is installed and good; version 2 comes. */
static void one_is_good(struct store_rig *r)
{
    EXPECT(run_install(r));
    EXPECT(run_start(r));
    store_rig_version(r, 2);
}

static void two_is_on_trial(struct store_rig *r)
{
    one_is_good(r);
    EXPECT(run_install(r));
}

/* Half of version 2 has come. */
static void two_is_half_there(struct store_rig *r)
{
    one_is_good(r);
    r->give_up_at = r->fetched + 100000;
    EXPECT(!run_install(r));
    r->give_up_at = 0;
}

/* Two versions are there and a third comes: the first one goes. */
static void three_comes(struct store_rig *r)
{
    two_is_on_trial(r);
    EXPECT(run_start(r));
    store_rig_version(r, 3);
}

/* A version lies there, but a file of it was changed. */
static void two_is_broken(struct store_rig *r)
{
    struct journal_id id;
    two_is_on_trial(r);
    store_rig_id(r, &id);
    EXPECT_EQ(0, store_rig_run(r, "rm versions/$ID/keyd", id.text));
    EXPECT(with_store(r, fail));
    r->package.version.patch = 1; /* the failed one is not taken again */
}

/* The same of a first one. */
static void one_is_half_there(struct store_rig *r)
{
    r->give_up_at = 100000;
    EXPECT(!run_install(r));
    r->give_up_at = 0;
}

/* Version 2 is on trial, and version 3 is there before it has passed. */
static void three_comes_early(struct store_rig *r)
{
    two_is_on_trial(r);
    store_rig_version(r, 3);
}

static const struct step steps[] = {
    {"resumed first install",  one_is_half_there, run_install },
    {"update of one on trial", three_comes_early, run_install },
    {"first install",          nothing,           run_install },
    {"update",                 one_is_good,       run_install },
    {"resumed update",         two_is_half_there, run_install },
    {"third version",          three_comes,       run_install },
    {"update after a failure", two_is_broken,     run_install },
    {"first start",            two_is_on_trial,   run_start   },
    {"rollback",               two_is_on_trial,   run_rollback},
    {"remove",                 two_is_on_trial,   run_remove  },
};

/* The child's side. */
_Noreturn static void child(const struct step *step, struct store_rig *r)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 || raise(SIGSTOP) != 0) {
        _exit(99);
    }
    _exit(step->run(r) ? 0 : 1);
}

static long call_number(pid_t pid)
{
#ifdef __x86_64__
    struct user_regs_struct regs;
    return ptrace(PTRACE_GETREGS, pid, NULL, &regs) == 0 ? (long)regs.orig_rax : -1;
#else
    (void)pid;
    return -1;
#endif
}

/* Lets the child go on until it enters system call n, and kills it there; *ret_number is its number. False: it ended before. */
static bool kill_at(pid_t pid, unsigned n, long *ret_number)
{
    int status = 0;
    if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
        ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) != 0) {
        return false;
    }
    unsigned stops = 0; /* each call stops twice */
    while (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) == 0 && waitpid(pid, &status, 0) == pid &&
           WIFSTOPPED(status)) {
        if (WSTOPSIG(status) == (SIGTRAP | 0x80) && stops++ == 2 * n) {
            *ret_number = call_number(pid);
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, &status, 0);
            return true;
        }
    }
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0); /* not killed: then it did its work */
    return false;
}

static uint64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* After the kill: the next start. */
static void expect_whole(struct store_rig *r, const struct step *step)
{
    uint64_t before = now_ms();
    struct journal_id none = {{0}};
    EXPECT_OK(plugin_store_open(&store, r->path, test_budget()));
    bool may_be_absent =
        step->run == run_remove || step->prepare == nothing || step->prepare == one_is_half_there;
    if (journal_id_is_set(&store.journal.current) || !may_be_absent) {
        EXPECT_OK(plugin_store_verify(&store, &store.journal.current, NULL));
    }
    if (!journal_id_equal(&store.journal.previous, &none)) {
        EXPECT_OK(plugin_store_verify(&store, &store.journal.previous, NULL));
    }
    EXPECT(now_ms() - before < RECOVERY_MS_MAX);
    plugin_store_close(&store);
    /* And the step can be done anew, unless it had been done. */
    if (step->run != run_rollback) {
        EXPECT(step->run(r) || step->run == run_start || step->run == run_remove);
    }
}

static bool try_point(const struct step *step, unsigned n)
{
    static struct store_rig r;
    long number = -1;
    store_rig_init(&r);
    step->prepare(&r);
    pid_t pid = fork();
    if (pid == 0) {
        child(step, &r);
    }
    bool is_killed = kill_at(pid, n, &number);
    if (is_killed) {
        test_note("%s, killed at system call %u (number %ld)", step->name, n, number);
        expect_whole(&r, step);
        printf("# %s %u number %ld\n", step->name, n, number);
    }
    store_rig_done(&r);
    return is_killed;
}

TEST(a_whole_version_after_each_kill)
{
    const char *is_long = getenv("PASSMESH_LONG"); /* NOLINT(concurrency-mt-unsafe): one thread */
    unsigned stride = is_long && is_long[0] == '1' ? 1 : SAMPLE_STEP;
    unsigned tried = 0;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        unsigned n = (unsigned)i % stride;
        unsigned first = tried;
        for (; n < POINTS_MAX && try_point(&steps[i], n); n += stride) {
            tried++;
        }
        EXPECT(tried > first);
    }
    printf("# kill_points_survived %u\n", tried);
    EXPECT(stride > 1 || tried >= 1000);
}

TEST_MAIN
