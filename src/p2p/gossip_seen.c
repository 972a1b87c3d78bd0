/* Messages: seen once, judged, kept for a while, and sent on. */
#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "crypto/hash.h"
#include "p2p/gossip_state.h"

#include <string.h>

static struct span id_of(const struct gossip_seen *s)
{
    return span_of(s->id, s->id_len);
}

struct gossip_seen *gossip_seen_find(const struct gossip *g, struct span id)
{
    return map_find(&g->seen, id);
}

bool gossip_heard_from(const struct gossip_seen *s, const struct gossip_peer *p)
{
    for (size_t i = 0; i < s->heard_count; i++) {
        if (s->heard_from[i] == p->number) {
            return true;
        }
    }
    return false;
}

static void note_heard(struct gossip_seen *s, const struct gossip_peer *p)
{
    if (s->heard_count < GOSSIP_HEARD_MAX && !gossip_heard_from(s, p)) {
        s->heard_from[s->heard_count++] = p->number;
    }
}

/* ---- keeping and forgetting ---- */

static void free_bytes(struct gossip *g, struct gossip_seen *s)
{
    mem_free(&g->budget, s->bytes, s->bytes_len);
    s->bytes = NULL;
    s->bytes_len = 0;
    list_remove(&s->in_cache);
}

static void forget(struct gossip *g, struct gossip_seen *s)
{
    free_bytes(g, s);
    list_remove(&s->in_seen);
    (void)map_remove(&g->seen, id_of(s));
    (void)map_remove(&g->messages, span_of(&s->number, sizeof s->number));
    mem_free(&g->budget, s, sizeof *s);
}

void gossip_seen_unref(struct gossip *g, struct gossip_seen *s)
{
    (void)g;
    check(s->refs > 0);
    s->refs--;
}

void gossip_seen_expire(struct gossip *g)
{
    for (struct list *l = list_first(&g->cache); l;) {
        struct gossip_seen *s = list_entry(l, struct gossip_seen, in_cache);
        l = list_next(&g->cache, l);
        if (s->refs == 0 && g->heartbeats - s->heartbeat >= g->cfg.history_len) {
            free_bytes(g, s);
        }
    }
    for (struct list *l = list_first(&g->seen_order); l;) {
        struct gossip_seen *s = list_entry(l, struct gossip_seen, in_seen);
        l = list_next(&g->seen_order, l);
        if (!instant_reached(instant_add(s->at, g->cfg.seen_us), g->now)) {
            return;
        }
        if (s->refs == 0) {
            forget(g, s);
        }
    }
}

void gossip_seen_done(struct gossip *g)
{
    for (struct list *l = list_first(&g->seen_order); l; l = list_first(&g->seen_order)) {
        forget(g, list_entry(l, struct gossip_seen, in_seen));
    }
}

/* make_room forgets the oldest when all places are taken. */
static void make_room(struct gossip *g)
{
    for (struct list *l = list_first(&g->seen_order); l && g->seen.count >= g->cfg.seen_max;) {
        struct gossip_seen *s = list_entry(l, struct gossip_seen, in_seen);
        l = list_next(&g->seen_order, l);
        if (s->refs == 0) {
            forget(g, s);
        }
    }
}

struct entry {
    struct span id;
    struct span raw;
    struct gossip_topic *topic;
    enum gossip_seen_state state;
};

MUST_CHECK static enum err
remember(struct gossip *g, struct gossip_seen **ret_seen, const struct entry *e)
{
    void *p;
    void *bytes;
    make_room(g);
    TRY(mem_alloc(&g->budget, &bytes, e->raw.n));
    enum err err = mem_alloc(&g->budget, &p, sizeof(struct gossip_seen));
    if (err != OK) {
        mem_free(&g->budget, bytes, e->raw.n);
        return err;
    }
    struct gossip_seen *s = p;
    memcpy(bytes, e->raw.p, e->raw.n);
    s->bytes = bytes;
    s->bytes_len = (uint32_t)e->raw.n; /* <= GOSSIP_RPC_LEN_MAX */
    s->number = ++g->next_message;
    s->state = e->state;
    s->topic = e->topic;
    s->at = g->now;
    s->id_len = (uint8_t)span_copy(MSPAN_OF(s->id), e->id);
    err = map_add(&g->seen, e->id, s);
    err = err == OK ? map_add(&g->messages, span_of(&s->number, sizeof s->number), s) : err;
    if (err != OK) {
        forget(g, s);
        return err;
    }
    list_add_last(&g->seen_order, &s->in_seen);
    *ret_seen = s;
    return OK;
}

