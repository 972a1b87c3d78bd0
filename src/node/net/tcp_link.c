/* One transport connection: dialling, reading, writing, closing. */
#include "node/net/tcp_link.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "node/net/tcp_port.h"

#include <string.h>

enum { FRAME_ROOM = 65537 /* a whole noise frame: smaller rooms would cut bulk data small */ };

static instant now_of(const struct tcp_link *link)
{
    return loop_now(link->tcp->cfg.loop);
}

static uv_handle_t *handle_of(struct tcp_link *link)
{
    return (uv_handle_t *)&link->socket;
}

static uv_stream_t *stream_of(struct tcp_link *link)
{
    return (uv_stream_t *)&link->socket;
}

enum err tcp_link_new(struct tcp *t, struct tcp_link **ret_link)
{
    void *memory;
    TRY(mem_alloc(t->cfg.budget, &memory, sizeof(struct tcp_link)));
    struct tcp_link *link = memory;
    link->tcp = t;
    buf_init(&link->input, t->cfg.budget, TCP_BUFFER_LEN);
    buf_init(&link->output, t->cfg.budget, TCP_BUFFER_LEN);
    buf_init(&link->raw, t->cfg.budget, TCP_BUFFER_LEN);
    buf_init(&link->sealed, t->cfg.budget, TCP_BUFFER_LEN);
    check(uv_tcp_init(&t->cfg.loop->uv, &link->socket) == 0);
    link->socket.data = link;
    t->held++;
    *ret_link = link;
    return OK;
}

enum err tcp_link_wrap(struct tcp_link *link, struct span host)
{
    struct tcp *t = link->tcp;
    void *memory;
    if (!t->cfg.rng) {
        return ERR_UNSUPPORTED;
    }
    TRY(mem_alloc(t->cfg.budget, &memory, sizeof *link->ws));
    link->ws = memory;
    struct websocket_pipe_cfg cfg = {
        .is_client = host.n > 0, .host = host, .rng = t->cfg.rng, .budget = t->cfg.budget};
    return websocket_pipe_init(link->ws, &cfg);
}

enum err tcp_link_secure(struct tcp_link *link, struct span name)
{
    struct tcp *t = link->tcp;
    const struct tls_web_context *context = name.n > 0 ? &t->web_client : &t->web_server;
    void *memory;
    if (!context->ctx) {
        return ERR_STATE;
    }
    TRY(mem_alloc(t->cfg.budget, &memory, sizeof *link->tls));
    link->tls = memory;
    struct tls_web_cfg cfg = {
        .context = context, .is_client = name.n > 0, .name = name, .budget = t->cfg.budget};
    return tls_web_init(link->tls, &cfg);
}

enum err tcp_link_register(struct tcp_link *link, host_link id)
{
    TRY(map_add(&link->tcp->links, span_of(&id.id, sizeof id.id), link));
    link->id = id;
    return OK;
}

struct tcp_link *tcp_link_find(const struct tcp *t, host_link id)
{
    return map_find(&t->links, span_of(&id.id, sizeof id.id));
}

static void free_if_unused(struct tcp_link *link)
{
    if (!link->socket_closed || link->request_active) {
        return;
    }
    if (link->addresses) {
        uv_freeaddrinfo(link->addresses);
    }
    buf_done(&link->input);
    buf_done(&link->output);
    buf_done(&link->raw);
    buf_done(&link->sealed);
    if (link->tls) {
        tls_web_done(link->tls);
        mem_free(link->tcp->cfg.budget, link->tls, sizeof *link->tls);
    }
    if (link->ws) {
        websocket_pipe_done(link->ws);
        mem_free(link->tcp->cfg.budget, link->ws, sizeof *link->ws);
    }
    link->tcp->held--;
    mem_free(link->tcp->cfg.budget, link, sizeof *link);
}

static void on_closed(uv_handle_t *handle)
{
    struct tcp_link *link = handle->data;
    link->socket_closed = true;
    free_if_unused(link);
}

