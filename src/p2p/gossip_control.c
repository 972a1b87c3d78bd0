/* RPCs of peers: what they subscribe to, send, have, want and do not want. */
#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "p2p/envelope.h"
#include "p2p/gossip_state.h"

#include <string.h>

enum {
    PROMISES_MAX = 4096,
    CONNECTS_MAX = 64,
    RETRANSMIT_MAX = 3,
    UNWANTED_HEARTBEATS = 3,
    ASK_MAX = 128
};

static const uint64_t BACKOFF_S_MAX = 24 * 3600;
static const uint64_t GRAFT_FLOOD_US = 10 * US_PER_S;

/* ---- subscriptions ---- */

static void on_subscribe(struct gossip *g, struct gossip_peer *p, struct span topic)
{
    struct gossip_topic *t;
    struct gossip_member *m;
    if (gossip_topic_get(g, &t, topic) != OK) {
        return;
    }
    if (gossip_member_get(g, &m, t, p) != OK) {
        gossip_topic_maybe_free(g, t);
        return; /* more topics than a peer may have: the rest is not remembered */
    }
    m->is_subscribed = true;
}

static void on_unsubscribe(struct gossip *g, struct gossip_peer *p, struct span topic)
{
    struct gossip_topic *t = gossip_topic_find(g, topic);
    struct gossip_member *m = t ? gossip_member_find(t, p) : NULL;
    if (m) {
        m->is_subscribed = false;
        m->in_fanout = false;
        gossip_leave_mesh(g, m);
        gossip_member_maybe_free(g, m);
    }
}

/* ---- IHAVE, IWANT ---- */

static struct gossip_promise *promise_of(struct list *l)
{
    return list_entry(l, struct gossip_promise, in_promises);
}

static void promise_free(struct gossip *g, struct gossip_promise *p)
{
    list_remove(&p->in_promises);
    g->promises_count--;
    mem_free(&g->budget, p, sizeof *p);
}

static void promise(struct gossip *g, const struct gossip_peer *p, struct span id)
{
    void *memory;
    if (g->promises_count >= PROMISES_MAX || id.n > GOSSIP_ID_LEN_MAX ||
        mem_alloc(&g->budget, &memory, sizeof(struct gossip_promise)) != OK) {
        return;
    }
    struct gossip_promise *o = memory;
    o->peer = p->number;
    o->until = instant_add(g->now, g->cfg.iwant_us);
    o->id_len = (uint8_t)span_copy(MSPAN_OF(o->id), id);
    list_add_last(&g->promises, &o->in_promises);
    g->promises_count++;
}

void gossip_promise_kept(struct gossip *g, struct span id)
{
    for (struct list *l = list_first(&g->promises); l;) {
        struct gossip_promise *o = promise_of(l);
        l = list_next(&g->promises, l);
        if (span_equal(span_of(o->id, o->id_len), id)) {
            promise_free(g, o);
        }
    }
}

void gossip_promises_expire(struct gossip *g)
{
    for (struct list *l = list_first(&g->promises); l; l = list_first(&g->promises)) {
        struct gossip_promise *o = promise_of(l);
        if (!instant_reached(o->until, g->now)) {
            return;
        }
        /* SPEC libp2p/gossipsub-1.1 §"Spam Protection Measures": who tells of messages and does not deliver them
         * when asked behaves badly. */
        struct gossip_peer *p = gossip_peer_number(g, o->peer);
        if (p) {
            gossip_misbehaved(g, p, 1);
        }
        promise_free(g, o);
    }
}

static void on_ihave(struct gossip *g, struct gossip_peer *p, const struct gossip_item *item)
{
    const struct gossip_topic *t = gossip_topic_find(g, item->topic);
    /* SPEC libp2p/gossipsub-1.1 §"Spam Protection Measures": so many IHAVE a heartbeat, and so many ids. */
    if (!t || !t->is_subscribed || p->score < g->cfg.score.gossip_threshold ||
        ++p->ihave_count > g->cfg.ihave_max) {
        return;
    }
    struct span ids[ASK_MAX];
    size_t count = 0;
    struct span rest = item->raw;
    struct span id;
    while (count < ASK_MAX && p->ihave_ids_count < g->cfg.ihave_ids_max &&
           p->iwant_ids_count + count < g->cfg.ihave_ids_max &&
           gossip_next_id(&id, GOSSIP_IHAVE, &rest)) {
        p->ihave_ids_count++;
        if (id.n > 0 && !gossip_seen_find(g, id)) {
            ids[count++] = id;
        }
    }
    if (count == 0) {
        return;
    }
    p->iwant_ids_count += (uint32_t)count;
    gossip_say_ids(g, p,
                   &(struct gossip_ids_out){.kind = GOSSIP_IWANT, .ids = ids, .ids_count = count});
    promise(g, p, ids[rng_below(g->cfg.rng, count)]);
}