/* keep puts an accepted message where it can be asked for. */
static void keep(struct gossip *g, struct gossip_seen *s)
{
    s->state = GOSSIP_SEEN_ACCEPTED;
    s->accepted_at = g->now;
    s->heartbeat = g->heartbeats;
    list_remove(&s->in_cache);
    list_add_last(&g->cache, &s->in_cache);
}

/* ---- ids ---- */

static size_t make_id(const struct gossip_topic *t,
                      uint8_t ret_id[static GOSSIP_ID_LEN_MAX],
                      const struct gossip_message *m)
{
    if (t->cfg.id) {
        return t->cfg.id(t->cfg.user, ret_id, m);
    }
    if (t->cfg.signing == GOSSIP_STRICT_SIGN) {
        /* SPEC libp2p/pubsub §"Message Identification": by default author and sequence number. */
        struct wr w = wr_init(mspan_of(ret_id, GOSSIP_ID_LEN_MAX));
        wr_bytes(&w, m->from);
        wr_bytes(&w, m->seqno);
        return wr_ok(&w) ? w.n : 0;
    }
    struct hash32 hash;
    sha256(&hash, m->data);
    return span_copy(mspan_of(ret_id, GOSSIP_ID_LEN_MAX), SPAN_OF(hash.bytes));
}

/* ---- sending on ---- */

static bool is_for(const struct gossip *g, const struct gossip_member *m, bool is_ours)
{
    const struct gossip_peer *p = m->peer;
    bool good = p->score >= g->cfg.score.publish_threshold;
    if (!p->is_connected || !m->is_subscribed) {
        return m->record.in_mesh && p->is_connected;
    }
    /* SPEC libp2p/gossipsub-1.1 §"Flood Publishing": our own messages go to everybody in good standing, so that no
     * mesh full of liars can silence us. */
    bool floods = is_ours && !g->cfg.no_flood_publish;
    return m->record.in_mesh || m->in_fanout || (good && (floods || p->version == GOSSIP_FLOODSUB));
}

static void spread(struct gossip *g, struct gossip_seen *s, bool is_ours)
{
    /* SPEC libp2p/gossipsub-1.0 §"Message Processing": to the whole mesh but those that it came from, and to
     * peers that know only floodsub. */
    for (struct list *l = list_first(&s->topic->members); l; l = list_next(&s->topic->members, l)) {
        const struct gossip_member *m = list_entry(l, struct gossip_member, in_topic);
        if (is_for(g, m, is_ours) && !gossip_heard_from(s, m->peer) &&
            !gossip_is_unwanted(g, m->peer, id_of(s))) {
            gossip_queue(g, m->peer, s);
        }
    }
}

/* say_dont_want tells the mesh that a large message has come, before it is even judged. */
static void
say_dont_want(struct gossip *g, const struct gossip_seen *s, const struct gossip_peer *from)
{
    struct span id = id_of(s);
    struct gossip_ids_out out = {.kind = GOSSIP_IDONTWANT, .ids = &id, .ids_count = 1};
    for (struct list *l = list_first(&s->topic->members); l; l = list_next(&s->topic->members, l)) {
        const struct gossip_member *m = list_entry(l, struct gossip_member, in_topic);
        /* SPEC libp2p/gossipsub-1.2 §"IDONTWANT Message": to the peers of the mesh that know the message, as soon as
         * a message of some size arrives. */
        if (m->record.in_mesh && m->peer->version >= GOSSIP_V12 && m->peer != from) {
            gossip_say_ids(g, m->peer, &out);
        }
    }
}

/* ---- receiving ---- */

static void is_invalid(struct gossip *g, struct gossip_topic *t, struct gossip_peer *from)
{
    struct gossip_member *m;
    g->refused_count++;
    if (gossip_member_get(g, &m, t, from) == OK) {
        gossip_topic_invalid(&m->record);
    }
    gossip_rescore(g, from);
}

