/* The keeper's sandbox: limits, Landlock, and a filter that names what is denied, since what is started has needs of its own. */
#define _GNU_SOURCE
#include "node/os/sandbox_keeper.h"

#include "node/os/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATH_LEN_MAX = 600, ABI_MIN = 2, FILES_OPEN_MAX = 8192 };

static const rlim_t file_len_max = (rlim_t)4 << 30;

/* ---- files ---- */

/* The folder that a link of the system leads into: what the link names is replaced there. */
static void rule_add_folder_of(struct landlock_list *l, const char *link)
{
    char *real = realpath(link, NULL);
    char *slash = real ? strrchr(real, '/') : NULL;
    if (slash && slash > real) {
        *slash = '\0';
        landlock_list_add(l, real, LANDLOCK_READ | LANDLOCK_LIST);
    }
    free(real);
}

static void rules_make(struct landlock_list *l, const char *dir)
{
    static const char *const read_only[] = {"/usr", "/lib", "/lib64", "/etc", "/proc", "/sys"};
    /* The kernel opens the loader to run it, wherever the link to it leads. */
    static const char *const loaders[] = {"/lib64/ld-linux-x86-64.so.2",
                                          "/lib/ld-linux-aarch64.so.1"};
    char store[PATH_LEN_MAX];
    for (size_t i = 0; i < sizeof read_only / sizeof read_only[0]; i++) {
        landlock_list_add(l, read_only[i], LANDLOCK_READ | LANDLOCK_LIST);
    }
    for (size_t i = 0; i < sizeof loaders / sizeof loaders[0]; i++) {
        landlock_list_add(l, loaders[i], LANDLOCK_READ | LANDLOCK_EXECUTE);
    }
    rule_add_folder_of(l, "/etc/resolv.conf");
    rule_add_folder_of(l, "/etc/ssl/certs/ca-certificates.crt");
    landlock_list_add(l, "/dev/null", LANDLOCK_READ | LANDLOCK_WRITE);
    landlock_list_add(l, "/dev/urandom", LANDLOCK_READ);
    landlock_list_add(l, dir,
                      LANDLOCK_READ | LANDLOCK_LIST | LANDLOCK_WRITE | LANDLOCK_MAKE_FILE |
                          LANDLOCK_REMOVE_FILE | LANDLOCK_DIRS);
    /* All of the store, since nothing may be moved to where it would have more rights. */
    int n = snprintf(store, sizeof store, "%s/store", dir);
    if (n > 0 && (size_t)n < sizeof store) {
        landlock_list_add(l, store, LANDLOCK_READ | LANDLOCK_EXECUTE);
    }
}

static int files_close(const char *dir)
{
    struct landlock_list l = {.count = 0};
    int abi = landlock_abi();
    rules_make(&l, dir);
    const struct landlock_cfg cfg = {
        .paths = l.paths, .paths_count = l.count, .denies_signals = true};
    abi = abi >= ABI_MIN ? landlock_enter(&cfg) : 0;
    landlock_list_close(&l);
    return abi;
}

/* ---- system calls ---- */

static const int denied_calls[] = {
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(kcmp),
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
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(truncate), /* Landlock has it from ABI 3 on */
    SCMP_SYS(mknod),
    SCMP_SYS(mknodat),
    SCMP_SYS(swapon),
    SCMP_SYS(reboot),
};

static int deny(scmp_filter_ctx f, int call, unsigned count, const struct scmp_arg_cmp *args)
{
    return seccomp_rule_add_array(f, SCMP_ACT_ERRNO(EPERM), call, count, args);
}

static int deny_families(scmp_filter_ctx f)
{
    int failed = 0;
    for (scmp_datum_t family = 0; family <= AF_NETLINK; family++) {
        const struct scmp_arg_cmp is = {.arg = 0, .op = SCMP_CMP_EQ, .datum_a = family};
        if (family != AF_INET && family != AF_INET6 && family != AF_NETLINK) {
            failed |=
                seccomp_rule_add_array(f, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1, &is);
        }
    }
    const struct scmp_arg_cmp above = {.arg = 0, .op = SCMP_CMP_GT, .datum_a = AF_NETLINK};
    const struct scmp_arg_cmp not_route[] = {
        {.arg = 0, .op = SCMP_CMP_EQ, .datum_a = AF_NETLINK   },
        {.arg = 2, .op = SCMP_CMP_NE, .datum_a = NETLINK_ROUTE}
    };
    failed |= seccomp_rule_add_array(f, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1, &above);
    failed |=
        seccomp_rule_add_array(f, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 2, not_route);
    return failed;
}

/* clone3 hides its flags from a filter; libraries take clone where there is none. */
static int deny_namespaces(scmp_filter_ctx f)
{
    static const scmp_datum_t flags[] = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                         CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};
    int failed = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        const struct scmp_arg_cmp has = {
            .arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = flags[i], .datum_b = flags[i]};
        failed |= deny(f, SCMP_SYS(clone), 1, &has);
    }
    return failed;
}

static bool seccomp_enter(void)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
    if (!f) {
        return false;
    }
    int failed = 0;
    for (size_t i = 0; i < sizeof denied_calls / sizeof denied_calls[0]; i++) {
        failed |= deny(f, denied_calls[i], 0, NULL);
    }
    failed |= deny_families(f) | deny_namespaces(f);
    bool is_in_force = failed == 0 && seccomp_load(f) == 0;
    seccomp_release(f);
    return is_in_force;
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
    files.rlim_cur = files.rlim_cur < files.rlim_max ? files.rlim_cur : files.rlim_max;
    const struct sigaction ignored = {.sa_handler = SIG_IGN};
    return sigaction(SIGXFSZ, &ignored, NULL) == 0 && setrlimit(RLIMIT_CORE, &none) == 0 &&
           setrlimit(RLIMIT_NOFILE, &files) == 0 && setrlimit(RLIMIT_FSIZE, &file_len) == 0;
}

void sandbox_keeper_enter(struct sandbox_node_report *ret_report, const char *dir)
{
    struct sandbox_node_report report = {.limits = limits_set()};
    report.no_new_privs = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    if (report.no_new_privs) {
        report.landlock_abi = files_close(dir);
        report.seccomp = seccomp_enter();
    }
    *ret_report = report;
}
