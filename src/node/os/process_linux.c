/* Starting and ending child programs. Everything between fork and exec is async-signal-safe. */
#define _GNU_SOURCE /* AT_EMPTY_PATH */
#include "node/os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXEC_FAILED = 127, STEP_MS = 5 };

static void signals_reset(void)
{
    sigset_t none;
    (void)sigemptyset(&none);
    const struct sigaction as_new = {.sa_handler = SIG_DFL};
    for (int i = 1; i < NSIG; i++) {
        (void)sigaction(i, &as_new, NULL);
    }
    (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
}

void process_close_above(unsigned first)
{
    if (syscall(SYS_close_range, first, ~0U, 0U) == 0) {
        return;
    }
    for (int fd = (int)first; fd < 65536; fd++) { /* a kernel before 5.9 */
        (void)close(fd);
    }
}

/* The program itself: by its descriptor if there is one. */
static void exec_program(const struct process_args *args, int exec_fd)
{
    char *const *argv = (char *const *)(const void *)args->argv;
    char *const *env = (char *const *)(const void *)args->env;
    if (args->exec_fd > 0) {
        (void)syscall(SYS_execveat, exec_fd, "", argv, env, AT_EMPTY_PATH);
    } else {
        (void)execve(args->path, argv, env);
    }
}

/* Descriptors 1 and 2, and the program's at the one behind the report's; then all others are closed. */
static bool place_fds(const struct process_args *args, int exec_fd, int log_fd)
{
    const int exec_place = PROCESS_CHILD_FD + 2;
    bool is_placed = args->log_fd <= 0 || (dup2(log_fd, 1) == 1 && dup2(log_fd, 2) == 2);
    if (args->exec_fd > 0) {
        is_placed = is_placed && dup2(exec_fd, exec_place) == exec_place &&
                    fcntl(exec_place, F_SETFD, FD_CLOEXEC) == 0;
    }
    process_close_above(args->exec_fd > 0 ? (unsigned)exec_place + 1 : (unsigned)exec_place);
    return is_placed;
}

/* In the child. report is our end of a close-on-exec pair: it stays silent if exec succeeds. */
_Noreturn static void
child_run(const struct process_args *args, int socket_fd, int report, pid_t parent)
{
    int null_fd = open("/dev/null", O_RDWR);
    bool is_ready = null_fd >= 0 && dup2(null_fd, 0) == 0;
    /* Out of the way first, so that neither dup2 closes the other's source. */
    socket_fd = fcntl(socket_fd, F_DUPFD, 10);
    report = fcntl(report, F_DUPFD, 10);
    int exec_fd = args->exec_fd > 0 ? fcntl(args->exec_fd, F_DUPFD, 10) : 0;
    int log_fd = args->log_fd > 0 ? fcntl(args->log_fd, F_DUPFD, 10) : 0;
    is_ready = is_ready && exec_fd >= 0 && log_fd >= 0;
    is_ready = is_ready && socket_fd >= 0 && report >= 0 &&
               dup2(socket_fd, PROCESS_CHILD_FD) == PROCESS_CHILD_FD &&
               dup2(report, PROCESS_CHILD_FD + 1) == PROCESS_CHILD_FD + 1 &&
               fcntl(PROCESS_CHILD_FD + 1, F_SETFD, FD_CLOEXEC) == 0;
    if (is_ready && place_fds(args, exec_fd, log_fd)) {
        report = PROCESS_CHILD_FD + 1;
        signals_reset();
        (void)setsid();
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent) { /* else the parent died before the kernel knew */
            exec_program(args, PROCESS_CHILD_FD + 2);
        }
    }
    ssize_t told = write(report, "x", 1);
    (void)told;
    _exit(EXEC_FAILED);
}

static enum err wait_for_exec(int report)
{
    char c;
    ssize_t n;
    do {
        n = read(report, &c, 1);
    } while (n < 0 && errno == EINTR);
    return n == 0 ? OK : ERR_IO;
}

static void close_pair(const int pair[2])
{
    (void)close(pair[0]);
    (void)close(pair[1]);
}

enum err process_spawn(struct process *ret_process, const struct process_args *args)
{
    int sockets[2];
    int report[2];
    int type = args->is_datagram ? SOCK_SEQPACKET : SOCK_STREAM;
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, sockets) != 0) {
        return ERR_IO;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, report) != 0) {
        close_pair(sockets);
        return ERR_IO;
    }
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        child_run(args, sockets[1], report[1], parent);
    }
    (void)close(sockets[1]);
    (void)close(report[1]);
    enum err e = pid > 0 ? wait_for_exec(report[0]) : ERR_IO;
    (void)close(report[0]);
    struct process p = {.pid = pid > 0 ? pid : 0, .fd = sockets[0]};
    if (e != OK) {
        process_stop(&p, 0);
        return e;
    }
    *ret_process = p;
    return OK;
}

bool process_poll(struct process *p, int *ret_status)
{
    int status;
    if (p->pid == 0) {
        return true;
    }
    if (waitpid(p->pid, &status, WNOHANG) != p->pid) {
        return false;
    }
    *ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    p->pid = 0;
    return true;
}

void process_stop(struct process *p, int grace_ms)
{
    int status;
    if (p->pid == 0) {
        if (p->fd > 0) {
            (void)close(p->fd);
        }
        *p = (struct process){.pid = 0, .fd = -1};
        return;
    }
    (void)close(p->fd);
    for (int waited = 0; waited < grace_ms && !process_poll(p, &status); waited += STEP_MS) {
        const struct timespec step = {.tv_sec = 0, .tv_nsec = STEP_MS * 1000000L};
        (void)nanosleep(&step, NULL);
    }
    if (p->pid != 0) {
        (void)kill(p->pid, SIGKILL);
        while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR) {}
    }
    *p = (struct process){.pid = 0, .fd = -1};
}
