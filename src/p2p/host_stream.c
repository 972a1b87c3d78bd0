/* Streams of a host: by number for the application, by protocol for whoever serves them. */
#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "p2p/host_state.h"

#include <string.h>

/* What an entry of the protocol table becomes when it is no longer served: nobody proposes it. */
static const struct span RETIRED = {(const uint8_t *)"\0", 1};

struct host_stream_state *host_stream_find(const struct host *h, host_stream stream)
{
    return map_find(&h->streams, span_of(&stream.id, sizeof stream.id));
}

/* ---- the protocol table ---- */

size_t host_protocol_index(const struct host *h, struct span id)
{
    for (size_t i = 0; i < h->protocols.count; i++) {
        if (span_equal(h->protocol_ids[i], id)) {
            return i;
        }
    }
    return HOST_PROTOCOLS_MAX;
}

static void tell_peers_soon(struct host *h)
{
    h->push_at = instant_min(h->push_at, instant_add(h->now, 100 * US_PER_MS));
}

enum err host_handle(struct host *h, const char *protocol, struct host_protocol_args args)
{
    struct span id = span_str(protocol);
    check(id.n > 0);
    check(id.n <= HOST_PROTOCOL_LEN_MAX);
    if (host_protocol_index(h, id) != HOST_PROTOCOLS_MAX) {
        return ERR_STATE;
    }
    size_t i = 0;
    while (i < h->protocols.count && !(span_equal(h->protocol_ids[i], RETIRED) &&
                                       h->protocol_table[i].streams_in_count == 0)) {
        i++;
    }
    if (i == HOST_PROTOCOLS_MAX) {
        return ERR_LIMIT;
    }
    h->protocol_ids[i] = id;
    h->relayed_protocol_ids[i] = args.relayed_ok ? id : RETIRED;
    h->protocol_table[i] = (struct host_protocol){.args = args};
    h->protocols.count = max_size(h->protocols.count, i + 1);
    h->relayed_protocols.count = h->protocols.count;
    tell_peers_soon(h);
    return OK;
}

void host_unhandle(struct host *h, const char *protocol)
{
    size_t i = host_protocol_index(h, span_str(protocol));
    if (i < HOST_PROTOCOLS_MAX) {
        h->protocol_ids[i] = RETIRED;
        h->relayed_protocol_ids[i] = RETIRED;
        tell_peers_soon(h);
    }
}

static uint32_t count_of_peer(const struct host_peer *p, size_t protocol)
{
    uint32_t count = 0;
    for (struct list *c = list_first(&p->conns); c; c = list_next(&p->conns, c)) {
        struct host_conn *hc = list_entry(c, struct host_conn, in_peer);
        for (struct list *l = list_first(&hc->streams); l; l = list_next(&hc->streams, l)) {
            const struct host_stream_state *s = list_entry(l, struct host_stream_state, in_conn);
            count += s->inbound && s->protocol_index == protocol;
        }
    }
    return count;
}

MUST_CHECK static enum err
check_protocol_limits(struct host *h, const struct host_conn *hc, size_t protocol)
{
    const struct host_protocol *p = &h->protocol_table[protocol];
    if (p->args.streams_in_max > 0 && p->streams_in_count >= p->args.streams_in_max) {
        struct refusal r = {"incoming streams of this protocol", "protocol", p->streams_in_count,
                            p->args.streams_in_max};
        return host_refuse(h, NULL, r, &hc->peer_id);
    }
    if (p->args.streams_in_per_peer_max > 0) {
        uint32_t count = count_of_peer(hc->peer, protocol);
        if (count >= p->args.streams_in_per_peer_max) {
            struct refusal r = {"incoming streams of this protocol and peer", "peer", count,
                                p->args.streams_in_per_peer_max};
            return host_refuse(h, NULL, r, &hc->peer_id);
        }
    }
    return OK;
}

/* ---- making and freeing ---- */

