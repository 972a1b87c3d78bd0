/* The DHT on a host: streams, dials and news of peers. */
#include "p2p/host_kad.h"

#include "base/check.h"
#include "base/mem.h"
#include "p2p/host_state.h"

#include <string.h>

enum { STREAMS_MAX = 4096 };

static struct host_kad *of(struct host_extension *x)
{
    return (struct host_kad *)(void *)x;
}

static instant now_of(const struct host_kad *hk)
{
    return hk->host->now;
}

/* ---- streams ---- */

static struct host_kad_stream *stream_find(const struct host_kad *hk, host_stream id)
{
    return map_find(&hk->streams, span_of(&id.id, sizeof id.id));
}

/* touch: a stream that moves is not idle. All have the same patience, so the list stays in order. */
static void touch(struct host_kad *hk, struct host_kad_stream *s)
{
    s->idle_at = instant_add(now_of(hk), hk->cfg.idle_timeout_us);
    list_remove(&s->in_streams);
    list_add_last(&hk->idle, &s->in_streams);
}

static void stream_forget(struct host_kad *hk, struct host_kad_stream *s)
{
    (void)map_remove(&hk->streams, span_of(&s->id.id, sizeof s->id.id));
    list_remove(&s->in_streams);
    frame_reader_done(&s->frames);
    buf_done(&s->out);
    mem_free(&hk->budget, s, sizeof *s);
}

MUST_CHECK static enum err
stream_new(struct host_kad *hk, struct host_kad_stream **ret_stream, host_stream id)
{
    void *p;
    TRY(mem_alloc(&hk->budget, &p, sizeof(struct host_kad_stream)));
    struct host_kad_stream *s = p;
    s->id = id;
    frame_reader_init(&s->frames, (struct frame_cfg){.prefix = FRAME_UVARINT,
                                                     .frame_len_max = KAD_MESSAGE_LEN_MAX,
                                                     .budget = &hk->budget});
    buf_init(&s->out, &hk->budget, KAD_MESSAGE_LEN_MAX);
    enum err e = map_add(&hk->streams, span_of(&id.id, sizeof id.id), s);
    if (e != OK) {
        mem_free(&hk->budget, s, sizeof *s);
        return e;
    }
    touch(hk, s);
    *ret_stream = s;
    return OK;
}

/* tell_failed tells the DHT that a question got no answer; nobody is told twice. */
static void tell_failed(struct host_kad *hk, struct host_kad_stream *s)
{
    if (!s->inbound && !s->is_told) {
        s->is_told = true;
        kad_failed(&hk->kad, now_of(hk), s->query);
    }
}

static void stream_reset(struct host_kad *hk, struct host_kad_stream *s)
{
    tell_failed(hk, s);
    host_stream_reset(hk->host, s->id, 0);
    stream_forget(hk, s);
}

/* flush writes what the stream takes; a record that is out counts as sent. */
static void flush(struct host_kad *hk, struct host_kad_stream *s)
{
    size_t n = host_stream_write(hk->host, s->id, buf_span(&s->out));
    buf_consume(&s->out, n);
    if (s->out.n > 0) {
        return;
    }
    buf_trim(&s->out);
    if (s->is_ending) {
        host_stream_close_write(hk->host, s->id);
        if (!s->inbound && !s->wants_answer && !s->is_told) {
            s->is_told = true;
            kad_sent(&hk->kad, now_of(hk), s->query);
        }
    }
}

/* ---- our questions ---- */

struct question {
    const struct peer_id *peer;
    struct span message;
    uint64_t query;
    bool wants_answer;
};

