/* Sockets that share a port: SO_REUSEPORT, which Linux grants to sockets of one user alone. */
#include "node/net/tcp_port.h"

#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

static bool share(int fd)
{
    int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0;
}

void tcp_port_share(const uv_tcp_t *listener)
{
    uv_os_fd_t fd;
    if (uv_fileno((const uv_handle_t *)listener, &fd) == 0) {
        (void)share(fd);
    }
}

static socklen_t any_of(struct sockaddr_storage *ret_any, int family, uint16_t port)
{
    *ret_any = (struct sockaddr_storage){.ss_family = (sa_family_t)family};
    if (family == AF_INET6) {
        struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
        memcpy(ret_any, &a, sizeof a);
        return sizeof a;
    }
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    memcpy(ret_any, &a, sizeof a);
    return sizeof a;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage local = {0};
    socklen_t len = sizeof local;
    struct sockaddr_in6 a; /* the port of both families lies in the same place */
    if (getsockname(fd, (struct sockaddr *)&local, &len) != 0) {
        return 0;
    }
    memcpy(&a, &local, sizeof a);
    return ntohs(a.sin6_port);
}

enum err tcp_port_open(uv_tcp_t *socket_, uint16_t *port, const struct sockaddr *remote)
{
    struct sockaddr_storage any;
    socklen_t len = any_of(&any, remote->sa_family, *port);
    int fd = socket(remote->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return ERR_IO;
    }
    if (!share(fd) || bind(fd, (const struct sockaddr *)&any, len) != 0 ||
        uv_tcp_open(socket_, fd) != 0) {
        (void)close(fd);
        return ERR_IO;
    }
    *port = *port ? *port : port_of(fd);
    return OK;
}
