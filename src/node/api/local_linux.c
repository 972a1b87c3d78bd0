/* The local API over a Unix socket. */
#define _GNU_SOURCE /* struct ucred */
#include "node/api/local.h"

#include "base/check.h"
#include "base/mem.h"
#include "codec/json.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { LOCAL_READ_LEN = 16 * 1024, LOCAL_URL_LEN_MAX = 160 };

struct local_conn {
    struct list in_conns;
    struct local *local;
    uv_pipe_t pipe;
    struct frame_reader frames;
    uint64_t caller;
    bool is_closing;
    uint8_t read_buffer[LOCAL_READ_LEN];
};

/* One message on its way out. */
struct local_write {
    uv_write_t req;
    struct local_conn *conn;
    struct budget *budget;
    struct buf bytes;
};

static void on_closed(uv_handle_t *handle)
{
    struct local_conn *c = handle->data;
    struct budget *budget = c->local->cfg.budget;
    frame_reader_done(&c->frames);
    mem_free(budget, c, sizeof *c);
}

static void conn_close(struct local_conn *c)
{
    if (c->is_closing) {
        return;
    }
    c->is_closing = true;
    c->local->cfg.door->caller_gone(c->local->cfg.door, c->caller);
    list_remove(&c->in_conns);
    c->local->conn_count--;
    uv_close((uv_handle_t *)&c->pipe, on_closed);
}

static void on_written(uv_write_t *req, int status)
{
    struct local_write *w = req->data;
    struct local_conn *c = w->conn;
    struct budget *budget = w->budget;
    buf_done(&w->bytes);
    mem_free(budget, w, sizeof *w);
    if (status < 0) {
        conn_close(c);
    }
}

static void send_text(struct local_conn *c, struct span text)
{
    struct budget *budget = c->local->cfg.budget;
    void *p = NULL;
    if (c->is_closing || mem_alloc(budget, &p, sizeof(struct local_write)) != OK) {
        return;
    }
    struct local_write *w = p;
    w->conn = c;
    w->budget = budget;
    w->req.data = w;
    buf_init(&w->bytes, budget, API_REPLY_LEN_MAX + 8);
    struct wr wr = wr_init_buf(&w->bytes);
    frame_write(&wr, FRAME_BE32, text);
    uv_buf_t piece = uv_buf_init((char *)w->bytes.p, (unsigned)w->bytes.n);
    if (!wr_ok(&wr) || uv_write(&w->req, (uv_stream_t *)&c->pipe, &piece, 1, on_written) != 0) {
        buf_done(&w->bytes);
        mem_free(budget, w, sizeof *w);
        conn_close(c);
    }
}

static struct wallet_time local_time(const struct local *l)
{
    uv_timeval64_t tv;
    (void)uv_gettimeofday(&tv);
    uint64_t ms = tv.tv_sec > 0 ? (uint64_t)tv.tv_sec * 1000 + (uint64_t)tv.tv_usec / 1000 : 0;
    return (struct wallet_time){.mono = loop_now(l->cfg.loop), .unix_ms = ms};
}

static void answer_raw(struct local_conn *c, struct json id, const char *name, const char *value)
{
    uint8_t room[LOCAL_URL_LEN_MAX + 256];
    struct wr w = wr_init(MSPAN_OF(room));
    struct json_writer j = json_writer_init(&w);
    json_put_object(&j);
    json_put_name(&j, "jsonrpc");
    json_put_str(&j, "2.0");
    json_put_name(&j, "id");
    json_put_raw(&j, id.raw);
    json_put_name(&j, "result");
    json_put_object(&j);
    if (name) {
        json_put_name(&j, name);
        json_put_str(&j, value);
    }
    json_end_object(&j);
    json_end_object(&j);
    if (json_writer_end(&j) == OK) {
        send_text(c, span_of(room, w.n));
    }
}

/* The two methods that only this socket has; true if it was one. */
static bool is_own_method(struct local_conn *c, struct span text)
{
    struct json root;
    struct json id;
    struct json method;
    struct local *l = c->local;
    if (json_parse(&root, text, NULL) != OK || !json_find(&id, root, "id") || id.raw.n > 64 ||
        !json_find(&method, root, "method")) {
        return false;
    }
    if (l->cfg.origin && json_string_equal(method, SPAN_LIT("open_code"))) {
        char code[API_CODE_LEN + 1];
        char url[LOCAL_URL_LEN_MAX];
        struct wr w = wr_init(mspan_of(url, sizeof url - 1));
        l->cfg.door->code_make(l->cfg.door, local_time(l), code);
        wr_str(&w, l->cfg.origin);
        wr_str(&w, "/#c=");
        wr_str(&w, code);
        url[w.n] = '\0';
        answer_raw(c, id, "url", url);
        wipe(MSPAN_OF(code));
        wipe(MSPAN_OF(url));
        return true;
    }
    if (l->cfg.stop && json_string_equal(method, SPAN_LIT("stop"))) {
        answer_raw(c, id, NULL, NULL);
        l->cfg.stop(l->cfg.user);
        return true;
    }
    return false;
}

