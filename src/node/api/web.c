/* HTTP and WebSocket for the local API and the page. */
#include "node/api/web.h"

#include "base/check.h"
#include "base/mem.h"
#include "codec/json.h"
#include "node/api/port_holder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What goes out with every answer, the 101 of a WebSocket with them: nothing may be framed, mixed in, cached, guessed or
 * told onward. ui/headers.mjs has the same for the page's manifest; tests/api holds what is served against it. */
static const char fields[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src "
    "'self'; connect-src "
    "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; "
    "trusted-types 'none'\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Embedder-Policy: require-corp\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cache-Control: no-store\r\n"
    "Permissions-Policy: publickey-credentials-get=(self), publickey-credentials-create=(self), "
    "clipboard-write=(self), camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), "
    "bluetooth=(), "
    "payment=(), clipboard-read=()\r\n";

enum { LINGER_MS = 1000, LINGER_LEN_MAX = 8 * 1024 * 1024 };

enum { CLOSE_NO_ACCESS = 4401, API_BODY_LEN_MAX = API_REQUEST_LEN_MAX };

struct web_conn {
    struct list in_conns;
    struct web *web;
    uv_tcp_t socket;
    struct alarm alarm;
    struct http http;
    struct websocket websocket;
    bool is_websocket;
    bool is_authed;
    bool is_closing;
    bool is_writing;
    bool has_ended; /* the client sends nothing more */
    bool is_lingering;
    size_t lingered; /* bytes thrown away */
    instant linger_until;
    uv_shutdown_t shutdown;
    bool is_paused;
    bool is_going;                /* inside go_on */
    uint8_t token[API_TOKEN_LEN]; /* of a WebSocket that is_authed */
    uint64_t caller;              /* of the request that waits, or of the WebSocket */
    instant auth_until;
    unsigned handles; /* that are not closed yet */
    struct buf in;    /* bytes that the engine did not take yet */
    uv_write_t write;
    uint8_t out[WEB_WRITE_LEN];
    uint8_t read_buffer[WEB_WRITE_LEN];
};

static void go_on(struct web_conn *c);

/* ---- closing ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct web_conn *c = handle->data;
    check(c->handles > 0);
    c->handles--;
    if (c->handles > 0) {
        return;
    }
    struct web *w = c->web;
    http_done(&c->http);
    websocket_done(&c->websocket);
    buf_done(&c->in);
    wipe(MSPAN_OF(c->token));
    mem_free(w->cfg.budget, c, sizeof *c);
}

static void conn_close(struct web_conn *c)
{
    if (c->is_closing) {
        return;
    }
    c->is_closing = true;
    if (c->caller) {
        c->web->cfg.door->caller_gone(c->web->cfg.door, c->caller);
    }
    list_remove(&c->in_conns);
    c->web->conn_count--;
    c->socket.data = c;
    uv_close((uv_handle_t *)&c->socket, on_handle_closed);
    c->alarm.timer.data = c;
    (void)uv_timer_stop(&c->alarm.timer);
    uv_close((uv_handle_t *)&c->alarm.timer, on_handle_closed);
}

static void on_shut_down(uv_shutdown_t *req, int status)
{
    (void)req;
    (void)status; /* reading tells the end */
}

/* Closing while the client still sends would reset the connection and could take the answer with it that says why: what
 * comes is read and thrown away for a moment, until the client has seen the end (RFC 9112 section 9.6). */
static void conn_linger(struct web_conn *c)
{
    if (c->is_closing || c->is_lingering) {
        return;
    }
    if (c->has_ended || uv_shutdown(&c->shutdown, (uv_stream_t *)&c->socket, on_shut_down) != 0) {
        conn_close(c);
        return;
    }
    c->is_lingering = true;
    c->linger_until = instant_add(loop_now(c->web->cfg.loop), LINGER_MS * US_PER_MS);
    buf_clear(&c->in);
}

/* ---- answering ---- */

static void
respond(struct web_conn *c, unsigned status, const char *type, struct span body, bool is_static)
{
    struct http_answer answer = {.status = status,
                                 .content_type = type,
                                 .body = body,
                                 .body_is_static = is_static,
                                 .closes = status >= 400};
    instant now = loop_now(c->web->cfg.loop);
    if (http_respond(&c->http, now, &answer) != OK) {
        conn_close(c);
    }
}

