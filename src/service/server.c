/* The answering side. Streams move REQUEST -> (NODE | BUNDLER | HEADS) -> ANSWERED; each is in one state and waits for
 * one thing. server_request.c decides what a request gets; here are places, bytes, time and the node. */
#include "service/server_parts.h"

#include "base/check.h"
#include "evm/jsonrpc.h"
#include "service/bundler.h"

#include <string.h>

enum { HEAD_TIMEOUT_MS = 5000, RETRY_MS = 1000 };

/* Ids of our questions lie above those of the bundler. */
#define TOKEN_BASE (UINT64_C(1) << 61)

struct service_server_limits service_server_limits_default(void)
{
    return (struct service_server_limits){
        .streams_max = 512,
        .streams_per_peer_max = 16,
        .asks_max = 64,
        .peers_max = 1024,
        .units_max = 1000,
        .units_per_s = 50,
        .group_factor = 8,
        .logs_blocks_max = 1024,
        .head_ms = 2000,
        .stale_ms = 60000,
        .request_ms = 10000,
        .cached_max = 4096,
        .cached_bytes_max = 16 << 20,
        .payer_factor = 4,
        .known_percent = 90,
        .unknown_percent = 70,
    };
}

/* A fee is final: whoever brought the operation is a paying peer from now on, by the account that paid. */
static void on_paid(void *user, const struct loss_key *who, struct address account, instant now)
{
    struct service_server *s = user;
    if (who->peer_len > 0) { /* of operations from before a restart nobody knows */
        standings_paid(&s->standings, span_of(who->peer, who->peer_len), account, now);
    }
}

enum err
service_server_init(struct service_server *s, const struct service_server_cfg *cfg, instant now)
{
    const struct service_server_limits *l = &cfg->limits;
    check(l->group_factor > 0 && l->payer_factor > 0);
    memset(s, 0, sizeof *s);
    s->cfg = *cfg;
    s->next_token = TOKEN_BASE;
    s->head_next = now;
    list_init(&s->all);
    list_init(&s->ready);
    pool_init(&s->streams, cfg->budget,
              (struct pool_cfg){.object_len = sizeof(struct service_stream),
                                .count_max = l->streams_max,
                                .spare_max = 8});
    struct quota_cfg q = {
        .keys_max = l->peers_max,
        .units_max = l->units_max,
        .units_per_s = l->units_per_s,
        .seed = {cfg->map_seed[0], cfg->map_seed[1]}
    };
    quota_init(&s->peers, cfg->budget, q);
    q.units_max *= l->group_factor;
    q.units_per_s *= l->group_factor;
    quota_init(&s->groups, cfg->budget, q);
    q.units_max = l->units_max * l->payer_factor;
    q.units_per_s = l->units_per_s * l->payer_factor;
    quota_init(&s->payers, cfg->budget, q);
    standings_init(&s->standings, &(struct standings_cfg){
                                      .budget = cfg->budget,
                                      .peers_max = l->peers_max,
                                      .seed = {cfg->map_seed[0], cfg->map_seed[1]}
    });
    if (cfg->bundler) {
        cfg->bundler->cfg.paid = on_paid;
        cfg->bundler->cfg.paid_user = s;
    }
    cache_init(&s->answers, cfg->budget,
               (struct cache_cfg){
                   .count_max = l->cached_max,
                   .bytes_max = l->cached_bytes_max,
                   .seed = {cfg->map_seed[0], cfg->map_seed[1]}
    });
    buf_init(&s->text, cfg->budget, SERVICE_REQUEST_LEN_MAX + 512);
    buf_init(&s->body, cfg->budget, SERVICE_RESPONSE_LEN_MAX);
    buf_init(&s->message, cfg->budget, SERVICE_RESPONSE_LEN_MAX);
    return OK;
}

void service_server_set_limits(struct service_server *s, const struct service_server_limits *limits)
{
    struct service_server_limits *l = &s->cfg.limits;
    struct service_server_limits next = *limits;
    next.streams_max = l->streams_max;
    next.peers_max = l->peers_max;
    next.group_factor = l->group_factor;
    next.payer_factor = l->payer_factor;
    *l = next;
    s->peers.cfg.units_max = next.units_max;
    s->peers.cfg.units_per_s = next.units_per_s;
    s->groups.cfg.units_max = next.units_max * next.group_factor;
    s->groups.cfg.units_per_s = next.units_per_s * next.group_factor;
    s->payers.cfg.units_max = next.units_max * next.payer_factor;
    s->payers.cfg.units_per_s = next.units_per_s * next.payer_factor;
}

