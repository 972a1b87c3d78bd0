/* What a yamux connection sends, and in which order: go-away, pongs, pings, resets, window updates with
 * SYN and ACK, and only then data, one frame of each stream in turn. */
#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "p2p/yamux_stream.h"

#include <string.h>

static void stage(struct yamux *y, const struct yamux_frame *f)
{
    check(y->tx_header_at == YAMUX_HEADER_LEN);
    yamux_frame_encode(y->tx_header, f);
    y->tx_header_at = 0;
}

static void stage_pong(struct yamux *y)
{
    /* SPEC libp2p/yamux §"Ping": the answer carries ACK and the same opaque value. */
    stage(y, &(struct yamux_frame){
                 .type = YAMUX_TYPE_PING, .flags = YAMUX_FLAG_ACK, .length = y->pongs[0]});
    y->pongs_count--;
    memmove(y->pongs, y->pongs + 1, y->pongs_count * sizeof y->pongs[0]);
}

static void stage_ping(struct yamux *y, instant now)
{
    y->ping_due = false;
    y->ping_out = true;
    y->ping_value++;
    y->ping_sent_at = now;
    stage(y, &(struct yamux_frame){
                 .type = YAMUX_TYPE_PING, .flags = YAMUX_FLAG_SYN, .length = y->ping_value});
}

static void stage_reset(struct yamux *y)
{
    check(y->resets_count > 0);
    y->resets_count--;
    stage(y, &(struct yamux_frame){.type = YAMUX_TYPE_WINDOW_UPDATE,
                                   .flags = YAMUX_FLAG_RST,
                                   .stream_id = y->resets[y->resets_count]});
    if (y->resets_count == 0) {
        mem_free(y->cfg.budget, y->resets, y->resets_cap * sizeof *y->resets);
        y->resets = NULL;
        y->resets_cap = 0;
    }
}

static void stage_control(struct yamux *y)
{
    struct yamux_stream *s = list_entry(list_first(&y->control), struct yamux_stream, in_control);
    list_remove(&s->in_control);
    struct yamux_frame f = {.type = YAMUX_TYPE_WINDOW_UPDATE, .stream_id = s->id};
    if (s->rst_due) {
        f.flags = YAMUX_FLAG_RST;
        f.length = s->reset_code;
        stage(y, &f);
        yamux_stream_free(y, s);
        return;
    }
    /* SPEC libp2p/yamux §"Opening a stream": SYN opens and ACK accepts; either may ride on a window
     * update, whose length stays a delta. */
    f.flags = (uint16_t)((s->syn_due ? YAMUX_FLAG_SYN : 0) | (s->ack_due ? YAMUX_FLAG_ACK : 0));
    f.length = s->delta;
    s->syn_due = false;
    s->ack_due = false;
    s->delta = 0;
    stage(y, &f);
}

/* take_chunk moves the first chunk from the stream to the connection, with its charge. */
static void take_chunk(struct yamux *y, struct yamux_stream *s)
{
    struct yamux_chunk *c = s->queue_first;
    s->queue_first = c->next;
    if (!s->queue_first) {
        s->queue_last = NULL;
    }
    c->next = NULL;
    s->queued -= c->n;
    size_t charge = sizeof *c + c->cap;
    budget_release(c->budget, charge);
    c->budget = y->cfg.budget;
    check(budget_reserve(c->budget, charge, NULL) == OK); /* just released in the same scope */
    y->tx_chunk = c;
}

static void stage_data(struct yamux *y)
{
    struct yamux_stream *s = list_entry(list_first(&y->sendable), struct yamux_stream, in_sendable);
    list_remove(&s->in_sendable);
    struct yamux_frame f = {.type = YAMUX_TYPE_DATA, .stream_id = s->id};
    if (s->queue_first) {
        take_chunk(y, s);
        f.length = (uint32_t)y->tx_chunk->n; /* <= frame_len_max */
    }
    bool has_payload = f.length > 0;
    if (s->queue_first || (has_payload && s->local_fin && !s->fin_sent)) {
        list_add_last(&y->sendable, &s->in_sendable);
    } else if (s->local_fin && !s->fin_sent) {
        /* SPEC libp2p/yamux §"Closing a stream": FIN half-closes, after the last byte. It gets a frame of its
         * own, as go and rust do it: js-libp2p looks at the flags of a frame before its payload, and so
         * loses what comes in the same frame as FIN. */
        f.flags |= YAMUX_FLAG_FIN;
        s->fin_sent = true;
    }
    stage(y, &f);
    yamux_stream_check_writable(y, s);
    yamux_stream_check_closed(y, s);
}

static bool stage_next(struct yamux *y, instant now)
{
    if (y->go_away_due) {
        y->go_away_due = false;
        stage(y, &(struct yamux_frame){.type = YAMUX_TYPE_GO_AWAY, .length = y->go_away_code});
    } else if (y->is_closed) {
        return false;
    } else if (y->pongs_count > 0) {
        stage_pong(y);
    } else if (y->ping_due && !y->ping_out) {
        stage_ping(y, now);
    } else if (y->resets_count > 0) {
        stage_reset(y);
    } else if (!list_is_empty(&y->control)) {
        stage_control(y);
    } else if (!list_is_empty(&y->sendable)) {
        stage_data(y);
    } else {
        return false;
    }
    return true;
}

static size_t write_header(struct yamux *y, struct mspan out)
{
    struct span rest = span_from(SPAN_OF(y->tx_header), y->tx_header_at);
    size_t n = span_copy(out, span_first(rest, out.n));
    y->tx_header_at = (uint8_t)(y->tx_header_at + n);
    return n;
}

static size_t write_payload(struct yamux *y, struct mspan out)
{
    struct yamux_chunk *c = y->tx_chunk;
    size_t n = span_copy(out, span_first(span_of(c->bytes + c->at, c->n - c->at), out.n));
    c->at += n;
    if (c->at == c->n) {
        yamux_chunk_free(c);
        y->tx_chunk = NULL;
    }
    return n;
}

size_t yamux_send(struct yamux *y, instant now, struct mspan out)
{
    y->now = now;
    size_t n = 0;
    while (n < out.n) {
        if (y->tx_header_at < YAMUX_HEADER_LEN) {
            n += write_header(y, mspan_from(out, n));
        } else if (y->tx_chunk) {
            n += write_payload(y, mspan_from(out, n));
        } else if (!stage_next(y, now)) {
            break;
        }
    }
    return n;
}

bool yamux_has_output(const struct yamux *y)
{
    if (y->tx_header_at < YAMUX_HEADER_LEN || y->tx_chunk || y->go_away_due) {
        return true;
    }
    if (y->is_closed) {
        return false;
    }
    return y->pongs_count > 0 || (y->ping_due && !y->ping_out) || y->resets_count > 0 ||
           !list_is_empty(&y->control) || !list_is_empty(&y->sendable);
}
