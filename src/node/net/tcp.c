/*~ The driver of a host. Everything that a peer can cause comes through on_connection here, or through a
 * link's callbacks in tcp_link.c; each ends in tcp_pump, which moves events and bytes until all is quiet
 * and then sets the one alarm. */
#include "node/net/tcp.h"

#include "base/check.h"
#include "base/mem.h"
#include "codec/multiaddr.h"
#include "node/net/dnsaddr.h"
#include "node/net/tcp_addr.h"
#include "node/net/tcp_link.h"
#include "node/net/tcp_port.h"
#include "p2p/ws_addr.h"

#include <inttypes.h>

static instant now_of(const struct tcp *t)
{
    return loop_now(t->cfg.loop);
}

static bool is_udp(struct span addr)
{
    struct multiaddr_part part;
    return multiaddr_find(&part, addr, MULTIADDR_UDP);
}

MUST_CHECK static enum err secure_client(struct tcp_link *link, struct span addr)
{
    struct tcp *t = link->tcp;
    uint8_t name[TCP_NAME_LEN_MAX + 8];
    struct wr w = wr_init(MSPAN_OF(name));
    tcp_addr_tls_name(&w, addr);
    TRY(wr_end(&w));
    if (!t->web_client.ctx) {
        TRY(tls_web_context_dial(&t->web_client, t->cfg.web_cas));
    }
    return tcp_link_secure(link, span_of(name, w.n));
}

/* wrap_client puts around it what the address says. */
MUST_CHECK static enum err wrap_client(struct tcp_link *link, struct span addr)
{
    struct ws_addr ws;
    uint8_t host[TCP_NAME_LEN_MAX + 8];
    struct wr w = wr_init(MSPAN_OF(host));
    if (!ws_addr_find(&ws, addr)) {
        return OK;
    }
    tcp_addr_http_host(&w, addr);
    TRY(wr_end(&w));
    TRY(tcp_link_wrap(link, span_of(host, w.n)));
    return ws.is_tls ? secure_client(link, addr) : OK;
}

MUST_CHECK static enum err wrap_server(struct tcp_link *link, const struct tcp_listener *l)
{
    if (l->is_ws) {
        TRY(tcp_link_wrap(link, SPAN_EMPTY));
    }
    return l->is_tls ? tcp_link_secure(link, SPAN_EMPTY) : OK;
}

static void dial(struct tcp *t, const struct host_event *e)
{
    if (dnsaddr_is(e->addr)) {
        dnsaddr_dial(t, e);
        return;
    }
    if (is_udp(e->addr)) {
        udp_dial(&t->udp, e);
        return;
    }
    struct tcp_target target;
    struct tcp_link *link = NULL;
    host_link id = e->link;
    enum err err = tcp_target_of(&target, e->addr);
    if (err == OK) {
        err = tcp_link_new(t, &link);
    }
    if (err == OK) {
        err = tcp_link_register(link, id);
    }
    if (err == OK) {
        err = wrap_client(link, e->addr);
    }
    if (err == OK) {
        err = tcp_link_dial(link, &target);
    }
    if (err == OK) {
        return;
    }
    bool registered = link && link->id.id != 0;
    if (link) {
        tcp_link_close(link, ERR_IO);
    }
    if (!registered) {
        host_link_closed(t->cfg.host, now_of(t), id, ERR_IO);
    }
}

/* say tells the log why somebody left or was turned away. */
static void say(const struct tcp *t, const struct host_event *e)
{
    const struct refusal *r = &e->refusal;
    char id[PEER_ID_TEXT_MAX];
    peer_id_print(id, &e->peer);
    if (e->kind == HOST_EVENT_PEER_DISCONNECTED) {
        log_line(t->cfg.log, LOG_DEBUG, "net", "peer %s left: %s", id,
                 e->rule ? e->rule : err_name(e->err));
    } else if (e->kind == HOST_EVENT_REFUSED && r->limit == 0) {
        log_line(t->cfg.log, LOG_DEBUG, "net", "turned away: %s", r->reason ? r->reason : "a rule");
    } else if (e->kind == HOST_EVENT_REFUSED) {
        log_line(t->cfg.log, LOG_DEBUG, "net", "turned away: %s; %s has %" PRIu64 " of %" PRIu64,
                 r->reason ? r->reason : "a limit", r->scope ? r->scope : "it", r->value, r->limit);
    }
}