MUST_CHECK static enum err open_for(struct host_kad *hk, const struct question *q)
{
    host_stream id;
    TRY(host_open_stream(
        hk->host, &id, NULL,
        (struct host_open_args){.peer = q->peer, .protocol = hk->cfg.protocol, .known = true}));
    struct host_kad_stream *s;
    enum err e = stream_new(hk, &s, id);
    if (e != OK) {
        host_stream_reset(hk->host, id, 0);
        return e;
    }
    s->peer = *q->peer;
    s->query = q->query;
    s->wants_answer = q->wants_answer;
    s->is_ending = true; /* one question a stream */
    struct wr w = wr_init_buf(&s->out);
    /* SPEC libp2p/kad-dht §"RPC messages": each message stands behind its length. */
    frame_write(&w, FRAME_UVARINT, q->message);
    if (wr_end(&w) != OK) {
        host_stream_reset(hk->host, id, 0);
        stream_forget(hk, s);
        return ERR_LIMIT;
    }
    flush(hk, s);
    return OK;
}

static void waiting_free(struct host_kad *hk, struct host_kad_waiting *w)
{
    list_remove(&w->in_waiting);
    buf_done(&w->message);
    mem_free(&hk->budget, w, sizeof *w);
}

static bool is_dialling(const struct host_kad *hk, const struct peer_id *peer)
{
    for (struct list *l = list_first(&hk->waiting); l; l = list_next(&hk->waiting, l)) {
        if (peer_id_equal(&list_entry(l, struct host_kad_waiting, in_waiting)->peer, peer)) {
            return true;
        }
    }
    return false;
}

MUST_CHECK static enum err
start_dial(struct host_kad *hk, uint64_t *ret_dial, const struct kad_peer *peer)
{
    struct span addrs[KAD_ADDRS_MAX];
    struct span rest = peer->addrs;
    struct span addr;
    size_t count = 0;
    while (count < KAD_ADDRS_MAX && kad_next_addr(&addr, &rest)) {
        addrs[count++] = addr;
    }
    if (count == 0) {
        return ERR_NOT_FOUND;
    }
    return host_dial(
        hk->host, ret_dial, NULL,
        (struct host_dial_args){.peer = &peer->id, .addrs = addrs, .addrs_count = count});
}

MUST_CHECK static enum err
wait_for(struct host_kad *hk, const struct kad_peer *peer, const struct question *q)
{
    void *p;
    TRY(mem_alloc(&hk->budget, &p, sizeof(struct host_kad_waiting)));
    struct host_kad_waiting *w = p;
    w->query = q->query;
    w->wants_answer = q->wants_answer;
    w->peer = peer->id;
    buf_init(&w->message, &hk->budget, KAD_MESSAGE_LEN_MAX);
    enum err e = buf_append(&w->message, q->message);
    if (e == OK && !is_dialling(hk, &peer->id)) {
        e = start_dial(hk, &w->dial, peer);
    }
    if (e != OK) {
        waiting_free(hk, w);
        return e;
    }
    list_add_last(&hk->waiting, &w->in_waiting);
    return OK;
}

static void ask(struct host_kad *hk, const struct kad_event *e)
{
    struct host_peer_info info;
    struct question q = {.peer = &e->peer.id,
                         .message = e->message,
                         .query = e->query,
                         .wants_answer = e->wants_answer};
    uint64_t query = e->query;
    enum err err = host_peer_find(hk->host, &info, &e->peer.id) ? open_for(hk, &q)
                                                                : wait_for(hk, &e->peer, &q);
    if (err != OK) {
        kad_failed(&hk->kad, now_of(hk), query);
    }
}

static void drop(struct host_kad *hk, uint64_t query)
{
    for (struct list *l = list_first(&hk->waiting); l; l = list_next(&hk->waiting, l)) {
        struct host_kad_waiting *w = list_entry(l, struct host_kad_waiting, in_waiting);
        if (w->query == query) {
            w->query = 0; /* the dial goes on, perhaps for others */
            return;
        }
    }
    for (size_t i = 0; i < hk->streams.count; i++) {
        struct host_kad_stream *s = map_at(&hk->streams, i)->value;
        if (!s->inbound && s->query == query) {
            s->is_told = true;
            stream_reset(hk, s);
            return;
        }
    }
}

