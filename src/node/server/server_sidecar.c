/* Being supervised: see server_sidecar.h. */
#include "node/server/server_sidecar.h"

#include "base/check.h"
#include "codec/json.h"
#include "node/os/process.h"
#include "node/plugin/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { READ_LEN = 1024, MESSAGE_LEN_MAX = 1024, FRAME_LEN_MAX = 4096 };

void server_sidecar_say(const struct server_sidecar *s, const char *text)
{
    uint8_t frame[MESSAGE_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(frame));
    frame_write(&w, FRAME_BE32, span_str(text));
    if (wr_ok(&w)) {
        /* A supervisor that does not read will see that no pong comes. */
        ssize_t n = send(s->fd, frame, w.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)n;
    }
}

static void tell_ready(struct server_sidecar *s)
{
    uint8_t text[MESSAGE_LEN_MAX];
    if (s->has_told || s->nonce[0] == '\0' || s->listen[0] == '\0') {
        return;
    }
    struct wr w = wr_init(mspan_of(text, sizeof text - 1));
    struct json_writer j = json_writer_init(&w);
    json_begin_notification(&j, "ready");
    json_put_name(&j, "nonce");
    json_put_str(&j, s->nonce);
    json_put_name(&j, "listen");
    json_put_str(&j, s->listen);
    json_end_notification(&j);
    if (json_writer_end(&j) == OK) {
        text[w.n] = '\0';
        server_sidecar_say(s, (const char *)text);
        s->has_told = true;
    }
}

static void on_message(struct server_sidecar *s, struct span text)
{
    struct json message;
    struct json params;
    struct span method;
    struct span nonce;
    uint64_t n;
    char pong[MESSAGE_LEN_MAX];
    if (json_parse(&message, text, NULL) != OK ||
        json_find_plain(&method, message, "method") != OK ||
        !json_find(&params, message, "params")) {
        return;
    }
    if (span_equal(method, SPAN_LIT("init")) && json_find_plain(&nonce, params, "nonce") == OK) {
        (void)span_copy(mspan_of(s->nonce, sizeof s->nonce - 1), nonce);
        tell_ready(s);
    } else if (span_equal(method, SPAN_LIT("ping")) && json_find_u64(&n, params, "n") == OK) {
        (void)snprintf(pong, sizeof pong,
                       "{\"jsonrpc\":\"2.0\",\"method\":\"pong\",\"params\":{\"n\":%llu}}",
                       (unsigned long long)n);
        server_sidecar_say(s, pong);
    } else if (span_equal(method, SPAN_LIT("limits")) &&
               json_find_u64(&s->limits.clients, params, "clients") == OK &&
               json_find_u64(&s->limits.kbit_s, params, "kbit_s") == OK) {
        s->has_limits = true;
    } else if (span_equal(method, SPAN_LIT("shutdown"))) {
        (void)raise(SIGTERM);
    }
}

/* The supervisor is gone, or does not speak to us: end at once. */
static void give_up(struct server_sidecar *s)
{
    (void)uv_poll_stop(&s->poll);
    (void)raise(SIGTERM);
    (void)raise(SIGTERM);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct server_sidecar *s = poll->data;
    uint8_t part[READ_LEN];
    (void)events;
    ssize_t n = status < 0 ? -1 : recv(s->fd, part, sizeof part, MSG_DONTWAIT);
    if (n < 0 && status >= 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        give_up(s);
        return;
    }
    struct span in = span_of(part, (size_t)n);
    struct span frame;
    enum err e = frame_reader_next(&s->frames, &frame, &in);
    for (; e == OK; e = frame_reader_next(&s->frames, &frame, &in)) {
        on_message(s, frame);
    }
    if (e != ERR_TRUNCATED) {
        give_up(s);
    }
}

void server_sidecar_begin(struct server_sidecar *s, struct loop *loop, struct budget *budget)
{
    struct frame_cfg frames = {
        .prefix = FRAME_BE32, .frame_len_max = FRAME_LEN_MAX, .budget = budget};
    const char *fd = getenv("W3_IPC_FD"); /* NOLINT(concurrency-mt-unsafe): before any thread */
    char hello[MESSAGE_LEN_MAX];
    if (!fd || strcmp(fd, "3") != 0 || fcntl(PROCESS_CHILD_FD, F_SETFD, FD_CLOEXEC) != 0) {
        return;
    }
    s->fd = PROCESS_CHILD_FD;
    frame_reader_init(&s->frames, frames);
    check(uv_poll_init(&loop->uv, &s->poll, s->fd) == 0);
    s->poll.data = s;
    (void)uv_poll_start(&s->poll, UV_READABLE | UV_DISCONNECT, on_readable);
    (void)snprintf(hello, sizeof hello,
                   "{\"jsonrpc\":\"2.0\",\"method\":\"hello\",\"params\":{\"proto\":%d,\"build\":"
                   "\"%s\",\"abi\":%d}}",
                   SIDECAR_PROTO, PASSMESH_VERSION, MACHINE_ABI);
    server_sidecar_say(s, hello);
}

void server_sidecar_ready(struct server_sidecar *s, const char *listen)
{
    if (s->fd > 0) {
        (void)snprintf(s->listen, sizeof s->listen, "%s", listen);
        tell_ready(s);
    }
}

void server_sidecar_end(struct server_sidecar *s)
{
    if (s->fd > 0) {
        (void)uv_poll_stop(&s->poll);
        uv_close((uv_handle_t *)&s->poll, NULL);
        frame_reader_done(&s->frames);
    }
}
