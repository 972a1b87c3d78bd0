/* What waits for each peer, and the RPCs that carry it. */
#include "base/check.h"
#include "base/mem.h"
#include "p2p/gossip_state.h"

void gossip_talk(struct gossip *g, struct gossip_peer *p)
{
    if (p->is_connected && !list_is_linked(&p->in_talkative)) {
        list_add_last(&g->talkative, &p->in_talkative);
    }
}

void gossip_queue(struct gossip *g, struct gossip_peer *p, struct gossip_seen *s)
{
    void *memory;
    if (p->queue_count >= g->cfg.queue_max ||
        mem_alloc(&g->budget, &memory, sizeof(struct gossip_queued)) != OK) {
        p->dropped_count++; /* it reads too slowly: gossip will tell it what it missed */
        return;
    }
    struct gossip_queued *q = memory;
    q->seen = s;
    s->refs++;
    list_add_last(&p->queue, &q->in_queue);
    p->queue_count++;
    gossip_talk(g, p);
}

static void unqueue(struct gossip *g, struct gossip_peer *p, struct gossip_queued *q)
{
    list_remove(&q->in_queue);
    p->queue_count--;
    gossip_seen_unref(g, q->seen);
    mem_free(&g->budget, q, sizeof *q);
}

void gossip_queue_clear(struct gossip *g, struct gossip_peer *p)
{
    for (struct list *l = list_first(&p->queue); l; l = list_first(&p->queue)) {
        unqueue(g, p, list_entry(l, struct gossip_queued, in_queue));
    }
}

void gossip_say_subscription(struct gossip *g, struct gossip_peer *p, struct span topic, bool on)
{
    struct wr w = wr_init_buf(&p->fields);
    size_t before = p->fields.n;
    gossip_write_subscription(&w, on, topic);
    if (!wr_ok(&w)) {
        buf_shrink(&p->fields, before); /* far too many at once: it learns of the others later */
    }
    gossip_talk(g, p);
}

void gossip_say_ids(struct gossip *g, struct gossip_peer *p, const struct gossip_ids_out *ids)
{
    struct wr w = wr_init_buf(&p->control);
    size_t before = p->control.n;
    gossip_write_ids(&w, ids);
    if (!wr_ok(&w)) {
        buf_shrink(&p->control, before);
    }
    gossip_talk(g, p);
}

bool gossip_next_peer(struct gossip *g, struct peer_id *ret_peer)
{
    struct list *l = list_first(&g->talkative);
    if (!l) {
        return false;
    }
    list_remove(l);
    *ret_peer = list_entry(l, struct gossip_peer, in_talkative)->id;
    return true;
}

static void take_messages(struct gossip *g, struct gossip_peer *p, struct wr *w, size_t len_max)
{
    for (struct list *l = list_first(&p->queue); l && wr_ok(w); l = list_first(&p->queue)) {
        struct gossip_queued *q = list_entry(l, struct gossip_queued, in_queue);
        const struct gossip_seen *s = q->seen;
        if (w->n > 0 && w->n + s->bytes_len > len_max) {
            return;
        }
        /* SPEC libp2p/gossipsub-1.2 §"IDONTWANT Message": what a peer has said that it has is not sent to it. */
        if (!gossip_is_unwanted(g, p, span_of(s->id, s->id_len))) {
            gossip_write_publish(w, span_of(s->bytes, s->bytes_len));
            g->sent_count++;
        }
        unqueue(g, p, q);
    }
}

bool gossip_take_rpc(struct gossip *g, const struct peer_id *peer, struct buf *out, size_t len_max)
{
    struct gossip_peer *p = gossip_peer_of(g, peer);
    if (!p || !p->is_connected) {
        return false;
    }
    size_t before = out->n;
    struct wr w = wr_init_buf(out);
    wr_bytes(&w, buf_span(&p->fields));
    if (p->control.n > 0) {
        gossip_write_control(&w, buf_span(&p->control));
    }
    if (!wr_ok(&w)) {
        buf_shrink(out, before);
        return false;
    }
    buf_clear(&p->fields);
    buf_clear(&p->control);
    buf_trim(&p->fields);
    buf_trim(&p->control);
    take_messages(g, p, &w, len_max);
    if (!wr_ok(&w)) {
        buf_shrink(out, before); /* no memory: gossip will tell it what it missed */
    }
    return out->n > before;
}