static void on_host_event(struct tcp *t, const struct host_event *e)
{
    struct tcp_link *link = NULL;
    say(t, e);
    if (e->kind == HOST_EVENT_DIAL) {
        dial(t, e);
    } else if (e->kind == HOST_EVENT_LINK_CLOSE) {
        link = tcp_link_find(t, e->link);
        if (link) {
            tcp_link_finish(link);
        } else {
            udp_finish(&t->udp, e->link);
        }
    } else if (t->cfg.on_event) {
        t->cfg.on_event(t->cfg.user, e);
    }
}

size_t tcp_poll(struct tcp *t)
{
    size_t count = 0;
    struct host_event e;
    while (!t->is_done && host_poll(t->cfg.host, &e)) {
        on_host_event(t, &e);
        count++;
    }
    return count;
}

static void retry_blocked(struct tcp *t)
{
    struct list *next;
    for (struct list *n = list_first(&t->blocked); n; n = next) {
        next = list_next(&t->blocked, n);
        tcp_link_retry(list_entry(n, struct tcp_link, in_blocked));
    }
}

static void flush_sendable(struct tcp *t)
{
    host_link id;
    while (!t->is_done && host_next_sendable(t->cfg.host, &id)) {
        struct tcp_link *link = tcp_link_find(t, id);
        if (link) {
            tcp_link_flush(link);
        } else {
            udp_flush(&t->udp, id);
        }
        (void)tcp_poll(t);
    }
}

static void set_alarm(struct tcp *t)
{
    instant at = host_deadline(t->cfg.host);
    struct list *first = list_first(&t->closing);
    if (first) {
        at = instant_min(at, list_entry(first, struct tcp_link, in_closing)->close_by);
    }
    if (!list_is_empty(&t->blocked)) {
        at = instant_min(at, instant_add(now_of(t), TCP_RETRY_MS * US_PER_MS));
    }
    alarm_set(&t->alarm, at);
}

static void on_throttle(void *user)
{
    tcp_links_feed(user);
}

void tcp_set_rate(struct tcp *t, uint64_t bytes_per_s)
{
    throttle_set(&t->throttle, bytes_per_s, now_of(t));
    alarm_set(&t->throttle_alarm, now_of(t));
}

void tcp_pump(struct tcp *t)
{
    if (t->pumping || t->is_done) {
        t->pump_again = true;
        return;
    }
    t->pumping = true;
    do {
        t->pump_again = false;
        (void)tcp_poll(t);
        retry_blocked(t);
        flush_sendable(t);
    } while (t->pump_again || tcp_poll(t) > 0);
    t->pumping = false;
    if (!t->is_done) {
        set_alarm(t);
    }
}

static void on_alarm(void *user)
{
    struct tcp *t = user;
    instant now = now_of(t);
    host_tick(t->cfg.host, now);
    for (struct list *n = list_first(&t->closing); n; n = list_first(&t->closing)) {
        struct tcp_link *link = list_entry(n, struct tcp_link, in_closing);
        if (!instant_reached(link->close_by, now)) {
            break;
        }
        tcp_link_close(link, ERR_TIMEOUT);
    }
    tcp_pump(t);
}

