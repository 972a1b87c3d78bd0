/* The mapper: its process, its walls, its day; and the node's side of the pair. */
#include "base/check.h"
#include "node/net/portmap.h"
#include "node/os/entropy.h"
#include "node/os/landlock.h"
#include "node/os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    LEASE_S = 2400,
    RETRY_MS = 600 * 1000,     /* where no router opens anything */
    LOST_MS = 30 * 1000,       /* where one did until now: it may be starting */
    CLOSE_S = 5,               /* for taking ports back */
    MEMORY_LEN_MAX = 64 << 20, /* a router's answers are read whole by the library */
    FILES_OPEN_MAX = 32,
    ROUTES_LEN_MAX = 16 * 1024,
    END_STEPS = 80,
    END_STEP_MS = 25,
};

/* The only descriptors of the mapper: its end of the pair, and the kernel's table of routes. */
enum { MAPPER_PAIR = 0, MAPPER_ROUTES = 3 };

/* ---- walls ---- */

static const int calls[] = {
    SCMP_SYS(read),          SCMP_SYS(write),        SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),        SCMP_SYS(recvmsg),      SCMP_SYS(sendmsg),
    SCMP_SYS(poll),          SCMP_SYS(ppoll),        SCMP_SYS(select),
    SCMP_SYS(pselect6),      SCMP_SYS(close),        SCMP_SYS(connect),
    SCMP_SYS(bind),          SCMP_SYS(setsockopt),   SCMP_SYS(getsockopt),
    SCMP_SYS(getsockname),   SCMP_SYS(getpeername),  SCMP_SYS(fcntl),
    SCMP_SYS(pread64),       SCMP_SYS(munmap),       SCMP_SYS(brk),
    SCMP_SYS(mremap),        SCMP_SYS(madvise),      SCMP_SYS(futex),
    SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(getrandom),
    SCMP_SYS(exit_group),    SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction),  SCMP_SYS(alarm),        SCMP_SYS(setitimer),
    SCMP_SYS(getpid),        SCMP_SYS(gettid),       SCMP_SYS(sendmmsg),
};

static int add_rules(scmp_filter_ctx f)
{
    static const int families[] = {AF_INET, AF_INET6, AF_NETLINK};
    int failed = 0;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        failed |= seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
    }
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        const struct scmp_arg_cmp family = {
            .arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)families[i]};
        failed |= seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, &family);
    }
    /* Memory without a file behind it, and never executable. */
    const struct scmp_arg_cmp plain = {.arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = 4};
    failed |= seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &plain);
    failed |= seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &plain);
    return failed;
}

/* All else fails with EPERM: the libraries take that as "not there". */
static bool close_calls(void)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    bool is_closed = f && add_rules(f) == 0 && seccomp_load(f) == 0;
    seccomp_release(f);
    return is_closed;
}

static bool limit(int what, rlim_t value)
{
    const struct rlimit l = {value, value};
    return setrlimit((__rlimit_resource_t)what, &l) == 0;
}

/* A mapper without its walls would be an open door: then there is none. Landlock may be missing: the filter names no path. */
bool portmap_close_walls(void)
{
    const struct landlock_cfg nothing = {.denies_signals = true};
    bool limits = limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NPROC, 0) &&
                  limit(RLIMIT_NOFILE, FILES_OPEN_MAX) && limit(RLIMIT_AS, MEMORY_LEN_MAX);
    bool is_plain = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    (void)landlock_enter(&nothing);
    return limits && is_plain && close_calls();
}

/* ---- the mapper's day ---- */

/* gateway_in reads one line of the kernel's table: name, destination, gateway, flags, all but the name in hexadecimal. */
static bool gateway_in(char *line, uint8_t ret_ip[static 4])
{
    const unsigned long is_gateway = 2; /* RTF_GATEWAY */
    char *rest = line;
    const char *fields[4] = {NULL};
    for (size_t i = 0; i < 4; i++) {
        fields[i] = strsep(&rest, "\t");
        if (!fields[i]) {
            return false;
        }
    }
    uint32_t via = (uint32_t)strtoul(fields[2], NULL, 16);
    if (strtoul(fields[1], NULL, 16) != 0 || via == 0 ||
        !(strtoul(fields[3], NULL, 16) & is_gateway)) {
        return false;
    }
    memcpy(ret_ip, &via, 4); /* as it lies in memory: most significant first */
    return true;
}

/* gateway_of finds the default route (proc(5), /proc/net/route); all zero: none. */
static void gateway_of(uint8_t ret_ip[static 4])
{
    static char text[ROUTES_LEN_MAX];
    memset(ret_ip, 0, 4);
    ssize_t n = pread(MAPPER_ROUTES, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    char *rest = text;
    (void)strsep(&rest, "\n"); /* the heading */
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        if (gateway_in(line, ret_ip)) {
            return;
        }
    }
}