/* may_serve: the same message goes to the same peer a few times at most. */
static bool may_serve(struct gossip_seen *s, const struct gossip_peer *p)
{
    unsigned times = 0;
    for (size_t i = 0; i < s->served_count; i++) {
        times += s->served_to[i] == p->number;
    }
    if (times >= RETRANSMIT_MAX || s->served_count == GOSSIP_HEARD_MAX) {
        return false;
    }
    s->served_to[s->served_count++] = p->number;
    return true;
}

static void on_iwant(struct gossip *g, struct gossip_peer *p, const struct gossip_item *item)
{
    struct span rest = item->raw;
    struct span id;
    if (p->score < g->cfg.score.gossip_threshold) {
        return;
    }
    while (gossip_next_id(&id, GOSSIP_IWANT, &rest)) {
        struct gossip_seen *s = gossip_seen_find(g, id);
        /* SPEC libp2p/gossipsub-1.0 §"IWANT": asked for by id, from what is still kept. */
        if (s && s->state == GOSSIP_SEEN_ACCEPTED && s->bytes && may_serve(s, p)) {
            gossip_queue(g, p, s);
        }
    }
}

/* ---- IDONTWANT ---- */

static void key_of(uint8_t ret_key[static 12],
                   const struct gossip *g,
                   const struct gossip_peer *p,
                   struct span id)
{
    struct wr w = wr_init(mspan_of(ret_key, 12));
    wr_be64(&w, siphash24(g->seed, id));
    wr_be32(&w, p->number);
}

bool gossip_is_unwanted(const struct gossip *g, const struct gossip_peer *p, struct span id)
{
    if (g->unwanted.count == 0) {
        return false;
    }
    uint8_t key[12];
    key_of(key, g, p, id);
    return map_find(&g->unwanted, SPAN_OF(key));
}

static void unwanted_free(struct gossip *g, struct gossip_unwanted *u)
{
    list_remove(&u->in_unwanted);
    (void)map_remove(&g->unwanted, SPAN_OF(u->key));
    mem_free(&g->budget, u, sizeof *u);
}

void gossip_unwanted_expire(struct gossip *g)
{
    for (struct list *l = list_first(&g->unwanted_order); l; l = list_first(&g->unwanted_order)) {
        struct gossip_unwanted *u = list_entry(l, struct gossip_unwanted, in_unwanted);
        if (u->until > g->heartbeats) {
            return;
        }
        unwanted_free(g, u);
    }
}

static void on_idontwant(struct gossip *g, struct gossip_peer *p, const struct gossip_item *item)
{
    struct span rest = item->raw;
    struct span id;
    /* SPEC libp2p/gossipsub-1.2 §"Limits": so many ids a heartbeat of one peer, remembered for three. */
    while (p->idontwant_count < g->cfg.idontwant_max &&
           gossip_next_id(&id, GOSSIP_IDONTWANT, &rest)) {
        p->idontwant_count++;
        void *memory;
        if (gossip_is_unwanted(g, p, id) ||
            mem_alloc(&g->budget, &memory, sizeof(struct gossip_unwanted)) != OK) {
            continue;
        }
        struct gossip_unwanted *u = memory;
        key_of(u->key, g, p, id);
        u->until = g->heartbeats + UNWANTED_HEARTBEATS;
        if (map_add(&g->unwanted, SPAN_OF(u->key), u) != OK) {
            mem_free(&g->budget, u, sizeof *u);
            return;
        }
        list_add_last(&g->unwanted_order, &u->in_unwanted);
    }
}

/* ---- GRAFT, PRUNE ---- */

static bool is_backing_off(struct gossip *g, struct gossip_member *m)
{
    if (!instant_before(g->now, m->backoff_until)) {
        return false;
    }
    /* SPEC libp2p/gossipsub-1.1 §"Prune Backoff": a GRAFT before the time is up is bad behaviour, and twice so right
     * after the PRUNE. */
    bool floods = instant_since(m->pruned_at, g->now) < GRAFT_FLOOD_US;
    gossip_misbehaved(g, m->peer, floods ? 2 : 1);
    return true;
}

static void on_graft(struct gossip *g, struct gossip_peer *p, struct span topic)
{
    struct gossip_topic *t = gossip_topic_find(g, topic);
    struct gossip_member *m;
    /* SPEC libp2p/gossipsub-1.1 §"Spam Protection Measures": a GRAFT for a topic that we do not have gets no
     * answer. */
    if (!t || !t->is_subscribed || p->version == GOSSIP_FLOODSUB ||
        gossip_member_get(g, &m, t, p) != OK || m->record.in_mesh) {
        return;
    }
    bool is_early = is_backing_off(g, m);
    bool is_full = gossip_count_mesh(t) >= g->cfg.d_high && !p->is_outbound;
    if (is_early || p->score < 0 || is_full) {
        gossip_prune(g, m, (struct gossip_prune_args){.px = !is_early && p->score >= 0});
        return;
    }
    m->is_subscribed = true;
    gossip_topic_grafted(&m->record, g->now);
}

void gossip_connect_free(struct gossip *g, struct gossip_connect *c)
{
    list_remove(&c->in_connects);
    buf_done(&c->record);
    mem_free(&g->budget, c, sizeof *c);
    g->connects_count--;
}