void host_stream_free(struct host *h, struct host_stream_state *s)
{
    host_builtin_end(h, s, ERR_CLOSED);
    heap_remove(&h->timers, &s->timer.node);
    list_remove(&s->in_conn);
    list_remove(&s->in_dying);
    struct host_conn *hc = s->conn;
    if (hc->peer && s->cs) {
        hc->peer->streams_count--;
    }
    if (s->inbound) {
        h->protocol_table[s->protocol_index].streams_in_count--;
    }
    check(map_remove(&h->streams, span_of(&s->id.id, sizeof s->id.id)) == s);
    mem_free(&hc->budget, s, sizeof *s);
}

void host_stream_drop(struct host *h, struct host_stream_state *s)
{
    struct host_conn *hc = s->conn;
    if (s->cs) {
        conn_stream_reset(&hc->conn, s->cs, 0);
        host_conn_touch(h, hc);
    }
    host_stream_free(h, s);
}

MUST_CHECK static enum err
stream_new(struct host *h, struct host_stream_state **ret_stream, struct host_conn *hc)
{
    void *p;
    TRY(mem_alloc(&hc->budget, &p, sizeof(struct host_stream_state)));
    struct host_stream_state *s = p;
    s->id.id = ++h->next_id;
    s->conn = hc;
    s->timer.kind = HOST_TIMER_STREAM;
    enum err e = map_add(&h->streams, span_of(&s->id.id, sizeof s->id.id), s);
    if (e != OK) {
        mem_free(&hc->budget, s, sizeof *s);
        return e;
    }
    list_add_last(&hc->streams, &s->in_conn);
    *ret_stream = s;
    return OK;
}

enum err host_stream_start(struct host *h,
                           struct host_stream_state **ret_stream,
                           struct refusal *ret_refusal,
                           struct host_stream_args args)
{
    struct host_conn *hc = args.conn;
    struct host_stream_state *s;
    host_share(h, hc);
    if (stream_new(h, &s, hc) != OK) {
        struct refusal r = host_memory_refusal(&hc->budget, sizeof(struct host_stream_state));
        return host_refuse(h, ret_refusal, r, &hc->peer_id);
    }
    s->user = args.user;
    s->protocol = args.protocol;
    struct refusal r = host_memory_refusal(&hc->budget, sizeof(struct host_builtin));
    enum err e = args.builtin ? host_builtin_new(h, s, args.builtin) : OK;
    if (e == OK) {
        struct conn_open_args open = {.protocol = args.protocol,
                                      .lazy = args.known ||
                                              host_peer_speaks(h, &hc->peer_id, args.protocol),
                                      .user = s};
        e = conn_open_stream(&hc->conn, &s->cs, &r, open);
    }
    if (e != OK) {
        host_stream_free(h, s);
        return e == ERR_LIMIT ? host_refuse(h, ret_refusal, r, &hc->peer_id) : e;
    }
    hc->peer->streams_count++;
    host_conn_touch(h, hc);
    *ret_stream = s;
    return OK;
}

enum err host_open_stream(struct host *h,
                          host_stream *ret_stream,
                          struct refusal *ret_refusal,
                          struct host_open_args args)
{
    struct host_peer *p = host_peer_get(h, args.peer);
    if (!p || list_is_empty(&p->conns)) {
        return ERR_NOT_FOUND;
    }
    if (!args.relayed_ok && host_peer_is_relayed(p)) {
        return ERR_STATE;
    }
    struct host_stream_state *s;
    TRY(host_stream_start(h, &s, ret_refusal,
                          (struct host_stream_args){
                              .conn = list_entry(list_first(&p->conns), struct host_conn, in_peer),
                              .protocol = span_str(args.protocol),
                              .user = args.user,
                              .known = args.known}));
    *ret_stream = s->id;
    return OK;
}

/* ---- events ---- */