static void
credit(struct gossip *g, const struct gossip_seen *s, struct gossip_peer *p, bool is_first)
{
    struct gossip_member *m = s->topic ? gossip_member_find(s->topic, p) : NULL;
    if (!m) {
        return;
    }
    if (is_first) {
        gossip_topic_first(&s->topic->cfg.score, &m->record);
    } else {
        gossip_topic_delivered(&s->topic->cfg.score, &m->record);
    }
    (void)g;
}

static void take_again(struct gossip *g, struct gossip_seen *s, struct gossip_peer *from)
{
    g->duplicate_count++;
    bool known = gossip_heard_from(s, from);
    note_heard(s, from);
    if (known || !s->topic) {
        return;
    }
    uint64_t window = s->topic->cfg.score.deliveries_window_us;
    switch (s->state) {
    case GOSSIP_SEEN_PENDING: return; /* all who sent it are judged together */
    case GOSSIP_SEEN_ACCEPTED:
        /* SPEC libp2p/gossipsub-1.1 §"The Score Function": a copy counts as delivered within a short window. */
        if (instant_since(s->accepted_at, g->now) <= window) {
            credit(g, s, from, false);
        }
        return;
    case GOSSIP_SEEN_REJECTED: is_invalid(g, s->topic, from); return;
    case GOSSIP_SEEN_IGNORED:  return;
    }
}

static void take_new(struct gossip *g,
                     struct gossip_peer *from,
                     const struct gossip_message *m,
                     const struct entry *e)
{
    if (gossip_message_verify(m, e->topic->cfg.signing, &g->budget) != OK ||
        m->data.n > min_size(e->topic->cfg.data_len_max ? e->topic->cfg.data_len_max : SIZE_MAX,
                             GOSSIP_DATA_LEN_MAX)) {
        is_invalid(g, e->topic, from);
        return;
    }
    struct gossip_seen *s;
    if (remember(g, &s, e) != OK) {
        return; /* no room: others may have it */
    }
    g->received_count++;
    note_heard(s, from);
    gossip_promise_kept(g, e->id);
    if (m->data.n >= g->cfg.idontwant_len_min) {
        say_dont_want(g, s, from);
    }
    list_add_last(&g->news, &s->in_cache);
}

void gossip_take_message(struct gossip *g, struct gossip_peer *from, struct span raw)
{
    struct gossip_message m;
    uint8_t id[GOSSIP_ID_LEN_MAX];
    if (gossip_message_decode(&m, raw) != OK) {
        g->refused_count++;
        gossip_misbehaved(g, from, 1);
        return;
    }
    struct gossip_topic *t = gossip_topic_find(g, m.topic);
    if (!t || !t->is_subscribed) {
        return; /* not for us */
    }
    size_t id_len = make_id(t, id, &m);
    if (id_len == 0) {
        is_invalid(g, t, from);
        return;
    }
    struct entry e = {.id = span_of(id, id_len), .raw = raw, .topic = t};
    struct gossip_seen *s = gossip_seen_find(g, e.id);
    /* SPEC libp2p/pubsub §"The Message": what comes back to its author is not news. */
    bool is_ours = span_equal(m.from, peer_id_span(&g->cfg.self));
    if (s) {
        take_again(g, s, from);
    } else if (!is_ours) {
        take_new(g, from, &m, &e);
    }
}

void gossip_validated(struct gossip *g, instant now, uint64_t message, enum gossip_verdict verdict)
{
    g->now = now;
    struct gossip_seen *s = map_remove(&g->messages, span_of(&message, sizeof message));
    if (!s || s->state != GOSSIP_SEEN_PENDING) {
        return;
    }
    list_remove(&s->in_cache);
    if (verdict == GOSSIP_ACCEPT) {
        keep(g, s);
    } else {
        s->state = verdict == GOSSIP_REJECT ? GOSSIP_SEEN_REJECTED : GOSSIP_SEEN_IGNORED;
        free_bytes(g, s);
    }
    /* SPEC libp2p/gossipsub-1.1 §"Extended Validators": who brought a rejected message pays for it, an ignored one
     * costs and earns nothing. */
    for (size_t i = 0; s->topic && i < s->heard_count; i++) {
        struct gossip_peer *p = gossip_peer_number(g, s->heard_from[i]);
        if (p && verdict == GOSSIP_ACCEPT) {
            credit(g, s, p, i == 0);
        } else if (p && verdict == GOSSIP_REJECT) {
            is_invalid(g, s->topic, p);
        }
    }
    if (verdict == GOSSIP_ACCEPT && s->topic) {
        spread(g, s, false);
    }
}

