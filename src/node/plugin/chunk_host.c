/* Chunks of packages: their streams. */
#include "node/plugin/chunk_host.h"

#include "p2p/host_state.h"

#include <string.h>

enum { QUOTA_PEERS_MAX = 1024 };

static struct chunk_host *of(struct host_extension *x)
{
    return (struct chunk_host *)(void *)x;
}

/* ---- offering ---- */

/* What is said to a request: the chunk, or why not. */
static enum err
answer(void *user, struct buf *out, const struct peer_id *peer, struct span question)
{
    struct chunk_host *c = user;
    struct chunk_request r;
    struct quota_answer quota;
    struct chunk_answer a = {.status = CHUNK_ABSENT};
    AUTO(buf_done) struct buf chunk;
    struct mspan room;
    size_t n;
    buf_init(&chunk, c->cfg.budget, PACKAGE_CHUNK_LEN);
    TRY(chunk_request_parse(&r, question));
    TRY(buf_extend(&chunk, &room, PACKAGE_CHUNK_LEN));
    if (quota_take(&c->quota, &quota, peer_id_span(peer), 1, c->host->now) != OK) {
        a.status = CHUNK_BUSY;
        a.retry_ms = quota.retry_ms < CHUNK_RETRY_MS_MAX ? quota.retry_ms : CHUNK_RETRY_MS_MAX;
    } else if (c->cfg.shelf->read(c->cfg.shelf, room.p, &n, &r) == OK) {
        a = (struct chunk_answer){.status = CHUNK_FOUND, .bytes = span_of(room.p, n)};
        c->given_count++;
    }
    struct wr w = wr_init_buf(out);
    chunk_answer_write(&w, &a);
    return wr_end(&w);
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
    return answers_event(&c->answers, e);
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
    return instant_min(at, answers_deadline(&c->answers));
}

static void chunk_host_tick(struct host_extension *x, instant now)
{
    struct chunk_host *c = of(x);
    if (c->is_asked) {
        follow(c, chunk_fetch_tick(&c->fetch, now));
    }
    answers_tick(&c->answers, now);
}

enum err chunk_host_init(struct chunk_host *c, struct host *host, const struct chunk_host_cfg *cfg)
{
    const struct answers_cfg answers = {.protocol = CHUNK_PROTOCOL,
                                        .streams_max = CHUNK_HOST_IN_MAX,
                                        .per_peer_max = CHUNK_HOST_IN_PER_PEER_MAX,
                                        .within_ms = CHUNK_HOST_IN_MS,
                                        .question_len_max = CHUNK_REQUEST_LEN_MAX,
                                        .answer_len_max =
                                            PACKAGE_CHUNK_LEN + 2 * CHUNK_HEAD_LEN_MAX,
                                        .budget = cfg->budget,
                                        .answer = cfg->shelf ? answer : NULL,
                                        .user = c};
    *c = (struct chunk_host){
        .extension = {.on_event = chunk_host_on_event,
                      .work = chunk_host_work,
                      .has_news = chunk_host_has_news,
                      .deadline = chunk_host_deadline,
                      .tick = chunk_host_tick},
        .cfg = *cfg,
        .retry_at = INSTANT_NEVER,
    };
    TRY(answers_init(&c->answers, host, &answers));
    c->host = host;
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
    answers_done(&c->answers);
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