void service_server_done(struct service_server *s)
{
    if (!s->all.next) {
        return; /* zeroed: never begun */
    }
    for (struct list *n = list_first(&s->all); n; n = list_first(&s->all)) {
        service_server_reset(s, list_entry(n, struct service_stream, in_streams));
    }
    pool_done(&s->streams);
    quota_done(&s->peers);
    quota_done(&s->groups);
    quota_done(&s->payers);
    standings_done(&s->standings);
    cache_done(&s->answers);
    buf_done(&s->text);
    buf_done(&s->body);
    buf_done(&s->message);
}

static size_t streams_of(const struct service_server *s, struct span id)
{
    size_t count = 0;
    for (struct list *n = list_first(&s->all); n; n = list_next(&s->all, n)) {
        const struct service_stream *st = list_entry(n, struct service_stream, in_streams);
        count += span_equal(span_of(st->peer, st->peer_len), id);
    }
    return count;
}

enum err service_server_open(struct service_server *s,
                             struct service_stream **ret_stream,
                             struct service_peer peer,
                             void *user,
                             instant now)
{
    void *object;
    if (peer.id.n > MAP_KEY_LEN_MAX || peer.group.n > MAP_KEY_LEN_MAX ||
        streams_of(s, peer.id) >= s->cfg.limits.streams_per_peer_max) {
        return ERR_LIMIT;
    }
    TRY(pool_take(&s->streams, &object));
    struct service_stream *st = object;
    st->user = user;
    st->peer_len = (uint8_t)span_copy(MSPAN_OF(st->peer), peer.id);
    st->group_len = (uint8_t)span_copy(MSPAN_OF(st->group), peer.group);
    st->deadline = instant_add(now, s->cfg.limits.request_ms * US_PER_MS);
    frame_reader_init(&st->frames, (struct frame_cfg){.prefix = FRAME_UVARINT,
                                                      .frame_len_max = SERVICE_REQUEST_LEN_MAX,
                                                      .budget = s->cfg.budget});
    buf_init(&st->ask, s->cfg.budget, SERVICE_REQUEST_LEN_MAX + 512);
    buf_init(&st->kept, s->cfg.budget, service_limits(SERVICE_CALL_WITNESS)->request_len_max);
    buf_init(&st->job.body, s->cfg.budget, SERVICE_BODY_LEN_MAX);
    buf_init(&st->job.reads, s->cfg.budget, SERVER_READS_LEN_MAX);
    buf_init(&st->out, s->cfg.budget, SERVICE_RESPONSE_LEN_MAX + UVARINT_LEN_MAX);
    list_add_last(&s->all, &st->in_streams);
    *ret_stream = st;
    return OK;
}

/* wait_end forgets what the stream waited for. */
static void wait_end(struct service_server *s, struct service_stream *st)
{
    if (st->state == SERVICE_STREAM_NODE && !st->is_follower) {
        check(s->asks_count > 0);
        s->asks_count--;
    }
    st->is_follower = false;
    if (st->state == SERVICE_STREAM_BUNDLER) {
        bundler_forget_waiter(s->cfg.bundler, st->token);
    }
    st->token = 0;
    st->ask_due = false;
    buf_clear(&st->ask);
    buf_trim(&st->ask);
    buf_clear(&st->kept);
    buf_trim(&st->kept);
}

void service_server_reset(struct service_server *s, struct service_stream *stream)
{
    bool is_leader = stream->state == SERVICE_STREAM_NODE && !stream->is_follower &&
                     server_is_shared(stream->request.type);
    struct hash32 key = stream->answer_key;
    wait_end(s, stream);
    stream->state = SERVICE_STREAM_ANSWERED;
    if (is_leader) {
        server_share_promote(s, &key); /* who waited with it asks in its place */
    }
    frame_reader_done(&stream->frames);
    buf_done(&stream->ask);
    buf_done(&stream->kept);
    buf_done(&stream->job.body);
    buf_done(&stream->job.reads);
    buf_done(&stream->out);
    list_remove(&stream->in_streams);
    list_remove(&stream->in_ready);
    pool_give(&s->streams, stream);
}

static void ready_mark(struct service_server *s, struct service_stream *st)
{
    if (!list_is_linked(&st->in_ready)) {
        list_add_last(&s->ready, &st->in_ready);
    }
}

