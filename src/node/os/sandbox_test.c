/* What the sandbox forbids ends the process; what the store and the sockets need goes on. Each attempt runs in a child
 * of its own. */
#define _GNU_SOURCE
#include "node/os/sandbox.h"

#include "base/check.h"
#include "base/test.h"
#include "node/os/store_fs.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char file[] = "store";
static const char file_aside[] = "store.new";
static const char file_same_text[] = "store.new";

/* What a collector of evidence was allowed beside it. */
static const char made[] = "made";
static const char known[] = "made/known";
static const char known_same_text[] = "made/known";
static int ends[2] = {-1, -1}; /* of a pipe */

enum { ENDED_WELL = 0, REFUSED = 10, NO_SANDBOX = 11 };

struct attempt {
    const char *name;
    int (*run)(const struct store_dir *dir); /* 0: it went through */
    bool is_allowed;
};

static int try_open_absolute(const struct store_dir *dir)
{
    (void)dir;
    return open("/etc/passwd", O_RDONLY) < 0;
}

static int try_open_other(const struct store_dir *dir)
{
    return openat(dir->fd, "other", O_RDWR | O_CREAT, 0600) < 0;
}

static int try_open_parent(const struct store_dir *dir)
{
    return openat(dir->fd, "..", O_RDONLY | O_DIRECTORY) < 0;
}

/* The same text at another address: the filter compares addresses. */
static int try_open_lookalike(const struct store_dir *dir)
{
    char copy[sizeof file_same_text];
    memcpy(copy, file_same_text, sizeof copy);
    return openat(dir->fd, copy, O_WRONLY) < 0;
}

static int try_socket(const struct store_dir *dir)
{
    (void)dir;
    return socket(AF_INET, SOCK_STREAM, 0) < 0;
}

static int try_unix_socket(const struct store_dir *dir)
{
    (void)dir;
    return socket(AF_UNIX, SOCK_STREAM, 0) < 0;
}

static int try_exec(const struct store_dir *dir)
{
    (void)dir;
    char *const argv[] = {(char[]){"true"}, NULL};
    return execv("/bin/true", argv);
}

static int try_fork(const struct store_dir *dir)
{
    (void)dir;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    return pid < 0;
}

static int try_signal_parent(const struct store_dir *dir)
{
    (void)dir;
    return kill(getppid(), 0) != 0;
}

static int try_executable_memory(const struct store_dir *dir)
{
    (void)dir;
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) == MAP_FAILED;
}

static int try_make_executable(const struct store_dir *dir)
{
    (void)dir;
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED || mprotect(p, 4096, PROT_READ | PROT_EXEC) != 0;
}

static int try_delete_store(const struct store_dir *dir)
{
    return unlinkat(dir->fd, file, 0) != 0;
}

static int do_make_and_remove(const struct store_dir *dir)
{
    bool done = mkdirat(dir->fd, made, 0700) == 0 && openat(dir->fd, known, O_RDONLY) < 0 &&
                errno == ENOENT && unlinkat(dir->fd, made, AT_REMOVEDIR) == 0;
    return !done;
}

static int do_ask_device(const struct store_dir *dir)
{
    int n = 0;
    (void)dir;
    return ioctl(ends[0], FIONREAD, &n) != 0;
}

static int try_ask_another(const struct store_dir *dir)
{
    int n = 0;
    (void)dir;
    return ioctl(ends[1], FIONREAD, &n) != 0;
}

static int try_ask_something_else(const struct store_dir *dir)
{
    int n = 0;
    (void)dir;
    return ioctl(ends[0], FIONBIO, &n) != 0;
}

static int try_make_another(const struct store_dir *dir)
{
    return mkdirat(dir->fd, "another", 0700) != 0;
}

static int try_known_lookalike(const struct store_dir *dir)
{
    char copy[sizeof known_same_text];
    memcpy(copy, known_same_text, sizeof copy);
    return openat(dir->fd, copy, O_RDONLY) < 0;
}

static int do_replace(const struct store_dir *dir)
{
    struct store_dir d = *dir;
    int handle;
    bool done = d.fs.create(&d.fs, &handle, file_aside) == OK &&
                d.fs.write(&d.fs, handle, SPAN_LIT("content")) == OK &&
                d.fs.sync(&d.fs, handle) == OK && d.fs.close(&d.fs, handle) == OK &&
                d.fs.rename(&d.fs, file_aside, file) == OK && d.fs.sync_dir(&d.fs) == OK;
    return !done;
}

static int do_compute(const struct store_dir *dir)
{
    (void)dir;
    void *p = malloc(4 * 1024 * 1024);
    void *q = malloc(64);
    bool done = p && q;
    free(p);
    free(q);
    return !done;
}

static const struct attempt attempts[] = {
    {"replace the store",                        do_replace,             true },
    {"allocate memory",                          do_compute,             true },
    {"make, open and remove what was allowed",   do_make_and_remove,     true },
    {"ask a device what was allowed",            do_ask_device,          true },
    {"ask it something else",                    try_ask_something_else, false},
    {"ask another descriptor",                   try_ask_another,        false},
    {"make another directory",                   try_make_another,       false},
    {"open an allowed name at another address",  try_known_lookalike,    false},
    {"open a file by its path",                  try_open_absolute,      false},
    {"open another file beside the store",       try_open_other,         false},
    {"open the parent directory",                try_open_parent,        false},
    {"open the store's name at another address", try_open_lookalike,     false},
    {"delete the store",                         try_delete_store,       false},
    {"make an internet socket",                  try_socket,             false},
    {"make a unix socket",                       try_unix_socket,        false},
    {"execute a program",                        try_exec,               false},
    {"make a process",                           try_fork,               false},
    {"signal another process",                   try_signal_parent,      false},
    {"map executable memory",                    try_executable_memory,  false},
    {"make memory executable",                   try_make_executable,    false},
};