void tcp_link_close(struct tcp_link *link, enum err why)
{
    if (link->state == TCP_LINK_CLOSED) {
        return;
    }
    bool looking_up = link->state == TCP_LINK_LOOKING_UP;
    link->state = TCP_LINK_CLOSED;
    list_remove(&link->in_closing);
    list_remove(&link->in_blocked);
    list_remove(&link->in_hungry);
    if (looking_up && link->request_active) {
        (void)uv_cancel((uv_req_t *)&link->request.lookup);
    }
    if (!uv_is_closing(handle_of(link))) { /* it may be, between two addresses of a dial */
        uv_close(handle_of(link), on_closed);
    }
    if (link->id.id != 0) {
        (void)map_remove(&link->tcp->links, span_of(&link->id.id, sizeof link->id.id));
        host_link_closed(link->tcp->cfg.host, now_of(link), link->id, why);
    }
}

/* ---- dialling ---- */

static enum err start_connect(struct tcp_link *link);

static void on_closed_for_retry(uv_handle_t *handle)
{
    struct tcp_link *link = handle->data;
    if (link->state == TCP_LINK_CLOSED) {
        on_closed(handle);
        return;
    }
    check(uv_tcp_init(&link->tcp->cfg.loop->uv, &link->socket) == 0);
    link->socket.data = link;
    if (start_connect(link) != OK) {
        tcp_link_close(link, ERR_IO);
        tcp_pump(link->tcp);
    }
}

/* take_address makes what a lookup found the next to be tried. */
static void take_address(struct tcp_link *link, struct addrinfo *address)
{
    link->address = address;
    link->to = (struct sockaddr_storage){0};
    memcpy(&link->to, address->ai_addr, address->ai_addrlen);
    tcp_sockaddr_set_port(&link->to, link->port);
}

static void on_connect(uv_connect_t *request, int status)
{
    struct tcp_link *link = request->handle->data;
    link->request_active = false;
    if (link->state == TCP_LINK_CLOSED) {
        free_if_unused(link);
        return;
    }
    if (status == 0) {
        tcp_link_begin(link);
    } else if (link->address && link->address->ai_next) {
        take_address(link, link->address->ai_next);
        link->from_any_port = false;
        uv_close(handle_of(link), on_closed_for_retry);
        return;
    } else {
        tcp_link_close(link, ERR_IO);
    }
    tcp_pump(link->tcp);
}

static enum err start_connect(struct tcp_link *link)
{
    struct tcp *t = link->tcp;
    const struct sockaddr *to = (const struct sockaddr *)&link->to;
    link->state = TCP_LINK_CONNECTING;
    bool one_port = t->cfg.one_port && !link->ws && !link->from_any_port &&
                    tcp_port_open(&link->socket, &t->ports[to->sa_family == AF_INET6], to) == OK;
    int status = uv_tcp_connect(&link->request.connect, &link->socket, to, on_connect);
    if (status != 0 && one_port) {
        /* The same two ports are in use, or were a moment ago: another port of ours will do for a plain dial. */
        link->from_any_port = true;
        uv_close(handle_of(link), on_closed_for_retry);
        return OK;
    }
    if (status != 0) {
        return ERR_IO;
    }
    link->request_active = true;
    return OK;
}

static void on_lookup(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct tcp_link *link = request->data;
    link->request_active = false;
    link->addresses = found;
    if (link->state == TCP_LINK_CLOSED) {
        free_if_unused(link);
        return;
    }
    enum err err = ERR_NOT_FOUND;
    if (status == 0 && found) {
        take_address(link, found);
        err = start_connect(link);
    }
    if (err != OK) {
        tcp_link_close(link, ERR_IO);
        tcp_pump(link->tcp);
    }
}

enum err tcp_link_dial(struct tcp_link *link, const struct tcp_target *target)
{
    link->port = target->port;
    if (target->name[0] == 0) {
        link->to = target->sockaddr;
        return start_connect(link);
    }
    link->state = TCP_LINK_LOOKING_UP;
    link->request.lookup.data = link;
    struct addrinfo hints = {.ai_family = target->family, .ai_socktype = SOCK_STREAM};
    uv_loop_t *uv = &link->tcp->cfg.loop->uv;
    if (uv_getaddrinfo(uv, &link->request.lookup, on_lookup, target->name, NULL, &hints) != 0) {
        return ERR_IO;
    }
    link->request_active = true;
    return OK;
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *ret_buffer)
{
    (void)hint;
    const struct tcp_link *link = handle->data;
    *ret_buffer = uv_buf_init((char *)link->tcp->read_buffer, TCP_BUFFER_LEN);
}

