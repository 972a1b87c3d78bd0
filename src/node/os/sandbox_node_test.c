/* What a node in its sandbox may still do, and what an intruder in it may not. Each attempt runs in a child of its own. */
#define _GNU_SOURCE
#include "node/os/sandbox_node.h"

#include "base/check.h"
#include "base/test.h"
#include "node/os/landlock.h"
#include "node/os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { WENT_THROUGH = 0, DENIED = 10, NO_SANDBOX = 11 };

/* What is there before the sandbox closes. */
struct scene {
    char dir[64];
    char own[96];   /* a directory in dir that the rules name */
    char other[96]; /* a file in dir that they do not */
    char unix_path[96];
    int unix_listener;
    int listener; /* TCP on 127.0.0.1 */
    struct sockaddr_in address;
    int open_file; /* in dir, open for writing */
    pid_t child;
};

static struct scene scene;

static int denied_unless(bool went_through)
{
    return went_through ? WENT_THROUGH : DENIED;
}

/* ---- what a node does ---- */

static void *add_one(void *user)
{
    int *n = user;
    ++*n;
    return NULL;
}

static int try_thread(const struct scene *s)
{
    (void)s;
    pthread_t thread;
    int n = 1;
    bool ran = pthread_create(&thread, NULL, add_one, &n) == 0 && pthread_join(thread, NULL) == 0;
    return denied_unless(ran && n == 2);
}

static int try_write_open_file(const struct scene *s)
{
    return denied_unless(write(s->open_file, "x", 1) == 1 && ftruncate(s->open_file, 0) == 0 &&
                         fsync(s->open_file) == 0);
}

static int try_own_directory(const struct scene *s)
{
    char from[128];
    char to[128];
    (void)snprintf(from, sizeof from, "%s/new", s->own);
    (void)snprintf(to, sizeof to, "%s/kept", s->own);
    int fd = open(from, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    bool done = fd >= 0 && write(fd, "x", 1) == 1 && rename(from, to) == 0 &&
                open(to, O_RDONLY | O_CLOEXEC) >= 0 && unlink(to) == 0;
    return denied_unless(done);
}

static int try_dial(const struct scene *s)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr *to = (const struct sockaddr *)(const void *)&s->address;
    bool done = fd >= 0 && connect(fd, to, sizeof s->address) == 0 &&
                accept4(s->listener, NULL, NULL, SOCK_CLOEXEC) >= 0;
    return denied_unless(done);
}

static int try_udp(const struct scene *s)
{
    (void)s;
    const struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    int v4 = socket(AF_INET, SOCK_DGRAM, 0);
    bool done = fd >= 0 && v4 >= 0 &&
                bind(v4, (const struct sockaddr *)(const void *)&any, sizeof any) == 0;
    return denied_unless(done);
}

static int try_resolve(const struct scene *s)
{
    (void)s;
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    return denied_unless(getaddrinfo("localhost", "80", &hints, &found) == 0 && found);
}

static int try_pair(const struct scene *s)
{
    (void)s;
    int pair[2];
    return denied_unless(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
}

static int try_end_child(const struct scene *s)
{
    int status;
    return denied_unless(kill(s->child, SIGKILL) == 0 && waitpid(s->child, &status, 0) == s->child);
}

static int try_memory(const struct scene *s)
{
    (void)s;
    void *p = malloc(64 << 20);
    free(p);
    return denied_unless(p != NULL);
}

/* ---- what an intruder tries ---- */

static int try_read_other(const struct scene *s)
{
    return denied_unless(open(s->other, O_RDONLY) >= 0);
}

static int try_write_other(const struct scene *s)
{
    return denied_unless(open(s->other, O_WRONLY) >= 0);
}

static int try_truncate_other(const struct scene *s)
{
    return denied_unless(truncate(s->other, 0) == 0);
}

static int try_delete_other(const struct scene *s)
{
    return denied_unless(unlink(s->other) == 0);
}

static int try_make_beside(const struct scene *s)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/beside", s->dir);
    return denied_unless(open(path, O_WRONLY | O_CREAT, 0600) >= 0);
}

static int try_list(const struct scene *s)
{
    return denied_unless(open(s->dir, O_RDONLY | O_DIRECTORY) >= 0);
}

static int try_environment_of_others(const struct scene *s)
{
    (void)s;
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/environ", getppid());
    return denied_unless(open(path, O_RDONLY) >= 0);
}

static int try_write_etc(const struct scene *s)
{
    (void)s;
    return denied_unless(open("/etc/passmesh-intruder", O_WRONLY | O_CREAT, 0600) >= 0);
}

static int try_exec(const struct scene *s)
{
    (void)s;
    return denied_unless(execl("/bin/true", "true", (char *)NULL) == 0);
}

