/* Rendezvous on a host: streams, questions and answers. */
#include "p2p/host_rendezvous.h"

#include "base/check.h"
#include "base/mem.h"
#include "p2p/host_state.h"

#include <string.h>

enum { STREAMS_MAX = 1024 };

struct host_rendezvous_stream {
    struct list in_idle; /* the longest idle first */
    struct list in_answers;
    host_stream id;
    struct peer_id peer;
    bool inbound;
    bool is_open; /* the host knows it still */
    bool is_ending;
    enum rendezvous_type asked; /* outbound */
    enum err err;
    struct buf answer; /* outbound: the message */
    struct rendezvous_message message;
    struct span rest; /* registrations still to be told */
    struct frame_reader frames;
    struct buf out;
    instant idle_at;
};

static struct host_rendezvous *of(struct host_extension *x)
{
    return (struct host_rendezvous *)(void *)x;
}

static void stream_free(struct host_rendezvous *hr, struct host_rendezvous_stream *s)
{
    (void)map_remove(&hr->streams, span_of(&s->id.id, sizeof s->id.id));
    hr->polled = hr->polled == s ? NULL : hr->polled;
    list_remove(&s->in_idle);
    list_remove(&s->in_answers);
    frame_reader_done(&s->frames);
    buf_done(&s->answer);
    buf_done(&s->out);
    mem_free(&hr->budget, s, sizeof *s);
}

static void touch(struct host_rendezvous *hr, struct host_rendezvous_stream *s)
{
    s->idle_at = instant_add(hr->host->now, hr->cfg.timeout_us);
    list_remove(&s->in_idle);
    list_add_last(&hr->idle, &s->in_idle);
}

MUST_CHECK static enum err stream_new(struct host_rendezvous *hr,
                                      struct host_rendezvous_stream **ret_stream,
                                      host_stream id,
                                      const struct peer_id *peer)
{
    void *p;
    TRY(mem_alloc(&hr->budget, &p, sizeof(struct host_rendezvous_stream)));
    struct host_rendezvous_stream *s = p;
    s->id = id;
    s->peer = *peer;
    s->is_open = true;
    frame_reader_init(&s->frames, (struct frame_cfg){.prefix = FRAME_UVARINT,
                                                     .frame_len_max = RENDEZVOUS_LEN_MAX,
                                                     .budget = &hr->budget});
    buf_init(&s->answer, &hr->budget, RENDEZVOUS_LEN_MAX);
    buf_init(&s->out, &hr->budget, RENDEZVOUS_LEN_MAX);
    enum err e = map_add(&hr->streams, span_of(&id.id, sizeof id.id), s);
    if (e != OK) {
        mem_free(&hr->budget, s, sizeof *s);
        return e;
    }
    touch(hr, s);
    *ret_stream = s;
    return OK;
}

static void flush(struct host_rendezvous *hr, struct host_rendezvous_stream *s)
{
    buf_consume(&s->out, host_stream_write(hr->host, s->id, buf_span(&s->out)));
    if (s->out.n == 0 && s->is_ending) {
        host_stream_close_write(hr->host, s->id);
    }
}

/* finish ends a question: its outcome waits to be polled. */
static void finish(struct host_rendezvous *hr, struct host_rendezvous_stream *s, enum err err)
{
    if (s->inbound || s->asked == RENDEZVOUS_UNREGISTER) {
        return;
    }
    if (!list_is_linked(&s->in_answers)) {
        s->err = err;
        list_add_last(&hr->answers, &s->in_answers);
        hr->is_told = false;
    }
}

/* close_stream forgets a stream, unless its outcome is still to be told. */
static void close_stream(struct host_rendezvous *hr, struct host_rendezvous_stream *s)
{
    s->is_open = false;
    list_remove(&s->in_idle);
    finish(hr, s, ERR_CLOSED);
    if (!list_is_linked(&s->in_answers) && hr->polled != s) {
        stream_free(hr, s);
    }
}

static void reset(struct host_rendezvous *hr, struct host_rendezvous_stream *s, enum err err)
{
    host_stream_reset(hr->host, s->id, 0);
    finish(hr, s, err);
    close_stream(hr, s);
}

/* ---- questions ---- */

MUST_CHECK static enum err
ask(struct host_rendezvous *hr, const struct peer_id *point, const struct rendezvous_message *m)
{
    if (m->ns.n > RENDEZVOUS_NS_LEN_MAX || m->cookie.n > RENDEZVOUS_COOKIE_LEN_MAX) {
        return ERR_LIMIT;
    }
    host_stream id;
    buf_clear(&hr->out);
    struct wr w = wr_init_buf(&hr->out);
    rendezvous_encode(&w, m);
    TRY(wr_end(&w));
    TRY(host_open_stream(
        hr->host, &id, NULL,
        (struct host_open_args){.peer = point, .protocol = RENDEZVOUS_PROTOCOL, .known = true}));
    struct host_rendezvous_stream *s;
    enum err e = stream_new(hr, &s, id, point);
    if (e != OK) {
        host_stream_reset(hr->host, id, 0);
        return e;
    }
    s->asked = m->type;
    s->is_ending = true;
    struct wr out = wr_init_buf(&s->out);
    frame_write(&out, FRAME_UVARINT, buf_span(&hr->out));
    if (!wr_ok(&out)) {
        host_stream_reset(hr->host, id, 0);
        stream_free(hr, s);
        return ERR_LIMIT;
    }
    flush(hr, s);
    return OK;
}