static void stream_finish(struct service_server *s, struct service_stream *st)
{
    wait_end(s, st);
    st->state = SERVICE_STREAM_ANSWERED;
    st->deadline = INSTANT_NEVER;
    ready_mark(s, st);
}

/* response_write puts one framed response behind what the stream has still to send. */
MUST_CHECK static enum err response_write(struct service_server *s,
                                          struct service_stream *st,
                                          const struct service_response *r)
{
    buf_clear(&s->message);
    TRY(service_response_encode(r, &s->message));
    if (s->message.n > st->request.response_max && r->code == SERVICE_OK && st->job.body.n == 0) {
        return ERR_LIMIT; /* of a job, its whole body was held against it */
    }
    TRY(buf_reserve(&st->out, s->message.n + UVARINT_LEN_MAX));
    struct wr w = wr_init_buf(&st->out);
    frame_write(&w, FRAME_UVARINT, buf_span(&s->message));
    return wr_end(&w);
}

static void count(struct service_server *s, struct service_stream *st, enum service_code code)
{
    if (!st->is_counted) {
        st->is_counted = true;
        s->answers_count[st->request.type][code]++;
        if (code == SERVICE_OK) {
            standings_answered(&s->standings, span_of(st->peer, st->peer_len), s->now);
        }
    }
}

static void job_drop(struct service_stream *st)
{
    st->job.sent = 0;
    buf_clear(&st->job.body);
    buf_trim(&st->job.body);
    buf_clear(&st->job.reads);
    buf_trim(&st->job.reads);
}

void server_fail(struct service_server *s, struct service_stream *st, struct server_failure f)
{
    struct service_response r = {.request_hash = st->request_hash,
                                 .code = f.code,
                                 .retry_after_ms = f.retry_ms,
                                 .units_left = st->units_left,
                                 .text = f.text};
    if (f.retry_ms == 0 && f.code == SERVICE_BUSY) {
        r.retry_after_ms = RETRY_MS;
    }
    count(s, st, f.code);
    job_drop(st);
    enum err e = response_write(s, st, &r);
    (void)e; /* without memory even for this the stream ends without an answer */
    stream_finish(s, st);
}

void server_answer(struct service_server *s, struct service_stream *st, bool is_last)
{
    struct service_response r = {
        .request_hash = st->request_hash, .units_left = st->units_left, .body = buf_span(&s->body)};
    enum err e = response_write(s, st, &r);
    if (e != OK) {
        server_fail(s, st,
                    (struct server_failure){
                        .code = SERVICE_TOO_LARGE,
                        .text = SPAN_LIT("the answer is longer than the client takes, or than "
                                         "this server has memory for")});
        return;
    }
    count(s, st, SERVICE_OK);
    if (is_last) {
        stream_finish(s, st);
    } else {
        ready_mark(s, st);
    }
}

/* part_write frames the next part of a job's body. */
MUST_CHECK static enum err part_write(struct service_server *s, struct service_stream *st)
{
    struct service_job *job = &st->job;
    struct span part = span_first(span_from(buf_span(&job->body), job->sent), SERVICE_PART_LEN_MAX);
    struct service_response r = {
        .request_hash = st->request_hash, .units_left = st->units_left, .body = part};
    if (job->body.n > SERVICE_PART_LEN_MAX) {
        service_part_hash(&job->running, part);
        r.is_part = true;
        r.rest = job->body.n - job->sent - part.n;
        r.running = job->running;
    }
    TRY(response_write(s, st, &r));
    job->sent += part.n;
    return OK;
}

void server_answer_job(struct service_server *s, struct service_stream *st)
{
    st->job.running = st->request_hash;
    if (part_write(s, st) != OK) {
        server_fail(
            s, st,
            (struct server_failure){.code = SERVICE_BUSY, .text = SPAN_LIT("no memory now")});
        return;
    }
    count(s, st, SERVICE_OK);
    stream_finish(s, st);
}

/* job_go_on puts the next part where the last one was. Without memory the stream ends in the middle, which its client sees. */
static void job_go_on(struct service_server *s, struct service_stream *st)
{
    if (st->state == SERVICE_STREAM_ANSWERED && st->job.sent < st->job.body.n &&
        part_write(s, st) == OK) {
        return;
    }
    if (st->state == SERVICE_STREAM_ANSWERED) {
        job_drop(st);
    }
}

uint64_t server_token(struct service_server *s)
{
    return s->next_token++;
}