static int try_fork(const struct scene *s)
{
    (void)s;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    return denied_unless(pid > 0);
}

static int try_spawn(const struct scene *s)
{
    (void)s;
    pid_t pid;
    char *const argv[] = {(char[]){"true"}, NULL};
    return denied_unless(posix_spawn(&pid, "/bin/true", NULL, NULL, argv, NULL) == 0);
}

static int try_ptrace(const struct scene *s)
{
    return denied_unless(ptrace(PTRACE_ATTACH, s->child, 0, 0) == 0);
}

static int try_raw(const struct scene *s)
{
    (void)s;
    return denied_unless(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0);
}

static int try_packet(const struct scene *s)
{
    (void)s;
    return denied_unless(socket(AF_PACKET, SOCK_DGRAM, 0) >= 0);
}

static int try_audit_socket(const struct scene *s)
{
    (void)s;
    return denied_unless(socket(AF_NETLINK, SOCK_RAW, 9 /* NETLINK_AUDIT */) >= 0);
}

static int try_vsock(const struct scene *s)
{
    (void)s;
    return denied_unless(socket(40 /* AF_VSOCK */, SOCK_STREAM, 0) >= 0);
}

static int try_unix(const struct scene *s)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    (void)snprintf(to.sun_path, sizeof to.sun_path, "%s", s->unix_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return denied_unless(fd >= 0 &&
                         connect(fd, (const struct sockaddr *)(const void *)&to, sizeof to) == 0);
}

/* A pair of datagram sockets could be led to a path afterwards. */
static int try_unix_by_pair(const struct scene *s)
{
    (void)s;
    int pair[2];
    return denied_unless(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
}

static int try_stream_pair_elsewhere(const struct scene *s)
{
    int pair[2];
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    (void)snprintf(to.sun_path, sizeof to.sun_path, "%s", s->unix_path);
    check(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    return denied_unless(connect(pair[0], (const struct sockaddr *)(const void *)&to, sizeof to) ==
                         0);
}

static int try_listen(const struct scene *s)
{
    (void)s;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return denied_unless(fd >= 0 && listen(fd, 1) == 0);
}

static int try_signal_parent(const struct scene *s)
{
    (void)s;
    return denied_unless(kill(getppid(), 0) == 0);
}

static int try_executable_memory(const struct scene *s)
{
    (void)s;
    void *p =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return denied_unless(p != MAP_FAILED);
}

static int try_make_executable(const struct scene *s)
{
    (void)s;
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return denied_unless(p != MAP_FAILED && mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0);
}

static int try_limits(const struct scene *s)
{
    (void)s;
    const struct rlimit more = {1024, 1024};
    return denied_unless(setrlimit(RLIMIT_FSIZE, &more) == 0);
}

static int try_type_for_the_person(const struct scene *s)
{
    char c = 'x';
    return denied_unless(ioctl(s->open_file, TIOCSTI, &c) == 0 || errno != ENOSYS);
}

static int try_namespace(const struct scene *s)
{
    (void)s;
    return denied_unless(unshare(CLONE_NEWUSER) == 0);
}

static int try_mount(const struct scene *s)
{
    (void)s;
    return denied_unless(syscall(165 /* mount on x86-64 */, "none", "/", "tmpfs", 0, NULL) == 0);
}

static const struct attempt {
    const char *name;
    int (*run)(const struct scene *s);
    int outcome; /* WENT_THROUGH, DENIED, or 128 + SIGSYS */
} attempts[] = {
    {"start a thread",                                         try_thread,                WENT_THROUGH},
    {"write to a file that is open",                           try_write_open_file,       WENT_THROUGH},
    {"make, rename, read and remove where the rules allow it", try_own_directory,         WENT_THROUGH},
    {"dial, and let somebody in",                              try_dial,                  WENT_THROUGH},
    {"send datagrams",                                         try_udp,                   WENT_THROUGH},
    {"resolve a name",                                         try_resolve,               WENT_THROUGH},
    {"make a pair of stream sockets",                          try_pair,                  WENT_THROUGH},
    {"end the key process",                                    try_end_child,             WENT_THROUGH},
    {"allocate memory",                                        try_memory,                WENT_THROUGH},
    {"read another file",                                      try_read_other,            DENIED      },
    {"write to another file",                                  try_write_other,           DENIED      },
    {"cut off another file",                                   try_truncate_other,        DENIED      },
    {"delete another file",                                    try_delete_other,          DENIED      },
    {"make a file elsewhere",                                  try_make_beside,           DENIED      },
    {"list another directory",                                 try_list,                  DENIED      },
    {"read another process's environment",                     try_environment_of_others, DENIED      },
    {"write below /etc",                                       try_write_etc,             DENIED      },
    {"execute a program",                                      try_exec,                  128 + SIGSYS},
    {"make a process",                                         try_fork,                  DENIED      },
    {"spawn a program",                                        try_spawn,                 DENIED      },
    {"debug another process",                                  try_ptrace,                128 + SIGSYS},
    {"make a raw socket",                                      try_raw,                   DENIED      },
    {"make a packet socket",                                   try_packet,                DENIED      },
    {"make an audit socket",                                   try_audit_socket,          DENIED      },
    {"make a socket to the machine's host",                    try_vsock,                 DENIED      },
    {"connect to another Unix socket",                         try_unix,                  DENIED      },
    {"make a pair that could be led to one",                   try_unix_by_pair,          DENIED      },
    {"lead a stream pair to one",                              try_stream_pair_elsewhere, DENIED      },
    {"listen on a new port",                                   try_listen,                DENIED      },
    {"signal another process",                                 try_signal_parent,         DENIED      },
    {"map executable memory",                                  try_executable_memory,     DENIED      },
    {"make memory executable",                                 try_make_executable,       DENIED      },
    {"change its limits",                                      try_limits,                DENIED      },
    {"type for the person at the terminal",                    try_type_for_the_person,   DENIED      },
    {"make a namespace",                                       try_namespace,             128 + SIGSYS},
#if defined(__x86_64__)
    {"mount",                                                  try_mount,                 128 + SIGSYS},
#endif
};

/* ---- the scene ---- */

static void write_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    check(fd >= 0);
    check(write(fd, "secret", 6) == 6);
    (void)close(fd);
}

static void scene_open(struct scene *s)
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(s->dir, sizeof s->dir, "%s/pm-sandbox-XXXXXX", base ? base : "/tmp");
    check(mkdtemp(s->dir));
    (void)snprintf(s->own, sizeof s->own, "%s/own", s->dir);
    (void)snprintf(s->other, sizeof s->other, "%s/other", s->dir);
    (void)snprintf(s->unix_path, sizeof s->unix_path, "%s/socket", s->dir);
    check(mkdir(s->own, 0700) == 0);
    write_file(s->other);
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    (void)snprintf(path.sun_path, sizeof path.sun_path, "%s", s->unix_path);
    s->unix_listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(bind(s->unix_listener, (const struct sockaddr *)(const void *)&path, sizeof path) == 0);
    check(listen(s->unix_listener, 8) == 0);
    socklen_t len = sizeof s->address;
    s->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr *address = (struct sockaddr *)(void *)&s->address;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(bind(s->listener, address, len) == 0);
    check(listen(s->listener, 8) == 0);
    check(getsockname(s->listener, address, &len) == 0);
    s->open_file = open(s->other, O_RDWR | O_CLOEXEC);
    check(s->open_file >= 0);
}

