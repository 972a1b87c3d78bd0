/* echo: a server that sends back what comes in, and a client that sends a text and prints what comes back.
 *
 *     echo              prints the addresses on which it listens
 *     echo ADDR TEXT    dials one of them
 *
 * The server gives a peer credit only for what it has sent back: it never holds more of a stream than the stream's
 * window, however fast the peer writes and however slowly it reads. */
#include "base/mem.h"
#include "node/net/socket_host.h"

#define PROTOCOL "/example/echo/1.0.0"

static struct socket_host s;
static enum err err;     /* of the client: OK so far */
static struct span rest; /* of its text: not yet sent */

struct talk {
    struct buf held; /* not yet sent back */
    bool is_last;    /* the peer sends no more */
};

static void server_event(void *user, const struct host_event *e)
{
    struct talk *t = e->user; /* as set here, when its stream was opened */
    void *memory;
    (void)user;
    if (e->kind == HOST_EVENT_STREAM_OPENED && mem_alloc(&s.budget, &memory, sizeof *t) == OK) {
        t = memory;
        buf_init(&t->held, &s.budget, SOCKET_HOST_MEMORY_DEFAULT);
        host_stream_set_user(&s.host, e->stream, t);
    }
    bool is_over = e->kind == HOST_EVENT_STREAM_CLOSED || e->kind == HOST_EVENT_STREAM_RESET;
    if (e->kind == HOST_EVENT_STREAM_DATA && (!t || buf_append(&t->held, e->data) != OK)) {
        host_stream_reset(&s.host, e->stream, 1); /* out of memory; no event follows */
        is_over = true;
    }
    if (t && is_over) {
        buf_done(&t->held);
        mem_free(&s.budget, t, sizeof *t);
    } else if (t) {
        size_t sent = host_stream_write(&s.host, e->stream, buf_span(&t->held));
        buf_consume(&t->held, sent);
        host_stream_consume(&s.host, e->stream, sent);
        t->is_last = t->is_last || e->kind == HOST_EVENT_STREAM_FIN;
        if (t->is_last && t->held.n == 0) {
            host_stream_close_write(&s.host, e->stream);
        }
    }
}

static void client_event(void *user, const struct host_event *e)
{
    struct host_open_args args = {.peer = &e->peer, .protocol = PROTOCOL};
    host_stream stream;
    (void)user;
    if (e->kind == HOST_EVENT_PEER_CONNECTED) {
        err = host_open_stream(&s.host, &stream, NULL, args);
    } else if (e->kind == HOST_EVENT_STREAM_OPENED || e->kind == HOST_EVENT_STREAM_WRITABLE) {
        rest = span_from(rest, host_stream_write(&s.host, e->stream, rest));
        if (rest.n == 0) {
            host_stream_close_write(&s.host, e->stream);
        }
    } else if (e->kind == HOST_EVENT_STREAM_DATA) {
        (void)fwrite(e->data.p, 1, e->data.n, stdout);
        host_stream_consume(&s.host, e->stream, e->data.n);
    } else if (e->kind == HOST_EVENT_STREAM_RESET || e->kind == HOST_EVENT_DIAL_FAILED) {
        err = e->err;
    }
    if (err != OK || e->kind == HOST_EVENT_STREAM_CLOSED) { /* all was sent, and all came back */
        loop_stop(&s.loop);
    }
}

static enum err start(int argc, char **argv)
{
    struct socket_host_cfg cfg = {.on_event = argc > 2 ? client_event : server_event};
    TRY(socket_host_init(&s, &cfg));
    if (argc > 2) {
        rest = span_str(argv[2]);
        return socket_host_dial(&s, argv[1]);
    }
    TRY(host_handle(&s.host, PROTOCOL, (struct host_protocol_args){0}));
    TRY(socket_host_listen(&s, "/ip4/0.0.0.0/tcp/0"));
    TRY(socket_host_listen(&s, "/ip4/0.0.0.0/udp/0/quic-v1"));
    return socket_host_print_addrs(&s, stdout);
}

int main(int argc, char **argv)
{
    err = start(argc, argv);
    if (err == OK) {
        loop_run(&s.loop);
    }
    if (err != OK) {
        (void)fprintf(stderr, "echo: %s\n", err_name(err));
    }
    socket_host_done(&s);
    return err == OK ? 0 : 1;
}
