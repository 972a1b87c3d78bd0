/* The sandbox on Linux: prctl, limits, Landlock, then the seccomp filter, which forbids what came before. */
#include "node/os/sandbox.h"

#include "base/check.h"
#include "node/os/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FILES_OPEN_MAX = 32, FILE_LEN_MAX = 1024 * 1024 };

static bool limits_set(void)
{
    const struct rlimit none = {0, 0};
    const struct rlimit files = {FILES_OPEN_MAX, FILES_OPEN_MAX};
    const struct rlimit file_len = {FILE_LEN_MAX, FILE_LEN_MAX};
    bool core = setrlimit(RLIMIT_CORE, &none) == 0;
    bool processes = setrlimit(RLIMIT_NPROC, &none) == 0;
    bool open_files = setrlimit(RLIMIT_NOFILE, &files) == 0;
    bool size = setrlimit(RLIMIT_FSIZE, &file_len) == 0;
    return core && processes && open_files && size;
}

void sandbox_allow_ioctl(struct sandbox_cfg *cfg, int fd, unsigned long request)
{
    if (fd >= 0) {
        check(cfg->ioctls_count < SANDBOX_IOCTLS_MAX);
        cfg->ioctls[cfg->ioctls_count].fd = fd;
        cfg->ioctls[cfg->ioctls_count++].request = request;
    }
}

void sandbox_allow_file(struct sandbox_cfg *cfg,
                        int dir_fd,
                        const char *name,
                        enum sandbox_what what)
{
    if (dir_fd >= 0) {
        check(cfg->files_count < SANDBOX_FILES_MAX);
        cfg->files[cfg->files_count].dir_fd = dir_fd;
        cfg->files[cfg->files_count].name = name;
        cfg->files[cfg->files_count++].what = what;
    }
}

/* The store, and each directory of files, one rule a file: the same directory twice is no harm. */
static int landlock_all(int dir_fd, const struct sandbox_cfg *more)
{
    struct landlock_path paths[1 + SANDBOX_FILES_MAX];
    size_t count = 0;
    if (dir_fd >= 0) {
        paths[count++] = (struct landlock_path){
            .fd = dir_fd, .rights = LANDLOCK_WRITE | LANDLOCK_MAKE_FILE | LANDLOCK_REMOVE_FILE};
    }
    for (size_t i = 0; more && i < more->files_count; i++) {
        uint32_t made = more->files[i].what == SANDBOX_DIR ? LANDLOCK_DIRS : 0;
        paths[count++] = (struct landlock_path){.fd = more->files[i].dir_fd,
                                                .rights = LANDLOCK_READ | LANDLOCK_WRITE | made};
    }
    const struct landlock_cfg cfg = {
        .paths = paths, .paths_count = count, .denies_tcp = true, .denies_signals = true};
    return landlock_enter(&cfg);
}

int sandbox_landlock(int dir_fd)
{
    return landlock_all(dir_fd, NULL);
}

/* Allowed whatever their arguments: nothing here names a path, makes a socket or a process, or reaches
 * another process. */
static const int plain_calls[] = {
    SCMP_SYS(read),          SCMP_SYS(write),          SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),        SCMP_SYS(recvmsg),        SCMP_SYS(sendmsg),
    SCMP_SYS(poll),          SCMP_SYS(ppoll),          SCMP_SYS(close),
    SCMP_SYS(fsync),         SCMP_SYS(munmap),         SCMP_SYS(mremap),
    SCMP_SYS(madvise),       SCMP_SYS(mlock),          SCMP_SYS(munlock),
    SCMP_SYS(brk),           SCMP_SYS(getrandom),      SCMP_SYS(futex),
    SCMP_SYS(clock_gettime), SCMP_SYS(exit),           SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigreturn),  SCMP_SYS(rt_sigprocmask), SCMP_SYS(restart_syscall),
    SCMP_SYS(getpid),        SCMP_SYS(gettid),         SCMP_SYS(sched_yield),
    SCMP_SYS(sigaltstack),
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