enum err tcp_init(struct tcp *t, const struct tcp_cfg *cfg)
{
    *t = (struct tcp){.cfg = *cfg};
    TRY(udp_init(&t->udp, t));
    void *read_buffer;
    void *write_buffer;
    enum err err = mem_alloc(cfg->budget, &read_buffer, TCP_BUFFER_LEN);
    if (err != OK) {
        udp_done(&t->udp);
        return err;
    }
    err = mem_alloc(cfg->budget, &write_buffer, TCP_BUFFER_LEN);
    if (err != OK) {
        mem_free(cfg->budget, read_buffer, TCP_BUFFER_LEN);
        udp_done(&t->udp);
        return err;
    }
    t->read_buffer = read_buffer;
    t->write_buffer = write_buffer;
    list_init(&t->closing);
    list_init(&t->blocked);
    list_init(&t->hungry);
    /* The keys are our own numbers, so the hash needs no secret seed. */
    map_init(&t->links, cfg->budget, (struct map_cfg){.count_max = TCP_LINKS_MAX});
    alarm_init(&t->alarm, cfg->loop, on_alarm, t);
    alarm_init(&t->throttle_alarm, cfg->loop, on_throttle, t);
    check(uv_idle_init(&cfg->loop->uv, &t->idle) == 0);
    t->idle.data = t;
    return OK;
}

static void on_connection(uv_stream_t *listener, int status);

static void on_refused_closed(uv_handle_t *handle)
{
    struct tcp *t = handle->data;
    t->refusing = false;
    for (size_t i = 0; i < TCP_LISTENERS_MAX && !t->is_done; i++) {
        if (t->listeners[i].used && t->listeners[i].waits) {
            t->listeners[i].waits = false;
            on_connection((uv_stream_t *)&t->listeners[i].socket, 0);
        }
    }
}

/* refuse takes a connection off the listener, which libuv wants before it offers the next one, and closes
 * it: without memory for a link, so with the one socket that is kept for this. */
static void refuse(struct tcp *t, uv_stream_t *listener)
{
    struct tcp_listener *l = listener->data;
    if (t->refusing) {
        l->waits = true;
        return;
    }
    t->refusing = true;
    check(uv_tcp_init(&t->cfg.loop->uv, &t->refused) == 0);
    t->refused.data = t;
    (void)uv_accept(listener, (uv_stream_t *)&t->refused);
    uv_close((uv_handle_t *)&t->refused, on_refused_closed);
}

static void accept_link(struct tcp *t, uv_stream_t *listener)
{
    struct tcp_link *link;
    if (tcp_link_new(t, &link) != OK) {
        refuse(t, listener);
        return;
    }
    struct sockaddr_storage remote = {0};
    int len = sizeof remote;
    uint8_t bytes[TCP_ADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(bytes));
    host_link id;
    if (uv_accept(listener, (uv_stream_t *)&link->socket) != 0 ||
        uv_tcp_getpeername(&link->socket, (struct sockaddr *)&remote, &len) != 0) {
        tcp_link_close(link, ERR_IO);
        return;
    }
    tcp_sockaddr_write(&w, &remote);
    const struct tcp_listener *l = listener->data;
    if (l->is_ws) {
        ws_addr_write(&w, l->is_tls);
    }
    if (wrap_server(link, l) != OK) {
        tcp_link_close(link, ERR_CLOSED);
        return;
    }
    struct host_link_args args = {
        .local = span_of(l->addr, l->addr_len), .remote = span_of(bytes, w.n), .now = now_of(t)};
    if (host_link_open(t->cfg.host, &id, NULL, args) != OK) {
        tcp_link_close(link, ERR_CLOSED);
        return;
    }
    if (tcp_link_register(link, id) != OK) {
        tcp_link_close(link, ERR_CLOSED);
        host_link_closed(t->cfg.host, now_of(t), id, ERR_IO);
        return;
    }
    link->state = TCP_LINK_OPEN;
    tcp_link_begin(link);
}

static void on_connection(uv_stream_t *listener, int status)
{
    const struct tcp_listener *l = listener->data;
    struct tcp *t = l->tcp;
    if (status == 0 && !t->is_done) {
        accept_link(t, listener);
        tcp_pump(t);
    }
}

static struct tcp_listener *free_listener(struct tcp *t)
{
    for (size_t i = 0; i < TCP_LISTENERS_MAX; i++) {
        if (!t->listeners[i].used) {
            return &t->listeners[i];
        }
    }
    return NULL;
}

