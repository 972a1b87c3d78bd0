/* Runs a program as on a kernel whose Landlock is older: whoever asks for its ABI is told at most this one, and so asks for no
 * right that came later.
 *
 *     landlock_abi ABI PROGRAM ARGUMENT... */
#include <errno.h>
#include <poll.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CREATE_RULESET = 444, GET_VERSION = 1 }; /* the same on each machine */

/* One descriptor over a pair (cmsg(3)). */
static void give_fd(int to, int fd)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    char byte = 0;
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    struct msghdr m = {.msg_iov = &data,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    (void)sendmsg(to, &m, 0);
}

static int take_fd(int from)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    char byte;
    int fd = -1;
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    struct msghdr m = {.msg_iov = &data,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};
    if (recvmsg(from, &m, 0) == 1 && CMSG_FIRSTHDR(&m)) {
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
    }
    return fd;
}

/* Answers until the last process under the filter has gone. */
_Noreturn static void answer(int from, int abi)
{
    struct seccomp_notif *ask = NULL;
    struct seccomp_notif_resp *reply = NULL;
    int fd = take_fd(from);
    (void)close(from);
    for (int i = 0; i < 3; i++) {
        (void)close(
            i); /* whoever waits for the end of the program's output shall not wait for us */
    }
    if (fd < 0 || seccomp_notify_alloc(&ask, &reply) != 0) {
        _exit(1);
    }
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (poll(&p, 1, -1) == 1 && (p.revents & POLLIN)) {
        memset(ask, 0, sizeof *ask);
        if (seccomp_notify_receive(fd, ask) == 0) {
            *reply = (struct seccomp_notif_resp){.id = ask->id, .val = abi};
            (void)seccomp_notify_respond(fd, reply);
        }
    }
    _exit(0);
}

int main(int argc, char **argv)
{
    int pair[2];
    int abi = argc > 2 ? (int)strtol(argv[1], NULL, 10) : 0;
    if (abi < 1) {
        (void)fprintf(stderr, "usage: landlock_abi ABI PROGRAM ARGUMENT...\n");
        return 2;
    }
    int has = (int)syscall(CREATE_RULESET, NULL, 0, GET_VERSION);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return 1;
    }
    if (fork() == 0) {
        (void)close(pair[0]);
        answer(pair[1], has < abi ? has : abi);
    }
    (void)close(pair[1]);
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
    const struct scmp_arg_cmp is_question = {.arg = 2, .op = SCMP_CMP_EQ, .datum_a = GET_VERSION};
    if (!f || seccomp_rule_add_array(f, SCMP_ACT_NOTIFY, CREATE_RULESET, 1, &is_question) != 0 ||
        seccomp_load(f) != 0) {
        (void)fprintf(stderr, "landlock_abi: this kernel does not let us answer for it\n");
        return 1;
    }
    int fd = seccomp_notify_fd(f);
    give_fd(pair[0], fd);
    (void)close(fd);
    (void)close(pair[0]);
    (void)execv(argv[2], argv + 2);
    return 127;
}
