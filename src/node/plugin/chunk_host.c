/* Chunks of packages: their streams. */
#include "node/plugin/chunk_host.h"

#include "p2p/host_state.h"

#include <string.h>

enum { QUOTA_PEERS_MAX = 1024 };

static struct chunk_host *of(struct host_extension *x)
{
    return (struct chunk_host *)(void *)x;
}

static bool is_ours(const struct host_event *e)
{
    return span_equal(e->protocol, SPAN_LIT(CHUNK_PROTOCOL));
}

/* ---- offering ---- */

static struct chunk_host_in *find_in(struct chunk_host *c, host_stream stream)
{
    for (size_t i = 0; i < CHUNK_HOST_IN_MAX; i++) {
        if (c->in[i].is_used && c->in[i].stream.id == stream.id) {
            return &c->in[i];
        }
    }
    return NULL;
}

static void forget_in(struct chunk_host_in *in)
{
    frame_reader_done(&in->frames);
    buf_done(&in->out);
    *in = (struct chunk_host_in){.is_used = false};
}

static void refuse_in(struct chunk_host *c, struct chunk_host_in *in)
{
    host_stream_reset(c->host, in->stream, 0);
    forget_in(in);
}

static void move_in(struct chunk_host *c, struct chunk_host_in *in)
{
    struct span rest = span_from(buf_span(&in->out), in->out_at);
    if (rest.n == 0) {
        return;
    }
    in->out_at += host_stream_write(c->host, in->stream, rest);
    if (in->out_at == in->out.n) {
        host_stream_close_write(c->host, in->stream);
        forget_in(in);
    }
}

/* What is said to a request: the chunk, or why not. */
static enum err answer(struct chunk_host *c, struct chunk_host_in *in, struct span message)
{
    struct chunk_request r;
    struct quota_answer quota;
    struct chunk_answer a = {.status = CHUNK_ABSENT};
    AUTO(buf_done) struct buf chunk;
    struct mspan room;
    size_t n;
    buf_init(&chunk, c->cfg.budget, PACKAGE_CHUNK_LEN);
    buf_init(&in->out, c->cfg.budget, PACKAGE_CHUNK_LEN + 2 * CHUNK_HEAD_LEN_MAX);
    TRY(chunk_request_parse(&r, message));
    TRY(buf_extend(&chunk, &room, PACKAGE_CHUNK_LEN));
    if (quota_take(&c->quota, &quota, peer_id_span(&in->peer), 1, c->host->now) != OK) {
        a.status = CHUNK_BUSY;
        a.retry_ms = quota.retry_ms < CHUNK_RETRY_MS_MAX ? quota.retry_ms : CHUNK_RETRY_MS_MAX;
    } else if (c->cfg.shelf->read(c->cfg.shelf, room.p, &n, &r) == OK) {
        a = (struct chunk_answer){.status = CHUNK_FOUND, .bytes = span_of(room.p, n)};
        c->given_count++;
    }
    struct wr w = wr_init_buf(&in->out);
    chunk_answer_write(&w, &a);
    return wr_end(&w);
}

static void hear_in(struct chunk_host *c, struct chunk_host_in *in, struct span data)
{
    struct span message;
    if (in->out.n > 0) {
        refuse_in(c, in); /* one question a stream */
        return;
    }
    enum err e = frame_reader_next(&in->frames, &message, &data);
    if (e == OK) {
        e = data.n == 0 ? answer(c, in, message) : ERR_MALFORMED;
        if (e == OK) {
            move_in(c, in);
            return;
        }
    }
    if (e != ERR_TRUNCATED) {
        refuse_in(c, in);
    }
}

static void open_in(struct chunk_host *c, const struct host_event *e)
{
    for (size_t i = 0; i < CHUNK_HOST_IN_MAX; i++) {
        struct chunk_host_in *in = &c->in[i];
        if (!in->is_used) {
            *in = (struct chunk_host_in){
                .is_used = true,
                .stream = e->stream,
                .peer = e->peer,
                .until = instant_add(c->host->now, CHUNK_HOST_IN_MS * US_PER_MS)};
            frame_reader_init(&in->frames,
                              (struct frame_cfg){.prefix = FRAME_UVARINT,
                                                 .frame_len_max = CHUNK_REQUEST_LEN_MAX,
                                                 .budget = c->cfg.budget});
            return;
        }
    }
    host_stream_reset(c->host, e->stream, 0);
}

/* ---- asking ---- */