/* give offers bytes to the host until it has taken all, or takes no more for now. */
static void give(struct tcp_link *link, struct span *in)
{
    bool moved = true;
    while (in->n > 0 && moved && link->state != TCP_LINK_CLOSED) {
        size_t before = in->n;
        enum err err = host_link_recv(link->tcp->cfg.host, now_of(link), link->id, in);
        moved = tcp_poll(link->tcp) > 0 || in->n < before;
        if (err == ERR_CLOSED) {
            *in = SPAN_EMPTY;
        }
    }
    if (link->state == TCP_LINK_CLOSED) {
        *in = SPAN_EMPTY;
    }
}

/* hold keeps what the host did not take, and stops reading. */
static void hold(struct tcp_link *link, struct span rest)
{
    if (buf_append(&link->input, rest) != OK) {
        tcp_link_close(link, ERR_IO);
        return;
    }
    (void)uv_read_stop(stream_of(link));
    list_remove(&link->in_blocked);
    list_add_last(&link->tcp->blocked, &link->in_blocked);
}

/* unwrap gives the host what is inside of the bytes that a WebSocket brought; what it does not take waits with the
 * bytes behind it. */
static void unwrap(struct tcp_link *link, struct mspan raw)
{
    enum err err = OK;
    struct span in = SPAN_EMPTY;
    while (raw.n > 0 && err == OK && in.n == 0 && link->state != TCP_LINK_CLOSED) {
        err = websocket_pipe_recv(link->ws, &in, &raw);
        give(link, &in);
    }
    if (link->state == TCP_LINK_CLOSED) {
        return;
    }
    tcp_link_flush(link); /* an answer to the handshake, a pong, the goodbye */
    if (link->state == TCP_LINK_CLOSED) {
        return;
    }
    if (err != OK) {
        tcp_link_close(link, ERR_CLOSED);
    } else if (in.n > 0 && buf_append(&link->raw, span_const(raw)) == OK) {
        hold(link, in);
    } else if (in.n > 0) {
        tcp_link_close(link, ERR_IO);
    }
}

/* unseal opens the records that the socket brought and unwraps them; when the host takes no more, the rest waits. */
static void unseal(struct tcp_link *link, struct span sealed)
{
    enum err err = OK;
    while (sealed.n > 0 && err == OK && link->input.n == 0 && link->state != TCP_LINK_CLOSED) {
        struct mspan plain;
        err = tls_web_recv(link->tls, &plain, &sealed);
        unwrap(link, plain);
    }
    if (link->state == TCP_LINK_CLOSED) {
        return;
    }
    tls_web_let_go(link->tls);
    if (err != OK) {
        log_line(link->tcp->cfg.log, LOG_DEBUG, "net", "TLS of a WebSocket: %s",
                 link->tls->rule ? link->tls->rule : "the peer ended it");
        tcp_link_flush(link); /* the alert */
        tcp_link_close(link, err);
    } else if (buf_append(&link->sealed, sealed) != OK) {
        tcp_link_close(link, ERR_IO);
    }
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    struct tcp_link *link = stream->data;
    struct tcp *t = link->tcp;
    if (n == 0) {
        return;
    }
    throttle_charge(&t->throttle, n > 0 ? (size_t)n : 0);
    if (n < 0) {
        tcp_link_close(link, n == UV_EOF ? ERR_CLOSED : ERR_IO);
    } else if (link->tls) {
        unseal(link, span_of(buffer->base, (size_t)n));
    } else if (link->ws) {
        unwrap(link, mspan_of(buffer->base, (size_t)n));
    } else {
        struct span in = span_of(buffer->base, (size_t)n);
        give(link, &in);
        if (in.n > 0) {
            hold(link, in);
        }
    }
    tcp_pump(t);
}

/* retry_rest goes on with what waits behind the host's input. */
static void retry_rest(struct tcp_link *link)
{
    struct buf raw = link->raw;
    buf_init(&link->raw, raw.budget, raw.max);
    if (raw.n > 0) {
        list_remove(&link->in_blocked);
        unwrap(link, mspan_of(raw.p, raw.n)); /* which may put it among the blocked again */
    }
    buf_done(&raw);
    if (link->state == TCP_LINK_CLOSED || link->input.n > 0 || link->sealed.n == 0) {
        return;
    }
    struct buf sealed = link->sealed;
    buf_init(&link->sealed, sealed.budget, sealed.max);
    list_remove(&link->in_blocked);
    unseal(link, buf_span(&sealed));
    buf_done(&sealed);
}

