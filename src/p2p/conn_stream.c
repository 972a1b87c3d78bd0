/* Streams of a connection: libp2p specs, connections/README.md, "Opening New Streams Over a Connection": each
 * negotiates its protocol with multistream before it carries anything else. */
#include "p2p/conn_stream.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "p2p/conn_mux.h"

static struct conn_event event_of(struct conn_stream *s, enum conn_event_kind kind)
{
    return (struct conn_event){.kind = kind, .stream = s, .user = s->user};
}

void conn_stream_free(struct conn *c, struct conn_stream *s)
{
    conn_select_free(c, s->select);
    list_remove(&s->in_selecting);
    list_remove(&s->in_streams);
    if (c->rest_stream == s) {
        c->rest_stream = NULL;
        c->rest = SPAN_EMPTY;
    }
    c->streams_count--;
    mem_free(c->cfg.budget, s, sizeof *s);
}

MUST_CHECK static enum err
stream_new(struct conn *c, struct conn_stream **ret_stream, struct conn_select_args args)
{
    void *p;
    TRY(mem_alloc(c->cfg.budget, &p, sizeof(struct conn_stream)));
    struct conn_stream *s = p;
    args.timeout_us = c->cfg.stream_timeout_us;
    enum err e = conn_select_new(c, &s->select, args);
    if (e != OK) {
        mem_free(c->cfg.budget, s, sizeof *s);
        return e;
    }
    list_add_last(&c->selecting, &s->in_selecting);
    list_add_last(&c->streams, &s->in_streams);
    c->streams_count++;
    *ret_stream = s;
    return OK;
}

/* memory_refusal names the scope that has the least left. */
static struct refusal memory_refusal(const struct conn *c)
{
    const struct budget *b = c->cfg.budget;
    for (const struct budget *s = b->parent; s; s = s->parent) {
        b = s->limit - s->used < b->limit - b->used ? s : b;
    }
    return (struct refusal){
        .reason = "memory", .scope = b->scope, .value = b->used, .limit = b->limit};
}

/* end_stream is the end of a stream whose negotiation failed: an owner who opened it hears of it. */
static void end_stream(struct conn *c, struct conn_stream *s, enum err e, const char *rule)
{
    conn_mux_reset(c, s->id, 0);
    if (s->inbound && !s->is_open) {
        conn_stream_free(c, s);
        return;
    }
    struct conn_event event = event_of(s, CONN_EVENT_STREAM_RESET);
    event.err = e;
    event.rule = rule;
    conn_report(c, event);
    c->gone = s;
}

/* flush_select writes the negotiation's bytes onto the stream, as far as the window lets it. */
MUST_CHECK static enum err flush_select(struct conn *c, struct conn_stream *s)
{
    struct multistream *m = &s->select->engine;
    while (m->out.n > 0) {
        uint8_t piece[256];
        size_t room = min_size(sizeof piece, conn_mux_writable_len(c, s->id));
        if (room == 0) {
            (void)conn_mux_write(c, s->id,
                                 span_first(buf_span(&m->out), 1)); /* asks for WRITABLE */
            return OK;
        }
        size_t n = multistream_send(m, c->now, mspan_of(piece, room));
        if (conn_mux_write(c, s->id, span_of(piece, n)) < n) {
            return ERR_LIMIT;
        }
    }
    return OK;
}

/* settle lets the owner's bytes follow once the negotiation's are out. */
static void settle(struct conn *c, struct conn_stream *s)
{
    if (!s->select || s->select->engine.out.n > 0) {
        return;
    }
    s->can_write = s->is_open || s->is_proposed;
    if (s->can_write && s->close_write_due) {
        s->close_write_due = false;
        conn_mux_finish(c, s->id);
    }
    if (s->is_open) {
        conn_select_free(c, s->select);
        s->select = NULL;
    }
}