static void tell(const struct portmap_report *r)
{
    uint8_t room[PORTMAP_REPORT_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    portmap_report_encode(&w, r);
    ssize_t sent = send(MAPPER_PAIR, room, w.n, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)sent;
}

/* has_ended waits for so long; true: the node has gone. */
static bool has_ended(int wait_ms)
{
    uint8_t byte;
    struct pollfd p = {.fd = MAPPER_PAIR, .events = POLLIN};
    return poll(&p, 1, wait_ms) > 0 && recv(MAPPER_PAIR, &byte, sizeof byte, MSG_DONTWAIT) <= 0;
}

static void keep_open(struct portmap_router *at, struct portmap_report *r)
{
    bool was_open = false;
    int wait_ms = 0;
    while (!has_ended(wait_ms)) {
        gateway_of(at->gateway);
        uint32_t again_ms = portmap_router_open(at, r, LEASE_S);
        tell(r);
        was_open = was_open || again_ms > 0;
        wait_ms = again_ms > 0 ? (int)again_ms : was_open ? LOST_MS : RETRY_MS;
    }
}

_Noreturn static void mapper_run(void)
{
    uint8_t message[PORTMAP_REPORT_LEN_MAX];
    struct portmap_report r;
    struct entropy entropy;
    struct portmap_router at = {.rng = &entropy.rng};
    ssize_t n = recv(MAPPER_PAIR, message, sizeof message, 0);
    if (n <= 0 || portmap_report_decode(&r, span_of(message, (size_t)n)) != OK) {
        _exit(0); /* nothing is wanted */
    }
    if (entropy_init(&entropy) != OK) {
        _exit(1);
    }
    keep_open(&at, &r);
    (void)alarm(CLOSE_S); /* a router that does not answer does not keep us */
    if (r.state == PORTMAP_OPEN) {
        portmap_router_close(&at, &r);
    }
    _exit(0);
}

_Noreturn static void mapper_begin(int pair)
{
    const struct sigaction ignored = {.sa_handler = SIG_IGN};
    /* Ctrl-C and the manager's SIGTERM are for the node; the ports are still to be taken back. */
    (void)sigaction(SIGINT, &ignored, NULL);
    (void)sigaction(SIGTERM, &ignored, NULL);
    (void)sigaction(SIGHUP, &ignored, NULL);
    (void)prctl(PR_SET_DUMPABLE, 0);
    int routes = open("/proc/net/route", O_RDONLY | O_CLOEXEC);
    int nothing =
        open("/dev/null",
             O_RDWR | O_CLOEXEC); /* whoever waits for our output's end waits for the node's */
    int high_pair = fcntl(pair, F_DUPFD, 10);
    int high_routes = fcntl(routes, F_DUPFD, 10);
    if (high_pair < 0 || nothing < 0 || dup2(nothing, STDOUT_FILENO) < 0 ||
        dup2(nothing, STDERR_FILENO) < 0 || dup2(high_pair, MAPPER_PAIR) < 0) {
        _exit(1);
    }
    if (high_routes >= 0) {
        (void)dup2(high_routes, MAPPER_ROUTES);
    } else {
        (void)close(MAPPER_ROUTES);
    }
    process_close_above(MAPPER_ROUTES + 1);
    if (!portmap_close_walls()) {
        _exit(1);
    }
    mapper_run();
}

/* ---- the node's side ---- */

enum err portmap_start(struct portmap *ret)
{
    int pair[2];
    *ret = (struct portmap){.fd = -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return ERR_IO;
    }
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(pair[0]);
        mapper_begin(pair[1]);
    }
    (void)close(pair[1]);
    if (pid < 0) {
        (void)close(pair[0]);
        return ERR_IO;
    }
    ret->fd = pair[0];
    ret->mapper = (int)pid;
    return OK;
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    struct portmap *p = handle->data;
    uint8_t message[PORTMAP_REPORT_LEN_MAX];
    (void)events;
    ssize_t n = recv(p->fd, message, sizeof message, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    bool is_whole = status == 0 && n > 0 &&
                    portmap_report_decode(&p->report, span_of(message, (size_t)n)) == OK;
    if (!is_whole) { /* it has ended, or speaks no sense: nothing is open as far as we know */
        (void)uv_poll_stop(handle);
        p->report = (struct portmap_report){.state = PORTMAP_NONE};
    }
    if (p->on_report) {
        p->on_report(p->user);
    }
}

void portmap_ask(struct portmap *p,
                 struct loop *loop,
                 const struct portmap_port *ports,
                 size_t count)
{
    uint8_t room[PORTMAP_REPORT_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    if (p->fd < 0) {
        return;
    }
    p->report = (struct portmap_report){.state = PORTMAP_ASKING};
    for (size_t i = 0; i < count && i < PORTMAP_PORTS_MAX; i++) {
        p->report.ports[p->report.count++] =
            (struct portmap_port){.is_udp = ports[i].is_udp, .inside = ports[i].inside};
    }
    portmap_report_encode(&w, &p->report);
    check(wr_ok(&w));
    check(uv_poll_init(&loop->uv, &p->poll, p->fd) == 0);
    p->poll.data = p;
    p->is_watched = true;
    (void)uv_poll_start(&p->poll, UV_READABLE, on_readable);
    if (send(p->fd, room, w.n, MSG_NOSIGNAL) < 0) {
        p->report = (struct portmap_report){.state = PORTMAP_NONE};
    }
}

void portmap_end(struct portmap *p)
{
    const struct timespec step = {.tv_nsec = END_STEP_MS * 1000000L};
    if (p->fd < 0) {
        return;
    }
    if (p->is_watched) {
        (void)uv_poll_stop(&p->poll);
        uv_close((uv_handle_t *)&p->poll, NULL);
    }
    (void)close(p->fd);
    p->fd = -1;
    for (int i = 0; i < END_STEPS && waitpid(p->mapper, NULL, WNOHANG) == 0; i++) {
        (void)nanosleep(&step, NULL);
    }
}