static void respond_error(struct web_conn *c, const char *code, unsigned status)
{
    struct coded why;
    uint16_t http = 0;
    coded_set(&why, code);
    if (strcmp(code, "forbidden_host") == 0) {
        coded_add_str(&why, "expected", c->web->host);
    }
    struct door *door = c->web->cfg.door;
    struct span text = door->error_text(door, &why, &http);
    respond(c, status ? status : http, "application/json", text, false);
}

static struct wallet_time web_time(const struct web *w)
{
    uv_timeval64_t tv;
    (void)uv_gettimeofday(&tv);
    uint64_t ms = tv.tv_sec > 0 ? (uint64_t)tv.tv_sec * 1000 + (uint64_t)tv.tv_usec / 1000 : 0;
    return (struct wallet_time){.mono = loop_now(w->cfg.loop), .unix_ms = ms};
}

static struct span bearer_of(struct span authorization)
{
    struct span prefix = SPAN_LIT("Bearer ");
    return span_starts_with(authorization, prefix) ? span_from(authorization, prefix.n)
                                                   : SPAN_EMPTY;
}

static void on_session(struct web_conn *c, const struct http_event *e)
{
    struct api_session_args args = {
        .body = e->body, .host = e->head->host, .origin = e->head->origin};
    struct span text;
    uint16_t status;
    struct door *door = c->web->cfg.door;
    door->session_open(door, web_time(c->web), &args, &text, &status);
    respond(c, status, "application/json", text, false);
}

static bool has_token(struct web_conn *c, const struct http_event *e)
{
    struct web *w = c->web;
    struct api_bearer bearer = {.token = bearer_of(e->head->authorization),
                                .host = e->head->host,
                                .origin = e->head->origin};
    if (w->cfg.door->session_check(w->cfg.door, web_time(w), &bearer)) {
        return true;
    }
    respond_error(c, "session_missing", 0);
    return false;
}

static void on_rpc(struct web_conn *c, const struct http_event *e)
{
    struct web *w = c->web;
    if (!has_token(c, e)) {
        return;
    }
    c->caller = w->next_id;
    w->next_id += 2;
    struct api_caller caller = {.id = c->caller, .way = API_WAY_HTTP};
    w->cfg.door->request(w->cfg.door, web_time(w), caller, e->body);
    w->cfg.pump(w->cfg.user);
}

static void respond_none(struct web_conn *c)
{
    respond(c, 404, "text/plain; charset=utf-8", SPAN_LIT("404: there is no such page\n"), true);
}

/* Without a token nobody learns which documents there are. */
static void on_document(struct web_conn *c, const struct http_event *e)
{
    struct door *door = c->web->cfg.door;
    struct door_document document;
    if (!has_token(c, e)) {
        return;
    }
    if (door->document(door, web_time(c->web), e->head->path, &document)) {
        respond(c, 200, document.type, document.text, false);
    } else {
        respond_none(c);
    }
}

static void on_get(struct web_conn *c, const struct http_event *e)
{
    const struct page *page = c->web->cfg.page;
    const struct page_file *f = page ? page_find(page, e->head->path) : NULL;
    bool reads = e->head->method == HTTP_GET || e->head->method == HTTP_HEAD;
    if (!reads) {
        respond(c, 405, "text/plain; charset=utf-8", SPAN_LIT("405: only GET here\n"), true);
    } else if (f) {
        respond(c, 200, f->type, span_of(f->data, f->len), true);
    } else if (c->web->cfg.door->document) {
        on_document(c, e);
    } else {
        respond_none(c);
    }
}

static bool is_path(const struct http_event *e, const char *path)
{
    return span_equal(e->head->path, span_str(path));
}

static void on_routed(struct web_conn *c, const struct http_event *e)
{
    bool is_post = e->head->method == HTTP_POST;
    if (is_path(e, "/session") && is_post && c->web->cfg.door->session_open) {
        on_session(c, e);
    } else if (is_path(e, "/rpc") && is_post) {
        on_rpc(c, e);
    } else if (is_path(e, "/ws") && e->head->upgrades_to_websocket) {
        if (http_upgrade(&c->http, loop_now(c->web->cfg.loop)) != OK) {
            conn_close(c);
        }
    } else if (e->head->upgrades_to_websocket || is_path(e, "/rpc") || is_path(e, "/session")) {
        respond(c, 405, "text/plain; charset=utf-8", SPAN_LIT("405: not in this way\n"), true);
    } else {
        on_get(c, e);
    }
}

