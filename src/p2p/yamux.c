/*~ yamux: many streams over one byte pipe. Start at yamux_recv below; frames are in yamux_frame.c, what
 * goes out in yamux_send.c, the life of a stream in yamux_stream.c. */
#include "p2p/yamux.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "p2p/yamux_stream.h"

#include <string.h>

enum { CHUNK_CAP_MIN = 512 };

static const uint64_t RTT_REFRESH_US = 10 * US_PER_S;
static const uint64_t STARVED_RETRY_US = 50 * US_PER_MS;

struct yamux_cfg yamux_cfg_default(bool client, struct budget *budget)
{
    return (struct yamux_cfg){.client = client,
                              .budget = budget,
                              .streams_max = 2000,
                              .streams_in_max = 1000,
                              .backlog_max = 256,
                              .window_max = 16 * 1024 * 1024,
                              .queue_max = YAMUX_WINDOW_INITIAL,
                              .frame_len_max = 16 * 1024,
                              .keepalive_us = 30 * US_PER_S,
                              .ping_timeout_us = 20 * US_PER_S};
}

void yamux_ping(struct yamux *y, instant now)
{
    if (y->ping_due || y->ping_out || y->is_closed) {
        return;
    }
    y->ping_due = true;
    y->ping_next_at = y->cfg.keepalive_us ? instant_add(now, y->cfg.keepalive_us) : INSTANT_NEVER;
    y->ping_fails_at =
        y->cfg.ping_timeout_us ? instant_add(now, y->cfg.ping_timeout_us) : INSTANT_NEVER;
}

enum err yamux_init(struct yamux *y, const struct yamux_cfg *cfg, instant now)
{
    if (cfg->streams_max == 0 || cfg->backlog_max == 0 || cfg->frame_len_max == 0 ||
        cfg->queue_max == 0) {
        return ERR_LIMIT;
    }
    if (cfg->window_max < YAMUX_WINDOW_INITIAL || cfg->window_max > INT32_MAX) {
        return ERR_LIMIT;
    }
    *y = (struct yamux){.cfg = *cfg, .tx_header_at = YAMUX_HEADER_LEN, .received_at = now};
    /* SPEC libp2p/yamux §"StreamID field": the side that opened the connection takes odd ids, the other even. */
    y->next_id = cfg->client ? 1 : 2;
    map_init(&y->streams, cfg->budget,
             (struct map_cfg){
                 .count_max = cfg->streams_max, .seed = {cfg->map_seed[0], cfg->map_seed[1]}
    });
    list_init(&y->control);
    list_init(&y->sendable);
    list_init(&y->writable);
    list_init(&y->closed);
    y->ping_fails_at = INSTANT_NEVER;
    y->ping_next_at = INSTANT_NEVER;
    y->retry_at = INSTANT_NEVER;
    y->now = now;
    yamux_ping(y, now);
    return OK;
}

void yamux_done(struct yamux *y)
{
    if (!y->cfg.budget) {
        return;
    }
    while (y->streams.count > 0) {
        yamux_stream_free(y, map_at(&y->streams, y->streams.count - 1)->value);
    }
    map_done(&y->streams);
    if (y->tx_chunk) {
        yamux_chunk_free(y->tx_chunk);
    }
    mem_free(y->cfg.budget, y->resets, y->resets_cap * sizeof *y->resets);
    *y = (struct yamux){0};
}

/* fail ends the connection: one CLOSED event, one go-away, nothing more is read. */
static void fail(struct yamux *y, enum err e, const char *rule, enum yamux_go_away code)
{
    if (y->is_closed) {
        return;
    }
    y->is_closed = true;
    y->close_err = e;
    y->close_rule = rule;
    y->go_away_due = true;
    y->go_away_code = code;
    y->rx_stream = NULL;
}

static void fail_protocol(struct yamux *y, const char *rule)
{
    fail(y, ERR_MALFORMED, rule, YAMUX_GO_AWAY_PROTOCOL);
}

static void report(struct yamux *y, struct yamux_event e)
{
    check(!y->has_event);
    y->event = e;
    y->has_event = true;
}

static void report_stream(struct yamux *y, const struct yamux_stream *s, enum yamux_event_kind kind)
{
    report(y, (struct yamux_event){.kind = kind, .stream_id = s->id, .user = s->user});
}

/* ---- opening ---- */

static enum err refuse(struct refusal *ret, struct refusal r)
{
    if (ret) {
        *ret = r;
    }
    return ERR_LIMIT;
}

