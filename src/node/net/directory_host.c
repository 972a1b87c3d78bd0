/* The directory of servers: its streams. */
#include "node/net/directory_host.h"

#include "p2p/host_state.h"

enum { QUOTA_PEERS_MAX = 4096 };
static const uint64_t WAIT_US_MIN = 2 * US_PER_S;
static const uint64_t WAIT_US_MAX = 600 * US_PER_S;

static struct directory_host *of(struct host_extension *x)
{
    return (struct directory_host *)(void *)x;
}

/* ---- answering ---- */

static enum err
answer(void *user, struct buf *out, const struct peer_id *peer, struct span question)
{
    struct directory_host *d = user;
    const struct descriptor_entry *found[DIRECTORY_ANSWER_MAX];
    struct directory_answer a = {0};
    struct quota_answer quota;
    uint64_t chain;
    TRY(directory_question_parse(&chain, question));
    TRY(quota_take(&d->quota, &quota, peer_id_span(peer), DIRECTORY_QUESTION_COST, d->host->now));
    a.count =
        descriptor_store_sample(&d->list.store, found, d->cfg.rng, chain, host_unix_s(d->host));
    for (size_t i = 0; i < a.count; i++) {
        a.sealed[i] = span_of(found[i]->sealed, found[i]->sealed_len);
    }
    struct wr w = wr_init_buf(out);
    directory_answer_write(&w, &a);
    d->answers_count++;
    return wr_end(&w);
}

/* ---- asking ---- */

static struct directory_asked *find_asked(struct directory_host *d, const struct peer_id *peer)
{
    for (size_t i = 0; i < DIRECTORY_ASKED_MAX; i++) {
        if (peer_id_equal(&d->asked[i].peer, peer)) {
            return &d->asked[i];
        }
    }
    return NULL;
}

static bool may_ask(struct directory_host *d, const struct peer_id *peer)
{
    const struct directory_asked *a = find_asked(d, peer);
    return host_peer_speaks(d->host, peer, SPAN_LIT(DIRECTORY_PROTOCOL)) &&
           (!a || instant_reached(a->again_at, d->host->now));
}

static bool choose_peer(struct directory_host *d, struct peer_id *ret)
{
    struct host_peer_info info;
    for (size_t i = 0; i < host_peers_count(d->host); i++) {
        host_peer_at(d->host, &info, i);
        if (!info.relayed && may_ask(d, &info.peer)) {
            *ret = info.peer;
            return true;
        }
    }
    return false;
}

/* Notes that a peer is asked; the place of the one that was asked the longest ago is taken if need be. */
static struct directory_asked *note(struct directory_host *d, const struct peer_id *peer)
{
    struct directory_asked *a = find_asked(d, peer);
    if (!a) {
        a = &d->asked[d->asked_at++ % DIRECTORY_ASKED_MAX];
        *a = (struct directory_asked){.peer = *peer, .wait_us = WAIT_US_MIN};
    }
    a->again_at = instant_add(d->host->now, a->wait_us);
    a->wait_us = a->wait_us < WAIT_US_MAX / 2 ? 2 * a->wait_us : WAIT_US_MAX;
    return a;
}

/* It is over with the peer that was asked. */
static void leave(struct directory_host *d)
{
    if (d->is_asking) {
        d->is_asking = false;
        frame_reader_done(&d->frames);
        host_stream_reset(d->host, d->stream, 0);
    }
}

static bool ask_next(struct directory_host *d)
{
    uint8_t question[DIRECTORY_QUESTION_LEN_MAX + 1];
    struct peer_id peer;
    if (!choose_peer(d, &peer)) {
        return false;
    }
    struct wr w = wr_init(MSPAN_OF(question));
    const struct host_open_args args = {
        .peer = &peer, .protocol = DIRECTORY_PROTOCOL, .known = true};
    directory_question_write(&w, d->chain);
    d->at = note(d, &peer);
    if (host_open_stream(d->host, &d->stream, NULL, args) != OK) {
        return true;
    }
    d->is_asking = true;
    d->until = instant_add(d->host->now, DIRECTORY_IN_MS * US_PER_MS);
    frame_reader_init(&d->frames, (struct frame_cfg){.prefix = FRAME_UVARINT,
                                                     .frame_len_max = DIRECTORY_ANSWER_LEN_MAX,
                                                     .budget = &d->host->system});
    if (host_stream_write(d->host, d->stream, span_of(question, w.n)) != w.n) {
        leave(d);
        return true;
    }
    host_stream_close_write(d->host, d->stream);
    return true;
}

/* What an honest node would not pass on ends it with that peer. */
static void take(struct directory_host *d, struct span message)
{
    struct directory_answer a;
    bool is_false = directory_answer_parse(&a, message) != OK;
    for (size_t i = 0; !is_false && i < a.count; i++) {
        is_false = descriptor_verdict_is_fault(descriptors_take(&d->list, a.sealed[i]));
    }
    if (is_false) {
        d->at->again_at = INSTANT_NEVER;
    }
}

static void on_asked(struct directory_host *d, const struct host_event *e)
{
    struct span data = e->data;
    struct span message = SPAN_EMPTY;
    enum err err = ERR_CLOSED;
    if (e->kind == HOST_EVENT_STREAM_OPENED || e->kind == HOST_EVENT_STREAM_WRITABLE) {
        return;
    }
    if (e->kind == HOST_EVENT_STREAM_DATA) {
        err = frame_reader_next(&d->frames, &message, &data);
        if (err == OK) {
            take(d, message);
        }
        host_stream_consume(d->host, e->stream, e->data.n);
    }
    if (err != ERR_TRUNCATED) {
        leave(d);
    }
}