static void on_request(struct web_conn *c, const struct http_event *e)
{
    switch (gate_check(&c->web->gate, e->head)) {
    case GATE_OPEN:         on_routed(c, e); return;
    case GATE_WRONG_HOST:
    case GATE_WRONG_ORIGIN:
    case GATE_CROSS_SITE:   respond_error(c, "forbidden_host", 0); return;
    case GATE_WRONG_TYPE:   respond_error(c, "invalid_request", 415); return;
    }
}

/* ---- WebSocket ---- */

static bool is_good_token(const struct web_conn *c, struct span token)
{
    struct api_bearer bearer = {
        .token = token, .host = span_str(c->web->host), .origin = span_str(c->web->origin)};
    struct door *door = c->web->cfg.door;
    return door->session_check(door, web_time(c->web), &bearer);
}

static bool take_auth(struct web_conn *c, struct span message)
{
    struct json root;
    struct span token;
    if (json_parse(&root, message, NULL) != OK || json_count(root) != 1 ||
        json_find_plain(&token, root, "auth") != OK || token.n != sizeof c->token ||
        !is_good_token(c, token)) {
        return false;
    }
    span_copy(MSPAN_OF(c->token), token);
    return true;
}

/* A WebSocket ends with its session. */
static bool has_session(struct web_conn *c)
{
    if (c->is_authed && is_good_token(c, SPAN_OF(c->token))) {
        return true;
    }
    websocket_close(&c->websocket, loop_now(c->web->cfg.loop), CLOSE_NO_ACCESS, "no access");
    return false;
}

static void on_message(struct web_conn *c, struct span message)
{
    struct web *w = c->web;
    instant now = loop_now(w->cfg.loop);
    if (c->is_authed) {
        if (!has_session(c)) {
            return;
        }
        struct api_caller caller = {.id = c->caller, .way = API_WAY_WEBSOCKET};
        w->cfg.door->request(w->cfg.door, web_time(w), caller, message);
        w->cfg.pump(w->cfg.user);
        return;
    }
    if (!take_auth(c, message) ||
        websocket_write(&c->websocket, SPAN_LIT("{\"auth\":\"ok\"}")) != OK) {
        websocket_close(&c->websocket, now, CLOSE_NO_ACCESS, "no access");
        return;
    }
    c->is_authed = true;
    c->auth_until = INSTANT_NEVER;
    c->caller = w->next_id;
    w->next_id += 2;
}

static void start_websocket(struct web_conn *c)
{
    instant now = loop_now(c->web->cfg.loop);
    websocket_init(&c->websocket, &c->web->websocket, now);
    c->is_websocket = true;
    c->auth_until = instant_add(now, WEB_AUTH_MS * US_PER_MS);
}

/* ---- moving bytes ---- */

static void drain_http(struct web_conn *c)
{
    struct http_event e;
    while (!c->is_closing && !c->is_websocket && http_poll(&c->http, &e)) {
        switch (e.kind) {
        case HTTP_EVENT_REQUEST: on_request(c, &e); break;
        case HTTP_EVENT_REFUSED:
            log_line(c->web->cfg.log, LOG_INFO, "web", "a request was refused: %s",
                     e.diag.rule ? e.diag.rule : "broken");
            break;
        case HTTP_EVENT_UPGRADED: start_websocket(c); break;
        case HTTP_EVENT_CLOSED:   conn_linger(c); break;
        }
    }
}

static void drain_websocket(struct web_conn *c)
{
    struct websocket_event e;
    while (!c->is_closing && c->is_websocket && websocket_poll(&c->websocket, &e)) {
        switch (e.kind) {
        case WEBSOCKET_EVENT_MESSAGE: on_message(c, e.message); break;
        case WEBSOCKET_EVENT_CLOSED:  conn_close(c); break;
        }
    }
}

/* Gives the engine what it takes of the bytes that wait. */
static void feed(struct web_conn *c)
{
    instant now = loop_now(c->web->cfg.loop);
    for (;;) {
        size_t before = c->in.n;
        struct span in = buf_span(&c->in);
        enum err err = OK;
        if (c->is_websocket) {
            err = websocket_recv(&c->websocket, now, &in);
        } else if (in.n > 0) {
            err = http_recv(&c->http, now, &in);
        }
        buf_consume(&c->in, before - in.n);
        drain_http(c);
        drain_websocket(c);
        if (c->is_closing || err != OK || c->in.n == 0 || c->in.n == before) {
            break;
        }
    }
    if (!c->is_closing) {
        buf_trim(&c->in);
    }
}