void service_server_recv(struct service_server *s,
                         struct service_stream *stream,
                         struct span in,
                         instant now)
{
    s->now = now;
    if (stream->state != SERVICE_STREAM_REQUEST) {
        return;
    }
    struct span frame;
    enum err e = frame_reader_next(&stream->frames, &frame, &in);
    if (e == ERR_TRUNCATED) {
        return;
    }
    if (e != OK) {
        stream_finish(s,
                      stream); /* no whole request, so nothing that an answer could be bound to */
        return;
    }
    server_request(s, stream, frame, now);
    frame_reader_done(&stream->frames);
}

void service_server_end(struct service_server *s, struct service_stream *stream, instant now)
{
    (void)now;
    if (stream->state == SERVICE_STREAM_REQUEST) {
        stream_finish(s, stream);
    }
}

struct span service_server_waiting(const struct service_stream *stream)
{
    return span_from(buf_span(&stream->out), stream->out_at);
}

void service_server_sent(struct service_server *s, struct service_stream *stream, size_t n)
{
    check(n <= stream->out.n - stream->out_at);
    stream->out_at += n;
    if (stream->out_at == stream->out.n) {
        buf_clear(&stream->out);
        buf_trim(&stream->out);
        stream->out_at = 0;
        job_go_on(s, stream);
    }
}

size_t
service_server_send(struct service_server *s, struct service_stream *stream, struct mspan out)
{
    size_t n = span_copy(out, service_server_waiting(stream));
    service_server_sent(s, stream, n);
    return n;
}

bool service_server_is_finished(const struct service_stream *stream)
{
    return stream->state == SERVICE_STREAM_ANSWERED && stream->out.n == 0;
}

static struct service_stream *stream_of_token(struct service_server *s, uint64_t token)
{
    for (struct list *n = list_first(&s->all); token != 0 && n; n = list_next(&s->all, n)) {
        struct service_stream *st = list_entry(n, struct service_stream, in_streams);
        if (st->token == token) {
            return st;
        }
    }
    return NULL;
}

/* verdict_tell answers the stream that waits for the bundler. */
static void verdict_tell(struct service_server *s, const struct bundler_event *e)
{
    struct service_stream *st = stream_of_token(s, e->waiter);
    if (!st || st->state != SERVICE_STREAM_BUNDLER) {
        return;
    }
    if (e->code != SERVICE_OK) {
        server_fail(s, st, (struct server_failure){.code = e->code, .text = e->reason});
        return;
    }
    server_userop_status(s, st, &e->hash);
}

static bool
bundler_event_take(struct service_server *s, struct service_server_event *ret, instant now)
{
    struct bundler_event e;
    while (s->cfg.bundler && bundler_poll(s->cfg.bundler, &e, now)) {
        if (e.kind == BUNDLER_ASK) {
            *ret = (struct service_server_event){.kind = SERVICE_SERVER_ASK,
                                                 .token = e.token,
                                                 .text = e.text,
                                                 .timeout_ms = e.timeout_ms};
            return true;
        }
        verdict_tell(s, &e);
    }
    return false;
}

/* head_ask asks for the chain's newest block when it is time. */
static bool head_ask(struct service_server *s, struct service_server_event *ret, instant now)
{
    if (s->head_token != 0 || !instant_reached(s->head_next, now)) {
        return false;
    }
    uint64_t token = server_token(s);
    buf_clear(&s->text);
    struct wr w = wr_init_buf(&s->text);
    struct json_writer j = json_writer_init(&w);
    jsonrpc_request_begin(&j, token, "eth_getBlockByNumber");
    json_put_str(&j, "latest");
    json_put_bool(&j, false);
    jsonrpc_request_end(&j);
    s->head_next = instant_add(now, s->cfg.limits.head_ms * US_PER_MS);
    if (json_writer_end(&j) != OK) {
        return false;
    }
    s->head_token = token;
    s->head_timeout = instant_add(now, HEAD_TIMEOUT_MS * US_PER_MS);
    *ret = (struct service_server_event){.kind = SERVICE_SERVER_ASK,
                                         .token = token,
                                         .text = buf_span(&s->text),
                                         .timeout_ms = HEAD_TIMEOUT_MS};
    return true;
}