static struct host_event event_of(const struct host_stream_state *s, enum host_event_kind kind)
{
    return (struct host_event){.kind = kind,
                               .link = s->conn->link,
                               .stream = s->id,
                               .peer = s->conn->peer_id,
                               .protocol = s->protocol,
                               .inbound = s->inbound,
                               .user = s->user};
}

/* on_inbound takes in a stream whose protocol the peer has chosen from our table. */
static bool on_inbound(struct host *h,
                       struct host_event *ret_event,
                       struct host_conn *hc,
                       struct conn_stream *cs)
{
    size_t protocol = host_protocol_index(h, cs->protocol);
    struct host_stream_state *s;
    if (protocol == HOST_PROTOCOLS_MAX || check_protocol_limits(h, hc, protocol) != OK) {
        conn_stream_reset(&hc->conn, cs, 0);
        return false;
    }
    if (stream_new(h, &s, hc) != OK) {
        (void)host_refuse(h, NULL, host_memory_refusal(&hc->budget, sizeof *s), &hc->peer_id);
        conn_stream_reset(&hc->conn, cs, 0);
        return false;
    }
    s->cs = cs;
    cs->user = s;
    s->inbound = true;
    s->protocol = cs->protocol;
    s->protocol_index = protocol;
    h->protocol_table[protocol].streams_in_count++;
    hc->peer->streams_count++;
    enum host_builtin_kind builtin = h->protocol_table[protocol].builtin;
    if (builtin == HOST_BUILTIN_NONE) {
        *ret_event = event_of(s, HOST_EVENT_STREAM_OPENED);
        return true;
    }
    if (host_builtin_new(h, s, builtin) != OK) {
        (void)host_refuse(h, NULL, host_memory_refusal(&hc->budget, sizeof(struct host_builtin)),
                          &hc->peer_id);
        host_stream_drop(h, s);
        return false;
    }
    host_builtin_on_event(h, s,
                          &(struct conn_event){.kind = CONN_EVENT_STREAM_OPENED, .stream = cs});
    return false;
}

static enum host_event_kind kind_of(enum conn_event_kind kind)
{
    switch (kind) {
    case CONN_EVENT_STREAM_OPENED:   return HOST_EVENT_STREAM_OPENED;
    case CONN_EVENT_STREAM_DATA:     return HOST_EVENT_STREAM_DATA;
    case CONN_EVENT_STREAM_FIN:      return HOST_EVENT_STREAM_FIN;
    case CONN_EVENT_STREAM_WRITABLE: return HOST_EVENT_STREAM_WRITABLE;
    case CONN_EVENT_STREAM_CLOSED:   return HOST_EVENT_STREAM_CLOSED;
    case CONN_EVENT_READY:
    case CONN_EVENT_STREAM_RESET:
    case CONN_EVENT_REFUSED:
    case CONN_EVENT_CLOSED:          break;
    }
    return HOST_EVENT_STREAM_RESET;
}

bool host_stream_on_event(struct host *h,
                          struct host_event *ret_event,
                          struct host_conn *hc,
                          const struct conn_event *e)
{
    struct host_stream_state *s = e->user;
    if (e->kind == CONN_EVENT_STREAM_OPENED && e->stream->inbound) {
        return on_inbound(h, ret_event, hc, e->stream);
    }
    check(s);
    bool is_last = e->kind == CONN_EVENT_STREAM_CLOSED || e->kind == CONN_EVENT_STREAM_RESET;
    if (s->builtin && !is_last) {
        host_builtin_on_event(h, s, e);
        return false;
    }
    bool is_ours = s->builtin;
    *ret_event = event_of(s, kind_of(e->kind));
    ret_event->data = e->data;
    ret_event->err = e->err;
    ret_event->rule = e->rule;
    ret_event->code = e->code;
    s->held += e->data.n;
    if (is_last) {
        host_builtin_end(h, s, e->err);
        host_stream_free(h, s);
    }
    return !is_ours;
}