static void on_written(uv_write_t *req, int status)
{
    struct web_conn *c = req->data;
    c->is_writing = false;
    if (c->is_closing) {
        return;
    }
    if (status < 0) {
        conn_close(c);
        return;
    }
    go_on(c);
}

static void flush(struct web_conn *c)
{
    instant now = loop_now(c->web->cfg.loop);
    while (!c->is_closing && !c->is_writing) {
        size_t n = c->is_websocket ? websocket_send(&c->websocket, now, MSPAN_OF(c->out))
                                   : http_send(&c->http, now, MSPAN_OF(c->out));
        if (n == 0) {
            /* Only now is everything written that the engine had: a CLOSED event may end the socket. */
            drain_http(c);
            drain_websocket(c);
            return;
        }
        uv_buf_t piece = uv_buf_init((char *)c->out, (unsigned)n);
        int wrote = uv_try_write((uv_stream_t *)&c->socket, &piece, 1);
        size_t done = wrote > 0 ? (size_t)wrote : 0;
        if (done == n) {
            continue;
        }
        piece = uv_buf_init((char *)c->out + done, (unsigned)(n - done));
        c->write.data = c;
        c->is_writing = uv_write(&c->write, (uv_stream_t *)&c->socket, &piece, 1, on_written) == 0;
        if (!c->is_writing) {
            conn_close(c);
        }
    }
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    (void)suggested;
    struct web_conn *c = handle->data;
    *ret = uv_buf_init((char *)c->read_buffer, sizeof c->read_buffer);
}

/* A client that sends ahead of its answers is not read further until it has them. */
static void pause_or_resume(struct web_conn *c)
{
    bool is_full = c->in.n >= WEB_WRITE_LEN;
    if (is_full && !c->is_paused) {
        c->is_paused = uv_read_stop((uv_stream_t *)&c->socket) == 0;
    } else if (!is_full && c->is_paused) {
        c->is_paused = uv_read_start((uv_stream_t *)&c->socket, on_alloc, on_read) != 0;
    }
}

static void set_alarm(struct web_conn *c)
{
    if (c->is_lingering) {
        alarm_set(&c->alarm, c->linger_until);
        return;
    }
    instant at = c->is_websocket ? websocket_deadline(&c->websocket) : http_deadline(&c->http);
    alarm_set(&c->alarm, c->is_websocket ? instant_min(at, c->auth_until) : at);
}

static void go_on(struct web_conn *c)
{
    size_t before;
    c->is_going = true;
    do { /* when an answer has gone, the next request may be there already */
        before = c->in.n;
        feed(c);
        flush(c);
    } while (!c->is_closing && c->in.n > 0 && c->in.n < before);
    c->is_going = false;
    if (!c->is_closing) {
        pause_or_resume(c);
        set_alarm(c);
    }
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct web_conn *c = stream->data;
    if (c->is_lingering) {
        c->lingered += n > 0 ? (size_t)n : 0;
        if (n < 0 || c->lingered > LINGER_LEN_MAX) {
            conn_close(c);
        }
        return;
    }
    if (n < 0) {
        c->has_ended = true;
        if (c->is_websocket) {
            websocket_recv_end(&c->websocket);
        } else {
            http_recv_end(&c->http, loop_now(c->web->cfg.loop));
        }
    } else if (buf_append(&c->in, span_of(buf->base, (size_t)n)) != OK) {
        conn_close(c);
        return;
    }
    go_on(c);
}

static void on_alarm(void *user)
{
    struct web_conn *c = user;
    instant now = loop_now(c->web->cfg.loop);
    if (c->is_lingering) {
        conn_close(c);
        return;
    }
    if (c->is_websocket) {
        websocket_tick(&c->websocket, now);
        if (instant_reached(c->auth_until, now)) {
            c->auth_until = INSTANT_NEVER;
            websocket_close(&c->websocket, now, CLOSE_NO_ACCESS, "no access");
        }
    } else {
        http_tick(&c->http, now);
    }
    go_on(c);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct web *w = listener->data;
    void *p = NULL;
    if (status < 0 || mem_alloc(w->cfg.budget, &p, sizeof(struct web_conn)) != OK) {
        return;
    }
    struct web_conn *c = p;
    c->web = w;
    c->handles = 2;
    c->auth_until = INSTANT_NEVER;
    buf_init(&c->in, w->cfg.budget, 2 * WEB_WRITE_LEN + API_BODY_LEN_MAX);
    http_init(&c->http, &w->http, loop_now(w->cfg.loop));
    alarm_init(&c->alarm, w->cfg.loop, on_alarm, c);
    check(uv_tcp_init(&w->cfg.loop->uv, &c->socket) == 0);
    c->socket.data = c;
    list_add_last(&w->conns, &c->in_conns);
    w->conn_count++;
    bool taken = uv_accept(listener, (uv_stream_t *)&c->socket) == 0;
    if (!taken || w->conn_count > WEB_CONN_COUNT_MAX ||
        uv_read_start((uv_stream_t *)&c->socket, on_alloc, on_read) != 0) {
        conn_close(c);
        return;
    }
    (void)uv_tcp_nodelay(&c->socket, 1);
    set_alarm(c);
}

