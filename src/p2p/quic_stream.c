/* Streams of a QUIC connection: what ngtcp2 tells about them becomes events in order, what is written waits here until
 * the peer has acknowledged it, because ngtcp2 sends it again from where it lies. */
#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "p2p/quic_inside.h"

#include <string.h>

enum { CHUNK_LEN_MIN = 512, CHUNK_LEN_MAX = 16384, PIECES_MAX = 8 };

static struct quic_stream *find(const struct quic *q, int64_t id)
{
    if (id < 0 || id > UINT32_MAX) {
        return NULL;
    }
    uint32_t key = (uint32_t)id;
    return map_find(&q->streams, span_of(&key, sizeof key));
}

static void has_event(struct quic *q, struct quic_stream *s)
{
    if (!list_is_linked(&s->in_eventful)) {
        list_add_last(&q->eventful, &s->in_eventful);
    }
}

/* ---- chunks ---- */

static void chunk_free(struct quic *q, struct quic_chunk *c)
{
    if (c) {
        list_remove(&c->in_stream);
        mem_free(q->cfg.budget, c, sizeof *c + c->cap);
    }
}

static void chunks_free(struct quic *q, struct list *chunks)
{
    for (struct list *l = list_first(chunks); l; l = list_first(chunks)) {
        chunk_free(q, list_entry(l, struct quic_chunk, in_stream));
    }
}

static struct quic_chunk *last_of(struct list *chunks)
{
    return list_is_empty(chunks) ? NULL : list_entry(chunks->prev, struct quic_chunk, in_stream);
}

/* append puts bytes behind the last of chunks, and returns how many the budget allowed. */
static size_t append(struct quic *q, struct list *chunks, struct span data, size_t cap_min)
{
    size_t done = 0;
    while (done < data.n) {
        struct quic_chunk *c = last_of(chunks);
        if (!c || c->len == c->cap) {
            void *p;
            size_t cap = min_size(CHUNK_LEN_MAX, max_size(cap_min, data.n - done));
            if (mem_alloc(q->cfg.budget, &p, sizeof *c + cap) != OK) {
                return done;
            }
            c = p;
            c->cap = (uint32_t)cap;
            list_add_last(chunks, &c->in_stream);
        }
        size_t n = span_copy(mspan_of(c->bytes + c->len, c->cap - c->len), span_from(data, done));
        c->len += (uint32_t)n;
        done += n;
    }
    return done;
}

/* ---- streams ---- */

MUST_CHECK static enum err stream_new(struct quic *q, struct quic_stream **ret, uint32_t id)
{
    void *p;
    TRY(mem_alloc(q->cfg.budget, &p, sizeof(struct quic_stream)));
    struct quic_stream *s = p;
    s->id = id;
    enum err e = map_add(&q->streams, span_of(&s->id, sizeof s->id), s);
    if (e != OK) {
        mem_free(q->cfg.budget, s, sizeof *s);
        return e;
    }
    list_init(&s->received);
    list_init(&s->sent);
    *ret = s;
    return OK;
}

/* give_credit returns to the connection's window what nobody will consume. */
static void give_credit(struct quic *q, struct quic_stream *s)
{
    if (s->held > 0 && q->conn) {
        ngtcp2_conn_extend_max_offset(q->conn, s->held);
    }
    s->held = 0;
}

static void stream_free(struct quic *q, struct quic_stream *s)
{
    give_credit(q, s);
    chunks_free(q, &s->received);
    chunks_free(q, &s->sent);
    list_remove(&s->in_eventful);
    list_remove(&s->in_sendable);
    check(map_remove(&q->streams, span_of(&s->id, sizeof s->id)) == s);
    mem_free(q->cfg.budget, s, sizeof *s);
}

/* stream_die ends a stream for its owner; the object stays until ngtcp2 needs its bytes no more. */
static void stream_die(struct quic *q, struct quic_stream *s, uint32_t code)
{
    bool is_over = s->closed_due;
    give_credit(q, s);
    chunks_free(q, &s->received);
    list_remove(&s->in_eventful);
    list_remove(&s->in_sendable);
    if (is_over) {
        stream_free(q, s);
        return;
    }
    s->is_dead = true;
    s->user = NULL;
    (void)ngtcp2_conn_shutdown_stream(q->conn, s->id, code); /* fails only without memory */
    q->may_send = true;
}

void quic_streams_done(struct quic *q)
{
    if (!q->cfg.budget) {
        return;
    }
    q->conn = NULL;
    while (q->streams.count > 0) {
        stream_free(q, map_at(&q->streams, q->streams.count - 1)->value);
    }
    map_done(&q->streams);
    chunk_free(q, q->lent);
    q->lent = NULL;
}

/* ---- what ngtcp2 tells ---- */

