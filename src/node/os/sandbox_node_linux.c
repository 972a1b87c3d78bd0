/* The sandbox of a node on Linux: limits, Landlock, then the seccomp filter, which forbids what came before. */
#define _GNU_SOURCE
#include "node/os/sandbox_node.h"

#include "node/os/landlock.h"
#include "node/os/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FILES_OPEN_MAX = 8192 };

static const rlim_t file_len_max = (rlim_t)4 << 30;

void sandbox_node_prepare(unsigned first)
{
    process_close_above(first);
}

static bool limits_set(void)
{
    const struct rlimit none = {0, 0};
    const struct rlimit file_len = {file_len_max, file_len_max};
    struct rlimit files = {0, 0};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) {
        return false;
    }
    files.rlim_max = files.rlim_max < FILES_OPEN_MAX ? files.rlim_max : FILES_OPEN_MAX;
    files.rlim_cur = files.rlim_max;
    /* A file that has grown too long is an error of the write, not the end of the process. */
    const struct sigaction ignored = {.sa_handler = SIG_IGN};
    return sigaction(SIGXFSZ, &ignored, NULL) == 0 && setrlimit(RLIMIT_CORE, &none) == 0 &&
           setrlimit(RLIMIT_NOFILE, &files) == 0 && setrlimit(RLIMIT_FSIZE, &file_len) == 0;
}

/* ---- files ---- */

/* What the C library reads to resolve a name, and the certificates for https. The whole of /etc, because the system replaces
 * single files there when the network changes, and a rule holds for what it was opened on. */
static const char *const system_paths[] = {
    "/etc",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/etc/resolv.conf",
    "/etc/ssl/certs/ca-certificates.crt",
};

/* A file of the system may be a link into a directory elsewhere (/run/systemd/resolve), where it is replaced. */
static void rule_add_system(struct landlock_list *l, const char *path)
{
    char *real = realpath(path, NULL);
    if (!real) {
        return;
    }
    bool is_link = strcmp(path, real) != 0;
    char *slash = strrchr(real, '/');
    if (is_link && slash > real) {
        *slash = '\0';
    }
    landlock_list_add(l, real, LANDLOCK_READ);
    free(real);
}

static bool has_one_thread(void)
{
    DIR *dir = opendir("/proc/self/task");
    size_t count = 0;
    for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
        count += e->d_name[0] != '.';
    }
    if (dir) {
        (void)closedir(dir);
    }
    return count == 1;
}

static int files_close(const struct sandbox_node_cfg *cfg)
{
    struct landlock_list l = {.count = 0};
    for (size_t i = 0; i < sizeof system_paths / sizeof system_paths[0]; i++) {
        rule_add_system(&l, system_paths[i]);
    }
    for (size_t i = 0; i < cfg->paths_count; i++) {
        landlock_list_add(&l, cfg->paths[i].path, cfg->paths[i].rights);
    }
    const struct landlock_cfg landlock = {.paths = l.paths, .paths_count = l.count};
    int abi = has_one_thread() ? landlock_enter(&landlock) : 0;
    landlock_list_close(&l);
    return abi;
}

/* ---- system calls ---- */

/* Allowed whatever their arguments. Those that take a path are Landlock's matter. */
static const int plain_calls[] = {
    /* descriptors that are open */
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(preadv),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pwrite64),
    SCMP_SYS(pwritev),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(close_range),
    SCMP_SYS(dup),
    SCMP_SYS(dup2),
    SCMP_SYS(dup3),
    SCMP_SYS(fcntl),
    SCMP_SYS(flock),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate),
    SCMP_SYS(fadvise64),
    SCMP_SYS(fstat),
    SCMP_SYS(fstatfs),
    SCMP_SYS(fchmod),
    SCMP_SYS(fchown),
    SCMP_SYS(getdents64),
    /* paths */
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getcwd),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    /* sockets; socket itself has a rule of its own, listen none */
    SCMP_SYS(bind),
    SCMP_SYS(connect),
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(shutdown),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(sendmmsg),
    /* waiting */
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(select),
    SCMP_SYS(pselect6),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(eventfd2),
    SCMP_SYS(pipe2),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(restart_syscall),
    /* memory, threads, signals to ourselves */
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(mlock),
    SCMP_SYS(munlock),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getcpu),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(wait4),
    SCMP_SYS(waitid),
    /* what libraries ask about the machine */
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(getppid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(getrusage),
    SCMP_SYS(times),
    SCMP_SYS(getrlimit),
};

/* No library of ours makes these after the start: whoever does has taken the process over. */
static const int deadly_calls[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(setns),
    SCMP_SYS(unshare),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(keyctl),
};

static struct scmp_arg_cmp arg_is(unsigned arg, scmp_datum_t value)
{
    return (struct scmp_arg_cmp){.arg = arg, .op = SCMP_CMP_EQ, .datum_a = value};
}

