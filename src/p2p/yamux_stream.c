/* The life of one yamux stream: table, queue, lists. libp2p/yamux §"Opening a stream", §"Closing a stream". */
#include "p2p/yamux_stream.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/wr.h"

#include <string.h>

struct yamux_stream *yamux_stream_find(const struct yamux *y, uint32_t id)
{
    struct yamux_stream *s = map_find(&y->streams, span_of(&id, sizeof id));
    return s && !s->rst_due ? s : NULL;
}

void yamux_chunk_free(struct yamux_chunk *c)
{
    mem_free(c->budget, c, sizeof *c + c->cap);
}

void yamux_stream_drop_queue(struct yamux_stream *s)
{
    while (s->queue_first) {
        struct yamux_chunk *c = s->queue_first;
        s->queue_first = c->next;
        yamux_chunk_free(c);
    }
    s->queue_last = NULL;
    s->queued = 0;
}

void yamux_stream_free(struct yamux *y, struct yamux_stream *s)
{
    yamux_stream_drop_queue(s);
    list_remove(&s->in_control);
    list_remove(&s->in_sendable);
    list_remove(&s->in_writable);
    if (y->rx_stream == s) {
        y->rx_stream = NULL;
    }
    if (s->is_ours) {
        y->unacked_out_count -= !s->acked;
    } else {
        y->streams_in_count--;
        y->unacked_in_count -= !s->acked;
    }
    if (s->window > YAMUX_WINDOW_INITIAL) {
        budget_release(y->cfg.credit, s->window - YAMUX_WINDOW_INITIAL);
    }
    check(s->budget.used == 0);
    check(map_remove(&y->streams, span_of(&s->id, sizeof s->id)) == s);
    mem_free(y->cfg.budget, s, sizeof *s);
}

void yamux_stream_check_closed(struct yamux *y, struct yamux_stream *s)
{
    if (s->remote_fin && s->fin_sent) {
        list_remove(&s->in_writable);
        list_add_last(&y->closed, &s->in_writable);
    }
}

size_t yamux_stream_room(const struct yamux *y, const struct yamux_stream *s)
{
    if (s->local_fin || y->is_closed) {
        return 0;
    }
    return min_size(s->send_window, sub_sat_size(y->cfg.queue_max, s->queued));
}

void yamux_stream_check_writable(struct yamux *y, struct yamux_stream *s)
{
    bool has_room = s->queued <= y->cfg.queue_max / 2 && yamux_stream_room(y, s) > 0;
    if (s->wants_writable && has_room && !list_is_linked(&s->in_writable)) {
        list_add_last(&y->writable, &s->in_writable);
    }
}

void yamux_stream_owe(struct yamux *y, struct yamux_stream *s)
{
    if (!list_is_linked(&s->in_control)) {
        list_add_last(&y->control, &s->in_control);
    }
}
