/* The attestation protocol's streams. */
#include "node/attest/attest_host.h"

#include "base/check.h"
#include "p2p/host_state.h"

#include <string.h>

static struct attest_host *of(struct host_extension *x)
{
    return (struct attest_host *)(void *)x;
}

static struct attest_host_stream *find_free(struct attest_host *a)
{
    for (size_t i = 0; i < ATTEST_HOST_STREAMS_MAX; i++) {
        if (!a->streams[i].is_used) {
            return &a->streams[i];
        }
    }
    return NULL;
}

static struct attest_host_stream *find(struct attest_host *a, host_stream stream)
{
    for (size_t i = 0; i < ATTEST_HOST_STREAMS_MAX; i++) {
        if (a->streams[i].is_used && a->streams[i].stream.id == stream.id) {
            return &a->streams[i];
        }
    }
    return NULL;
}

/* Tells of a question's end, and forgets it. */
static void end(struct attest_host *a, struct attest_host_stream *s, const struct attest_event *e)
{
    struct peer_id peer = s->peer;
    bool is_told = !s->inbound && a->cfg.on_end;
    if (is_told) {
        a->cfg.on_end(a->cfg.user, &peer, e);
    }
    attest_done(&s->engine);
    *s = (struct attest_host_stream){.is_used = false};
}

static void
end_broken(struct attest_host *a, struct attest_host_stream *s, enum err err, const char *rule)
{
    const struct attest_event e = {.outcome = ATTEST_BROKEN, .err = err, .why = {.rule = rule}};
    end(a, s, &e);
}

/* The stream is open: its connection has a name now. */
MUST_CHECK static enum err begin(struct attest_host *a, struct attest_host_stream *s)
{
    TRY(host_stream_channel(a->host, &s->channel, s->stream));
    struct attest_cfg cfg = {
        .is_verifier = !s->inbound,
        .self_id = peer_id_span(host_self(a->host)),
        .remote_id = peer_id_span(&s->peer),
        .channel = SPAN_OF(s->channel.bytes),
        .budget = a->cfg.budget,
        .timeout_us = (uint64_t)ATTEST_HOST_TIMEOUT_MS * US_PER_MS,
        .open_timeout_us = (uint64_t)ATTEST_HOST_OPEN_TIMEOUT_MS * US_PER_MS,
        .kinds = s->kinds,
        .level_min = s->level_min,
        .judge = a->cfg.judge,
        .cache = a->cfg.cache,
        .identity = a->cfg.identity,
    };
    if (!s->inbound) {
        rng_fill(a->cfg.rng, MSPAN_OF(cfg.nonce));
        cfg.now = a->cfg.clock(a->cfg.user);
    }
    TRY(attest_init(&s->engine, &cfg, a->host->now));
    s->is_begun = true;
    return OK;
}

/* Moves what the engine says to the peer, and ends what is over. True if anything was done. */
static bool move(struct attest_host *a, struct attest_host_stream *s)
{
    uint8_t room[1024];
    struct attest_event e;
    bool did = false;
    size_t can = host_stream_writable_len(a->host, s->stream);
    while (can > 0) {
        size_t n = attest_send(&s->engine, a->host->now,
                               mspan_first(MSPAN_OF(room), can < sizeof room ? can : sizeof room));
        if (n == 0) {
            break;
        }
        size_t took = host_stream_write(a->host, s->stream, span_of(room, n));
        check(took == n); /* as it said that it could */
        can -= n;
        did = true;
    }
    if (attest_poll(&s->engine, &e)) {
        /* Either side has said all it had to say then, or nothing more is of use. */
        if (e.outcome == ATTEST_BROKEN || e.outcome == ATTEST_REFUSED) {
            host_stream_reset(a->host, s->stream, 0);
        } else {
            host_stream_close_write(a->host, s->stream);
        }
        end(a, s, &e);
        did = true;
    }
    return did;
}

void attest_host_open(struct attest_host *a,
                      host_stream stream,
                      enum err e,
                      const struct secret32 *secret)
{
    struct attest_host_stream *s = find(a, stream);
    if (s && s->is_begun) {
        attest_open(&s->engine, a->host->now, e, secret);
        (void)move(a, s);
    }
}

static void on_opened(struct attest_host *a, const struct host_event *e)
{
    struct attest_host_stream *s = e->inbound ? find_free(a) : find(a, e->stream);
    if (!s) {
        host_stream_reset(a->host, e->stream, 0);
        return;
    }
    if (e->inbound) {
        *s = (struct attest_host_stream){
            .is_used = true, .inbound = true, .stream = e->stream, .peer = e->peer};
    }
    enum err err = s->is_begun ? OK : begin(a, s);
    if (err != OK) {
        host_stream_reset(a->host, e->stream, 0);
        end_broken(a, s, err, "attest: the connection cannot be named");
        return;
    }
    (void)move(a, s);
}

