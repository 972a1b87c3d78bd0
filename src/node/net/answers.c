/* Questions of peers, and their answers: one of each a stream. */
#include "node/net/answers.h"

#include "base/check.h"
#include "p2p/host_state.h"

static struct answers_stream *find(struct answers *a, host_stream stream)
{
    for (size_t i = 0; i < a->cfg.streams_max; i++) {
        if (a->streams[i].is_used && a->streams[i].stream.id == stream.id) {
            return &a->streams[i];
        }
    }
    return NULL;
}

static void forget(struct answers_stream *st)
{
    frame_reader_done(&st->frames);
    buf_done(&st->out);
    *st = (struct answers_stream){.is_used = false};
}

static void refuse(struct answers *a, struct answers_stream *st)
{
    host_stream_reset(a->host, st->stream, 0);
    forget(st);
}

/* Gives the stream what it takes now of the answer, if there is one. */
static void move(struct answers *a, struct answers_stream *st)
{
    struct span rest = span_from(buf_span(&st->out), st->out_at);
    if (rest.n == 0) {
        return;
    }
    st->out_at += host_stream_write(a->host, st->stream, rest);
    if (st->out_at == st->out.n) {
        host_stream_close_write(a->host, st->stream);
        forget(st);
    }
}

static void hear(struct answers *a, struct answers_stream *st, struct span data)
{
    struct span message = SPAN_EMPTY;
    enum err e = st->out.n > 0 ? ERR_MALFORMED : frame_reader_next(&st->frames, &message, &data);
    if (e == OK) {
        e = data.n == 0 ? a->cfg.answer(a->cfg.user, &st->out, &st->peer, message) : ERR_MALFORMED;
        if (e == OK) {
            move(a, st);
            return;
        }
    }
    if (e != ERR_TRUNCATED) {
        refuse(a, st);
    }
}

static void take(struct answers *a, const struct host_event *e)
{
    for (size_t i = 0; i < a->cfg.streams_max; i++) {
        struct answers_stream *st = &a->streams[i];
        if (!st->is_used) {
            *st = (struct answers_stream){
                .is_used = true,
                .stream = e->stream,
                .peer = e->peer,
                .until = instant_add(a->host->now, a->cfg.within_ms * US_PER_MS)};
            buf_init(&st->out, a->cfg.budget, a->cfg.answer_len_max);
            frame_reader_init(&st->frames,
                              (struct frame_cfg){.prefix = FRAME_UVARINT,
                                                 .frame_len_max = a->cfg.question_len_max,
                                                 .budget = a->cfg.budget});
            return;
        }
    }
    host_stream_reset(a->host, e->stream, 0);
}

bool answers_event(struct answers *a, const struct host_event *e)
{
    struct answers_stream *st = find(a, e->stream);
    if (!st && !span_equal(e->protocol, span_str(a->cfg.protocol))) {
        return false;
    }
    if (e->kind == HOST_EVENT_STREAM_OPENED && e->inbound) {
        take(a, e);
    } else if (e->kind == HOST_EVENT_STREAM_DATA) {
        if (st) {
            hear(a, st, e->data);
        }
        host_stream_consume(a->host, e->stream, e->data.n);
    } else if (st && e->kind == HOST_EVENT_STREAM_WRITABLE) {
        move(a, st);
    } else if (st && (e->kind == HOST_EVENT_STREAM_CLOSED || e->kind == HOST_EVENT_STREAM_RESET)) {
        forget(st);
    }
    return true; /* a peer that has ended its side waits for its answer */
}

instant answers_deadline(const struct answers *a)
{
    instant at = INSTANT_NEVER;
    for (size_t i = 0; i < a->cfg.streams_max; i++) {
        at = a->streams[i].is_used ? instant_min(at, a->streams[i].until) : at;
    }
    return at;
}

void answers_tick(struct answers *a, instant now)
{
    for (size_t i = 0; i < a->cfg.streams_max; i++) {
        if (a->streams[i].is_used && instant_reached(a->streams[i].until, now)) {
            refuse(a, &a->streams[i]);
        }
    }
}

enum err answers_init(struct answers *a, struct host *host, const struct answers_cfg *cfg)
{
    const struct host_protocol_args args = {.streams_in_max = (uint32_t)cfg->streams_max,
                                            .streams_in_per_peer_max = (uint32_t)cfg->per_peer_max};
    check(cfg->streams_max <= ANSWERS_MAX);
    if (cfg->answer) {
        TRY(host_handle(host, cfg->protocol, args));
    }
    *a = (struct answers){.host = host, .cfg = *cfg};
    return OK;
}

void answers_done(struct answers *a)
{
    for (size_t i = 0; i < a->cfg.streams_max; i++) {
        if (a->streams[i].is_used) {
            forget(&a->streams[i]);
        }
    }
    *a = (struct answers){.host = NULL};
}