static bool stream_ask(struct service_server *s, struct service_server_event *ret, instant now)
{
    if (s->asks_count == 0) {
        return false;
    }
    for (struct list *n = list_first(&s->all); n; n = list_next(&s->all, n)) {
        struct service_stream *st = list_entry(n, struct service_stream, in_streams);
        if (!st->ask_due) {
            continue;
        }
        st->ask_due = false;
        if (server_is_light(st->request.type)) {
            *ret = (struct service_server_event){
                .kind = SERVICE_SERVER_LIGHT,
                .token = st->token,
                .request = &st->request,
                .timeout_ms = (uint32_t)(instant_since(now, st->deadline) / US_PER_MS) + 1};
            return true;
        }
        buf_clear(&s->text);
        if (buf_append(&s->text, buf_span(&st->ask)) != OK) {
            server_fail(
                s, st,
                (struct server_failure){.code = SERVICE_BUSY, .text = SPAN_LIT("no memory now")});
            return stream_ask(s, ret, now);
        }
        buf_clear(&st->ask);
        buf_trim(&st->ask);
        *ret = (struct service_server_event){
            .kind = SERVICE_SERVER_ASK,
            .token = st->token,
            .text = buf_span(&s->text),
            .timeout_ms = (uint32_t)(instant_since(now, st->deadline) / US_PER_MS) + 1};
        return true;
    }
    return false;
}

bool service_server_poll(struct service_server *s,
                         struct service_server_event *ret_event,
                         instant now)
{
    if (head_ask(s, ret_event, now) || stream_ask(s, ret_event, now) ||
        bundler_event_take(s, ret_event, now)) {
        return true;
    }
    struct list *n = list_first(&s->ready);
    if (!n) {
        return false;
    }
    list_remove(n);
    struct service_stream *st = list_entry(n, struct service_stream, in_ready);
    *ret_event =
        (struct service_server_event){.kind = SERVICE_SERVER_READY, .stream = st, .user = st->user};
    return true;
}

MUST_CHECK static enum err head_read(struct service_head *ret, struct json block)
{
    struct service_head h = {0};
    TRY(jsonrpc_find_u64(&h.number, block, "number"));
    TRY(jsonrpc_find_fixed(MSPAN_OF(h.hash.bytes), block, "hash"));
    TRY(jsonrpc_find_fixed(MSPAN_OF(h.parent_hash.bytes), block, "parentHash"));
    TRY(jsonrpc_find_u64(&h.time_s, block, "timestamp"));
    enum err e = jsonrpc_find_quantity(&h.base_fee_per_gas, block, "baseFeePerGas");
    if (e != OK && e != ERR_NOT_FOUND) {
        return e;
    }
    *ret = h;
    return OK;
}

/* heads_push tells every subscriber of the new head; one that reads too slowly misses some. */
static void heads_push(struct service_server *s)
{
    struct list *next;
    for (struct list *n = list_first(&s->all); n; n = next) {
        next = list_next(&s->all, n);
        struct service_stream *st = list_entry(n, struct service_stream, in_streams);
        if (st->state != SERVICE_STREAM_HEADS || st->out.n > SERVER_BACKLOG_MAX) {
            continue;
        }
        buf_clear(&s->body);
        if (service_head_encode(&s->head, &s->body) == OK) {
            server_answer(s, st, false);
        }
    }
}

static void head_answer(struct service_server *s, struct span text, instant now)
{
    struct jsonrpc_response r;
    struct service_head head;
    uint64_t token = s->head_token;
    s->head_token = 0;
    if (jsonrpc_response_parse(&r, text, NULL) != OK || !r.has_id || r.id != token || r.is_error ||
        head_read(&head, r.result) != OK) {
        return;
    }
    bool is_new =
        !s->has_head || !span_equal(SPAN_OF(head.hash.bytes), SPAN_OF(s->head.hash.bytes));
    s->has_head = true;
    s->head = head;
    s->head_at = now;
    if (s->cfg.bundler) {
        bundler_head(s->cfg.bundler, &head, now);
    }
    if (is_new) {
        heads_push(s);
    }
}

void service_server_answer(struct service_server *s, uint64_t token, struct span text, instant now)
{
    s->now = now;
    if (token < TOKEN_BASE) {
        if (s->cfg.bundler) {
            bundler_answer(s->cfg.bundler, token, text, now);
        }
        return;
    }
    if (token == s->head_token) {
        head_answer(s, text, now);
        return;
    }
    struct service_stream *st = stream_of_token(s, token);
    if (st && st->state == SERVICE_STREAM_NODE) {
        if (st->request.type == SERVICE_ACCOUNT_PROOF) {
            server_proof_answer(s, st, text, now);
        } else if (server_is_job(st->request.type)) {
            server_job_answer(s, st, text, now);
        } else if (st->request.type == SERVICE_SEND_TRANSACTION) {
            server_sent_answer(s, st, text);
        } else {
            server_rpc_answer(s, st, text);
        }
    }
}