void tcp_link_retry(struct tcp_link *link)
{
    struct span in = buf_span(&link->input);
    size_t before = in.n;
    give(link, &in);
    if (link->state == TCP_LINK_CLOSED) {
        return;
    }
    buf_consume(&link->input, before - in.n);
    if (in.n > 0) {
        return;
    }
    retry_rest(link);
    if (link->state != TCP_LINK_CLOSED && link->input.n == 0) {
        buf_trim(&link->input);
        list_remove(&link->in_blocked);
        (void)uv_read_start(stream_of(link), on_alloc, on_read);
    }
}

void tcp_link_begin(struct tcp_link *link)
{
    bool dialled = link->state == TCP_LINK_CONNECTING;
    link->state = TCP_LINK_OPEN;
    (void)uv_tcp_nodelay(&link->socket, 1);
    if (dialled) {
        struct sockaddr_storage local = {0};
        int len = sizeof local;
        uint8_t bytes[TCP_ADDR_LEN_MAX];
        struct wr w = wr_init(MSPAN_OF(bytes));
        if (uv_tcp_getsockname(&link->socket, (struct sockaddr *)&local, &len) == 0) {
            tcp_sockaddr_write(&w, &local);
        }
        host_link_up(link->tcp->cfg.host, link->id,
                     (struct host_link_args){.local = span_of(bytes, wr_ok(&w) ? w.n : 0),
                                             .now = now_of(link)});
    }
    (void)uv_read_start(stream_of(link), on_alloc, on_read);
}

/* ---- writing and closing ---- */

static void on_shutdown(uv_shutdown_t *request, int status)
{
    (void)status;
    struct tcp_link *link = request->handle->data;
    link->request_active = false;
    if (link->state == TCP_LINK_CLOSED) {
        free_if_unused(link);
        return;
    }
    tcp_link_close(link, ERR_CLOSED);
    tcp_pump(link->tcp);
}

static void on_write(uv_write_t *request, int status)
{
    struct tcp_link *link = request->handle->data;
    link->request_active = false;
    if (link->state == TCP_LINK_CLOSED) {
        free_if_unused(link);
        return;
    }
    buf_clear(&link->output);
    buf_trim(&link->output);
    if (status != 0) {
        tcp_link_close(link, ERR_IO);
    } else {
        tcp_link_flush(link);
    }
    tcp_pump(link->tcp);
}

/* collect fills out from the host. */
static size_t collect(struct tcp_link *link, struct mspan out)
{
    struct tcp *t = link->tcp;
    instant now = now_of(link);
    size_t n = 0;
    while (out.n - n >= FRAME_ROOM) {
        struct mspan room = mspan_from(out, n);
        size_t said = host_link_send(t->cfg.host, now, link->id, room);
        if (said == 0) {
            break;
        }
        n += said;
    }
    return n;
}

/* collect_wrapped is the same with a WebSocket around it; what it returns lies somewhere in out. */
static struct span collect_wrapped(struct tcp_link *link, struct mspan out)
{
    size_t n = websocket_pipe_send(link->ws, out);
    if (n > 0) {
        return span_of(out.p, n);
    }
    if (link->ws->state != WEBSOCKET_PIPE_OPEN) {
        return SPAN_EMPTY;
    }
    n = collect(link, websocket_pipe_room(out));
    if (n > 0) {
        return websocket_pipe_wrap(link->ws, out, n);
    }
    if (link->state == TCP_LINK_CLOSING) {
        websocket_pipe_close(link->ws);
    }
    return span_of(out.p, websocket_pipe_send(link->ws, out));
}

/* collect_sealed is the same with TLS around that. */
static struct span collect_sealed(struct tcp_link *link, struct mspan out)
{
    size_t n = tls_web_send(link->tls, out);
    if (n > 0 || !tls_web_can_seal(link->tls)) {
        return span_of(out.p, n);
    }
    struct span plain = collect_wrapped(link, mspan_from(out, TLS_WEB_ROOM));
    if (plain.n > 0) {
        return span_of(out.p, tls_web_seal(link->tls, out, plain));
    }
    if (link->state == TCP_LINK_CLOSING) {
        tls_web_close(link->tls);
    }
    return span_of(out.p, tls_web_send(link->tls, out));
}