/* ---- publishing ---- */

MUST_CHECK static enum err
send_own(struct gossip *g, struct gossip_topic *t, const struct gossip_message *m)
{
    uint8_t id[GOSSIP_ID_LEN_MAX];
    size_t id_len = make_id(t, id, m);
    if (id_len == 0) {
        return ERR_MALFORMED;
    }
    if (gossip_seen_find(g, span_of(id, id_len))) {
        return ERR_STATE;
    }
    AUTO(buf_done) struct buf raw = {0};
    buf_init(&raw, &g->budget, GOSSIP_RPC_LEN_MAX);
    struct wr w = wr_init_buf(&raw);
    gossip_message_encode(&w, m);
    TRY(wr_end(&w));
    struct entry e = {.id = span_of(id, id_len),
                      .raw = buf_span(&raw),
                      .topic = t,
                      .state = GOSSIP_SEEN_ACCEPTED};
    struct gossip_seen *s;
    TRY(remember(g, &s, &e));
    (void)map_remove(&g->messages, span_of(&s->number, sizeof s->number));
    keep(g, s);
    if (!t->is_subscribed) {
        t->fanout_until = instant_add(g->now, g->cfg.fanout_us);
        gossip_fill_fanout(g, t);
    }
    spread(g, s, true);
    return OK;
}

enum err gossip_publish(struct gossip *g, instant now, struct span topic, struct span data)
{
    g->now = now;
    struct gossip_topic *t = gossip_topic_find(g, topic);
    if (!t || !t->is_known) {
        return ERR_NOT_FOUND;
    }
    if (data.n > GOSSIP_DATA_LEN_MAX || (t->cfg.data_len_max && data.n > t->cfg.data_len_max)) {
        return ERR_LIMIT;
    }
    struct gossip_message m = {.data = data, .topic = topic};
    struct gossip_signed room;
    uint8_t seqno[GOSSIP_SEQNO_LEN];
    if (t->cfg.signing == GOSSIP_STRICT_SIGN) {
        if (!g->cfg.signer) {
            return ERR_DENIED;
        }
        struct wr w = wr_init(MSPAN_OF(seqno));
        wr_be64(&w, ++g->seqno);
        m.seqno = SPAN_OF(seqno);
        m.has_seqno = true;
        TRY(gossip_message_sign(&m, &room, g->cfg.signer, &g->budget));
    }
    return send_own(g, t, &m);
}

/* ---- telling the application ---- */

bool gossip_has_news(const struct gossip *g)
{
    return !list_is_empty(&g->news) || !list_is_empty(&g->connects);
}

static bool poll_message(struct gossip *g, struct gossip_event *ret_event)
{
    for (struct list *l = list_first(&g->news); l; l = list_first(&g->news)) {
        struct gossip_seen *s = list_entry(l, struct gossip_seen, in_cache);
        list_remove(l);
        struct gossip_message m;
        if (!s->topic || gossip_message_decode(&m, span_of(s->bytes, s->bytes_len)) != OK) {
            continue; /* its topic is gone */
        }
        const struct gossip_peer *from = gossip_peer_number(g, s->heard_from[0]);
        *ret_event = (struct gossip_event){
            .kind = GOSSIP_EVENT_MESSAGE, .message = s->number, .topic = m.topic, .data = m.data};
        if (m.has_from && peer_id_decode(&ret_event->author, m.from) != OK) {
            ret_event->author.n = 0;
        }
        if (from) {
            ret_event->peer = from->id;
        }
        return true;
    }
    return false;
}

bool gossip_poll(struct gossip *g, struct gossip_event *ret_event)
{
    if (g->polled) {
        gossip_connect_free(g, g->polled);
        g->polled = NULL;
    }
    if (poll_message(g, ret_event)) {
        return true;
    }
    struct list *l = list_first(&g->connects);
    if (!l) {
        return false;
    }
    g->polled = list_entry(l, struct gossip_connect, in_connects);
    list_remove(l);
    *ret_event = (struct gossip_event){.kind = GOSSIP_EVENT_CONNECT,
                                       .peer = g->polled->peer,
                                       .record = buf_span(&g->polled->record)};
    return true;
}