enum err host_rendezvous_register(struct host_rendezvous *hr,
                                  const struct peer_id *point,
                                  struct span ns,
                                  uint64_t ttl_s)
{
    if (hr->host->record.n == 0) {
        return ERR_STATE;
    }
    struct rendezvous_message m = {.type = RENDEZVOUS_REGISTER,
                                   .ns = ns,
                                   .record = buf_span(&hr->host->record),
                                   .ttl_s = ttl_s};
    return ask(hr, point, &m);
}

enum err
host_rendezvous_unregister(struct host_rendezvous *hr, const struct peer_id *point, struct span ns)
{
    return ask(hr, point, &(struct rendezvous_message){.type = RENDEZVOUS_UNREGISTER, .ns = ns});
}

enum err host_rendezvous_discover(struct host_rendezvous *hr,
                                  const struct peer_id *point,
                                  struct span ns,
                                  struct span cookie)
{
    return ask(
        hr, point,
        &(struct rendezvous_message){.type = RENDEZVOUS_DISCOVER, .ns = ns, .cookie = cookie});
}

/* ---- what arrives ---- */

static enum err
take_frame(struct host_rendezvous *hr, struct host_rendezvous_stream *s, struct span frame)
{
    if (s->inbound) {
        buf_clear(&hr->out);
        struct wr w = wr_init_buf(&hr->out);
        TRY(rendezvous_serve(&hr->point, &w, hr->host->now, &s->peer, frame));
        struct wr out = wr_init_buf(&s->out);
        if (hr->out.n > 0) {
            frame_write(&out, FRAME_UVARINT, buf_span(&hr->out));
        }
        return wr_end(&out);
    }
    if (list_is_linked(&s->in_answers) || s->answer.n > 0) {
        return ERR_MALFORMED; /* one question, one answer */
    }
    TRY(buf_append(&s->answer, frame));
    TRY(rendezvous_decode(&s->message, buf_span(&s->answer)));
    if (s->message.type != s->asked + 1) {
        return ERR_MALFORMED;
    }
    s->rest = s->message.body;
    finish(hr, s, s->message.status == RENDEZVOUS_OK ? OK : ERR_DENIED);
    return OK;
}

static void
on_data(struct host_rendezvous *hr, struct host_rendezvous_stream *s, const struct host_event *e)
{
    struct span data = e->data;
    size_t n = data.n;
    enum err err = OK;
    while (err == OK) {
        struct span frame;
        err = frame_reader_next(&s->frames, &frame, &data);
        err = err == OK ? take_frame(hr, s, frame) : err;
    }
    if (err != ERR_TRUNCATED) {
        host_say_broken(hr->host, s->id, "a rendezvous message that is broken or too long");
        reset(hr, s, err);
        return;
    }
    host_stream_consume(hr->host, s->id, n);
    touch(hr, s);
    flush(hr, s);
}

static bool on_new_stream(struct host_rendezvous *hr, const struct host_event *e)
{
    struct host_rendezvous_stream *s;
    if (e->kind != HOST_EVENT_STREAM_OPENED || !e->inbound ||
        !span_equal(e->protocol, SPAN_LIT(RENDEZVOUS_PROTOCOL))) {
        return false;
    }
    if (stream_new(hr, &s, e->stream, &e->peer) != OK) {
        host_stream_reset(hr->host, e->stream, 0);
        return true;
    }
    s->inbound = true;
    return true;
}

static bool on_event(struct host_extension *self, const struct host_event *e)
{
    struct host_rendezvous *hr = of(self);
    bool is_stream = e->kind >= HOST_EVENT_STREAM_OPENED && e->kind <= HOST_EVENT_STREAM_RESET;
    if (!is_stream) {
        return false;
    }
    struct host_rendezvous_stream *s =
        map_find(&hr->streams, span_of(&e->stream.id, sizeof e->stream.id));
    if (!s) {
        return on_new_stream(hr, e);
    }
    if (e->kind == HOST_EVENT_STREAM_DATA) {
        on_data(hr, s, e);
    } else if (e->kind == HOST_EVENT_STREAM_FIN) {
        s->is_ending = true;
        flush(hr, s);
    } else if (e->kind == HOST_EVENT_STREAM_OPENED || e->kind == HOST_EVENT_STREAM_WRITABLE) {
        flush(hr, s);
    } else {
        close_stream(hr, s);
    }
    return true;
}

static bool work(struct host_extension *self)
{
    (void)self;
    return false;
}

static bool has_news(struct host_extension *self)
{
    struct host_rendezvous *hr = of(self);
    bool news = !hr->is_told && !list_is_empty(&hr->answers);
    hr->is_told = hr->is_told || news;
    return news;
}