static struct refusal memory_refusal(const struct budget_refusal *b)
{
    return (struct refusal){
        .reason = "memory", .scope = b->scope, .value = b->used, .limit = b->limit};
}

static enum err check_limits(const struct yamux *y, struct refusal *ret, bool ours)
{
    uint32_t unacked = ours ? y->unacked_out_count : y->unacked_in_count;
    /* SPEC libp2p/yamux §"ACK backlog": at most 256 streams wait for their ACK in each direction. */
    if (unacked >= y->cfg.backlog_max) {
        return refuse(ret, (struct refusal){.reason = "streams not acknowledged",
                                            .scope = "connection",
                                            .value = unacked,
                                            .limit = y->cfg.backlog_max});
    }
    if (y->streams.count >= y->cfg.streams_max) {
        return refuse(ret, (struct refusal){.reason = "streams",
                                            .scope = "connection",
                                            .value = y->streams.count,
                                            .limit = y->cfg.streams_max});
    }
    if (!ours && y->streams_in_count >= y->cfg.streams_in_max) {
        return refuse(ret, (struct refusal){.reason = "incoming streams",
                                            .scope = "connection",
                                            .value = y->streams_in_count,
                                            .limit = y->cfg.streams_in_max});
    }
    return OK;
}

static enum err add_stream(struct yamux *y,
                           struct yamux_stream **ret_stream,
                           struct refusal *ret_refusal,
                           uint32_t id)
{
    bool ours = (id & 1) == (y->cfg.client ? 1 : 0);
    TRY(check_limits(y, ret_refusal, ours));
    struct budget_refusal br = {0};
    if (budget_reserve(y->cfg.budget, sizeof(struct yamux_stream), &br) != OK) {
        return refuse(ret_refusal, memory_refusal(&br));
    }
    budget_release(y->cfg.budget, sizeof(struct yamux_stream));
    void *p;
    TRY(mem_alloc(y->cfg.budget, &p, sizeof(struct yamux_stream)));
    struct yamux_stream *s = p;
    if (map_add(&y->streams, span_of(&id, sizeof id), s) != OK) {
        mem_free(y->cfg.budget, s, sizeof *s);
        struct refusal r = {.reason = "memory",
                            .scope = y->cfg.budget->scope,
                            .value = y->cfg.budget->used,
                            .limit = y->cfg.budget->limit};
        return refuse(ret_refusal, r);
    }
    s->id = id;
    s->is_ours = ours;
    /* SPEC libp2p/yamux §"Flow control": every stream starts with 256 KiB each way, whatever is configured. */
    s->send_window = YAMUX_WINDOW_INITIAL;
    s->window = YAMUX_WINDOW_INITIAL;
    s->recv_window = YAMUX_WINDOW_INITIAL;
    size_t chunks = 2 + y->cfg.queue_max / min_u32(CHUNK_CAP_MIN, y->cfg.frame_len_max);
    size_t overhead = mul_sat_size(sizeof(struct yamux_chunk), chunks);
    budget_init(&s->budget, y->cfg.budget, "stream",
                add_sat_size(y->cfg.queue_max, add_sat_size(overhead, y->cfg.frame_len_max)));
    if (ours) {
        y->unacked_out_count++;
    } else {
        y->streams_in_count++;
        y->unacked_in_count++;
    }
    *ret_stream = s;
    return OK;
}

enum err yamux_open_stream(struct yamux *y,
                           uint32_t *ret_id,
                           struct refusal *ret_refusal,
                           struct yamux_open_args args)
{
    if (y->is_closed || y->go_away_received || y->next_id > UINT32_MAX - 2) {
        return ERR_CLOSED;
    }
    struct yamux_stream *s;
    TRY(add_stream(y, &s, ret_refusal, y->next_id));
    y->next_id += 2;
    s->user = args.user;
    s->credited_at = args.now;
    s->syn_due = true;
    yamux_stream_owe(y, s);
    *ret_id = s->id;
    return OK;
}

enum err yamux_accept_stream(struct yamux *y, uint32_t stream_id, void *user)
{
    struct yamux_stream *s = yamux_stream_find(y, stream_id);
    if (!s) {
        return ERR_NOT_FOUND;
    }
    s->user = user;
    if (!s->is_ours && !s->acked) {
        s->acked = true;
        y->unacked_in_count--;
        s->ack_due = true;
        yamux_stream_owe(y, s);
    }
    return OK;
}