MUST_CHECK static enum err bind_and_listen(struct tcp_listener *l, const struct tcp_target *target)
{
    unsigned flags = target->family == AF_INET6 ? UV_TCP_IPV6ONLY : 0;
    struct sockaddr_storage local = {0};
    int len = sizeof local;
    if (uv_tcp_bind(&l->socket, (const struct sockaddr *)&target->sockaddr, flags) != 0 ||
        uv_listen((uv_stream_t *)&l->socket, TCP_BACKLOG, on_connection) != 0 ||
        uv_tcp_getsockname(&l->socket, (struct sockaddr *)&local, &len) != 0) {
        return ERR_IO;
    }
    struct wr w = wr_init(MSPAN_OF(l->addr));
    tcp_sockaddr_write(&w, &local);
    if (l->is_ws) {
        ws_addr_write(&w, l->is_tls);
    }
    TRY(wr_end(&w));
    l->addr_len = w.n;
    return OK;
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct tcp_listener *l = handle->data;
    l->used = false;
}

enum err tcp_listen(struct tcp *t, struct span *ret_addr, struct span addr)
{
    struct tcp_target target;
    if (is_udp(addr)) {
        return udp_listen(&t->udp, ret_addr, addr);
    }
    TRY(tcp_target_of(&target, addr));
    struct ws_addr ws = {0};
    bool is_ws = ws_addr_find(&ws, addr);
    if (target.name[0] != 0 || (is_ws && !t->cfg.rng)) {
        return ERR_UNSUPPORTED;
    }
    if (ws.is_tls && !t->web_server.ctx) {
        return ERR_STATE;
    }
    struct tcp_listener *l = free_listener(t);
    if (!l) {
        return ERR_LIMIT;
    }
    *l = (struct tcp_listener){.tcp = t, .used = true, .is_ws = is_ws, .is_tls = ws.is_tls};
    check(uv_tcp_init(&t->cfg.loop->uv, &l->socket) == 0);
    l->socket.data = l;
    enum err err = bind_and_listen(l, &target);
    if (err != OK) {
        uv_close((uv_handle_t *)&l->socket, on_listener_closed);
        return err;
    }
    if (t->cfg.one_port && !is_ws) {
        struct multiaddr_part part;
        tcp_port_share(&l->socket);
        if (multiaddr_find(&part, span_of(l->addr, l->addr_len), MULTIADDR_TCP)) {
            t->ports[target.family == AF_INET6] = multiaddr_part_port(&part);
        }
    }
    if (ret_addr) {
        *ret_addr = span_of(l->addr, l->addr_len);
    }
    return OK;
}

static void on_idle_closed(uv_handle_t *handle)
{
    struct tcp *t = handle->data;
    t->is_closed = true;
}

bool tcp_is_gone(const struct tcp *t)
{
    return t->is_closed && t->held == 0;
}

void tcp_done(struct tcp *t)
{
    if (!t->cfg.loop || t->is_done) {
        return;
    }
    t->is_done = true;
    uv_close((uv_handle_t *)&t->idle, on_idle_closed); /* what is closed first is told last */
    udp_done(&t->udp);
    while (t->links.count > 0) {
        tcp_link_close(map_at(&t->links, 0)->value, ERR_CLOSED);
    }
    for (size_t i = 0; i < TCP_LISTENERS_MAX; i++) {
        if (t->listeners[i].used && !uv_is_closing((uv_handle_t *)&t->listeners[i].socket)) {
            uv_close((uv_handle_t *)&t->listeners[i].socket, on_listener_closed);
        }
    }
    alarm_done(&t->alarm);
    alarm_done(&t->throttle_alarm);
    map_done(&t->links);
    tls_web_context_done(&t->web_server);
    tls_web_context_done(&t->web_client);
    mem_free(t->cfg.budget, t->read_buffer, TCP_BUFFER_LEN);
    mem_free(t->cfg.budget, t->write_buffer, TCP_BUFFER_LEN);
}
