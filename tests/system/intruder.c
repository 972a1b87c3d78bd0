/* What somebody does who has taken passmesh-server over: a library that is loaded into it, waits until the sandbox is closed, and
 * then makes one attempt from within the running server, with all that it has open. The attempt is named by INTRUDER; INTRUDER_AT is a
 * directory with what it reaches for, INTRUDER_PID a process of the same user that is none of the server's.
 *
 * The process ends at once: 70 the attempt went through, 71 it was denied, killed by SIGSYS likewise. With INTRUDER_WHEN=before it is made
 * before there is a sandbox, which shows that the attempt is a real one. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    WENT_THROUGH = 70,
    DENIED = 71,
    PATH_LEN = sizeof((struct sockaddr_un *)0)->sun_path,
    FDS = 256,
    IO_URING_SETUP = 425
};

static char path[PATH_LEN];
static pid_t other;

static const char *at(const char *name)
{
    (void)snprintf(path, sizeof path, "%s/%s", getenv("INTRUDER_AT"), name);
    return path;
}

static bool opens(const char *name, int flags)
{
    return open(name, flags | O_CLOEXEC, 0600) >= 0;
}

/* ---- files ---- */

static bool read_file(void)
{
    return opens(at("secret"), O_RDONLY);
}
static bool write_file(void)
{
    return opens(at("secret"), O_WRONLY);
}
static bool cut_open(void)
{
    return opens(at("secret"), O_WRONLY | O_TRUNC);
}
static bool cut_path(void)
{
    return truncate(at("secret"), 0) == 0;
}
static bool make_file(void)
{
    return opens(at("planted"), O_WRONLY | O_CREAT);
}
static bool make_dir(void)
{
    return mkdir(at("dir"), 0700) == 0;
}
static bool make_link(void)
{
    return symlink("/etc/passwd", at("link")) == 0;
}
static bool list_dir(void)
{
    return opens(at("."), O_RDONLY | O_DIRECTORY);
}
static bool chmod_file(void)
{
    return chmod(at("secret"), 0666) == 0;
}
static bool delete_file(void)
{
    return unlink(at("doomed")) == 0;
}
static bool read_keys(void)
{
    return opens(at("keys/store.key"), O_RDONLY) || opens(at("keys/store"), O_RDONLY);
}
static bool read_environ(void)
{
    (void)snprintf(path, sizeof path, "/proc/%d/environ", other);
    return opens(path, O_RDONLY);
}
static bool read_memory(void)
{
    (void)snprintf(path, sizeof path, "/proc/%d/mem", other);
    return opens(path, O_RDWR);
}
static bool write_own_memory(void)
{
    return opens("/proc/self/mem", O_RDWR);
}
static bool write_etc(void)
{
    return opens("/etc/passmesh-intruder", O_WRONLY | O_CREAT);
}

/* ---- processes ---- */

static bool execute(void)
{
    return execl("/bin/true", "true", (char *)NULL) == 0;
}
static bool execute_memory(void)
{
    char *const argv[] = {(char[]){"x"}, NULL};
    char piece[1024];
    int from = open("/bin/true", O_RDONLY | O_CLOEXEC);
    int fd = (int)syscall(SYS_memfd_create, "x", 0U);
    for (ssize_t n; from >= 0 && (n = read(from, piece, sizeof piece)) > 0;) {
        if (write(fd, piece, (size_t)n) != n) {
            return false;
        }
    }
    return syscall(SYS_execveat, fd, "", argv, argv + 1, AT_EMPTY_PATH) == 0;
}
static bool make_memfd(void)
{
    return syscall(SYS_memfd_create, "x", 0U) >= 0;
}
static bool make_process(void)
{
    pid_t pid = (pid_t)syscall(SYS_fork);
    if (pid == 0) {
        _exit(0);
    }
    return pid > 0;
}
static bool debug(void)
{
    return ptrace(PTRACE_ATTACH, other, 0, 0) == 0;
}
static bool read_process(void)
{
    char byte;
    struct iovec here = {&byte, 1};
    struct iovec there = {(void *)path, 1};
    return process_vm_readv(other, &here, 1, &there, 1, 0) >= 0 || errno == EFAULT;
}
static bool signal_other(void)
{
    return kill(other, 0) == 0;
}
static bool signal_all(void)
{
    return kill(-1, 0) == 0;
}
static bool signal_thread(void)
{
    return syscall(SYS_tgkill, other, other, 0) == 0;
}
static bool take_fd(void)
{
    int pidfd = (int)syscall(SYS_pidfd_open, other, 0);
    return pidfd >= 0 && syscall(SYS_pidfd_getfd, pidfd, 0, 0) >= 0;
}

/* ---- sockets ---- */

static bool dial_unix(int type, bool is_abstract)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    (void)snprintf(to.sun_path, sizeof to.sun_path, "%s", at(is_abstract ? "abstract" : "bus"));
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(to.sun_path));
    if (is_abstract) {
        to.sun_path[0] = '\0';
    }
    int fd = socket(AF_UNIX, type, 0);
    return fd >= 0 && connect(fd, (const struct sockaddr *)(const void *)&to, len) == 0;
}
static bool dial_bus(void)
{
    return dial_unix(SOCK_STREAM, false);
}
static bool dial_abstract(void)
{
    return dial_unix(SOCK_STREAM, true);
}

