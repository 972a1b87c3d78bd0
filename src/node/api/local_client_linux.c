/* Asking the daemon. */
#include "node/api/local_client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_LEN_MAX = 4 * 1024 * 1024, ANSWER_WAIT_MS = 30000 };

enum err local_client_open(struct local_client *c, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    *c = (struct local_client){.fd = -1};
    if (n >= sizeof address.sun_path) {
        return ERR_IO;
    }
    memcpy(address.sun_path, path, n);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0) {
        return ERR_IO;
    }
    if (connect(c->fd, (const struct sockaddr *)(const void *)&address, sizeof address) != 0) {
        enum err err = errno == ENOENT || errno == ECONNREFUSED ? ERR_NOT_FOUND : ERR_IO;
        local_client_close(c);
        return err;
    }
    return OK;
}

void local_client_close(struct local_client *c)
{
    if (c->fd >= 0) {
        (void)close(c->fd);
    }
    free(c->answer);
    *c = (struct local_client){.fd = -1};
}

static enum err send_all(int fd, struct span bytes)
{
    while (bytes.n > 0) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n <= 0) {
            return ERR_IO;
        }
        bytes = span_from(bytes, (size_t)n);
    }
    return OK;
}

static enum err recv_all(int fd, struct mspan room)
{
    while (room.n > 0) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = poll(&p, 1, ANSWER_WAIT_MS);
        if (ready == 0) {
            return ERR_TIMEOUT;
        }
        ssize_t n = ready > 0 ? recv(fd, room.p, room.n, 0) : -1;
        if (n <= 0) {
            return ERR_IO;
        }
        room = mspan_from(room, (size_t)n);
    }
    return OK;
}

static enum err recv_answer(struct local_client *c)
{
    uint8_t head[4];
    TRY(recv_all(c->fd, MSPAN_OF(head)));
    size_t len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    if (len > ANSWER_LEN_MAX) {
        return ERR_IO;
    }
    free(c->answer);
    c->answer = malloc(len + 1);
    if (!c->answer) {
        abort();
    }
    c->answer[len] = '\0';
    c->answer_len = len;
    return recv_all(c->fd, mspan_of(c->answer, len));
}

enum err local_client_call(struct local_client *c,
                           const char *method,
                           struct span params,
                           struct span *ret_answer)
{
    char head[256];
    int n = snprintf(head, sizeof head,
                     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":", method);
    if (n < 0 || (size_t)n >= sizeof head) {
        return ERR_IO;
    }
    size_t len = (size_t)n + params.n + 1;
    const uint8_t prefix[4] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
                               (uint8_t)len};
    TRY(send_all(c->fd, SPAN_OF(prefix)));
    TRY(send_all(c->fd, span_of(head, (size_t)n)));
    TRY(send_all(c->fd, params));
    TRY(send_all(c->fd, SPAN_LIT("}")));
    TRY(recv_answer(c));
    *ret_answer = span_of(c->answer, c->answer_len);
    return OK;
}
