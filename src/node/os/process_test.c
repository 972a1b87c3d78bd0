/* Child programs: what they inherit, how they end. */
#include "node/os/process.h"

#include "base/check.h"
#include "base/test.h"
#include "node/os/entropy.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void nap(void)
{
    const struct timespec step = {.tv_sec = 0, .tv_nsec = 5 * 1000000L};
    (void)nanosleep(&step, NULL);
}

/* Runs a shell script whose descriptor 3 is our socket, and reads all that it writes there. */
static void run_script(struct process *p, const char *script, char *ret_text, size_t n)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    const char *const env[] = {"ONLY=this", NULL};
    const struct process_args args = {.path = "/bin/sh", .argv = argv, .env = env};
    memset(ret_text, 0, n);
    if (!EXPECT_OK(process_spawn(p, &args))) {
        return;
    }
    size_t used = 0;
    ssize_t got;
    while (used + 1 < n && (got = read(p->fd, ret_text + used, n - 1 - used)) > 0) {
        used += (size_t)got;
    }
}

TEST(a_child_has_four_descriptors_and_our_environment_alone)
{
    struct process p = {0};
    char text[2048];
    int extra = open("/dev/null", O_RDONLY); /* not close-on-exec: still must not pass */
    check(extra >= 0);
    run_script(&p, "ls /proc/self/fd | tr '\\n' ' ' >&3; env | grep -v '^PWD=\\|^_=\\|^SHLVL=' >&3",
               text, sizeof text);
    /* ls itself opens one more, the directory */
    EXPECT(strncmp(text, "0 1 2 3 4 ", 10) == 0);
    EXPECT_STR("ONLY=this\n", text + 10);
    process_stop(&p, 1000);
    EXPECT_EQ(0, p.pid);
    (void)close(extra);
}

TEST(signals_are_as_new)
{
    struct process p = {0};
    char text[256];
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction before;
    check(sigaction(SIGTERM, &ignore, &before) == 0);
    run_script(&p, "kill -TERM $$; echo alive >&3", text, sizeof text);
    EXPECT_STR("", text); /* the child did not inherit that we ignore it */
    check(sigaction(SIGTERM, &before, NULL) == 0);
    int status = -1;
    for (int i = 0; i < 400 && !process_poll(&p, &status); i++) {
        nap();
    }
    EXPECT_EQ(128 + SIGTERM, status);
    process_stop(&p, 0);
}

TEST(a_program_that_is_not_there_is_an_error_at_once)
{
    struct process p = {0};
    const char *const argv[] = {"nothing", NULL};
    const char *const env[] = {NULL};
    const struct process_args args = {.path = "/nonexistent/nothing", .argv = argv, .env = env};
    EXPECT_ERR(ERR_IO, process_spawn(&p, &args));
    EXPECT_EQ(0, p.pid);
}

TEST(a_child_that_does_not_listen_is_killed_after_its_grace)
{
    struct process p = {0};
    const char *const argv[] = {"sleep", "1000", NULL};
    const char *const env[] = {NULL};
    const struct process_args args = {
        .path = "/bin/sleep", .argv = argv, .env = env, .is_datagram = true};
    TEST_REQUIRE(process_spawn(&p, &args) == OK);
    int pid = p.pid;
    process_stop(&p, 20);
    EXPECT(kill(pid, 0) != 0);
}

/* A parent in the middle starts a child and dies: the child must go too. */
TEST(a_child_dies_with_its_parent)
{
    int sockets[2];
    check(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    pid_t middle = fork();
    if (middle == 0) {
        struct process p;
        const char *const argv[] = {"sleep", "1000", NULL};
        const char *const env[] = {NULL};
        const struct process_args args = {.path = "/bin/sleep", .argv = argv, .env = env};
        if (process_spawn(&p, &args) != OK ||
            write(sockets[1], &p.pid, sizeof p.pid) != sizeof p.pid) {
            _exit(1);
        }
        (void)raise(SIGKILL);
    }
    int child = 0;
    check(read(sockets[0], &child, sizeof child) == sizeof child);
    int status;
    check(waitpid(middle, &status, 0) == middle);
    bool is_gone = false;
    for (int i = 0; i < 400 && !is_gone; i++) {
        is_gone = kill(child, 0) != 0;
        nap();
    }
    EXPECT(is_gone);
    (void)close(sockets[0]);
    (void)close(sockets[1]);
}

TEST(the_systems_randomness_differs_from_draw_to_draw)
{
    struct entropy e;
    uint8_t a[600] = {0};
    uint8_t b[600] = {0};
    EXPECT_OK(entropy_init(&e));
    rng_fill(&e.rng, MSPAN_OF(a));
    rng_fill(&e.rng, MSPAN_OF(b));
    EXPECT(memcmp(a, b, 32) != 0);
    EXPECT(memcmp(a + 568, b + 568, 32) != 0); /* the last piece too */
}

TEST_MAIN