static void scene_close(struct scene *s)
{
    (void)close(s->open_file);
    (void)close(s->listener);
    (void)close(s->unix_listener);
    (void)unlink(s->unix_path);
    (void)unlink(s->other);
    (void)rmdir(s->own);
    EXPECT(rmdir(s->dir) == 0);
}

static void enter(const struct scene *s, struct sandbox_node_report *report)
{
    const struct sandbox_path paths[] = {
        {s->own,          LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_MAKE_FILE | LANDLOCK_REMOVE_FILE},
        {"/nothing/here", LANDLOCK_READ                                                             }
    };
    const struct sandbox_node_cfg cfg = {.paths = paths, .paths_count = 2, .child = s->child};
    sandbox_node_enter(report, &cfg);
}

_Noreturn static void intrude(struct scene *s, const struct attempt *a)
{
    struct sandbox_node_report report;
    s->child = fork(); /* stands for keyd */
    if (s->child == 0) {
        (void)pause();
        _exit(0);
    }
    enter(s, &report);
    _exit(sandbox_node_level(&report) == SANDBOX_FULL ? a->run(s) : NO_SANDBOX);
}

/* The status of a child that enters the sandbox and then tries: an exit code, or 128 + signal. */
static int outcome_of(struct scene *s, const struct attempt *a)
{
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        (void)setpgid(0, 0);
        intrude(s, a);
    }
    int status = 0;
    check(pid > 0);
    check(waitpid(pid, &status, 0) == pid);
    (void)kill(-pid, SIGKILL); /* its own child */
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

TEST(what_a_node_needs_goes_through_and_what_an_intruder_tries_is_denied)
{
    scene_open(&scene);
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        int got = outcome_of(&scene, &attempts[i]);
        if (got == NO_SANDBOX) {
            test_skip("this kernel gives no whole sandbox");
            break;
        }
        test_note("%s", attempts[i].name);
        EXPECT_EQ(attempts[i].outcome, got);
    }
    struct stat st = {0};
    EXPECT(stat(scene.other, &st) == 0 && st.st_size == 0); /* cut off by the descriptor alone */
    scene_close(&scene);
}

