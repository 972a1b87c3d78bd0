/* What breaks our own promises must abort: each case runs in a child, and its end is looked at. */
#include "base/check.h"

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"
#include "base/test.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static bool aborts(void (*fn)(void))
{
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        (void)signal(SIGABRT, SIG_DFL);
        (void)close(STDERR_FILENO);
        fn();
        _exit(0);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGABRT;
}

static void nothing(void)
{
    check(true);
}

static void plain_check(void)
{
    check(bug_count() == 99);
}

static void release_too_much(void)
{
    struct budget b;
    budget_init(&b, NULL, "b", 10);
    budget_release(&b, 1);
}

static void shrink_to_more(void)
{
    struct buf b = {0};
    buf_shrink(&b, 1);
}

static void consume_too_much(void)
{
    struct buf b = {0};
    buf_consume(&b, 1);
}

static void add_twice(void)
{
    struct list head;
    struct list node = {0};
    list_init(&head);
    list_add_last(&head, &node);
    list_add_last(&head, &node);
}

static void pool_with_a_lost_object(void)
{
    struct pool p;
    pool_init(&p, test_budget(), (struct pool_cfg){.object_len = 16, .count_max = 1});
    void *object;
    if (pool_take(&p, &object) == OK) {
        pool_done(&p);
    }
}

static void free_with_wrong_length(void)
{
    mem_free(test_budget(), NULL, 1);
}

static void rng_without_range(void)
{
    struct rng_seeded r;
    rng_seeded_init(&r, 1);
    (void)rng_below(&r.rng, 0);
}

static void success_as_reason(void)
{
    (void)diag_set(NULL, OK, "no reason", 0);
}

TEST(broken_promises_abort)
{
    static const struct {
        const char *name;
        void (*fn)(void);
    } cases[] = {
        {"plain",                  plain_check            },
        {"release too much",       release_too_much       },
        {"shrink to more",         shrink_to_more         },
        {"consume too much",       consume_too_much       },
        {"add twice",              add_twice              },
        {"pool misses an object",  pool_with_a_lost_object},
        {"free with wrong length", free_with_wrong_length },
        {"rng below 0",            rng_without_range      },
        {"diag with OK",           success_as_reason      },
    };
    EXPECT(!aborts(nothing));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        EXPECT(aborts(cases[i].fn));
    }
}

TEST(bug_is_counted_and_survived)
{
    unsigned before = bug_count();
    EXPECT(!BUG(before == UINT32_MAX));
    EXPECT_EQ(before, bug_count());
    EXPECT(BUG(before != UINT32_MAX));
    EXPECT_EQ(before + 1, bug_count());
}

TEST_MAIN
