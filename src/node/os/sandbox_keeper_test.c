/* What a process in the keeper's sandbox, and a program that it starts, can and cannot do. Each attempt is a process of its own. */
#define _GNU_SOURCE
#include "node/os/sandbox_keeper.h"

#include "base/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DONE = 0, DENIED = 1, NO_SANDBOX = 2 };

static char home[64];
static char dir[128];
static char outside[128];

static const char *below(const char *name)
{
    static char path[2][192];
    static int turn;
    turn = !turn;
    (void)snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}

static bool write_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
    bool done = fd >= 0 && write(fd, "x", 1) == 1;
    if (fd >= 0) {
        (void)close(fd);
    }
    return done;
}

static bool runs(const char *program)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        (void)execl(program, program, (char *)NULL);
        _exit(9);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool try_system(void)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 &&
           open("/proc/self/status", O_RDONLY | O_CLOEXEC) >= 0;
}
static bool try_own_files(void)
{
    return mkdir(below("store/a"), 0700) == 0 && mkdir(below("store/b"), 0700) == 0 &&
           write_file(below("store/a/x")) && rename(below("store/a/x"), below("store/b/x")) == 0 &&
           unlink(below("store/b/x")) == 0 && rmdir(below("store/a")) == 0 &&
           rmdir(below("store/b")) == 0 && write_file(below("new"));
}
/* What the server wrote does not become a program. */
static bool try_move_into_the_store(void)
{
    return rename(below("true"), below("store/new")) == 0;
}
static bool try_own_program(void)
{
    return runs(below("store/true"));
}
static bool try_network(void)
{
    int pair[2];
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 && socket(AF_INET6, SOCK_DGRAM, 0) >= 0 &&
           socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0;
}

static bool try_read_outside(void)
{
    return open(outside, O_RDONLY | O_CLOEXEC) >= 0;
}
static bool try_write_outside(void)
{
    return write_file(outside);
}
static bool try_truncate_outside(void)
{
    return truncate(outside, 0) == 0;
}
static bool try_list_home(void)
{
    return open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0;
}
static bool try_other_program(void)
{
    return runs("/usr/bin/true");
}
static bool try_program_beside_the_store(void)
{
    return runs(below("true"));
}
static bool try_unix_socket(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)snprintf(to.sun_path, sizeof to.sun_path, "%s/bus", home);
    return fd >= 0 && connect(fd, (const struct sockaddr *)(const void *)&to, sizeof to) == 0;
}
static bool try_raw_socket(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0) >= 0 || socket(AF_NETLINK, SOCK_RAW, 15) >= 0;
}
static bool try_ptrace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}
static bool try_namespace(void)
{
    return unshare(CLONE_NEWUSER) == 0;
}
static bool try_io_uring(void)
{
    char params[128] = {0};
    return syscall(SYS_io_uring_setup, 1, params) >= 0;
}
static bool try_keyring(void)
{
    return syscall(SYS_keyctl, 0, -3, 1) >= 0;
}
static bool try_link_into_store(void)
{
    return link(outside, below("store/theirs")) == 0 || symlink(outside, below("theirs")) == 0;
}

/* What becomes of an attempt inside. */
static int attempt(bool (*act)(void))
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        struct sandbox_node_report report;
        sandbox_keeper_enter(&report, dir);
        if (sandbox_node_level(&report) != SANDBOX_FULL) {
            _exit(NO_SANDBOX);
        }
        _exit(act() ? DONE : DENIED);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status)
                                                                           : -1;
}

static bool copy_true(const char *to)
{
    char part[2048];
    ssize_t n = 0;
    int from_fd = open("/usr/bin/true", O_RDONLY | O_CLOEXEC);
    int to_fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
    bool done = from_fd >= 0 && to_fd >= 0;
    while (done && (n = read(from_fd, part, sizeof part)) > 0) {
        done = write(to_fd, part, (size_t)n) == n;
    }
    (void)close(from_fd);
    return close(to_fd) == 0 && done && n == 0;
}

static bool set_scene(void)
{
    (void)snprintf(home, sizeof home, "/tmp/pm-keeper-XXXXXX");
    if (!mkdtemp(home)) {
        return false;
    }
    (void)snprintf(dir, sizeof dir, "%s/plugin", home);
    (void)snprintf(outside, sizeof outside, "%s/secret", home);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s/bus", home);
    int bus = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return mkdir(dir, 0700) == 0 && mkdir(below("store"), 0700) == 0 && write_file(outside) &&
           copy_true(below("store/true")) && copy_true(below("true")) &&
           bind(bus, (const struct sockaddr *)(const void *)&at, sizeof at) == 0 &&
           listen(bus, 1) == 0;
}

TEST(what_it_is_for_works_and_nothing_else_does)
{
    static const struct {
        const char *name;
        bool (*act)(void);
        int expected;
    } table[] = {
        {"read the system",                    try_system,                   DONE  },
        {"write, make and move its own",       try_own_files,                DONE  },
        {"run a program of the store",         try_own_program,              DONE  },
        {"TCP, UDP, a pair of sockets",        try_network,                  DONE  },
        {"read the person's files",            try_read_outside,             DENIED},
        {"write the person's files",           try_write_outside,            DENIED},
        {"cut the person's files off",         try_truncate_outside,         DENIED},
        {"list the person's folder",           try_list_home,                DENIED},
        {"run a program of the system",        try_other_program,            DENIED},
        {"run a program beside the store",     try_program_beside_the_store, DENIED},
        {"move a file into the store",         try_move_into_the_store,      DENIED},
        {"talk to a Unix socket (D-Bus)",      try_unix_socket,              DENIED},
        {"raw and other sockets",              try_raw_socket,               DENIED},
        {"debug",                              try_ptrace,                   DENIED},
        {"make a namespace",                   try_namespace,                DENIED},
        {"io_uring",                           try_io_uring,                 DENIED},
        {"the kernel's keys",                  try_keyring,                  DENIED},
        {"link the person's files to its own", try_link_into_store,          DENIED},
    };
    TEST_REQUIRE(set_scene());
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        test_note("%s", table[i].name);
        EXPECT_EQ(table[i].expected, attempt(table[i].act));
    }
}

TEST_MAIN