/* owe_reset remembers an id that has no stream object, so that its RST is sent. */
static void owe_reset(struct yamux *y, uint32_t id)
{
    if (y->resets_count == YAMUX_RESETS_MAX) {
        fail_protocol(y, "too many refused streams at once");
        return;
    }
    if (y->resets_count == y->resets_cap) {
        uint32_t cap = min_u32(YAMUX_RESETS_MAX, max_u32(8, y->resets_cap * 2));
        struct mem_resize_args args = {.n_old = y->resets_cap * sizeof *y->resets,
                                       .n_new = cap * sizeof *y->resets};
        void *p = y->resets;
        if (mem_resize(y->cfg.budget, &p, args) != OK) {
            fail(y, ERR_LIMIT, "no memory to refuse a stream", YAMUX_GO_AWAY_INTERNAL);
            return;
        }
        y->resets = p;
        y->resets_cap = cap;
    }
    y->resets[y->resets_count++] = id;
}

/* ---- receiving ---- */

static struct yamux_stream *recv_syn(struct yamux *y, instant now, const struct yamux_frame *f)
{
    bool peers = (f->stream_id & 1) == (y->cfg.client ? 0 : 1);
    if (!peers) {
        fail_protocol(y, "the peer opened a stream with our kind of id");
        return NULL;
    }
    if (map_find(&y->streams, span_of(&f->stream_id, sizeof f->stream_id))) {
        fail_protocol(y, "the peer opened a stream twice");
        return NULL;
    }
    struct yamux_stream *s;
    struct refusal why = {0};
    if (add_stream(y, &s, &why, f->stream_id) != OK) {
        y->refused_count++;
        if (!(f->flags & YAMUX_FLAG_RST)) {
            owe_reset(y, f->stream_id);
        }
        report(y, (struct yamux_event){
                      .kind = YAMUX_EVENT_REFUSED, .stream_id = f->stream_id, .refusal = why});
        return NULL;
    }
    s->credited_at = now;
    report_stream(y, s, YAMUX_EVENT_OPENED);
    return s;
}

static void recv_ack(struct yamux *y, struct yamux_stream *s)
{
    if (s->is_ours && !s->acked) {
        s->acked = true;
        y->unacked_out_count--;
    }
}

/* recv_reset frees the stream; the event carries its owner's pointer a last time. */
static void recv_reset(struct yamux *y, struct yamux_stream *s, const struct yamux_frame *f)
{
    uint32_t code = f->type == YAMUX_TYPE_WINDOW_UPDATE ? f->length : 0;
    if (y->has_event) {
        /* Opened and reset in one frame: the owner need not hear of it. */
        check(y->event.stream_id == s->id);
        y->has_event = false;
    } else {
        report_stream(y, s, YAMUX_EVENT_RESET);
        y->event.code = code;
    }
    yamux_stream_free(y, s);
}

static void recv_window_update(struct yamux *y, struct yamux_stream *s, uint32_t delta)
{
    /* SPEC libp2p/yamux §"Flow control": a window never passes 2^32-1. The part already queued counts,
     * or a peer could make the sum overflow later. */
    uint64_t sum = (uint64_t)s->send_window + s->queued + delta;
    if (sum > UINT32_MAX) {
        fail_protocol(y, "the send window passes 2^32-1");
        return;
    }
    s->send_window += delta;
    yamux_stream_check_writable(y, s);
}

static void recv_fin(struct yamux *y, struct yamux_stream *s)
{
    if (s->remote_fin) {
        return;
    }
    s->remote_fin = true;
    report_stream(y, s, YAMUX_EVENT_FIN);
    yamux_stream_check_closed(y, s);
}

/* recv_data checks the whole frame against the window before a byte of it is taken. */
static void recv_data(struct yamux *y, struct yamux_stream *s, const struct yamux_frame *f)
{
    y->rx_left = f->length;
    y->rx_stream = s;
    y->rx_fin = s && (f->flags & YAMUX_FLAG_FIN);
    if (!s) {
        /* SPEC libp2p/yamux §"Closing a stream": data may cross our reset on the way; it is drained. */
        if (f->length > y->cfg.window_max) {
            fail_protocol(y, "data beyond any window, for a stream that is gone");
        }
        return;
    }
    /* SPEC libp2p/yamux §"Flow control": a sender stays inside the window; also on the opening frame. */
    if (f->length > s->recv_window) {
        fail_protocol(y, "data beyond the receive window");
        return;
    }
    if (s->remote_fin && f->length > 0) {
        fail_protocol(y, "data after FIN");
        return;
    }
    s->recv_window -= f->length;
    s->unconsumed += f->length;
}

