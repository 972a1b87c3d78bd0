/* The process that talks with the home router: its walls, and that it comes and goes. What it does with routers stands in
 * tests/system/reach_test.py. */
#include "node/net/portmap.h"

#include "base/test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* In a child of its own: the number of the first probe that was not refused; 0: all were; 100: there are no walls. */
static int probe(void)
{
    char name[] = "true";
    char *const argv[] = {name, NULL};
    struct sockaddr_in any = {.sin_family = AF_INET};
    if (!portmap_close_walls()) {
        return 100;
    }
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (s < 0 || bind(s, (const struct sockaddr *)(const void *)&any, sizeof any) != 0) {
        return 101; /* what it needs is gone too */
    }
    const bool refused[] = {
        open("/etc/passwd", O_RDONLY) < 0,
        open("/tmp/portmap_test", O_WRONLY | O_CREAT, 0600) < 0,
        fork() < 0,
        execve("/bin/true", argv, argv) < 0,
        listen(s, 1) < 0,
        socket(AF_UNIX, SOCK_DGRAM, 0) < 0,
        socket(AF_PACKET, SOCK_RAW, 0) < 0,
        kill(getppid(), SIGTERM) < 0,
        mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED,
        mmap(NULL, (size_t)256 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED,
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (!refused[i]) {
            return (int)i + 1;
        }
    }
    return 0;
}

TEST(walls)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(probe());
    }
    EXPECT(waitpid(pid, &status, 0) == pid);
    EXPECT(WIFEXITED(status));
    EXPECT_EQ(0, WEXITSTATUS(status));
}

TEST(one_that_is_asked_for_nothing_ends_at_once)
{
    struct portmap p;
    EXPECT_OK(portmap_start(&p));
    EXPECT(p.mapper > 0);
    int pid = p.mapper;
    portmap_end(&p);
    EXPECT_EQ(-1, p.fd);
    EXPECT(kill(pid, 0) != 0 && errno == ESRCH);
    portmap_end(&p);
}

static unsigned reports;

static void on_report(void *user)
{
    (void)user;
    reports++;
}

TEST(one_that_is_killed_is_noticed)
{
    struct loop loop;
    struct portmap p;
    struct portmap_port port = {.inside = 4001};
    EXPECT_OK(loop_init(&loop));
    EXPECT_OK(portmap_start(&p));
    p.on_report = on_report;
    portmap_ask(&p, &loop, &port, 1);
    EXPECT_EQ(PORTMAP_ASKING, p.report.state);
    EXPECT(kill(p.mapper, SIGKILL) == 0);
    while (reports == 0) {
        EXPECT(loop_turn(&loop) || reports > 0);
        (void)usleep(1000);
    }
    EXPECT_EQ(PORTMAP_NONE, p.report.state);
    portmap_end(&p);
    loop_done(&loop);
}

TEST_MAIN