static void on_data(struct attest_host *a, struct attest_host_stream *s, const struct host_event *e)
{
    struct span in = e->data;
    struct span credential;
    size_t n = in.n;
    bool was_opening = attest_is_opening(&s->engine, &credential);
    enum err err = attest_recv(&s->engine, a->host->now, &in);
    (void)err; /* the engine's event tells */
    host_stream_consume(a->host, e->stream, n);
    if (!was_opening && attest_is_opening(&s->engine, &credential)) {
        if (a->cfg.on_credential) {
            a->cfg.on_credential(a->cfg.user, e->stream, credential); /* may end s */
        } else {
            attest_host_open(a, e->stream, ERR_UNSUPPORTED, NULL);
        }
        return;
    }
    (void)move(a, s);
}

static void on_fin(struct attest_host *a, struct attest_host_stream *s)
{
    if (s->is_begun) {
        attest_fin(&s->engine);
        (void)move(a, s);
    }
}

/* A stream of ours whose exchange is over: the host ends it. */
static bool is_ours(const struct host_event *e)
{
    return span_equal(e->protocol, SPAN_LIT(ATTEST_PROTOCOL));
}

static bool attest_host_on_event(struct host_extension *x, const struct host_event *e)
{
    struct attest_host *a = of(x);
    struct attest_host_stream *s = NULL;
    switch (e->kind) {
    case HOST_EVENT_STREAM_OPENED:
        if (is_ours(e)) {
            on_opened(a, e);
        }
        return is_ours(e);
    case HOST_EVENT_STREAM_DATA:
        s = find(a, e->stream);
        if (s && s->is_begun) {
            on_data(a, s, e);
        } else if (is_ours(e)) {
            host_stream_consume(a->host, e->stream, e->data.n);
        }
        return s || is_ours(e);
    case HOST_EVENT_STREAM_WRITABLE:
        s = find(a, e->stream);
        if (s && s->is_begun) {
            (void)move(a, s);
        }
        return s || is_ours(e);
    case HOST_EVENT_STREAM_FIN:
        s = find(a, e->stream);
        if (s) {
            on_fin(a, s);
        }
        return s || is_ours(e);
    case HOST_EVENT_STREAM_CLOSED:
    case HOST_EVENT_STREAM_RESET:
        s = find(a, e->stream);
        if (s) {
            end_broken(a, s, e->err != OK ? e->err : ERR_CLOSED,
                       e->rule ? e->rule : "attest: the stream has ended");
        }
        return s || is_ours(e);
    default: return false; /* the application's */
    }
}

static bool attest_host_work(struct host_extension *x)
{
    (void)x;
    return false; /* all is done when something happens */
}

static bool attest_host_has_news(struct host_extension *x)
{
    (void)x;
    return false; /* on_end tells */
}

static instant attest_host_deadline(const struct host_extension *x)
{
    const struct attest_host *a = (const struct attest_host *)(const void *)x;
    instant at = INSTANT_NEVER;
    for (size_t i = 0; i < ATTEST_HOST_STREAMS_MAX; i++) {
        if (a->streams[i].is_used && a->streams[i].is_begun) {
            at = instant_min(at, attest_deadline(&a->streams[i].engine));
        }
    }
    return at;
}

static void attest_host_tick(struct host_extension *x, instant now)
{
    struct attest_host *a = of(x);
    for (size_t i = 0; i < ATTEST_HOST_STREAMS_MAX; i++) {
        struct attest_host_stream *s = &a->streams[i];
        if (s->is_used && s->is_begun) {
            attest_tick(&s->engine, now);
            (void)move(a, s);
        }
    }
}

enum err
attest_host_init(struct attest_host *a, struct host *host, const struct attest_host_cfg *cfg)
{
    *a = (struct attest_host){
        .extension = {.on_event = attest_host_on_event,
                      .work = attest_host_work,
                      .has_news = attest_host_has_news,
                      .deadline = attest_host_deadline,
                      .tick = attest_host_tick},
        .host = host,
        .cfg = *cfg,
    };
    const struct host_protocol_args args = {.streams_in_max = ATTEST_HOST_STREAMS_MAX / 2,
                                            .streams_in_per_peer_max = ATTEST_HOST_IN_PER_PEER_MAX};
    TRY(host_handle(host, ATTEST_PROTOCOL, args));
    host_extend(host, &a->extension);
    return OK;
}

void attest_host_done(struct attest_host *a)
{
    if (!a->host) {
        return;
    }
    host_unextend(&a->extension);
    for (size_t i = 0; i < ATTEST_HOST_STREAMS_MAX; i++) {
        attest_done(&a->streams[i].engine);
    }
    *a = (struct attest_host){.host = NULL};
}

enum err attest_host_ask(struct attest_host *a, const struct attest_host_ask *ask)
{
    struct attest_host_stream *s = find_free(a);
    if (!a->cfg.judge || !s) {
        return ERR_LIMIT;
    }
    const struct host_open_args args = {.peer = ask->peer, .protocol = ATTEST_PROTOCOL};
    host_stream stream;
    TRY(host_open_stream(a->host, &stream, NULL, args));
    *s = (struct attest_host_stream){.is_used = true,
                                     .stream = stream,
                                     .peer = *ask->peer,
                                     .kinds = ask->kinds,
                                     .level_min = ask->level_min};
    return OK;
}