/* Of what is shared, all that wait for the same are told. */
static void
node_failed(struct service_server *s, struct service_stream *st, struct server_failure f)
{
    if (server_is_shared(st->request.type) && !st->is_follower) {
        server_share_failed(s, st, f);
    } else {
        server_fail(s, st, f);
    }
}

void service_server_answer_failed(struct service_server *s,
                                  uint64_t token,
                                  enum err why,
                                  instant now)
{
    if (token < TOKEN_BASE) {
        if (s->cfg.bundler) {
            bundler_answer_failed(s->cfg.bundler, token, now);
        }
        return;
    }
    if (token == s->head_token) {
        s->head_token = 0;
        return;
    }
    struct service_stream *st = stream_of_token(s, token);
    if (st && st->state == SERVICE_STREAM_NODE) {
        bool is_long = why == ERR_LIMIT;
        node_failed(s, st,
                    (struct server_failure){
                        .code = is_long ? SERVICE_TOO_LARGE : SERVICE_UPSTREAM,
                        .text = is_long ? SPAN_LIT("the node's answer is too long")
                                        : SPAN_LIT("this server's node does not answer")});
    }
}

void service_server_light(struct service_server *s,
                          uint64_t token,
                          enum err err,
                          const struct service_light *light)
{
    struct service_stream *st = stream_of_token(s, token);
    if (!st || st->state != SERVICE_STREAM_NODE || !server_is_light(st->request.type)) {
        return;
    }
    buf_clear(&s->body);
    if (err == OK) {
        err = service_light_encode(light, &s->body);
    }
    if (err == OK) {
        server_answer(s, st, true);
    } else {
        bool is_missing = err == ERR_NOT_FOUND;
        server_fail(s, st,
                    (struct server_failure){
                        .code = is_missing ? SERVICE_NOT_FOUND : SERVICE_UPSTREAM,
                        .text = is_missing
                                    ? SPAN_LIT("this server's beacon node has not that")
                                    : SPAN_LIT("this server's beacon node does not answer")});
    }
    buf_clear(&s->body);
    buf_trim(&s->body);
}

instant service_server_deadline(const struct service_server *s)
{
    instant first = s->head_token != 0 ? s->head_timeout : s->head_next;
    for (struct list *n = list_first(&s->all); n; n = list_next(&s->all, n)) {
        first = instant_min(first, list_entry(n, struct service_stream, in_streams)->deadline);
    }
    return s->cfg.bundler ? instant_min(first, bundler_deadline(s->cfg.bundler)) : first;
}

/* stream_tick ends what took too long. */
static void stream_tick(struct service_server *s, struct service_stream *st, instant now)
{
    if (!instant_reached(st->deadline, now)) {
        return;
    }
    switch (st->state) {
    case SERVICE_STREAM_REQUEST: stream_finish(s, st); break;
    case SERVICE_STREAM_NODE:
        node_failed(
            s, st,
            (struct server_failure){.code = SERVICE_TIMEOUT,
                                    .text = SPAN_LIT("this server's node did not answer in time")});
        break;
    case SERVICE_STREAM_BUNDLER:
        server_fail(
            s, st,
            (struct server_failure){
                .code = SERVICE_TIMEOUT,
                .text = SPAN_LIT("the operation is still being checked: ask for its status")});
        break;
    case SERVICE_STREAM_HEADS:
    case SERVICE_STREAM_ANSWERED: st->deadline = INSTANT_NEVER; break;
    }
}

void service_server_tick(struct service_server *s, instant now)
{
    if (s->head_token != 0 && instant_reached(s->head_timeout, now)) {
        s->head_token = 0;
    }
    struct list *next;
    for (struct list *n = list_first(&s->all); n; n = next) {
        next = list_next(&s->all, n);
        stream_tick(s, list_entry(n, struct service_stream, in_streams), now);
    }
}

void service_server_drain(struct service_server *s)
{
    s->is_draining = true;
    if (s->cfg.bundler) {
        bundler_drain(s->cfg.bundler);
    }
}

size_t service_server_streams_count(const struct service_server *s)
{
    return s->streams.count;
}