void host_streams_end(struct host *h, struct host_conn *hc, enum err e, const char *rule)
{
    struct list *next;
    for (struct list *l = list_first(&hc->streams); l; l = next) {
        next = list_next(&hc->streams, l);
        struct host_stream_state *s = list_entry(l, struct host_stream_state, in_conn);
        if (s->builtin) {
            host_builtin_end(h, s, e == OK ? ERR_CLOSED : e);
            host_stream_free(h, s);
            continue;
        }
        if (hc->peer && s->cs) {
            hc->peer->streams_count--;
        }
        s->cs = NULL; /* goes with the connection */
        s->err = e == OK ? ERR_CLOSED : e;
        s->rule = rule;
        list_add_last(&h->dying, &s->in_dying);
    }
}

bool host_stream_poll(struct host *h, struct host_event *ret_event)
{
    struct list *first = list_first(&h->dying);
    if (!first) {
        return false;
    }
    struct host_stream_state *s = list_entry(first, struct host_stream_state, in_dying);
    struct host_conn *hc = s->conn;
    *ret_event = event_of(s, HOST_EVENT_STREAM_RESET);
    ret_event->err = s->err;
    ret_event->rule = s->rule;
    host_stream_free(h, s);
    host_conn_maybe_free(h, hc);
    return true;
}

/* ---- commands ---- */

size_t host_stream_write(struct host *h, host_stream stream, struct span data)
{
    struct host_stream_state *s = host_stream_find(h, stream);
    if (!s || !s->cs) {
        return 0;
    }
    host_share(h, s->conn);
    size_t n = conn_stream_write(&s->conn->conn, s->cs, data);
    host_conn_touch(h, s->conn);
    return n;
}

size_t host_stream_writable_len(const struct host *h, host_stream stream)
{
    const struct host_stream_state *s = host_stream_find(h, stream);
    return s && s->cs ? conn_stream_writable_len(&s->conn->conn, s->cs) : 0;
}

void host_stream_close_write(struct host *h, host_stream stream)
{
    struct host_stream_state *s = host_stream_find(h, stream);
    if (s && s->cs) {
        conn_stream_close_write(&s->conn->conn, s->cs);
        host_conn_touch(h, s->conn);
    }
}

void host_stream_reset(struct host *h, host_stream stream, uint32_t code)
{
    struct host_stream_state *s = host_stream_find(h, stream);
    if (!s) {
        return;
    }
    struct host_conn *hc = s->conn;
    if (s->cs) {
        conn_stream_reset(&hc->conn, s->cs, code);
        host_conn_touch(h, hc);
    }
    host_stream_free(h, s);
    host_conn_maybe_free(h, hc);
}

void host_stream_consume(struct host *h, host_stream stream, size_t n)
{
    struct host_stream_state *s = host_stream_find(h, stream);
    if (!s || !s->cs) {
        return;
    }
    check(n <= s->held);
    s->held -= n;
    conn_stream_consume(&s->conn->conn, s->cs, n);
    host_conn_touch(h, s->conn);
}

void host_stream_set_user(struct host *h, host_stream stream, void *user)
{
    struct host_stream_state *s = host_stream_find(h, stream);
    if (s) {
        s->user = user;
    }
}

bool host_stream_peer(const struct host *h, struct peer_id *ret_peer, host_stream stream)
{
    const struct host_stream_state *s = host_stream_find(h, stream);
    if (s) {
        *ret_peer = s->conn->peer_id;
    }
    return s;
}

enum err host_stream_channel(const struct host *h, struct hash32 *ret_channel, host_stream stream)
{
    const struct host_stream_state *s = host_stream_find(h, stream);
    if (!s || !s->conn->conn_is_made) {
        return ERR_NOT_FOUND;
    }
    return conn_channel(&s->conn->conn, ret_channel) == OK ? OK : ERR_UNSUPPORTED;
}