static void on_selected(struct conn *c, struct conn_stream *s, size_t protocol)
{
    if (flush_select(c, s) != OK) {
        end_stream(c, s, ERR_LIMIT, "no memory to negotiate the protocol");
        return;
    }
    s->is_open = true;
    s->protocol = s->inbound ? s->select->cfg.protocols[protocol] : s->select->one;
    list_remove(&s->in_selecting);
    settle(c, s);
    conn_report(c, event_of(s, CONN_EVENT_STREAM_OPENED));
}

/* follow_select acts on what the negotiation has to tell. The stream may be gone afterwards. */
static void follow_select(struct conn *c, struct conn_stream *s)
{
    struct multistream_event e;
    while (multistream_poll(&s->select->engine, &e)) {
        switch (e.kind) {
        case MULTISTREAM_EVENT_PROPOSED: s->is_proposed = true; break;
        case MULTISTREAM_EVENT_SELECTED: on_selected(c, s, e.protocol); return;
        case MULTISTREAM_EVENT_FAILED:   end_stream(c, s, e.err, e.diag.rule); return;
        }
    }
    if (flush_select(c, s) != OK) {
        end_stream(c, s, ERR_LIMIT, "no memory to negotiate the protocol");
        return;
    }
    settle(c, s);
}

bool conn_check_selecting(struct conn *c)
{
    struct list *oldest = list_first(&c->selecting);
    if (!oldest || c->state != CONN_READY) {
        return false;
    }
    struct conn_stream *s = list_entry(oldest, struct conn_stream, in_selecting);
    if (!instant_reached(multistream_deadline(&s->select->engine), c->now)) {
        return false;
    }
    multistream_tick(&s->select->engine, c->now);
    follow_select(c, s);
    return true;
}

/* ---- events of the muxer ---- */

static void on_opened(struct conn *c, uint32_t id)
{
    struct conn_stream *s;
    struct conn_select_args args = {.protocols = c->cfg.protocols->ids,
                                    .protocols_count = c->cfg.protocols->count};
    if (stream_new(c, &s, args) != OK) {
        conn_mux_reset(c, id, 0);
        conn_report(c,
                    (struct conn_event){.kind = CONN_EVENT_REFUSED, .refusal = memory_refusal(c)});
        return;
    }
    s->id = id;
    s->inbound = true;
    enum err e = conn_mux_accept(c, id, s);
    check(e == OK);
    follow_select(c, s);
}

static void on_data(struct conn *c, struct conn_stream *s, struct span data)
{
    if (s->is_open) {
        struct conn_event e = event_of(s, CONN_EVENT_STREAM_DATA);
        e.data = data;
        conn_report(c, e);
        return;
    }
    struct span rest = data;
    (void)multistream_recv(&s->select->engine, c->now, &rest); /* failure comes as an event */
    conn_mux_consume(c, s->id, data.n - rest.n);
    if (rest.n > 0 && s->select->engine.state == MULTISTREAM_SELECTED) {
        c->rest = rest;
        c->rest_stream = s;
    }
    follow_select(c, s);
}

static void on_fin(struct conn *c, struct conn_stream *s)
{
    if (s->is_open) {
        conn_report(c, event_of(s, CONN_EVENT_STREAM_FIN));
        return;
    }
    multistream_recv_end(&s->select->engine);
    follow_select(c, s);
}

static void on_writable(struct conn *c, struct conn_stream *s)
{
    if (s->select) {
        if (flush_select(c, s) != OK) {
            end_stream(c, s, ERR_LIMIT, "no memory to negotiate the protocol");
            return;
        }
        settle(c, s);
    }
    if (s->can_write && s->wants_writable) {
        s->wants_writable = false;
        conn_report(c, event_of(s, CONN_EVENT_STREAM_WRITABLE));
    }
}