/* ---- warm connections ---- */

static void forget_warm(struct host_kad *hk, struct host_kad_warm *w)
{
    list_remove(&w->in_warm);
    mem_free(&hk->budget, w, sizeof *w);
    hk->warm_count--;
}

/* cool closes what was dialled longest ago and carries no stream, until no more are kept than may be. */
static void cool(struct host_kad *hk)
{
    for (struct list *l = list_first(&hk->warm); l && hk->warm_count > hk->cfg.warm_max;) {
        struct host_kad_warm *w = list_entry(l, struct host_kad_warm, in_warm);
        l = list_next(&hk->warm, l);
        struct host_peer_info info;
        bool is_there = host_peer_find(hk->host, &info, &w->peer);
        if (is_there && info.streams_count == 0) {
            host_disconnect(hk->host, &w->peer);
        }
        if (!is_there || info.streams_count == 0) {
            forget_warm(hk, w);
        }
    }
}

static void keep_warm(struct host_kad *hk, const struct peer_id *peer)
{
    void *p;
    if (mem_alloc(&hk->budget, &p, sizeof(struct host_kad_warm)) != OK) {
        return;
    }
    struct host_kad_warm *w = p;
    w->peer = *peer;
    list_add_last(&hk->warm, &w->in_warm);
    hk->warm_count++;
}

/* ---- questions of others ---- */

static enum err serve(struct host_kad *hk, struct host_kad_stream *s, struct span request)
{
    buf_clear(&hk->answer);
    struct wr w = wr_init_buf(&hk->answer);
    TRY(kad_serve(&hk->kad, &w, now_of(hk), &s->peer, request));
    if (hk->answer.n == 0) {
        return OK;
    }
    struct wr out = wr_init_buf(&s->out);
    frame_write(&out, FRAME_UVARINT, buf_span(&hk->answer));
    return wr_end(&out);
}

/* take_data reads all frames of data before it calls the host, whose memory data is. */
static enum err take_data(struct host_kad *hk, struct host_kad_stream *s, struct span data)
{
    for (;;) {
        struct span frame;
        enum err e = frame_reader_next(&s->frames, &frame, &data);
        if (e == ERR_TRUNCATED) {
            return OK;
        }
        TRY(e);
        if (s->inbound) {
            /* SPEC libp2p/kad-dht §"RPC messages": a peer may ask several things on one stream. */
            TRY(serve(hk, s, frame));
        } else if (!s->is_told) {
            s->is_told = true;
            kad_answered(&hk->kad, now_of(hk), s->query, frame);
        }
    }
}

static void on_data(struct host_kad *hk, struct host_kad_stream *s, const struct host_event *e)
{
    size_t n = e->data.n;
    host_stream id = s->id;
    if (take_data(hk, s, e->data) != OK) {
        /* SPEC libp2p/kad-dht §"RPC messages": on any error the stream is reset. */
        host_say_broken(hk->host, id, "a DHT message that is broken, not allowed or too much");
        stream_reset(hk, s);
        return;
    }
    host_stream_consume(hk->host, id, n);
    touch(hk, s);
    flush(hk, s);
}

static void on_opened(struct host_kad *hk, const struct host_event *e)
{
    struct host_kad_stream *s;
    if (stream_new(hk, &s, e->stream) != OK) {
        host_stream_reset(hk->host, e->stream, 0);
        return;
    }
    s->inbound = true;
    s->peer = e->peer;
}

static void on_fin(struct host_kad *hk, struct host_kad_stream *s)
{
    tell_failed(hk, s); /* unless the answer has come */
    s->is_ending = true;
    flush(hk, s);
}