static void recv_stream_frame(struct yamux *y, instant now, const struct yamux_frame *f)
{
    struct yamux_stream *s;
    if (f->flags & YAMUX_FLAG_SYN) {
        s = recv_syn(y, now, f);
    } else {
        s = yamux_stream_find(y, f->stream_id);
    }
    if (y->is_closed) {
        return;
    }
    if (s) {
        recv_ack(y, s);
    }
    if (s && (f->flags & YAMUX_FLAG_RST)) {
        recv_reset(y, s, f);
        s = NULL;
    }
    if (f->type == YAMUX_TYPE_DATA) {
        recv_data(y, s, f);
    } else if (s) {
        recv_window_update(y, s, f->length);
        y->rx_stream = s;
        y->rx_fin = f->flags & YAMUX_FLAG_FIN;
    }
}

static void recv_ping(struct yamux *y, instant now, const struct yamux_frame *f)
{
    if (f->flags & YAMUX_FLAG_SYN) {
        if (y->pongs_count == YAMUX_PONGS_MAX) {
            fail_protocol(y, "too many pings unanswered");
            return;
        }
        y->pongs[y->pongs_count++] = f->length;
        return;
    }
    /* An answer that we did not ask for is ignored. */
    if ((f->flags & YAMUX_FLAG_ACK) && y->ping_out && f->length == y->ping_value) {
        y->ping_out = false;
        y->ping_fails_at = INSTANT_NEVER;
        y->rtt_us = max_u64(1, instant_since(y->ping_sent_at, now));
    }
}

static void recv_frame(struct yamux *y, instant now)
{
    struct yamux_frame f;
    struct diag d = {0};
    y->rx_header_n = 0;
    if (yamux_frame_decode(&f, y->rx_header, &d) != OK) {
        fail_protocol(y, d.rule);
        return;
    }
    switch (f.type) {
    case YAMUX_TYPE_DATA:
    case YAMUX_TYPE_WINDOW_UPDATE: recv_stream_frame(y, now, &f); break;
    case YAMUX_TYPE_PING:          recv_ping(y, now, &f); break;
    case YAMUX_TYPE_GO_AWAY:
        y->go_away_received = true;
        report(y, (struct yamux_event){.kind = YAMUX_EVENT_GO_AWAY, .code = f.length});
        break;
    }
}

static void recv_payload(struct yamux *y, struct span *in)
{
    uint32_t want = y->rx_left;
    struct span part = span_take(in, want);
    y->rx_left -= (uint32_t)part.n; /* <= want */
    if (y->rx_stream) {
        y->bytes_in += part.n;
        report_stream(y, y->rx_stream, YAMUX_EVENT_DATA);
        y->event.data = part;
    }
}

static void recv_header(struct yamux *y, instant now, struct span *in)
{
    struct mspan room = mspan_from(MSPAN_OF(y->rx_header), y->rx_header_n);
    struct span part = span_take(in, room.n);
    y->rx_header_n = (uint8_t)(y->rx_header_n + span_copy(room, part));
    if (y->rx_header_n == YAMUX_HEADER_LEN) {
        recv_frame(y, now);
    }
}

/* end_frame reports the FIN of a frame once all its payload has been, and no event stands before it. */
static void end_frame(struct yamux *y)
{
    if (!y->rx_fin || y->rx_left > 0 || y->has_event || y->is_closed) {
        return;
    }
    y->rx_fin = false;
    if (y->rx_stream) {
        recv_fin(y, y->rx_stream);
    }
}

enum err yamux_recv(struct yamux *y, instant now, struct span *in)
{
    y->now = now;
    if (in->n > 0) {
        y->received_at = now;
    }
    end_frame(y);
    while (!y->is_closed && !y->has_event && in->n > 0) {
        if (y->rx_left > 0) {
            recv_payload(y, in);
        } else {
            recv_header(y, now, in);
        }
        end_frame(y);
    }
    return y->is_closed ? ERR_CLOSED : OK;
}

/* ---- events ---- */