static void on_message(struct local_conn *c, struct span text)
{
    struct local *l = c->local;
    if (is_own_method(c, text)) {
        return;
    }
    struct api_caller caller = {.id = c->caller, .way = API_WAY_LOCAL};
    l->cfg.door->request(l->cfg.door, local_time(l), caller, text);
    l->cfg.pump(l->cfg.user);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    (void)suggested;
    struct local_conn *c = handle->data;
    *ret = uv_buf_init((char *)c->read_buffer, sizeof c->read_buffer);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct local_conn *c = stream->data;
    struct span in = n > 0 ? span_of(buf->base, (size_t)n) : SPAN_EMPTY;
    struct span frame;
    if (n < 0) {
        conn_close(c);
        return;
    }
    enum err err = OK;
    while (!c->is_closing && err == OK) {
        err = frame_reader_next(&c->frames, &frame, &in);
        if (err == OK) {
            on_message(c, frame);
        }
    }
    if (err != OK && err != ERR_TRUNCATED) {
        conn_close(c);
    }
}

/* Ours, or root, who may do anything anyhow: an operator asks a server that runs as a user of its own. */
static bool is_let_in(struct local_conn *c)
{
    uv_os_fd_t fd;
    struct ucred peer;
    socklen_t len = sizeof peer;
    return uv_fileno((uv_handle_t *)&c->pipe, &fd) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           (peer.uid == getuid() || peer.uid == 0);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct local *l = listener->data;
    void *p = NULL;
    if (status < 0 || mem_alloc(l->cfg.budget, &p, sizeof(struct local_conn)) != OK) {
        return;
    }
    struct local_conn *c = p;
    c->local = l;
    c->caller = l->next_id;
    l->next_id += 2;
    frame_reader_init(&c->frames, (struct frame_cfg){.prefix = FRAME_BE32,
                                                     .frame_len_max = API_REQUEST_LEN_MAX,
                                                     .budget = l->cfg.budget});
    check(uv_pipe_init(&l->cfg.loop->uv, &c->pipe, 0) == 0);
    c->pipe.data = c;
    list_add_last(&l->conns, &c->in_conns);
    l->conn_count++;
    bool taken = uv_accept(listener, (uv_stream_t *)&c->pipe) == 0;
    if (!taken || !is_let_in(c) || l->conn_count > LOCAL_CONN_COUNT_MAX ||
        uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read) != 0) {
        conn_close(c);
    }
}

bool local_is_taken(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if (n >= sizeof address.sun_path) {
        return false;
    }
    memcpy(address.sun_path, path, n);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool alive = fd >= 0 &&
                 connect(fd, (const struct sockaddr *)(const void *)&address, sizeof address) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return alive;
}

enum err local_start(struct local *l, const struct local_cfg *cfg)
{
    *l = (struct local){.cfg = *cfg, .next_id = 1};
    list_init(&l->conns);
    if (local_is_taken(cfg->path)) {
        return ERR_STATE;
    }
    struct stat st;
    if (lstat(cfg->path, &st) == 0 && (!S_ISSOCK(st.st_mode) || unlink(cfg->path) != 0)) {
        return ERR_IO;
    }
    check(uv_pipe_init(&cfg->loop->uv, &l->listener, 0) == 0);
    l->listener.data = l;
    l->is_listening = true;
    mode_t old = umask(0177); /* the socket is ours alone from its first moment */
    int code = uv_pipe_bind(&l->listener, cfg->path);
    (void)umask(old);
    if (code != 0 || uv_listen((uv_stream_t *)&l->listener, 16, on_connection) != 0) {
        local_stop(l);
        return ERR_IO;
    }
    return OK;
}

void local_stop(struct local *l)
{
    if (l->is_listening) {
        l->is_listening = false;
        uv_close((uv_handle_t *)&l->listener, NULL);
        (void)unlink(l->cfg.path);
    }
    while (l->conns.next && !list_is_empty(&l->conns)) {
        conn_close(list_entry(list_first(&l->conns), struct local_conn, in_conns));
    }
}

bool local_deliver(struct local *l, const struct api_event *e)
{
    for (struct list *n = list_first(&l->conns); n; n = list_next(&l->conns, n)) {
        struct local_conn *c = list_entry(n, struct local_conn, in_conns);
        if (c->caller == e->caller) {
            send_text(c, e->text);
            return true;
        }
    }
    return false;
}