static bool on_stream(struct host_kad *hk, const struct host_event *e)
{
    struct host_kad_stream *s = stream_find(hk, e->stream);
    if (!s) {
        bool is_ours = e->kind == HOST_EVENT_STREAM_OPENED && e->inbound &&
                       span_equal(e->protocol, span_str(hk->cfg.protocol));
        if (is_ours) {
            on_opened(hk, e);
        }
        return is_ours;
    }
    if (e->kind == HOST_EVENT_STREAM_DATA) {
        on_data(hk, s, e);
    } else if (e->kind == HOST_EVENT_STREAM_FIN) {
        on_fin(hk, s);
    } else if (e->kind == HOST_EVENT_STREAM_OPENED || e->kind == HOST_EVENT_STREAM_WRITABLE) {
        flush(hk, s);
    } else {
        tell_failed(hk, s);
        stream_forget(hk, s);
    }
    return true;
}

/* ---- peers ---- */

static void tell_of_peer(struct host_kad *hk, const struct peer_id *id)
{
    struct host_peer_info info;
    if (!host_peer_find(hk->host, &info, id)) {
        return;
    }
    uint8_t addrs[KAD_ADDRS_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(addrs));
    for (size_t i = 0; i < info.addrs_count && i < KAD_ADDRS_MAX && wr_ok(&w); i++) {
        struct span addr = host_peer_addr(hk->host, id, i);
        if (addr.n + 4 <= sizeof addrs - w.n) {
            kad_write_addr(&w, addr);
        }
    }
    struct kad_peer peer = {.id = *id, .addrs = span_of(addrs, w.n)};
    /* Whoever is there through a relay only is nobody's entry in a table: it is asked nothing, and would be too slow. */
    bool serves = !info.relayed && host_peer_speaks(hk->host, id, span_str(hk->cfg.protocol));
    kad_peer_connected(&hk->kad, now_of(hk), &peer, serves);
}

/* settle ends the waiting for a peer: its questions are asked now, or fail. */
static void settle(struct host_kad *hk, const struct peer_id *peer, bool is_connected)
{
    for (struct list *l = list_first(&hk->waiting); l;) {
        struct host_kad_waiting *w = list_entry(l, struct host_kad_waiting, in_waiting);
        l = list_next(&hk->waiting, l);
        if (!peer_id_equal(&w->peer, peer)) {
            continue;
        }
        struct question q = {.peer = peer,
                             .message = buf_span(&w->message),
                             .query = w->query,
                             .wants_answer = w->wants_answer};
        if (w->query != 0 && (!is_connected || open_for(hk, &q) != OK)) {
            kad_failed(&hk->kad, now_of(hk), w->query);
        }
        waiting_free(hk, w);
    }
}

static void on_connected(struct host_kad *hk, const struct peer_id *peer)
{
    if (is_dialling(hk, peer)) {
        keep_warm(hk, peer);
        settle(hk, peer, true);
    }
}

static bool on_dial_failed(struct host_kad *hk, uint64_t dial)
{
    for (struct list *l = list_first(&hk->waiting); l; l = list_next(&hk->waiting, l)) {
        const struct host_kad_waiting *w = list_entry(l, struct host_kad_waiting, in_waiting);
        if (w->dial == dial) {
            struct peer_id peer = w->peer;
            settle(hk, &peer, false);
            return true;
        }
    }
    return false;
}

static bool on_event(struct host_extension *self, const struct host_event *e)
{
    struct host_kad *hk = of(self);
    switch (e->kind) {
    case HOST_EVENT_PEER_CONNECTED:    on_connected(hk, &e->peer); return false;
    case HOST_EVENT_PEER_IDENTIFIED:   tell_of_peer(hk, &e->peer); return false;
    case HOST_EVENT_PEER_DISCONNECTED: kad_peer_disconnected(&hk->kad, &e->peer); return false;
    case HOST_EVENT_DIAL_FAILED:       return on_dial_failed(hk, e->dial);
    case HOST_EVENT_STREAM_OPENED:
    case HOST_EVENT_STREAM_DATA:
    case HOST_EVENT_STREAM_FIN:
    case HOST_EVENT_STREAM_WRITABLE:
    case HOST_EVENT_STREAM_CLOSED:
    case HOST_EVENT_STREAM_RESET:      return on_stream(hk, e);
    case HOST_EVENT_DIAL:
    case HOST_EVENT_LINK_CLOSE:
    case HOST_EVENT_PEER_DIRECT:       /* identified anew */
    case HOST_EVENT_PING:
    case HOST_EVENT_PERF:
    case HOST_EVENT_REFUSED:
    case HOST_EVENT_EXTENSION:         return false;
    }
    return false;
}