/* collect_all fills the write buffer with what is to be written now. */
static struct span collect_all(struct tcp_link *link)
{
    struct mspan out = mspan_of(link->tcp->write_buffer, TCP_BUFFER_LEN);
    if (link->tls) {
        return collect_sealed(link, out);
    }
    return link->ws ? collect_wrapped(link, out) : span_of(out.p, collect(link, out));
}

/* write_rest has libuv wait for the socket with what it did not take now. */
static enum err write_rest(struct tcp_link *link, struct span rest)
{
    TRY(buf_append(&link->output, rest));
    uv_buf_t b = uv_buf_init((char *)link->output.p, (unsigned)link->output.n);
    if (uv_write(&link->request.write, stream_of(link), &b, 1, on_write) != 0) {
        return ERR_IO;
    }
    link->request_active = true;
    return OK;
}

/* write_out gives bytes, which lie in the write buffer, to the socket. */
static enum err write_out(struct tcp_link *link, struct span bytes)
{
    uv_buf_t b = uv_buf_init((char *)(uintptr_t)bytes.p, (unsigned)bytes.n);
    int written = uv_try_write(stream_of(link), &b, 1);
    if (written < 0 && written != UV_EAGAIN) {
        return ERR_IO;
    }
    size_t done = written > 0 ? (size_t)written : 0;
    return done == bytes.n ? OK : write_rest(link, span_from(bytes, done));
}

void tcp_links_feed(struct tcp *t)
{
    struct list now_hungry;
    list_init(&now_hungry);
    for (struct list *n = list_first(&t->hungry); n; n = list_first(&t->hungry)) {
        list_remove(n);
        list_add_last(&now_hungry, n);
    }
    for (struct list *n = list_first(&now_hungry); n; n = list_first(&now_hungry)) {
        list_remove(n);
        tcp_link_flush(list_entry(n, struct tcp_link, in_hungry));
    }
    tcp_pump(t);
}

static void on_idle(uv_idle_t *idle)
{
    (void)uv_idle_stop(idle);
    tcp_links_feed(idle->data);
}

/* True: it has to wait for the bound on bytes a second. */
static bool is_throttled(struct tcp_link *link)
{
    struct tcp *t = link->tcp;
    if (throttle_allows(&t->throttle, now_of(link))) {
        return false;
    }
    list_remove(&link->in_hungry);
    list_add_last(&t->hungry, &link->in_hungry);
    alarm_set(&t->throttle_alarm, throttle_opens(&t->throttle));
    return true;
}

static void shut(struct tcp_link *link)
{
    if (uv_shutdown(&link->request.shutdown, stream_of(link), on_shutdown) != 0) {
        tcp_link_close(link, ERR_CLOSED);
        return;
    }
    link->request_active = true;
}

void tcp_link_flush(struct tcp_link *link)
{
    bool may_write = link->state == TCP_LINK_OPEN || link->state == TCP_LINK_CLOSING;
    size_t total = 0;
    while (may_write && !link->request_active) {
        if (total >= TCP_TURN_LEN_MAX) {
            list_remove(&link->in_hungry);
            list_add_last(&link->tcp->hungry, &link->in_hungry);
            (void)uv_idle_start(&link->tcp->idle, on_idle);
            return;
        }
        if (is_throttled(link)) {
            return;
        }
        struct span bytes = collect_all(link);
        if (bytes.n == 0 && link->state == TCP_LINK_CLOSING) {
            shut(link);
            return;
        }
        if (bytes.n == 0) {
            return;
        }
        if (write_out(link, bytes) != OK) {
            tcp_link_close(link, ERR_IO);
            return;
        }
        total += bytes.n;
        throttle_charge(&link->tcp->throttle, bytes.n);
    }
}

void tcp_link_finish(struct tcp_link *link)
{
    if (link->state != TCP_LINK_OPEN) {
        if (link->state != TCP_LINK_CLOSING) {
            tcp_link_close(link, ERR_CLOSED);
        }
        return;
    }
    link->state = TCP_LINK_CLOSING;
    list_remove(&link->in_blocked);
    (void)uv_read_stop(stream_of(link));
    link->close_by = instant_add(now_of(link), TCP_CLOSE_TIMEOUT_MS * US_PER_MS);
    list_add_last(&link->tcp->closing, &link->in_closing);
    tcp_link_flush(link);
}