/* Each socket that the server has open, the manager's and the operator's among them, is led to the bus or to the log. What is sent with an
 * address may go where it always went: the test looks whether it came to the log. */
static bool lead_sockets(void)
{
    static const char *const names[] = {"bus", "log"};
    bool led = false;
    int pair
        [2]; /* what shows before the sandbox that such a socket can be led; in it there is none */
    (void)socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    for (int fd = 3; fd < FDS; fd++) {
        for (size_t i = 0; i < 2; i++) {
            struct sockaddr_un to = {.sun_family = AF_UNIX};
            (void)snprintf(to.sun_path, sizeof to.sun_path, "%s", at(names[i]));
            const struct sockaddr *a = (const struct sockaddr *)(const void *)&to;
            led = led || connect(fd, a, sizeof to) == 0;
            (void)sendto(fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL, a, sizeof to);
        }
    }
    return led;
}

static bool pair_of_datagrams(void)
{
    int pair[2];
    return socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0;
}
static bool raw_socket(void)
{
    return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0;
}
static bool packet_socket(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0) >= 0;
}
static bool new_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 && listen(fd, 1) == 0;
}

/* ---- the kernel ---- */

static bool uring(void)
{
    static char params[256];
    return syscall(IO_URING_SETUP, 1, params) >= 0;
}
static bool executable_memory(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) != MAP_FAILED;
}
static bool make_executable(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0;
}
static bool new_namespace(void)
{
    return unshare(CLONE_NEWUSER) == 0;
}
static bool program_of_kernel(void)
{
    union bpf_attr a = {
        .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
    return syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof a) >= 0;
}
static bool keyring(void)
{
    return syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -2, 1) >= 0;
}
static bool page_faults(void)
{
    return syscall(SYS_userfaultfd, 0) >= 0;
}
static bool more_files(void)
{
    const struct rlimit more = {1 << 15, 1 << 15};
    return setrlimit(RLIMIT_FSIZE, &more) == 0;
}
static bool dump(void)
{
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

static const struct attempt {
    const char *name;
    bool (*run)(void); /* did it go through? */
} attempts[] = {
    {"read_file",         read_file        },
    {"write_file",        write_file       },
    {"cut_open",          cut_open         },
    {"cut_path",          cut_path         },
    {"make_file",         make_file        },
    {"make_dir",          make_dir         },
    {"make_link",         make_link        },
    {"list_dir",          list_dir         },
    {"chmod_file",        chmod_file       },
    {"delete_file",       delete_file      },
    {"read_keys",         read_keys        },
    {"read_environ",      read_environ     },
    {"read_memory",       read_memory      },
    {"write_own_memory",  write_own_memory },
    {"write_etc",         write_etc        },
    {"execute",           execute          },
    {"execute_memory",    execute_memory   },
    {"make_memfd",        make_memfd       },
    {"make_process",      make_process     },
    {"debug",             debug            },
    {"read_process",      read_process     },
    {"signal_other",      signal_other     },
    {"signal_all",        signal_all       },
    {"signal_thread",     signal_thread    },
    {"take_fd",           take_fd          },
    {"dial_bus",          dial_bus         },
    {"dial_abstract",     dial_abstract    },
    {"lead_sockets",      lead_sockets     },
    {"pair_of_datagrams", pair_of_datagrams},
    {"raw_socket",        raw_socket       },
    {"packet_socket",     packet_socket    },
    {"new_port",          new_port         },
    {"uring",             uring            },
    {"executable_memory", executable_memory},
    {"make_executable",   make_executable  },
    {"new_namespace",     new_namespace    },
    {"program_of_kernel", program_of_kernel},
    {"keyring",           keyring          },
    {"page_faults",       page_faults      },
    {"more_files",        more_files       },
    {"dump",              dump             },
};

static void try_now(void)
{
    const char *name = getenv("INTRUDER");
    (void)unsetenv("INTRUDER"); /* a program that is executed has this library too */
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        if (strcmp(attempts[i].name, name) == 0) {
            _exit(attempts[i].run() ? WENT_THROUGH : DENIED);
        }
    }
    _exit(2);
}

/* The loop of the server waits here; the first time that it does so in the sandbox is ours. */
typedef int (*wait_fn)(int, struct epoll_event *, int, int, const sigset_t *);

static void wait_or_try(void)
{
    if (getenv("INTRUDER") && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0) {
        try_now();
    }
}

__attribute__((visibility("default"))) int
epoll_pwait(int fd, struct epoll_event *events, int max, int ms, const sigset_t *mask)
{
    static wait_fn next;
    wait_or_try();
    if (!next) {
        void *p = dlsym(RTLD_NEXT, "epoll_pwait");
        memcpy(&next, &p, sizeof next);
    }
    return next(fd, events, max, ms, mask);
}

__attribute__((visibility("default"))) int
epoll_wait(int fd, struct epoll_event *events, int max, int ms)
{
    return epoll_pwait(fd, events, max, ms, NULL);
}

__attribute__((constructor)) static void begin(void)
{
    const char *pid = getenv("INTRUDER_PID");
    const char *when = getenv("INTRUDER_WHEN");
    other = pid ? (pid_t)strtol(pid, NULL, 10) : 0;
    if (when && strcmp(when, "before") == 0 && getenv("INTRUDER")) {
        try_now();
    }
}