/* ---- work ---- */

/* announce follows the mode: SPEC libp2p/kad-dht §"Client and server mode": a client does not name the
 * protocol. */
static void announce(struct host_kad *hk, bool is_server)
{
    struct host_protocol_args args = {.streams_in_max = hk->cfg.streams_in_max,
                                      .streams_in_per_peer_max = hk->cfg.streams_in_per_peer_max};
    if (hk->is_handled && !is_server) {
        host_unhandle(hk->host, hk->cfg.protocol);
        hk->is_handled = false;
    } else if (!hk->is_handled && is_server) {
        hk->is_handled = host_handle(hk->host, hk->cfg.protocol, args) == OK;
    }
}

static void take_over_addrs(struct host_kad *hk)
{
    if (hk->addrs_seq == hk->host->record_seq) {
        return;
    }
    hk->addrs_seq = hk->host->record_seq;
    struct span addrs[KAD_ADDRS_MAX];
    size_t count = 0;
    struct rd r = rd_init(buf_span(&hk->host->addrs));
    while (r.rest.n > 0 && count < KAD_ADDRS_MAX) {
        size_t len = rd_be16(&r);
        addrs[count++] = rd_bytes(&r, len);
    }
    enum err e = kad_set_addrs(&hk->kad, addrs, count);
    (void)e; /* too long: some of them are left out */
}

static bool work(struct host_extension *self)
{
    struct host_kad *hk = of(self);
    struct kad_event e;
    bool any = false;
    take_over_addrs(hk);
    while (kad_poll_wire(&hk->kad, &e)) {
        any = true;
        switch (e.kind) {
        case KAD_EVENT_ASK:      ask(hk, &e); break;
        case KAD_EVENT_DROP:     drop(hk, e.query); break;
        case KAD_EVENT_MODE:     announce(hk, e.is_server); break;
        case KAD_EVENT_PEER:
        case KAD_EVENT_PROVIDER:
        case KAD_EVENT_VALUE:
        case KAD_EVENT_OVER:     break; /* the application's */
        }
    }
    cool(hk);
    return any;
}

enum err host_kad_add_bootstrap(struct host_kad *hk, struct span multiaddr)
{
    struct span hash;
    struct kad_peer peer = {0};
    TRY(multiaddr_validate(multiaddr, NULL));
    if (!multiaddr_peer_id(&hash, multiaddr)) {
        return ERR_MALFORMED;
    }
    TRY(peer_id_decode(&peer.id, hash));
    uint8_t addrs[KAD_ADDRS_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(addrs));
    kad_write_addr(&w, multiaddr);
    TRY(wr_end(&w));
    peer.addrs = span_of(addrs, w.n);
    return kad_add_bootstrap(&hk->kad, now_of(hk), &peer);
}

static bool has_news(struct host_extension *self)
{
    struct host_kad *hk = of(self);
    bool news = !hk->is_told && kad_has_news(&hk->kad);
    hk->is_told = hk->is_told || news;
    return news;
}

bool host_kad_poll(struct host_kad *hk, struct kad_event *ret_event)
{
    hk->is_told = false;
    return kad_poll(&hk->kad, ret_event);
}