static void judge(struct chunk_host *c, enum chunk_outcome outcome)
{
    struct chunk_host_judged *j = &c->judged[c->judged_at++ % CHUNK_HOST_JUDGED_MAX];
    uint64_t ms = CHUNK_HOST_LEFT_MS;
    j->peer = c->peer;
    j->is_busy = outcome == CHUNK_REFUSED && c->fetch.retry_ms > 0;
    ms = j->is_busy ? c->fetch.retry_ms : ms;
    j->until = outcome == CHUNK_LIED ? INSTANT_NEVER : instant_add(c->host->now, ms * US_PER_MS);
    c->liars_count += outcome == CHUNK_LIED;
    c->wasted_bytes += c->fetch.received;
}

/* Also notes when it is worth while to come back. */
static bool is_left_out(struct chunk_host *c, const struct peer_id *peer)
{
    for (size_t i = 0; i < CHUNK_HOST_JUDGED_MAX; i++) {
        const struct chunk_host_judged *j = &c->judged[i];
        if (peer_id_equal(&j->peer, peer) && !instant_reached(j->until, c->host->now)) {
            c->retry_at = j->is_busy ? instant_min(c->retry_at, j->until) : c->retry_at;
            return true;
        }
    }
    return false;
}

/* Whoever gave the last one is asked first. */
static bool choose_peer(struct chunk_host *c)
{
    struct host_peer_info info;
    const struct span protocol = SPAN_LIT(CHUNK_PROTOCOL);
    c->retry_at = INSTANT_NEVER;
    if (c->peer.n > 0 && host_peer_speaks(c->host, &c->peer, protocol) &&
        !is_left_out(c, &c->peer)) {
        return true;
    }
    size_t count = host_peers_count(c->host);
    for (size_t i = 0; i < count; i++) {
        host_peer_at(c->host, &info, i);
        if (!info.relayed && host_peer_speaks(c->host, &info.peer, protocol) &&
            !is_left_out(c, &info.peer)) {
            c->peer = info.peer;
            return true;
        }
    }
    return false;
}

/* Leaves the peer that is asked, if one is. */
static void leave(struct chunk_host *c)
{
    if (c->is_asked) {
        c->is_asked = false;
        chunk_fetch_done(&c->fetch);
        host_stream_reset(c->host, c->stream, 0);
    }
}

/* Asks the next peer; false: there is none. */
static bool ask_next(struct chunk_host *c)
{
    uint8_t request[CHUNK_REQUEST_LEN_MAX + 1];
    while (choose_peer(c)) {
        const struct host_open_args args = {
            .peer = &c->peer, .protocol = CHUNK_PROTOCOL, .known = true};
        chunk_fetch_init(&c->fetch, &c->want, c->cfg.budget, c->host->now);
        struct wr w = wr_init(MSPAN_OF(request));
        chunk_request_write(&w, &c->want.request);
        if (host_open_stream(c->host, &c->stream, NULL, args) == OK) {
            c->is_asked = true;
            if (host_stream_write(c->host, c->stream, span_of(request, w.n)) == w.n) {
                host_stream_close_write(c->host, c->stream);
                return true;
            }
        }
        leave(c);
        judge(c, CHUNK_LOST);
    }
    return false;
}

/* What comes of what the peer has said so far. on_chunk may want another. */
static void follow(struct chunk_host *c, enum chunk_outcome outcome)
{
    uint64_t stream = c->stream.id;
    if (outcome == CHUNK_PENDING) {
        return;
    }
    if (outcome == CHUNK_GOT) {
        c->is_wanted = false;
        c->cfg.on_chunk(c->cfg.user, OK, c->fetch.bytes);
    } else {
        judge(c, outcome); /* chunk_host_work asks the next */
    }
    if (c->stream.id == stream) {
        leave(c);
    }
}

static void on_asked(struct chunk_host *c, const struct host_event *e)
{
    if (e->kind == HOST_EVENT_STREAM_DATA) {
        follow(c, chunk_fetch_recv(&c->fetch, e->data));
        host_stream_consume(c->host, e->stream, e->data.n);
    } else if (e->kind == HOST_EVENT_STREAM_FIN || e->kind == HOST_EVENT_STREAM_CLOSED ||
               e->kind == HOST_EVENT_STREAM_RESET) {
        follow(c, chunk_fetch_end(&c->fetch));
    }
}

/* ---- on the host ---- */

static void on_offered(struct chunk_host *c, const struct host_event *e)
{
    struct chunk_host_in *in = find_in(c, e->stream);
    switch (e->kind) {
    case HOST_EVENT_STREAM_OPENED:
        if (e->inbound) {
            open_in(c, e);
        }
        break;
    case HOST_EVENT_STREAM_DATA:
        if (in) {
            hear_in(c, in, e->data);
        }
        host_stream_consume(c->host, e->stream, e->data.n);
        break;
    case HOST_EVENT_STREAM_WRITABLE:
        if (in) {
            move_in(c, in);
        }
        break;
    case HOST_EVENT_STREAM_CLOSED:
    case HOST_EVENT_STREAM_RESET:
        if (in) {
            forget_in(in);
        }
        break;
    default: break; /* a peer that has ended its side waits for its answer */
    }
}