static void suggest(struct gossip *g, const struct gossip_px *px)
{
    static const size_t RECORD_MAX = ENVELOPE_LEN_MAX;
    struct peer_record record;
    if (g->connects_count >= CONNECTS_MAX || peer_id_equal(&px->peer, &g->cfg.self) ||
        px->record.n > RECORD_MAX) {
        return;
    }
    const struct gossip_peer *known = gossip_peer_of(g, &px->peer);
    /* SPEC libp2p/gossipsub-1.1 §"Peer Exchange": a record that comes along must be signed by the peer it is of. */
    if ((known && known->is_connected) ||
        (px->record.n > 0 && (peer_record_open(&record, px->record, &g->budget) != OK ||
                              !peer_id_equal(&record.peer, &px->peer)))) {
        return;
    }
    void *memory;
    if (mem_alloc(&g->budget, &memory, sizeof(struct gossip_connect)) != OK) {
        return;
    }
    struct gossip_connect *c = memory;
    c->peer = px->peer;
    buf_init(&c->record, &g->budget, RECORD_MAX);
    g->connects_count++;
    if (buf_append(&c->record, px->record) != OK) {
        gossip_connect_free(g, c);
        return;
    }
    list_add_last(&g->connects, &c->in_connects);
}

static void on_prune(struct gossip *g, struct gossip_peer *p, const struct gossip_item *item)
{
    struct gossip_topic *t = gossip_topic_find(g, item->topic);
    struct gossip_member *m = t ? gossip_member_find(t, p) : NULL;
    if (!m) {
        return;
    }
    gossip_leave_mesh(g, m);
    /* SPEC libp2p/gossipsub-1.1 §"Prune Backoff": as long as the peer says; within a day, whatever it says. */
    uint64_t backoff_us =
        item->has_backoff ? min_u64(item->backoff_s, BACKOFF_S_MAX) * US_PER_S : g->cfg.backoff_us;
    instant until = instant_add(g->now, backoff_us);
    m->backoff_until = instant_before(m->backoff_until, until) ? until : m->backoff_until;
    m->pruned_at = g->now;
    struct span rest = item->raw;
    struct gossip_px px;
    /* SPEC libp2p/gossipsub-1.1 §"Peer Exchange": only from peers in very good standing, and few at a time. */
    bool believed = !g->cfg.no_px && p->score >= g->cfg.score.accept_px_threshold;
    for (unsigned i = 0; believed && i < GOSSIP_PX_MAX && gossip_next_px(&px, &rest); i++) {
        suggest(g, &px);
    }
}

/* ---- an RPC ---- */

static void take_item(struct gossip *g, struct gossip_peer *p, const struct gossip_item *item)
{
    switch (item->kind) {
    case GOSSIP_SUBSCRIBE:   on_subscribe(g, p, item->topic); break;
    case GOSSIP_UNSUBSCRIBE: on_unsubscribe(g, p, item->topic); break;
    case GOSSIP_PUBLISH:     gossip_take_message(g, p, item->raw); break;
    case GOSSIP_IHAVE:       on_ihave(g, p, item); break;
    case GOSSIP_IWANT:       on_iwant(g, p, item); break;
    case GOSSIP_GRAFT:       on_graft(g, p, item->topic); break;
    case GOSSIP_PRUNE:       on_prune(g, p, item); break;
    case GOSSIP_IDONTWANT:   on_idontwant(g, p, item); break;
    }
}

enum err gossip_recv(struct gossip *g, instant now, const struct peer_id *peer, struct span rpc)
{
    g->now = now;
    struct gossip_peer *p = gossip_peer_of(g, peer);
    if (!p || !p->is_connected) {
        return ERR_NOT_FOUND;
    }
    /* SPEC libp2p/gossipsub-1.1 §"Score Thresholds": below the graylist threshold nothing of a peer is read. */
    if (p->score < g->cfg.score.graylist_threshold) {
        return ERR_DENIED;
    }
    enum err e = gossip_rpc_check(rpc);
    if (e != OK) {
        gossip_misbehaved(g, p, 4);
        g->refused_count++;
        return e;
    }
    struct gossip_cursor cursor = gossip_cursor_init(rpc);
    struct gossip_item item;
    while (gossip_next_item(&item, &cursor)) {
        take_item(g, p, &item);
    }
    return OK;
}

void gossip_control_done(struct gossip *g)
{
    for (struct list *l = list_first(&g->promises); l; l = list_first(&g->promises)) {
        promise_free(g, promise_of(l));
    }
    for (struct list *l = list_first(&g->unwanted_order); l; l = list_first(&g->unwanted_order)) {
        unwanted_free(g, list_entry(l, struct gossip_unwanted, in_unwanted));
    }
    for (struct list *l = list_first(&g->connects); l; l = list_first(&g->connects)) {
        gossip_connect_free(g, list_entry(l, struct gossip_connect, in_connects));
    }
    if (g->polled) {
        gossip_connect_free(g, g->polled);
    }
}