static instant deadline(const struct host_extension *self)
{
    const struct host_rendezvous *hr = (const struct host_rendezvous *)(const void *)self;
    struct list *first = list_first(&hr->idle);
    instant idle =
        first ? list_entry(first, struct host_rendezvous_stream, in_idle)->idle_at : INSTANT_NEVER;
    return instant_min(idle, rendezvous_deadline(&hr->point));
}

static void tick(struct host_extension *self, instant now)
{
    struct host_rendezvous *hr = of(self);
    rendezvous_tick(&hr->point, now);
    for (struct list *l = list_first(&hr->idle); l; l = list_first(&hr->idle)) {
        struct host_rendezvous_stream *s = list_entry(l, struct host_rendezvous_stream, in_idle);
        if (!instant_reached(s->idle_at, now)) {
            return;
        }
        reset(hr, s, ERR_TIMEOUT);
    }
}

/* ---- outcomes ---- */

/* next_found tells one registration whose record holds. */
static bool next_found(struct host_rendezvous *hr,
                       struct host_rendezvous_stream *s,
                       struct host_rendezvous_event *ret_event)
{
    struct rendezvous_message item;
    struct peer_record record;
    while (s->err == OK && s->asked == RENDEZVOUS_DISCOVER && rendezvous_next(&item, &s->rest)) {
        /* SPEC libp2p/rendezvous §"Discovery": a point's word is not enough, each record is signed by its peer. */
        if (peer_record_open(&record, item.record, &hr->budget) == OK) {
            ret_event->kind = HOST_RENDEZVOUS_FOUND;
            ret_event->peer = record.peer;
            ret_event->record = item.record;
            ret_event->ttl_s = item.ttl_s;
            return true;
        }
    }
    return false;
}

bool host_rendezvous_poll(struct host_rendezvous *hr, struct host_rendezvous_event *ret_event)
{
    hr->is_told = false;
    struct host_rendezvous_stream *last = hr->polled;
    hr->polled = NULL;
    if (last && !last->is_open) {
        stream_free(hr, last);
    }
    struct list *l = list_first(&hr->answers);
    if (!l) {
        return false;
    }
    struct host_rendezvous_stream *s = list_entry(l, struct host_rendezvous_stream, in_answers);
    *ret_event = (struct host_rendezvous_event){.point = s->peer};
    if (next_found(hr, s, ret_event)) {
        return true;
    }
    ret_event->kind =
        s->asked == RENDEZVOUS_REGISTER ? HOST_RENDEZVOUS_REGISTERED : HOST_RENDEZVOUS_OVER;
    ret_event->err = s->err;
    ret_event->status = s->message.status;
    ret_event->ttl_s = s->message.ttl_s;
    ret_event->cookie = s->message.cookie;
    list_remove(l);
    s->asked = RENDEZVOUS_UNREGISTER; /* nothing further is to be told */
    hr->polled = s;
    return true;
}

/* ---- life ---- */

enum err host_rendezvous_init(struct host_rendezvous *hr,
                              struct host *host,
                              const struct host_rendezvous_cfg *cfg)
{
    memset(hr, 0, sizeof *hr);
    hr->cfg = *cfg;
    hr->cfg.timeout_us = cfg->timeout_us ? cfg->timeout_us : 20 * US_PER_S;
    hr->cfg.point.rng = host->cfg.rng;
    hr->cfg.point.parent = &host->system;
    budget_init(&hr->budget, &host->system, "rendezvous streams", (size_t)4 * 1024 * 1024);
    TRY(rendezvous_init(&hr->point, &hr->cfg.point));
    hr->host = host;
    struct map_cfg maps = {
        .count_max = STREAMS_MAX, .seed = {rng_u64(host->cfg.rng), rng_u64(host->cfg.rng)}
    };
    map_init(&hr->streams, &hr->budget, maps);
    list_init(&hr->idle);
    list_init(&hr->answers);
    buf_init(&hr->out, &hr->budget, RENDEZVOUS_LEN_MAX);
    hr->extension = (struct host_extension){.on_event = on_event,
                                            .work = work,
                                            .has_news = has_news,
                                            .deadline = deadline,
                                            .tick = tick};
    host_extend(host, &hr->extension);
    struct host_protocol_args args = {.streams_in_max = 256, .streams_in_per_peer_max = 8};
    return cfg->serves ? host_handle(host, RENDEZVOUS_PROTOCOL, args) : OK;
}

void host_rendezvous_done(struct host_rendezvous *hr)
{
    if (!hr->host) {
        return;
    }
    host_unextend(&hr->extension);
    host_unhandle(hr->host, RENDEZVOUS_PROTOCOL);
    while (hr->streams.count > 0) {
        struct host_rendezvous_stream *s = map_at(&hr->streams, hr->streams.count - 1)->value;
        if (s->is_open) {
            host_stream_reset(hr->host, s->id, 0);
        }
        stream_free(hr, s);
    }
    map_done(&hr->streams);
    buf_done(&hr->out);
    rendezvous_done(&hr->point);
    check(hr->budget.used == 0);
    memset(hr, 0, sizeof *hr);
}