/* The status of a child that enters the sandbox and then tries: an exit code, or 128 + signal. */
static int outcome(const struct store_dir *dir, const struct attempt *a)
{
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct sandbox_cfg cfg = {.dir_fd = dir->fd, .file = file, .file_aside = file_aside};
        sandbox_allow_file(&cfg, dir->fd, made, SANDBOX_DIR);
        sandbox_allow_file(&cfg, dir->fd, known, SANDBOX_FILE);
        sandbox_allow_file(&cfg, -1, file,
                           SANDBOX_FILE); /* nothing is there, so nothing is allowed */
        sandbox_allow_ioctl(&cfg, ends[0], FIONREAD);
        sandbox_allow_ioctl(&cfg, -1, FIONBIO);
        struct sandbox_report report;
        if (sandbox_enter(&report, &cfg) != OK || !report.seccomp) {
            _exit(NO_SANDBOX);
        }
        _exit(a->run(dir) == 0 ? ENDED_WELL : REFUSED);
    }
    int status = 0;
    check(pid > 0);
    check(waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void scratch_open(struct store_dir *dir, char *path, size_t n)
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(path, n, "%s/passmesh-sandbox-XXXXXX", base ? base : "/tmp");
    check(mkdtemp(path));
    check(store_dir_open(dir, path) == OK);
}

static void scratch_remove(struct store_dir *dir, const char *path)
{
    (void)unlinkat(dir->fd, file, 0);
    (void)unlinkat(dir->fd, file_aside, 0);
    store_dir_done(dir);
    EXPECT(rmdir(path) == 0);
}

TEST(each_forbidden_act_ends_the_process_and_each_needed_one_goes_through)
{
    struct store_dir dir = {.fd = -1};
    char path[256];
    scratch_open(&dir, path, sizeof path);
    check(pipe(ends) == 0);
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        int got = outcome(&dir, &attempts[i]);
        if (got == NO_SANDBOX) {
            test_skip("this kernel gives no seccomp filter");
            break;
        }
        test_note("%s", attempts[i].name);
        EXPECT_EQ(attempts[i].is_allowed ? ENDED_WELL : 128 + SIGSYS, got);
        printf("# %s: %s\n", attempts[i].name,
               got == ENDED_WELL ? "goes through" : "ends the process");
    }
    scratch_remove(&dir, path);
}

/* The exit status of the child below is the number of the first step that went otherwise. */
static int landlock_steps(const struct store_dir *dir)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return 1;
    }
    int net = socket(AF_INET, SOCK_STREAM, 0);
    int abi = sandbox_landlock(dir->fd);
    if (abi == 0) {
        return NO_SANDBOX;
    }
    if (open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES) {
        return 2;
    }
    if (openat(dir->fd, "../passmesh-outside", O_WRONLY | O_CREAT, 0600) >= 0) {
        return 3;
    }
    if (execl("/bin/true", "true", (char *)NULL) == 0 || errno != EACCES) {
        return 4;
    }
    const struct sockaddr_in port = {
        .sin_family = AF_INET, .sin_port = 9, .sin_addr = {.s_addr = 0x0100007f}};
    if (abi >= 4 && (connect(net, (const struct sockaddr *)(const void *)&port, sizeof port) == 0 ||
                     errno != EACCES)) {
        return 5;
    }
    return do_replace(dir) == 0 ? ENDED_WELL : 6;
}

/* The second wall must stand without the first. */
TEST(landlock_alone_closes_files_programs_and_ports)
{
    struct store_dir dir = {.fd = -1};
    char path[256];
    scratch_open(&dir, path, sizeof path);
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(landlock_steps(&dir));
    }
    int status;
    check(waitpid(pid, &status, 0) == pid);
    scratch_remove(&dir, path);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_SANDBOX) {
        test_skip("this kernel has no Landlock");
        return;
    }
    EXPECT_EQ(ENDED_WELL, status);
}

TEST(what_this_kernel_gives)
{
    int pipe_fds[2];
    struct store_dir dir = {.fd = -1};
    char path[256];
    scratch_open(&dir, path, sizeof path);
    check(pipe(pipe_fds) == 0);
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        const struct sandbox_cfg cfg = {.dir_fd = dir.fd, .file = file, .file_aside = file_aside};
        struct sandbox_report report;
        char text[SANDBOX_TEXT_MAX] = "none";
        if (sandbox_enter(&report, &cfg) == OK) {
            sandbox_print(text, sizeof text, &report);
        }
        ssize_t n = write(pipe_fds[1], text, strlen(text));
        _exit(n > 0 ? 0 : 1);
    }
    (void)close(pipe_fds[1]);
    char text[SANDBOX_TEXT_MAX] = {0};
    ssize_t n = read(pipe_fds[0], text, sizeof text - 1);
    (void)close(pipe_fds[0]);
    int status;
    check(waitpid(pid, &status, 0) == pid);
    scratch_remove(&dir, path);
    EXPECT(n > 0);
    EXPECT(strstr(text, "no new privileges") != NULL);
    EXPECT(strstr(text, "no dump") != NULL);
    EXPECT(strstr(text, "limits") != NULL);
    printf("# got here: %s\n", text);
    if (strstr(text, "LANDLOCK MISSING")) {
        test_skip("this kernel has no Landlock: %s", text);
    }
}

TEST_MAIN