/* ---- on the host ---- */

/* Whose dial came through, and whose did not. */
static void on_dialled(struct directory_host *d, const struct host_event *e)
{
    bool is_answered = e->kind == HOST_EVENT_PEER_CONNECTED;
    if (e->peer.n > 0 && !(is_answered && e->inbound)) {
        descriptor_store_dialled(&d->list.store, peer_id_span(&e->peer), is_answered,
                                 host_unix_s(d->host));
    }
}

static bool directory_on_event(struct host_extension *x, const struct host_event *e)
{
    struct directory_host *d = of(x);
    switch (e->kind) {
    case HOST_EVENT_PEER_CONNECTED:
    case HOST_EVENT_DIAL_FAILED:       on_dialled(d, e); return false;
    case HOST_EVENT_STREAM_OPENED:
    case HOST_EVENT_STREAM_DATA:
    case HOST_EVENT_STREAM_FIN:
    case HOST_EVENT_STREAM_WRITABLE:
    case HOST_EVENT_STREAM_CLOSED:
    case HOST_EVENT_STREAM_RESET:      break;
    case HOST_EVENT_DIAL:
    case HOST_EVENT_LINK_CLOSE:
    case HOST_EVENT_PEER_DIRECT:
    case HOST_EVENT_PEER_IDENTIFIED:
    case HOST_EVENT_PEER_DISCONNECTED:
    case HOST_EVENT_PING:
    case HOST_EVENT_PERF:
    case HOST_EVENT_REFUSED:
    case HOST_EVENT_EXTENSION:         return false;
    }
    if (d->is_asking && e->stream.id == d->stream.id) {
        on_asked(d, e);
        return true;
    }
    return answers_event(&d->answers, e);
}

static bool directory_work(struct host_extension *x)
{
    struct directory_host *d = of(x);
    return d->is_wanting && !d->is_asking && ask_next(d);
}

static bool directory_has_news(struct host_extension *x)
{
    (void)x;
    return false; /* on_taken tells */
}

static instant directory_deadline(const struct host_extension *x)
{
    const struct directory_host *d = (const struct directory_host *)(const void *)x;
    instant at = d->is_asking ? d->until : INSTANT_NEVER;
    for (size_t i = 0; d->is_wanting && !d->is_asking && i < DIRECTORY_ASKED_MAX; i++) {
        const struct directory_asked *a = &d->asked[i];
        if (a->peer.n > 0 && !instant_reached(a->again_at, d->host->now)) {
            at = instant_min(at, a->again_at);
        }
    }
    return instant_min(at, answers_deadline(&d->answers));
}

static void directory_tick(struct host_extension *x, instant now)
{
    struct directory_host *d = of(x);
    if (d->is_asking && instant_reached(d->until, now)) {
        leave(d);
    }
    answers_tick(&d->answers, now);
}

enum err directory_host_init(struct directory_host *d,
                             struct host *host,
                             const struct directory_host_cfg *cfg)
{
    const struct answers_cfg answers = {.protocol = DIRECTORY_PROTOCOL,
                                        .streams_max = DIRECTORY_IN_MAX,
                                        .per_peer_max = DIRECTORY_IN_PER_PEER_MAX,
                                        .within_ms = DIRECTORY_IN_MS,
                                        .question_len_max = DIRECTORY_QUESTION_LEN_MAX,
                                        .answer_len_max =
                                            DIRECTORY_ANSWER_LEN_MAX + UVARINT_LEN_MAX,
                                        .budget = &host->system,
                                        .answer = cfg->serves ? answer : NULL,
                                        .user = d};
    *d = (struct directory_host){
        .extension = {.on_event = directory_on_event,
                      .work = directory_work,
                      .has_news = directory_has_news,
                      .deadline = directory_deadline,
                      .tick = directory_tick},
        .cfg = *cfg,
    };
    TRY(answers_init(&d->answers, host, &answers));
    d->host = host;
    descriptors_init(&d->list, &cfg->list);
    quota_init(&d->quota, cfg->list.parent,
               (struct quota_cfg){
                   .keys_max = QUOTA_PEERS_MAX,
                   .units_max = DIRECTORY_QUOTA,
                   .units_per_s = 1,
                   .seed = {cfg->list.seed[1], cfg->list.seed[0]}
    });
    host_extend(host, &d->extension);
    return OK;
}

void directory_host_done(struct directory_host *d)
{
    if (!d->host) {
        return;
    }
    host_unextend(&d->extension);
    if (d->is_asking) {
        frame_reader_done(&d->frames);
    }
    answers_done(&d->answers);
    quota_done(&d->quota);
    descriptors_done(&d->list);
    *d = (struct directory_host){.host = NULL};
}

void directory_host_want(struct directory_host *d, uint64_t chain)
{
    d->is_wanting = true;
    if (d->chain == chain) {
        return;
    }
    for (size_t i = 0; i < DIRECTORY_ASKED_MAX; i++) {
        struct directory_asked *a = &d->asked[i];
        if (!instant_is_never(a->again_at)) {
            *a = (struct directory_asked){.peer = a->peer, .wait_us = WAIT_US_MIN};
        }
    }
    leave(d);
    d->chain = chain;
}

void directory_host_rest(struct directory_host *d)
{
    d->is_wanting = false;
}