static bool chunk_host_on_event(struct host_extension *x, const struct host_event *e)
{
    struct chunk_host *c = of(x);
    switch (e->kind) {
    case HOST_EVENT_STREAM_OPENED:
    case HOST_EVENT_STREAM_DATA:
    case HOST_EVENT_STREAM_FIN:
    case HOST_EVENT_STREAM_WRITABLE:
    case HOST_EVENT_STREAM_CLOSED:
    case HOST_EVENT_STREAM_RESET:    break;
    default:                         return false; /* the application's */
    }
    if (c->is_asked && e->stream.id == c->stream.id) {
        on_asked(c, e);
        return true;
    }
    if (find_in(c, e->stream) || is_ours(e)) {
        on_offered(c, e);
        return true;
    }
    return false;
}

static bool chunk_host_work(struct host_extension *x)
{
    struct chunk_host *c = of(x);
    bool is_waiting = !instant_is_never(c->retry_at) && !instant_reached(c->retry_at, c->host->now);
    if (!c->is_wanted || c->is_asked || is_waiting) {
        return false;
    }
    if (!ask_next(c) && instant_is_never(c->retry_at)) {
        c->is_wanted = false;
        c->cfg.on_chunk(c->cfg.user, ERR_NOT_FOUND, SPAN_EMPTY);
    }
    return true;
}

static bool chunk_host_has_news(struct host_extension *x)
{
    (void)x;
    return false; /* on_chunk tells */
}

static instant chunk_host_deadline(const struct host_extension *x)
{
    const struct chunk_host *c = (const struct chunk_host *)(const void *)x;
    instant at = c->is_asked    ? chunk_fetch_deadline(&c->fetch)
                 : c->is_wanted ? c->retry_at
                                : INSTANT_NEVER;
    for (size_t i = 0; i < CHUNK_HOST_IN_MAX; i++) {
        at = c->in[i].is_used ? instant_min(at, c->in[i].until) : at;
    }
    return at;
}

static void chunk_host_tick(struct host_extension *x, instant now)
{
    struct chunk_host *c = of(x);
    if (c->is_asked) {
        follow(c, chunk_fetch_tick(&c->fetch, now));
    }
    for (size_t i = 0; i < CHUNK_HOST_IN_MAX; i++) {
        if (c->in[i].is_used && instant_reached(c->in[i].until, now)) {
            refuse_in(c, &c->in[i]);
        }
    }
}

enum err chunk_host_init(struct chunk_host *c, struct host *host, const struct chunk_host_cfg *cfg)
{
    const struct host_protocol_args args = {.streams_in_max = CHUNK_HOST_IN_MAX,
                                            .streams_in_per_peer_max = CHUNK_HOST_IN_PER_PEER_MAX};
    if (cfg->shelf) {
        TRY(host_handle(host, CHUNK_PROTOCOL, args));
    }
    *c = (struct chunk_host){
        .extension = {.on_event = chunk_host_on_event,
                      .work = chunk_host_work,
                      .has_news = chunk_host_has_news,
                      .deadline = chunk_host_deadline,
                      .tick = chunk_host_tick},
        .host = host,
        .cfg = *cfg,
        .retry_at = INSTANT_NEVER,
    };
    quota_init(&c->quota, cfg->budget,
               (struct quota_cfg){
                   .keys_max = QUOTA_PEERS_MAX,
                   .units_max = CHUNK_HOST_QUOTA,
                   .units_per_s = CHUNK_HOST_QUOTA_PER_S,
                   .seed = {cfg->seed[0], cfg->seed[1]}
    });
    host_extend(host, &c->extension);
    return OK;
}

void chunk_host_done(struct chunk_host *c)
{
    if (!c->host) {
        return;
    }
    host_unextend(&c->extension);
    if (c->is_asked) {
        chunk_fetch_done(&c->fetch);
    }
    for (size_t i = 0; i < CHUNK_HOST_IN_MAX; i++) {
        if (c->in[i].is_used) {
            forget_in(&c->in[i]);
        }
    }
    quota_done(&c->quota);
    *c = (struct chunk_host){.host = NULL};
}

void chunk_host_want(struct chunk_host *c, const struct chunk_want *want)
{
    leave(c);
    c->want = *want;
    c->is_wanted = true;
    c->retry_at = INSTANT_NEVER;
}

void chunk_host_drop(struct chunk_host *c)
{
    leave(c);
    c->is_wanted = false;
}