static instant deadline(const struct host_extension *self)
{
    const struct host_kad *hk = (const struct host_kad *)(const void *)self;
    struct list *first = list_first(&hk->idle);
    instant idle =
        first ? list_entry(first, struct host_kad_stream, in_streams)->idle_at : INSTANT_NEVER;
    return instant_min(kad_deadline(&hk->kad), idle);
}

static void tick(struct host_extension *self, instant now)
{
    struct host_kad *hk = of(self);
    kad_tick(&hk->kad, now);
    for (struct list *l = list_first(&hk->idle); l; l = list_first(&hk->idle)) {
        struct host_kad_stream *s = list_entry(l, struct host_kad_stream, in_streams);
        if (!instant_reached(s->idle_at, now)) {
            return;
        }
        stream_reset(hk, s);
    }
}

/* ---- life ---- */

static struct host_kad_cfg complete(const struct host *host, const struct host_kad_cfg *given)
{
    struct host_kad_cfg c = *given;
    c.protocol = c.protocol ? c.protocol : KAD_PROTOCOL;
    c.memory_max = c.memory_max ? c.memory_max : (size_t)4 * 1024 * 1024;
    c.streams_in_max = c.streams_in_max ? c.streams_in_max : 256;
    c.streams_in_per_peer_max = c.streams_in_per_peer_max ? c.streams_in_per_peer_max : 32;
    c.warm_max = c.warm_max ? c.warm_max : 20;
    c.idle_timeout_us = c.idle_timeout_us ? c.idle_timeout_us : 60 * US_PER_S;
    c.kad.self = host->self;
    c.kad.rng = host->cfg.rng;
    return c;
}

enum err host_kad_init(struct host_kad *hk, struct host *host, const struct host_kad_cfg *cfg)
{
    memset(hk, 0, sizeof *hk);
    hk->host = host;
    hk->cfg = complete(host, cfg);
    hk->cfg.kad.parent = &host->system;
    budget_init(&hk->budget, &host->system, "kad streams", hk->cfg.memory_max);
    TRY(kad_init(&hk->kad, &hk->cfg.kad, host->now));
    struct map_cfg maps = {
        .count_max = STREAMS_MAX, .seed = {rng_u64(host->cfg.rng), rng_u64(host->cfg.rng)}
    };
    map_init(&hk->streams, &hk->budget, maps);
    list_init(&hk->idle);
    list_init(&hk->waiting);
    list_init(&hk->warm);
    buf_init(&hk->answer, &hk->budget, KAD_SENT_LEN_MAX + KAD_VALUE_LEN_MAX);
    hk->extension = (struct host_extension){.on_event = on_event,
                                            .work = work,
                                            .has_news = has_news,
                                            .deadline = deadline,
                                            .tick = tick};
    host_extend(host, &hk->extension);
    return OK;
}

static void reset_all(struct host_kad *hk)
{
    while (hk->streams.count > 0) {
        struct host_kad_stream *s = map_at(&hk->streams, hk->streams.count - 1)->value;
        host_stream_reset(hk->host, s->id, 0);
        stream_forget(hk, s);
    }
}

void host_kad_leave(struct host_kad *hk)
{
    if (hk->host) {
        reset_all(hk);
        hk->cfg.warm_max = 0;
        cool(hk);
        host_kad_done(hk);
    }
}

void host_kad_done(struct host_kad *hk)
{
    if (!hk->host) {
        return;
    }
    host_unextend(&hk->extension);
    announce(hk, false);
    reset_all(hk);
    for (struct list *l = list_first(&hk->waiting); l; l = list_first(&hk->waiting)) {
        waiting_free(hk, list_entry(l, struct host_kad_waiting, in_waiting));
    }
    for (struct list *l = list_first(&hk->warm); l; l = list_first(&hk->warm)) {
        forget_warm(hk, list_entry(l, struct host_kad_warm, in_warm));
    }
    map_done(&hk->streams);
    buf_done(&hk->answer);
    kad_done(&hk->kad);
    check(hk->budget.used == 0);
    memset(hk, 0, sizeof *hk);
}