static int memory_rules(scmp_filter_ctx f)
{
    int failed = 0;
    /* Memory without a file behind it, and never executable. */
    failed |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, arg_has(2, PROT_EXEC, 0),
                               arg_has(3, MAP_ANONYMOUS, MAP_ANONYMOUS));
    failed |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, arg_has(2, PROT_EXEC, 0));
    /* abort() of a broken invariant, to ourselves alone. */
    failed |=
        seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, arg_is(0, (scmp_datum_t)getpid()));
    return failed;
}

static int file_rules(scmp_filter_ctx f, const struct sandbox_cfg *cfg)
{
    scmp_datum_t dir = (scmp_datum_t)(unsigned)cfg->dir_fd;
    scmp_datum_t file = (scmp_datum_t)(uintptr_t)cfg->file;
    scmp_datum_t aside = (scmp_datum_t)(uintptr_t)cfg->file_aside;
    int failed = 0;
    failed |=
        seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(openat), 2, arg_is(0, dir), arg_is(1, aside));
    failed |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(unlinkat), 2, arg_is(0, dir),
                               arg_is(1, aside));
    failed |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(renameat), 4, arg_is(0, dir),
                               arg_is(1, aside), arg_is(2, dir), arg_is(3, file));
    failed |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(renameat2), 4, arg_is(0, dir),
                               arg_is(1, aside), arg_is(2, dir), arg_is(3, file));
    return failed;
}

/* Devices and files of collectors: one request on one descriptor, one name in one directory. */
static int collector_rules(scmp_filter_ctx f, const struct sandbox_cfg *cfg)
{
    int failed = 0;
    for (size_t i = 0; i < cfg->ioctls_count; i++) {
        failed |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 2,
                                   arg_is(0, (scmp_datum_t)(unsigned)cfg->ioctls[i].fd),
                                   arg_is(1, cfg->ioctls[i].request));
    }
    for (size_t i = 0; i < cfg->files_count; i++) {
        struct scmp_arg_cmp dir = arg_is(0, (scmp_datum_t)(unsigned)cfg->files[i].dir_fd);
        struct scmp_arg_cmp name = arg_is(1, (scmp_datum_t)(uintptr_t)cfg->files[i].name);
        if (cfg->files[i].what == SANDBOX_FILE) {
            failed |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(openat), 2, dir, name);
        } else {
            failed |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mkdirat), 2, dir, name);
            failed |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(unlinkat), 2, dir, name);
        }
    }
    return failed;
}

static bool seccomp_enter(const struct sandbox_cfg *cfg)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!f) {
        return false;
    }
    int failed = memory_rules(f);
    for (size_t i = 0; i < sizeof plain_calls / sizeof plain_calls[0]; i++) {
        failed |= seccomp_rule_add(f, SCMP_ACT_ALLOW, plain_calls[i], 0);
    }
    if (cfg->dir_fd >= 0) {
        failed |= file_rules(f, cfg);
    }
    failed |= collector_rules(f, cfg);
    bool is_in_force = failed == 0 && seccomp_load(f) == 0;
    seccomp_release(f);
    return is_in_force;
}

enum err sandbox_enter(struct sandbox_report *ret_report, const struct sandbox_cfg *cfg)
{
    struct sandbox_report report = {.no_dump = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0};
    report.no_new_privs = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    if (!report.no_new_privs) {
        return ERR_IO;
    }
    report.limits = limits_set();
    report.landlock_abi = landlock_all(cfg->dir_fd, cfg);
    report.seccomp = seccomp_enter(cfg);
    *ret_report = report;
    return OK;
}

void sandbox_print(char *ret_text, size_t n, const struct sandbox_report *report)
{
    char landlock[24] = "LANDLOCK MISSING";
    if (report->landlock_abi > 0) {
        (void)snprintf(landlock, sizeof landlock, "Landlock ABI %d", report->landlock_abi);
    }
    (void)snprintf(ret_text, n, "%s, %s, %s, %s, %s",
                   report->no_dump ? "no dump" : "NO-DUMP MISSING",
                   report->no_new_privs ? "no new privileges" : "NO-NEW-PRIVILEGES MISSING",
                   report->limits ? "limits" : "LIMITS MISSING",
                   report->seccomp ? "seccomp" : "SECCOMP MISSING", landlock);
}