static bool poll_writable(struct yamux *y, struct yamux_event *ret_event)
{
    struct list *first = list_first(&y->writable);
    if (!first) {
        return false;
    }
    struct yamux_stream *s = list_entry(first, struct yamux_stream, in_writable);
    list_remove(&s->in_writable);
    s->wants_writable = false;
    *ret_event =
        (struct yamux_event){.kind = YAMUX_EVENT_WRITABLE, .stream_id = s->id, .user = s->user};
    return true;
}

static bool poll_closed(struct yamux *y, struct yamux_event *ret_event)
{
    struct list *first = list_first(&y->closed);
    if (!first) {
        return false;
    }
    struct yamux_stream *s = list_entry(first, struct yamux_stream, in_writable);
    *ret_event = (struct yamux_event){
        .kind = YAMUX_EVENT_STREAM_CLOSED, .stream_id = s->id, .user = s->user};
    yamux_stream_free(y, s);
    return true;
}

bool yamux_poll(struct yamux *y, struct yamux_event *ret_event)
{
    if (y->closed_reported || !y->cfg.budget) {
        return false;
    }
    if (!y->is_closed && poll_writable(y, ret_event)) {
        return true;
    }
    end_frame(y);
    if (y->has_event) {
        y->has_event = false;
        *ret_event = y->event;
        return true;
    }
    if (poll_closed(y, ret_event)) {
        return true;
    }
    if (!y->is_closed) {
        return false;
    }
    y->closed_reported = true;
    *ret_event = (struct yamux_event){.kind = YAMUX_EVENT_CLOSED,
                                      .err = y->close_err,
                                      .rule = y->close_rule,
                                      .code = y->go_away_code};
    return true;
}

/* ---- time ---- */

instant yamux_deadline(const struct yamux *y)
{
    if (y->is_closed) {
        return INSTANT_NEVER;
    }
    return instant_min(y->retry_at, instant_min(y->ping_fails_at, y->ping_next_at));
}

/* feed_starved lets the owners of streams that found no memory try again. */
static void feed_starved(struct yamux *y)
{
    y->retry_at = INSTANT_NEVER;
    for (size_t i = 0; i < y->streams.count; i++) {
        struct yamux_stream *s = map_at(&y->streams, i)->value;
        if (!s->rst_due) {
            yamux_stream_check_writable(y, s);
        }
    }
}

void yamux_tick(struct yamux *y, instant now)
{
    if (y->is_closed) {
        return;
    }
    if (instant_reached(y->retry_at, now)) {
        feed_starved(y);
    }
    y->now = now;
    if (instant_reached(y->ping_fails_at, now)) {
        /* Bytes that came since then show life, even if the answer is stuck behind them. */
        instant alive_until = instant_add(y->received_at, y->cfg.ping_timeout_us);
        if (instant_reached(alive_until, now)) {
            fail(y, ERR_TIMEOUT, "no answer to a ping", YAMUX_GO_AWAY_NORMAL);
            return;
        }
        y->ping_fails_at = alive_until;
    }
    if (instant_reached(y->ping_next_at, now)) {
        y->ping_next_at = INSTANT_NEVER;
        yamux_ping(y, now);
        if (instant_is_never(y->ping_next_at)) {
            y->ping_next_at = instant_add(now, y->cfg.keepalive_us); /* one is still under way */
        }
    }
}

/* ---- commands on a stream ---- */

static enum err append_chunk(struct yamux *y, struct yamux_stream *s, size_t n)
{
    size_t cap = min_size(y->cfg.frame_len_max, max_size(n, CHUNK_CAP_MIN));
    void *p;
    TRY(mem_alloc(&s->budget, &p, sizeof(struct yamux_chunk) + cap));
    struct yamux_chunk *c = p;
    c->budget = &s->budget;
    c->cap = cap;
    if (s->queue_last) {
        s->queue_last->next = c;
    } else {
        s->queue_first = c;
    }
    s->queue_last = c;
    return OK;
}

size_t yamux_write(struct yamux *y, uint32_t stream_id, struct span data)
{
    struct yamux_stream *s = yamux_stream_find(y, stream_id);
    if (!s || y->is_closed || s->local_fin) {
        return 0;
    }
    size_t room = min_size(data.n, yamux_stream_room(y, s));
    size_t done = 0;
    while (done < room) {
        struct yamux_chunk *c = s->queue_last;
        if (!c || c->n == c->cap) {
            if (append_chunk(y, s, room - done) != OK) {
                break;
            }
            c = s->queue_last;
        }
        struct span rest = span_of(data.p + done, room - done);
        size_t n =
            span_copy(mspan_of(c->bytes + c->n, c->cap - c->n), span_first(rest, c->cap - c->n));
        c->n += n;
        done += n;
    }
    s->queued += done;
    s->send_window -= (uint32_t)done; /* <= room <= send_window */
    y->bytes_out += done;
    if (done < data.n) {
        s->wants_writable = true;
    }
    if (done < room && s->queued == 0) {
        /* nothing of this stream is under way that would wake its owner */
        y->retry_at = instant_min(y->retry_at, instant_add(y->now, STARVED_RETRY_US));
    }
    if (done > 0 && !list_is_linked(&s->in_sendable)) {
        list_add_last(&y->sendable, &s->in_sendable);
    }
    return done;
}