/* Each attempt goes through outside: else its denial would show nothing. Those that would harm this machine, or need
 * what a test has not, are left out by name. */
TEST(outside_the_sandbox_the_same_goes_through)
{
    static const char *const left_out[] = {"write below /etc",
                                           "make a raw socket",
                                           "make a packet socket",
                                           "make an audit socket",
                                           "make a socket to the machine's host",
                                           "lead a stream pair to one",
                                           "make a namespace",
                                           "mount",
                                           "debug another process",
                                           "type for the person at the terminal",
                                           "make memory executable",
                                           "map executable memory",
                                           "delete another file"};
    scene_open(&scene);
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        bool is_left_out = false;
        for (size_t k = 0; k < sizeof left_out / sizeof left_out[0]; k++) {
            is_left_out = is_left_out || strcmp(left_out[k], attempts[i].name) == 0;
        }
        (void)fflush(stdout);
        pid_t pid = is_left_out ? -1 : fork();
        if (pid == 0) {
            (void)setpgid(0, 0);
            scene.child = fork();
            if (scene.child == 0) {
                (void)pause();
                _exit(0);
            }
            _exit(attempts[i].run(&scene));
        }
        int status = 0;
        if (!is_left_out) {
            check(waitpid(pid, &status, 0) == pid);
            (void)kill(-pid, SIGKILL);
            test_note("%s", attempts[i].name);
            EXPECT_EQ(WENT_THROUGH, status);
        }
    }
    char beside[128];
    (void)snprintf(beside, sizeof beside, "%s/beside", scene.dir);
    (void)unlink(beside);
    scene_close(&scene);
}

TEST(the_report_says_what_is_missing)
{
    static const struct {
        struct sandbox_node_report report;
        enum sandbox_level level;
        const char *text;
    } table[] = {
        {{true, true, true, 7},
         SANDBOX_FULL,    "full: no new privileges, limits, seccomp, Landlock ABI 7"                          },
        {{true, true, true, 1},
         SANDBOX_FULL,    "full: no new privileges, limits, seccomp, Landlock ABI 1"                          },
        {{true, true, true, 0},
         SANDBOX_PARTIAL, "partial: no new privileges, limits, seccomp, LANDLOCK MISSING"                     },
        {{true, true, false, 3},
         SANDBOX_PARTIAL, "partial: no new privileges, limits, SECCOMP MISSING, Landlock ABI 3"               },
        {{true, false, true, 3},
         SANDBOX_PARTIAL, "partial: no new privileges, LIMITS MISSING, seccomp, Landlock ABI 3"               },
        {{true, true, false, 0},
         SANDBOX_NONE,    "none: no new privileges, limits, SECCOMP MISSING, LANDLOCK MISSING"                },
        {{false, false, false, 0},
         SANDBOX_NONE,    "none: NO-NEW-PRIVILEGES MISSING, LIMITS MISSING, SECCOMP MISSING, LANDLOCK MISSING"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[SANDBOX_NODE_TEXT_MAX];
        sandbox_node_print(text, sizeof text, &table[i].report);
        EXPECT_STR(table[i].text, text);
        EXPECT_EQ(table[i].level, sandbox_node_level(&table[i].report));
    }
}

static void *wait_for_the_end(void *user)
{
    (void)user;
    (void)pause();
    return NULL;
}

/* Landlock would hold for one thread alone: then it does not count. */
TEST(with_a_second_thread_the_sandbox_is_not_whole)
{
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        struct sandbox_node_report report;
        const struct sandbox_node_cfg cfg = {.paths_count = 0};
        check(pthread_create(&thread, NULL, wait_for_the_end, NULL) == 0);
        sandbox_node_enter(&report, &cfg);
        _exit(report.landlock_abi == 0 && sandbox_node_level(&report) != SANDBOX_FULL ? 0 : 1);
    }
    int status = 0;
    check(waitpid(pid, &status, 0) == pid);
    EXPECT_EQ(0, status);
}

TEST(inherited_descriptors_are_closed)
{
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        int low = open("/dev/null", O_RDONLY);
        int high = fcntl(low, F_DUPFD, 500);
        sandbox_node_prepare((unsigned)low + 1);
        bool kept = fcntl(low, F_GETFD) >= 0 && fcntl(high, F_GETFD) < 0;
        sandbox_node_prepare(PROCESS_CHILD_FD);
        bool closed = fcntl(low, F_GETFD) < 0;
        _exit(kept && closed && fcntl(2, F_GETFD) >= 0 ? 0 : 1);
    }
    int status = 0;
    check(waitpid(pid, &status, 0) == pid);
    EXPECT_EQ(0, status);
}

TEST_MAIN
