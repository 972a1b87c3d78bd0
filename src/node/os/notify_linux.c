/* The service manager's datagrams, and the small process that sends them. */
#include "node/os/notify.h"

#include "node/os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A message on the pair: a letter; behind STATUS_LETTER a text. */
enum { STATUS_LETTER = 's', MESSAGE_LEN_MAX = NOTIFY_TEXT_LEN_MAX + 1, LINE_LEN_MAX = 256 };

/* The only descriptors of the teller. */
enum { TELLER_FROM = 0, TELLER_TO = 1, END_STEPS = 100, END_STEP_MS = 5 };

static const char letters[] = {[NOTIFY_READY] = 'r',
                               [NOTIFY_RELOADING] = 'l',
                               [NOTIFY_STOPPING] = 'e',
                               [NOTIFY_WATCHDOG] = 'w'};

/* ---- the teller ---- */

static int reloading(char out[static LINE_LEN_MAX])
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    unsigned long long us =
        (unsigned long long)t.tv_sec * 1000000 + (unsigned long long)t.tv_nsec / 1000;
    return snprintf(out, LINE_LEN_MAX, "RELOADING=1\nMONOTONIC_USEC=%llu", us);
}

static int status(char out[static LINE_LEN_MAX], const char *text, size_t n)
{
    int len = snprintf(out, LINE_LEN_MAX, "STATUS=%.*s", (int)n, text);
    for (int i = 0; i < len; i++) {
        unsigned char c = (unsigned char)out[i];
        out[i] =
            c < 0x20 || c == 0x7f ? '?' : out[i]; /* a newline would begin another assignment */
    }
    return len;
}

/* The line for a message; 0: none. */
static int line_of(char out[static LINE_LEN_MAX], const char *message, size_t n)
{
    switch (message[0]) {
    case 'r':           return snprintf(out, LINE_LEN_MAX, "READY=1");
    case 'l':           return reloading(out);
    case 'e':           return snprintf(out, LINE_LEN_MAX, "STOPPING=1");
    case 'w':           return snprintf(out, LINE_LEN_MAX, "WATCHDOG=1");
    case STATUS_LETTER: return status(out, message + 1, n - 1);
    default:            return 0;
    }
}

static bool teller_close(void)
{
    static const int calls[] = {SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(exit_group),
                                SCMP_SYS(clock_gettime), SCMP_SYS(rt_sigreturn)};
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int failed = f ? 0 : -1;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0] && failed == 0; i++) {
        failed = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
    }
    bool is_closed = failed == 0 && seccomp_load(f) == 0;
    seccomp_release(f);
    return is_closed;
}

/* Where no filter can be had the node refuses to start anyhow, or its operator takes it as it is. */
_Noreturn static void teller_run(void)
{
    char message[MESSAGE_LEN_MAX];
    char line[LINE_LEN_MAX];
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)teller_close();
    for (;;) {
        ssize_t n = recv(TELLER_FROM, message, sizeof message, 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            _exit(0);
        }
        int len = line_of(line, message, (size_t)n);
        if (len > 0) {
            (void)send(TELLER_TO, line, (size_t)len, MSG_NOSIGNAL);
        }
    }
}

_Noreturn static void teller_begin(int from, int to, pid_t parent)
{
    const struct sigaction ignored = {.sa_handler = SIG_IGN};
    /* Ctrl-C and the manager's SIGTERM are for the node; what it says last must still go. */
    (void)sigaction(SIGINT, &ignored, NULL);
    (void)sigaction(SIGTERM, &ignored, NULL);
    (void)sigaction(SIGHUP, &ignored, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)prctl(PR_SET_DUMPABLE, 0);
    from = fcntl(from, F_DUPFD, 10); /* out of the way of 0 and 1 */
    to = fcntl(to, F_DUPFD, 10);
    if (getppid() != parent || from < 0 || to < 0 || dup2(from, TELLER_FROM) < 0 ||
        dup2(to, TELLER_TO) < 0) {
        _exit(1);
    }
    process_close_above(TELLER_TO + 1);
    teller_run();
}