/* ---- from the API ---- */

static struct web_conn *conn_of(struct web *w, uint64_t caller)
{
    for (struct list *n = list_first(&w->conns); n; n = list_next(&w->conns, n)) {
        struct web_conn *c = list_entry(n, struct web_conn, in_conns);
        if (c->caller == caller) {
            return c;
        }
    }
    return NULL;
}

bool web_deliver(struct web *w, const struct api_event *e)
{
    struct web_conn *c = conn_of(w, e->caller);
    if (!c) {
        return false;
    }
    if (!c->is_websocket) {
        c->caller = 0;
        respond(c, e->http, "application/json", e->text, false);
    } else if (has_session(c) && websocket_write(&c->websocket, e->text) != OK) {
        /* A page that does not read: it opens a new socket and gets fresh snapshots. */
        conn_close(c);
    }
    if (!c->is_closing && !c->is_going) {
        go_on(c); /* else whoever called for the answer does */
    }
    return true;
}

/* ---- start and stop ---- */

static enum err listen_on(struct web *w, const struct sockaddr *address)
{
    uv_tcp_t *l = &w->listeners[w->listener_count];
    check(uv_tcp_init(&w->cfg.loop->uv, l) == 0);
    l->data = w;
    w->listener_count++;
    int code = uv_tcp_bind(l, address, 0);
    if (code == 0) {
        code = uv_listen((uv_stream_t *)l, 64, on_connection);
    }
    if (code == 0) {
        return OK;
    }
    return code == UV_EADDRINUSE ? ERR_STATE : ERR_IO;
}

enum err web_start(struct web *w, const struct web_cfg *cfg, char ret_holder[static WEB_HOLDER_LEN])
{
    *w = (struct web){.cfg = *cfg, .next_id = 2};
    list_init(&w->conns);
    (void)snprintf(w->host, sizeof w->host, "%s:%u", cfg->name, cfg->port);
    (void)snprintf(w->origin, sizeof w->origin, "http://%s", w->host);
    w->gate = (struct gate){.host = span_str(w->host), .origin = span_str(w->origin)};
    w->http = (struct http_cfg){.budget = cfg->budget,
                                .body_len_max = API_BODY_LEN_MAX,
                                .answer_len_max = API_REPLY_LEN_MAX,
                                .fields = fields};
    w->websocket = (struct websocket_cfg){.budget = cfg->budget,
                                          .message_len_max = API_REQUEST_LEN_MAX,
                                          .out_len_max = 2 * API_REPLY_LEN_MAX};
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    check(uv_ip4_addr("127.0.0.1", cfg->port, &v4) == 0);
    check(uv_ip6_addr("::1", cfg->port, &v6) == 0);
    enum err err = listen_on(w, (const struct sockaddr *)&v4);
    if (err == OK && !cfg->is_ip4_only && listen_on(w, (const struct sockaddr *)&v6) == ERR_STATE) {
        err =
            ERR_STATE; /* somebody else would answer for us there; without IPv6 it is merely absent */
    }
    ret_holder[0] = '\0';
    if (err != OK) {
        web_stop(w); /* at first, so that the holder is not found in ourselves */
    }
    if (err == ERR_STATE) {
        port_holder_find(ret_holder, WEB_HOLDER_LEN, cfg->port);
    }
    return err;
}

void web_stop(struct web *w)
{
    for (size_t i = 0; i < w->listener_count; i++) {
        uv_close((uv_handle_t *)&w->listeners[i], NULL);
    }
    w->listener_count = 0;
    while (w->conns.next && !list_is_empty(&w->conns)) {
        conn_close(list_entry(list_first(&w->conns), struct web_conn, in_conns));
    }
}