static int on_open(ngtcp2_conn *conn, int64_t id, void *user)
{
    struct quic *q = user;
    struct quic_stream *s;
    if (id > UINT32_MAX) {
        return NGTCP2_ERR_CALLBACK_FAILURE; /* after a thousand million streams */
    }
    if (stream_new(q, &s, (uint32_t)id) != OK) {
        q->refused_waits = true;
        q->refusal = (struct refusal){.reason = "memory",
                                      .scope = q->cfg.budget->scope,
                                      .value = q->cfg.budget->used,
                                      .limit = q->cfg.budget->limit};
        (void)ngtcp2_conn_shutdown_stream(conn, id, 0);
        return 0;
    }
    s->inbound = true;
    s->opened_due = true;
    q->streams_in_count++;
    has_event(q, s);
    return 0;
}

static int on_data(ngtcp2_conn *conn,
                   uint32_t flags,
                   int64_t id,
                   uint64_t offset,
                   const uint8_t *data,
                   size_t len,
                   void *user,
                   void *unused)
{
    (void)offset;
    (void)unused;
    struct quic *q = user;
    struct quic_stream *s = find(q, id);
    if (!s || s->is_dead || s->reset_due) {
        ngtcp2_conn_extend_max_offset(conn, len);
        return 0;
    }
    /* With bytes waiting already, more are likely: one chunk for many packets. */
    size_t cap_min = list_is_empty(&s->received) ? 0 : CHUNK_LEN_MAX;
    if (append(q, &s->received, span_of(data, len), cap_min) < len) {
        return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    s->held += len;
    s->fin_due = s->fin_due || (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0;
    has_event(q, s);
    return 0;
}

static int
on_acked(ngtcp2_conn *conn, int64_t id, uint64_t offset, uint64_t len, void *user, void *unused)
{
    (void)conn;
    (void)unused;
    struct quic *q = user;
    struct quic_stream *s = find(q, id);
    if (!s) {
        return 0;
    }
    for (struct list *l = list_first(&s->sent); l; l = list_first(&s->sent)) {
        struct quic_chunk *c = list_entry(l, struct quic_chunk, in_stream);
        if (s->acked + c->len > offset + len || s->acked + c->len > s->next) {
            break;
        }
        s->acked += c->len;
        chunk_free(q, c);
    }
    if (s->wants_writable && !s->is_dead && quic_writable_len(q, s->id) > 0) {
        s->writable_due = true;
        has_event(q, s);
    }
    return 0;
}

static int on_reset(
    ngtcp2_conn *conn, int64_t id, uint64_t final_size, uint64_t code, void *user, void *unused)
{
    (void)conn;
    (void)final_size;
    (void)unused;
    struct quic *q = user;
    struct quic_stream *s = find(q, id);
    if (s && !s->is_dead) {
        s->reset_due = true;
        s->code = (uint32_t)min_u64(code, UINT32_MAX);
        has_event(q, s);
    }
    return 0;
}

/* The peer reads no more: ngtcp2 has ended our half, and what its owner still writes goes nowhere. */
static int on_stop(ngtcp2_conn *conn, int64_t id, uint64_t code, void *user, void *unused)
{
    (void)conn;
    (void)code;
    (void)unused;
    struct quic *q = user;
    struct quic_stream *s = find(q, id);
    if (s && !s->is_dead) {
        s->is_stopped = true;
        s->writable_due = s->wants_writable;
        list_remove(&s->in_sendable);
        has_event(q, s);
    }
    return 0;
}

static int
on_close(ngtcp2_conn *conn, uint32_t flags, int64_t id, uint64_t code, void *user, void *unused)
{
    (void)flags;
    (void)code;
    (void)unused;
    struct quic *q = user;
    struct quic_stream *s = find(q, id);
    if (!ngtcp2_conn_is_local_stream(conn, id)) {
        ngtcp2_conn_extend_max_streams_bidi(conn, 1);
        q->streams_in_count -= s ? 1 : 0;
    }
    if (s && s->is_dead) {
        stream_free(q, s);
    } else if (s) {
        s->closed_due = true;
        has_event(q, s);
    }
    return 0;
}

static int on_room(ngtcp2_conn *conn, int64_t id, uint64_t max_data, void *user, void *unused)
{
    (void)conn;
    (void)max_data;
    (void)unused;
    struct quic *q = user;
    struct quic_stream *s = find(q, id);
    if (s && s->is_blocked && !s->is_dead) {
        s->is_blocked = false;
        list_remove(&s->in_sendable);
        list_add_last(&q->sendable, &s->in_sendable);
    }
    return 0;
}

void quic_stream_callbacks(ngtcp2_callbacks *cb)
{
    cb->stream_open = on_open;
    cb->recv_stream_data = on_data;
    cb->acked_stream_data_offset = on_acked;
    cb->stream_reset = on_reset;
    cb->stream_stop_sending = on_stop;
    cb->stream_close = on_close;
    cb->extend_max_stream_data = on_room;
}

/* ---- events ---- */

static struct yamux_event event_of(const struct quic_stream *s, enum yamux_event_kind kind)
{
    return (struct yamux_event){.kind = kind, .stream_id = s->id, .user = s->user};
}

/* poll_stream gives the next event of a stream; false if it has none any more. */
static bool poll_stream(struct quic *q, struct yamux_event *ret_event, struct quic_stream *s)
{
    struct list *first = list_first(&s->received);
    if (s->opened_due) {
        s->opened_due = false;
        *ret_event = event_of(s, YAMUX_EVENT_OPENED);
    } else if (s->reset_due) {
        *ret_event = event_of(s, YAMUX_EVENT_RESET);
        ret_event->code = s->code;
        stream_die(q, s, 0);
    } else if (first) {
        q->lent = list_entry(first, struct quic_chunk, in_stream);
        list_remove(first);
        *ret_event = event_of(s, YAMUX_EVENT_DATA);
        ret_event->data = span_of(q->lent->bytes, q->lent->len);
    } else if (s->fin_due) {
        s->fin_due = false;
        *ret_event = event_of(s, YAMUX_EVENT_FIN);
    } else if (s->closed_due) {
        *ret_event = event_of(s, YAMUX_EVENT_STREAM_CLOSED);
        stream_free(q, s);
    } else if (s->writable_due) {
        s->writable_due = false;
        s->wants_writable = false;
        *ret_event = event_of(s, YAMUX_EVENT_WRITABLE);
    } else {
        return false;
    }
    return true;
}

bool quic_streams_poll(struct quic *q, struct yamux_event *ret_event)
{
    chunk_free(q, q->lent);
    q->lent = NULL;
    if (q->refused_waits) {
        q->refused_waits = false;
        *ret_event = (struct yamux_event){.kind = YAMUX_EVENT_REFUSED, .refusal = q->refusal};
        return true;
    }
    for (struct list *l = list_first(&q->eventful); l; l = list_first(&q->eventful)) {
        if (poll_stream(q, ret_event, list_entry(l, struct quic_stream, in_eventful))) {
            return true;
        }
        list_remove(l);
    }
    return false;
}

/* ---- sending ---- */

/* collect lists the pieces that were never sent, up to what a datagram can hold. */
static size_t collect(const struct quic_stream *s, ngtcp2_vec *pieces, uint64_t *ret_len)
{
    uint64_t at = s->acked;
    size_t count = 0;
    *ret_len = 0;
    for (struct list *l = list_first(&s->sent); l && count < PIECES_MAX;
         l = list_next(&s->sent, l)) {
        struct quic_chunk *c = list_entry(l, struct quic_chunk, in_stream);
        if (at + c->len > s->next) {
            size_t skip = s->next > at ? (size_t)(s->next - at) : 0;
            pieces[count++] = (ngtcp2_vec){.base = c->bytes + skip, .len = c->len - skip};
            *ret_len += c->len - skip;
        }
        at += c->len;
        if (*ret_len >= QUIC_DATAGRAM_LEN_MAX) {
            break;
        }
    }
    return count;
}

static void sent(struct quic *q, struct quic_stream *s, size_t n, bool with_fin)
{
    s->next += n;
    s->fin_sent = s->fin_sent || (with_fin && s->next == s->end);
    list_remove(&s->in_sendable);
    bool has_more = s->next < s->end || (s->finishing && !s->fin_sent);
    if (has_more) {
        list_add_last(&q->sendable, &s->in_sendable); /* behind the others */
    }
}

/* send_stream writes a datagram with bytes of s; *ret_skip: s cannot send now, try the next. */
static ngtcp2_ssize send_stream(
    struct quic *q, struct quic_stream *s, ngtcp2_path *path, struct mspan out, bool *ret_skip)
{
    ngtcp2_vec pieces[PIECES_MAX];
    uint64_t len;
    ngtcp2_ssize taken = -1;
    size_t count = collect(s, pieces, &len);
    bool with_fin = s->finishing && s->next + len == s->end;
    uint32_t flags = with_fin ? NGTCP2_WRITE_STREAM_FLAG_FIN : NGTCP2_WRITE_STREAM_FLAG_NONE;
    ngtcp2_ssize n = ngtcp2_conn_writev_stream(q->conn, path, NULL, out.p, out.n, &taken, flags,
                                               s->id, pieces, count, quic_ns(q->now));
    *ret_skip = n == NGTCP2_ERR_STREAM_DATA_BLOCKED || n == NGTCP2_ERR_STREAM_SHUT_WR ||
                n == NGTCP2_ERR_STREAM_NOT_FOUND;
    if (*ret_skip) {
        s->is_blocked = n == NGTCP2_ERR_STREAM_DATA_BLOCKED;
        list_remove(&s->in_sendable);
        return 0;
    }
    if (n > 0 && taken >= 0) {
        sent(q, s, (size_t)taken, with_fin);
    }
    return n;
}

ngtcp2_ssize quic_streams_send(struct quic *q, ngtcp2_path *path, struct mspan out)
{
    for (struct list *l = list_first(&q->sendable); l; l = list_first(&q->sendable)) {
        bool skip;
        struct quic_stream *s = list_entry(l, struct quic_stream, in_sendable);
        ngtcp2_ssize n = send_stream(q, s, path, out, &skip);
        if (!skip) {
            return n;
        }
    }
    ngtcp2_ssize taken;
    return ngtcp2_conn_writev_stream(q->conn, path, NULL, out.p, out.n, &taken,
                                     NGTCP2_WRITE_STREAM_FLAG_NONE, -1, NULL, 0, quic_ns(q->now));
}

/* ---- commands ---- */

static bool is_usable(const struct quic *q, const struct quic_stream *s)
{
    return s && !s->is_dead && !q->is_closed;
}

enum err quic_open_stream(struct quic *q, uint32_t *ret_id, struct refusal *ret_refusal, void *user)
{
    int64_t id;
    struct quic_stream *s;
    struct refusal r = {.reason = "streams of this connection",
                        .scope = "connection",
                        .value = q->streams.count,
                        .limit = q->streams.count};
    if (q->is_closed) {
        return ERR_CLOSED;
    }
    if (ngtcp2_conn_open_bidi_stream(q->conn, &id, NULL) != 0) {
        *(ret_refusal ? ret_refusal : &r) = r; /* the peer allows no more now */
        return ERR_LIMIT;
    }
    if (id > UINT32_MAX || stream_new(q, &s, (uint32_t)id) != OK) {
        r = (struct refusal){.reason = "memory",
                             .scope = q->cfg.budget->scope,
                             .value = q->cfg.budget->used,
                             .limit = q->cfg.budget->limit};
        *(ret_refusal ? ret_refusal : &r) = r;
        (void)ngtcp2_conn_shutdown_stream(q->conn, id, 0);
        return ERR_LIMIT;
    }
    s->user = user;
    *ret_id = s->id;
    return OK;
}

enum err quic_accept_stream(struct quic *q, uint32_t id, void *user)
{
    struct quic_stream *s = find(q, id);
    if (!is_usable(q, s)) {
        return ERR_NOT_FOUND;
    }
    s->user = user;
    return OK;
}

size_t quic_writable_len(const struct quic *q, uint32_t id)
{
    const struct quic_stream *s = find(q, id);
    if (!is_usable(q, s) || s->finishing) {
        return 0;
    }
    return s->is_stopped ? q->cfg.queue_max : sub_sat_size(q->cfg.queue_max, s->end - s->acked);
}

size_t quic_write(struct quic *q, uint32_t id, struct span data)
{
    struct quic_stream *s = find(q, id);
    if (!is_usable(q, s) || s->finishing) {
        return 0;
    }
    if (s->is_stopped) {
        return data.n;
    }
    struct span taken = span_first(data, quic_writable_len(q, id));
    size_t n = append(q, &s->sent, taken, CHUNK_LEN_MIN);
    s->end += n;
    s->wants_writable = n < data.n;
    if (n > 0 && !s->is_blocked && !list_is_linked(&s->in_sendable)) {
        list_add_last(&q->sendable, &s->in_sendable);
    }
    q->may_send = true;
    return n;
}

void quic_finish(struct quic *q, uint32_t id)
{
    struct quic_stream *s = find(q, id);
    if (!is_usable(q, s) || s->finishing) {
        return;
    }
    s->finishing = true;
    if (!s->is_stopped && !s->is_blocked && !list_is_linked(&s->in_sendable)) {
        list_add_last(&q->sendable, &s->in_sendable);
    }
    q->may_send = true;
}

void quic_reset_stream(struct quic *q, uint32_t id, uint32_t code)
{
    struct quic_stream *s = find(q, id);
    if (is_usable(q, s)) {
        stream_die(q, s, code);
    }
}

void quic_consume(struct quic *q, uint32_t id, size_t n)
{
    struct quic_stream *s = find(q, id);
    if (!is_usable(q, s)) {
        return;
    }
    check(n <= s->held);
    s->held -= n;
    (void)ngtcp2_conn_extend_max_stream_offset(q->conn, s->id, n); /* fails only without memory */
    ngtcp2_conn_extend_max_offset(q->conn, n);
    q->may_send = true;
}