/* ---- the node's side ---- */

/* A path, or a name in the abstract namespace behind "@" (sd_notify(3)). */
static bool address_of(struct sockaddr_un *ret, socklen_t *ret_len, const char *name)
{
    size_t n = strlen(name);
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    if ((name[0] != '/' && name[0] != '@') || n < 2 || n >= sizeof ret->sun_path) {
        return false;
    }
    memcpy(ret->sun_path, name, n);
    if (name[0] == '@') {
        ret->sun_path[0] = '\0';
    }
    *ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    return true;
}

MUST_CHECK static enum err open_socket(int *ret, const char *name)
{
    struct sockaddr_un address;
    socklen_t len = 0;
    if (!address_of(&address, &len, name)) {
        return ERR_MALFORMED;
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)(const void *)&address, len) == 0) {
        *ret = fd;
        return OK;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return ERR_IO;
}

MUST_CHECK static enum err start_teller(struct notify *n, int to)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return ERR_IO;
    }
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(pair[0]);
        teller_begin(pair[1], to, parent);
    }
    (void)close(pair[1]);
    if (pid < 0) {
        (void)close(pair[0]);
        return ERR_IO;
    }
    n->fd = pair[0];
    n->teller = (int)pid;
    return OK;
}

/* WATCHDOG_PID names whom it is for, if anybody in particular (sd_watchdog_enabled(3)). */
static uint64_t watchdog_of(void)
{
    const char *us = getenv("WATCHDOG_USEC"); /* NOLINT(concurrency-mt-unsafe): before any thread */
    const char *pid = getenv("WATCHDOG_PID"); /* NOLINT(concurrency-mt-unsafe): the same */
    bool is_ours = us && (!pid || strtoll(pid, NULL, 10) == getpid());
    return is_ours ? strtoull(us, NULL, 10) : 0;
}

enum err notify_start(struct notify *ret)
{
    *ret = (struct notify){.fd = -1};
    const char *name = getenv("NOTIFY_SOCKET"); /* NOLINT(concurrency-mt-unsafe): the same */
    int to = -1;
    if (!name || !name[0]) {
        return OK;
    }
    TRY(open_socket(&to, name));
    uint64_t watchdog_us = watchdog_of();
    enum err err = start_teller(ret, to);
    (void)close(to);
    ret->watchdog_us = err == OK ? watchdog_us : 0;
    (void)unsetenv("NOTIFY_SOCKET"); /* NOLINT(concurrency-mt-unsafe): the same */
    (void)unsetenv("WATCHDOG_USEC"); /* NOLINT(concurrency-mt-unsafe): the same */
    (void)unsetenv("WATCHDOG_PID");  /* NOLINT(concurrency-mt-unsafe): the same */
    return err;
}

static void give(const struct notify *n, const char *message, size_t len)
{
    if (n->fd >= 0) {
        ssize_t sent = send(n->fd, message, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)sent;
    }
}

void notify_tell(const struct notify *n, enum notify_state state)
{
    give(n, &letters[state], 1);
}

void notify_status(const struct notify *n, const char *text)
{
    char message[MESSAGE_LEN_MAX] = {STATUS_LETTER};
    size_t len = strnlen(text, NOTIFY_TEXT_LEN_MAX);
    memcpy(message + 1, text, len);
    give(n, message, len + 1);
}

void notify_end(struct notify *n)
{
    const struct timespec step = {.tv_nsec = END_STEP_MS * 1000000L};
    if (n->fd < 0) {
        return;
    }
    (void)close(n->fd);
    n->fd = -1;
    /* A manager that does not read keeps the teller; then it goes when we go. */
    for (int i = 0; i < END_STEPS && waitpid(n->teller, NULL, WNOHANG) == 0; i++) {
        (void)nanosleep(&step, NULL);
    }
    n->teller = 0;
}
