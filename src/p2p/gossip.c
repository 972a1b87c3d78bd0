/* Gossipsub: topics, peers, and what each peer is worth. */
#include "p2p/gossip.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "crypto/hash.h"
#include "p2p/gossip_state.h"

#include <string.h>

enum { FIELDS_LEN_MAX = 64 * 1024, CONTROL_LEN_MAX = 512 * 1024, RECORD_LEN_MAX = 2048 };

const char *gossip_protocol(enum gossip_version version)
{
    switch (version) {
    case GOSSIP_FLOODSUB: return "/floodsub/1.0.0";
    case GOSSIP_V10:      return "/meshsub/1.0.0";
    case GOSSIP_V11:      return "/meshsub/1.1.0";
    case GOSSIP_V12:      return "/meshsub/1.2.0";
    }
    return "";
}

/* ---- configuration ---- */

static uint32_t or_u32(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

static uint64_t or_us(uint64_t value, uint64_t otherwise)
{
    return value ? value : otherwise;
}

static struct gossip_cfg complete(const struct gossip_cfg *given)
{
    struct gossip_cfg c = *given;
    c.memory_max = c.memory_max ? c.memory_max : (size_t)16 * 1024 * 1024;
    if (c.score.retain_us == 0) {
        c.score = gossip_score_default();
    }
    /* SPEC libp2p/gossipsub-1.0 §"Parameters": a mesh of six, within five and twelve; a heartbeat a second; ids are
     * told for three heartbeats and messages kept for five. */
    c.d = or_u32(c.d, 6);
    c.d_low = or_u32(c.d_low, 5);
    c.d_high = or_u32(c.d_high, 12);
    c.d_lazy = or_u32(c.d_lazy, 6);
    c.d_score = or_u32(c.d_score, 4);
    c.d_out = or_u32(c.d_out, 2);
    c.gossip_percent = or_u32(c.gossip_percent, 25);
    c.history_len = or_u32(c.history_len, 5);
    c.history_gossip = or_u32(c.history_gossip, 3);
    c.heartbeat_us = or_us(c.heartbeat_us, US_PER_S);
    c.fanout_us = or_us(c.fanout_us, 60 * US_PER_S);
    c.seen_us = or_us(c.seen_us, 120 * US_PER_S);
    c.backoff_us = or_us(c.backoff_us, 60 * US_PER_S);
    c.unsubscribe_backoff_us = or_us(c.unsubscribe_backoff_us, 10 * US_PER_S);
    c.iwant_us = or_us(c.iwant_us, 3 * US_PER_S);
    c.idontwant_len_min = or_u32(c.idontwant_len_min, 1024);
    c.peers_max = or_u32(c.peers_max, 1000);
    c.topics_max = or_u32(c.topics_max, 1000);
    c.topics_of_peer_max = or_u32(c.topics_of_peer_max, 100);
    c.seen_max = or_u32(c.seen_max, 20000);
    c.queue_max = or_u32(c.queue_max, 256);
    c.ihave_max = or_u32(c.ihave_max, 10);
    c.ihave_ids_max = or_u32(c.ihave_ids_max, 5000);
    c.idontwant_max = or_u32(c.idontwant_max, 1000);
    return c;
}

static void init_maps(struct gossip *g)
{
    const struct gossip_cfg *c = &g->cfg;
    struct map_cfg m = {
        .seed = {g->seed[0], g->seed[1]}
    };
    m.count_max = c->topics_max;
    map_init(&g->topics, &g->budget, m);
    m.count_max = c->peers_max;
    map_init(&g->peers, &g->budget, m);
    map_init(&g->numbers, &g->budget, m);
    map_init(&g->groups, &g->budget, m);
    m.count_max = c->seen_max;
    map_init(&g->seen, &g->budget, m);
    map_init(&g->messages, &g->budget, m);
    m.count_max = (size_t)c->idontwant_max * 64;
    map_init(&g->unwanted, &g->budget, m);
}

enum err gossip_init(struct gossip *g, const struct gossip_cfg *cfg, instant now)
{
    memset(g, 0, sizeof *g);
    g->cfg = complete(cfg);
    g->now = now;
    budget_init(&g->budget, cfg->parent, "gossip", g->cfg.memory_max);
    g->seed[0] = rng_u64(cfg->rng);
    g->seed[1] = rng_u64(cfg->rng);
    g->seqno = cfg->seqno ? cfg->seqno : rng_u64(cfg->rng) >> 1;
    g->heartbeats = g->cfg.history_len; /* so that differences stay positive */
    init_maps(g);
    list_init(&g->seen_order);
    list_init(&g->cache);
    list_init(&g->news);
    list_init(&g->promises);
    list_init(&g->unwanted_order);
    list_init(&g->talkative);
    list_init(&g->connects);
    /* Spread, so that nodes that start together do not beat together. */
    g->heartbeat_at = instant_add(now, rng_below(cfg->rng, g->cfg.heartbeat_us));
    return OK;
}

void gossip_done(struct gossip *g)
{
    if (!g->budget.scope) {
        return;
    }
    while (g->peers.count > 0) {
        gossip_forget_peer(g, map_at(&g->peers, g->peers.count - 1)->value);
    }
    gossip_seen_done(g);
    gossip_control_done(g);
    while (g->topics.count > 0) {
        struct gossip_topic *t = map_at(&g->topics, g->topics.count - 1)->value;
        t->is_known = false;
        t->is_subscribed = false;
        gossip_topic_maybe_free(g, t);
    }
    map_done(&g->topics);
    map_done(&g->peers);
    map_done(&g->numbers);
    map_done(&g->groups);
    map_done(&g->seen);
    map_done(&g->messages);
    map_done(&g->unwanted);
    check(g->budget.used == 0);
    memset(g, 0, sizeof *g);
}

instant gossip_deadline(const struct gossip *g)
{
    return g->heartbeat_at;
}

void gossip_tick(struct gossip *g, instant now)
{
    g->now = now;
    if (instant_reached(g->heartbeat_at, now)) {
        gossip_heartbeat(g);
        g->heartbeat_at = instant_add(now, g->cfg.heartbeat_us);
    }
}

/* ---- topics ---- */

struct span gossip_topic_name(const struct gossip_topic *t)
{
    return span_of(t->name, t->name_len);
}

struct gossip_topic *gossip_topic_find(const struct gossip *g, struct span name)
{
    struct hash32 hash;
    sha256(&hash, name);
    return map_find(&g->topics, SPAN_OF(hash.bytes));
}

enum err gossip_topic_get(struct gossip *g, struct gossip_topic **ret_topic, struct span name)
{
    struct hash32 hash;
    sha256(&hash, name);
    struct gossip_topic *t = map_find(&g->topics, SPAN_OF(hash.bytes));
    if (!t) {
        if (name.n == 0 || name.n >= GOSSIP_TOPIC_LEN_MAX) {
            return ERR_LIMIT;
        }
        void *p;
        TRY(mem_alloc(&g->budget, &p, sizeof *t));
        t = p;
        t->name_len = (uint8_t)name.n;
        memcpy(t->name, name.p, name.n);
        t->cfg.score = gossip_topic_score_default();
        list_init(&t->members);
        enum err e = map_add(&g->topics, SPAN_OF(hash.bytes), t);
        if (e != OK) {
            mem_free(&g->budget, t, sizeof *t);
            return e;
        }
    }
    *ret_topic = t;
    return OK;
}

void gossip_topic_maybe_free(struct gossip *g, struct gossip_topic *t)
{
    if (t->members_count > 0 || t->is_subscribed || t->is_known) {
        return;
    }
    for (size_t i = 0; i < g->seen.count; i++) {
        struct gossip_seen *s = map_at(&g->seen, i)->value;
        s->topic = s->topic == t ? NULL : s->topic;
    }
    struct hash32 hash;
    sha256(&hash, gossip_topic_name(t));
    (void)map_remove(&g->topics, SPAN_OF(hash.bytes));
    mem_free(&g->budget, t, sizeof *t);
}

static void tell_all(struct gossip *g, const struct gossip_topic *t)
{
    for (size_t i = 0; i < g->peers.count; i++) {
        struct gossip_peer *p = map_at(&g->peers, i)->value;
        if (p->is_connected) {
            gossip_say_subscription(g, p, gossip_topic_name(t), t->is_subscribed);
        }
    }
}

enum err gossip_configure(struct gossip *g, struct span topic, const struct gossip_topic_cfg *cfg)
{
    struct gossip_topic *t;
    TRY(gossip_topic_get(g, &t, topic));
    t->cfg = *cfg;
    if (cfg->score.weight == 0) {
        t->cfg.score = gossip_topic_score_default();
    }
    t->is_known = true;
    return OK;
}

/* graft_some takes members into the mesh while it has less than D: those of the fanout, or the others. */
static uint32_t
graft_some(struct gossip *g, const struct gossip_topic *t, bool of_fanout, uint32_t count)
{
    for (struct list *l = list_first(&t->members); l && count < g->cfg.d;
         l = list_next(&t->members, l)) {
        struct gossip_member *m = list_entry(l, struct gossip_member, in_topic);
        if (m->in_fanout == of_fanout && gossip_may_graft(g, m)) {
            gossip_graft(g, m);
            count++;
        }
    }
    return count;
}

enum err gossip_subscribe(struct gossip *g,
                          instant now,
                          struct span topic,
                          const struct gossip_topic_cfg *cfg)
{
    g->now = now;
    TRY(gossip_configure(g, topic, cfg));
    struct gossip_topic *t = gossip_topic_find(g, topic);
    if (t->is_subscribed) {
        return OK;
    }
    t->is_subscribed = true;
    t->fanout_until = (instant){0};
    tell_all(g, t);
    /* SPEC libp2p/gossipsub-1.0 §"Topic Membership": who joins starts with those that it sent to already, and asks
     * up to D peers to take it into their mesh. */
    uint32_t count = graft_some(g, t, true, 0);
    (void)graft_some(g, t, false, count);
    return OK;
}

void gossip_unsubscribe(struct gossip *g, instant now, struct span topic)
{
    g->now = now;
    struct gossip_topic *t = gossip_topic_find(g, topic);
    if (!t || !t->is_subscribed) {
        return;
    }
    t->is_subscribed = false;
    tell_all(g, t);
    for (struct list *l = list_first(&t->members); l; l = list_next(&t->members, l)) {
        struct gossip_member *m = list_entry(l, struct gossip_member, in_topic);
        if (m->record.in_mesh) {
            gossip_prune(g, m, (struct gossip_prune_args){.px = true, .leaves = true});
        }
    }
}

uint32_t gossip_mesh_count(const struct gossip *g, struct span topic)
{
    const struct gossip_topic *t = gossip_topic_find(g, topic);
    return t ? gossip_count_mesh(t) : 0;
}

bool gossip_in_mesh(const struct gossip *g, struct span topic, const struct peer_id *peer)
{
    const struct gossip_topic *t = gossip_topic_find(g, topic);
    const struct gossip_peer *p = gossip_peer_of(g, peer);
    const struct gossip_member *m = t && p ? gossip_member_find(t, p) : NULL;
    return m && m->record.in_mesh;
}

/* ---- members ---- */

struct gossip_member *gossip_member_find(const struct gossip_topic *t, const struct gossip_peer *p)
{
    for (struct list *l = list_first(&p->members); l; l = list_next(&p->members, l)) {
        struct gossip_member *m = list_entry(l, struct gossip_member, in_peer);
        if (m->topic == t) {
            return m;
        }
    }
    return NULL;
}

enum err gossip_member_get(struct gossip *g,
                           struct gossip_member **ret_member,
                           struct gossip_topic *t,
                           struct gossip_peer *p)
{
    struct gossip_member *m = gossip_member_find(t, p);
    if (!m) {
        if (p->members_count >= g->cfg.topics_of_peer_max) {
            return ERR_LIMIT;
        }
        void *memory;
        TRY(mem_alloc(&g->budget, &memory, sizeof *m));
        m = memory;
        m->topic = t;
        m->peer = p;
        list_add_last(&t->members, &m->in_topic);
        list_add_last(&p->members, &m->in_peer);
        t->members_count++;
        p->members_count++;
    }
    *ret_member = m;
    return OK;
}

static void member_free(struct gossip *g, struct gossip_member *m)
{
    list_remove(&m->in_topic);
    list_remove(&m->in_peer);
    m->topic->members_count--;
    m->peer->members_count--;
    gossip_topic_maybe_free(g, m->topic);
    mem_free(&g->budget, m, sizeof *m);
}

void gossip_member_maybe_free(struct gossip *g, struct gossip_member *m)
{
    const struct gossip_topic_record *r = &m->record;
    bool has_record = r->in_mesh || r->first || r->deliveries || r->failure || r->invalid;
    if (!m->is_subscribed && !has_record && !instant_before(g->now, m->backoff_until)) {
        member_free(g, m);
    }
}

/* ---- peers ---- */

struct gossip_peer *gossip_peer_of(const struct gossip *g, const struct peer_id *id)
{
    return map_find(&g->peers, peer_id_span(id));
}

struct gossip_peer *gossip_peer_number(const struct gossip *g, uint32_t number)
{
    return map_find(&g->numbers, span_of(&number, sizeof number));
}

static void count_group(struct gossip *g, uint32_t group, int by)
{
    if (group == 0) {
        return;
    }
    struct span key = span_of(&group, sizeof group);
    uint32_t *count = map_find(&g->groups, key);
    void *p = NULL;
    if (!count && by > 0 && mem_alloc(&g->budget, &p, sizeof *count) == OK) {
        count = p;
        if (map_add(&g->groups, key, count) != OK) {
            mem_free(&g->budget, count, sizeof *count);
            return;
        }
    }
    if (count) {
        *count = (uint32_t)((int)*count + by);
        if (*count == 0) {
            (void)map_remove(&g->groups, key);
            mem_free(&g->budget, count, sizeof *count);
        }
    }
}

static int64_t colocation(const struct gossip *g, const struct gossip_peer *p)
{
    const uint32_t *count =
        p->group ? map_find(&g->groups, span_of(&p->group, sizeof p->group)) : NULL;
    if (!count || *count <= g->cfg.score.colocation_threshold) {
        return 0;
    }
    int64_t surplus = *count - (int64_t)g->cfg.score.colocation_threshold;
    return surplus * surplus * g->cfg.score.colocation_weight;
}

void gossip_rescore(struct gossip *g, struct gossip_peer *p)
{
    const struct gossip_score_cfg *c = &g->cfg.score;
    int64_t topics = 0;
    for (struct list *l = list_first(&p->members); l; l = list_next(&p->members, l)) {
        const struct gossip_member *m = list_entry(l, struct gossip_member, in_peer);
        if (m->topic->is_known) {
            topics += gossip_topic_score(&m->topic->cfg.score, &m->record, g->now);
        }
    }
    /* SPEC libp2p/gossipsub-1.1 §"The Score Function": topics together are capped; the application, shared IP
     * addresses and bad behaviour come on top. */
    topics = c->topics_cap > 0 && topics > c->topics_cap ? c->topics_cap : topics;
    int64_t behaviour = gossip_square_over(p->behaviour, c->behaviour_threshold);
    p->score = topics + p->app_score * c->app_weight / GOSSIP_ONE + colocation(g, p) +
               behaviour * c->behaviour_weight / GOSSIP_ONE;
}

void gossip_misbehaved(struct gossip *g, struct gossip_peer *p, unsigned times)
{
    if (p->behaviour < INT64_C(1000000) * GOSSIP_ONE) {
        p->behaviour += (int64_t)times * GOSSIP_ONE;
    }
    gossip_rescore(g, p);
}

void gossip_set_app_score(struct gossip *g, const struct peer_id *peer, int64_t score)
{
    struct gossip_peer *p = gossip_peer_of(g, peer);
    if (p) {
        p->app_score = score;
        gossip_rescore(g, p);
    }
}

void gossip_forget_peer(struct gossip *g, struct gossip_peer *p)
{
    gossip_queue_clear(g, p);
    if (p->is_connected) {
        count_group(g, p->group, -1);
    }
    for (struct list *l = list_first(&p->members); l; l = list_first(&p->members)) {
        member_free(g, list_entry(l, struct gossip_member, in_peer));
    }
    list_remove(&p->in_talkative);
    buf_done(&p->fields);
    buf_done(&p->control);
    buf_done(&p->record);
    (void)map_remove(&g->peers, peer_id_span(&p->id));
    (void)map_remove(&g->numbers, span_of(&p->number, sizeof p->number));
    mem_free(&g->budget, p, sizeof *p);
}

/* make_room forgets the disconnected peer whose time is up first. */
static void make_room(struct gossip *g)
{
    struct gossip_peer *first = NULL;
    for (size_t i = 0; g->peers.count >= g->cfg.peers_max && i < g->peers.count; i++) {
        struct gossip_peer *p = map_at(&g->peers, i)->value;
        if (!p->is_connected && (!first || instant_before(p->forget_at, first->forget_at))) {
            first = p;
        }
    }
    if (first) {
        gossip_forget_peer(g, first);
    }
}

MUST_CHECK static enum err
peer_get(struct gossip *g, struct gossip_peer **ret_peer, const struct peer_id *id)
{
    struct gossip_peer *p = gossip_peer_of(g, id);
    if (!p) {
        make_room(g);
        void *memory;
        TRY(mem_alloc(&g->budget, &memory, sizeof *p));
        p = memory;
        p->id = *id;
        p->number = ++g->next_peer;
        list_init(&p->members);
        list_init(&p->queue);
        buf_init(&p->fields, &g->budget, FIELDS_LEN_MAX);
        buf_init(&p->control, &g->budget, CONTROL_LEN_MAX);
        buf_init(&p->record, &g->budget, RECORD_LEN_MAX);
        enum err e = map_add(&g->peers, peer_id_span(id), p);
        e = e == OK ? map_add(&g->numbers, span_of(&p->number, sizeof p->number), p) : e;
        if (e != OK) {
            gossip_forget_peer(g, p);
            return e;
        }
    }
    *ret_peer = p;
    return OK;
}

enum err gossip_peer_connected(struct gossip *g,
                               instant now,
                               const struct peer_id *peer,
                               struct gossip_peer_args args)
{
    g->now = now;
    struct gossip_peer *p = NULL;
    TRY(peer_get(g, &p, peer));
    if (p->is_connected) {
        return ERR_STATE;
    }
    p->is_connected = true;
    p->version = args.version;
    p->is_outbound = args.is_outbound;
    p->group = args.group;
    count_group(g, p->group, 1);
    gossip_rescore(g, p);
    /* SPEC libp2p/pubsub §"The RPC": the first thing that a peer hears is what we are subscribed to. */
    for (size_t i = 0; i < g->topics.count; i++) {
        const struct gossip_topic *t = map_at(&g->topics, i)->value;
        if (t->is_subscribed) {
            gossip_say_subscription(g, p, gossip_topic_name(t), true);
        }
    }
    return OK;
}

void gossip_peer_disconnected(struct gossip *g, instant now, const struct peer_id *peer)
{
    g->now = now;
    struct gossip_peer *p = gossip_peer_of(g, peer);
    if (!p || !p->is_connected) {
        return;
    }
    for (struct list *l = list_first(&p->members); l;) {
        struct gossip_member *m = list_entry(l, struct gossip_member, in_peer);
        l = list_next(&p->members, l);
        m->is_subscribed = false;
        m->in_fanout = false;
        gossip_leave_mesh(g, m);
        gossip_member_maybe_free(g, m);
    }
    gossip_queue_clear(g, p);
    buf_done(&p->fields);
    buf_done(&p->control);
    buf_init(&p->fields, &g->budget, FIELDS_LEN_MAX);
    buf_init(&p->control, &g->budget, CONTROL_LEN_MAX);
    list_remove(&p->in_talkative);
    buf_clear(&p->record);
    buf_trim(&p->record);
    gossip_rescore(g, p);
    count_group(g, p->group, -1);
    p->is_connected = false;
    /* SPEC libp2p/gossipsub-1.1 §"Score Retention": a bad score is not lost by hanging up; a good one is. */
    p->forget_at = instant_add(now, g->cfg.score.retain_us);
    if (p->members_count == 0 && p->behaviour == 0 && p->app_score == 0) {
        gossip_forget_peer(g, p);
    }
}

void gossip_set_record(struct gossip *g, const struct peer_id *peer, struct span record)
{
    struct gossip_peer *p = gossip_peer_of(g, peer);
    if (p) {
        buf_clear(&p->record);
        enum err e = buf_append(&p->record, record);
        (void)e; /* too long, or no memory: it is named without */
    }
}

/* ---- figures ---- */

static void fill_info(struct gossip_peer_info *ret_info, const struct gossip_peer *p)
{
    *ret_info = (struct gossip_peer_info){.peer = p->id,
                                          .is_connected = p->is_connected,
                                          .version = p->version,
                                          .score = p->score,
                                          .queue_count = p->queue_count,
                                          .dropped_count = p->dropped_count};
    for (struct list *l = list_first(&p->members); l; l = list_next(&p->members, l)) {
        const struct gossip_member *m = list_entry(l, struct gossip_member, in_peer);
        ret_info->topics_count += m->is_subscribed;
        ret_info->meshes_count += m->record.in_mesh;
    }
}

size_t gossip_peers_count(const struct gossip *g)
{
    return g->peers.count;
}

void gossip_peer_at(const struct gossip *g, struct gossip_peer_info *ret_info, size_t i)
{
    fill_info(ret_info, map_at(&g->peers, i)->value);
}

bool gossip_peer_find(const struct gossip *g,
                      struct gossip_peer_info *ret_info,
                      const struct peer_id *peer)
{
    const struct gossip_peer *p = gossip_peer_of(g, peer);
    if (p) {
        fill_info(ret_info, p);
    }
    return p;
}
