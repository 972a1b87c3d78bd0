/* What a service manager hears, and that the one who tells it can do nothing else. */
#include "node/os/notify.h"

#include "base/check.h"
#include "base/test.h"
#include "node/os/journal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 5000 };

/* A service manager: a datagram socket in a directory of its own. */
struct manager {
    char dir[64];
    char path[96];
    int fd;
    char line[512];
};

static void manager_open(struct manager *m)
{
    const char *base = getenv("TMPDIR");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(m->dir, sizeof m->dir, "%s/pm-notify-XXXXXX", base ? base : "/tmp");
    check(mkdtemp(m->dir));
    (void)snprintf(m->path, sizeof m->path, "%s/notify", m->dir);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", m->path);
    m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    check(bind(m->fd, (const struct sockaddr *)(const void *)&address, sizeof address) == 0);
    check(setenv("NOTIFY_SOCKET", m->path, 1) == 0);
}

static void manager_close(struct manager *m)
{
    (void)close(m->fd);
    (void)unlink(m->path);
    EXPECT(rmdir(m->dir) == 0);
}

static const char *hear(struct manager *m)
{
    struct pollfd p = {.fd = m->fd, .events = POLLIN};
    ssize_t n = poll(&p, 1, WAIT_MS) == 1 ? recv(m->fd, m->line, sizeof m->line - 1, 0) : -1;
    m->line[n > 0 ? n : 0] = '\0';
    return m->line;
}

TEST(without_a_manager_nothing_is_started)
{
    struct notify n;
    (void)unsetenv("NOTIFY_SOCKET");
    EXPECT_OK(notify_start(&n));
    EXPECT(n.fd < 0 && n.teller == 0 && n.watchdog_us == 0);
    notify_tell(&n, NOTIFY_READY);
    notify_status(&n, "nobody listens");
    notify_end(&n);
}

TEST(a_manager_hears_each_state_and_the_environment_is_cleared)
{
    struct manager m;
    struct notify n;
    char pid[24];
    manager_open(&m);
    (void)snprintf(pid, sizeof pid, "%d", getpid());
    check(setenv("WATCHDOG_USEC", "20000000", 1) == 0);
    check(setenv("WATCHDOG_PID", pid, 1) == 0);
    TEST_REQUIRE(EXPECT_OK(notify_start(&n)));
    EXPECT_EQ(20000000, n.watchdog_us);
    EXPECT(!getenv("NOTIFY_SOCKET") && !getenv("WATCHDOG_USEC") && !getenv("WATCHDOG_PID"));
    notify_tell(&n, NOTIFY_READY);
    EXPECT_STR("READY=1", hear(&m));
    notify_tell(&n, NOTIFY_RELOADING);
    EXPECT(strncmp(hear(&m), "RELOADING=1\nMONOTONIC_USEC=", 27) == 0);
    notify_tell(&n, NOTIFY_WATCHDOG);
    EXPECT_STR("WATCHDOG=1", hear(&m));
    notify_status(&n, "12 peers");
    EXPECT_STR("STATUS=12 peers", hear(&m));
    notify_tell(&n, NOTIFY_STOPPING);
    notify_end(&n); /* what was told before the end arrives */
    EXPECT_STR("STOPPING=1", hear(&m));
    EXPECT(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
    manager_close(&m);
}

TEST(a_status_is_one_line_whatever_stands_in_it)
{
    struct manager m;
    struct notify n;
    char long_text[NOTIFY_TEXT_LEN_MAX + 50];
    manager_open(&m);
    TEST_REQUIRE(EXPECT_OK(notify_start(&n)));
    notify_status(&n, "a\nMAINPID=1\x7f");
    EXPECT_STR("STATUS=a?MAINPID=1?", hear(&m));
    memset(long_text, 'x', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    notify_status(&n, long_text);
    EXPECT_EQ(strlen("STATUS=") + NOTIFY_TEXT_LEN_MAX, strlen(hear(&m)));
    notify_end(&n);
    manager_close(&m);
}

/* Somebody who has taken the node over can give the teller any bytes. */
TEST(the_teller_says_nothing_but_its_lines)
{
    struct manager m;
    struct notify n;
    manager_open(&m);
    TEST_REQUIRE(EXPECT_OK(notify_start(&n)));
    static const char *const messages[] = {"MAINPID=1", "x", "", "FDSTORE=1\nREADY=1"};
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        check(send(n.fd, messages[i], strlen(messages[i]) + (i == 2), 0) >= 0);
    }
    notify_tell(&n, NOTIFY_READY);
    EXPECT_STR("READY=1", hear(&m));
    notify_end(&n);
    manager_close(&m);
}

TEST(the_teller_is_filtered_and_goes_with_the_node)
{
    struct manager m;
    int report[2];
    manager_open(&m);
    check(pipe(report) == 0);
    (void)fflush(stdout);
    pid_t node = fork();
    if (node == 0) {
        struct notify n;
        if (notify_start(&n) == OK) {
            notify_tell(&n, NOTIFY_READY);
            check(write(report[1], &n.teller, sizeof n.teller) == sizeof n.teller);
        }
        (void)pause();
    }
    int teller = 0;
    check(read(report[0], &teller, sizeof teller) == sizeof teller);
    EXPECT_STR("READY=1", hear(&m));
    char path[64];
    char line[128];
    bool is_filtered = false;
    (void)snprintf(path, sizeof path, "/proc/%d/status", teller);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        is_filtered = is_filtered || strcmp(line, "Seccomp:\t2\n") == 0;
    }
    if (f) {
        (void)fclose(f);
    }
    EXPECT(is_filtered);
    check(kill(node, SIGKILL) == 0);
    check(waitpid(node, NULL, 0) == node);
    bool is_gone = false;
    for (int i = 0; i < 1000 && !is_gone; i++) {
        FILE *left = fopen(path, "r");
        is_gone = !left || !fgets(line, sizeof line, left) || kill(teller, 0) != 0;
        if (left) {
            (void)fclose(left);
        }
        (void)poll(NULL, 0, 5);
    }
    EXPECT(is_gone);
    manager_close(&m);
}

TEST(a_manager_that_cannot_be_reached_is_an_error)
{
    struct notify n;
    check(setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1) == 0);
    EXPECT_ERR(ERR_IO, notify_start(&n));
    check(setenv("NOTIFY_SOCKET", "vsock:2:1234", 1) == 0);
    EXPECT_ERR(ERR_MALFORMED, notify_start(&n));
    EXPECT(n.fd < 0);
    (void)unsetenv("NOTIFY_SOCKET");
}

TEST(the_journal_is_told_by_its_stream)
{
    struct stat st;
    char stream[64];
    check(fstat(STDERR_FILENO, &st) == 0);
    (void)unsetenv("JOURNAL_STREAM");
    EXPECT(!journal_is_stderr());
    check(setenv("JOURNAL_STREAM", "8:1", 1) == 0);
    EXPECT(!journal_is_stderr());
    (void)snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
                   (unsigned long long)st.st_ino);
    check(setenv("JOURNAL_STREAM", stream, 1) == 0);
    EXPECT(journal_is_stderr());
    (void)unsetenv("JOURNAL_STREAM");
    EXPECT_STR("<3>", journal_prefix(LOG_ERROR));
    EXPECT_STR("<7>", journal_prefix(LOG_DEBUG));
}

TEST_MAIN