size_t yamux_writable_len(const struct yamux *y, uint32_t stream_id)
{
    const struct yamux_stream *s = yamux_stream_find(y, stream_id);
    return s ? yamux_stream_room(y, s) : 0;
}

void yamux_finish(struct yamux *y, uint32_t stream_id)
{
    struct yamux_stream *s = yamux_stream_find(y, stream_id);
    if (!s || y->is_closed || s->local_fin) {
        return;
    }
    s->local_fin = true;
    s->wants_writable = false;
    list_remove(&s->in_writable);
    if (!list_is_linked(&s->in_sendable)) {
        list_add_last(&y->sendable, &s->in_sendable);
    }
}

void yamux_reset_stream(struct yamux *y, uint32_t stream_id, uint32_t code)
{
    struct yamux_stream *s = yamux_stream_find(y, stream_id);
    if (!s) {
        return;
    }
    if (y->has_event && y->event.stream_id == stream_id) {
        y->has_event = false; /* no event after a reset */
    }
    if (y->is_closed || s->syn_due || (s->remote_fin && s->fin_sent)) {
        yamux_stream_free(y, s); /* the peer never heard of it, or is done with it */
        return;
    }
    yamux_stream_drop_queue(s);
    list_remove(&s->in_sendable);
    list_remove(&s->in_writable);
    if (y->rx_stream == s) {
        y->rx_stream = NULL;
    }
    s->rst_due = true;
    s->reset_code = code;
    yamux_stream_owe(y, s);
}

/* grow doubles the receive window if the owner keeps up with the network. */
static void grow(struct yamux *y, struct yamux_stream *s, instant now)
{
    bool fast = y->rtt_us > 0 && instant_since(s->credited_at, now) <= mul_sat_u64(y->rtt_us, 2);
    uint32_t more = min_u32(s->window, sub_sat_u32(y->cfg.window_max, s->window));
    if (!fast || more == 0 || !y->cfg.credit) {
        return;
    }
    if (budget_reserve(y->cfg.credit, more, NULL) != OK) {
        y->growth_refused_count++;
        return;
    }
    s->window += more;
    s->credit += more;
}

void yamux_consume(struct yamux *y, uint32_t stream_id, struct yamux_consume_args args)
{
    struct yamux_stream *s = yamux_stream_find(y, stream_id);
    if (!s || y->is_closed) {
        return;
    }
    uint32_t pending = y->rx_stream == s ? y->rx_left : 0;
    check(args.n <= s->unconsumed - pending);
    s->unconsumed -= (uint32_t)args.n;
    s->credit += (uint32_t)args.n;
    if (s->remote_fin || s->credit < s->window / 2) {
        return;
    }
    grow(y, s, args.now);
    s->credited_at = args.now;
    s->recv_window += s->credit;
    s->delta += s->credit;
    s->credit = 0;
    yamux_stream_owe(y, s);
    if (instant_since(y->ping_sent_at, args.now) > RTT_REFRESH_US) {
        yamux_ping(y, args.now);
    }
}

void yamux_close(struct yamux *y, enum yamux_go_away code)
{
    fail(y, OK, "closed by us", code);
}

bool yamux_stream_info(const struct yamux *y,
                       struct yamux_stream_info *ret_info,
                       uint32_t stream_id)
{
    const struct yamux_stream *s = yamux_stream_find(y, stream_id);
    if (!s) {
        return false;
    }
    *ret_info = (struct yamux_stream_info){.window = s->window,
                                           .recv_window = s->recv_window,
                                           .unconsumed = s->unconsumed,
                                           .credit = s->credit,
                                           .send_window = s->send_window,
                                           .queued = s->queued,
                                           .local_fin = s->local_fin,
                                           .remote_fin = s->remote_fin,
                                           .acked = s->acked};
    return true;
}