/* on_gone is the last event of a stream: reset by the peer, or finished on both sides. */
static void on_gone(struct conn *c, struct conn_stream *s, const struct yamux_event *y)
{
    if (s->inbound && !s->is_open) {
        conn_stream_free(c, s); /* its owner never heard of it */
        return;
    }
    bool reset = y->kind == YAMUX_EVENT_RESET;
    struct conn_event e = event_of(s, reset ? CONN_EVENT_STREAM_RESET : CONN_EVENT_STREAM_CLOSED);
    e.code = y->code;
    e.err = reset ? ERR_CLOSED : OK;
    e.rule = reset ? "reset by the peer" : NULL;
    conn_report(c, e);
    c->gone = s;
}

void conn_on_yamux(struct conn *c, const struct yamux_event *e)
{
    struct conn_stream *s = e->user;
    switch (e->kind) {
    case YAMUX_EVENT_OPENED:        on_opened(c, e->stream_id); break;
    case YAMUX_EVENT_DATA:          on_data(c, s, e->data); break;
    case YAMUX_EVENT_FIN:           on_fin(c, s); break;
    case YAMUX_EVENT_WRITABLE:      on_writable(c, s); break;
    case YAMUX_EVENT_RESET:
    case YAMUX_EVENT_STREAM_CLOSED: on_gone(c, s, e); break;
    case YAMUX_EVENT_REFUSED:
        conn_report(c, (struct conn_event){.kind = CONN_EVENT_REFUSED, .refusal = e->refusal});
        break;
    case YAMUX_EVENT_GO_AWAY: /* no new streams; conn_open_stream answers ERR_CLOSED from now on */
    case YAMUX_EVENT_CLOSED:  break;
    }
}

/* ---- commands ---- */

enum err conn_open_stream(struct conn *c,
                          struct conn_stream **ret_stream,
                          struct refusal *ret_refusal,
                          struct conn_open_args args)
{
    if (c->state == CONN_CLOSED) {
        return ERR_CLOSED;
    }
    if (c->state != CONN_READY) {
        return ERR_STATE;
    }
    struct conn_stream *s;
    enum err e =
        stream_new(c, &s, (struct conn_select_args){.one = args.protocol, .lazy = args.lazy});
    if (e != OK) {
        if (ret_refusal) {
            *ret_refusal = memory_refusal(c);
        }
        return e;
    }
    s->user = args.user;
    s->protocol = args.protocol;
    e = conn_mux_open(c, &s->id, ret_refusal, s);
    if (e != OK) {
        conn_stream_free(c, s);
        return e;
    }
    struct multistream_event proposed;
    s->is_proposed = multistream_poll(&s->select->engine, &proposed); /* if lazy */
    if (flush_select(c, s) != OK) {
        conn_mux_reset(c, s->id, 0);
        conn_stream_free(c, s);
        if (ret_refusal) {
            *ret_refusal = memory_refusal(c);
        }
        return ERR_LIMIT;
    }
    settle(c, s);
    *ret_stream = s;
    return OK;
}

size_t conn_stream_write(struct conn *c, struct conn_stream *s, struct span data)
{
    size_t n = s->can_write && !s->close_write_due ? conn_mux_write(c, s->id, data) : 0;
    if (n < data.n) {
        s->wants_writable = true;
    }
    return n;
}

size_t conn_stream_writable_len(const struct conn *c, const struct conn_stream *s)
{
    return s->can_write ? conn_mux_writable_len(c, s->id) : 0;
}

void conn_stream_close_write(struct conn *c, struct conn_stream *s)
{
    s->wants_writable = false;
    if (s->can_write) {
        conn_mux_finish(c, s->id);
    } else {
        s->close_write_due = true;
    }
}

void conn_stream_reset(struct conn *c, struct conn_stream *s, uint32_t code)
{
    if (c->gone == s) {
        return; /* has ended by itself; freed with the next event */
    }
    if (c->has_event && c->event.stream == s) {
        c->has_event = false;
    }
    conn_mux_reset(c, s->id, code);
    conn_stream_free(c, s);
}

void conn_stream_consume(struct conn *c, struct conn_stream *s, size_t n)
{
    conn_mux_consume(c, s->id, n);
}