/* Of these bits the argument has exactly those. */
static struct scmp_arg_cmp arg_has(unsigned arg, scmp_datum_t bits, scmp_datum_t value)
{
    return (struct scmp_arg_cmp){
        .arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = bits, .datum_b = value};
}

static int allow(scmp_filter_ctx f, int call, unsigned count, const struct scmp_arg_cmp *args)
{
    return seccomp_rule_add_array(f, SCMP_ACT_ALLOW, call, count, args);
}

static int memory_and_thread_rules(scmp_filter_ctx f, const struct sandbox_node_cfg *cfg)
{
    const struct scmp_arg_cmp no_exec = arg_has(2, PROT_EXEC, 0);
    const struct scmp_arg_cmp is_thread = arg_has(0, CLONE_THREAD, CLONE_THREAD);
    const struct scmp_arg_cmp to_us = arg_is(0, (scmp_datum_t)getpid());
    const int children[] = {cfg->child, cfg->keeper};
    const struct scmp_arg_cmp own_limits[] = {arg_is(0, 0), arg_is(2, 0)};
    const struct scmp_arg_cmp name = arg_is(0, PR_SET_NAME);
    int failed = allow(f, SCMP_SYS(mmap), 1, &no_exec);
    failed |= allow(f, SCMP_SYS(mprotect), 1, &no_exec);
    failed |= allow(f, SCMP_SYS(clone), 1, &is_thread); /* clone3 hides its flags: ENOSYS */
    failed |= allow(f, SCMP_SYS(tgkill), 1, &to_us);
    failed |= allow(f, SCMP_SYS(prlimit64), 2, own_limits); /* only to read them */
    failed |= allow(f, SCMP_SYS(prctl), 1, &name);
    for (size_t i = 0; i < 2; i++) {
        const struct scmp_arg_cmp to_child = arg_is(0, (scmp_datum_t)children[i]);
        if (children[i] > 0) {
            failed |= allow(f, SCMP_SYS(kill), 1, &to_child);
        }
    }
    return failed;
}

/* TCP and UDP; routes and addresses of the machine; the pairs by which a thread wakes another. A pair of datagram sockets
 * could be led to any Unix socket by its path, one of streams cannot. */
static int socket_rules(scmp_filter_ctx f)
{
    static const int families[] = {AF_INET, AF_INET6};
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
    const scmp_datum_t type_bits = 0xf;
    int failed = 0;
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < 2; k++) {
            const struct scmp_arg_cmp args[] = {arg_is(0, (scmp_datum_t)families[i]),
                                                arg_has(1, type_bits, (scmp_datum_t)types[k])};
            failed |= allow(f, SCMP_SYS(socket), 2, args);
        }
    }
    const struct scmp_arg_cmp route[] = {arg_is(0, AF_NETLINK), arg_has(1, type_bits, SOCK_RAW),
                                         arg_is(2, NETLINK_ROUTE)};
    failed |= allow(f, SCMP_SYS(socket), 3, route);
    const struct scmp_arg_cmp pair[] = {arg_is(0, AF_UNIX), arg_has(1, type_bits, SOCK_STREAM)};
    failed |= allow(f, SCMP_SYS(socketpair), 2, pair);
    return failed;
}

/* On terminals ioctl could type for the person (TIOCSTI): only what sockets and pipes need. */
static int ioctl_rules(scmp_filter_ctx f)
{
    static const unsigned long requests[] = {FIONBIO, FIONREAD, FIOCLEX, FIONCLEX, TCGETS};
    int failed = 0;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        const struct scmp_arg_cmp request = arg_is(1, requests[i]);
        failed |= allow(f, SCMP_SYS(ioctl), 1, &request);
    }
    return failed;
}

static bool seccomp_enter(const struct sandbox_node_cfg *cfg)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    if (!f) {
        return false;
    }
    /* All threads, should there be more than one. */
    int failed = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
    for (size_t i = 0; i < sizeof plain_calls / sizeof plain_calls[0]; i++) {
        failed |= allow(f, plain_calls[i], 0, NULL);
    }
    for (size_t i = 0; i < sizeof deadly_calls / sizeof deadly_calls[0]; i++) {
        failed |= seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, deadly_calls[i], 0);
    }
    failed |= memory_and_thread_rules(f, cfg) | socket_rules(f) | ioctl_rules(f);
    bool is_in_force = failed == 0 && seccomp_load(f) == 0;
    seccomp_release(f);
    return is_in_force;
}

void sandbox_node_enter(struct sandbox_node_report *ret_report, const struct sandbox_node_cfg *cfg)
{
    struct sandbox_node_report report = {.limits = limits_set()};
    report.no_new_privs = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    if (report.no_new_privs) {
        report.landlock_abi = files_close(cfg);
        report.seccomp = seccomp_enter(cfg);
    }
    *ret_report = report;
}
