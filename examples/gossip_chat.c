/* gossip_chat: what one writes, all readers of the topic see, whoever of them they are connected to.
 *
 *     gossip_chat TOPIC [ADDR]    prints where it listens, and joins at ADDR; then lines of text go out and come in
 *
 * Messages are signed: the name before a line is its author's, whoever brought it. */
#include "codec/utf8.h"
#include "node/net/socket_host.h"
#include "p2p/host_gossip.h"

#include <string.h>
#include <unistd.h>

static struct socket_host s;
static struct host_gossip gossip;
static struct span topic;
static uv_poll_t input;
static char line[4096];
static size_t line_len;

/* is_line: may a terminal show it? What it may not is rejected: that counts against who brought it. */
static bool is_line(struct span text)
{
    int32_t code = ' ';
    while (code >= ' ' && (code < 127 || code > 159)) {
        code = utf8_take(&text);
    }
    return code < 0 && text.n == 0;
}

static void on_event(void *user, const struct host_event *e)
{
    struct gossip_event m;
    char author[PEER_ID_TEXT_MAX];
    (void)user;
    if (e->kind == HOST_EVENT_DIAL_FAILED) {
        (void)fprintf(stderr, "gossip_chat: dial: %s\n", err_name(e->err));
    }
    while (e->kind == HOST_EVENT_EXTENSION && host_gossip_poll(&gossip, &m)) {
        enum gossip_verdict verdict = is_line(m.data) ? GOSSIP_ACCEPT : GOSSIP_REJECT;
        peer_id_print(author, &m.author);
        if (verdict == GOSSIP_ACCEPT) {
            (void)printf("%s: %.*s\n", author, (int)m.data.n, (const char *)m.data.p);
            (void)fflush(stdout);
        }
        gossip_validated(&gossip.gossip, loop_now(&s.loop), m.message, verdict);
    }
}

static void on_input(uv_poll_t *poll, int status, int events)
{
    ssize_t n = read(STDIN_FILENO, line + line_len, sizeof line - line_len);
    (void)poll;
    (void)status;
    (void)events;
    if (n <= 0) { /* the end; or a line that is too long */
        loop_stop(&s.loop);
        return;
    }
    line_len += (size_t)n;
    for (char *end = memchr(line, '\n', line_len); end; end = memchr(line, '\n', line_len)) {
        struct span text = span_of(line, (size_t)(end - line));
        if (gossip_publish(&gossip.gossip, loop_now(&s.loop), topic, text) != OK) {
            (void)fprintf(stderr, "gossip_chat: not sent\n");
        }
        line_len -= text.n + 1;
        memmove(line, end + 1, line_len);
    }
    tcp_pump(&s.tcp); /* we were not called by the driver */
}

static enum err start(int argc, char **argv)
{
    struct socket_host_cfg cfg = {.on_event = on_event};
    struct gossip_topic_cfg signing = {.signing = GOSSIP_STRICT_SIGN};
    topic = span_str(argc > 1 ? argv[1] : "chat");
    TRY(socket_host_init(&s, &cfg));
    TRY(host_gossip_init(&gossip, &s.host, &(struct host_gossip_cfg){0}));
    TRY(gossip_subscribe(&gossip.gossip, loop_now(&s.loop), topic, &signing));
    TRY(socket_host_listen(&s, "/ip4/0.0.0.0/tcp/0"));
    TRY(socket_host_print_addrs(&s, stdout));
    if (uv_poll_init(&s.loop.uv, &input, STDIN_FILENO) != 0 ||
        uv_poll_start(&input, UV_READABLE, on_input) != 0) {
        return ERR_IO; /* no terminal and no pipe */
    }
    return argc > 2 ? socket_host_dial(&s, argv[2]) : OK;
}

int main(int argc, char **argv)
{
    enum err err = start(argc, argv);
    if (err == OK) {
        loop_run(&s.loop);
        uv_close((uv_handle_t *)&input, NULL);
        host_gossip_done(&gossip);
        socket_host_done(&s);
    }
    (void)fprintf(stderr, "gossip_chat: %s\n", err_name(err));
    return err == OK ? 0 : 1;
}
